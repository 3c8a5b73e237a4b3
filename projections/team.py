"""What the team agreed on, who in it disagreed, and how it looked back: one row for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from domain.decider import Recorded, Value
from domain.remembered import Holder
from domain.team import DissentRecorded, TeamLineAgreed, TeamSelfReviewed
from domain.trail import Trail
from projections.projection import Opens, Projection, but

Kind = Literal["line", "dissent", "self_review"]


@dataclass(frozen=True)
class OfTeam:
    """A joint line of a team, a member's dissent from it, or the team's review of its own work; `version` is its event.

    `line` is the line's own id. `by` and where they work tell who entered it: a dissent is its author's own. Of a line,
    `members` agreed on it, `client_present` tells whether the client was there, `client_view` the statement that it
    rests on; `dissents` is how many of its members disagree, and `reviewed_at` when the team first looked back on it.
    """

    case: UUID
    version: int
    kind: Kind
    line: UUID
    at: datetime
    by: str
    by_role: str
    organisation: str | None
    unit: str | None
    members: tuple[Holder, ...] = ()
    client_present: bool | None = None
    client_view: UUID | None = None
    rests_on: tuple[int, ...] = ()
    dissents: int = 0
    reviewed_at: datetime | None = None
    text: Annotated[int | None, Opens("text")] = None
    dissent: Annotated[int | None, Opens("words")] = None
    conclusions: Annotated[int | None, Opens("conclusions")] = None


class Memory(Value):
    """The rows by version, the versions of the lines by their ids, and who disagrees with each line."""

    rows: Trail[int, OfTeam] = Trail()
    lines: Trail[UUID, int] = Trail()
    dissenters: Trail[UUID, frozenset[tuple[str | None, str]]] = Trail()


def team(memory: Memory, it: Recorded) -> Memory:
    """Add a row for each line, dissent and review, and let the line know of what was said to it."""
    match it.event:
        case TeamLineAgreed(line=line) as event:
            memory = added(
                memory, it, "line", line, members=event.members, client_present=event.client_present,
                client_view=event.client_view, rests_on=event.rests_on, text=it.version,
            )  # fmt: skip
            return but(memory, lines=memory.lines.with_(line, it.version))
        case DissentRecorded(line=line):
            return disagreed(added(memory, it, "dissent", line, dissent=it.version), it, line)
        case TeamSelfReviewed(line=line):
            memory, row = added(memory, it, "self_review", line, conclusions=it.version), line_of(memory, line)
            if row is None or row.reviewed_at is not None:
                return memory
            return in_row(memory, row, reviewed_at=it.context.occurred)
    return memory


def disagreed(memory: Memory, it: Recorded, line: UUID) -> Memory:
    """Count a member who disagrees: once, however often they say so."""
    actor = it.context.actor
    dissenters = (memory.dissenters.get(line) or frozenset()) | {(actor.organisation, actor.id)}
    memory = but(memory, dissenters=memory.dissenters.with_(line, dissenters))
    row = line_of(memory, line)
    return memory if row is None else in_row(memory, row, dissents=len(dissenters))


def added(
    memory: Memory, it: Recorded, kind: Literal["line", "dissent", "self_review"], line: UUID, **more: Any
) -> Memory:
    """Add a row."""
    actor = it.context.actor
    row = OfTeam(
        it.stream, it.version, kind, line, it.context.occurred, actor.id, str(actor.role), actor.organisation,
        actor.unit, **more,
    )  # fmt: skip
    return but(memory, rows=memory.rows.with_(it.version, row))


def line_of(memory: Memory, line: UUID) -> OfTeam | None:
    """Return the row of a line."""
    version = memory.lines.get(line)
    return memory.rows.get(version) if version else None


def in_row(memory: Memory, row: OfTeam, **changes: Any) -> Memory:
    """Return the rows with one of them changed."""
    return but(memory, rows=memory.rows.with_(row.version, but(row, **changes)))


def rows_of(memory: Memory) -> tuple[OfTeam, ...]:
    """Return everything in the order in which it was said."""
    return memory.rows.values


TEAM = Projection(
    name="team", version=1, row=OfTeam, fold=team, key=("version",), path="team", start=Memory(), rows=rows_of
)
