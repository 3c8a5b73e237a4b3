"""Findings across cases, at a moment: those that stand then, by rule and by how long, and never by a named worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from domain.calendar import Calendar
from domain.policy import Policies
from projections.findings.finding import Finding, Judgement, judged
from projections.findings.judged import FINDINGS
from projections.findings.stands import ITS_TIME, SETTINGS, STANDS, TODAY, values
from projections.projection import but

State = Literal["open", "settled", "all"]
ByWhichPolicy = Literal["its_time", "today"]
Key = tuple[int, datetime, UUID, int]
"""The order of findings: by rule, the longest first, then by case."""


@dataclass(frozen=True)
class Moment:
    """When findings are judged, and by what: None for `asked` is now."""

    now: datetime
    policies: Policies
    calendar: Calendar
    asked: datetime | None = None

    @property
    def at(self) -> datetime:
        """The moment that is asked about."""
        return self.asked or self.now

    @property
    def values(self) -> dict[str, Any]:
        """The values of the verdict's parameters."""
        return values(self.at, self.policies, self.calendar)

    def is_open(self) -> str:
        """Return the condition of a finding that is not settled by then; nothing is settled after now."""
        return "f.settled IS NULL" if self.asked is None else "(f.settled IS NULL OR f.settled > %(at)s)"

    def judged(self, rows: Sequence[Finding], state: State = "all") -> Iterator[tuple[Finding, Judgement]]:
        """Yield the findings that stand then, each as it was then, with its judgement."""
        for row in rows:
            judgement = judged(row, self.at, self.policies, self.calendar)
            if judgement is not None and state in {"all", judgement.state}:
                yield as_it_was(row, judgement), judgement


def as_it_was(row: Finding, judgement: Judgement) -> Finding:
    """Return a finding without what settled it only later."""
    if judgement.state == "settled" or row.settled is None:
        return row
    shown_by = tuple(it for it in row.entries if it != row.settled_by)
    return but(row, settled=None, settled_by=None, entries=shown_by)


def found(
    connection: Connection[Any], moment: Moment, *, rule: int | None = None, organisation: str | None = None,
    unit: str | None = None, state: State = "open", by: ByWhichPolicy | None = None, after: Key | None = None,
    limit: int,
) -> list[tuple[Finding, Judgement]]:  # fmt: skip
    """Return the findings that stand at a moment: of a rule, an organisation, a unit; by either policy or by one."""
    conditions = [_BY[by]]
    conditions += [] if state == "all" else [moment.is_open() if state == "open" else "f.settled <= %(at)s"]
    given = {"rule": rule, "organisation": organisation, "unit": unit}
    conditions += [f"f.{name} = %({name})s" for name, value in given.items() if value is not None]
    conditions += [_AFTER] if after else []
    following = dict(zip(("a_rule", "a_since", "a_case", "a_number"), after or (), strict=False))
    with connection.cursor(row_factory=dict_row) as cursor:
        statement = f"WITH {SETTINGS} {_FOUND} WHERE {' AND '.join(conditions)} {_ORDERED}"
        rows = cursor.execute(statement.encode(), moment.values | given | following | {"limit": limit}).fetchall()
    return list(moment.judged([Finding(**{**it, "entries": tuple(it["entries"])}) for it in rows]))


_BY: dict[ByWhichPolicy | None, str] = {None: STANDS, "its_time": ITS_TIME, "today": f"(NOT {ITS_TIME} AND {TODAY})"}
_FOUND = f"SELECT f.* FROM {FINDINGS.table.table} f"
_AFTER = '(f.rule, f.since, f."case", f.number) > (%(a_rule)s, %(a_since)s, %(a_case)s, %(a_number)s)'
_ORDERED = 'ORDER BY f.rule, f.since, f."case", f.number LIMIT %(limit)s'
