"""A ledger of its own for each test: a fresh region, two small projections, and another process beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.decider import Recorded
from domain.history import counted
from domain.ledger.application import Cases, Steps, Write
from domain.ledger.database import Region
from domain.ledger.mapper import Sealed, chained, decoded
from domain.ledger.postgres import Server
from domain.ledger.recorder import NO_HASH, Overtaken, select_stream
from projections.access import ACCESS_ROWS
from projections.live import Live
from projections.projection import AnyProjection, Projection
from tests.town import Town, ledger


@dataclass(frozen=True)
class Told:
    """One row an event, in the order in which they count."""

    case: UUID
    number: int
    version: int
    topic: str
    at: datetime


def told(rows: tuple[Told, ...], it: Recorded) -> tuple[Told, ...]:
    return (*rows, Told(it.stream, len(rows) + 1, it.version, it.event.topic, it.context.occurred))


@dataclass(frozen=True)
class Standing:
    """One row a case."""

    case: UUID
    events: int
    last: str | None


def standing(rows: tuple[Standing, ...], it: Recorded) -> tuple[Standing, ...]:
    so_far = rows[0] if rows else Standing(it.stream, 0, None)
    return (replace(so_far, events=so_far.events + 1, last=it.event.topic),)


TOLD = Projection(name="told", version=1, row=Told, fold=told, key=("number",))
STANDING = Projection(name="standing", version=1, row=Standing, fold=standing)
LEDGER_TABLES = ("events", "words", "keys", "clients", "receipts", "outbox", "projected")
MODELS: list[AnyProjection] = [ACCESS_ROWS, TOLD, STANDING]
"""What can be read here: beside the two of these tests what all others are walled off by."""
TABLES = (*LEDGER_TABLES, *(it.table.table for it in MODELS))
CURRENT = sorted(it.table.table for it in MODELS)


@pytest.fixture
def region(postgres: Server) -> Region:
    return Region(postgres.url, f"koe_{uuid4().hex[:12]}")


@pytest.fixture
def live() -> Live:
    return Live(MODELS)


@pytest.fixture
def cases(region: Region, tmp_path: Path, live: Live) -> Iterator[Cases]:
    with ledger(region, tmp_path, live, 10) as opened:
        yield opened


@pytest.fixture
def town(cases: Cases) -> Town:
    return Town(cases).settle()


@pytest.fixture
def elsewhere(cases: Cases, tmp_path: Path) -> Iterator[Town]:
    """Give the same ledger as another process has it: with a memory and connections of its own."""
    with ledger(cases.region, tmp_path, Live(MODELS), 10) as opened:
        yield Town(opened)


def stored(region: Region, stream: UUID) -> list[Sealed]:
    with region.connect() as connection:
        return select_stream(connection, stream, 0, None, None)


def faults(region: Region, stream: UUID) -> list[str]:
    """Say what an auditor finds wrong with a stream's rows: the chain recomputed, and the columns against the bytes."""
    found, previous = [], NO_HASH
    for version, it in enumerate(stored(region, stream), 1):
        if it.originator_version != version:
            found.append(f"{version} is missing")
        previous = chained(region.name, previous, it)
        if it.hash != previous:
            found.append(f"hash of {version}")
        try:
            event = decoded(stream, version, it.state)
        except Exception as raised:  # what can't be read is a fault, whatever it is
            return [*found, f"{type(raised).__name__} in {version}"]
        copies = (event.event.topic, event.context.occurred, event.context.recorded)
        if (it.topic, it.occurred, it.recorded) != copies:
            found.append(f"copies of {version}")
    return found


def rows_of(region: Region, projection: Projection[Any, Any], case: UUID) -> list[tuple[Any, ...]]:
    columns = ", ".join(f'"{name}"' for name, _ in projection.table.columns)
    query = f'SELECT {columns} FROM {projection.table.table} WHERE "case" = %s ORDER BY 1, 2'
    with region.connect() as connection:
        return connection.execute(query.encode(), (case,)).fetchall()


def fresh_rows(cases: Cases, projection: Projection[Any, Any], case: UUID) -> list[tuple[Any, ...]]:
    rows = projection.over(counted(cases.history(case)))
    return [tuple(projection.record(row).values()) for row in rows]


def rows_are_right(cases: Cases, case: UUID) -> bool:
    return all(rows_of(cases.region, it, case) == fresh_rows(cases, it, case) for it in (TOLD, STANDING))


def progress(region: Region, case: UUID) -> tuple[int, list[str]]:
    """How far a case is, and the tables whose rows are."""
    with region.connect() as connection:
        found = connection.execute("SELECT head, current FROM projected WHERE stream = %s", (case,)).fetchone()
    return found or (0, [])


def everything(region: Region) -> dict[str, list[str]]:
    """Every row of every table, as text, the bytes as what they hold."""
    found = {}
    with region.connect(owner=True) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (region.name,)).fetchall()
        for (name,) in names:
            rows = connection.execute(f'SELECT * FROM "{name}"'.encode()).fetchall()
            found[name] = sorted(" ".join(map(_as_text, row)) for row in rows)
    return found


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") + value.hex() if isinstance(value, bytes) else str(value)


def until_write(steps: Steps[Any], result: Any = None, failure: Exception | None = None) -> Write:
    """Take a course's steps up to the next that writes, and don't take that one."""
    step = steps.throw(failure) if failure else steps.send(result)
    while not isinstance(step, Write):
        step = steps.send(step())
    return step


def overtaken(step: Write) -> Overtaken:
    """Take a step that comes too late."""
    with pytest.raises(Overtaken) as caught:
        step()
    return caught.value


def outcome(steps: Steps[Any], result: Any) -> Any:
    """Send a course its last result."""
    with pytest.raises(StopIteration) as done:
        steps.send(result)
    return done.value.value


def eventually(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until it holds, for a while."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to hold")


@contextmanager
def as_owner(region: Region, fault: str, mended: str) -> Iterator[None]:
    """Let the schema's owner break something for a while."""
    with region.connect(owner=True) as owner:
        owner.execute(fault.encode())
        try:
            yield
        finally:
            owner.execute(mended.encode())
