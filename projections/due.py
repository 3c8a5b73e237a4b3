"""What is due: which command the clock has to give to which stream now, by the rows of the projections.

Level-triggered: it tells what is due as long as it is, so that a sweep that was missed or came twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import namedtuple_row

from domain.access import EndEmergencyAccess
from domain.alerts import AlertManager, Cause
from domain.client import EndRepresentative
from domain.consent import LapseConsent
from domain.decider import Command, Entry
from domain.erasure import EraseClientData
from domain.handoff import ExpireHandoff
from domain.ownership import FallToUnit
from domain.protection import LiftAddressProtection
from domain.remembered import Holder
from projections.alerts import ALERTS
from projections.client_terms import CLIENT_TERMS
from projections.standing import STANDING
from projections.terms import TERMS
from projections.units import UNITS
from projections.workers import WORKERS


@dataclass(frozen=True)
class Due:
    """A command that is due in a stream."""

    stream: UUID
    command: Command[Any]


def due(connection: Connection[Any]) -> Iterator[Due]:
    """Yield what is due by the database's clock: terms of cases and of clients, then what waits for those who leave."""
    for query, command in _LOOKS:
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            found = cursor.execute(query.encode()).fetchall()
        for row in found:
            it: Any = row  # its names are those of the query
            yield Due(it.stream, command(it))


def _of_case(row: Any) -> Command[Any]:
    match row.kind:
        case "offer":
            return ExpireHandoff(row.id)
        case "consent":
            return LapseConsent(row.id)
        case "emergency_access":
            return EndEmergencyAccess(row.id)
    return AlertManager(Entry(row.version), _ALERTS[row.kind])


_ALERTS: dict[str, Cause] = {
    "naming": "naming_overdue", "override_review": "override_review_due",
    "withholding_review": "withholding_review_due",
}  # fmt: skip
"""Of what the manager of the unit is told, by what fell due."""


def _of_client(row: Any) -> Command[Any]:
    return EndRepresentative(row.id) if row.kind == "mandate" else LiftAddressProtection()


def _held(row: Any) -> Command[Any]:
    return FallToUnit(Holder(row.organisation, row.unit, row.worker))


def _chosen(_: Any) -> Command[Any]:
    return AlertManager(None, "owner_leaving")  # who owns the case is the client's to choose, so nothing moves


def _of_bereft(_: Any) -> Command[Any]:
    return EraseClientData()  # the words of their last case were destroyed


def _offered(row: Any) -> Command[Any]:
    return ExpireHandoff(row.id, Holder(row.organisation, row.unit, row.worker))


_OF_CASES = f"""
    SELECT "case" AS stream, kind, version, id FROM {TERMS.table.table}
    WHERE settled IS NULL AND told IS NULL AND due <= clock_timestamp() ORDER BY due"""
_OF_CLIENTS = f"""
    SELECT client AS stream, kind, id FROM {CLIENT_TERMS.table.table}
    WHERE settled IS NULL AND due <= clock_timestamp() ORDER BY due"""
_HELD_BY_LEAVING = f"""
    SELECT s."case" AS stream, s.responsible_organisation AS organisation, s.responsible_unit AS unit,
        s.responsible_worker AS worker
    FROM {WORKERS.table.table} w JOIN {STANDING.table.table} s ON s.responsible_organisation = w.organisation
        AND s.responsible_unit = w.unit AND s.responsible_worker = w.worker AND s.status = 'open'
    WHERE w.leaving_at IS NOT NULL ORDER BY s."case" """
_OFFERED_TO_LEAVING = f"""
    SELECT t."case" AS stream, t.id, t.holder_organisation AS organisation, t.holder_unit AS unit,
        t.holder_worker AS worker
    FROM {WORKERS.table.table} w JOIN {TERMS.table.table} t ON t.holder_organisation = w.organisation
        AND t.holder_unit = w.unit AND t.holder_worker = w.worker AND t.settled IS NULL AND t.kind = 'offer'
    WHERE w.leaving_at IS NOT NULL ORDER BY t."case" """
_OFFERED_TO_CLOSED = f"""
    SELECT t."case" AS stream, t.id, t.holder_organisation AS organisation, t.holder_unit AS unit,
        t.holder_worker AS worker
    FROM {UNITS.table.table} u JOIN {TERMS.table.table} t ON t.holder_organisation = u.organisation
        AND t.holder_unit = u.unit AND t.settled IS NULL AND t.kind = 'offer'
    WHERE u.closed_at IS NOT NULL ORDER BY t."case" """
_CHOSEN_LEAVING = f"""
    SELECT s."case" AS stream
    FROM {WORKERS.table.table} w JOIN {STANDING.table.table} s ON s.owner_organisation = w.organisation
        AND s.owner_unit = w.unit AND s.owner_worker = w.worker AND s.status = 'open' AND s.owned_by = 'chosen'
    WHERE w.leaving_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM {ALERTS.table.table} a WHERE a."case" = s."case" AND a.cause = 'owner_leaving'
    )
    ORDER BY s."case" """

_BEREFT = """
    SELECT client AS stream FROM bereft b WHERE NOT EXISTS (SELECT FROM clients c WHERE c.client = b.client)"""

_LOOKS: tuple[tuple[str, Callable[[Any], Command[Any]]], ...] = (
    (_OF_CASES, _of_case), (_OF_CLIENTS, _of_client), (_OFFERED_TO_LEAVING, _offered), (_OFFERED_TO_CLOSED, _offered),
    (_HELD_BY_LEAVING, _held), (_CHOSEN_LEAVING, _chosen), (_BEREFT, _of_bereft),
)  # fmt: skip
