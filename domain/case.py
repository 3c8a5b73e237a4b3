"""Case: just enough memory to decide."""

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
    Value,
    Words,
    not_before,
)
from domain.trail import Trail


class Holder(Value):
    """A worker in a unit of an organisation, or the unit itself while nobody is named.

    Organisations go by their national id, units and workers by the organisation's own.
    """

    organisation: str
    unit: str
    worker: str | None = None

    @property
    def as_unit(self) -> Holder:
        """The unit, with nobody named."""
        return Holder(self.organisation, self.unit)


OwnerKind = Literal["responsible", "client", "chosen"]
"""Who drives the case: whoever answers for it, the client, or somebody whom the client chose."""

Speaker = Literal["client", "representative", "close_person"]
Standing = Literal["unconfirmed", "confirmed", "disputed"]
Ground = Literal[
    "goals_met", "advice_sufficed", "no_need", "client_ended", "no_further_progress", "service_mismatch",
    "no_legal_basis", "moved", "unreachable", "death", "not_stated",
]  # fmt: skip
"""Why a case ends. None says that the client is unsuitable (rule 14); `not_stated` is for imports alone."""
Initiator = Literal["client", "representative", "service", "source"]
"""At whose initiative it ends; `source` is a history that was imported and does not say."""
Attribution = Literal["client", "service", "circumstances", "not_stated"]
"""In whose circumstances the ground lies."""


class Pending(Value):
    """A handoff that waits for an answer."""

    handoff: UUID
    to: Holder
    since: datetime
    respond_by: datetime
    claimed_by: Holder | None = None
    claimed_at: datetime | None = None


class Transfer(Value):
    """A matter on its way to the competent authority."""

    transfer: UUID
    to_organisation: str
    to_unit: str
    since: datetime


class Statement(Value):
    """What is remembered of a statement: never the words. `in_person`: the client themself entered or confirmed it."""

    speaker: Speaker
    standing: Standing
    written_by: Actor
    at: datetime
    in_person: bool = False


class Objection(Value):
    """What is remembered of an objection that waits for an answer."""

    since: datetime
    by_representative: bool


class ProposedClosure(Value):
    """A closure that is open to objection. `in_person`: the client themself proposed it, or answered to it."""

    version: int
    ground: Ground
    initiator: Initiator
    attributed_to: Attribution
    proposed_by: str
    at: datetime
    object_by: datetime | None = None
    confirmed: bool = False
    in_person: bool = False


class Case(State):
    """One client's matter, from opening to closure, as far as the next decision needs it.

    A trail of what waits for an answer holds since when it waits, and None once it was answered. `settled_at` is when
    an offer or a transfer last ended, `closure_settled_at` when the closure last was withdrawn, carried out or undone.
    `endings` are the versions that proposed to close the case. What the client answered in person: `answered_in_person`
    holds whether it was a yes to that version, and `would_end` whether they last said yes or no to ending the case.
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
    transfer: Transfer | None = None
    settled_at: datetime | None = None
    statements: Trail[UUID, Statement] = Trail()
    objections: Trail[UUID, Objection | None] = Trail()
    requests: Trail[UUID, datetime | None] = Trail()
    assessments: Trail[UUID, datetime | None] = Trail()
    closure: ProposedClosure | None = None
    closure_settled_at: datetime | None = None
    endings: Trail[int, bool] = Trail()
    answered_in_person: Trail[int, bool] = Trail()
    would_end: bool | None = None
    closed_at: datetime | None = None
    erroneous: Trail[int, bool] = Trail()

    @property
    def open_objections(self) -> list[UUID]:
        """The objections that nobody has answered."""
        return [objection for objection, waits in self.objections.now().items() if waits]

    def held_by(self, holder: Holder, since: datetime) -> Case:
        """Return the case with another responsible. What the client decided about the owner stands (rule 16)."""
        return self.but(responsible=holder, responsible_since=since)


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


def own_organisation(ctx: Context, holder: Holder) -> None:
    """Refuse a holder of another organisation than the actor's: it has accepted nothing (rule 2)."""
    if holder.organisation != ctx.actor.organisation:
        raise OtherOrganisation(responsible=holder)
