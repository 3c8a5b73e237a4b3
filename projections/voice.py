"""The client's voice: one row for each thing said or decided, whether it was heard, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.client import Language, WaitsFor
from domain.client_ownership import ClientAskedWhoOwns, ClientReturnedOwnership, ClientTookOwnership, OwnerChosen
from domain.closure import CaseClosed, ClosureProposed, ClosureWithdrawn
from domain.consent import ConsentGiven, ConsentWithdrawn
from domain.decider import CLIENT_SIDE, Recorded, Value
from domain.objections import ObjectionAnswered, ObjectionLapsed, ObjectionRaised, ObjectionWithdrawn
from domain.provision import ServiceDeclined
from domain.remembered import Holder, Speaker
from domain.reopening import CaseReopened
from domain.requests import (
    YES,
    ClientAnswered,
    ExperienceAsked,
    ExperienceReported,
    RequestAnswered,
    RequestKind,
    RequestMade,
)
from domain.trail import Trail
from domain.voice import (
    About,
    Assistance,
    Medium,
    StatementConfirmed,
    StatementDisputed,
    StatementRecorded,
    ViewUnavailable,
)
from projections.heard import DECISIONS
from projections.projection import Opens, Projection, but

Kind = Literal[
    "statement", "objection", "request", "took_ownership", "chose_owner", "returned_ownership", "proposed_closure",
    "withdrew_objection", "withdrew_closure", "gave_consent", "declined_service", "answer", "experience_asked",
    "experience", "asked_who_owns", "view_unavailable",
]  # fmt: skip
Standing = Literal[
    "unconfirmed", "confirmed", "disputed", "open", "answered", "withdrawn", "lapsed", "carried_out", "awaiting",
    "denied", "given",
]  # fmt: skip


@dataclass(frozen=True)
class Said:
    """Something that the client said or decided, or was asked; `version` is its event, as are all plain numbers.

    `by`, `by_role` and `by_organisation` tell who entered it, `answered_by` and `answered_by_role` who entered what
    came of it: the client's own yes is by the client. `standing` is how a statement was written down in the client's
    eyes; whether an objection, a request or a proposal to close is open, or a consent `given`; whether a decision is
    `awaiting` the word of whom it `waits_for`, and changes nothing yet; None where there is no such question.

    `medium` is how it was said, and `answer_medium` how it was confirmed. `about` is the event that it concerns, and
    `decision` the kind of decision that has no view of the client's. `answered_at` is when its standing last changed.
    `changed` is the event that it altered, a decision of the client's own being its own change; None is nothing yet.
    `used_in` are the decisions that rest on it.
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
    decision: About | None = None
    request: RequestKind | None = None
    chosen: Holder | None = None
    recipients: tuple[str, ...] = ()
    position: Literal["agreed", "refused", "confirmed", "denied"] | None = None
    score: int | None = None
    standing: Standing | None = None
    waits_for: WaitsFor | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    answered_by_role: str | None = None
    answer_medium: Medium | None = None
    outcome: Literal["upheld", "partly_upheld", "rejected", "granted", "partly_granted", "refused"] | None = None
    changed: int | None = None
    used_in: tuple[int, ...] = ()
    words: Annotated[int | None, Opens("words")] = None
    said_of_owner: Annotated[int | None, Opens("answer")] = None
    reason: Annotated[int | None, Opens("reason")] = None
    why: Annotated[int | None, Opens("why")] = None
    correction: Annotated[int | None, Opens("correction")] = None
    answer: Annotated[int | None, Opens("reasons")] = None


class Voice(Value):
    """The rows by version, and the versions by the ids that they go by.

    `used_early` are decisions that count before the statement that they name, as one that was entered late may.
    `proposal` is the client's proposal to close while it stands.
    """

    rows: Trail[int, Said] = Trail()
    versions: Trail[UUID, int] = Trail()
    used_early: Trail[UUID, tuple[int, ...]] = Trail()
    proposal: int | None = None


def voice(so_far: Voice, it: Recorded) -> Voice:
    """Add a row for each thing said or decided, and let what came of it stand in its row."""
    if (row := said(it) or decided(it) or withdrawn(so_far, it) or asked(it)) is not None:
        so_far = added(so_far, row)
    if type(it.event) in DECISIONS:
        so_far = rested_on(so_far, it)
    return ended(answered(so_far, it), it)


def added(so_far: Voice, row: Said) -> Voice:
    """Return the voice with one row more."""
    if row.id is not None:
        so_far = so_far.but(versions=so_far.versions.with_(row.id, row.version))
        early = so_far.used_early.get(row.id) if row.kind == "statement" else None
        row = but(row, used_in=early or ())
    return so_far.but(rows=so_far.rows.with_(row.version, row))


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
        case ClientAnswered(version=about, answer=position, medium=how, waits_for=other):
            return row_of(it, "answer", words=it.version, about=about, position=position, medium=how, waits_for=other)
    return None


def decided(it: Recorded) -> Said | None:
    """Return the row of what the client decided: it takes effect at once, unless it waits for another word."""
    own = it.version
    match it.event:
        case ClientTookOwnership(confirms=None, waits_for=waits_for):
            return decision(it, "took_ownership", waits_for, words=own)
        case OwnerChosen(confirms=None, waits_for=waits_for, holder=holder):
            return decision(it, "chose_owner", waits_for, words=own, chosen=holder)
        case ClientReturnedOwnership(confirms=None, waits_for=waits_for):
            return decision(it, "returned_ownership", waits_for, words=own)
        case ClosureProposed(initiator="client" | "representative"):
            waits_for = None if it.context.actor.role in CLIENT_SIDE else "client"
            return decision(it, "proposed_closure", waits_for, "open", reason=own)
    return permitted(it)


def permitted(it: Recorded) -> Said | None:
    """Return the row of what the client allows or will not have: a consent counts at once, whoever wrote it down."""
    match it.event:
        case ConsentGiven(consent=which, recipients=recipients):
            return row_of(it, "gave_consent", id=which, recipients=recipients, standing="given", changed=it.version)
        case ServiceDeclined(service=which):
            changed = it.version if it.context.actor.role in CLIENT_SIDE else None
            return row_of(it, "declined_service", id=which, words=it.version, changed=changed)
    return None


def withdrawn(so_far: Voice, it: Recorded) -> Said | None:
    """Return the row of what the client is said to take back, where that waits for their own word."""
    match it.event:
        case ObjectionWithdrawn(objection=which, waits_for="client" | "custodian" as waits_for):
            return decision(it, "withdrew_objection", waits_for, about=so_far.versions.get(which))
        case ClosureWithdrawn(waits_for="client" | "custodian" as waits_for):
            return decision(it, "withdrew_closure", waits_for, about=so_far.proposal, reason=it.version)
    return None


def decision(
    it: Recorded, kind: Kind, waits_for: WaitsFor | None, standing: Standing | None = None, **more: Any
) -> Said:
    """Return the row of a decision that is its own change, or that waits for another word."""
    if waits_for is None:
        return row_of(it, kind, standing=standing, changed=it.version, **more)
    return row_of(it, kind, standing="awaiting", waits_for=waits_for, **more)


def asked(it: Recorded) -> Said | None:
    """Return the row of what the client was asked, or why they were not heard."""
    match it.event:
        case ClientAskedWhoOwns():
            return row_of(it, "asked_who_owns", said_of_owner=it.version)
        case ExperienceAsked():
            return row_of(it, "experience_asked")
        case ViewUnavailable(about=about):
            return row_of(it, "view_unavailable", decision=about, why=it.version)
    return None


def row_of(it: Recorded, kind: Kind, **more: Any) -> Said:
    """Return a row with what all rows have."""
    ctx = it.context
    actor = ctx.actor
    return Said(it.stream, it.version, kind, ctx.occurred, actor.id, str(actor.role), actor.organisation, **more)


def answered(so_far: Voice, it: Recorded) -> Voice:
    """Let a row have its answer, or what the client says of how it was written down."""
    match it.event:
        case StatementConfirmed(statement=which, medium=medium):
            return settled(so_far, it, which, "confirmed", answer_medium=medium)
        case StatementDisputed(statement=which):
            return settled(so_far, it, which, "disputed", correction=it.version)
        case ObjectionAnswered(objection=which, outcome=outcome, changed=changed):
            return settled(so_far, it, which, "answered", outcome=outcome, changed=changed, answer=it.version)
        case RequestAnswered(request=which, outcome=outcome):
            return settled(so_far, it, which, "answered", outcome=outcome, answer=it.version)
        case ClientAnswered(waits_for=None) as event:
            return own_word(so_far, it, event)
    return in_force(so_far, it)


def own_word(so_far: Voice, it: Recorded, event: ClientAnswered) -> Voice:
    """Let a decision that waits have the word that it waits for. A proposal to close is the client's from then on."""
    row = so_far.rows.get(event.version)
    if row is None or row.standing != "awaiting":
        return so_far
    if event.answer not in YES:
        return in_row(so_far, it, row, standing="denied", answer_medium=event.medium)
    changed = row.version if row.kind == "proposed_closure" else None
    return in_row(so_far, it, row, standing="confirmed", answer_medium=event.medium, changed=changed)


def in_force(so_far: Voice, it: Recorded) -> Voice:
    """Let what waited for another word know of the event with which it came into force."""
    match it.event:
        case (
            ClientTookOwnership(confirms=int(version))
            | OwnerChosen(confirms=int(version))
            | ClientReturnedOwnership(confirms=int(version))
            | ObjectionWithdrawn(confirms=int(version))
            | ClosureWithdrawn(confirms=int(version))
        ) if row := so_far.rows.get(version):
            return so_far.but(rows=so_far.rows.with_(version, but(row, changed=it.version)))
    return so_far


def ended(so_far: Voice, it: Recorded) -> Voice:
    """Let what the client had said or proposed come to its end without an answer."""
    match it.event:
        case ObjectionWithdrawn(objection=which, waits_for=None):
            return settled(so_far, it, which, "withdrawn")
        case ObjectionLapsed(objection=which):
            return settled(so_far, it, which, "lapsed")
        case ConsentWithdrawn(consent=which, cause=cause):
            return settled(so_far, it, which, "lapsed" if cause == "lapsed" else "withdrawn")
        case CaseReopened(trigger="death_withdrawn"):
            return revived(so_far, it)
    return proposal(so_far, it)


def revived(so_far: Voice, it: Recorded) -> Voice:
    """Let the objections that ended with the client's death be open again: it was a mistake."""
    for row in so_far.rows.values:
        if row.kind == "objection" and row.standing == "lapsed":
            so_far = in_row(so_far, it, row, standing="open")
    return so_far


def proposal(so_far: Voice, it: Recorded) -> Voice:
    """Follow the client's proposal to close to its end."""
    match it.event:
        case ClosureProposed(initiator=initiator):
            return so_far.but(proposal=it.version if initiator in {"client", "representative"} else None)
        case ClosureWithdrawn(waits_for=None):
            return proposal_ended(so_far, it, "withdrawn")
        case CaseClosed():
            return proposal_ended(so_far, it, "carried_out")
    return so_far


def proposal_ended(so_far: Voice, it: Recorded, standing: Standing) -> Voice:
    """Let the client's proposal to close come to its end."""
    row = so_far.rows.get(so_far.proposal) if so_far.proposal else None
    return in_row(so_far, it, row, standing=standing).but(proposal=None) if row else so_far


def settled(so_far: Voice, it: Recorded, which: UUID, standing: Standing, **changes: Any) -> Voice:
    """Return the rows with this statement, objection or request standing otherwise."""
    version = so_far.versions.get(which)
    row = so_far.rows.get(version) if version else None
    return in_row(so_far, it, row, standing=standing, **changes) if row else so_far


def in_row(so_far: Voice, it: Recorded, row: Said, **changes: Any) -> Voice:
    """Return the rows with one of them changed, and when that was and who entered it."""
    actor = it.context.actor
    now = but(
        row, answered_at=it.context.occurred, answered_by=actor.id, answered_by_role=str(actor.role), **changes
    )  # fmt: skip
    return so_far.but(rows=so_far.rows.with_(row.version, now))


def rested_on(so_far: Voice, it: Recorded) -> Voice:
    """Let a statement know of the decision that names it as the client's view."""
    view: UUID | None = getattr(it.event, "client_view", None)
    if view is None:
        return so_far
    version = so_far.versions.get(view)
    row = so_far.rows.get(version) if version else None
    if row is None:
        early = (*(so_far.used_early.get(view) or ()), it.version)
        return so_far.but(used_early=so_far.used_early.with_(view, early))
    return so_far.but(rows=so_far.rows.with_(row.version, but(row, used_in=(*row.used_in, it.version))))


def rows_of(so_far: Voice) -> tuple[Said, ...]:
    """Return what was said and decided, in the order in which it was."""
    return so_far.rows.values


VOICE = Projection(
    name="voice", version=2, row=Said, fold=voice, key=("version",), path="voice", start=Voice(), rows=rows_of
)
