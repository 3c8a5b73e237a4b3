"""What the client and the service aim at and do: one row for each goal, plan, service and contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.contacts import ContactAttempted, ContactMade
from domain.decider import CLIENT_SIDE, Means, Recorded, Value
from domain.plan import GoalClosed, GoalRevised, GoalSet, PlanAgreed
from domain.provision import ServiceDeclined, ServiceEnded, ServiceStarted
from domain.remembered import Holder
from domain.requests import YES, ClientAnswered
from domain.trail import Trail
from projections.projection import Opens, Projection, but

Kind = Literal["goal", "plan", "service", "contact"]
State = Literal[
    "pursued", "reached", "partly_reached", "given_up", "changed",
    "in_force", "replaced",
    "under_way", "declined", "ended",
    "made", "no_answer", "left_message", "returned_mail", "no_show",
]  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """A goal, a plan, a service or a contact; `version` is the event that began it and `settled` the one that ended it.

    `state` is of a goal whether it is pursued or what came of it, of a plan whether it is in force, of a service
    whether it is under way, and of a contact whether it was made, or what came of the attempt. `since` is when it
    began, and `until` when it was over, None while it lasts; a contact is over at once. `client_position` is what the
    client thinks of a plan, or of a service's end, by the word of whoever entered it, and `answer` what they said to a
    plan afterwards. `declined_at` is when the client said that they don't want a service: one that a worker wrote down
    goes on until it is ended. `words` are a goal's, as they are now, or those with which a service was declined.
    """

    case: UUID
    version: int
    kind: Kind
    state: State
    since: datetime
    by: str
    by_role: str
    until: datetime | None = None
    settled: int | None = None
    id: UUID | None = None
    provider: Holder | None = None
    goal: UUID | None = None
    goals: tuple[UUID, ...] = ()
    channel: Means | None = None
    client_position: Literal["agreed", "partly_agreed", "disagreed", "against", "unknown"] | None = None
    answer: Literal["agreed", "refused"] | None = None
    answered_at: datetime | None = None
    client_view: UUID | None = None
    rests_on: tuple[int, ...] = ()
    urgent: bool = False
    declined_at: datetime | None = None
    decision: UUID | None = None
    words: Annotated[int | None, Opens("words")] = None
    reason: Annotated[int | None, Opens("reason")] = None


class Memory(Value):
    """The rows by version, and the versions of goals and services by the ids that they go by; `plan` is in force."""

    rows: Trail[int, Planned] = Trail()
    versions: Trail[UUID, int] = Trail()
    plan: int = 0


def plan(memory: Memory, it: Recorded) -> Memory:
    """Add a row for what begins, and let it follow what comes of it."""
    match it.event:
        case PlanAgreed():
            return agreed(memory, it, it.event)
        case ClientAnswered(waits_for=None, version=version, answer=answer):
            said = "agreed" if answer in YES else "refused"
            row = memory.rows.get(version)
            return in_row(memory, row if row and row.kind == "plan" else None, answer=said, answered_at=time_of(it))
        case ContactAttempted(channel=channel, outcome=outcome):
            return begun(memory, it, None, "contact", outcome, channel=channel, until=time_of(it), settled=it.version)
        case ContactMade(channel=channel):
            return begun(memory, it, None, "contact", "made", channel=channel, until=time_of(it), settled=it.version)
    return aimed(served(memory, it), it)


def aimed(memory: Memory, it: Recorded) -> Memory:
    """Let a goal be set, put into other words, and closed."""
    match it.event:
        case GoalSet(goal=goal):
            return begun(memory, it, goal, "goal", "pursued", words=it.version)
        case GoalRevised(goal=goal):
            return in_row(memory, lasting(memory, goal), words=it.version)
        case GoalClosed(goal=goal, outcome=outcome):
            return over(memory, it, lasting(memory, goal), outcome)
    return memory


def served(memory: Memory, it: Recorded) -> Memory:
    """Let a service begin, be declined by the client, and end."""
    match it.event:
        case ServiceStarted(service=service, provider=provider, goal=goal):
            return begun(memory, it, service, "service", "under_way", provider=provider, goal=goal)
        case ServiceDeclined(service=service):
            row, said = lasting(memory, service), {"declined_at": time_of(it), "words": it.version}
            if it.context.actor.role in CLIENT_SIDE:
                return over(memory, it, row, "declined", **said)
            return in_row(memory, row, **said)
        case ServiceEnded(service=service, decision=decision, client_position=position):
            row = lasting(memory, service)
            return over(memory, it, row, "ended", reason=it.version, decision=decision, client_position=position)
    return memory


def agreed(memory: Memory, it: Recorded, event: PlanAgreed) -> Memory:
    """Begin a plan, in the place of the one that is in force."""
    memory = over(memory, it, memory.rows.get(memory.plan), "replaced")
    memory = begun(
        memory, it, event.plan, "plan", "in_force", goals=event.goals, client_position=event.client_position,
        client_view=event.client_view, rests_on=event.rests_on, urgent=event.urgent,
    )  # fmt: skip
    return but(memory, plan=it.version)


def begun(memory: Memory, it: Recorded, which: UUID | None, kind: Kind, state: State, **more: Any) -> Memory:
    """Add a row."""
    actor = it.context.actor
    row = Planned(it.stream, it.version, kind, state, time_of(it), actor.id, str(actor.role), id=which, **more)
    memory = but(memory, rows=memory.rows.with_(it.version, row))
    return but(memory, versions=memory.versions.with_(which, it.version)) if which else memory


def lasting(memory: Memory, which: UUID) -> Planned | None:
    """Return the row of a goal that is pursued, or a service that is under way."""
    version = memory.versions.get(which)
    row = memory.rows.get(version) if version else None
    return row if row and row.until is None else None


def over(memory: Memory, it: Recorded, row: Planned | None, state: State, **more: Any) -> Memory:
    """End a row."""
    if row is None:
        return memory
    return in_row(memory, row, state=state, until=max(time_of(it), row.since), settled=it.version, **more)


def in_row(memory: Memory, row: Planned | None, **changes: Any) -> Memory:
    """Return the rows with one of them changed."""
    return memory if row is None else but(memory, rows=memory.rows.with_(row.version, but(row, **changes)))


def time_of(it: Recorded) -> datetime:
    """Return when it happened."""
    return it.context.occurred


def rows_of(memory: Memory) -> tuple[Planned, ...]:
    """Return everything in the order in which it began."""
    return memory.rows.values


PLAN = Projection(
    name="plan", version=1, row=Planned, fold=plan, key=("version",), path="plan", start=Memory(), rows=rows_of
)
