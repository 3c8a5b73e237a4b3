"""Where everything stands in the picture of a case: lanes from the top, moments from the left, crowds where full."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.pages.drawing import scale
from api.pages.drawing.picture import Flag, Mark, Offer, Period, Picture, heard_label
from api.pages.drawing.scale import Point, Scale
from api.pages.drawing.words import Speaks

NARROW, WIDE = 1040.0, 1800.0
"""A picture is between these wide; what needs more is gathered into crowds."""

MARGIN = 16.0
_MARK, LETTER = 28.0, 7.0
_CROWD = 44.0
HEAD, _TITLE, BAR, _ROW, _LABEL = 52.0, 20.0, 26.0, 34.0, 16.0


@dataclass(frozen=True)
class Window:
    """What of a case is drawn, from one time to another, and which moment is at hand: its time, and how it is told."""

    since: datetime
    until: datetime
    at: datetime | None = None
    told: str = ""


@dataclass(frozen=True)
class Crowd:
    """The marks or the flags of a lane that are too close to be drawn apart: one, where there is room for it."""

    x: float
    lane: str
    of: tuple[Mark | Flag, ...]


@dataclass(frozen=True)
class Lane:
    """A lane in its place: its top, where its bars and the middle of its marks are, and how high it is."""

    name: str
    told: str
    top: float
    bar: float
    row: float
    height: float


@dataclass(frozen=True)
class Layout:
    """Where everything stands, and what is written under the marks."""

    window: Window
    width: float
    height: float
    scale: Scale
    lanes: Mapping[str, Lane]
    crowds: Sequence[Crowd]
    places: Mapping[int, float]
    labels: Mapping[int, str]

    def x(self, version: int | None, at: datetime) -> float:
        """Return where an event stands, or where its moment does if it is not drawn."""
        found = self.places.get(version) if version is not None else None
        return self.scale(at) if found is None else found


def layout(told: Picture, window: Window, speaks: Speaks) -> Layout:
    """Return where everything stands: each mark by itself where there is room for that, else in crowds."""
    marks = [it for it in told.marks if it.at <= window.until]
    labels = _labels(told, speaks)
    flagged = {it.version for it in told.flags}
    points = [Point(it.version, it.at, _rooms(it, labels, flagged)) for it in marks]
    room = scale.needed(sorted(points, key=lambda it: (it.at, it.key))) + 4 * MARGIN
    width = WIDE if room > WIDE else max(NARROW, room)
    right = width - 2 * MARGIN
    true = scale.straight(window.since, window.until, 2 * MARGIN, right)
    if room > WIDE:
        crowds, labels = _crowds(told, marks, true), dict.fromkeys(labels, "")
    else:
        placed = scale.spread(points, true, right)
        true = scale.held(points, placed, true) if points else true
        crowds = [Crowd(placed[it.version], it.lane, (it,)) for it in marks]
        crowds += [Crowd(placed[it.version], "findings", (it,)) for it in told.flags if it.version in placed]
    places = {it.version: crowd.x for crowd in crowds if crowd.lane != "findings" for it in crowd.of}
    lanes, height = _lanes_of(told, window)
    return Layout(window, width, height, true, lanes, crowds, places, labels)


def _labels(told: Picture, speaks: Speaks) -> dict[int, str]:
    """Return what is written under marks: whether a decision heard the client, and what came of an offer."""
    answers = {it.answered: came_of(it) for it in told.offers if it.answered is not None}
    return answers | {it.version: heard_label(it.heard, speaks) for it in told.marks if it.heard}


def _rooms(it: Mark, labels: Mapping[int, str], flagged: Collection[int]) -> dict[str, float]:
    """Return how wide an event is: in its lane, and among the flags if it has one."""
    label = labels.get(it.version, "")
    here = {it.lane: max(_MARK, len(label) * LETTER + 8) if label else _MARK}
    return here | ({"findings": _MARK} if it.version in flagged else {})


def _crowds(told: Picture, marks: Sequence[Mark], true: Scale) -> list[Crowd]:
    """Return what is too close together in each lane, together."""
    found: list[Crowd] = []
    at = {it.version: it.at for it in marks}
    for lane in told.lanes:
        these: dict[int, Mark | Flag] = {it.version: it for it in marks if it.lane == lane}
        if lane == "findings":
            these = {it.version: it for it in told.flags if it.version in at}
        groups = scale.crowds({it: at[it] for it in these}, true, _CROWD)
        found += [Crowd(true(at[group[0]]), lane, tuple(these[it] for it in group)) for group in groups]
    return found


def _lanes_of(told: Picture, window: Window) -> tuple[dict[str, Lane], float]:
    """Return the lanes from the top, each as high as what it holds, and the height of all."""
    lanes: dict[str, Lane] = {}
    top = HEAD
    with_bars, with_marks = {it.lane for it in told.periods if is_shown(it, window)}, {it.lane for it in told.marks}
    offered = {lane for it in told.offers if is_shown(it, window) for lane in (it.sender, it.receiver)}
    for name, title in told.lanes.items():
        is_unit = name.startswith("unit:")
        if is_unit and name not in with_bars | with_marks | offered:
            continue
        bar = BAR if name in with_bars else 0.0
        row = 0.0 if name == "owner" and name not in with_marks else _ROW
        height = _TITLE + bar + row + (_LABEL if row and (is_unit or name in {"work", "owner"}) else 0.0) + 4
        lanes[name] = Lane(name, title, top, top + _TITLE, top + _TITLE + bar + _ROW / 2, height)
        top += height
    return lanes, top + 4


def is_shown(it: Period | Offer, window: Window) -> bool:
    """Say whether a period lasted, or an offer waited, in the window."""
    begun, ended = (it.since, it.until) if isinstance(it, Period) else (it.at, it.answered_at)
    return begun <= window.until and (ended is None or ended >= window.since)


def came_of(it: Offer) -> str:
    """Return in a word or two what came of an offer, and whether it sent the case back to where it had been."""
    return f"{it.returns}, {it.outcome_told}" if it.returns else it.outcome_told
