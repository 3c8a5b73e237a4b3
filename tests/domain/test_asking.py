"""A worker asks for a case: it works when a worker takes the matter on, and is not only given it."""

import pytest

from domain.asking import (
    AlreadyAsked,
    AlreadyYours,
    AskerWithoutUnit,
    DeclineHandoffRequest,
    HandoffRequestDeclined,
    HandoffRequested,
    HandoffRequestNotOpen,
    RequestHandoff,
    SomebodyElseAsked,
)
from domain.case import CaseNotOpen, HolderUnknown, NotResponsible, TakesOnNothingMore, WordsMissing
from domain.decider import RoleNotAllowed, TooEarly
from domain.handoff import HandoffProposed, ProposeHandoff
from tests.domain.given import (
    Asked,
    Story,
    accepted_by,
    aino,
    arvo,
    bo,
    closed_at_once,
    eeva,
    given,
    holder,
    made_by,
    marja,
    moment,
    opened_by,
    the_client,
)

ASK = RequestHandoff("tunnen asiakkaan")
ASKED = made_by(2)
TO_BO = ProposeHandoff(
    to=holder(bo), reason="pyysi itse", no_view_because="ei tavoitettu", disclosure_basis="statutory"
)


def asked_for() -> Story:
    return given(opened_by(aino), Asked(ASK, bo, moment(3, 5)))


def test_a_worker_asks_for_a_case_and_nothing_moves() -> None:
    case = given(opened_by(aino))
    case.when(ASK, by=bo).then(HandoffRequested(ASKED, holder(bo), "tunnen asiakkaan")).and_owner_is(aino)
    case.when(ASK.but(reason=" "), by=bo).refused(WordsMissing, field="reason")
    case.when(ASK, by=aino).refused(AlreadyYours)
    asked_for().when(ASK, by=bo).refused(AlreadyAsked, request=ASKED)
    asked_for().when(ASK, by=eeva).allowed()
    given(opened_by(aino), closed_at_once()).when(ASK, by=bo).refused(CaseNotOpen)


def test_only_who_could_take_a_case_on_asks_for_it() -> None:
    case = given(opened_by(aino))
    case.when(ASK, by=bo.but(unit=None)).refused(AskerWithoutUnit)
    case.when(ASK, by=bo.but(id="tuntematon")).refused(HolderUnknown)
    case.when(ASK, by=the_client).refused(RoleNotAllowed)
    case.knowing(leaving=frozenset({holder(bo)})).when(ASK, by=bo).refused(TakesOnNothingMore)


@pytest.mark.rule(2)
def test_an_offer_answers_the_request_and_has_to_be_accepted_all_the_same() -> None:
    for offer in (TO_BO.but(request=ASKED), TO_BO):
        offered = asked_for().when(offer, by=aino).allowed().and_owner_is(aino)
        proposed = offered.happened[-1]
        assert isinstance(proposed, HandoffProposed)
        assert proposed.request == ASKED
        assert offered.case.askings.get(ASKED) is None
        offered.did(accepted_by(bo, made_by(3))).and_owner_is(bo)
    other = asked_for().when(TO_BO.but(to=holder(eeva)), by=aino).allowed()
    assert other.case.askings.get(ASKED) is not None


def test_an_offer_answers_a_request_of_its_receiver_that_waits() -> None:
    asked_for().when(TO_BO.but(to=holder(eeva), request=ASKED), by=aino).refused(SomebodyElseAsked)
    asked_for().when(TO_BO.but(request=made_by(9)), by=aino).refused(HandoffRequestNotOpen, request=made_by(9))
    before, now = moment(3, 4), moment(3, 6)
    asked_for().when(TO_BO.but(request=ASKED), by=aino, at=before, entered=now).refused(TooEarly)


def test_whoever_answers_for_the_case_declines_with_reasons() -> None:
    decline = DeclineHandoffRequest(ASKED, "jatkan itse")
    case = asked_for()
    for who in (aino, marja):
        declined = case.when(decline, by=who).then(HandoffRequestDeclined(ASKED, "jatkan itse"))
        declined.when(decline, by=who).refused(HandoffRequestNotOpen)
        declined.when(ASK, by=bo).allowed()
    case.when(decline.but(reason=""), by=aino).refused(WordsMissing, field="reason")
    for who in (arvo, bo):
        case.when(decline, by=who).refused(NotResponsible)
