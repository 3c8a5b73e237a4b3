"""How often the client was heard: over the decisions of each unit or organisation, by kind.

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

from domain.voice import About
from projections.heard import HEARD, Heard
from projections.offers import FEWEST, By, Reader, seen_by

Key = tuple[str, str, str]
"""The order of the shares: by organisation, unit and kind of decision."""

FIRST: Key = ("", "", "")
"""What every share comes after."""


@dataclass(frozen=True)
class Figures:
    """Of so many decisions in so many cases, what each rests on; the parts add up to `decisions`.

    `clients_own` the client took themself. The client's own words were named as their view of those that are
    `confirmed`, `unconfirmed` or `disputed`. Of the rest, `anothers_words` have those of somebody else, `reason` says
    why there are none, and `nothing` not even that. `share` is the part, from 0 to 1, in which the client speaks for
    themself: their own decisions, and those that rest on words which they have confirmed.
    """

    cases: int
    decisions: int
    clients_own: int
    confirmed: int
    unconfirmed: int
    disputed: int
    anothers_words: int
    reason: int
    nothing: int
    share: float


@dataclass(frozen=True)
class Share:
    """How often the client was heard, in the decisions of one kind of an organisation, or of a unit of it.

    There are no `figures` where they are `hidden`: in some month fewer than five cases were decided on there, or in
    another unit of the organisation, and the reader is of another one.
    """

    organisation: str
    unit: str | None
    kind: About
    hidden: bool
    figures: Figures | None

    @property
    def key(self) -> Key:
        """Where it stands in the order."""
        return self.organisation, self.unit or "", self.kind


def shares(
    connection: Connection[Any], by: By, *, since: datetime, until: datetime, happened_by: datetime | None = None,
    reader: Reader, organisation: str | None = None, after: Key = FIRST, limit: int | None = None,
) -> list[Share]:  # fmt: skip
    """Return how often the client was heard in what was decided from `since` up to, and not at, `until`.

    `happened_by` is a past moment: decisions made by then, and statements as they stood then. `organisation` leaves
    only its own decisions, or those of its units.
    """
    values = seen_by(reader, since, happened_by) | {
        "until": until, "organisation": organisation, "after": list(after), "limit": limit, "fewest": FEWEST,
    }  # fmt: skip
    statement = sql.SQL(_SHARES).format(
        heard=sql.Identifier(HEARD.table.table), unit=sql.SQL(_UNITS[by]), counted=sql.SQL(_COUNTED)
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_share(it) for it in cursor.execute(statement, values, prepare=False).fetchall()]


def _share(record: dict[str, Any]) -> Share:
    figures = None if record["hidden"] else _figures(record)
    return Share(record["organisation"], record["unit"] or None, record["kind"], record["hidden"], figures)


def _figures(record: dict[str, Any]) -> Figures:
    counts = {name: record[name] for name in ("cases", "decisions", *get_args(Heard))}
    return Figures(**counts, share=round((record["clients_own"] + record["confirmed"]) / record["decisions"], 4))


_UNITS: dict[By, LiteralString] = {"organisation": "''::text", "unit": "coalesce(unit, '')"}
_COUNTED: LiteralString = ", ".join(f"count(*) FILTER (WHERE heard = '{it}') AS {it}" for it in get_args(Heard))
_SHARES: LiteralString = """
WITH decisions AS (
    SELECT "case", kind, organisation, {unit} AS unit, own,
        date_trunc('month', decided_at AT TIME ZONE 'Europe/Helsinki') AS month,
        CASE WHEN heard = standing AND later <> '[]' THEN coalesce((
            SELECT change ->> 1 FROM jsonb_array_elements(later) WITH ORDINALITY AS changes (change, place)
            WHERE (change ->> 0)::timestamptz <= seen_at ORDER BY place DESC LIMIT 1
        ), standing_then) ELSE heard END AS heard
    FROM {heard}
    CROSS JOIN LATERAL (SELECT %(within)s::text[] IS NULL OR organisation = ANY (%(within)s) AS own) AS may
    CROSS JOIN LATERAL (SELECT CASE WHEN own THEN coalesce(%(happened_by)s::timestamptz, 'infinity')
        ELSE %(published)s END AS seen_at) AS clock
    WHERE decided_at >= %(since)s AND decided_at < %(until)s AND decided_at <= seen_at
    AND organisation IS NOT NULL AND (%(organisation)s::text IS NULL OR organisation = %(organisation)s)
),
months AS (
    SELECT kind, organisation, unit, count(DISTINCT "case") AS cases FROM decisions WHERE NOT own
    GROUP BY kind, organisation, unit, month
),
few AS (
    SELECT kind, organisation FROM months GROUP BY kind, organisation HAVING min(cases) < %(fewest)s
),
places AS (
    SELECT kind, organisation, unit, bool_and(own) AS own, count(DISTINCT "case") AS cases, count(*) AS decisions,
        {counted}
    FROM decisions GROUP BY kind, organisation, unit
)
SELECT places.*, NOT own AND EXISTS (
    SELECT FROM few WHERE (few.kind, few.organisation) = (places.kind, places.organisation)) AS hidden
FROM places WHERE (organisation, unit, kind) > (
    (%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3])
ORDER BY organisation, unit, kind LIMIT %(limit)s"""
