"""All words of a case are destroyed: on two people's word, or once their time has passed. Its skeleton stays."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.calendar import start_of
from domain.client import Client, DeathRecorded, RecordDeath, RegisterClient
from domain.closure import CaseClosed
from domain.decider import Actor, Role, RoleNotAllowed, WordsErased
from domain.erasure import (
    BirthUnknown,
    CasesRemain,
    ClientDataErased,
    ConfirmErasure,
    EndRetention,
    EraseClientData,
    ErasedOnceClosed,
    ErasureAlreadyProposed,
    ErasureNotProposed,
    ErasureProposed,
    ErasureWithdrawn,
    KeptStill,
    NoErasureOnRecord,
    OwnErasure,
    PersonalDataErased,
    ProposeErasure,
    ReplayErasure,
    WithdrawErasure,
    WordsHeld,
    proposal,
)
from domain.facts import Keeping, Registered
from domain.intake import ClientInformed, ClientUnknown, OpenCase
from domain.policy import Policy
from domain.reopening import ReopenCase
from domain.retention import HoldRetention, ReleaseRetention, RetentionHeld
from domain.voice import RecordStatement
from tests.domain.given import (
    ANY_CLIENT,
    CASE,
    CLIENT,
    MONDAY,
    Asked,
    Story,
    aino,
    closed_at_once,
    given,
    made_by,
    moment,
    opened_by,
    the_administrator,
    the_client,
    the_clock,
    the_other_administrator,
)

BORN = date(1961, 3, 7)
LATER = moment(4, 1, year=2035)
"""More than ten years after the closing."""
FORGETS = datetime(2035, 5, 1, tzinfo=UTC)
PROPOSED = made_by(4)


def closed(task: Any = "adults", **keeping: Any) -> Story:
    """Give a case that was opened and closed in March 2025."""
    story = given(opened_by(aino, task=task), closed_at_once())
    return story.knowing(keeping=Keeping(**{"born": BORN, "forgets_on": FORGETS} | keeping))


def proposed(basis: Any = "court_order") -> Story:
    return closed().when(ProposeErasure(basis, "päätös 12/2025"), by=the_administrator).allowed()


@pytest.mark.rule(20)
def test_one_person_proposes_it_and_another_confirms_it() -> None:
    story = proposed()
    asked, told = story.happened
    assert asked == ErasureProposed(PROPOSED, "court_order", "päätös 12/2025")
    assert isinstance(told, ClientInformed)
    assert (told.about, told.channel, told.withheld) == (story.history[-2].version, "letter", False)
    story.when(ConfirmErasure(PROPOSED), by=the_administrator).refused(OwnErasure, by="root")
    done = story.when(ConfirmErasure(PROPOSED), by=the_other_administrator)
    done.then(PersonalDataErased("court_order", PROPOSED, forgotten_on=FORGETS))
    done.and_(erased=True, erasure=None, status="closed", responsible=story.case.responsible)


def test_the_same_person_is_not_a_second_one_whatever_else_their_token_says() -> None:
    moved = Actor(the_administrator.id, Role.ADMINISTRATOR, "0246246-0", "hallinto")
    proposed().when(ConfirmErasure(PROPOSED), by=moved).refused(OwnErasure)
    for written in ("Root", " root", "ｒｏｏｔ"):
        same = Actor(written, Role.ADMINISTRATOR)
        proposed().when(ConfirmErasure(PROPOSED), by=same).refused(OwnErasure)


def test_nothing_is_added_to_an_erased_case() -> None:
    done = proposed().when(ConfirmErasure(PROPOSED), by=the_other_administrator).allowed()
    done.when(RecordStatement("vielä tämä"), by=aino).refused(WordsErased)
    done.when(ProposeErasure("court_order", "taas"), by=the_other_administrator).refused(WordsErased)
    done.when(EndRetention(), by=the_clock, at=LATER).refused(WordsErased)
    done.when(ReplayErasure(), by=the_clock).refused(WordsErased)


def test_only_the_directorys_keepers_propose_and_confirm_and_only_the_clock_ends_a_term() -> None:
    closed().when(ProposeErasure("court_order", "päätös"), by=aino).refused(RoleNotAllowed)
    proposed().when(ConfirmErasure(PROPOSED), by=aino).refused(RoleNotAllowed)
    proposed().when(WithdrawErasure(PROPOSED), by=the_client).refused(RoleNotAllowed)
    for command in (EndRetention(), ReplayErasure()):
        closed().when(command, by=the_administrator, at=LATER).refused(RoleNotAllowed)


@pytest.mark.parametrize("basis", ["retention_ended", "wrong_person", "court_order"])
def test_the_words_of_a_case_that_goes_on_are_needed(basis: Any) -> None:
    still_open = given(opened_by(aino))
    still_open.when(ProposeErasure(basis, "syy"), by=the_administrator).refused(ErasedOnceClosed, status="open")
    still_open.when(EndRetention(), by=the_clock, at=LATER).refused(ErasedOnceClosed)


def test_a_proposal_is_taken_back_by_either_and_then_nothing_is_confirmed() -> None:
    for who in (the_administrator, the_other_administrator):
        back = proposed().when(WithdrawErasure(PROPOSED), by=who).then(ErasureWithdrawn(PROPOSED))
        back.when(ConfirmErasure(PROPOSED), by=the_other_administrator).refused(ErasureNotProposed, erasure=PROPOSED)
        back.when(WithdrawErasure(PROPOSED), by=the_other_administrator).refused(ErasureNotProposed)
        back.when(ProposeErasure("wrong_person", "eri henkilö"), by=the_other_administrator).allowed()


def test_a_second_proposal_waits_for_the_first_to_be_withdrawn() -> None:
    again = proposed().when(ProposeErasure("wrong_person", "eri henkilö"), by=the_other_administrator)
    again.refused(ErasureAlreadyProposed, by="root", basis="court_order")
    proposed().when(EndRetention(), by=the_clock, at=LATER).refused(ErasureAlreadyProposed)


def test_reopening_the_case_ends_a_proposal() -> None:
    story = proposed().when(ReopenCase("new_need"), by=aino).allowed()
    story.when(ConfirmErasure(PROPOSED), by=the_other_administrator).refused(ErasureNotProposed)
    for asked in closed_at_once():
        story = story.did(asked)
    assert proposal(story.case) is None
    story.when(ConfirmErasure(PROPOSED), by=the_other_administrator).refused(ErasureNotProposed)
    story.when(ProposeErasure("court_order", "uusi päätös"), by=the_other_administrator).allowed()


def test_nobody_is_told_of_a_proposal_once_the_client_has_died() -> None:
    story = closed().knowing(client=ANY_CLIENT.but(dead=True, died_at=MONDAY))
    story.when(ProposeErasure("court_order", "päätös"), by=the_administrator).then(
        ErasureProposed(PROPOSED, "court_order", "päätös")
    )


def test_why_the_client_is_not_told_is_said() -> None:
    story = closed().when(
        ProposeErasure("wrong_person", "eri henkilö", withheld_because="osoite ei tiedossa"), by=the_administrator
    )
    told = story.allowed().happened[-1]
    assert isinstance(told, ClientInformed)
    assert told.withheld


def test_what_is_held_is_destroyed_by_a_courts_order_alone() -> None:
    until = moment(1, 1, year=2040)
    held = closed().when(HoldRetention("complaint", until, "kantelu"), by=the_administrator)
    held.then(RetentionHeld("complaint", "kantelu", until))
    held.when(EndRetention(), by=the_clock, at=LATER).refused(WordsHeld)
    held.when(ProposeErasure("wrong_person", "syy"), by=the_administrator).refused(WordsHeld)
    held.when(ProposeErasure("court_order", "päätös"), by=the_administrator).allowed()
    held.when(EndRetention(), by=the_clock, at=moment(1, 2, year=2040)).allowed()
    released = held.when(ReleaseRetention(), by=the_other_administrator).allowed()
    released.when(EndRetention(), by=the_clock, at=LATER).allowed()


# Its time has passed.


def test_what_is_kept_no_longer_goes_by_itself_and_says_since_when() -> None:
    due = date(2035, 3, 3)
    story = closed()
    story.when(EndRetention(), by=the_clock, at=moment(3, 2, year=2035)).refused(KeptStill, until=due)
    done = story.when(EndRetention(), by=the_clock, at=moment(3, 3, 0, year=2035))
    done.then(PersonalDataErased("retention_ended", None, start_of(due), 0, FORGETS))


def test_a_person_is_kept_to_the_term_too() -> None:
    closed().when(ProposeErasure("retention_ended", "aika"), by=the_administrator).refused(KeptStill)
    asked = closed().when(ProposeErasure("retention_ended", "aika"), by=the_administrator, at=LATER).allowed()
    longer = asked.knowing(policy=Policy(keep_years=20))
    longer.when(ConfirmErasure(PROPOSED), by=the_other_administrator).refused(KeptStill)
    done = asked.when(ConfirmErasure(PROPOSED), by=the_other_administrator)
    done.then(PersonalDataErased("retention_ended", PROPOSED, start_of(date(2035, 3, 3)), 0, FORGETS))


def test_the_archives_sample_is_never_destroyed_by_a_term() -> None:
    for day in (8, 18, 28):
        sample = closed(born=date(1961, 3, day))
        sample.when(EndRetention(), by=the_clock, at=moment(1, 1, year=2190)).refused(KeptStill, until=None)
        asked = ProposeErasure("retention_ended", "aika")
        sample.when(asked, by=the_administrator, at=moment(1, 1, year=2190)).refused(KeptStill)


def test_where_the_birth_date_is_not_known_it_is_left_to_two_people() -> None:
    unknown = closed(born=None)
    unknown.when(EndRetention(), by=the_clock, at=LATER).refused(BirthUnknown)
    asked = unknown.when(ProposeErasure("retention_ended", "aika"), by=the_administrator, at=LATER).allowed()
    asked.when(ConfirmErasure(PROPOSED), by=the_other_administrator).allowed()


def test_a_death_that_is_on_record_counts_in_child_protection() -> None:
    died = moment(6, 1, year=2025)
    story = closed("child_protection", born=date(2010, 5, 5)).knowing(client=ANY_CLIENT.but(dead=True, died_at=died))
    story.when(EndRetention(), by=the_clock, at=moment(12, 31, year=2027)).refused(KeptStill, until=date(2028, 1, 1))
    story.when(EndRetention(), by=the_clock, at=moment(1, 1, year=2028)).allowed()


# A backup brought it back.


def test_what_the_register_has_is_destroyed_again_whatever_the_case_is_now() -> None:
    was = Registered(UUID(int=7), "court_order")
    closed(registered=was).when(ReplayErasure(), by=the_clock).then(
        PersonalDataErased("court_order", forgotten_on=FORGETS, replays=was.command)
    )
    again = given(opened_by(aino)).knowing(keeping=Keeping(registered=was)).when(ReplayErasure(), by=the_clock)
    again.then(CaseClosed("not_stated", "source", "not_stated"), PersonalDataErased("court_order", replays=was.command))
    again.and_(erased=True, status="closed")
    closed().when(ReplayErasure(), by=the_clock).refused(NoErasureOnRecord)


# The client's own words.


def registered() -> Story:
    return given(Asked(RegisterClient("7.3.1961", "Tampere"), aino, MONDAY))


def test_the_clients_own_words_go_with_those_of_their_last_case() -> None:
    registered().when(EraseClientData(), by=the_clock).refused(NoErasureOnRecord)
    left = registered().knowing(keeping=Keeping(others=(closed().case,), bereft=True))
    left.when(EraseClientData(), by=the_clock).refused(CasesRemain, cases=1)
    for keeping in (Keeping(bereft=True), Keeping(registered=Registered(CASE, "court_order"))):
        gone = registered().knowing(keeping=keeping).when(EraseClientData(), by=the_clock).then(ClientDataErased())
        assert gone.state.erased
        gone.when(RecordDeath("relative"), by=aino).refused(WordsErased)
    registered().when(EraseClientData(), by=the_administrator).refused(RoleNotAllowed)


def test_no_case_is_opened_for_a_client_whose_own_words_are_gone() -> None:
    gone = given(client=ANY_CLIENT.but(erased=True))
    gone.when(OpenCase(CLIENT, "uusi asia"), by=aino).refused(ClientUnknown)


def test_when_the_client_died_is_remembered() -> None:
    told = registered().when(RecordDeath("relative"), by=aino, at=moment(3, 4), entered=moment(3, 9))
    told.then(DeathRecorded("relative"))
    assert isinstance(told.state, Client)
    assert (told.state.dead, told.state.died_at) == (True, moment(3, 4))


def test_the_key_of_all_words_goes_with_it() -> None:
    assert PersonalDataErased.erases
    assert ClientDataErased.erases
    assert PersonalDataErased("court_order").destroys == frozenset()
