"""A matter sent to the competent authority (Administrative Procedure Act 434/2003, 21 §): received or contested.

It can't be declined. Responsibility and the statutory duty pass when it is received, and not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from uuid import UUID

from domain.case import Case, as_holder, in_order, in_words, known_holder, only_open, only_responsible, taking_on
from domain.consent import BasisMissing, consented
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
    Unacceptable,
    Words,
    not_before,
)
from domain.handoff import nothing_under_way
from domain.meetings import came_to
from domain.remembered import Holder, Transfer


class MatterTransferred(Event[Case]):
    """The matter was sent to the authority that is competent in it."""

    topic = "matter-transferred"
    lasting = True

    transfer: UUID
    to_organisation: str
    to_unit: str
    reason: Words
    disclosure_basis: Literal["consent", "statutory", "not_stated"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(transfer=Transfer(self.transfer, self.to_organisation, self.to_unit, ctx.occurred))


class TransferMatter(Command[Case]):
    """Send the matter to the authority that is competent in it. You answer for it until they have received it.

    Inform the client of it. Statute is the basis on which their data go along, unless you say that their consent is.
    """

    makes = True

    to: Holder
    reason: Words
    disclosure_basis: Literal["consent", "statutory"] = "statutory"
    override: tuple[Override, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        only_open(state)
        sender = only_responsible(state, ctx)
        nothing_under_way(state)
        in_order(ctx, state.responsible_since, state.settled_at)
        known_holder(ctx, self.to)
        taking_on(ctx, self.to)
        in_words(reason=self.reason)
        if self.to.worker is not None:
            raise ToUnitOnly(to=self.to.as_unit)
        if self.to.organisation == sender.organisation:
            raise SameAuthority(organisation=self.to.organisation)
        founded = self.disclosure_basis == "statutory" or consented(state, self.to.organisation, ctx.occurred)
        if not founded:
            yield BasisMissing(to=self.to.organisation)
        basis = self.disclosure_basis if founded else "not_stated"
        yield MatterTransferred(ctx.id(1), self.to.organisation, self.to.unit, self.reason, basis)


class TransferReceived(Event[Case]):
    """The competent authority received the matter: it answers for it now, and the duty is its own."""

    topic = "transfer-received"
    lasting = True

    transfer: UUID
    by: Holder

    def evolve(self, state: Case, ctx: Context) -> Case:
        came = came_to(ended(state, self.transfer, ctx), self.by, ctx)
        return came.held_by(self.by, ctx).but(duty_holder=self.by.organisation)


class ReceiveTransfer(Command[Case]):
    """Receive the matter that was transferred to your authority. You answer for it from then on."""

    action = Action.ANSWER

    transfer: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        under_way = only_receiving(state, self.transfer, ctx)
        in_order(ctx, state.responsible_since)
        by = Holder(under_way.to_organisation, under_way.to_unit, ctx.actor.id)
        known_holder(ctx, by)
        taking_on(ctx, by)
        yield TransferReceived(self.transfer, by)

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield as_holder(actor)


class TransferContested(Event[Case]):
    """The authority that was sent the matter holds that it is not competent. The sender goes on answering for it."""

    topic = "transfer-contested"
    lasting = True

    transfer: UUID
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return ended(state, self.transfer, ctx)


class ContestTransfer(Command[Case]):
    """Contest, with reasons, that your authority is the competent one. The sender goes on answering for the matter."""

    action = Action.ANSWER

    transfer: UUID
    reason: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_receiving(state, self.transfer, ctx)
        in_words(reason=self.reason)
        yield TransferContested(self.transfer, self.reason)


def only_receiving(case: Case, transfer: UUID, ctx: Context) -> Transfer:
    """Return the transfer under way, or refuse an actor of another unit than the one it was sent to."""
    under_way = case.transfer
    if under_way is None or under_way.transfer != transfer:
        raise TransferNotPending(transfer=transfer)
    to = (under_way.to_organisation, under_way.to_unit)
    if ctx.actor.role not in STAFF or (ctx.actor.organisation, ctx.actor.unit) != to:
        raise NotSentToYou(to_organisation=to[0], to_unit=to[1])
    not_before(ctx, under_way.since)
    return under_way


def ended(case: Case, transfer: UUID, ctx: Context) -> Case:
    """Return the case without this transfer under way; another goes on."""
    if case.transfer is None or case.transfer.transfer != transfer:
        return case
    return case.but(transfer=None, settled_at=ctx.occurred)


class TransferNotPending(Conflict):
    """This transfer is not under way: it was received or contested. Read the case's handoffs."""

    rule = 5


class NotSentToYou(Forbidden):
    """Only the unit to which the matter was transferred may receive or contest it. Ask it to do so."""

    rule = 5


class ToUnitOnly(Unacceptable):
    """A matter is transferred to a unit, which itself names who answers for it. Leave the worker out."""

    rule = 5


class SameAuthority(Unacceptable):
    """A transfer goes to another authority. Within your own, propose a handoff."""

    rule = 5
