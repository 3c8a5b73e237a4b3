"""Services that the client gets: begun, declined by the client, ended by the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, in_words, known_holder, only_while_open
from domain.client import only_client_side
from domain.consent import DisclosureBasis, basis_beside
from domain.decider import (
    ANYONE_IN_THE_CASE,
    CLIENT_SIDE,
    Absent,
    Command,
    Conflict,
    Context,
    Event,
    Override,
    Refusal,
    Words,
    not_before,
)
from domain.overrides import Overridable
from domain.plan import pursued
from domain.remembered import Holder, Service

EndPosition = Literal["agreed", "against", "unknown"]
"""What the client thinks of a service's end."""


class ServiceStarted(Event[Case]):
    """A service began: who provides it, and for which goal."""

    topic = "service-started"

    service: UUID
    provider: Holder
    goal: UUID | None
    disclosure_basis: DisclosureBasis = "not_stated"

    def evolve(self, state: Case, ctx: Context) -> Case:
        service = Service(ctx.occurred, self.provider, self.disclosure_basis == "statutory")
        begun = state.services.with_(self.service, service)
        return state.but(services=begun, last_service_at=ctx.occurred)


class StartService(Command[Case]):
    """Record that a service began, with the worker or unit in the directory that provides it, for a goal or none.

    A provider in another organisation learns of the case as far as the client consents, or the law lets them: then
    `disclosure_basis` says so.
    """

    makes = True

    provider: Holder
    goal: UUID | None = None
    disclosure_basis: Literal["statutory"] | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        known_holder(ctx, self.provider)
        if self.goal is not None:
            not_before(ctx, pursued(state, self.goal).since)
        basis = basis_beside(state, self.provider.organisation, self.disclosure_basis, ctx)
        yield ServiceStarted(ctx.id(1), self.provider, self.goal, basis)


class ServiceDeclined(Event[Case]):
    """The client does not want the service. One that a worker wrote down leaves it running until it is ended."""

    topic = "service-declined"

    service: UUID
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return _ended(state, self.service) if ctx.actor.role in CLIENT_SIDE else state


class DeclineService(Command[Case]):
    """Say that you do not want a service. It ends with that.

    A worker may write it down for the client; the service then goes on until it is ended, with the client's position.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    service: UUID
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        not_before(ctx, under_way(state, self.service).since)
        yield ServiceDeclined(self.service, self.words)


class ServiceEnded(Event[Case]):
    """The service ended it: why, what the client thinks of that, and which decision stands behind it."""

    topic = "service-ended"

    service: UUID
    reason: Words
    decision: UUID | None
    client_position: EndPosition

    def evolve(self, state: Case, ctx: Context) -> Case:
        return _ended(state, self.service)


class EndService(Command[Case]):
    """End a service: why, and what the client thinks of it.

    Against the client's position it needs `decision`, a decision referenced in the case that the client can appeal.
    """

    service: UUID
    reason: Words
    client_position: EndPosition
    decision: UUID | None = None
    override: tuple[Override, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        not_before(ctx, under_way(state, self.service).since)
        in_words(reason=self.reason)
        appealable = can_be_appealed(state, self.decision, ctx)
        if self.client_position == "against" and not appealable:
            yield NoDecisionToAppeal(decision=self.decision)
        yield ServiceEnded(self.service, self.reason, self.decision, self.client_position)


def under_way(case: Case, service: UUID) -> Service:
    """Return what is remembered of a service, or refuse one that is not under way."""
    if not (remembered := case.services.get(service)):
        raise ServiceNotUnderWay(service=service)
    return remembered


def can_be_appealed(case: Case, decision: UUID | None, ctx: Context) -> bool:
    """Say whether a decision is named that the client can appeal; refuse one that the case does not refer to."""
    if decision is None:
        return False
    if not (remembered := case.decisions.get(decision)):
        raise DecisionAbsent(decision=decision)
    not_before(ctx, remembered.at)
    return remembered.appeal_until is not None


def _ended(case: Case, service: UUID) -> Case:
    return case.but(services=case.services.with_(service, None))


class ServiceNotUnderWay(Conflict):
    """No such service is under way: it ended or was declined, or the id is another's. Read the plan."""


class DecisionAbsent(Absent):
    """The case refers to no such decision. Reference the decision first, and name the id that it got here."""

    rule = 29


class NoDecisionToAppeal(Overridable):
    """This needs a decision that the client can appeal. Reference one, with the end of its appeal time, and name it."""

    rule = 29
