"""Rules 2, 5, 8, 17 and 18: how the case was handed on, and to how many."""

from __future__ import annotations

from domain.acceptance import HandoffAcceptanceReported, HandoffAccepted, HandoffDeclined
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.history import after
from domain.intake import ClientInformed
from domain.meetings import WarmMeetingHeld
from domain.transfer import MatterTransferred
from projections.findings.finding import Book


def family(book: Book, it: Recorded) -> Book:
    """Judge how the case was handed on."""
    return changes(weight(warmth(informing(claims(book, it), it), it), it), it)


def claims(book: Book, it: Recorded) -> Book:
    """Rule 2: an acceptance that was only reported is a claim, until the receiver confirms it, or the case is closed.

    That the offer was withdrawn or expired here answers nothing: it was accepted elsewhere before, or not.
    """
    claims = book.notes.get("claims", {})
    match it.event:
        case HandoffAcceptanceReported(handoff=handoff):
            book = book.settled(2, "acceptance_unconfirmed", it, claims[handoff]) if handoff in claims else book
            book = book.noted(claims={**claims, handoff: it.version})
            return book.raised(2, "acceptance_unconfirmed", it, about=it.version)
        case HandoffAccepted(handoff=handoff) | HandoffDeclined(handoff=handoff) if handoff in claims:
            return book.settled(2, "acceptance_unconfirmed", it, claims[handoff])
        case CaseClosed():
            return book.settled(2, "acceptance_unconfirmed", it)
    return book


def informing(book: Book, it: Recorded) -> Book:
    """Rule 5: the client is told that the matter was transferred, or it is said why not."""
    match it.event:
        case MatterTransferred():
            return book.raised(5, "client_not_informed", it, about=it.version)
        case ClientInformed(about=about):
            return book.settled(5, "client_not_informed", it, about)
    return book


def warmth(book: Book, it: Recorded) -> Book:
    """Rule 8: a client who was bounced once, or has special support, meets the new worker with the old one."""
    match it.event:
        case WarmMeetingHeld(handoff=handoff, client_present=True):
            met = {**book.notes.get("met", {}), handoff: it.version}
            book = book.noted(met=met)
            accepted = book.notes.get("accepted_cold", {}).get(handoff)
            return book.settled(8, "no_warm_meeting", it, accepted) if accepted else book
        case HandoffAccepted(handoff=handoff) if book.case.needs_warmth and handoff not in book.notes.get("met", {}):
            cold = {**book.notes.get("accepted_cold", {}), handoff: it.version}
            return book.noted(accepted_cold=cold).raised(8, "no_warm_meeting", it, about=it.version)
    return book


def weight(book: Book, it: Recorded) -> Book:
    """Rule 17: nobody takes on more cases than their unit's ceiling. Both numbers are those of the acceptance."""
    match it.event:
        case HandoffAccepted(by=by, caseload=int(caseload), ceiling=int(ceiling)) if caseload >= ceiling:
            return book.raised(
                17, "over_the_ceiling", it, about=it.version, value=caseload + 1, organisation=by.organisation,
                unit=by.unit,
            )  # fmt: skip
    return book


def changes(book: Book, it: Recorded) -> Book:
    """Rule 18: one worker stays. Each change from one named worker to another is counted."""
    held = after(book.case, it).responsible
    if held is None or held.worker is None:
        return book
    now = (held.organisation, held.worker)
    last = book.notes.get("worker")
    if now == last:
        return book
    count = book.notes.get("workers", -1) + 1
    book = book.noted(worker=now, workers=count)
    if not count:
        return book
    book = book.settled(18, "changes_of_worker", it)
    return book.raised(
        18, "changes_of_worker", it, threshold="worker_changes", value=count, organisation=held.organisation,
        unit=held.unit,
    )  # fmt: skip
