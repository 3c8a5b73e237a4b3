"""Who is let in for a time, in an emergency: to read, and nothing else."""

from contextlib import nullcontext
from datetime import timedelta
from uuid import UUID

import pytest

from domain.access import (
    EmergencyAccessEnded,
    EmergencyAccessGranted,
    EmergencyLasts,
    EmergencyOver,
    EmergencyTooLong,
    EndEmergencyAccess,
    GrantEmergencyAccess,
    InTheCaseAlready,
    NotYourEmergency,
    WithheldWithoutReview,
)
from domain.alerts import ManagerAlerted
from domain.authorization import NotInTheCase, Relation, permit, standing
from domain.case import Case, WordsMissing
from domain.client_ownership import TakeOwnership
from domain.corrections import MarkErroneous, SupersedeInstead
from domain.decider import Action, Command, RoleNotAllowed, TooEarly
from domain.intake import ClientInformed
from domain.policy import Policy
from domain.withholding import DisclosureForbidden, ForbidDisclosure, ReviewOutOfReach, kept_from
from tests.domain.given import (
    Asked,
    Story,
    accepted_by,
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
    proposed_to,
    siiri,
    the_client,
    the_clock,
    the_guardian,
    unit,
)
from tests.domain.vocabulary import COMMANDS

ACCESS = made_by(2)
NIGHT = moment(3, 8, 2)
TAKE = GrantEmergencyAccess("Lapsi yksin ulkona yöllä")
END = EndEmergencyAccess(ACCESS)
ALERT = ManagerAlerted(entry(2), "emergency_access", unit(aino))


def taken(**more: object) -> Story:
    return given(opened_by(aino), Asked(TAKE.but(**more), bo, NIGHT))


@pytest.mark.rule(21)
def test_emergency_access_is_timed_reasoned_and_told_to_the_client() -> None:
    told = ClientInformed(
        about=entry(2), channel="letter", received_at=moment(3, 15, 0), withheld_because="", withheld=False,
        object_by=None, policy=0,
    )  # fmt: skip
    granted = given(opened_by(aino)).when(TAKE, by=bo, at=NIGHT)
    granted.then(EmergencyAccessGranted(ACCESS, "Lapsi yksin ulkona yöllä", moment(3, 9, 2), None, 0), told, ALERT)
    shorter = given(opened_by(aino)).when(TAKE.but(until=moment(3, 8, 6), channel="telephone"), by=siiri, at=NIGHT)
    shorter.then(
        EmergencyAccessGranted(ACCESS, "Lapsi yksin ulkona yöllä", moment(3, 8, 6), None, 0),
        told.but(channel="telephone", received_at=NIGHT),
        ALERT,
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
    granted, told, alert, forbidden = withheld.happened
    assert isinstance(granted, EmergencyAccessGranted)
    assert granted.review_by == again
    assert isinstance(told, ClientInformed)
    assert (told.withheld, told.withheld_because, told.received_at) == (True, ground, None)
    assert (alert, withheld.last.actor) == (ALERT, bo)
    assert forbidden == DisclosureForbidden(entry(2), "client", "safety", ground, again, also=(entry(3), entry(4)))
    assert {2, 3, 4} == kept_from(the_client, withheld.case).keys()
    over = withheld.did(Asked(END, bo))
    assert {2, 3, 4, 6} == kept_from(the_client, over.case).keys()
    longer = ForbidDisclosure(entry(2), "client", "safety", ground, moment(3, 20))
    assert {2, 3, 4, 6} == kept_from(the_client, over.did(Asked(longer, aino)).case).keys()
    assert not kept_from(the_client, taken().did(Asked(END, bo)).case)
    unsaid = taken().when(ForbidDisclosure(entry(2), UUID(father.id)), by=aino)
    unsaid.then(DisclosureForbidden(entry(2), father.id))
    case = given(opened_by(aino))
    for without in (
        TAKE.but(withheld_because=ground), TAKE.but(review_by=again), TAKE.but(withheld_because=" ", review_by=again),
        TAKE.but(withheld_because=ground, review_by=NIGHT),
    ):  # fmt: skip
        case.when(without, by=bo, at=NIGHT).refused(WithheldWithoutReview)
    late = TAKE.but(withheld_because=ground, review_by=moment(9, 10))
    case.when(late, by=bo, at=NIGHT).refused(ReviewOutOfReach, review_by=moment(9, 10))


@pytest.mark.rule(21)
def test_emergency_access_moves_no_ownership_and_can_not_be_made_unseen() -> None:
    case = given(opened_by(aino), Asked(TakeOwnership(), the_client))
    access = case.when(TAKE, by=bo).allowed().and_owner_is(the_client).and_responsible_is(aino)
    assert access.case.but(emergencies=case.case.emergencies, alerted=case.case.alerted) == case.case
    access.when(MarkErroneous(entry(3), "en katsonutkaan"), by=bo).refused(SupersedeInstead)


@pytest.mark.rule(21)
def test_emergency_access_is_for_those_who_are_not_in_the_case() -> None:
    case = given(opened_by(aino))
    for worker in (aino, arvo, marja):
        case.when(TAKE, by=worker).refused(InTheCaseAlready)
    for somebody in (the_client, the_guardian, the_clock):
        case.when(TAKE, by=somebody).refused(RoleNotAllowed)
    given(opened_by(aino), closed_at_once()).when(TAKE, by=bo).allowed()
    offered = given(opened_by(aino), proposed_to(bo))
    for worker in (bo, siiri):
        offered.when(TAKE, by=worker).refused(InTheCaseAlready)
    moved = offered.did(accepted_by(bo, made_by(2)))
    moved.when(TAKE, by=bo).refused(InTheCaseAlready)
    moved.when(TAKE, by=aino).allowed()


@pytest.mark.rule(21)
@pytest.mark.parametrize(
    "command", [it for it in COMMANDS if it.state is Case and it.stream == "existing"], ids=lambda it: it.__name__
)
def test_whoever_is_let_in_reads_and_does_nothing_that_a_stranger_may_not(command: type[Command[Case]]) -> None:
    access, at = taken(), NIGHT + timedelta(minutes=5)
    for story in (access, given(opened_by(aino), proposed_to(bo), accepted_by(bo, made_by(2)), Asked(TAKE, aino))):
        by = story.history[-1].context.actor
        if command.action in {Action.ASK, Action.ENTER}:
            permit(command.action, by, story.case, None, at=at, occurred=at)
        else:
            assert command.action in {Action.WORK, Action.ANSWER, Action.CORRECT, Action.ERASE}
            own = by == aino and command.action == Action.CORRECT  # what they entered while the case was theirs
            with nullcontext() if own else pytest.raises(NotInTheCase):
                permit(command.action, by, story.case, None, at=at, occurred=at)


@pytest.mark.rule(21)
def test_reading_ends_with_the_time_be_it_written_down_or_not() -> None:
    case = taken().case
    last, over = moment(3, 9, 1), moment(3, 9, 2)
    assert standing(bo, case, last, None).relations == {Relation.IN_EMERGENCY}
    assert standing(bo, case, over, None).relations == {Relation.NONE}
    assert standing(eeva, case, last, None).relations == {Relation.NONE}


@pytest.mark.rule(21)
def test_emergency_access_ends_with_its_time_or_before_it() -> None:
    access = taken()
    access.when(END, by=the_clock, at=moment(3, 9, 1)).refused(EmergencyLasts, until=moment(3, 9, 2))
    over = access.when(END, by=the_clock, at=moment(3, 9, 2)).then(EmergencyAccessEnded(ACCESS, "time"))
    over.when(END, by=the_clock).refused(EmergencyOver, access=ACCESS)
    access.when(END, by=bo).then(EmergencyAccessEnded(ACCESS, "done"))
    access.when(END, by=eeva).refused(NotYourEmergency)
    access.when(END, by=bo, at=moment(3, 8, 1), entered=moment(3, 8, 5)).refused(TooEarly)
