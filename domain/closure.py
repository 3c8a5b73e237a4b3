"""How a case ends: proposed, the client informed and given time to object, then closed on a ground; and reopened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.case import (
    Attribution,
    Case,
    Ground,
    Holder,
    Initiator,
    OutOfOrder,
    ProposedClosure,
    entry,
    in_order,
    known_holder,
    only_open,
    only_responsible,
    own_organisation,
)
from domain.client import ClientHasDecided, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Role,
    Unacceptable,
    Words,
)
from domain.objections import ObjectionLapsed
from domain.ownership import HandoffWithdrawn, nothing_under_way
from domain.voice import heard

_INITIATORS: dict[Role, Initiator] = {Role.CLIENT: "client", Role.REPRESENTATIVE: "representative"}
_AT_ONCE = frozenset({"advice_sufficed", "death"})
"""Grounds with which nobody waits for an objection: advice was enough, or nobody is left to object."""


class ClosureProposed(Event[Case]):
    """Somebody proposed to close the case, on a ground."""

    topic = "closure-proposed"
    lasting = True

    ground: Ground
    initiator: Initiator
    attributed_to: Attribution
    alternative: Words
    reason: Words
    client_view: UUID | None
    rests_on: tuple[Entry, ...]
    decision: UUID | None = None
    urgent: bool = False

    def evolve(self, state: Case, ctx: Context) -> Case:
        in_person = ctx.actor.role == Role.CLIENT
        return state.but(
            closure=ProposedClosure(
                ctx.version, self.ground, self.initiator, self.attributed_to, ctx.actor.id, ctx.occurred,
                confirmed=in_person and self.ground == "client_ended", in_person=in_person,
            ),
            endings=state.endings.with_(ctx.version, True),
            would_end=True if in_person else state.would_end,
        )  # fmt: skip


class ProposeClosure(Command[Case]):
    """Propose to close the case. Then inform the client, who has fourteen days to object from that day.

    `client_view` is the statement on which it rests; without one, `no_view_because` says why there is none. A client
    who proposes it needs neither. There is no ground that says that the client is unsuitable.
    """

    roles = ANYONE_IN_THE_CASE

    ground: Ground
    reason: Words = ""
    client_view: UUID | None = None
    no_view_because: Words | None = None
    alternative: Words = ""
    attributed_to: Attribution = "circumstances"
    rests_on: tuple[Entry, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_open(state)
        if state.closure is not None:
            raise ClosureAlreadyProposed(ground=state.closure.ground, version=state.closure.version)
        only_client_side(ctx, "closure", personal=True, by_client_before=state.would_end is False)
        in_order(ctx, state.closure_settled_at)
        _ground_allowed(self.ground, ctx)
        for version in self.rests_on:
            entry(ctx, version)
        if ctx.actor.role not in _INITIATORS:
            only_responsible(state, ctx)
            in_order(ctx, state.responsible_since)
        speaks_for_itself = ctx.actor.role in _INITIATORS or self.ground == "death"
        if self.client_view is not None or not speaks_for_itself:
            yield from heard(state, "closure", self.client_view, self.no_view_because)
        yield ClosureProposed(
            ground=self.ground,
            initiator=_INITIATORS.get(ctx.actor.role, "client" if self.ground == "client_ended" else "service"),
            attributed_to="client" if self.ground == "client_ended" else self.attributed_to,
            alternative=self.alternative, reason=self.reason, client_view=self.client_view, rests_on=self.rests_on,
        )  # fmt: skip


class ClosureWithdrawn(Event[Case]):
    """The proposal to close the case was taken back."""

    topic = "closure-withdrawn"
    lasting = True

    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        would_end = False if ctx.actor.role == Role.CLIENT else state.would_end
        return state.but(closure=None, closure_settled_at=ctx.occurred, would_end=would_end)


class WithdrawClosure(Command[Case]):
    """Take back the proposal to close the case. The client takes back their own, and what they confirmed stands."""

    roles = ANYONE_IN_THE_CASE

    reason: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        closure = proposed(state)
        if ctx.actor.role in _INITIATORS:
            only_client_side(ctx, "closure", personal=True, by_client_before=closure.in_person)
            if closure.initiator == "service":
                raise ServiceProposedIt
        else:
            only_responsible(state, ctx)
            if closure.initiator != "service" and closure.confirmed:
                raise ClientEndedIt
        in_order(ctx, closure.at)
        yield ClosureWithdrawn(self.reason)


class CaseClosed(Event[Case]):
    """The case ended: on what ground, at whose initiative, in whose circumstances."""

    topic = "case-closed"
    lasting = True

    ground: Ground
    initiator: Initiator
    attributed_to: Attribution

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(
            status="closed", closed_at=ctx.occurred, closure=None, closure_settled_at=ctx.occurred, pending=None,
            transfer=None,
        )  # fmt: skip


class CloseCase(Command[Case]):
    """Close the case on the ground that was proposed, once the client's time to object has passed.

    Not over an open objection, nor before anything that has happened in the case. At once where advice was enough, or
    where the client ended it and has confirmed that.
    """

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        closure = proposed(state)
        only_responsible(state, ctx)
        if ctx.late:
            raise OutOfOrder(occurred=ctx.occurred)
        if closure.ground == "client_ended" and state.would_end is False:
            raise ClientHasDecided
        if closure.ground == "death":
            _death_on_record(ctx)
            yield from _left_by_death(state)
        else:
            nothing_under_way(state)
            _time_to_object(state, closure, ctx)
        yield CaseClosed(closure.ground, closure.initiator, closure.attributed_to)


class CaseReopened(Event[Case]):
    """The case was taken up again. Whoever answered for it last does so again, unless somebody else is named."""

    topic = "case-reopened"
    lasting = True

    trigger: Literal["client_returned", "new_need", "decision_changed", "closed_in_error", "activity"]
    arrived_at: datetime
    statutory_clock: Literal["shl36", "none"]
    responsible: Holder
    words: Words
    name_by: datetime | None = None
    policy: int = 0

    def evolve(self, state: Case, ctx: Context) -> Case:
        reopened = state.but(status="open", closed_at=None, owned_by="responsible", chosen=None)
        return reopened.held_by(self.responsible, ctx.occurred).but(
            owned_since=ctx.occurred, closure_settled_at=ctx.occurred, would_end=None
        )


class ReopenCase(Command[Case]):
    """Take a closed case up again, for your organisation: left out, who answered for it last does so again.

    `arrived_at` is when the client, or the news, came back; left out, it is now.
    """

    trigger: Literal["client_returned", "new_need", "decision_changed", "closed_in_error"]
    words: Words = ""
    arrived_at: datetime | None = None
    responsible: Holder | None = None
    statutory_clock: Literal["shl36", "none"] = "shl36"

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if state.status != "closed" or state.responsible is None:
            raise NotClosed
        in_order(ctx, state.closed_at)
        arrived = self.arrived_at or ctx.occurred
        if arrived > ctx.occurred:
            raise ArrivedInFuture(arrived_at=arrived)
        if self.responsible is not None:
            known_holder(ctx, self.responsible)
        responsible = self.responsible or state.responsible
        own_organisation(ctx, responsible)
        name_by = ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.name_working_days)
        yield CaseReopened(
            trigger=self.trigger, arrived_at=arrived, statutory_clock=self.statutory_clock, responsible=responsible,
            words=self.words, name_by=None if responsible.worker else name_by, policy=ctx.known.policy.version,
        )  # fmt: skip


def proposed(case: Case) -> ProposedClosure:
    """Return the closure that is proposed, or refuse where there is none."""
    only_open(case)
    if case.closure is None:
        raise ClosureNotProposed
    return case.closure


def _ground_allowed(ground: Ground, ctx: Context) -> None:
    if ground == "service_mismatch":
        raise MismatchNotReviewed
    if ground == "not_stated" and not ctx.imported:
        raise GroundMissing
    if ground == "client_ended" or ctx.actor.role not in _INITIATORS:
        if ground == "death":
            _death_on_record(ctx)
        return
    raise ClientEndsAsClient(ground=ground)


def _death_on_record(ctx: Context) -> None:
    if not (ctx.known.client and ctx.known.client.dead):
        raise DeathNotRecorded


def _time_to_object(case: Case, closure: ProposedClosure, ctx: Context) -> None:
    if case.open_objections:
        raise ObjectionOpen(objections=case.open_objections)
    if closure.ground in _AT_ONCE or (closure.ground == "client_ended" and closure.confirmed):
        return
    if closure.object_by is None:
        raise ClientNotInformed(version=closure.version)
    if ctx.occurred < closure.object_by:
        raise TimeToObject(object_by=closure.object_by)


def _left_by_death(case: Case) -> Iterator[Event[Case]]:
    if case.pending:
        yield HandoffWithdrawn(case.pending.handoff, "")
    for objection in case.open_objections:
        yield ObjectionLapsed(objection, "death")


class ClosureAlreadyProposed(Conflict):
    """A closure is proposed already. Withdraw it first to propose another."""

    rule = 13


class ClosureNotProposed(Conflict):
    """No closure is proposed. Propose it and inform the client first."""

    rule = 13


class ClientNotInformed(Conflict):
    """The client has not been informed of the proposed closure. Inform them of it; then they have time to object."""

    rule = 13


class TimeToObject(Conflict):
    """The client may still object. Close after that time."""

    rule = 13


class ObjectionOpen(Conflict):
    """The client has objected and nobody has answered. Answer the objections first."""

    rule = 13


class MismatchNotReviewed(Conflict):
    """A service that does not fit needs the team's own review and an alternative before a case ends on it.

    That a client does not fit is no ground. Choose another ground, or find the service that fits.
    """

    rule = 14


class GroundMissing(Unacceptable):
    """A case ends on a ground. Only an imported history may leave it unstated: name the ground."""

    rule = 15


class ClientEndsAsClient(Unacceptable):
    """A client who ends the case does so on the ground client_ended. Send that ground."""

    rule = 15


class DeathNotRecorded(Conflict):
    """The client's death is not on record. Record it in the client's own stream first, or choose another ground."""


class ClientEndedIt(Forbidden):
    """The client ended the case and confirmed it, so only they take that back. Let them withdraw it, or deny it."""

    rule = 13


class ServiceProposedIt(Forbidden):
    """The service proposed the closure, so only it takes it back. Object to it instead."""

    rule = 13


class NotClosed(Conflict):
    """The case is not closed, so there is nothing to reopen. Go on with it as it is."""


class ArrivedInFuture(Unacceptable):
    """Nothing arrives after it is recorded. Send when the client, or the news, came back."""

    rule = 19
