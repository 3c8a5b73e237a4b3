"""What workers, units and organisations have on hand, now or at a past moment; and who the workers and units are."""

from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from psycopg import Connection
from psycopg.rows import dict_row
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.admission import sight_of
from api.auth import By, bearer
from api.figures import counting
from api.lists import READERS, moment_of, only_readers
from api.moments import Then
from api.places import Name, Somewhere
from api.problems import Problem
from api.reads import answer
from api.rows import in_utc
from domain.decider import STAFF, Actor, Role, RoleNotAllowed, StreamAbsent
from domain.ledger.application import Cases
from projections.behind import count_behind
from projections.caseload import Figures, Load, caseload, total
from projections.findings.found import Moment
from projections.searched import Place
from projections.standing import STANDING
from projections.units import UNITS
from projections.workers import WORKERS

_DIRECTORY_READERS = READERS | {Role.ADMINISTRATOR}


class OrganisationNotNamed(Problem):
    """Your token is of no organisation. Name the one that you ask of, as in organisation=kela."""

    status = 422


class CaseloadOfAnothers(Problem):
    """What an organisation has on hand is told to its own staff. Ask of your own."""

    status = 403


class CaseloadWanted(Somewhere):
    """Whose caseload is wanted, and of when: one's own organisation's now, unless it says otherwise."""

    worker: Name | None = Field(None, description="The worker, by the employer's id: in each of their units.")
    happened_by: Then | None = Field(None, description="As it was at this time, by what is known now.")

    def whose(self, by: Actor) -> Place:
        """Return whose it is. Raises `UnitWithoutOrganisation` and `OrganisationNotNamed`."""
        organisation = self.place.organisation or by.organisation
        if organisation is None:
            raise OrganisationNotNamed
        return Place(organisation, self.place.unit, self.worker)


class UnitLoad(BaseModel):
    """What a unit and its workers have on hand together; `over` counts its workers who are above the ceiling."""

    unit: str
    figures: Figures
    over: int


class Caseload(BaseModel):
    """What an organisation, a unit or a worker has on hand: together, by unit, and by holder if not of all units.

    `behind` is how many cases it may not have up to date.
    """

    organisation: str
    unit: str | None
    worker: str | None
    at: datetime
    figures: Figures
    units: list[UnitLoad]
    holders: list[Load]
    behind: int


class InUnit(BaseModel):
    """A unit that a worker works in, as what, since when."""

    unit: str
    profession: str
    joined_at: datetime


class WorkerTold(BaseModel):
    """A worker: their units and what they have on hand there. One who is leaving takes on nothing more."""

    organisation: str
    worker: str
    units: list[InUnit]
    leaving_at: datetime | None
    departed_at: datetime | None
    caseload: list[Load]


class UnitTold(BaseModel):
    """A unit, the caseload limit of its workers where one is set, and what it and its workers have on hand."""

    organisation: str
    unit: str
    name: str
    locality: str | None
    opened_at: datetime
    closed_at: datetime | None
    caseload_limit: int | None
    caseload: list[Load]


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the caseload, and what the directory tells of workers and units."""

    def read_caseload(request: Request, by: By, wanted: Annotated[CaseloadWanted, Query()]) -> Response:
        """Tell how many cases are held, offered, waiting and due: of a worker, a unit or an organisation."""
        only_readers(by.role)
        whose, moment = wanted.whose(by), moment_of(cases, wanted.happened_by)
        if not _sees_caseload(by, whose.organisation):
            raise CaseloadOfAnothers
        with counting(request, cases) as connection:  # also what has gone on from there since
            loads = _loads(connection, moment, whose)
            behind = count_behind(connection, [STANDING])[STANDING.name]
        named = (whose.unit, whose.worker) != (None, None)
        return answer(request, cases, asdict(whose) | {
            "at": in_utc(moment.at), "figures": total(loads), "units": _by_unit(loads),
            "holders": loads if named else [], "behind": behind,
        })  # fmt: skip

    def read_worker(request: Request, organisation: _InPath, worker: _InPath, by: By) -> Response:
        """Tell which units a worker works in, whether they are leaving, and what they have on hand."""
        _only_of_directory(by)
        moment, seen = moment_of(cases, None), _sees_caseload(by, organisation)
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            rows = _rows(connection, _WORKER, organisation, worker)
            loads = _loads(connection, moment, Place(organisation, worker=worker)) if seen else []
        units = [{it: in_utc(row[it]) for it in InUnit.model_fields} for row in rows]
        left = {it: in_utc(rows[-1][it]) for it in ("leaving_at", "departed_at")}
        told = {"organisation": organisation, "worker": worker, "units": units, "caseload": loads}
        return answer(request, cases, told | left)

    def read_unit(request: Request, organisation: _InPath, unit: _InPath, by: By) -> Response:
        """Tell what a unit is called and where it is, its caseload limit, and what it and its workers have on hand."""
        _only_of_directory(by)
        moment, seen = moment_of(cases, None), _sees_caseload(by, organisation)
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            row = _rows(connection, _UNIT, organisation, unit)[-1]
            loads = _loads(connection, moment, Place(organisation, unit)) if seen else []
        told = {it: in_utc(row[it]) for it in UnitTold.model_fields if it in row}
        return answer(request, cases, told | {"caseload": loads})

    app.add_api_route(
        "/caseload", read_caseload, operation_id="ReadCaseload", summary="Read a caseload", tags=["reports"],
        response_class=Response, responses={200: {"description": "What is on hand", "model": Caseload}},
    )  # fmt: skip
    app.add_api_route(
        "/workers/{organisation}/{worker}", read_worker, operation_id="ReadWorker", summary="Read a worker",
        tags=["directory"], response_class=Response,
        responses={200: {"description": "The worker", "model": WorkerTold}},
    )  # fmt: skip
    app.add_api_route(
        "/units/{organisation}/{unit}", read_unit, operation_id="ReadUnit", summary="Read a unit",
        tags=["directory"], response_class=Response, responses={200: {"description": "The unit", "model": UnitTold}},
    )  # fmt: skip


_InPath = Annotated[Name, Path()]


def _only_of_directory(by: Actor) -> None:
    if by.role not in _DIRECTORY_READERS:
        raise RoleNotAllowed(role=by.role, allowed=sorted(_DIRECTORY_READERS))


def _sees_caseload(by: Actor, organisation: str | None) -> bool:
    """Say whether somebody is told what an organisation has on hand: auditors, of the cases that they were let see."""
    return by.role == Role.AUDITOR or (by.role in STAFF and by.organisation == organisation)


def _loads(connection: Connection[Any], moment: Moment, whose: Place) -> list[Load]:
    return caseload(
        connection, whose.organisation or "", whose.unit, whose.worker, now=moment.now, policies=moment.policies,
        happened_by=moment.asked,
    )  # fmt: skip


def _by_unit(loads: list[Load]) -> list[dict[str, Any]]:
    grouped = [(unit, list(of_unit)) for unit, of_unit in groupby(loads, key=lambda it: it.unit)]
    return [{"unit": unit, "figures": total(it), "over": sum(one.over > 0 for one in it)} for unit, it in grouped]


def _rows(connection: Connection[Any], statement: str, *named: str) -> list[dict[str, Any]]:
    """Return what the directory's table tells of somebody; refuse one whom it does not know."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement.encode(), named).fetchall()
    if not rows:
        raise StreamAbsent
    return rows


_WORKER = f"""
    SELECT * FROM {WORKERS.table.table} WHERE organisation = %s AND worker = %s
    ORDER BY joined_at, unit"""  # noqa: S608 - the table's name is our own
_UNIT = f"SELECT * FROM {UNITS.table.table} WHERE organisation = %s AND unit = %s ORDER BY number"  # noqa: S608
