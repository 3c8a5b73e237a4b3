"""The desk's lists: my cases and what each waits for, what is offered to me, and what was asked for.

A list shows the beginning of each case's need, though every word that is shown is a read of that case and stands in its
log: a worker who can't tell their cases apart opens one after another until the right one is there, and reads more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from fastapi import FastAPI
from starlette.responses import Response

from api.pages import case, opening
from api.pages.asking import following
from api.pages.called import called
from api.pages.page import N_, Visit, mount
from domain.acceptance import DeclineCode
from domain.decider import Absent, Role

if TYPE_CHECKING:
    from domain.ledger.application import Cases

Row = Mapping[str, Any]
"""A case in a list, as `api.lists.Listed` tells it."""

PAGE = 20
"""How many cases a page of a list shows: each is read for its words."""

_MOST = 100


@dataclass(frozen=True)
class Wait:
    """What a case waits for: since when, or until when, and whether that time is over; `whom` it waits for."""

    what: str
    since: str | None = None
    by: str | None = None
    late: bool = False
    whom: Mapping[str, Any] | None = None
    count: int = 1


def mount_desk(app: FastAPI, cases: Cases) -> None:
    """Mount the desk."""
    mount(app, cases, "/desk", "DeskCases", my_cases)
    mount(app, cases, "/desk/offers", "DeskOffers", offers)
    mount(app, cases, "/desk/asked", "DeskAsked", asked)
    opening.mount_opening(app, cases)
    case.mount_case(app, cases)


# My cases


async def my_cases(visit: Visit) -> Response:
    """Show the open cases that I answer for, or that I drive: the next promised step first."""
    me, query = case.staff(visit), visit.request.query_params
    follows_after = await visit.request.app.state.feed.cursor()
    drives = "drives" in query
    place = f"{me.organisation}/{me.unit or '-'}/{me.id}"  # nobody who is of no unit drives a case
    whose = {"owner": place} if drives else {"responsible_organisation": me.organisation, "worker": me.id}
    page = await visit.ask.get(
        "/cases", status="open", sort="due", limit=PAGE, after=query.get("after"), **whose,
    )  # fmt: skip
    now = datetime.now(UTC)
    rows = [
        {"it": it, "waits": list(waits(it, now)), "late": over(it["due"], now), **await glimpse(visit, it["case"])}
        for it in page["cases"]
    ]
    await called(visit, page["cases"])
    figures = await visit.ask.get("/caseload", worker=me.id) if not query.get("after") else None
    return visit.render(
        "desk/cases.html", rows=rows, drives_alone=drives, following=following(page),
        figures=figures and figures["figures"], behind=page["behind"], first="after" not in query,
        follows_after=follows_after,
    )  # fmt: skip


def waits(it: Row, now: datetime) -> Iterator[Wait]:
    """Yield what a case in a list waits for, beside its next step."""
    if it["offered_to"]:
        by = it["respond_by"]
        what = N_("Your offer waits for an answer") if by else N_("The transfer waits to be received")
        yield Wait(what, by=by, late=over(by, now), whom=it["offered_to"])
    if it["closing"]:
        yield Wait(N_("Closing the case is proposed"))
    if it["open_objections"]:
        yield Wait(N_("An objection waits for an answer"), count=it["open_objections"])
    if it["open_requests"]:
        yield Wait(N_("The client's request waits for an answer"), count=it["open_requests"])
    if it["waits_since"]:
        yield Wait(N_("The client has waited for an answer"), since=it["waits_since"])
    if it["name_by"]:
        yield Wait(N_("A worker has to be named"), by=it["name_by"], late=over(it["name_by"], now))


def over(moment: str | None, now: datetime) -> bool:
    """Say whether a time is past."""
    return moment is not None and datetime.fromisoformat(moment) <= now


async def glimpse(visit: Visit, which: str) -> dict[str, Any]:
    """Return by what a worker knows a case: its need, and the step that is promised next."""
    found = await visit.ask.get(f"/cases/{which}")
    return {"need": found["need"] or "", "step": found["next_step"]}


# What is offered to me


async def offers(visit: Visit) -> Response:
    """Show the cases that are offered to me or to my unit: by whom, why, and what the client thinks of it."""
    me, follows_after = case.staff(visit), await visit.request.app.state.feed.cursor()
    place = "/".join(filter(None, (me.organisation, me.unit)))
    page = await visit.ask.get(
        "/cases", offered_to=place, limit=_MOST, after=visit.request.query_params.get("after")
    )  # fmt: skip
    mine = [it for it in page["cases"] if me.role == Role.MANAGER or it["offered_to"]["worker"] in {None, me.id}]
    rows = [await offer(visit, it) for it in mine]
    shown = [it for it in rows if it["offer"]]
    await called(visit, shown)
    return visit.render(
        "desk/offers.html", rows=shown, following=following(page), codes=get_args(DeclineCode),
        places=await places(visit) if shown else [], done=case.done(visit), follows_after=follows_after,
    )  # fmt: skip


async def offer(visit: Visit, it: Row) -> dict[str, Any]:
    """Return what there is to know of an offer or a transfer before one answers it."""
    of_case = f"/cases/{it['case']}"
    moves = await visit.ask.everything(f"{of_case}/handoffs", "rows")
    pending = next((move for move in reversed(moves) if move.get("outcome", "pending") == "pending"), None)
    heard = await visit.ask.everything(f"{of_case}/heard", "rows")
    return {
        "it": it, "offer": pending, "late": over(it["respond_by"], datetime.now(UTC)),
        "heard": next((row for row in heard if pending and row["version"] == pending["version"]), None),
        "before": [move for move in moves if move.get("outcome") in {"declined", "contested"}],
        "need": await case.need_of(visit, it["case"]),
    }  # fmt: skip


async def places(visit: Visit) -> list[tuple[str, str]]:
    """Return the units that a case may be better placed at: what the form sends, and their names."""
    found = await visit.ask.everything("/directory", "places")
    return [
        (f"{it['organisation']}/{it['unit']}", f"{it['organisation_name']}: {it['unit_name']}")
        for it in found if it["worker"] is None and it["closed_at"] is None
    ]  # fmt: skip


# What was asked for


async def asked(visit: Visit) -> Response:
    """Show who asks for my cases, and the cases that I asked for, with what came of it."""
    me, query = case.staff(visit), visit.request.query_params
    if query.get("case"):  # whoever knows a case by its id alone asks for it by that
        return visit.onward(f"/desk/cases/{query['case'].strip()}/do/request-handoff", return_to="/desk/asked")
    waiting = await visit.ask.get(
        "/waiting", organisation=me.organisation, worker=me.id, kind="asking", limit=_MOST, after=query.get("waiting")
    )
    own = await visit.ask.get("/askings", limit=_MOST, after=query.get("own"))
    of_me = [await asking(visit, it) for it in waiting["waiting"]]
    await called(visit, of_me)
    return visit.render(
        "desk/asked.html", of_me=of_me,
        mine=[{"it": it, "need": await known(visit, it["case"])} for it in own["askings"]],
        following={"waiting": following(waiting), "own": following(own)}, outcomes=ASKED, done=case.done(visit),
    )  # fmt: skip


async def asking(visit: Visit, it: Row) -> dict[str, Any]:
    """Return who asks for a case of mine, and why."""
    rows = await visit.ask.everything(f"/cases/{it['case']}/askings", "rows")
    return {
        "it": it, "need": await case.need_of(visit, it["case"]),
        "asked": next((row for row in rows if row.get("id") == it["id"]), None),
    }  # fmt: skip


async def known(visit: Visit, which: str) -> str | None:
    """Return the need of a case that I may see, None of one that I may not: that I asked for it lets me see nothing."""
    try:
        return await case.need_of(visit, which)
    except Absent:
        return None


ASKED: Mapping[str, str] = {
    "pending": N_("Nobody has answered yet"), "offered": N_("It was offered to you"),
    "declined": N_("It stays where it is"), "lapsed": N_("The case was closed before an answer"),
}  # fmt: skip
"""What came of asking for a case."""
