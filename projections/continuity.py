"""Whether the client has somebody who stays: who has owned the case and answered for it, and how long nobody did.

Everything is told so that any moment can be reckoned: what is over in seconds, what lasts by since when it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TypeVar
from uuid import UUID

from domain.contacts import ContactMade
from domain.decider import Recorded, Value
from domain.intake import CaseOpened, ClientInformed
from domain.meetings import JointMeetingHeld, WarmMeetingHeld
from domain.objections import ObjectionAnswered
from domain.remembered import Holder, OwnerKind
from domain.reopening import CaseReopened
from domain.requests import RequestAnswered, RequestMade
from domain.team import TeamLineAgreed
from projections.owner import OwnerPeriod, Periods, owner_periods
from projections.projection import Projection, but

V = TypeVar("V")


@dataclass(frozen=True)
class Tenure:
    """A time through which somebody answered for the case: without an end while they do."""

    holder: Holder
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Ownership:
    """A time through which somebody owned the case: without an `owner` where the client did, without an end as yet."""

    owned_by: OwnerKind
    owner: Holder | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Continuity:
    """How steadily a case has been held; `version` is the last event that changed any of this.

    The client's wait runs from `first_contact_at` and is never reset: to `opened_at`, when the case was taken up; to
    `first_answered_at`, when somebody of the service first spoke with the client, met them or wrote to them; and to
    `first_named_at`, when it first had a named worker. `arrivals` are the times at which it came back after a closing.

    `responsible` answers for the case, since `held_since`; nobody does once it is closed. `held` are all who have, and
    `owners` all who have owned it, oldest first. `worker_changes` is how often another named worker followed the one
    before, with or without a time between when nobody was named. `unnamed_seconds` is how long the open case has been
    without a named worker in all the times that are over, and `unnamed_since` since when it is without one now.
    `contacts_waiting` is how many of the client's requests for contact wait for an answer, the oldest since
    `contact_waits_since`.
    """

    case: UUID
    first_contact_at: datetime
    opened_at: datetime
    version: int
    responsible: Holder | None
    held_since: datetime | None
    held: tuple[Tenure, ...]
    owners: tuple[Ownership, ...]
    workers: int
    worker_changes: int
    units: int
    organisations: int
    unnamed_seconds: float
    unnamed_since: datetime | None
    first_named_at: datetime | None
    first_answered_at: datetime | None = None
    arrivals: tuple[datetime, ...] = ()
    contacts_waiting: int = 0
    contact_waits_since: datetime | None = None


class Memory(Value):
    """What the row is made of: `opened` is the event that opened the case, `waiting` the requests for contact."""

    opened: CaseOpened | None = None
    opened_at: datetime | None = None
    periods: Periods = ()
    answered_at: datetime | None = None
    arrivals: tuple[datetime, ...] = ()
    waiting: tuple[tuple[UUID, datetime], ...] = ()
    rows: tuple[Continuity, ...] = ()


def continuity(memory: Memory, it: Recorded) -> Memory:
    """Remember what tells of it; the row is another one only where that changes."""
    known = asked(followed(memory, it), it)
    if known is memory or known.opened is None or known.opened_at is None:
        return known
    row = row_of(known, known.opened, known.opened_at, it)
    if memory.rows and but(row, version=memory.rows[0].version) == memory.rows[0]:
        return known
    return but(known, rows=(row,))


def followed(memory: Memory, it: Recorded) -> Memory:
    """Follow who owns the case and who answers for it, from its opening on."""
    periods = owner_periods(memory.periods, it)
    if periods is not memory.periods:
        memory = but(memory, periods=periods)
    match it.event:
        case CaseOpened() if memory.opened is None:
            return but(memory, opened=it.event, opened_at=it.context.occurred)
        case CaseReopened(arrived_at=arrived):
            return but(memory, arrivals=(*memory.arrivals, arrived))
    return memory


def asked(memory: Memory, it: Recorded) -> Memory:
    """Follow which requests for contact wait, and when the client first heard from the service."""
    match it.event:
        case RequestMade(kind="contact", request=which):
            return but(memory, waiting=(*memory.waiting, (which, it.context.occurred)))
        case RequestAnswered(request=which) if any(which == waits for waits, _ in memory.waiting):
            memory = but(memory, waiting=tuple(waits for waits in memory.waiting if waits[0] != which))
    if memory.answered_at is None and memory.opened is not None and (at := spoken_at(it)):
        return but(memory, answered_at=max(at, memory.opened.first_contact_at))
    return memory


def spoken_at(it: Recorded) -> datetime | None:
    """Return when the client heard from the service by this event, None where they did not."""
    match it.event:
        case CaseOpened(channel="visit" | "telephone") | ContactMade() | RequestAnswered() | ObjectionAnswered():
            return it.context.occurred
        case (
            WarmMeetingHeld(client_present=True)
            | JointMeetingHeld(client_present=True)
            | TeamLineAgreed(client_present=True)
        ):
            return it.context.occurred
        case ClientInformed(received_at=received):
            return received
    return None


def row_of(memory: Memory, opened: CaseOpened, opened_at: datetime, it: Recorded) -> Continuity:
    """Return the row."""
    periods = memory.periods
    held = [Tenure(*span) for span in spans(periods, lambda period: period.responsible)]
    named = [tenure for tenure in held if tenure.holder.worker]
    workers = [(tenure.holder.organisation, tenure.holder.worker) for tenure in named]
    unnamed = [(since, until) for nobody, since, until in spans(periods, nobody_is_named) if nobody]
    last = held[-1] if held[-1].until is None else None
    return Continuity(
        case=it.stream, first_contact_at=opened.first_contact_at, opened_at=opened_at, version=it.version,
        responsible=last.holder if last else None, held_since=last.since if last else None, held=tuple(held),
        owners=tuple(Ownership(*who, since, until) for who, since, until in spans(periods, who_owns)),
        workers=len(set(workers)), worker_changes=sum(one != another for one, another in pairwise(workers)),
        units=len({tenure.holder.as_unit for tenure in held}),
        organisations=len({tenure.holder.organisation for tenure in held}),
        unnamed_seconds=sum((until - since).total_seconds() for since, until in unnamed if until),
        unnamed_since=next((since for since, until in unnamed if until is None), None),
        first_named_at=named[0].since if named else None, first_answered_at=memory.answered_at,
        arrivals=memory.arrivals, contacts_waiting=len(memory.waiting),
        contact_waits_since=min((since for _, since in memory.waiting), default=None),
    )  # fmt: skip


def who_owns(period: OwnerPeriod) -> tuple[OwnerKind, Holder | None]:
    """Return who owns the case in a period."""
    return period.owned_by, period.owner


def nobody_is_named(period: OwnerPeriod) -> bool:
    """Say whether a unit answers for the case in a period."""
    return period.responsible.worker is None


def spans(periods: Periods, what: Callable[[OwnerPeriod], V]) -> list[tuple[V, datetime, datetime | None]]:
    """Return the times through which something stayed the same: what, from when, until when. A closing ends them."""
    found: list[tuple[V, datetime, datetime | None]] = []
    for period in periods:
        same, since = what(period), period.since
        if found and found[-1][0] == same and found[-1][2] == since:
            since = found.pop()[1]
        found.append((same, since, period.until))
    return found


def rows_of(memory: Memory) -> tuple[Continuity, ...]:
    """Return the row of a case that was opened."""
    return memory.rows


CONTINUITY = Projection(
    name="continuity", version=1, row=Continuity, fold=continuity, path="continuity", start=Memory(), rows=rows_of,
)  # fmt: skip
