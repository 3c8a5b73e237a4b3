"""Rules 27, 30 and 31: the client's own view and word come first, and they are asked who should own the case."""

from __future__ import annotations

from domain.acceptance import HandoffAccepted
from domain.client_ownership import ClientAskedWhoOwns, ClientTookOwnership, OwnerChosen
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.plan import PlanAgreed
from domain.provision import ServiceStarted
from domain.voice import StatementRecorded
from projections.findings.finding import Book


def family(book: Book, it: Recorded) -> Book:
    """Judge whether the client came first."""
    return urgency(asking(view(book, it), it), it)


def view(book: Book, it: Recorded) -> Book:
    """Rule 27: no plan and no service before the client's own view."""
    match it.event:
        case StatementRecorded(speaker="client"):
            return book.settled(27, "before_own_view", it)
        case PlanAgreed() | ServiceStarted():
            own = [
                one for one in book.case.statements.now().values()
                if one.speaker == "client" and one.standing != "disputed"
            ]  # fmt: skip
            return book if own else book.raised(27, "before_own_view", it, about=it.version)
    return book


def asking(book: Book, it: Recorded) -> Book:
    """Rule 31: by the first plan the client has been asked who should own the case."""
    match it.event:
        case ClientAskedWhoOwns() | ClientTookOwnership(waits_for=None) | OwnerChosen(waits_for=None):
            return book.noted(asked=True).settled(31, "not_asked_who_owns", it)
        case PlanAgreed() if not book.notes.get("asked") and not book.case.planned_at:
            return book.raised(31, "not_asked_who_owns", it)
    return book


def urgency(book: Book, it: Recorded) -> Book:
    """Rule 30: what is done as urgent while the client owns the case, without their yes, is looked at."""
    case = book.case
    match it.event:
        case HandoffAccepted(handoff=handoff) if case.pending and case.pending.handoff == handoff:
            urgent, yes = case.pending.urgent, case.agreed_to(case.pending.version)
        case PlanAgreed(urgent=urgent, client_position=position):
            yes = position == "agreed"
        case CaseClosed() if case.closure and case.closure.initiator == "service" and case.closure.ground != "death":
            urgent, yes = case.closure.urgent, case.agreed_to(case.closure.version)
        case _:
            return book
    if case.owned_by != "client" or not urgent or yes:
        return book
    return book.raised(30, "urgent_without_yes", it, about=it.version)
