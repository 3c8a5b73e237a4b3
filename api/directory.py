"""The directory: whom a case can be offered to, and how they are reached; and how to reach who answers for a case.

Under address protection nobody is told of a unit or a worker who isn't to know it (`api.protected`): they are told the
organisation and its switchboard.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from psycopg import Connection
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api.admission import admitted, sight_of
from api.auth import By, bearer
from api.figures import READERS, only
from api.lists import PageWanted
from api.moments import AsOf, next_page, read_key
from api.places import Somewhere
from api.protected import hidden_from
from api.queries import Bounds, Promise, promise_of, stood
from api.reads import answer
from api.rows import in_utc, kept
from domain.case import Case
from domain.decider import CLIENT_SIDE, Actor, Role
from domain.directory import organisation_stream, unit_stream, worker_stream
from domain.ledger.application import Cases
from domain.reaching import Hours
from domain.remembered import Holder, OwnerKind
from projections.reach import ORGANISATIONS, UNIT_REACH, WORKER_REACH
from projections.units import UNITS
from projections.workers import WORKERS

_READERS = READERS | CLIENT_SIDE | {Role.ADMINISTRATOR}
"""Who reads the directory: the client's side too, who may choose anybody of it to drive their case."""

_Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]
Key = tuple[_Text, _Text, _Text, _Text, _Text, _Text]
"""Where somebody stands in the directory: by the names of organisation, unit and worker, and their ids."""


class DirectoryWanted(Somewhere, PageWanted):
    """Whom of the directory is wanted."""

    q: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = Field(
        "",
        description="In the names or ids, of organisation, unit and worker together, each of these words stands.",
    )

    @property
    def values(self) -> dict[str, Any]:
        """What the statement takes. Raises `UnitWithoutOrganisation` and `CursorMalformed`."""
        here = self.place
        return {
            "organisation": here.organisation, "unit": here.unit, "words": self.q.lower().split(),
            "after": None if self.after is None else list(read_key(self.after, Key)), "limit": self.limit + 1,
        }  # fmt: skip


class InDirectory(BaseModel):
    """A unit, or a worker in one, to whom a case can be offered: by ids, by the names to show, and how to reach them.

    Nothing is offered any more to a unit that was closed, or to a worker who is leaving. `telephone` is the worker's
    own; without one the unit's. Where no name is known the id stands for it. Clients and who acts for them are told no
    locality here, and no address to visit.
    """

    organisation: str
    organisation_name: str
    switchboard: str | None
    unit: str
    unit_name: str
    locality: str | None
    closed_at: datetime | None
    worker: str | None
    worker_name: str | None
    profession: str | None
    leaving_at: datetime | None
    telephone: str | None
    hours: list[Hours]
    electronic: str | None
    visiting: str | None


class Directory(BaseModel):
    """A page of the directory: by organisation, each unit before its workers, by their names."""

    places: list[InDirectory]
    next: str | None


class NamesWanted(BaseModel):
    """Whose names are wanted."""

    model_config = ConfigDict(extra="forbid")

    holder: list[Annotated[str, StringConstraints(max_length=600, pattern=r"^[^\x00/]+/[^\x00/]+(/[^\x00/]+)?$")]] = (
        Field([], max_length=200, description="A holder: organisation/unit, or organisation/unit/worker.")
    )

    @property
    def values(self) -> dict[str, list[Any]]:
        """What the statement takes."""
        whom = [(*it.split("/"), "")[:3] for it in self.holder]
        return {
            "organisations": [it for it, _, _ in whom], "units": [it for _, it, _ in whom],
            "workers": [it or None for _, _, it in whom],
            "of_organisations": [organisation_stream(it) for it, _, _ in whom],
            "of_units": [unit_stream(it, unit) for it, unit, _ in whom],
            "of_workers": [worker_stream(it, worker) for it, _, worker in whom],
        }  # fmt: skip


class Named(BaseModel):
    """A holder by ids, and by the names to show: null where the directory has none. Whoever has left is named too."""

    organisation: str
    organisation_name: str | None
    unit: str
    unit_name: str | None
    worker: str | None
    worker_name: str | None


class Names(BaseModel):
    """The names of holders, in the order in which they were asked for."""

    names: list[Named]


class Reach(BaseModel):
    """Somebody who answers for a case or drives it, by ids and by the names to show, and how to reach them.

    `telephone` is the worker's own; without one the unit's. `hours` are those of the unit, as times in Finland.
    """

    organisation: str
    organisation_name: str
    switchboard: str | None
    unit: str
    unit_name: str
    worker: str | None
    worker_name: str | None
    telephone: str | None
    hours: list[Hours]
    electronic: str | None
    visiting: str | None


class ReachOfCase(BaseModel):
    """Who drives a case and who answers for it, each with how to reach them, and what is promised next.

    `owner` is null where the client owns it, or nobody. Of a case that is closed `responsible` is who answered last.
    """

    case: UUID
    version: int
    status: Literal["open", "closed"]
    owned_by: OwnerKind | None
    owner: Reach | None
    responsible: Reach
    next_step: Promise | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the directory."""

    def directory(request: Request, by: By, wanted: Annotated[DirectoryWanted, Query()]) -> Response:
        """List units and their workers, to choose whom to offer a case: by organisation, by unit, or by name."""
        only(by, _READERS)
        with (
            cases.pool.reading(sight_of(bearer(request))) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = cursor.execute(_DIRECTORY.encode(), wanted.values, prepare=False).fetchall()
        page = rows[: wanted.limit]
        following = _place(page[-1]) if len(rows) > wanted.limit else None
        return answer(request, cases, {"places": [_told(it, by) for it in page], "next": next_page(request, following)})

    def names(request: Request, by: By, wanted: Annotated[NamesWanted, Query()]) -> Response:
        """Tell what holders that one knows by their ids are called: units, and workers of them, now or before."""
        only(by, _READERS)
        with (
            cases.pool.reading(sight_of(bearer(request))) as connection,
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            rows = cursor.execute(_NAMES.encode(), wanted.values, prepare=False).fetchall()
        return answer(request, cases, {"names": rows})

    def reach(request: Request, id: UUID, by: By) -> Response:  # noqa: A002
        """Tell who owns a case and who answers for it, how to reach them, and what is promised next, as it is now."""
        it = stood(cases, id, AsOf(), Bounds(admitted(request, cases, id).upto))
        untold, hidden = kept(cases, id, by), bool(hidden_from(cases, by, [id]))
        content = {
            "case": id, "version": it.head, **_holders(cases, it.state, hidden=hidden),
            "next_step": promise_of(cases, id, it.steps, untold),
        }  # fmt: skip
        return answer(request, cases, content, it.head)

    app.add_api_route(
        "/directory", directory, operation_id="ListDirectory", summary="List the directory", tags=["directory"],
        response_class=Response, responses={200: {"description": "A page of it", "model": Directory}},
    )  # fmt: skip
    app.add_api_route(
        "/directory/names", names, operation_id="ListNames", summary="Tell what holders are called", tags=["directory"],
        response_class=Response, responses={200: {"description": "Their names", "model": Names}},
    )  # fmt: skip
    app.add_api_route(
        "/cases/{id}/reach", reach, operation_id="ReadCaseReach", summary="Read how to reach who answers for a case",
        tags=["cases"], response_class=Response, responses={
            200: {"description": "Who answers now", "model": ReachOfCase},
            304: {"description": "Nothing has changed since the version in If-None-Match"},
        },
    )  # fmt: skip


def reached(cases: Cases, holder: Holder) -> dict[str, Any]:
    """Return how somebody is reached, as `Reach` tells it; a name is None where the directory has none."""
    values = {
        "organisation": organisation_stream(holder.organisation),
        "unit": unit_stream(holder.organisation, holder.unit),
        "worker": worker_stream(holder.organisation, holder.worker or ""),
    }
    with cases.pool.connection() as connection:
        found = _one(connection, values)
    own, of_unit = found.pop("worker_telephone"), found.pop("telephone")
    return vars(holder) | found | {"telephone": own or of_unit, "hours": found["hours"] or []}


def _holders(cases: Cases, state: Case, *, hidden: bool) -> dict[str, Any]:
    assert state.responsible is not None  # noqa: S101 - for the type: only a case that was opened is read
    is_open = state.status == "open"
    driving = {"responsible": state.responsible, "client": None, "chosen": state.chosen}[state.owned_by]
    owner = driving if is_open else None
    return {
        "status": state.status, "owned_by": state.owned_by if is_open else None,
        "owner": None if owner is None else _reach(cases, owner, hidden=hidden),
        "responsible": _reach(cases, state.responsible, hidden=hidden),
    }  # fmt: skip


def _reach(cases: Cases, holder: Holder, *, hidden: bool) -> dict[str, Any]:
    """Return how somebody is reached: without the hours of a unit that is not to be known, which may tell it."""
    it = reached(cases, holder)
    names = {name: it[f"{name}_name"] or it[name] for name in ("organisation", "unit", "worker")}
    return it | {f"{name}_name": said for name, said in names.items()} | {"hours": [] if hidden else it["hours"]}


def _one(connection: Connection[Any], values: dict[str, UUID]) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_REACH.encode(), values).fetchone()
    assert found is not None  # noqa: S101 - for the type: there is one row, whatever is known
    return found


def _told(row: dict[str, Any], by: Actor) -> dict[str, Any]:
    """Return a row as somebody is told it: where a shelter is clients in general don't need to know."""
    untold = {"locality": None, "visiting": None} if by.role in CLIENT_SIDE else {}
    return {name: in_utc(row[name]) for name in InDirectory.model_fields} | untold


def _place(row: dict[str, Any]) -> str:
    names = ("organisation_name", "unit_name", "organisation", "unit")
    return msgspec.json.encode((*(row[it] for it in names), row["worker_name"] or "", row["worker"] or "")).decode()


# The rows of a unit are one for each limit of its workers' caseload, of which the last is of now.
_UNITS = f"(SELECT DISTINCT ON (unit_stream) * FROM {UNITS.table.table} ORDER BY unit_stream, number DESC)"  # noqa: S608
_REACH = f"""
    SELECT o.name AS organisation_name, o.telephone AS switchboard, u.name AS unit_name, c.telephone, c.hours,
        c.electronic, c.visiting, w.name AS worker_name, w.telephone AS worker_telephone
    FROM (SELECT 1) one
    LEFT JOIN {ORGANISATIONS.table.table} o ON o.organisation_stream = %(organisation)s
    LEFT JOIN (
        SELECT name FROM {UNITS.table.table} WHERE unit_stream = %(unit)s ORDER BY number DESC LIMIT 1
    ) u ON true
    LEFT JOIN {UNIT_REACH.table.table} c ON c.unit_stream = %(unit)s
    LEFT JOIN {WORKER_REACH.table.table} w ON w.stream = %(worker)s"""  # noqa: S608 - the tables' names are our own
_NAMES = f"""
    SELECT a.organisation, o.name AS organisation_name, a.unit, u.name AS unit_name, a.worker, w.name AS worker_name
    FROM unnest(
        %(organisations)s::text[], %(units)s::text[], %(workers)s::text[],
        %(of_organisations)s::uuid[], %(of_units)s::uuid[], %(of_workers)s::uuid[]
    ) WITH ORDINALITY a (organisation, unit, worker, of_organisation, of_unit, of_worker, place)
    LEFT JOIN {ORGANISATIONS.table.table} o ON o.organisation_stream = a.of_organisation
    LEFT JOIN LATERAL (
        SELECT name FROM {UNITS.table.table} WHERE unit_stream = a.of_unit ORDER BY number DESC LIMIT 1
    ) u ON true
    LEFT JOIN {WORKER_REACH.table.table} w ON w.stream = a.of_worker
    ORDER BY a.place"""  # noqa: S608 - the tables' names are our own
_DIRECTORY = f"""
    WITH places AS (
        SELECT u.organisation, coalesce(o.name, u.organisation) AS organisation_name, o.telephone AS switchboard,
            u.unit, u.name AS unit_name, u.locality, u.closed_at, w.worker, coalesce(w.name, w.worker) AS worker_name,
            w.profession, w.leaving_at, coalesce(w.telephone, c.telephone) AS telephone,
            coalesce(c.hours, '[]') AS hours, c.electronic, c.visiting
        FROM {_UNITS} u
        LEFT JOIN {ORGANISATIONS.table.table} o ON o.organisation = u.organisation
        LEFT JOIN {UNIT_REACH.table.table} c ON c.unit_stream = u.unit_stream
        CROSS JOIN LATERAL (
            SELECT NULL AS worker, NULL AS name, NULL AS telephone, NULL AS profession, NULL AS leaving_at
            UNION ALL
            SELECT p.worker, r.name, r.telephone, p.profession, p.leaving_at
            FROM {WORKERS.table.table} p LEFT JOIN {WORKER_REACH.table.table} r ON r.stream = p.stream
            WHERE p.organisation = u.organisation AND p.unit = u.unit AND p.departed_at IS NULL
        ) w
        WHERE (%(organisation)s::text IS NULL OR u.organisation = %(organisation)s)
        AND (%(unit)s::text IS NULL OR u.unit = %(unit)s)
    )
    SELECT * FROM places WHERE NOT EXISTS (
        SELECT FROM unnest(%(words)s::text[]) word
        WHERE strpos(
            lower(concat_ws(' ', organisation_name, organisation, unit_name, unit, worker_name, worker)), word
        ) = 0
    )
    AND (%(after)s::text[] IS NULL OR (
        organisation_name, unit_name, organisation, unit, coalesce(worker_name, ''), coalesce(worker, '')
    ) > (
        (%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3], (%(after)s::text[])[4],
        (%(after)s::text[])[5], (%(after)s::text[])[6]
    ))
    ORDER BY organisation_name, unit_name, organisation, unit, coalesce(worker_name, ''), coalesce(worker, '')
    LIMIT %(limit)s"""  # noqa: S608 - the tables' names are our own
