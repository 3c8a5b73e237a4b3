"""Which cases came from a history elsewhere, and how much of it each has: one row a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.decider import Recorded
from domain.imports import ActivityImported
from domain.intake import CaseOpened
from domain.remembered import Holder
from projections.projection import Projection, but


@dataclass(frozen=True)
class ImportedCase:
    """A case of an imported history: how many rows of the source it has, and how many of them are queued.

    `intake` held the case until the source stated a holder; a part of a holder that the source never states is the
    intake's. `first_at` and `last_at` are the times of the rows, on a clock that never runs backward. `waited` is how
    long, in microseconds, the queued rows waited for the case's next row, and `waiting` says that the last one does.
    """

    case: UUID
    import_id: UUID
    intake: Holder
    rows: int = 0
    queued: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    waiting: bool = False
    waited: int = 0


def imported(rows: tuple[ImportedCase, ...], it: Recorded) -> tuple[ImportedCase, ...]:
    """Take up the case, then count each row of it."""
    match it.event:
        case CaseOpened(responsible=intake) if it.context.imported is not None and not rows:
            return (ImportedCase(it.stream, it.context.imported, intake),)
        case ActivityImported(meaning=meaning) if rows:
            return (counted(rows[0], it.context.occurred, queued=meaning == "queued"),)
    return rows


def counted(case: ImportedCase, occurred: datetime, *, queued: bool) -> ImportedCase:
    """Return the case with one row more."""
    now = max(occurred, case.last_at or occurred)
    waited = (now - case.last_at) // timedelta(microseconds=1) if case.waiting and case.last_at else 0
    return but(
        case, rows=case.rows + 1, queued=case.queued + queued, first_at=case.first_at or now, last_at=now,
        waiting=queued, waited=case.waited + waited,
    )  # fmt: skip


IMPORTED = Projection(name="imported", version=1, row=ImportedCase, fold=imported, path="imported")
