"""A manager's unit: who has how much on hand, what is stuck and for how long, what is to be looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.responses import Response

from api.pages.asking import following
from api.pages.case import done, need_of
from api.pages.desk import over
from api.pages.page import N_, Visit, mount
from domain.calendar import civil_day
from domain.decider import Role, RoleNotAllowed
from domain.ledger.application import Cases

Row = Mapping[str, Any]

PAGE = 25
"""How many things that wait are shown at once, what has waited longest first."""

_REVIEWS = ("override_review", "withholding_review")

WHAT: Mapping[str, str] = {
    "handoff": N_("An offer waits for an answer"),
    "transfer": N_("A transfer waits to be received"),
    "asking": N_("Somebody asks for the case"),
    "request": N_("The client's request waits for an answer"),
    "objection": N_("An objection waits for an answer"),
    "next_step": N_("A promised step is to be taken"),
    "naming": N_("A worker has to be named"),
    "override_review": N_("A rule that was set aside is to be reviewed"),
    "withholding_review": N_("What is withheld is to be looked at again"),
}
"""What waits, by its kind."""

ACTS: Mapping[str, tuple[str, str | None]] = {
    "naming": ("name-responsible", None), "override_review": ("review-override", "override"),
    "objection": ("answer-objection", "objection"), "request": ("answer-request", "request"),
    "next_step": ("promise-next-step", None), "asking": ("decline-handoff-request", "request"),
}  # fmt: skip
"""What settles it: an act, and the field of it that names what waits."""


class Stuck(NamedTuple):
    """Something that waits: in which case, by what its client's need is known, for how many days, and past its time."""

    it: Row
    need: str
    days: int
    late: bool
    act: str | None


class Leaver(NamedTuple):
    """A worker who is leaving, or has left and is listed no more, and the open cases that are still theirs."""

    id: str
    it: Row | None
    cases: Sequence[Row]


def mount_manager(app: FastAPI, cases: Cases) -> None:
    """Mount a manager's page."""
    mount(app, cases, "/desk/unit", "DeskUnit", my_unit)


async def my_unit(visit: Visit) -> Response:
    """Show a manager their unit. Raises `RoleNotAllowed`."""
    me, query, now = visit.who.actor, visit.request.query_params, datetime.now(UTC)
    if me.role != Role.MANAGER:
        raise RoleNotAllowed(role=me.role, allowed=[Role.MANAGER])
    follows_after = await visit.request.app.state.feed.cursor()
    here = {"organisation": me.organisation, "unit": me.unit}
    told, names = await visit.ask.get("/caseload", **here), await _names(visit, here)
    waiting = await visit.ask.get(
        "/waiting", **here, limit=PAGE, after=query.get("after"), kind=[it for it in WHAT if it not in _REVIEWS]
    )
    reviews = await visit.ask.get("/waiting", **here, kind=_REVIEWS, limit=PAGE)
    return visit.render(
        "desk/unit.html", load=told, names=names, behind=max(told["behind"], waiting["behind"]),
        stuck=[await _stuck(visit, it, now) for it in waiting["waiting"]], following=following(waiting),
        reviews=[await _stuck(visit, it, now) for it in reviews["waiting"]], more_reviews=reviews["next"] is not None,
        leavers=[await _left(visit, here, it) for it in _leavers(names, told["holders"])], what=WHAT,
        first="after" not in query, follows_after=follows_after, done=done(visit),
    )  # fmt: skip


async def _names(visit: Visit, here: Mapping[str, Any]) -> dict[str | None, Row]:
    """Return those of the directory who work in the unit, by their ids; under none the unit itself."""
    places = await visit.ask.everything("/directory", "places", **here)
    return {it["worker"]: it for it in places}


async def _stuck(visit: Visit, it: Row, now: datetime) -> Stuck:
    days = (civil_day(now) - civil_day(datetime.fromisoformat(it["since"]))).days
    act, field = ACTS.get(it["kind"], (None, None))
    named = f"{act}?{field}={it['id']}" if act and field else act
    return Stuck(it, await need_of(visit, it["case"]), days, over(it["due"], now), named)


def _leavers(names: Mapping[str | None, Row], holders: Sequence[Row]) -> list[Leaver]:
    """Return those who leave, or have left, with cases: nobody is forgotten with their worker."""
    theirs = [it for it in holders if it["worker"] and it["figures"]["held"]]
    found = [Leaver(it["worker"], names.get(it["worker"]), ()) for it in theirs]
    return [it for it in found if it.it is None or it.it["leaving_at"] is not None]


async def _left(visit: Visit, here: Mapping[str, Any], leaver: Leaver) -> Leaver:
    """Return a leaver with their cases."""
    theirs = await visit.ask.everything("/cases", "cases", **here, worker=leaver.id, status="open", sort="due")
    return leaver._replace(cases=[{**it, "need": await need_of(visit, it["case"])} for it in theirs])
