"""Projections of other streams than cases, with a memory beside their rows, and with indexes of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.client import ChooseLanguage, Client, ClientRegistered, Language, LanguageChosen
from domain.decider import Actor, Recorded, Role
from domain.directory import Worker, WorkerJoined
from domain.history import counted
from domain.ledger.application import Cases
from domain.ledger.database import Region
from domain.ledger.readtable import Index
from projections.behind import behind, count_behind, count_behind_events
from projections.live import Live
from projections.projection import AnyProjection, Projection
from projections.rebuild import rebuild_cases, start_over
from tests.town import AINO, Town, ledger


@dataclass(frozen=True)
class Spoken:
    """The language that a client speaks, from when on."""

    client: UUID
    language: Language
    since: datetime


@dataclass(frozen=True)
class Heard:
    """What is remembered of a client: how often they chose, beside the row."""

    times: int = 0
    row: tuple[Spoken, ...] = ()


def spoken(heard: Heard, it: Recorded) -> Heard:
    """Remember each choice; only the third one counts."""
    match it.event:
        case LanguageChosen(language=language) if heard.times == 2:
            return Heard(0, (Spoken(it.stream, language, it.context.occurred),))
        case LanguageChosen():
            return replace(heard, times=heard.times + 1)
    return heard


@dataclass(frozen=True)
class Begun:
    """When a client became one."""

    client: UUID
    since: datetime


def begun(rows: tuple[Begun, ...], it: Recorded) -> tuple[Begun, ...]:
    """Add the row."""
    match it.event:
        case ClientRegistered():
            return (Begun(it.stream, it.context.occurred),)
    return rows


@dataclass(frozen=True)
class Joined:
    """A unit that a worker works in."""

    worker: UUID
    unit: str


def joined(rows: tuple[Joined, ...], it: Recorded) -> tuple[Joined, ...]:
    """Add a row for each unit."""
    match it.event:
        case WorkerJoined(unit=unit):
            return (*rows, Joined(it.stream, unit))
    return rows


BY_LANGUAGE = Index(("language", "since"), where="language <> 'fi'")
SPOKEN = Projection(
    name="spoken", version=1, row=Spoken, fold=spoken, of=Client, start=Heard(), rows=lambda heard: heard.row,
    indexes=(BY_LANGUAGE,),
)  # fmt: skip
BEGUN = Projection(name="begun", version=1, row=Begun, fold=begun, of=Client)
JOINED = Projection(name="joined", version=1, row=Joined, fold=joined, key=("unit",), of=Worker)
THREE: tuple[AnyProjection, ...] = (BEGUN, JOINED, SPOKEN)


@pytest.fixture
def region(database: str) -> Region:
    return Region(database, "koe")


@pytest.fixture
def town(region: Region, tmp_path: Path) -> Iterator[Town]:
    with ledger(region, tmp_path, Live(THREE)) as cases:
        yield Town(cases).settle()


def speaks(town: Town, client: UUID, *languages: Language) -> None:
    for language in languages:
        town.do(ChooseLanguage(language), client, Actor(str(client), Role.CLIENT))


def rows_of(region: Region, projection: AnyProjection, stream: UUID) -> list[tuple[Any, ...]]:
    table = projection.table
    columns = ", ".join(f'"{name}"' for name, _ in table.columns)
    query = f"SELECT {columns} FROM {table.table} WHERE {table.stream} = %s"
    with region.connect() as connection:
        return connection.execute(query.encode(), (stream,)).fetchall()


def right(cases: Cases, stream: UUID) -> bool:
    history = counted(cases.history(stream))
    of_clients: tuple[AnyProjection, ...] = (BEGUN, SPOKEN)
    return all(
        rows_of(cases.region, it, stream) == [tuple(it.record(row).values()) for row in it.over(history)]
        for it in of_clients
    )


def standing(region: Region) -> dict[UUID, tuple[str, int, list[str]]]:
    with region.connect() as connection:
        found = connection.execute("SELECT stream, kind, head, current FROM projected").fetchall()
    return {stream: (kind, head, current) for stream, kind, head, current in found}


def test_a_stream_of_each_kind_has_the_rows_of_its_kind_alone(town: Town, region: Region) -> None:
    client = town.client()
    case = town.case(client)
    assert standing(region)[client] == ("client", 1, ["begun_v1", "spoken_v1"])
    assert case not in standing(region)
    workers = {it for it, (kind, _, _) in standing(region).items() if kind == "worker"}
    assert len(workers) == 3
    assert all(len(rows_of(region, JOINED, it)) == 1 for it in workers)


def test_what_is_remembered_goes_on_from_act_to_act_and_rows_are_made_of_it(town: Town, region: Region) -> None:
    client = town.client()
    speaks(town, client, "fi", "sv")
    assert rows_of(region, SPOKEN, client) == []
    speaks(town, client, "se")
    assert [language for _, language, _ in rows_of(region, SPOKEN, client)] == ["se"]
    assert right(town.cases, client)


def test_another_process_remembers_the_same_from_the_events(town: Town, region: Region, tmp_path: Path) -> None:
    client = town.client()
    speaks(town, client, "fi", "sv")
    with ledger(region, tmp_path, Live(THREE)) as cases:
        speaks(Town(cases), client, "en")
        assert [language for _, language, _ in rows_of(region, SPOKEN, client)] == ["en"]
        assert right(cases, client)


def test_streams_that_began_before_their_projections_are_behind_until_they_are_built(
    region: Region, tmp_path: Path
) -> None:
    with ledger(region, tmp_path, Live([])) as cases:
        before = Town(cases).settle()
        old, older = before.client(), before.client()
        speaks(before, old, "fi", "sv", "en")
    with ledger(region, tmp_path, Live(THREE)) as cases, region.connect() as connection:
        town = Town(cases)
        speaks(town, older, "fi")  # an act does not bring it in place
        new = town.client()
        assert count_behind(connection, THREE) == {"begun": 0, "joined": 0, "spoken": 0}  # it does not know them
        assert count_behind_events(connection, THREE) == {"begun": 2, "joined": 3, "spoken": 2}
        todo = behind(connection, [BEGUN, SPOKEN])
        assert sorted(todo) == sorted([(old, 4), (older, 2)])
        assert rebuild_cases(connection, THREE, [it for it, _ in behind(connection, THREE)]).cases == 5
        assert behind(connection, THREE) == []
        assert count_behind_events(connection, THREE) == {"begun": 0, "joined": 0, "spoken": 0}
        assert all(right(cases, it) for it in (old, older, new))
        speaks(town, old, "fi", "sv", "se")
        assert right(cases, old)


def test_what_an_older_release_wrote_meanwhile_is_behind_in_all_that_it_did_not_know(
    town: Town, region: Region, tmp_path: Path
) -> None:
    unknown, known = town.client(), town.client()
    with ledger(region, tmp_path, Live([])) as cases:
        speaks(Town(cases), unknown, "fi")
    with ledger(region, tmp_path, Live([BEGUN])) as cases:
        speaks(Town(cases), known, "fi")
    assert standing(region)[known] == ("client", 2, ["begun_v1"])
    with region.connect() as connection:
        assert behind(connection, [BEGUN]) == [(unknown, 2)]
        assert sorted(behind(connection, THREE)) == sorted([(unknown, 2), (known, 2)])
        speaks(town, unknown, "sv")
        assert standing(region)[unknown] == ("client", 3, [])
        rebuild_cases(connection, THREE, [unknown, known])
        assert behind(connection, THREE) == []
    assert right(town.cases, unknown)
    assert right(town.cases, known)


def test_a_rebuild_races_writers_of_clients_and_every_row_is_right(town: Town, region: Region) -> None:
    clients, enough = [town.client() for _ in range(3)], threading.Event()

    def write(client: UUID) -> None:
        while not enough.is_set():
            speaks(town, client, "fi", "sv", "se")

    with ThreadPoolExecutor(3) as writers, region.connect() as connection:
        writing = [writers.submit(write, client) for client in clients]
        for _ in range(5):
            start_over(connection, [SPOKEN])
            rebuild_cases(connection, THREE, clients)
        enough.set()
        for it in writing:
            it.result(20)
        rebuild_cases(connection, THREE, clients)
        assert behind(connection, THREE) == []
    assert all(right(town.cases, it) for it in clients)


def test_an_index_is_made_with_its_table_and_harmless_twice(town: Town, region: Region) -> None:
    with region.connect(owner=True) as owner:
        for statement in SPOKEN.table.create_indexes:
            owner.execute(statement.encode())
        found = owner.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'spoken_v1' ORDER BY 1").fetchall()
    assert len(found) == 2
    assert "(language, since) WHERE (language <> 'fi'::text)" in found[0][0]
    assert town.client() in standing(region)


def test_an_index_with_a_long_name_or_another_condition_is_one_of_its_own() -> None:
    long = ("responsible_organisation", "responsible_unit", "responsible_worker")
    table = replace(SPOKEN.table, indexes=(Index(long), Index((*long, "since")), BY_LANGUAGE, Index(("language",))))
    called = [it.split()[5] for it in table.create_indexes]
    assert len(set(called)) == 4
    assert all(len(it) <= 63 for it in called)


def test_a_projection_that_raises_leaves_its_own_table_behind_alone(region: Region, tmp_path: Path) -> None:
    def raising(heard: Heard, it: Recorded) -> Heard:
        if it.version == 2:
            raise ValueError
        return spoken(heard, it)

    poisoned = replace(SPOKEN, fold=raising)
    with ledger(region, tmp_path, Live([BEGUN, poisoned])) as cases:
        town = Town(cases).settle()
        client = town.client()
        speaks(town, client, "fi", "sv")
        assert standing(region)[client] == ("client", 3, ["begun_v1"])
        assert town.case(client, AINO)
