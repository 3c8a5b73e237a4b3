"""How a case ends: proposed, the client informed and given time to object, then closed on a ground."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.case import Case, OutOfOrder, entry, in_order, only_open, only_responsible
from domain.client import ClientHasDecided, WaitsFor, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Override,
    Refusal,
    Role,
    Words,
)
from domain.grounds import death_on_record, ground_allowed, ground_lacks
from domain.handoff import HandoffWithdrawn, nothing_under_way
from domain.objections import ObjectionLapsed
from domain.overrides import Overridable
from domain.remembered import Attribution, Awaiting, Ground, Initiator, ProposedClosure
from domain.voice import heard

_ATTRIBUTED_TO: dict[Ground, Attribution] = {"client_ended": "client", "service_mismatch": "service"}
"""In whose circumstances a ground lies, whatever anybody says: a service that does not fit is the service's."""
_INITIATORS: dict[Role, Initiator] = {Role.CLIENT: "client", Role.REPRESENTATIVE: "representative"}


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
                confirmed=in_person and self.ground == "client_ended", in_person=in_person, urgent=self.urgent,
            ),
            endings=state.endings.with_(ctx.version, True),
            would_end=True if in_person else state.would_end,
        )  # fmt: skip


class ProposeClosure(Command[Case]):
    """Propose to close the case. Then inform the client, who has fourteen days to object from that day.

    `client_view` is the statement on which it rests; without one, `no_view_because` says why there is none. A client
    who proposes it needs neither. There is no ground that says that the client is unsuitable: `service_mismatch` is
    the service's own, and needs the team's review of its work, an `alternative` and a `decision` that the client can
    appeal, as `no_legal_basis` does. `unreachable` needs attempts enough. While the client owns the case it closes with
    their yes alone, unless it is `urgent`.
    """

    roles = ANYONE_IN_THE_CASE

    ground: Ground
    reason: Words = ""
    client_view: UUID | None = None
    no_view_because: Words | None = None
    alternative: Words = ""
    attributed_to: Attribution = "circumstances"
    rests_on: tuple[Entry, ...] = ()
    decision: UUID | None = None
    urgent: bool = False
    override: tuple[Override, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        only_open(state)
        if state.closure is not None:
            raise ClosureAlreadyProposed(ground=state.closure.ground, version=state.closure.version)
        only_client_side(ctx, "closure", personal=True, by_client_before=state.would_end is False)
        in_order(ctx, state.closure_settled_at)
        ground_allowed(self.ground, ctx)
        for version in self.rests_on:
            entry(ctx, version)
        if ctx.actor.role not in _INITIATORS:
            only_responsible(state, ctx)
            in_order(ctx, state.responsible_since)
        speaks_for_itself = ctx.actor.role in _INITIATORS or self.ground == "death"
        if self.client_view is not None or not speaks_for_itself:
            yield from heard(state, "closure", self.client_view, self.no_view_because)
        yield from ground_lacks(self.ground, self.alternative, self.decision, state, ctx)
        yield ClosureProposed(
            ground=self.ground,
            initiator=_INITIATORS.get(ctx.actor.role, "client" if self.ground == "client_ended" else "service"),
            attributed_to=_ATTRIBUTED_TO.get(self.ground, self.attributed_to),
            alternative=self.alternative, reason=self.reason, client_view=self.client_view, rests_on=self.rests_on,
            decision=self.decision, urgent=self.urgent,
        )  # fmt: skip


class ClosureWithdrawn(Event[Case]):
    """The proposal to close the case was taken back.

    Where a worker wrote down that the client takes back their own, it `waits_for` the client and changes nothing; the
    one that `confirms` it does.
    """

    topic = "closure-withdrawn"
    lasting = True

    reason: Words
    waits_for: WaitsFor | None = None
    confirms: Entry | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        if self.waits_for:
            return state.awaits(ctx, Awaiting("keep_open", ctx.occurred, self.waits_for))
        would_end = False if ctx.actor.role == Role.CLIENT else state.would_end
        return state.but(closure=None, closure_settled_at=ctx.occurred, would_end=would_end)


class WithdrawClosure(Command[Case]):
    """Take back the proposal to close the case. The client takes back their own.

    What the client ended and confirmed, a worker takes back for the client only: it waits for the client's yes, unless
    the client has died since.
    """

    roles = ANYONE_IN_THE_CASE

    reason: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        closure = proposed(state)
        by_client = ctx.actor.role in _INITIATORS
        if by_client:
            only_client_side(ctx, "closure", personal=True, by_client_before=closure.in_person)
            if closure.initiator == "service":
                raise ServiceProposedIt
        else:
            only_responsible(state, ctx)
        in_order(ctx, closure.at)
        dead = ctx.known.client is not None and ctx.known.client.dead
        clients = not by_client and closure.initiator != "service" and closure.confirmed and not dead
        yield ClosureWithdrawn(self.reason, "client" if clients else None)


class CaseClosed(Event[Case]):
    """The case ended: on what ground, at whose initiative, in whose circumstances."""

    topic = "case-closed"
    lasting = True

    ground: Ground
    initiator: Initiator
    attributed_to: Attribution

    def evolve(self, state: Case, ctx: Context) -> Case:
        objections = state.objections
        for objection, waits in objections.now().items():
            if waits:
                objections = objections.with_(objection, waits.but(closed_over_by=ctx.actor))
        return state.told_on_closing().but(
            status="closed", closed_at=ctx.occurred, closed_on=self.ground, closure=None,
            closure_settled_at=ctx.occurred, pending=None, transfer=None, objections=objections,
        )  # fmt: skip


class CloseCase(Command[Case]):
    """Close the case on the ground that was proposed, once the client's time to object has passed.

    Not over an open objection, nor before anything that has happened in the case; and while the client owns the case,
    not without their yes. At once where an assessment found that advice was enough and the client has not said no, or
    where the client ended it and has confirmed that.
    """

    override: tuple[Override, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        closure = proposed(state)
        only_responsible(state, ctx)
        if ctx.late:
            raise OutOfOrder(occurred=ctx.occurred)
        if closure.ground == "client_ended":
            _only_if_client_ends_it(state, closure)
        if closure.ground == "death":
            death_on_record(ctx)
            yield from _left_by_death(state)
        else:
            nothing_under_way(state)
            yield from _stands_in_the_way(state, closure, ctx)
        yield CaseClosed(closure.ground, closure.initiator, closure.attributed_to)


def proposed(case: Case) -> ProposedClosure:
    """Return the closure that is proposed, or refuse where there is none."""
    only_open(case)
    if case.closure is None:
        raise ClosureNotProposed
    return case.closure


def _only_if_client_ends_it(case: Case, closure: ProposedClosure) -> None:
    """Refuse to end in the client's name what they said no to, or what a worker alone says that they want."""
    if case.would_end is False:
        raise ClientHasDecided
    if closure.initiator == "client" and not (closure.confirmed or case.agreed_to(closure.version)):
        raise EndingNotConfirmed(version=closure.version)


def _stands_in_the_way(case: Case, closure: ProposedClosure, ctx: Context) -> Iterator[Refusal]:
    """Yield the rules of conduct that forbid to close the case now: each of them once."""
    if waits := _waits_for_client(case, closure, ctx):
        yield waits
    if closure.ground == "unreachable" and case.reached_at and case.reached_at > closure.at:
        yield ReachedSince(reached_at=case.reached_at)
    agreed = closure.ground == "client_ended" or case.agreed_to(closure.version)
    if case.owned_by == "client" and not closure.urgent and not agreed:
        yield ClosureNeedsClientsYes(version=closure.version)


def _waits_for_client(case: Case, closure: ProposedClosure, ctx: Context) -> Refusal | None:
    """Return what the client still has to be given: an answer, the news, or time (rule 13)."""
    if case.open_objections:
        return ObjectionOpen(objections=case.open_objections)
    if _at_once(case, closure):
        return None
    if closure.object_by is None:
        return ClientNotInformed(version=closure.version)
    return TimeToObject(object_by=closure.object_by) if ctx.occurred < closure.object_by else None


def _at_once(case: Case, closure: ProposedClosure) -> bool:
    """Say whether nobody waits for an objection: an assessment found advice enough, or the client ended it."""
    if closure.ground == "client_ended":
        return closure.confirmed
    said_no = case.agreed_to(closure.version) is False or case.would_end is False
    return closure.ground == "advice_sufficed" and case.advice_suffices and not said_no


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


class ClientNotInformed(Overridable):
    """The client has not been informed of the proposed closure. Inform them of it; then they have time to object."""

    rule = 13


class TimeToObject(Overridable):
    """The client may still object. Close after that time."""

    rule = 13


class ObjectionOpen(Overridable):
    """The client has objected and nobody has answered. Answer the objections first."""

    rule = 13


class ReachedSince(Overridable):
    """The client has been reached since it was proposed to close the case as unreachable. Withdraw that proposal."""

    rule = 25


class ClosureNeedsClientsYes(Overridable):
    """The client owns the case and has not said yes to its closure. Ask them, and record what they answer."""

    rule = 30


class EndingNotConfirmed(Conflict):
    """A worker wrote down that the client ends the case, and the client has not confirmed it.

    Let them confirm it, or another worker record that they did; or withdraw it and choose another ground.
    """

    rule = 13


class ServiceProposedIt(Forbidden):
    """The service proposed the closure, so only it takes it back. Object to it instead."""

    rule = 13
