"""How a case begins, what the client is told, and what is promised next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.calendar import civil_day, start_of
from domain.case import Case, as_holder, entry, in_words, known_holder, only_while_open, own_organisation, taking_on
from domain.client import ClientDead
from domain.decider import Absent, Actor, Command, Context, Entry, Event, Means, Unacceptable, Value, Words
from domain.directory import organisation_stream
from domain.remembered import Holder, Task

Contact = Literal["visit", "telephone", "letter", "electronic", "referral", "contact_notice"]
Channel = Literal["visit", "telephone", "letter", "electronic", "referral", "contact_notice", "import"]
StatutoryClock = Literal["shl36", "none"]
"""Whether the times of the Social Welfare Act (1301/2014), 36 §, bind the case."""
Who = Literal["client", "worker", "unit", "other"]
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_HASH = re.compile(r"[0-9a-f]{64}")


class Continues(Value):
    """The case in another region that this one goes on from: the region, the case there, and its last entry's hash."""

    region: str
    case: UUID
    head: str


class CaseOpened(Event[Case]):
    """A client's matter was taken up. The client's wait runs from the first contact and is never reset (rule 6)."""

    topic = "case-opened"
    lasting = True

    client: Words
    channel: Channel
    first_contact_at: datetime
    need: Words
    responsible: Holder
    name_by: datetime | None
    policy: int
    duty_holder: str
    statutory_clock: StatutoryClock
    continues: Continues | None = None
    task: Task = "not_stated"

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.held_by(self.responsible, ctx, self.name_by).but(
            status="open", began=ctx.occurred, owned_since=ctx.occurred, duty_holder=self.duty_holder,
            first_contact_at=self.first_contact_at, task=self.task,
        )  # fmt: skip


class OpenCase(Command[Case]):
    """Take up a client's matter. You answer for it, unless you name another worker or a unit of your organisation.

    `first_contact_at` is when the client first got in touch, wherever that was; left out, it is now. Where the client
    moved here from another region, `continues` is their case there, and the wait runs on from its first contact.
    `task` is the service task by which the case's words are kept; it can be stated later.
    """

    stream = "new"

    client: UUID
    need: Words
    channel: Contact = "visit"
    first_contact_at: datetime | None = None
    responsible: Holder | None = None
    duty_holder: str | None = None
    statutory_clock: StatutoryClock = "shl36"
    continues: Continues | None = None
    task: Task = "not_stated"

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield self.responsible or as_holder(actor)

    def relies_on(self) -> Iterator[UUID]:
        if self.duty_holder is not None:
            yield organisation_stream(self.duty_holder)

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if ctx.known.client is None or ctx.known.client.began is None or ctx.known.client.erased:
            raise ClientUnknown(client=self.client)
        if ctx.known.client.dead:
            raise ClientDead
        first_contact = self.first_contact_at or ctx.occurred
        if first_contact > ctx.occurred:
            raise ContactAfterOpening(first_contact_at=first_contact, opened=ctx.occurred)
        in_words(need=self.need)
        responsible = self.responsible or as_holder(ctx.actor)
        if responsible is None:
            raise UnitMissing
        known_holder(ctx, responsible)
        own_organisation(ctx, responsible)
        taking_on(ctx, responsible)
        _elsewhere(self.continues)
        if not ctx.known.existing.issuperset(self.relies_on()):
            raise DutyHolderUnknown(duty_holder=self.duty_holder)
        name_by = ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.name_working_days)
        yield CaseOpened(
            client=str(self.client), channel=self.channel, first_contact_at=first_contact, need=self.need,
            responsible=responsible, name_by=None if responsible.worker else name_by,
            policy=ctx.known.policy.version, duty_holder=self.duty_holder or responsible.organisation,
            statutory_clock=self.statutory_clock, continues=self.continues, task=self.task,
        )  # fmt: skip


def _elsewhere(continues: Continues | None) -> None:
    if continues is not None and not (_REGION.fullmatch(continues.region) and _HASH.fullmatch(continues.head)):
        raise ContinuesNothing(region=continues.region, head=continues.head)


class ClientInformed(Event[Case]):
    """The client was told of something that stands in the case, or why not.

    `received_at` is when they count as having received it; for a proposed closure, `object_by` is when their time to
    object ends.
    """

    topic = "client-informed"

    about: Entry
    channel: Means
    received_at: datetime | None
    withheld_because: Words
    withheld: bool
    object_by: datetime | None
    policy: int

    def evolve(self, state: Case, ctx: Context) -> Case:
        if state.closure is None or state.closure.version != self.about or self.object_by is None:
            return state
        return state.but(closure=state.closure.but(object_by=self.object_by))


class InformClient(Command[Case]):
    """Record that the client was told of something: `about` is its version.

    A letter counts as received on the seventh day after its posting, which is when this happened, and an electronic
    notice on the third day after its sending. Otherwise the client knows of it at once, or at `received_at`.
    """

    about: Entry
    channel: Means
    received_at: datetime | None = None
    withheld_because: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        entry(ctx, self.about)
        if self.received_at is not None and self.received_at > ctx.recorded:
            raise ReceivedInFuture(received_at=self.received_at)
        if self.received_at is not None and self.received_at < ctx.occurred:
            raise ReceivedBeforeTold(received_at=self.received_at, told=ctx.occurred)
        informed = told(self.about, self.channel, self.withheld_because, ctx, self.received_at)
        closes = state.closure is not None and state.closure.version == self.about
        if closes and informed.received_at:
            informed = informed.but(object_by=objection_term(ctx, informed.received_at))
        yield informed


def told(
    about: Entry, channel: Means, withheld_because: Words, ctx: Context, received_at: datetime | None = None
) -> ClientInformed:
    """Return that the client was told of an entry, or why not, and when they count as having received it."""
    why_not = withheld_because.strip()
    return ClientInformed(
        about=about, channel=channel, withheld_because=why_not, withheld=bool(why_not),
        received_at=None if why_not else _received(channel, received_at, ctx), object_by=None,
        policy=ctx.known.policy.version,
    )  # fmt: skip


def _received(channel: Means, received_at: datetime | None, ctx: Context) -> datetime:
    days = {"letter": ctx.known.policy.letter_days, "electronic": ctx.known.policy.electronic_days}.get(channel)
    if days is None or (channel == "electronic" and received_at):  # an opened message was received when it was opened
        return received_at or ctx.occurred
    return start_of(civil_day(ctx.occurred) + timedelta(days=days))


class NextStepPromised(Event[Case]):
    """Somebody promised what happens next, and by when."""

    topic = "next-step-promised"

    who: Who
    what: Words
    by: datetime


class PromiseNextStep(Command[Case]):
    """Promise what happens next, who does it and by when. It takes the place of the step promised before."""

    who: Who
    what: Words
    by: datetime

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        in_words(what=self.what)
        if self.by <= ctx.occurred:
            raise PromiseInThePast(by=self.by)
        yield NextStepPromised(self.who, self.what, self.by)


def objection_term(ctx: Context, received: datetime) -> datetime:
    """Return when the client's time to object ends, having been informed then (rule 13)."""
    return ctx.known.calendar.after_days(civil_day(received), ctx.known.policy.object_days)


class ClientUnknown(Absent):
    """No such client is registered. Check the id, or register the client first."""


class DutyHolderUnknown(Unacceptable):
    """No such organisation is in the directory. Name the one whose statutory duty it is, or leave it out for yours."""

    rule = 1


class ContinuesNothing(Unacceptable):
    """That names no case of another region: a region's short name, and 64 hexadecimal digits. Copy it from there."""

    rule = 6


class ContactAfterOpening(Unacceptable):
    """The first contact can't be after the opening. Send when the client first got in touch."""

    rule = 6


class ReceivedInFuture(Unacceptable):
    """Nothing is received after it is recorded. Send when the client received it."""

    rule = 19


class ReceivedBeforeTold(Unacceptable):
    """Nothing is received before it is told or sent. Send when the client received it, or leave it out."""

    rule = 13


class PromiseInThePast(Unacceptable):
    """A promise is for the time to come. Send a later time."""

    rule = 26


class UnitMissing(Unacceptable):
    """Your token names no unit, so it can't be you who answers. Name the responsible holder."""

    rule = 1
