"""The picture of a case as rows of tables: all that is drawn, in the order of time, for whoever would rather read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.pages.drawing.picture import Mark, Offer, Picture, heard_label
from api.pages.drawing.words import Speaks

Cell = str | datetime


@dataclass(frozen=True)
class Row:
    """A row about an event, by its version. `later` says that it does not count yet at the moment at hand."""

    version: int
    cells: Sequence[Cell]
    later: bool


@dataclass(frozen=True)
class Rows:
    """The rows of the tables.

    Of events: happened, recorded, lane, what happened, who, whether the client was heard, notes. Of periods: from,
    until, lane, who. Of offers: offered, from, to, what came of it, answered, whether it went back. Of findings: what.
    """

    events: Sequence[Row]
    periods: Sequence[Row]
    offers: Sequence[Row]
    findings: Sequence[Row]


def rows(told: Picture, speaks: Speaks) -> Rows:
    """Return everything that is in a picture as rows."""
    in_time = sorted(told.marks, key=lambda it: (it.at, it.version))
    return Rows(
        events=[_event(it, told, speaks) for it in in_time],
        periods=[
            Row(it.version, (it.since, it.until or speaks.text("goes on"), told.lanes[it.lane], it.who), it.later)
            for it in told.periods
        ],
        offers=[_offer(it) for it in told.offers],
        findings=[Row(it.version, ("; ".join(it.told),), it.later) for it in told.flags],
    )


def _event(it: Mark, told: Picture, speaks: Speaks) -> Row:
    facts = "; ".join(f"{name}: {value}" for name, value in it.facts)
    what = f"{it.what} – {facts}" if facts else it.what
    heard = f"{heard_label(it.heard, speaks)} ({it.heard_told})" if it.heard else ""
    cells = (it.at, it.recorded, told.lanes[it.lane], what, it.who, heard, ", ".join(it.notes))
    return Row(it.version, cells, it.later)


def _offer(it: Offer) -> Row:
    answered = it.answered_at or ""
    return Row(it.version, (it.at, it.told_from, it.told_to, it.outcome_told, answered, it.returns), it.later)
