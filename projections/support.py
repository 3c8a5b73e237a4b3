"""What workers need to carry a case: one row for each time that somebody asked, with what they were given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.decider import Recorded
from domain.ledger.readtable import Index
from domain.support import SupportGiven, SupportKind, SupportRequested
from domain.trail import Trail
from projections.projection import Opens, Projection, but


@dataclass(frozen=True)
class Given:
    """An answer to a request for support: what kind of support was given; `version` is its event."""

    version: int
    given_at: datetime
    by: str
    kind: SupportKind


@dataclass(frozen=True)
class Support:
    """A worker's request for support; `version` is its event. `organisation` and `unit` are where they worked then.

    `answers` are what their manager gave them, the first at `answered_at`, None while it waits; `answer` are the words
    of the last.
    """

    case: UUID
    version: int
    asked_at: datetime
    asked_by: str
    organisation: str | None
    unit: str | None
    answered_at: datetime | None = None
    answers: tuple[Given, ...] = ()
    words: Annotated[int | None, Opens("words")] = None
    answer: Annotated[int | None, Opens("words")] = None


Requests = Trail[int, Support]


def support(rows: Requests, it: Recorded) -> Requests:
    """Add a row where somebody asks, and let it have its answers."""
    actor, at = it.context.actor, it.context.occurred
    match it.event:
        case SupportRequested():
            asked = Support(it.stream, it.version, at, actor.id, actor.organisation, actor.unit, words=it.version)
            return rows.with_(it.version, asked)
        case SupportGiven(answers=version, kind=kind) if row := rows.get(version):
            given = Given(it.version, max(at, row.asked_at), actor.id, kind)
            first = row.answered_at or given.given_at
            answered = but(row, answered_at=first, answers=(*row.answers, given), answer=it.version)
            return rows.with_(version, answered)
    return rows


def rows_of(rows: Requests) -> tuple[Support, ...]:
    """Return the requests in the order in which they were made."""
    return rows.values


SUPPORT = Projection(
    name="support", version=1, row=Support, fold=support, key=("version",), path="support", start=Requests(),
    rows=rows_of, indexes=(Index(("asked_at",)), Index(("organisation", "unit", "asked_at"))),
)  # fmt: skip
