"""Case: just enough memory to decide, and what most decisions ask of it first."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.decider import (
    STAFF,
    Absent,
    Actor,
    Conflict,
    Context,
    Entry,
    Forbidden,
    Recorded,
    Role,
    State,
    Unacceptable,
    Words,
    not_before,
)
from domain.remembered import (
    Asking,
    Assessment,
    Attempt,
    Awaiting,
    Consent,
    Decision,
    Emergency,
    Goal,
    Ground,
    Holder,
    KeptBack,
    Line,
    Misplaced,
    Objection,
    Overridden,
    OwnerKind,
    Pending,
    ProposedClosure,
    ProposedErasure,
    Rebuff,
    Request,
    Service,
    Statement,
    Stay,
    Task,
    Transfer,
    Unanswered,
    Withheld,
)
from domain.trail import Trail


class Case(State):
    """One client's matter, from opening to closure, as far as the next decision needs it.

    A trail of what waits for an answer holds since when it waits, and None once it was answered. `settled_at` is when
    an offer or a transfer last ended, `closure_settled_at` when the closure last was withdrawn, carried out or undone.
    `endings` are the versions that proposed to close the case. What the client answered in person: `answered_in_person`
    holds whether it was a yes to that version, and `would_end` whether they last said yes or no to ending the case.
    `agreed_alone` is the custodian whose yes to a version waits for the other's. `withheld` is what somebody is not
    told of, by the version that says so, and `named` are the workers, by organisation and id, who were ever named to
    answer for the case. `answers` holds the last answer to a version, whoever wrote it down.
    `lapsed` are the objections that ended with
    the client's death. `attempts` to reach the client count since they were last reached, at `reached_at`.
    `advice_suffices` is what the last assessment found, `plan` the version of the last plan, and `closed_on` the ground
    on which the case was closed. `stays` are the units that have had the case, by the version with which it came to
    them; `rebuffs` the declines and returns. `erasure` is the one that is proposed, and its words are held
    from erasure up to `held_until`. `alerted` are the versions of which a manager was told, each with
    why. `name_by` is when a unit that holds the case has to have named a worker. `offered` are all handoffs so far, by
    when they were, and `unanswered` those that ended without an answer here.
    """

    status: Literal["unopened", "open", "closed"] = "unopened"
    first_contact_at: datetime | None = None
    owned_by: OwnerKind = "responsible"
    chosen: Holder | None = None
    decided_by_client_in_person: bool = False
    responsible: Holder | None = None
    responsible_since: datetime | None = None
    owned_since: datetime | None = None
    duty_holder: str | None = None
    pending: Pending | None = None
    offered: Trail[UUID, datetime] = Trail()
    unanswered: Trail[UUID, Unanswered | None] = Trail()
    transfer: Transfer | None = None
    settled_at: datetime | None = None
    statements: Trail[UUID, Statement] = Trail()
    objections: Trail[UUID, Objection | None] = Trail()
    lapsed: Trail[UUID, Objection] = Trail()
    requests: Trail[UUID, Request | None] = Trail()
    awaiting: Trail[int, Awaiting | None] = Trail()
    assessments: Trail[UUID, Assessment | None] = Trail()
    advice_suffices: bool = False
    closure: ProposedClosure | None = None
    closure_settled_at: datetime | None = None
    endings: Trail[int, bool] = Trail()
    answered_in_person: Trail[int, bool] = Trail()
    answers: Trail[int, bool] = Trail()
    agreed_alone: Trail[int, str | None] = Trail()
    would_end: bool | None = None
    closed_at: datetime | None = None
    closed_on: Ground | None = None
    consents: Trail[UUID, Consent] = Trail()
    decisions: Trail[UUID, Decision] = Trail()
    overrides: Trail[UUID, Overridden | None] = Trail()
    askings: Trail[UUID, Asking | None] = Trail()
    stays: Trail[int, Stay] = Trail()
    rebuffs: Trail[int, Rebuff] = Trail()
    joint_meeting_at: datetime | None = None
    last_service_at: datetime | None = None
    special_support: bool = False
    goals: Trail[UUID, Goal | None] = Trail()
    plan: int = 0
    planned_at: datetime | None = None
    services: Trail[UUID, Service | None] = Trail()
    attempts: Trail[int, Attempt] = Trail()
    reached_at: datetime | None = None
    lines: Trail[UUID, Line] = Trail()
    support: Trail[int, datetime] = Trail()
    erroneous: Trail[int, bool] = Trail()
    misplaced: Trail[int, Misplaced | None] = Trail()
    emergencies: Trail[UUID, Emergency | None] = Trail()
    withheld: Trail[int, Withheld] = Trail()
    named: Trail[tuple[str, str], bool] = Trail()
    alerted: Trail[tuple[int | None, str], bool] = Trail()
    name_by: datetime | None = None
    task: Task = "not_stated"
    held_until: datetime | None = None
    erasure: ProposedErasure | None = None

    @property
    def open_objections(self) -> list[UUID]:
        """The objections that nobody has answered."""
        return [objection for objection, waits in self.objections.now().items() if waits]

    def agreed_to(self, version: int) -> bool | None:
        """Say whether the client said yes to this version, in person where they ever did. None: not answered."""
        in_person = self.answered_in_person.get(version)
        return self.answers.get(version) if in_person is None else in_person

    def awaits(self, ctx: Context, decision: Awaiting) -> Case:
        """Return the case with a decision that waits for another word."""
        return self.but(awaiting=self.awaiting.with_(ctx.version, decision))

    def reached(self, ctx: Context) -> Case:
        """Return the case with the client heard from: not where a representative speaks."""
        return self if ctx.actor.role == Role.REPRESENTATIVE else self.but(reached_at=ctx.occurred)

    @property
    def needs_warmth(self) -> bool:
        """Whether the client should meet who takes the case on: they need support, or it came back before (rule 8)."""
        return self.special_support or any(it.kind != "declined" for it in self.rebuffs.now().values())

    def held_by(self, holder: Holder, ctx: Context, name_by: datetime | None = None) -> Case:
        """Return the case with another responsible. What the client decided about the owner stands (rule 16)."""
        named = self.named.with_((holder.organisation, holder.worker), True) if holder.worker else self.named
        held = self.but(responsible=holder, responsible_since=ctx.occurred, name_by=name_by, named=named)
        before = self.responsible
        if before and (before.organisation, before.unit) == (holder.organisation, holder.unit):
            return held
        stay = Stay(holder.organisation, holder.unit, ctx.occurred)
        return held.but(stays=self.stays.with_(ctx.version, stay))

    def kept_back(self, ctx: Context, ground: KeptBack, from_whom: str, organisation: str | None = None) -> Case:
        """Return the case with what happens now kept from somebody, as it is by rule."""
        it = Withheld(ctx.version, ctx.version, from_whom, ground, ctx.actor, ctx.occurred, organisation)
        return self.but(withheld=self.withheld.with_(ctx.version, it))

    def past_worker(self, ctx: Context, organisation: str | None, worker: str | None) -> Case:
        """Return the case with what the client says now going past the worker whom it is about (rule 13)."""
        if organisation is None or worker is None:
            return self
        return self.kept_back(ctx, "past_worker", worker, organisation)

    def told_at_last(self, version: int) -> Case:
        """Return the case with what this version withholds told from now on."""
        known = self.withheld.get(version)
        return self if known is None else self.but(withheld=self.withheld.with_(version, known.but(over=True)))

    def told_on_closing(self) -> Case:
        """Return the case with everything told that waited for its end."""
        waited = [it.version for it in self.withheld.values if it.ground == "until_closed" and not it.over]
        case = self
        for version in waited:
            case = case.told_at_last(version)
        return case


def only_open(case: Case) -> None:
    """Refuse unless the case is open."""
    if case.status != "open":
        raise CaseNotOpen(status=case.status)


def only_while_open(case: Case, ctx: Context) -> None:
    """Refuse unless the case is open, or was when this, now reported, happened outside the system."""
    if not (ctx.reported and case.closed_at and ctx.occurred < case.closed_at):
        only_open(case)


def speaks_for(actor: Actor, holder: Holder) -> bool:
    """Say whether the actor may answer for this holder: the named worker, or the unit's manager, or its workers."""
    return works_in(actor, holder) and (actor.role == Role.MANAGER or holder.worker in {None, actor.id})


def works_in(actor: Actor, holder: Holder) -> bool:
    """Say whether the actor works in the holder's unit."""
    return (actor.organisation, actor.unit) == (holder.organisation, holder.unit)


def is_worker(actor: Actor, holder: Holder) -> bool:
    """Say whether the holder is this worker, named."""
    return actor.role in STAFF and (actor.organisation, actor.id) == (holder.organisation, holder.worker)


def only_responsible(case: Case, ctx: Context) -> Holder:
    """Refuse unless the actor answers for the case; return who does."""
    if case.responsible is None:
        raise CaseNotOpen(status=case.status)
    if not ctx.imported and not (ctx.actor.role in STAFF and speaks_for(ctx.actor, case.responsible)):
        raise NotResponsible(responsible=case.responsible)
    return case.responsible


def in_order(ctx: Context, *changes: datetime | None) -> None:
    """Refuse what would change who owns or answers, or the closure, before a time when that last changed."""
    since = max((change for change in changes if change), default=None)
    if not ctx.imported and since and ctx.occurred < since:
        raise OutOfOrder(occurred=ctx.occurred, since=since)


class CaseNotOpen(Conflict):
    """The case is not open. Reopen it first if it was closed."""


class NotResponsible(Forbidden):
    """Only the responsible holder, or the manager of their unit, may do this. Ask them to."""

    rule = 1


class OutOfOrder(Conflict):
    """The case has changed since then, and ownership and closure pass in the order in which they happened.

    Record it with a time after the last change, or report it as a statement or a claim.
    """


class HolderUnknown(Unacceptable):
    """No such unit or worker is in the directory. Check the ids, or have them registered first."""


class TakesOnNothingMore(Conflict):
    """That worker is leaving, or the unit is closed, so no case comes there any more. Name another holder."""

    rule = 1


class OtherOrganisation(Forbidden):
    """A case is taken up for one's own organisation. Name a holder of yours, then offer it to the other one."""

    rule = 2


class WordsMissing(Unacceptable):
    """It has to be said in words. Fill in the field that is named."""


class EntryAbsent(Absent):
    """The case has no such version. Read its history and name a version that stands there."""


def as_holder(actor: Actor) -> Holder | None:
    """Return the actor as a holder: a worker in their unit. None where they are in none."""
    if not (actor.organisation and actor.unit):
        return None
    return Holder(actor.organisation, actor.unit, actor.id if actor.role in STAFF else None)


def entry(ctx: Context, version: Entry) -> Recorded:
    """Return the entry with this version; refuse one that this case does not have, or that happened later."""
    if version not in ctx.known.entries:
        raise EntryAbsent(version=version)
    not_before(ctx, ctx.known.entries[version].context.occurred)
    return ctx.known.entries[version]


def in_words(**fields: Words) -> None:
    """Refuse fields that say nothing."""
    for name, words in fields.items():
        if not words.strip():
            raise WordsMissing(field=name)


def known_holder(ctx: Context, holder: Holder) -> None:
    """Refuse a holder that the directory does not know. An import's source is its own directory."""
    if not ctx.imported and holder not in ctx.known.holders:
        raise HolderUnknown(holder=holder)


def taking_on(ctx: Context, holder: Holder) -> None:
    """Refuse to let a case come to one who is leaving, or to a unit that is closed."""
    if not ctx.imported and holder in ctx.known.leaving:
        raise TakesOnNothingMore(holder=holder)


def gone(ctx: Context, holder: Holder) -> bool:
    """Say whether a holder takes on nothing more, or is in the directory no longer."""
    return holder in ctx.known.leaving or holder not in ctx.known.holders


def own_organisation(ctx: Context, holder: Holder) -> None:
    """Refuse a holder of another organisation than the actor's: it has accepted nothing (rule 2)."""
    if holder.organisation != ctx.actor.organisation:
        raise OtherOrganisation(responsible=holder)
