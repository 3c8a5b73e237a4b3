"""Events: their order in the log and in time, to the very limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import verifier
from tests.verifier.forge import bundle
from verifier import events
from verifier.events import ALLOWANCE, Entry
from verifier.report import Report
from verifier.times import Time

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SIZE = 10


def entry(version: int, position: int | None, recorded: datetime | None = None) -> Entry:
    return Entry(version, position, bytes(32), events.NONE, None, True, bytes(32), None, recorded)


def misplaced(*at: int | None) -> list[str]:
    report = Report()
    events.positions([entry(version, it) for version, it in enumerate(at, 1)], SIZE, report)
    return [str(it) for it in report.faults]


def test_positions_rise_up_to_the_size_and_then_there_are_none() -> None:
    assert misplaced() == misplaced(None) == misplaced(None, None, None) == misplaced(1) == misplaced(SIZE) == []
    assert misplaced(1, 2, SIZE) == misplaced(1, SIZE, None, None) == []


def test_a_position_is_one_of_the_log() -> None:
    outside = "Version 1 has position {} in the log, and the checkpoint has 10 events."
    assert misplaced(0) == [outside.format(0)]
    assert misplaced(SIZE + 1) == [outside.format(SIZE + 1)]


def test_a_position_is_after_that_of_the_version_before() -> None:
    falling = "Version 2 has position {} in the log, which is not after that of the version before it."
    assert misplaced(3, 3) == [falling.format(3)]
    assert misplaced(3, 2, 4) == [falling.format(2)]


def test_only_the_last_versions_may_be_without_a_position() -> None:
    missing = "Version {} has no position in the log, and a later one has: it would have been logged first."
    assert misplaced(1, None, 3) == [missing.format(2)]
    assert misplaced(None, None, 3, None) == [missing.format(1), missing.format(2)]


def backdated(*recorded: datetime | None) -> list[str]:
    report = Report()
    events.rising([entry(version, None, it) for version, it in enumerate(recorded, 1)], report)
    return [str(it) for it in report.faults]


def test_events_of_one_moment_are_in_order() -> None:
    assert backdated(NOON, NOON, NOON + SECOND) == []
    assert backdated(NOON, None, NOON - SECOND) == [
        "Version 3 was back-dated: it says 2026-03-02T11:59:59+00:00, and the one before it was recorded at "
        "2026-03-02T12:00:00+00:00."
    ]


def against(it: Entry) -> list[str]:
    """Return what is wrong with an event's time where the log had five events at noon."""
    report = Report()
    events.dated([it], [Time(5, NOON, "a witness")], report)
    return [it.kind() for it in report.faults]


def test_clocks_may_be_apart_by_the_allowance_and_no_more() -> None:
    before, after = entry(1, 5, NOON + ALLOWANCE), entry(1, 6, NOON - ALLOWANCE)
    assert against(before) == against(after) == against(replace(after, position=None)) == []
    assert against(replace(before, recorded=NOON + ALLOWANCE + SECOND)) == ["postdated"]
    assert against(replace(after, recorded=NOON - ALLOWANCE - SECOND)) == ["backdated-against-checkpoint"]
    assert against(replace(after, position=None, recorded=NOON - ALLOWANCE - SECOND)) == [
        "backdated-against-checkpoint"
    ]
    assert timedelta(minutes=10) == ALLOWANCE


def test_a_history_without_its_first_events_is_missing_them(tmp_path: Path) -> None:
    for count in (1, 2):
        made = bundle()
        del made.events[:count], made.words[:count]
        path = tmp_path / "case.zip"
        path.write_bytes(made.pack())
        said = [str(it) for it in verifier.check(path).faults]
        assert said[:count] == [f"Version {version} is missing." for version in range(1, count + 1)]
        assert {it.kind() for it in verifier.check(path).faults} == {"event-missing"}
