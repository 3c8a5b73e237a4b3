"""Contenders side by side: in rounds, one after the other, so that what slows one down slows the others too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Contender = Callable[[], float]
"""Works for a short while, and says how much a second it did."""
Rates = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    seconds: float
    rounds: int
    writers: tuple[int, ...]
    cases: int
    """That appends go to; at least as many as one round of them comes to."""
    replayed: int
    long_cases: tuple[int, int]
    rebuilt: tuple[int, ...]
    one_by_one: int
    connections: int
    workers: tuple[int, ...]
    cases_asked: int
    """In the ledger that queries are asked of."""
    lives: int
    """After which its cases go."""
    asks: int
    """How often a query is asked in a round."""
    long_pages: tuple[int, int]
    """How many events the cases have whose pages are looked at."""
    on_hand: tuple[int, int]
    """How many cases the workers have whose desks are."""
    looks: int
    """How often a page is looked at in a round."""


WHOLE = Scale(
    seconds=1.0, rounds=5, writers=(1, 4, 16), cases=3_000, replayed=50_000, long_cases=(100, 10_000),
    rebuilt=(10_000, 50_000, 250_000), one_by_one=1_000, connections=32, workers=(1, 2),
    cases_asked=100_000, lives=600, asks=12, long_pages=(20, 2_000), on_hand=(5, 500), looks=3,
)  # fmt: skip
QUICK = Scale(
    seconds=0.2, rounds=5, writers=(1, 4, 16), cases=1_500, replayed=10_000, long_cases=(100, 2_000),
    rebuilt=(2_000, 10_000), one_by_one=200, connections=32, workers=(1, 2),
    cases_asked=2_000, lives=60, asks=10, long_pages=(20, 500), on_hand=(5, 100), looks=3,
)  # fmt: skip
SMALLEST = Scale(
    seconds=0.02, rounds=1, writers=(2,), cases=40, replayed=100, long_cases=(10, 50), rebuilt=(50,),
    one_by_one=10, connections=4, workers=(1,), cases_asked=40, lives=4, asks=1,
    long_pages=(6, 45), on_hand=(1, 3), looks=1,
)  # fmt: skip
"""Enough to see that it still works."""


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, and the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Goal:
    """What a ratio should reach, first and then; `at_most`: or stay under."""

    first: float
    then: float | None = None
    at_most: bool = False

    def verdicts(self, ratio: float) -> list[tuple[float, bool]]:
        """Return each step of the goal, and whether this ratio meets it."""
        steps = [it for it in (self.first, self.then) if it is not None]
        return [(it, ratio <= it if self.at_most else ratio >= it) for it in steps]


@dataclass(frozen=True)
class Line:
    """A contender: what it came to, and how that compares with another in the same rounds.

    `p99` is what all but one in a hundred stayed under, where each of many was timed.
    """

    what: str
    value: Spread
    unit: str
    against: str = ""
    ratio: Spread | None = None
    goal: Goal | None = None
    p99: float | None = None


@dataclass
class Part:
    """What one part of the run found. `times` say where the time goes: microseconds by phase."""

    name: str
    title: str
    lines: list[Line] = field(default_factory=list)
    times: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rate(self, rates: Rates, name: str, against: str = "", goal: Goal | None = None, unit: str = "/s") -> None:
        """Add a contender's line; with `against` its ratio to another's, round by round."""
        ratio = compared(rates, name, against) if against else None
        self.lines.append(Line(name, Spread.of(rates[name]), unit, against, ratio, goal))


def side_by_side(rounds: int, contenders: Mapping[str, Contender]) -> Rates:
    """Let each contender work in turn, so many rounds; return the rates of each."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            rates[name].append(contender())
    return rates


def compared(rates: Rates, name: str, against: str) -> Spread:
    """Return one contender's rate as a multiple of another's in the same round."""
    return Spread.of([a / b for a, b in zip(rates[name], rates[against], strict=True)])


def by_threads(works: Sequence[Iterator[Any]], seconds: float) -> float:
    """Take steps of each work in a thread of its own until the time is up; return how many a second they took."""
    begin = threading.Barrier(len(works) + 1)
    counts = [0] * len(works)
    failures: list[BaseException] = []
    deadline = [0.0]

    def follow(number: int) -> None:
        begin.wait()
        try:
            for _ in works[number]:
                counts[number] += 1
                if time.perf_counter() > deadline[0]:
                    break
        except BaseException as failed:  # told in the thread that waits
            failures.append(failed)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    deadline[0] = started + seconds
    begin.wait()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - started)


class Stopwatch:
    """Times named phases of one thread's work by wrapping functions; a phase does not count the ones within it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def watching(self, *phases: tuple[Any, str, str]) -> Iterator[None]:
        """Time these attributes for the while, each given as owner, attribute and the name of its phase."""
        originals = [(owner, name, vars(owner)[name]) for owner, name, _ in phases]
        for owner, name, phase in phases:
            setattr(owner, name, self._timed(phase, vars(owner)[name]))
        try:
            yield
        finally:
            for owner, name, original in originals:
                setattr(owner, name, original)

    def _timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._book()
            self._open.append(phase)
            try:
                return function(*args, **kwargs)
            finally:
                self._book()
                self._open.pop()

        return timed

    def _book(self) -> None:
        """Book the time since the last call on the phase at hand."""
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now

    def share(self, whole: float, times: int) -> dict[str, float]:
        """Return microseconds a time by phase, most first, of `whole` seconds that so many times took."""
        phases = sorted(self.seconds.items(), key=lambda it: -it[1])
        rest = whole - sum(self.seconds.values())
        return {name: 1e6 * took / times for name, took in [*phases, ("everything else", rest)]}
