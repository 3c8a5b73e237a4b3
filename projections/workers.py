"""Workers: the units that they work in, since when they are leaving, and when they left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.decider import Recorded
from domain.directory import Worker, WorkerJoined
from domain.leaving import WorkerDeparted, WorkerLeaving
from domain.ledger.readtable import Index
from projections.projection import Projection, but


@dataclass(frozen=True)
class Place:
    """A worker in a unit. Whoever is leaving takes on nothing more, and their cases fall to the unit."""

    stream: UUID
    organisation: str
    unit: str
    worker: str
    profession: str
    joined_at: datetime
    leaving_at: datetime | None = None
    departed_at: datetime | None = None


Places = tuple[Place, ...]


def workers(rows: Places, it: Recorded) -> Places:
    """Add a row for each unit that a worker joins; whoever joins one is no longer leaving."""
    now = after(rows, it)
    return rows if now == rows else now


def after(rows: Places, it: Recorded) -> Places:
    """Return the rows after an event."""
    at = it.context.occurred
    match it.event:
        case WorkerJoined(organisation=organisation, unit=unit, worker=worker, profession=profession):
            if any((row.unit, row.leaving_at, row.departed_at) == (unit, None, None) for row in rows):
                return rows  # said twice
            others = tuple(stays(row) for row in rows if row.unit != unit)
            return (*others, Place(it.stream, organisation, unit, worker, profession, at))
        case WorkerLeaving():
            return tuple(row if row.leaving_at else but(row, leaving_at=at) for row in rows)
        case WorkerDeparted():
            return tuple(row if row.departed_at else but(row, departed_at=at) for row in rows)
    return rows


def stays(row: Place) -> Place:
    """Return the row of a unit in which a worker goes on who does not leave after all; one that they left is over."""
    return but(row, leaving_at=None) if row.leaving_at and not row.departed_at else row


WORKERS = Projection(
    name="workers", version=1, row=Place, fold=workers, key=("unit",), of=Worker,
    indexes=(
        Index(("organisation", "unit", "worker")),
        Index(("organisation", "worker"), where="leaving_at IS NOT NULL"),
    ),
)  # fmt: skip
