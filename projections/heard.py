"""Whether the client was heard: for each decision the words that it rests on, a reason why it has none, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.assessment import AssessmentCompleted
from domain.case import as_holder
from domain.closure import ClosureProposed
from domain.decider import CLIENT_SIDE, STAFF, Event, Recorded, Role, Value
from domain.handoff import HandoffProposed
from domain.ledger.readtable import Index
from domain.plan import PlanAgreed
from domain.remembered import Holder, Speaker, Standing
from domain.team import TeamLineAgreed
from domain.trail import Trail
from domain.transfer import MatterTransferred
from domain.voice import About, Assistance, StatementConfirmed, StatementDisputed, StatementRecorded, ViewUnavailable
from projections.owner import Periods, owner_periods
from projections.projection import Opens, Projection, but

Heard = Literal["clients_own", "confirmed", "unconfirmed", "disputed", "anothers_words", "reason", "nothing"]

DECISIONS: dict[type[Event[Any]], About] = {
    HandoffProposed: "handoff", MatterTransferred: "transfer", AssessmentCompleted: "assessment", PlanAgreed: "plan",
    TeamLineAgreed: "team_line", ClosureProposed: "closure",
}  # fmt: skip
"""The decisions for which the client is to be heard."""


@dataclass(frozen=True)
class Hearing:
    """A decision and what of the client's it rests on; `version` is its event, and `said` that of the statement.

    `organisation` and `unit` are those of whoever decided or, where the client or a representative did, those that
    answered for the case. `heard` tells, as it stands now: the decision was the `clients_own`; or the client's
    statement named as their view is `confirmed`, `unconfirmed` or `disputed`; or the words are another's; or there are
    none, for a stated `reason` (a death is one), or `nothing` was said. `standing` is how the statement stands now,
    `standing_then` how it stood at the decision, and `later` what changed that since, each with its time. What an
    import tells has no row: its source does not say whether anybody was heard.
    """

    case: UUID
    version: int
    kind: About
    decided_at: datetime
    by: str
    by_role: str
    organisation: str | None
    unit: str | None
    heard: Heard
    statement: UUID | None = None
    said: int | None = None
    speaker: Speaker | None = None
    assisted_by: Assistance | None = None
    standing: Standing | None = None
    standing_then: Standing | None = None
    later: tuple[tuple[datetime, Standing], ...] = ()
    words: Annotated[int | None, Opens("words")] = None
    no_view_because: Annotated[int | None, Opens("why")] = None


@dataclass(frozen=True)
class Statement:
    """What tells of a statement in the rows of the decisions that rest on it."""

    said: int
    words: int
    speaker: Speaker
    assisted_by: Assistance
    standing: Standing


class Memory(Value):
    """The decisions by version, the statements, and the decisions that name each of them as the client's view.

    `periods` tell who answers for the case; `unheard` is in which act it was last said why there is no view, and where.
    """

    hearings: Trail[int, Hearing] = Trail()
    statements: Trail[UUID, Statement] = Trail()
    named_in: Trail[UUID, tuple[int, ...]] = Trail()
    periods: Periods = ()
    unheard: tuple[UUID, int] | None = None


def heard(memory: Memory, it: Recorded) -> Memory:
    """Add a row for each decision, and let it follow how the client sees the words that it rests on."""
    periods = owner_periods(memory.periods, it)
    if periods is not memory.periods:
        return memory.but(periods=periods)
    kind = DECISIONS.get(type(it.event))
    if kind is None:
        return said(memory, it)
    return memory if it.context.imported else decided(memory, it, kind)


def said(memory: Memory, it: Recorded) -> Memory:
    """Remember what was said, how the client sees it, or why nothing was."""
    match it.event:
        case StatementRecorded() as event:
            standing: Standing = "confirmed" if it.context.actor.role in CLIENT_SIDE else "unconfirmed"
            here = it.version
            return stands(
                memory, it, event.statement, Statement(here, here, event.speaker, event.assisted_by, standing)
            )
        case StatementConfirmed(statement=which) if known := memory.statements.get(which):
            return stands(memory, it, which, but(known, standing="confirmed"))
        case StatementDisputed(statement=which) if known := memory.statements.get(which):
            return stands(memory, it, which, but(known, standing="disputed"))
        case ViewUnavailable():
            return memory.but(unheard=(it.context.command, it.version))
    return memory


def stands(memory: Memory, it: Recorded, which: UUID, statement: Statement) -> Memory:
    """Remember how a statement stands, and let the decisions that name it tell."""
    hearings = memory.hearings
    for version in memory.named_in.get(which) or ():
        if row := hearings.get(version):
            hearings = hearings.with_(version, resting(row, statement, it.context.occurred))
    return memory.but(hearings=hearings, statements=memory.statements.with_(which, statement))


def decided(memory: Memory, it: Recorded, kind: About) -> Memory:
    """Add the row of a decision."""
    view: UUID | None = getattr(it.event, "client_view", None)
    row = unheard(memory, it, kind)
    if view is not None:
        row = but(row, statement=view)
        memory = memory.but(named_in=memory.named_in.with_(view, (*(memory.named_in.get(view) or ()), it.version)))
        if statement := memory.statements.get(view):
            row = resting(row, statement, it.context.occurred)
    return memory.but(hearings=memory.hearings.with_(it.version, row))


def unheard(memory: Memory, it: Recorded, kind: About) -> Hearing:
    """Return the row of a decision without the words that it may rest on."""
    ctx = it.context
    place = place_of(memory, it)
    no_view_because = memory.unheard[1] if memory.unheard and memory.unheard[0] == ctx.command else None
    was: Heard = "nothing"
    if ctx.actor.role in CLIENT_SIDE:
        was = "clients_own" if ctx.actor.role == Role.CLIENT else "anothers_words"
    elif no_view_because is not None or (isinstance(it.event, ClosureProposed) and it.event.ground == "death"):
        was = "reason"
    return Hearing(
        it.stream, it.version, kind, ctx.occurred, ctx.actor.id, str(ctx.actor.role),
        organisation=place.organisation if place else None, unit=place.unit if place else None, heard=was,
        no_view_because=no_view_because,
    )  # fmt: skip


def place_of(memory: Memory, it: Recorded) -> Holder | None:
    """Return the unit that decided: that of the worker, or else the one that answers for the case."""
    actor = it.context.actor
    if actor.role in STAFF and (holder := as_holder(actor)):
        return holder
    return memory.periods[-1].responsible if memory.periods else None


def resting(row: Hearing, statement: Statement, at: datetime) -> Hearing:
    """Return the row of a decision with the statement that it names, as that stands from this time on."""
    told = but(row, **vars(statement), standing_then=row.standing_then or statement.standing)
    if row.standing not in {None, statement.standing}:
        told = but(told, later=(*row.later, (at, statement.standing)))
    if row.heard == "clients_own":
        return told
    return but(told, heard=statement.standing if statement.speaker == "client" else "anothers_words")


def rows_of(memory: Memory) -> tuple[Hearing, ...]:
    """Return the decisions in the order in which they were made."""
    return memory.hearings.values


HEARD = Projection(
    name="heard", version=1, row=Hearing, fold=heard, key=("version",), path="heard", start=Memory(), rows=rows_of,
    indexes=(Index(("organisation", "unit", "decided_at")), Index(("decided_at",))),
)  # fmt: skip
