"""Who had a part in a case, read anew from its events alone: a second opinion on who was let act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from domain.acceptance import HandoffAcceptanceReported, HandoffAccepted, HandoffDeclined
from domain.access import EmergencyAccessEnded, EmergencyAccessGranted
from domain.asking import HandoffRequested
from domain.consent import ConsentGiven, ConsentWithdrawn
from domain.corrections import EntryHidden, EntryMarkedErroneous
from domain.decider import STAFF, Context, Event, Recorded
from domain.handoff import HandoffProposed
from domain.meetings import WarmMeetingHeld
from domain.overrides import OverrideReviewed
from domain.provision import ServiceEnded, ServiceStarted
from domain.support import SupportGiven
from domain.team import TeamLineAgreed
from domain.transfer import MatterTransferred, TransferContested, TransferReceived
from tests.domain.given import Story
from tests.domain.lives.reading import MOVES, counting, read

OF_ANYBODY = HandoffRequested | EmergencyAccessGranted | EmergencyAccessEnded
"""What staff of anywhere do: ask for a case, and take access to it in an emergency."""
ANSWERS = (
    HandoffAccepted
    | HandoffDeclined
    | HandoffAcceptanceReported
    | TransferReceived
    | TransferContested
    | WarmMeetingHeld
)
MENDS = EntryMarkedErroneous | EntryHidden | SupportGiven | OverrideReviewed
"""What an organisation answers for also once the case is elsewhere."""


class Had(NamedTuple):
    """That an organisation had the case: how it came there, and how it went on; None while it is there."""

    organisation: str
    came: Recorded
    went: Recorded | None

    def at(self, occurred: datetime) -> bool:
        """Say whether it had the case at that moment, and has it no more."""
        return self.went is not None and self.came.context.occurred <= occurred < self.went.context.occurred


def had(history: Sequence[Recorded]) -> Iterator[Had]:
    """Yield which organisation had the case after which."""
    moves = [it for it in counting(history) if isinstance(it.event, MOVES)]
    stays = [(read(moves[: number + 1]).responsible, it) for number, it in enumerate(moves)]
    changes = [(holder.organisation, it) for holder, it in stays if holder]
    came = [now for before, now in pairwise([None, *changes]) if now and (before is None or before[0] != now[0])]
    went = [*(it for _, it in came[1:]), None]
    yield from (Had(organisation, it, left) for (organisation, it), left in zip(came, went, strict=True))


def let_go_with(history: Sequence[Recorded], organisation: str | None) -> int | None:
    """Return the entry by which the case last went on from an organisation; None where it never did."""
    left = [it.went for it in had(history) if it.organisation == organisation]
    return left[-1].version if left and left[-1] else None


def beside(history: Sequence[Recorded], at: datetime) -> Iterator[str]:
    """Yield the organisations that drive the case for the client, or work in it beside who answers for it."""
    order = counting(history)
    owner = read(order).owner
    if owner and not isinstance(owner, str):
        yield owner.organisation
    consenting = set(_consenting(order, at))
    for organisation, by_law in _working(order):
        if by_law or organisation in consenting:
            yield organisation


def _working(order: Sequence[Recorded]) -> Iterator[tuple[str, bool]]:
    ended = {it.event.service for it in order if isinstance(it.event, ServiceEnded)}
    for it in order:
        match it.event:
            case ServiceStarted(service=service, provider=provider, disclosure_basis=basis) if service not in ended:
                yield provider.organisation, basis == "statutory"
            case TeamLineAgreed(members=members, disclosure_basis=basis):
                yield from ((member.organisation, basis == "statutory") for member in members)


def _consenting(order: Sequence[Recorded], at: datetime) -> Iterator[str]:
    over: set[UUID] = {it.event.consent for it in order if isinstance(it.event, ConsentWithdrawn)}
    for it in order:
        if isinstance(it.event, ConsentGiven) and it.event.consent not in over:
            yield from it.event.recipients if it.event.until is None or at < it.event.until else ()


def offered(history: Sequence[Recorded]) -> Iterator[str]:
    """Yield the organisations to which the case was ever offered, or sent."""
    for it in history:
        match it.event:
            case HandoffProposed(to=to):
                yield to.organisation
            case MatterTransferred(to_organisation=organisation):
                yield organisation


def acted_with_a_part(before: Story, after: Story) -> None:
    """Rule 7: whoever of the staff acted had a part in the case then; late, they had it when it happened."""
    context, happened = after.last, after.happened
    if not before.history or context.imported or context.actor.role not in STAFF:
        return
    if not any(isinstance(it, OF_ANYBODY) for it in happened):
        assert context.actor.organisation in set(_let_in(before.history, happened, context))


def _let_in(history: Sequence[Recorded], happened: Sequence[Event[Any]], context: Context) -> Iterator[str]:
    mending, answering = (any(isinstance(it, kind) for it in happened) for kind in (MENDS, ANSWERS))
    for it in had(history):
        if it.went is None or mending or it.at(context.occurred):
            yield it.organisation
    yield from beside(history, context.recorded)
    yield from offered(history) if answering else ()
