"""What became of offering cases like this one, asked before sending it: where they were declined, and where accepted.

*Ohjausmuisti*. It tells of units and figures alone: nothing in it points at a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row

from domain.acceptance import DeclineCode
from domain.assessment import AssessmentKind, Trigger
from projections.handoffs import HANDOFFS
from projections.offers import (
    ANSWERED,
    FEWEST,
    Reader,
    declined_by_code,
    in_days,
    offers,
    seen_by,
    whole_tables,
)
from projections.screening import SCREENING

Key = tuple[str, str, str]
"""The order of what is remembered: by the receiver's organisation and unit, others' cases before one's own."""

FIRST: Key = ("", "", "")
"""What everything remembered comes after."""


@dataclass(frozen=True)
class Likeness:
    """What makes a case like another, by the first of these that there is.

    `triggers`: its latest screening, urgent assessment or assessment of needs found one of them too, and was of the
    same `kind` where that is given. `codes`: it was declined with one of them in the time that is told of. `kind`
    alone: its latest such assessment was of this kind. Where there is none of them, no case is like it.
    """

    kind: AssessmentKind | None = None
    triggers: tuple[Trigger, ...] = ()
    codes: tuple[DeclineCode, ...] = ()

    @property
    def measured_by(self) -> str:
        """Which of them is used."""
        return next((name for name in ("triggers", "codes", "kind") if getattr(self, name)), "nothing")


@dataclass(frozen=True)
class TakenUp:
    """Where cases that a unit declined or contested were accepted next, and how many."""

    organisation: str
    unit: str
    cases: int


@dataclass(frozen=True)
class Remembered:
    """What became of the offers to a unit; the parts add up to `offered`, as they do in flows.

    `afterwards` tells where the cases that it turned away were accepted next: the places that took five of them or
    more, and those that took or were sent cases which the reader may see.
    """

    cases: int
    offered: int
    accepted: int
    declined: dict[DeclineCode, int]
    contested: int
    withdrawn: int
    expired: int
    waiting: int
    days_median: float | None
    afterwards: tuple[TakenUp, ...]


@dataclass(frozen=True)
class Memory:
    """What a unit did with cases like this one: `own` cases, which the reader may see, apart from those of others.

    There are no `figures` where they are `hidden`: of others' cases, fewer than five were offered there.
    """

    organisation: str
    unit: str
    own: bool
    hidden: bool
    figures: Remembered | None

    @property
    def key(self) -> Key:
        """Where it stands in the order."""
        return self.organisation, self.unit, str(self.own)


def likeness_of(connection: Connection[Any], case: UUID) -> Likeness:
    """Return what other cases may be like this one in."""
    screened = connection.execute(
        f'SELECT kind, triggers FROM {SCREENING.table.table} WHERE "case" = %s'.encode(), (case,)
    ).fetchone()
    codes = connection.execute(
        f'SELECT DISTINCT code FROM {HANDOFFS.table.table} WHERE "case" = %s AND code IS NOT NULL ORDER BY 1'.encode(),
        (case,),
    ).fetchall()
    kind, triggers = screened or (None, ())
    return Likeness(kind, tuple(triggers), tuple(code for (code,) in codes))


def referral_memory(
    connection: Connection[Any], like: Likeness, *, since: datetime, reader: Reader, apart_from: UUID | None = None,
    to_organisation: str | None = None, to_unit: str | None = None, after: Key = FIRST, limit: int | None = None,
) -> list[Memory]:  # fmt: skip
    """Return what became of the offers of cases like this since that moment, for each unit that they were made to.

    `apart_from` is the case itself, which does not count. `to_organisation` and `to_unit` leave only these receivers.
    """
    values = seen_by(reader, since, None) | {
        "kind": like.kind, "triggers": list(like.triggers), "codes": list(like.codes), "apart_from": apart_from,
        "to_organisation": to_organisation, "to_unit": to_unit, "after": list(after), "limit": limit, "fewest": FEWEST,
    }  # fmt: skip
    statement = sql.SQL(_MEMORY).format(
        alike=sql.SQL(_ALIKE[like.measured_by]),
        screening=sql.Identifier(SCREENING.table.table),
        handoffs=sql.Identifier(HANDOFFS.table.table),
        answered=sql.SQL(ANSWERED),
    )
    with whole_tables(connection), connection.cursor(row_factory=dict_row) as cursor:
        return [_memory(it) for it in cursor.execute(offers("unit") + statement, values, prepare=False).fetchall()]


def _memory(record: dict[str, Any]) -> Memory:
    found = Memory(record["to_organisation"], record["to_unit"], record["own"], record["hidden"], None)
    return found if found.hidden else replace(found, figures=_remembered(record))


def _remembered(record: dict[str, Any]) -> Remembered:
    counts = ("cases", "offered", "accepted", "contested", "withdrawn", "expired", "waiting")
    return Remembered(
        **{name: record[name] for name in counts},
        declined=declined_by_code(record),
        days_median=in_days(record["days_median"]),
        afterwards=tuple(TakenUp(**it) for it in record["afterwards"]),
    )


_ALIKE: dict[str, LiteralString] = {
    "triggers": "s.triggers ?| %(triggers)s::text[] AND (%(kind)s::text IS NULL OR s.kind = %(kind)s)",
    "codes": """bool_or(offers.outcome = 'declined' AND offers.code = ANY (%(codes)s)) OVER (PARTITION BY "case")""",
    "kind": "s.kind = %(kind)s",
    "nothing": "false",
}
"""Which cases are like it, by what the likeness is measured by."""

_MEMORY = """,
screened AS (
    SELECT offers.*, {alike} AS alike FROM offers LEFT JOIN {screening} s USING ("case") WHERE NOT direct
),
remembered AS (
    SELECT * FROM screened
    WHERE alike AND (%(apart_from)s::uuid IS NULL OR "case" <> %(apart_from)s)
    AND (%(to_organisation)s::text IS NULL OR to_organisation = %(to_organisation)s)
    AND (%(to_unit)s::text IS NULL OR to_unit = %(to_unit)s)
),
units AS (
    SELECT to_organisation, to_unit, own, {answered} FROM remembered GROUP BY to_organisation, to_unit, own
),
page AS (
    SELECT *, NOT own AND cases < %(fewest)s AS hidden FROM units
    WHERE (to_organisation, to_unit, CASE WHEN own THEN 'True' ELSE 'False' END) > (
        (%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3])
    ORDER BY to_organisation, to_unit, own LIMIT %(limit)s
),
taken AS (
    SELECT r.to_organisation, r.to_unit, r.own, next.organisation, next.unit, next.own AS own_next,
        count(DISTINCT r."case") AS cases
    FROM remembered r CROSS JOIN LATERAL (
        SELECT l.accepted_by_organisation AS organisation, l.accepted_by_unit AS unit,
            %(within)s::text[] IS NULL OR l.accepted_by_organisation = ANY (%(within)s)
            OR coalesce(l.sender_organisation = ANY (%(within)s), false) AS own
        FROM {handoffs} l WHERE l."case" = r."case" AND l.accepted_by_organisation IS NOT NULL
        AND l.answered_at > r.answered_at AND l.answered_at <= r.seen_at ORDER BY l.answered_at LIMIT 1
    ) AS next
    WHERE r.outcome IN ('declined', 'contested') GROUP BY 1, 2, 3, 4, 5, 6
),
told AS (
    SELECT to_organisation, to_unit, own, organisation, unit, sum(cases)::bigint AS cases FROM taken
    WHERE own_next OR cases >= %(fewest)s GROUP BY 1, 2, 3, 4, 5
),
onward AS MATERIALIZED (
    SELECT to_organisation, to_unit, own, json_agg(
        json_build_object('organisation', organisation, 'unit', unit, 'cases', cases)
        ORDER BY cases DESC, organisation, unit) AS afterwards
    FROM told GROUP BY 1, 2, 3
)
SELECT page.*, coalesce((
    SELECT afterwards FROM onward
    WHERE (onward.to_organisation, onward.to_unit, onward.own) = (page.to_organisation, page.to_unit, page.own)
), '[]') AS afterwards
FROM page ORDER BY to_organisation, to_unit, own"""
