"""Where the case stood, and when: with the holder to whom it was offered, or else with the one that held it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.acceptance import HandoffAccepted, HandoffDeclined
from domain.closure import CaseClosed
from domain.decider import Recorded
from domain.handoff import HandoffExpired, HandoffProposed, HandoffWithdrawn
from domain.intake import CaseOpened
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.remembered import Holder
from domain.reopening import CaseReopened
from domain.transfer import MatterTransferred, TransferContested, TransferReceived
from projections.projection import Projection, but


@dataclass(frozen=True)
class Placement:
    """A time through which the case stood with one holder; `version` is the event that placed it there.

    `offered` says that the holder never answered for it in that time, and `offer` is the handoff or transfer that
    waits for the holder's answer, or waited when the case left. `responsible` is who answered for the case meanwhile:
    None for the intake of an imported history, which is no placement. A closed case stands where it stood.

    Only where an act leaves the case is a placement: `placed_by` and `taken_by` are the commands that placed it here
    and took it from here, and what a command did in between (an offer taken back to make another) leaves no row.
    """

    case: UUID
    number: int
    holder: Holder
    responsible: Holder | None
    offered: bool
    offer: UUID | None
    since: datetime
    version: int
    placed_by: UUID
    until: datetime | None = None
    taken_by: UUID | None = None


Placements = tuple[Placement, ...]


def placements(rows: Placements, it: Recorded) -> Placements:
    """Begin a placement where the case comes to stand with another holder."""
    match it.event:
        case (
            CaseOpened(responsible=holder)
            | CaseReopened(responsible=holder)
            | ResponsibleNamed(holder=holder)
            | ResponsibilityFellToUnit(unit=holder)
        ):
            # an import opens with the intake, and reopens where the case stood
            return rows if it.context.imported else stands_with(rows, it, holder)
        case HandoffProposed(handoff=offer, to=to):
            return placed(rows, it, to, responsible_in(rows), offer)
        case MatterTransferred(transfer=offer, to_organisation=organisation, to_unit=unit):
            return placed(rows, it, Holder(organisation, unit), responsible_in(rows), offer)
        case HandoffAccepted(handoff=offer, by=holder) | TransferReceived(transfer=offer, by=holder):
            return stands_with(rows, it, holder, answers=offer)
    return stands_again(rows, it)


def stands_again(rows: Placements, it: Recorded) -> Placements:
    """Put the case back with its responsible where an offer came to nothing."""
    waiting = waiting_in(rows)
    match it.event:
        case HandoffDeclined(handoff=offer) | HandoffWithdrawn(handoff=offer) | HandoffExpired(handoff=offer):
            ended = offer == waiting
        case TransferContested(transfer=offer):
            ended = offer == waiting
        case event:
            ended = isinstance(event, CaseClosed)
    if waiting is None or not ended:
        return rows
    return placed(rows, it, responsible_in(rows), responsible_in(rows))


def responsible_in(rows: Placements) -> Holder | None:
    """Return who answers for the case, or None for the intake unit of an imported history."""
    return rows[-1].responsible if rows else None


def waiting_in(rows: Placements) -> UUID | None:
    """Return the offer that waits for an answer where the case stands."""
    return rows[-1].offer if rows and rows[-1].until is None else None


def stands_with(rows: Placements, it: Recorded, holder: Holder, answers: UUID | None = None) -> Placements:
    """Let this holder answer for the case: it stands there too, unless it is offered to another meanwhile."""
    waiting = waiting_in(rows)
    if waiting is None or waiting == answers:
        return placed(rows, it, holder, holder)
    return last_with(rows, responsible=holder, offered=rows[-1].offered and rows[-1].holder != holder)


def placed(
    rows: Placements, it: Recorded, holder: Holder | None, responsible: Holder | None, offer: UUID | None = None
) -> Placements:
    """Let the case stand with this holder from now on; None is the intake unit, which is no placement."""
    before = before_act(rows, it.context.command)
    gone = left(before, it)
    same = rows[: len(gone)]
    gone = same if same == gone else gone
    if holder is None:
        return gone
    offered = holder != responsible
    for so_far in (rows, before):
        if so_far and so_far[-1].until is None and so_far[-1].holder == holder:
            return last_with(so_far, responsible=responsible, offered=offered and so_far[-1].offered, offer=offer)
    here = Placement(
        case=it.stream, number=len(before) + 1, holder=holder, responsible=responsible, offered=offered, offer=offer,
        since=time_of(before, it), version=it.version, placed_by=it.context.command,
    )  # fmt: skip
    return (*gone, here)


def before_act(rows: Placements, act: UUID) -> Placements:
    """Return the rows as they were before this command: an act places a case once."""
    if rows and rows[-1].placed_by == act:
        rows = rows[:-1]
    if rows and rows[-1].taken_by == act:
        rows = last_with(rows, until=None, taken_by=None)
    return rows


def left(rows: Placements, it: Recorded) -> Placements:
    """End the placement that lasts."""
    if not rows or rows[-1].until is not None:
        return rows
    return last_with(rows, until=time_of(rows, it), taken_by=it.context.command)


def last_with(rows: Placements, **changes: Any) -> Placements:
    """Return the rows with these changes in the last: the same rows where they change nothing."""
    last = but(rows[-1], **changes)
    return rows if last == rows[-1] else (*rows[:-1], last)


def time_of(rows: Placements, it: Recorded) -> datetime:
    """Return when it happened; no placement ends before it begins, though an import's times may run backward."""
    return max(it.context.occurred, rows[-1].until or rows[-1].since) if rows else it.context.occurred


PLACEMENTS = Projection(
    name="placements", version=2, row=Placement, fold=placements, key=("number",), path="placements"
)
