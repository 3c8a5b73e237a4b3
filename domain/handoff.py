"""A case is offered to another holder. Whoever offers it answers for it until the other has taken it on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain import asking
from domain.alerts import managers_told
from domain.case import Case, gone, in_order, in_words, known_holder, only_open, only_responsible, taking_on
from domain.consent import BasisMissing, DisclosureBasis, basis_for
from domain.decider import Command, Conflict, Context, Entry, Event, Override, Refusal, Role, Unacceptable, Words
from domain.meetings import not_bounced_on
from domain.remembered import Holder, Pending, Unanswered
from domain.voice import heard


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
        pending = Pending(
            self.handoff, self.to, ctx.occurred, self.respond_by, version=ctx.version, urgent=self.urgent,
            warm=self.warm, by_consent=self.disclosure_basis == "consent",
        )  # fmt: skip
        offered = state.offered.with_(self.handoff, ctx.occurred)
        return asking.answered(state, self.request).but(pending=pending, offered=offered)


class ProposeHandoff(Command[Case]):
    """Offer the case to somebody else. You answer for it until they accept.

    `client_view` is the statement on which the offer rests; without one, `no_view_because` says why there is none.
    To another organisation it goes by the client's consent, else on the `disclosure_basis` that you state: statutory.
    Left out, it is `warm` where the client needs special support or the case came back to somebody before; and
    `request` is the one with which the receiver asked for the case.
    """

    makes = True

    to: Holder
    reason: Words
    client_view: UUID | None = None
    no_view_because: Words | None = None
    warm: bool | None = None
    disclosure_basis: DisclosureBasis | None = None
    urgent: bool = False
    request: UUID | None = None
    override: tuple[Override, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        self._allowed(state, ctx)
        request = asking.answers(state, self.request, self.to, ctx)
        basis = basis_for(state, self.to.organisation, self.disclosure_basis, ctx)
        if basis == "not_stated":
            yield BasisMissing(to=self.to.organisation)
        yield from not_bounced_on(state, self.to, ctx)
        yield from heard(state, "handoff", self.client_view, self.no_view_because)
        yield HandoffProposed(
            handoff=ctx.id(1), to=self.to, reason=self.reason, client_view=self.client_view,
            respond_by=ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.respond_working_days),
            policy=ctx.known.policy.version, warm=state.needs_warmth if self.warm is None else self.warm,
            disclosure_basis=basis, urgent=self.urgent, request=request,
        )  # fmt: skip

    def _allowed(self, state: Case, ctx: Context) -> None:
        only_open(state)
        sender = only_responsible(state, ctx)
        nothing_under_way(state)
        in_order(ctx, state.responsible_since, state.settled_at)
        known_holder(ctx, self.to)
        taking_on(ctx, self.to)
        in_words(reason=self.reason)
        if self.to in {sender, sender.as_unit}:
            raise AlreadyTheirs(to=self.to)


class HandoffWithdrawn(Event[Case]):
    """The sender took the offer back."""

    topic = "handoff-withdrawn"
    lasting = True

    handoff: UUID
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(unanswered(state, self.handoff, ctx), self.handoff, ctx)


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
    """Nobody answered the offer in time, or the receiver left before they could: it ended, and nothing moved."""

    topic = "handoff-expired"
    lasting = True

    handoff: UUID
    cause: Literal["silence", "receiver_left"] = "silence"

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(unanswered(state, self.handoff, ctx), self.handoff, ctx)


class ExpireHandoff(Command[Case]):
    """End an offer whose time to answer has passed. Silence never moves ownership: the sender goes on answering.

    Their unit's manager is told. An offer to a `receiver` who takes on nothing more ends before its time.
    """

    roles = frozenset({Role.SYSTEM})

    handoff: UUID
    receiver: Holder | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        pending = waiting(state, self.handoff, ctx)
        left = self.receiver is not None and self.receiver == pending.to and gone(ctx, self.receiver)
        if not left and ctx.occurred < pending.respond_by:
            raise NotYetDue(respond_by=pending.respond_by)
        yield HandoffExpired(self.handoff, "receiver_left" if left else "silence")
        yield from managers_told(state, Entry(ctx.version), "handoff_expired")


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


def answered(case: Case, handoff: UUID, ctx: Context) -> Case:
    """Return the case without this handoff waiting; another that waits goes on waiting."""
    if case.pending is None or case.pending.handoff != handoff:
        return case
    return case.but(pending=None, settled_at=ctx.occurred)


def unanswered(case: Case, handoff: UUID, ctx: Context) -> Case:
    """Return the case with this offer remembered as it is: somebody may have accepted it elsewhere before it ends."""
    if case.pending is None or case.pending.handoff != handoff:
        return case
    over = Unanswered(case.pending, case.responsible, ctx.occurred)
    return case.but(unanswered=case.unanswered.with_(handoff, over))


class HandoffPending(Conflict):
    """Another handoff of this case waits for an answer. Wait for it, or withdraw it first."""

    rule = 3


class TransferPending(Conflict):
    """The case is on its way to another authority. Wait until they have received or contested it."""

    rule = 3


class HandoffNotPending(Conflict):
    """This handoff does not wait for an answer: it was answered, withdrawn or expired. Read the case's handoffs."""

    rule = 3


class AlreadyTheirs(Unacceptable):
    """That holder answers for the case already. Offer it to another, or have the manager name a worker."""


class BeforeTheOffer(Unacceptable):
    """It can't have been answered before it was offered. Send when it was answered."""

    rule = 2


class NotYetDue(Conflict):
    """The time to answer has not passed. Try again after it."""

    rule = 4
