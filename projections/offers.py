"""The offers of all cases as somebody may be told of them: the beginning of the statements that count them.

What the reader may not see is told up to the end of the last whole month alone, and where it comes to few cases not in
figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, LiteralString, get_args

from psycopg import Connection, sql

from domain.acceptance import DeclineCode
from domain.calendar import civil_day, start_of
from projections.handoffs import HANDOFFS
from projections.imported import IMPORTED

By = Literal["organisation", "unit"]

FEWEST = 5
"""How many cases a cell needs for its figures to be told to those who may not see them."""


@dataclass(frozen=True)
class Reader:
    """Who reads: somebody who may see the cases of `organisations`, or all cases where it is None.

    `asked_at` is when they ask: what they may not see they are told up to the end of the month before.
    """

    organisations: tuple[str, ...] | None
    asked_at: datetime

    @property
    def published(self) -> datetime:
        """The last moment of the month before."""
        return month_of(self.asked_at) - timedelta.resolution


def month_of(moment: datetime, later: int = 0) -> datetime:
    """Return the beginning of the month that it is in Finland, or of the one so many months later."""
    day = civil_day(moment)
    years, months = divmod(day.month - 1 + later, 12)
    return start_of(date(day.year + years, months + 1, 1))


def seen_by(reader: Reader, since: datetime, happened_by: datetime | None) -> dict[str, Any]:
    """Return the values that the statement's offers are chosen by."""
    return {
        "within": None if reader.organisations is None else list(reader.organisations),
        "published": reader.published, "since": since, "until": None, "happened_by": happened_by, "organisation": None,
    }  # fmt: skip


@contextmanager
def whole_tables(connection: Connection[Any]) -> Iterator[None]:
    """Let statements read whole tables where that is best. On a request's connection they else look rows up by keys."""
    with connection.transaction():
        connection.execute(_WHOLE_TABLES)
        yield


def offers(by: By) -> sql.Composed:
    """Return the beginning of a statement: the offers as their reader sees them, `own` where they may see the case."""
    return sql.SQL(_OFFERS).format(
        handoffs=sql.Identifier(HANDOFFS.table.table),
        imported=sql.Identifier(IMPORTED.table.table),
        **{name: sql.SQL(part) for name, part in _LEVELS[by].items()},
    )


def declined_by_code(record: dict[str, Any]) -> dict[DeclineCode, int]:
    """Return how often it was declined, by each code."""
    return {code: record[code] for code in get_args(DeclineCode)}


def in_days(found: Any) -> float | None:
    """Return days to a quarter of an hour."""
    return None if found is None else round(float(found), 2)


_WHOLE_TABLES = "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"

_LEVELS: dict[By, dict[str, LiteralString]] = {
    "organisation": {
        "returned": "h.returned_to_organisation", "bounced": "h.bounced_to_organisation", "sender_unit": "''::text",
        "sender_stated": "h.sender_worker IS NOT NULL OR h.sender_unit IS DISTINCT FROM i.intake_unit",
        "to_unit": "''::text", "to_stated": "h.to_worker IS NOT NULL OR h.to_unit IS DISTINCT FROM i.intake_unit",
        "better_place_unit": "''::text",
    },
    "unit": {
        "returned": "h.returned", "bounced": "h.bounced", "sender_unit": "h.sender_unit",
        "sender_stated": "h.sender_unit IS DISTINCT FROM i.intake_unit", "to_unit": "h.to_unit",
        "to_stated": "h.to_unit IS DISTINCT FROM i.intake_unit", "better_place_unit": "h.better_place_unit",
    },
}  # fmt: skip
"""What stands for a holder at each level, and whether it is stated: an import's intake stands for what is not."""

_OFFERS = """
WITH offers AS (
    SELECT h."case", h.proposed_at, h.direct, {returned} AS returned, {bounced} AS bounced, own, seen_at,
        h.sender_organisation, {sender_unit} AS sender_unit, h.to_organisation, {to_unit} AS to_unit, h.code,
        h.better_place_organisation, {better_place_unit} AS better_place_unit, h.answered_at,
        CASE WHEN h.answered_at > seen_at THEN 'pending' WHEN h.outcome = 'received' THEN 'accepted'
            ELSE h.outcome END AS outcome,
        extract(epoch FROM h.answered_at - h.proposed_at) / 86400 AS days
    FROM {handoffs} h LEFT JOIN {imported} i USING ("case")
    CROSS JOIN LATERAL (SELECT
        %(within)s::text[] IS NULL OR h.sender_organisation = ANY (%(within)s) OR h.to_organisation = ANY (%(within)s)
        AS own) AS may
    CROSS JOIN LATERAL (SELECT CASE WHEN own THEN coalesce(%(happened_by)s::timestamptz, 'infinity')
        ELSE %(published)s END AS seen_at) AS clock
    WHERE h.proposed_at >= %(since)s AND (%(until)s::timestamptz IS NULL OR h.proposed_at < %(until)s)
    AND h.proposed_at <= seen_at
    AND (%(organisation)s::text IS NULL OR %(organisation)s IN (h.sender_organisation, h.to_organisation))
    AND ({sender_stated}) AND ({to_stated})
    AND (h.sender_organisation, {sender_unit}) <> (h.to_organisation, {to_unit})
)"""

DECLINED: LiteralString = ", ".join(
    f"count(*) FILTER (WHERE outcome = 'declined' AND code = '{code}') AS {code}" for code in get_args(DeclineCode)
)
"""Counts how often it was declined, by each code."""

ANSWERED: LiteralString = f"""
    count(DISTINCT "case") AS cases,
    count(*) FILTER (WHERE NOT direct) AS offered,
    count(*) FILTER (WHERE outcome = 'accepted' AND NOT direct) AS accepted,
    {DECLINED},
    count(*) FILTER (WHERE outcome = 'contested') AS contested,
    count(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
    count(*) FILTER (WHERE outcome = 'expired') AS expired,
    count(*) FILTER (WHERE outcome = 'pending') AS waiting,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE outcome = 'accepted' AND NOT direct) AS days_median,
    avg(days) FILTER (WHERE outcome = 'accepted' AND NOT direct) AS days_mean"""
"""Counts what became of offers, and how long those that were accepted waited."""
