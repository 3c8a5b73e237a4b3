"""How an offered case is taken on, or not: accepted, said to be accepted elsewhere, declined."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.case import (
    Case,
    NotResponsible,
    as_holder,
    in_order,
    in_words,
    known_holder,
    only_responsible,
    speaks_for,
    taking_on,
    works_in,
)
from domain.consent import consented
from domain.decider import (
    STAFF,
    Action,
    Actor,
    Command,
    Conflict,
    Context,
    Event,
    Forbidden,
    Override,
    Refusal,
    Role,
    Words,
)
from domain.handoff import answered, waiting
from domain.meetings import came_to, turned_away
from domain.overrides import Overridable
from domain.remembered import Holder, Pending

DeclineCode = Literal["not_competent", "no_capacity", "client_unwilling", "need_more", "already_ours"]


class HandoffAccepted(Event[Case]):
    """The one to whom the case was offered took it on. What the client decided about the owner stands.

    `caseload` is how many open cases the worker answered for before, and `ceiling` how many they should at most.
    """

    topic = "handoff-accepted"
    lasting = True

    handoff: UUID
    by: Holder
    name_by: datetime | None
    policy: int
    caseload: int | None = None
    ceiling: int | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return came_to(answered(state, self.handoff, ctx), self.by, ctx).held_by(self.by, ctx, self.name_by)


class AcceptHandoff(Command[Case]):
    """Take on the case that was offered to you. From then on you answer for it.

    A manager may take it on for the unit (`for_unit`), which then names a worker within the time that policy sets.
    While the client owns the case, they say yes to the offer first, unless it is urgent; and a consent on which the
    offer rests has to stand still.

    Where it is reported that you accepted elsewhere, you confirm that with this: it counts from then on, also for an
    offer that is over since, and whoever took the case on after you goes on answering for it.
    """

    weighs = True
    action = Action.ANSWER

    handoff: UUID
    for_unit: bool = False
    override: tuple[Override, ...] = ()

    def mentions(self, actor: Actor) -> Iterator[Any]:
        own = as_holder(actor)
        yield from (own, own and own.as_unit)

    def when(self, state: Case) -> datetime | None:
        waits = state.pending if state.pending and state.pending.handoff == self.handoff else None
        offer = waits or claimed(state, self.handoff)
        return offer.claimed_at if offer else None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        pending = only_addressed(state, self.handoff, ctx)
        if pending is state.pending:
            in_order(ctx, state.responsible_since)
        elif ctx.occurred != pending.claimed_at:
            raise NotAsReported(claimed_at=pending.claimed_at)
        by = pending.to.as_unit.but(worker=None if self.for_unit else ctx.actor.id)
        known_holder(ctx, by)
        taking_on(ctx, by)
        if self.for_unit and ctx.actor.role != Role.MANAGER:
            raise OnlyManagerForUnit
        if pending.by_consent and not consented(state, by.organisation, ctx.occurred):
            yield ConsentGone(to=by.organisation)
        if state.owned_by == "client" and not pending.urgent and not state.answers.get(pending.version):
            yield HandoffNotAgreed(version=pending.version)
        yield taken_on(self.handoff, by, ctx)


class HandoffAcceptanceReported(Event[Case]):
    """Somebody says that the handoff was accepted outside the system: a claim, until the receiver accepts it here."""

    topic = "handoff-acceptance-reported"

    handoff: UUID
    by: Holder

    def evolve(self, state: Case, ctx: Context) -> Case:
        if state.pending is None or state.pending.handoff != self.handoff:
            return state
        by_sender = state.responsible is not None and speaks_for(ctx.actor, state.responsible)
        sender_claims = by_sender or (state.pending.sender_claims and state.pending.claimed_at == ctx.occurred)
        return state.but(
            pending=state.pending.but(claimed_by=self.by, claimed_at=ctx.occurred, sender_claims=sender_claims)
        )


class ReportAcceptance(Command[Case]):
    """Report that a handoff was accepted on paper or by telephone. Nothing changes until the receiver accepts it here.

    The sender or somebody of the receiver's unit reports it. Send when it happened; the receiver's acceptance then
    takes that time, unless they say otherwise. Of an offer that was withdrawn here or expired since, its sender alone
    reports it, as `Reported`: that the receiver had accepted while it stood.
    """

    action = Action.ANSWER

    handoff: UUID
    by: Holder

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        pending = reported_over(state, self.handoff, ctx) or waiting(state, self.handoff, ctx)
        if pending is state.pending and not works_in(ctx.actor, pending.to):
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
        state = answered(turned_away(state, self.handoff, ctx), self.handoff, ctx)
        if state.unanswered.get(self.handoff) is None:
            return state
        return state.but(unanswered=state.unanswered.with_(self.handoff, None))


class DeclineHandoff(Command[Case]):
    """Decline the case that was offered to you: why, and where it would be better placed.

    So you also say that you did not accept elsewhere what it is reported that you did.
    """

    action = Action.ANSWER

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


def reported_over(case: Case, handoff: UUID, ctx: Context) -> Pending | None:
    """Return an offer that is over, where its sender reports that it was accepted while it stood; None where not so.

    What is reported waives timing and state, never authority: whoever offered it says so, not the one who would gain.
    """
    over = case.unanswered.get(handoff)
    if over is None or over.sender is None or not ctx.reported or not over.offer.since <= ctx.occurred < over.until:
        return None
    if not speaks_for(ctx.actor, over.sender):
        raise NotResponsible(responsible=over.sender)
    return over.offer


def claimed(case: Case, handoff: UUID) -> Pending | None:
    """Return an offer that is over and by its sender's word was accepted before, None where there is none."""
    over = case.unanswered.get(handoff)
    return over.offer if over and over.offer.sender_claims else None


def only_addressed(case: Case, handoff: UUID, ctx: Context) -> Pending:
    """Return the waiting handoff, or refuse an actor to whom it is not offered (rule 2).

    One that is over still waits for the receiver's word, where its sender says that they accepted it elsewhere.
    """
    pending = claimed(case, handoff) or waiting(case, handoff, ctx)
    if (
        ctx.actor.role not in STAFF
        or not works_in(ctx.actor, pending.to)
        or pending.to.worker not in {None, ctx.actor.id}
    ):
        raise NotOfferedToYou(to=pending.to)
    return pending


def taken_on(handoff: UUID, by: Holder, ctx: Context) -> HandoffAccepted:
    """Return the acceptance: by a worker with their caseload (rule 17), by a unit with the time to name one."""
    known = ctx.known
    if by.worker is None:
        name_by = known.calendar.after_working_days(ctx.occurred, known.policy.name_working_days)
        return HandoffAccepted(handoff, by, name_by, known.policy.version)
    ceiling = known.ceilings.get(by, known.policy.caseload_ceiling)
    return HandoffAccepted(handoff, by, None, known.policy.version, known.caseloads.get(by), ceiling)


class NotOfferedToYou(Forbidden):
    """Only the one to whom it is offered may answer it. Ask the sender to offer it to you if it should be you."""

    rule = 2


class NotAsReported(Conflict):
    """The offer is over, and is confirmed as it is reported: at that time. Leave the time out, or decline it."""

    rule = 2


class OnlyManagerForUnit(Forbidden):
    """Only a manager takes a case on for the unit. Take it on yourself, or ask your manager."""


class ConsentGone(Overridable):
    """It was offered on the client's consent, which stands no longer. Ask them, or let it be offered on another basis.

    Until then whoever offered it goes on answering for the case. Only one who may accept it overrides it: where a
    manager is to, have it offered to their unit.
    """

    rule = 7


class HandoffNotAgreed(Overridable):
    """The case is in the client's hands, and they have not said yes to this offer. Ask them, and record the answer.

    Only one who may accept it overrides it: where a manager is to, have it offered to their unit.
    """

    rule = 30
