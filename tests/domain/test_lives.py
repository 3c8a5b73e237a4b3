"""Whole lives of cases: any commands, by anybody, in any order, on two clocks. The rules hold all the same."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.assessment import AssessmentCompleted
from domain.case import Case, Holder, speaks_for, works_in
from domain.client import Client
from domain.client_ownership import ClientAskedWhoOwns
from domain.closure import (
    CaseClosed,
    CaseReopened,
    CloseCase,
    ClosureProposed,
    ClosureWithdrawn,
    ProposeClosure,
    ReopenCase,
    WithdrawClosure,
)
from domain.corrections import EntryMarkedErroneous
from domain.decider import (
    CLIENT_SIDE,
    MOST,
    SEALED,
    STAFF,
    WORDS,
    Actor,
    Command,
    Context,
    Entry,
    Event,
    Recorded,
    State,
)
from domain.directory import Organisation, PolicyInForce, Unit, Worker
from domain.history import counted, fold
from domain.imports import ImportActivity, ImportCase
from domain.intake import CaseOpened, InformClient
from domain.objections import AnswerObjection, ObjectionLapsed, ObjectionRaised
from domain.ownership import (
    AcceptHandoff,
    DeclineHandoff,
    ExpireHandoff,
    HandoffAcceptanceReported,
    HandoffAccepted,
    HandoffDeclined,
    HandoffExpired,
    HandoffProposed,
    ProposeHandoff,
    ReportAcceptance,
    ResponsibleNamed,
    WithdrawHandoff,
)
from domain.requests import AnswerAsClient, ClientAnswered, ExperienceReported, RequestMade
from domain.transfer import ContestTransfer, MatterTransferred, ReceiveTransfer, TransferReceived
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded
from tests.domain.given import (
    ANY_CLIENT,
    CLIENT,
    HOLDERS,
    MONDAY,
    STAFF_OF_ALL,
    Story,
    aino,
    an_auditor,
    father,
    given,
    mandate,
    mother,
    opened_by,
    owner_of,
    represented,
    the_administrator,
    the_client,
    the_clock,
    the_guardian,
    unit,
)
from tests.domain.vocabulary import COMMANDS, EVENTS

ANYBODY = [
    *STAFF_OF_ALL, the_client, the_guardian, mother, father, the_clock, the_administrator, an_auditor,
]  # fmt: skip
CLIENTS = [
    ANY_CLIENT,
    ANY_CLIENT.but(dead=True),
    represented((the_guardian, mandate("guardian"))),
    represented((mother, mandate("custodian")), (father, mandate("custodian"))),
    represented((mother, mandate("proxy", "statements", until=MONDAY + timedelta(days=30)))),
]
STRANGE_IDS = [uuid4() for _ in range(3)]
WORDLIST = ["", " ", *["sanoja"] * 6]
HOURS = [0, 0, 1, 5, 30, 100, 400]
NO_MOMENTS = [MONDAY.replace(tzinfo=None), MONDAY.replace(year=1899), MONDAY.replace(year=2200)]
AN_IMPORT = uuid4()
_HINTS: dict[type[Any], dict[str, Any]] = {}
CHANGED_CLIENT = 0.1

briefly = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**63)
"""A life is drawn from a seed and a length: Hypothesis shortens what fails, and long lives are as likely as short."""

# Any value of a type, with ids, versions and times from what is at hand.


class Hand:
    """What is at hand to fill a field with."""

    def __init__(self, luck: Random, now: datetime, case: Case | None = None, versions: int = 0) -> None:
        self.choose: Callable[[Sequence[Any]], Any] = luck.choice
        self.now = now
        self.case = case or Case()
        self.versions = list(range(1, versions + 2))
        if self.case.closure:
            self.versions += [self.case.closure.version] * versions
        self.ids = [*STRANGE_IDS, *ids_of(self.case)]

    def made(self, kind: type[Any]) -> Any:
        """Make a value of this class, field by field; those with a default are often left out."""
        hints = hints_of(kind)
        given_fields = {}
        for it in fields(kind):
            if has_default(it) and self.choose([True, False, False]):
                continue
            given_fields[it.name] = self.value(hints[it.name], it.name)
        return kind(**given_fields)

    def value(self, hint: Any, name: str) -> Any:
        if WORDS in getattr(hint, "__metadata__", ()):
            return self.choose(WORDLIST)
        match get_origin(hint):
            case None:
                return self.plain(hint, name)
            case origin if origin is Literal:
                return self.choose(get_args(hint))
            case origin if origin in {Union, types.UnionType}:
                return self.value(self.choose(get_args(hint)), name)
            case origin if origin is tuple:
                return tuple(self.value(get_args(hint)[0], name) for _ in range(self.choose([0, 0, 1, 1, 2, MOST + 1])))
        return self.value(hint.__origin__, name)

    def plain(self, hint: Any, name: str) -> Any:
        if hint is type(None):
            return None
        if hint is UUID:
            return self.id_for(name)
        choices: dict[Any, Sequence[Any]] = {
            bool: [False, True],
            int: [-1, 0, 1, 3, 5, 10**9],
            str: ["a", "b"],
            Entry: self.versions,
            Holder: [*sorted(HOLDERS, key=repr), Holder("x", "y")],
            datetime: [*[self.now + timedelta(hours=it) for it in (-500, -1, 0, 1, 500)], *NO_MOMENTS],
        }
        return self.choose(choices[hint])

    def id_for(self, name: str) -> UUID:
        """Choose an id: mostly of the thing that the field is named for."""
        waiting: list[UUID] | None = {
            "handoff": [self.case.pending.handoff] if self.case.pending else [],
            "transfer": [self.case.transfer.transfer] if self.case.transfer else [],
            "statement": list(self.case.statements.now()),
            "client_view": list(self.case.statements.now()),
            "objection": self.case.open_objections,
            "request": [it for it, since in self.case.requests.now().items() if since],
            "assessment": [it for it, since in self.case.assessments.now().items() if since],
            "client": [CLIENT],
        }.get(name)
        chosen: UUID = self.choose([*(waiting or self.ids) * 4, *self.ids])
        return chosen


def ids_of(case: Case) -> Iterator[UUID]:
    for trail in (case.statements, case.objections, case.requests, case.assessments):
        yield from trail.now()


def hints_of(kind: type[Any]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind, include_extras=True)
    return _HINTS[kind]


def has_default(it: Any) -> bool:
    return type(it.default).__name__ != "_MISSING_TYPE"


# The lives.


CASE_COMMANDS = [it for it in COMMANDS if it.state is Case]


def commands_for(case: Case) -> list[type[Command[Any]]]:
    """List every command, and again and again those that move the case from where it is."""
    moving: list[type[Command[Any]]] = [*[ProposeHandoff] * 4, *[ProposeClosure] * 2]
    if case.status == "closed":
        moving = [ReopenCase, ReopenCase]
    elif case.pending:
        moving = [AcceptHandoff, AcceptHandoff, DeclineHandoff, WithdrawHandoff, ExpireHandoff, ReportAcceptance]
    elif case.transfer:
        moving = [ReceiveTransfer, ContestTransfer]
    if case.closure:
        moving = [*moving, InformClient, AnswerAsClient, AnswerObjection, WithdrawClosure, *[CloseCase] * 4]
    return CASE_COMMANDS + moving * 6


def lucky(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - luck, not a secret


class Life:
    """A story that goes on from one lucky act to the next."""

    def __init__(self, luck: Random) -> None:
        self.luck = luck
        self.story = given(opened_by(aino), client=luck.choice(CLIENTS).but(dead=False))
        self.now = MONDAY

    def step(self) -> None:
        """Try until something is not refused, but not for ever."""
        self.now += timedelta(hours=self.luck.choice(HOURS))
        if self.luck.random() < CHANGED_CLIENT:
            self.story = self.story.knowing(client=self.luck.choice(CLIENTS))
        for _ in range(10):
            if self.happened():
                break

    def happened(self) -> bool:
        before, choose = self.story.case, self.luck.choice
        command = Hand(self.luck, self.now, before, len(self.story.history)).made(choose(commands_for(before)))
        earlier = self.now - timedelta(hours=choose(HOURS))
        at = choose([self.now, earlier, command.when(before) or self.now])
        actor = choose([*self.likely(before, command), *ANYBODY])
        after = self.story.when(command, by=actor, at=at, entered=self.now, reported=choose([False, True]))
        if after.refusal is not None:
            return False
        the_rules_hold(before, after)
        self.story = after
        return bool(after.happened)

    def likely(self, case: Case, command: Command[Any]) -> list[Actor]:
        """List those who can do it, so that something happens."""
        to = case.pending.to if case.pending else None
        if case.transfer:
            to = Holder(case.transfer.to_organisation, case.transfer.to_unit)
        staff = [it for it in STAFF_OF_ALL for holder in (to, case.responsible) if holder and speaks_for(it, holder)]
        staff += [it for it in STAFF_OF_ALL if to and works_in(it, to) and it.id == to.worker] * 2
        return [it for it in [*staff, the_client] if it.role in command.roles] * 10


@pytest.mark.rule(20)
@briefly
@for_all(SEEDS, st.integers(1, 60))
def test_whatever_anybody_does_a_case_keeps_the_rules(seed: int, length: int) -> None:
    life = Life(lucky(seed))
    for _ in range(length):
        life.step()
    the_history_holds(life.story)


def the_rules_hold(before: Case, story: Story) -> None:
    """Check what one act may have changed."""
    after, happened, actor = story.case, story.happened, story.last.actor
    if not happened:
        return
    kinds = {type(it) for it in happened}
    exactly_one_owner_and_responsible(after)  # rule 1
    if before.responsible != after.responsible:  # rule 2
        assert kinds & {HandoffAccepted, ResponsibleNamed, TransferReceived, CaseReopened}
        assert actor.role in STAFF
        assert after.responsible is not None
        assert actor.organisation == after.responsible.organisation
    if HandoffExpired in kinds:  # rule 4
        assert before.responsible == after.responsible
    assert not (after.pending and after.transfer)  # rule 3
    assert after.first_contact_at == before.first_contact_at  # rule 6
    if (before.owned_by, before.chosen) != (after.owned_by, after.chosen):  # rule 16
        assert actor.role in CLIENT_SIDE or CaseReopened in kinds
    if actor.role in CLIENT_SIDE:
        assert before.responsible == after.responsible
    assert story.last.occurred <= story.last.recorded  # rule 19
    for event in happened:
        rests_on_the_clients_own_words(before, event)
        closes_with_the_client_informed(before, event, story)
        is_marked_by_who_may(before, event, story)
        is_answered_by_who_may(before, event, actor)
        goes_to_somebody_known(event)
        stands_as_the_client_said_in_person(event, story)
        says_why(event)


def exactly_one_owner_and_responsible(case: Case) -> None:
    assert (case.status == "open") <= (case.responsible is not None and owner_of(case) is not None)
    assert (case.owned_by == "chosen") == (case.chosen is not None)


def rests_on_the_clients_own_words(before: Case, event: Event[Any]) -> None:
    """Rule 11."""
    if isinstance(event, AssessmentCompleted | HandoffProposed | ClosureProposed) and event.client_view:
        statement = before.statements.get(event.client_view)
        assert statement is not None
        assert statement.standing != "disputed"


def closes_with_the_client_informed(before: Case, event: Event[Any], story: Story) -> None:
    """Rules 13 to 15."""
    if not isinstance(event, CaseClosed):
        return
    assert before.closure is not None
    assert event.ground not in {"service_mismatch", "not_stated"}
    assert event.initiator in {"client", "representative", "service"}
    assert not before.open_objections or any(isinstance(it, ObjectionLapsed) for it in story.happened)
    confirmed = event.ground == "client_ended" and before.closure.confirmed
    at_once = event.ground in {"advice_sufficed", "death"} or confirmed
    assert at_once or (before.closure.object_by and before.closure.object_by <= story.last.occurred)


def is_marked_by_who_may(before: Case, event: Event[Any], story: Story) -> None:
    """Rules 11 and 20."""
    if not isinstance(event, EntryMarkedErroneous):
        return
    marked, actor = story.history[event.version - 1], story.last.actor
    assert not marked.event.lasting
    if actor.role in CLIENT_SIDE:
        assert marked.context.actor == actor
        return
    assert before.responsible is not None
    assert marked.context.actor == actor or speaks_for(actor, before.responsible)
    assert marked.context.actor.role not in CLIENT_SIDE
    assert not isinstance(marked.event, ObjectionRaised)
    if isinstance(marked.event, StatementRecorded | RequestMade | ClientAnswered | ExperienceReported):
        assert event.wrong_person
        assert (marked.version, "confirmed") not in in_person(story)


def is_answered_by_who_may(before: Case, event: Event[Any], actor: Actor) -> None:
    """Rules 2 and 5."""
    if isinstance(event, HandoffAccepted | HandoffDeclined):
        assert before.pending is not None
        assert works_in(actor, before.pending.to)
        assert before.pending.to.worker in {None, actor.id}
    if isinstance(event, HandoffAcceptanceReported):
        assert before.pending is not None
        assert before.responsible is not None
        assert works_in(actor, before.pending.to) or speaks_for(actor, before.responsible)


def goes_to_somebody_known(event: Event[Any]) -> None:
    """Rule 1: whoever is named as a holder stands in the directory."""
    if not isinstance(event, CaseReopened):
        assert HOLDERS.issuperset(it for it in vars(event).values() if isinstance(it, Holder))
    if isinstance(event, MatterTransferred):
        assert Holder(event.to_organisation, event.to_unit) in HOLDERS


def in_person(story: Story) -> set[tuple[int, str]]:
    """Return what the client in person had answered before this act: to which version, and what."""
    return {
        (it.event.version, it.event.answer)
        for it in counted(story.history[: -len(story.happened)])
        if isinstance(it.event, ClientAnswered) and it.context.actor == the_client
    }


def stands_as_the_client_said_in_person(event: Event[Any], story: Story) -> None:
    """Rule 16: nobody answers over the client, and no case ends as ended by a client who said no."""
    actor = story.last.actor
    if isinstance(event, ClientAnswered) and actor != the_client:
        assert event.version not in {version for version, _ in in_person(story)}
        assert story.history[event.version - 1].context.actor.id != actor.id
    if isinstance(event, CaseClosed) and event.ground == "client_ended":
        assert last_word(story) is not False
    if isinstance(event, StatementDisputed | StatementConfirmed) and actor != the_client:
        said = next(it for it in story.history if getattr(it.event, "statement", None) == event.statement)
        assert said.context.actor.id != actor.id or isinstance(event, StatementDisputed)
        assert said.context.actor != the_client or isinstance(event, StatementConfirmed)


def last_word(story: Story) -> bool | None:
    """Return whether the client in person last said yes or no to ending the case, since it was last taken up."""
    proposals = {it.version for it in story.history if isinstance(it.event, ClosureProposed)}
    word = None
    for it in counted(story.history):
        match it.event:
            case CaseReopened():
                word = None
            case ClosureProposed() if it.context.actor == the_client:
                word = True
            case ClosureWithdrawn() if it.context.actor == the_client:
                word = False
            case ClientAnswered(version=version, answer=answer) if version in proposals:
                word = answer in {"agreed", "confirmed"} if it.context.actor == the_client else word
    return word


def says_why(event: Event[Any]) -> None:
    """Check that what somebody else has to live with is said in words."""
    match event:
        case HandoffProposed(reason=words) | HandoffDeclined(reason=words) | MatterTransferred(reason=words):
            assert words.strip()
        case StatementDisputed(correction=words) | ClientAskedWhoOwns(answer=words):
            assert words.strip()


def the_history_holds(story: Story) -> None:
    """Check the whole: every prefix folds, in every order of knowing, and words don't matter."""
    history = story.history
    assert [it.version for it in history] == list(range(1, len(history) + 1))
    for length in range(len(history) + 1):
        prefix = history[:length]
        assert fold(Case(), counted(prefix)) == fold(Case(), counted([sealed(it) for it in prefix]))
    states = accumulate(counted(history), lambda state, it: it.event.evolve(state, it.context), initial=Case())
    for state, it in zip(states, counted(history), strict=False):
        exactly_one_owner_and_responsible(state)
        if isinstance(it.event, HandoffProposed | MatterTransferred):  # rule 3, at any moment of the past
            assert (state.pending, state.transfer) == (None, None)
        if isinstance(it.event, HandoffAccepted):
            assert state.pending is not None
        if isinstance(it.event, HandoffAccepted | HandoffProposed | ClosureProposed):
            assert state.status == "open"
    assert isinstance(counted(history)[0].event, CaseOpened)


def sealed(it: Recorded) -> Recorded:
    """Return the event as it is read without its words, and its context without facts."""
    hints = hints_of(type(it.event))
    words = [name for name, hint in hints.items() if WORDS in getattr(hint, "__metadata__", ())]
    return replace(it, event=it.event.but(**dict.fromkeys(words, SEALED)), context=replace(it.context, facts=None))


@pytest.mark.rule(1)
@pytest.mark.rule(3)
@briefly
@for_all(SEEDS, st.integers(0, 30))
def test_whatever_a_source_says_an_imported_case_has_one_owner(seed: int, length: int) -> None:
    luck, story, now = lucky(seed), given(), MONDAY
    rows = [Hand(luck, now).made(ImportActivity) for _ in range(length)]
    for row in (ImportCase(CLIENT, unit(aino), MONDAY), *rows):
        now += timedelta(hours=luck.choice([-50, *HOURS]))
        story = story.when(row, by=the_administrator, at=now, entered=MONDAY + timedelta(days=900), imported=AN_IMPORT)
        assert story.refusal is None
        exactly_one_owner_and_responsible(story.case)
        assert story.case.status != "closed" or story.case.pending is None
    assert story.case == fold(Case(), story.history)


# Other streams, and anything at all.


@pytest.mark.parametrize("kind", [Client, Organisation, Unit, Worker, PolicyInForce])
@settings(briefly, max_examples=20)
@for_all(SEEDS, st.integers(1, 30))
def test_whatever_anybody_does_to_another_stream_only_refusals_are_raised(
    kind: type[State], seed: int, length: int
) -> None:
    luck, story, now = lucky(seed), given(), MONDAY
    for _ in range(length):
        command = Hand(luck, now).made(luck.choice([it for it in COMMANDS if it.state is kind]))
        now += timedelta(hours=luck.choice(HOURS))
        earlier = now - timedelta(hours=luck.choice(HOURS))
        story = story.knowing(existing=luck.choice([frozenset(), frozenset(command.relies_on())]))
        after = story.when(command, by=luck.choice([*ANYBODY, the_administrator, aino]), at=earlier, entered=now)
        story = story if after.refusal else after
    if story.history:
        assert story.state.began is not None


@pytest.mark.parametrize("kind", [Case, Client, Organisation, Unit, Worker, PolicyInForce])
@briefly
@for_all(SEEDS, st.integers(1, 60))
def test_any_event_folds_onto_any_state_with_words_or_without(kind: type[State], seed: int, length: int) -> None:
    events = anything(lucky(seed), kind, length)
    assert fold(kind(), events) == fold(kind(), [sealed(it) for it in events])
    assert fold(kind(), counted(events)) == fold(kind(), counted([sealed(it) for it in events]))


def anything(luck: Random, kind: type[State], length: int) -> list[Recorded]:
    """Return any events of a stream, in any circumstances."""
    found: list[Recorded] = []
    for version in range(1, length + 1):
        occurred = MONDAY + timedelta(hours=luck.choice(HOURS))
        event = Hand(luck, MONDAY, versions=5).made(luck.choice([it for it in EVENTS if it.state is kind]))
        context = Context(
            luck.choice(STRANGE_IDS), luck.choice(ANYBODY), occurred, occurred, late=luck.choice([False, True])
        )
        found.append(Recorded(STRANGE_IDS[0], event, context.at(version)))
    return found
