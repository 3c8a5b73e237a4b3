"""What the client's page asks the service: the answers of its queries, and what the acts would come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from api.pages import own_told
from api.pages.own_told import Read, Row, Waits
from api.pages.page import Visit
from domain.decider import Role, StreamAbsent

_MOST = 1000
_UNITS = 12
"""Of how many units the names are asked for."""


@dataclass(frozen=True)
class Tried:
    """What a command would come to now: whether it would do anything, and if it is refused, why."""

    offered: bool
    why: str = ""


# What is read.


async def cases(visit: Visit) -> list[dict[str, Any]]:
    """Return the cases, open ones first, each with what it is about."""
    found: list[dict[str, Any]] = []
    for client in await _clients(visit):
        try:
            found += await visit.ask.everything(f"/clients/{client}/cases", "cases")
        except StreamAbsent:  # somebody of whom there is nothing here
            continue
    for it in found:
        first = await visit.ask.get(f"/cases/{it['case']}/history", limit=1)
        it["need"] = own_told.need({entry["version"]: entry for entry in first["events"]})
    return sorted(found, key=lambda it: it["status"] != "open")


async def _clients(visit: Visit) -> list[str]:
    """Return whose cases somebody comes to see: their own, or those of whom they act for."""
    actor = visit.who.actor
    if actor.role == Role.CLIENT:
        return [actor.id]
    return [it["client"] for it in (await visit.ask.get("/represented"))["clients"]]


async def read_of(visit: Visit, case: UUID) -> Read:
    """Return what the page of a case is made of."""
    path = f"/cases/{case}"
    summary = await visit.ask.get(path)
    history = await visit.ask.everything(f"{path}/history", "events")
    rows = [
        await visit.ask.everything(f"{path}/{it}", "rows") for it in ("voice", "heard", "handoffs", "closure", "plan")
    ]
    return Read(summary, {it["version"]: it for it in history}, *rows)


async def names(visit: Visit, *told: Any) -> Mapping[tuple[str, ...], Row]:
    """Return the names in the directory of whoever is named in what is to be told: by organisation, unit and worker."""
    found: dict[tuple[str, ...], Row] = {}
    for organisation, unit in own_told.units(*[msgspec.to_builtins(it) for it in told])[:_UNITS]:
        page = await visit.ask.get("/directory", organisation=organisation, unit=unit, limit=_MOST)
        found |= {tuple(it[name] or "" for name in ("organisation", "unit", "worker")): it for it in page["places"]}
    return found


async def organisations(visit: Visit, consents: Sequence[Row]) -> dict[str, str]:
    """Return the names of the organisations that a consent names, as far as the directory has them."""
    asked = {one for it in consents for one in it["recipients"]}
    found = [await visit.ask.get("/directory", organisation=it, limit=1) for it in sorted(asked)]
    return {it["organisation"]: it["organisation_name"] for page in found for it in page["places"]}


# What can be done.


async def may(visit: Visit, case: UUID, reach: Row) -> dict[str, Tried]:
    """Return what the client's side may do now, by what it would come to."""
    holder = {it: reach["responsible"][it] for it in ("organisation", "unit", "worker")}
    asked: Mapping[str, dict[str, Any]] = {
        "make-request": {"kind": "contact"}, "take-ownership": {}, "choose-owner": {"holder": holder},
        "return-ownership": {}, "propose-closure": {"ground": "client_ended"}, "withdraw-closure": {},
        "report-experience": {"score": 3},
    }  # fmt: skip
    return {slug: await _tried(visit, case, slug, body) for slug, body in asked.items()}


async def _tried(visit: Visit, case: UUID, slug: str, body: Mapping[str, Any]) -> Tried:
    """Return what a command would come to, in a case that was read already."""
    found = await visit.ask.tried(f"/cases/{case}/{slug}", body, {})
    why = visit.text(found.problem["detail"]) if found.problem else ""
    return Tried(offered=bool(found.would and found.would["events"]), why=why)


async def answerable(visit: Visit, case: UUID, it: Waits) -> Waits:
    """Return what waits for a word with why it isn't theirs to give, if it isn't."""
    tried = await _tried(visit, case, "answer-as-client", {"version": it.version, "answer": it.yes})
    return it if tried.offered else replace(it, refused=tried.why)
