"""Whole lives of cases: any commands, by anybody, in any order, on two clocks. The rules hold all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.case import Case
from domain.client import Client
from domain.corrections import EntryMarkedErroneous
from domain.decider import SEALED, STAFF, Action, Context, Recorded, State
from domain.directory import Organisation, PolicyInForce, Unit, Worker
from domain.history import counted, fold
from domain.imports import ImportActivity, ImportCase
from domain.sealing import Log
from tests.domain.given import CLIENT, MONDAY, aino, given, the_administrator, unit
from tests.domain.lives.hand import ANYBODY, STRANGE_IDS, Hand, words_of
from tests.domain.lives.life import AN_IMPORT, ANYTIME, CASE_COMMANDS, HOURS, Life, Tally, begun, lucky
from tests.domain.lives.reading import counting, read
from tests.domain.lives.rules import one_owner_and_one_responsible, remembered_as_it_happened, the_rules_hold
from tests.domain.vocabulary import COMMANDS, EVENTS

briefly = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**63)
"""A life is drawn from a seed and a length: Hypothesis shortens what fails, and long lives are as likely as short."""
LIVES = 60
"""How many lives show that nothing is tried in vain."""
STEPS = 60
OPEN_TO_ALL = {Action.ASK, Action.ENTER}
"""What staff of anywhere may do."""


@pytest.mark.rule(1)
@pytest.mark.rule(2)
@pytest.mark.rule(3)
@pytest.mark.rule(6)
@pytest.mark.rule(7)
@pytest.mark.rule(11)
@pytest.mark.rule(16)
@pytest.mark.rule(19)
@pytest.mark.rule(20)
@briefly
@for_all(SEEDS, st.integers(1, STEPS))
def test_whatever_anybody_does_a_case_keeps_the_rules(seed: int, length: int) -> None:
    life = begun(lucky(seed))
    for _ in range(length):
        for before, after in life.goes_on():
            the_rules_hold(before, after)
    the_history_holds(life)


def the_history_holds(life: Life) -> None:
    """Check the whole: every prefix folds, in every order of knowing, and words don't matter."""
    history = life.story.history
    order = counted(history)
    assert order == counting(history)
    for length in range(len(history) + 1):
        prefix = history[:length]
        assert fold(Case(), counted(prefix)) == fold(Case(), counted([sealed(it) for it in prefix]))
    for length in range(1, len(order) + 1):
        remembered_as_it_happened(fold(Case(), order[:length]), read(order[:length]))
    on_two_clocks(life)


def on_two_clocks(life: Life) -> None:
    """Check that any moment can be looked at from any other, and that the present is as of now."""
    history, choose = life.story.history, life.luck.choice
    for _ in range(9):
        known_at, happened_by = choose(history).context.recorded, choose(history).context.occurred
        known = [it for it in history if it.context.recorded <= known_at]
        assert counted(history, known_at) == counting(known)
        case = fold(Case(), counted(history, known_at, happened_by))
        assert case.status != "unopened" or happened_by < history[0].context.occurred
    last = max(it.context.occurred for it in history)
    assert fold(Case(), counted(history, history[-1].context.recorded, last)) == life.story.case


def test_no_life_is_lived_in_vain() -> None:
    """Everything that can be done to a case is done, and refused, in some of these lives: none of them is blind.

    Whatever staff do is refused to some who have no part in the case, and to some who may only read it.
    """
    tally, late, marked = Tally(), 0, 0
    for seed in range(LIVES):
        life = begun(lucky(seed), tally)
        for _ in range(STEPS):
            list(life.goes_on())
        late += sum(it.context.late for it in life.story.history)
        marked += sum(isinstance(it.event, EntryMarkedErroneous) for it in life.story.history)
    assert [it.__name__ for it in CASE_COMMANDS if not tally.done[it]] == []
    assert [it.__name__ for it in CASE_COMMANDS if not tally.refused[it]] == []
    staffs = [it for it in ANYTIME if it.roles & STAFF and it.stream == "existing" and it.action not in OPEN_TO_ALL]
    assert [it.__name__ for it in staffs if not tally.turned_away[it]] == []
    assert [it.__name__ for it in staffs if it.action == Action.WORK and not tally.readers_only[it]] == []
    assert len(tally.overrides) >= 6  # rules that managers set aside
    assert late > LIVES
    assert marked > LIVES / 4


def sealed(it: Recorded) -> Recorded:
    """Return the event as it is read without its words, and its context without facts."""
    words = dict.fromkeys(words_of(type(it.event)), SEALED)
    return replace(it, event=it.event.but(**words), context=replace(it.context, facts=None))


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
        one_owner_and_one_responsible(read(story.history))
        assert story.case.status != "closed" or story.case.pending is None
    assert story.case == fold(Case(), story.history)


# Other streams, and anything at all.


@pytest.mark.parametrize("kind", [Client, Organisation, Unit, Worker, PolicyInForce, Log])
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


@pytest.mark.parametrize("kind", [Case, Client, Organisation, Unit, Worker, PolicyInForce, Log])
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
        event = Hand(luck, MONDAY, history=found[-5:]).made(luck.choice([it for it in EVENTS if it.state is kind]))
        context = Context(
            luck.choice(STRANGE_IDS), luck.choice(ANYBODY), occurred, occurred, late=luck.choice([False, True])
        )
        found.append(Recorded(STRANGE_IDS[0], event, context.at(version)))
    return found
