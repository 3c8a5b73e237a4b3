"""The client and those who pass their case on meet; a client who was sent to and fro is met before the next move."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.case import CaseNotOpen, HolderUnknown, NotResponsible
from domain.decider import Actor, Override, RoleNotAllowed, TooEarly
from domain.handoff import HandoffProposed, ProposeHandoff
from domain.intake import ClientInformed
from domain.meetings import (
    HandoffAbsent,
    HoldJointMeeting,
    HoldWarmMeeting,
    JointMeetingHeld,
    JointMeetingMissing,
    NobodyToMeet,
    WarmMeetingHeld,
)
from domain.overrides import OnlyManagerOverrides, RuleOverridden
from domain.ownership import NameResponsible
from domain.policy import Policy
from domain.provision import StartService
from domain.remembered import Holder, Rebuff
from domain.transfer import ReceiveTransfer, TransferMatter
from domain.voice import ViewUnavailable
from tests.domain.given import (
    COUNTY,
    MONDAY,
    Asked,
    Story,
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
    oona,
    opened_by,
    proposed_to,
    the_client,
    unit,
)

ON = ProposeHandoff(
    to=holder(oona), reason="kunnan asia", no_view_because="ei tavoitettu", disclosure_basis="statutory"
)
BETWEEN = (holder(aino), holder(bo))
FIRST = made_by(2)


def offered(story: Story, to: Actor | Holder, by: Actor, at: datetime | None = None, **more: Any) -> Story:
    return story.did(proposed_to(to, by, at, **more))


def declined(story: Story, to: Actor, at: datetime, by: Actor = aino, **more: Any) -> Story:
    """Go on with an offer that was declined."""
    story = offered(story, to, by, at, **more)
    pending = story.case.pending
    assert pending is not None
    return story.did(Asked(DeclineHandoff(pending.handoff, "no_capacity", "jonoa"), to, at))


def moved(story: Story, to: Actor, by: Actor, **more: Any) -> Story:
    """Go on with an offer that was accepted."""
    story = offered(story, to, by, **more)
    pending = story.case.pending
    assert pending is not None
    return story.did(Asked(AcceptHandoff(pending.handoff), to))


def turned_away_twice(days: int = 30, **policy: int) -> Story:
    """Begin with a case that two units declined, so many days apart."""
    story = given(opened_by(aino), policy=Policy(**policy))
    second = moment(3, 4) + timedelta(days=days)
    return declined(declined(story, bo, moment(3, 4)), oona, second)


def sent_back() -> Story:
    """Begin with a case that came from Kela to the county and straight back."""
    return moved(moved(given(opened_by(aino)), bo, aino), aino, bo)


def kinds(story: Story) -> list[str]:
    return [it.kind for it in story.case.rebuffs.now().values()]


def test_a_warm_meeting_belongs_to_a_handoff() -> None:
    case = given(opened_by(aino), proposed_to(bo, at=moment(3, 5)))
    meeting = HoldWarmMeeting(FIRST, BETWEEN, client_present=True)
    for who in (aino, bo, marja):
        case.when(meeting, by=who).then(WarmMeetingHeld(FIRST, BETWEEN, client_present=True)).and_owner_is(aino)
    for who in (arvo, eeva):
        case.when(meeting, by=who).refused(NotResponsible)
    case.when(meeting.but(handoff=made_by(9)), by=aino).refused(HandoffAbsent, handoff=made_by(9))
    case.when(meeting, by=aino, at=moment(3, 4), entered=moment(3, 6)).refused(TooEarly)
    case.when(meeting, by=the_client).refused(RoleNotAllowed)


def test_a_warm_meeting_may_be_told_of_once_the_case_was_taken_on() -> None:
    accepted = given(opened_by(aino), proposed_to(bo)).did(Asked(AcceptHandoff(FIRST), bo))
    accepted.when(HoldWarmMeeting(FIRST, BETWEEN, client_present=False), by=bo).allowed()


def test_it_takes_two_known_sides_to_meet() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    nobody = Holder(COUNTY, "lakkautettu")
    case.when(HoldWarmMeeting(FIRST, (holder(aino),) * 2, client_present=True), by=aino).refused(NobodyToMeet)
    case.when(HoldWarmMeeting(FIRST, (holder(aino), nobody), client_present=True), by=aino).refused(HolderUnknown)
    joint = HoldJointMeeting(BETWEEN, client_present=True)
    case.when(joint.but(participants=(holder(aino), holder(arvo))), by=aino).refused(NobodyToMeet)
    case.when(joint.but(participants=()), by=aino).refused(NobodyToMeet)
    case.when(joint.but(participants=(holder(aino), nobody)), by=aino).refused(HolderUnknown, holder=nobody)


def test_whoever_answers_for_the_case_records_a_joint_meeting() -> None:
    case = given(opened_by(aino))
    joint = HoldJointMeeting(BETWEEN, client_present=True)
    case.when(joint, by=aino).then(JointMeetingHeld(BETWEEN, client_present=True))
    case.when(joint, by=bo).refused(NotResponsible)
    given(opened_by(aino), closed_at_once()).when(joint, by=aino).refused(CaseNotOpen)


@pytest.mark.rule(9)
def test_who_was_turned_away_twice_is_met_before_the_next_move() -> None:
    case = turned_away_twice()
    assert kinds(case) == ["declined", "declined"]
    case.when(ON.but(to=unit(bo)), by=aino).refused(JointMeetingMissing, since=moment(4, 3))
    assert "A manager may override rule 9" in str(case.when(ON, by=aino).refusal)
    met = case.did(Asked(HoldJointMeeting(BETWEEN, client_present=True), aino))
    met.when(ON, by=aino).allowed()
    without = case.did(Asked(HoldJointMeeting(BETWEEN, client_present=False), aino))
    without.when(ON, by=aino).refused(JointMeetingMissing)


@pytest.mark.rule(9)
def test_a_meeting_counts_for_what_came_before_it() -> None:
    story = declined(given(opened_by(aino)), bo, moment(3, 4))
    early = story.did(Asked(HoldJointMeeting(BETWEEN, client_present=True), aino, moment(3, 5)))
    again = declined(early, oona, moment(3, 6))
    again.when(ON, by=aino).refused(JointMeetingMissing, since=moment(3, 6))


@pytest.mark.rule(9)
def test_what_lies_far_apart_is_no_running_to_and_fro() -> None:
    turned_away_twice(days=90).when(ON, by=aino).refused(JointMeetingMissing)
    turned_away_twice(days=91).when(ON, by=aino).allowed()
    turned_away_twice(bounces=3).when(ON, by=aino).allowed()
    turned_away_twice(bounce_days=29).when(ON, by=aino).allowed()
    declined(given(opened_by(aino)), bo, moment(3, 4)).when(ON, by=aino).allowed()


@pytest.mark.rule(9)
def test_within_a_unit_nobody_is_sent_away() -> None:
    story = given(opened_by(aino))
    for day in (4, 5, 6):
        story = declined(story, arvo, moment(3, day))
    story.when(ON, by=aino).allowed()
    turned_away_twice().when(ON.but(to=holder(arvo)), by=aino).allowed()
    named = given(opened_by(aino)).did(Asked(NameResponsible(holder(arvo)), marja))
    assert kinds(named.did(Asked(NameResponsible(holder(aino)), marja))) == []


@pytest.mark.rule(9)
def test_who_came_straight_back_is_met_before_the_next_move() -> None:
    back = sent_back()
    assert kinds(back) == ["bounced"]
    back.when(ON, by=aino).refused(JointMeetingMissing)
    back.did(Asked(HoldJointMeeting(BETWEEN, client_present=True), aino)).when(ON, by=aino).allowed()
    back.when(TransferMatter(to=unit(oona), reason="kunnan asia"), by=aino).allowed()  # the law knows no other way


@pytest.mark.rule(9)
def test_a_service_begun_between_makes_it_a_return() -> None:
    serving = Asked(StartService(provider=holder(bo)), bo)
    served = moved(moved(given(opened_by(aino)), bo, aino).did(serving), aino, bo)
    assert kinds(served) == ["returned"]
    served.when(ON, by=aino).allowed()
    sent_back().did(serving).when(ON, by=aino).allowed()


@pytest.mark.rule(9)
def test_a_longer_way_round_is_a_return() -> None:
    to_the_city = moved(moved(given(opened_by(aino)), bo, aino), oona, bo)
    back = moved(to_the_city, aino, oona)
    assert kinds(back) == ["returned"]
    back.when(ON, by=aino).allowed()
    declined(back, bo, MONDAY + timedelta(days=7)).when(ON, by=aino).refused(JointMeetingMissing)


@pytest.mark.rule(9)
def test_what_comes_back_by_transfer_comes_back_too() -> None:
    story = moved(given(opened_by(aino)), bo, aino)
    sent = story.did(Asked(TransferMatter(to=unit(aino), reason="Kelan asia"), bo))
    assert sent.case.transfer is not None
    back = sent.did(Asked(ReceiveTransfer(sent.case.transfer.transfer), aino))
    assert list(back.case.rebuffs.now().values()) == [Rebuff(back.last.occurred, "bounced")]
    back.when(ON, by=aino).refused(JointMeetingMissing)


@pytest.mark.rule(9)
def test_a_manager_may_let_it_move_on_without_a_meeting_and_the_client_is_told() -> None:
    without = ON.but(override=(Override(9, "asiakas on sairaalassa", moment(5, 5)),))
    case = turned_away_twice()
    case.when(without, by=aino).refused(OnlyManagerOverrides)
    happened = case.when(without, by=marja).allowed().happened
    assert [type(it) for it in happened] == [RuleOverridden, ClientInformed, ViewUnavailable, HandoffProposed]


@pytest.mark.rule(8)
def test_who_came_back_before_is_handed_on_warmly() -> None:
    met = sent_back().did(Asked(HoldJointMeeting(BETWEEN, client_present=True), aino))
    proposed = met.when(ON, by=aino).allowed().happened[-1]
    assert isinstance(proposed, HandoffProposed)
    assert proposed.warm
