"""Rules 19 and 28: what was entered late or only reported, and what rests on an entry that was in error."""

from __future__ import annotations

from datetime import timedelta

from domain.corrections import EntryMarkedErroneous
from domain.decider import Recorded
from projections.findings.finding import Book

_DAY = timedelta(days=1)


def family(book: Book, it: Recorded) -> Book:
    """Judge the record itself."""
    return foundations(reports(lateness(book, it), it), it)


def lateness(book: Book, it: Recorded) -> Book:
    """Rule 19: what happened is entered soon. An act of several events is late once."""
    ctx = it.context
    days = (ctx.recorded - ctx.occurred) // _DAY
    if ctx.imported or days < 1 or book.notes.get("late") == ctx.command:
        return book
    return book.noted(late=ctx.command).raised(
        19, "entered_late", it, about=it.version, threshold="late_days", value=days, since=ctx.recorded
    )


def reports(book: Book, it: Recorded) -> Book:
    """Rule 19: what took place outside the system is flagged."""
    ctx = it.context
    if not ctx.reported or book.notes.get("reported") == ctx.command:
        return book
    return book.noted(reported=ctx.command).raised(19, "reported", it, about=it.version, since=ctx.recorded)


def foundations(book: Book, it: Recorded) -> Book:
    """Rule 28: no decision rests on an entry that was marked as erroneous.

    A statement that was marked does not count any more, so whatever names it as the client's view comes without it.
    """
    if isinstance(it.event, EntryMarkedErroneous):
        marked = it.event.version
        for decision, entries in book.notes.get("rests_on", {}).items():
            if marked in entries:
                book = book.raised(28, "rests_on_error", it, about=decision, entries=(decision, it.version))
        for decision in book.notes.get("unfounded", ()):
            book = book.raised(28, "rests_on_error", it, about=decision, entries=(decision, it.version))
        return book.noted(unfounded=()) if book.notes.get("unfounded") else book
    view, rests_on = getattr(it.event, "client_view", None), getattr(it.event, "rests_on", ())
    if rests_on:
        book = book.noted(rests_on={**book.notes.get("rests_on", {}), it.version: rests_on})
    if view is not None and book.case.statements.get(view) is None:
        book = book.noted(unfounded=(*book.notes.get("unfounded", ()), it.version))
    return book
