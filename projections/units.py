"""Units: what they are called, where they are, the caseload limit of their workers, and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.decider import Recorded
from domain.directory import Unit, UnitOpened
from domain.leaving import CaseloadLimitSet, UnitClosed
from domain.ledger.readtable import Index
from projections.projection import Projection, but


@dataclass(frozen=True)
class UnitLimit:
    """A unit, with the caseload limit of its workers from `since` on up to, and not at, `until`.

    `caseload_limit` is None until one is set, so that policy's ceiling holds. A unit that was closed takes on nothing
    more.
    """

    unit_stream: UUID
    number: int
    organisation: str
    unit: str
    name: str
    locality: str | None
    opened_at: datetime
    since: datetime
    caseload_limit: int | None = None
    until: datetime | None = None
    closed_at: datetime | None = None


UnitLimits = tuple[UnitLimit, ...]


def units(rows: UnitLimits, it: Recorded) -> UnitLimits:
    """Begin a row with the unit and with each limit; close the last one with the unit."""
    at = it.context.occurred
    match it.event:
        case UnitOpened(organisation=organisation, unit=unit, name=name, locality=locality) if not rows:
            return (UnitLimit(it.stream, 1, organisation, unit, name, locality, at, at),)
        case CaseloadLimitSet(limit=limit) if rows and rows[-1].caseload_limit != limit:
            last, since = rows[-1], max(at, rows[-1].since)
            now = but(last, number=last.number + 1, caseload_limit=limit, since=since)
            return (*rows[:-1], but(last, until=since), now)
        case UnitClosed() if rows and rows[-1].closed_at is None:
            return (*rows[:-1], but(rows[-1], closed_at=at))
    return rows


UNITS = Projection(
    name="units", version=1, row=UnitLimit, fold=units, key=("number",), of=Unit,
    indexes=(Index(("organisation", "unit", "number")),),
)  # fmt: skip
