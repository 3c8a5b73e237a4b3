"""What the sequencer and the notary cost those who write, and how far behind they are meanwhile."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from psycopg import Connection as Database

from domain.ledger.database import Region
from domain.ledger.lag import Lag, lag, unsealed
from domain.ledger.notary import Notary
from domain.ledger.sequencer import Sequencer, drain, settle
from tests.bench.appending import whole
from tests.bench.ground import Ground, ground
from tests.bench.measure import Contender, Goal, Line, Part, Scale, Spread, side_by_side
from tests.town import notary_of

LOOK_SECONDS = 0.05
WITHOUT = "writers, no sequencer"
BESIDE = "sequencer in its own process"
WITHIN = "sequencer in the writers' process"

Sequencing = Callable[[], AbstractContextManager[None]]


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure as many writers as there are at most, with the sequencer at work and without."""
    writers = scale.writers[-1]
    part = Part("sequencer", f"What placing and sealing cost {writers} writers, and how far behind they are")
    with ground(url, "sequencer", home=scratch) as it, process(it.region, scratch) as beside:
        it.open(scale.cases)
        writing = whole(it, writers, scale.seconds)
        rates = side_by_side(scale.rounds, {
            WITHOUT: from_nothing(it, writing),
            BESIDE: from_nothing(it, during(beside, writing)),
            WITHIN: from_nothing(it, during(lambda: here(it.notary), writing)),
        })  # fmt: skip
        part.rate(rates, WITHOUT)
        part.rate(rates, BESIDE, WITHOUT, Goal(0.8, 0.9))
        part.rate(rates, WITHIN, WITHOUT, Goal(0.8, 0.9))
        with beside():
            for told, behind in {"without a position": lag, "without a checkpoint": unsealed}.items():
                waits, ages = zip(*watched(it.region, writing, behind), strict=True)
                part.lines.append(Line(f"events {told}", Spread.of(waits), ""))
                part.lines.append(Line(f"age of the oldest {told}", Spread.of(ages), " ms"))
        placed, sealed = zip(*(backlog(it, writing) for _ in range(3)), strict=True)
        part.lines.append(Line("a backlog placed", Spread.of(placed), "/s"))
        part.lines.append(Line("a backlog sealed", Spread.of(sealed), "/s"))
    return part


def during(sequencing: Sequencing, writing: Contender) -> Contender:
    """Return the same writing with a sequencer at work."""

    def run() -> float:
        with sequencing():
            return writing()

    return run


def from_nothing(it: Ground, writing: Contender) -> Contender:
    """Return the same writing, begun when nothing waits."""

    def run() -> float:
        settle(it.region, it.notary)
        return writing()

    return run


@contextmanager
def here(notary: Notary) -> Iterator[None]:
    """Place and seal in a thread of this process."""
    sequencer = Sequencer(notary.region, notary)
    sequencer.start()
    try:
        yield
    finally:
        sequencer.stop()


@contextmanager
def process(region: Region, home: Path) -> Iterator[Sequencing]:
    """Give a way to have it placed and sealed in another process."""
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=follow, args=(theirs, region, home), daemon=True)
    other.start()

    def tell(word: str) -> None:
        ours.send(word)
        ours.recv()

    @contextmanager
    def sequencing() -> Iterator[None]:
        tell("start")
        try:
            yield
        finally:
            tell("stop")

    try:
        yield sequencing
    finally:
        ours.send("end")
        other.join(timeout=20)


def follow(told: Connection, region: Region, home: Path) -> None:
    """Place and seal whenever told to, in a process of its own."""
    while (word := told.recv()) != "end":
        if word == "start":
            sequencer = Sequencer(region, notary_of(region, home))
            sequencer.start()
        else:
            sequencer.stop()
        told.send("done")


def watched(region: Region, writing: Contender, behind: Callable[[Database], Lag]) -> list[tuple[float, float]]:
    """Return, of each look during the writing, how many events waited and for how many milliseconds the oldest had."""
    looks: list[tuple[float, float]] = [(0.0, 0.0)]
    over = threading.Event()

    def look() -> None:
        with region.connect() as connection:
            while not over.wait(LOOK_SECONDS):
                waiting = behind(connection)
                now = connection.execute("SELECT clock_timestamp()").fetchone()
                age = (now[0] - waiting.since).total_seconds() if now and waiting.since else 0.0
                looks.append((waiting.events, 1000 * age))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        writing()
    finally:
        over.set()
        watcher.join()
    return looks


def backlog(it: Ground, writing: Contender) -> tuple[float, float]:
    """Return how many events a second are given their positions where many wait, and how many are sealed then."""
    settle(it.region, it.notary)
    writing()
    started = time.perf_counter()
    events = drain(it.region)
    placed = time.perf_counter()
    settle(it.region, it.notary)
    return events / (placed - started), events / (time.perf_counter() - placed)
