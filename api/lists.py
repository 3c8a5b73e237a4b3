"""Which cases there are: by who owns them, who answers for them, what waits and what stands; and a client's own."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.admission import cases_of, reads_client, sight_of
from api.auth import By, bearer
from api.moments import CursorMalformed, Moment, Then, next_page, read_key
from api.places import Name, Somewhere, place_in
from api.problems import Problem
from api.protected import betrayed
from api.reads import answer
from api.rows import in_utc
from api.rules import policies_of
from domain.acceptance import DeclineCode
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Role, RoleNotAllowed, StreamAbsent
from domain.ledger.application import Cases
from domain.ledger.calendar import finnish_calendar
from domain.remembered import Ground, Holder, Initiator, OwnerKind
from projections import listed
from projections.behind import count_behind
from projections.findings import found
from projections.findings.judged import FINDINGS
from projections.listed import Key, Sort, Sought
from projections.searched import Answer, Ended, Moved, Place, Span
from projections.standing import STANDING

READERS = STAFF | {Role.AUDITOR}
"""The roles that read about cases which are not their own."""

_MOST = 1000


class SortOfNow(Problem):
    """Cases are sorted as they stand now; at a past moment they come in the order of their ids. Leave out `sort`."""

    status = 422


class ResponsibleTwice(Problem):
    """Two are named, and one alone answers for a case. Name each once: with `responsible` before it or without."""

    status = 422


class PageWanted(BaseModel):
    """Which page is wanted."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(None, description="Where the page before ended: from its link `next`.")
    limit: int = Field(100, ge=1, le=_MOST, description="How many to tell at most.")


class Wanted(Somewhere, PageWanted):
    """Which cases are wanted, and at what time: now, unless `happened_by` says otherwise. Every filter holds then too.

    `organisation`, `unit` and `worker` say who answers for them; so do the three that begin with `responsible`, without
    asking for the organisation of a unit. What is said of a closing holds of one closing, and what is said of an offer
    of one offer: from where to where, when, and what came of it.
    """

    worker: Name | None = Field(None, description="The worker who answers for them, by the employer's id.")
    responsible_organisation: Name | None = Field(None, description="The organisation that answers for them.")
    responsible_unit: Name | None = Field(None, description="The unit that answers for them, by its own id.")
    responsible_worker: Name | None = Field(None, description="The worker who answers for them.")
    owner: Name | None = Field(
        None, description="Who drives them: client, responsible, chosen; or organisation/unit/worker, the end left out."
    )
    offered_to: Name | None = Field(None, description="To whom they are offered: organisation/unit/worker likewise.")
    status: Literal["open", "closed"] | None = None
    due_by: Moment | None = Field(None, description="Their promised next step is due by this time.")
    without_worker: bool = Field(False, description="Only those that a unit answers for, without a named worker.")
    finding: int | None = Field(None, ge=1, le=99, description="A finding of this rule stands open in them.")
    opened_from: Moment | None = Field(None, description="They were opened, the first time, at this time or after.")
    opened_to: Moment | None = Field(None, description="They were opened before this time.")
    since: Moment | None = Field(None, alias="from", description="They were open at some time from this time on.")
    until: Moment | None = Field(None, alias="to", description="They were open at some time before this time.")
    ground: Ground | None = Field(None, description="They were closed on this ground: also if taken up again since.")
    initiator: Initiator | None = Field(None, description="They were closed at the initiative of these.")
    closed_from: Moment | None = Field(None, description="They were closed at this time or after.")
    closed_to: Moment | None = Field(None, description="They were closed before this time.")
    moved_from: Name | None = Field(
        None, description="They were offered or transferred from there, taken on or not: organisation/unit/worker."
    )
    moved_to: Name | None = Field(None, description="They were offered or transferred there, likewise.")
    moved_after: Moment | None = Field(None, description="They were offered so at this time or after.")
    moved_before: Moment | None = Field(None, description="They were offered so before this time.")
    answer: Answer | None = Field(None, description="What came of that offer; a transfer received was accepted.")
    code: DeclineCode | None = Field(None, description="With which code that offer was declined.")
    bounced: bool = Field(False, description="Only where that offer went straight back to where it came from: A, B, A.")
    sort: Sort = Field("case", description="By their ids, or the earliest first. At a past moment by their ids alone.")
    happened_by: Then | None = Field(None, description="As they stood at this time, by what is known now.")

    def sought(self, moment: found.Moment) -> Sought:
        """Return what is sought. Raises `UnitWithoutOrganisation` and `ResponsibleTwice`."""
        kind, here = self.owner in get_args(OwnerKind), self.place
        return Sought(
            moment,
            owned_by=self.owner if kind else None,  # type: ignore[arg-type]  # it is one of them
            owner=Place() if kind else place_in(self.owner),
            responsible=Place(
                _one(here.organisation, self.responsible_organisation), _one(here.unit, self.responsible_unit),
                _one(self.worker, self.responsible_worker),
            ),
            offered_to=place_in(self.offered_to), status=self.status, due_by=self.due_by,
            without_worker=self.without_worker, rule=self.finding,
            opened=Span(self.opened_from, self.opened_to), lasted=Span(self.since, self.until),
            ended=Ended(Span(self.closed_from, self.closed_to), self.ground, self.initiator), moved=self.moved,
        )  # fmt: skip

    @property
    def moved(self) -> Moved:
        """The offer that is sought."""
        return Moved(
            Span(self.moved_after, self.moved_before), place_in(self.moved_from), place_in(self.moved_to),
            self.answer, self.code, self.bounced,
        )  # fmt: skip


class Listed(BaseModel):
    """A case in a list: who owns it and answers for it, or did when it was closed, and what waits.

    `since` is from when on the same ones have, and `held_since` from when on it is the same who answers for it;
    `until` is when it was closed. `offered_to` has until `respond_by` to answer, `name_by` is when a unit has to have
    named a worker, and `due` when the next step is. `closing` says that closing is proposed. The objections and
    requests wait for an answer, the oldest since `waits_since`; these, `held_since` and `ground` are told of now alone.
    """

    case: UUID
    status: Literal["open", "closed"]
    owned_by: OwnerKind
    owner: Holder | None
    responsible: Holder
    duty_holder: str
    since: datetime | None
    until: datetime | None
    first_contact_at: datetime
    opened_at: datetime
    held_since: datetime | None
    offered_to: Holder | None
    respond_by: datetime | None
    name_by: datetime | None
    due: datetime | None
    closing: bool | None
    open_objections: int | None
    open_requests: int | None
    waits_since: datetime | None
    ground: Ground | None


class Listing(BaseModel):
    """A page of cases. `behind` is how many cases the list may not have up to date."""

    cases: list[Listed]
    behind: int
    next: str | None


class OwnCases(BaseModel):
    """A page of a client's cases, in the order in which they were opened."""

    client: UUID
    cases: list[Listed]
    behind: int
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the lists."""

    def case_list(request: Request, by: By, wanted: Annotated[Wanted, Query()]) -> Response:
        """List cases by who owns and answers for them, by what waits, is due or stands, how they ended and moved."""
        only_readers(by.role)
        if wanted.happened_by is not None and wanted.sort != "case":
            raise SortOfNow(sort=wanted.sort)
        sought = wanted.sought(moment_of(cases, wanted.happened_by))
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            page = _page(request, connection, sought, wanted.sort, wanted)
        places = (sought.owner, sought.responsible, sought.offered_to, sought.moved.sender, sought.moved.to)
        hidden = betrayed(cases, by, [it["case"] for it in page["cases"]], *places)
        return answer(request, cases, page | {"cases": [it for it in page["cases"] if it["case"] not in hidden]})

    def client_cases(request: Request, id: UUID, by: By, wanted: Annotated[PageWanted, Query()]) -> Response:  # noqa: A002
        """List a client's cases."""
        if by.role not in READERS | CLIENT_SIDE:
            raise RoleNotAllowed(role=by.role, allowed=sorted(READERS | CLIENT_SIDE))
        client, who, own = cases.loaded(id, Client), bearer(request), cases_of(cases, id)
        known = isinstance(client.state, Client) and client.version > 0 and reads_client(cases, who, id)
        if not known and by.role in CLIENT_SIDE:
            raise StreamAbsent
        sought = Sought(moment_of(cases, None), cases=list(own))
        with cases.pool.reading(sight_of(who, own)) as connection:
            page = _page(request, connection, sought, "opened", wanted)
        if not known and not page["cases"]:  # to others there is a client where they see a case
            raise StreamAbsent
        return answer(request, cases, {"client": id} | page)

    app.add_api_route(
        "/cases", case_list, operation_id="ListCases", summary="List cases", tags=["cases"], response_class=Response,
        responses={200: {"description": "A page of cases", "model": Listing}},
    )  # fmt: skip
    app.add_api_route(
        "/clients/{id}/cases", client_cases, operation_id="ListCasesOfClient", summary="List a client's cases",
        tags=["cases"], response_class=Response, responses={200: {"description": "A page of them", "model": OwnCases}},
    )  # fmt: skip


def _one(name: str | None, other: str | None) -> str | None:
    """Return the one that is named, if any."""
    if None not in {name, other} and name != other:
        raise ResponsibleTwice(named=[name, other])
    return name or other


def only_readers(role: Role) -> None:
    """Refuse whoever is not to read about cases in general."""
    if role not in READERS:
        raise RoleNotAllowed(role=role, allowed=sorted(READERS))


def moment_of(cases: Cases, happened_by: datetime | None) -> found.Moment:
    """Return the moment that is asked about, with the policies that findings are judged by."""
    return found.Moment(datetime.now(UTC), policies_of(cases), finnish_calendar(), happened_by)


def _page(
    request: Request, connection: Connection[Any], sought: Sought, sort: Sort, wanted: PageWanted
) -> dict[str, Any]:
    rows = listed.listed(connection, sought, sort, _last(wanted.after, sort), limit=wanted.limit + 1)
    last = rows[wanted.limit - 1] if len(rows) > wanted.limit else None
    behind = max(count_behind(connection, [STANDING, FINDINGS]).values())
    following = None if last is None else _place(last, sort)
    return {
        "cases": [_row(it) for it in rows[: wanted.limit]], "behind": behind, "next": next_page(request, following)
    }  # fmt: skip


def _last(after: str | None, sort: Sort) -> Key | None:
    """Return where the page before ended. Raises `CursorMalformed`, for a cursor of another order too."""
    if after is None:
        return None
    order, time, case = read_key(after, tuple[str, datetime | None, UUID])
    if order != sort or (time is not None and (time.tzinfo is None or sort == "case")):
        raise CursorMalformed
    return time, case


def _place(row: dict[str, Any], sort: Sort) -> str:
    """Return where a case comes in the order, as text."""
    time = None if sort == "case" else in_utc(row[listed.COLUMNS[sort]])
    return msgspec.json.encode((sort, time, row["case"])).decode()


def _row(record: dict[str, Any]) -> dict[str, Any]:
    row = {it: in_utc(record[it]) for it in Listed.model_fields if it in record}
    for who in ("owner", "responsible", "offered_to"):
        parts = {it: record[f"{who}_{it}"] for it in ("organisation", "unit", "worker")}
        row[who] = parts if parts["organisation"] is not None else None
    return row
