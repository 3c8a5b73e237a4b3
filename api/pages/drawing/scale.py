"""Where moments stand: true to time, and spread where they would stand on top of each other.

A scale runs straight between moments that it holds in their places. What the picture draws beside them, periods and
ticks, goes by the same scale: so nothing changes sides, and a spread moment is before what it is before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calendar import HELSINKI

Pattern = str
"""How a tick is written (Unicode TR 35)."""


@dataclass(frozen=True)
class Point:
    """Something to place: its moment, the lanes that it needs room in, and how wide it is in each."""

    key: int
    at: datetime
    rooms: Mapping[str, float]


@dataclass(frozen=True)
class Scale:
    """From moments to places: straight between those that are held. Before the first and after the last it stops."""

    times: Sequence[datetime]
    places: Sequence[float]

    def __call__(self, at: datetime) -> float:
        """Return where a moment stands."""
        after = bisect_right(self.times, at)
        if after == 0:
            return self.places[0]
        if after == len(self.times):
            return self.places[-1]
        begin, end = self.times[after - 1], self.times[after]
        return self.places[after - 1] + (self.places[after] - self.places[after - 1]) * ((at - begin) / (end - begin))


def straight(since: datetime, until: datetime, left: float, right: float) -> Scale:
    """Return the scale that is true to time throughout."""
    return Scale((since, max(until, since + timedelta(minutes=1))), (left, right))


def needed(points: Sequence[Point]) -> float:
    """Return how much room the points need at least, side by side in their lanes."""
    return max(_pushed(points, [0.0] * len(points)), default=0.0)


def spread(points: Sequence[Point], true: Scale, right: float) -> dict[int, float]:
    """Return the place of each point, in the order of time: where it is true, or as near to that as there is room.

    They fit if there is `needed` room up to `right`.
    """
    ordered = sorted(points, key=lambda it: (it.at, it.key))
    placed = _pushed(ordered, [true(it.at) for it in ordered])
    mirrored = _pushed(ordered[::-1], [right - it for it in placed[::-1]])
    return {it.key: right - x for it, x in zip(ordered, mirrored[::-1], strict=True)}


def _pushed(points: Sequence[Point], wished: Sequence[float]) -> list[float]:
    """Return places that are not before the wished ones, nor before the point before, nor over one in the lane."""
    placed: list[float] = []
    last: dict[str, tuple[float, float]] = {}
    x = 0.0
    for point, wish in zip(points, wished, strict=True):
        near = [last[lane][0] + (last[lane][1] + width) / 2 for lane, width in point.rooms.items() if lane in last]
        x = max(x, wish, *near)
        last |= {lane: (x, width) for lane, width in point.rooms.items()}
        placed.append(x)
    return placed


def held(points: Sequence[Point], places: Mapping[int, float], true: Scale) -> Scale:
    """Return the scale that goes through the points where they were placed, and ends as the true one does."""
    at: dict[datetime, float] = {}
    for point in sorted(points, key=lambda it: (it.at, it.key)):
        at.setdefault(point.at, places[point.key])
    begin, end = true.times[0], true.times[-1]
    if min(at, default=end) > begin:
        at[begin] = true.places[0]
    if max(at, default=begin) < end:
        at[end] = max(true.places[-1], *at.values())
    times = sorted(at)
    return Scale(times, [at[it] for it in times])


def crowds(moments: Mapping[int, datetime], true: Scale, width: float) -> list[list[int]]:
    """Return the keys of a lane's moments in groups: those that are this close to the first of theirs."""
    groups: list[list[int]] = []
    begun = float("-inf")
    for key, at in sorted(moments.items(), key=lambda it: (it[1], it[0])):
        if true(at) - begun >= width:
            begun = true(at)
            groups.append([])
        groups[-1].append(key)
    return groups


# Ticks


def ticks(since: datetime, until: datetime) -> tuple[Pattern, list[datetime]]:
    """Return how ticks are written, and when they are: whole hours, days, Mondays, months or years in Finland."""
    span = until - since
    if span <= timedelta(days=2):
        return "d.M. HH:mm", list(_every(since, until, timedelta(hours=6 if span > timedelta(hours=12) else 1)))
    if span <= timedelta(days=70):
        return "d.M.y", list(_days(since, until, 1 if span <= timedelta(days=14) else 7))
    return "d.M.y", list(_months(since, until, 1 if span <= timedelta(days=900) else 12))


def _every(since: datetime, until: datetime, step: timedelta) -> Iterator[datetime]:
    at = since.astimezone(HELSINKI).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while at <= until:
        yield at
        at += step


def _days(since: datetime, until: datetime, step: int) -> Iterator[datetime]:
    at = _midnight(since) + timedelta(days=1)
    at += timedelta(days=-at.weekday() % 7 if step == 7 else 0)  # noqa: PLR2004  # weeks begin on Monday
    while at <= until:
        yield at
        at += timedelta(days=step)


def _months(since: datetime, until: datetime, step: int) -> Iterator[datetime]:
    first = _midnight(since).replace(day=1)
    month = first.year * 12 + first.month - 1
    month += step - month % step
    while (at := first.replace(year=month // 12, month=month % 12 + 1)) <= until:
        yield at
        month += step


def _midnight(at: datetime) -> datetime:
    return at.astimezone(HELSINKI).replace(hour=0, minute=0, second=0, microsecond=0)
