"""The client's voice: what was said and decided, whether it was heard, and what it changed."""

from hypothesis import HealthCheck, given, settings

from domain.assessment import CompleteAssessment
from domain.client_ownership import AskWhoOwns, ChooseOwner, ReturnOwnership, TakeOwnership
from domain.closure import ProposeClosure, WithdrawClosure
from domain.corrections import MarkErroneous
from domain.objections import AnswerObjection, ObjectionLapsed, RaiseObjection, WithdrawObjection
from domain.requests import AnswerAsClient, AnswerRequest, AskExperience, MakeRequest, ReportExperience
from domain.voice import ConfirmStatement, DisputeStatement, RecordStatement
from projections.voice import VOICE, Said
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


def said(told: Told) -> list[Said]:
    return list(VOICE.over(told.counted))


def test_a_statement_stands_with_how_it_came_about() -> None:
    command = RecordStatement(
        "haluan kotiin", assisted_by="interpreter", present=2, language="se", about=version(1), medium="telephone"
    )
    (row,) = said(opened(AINO).by(worker(AINO), command, hours(1)))
    assert (row.kind, row.version, row.said_at, row.words, row.about) == ("statement", 2, hours(1), 2, 1)
    assert (row.by, row.by_role, row.speaker) == ("aino", "worker", "client")
    assert (row.assisted_by, row.present, row.language, row.medium) == ("interpreter", 2, "se", "telephone")
    assert (row.standing, row.used_in, row.changed) == ("unconfirmed", (), None)


def test_the_clients_own_entry_counts_as_confirmed() -> None:
    (row,) = said(opened(AINO).by(THE_CLIENT, RecordStatement("haluan kotiin"), hours(1)))
    assert (row.by_role, row.standing, row.answered_at) == ("client", "confirmed", None)


def test_the_client_confirms_or_disputes_how_it_was_written_down() -> None:
    told = opened(AINO).by(worker(AINO), RecordStatement("hän haluaa muuttaa"), hours(1))
    (statement,) = told.case.statements.now()
    told.by(THE_CLIENT, ConfirmStatement(statement), hours(2))
    assert [(it.standing, it.answered_at) for it in said(told)] == [("confirmed", hours(2))]
    told.by(THE_CLIENT, DisputeStatement(statement, "en sanonut noin"), hours(3))
    assert [(it.standing, it.answered_at, it.correction) for it in said(told)] == [("disputed", hours(3), 4)]


def test_a_confirmation_says_whether_the_client_gave_it_or_a_worker_for_them() -> None:
    told = opened(AINO).by(worker(AINO), RecordStatement("hän haluaa muuttaa"), hours(1))
    (statement,) = told.case.statements.now()
    told.by(worker(BO), ConfirmStatement(statement, medium="paper"), hours(2))
    assert [(it.answered_by, it.answered_by_role) for it in said(told)] == [("bo", "worker")]
    told.by(THE_CLIENT, ConfirmStatement(statement), hours(3))
    assert [(it.answered_by, it.answered_by_role) for it in said(told)] == [("client", "client")]


def test_an_objection_is_open_until_it_is_answered_and_says_what_it_changed() -> None:
    told = opened(AINO).by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(1))
    (row,) = said(told)
    assert (row.kind, row.about, row.standing, row.changed) == ("objection", 1, "open", None)
    answer = AnswerObjection(told.case.open_objections[0], "upheld", "olet oikeassa", changed=version(1))
    (row,) = said(told.by(worker(BO), answer, hours(5)))
    assert (row.standing, row.outcome, row.answered_at, row.changed, row.answer) == (
        "answered", "upheld", hours(5), 1, 3
    )  # fmt: skip


def test_an_objection_may_end_without_an_answer() -> None:
    told = opened(AINO).by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(1))
    told.by(THE_CLIENT, RaiseObjection(version(1), "enkä tähän"), hours(1))
    first, second = told.case.open_objections
    told.by(THE_CLIENT, WithdrawObjection(first), hours(2)).just(hours(3), ObjectionLapsed(second, "death"))
    assert [(it.standing, it.answered_at, it.outcome) for it in said(told)] == [
        ("withdrawn", hours(2), None), ("lapsed", hours(3), None)
    ]  # fmt: skip


def test_a_request_is_open_until_it_is_answered() -> None:
    told = opened(AINO).by(THE_CLIENT, MakeRequest("contact", "soittakaa"), hours(1))
    (row,) = said(told)
    assert (row.kind, row.request, row.standing) == ("request", "contact", "open")
    (request,) = told.case.requests.now()
    (row,) = said(told.by(worker(AINO), AnswerRequest(request, "granted", "soitettu"), hours(30)))
    assert (row.standing, row.outcome, row.answered_at, row.answer) == ("answered", "granted", hours(30), 3)


def test_what_the_client_decides_is_a_change_at_once() -> None:
    told = opened(AINO).by(THE_CLIENT, TakeOwnership("minä hoidan"), hours(1))
    told.by(THE_CLIENT, ChooseOwner(BO), hours(2)).by(THE_CLIENT, ReturnOwnership(), hours(3))
    assert [(it.kind, it.changed, it.words, it.chosen) for it in said(told)] == [
        ("took_ownership", 2, 2, None), ("chose_owner", 3, 3, BO), ("returned_ownership", 4, 4, None)
    ]  # fmt: skip


def test_a_client_may_end_the_case_and_think_better_of_it() -> None:
    told = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(1))
    assert [(it.kind, it.reason, it.standing) for it in said(told)] == [("proposed_closure", 2, "open")]
    told.by(THE_CLIENT, WithdrawClosure(), hours(2))
    assert [(it.standing, it.answered_at) for it in said(told)] == [("withdrawn", hours(2))]


def test_what_the_service_proposes_is_no_voice_but_the_answer_is() -> None:
    closing = ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu")
    told = opened(AINO).by(worker(AINO), closing, hours(1))
    told.by(THE_CLIENT, AnswerAsClient(version(3), "refused", "en ole valmis"), hours(2))
    unheard, answer = said(told)
    assert (unheard.kind, unheard.decision, unheard.why, unheard.by_role) == (
        "view_unavailable",
        "closure",
        2,
        "worker",
    )
    assert (answer.kind, answer.about, answer.position, answer.words) == ("answer", 3, "refused", 4)


def test_a_statement_knows_which_decisions_rest_on_it() -> None:
    told = opened(AINO).by(THE_CLIENT, RecordStatement("haluan kotiin"), hours(1))
    (view,) = told.case.statements.now()
    told.by(worker(AINO), CompleteAssessment("needs", "service_needed", client_view=view), hours(2))
    told.by(worker(AINO), ProposeClosure(ground="goals_met", reason="valmis", client_view=view), hours(3))
    told.by(worker(AINO), offer(BO, client_view=view), hours(4))
    assert said(told)[0].used_in == (3, 4, 5)


def test_what_the_client_was_asked_stands_there_too() -> None:
    told = (
        opened(AINO).by(worker(AINO), AskWhoOwns("minä"), hours(1)).by(worker(AINO), AskExperience("letter"), hours(2))
    )
    told.by(THE_CLIENT, ReportExperience(2, "odotin liian kauan"), hours(3))
    asked, experience_asked, experience = said(told)
    assert (asked.kind, asked.said_of_owner, asked.words) == ("asked_who_owns", 2, None)
    assert experience_asked.kind == "experience_asked"
    assert (experience.kind, experience.score, experience.words) == ("experience", 2, 4)


def test_what_was_entered_in_error_is_not_the_clients_voice() -> None:
    told = opened(AINO).by(THE_CLIENT, RecordStatement("haluan kotiin"), hours(1))
    told.by(THE_CLIENT, MarkErroneous(version(2), "väärä asia"), hours(2))
    assert said(told) == []


def test_what_is_entered_late_stands_where_it_was_said() -> None:
    told = opened(AINO).by(THE_CLIENT, RecordStatement("toinen"), hours(5))
    told.by(THE_CLIENT, RecordStatement("ensimmäinen"), hours(1))
    assert [(it.said_at, it.version) for it in said(told)] == [(hours(1), 3), (hours(5), 2)]


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_stands_is_what_the_case_remembers(told: Told) -> None:
    case, rows = told.case, said(told)
    statements = {it.id: it.standing for it in rows if it.kind == "statement"}
    assert statements == {which: it.standing for which, it in case.statements.now().items()}
    assert [it.id for it in rows if it.kind == "objection" and it.standing == "open"] == case.open_objections
    requests = {it.id: it.standing == "open" for it in rows if it.kind == "request"}
    assert requests == {which: bool(waits) for which, waits in case.requests.now().items()}
