"""What the client's words changed: one row for each statement, request and objection, with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.decider import Recorded, Value
from domain.intake import ClientInformed
from domain.objections import ObjectionAnswered, ObjectionLapsed, ObjectionRaised, ObjectionWithdrawn
from domain.remembered import Speaker
from domain.reopening import CaseReopened
from domain.requests import RequestAnswered, RequestKind, RequestMade
from domain.trail import Trail
from domain.voice import StatementRecorded
from projections.heard import DECISIONS
from projections.projection import Opens, Projection, but


@dataclass(frozen=True)
class Change:
    """A statement, request or objection and what came of it; `version` is its event, as are all plain numbers.

    `by`, `by_role` and `by_organisation` tell who entered it. `answered` is the event by which its wait for an answer
    ended, from `said_at` to `answered_at`, or None while it waits: for a request and an objection their answer, for a
    statement the first decision that rests on it, or that the client was told of it. `ended` is how an objection came
    to its end without an answer. `changed` is the event that it altered, None is nothing yet: what the answer to an
    objection names, the answer that grants a request in whole or in part, or the first decision that rests on it.
    """

    case: UUID
    version: int
    kind: Literal["statement", "request", "objection"]
    said_at: datetime
    by: str
    by_role: str
    by_organisation: str | None
    id: UUID
    speaker: Speaker | None = None
    request: RequestKind | None = None
    about: int | None = None
    answered_at: datetime | None = None
    answered: int | None = None
    answered_by: str | None = None
    answered_by_role: str | None = None
    outcome: Literal["upheld", "partly_upheld", "rejected", "granted", "partly_granted", "refused"] | None = None
    ended: Literal["withdrawn", "lapsed"] | None = None
    changed: int | None = None
    words: Annotated[int | None, Opens("words")] = None


class Memory(Value):
    """What was said by version, the versions by the ids that it goes by, and what a decision named before it counted.

    A decision may count before the statement that it rests on, where either was entered late.
    """

    said: Trail[int, Change] = Trail()
    versions: Trail[UUID, int] = Trail()
    named: Trail[UUID, Recorded] = Trail()


def changed(memory: Memory, it: Recorded) -> Memory:
    """Add a row for each thing said or asked for, and let what came of it stand in its row."""
    match it.event:
        case StatementRecorded(statement=which, speaker=speaker, about=about):
            return begun(memory, it, which, "statement", speaker=speaker, about=about)
        case RequestMade(request=which, kind=request):
            return begun(memory, it, which, "request", request=request)
        case ObjectionRaised(objection=which, against=about):
            return begun(memory, it, which, "objection", about=about)
        case ClientInformed(about=version, withheld=False):
            return told(memory, it, version)
        case event if type(event) in DECISIONS:
            return rested_on(memory, it)
    return answered(memory, it)


def begun(memory: Memory, it: Recorded, which: UUID, kind: Any, **more: Any) -> Memory:
    """Add a row."""
    actor = it.context.actor
    row = Change(
        it.stream, it.version, kind, it.context.occurred, actor.id, str(actor.role), actor.organisation, which,
        words=it.version, **more,
    )  # fmt: skip
    if (decision := memory.named.get(which)) and kind == "statement":
        row = but(row, changed=decision.version, **answer(decision))
    return memory.but(said=memory.said.with_(it.version, row), versions=memory.versions.with_(which, it.version))


def answered(memory: Memory, it: Recorded) -> Memory:
    """Let a request or an objection have its answer, or come to its end without one."""
    match it.event:
        case RequestAnswered(request=which, outcome=outcome):
            granted = None if outcome == "refused" else it.version
            return settled(memory, which, answer(it) | {"outcome": outcome}, granted)
        case ObjectionAnswered(objection=which, outcome=outcome, changed=altered):
            return settled(memory, which, answer(it) | {"outcome": outcome}, altered)
        case ObjectionWithdrawn(objection=which, waits_for=None):
            return settled(memory, which, {"ended": "withdrawn"})
        case ObjectionLapsed(objection=which):
            return settled(memory, which, {"ended": "lapsed"})
        case CaseReopened(trigger="death_withdrawn"):
            for row in memory.said.values:
                memory = in_row(memory, row, ended=None) if row.ended == "lapsed" else memory
    return memory


def settled(memory: Memory, which: UUID, changes: dict[str, Any], altered: int | None = None) -> Memory:
    """Return the rows with this request or objection settled, and what that altered unless it had altered something."""
    version = memory.versions.get(which)
    row = memory.said.get(version) if version else None
    if row is None:
        return memory
    return in_row(memory, row, changed=row.changed or altered, **changes)


def rested_on(memory: Memory, it: Recorded) -> Memory:
    """Let what a decision names, as the client's view or among what it rests on, know of the first that does."""
    view: UUID | None = getattr(it.event, "client_view", None)
    if view is not None and memory.versions.get(view) is None and memory.named.get(view) is None:
        memory = memory.but(named=memory.named.with_(view, it))
    versions = [memory.versions.get(view)] if view else []
    for version in (*versions, *getattr(it.event, "rests_on", ())):
        row = memory.said.get(version) if version else None
        if row is not None and row.changed is None:
            memory = in_row(memory, row, changed=it.version)
        memory = told(memory, it, version)
    return memory


def told(memory: Memory, it: Recorded, version: int | None) -> Memory:
    """End a statement's wait for an answer."""
    row = memory.said.get(version) if version else None
    if row is None or row.kind != "statement" or row.answered is not None:
        return memory
    return in_row(memory, row, **answer(it))


def answer(it: Recorded) -> dict[str, Any]:
    """Return when the wait ended, and who ended it."""
    actor = it.context.actor
    return {
        "answered_at": it.context.occurred, "answered": it.version, "answered_by": actor.id,
        "answered_by_role": str(actor.role),
    }  # fmt: skip


def in_row(memory: Memory, row: Change, **changes: Any) -> Memory:
    """Return the rows with one of them changed."""
    return memory.but(said=memory.said.with_(row.version, but(row, **changes)))


def rows_of(memory: Memory) -> tuple[Change, ...]:
    """Return what was said and asked for, in the order in which it was."""
    return memory.said.values


CHANGED = Projection(
    name="changed", version=1, row=Change, fold=changed, key=("version",), path="changed", start=Memory(), rows=rows_of
)
