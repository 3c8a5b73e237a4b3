"""The folds, rebuilt: online, in batches, in parallel, killable at any moment and resumable.

What is behind is rebuilt, and nothing else says what is left to do: so a rebuild that was killed goes on where it
was. A batch locks its streams' rows in `projected` before it reads their events. A writer that has the lock is passed
by (its own act brings the rows up to date, or leaves them behind for the next round); one that comes later waits.
Streams are mostly cases, and are called so here; which kinds there are, the projections say.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import Connection

from domain.decider import Recorded
from domain.history import counted, reorders
from domain.ledger.database import Region
from domain.ledger.mapper import HistoryDamaged, TopicUnknown, decoded
from domain.ledger.readtable import ReadTable, names
from domain.ledger.recorder import now_current
from projections.behind import KINDS, behind, kinds_of
from projections.projection import AnyProjection, every_projection, topics_of

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
    """Where a read table does not say what the events say. `case` is the stream, whatever it is of."""

    projection: str
    case: UUID
    what: str


_Records = list[dict[str, Any]]
"""Rows by column."""

_Folds = dict[str, _Records | None]
"""A stream's rows in each read table of its kind, None where they can't be folded."""

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
        todo = connection.execute(_ALL, (kinds_of(projections),)).fetchall()
        for projection in projections:
            for (case,) in connection.execute(_strays(projection).encode(), (list(topics_of(projection.of)),)):
                what = f"rows of a {projection.table.kind} that does not exist"
                total.differences.append(Difference(projection.name, case, what))
    _each(region, _verified, projections, todo, processes=processes, total=total, progress=progress)
    return total


def _strays(projection: AnyProjection) -> str:
    table = projection.table
    return f"SELECT DISTINCT {table.stream} FROM {table.table} EXCEPT {_BEGUN}"


def start_over(connection: Connection, projections: Iterable[AnyProjection]) -> None:
    """Say that nothing of these projections is up to date. Their rows stay until each case's are replaced.

    Where writers and this wait for each other, PostgreSQL lets one of them go first, and this tries again.
    """
    tables = [it.table.table for it in projections]
    for last in (False, False, False, True):
        try:
            connection.execute(_START_OVER, {"tables": tables})
            return
        except psycopg.errors.DeadlockDetected:
            if last:
                raise


def rebuild_cases(connection: Connection, projections: Sequence[AnyProjection], cases: Sequence[UUID]) -> Outcome:
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


def _replaced(connection: Connection, projections: Sequence[AnyProjection], cases: Sequence[UUID]) -> Outcome:
    outcome = Outcome()
    connection.execute(_BEGIN_ROWS, (kinds_of(projections), list(cases)))
    with connection.transaction():
        mine = [case for (case,) in connection.execute(_LOCK_ROWS, (list(cases),))]
        folded = list(_folded(connection, projections, mine, outcome))
        for table in (it.table for it in projections):
            done = {case: rows for case, _, folds in folded if (rows := folds.get(table.table)) is not None}
            _replace(connection, table, done)
        now_current(connection, [(case, head, _built(folds)) for case, head, folds in folded])
    return outcome


def _built(folds: _Folds) -> list[str]:
    return [table for table, rows in folds.items() if rows is not None]


def _replace(connection: Connection, table: ReadTable, done: Mapping[UUID, _Records]) -> None:
    connection.execute(f"DELETE FROM {table.table} WHERE {table.stream} = ANY (%s)".encode(), (list(done),))
    rows = [row for rows in done.values() for row in rows]
    if rows:  # not by COPY, which no table takes that is walled off by row-level security
        insert = f"INSERT INTO {table.table} SELECT r.* FROM {table.records('%s')}"
        connection.execute(insert.encode(), (_dumps(rows).decode(),))


def _folded(
    connection: Connection, projections: Sequence[AnyProjection], cases: Sequence[UUID], outcome: Outcome
) -> Iterator[tuple[UUID, int, _Folds]]:
    """Yield each case with its head and its rows in each projection of its kind."""
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
        kind = type(history[0].event).state
        yield case, kept[-1][1], {
            it.table.table: _rows(it, ordered, case, outcome) for it in projections if it.of is kind
        }  # fmt: skip


def _rows(projection: AnyProjection, history: Sequence[Recorded], case: UUID, outcome: Outcome) -> _Records | None:
    try:
        return [projection.record(row) for row in projection.over(history)]
    except Exception as raised:  # whatever a fold does, the others go on
        _log.error("projection %s can't fold case %s: %s", projection.name, case, type(raised).__name__)
        outcome.aside.add(case)
        return None


def _verified(connection: Connection, projections: Sequence[AnyProjection], cases: Sequence[UUID]) -> Outcome:
    """Compare these cases' rows with a fresh fold, all seen at one moment."""
    outcome = Outcome()
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        known = connection.execute(_PROJECTED, (list(cases),)).fetchall()
        current = {(case, table): head for case, head, tables in known for table in tables}
        stands = {it.table.table: _standing(connection, it, cases) for it in projections}
        for case, head, folds in _folded(connection, projections, cases, outcome):
            for projection in (it for it in projections if it.table.table in folds):
                table = projection.table.table
                rows = folds[table]
                if current.get((case, table)) != head:
                    outcome.differences.append(Difference(projection.name, case, "behind its events"))
                elif rows is not None and _sorted(projection, rows) != stands[table].get(case, []):
                    outcome.differences.append(Difference(projection.name, case, "not what a fresh fold gives"))
    return outcome


def _standing(connection: Connection, projection: AnyProjection, cases: Sequence[UUID]) -> dict[UUID, list[Any]]:
    table, columns = projection.table, tuple(name for name, _ in projection.table.columns)
    query = f"SELECT {names(columns)} FROM {table.table} WHERE {table.stream} = ANY (%s)"
    found: dict[UUID, list[Any]] = {}
    for row in connection.execute(query.encode(), (list(cases),)):
        record = dict(zip(columns, row, strict=True))
        found.setdefault(record[table.kind], []).append(record)
    return {case: sorted(rows, key=lambda it: _key(projection, it)) for case, rows in found.items()}


def _sorted(projection: AnyProjection, rows: _Records) -> _Records:
    plain = [{name: _as_read(it) for name, it in row.items()} for row in rows]
    return sorted(plain, key=lambda it: _key(projection, it))


def _as_read(value: Any) -> Any:
    """Return a value as it comes back from its column: what is not one value is kept as JSON."""
    return msgspec.json.decode(_dumps(value)) if isinstance(value, tuple) else value


def _key(projection: AnyProjection, record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in projection.table.key)


def _named(names: Sequence[str]) -> tuple[AnyProjection, ...]:
    every = every_projection()
    unknown = set(names) - {it.name for it in every}
    if unknown:
        known = ", ".join(it.name for it in every)
        raise LookupError(f"no projection is called {', '.join(sorted(unknown))}; there are {known}")
    return tuple(it for it in every if not names or it.name in names)


_Work = Callable[[Connection, Sequence[AnyProjection], Sequence[UUID]], Outcome]


def _each(
    region: Region,
    work: _Work,
    projections: Sequence[AnyProjection],
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

_BEGUN = "SELECT stream FROM events WHERE version = 1 AND topic = ANY (%s)"

_ALL = f"""
    SELECT e.stream, (SELECT max(version) FROM events last WHERE last.stream = e.stream)
    FROM {KINDS} JOIN events e ON e.version = 1 AND e.topic = ANY (k.topics) ORDER BY 1"""

_START_OVER = """
    UPDATE projected p SET current = ARRAY(
        SELECT t FROM unnest(p.current) t WHERE t <> ALL (%(tables)s) ORDER BY t COLLATE "C"
    )
    FROM (SELECT stream FROM projected WHERE current && %(tables)s::text[] ORDER BY stream FOR UPDATE) q
    WHERE p.stream = q.stream"""
"""Locks its rows in the order in which writers do, so that neither waits for the other for ever."""

_BEGIN_ROWS = """
    INSERT INTO projected (stream, kind, head, current)
    SELECT e.stream, k.kind, 0, '{}'
    FROM json_to_recordset(%s::json) AS k(kind text, topics text[])
    JOIN events e ON e.version = 1 AND e.topic = ANY (k.topics) AND e.stream = ANY (%s)
    ORDER BY 1 ON CONFLICT DO NOTHING"""

_LOCK_ROWS = "SELECT stream FROM projected WHERE stream = ANY (%s) ORDER BY stream FOR UPDATE SKIP LOCKED"

_EVENTS = "SELECT stream, version, bytes FROM events WHERE stream = ANY (%s) ORDER BY stream, version"

_PROJECTED = "SELECT stream, head, current FROM projected WHERE stream = ANY (%s)"
