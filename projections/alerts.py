"""What a unit's manager was told of, so that nothing gets stuck unseen: one row an alert, until it is seen to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.acceptance import HandoffAccepted
from domain.alerts import Cause, ManagerAlerted
from domain.client_ownership import ClientReturnedOwnership, ClientTookOwnership, OwnerChosen
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.handoff import HandoffProposed
from domain.ledger.readtable import Index
from domain.overrides import OverrideReviewed
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.remembered import Holder
from domain.transfer import TransferReceived
from domain.withholding import DisclosureAllowed, DisclosureForbidden
from projections.projection import Projection, but

_ANOTHER_ANSWERS: frozenset[Cause] = frozenset({"handoff_expired", "naming_overdue", "worker_leaving"})
_SEEN_TO: dict[type[Any], frozenset[Cause]] = {
    HandoffProposed: frozenset({"handoff_expired"}),
    OverrideReviewed: frozenset({"override_review_due"}),
    ResponsibilityFellToUnit: frozenset({"naming_overdue"}),
    HandoffAccepted: _ANOTHER_ANSWERS,
    TransferReceived: _ANOTHER_ANSWERS,
    ResponsibleNamed: _ANOTHER_ANSWERS,
    CaseClosed: _ANOTHER_ANSWERS | {"owner_leaving", "emergency_access"},
    ClientTookOwnership: frozenset({"owner_leaving"}),
    OwnerChosen: frozenset({"owner_leaving"}),
    ClientReturnedOwnership: frozenset({"owner_leaving"}),
}
"""Which alerts each event sees to."""


@dataclass(frozen=True)
class Alert:
    """That the manager of `unit` was told, and of what: an entry (`about`), by its `cause`.

    It stands until it is `settled` by what it asks for: another offer or another who answers for the case, a worker
    who is named, a review; that somebody took access in an emergency, until the case is closed.
    """

    case: UUID
    version: int
    unit: Holder
    cause: Cause
    about: int | None
    at: datetime
    settled: datetime | None = None
    settled_by: int | None = None


Alerts = tuple[Alert, ...]


def alerts(rows: Alerts, it: Recorded) -> Alerts:
    """Add a row for each alert, and settle those that were seen to."""
    match it.event:
        case ManagerAlerted(about=about, cause=cause, unit=unit):
            return (*rows, Alert(it.stream, it.version, unit, cause, about, it.context.occurred))
        case ClientTookOwnership() | OwnerChosen() | ClientReturnedOwnership() if it.event.waits_for:
            return rows
        case DisclosureAllowed(forbidden=int(version)) | DisclosureForbidden(instead_of=int(version)):
            return seen_to(rows, it, [row for row in rows if row.about == version])
    return settled(rows, it, _SEEN_TO.get(type(it.event), frozenset()))


def settled(rows: Alerts, it: Recorded, causes: frozenset[Cause]) -> Alerts:
    """Return the rows with those of these causes settled that still stand."""
    return seen_to(rows, it, [row for row in rows if row.cause in causes])


def seen_to(rows: Alerts, it: Recorded, which: list[Alert]) -> Alerts:
    """Return the rows with these settled, if they still stand."""
    if not any(row.settled is None for row in which):
        return rows
    at = it.context.occurred
    return tuple(
        but(row, settled=max(at, row.at), settled_by=it.version) if row in which and row.settled is None else row
        for row in rows
    )


ALERTS = Projection(
    name="alerts", version=1, row=Alert, fold=alerts, key=("version",), path="alerts",
    indexes=(Index(("unit_organisation", "unit_unit", "at", "case", "version"), where="settled IS NULL"),),
)  # fmt: skip
