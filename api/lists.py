"""Which cases there are: by who owns them, who answers for them and whether they are open; and a client's own."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from psycopg import Connection
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.moments import CursorMalformed, Moment, next_page, read_cursor
from api.queries import reads_as
from api.rows import in_utc
from domain.case import Holder, OwnerKind
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Role, RoleNotAllowed, StreamAbsent
from domain.ledger.application import Cases
from projections.owner import OWNER

_READERS = STAFF | {Role.AUDITOR}
_MOST = 1000
_Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] | None


class Wanted(BaseModel):
    """Which cases are wanted, and at what time: now, unless `happened_by` says otherwise."""

    model_config = ConfigDict(extra="forbid")

    owner: OwnerKind | None = Field(None, description="Who drives them.")
    responsible_organisation: _Name = Field(None, description="The organisation that answers for them.")
    responsible_unit: _Name = Field(None, description="The unit that answers for them, by its own id.")
    responsible_worker: _Name = Field(None, description="The worker who answers for them, by the employer's id.")
    status: Literal["open", "closed"] | None = None
    happened_by: Moment | None = Field(None, description="As they stood at this time, by what is known now.")
    after: str | None = Field(None, description="Where the page before ended: from its link `next`.")
    limit: int = Field(100, ge=1, le=_MOST, description="How many to tell at most.")


class Listed(BaseModel):
    """A case in a list: who owns it and answers for it, or did when it was closed. `since` is from when on."""

    case: UUID
    status: Literal["open", "closed"] | None
    owned_by: OwnerKind | None
    owner: Holder | None
    responsible: Holder | None
    duty_holder: str | None
    since: datetime | None
    until: datetime | None


class Listing(BaseModel):
    """A page of cases, in the order of their ids. `behind` is how many cases the list may not have up to date."""

    cases: list[Listed]
    behind: int
    next: str | None


class OwnCases(BaseModel):
    """All cases of a client."""

    client: UUID
    cases: list[Listed]
    behind: int


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the lists."""

    def case_list(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
        """List cases by who owns them, who answers for them and whether they are open."""
        if by.role not in _READERS:
            raise RoleNotAllowed(role=by.role, allowed=sorted(_READERS))
        values = wanted.model_dump() | {"after": _last(wanted.after), "limit": wanted.limit + 1}
        with cases.pool.connection() as connection:
            found = _listed(connection, _CASES, values)
            behind = _behind(connection)
        following = str(found[wanted.limit - 1]["case"]) if len(found) > wanted.limit else None
        return _answer({"cases": found[: wanted.limit], "behind": behind, "next": next_page(request, following)})

    def client_cases(id: UUID, by: By) -> Response:  # noqa: A002
        """List all cases of a client."""
        if by.role not in _READERS | CLIENT_SIDE:
            raise RoleNotAllowed(role=by.role, allowed=sorted(_READERS | CLIENT_SIDE))
        client = cases.loaded(id, Client)
        if client.version == 0 or not isinstance(client.state, Client) or not reads_as(cases, by, id):
            raise StreamAbsent
        with cases.pool.connection() as connection:
            found = _listed(connection, _CASES_OF_CLIENT, {"client": id})
            behind = _behind(connection)
        return _answer({"client": id, "cases": found, "behind": behind})

    app.add_api_route(
        "/cases", case_list, operation_id="ListCases", summary="List cases", tags=["cases"], response_class=Response,
        responses={200: {"description": "A page of cases", "model": Listing}},
    )  # fmt: skip
    app.add_api_route(
        "/clients/{id}/cases", client_cases, operation_id="ListCasesOfClient", summary="List a client's cases",
        tags=["cases"], response_class=Response, responses={200: {"description": "All of them", "model": OwnCases}},
    )  # fmt: skip


def _answer(content: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "private, no-store"}
    return Response(msgspec.json.encode(content), headers=headers, media_type="application/json")


def _last(after: str | None) -> str:
    if after is None:
        return "00000000-0000-0000-0000-000000000000"
    case = read_cursor(after)
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", case):
        raise CursorMalformed
    return case


def _listed(connection: Connection[Any], statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_row(it) for it in cursor.execute(statement.encode(), values).fetchall()]


def _row(record: dict[str, Any]) -> dict[str, Any]:
    row = {it: in_utc(record[it]) for it in ("case", "status", "owned_by", "duty_holder", "since", "until")}
    for who in ("owner", "responsible"):
        parts = {it: record[f"{who}_{it}"] for it in ("organisation", "unit", "worker")}
        row[who] = parts if parts["organisation"] is not None else None
    return row


def _behind(connection: Connection[Any]) -> int:
    found = connection.execute(_BEHIND, (OWNER.table.table,)).fetchone()
    return found[0] if found else 0


_STANDS = f"""
    FROM {OWNER.table.table} o WHERE (%(happened_by)s::timestamptz IS NULL OR o.since <= %(happened_by)s)
    AND NOT EXISTS (
        SELECT FROM {OWNER.table.table} later WHERE later."case" = o."case" AND later.number > o.number
        AND (%(happened_by)s::timestamptz IS NULL OR later.since <= %(happened_by)s)
    )"""
_OPEN = "(o.until IS NULL OR coalesce(o.until > %(happened_by)s::timestamptz, false))"
_COLUMNS = """
    o.owned_by, o.owner_organisation, o.owner_unit, o.owner_worker, o.responsible_organisation, o.responsible_unit,
    o.responsible_worker, o.duty_holder, o.since"""
_CASES = f"""
    SELECT o."case", {_COLUMNS}, CASE WHEN {_OPEN} THEN NULL ELSE o.until END AS until,
        CASE WHEN {_OPEN} THEN 'open' ELSE 'closed' END AS status
    {_STANDS} AND o."case" > %(after)s::uuid
    AND (%(owner)s::text IS NULL OR o.owned_by = %(owner)s)
    AND (%(responsible_organisation)s::text IS NULL OR o.responsible_organisation = %(responsible_organisation)s)
    AND (%(responsible_unit)s::text IS NULL OR o.responsible_unit = %(responsible_unit)s)
    AND (%(responsible_worker)s::text IS NULL OR o.responsible_worker = %(responsible_worker)s)
    AND (%(status)s::text IS NULL OR {_OPEN} = (%(status)s = 'open'))
    ORDER BY o."case" LIMIT %(limit)s"""
_CASES_OF_CLIENT = f"""
    SELECT c."case", {_COLUMNS}, o.until,
        CASE WHEN o."case" IS NULL THEN NULL WHEN o.until IS NULL THEN 'open' ELSE 'closed' END AS status
    FROM clients c LEFT JOIN {OWNER.table.table} o ON o."case" = c."case" AND NOT EXISTS (
        SELECT FROM {OWNER.table.table} later WHERE later."case" = o."case" AND later.number > o.number
    )
    WHERE c.client = %(client)s ORDER BY c."case" """  # noqa: S608 - the table's name is our own
_BEHIND = "SELECT count(*) FROM projected WHERE projection = %s AND version < head"
