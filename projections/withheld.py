"""What is not told to somebody: from whom, on which ground, by whose word, and when that is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.case import Case
from domain.decider import Recorded, Value
from domain.history import after, beginning
from domain.remembered import KeptBack, Withheld
from domain.trail import Trail
from projections.projection import Opens, Projection, but


@dataclass(frozen=True)
class Withholding:
    """That somebody isn't told of an `entry`, nor of what tells of it too (`also`); `version` is what withholds it.

    `from_whom` is "client", a representative's id, "responsible" for all who ever were named to answer for the case, or
    a worker's id in the `from_organisation`, past whom the client's word goes. `ground` says why. `review_by` is when
    another look is taken at it. With `words_alone` they are told what happened and not its words. It is `settled` once
    it is told, or withheld anew, by the event `settled_by`. The `reason` is for staff and auditors.
    """

    case: UUID
    version: int
    entry: int
    also: tuple[int, ...]
    from_whom: str
    from_organisation: str | None
    ground: KeptBack
    words_alone: bool
    by: str
    by_role: str
    by_organisation: str | None
    by_unit: str | None
    since: datetime
    review_by: datetime | None = None
    settled: datetime | None = None
    settled_by: int | None = None
    reason: Annotated[int | None, Opens("reason")] = None


class Memory(Value):
    """The case as decisions remember it, and the rows by version."""

    case: Case = beginning(Case)
    rows: Trail[int, Withholding] = Trail()


def withheld(memory: Memory, it: Recorded) -> Memory:
    """Let the case go on, and the rows with it."""
    case = after(memory.case, it)
    if case is memory.case:
        return memory
    rows = memory.rows
    if case.withheld is not memory.case.withheld:
        for kept in case.withheld.values:
            if kept is not memory.case.withheld.get(kept.version):
                rows = rows.with_(kept.version, row_of(rows.get(kept.version), kept, it))
    return Memory(case, rows)


def row_of(known: Withholding | None, kept: Withheld, it: Recorded) -> Withholding:
    """Return the row of something that is withheld."""
    if known is not None:
        settled = {"settled": max(it.context.occurred, known.since), "settled_by": it.version} if kept.over else {}
        return but(known, also=kept.also, **settled)
    by = kept.by
    return Withholding(
        it.stream, kept.version, kept.entry, kept.also, kept.from_whom, kept.organisation, kept.ground,
        kept.words_alone, by.id, str(by.role), by.organisation, by.unit, kept.since, kept.review_by,
        reason=None if kept.version == kept.entry else kept.version,
    )  # fmt: skip


def rows_of(memory: Memory) -> tuple[Withholding, ...]:
    """Return what is withheld, or was, in the order in which that began."""
    return memory.rows.values


WITHHELD = Projection(
    name="withheld", version=1, row=Withholding, fold=withheld, key=("version",), path="withheld", start=Memory(),
    rows=rows_of,
)  # fmt: skip
