"""What the client contests, and what came of it."""

import pytest

from domain.case import EntryAbsent, WordsMissing
from domain.client import OutsideMandate
from domain.decider import Actor, RoleNotAllowed, TooEarly
from domain.objections import (
    AnswerObjection,
    NotYourObjection,
    ObjectionAnswered,
    ObjectionNotOpen,
    ObjectionRaised,
    ObjectionWithdrawn,
    OwnAct,
    RaiseObjection,
    WithdrawObjection,
)
from domain.requests import AnswerAsClient, ClientAnswered
from domain.voice import OwnWitness
from domain.waiting import NoLongerWaits
from tests.domain.given import (
    Asked,
    Story,
    aino,
    an_auditor,
    bo,
    closed_at_once,
    entry,
    given,
    made_by,
    mandate,
    moment,
    mother,
    opened_by,
    represented,
    the_client,
    the_guardian,
)

OBJECTION = made_by(2)
BOTH = represented((the_guardian, mandate("guardian")), (mother, mandate("proxy")))
NO = RaiseObjection(against=entry(1), words="En pyytänyt tätä")
ANSWER = AnswerObjection(OBJECTION, "upheld", "oikeassa olette", changed=entry(1))


def objected(by: Actor = the_client) -> Story:
    client = represented((the_guardian, mandate("guardian")))
    return given(opened_by(aino), Asked(NO, by, moment(3, 5)), client=client)


@pytest.mark.rule(13)
def test_an_objection_counts_at_once_and_stays_open() -> None:
    raised = objected()
    assert raised.happened == (ObjectionRaised(OBJECTION, entry(1), "En pyytänyt tätä", aino),)
    assert raised.case.open_objections == [OBJECTION]


@pytest.mark.rule(13)
def test_an_objection_is_answered_with_reasons() -> None:
    answered = objected().when(ANSWER, by=bo)
    answered.then(ObjectionAnswered(OBJECTION, "upheld", entry(1), "oikeassa olette"))
    assert answered.case.open_objections == []
    answered.when(ANSWER, by=bo).refused(ObjectionNotOpen, objection=OBJECTION)
    objected().when(ANSWER.but(reasons=""), by=bo).refused(WordsMissing, field="reasons")
    objected().when(ANSWER.but(changed=entry(9)), by=bo).refused(EntryAbsent)
    objected().when(ANSWER, by=the_client).refused(RoleNotAllowed)


def test_an_objection_is_against_something_in_the_case() -> None:
    given(opened_by(aino)).when(NO.but(against=entry(7)), by=the_client).refused(EntryAbsent, version=7)
    given(opened_by(aino)).when(NO, by=the_guardian).refused(OutsideMandate)
    given(opened_by(aino)).when(NO, by=an_auditor).refused(RoleNotAllowed)


def test_the_client_withdraws_an_objection() -> None:
    withdrawn = objected().when(WithdrawObjection(OBJECTION), by=the_client).then(ObjectionWithdrawn(OBJECTION))
    withdrawn.when(WithdrawObjection(OBJECTION), by=the_client).refused(ObjectionNotOpen)
    objected().when(WithdrawObjection(OBJECTION), by=an_auditor).refused(RoleNotAllowed)
    objected().when(WithdrawObjection(OBJECTION), by=mother).refused(OutsideMandate, scope="statements")


@pytest.mark.rule(16)
@pytest.mark.parametrize("raised_by", [the_client, aino])
def test_a_representative_withdraws_none_but_their_own(raised_by: Actor) -> None:
    objected(raised_by).when(WithdrawObjection(OBJECTION), by=the_guardian).refused(NotYourObjection)
    guardians = objected(the_guardian).knowing(client=BOTH)
    guardians.when(WithdrawObjection(OBJECTION), by=the_guardian).allowed()
    guardians.when(WithdrawObjection(OBJECTION), by=mother).refused(NotYourObjection, objection=OBJECTION)


@pytest.mark.rule(13)
@pytest.mark.parametrize("confirmed_by", [the_client, bo])
def test_a_withdrawal_that_a_worker_wrote_down_waits_for_the_client(confirmed_by: Actor) -> None:
    noted = objected().when(WithdrawObjection(OBJECTION), by=aino).then(ObjectionWithdrawn(OBJECTION, "client"))
    assert noted.last.on_behalf_of == "client"
    assert noted.case.open_objections == [OBJECTION]
    noted.when(AnswerAsClient(entry(3), "confirmed"), by=aino).refused(OwnWitness)
    confirmed = noted.when(AnswerAsClient(entry(3), "confirmed", medium="telephone"), by=confirmed_by)
    confirmed.then(
        ClientAnswered(entry(3), "confirmed", "", "telephone"), ObjectionWithdrawn(OBJECTION, confirms=entry(3))
    )
    assert confirmed.case.open_objections == []


@pytest.mark.rule(13)
def test_a_withdrawal_that_the_client_denies_or_that_comes_too_late_is_none() -> None:
    noted = objected().did(Asked(WithdrawObjection(OBJECTION), aino))
    denied = noted.when(AnswerAsClient(entry(3), "denied"), by=bo).allowed()
    assert denied.case.open_objections == [OBJECTION]
    denied.when(AnswerAsClient(entry(3), "confirmed"), by=the_client).refused(NoLongerWaits, version=3)
    answered = noted.did(Asked(ANSWER, bo))
    answered.when(AnswerAsClient(entry(3), "confirmed"), by=the_client).refused(NoLongerWaits)
    noted.knowing(client=BOTH).when(AnswerAsClient(entry(3), "confirmed"), by=mother).refused(NotYourObjection)


@pytest.mark.rule(13)
def test_nobody_answers_an_objection_against_their_own_act() -> None:
    objected().when(ANSWER, by=aino).refused(OwnAct, objection=OBJECTION)


@pytest.mark.rule(19)
def test_an_objection_is_answered_after_it_was_raised() -> None:
    before, now = moment(3, 4), moment(3, 7)
    objected().when(ANSWER, by=bo, at=before, entered=now).refused(TooEarly)
    objected().when(WithdrawObjection(OBJECTION), by=the_client, at=before, entered=now).refused(TooEarly)


def test_a_closed_case_is_objected_to_and_answered() -> None:
    closed = given(opened_by(aino), closed_at_once()).when(NO.but(against=entry(3)), by=the_client).allowed()
    closed.when(ANSWER.but(objection=made_by(4)), by=bo).allowed()
