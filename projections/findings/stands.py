"""Whether findings stand at a moment, as SQL says it: the same verdict as `judged`, for many rows at once.

A time of working days has passed where so many of them lie between two days; so each is counted from a fixed day, and
no deadline has to be reckoned. A policy's numbers come along as a small table, as each was set.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from domain.calendar import Calendar
from domain.policy import Policies, Policy
from projections.findings.finding import MEASURES

_BEFORE_ALL = "-infinity"


def values(at: datetime, policies: Policies, calendar: Calendar) -> dict[str, Any]:
    """Return the values of the verdict's parameters: the moment, the days off, and what was set, where and when."""
    default = Policy()
    rows = [
        {"threshold": it, "value": getattr(default, it), "since": _BEFORE_ALL, "reach": 0, "place": -1}
        for it in MEASURES
    ]  # fmt: skip
    rows += [
        {
            "threshold": it.rule, "value": it.value, "since": it.since.isoformat(), "reach": it.reach, "place": place,
            "organisation": it.organisation, "unit": it.unit,
        }
        for place, it in enumerate(policies.settings) if it.rule in MEASURES
    ]  # fmt: skip
    return {"at": at, "settings": json.dumps(rows), "days_off": _days_off(calendar)}


@lru_cache(8)
def _days_off(calendar: Calendar) -> str:
    """Return the days off that are no weekends, as an array: there are thousands, always the same."""
    off = sorted(day for day in calendar.holidays if Calendar().is_worked(day))
    return f"{{{','.join(day.isoformat() for day in off)}}}"


def _day(moment: str) -> str:
    return f"({moment} AT TIME ZONE 'Europe/Helsinki')::date"


def _worked(day: str) -> str:
    """Count the working days up to a day, from the first Monday of 1900."""
    days = f"({day} - date '1899-12-31')"
    return f"({days} / 7 * 5 + least({days} %% 7, 5) - width_bucket({day}, %(days_off)s::date[]))"


def _limit(settled_by: str) -> str:
    """Return the number that counts for a row: of what was set by then, the nearest, and of that the last."""
    return f"""(
        SELECT p.value FROM settings p WHERE p.threshold = f.threshold {settled_by}
        AND (p.organisation IS NULL OR p.organisation = f.organisation) AND (p.unit IS NULL OR p.unit = f.unit)
        ORDER BY p.reach DESC, p.place DESC LIMIT 1)"""


def _over(limit: str) -> str:
    """Say whether a row is over its threshold's limit, each threshold as it is measured."""
    by_measure = {
        "working_days": f"{_UNTIL} > {_SINCE} AND {_worked(f'({_UNTIL} - 1)')} - {_worked(_SINCE)} >= {limit}",
        "days": f"{_SINCE} + {limit} < {_UNTIL}",
        "months": f"({_SINCE} + make_interval(months => {limit}))::date < {_UNTIL}",
        "more_than": f"coalesce(f.value, 0) > {limit}",
        "within": f"coalesce(f.value, 0) <= {limit}",
    }
    arms = (f"WHEN '{name}' THEN {by_measure[measure]}" for name, measure in MEASURES.items())
    return f"CASE f.threshold {' '.join(arms)} END"


_LAST = "least(f.settled, %(at)s::timestamptz)"
_SINCE, _UNTIL = _day("f.since"), _day(_LAST)

SETTINGS = """settings AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(settings)s::json) AS p(
        threshold text, value integer, since timestamptz, reach integer, place integer, organisation text, unit text)
)"""
"""The table of what was set, which a statement that asks for the verdict begins with."""

_BEGUN = "f.since <= %(at)s AND coalesce(f.raised_at <= %(at)s, true)"

ITS_TIME = f"""({_BEGUN} AND CASE WHEN f.due IS NOT NULL THEN f.due <= {_LAST}
    WHEN f.threshold IS NULL THEN true ELSE {_over(_limit("AND p.since <= f.since"))} END)"""
"""Whether the finding `f` stands at the moment by the policy of its time."""

TODAY = f"""({_BEGUN} AND CASE WHEN f.threshold IS NULL THEN coalesce(f.due <= {_LAST}, true)
    ELSE {_over(_limit(""))} END)"""
"""Whether it stands by the policy of today."""

STANDS = f"({ITS_TIME} OR {TODAY})"
"""Whether it stands at all."""
