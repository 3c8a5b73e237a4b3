"""Reading a ledger again: a long one against the library's way, and one case as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import DatetimeAsISO, DecimalAsStr, JSONTranscoder, Mapper, UUIDAsHex
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.utils import get_topic

from domain.case import Case
from domain.decider import Recorded
from domain.history import counted, fold
from domain.ledger.mapper import codec_of
from domain.ledger.sequencer import drain
from tests.bench.appending import stock
from tests.bench.ground import Ground, ground
from tests.bench.measure import Contender, Goal, Part, Scale, side_by_side

PAGE = 5_000
OURS = "read, decode, fold"
DECODED = "read and decode"
LIBRARY = "the library: read, decode, fold"
LIBRARY_DECODED = "the library: read and decode"


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure the replay of many cases, and of one."""
    del scratch
    part = Part("replay", f"Replay of {scale.replayed:,} events, and of one case")
    with ground(url, "replay") as it, stock(url, 2, "bench_stock_replay") as library:
        it.tell(scale.replayed)
        drain(it.region)
        theirs: Mapper[UUID] = library_mapper()
        library_filled(it, library, theirs)
        rates = side_by_side(scale.rounds, {
            OURS: lambda: replayed(it, folding=True),
            DECODED: lambda: replayed(it, folding=False),
            LIBRARY: lambda: library_replayed(library, theirs, folding=True),
            LIBRARY_DECODED: lambda: library_replayed(library, theirs, folding=False),
        })  # fmt: skip
        part.rate(rates, OURS, LIBRARY, Goal(4))
        part.rate(rates, OURS, LIBRARY_DECODED, Goal(4))
        part.rate(rates, DECODED, LIBRARY_DECODED)
        part.rate(rates, LIBRARY)
        part.rate(rates, LIBRARY_DECODED)
        grown(it, scale, part)
    return part


# Ours.


def replayed(it: Ground, *, folding: bool) -> float:
    """Read the ledger from its first position to its last; return events a second."""
    started, done, at = time.perf_counter(), 0, 1
    states: dict[UUID, Any] = {}
    while page := it.cases.recorder.select_notifications(at, PAGE):
        at = page[-1].id + 1
        done += len(page)
        for stored in page:
            recorded = cast("Recorded", it.cases.mapper.to_domain_event(stored))
            if folding:
                state = states.get(recorded.stream)
                if state is None:
                    state = type(recorded.event).state()
                states[recorded.stream] = recorded.event.evolve(state, recorded.context)
    return done / (time.perf_counter() - started)


def grown(it: Ground, scale: Scale, part: Part) -> None:
    """Measure one case of few events and one of many: what an event costs in each."""
    few, many = scale.long_cases
    it.open(2)
    short, long = it.opened[-2:]
    for case, events in ((short, few), (long, many)):
        it.together([it.statement(case) for _ in range(events - 1)])
    runs: dict[str, Callable[[UUID], object]] = {
        "read and decode": it.cases.history,
        "read, decode, fold the case": lambda case: fold(Case(), counted(it.cases.history(case))),
        "read, decode, fold the case and every projection": lambda case: folded(it, it.cases.history(case)),
    }
    for name, run in runs.items():
        small, large = f"one case of {few:,}: {name}", f"one case of {many:,}: {name}"
        rates = side_by_side(scale.rounds, {
            small: timed(run, short, few, max(1, many // few)),
            large: timed(run, long, many, 1),
        })  # fmt: skip
        part.rate(rates, small)
        part.rate(rates, large, small, Goal(0.8))
    part.times["one event of a long case"] = phases(it, long, many)


def folded(it: Ground, history: list[Recorded]) -> None:
    """Fold the case and its rows in every projection."""
    ordered = counted(history)
    fold(Case(), ordered)
    it.live.of(Case).after(it.live.of(Case).nothing(), ordered)


def timed(run: Callable[[UUID], object], case: UUID, events: int, times: int) -> Contender:
    """Return a run over a case so many times, as events a second."""

    def contender() -> float:
        started = time.perf_counter()
        for _ in range(times):
            run(case)
        return times * events / (time.perf_counter() - started)

    return contender


def phases(it: Ground, case: UUID, events: int) -> dict[str, float]:
    """Return where the time of a replay goes, in microseconds an event."""
    took: dict[str, float] = {}
    started = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal started
        now = time.perf_counter()
        took[name] = 1e6 * (now - started) / events
        started = time.perf_counter()

    stored = it.cases.recorder.select_events(case)
    lap("read")
    history = [cast("Recorded", it.cases.mapper.to_domain_event(event)) for event in stored]
    lap("decode")
    ordered = counted(history)
    lap("put in order")
    fold(Case(), ordered)
    lap("fold the case")
    for projection in it.live.of(Case).projections:
        started = time.perf_counter()
        projection.over(ordered)
        lap(f"fold {projection.name}")
    return took


# The library's.


class Happened(Aggregate.Event):
    """The library's event that carries as much as ours."""

    command: UUID
    actor: dict[str, Any]
    occurred: datetime
    recorded: datetime
    reported: bool
    late: bool
    event: dict[str, Any]

    def apply(self, aggregate: Any) -> None:
        """Count it: a real fold would do more."""
        aggregate.events = getattr(aggregate, "events", 0) + 1


class Began(Aggregate.Created):
    """The library's event that begins a case."""


class Matter(Aggregate):
    """The library's case."""


def library_mapper() -> Mapper[UUID]:
    """Return the library's mapper as it comes."""
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
        transcoder.register(transcoding)
    return Mapper(transcoder)


def library_filled(it: Ground, library: PostgresApplicationRecorder, mapper: Mapper[UUID]) -> None:
    """Append the same events through the library's recorder."""
    at, base = 1, {"originator_topic": get_topic(Matter)}
    while page := it.cases.recorder.select_notifications(at, PAGE):
        at = page[-1].id + 1
        events = [theirs(cast("Recorded", it.cases.mapper.to_domain_event(stored)), base) for stored in page]
        library.insert_events([mapper.to_stored_event(event) for event in events])


def theirs(it: Recorded, base: dict[str, str]) -> Aggregate.Event:
    """Return an event of ours as one of the library's. Each stream begins with the library's own first event."""
    c = it.context
    if it.version == 1:
        return Began(originator_id=it.stream, originator_version=1, timestamp=c.recorded, **base)
    plain = msgspec.json.decode(codec_of(type(it.event)).encode(it.event))
    return cast("Any", Happened)(  # type: ignore[no-any-return]  # the library makes it a dataclass
        originator_id=it.stream, originator_version=it.version, timestamp=c.recorded, command=c.command,
        actor=dict(vars(c.actor)), occurred=c.occurred, recorded=c.recorded, reported=c.reported, late=c.late,
        event=plain,
    )  # fmt: skip


def library_replayed(library: PostgresApplicationRecorder, mapper: Mapper[UUID], *, folding: bool) -> float:
    """Read the library's ledger in pages as large as ours; return events a second."""
    started, done, at = time.perf_counter(), 0, 1
    matters: dict[UUID, Any] = {}
    while page := library.select_notifications(at, PAGE):
        at = page[-1].id + 1
        done += len(page)
        for stored in page:
            event = cast("Any", mapper.to_domain_event(stored))
            if folding:
                matters[event.originator_id] = event.mutate(matters.get(event.originator_id))
    return done / (time.perf_counter() - started)
