"""What comes from elsewhere: another organisation's contact, and a decision that stands in another system."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.case import Case, only_while_open
from domain.decider import Command, Context, Event, Unacceptable
from domain.directory import only_organisations, organisation_stream
from domain.remembered import Decision


class ContactReceived(Event[Case]):
    """Another organisation got in touch about the case, or gave notice; and on what basis it may."""

    topic = "contact-received"

    from_organisation: str
    legal_basis: Literal["consent", "statutory"]


class ReceiveContact(Command[Case]):
    """Record that another organisation got in touch about the case, or gave notice, and on what basis it may.

    What it said stands in the client information system.
    """

    from_organisation: str
    legal_basis: Literal["consent", "statutory"]

    def relies_on(self) -> Iterator[UUID]:
        yield organisation_stream(self.from_organisation)

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        only_organisations(self, ctx)
        yield ContactReceived(self.from_organisation, self.legal_basis)


class DecisionReferenced(Event[Case]):
    """An administrative decision about the client was made, and stands in the client information system.

    `appeal_until` is when the time to appeal ends, None for a decision that can't be appealed.
    """

    topic = "decision-referenced"

    decision: UUID
    outcome: Literal["granted", "partly_granted", "refused", "ended"]
    made_on: datetime
    appeal_until: datetime | None

    def evolve(self, state: Case, ctx: Context) -> Case:
        decision = Decision(self.made_on, self.appeal_until)
        return state.but(decisions=state.decisions.with_(self.decision, decision))


class ReferenceDecision(Command[Case]):
    """Refer to an administrative decision that stands in the client information system.

    `made_on` is when it was made; left out, it is now. `appeal_until` is when the time to appeal ends; leave it out
    where the decision can't be appealed.
    """

    makes = True

    outcome: Literal["granted", "partly_granted", "refused", "ended"]
    made_on: datetime | None = None
    appeal_until: datetime | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        made_on = self.made_on or ctx.occurred
        if made_on > ctx.occurred:
            raise DecisionInFuture(made_on=made_on)
        if self.appeal_until is not None and self.appeal_until <= made_on:
            raise AppealBeforeDecision(made_on=made_on, appeal_until=self.appeal_until)
        yield DecisionReferenced(ctx.id(1), self.outcome, made_on, self.appeal_until)


class DecisionInFuture(Unacceptable):
    """Nobody refers to a decision that is still to be made. Send when it was made."""

    rule = 19


class AppealBeforeDecision(Unacceptable):
    """The time to appeal ends after the decision. Send when it ends, or leave it out where there is no appeal."""

    rule = 29
