"""Acts in the making: what a decision may look at, and the events that it comes to, of one stream each.

Nothing here reads or writes: `application` brings what was read, and takes the finished drafts to the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

from domain.authorization import knows_of, let_nobody_in, permit, permit_client, seen_upto
from domain.case import Case
from domain.client import Client
from domain.decider import (
    CLIENT,
    MOST,
    STAFF,
    Action,
    Actor,
    AlreadyThere,
    Command,
    Conflict,
    Context,
    Entry,
    Recorded,
    Refusal,
    Role,
    State,
    StreamAbsent,
    act,
    in_utc,
)
from domain.directory import POLICY_STREAM, PolicyInForce, Unit, Worker, unit_stream, worker_stream
from domain.facts import Facts
from domain.history import after, beginning, counted, fold, reorders
from domain.intake import CaseOpened
from domain.ledger.calendar import finnish_calendar
from domain.ledger.recorder import Receipt
from domain.ledger.warm import Loaded, ReadModels
from domain.remembered import Holder


class VersionMismatch(Conflict):
    """The case has moved on from the version that you named. Read it again, and decide on what it is now."""


@dataclass(frozen=True)
class Asked:
    """A command as it was asked: of which stream, by whom, under which id.

    `occurred` is when it happened, None for now. `expected` is the version that the asker has seen. `keyed` says that
    the id may have come before, so its receipt is looked up first; `fingerprint` tells whether it is the same request.
    """

    command: Command[Any]
    stream: UUID
    actor: Actor
    id: UUID
    occurred: datetime | None = None
    reported: bool = False
    expected: int | None = None
    keyed: bool = False
    fingerprint: bytes = b""
    on_behalf_of: str | None = None
    causation: UUID | None = None
    imported: UUID | None = None


def ask(command: Command[Any], stream: UUID, actor: Actor, **how: Any) -> Asked:
    """Return a command asked under a new id."""
    return Asked(command, stream, actor, how.pop("id", None) or uuid4(), **how)


class Draft:
    """An act in the making: one stream, and the events decided so far."""

    def __init__(self, before: Loaded) -> None:
        self.before = before
        self.state = before.state
        self.latest = before.latest
        self.events: list[Recorded] = []
        self.receipts: list[Receipt] = []
        self.looked_at: set[tuple[UUID, int]] = set()
        self.past: Sequence[Recorded] | None = None
        self.reordered = False
        """Whether an event counts before others, so that the stream is folded anew, with its past."""
        self.written: list[tuple[Actor, Case, datetime]] = []
        """Who wrote something down in the case, and what it was before that."""

    @property
    def version(self) -> int:
        """The version after the events so far."""
        return self.before.version + len(self.events)

    @property
    def begins(self) -> bool:
        """Whether the stream begins with this act."""
        return self.before.version == 0 and bool(self.events)

    @property
    def client(self) -> UUID | None:
        """Whose case it is, be it that the act opens it."""
        opened = (UUID(it.event.client) for it in self.events if isinstance(it.event, CaseOpened))
        return self.before.client or next(opened, None)

    def add(self, it: Asked, now: datetime, facts: Facts) -> None:
        """Decide one command on what the ones before it have led to."""
        actor = _admitted(it.actor, facts, now)  # before anything else is told: outsiders learn nothing
        if not isinstance(self.state, it.command.state):  # a client's id, say, where a case's belongs
            raise AlreadyThere if it.command.stream == "new" else StreamAbsent
        _permitted(it, actor, self.state, facts, now.astimezone(UTC))
        upto = _upto(it, actor, self.state, now)
        if upto is not None:
            facts = facts.but(entries=_seen(facts.entries, actor, upto))
        try:
            self._decide(it, actor, now, facts)
        except Refusal as refused:
            if upto is not None:  # the facts may be of what they are not told
                refused.details = {}
            raise

    def _decide(self, it: Asked, actor: Actor, now: datetime, facts: Facts) -> None:
        if it.expected not in {None, self.version} and actor.role in it.command.roles:
            raise VersionMismatch(expected=it.expected, version=self.version)
        if isinstance(self.state, Case) and it.command.action in _WRITING and not it.imported:
            self.written.append((actor, self.state, now))
        context = self._context(it, actor, now, facts)
        first = self.version + 1
        for event in act(it.command, self.state, context):
            recorded = Recorded(it.stream, event, context.at(self.version + 1))
            self.state = after(self.state, recorded)
            self.events.append(recorded)
            self.reordered = self.reordered or reorders(recorded)
        if self.version >= first and not context.late:
            self.latest = max(filter(None, [self.latest, context.occurred]))
        self.receipts.append(Receipt(it.id, it.stream, first, self.version, it.fingerprint))

    def refold(self, past: Sequence[Recorded]) -> None:
        """Fold the state anew, with the stream's past, in the order in which everything counts."""
        self.past = past
        self.state = fold(beginning(type(self.state)), counted([*past, *self.events]))

    def after(self, models: ReadModels) -> Loaded:
        """Return the stream as it will be, its new hash apart, with the rows folded along or anew.

        Raises `NotYoursToLetIn`: who is let into a case shows once all counts in its order.
        """
        if not self.events:
            return self.before
        if isinstance(self.state, Case):
            for actor, before, at in self.written:
                let_nobody_in(actor, before, self.state, at)
        if self.past is None:
            rows = models.after(self.before.rows, self.events)
        else:
            rows = models.after(models.nothing(), counted([*self.past, *self.events]))
        return replace(self.before, client=self.client).moved(self.events, b"", self.state, rows)

    def _context(self, it: Asked, actor: Actor, now: datetime, facts: Facts) -> Context:
        recorded = max(filter(None, [now.astimezone(UTC), self.before.recorded]))
        occurred = in_utc(it.occurred or it.command.when(self.state) or recorded, "occurred")
        late = it.imported is None and self.latest is not None and occurred < self.latest
        on_behalf_of = it.on_behalf_of or (CLIENT if it.command.clients_own and actor.role != Role.CLIENT else None)
        return Context(
            it.id, actor, occurred, recorded, it.reported, late, on_behalf_of,
            it.causation, it.imported, self.version + 1, facts,
        )  # fmt: skip


_WRITING = frozenset({Action.WORK, Action.CORRECT})


def beside(it: Asked, client: UUID | None) -> Iterator[tuple[UUID, type[State]]]:
    """Yield the other streams that a decision looks at; `client` is whose case it is."""
    yield POLICY_STREAM, PolicyInForce
    asked = _client_asked(it, client)
    if asked is not None and asked != it.stream:
        yield asked, Client
    for holder in _holders(it):
        yield unit_stream(holder.organisation, holder.unit), Unit
        if holder.worker is not None:
            yield worker_stream(holder.organisation, holder.worker), Worker
    for stream in it.command.relies_on():
        yield stream, State


def facts_for(
    it: Asked, draft: Draft, streams: Mapping[UUID, State], entries: Mapping[int, Recorded],
    caseloads: Mapping[Holder, int],
) -> Facts:  # fmt: skip
    """Return what a decision may look at, from the streams beside its own and the entries that it names."""
    client_id = _client_asked(it, draft.client)
    policy, client = streams[POLICY_STREAM], streams.get(client_id) if client_id else None
    if isinstance(draft.state, Client):
        client_id, client = it.stream, draft.state
    if not isinstance(policy, PolicyInForce):  # it was named as a stream of another kind
        raise StreamAbsent
    known = frozenset(holder for holder in _holders(it) if _is_known(holder, streams))
    return Facts(
        policy=policy.policies.at(None, *_unit_of(it.actor, draft.state)),
        calendar=finnish_calendar(),
        client_id=client_id,
        client=client if isinstance(client, Client) else None,
        holders=known,
        leaving=frozenset(holder for holder in known if _is_leaving(holder, streams)),
        caseloads=caseloads,
        ceilings=dict(_ceilings(known, streams)),
        existing=frozenset(stream for stream, state in streams.items() if _is_there(it.actor, state)),
        entries=entries,
    )


def weighed(it: Asked) -> Iterator[Holder]:
    """Yield the workers whose caseloads the decision looks at."""
    if it.command.weighs:
        yield from (holder for holder in _holders(it) if holder.worker is not None)


def named_entries(command: Command[Any]) -> set[int]:
    """Return the versions that a command names. A list without end names none: it is going to be refused."""
    found: set[int] = set()
    for name in _entry_fields(type(command)):
        value = getattr(command, name)
        named = value if isinstance(value, tuple) else () if value is None else (value,)
        found |= set(named) if len(named) <= MOST else set()
    return found


@cache
def _entry_fields(command: type[Command[Any]]) -> tuple[str, ...]:
    hints = get_type_hints(command)
    return tuple(it.name for it in fields(command) if Entry in {hints[it.name], *get_args(hints[it.name])})


def _admitted(actor: Actor, facts: Facts, at: datetime) -> Actor:
    """Return the actor as the log names them. A client's id never stands in it, and outsiders find nothing here."""
    if actor.role == Role.CLIENT:
        if facts.client_id is None or str(facts.client_id) != actor.id:
            raise StreamAbsent
        return Actor("client", Role.CLIENT)
    if actor.role == Role.REPRESENTATIVE and (facts.client is None or not facts.client.represented(actor.id, at)):
        raise StreamAbsent
    return actor


def _permitted(it: Asked, actor: Actor, state: State, facts: Facts, at: datetime) -> None:
    """Refuse whoever may not do this, being what they are to the case, or to one of the client's.

    Before anything else is said: of what is not there somebody hears the same as of what is not theirs.
    """
    if it.imported or it.command.stream == "new" or actor.role not in it.command.roles:  # refused whatever there is
        return
    if it.command.stream == "existing" and state.began is None:
        raise StreamAbsent
    if isinstance(state, Case):
        occurred = it.occurred if it.occurred and it.occurred.utcoffset() is not None else at
        permit(it.command.action, actor, state, facts.client, at=at, occurred=occurred)
    elif isinstance(state, Client):
        permit_client(it.command.action, actor, state, facts.cases, at)


def _upto(it: Asked, actor: Actor, state: State, at: datetime) -> int | None:
    """Return up to which version whoever may do this is told of the case; None for all of it."""
    permitted = actor.role in it.command.roles and not it.imported
    return seen_upto(actor, state, at) if permitted and isinstance(state, Case) else None


def _seen(entries: Mapping[int, Recorded], actor: Actor, upto: int) -> dict[int, Recorded]:
    """Return the entries of which somebody is told, and those that their own organisation wrote down since."""
    return {
        version: it for version, it in entries.items()
        if version <= upto or it.context.actor.organisation == actor.organisation
    }  # fmt: skip


def _is_there(actor: Actor, state: State) -> bool:
    """Say whether a stream is there for somebody: a case in which they have no part is not."""
    return state.began is not None and (not isinstance(state, Case) or knows_of(actor, state))


def concerns_clients_cases(it: Asked) -> bool:
    """Say whether it takes the client's cases to tell whether the actor may: staff, in the client's own stream."""
    return it.command.state is Client and it.command.stream == "existing" and it.actor.role in STAFF


def _client_asked(it: Asked, client: UUID | None) -> UUID | None:
    named = getattr(it.command, "client", None)
    return named if isinstance(named, UUID) else client


def _holders(it: Asked) -> Iterable[Holder]:
    return (value for value in it.command.mentions(it.actor) if isinstance(value, Holder))


def _unit_of(actor: Actor, state: State) -> tuple[str | None, str | None]:
    """Return whose policy counts: that of the unit of whoever acts, else of the one that answers for the case."""
    if actor.role in STAFF:
        return actor.organisation, actor.unit
    responsible = state.responsible if isinstance(state, Case) else None
    return (responsible.organisation, responsible.unit) if responsible else (None, None)


def _is_leaving(holder: Holder, streams: Mapping[UUID, State]) -> bool:
    unit = streams[unit_stream(holder.organisation, holder.unit)]
    if isinstance(unit, Unit) and unit.closed:
        return True
    worker = streams[worker_stream(holder.organisation, holder.worker)] if holder.worker is not None else None
    return isinstance(worker, Worker) and worker.leaving


def _ceilings(holders: Iterable[Holder], streams: Mapping[UUID, State]) -> Iterator[tuple[Holder, int]]:
    for holder in holders:
        unit = streams[unit_stream(holder.organisation, holder.unit)]
        if isinstance(unit, Unit) and unit.caseload_limit is not None:
            yield holder, unit.caseload_limit


def _is_known(holder: Holder, streams: Mapping[UUID, State]) -> bool:
    if streams[unit_stream(holder.organisation, holder.unit)].began is None:
        return False
    if holder.worker is None:
        return True
    worker = streams[worker_stream(holder.organisation, holder.worker)]
    return isinstance(worker, Worker) and holder.unit in worker.units
