"""What waits in open cases, for whom and how long: offers, requests, objections, steps, namings and reviews."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from domain.requests import RequestKind
from projections.askings import ASKINGS
from projections.handoffs import HANDOFFS
from projections.next_step import NEXT_STEP
from projections.searched import ANYWHERE, Place
from projections.standing import STANDING
from projections.terms import TERMS
from projections.voice import VOICE
from projections.withheld import WITHHELD

Kind = Literal[
    "handoff", "transfer", "asking", "request", "objection", "next_step", "naming", "override_review",
    "withholding_review",
]  # fmt: skip
Key = tuple[datetime, UUID, int]
"""Where something that waits comes: what has waited longest first."""


@dataclass(frozen=True)
class Wanted:
    """What is wanted of what waits; None, and no kinds, is any.

    `responsible` answers for the case, and is who is waited for but where it is offered: then whom it is offered to is.
    Where a worker is waited for, what waits for their unit and nobody by name waits for them too.
    """

    responsible: Place = ANYWHERE
    waits_for: Place = ANYWHERE
    kinds: Collection[Kind] = ()
    request: RequestKind | None = None
    due_by: datetime | None = None

    def conditions(self, column: str) -> dict[str, Any]:
        """Return the conditions of a case that waits for whom this column names, each with its parameters' values.

        A worker's are those of their unit too that name nobody.
        """
        found = dict(self.responsible.conditions("s.responsible"))
        for part, value in vars(self.waits_for).items():
            if value is not None:
                own = f"s.{column}_{part} = %(waits_for_{part})s"
                unnamed = part == "worker" and self.waits_for.unit is not None
                found[f"({own} OR s.{column}_worker IS NULL)" if unnamed else own] = {f"waits_for_{part}": value}
        return found


def waiting(
    connection: Connection[Any], wanted: Wanted, after: Key | None = None, *, limit: int
) -> list[dict[str, Any]]:
    """Return what waits by its columns, the longest first. `withheld` says that it may be so from somebody."""
    since, case, version = after or (None, None, None)
    values: dict[str, Any] = {
        "kinds": list(wanted.kinds), "request": wanted.request, "due_by": wanted.due_by, "since": since, "case": case,
        "version": version, "limit": limit,
    }  # fmt: skip
    for it in wanted.conditions("offered_to").values():
        values |= it
    offers = " AND ".join([_OFFERS, *wanted.conditions("offered_to")])
    others = " AND ".join([_OTHERS, *wanted.conditions("responsible")])
    statement = _WAITING.format(offers=offers, others=others)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode(), values, prepare=False).fetchall()


_RESPONSIBLE = "s.responsible_organisation, s.responsible_unit, s.responsible_worker"
_OFFERS = f"""
    SELECT s."case", h.kind, h.id, h.version, h.proposed_at AS since, h.respond_by AS due, NULL AS request, NULL AS who,
        {_RESPONSIBLE}, h.to_organisation AS waits_for_organisation, h.to_unit AS waits_for_unit,
        h.to_worker AS waits_for_worker
    FROM {STANDING.table.table} s JOIN {HANDOFFS.table.table} h ON h."case" = s."case" AND h.outcome = 'pending'
    WHERE s.status = 'open'"""
_OTHERS = f"""
    SELECT s."case", w.*, {_RESPONSIBLE}, {_RESPONSIBLE} FROM {STANDING.table.table} s CROSS JOIN LATERAL (
        SELECT 'asking', a.id, a.version, a.asked_at, NULL::timestamptz, NULL, NULL
        FROM {ASKINGS.table.table} a WHERE a."case" = s."case" AND a.outcome = 'pending'
        UNION ALL
        SELECT v.kind, v.id, v.version, v.said_at, NULL, v.request, NULL
        FROM {VOICE.table.table} v WHERE v."case" = s."case" AND v.standing = 'open'
        AND v.kind IN ('request', 'objection')
        UNION ALL
        SELECT 'next_step', NULL, n.version, n.promised_at, n.due, NULL, n.who
        FROM {NEXT_STEP.table.table} n WHERE n."case" = s."case" AND n.settled IS NULL
        UNION ALL
        SELECT t.kind, t.id, t.version, t.since, t.due, NULL, NULL FROM {TERMS.table.table} t
        WHERE t."case" = s."case" AND t.settled IS NULL
        AND t.kind IN ('naming', 'override_review', 'withholding_review')
    ) w
    WHERE s.status = 'open'"""
_WAITING = f"""
    SELECT w.*, EXISTS (
        SELECT FROM {WITHHELD.table.table} k WHERE k."case" = w."case" AND k.settled IS NULL
        AND (k.entry = w.version OR k.also @> to_jsonb(w.version))
    ) AS withheld
    FROM ({{offers}} UNION ALL {{others}}) w
    WHERE (cardinality(%(kinds)s::text[]) = 0 OR w.kind = ANY (%(kinds)s))
        AND (%(request)s::text IS NULL OR w.request = %(request)s)
        AND (%(due_by)s::timestamptz IS NULL OR w.due <= %(due_by)s)
        AND (%(since)s::timestamptz IS NULL
            OR (w.since, w."case", w.version) > (%(since)s::timestamptz, %(case)s::uuid, %(version)s::bigint))
    ORDER BY w.since, w."case", w.version LIMIT %(limit)s"""

PROJECTIONS = (STANDING, HANDOFFS, ASKINGS, VOICE, NEXT_STEP, TERMS, WITHHELD)
"""What it is put together from."""
