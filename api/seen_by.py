"""A case as it was shown to somebody: by what they were to it then, how far they were told, what was kept from them.

The moment is that of the reading: `known_at`, when a `version` was the last, or now; of what had `happened_by` another
moment they could ask then too. Whoever asks is shown no more than they are themselves: not what by now is said to be
another person's, nor what was destroyed. Whether somebody did read it, the log of readers tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api.admission import admitted
from api.moments import AsOf, Page, possible
from api.problems import Problem
from api.protected import goes_there, without_places
from api.reads import answer
from api.rows import Kept, in_utc, kept
from domain.authorization import Relation, Standing, may, shares, standing
from domain.case import Case
from domain.client import Client
from domain.corrections import hidden
from domain.decider import CLIENT, CLIENT_SIDE, Action, Actor, Recorded, Role
from domain.directory import Unit, Worker, unit_stream, worker_stream
from domain.history import beginning, counted, fold
from domain.ledger.application import Cases
from domain.remembered import Holder
from domain.withholding import kept_from, reasons_kept_from
from projections.as_of import first, state_at

Somebody = Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=r"^[^\x00]*$")]


class AsSeen(BaseModel):
    """As whom a case is wanted to be told, by auditors alone."""

    as_seen_by: Somebody | None = Field(
        None,
        description="As it was shown then to the client, a representative, the responsible worker, a manager of their "
        "unit, or an ombudsman to whom the client let their data go: client, representative or representative/id, "
        "responsible, manager, ombudsman; or to a worker of the directory: organisation/unit/worker. For auditors.",
    )


class AsOfSeen(AsSeen, AsOf):
    """The moment asked about, and as whom."""


class PageSeen(AsSeen, Page):
    """A moment, as whom, an interval, and a page."""


class SeenNothing(BaseModel):
    """That whoever is named, had they asked `at` that moment, was shown nothing: to them the case wasn't there."""

    case: UUID
    as_seen_by: str
    at: datetime
    seen: Literal["nothing"]


class OnlyAuditorsSeeAsOthers(Problem):
    """What another was shown is told to auditors, in what they were let see. Leave `as_seen_by` out."""

    status = 403


class ReaderUnknown(Problem):
    """Nobody here is called that. Name client, representative, responsible, manager, ombudsman, or organisation/unit/worker."""  # noqa: E501

    status = 422


class ClientForgotten(Problem):
    """Whose case it was is erased, so nobody can tell any more who acted for them. Ask as another, or without this."""

    status = 422


@dataclass(frozen=True)
class Sight:
    """How a case is shown: as to whom, at which moment, up to which version, and what is kept from them.

    `known` is what they could know of it where that isn't all that there is. `at_all` says that they are shown it, and
    `places` that they are told of units and workers. What it rests on besides the case's version has no ETag.
    """

    by: Actor
    at: Any
    upto: int | None
    untold: Kept
    asked_at: datetime
    known: Sequence[Recorded] | None = None
    at_all: bool = True
    places: bool = True

    def anothers(self, cases: Cases, case: UUID) -> frozenset[int]:
        """Return the entries that are said to be another person's, of which the client's side is told nothing."""
        if self.by.role not in CLIENT_SIDE:
            return frozenset()
        return hidden(cases.history(case) if self.known is None else self.known)

    def answer(self, request: Request, cases: Cases, content: dict[str, Any], head: int | None = None) -> Response:
        """Return what is told in this sight, and write down that it was read."""
        if self.known is None:
            return answer(request, cases, content, head)
        return answer(request, cases, content if self.places else without_places(content, {content["case"]}))

    def nothing(self, request: Request, cases: Cases, case: UUID) -> Response:
        """Return that the case wasn't shown to them."""
        told = {"case": case, "as_seen_by": self.at.as_seen_by, "at": in_utc(self.asked_at), "seen": "nothing"}
        return answer(request, cases, told)


def sight(request: Request, cases: Cases, case: UUID, by: Actor, at: AsOf) -> Sight:
    """Return how a case is shown to whoever asks, or was to whom they name.

    Raises what `admitted` does and, of another, `OnlyAuditorsSeeAsOthers`, `ReaderUnknown`, `ClientForgotten`,
    `VersionNeverExisted` and `ClocksAndVersion`.
    """
    upto = admitted(request, cases, case).upto
    own = Sight(by, at, upto, kept(cases, case, by), datetime.now(UTC))
    name: str | None = getattr(at, "as_seen_by", None)
    if name is None:
        return own
    if by.role != Role.AUDITOR:
        raise OnlyAuditorsSeeAsOthers
    return _as_shown(cases, case, own, name)


def _as_shown(cases: Cases, case: UUID, own: Sight, name: str) -> Sight:
    at: AsOf = own.at
    history = cases.history(case)
    possible(at, len(history))
    known = [it for it in first(history, at.version) if at.known_at is None or it.context.recorded <= at.known_at]
    then = known[-1].context.recorded if at.version is not None else at.known_at or own.asked_at
    state, client = state_at(known), _client_then(cases, case, then)
    reader = _reader(cases, name, state, client, then)
    found = standing(reader, state, then, client) if state.began and not state.erased else Standing(frozenset())
    lets_in = may(Action.READ, reader.role, found.relations)
    last = None if at.version is None else min(at.version, found.upto or at.version)
    return replace(
        own, by=reader, at=at.model_copy(update={"version": last}), upto=found.upto, asked_at=then, known=known,
        untold=_both(_kept_then(reader, state), own.untold), at_all=lets_in,
        places=client is None or not client.protected or goes_there(reader.role, found.relations),
    )  # fmt: skip


def _client_then(cases: Cases, case: UUID, then: datetime) -> Client | None:
    """Return the case's client as was known then: None where it isn't known any more whose case it was."""
    client = cases.client_of(case)
    return fold(beginning(Client), counted(cases.history(client), known_at=then)) if client else None


def _kept_then(reader: Actor, state: Case) -> Kept:
    misplaced = [version for version, waits in state.misplaced.now().items() if waits]
    return Kept(kept_from(reader, state), reasons_kept_from(reader, state), misplaced)


def _both(one: Kept, other: Kept) -> Kept:
    """Return what is kept from either."""
    return Kept(
        {**other.entries, **one.entries}, {*one.reasons, *other.reasons}, {*one.misplaced, *other.misplaced}
    )  # fmt: skip


# Who is meant.


def _reader(cases: Cases, name: str, state: Case, client: Client | None, then: datetime) -> Actor:
    """Return who is meant by a name, as what they were to the case. Raises `ReaderUnknown` and `ClientForgotten`."""
    word, _, rest = name.partition("/")
    holder = state.responsible or Holder("", "")
    match word, rest:
        case "client", "":
            return Actor(CLIENT, Role.CLIENT)
        case "responsible", "":
            return Actor(holder.worker or _ANYBODY, Role.WORKER, holder.organisation, holder.unit)
        case "manager", "":
            return Actor(_ANYBODY, Role.MANAGER, holder.organisation, holder.unit)
        case "ombudsman", "":
            return Actor(_ANYBODY, Role.OMBUDSMAN, _advising(state, then))
        case "representative", _:
            return Actor(_representative(rest, client, then), Role.REPRESENTATIVE)
    return _worker(cases, name)


def _advising(state: Case, then: datetime) -> str | None:
    """Return an organisation that the client let their data go to."""
    given = (it for it in shares(state) if it.relation == Relation.ADVISES and (it.until is None or then < it.until))
    return next((it.organisation for it in given), None)


def _representative(named: str, client: Client | None, then: datetime) -> str:
    """Return the id of the representative who is named, or else of the first who acted for the client then."""
    if client is None:
        raise ClientForgotten
    if not named:
        return next((str(it) for it, mandate in client.representatives if mandate.holds(then)), _ANYBODY)
    try:
        return str(UUID(named))
    except ValueError:
        raise ReaderUnknown from None


def _worker(cases: Cases, name: str) -> Actor:
    """Return a worker by organisation/unit/worker, as far as the directory ever knew them."""
    organisation, unit, worker = (*name.split("/", 2), "", "")[:3]
    known = unit and cases.loaded(unit_stream(organisation, unit), Unit).version
    if not known or (worker and not cases.loaded(worker_stream(organisation, worker), Worker).version):
        raise ReaderUnknown
    return Actor(worker or _ANYBODY, Role.WORKER, organisation, unit)


_ANYBODY = ""
"""Stands for whoever has the part that is named: so nothing that concerns one person by their id is kept from them."""
