"""What support workers asked for and were given: over the requests of each unit or organisation.

A cell with few cases is told in figures only to those who may see the cases. What they may not see is told up to the
end of the last whole month alone, and only where each month of it, and each unit of the organisation in it, has cases
enough: so nothing hidden can be had by subtracting one answer from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, get_args

from psycopg import Connection, sql
from psycopg.rows import dict_row

from domain.support import SupportKind
from projections.offers import FEWEST, By, Reader, in_days, seen_by
from projections.support import SUPPORT

Key = tuple[str, str]
"""The order: by organisation and unit."""

FIRST: Key = ("", "")
"""What everything comes after."""


@dataclass(frozen=True)
class Figures:
    """Of so many requests (`asked`) in so many cases, how many were `answered`, and how many are `waiting`.

    `given` is what was given, by kind: a request may have several answers. Days run from a request to its first answer,
    and for those that wait (`days_waiting_median`) to the moment that is asked about.
    """

    cases: int
    asked: int
    answered: int
    waiting: int
    given: dict[SupportKind, int]
    days_median: float | None
    days_mean: float | None
    days_waiting_median: float | None


@dataclass(frozen=True)
class Supported:
    """The support that the workers of an organisation, or of a unit of it, asked for and were given.

    There are no `figures` where they are `hidden`: in some month support was asked for in fewer than five cases there,
    or in another unit of the organisation, and the reader is of another one.
    """

    organisation: str
    unit: str | None
    hidden: bool
    figures: Figures | None

    @property
    def key(self) -> Key:
        """Where it stands in the order."""
        return self.organisation, self.unit or ""


def supported(
    connection: Connection[Any], by: By, *, since: datetime, until: datetime, happened_by: datetime | None = None,
    reader: Reader, organisation: str | None = None, unit: str | None = None, waiting: bool | None = None,
    after: Key = FIRST, limit: int | None = None,
) -> list[Supported]:  # fmt: skip
    """Return what was asked for from `since` up to, and not at, `until`, and what came of it.

    `happened_by` is a past moment: requests made by then, with the answers given by then. `waiting` leaves only the
    requests that wait for an answer, or only those that have one.
    """
    values = seen_by(reader, since, happened_by) | {
        "until": until, "organisation": organisation, "unit": unit, "waiting": waiting, "asked_at": reader.asked_at,
        "after": list(after), "limit": limit, "fewest": FEWEST,
    }  # fmt: skip
    statement = sql.SQL(_SUPPORTED).format(support=sql.Identifier(SUPPORT.table.table), unit=sql.SQL(_UNITS[by]))
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_supported(it) for it in cursor.execute(statement, values).fetchall()]


def _supported(record: dict[str, Any]) -> Supported:
    figures = None if record["hidden"] else _figures(record)
    return Supported(record["organisation"], record["unit"] or None, record["hidden"], figures)


def _figures(record: dict[str, Any]) -> Figures:
    return Figures(
        cases=record["cases"], asked=record["asked"], answered=record["answered"], waiting=record["waiting"],
        given={it: record[f"given_{it}"] for it in get_args(SupportKind)},
        days_median=in_days(record["days_median"]), days_mean=in_days(record["days_mean"]),
        days_waiting_median=in_days(record["days_waiting_median"]),
    )  # fmt: skip


_UNITS: dict[By, LiteralString] = {"organisation": "''::text", "unit": "unit"}
_KINDS: LiteralString = ", ".join(
    f"count(*) FILTER (WHERE kind = '{it}') AS given_{it}" for it in get_args(SupportKind)
)
_SUMS: LiteralString = ", ".join(f"sum(given_{it})::int AS given_{it}" for it in get_args(SupportKind))

_SUPPORTED: LiteralString = f"""
WITH requests AS (
    SELECT "case", organisation, {{unit}} AS unit, own, answered, given.*,
        date_trunc('month', asked_at AT TIME ZONE 'Europe/Helsinki') AS month,
        extract(epoch FROM CASE WHEN answered THEN answered_at ELSE least(seen_at, %(asked_at)s) END - asked_at) / 86400
            AS days
    FROM {{support}}
    CROSS JOIN LATERAL (SELECT %(within)s::text[] IS NULL OR organisation = ANY (%(within)s) AS own) AS may
    CROSS JOIN LATERAL (SELECT CASE WHEN own THEN coalesce(%(happened_by)s::timestamptz, 'infinity')
        ELSE %(published)s END AS seen_at) AS clock
    CROSS JOIN LATERAL (SELECT coalesce(answered_at <= seen_at, false) AS answered) AS came
    CROSS JOIN LATERAL (
        SELECT {_KINDS} FROM jsonb_to_recordset(answers) AS given (given_at timestamptz, kind text)
        WHERE answers <> '[]' AND given_at <= seen_at
    ) AS given
    WHERE asked_at >= %(since)s AND asked_at < %(until)s AND asked_at <= seen_at
    AND (%(organisation)s::text IS NULL OR organisation = %(organisation)s)
    AND (%(waiting)s::boolean IS NULL OR answered <> %(waiting)s)
    AND organisation IS NOT NULL AND {{unit}} IS NOT NULL
),
cases AS (
    SELECT DISTINCT "case", month, organisation, unit FROM requests WHERE NOT own
),
few AS (
    SELECT DISTINCT organisation FROM cases GROUP BY organisation, unit, month HAVING count(*) < %(fewest)s
),
cells AS (
    SELECT organisation, unit, bool_and(own) AS own, count(DISTINCT "case") AS cases, count(*) AS asked,
        count(*) FILTER (WHERE answered) AS answered, count(*) FILTER (WHERE NOT answered) AS waiting, {_SUMS},
        percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE answered) AS days_median,
        avg(days) FILTER (WHERE answered) AS days_mean,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE NOT answered) AS days_waiting_median
    FROM requests GROUP BY organisation, unit
)
SELECT cells.*, NOT own AND organisation IN (SELECT organisation FROM few) AS hidden
FROM cells WHERE (organisation, unit) > ((%(after)s::text[])[1], (%(after)s::text[])[2])
AND (%(unit)s::text IS NULL OR unit = %(unit)s)
ORDER BY organisation, unit LIMIT %(limit)s"""
