"""What the client asks for and is asked."""

from typing import Any

import pytest

from domain.case import EntryAbsent, WordsMissing
from domain.client import ClientHasDecided, OutsideMandate
from domain.client_ownership import TakeOwnership
from domain.closure import ClosureWithdrawn, ProposeClosure, WithdrawClosure
from domain.corrections import MarkErroneous
from domain.decider import Actor, RoleNotAllowed, TooEarly
from domain.requests import (
    AnswerAsClient,
    AnswerRequest,
    AskedAway,
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
from domain.waiting import NoLongerWaits
from tests.domain.given import (
    Asked,
    Story,
    accepted_by,
    aino,
    an_auditor,
    arvo,
    bo,
    closure_proposed_by,
    entry,
    father,
    given,
    informed_by,
    made_by,
    mandate,
    marja,
    moment,
    mother,
    opened_by,
    proposed_to,
    represented,
    the_client,
    the_clock,
    the_guardian,
    unit,
)

REQUEST = made_by(2)
GRANT = AnswerRequest(REQUEST, "granted", "soitan huomenna")
TWO = represented((mother, mandate("custodian")), (father, mandate("custodian")))
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
    denied.when(AnswerAsClient(entry(3), "denied"), by=bo).refused(ClientHasDecided)
    assert confirmed(denied.when(AnswerAsClient(entry(3), "agreed"), by=the_client).allowed())


@pytest.mark.rule(16)
@pytest.mark.parametrize("answer", ["agreed", "refused", "confirmed", "denied"])
def test_nobody_answers_over_what_the_client_answered_in_person(answer: Any) -> None:
    for version in (1, 3):
        answered = proposed().when(AnswerAsClient(entry(version), "agreed"), by=the_client).allowed()
        for somebody_else in (bo, marja, the_guardian):
            answered.when(AnswerAsClient(entry(version), answer), by=somebody_else).refused(ClientHasDecided)
        answered.when(AnswerAsClient(entry(version), answer), by=the_client).allowed()
    ended = given(opened_by(aino), Asked(ProposeClosure("client_ended"), the_client), client=GUARDED)
    ended.when(AnswerAsClient(entry(2), answer), by=bo).refused(ClientHasDecided)


@pytest.mark.rule(16)
def test_an_answer_that_the_client_marks_as_their_error_is_open_again() -> None:
    answered = proposed().did(Asked(AnswerAsClient(entry(3), "denied"), the_client))
    marked = answered.did(Asked(MarkErroneous(entry(4), "painoin väärää nappia"), the_client))
    assert confirmed(marked.when(AnswerAsClient(entry(3), "agreed"), by=bo).allowed())


@pytest.mark.rule(16)
def test_a_representatives_yes_is_not_the_clients() -> None:
    assert not confirmed(proposed().when(AnswerAsClient(entry(3), "agreed"), by=the_guardian).allowed())


@pytest.mark.rule(11)
def test_nobody_confirms_their_own_words_for_the_client() -> None:
    said = given(opened_by(aino), Asked(MakeRequest("meeting"), the_guardian), client=GUARDED)
    said.when(AnswerAsClient(entry(2), "confirmed"), by=the_guardian).refused(OwnWitness)
    said.when(AnswerAsClient(entry(2), "confirmed"), by=the_client).allowed()
    own = given(opened_by(aino), Asked(MakeRequest("meeting"), the_client))
    own.when(AnswerAsClient(entry(2), "confirmed"), by=the_client).allowed()


@pytest.mark.rule(16)
def test_a_representative_answers_to_a_closure_within_the_mandate() -> None:
    proposed().when(AnswerAsClient(entry(3), "agreed"), by=the_guardian).allowed()
    proposed().when(AnswerAsClient(entry(3), "agreed"), by=mother).refused(OutsideMandate, scope="closure")
    both = represented((mother, mandate("custodian")), (father, mandate("custodian")))
    childs = proposed().knowing(client=both)
    alone = childs.when(AnswerAsClient(entry(3), "agreed"), by=mother)
    alone.then(ClientAnswered(entry(3), "agreed", "", waits_for="custodian"))
    assert alone.case.answers.get(3) is None
    childs.when(AnswerAsClient(entry(1), "agreed"), by=mother).then(ClientAnswered(entry(1), "agreed", ""))


@pytest.mark.rule(16)
def test_two_custodians_say_yes_together_and_no_alone() -> None:
    yes, no = AnswerAsClient(entry(3), "agreed"), AnswerAsClient(entry(3), "refused")
    childs = proposed().knowing(client=TWO)
    alone = childs.did(Asked(yes, mother))
    assert alone.did(Asked(yes, mother)).case.answers.get(3) is None
    assert alone.when(yes, by=father).then(ClientAnswered(entry(3), "agreed", "")).case.answers.get(3) is True
    assert childs.when(no, by=father).allowed().case.answers.get(3) is False
    refused = alone.did(Asked(no, father))
    assert refused.did(Asked(yes, father)).case.answers.get(3) is False
    other_custodian = represented((father, mandate("custodian")), (the_guardian, mandate("custodian")))
    later = alone.knowing(client=other_custodian)
    later.when(yes, by=father).then(ClientAnswered(entry(3), "agreed", "", waits_for="custodian"))


@pytest.mark.rule(16)
def test_while_the_client_owns_a_handoff_is_answered_by_who_may_decide_about_that() -> None:
    offered = given(opened_by(aino), Asked(TakeOwnership(), the_guardian), proposed_to(arvo), client=GUARDED)
    yes = AnswerAsClient(entry(4), "agreed")
    assert offered.case.pending is not None
    offered.when(yes, by=the_guardian).allowed()
    narrow = represented((the_guardian, mandate("guardian", "statements")))
    offered.knowing(client=narrow).when(yes, by=the_guardian).refused(OutsideMandate, scope="ownership")
    in_person = given(opened_by(aino), Asked(TakeOwnership(), the_client), proposed_to(arvo), client=GUARDED)
    in_person.when(yes, by=the_guardian).refused(ClientHasDecided)
    in_person.when(yes, by=the_client).allowed()


@pytest.mark.rule(16)
@pytest.mark.parametrize("confirmed_by", [the_client, bo])
def test_that_the_client_takes_back_an_ending_waits_where_a_worker_wrote_it_down(confirmed_by: Actor) -> None:
    ended = given(opened_by(aino), Asked(ProposeClosure("client_ended"), the_client), client=GUARDED)
    noted = ended.did(Asked(WithdrawClosure("soitti: jatketaan"), aino))
    yes = AnswerAsClient(entry(3), "confirmed", medium="telephone")
    noted.when(yes, by=aino).refused(OwnWitness)
    noted.when(yes, by=the_guardian).refused(ClientHasDecided)
    assert noted.case.closure is not None
    confirmed = noted.when(yes, by=confirmed_by).and_(closure=None)
    confirmed.then(
        ClientAnswered(entry(3), "confirmed", "", "telephone"), ClosureWithdrawn("", confirms=entry(3))
    ).when(yes, by=the_client).refused(NoLongerWaits)
    denied = noted.did(Asked(yes.but(answer="denied"), confirmed_by))
    denied.when(yes, by=the_client).refused(NoLongerWaits)
    again = noted.did(Asked(WithdrawClosure(), the_client)).did(Asked(ProposeClosure("client_ended"), the_client))
    again.when(yes, by=bo).refused(NoLongerWaits)


def test_nobody_answers_to_being_asked_away() -> None:
    asked = given(opened_by(aino)).did(Asked(MakeRequest("other_worker"), the_client))
    asked.when(GRANT, by=aino).refused(AskedAway, request=REQUEST)
    for somebody_else in (arvo, marja, bo):
        asked.when(GRANT, by=somebody_else).allowed()
    moved = asked.did(proposed_to(arvo)).did(accepted_by(arvo, made_by(3)))
    moved.when(GRANT, by=aino).refused(AskedAway)
    moved.when(GRANT, by=arvo).allowed()
    given(opened_by(aino), Asked(MakeRequest("contact"), the_client)).when(GRANT, by=aino).allowed()
    of_a_unit = given(opened_by(aino, responsible=unit(aino)), Asked(MakeRequest("other_worker"), the_client))
    of_a_unit.when(GRANT, by=aino).allowed()


def test_the_record_says_on_whose_behalf_and_how() -> None:
    by_telephone = proposed().when(AnswerAsClient(entry(3), "agreed", medium="telephone"), by=bo)
    by_telephone.then(ClientAnswered(entry(3), "agreed", "", "telephone"))
    assert by_telephone.last.on_behalf_of == "client"
    assert proposed().did(Asked(AnswerAsClient(entry(3), "agreed"), the_client)).last.on_behalf_of is None


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
