"""How cases end: over the closings of each unit or organisation, by ground, and by month if that is asked for.

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

from domain.remembered import Attribution, Ground, Initiator
from projections.endings import ENDINGS, Outcome
from projections.offers import FEWEST, By, Reader, seen_by

Key = tuple[str, str, str, str]
"""The order of the endings: by month, organisation, unit and ground."""

FIRST: Key = ("", "", "", "")
"""What every ending comes after."""


@dataclass(frozen=True)
class Figures:
    """Of so many `endings` of so many cases: at whose initiative, in whose circumstances, and what the client said.

    `agreed` and `refused` are what the client said to the proposal: to the rest nothing. `objected` are the endings
    with an objection: to the proposal or the closing, or to something else that waited for an answer when the case was
    closed; `objections` are all of these, by what has become of them. `closed_over` are the endings with an
    objection that was open then, and `overridden` those for which a manager set a rule aside. `reopened` were taken up
    again within the days that were asked about. In `asked`, the client was asked how the service felt, and in
    `answered` told it, or told it unasked: `score_mean` is the mean, from 1 (bad) to 5 (good).
    """

    cases: int
    endings: int
    initiators: dict[Initiator, int]
    attributed_to: dict[Attribution, int]
    agreed: int
    refused: int
    objected: int
    objections: dict[Outcome, int]
    closed_over: int
    overridden: int
    reopened: int
    asked: int
    answered: int
    score_mean: float | None


@dataclass(frozen=True)
class Ended:
    """How cases ended on a ground in an organisation, or in a unit of it: in a month, as "2025-03", or in all of them.

    There are no `figures` where they are `hidden`: in some month fewer than five cases ended so there, or in another
    unit of the organisation, and the reader is of another one.
    """

    month: str | None
    organisation: str
    unit: str | None
    ground: Ground
    hidden: bool
    figures: Figures | None

    @property
    def key(self) -> Key:
        """Where it stands in the order."""
        return self.month or "", self.organisation, self.unit or "", self.ground


def ended(
    connection: Connection[Any], by: By, *, since: datetime, until: datetime, happened_by: datetime | None = None,
    reader: Reader, organisation: str | None = None, monthly: bool = False, reopened_within: int = 90,
    after: Key = FIRST, limit: int | None = None,
) -> list[Ended]:  # fmt: skip
    """Return how the cases ended that were closed from `since` up to, and not at, `until`.

    `happened_by` is a past moment: closings by then, and what had become of them by then. `reopened_within` is in how
    many days after its closing a case has to be taken up again to be told of as `reopened`.
    """
    values = seen_by(reader, since, happened_by) | {
        "until": until, "organisation": organisation, "monthly": monthly, "days": reopened_within,
        "after": list(after), "limit": limit, "fewest": FEWEST,
    }  # fmt: skip
    statement = sql.SQL(_ENDED).format(endings=sql.Identifier(ENDINGS.table.table), unit=sql.SQL(_UNITS[by]))
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_ended(it) for it in cursor.execute(statement, values).fetchall()]


def _ended(record: dict[str, Any]) -> Ended:
    return Ended(
        month=record["month"] or None, organisation=record["organisation"], unit=record["unit"] or None,
        ground=record["ground"], hidden=record["hidden"], figures=None if record["hidden"] else _figures(record),
    )  # fmt: skip


def _figures(record: dict[str, Any]) -> Figures:
    mean = record["score_mean"]
    return Figures(
        **{name: record[name] for name in _COUNTS},
        initiators={it: record[f"by_{it}"] for it in get_args(Initiator)},
        attributed_to={it: record[f"to_{it}"] for it in get_args(Attribution)},
        objections={it: record[f"now_{it}"] for it in get_args(Outcome)},
        score_mean=None if mean is None else round(float(mean), 2),
    )


_COUNTS = (
    "cases", "endings", "agreed", "refused", "objected", "closed_over", "overridden", "reopened", "asked", "answered"
)  # fmt: skip
_UNITS: dict[By, LiteralString] = {"organisation": "''::text", "unit": "unit"}
_INITIATORS: LiteralString = ", ".join(
    f"count(*) FILTER (WHERE initiator = '{it}') AS by_{it}" for it in get_args(Initiator)
)
_ATTRIBUTIONS: LiteralString = ", ".join(
    f"count(*) FILTER (WHERE attributed_to = '{it}') AS to_{it}" for it in get_args(Attribution)
)
_OUTCOMES: LiteralString = ", ".join(f"count(*) FILTER (WHERE now = '{it}') AS now_{it}" for it in get_args(Outcome))
_TOLD_OF: LiteralString = "CASE WHEN %(monthly)s THEN month ELSE '' END"
_SUMS: LiteralString = ", ".join(f"sum(now_{it})::int AS now_{it}" for it in get_args(Outcome))

_ENDED: LiteralString = f"""
WITH endings AS (
    SELECT "case", ground, initiator, attributed_to, client, organisation, {{unit}} AS unit, own, score, beside.*,
        to_char(closed_at AT TIME ZONE 'Europe/Helsinki', 'YYYY-MM') AS month,
        overridden <> '[]' AS overridden, asked_at <= seen_at AS asked,
        reopened_at <= least(seen_at, closed_at + make_interval(days => %(days)s)) AS reopened
    FROM {{endings}}
    CROSS JOIN LATERAL (SELECT %(within)s::text[] IS NULL OR organisation = ANY (%(within)s) AS own) AS may
    CROSS JOIN LATERAL (SELECT CASE WHEN own THEN coalesce(%(happened_by)s::timestamptz, 'infinity')
        ELSE %(published)s END AS seen_at) AS clock
    LEFT JOIN LATERAL (
        SELECT score FROM jsonb_to_recordset(experiences) AS told (told_at timestamptz, version int, score int)
        WHERE experiences <> '[]' AND told_at <= seen_at ORDER BY told_at DESC, version DESC LIMIT 1
    ) AS felt ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS objections, count(*) FILTER (WHERE closed_over) AS closed_over, {_OUTCOMES}
        FROM (
            SELECT closed_over, CASE WHEN settled_at <= seen_at THEN outcome ELSE 'open' END AS now
            FROM jsonb_to_recordset(objections) AS raised (
                raised_at timestamptz, settled_at timestamptz, outcome text, closed_over boolean)
            WHERE objections <> '[]' AND raised_at <= seen_at
        ) AS objections
    ) AS beside
    WHERE closed_at >= %(since)s AND closed_at < %(until)s AND closed_at <= seen_at
    AND (%(organisation)s::text IS NULL OR organisation = %(organisation)s)
),
cases AS (
    SELECT DISTINCT "case", month, organisation, unit, ground, own FROM endings
),
few AS (
    SELECT DISTINCT month, organisation, ground FROM cases WHERE NOT own
    GROUP BY month, organisation, unit, ground HAVING count(*) < %(fewest)s
),
counted AS (
    SELECT told_of AS month, organisation, unit, ground, count(*) AS cases
    FROM (SELECT DISTINCT "case", {_TOLD_OF} AS told_of, organisation, unit, ground FROM cases) AS cases
    GROUP BY told_of, organisation, unit, ground
),
cells AS (
    SELECT {_TOLD_OF} AS month, organisation, unit, ground, bool_and(own) AS own, count(*) AS endings,
        {_INITIATORS}, {_ATTRIBUTIONS},
        count(*) FILTER (WHERE client = 'agreed') AS agreed, count(*) FILTER (WHERE client = 'refused') AS refused,
        count(*) FILTER (WHERE objections > 0) AS objected, {_SUMS},
        count(*) FILTER (WHERE closed_over > 0) AS closed_over, count(*) FILTER (WHERE overridden) AS overridden,
        count(*) FILTER (WHERE reopened) AS reopened, count(*) FILTER (WHERE asked) AS asked,
        count(score) AS answered, avg(score) AS score_mean
    FROM endings GROUP BY 1, organisation, unit, ground
)
SELECT cells.*, cases, NOT own AND EXISTS (
    SELECT FROM few WHERE few.organisation = cells.organisation AND few.ground = cells.ground
    AND cells.month IN ('', few.month)) AS hidden
FROM cells JOIN counted USING (month, organisation, unit, ground)
WHERE (month, organisation, unit, ground) > (
    (%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3], (%(after)s::text[])[4])
ORDER BY month, organisation, unit, ground LIMIT %(limit)s"""
