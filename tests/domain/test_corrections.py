"""Errors are marked and replaced, never edited."""

from uuid import uuid4

import pytest

from domain.case import Case, EntryAbsent, WordsMissing
from domain.client import OutsideMandate
from domain.corrections import (
    AlreadyMarked,
    ClientsOwnWords,
    EntryMarkedErroneous,
    MarkErroneous,
    NotYourEntry,
    SupersedeInstead,
)
from domain.decider import Actor, Command, RoleNotAllowed, TooEarly
from domain.intake import PromiseNextStep
from domain.objections import AnswerObjection, RaiseObjection
from domain.requests import MakeRequest
from domain.voice import RecordStatement
from tests.domain.given import (
    Asked,
    Story,
    aino,
    an_auditor,
    bo,
    closure_proposed_by,
    entry,
    given,
    informed_by,
    made_by,
    mandate,
    moment,
    mother,
    opened_by,
    proposed_to,
    represented,
    the_client,
    the_guardian,
)

WRONG = MarkErroneous(entry(2), "kirjattu väärin")
STEP = PromiseNextStep("worker", "soitan", moment(4, 1))


def after(command: Command[Case], by: Actor = aino) -> Story:
    client = represented((the_guardian, mandate("guardian")), (mother, mandate("proxy")))
    return given(opened_by(aino), Asked(command, by, moment(3, 5)), client=client)


@pytest.mark.rule(20)
def test_an_entry_is_marked_and_stays() -> None:
    other = uuid4()
    mark = WRONG.but(wrong_person=True, replaced_in=other)
    story = after(STEP).when(mark, by=bo)
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


@pytest.mark.rule(11)
@pytest.mark.parametrize(
    "said", [RecordStatement("haluan kotiin"), RaiseObjection(entry(1), "en halua"), MakeRequest("contact")]
)
def test_staff_do_not_mark_what_the_client_said(said: Command[Case]) -> None:
    after(said).when(WRONG, by=aino).refused(ClientsOwnWords, version=2)
    after(said).when(WRONG.but(wrong_person=True), by=aino).allowed()
    after(said, the_client).when(WRONG, by=aino).refused(ClientsOwnWords)
    after(said, the_client).when(WRONG.but(wrong_person=True), by=aino).refused(ClientsOwnWords)
    after(said, the_guardian).when(WRONG.but(wrong_person=True), by=aino).allowed()


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
    assert answered.case.open_objections == []
    assert answered.did(Asked(WRONG.but(version=entry(3)), bo)).case.open_objections == [made_by(2)]
