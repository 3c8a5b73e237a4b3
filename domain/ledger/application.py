"""Cases: the application through which everything changes.

    load the stream and what the decision looks at → decide → fold → one transaction

`execute` is written once, as steps that ask for reading and writing; `run` takes them in the calling thread, and
an event loop can take them its own way (`api.writer`). A decision is first made on what this process remembers: the
ledger's keys and guards refuse it if that is out of date, and a refusal counts only after a fresh look.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import ApplicationRecorder, Mapper

from domain.case import Case, Holder
from domain.client import Client, OutsideMandate
from domain.decider import (
    Actor,
    Command,
    Conflict,
    Context,
    Entry,
    Recorded,
    Refusal,
    Role,
    State,
    StreamAbsent,
    Unacceptable,
    act,
)
from domain.directory import POLICY_STREAM, PolicyInForce, Unit, Worker, unit_stream, worker_stream
from domain.facts import Facts
from domain.history import counted, fold, reorders
from domain.intake import CaseOpened
from domain.ledger.calendar import finnish_calendar
from domain.ledger.clock import DatabaseClock
from domain.ledger.database import DatabaseUnavailable, Pool, Region
from domain.ledger.mapper import EventMapper, Sealed
from domain.ledger.recorder import Act, LedgerRecorder, Overtaken, Receipt, select_stream
from domain.ledger.warm import Loaded, NoReadModels, ReadModels, Warm
from domain.ledger.words import KeyFile, Keyring, entry_key, unseal

ATTEMPTS = 3

_UNSAFE = frozenset({
    "POSTGRES_ENABLE_DB_FUNCTIONS", "CREATE_TABLE", "IS_SNAPSHOTTING_ENABLED", "AGGREGATE_CACHE_MAXSIZE",
    "AGGREGATE_CACHE_FASTFORWARD", "PERSISTENCE_MODULE", "MAPPER_TOPIC", "TRANSCODER_TOPIC", "COMPRESSOR_TOPIC",
    "CIPHER_TOPIC", "APPLICATION_RECORDER_TOPIC", "AGGREGATE_RECORDER_TOPIC",
})  # fmt: skip
_STATES: Mapping[str, type[State]] = {}

T = TypeVar("T")


class UnsafeSetting(Exception):
    """The environment sets an option of the eventsourcing library that the ledger does not work under. Unset it."""


class TooBusy(Exception):
    """Others changed the same case three times meanwhile. Try again in a moment."""


class VersionMismatch(Conflict):
    """The case has moved on from the version that you named. Read it again, and decide on what it is now."""


class KeyReused(Unacceptable):
    """That Idempotency-Key stands for another request of yours. Use a new key for a new request."""


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


Steps = Generator[Callable[[], Any], Any, T]
"""A course of action: yields each thing to read or write, and is sent what came of it."""


@dataclass(frozen=True)
class Write:
    """A step that writes acts. Raises `Overtaken`."""

    cases: Cases
    acts: Sequence[Act]

    def __call__(self) -> dict[UUID, bytes]:
        """Write them now; return the streams' new hashes."""
        return self.cases.write(self.acts)


@dataclass(frozen=True)
class _Fresh:
    """What a fresh look found beside the streams: the entries that commands name, and receipts."""

    entries: Mapping[int, Recorded]
    receipts: Mapping[UUID, Receipt]


class Cases(Application[UUID]):
    """All streams of a region: cases, clients and the directory."""

    name = "luotsi"

    def __init__(self, pool: Pool, keys: KeyFile, models: ReadModels | None = None, environment: Any = None) -> None:
        unsafe = _UNSAFE & {name.removeprefix("LUOTSI_") for name in (environment or os.environ)}
        if unsafe:
            raise UnsafeSetting(", ".join(sorted(unsafe)))
        self.pool = pool
        self.region: Region = pool.region
        self.keyring = Keyring(keys)
        self.models: ReadModels = models or NoReadModels()
        self.clock = DatabaseClock()
        self.warm = Warm()
        super().__init__()

    def construct_mapper(self) -> Mapper[UUID]:
        """Return the library's mapper, ours."""
        return EventMapper(self.region.name, self.keyring)

    def construct_recorder(self) -> ApplicationRecorder:
        """Return the library's recorder, ours."""
        return LedgerRecorder(self.pool, self.region, self.models.tables)

    def execute(self, asked: Asked) -> Receipt:
        """Carry out a command. Raises its `Refusal`, `TooBusy`, `DatabaseUnavailable` or `CaseUnreadable`."""
        return run(self.steps([asked]))[-1]

    def execute_all(self, asked: Sequence[Asked]) -> list[Receipt]:
        """Carry out commands one after the other, all in one transaction: all of them or none."""
        return run(self.steps(asked))

    def steps(self, asked: Sequence[Asked]) -> Steps[list[Receipt]]:
        """Return the course of carrying out commands, as steps to read and write."""
        fresh: _Fresh | None = None
        look_first = any(it.keyed or _entries(it.command) for it in asked)
        for attempt in range(ATTEMPTS + 1):
            if look_first or attempt:
                fresh = yield partial(self._look, asked)
                if all(it.id in fresh.receipts for it in asked):
                    return [_receipt_of(it, fresh.receipts[it.id]) for it in asked]
            try:
                acts, loaded = yield from self._decide(asked, fresh)
                heads = yield Write(self, acts)
            except (_NotWarm, Overtaken):
                continue
            except DatabaseUnavailable as gone:  # it may have been written all the same: the receipt will tell
                if isinstance(gone.__cause__, psycopg.errors.QueryCanceled):
                    raise
            except Refusal:
                if fresh is None:
                    continue
                raise
            for stream, it in loaded.items():
                self.warm.put(replace(it, head=heads.get(stream, it.head)))
            for one in acts:
                if any(rows.failed for rows in one.rows):
                    self.warm.forget(one.stream)  # so that it is folded anew, from its events, the next time
            return [receipt for one in acts for receipt in one.receipts]
        raise TooBusy

    def write(self, acts: Sequence[Act]) -> dict[UUID, bytes]:
        """Write acts in one transaction through the library's `save`; return the streams' new hashes."""
        heads: dict[UUID, bytes] = {}
        self.save(*[it for one in acts for it in one.events], acts=acts, heads=heads)
        return heads

    # What is read.

    def history(self, stream: UUID, upto: int | None = None) -> list[Recorded]:
        """Return a stream's events by version, their words sealed. Raises `TopicUnknown` and `HistoryDamaged`."""
        return [self.mapper.to_domain_event(it) for it in self.recorder.select_events(stream, lte=upto)]  # type: ignore[misc]

    def words(self, stream: UUID, versions: Sequence[int] | None = None) -> dict[int, dict[str, str]]:
        """Return the words of a stream's entries by version and field; destroyed ones are missing."""
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            wrapped = cursor.execute("SELECT wrapped FROM keys WHERE stream = %s", (stream,)).fetchone()
            if wrapped is None:
                return {}
            self.keyring.learn(stream, bytes(wrapped[0]))
            found = cursor.execute(_WORDS, (stream, versions, versions)).fetchall()
        key = self.keyring.get(stream) or b""
        return {
            version: unseal(entry_key(key, self.region.name, stream, version), bytes(ciphertext))
            for version, ciphertext in found
        }

    def client_of(self, case: UUID) -> UUID | None:
        """Return whose case it is."""
        with self.pool.connection() as connection:
            row = connection.execute('SELECT client FROM clients WHERE "case" = %s', (case,)).fetchone()
        return row[0] if row else None

    def loaded(self, stream: UUID, state: type[State]) -> Loaded:
        """Return a stream as it is now, read on from what this process remembers."""
        known = self.warm.get(stream)
        with self.pool.connection() as connection:
            stored = select_stream(connection, stream, known.version if known else 0, None, None)
            if known is None or known.version == 0 or self.keyring.get(stream) is None:
                known = self._beside(connection, known or Loaded(stream, state(), self._models_of(state).nothing()))
        loaded = self._read_on(known, stored)
        self.warm.put(loaded)
        return loaded

    def _beside(self, connection: psycopg.Connection[Any], known: Loaded) -> Loaded:
        """Learn the stream's key and whose case it is."""
        row = connection.execute(_BESIDE, (known.stream, known.stream)).fetchone() or (None, None)
        if row[0] is not None:
            self.keyring.learn(known.stream, bytes(row[0]))
        return replace(known, client=row[1])

    def _read_on(self, known: Loaded, stored: Sequence[Sealed]) -> Loaded:
        if not stored:
            return known
        new = [self.mapper.to_domain_event(it) for it in stored]
        events: list[Recorded] = list(new)  # type: ignore[arg-type]  # the mapper gives nothing else
        if known.version and any(map(reorders, events)):
            events = self.history(known.stream, events[-1].version)
            known = Loaded(
                known.stream, type(known.state)(), self._models_of(type(known.state)).nothing(), client=known.client
            )
        client = known.client
        if client is None and isinstance(known.state, Case):
            client = self.client_of(known.stream)
        ordered = counted(events) if any(map(reorders, events)) else events
        state, rows = fold(known.state, ordered), self._models_of(type(known.state)).after(known.rows, ordered)
        return replace(known, client=client).moved(events, stored[-1].hash, state, rows)

    def _models_of(self, state: type[State]) -> ReadModels:
        return self.models if state is Case else _NO_MODELS

    def _look(self, asked: Sequence[Asked]) -> _Fresh:
        """Look at everything that the commands need, as it is in the ledger now."""
        with self.pool.connection() as connection:
            now, found = connection.execute(_LOOK, ([it.id for it in asked],)).fetchone() or (None, None)
        self.clock.heard(now)
        receipts = {UUID(r[0]): Receipt(UUID(r[0]), UUID(r[1]), r[2], r[3], bytes.fromhex(r[4])) for r in found or ()}
        entries: dict[int, Recorded] = {}
        for it in {one.stream: one for one in asked}.values():
            loaded = self.loaded(it.stream, it.command.state)
            for stream, state in _beside(it, loaded.client):
                self.loaded(stream, state)
        for it in asked:
            for version in _entries(it.command):
                entries |= {one.version: one for one in self.history(it.stream, version) if one.version == version}
        return _Fresh(entries, receipts)

    # How it is decided.

    def _decide(self, asked: Sequence[Asked], fresh: _Fresh | None) -> Steps[tuple[list[Act], dict[UUID, Loaded]]]:
        now = self.clock.now()
        if now is None:
            raise _NotWarm
        drafts: dict[UUID, _Draft] = {}
        for it in asked:
            draft = drafts.get(it.stream)
            if draft is None:
                draft = drafts[it.stream] = _Draft(self._remembered(it.stream))
            if it.expected is not None and it.expected != draft.version:
                raise VersionMismatch(expected=it.expected, version=draft.version)
            facts = self._facts(it, draft, drafts, fresh)
            draft.add(it, now, facts)
        for draft in drafts.values():
            if draft.reordered:
                past = yield partial(self.history, draft.before.stream, draft.before.version)
                draft.refold(past, self._models_of(type(draft.state)))
            else:
                draft.follow(self._models_of(type(draft.state)))
        return [self._act(it) for it in drafts.values()], {it.before.stream: it.after for it in drafts.values()}

    def _remembered(self, stream: UUID) -> Loaded:
        loaded = self.warm.get(stream)
        if loaded is None or (loaded.version and self.keyring.get(stream) is None):
            raise _NotWarm
        return loaded

    def _facts(self, it: Asked, draft: _Draft, drafts: Mapping[UUID, _Draft], fresh: _Fresh | None) -> Facts:
        """Gather what the decision may look at, and note which versions of which streams that was."""
        client_id = _client_asked(it, draft.before.client)
        streams: dict[UUID, State] = {}
        for stream, _ in _beside(it, draft.before.client):
            if stream in drafts:
                streams[stream] = drafts[stream].state
            else:
                loaded = self._remembered(stream)
                streams[stream] = loaded.state
                draft.looked_at.add((stream, loaded.version))
        policy, client = streams[POLICY_STREAM], streams.get(client_id) if client_id else None
        if isinstance(draft.state, Client):
            client_id, client = it.stream, draft.state
        assert isinstance(policy, PolicyInForce)  # noqa: S101 - by its stream
        return Facts(
            policy=policy.policy,
            calendar=finnish_calendar(),
            client_id=client_id,
            client=client if isinstance(client, Client) else None,
            holders=frozenset(holder for holder in _holders(it.command) if _is_known(holder, streams)),
            existing=frozenset(stream for stream, state in streams.items() if state.began is not None),
            entries=fresh.entries if fresh else {},
        )

    def _act(self, draft: _Draft) -> Act:
        before, begins = draft.before, draft.before.version == 0 and bool(draft.events)
        models = self._models_of(type(before.state))
        wrapped = self.keyring.provider.wrap(self.keyring.new(before.stream)) if begins else None
        return Act(
            before.stream, before.version, before.head, draft.events, draft.receipts, frozenset(draft.looked_at),
            wrapped, draft.after.client if begins else None,
            models.changes(before.rows, draft.after.rows, whole=draft.reordered) if draft.events else (),
        )  # fmt: skip


class _NotWarm(Exception):
    """Something that the decision looks at is not at hand: look first."""


class _Draft:
    """An act in the making: one stream, and the events decided so far."""

    def __init__(self, before: Loaded) -> None:
        self.before = before
        self.state = before.state
        self.events: list[Recorded] = []
        self.receipts: list[Receipt] = []
        self.looked_at: set[tuple[UUID, int]] = set()
        self.latest = before.latest
        self.after = before

    @property
    def version(self) -> int:
        """The version after the events so far."""
        return self.before.version + len(self.events)

    @property
    def reordered(self) -> bool:
        """Whether an event counts before others, so that the stream is folded anew."""
        return any(map(reorders, self.events))

    def add(self, it: Asked, now: datetime, facts: Facts) -> None:
        """Decide one command on what the ones before it have led to."""
        context = self._context(it, now, facts)
        first = self.version + 1
        for event in act(it.command, self.state, context):
            recorded = Recorded(it.stream, event, replace(context, version=self.version + 1, facts=None))
            self.state = event.evolve(self.state, recorded.context)
            self.events.append(recorded)
        if self.events and not context.late:
            self.latest = max(filter(None, [self.latest, context.occurred]))
        self.receipts.append(Receipt(it.id, it.stream, first, self.version, it.fingerprint))

    def follow(self, models: ReadModels) -> None:
        """Fold the new events onto what was there."""
        if self.events:
            client = self.before.client or _client_opened(self.events)
            rows = models.after(self.before.rows, self.events)
            self.after = replace(self.before, client=client).moved(self.events, b"", self.state, rows)

    def refold(self, past: Sequence[Recorded], models: ReadModels) -> None:
        """Fold everything anew, in the order in which it counts."""
        ordered = counted([*past, *self.events])
        self.state = fold(type(self.state)(), ordered)
        rows = models.after(models.nothing(), ordered)
        self.after = self.before.moved(self.events, b"", self.state, rows)

    def _context(self, it: Asked, now: datetime, facts: Facts) -> Context:
        recorded = max(filter(None, [now.astimezone(UTC), self.before.recorded]))
        occurred = it.occurred or it.command.when(self.state) or recorded
        late = it.imported is None and self.latest is not None and occurred < self.latest
        return Context(
            it.id, _admitted(it.actor, facts, occurred), occurred, recorded, it.reported, late, it.on_behalf_of,
            it.causation, it.imported, self.version + 1, facts,
        )  # fmt: skip


def run(steps: Steps[T]) -> T:
    """Take the steps one by one in this thread."""
    result: Any = None
    failure: BaseException | None = None
    while True:
        try:
            step = steps.throw(failure) if failure else steps.send(result)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        result, failure = None, None
        try:
            result = step()
        except Exception as raised:
            failure = raised


def _admitted(actor: Actor, facts: Facts, at: datetime) -> Actor:
    """Return the actor as the log names them. A client's id never stands in it, and outsiders find nothing here."""
    if actor.role == Role.CLIENT:
        if facts.client_id is None or str(facts.client_id) != actor.id:
            raise StreamAbsent
        return Actor("client", Role.CLIENT)
    if actor.role == Role.REPRESENTATIVE and (facts.client is None or not facts.client.represented(actor.id, at)):
        raise OutsideMandate(at=at)
    return actor


def _receipt_of(it: Asked, receipt: Receipt) -> Receipt:
    if receipt.fingerprint != it.fingerprint:
        raise KeyReused
    return receipt


def _beside(it: Asked, client: UUID | None) -> Iterable[tuple[UUID, type[State]]]:
    """Yield the other streams that a decision looks at."""
    yield POLICY_STREAM, PolicyInForce
    asked = _client_asked(it, client)
    if asked is not None and asked != it.stream:
        yield asked, Client
    for holder in _holders(it.command):
        yield unit_stream(holder.organisation, holder.unit), Unit
        if holder.worker is not None:
            yield worker_stream(holder.organisation, holder.worker), Worker
    for stream in it.command.relies_on():
        yield stream, State


def _client_asked(it: Asked, client: UUID | None) -> UUID | None:
    named = getattr(it.command, "client", None)
    return named if isinstance(named, UUID) else client


def _client_opened(events: Sequence[Recorded]) -> UUID | None:
    return next((UUID(it.event.client) for it in events if isinstance(it.event, CaseOpened)), None)


def _holders(command: Command[Any]) -> Iterable[Holder]:
    return (value for value in vars(command).values() if isinstance(value, Holder))


def _is_known(holder: Holder, streams: Mapping[UUID, State]) -> bool:
    if streams[unit_stream(holder.organisation, holder.unit)].began is None:
        return False
    if holder.worker is None:
        return True
    worker = streams[worker_stream(holder.organisation, holder.worker)]
    return isinstance(worker, Worker) and holder.unit in worker.units


def _entries(command: Command[Any]) -> list[int]:
    """Return the versions that a command names."""
    found: list[int] = []
    for name in _entry_fields(type(command)):
        value = getattr(command, name)
        found += value if isinstance(value, tuple) else [] if value is None else [value]
    return found


@cache
def _entry_fields(command: type[Command[Any]]) -> tuple[str, ...]:
    hints = get_type_hints(command)
    return tuple(it.name for it in fields(command) if Entry in {hints[it.name], *get_args(hints[it.name])})


_NO_MODELS = NoReadModels()

_LOOK = """
    SELECT clock_timestamp(), (
        SELECT json_agg(json_build_array(command, stream, first, last, encode(fingerprint, 'hex')))
        FROM receipts WHERE command = ANY (%s)
    )"""
_BESIDE = """
    SELECT (SELECT wrapped FROM keys WHERE stream = %s), (SELECT client FROM clients WHERE "case" = %s)"""
_WORDS = """
    SELECT version, ciphertext FROM words WHERE stream = %s AND (%s::integer[] IS NULL OR version = ANY (%s))"""
