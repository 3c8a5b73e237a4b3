"""Who is let in for a time, in an emergency, and to whom an entry is not to be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.case import Case, NotResponsible, entry, in_words, works_in
from domain.decider import (
    STAFF,
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
        taken = Emergency(ctx.actor, ctx.occurred, self.until)
        return state.but(emergencies=state.emergencies.with_(self.access, taken))


class GrantEmergencyAccess(Command[Case]):
    """Take access to a case that is not yours, in an emergency: to read it, with a reason, for a day at most.

    It moves no ownership. The client is told of it in the same act, by `channel`, unless `withheld_because` says why
    not; then `review_by` is when that is looked at again. Left out, `until` is as long as the policy allows.
    """

    makes = True

    reason: Words
    until: datetime | None = None
    channel: Means = "letter"
    withheld_because: Words = ""
    review_by: datetime | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(reason=self.reason)
        if state.responsible is None or works_in(ctx.actor, state.responsible):
            raise InTheCaseAlready(responsible=state.responsible)
        most = ctx.occurred + timedelta(hours=ctx.known.policy.emergency_hours)
        until = self.until or most
        if not ctx.occurred < until <= most:
            raise EmergencyTooLong(until=until, most=most)
        withheld = bool(self.withheld_because.strip())
        if withheld != (self.review_by is not None) or (self.review_by and self.review_by <= ctx.occurred):
            raise WithheldWithoutReview(review_by=self.review_by)
        yield EmergencyAccessGranted(ctx.id(1), self.reason, until, self.review_by, ctx.known.policy.version)
        yield told(Entry(ctx.version), self.channel, self.withheld_because, ctx)


class EmergencyAccessEnded(Event[Case]):
    """An emergency access is over: its time has passed, or whoever took it was done."""

    topic = "emergency-access-ended"
    lasting = True

    access: UUID
    cause: Literal["time", "done"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(emergencies=state.emergencies.with_(self.access, None))


class EndEmergencyAccess(Command[Case]):
    """End an emergency access: your own, once you are done. The clock ends one whose time has passed."""

    roles = STAFF | {Role.SYSTEM}

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


class DisclosureForbidden(Event[Case]):
    """An entry is not to be disclosed to this person: a representative, say, goes by a random id."""

    topic = "disclosure-forbidden"

    entry: Entry
    from_whom: UUID

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(forbidden=state.forbidden.with_((self.entry, self.from_whom), True))


class ForbidDisclosure(Command[Case]):
    """Say that an entry is not to be disclosed to somebody: the client, or staff of the unit that answers, says so.

    It holds until whoever said so marks it as erroneous.
    """

    roles = STAFF | {Role.CLIENT}

    entry: Entry
    from_whom: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        entry(ctx, self.entry)
        if ctx.actor.role in STAFF and not (state.responsible and works_in(ctx.actor, state.responsible)):
            raise NotResponsible(responsible=state.responsible)
        if not state.forbidden.get((self.entry, self.from_whom)):
            yield DisclosureForbidden(self.entry, self.from_whom)


class InTheCaseAlready(Conflict):
    """Your unit answers for this case, so you need no emergency to read it. Read it."""

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
