"""A page: who looks at it, in which language, what it asks the service, and how it is shown.

`mount` gives each page a `Visit`. What goes wrong is answered as everything else is, as a problem, which `errors` shows
to browsers as a page.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode
from uuid import UUID

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth import SAFE, Bearer, NotFromHere, bearer, identify
from api.event_words import EVENTS
from api.pages import facts, language, static_files
from api.pages.asking import Asking
from api.pages.called import named
from api.pages.choices import holder_told
from api.problems import Problem
from api.protected import PROTECTED
from api.reading_words import ROLES
from api.value_words import value_told
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Role, RoleNotAllowed
from domain.ledger.database import DatabaseUnavailable
from domain.rules import RULE_LANGUAGES, RuleLanguage

if TYPE_CHECKING:
    from domain.ledger.application import Cases

Values = Mapping[str, list[str]]
"""What a form sent: each field with its values, in order."""


def N_(message: str) -> str:  # noqa: N802  # as gettext's readers know it
    """Mark a text that is translated where it is shown."""
    return message


PLACES: Mapping[Role, str] = {
    **dict.fromkeys(STAFF, "/desk"), **dict.fromkeys(CLIENT_SIDE, "/own"),
    **dict.fromkeys([Role.AUDITOR, Role.OMBUDSMAN], "/audit"),
}  # fmt: skip
"""Where each role begins. Administrators and other systems have no page of their own: they use the API."""

_NAVIGATION: Mapping[Role, tuple[tuple[str, str], ...]] = {
    Role.WORKER: (
        ("/desk", N_("My cases")), ("/desk/offers", N_("Offered to me")), ("/desk/asked", N_("Asked for")),
        ("/desk/new", N_("New case")),
    ),
    Role.MANAGER: (
        ("/desk/unit", N_("My unit")), ("/desk", N_("My cases")), ("/desk/offers", N_("Offered to us")),
        ("/desk/asked", N_("Asked for")), ("/desk/new", N_("New case")),
    ),
    **dict.fromkeys(CLIENT_SIDE, (("/own", N_("My matters")),)),
    **dict.fromkeys([Role.AUDITOR, Role.OMBUDSMAN], (("/audit", N_("Cases")), ("/audit/flows", N_("Flows")))),
}  # fmt: skip

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 500
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class FormMalformed(Problem):
    """That is no form of ours. Go back, load the page anew and send it again."""


class Visit:
    """One look at a page: who looks, and what they are shown."""

    def __init__(self, request: Request, cases: Cases, what: str) -> None:
        self.request = request
        self.cases = cases
        self.ask = Asking(request, cases, what, lambda: self.into)
        self.names: dict[tuple[str, ...], Mapping[str, Any]] = {}

    @property
    def who(self) -> Bearer:
        """Who looks. Raises what `bearer` does, of somebody who has not signed in."""
        return bearer(self.request)

    @property
    def known(self) -> Bearer | None:
        """Who looks, if they have signed in."""
        try:
            return bearer(self.request)
        except (Problem, DatabaseUnavailable):
            return None

    @cached_property
    def into(self) -> RuleLanguage:
        """The language that they are spoken to in: one throughout, and looked up once."""
        return language.language_of(self.request, self._chosen)

    def _chosen(self) -> str | None:
        """Return the language that a client has chosen to be served in."""
        who = self.known
        if who is None or who.actor.role != Role.CLIENT:
            return None
        try:
            state = self.cases.loaded(UUID(who.actor.id), Client).state
        except DatabaseUnavailable:  # a page that says so is told in the browser's language
            return None
        return state.language if isinstance(state, Client) else None

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where somebody in their role can go, each with its name."""
        who = self.known
        return [(path, self.text(name)) for path, name in _NAVIGATION.get(who.actor.role, ())] if who else []

    @property
    def me(self) -> str:
        """Who they are here. A client's id says nothing to anybody: the role does."""
        actor = self.who.actor
        role = ROLES[actor.role].to(self.into)
        return role if actor.role in CLIENT_SIDE else f"{actor.id}, {role}"

    def called(self, holder: Mapping[str, Any]) -> str:
        """Return what a holder is called: by name, where the page has asked for the names (`api.pages.called`)."""
        if holder["unit"] == PROTECTED:
            where = self.text("where is not told: the client's address is protected")
            return f"{self.organisation(holder['organisation'])} ({where})"
        return holder_told(named(self.names, holder))

    def person(self, worker: str) -> str:
        """Return what a worker is called of whom the organisation isn't told: by their id, where two have the same."""
        found = {it["worker_name"] for it in self.names.values() if it["worker"] == worker and it["worker_name"]}
        return str(*found) if len(found) == 1 else worker

    def organisation(self, it: str) -> str:
        """Return what an organisation is called."""
        return str(self.names.get((it,), {}).get("organisation_name") or it)

    def text(self, message: str, **facts: Any) -> str:
        """Return a text in their language, and in the words meant for clients where they are one."""
        who = self.known
        said = _says_to(who.actor.role if who else None)(self.into, message)
        return said % facts if facts else said

    async def form(self) -> Values:
        """Return what their form sent, from a page of ours. Raises what `enter` does, and `FormMalformed`."""
        found = await sent(self.request)
        try:
            self.who  # noqa: B018  # a token of the header, or one who is not known
        except NotFromHere:
            await identify(self.request, found.get("csrf_token", [""])[0])
        self.enter()  # whoever it is by now
        return found

    def enter(self) -> None:
        """Let those in whose place it is, and anybody where it is no role's. Raises what `who` does, `RoleNotAllowed`.

        So whatever stands below a place is for those who begin there, without saying so itself.
        """
        place = f"/{self.request.url.path.split('/')[1]}"
        theirs = sorted(role for role, begins in PLACES.items() if begins == place)
        if theirs and self.who.actor.role not in theirs:
            raise RoleNotAllowed(role=self.who.actor.role, allowed=theirs)

    def render(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """Return a page in their language."""
        into = self.into
        shown = environment(into).get_template(template).render(self._told(into) | values)
        headers = {
            "Content-Security-Policy": policy(self.request), "Cache-Control": "private, no-store",
            "Content-Language": into, "Vary": "Cookie, Accept-Language",
            "Referrer-Policy": "same-origin",  # with none at all, a browser keeps where a form came from to itself
        }  # fmt: skip
        return HTMLResponse(shown, status, headers)

    def _told(self, into: RuleLanguage) -> dict[str, Any]:
        """Return what every page tells."""
        path, who = self.request.url.path, self.known
        query = f"?{self.request.url.query}" if self.request.url.query and self.request.method == "GET" else ""
        return {
            "visit": self, "language": into, "languages": language.NAMES, "who": who,
            "role": who and who.actor.role, "home": PLACES.get(who.actor.role, "/docs") if who else "/",
            "csrf": who.csrf if who and who.csrf else "", "here": f"{path}{query}", "now": datetime.now(UTC),
        }  # fmt: skip

    def onward(self, path: str, **query: str) -> Response:
        """Return the answer that sends them on to a page, after something was done."""
        where = f"{path}?{urlencode(query)}" if query else path
        return RedirectResponse(where, 303, {"Cache-Control": "no-store"})


async def sent(request: Request) -> Values:
    """Return what a form sent, wherever it came from. Raises `FormMalformed`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise FormMalformed
    try:
        body = (await request.body()).decode("ascii")
        return parse_qs(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise FormMalformed from None


Endpoint = Callable[[Visit], Awaitable[Response]]


def mount(app: FastAPI, cases: Cases, path: str, what: str, endpoint: Endpoint, *methods: str) -> None:
    """Mount a page. `what` is its name, under which the log of reads tells what it shows of a case."""

    async def answer(request: Request) -> Response:
        visit = Visit(request, cases, what)
        if request.method in SAFE:  # of a form it is known only by what is in it who sends it: `Visit.form`
            visit.enter()
        return await endpoint(visit)

    app.add_api_route(
        path, answer, methods=list(methods) or ["GET"], operation_id=what, include_in_schema=False,
        response_class=Response,
    )  # fmt: skip


def policy(request: Request) -> str:
    """Return what a page may load and where its forms may go: here alone, and where signing out goes on."""
    out = getattr(request.app.state, "signs_out_at", str)() or ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action 'self' {out}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def environment(into: RuleLanguage) -> Environment:
    """Return what makes the pages of a language. Whatever comes into one is escaped; what is not there is an error."""
    made = Environment(
        loader=PackageLoader("api.pages"), autoescape=select_autoescape(["html", "svg"]), undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.install_gettext_translations(language.translations(into), newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"static": static_files.url, "languages_known": RULE_LANGUAGES, "fresh": secrets.token_urlsafe}
    made.filters |= {
        "time": lambda it: language.time_told(it, into),
        "day": lambda it: language.day_told(it, into),
        "deadline": lambda it: language.deadline_told(it, into),
        "date": lambda it: language.date_told(it, into),
        "text": _text_into(into),
        "event": lambda it: EVENTS[it].to(into) if it in EVENTS else it,
        "field": lambda it: facts.called(it, into),
        "fact": lambda it: facts.said(it, into),
        "value": lambda it, field="": value_told(field, str(it), into),
        "role": lambda it: ROLES[Role(it)].to(into),
        "sentence": lambda it: f"{it[:1].upper()}{it[1:]}",
        "looks_like_time": lambda it: bool(_TIME.match(it)),
        "looks_like_id": lambda it: bool(_ID.fullmatch(str(it))),  # which tells people nothing
        "path": lambda it: quote(str(it), safe=""),
    }
    return made


def _says_to(role: Role | None) -> Callable[[RuleLanguage, str], str]:
    return language.to_client if role in CLIENT_SIDE else language.gettext


def _text_into(into: RuleLanguage) -> Callable[[Context, str], str]:
    @pass_context
    def text(context: Context, it: str) -> str:
        return _says_to(context.get("role"))(into, it)

    return text
