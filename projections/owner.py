"""Who owned the case and who answered for it, and when: one row a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.acceptance import HandoffAccepted
from domain.client_ownership import ClientReturnedOwnership, ClientTookOwnership, OwnerChosen
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.intake import CaseOpened
from domain.ledger.readtable import Index
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.remembered import Holder, OwnerKind
from domain.reopening import CaseReopened
from domain.transfer import TransferReceived
from projections.projection import Projection, but


@dataclass(frozen=True)
class OwnerPeriod:
    """A time through which the same ones owned the case and answered for it; `version` is the event that began it.

    `owner` is None while the client owns the case. `name_by` is when a unit that holds it has to have named a worker.
    `until` is the first moment after it, None while it lasts. A case that is closed has no owner.
    """

    case: UUID
    number: int
    owned_by: OwnerKind
    owner: Holder | None
    responsible: Holder
    duty_holder: str
    name_by: datetime | None
    since: datetime
    version: int
    until: datetime | None = None

    @property
    def who(self) -> tuple[OwnerKind, Holder | None, Holder]:
        """What makes it a period of its own."""
        return self.owned_by, self.owner, self.responsible


Periods = tuple[OwnerPeriod, ...]


def owner_periods(periods: Periods, it: Recorded) -> Periods:
    """Begin a period where the owner or the responsible changes, and end one where the case is closed."""
    if not periods:
        return opened(it)
    match it.event:
        case CaseReopened():
            return reopened(periods, it, it.event)
        case _ if periods[-1].until is not None:
            return periods
        case CaseClosed():
            return (*periods[:-1], but(periods[-1], until=time_of(periods, it)))
    return held(owned(periods, it), it)


def owned(periods: Periods, it: Recorded) -> Periods:
    """Let the client own the case, or whom the client chose, or again whoever answers for it.

    What waits for another word, as a worker's note of it does, changes nothing.
    """
    match it.event:
        case ClientTookOwnership(waits_for=None):
            return begun(periods, it, owned_by="client", owner=None)
        case OwnerChosen(waits_for=None, holder=holder):
            return begun(periods, it, owned_by="chosen", owner=holder)
        case ClientReturnedOwnership(waits_for=None):
            return begun(periods, it, owned_by="responsible", owner=periods[-1].responsible)
    return periods


def held(periods: Periods, it: Recorded) -> Periods:
    """Let another answer for the case. What the client decided stands: only the back-stop changes (rule 16)."""
    name_by, duty_holder = None, periods[-1].duty_holder
    match it.event:
        case HandoffAccepted(by=holder):
            name_by = it.event.name_by
        case TransferReceived(by=holder):
            duty_holder = holder.organisation
        case ResponsibleNamed(holder=holder):
            pass
        case ResponsibilityFellToUnit(unit=holder):
            name_by = it.event.due_by
        case _:
            return periods
    return answers(periods, it, holder, duty_holder=duty_holder, name_by=name_by)


def reopened(periods: Periods, it: Recorded, event: CaseReopened) -> Periods:
    """Begin anew with whoever answers for the case: or as the client left it, where their death was a mistake."""
    if event.trigger == "death_withdrawn":
        return answers(periods, it, event.responsible, name_by=event.name_by)
    holder = event.responsible
    return begun(periods, it, owned_by="responsible", owner=holder, responsible=holder, name_by=event.name_by)


def answers(periods: Periods, it: Recorded, holder: Holder, **more: Any) -> Periods:
    """Let this holder answer for the case, and own it unless the client decided otherwise."""
    owner = holder if periods[-1].owned_by == "responsible" else periods[-1].owner
    return begun(periods, it, owner=owner, responsible=holder, **more)


def opened(it: Recorded) -> Periods:
    """Begin the first period with the case itself."""
    match it.event:
        case CaseOpened(responsible=holder, duty_holder=duty_holder, name_by=name_by):
            since = it.context.occurred
            first = OwnerPeriod(it.stream, 1, "responsible", holder, holder, duty_holder, name_by, since, it.version)
            return (first,)
    return ()


def begun(periods: Periods, it: Recorded, **changes: Any) -> Periods:
    """Begin a period with these changes, unless it would go on as the one before."""
    last = periods[-1]
    since = time_of(periods, it)
    period = but(last, **changes, number=last.number + 1, since=since, version=it.version, until=None)
    if last.until is not None:
        return (*periods, period)
    if period.who == last.who:
        return periods
    return (*periods[:-1], but(last, until=since), period)


def time_of(periods: Periods, it: Recorded) -> datetime:
    """Return when it happened; no period ends before it begins, though an import's times may run backward."""
    return max(it.context.occurred, periods[-1].until or periods[-1].since)


OWNER = Projection(
    name="owner", version=2, row=OwnerPeriod, fold=owner_periods, key=("number",), path="owner",
    indexes=(
        Index(("responsible_organisation", "responsible_unit", "responsible_worker", "since")),
        Index(("owner_organisation", "owner_unit", "owner_worker", "since")),
    ),
)  # fmt: skip
