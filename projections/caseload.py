"""How much each worker and each unit has on hand, now or at a past moment, against the ceiling."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from domain.calendar import civil_day, end_of
from domain.policy import Policies, Policy
from domain.remembered import Holder
from projections.handoffs import HANDOFFS
from projections.standing import STANDING
from projections.stood import THEN
from projections.units import UNITS
from projections.workers import WORKERS


@dataclass(frozen=True)
class Figures:
    """What is on hand: cases and no more, whoever's they are.

    `held` are the open cases answered for, `without_worker` those of them that a unit holds with no named worker.
    `offered` wait for an answer here, and `waiting` are those held that were offered elsewhere and wait for an answer
    there. `due` have their next step due by the end of that day in Finland, `overdue` those of them whose time is past;
    `closing` are those that are going to be closed.
    """

    held: int = 0
    without_worker: int = 0
    offered: int = 0
    waiting: int = 0
    due: int = 0
    overdue: int = 0
    closing: int = 0


@dataclass(frozen=True)
class Load:
    """What a holder has on hand: a worker in a unit, or the unit itself, for what has no named worker.

    `ceiling` is how many cases a worker of the unit should answer for at most, by the unit's own limit or by policy;
    `over` is by how many a worker is above it. A unit itself has none.
    """

    organisation: str
    unit: str
    worker: str | None
    figures: Figures
    ceiling: int | None
    over: int


def caseload(
    connection: Connection[Any], organisation: str, unit: str | None = None, worker: str | None = None, *,
    now: datetime, policies: Policies, happened_by: datetime | None = None,
) -> list[Load]:  # fmt: skip
    """Return what the holders of an organisation, a unit or a worker have on hand, by unit and worker.

    Those who work there and have nothing on hand are among them. `happened_by` is a past moment, by what is known now:
    its ceilings are those of then.
    """
    at = happened_by or now
    values = {
        "organisation": organisation, "unit": unit, "worker": worker, "happened_by": happened_by, "at": at,
        "end_of_day": end_of(civil_day(at)),
    }  # fmt: skip
    held, offered = (_HELD, _OFFERED) if happened_by is None else (_HELD_THEN, _OFFERED_THEN)
    within = [it for it, value in (("unit", unit), ("worker", worker)) if value is not None]
    held += "".join(f" AND s.responsible_{it} = %({it})s" for it in within)
    offered += "".join(f" AND o.to_{it} = %({it})s" for it in within)
    people = _PEOPLE + "".join(f" AND w.{it} = %({it})s" for it in within)
    statement = _ON_HAND.format(held=held, offered=offered, people=people)
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement.encode(), values).fetchall()
        limits = {it["unit"]: it["caseload_limit"] for it in cursor.execute(_LIMITS.encode(), values).fetchall()}
    return [
        _load(it, organisation, limits.get(it["unit"]), policies.at(happened_by, organisation, it["unit"]))
        for it in found
    ]


def _load(record: dict[str, Any], organisation: str, limit: int | None, policy: Policy) -> Load:
    figures = Figures(**{it.name: record[it.name] for it in fields(Figures)})
    unit, worker = record["unit"], record["worker"]
    if worker is None:
        return Load(organisation, unit, None, figures, None, 0)
    ceiling = policy.caseload_ceiling if limit is None else limit
    return Load(organisation, unit, worker, figures, ceiling, max(0, figures.held - ceiling))


def total(loads: Iterable[Load]) -> Figures:
    """Return the sum of what these have on hand."""
    each = [it.figures for it in loads]
    return Figures(**{it.name: sum(getattr(one, it.name) for one in each) for it in fields(Figures)})


def caseloads(connection: Connection[Any], holders: Collection[Holder]) -> dict[Holder, int]:
    """Return how many open cases these workers answer for now, each in that unit."""
    named = sorted((it.organisation, it.unit, it.worker) for it in holders if it.worker is not None)
    found = connection.execute(_CASELOADS.encode(), [list(it) for it in zip(*named, strict=True)] or [[], [], []])
    counts = {Holder(organisation, unit, worker): count for organisation, unit, worker, count in found.fetchall()}
    return {it: counts.get(it, 0) for it in holders if it.worker is not None}


_COLUMNS = "s.responsible_unit AS unit, s.responsible_worker AS worker, s.offered_to_organisation, s.due, s.closing"
_HELD = f"""
    SELECT {_COLUMNS}, true AS held FROM {STANDING.table.table} s
    WHERE s.status = 'open' AND s.responsible_organisation = %(organisation)s"""
_HELD_THEN = f"""
    SELECT {_COLUMNS}, true AS held FROM {THEN} s
    WHERE s.is_open AND s.responsible_organisation = %(organisation)s"""
_OFFER = "SELECT o.to_unit, o.to_worker, NULL::text, NULL::timestamptz, false, false FROM"
_OFFERED = f"""
    {_OFFER} (
        SELECT s.status, s.offered_to_organisation AS to_organisation, s.offered_to_unit AS to_unit,
            s.offered_to_worker AS to_worker FROM {STANDING.table.table} s
    ) o WHERE o.status = 'open' AND o.to_organisation = %(organisation)s"""
_OFFERED_THEN = f"""
    {_OFFER} {HANDOFFS.table.table} o WHERE o.to_organisation = %(organisation)s AND o.proposed_at <= %(at)s
    AND (o.answered_at IS NULL OR o.answered_at > %(at)s)"""
_PEOPLE = f"""
    SELECT w.unit, w.worker, NULL::text, NULL::timestamptz, NULL::boolean, NULL::boolean FROM {WORKERS.table.table} w
    WHERE w.organisation = %(organisation)s AND w.joined_at <= %(at)s
    AND (w.departed_at IS NULL OR w.departed_at > %(at)s)"""
_ON_HAND = """
    SELECT unit, worker, count(*) FILTER (WHERE held) AS held,
        count(*) FILTER (WHERE held AND worker IS NULL) AS without_worker,
        count(*) FILTER (WHERE NOT held) AS offered,
        count(*) FILTER (WHERE offered_to_organisation IS NOT NULL) AS waiting,
        count(*) FILTER (WHERE due < %(end_of_day)s) AS due, count(*) FILTER (WHERE due <= %(at)s) AS overdue,
        count(*) FILTER (WHERE closing) AS closing
    FROM ({held} UNION ALL {offered} UNION ALL {people}) AS on_hand
    GROUP BY unit, worker ORDER BY unit, worker NULLS FIRST"""
_LIMITS = f"""
    SELECT u.unit, u.caseload_limit FROM {UNITS.table.table} u WHERE u.organisation = %(organisation)s
    AND u.since <= %(at)s AND (u.until IS NULL OR u.until > %(at)s)"""
_CASELOADS = f"""
    SELECT s.responsible_organisation, s.responsible_unit, s.responsible_worker, count(*)
    FROM unnest(%s::text[], %s::text[], %s::text[]) AS h(organisation, unit, worker)
    JOIN {STANDING.table.table} s ON s.status = 'open' AND s.responsible_organisation = h.organisation
        AND s.responsible_unit = h.unit AND s.responsible_worker = h.worker
    GROUP BY s.responsible_organisation, s.responsible_unit, s.responsible_worker"""
