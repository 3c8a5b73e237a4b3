"""Who asked for the case, and what came of it."""

from domain.asking import DeclineHandoffRequest, RequestHandoff
from domain.handoff import HandoffProposed
from domain.reopening import ReopenCase
from projections.askings import ASKINGS, AskedFor
from tests.projections.histories import AINO, BO, CASE, EEVA, Told, closed, hours, offer, opened, worker


def asked() -> Told:
    return opened(AINO).by(worker(BO), RequestHandoff("tunnen hänet"), hours(1))


def of(told: Told) -> tuple[AskedFor, ...]:
    return ASKINGS.over(told.counted)


def test_a_case_that_nobody_asked_for_has_no_row() -> None:
    assert of(opened(AINO)) == ()


def test_a_request_waits_for_an_answer_in_the_askers_name() -> None:
    told = asked()
    (request,) = told.case.askings.now()
    assert of(told) == (AskedFor(CASE, request, BO, hours(1), version=2, reason=2),)


def test_it_is_offered_to_whom_asked() -> None:
    told = asked().by(worker(AINO), offer(BO), hours(2))
    event = next(it.event for it in told.it if isinstance(it.event, HandoffProposed))
    (row,) = of(told)
    assert (row.outcome, row.answered_at, row.handoff) == ("offered", hours(2), event.handoff)
    assert row.answer_reason is None


def test_it_is_declined_with_reasons() -> None:
    told = asked()
    (request,) = told.case.askings.now()
    told.by(worker(AINO), DeclineHandoffRequest(request, "asiakas haluaa jatkaa täällä"), hours(3))
    (row,) = of(told)
    assert (row.outcome, row.answered_at, row.answered, row.answer_reason) == ("declined", hours(3), 3, 3)


def test_an_offer_to_another_leaves_it_waiting() -> None:
    told = asked().by(worker(AINO), offer(EEVA), hours(2))
    assert [it.outcome for it in of(told)] == ["pending"]


def test_it_lapses_with_the_closing_and_may_be_answered_once_the_case_is_taken_up_again() -> None:
    told = closed(asked(), at=2)
    (row,) = of(told)
    assert (row.outcome, row.answered_at) == ("lapsed", hours(2))
    told.by(worker(AINO), ReopenCase("client_returned", "palasi"), hours(3)).by(worker(AINO), offer(BO), hours(4))
    assert [(it.outcome, it.answered_at) for it in of(told)] == [("offered", hours(4))]
