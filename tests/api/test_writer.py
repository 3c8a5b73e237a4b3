"""The event loop's way to the ledger: in groups, in turn, and nobody pays for another's conflict."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.writer import Writer
from domain.acceptance import AcceptHandoff, NotOfferedToYou
from domain.client import Client
from domain.decider import Recorded, Refusal
from domain.handoff import HandoffNotPending
from domain.intake import OpenCase
from domain.ledger.application import Asked, Cases, ask
from domain.ledger.database import Region
from domain.ledger.recorder import Act, Receipt
from domain.requests import MakeRequest
from projections.behind import behind
from projections.live import Live
from projections.owner import OwnerPeriod
from projections.projection import every_projection
from projections.rebuild import verify
from tests.town import AINO, BO, CILLA, Town, holder, ledger


@pytest.fixture
def region(database: str) -> Region:
    return Region(database, "koe")


@pytest.fixture
def cases(region: Region, tmp_path: Path) -> Iterator[Cases]:
    with ledger(region, tmp_path) as opened:
        Town(opened).settle()
        yield opened


async def all_of(cases: Cases, asked: list[Asked]) -> list[Receipt | BaseException]:
    writer = Writer(cases)
    done = await asyncio.gather(*map(writer.execute, asked), return_exceptions=True)
    await writer.close()
    return done


def test_many_cases_opened_at_once_are_written_in_few_transactions(
    cases: Cases, region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, write = Town(cases).client(), cases.write
    groups: list[int] = []

    def counting(acts: Sequence[Act]) -> dict[UUID, bytes]:
        groups.append(len(acts))
        return write(acts)

    monkeypatch.setattr(cases, "write", counting)
    done = asyncio.run(all_of(cases, [ask(OpenCase(client, "asunto"), uuid4(), AINO) for _ in range(50)]))
    assert [it.last for it in done if isinstance(it, Receipt)] == [1] * 50
    assert sum(groups) == 50
    assert len(groups) < 40
    assert verify(region).differences == []


def test_acts_on_one_case_take_turns_in_the_order_in_which_they_came(cases: Cases) -> None:
    case = Town(cases).case()
    done = asyncio.run(all_of(cases, [ask(MakeRequest("contact", f"{n}"), case, AINO) for n in range(20)]))
    assert [it.first for it in done if isinstance(it, Receipt)] == list(range(2, 22))
    assert [cases.words(case)[version]["words"] for version in range(2, 22)] == [f"{n}" for n in range(20)]


def test_of_many_who_accept_at_once_one_wins_and_the_others_are_told(cases: Cases) -> None:
    town = Town(cases)
    case = town.case()
    handoff = town.offer(case, to=holder(BO).as_unit)
    asked = [ask(AcceptHandoff(handoff), case, by) for by in (BO, CILLA) for _ in range(25)]
    done = asyncio.run(all_of(cases, asked))
    assert sum(isinstance(it, Receipt) for it in done) == 1
    assert {type(it) for it in done if not isinstance(it, Receipt)} == {HandoffNotPending}


def test_another_process_that_came_first_overtakes_one_act_of_a_group_and_no_other(
    cases: Cases, region: Region, tmp_path: Path
) -> None:
    town = Town(cases)
    raced, others = town.case(), [town.case() for _ in range(5)]
    with ledger(region, tmp_path) as elsewhere:
        Town(elsewhere).say(raced)  # this process does not know of it
    done = asyncio.run(all_of(cases, [ask(MakeRequest("contact"), case, AINO) for case in (raced, *others)]))
    assert [it.first for it in done if isinstance(it, Receipt)] == [3, 2, 2, 2, 2, 2]
    assert verify(region).differences == []


def test_a_refusal_reaches_the_one_who_asked(cases: Cases) -> None:
    town = Town(cases)
    case = town.case()
    handoff = town.offer(case)
    done = asyncio.run(
        all_of(cases, [ask(AcceptHandoff(handoff), case, AINO), ask(MakeRequest("contact"), case, AINO)])
    )
    assert isinstance(done[0], NotOfferedToYou)
    assert isinstance(done[0], Refusal)
    assert isinstance(done[1], Receipt)


def test_a_stream_begun_by_two_processes_at_once_has_one_key(cases: Cases, region: Region, tmp_path: Path) -> None:
    client, case = Town(cases).client(), uuid4()
    with ledger(region, tmp_path) as elsewhere:
        for here in (cases, elsewhere):  # both know that there is no such case yet
            here.loaded(case, OpenCase.state)
            here.loaded(client, Client)
        elsewhere.execute(ask(OpenCase(client, "toinen ehti ensin"), case, AINO))
        done = asyncio.run(all_of(cases, [ask(OpenCase(client, "myöhässä"), case, AINO)]))
        assert isinstance(done[0], Refusal)
        Town(cases).say(case, "kuulkaa minua")
        assert elsewhere.words(case)[2] == {"words": "kuulkaa minua"}
        assert cases.words(case)[1]["need"] == "toinen ehti ensin"


def test_an_act_whose_rows_fit_no_table_costs_the_others_of_its_group_nothing(region: Region, tmp_path: Path) -> None:
    odd: list[UUID] = []
    owner = next(it for it in every_projection() if it.name == "owner")

    def fold(rows: tuple[OwnerPeriod, ...], it: Recorded) -> tuple[OwnerPeriod, ...]:
        rows = owner.fold(rows, it)
        return tuple(replace(row, number=2**70) for row in rows) if it.stream in odd else rows

    projections = tuple(replace(it, fold=fold) if it is owner else it for it in every_projection())
    with ledger(region, tmp_path, Live(projections)) as cases:
        client = Town(cases).settle().client()
        asked = [ask(OpenCase(client, "asunto"), uuid4(), AINO) for _ in range(20)]
        odd.append(asked[7].stream)
        done = asyncio.run(all_of(cases, asked))
        assert all(isinstance(it, Receipt) for it in done)
        with region.connect() as connection:
            assert [it for it, _ in behind(connection, projections)] == odd
