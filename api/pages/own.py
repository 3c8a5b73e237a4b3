"""The client's own page: who answers for my case, what I have said, what was decided, and what I can do about it.

The client and whoever acts for them see the same. What the page offers to do is what the ledger would do: it asks by a
dry run and shows, of what would be refused, why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import FastAPI
from starlette.responses import Response

from api.figures import only
from api.pages import choices, own_asked, own_told, own_words
from api.pages.asking import following
from api.pages.choices import Answers
from api.pages.fields import asked, shown, title
from api.pages.forms import Where
from api.pages.own_told import Read, Row
from api.pages.own_words import DONE, DONE_ELSE
from api.pages.page import N_, Visit, mount
from api.problems import PathUnknown
from domain.client import EndRepresentative
from domain.decider import CLIENT_SIDE, Command, Role
from domain.ledger.mapper import codecs
from domain.reaching import Hours
from domain.slip import hours_told
from domain.withholding import ForbidDisclosure

if TYPE_CHECKING:
    from domain.ledger.application import Cases

AT_FIRST = 5
"""How many of a kind are shown until somebody asks for all."""

PAGE = 50
"""How many lines of a history, or of the log of readers, are on a page."""

READERS = 3
"""How many of the last readers are named at once."""

_WAITS_FOR_OTHER = (
    N_("It is recorded, but it is not in force yet."), N_("It waits for the other custodian's yes.")
)  # fmt: skip
_ON_THE_PAGE = frozenset({
    "make-request", "take-ownership", "choose-owner", "return-ownership", "propose-closure", "withdraw-closure",
    "report-experience", "answer-as-client", "record-statement", "confirm-statement", "dispute-statement",
    "raise-objection", "withdraw-objection", "withdraw-consent",
})  # fmt: skip
"""What stands on the page beside what it is about."""

_OWNERSHIP = frozenset({"take-ownership", "choose-owner", "return-ownership"})


def mount_own(app: FastAPI, cases: Cases) -> None:
    """Mount the client's pages."""
    for path, what, page in (
        ("/own", "OwnCases", my_cases), ("/own/{id}", "OwnCase", my_case), ("/own/{id}/reads", "OwnReads", my_readers),
        ("/own/{id}/history", "OwnHistory", my_history), ("/own/{id}/file", "OwnFile", my_file),
    ):  # fmt: skip
        mount(app, cases, path, what, page)


# The pages.


async def my_cases(visit: Visit) -> Response:
    """Show a client's cases, or those of whom somebody acts for; where one alone is there or is open, that one."""
    only(visit.who.actor, CLIENT_SIDE)
    found = await own_asked.cases(visit)
    nearest = [it for it in found if it["status"] == "open"] or found
    if len(nearest) == 1 and "all" not in visit.request.query_params:
        return visit.onward(f"/own/{nearest[0]['case']}")
    return visit.render("own/cases.html", found=found)


async def my_case(visit: Visit) -> Response:
    """Show a case: who answers for it first."""
    case = _case(visit)
    after = await visit.request.app.state.feed.cursor()
    read = await own_asked.read_of(visit, case)
    reach = await visit.ask.get(f"/cases/{case}/reach")
    may = await own_asked.may(visit, case, reach)
    waits = [await own_asked.answerable(visit, case, it) for it in own_told.waiting(read)]
    answered = {it.version: await own_asked.answerable(visit, case, it) for it in own_told.answered(read)}
    decided, said = own_told.decided(read), own_told.statements(read)
    consents = _in_force(read)
    others = (await visit.ask.get(f"/cases/{case}/reads", limit=READERS, others=True))["reads"]
    return visit.render(
        "own/case.html", case=case, follows_after=after, read=read, need=own_told.need(read.events), reach=reach,
        told_of=told_of(reach), hours=_hours(visit, reach["responsible"]), withheld=own_told.withheld(read),
        may=may, done=_done(visit, read), other=_other(visit, read),
        waits=waits, answered=answered, to_confirm=own_told.to_confirm(read),
        asks_how_it_felt=own_told.asks_how_it_felt(read),
        said=said, decided=decided, wishes=own_told.wishes(read), consents=consents, others=others,
        names=await own_asked.names(visit, reach, read.summary, decided, others),
        organisations=await own_asked.organisations(visit, consents),
        shown={it.version for it in _some(visit, "decided", decided)},
        quoted={it["version"] for it in _some(visit, "said", said)},
        t=own_words, some=partial(_some, visit), is_past=_is_past,
    )  # fmt: skip


async def my_readers(visit: Visit) -> Response:
    """Show who has read a case, and why: a page of it. One's own looks are many, and shown where they are asked for."""
    case = _case(visit)
    own = "own" in visit.request.query_params
    after = visit.request.query_params.get("after")
    found = await visit.ask.get(f"/cases/{case}/reads", limit=PAGE, after=after, others=not own)
    names = await own_asked.names(visit, [it for it in found["reads"] if it["organisation"] and it["unit"]])
    onward = following(found)
    return visit.render("own/reads.html", case=case, reads=found["reads"], onward=onward, names=names, own=own)


async def my_history(visit: Visit) -> Response:
    """Show all that has happened in a case: a page of it, the first things first."""
    case = _case(visit)
    found = await visit.ask.get(f"/cases/{case}/history", limit=PAGE, after=visit.request.query_params.get("after"))
    events = [(it, _words(it)) for it in found["events"]]
    names = await own_asked.names(visit, [it["context"] for it in found["events"] if it["context"]["unit"]])
    return visit.render("own/history.html", case=case, events=events, onward=following(found), names=names)


async def my_file(visit: Visit) -> Response:
    """Tell what the file is that a case can be taken home in."""
    case = _case(visit)
    summary = await visit.ask.get(f"/cases/{case}")
    return visit.render("own/file.html", case=case, summary=summary)


def _case(visit: Visit) -> UUID:
    """Return which case a page is of, to the client's side. Raises `PathUnknown` and `RoleNotAllowed`."""
    only(visit.who.actor, CLIENT_SIDE)
    try:
        return UUID(visit.request.path_params["id"])
    except ValueError:
        raise PathUnknown from None


# What is read for them.


def _some(visit: Visit, kind: str, rows: Sequence[Any]) -> Sequence[Any]:
    """Return what of a kind is shown: the first few, until somebody asks for all."""
    return rows if kind in visit.request.query_params.getlist("all") else rows[:AT_FIRST]


def _in_force(read: Read) -> list[Row]:
    return [it for it in read.of("gave_consent") if it["standing"] == "given"]


def _is_past(moment: str) -> bool:
    return datetime.fromisoformat(moment) < datetime.now(UTC)


def told_of(reach: Row) -> str:
    """Return how the page begins: by who drives the case, or that it is closed."""
    return str(reach["owned_by"] or "closed")


def _hours(visit: Visit, it: Row) -> str:
    return hours_told(msgspec.convert(it["hours"], tuple[Hours, ...]), visit.into) if it["hours"] else ""


def _words(entry: Row) -> list[str]:
    """Return the words in an entry, as they were written down."""
    known = codecs().get(entry["topic"])
    fields = [it for it in entry["event"] if known and it in known.words and it != "client"]
    return [entry["event"][it] for it in fields if entry["event"][it]]


# What can be done.


def _other(visit: Visit, read: Read) -> list[tuple[str, str]]:
    """Return what else somebody in their role may do: its form, which says whether it would be refused, and its name.

    What there is nothing to choose for is left out: to give up a goal where none is pursued.
    """
    role = visit.who.actor.role
    where = Where(visit.into, role, "")
    answers = {"voice": read.voice, "plan": read.plan, "history": [it for it in read.events.values() if it["event"]]}
    acts = [it for it in shown() if role in it.roles and it.stream == "existing" and it.slug() not in _ON_THE_PAGE]
    return [
        (f"{it.slug()}{query}", f"{where.text(title(it))}{more}")
        for it in acts
        for query, more in _ways(visit, it, answers)
    ]  # fmt: skip


def _ways(visit: Visit, act: type[Command[Any]], answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield how a form is come to: what its address says more, and its name. Of another's mandate it says whose."""
    actor = visit.who.actor
    acting = choices.representatives(answers, visit.into)
    if act is EndRepresentative:
        mine = [choices.Choice(actor.id, "")] if actor.role == Role.REPRESENTATIVE else acting
        yield from ((f"?{urlencode({'representative': it.value})}", it.label and f": {it.label}") for it in mine)
    elif (act is not ForbidDisclosure or acting) and all(
        choices.offered(it, act, answers, visit.into)
        for it in asked(act)
        if it.required and it.kind in {"entry", "thing"}
    ):
        yield "", ""


def _done(visit: Visit, read: Read) -> tuple[str, str] | None:
    """Return what was recorded just now, and what happens next."""
    slug = visit.request.query_params.get("done")
    if slug is None:
        return None
    own = visit.who.actor.role == Role.REPRESENTATIVE and any(it.get("standing") == "awaiting" for it in read.voice)
    return _WAITS_FOR_OTHER if own and slug in _OWNERSHIP else DONE.get(slug, DONE_ELSE)
