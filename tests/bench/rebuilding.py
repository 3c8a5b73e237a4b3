"""Rebuilding the read tables: of ledgers of several lengths, by one process and by two, and what memory it takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from domain.case import Case
from domain.ledger.database import Region
from domain.ledger.mapper import decoded
from domain.ledger.migrate import migrate
from projections.live import Live
from projections.projection import every_projection
from projections.rebuild import rebuild
from tests.bench.ground import Ground, copied, ground
from tests.bench.measure import Contender, Goal, Line, Part, Rates, Scale, Spread, compared, side_by_side

PROCESSES = (1, 2)
ROOT = Path(__file__).parents[2]
STATUS = Path("/proc/self/status")
ONE_BY_ONE = "a transaction an event"


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure whole rebuilds, each in a process of its own."""
    del scratch
    part = Part("rebuild", "Rebuild of every projection")
    peaks: dict[str, list[float]] = {}
    with ground(url, "rebuild") as it:
        started = time.perf_counter()
        ledgers = filled(url, it, scale.rebuilt)
        part.notes.append(
            f"The shortest ledger was written by commands, and copied under other cases' ids for the longer ones: "
            f"{time.perf_counter() - started:.0f} s for {sum(scale.rebuilt):,} events."
        )
        contenders: dict[str, Contender] = {ONE_BY_ONE: one_by_one(it, scale.one_by_one)}
        for events, region in ledgers.items():
            for processes in PROCESSES:
                name = named(events, processes)
                contenders[name] = rebuilding(region, processes, peaks.setdefault(name, []))
        rates = side_by_side(scale.rounds, contenders)
    tabled(part, rates, peaks, scale.rebuilt)
    return part


def tabled(part: Part, rates: Rates, peaks: Rates, sizes: Sequence[int]) -> None:
    """Put the rates and the peaks of memory into the part's table."""
    least, most = sizes[0], sizes[-1]
    part.rate(rates, ONE_BY_ONE)
    for events in sizes:
        part.rate(rates, named(events, 1), ONE_BY_ONE, Goal(40))
        part.rate(rates, named(events, 2), named(events, 1))
    part.rate(rates, named(most, 1), named(least, 1), Goal(0.8))
    for processes in PROCESSES:
        for events in sizes:
            name, shortest = named(events, processes), named(least, processes)
            grown, goal = compared(peaks, name, shortest), Goal(1.25, at_most=True)
            part.lines.append(Line(f"peak MiB: {name}", Spread.of(peaks[name]), "", shortest, grown, goal))


def named(events: int, processes: int) -> str:
    return f"{events:,} events, {'one process' if processes == 1 else f'{processes} processes'}"


def filled(url: str, it: Ground, sizes: Sequence[int]) -> dict[int, Region]:
    """Return ledgers of these lengths."""
    it.tell(sizes[0])
    ledgers = {sizes[0]: it.region}
    for events in sizes[1:]:
        region = ledgers[events] = Region(url, f"{it.region.name}_{events}")
        migrate(region, it.live.tables)
        copied(it.region, region, events // sizes[0])
    return ledgers


def rebuilding(region: Region, processes: int, peaks: list[float]) -> Contender:
    """Return a rebuild in a process of its own, begun with tidy tables. It adds the peak of memory, in MiB."""

    def run() -> float:
        with region.connect(owner=True) as owner:
            for table in ("projected", *[it.table for it in Live().tables]):
                owner.execute(f"VACUUM ANALYZE {table}".encode())
        command = [sys.executable, "-m", "tests.bench.rebuilding", region.url, region.name, str(processes)]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
        if told.returncode:
            raise RuntimeError(told.stderr)
        found = json.loads(told.stdout)
        peaks.append(found["peak"])
        return float(found["events"] / found["seconds"])

    return run


def main() -> None:
    """Rebuild everything in a region, and print what came of it as JSON."""
    url, name, processes = sys.argv[1:]
    started = time.perf_counter()
    outcome = rebuild(Region(url, name), [it.name for it in every_projection()], int(processes))
    seconds = time.perf_counter() - started
    sys.stdout.write(json.dumps({"events": outcome.events, "seconds": seconds, "peak": peak()}))


def peak() -> float:
    """Return the most memory in MiB that this process, or any that it waited for, ever had."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if STATUS.exists():  # what Linux counts above is not less than what the starting process had
        own = next(int(it.split()[1]) for it in STATUS.read_text().splitlines() if it.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / unit


def one_by_one(it: Ground, events: int) -> Contender:
    """Return what a rebuild is against: an event folded, and its rows written, in a transaction each."""

    def run() -> float:
        with it.region.connect() as connection:
            stored = connection.execute(_FIRST, (events,)).fetchall()
            rows: dict[UUID, Any] = {}
            started = time.perf_counter()
            for stream, version, state in stored:
                before = rows.get(stream, it.live.of(Case).nothing())
                rows[stream] = after = it.live.of(Case).after(before, [decoded(stream, version, state)])
                with connection.transaction():
                    connection.execute(_MOVED, (version, stream), prepare=True)
                    for changed in it.live.of(Case).changes(before, after, whole=False):
                        upserted(connection, changed)
            return len(stored) / (time.perf_counter() - started)

    return run


def upserted(connection: Connection, changed: Any) -> None:
    """Write what an event changes in one projection."""
    table = changed.table
    if changed.changed:
        upsert = f"INSERT INTO {table.table} SELECT * FROM {table.records('%s')} {table.on_conflict}"
        connection.execute(upsert.encode(), (msgspec.json.encode(changed.changed).decode(),), prepare=True)


_FIRST = """
    SELECT e.stream, e.version, e.bytes FROM events e JOIN clients c ON c."case" = e.stream
    ORDER BY e.stream, e.version LIMIT %s"""
_MOVED = "UPDATE projected SET head = %s WHERE stream = %s"

if __name__ == "__main__":
    main()
