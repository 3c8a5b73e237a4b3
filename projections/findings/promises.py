"""Rules 4, 18 and 26: what was promised or is due, and silence.

An open case has a promised next step ahead; a unit names a worker in time; an offer is answered in time; a client's
request for contact does not wait. No deadline is held against a client (rule 30).
"""

from __future__ import annotations

from domain.acceptance import HandoffAccepted, HandoffDeclined
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.handoff import HandoffExpired, HandoffProposed, HandoffWithdrawn
from domain.history import after
from domain.intake import CaseOpened, NextStepPromised
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.reopening import CaseReopened
from domain.requests import RequestAnswered, RequestMade
from domain.transfer import TransferReceived
from projections.findings.finding import Book

_CHANGES_WHO_ANSWERS = (
    CaseOpened, CaseReopened, HandoffAccepted, TransferReceived, ResponsibleNamed, ResponsibilityFellToUnit, CaseClosed,
)  # fmt: skip


def family(book: Book, it: Recorded) -> Book:
    """Judge what is due."""
    return naming(answering(contact(next_step(book, it), it), it), it)


def next_step(book: Book, it: Recorded) -> Book:
    """Rule 26: an open case has a next step promised ahead; it stands from the opening, or the promise's day, on."""
    match it.event:
        case CaseOpened() | CaseReopened():
            return book.settled(26, "no_next_step", it).raised(26, "no_next_step", it)
        case NextStepPromised(by=due):
            book = book.settled(26, "no_next_step", it)
            return book.raised(26, "no_next_step", it, due=due)  # the client's own step, too: somebody promises anew
        case CaseClosed():
            return book.settled(26, "no_next_step", it)
    return book


def naming(book: Book, it: Recorded) -> Book:
    """Rule 18: a unit that holds a case names a worker in time, so that no days pass without one."""
    if not isinstance(it.event, _CHANGES_WHO_ANSWERS):
        return book
    book = book.settled(18, "no_worker_named", it)
    due = getattr(it.event, "name_by", None) or getattr(it.event, "due_by", None)
    if due is None:
        return book
    place = after(book.case, it).responsible
    assert place is not None  # noqa: S101 - whoever is to name a worker answers for the case
    return book.raised(
        18, "no_worker_named", it, due=due, threshold="name_working_days", organisation=place.organisation,
        unit=place.unit,
    )  # fmt: skip


def answering(book: Book, it: Recorded) -> Book:
    """Rule 4: an offer is answered in time, by the one to whom it is made."""
    match it.event:
        case HandoffProposed(to=to, respond_by=due):
            return book.raised(
                4, "offer_unanswered", it, about=it.version, due=due, threshold="respond_working_days",
                organisation=to.organisation, unit=to.unit,
            )  # fmt: skip
        case HandoffAccepted() | HandoffDeclined() | HandoffWithdrawn() | HandoffExpired() | CaseClosed():
            return book.settled(4, "offer_unanswered", it)
    return book


def contact(book: Book, it: Recorded) -> Book:
    """Rule 18: a client who asks for contact is not left waiting."""
    match it.event:
        case RequestMade(request=request, kind="contact"):
            book = book.noted(contact={**book.notes.get("contact", {}), request: it.version})
            return book.raised(18, "contact_waits", it, about=it.version, threshold="contact_working_days")
        case RequestAnswered(request=request) if request in book.notes.get("contact", {}):
            return book.settled(18, "contact_waits", it, book.notes["contact"][request])
    return book
