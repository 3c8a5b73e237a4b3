"""Given what has happened, when somebody does something, then this happens: tests that read as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, Self
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.acceptance import AcceptHandoff
from domain.assessment import CompleteAssessment
from domain.calendar import HELSINKI, Calendar
from domain.case import Case, as_holder
from domain.client import Client, Representative
from domain.closure import CloseCase, ProposeClosure
from domain.decider import CLIENT as CLIENT_ID
from domain.decider import Actor, Command, Context, Event, Recorded, Refusal, Role, State, act
from domain.facts import Facts
from domain.handoff import ProposeHandoff
from domain.history import counted, effective, fold
from domain.intake import InformClient, OpenCase
from domain.policy import Policy
from domain.remembered import Holder
from domain.voice import RecordStatement

# Who is who.

KELA, COUNTY, CITY = "0246246-0", "3221302-9", "0211675-2"

aino = Actor("aino", Role.WORKER, KELA, "perustoimeentulotuki")
arvo = Actor("arvo", Role.WORKER, KELA, "perustoimeentulotuki")
marja = Actor("marja", Role.MANAGER, KELA, "perustoimeentulotuki")
bo = Actor("bo", Role.WORKER, COUNTY, "aikuissosiaalityö")
eeva = Actor("eeva", Role.WORKER, COUNTY, "aikuissosiaalityö")
siiri = Actor("siiri", Role.MANAGER, COUNTY, "aikuissosiaalityö")
oona = Actor("oona", Role.WORKER, CITY, "työllisyyspalvelut")
paula = Actor("paula", Role.MANAGER, CITY, "työllisyyspalvelut")
the_client = Actor("client", Role.CLIENT)
the_clock = Actor("clock", Role.SYSTEM)
the_administrator = Actor("root", Role.ADMINISTRATOR)
the_other_administrator = Actor("toinen", Role.ADMINISTRATOR)
an_auditor = Actor("auditor", Role.AUDITOR)
the_guardian = Actor("00000000-0000-4000-8000-000000000001", Role.REPRESENTATIVE)
mother = Actor("00000000-0000-4000-8000-000000000002", Role.REPRESENTATIVE)
father = Actor("00000000-0000-4000-8000-000000000003", Role.REPRESENTATIVE)


def holder(actor: Actor) -> Holder:
    """Return the worker in their unit."""
    return Holder(actor.organisation or "", actor.unit or "", actor.id)


def unit(actor: Actor) -> Holder:
    """Return the unit that the worker works in."""
    return holder(actor).as_unit


STAFF_OF_ALL = (aino, arvo, marja, bo, eeva, siiri, oona, paula)
HOLDERS = frozenset(it for actor in STAFF_OF_ALL if (own := as_holder(actor)) for it in (own, own.as_unit))
"""The directory: everybody who acts, and their units."""

# When is when.


def moment(month: int, day: int, hour: int = 9, minute: int = 0, year: int = 2025) -> datetime:
    """Return a time of day in Finland, in 2025 unless said otherwise."""
    return datetime(year, month, day, hour, minute, tzinfo=HELSINKI)


MONDAY = moment(3, 3)
"""When cases are opened, unless said otherwise: Monday the third of March 2025, at nine."""

HOLIDAYS_2025 = frozenset(
    date(2025, month, day)
    for month, day in (
        (1, 1), (1, 6), (4, 18), (4, 20), (4, 21), (5, 1), (5, 29), (6, 8), (6, 20), (6, 21), (11, 1), (12, 6),
        (12, 24), (12, 25), (12, 26),
    )
)  # fmt: skip

# What is known.

CASE = uuid5(NAMESPACE_OID, "case")
CLIENT = uuid5(NAMESPACE_OID, "client")
ANY_CLIENT = Client(began=moment(1, 2))


def represented(*mandates: tuple[Actor, Representative], **more: Any) -> Client:
    """Return a client with representatives."""
    return ANY_CLIENT.but(representatives=tuple((UUID(who.id), mandate) for who, mandate in mandates), **more)


def mandate(kind: Any, *scope: Any, since: datetime = moment(1, 2), until: datetime | None = None) -> Representative:
    """Return a mandate, for everything unless said otherwise."""
    return Representative(kind, scope or ("statements", "ownership", "closure"), since, until)


def command_id(number: int) -> UUID:
    """Return the id of the story's nth command."""
    return uuid5(NAMESPACE_OID, f"command {number}")


def made_by(number: int) -> UUID:
    """Return the id that the story's nth command gave to what it made."""
    return uuid5(command_id(number), "1")


class Asked(NamedTuple):
    """A command, by whom and when: an hour after the last unless said. `entered` is when it is recorded."""

    command: Command[Any]
    by: Actor
    at: datetime | None = None
    entered: datetime | None = None
    reported: bool = False
    imported: UUID | None = None


@dataclass(frozen=True)
class Story:
    """A stream's history so far, what is known beside it, and what came of the last command."""

    facts: Facts
    history: tuple[Recorded, ...] = ()
    commands: int = 0
    happened: tuple[Event[Any], ...] = ()
    refusal: Refusal | None = None
    kind: type[State] = field(default=Case)

    # Given

    @cached_property
    def state(self) -> Any:
        """Fold what counts of the history, in its order."""
        return fold(self.kind(), counted(self.history))

    @property
    def case(self) -> Case:
        """The state, of a case."""
        state = self.state
        assert isinstance(state, Case)
        return state

    def at(self, happened_by: datetime) -> Case:
        """Return the case as it was then, by all that is known now."""
        case = fold(Case(), counted(self.history, happened_by=happened_by))
        assert isinstance(case, Case)
        return case

    @property
    def last(self) -> Context:
        return self.history[-1].context

    def knowing(self, **facts: Any) -> Self:
        """Go on with other facts."""
        return replace(self, facts=self.facts.but(**facts))

    def context(self, asked: Asked) -> Context:
        """Return the circumstances of the next command."""
        before = self.last.recorded if self.history else MONDAY - timedelta(hours=1)
        occurred = asked.at or asked.command.when(self.state) or before + timedelta(hours=1)
        latest = max((when for when, it in effective(self.history) if not it.context.late), default=occurred)
        return Context(
            command=command_id(self.commands + 1), actor=asked.by, occurred=occurred,
            recorded=asked.entered or max(occurred, before), reported=asked.reported, imported=asked.imported,
            late=occurred < latest and asked.imported is None, version=len(self.history) + 1,
            on_behalf_of=CLIENT_ID if asked.command.clients_own and asked.by.role != Role.CLIENT else None,
            facts=self.known_to(asked),
        )  # fmt: skip

    def known_to(self, asked: Asked) -> Facts:
        """Return what is read beforehand for this command: of the directory no more than it says that it needs."""
        return self.facts.but(
            entries={it.version: it for it in self.history},
            holders=self.facts.holders.intersection(asked.command.mentions(asked.by)),
            leaving=self.facts.leaving.intersection(asked.command.mentions(asked.by)),
            existing=self.facts.existing.intersection(asked.command.relies_on()),
        )

    def did(self, asked: Asked) -> Self:
        """Go on with this command; raises its refusal."""
        context = self.context(asked)
        state: Any = self.state if self.history else asked.command.state()
        events = tuple(act(asked.command, state, context))
        versions = range(context.version, context.version + len(events))
        recorded = [
            Recorded(CASE, event, replace(context, version=version, facts=None))
            for version, event in zip(versions, events, strict=True)
        ]
        return replace(
            self, history=(*self.history, *recorded), commands=self.commands + 1, happened=events, refusal=None,
            kind=asked.command.state,
        )  # fmt: skip

    # When

    def when(
        self,
        command: Command[Any],
        by: Actor,
        at: datetime | None = None,
        *,
        entered: datetime | None = None,
        reported: bool = False,
        imported: UUID | None = None,
    ) -> Self:
        """Let somebody do something: it happens, or is refused."""
        try:
            return self.did(Asked(command, by, at, entered, reported, imported))
        except Refusal as refusal:
            return replace(self, refusal=refusal, happened=(), commands=self.commands + 1)

    # Then

    def then(self, *events: Event[Any]) -> Self:
        """Check that exactly these events happened."""
        assert self.refusal is None, f"refused: {self.refusal!r} {self.refusal and self.refusal.details}"
        assert list(self.happened) == list(events)
        return self

    def allowed(self) -> Self:
        """Check that something happened."""
        assert self.refusal is None, f"refused: {self.refusal!r} {self.refusal and self.refusal.details}"
        assert self.happened
        return self

    def refused(self, refusal: type[Refusal], **details: Any) -> Self:
        """Check that it was refused for exactly this reason, with these facts among others."""
        assert type(self.refusal) is refusal, f"not refused as {refusal.__name__}: {self.refusal!r} {self.happened}"
        assert details.items() <= self.refusal.details.items()
        return self

    def and_owner_is(self, owner: Actor | Holder) -> Self:
        """Check that the client, or this worker or unit, owns the case now."""
        assert owner_of(self.case) == (owner if isinstance(owner, Holder) or owner == the_client else holder(owner))
        return self

    def and_responsible_is(self, who: Actor | Holder) -> Self:
        """Check that this worker or unit answers for the case now."""
        assert self.case.responsible == (who if isinstance(who, Holder) else holder(who))
        return self

    def and_nothing_waits(self) -> Self:
        """Check that neither a handoff nor a transfer waits for an answer."""
        assert (self.case.pending, self.case.transfer) == (None, None)
        return self

    def and_(self, **expected: Any) -> Self:
        """Check that the state has these values."""
        assert {name: getattr(self.state, name) for name in expected} == expected
        return self


def owner_of(case: Case) -> Actor | Holder | None:
    """Return who drives the case."""
    match case.owned_by:
        case "client":
            return the_client
        case "chosen":
            return case.chosen
    return case.responsible


def given(*acts: Asked | Sequence[Asked], client: Client | None = ANY_CLIENT, policy: Policy | None = None) -> Story:
    """Begin a story with what has been done already."""
    facts = Facts(
        policy=policy or Policy(), calendar=Calendar(HOLIDAYS_2025), client_id=CLIENT, client=client, holders=HOLDERS
    )
    story = Story(facts)
    for each in acts:
        for asked in [each] if isinstance(each, Asked) else each:
            story = story.did(asked)
    return story


# What is often done.


def opened_by(worker: Actor, at: datetime = MONDAY, **more: Any) -> Asked:
    return Asked(OpenCase(client=CLIENT, need="Vuokra on rästissä", **more), worker, at)


def said_by_client(words: str = "Haluan jäädä kotiin", at: datetime | None = None) -> Asked:
    return Asked(RecordStatement(words=words), the_client, at)


def proposed_to(to: Actor | Holder, by: Actor = aino, at: datetime | None = None, **more: Any) -> Asked:
    to = to if isinstance(to, Holder) else holder(to)
    more = {"no_view_because": "ei tavoitettu", "disclosure_basis": "statutory", **more}
    return Asked(ProposeHandoff(to=to, reason="asuu Tampereella", **more), by, at)


def accepted_by(worker: Actor, handoff: UUID, at: datetime | None = None) -> Asked:
    return Asked(AcceptHandoff(handoff), worker, at)


def closure_proposed_by(actor: Actor, ground: Any, at: datetime | None = None, **more: Any) -> Asked:
    if actor.role in {Role.WORKER, Role.MANAGER}:
        more = {"no_view_because": "ei tavoitettu", **more}
    return Asked(ProposeClosure(ground=ground, **more), actor, at)


def informed_by(actor: Actor, about: int, channel: Any = "meeting", at: datetime | None = None, **more: Any) -> Asked:
    return Asked(InformClient(about=entry(about), channel=channel, **more), actor, at)


def closed_by(worker: Actor, at: datetime | None = None) -> Asked:
    return Asked(CloseCase(), worker, at)


def found_advice_enough(worker: Actor = aino, at: datetime | None = None) -> Asked:
    done = CompleteAssessment("screening", "advice_suffices", no_view_because="puhelimessa")
    return Asked(done, worker, at)


def closed_at_once(worker: Actor = aino) -> list[Asked]:
    """Let the client end it: proposed and closed."""
    return [closure_proposed_by(the_client, "client_ended"), closed_by(worker)]


def entry(version: int) -> Any:
    """Return a version, as the commands want it."""
    return version
