"""Who owned the case and who answered for it, and when."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import HealthCheck, given, settings

from domain.acceptance import AcceptHandoff, HandoffAccepted
from domain.client_ownership import ChooseOwner, ReturnOwnership, TakeOwnership
from domain.closure import CaseClosed, CloseCase, ProposeClosure
from domain.decider import Actor
from domain.ownership import NameResponsible, ResponsibilityFellToUnit, ResponsibleNamed
from domain.reopening import CaseReopened, ReopenCase
from domain.requests import AnswerAsClient
from domain.transfer import ReceiveTransfer, TransferMatter
from projections.owner import OWNER, OwnerPeriod
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    CASE,
    EEVA,
    IMPORT,
    INTAKE,
    MONDAY,
    THE_CLIENT,
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
    version,
    worker,
)


def periods(told: Told) -> list[OwnerPeriod]:
    return list(OWNER.over(told.counted))


def who(told: Told) -> list[tuple[object, object]]:
    return [(it.owner if it.owned_by != "client" else "client", it.responsible) for it in periods(told)]


def test_whoever_takes_a_case_up_owns_it_and_answers_for_it() -> None:
    assert periods(opened(AINO)) == [OwnerPeriod(CASE, 1, "responsible", AINO, AINO, "kela", None, MONDAY, 1, None)]


def test_an_offer_moves_nothing_until_it_is_accepted() -> None:
    told = opened(AINO).by(worker(AINO), offer(BO), hours(1))
    assert who(told) == [(AINO, AINO)]
    told.by(worker(BO), AcceptHandoff(pending(told)), hours(2))
    first, second = periods(told)
    assert (first.responsible, first.until) == (AINO, hours(2))
    assert (second.owner, second.responsible, second.since, second.until) == (BO, BO, hours(2), None)
    assert second.duty_holder == "kela"  # the statutory duty does not follow the holder


def test_a_unit_that_holds_it_has_until_a_day_to_name_a_worker() -> None:
    told = opened(AINO).by(worker(AINO), offer(BO.as_unit), hours(1))
    told.by(manager(BO), AcceptHandoff(pending(told), for_unit=True), hours(2))
    told.by(manager(BO), NameResponsible(BO), hours(3))
    _, unit, named = periods(told)
    assert (unit.responsible, unit.name_by is not None) == (BO.as_unit, True)
    assert (named.responsible, named.name_by) == (BO, None)


def test_what_the_client_decided_stands_through_handoffs() -> None:
    told = opened(AINO).by(THE_CLIENT, TakeOwnership(), hours(1)).by(worker(AINO), offer(BO), hours(2))
    told.by(THE_CLIENT, AnswerAsClient(version(told.it[-1].version), "agreed"), hours(2))
    told.by(worker(BO), AcceptHandoff(pending(told)), hours(3))
    told.by(THE_CLIENT, ChooseOwner(EEVA), hours(4))
    handed_over(told, AINO, at=5)
    told.by(THE_CLIENT, ReturnOwnership(), hours(7))
    assert who(told) == [
        (AINO, AINO), ("client", AINO), ("client", BO), (EEVA, BO), (EEVA, AINO), (AINO, AINO)
    ]  # fmt: skip
    assert periods(told)[1].owner is None


def test_choosing_the_responsible_is_a_decision_of_the_clients_too() -> None:
    told = opened(AINO).by(THE_CLIENT, ChooseOwner(AINO), hours(1))
    handed_over(told, BO, at=2)
    assert [it.owned_by for it in periods(told)] == ["responsible", "chosen", "chosen"]
    assert who(told)[-1] == (AINO, BO)


def test_where_neither_changes_the_period_goes_on() -> None:
    told = opened(AINO)
    before = OWNER.over(told.it)
    told.just(hours(1), ResponsibleNamed(AINO, ""))
    assert OWNER.fold(before, told.it[-1]) is before


def test_what_a_worker_writes_down_as_the_clients_decision_waits_for_the_clients_own_word() -> None:
    told = opened(AINO).by(worker(AINO), TakeOwnership("haluaa itse"), hours(1))
    note = told.it[-1].version
    assert who(told) == [(AINO, AINO)]
    told.by(THE_CLIENT, AnswerAsClient(version(note), "confirmed"), hours(5))
    assert who(told) == [(AINO, AINO), ("client", AINO)]
    assert periods(told)[-1].since == hours(5)
    told.by(worker(AINO), ChooseOwner(EEVA), hours(6)).by(worker(AINO), ReturnOwnership(), hours(7))
    assert who(told)[-1] == ("client", AINO)
    told.by(worker(ARVO), AnswerAsClient(version(told.it[-1].version), "agreed", medium="telephone"), hours(8))
    assert who(told)[-1] == (AINO, AINO)


def test_where_the_worker_leaves_the_unit_answers_and_has_until_a_day_to_name_another() -> None:
    told = opened(AINO).by(THE_CLIENT, TakeOwnership(), hours(1))
    told.just(hours(2), ResponsibilityFellToUnit(AINO.as_unit, hours(99), "worker_leaving"))
    assert who(told) == [(AINO, AINO), ("client", AINO), ("client", AINO.as_unit)]
    assert periods(told)[-1].name_by == hours(99)
    assert told.case.responsible == AINO.as_unit


def test_a_death_that_was_a_mistake_leaves_the_case_to_whom_the_client_left_it() -> None:
    for decision, owner in ((TakeOwnership(), "client"), (ChooseOwner(EEVA), EEVA)):
        told = opened(AINO).by(THE_CLIENT, decision, hours(1))
        told.just(hours(2), CaseClosed("death", "service", "circumstances"))
        told.just(hours(9), CaseReopened("death_withdrawn", hours(9), "none", BO, ""))
        assert who(told)[-1] == (owner, BO)
        holds_for(told)


def test_a_received_transfer_takes_the_duty_along() -> None:
    told = opened(AINO).by(worker(AINO), TransferMatter(BO.as_unit, "ei meille"), hours(1))
    transfer = told.case.transfer
    assert transfer
    told.by(worker(BO), ReceiveTransfer(transfer.transfer), hours(2))
    assert [(it.responsible, it.duty_holder) for it in periods(told)] == [(AINO, "kela"), (BO, "county")]


def test_a_closed_case_has_no_owner_and_a_reopened_one_the_last_who_answered() -> None:
    told = opened(AINO).by(THE_CLIENT, TakeOwnership(), hours(1))
    told.by(THE_CLIENT, ProposeClosure(ground="client_ended"), hours(2)).by(worker(AINO), CloseCase(), hours(2))
    assert periods(told)[-1].until == hours(2)
    told.by(worker(AINO), ReopenCase("client_returned"), hours(9))
    last = periods(told)[-1]
    assert (last.number, last.owned_by, last.responsible, last.since) == (3, "responsible", AINO, hours(9))


def test_what_moves_while_it_is_closed_counts_once_it_is_open_again() -> None:
    told = imported(Row(0, AINO), Row(1, AINO, "closed"), Row(2, BO, "closed"))
    assert [(it.responsible, it.until) for it in periods(told)] == [(INTAKE, hours(0)), (AINO, hours(1))]
    told = imported(Row(0, AINO), Row(1, AINO, "closed"), Row(2, BO, "closed"), Row(3, BO))
    assert [(it.responsible, it.since) for it in periods(told)][-1] == (BO, hours(3))


def test_a_reopening_to_a_unit_says_until_when_it_names_a_worker() -> None:
    again = CaseReopened("new_need", hours(8), "none", BO.as_unit, "", name_by=hours(100))
    told = closed(opened(AINO), at=1).just(hours(9), again)
    assert periods(told)[-1].name_by == hours(100)


def test_no_period_ends_before_it_begins_though_a_source_runs_backward() -> None:
    told = imported(Row(5, AINO), Row(3, BO), Row(4, EEVA), Row(6, AINO))
    assert [(it.since, it.until) for it in periods(told)] == [
        (hours(5), hours(5)), (hours(5), hours(5)), (hours(5), hours(5)), (hours(5), hours(6)), (hours(6), None)
    ]  # fmt: skip


def test_what_is_entered_late_counts_where_it_happened() -> None:
    accepted = HandoffAccepted(CASE, BO, None, 0)
    named = ResponsibleNamed(EEVA, "")

    def told(*order: str) -> list[OwnerPeriod]:
        it = opened(ARVO)
        for name in order:
            it.just(*{"accepted": (hours(2), accepted), "named": (hours(4), named)}[name])
        return [replace(period, version=0) for period in periods(it)]

    assert told("named", "accepted") == told("accepted", "named")
    assert [it.responsible for it in told("named", "accepted")] == [ARVO, BO, EEVA]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_open_case_has_exactly_one_owner_and_one_responsible(told: Told) -> None:
    for number in range(1, len(told.it) + 1):
        holds_for(told.first(number))


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_imported_case_has_too(rows: list[Row]) -> None:
    holds_for(imported(*rows))


def holds_for(told: Told) -> None:
    case, found = told.case, periods(told)
    assert all(before.until is not None and before.until <= after.since for before, after in pairwise(found))
    assert all(it.until is None or it.since <= it.until for it in found)
    assert [it.number for it in found] == list(range(1, len(found) + 1))
    lasting = [it for it in found if it.until is None]
    assert len(lasting) == (case.status == "open")
    for it in lasting:
        assert (it.responsible, it.owned_by, it.duty_holder) == (case.responsible, case.owned_by, case.duty_holder)
        assert it.owner == {"responsible": case.responsible, "client": None, "chosen": case.chosen}[case.owned_by]


def test_nothing_of_another_stream_owns_a_case() -> None:
    told = Told().just(hours(0), ResponsibleNamed(AINO, ""), by=Actor("x", THE_CLIENT.role), imported=IMPORT)
    assert periods(told) == []
