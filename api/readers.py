"""Who read a case: in which capacity, when, what and why. The client may ask, and those who answer for it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from psycopg.rows import dict_row
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.lists import PageWanted
from api.moments import CursorMalformed, next_page, read_key
from api.problems import Problem
from api.protected import PROTECTED, concerned, hidden_from
from api.queries import admitted
from api.reads import answer
from api.rows import in_utc
from domain.decider import CLIENT_SIDE, STAFF, Actor, Role, RoleNotAllowed
from domain.ledger.application import Cases

_READERS = STAFF | CLIENT_SIDE | {Role.AUDITOR}
Key = tuple[datetime, int]
"""Where a reading comes: the newest first."""


class ReadersOfAnothers(Problem):
    """Who read a case is told to the client, auditors and the organisation that holds it. Ask that organisation."""

    status = 403


class ReadTold(BaseModel):
    """That somebody read the case, `at` that time, by the operation `what`; `why` is what they said of their purpose.

    `as_of` is the moment that they asked about, as they wrote it; null where it was the present.
    """

    at: datetime
    who: str
    role: Role
    organisation: str | None
    unit: str | None
    what: str
    why: str | None
    as_of: dict[str, str] | None


class ReadsOfCase(BaseModel):
    """A page of a case's readings, the newest first."""

    case: UUID
    reads: list[ReadTold]
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount who read a case."""

    def reads(request: Request, id: UUID, by: By, wanted: Annotated[PageWanted, Query()]) -> Response:  # noqa: A002
        """Tell who has read a case: in which role, from which unit, when, what of it and why."""
        _only_concerned(cases, by, id)
        rows = _rows(cases, id, _last(wanted.after), wanted.limit + 1)
        page = rows[: wanted.limit]
        if hidden_from(cases, by, [id]):
            page = [row | {"why": row["why"] and PROTECTED} for row in page]  # it may be where somebody went
        following = _place(page[-1]) if len(rows) > wanted.limit else None
        told = [{it: in_utc(row[it]) for it in ReadTold.model_fields} for row in page]
        return answer(request, cases, {"case": id, "reads": told, "next": next_page(request, following)})

    app.add_api_route(
        "/cases/{id}/reads", reads, operation_id="ReadCaseReads", summary="Read who read a case", tags=["cases"],
        response_class=Response, responses={200: {"description": "A page of them", "model": ReadsOfCase}},
    )  # fmt: skip


def _only_concerned(cases: Cases, by: Actor, case: UUID) -> None:
    admitted(cases, by, case)
    if by.role not in _READERS:
        raise RoleNotAllowed(role=by.role, allowed=sorted(_READERS))
    if by.role in STAFF and not concerned(cases, by, case):
        raise ReadersOfAnothers


def _rows(cases: Cases, case: UUID, after: Key | None, limit: int) -> list[dict[str, Any]]:
    at, last = after or (None, None)
    wanted = {"case": case, "at": at, "id": last, "limit": limit}
    with cases.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_READS, wanted).fetchall()


def _place(row: dict[str, Any]) -> str:
    return msgspec.json.encode((row["at"], row["id"])).decode()


def _last(after: str | None) -> Key | None:
    """Return where the page before ended. Raises `CursorMalformed`."""
    if after is None:
        return None
    at, last = read_key(after, Key)
    if at.tzinfo is None or not 0 <= last < 2**63:
        raise CursorMalformed
    return at, last


_READS = """
    SELECT * FROM reads
    WHERE cases @> ARRAY[%(case)s]::uuid[]
        AND (%(at)s::timestamptz IS NULL OR (at, id) < (%(at)s::timestamptz, %(id)s::bigint))
    ORDER BY at DESC, id DESC LIMIT %(limit)s"""
