"""Assessments: started, and completed with what was found and on whose words it rests."""

import pytest

from domain.assessment import (
    AssessmentCompleted,
    AssessmentNotOpen,
    AssessmentOfAnotherKind,
    AssessmentStarted,
    CompleteAssessment,
    StartAssessment,
)
from domain.case import CaseNotOpen, EntryAbsent
from domain.decider import RoleNotAllowed, TooEarly
from domain.voice import ViewMissing, ViewUnavailable
from tests.domain.given import (
    Asked,
    aino,
    bo,
    closed_at_once,
    entry,
    given,
    made_by,
    moment,
    opened_by,
    said_by_client,
    the_client,
)

BEGUN = made_by(2)
DONE = CompleteAssessment(kind="needs", outcome="service_needed", no_view_because="ei tavoitettu")


def test_an_assessment_is_begun_and_completed() -> None:
    begun = given(opened_by(aino)).when(StartAssessment("needs"), by=aino, at=moment(3, 5))
    begun.then(AssessmentStarted(BEGUN, "needs"))
    done = begun.when(DONE.but(assessment=BEGUN), by=aino).allowed()
    done.when(DONE.but(assessment=BEGUN), by=aino).refused(AssessmentNotOpen, assessment=BEGUN)
    begun.when(DONE.but(assessment=BEGUN), by=aino, at=moment(3, 4), entered=moment(3, 7)).refused(TooEarly)
    begun.when(StartAssessment("urgent"), by=the_client).refused(RoleNotAllowed)
    begun.when(DONE, by=the_client).refused(RoleNotAllowed)


def test_an_assessment_is_completed_as_the_kind_that_was_begun() -> None:
    begun = given(opened_by(aino), Asked(StartAssessment("needs"), aino))
    urgent = DONE.but(kind="urgent", assessment=BEGUN)
    begun.when(urgent, by=aino).refused(AssessmentOfAnotherKind, begun="needs", kind="urgent")
    begun.when(urgent.but(assessment=None), by=aino).allowed()


def test_a_need_for_special_support_stays_until_a_later_assessment_says_otherwise() -> None:
    found = given(opened_by(aino), Asked(DONE.but(special_support=True), aino)).and_(special_support=True)
    silent = found.when(DONE, by=aino).allowed().and_(special_support=True)
    completed = silent.happened[-1]
    assert isinstance(completed, AssessmentCompleted)
    assert completed.special_support
    silent.did(Asked(DONE.but(special_support=False), aino)).and_(special_support=False)


@pytest.mark.rule(11)
def test_an_assessment_says_whether_the_client_was_heard() -> None:
    heard = given(opened_by(aino), said_by_client())
    screening = CompleteAssessment(
        kind="screening", outcome="guidance_needed", client_view=made_by(2), summary="monta palvelua",
        triggers=("many_services", "change_in_life"), special_support=True, rests_on=(entry(1), entry(2)),
    )  # fmt: skip
    heard.when(screening, by=bo).then(
        AssessmentCompleted(
            made_by(3), "screening", "guidance_needed", ("many_services", "change_in_life"), special_support=True,
            summary="monta palvelua", client_view=made_by(2), rests_on=(entry(1), entry(2)),
        )
    )  # fmt: skip
    heard.when(screening.but(client_view=None), by=bo).refused(ViewMissing)
    heard.when(screening.but(rests_on=(entry(9),)), by=bo).refused(EntryAbsent, version=9)
    assert heard.when(DONE, by=bo).happened[0] == ViewUnavailable("assessment", "ei tavoitettu")


def test_a_closed_case_is_not_assessed_but_what_was_assessed_before_is_reported() -> None:
    closed = given(opened_by(aino), Asked(StartAssessment("needs"), aino), closed_at_once())
    now, then = moment(3, 10), closed.history[1].context.occurred
    closed.when(StartAssessment("needs"), by=aino, at=now).refused(CaseNotOpen)
    closed.when(DONE.but(assessment=BEGUN), by=aino, at=now).refused(CaseNotOpen)
    closed.when(DONE.but(assessment=BEGUN), by=aino, at=then, entered=now, reported=True).allowed()
