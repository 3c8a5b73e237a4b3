"""How often the client was heard: the share by unit and organisation, and by kind of decision."""

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.figures import MonthsWanted, counting, following, last_of, only, reader_of
from api.moments import next_page
from api.reads import answer
from domain.ledger.application import Cases
from projections import hearing
from projections.behind import count_behind
from projections.heard import HEARD
from projections.hearing import Share


class Shares(BaseModel):
    """A page of shares, by organisation, unit and kind of decision. `behind` is how many cases may not be up to date.

    Those who are not of the organisation, and no auditors, are told what stood at the end of the last whole month, and
    no figures where fewer than five cases were decided on in a month.
    """

    shares: list[Share]
    behind: int
    next: str | None


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount the report."""

    def heard(request: Request, by: By, wanted: Annotated[MonthsWanted, Query()]) -> Response:
        """Tell how often the client was heard, in handoffs, transfers, assessments, plans, team lines and closures.

        Of the decisions made in the months from `from` up to, and not with, `to`; with `happened_by`, of those made by
        then, as the client's statements stood then.
        """
        only(by)
        with counting(request, cases) as connection:
            found = hearing.shares(
                connection, wanted.by, **wanted.months, happened_by=wanted.happened_by,
                reader=reader_of(by, wanted.asked_at), organisation=wanted.organisation,
                after=last_of(wanted.after, hearing.FIRST), limit=wanted.limit + 1,
            )  # fmt: skip
            behind = max(count_behind(connection, [HEARD]).values())
        onward = next_page(request, following(found, wanted.limit))
        return answer(request, cases, {"shares": found[: wanted.limit], "behind": behind, "next": onward})

    app.add_api_route(
        "/heard", heard, operation_id="ReadHeard", summary="Read how often the client was heard", tags=["reports"],
        response_class=Response, responses={200: {"description": "A page of shares", "model": Shares}},
    )  # fmt: skip
