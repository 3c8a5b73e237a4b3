"""The services that take the load, each for uvicorn to make in a process of its own."""

import atexit
from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.app import create_app
from api.auth import By, Identified
from api.house import opened
from api.identity import identity_of
from api.settings import Rates, Settings
from domain.ledger.sequencer import Sequencer
from domain.voice import RecordStatement
from projections.catch_up import CatchUp
from projections.standing import STANDING

_OPEN = ExitStack()
_BY_KEY = f'SELECT * FROM {STANDING.table.table} WHERE "case" = %s'
atexit.register(_OPEN.close)


def house() -> FastAPI:
    """Return Luotsi itself, with what works beside it, for as long as the process lasts."""
    settings = replace(Settings.read(), rates=Rates(*[10**9] * 3))
    it = _OPEN.enter_context(opened(settings))
    catch_up = CatchUp(it.region, it.live.projections)
    for beside in (Sequencer(it.region, it.notary), catch_up):
        beside.start()
        _OPEN.callback(beside.stop)
    app = create_app(it, identity_of(settings).verifier, catch_up.done.is_set)

    @app.get("/bench/by-key/{case}")
    def by_key(case: UUID, by: By) -> Response:  # noqa: ARG001
        """Tell one row: what any query is measured against."""
        with it.pool.connection() as connection:
            row = connection.execute(_BY_KEY.encode(), (case,)).fetchone()
        return Response(msgspec.json.encode(row), media_type="application/json")

    return app


def empty() -> FastAPI:
    """Return an endpoint that does nothing, with the same body and token."""
    app = FastAPI()
    app.state.verifier = identity_of(Settings.read()).verifier
    app.add_middleware(Identified, is_open=lambda _: False)

    @app.post("/cases/{id}/record-statement")
    async def nothing(id: str, body: RecordStatement, by: By) -> dict[str, str]:  # noqa: A002, ARG001
        return {}

    return app


def bare() -> FastAPI:
    """Return an endpoint that does not even look."""
    app = FastAPI()

    @app.post("/cases/{id}/record-statement")
    async def nothing(request: Request) -> dict[str, str]:  # noqa: ARG001
        return {}

    return app
