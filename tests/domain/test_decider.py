"""The grammar: what holds for every command, event and refusal."""

import dataclasses
from datetime import UTC, datetime

import pytest

from domain.case import Case
from domain.client import Client, ClientRegistered, RegisterClient
from domain.decider import Conflict, Context, Refusal, kebab
from domain.intake import CaseOpened, OpenCase
from tests.domain.given import aino, command_id, given, opened_by


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
