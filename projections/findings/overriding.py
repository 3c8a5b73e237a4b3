"""What was set aside or withheld is looked at again: a manager's override, an access not told of (rule 21)."""

from __future__ import annotations

from datetime import datetime

from domain.access import EmergencyAccessGranted
from domain.decider import Recorded
from domain.intake import ClientInformed
from domain.overrides import OverrideReviewed, RuleOverridden
from projections.findings.finding import Book


def family(book: Book, it: Recorded) -> Book:
    """Judge that there is one, and from its date on that the other look is missing."""
    match it.event:
        case EmergencyAccessGranted(review_by=datetime() as due):
            return book.raised(21, "not_told_of_access", it, about=it.version, due=due)
        case ClientInformed(about=about, withheld=False):
            return book.settled(21, "not_told_of_access", it, about)
        case RuleOverridden(override=override, rule=rule, review_by=due):
            book = book.noted(overrides={**book.notes.get("overrides", {}), override: (rule, it.version)})
            book = book.raised(rule, "overridden", it, about=it.version)
            return book.raised(rule, "override_not_reviewed", it, about=it.version, due=due)
        case OverrideReviewed(override=override) if override in book.notes.get("overrides", {}):
            rule, version = book.notes["overrides"][override]
            book = book.settled(rule, "overridden", it, version)
            return book.settled(rule, "override_not_reviewed", it, version)
    return book
