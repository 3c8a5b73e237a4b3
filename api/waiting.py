"""What waits, for whom and how long; and the cases that a worker has asked for, with what came of that."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from psycopg.rows import dict_row
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.admission import sight_of
from api.auth import By, bearer
from api.lists import PageWanted, only_readers
from api.moments import CursorMalformed, Moment, next_page, read_key
from api.places import Name, Somewhere, place_in
from api.protected import betrayed
from api.reads import answer
from api.rows import in_utc, kept
from domain.decider import STAFF, Actor, RoleNotAllowed
from domain.intake import Who
from domain.ledger.application import Cases
from domain.remembered import Holder
from domain.requests import RequestKind
from projections import waiting
from projections.askings import ASKINGS, Outcome
from projections.behind import count_behind
from projections.searched import Place
from projections.waiting import Key, Kind


class WaitingWanted(Somewhere, PageWanted):
    """Which of what waits is wanted: in the cases that an organisation, a unit or a worker answers for, or of whom.

    `waits_for` is who has to do something: whom a case is offered to, else who answers for it. What waits for a unit,
    and for nobody in it by name, waits for each of its workers.
    """

    worker: Name | None = Field(None, description="The worker who answers for the cases.")
    waits_for: Name | None = Field(None, description="Who has to do something: organisation/unit/worker.")
    kind: list[Kind] = Field(default_factory=list, description="Only these kinds.")
    request: RequestKind | None = Field(None, description="Only the client's requests of this kind.")
    due_by: Moment | None = Field(None, description="Only what is due by this time: what has no time never is.")


class Waits(BaseModel):
    """Something that waits in an open case, `since` when, and until when it is `due` where it has a time.

    `id` and `version` are of what waits: an offer, a worker's or the client's request, an objection, a rule that was
    set aside; a promise and what else has no id go by the version. `who` is by whom a next step is, and `request` what
    the client asks for. `waits_for` has to do something. Its words are read in the case.
    """

    case: UUID
    kind: Kind
    id: UUID | None
    version: int
    since: datetime
    due: datetime | None
    request: RequestKind | None
    who: Who | None
    waits_for: Holder
    responsible: Holder


class Waiting(BaseModel):
    """A page of what waits `at` that moment, the longest first. `behind` is how many cases it may not have right."""

    at: datetime
    waiting: list[Waits]
    behind: int
    next: str | None


class AskingsWanted(PageWanted):
    """Which of one's own requests for cases are wanted."""

    outcome: Outcome | None = Field(None, description="Only those of which this came.")


class OwnAsking(BaseModel):
    """That one asked for a case, and what came of it: more than that, it doesn't tell of a case one may not read."""

    case: UUID
    id: UUID
    by: Holder
    asked_at: datetime
    outcome: Outcome
    answered_at: datetime | None


class OwnAskings(BaseModel):
    """A page of one's own requests for cases, the oldest first."""

    askings: list[OwnAsking]
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount what waits, and one's own requests for cases."""

    def waiting_list(request: Request, by: By, wanted: Annotated[WaitingWanted, Query()]) -> Response:
        """List what waits in open cases: for an answer, for a worker to be named, for a step or a review.

        What is withheld from whoever asks is not among it.
        """
        only_readers(by.role)
        here, waits_for = wanted.place, place_in(wanted.waits_for)
        sought = waiting.Wanted(
            Place(here.organisation, here.unit, wanted.worker), waits_for, wanted.kind, wanted.request, wanted.due_by
        )
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            rows = waiting.waiting(connection, sought, _last(wanted.after), limit=wanted.limit + 1)
            behind = max(count_behind(connection, waiting.PROJECTIONS).values())
        page = rows[: wanted.limit]
        following = _place(page[-1], "since") if len(rows) > wanted.limit else None
        hidden = betrayed(cases, by, {it["case"] for it in page}, sought.responsible, waits_for)
        told = [_told(it) for it in page if it["case"] not in hidden and not _withheld(cases, by, it)]
        return answer(request, cases, {
            "at": datetime.now(UTC), "waiting": told, "behind": behind, "next": next_page(request, following),
        })  # fmt: skip

    def askings(request: Request, by: By, wanted: Annotated[AskingsWanted, Query()]) -> Response:
        """List the cases that you have asked for, and what came of it."""
        if by.role not in STAFF:
            raise RoleNotAllowed(role=by.role, allowed=sorted(STAFF))
        rows = _own(cases, by, wanted)
        page = rows[: wanted.limit]
        following = _place(page[-1], "asked_at") if len(rows) > wanted.limit else None
        told = [_asking(it) for it in page]
        return answer(request, cases, {"askings": told, "next": next_page(request, following)})

    app.add_api_route(
        "/waiting", waiting_list, operation_id="ListWaiting", summary="List what waits", tags=["reports"],
        response_class=Response, responses={200: {"description": "A page of what waits", "model": Waiting}},
    )  # fmt: skip
    app.add_api_route(
        "/askings", askings, operation_id="ListAskings", summary="List the cases that you have asked for",
        tags=["reports"], response_class=Response,
        responses={200: {"description": "A page of them", "model": OwnAskings}},
    )  # fmt: skip


def _withheld(cases: Cases, by: Actor, row: dict[str, Any]) -> bool:
    return row["withheld"] and kept(cases, row["case"], by).whole(row["version"]) is not None


def _own(cases: Cases, by: Actor, wanted: AskingsWanted) -> list[dict[str, Any]]:
    """Return somebody's own requests, walled off by nothing but that: they have no part in most of these cases."""
    at, case, version = _last(wanted.after) or (None, None, None)
    values = {
        "organisation": by.organisation, "worker": by.id, "outcome": wanted.outcome, "at": at, "case": case,
        "version": version, "limit": wanted.limit + 1,
    }  # fmt: skip
    with cases.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_OWN.encode(), values, prepare=False).fetchall()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    plain = {it: in_utc(row[it]) for it in Waits.model_fields if it in row}
    return plain | {it: _holder(row, it) for it in ("waits_for", "responsible")}


def _asking(row: dict[str, Any]) -> dict[str, Any]:
    return {it: in_utc(row[it]) for it in OwnAsking.model_fields if it in row} | {"by": _holder(row, "by")}


def _holder(row: dict[str, Any], column: str) -> dict[str, Any]:
    return {it: row[f"{column}_{it}"] for it in ("organisation", "unit", "worker")}


def _place(row: dict[str, Any], time: str) -> str:
    return msgspec.json.encode((in_utc(row[time]), row["case"], row["version"])).decode()


def _last(after: str | None) -> Key | None:
    """Return where the page before ended. Raises `CursorMalformed`."""
    if after is None:
        return None
    key: Key = read_key(after, Key)
    if key[0].tzinfo is None or not 0 <= key[2] < _LARGEST:
        raise CursorMalformed
    return key


_LARGEST = 2**31
_OWN = f"""
    SELECT * FROM {ASKINGS.table.table} WHERE by_organisation = %(organisation)s AND by_worker = %(worker)s
        AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
        AND (%(at)s::timestamptz IS NULL
            OR (asked_at, "case", version) > (%(at)s::timestamptz, %(case)s::uuid, %(version)s::bigint))
    ORDER BY asked_at, "case", version LIMIT %(limit)s"""  # noqa: S608 - the table's name is our own
