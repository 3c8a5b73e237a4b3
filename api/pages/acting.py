"""Acting in a case: every command as a form, which shows why it would be refused before it is sent.

What is sent is given through the command's own route. Where it is refused, the form comes back with what was typed and
with the reason; where somebody's session was over, what they wrote comes back to be copied.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from starlette.responses import Response

from api import problems
from api.admission import standing_of
from api.auth import TokenMissing
from api.commands import commands, path_of
from api.pages.asking import Tried
from api.pages.beforehand import guessed, initial, stands
from api.pages.choices import Answers
from api.pages.filled import headers, read
from api.pages.forms import Form, Where, needed
from api.pages.page import PLACES, Values, Visit, mount, sent
from api.problems import PathUnknown
from api.signin import is_local
from domain.authorization import may
from domain.case import Case
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Action, Command, StreamAbsent
from domain.ledger.application import Cases

FOUND_AT_MOST = 200
"""How many of the directory are offered at once to choose from; who is not among them is looked for by name."""

_OURS = frozenset({"csrf_token", "key", "return_to", "find", "found", "entered"})
"""What a form holds beside its fields."""

Beside = Callable[[Visit, UUID, str], Awaitable[Mapping[str, Any]]]
"""Returns what stands beside the form of an act, by the act's name, with its `template`; nothing where none does."""

_ACTS: Mapping[str, type[Command[Any]]] = {
    it.slug(): it for it in commands() if it.state in {Case, Client} and it.stream == "existing"
}


@dataclass(frozen=True)
class Act:
    """What somebody is about to do: which command, in which case, and on which page."""

    command: type[Command[Any]]
    case: UUID
    page: str

    @property
    def action(self) -> str:
        """Where its form is sent."""
        return f"{self.page}/do/{self.command.slug()}"


def mount_acting(app: FastAPI, cases: Cases, beside: Beside) -> None:
    """Mount the forms of what is done in a case. `beside` says what some of them show beside."""

    async def acting(visit: Visit) -> Response:
        if visit.request.method == "GET":
            return await _blank(visit, _act(visit), beside)
        try:
            filled = await visit.form()  # before anything else: by what is in it one learns who sends it
        except TokenMissing:
            return await _over(visit)
        act = _act(visit)
        if "check" in visit.request.query_params or _looks(filled):
            return await _checked(visit, act, filled, beside)
        return await _given(visit, act, filled, beside)

    for place in ("/desk/cases", "/own"):
        mount(app, cases, f"{place}/{{id}}/do/{{act}}", "ActOnCase", acting, "GET", "POST")


def _act(visit: Visit) -> Act:
    """Return what is to be done. Raises `PathUnknown` for what nobody in this role does, or not here.

    There is no form of what is not theirs to do: what they see nothing of is not there. Raises `StreamAbsent`.
    """
    path = visit.request.path_params
    role = visit.who.actor.role
    command = _ACTS.get(path["act"])
    page = visit.request.url.path.rpartition("/do/")[0]
    theirs = STAFF if page.startswith("/desk") else CLIENT_SIDE
    if command is None or role not in command.roles & theirs:
        raise PathUnknown
    act = Act(command, _case(path["id"]), page)
    if not _may(visit, act, command.action if command.state is Case else Action.READ):
        raise StreamAbsent
    return act


def _case(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise PathUnknown from None


async def _blank(visit: Visit, act: Act, beside: Beside) -> Response:
    """Show the form as it begins, with what would have it refused whatever is typed."""
    given = {name: it for name, it in visit.request.query_params.items() if name not in _OURS}
    answers = await _answers(visit, act, "")
    first = initial(act.command, answers, datetime.now(UTC))
    said = read(act.command, {it: [given[it]] for it in given})
    body, guesses = first | said, guessed(act.command, answers, {it: first[it] for it in first.keys() - said.keys()})
    tried = await visit.ask.tried(await _path(visit, act), body, {})
    problem = tried.problem if tried.problem and stands(tried.problem, guesses) else None
    return await _shown(visit, act, answers, beside, given=given, tried=Tried(problem))


async def _checked(visit: Visit, act: Act, filled: Values, beside: Beside) -> Response:
    """Show what would come of it, without doing it; to a script that asks, that alone."""
    try:
        tried = await visit.ask.tried(await _path(visit, act), read(act.command, filled), headers(filled))
    except problems.RequestInvalid as wrong:
        tried = Tried(problems.told(wrong))
    if "hx-request" in visit.request.headers:
        return visit.render("refused.html", form=_form(visit, act, {}, tried, filled=filled))
    find = filled.get("find", [""])[0]
    answers = await _answers(visit, act, find)
    return await _shown(visit, act, answers, beside, filled=filled, tried=Tried() if find else tried)


async def _given(visit: Visit, act: Act, filled: Values, beside: Beside) -> Response:
    """Do it, and go on; or show why it was refused."""
    try:
        body, said = read(act.command, filled), headers(filled)
        await visit.ask.post(await _path(visit, act), body, said)
    except StreamAbsent:
        raise
    except tuple(problems.kinds().values()) as refused:
        answers = await _answers(visit, act, "")
        tried, status = Tried(problems.told(refused)), problems.status(type(refused))
        return await _shown(visit, act, answers, beside, filled=filled, tried=tried, status=status)
    there = _next(visit, act, filled)
    return visit.onward(there, done=act.command.slug(), **_of(visit, act, there))


def _of(visit: Visit, act: Act, there: str) -> dict[str, str]:
    """Return in which case it was done, where the page that it goes on at isn't that case's: it offers a slip."""
    elsewhere = act.page.startswith("/desk") and there != act.page
    return {"of": str(act.case)} if elsewhere and _may(visit, act, Action.WORK) else {}


def _looks(filled: Values) -> bool:
    """Say whether the Enter key was pressed after somebody new to look for was typed: then nothing is sent yet."""
    return "entered" in filled and filled.get("find", [""]) != filled.get("found", [""])


async def _path(visit: Visit, act: Act) -> str:
    """Return the command's own path: it may be given to the case, or to its client."""
    stream = act.case
    if act.command.state is Client:
        opened = (await visit.ask.get(f"/cases/{act.case}/history", limit=1))["events"]
        stream = UUID(opened[0]["event"]["client"])
    return path_of(act.command).format(id=stream)


async def _answers(visit: Visit, act: Act, find: str) -> Answers:
    """Return what the form's choices are taken from: what is read of the case, and of the directory."""
    found: dict[str, Any] = {}
    if not _may(visit, act, Action.READ):  # some things are done to a case that one does not see: to ask for it
        return found
    found["case"] = await visit.ask.get(f"/cases/{act.case}")
    for name in sorted(needed(act.command)):
        if name == "holders":
            found[name] = (await visit.ask.get("/directory", q=find or None, limit=FOUND_AT_MOST))["places"]
        elif name == "rules":
            found[name] = (await visit.ask.get("/rules"))["rules"]
        else:
            rows = await visit.ask.everything(f"/cases/{act.case}/{name}", "events" if name == "history" else "rows")
            found[name] = [it for it in rows if not it.get("withheld")]
    return found


def _may(visit: Visit, act: Act, action: Action) -> bool:
    """Say whether somebody may do such a thing with the case, as it is now."""
    who = visit.who
    return may(action, who.actor.role, standing_of(visit.cases, who, act.case).relations)


def _next(visit: Visit, act: Act, filled: Values) -> str:
    """Return where it goes on: where the form said, or at the case, if one still sees it."""
    said = filled.get("return_to", [""])[0]
    if said and is_local(said):
        return said.partition("?")[0]
    return act.page if _may(visit, act, Action.READ) else PLACES[visit.who.actor.role]


async def _shown(
    visit: Visit, act: Act, answers: Answers, beside: Beside, *, tried: Tried,
    given: Mapping[str, str] | None = None, filled: Values | None = None, status: int = 200,
) -> Response:  # fmt: skip
    form = _form(visit, act, answers, tried, given=given, filled=filled)
    shown = await beside(visit, act.case, act.command.slug()) if answers else {}
    return_to = (filled or {}).get("return_to", [visit.request.query_params.get("return_to", "")])[0]
    finds = "holders" in needed(act.command)
    return visit.render(
        "act.html", status, form=form, act=act, return_to=return_to,
        find=(filled or {}).get("find", [""])[0] if finds else None, **{"template": None, **shown},
    )  # fmt: skip


def _form(
    visit: Visit, act: Act, answers: Answers, tried: Tried, *, given: Mapping[str, str] | None = None,
    filled: Values | None = None,
) -> Form:  # fmt: skip
    where = Where(visit.into, visit.who.actor.role, act.action, visit.who.csrf or "")
    return Form.of(
        act.command, answers, where, given=given, sent=filled, problem=tried.problem, would=tried.would
    )  # fmt: skip


async def _over(visit: Visit) -> Response:
    """Give back what somebody wrote whose session was over: to a page of ours alone, or anybody could show it here."""
    if visit.request.headers.get("sec-fetch-site") != "same-origin":
        raise TokenMissing
    written = [(name, it) for name, texts in (await sent(visit.request)).items() for it in texts if name not in _OURS]
    return visit.render("over.html", 401, written=[both for both in written if both[1].strip()])
