"""For whom somebody acts: how a representative finds the clients whose cases they may read."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.figures import only
from api.reads import answer
from api.rows import in_utc
from domain.client import Client, Kind, Scope
from domain.decider import Role
from domain.ledger.application import Cases
from projections.represented import REPRESENTED


class Represented(BaseModel):
    """A client for whom somebody acts, in which matters, since when and, unless null, until when."""

    client: UUID
    kind: Kind
    scope: list[Scope]
    since: datetime
    until: datetime | None


class ForWhom(BaseModel):
    """The clients for whom somebody acts now, the one that was entrusted to them first coming first."""

    clients: list[Represented]


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the list."""

    def represented(request: Request, by: By) -> Response:
        """Tell a representative for whom they act now, in which matters and until when."""
        only(by, frozenset({Role.REPRESENTATIVE}))
        return answer(request, cases, {"clients": _acts_for(cases, by.id)})

    app.add_api_route(
        "/represented", represented, operation_id="ListRepresented", summary="List for whom you act",
        tags=["client"], response_class=Response,
        responses={200: {"description": "The clients for whom they act", "model": ForWhom}},
    )  # fmt: skip


def _acts_for(cases: Cases, representative: str) -> list[dict[str, Any]]:
    """Return the mandates that hold now by the clients' own streams: the read table only finds whose they are."""
    now, told = datetime.now(UTC), []
    with cases.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_MANDATES, {"who": representative}).fetchall()
    for row in found:
        state = cases.loaded(row["client"], Client).state
        mandate = state.represented(representative, now) if isinstance(state, Client) else None
        if mandate is not None:
            told.append({"client": row["client"], **in_utc(mandate)})
    return told


_MANDATES = sql.SQL("SELECT client FROM {mandates} WHERE representative = %(who)s::uuid ORDER BY since, client").format(
    mandates=sql.Identifier(REPRESENTED.table.table)
)
