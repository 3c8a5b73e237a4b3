"""What ends or falls due in a case by time alone: one row a term, until something settles it.

A deadline acts only through its event: until that is there, what it ends goes on. The clock goes by these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.acceptance import HandoffAccepted, HandoffDeclined
from domain.access import EmergencyAccessEnded, EmergencyAccessGranted
from domain.alerts import ManagerAlerted
from domain.closure import CaseClosed
from domain.consent import ConsentGiven, ConsentWithdrawn
from domain.decider import Recorded
from domain.erasure import PersonalDataErased
from domain.handoff import HandoffExpired, HandoffProposed, HandoffWithdrawn
from domain.ledger.readtable import Index
from domain.overrides import OverrideReviewed, RuleOverridden
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.remembered import Holder
from domain.transfer import TransferReceived
from domain.withholding import DisclosureAllowed, DisclosureForbidden
from projections.projection import Projection, but

Kind = Literal["offer", "naming", "consent", "emergency_access", "override_review", "withholding_review"]
_TOLD: frozenset[Kind] = frozenset({"naming", "override_review", "withholding_review"})
"""Of what the unit's manager is told once it is overdue."""
_HOLDING = (HandoffAccepted, TransferReceived, ResponsibleNamed, ResponsibilityFellToUnit, CaseClosed)


@dataclass(frozen=True)
class Term:
    """What falls due at `due`: an offer's answer, a worker's naming, a consent, an emergency access, a review.

    A review is of a rule that was set aside, or of what is withheld from somebody.

    `id` is what it is about where that has an id, and `version` the event that set it. `holder` is to whom it is
    offered, or who has to name a worker. `settled` is when something else ended it, None while it runs, and
    `settled_by` that event; `told` is the one by which the unit's manager was told that it is overdue.
    """

    case: UUID
    kind: Kind
    version: int
    since: datetime
    due: datetime
    id: UUID | None = None
    holder: Holder | None = None
    told: int | None = None
    settled: datetime | None = None
    settled_by: int | None = None


Terms = tuple[Term, ...]


def terms(rows: Terms, it: Recorded) -> Terms:
    """Add a row for what falls due, and settle what something ended."""
    match it.event:
        case HandoffProposed(handoff=handoff, to=to, respond_by=due):
            return begun(rows, it, "offer", due, id=handoff, holder=to)
        case ConsentGiven(consent=consent, until=datetime() as due):
            return begun(rows, it, "consent", due, id=consent)
        case EmergencyAccessGranted(access=access, until=due):
            return begun(rows, it, "emergency_access", due, id=access)
        case RuleOverridden(override=override, review_by=due):
            return begun(rows, it, "override_review", due, id=override)
        case DisclosureForbidden(review_by=due, instead_of=before):
            rows = settled(rows, it, kind="withholding_review", version=before)
            return begun(rows, it, "withholding_review", due) if due else rows
    return naming(ended(rows, it), it)


def ended(rows: Terms, it: Recorded) -> Terms:
    """Settle what an event ends by its id; the closing of a case ends whatever is offered."""
    match it.event:
        case (
            HandoffAccepted(handoff=which) | HandoffDeclined(handoff=which) | HandoffWithdrawn(handoff=which)
            | HandoffExpired(handoff=which) | ConsentWithdrawn(consent=which) | EmergencyAccessEnded(access=which)
            | OverrideReviewed(override=which)
        ):  # fmt: skip
            return settled(rows, it, id=which)
        case DisclosureAllowed(forbidden=version):
            return settled(rows, it, kind="withholding_review", version=version)
        case ManagerAlerted(about=about) if any(_untold(row, about) for row in rows):
            return tuple(but(row, told=it.version) if _untold(row, about) else row for row in rows)
        case CaseClosed():
            return settled(rows, it, kind="offer")
        case PersonalDataErased():  # nothing is added to the case any more
            return settled(rows, it)
    return rows


def _untold(row: Term, about: int | None) -> bool:
    return row.version == about and row.told is None and row.kind in _TOLD


def naming(rows: Terms, it: Recorded) -> Terms:
    """Let a unit that came to hold the case have a term to name a worker, and end it once it holds it no longer.

    That the unit's manager was told of it does not end it: the case still has no named worker.
    """
    if isinstance(it.event, _HOLDING):
        rows = settled(rows, it, kind="naming")
    due = getattr(it.event, "name_by", None) or getattr(it.event, "due_by", None)
    if due is None:
        return rows
    event = it.event
    holder = next(
        (value for name in ("responsible", "by", "unit") if isinstance(value := getattr(event, name, None), Holder)),
        None,
    )
    return begun(rows, it, "naming", due, holder=holder)


def begun(rows: Terms, it: Recorded, kind: Kind, due: datetime, **more: Any) -> Terms:
    """Return the rows with one that runs."""
    return (*rows, Term(it.stream, kind, it.version, it.context.occurred, due, **more))


def settled(rows: Terms, it: Recorded, **like: object) -> Terms:
    """Return the rows with those that still run and are like this settled."""
    running = [row for row in rows if row.settled is None and all(getattr(row, k) == v for k, v in like.items())]
    if not running:
        return rows
    at = it.context.occurred
    return tuple(but(row, settled=max(at, row.since), settled_by=it.version) if row in running else row for row in rows)


TERMS = Projection(
    name="terms", version=1, row=Term, fold=terms, key=("version", "kind"), path="terms",
    indexes=(
        Index(("due",), where="settled IS NULL AND told IS NULL"),
        Index(("holder_organisation", "holder_worker"), where="settled IS NULL"),
    ),
)  # fmt: skip
