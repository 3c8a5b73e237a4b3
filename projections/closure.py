"""How the case was closed, or was going to be: one row for each time that closing was proposed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.closure import CaseClosed, ClosureProposed, ClosureWithdrawn
from domain.decider import Recorded, Role
from domain.intake import ClientInformed
from domain.objections import ObjectionRaised
from domain.remembered import Attribution, Ground, Initiator
from domain.reopening import CaseReopened, Trigger
from domain.requests import ClientAnswered
from projections.projection import Opens, Projection, but

Status = Literal["proposed", "withdrawn", "closed", "reopened"]


@dataclass(frozen=True)
class Closure:
    """A closure, from its proposal to what came of it: ground, initiator, and whether the client agreed.

    `version` is the event that proposed it, `decision` the one that it rests on, which stands elsewhere and can be
    appealed. `informed_at` is when the client counts as having been told of it, and
    `object_by` when their time to object ends. `client` is what the client said to it, None where nothing, and
    `client_told_by` the role of whoever entered that. `closed_by` decided. `objections` is how many were raised against
    the proposal or the closing.
    """

    case: UUID
    number: int
    status: Status
    ground: Ground
    initiator: Initiator
    attributed_to: Attribution
    proposed_at: datetime
    proposed_by: str
    proposed_role: str
    version: int
    client_view: UUID | None
    reason: Annotated[int | None, Opens("reason")]
    alternative: Annotated[int | None, Opens("alternative")]
    decision: UUID | None = None
    urgent: bool = False
    client: Literal["agreed", "refused"] | None = None
    client_told_by: str | None = None
    informed_at: datetime | None = None
    object_by: datetime | None = None
    objections: int = 0
    closed_at: datetime | None = None
    closed: int | None = None
    closed_by: str | None = None
    closed_by_role: str | None = None
    withdrawn_at: datetime | None = None
    withdrawn_because: Annotated[int | None, Opens("reason")] = None
    reopened_at: datetime | None = None
    trigger: Trigger | None = None
    reopened_words: Annotated[int | None, Opens("words")] = None


Closures = tuple[Closure, ...]


def closures(rows: Closures, it: Recorded) -> Closures:
    """Begin a row where closing is proposed, and follow it to its end."""
    match it.event:
        case ClosureProposed():
            return proposed(rows, it, it.event)
        case ClosureWithdrawn(waits_for=None):
            at = it.context.occurred
            return in_last(rows, "proposed", status="withdrawn", withdrawn_at=at, withdrawn_because=it.version)
        case CaseClosed():
            return closed(rows, it, it.event)
        case CaseReopened(trigger=trigger):
            return in_last(
                rows, "closed", status="reopened", reopened_at=time_of(rows, it), trigger=trigger,
                reopened_words=it.version,
            )  # fmt: skip
    return answered(rows, it)


def answered(rows: Closures, it: Recorded) -> Closures:
    """Let the client be told of a proposal, agree to it, refuse it or object."""
    match it.event:
        case ClientInformed(about=version, received_at=datetime() as received, object_by=object_by):
            return in_row(rows, version, informed_at=received, object_by=object_by)
        case ClientAnswered(waits_for=None, version=version, answer=answer):
            agreed = answer in {"agreed", "confirmed"}
            told_by = str(it.context.actor.role)
            return in_row(rows, version, client="agreed" if agreed else "refused", client_told_by=told_by)
        case ObjectionRaised(against=version):
            row = next((row for row in rows if version in {row.version, row.closed}), None)
            return in_row(rows, row.version, objections=row.objections + 1) if row else rows
    return rows


def proposed(rows: Closures, it: Recorded, event: ClosureProposed) -> Closures:
    """Begin a row. It takes the place of a proposal that still stands, of which there is none by the rules."""
    at_clients_wish = event.ground == "client_ended" and it.context.actor.role == Role.CLIENT
    row = begun(rows, it, event)
    if at_clients_wish:
        row = but(row, client="agreed", client_told_by=str(Role.CLIENT))
    rows = in_last(rows, "proposed", status="withdrawn", withdrawn_at=it.context.occurred)
    return (*rows, but(
        row, client_view=event.client_view, reason=it.version, alternative=it.version, decision=event.decision,
        urgent=event.urgent,
    ))  # fmt: skip


def closed(rows: Closures, it: Recorded, event: CaseClosed) -> Closures:
    """Close the case on what was proposed; a closing that nobody proposed is a row of its own."""
    if not any(row.status == "proposed" for row in rows):
        rows = (*rows, begun(rows, it, event))
    return in_last(
        rows, "proposed", status="closed", ground=event.ground, initiator=event.initiator,
        attributed_to=event.attributed_to, closed_at=time_of(rows, it), closed=it.version,
        closed_by=it.context.actor.id, closed_by_role=str(it.context.actor.role),
    )  # fmt: skip


def begun(rows: Closures, it: Recorded, event: ClosureProposed | CaseClosed) -> Closure:
    """Return a row for what both events tell."""
    actor = it.context.actor
    return Closure(
        case=it.stream, number=len(rows) + 1, status="proposed", ground=event.ground, initiator=event.initiator,
        attributed_to=event.attributed_to, proposed_at=it.context.occurred, proposed_by=actor.id,
        proposed_role=str(actor.role), version=it.version, client_view=None, reason=None, alternative=None,
    )  # fmt: skip


def in_last(rows: Closures, standing: Status, **changes: Any) -> Closures:
    """Return the rows with these changes in the last one of this status."""
    row = next((row for row in reversed(rows) if row.status == standing), None)
    return rows if row is None else in_row(rows, row.version, **changes)


def in_row(rows: Closures, version: int, **changes: Any) -> Closures:
    """Return the rows with these changes in the one that began with this version."""
    at = next((at for at, row in enumerate(rows) if row.version == version), None)
    if at is None or (row := but(rows[at], **changes)) == rows[at]:
        return rows
    return (*rows[:at], row, *rows[at + 1 :])


def time_of(rows: Closures, it: Recorded) -> datetime:
    """Return when it happened; nothing ends before it begins, though an import's times may run backward."""
    if not rows:
        return it.context.occurred
    return max(it.context.occurred, rows[-1].closed_at or rows[-1].proposed_at)


CLOSURE = Projection(name="closure", version=2, row=Closure, fold=closures, key=("number",), path="closure")
