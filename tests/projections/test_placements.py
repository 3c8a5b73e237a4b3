"""Where the case stood, and when."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings

from domain.acceptance import AcceptHandoff, DeclineHandoff, HandoffAccepted
from domain.handoff import ExpireHandoff, HandoffProposed, HandoffWithdrawn, WithdrawHandoff
from domain.ownership import NameResponsible, ResponsibilityFellToUnit, ResponsibleNamed
from domain.remembered import Holder
from domain.reopening import ReopenCase
from domain.transfer import ContestTransfer, ReceiveTransfer, TransferMatter
from projections.placements import PLACEMENTS, Placement
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    EEVA,
    INTAKE,
    MONDAY,
    OONA,
    THE_CLOCK,
    Row,
    Told,
    closed,
    handed_over,
    histories,
    hours,
    imported,
    manager,
    offer,
    opened,
    pending,
    sources,
    stands_at,
    worker,
)


def placements(told: Told) -> list[Placement]:
    return list(PLACEMENTS.over(told.counted))


def holders(told: Told) -> list[Holder]:
    return [it.holder for it in placements(told)]


def test_a_case_stands_with_whoever_took_it_up() -> None:
    (only,) = placements(opened(AINO))
    assert (only.holder, only.responsible, only.offered, only.since, only.until) == (AINO, AINO, False, MONDAY, None)


def test_an_offered_case_stands_with_the_one_to_whom_it_is_offered() -> None:
    told = opened(AINO).by(worker(AINO), offer(BO), hours(1))
    before, now = placements(told)
    assert (before.holder, before.until) == (AINO, hours(1))
    assert (now.holder, now.responsible, now.offered, now.offer) == (BO, AINO, True, pending(told))


def test_where_its_worker_leaves_it_stands_with_the_unit_and_an_offer_goes_on() -> None:
    fell = ResponsibilityFellToUnit(AINO.as_unit, hours(99), "worker_leaving")
    assert holders(opened(AINO).just(hours(1), fell)) == [AINO, AINO.as_unit]
    told = opened(AINO).by(worker(AINO), offer(BO), hours(1)).just(hours(2), fell)
    last = placements(told)[-1]
    assert (last.holder, last.responsible, last.offered, last.until) == (BO, AINO.as_unit, True, None)


def test_accepting_moves_nothing_but_who_answers() -> None:
    told = handed_over(opened(AINO), BO, at=1)
    _, now = placements(told)
    assert (now.holder, now.responsible, now.offered, now.offer, now.since) == (BO, BO, False, None, hours(1))


def test_a_worker_who_accepts_for_their_unit_is_a_placement_of_their_own() -> None:
    told = opened(AINO).by(worker(AINO), offer(BO.as_unit), hours(1))
    told.by(worker(BO), AcceptHandoff(pending(told)), hours(2))
    assert holders(told) == [AINO, BO.as_unit, BO]
    assert [it.offered for it in placements(told)] == [False, True, False]


def test_an_offer_that_comes_to_nothing_puts_it_back() -> None:
    decline = DeclineHandoff(pending(opened_and_offered()), "not_competent", "ei meille")
    withdraw = WithdrawHandoff(decline.handoff, "erehdys")
    expire = ExpireHandoff(decline.handoff)
    for actor, command in ((worker(BO), decline), (worker(AINO), withdraw), (THE_CLOCK, expire)):
        told = opened_and_offered().by(actor, command, hours(400))
        assert holders(told) == [AINO, BO, AINO]
        assert placements(told)[-1].since == hours(400)


def opened_and_offered() -> Told:
    return opened(AINO).by(worker(AINO), offer(BO), hours(1))


def test_a_worker_named_meanwhile_is_the_one_to_whom_it_goes_back() -> None:
    told = opened_and_offered().by(manager(AINO), NameResponsible(ARVO), hours(2))
    assert holders(told) == [AINO, BO]
    told.by(worker(BO), DeclineHandoff(pending(told), "no_capacity", "täynnä"), hours(3))
    assert holders(told) == [AINO, BO, ARVO]


def test_a_transfer_is_an_offer_too() -> None:
    for answer, then in ((ReceiveTransfer, [AINO, OONA.as_unit, OONA]), (ContestTransfer, [AINO, OONA.as_unit, AINO])):
        told = opened(AINO).by(worker(AINO), TransferMatter(OONA.as_unit, "ei meille"), hours(1))
        assert told.case.transfer
        which = told.case.transfer.transfer
        command = ReceiveTransfer(which) if answer is ReceiveTransfer else ContestTransfer(which, "ei meillekään")
        assert holders(told.by(worker(OONA), command, hours(2))) == then


def test_an_answer_to_another_offer_moves_nothing() -> None:
    told = opened_and_offered()
    rows = PLACEMENTS.over(told.it)
    told.just(hours(2), HandoffWithdrawn(told.it[0].context.command, ""))
    assert PLACEMENTS.fold(rows, told.it[-1]) is rows


def test_a_closed_case_stands_where_it_stood() -> None:
    told = closed(opened(AINO), at=1)
    assert [(it.holder, it.until) for it in placements(told)] == [(AINO, None)]
    told.by(worker(AINO), ReopenCase("new_need", responsible=ARVO), hours(9))
    assert holders(told) == [AINO, ARVO]


def test_the_intake_is_no_placement() -> None:
    assert placements(imported(Row(0, None), Row(1, None, "waiting_for_client"))) == []
    assert holders(imported(Row(0, None), Row(1, AINO))) == [AINO]
    assert holders(imported(Row(0, None, "closed"), Row(1, AINO))) == [AINO]


def test_an_offer_from_the_intake_that_comes_to_nothing_ends() -> None:
    told = imported(Row(0, AINO.as_unit, "queued"))
    told.just(hours(2), HandoffWithdrawn(pending(told), ""))
    assert [(it.holder, it.until) for it in placements(told)] == [(AINO.as_unit, hours(2))]
    told.just(hours(3), ResponsibleNamed(BO, ""))
    assert holders(told) == [AINO.as_unit, BO]


def test_a_row_that_offers_it_elsewhere_is_one_move() -> None:
    told = imported(Row(0, AINO), Row(1, BO.as_unit, "queued"), Row(2, EEVA.as_unit, "queued"), Row(3, EEVA))
    assert holders(told) == [AINO, BO.as_unit, EEVA.as_unit, EEVA]
    assert [it.number for it in placements(told)] == [1, 2, 3, 4]


def test_a_row_that_takes_the_offer_back_is_a_move_back() -> None:
    assert holders(imported(Row(0, AINO), Row(1, BO.as_unit, "queued"), Row(2, AINO))) == [AINO, BO.as_unit, AINO]


def test_what_is_offered_again_to_the_same_unit_stays_where_it_is() -> None:
    told = imported(Row(0, AINO), *(Row(at, BO.as_unit, "queued") for at in range(1, 5)))
    assert [(it.holder, it.since) for it in placements(told)] == [(AINO, hours(0)), (BO.as_unit, hours(1))]
    from_intake = imported(*(Row(at, BO.as_unit, "queued") for at in range(5)))
    assert [(it.holder, it.since) for it in placements(from_intake)] == [(BO.as_unit, hours(0))]


def test_two_acts_at_the_same_moment_are_two_placements() -> None:
    told = opened_and_offered().by(worker(AINO), WithdrawHandoff(pending(opened_and_offered()), "erehdys"), hours(1))
    told.by(worker(AINO), offer(EEVA), hours(1))
    assert holders(told) == [AINO, BO, AINO, EEVA]


def test_one_act_that_takes_back_and_offers_is_one_move() -> None:
    told = opened_and_offered()
    again = HandoffProposed(
        handoff=told.it[0].context.command, to=EEVA, reason="", respond_by=hours(9), policy=0, warm=False,
        client_view=None, disclosure_basis="statutory",
    )  # fmt: skip
    told.just(hours(2), HandoffWithdrawn(pending(told), ""), again, HandoffAccepted(again.handoff, EEVA, None, 0))
    assert holders(told) == [AINO, BO, EEVA]
    assert [(it.since, it.until) for it in placements(told)][1:] == [(hours(1), hours(2)), (hours(2), None)]


def test_what_is_entered_late_counts_where_it_happened() -> None:
    in_order = opened(AINO).just(hours(1), ResponsibleNamed(BO, "")).just(hours(2), ResponsibleNamed(EEVA, ""))
    late = opened(AINO).just(hours(2), ResponsibleNamed(EEVA, "")).just(hours(1), ResponsibleNamed(BO, ""))
    assert holders(in_order) == holders(late) == [AINO, BO, EEVA]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_last_placement_is_where_the_case_stands(told: Told) -> None:
    for number in range(1, len(told.it) + 1):
        then = told.first(number)
        *earlier, last = placements(then)
        assert (last.holder, last.responsible, last.until) == (stands_at(then.case), then.case.responsible, None)
        assert all(before.until == after.since for before, after in pairwise([*earlier, last]))


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_imported_case_stands_where_its_source_says(rows: list[Row]) -> None:
    stated: list[Holder] = []
    for row in rows:
        holder = row.holder
        if holder is None and not stated and row.meaning == "queued":
            holder = INTAKE  # what it offers before it says where the case stands, it offers there
        if holder is not None and stated[-1:] != [holder]:
            stated.append(holder)
    found = placements(imported(*rows))
    assert [it.holder for it in found] == stated
    assert [it.number for it in found] == list(range(1, len(found) + 1))
    assert all(before.until == after.since for before, after in pairwise(found))
    assert all(it.until is None or it.since <= it.until for it in found)
