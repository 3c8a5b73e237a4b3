"""The service over HTTP: commands, queries, the feed, and what tells of them. There are no rules here."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse

from api import (
    alerts,
    bundle,
    caseload,
    commands,
    directory,
    endings,
    feed,
    findings,
    health,
    hearing,
    lists,
    problems,
    protected,
    queries,
    rates,
    readers,
    reads,
    reports,
    represented,
    rules,
    signin,
    slips,
    transparency,
    waiting,
)
from api.auth import Identified, Verifier
from api.headers import SecurityHeaders
from api.house import House
from api.pages import entrance, errors
from api.pages.mounting import mount_pages
from api.sessions import Sessions
from api.writer import Writer

OPEN_TO_ALL = (*entrance.OPEN, "/docs", "/openapi.json", "/health", "/problems", *transparency.OPEN, *slips.OPEN)
"""The paths, with those below them, that ask for no token."""

_STATUSES_OF_ALL = {429, 500}
_STATUSES_WITH_TOKEN = {401, 403, 404, 422, 503}
_STATUSES_OF_COMMANDS = {400, 409, 412, 413, 415}


def create_app(
    house: House,
    verifier: Verifier,
    caught_up: Callable[[], bool] = lambda: False,
    how: signin.SignIn | entrance.PeopleHere | None = None,
) -> FastAPI:
    """Return the service for a house.

    The sequencer and what else works beside it are the caller's to run. `caught_up` says whether the projections have
    caught up once, so that it may serve; without it, it serves once nothing is behind. `how` says how to sign in with
    a browser, where that can be done.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        writer = Writer(house.cases)
        app.state.execute, app.state.consider = writer.execute, writer.consider
        app.state.feed = feed.Feed(house.cases)
        yield
        app.state.feed.close()
        await writer.close()

    app = FastAPI(
        title="Luotsi",
        version=release(),
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.verifier = verifier
    app.add_middleware(Identified, is_open=is_open)
    app.add_middleware(rates.ByAddress, counter=rates.Counter(house.settings.rates))
    problems.handle(app)
    app.add_middleware(errors.ErrorPages, cases=house.cases)
    app.add_middleware(SecurityHeaders, secure=house.settings.production)
    protected.tell_refusals(app, house.cases)
    commands.mount(app)
    alerts.mount(app, house.cases)
    lists.mount(app, house.cases)
    waiting.mount(app, house.cases)
    represented.mount(app, house.cases)
    caseload.mount(app, house.cases)
    findings.mount(app, house.cases)
    reports.mount(app, house.cases)
    hearing.mount(app, house.cases)
    endings.mount(app, house.cases)
    queries.mount(app, house.cases)
    bundle.mount(app, house.cases)
    readers.mount(app, house.cases)
    rules.mount(app, house.cases)
    directory.mount(app, house.cases)
    slips.mount(app, house)
    feed.mount(app)
    signin.mount(app)
    if how is not None:
        app.state.sessions = Sessions(house.pool, how.origin)
    if isinstance(how, signin.SignIn):
        signin.mount_signin(app, how, app.state.sessions)
        app.state.signs_out_at = partial(signin.signs_out_at, how)
    elif how is not None:
        entrance.mount_development(app, house.cases, how, app.state.sessions)
    health.mount(app, house, caught_up)
    transparency.mount(app, house)
    app.add_api_route("/docs", console, include_in_schema=False)
    mount_pages(app, house.cases)
    app.openapi = lambda: _documented(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def release() -> str:
    """Return which release this is, where it is installed and not only run from its sources."""
    try:
        return version("luotsi")
    except PackageNotFoundError:
        return "unreleased"


def console() -> HTMLResponse:
    """Return the page on which the service can be tried out. It asks nobody else for anything."""
    nonce = secrets.token_urlsafe(16)
    page = files("api").joinpath("console.html").read_text("utf-8").replace("{{nonce}}", nonce)
    policy = (
        f"default-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


def is_open(path: str) -> bool:
    """Say whether a path asks for no token."""
    return any(path == it or (it != "/" and path.startswith(f"{it}/")) for it in OPEN_TO_ALL)


def _documented(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with every problem."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes,
            servers=[{"url": "/", "description": "This service"}],
        )  # fmt: skip
        shared = problems.components()
        components = document["components"]
        components["schemas"] = {
            name: it
            for name, it in components["schemas"].items()
            if name not in {"HTTPValidationError", "ValidationError"}
        } | shared["schemas"]
        commands.limit(components["schemas"])
        components["responses"] = shared["responses"]
        rates.documented(components["responses"])
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        document["security"] = [{"token": []}]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                _with_problems(path, method, operation)
        reads.documented(document)
        app.openapi_schema = document
    return app.openapi_schema


def _with_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say of an operation which problems it may end in."""
    codes = set(_STATUSES_OF_ALL)
    if is_open(path):
        operation["security"] = []
    else:
        codes |= _STATUSES_WITH_TOKEN | (_STATUSES_OF_COMMANDS if method == "post" else {400})
    codes |= _STATUSES_BY_PATH.get(path, set())
    operation["responses"].pop("422", None)
    references = {str(code): {"$ref": f"#/components/responses/Problem{code}"} for code in sorted(codes)}
    default = {"default": {"$ref": "#/components/responses/Problem"}}
    operation["responses"] |= references | default


_STATUSES_BY_PATH = {
    "/feed": {409, 410}, "/health/ready": {503}, "/problems/{name}": {404}, **transparency.STATUSES, **slips.STATUSES,
}  # fmt: skip

_ABOUT = """Who owns a client's case and who answers for it; what the client has said and decided, and what it changed;
whether the case is closed, on what ground, at whose initiative: at any moment, now or past.

Everything that changes is a command (POST), and every command is an event, or several, that stay for good. Times are
RFC 3339 with an offset. What goes wrong is a problem (RFC 9457) whose type says what to do."""
