"""Two handoffs at once, and one that is taken back while it is accepted: one winner each time."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Response

from domain.decider import Actor
from tests.scenarios.life import CaseLife, Life, Row
from tests.scenarios.people import TIINA
from tests.town import AINO, BO

ROUNDS = 3
TRIES = 50
BUSY = 503


@pytest.mark.rule(3)
def test_of_fifty_who_act_at_once_one_wins_and_the_case_has_one_owner_throughout(life: Life) -> None:
    """Kela's Aino and her colleagues offer a client's case to the county and to the employment services at once.

    Then Aino takes the offer back in the very moment in which the county's Bo takes the case on. Whoever wins, the case
    is somebody's at every moment, and never two people's.
    """
    life.join(TIINA)
    for _ in range(ROUNDS):
        one_wins_each_time(life.case(AINO, "2025-03-03"))


def one_wins_each_time(case: CaseLife) -> None:
    """Let fifty offer a case at once, then fifty take the offer back and accept it."""
    offers = at_once(lambda number: offers_to(case, BO if number % 2 else TIINA))
    assert outcomes(offers) == {"done": 1, "handoff-pending": TRIES - 1}

    (offer,) = case.reads("handoffs")
    receiver = BO if offer["to"]["worker"] == "bo" else TIINA
    answers = at_once(lambda number: takes_on(case, offer, receiver) if number % 2 else takes_back(case, offer))
    assert outcomes(answers)["done"] == 1
    assert outcomes(answers).keys() <= {"done", "handoff-not-pending", "not-in-the-case"}

    (row,) = case.reads("handoffs")
    winner = {"accepted": receiver, "withdrawn": AINO}[row["outcome"]]
    assert (case.owner(), case.responsible()) == (winner.id, winner.id)
    has_one_owner_throughout(case)


def offers_to(case: CaseLife, receiver: Actor) -> Response:
    return case.tries(
        AINO, "propose-handoff", at="2025-03-04", to=receiver, reason="tuen tarve",
        no_view_because="ei tavoitettu", disclosure_basis="statutory",
    )  # fmt: skip


def takes_on(case: CaseLife, offer: Row, receiver: Actor) -> Response:
    return case.tries(receiver, "accept-handoff", at="2025-03-05", handoff=offer["id"])


def takes_back(case: CaseLife, offer: Row) -> Response:
    return case.tries(AINO, "withdraw-handoff", at="2025-03-05", handoff=offer["id"], reason="hoitui jo")


def at_once(act: Callable[[int], Response]) -> list[Response]:
    """Let so many try at the same time."""
    with ThreadPoolExecutor(TRIES) as threads:
        return list(threads.map(lambda number: insisting(act, number), range(TRIES)))


def insisting(act: Callable[[int], Response], number: int) -> Response:
    """Try again where the service was too busy to look at it, as its answer says."""
    answers = (act(number) for _ in range(TRIES))
    return next(it for it in answers if it.status_code != BUSY)


def outcomes(answers: list[Response]) -> Counter[str]:
    """Return how often it was done, and how often refused as what."""
    return Counter(
        "done" if it.is_success else it.json()["type"].removeprefix("/problems/") for it in answers
    )  # fmt: skip


def has_one_owner_throughout(case: CaseLife) -> None:
    """Check every version of the case, and that each period of ownership begins where the one before ends."""
    for version in range(1, case.version + 1):
        told = case.stands(version=version)
        assert told["owned_by"] == "responsible"
        assert told["owner"] == told["responsible"] is not None
    periods = case.reads("owner")
    assert [it["until"] for it in periods] == [it["since"] for it in periods[1:]] + [None]
