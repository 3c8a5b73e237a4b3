"""What many cases come to: how they end, and what support their workers asked for and were given."""

from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.figures import MonthsWanted, Name, counting, following, last_of, only, reader_of
from api.moments import next_page
from api.reads import answer
from domain.decider import Actor
from domain.ledger.application import Cases
from projections import ended, offers, supported
from projections.behind import count_behind
from projections.ended import Ended
from projections.endings import ENDINGS
from projections.support import SUPPORT
from projections.supported import Supported

_MOST_DAYS = 3660


class EndingsWanted(MonthsWanted):
    """Which endings are wanted: of the last twelve months, this one with them, unless it says otherwise."""

    monthly: bool = Field(False, description="Month by month, and not over all of them.")
    reopened_within: int = Field(90, ge=1, le=_MOST_DAYS, description="Reopened: within so many days of the closing.")


class SupportWanted(MonthsWanted):
    """Which requests for support are wanted: of the last twelve months, this one with them, if it says no other."""

    by: offers.By = Field("unit", description="By organisation, or by unit.")
    unit: Name | None = Field(None, description="Only what was asked for in this unit, by its own id.")
    open: bool | None = Field(None, description="Only what waits for an answer; or with false, only what has one.")


class Endings(BaseModel):
    """A page of endings, by organisation or unit, and by ground. `behind` is how many cases may not be up to date.

    Those who are not of the organisation, and no auditors, are told what stood at the end of the last whole month, and
    no figures where fewer than five cases ended so in a month.
    """

    endings: list[Ended]
    behind: int
    next: str | None


class Supports(BaseModel):
    """A page of what support was asked for, by organisation or unit. `behind` is how many cases may not be up to date.

    Those who are not of the organisation, and no auditors, are told what stood at the end of the last whole month, and
    no figures where support was asked for in fewer than five cases in a month.
    """

    support: list[Supported]
    behind: int
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the reports."""

    def endings(request: Request, by: By, wanted: Annotated[EndingsWanted, Query()]) -> Response:
        """Tell how cases end: on what grounds, at whose initiative, and what the client said to that and felt.

        Of the cases closed in the months from `from` up to, and not with, `to`; with `happened_by`, of those closed by
        then, with what had become of them by then.
        """
        only(by)
        with counting(request, cases) as connection:
            found = ended.ended(
                connection, wanted.by, **_of(by, wanted), monthly=wanted.monthly,
                reopened_within=wanted.reopened_within, after=last_of(wanted.after, ended.FIRST),
            )  # fmt: skip
            behind = max(count_behind(connection, [ENDINGS]).values())
        onward = next_page(request, following(found, wanted.limit))
        return answer(request, cases, {"endings": found[: wanted.limit], "behind": behind, "next": onward})

    def support(request: Request, by: By, wanted: Annotated[SupportWanted, Query()]) -> Response:
        """Tell what support workers asked for, whether their managers answered, and after how many days.

        Of the requests made in the months from `from` up to, and not with, `to`; with `happened_by`, of those made by
        then, with the answers given by then.
        """
        only(by)
        with counting(request, cases) as connection:
            found = supported.supported(
                connection, "unit" if wanted.unit else wanted.by, **_of(by, wanted), unit=wanted.unit,
                waiting=wanted.open, after=last_of(wanted.after, supported.FIRST),
            )  # fmt: skip
            behind = max(count_behind(connection, [SUPPORT]).values())
        onward = next_page(request, following(found, wanted.limit))
        return answer(request, cases, {"support": found[: wanted.limit], "behind": behind, "next": onward})

    app.add_api_route(
        "/endings", endings, operation_id="ListEndings", summary="Read how cases end", tags=["reports"],
        response_class=Response, responses={200: {"description": "A page of endings", "model": Endings}},
    )  # fmt: skip
    app.add_api_route(
        "/support", support, operation_id="ListSupport", summary="Read what support was asked for and given",
        tags=["reports"], response_class=Response,
        responses={200: {"description": "A page of units or organisations", "model": Supports}},
    )  # fmt: skip


def _of(by: Actor, wanted: MonthsWanted) -> dict[str, Any]:
    """Return of what to tell, and to whom."""
    return {
        **wanted.months, "happened_by": wanted.happened_by, "reader": reader_of(by, wanted.asked_at),
        "organisation": wanted.organisation, "limit": wanted.limit + 1,
    }  # fmt: skip
