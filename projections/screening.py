"""What was found when it was first asked what the client needs: one row a case, so that cases can be likened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.assessment import AssessmentCompleted, AssessmentKind, Outcome, Trigger
from domain.decider import Recorded
from projections.projection import Projection

LOOKS_AHEAD: frozenset[AssessmentKind] = frozenset({"screening", "urgent", "needs"})
"""The assessments that ask what is needed; a review and the final one look back."""


@dataclass(frozen=True)
class Screening:
    """The latest screening, urgent assessment or assessment of needs of a case; `version` completed it.

    `triggers` are those of the latest that named any: an assessment that names none does not take them back.
    """

    case: UUID
    kind: AssessmentKind
    triggers: tuple[Trigger, ...]
    special_support: bool
    outcome: Outcome
    completed_at: datetime
    version: int


def screening(rows: tuple[Screening, ...], it: Recorded) -> tuple[Screening, ...]:
    """Let the latest assessment take the place of the one before."""
    event = it.event
    if not isinstance(event, AssessmentCompleted) or event.kind not in LOOKS_AHEAD:
        return rows
    triggers = tuple(sorted(set(event.triggers))) or (rows[0].triggers if rows else ())
    return (
        Screening(
            case=it.stream, kind=event.kind, triggers=triggers, special_support=event.special_support,
            outcome=event.outcome, completed_at=it.context.occurred, version=it.version,
        ),
    )  # fmt: skip


SCREENING = Projection(name="screening", version=1, row=Screening, fold=screening, path="screening")
