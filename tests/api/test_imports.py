"""Imports: a history comes in whole, in its own order, once; and the report says what the file does."""

import csv
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.house import House, opened
from api.imports import IMPORTER, Import, NotTaken, Taken, import_history, placed
from api.settings import Settings
from api.sources import Mapping, Row, read
from domain.acceptance import AcceptHandoff
from domain.case import Case
from domain.decider import SEALED, Actor, Role
from domain.directory import JoinUnit, WorkerJoined, unit_stream, worker_stream
from domain.handoff import ProposeHandoff
from domain.imports import ActivityImported
from domain.intake import PromiseNextStep
from domain.ledger.application import ask
from domain.ledger.postgres import Server
from domain.remembered import Holder
from projections.rebuild import verify
from projections.report import Level, handoff_figures
from tests.api.conftest import new_database
from tests.api.reckoning import reckon

ROOT = Path(__file__).parents[2]
HISTORIES = Path(__file__).parent / "histories"
CSV, XES = HISTORIES / "palvelupolut.csv", HISTORIES / "palvelupolut.xes"
BPI = ROOT.parent / "shared" / "data" / "bpi_challenge_2013_incidents.xes.gz"
LEVELS: tuple[Level, ...] = ("unit", "worker", "organisation")
GOAL_SECONDS = 30


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with opened(Settings(home=tmp_path / ".luotsi", database_url=database)) as house:
        yield house


@contextmanager
def another_house(postgres: Server, home: Path) -> Iterator[House]:
    with new_database(postgres) as url, opened(Settings(home=home / ".luotsi", database_url=url)) as house:
        yield house


def mapping_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.toml")


def taken(house: House, path: Path, mapping: Path | None = None, **how: Any) -> tuple[Taken, list[NotTaken]]:
    told: list[NotTaken] = []
    read_by = Mapping.read(mapping or mapping_of(path))
    came = import_history(house, path, read_by, tell=told.append, **{"processes": 1} | how)
    return came, told


def written(tmp_path: Path, *rows: str, name: str = "history.csv") -> Path:
    """Write a small CSV history, and its mapping beside it."""
    path = tmp_path / name
    path.write_text("\n".join(["case;client;time;what;organisation;unit;worker", *rows]), encoding="utf-8")
    mapping_of(path).write_text(
        '[case]\nid = "case"\nclient = "client"\n[event]\ntime = "time"\ntime_zone = "Europe/Helsinki"\n'
        'activity = "what"\norganisation = "organisation"\nunit = "unit"\nworker = "worker"\n'
        '[meaning]\nqueued = ["queued"]\nwaiting_for_client = ["waits"]\nclosed = ["closed"]\n',
        encoding="utf-8",
    )
    return path


def figures(house: House, by: Level) -> dict[str, int | float]:
    with house.region.connect() as connection:
        return handoff_figures(connection, by)


def case_in(path: Path, name: str, source: str | None = None) -> UUID:
    """Return the stream of a case by its name in the source."""
    mapping = Mapping.read(mapping_of(path))
    this = Import.of(source or path.name, mapping)
    return next(this.case(it) for it in read(path, mapping) if it.id == name)


def everything(house: House) -> set[tuple[object, ...]]:
    """Return what stands in the ledger, apart from when it was recorded and under which keys."""
    with house.region.connect() as connection:
        events = connection.execute("SELECT stream, version, topic, occurred FROM events").fetchall()
        clients = connection.execute('SELECT "case", client FROM clients').fetchall()
        receipts = connection.execute("SELECT command, stream, first, last FROM receipts").fetchall()
    return {*events, *clients, *receipts}


def test_each_history_is_another_one_when_read_by_another_mapping(tmp_path: Path) -> None:
    mapping = Mapping.read(mapping_of(CSV))
    path = written(tmp_path)
    assert Import.of("a", mapping) == Import.of("a", Mapping.read(mapping_of(CSV)))
    assert len({it.id for it in (Import.of("a", mapping), Import.of("b", mapping),
                                 Import.of("a", Mapping.read(mapping_of(path))))}) == 3  # fmt: skip


@pytest.mark.parametrize("path", [CSV, XES], ids=["csv", "xes"])
def test_the_report_says_what_the_file_does(house: House, path: Path) -> None:
    came, told = taken(house, path)
    assert (came.cases, came.rows, told) == (8, 61, [])
    mapping = tomllib.loads(mapping_of(path).read_text("utf-8"))
    for by in LEVELS:
        assert figures(house, by) == reckon(path, mapping, by)


def test_a_second_time_nothing_changes(house: House) -> None:
    taken(house, CSV)
    before = everything(house)
    came, _ = taken(house, CSV)
    assert came == Taken(skipped=8)
    assert everything(house) == before


def test_two_processes_do_what_one_does(house: House, postgres: Server, tmp_path: Path) -> None:
    taken(house, CSV, processes=2)
    with another_house(postgres, tmp_path) as other:
        taken(other, CSV)
        assert everything(house) == everything(other)


def test_the_read_tables_say_what_the_events_do(house: House) -> None:
    taken(house, XES)
    assert verify(house.region).differences == []


def test_everything_has_its_place_in_the_sequence(house: House) -> None:
    taken(house, CSV)
    with house.region.connect() as connection:
        counts = connection.execute(
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM sequence), (SELECT count(*) FROM outbox)"
        ).fetchone()
    assert counts
    assert counts[0] == counts[1] > 61
    assert counts[2] == 0


def test_the_order_is_the_files_whatever_its_times_say(house: House, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "1;;2024-03-04 12:00;third;Kela;A;",
        "1;;2024-03-04 10:00;first;Kela;B;",
        "1;;2024-03-04 11:00;second;Kela;A;",
    )
    taken(house, path)
    case = case_in(path, "1")
    history = house.cases.history(case)
    words = house.cases.words(case)
    rows = [it for it in history if isinstance(it.event, ActivityImported)]
    assert [words[it.version]["activity"] for it in rows] == ["third", "first", "second"]
    assert [it.context.occurred.hour for it in rows] == [10, 8, 9]  # in UTC
    assert not any(it.context.late for it in history)
    assert figures(house, "unit")["bounces"] == 1


def test_each_event_tells_that_it_was_imported_and_by_whom(house: House) -> None:
    taken(house, CSV)
    case = case_in(CSV, "2025-001")
    this = Import.of(CSV.name, Mapping.read(mapping_of(CSV)))
    for it in house.cases.history(case):
        context = it.context
        assert (context.imported, context.reported, context.actor) == (this.id, True, IMPORTER)


def test_the_sources_words_are_words(house: House) -> None:
    taken(house, CSV)
    case = case_in(CSV, "2025-001")
    first = next(it for it in house.cases.history(case) if isinstance(it.event, ActivityImported))
    assert vars(first.event)["activity"] == SEALED
    assert house.cases.words(case)[first.version] == {"activity": "Käsittely/työn alla"}
    with house.region.connect() as connection:
        for column in ("bytes", "topic::bytea"):
            found = connection.execute(
                f"SELECT count(*) FROM events WHERE position(%s::bytea IN {column}) > 0".encode(),
                ("työn alla".encode(),),
            ).fetchone()
            assert found == (0,)


def test_a_client_whom_the_source_names_is_one_client_and_another_is_one_a_case(house: House, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "1;A;2024-03-04 10:00;work;Kela;A;",
        "2;A;2024-03-04 10:00;work;Kela;A;",
        "3;;2024-03-04 10:00;work;Kela;A;",
        "4;;2024-03-04 10:00;work;Kela;A;",
    )
    came, _ = taken(house, path)
    assert came.cases == 4
    clients = {name: house.cases.client_of(case_in(path, name)) for name in "1234"}
    assert clients["1"] == clients["2"]
    assert len(set(clients.values())) == 3


def test_bad_rows_are_told_with_line_and_reason_and_counted(house: House, tmp_path: Path) -> None:
    tomorrow = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d %H:%M}"
    path = written(
        tmp_path,
        "1;;2024-03-04 10:00;work;Kela;A;",
        "1;;yesterday;work;Kela;A;",
        f"1;;{tomorrow};closed;Kela;A;",
        ";;2024-03-04 10:00;work;Kela;A;",
        "2;;;work;Kela;A;",
    )
    came, told = taken(house, path)
    assert came == Taken(cases=1, rows=1, bad=4)
    lines = {it.line: (it.case, it.reason) for it in told}
    assert lines[3][0] == "1"
    assert "is not a time" in lines[3][1]
    assert "yet to come" in lines[4][1]
    assert lines[5] == ("", "no case: case is not stated")
    assert lines[6][0] == "2"
    state = house.cases.loaded(case_in(path, "1"), Case).state
    assert isinstance(state, Case)
    assert state.status == "open"
    again, told_again = taken(house, path)
    assert (again.skipped, again.bad, sorted(told_again, key=lambda it: it.line)) == (
        1, 4, sorted(told, key=lambda it: it.line),
    )  # fmt: skip


def test_a_case_that_has_grown_since_is_told_and_left_as_it_is(house: House, tmp_path: Path) -> None:
    taken(house, written(tmp_path, "1;;2024-03-04 10:00;work;Kela;A;"))
    path = written(tmp_path, "1;;2024-03-04 10:00;work;Kela;A;", "1;;2024-03-05 10:00;closed;Kela;A;")
    came, told = taken(house, path)
    assert came == Taken(skipped=1, bad=1)
    assert [(it.line, it.case) for it in told] == [(3, "1")]


def test_until_the_source_states_a_holder_the_intake_holds_the_case(house: House, tmp_path: Path) -> None:
    path = written(tmp_path, "1;;2024-03-04 10:00;queued;;;", "1;;2024-03-04 12:30;work;;;")
    taken(house, path)
    state = house.cases.loaded(case_in(path, "1"), Case).state
    assert isinstance(state, Case)
    assert state.responsible == Holder("history.csv", "intake of history.csv")
    told = figures(house, "unit")
    assert (told["holders"], told["moves"], told["accepted"], told["hours_unaccepted"]) == (0, 0, 0, 2.5)


INTAKE = Holder("source", "intake")


def row(number: int, meaning: Any = "work", **stated: str | None) -> Row:
    at = datetime(2024, 3, 4, number, tzinfo=UTC)
    parts = {"organisation": None, "unit": None, "worker": None} | stated
    return Row(number=number, line=number, time=at, activity="x", meaning=meaning, **parts)


@pytest.mark.parametrize(
    ("rows", "holders"),
    [
        ([row(1)], [None]),
        ([row(1, organisation="kela")], [None]),
        ([row(1, unit="A")], [Holder("source", "A")]),
        ([row(1, worker="aino")], [Holder("source", "intake", "aino")]),
        ([row(1, unit="A", worker="aino"), row(2)], [Holder("source", "A", "aino")] * 2),
        ([row(1, unit="A", worker="aino"), row(2, unit="A")], [Holder("source", "A", "aino")] * 2),
        ([row(1, unit="A", worker="aino"), row(2, unit="B")], [Holder("source", "A", "aino"), Holder("source", "B")]),
        ([row(1, unit="A", worker="aino"), row(2, "queued"), row(3, unit="A")],
         [Holder("source", "A", "aino"), Holder("source", "A"), Holder("source", "A")]),
        ([row(1, organisation="kela", unit="A"), row(2, unit="B"), row(3, organisation="pirha")],
         [Holder("kela", "A"), Holder("kela", "B"), Holder("pirha", "B")]),
    ],
    ids=["nothing", "organisation alone", "unit", "worker without a unit", "what is not stated stays", "same unit",
         "a worker does not go along", "nobody is named for a queued one", "organisations"],
)  # fmt: skip
def test_a_row_places_its_case(rows: list[Row], holders: list[Holder | None]) -> None:
    assert [holder for _, holder in placed(INTAKE, rows)] == holders


def test_an_imported_case_goes_on_living_among_those_whom_the_source_named(house: House, tmp_path: Path) -> None:
    path = written(
        tmp_path, "1;;2024-03-04 10:00;work;Kela;A;aino", "1;;2024-03-05 10:00;closed;Kela;A;aino",
        "2;;2024-03-04 10:00;work;Pirha;B;bo", "1;;2024-03-06 10:00;work;Kela;A;aino",
    )  # fmt: skip
    taken(house, path)
    case = case_in(path, "1")
    aino, bo = Actor("aino", Role.WORKER, "Kela", "A"), Actor("bo", Role.WORKER, "Pirha", "B")
    to = Holder("Pirha", "B", "bo")
    house.cases.execute(
        ask(ProposeHandoff(to, "jatkuu", no_view_because="tuotu", disclosure_basis="statutory"), case, aino)
    )
    state = house.cases.loaded(case, Case).state
    assert isinstance(state, Case)
    assert state.pending
    house.cases.execute(ask(AcceptHandoff(state.pending.handoff), case, bo))
    house.cases.execute(ask(PromiseNextStep("worker", "soitan", datetime.now(UTC) + timedelta(days=1)), case, bo))


def test_a_directory_that_knows_the_holders_already_stays_as_it_is(house: House, tmp_path: Path) -> None:
    first = written(tmp_path, "1;;2024-03-04 10:00;work;Kela;A;aino", name="first.csv")
    second = written(tmp_path, "1;;2024-03-04 10:00;work;Kela;A;aino", "1;;2024-03-04 11:00;work;Kela;B;aino",
                     name="second.csv")  # fmt: skip
    taken(house, first)
    taken(house, second)
    workers = house.cases.history(worker_stream("Kela", "aino"))
    assert [it.event for it in workers] == [
        WorkerJoined("Kela", unit, "aino", JoinUnit.profession) for unit in ("A", "B")
    ]
    assert len(house.cases.history(unit_stream("Kela", "A"))) == 1


# Killed in the middle


def long_history(tmp_path: Path, cases: int = 300) -> Path:
    units, meanings = ["A", "B", "C"], ["work", "queued", "work", "waits", "closed", "work"]
    rows = (
        f"{case};c{case % 50};2024-03-04 {step + 8:02}:{case % 60:02};{meanings[(case + step) % 6]};Kela;"
        f"{units[(case * step) % 3]};w{case % 7}"
        for step in range(6)
        for case in range(cases)
    )
    return written(tmp_path, *rows)


def begun(url: str, path: Path, home: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "import",
        str(path),
        "--mapping",
        str(mapping_of(path)),
        "--processes=2",
    ]
    environment = os.environ | {"DATABASE_URL": url, "LUOTSI_HOME": str(home), "LUOTSI_REGION": "luotsi"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"


def test_killed_in_the_middle_and_begun_again_it_comes_to_the_same(postgres: Server, tmp_path: Path) -> None:
    path = long_history(tmp_path)
    with another_house(postgres, tmp_path) as house, psycopg.connect(house.region.url, autocommit=True) as looking:
        url, home = house.region.url, house.settings.home

        def count(query: str) -> int:
            return int((looking.execute(query.encode()).fetchone() or (0,))[0])

        house.pool.close()
        with begun(url, path, home) as first:
            until(lambda: count("SELECT count(*) FROM luotsi.clients") > 20)
            first.send_signal(signal.SIGKILL)
        here = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        until(lambda: count(here) == 0)  # its processes end with it
        came = count("SELECT count(*) FROM luotsi.clients")
        assert 20 < came < 300
        with begun(url, path, home) as second:
            assert second.wait(60) == 0
        with another_house(postgres, tmp_path / "other") as other:
            taken(other, path)
            assert everything(house) == everything(other)


# A real history


@pytest.mark.skipif(
    not BPI.exists(), reason="the event log of the BPI Challenge 2013 is not here: no part of the project"
)
def test_the_bpi_challenge_2013_comes_in_whole(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = HISTORIES / "bpi2013.toml"
    began = time.monotonic()
    came, told = taken(house, BPI, mapping, processes=None)
    reports = {by: figures(house, by) for by in LEVELS}
    seconds = time.monotonic() - began
    assert (came, told) == (Taken(cases=7554, rows=65533), [])
    for by in LEVELS:
        assert reports[by] == reckon(BPI, tomllib.loads(mapping.read_text("utf-8")), by)
    with capsys.disabled():
        goal = f"{'within' if seconds <= GOAL_SECONDS else 'over'} the goal of {GOAL_SECONDS} s"
        print(f"\n{came.rows} rows in {seconds:.1f} s, {came.rows / seconds:,.0f} a second: {goal}")


def test_the_histories_are_the_same_one() -> None:
    with CSV.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file, delimiter=";"))) == 61
