"""Which closed cases' words wait for the end of their term: one row a case, by when it was closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from domain.case import Case
from domain.decider import Recorded
from domain.erasure import proposal
from domain.history import after, beginning
from domain.ledger.readtable import Index
from domain.policy import LEAST
from domain.remembered import Task
from projections.projection import Projection


@dataclass(frozen=True)
class Kept:
    """A case whose words are kept under a service task: closed then, None while it is open.

    They are held until `held_until` whatever their term. `proposed` says that a person's proposal to destroy them waits
    for another's word, and `erased` that they were destroyed.
    """

    case: UUID
    task: Task
    closed_at: datetime | None
    held_until: datetime | None = None
    proposed: bool = False
    erased: bool = False


@dataclass(frozen=True)
class Keeps:
    """A case as decisions remember it, and the row that it comes to."""

    case: Case
    rows: tuple[Kept, ...] = ()


def kept(keeps: Keeps, it: Recorded) -> Keeps:
    """Let the case go on; the row is another one only where it changes."""
    case = after(keeps.case, it)
    if case.status == "unopened":
        return Keeps(case, keeps.rows)
    row = Kept(it.stream, case.task, case.closed_at, case.held_until, proposal(case) is not None, case.erased)
    return Keeps(case, keeps.rows if keeps.rows == (row,) else (row,))


RETENTION = Projection(
    name="retention", version=1, row=Kept, fold=kept, start=Keeps(beginning(Case)), rows=lambda it: it.rows,
    indexes=(Index(("closed_at",), where="closed_at IS NOT NULL AND NOT erased"),),
)  # fmt: skip


def closed_long_ago(
    connection: Connection[Any], by: datetime, after_them: tuple[datetime, UUID] | None = None
) -> list[tuple[datetime, UUID]]:
    """Return a page of the cases whose term may have ended by then, the first closed first, each with its closing.

    `after_them` is the last of the page before. Child protection counts from a death, so it may be any of its cases.
    """
    at, case = after_them or (None, None)
    wanted = {"by": by - _SHORTEST, "at": at, "case": case, "size": PAGE}
    return connection.execute(_PAGE.encode(), wanted).fetchall()


PAGE = 500
_SHORTEST = timedelta(days=365 * LEAST["keep_years"])
"""No term that runs from a closing is shorter."""

_PAGE = f"""
    SELECT closed_at, "case" FROM {RETENTION.table.table}
    WHERE closed_at IS NOT NULL AND NOT erased AND (closed_at <= %(by)s OR task = 'child_protection')
        AND (%(at)s::timestamptz IS NULL OR (closed_at, "case") > (%(at)s::timestamptz, %(case)s::uuid))
    ORDER BY closed_at, "case" LIMIT %(size)s"""
