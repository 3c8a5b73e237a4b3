"""Which cases there are: by who owns them, who answers for them, what waits and what stands, now or at a past day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from domain.remembered import OwnerKind
from projections.findings.found import Moment
from projections.findings.judged import FINDINGS
from projections.findings.stands import SETTINGS, STANDS
from projections.handoffs import HANDOFFS
from projections.searched import ANYHOW, ANYWHERE, EVER, UNMOVED, Ended, Moved, Place, Span, conditions
from projections.stood import NOW, THEN

Sort = Literal["case", "first_contact", "opened", "due", "held_since"]
Key = tuple[datetime | None, UUID]
"""Where a case comes in the order: when, None where it has no such time and comes after the others, and which."""

COLUMNS: dict[Sort, str] = {
    "first_contact": "first_contact_at", "opened": "opened_at", "due": "due", "held_since": "held_since"
}  # fmt: skip
"""What each order but the one by ids goes by."""


@dataclass(frozen=True)
class Sought:
    """Which cases are sought; None is any. `rule` is that of a finding that stands open, judged at `moment`.

    They were `opened` at a time, and `lasted`, from their first opening to their last closing, at some time of another.
    """

    moment: Moment
    owned_by: OwnerKind | None = None
    owner: Place = ANYWHERE
    responsible: Place = ANYWHERE
    offered_to: Place = ANYWHERE
    status: Literal["open", "closed"] | None = None
    due_by: datetime | None = None
    without_worker: bool = False
    rule: int | None = None
    cases: list[UUID] | None = None
    opened: Span = EVER
    lasted: Span = EVER
    ended: Ended = ANYHOW
    moved: Moved = UNMOVED

    @property
    def conditions(self) -> dict[str, Any]:
        """The conditions, each with the values of its parameters."""
        found: dict[str, Any] = {}
        for column in ("owner", "responsible", "offered_to"):
            found |= getattr(self, column).conditions(f"s.{column}")
        for name, condition in _CONDITIONS.items():
            if (value := getattr(self, name)) is not None:
                found[condition] = {name: value}
        only_open = self.owner != ANYWHERE or self.offered_to != ANYWHERE or self.without_worker or self.owned_by
        status = self.status or ("open" if only_open or self.due_by else None)
        if status is not None:
            found[_STATUS[status, self.moment.asked is None]] = {}
        if self.offered_to.organisation is not None and self.moment.asked is not None:
            found[_OFFERED_THEN] = {}  # says nothing new, but an index finds these
        if self.without_worker:
            found["s.responsible_worker IS NULL"] = {}
        if self.rule is not None:
            found[_FINDING.format(is_open=self.moment.is_open())] = {"rule": self.rule, **self.moment.values}
        found |= self.opened.conditions("s.opened_at")
        if self.lasted.since is not None:
            found["(s.until IS NULL OR s.until >= %(lasted_since)s)"] = {"lasted_since": self.lasted.since}
        if self.lasted.until is not None:
            found["s.opened_at < %(lasted_until)s"] = {"lasted_until": self.lasted.until}
        return found | dict(conditions(self.ended, self.moved, self.moment.asked))


def listed(
    connection: Connection[Any], sought: Sought, sort: Sort = "case", after: Key | None = None, *, limit: int
) -> list[dict[str, Any]]:
    """Return cases by their columns, in order, after a place in that order, at most so many.

    A case that is closed has no owner: those that are sought by an owner, an offer or what is due are open.
    """
    found: list[dict[str, Any]] = []
    values: dict[str, Any] = {"happened_by": sought.moment.asked}
    for it in sought.conditions.values():
        values |= it
    with connection.cursor(row_factory=dict_row) as cursor:
        for section, more in _sections(sort, after):
            statement = _statement(sought, section)
            given = values | more | {"limit": limit - len(found)}
            # each time planned anew: what is best for one rule or place is seconds slower for another
            found += cursor.execute(statement.encode(), given, prepare=False).fetchall()
            if len(found) >= limit:
                break
    return found


def _sections(sort: Sort, after: Key | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the parts of the order that come after a place: by time those that have one, then by case the others."""
    since, case = after or (None, _FIRST)
    if sort == "case":
        yield 's."case" > %(a_case)s ORDER BY s."case"', {"a_case": case}
        return
    column = f"s.{COLUMNS[sort]}"
    if after is None or since is not None:
        goes_on = f'({column}, s."case") > (%(a_time)s, %(a_case)s)' if after else f"{column} IS NOT NULL"
        yield f'{goes_on} ORDER BY {column}, s."case"', {"a_time": since, "a_case": case}
        case = _FIRST
    yield f'{column} IS NULL AND s."case" > %(a_case)s ORDER BY s."case"', {"a_case": case}


def _statement(sought: Sought, section: str) -> str:
    relation = NOW if sought.moment.asked is None else THEN
    given = f"WITH {SETTINGS}" if sought.rule is not None else ""
    where = " AND ".join([*sought.conditions, section])
    return f"{given} SELECT s.* FROM {relation} s WHERE {where} LIMIT %(limit)s"


_FIRST = UUID(int=0)

_STATUS = {
    ("open", True): "s.status = 'open'", ("closed", True): "s.status = 'closed'",
    ("open", False): "s.is_open", ("closed", False): "NOT s.is_open",
}  # fmt: skip
"""The conditions of a status, now and then."""

_CONDITIONS = {
    "owned_by": "s.owned_by = %(owned_by)s",
    "due_by": "s.due <= %(due_by)s",
    "cases": 's."case" = ANY (%(cases)s)',
}
_OFFERED_THEN = f"""s."case" IN (
    SELECT h."case" FROM {HANDOFFS.table.table} h WHERE h.to_organisation = %(s_offered_to_organisation)s
    AND h.proposed_at <= %(happened_by)s AND (h.answered_at IS NULL OR h.answered_at > %(happened_by)s)
)"""
_FINDING = f"""s."case" IN (
    SELECT f."case" FROM {FINDINGS.table.table} f WHERE f.rule = %(rule)s AND {{is_open}} AND {STANDS}
)"""
