"""What waits for a unit's manager: offers that expired, names that are missing, cases of those who leave, reviews."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from psycopg import Connection
from psycopg.rows import dict_row
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.admission import sight_of
from api.auth import By, bearer
from api.lists import PageWanted, only_readers
from api.moments import CursorMalformed, next_page, read_key
from api.places import Somewhere
from api.protected import betrayed
from api.reads import answer
from api.rows import in_utc
from domain.alerts import Cause
from domain.ledger.application import Cases
from domain.remembered import Holder
from projections.alerts import ALERTS
from projections.searched import Place

Key = tuple[datetime, UUID, int]
"""Where an alert comes: the oldest first."""


class AlertsWanted(Somewhere, PageWanted):
    """Whose alerts are wanted, of those that nobody has seen to yet: a unit's, or an organisation's."""


class AlertTold(BaseModel):
    """That a unit's manager was told, `at` that time and by the entry `version`, and of what (`about`)."""

    case: UUID
    version: int
    unit: Holder
    cause: Cause
    about: int | None
    at: datetime


class Alerts(BaseModel):
    """A page of alerts."""

    alerts: list[AlertTold]
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the alerts."""

    def alerts(request: Request, by: By, wanted: Annotated[AlertsWanted, Query()]) -> Response:
        """List what waits for a unit's manager: until another offer, a worker who is named or a review settles it."""
        only_readers(by.role)
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            rows = _rows(connection, wanted.place, _last(wanted.after), wanted.limit + 1)
        page = rows[: wanted.limit]
        following = _place(page[-1]) if len(rows) > wanted.limit else None
        hidden = betrayed(cases, by, {it["case"] for it in page}, wanted.place)
        told = [_told(it) for it in page if it["case"] not in hidden]
        return answer(request, cases, {"alerts": told, "next": next_page(request, following)})

    app.add_api_route(
        "/alerts", alerts, operation_id="ListAlerts", summary="List what waits for a unit's manager", tags=["reports"],
        response_class=Response, responses={200: {"description": "A page of alerts", "model": Alerts}},
    )  # fmt: skip


def _rows(connection: Connection[Any], place: Place, after: Key | None, limit: int) -> list[dict[str, Any]]:
    at, case, version = after or (None, None, None)
    wanted = {
        "organisation": place.organisation, "unit": place.unit, "at": at, "case": case, "version": version,
        "limit": limit,
    }  # fmt: skip
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_ALERTS.encode(), wanted, prepare=False).fetchall()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    unit = {"organisation": row["unit_organisation"], "unit": row["unit_unit"], "worker": None}
    return {**{it: in_utc(row[it]) for it in AlertTold.model_fields if it != "unit"}, "unit": unit}


def _place(row: dict[str, Any]) -> str:
    return msgspec.json.encode((row["at"], row["case"], row["version"])).decode()


def _last(after: str | None) -> Key | None:
    """Return where the page before ended. Raises `CursorMalformed`."""
    if after is None:
        return None
    key: Key = read_key(after, Key)
    if key[0].tzinfo is None or not 0 <= key[2] < _LARGEST:
        raise CursorMalformed
    return key


_LARGEST = 2**31
_ALERTS = f"""
    SELECT * FROM {ALERTS.table.table}
    WHERE settled IS NULL
        AND (%(organisation)s::text IS NULL OR unit_organisation = %(organisation)s)
        AND (%(unit)s::text IS NULL OR unit_unit = %(unit)s)
        AND (%(at)s::timestamptz IS NULL
            OR (at, "case", version) > (%(at)s::timestamptz, %(case)s::uuid, %(version)s::bigint))
    ORDER BY at, "case", version LIMIT %(limit)s"""  # noqa: S608 - the table's name is our own
