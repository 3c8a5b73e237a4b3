"""Errors are marked and replaced, never edited."""

import re
from inspect import getsource
from typing import Any
from uuid import uuid4

import pytest

from domain.case import Case, EntryAbsent, NotResponsible, WordsMissing
from domain.client import OutsideMandate
from domain.client_ownership import AskWhoOwns
from domain.corrections import (
    _VOICE,
    AlreadyMarked,
    ClientsOwnWords,
    ConfirmMisplaced,
    DenyMisplaced,
    DissentIsItsAuthors,
    EntryHidden,
    EntryMarkedErroneous,
    EntryShownAgain,
    MarkErroneous,
    NotMisplaced,
    NotYourEntry,
    RightCaseAbsent,
    SecondPersonNeeded,
    SupersedeInstead,
    WordsDestroyed,
    hidden,
    said_by_client,
)
from domain.decider import CLIENT_SIDE, STAFF, Actor, Command, Event, RoleNotAllowed, TooEarly
from domain.history import counted
from domain.intake import PromiseNextStep
from domain.objections import AnswerObjection, RaiseObjection
from domain.plan import GoalClosed, GoalRevised, GoalSet
from domain.requests import AnswerAsClient, MakeRequest, ReportExperience
from domain.team import AgreeTeamLine, RecordDissent
from domain.voice import ConfirmStatement, RecordStatement
from domain.withholding import DisclosureAllowed, DisclosureForbidden
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
    after(STEP).when(mark, by=aino).refused(RightCaseAbsent, replaced_in=other)
    story = after(STEP).knowing(existing=frozenset({other})).when(mark, by=aino)
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
HIDDEN = EntryHidden(entry(2), "kirjattu väärin", None)


def erroneous(story: Story, version: int = 2) -> bool:
    """Say whether the entry counts no more."""
    story.allowed()
    return version not in {it.version for it in counted(story.history)}


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
def test_no_worker_or_manager_marks_an_objection_alone(written_by: Actor, worker: Actor) -> None:
    objected = after(RaiseObjection(entry(1), "en halua"), written_by)
    objected.when(WRONG, by=worker).refused(ClientsOwnWords, version=2)
    if written_by in (the_client, the_guardian):
        objected.when(ANOTHERS, by=worker).refused(ClientsOwnWords, version=2)
    else:
        objected.did(Asked(ANOTHERS, worker)).and_(open_objections=[made_by(2)])


@pytest.mark.rule(11)
def test_what_the_client_has_confirmed_in_person_counts_until_a_second_person_confirms_that_it_is_anothers() -> None:
    written = after(RecordStatement("haluan kotiin"))
    by_phone = written.did(Asked(ConfirmStatement(made_by(2)), bo))
    assert erroneous(by_phone.when(ANOTHERS, by=aino))
    in_person = by_phone.did(Asked(ConfirmStatement(made_by(2)), the_client))
    in_person.when(WRONG, by=aino).refused(ClientsOwnWords, version=2)
    assert not erroneous(in_person.when(ANOTHERS, by=aino).then(HIDDEN))
    asked = after(MakeRequest("contact"))
    in_person = asked.did(Asked(AnswerAsClient(entry(2), "confirmed"), the_client))
    assert not erroneous(in_person.when(ANOTHERS, by=aino).then(HIDDEN))
    assert erroneous(asked.did(Asked(AnswerAsClient(entry(2), "denied"), the_client)).when(ANOTHERS, by=aino))
    assert erroneous(asked.did(Asked(AnswerAsClient(entry(2), "confirmed"), bo)).when(ANOTHERS, by=aino))


def test_a_confirmation_by_a_worker_of_another_persons_words_is_marked() -> None:
    confirmed = after(RecordStatement("haluan kotiin")).did(Asked(ConfirmStatement(made_by(2)), bo))
    confirmed.when(WRONG.but(version=entry(3)), by=aino).refused(ClientsOwnWords)
    confirmed.when(ANOTHERS.but(version=entry(3)), by=aino).allowed()


AS_THEY_PLEASE = {GoalSet, GoalRevised, GoalClosed, DisclosureForbidden, DisclosureAllowed}
"""What staff enter in their own name as much as the client does."""


def yielded_by(command: type[Command[Any]]) -> set[type[Event[Any]]]:
    source = getsource(command)
    return {event for event in EVENTS if re.search(rf"yield {event.__name__}\b", source)}


@pytest.mark.rule(11)
@pytest.mark.parametrize("command", [it for it in COMMANDS if it.roles & CLIENT_SIDE], ids=lambda it: it.__name__)
def test_whatever_the_client_may_say_or_decide_is_kept_from_staff(command: type[Command[Any]]) -> None:
    """As done on the client's behalf, as their voice, as superseded only, or in a stream of its own."""
    kept = {it for it in EVENTS if it in _VOICE or it.lasting or it.state is not Case}
    open_to_staff = command.roles & STAFF and not command.clients_own
    assert not open_to_staff or yielded_by(command) - kept <= AS_THEY_PLEASE


@pytest.mark.rule(11)
def test_whatever_the_voice_tells_of_the_clients_saying_is_kept_from_staff() -> None:
    by_client = {event for it in COMMANDS if it.roles & CLIENT_SIDE for event in yielded_by(it)}
    of_the_voice = set(re.findall(r"case (\w+)\(", getsource(voice.said) + getsource(voice.decided)))
    assert of_the_voice
    assert of_the_voice <= {it.__name__ for it in by_client | set(_VOICE)}


@pytest.mark.rule(11)
def test_staff_mark_what_was_entered_on_the_clients_behalf_as_another_persons_only() -> None:
    for said in (ReportExperience(2), RaiseObjection(entry(1), "en halua"), AnswerAsClient(entry(1), "agreed")):
        on_behalf = after(said, bo)
        assert said_by_client(on_behalf.history[1])
        on_behalf.when(WRONG, by=bo).refused(ClientsOwnWords)
    assert not said_by_client(after(STEP).history[1])


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


# In the wrong person's case.

CONFIRM, DENY = ConfirmMisplaced(entry(2)), DenyMisplaced(entry(2))
DESTROYED = WordsDestroyed(entry(2), "wrong_person")


@pytest.mark.rule(20)
@pytest.mark.parametrize("second", [arvo, marja])
def test_an_entry_of_another_persons_is_hidden_at_once_and_destroyed_by_a_second_person(second: Actor) -> None:
    marked = after(STEP).did(Asked(ANOTHERS, aino))
    assert hidden(marked.history) == {2}
    marked.when(CONFIRM, by=aino).refused(SecondPersonNeeded, version=2)
    destroyed = marked.when(CONFIRM, by=second).then(DESTROYED)
    assert destroyed.happened[0].destroys == {2}
    assert hidden(destroyed.history) == {2}
    assert erroneous(destroyed)
    destroyed.when(CONFIRM, by=second).refused(NotMisplaced)


@pytest.mark.rule(20)
def test_the_second_person_is_of_the_organisation_that_answers_for_the_case() -> None:
    marked = after(STEP, bo).did(Asked(ANOTHERS, bo))
    for act in (CONFIRM, DENY):
        marked.when(act, by=siiri).refused(NotResponsible, responsible=holder(aino))
        marked.when(act, by=aino).allowed()
        marked.when(act, by=the_client).refused(RoleNotAllowed)
        marked.when(act, by=aino, at=moment(3, 4), entered=moment(3, 8)).refused(TooEarly)
        after(STEP).when(act, by=arvo).refused(NotMisplaced, version=2)
        after(STEP).did(Asked(WRONG, aino)).when(act, by=arvo).refused(NotMisplaced)


@pytest.mark.rule(13)
def test_an_objection_of_another_persons_counts_until_a_second_person_says_so_too() -> None:
    right = uuid4()
    objected = after(RaiseObjection(entry(1), "en halua"), bo).knowing(existing=frozenset({right}))
    said_so = objected.when(ANOTHERS.but(replaced_in=right), by=aino).then(HIDDEN.but(replaced_in=right))
    assert hidden(said_so.history) == {2}
    assert said_so.case.open_objections == [made_by(2)]
    said_so.when(ANOTHERS, by=aino).refused(AlreadyMarked)
    confirmed = said_so.when(CONFIRM, by=arvo)
    confirmed.then(EntryMarkedErroneous(entry(2), "", wrong_person=True, replaced_in=right), DESTROYED)
    assert confirmed.case.open_objections == []
    assert confirmed.case.misplaced.get(2) is None


@pytest.mark.rule(20)
def test_what_belongs_here_after_all_is_shown_again() -> None:
    objected = after(RaiseObjection(entry(1), "en halua"), bo).did(Asked(ANOTHERS, aino))
    shown = objected.when(DENY, by=aino).then(EntryShownAgain(entry(2)))
    assert hidden(shown.history) == set()
    assert shown.case.open_objections == [made_by(2)]
    shown.when(CONFIRM, by=arvo).refused(NotMisplaced)
    counts_no_more = after(STEP).did(Asked(ANOTHERS, aino)).when(DENY, by=arvo)
    assert hidden(counts_no_more.history) == set()
    assert erroneous(counts_no_more)


@pytest.mark.rule(20)
def test_the_words_of_ownership_and_closure_go_and_what_they_did_stays() -> None:
    story = given(opened_by(aino), closure_proposed_by(aino, "goals_met", reason="toisen asiat"))
    said_so = story.when(ANOTHERS.but(version=entry(3)), by=aino).then(HIDDEN.but(version=entry(3)))
    destroyed = said_so.when(CONFIRM.but(version=entry(3)), by=arvo).then(DESTROYED.but(version=entry(3)))
    assert destroyed.case.closure == story.case.closure is not None


@pytest.mark.rule(20)
def test_an_entry_that_was_marked_before_is_said_to_be_anothers_too() -> None:
    marked = after(STEP).did(Asked(WRONG, aino))
    marked.when(ANOTHERS, by=aino).then(HIDDEN).when(CONFIRM, by=arvo).then(DESTROYED)


@pytest.mark.rule(20)
def test_the_client_marks_their_own_entry_as_anothers_and_a_worker_confirms_it() -> None:
    marked = after(RecordStatement("naapurin asia"), the_client).when(ANOTHERS, by=the_client)
    assert erroneous(marked)
    assert hidden(marked.history) == {2}
    marked.when(CONFIRM, by=aino).then(DESTROYED)


@pytest.mark.rule(12)
def test_a_dissent_is_its_authors_own() -> None:
    line = AgreeTeamLine((holder(aino), holder(arvo)), "jatketaan", client_present=False, no_view_because="ei paikalla")
    agreed = given(opened_by(aino), Asked(line, aino))
    dissented = agreed.did(Asked(RecordDissent(made_by(2), "olen eri mieltä"), arvo))
    version = entry(len(dissented.history))
    for marking in (WRONG, ANOTHERS):
        for somebody_else in (aino, marja):
            dissented.when(marking.but(version=version), by=somebody_else).refused(DissentIsItsAuthors)
        dissented.when(marking.but(version=version), by=arvo).allowed()
