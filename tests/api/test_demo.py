"""The demonstration: six cases that end differently or not yet, told through the real commands, and only once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from api.demo import AINO, ORGANISATIONS, STAFF, STORIES, UNITS, case_of, client_of, load
from api.house import House, opened
from api.settings import Settings
from domain.acceptance import HandoffAccepted, HandoffDeclined
from domain.assessment import AssessmentCompleted
from domain.case import Case
from domain.closure import CaseClosed
from domain.decider import CLIENT_SIDE, Recorded
from domain.objections import ObjectionAnswered
from domain.reopening import CaseReopened
from domain.requests import ClientAnswered, ExperienceReported, RequestMade
from domain.transfer import TransferReceived
from domain.voice import StatementConfirmed, StatementDisputed
from projections.rebuild import verify
from projections.report import handoff_figures

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with opened(Settings(home=tmp_path / ".luotsi", database_url=database)) as house:
        yield house


def told(house: House, name: str) -> list[Recorded]:
    return house.cases.history(case_of(name))


def now(house: House, name: str) -> Case:
    state = house.cases.loaded(case_of(name), Case).state
    assert isinstance(state, Case)
    return state


def heads(house: House) -> list[tuple[UUID, int]]:
    with house.region.connect() as connection:
        return connection.execute("SELECT stream, max(version) FROM events GROUP BY stream ORDER BY stream").fetchall()


def closing(house: House, name: str) -> tuple[str, str]:
    event = next(it.event for it in told(house, name) if isinstance(it.event, CaseClosed))
    return event.ground, event.initiator


def test_six_cases_end_differently_or_not_yet(house: House) -> None:
    load(house.cases, NOW)
    assert {name: now(house, name).status for name in STORIES} == {
        "rent_arrears": "closed", "housing_allowance": "closed", "debts": "closed", "back_to_work": "open",
        "between_three": "open", "guardianship": "open",
    }  # fmt: skip
    assert closing(house, "rent_arrears") == ("goals_met", "service")
    assert closing(house, "housing_allowance") == ("advice_sufficed", "service")
    assert closing(house, "debts") == ("client_ended", "client")
    assert any(isinstance(it.event, CaseReopened) for it in told(house, "guardianship"))


def test_one_is_owned_by_its_client_and_stays_so_when_another_comes_to_answer_for_it(house: House) -> None:
    load(house.cases, NOW)
    case = now(house, "back_to_work")
    assert case.owned_by == "client"
    assert case.responsible
    assert case.responsible.worker == AINO.id


def test_one_was_sent_around_between_three_organisations(house: House) -> None:
    load(house.cases, NOW)
    holders = [it.event.by.organisation for it in told(house, "between_three") if isinstance(it.event, HandoffAccepted)]
    assert holders == ["tampere", "pirha", "kela"]
    assert any(isinstance(it.event, HandoffDeclined) for it in told(house, "between_three"))
    assert now(house, "between_three").pending
    with house.region.connect() as connection:
        assert handoff_figures(connection, "organisation")["cases_returned"] == 1


@pytest.mark.parametrize(
    "event",
    [StatementConfirmed, StatementDisputed, ObjectionAnswered, RequestMade, ClientAnswered, ExperienceReported,
     AssessmentCompleted, TransferReceived],
    ids=lambda event: event.topic,
)  # fmt: skip
def test_the_clients_voice_is_heard_in_it(house: House, event: type) -> None:
    load(house.cases, NOW)
    assert any(isinstance(it.event, event) for name in STORIES for it in told(house, name))


def test_each_acts_for_themself_and_the_client_never_by_name(house: House) -> None:
    load(house.cases, NOW)
    for name in STORIES:
        history = told(house, name)
        assert any(it.context.actor.role in CLIENT_SIDE for it in history)
        assert client_of(name).id not in {it.context.actor.id for it in history}


@pytest.mark.parametrize(
    "at", ["2026-03-04T12:00Z", "2025-12-28T03:00Z", "2026-04-06T20:00Z", "2026-06-20T08:00Z", "2026-01-01T00:30Z"]
)
def test_it_can_be_told_on_any_day_and_is_in_order(house: House, at: str) -> None:
    load(house.cases, datetime.fromisoformat(at))
    for name in STORIES:
        history = told(house, name)
        assert [it.context.occurred for it in history] == sorted(it.context.occurred for it in history)
        assert not any(it.context.late for it in history)


def test_told_again_on_another_day_it_changes_nothing(house: House) -> None:
    load(house.cases, NOW)
    before = heads(house)
    load(house.cases, datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert heads(house) == before


def test_a_telling_that_was_cut_short_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(STORIES, "guardianship")
    load(house.cases, NOW)
    monkeypatch.undo()
    assert told(house, "guardianship") == []
    load(house.cases, datetime(2026, 3, 5, 12, tzinfo=UTC))
    assert told(house, "guardianship")


def test_the_read_tables_say_what_the_events_do(house: House) -> None:
    load(house.cases, NOW)
    outcome = verify(house.region)
    streams = 6 + 6 + len(STAFF) + len(UNITS) + len(ORGANISATIONS)  # cases, clients, and the directory's
    assert (outcome.cases, outcome.differences) == (streams, [])
