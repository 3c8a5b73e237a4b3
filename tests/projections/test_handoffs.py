"""How the case was handed on."""

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from domain.acceptance import AcceptHandoff, DeclineHandoff, HandoffAccepted, ReportAcceptance
from domain.closure import CaseClosed
from domain.decider import Command
from domain.handoff import ExpireHandoff, HandoffProposed, WithdrawHandoff
from domain.transfer import ContestTransfer, MatterTransferred, ReceiveTransfer, TransferMatter
from domain.voice import RecordStatement
from projections.handoffs import HANDOFFS, Handoff
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    EEVA,
    OONA,
    THE_CLIENT,
    THE_CLOCK,
    Row,
    Told,
    handed_over,
    histories,
    hours,
    imported,
    manager,
    offer,
    opened,
    pending,
    sources,
    worker,
)


def handoffs(told: Told) -> list[Handoff]:
    return list(HANDOFFS.over(told.counted))


def offered() -> Told:
    return opened(AINO).by(worker(AINO), offer(BO), hours(1))


def test_an_answer_says_who_gave_it() -> None:
    told = offered()
    told.by(worker(BO), DeclineHandoff(pending(told), "no_capacity", "täynnä"), hours(2))
    (row,) = handoffs(told)
    assert (row.answered_by, row.answered_by_role) == ("bo", "worker")


def test_an_offer_waits_with_all_that_it_says() -> None:
    told = opened(AINO).by(THE_CLIENT, RecordStatement("muutan"), hours(1))
    (statement,) = told.case.statements.now()
    told.by(worker(AINO), offer(BO, client_view=statement, warm=True), hours(2))
    (row,) = handoffs(told)
    assert (row.id, row.kind, row.sender, row.to) == (pending(told), "handoff", AINO, BO)
    assert (row.proposed_at, row.version, row.reason) == (hours(2), 3, 3)
    assert (row.warm, row.client_view, row.disclosure_basis) == (True, statement, "statutory")
    assert (row.outcome, row.answered_at, row.direct, row.returned) == ("pending", None, False, False)
    assert row.respond_by is not None
    assert row.respond_by > hours(2)


def test_it_has_the_answer_of_the_one_to_whom_it_was_offered() -> None:
    which = pending(offered())
    declined = DeclineHandoff(which, "not_competent", "ei meille", better_place=EEVA.as_unit)
    for actor, command, outcome, reason in (
        (worker(BO), AcceptHandoff(which), "accepted", None),
        (worker(BO), declined, "declined", 4),
        (worker(AINO), WithdrawHandoff(which, "erehdys"), "withdrawn", 4),
        (THE_CLOCK, ExpireHandoff(which), "expired", None),
    ):
        (row,) = handoffs(offered().by(actor, command, hours(400)))
        assert (row.outcome, row.answered_at, row.answered, row.answer_reason) == (outcome, hours(400), 4, reason)
        assert (row.accepted_by == BO) is (outcome == "accepted")
        assert (row.code, row.better_place) == (
            ("not_competent", EEVA.as_unit) if outcome == "declined" else (None, None)
        )


def test_an_acceptance_that_is_reported_is_a_claim() -> None:
    told = offered()
    told.by(worker(AINO), ReportAcceptance(pending(told), BO), hours(2))
    (row,) = handoffs(told)
    assert (row.outcome, row.claimed_by, row.claimed_at) == ("pending", BO, hours(2))


def test_a_transfer_is_received_or_contested() -> None:
    def transferred(command: Any, *more: str) -> Handoff:
        told = opened(AINO).by(worker(AINO), TransferMatter(OONA.as_unit, "ei meille"), hours(1))
        assert told.case.transfer
        answer: Command[Any] = command(told.case.transfer.transfer, *more)
        (row,) = handoffs(told.by(worker(OONA), answer, hours(2)))
        assert (row.kind, row.sender, row.to, row.respond_by) == ("transfer", AINO, OONA.as_unit, None)
        return row

    received, contested = transferred(ReceiveTransfer), transferred(ContestTransfer, "ei meillekään")
    assert (received.outcome, received.accepted_by, received.answer_reason) == ("received", OONA, None)
    assert (contested.outcome, contested.accepted_by, contested.answer_reason) == ("contested", None, 3)


def test_where_the_manager_offers_it_the_unit_is_the_sender() -> None:
    (row,) = handoffs(opened(AINO).by(manager(AINO), offer(BO), hours(1)))
    assert row.sender == AINO.as_unit


def test_a_unit_that_had_it_and_passed_it_on_gets_it_back() -> None:
    told = handed_over(handed_over(handed_over(opened(AINO), BO, at=1), EEVA, at=3), ARVO, at=5)
    assert [it.returned for it in handoffs(told)] == [False, False, True]  # Arvo's unit, though another worker


def test_within_a_unit_nothing_returns() -> None:
    told = handed_over(handed_over(opened(AINO), ARVO, at=1), AINO, at=3)
    assert [it.returned for it in handoffs(told)] == [False, False]


def test_an_import_moves_a_case_in_one_act() -> None:
    told = imported(Row(0, AINO), Row(1, BO), Row(2, AINO))
    assert [(it.sender, it.to, it.outcome, it.direct, it.returned) for it in handoffs(told)] == [
        (None, AINO, "accepted", True, False),
        (AINO, BO, "accepted", True, False),
        (BO, AINO, "accepted", True, True),
    ]


def test_a_queued_row_is_an_offer_that_waits_for_the_next_row() -> None:
    told = imported(Row(0, AINO), Row(1, BO.as_unit, "queued"), Row(4, EEVA.as_unit, "queued"), Row(9, EEVA))
    _, withdrawn, accepted = handoffs(told)
    assert (withdrawn.outcome, withdrawn.sender, withdrawn.answered_at) == ("withdrawn", AINO, hours(4))
    assert (accepted.outcome, accepted.accepted_by, accepted.direct) == ("accepted", EEVA, False)


def test_nothing_waits_once_the_case_is_closed() -> None:
    told = offered().just(hours(2), CaseClosed("not_stated", "source", "not_stated"))
    (row,) = handoffs(told)
    assert (row.outcome, row.answered_at, row.answer_reason) == ("withdrawn", hours(2), None)


def test_an_answer_counts_once() -> None:
    told = offered()
    told.by(worker(BO), AcceptHandoff(pending(told)), hours(2))
    rows = HANDOFFS.over(told.it)
    told.just(hours(3), told.it[-1].event)
    assert HANDOFFS.fold(rows, told.it[-1]) is rows


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_waits_is_what_the_case_waits_for_and_the_sender_is_of_the_unit_that_answered(told: Told) -> None:
    case = told.case
    waits: list[UUID] = [it.handoff for it in [case.pending] if it] + [it.transfer for it in [case.transfer] if it]
    rows = handoffs(told)
    assert [it.id for it in rows if it.outcome == "pending"] == waits
    assert len(rows) == sum(isinstance(it.event, HandoffProposed | MatterTransferred) for it in told.it)
    for row in rows:
        responsible = told.first(row.version - 1).case.responsible
        assert responsible
        assert row.sender
        assert row.sender.as_unit == responsible.as_unit


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_sender_in_an_import_is_the_last_who_accepted(rows: list[Row]) -> None:
    told = imported(*rows)
    for row in handoffs(told):
        before = told.first(row.version - 1)
        accepted = any(isinstance(it.event, HandoffAccepted) for it in before.it)
        assert row.sender == (before.case.responsible if accepted else None)


def came_back(told: Told) -> list[tuple[bool, bool, bool, bool]]:
    """Say of each handoff whether it returns and bounces, between units and between organisations."""
    return [(it.returned, it.bounced, it.returned_to_organisation, it.bounced_to_organisation) for it in handoffs(told)]


def test_a_bounce_goes_straight_back_and_a_return_comes_back_some_way() -> None:
    there_and_back = handed_over(handed_over(opened(AINO), BO, at=1), AINO, at=3)
    assert came_back(there_and_back)[-1] == (True, True, True, True)
    round_about = handed_over(handed_over(handed_over(opened(AINO), BO, at=1), OONA, at=3), AINO, at=5)
    assert came_back(round_about)[-1] == (True, False, True, False)


def test_between_organisations_what_moves_within_one_of_them_does_not_count() -> None:
    told = handed_over(handed_over(handed_over(opened(AINO), BO, at=1), EEVA, at=3), ARVO, at=5)
    assert came_back(told) == [(False,) * 4, (False,) * 4, (True, False, True, True)]


def test_an_offer_that_was_declined_bounces_nothing() -> None:
    told = offered()
    told.by(worker(BO), DeclineHandoff(pending(told), "no_capacity", "täynnä"), hours(2))
    told.by(worker(AINO), offer(BO), hours(3))
    assert came_back(told) == [(False,) * 4] * 2


def test_a_matter_that_is_sent_back_bounces_whichever_way_it_is_sent() -> None:
    told = opened(AINO).by(worker(AINO), TransferMatter(OONA.as_unit, "ei meille"), hours(1))
    assert told.case.transfer
    told.by(worker(OONA), ReceiveTransfer(told.case.transfer.transfer), hours(2))
    assert came_back(told.by(worker(OONA), offer(ARVO), hours(3)))[-1] == (True,) * 4
