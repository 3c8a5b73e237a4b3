"""Words are destroyed by an act that says so, in its transaction, and nobody can destroy them without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.case import Case
from domain.decider import Command, Context, Entry, Event
from domain.ledger.application import ask
from domain.ledger.histories import Decoded
from domain.ledger.mapper import Codec, codecs
from domain.ledger.words import KeyDestroyed
from domain.voice import RecordStatement
from tests.domain.ledger.conftest import CURRENT, everything, faults, overtaken, progress, rows_are_right, until_write
from tests.town import AINO, Town


class Destroyed(Event[Case]):
    """Two entries' words went."""

    topic = "words-destroyed"

    versions: tuple[Entry, ...]

    @property
    def destroys(self) -> frozenset[int]:
        return frozenset(self.versions)


class OneDestroyed(Event[Case]):
    """An entry's words went."""

    topic = "words-destroyed"

    version: Entry

    @property
    def destroys(self) -> frozenset[int]:
        return frozenset({self.version})


class Erased(Event[Case]):
    """All words went."""

    topic = "personal-data-erased"
    erases: ClassVar[bool] = True


class Happen(Command[Case]):
    """Let that happen."""

    what: Any

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:  # noqa: ARG002 - as all commands
        yield self.what


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    for event in (Destroyed, Erased):
        monkeypatch.setitem(codecs(), event.topic, Codec(event))


@pytest.fixture
def case(town: Town) -> UUID:
    case = town.case()
    for words in ("toinen", "kolmas", "neljäs"):
        town.say(case, words)
    return case


def lets(town: Town, case: UUID, what: Event[Case]) -> None:
    town.cases.execute(ask(Happen(what), case, AINO))


def test_an_act_destroys_the_words_that_its_event_names(town: Town, case: UUID) -> None:
    other = town.case()
    lets(town, case, Destroyed((Entry(2), Entry(4))))
    assert sorted(town.cases.words(case)) == [1, 3]
    assert sorted(town.cases.words(other)) == [1]
    assert faults(town.cases.region, case) == []
    assert rows_are_right(town.cases, case)
    assert progress(town.cases.region, case) == (5, CURRENT)
    assert town.cases.words(case, [town.say(case, "uusi").last])


def test_an_event_may_name_a_single_version(town: Town, case: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codecs(), OneDestroyed.topic, Codec(OneDestroyed))
    lets(town, case, OneDestroyed(Entry(3)))
    assert sorted(town.cases.words(case)) == [1, 2, 4]


def test_an_act_that_erases_takes_all_words_and_their_key(town: Town, elsewhere: Town, case: UUID) -> None:
    other = town.case()
    assert elsewhere.cases.words(case)[2] == {"words": "toinen"}
    lets(town, case, Erased())
    for here in (town, elsewhere):
        assert here.cases.words(case) == {}
        assert here.cases.words(other)[1]["need"]
    rows = everything(town.cases.region)
    assert not [row for table in ("words", "keys") for row in rows[table] if str(case) in row]
    assert faults(town.cases.region, case) == []


def test_what_is_remembered_of_a_history_holds_no_words_and_of_an_erased_one_nothing(
    town: Town, elsewhere: Town, case: UUID
) -> None:
    for here in (town, elsewhere):
        here.cases.words(case)
        here.cases.history(case)
        assert "toinen" not in repr(here.cases.histories.get(case))
    lets(town, case, Erased())
    assert town.cases.histories.get(case) == Decoded(case)
    for here in (town, elsewhere):
        assert isinstance(here.cases.history(case)[-1].event, Erased)


def test_where_the_key_is_gone_nobody_seals_new_words_under_the_one_that_they_remember(
    town: Town, elsewhere: Town, case: UUID
) -> None:
    elsewhere.say(case)
    lets(town, case, Erased())
    before = everything(town.cases.region)
    for here in (town, elsewhere):
        for _ in range(2):
            with pytest.raises(KeyDestroyed):
                here.say(case)
    assert everything(town.cases.region) == before
    lets(elsewhere, case, Destroyed(()))  # what has no words goes on
    assert town.cases.loaded(case, Case).version == 7


def test_words_sealed_before_the_key_went_come_too_late(town: Town, elsewhere: Town, case: UUID) -> None:
    elsewhere.say(case)
    course = elsewhere.cases.steps([ask(RecordStatement("ehdin vielä"), case, AINO)])
    step = until_write(course)
    lets(town, case, Erased())
    failure = overtaken(step)
    with pytest.raises(KeyDestroyed):
        until_write(course, failure=failure)()
    assert town.cases.words(case) == {}


def test_whoever_was_just_reading_with_the_key_does_not_bring_it_back(town: Town, case: UUID) -> None:
    with town.cases.pool.connection() as connection:
        (wrapped,) = connection.execute("SELECT wrapped FROM keys WHERE stream = %s", (case,)).fetchone() or (b"",)
    lets(town, case, Erased())
    town.cases.keyring.learn(case, wrapped)
    assert town.cases.keyring.get(case) is None


def test_an_act_that_destroys_what_it_does_not_say_is_not_written_at_all(
    town: Town, case: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(town.cases.region)
    for what in (Destroyed((Entry(5),)), Destroyed((Entry(99),))):  # itself, and what is not there yet
        with pytest.raises(psycopg.errors.RaiseException):
            lets(town, case, what)
    monkeypatch.setattr(Destroyed, "destroys", frozenset({3}))
    with pytest.raises(psycopg.errors.RaiseException):
        lets(town, case, Destroyed((Entry(2),)))
    assert everything(town.cases.region) == before


@pytest.mark.parametrize("what", ["SELECT destroy_words(%s, 2)", "SELECT destroy_key(%s)"])
def test_the_service_destroys_nothing_without_a_trace(town: Town, case: UUID, what: str) -> None:
    lets(town, case, Destroyed((Entry(3),)))
    other = town.case()
    town.say(other)
    before = everything(town.cases.region)
    for stream in (case, other, uuid4()):
        with town.cases.region.connect() as service, pytest.raises(psycopg.errors.RaiseException, match="no event"):
            service.execute(what.encode(), (stream,))
    assert everything(town.cases.region) == before


def test_nobody_else_may_call_what_destroys(town: Town) -> None:
    with town.cases.region.connect(owner=True) as owner:
        found = owner.execute(
            "SELECT p.proname, p.prosecdef, p.proconfig, p.proacl::text[] FROM pg_proc p"
            " WHERE p.pronamespace = %s::regnamespace AND p.proname LIKE 'destroy%%' ORDER BY 1",
            (town.cases.region.name,),
        ).fetchall()
        (by,) = owner.execute("SELECT current_user").fetchone() or ("",)
    assert [name for name, _, _, _ in found] == ["destroy_key", "destroy_words"]
    for _, definer, config, granted in found:
        assert definer
        assert config == [f"search_path={town.cases.region.name}, pg_temp"]
        assert [it for it in granted if it.startswith("=")] == []
        assert sorted(it.split("=")[0] for it in granted) == sorted([town.cases.region.service, by])
