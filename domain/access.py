"""Who is let in for a time, in an emergency: to read a case that is not theirs, and not to act in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.alerts import managers_told
from domain.authorization import MAY, Relation, shares
from domain.case import Case, in_words
from domain.decider import (
    STAFF,
    Action,
    Actor,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Means,
    Role,
    Unacceptable,
    Words,
    not_before,
)
from domain.intake import told
from domain.remembered import Emergency
from domain.voice import same_person
from domain.withholding import from_client, to_come


class EmergencyAccessGranted(Event[Case]):
    """Somebody who is not otherwise in the case may read it for a time, in an emergency. Ownership stays where it is.

    `review_by` is when another look is taken at not having told the client; None where they were told.
    """

    topic = "emergency-access-granted"
    lasting = True

    access: UUID
    reason: Words
    until: datetime
    review_by: datetime | None
    policy: int

    def evolve(self, state: Case, ctx: Context) -> Case:
        taken = Emergency(ctx.actor, ctx.occurred, self.until, ctx.version)
        return state.but(emergencies=state.emergencies.with_(self.access, taken))


class GrantEmergencyAccess(Command[Case]):
    """Take access to a case that is not yours, in an emergency: to read it, with a reason, for a day at most.

    It moves no ownership, and the manager of the unit that answers for the case is told. The client is told of it in
    the same act, by `channel`, unless `withheld_because` says why not; then they don't read of it in the case either,
    and `review_by` is when that is looked at again. Left out, `until` is as long as the policy allows. An organisation
    that had the case before may take access to what has happened since.
    """

    makes = True
    action = Action.ENTER

    reason: Words
    until: datetime | None = None
    channel: Means = "letter"
    withheld_because: Words = ""
    review_by: datetime | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(reason=self.reason)
        if reads_whole(ctx.actor, state, ctx.occurred):
            raise InTheCaseAlready(responsible=state.responsible)
        most = ctx.occurred + timedelta(hours=ctx.known.policy.emergency_hours)
        until = self.until or most
        if not ctx.occurred < until <= most:
            raise EmergencyTooLong(until=until, most=most)
        withheld = bool(self.withheld_because.strip())
        if withheld != (self.review_by is not None) or (self.review_by and self.review_by <= ctx.occurred):
            raise WithheldWithoutReview(review_by=self.review_by)
        if self.review_by is not None:
            to_come(self.review_by, ctx)
        access = Entry(ctx.version)
        yield EmergencyAccessGranted(ctx.id(1), self.reason, until, self.review_by, ctx.known.policy.version)
        yield told(access, self.channel, self.withheld_because, ctx)
        yield from managers_told(state, access, "emergency_access")
        if self.review_by is not None:
            telling = (Entry(access + 1), Entry(access + 2))
            yield from_client(access, telling, self.withheld_because, self.review_by)


class EmergencyAccessEnded(Event[Case]):
    """An emergency access is over: its time has passed, or whoever took it was done."""

    topic = "emergency-access-ended"
    lasting = True

    access: UUID
    cause: Literal["time", "done"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        ended = state.but(emergencies=state.emergencies.with_(self.access, None))
        taken = state.emergencies.get(self.access)
        for it in state.withheld.values:
            if taken and it.entry == taken.version and not it.over:  # then its end isn't told either
                also = it.but(also=(*it.also, ctx.version))
                ended = ended.but(withheld=ended.withheld.with_(it.version, also))
        return ended


class EndEmergencyAccess(Command[Case]):
    """End an emergency access: your own, once you are done. The clock ends one whose time has passed."""

    roles = STAFF | {Role.SYSTEM}
    action = Action.ENTER

    access: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if not (emergency := state.emergencies.get(self.access)):
            raise EmergencyOver(access=self.access)
        not_before(ctx, emergency.since)
        by_clock = ctx.actor.role == Role.SYSTEM
        if by_clock and ctx.occurred < emergency.until:
            raise EmergencyLasts(until=emergency.until)
        if not by_clock and not same_person(ctx.actor, emergency.by):
            raise NotYourEmergency(access=self.access)
        yield EmergencyAccessEnded(self.access, "time" if by_clock else "done")


def reads_whole(actor: Actor, case: Case, at: datetime) -> bool:
    """Say whether somebody may read all of a case without an emergency."""
    reading = MAY[Action.READ][actor.role] - {Relation.IN_EMERGENCY}
    return any(it.relation in reading and it.upto is None and it.belongs_to(actor, at) for it in shares(case))


class InTheCaseAlready(Conflict):
    """You may read all of this case as it is, so you need no emergency. Read it."""

    rule = 21


class EmergencyTooLong(Unacceptable):
    """An emergency access is for a time to come, and a short one. Send an end within the time that is named."""

    rule = 21


class WithheldWithoutReview(Unacceptable):
    """Not telling the client has a ground and a day to look at it again. Send both, with a time to come, or neither."""

    rule = 21


class EmergencyOver(Conflict):
    """No such emergency access is in force: it has ended, or the id is another's. Take it anew if there is need."""

    rule = 21


class EmergencyLasts(Conflict):
    """The emergency access still holds. It ends by itself only once its time has passed."""

    rule = 21


class NotYourEmergency(Forbidden):
    """Somebody else took that access. They end it when they are done, or it ends with its time."""

    rule = 21
