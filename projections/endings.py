"""How the case ended: one row for each time that it was closed, with what the client said to that and felt of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.case import Case, as_holder
from domain.closure import CaseClosed, ClosureProposed
from domain.decider import STAFF, Recorded, Value
from domain.history import after, beginning
from domain.intake import CaseOpened
from domain.ledger.readtable import Index
from domain.objections import ObjectionAnswered, ObjectionLapsed, ObjectionRaised, ObjectionWithdrawn
from domain.overrides import RuleOverridden
from domain.remembered import Attribution, Ground, Initiator, ProposedClosure
from domain.reopening import CaseReopened, Trigger
from domain.requests import ExperienceAsked, ExperienceReported
from domain.trail import Trail
from projections.projection import Opens, Projection, but

Outcome = Literal["open", "upheld", "partly_upheld", "rejected", "withdrawn", "lapsed"]


@dataclass(frozen=True)
class Contested:
    """An objection beside a closing, against which version it is, and what became of it.

    It has no `settled_at` while it is open; `closed_over` says that it waited for an answer when the case was closed.
    """

    version: int
    against: int
    raised_at: datetime
    outcome: Outcome = "open"
    settled_at: datetime | None = None
    closed_over: bool = False


@dataclass(frozen=True)
class Experience:
    """How the service felt to the client, from 1 (bad) to 5 (good)."""

    version: int
    told_at: datetime
    score: int


@dataclass(frozen=True)
class Ending:
    """A closing of the case; `version` is its event and `proposed` the one that proposed it, None where nobody did.

    `organisation` and `unit` are those of whoever decided it, in an import those that held the case. `client` is what
    the client said to the proposal. `overridden` are the rules that a manager set aside to propose or to close.
    `objections` are those against the proposal or the closing, whenever raised, and those that were open at the closing
    whatever they are against. `asked_at` is when the client was first asked how the service felt, and `experiences`
    what they told, since the case was opened or taken up again and until it is taken up anew; `experience` are the
    words of the last. `reopened_at`, `reopened` and `trigger` tell when the case was taken up again, and why.
    """

    case: UUID
    number: int
    closed_at: datetime
    version: int
    ground: Ground
    initiator: Initiator
    attributed_to: Attribution
    organisation: str
    unit: str
    closed_by: str
    closed_by_role: str
    proposed: int | None
    client: Literal["agreed", "refused"] | None
    overridden: tuple[int, ...]
    objections: tuple[Contested, ...]
    asked_at: datetime | None
    experiences: tuple[Experience, ...]
    experience: Annotated[int | None, Opens("words")]
    reopened_at: datetime | None = None
    reopened: int | None = None
    trigger: Trigger | None = None
    reopened_words: Annotated[int | None, Opens("words")] = None


class Memory(Value):
    """The rows, the case as decisions remember it, and what a closing takes along.

    `set_aside` are the rules overridden so far, each with its act, and `lapsed` the objections that ended with a death,
    by id and version, each with its act too. `proposing` is the act that proposed to close.
    """

    endings: tuple[Ending, ...] = ()
    case: Case = beginning(Case)
    objections: Trail[UUID, Contested] = Trail()
    set_aside: tuple[tuple[UUID, int], ...] = ()
    lapsed: tuple[tuple[UUID, UUID, int], ...] = ()
    proposing: UUID | None = None
    asked_at: datetime | None = None
    experiences: tuple[Experience, ...] = ()


def endings(memory: Memory, it: Recorded) -> Memory:
    """Add a row where the case is closed, and let it follow what comes of that."""
    command = it.context.command
    match it.event:
        case RuleOverridden(rule=rule):
            memory = but(memory, set_aside=(*memory.set_aside, (command, rule)))
        case ClosureProposed():
            memory = but(memory, proposing=command)
        case CaseClosed():
            memory = closed(memory, it, it.event)
        case CaseOpened():
            memory = but(memory, asked_at=None, experiences=())
        case CaseReopened():
            memory = reopened(memory, it, it.event)
        case _:
            memory = felt(contested(memory, it), it)
    return but(memory, case=after(memory.case, it))


def closed(memory: Memory, it: Recorded, event: CaseClosed) -> Memory:
    """Add a row."""
    proposal, actor = memory.case.closure, it.context.actor
    place = (as_holder(actor) if actor.role in STAFF else None) or memory.case.responsible
    proposed = proposal.version if proposal else None
    row = Ending(
        case=it.stream, number=len(memory.endings) + 1, closed_at=time_of(memory, it), version=it.version,
        ground=event.ground, initiator=event.initiator, attributed_to=event.attributed_to,
        organisation=place.organisation if place else "", unit=place.unit if place else "",
        closed_by=actor.id, closed_by_role=str(actor.role), proposed=proposed,
        client=clients_word(memory.case, proposal), overridden=overridden(memory, it),
        objections=beside(memory, it, proposed),
        asked_at=memory.asked_at, experiences=memory.experiences,
        experience=memory.experiences[-1].version if memory.experiences else None,
    )  # fmt: skip
    return but(memory, endings=(*memory.endings, row), proposing=None)


def clients_word(case: Case, proposal: ProposedClosure | None) -> Literal["agreed", "refused"] | None:
    """Return what the client said to a proposal to close, None where they said nothing."""
    if proposal is None:
        return None
    yes = case.agreed_to(proposal.version)
    if yes is None:
        return "agreed" if proposal.confirmed else None
    return "agreed" if yes else "refused"


def overridden(memory: Memory, it: Recorded) -> tuple[int, ...]:
    """Return the rules that were set aside to propose what is now carried out, or to carry it out."""
    acts = {memory.proposing, it.context.command}
    return tuple(sorted({rule for act, rule in memory.set_aside if act in acts}))


def beside(memory: Memory, it: Recorded, proposal: int | None) -> tuple[Contested, ...]:
    """Return the objections to the proposal, and those that are open, or ended with the client's death just now."""
    lapsed = {version for act, _, version in memory.lapsed if act == it.context.command}
    return tuple(
        but(objection, closed_over=objection.outcome == "open")
        for objection in memory.objections.values
        if objection.outcome == "open" or objection.against == proposal or objection.version in lapsed
    )


def reopened(memory: Memory, it: Recorded, event: CaseReopened) -> Memory:
    """Let the last row know; what was felt before is told of that ending, unless it never should have been one."""
    memory = in_last(
        memory, reopened_at=time_of(memory, it), reopened=it.version, trigger=event.trigger, reopened_words=it.version
    )
    if event.trigger != "death_withdrawn":
        return but(memory, asked_at=None, experiences=())
    for _, which, _ in memory.lapsed:
        memory = settled(memory, it, which, "open")
    return but(memory, lapsed=())


def contested(memory: Memory, it: Recorded) -> Memory:
    """Follow the objections, beside the closings that they belong to."""
    match it.event:
        case ObjectionRaised(objection=which, against=against):
            objection = Contested(it.version, against, it.context.occurred)
            memory = in_each(memory, lambda row: with_another(row, objection))
            return but(memory, objections=memory.objections.with_(which, objection))
        case ObjectionAnswered(objection=which, outcome=outcome):
            return settled(memory, it, which, outcome)
        case ObjectionWithdrawn(waits_for=None, objection=which):
            return settled(memory, it, which, "withdrawn")
        case ObjectionLapsed(objection=which) if known := memory.objections.get(which):
            memory = but(memory, lapsed=(*memory.lapsed, (it.context.command, which, known.version)))
            return settled(memory, it, which, "lapsed")
    return memory


def with_another(row: Ending, objection: Contested) -> Ending:
    """Return the row with an objection more, where that is against its closing or its proposal."""
    if objection.against not in {row.version, row.proposed}:
        return row
    return but(row, objections=(*row.objections, objection))


def settled(memory: Memory, it: Recorded, which: UUID, outcome: Outcome) -> Memory:
    """Say of an objection what became of it, wherever it stands."""
    objection = memory.objections.get(which)
    if objection is None:
        return memory
    at = None if outcome == "open" else max(it.context.occurred, objection.raised_at)
    objection = but(objection, outcome=outcome, settled_at=at)
    memory = in_each(memory, lambda row: with_outcome(row, objection))
    return but(memory, objections=memory.objections.with_(which, objection))


def with_outcome(row: Ending, objection: Contested) -> Ending:
    """Return the row with what became of an objection, where that stands in it."""
    objections = tuple(
        but(objection, closed_over=known.closed_over) if known.version == objection.version else known
        for known in row.objections
    )
    return row if objections == row.objections else but(row, objections=objections)


def felt(memory: Memory, it: Recorded) -> Memory:
    """Follow when the client was asked how the service felt, and what they told: beside the ending if there is one."""
    match it.event:
        case ExperienceAsked() if memory.asked_at is None:
            memory = but(memory, asked_at=it.context.occurred)
        case ExperienceReported(score=score):
            told = Experience(it.version, it.context.occurred, score)
            memory = but(memory, experiences=(*memory.experiences, told))
        case _:
            return memory
    last = memory.experiences[-1].version if memory.experiences else None
    return in_last(memory, asked_at=memory.asked_at, experiences=memory.experiences, experience=last)


def in_last(memory: Memory, **changes: Any) -> Memory:
    """Return the memory with these changes in the ending after which the case was not taken up again, if any."""
    if not memory.endings or memory.endings[-1].reopened_at is not None:
        return memory
    now = but(memory.endings[-1], **changes)
    return in_each(memory, lambda row: now if row is memory.endings[-1] and row != now else row)


def in_each(memory: Memory, change: Callable[[Ending], Ending]) -> Memory:
    """Return the memory with a change in its endings: the very same ones where it changes none."""
    endings = tuple(change(row) for row in memory.endings)
    return memory if endings == memory.endings else but(memory, endings=endings)


def time_of(memory: Memory, it: Recorded) -> datetime:
    """Return when it happened; nothing ends before it begins, though an import's times may run backward."""
    if not memory.endings:
        return it.context.occurred
    last = memory.endings[-1]
    return max(it.context.occurred, last.reopened_at or last.closed_at)


def rows_of(memory: Memory) -> tuple[Ending, ...]:
    """Return the closings, oldest first."""
    return memory.endings


ENDINGS = Projection(
    name="endings", version=1, row=Ending, fold=endings, key=("number",), path="endings", start=Memory(), rows=rows_of,
    indexes=(
        Index(("closed_at",)), Index(("organisation", "unit", "closed_at")), Index(("ground", "closed_at")),
        Index(("initiator", "closed_at")),
    ),
)  # fmt: skip
