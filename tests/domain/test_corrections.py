"""Errors are marked and replaced, never edited."""

import re
from inspect import getsource
from typing import Any
from uuid import uuid4

import pytest

from domain.case import Case, EntryAbsent, NotResponsible, WordsMissing
from domain.client import LanguageChosen, OutsideMandate, RepresentativeEnded
from domain.client_ownership import (
    AskWhoOwns,
    ClientAskedWhoOwns,
    ClientReturnedOwnership,
    ClientTookOwnership,
    OwnerChosen,
)
from domain.closure import ClosureProposed, ClosureWithdrawn
from domain.corrections import (
    _VOICE,
    AlreadyMarked,
    ClientsOwnWords,
    EntryMarkedErroneous,
    MarkErroneous,
    NotYourEntry,
    SupersedeInstead,
)
from domain.decider import CLIENT_SIDE, Actor, Command, Event, RoleNotAllowed, TooEarly
from domain.intake import PromiseNextStep
from domain.objections import AnswerObjection, ObjectionRaised, ObjectionWithdrawn, RaiseObjection, WithdrawObjection
from domain.requests import (
    AnswerAsClient,
    ClientAnswered,
    ExperienceReported,
    MakeRequest,
    ReportExperience,
    RequestMade,
)
from domain.voice import (
    ConfirmStatement,
    RecordStatement,
    StatementConfirmed,
    StatementDisputed,
    StatementRecorded,
)
from projections import voice
from tests.domain.given import (
    CITY,
    Asked,
    Story,
    aino,
    an_auditor,
    arvo,
    bo,
    closure_proposed_by,
    entry,
    given,
    holder,
    informed_by,
    made_by,
    mandate,
    marja,
    moment,
    mother,
    opened_by,
    proposed_to,
    represented,
    siiri,
    the_client,
    the_guardian,
)
from tests.domain.vocabulary import COMMANDS, EVENTS

WRONG = MarkErroneous(entry(2), "kirjattu väärin")
STEP = PromiseNextStep("worker", "soitan", moment(4, 1))


def after(command: Command[Case], by: Actor = aino) -> Story:
    client = represented((the_guardian, mandate("guardian")), (mother, mandate("proxy")))
    return given(opened_by(aino), Asked(command, by, moment(3, 5)), client=client)


@pytest.mark.rule(20)
def test_an_entry_is_marked_and_stays() -> None:
    other = uuid4()
    mark = WRONG.but(wrong_person=True, replaced_in=other)
    story = after(STEP).when(mark, by=aino)
    story.then(EntryMarkedErroneous(entry(2), "kirjattu väärin", wrong_person=True, replaced_in=other))
    assert [it.version for it in story.history] == [1, 2, 3]
    story.when(WRONG, by=aino).refused(AlreadyMarked, version=2)
    story.when(WRONG.but(version=entry(3)), by=aino).refused(SupersedeInstead)
    after(STEP).when(WRONG.but(reason=""), by=aino).refused(WordsMissing)
    after(STEP).when(WRONG.but(version=entry(7)), by=aino).refused(EntryAbsent)
    after(STEP).when(WRONG, by=an_auditor).refused(RoleNotAllowed)
    after(STEP).when(WRONG, by=aino, at=moment(3, 4), entered=moment(3, 8)).refused(TooEarly)


@pytest.mark.rule(20)
def test_ownership_and_closure_are_superseded() -> None:
    moved = given(opened_by(aino), proposed_to(bo), closure_proposed_by(aino, "goals_met"))
    for version, topic in ((1, "case-opened"), (3, "handoff-proposed"), (5, "closure-proposed")):
        moved.when(WRONG.but(version=entry(version)), by=aino).refused(SupersedeInstead, topic=topic)


@pytest.mark.rule(20)
def test_an_erroneous_entry_does_not_count() -> None:
    story = given(opened_by(aino), closure_proposed_by(aino, "goals_met"), informed_by(aino, 3))
    assert story.case.closure is not None
    assert story.case.closure.object_by is not None
    marked = story.when(WRONG.but(version=entry(4), reason="kirje palautui"), by=aino).allowed()
    assert marked.case.closure is not None
    assert marked.case.closure.object_by is None


ANOTHERS = WRONG.but(wrong_person=True)
SAYS = [
    RecordStatement("haluan kotiin"), MakeRequest("contact"), AnswerAsClient(entry(1), "denied"),
    ReportExperience(2, "odotin kauan"),
]  # fmt: skip


@pytest.mark.rule(20)
def test_staff_mark_their_own_entries_or_those_in_a_case_that_they_answer_for() -> None:
    for worker in (aino, marja):
        after(STEP, bo).when(WRONG, by=worker).allowed()
    for worker in (arvo, bo, siiri):
        after(STEP).when(WRONG, by=worker).refused(NotResponsible, responsible=holder(aino))
    after(STEP, bo).when(WRONG, by=bo).allowed()
    after(STEP, bo).when(WRONG, by=bo.but(unit="lastensuojelu")).allowed()  # the same worker, in another unit today
    after(STEP, bo).when(WRONG, by=bo.but(organisation=CITY)).refused(NotResponsible)  # another with the same id


@pytest.mark.rule(11)
@pytest.mark.parametrize("said", SAYS)
def test_staff_mark_what_the_client_said_only_as_another_persons_words(said: Command[Case]) -> None:
    for marking, worker in ((WRONG, bo), (WRONG, marja)):
        after(said, bo).when(marking, by=worker).refused(ClientsOwnWords, version=2)
    after(said, bo).when(ANOTHERS, by=bo).allowed()
    after(said, bo).when(ANOTHERS, by=marja).allowed()
    for entered_by in (the_client, the_guardian):
        for marking in (WRONG, ANOTHERS):
            after(said, entered_by).when(marking, by=aino).refused(ClientsOwnWords)
            after(said, entered_by).when(marking, by=bo).refused(NotResponsible)


@pytest.mark.rule(11)
def test_staff_mark_who_should_own_by_the_client_as_another_persons_words_only() -> None:
    after(AskWhoOwns("haluan itse")).when(WRONG, by=aino).refused(ClientsOwnWords)
    after(AskWhoOwns("haluan itse")).when(ANOTHERS, by=aino).allowed()


@pytest.mark.rule(13)
@pytest.mark.parametrize("written_by", [aino, the_client, the_guardian])
@pytest.mark.parametrize("worker", [aino, marja])
def test_no_worker_or_manager_marks_an_objection(written_by: Actor, worker: Actor) -> None:
    objected = after(RaiseObjection(entry(1), "en halua"), written_by)
    for marking in (WRONG, ANOTHERS):
        objected.when(marking, by=worker).refused(ClientsOwnWords, version=2)


@pytest.mark.rule(11)
def test_what_the_client_has_confirmed_in_person_nobody_else_marks() -> None:
    written = after(RecordStatement("haluan kotiin"))
    by_phone = written.did(Asked(ConfirmStatement(made_by(2)), bo))
    by_phone.when(ANOTHERS, by=aino).allowed()
    in_person = by_phone.did(Asked(ConfirmStatement(made_by(2)), the_client))
    in_person.when(ANOTHERS, by=aino).refused(ClientsOwnWords, version=2)
    asked = after(MakeRequest("contact"))
    asked.did(Asked(AnswerAsClient(entry(2), "confirmed"), the_client)).when(ANOTHERS, by=aino).refused(ClientsOwnWords)
    asked.did(Asked(AnswerAsClient(entry(2), "denied"), the_client)).when(ANOTHERS, by=aino).allowed()
    asked.did(Asked(AnswerAsClient(entry(2), "confirmed"), bo)).when(ANOTHERS, by=aino).allowed()


def test_a_confirmation_by_a_worker_of_another_persons_words_is_marked() -> None:
    confirmed = after(RecordStatement("haluan kotiin")).did(Asked(ConfirmStatement(made_by(2)), bo))
    confirmed.when(WRONG.but(version=entry(3)), by=aino).refused(ClientsOwnWords)
    confirmed.when(ANOTHERS.but(version=entry(3)), by=aino).allowed()


VOICES: set[type[Event[Any]]] = {
    StatementRecorded, StatementConfirmed, StatementDisputed, ObjectionRaised, ObjectionWithdrawn, RequestMade,
    ClientAnswered, ExperienceReported, ClientAskedWhoOwns, ClientTookOwnership, OwnerChosen, ClientReturnedOwnership,
    ClosureProposed, ClosureWithdrawn, EntryMarkedErroneous, LanguageChosen, RepresentativeEnded,
}  # fmt: skip
"""Every event through which the client, or somebody for them, may speak."""


@pytest.mark.rule(11)
def test_every_event_through_which_the_client_speaks_is_kept_from_staff() -> None:
    """As their voice, as a decision that is superseded only, in a stream of its own, or as what only they enter."""
    kept = {it for it in VOICES if it in _VOICE or it.lasting or it.state is not Case}
    assert VOICES - kept == {ObjectionWithdrawn}
    assert WithdrawObjection.roles == CLIENT_SIDE
    assert set(_VOICE) <= VOICES


@pytest.mark.rule(11)
def test_whatever_the_clients_side_may_do_is_counted_as_their_voice() -> None:
    sides = [it for it in COMMANDS if it.roles & CLIENT_SIDE]
    yielded = {event for it in sides for event in EVENTS if re.search(rf"yield {event.__name__}\b", getsource(it))}
    assert {it.__name__ for it in yielded | {StatementRecorded, ClientAskedWhoOwns}} == {it.__name__ for it in VOICES}
    assert len(yielded) >= len(sides)


@pytest.mark.rule(11)
def test_whatever_the_voice_tells_of_the_clients_saying_is_counted() -> None:
    of_the_voice = set(re.findall(r"case (\w+)\(", getsource(voice.said) + getsource(voice.decided)))
    assert of_the_voice
    assert of_the_voice <= {it.__name__ for it in VOICES}


@pytest.mark.rule(11)
def test_everybody_on_the_clients_side_marks_their_own_entries_only() -> None:
    said = RecordStatement("haluan kotiin")
    after(said, the_client).when(WRONG, by=the_client).allowed().and_(statements=given().state.statements)
    after(said, the_client).when(WRONG, by=the_guardian).refused(NotYourEntry)
    after(said, the_guardian).when(WRONG, by=the_client).refused(NotYourEntry)
    after(said, the_guardian).when(WRONG, by=mother).refused(NotYourEntry)
    after(said, the_guardian).when(WRONG, by=the_guardian).allowed()
    after(said).when(WRONG, by=the_client).refused(NotYourEntry)
    dismissed = after(said, the_guardian).knowing(client=represented())
    dismissed.when(WRONG, by=the_guardian).refused(OutsideMandate)


@pytest.mark.rule(20)
def test_an_answer_in_error_leaves_the_objection_open_again() -> None:
    from_the_client = after(RaiseObjection(entry(1), "en halua"), the_client)
    answered = from_the_client.did(Asked(AnswerObjection(made_by(2), "upheld", "kyllä"), bo))
    answered.when(WRONG.but(version=entry(3)), by=siiri).refused(NotResponsible)
    assert answered.case.open_objections == []
    assert answered.did(Asked(WRONG.but(version=entry(3)), bo)).case.open_objections == [made_by(2)]
