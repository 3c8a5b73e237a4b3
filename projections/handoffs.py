"""How the case was handed on: one row a handoff or transfer, with its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.acceptance import DeclineCode, HandoffAcceptanceReported, HandoffAccepted, HandoffDeclined
from domain.closure import CaseClosed
from domain.consent import DisclosureBasis
from domain.decider import Recorded, Role
from domain.handoff import HandoffExpired, HandoffProposed, HandoffWithdrawn
from domain.ledger.readtable import Index
from domain.remembered import Holder
from domain.transfer import MatterTransferred, TransferContested, TransferReceived
from projections.projection import Opens, Projection, but

Outcome = Literal["pending", "accepted", "declined", "withdrawn", "expired", "received", "contested"]
Place = Callable[[Holder | None], Any]
"""Returns the place that a holder stands for: the unit, or the organisation."""


@dataclass(frozen=True)
class Handoff:
    """A handoff or a transfer, from the offer to its answer; `version` and `answered` are the events of the two.

    `sender` is who offered it: the responsible worker, or the unit where its manager did so; for an imported history
    the last who accepted, and None before anybody had. `respond_by` is None for a transfer, which can't expire.
    `direct` says that it was accepted in the very act that offered it, as imports do. `returned` says that it is
    offered to a unit that had the case before and passed it on, and `bounced` that it goes straight back to the unit
    that the sender's had it from; `returned_to_organisation` and `bounced_to_organisation` say the same of the
    organisations. `answered_by` entered the answer, and `claim_told_by` the report that somebody accepted it
    elsewhere. `act` is the id of the command that offered it.
    """

    case: UUID
    id: UUID
    kind: Literal["handoff", "transfer"]
    sender: Holder | None
    to: Holder
    returned: bool
    bounced: bool
    returned_to_organisation: bool
    bounced_to_organisation: bool
    proposed_at: datetime
    version: int
    act: UUID
    disclosure_basis: DisclosureBasis
    reason: Annotated[int, Opens("reason")]
    respond_by: datetime | None = None
    warm: bool = False
    urgent: bool = False
    client_view: UUID | None = None
    outcome: Outcome = "pending"
    direct: bool = False
    answered_at: datetime | None = None
    answered: int | None = None
    answered_by: str | None = None
    answered_by_role: str | None = None
    accepted_by: Holder | None = None
    code: DeclineCode | None = None
    better_place: Holder | None = None
    claimed_at: datetime | None = None
    claimed_by: Holder | None = None
    claim_told_by: str | None = None
    answer_reason: Annotated[int | None, Opens("reason")] = None


def handoffs(rows: tuple[Handoff, ...], it: Recorded) -> tuple[Handoff, ...]:
    """Add a row for each offer, and let the one that it answers have its answer."""
    match it.event:
        case HandoffProposed() | MatterTransferred():
            return (*rows, offered(rows, it, it.event))
        case HandoffAcceptanceReported(handoff=which, by=holder):
            ctx = it.context
            return changed(rows, {which}, claimed_at=ctx.occurred, claimed_by=holder, claim_told_by=ctx.actor.id)
        case CaseClosed():  # nothing waits for an answer any longer
            return answered(rows, it, {row.id for row in rows if row.outcome == "pending"}, "withdrawn")
    return taken_on(rows, it)


def taken_on(rows: tuple[Handoff, ...], it: Recorded) -> tuple[Handoff, ...]:
    """Let an offer be accepted, and a transfer received."""
    match it.event:
        case HandoffAccepted(handoff=which, by=holder):
            direct = any(row.id == which and row.act == it.context.command for row in rows)
            return answered(rows, it, {which}, "accepted", accepted_by=holder, direct=direct)
        case TransferReceived(transfer=which, by=holder):
            return answered(rows, it, {which}, "received", accepted_by=holder)
    return not_taken_on(rows, it)


def not_taken_on(rows: tuple[Handoff, ...], it: Recorded) -> tuple[Handoff, ...]:
    """Let an offer come to nothing."""
    reason = it.version
    match it.event:
        case HandoffDeclined(handoff=which, code=code, better_place=place):
            return answered(rows, it, {which}, "declined", code=code, better_place=place, answer_reason=reason)
        case HandoffWithdrawn(handoff=which):
            return answered(rows, it, {which}, "withdrawn", answer_reason=reason)
        case HandoffExpired(handoff=which):
            return answered(rows, it, {which}, "expired")
        case TransferContested(transfer=which):
            return answered(rows, it, {which}, "contested", answer_reason=reason)
    return rows


def offered(rows: tuple[Handoff, ...], it: Recorded, event: HandoffProposed | MatterTransferred) -> Handoff:
    """Return the row of an offer that waits."""
    if isinstance(event, MatterTransferred):
        return sent(rows, it, event, Holder(event.to_organisation, event.to_unit), id=event.transfer, kind="transfer")
    return sent(
        rows, it, event, event.to, id=event.handoff, kind="handoff", respond_by=event.respond_by, warm=event.warm,
        urgent=event.urgent, client_view=event.client_view,
    )  # fmt: skip


def sent(
    rows: tuple[Handoff, ...], it: Recorded, event: HandoffProposed | MatterTransferred, to: Holder, **more: Any
) -> Handoff:
    """Return the row of an offer with what every offer has."""
    sender = sender_of(rows, it)
    return Handoff(
        case=it.stream, sender=sender, to=to,
        returned=had_before(rows, sender, to, unit_of), bounced=sent_by(rows, sender, to, unit_of),
        returned_to_organisation=had_before(rows, sender, to, organisation_of),
        bounced_to_organisation=sent_by(rows, sender, to, organisation_of),
        act=it.context.command, proposed_at=it.context.occurred, version=it.version, reason=it.version,
        disclosure_basis=event.disclosure_basis, **more,
    )  # fmt: skip


def sender_of(rows: tuple[Handoff, ...], it: Recorded) -> Holder | None:
    """Return who offers the case. Only its responsible may; an import is not the sender of what it tells."""
    actor = it.context.actor
    if it.context.imported is not None:
        return next((row.accepted_by for row in reversed(rows) if row.accepted_by), None)
    if actor.organisation is None or actor.unit is None:
        return None
    return Holder(actor.organisation, actor.unit, actor.id if actor.role == Role.WORKER else None)


def unit_of(holder: Holder | None) -> Holder | None:
    """Return the unit that a holder is, or works in."""
    return holder and holder.as_unit


def organisation_of(holder: Holder | None) -> str | None:
    """Return the organisation that a holder is of."""
    return holder.organisation if holder else None


def had_before(rows: tuple[Handoff, ...], sender: Holder | None, to: Holder, place: Place) -> bool:
    """Say whether the place that it is offered to, or somebody in it, once sent this case elsewhere."""
    if place(sender) == place(to):
        return False
    return any(place(row.sender) == place(to) for row in rows)


def sent_by(rows: tuple[Handoff, ...], sender: Holder | None, to: Holder, place: Place) -> bool:
    """Say whether the sender's place had this case from the very place that it is now offered to: A, B, A."""
    here = place(sender)
    if here is None or here == place(to):
        return False
    came = (row for row in reversed(rows) if row.accepted_by and place(row.accepted_by) == here != place(row.sender))
    return any(place(row.sender) == place(to) for row in islice(came, 1))


def answered(
    rows: tuple[Handoff, ...], it: Recorded, which: set[UUID], outcome: Outcome, **answer: Any
) -> tuple[Handoff, ...]:
    """Return the rows with these offers answered, where they wait for it."""
    ctx = it.context
    return changed(
        rows, which, outcome=outcome, answered_at=ctx.occurred, answered=it.version, answered_by=ctx.actor.id,
        answered_by_role=str(ctx.actor.role), **answer,
    )  # fmt: skip


def changed(rows: tuple[Handoff, ...], which: set[UUID], **changes: Any) -> tuple[Handoff, ...]:
    """Return the rows with these offers changed, where they wait for an answer."""
    if not any(row.outcome == "pending" and row.id in which for row in rows):
        return rows
    now = tuple(but(row, **changes) if row.outcome == "pending" and row.id in which else row for row in rows)
    return rows if now == rows else now


HANDOFFS = Projection(
    name="handoffs", version=2, row=Handoff, fold=handoffs, key=("id",), path="handoffs",
    indexes=(
        Index(("proposed_at",)), Index(("sender_organisation", "proposed_at")),
        Index(("to_organisation", "proposed_at")), Index(("outcome", "proposed_at")), Index(("code", "proposed_at")),
        Index(("proposed_at", "case"), where="bounced OR bounced_to_organisation"),
    ),
)  # fmt: skip
