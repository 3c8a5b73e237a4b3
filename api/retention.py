"""What falls due: the closed cases whose words are kept no longer, and those that wait for a person's decision."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from domain.calendar import civil_day
from domain.case import Case
from domain.client import Client
from domain.directory import POLICY_STREAM, PolicyInForce
from domain.erasure import EndRetention, proposal
from domain.ledger.application import Cases
from domain.ledger.erasures import reconcile
from domain.ledger.fault import Fault
from domain.ledger.keeping import terms_of
from domain.ledger.keys.seal import KeyDamaged
from domain.ledger.mapper import HistoryDamaged, TopicUnknown
from domain.ledger.words import WordsDamaged
from domain.policy import Policies
from domain.remembered import Task
from domain.retention import kept_until
from projections.due import Due
from projections.retention import closed_long_ago

LOOK_SECONDS = 24 * 3600.0
"""How often the clock looks at all cases whose words wait for the end of their term."""
AT_A_TIME_SECONDS = 0.5
"""How long it goes on with that before it looks after its other duties."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Falling:
    """A case whose words are kept no longer from `due` on.

    The clock destroys them by itself, unless they are held until `held_until`, nobody knows the client's birth date,
    so that the archive may keep them, or a person has proposed it and it waits for another's word.
    """

    case: UUID
    task: Task
    closed_at: datetime
    due: date
    held_until: datetime | None = None
    birth_date_unknown: bool = False
    proposed: bool = False

    def left_to_people(self, at: datetime) -> bool:
        """Say whether the clock leaves it be at that moment."""
        return self.proposed or self.birth_date_unknown or (self.held_until is not None and at < self.held_until)


def falling_due(cases: Cases, by: datetime) -> Iterator[Falling]:
    """Yield what falls due by a moment, by how long ago it was closed, and as policy is now."""
    return (it for it in _looked_at(cases, by) if it is not None)


class Sweep:
    """A look once a day at what has fallen due, a little at a time, so that nothing else has to wait for it."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._again = time.monotonic()
        self._looks: Iterator[Falling | None] = iter(())

    def due(self) -> Iterator[Due]:
        """Yield what is due of the cases that there is time to look at now."""
        now = time.monotonic()
        try:
            if now >= self._again:
                self._again = now + LOOK_SECONDS
                reconcile(self._cases)
                self._looks = _looked_at(self._cases, datetime.now(UTC))
            for it in self._looks:
                if it is not None and not it.left_to_people(datetime.now(UTC)):
                    yield Due(it.case, EndRetention())
                if time.monotonic() >= now + AT_A_TIME_SECONDS:
                    return
        except Fault as fault:  # tomorrow's look finds it again
            _log.error("what falls due could not be looked at: %s", type(fault).__name__)


def _looked_at(cases: Cases, by: datetime) -> Iterator[Falling | None]:
    """Yield each case that may fall due by then: None where it does not."""
    found = cases.loaded(POLICY_STREAM, PolicyInForce).state
    policies = found.policies if isinstance(found, PolicyInForce) else Policies()
    last: tuple[datetime, UUID] | None = None
    while True:
        with cases.pool.connection() as connection:
            page = closed_long_ago(connection, by, last)
        for _, case in page:
            try:
                falling = _falling(cases, policies, case)
            except (
                HistoryDamaged,
                KeyDamaged,
                TopicUnknown,
                WordsDamaged,
            ) as fault:
                # the others' terms end all the same
                _log.error("case %s could not be looked at: %s", case, type(fault).__name__)
                falling = None
            yield falling if falling and falling.due <= civil_day(by) else None
        if not page:
            return
        last = page[-1]


def _falling(cases: Cases, policies: Policies, case: UUID) -> Falling | None:
    state, client = cases.loaded(case, Case).state, cases.client_of(case)
    if client is None or not isinstance(state, Case) or state.closed_at is None or state.responsible is None:
        return None  # it was erased or reopened meanwhile
    keeping, of = terms_of(cases, case, client), cases.loaded(client, Client).state
    policy = policies.at(None, state.responsible.organisation, state.responsible.unit)
    due = kept_until(state, keeping, of.died_at if isinstance(of, Client) else None, policy)
    if due is None:
        return None
    return Falling(
        case, state.task, state.closed_at, due, state.held_until, keeping.born is None, proposal(state) is not None
    )
