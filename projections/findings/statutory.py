"""Rule 24: the times of the Social Welfare Act (1301/2014), 36 §, for the cases that they bind."""

from __future__ import annotations

from domain.assessment import AssessmentCompleted, AssessmentStarted
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.intake import CaseOpened
from domain.reopening import CaseReopened
from projections.findings.finding import Book

_BINDING = frozenset({"urgent", "needs"})
_ENOUGH = frozenset({"advice_suffices", "no_need"})
"""Screened with such an outcome, a matter needs no assessment of the needs."""


def family(book: Book, it: Recorded) -> Book:
    """Judge whether the assessment began and was finished in time, from the first contact or the coming back.

    They are the authority's own duty: unlike the client's time to object, months that end on a day off end there.
    """
    match it.event:
        case CaseOpened(statutory_clock="shl36", first_contact_at=since):
            return begun(book, it, since)
        case CaseReopened(statutory_clock="shl36", arrived_at=since):
            return begun(book, it, since)
        case AssessmentStarted(kind=kind) if kind in _BINDING:
            return book.settled(24, "assessment_not_begun", it)
        case AssessmentCompleted(kind=kind, outcome=outcome) if kind in _BINDING or outcome in _ENOUGH:
            return over(book, it)
        case CaseClosed():
            return over(book, it)
    return book


def begun(book: Book, it: Recorded, since: object) -> Book:
    """Let both times run from then."""
    book = book.raised(24, "assessment_not_begun", it, since=since, threshold="assess_start_working_days")
    return book.raised(24, "assessment_not_finished", it, since=since, threshold="assess_finish_months")


def over(book: Book, it: Recorded) -> Book:
    """Let neither time run on."""
    return book.settled(24, "assessment_not_begun", it).settled(24, "assessment_not_finished", it)
