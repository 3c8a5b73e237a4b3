"""How the case was closed, or was going to be."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings

from domain.closure import CaseClosed, CloseCase, ClosureProposed, ProposeClosure, WithdrawClosure
from domain.decider import Actor, Role
from domain.elsewhere import ReferenceDecision
from domain.intake import InformClient
from domain.objections import RaiseObjection
from domain.reopening import CaseReopened, ReopenCase
from domain.requests import AnswerAsClient, ClientAnswered
from projections.closure import CLOSURE, Closure
from tests.projections.histories import (
    AINO,
    THE_CLIENT,
    Row,
    Told,
    closed,
    histories,
    hours,
    imported,
    opened,
    sources,
    version,
    worker,
)

A_REPRESENTATIVE = Actor(str(UUID(int=9)), Role.REPRESENTATIVE)


def closures(told: Told) -> list[Closure]:
    return list(CLOSURE.over(told.counted))


def proposed() -> Told:
    closing = ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu")
    return opened(AINO).by(worker(AINO), closing, hours(1))


def test_an_open_case_that_nobody_would_close_has_no_row() -> None:
    assert closures(opened(AINO)) == []


def test_a_proposal_says_on_what_ground_and_at_whose_initiative() -> None:
    (row,) = closures(proposed())
    assert (row.status, row.ground, row.initiator, row.attributed_to) == (
        "proposed", "goals_met", "service", "circumstances"
    )  # fmt: skip
    assert (row.proposed_at, row.proposed_by, row.proposed_role, row.version) == (hours(1), "aino", "worker", 3)
    assert (row.reason, row.alternative, row.client, row.informed_at) == (3, 3, None, None)


def test_the_client_is_told_and_agrees_or_does_not() -> None:
    told = proposed().by(worker(AINO), InformClient(version(3), "meeting"), hours(2))
    (row,) = closures(told)
    assert row.informed_at == hours(2)
    assert row.object_by is not None
    assert row.object_by > hours(24 * 13)
    for answer, client in (
        ("refused", "refused"),
        ("agreed", "agreed"),
        ("denied", "refused"),
        ("confirmed", "agreed"),
    ):
        (row,) = closures(told.by(THE_CLIENT, AnswerAsClient(version(3), answer), hours(3)))  # type: ignore[arg-type]
        assert (row.client, row.client_told_by) == (client, "client")


def test_a_closing_says_who_decided_it_and_counts_the_objections_to_it_and_no_others() -> None:
    told = closed(opened(AINO), at=1)
    closing = told.it[-1].version
    told.by(THE_CLIENT, RaiseObjection(version(1), "avaus"), hours(3))
    told.by(THE_CLIENT, RaiseObjection(version(closing), "sulkeminen"), hours(3))
    (row,) = closures(told)
    assert (row.status, row.closed, row.closed_by, row.closed_by_role) == ("closed", closing, "aino", "worker")
    assert (row.objections, row.client, row.client_told_by) == (1, None, None)


def test_what_was_kept_from_the_client_was_not_told() -> None:
    told = proposed().by(worker(AINO), InformClient(version(3), "letter", withheld_because="vaarassa"), hours(2))
    assert [it.informed_at for it in closures(told)] == [None]


def test_objections_raised_meanwhile_are_counted() -> None:
    told = opened(AINO).by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(0))
    closing = ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu")
    told.by(worker(AINO), closing, hours(1)).by(THE_CLIENT, RaiseObjection(version(4), "enkä tähän"), hours(2))
    assert [it.objections for it in closures(told)] == [1]


def test_a_client_who_ends_the_case_agrees() -> None:
    told = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(1))
    (row,) = closures(told)
    assert (row.initiator, row.proposed_role, row.client) == ("client", "client", "agreed")
    (row,) = closures(told.by(worker(AINO), CloseCase(), hours(2)))
    assert (row.status, row.closed_at, row.closed) == ("closed", hours(2), 3)


def test_a_proposal_can_be_taken_back_and_made_again() -> None:
    told = proposed().by(worker(AINO), WithdrawClosure("jatkuu"), hours(2))
    (row,) = closures(told)
    assert (row.status, row.withdrawn_at, row.withdrawn_because) == ("withdrawn", hours(2), 4)
    first, second = closures(closed(told, at=3))
    assert (first.status, second.status, second.number) == ("withdrawn", "closed", 2)


def test_a_reopened_case_says_why() -> None:
    told = closed(opened(AINO), at=1).by(worker(AINO), ReopenCase("client_returned", words="palasi"), hours(9))
    (row,) = closures(told)
    assert (row.status, row.closed_at, row.reopened_at, row.trigger) == (
        "reopened", hours(1), hours(9), "client_returned"
    )  # fmt: skip
    assert row.reopened_words == told.it[-1].version


def test_a_proposal_tells_on_which_decision_it_rests_and_whether_it_is_urgent() -> None:
    told = opened(AINO).by(worker(AINO), ReferenceDecision("ended", hours(0), hours(900)), hours(1))
    (decision,) = told.case.decisions.now()
    closing = ProposeClosure("no_legal_basis", "ei oikeutta", None, "ei tavoitettu", decision=decision, urgent=True)
    (row,) = closures(told.by(worker(AINO), closing, hours(2)))
    assert (row.ground, row.decision, row.urgent) == ("no_legal_basis", decision, True)


def test_one_custodians_yes_is_not_yet_the_clients() -> None:
    alone = ClientAnswered(version(3), "agreed", "", waits_for="custodian")
    assert [it.client for it in closures(proposed().just(hours(2), alone, by=A_REPRESENTATIVE))] == [None]


def test_a_case_that_a_mistaken_death_closed_says_so_once_it_is_open_again() -> None:
    told = opened(AINO).just(hours(1), CaseClosed("death", "service", "circumstances"))
    told.just(hours(5), CaseReopened("death_withdrawn", hours(5), "none", AINO, ""))
    assert [(it.status, it.trigger) for it in closures(told)] == [("reopened", "death_withdrawn")]


def test_an_import_closes_without_a_ground_and_reopens_with_its_next_activity() -> None:
    told = imported(Row(0, AINO), Row(3, AINO, "closed"), Row(5, AINO, "closed"), Row(4, AINO))
    (row,) = closures(told)
    assert (row.status, row.ground, row.initiator, row.trigger) == ("reopened", "not_stated", "source", "activity")
    assert (row.closed_at, row.reopened_at) == (hours(3), hours(4))


def test_a_closing_that_nobody_proposed_is_a_row_all_the_same() -> None:
    told = opened(AINO).just(hours(1), CaseClosed("death", "service", "circumstances"))
    (row,) = closures(told)
    assert (row.status, row.ground, row.closed_at, row.reason) == ("closed", "death", hours(1), None)


def test_one_proposal_stands_at_a_time() -> None:
    again = ClosureProposed("moved", "service", "circumstances", "", "", None, ())
    told = proposed().just(hours(2), again)
    assert [(it.status, it.ground) for it in closures(told)] == [("withdrawn", "goals_met"), ("proposed", "moved")]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_last_row_says_whether_the_case_is_closed(told: Told) -> None:
    agrees(told)


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_so_it_does_of_an_import(rows: list[Row]) -> None:
    agrees(imported(*rows))


def agrees(told: Told) -> None:
    case, rows = told.case, closures(told)
    assert [it.status for it in rows[-1:] if it.status == "closed"] == ["closed"] * (case.status == "closed")
    proposals = [it for it in rows if it.status == "proposed"]
    assert [(it.version, it.ground, it.object_by) for it in proposals] == [
        (it.version, it.ground, it.object_by) for it in [case.closure] if it
    ]
    for it in rows:
        assert it.closed_at is None or it.proposed_at <= it.closed_at <= (it.reopened_at or it.closed_at)
