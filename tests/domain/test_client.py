"""The client's stream: who they are, who may speak for them, whether they live."""

from typing import Any
from uuid import UUID

import pytest

from domain.client import (
    ChooseLanguage,
    ClientRegistered,
    DeathRecorded,
    DeathReportWithdrawn,
    EndRepresentative,
    LanguageChosen,
    MandateByAuthority,
    MandateEmpty,
    MandateHolds,
    NameRepresentative,
    NotYourMandate,
    OutsideMandate,
    RecordDeath,
    RegisterClient,
    RepresentativeAbsent,
    RepresentativeEnded,
    RepresentativeNamed,
    WithdrawDeathReport,
)
from domain.decider import AlreadyThere, RoleNotAllowed, StreamAbsent, TooEarly
from tests.domain.given import (
    MONDAY,
    Asked,
    Story,
    aino,
    bo,
    given,
    moment,
    mother,
    the_administrator,
    the_client,
    the_clock,
    the_guardian,
)

GUARDIAN = UUID(the_guardian.id)
END = EndRepresentative(GUARDIAN)
NAMED = NameRepresentative(GUARDIAN, "guardian", ("statements",), until=moment(12, 31))


def registered(*acts: Asked) -> Story:
    return given(Asked(RegisterClient(), aino, MONDAY), *acts)


def test_a_client_is_registered_once() -> None:
    story = given().when(RegisterClient("1.1.1980", "Tampere"), by=aino, at=MONDAY)
    story.then(ClientRegistered("1.1.1980", "Tampere")).and_(began=MONDAY, dead=False)
    story.when(RegisterClient(), by=aino).refused(AlreadyThere)
    given().when(RegisterClient(), by=the_administrator).allowed()
    given().when(RegisterClient(), by=the_client).refused(RoleNotAllowed)
    given().when(RecordDeath("relative"), by=aino).refused(StreamAbsent)


@pytest.mark.rule(16)
def test_a_representative_is_named_for_some_matters_until_some_day() -> None:
    story = registered().when(NAMED, by=aino)
    story.then(RepresentativeNamed(GUARDIAN, "guardian", ("statements",), moment(12, 31)))
    client = story.state
    assert client.represented(the_guardian.id, moment(6, 1)).scope == ("statements",)
    assert client.represented(the_guardian.id, moment(12, 31)) is None
    assert client.represented(mother.id, moment(6, 1)) is None
    registered().when(NAMED, by=the_guardian).refused(RoleNotAllowed)
    registered().when(NAMED, by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(16)
def test_a_mandate_is_for_something_and_for_some_time_to_come() -> None:
    registered().when(NAMED.but(scope=()), by=aino).refused(MandateEmpty)
    registered().when(NAMED.but(until=moment(3, 4)), by=aino, at=moment(3, 4)).refused(MandateEmpty)
    registered().when(NAMED.but(until=moment(3, 4)), by=aino, at=moment(3, 3, 12)).allowed()
    registered().when(NAMED.but(until=None), by=aino).allowed()


@pytest.mark.rule(16)
def test_a_mandate_that_is_over_when_it_is_entered_is_none_whatever_time_is_given() -> None:
    over = NAMED.but(until=moment(3, 10))
    registered().when(over, by=aino, at=moment(3, 4), entered=moment(3, 11)).refused(MandateEmpty)
    registered().when(over, by=aino, at=moment(3, 4), entered=moment(3, 9)).allowed()


@pytest.mark.rule(16)
def test_naming_somebody_again_replaces_the_mandate() -> None:
    story = registered(Asked(NAMED, aino)).when(NAMED.but(scope=("ownership",)), by=aino).allowed()
    assert len(story.state.representatives) == 1
    assert story.state.represented(the_guardian.id, moment(6, 1)).scope == ("ownership",)


@pytest.mark.rule(16)
def test_a_mandate_ends() -> None:
    story = registered(Asked(NAMED, aino, moment(3, 5)))
    ended = story.when(END, by=aino).then(RepresentativeEnded(GUARDIAN)).and_(representatives=())
    ended.when(END, by=aino).refused(RepresentativeAbsent, representative=GUARDIAN)
    story.when(END, by=mother).refused(NotYourMandate)
    story.when(END, by=aino, at=moment(3, 4), entered=moment(3, 6)).refused(TooEarly)


@pytest.mark.rule(16)
def test_a_power_of_attorney_is_taken_back_or_given_up() -> None:
    story = registered(Asked(NAMED.but(kind="proxy"), aino))
    story.when(END, by=the_client).then(RepresentativeEnded(GUARDIAN))
    story.when(END, by=the_guardian).allowed()


@pytest.mark.rule(16)
@pytest.mark.parametrize("kind", ["guardian", "custodian", "trustee"])
def test_what_a_court_or_an_authority_gave_ends_by_their_decision(kind: Any) -> None:
    story = registered(Asked(NAMED.but(kind=kind), aino))
    for somebody in (the_client, the_guardian):
        story.when(END, by=somebody).refused(MandateByAuthority, kind=kind)
    story.when(END, by=aino).allowed()


@pytest.mark.rule(16)
def test_the_clock_ends_a_mandate_whose_time_has_passed() -> None:
    story = registered(Asked(NAMED, aino))
    story.when(END, by=the_clock, at=moment(12, 30)).refused(MandateHolds, until=moment(12, 31))
    story.when(END, by=the_clock, at=moment(12, 31)).then(RepresentativeEnded(GUARDIAN))
    registered(Asked(NAMED.but(until=None), aino)).when(END, by=the_clock).refused(MandateHolds)


@pytest.mark.rule(16)
def test_no_mandate_outlives_the_client_but_a_mistaken_report_ends_none() -> None:
    dead = registered(Asked(NAMED, aino), Asked(RecordDeath("relative"), aino))
    assert dead.state.represented(the_guardian.id, moment(6, 1)) is None
    dead.when(ChooseLanguage("sv"), by=the_guardian).refused(OutsideMandate)
    dead.did(Asked(WithdrawDeathReport(), aino)).when(ChooseLanguage("sv"), by=the_guardian).allowed()


def test_the_client_is_served_in_their_language() -> None:
    story = registered(Asked(NAMED, aino)).when(ChooseLanguage("se"), by=the_client).then(LanguageChosen("se"))
    story.when(ChooseLanguage("se"), by=the_client).then()
    story.when(ChooseLanguage("sv"), by=the_guardian).allowed().and_(language="sv")
    story.when(ChooseLanguage("sv"), by=mother).refused(OutsideMandate)


def test_a_death_is_recorded_and_the_report_withdrawn() -> None:
    dead = registered().when(RecordDeath("population_register"), by=the_clock)
    dead.then(DeathRecorded("population_register")).and_(dead=True)
    dead.when(RecordDeath("relative"), by=aino).then()
    dead.when(WithdrawDeathReport(), by=bo).then(DeathReportWithdrawn()).and_(dead=False)
    registered().when(WithdrawDeathReport(), by=bo).then()
    registered().when(RecordDeath("relative"), by=the_client).refused(RoleNotAllowed)


def test_of_a_death_and_its_withdrawal_what_was_recorded_last_counts() -> None:
    died, withdrawn = moment(3, 5), moment(3, 7)
    story = registered(Asked(RecordDeath("relative"), aino, died), Asked(WithdrawDeathReport(), aino, withdrawn))
    true_after_all = Asked(RecordDeath("population_register"), the_clock, moment(3, 4), entered=moment(3, 10))
    story.did(true_after_all).and_(dead=True)
