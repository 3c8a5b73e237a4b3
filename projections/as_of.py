"""The same folds at another moment: what was known then, of what had happened by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from domain.case import Case
from domain.decider import Recorded
from domain.history import beginning, counted, fold
from projections.projection import Projection

Row = TypeVar("Row")


class Lasting(Protocol):
    """A row that holds from one moment until another, or still."""

    @property
    def since(self) -> datetime:
        """The first moment at which it holds."""

    @property
    def until(self) -> datetime | None:
        """The first moment at which it no longer does; None while it lasts."""


Period = TypeVar("Period", bound=Lasting)


def state_at(
    history: Sequence[Recorded],
    known_at: datetime | None = None,
    happened_by: datetime | None = None,
    version: int | None = None,
) -> Case:
    """Return the case as its first `version` events tell it, as known at one moment, of what had happened by another.

    `history` is the stream by version. All three are inclusive, and None is now.
    """
    return fold(beginning(Case), counted(first(history, version), known_at, happened_by))


def rows_at(
    projection: Projection[Row, Any],
    history: Sequence[Recorded],
    known_at: datetime | None = None,
    happened_by: datetime | None = None,
    version: int | None = None,
) -> tuple[Row, ...]:
    """Return the rows of a projection at the moment that `state_at` explains."""
    return projection.over(counted(first(history, version), known_at, happened_by))


def first(history: Sequence[Recorded], version: int | None) -> Sequence[Recorded]:
    """Return the events up to and with this version."""
    return history if version is None else [it for it in history if it.version <= version]


def within(rows: Iterable[Period], since: datetime | None = None, until: datetime | None = None) -> tuple[Period, ...]:
    """Return the rows that held at some moment from `since` up to, and not at, `until`; None is no limit.

    A row that began and ended at one moment held at that moment.
    """
    return tuple(
        row
        for row in rows
        if (until is None or row.since < until)
        and (since is None or row.until is None or row.until > since or row.since == since)
    )
