"""The slip (lappu): made by whoever works in a case or by the client, and looked up by its code, by anybody.

Whoever has the code is told who answers now, how to reach them, and the next promise: no name of a client, no case,
nothing else (`api.answering`). A code that is unknown, one that has expired and one that was taken back are answered
alike, and so is one that was given out before the client's address was protected: nobody knows who has it by now. Each
look stands in the log of reads.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from api.admission import admitted, standing_of
from api.answering import answering, says
from api.auth import By, bearer
from api.house import House
from api.problems import Problem
from api.protected import is_protected
from api.rates import Rate, address_of
from api.reads import Reading, answer, log
from api.rows import in_utc
from api.rules import policies_of
from api.settings import Rates
from domain.authorization import NotInTheCase, Purpose, may
from domain.case import Case
from domain.decider import Action, Actor, Role
from domain.intake import Who
from domain.ledger.application import Cases
from domain.ledger.slips import Slip, Slips
from domain.reaching import Hours
from domain.slip import Answering, read_code

HOLDER = Actor("slip", Role.SYSTEM)
"""Whoever looks by a code, as the log of reads names them: nobody knows who it is."""

OPEN = ("/slip",)
"""The path, with those below it, that asks for no token."""

STATUSES = {"/slip": {400, 404, 413, 422, 503}}
"""Which problems they may end in, beside those of all paths."""


class SlipUnknown(Problem):
    """No slip with this code counts any more, or ever did. Ask for a new one where the matter is dealt with."""

    status = 404


class Typed(BaseModel):
    """A code, as it was typed: in capitals or not, with its hyphens or without, O for 0, and I or L for 1."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=100)


class Revoked(BaseModel):
    """The slip that is taken back."""

    model_config = ConfigDict(extra="forbid")

    slip: UUID


class PromiseTold(BaseModel):
    """What is promised next: who does it and by when. `what` is null where that is not for everybody to be told."""

    who: Who
    what: str | None
    due: datetime


class Says(BaseModel):
    """What a slip says now, in plain words, short enough for a text message: in Finnish, Swedish and English."""

    fi: str
    sv: str
    en: str


class SlipTold(BaseModel):
    """What a slip tells: who answers now, or answered last, how to reach them, and what is promised next."""

    status: Literal["open", "closed"]
    organisation_name: str
    unit_name: str | None
    worker_name: str | None
    telephone: str | None
    hours: list[Hours]
    electronic: str | None
    next_step: PromiseTold | None
    says: Says


class SlipMade(BaseModel):
    """A slip: its code, which is told now and never again, until when it counts, and what it tells now."""

    case: UUID
    slip: UUID
    code: str
    expires: datetime
    says: Says


class SlipListed(BaseModel):
    """That a slip was made: by whom, when, until when its code counts, and when it was taken back, if it was."""

    slip: UUID
    made: datetime
    expires: datetime
    revoked: datetime | None
    by: str
    by_role: Role
    organisation: str | None
    unit: str | None


class SlipsOfCase(BaseModel):
    """The slips of a case, the newest first, and what each that counts says now."""

    case: UUID
    slips: list[SlipListed]
    says: Says


@dataclass(frozen=True)
class Looks:
    """Looks by a code. Those that find nothing are counted: by address, and all together."""

    slips: Slips
    of_address: Rate
    of_all: Rate

    def told(self, scope: Scope, typed: str) -> Answering:
        """Return what a code tells, once the look is written down.

        Raises `CodeMistyped`, `SlipUnknown`, `TooManyRequests`, and what writing it down raises.
        """
        who, cases = address_of(scope), self.slips.cases
        self.of_address.check(who)
        self.of_all.check("")
        found = self.slips.found(read_code(typed))
        if found is None or not _counts(cases, found):
            self.of_all.spend("")
            self.of_address.spend(who)
            raise SlipUnknown
        log(cases.pool, Reading(HOLDER, "ReadSlip", frozenset({found.case}), Purpose.SLIP))
        return answering(cases, found.case)


def looks(cases: Cases, rates: Rates) -> Looks:
    """Return the looks of a service that takes so many a minute."""
    return Looks(Slips(cases), Rate("slip", rates.slip), Rate("slips", rates.slips))


def mount(app: FastAPI, house: House) -> None:
    """Mount the slips of a case, and the look by a code."""
    cases, slips = house.cases, Slips(house.cases)
    app.state.looks = looks(cases, house.settings.rates)

    def make(request: Request, id: UUID, by: By) -> Response:  # noqa: A002
        """Make a slip of a case: its code tells anybody who answers for it, and the next promise, as they are then.

        The code is told this once. Slips that were made before go on counting until they expire or are taken back.
        """
        only_who_work(request, cases, id)
        now = datetime.now(UTC)
        made, code = slips.make(id, by, now + timedelta(days=_days(cases, by)), protected=is_protected(cases, id))
        told = {"slip": made.slip, "code": code, "expires": in_utc(made.expires), "says": says(answering(cases, id))}
        answered = answer(request, cases, {"case": id} | told)
        answered.status_code = 201
        return answered

    def of_case(request: Request, id: UUID, by: By) -> Response:  # noqa: A002, ARG001
        """Tell which slips of a case were made, when and by whom, and which count: never their codes."""
        if admitted(request, cases, id).upto is not None:  # nobody is told of those of after their time
            raise NotInTheCase
        return answer(request, cases, _listed(slips, id))

    def revoke(request: Request, id: UUID, body: Revoked, by: By) -> Response:  # noqa: A002
        """Take a slip back: its code tells nothing any more. Taken back twice it stays as it was."""
        only_who_work(request, cases, id)
        if not slips.revoke(id, body.slip, by):
            raise SlipUnknown
        return answer(request, cases, _listed(slips, id))

    def look(request: Request, body: Typed) -> Response:
        """Tell who answers for a matter, how to reach them and what is promised, by the code of its slip.

        Anybody may ask, without a token. What is asked too often in vain is not answered for the rest of the minute.
        """
        looked: Looks = request.app.state.looks
        content = slip_told(looked.told(request.scope, body.code))
        return Response(msgspec.json.encode(content), 200, {"Cache-Control": "no-store"}, "application/json")

    for path, method, endpoint, name, summary, status, model in (
        ("/cases/{id}/slip", "POST", make, "MakeSlip", "Make a slip", 201, SlipMade),
        ("/cases/{id}/slips", "GET", of_case, "ReadCaseSlips", "Read a case's slips", 200, SlipsOfCase),
        ("/cases/{id}/revoke-slip", "POST", revoke, "RevokeSlip", "Take a slip back", 200, SlipsOfCase),
        ("/slip", "POST", look, "ReadSlip", "Read by a slip's code", 200, SlipTold),
    ):
        app.add_api_route(
            path, endpoint, methods=[method], operation_id=name, summary=summary, tags=["slips"], status_code=status,
            response_class=Response, responses={status: {"description": "As it is now", "model": model}},
        )  # fmt: skip


def only_who_work(request: Request, cases: Cases, case: UUID) -> None:
    """Refuse whoever may not work in the case. Raises `StreamAbsent` and `NotInTheCase`."""
    admitted(request, cases, case)
    who = bearer(request)
    if not may(Action.WORK, who.actor.role, standing_of(cases, who, case).relations):
        raise NotInTheCase


def slip_told(it: Answering) -> dict[str, Any]:
    """Return what a slip tells, as `SlipTold` has it."""
    return {
        "status": "closed" if it.closed else "open", "organisation_name": it.organisation, "unit_name": it.unit,
        "worker_name": it.worker, "telephone": it.telephone, "hours": it.hours, "electronic": it.electronic,
        "next_step": in_utc(it.promised), "says": says(it),
    }  # fmt: skip


def _counts(cases: Cases, slip: Slip) -> bool:
    """Say whether a slip's code counts, as its case is now: not once it is erased, nor by what others knew before.

    What was given out before the client's address was protected may be in the hands of whom it is protected from.
    """
    state = cases.loaded(slip.case, Case).state
    return not state.erased and (slip.protected or not is_protected(cases, slip.case))


def _days(cases: Cases, by: Actor) -> int:
    return policies_of(cases).at(None, by.organisation, by.unit).slip_days


def _listed(slips: Slips, case: UUID) -> dict[str, Any]:
    rows = [vars(it) | {"by": it.who, "by_role": it.role} for it in slips.of(case)]
    told = [{name: in_utc(it[name]) for name in SlipListed.model_fields} for it in rows]
    return {"case": case, "slips": told, "says": says(answering(slips.cases, case))}
