"""Who is let in for a time, in an emergency, and to whom an entry is not to be told."""

from uuid import UUID

import pytest

from domain.access import (
    DisclosureForbidden,
    EmergencyAccessEnded,
    EmergencyAccessGranted,
    EmergencyLasts,
    EmergencyOver,
    EmergencyTooLong,
    EndEmergencyAccess,
    ForbidDisclosure,
    GrantEmergencyAccess,
    InTheCaseAlready,
    NotYourEmergency,
    WithheldWithoutReview,
)
from domain.case import EntryAbsent, NotResponsible, WordsMissing
from domain.client_ownership import TakeOwnership
from domain.corrections import MarkErroneous, SupersedeInstead
from domain.decider import RoleNotAllowed, TooEarly
from domain.intake import ClientInformed
from domain.policy import Policy
from tests.domain.given import (
    Asked,
    Story,
    aino,
    arvo,
    bo,
    closed_at_once,
    eeva,
    entry,
    father,
    given,
    made_by,
    marja,
    moment,
    opened_by,
    siiri,
    the_client,
    the_clock,
    the_guardian,
)

ACCESS = made_by(2)
NIGHT = moment(3, 8, 2)
TAKE = GrantEmergencyAccess("Lapsi yksin ulkona yöllä")
END = EndEmergencyAccess(ACCESS)
FATHER = UUID(father.id)


def taken(**more: object) -> Story:
    return given(opened_by(aino), Asked(TAKE.but(**more), bo, NIGHT))


@pytest.mark.rule(21)
def test_emergency_access_is_timed_reasoned_and_told_to_the_client() -> None:
    told = ClientInformed(
        about=entry(2), channel="letter", received_at=moment(3, 15, 0), withheld_because="", withheld=False,
        object_by=None, policy=0,
    )  # fmt: skip
    granted = given(opened_by(aino)).when(TAKE, by=bo, at=NIGHT)
    granted.then(EmergencyAccessGranted(ACCESS, "Lapsi yksin ulkona yöllä", moment(3, 9, 2), None, 0), told)
    shorter = given(opened_by(aino)).when(TAKE.but(until=moment(3, 8, 6), channel="telephone"), by=siiri, at=NIGHT)
    shorter.then(
        EmergencyAccessGranted(ACCESS, "Lapsi yksin ulkona yöllä", moment(3, 8, 6), None, 0),
        told.but(channel="telephone", received_at=NIGHT),
    )


@pytest.mark.rule(21)
def test_emergency_access_has_a_reason_and_an_end() -> None:
    case = given(opened_by(aino))
    case.when(TAKE.but(reason=" "), by=bo).refused(WordsMissing, field="reason")
    for until in (NIGHT, moment(3, 9, 3)):
        case.when(TAKE.but(until=until), by=bo, at=NIGHT).refused(EmergencyTooLong, most=moment(3, 9, 2))
    strict = given(opened_by(aino), policy=Policy(emergency_hours=3))
    strict.when(TAKE.but(until=moment(3, 8, 6)), by=bo, at=NIGHT).refused(EmergencyTooLong, most=moment(3, 8, 5))


@pytest.mark.rule(21)
def test_the_client_is_not_told_only_with_a_ground_and_a_day_to_look_again() -> None:
    ground, again = "Vaarantaisi lapsen", moment(3, 10)
    withheld = taken(withheld_because=ground, review_by=again)
    granted, told = withheld.happened
    assert isinstance(granted, EmergencyAccessGranted)
    assert granted.review_by == again
    assert isinstance(told, ClientInformed)
    assert (told.withheld, told.withheld_because, told.received_at) == (True, ground, None)
    assert withheld.last.actor == bo
    case = given(opened_by(aino))
    for without in (
        TAKE.but(withheld_because=ground), TAKE.but(review_by=again), TAKE.but(withheld_because=" ", review_by=again),
        TAKE.but(withheld_because=ground, review_by=NIGHT),
    ):  # fmt: skip
        case.when(without, by=bo, at=NIGHT).refused(WithheldWithoutReview)


@pytest.mark.rule(21)
def test_emergency_access_moves_no_ownership_and_can_not_be_made_unseen() -> None:
    case = given(opened_by(aino), Asked(TakeOwnership(), the_client))
    access = case.when(TAKE, by=bo).allowed().and_owner_is(the_client).and_responsible_is(aino)
    assert access.case.but(emergencies=case.case.emergencies) == case.case
    access.when(MarkErroneous(entry(3), "en katsonutkaan"), by=bo).refused(SupersedeInstead)


@pytest.mark.rule(21)
def test_emergency_access_is_for_those_who_are_not_in_the_case() -> None:
    case = given(opened_by(aino))
    for worker in (aino, arvo, marja):
        case.when(TAKE, by=worker).refused(InTheCaseAlready)
    for somebody in (the_client, the_guardian, the_clock):
        case.when(TAKE, by=somebody).refused(RoleNotAllowed)
    given(opened_by(aino), closed_at_once()).when(TAKE, by=bo).allowed()


@pytest.mark.rule(21)
def test_emergency_access_ends_with_its_time_or_before_it() -> None:
    access = taken()
    access.when(END, by=the_clock, at=moment(3, 9, 1)).refused(EmergencyLasts, until=moment(3, 9, 2))
    over = access.when(END, by=the_clock, at=moment(3, 9, 2)).then(EmergencyAccessEnded(ACCESS, "time"))
    over.when(END, by=the_clock).refused(EmergencyOver, access=ACCESS)
    access.when(END, by=bo).then(EmergencyAccessEnded(ACCESS, "done"))
    access.when(END, by=eeva).refused(NotYourEmergency)
    access.when(END, by=bo, at=moment(3, 8, 1), entered=moment(3, 8, 5)).refused(TooEarly)


@pytest.mark.rule(22)
def test_an_entry_is_not_to_be_told_to_somebody() -> None:
    case = given(opened_by(aino))
    for by in (aino, arvo, marja, the_client):
        forbidden = case.when(ForbidDisclosure(entry(1), FATHER), by=by).then(DisclosureForbidden(entry(1), FATHER))
        assert forbidden.case.forbidden.get((1, FATHER))
        forbidden.when(ForbidDisclosure(entry(1), FATHER), by=by).then()
    case.when(ForbidDisclosure(entry(1), FATHER), by=bo).refused(NotResponsible)
    case.when(ForbidDisclosure(entry(1), FATHER), by=the_guardian).refused(RoleNotAllowed)
    case.when(ForbidDisclosure(entry(9), FATHER), by=aino).refused(EntryAbsent)


@pytest.mark.rule(22)
def test_it_holds_until_whoever_said_so_takes_it_back() -> None:
    forbidden = given(opened_by(aino), Asked(ForbidDisclosure(entry(1), FATHER), the_client))
    mistaken = MarkErroneous(entry(2), "isä saa tietää")
    assert not forbidden.did(Asked(mistaken, the_client)).case.forbidden.get((1, FATHER))
