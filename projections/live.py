"""The folds, live: along with every act, in its transaction, and never in its way."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from psycopg import Connection

from domain.decider import Recorded, State
from domain.ledger.readtable import ReadTable
from domain.ledger.recorder import Rows
from domain.remembered import Holder
from projections.caseload import caseloads
from projections.projection import AnyProjection, every_projection
from projections.standing import STANDING

_log = logging.getLogger(__name__)

Memories = tuple[Any, ...]
"""What each projection remembers of a stream; `_RAISED` where its fold raised, so that it is behind until rebuilt."""

_RAISED: Any = object()


class Live:
    """Every projection, folded as the ledger goes."""

    def __init__(self, projections: Sequence[AnyProjection] | None = None) -> None:
        self.projections = every_projection() if projections is None else tuple(projections)
        self._kinds: dict[type[State], Live] = {}

    @property
    def tables(self) -> Sequence[ReadTable]:
        """The tables that the rows are kept in."""
        return [it.table for it in self.projections]

    def of(self, kind: type[State]) -> Live:
        """Return the projections of one kind of stream."""
        if kind not in self._kinds:
            self._kinds[kind] = Live([it for it in self.projections if it.of is kind])
        return self._kinds[kind]

    def nothing(self) -> Memories:
        """Return what is remembered of a stream of which nothing is recorded."""
        return tuple(it.start for it in self.projections)

    def after(self, rows: Memories, history: Iterable[Recorded]) -> Memories:
        """Return what is remembered after these events. A fold that raises leaves its projection behind and alarms."""
        events = list(history)
        return tuple(
            _RAISED if so_far is _RAISED else _folded(projection, so_far, events)
            for projection, so_far in zip(self.projections, rows, strict=True)
        )

    def changes(self, before: Memories, after: Memories, *, whole: bool) -> Sequence[Rows]:
        """Return what to write: of each projection what changed, or everything where the order did."""
        return [
            _changes(projection, was, now, whole=whole)
            for projection, was, now in zip(self.projections, before, after, strict=True)
        ]

    def caseloads(self, connection: Connection[Any], holders: Collection[Holder]) -> Mapping[Holder, int]:
        """Return how many open cases these workers answer for: of nobody, where it is not kept where cases stand."""
        return caseloads(connection, holders) if STANDING in self.projections else {}


def _folded(projection: AnyProjection, memory: Any, events: Sequence[Recorded]) -> Any:
    try:
        return projection.remembered(memory, events)
    except Exception as raised:
        # Never the message: it may hold words.
        stream, version = (events[-1].stream, events[-1].version) if events else (None, 0)
        _log.error(
            "projection %s is behind: its fold of %s %s to version %d raised %s",
            projection.name, projection.table.kind, stream, version, type(raised).__name__,
        )  # fmt: skip
        return _RAISED


def _changes(projection: AnyProjection, was: Any, now: Any, *, whole: bool) -> Rows:
    if now is _RAISED:
        return Rows(projection.table, failed=True)
    try:
        before = () if whole else projection.rows(was)
        return _changed(projection, before, projection.rows(now), whole=whole)
    except Exception as raised:  # a row that is no row of this projection, whatever it is
        _log.error("projection %s is behind: its rows raised %s", projection.name, type(raised).__name__)
        return Rows(projection.table, failed=True)


def _changed(projection: AnyProjection, was: tuple[Any, ...], now: tuple[Any, ...], *, whole: bool) -> Rows:
    if whole:
        return Rows(projection.table, [projection.record(row) for row in now], whole=True)
    if now is was:
        return Rows(projection.table)
    known, kept = {id(row) for row in was}, {id(row) for row in now}
    new = [row for row in now if id(row) not in known]
    gone = {projection.key_of(row) for row in was if id(row) not in kept}
    if gone - {projection.key_of(row) for row in new}:
        return Rows(projection.table, [projection.record(row) for row in now], whole=True)
    return Rows(projection.table, [projection.record(row) for row in new])
