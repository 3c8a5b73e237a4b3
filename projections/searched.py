"""By what lies behind them cases are sought: when they were open, how they ended, from where they were offered where.

All that is asked of an ending holds of one and the same closing, and all that is asked of a move of one and the same
offer. At a past moment only what had happened by then is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from domain.acceptance import DeclineCode
from domain.remembered import Ground, Initiator
from projections.endings import ENDINGS
from projections.handoffs import HANDOFFS

Answer = Literal["pending", "accepted", "declined", "withdrawn", "expired", "contested"]
"""What came of an offer; a transfer that was received was accepted."""

Condition = tuple[str, dict[str, Any]]
"""A condition in SQL, with the values of its parameters."""


@dataclass(frozen=True)
class Place:
    """An organisation, a unit of it, or a worker; what is None may be any."""

    organisation: str | None = None
    unit: str | None = None
    worker: str | None = None

    def conditions(self, column: str) -> Iterator[Condition]:
        """Yield the conditions for a holder's columns, as in "s.owner"."""
        for part, value in vars(self).items():
            if value is not None:
                name = f"{column.replace('.', '_')}_{part}"
                yield f"{column}_{part} = %({name})s", {name: value}


ANYWHERE = Place()


@dataclass(frozen=True)
class Span:
    """From a time on, and before another; None is no limit."""

    since: datetime | None = None
    until: datetime | None = None

    def conditions(self, column: str) -> Iterator[Condition]:
        """Yield the conditions for a time."""
        for part, value in (("since", self.since), ("until", self.until)):
            if value is not None:
                name = f"{column.replace('.', '_')}_{part}"
                yield f"{column} {_LIMITS[part]} %({name})s", {name: value}


EVER = Span()


@dataclass(frozen=True)
class Ended:
    """That a case was closed, `at` a time, on a ground, at somebody's initiative: also where it was taken up again."""

    at: Span = EVER
    ground: Ground | None = None
    initiator: Initiator | None = None

    def conditions(self, happened_by: datetime | None) -> dict[str, dict[str, Any]]:
        """Return the conditions for the closing, each with the values of its parameters."""
        found = dict(self.at.conditions("e.closed_at"))
        if self.ground is not None:
            found["e.ground = %(e_ground)s"] = {"e_ground": self.ground}
        if self.initiator is not None:
            found["e.initiator = %(e_initiator)s"] = {"e_initiator": self.initiator}
        if happened_by is not None:
            found["e.closed_at <= %(happened_by)s"] = {}
        return found


ANYHOW = Ended()


@dataclass(frozen=True)
class Moved:
    """That a case was offered or transferred, `at` a time, from a place to a place, and what came of it.

    `bounced` is an offer that goes straight back to the unit, or the organisation, that the sender's had it from.
    """

    at: Span = EVER
    sender: Place = ANYWHERE
    to: Place = ANYWHERE
    answer: Answer | None = None
    code: DeclineCode | None = None
    bounced: bool = False

    def conditions(self, happened_by: datetime | None) -> dict[str, dict[str, Any]]:
        """Return the conditions for the offer, each with the values of its parameters."""
        found = dict(self.at.conditions("h.proposed_at"))
        found |= self.sender.conditions("h.sender")
        found |= self.to.conditions("h.to")
        if self.bounced:
            found["(h.bounced OR h.bounced_to_organisation)"] = {}
        if self.code is not None:
            found["h.code = %(h_code)s"] = {"h_code": self.code}
        if self.answer is not None and (self.answer != "pending" or happened_by is None):
            found["h.outcome = ANY (%(h_outcomes)s)"] = {"h_outcomes": _OUTCOMES.get(self.answer, [self.answer])}
        return found if happened_by is None else found | self._by_then

    @property
    def _by_then(self) -> dict[str, dict[str, Any]]:
        """The conditions that it had come to this at the moment that is asked about."""
        found: dict[str, dict[str, Any]] = {"h.proposed_at <= %(happened_by)s": {}}
        if self.answer == "pending":
            found["(h.answered_at IS NULL OR h.answered_at > %(happened_by)s)"] = {}
        elif self.answer or self.code:
            found["h.answered_at <= %(happened_by)s"] = {}
        return found


UNMOVED = Moved()
"""Stands for any, moved or not."""


def conditions(ended: Ended, moved: Moved, happened_by: datetime | None) -> Iterator[Condition]:
    """Yield the conditions under which a case ended and moved so."""
    if ended != ANYHOW:
        yield _ENDED.format(" AND ".join(ended.conditions(happened_by))), _values(ended.conditions(happened_by))
    if moved != UNMOVED:
        yield _MOVED.format(" AND ".join(moved.conditions(happened_by))), _values(moved.conditions(happened_by))


def _values(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: value for each in found.values() for name, value in each.items()}


_LIMITS = {"since": ">=", "until": "<"}
_ENDED = f's."case" IN (SELECT e."case" FROM {ENDINGS.table.table} e WHERE {{}})'
_MOVED = f's."case" IN (SELECT h."case" FROM {HANDOFFS.table.table} h WHERE {{}})'
_OUTCOMES = {"accepted": ["accepted", "received"]}
