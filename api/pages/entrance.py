"""The way in: what this is, signing in, and the choice of a language. In development, being one of its people."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import demo
from api.development import EVERY_CASE
from api.pages.language import COOKIE
from api.pages.page import PLACES, Visit, mount, sent
from api.problems import PathUnknown
from api.sessions import COOKIE as SESSION
from api.sessions import Sessions
from api.signin import ReturnElsewhere, is_local, mount_signout
from domain.decider import Actor, Role
from domain.ledger.application import Cases
from domain.rules import RULE_LANGUAGES

OPEN = ("/language", "/static")
"""What asks for no token, with all below it, beside the entrance itself."""

_YEAR_SECONDS = 366 * 24 * 3600
_AUDITOR = Actor("tarkastaja", Role.AUDITOR)
_OMBUDSMAN = Actor("sosiaaliasiavastaava", Role.OMBUDSMAN)


@dataclass(frozen=True)
class PeopleHere:
    """How people sign in in development: as one of those of the demonstration, without a word. Never in production.

    `origin` is how browsers reach this service.
    """

    origin: str


def mount_entrance(app: FastAPI, cases: Cases) -> None:
    """Mount the landing page and the choice of a language."""

    async def landing(visit: Visit) -> Response:
        who = visit.known
        if who is not None and who.actor.role in PLACES:
            return visit.onward(PLACES[who.actor.role])
        return visit.render("landing.html")

    async def choose(request: Request, code: str, return_to: str = "/") -> Response:
        if code not in RULE_LANGUAGES:
            raise PathUnknown
        if not is_local(return_to):
            raise ReturnElsewhere
        answer = RedirectResponse(return_to, 303, {"Cache-Control": "no-store"})
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, code, _YEAR_SECONDS, secure=secure, httponly=True, samesite="lax")
        return answer

    mount(app, cases, "/", "Landing", landing)
    app.add_api_route("/language/{code}", choose, include_in_schema=False)


def mount_development(app: FastAPI, cases: Cases, here: PeopleHere, sessions: Sessions) -> None:
    """Mount the choice of whom to be, in the place of signing in and out."""
    people = {f"{it.role}:{it.id}": it for it in _people()}

    async def choice(visit: Visit) -> Response:
        return_to = visit.request.query_params.get("return_to", "/")
        if not is_local(return_to):
            raise ReturnElsewhere
        if visit.request.headers.get("host") != urlsplit(here.origin).netloc:  # its cookie would be another host's
            return RedirectResponse(f"{here.origin}{visit.request.url.path}?{visit.request.url.query}", 303)
        return visit.render("development.html", people=people, return_to=return_to, about=demo.ABOUT)

    async def chosen(request: Request) -> Response:
        form = await sent(request)
        return_to, who = (form.get(it, [""])[0] for it in ("return_to", "who"))
        actor = people.get(who)
        if actor is None:
            raise PathUnknown
        if not is_local(return_to):
            raise ReturnElsewhere
        grant = EVERY_CASE if actor.role == Role.AUDITOR else None
        session = await run_in_threadpool(sessions.begin, actor, grant)
        answer = RedirectResponse(return_to, 303, {"Cache-Control": "no-store"})
        answer.set_cookie(SESSION, session, secure=True, httponly=True, samesite="lax")
        return answer

    async def out() -> str:
        return "/"

    mount(app, cases, "/signin", "SignIn", choice)
    mount_signout(app, sessions, out)
    app.add_api_route("/signin", chosen, methods=["POST"], include_in_schema=False)


def _people() -> list[Actor]:
    return [
        *demo.STAFF, *(demo.client_of(name) for name in demo.STORIES), demo.REPRESENTING, _AUDITOR, _OMBUDSMAN,
    ]  # fmt: skip
