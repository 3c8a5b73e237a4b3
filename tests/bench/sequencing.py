"""What the sequencer costs those who write, and how far behind it is meanwhile."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from domain.ledger.database import Region
from domain.ledger.sequencer import Sequencer, drain, lag
from tests.bench.appending import whole
from tests.bench.ground import Ground, ground
from tests.bench.measure import Contender, Goal, Line, Part, Scale, Spread, side_by_side

LOOK_SECONDS = 0.05
WITHOUT = "writers, no sequencer"
BESIDE = "sequencer in its own process"
WITHIN = "sequencer in the writers' process"

Sequencing = Callable[[], AbstractContextManager[None]]


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure as many writers as there are at most, with the sequencer at work and without."""
    del scratch
    writers = scale.writers[-1]
    part = Part("sequencer", f"The sequencer's toll on {writers} writers, and its lag")
    with ground(url, "sequencer") as it, process(it.region) as beside:
        it.open(scale.cases)
        writing = whole(it, writers, scale.seconds)
        rates = side_by_side(scale.rounds, {
            WITHOUT: from_nothing(it, writing),
            BESIDE: from_nothing(it, during(beside, writing)),
            WITHIN: from_nothing(it, during(lambda: here(it.region), writing)),
        })  # fmt: skip
        part.rate(rates, WITHOUT)
        part.rate(rates, BESIDE, WITHOUT, Goal(0.8, 0.9))
        part.rate(rates, WITHIN, WITHOUT, Goal(0.8, 0.9))
        with beside():
            waits, ages = zip(*watched(it.region, writing), strict=True)
        part.lines.append(Line("events that wait", Spread.of(waits), ""))
        part.lines.append(Line("age of the oldest that waits", Spread.of(ages), " ms"))
        part.lines.append(Line("a backlog drained", Spread.of([backlog(it, writing) for _ in range(3)]), "/s"))
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
        drain(it.region)
        return writing()

    return run


@contextmanager
def here(region: Region) -> Iterator[None]:
    """Sequence in a thread of this process."""
    sequencer = Sequencer(region)
    sequencer.start()
    try:
        yield
    finally:
        sequencer.stop()


@contextmanager
def process(region: Region) -> Iterator[Sequencing]:
    """Give a way to have it sequenced in another process."""
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=follow, args=(theirs, region), daemon=True)
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


def follow(told: Connection, region: Region) -> None:
    """Sequence whenever told to, in a process of its own."""
    while (word := told.recv()) != "end":
        if word == "start":
            sequencer = Sequencer(region)
            sequencer.start()
        else:
            sequencer.stop()
        told.send("done")


def watched(region: Region, writing: Contender) -> list[tuple[float, float]]:
    """Return, of each look during the writing, how many events waited and for how many milliseconds the oldest had."""
    looks: list[tuple[float, float]] = [(0.0, 0.0)]
    over = threading.Event()

    def look() -> None:
        with region.connect() as connection:
            while not over.wait(LOOK_SECONDS):
                behind = lag(connection)
                now = connection.execute("SELECT clock_timestamp()").fetchone()
                age = (now[0] - behind.since).total_seconds() if now and behind.since else 0.0
                looks.append((behind.events, 1000 * age))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        writing()
    finally:
        over.set()
        watcher.join()
    return looks


def backlog(it: Ground, writing: Contender) -> float:
    """Return how many events a second are sequenced where many wait."""
    drain(it.region)
    writing()
    started = time.perf_counter()
    return drain(it.region) / (time.perf_counter() - started)
