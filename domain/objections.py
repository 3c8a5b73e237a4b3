"""What the client contests, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, in_words
from domain.client import WaitsFor, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    STAFF,
    Actor,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Role,
    Words,
    not_before,
)
from domain.remembered import Awaiting, Objection
from domain.voice import same_person


class ObjectionRaised(Event[Case]):
    """The client contests the event with the version `against`. It replaces no statutory appeal."""

    topic = "objection-raised"

    objection: UUID
    against: Entry
    words: Words
    whose: Actor | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        waits = Objection(ctx.occurred, ctx.actor, self.against, self.whose, version=ctx.version)
        raised = state.reached(ctx).but(objections=state.objections.with_(self.objection, waits))
        return raised.past_worker(ctx, *_worker(self.whose))


class RaiseObjection(Command[Case]):
    """Object to something that stands in the case. It counts at once and stays open until it is answered.

    It goes past the worker whose act it is against: they don't read it until it is answered, nor if it is taken back.
    `against` is the version of the event. A worker may write it down for the client. An objection replaces no statutory
    appeal.
    """

    roles = ANYONE_IN_THE_CASE
    makes = True
    clients_own = True

    against: Entry
    words: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        against = entry(ctx, self.against)
        yield ObjectionRaised(ctx.id(1), self.against, self.words, against.context.actor)


class ObjectionAnswered(Event[Case]):
    """Somebody answered the client's objection, with reasons."""

    topic = "objection-answered"

    objection: UUID
    outcome: Literal["upheld", "partly_upheld", "rejected"]
    changed: Entry | None
    reasons: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        waits = state.objections.get(self.objection)
        told = state.told_at_last(waits.version) if waits else state
        return told.but(objections=state.objections.with_(self.objection, None))


class AnswerObjection(Command[Case]):
    """Answer the client's objection: the outcome, the event that it changed if any, and the reasons.

    Somebody else answers it than the one against whose act it is, or who closed the case over it: a colleague, the
    manager, or another manager of the organisation where that is the only one of the unit.
    """

    objection: UUID
    outcome: Literal["upheld", "partly_upheld", "rejected"]
    reasons: Words
    changed: Entry | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        objection = objection_open(state, self.objection, ctx)
        decided = (objection.against_whom, objection.closed_over_by)
        if any(whose and same_person(ctx.actor, whose) for whose in decided):
            raise OwnAct(objection=self.objection)
        in_words(reasons=self.reasons)
        if self.changed is not None:
            entry(ctx, self.changed)
        yield ObjectionAnswered(self.objection, self.outcome, self.changed, self.reasons)


class ObjectionWithdrawn(Event[Case]):
    """The client withdrew the objection.

    Where a worker wrote it down, it `waits_for` the client and changes nothing; the one that `confirms` it does.
    """

    topic = "objection-withdrawn"

    objection: UUID
    waits_for: WaitsFor | None = None
    confirms: Entry | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        if self.waits_for:
            noted = Awaiting("withdraw", ctx.occurred, self.waits_for, objection=self.objection)
            return state.awaits(ctx, noted)
        waits = state.objections.get(self.objection)
        back = state.past_worker(ctx, *_worker(waits.against_whom)) if waits else state
        return back.but(objections=state.objections.with_(self.objection, None))


class WithdrawObjection(Command[Case]):
    """Withdraw your objection. A representative withdraws no objection but their own.

    A worker may write it down for the client: it stays open until the client confirms it.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    objection: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        objection = objection_open(state, self.objection, ctx)
        if ctx.actor.role == Role.REPRESENTATIVE and objection.raised_by.id != ctx.actor.id:
            raise NotYourObjection(objection=self.objection)
        yield ObjectionWithdrawn(self.objection, "client" if ctx.actor.role in STAFF else None)


class ObjectionLapsed(Event[Case]):
    """The objection ended with the client's death."""

    topic = "objection-lapsed"

    objection: UUID
    cause: Literal["death"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        if not (waits := state.objections.get(self.objection)):
            return state
        return state.but(
            objections=state.objections.with_(self.objection, None), lapsed=state.lapsed.with_(self.objection, waits)
        )  # fmt: skip


def _worker(whose: Actor | None) -> tuple[str | None, str | None]:
    """Return the worker whose act is objected to, by organisation and id; of nobody else's does it go past them."""
    return (whose.organisation, whose.id) if whose and whose.role in STAFF else (None, None)


def objection_open(case: Case, objection: UUID, ctx: Context) -> Objection:
    """Return what is remembered of the objection, or refuse unless it is open."""
    if not (waits := case.objections.get(objection)):
        raise ObjectionNotOpen(objection=objection)
    not_before(ctx, waits.since)
    return waits


class OwnAct(Forbidden):
    """The objection is against your own act, or you closed the case over it, so somebody else answers it.

    Ask a colleague, your manager or, where you are the unit's only one, another of the organisation's managers to.
    """

    rule = 13


class NotYourObjection(Forbidden):
    """You take back only an objection that you raised yourself. The client may take it back, or somebody answers it."""

    rule = 16


class ObjectionNotOpen(Conflict):
    """No such objection is open: it was answered or withdrawn, or the id is another's. Read the client's voice."""
