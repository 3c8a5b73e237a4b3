"""Who read a case: in which capacity, when, what and why. The client may ask, and those who answer for it.

Auditors ask across cases. Whoever asks comes into the log themselves.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Header, Query
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.admission import admitted, cases_of, reads_client
from api.auth import By, bearer
from api.figures import only
from api.lists import PageWanted
from api.moments import CursorMalformed, Moment, next_page, read_key
from api.places import Name
from api.problems import Problem
from api.protected import concerned
from api.reading_words import HOLDER, NOT_TOLD, PURPOSES, ROLES, language, told
from api.reads import Via, answer, logged_as
from api.rows import WITHHELD, in_utc
from domain.access import EmergencyAccessGranted
from domain.authorization import Grant, Purpose, Relation
from domain.case import Case
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Actor, Role, StreamAbsent
from domain.ledger.application import Cases
from domain.rules import RuleLanguage
from domain.withholding import kept_from
from projections.standing import STANDING

_READERS = STAFF | CLIENT_SIDE | {Role.AUDITOR}
_SEEKERS = _READERS - {Role.REPRESENTATIVE}
"""Who may look for a reader: what is found would tell a representative where somebody works who is not to be known."""

Key = tuple[datetime, int, UUID]
"""Where a reading of a case comes: the newest first."""

Whose = tuple[UUID, str | None, str | None, str]
"""Whose reading it is: of which case, being what to it, in which organisation, and who."""


class ReadersOfAnothers(Problem):
    """Who read a case is told to the client, auditors and the organisation that holds it. Ask that organisation."""

    status = 403


class ReadsWanted(PageWanted):
    """Which readings are wanted."""

    who: Name | None = Field(None, description="Only what this person read.")
    organisation: Name | None = Field(None, description="Only what people of this organisation read.")
    others: bool = Field(False, description="Only what others read than whoever asks.")
    since: Moment | None = Field(None, alias="from", description="Only what was read from this time on.")
    until: Moment | None = Field(None, alias="to", description="Only what was read before this time.")

    @property
    def values(self) -> dict[str, Any]:
        """What the statements take. Raises `CursorMalformed`."""
        at, last, case = (None, 0, None) if self.after is None else _key(self.after)
        return {
            "who": self.who, "organisation": self.organisation, "since": self.since or "-infinity",
            "until": self.until or "infinity", "at": at or "infinity", "id": last, "case": case or UUID(int=0),
            "limit": self.limit + 1,
        }  # fmt: skip


class ReadsAnywhere(ReadsWanted):
    """Which readings are wanted, and of which case if it is one. Of a long time, ask by reader or by case."""

    case: UUID | None = Field(None, description="Only what was read of this case.")


Accepted = Annotated[str | None, Header(alias="Accept-Language", description="In which to tell it: fi, sv or en.")]
Wanted = Annotated[ReadsWanted, Query()]
WantedAnywhere = Annotated[ReadsAnywhere, Query()]


class ReadTold(BaseModel):
    """That somebody read a case, `at` that time, by the operation `what`, for the purpose `why`.

    `relation` is what they were to the case. `grant_purpose` and `diary` tell what an auditor was let see it for, and
    under which number. `as_of` is the moment that they asked about, as they wrote it; null where it was the present.
    A client's side is not told yet of an access in an emergency that is withheld from them: then `who` is "[withheld]",
    and `why` is null. What ends in `_told` says the same to people, in the language that the header Content-Language
    names.
    """

    case: UUID
    at: datetime
    who: str
    role: Role
    role_told: str
    organisation: str | None
    unit: str | None
    relation: Relation | None
    what: str
    what_told: str
    via: Via
    why: Purpose | None
    why_told: str
    grant_purpose: str | None
    diary: str | None
    as_of: dict[str, str] | None


class ReadsOfCase(BaseModel):
    """A page of a case's readings, the newest first."""

    case: UUID
    reads: list[ReadTold]
    next: str | None


class ReadsOfClient(BaseModel):
    """A page of the readings of a client's cases, the newest first: a list that held several is told for each."""

    client: UUID
    reads: list[ReadTold]
    next: str | None


class Reads(BaseModel):
    """A page of readings of cases, the newest first; `case` is the one that was asked about, if it was one."""

    case: UUID | None
    reads: list[ReadTold]
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount who read a case, a client's cases, and any."""

    def spoken(by: By, accepted: Accepted = None) -> RuleLanguage:
        return language(accepted, _chosen(cases, by))

    Into = Annotated[RuleLanguage, Depends(spoken)]  # noqa: N806 - a type

    def of_case(request: Request, id: UUID, by: By, wanted: Wanted, into: Into) -> Response:  # noqa: A002
        """Tell who has read a case: in which role, from which unit, when, what of it and why."""
        _only_concerned(request, cases, by, id)
        _only_seekers(by, wanted)
        return tell(request, {"case": id}, wanted, visible(None, [id]), into)

    def of_client(request: Request, id: UUID, by: By, wanted: Wanted, into: Into) -> Response:  # noqa: A002
        """Tell a client, or who represents them, who has read any of the client's cases, and why."""
        only(by, CLIENT_SIDE)
        if cases.loaded(id, Client).version == 0 or not reads_client(cases, bearer(request), id):
            raise StreamAbsent
        _only_seekers(by, wanted)
        return tell(request, {"client": id}, wanted, visible(None, cases_of(cases, id)), into)

    def anywhere(request: Request, by: By, wanted: WantedAnywhere, into: Into) -> Response:
        """Tell an auditor who has read the cases that they were let see: by reader, organisation, case and time."""
        only(by, frozenset({Role.AUDITOR}))
        if wanted.case is not None:
            admitted(request, cases, wanted.case)
        seen = visible(bearer(request).grant, None if wanted.case is None else [wanted.case])
        return tell(request, {"case": wanted.case}, wanted, seen, into)

    def tell(
        request: Request, about: dict[str, Any], wanted: ReadsWanted, seen: dict[str, Any], into: RuleLanguage
    ) -> Response:
        by = bearer(request).actor
        rows = _rows(cases, wanted.values | seen | {"but": logged_as(by) if wanted.others else None})
        page = rows[: wanted.limit]
        following = _place(page[-1]) if len(rows) > wanted.limit else None
        untold = _untold(cases, by, {row["case"] for row in page})
        told = [_told(_kept_back(it) if _whose(it) in untold else it, into) for it in page]
        content = about | {"reads": told, "next": next_page(request, following)}
        answered = answer(request, cases, content)
        answered.headers["Content-Language"] = into
        return answered

    for path, endpoint, model, name, summary in (
        ("/cases/{id}/reads", of_case, ReadsOfCase, "ReadCaseReads", "Read who read a case"),
        ("/clients/{id}/reads", of_client, ReadsOfClient, "ListReadsOfClient", "List who read a client's cases"),
        ("/reads", anywhere, Reads, "ListReads", "List who read cases"),
    ):
        app.add_api_route(
            path, endpoint, operation_id=name, summary=summary, tags=["cases"], response_class=Response,
            responses={200: {"description": "A page of them", "model": model, "headers": _SPOKEN}},
        )  # fmt: skip


# Who may ask, and of what.


def _only_concerned(request: Request, cases: Cases, by: Actor, case: UUID) -> None:
    admitted(request, cases, case)
    only(by, _READERS)
    if by.role in STAFF and not concerned(cases, by, case):
        raise ReadersOfAnothers


def _only_seekers(by: Actor, wanted: ReadsWanted) -> None:
    if wanted.who is not None or wanted.organisation is not None:
        only(by, _SEEKERS)


def visible(grant: Grant | None, wanted: Iterable[UUID] | None) -> dict[str, Any]:
    """Return of which cases the readings are told, as the statements take it: of those wanted, the ones granted.

    `sought` are the only cases that it can be: None is any that was open in the grant's period. Without a grant it is
    those wanted, and none where none is named.
    """
    if grant is None:
        return {"sought": list(wanted or ()), "named": None, "open_from": None, "open_to": None}
    by_name = grant.since is None and grant.until is None
    sought = list(grant.cases) if wanted is None and by_name else None if wanted is None else list(wanted)
    return {
        "sought": sought, "named": list(grant.cases), "open_from": grant.since or "-infinity",
        "open_to": "-infinity" if by_name else grant.until or "infinity",
    }  # fmt: skip


def _untold(cases: Cases, by: Actor, read: Iterable[UUID]) -> frozenset[Whose]:
    """Return who took access in an emergency of which the client's side is not told yet (rule 21): the log keeps still.

    Withheld from somebody, it is told to them once it is withheld no more.
    """
    untold: set[Whose] = set()
    for case in read if by.role in CLIENT_SIDE else ():
        state = cases.loaded(case, Case).state
        kept = kept_from(by, state) if isinstance(state, Case) else {}
        for it in cases.history(case) if kept else ():
            if it.version in kept and isinstance(it.event, EmergencyAccessGranted):
                who = it.context.actor
                untold.add((case, Relation.IN_EMERGENCY, who.organisation, who.id))
    return frozenset(untold)


def _whose(row: Mapping[str, Any]) -> Whose:
    return row["case"], row["relation"], row["organisation"], row["who"]


def _kept_back(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a line that says that somebody read, and neither who nor why."""
    return {**row, "who": WITHHELD, "organisation": None, "unit": None, "relation": None, "why": None}


# How it is told.


def _chosen(cases: Cases, by: Actor) -> str | None:
    """Return the language that a client has chosen to be served in."""
    state = cases.loaded(UUID(by.id), Client).state if by.role == Role.CLIENT else None
    return state.language if isinstance(state, Client) else None


def _told(row: Mapping[str, Any], into: RuleLanguage) -> dict[str, Any]:
    whoever = HOLDER if row["why"] == Purpose.SLIP else ROLES[Role(row["role"])]
    said = {
        "role_told": whoever.to(into), "what_told": told(row["what"], into),
        "why_told": PURPOSES[Purpose(row["why"])].to(into) if row["why"] else NOT_TOLD.to(into),
    }  # fmt: skip
    return {it: said[it] if it in said else in_utc(row[it]) for it in ReadTold.model_fields}


def _rows(cases: Cases, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    statement = _BY_TIME if wanted["sought"] is None else _BY_CASE
    with cases.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, wanted, prepare=False).fetchall()  # planned for what is asked


def _place(row: Mapping[str, Any]) -> str:
    return msgspec.json.encode((row["at"], row["id"], row["case"])).decode()


def _key(after: str) -> Key:
    """Return where the page before ended. Raises `CursorMalformed`."""
    at, last, case = read_key(after, Key)
    if at.tzinfo is None or not 0 <= last < 2**63:
        raise CursorMalformed
    return at, last, case


_SPOKEN = {"Content-Language": {"description": "In which it is told", "schema": {"type": "string"}}}

_WANTED = sql.SQL("""
    at >= %(since)s::timestamptz AND at < %(until)s::timestamptz AND at <= %(at)s::timestamptz
    AND (%(who)s::text IS NULL OR who = %(who)s)
    AND (%(but)s::text IS NULL OR who <> %(but)s)
    AND (%(organisation)s::text IS NULL OR organisation = %(organisation)s)""")
_TOLD = sql.SQL("""
    (at, id, "case") < (%(at)s::timestamptz, %(id)s::bigint, %(case)s::uuid)
    AND (%(sought)s::uuid[] IS NULL OR "case" = ANY (%(sought)s))
    AND (%(named)s::uuid[] IS NULL OR "case" = ANY (%(named)s) OR EXISTS (
        SELECT FROM {standing} s WHERE s."case" = one."case"
        AND s.opened_at < %(open_to)s::timestamptz AND coalesce(s.closed_at >= %(open_from)s::timestamptz, true)
    ))
    ORDER BY at DESC, id DESC, "case" DESC LIMIT %(limit)s""").format(standing=sql.Identifier(STANDING.table.table))
_BY_CASE = sql.SQL("""
    WITH found AS MATERIALIZED (SELECT * FROM reads WHERE cases && %(sought)s::uuid[] AND {wanted})
    SELECT * FROM found CROSS JOIN LATERAL unnest(cases) one ("case") WHERE {told}""").format(
    wanted=_WANTED, told=_TOLD
)
_BY_TIME = sql.SQL("""
    SELECT * FROM reads CROSS JOIN LATERAL unnest(cases) one ("case") WHERE {wanted} AND {told}
    """).format(wanted=_WANTED, told=_TOLD)
"""By the case wherever one is sought: back in time, one that was seldom read is behind years of the others'."""
