"""What the client contests, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, Objection, entry, in_words
from domain.client import ClientHasDecided, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    CLIENT_SIDE,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Role,
    Words,
    not_before,
)


class ObjectionRaised(Event[Case]):
    """The client contests an event. It replaces no statutory appeal."""

    topic = "objection-raised"

    objection: UUID
    against: Entry
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        waits = Objection(ctx.occurred, by_representative=ctx.actor.role == Role.REPRESENTATIVE)
        return state.but(objections=state.objections.with_(self.objection, waits))


class RaiseObjection(Command[Case]):
    """Object to something that stands in the case. It counts at once and stays open until it is answered.

    `against` is the version of the event. An objection replaces no statutory appeal.
    """

    roles = ANYONE_IN_THE_CASE
    makes = True

    against: Entry
    words: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        entry(ctx, self.against)
        yield ObjectionRaised(ctx.id(1), self.against, self.words)


class ObjectionAnswered(Event[Case]):
    """Somebody answered the client's objection, with reasons."""

    topic = "objection-answered"

    objection: UUID
    outcome: Literal["upheld", "partly_upheld", "rejected"]
    changed: Entry | None
    reasons: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(objections=state.objections.with_(self.objection, None))


class AnswerObjection(Command[Case]):
    """Answer the client's objection: the outcome, the event that it changed if any, and the reasons."""

    objection: UUID
    outcome: Literal["upheld", "partly_upheld", "rejected"]
    reasons: Words
    changed: Entry | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        objection_open(state, self.objection, ctx)
        in_words(reasons=self.reasons)
        if self.changed is not None:
            entry(ctx, self.changed)
        yield ObjectionAnswered(self.objection, self.outcome, self.changed, self.reasons)


class ObjectionWithdrawn(Event[Case]):
    """The client withdrew the objection."""

    topic = "objection-withdrawn"

    objection: UUID

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(objections=state.objections.with_(self.objection, None))


class WithdrawObjection(Command[Case]):
    """Withdraw your objection. A representative does not withdraw the client's own."""

    roles = CLIENT_SIDE

    objection: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        objection = objection_open(state, self.objection, ctx)
        if ctx.actor.role == Role.REPRESENTATIVE and not objection.by_representative:
            raise ClientHasDecided
        yield ObjectionWithdrawn(self.objection)


class ObjectionLapsed(Event[Case]):
    """The objection ended with the client's death."""

    topic = "objection-lapsed"

    objection: UUID
    cause: Literal["death"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(objections=state.objections.with_(self.objection, None))


def objection_open(case: Case, objection: UUID, ctx: Context) -> Objection:
    """Return what is remembered of the objection, or refuse unless it is open."""
    if not (waits := case.objections.get(objection)):
        raise ObjectionNotOpen(objection=objection)
    not_before(ctx, waits.since)
    return waits


class ObjectionNotOpen(Conflict):
    """No such objection is open: it was answered or withdrawn, or the id is another's. Read the client's voice."""
