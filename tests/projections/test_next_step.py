"""What was promised to happen next."""

from hypothesis import HealthCheck, given, settings

from domain.intake import NextStepPromised, PromiseNextStep
from projections.next_step import NEXT_STEP, NextStep
from tests.projections.histories import AINO, CASE, Row, Told, closed, histories, hours, imported, opened, worker


def steps(told: Told) -> list[NextStep]:
    return list(NEXT_STEP.over(told.counted))


def promised(told: Told, at: float, by: float) -> Told:
    return told.by(worker(AINO), PromiseNextStep("worker", "soitto", hours(by)), hours(at))


def test_a_promise_stands_until_another_takes_its_place() -> None:
    told = promised(opened(AINO), at=1, by=48)
    assert steps(told) == [NextStep(CASE, 1, "worker", 2, hours(1), hours(48), 2)]
    promised(told, at=20, by=72)
    assert [(it.number, it.due, it.settled, it.outcome) for it in steps(told)] == [
        (1, hours(48), hours(20), "replaced"), (2, hours(72), None, "promised")
    ]  # fmt: skip


def test_closing_settles_what_was_promised() -> None:
    told = closed(promised(opened(AINO), at=1, by=48), at=9)
    assert [(it.settled, it.outcome) for it in steps(told)] == [(hours(9), "closed")]


def test_what_was_settled_stays_as_it_was() -> None:
    told = closed(promised(promised(opened(AINO), at=1, by=48), at=2, by=48), at=9)
    assert [(it.settled, it.outcome) for it in steps(told)] == [(hours(2), "replaced"), (hours(9), "closed")]


def test_an_import_that_waits_for_the_client_promises_what_the_client_does() -> None:
    told = imported(Row(0, AINO), Row(1, None, "waiting_for_client"))
    assert [(it.who, it.due) for it in steps(told)] == [("client", hours(1))]


def test_what_is_entered_late_counts_where_it_happened() -> None:
    told = promised(opened(AINO), at=9, by=48).just(hours(3), NextStepPromised("unit", "", hours(30)))
    assert [(it.promised_at, it.settled) for it in steps(told)] == [(hours(3), hours(9)), (hours(9), None)]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_at_most_one_promise_stands_and_none_once_the_case_is_closed(told: Told) -> None:
    standing = [it for it in steps(told) if it.settled is None]
    assert standing == steps(told)[-1:] or not standing
    assert told.case.status == "open" or not standing
