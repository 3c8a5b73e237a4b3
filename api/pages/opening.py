"""A new case in one step: the client is registered and the case opened, once, however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

from fastapi import FastAPI
from starlette.responses import Response

from api import problems
from api.auth import TokenMissing
from api.pages.case import staff
from api.pages.filled import headers, read
from api.pages.page import Values, Visit, mount
from domain.intake import Contact, OpenCase

if TYPE_CHECKING:
    from domain.ledger.application import Cases


def mount_opening(app: FastAPI, cases: Cases) -> None:
    """Mount the page of a new case."""
    mount(app, cases, "/desk/new", "DeskNew", new, "GET", "POST")


async def new(visit: Visit) -> Response:
    """Show the form of a new case, or open what it says."""
    if visit.request.method == "GET":
        staff(visit)
        return shown(visit, {})
    filled = await visit.form()
    staff(visit)
    try:
        case = await opened(visit, filled)
    except TokenMissing:
        raise
    except tuple(problems.kinds().values()) as refused:
        return shown(visit, filled, problems.told(refused), problems.status(type(refused)))
    return visit.onward(f"/desk/cases/{case}", done="open-case")


async def opened(visit: Visit, filled: Values) -> UUID:
    """Open a case for the client who is named, or else for one who is registered with it; return the case.

    Both acts go by the form's own key, so that what is sent twice is done once.
    """
    said = headers(filled)
    body = read(OpenCase, filled)
    if "client" not in body:
        key = {"Idempotency-Key": f"{said['Idempotency-Key']}.client"} if "Idempotency-Key" in said else {}
        body["client"] = (await visit.ask.post("/clients", {}, key))["id"]
    return UUID((await visit.ask.post("/cases", body, said))["id"])


def shown(visit: Visit, filled: Values, problem: Mapping[str, Any] | None = None, status: int = 200) -> Response:
    """Show the form with what was typed, and what was wrong with it."""
    typed = {name: filled.get(name, [""])[0] for name in ("need", "client", "channel", "first_contact_at", "key")}
    found = {"errors": [], "details": {}} | dict(problem or {})
    wrong = {it["where"].rpartition("/")[2] for it in found["errors"]} | {found["details"].get("field")}
    return visit.render(
        "desk/new.html", status, typed=typed, channels=get_args(Contact), problem=found if problem else None,
        wrong=wrong,
    )  # fmt: skip
