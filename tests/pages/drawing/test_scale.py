"""Moments stand where they are true, and beside each other where they would cover each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.pages.drawing.scale import Point, crowds, held, needed, spread, straight, ticks
from domain.calendar import HELSINKI

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)

moments = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(["voice", "work"]), st.sampled_from([20.0, 50.0])),
    min_size=1, max_size=30,
)  # fmt: skip


def points(told: list[tuple[int, str, float]]) -> list[Point]:
    return [Point(key, NOON + timedelta(minutes=at), {lane: width}) for key, (at, lane, width) in enumerate(told)]


def test_far_apart_moments_stand_where_they_are_true() -> None:
    true = straight(NOON, NOON + timedelta(days=10), 0, 1000)
    told = [Point(1, NOON, {"voice": 20}), Point(2, NOON + timedelta(days=5), {"voice": 20})]
    assert spread(told, true, 1000) == {1: 0, 2: 500}


@given(moments)
@settings(deadline=None)
def test_moments_keep_their_order_and_never_cover_each_other(told: list[tuple[int, str, float]]) -> None:
    placed = sorted(points(told), key=lambda it: (it.at, it.key))
    right = needed(placed) + 100
    places = spread(placed, straight(placed[0].at, placed[-1].at, 0, right), right)
    for before, after in pairwise(placed):
        assert places[before.key] <= places[after.key] + 1e-6
    for lane in ("voice", "work"):
        in_lane = [it for it in placed if lane in it.rooms]
        for one, other in pairwise(in_lane):
            assert places[other.key] - places[one.key] >= (one.rooms[lane] + other.rooms[lane]) / 2 - 1e-6
    assert all(-1e-6 <= it <= right + 1e-6 for it in places.values())


@given(moments)
@settings(deadline=None)
def test_what_is_drawn_beside_the_moments_keeps_the_side_it_is_on(told: list[tuple[int, str, float]]) -> None:
    placed = sorted(points(told), key=lambda it: (it.at, it.key))
    right = needed(placed) + 100
    true = straight(placed[0].at, placed[-1].at, 0, right)
    scale = held(placed, spread(placed, true, right), true)
    between = [scale(placed[0].at + timedelta(minutes=it)) for it in range(0, 10_000, 250)]
    assert between == sorted(between)


def test_moments_of_a_lane_that_are_too_close_make_a_crowd() -> None:
    true = straight(NOON, NOON + timedelta(days=100), 0, 1000)
    at = {1: NOON, 2: NOON + timedelta(days=1), 3: NOON + timedelta(days=2), 4: NOON + timedelta(days=50)}
    assert crowds(at, true, 40) == [[1, 2, 3], [4]]


@pytest.mark.parametrize(("days", "step"), [(10, "day"), (60, "week"), (700, "month"), (3000, "year")])
def test_ticks_stand_at_midnight_in_finland_at_the_beginning_of_a_day_week_month_or_year(days: int, step: str) -> None:
    _, times = ticks(NOON, NOON + timedelta(days=days))
    at = [it.astimezone(HELSINKI) for it in times]
    assert all((it.hour, it.minute) == (0, 0) for it in at)
    assert all({"day": True, "week": it.weekday() == 0, "month": it.day == 1, "year": it.timetuple().tm_yday == 1}[step]
               for it in at)  # fmt: skip
    assert 4 <= len(times) <= 25


def test_a_short_time_has_ticks_at_whole_hours() -> None:
    pattern, times = ticks(NOON, NOON + timedelta(hours=5))
    assert "HH:mm" in pattern
    assert len(times) == 5
