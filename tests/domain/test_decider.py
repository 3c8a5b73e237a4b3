"""The grammar: what holds for every command, event and refusal."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from inspect import getsource

import pytest

from domain.acceptance import AcceptHandoff
from domain.case import Case
from domain.client import Client, ClientRegistered, RegisterClient
from domain.closure import ProposeClosure
from domain.decider import MOST, Conflict, Context, Refusal, TimeOffCalendar, TooMany, kebab
from domain.imports import ImportActivity
from domain.intake import CaseOpened, NextStepPromised, OpenCase, PromiseNextStep
from domain.ownership import NameResponsible
from tests.domain.given import (
    Asked,
    aino,
    arvo,
    bo,
    command_id,
    entry,
    given,
    holder,
    made_by,
    marja,
    moment,
    opened_by,
    proposed_to,
    the_client,
    unit,
)
from tests.domain.vocabulary import COMMANDS


def test_a_command_and_an_event_know_their_state() -> None:
    assert (OpenCase.state, CaseOpened.state) == (Case, Case)
    assert (RegisterClient.state, ClientRegistered.state) == (Client, Client)


def test_names_are_kebab_in_urls() -> None:
    assert kebab("ProposeHandoff") == "propose-handoff"
    assert OpenCase.slug() == "open-case"


@pytest.mark.rule(20)
def test_what_was_recorded_is_frozen() -> None:
    opened = given(opened_by(aino)).history[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        opened.event.need = "muuta"  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        opened.context = opened.context  # type: ignore[misc]


def test_a_copy_changes_what_is_named_and_no_more() -> None:
    case = given(opened_by(aino)).case
    assert case.but(duty_holder="x").but(duty_holder=case.duty_holder) == case


def test_facts_are_for_deciding_only() -> None:
    now = datetime(2025, 3, 3, tzinfo=UTC)
    with pytest.raises(LookupError):
        Context(command_id(1), aino, now, now).known  # noqa: B018 - reading it is what is tested


@pytest.mark.rule(19)
def test_times_are_kept_in_utc() -> None:
    step = PromiseNextStep("worker", "soitan", moment(3, 20))
    promised = given(opened_by(aino)).when(step, by=aino).happened[0]
    assert isinstance(promised, NextStepPromised)
    assert (promised.by, promised.by.tzinfo) == (moment(3, 20), UTC)


@pytest.mark.rule(19)
@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_nothing_is_due_in_a_year_that_nobody_lives_in(year: int) -> None:
    case = given(opened_by(aino))
    for offset in (-14, 0, 14):
        edge = datetime(year, 6, 15, tzinfo=timezone(timedelta(hours=offset)))
        case.when(PromiseNextStep("worker", "soitan", edge), by=aino).refused(TimeOffCalendar, field="by")
    at_the_edge = datetime(2199, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14)))
    case.when(PromiseNextStep("worker", "soitan", at_the_edge), by=aino).allowed()


def test_a_list_has_an_end() -> None:
    case = given(opened_by(aino))
    closure = ProposeClosure("goals_met", no_view_because="ei tavoitettu", rests_on=(entry(1),) * MOST)
    case.when(closure, by=aino).allowed()
    case.when(closure.but(rests_on=(entry(1),) * (MOST + 1)), by=aino).refused(TooMany, field="rests_on", most=MOST)


def test_a_command_says_whether_it_makes_something_with_an_id() -> None:
    makes = {it for it in COMMANDS if "ctx.id(1)" in getsource(it)} - {ImportActivity}  # an import answers with no ids
    assert {it for it in COMMANDS if it.makes} == makes


def test_a_command_says_whom_the_facts_have_to_tell_of() -> None:
    own = given(opened_by(aino), proposed_to(unit(bo)))
    asked = Asked(AcceptHandoff(made_by(2)), bo)
    assert own.known_to(asked).holders == {holder(bo), unit(bo)}
    assert own.known_to(asked._replace(by=the_client)).holders == set()
    assert own.known_to(Asked(NameResponsible(holder(arvo)), marja)).holders == {holder(arvo)}


def test_a_refusal_says_its_docstring_on_one_line() -> None:
    class Nope(Conflict):
        """It can't be.

        Do something else.
        """

    assert str(Nope(why=1)) == "It can't be. Do something else."
    assert Nope(why=1).details == {"why": 1}
    assert (Nope.slug(), issubclass(Nope, Refusal)) == ("nope", True)


def test_the_library_finds_its_names() -> None:
    it = given(opened_by(aino)).history[0]
    assert (it.originator_id, it.originator_version, it.version) == (it.stream, 1, 1)
    assert it.context.at(4).version == 4
