"""Whether the service lives, and whether it is ready: asked by whoever runs it, without a token."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import psycopg
from fastapi import FastAPI
from pydantic import BaseModel

from api.house import House
from api.problems import Problem
from domain.ledger.anchors.anchoring import anchored
from domain.ledger.database import DatabaseUnavailable
from domain.ledger.lag import lag, unsealed
from projections.behind import count_behind, count_behind_events


class NotReady(Problem):
    """The service is not ready: its database does not answer, is not migrated, or projections are behind. Wait."""

    status = 503


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """The service may be used. `waiting` events have no position yet, the oldest since `waiting_since`.

    `unsealed` ones have no checkpoint yet, the oldest since `unsealed_since`: nothing outside the house shows them.
    `vouched` is when somebody outside last vouched for each log that has a checkpoint, null for not in this epoch.
    `behind` is how many cases each projection is behind in: single cases are read rightly all the same.
    """

    status: Literal["ready"] = "ready"
    waiting: int
    waiting_since: datetime | None
    unsealed: int
    unsealed_since: datetime | None
    vouched: dict[str, datetime | None]
    behind: dict[str, int]


def _to_the_second(at: datetime | None) -> datetime | None:
    """Return a time as it may be told without a token: it is that of somebody's act."""
    return None if at is None else at.replace(microsecond=0)


def mount(app: FastAPI, house: House, caught_up: Callable[[], bool]) -> None:
    """Mount the two. `caught_up` says whether projections have caught up at least once, as far as they can."""
    was_ready = False

    def live() -> Live:
        """Say whether the process answers."""
        return Live()

    def ready() -> Ready:
        """Say whether the service may be used: it does once nothing was behind for the first time."""
        nonlocal was_ready
        try:
            with house.pool.connection() as connection:
                sequence, sealing, outside = lag(connection), unsealed(connection), anchored(connection)
                count = count_behind if was_ready else count_behind_events
                behind = count(connection, house.live.projections)
        except (DatabaseUnavailable, psycopg.Error):
            raise NotReady(database=False) from None
        was_ready = was_ready or caught_up() or not any(behind.values())
        if not was_ready:
            raise NotReady(database=True, behind=behind)
        return Ready(
            waiting=sequence.events, waiting_since=_to_the_second(sequence.since), unsealed=sealing.events,
            unsealed_since=_to_the_second(sealing.since), vouched={it.log: it.last for it in outside}, behind=behind,
        )  # fmt: skip

    about: dict[str, Any] = {"tags": ["health"]}
    app.add_api_route("/health/live", live, operation_id="HealthLive", summary="Is it alive?", **about)
    app.add_api_route("/health/ready", ready, operation_id="HealthReady", summary="Is it ready?", **about)
