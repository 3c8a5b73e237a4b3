"""The client owns the case, chooses who does, or gives it back."""

import pytest

from domain.case import Case, CaseNotOpen, Holder, HolderUnknown, OutOfOrder, WordsMissing
from domain.client import ClientHasDecided, OneOfTwoCustodians, OutsideMandate
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
from domain.decider import Actor, Command, RoleNotAllowed
from tests.domain.given import (
    COUNTY,
    Asked,
    aino,
    bo,
    closed_at_once,
    father,
    given,
    holder,
    mandate,
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
@pytest.mark.parametrize("somebody_else", [aino, bo, the_clock, the_administrator])
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


@pytest.mark.rule(16)
def test_of_two_custodians_not_one_alone() -> None:
    both = represented((mother, mandate("custodian")), (father, mandate("custodian")))
    given(opened_by(aino), client=both).when(TakeOwnership(), by=mother).refused(OneOfTwoCustodians)
    one = represented((mother, mandate("custodian")), (father, mandate("custodian", until=moment(2, 1))))
    given(opened_by(aino), client=one).when(TakeOwnership(), by=mother).allowed()


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
