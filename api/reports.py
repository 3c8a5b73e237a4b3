"""What many cases come to: how they flow between organisations and units, and what became of cases like this one."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import FastAPI, Query
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.admission import admitted, sight_of
from api.auth import By, bearer
from api.figures import MOST, MonthsWanted, Name, counting, following, last_of, only, reader_of
from api.moments import Then, next_page
from api.problems import Problem
from api.reads import answer
from domain.acceptance import DeclineCode
from domain.assessment import AssessmentKind, Trigger
from domain.decider import STAFF, Role
from domain.ledger.application import Cases
from projections import flows, referral_memory
from projections.behind import count_behind
from projections.flows import Flow
from projections.handoffs import HANDOFFS
from projections.offers import month_of
from projections.referral_memory import Likeness, Memory
from projections.screening import SCREENING

_ASKERS = STAFF | {Role.AUDITOR}
_MOST_DAYS = 3660


class LikenessUnclear(Problem):
    """It asks about no case, or two things at once. Send `case`, or else any of `triggers`, `kind` and `codes`."""

    status = 422


class FlowsWanted(MonthsWanted):
    """Which flows are wanted: of the last twelve months, this one with them, unless it says otherwise."""

    happened_by: Then | None = Field(None, description="Offers made by this time, and answers given by then.")
    organisation: Name | None = Field(None, description="Only the flows from this organisation and to it.")


class MemoryWanted(BaseModel):
    """Cases like which are wanted: like one that is named, or with what is found in them."""

    model_config = ConfigDict(extra="forbid")

    case: UUID | None = Field(None, description="The case that may be sent: others are like it as `like` tells.")
    triggers: list[Trigger] = Field([], description="The assessment found one of these.")
    kind: AssessmentKind | None = Field(None, description="The assessment was of this kind.")
    codes: list[DeclineCode] = Field([], description="They were declined with one of these, where no triggers are.")
    to_organisation: Name | None = Field(None, description="Only what was offered to this organisation.")
    to_unit: Name | None = Field(None, description="Only what was offered to this unit, by its own id.")
    days: int = Field(365, ge=1, le=_MOST_DAYS, description="Of so many days, and those before in their first month.")
    after: str | None = Field(None, description="Where the page before ended: from its link `next`.")
    limit: int = Field(100, ge=1, le=MOST, description="How many to tell at most.")


class Flows(BaseModel):
    """A page of flows, by month, sender and receiver. `behind` is how many cases it may not have up to date.

    Those who are neither of the sender's nor of the receiver's organisation, and no auditors, are told what happened
    up to the end of the last whole month, and no figures of fewer than five cases.
    """

    flows: list[Flow]
    behind: int
    next: str | None


class Alike(BaseModel):
    """In what the cases are like the one asked about; `measured_by` says which of these is used."""

    case: UUID | None
    measured_by: Literal["triggers", "codes", "kind", "nothing"]
    kind: AssessmentKind | None
    triggers: list[Trigger]
    codes: list[DeclineCode]


class Memories(BaseModel):
    """A page of what became of cases like this one since a moment, by the unit that they were offered to.

    Cases that one's own organisation sent or was sent are counted apart from those of others, of which is told what
    happened up to the end of the last whole month, and no figures of fewer than five cases.
    """

    like: Alike
    since: datetime
    units: list[Memory]
    behind: int
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the reports."""

    def flow_list(request: Request, by: By, wanted: Annotated[FlowsWanted, Query()]) -> Response:
        """Tell how cases flow between organisations, or units: what was offered, and what became of it, by month.

        It is counted against the sender, never against the client.
        """
        only(by)
        after = last_of(wanted.after, flows.FIRST)
        with counting(request, cases) as connection:
            found = flows.flows(
                connection, wanted.by, **wanted.months, happened_by=wanted.happened_by,
                reader=reader_of(by, wanted.asked_at), organisation=wanted.organisation, after=after,
                limit=wanted.limit + 1,
            )  # fmt: skip
            behind = _behind(connection)
        onward = next_page(request, following(found, wanted.limit))
        return answer(request, cases, {"flows": found[: wanted.limit], "behind": behind, "next": onward})

    def memory(request: Request, by: By, wanted: Annotated[MemoryWanted, Query()]) -> Response:
        """Tell, before a case is sent, where cases like it were declined, where accepted, and after how many days."""
        only(by, _ASKERS)
        if (wanted.case is None) == (not (wanted.triggers or wanted.kind or wanted.codes)):
            raise LikenessUnclear
        if wanted.case is not None:
            admitted(request, cases, wanted.case)
        now = datetime.now(UTC)
        since = month_of(now - timedelta(days=wanted.days))
        after = last_of(wanted.after, referral_memory.FIRST)
        with cases.pool.reading(sight_of(bearer(request))) as connection:
            like = _likeness(connection, wanted)  # in what is told of the case to whoever asks
        with counting(request, cases) as connection:
            found = referral_memory.referral_memory(
                connection, like, since=since, reader=reader_of(by, now), apart_from=wanted.case,
                to_organisation=wanted.to_organisation, to_unit=wanted.to_unit, after=after, limit=wanted.limit + 1,
            )  # fmt: skip
            behind = _behind(connection)
        onward = following(found, wanted.limit)
        alike = {
            "case": wanted.case, "measured_by": like.measured_by, "kind": like.kind, "triggers": like.triggers,
            "codes": like.codes,
        }  # fmt: skip
        return answer(request, cases, {
            "like": alike, "since": since, "units": found[: wanted.limit], "behind": behind,
            "next": next_page(request, onward),
        })  # fmt: skip

    app.add_api_route(
        "/flows", flow_list, operation_id="ListFlows", summary="Read how cases flow", tags=["reports"],
        response_class=Response, responses={200: {"description": "A page of flows", "model": Flows}},
    )  # fmt: skip
    app.add_api_route(
        "/referral-memory", memory, operation_id="ReadReferralMemory", summary="Read what became of cases like this",
        tags=["reports"], response_class=Response,
        responses={200: {"description": "A page of units", "model": Memories}},
    )  # fmt: skip


def _likeness(connection: Connection[Any], wanted: MemoryWanted) -> Likeness:
    if wanted.case is not None:
        return referral_memory.likeness_of(connection, wanted.case)
    return Likeness(wanted.kind, tuple(wanted.triggers), tuple(wanted.codes))


def _behind(connection: Connection[Any]) -> int:
    return max(count_behind(connection, [HANDOFFS, SCREENING]).values())
