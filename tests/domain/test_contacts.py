"""How the client was reached, and how they were not."""

import pytest

from domain.case import CaseNotOpen
from domain.contacts import AttemptContact, ContactAttempted, ContactMade, MakeContact, attempts
from domain.decider import Actor, Command, RoleNotAllowed
from domain.meetings import HoldJointMeeting, HoldWarmMeeting
from domain.objections import RaiseObjection
from domain.requests import AnswerAsClient, MakeRequest
from domain.voice import RecordStatement
from tests.domain.given import (
    Asked,
    Story,
    aino,
    bo,
    closed_at_once,
    entry,
    given,
    holder,
    made_by,
    mandate,
    moment,
    opened_by,
    proposed_to,
    represented,
    the_client,
    the_guardian,
)

GUARDED = represented((the_guardian, mandate("guardian")))


def tried() -> Story:
    """Begin with a call that nobody answered."""
    call = Asked(AttemptContact("telephone", "no_answer"), aino, moment(3, 4))
    return given(opened_by(aino), call, client=GUARDED)


def counted(story: Story) -> int:
    return len(attempts(story.case, story.last))


def test_attempts_to_reach_the_client_are_recorded_with_what_came_of_them() -> None:
    story = given(opened_by(aino)).when(AttemptContact("letter", "returned_mail"), by=bo)
    story.then(ContactAttempted("letter", "returned_mail"))
    story.when(AttemptContact("meeting", "no_show"), by=the_client).refused(RoleNotAllowed)
    closed = given(opened_by(aino), closed_at_once())
    closed.when(AttemptContact("telephone", "left_message"), by=aino).refused(CaseNotOpen)
    closed.when(MakeContact("telephone"), by=aino).refused(CaseNotOpen)


@pytest.mark.rule(25)
def test_attempts_count_anew_once_the_client_was_reached() -> None:
    assert counted(tried()) == 1
    reached = tried().when(MakeContact("telephone"), by=aino).then(ContactMade("telephone"))
    assert counted(reached) == 0
    assert counted(reached.did(Asked(AttemptContact("letter", "returned_mail"), aino))) == 1


@pytest.mark.rule(25)
@pytest.mark.parametrize(
    ("command", "by"),
    [
        (RecordStatement("Olin sairaalassa"), the_client),
        (RecordStatement("Olin sairaalassa", medium="telephone"), aino),
        (MakeRequest("contact"), the_client),
        (RaiseObjection(entry(1), "en tiennyt"), the_client),
        (AnswerAsClient(entry(1), "agreed"), the_client),
        (HoldJointMeeting((holder(aino), holder(bo)), client_present=True), aino),
        (HoldWarmMeeting(made_by(3), (holder(aino), holder(bo)), client_present=True), aino),
    ],
)
def test_whatever_the_client_says_or_comes_to_is_contact(command: Command, by: Actor) -> None:  # type: ignore[type-arg]
    assert counted(tried().did(proposed_to(bo)).did(Asked(command, by))) == 0


@pytest.mark.rule(25)
def test_what_others_say_is_no_contact_with_the_client() -> None:
    assert counted(tried().did(Asked(RecordStatement("Hän on poissa"), the_guardian))) == 1
    assert counted(tried().did(Asked(RecordStatement("Hän on poissa", speaker="close_person"), aino))) == 1
    assert counted(tried().did(Asked(MakeRequest("contact"), the_guardian))) == 1


def test_an_attempt_entered_late_counts_from_when_it_was_made() -> None:
    late = Asked(AttemptContact("letter", "returned_mail"), aino, moment(3, 5), entered=moment(3, 12), reported=True)
    reached = tried().did(Asked(MakeContact("telephone"), aino, moment(3, 10)))
    assert counted(reached.did(late)) == 0
