"""The folds, live: along with every act, in its transaction, and never in its way."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from domain.decider import Recorded
from domain.ledger.readtable import ReadTable
from domain.ledger.recorder import Rows
from projections.projection import Projection, every_projection

_log = logging.getLogger(__name__)

CaseRows = tuple[tuple[Any, ...] | None, ...]
"""A case's rows in each projection; None where its fold raised, so that it is behind until it is rebuilt."""


class Live:
    """Every projection, folded as the ledger goes."""

    def __init__(self, projections: Sequence[Projection[Any]] | None = None) -> None:
        self.projections = every_projection() if projections is None else tuple(projections)

    @property
    def tables(self) -> Sequence[ReadTable]:
        """The tables that the rows are kept in."""
        return [it.table for it in self.projections]

    def nothing(self) -> CaseRows:
        """Return the rows of a case of which nothing is recorded."""
        return ((),) * len(self.projections)

    def after(self, rows: CaseRows, history: Iterable[Recorded]) -> CaseRows:
        """Return the rows after these events. A fold that raises leaves its projection behind and alarms."""
        events = list(history)
        return tuple(
            None if so_far is None else _folded(projection, so_far, events)
            for projection, so_far in zip(self.projections, rows, strict=True)
        )

    def changes(self, before: CaseRows, after: CaseRows, *, whole: bool) -> Sequence[Rows]:
        """Return what to write: of each projection what changed, or everything where the order did."""
        return [
            _changes(projection, was, now, whole=whole)
            for projection, was, now in zip(self.projections, before, after, strict=True)
        ]


def _folded(projection: Projection[Any], rows: tuple[Any, ...], events: Sequence[Recorded]) -> tuple[Any, ...] | None:
    try:
        return projection.over(events, rows)
    except Exception as raised:
        # Never the message: it may hold words.
        case, version = (events[-1].stream, events[-1].version) if events else (None, 0)
        _log.error(
            "projection %s is behind: its fold of case %s to version %d raised %s",
            projection.name, case, version, type(raised).__name__,
        )  # fmt: skip
        return None


def _changes(
    projection: Projection[Any], was: tuple[Any, ...] | None, now: tuple[Any, ...] | None, *, whole: bool
) -> Rows:
    try:
        return _changed(projection, was, now, whole=whole)
    except Exception as raised:  # a row that is no row of this projection, whatever it is
        _log.error("projection %s is behind: its rows raised %s", projection.name, type(raised).__name__)
        return Rows(projection.table, failed=True)


def _changed(
    projection: Projection[Any], was: tuple[Any, ...] | None, now: tuple[Any, ...] | None, *, whole: bool
) -> Rows:
    if now is None:
        return Rows(projection.table, failed=True)
    if whole:
        return Rows(projection.table, [projection.record(row) for row in now], whole=True)
    if now is was:
        return Rows(projection.table)
    known, kept = {id(row) for row in was or ()}, {id(row) for row in now}
    new = [row for row in now if id(row) not in known]
    gone = {projection.key_of(row) for row in was or () if id(row) not in kept}
    if gone - {projection.key_of(row) for row in new}:
        return Rows(projection.table, [projection.record(row) for row in now], whole=True)
    return Rows(projection.table, [projection.record(row) for row in new])
