"""The folds, rebuilt: online, in batches, in parallel, killable at any moment and resumable.

What is behind is rebuilt, and nothing else says what is left to do: so a rebuild that was killed goes on where it
was. A batch locks its cases' rows in `projected` before it reads their events. A writer that has the lock is passed
by (its own act brings the rows up to date, or leaves them behind for the next round); one that comes later waits.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from domain.decider import Recorded
from domain.history import counted, reorders
from domain.ledger.database import Region
from domain.ledger.mapper import HistoryDamaged, TopicUnknown, decoded
from projections.projection import Projection, every_projection

BATCH_EVENTS = 2_000
"""About how many events a batch holds its locks for: a few hundredths of a second."""

_log = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What came of a rebuild or a verification. Cases set aside hold something that this release can't fold."""

    cases: int = 0
    events: int = 0
    aside: set[UUID] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count another batch in."""
        self.cases += other.cases
        self.events += other.events
        self.aside |= other.aside
        self.differences += other.differences


@dataclass(frozen=True)
class Difference:
    """Where a read table does not say what the events say."""

    projection: str
    case: UUID
    what: str


_Records = list[dict[str, Any]]
"""Rows by column."""

Progress = Callable[[int, int], None]
"""Called with how many events are done, of how many."""


def rebuild(region: Region, names: Sequence[str] = (), processes: int = 1, progress: Progress | None = None) -> Outcome:
    """Bring the projections up to date: of those named all cases anew, or of all of them the cases that are behind."""
    projections = _named(names)
    with region.connect() as connection:
        if names:
            start_over(connection, projections)
        total = Outcome()
        for _ in range(_ROUNDS):
            todo = behind(connection, projections, total.aside)
            if not todo:
                break
            _each(region, rebuild_cases, projections, todo, processes=processes, total=total, progress=progress)
    return total


def verify(region: Region, names: Sequence[str] = (), processes: int = 1, progress: Progress | None = None) -> Outcome:
    """Compare every row of the read tables with a fresh fold, and say where they differ."""
    projections = _named(names)
    total = Outcome()
    with region.connect() as connection:
        todo = connection.execute(_ALL_CASES).fetchall()
        for projection in projections:
            strays = f'SELECT DISTINCT "case" FROM {projection.table.table} EXCEPT SELECT "case" FROM clients'
            for (case,) in connection.execute(strays.encode()):
                total.differences.append(Difference(projection.name, case, "rows of a case that does not exist"))
    _each(region, _verified, projections, todo, processes=processes, total=total, progress=progress)
    return total


def start_over(connection: Connection, projections: Iterable[Projection[Any]]) -> None:
    """Say that nothing of these projections is up to date. Their rows stay until each case's are replaced.

    Where writers and this wait for each other, PostgreSQL lets one of them go first, and this tries again.
    """
    tables = [it.table.table for it in projections]
    for last in (False, False, False, True):
        try:
            connection.execute(_START_OVER, (tables,))
            return
        except psycopg.errors.DeadlockDetected:
            if last:
                raise


def behind(
    connection: Connection, projections: Sequence[Projection[Any]], aside: Iterable[UUID] = ()
) -> list[tuple[UUID, int]]:
    """Return the cases of which some projection is behind the events, with how many events each has."""
    tables = [it.table.table for it in projections]
    found = connection.execute(_BEHIND, (tables, len(tables), list(aside))).fetchall()
    return [(case, head) for case, head in found]


def count_behind(connection: Connection, projections: Sequence[Projection[Any]]) -> dict[str, int]:
    """Return of each projection how many cases are behind, as far as the rows themselves know: one cheap query."""
    tables = [it.table.table for it in projections]
    found: dict[str, int] = dict(connection.execute(_COUNT_BEHIND, (tables,)).fetchall())
    return {it.name: found[it.table.table] for it in projections}


def rebuild_cases(connection: Connection, projections: Sequence[Projection[Any]], cases: Sequence[UUID]) -> Outcome:
    """Replace these cases' rows by a fresh fold, in one transaction; skip those that a writer has in hand.

    A case whose rows don't fit their table is set aside, and the others of the batch go on without it.
    """
    try:
        return _replaced(connection, projections, cases)
    except psycopg.errors.DeadlockDetected:  # PostgreSQL let the writer go first: these are left to the next round
        return Outcome()
    except (psycopg.DataError, psycopg.IntegrityError) as unfit:
        outcome = Outcome()
        if len(cases) == 1:
            _log.error("case %s is set aside: its rows raised %s", cases[0], type(unfit).__name__)  # never the words
            outcome.aside.update(cases)
        for case in cases if len(cases) > 1 else ():
            outcome.add(rebuild_cases(connection, projections, [case]))
        return outcome


def _replaced(connection: Connection, projections: Sequence[Projection[Any]], cases: Sequence[UUID]) -> Outcome:
    outcome = Outcome()
    tables = {it.table.table: it for it in projections}
    connection.execute(_BEGIN_ROWS, (list(cases), list(tables)))
    with connection.transaction():
        held = connection.execute(_LOCK_ROWS, (list(cases), list(tables), len(tables))).fetchall()
        mine = [case for (case,) in held]
        folded = list(_folded(connection, projections, mine, outcome))
        for number, projection in enumerate(projections):
            done = [(case, head, rows[number]) for case, head, rows in folded if rows[number] is not None]
            _replace(connection, projection, done)
    return outcome


def _replace(connection: Connection, projection: Projection[Any], done: Sequence[tuple[UUID, int, Any]]) -> None:
    table, columns = projection.table, [name for name, _ in projection.table.columns]
    cases, heads = [case for case, _, _ in done], [head for _, head, _ in done]
    connection.execute(f'DELETE FROM {table.table} WHERE "case" = ANY (%s)'.encode(), (cases,))
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor().copy(f"COPY {table.table} ({names}) FROM STDIN".encode()) as copy:
        for _, _, rows in done:
            for row in rows:
                copy.write_row([_copied(value) for value in row.values()])
    connection.execute(_MOVED, (cases, heads, table.table))


def _copied(value: Any) -> Any:
    return Jsonb(value, dumps=_dumps) if isinstance(value, tuple) else value


def _folded(
    connection: Connection, projections: Sequence[Projection[Any]], cases: Sequence[UUID], outcome: Outcome
) -> Iterator[tuple[UUID, int, list[_Records | None]]]:
    """Yield each case with its head and its rows in each projection, None where they can't be folded."""
    with connection.cursor(binary=True) as cursor:
        stored = cursor.execute(_EVENTS, (list(cases),)).fetchall()
    for case, events in groupby(stored, key=lambda it: it[0]):
        kept = list(events)
        outcome.cases += 1
        outcome.events += len(kept)
        try:
            history = [decoded(case, version, bytes(state)) for _, version, state in kept]
        except (TopicUnknown, HistoryDamaged) as unread:
            _log.error("case %s is set aside: %s", case, type(unread).__name__)
            outcome.aside.add(case)
            continue
        ordered = counted(history) if any(map(reorders, history)) else history
        yield case, kept[-1][1], [_rows(it, ordered, case, outcome) for it in projections]


def _rows(projection: Projection[Any], history: Sequence[Recorded], case: UUID, outcome: Outcome) -> _Records | None:
    try:
        return [projection.record(row) for row in projection.over(history)]
    except Exception as raised:  # whatever a fold does, the others go on
        _log.error("projection %s can't fold case %s: %s", projection.name, case, type(raised).__name__)
        outcome.aside.add(case)
        return None


def _verified(connection: Connection, projections: Sequence[Projection[Any]], cases: Sequence[UUID]) -> Outcome:
    """Compare these cases' rows with a fresh fold, all seen at one moment."""
    outcome = Outcome()
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        known = connection.execute(_PROJECTED, (list(cases),)).fetchall()
        versions = {(case, table): version for case, table, version in known}
        stands = {it.name: _standing(connection, it, cases) for it in projections}
        for case, head, folds in _folded(connection, projections, cases, outcome):
            for projection, rows in zip(projections, folds, strict=True):
                if versions.get((case, projection.table.table)) != head:
                    outcome.differences.append(Difference(projection.name, case, "behind its events"))
                elif rows is not None and _sorted(projection, rows) != stands[projection.name].get(case, []):
                    outcome.differences.append(Difference(projection.name, case, "not what a fresh fold gives"))
    return outcome


def _standing(connection: Connection, projection: Projection[Any], cases: Sequence[UUID]) -> dict[UUID, list[Any]]:
    names = [name for name, _ in projection.table.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    query = f'SELECT {columns} FROM {projection.table.table} WHERE "case" = ANY (%s)'
    found: dict[UUID, list[Any]] = {}
    for row in connection.execute(query.encode(), (list(cases),)):
        record = dict(zip(names, row, strict=True))
        found.setdefault(record["case"], []).append(record)
    return {case: sorted(rows, key=lambda it: _key(projection, it)) for case, rows in found.items()}


def _sorted(projection: Projection[Any], rows: _Records) -> _Records:
    plain = [{name: list(it) if isinstance(it, tuple) else it for name, it in row.items()} for row in rows]
    return sorted(plain, key=lambda it: _key(projection, it))


def _key(projection: Projection[Any], record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in projection.table.key)


def _named(names: Sequence[str]) -> tuple[Projection[Any], ...]:
    every = every_projection()
    unknown = set(names) - {it.name for it in every}
    if unknown:
        known = ", ".join(it.name for it in every)
        raise LookupError(f"no projection is called {', '.join(sorted(unknown))}; there are {known}")
    return tuple(it for it in every if not names or it.name in names)


_Work = Callable[[Connection, Sequence[Projection[Any]], Sequence[UUID]], Outcome]


def _each(
    region: Region,
    work: _Work,
    projections: Sequence[Projection[Any]],
    todo: Sequence[tuple[UUID, int]],
    *,
    processes: int,
    total: Outcome,
    progress: Progress | None,
) -> None:
    """Do the work batch by batch, here or in several processes, and count what came of it."""
    parts, names = list(batches(todo)), [it.name for it in projections]
    size, done = sum(head for _, head in todo), 0
    for outcome in _outcomes(region, work, names, parts, processes):
        total.add(outcome)
        done += outcome.events
        if progress:
            progress(min(done, size), size)


def _outcomes(
    region: Region, work: _Work, names: Sequence[str], batches: Sequence[Sequence[UUID]], processes: int
) -> Iterator[Outcome]:
    if processes <= 1 or len(batches) <= 1:
        with region.connect() as connection:
            yield from (work(connection, _named(names), batch) for batch in batches)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(batches)), context, _connect, (region,)) as pool:
        yield from pool.map(partial(_elsewhere, work, names), batches)


_HERE: list[Connection] = []
"""The connection of a process that shares the work, as long as it lives."""


def _connect(region: Region) -> None:
    _HERE.append(region.connect())
    atexit.register(_HERE[0].close)


def _elsewhere(work: _Work, names: Sequence[str], cases: Sequence[UUID]) -> Outcome:
    return work(_HERE[0], _named(names), cases)


def batches(todo: Iterable[tuple[UUID, int]]) -> Iterator[list[UUID]]:
    """Yield cases in batches of about the same number of events."""
    batch: list[UUID] = []
    events = 0
    for case, head in todo:
        batch.append(case)
        events += head
        if events >= BATCH_EVENTS:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


def _dumps(value: Any) -> bytes:

    return msgspec.json.encode(value)


_ROUNDS = 20
"""Cases that a writer had in hand each time are left to the next rebuild: they are up to date, or soon are."""

_ALL_CASES = """
    SELECT c."case", (SELECT max(version) FROM events e WHERE e.stream = c."case") FROM clients c ORDER BY 1"""

_BEHIND = """
    SELECT c."case", h.head FROM clients c
    CROSS JOIN LATERAL (SELECT max(version) AS head FROM events e WHERE e.stream = c."case") h
    LEFT JOIN LATERAL (
        SELECT count(*) AS current FROM projected p
        WHERE p.stream = c."case" AND p.projection = ANY (%s) AND p.version >= h.head
    ) p ON true
    WHERE p.current < %s AND NOT c."case" = ANY (%s) ORDER BY 1"""

_COUNT_BEHIND = """
    SELECT t.name, (SELECT count(*) FROM clients)
        - (SELECT count(*) FROM projected p WHERE p.projection = t.name AND p.version >= p.head)
    FROM unnest(%s::text[]) AS t(name)"""

_START_OVER = """
    UPDATE projected p SET version = 0
    FROM (SELECT stream, projection FROM projected WHERE projection = ANY (%s)
          ORDER BY stream, projection FOR UPDATE) q
    WHERE p.stream = q.stream AND p.projection = q.projection"""
"""Locks its rows in the order in which writers do, so that neither waits for the other for ever."""

_BEGIN_ROWS = """
    INSERT INTO projected (stream, projection, version, head)
    SELECT s.stream, t.name, 0, 0 FROM unnest(%s::uuid[]) AS s(stream), unnest(%s::text[]) AS t(name)
    ORDER BY 1, 2 ON CONFLICT DO NOTHING"""

_LOCK_ROWS = """
    WITH held AS (
        SELECT stream FROM projected WHERE stream = ANY (%s) AND projection = ANY (%s)
        ORDER BY stream, projection FOR UPDATE SKIP LOCKED
    )
    SELECT stream FROM held GROUP BY stream HAVING count(*) = %s ORDER BY stream"""

_EVENTS = "SELECT stream, version, bytes FROM events WHERE stream = ANY (%s) ORDER BY stream, version"

_MOVED = """
    UPDATE projected p SET version = m.version, head = m.version
    FROM unnest(%s::uuid[], %s::integer[]) AS m(stream, version)
    WHERE p.stream = m.stream AND p.projection = %s AND p.version <= m.version"""

_PROJECTED = "SELECT stream, projection, version FROM projected WHERE stream = ANY (%s)"
