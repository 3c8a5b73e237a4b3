"""The wall before the read tables: what a reader's rows are, as PostgreSQL's row-level security asks of each row.

A reader says who they are in the settings of their transaction; without them there are no rows. Staff see the rows of
the cases in which their organisation has a part now (`projections.access`): of one that went on they see none, since a
row does not tell when it last changed, and read it one by one instead. Others see the cases that are named, and
auditors those that were open in the time of their grant.
"""

from __future__ import annotations

ACCESS = "access_v1"
"""The table of `projections.access`, by which the others are walled off."""

SETTINGS = ("organisation", "worker", "cases", "since", "until")
"""Who reads: the names of the settings, after `luotsi.`."""

EVERYBODYS = "true"
"""The wall of what tells of no client: the directory's organisations, units and workers."""

STANDS = "NOT a.over AND (a.until IS NULL OR a.until > now())"
"""Whether a part in a case is in force."""


def wall_of(table: str) -> str:
    """Return the condition under which a reader sees a row of this table: that they may read its case."""
    if table == ACCESS:
        return f"{_setting('organisation')} = organisation OR {_setting('until')} IS NOT NULL"
    of_case = f'FROM {ACCESS} a WHERE a."case" = {table}."case" AND {_ONE_BY_ONE.format(table=table)} AND {STANDS}'
    named, until, since = (_setting(*it) for it in (("cases", _UUIDS), ("until", _TIME), ("since", _TIME)))
    return (
        f'{table}."case" = ANY ({named}::uuid[])'
        f" OR ({_setting('organisation')} IS NOT NULL AND EXISTS (SELECT {of_case}"
        f" AND a.organisation = {_setting('organisation')} AND a.worker IN ('', {_setting('worker')})"
        f" AND a.upto IS NULL))"
        f" OR ({_setting('until')} IS NOT NULL AND EXISTS (SELECT {of_case}"
        f" AND a.relation = 'holds' AND a.opened_at < {until} AND (a.closed_at IS NULL OR a.closed_at >= {since})))"
    )


def _setting(name: str, read: str = "{}") -> str:
    """Return a setting of the reader's transaction, which is read once a statement: NULL where nobody said."""
    said = f"nullif(current_setting('luotsi.{name}', true), '')"
    return f"(SELECT {read.format(said)})"


_UUIDS, _TIME = "string_to_array({}, ',')::uuid[]", "{}::timestamptz"
_ONE_BY_ONE = 'a."case" >= {table}."case"'
"""Says nothing new, but keeps the planner from looking through the shares of all cases for those of a page."""
