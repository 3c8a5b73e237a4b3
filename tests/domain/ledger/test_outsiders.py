"""Who has nothing to do with a case finds nothing there, and what nobody could keep does not get in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.authorization import NotInTheCase
from domain.client import ChooseLanguage
from domain.client_ownership import TakeOwnership
from domain.closure import ProposeClosure
from domain.decider import Actor, Command, Entry, Role, RoleNotAllowed, StreamAbsent, TimeOffCalendar, TooMany
from domain.directory import POLICY_STREAM, unit_stream, worker_stream
from domain.intake import NextStepPromised, PromiseNextStep
from domain.ledger.application import ask
from domain.overrides import ReviewOverride
from domain.voice import RecordStatement
from tests.town import AINO, BO, Town

STRANGERS = [Actor(str(uuid4()), Role.CLIENT), Actor(str(uuid4()), Role.REPRESENTATIVE), BO]
MUCH_LATER = datetime(2199, 1, 1, tzinfo=UTC)
FAR_EAST = timezone(timedelta(hours=23, minutes=59))


@pytest.mark.parametrize("stranger", STRANGERS, ids=["client", "representative", "staff"])
@pytest.mark.parametrize("expected", [None, 1, 99])
@pytest.mark.parametrize("command", [TakeOwnership(), ChooseLanguage("sv")], ids=["case", "client"])
def test_a_stranger_is_told_the_same_of_whatever_there_is(
    town: Town, stranger: Actor, expected: int | None, command: Command[Any]
) -> None:
    client = town.client()
    there = [town.case(client), client, unit_stream("kela", "asiakaspalvelu"), worker_stream("kela", "aino")]
    for stream in (*there, POLICY_STREAM, uuid4()):
        with pytest.raises(StreamAbsent):
            town.cases.execute(ask(command, stream, stranger, expected=expected))


@pytest.mark.parametrize("how", [{}, {"expected": 1}, {"expected": 99}, {"occurred": MUCH_LATER}])
def test_staff_of_others_hear_of_a_case_what_they_hear_of_one_that_is_not_there(
    town: Town, how: dict[str, Any]
) -> None:
    for stream in (town.case(), uuid4()):
        with pytest.raises(StreamAbsent):
            town.cases.execute(ask(RecordStatement("kuulkaa"), stream, BO, **how))
        with pytest.raises(RoleNotAllowed):
            town.cases.execute(ask(ReviewOverride(uuid4(), "upheld"), stream, BO, **how))


def test_whoever_may_read_a_case_and_not_act_in_it_is_told_so(town: Town) -> None:
    case = town.case()
    town.hand_over(case)
    for late in (None, town.cases.history(case)[-1].context.occurred):
        with pytest.raises(NotInTheCase):
            town.cases.execute(ask(RecordStatement("kuulkaa"), case, AINO, occurred=late))
    town.do(RecordStatement("se kuului aiempaan"), case, AINO, occurred=town.cases.history(case)[0].context.occurred)


@pytest.mark.parametrize("stream", [POLICY_STREAM, unit_stream("kela", "asiakaspalvelu")])
def test_what_is_no_case_is_not_taken_for_one(town: Town, stream: UUID) -> None:
    with pytest.raises(StreamAbsent):
        town.cases.execute(ask(RecordStatement("kuulkaa"), stream, AINO))


def test_a_time_of_any_offset_is_the_moment_that_it_is(town: Town) -> None:
    case = town.case()
    due = datetime(2040, 1, 1, tzinfo=FAR_EAST)
    town.do(PromiseNextStep("worker", "soitto", due), case, AINO)
    event = town.cases.history(case)[-1].event
    assert isinstance(event, NextStepPromised)
    assert event.by == due
    assert event.by.utcoffset() == timedelta(0)


@pytest.mark.parametrize("year", [1, 1899, 2200, 9999])
def test_a_time_of_no_century_is_refused(town: Town, year: int) -> None:
    case = town.case()
    moment = datetime(year, 6, 1, tzinfo=FAR_EAST)
    with pytest.raises(TimeOffCalendar):
        town.do(PromiseNextStep("worker", "soitto", moment), case, AINO)
    with pytest.raises(TimeOffCalendar):
        town.do(RecordStatement("sanon"), case, AINO, occurred=moment)


def test_a_list_without_end_is_refused_before_anything_is_looked_up(town: Town) -> None:
    case = town.case()
    endless = ProposeClosure("goals_met", no_view_because="ei", rests_on=(Entry(1),) * 100_000)
    with pytest.raises(TooMany):
        town.do(endless, case, AINO)
    assert town.cases.loaded(case, ProposeClosure.state).version == 1


def test_an_act_entered_far_from_utc_is_ordered_by_its_moment(town: Town) -> None:
    case = town.case()
    before = town.cases.history(case)[-1].context.occurred
    town.do(RecordStatement("sanon"), case, AINO, occurred=before.astimezone(FAR_EAST))
    assert town.cases.history(case)[-1].context.occurred == before.astimezone(UTC)
