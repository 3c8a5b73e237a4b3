"""How long a case's words are kept, by its service task, and what holds them longer.

The terms are those of the annex of the Act on the Processing of Client Data (703/2023), as the National Archives print
them: ten years from the closing of the matter for adults, older people, substance abuse and disability (there from that
of the last one), thirty for families with children; in child protection two years from the client's death; in family
law 120 years from the child's birth. The numbers are policy. Three things are read from it with caution: family law is
kept as if every matter were a child's, a task that nobody has stated as the longest of them all, and where a death is
not known the birth counts. Whose words the archive's sample keeps is never erased by a term.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Literal

from domain.calendar import civil_day
from domain.case import Case, in_words, only_responsible
from domain.decider import Action, Command, Conflict, Context, Event, Role, Unacceptable, Words
from domain.facts import Keeping
from domain.policy import Policy
from domain.remembered import Task

KEEPERS = frozenset({Role.ADMINISTRATOR})
STANDS = timedelta(days=90)
"""How long after a closing, a task, a birth or a death was written down, or imported, a term ends at the earliest."""
_TEN = 10


def keep_until(
    task: Task, closed: datetime | None, born: date | None, died: datetime | None, policy: Policy
) -> date | None:
    """Return the first day, in Finland, on which a case's words are kept no longer; None while there is no such day.

    `closed` is None for a case that is open, whose words are kept. What is counted from a birth or a death goes on to
    the end of the year, so that the day of an erasure does not tell the birthday.
    """
    if closed is None or is_sample(born, policy):
        return None
    closing = civil_day(closed)
    match task:
        case "families":
            return _years_on(closing, policy.keep_child_years)
        case "adults" | "older_people" | "substance_abuse" | "disability":
            return _years_on(closing, policy.keep_years)
        case "child_protection" if died is not None:
            return max(closing, _year_after(_years_on(civil_day(died), policy.keep_death_years)))
    if born is None:
        return None
    least = policy.keep_child_years if task == "not_stated" else 0
    return max(_years_on(closing, least), _year_after(_years_on(born, policy.keep_birth_years)))


def is_sample(born: date | None, policy: Policy) -> bool:
    """Say whether somebody born then is in the National Archives' sample: by the last digit of the day of birth.

    A policy adds a day to the archive's own and takes none away: one person can't give up the sample by a number.
    """
    return born is not None and born.day % _TEN in {policy.sample_day, Policy().sample_day}


def birth_date(words: Words) -> date | None:
    """Return the date of birth as it was written down, as 1961-03-08 or 8.3.1961; None where that is no date."""
    text = words.strip()
    with suppress(ValueError):
        return date.fromisoformat(text)
    with suppress(ValueError):
        return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a day has no time zone
    return None


def kept_until(case: Case, keeping: Keeping, died: datetime | None, policy: Policy) -> date | None:
    """Return the first day on which this case's words are kept no longer; None while there is no such day.

    A disability case is kept with the client's others: the term runs from the closing of the last of them. And what a
    term rests on has stood for `STANDS` before it ends: nobody makes words due by what they write down today.
    """
    if case.status != "closed":
        return None
    alike = [case, *(it for it in keeping.others if it.task == case.task)] if case.task == "disability" else [case]
    closings = [it.closed_at if it.status == "closed" else None for it in alike]
    last = None if None in closings else max(it for it in closings if it)
    due = keep_until(case.task, last, keeping.born, died, policy)
    return due if due is None or keeping.stated is None else max(due, civil_day(keeping.stated + STANDS))


def known_term(case: Case, ctx: Context) -> date | None:
    """Return the same from what a decision may look at."""
    died = ctx.known.client.died_at if ctx.known.client else None
    return kept_until(case, ctx.known.keeping, died, ctx.known.policy)


def _years_on(day: date, years: int) -> date:
    year = day.year + years
    if year > date.max.year:
        return date.max
    leap_day = (day.month, day.day) == (2, 29) and not _has_leap_day(year)
    return date(year, 3, 1) if leap_day else day.replace(year=year)


def _has_leap_day(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _year_after(day: date) -> date:
    return date(min(day.year + 1, date.max.year), 1, 1)


class TaskStated(Event[Case]):
    """Under which service task the case is kept was stated, or stated anew."""

    topic = "task-stated"

    task: Task

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(task=self.task)


class StateTask(Command[Case]):
    """State under which service task the case is kept. Whoever answers for it does, or did when it was closed."""

    task: Task

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_responsible(state, ctx)
        if state.task != self.task:
            yield TaskStated(self.task)


class RetentionHeld(Event[Case]):
    """The words of a case are kept for some time longer, whatever their term."""

    topic = "retention-held"
    lasting = True

    because: Literal["litigation", "complaint", "investigation", "audit"]
    reason: Words
    until: datetime

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(held_until=self.until)


class HoldRetention(Command[Case]):
    """Keep the words of a case until a day to come, whatever their term: a court, say, or a complaint needs them.

    Held again, they are kept until the new day. Until then only a court's order destroys them.
    """

    roles = KEEPERS
    action = Action.ERASE

    because: Literal["litigation", "complaint", "investigation", "audit"]
    until: datetime
    reason: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(reason=self.reason)
        if self.until <= ctx.recorded:
            raise HoldOver(until=self.until)
        yield RetentionHeld(self.because, self.reason, self.until)


class RetentionReleased(Event[Case]):
    """Nothing holds the words of the case any more but their term."""

    topic = "retention-released"
    lasting = True

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(held_until=None)


class ReleaseRetention(Command[Case]):
    """Say that nothing holds the words of the case any more but their term."""

    roles = KEEPERS
    action = Action.ERASE

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if state.held_until is None:
            raise NothingHeld
        yield RetentionReleased()


class HoldOver(Unacceptable):
    """That hold is over before it is entered. Send a time to come, or none at all."""

    rule = 20


class NothingHeld(Conflict):
    """Nothing holds the words of that case but their term, so there is nothing to release. Leave it as it is."""

    rule = 20
