"""The bench still runs: whole, and as little of everything as there can be. Nothing here looks at a clock."""

from pathlib import Path

import pytest

from tests.bench import painting
from tests.bench.__main__ import PARTS, measured
from tests.bench.measure import SMALLEST, Goal, Line, Part, Spread, Stopwatch, compared, side_by_side
from tests.bench.report import results, text
from tests.pages.conftest import lacking


@pytest.mark.parametrize("name", PARTS)
def test_every_part_runs_and_can_be_told(name: str, database: str, tmp_path: Path) -> None:
    lacking(painting.missing() if name == "pages" else None)
    (part,) = measured(database, SMALLEST, tmp_path, [name])
    found = results([part], database)["parts"][name]
    assert found["lines"]
    assert all(line["value"]["low"] <= line["value"]["median"] <= line["value"]["high"] for line in found["lines"])
    assert any("goals" in line for line in found["lines"])
    assert "\n".join(text(part))


def test_a_ratio_is_of_the_same_round() -> None:
    rates = {"ours": [10.0, 40.0, 9.0], "theirs": [5.0, 10.0, 9.0]}
    assert compared(rates, "ours", "theirs") == Spread(2.0, 1.0, 4.0)


def test_contenders_take_turns() -> None:
    turns: list[str] = []

    def turn(name: str) -> float:
        turns.append(name)
        return 1.0

    side_by_side(2, {"a": lambda: turn("a"), "b": lambda: turn("b")})
    assert turns == ["a", "b", "a", "b"]


def test_a_goal_that_is_not_met_is_told_as_such() -> None:
    part = Part("a", "A part", [Line("ours", Spread(1, 1, 1), "/s", "theirs", Spread(3.5, 3, 4), Goal(3, 4))])
    assert "goal ≥ 3 met, ≥ 4 NOT MET" in "\n".join(text(part))


def test_a_phase_does_not_count_what_is_within_another() -> None:
    watch = Stopwatch()

    class Work:
        @staticmethod
        def inner() -> None: ...

        @staticmethod
        def outer() -> None:
            Work.inner()

    with watch.watching((Work, "inner", "within"), (Work, "outer", "around")):
        Work.outer()
    assert set(watch.seconds) == {"within", "around"}
    assert sum(watch.share(1.0, 1).values()) == pytest.approx(1e6)
