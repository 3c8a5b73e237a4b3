"""The grammar of findings: a row, the book that a family writes it into, and when it stands.

A finding is never an event. What silence brings about is a row too: it says since when something waits and which
threshold it waits for, so that it can be asked at any moment whether it stands, without anything having happened. By
which policy is decided when it is asked: a policy that is set later changes no row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from domain.calendar import Calendar, civil_day, end_of
from domain.case import Case
from domain.decider import Recorded, Value
from domain.history import after, beginning
from domain.policy import Policies
from projections.projection import but

Measure = Literal["working_days", "days", "months", "more_than", "within"]
"""How a threshold counts: a time that has passed, a number that is exceeded, or one that is not."""

MEASURES: dict[str, Measure] = {
    "name_working_days": "working_days",
    "respond_working_days": "working_days",
    "contact_working_days": "working_days",
    "assess_start_working_days": "working_days",
    "assess_finish_months": "months",
    "worker_changes": "more_than",
    "late_days": "more_than",
    "quiet_days": "within",
}
"""The thresholds that findings use."""


@dataclass(frozen=True)
class Finding:
    """Something that a rule shows in the history: which `entries` show it, and in which unit's time it fell.

    `since` is when it came about, or when the time began that a threshold measures. With `due` it stands from then on;
    with a `threshold` once that has passed, or where `value` is over it; otherwise at once. It stands until `settled`,
    by the event `settled_by`; None is never yet. `about` is the entry that it concerns, where one rule may find several
    things at once. `raised_at` is when the first of its entries counts: before that nobody could find it.
    """

    case: UUID
    number: int
    rule: int
    kind: str
    entries: tuple[int, ...]
    since: datetime
    about: int | None = None
    organisation: str | None = None
    unit: str | None = None
    threshold: str | None = None
    value: int | None = None
    due: datetime | None = None
    settled: datetime | None = None
    settled_by: int | None = None
    raised_at: datetime | None = None


@dataclass(frozen=True)
class Judgement:
    """Whether a finding stands at a moment: `by` the policy of its time, or only by today's; open, or settled by then.

    `stands_from` is when it came to stand, None where only today's policy finds it.
    """

    by: Literal["its_time", "today"]
    state: Literal["open", "settled"]
    stands_from: datetime | None


class Book(Value):
    """What the families have found in a case so far, the case as decisions remember it, and notes of their own.

    `at` is when the events so far count: an import's may be out of order. `waiting` tells where the rows of a rule and
    kind are that nothing has settled yet. `notes` are small facts that later events are judged by, under a name that
    the family gives them.
    """

    case: Case = beginning(Case)
    at: datetime | None = None
    rows: tuple[Finding, ...] = ()
    waiting: dict[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def raised(self, rule: int, kind: str, it: Recorded, **more: Any) -> Book:
        """Return the book with a finding that this event shows, or begins."""
        in_hands = self.case if self.case.status == "open" else after(self.case, it)
        holder = in_hands.responsible
        place = {"organisation": holder.organisation, "unit": holder.unit} if holder else {}
        at = self.time_of(it)
        what: dict[str, Any] = {"entries": (it.version,), "since": at, "raised_at": at, **place, **more}
        row = Finding(case=it.stream, number=len(self.rows) + 1, rule=rule, kind=kind, **what)
        waiting = {**self.waiting, (rule, kind): (*self.waiting.get((rule, kind), ()), len(self.rows))}
        return self.but(rows=(*self.rows, row), waiting=waiting)

    def settled(self, rule: int, kind: str, it: Recorded, about: int | None = None) -> Book:
        """Return the book with what stood open of this kind settled by this event: all of it, or what is about one."""
        waits = self.waiting.get((rule, kind), ())
        ends = {place for place in waits if about in {None, self.rows[place].about}}
        if not ends:
            return self
        rows = list(self.rows)
        for place in ends:
            row = rows[place]
            entries, at = (*row.entries, it.version), max(self.time_of(it), row.since)
            rows[place] = but(row, settled=at, settled_by=it.version, entries=entries)
        left = tuple(place for place in waits if place not in ends)
        return self.but(rows=tuple(rows), waiting={**self.waiting, (rule, kind): left})

    def time_of(self, it: Recorded) -> datetime:
        """Return when an event counts: never before those that count before it."""
        return max(self.at or it.context.occurred, it.context.occurred)

    def noted(self, **notes: Any) -> Book:
        """Return the book with these notes."""
        return self.but(notes=self.notes | notes)


def judged(row: Finding, at: datetime, policies: Policies, calendar: Calendar) -> Judgement | None:
    """Return whether a finding stands at a moment, None where it doesn't."""
    if max(row.since, row.raised_at or row.since) > at:
        return None
    until = at if row.settled is None else min(at, row.settled)
    then = _stands_from(row, policies.at(row.since, row.organisation, row.unit), calendar, by_now=False)
    today = _stands_from(row, policies.at(None, row.organisation, row.unit), calendar, by_now=True)
    state: Literal["open", "settled"] = "settled" if row.settled is not None and row.settled <= at else "open"
    if then is not None and then <= until and then <= at:
        return Judgement("its_time", state, then)
    if today is not None and today <= until and today <= at:
        return Judgement("today", state, None)
    return None


def _stands_from(row: Finding, policy: Any, calendar: Calendar, *, by_now: bool) -> datetime | None:
    """Return from when a finding stands by a policy, or None where it never does.

    What an event itself has set as due, by the policy of its time, is not reckoned again but by today's.
    """
    if row.due is not None and (row.threshold is None or not by_now):
        return row.due
    if row.threshold is None:
        return row.since
    limit = getattr(policy, row.threshold)
    match MEASURES[row.threshold]:
        case "more_than":
            return row.since if (row.value or 0) > limit else None
        case "within":
            return row.since if (row.value or 0) <= limit else None
        case measure:
            return deadline(measure, civil_day(row.since), limit, calendar)


@lru_cache(100_000)
def deadline(measure: Measure, day: date, limit: int, calendar: Calendar) -> datetime:
    """Return the end of a time of so many days, working days or months after a day."""
    if measure == "working_days":
        for _ in range(limit):
            day = calendar.worked_from(day + timedelta(days=1))
        return end_of(day)
    if measure == "days":
        return end_of(day + timedelta(days=limit))
    months = day.month - 1 + limit
    year, month = day.year + months // 12, months % 12 + 1
    return end_of(_last_possible(year, month, day.day))


def _last_possible(year: int, month: int, day: int) -> date:
    """Return this day of the month, or the month's last (Act on the Calculation of Statutory Terms 150/1930, 3 §)."""
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day - 1), first_of_next - timedelta(days=1))
