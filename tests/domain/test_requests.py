"""What the client asks for and is asked."""

import pytest

from domain.case import EntryAbsent, WordsMissing
from domain.client import ClientHasDecided, OneOfTwoCustodians, OutsideMandate
from domain.decider import RoleNotAllowed, TooEarly
from domain.requests import (
    AnswerAsClient,
    AnswerRequest,
    AskExperience,
    ClientAnswered,
    ExperienceAsked,
    ExperienceReported,
    MakeRequest,
    ReportExperience,
    RequestAnswered,
    RequestMade,
    RequestNotOpen,
    ScoreOffScale,
)
from domain.voice import OwnWitness
from tests.domain.given import (
    Story,
    aino,
    an_auditor,
    bo,
    closure_proposed_by,
    entry,
    father,
    given,
    informed_by,
    made_by,
    mandate,
    moment,
    mother,
    opened_by,
    represented,
    the_client,
    the_clock,
    the_guardian,
)

REQUEST = made_by(2)
GRANT = AnswerRequest(REQUEST, "granted", "soitan huomenna")
GUARDED = represented((the_guardian, mandate("guardian")))


def proposed(ground: str = "goals_met") -> Story:
    return given(opened_by(aino), closure_proposed_by(aino, ground), client=GUARDED)


def confirmed(story: Story) -> bool:
    assert story.case.closure is not None
    return story.case.closure.confirmed


def test_the_client_asks_and_is_answered_with_reasons() -> None:
    asked = given(opened_by(aino)).when(MakeRequest("contact", "soittakaa"), by=the_client, at=moment(3, 5))
    asked.then(RequestMade(REQUEST, "contact", "soittakaa"))
    answered = asked.when(GRANT, by=bo).then(RequestAnswered(REQUEST, "granted", "soitan huomenna"))
    answered.when(GRANT, by=bo).refused(RequestNotOpen, request=REQUEST)
    asked.when(GRANT.but(reasons=""), by=bo).refused(WordsMissing)
    asked.when(GRANT, by=bo, at=moment(3, 4), entered=moment(3, 7)).refused(TooEarly)
    asked.when(GRANT, by=the_client).refused(RoleNotAllowed)


def test_a_worker_writes_a_request_down_and_a_stranger_makes_none() -> None:
    given(opened_by(aino)).when(MakeRequest("other_worker"), by=aino).allowed()
    given(opened_by(aino)).when(MakeRequest("meeting"), by=the_guardian).refused(OutsideMandate)
    given(opened_by(aino)).when(MakeRequest("meeting"), by=an_auditor).refused(RoleNotAllowed)


@pytest.mark.rule(13)
def test_the_client_answers_to_a_closure() -> None:
    agreed = proposed().when(AnswerAsClient(entry(3), "agreed", "sopii"), by=the_client)
    agreed.then(ClientAnswered(entry(3), "agreed", "sopii"))
    assert confirmed(agreed)
    assert not confirmed(agreed.when(AnswerAsClient(entry(3), "denied"), by=the_client).allowed())


@pytest.mark.rule(11)
def test_no_worker_witnesses_what_they_wrote() -> None:
    proposed().when(AnswerAsClient(entry(3), "agreed"), by=aino).refused(OwnWitness)
    assert confirmed(proposed().when(AnswerAsClient(entry(3), "agreed"), by=bo).allowed())
    proposed().when(AnswerAsClient(entry(9), "agreed"), by=bo).refused(EntryAbsent)


@pytest.mark.rule(16)
def test_nobody_says_yes_over_the_clients_own_no() -> None:
    denied = proposed().when(AnswerAsClient(entry(3), "refused"), by=the_client).allowed()
    denied.when(AnswerAsClient(entry(3), "agreed"), by=bo).refused(ClientHasDecided)
    denied.when(AnswerAsClient(entry(3), "agreed"), by=the_guardian).refused(ClientHasDecided)
    denied.when(AnswerAsClient(entry(3), "denied"), by=bo).allowed()
    assert confirmed(denied.when(AnswerAsClient(entry(3), "agreed"), by=the_client).allowed())


@pytest.mark.rule(16)
def test_a_representative_answers_to_a_closure_within_the_mandate() -> None:
    proposed().when(AnswerAsClient(entry(3), "agreed"), by=the_guardian).allowed()
    proposed().when(AnswerAsClient(entry(3), "agreed"), by=mother).refused(OutsideMandate, scope="closure")
    both = represented((mother, mandate("custodian")), (father, mandate("custodian")))
    childs = proposed().knowing(client=both)
    childs.when(AnswerAsClient(entry(3), "agreed"), by=mother).refused(OneOfTwoCustodians)
    childs.when(AnswerAsClient(entry(1), "agreed"), by=mother).allowed()


def test_an_answer_to_something_else_leaves_the_closure_alone() -> None:
    answered = proposed().when(AnswerAsClient(entry(1), "agreed"), by=the_client).allowed()
    assert not confirmed(answered)


@pytest.mark.rule(19)
def test_nobody_answers_before_they_were_asked() -> None:
    case = given(opened_by(aino), closure_proposed_by(aino, "goals_met", at=moment(3, 10)), informed_by(aino, 3))
    case.when(AnswerAsClient(entry(3), "agreed"), by=the_client, at=moment(3, 9), entered=moment(3, 11)).refused(
        TooEarly
    )


@pytest.mark.rule(15)
def test_the_client_is_asked_for_their_experience_and_tells_it() -> None:
    case = given(opened_by(aino))
    case.when(AskExperience("letter"), by=aino).then(ExperienceAsked("letter"))
    case.when(AskExperience("electronic"), by=the_clock).allowed()
    case.when(AskExperience("letter"), by=the_client).refused(RoleNotAllowed)
    case.when(ReportExperience(4, "kuultiin"), by=the_client).then(ExperienceReported(4, "kuultiin"))
    case.when(ReportExperience(1), by=aino).allowed()
    case.when(ReportExperience(3), by=the_guardian).refused(OutsideMandate)
    for score in (0, 6):
        case.when(ReportExperience(score), by=the_client).refused(ScoreOffScale, score=score)
