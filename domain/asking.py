"""A worker asks for a case. It works when a worker takes the matter on, and is not only given it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.case import Case, as_holder, in_words, known_holder, only_open, only_responsible, taking_on
from domain.decider import Action, Actor, Command, Conflict, Context, Event, Unacceptable, Words, not_before
from domain.remembered import Asking, Holder


class HandoffRequested(Event[Case]):
    """A worker asked for the case. Nothing moves until it is offered to them and they accept."""

    topic = "handoff-requested"

    request: UUID
    by: Holder
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(askings=state.askings.with_(self.request, Asking(self.by, ctx.occurred)))


class RequestHandoff(Command[Case]):
    """Ask for a case that you could take on. Whoever answers for it offers it to you, or declines with reasons.

    You are told no more of the case than you may see already.
    """

    makes = True
    action = Action.ASK

    reason: Words

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield as_holder(actor)

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_open(state)
        in_words(reason=self.reason)
        by = as_holder(ctx.actor)
        if by is None:
            raise AskerWithoutUnit
        known_holder(ctx, by)
        taking_on(ctx, by)
        if by == state.responsible:
            raise AlreadyYours
        if asked_by(state, by):
            raise AlreadyAsked(request=asked_by(state, by))
        yield HandoffRequested(ctx.id(1), by, self.reason)


class HandoffRequestDeclined(Event[Case]):
    """Whoever answers for the case keeps it, and said why."""

    topic = "handoff-request-declined"

    request: UUID
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return answered(state, self.request)


class DeclineHandoffRequest(Command[Case]):
    """Decline to hand the case to the worker who asked for it, with reasons."""

    request: UUID
    reason: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_responsible(state, ctx)
        asking(state, self.request, ctx)
        in_words(reason=self.reason)
        yield HandoffRequestDeclined(self.request, self.reason)


def asking(case: Case, request: UUID, ctx: Context) -> Asking:
    """Return what is remembered of a worker's request, or refuse one that does not wait for an answer."""
    if not (waits := case.askings.get(request)):
        raise HandoffRequestNotOpen(request=request)
    not_before(ctx, waits.since)
    return waits


def asked_by(case: Case, holder: Holder) -> UUID | None:
    """Return the request with which this holder asks for the case, if any waits."""
    return next((request for request, it in case.askings.now().items() if it and it.by == holder), None)


def answers(case: Case, request: UUID | None, to: Holder, ctx: Context) -> UUID | None:
    """Return the request that an offer answers: the one that is named, or else the receiver's own."""
    if request is None:
        return asked_by(case, to)
    if asking(case, request, ctx).by != to:
        raise SomebodyElseAsked(asked=asking(case, request, ctx).by)
    return request


def answered(case: Case, request: UUID | None) -> Case:
    """Return the case without this request waiting."""
    return case if request is None else case.but(askings=case.askings.with_(request, None))


class AskerWithoutUnit(Unacceptable):
    """Your token names no unit, so no case can come to you. Use one that names the unit you work in."""


class AlreadyYours(Conflict):
    """You answer for the case already. Go on with it."""


class AlreadyAsked(Conflict):
    """You have asked for the case, and nobody has answered yet. Wait for the answer."""


class HandoffRequestNotOpen(Conflict):
    """No such request for the case is open: it was answered, or the id is another's. Read the case's history."""


class SomebodyElseAsked(Unacceptable):
    """Somebody else asked for the case in that request. Offer it to them, or leave the request out."""
