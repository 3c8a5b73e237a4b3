"""What was promised to happen next: one row a promise, which stands until another takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.intake import NextStepPromised, Who
from projections.projection import Opens, Projection, but


@dataclass(frozen=True)
class NextStep:
    """A promise: who does it, and by when (`due`); `version` is its event.

    `settled` is when another promise took its place or the case was closed, and `outcome` which of the two. At a
    moment after `due` and before `settled` it is overdue. No deadline is held against a client (rule 30).
    """

    case: UUID
    number: int
    who: Who
    what: Annotated[int, Opens("what")]
    promised_at: datetime
    due: datetime
    version: int
    settled: datetime | None = None
    outcome: Literal["promised", "replaced", "closed"] = "promised"


def next_steps(steps: tuple[NextStep, ...], it: Recorded) -> tuple[NextStep, ...]:
    """Add a row for each promise, and settle the one before."""
    match it.event:
        case NextStepPromised(who=who, by=due):
            step = NextStep(it.stream, len(steps) + 1, who, it.version, it.context.occurred, due, it.version)
            return (*settled(steps, it, "replaced"), step)
        case CaseClosed():
            return settled(steps, it, "closed")
    return steps


def settled(steps: tuple[NextStep, ...], it: Recorded, outcome: Literal["replaced", "closed"]) -> tuple[NextStep, ...]:
    """Return the steps with the last one settled."""
    if not steps or steps[-1].settled is not None:
        return steps
    at = max(it.context.occurred, steps[-1].promised_at)  # an import's times may run backward
    return (*steps[:-1], but(steps[-1], settled=at, outcome=outcome))


NEXT_STEP = Projection(name="next_step", version=1, row=NextStep, fold=next_steps, key=("number",), path="next-step")
