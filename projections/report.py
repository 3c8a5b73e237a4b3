"""How cases were handed over, in figures: reckoned from the rows of the projections, never from a source's file."""

from __future__ import annotations

from typing import Any, Literal, LiteralString

from psycopg import Connection, sql
from psycopg.rows import dict_row

from projections.closure import CLOSURE
from projections.handoffs import HANDOFFS
from projections.imported import IMPORTED
from projections.placements import PLACEMENTS

Level = Literal["unit", "worker", "organisation"]

_HOLDERS: dict[Level, LiteralString] = {
    "organisation": "CASE WHEN coalesce(worker, unit) IS NOT NULL THEN organisation END",
    "unit": "unit",
    "worker": "coalesce('worker ' || worker, 'unit ' || unit)",
}
"""What a holder is called at a level: by name alone. Null is a holder that the source does not state."""

_FIGURES = """
WITH cases AS (
    SELECT "case", "rows" AS events, intake_unit, waited FROM {imported} WHERE "rows" > 0
    UNION ALL
    SELECT DISTINCT "case", 0, NULL, 0 FROM {placements}
    WHERE NOT EXISTS (SELECT FROM {imported} WHERE "rows" > 0)
),
stood AS (
    SELECT "case", "number", holder_organisation AS organisation,
        nullif(holder_unit, intake_unit) AS unit, holder_worker AS worker
    FROM {placements} JOIN cases USING ("case")
),
named AS (
    SELECT "case", "number", {holder} AS holder FROM stood
),
beside AS (
    SELECT "case", "number", holder, lag(holder) OVER one_case AS before FROM named
    WHERE holder IS NOT NULL WINDOW one_case AS (PARTITION BY "case" ORDER BY "number")
),
trail AS (
    SELECT "case", holder, holder = lag(holder, 2) OVER one_case AS bounced FROM beside
    WHERE before IS DISTINCT FROM holder WINDOW one_case AS (PARTITION BY "case" ORDER BY "number")
),
moved AS (
    SELECT count(*) - 1 AS moves, count(*) > count(DISTINCT holder) AS returned,
        count(*) FILTER (WHERE bounced) AS bounces
    FROM trail GROUP BY "case"
),
offers AS (
    SELECT outcome = 'accepted' AND to_unit IS DISTINCT FROM intake_unit AS accepted,
        CASE WHEN intake_unit IS NULL THEN extract(epoch FROM answered_at - proposed_at) * 1000000 END AS waited
    FROM {handoffs} JOIN cases USING ("case") WHERE kind = 'handoff' AND NOT direct
),
reopened AS (
    SELECT count(*) AS times FROM {closure} JOIN cases USING ("case")
    WHERE reopened_at IS NOT NULL GROUP BY "case"
)
SELECT
    (SELECT count(*) FROM cases) AS cases,
    (SELECT coalesce(sum(events), 0) FROM cases) AS events,
    (SELECT count(DISTINCT holder) FROM trail) AS holders,
    (SELECT coalesce(sum(moves), 0) FROM moved) AS moves,
    (SELECT count(*) FROM moved WHERE moves > 0) AS cases_moved,
    (SELECT count(*) FROM moved WHERE returned) AS cases_returned,
    (SELECT count(*) FROM moved WHERE bounces > 0) AS cases_bounced,
    (SELECT coalesce(sum(bounces), 0) FROM moved) AS bounces,
    (SELECT coalesce(max(moves), 0) FROM moved) AS most_moves,
    (SELECT count(*) FROM offers WHERE accepted) AS accepted,
    (SELECT coalesce(sum(waited), 0) FROM cases) + (SELECT coalesce(sum(waited), 0) FROM offers) AS hours_unaccepted,
    (SELECT count(*) FROM reopened) AS reopened_cases,
    (SELECT coalesce(sum(times), 0) FROM reopened) AS reopenings
"""
_MICROSECONDS_AN_HOUR = 3_600_000_000


def handoff_figures(connection: Connection[Any], by: Level) -> dict[str, int | float]:
    """Return how often cases moved between the holders of a level, came back and bounced, and how long offers waited.

    It tells of the cases of imported histories, as their sources count cases and events; in a ledger that has none it
    tells of all its cases, and counts no events.

    A placement is the holder to whom a case is offered, or else the one that holds it. A move is a change of placement
    to another holder at this level, a return a placement with one that had the case before and lost it, a bounce A, B,
    A in successive placements. A unit or a worker is its name alone; at the level of workers a unit stands for itself
    while nobody in it is named. `accepted` counts the offers that were accepted where they were made, and
    `hours_unaccepted` sums how long offers waited for what came next in their case.
    """
    statement = sql.SQL(_FIGURES).format(
        holder=sql.SQL(_HOLDERS[by]),
        **{it.name: sql.Identifier(it.table.table) for it in (CLOSURE, HANDOFFS, IMPORTED, PLACEMENTS)},
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        figures = cursor.execute(statement).fetchone() or {}
    hours = round(float(figures["hours_unaccepted"]) / _MICROSECONDS_AN_HOUR, 2)
    return {name: int(figure) for name, figure in figures.items()} | {"hours_unaccepted": hours}
