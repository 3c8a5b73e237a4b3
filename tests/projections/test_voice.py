"""The client's voice: what was said and decided, whether it was heard, and what it changed."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings

from domain.assessment import CompleteAssessment
from domain.client_ownership import AskWhoOwns, ChooseOwner, ReturnOwnership, TakeOwnership
from domain.closure import CloseCase, ProposeClosure, WithdrawClosure
from domain.consent import ConsentGiven, ConsentWithdrawn
from domain.corrections import MarkErroneous
from domain.decider import Actor, Role
from domain.objections import (
    AnswerObjection,
    ObjectionLapsed,
    ObjectionWithdrawn,
    RaiseObjection,
    WithdrawObjection,
)
from domain.provision import ServiceDeclined
from domain.reopening import CaseReopened
from domain.requests import (
    AnswerAsClient,
    AnswerRequest,
    AskExperience,
    ClientAnswered,
    MakeRequest,
    ReportExperience,
)
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

CONSENT = UUID(int=7)
A_REPRESENTATIVE = Actor(str(UUID(int=9)), Role.REPRESENTATIVE)


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
    assert [(it.answered_by, it.answered_by_role, it.answer_medium) for it in said(told)] == [("bo", "worker", "paper")]
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


def test_a_proposal_to_close_that_the_client_made_is_carried_out() -> None:
    told = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(1))
    told.by(worker(AINO), CloseCase(), hours(2))
    assert [(it.standing, it.answered_at) for it in said(told)] == [("carried_out", hours(2))]


def test_what_the_service_proposes_and_takes_back_leaves_the_clients_proposal_as_it_was() -> None:
    told = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(1))
    told.by(THE_CLIENT, WithdrawClosure(), hours(2))
    closing = ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu")
    told.by(worker(AINO), closing, hours(3)).by(worker(AINO), WithdrawClosure("jatkuu"), hours(4))
    proposed, _ = said(told)
    assert (proposed.standing, proposed.answered_at) == ("withdrawn", hours(2))


def test_a_consent_is_given_and_taken_back() -> None:
    told = opened(AINO).just(hours(1), ConsentGiven(CONSENT, "handoff", ("county",), None), by=worker(AINO))
    assert [(it.kind, it.by_role, it.recipients, it.standing, it.changed) for it in said(told)] == [
        ("gave_consent", "worker", ("county",), "given", 2)
    ]
    told.just(hours(2), ConsentWithdrawn(CONSENT), by=THE_CLIENT)
    assert [(it.standing, it.answered_at, it.answered_by_role) for it in said(told)] == [
        ("withdrawn", hours(2), "client")
    ]


def test_a_consent_lapses_and_is_not_given_again_with_the_objections_after_a_death_that_was_none() -> None:
    told = opened(AINO).just(hours(1), ConsentGiven(CONSENT, "handoff", ("county",), hours(2)), by=THE_CLIENT)
    told.just(hours(2), ConsentWithdrawn(CONSENT, "lapsed"))
    told.just(hours(3), CaseReopened("death_withdrawn", hours(3), "none", AINO, ""))
    assert [it.standing for it in said(told)] == ["lapsed"]


def test_a_service_that_the_client_declines_ends_and_what_a_worker_writes_down_of_it_ends_nothing() -> None:
    for by, changed in ((THE_CLIENT, 2), (worker(AINO), None)):
        (row,) = said(opened(AINO).just(hours(1), ServiceDeclined(UUID(int=8), "en halua"), by=by))
        assert (row.kind, row.words, row.changed) == ("declined_service", 2, changed)


# Written down for the client.


def test_a_decision_that_a_worker_wrote_down_awaits_the_clients_own_word() -> None:
    told = opened(AINO).by(worker(AINO), ChooseOwner(BO, "hän tuntee minut"), hours(1))
    (row,) = said(told)
    assert (row.kind, row.by_role, row.chosen, row.standing, row.waits_for, row.changed) == (
        "chose_owner", "worker", BO, "awaiting", "client", None
    )  # fmt: skip
    told.by(THE_CLIENT, AnswerAsClient(version(2), "confirmed", "niin", "telephone"), hours(2))
    row, answer = said(told)
    assert (row.standing, row.answered_at, row.answered_by_role, row.answer_medium, row.changed) == (
        "confirmed", hours(2), "client", "telephone", 4
    )  # fmt: skip
    assert (answer.kind, answer.about, answer.position, answer.medium) == ("answer", 2, "confirmed", "telephone")


def test_the_client_may_deny_what_was_written_down_for_them() -> None:
    told = opened(AINO).by(worker(AINO), TakeOwnership("minä hoidan"), hours(1))
    told.by(THE_CLIENT, AnswerAsClient(version(2), "denied"), hours(2))
    row, _ = said(told)
    assert (row.standing, row.answered_at, row.changed) == ("denied", hours(2), None)


def test_one_custodians_yes_decides_nothing_yet() -> None:
    told = opened(AINO).by(worker(AINO), TakeOwnership("lapsi hoitaa"), hours(1))
    told.just(hours(2), ClientAnswered(version(2), "agreed", "", "paper", "custodian"), by=A_REPRESENTATIVE)
    row, answer = said(told)
    assert (row.standing, answer.position, answer.waits_for) == ("awaiting", "agreed", "custodian")


def test_a_withdrawal_that_a_worker_wrote_down_leaves_the_objection_open_until_it_is_confirmed() -> None:
    told = opened(AINO).by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(1))
    (which,) = told.case.open_objections
    told.just(hours(2), ObjectionWithdrawn(which, "client"), by=worker(AINO))
    objection, withdrawal = said(told)
    assert (objection.standing, withdrawal.kind, withdrawal.about, withdrawal.standing) == (
        "open", "withdrew_objection", 2, "awaiting"
    )  # fmt: skip
    confirmed = ClientAnswered(version(3), "confirmed", ""), ObjectionWithdrawn(which, confirms=version(3))
    told.just(hours(3), *confirmed, by=THE_CLIENT)
    objection, withdrawal, _ = said(told)
    assert (objection.standing, withdrawal.standing, withdrawal.changed) == ("withdrawn", "confirmed", 5)


def test_an_ending_in_the_clients_name_is_theirs_once_they_confirm_it() -> None:
    closing = ProposeClosure(ground="client_ended", reason="riitti", no_view_because="kirjasi toinen")
    told = opened(AINO).by(worker(AINO), closing, hours(1))
    _, row = said(told)
    assert (row.kind, row.standing, row.waits_for, row.changed) == ("proposed_closure", "awaiting", "client", None)
    told.by(THE_CLIENT, AnswerAsClient(version(3), "confirmed"), hours(2))
    _, row, _ = said(told)
    assert (row.standing, row.changed) == ("confirmed", 3)


def test_what_the_client_ended_ends_until_they_confirm_that_they_think_better_of_it() -> None:
    told = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(1))
    told.by(worker(AINO), WithdrawClosure("soitti: jatkaa sittenkin"), hours(2))
    proposal, withdrawal = said(told)
    assert (proposal.standing, withdrawal.kind, withdrawal.about, withdrawal.standing) == (
        "open", "withdrew_closure", 2, "awaiting"
    )  # fmt: skip
    told.by(THE_CLIENT, AnswerAsClient(version(3), "agreed"), hours(3))
    proposal, withdrawal, _ = said(told)
    assert (proposal.standing, withdrawal.standing, withdrawal.changed) == ("withdrawn", "confirmed", 5)


def test_a_dispute_says_who_wrote_it_down() -> None:
    told = opened(AINO).by(worker(AINO), RecordStatement("hän haluaa muuttaa"), hours(1))
    (statement,) = told.case.statements.now()
    told.by(worker(BO), DisputeStatement(statement, "en sanonut noin"), hours(2))
    assert [(it.standing, it.answered_by, it.answered_by_role) for it in said(told)] == [("disputed", "bo", "worker")]


def test_objections_that_lapsed_are_open_again_where_the_death_was_a_mistake() -> None:
    told = opened(AINO).by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(1))
    (which,) = told.case.open_objections
    told.just(hours(2), ObjectionLapsed(which, "death"))
    told.just(hours(3), CaseReopened("death_withdrawn", hours(3), "none", AINO, ""))
    assert [(it.standing, it.answered_at) for it in said(told)] == [("open", hours(3))]


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


def test_a_decision_that_counts_before_the_statement_that_it_names_rests_on_it_all_the_same() -> None:
    told = opened(AINO).by(THE_CLIENT, RecordStatement("haluan kotiin"), hours(2))
    (view,) = told.case.statements.now()
    told.by(worker(AINO), CompleteAssessment("needs", "service_needed", client_view=view), hours(1))
    told.by(worker(AINO), offer(BO, client_view=view), hours(3))
    assert said(told)[0].used_in == (3, 4)


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
