"""One transaction: what an act writes is written whole or not at all, and never changed afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.case import WordsMissing
from domain.decider import Recorded
from domain.intake import OpenCase
from domain.ledger.application import Asked, Cases, TooBusy, ask
from domain.ledger.database import DatabaseUnavailable, Region
from domain.ledger.postgres import Server
from domain.voice import RecordStatement
from projections.access import ACCESS_ROWS
from projections.live import Live
from projections.projection import Projection
from tests.domain.ledger.conftest import (
    CURRENT,
    MODELS,
    STANDING,
    TABLES,
    TOLD,
    Standing,
    as_owner,
    everything,
    faults,
    fresh_rows,
    progress,
    rows_are_right,
    rows_of,
    standing,
)
from tests.town import AINO, Town, ledger

Spoilt = Callable[[Standing], tuple[Standing, ...]]

APPEND_ONLY = ("events", "words", "keys", "clients", "receipts", "sequence")

BREAK = {
    "against a check": (
        "ALTER TABLE {table} ADD CONSTRAINT broken CHECK (false) NOT VALID",
        "ALTER TABLE {table} DROP CONSTRAINT broken",
    ),
    "at the commit": (
        "CREATE CONSTRAINT TRIGGER broken AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
        "DROP TRIGGER broken ON {table}",
    ),
    "killed in the middle": (
        "CREATE TRIGGER broken AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION kill()",
        "DROP TRIGGER broken ON {table}",
    ),
}
FUNCTIONS = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
    CREATE FUNCTION kill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"""


@pytest.fixture(scope="module")
def house(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    region = Region(postgres.url, "koe_whole")
    with ledger(region, tmp_path_factory.mktemp("house"), Live(MODELS)) as opened:
        with region.connect(owner=True) as owner:
            owner.execute(FUNCTIONS)
        yield Town(opened).settle()


def opening(town: Town) -> Asked:
    """Return what, once carried out, has written to every table."""
    return ask(OpenCase(client=town.client(), need="asunto"), uuid4(), AINO)


@pytest.mark.parametrize("way", BREAK)
@pytest.mark.parametrize("table", TABLES)
def test_when_a_step_fails_nothing_is_written_and_the_same_request_goes_through_later(
    house: Town, table: str, way: str
) -> None:
    asked, region = opening(house), house.cases.region
    fault, mended = (it.format(table=table) for it in BREAK[way])
    before = everything(region)
    with as_owner(region, fault, mended), pytest.raises((psycopg.Error, TooBusy, DatabaseUnavailable)):
        house.cases.execute(asked)
    assert everything(region) == before
    assert house.cases.execute(asked).last == 1
    assert {name for name, rows in everything(region).items() if rows != before[name]} == set(TABLES)
    assert rows_are_right(house.cases, asked.stream)


@pytest.mark.parametrize("way", ["at the commit", "killed in the middle"])
@pytest.mark.parametrize(
    ("table", "doing"),
    [("events", "INSERT"), ("told_v1", "DELETE"), ("told_v1", "INSERT"), ("standing_v1", "INSERT"),
     ("projected", "UPDATE"), ("receipts", "INSERT")],
)  # fmt: skip
def test_when_a_step_of_replacing_all_rows_fails_nothing_is_written(
    house: Town, table: str, doing: str, way: str
) -> None:
    case, region = house.case(by=AINO), house.cases.region
    house.say(case)
    asked = ask(RecordStatement("tapahtui ennen"), case, AINO, occurred=late(house.cases, case))
    fault, mended = (it.format(table=table).replace("INSERT", doing) for it in BREAK[way])
    before = everything(region)
    with as_owner(region, fault, mended), pytest.raises((psycopg.Error, TooBusy, DatabaseUnavailable)):
        house.cases.execute(asked)
    assert everything(region) == before
    house.cases.execute(asked)
    assert house.cases.history(case)[-1].context.late
    assert rows_are_right(house.cases, case)


def late(cases: Cases, case: UUID) -> datetime:
    """Return a time just before the last event."""
    return cases.history(case)[-1].context.occurred - timedelta(microseconds=1)


def test_of_several_commands_carried_out_together_one_refusal_leaves_none(house: Town) -> None:
    client, case = house.client(), uuid4()
    before = everything(house.cases.region)
    with pytest.raises(WordsMissing):
        house.cases.execute_all([
            ask(OpenCase(client=client, need="asunto"), case, AINO), ask(RecordStatement(" "), case, AINO),
        ])  # fmt: skip
    assert everything(house.cases.region) == before


def test_several_commands_on_several_streams_come_back_in_the_order_in_which_they_were_asked(house: Town) -> None:
    first, second = house.case(), house.case()
    asked = [ask(RecordStatement(f"{n}"), case, AINO) for n, case in enumerate((first, second, first, second))]
    receipts = house.cases.execute_all(asked)
    assert [it.command for it in receipts] == [it.id for it in asked]
    assert [(it.stream, it.first) for it in receipts] == [(first, 2), (second, 2), (first, 3), (second, 3)]


def test_the_service_may_add_to_the_ledger_and_read_it(house: Town) -> None:
    with house.cases.region.connect() as service:
        for table in TABLES:
            service.execute(f"SELECT * FROM {table} LIMIT 1".encode())
    assert house.cases.execute(opening(house)).last == 1


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change",
    ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table}", "DROP TABLE {table}",
     "ALTER TABLE {table} ADD COLUMN more text",
     "CREATE TRIGGER more BEFORE INSERT ON {table} EXECUTE FUNCTION kill()"],
)  # fmt: skip
def test_the_service_may_not_change_what_is_written(house: Town, table: str, change: str) -> None:
    column = {"clients": "client", "receipts": "stream", "keys": "wrapped"}.get(table, "version")
    before = everything(house.cases.region)
    with house.cases.region.connect() as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute(change.format(table=table, column=column).encode())
    assert everything(house.cases.region) == before


@pytest.mark.parametrize("table", ["outbox", "projected", "log_state", "migrations"])
def test_the_service_may_not_empty_or_drop_the_tables_that_it_changes(house: Town, table: str) -> None:
    for change in (f"TRUNCATE {table}", f"DROP TABLE {table}"):
        with house.cases.region.connect() as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(change.encode())


# The projections go along, and never stand in the way.


def raising(rows: tuple[Standing, ...], it: Recorded) -> tuple[Standing, ...]:
    if it.version == 2:
        raise ValueError("asiakkaan salaiset sanat")
    return standing(rows, it)


def test_a_fold_that_raises_is_behind_and_says_so_and_the_act_goes_on(
    town: Town, region: Region, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = town.case()
    broken = Projection(name="standing", version=1, row=Standing, fold=raising)
    with ledger(region, tmp_path, Live([ACCESS_ROWS, TOLD, broken])) as opened, caplog.at_level(logging.ERROR):
        here = Town(opened)
        case = here.case()
        assert progress(region, case) == (1, CURRENT)
        assert caplog.text == ""
        here.offer(case)
        assert progress(region, case) == (3, ["access_v1", "told_v1"])
        assert rows_of(region, TOLD, case) == fresh_rows(opened, TOLD, case)
        assert rows_of(region, STANDING, case) == [(case, 1, "case-opened")]
        assert f"projection standing is behind: its fold of case {case} to version 3 raised ValueError" in caplog.text
        assert "salaiset" not in caplog.text
        here.say(case)
        here.say(other)
        assert progress(region, case) == (4, ["access_v1", "told_v1"])
        assert progress(region, other) == (2, ["access_v1", "told_v1"])
    town.say(case)  # a release whose fold is right goes on, and leaves what is behind to the rebuild
    assert progress(region, case) == (5, ["access_v1", "told_v1"])
    assert rows_of(region, TOLD, case) == fresh_rows(town.cases, TOLD, case)
    assert faults(region, case) == []


def too_great(row: Standing) -> tuple[Standing, ...]:
    return (replace(row, events=2**63),)


def not_text(row: Standing) -> tuple[Standing, ...]:
    return (replace(row, last="a\0b"),)


def twice_one_key(row: Standing) -> tuple[Standing, ...]:
    return (replace(row, last="one"), replace(row, last="two"))


@pytest.mark.parametrize("spoilt", [too_great, not_text, twice_one_key])
def test_rows_that_do_not_fit_their_table_leave_that_projection_behind_and_the_act_goes_on(
    town: Town, region: Region, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoilt: Spoilt
) -> None:
    def fold(rows: tuple[Standing, ...], it: Recorded) -> tuple[Standing, ...]:
        rows = standing(rows, it)
        return spoilt(rows[0]) if it.version == 3 else rows

    case = town.case()
    town.say(case)
    broken = Projection(name="standing", version=1, row=Standing, fold=fold)
    with ledger(region, tmp_path, Live([ACCESS_ROWS, TOLD, broken])) as opened, caplog.at_level(logging.ERROR):
        Town(opened).say(case)
    assert "projections are behind: rows did not fit their table" in caplog.text
    assert progress(region, case) == (3, ["access_v1"])
    assert faults(region, case) == []
    assert rows_of(region, STANDING, case) == [(case, 2, "statement-recorded")]


def test_what_is_reordered_replaces_all_rows(town: Town) -> None:
    case = town.case()
    began = town.cases.history(case)[0].context.occurred
    for n in range(3):
        town.say(case, f"{n}")
    asked = ask(RecordStatement("tämä tapahtui ensin"), case, AINO, occurred=began)
    town.cases.execute(asked)
    assert [version for _, _, version, _, _ in rows_of(town.cases.region, TOLD, case)] == [1, 5, 2, 3, 4]
    assert rows_are_right(town.cases, case)
    assert progress(town.cases.region, case) == (5, CURRENT)
