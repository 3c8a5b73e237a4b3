"""Who asked for the case: one row a worker's request, with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.asking import HandoffRequestDeclined, HandoffRequested
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.handoff import HandoffProposed
from domain.ledger.readtable import Index
from domain.remembered import Holder
from projections.projection import Opens, Projection, but

Outcome = Literal["pending", "offered", "declined", "lapsed"]


@dataclass(frozen=True)
class AskedFor:
    """That a worker asked for the case; `version` is the event with which they did, and `answered` its answer.

    It was `offered` to them in the `handoff`, which they accept or not, or they were told why it stays where it is.
    What nobody had answered when the case was closed has `lapsed`; it may still be answered if that is reopened.
    """

    case: UUID
    id: UUID
    by: Holder
    asked_at: datetime
    version: int
    reason: Annotated[int, Opens("reason")]
    outcome: Outcome = "pending"
    answered_at: datetime | None = None
    answered: int | None = None
    handoff: UUID | None = None
    answer_reason: Annotated[int | None, Opens("reason")] = None


Rows = tuple[AskedFor, ...]
_OPEN: frozenset[Outcome] = frozenset({"pending", "lapsed"})


def askings(rows: Rows, it: Recorded) -> Rows:
    """Add a row for each request, and let it have its answer."""
    at, version = it.context.occurred, it.version
    match it.event:
        case HandoffRequested(request=which, by=holder):
            return (*rows, AskedFor(it.stream, which, holder, at, version, reason=version))
        case HandoffProposed(request=UUID() as which, handoff=handoff):
            return answered(rows, it, {which}, outcome="offered", handoff=handoff)
        case HandoffRequestDeclined(request=which):
            return answered(rows, it, {which}, outcome="declined", answer_reason=version)
        case CaseClosed():
            return answered(rows, it, {row.id for row in rows if row.outcome == "pending"}, outcome="lapsed")
    return rows


def answered(rows: Rows, it: Recorded, which: set[UUID], **answer: Any) -> Rows:
    """Return the rows with these requests answered, where they wait for it."""
    if not any(row.id in which and row.outcome in _OPEN for row in rows):
        return rows
    changes = {"answered": it.version} | answer
    return tuple(
        but(row, answered_at=max(it.context.occurred, row.asked_at), **changes)
        if row.id in which and row.outcome in _OPEN
        else row
        for row in rows
    )


ASKINGS = Projection(
    name="askings", version=1, row=AskedFor, fold=askings, key=("id",), path="askings",
    indexes=(Index(("by_organisation", "by_worker", "asked_at")),),
)  # fmt: skip
