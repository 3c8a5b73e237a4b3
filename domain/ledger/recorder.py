"""One transaction: events, words, key, lookup, outbox, receipts, and the projections' rows; or nothing of it.

A batch of acts is one SQL statement with data-modifying parts, so PostgreSQL itself makes it whole. Every part waits
for `guard`: if a stream that a decision looked at has moved on, or is not there as it was (a restore took it back under
a running process), or the key-encryption key under which a new stream's key is wrapped is retired, nothing at all is
written and the acts are decided again. The events' primary key is the concurrency check.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription
from psycopg import Connection

from domain.decider import Recorded
from domain.ledger.database import Pool, Region
from domain.ledger.keys.keks import kek_of
from domain.ledger.mapper import Sealed, chained
from domain.ledger.readtable import ReadTable
from domain.ledger.statement import ALWAYS, statement

_log = logging.getLogger(__name__)

_ROWS_AT_FAULT = (psycopg.DataError, psycopg.errors.CardinalityViolation, psycopg.errors.NotNullViolation)
"""What a projection's rows do to a statement that would succeed without them: a bug of its fold, or of its row type."""

NO_HASH = b""
"""What an event's hash is chained to where there is none before it."""


class Overtaken(Exception):
    """Another act came first, or what the decision looked at has changed: decide again."""


@dataclass(frozen=True)
class Receipt:
    """What a command came to: the stream's versions `first` to `last`, none where `last` is less than `first`."""

    command: UUID
    stream: UUID
    first: int
    last: int
    fingerprint: bytes = b""


@dataclass(frozen=True)
class Rows:
    """What an act changes in one read table: rows by column. `whole`: they take the place of all the stream's rows."""

    table: ReadTable
    changed: Sequence[dict[str, Any]] = ()
    whole: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Act:
    """What is written as one: a stream's new events, and everything that goes with them.

    `base` is the version decided on and `head` its hash; `looked_at` are the other streams that the decision looked
    at, with their versions; `wrapped` is the stream's key where it begins; `client` whose case it is where that is new.
    `destroys` are the versions of the stream whose words go with the act, and `erases` says that all of them go, with
    their key: an event of the stream has to say so.
    """

    stream: UUID
    base: int
    head: bytes
    events: Sequence[Recorded]
    receipts: Sequence[Receipt]
    looked_at: frozenset[tuple[UUID, int]] = frozenset()
    wrapped: bytes | None = None
    client: UUID | None = None
    rows: Sequence[Rows] = ()
    destroys: frozenset[int] = frozenset()
    erases: bool = False


@dataclass
class _Batch:
    """The parameters of the statement: one JSON array a table."""

    guards: list[Any] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    words: list[Any] = field(default_factory=list)
    keys: list[Any] = field(default_factory=list)
    clients: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)
    projected: list[Any] = field(default_factory=list)


class LedgerRecorder(ApplicationRecorder):
    """The library's recorder, whose insert is ours whole. Notifications are read from the sequence."""

    def __init__(self, pool: Pool, region: Region, tables: Sequence[ReadTable]) -> None:
        self.pool = pool
        self.region = region
        self.tables = tuple(tables)
        self._statements: dict[tuple[str, ...], bytes] = {}

    def insert_events(
        self, stored_events: Sequence[StoredEvent], *, acts: Sequence[Act] = (), heads: dict[UUID, bytes] | None = None,
        **_: Any,
    ) -> None:  # fmt: skip
        """Write the acts whose events these are, whole or not at all; `heads` is filled with the streams' new hashes.

        Raises `Overtaken` where an act came too late, and the database's own errors.
        """
        # Sorted, so that two groups that meet on two streams wait for each other in one order only.
        sealed = sorted(
            (it for it in stored_events if isinstance(it, Sealed)),
            key=lambda it: (str(it.originator_id), it.originator_version),
        )
        acts = sorted(acts, key=lambda act: str(act.stream))
        try:
            self._write_acts(acts, sealed, {} if heads is None else heads)
        except psycopg.errors.UniqueViolation as taken:
            raise Overtaken from taken

    def _write_acts(self, acts: Sequence[Act], sealed: Sequence[Sealed], heads: dict[UUID, bytes]) -> None:
        try:
            self._write_whole(acts, sealed, heads)
        except _ROWS_AT_FAULT as refused:
            if len(acts) > 1 or not any(rows.changed for act in acts for rows in act.rows):
                raise  # of a group, each is written by itself, so that only the act at fault goes without its rows
            # Never the message: it may hold what the rows hold.
            _log.error("projections are behind: rows did not fit their table: %s", type(refused).__name__)
            self._write_whole([_without_rows(act) for act in acts], sealed, heads)

    def _write_whole(self, acts: Sequence[Act], sealed: Sequence[Sealed], heads: dict[UUID, bytes]) -> None:
        heads.clear()
        parameters = self._parameters(acts, sealed, heads)
        with self.pool.connection() as connection:
            if any(map(_has_more, acts)):
                with connection.transaction():
                    self._write(connection, parameters)
                    replace_all(connection, acts)
                    destroy_all(connection, acts)
            else:
                self._write(connection, parameters)

    def _write(self, connection: Connection, parameters: dict[str, str]) -> None:
        parts = tuple(parameters)
        if parts not in self._statements:
            self._statements[parts] = statement(parts, self.tables)
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(self._statements[parts], list(parameters.values()), prepare=True)
            (held,) = cursor.fetchone() or (False,)
        if not held:
            raise Overtaken

    def _parameters(self, acts: Sequence[Act], sealed: Sequence[Sealed], heads: dict[UUID, bytes]) -> dict[str, str]:
        """Return one JSON array for each part of the statement: for one act the parts that it has, for a group all."""
        batch = _Batch()
        rows: dict[str, list[dict[str, Any]]] = {table.table: [] for table in self.tables}
        for it in sealed:
            self._add_event(batch, it, heads, acts)
        for act in acts:
            _add_act(batch, act, rows)
        batch.guards += [{"kek": kek} for kek in {kek_of(act.wrapped) for act in acts if act.wrapped is not None}]
        parts = vars(batch) | rows
        return {
            name: _ENCODER.encode(part).decode()
            for name, part in parts.items()
            if part or len(acts) > 1 or name in ALWAYS
        }

    def _add_event(self, batch: _Batch, it: Sealed, heads: dict[UUID, bytes], acts: Sequence[Act]) -> None:
        stream = it.originator_id
        assert isinstance(stream, UUID)  # noqa: S101 - the library's type is wider than the ledger's
        previous = heads[stream] if stream in heads else next(a.head for a in acts if a.stream == stream)
        heads[stream] = chained(self.region.name, previous, it)
        place = {"stream": stream, "version": it.originator_version}
        batch.events.append(
            place | {
                "topic": it.topic, "occurred": it.occurred, "recorded": it.recorded, "bytes": it.state.decode(),
                "hash": heads[stream].hex(),
            }
        )  # fmt: skip
        if it.ciphertext is not None:
            batch.words.append(place | {"ciphertext": it.ciphertext.hex()})

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Sealed]:
        """Return a stream's stored events, by version."""
        with self.pool.connection() as connection:
            return select_stream(connection, originator_id, gt or 0, lte, limit, desc=desc)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return sequenced events by position, from `start`; ids are positions."""
        after = (start or 0) - (1 if inclusive_of_start else 0)
        with self.pool.connection() as connection, connection.cursor(binary=True) as cursor:
            found = cursor.execute(_NOTIFICATIONS, (after, stop, stop, list(topics), list(topics), limit)).fetchall()
        return [
            Notification(stream, version, topic, bytes(state), id=at) for at, stream, version, topic, state in found
        ]

    def max_notification_id(self) -> int | None:
        """Return the last position of the sequence, or None while it is empty."""
        with self.pool.connection() as connection:
            row = connection.execute("SELECT position FROM log_state").fetchone()
        return (row[0] or None) if row else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Not here: subscribers follow the sequence through the feed."""
        raise NotImplementedError(self.subscribe.__doc__)


def select_stream(
    connection: Connection, stream: UUID | str, after: int, upto: int | None, limit: int | None, *, desc: bool = False
) -> list[Sealed]:
    """Return a stream's stored events, by version, from a connection that the caller holds."""
    query = _STREAM_DESC if desc else _STREAM
    with connection.cursor(binary=True) as cursor:
        found = cursor.execute(query, (stream, after, upto, upto, limit), prepare=True).fetchall()
    return [
        Sealed(of, version, topic, bytes(state), occurred, recorded, hash=bytes(digest))
        for of, version, topic, state, occurred, recorded, digest in found
    ]


def _has_more(act: Act) -> bool:
    return any(rows.whole for rows in act.rows) or bool(act.destroys) or act.erases


def replace_all(connection: Connection, acts: Iterable[Act]) -> None:
    """Write the tables of which an act changes all the stream's rows, behind the locks that the statement took."""
    for act in acts:
        whole = [rows for rows in act.rows if rows.whole and not rows.failed]
        for rows in whole:
            replace_rows(connection, rows.table, act.stream, rows.changed)
        if whole:
            now_current(connection, [(act.stream, act.base + len(act.events), [it.table.table for it in whole])])


def replace_rows(connection: Connection, table: ReadTable, stream: UUID, rows: Sequence[dict[str, Any]]) -> None:
    """Put these rows in the place of all the stream's. The caller holds the lock of its `projected` row."""
    connection.execute(f"DELETE FROM {table.table} WHERE {table.stream} = %s".encode(), (stream,))
    if rows:
        insert = f"INSERT INTO {table.table} SELECT * FROM {table.records('%s')}"
        connection.execute(insert.encode(), (_ENCODER.encode(rows).decode(),))


def now_current(connection: Connection, done: Iterable[tuple[UUID, int, Sequence[str]]]) -> None:
    """Say of streams that these tables' rows are as of that version, as those are that were so before."""
    steps = [{"stream": stream, "head": head, "tables": tables} for stream, head, tables in done]
    connection.execute(_NOW_CURRENT, (_ENCODER.encode(steps).decode(),))


def destroy_all(connection: Connection, acts: Iterable[Act]) -> None:
    """Destroy the words, or the keys, that acts destroy. The database makes sure that an event says so."""
    for act in acts:
        for version in sorted(act.destroys):
            connection.execute("SELECT destroy_words(%s, %s)", (act.stream, version))
        if act.erases:
            connection.execute("SELECT destroy_key(%s)", (act.stream,))


def _without_rows(act: Act) -> Act:
    """Return the act with the projections that it changes left behind: they never stand in its way."""
    return replace(act, rows=[Rows(it.table, failed=True) if it.changed else it for it in act.rows])


def _add_act(batch: _Batch, act: Act, rows: dict[str, list[dict[str, Any]]]) -> None:
    last = act.base + len(act.events)
    batch.guards += [{"stream": stream, "version": version} for stream, version in act.looked_at]
    if act.base and act.events:
        batch.guards.append({"stream": act.stream, "version": act.base, "head": act.head.hex()})
    batch.receipts += [
        {"command": r.command, "stream": r.stream, "first": r.first, "last": r.last, "fingerprint": r.fingerprint.hex()}
        for r in act.receipts
    ]
    if act.wrapped is not None:
        batch.keys.append({"stream": act.stream, "wrapped": act.wrapped.hex()})
    if act.client is not None:
        batch.clients.append({"case": act.stream, "client": act.client})
    if not act.events or not act.rows:
        return
    kept = [it for it in act.rows if not (it.failed or it.whole)]
    batch.projected.append(
        {"stream": act.stream, "kind": act.rows[0].table.kind, "base": act.base, "head": last,
         "kept": sorted(it.table.table for it in kept)}
    )  # fmt: skip
    for it in kept:
        rows[it.table.table] += it.changed


_NOW_CURRENT = """
    UPDATE projected p SET head = m.head, current = ARRAY(
        SELECT t FROM unnest(CASE WHEN p.head = m.head THEN p.current END || m.tables) t
        GROUP BY t ORDER BY t COLLATE "C"
    )
    FROM json_to_recordset(%s::json) AS m(stream uuid, head integer, tables text[]) WHERE p.stream = m.stream"""

_STREAM = """
    SELECT stream, version, topic, bytes, occurred, recorded, hash FROM events
    WHERE stream = %s AND version > %s AND (%s::bigint IS NULL OR version <= %s) ORDER BY version LIMIT %s"""
_STREAM_DESC = _STREAM.replace("ORDER BY version", "ORDER BY version DESC")

_NOTIFICATIONS = """
    SELECT s.position, s.stream, s.version, e.topic, e.bytes FROM sequence s JOIN events e USING (stream, version)
    WHERE s.position > %s AND (%s::bigint IS NULL OR s.position <= %s) AND (%s::text[] = '{}' OR e.topic = ANY (%s))
    ORDER BY s.position LIMIT %s"""

_ENCODER = msgspec.json.Encoder()
