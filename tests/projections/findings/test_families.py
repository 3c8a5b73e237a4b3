"""What each family of rules finds, from when on, and until when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from domain.acceptance import AcceptHandoff, DeclineHandoff, HandoffAccepted, ReportAcceptance
from domain.assessment import CompleteAssessment, StartAssessment
from domain.calendar import Calendar
from domain.client_ownership import AskWhoOwns, TakeOwnership
from domain.closure import CloseCase, ProposeClosure
from domain.corrections import MarkErroneous
from domain.decider import Override
from domain.handoff import ExpireHandoff, WithdrawHandoff
from domain.history import counted
from domain.intake import InformClient, PromiseNextStep
from domain.meetings import HoldWarmMeeting
from domain.objections import RaiseObjection
from domain.overrides import ReviewOverride
from domain.ownership import NameResponsible
from domain.plan import AgreePlan
from domain.policy import Policies, Setting
from domain.requests import AnswerRequest, AskExperience, MakeRequest
from domain.transfer import TransferMatter
from domain.voice import RecordStatement
from projections.findings.finding import Finding, Judgement, judged
from projections.findings.judged import FINDINGS
from tests.domain.given import (
    ANY_CLIENT,
    HOLIDAYS_2025,
    Asked,
    Story,
    accepted_by,
    aino,
    arvo,
    bo,
    closure_proposed_by,
    entry,
    given,
    holder,
    informed_by,
    made_by,
    marja,
    moment,
    opened_by,
    proposed_to,
    said_by_client,
    siiri,
    the_client,
    the_clock,
    unit,
)

CALENDAR = Calendar(HOLIDAYS_2025)
DEFAULTS = Policies()


def found(story: Story, at: datetime, rule: int, policies: Policies = DEFAULTS) -> dict[str, str]:
    """Return what a rule finds at a moment, by kind: open or settled."""
    return {row.kind: it.state for row, it in verdicts(story, at, policies) if row.rule == rule}


def verdicts(story: Story, at: datetime, policies: Policies = DEFAULTS) -> Iterable[tuple[Finding, Judgement]]:
    for row in FINDINGS.over(counted(story.history)):
        if verdict := judged(row, at, policies, CALENDAR):
            yield row, verdict


def step(by: datetime, at: datetime | None = None) -> Asked:
    return Asked(PromiseNextStep("worker", "soitan", by), aino, at)


# What is due, and silence.


@pytest.mark.rule(26)
def test_an_open_case_without_a_promised_step_is_found_at_once_and_again_once_the_promise_is_over() -> None:
    story = given(opened_by(aino))
    assert found(story, moment(3, 3, 10), 26) == {"no_next_step": "open"}
    story = given(opened_by(aino), step(moment(3, 10), moment(3, 4)))
    assert found(story, moment(3, 5), 26) == {"no_next_step": "settled"}
    assert found(story, moment(3, 11), 26) == {"no_next_step": "open"}


@pytest.mark.rule(18)
def test_a_unit_that_names_nobody_is_found_by_silence() -> None:
    story = given(opened_by(aino, responsible=unit(aino)))
    assert found(story, moment(3, 10, 12), 18) == {}
    assert found(story, moment(3, 11, 1), 18) == {"no_worker_named": "open"}  # five working days later, at midnight
    named = story.when(NameResponsible(holder(arvo)), by=marja, at=moment(3, 12)).allowed()
    assert found(named, moment(3, 13), 18) == {"no_worker_named": "settled"}


@pytest.mark.rule(4)
def test_an_offer_that_nobody_answers_is_found_until_something_ends_it() -> None:
    story = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)))
    assert found(story, moment(3, 11), 4) == {}
    assert found(story, moment(3, 12, 1), 4) == {"offer_unanswered": "open"}
    expired = story.when(ExpireHandoff(made_by(2)), by=the_clock, at=moment(3, 13)).allowed()
    assert found(expired, moment(3, 14), 4) == {"offer_unanswered": "settled"}


@pytest.mark.rule(18)
def test_a_client_who_waits_for_contact_is_found_by_silence_until_they_are_answered() -> None:
    story = given(opened_by(aino), Asked(MakeRequest("contact"), the_client, moment(3, 4)))
    assert found(story, moment(3, 11), 18) == {}
    assert found(story, moment(3, 12, 1), 18) == {"contact_waits": "open"}
    answer = AnswerRequest(made_by(2), "granted", "soitettu")
    assert found(story.when(answer, by=aino, at=moment(3, 13)), moment(3, 14), 18) == {"contact_waits": "settled"}


def test_what_only_todays_policy_finds_says_so() -> None:
    story = given(opened_by(aino), Asked(MakeRequest("contact"), the_client, moment(3, 4)))
    stricter = Policies((Setting(moment(6, 1), 1, "contact_working_days", 1),))
    (verdict,) = [it for row, it in verdicts(story, moment(3, 7), stricter) if row.kind == "contact_waits"]
    assert (verdict.by, verdict.stands_from) == ("today", None)
    (verdict,) = [it for row, it in verdicts(story, moment(3, 13), stricter) if row.kind == "contact_waits"]
    assert (verdict.by, verdict.stands_from) == ("its_time", moment(3, 12, 0))


# How it was handed on.


@pytest.mark.rule(2)
def test_a_reported_acceptance_is_found_until_the_receiver_confirms_it() -> None:
    story = given(opened_by(aino), proposed_to(bo))
    story = story.when(ReportAcceptance(made_by(2), holder(bo)), by=aino).allowed()
    assert found(story, moment(3, 4), 2) == {"acceptance_unconfirmed": "open"}
    confirmed = story.when(AcceptHandoff(made_by(2)), by=bo).allowed()
    assert found(confirmed, moment(3, 4), 2) == {"acceptance_unconfirmed": "settled"}
    withdrawn = story.when(WithdrawHandoff(made_by(2), "ei vastattu"), by=aino).allowed()
    assert found(withdrawn, moment(3, 4), 2) == {"acceptance_unconfirmed": "open"}
    confirmed = withdrawn.when(AcceptHandoff(made_by(2)), by=bo).allowed()
    assert found(confirmed, moment(3, 4), 2) == {"acceptance_unconfirmed": "settled"}


@pytest.mark.rule(5)
def test_a_transfer_of_which_the_client_was_not_told_is_found() -> None:
    story = given(opened_by(aino), Asked(TransferMatter(unit(bo), "kuuluu teille"), aino))
    assert found(story, moment(3, 4), 5) == {"client_not_informed": "open"}
    told = story.when(InformClient(entry(2), "telephone"), by=aino).allowed()
    assert found(told, moment(3, 4), 5) == {"client_not_informed": "settled"}


@pytest.mark.rule(8)
def test_a_client_with_special_support_is_handed_on_warmly_or_it_is_found() -> None:
    assessed = CompleteAssessment("needs", "service_needed", no_view_because="ei", special_support=True)
    before = [opened_by(aino), Asked(assessed, aino), proposed_to(bo)]
    cold = given(*before, accepted_by(bo, made_by(3)))
    assert found(cold, moment(3, 4), 8) == {"no_warm_meeting": "open"}
    meeting = HoldWarmMeeting(made_by(3), (holder(aino), holder(bo)), client_present=True)
    assert found(cold.when(meeting, by=bo).allowed(), moment(3, 5), 8) == {"no_warm_meeting": "settled"}
    warm = given(*before, Asked(meeting, aino), accepted_by(bo, made_by(3)))
    assert found(warm, moment(3, 5), 8) == {}


@pytest.mark.rule(17)
def test_a_worker_who_takes_on_more_than_the_ceiling_is_found_by_unit() -> None:
    story = given(opened_by(aino), proposed_to(bo)).knowing(caseloads={holder(bo): 40})
    story = story.when(AcceptHandoff(made_by(2)), by=bo).allowed()
    (event,) = story.happened
    assert isinstance(event, HandoffAccepted)
    assert (event.caseload, event.ceiling) == (40, 40)
    ((row, _),) = [it for it in verdicts(story, moment(3, 4)) if it[0].rule == 17]
    assert (row.value, row.organisation, row.unit) == (41, bo.organisation, bo.unit)


@pytest.mark.rule(18)
def test_the_fourth_change_of_worker_is_found() -> None:
    story = given(opened_by(aino))
    for number, worker in enumerate((arvo, aino, arvo, aino)):
        assert "changes_of_worker" not in found(story, moment(3, 28), 18)
        story = story.when(NameResponsible(holder(worker)), by=marja, at=moment(3, 4 + number)).allowed()
    assert found(story, moment(3, 28), 18) == {"changes_of_worker": "open"}


# The client first.


@pytest.mark.rule(27)
def test_a_plan_before_the_clients_own_view_is_found_until_they_have_spoken() -> None:
    story = given(opened_by(aino))
    planned = story.when(AgreePlan("unknown", no_view_because="ei tavoitettu"), by=aino).allowed()
    assert found(planned, moment(3, 4), 27) == {"before_own_view": "open"}
    heard = planned.when(RecordStatement("haluan kotiin"), by=the_client).allowed()
    assert found(heard, moment(3, 4), 27) == {"before_own_view": "settled"}
    after = given(opened_by(aino), said_by_client()).when(AgreePlan("agreed", client_view=made_by(2)), by=aino)
    assert found(after.allowed(), moment(3, 4), 27) == {}


@pytest.mark.rule(30)
def test_what_is_done_as_urgent_without_the_yes_of_a_client_who_owns_is_found() -> None:
    owned = [opened_by(aino), Asked(TakeOwnership(), the_client)]
    plan = AgreePlan("unknown", no_view_because="ei tavoitettu", urgent=True)
    assert found(given(*owned).when(plan, by=aino).allowed(), moment(3, 4), 30) == {"urgent_without_yes": "open"}
    agreed = AgreePlan("agreed", no_view_because="puhelimessa", urgent=True)
    assert found(given(*owned).when(agreed, by=aino).allowed(), moment(3, 4), 30) == {}
    handed = given(*owned, proposed_to(bo, urgent=True), accepted_by(bo, made_by(3)))
    assert found(handed, moment(3, 4), 30) == {"urgent_without_yes": "open"}
    assert found(given(opened_by(aino)).when(plan, by=aino).allowed(), moment(3, 4), 30) == {}


@pytest.mark.rule(31)
def test_a_client_who_was_not_asked_who_owns_by_the_first_plan_is_found() -> None:
    plan = AgreePlan("unknown", no_view_because="ei tavoitettu")
    story = given(opened_by(aino)).when(plan, by=aino).allowed()
    assert found(story, moment(3, 4), 31) == {"not_asked_who_owns": "open"}
    asked = given(opened_by(aino), Asked(AskWhoOwns("te"), aino)).when(plan, by=aino).allowed()
    assert found(asked, moment(3, 4), 31) == {}


@pytest.mark.rule(24)
def test_the_times_of_the_social_welfare_act_run_from_the_first_contact() -> None:
    story = given(opened_by(aino, first_contact_at=moment(2, 24)))
    assert found(story, moment(3, 5), 24) == {}
    assert found(story, moment(3, 6), 24) == {"assessment_not_begun": "open"}  # seven working days after
    assert found(story, moment(5, 25), 24) == {"assessment_not_begun": "open", "assessment_not_finished": "open"}
    begun = given(opened_by(aino, first_contact_at=moment(2, 24)), Asked(StartAssessment("needs"), aino))
    assert found(begun, moment(3, 6), 24) == {}
    done = begun.when(CompleteAssessment("needs", "no_need", no_view_because="ei", assessment=made_by(2)), by=aino)
    assert found(done.allowed(), moment(7, 1), 24) == {}
    assert found(given(opened_by(aino, statutory_clock="none")), moment(7, 1), 24) == {}


# How it ends.


def ended(*before: Asked) -> Story:
    proposed = closure_proposed_by(the_client, "client_ended")
    return given(opened_by(aino), *before, proposed, Asked(CloseCase(), aino))


@pytest.mark.rule(15)
def test_a_case_that_ends_without_asking_how_it_felt_is_found() -> None:
    assert found(ended(), moment(3, 4), 15) == {"experience_not_asked": "open"}
    later = ended().when(AskExperience("letter"), by=aino, at=moment(3, 5)).allowed()
    assert found(later, moment(3, 6), 15) == {"experience_not_asked": "settled"}
    assert found(ended(Asked(AskExperience("meeting"), aino)), moment(3, 4), 15) == {}


@pytest.mark.rule(32)
def test_a_handoff_by_the_unit_that_was_objected_to_is_found_within_thirty_days() -> None:
    step_taken = Asked(PromiseNextStep("worker", "soitan", moment(9, 1)), aino)
    objected = [opened_by(aino), step_taken, Asked(RaiseObjection(entry(2), "en halua"), the_client, moment(3, 4))]
    soon = given(*objected, proposed_to(bo, at=moment(4, 3)))
    assert found(soon, moment(4, 3), 32) == {"soon_after_objection": "open"}
    assert found(given(*objected, proposed_to(bo, at=moment(4, 4))), moment(4, 5), 32) == {}
    against_nobodys_unit = Asked(RaiseObjection(entry(2), "en halua"), the_client, moment(3, 4))
    own = [opened_by(aino), said_by_client(), against_nobodys_unit]
    assert found(given(*own, proposed_to(bo, at=moment(3, 5))), moment(3, 6), 32) == {}


@pytest.mark.rule(32)
def test_a_death_soon_after_an_objection_is_nobodys_doing() -> None:
    objected = given(opened_by(aino), proposed_to(bo), Asked(RaiseObjection(entry(3), "en halua"), the_client))
    dead = objected.knowing(client=ANY_CLIENT.but(dead=True)).did(Asked(ProposeClosure("death"), aino))
    assert found(dead.when(CloseCase(), by=aino).allowed(), moment(4, 1), 32) == {}


# The record itself.


@pytest.mark.rule(19)
def test_what_is_entered_more_than_three_days_late_is_found_once_an_act() -> None:
    def entered(day: int) -> Story:
        return given(opened_by(aino)).when(
            RecordStatement("soitti"), by=aino, at=moment(3, 4), entered=moment(3, day)
        ).allowed()  # fmt: skip

    assert found(entered(7), moment(3, 30), 19) == {}
    assert found(entered(8), moment(3, 30), 19) == {"entered_late": "open"}
    assert found(entered(8), moment(3, 7), 19) == {}


@pytest.mark.rule(19)
def test_what_took_place_outside_the_system_is_flagged() -> None:
    story = given(opened_by(aino)).when(RecordStatement("soitti"), by=aino, reported=True).allowed()
    assert found(story, moment(3, 30), 19) == {"reported": "open"}


@pytest.mark.rule(28)
def test_a_decision_that_rests_on_an_entry_in_error_is_found_from_the_marking_on() -> None:
    story = given(opened_by(aino), Asked(RecordStatement("muuttaa pois"), aino))
    assessed = CompleteAssessment("needs", "no_need", client_view=made_by(2))
    story = story.when(assessed, by=aino, at=moment(3, 4)).allowed()
    promised = story.when(AgreePlan("unknown", no_view_because="ei", rests_on=(entry(2),)), by=aino).allowed()
    marked = promised.when(MarkErroneous(entry(2), "toinen asiakas", wrong_person=True), by=aino, at=moment(3, 6))
    rows = [row for row, _ in verdicts(marked.allowed(), moment(3, 7)) if row.rule == 28]
    assert sorted(row.about or 0 for row in rows) == [3, 5]
    assert {row.since for row in rows} == {moment(3, 6)}


# Overrides.


def test_an_override_stands_until_another_manager_has_reviewed_it_and_longer_without() -> None:
    override = (Override(7, "lapsen etu", moment(3, 10)),)
    story = given(opened_by(aino)).when(proposal(override), by=marja).allowed()
    assert found(story, moment(3, 4), 7) == {"overridden": "open"}
    assert found(story, moment(3, 11), 7) == {"overridden": "open", "override_not_reviewed": "open"}
    (which,) = [it.override for it in story.happened if hasattr(it, "override")]
    reviewed = story.when(ReviewOverride(which, "upheld"), by=siiri, at=moment(3, 12)).allowed()
    assert found(reviewed, moment(3, 13), 7) == {"overridden": "settled", "override_not_reviewed": "settled"}


def proposal(override: tuple[Override, ...]) -> Any:
    return proposed_to(bo, marja, disclosure_basis=None, override=override).command


def test_a_year_of_silence_shows_what_it_should_at_each_date() -> None:
    story = given(opened_by(aino, responsible=unit(aino)))
    seen = {
        moment(3, 3, 10): {26},
        moment(3, 11): {18, 26},
        moment(3, 13): {18, 24, 26},
        moment(6, 4): {18, 24, 26},
        moment(3, 3, year=2026): {18, 24, 26},
    }
    for at, rules in seen.items():
        assert {row.rule for row, _ in verdicts(story, at)} == rules
    assert len(list(verdicts(story, moment(3, 13)))) == 3
    assert len(list(verdicts(story, moment(6, 4)))) == 4  # neither begun nor finished


def test_a_decline_ends_an_offer() -> None:
    which: UUID = made_by(2)
    story = given(opened_by(aino), proposed_to(bo)).when(DeclineHandoff(which, "no_capacity", "täynnä"), by=bo)
    assert found(story.allowed(), moment(4, 1), 4) == {}


def test_the_client_is_told_of_a_closure_and_it_is_no_finding_by_itself() -> None:
    story = given(opened_by(aino), closure_proposed_by(aino, "goals_met"), informed_by(aino, 3))
    assert {row.rule for row, _ in verdicts(story, moment(3, 4))} == {26}
