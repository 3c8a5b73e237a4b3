"""The client and those who pass their case on meet. A client who was sent to and fro is met before the next move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.case import Case, as_holder, known_holder, only_responsible, only_while_open
from domain.decider import MOST, Absent, Action, Actor, Command, Context, Event, Refusal, Unacceptable, not_before
from domain.overrides import Overridable
from domain.remembered import Holder, Rebuff


class WarmMeetingHeld(Event[Case]):
    """Those who hand the case on and those who take it met, with the client or without: *saattaen*."""

    topic = "warm-meeting-held"

    handoff: UUID
    participants: tuple[Holder, ...]
    client_present: bool

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.reached(ctx) if self.client_present else state


class HoldWarmMeeting(Command[Case]):
    """Record the meeting with which a handoff is made a warm one. `participants` are the holders who were there.

    Whoever answers for the case records it, or somebody who was there.
    """

    action = Action.ANSWER

    handoff: UUID
    participants: tuple[Holder, ...]
    client_present: bool

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield from self.participants[:MOST]

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        if (since := state.offered.get(self.handoff)) is None:
            raise HandoffAbsent(handoff=self.handoff)
        not_before(ctx, since)
        if as_holder(ctx.actor) not in self.participants:
            only_responsible(state, ctx)
        met(self.participants, set(self.participants), ctx)
        yield WarmMeetingHeld(self.handoff, self.participants, self.client_present)


class JointMeetingHeld(Event[Case]):
    """Units that have to do with the case met about where it belongs, with the client or without."""

    topic = "joint-meeting-held"

    participants: tuple[Holder, ...]
    client_present: bool

    def evolve(self, state: Case, ctx: Context) -> Case:
        if not self.client_present:
            return state
        return state.reached(ctx).but(joint_meeting_at=max(state.joint_meeting_at or ctx.occurred, ctx.occurred))


class HoldJointMeeting(Command[Case]):
    """Record that units met about where the case belongs. With the client there, a stopped case may move on.

    `participants` are the holders who were there, of two units at least.
    """

    participants: tuple[Holder, ...]
    client_present: bool

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield from self.participants[:MOST]

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        only_responsible(state, ctx)
        met(self.participants, {it.as_unit for it in self.participants}, ctx)
        yield JointMeetingHeld(self.participants, self.client_present)


def met(participants: tuple[Holder, ...], sides: set[Holder], ctx: Context) -> None:
    """Refuse a meeting with fewer than two sides, and one with somebody whom the directory does not know."""
    if len(sides) < 2:  # noqa: PLR2004 - it takes two to meet
        raise NobodyToMeet
    for participant in participants:
        known_holder(ctx, participant)


def turned_away(case: Case, handoff: UUID, ctx: Context) -> Case:
    """Remember that another unit declined the case: within one unit nobody is sent away."""
    pending, held = case.pending, case.responsible
    if pending is None or held is None or pending.handoff != handoff or pending.to.as_unit == held.as_unit:
        return case
    return case.but(rebuffs=case.rebuffs.with_(ctx.version, Rebuff(ctx.occurred, "declined")))


def came_to(case: Case, holder: Holder, ctx: Context) -> Case:
    """Remember where the case comes back to a unit that had it before, and whether straight back: A, B, A."""
    stays = list(case.stays.now().values())
    places = [(it.organisation, it.unit) for it in stays]
    here = (holder.organisation, holder.unit)
    if here not in places or here == places[-1]:
        return case
    straight_back = places[-2] == here and not served(case, stays[-1].since)
    rebuff = Rebuff(ctx.occurred, "bounced" if straight_back else "returned")
    return case.but(rebuffs=case.rebuffs.with_(ctx.version, rebuff))


def not_bounced_on(case: Case, to: Holder, ctx: Context) -> Iterator[Refusal]:
    """Yield a refusal where the client has to be met before the case goes to another unit (rule 9)."""
    since = to_be_met_since(case, ctx)
    if since is None or (case.responsible and case.responsible.as_unit == to.as_unit):
        return
    if case.joint_meeting_at is None or case.joint_meeting_at < since:
        yield JointMeetingMissing(since=since)


def to_be_met_since(case: Case, ctx: Context) -> datetime | None:
    """Return when the client was last bounced, or turned away once too often within the days that policy counts."""
    rebuffs = list(case.rebuffs.now().values())
    bounced = [it.at for it in rebuffs if it.kind == "bounced" and not served(case, it.at)]
    many = max(ctx.known.policy.bounces, 1)
    newest = [it.at for it in rebuffs[-many:]]
    if len(newest) == many and newest[-1] - newest[0] <= timedelta(days=ctx.known.policy.bounce_days):
        bounced.append(newest[-1])
    return max(bounced, default=None)


def served(case: Case, since: datetime) -> bool:
    """Say whether a service has begun since then."""
    return case.last_service_at is not None and case.last_service_at >= since


class JointMeetingMissing(Overridable):
    """The client was sent to and fro. Meet them together with the units concerned before the case moves on."""

    rule = 9


class HandoffAbsent(Absent):
    """The case has no such handoff. Read the case's handoffs and name one that stands there."""

    rule = 8


class NobodyToMeet(Unacceptable):
    """A meeting has two sides at least: those who hand the case on, and those who may take it. Name both."""

    rule = 9
