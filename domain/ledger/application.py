"""Cases: the application through which everything changes.

    load the stream and what the decision looks at → decide → fold → one transaction

`execute` is written once, as steps that ask for reading and writing; `run` takes them in the calling thread, and
an event loop can take them its own way (`api.writer`). A decision is first made on what this process remembers: the
ledger's keys and guards refuse it if that is out of date, and a refusal counts only after a fresh look.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import ApplicationRecorder, Mapper

from domain.case import Case
from domain.decider import Recorded, Refusal, State
from domain.history import beginning, counted, fold, reorders
from domain.ledger import fingerprint
from domain.ledger.clock import DatabaseClock
from domain.ledger.considering import Fresh, KeyReused, NotAtHand, Steps, consider, look, takes_a_look
from domain.ledger.database import DatabaseUnavailable, Pool, Region
from domain.ledger.drafts import Asked, Draft, VersionMismatch, ask
from domain.ledger.erasures import Register
from domain.ledger.fault import Fault
from domain.ledger.histories import Decoded, Histories
from domain.ledger.keys.keks import Keks
from domain.ledger.mapper import EventMapper, Sealed
from domain.ledger.recorder import Act, LedgerRecorder, Overtaken, Receipt, select_stream
from domain.ledger.warm import Loaded, NoReadModels, ReadModels, Warm
from domain.ledger.words import Keyring, opening_key, unseal

__all__ = [
    "ATTEMPTS", "Asked", "Cases", "KeyReused", "Steps", "TooBusy", "UnsafeSetting", "VersionMismatch", "Write", "ask",
    "run",
]  # fmt: skip

ATTEMPTS = 3
"""How many times a lost race is decided again on the new state."""

_UNSAFE = frozenset({
    "POSTGRES_ENABLE_DB_FUNCTIONS", "CREATE_TABLE", "IS_SNAPSHOTTING_ENABLED", "AGGREGATE_CACHE_MAXSIZE",
    "AGGREGATE_CACHE_FASTFORWARD", "AGGREGATE_CACHE_FASTFORWARD_SKIPPING", "DEEPCOPY_FROM_AGGREGATE_CACHE",
    "PERSISTENCE_MODULE", "MAPPER_TOPIC", "TRANSCODER_TOPIC", "COMPRESSOR_TOPIC", "CIPHER_TOPIC", "CIPHER_KEY",
    "APPLICATION_RECORDER_TOPIC", "AGGREGATE_RECORDER_TOPIC",
})  # fmt: skip

T = TypeVar("T")


class UnsafeSetting(Fault):
    """The environment sets an option of the eventsourcing library that the ledger does not work under. Unset it."""


class TooBusy(Fault):
    """Others changed the same case three times meanwhile. Try again in a moment."""


@dataclass(frozen=True)
class Write:
    """A step that writes acts. Raises `Overtaken`."""

    cases: Cases
    acts: Sequence[Act]

    def __call__(self) -> dict[UUID, bytes]:
        """Write them now; return the streams' new hashes."""
        return self.cases.write(self.acts)


class Cases(Application[UUID]):
    """All streams of a region: cases, clients and the directory."""

    name = "luotsi"

    def __init__(
        self, pool: Pool, keks: Keks, models: ReadModels | None = None,
        environment: Mapping[str, str] | None = None, register: Register | None = None,
    ) -> None:  # fmt: skip
        given = os.environ if environment is None else environment
        unsafe = _UNSAFE & {name.removeprefix("LUOTSI_") for name in given}
        if unsafe:
            raise UnsafeSetting(", ".join(sorted(unsafe)))
        self.pool = pool
        self.region: Region = pool.region
        self.keyring = Keyring(keks)
        self.models: ReadModels = models or NoReadModels()
        self.register = register
        self.clock = DatabaseClock()
        self.warm = Warm()
        self.histories = Histories()
        super().__init__()

    def construct_mapper(self) -> Mapper[UUID]:
        """Return the library's mapper, ours."""
        return EventMapper(self.region.name, self.keyring)

    def construct_recorder(self) -> ApplicationRecorder:
        """Return the library's recorder, ours."""
        return LedgerRecorder(self.pool, self.region, self.models.tables)

    # What changes.

    def execute(self, asked: Asked) -> Receipt:
        """Carry out a command. Raises its `Refusal`, and what `execute_all` raises."""
        return run(self.steps([asked]))[-1]

    def execute_all(self, asked: Sequence[Asked]) -> list[Receipt]:
        """Carry out commands one after the other, all in one transaction: all of them or none. Their ids differ.

        Raises a `Refusal`, `TooBusy`, `DatabaseUnavailable`, `TopicUnknown` or `HistoryDamaged`.
        """
        return run(self.steps(asked))

    def steps(self, asked: Sequence[Asked]) -> Steps[list[Receipt]]:
        """Return the course of carrying out commands, as steps to read and write.

        What this process remembers is a guess that costs no look. If that comes to nothing, it is decided on a fresh
        look, and again on another each time that somebody else comes first.
        """
        if not any(map(takes_a_look, asked)):
            with suppress(NotAtHand, Refusal, Overtaken):
                return (yield from self._attempt(asked, None))
        for _ in range(1 + ATTEMPTS):
            fresh = yield partial(self._look, asked)
            with suppress(Overtaken):
                return (yield from self._attempt(asked, fresh))
        raise TooBusy

    def consider(self, asked: Asked) -> Receipt:
        """Return what a command would come to. Nothing is written. Raises its `Refusal` as `execute` would."""
        return run(self.considering(asked))

    def considering(self, asked: Asked) -> Steps[Receipt]:
        """Return the course of deciding a command on a fresh look, as steps that only read."""
        fresh = yield partial(self._look, [asked])
        found = yield from consider(self, [asked], fresh)
        return found.of(asked)

    def write(self, acts: Sequence[Act]) -> dict[UUID, bytes]:
        """Write acts in one transaction through the library's `save`; return the streams' new hashes."""
        heads: dict[UUID, bytes] = {}
        self.save(*[it for one in acts for it in one.events], acts=acts, heads=heads)
        if self.register is not None:
            self.register.note(it for one in acts if one.erases for it in one.events)
        return heads

    def _attempt(self, asked: Sequence[Asked], fresh: Fresh | None) -> Steps[list[Receipt]]:
        """Decide what has no receipt yet, and write it. Raises `Overtaken` where it has to be decided again."""
        found = yield from consider(self, asked, fresh)
        acts = [self._act(draft, after) for draft, after in found.finished]
        try:
            heads = (yield Write(self, acts)) if acts else {}
        except DatabaseUnavailable as gone:
            if gone.undone:
                raise
            raise Overtaken from gone  # it may have been written all the same: the receipts will tell
        for one, (_, after) in zip(acts, found.finished, strict=True):
            self._remember(one, replace(after, head=heads.get(one.stream, after.head)))
        receipts = {**found.receipts, **{it.command: it for one in acts for it in one.receipts}}
        return [receipts[it.id] for it in asked]

    def _act(self, draft: Draft, after: Loaded) -> Act:
        before, own = draft.before, (draft.before.stream, draft.before.version)
        models = self._models_of(before.state)
        wrapped = self.keyring.wrapped(before.stream) if draft.begins else None
        key = self.keyring.get(before.stream)
        receipts = [replace(it, fingerprint=fingerprint.kept(key, it.fingerprint)) for it in draft.receipts]
        return Act(
            before.stream, before.version, before.head, draft.events, receipts,
            frozenset(draft.looked_at if draft.events else {*draft.looked_at, own}),  # nothing new rests on it too
            wrapped, draft.client if draft.begins else None,
            models.changes(before.rows, after.rows, whole=draft.past is not None) if draft.events else (),
            frozenset().union(*(it.event.destroys for it in draft.events)), any(it.event.erases for it in draft.events),
        )  # fmt: skip

    def _remember(self, written: Act, after: Loaded) -> None:
        self.warm.put(after)
        if written.erases:
            self.keyring.destroyed(written.stream)
            self.histories.forget(written.stream)
        if written.erases or any(rows.failed for rows in written.rows):
            self.warm.forget(written.stream)  # so that it is read anew, from its events, the next time

    # What is read.

    def history(self, stream: UUID, upto: int | None = None) -> list[Recorded]:
        """Return a stream's events by version, their words sealed. Raises `TopicUnknown` and `HistoryDamaged`."""
        known = self.histories.get(stream)
        stored = self._stored(stream, known.version, upto)
        if known.version and not (stored and stored[0].hash == known.head):
            known, stored = Decoded(stream), self._stored(stream, 0, upto)  # a restore has taken back what was known
        if new := stored[1:] if known.version else stored:
            known = known.on([self.mapper.to_domain_event(it) for it in new], new[-1].hash)  # type: ignore[misc]
        self.histories.put(known)
        return known.upto(upto)

    def _stored(self, stream: UUID, known: int, upto: int | None) -> Sequence[Sealed]:
        """Return what is stored of a stream from the last version that is known, which is read again, up to another."""
        last = None if upto is None else max(upto, known)
        return self.recorder.select_events(stream, gt=max(known - 1, 0), lte=last)  # type: ignore[return-value]

    def words(self, stream: UUID, versions: Sequence[int] | None = None) -> dict[int, dict[str, str]]:
        """Return the words of a stream's entries by version and field; destroyed ones are missing."""
        wanted = None if versions is None else list(versions)
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            wrapped = cursor.execute("SELECT wrapped FROM keys WHERE stream = %s", (stream,)).fetchone()
            if wrapped is None:
                return {}
            key = self.keyring.learn(stream, bytes(wrapped[0]))
            found = cursor.execute(_WORDS, (stream, wanted, wanted)).fetchall()
        return {
            version: unseal(opening_key(key, self.region.name, stream, version, ciphertext), ciphertext)
            for version, ciphertext in ((version, bytes(it)) for version, it in found)
        }

    def client_of(self, case: UUID) -> UUID | None:
        """Return whose case it is."""
        with self.pool.connection() as connection:
            row = connection.execute('SELECT client FROM clients WHERE "case" = %s', (case,)).fetchone()
        return row[0] if row else None

    def cases_of(self, client: UUID) -> list[Case]:
        """Return a client's cases, as they are now."""
        with self.pool.connection() as connection:
            found = connection.execute('SELECT "case" FROM clients WHERE client = %s', (client,)).fetchall()
        states = (self.loaded(case, Case).state for (case,) in found)
        return [it for it in states if isinstance(it, Case)]

    def loaded(self, stream: UUID, state: type[State]) -> Loaded:
        """Return a stream as it is now, read on from what this process remembers.

        `state` is what it is if nothing is recorded yet; otherwise its first event says what it is.
        """
        known = self.warm.get(stream)
        if known is not None and not (known.version and self.keyring.get(stream)):
            known = None
        with self.pool.connection() as connection:
            stored = select_stream(connection, stream, known.version - 1 if known else 0, None, None)
            if known is not None and not (stored and stored[0].hash == known.head):
                self.warm.forget(stream)  # a restore has taken back what is remembered
                known, stored = None, select_stream(connection, stream, 0, None, None)
            client = known.client if known else self._beside(connection, stream)
        loaded = self._read_on(known or self._nothing(stream, state, client), stored[1:] if known else stored)
        self.warm.put(loaded)
        return loaded

    def _beside(self, connection: psycopg.Connection[Any], stream: UUID) -> UUID | None:
        """Learn the stream's key; return whose case it is."""
        wrapped, client = connection.execute(_BESIDE, (stream, stream)).fetchone() or (None, None)
        if wrapped is not None:
            self.keyring.learn(stream, bytes(wrapped))
        return client

    def _nothing(self, stream: UUID, kind: type[State], client: UUID | None) -> Loaded:
        state = beginning(kind)
        return Loaded(stream, state, self._models_of(state).nothing(), client=client)

    def _read_on(self, known: Loaded, stored: Sequence[Sealed]) -> Loaded:
        if not stored:
            return known
        events: list[Recorded] = [self.mapper.to_domain_event(it) for it in stored]  # type: ignore[misc]
        if any(it.event.erases for it in events):
            self.keyring.destroyed(known.stream)  # so that nothing new is sealed under a key that is gone
            known = replace(known, client=None)
        reordered = any(map(reorders, events))
        if reordered and known.version:
            events = self.history(known.stream, events[-1].version)
        if reordered or not known.version:
            known = self._nothing(known.stream, type(events[0].event).state, known.client)
        ordered = counted(events) if reordered else events
        state, rows = fold(known.state, ordered), self._models_of(known.state).after(known.rows, ordered)
        return known.moved(events, stored[-1].hash, state, rows)

    def _models_of(self, state: State) -> ReadModels:
        return self.models.of(type(state))

    def _look(self, asked: Sequence[Asked]) -> Fresh:
        return look(self, asked)


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


_BESIDE = """
    SELECT (SELECT wrapped FROM keys WHERE stream = %s), (SELECT client FROM clients WHERE "case" = %s)"""
_WORDS = """
    SELECT version, ciphertext FROM words WHERE stream = %s AND (%s::bigint[] IS NULL OR version = ANY (%s))"""
