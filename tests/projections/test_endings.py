"""How a case ended."""

from typing import Any

from hypothesis import HealthCheck, given, settings

from domain.closure import CaseClosed, CloseCase, ProposeClosure
from domain.decider import Override
from domain.objections import (
    AnswerObjection,
    ObjectionLapsed,
    ObjectionRaised,
    ObjectionWithdrawn,
    RaiseObjection,
    WithdrawObjection,
)
from domain.remembered import Holder
from domain.reopening import CaseReopened, ReopenCase
from domain.requests import AnswerAsClient, AskExperience, ReportExperience
from projections.endings import ENDINGS, Contested, Ending, Experience
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    CASE,
    IMPORT,
    INTAKE,
    THE_CLIENT,
    Row,
    Told,
    closed,
    histories,
    hours,
    imported,
    manager,
    opened,
    sources,
    version,
    worker,
)


def endings(told: Told) -> list[Ending]:
    return list(ENDINGS.over(told.counted))


def only(told: Told) -> Ending:
    (row,) = endings(told)
    return row


def last(told: Told) -> Any:
    """Return the version of what happened last, as the commands want it."""
    return version(told.it[-1].version)


def proposed(ground: Any = "goals_met", **more: Any) -> Told:
    closing = ProposeClosure(ground=ground, reason="valmis", no_view_because="ei tavoitettu", **more)
    return opened(AINO).by(worker(AINO), closing, hours(1))


def over_objection(rule: int = 13) -> Override:
    return Override(rule, "ei voi odottaa", hours(900))


def objected(told: Told, at: float, against: Any = None) -> Told:
    """Let the client object: to what happened last, if nothing else is named."""
    return told.by(THE_CLIENT, RaiseObjection(last(told) if against is None else against, "bussi ei kulje"), hours(at))


def closed_over_objection() -> Told:
    """Close the case over an objection to the proposal: the manager sets the rule aside."""
    told = objected(proposed(), at=2)
    return told.by(manager(AINO), CloseCase(override=(over_objection(),)), hours(3))


def answered(told: Told, outcome: Any, at: float, by: Holder = ARVO) -> Told:
    (objection,) = told.case.open_objections
    return told.by(worker(by), AnswerObjection(objection, outcome, "perustelut"), hours(at))


def test_a_case_that_nobody_closed_has_no_ending() -> None:
    assert endings(proposed()) == []


def test_an_ending_tells_on_what_ground_and_who_decided() -> None:
    told = closed(opened(AINO), at=1)
    row = only(told)
    assert (row.ground, row.initiator, row.attributed_to, row.closed_at) == (
        "advice_sufficed", "service", "circumstances", hours(1),
    )  # fmt: skip
    assert (row.organisation, row.unit, row.closed_by, row.closed_by_role) == ("kela", "toimeentulo", "aino", "worker")
    assert (row.version, row.proposed) == (last(told), last(told) - 1)
    assert (row.client, row.overridden, row.objections, row.experience) == (None, (), (), None)


def test_it_tells_what_the_client_said_to_the_proposal() -> None:
    for answer, client in (("agreed", "agreed"), ("denied", "refused")):
        told = proposed()
        told.by(THE_CLIENT, AnswerAsClient(last(told), answer), hours(2))  # type: ignore[arg-type]
        told.just(hours(3), CaseClosed("goals_met", "service", "circumstances"))
        assert only(told).client == client
    told = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended"), hours(1))
    row = only(told.by(worker(AINO), CloseCase(), hours(2)))
    assert (row.initiator, row.attributed_to, row.client) == ("client", "client", "agreed")


def test_a_closing_that_nobody_proposed_is_an_ending_all_the_same() -> None:
    row = only(opened(AINO).just(hours(1), CaseClosed("moved", "service", "circumstances")))
    assert (row.proposed, row.client, row.organisation, row.unit) == (None, None, "kela", "toimeentulo")


def test_one_closed_over_an_objection_says_so_and_which_rule_was_set_aside() -> None:
    row = only(closed_over_objection())
    assert row.overridden == (13,)
    assert row.closed_by_role == "manager"
    (objection,) = row.objections
    assert (objection.against, objection.raised_at, objection.outcome) == (row.proposed, hours(2), "open")
    assert (objection.closed_over, objection.settled_at) == (True, None)


def test_what_was_set_aside_to_propose_it_counts_too_and_nothing_else_does() -> None:
    mismatch = ProposeClosure(
        "service_mismatch", "ei sovi", None, "ei tavoitettu", override=(over_objection(14), over_objection(29))
    )
    told = opened(AINO).by(manager(AINO), mismatch, hours(1))
    row = only(told.by(manager(AINO), CloseCase(override=(over_objection(),)), hours(2)))
    assert (row.overridden, row.attributed_to) == ((13, 14, 29), "service")
    told.by(worker(AINO), ReopenCase("new_need"), hours(3))
    assert endings(closed(told, at=4))[-1].overridden == ()


def test_an_objection_stays_and_what_becomes_of_it_is_told_beside_the_ending() -> None:
    for outcome in ("upheld", "partly_upheld", "rejected"):
        (objection,) = only(answered(closed_over_objection(), outcome, at=9)).objections
        assert (objection.outcome, objection.settled_at, objection.closed_over) == (outcome, hours(9), True)
    told = closed_over_objection()
    (which,) = told.case.open_objections
    told.by(worker(AINO), WithdrawObjection(which), hours(8))  # on the client's behalf: it waits for the client
    assert [it.outcome for it in only(told).objections] == ["open"]
    told.by(THE_CLIENT, WithdrawObjection(which), hours(9))
    assert [(it.outcome, it.settled_at) for it in only(told).objections] == [("withdrawn", hours(9))]


def test_an_objection_that_was_answered_before_belongs_to_the_ending_if_it_was_against_its_proposal() -> None:
    told = answered(objected(opened(AINO), at=1, against=version(1)), "rejected", at=2, by=BO)
    told.by(worker(AINO), ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei"), hours(3))
    told = answered(objected(told, at=4), "upheld", at=5)
    told.just(hours(6), CaseClosed("goals_met", "service", "circumstances"))
    assert [(it.outcome, it.closed_over) for it in only(told).objections] == [("upheld", False)]


def test_so_does_one_against_anything_that_waited_at_the_closing() -> None:
    told = objected(opened(AINO), at=1, against=version(1))
    told.just(hours(2), CaseClosed("goals_met", "service", "circumstances"))
    assert [(it.against, it.closed_over) for it in only(told).objections] == [(1, True)]


def test_and_one_against_the_closing_whenever_it_comes() -> None:
    told = objected(closed(opened(AINO), at=1), at=99)
    assert [(it.against, it.raised_at, it.closed_over) for it in only(told).objections] == [
        (last(told) - 1, hours(99), False)
    ]
    told.by(THE_CLIENT, RaiseObjection(version(1), "avaus"), hours(100))
    assert len(only(told).objections) == 1


def test_what_ended_with_the_client_lapsed_and_is_open_again_where_that_was_a_mistake() -> None:
    told = objected(opened(AINO), at=1, against=version(1))
    (which,) = told.case.open_objections
    told.just(hours(2), ObjectionLapsed(which, "death"), CaseClosed("death", "service", "circumstances"))
    assert [(it.outcome, it.closed_over) for it in only(told).objections] == [("lapsed", False)]
    told.just(hours(9), CaseReopened("death_withdrawn", hours(9), "none", AINO, ""))
    row = only(told)
    assert [(it.outcome, it.settled_at) for it in row.objections] == [("open", None)]
    assert (row.trigger, row.reopened_at) == ("death_withdrawn", hours(9))


def test_a_reopened_case_tells_when_and_why_and_ends_anew() -> None:
    told = closed(opened(AINO), at=1).by(worker(AINO), ReopenCase("client_returned", "palasi"), hours(50))
    row = only(told)
    assert (row.reopened_at, row.trigger, row.reopened, row.reopened_words) == (
        hours(50), "client_returned", last(told), last(told),
    )  # fmt: skip
    first, second = endings(closed(told, at=60))
    assert (first.number, second.number, second.reopened_at) == (1, 2, None)


def test_the_clients_experience_stands_beside_the_ending_before_which_or_after_which_it_was_told() -> None:
    told = opened(AINO).by(worker(AINO), AskExperience("letter"), hours(1))
    told = closed(told.by(THE_CLIENT, ReportExperience(2), hours(2)), at=3)
    told.by(worker(AINO), AskExperience("letter"), hours(4)).by(THE_CLIENT, ReportExperience(4, "parani"), hours(5))
    row = only(told)
    assert (row.asked_at, [(it.told_at, it.score) for it in row.experiences]) == (
        hours(1), [(hours(2), 2), (hours(5), 4)],
    )  # fmt: skip
    assert row.experience == last(told)
    told.by(worker(AINO), ReopenCase("new_need"), hours(6)).by(THE_CLIENT, ReportExperience(5), hours(7))
    first, second = endings(closed(told, at=8))
    assert first == but_reopened(row, told)
    assert (second.asked_at, second.experiences) == (None, (Experience(second.experience or 0, hours(7), 5),))


def but_reopened(row: Ending, told: Told) -> Ending:
    """Return the row as it is once its case was taken up again."""
    again = next(it for it in told.it if isinstance(it.event, CaseReopened))
    return Ending(**{
        **vars(row), "reopened_at": hours(6), "reopened": again.version, "reopened_words": again.version,
        "trigger": "new_need",
    })  # fmt: skip


def test_an_import_ends_without_a_ground_where_it_stood() -> None:
    told = imported(Row(0, AINO), Row(3, AINO, "closed"), Row(2, AINO))
    row = only(told)
    assert (row.ground, row.initiator, row.attributed_to) == ("not_stated", "source", "not_stated")
    assert (row.organisation, row.unit, row.trigger) == ("kela", "toimeentulo", "activity")
    assert (row.closed_at, row.reopened_at) == (hours(3), hours(3))  # a source may run backward, and an ending not
    assert only(imported(Row(0, None, "closed"))).unit == INTAKE.unit


def test_what_is_said_of_an_objection_that_is_not_there_changes_nothing() -> None:
    before = ENDINGS.remembered(ENDINGS.start, closed(opened(AINO), at=1).it)
    told = closed(opened(AINO), at=1).just(hours(2), ObjectionWithdrawn(CASE), ObjectionLapsed(IMPORT, "death"))
    after = ENDINGS.remembered(before, told.it[-2:])
    assert ENDINGS.rows(after) is ENDINGS.rows(before)
    again = told.just(hours(3), ObjectionRaised(CASE, version(1), "")).it[-1]
    assert ENDINGS.rows(ENDINGS.fold(after, again))[0] is ENDINGS.rows(before)[0]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_each_closing_is_an_ending_and_the_last_one_tells_whether_it_is_closed(told: Told) -> None:
    agrees(told)


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_so_it_is_of_an_import(rows: list[Row]) -> None:
    agrees(imported(*rows))


def agrees(told: Told) -> None:
    found = endings(told)
    closings = [it.version for it in told.counted if isinstance(it.event, CaseClosed)]
    assert [it.version for it in found] == closings
    assert [it.reopened_at is None for it in found[-1:]] == [told.case.status == "closed"] * len(found[-1:])
    assert all(it.closed_at <= (it.reopened_at or it.closed_at) for it in found)
    standing = {it.version for row in found for it in row.objections if it.outcome == "open"}
    waiting = {it.version for it in told.it if getattr(it.event, "objection", None) in told.case.open_objections}
    assert standing <= waiting
    assert all(isinstance(it, Contested) for row in found for it in row.objections)
