"""The slip: a code that anybody types in to learn who answers now; and making one, to print or to send as a message.

Its code is shown once, on the page that comes of making it. Nothing of it needs JavaScript.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.pages.case import case_of
from api.pages.language import gettext
from api.pages.page import N_, Visit, mount, sent
from api.problems import detail, status
from api.sessions import Sessions
from api.slips import Looks, SlipUnknown
from domain.decider import STAFF
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.slip import CodeMistyped, day_told, hours_told, sentence

if TYPE_CHECKING:
    from domain.ledger.application import Cases

_LONGEST = 100
"""How much of what was typed is shown again."""

_HOW = N_("With this code any desk or telephone service can tell who answers now. It tells nothing else.")
_MESSAGE = N_("Ask again with the code %(code)s, until %(day)s.")
_MESSAGE_WHERE = N_("Ask again at %(where)s with the code %(code)s, until %(day)s.")
_UNTIL = N_("The code works until %(day)s.")
_WHERE = N_("On the internet: %(where)s")


def mount_slip(app: FastAPI, cases: Cases) -> None:
    """Mount the pages of slips."""
    mount(app, cases, "/slip", "SlipForm", code)
    mount(app, cases, "/slip/answer", "SlipAnswer", told, "GET", "POST")
    for path, what in (("/desk/cases/{id}/slip", "DeskSlips"), ("/own/{id}/slip", "OwnSlips")):
        mount(app, cases, path, what, slips, "GET", "POST")


async def code(visit: Visit) -> Response:
    """Ask for the code."""
    return visit.render("slip/code.html", typed="", wrong="")


async def told(visit: Visit) -> Response:
    """Tell who answers now, or what is wrong with the code."""
    if visit.request.method == "GET":  # somebody came back to it, as by choosing another language
        return visit.onward("/slip")
    typed = (await sent(visit.request)).get("code", [""])[0]
    looks: Looks = visit.request.app.state.looks
    try:
        it = await run_in_threadpool(looks.told, visit.request.scope, typed)
    except (CodeMistyped, SlipUnknown) as wrong:
        kind = type(wrong)
        return visit.render("slip/code.html", status(kind), typed=typed[:_LONGEST], wrong=detail(kind))
    said = sentence(it, datetime.now(UTC), visit.into)
    return visit.render("slip/answer.html", it=it, says=said, hours=hours_told(it.hours, visit.into))


async def slips(visit: Visit) -> Response:
    """Show the slips of a case; make one, or take one back."""
    case = case_of(visit)
    if visit.request.method == "GET":
        return visit.render("slip/slips.html", **await _listed(visit, case))
    form = await visit.form()
    if "slip" in form:
        await visit.ask.post(f"/cases/{case}/revoke-slip", {"slip": form["slip"][0]}, {})
        return visit.onward(visit.request.url.path)
    said = form.get("language", [""])[0]
    into: RuleLanguage = next((it for it in RULE_LANGUAGES if it == said), visit.into)
    made = await visit.ask.post(f"/cases/{case}/slip", {}, {})
    return visit.render("slip/made.html", back=_back(visit, case), **printed(visit, made, into))


def printed(visit: Visit, made: Mapping[str, Any], into: RuleLanguage) -> dict[str, Any]:
    """Return what stands on a slip, in the language of who gets it."""
    facts = {"code": made["code"], "day": day_told(datetime.fromisoformat(made["expires"]), into), "where": ""}
    sessions: Sessions | None = getattr(visit.request.app.state, "sessions", None)
    if sessions is not None:  # what this service is called by whoever asks is not to be believed
        facts["where"] = f"{urlsplit(sessions.origin).netloc}/slip"
    says = made["says"][into]
    message = gettext(into, _MESSAGE_WHERE if facts["where"] else _MESSAGE, **facts)
    return {
        "into": into, "code": made["code"], "says": says, "how": gettext(into, _HOW),
        "until": gettext(into, _UNTIL, **facts), "where": gettext(into, _WHERE, **facts) if facts["where"] else "",
        "message": f"{says} {message}",
    }  # fmt: skip


async def _listed(visit: Visit, case: UUID) -> dict[str, Any]:
    found = await visit.ask.get(f"/cases/{case}/slips")
    now = datetime.now(UTC)
    rows = [it | {"over": datetime.fromisoformat(it["expires"]) <= now} for it in found["slips"]]
    return {
        "back": _back(visit, case), "slips": rows, "says": found["says"][visit.into],
        "at_work": visit.who.actor.role in STAFF,
    }  # fmt: skip


def _back(visit: Visit, case: UUID) -> str:
    return f"/desk/cases/{case}" if visit.who.actor.role in STAFF else f"/own/{case}"
