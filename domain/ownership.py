"""Who answers for a case, and how that passes from hand to hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.case import (
    Case,
    Holder,
    Pending,
    as_holder,
    in_order,
    in_words,
    known_holder,
    only_open,
    only_responsible,
    works_in,
)
from domain.decider import STAFF, Actor, Command, Conflict, Context, Event, Forbidden, Role, Unacceptable, Words
from domain.voice import heard

DisclosureBasis = Literal["consent", "statutory", "same_organisation", "not_stated"]
"""On what ground the case's data reach the receiver."""
DeclineCode = Literal["not_competent", "no_capacity", "client_unwilling", "need_more", "already_ours"]


class HandoffProposed(Event[Case]):
    """The responsible holder offered the case to another. The sender answers until it is accepted."""

    topic = "handoff-proposed"
    lasting = True

    handoff: UUID
    to: Holder
    reason: Words
    respond_by: datetime
    policy: int
    warm: bool
    client_view: UUID | None
    disclosure_basis: DisclosureBasis
    urgent: bool = False
    request: UUID | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(pending=Pending(self.handoff, self.to, ctx.occurred, self.respond_by))


class ProposeHandoff(Command[Case]):
    """Offer the case to somebody else. You answer for it until they accept.

    `client_view` is the statement on which the offer rests; without one, `no_view_because` says why there is none.
    """

    makes = True

    to: Holder
    reason: Words
    client_view: UUID | None = None
    no_view_because: Words | None = None
    warm: bool = False
    disclosure_basis: DisclosureBasis | None = None
    urgent: bool = False

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_open(state)
        sender = only_responsible(state, ctx)
        nothing_under_way(state)
        in_order(ctx, state.responsible_since, state.settled_at)
        known_holder(ctx, self.to)
        in_words(reason=self.reason)
        if self.to in {sender, sender.as_unit}:
            raise AlreadyTheirs(to=self.to)
        inside = self.to.organisation == sender.organisation
        basis = self.disclosure_basis or "same_organisation"
        if not inside and basis not in {"consent", "statutory"}:
            raise BasisMissing(to=self.to.organisation)
        yield from heard(state, "handoff", self.client_view, self.no_view_because)
        yield HandoffProposed(
            handoff=ctx.id(1), to=self.to, reason=self.reason, client_view=self.client_view, warm=self.warm,
            respond_by=ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.respond_working_days),
            policy=ctx.known.policy.version, disclosure_basis=basis, urgent=self.urgent,
        )  # fmt: skip


class HandoffAccepted(Event[Case]):
    """The one to whom the case was offered took it on. What the client decided about the owner stands."""

    topic = "handoff-accepted"
    lasting = True

    handoff: UUID
    by: Holder
    name_by: datetime | None
    policy: int
    caseload: int | None = None
    ceiling: int | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(state, self.handoff, ctx).held_by(self.by, ctx.occurred)


class AcceptHandoff(Command[Case]):
    """Take on the case that was offered to you. From then on you answer for it.

    A manager may take it on for the unit (`for_unit`), which then names a worker within the time that policy sets.
    """

    handoff: UUID
    for_unit: bool = False

    def mentions(self, actor: Actor) -> Iterator[Any]:
        own = as_holder(actor)
        yield from (own, own and own.as_unit)

    def when(self, state: Case) -> datetime | None:
        return state.pending.claimed_at if state.pending and state.pending.handoff == self.handoff else None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        pending = only_addressed(state, self.handoff, ctx)
        in_order(ctx, state.responsible_since)
        by = pending.to.as_unit.but(worker=None if self.for_unit else ctx.actor.id)
        known_holder(ctx, by)
        if self.for_unit and ctx.actor.role != Role.MANAGER:
            raise OnlyManagerForUnit
        name_by = ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.name_working_days)
        yield HandoffAccepted(
            handoff=self.handoff,
            by=by,
            name_by=name_by if self.for_unit else None,
            policy=ctx.known.policy.version,
        )


class HandoffAcceptanceReported(Event[Case]):
    """Somebody says that the handoff was accepted outside the system: a claim, until the receiver accepts it here."""

    topic = "handoff-acceptance-reported"

    handoff: UUID
    by: Holder

    def evolve(self, state: Case, ctx: Context) -> Case:
        if state.pending is None or state.pending.handoff != self.handoff:
            return state
        return state.but(pending=state.pending.but(claimed_by=self.by, claimed_at=ctx.occurred))


class ReportAcceptance(Command[Case]):
    """Report that a handoff was accepted on paper or by telephone. Nothing changes until the receiver accepts it here.

    The sender or somebody of the receiver's unit reports it. Send when it happened; the receiver's acceptance then
    takes that time, unless they say otherwise.
    """

    handoff: UUID
    by: Holder

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        pending = waiting(state, self.handoff, ctx)
        if not works_in(ctx.actor, pending.to):
            only_responsible(state, ctx)
        known_holder(ctx, self.by)
        if self.by.as_unit != pending.to.as_unit or pending.to.worker not in {None, self.by.worker}:
            raise NotOfferedToYou(to=pending.to)
        yield HandoffAcceptanceReported(self.handoff, self.by)


class HandoffDeclined(Event[Case]):
    """The one to whom the case was offered did not take it on. The sender goes on answering for it."""

    topic = "handoff-declined"
    lasting = True

    handoff: UUID
    code: DeclineCode
    reason: Words
    better_place: Holder | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(state, self.handoff, ctx)


class DeclineHandoff(Command[Case]):
    """Decline the case that was offered to you: why, and where it would be better placed."""

    handoff: UUID
    code: DeclineCode
    reason: Words
    better_place: Holder | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_addressed(state, self.handoff, ctx)
        in_words(reason=self.reason)
        if self.better_place is not None:
            known_holder(ctx, self.better_place)
        yield HandoffDeclined(self.handoff, self.code, self.reason, self.better_place)


class HandoffWithdrawn(Event[Case]):
    """The sender took the offer back."""

    topic = "handoff-withdrawn"
    lasting = True

    handoff: UUID
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(state, self.handoff, ctx)


class WithdrawHandoff(Command[Case]):
    """Take back your offer of the case while nobody has answered it."""

    handoff: UUID
    reason: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_responsible(state, ctx)
        waiting(state, self.handoff, ctx)
        in_words(reason=self.reason)
        yield HandoffWithdrawn(self.handoff, self.reason)


class HandoffExpired(Event[Case]):
    """Nobody answered the offer in time: it ended, and nothing moved."""

    topic = "handoff-expired"
    lasting = True

    handoff: UUID

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(state, self.handoff, ctx)


class ExpireHandoff(Command[Case]):
    """End an offer whose time to answer has passed. Silence never moves ownership: the sender goes on answering."""

    roles = frozenset({Role.SYSTEM})

    handoff: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        pending = waiting(state, self.handoff, ctx)
        if ctx.occurred < pending.respond_by:
            raise NotYetDue(respond_by=pending.respond_by)
        yield HandoffExpired(self.handoff)


class ResponsibleNamed(Event[Case]):
    """A manager named which worker of the unit that holds the case answers for it."""

    topic = "responsible-named"
    lasting = True

    holder: Holder
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.held_by(self.holder, ctx.occurred)


class NameResponsible(Command[Case]):
    """Name the worker of your unit who answers for the case. Any other move is a handoff."""

    roles = frozenset({Role.MANAGER})

    holder: Holder
    reason: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_open(state)
        held = only_responsible(state, ctx)
        in_order(ctx, state.responsible_since)
        known_holder(ctx, self.holder)
        if self.holder.worker is None or self.holder.as_unit != held.as_unit:
            raise OnlyWithinTheUnit(unit=held.as_unit)
        if self.holder != held:
            yield ResponsibleNamed(self.holder, self.reason)


def nothing_under_way(case: Case) -> None:
    """Refuse while a handoff or a transfer waits for an answer (rule 3)."""
    if case.pending:
        raise HandoffPending(handoff=case.pending.handoff, to=case.pending.to, since=case.pending.since)
    if case.transfer:
        raise TransferPending(transfer=case.transfer.transfer, since=case.transfer.since)


def waiting(case: Case, handoff: UUID, ctx: Context) -> Pending:
    """Return the handoff that waits for an answer, or refuse when it is not this one, or was not offered then."""
    if case.pending is None or case.pending.handoff != handoff:
        raise HandoffNotPending(handoff=handoff)
    if not ctx.imported and ctx.occurred < case.pending.since:
        raise BeforeTheOffer(offered=case.pending.since)
    return case.pending


def only_addressed(case: Case, handoff: UUID, ctx: Context) -> Pending:
    """Return the waiting handoff, or refuse an actor to whom it is not offered (rule 2)."""
    pending = waiting(case, handoff, ctx)
    if (
        ctx.actor.role not in STAFF
        or not works_in(ctx.actor, pending.to)
        or pending.to.worker not in {None, ctx.actor.id}
    ):
        raise NotOfferedToYou(to=pending.to)
    return pending


def answered(case: Case, handoff: UUID, ctx: Context) -> Case:
    """Return the case without this handoff waiting; another that waits goes on waiting."""
    if case.pending is None or case.pending.handoff != handoff:
        return case
    return case.but(pending=None, settled_at=ctx.occurred)


class HandoffPending(Conflict):
    """Another handoff of this case waits for an answer. Wait for it, or withdraw it first."""

    rule = 3


class TransferPending(Conflict):
    """The case is on its way to another authority. Wait until they have received or contested it."""

    rule = 3


class HandoffNotPending(Conflict):
    """This handoff does not wait for an answer: it was answered, withdrawn or expired. Read the case's handoffs."""

    rule = 3


class NotOfferedToYou(Forbidden):
    """Only the one to whom it is offered may answer it. Ask the sender to offer it to you if it should be you."""

    rule = 2


class AlreadyTheirs(Unacceptable):
    """That holder answers for the case already. Offer it to another, or have the manager name a worker."""


class BasisMissing(Unacceptable):
    """It goes to another organisation. Say on what basis its data may be disclosed: consent or statute."""

    rule = 7


class BeforeTheOffer(Unacceptable):
    """It can't have been answered before it was offered. Send when it was answered."""

    rule = 2


class OnlyManagerForUnit(Forbidden):
    """Only a manager takes a case on for the unit. Take it on yourself, or ask your manager."""


class NotYetDue(Conflict):
    """The time to answer has not passed. Try again after it."""

    rule = 4


class OnlyWithinTheUnit(Unacceptable):
    """A manager names a worker of the unit that holds the case. To move it elsewhere, propose a handoff."""
