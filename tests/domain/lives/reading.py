"""What a history comes to, read anew from its events alone: a second opinion on what the domain remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.acceptance import HandoffAccepted, HandoffDeclined
from domain.client_ownership import ClientReturnedOwnership, ClientTookOwnership, OwnerChosen
from domain.closure import CaseClosed
from domain.corrections import EntryMarkedErroneous
from domain.decider import Event, Recorded
from domain.handoff import HandoffExpired, HandoffProposed, HandoffWithdrawn
from domain.intake import CaseOpened
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.remembered import Holder
from domain.reopening import CaseReopened
from domain.transfer import MatterTransferred, TransferContested, TransferReceived
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded

TOLD = HandoffDeclined | HandoffWithdrawn | HandoffExpired | TransferContested
"""What ends an offer, or a transfer, and moves nothing."""
MOVES = HandoffAccepted | TransferReceived | ResponsibleNamed | ResponsibilityFellToUnit | CaseOpened | CaseReopened
"""What makes somebody else responsible."""
DECIDES = ClientTookOwnership | OwnerChosen | ClientReturnedOwnership
"""What the client decides about who owns the case."""


@dataclass
class Reading:
    """A case by its events: `placed` is the one by which the responsible came to be."""

    open: bool = False
    first_contact_at: datetime | None = None
    responsible: Holder | None = None
    name_by: datetime | None = None
    placed: Recorded | None = None
    owner: Holder | Literal["client", "responsible"] | None = None
    waits: dict[UUID, Holder] = field(default_factory=dict)
    statements: dict[UUID, tuple[Recorded, str]] = field(default_factory=dict)

    @property
    def owners(self) -> list[Any]:
        """All who own the case: whoever is responsible, unless the client decided otherwise."""
        owner = self.responsible if self.owner == "responsible" else self.owner
        return [owner] if owner else []


def read(history: Iterable[Recorded]) -> Reading:
    """Read events that are in the order in which they count."""
    reading = Reading()
    for it in history:
        _placed(reading, it)
        _offered(reading, it.event)
        _owned(reading, it.event)
        _said(reading, it)
    return reading


def counting(history: Sequence[Recorded]) -> list[Recorded]:
    """Return a history in the order in which it counts: by when things happened, but for those entered in order."""
    marked = {it.event.version for it in history if isinstance(it.event, EntryMarkedErroneous)}
    timed = sorted(_timed(history), key=lambda pair: pair[0])  # equal times stay in the order of their versions
    return [it for _, it in timed if it.version not in marked]


def _timed(history: Sequence[Recorded]) -> Iterator[tuple[datetime, Recorded]]:
    for number, it in enumerate(history, 1):
        in_order = [one.context.occurred for one in history[:number] if not one.context.late]
        yield it.context.occurred if it.context.late else max(in_order), it


def _placed(reading: Reading, it: Recorded) -> None:
    if not isinstance(it.event, MOVES):
        return
    match it.event:
        case CaseOpened(responsible=holder, first_contact_at=first_contact_at):
            reading.open, reading.first_contact_at = True, first_contact_at
        case CaseReopened(responsible=holder):
            reading.open = True
        case ResponsibilityFellToUnit(unit=holder) | ResponsibleNamed(holder=holder):
            pass
        case HandoffAccepted(by=holder) | TransferReceived(by=holder):
            pass
    reading.responsible, reading.placed = holder, it
    reading.name_by = getattr(it.event, "name_by", getattr(it.event, "due_by", None))


def _offered(reading: Reading, event: Event[Any]) -> None:
    match event:
        case HandoffProposed(handoff=which, to=to):
            reading.waits[which] = to
        case MatterTransferred(transfer=which, to_organisation=organisation, to_unit=unit):
            reading.waits[which] = Holder(organisation, unit)
        case HandoffAccepted(handoff=which) | TransferReceived(transfer=which):
            reading.waits.pop(which, None)
        case HandoffDeclined(handoff=which) | HandoffWithdrawn(handoff=which) | HandoffExpired(handoff=which):
            reading.waits.pop(which, None)
        case TransferContested(transfer=which):
            reading.waits.pop(which, None)
        case CaseClosed():
            reading.open = False
            reading.waits.clear()


def _owned(reading: Reading, event: Event[Any]) -> None:
    match event:
        case CaseOpened():
            reading.owner = "responsible"
        case CaseReopened(trigger=trigger) if trigger != "death_withdrawn":
            reading.owner = "responsible"
        case ClientTookOwnership(waits_for=None):
            reading.owner = "client"
        case OwnerChosen(waits_for=None, holder=holder):
            reading.owner = holder
        case ClientReturnedOwnership(waits_for=None):
            reading.owner = "responsible"


def _said(reading: Reading, it: Recorded) -> None:
    match it.event:
        case StatementRecorded(statement=which):
            reading.statements[which] = (it, "as it was written down")
        case StatementConfirmed(statement=which) if which in reading.statements:
            reading.statements[which] = (reading.statements[which][0], "confirmed")
        case StatementDisputed(statement=which) if which in reading.statements:
            reading.statements[which] = (reading.statements[which][0], "disputed")
