"""What the client's words changed."""

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from domain.assessment import CompleteAssessment
from domain.corrections import MarkErroneous
from domain.intake import InformClient
from domain.objections import AnswerObjection, ObjectionLapsed, ObjectionWithdrawn, RaiseObjection, WithdrawObjection
from domain.reopening import CaseReopened
from domain.requests import AnswerRequest, MakeRequest
from domain.voice import RecordStatement
from projections.changed import CHANGED, Change
from tests.projections.histories import (
    AINO,
    BO,
    THE_CLIENT,
    Told,
    histories,
    hours,
    offer,
    opened,
    version,
    worker,
)


def came_of(told: Told) -> list[Change]:
    return list(CHANGED.over(told.counted))


def said() -> tuple[Told, UUID]:
    """Open a case and have something said in it, an hour later."""
    told = opened(AINO).by(THE_CLIENT, RecordStatement("haluan kotiin"), hours(1))
    (statement,) = told.case.statements.now()
    return told, statement


def objected() -> tuple[Told, UUID]:
    """Open a case and have it objected to, an hour later."""
    told = opened(AINO).by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(1))
    return told, told.case.open_objections[0]


def asked() -> tuple[Told, UUID]:
    """Open a case and have something asked for in it, an hour later."""
    told = opened(AINO).by(THE_CLIENT, MakeRequest("service", "kotiapua"), hours(1))
    (request,) = told.case.requests.now()
    return told, request


# Statements.


def test_words_that_nobody_answered_have_changed_nothing_yet() -> None:
    told, view = said()
    (row,) = came_of(told)
    assert (row.kind, row.version, row.id, row.said_at, row.words) == ("statement", 2, view, hours(1), 2)
    assert (row.by, row.by_role, row.by_organisation, row.speaker) == ("client", "client", None, "client")
    assert (row.answered_at, row.answered, row.changed, row.ended) == (None, None, None, None)


def test_a_statement_changes_the_first_decision_that_rests_on_it_and_waited_until_then() -> None:
    told, view = said()
    told.by(worker(AINO), CompleteAssessment("needs", "service_needed", client_view=view), hours(30))
    told.by(worker(AINO), offer(BO, client_view=view), hours(40))
    (row,) = came_of(told)
    assert (row.said_at, row.answered_at, row.answered, row.changed) == (hours(1), hours(30), 3, 3)
    assert (row.answered_by, row.answered_by_role) == ("aino", "worker")


def test_a_decision_may_name_the_entry_among_what_it_rests_on() -> None:
    told, _ = said()
    told.by(
        worker(AINO),
        CompleteAssessment("needs", "service_needed", no_view_because="ei tavoitettu", rests_on=(version(2),)),
        hours(3),
    )
    assert [(it.answered_at, it.changed) for it in came_of(told)] == [(hours(3), 4)]


def test_to_tell_the_client_of_it_is_an_answer_and_no_change() -> None:
    told, view = said()
    told.by(worker(AINO), InformClient(version(2), "telephone"), hours(3))
    assert [(it.answered_at, it.answered, it.changed) for it in came_of(told)] == [(hours(3), 3, None)]
    told.by(worker(AINO), CompleteAssessment("needs", "service_needed", client_view=view), hours(9))
    assert [(it.answered_at, it.answered, it.changed) for it in came_of(told)] == [(hours(3), 3, 4)]


def test_what_was_withheld_from_the_client_is_no_answer() -> None:
    told, _ = said()
    told.by(worker(AINO), InformClient(version(2), "letter", withheld_because="vaarantaisi"), hours(3))
    assert [it.answered for it in came_of(told)] == [None]


def test_a_decision_that_counts_before_the_statement_that_it_names_is_what_that_changed() -> None:
    told, view = said()
    told.by(worker(AINO), CompleteAssessment("needs", "service_needed", client_view=view), hours(0.5))
    assert [(it.version, it.answered_at, it.changed) for it in came_of(told)] == [(2, hours(0.5), 3)]


def test_a_decision_that_was_entered_in_error_has_changed_nothing() -> None:
    told, view = said()
    told.by(worker(AINO), CompleteAssessment("needs", "service_needed", client_view=view), hours(3))
    told.by(worker(AINO), MarkErroneous(version(3), "väärä asia"), hours(4))
    assert [(it.answered, it.changed) for it in came_of(told)] == [(None, None)]


# Requests.


def test_a_request_that_is_granted_has_changed_something_and_one_that_is_refused_has_not() -> None:
    answers: Any = {"granted": 3, "partly_granted": 3, "refused": None}
    for outcome, changed in answers.items():
        told, request = asked()
        told.by(worker(AINO), AnswerRequest(request, outcome, "näin"), hours(50))
        (row,) = came_of(told)
        assert (row.kind, row.request, row.outcome, row.changed) == ("request", "service", outcome, changed)
        assert (row.said_at, row.answered_at, row.answered) == (hours(1), hours(50), 3)


def test_a_decision_that_rests_on_a_request_is_no_answer_to_it() -> None:
    told, request = asked()
    rests = CompleteAssessment(
        "needs", "service_needed", no_view_because="ei tavoitettu", rests_on=(version(2),)
    )  # fmt: skip
    told.by(worker(AINO), rests, hours(3))
    assert [(it.answered, it.changed) for it in came_of(told)] == [(None, 4)]
    told.by(worker(AINO), AnswerRequest(request, "granted", "näin"), hours(5))
    assert [(it.answered, it.changed) for it in came_of(told)] == [(5, 4)]


# Objections.


def test_an_objection_changes_what_its_answer_names() -> None:
    told, objection = objected()
    told.by(worker(BO), AnswerObjection(objection, "upheld", "olet oikeassa", changed=version(1)), hours(9))
    (row,) = came_of(told)
    assert (row.kind, row.about, row.outcome, row.changed) == ("objection", 1, "upheld", 1)
    assert (row.answered_at, row.answered, row.answered_by) == (hours(9), 3, "bo")


def test_an_answer_may_change_nothing() -> None:
    told, objection = objected()
    told.by(worker(BO), AnswerObjection(objection, "rejected", "näin säädetään"), hours(9))
    assert [(it.answered, it.changed) for it in came_of(told)] == [(3, None)]


def test_an_objection_may_end_without_an_answer() -> None:
    told, objection = objected()
    told.by(THE_CLIENT, WithdrawObjection(objection), hours(2))
    assert [(it.ended, it.answered) for it in came_of(told)] == [("withdrawn", None)]


def test_a_withdrawal_that_waits_for_the_clients_own_word_ends_nothing() -> None:
    told, objection = objected()
    told.just(hours(2), ObjectionWithdrawn(objection, "client"), by=worker(AINO))
    assert [it.ended for it in came_of(told)] == [None]
    told.just(hours(3), ObjectionWithdrawn(objection, confirms=version(3)), by=THE_CLIENT)
    assert [it.ended for it in came_of(told)] == ["withdrawn"]


def test_an_objection_that_lapsed_stands_again_where_the_death_was_a_mistake() -> None:
    told, objection = objected()
    told.just(hours(2), ObjectionLapsed(objection, "death"))
    assert [it.ended for it in came_of(told)] == ["lapsed"]
    told.just(hours(3), CaseReopened("death_withdrawn", hours(3), "none", AINO, ""))
    assert [it.ended for it in came_of(told)] == [None]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_waits_for_an_answer_is_what_the_case_remembers(told: Told) -> None:
    rows, case = came_of(told), told.case
    assert {it.id for it in rows if it.kind == "statement"} == set(case.statements.now())
    waiting = [it.id for it in rows if it.kind == "objection" and it.answered is None and it.ended is None]
    assert waiting == case.open_objections
    requests = {it.id: it.answered is None for it in rows if it.kind == "request"}
    assert requests == {which: bool(waits) for which, waits in case.requests.now().items()}
