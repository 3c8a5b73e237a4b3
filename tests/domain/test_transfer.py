"""A matter sent to the competent authority: received or contested, never declined."""

import pytest

from domain.case import CaseNotOpen, HolderUnknown, NotResponsible, OutOfOrder, TakesOnNothingMore, WordsMissing
from domain.consent import BasisMissing, GiveConsent
from domain.decider import Override, RoleNotAllowed, TooEarly
from domain.directory import organisation_stream
from domain.handoff import HandoffPending, TransferPending
from domain.ownership import NameResponsible
from domain.remembered import Holder
from domain.transfer import (
    ContestTransfer,
    MatterTransferred,
    NotSentToYou,
    ReceiveTransfer,
    SameAuthority,
    ToUnitOnly,
    TransferContested,
    TransferMatter,
    TransferNotPending,
    TransferReceived,
)
from tests.domain.given import (
    CITY,
    KELA,
    Asked,
    Story,
    aino,
    arvo,
    bo,
    closed_at_once,
    given,
    holder,
    made_by,
    marja,
    moment,
    oona,
    opened_by,
    paula,
    proposed_to,
    the_client,
    unit,
)

TO_THE_CITY = TransferMatter(to=unit(oona), reason="työllisyyspalvelut ovat kunnan")
TRANSFER = made_by(2)


def transferred() -> Story:
    return given(opened_by(aino), Asked(TO_THE_CITY, aino, moment(3, 5)))


@pytest.mark.rule(5)
def test_the_sender_answers_until_the_matter_is_received() -> None:
    (
        given(opened_by(aino))
        .when(TO_THE_CITY, by=aino)
        .then(MatterTransferred(TRANSFER, CITY, "työllisyyspalvelut", "työllisyyspalvelut ovat kunnan", "statutory"))
        .and_responsible_is(aino)
        .and_(duty_holder=KELA)
    )


@pytest.mark.rule(5)
def test_on_receipt_the_responsibility_and_the_duty_pass() -> None:
    (
        transferred()
        .when(ReceiveTransfer(TRANSFER), by=oona)
        .then(TransferReceived(TRANSFER, holder(oona)))
        .and_owner_is(oona)
        .and_responsible_is(oona)
        .and_(duty_holder=CITY)
        .and_nothing_waits()
    )


@pytest.mark.rule(5)
def test_a_contested_matter_stays_with_the_sender() -> None:
    contest = ContestTransfer(TRANSFER, "asia koskee perustoimeentulotukea")
    transferred().when(contest.but(reason=" "), by=paula).refused(WordsMissing, field="reason")
    (
        transferred()
        .when(contest, by=paula)
        .then(TransferContested(TRANSFER, "asia koskee perustoimeentulotukea"))
        .and_responsible_is(aino)
        .and_(duty_holder=KELA)
        .and_nothing_waits()
        .when(ReceiveTransfer(TRANSFER), by=oona)
        .refused(TransferNotPending, transfer=TRANSFER)
    )


@pytest.mark.rule(5)
def test_only_the_unit_it_was_sent_to_answers() -> None:
    for command in (ReceiveTransfer(TRANSFER), ContestTransfer(TRANSFER, "ei meidän")):
        transferred().when(command, by=bo).refused(NotSentToYou, to_organisation=CITY)
        transferred().when(command, by=aino).refused(NotSentToYou)
        transferred().when(command, by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(5)
def test_a_matter_is_not_received_before_it_was_sent() -> None:
    before, now = moment(3, 4), moment(3, 7)
    transferred().when(ReceiveTransfer(TRANSFER), by=oona, at=before, entered=now).refused(TooEarly)
    transferred().when(ContestTransfer(TRANSFER, "ei"), by=oona, at=before, entered=now).refused(TooEarly)


@pytest.mark.rule(1)
def test_a_matter_is_not_received_behind_a_change_of_worker() -> None:
    renamed = transferred().did(Asked(NameResponsible(holder(arvo)), marja, moment(3, 7)))
    renamed.when(ReceiveTransfer(TRANSFER), by=oona, at=moment(3, 6), entered=moment(3, 8)).refused(OutOfOrder)
    renamed.when(ReceiveTransfer(TRANSFER), by=oona, at=moment(3, 8)).allowed().and_owner_is(oona)


@pytest.mark.rule(5)
def test_a_transfer_goes_to_another_known_authority() -> None:
    case = given(opened_by(aino))
    case.when(TO_THE_CITY.but(to=unit(arvo)), by=aino).refused(SameAuthority, organisation=KELA)
    case.when(TO_THE_CITY.but(reason=" "), by=aino).refused(WordsMissing, field="reason")
    case.when(TO_THE_CITY.but(to=Holder(CITY, "lakkautettu")), by=aino).refused(HolderUnknown)
    case.when(TO_THE_CITY, by=bo).refused(NotResponsible)
    given(opened_by(aino), closed_at_once()).when(TO_THE_CITY, by=aino).refused(CaseNotOpen)


@pytest.mark.rule(5)
def test_a_matter_goes_to_a_unit_and_not_to_a_worker_of_it() -> None:
    given(opened_by(aino)).when(TO_THE_CITY.but(to=holder(oona)), by=aino).refused(ToUnitOnly, to=unit(oona))


@pytest.mark.rule(1)
def test_a_matter_is_received_by_somebody_whom_the_directory_knows() -> None:
    nobody = oona.but(id="tuntematon")
    transferred().when(ReceiveTransfer(TRANSFER), by=nobody).refused(HolderUnknown, holder=holder(nobody))
    transferred().when(ReceiveTransfer(TRANSFER), by=paula).allowed().and_owner_is(paula)


@pytest.mark.rule(3)
def test_a_pending_transfer_or_handoff_keeps_a_transfer_waiting() -> None:
    transferred().when(TO_THE_CITY, by=aino).refused(TransferPending)
    given(opened_by(aino), proposed_to(bo)).when(TO_THE_CITY, by=aino).refused(HandoffPending)


@pytest.mark.rule(7)
def test_a_transfer_rests_on_statute_or_on_a_consent_in_force() -> None:
    by_consent = TO_THE_CITY.but(disclosure_basis="consent")
    case = given(opened_by(aino)).knowing(existing=frozenset({organisation_stream(CITY)}))
    case.when(by_consent, by=aino).refused(BasisMissing, to=CITY)
    consented = case.did(Asked(GiveConsent((CITY,)), the_client)).when(by_consent, by=aino).allowed().happened[0]
    overridden = by_consent.but(override=(Override(7, "kiire", moment(3, 20)),))
    without = case.when(overridden, by=marja, at=moment(3, 5)).allowed().happened[-1]
    assert isinstance(consented, MatterTransferred)
    assert isinstance(without, MatterTransferred)
    assert (consented.disclosure_basis, without.disclosure_basis) == ("consent", "not_stated")


@pytest.mark.rule(5)
def test_who_takes_on_nothing_more_receives_nothing() -> None:
    closed = given(opened_by(aino)).knowing(leaving=frozenset({unit(oona)}))
    closed.when(TO_THE_CITY, by=aino).refused(TakesOnNothingMore, holder=unit(oona))
    leaving = transferred().knowing(leaving=frozenset({holder(oona)}))
    leaving.when(ReceiveTransfer(TRANSFER), by=oona).refused(TakesOnNothingMore, holder=holder(oona))
    leaving.when(ReceiveTransfer(TRANSFER), by=paula).allowed().and_responsible_is(paula)
