"""Cases as they stood at a past moment, by what is known now: what `standing` tells of the present, as a relation.

It is put together from the rows that lasted then: the owner's period, the offer that waited, the step that was promised
and the closing that was proposed. What no row tells of a past moment is null.
"""

from __future__ import annotations

from projections.closure import CLOSURE
from projections.handoffs import HANDOFFS
from projections.next_step import NEXT_STEP
from projections.owner import OWNER
from projections.standing import STANDING

_HOLDER = ("organisation", "unit", "worker")
_OPEN = "(o.until IS NULL OR o.until > %(happened_by)s)"


def _columns(table: str, *names: str) -> str:
    return ", ".join(f"{table}.{name}_{part}" for name in names for part in _HOLDER)


NOW = f"""(
    SELECT s.*, s.closed_at AS until, (
        SELECT o.since FROM {OWNER.table.table} o WHERE o."case" = s."case" ORDER BY o.number DESC LIMIT 1
    ) AS since FROM {STANDING.table.table} s
)"""
"""The cases as they stand. `since` and `until` say how long the same ones have owned each, or did to its closing."""

THEN = f"""(
    SELECT o."case", {_OPEN} AS is_open, CASE WHEN {_OPEN} THEN 'open' ELSE 'closed' END AS status, o.owned_by,
        {_columns("o", "owner", "responsible")}, o.duty_holder, o.since,
        CASE WHEN NOT {_OPEN} THEN o.until END AS until, k.first_contact_at, k.opened_at,
        CASE WHEN {_OPEN} THEN o.name_by END AS name_by, {_columns("h", "offered_to")},
        h.respond_by, n.due, {_OPEN} AND c."case" IS NOT NULL AS closing, NULL::timestamptz AS held_since,
        NULL::bigint AS open_objections, NULL::bigint AS open_requests, NULL::timestamptz AS waits_since,
        NULL::text AS ground
    FROM {OWNER.table.table} o JOIN {STANDING.table.table} k ON k."case" = o."case"
    LEFT JOIN LATERAL (
        SELECT h.to_organisation AS offered_to_organisation, h.to_unit AS offered_to_unit,
            h.to_worker AS offered_to_worker, h.respond_by
        FROM {HANDOFFS.table.table} h WHERE h."case" = o."case" AND h.proposed_at <= %(happened_by)s
        AND (h.answered_at IS NULL OR h.answered_at > %(happened_by)s) ORDER BY h.proposed_at DESC LIMIT 1
    ) h ON true
    LEFT JOIN LATERAL (
        SELECT n.due FROM {NEXT_STEP.table.table} n WHERE n."case" = o."case" AND n.promised_at <= %(happened_by)s
        AND (n.settled IS NULL OR n.settled > %(happened_by)s) ORDER BY n.number DESC LIMIT 1
    ) n ON true
    LEFT JOIN LATERAL (
        SELECT c."case" FROM {CLOSURE.table.table} c WHERE c."case" = o."case" AND c.proposed_at <= %(happened_by)s
        AND (c.withdrawn_at IS NULL OR c.withdrawn_at > %(happened_by)s)
        AND (c.closed_at IS NULL OR c.closed_at > %(happened_by)s) LIMIT 1
    ) c ON true
    WHERE o.since <= %(happened_by)s AND NOT EXISTS (
        SELECT FROM {OWNER.table.table} later WHERE later."case" = o."case" AND later.number > o.number
        AND later.since <= %(happened_by)s
    )
)"""
"""The cases that had been opened by then, as they stood at `happened_by`; `is_open` is a planner's way to ask it."""

PROJECTIONS = (STANDING, OWNER, HANDOFFS, NEXT_STEP, CLOSURE)
"""What they are put together from."""
