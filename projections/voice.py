"""The client's voice: one row for each thing said or decided, whether it was heard, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.assessment import AssessmentCompleted
from domain.case import Holder, Speaker
from domain.client import Language
from domain.client_ownership import ClientAskedWhoOwns, ClientReturnedOwnership, ClientTookOwnership, OwnerChosen
from domain.closure import ClosureProposed, ClosureWithdrawn
from domain.decider import CLIENT_SIDE, Recorded
from domain.objections import ObjectionAnswered, ObjectionLapsed, ObjectionRaised, ObjectionWithdrawn
from domain.ownership import HandoffProposed
from domain.requests import (
    ClientAnswered,
    ExperienceAsked,
    ExperienceReported,
    RequestAnswered,
    RequestKind,
    RequestMade,
)
from domain.voice import Assistance, Medium, StatementConfirmed, StatementDisputed, StatementRecorded, ViewUnavailable
from projections.projection import Opens, Projection, but

Kind = Literal[
    "statement", "objection", "request", "took_ownership", "chose_owner", "returned_ownership", "proposed_closure",
    "answer", "experience_asked", "experience", "asked_who_owns", "view_unavailable",
]  # fmt: skip


@dataclass(frozen=True)
class Said:
    """Something that the client said or decided, or was asked; `version` is its event, as are all plain numbers.

    `by`, `by_role` and `by_organisation` tell who entered it, `answered_by` and `answered_by_role` who entered what
    came of it: the client's own yes is by the client. `standing` is how a statement was written down in the client's
    eyes, or whether an objection, a request or a proposal to close is open; None where there is no such question.
    `about` is the event that it concerns, and `decision` the kind of decision that has no view of the client's.
    `answered_at` is when its standing last changed. `changed` is the event that it altered, a decision of the client's
    own being its own change; None is nothing yet. `used_in` are the decisions that rest on it.
    """

    case: UUID
    version: int
    kind: Kind
    said_at: datetime
    by: str
    by_role: str
    by_organisation: str | None = None
    id: UUID | None = None
    speaker: Speaker | None = None
    assisted_by: Assistance | None = None
    present: int | None = None
    language: Language | None = None
    medium: Medium | None = None
    about: int | None = None
    decision: Literal["handoff", "assessment", "closure", "transfer"] | None = None
    request: RequestKind | None = None
    chosen: Holder | None = None
    position: Literal["agreed", "refused", "confirmed", "denied"] | None = None
    score: int | None = None
    standing: Literal["unconfirmed", "confirmed", "disputed", "open", "answered", "withdrawn", "lapsed"] | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answered_by_role: str | None = None
    outcome: Literal["upheld", "partly_upheld", "rejected", "granted", "partly_granted", "refused"] | None = None
    changed: int | None = None
    used_in: tuple[int, ...] = ()
    words: Annotated[int | None, Opens("words")] = None
    said_of_owner: Annotated[int | None, Opens("answer")] = None
    reason: Annotated[int | None, Opens("reason")] = None
    why: Annotated[int | None, Opens("why")] = None
    correction: Annotated[int | None, Opens("correction")] = None
    answer: Annotated[int | None, Opens("reasons")] = None


Voice = tuple[Said, ...]


def voice(rows: Voice, it: Recorded) -> Voice:
    """Add a row for each thing said or decided, and let what came of it stand in its row."""
    if (row := said(it) or decided(it) or asked(it)) is not None:
        rows = (*rows, row)
    rows = answered(rows, it)
    return rested_on(rows, it)


def said(it: Recorded) -> Said | None:
    """Return the row of what the client said, or another in the client's place."""
    match it.event:
        case StatementRecorded() as event:
            return row_of(
                it, "statement", id=event.statement, words=it.version, speaker=event.speaker, about=event.about,
                assisted_by=event.assisted_by, present=event.present, language=event.language, medium=event.medium,
                standing="confirmed" if it.context.actor.role in CLIENT_SIDE else "unconfirmed",
            )  # fmt: skip
        case ObjectionRaised(objection=which, against=about):
            return row_of(it, "objection", id=which, words=it.version, about=about, standing="open")
        case RequestMade(request=which, kind=kind):
            return row_of(it, "request", id=which, words=it.version, request=kind, standing="open")
        case ExperienceReported(score=score):
            return row_of(it, "experience", words=it.version, score=score)
    return None


def decided(it: Recorded) -> Said | None:
    """Return the row of what the client decided: it takes effect at once."""
    own = it.version
    match it.event:
        case ClientTookOwnership():
            return row_of(it, "took_ownership", words=own, changed=own)
        case OwnerChosen(holder=holder):
            return row_of(it, "chose_owner", words=own, changed=own, chosen=holder)
        case ClientReturnedOwnership():
            return row_of(it, "returned_ownership", words=own, changed=own)
        case ClosureProposed(initiator="client" | "representative"):
            return row_of(it, "proposed_closure", reason=own, changed=own, standing="open")
        case ClientAnswered(version=about, answer=position):
            return row_of(it, "answer", words=own, about=about, position=position)
    return None


def asked(it: Recorded) -> Said | None:
    """Return the row of what the client was asked, or why they were not heard."""
    match it.event:
        case ClientAskedWhoOwns():
            return row_of(it, "asked_who_owns", said_of_owner=it.version)
        case ExperienceAsked():
            return row_of(it, "experience_asked")
        case ViewUnavailable(about=decision):
            return row_of(it, "view_unavailable", decision=decision, why=it.version)
    return None


def row_of(it: Recorded, kind: Kind, **more: Any) -> Said:
    """Return a row with what all rows have."""
    ctx = it.context
    actor = ctx.actor
    return Said(it.stream, it.version, kind, ctx.occurred, actor.id, str(actor.role), actor.organisation, **more)


def answered(rows: Voice, it: Recorded) -> Voice:
    """Let a row have its answer, or what the client says of how it was written down."""
    reasons = it.version
    match it.event:
        case StatementConfirmed(statement=which):
            return settled(rows, it, which, "confirmed")
        case StatementDisputed(statement=which):
            return settled(rows, it, which, "disputed", correction=it.version)
        case ObjectionAnswered(objection=which, outcome=outcome, changed=changed):
            return settled(rows, it, which, "answered", outcome=outcome, changed=changed, answer=reasons)
        case RequestAnswered(request=which, outcome=outcome):
            return settled(rows, it, which, "answered", outcome=outcome, answer=reasons)
    return taken_back(rows, it)


def taken_back(rows: Voice, it: Recorded) -> Voice:
    """Let what the client had said or proposed come to its end without an answer."""
    match it.event:
        case ObjectionWithdrawn(objection=which):
            return settled(rows, it, which, "withdrawn")
        case ObjectionLapsed(objection=which):
            return settled(rows, it, which, "lapsed")
        case ClosureWithdrawn() if proposals := [row for row in rows if row.kind == "proposed_closure"]:
            return changed_in(rows, proposals[-1], standing="withdrawn", **entered(it))
    return rows


def settled(rows: Voice, it: Recorded, which: UUID, standing: str, **changes: Any) -> Voice:
    """Return the rows with this statement, objection or request standing otherwise."""
    row = next((row for row in reversed(rows) if row.id == which), None)
    if row is None:
        return rows
    return changed_in(rows, row, standing=standing, **entered(it), **changes)


def entered(it: Recorded) -> dict[str, Any]:
    """Return when something came of it, and who entered that."""
    actor = it.context.actor
    return {"answered_at": it.context.occurred, "answered_by": actor.id, "answered_by_role": str(actor.role)}


def rested_on(rows: Voice, it: Recorded) -> Voice:
    """Let a statement know of the decision that names it as the client's view."""
    match it.event:
        case (
            HandoffProposed(client_view=view)
            | AssessmentCompleted(client_view=view)
            | ClosureProposed(client_view=view)
        ):
            row = next((row for row in reversed(rows) if row.id == view), None) if view else None
            return changed_in(rows, row, used_in=(*row.used_in, it.version)) if row else rows
    return rows


def changed_in(rows: Voice, row: Said, **changes: Any) -> Voice:
    """Return the rows with one of them changed."""
    if (now := but(row, **changes)) == row:
        return rows
    at = next(at for at, it in enumerate(rows) if it is row)
    return (*rows[:at], now, *rows[at + 1 :])


VOICE = Projection(name="voice", version=1, row=Said, fold=voice, key=("version",), path="voice")
