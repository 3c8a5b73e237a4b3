"""What the rules show: in a case, and across cases, at any moment, by the policy of then or only by today's."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.admission import sight_of
from api.auth import By, bearer
from api.lists import PageWanted, moment_of, only_readers
from api.moments import CursorMalformed, Then, next_page, place_of, read_key
from api.places import Somewhere
from api.protected import betrayed
from api.queries import Bounds, read_rows
from api.reads import answer
from api.rows import Shape, in_utc, inside
from api.seen_by import PageSeen, SeenNothing, sight
from domain.ledger.application import Cases
from projections.behind import count_behind
from projections.findings.finding import Finding, Judgement
from projections.findings.found import ByWhichPolicy, Key, State, found
from projections.findings.judged import FINDINGS

_SHAPE = Shape(FINDINGS)


class OfCaseWanted(PageSeen):
    """Which findings of a case are wanted, and at which moment they are judged: now, unless it says otherwise.

    With `known_at` alone they are judged at that time.
    """

    known_at: Then | None = Field(None, description="As it was known at this time.")
    happened_by: Then | None = Field(None, description="As it stood at this time, by what is or was known.")
    state: State = Field("all", description="Open then, settled by then, or all that stand or stood.")


class FindingsWanted(Somewhere, PageWanted):
    """Which findings are wanted, and at which moment they are judged: the open ones now, unless it says otherwise."""

    rule: int | None = Field(None, ge=1, le=99, description="Only those of this rule.")
    state: State = Field("open", description="Open then, settled by then, or all that stand or stood.")
    by: ByWhichPolicy | None = Field(None, description="By the policy of their time, or only by today's. Both without.")
    happened_by: Then | None = Field(None, description="Judged at this time, by what is known now.")


class FindingTold(BaseModel):
    """Something that a rule shows in a case: by which `entries`, and `about` which where there may be several.

    `since` is when it came about or when the time began that the `threshold` measures, and `due` when something was
    due; `value` is what is over the threshold. It stands by the policy of its time, since `stands_from`, or only by
    today's. `organisation` and `unit` are those in whose time it fell.
    """

    case: UUID
    number: int
    rule: int
    kind: str
    entries: list[int]
    about: int | None
    since: datetime
    organisation: str | None
    unit: str | None
    threshold: str | None
    value: int | None
    due: datetime | None
    by: ByWhichPolicy
    state: Literal["open", "settled"]
    stands_from: datetime | None
    settled: datetime | None
    settled_by: int | None


class FindingsOfCase(BaseModel):
    """A page of a case's findings, as judged `at` that moment."""

    case: UUID
    version: int
    at: datetime
    findings: list[FindingTold]
    next: str | None


class Findings(BaseModel):
    """A page of findings across cases, as judged `at` that moment: by rule, the longest first.

    `behind` is how many cases it may not have up to date.
    """

    at: datetime
    findings: list[FindingTold]
    behind: int
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the findings."""

    def of_case(request: Request, id: UUID, by: By, wanted: Annotated[OfCaseWanted, Query()]) -> Response:  # noqa: A002
        """Tell what the rules show in a case: since when, by which entries, and whether it is settled.

        What silence brings about is among it, without any event: so there is no ETag. What an entry shows that is
        withheld from whoever reads is not.
        """
        seen = sight(request, cases, id, by, wanted)
        if not seen.at_all:
            return seen.nothing(request, cases, id)
        pinned, after = place_of(wanted.after)
        head, version, rows = read_rows(cases, _SHAPE, id, seen.at, Bounds(seen.upto, pinned))
        moment = moment_of(cases, wanted.happened_by or wanted.known_at)
        in_order = sorted(rows, key=lambda it: (it.since, it.number))
        stand = [
            told(row, judgement) for row, judgement in moment.judged(in_order, wanted.state)
            if inside(row.since, wanted.since, wanted.until) and not any(map(seen.untold.whole, row.entries))
        ]  # fmt: skip
        last = after + wanted.limit
        content = {
            "case": id, "version": version, "at": in_utc(moment.at), "findings": stand[after:last],
            "next": next_page(request, f"{pinned or head}.{last}" if last < len(stand) else None),
        }  # fmt: skip
        return seen.answer(request, cases, content)

    def across_cases(request: Request, by: By, wanted: Annotated[FindingsWanted, Query()]) -> Response:
        """List what the rules show across cases: of a rule, an organisation or a unit, and never of a named worker."""
        only_readers(by.role)
        moment, here = moment_of(cases, wanted.happened_by), wanted.place
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            stand = found(
                connection, moment, rule=wanted.rule, organisation=here.organisation, unit=here.unit,
                state=wanted.state, by=wanted.by, after=_last(wanted.after), limit=wanted.limit + 1,
            )  # fmt: skip
            behind = count_behind(connection, [FINDINGS])[FINDINGS.name]
        page = stand[: wanted.limit]
        following = _place(page[-1][0]) if len(stand) > wanted.limit else None
        hidden = betrayed(cases, by, {row.case for row, _ in page}, here)
        return answer(request, cases, {
            "at": in_utc(moment.at), "findings": [told(*it) for it in page if it[0].case not in hidden],
            "behind": behind, "next": next_page(request, following),
        })  # fmt: skip

    app.add_api_route(
        "/cases/{id}/findings", of_case, operation_id="ReadCaseFindings", summary="Read a case's findings",
        tags=["cases"], response_class=Response,
        responses={200: {"description": "As judged at that moment", "model": FindingsOfCase | SeenNothing}},
    )  # fmt: skip
    app.add_api_route(
        "/findings", across_cases, operation_id="ListFindings", summary="List findings", tags=["reports"],
        response_class=Response, responses={200: {"description": "A page of findings", "model": Findings}},
    )  # fmt: skip


def told(row: Finding, judgement: Judgement) -> dict[str, Any]:
    """Return a finding with its judgement, as it is shown."""
    values = vars(row) | vars(judgement)
    return {it: in_utc(values[it]) for it in FindingTold.model_fields}


def _last(after: str | None) -> Key | None:
    """Return where the page before ended. Raises `CursorMalformed`."""
    if after is None:
        return None
    key: Key = read_key(after, Key)
    if key[1].tzinfo is None or not all(0 <= it < _LARGEST for it in (key[0], key[3])):
        raise CursorMalformed
    return key


def _place(row: Finding) -> str:
    return msgspec.json.encode((row.rule, in_utc(row.since), row.case, row.number)).decode()


_LARGEST = 2**31
