"""The auditor's search: cases by finding, by how they flowed, by how they ended, by date; or one by its id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, get_args
from uuid import UUID

from fastapi import FastAPI
from starlette.responses import Response

from api.pages.asking import following
from api.pages.page import Visit, mount
from domain.acceptance import DeclineCode
from domain.calendar import HELSINKI
from domain.decider import Role
from domain.ledger.application import Cases
from domain.remembered import Ground, Initiator
from projections.searched import Answer

PAGE = 50

_DAYS = {
    "opened_from": 0, "opened_to": 1, "closed_from": 0, "closed_to": 1, "moved_after": 0, "moved_before": 1,
    "from": 0, "to": 1,
}  # fmt: skip
"""The fields that are days of Finland, and how many days after that day the query is asked for: a last day counts."""

_WRITTEN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_AS_THEY_ARE = ("finding", "status", "ground", "initiator", "answer", "code", "moved_from", "moved_to", "bounced")


def mount_search(app: FastAPI, cases: Cases) -> None:
    """Mount the search."""
    mount(app, cases, "/audit", "AuditSearch", search)


async def search(visit: Visit) -> Response:
    """Show the cases that are sought, or where to begin."""
    query = {name: it.strip() for name, it in visit.request.query_params.items() if it.strip()}
    case = _case(query.get("case"))
    if case is not None:
        return visit.onward(f"/audit/cases/{case}")
    lists = visit.who.actor.role == Role.AUDITOR  # an ombudsman reads the cases that they are asked about, by their id
    asked, wrong = _asked(query)
    found = None
    if lists and not wrong and "case" not in query:
        found = await visit.ask.get("/cases", limit=PAGE, after=query.get("after"), **asked)
    wrong |= {"case"} & query.keys()
    return visit.render(
        "audit/search.html", query=query, found=found, following=following(found) if found else None, wrong=wrong,
        lists=lists, rules=await _rules(visit) if lists else [], grounds=get_args(Ground), answers=get_args(Answer),
        initiators=get_args(Initiator), codes=get_args(DeclineCode), sought={it: query[it] for it in asked_of(query)},
    )  # fmt: skip


def asked_of(query: Mapping[str, str]) -> Iterator[str]:
    """Yield the fields of the search that say something."""
    return (it for it in (*_AS_THEY_ARE, *_DAYS) if it in query)


def _asked(query: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Return what the query is asked, and the fields that are no days."""
    asked = {it: query[it] for it in _AS_THEY_ARE if it in query}
    wrong: set[str] = set()
    for name, later in _DAYS.items():
        if name not in query:
            continue
        try:
            day = _day(query[name]) + timedelta(days=later)
        except (ValueError, OverflowError):
            wrong.add(name)
        else:
            asked[f"{name}_" if name == "from" else name] = datetime.combine(day, time(), HELSINKI).isoformat()
    return asked, wrong


def _day(written: str) -> date:
    """Return a day as people in Finland write it, or as programs do. Raises ValueError."""
    finnish = _WRITTEN.fullmatch(written)
    return date(*map(int, reversed(finnish.groups()))) if finnish else date.fromisoformat(written)


def _case(written: str | None) -> UUID | None:
    try:
        return UUID(written) if written else None
    except ValueError:
        return None


async def _rules(visit: Visit) -> list[dict[str, Any]]:
    """Return the rules of which there are findings, in the reader's language."""
    told = (await visit.ask.get("/rules", language=visit.into))["rules"]
    return [it for it in told if "finding" in it["levels"]]
