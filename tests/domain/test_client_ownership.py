"""The client owns the case, chooses who does, or gives it back."""

from typing import Any

import pytest

from domain.case import Case, CaseNotOpen, HolderUnknown, OutOfOrder, TakesOnNothingMore, WordsMissing
from domain.client import ClientHasDecided, OutsideMandate, TheDeadDecideNothing
from domain.client_ownership import (
    AskWhoOwns,
    ChooseOwner,
    ClientAskedWhoOwns,
    ClientReturnedOwnership,
    ClientTookOwnership,
    NotTheClients,
    OwnerChosen,
    ReturnOwnership,
    TakeOwnership,
)
from domain.closure import ProposeClosure
from domain.corrections import ConfirmMisplaced, MarkErroneous
from domain.decider import Actor, Command, RoleNotAllowed
from domain.remembered import Holder
from domain.reopening import ReopenCase
from domain.requests import AnswerAsClient, ClientAnswered
from domain.voice import OwnWitness
from domain.waiting import NoLongerWaits, OtherCustodianAnswers
from tests.domain.given import (
    ANY_CLIENT,
    COUNTY,
    Asked,
    Story,
    aino,
    an_auditor,
    arvo,
    bo,
    closed_at_once,
    closed_by,
    entry,
    father,
    given,
    holder,
    mandate,
    marja,
    moment,
    mother,
    opened_by,
    represented,
    the_administrator,
    the_client,
    the_clock,
    the_guardian,
    unit,
)

DECISIONS = [TakeOwnership(), ChooseOwner(holder(bo)), ReturnOwnership()]
UNDER_GUARDIANSHIP = represented((the_guardian, mandate("guardian")))


@pytest.mark.rule(16)
def test_the_client_takes_the_case_into_their_own_hands() -> None:
    (
        given(opened_by(aino))
        .when(TakeOwnership("tämä on minun asiani"), by=the_client)
        .then(ClientTookOwnership("tämä on minun asiani"))
        .and_owner_is(the_client)
        .and_responsible_is(aino)
        .when(TakeOwnership(), by=the_client)
        .then()
    )


@pytest.mark.rule(16)
def test_the_client_chooses_who_drives() -> None:
    (
        given(opened_by(aino))
        .when(ChooseOwner(holder(bo), "Bo tuntee minut"), by=the_client)
        .then(OwnerChosen(holder(bo), "Bo tuntee minut"))
        .and_owner_is(bo)
        .and_responsible_is(aino)
        .when(ChooseOwner(holder(bo)), by=the_client)
        .then()
        .when(ChooseOwner(unit(bo)), by=the_client)
        .allowed()
        .and_owner_is(unit(bo))
        .when(TakeOwnership(), by=the_client)
        .allowed()
        .and_owner_is(the_client)
    )
    given(opened_by(aino)).when(ChooseOwner(Holder(COUNTY, "lakkautettu")), by=the_client).refused(HolderUnknown)
    leaving = given(opened_by(aino)).knowing(leaving=frozenset({holder(bo)}))
    leaving.when(ChooseOwner(holder(bo)), by=the_client).refused(TakesOnNothingMore, holder=holder(bo))


@pytest.mark.rule(16)
@pytest.mark.parametrize("taken", [TakeOwnership(), ChooseOwner(holder(bo))])
def test_giving_it_back_is_immediate_and_needs_no_reason(taken: Command[Case]) -> None:
    (
        given(opened_by(aino), Asked(taken, the_client))
        .when(ReturnOwnership(), by=the_client)
        .then(ClientReturnedOwnership(""))
        .and_owner_is(aino)
        .and_(chosen=None)
        .when(ReturnOwnership(), by=the_client)
        .refused(NotTheClients)
    )


@pytest.mark.rule(16)
@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("somebody_else", [an_auditor, the_clock, the_administrator])
def test_nobody_but_the_client_decides_who_owns(decision: Command[Case], somebody_else: Actor) -> None:
    given(opened_by(aino)).when(decision, by=somebody_else).refused(RoleNotAllowed)


@pytest.mark.rule(16)
def test_a_representative_decides_within_the_mandate() -> None:
    story = given(opened_by(aino), client=UNDER_GUARDIANSHIP)
    story.when(TakeOwnership(), by=the_guardian).allowed().and_owner_is(the_client)
    story.when(TakeOwnership(), by=mother).refused(OutsideMandate, scope="ownership")
    narrow = represented((the_guardian, mandate("guardian", "statements")))
    given(opened_by(aino), client=narrow).when(TakeOwnership(), by=the_guardian).refused(OutsideMandate)


@pytest.mark.rule(16)
def test_a_mandate_that_has_run_out_or_not_begun_is_none_whatever_time_is_given() -> None:
    ended = represented((the_guardian, mandate("guardian", until=moment(3, 10))))
    story = given(opened_by(aino), client=ended)
    story.when(TakeOwnership(), by=the_guardian, at=moment(3, 9)).allowed()
    story.when(TakeOwnership(), by=the_guardian, at=moment(3, 10)).refused(OutsideMandate)
    story.when(TakeOwnership(), by=the_guardian, at=moment(3, 9), entered=moment(3, 11)).refused(OutsideMandate)
    begun = given(opened_by(aino), client=represented((the_guardian, mandate("guardian", since=moment(3, 5)))))
    begun.when(TakeOwnership(), by=the_guardian, at=moment(3, 4), entered=moment(3, 6)).refused(OutsideMandate)


@pytest.mark.rule(16)
@pytest.mark.parametrize("decision", DECISIONS)
def test_no_representative_goes_over_what_the_client_decided_in_person(decision: Command[Case]) -> None:
    story = given(opened_by(aino), Asked(ChooseOwner(unit(bo)), the_client), client=UNDER_GUARDIANSHIP)
    story.when(decision, by=the_guardian).refused(ClientHasDecided).and_owner_is(unit(bo))


@pytest.mark.rule(16)
@pytest.mark.parametrize("same", [TakeOwnership(), ChooseOwner(holder(bo))])
def test_what_the_client_decides_in_person_after_a_representative_is_theirs(same: Command[Case]) -> None:
    story = given(opened_by(aino), Asked(same, the_guardian), client=UNDER_GUARDIANSHIP)
    story.when(same, by=the_guardian).then()
    story.when(same, by=the_client).allowed().when(ReturnOwnership(), by=the_guardian).refused(ClientHasDecided)


TAKEN = TakeOwnership("haluan itse")
YES, NO = AnswerAsClient(entry(2), "confirmed", medium="paper"), AnswerAsClient(entry(2), "denied")


def noted(command: Command[Case] = TAKEN, by: Actor = aino, **more: Any) -> Story:
    """Begin with what a worker wrote down as the client's decision."""
    return given(opened_by(aino), Asked(command, by, moment(3, 5)), **more)


@pytest.mark.rule(16)
@pytest.mark.parametrize("confirmed_by", [the_client, the_guardian, bo, marja])
def test_what_a_worker_writes_down_waits_for_the_clients_word(confirmed_by: Actor) -> None:
    waits = noted(client=UNDER_GUARDIANSHIP)
    assert waits.happened == (ClientTookOwnership("haluan itse", "client"),)
    assert waits.last.on_behalf_of == "client"
    waits.when(YES, by=aino).refused(OwnWitness).and_owner_is(aino)
    confirmed = waits.when(YES, by=confirmed_by).and_owner_is(the_client).and_responsible_is(aino)
    confirmed.then(ClientAnswered(entry(2), "confirmed", "", "paper"), ClientTookOwnership("", confirms=entry(2))).and_(
        decided_by_client_in_person=confirmed_by == the_client
    )
    confirmed.when(YES, by=the_client).refused(NoLongerWaits, version=2)


@pytest.mark.rule(16)
def test_no_worker_decides_in_the_name_of_the_dead() -> None:
    dead = noted().knowing(client=ANY_CLIENT.but(dead=True))
    dead.when(YES, by=bo).refused(TheDeadDecideNothing)
    dead.when(ChooseOwner(holder(bo)), by=aino).refused(TheDeadDecideNothing)
    before = dead.when(YES, by=bo, at=moment(3, 6), entered=moment(3, 10), reported=True)
    before.allowed().and_owner_is(the_client)
    dead.when(TakeOwnership(), by=the_client).allowed()  # who decides in person is not dead: the report is mistaken


@pytest.mark.rule(16)
def test_each_decision_that_a_worker_wrote_down_comes_into_force_with_a_yes() -> None:
    chosen = noted(ChooseOwner(holder(bo))).and_owner_is(aino).when(YES, by=the_client)
    chosen.then(
        ClientAnswered(entry(2), "confirmed", "", "paper"), OwnerChosen(holder(bo), "", confirms=entry(2))
    ).and_owner_is(bo)
    given_back = chosen.did(Asked(ReturnOwnership(), aino)).and_owner_is(bo)
    returned = given_back.when(YES.but(version=entry(5)), by=marja)
    returned.then(
        ClientAnswered(entry(5), "confirmed", "", "paper"), ClientReturnedOwnership("", confirms=entry(5))
    ).and_owner_is(aino)


@pytest.mark.rule(16)
@pytest.mark.parametrize("denied_by", [the_client, bo])
def test_what_the_client_denies_is_gone(denied_by: Actor) -> None:
    denied = noted().when(NO, by=denied_by).then(ClientAnswered(entry(2), "denied", "")).and_owner_is(aino)
    denied.when(YES, by=the_client).refused(NoLongerWaits)
    denied.when(TAKEN, by=the_client).allowed().and_owner_is(the_client)


@pytest.mark.rule(16)
def test_of_two_notes_the_one_that_is_confirmed_counts() -> None:
    both = noted().did(Asked(ChooseOwner(holder(bo)), arvo, moment(3, 6)))
    for version, owner in ((2, the_client), (3, bo)):
        confirmed = both.when(YES.but(version=entry(version)), by=the_client).allowed().and_owner_is(owner)
        confirmed.when(YES.but(version=entry(5 - version)), by=the_client).refused(NoLongerWaits)


@pytest.mark.rule(16)
def test_a_note_is_overtaken_by_what_the_client_decides_in_person() -> None:
    chosen = noted().did(Asked(ChooseOwner(holder(bo)), the_client))
    chosen.when(YES, by=marja).refused(NoLongerWaits).and_owner_is(bo)
    chosen.when(NO, by=marja).allowed().and_owner_is(bo)


@pytest.mark.rule(16)
def test_a_note_does_not_outlast_the_closing() -> None:
    closed = noted().did(Asked(ProposeClosure("client_ended"), the_client)).did(closed_by(aino))
    closed.when(YES, by=the_client).refused(CaseNotOpen)
    reopened = closed.did(Asked(ReopenCase("client_returned"), aino))
    reopened.when(YES, by=the_client).refused(NoLongerWaits).and_owner_is(aino)


@pytest.mark.rule(16)
def test_what_is_said_to_be_anothers_is_not_confirmed() -> None:
    misplaced = MarkErroneous(entry(2), "toisen asiakkaan", wrong_person=True)
    hidden = noted().did(Asked(misplaced, aino))
    hidden.when(YES, by=bo).refused(NoLongerWaits)
    destroyed = hidden.did(Asked(ConfirmMisplaced(entry(2)), marja))
    destroyed.when(YES, by=bo).refused(NoLongerWaits)


@pytest.mark.rule(16)
def test_no_representative_confirms_a_note_over_what_the_client_decided_in_person() -> None:
    story = given(opened_by(aino), Asked(TakeOwnership(), the_client), client=UNDER_GUARDIANSHIP)
    back = story.did(Asked(ReturnOwnership(), aino))
    back.when(YES.but(version=entry(3)), by=the_guardian).refused(ClientHasDecided).and_owner_is(the_client)
    back.when(YES.but(version=entry(3)), by=bo).allowed().and_owner_is(aino)


BOTH = represented((mother, mandate("custodian")), (father, mandate("custodian")))


@pytest.mark.rule(16)
def test_of_two_custodians_not_one_alone_but_both_together() -> None:
    waits = noted(by=mother, client=BOTH).and_owner_is(aino)
    assert waits.happened == (ClientTookOwnership("haluan itse", "custodian"),)
    waits.when(YES, by=mother).refused(OwnWitness)
    waits.when(YES, by=bo).refused(OtherCustodianAnswers)
    waits.when(YES, by=father).allowed().and_owner_is(the_client)
    waits.when(NO, by=father).allowed().when(YES, by=father).refused(NoLongerWaits)
    waits.when(YES, by=the_client).allowed().and_owner_is(the_client)
    one = represented((mother, mandate("custodian")), (father, mandate("custodian", until=moment(2, 1))))
    noted(by=mother, client=one).and_owner_is(the_client)


@pytest.mark.rule(16)
def test_both_custodians_confirm_what_a_worker_wrote_down() -> None:
    waits = noted(client=BOTH)
    alone = waits.when(YES, by=mother).then(ClientAnswered(entry(2), "confirmed", "", "paper", "custodian"))
    alone.and_owner_is(aino).when(YES, by=father).allowed().and_owner_is(the_client)


@pytest.mark.rule(16)
def test_decisions_about_the_owner_keep_their_order() -> None:
    story = given(opened_by(aino), Asked(TakeOwnership(), the_client, moment(3, 6)))
    story.when(ReturnOwnership(), by=the_client, at=moment(3, 5), entered=moment(3, 7)).refused(OutOfOrder)


def test_the_client_is_asked_who_should_own() -> None:
    story = given(opened_by(aino))
    story.when(AskWhoOwns("haluan itse"), by=aino).then(ClientAskedWhoOwns("haluan itse")).and_owner_is(aino)
    story.when(AskWhoOwns("minä"), by=the_client).refused(RoleNotAllowed)
    story.when(AskWhoOwns(" "), by=aino).refused(WordsMissing, field="answer")


def test_a_closed_case_has_no_owner_to_change() -> None:
    closed = given(opened_by(aino), closed_at_once())
    for decision in (*DECISIONS,):
        closed.when(decision, by=the_client).refused(CaseNotOpen)
    closed.when(AskWhoOwns("en"), by=aino).refused(CaseNotOpen)


def test_what_was_asked_before_the_closing_is_reported_after_it() -> None:
    closed = given(opened_by(aino), closed_at_once())
    earlier = closed.history[1].context.occurred
    closed.when(AskWhoOwns("en"), by=aino, at=earlier, entered=moment(3, 9), reported=True).allowed()
    closed.when(AskWhoOwns("en"), by=aino, at=earlier, entered=moment(3, 9)).refused(CaseNotOpen)
