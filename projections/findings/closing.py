"""Rules 15 and 32: how a case ends, and what follows an objection."""

from __future__ import annotations

from datetime import timedelta

from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.handoff import HandoffProposed
from domain.objections import ObjectionRaised
from domain.provision import ServiceEnded
from domain.reopening import CaseReopened
from domain.requests import ExperienceAsked, ExperienceReported
from projections.findings.finding import Book

_DAY = timedelta(days=1)


def family(book: Book, it: Recorded) -> Book:
    """Judge how the case ends."""
    return quiet(experience(book, it), it)


def experience(book: Book, it: Recorded) -> Book:
    """Rule 15: before a case ends, the client was asked how the service felt."""
    match it.event:
        case ExperienceAsked() | ExperienceReported():
            return book.noted(experience=True).settled(15, "experience_not_asked", it)
        case CaseReopened():
            return book.noted(experience=False)
        case CaseClosed(ground=ground) if ground not in {"death", "not_stated"} and not book.notes.get("experience"):
            return book.raised(15, "experience_not_asked", it)
    return book


def quiet(book: Book, it: Recorded) -> Book:
    """Rule 32: a unit that was objected to does not soon close the case, end a service or hand the client on."""
    actor = it.context.actor
    match it.event:
        case ObjectionRaised(whose=whose) if whose and whose.unit:
            objected = {
                **book.notes.get("objected", {}),
                (whose.organisation, whose.unit): (it.context.occurred, it.version),
            }
            return book.noted(objected=objected)
        case CaseClosed(ground="death"):  # nobody's doing
            return book
        case CaseClosed() | ServiceEnded() | HandoffProposed():
            found = book.notes.get("objected", {}).get((actor.organisation, actor.unit))
            if found is None:
                return book
            objected_at, objection = found
            return book.raised(
                32, "soon_after_objection", it, about=it.version, entries=(objection, it.version),
                threshold="quiet_days", value=max(0, (it.context.occurred - objected_at) // _DAY),
            )  # fmt: skip
    return book
