"""Round the service, straight at the database: what a reader's role sees there, and what it can't do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from domain.authorization import standing
from domain.calendar import Calendar
from domain.case import Case
from domain.client import Client
from domain.decider import Actor, Role
from domain.directory import Organisation, Unit, Worker
from domain.ledger.database import Pool, Region
from domain.ledger.migrate import migrate
from domain.ledger.postgres import Server
from domain.policy import Policies
from projections.access import ACCESS_ROWS
from projections.behind import count_behind
from projections.findings.found import Moment
from projections.listed import Sought, listed
from projections.live import Live
from projections.projection import AnyProjection, every_projection
from projections.searched import Place
from projections.standing import STANDING
from tests.api.conftest import new_database
from tests.domain.given import STAFF_OF_ALL
from tests.projections.test_kinds import SPOKEN
from tests.projections.test_lives import lived, relived, settled
from tests.town import AINO, BO, Town, ledger

CASES = [it for it in every_projection() if it.of is Case]
STRANGER = Actor("ville", Role.WORKER, "1234567-1", "muualla")
PEOPLE = (*STAFF_OF_ALL, AINO, BO, STRANGER)
LIVES, STEPS = 4, 60
TOLD_TO_READERS = {"projected"}
"""What a reader's role may look at beside the read tables: how far each stream is, so that a list can say it."""
each_table = pytest.mark.parametrize("projection", CASES, ids=lambda it: it.name)

Row = dict[str, Any]


@dataclass(frozen=True)
class House:
    """A region in which some lives were lived, and a case was handed from Kela to the county."""

    town: Town
    passed_on: UUID
    stays: UUID

    @property
    def pool(self) -> Pool:
        return self.town.cases.pool

    @property
    def region(self) -> Region:
        return self.town.cases.region

    def seen(self, projection: AnyProjection, **sight: str) -> list[Row]:
        """Return the rows that a reader sees."""
        with self.pool.reading(sight) as connection:
            return rows_of(connection, projection)

    def all_of(self, projection: AnyProjection) -> list[Row]:
        """Return all rows, as the service sees them."""
        with self.pool.connection() as connection:
            return rows_of(connection, projection)

    def may_see(self, who: Actor, row: Row) -> bool:
        """Say whether somebody may see a row, by what they are to its case."""
        case = self.town.cases.loaded(row["case"], Case).state
        assert isinstance(case, Case)
        found = standing(who, case, datetime.now(UTC), None)
        return found.upto is None


def rows_of(connection: psycopg.Connection[Any], projection: AnyProjection) -> list[Row]:
    columns = [name for name, _ in projection.table.columns]
    found = connection.execute(f"SELECT * FROM {projection.table.table}".encode()).fetchall()
    return sorted((dict(zip(columns, it, strict=True)) for it in found), key=repr)


def sight_of(who: Actor) -> Mapping[str, str]:
    return {"organisation": who.organisation or "", "worker": who.id}


@pytest.fixture(scope="module")
def house(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with new_database(postgres) as database, ledger(Region(database, "koe"), tmp_path_factory.mktemp("koti")) as cases:
        town = Town(cases).settle()
        settled(town)
        for seed in range(LIVES):
            relived(town, uuid4(), lived(seed, STEPS, first_command=seed * 10_000).acts)
        passed_on, stays = town.case(), town.case()
        town.say(passed_on)
        town.hand_over(passed_on)
        town.say(passed_on, "tämä sanottiin jo Pirkanmaalla", by=BO)
        yield House(town, passed_on, stays)


# What is seen.


@pytest.mark.rule(7)
@each_table
def test_a_reader_who_is_nobody_sees_nothing(house: House, projection: AnyProjection) -> None:
    assert house.all_of(projection) or projection.name not in {"access", "standing", "owner"}
    for nobody in ({}, {"worker": "aino"}, {"organisation": "", "worker": ""}, {"cases": "", "since": "", "until": ""}):
        assert house.seen(projection, **nobody) == []
    assert house.seen(projection, **sight_of(STRANGER)) == []


@pytest.mark.rule(7)
@each_table
def test_everybody_sees_the_rows_of_the_cases_that_they_may_read_and_as_far_as_they_may(
    house: House, projection: AnyProjection
) -> None:
    if projection is ACCESS_ROWS:
        return
    rows = house.all_of(projection)
    for who in PEOPLE:
        assert house.seen(projection, **sight_of(who)) == [it for it in rows if house.may_see(who, it)], who


def test_of_who_has_a_part_a_reader_sees_their_own_organisations_rows(house: House) -> None:
    rows = house.all_of(ACCESS_ROWS)
    for who in PEOPLE:
        mine = [it for it in rows if it["organisation"] == who.organisation]
        assert house.seen(ACCESS_ROWS, **sight_of(who)) == mine


@pytest.mark.rule(7)
def test_who_had_a_case_before_finds_it_in_no_list_for_a_row_does_not_tell_when_it_changed(house: House) -> None:
    for projection in (it for it in CASES if it is not ACCESS_ROWS):
        of_all = [it for it in house.all_of(projection) if it["case"] == house.passed_on]
        assert [it for it in house.seen(projection, **sight_of(AINO)) if it["case"] == house.passed_on] == []
        assert [it for it in house.seen(projection, **sight_of(BO)) if it["case"] == house.passed_on] == of_all


@each_table
def test_an_auditor_sees_the_cases_that_are_named_and_no_others(house: House, projection: AnyProjection) -> None:
    if projection is ACCESS_ROWS:
        return
    for named in ({house.stays}, {house.stays, house.passed_on}, {uuid4()}):
        seen = house.seen(projection, cases=",".join(map(str, named)))
        assert seen == [it for it in house.all_of(projection) if it["case"] in named]


def test_an_auditor_sees_the_cases_that_were_open_in_a_time(house: House) -> None:
    now = datetime.now(UTC)
    states = {it["case"]: house.town.cases.loaded(it["case"], Case).state for it in house.all_of(STANDING)}
    began = sorted({state.began for state in states.values() if state.began})
    told = set()
    for since, until in ((now - timedelta(days=9), now), *combinations(began, 2), (now + timedelta(1), now)):
        covered = {
            case for case, it in states.items()
            if isinstance(it, Case) and it.began and it.began < until and not (it.closed_at and it.closed_at < since)
        }  # fmt: skip
        seen = house.seen(STANDING, since=since.isoformat(), until=until.isoformat())
        assert {it["case"] for it in seen} == covered
        told.add(len(covered))
    assert 0 < min(told) < max(told)


# What a reader can't do.


def read_tables() -> list[AnyProjection]:
    return list(every_projection())


def tables(region: Region) -> list[str]:
    with region.connect(owner=True) as owner:
        found = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (region.name,)).fetchall()
    return sorted(name for (name,) in found)


def test_a_reader_looks_into_no_table_that_is_not_made_for_reading(house: House) -> None:
    kept = set(tables(house.region)) - {it.table.table for it in read_tables()} - TOLD_TO_READERS
    assert kept >= {"events", "words", "keys", "keks", "clients", "receipts", "reads", "sessions", "outbox", "bereft"}
    for table in sorted(kept):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), house.pool.reading(sight_of(AINO)) as connection:
            connection.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("column", ["stream", "head", "*"])
def test_a_reader_is_told_how_far_the_tables_are_and_not_which_cases_there_are(house: House, column: str) -> None:
    with house.pool.reading(sight_of(AINO)) as connection:
        assert set(count_behind(connection, CASES).values()) == {0}
    with pytest.raises(psycopg.errors.InsufficientPrivilege), house.pool.reading(sight_of(AINO)) as connection:
        connection.execute(f"SELECT {column} FROM projected".encode())


@each_table
def test_a_page_is_found_without_a_look_at_the_shares_of_all_cases(house: House, projection: AnyProjection) -> None:
    with house.pool.reading(sight_of(AINO)) as connection:  # the plan is the same for an auditor of a time
        plan = connection.execute(f"EXPLAIN SELECT * FROM {projection.table.table}".encode()).fetchall()
    assert "hashed" not in str(plan)


@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "INSERT INTO {} DEFAULT VALUES"])
def test_a_reader_changes_nothing(house: House, change: str) -> None:
    for table in tables(house.region):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), house.pool.reading(sight_of(AINO)) as connection:
            connection.execute(sql.SQL(change).format(sql.Identifier(table)))


def test_a_reader_updates_nothing_and_runs_none_of_what_destroys(house: House) -> None:
    for projection in CASES:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), house.pool.reading(sight_of(AINO)) as connection:
            connection.execute(f'UPDATE {projection.table.table} SET "case" = "case"'.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege), house.pool.reading(sight_of(AINO)) as connection:
        connection.execute("SELECT destroy_key(%s)", (house.stays,))


def test_the_readers_role_is_nothing_but_a_reader(house: House) -> None:
    with house.region.connect(owner=True) as owner:
        row = owner.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = %s",
            (house.region.reader,),
        ).fetchone()
        (of_others,) = owner.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", (house.region.reader,)
        ).fetchone() or (None,)
        (as_service,) = owner.execute(
            "SELECT pg_has_role(%s, %s, 'MEMBER')", (house.region.reader, house.region.service)
        ).fetchone() or (None,)
    assert row == (False,) * 6
    assert (of_others, as_service) == (0, False)


def test_the_connection_that_was_lent_to_a_reader_comes_back_as_the_services(house: House) -> None:
    pool = Pool(house.region, 1)
    try:
        before = who_is(pool)
        assert before == (house.region.service, None)
        with pool.reading(sight_of(AINO)) as connection:
            assert connection.execute(_WHO).fetchone() == (house.region.reader, AINO.organisation)
        assert who_is(pool) == before
        for failing in ("SELECT 1/0", "SELECT * FROM words", "no sql at all"):
            with pytest.raises(psycopg.Error), pool.reading(sight_of(AINO)) as connection:
                connection.execute(failing.encode())
            assert who_is(pool) == before
        with pytest.raises(LookupError), pool.reading(sight_of(AINO)):
            raise LookupError
        assert who_is(pool) == before
        with pool.reading({}) as connection:
            assert rows_of(connection, STANDING) == []  # of what the reader before was, nothing is left
    finally:
        pool.close()


def test_what_a_reader_says_of_themself_is_a_value_and_no_statement(house: House) -> None:
    for said in ("x' OR true --", "'; RESET ROLE; --", AINO.organisation + "'"):  # type: ignore[operator]
        assert house.seen(STANDING, organisation=said, worker=said) == []


_WHO = "SELECT current_user::text, nullif(current_setting('luotsi.organisation', true), '')"


def who_is(pool: Pool) -> Any:
    with pool.connection() as connection:
        return connection.execute(_WHO).fetchone()


# Every table has its wall.


def test_every_read_table_of_cases_has_a_wall_and_one_of_clients_is_shown_to_nobody() -> None:
    for it in every_projection():
        wall = it.table.wall
        if it.of is Case:
            assert ACCESS_ROWS.table.table in wall or it is ACCESS_ROWS, it.name
            assert "luotsi.organisation" in wall, it.name
        else:
            assert (wall == "true") == (it.of in {Organisation, Unit, Worker}), it.name
    assert SPOKEN.of is Client
    assert SPOKEN.table.wall == ""


def test_every_read_table_stands_behind_its_wall_in_the_database(house: House) -> None:
    with house.region.connect(owner=True) as owner:
        secured = owner.execute(
            "SELECT relname, relrowsecurity FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'",
            (house.region.name,),
        ).fetchall()
        policies = owner.execute(
            "SELECT tablename, policyname, roles::text[], cmd FROM pg_policies WHERE schemaname = %s",
            (house.region.name,),
        ).fetchall()
    walled = {name for name, stands in secured if stands}
    assert walled >= {it.table.table for it in every_projection()}
    for it in every_projection():
        of_readers = [(name, cmd) for table, name, roles, cmd in policies if table == it.table.table
                      and house.region.reader in roles]  # fmt: skip
        assert of_readers == ([(it.table.policy, "SELECT")] if it.table.wall else []), it.name


def test_a_table_without_a_wall_is_shown_to_nobody(database: str) -> None:
    region = Region(database, "koe")
    migrate(region, Live([ACCESS_ROWS, SPOKEN]).tables)
    pool = Pool(region, 1)
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), pool.reading(sight_of(AINO)) as connection:
            rows_of(connection, SPOKEN)
    finally:
        pool.close()


# What it costs.

MANY = 20_000


def test_a_list_of_one_organisation_finds_its_cases_by_an_index_among_many(database: str, tmp_path: Path) -> None:
    with ledger(Region(database, "koe"), tmp_path) as cases:
        town = Town(cases).settle()
        case = town.case()
        with cases.region.connect(owner=True) as owner:
            for projection in (ACCESS_ROWS, STANDING):
                owner.execute(multiplied(projection).encode(), {"case": case, "many": MANY})
                owner.execute(f"ANALYZE {projection.table.table}".encode())
        mine = Sought(
            Moment(datetime.now(UTC), Policies(), Calendar()), responsible=Place(organisation=AINO.organisation)
        )
        with cases.pool.reading(sight_of(AINO)) as connection:
            assert [it["case"] for it in listed(connection, mine, limit=10)] == [case]
            plan = planned(connection, f"SELECT * FROM {STANDING.table.table} WHERE responsible_organisation = 'kela'")
            of_case = planned(connection, f"SELECT * FROM {STANDING.table.table} WHERE \"case\" = '{case}'")
        assert "Seq Scan" not in plan + of_case
        assert f"on {ACCESS_ROWS.table.table}" in plan


def multiplied(projection: AnyProjection) -> str:
    """Return a statement that writes the rows of a case once more for each of many, as another organisation's."""
    elsewhere = {"case": "gen_random_uuid()"} | {
        name: f"'muu ' || n %% 50 || {name}" for name, kind in projection.table.columns
        if name.endswith("organisation") and kind == "text"
    }  # fmt: skip
    names = [name for name, _ in projection.table.columns]
    values = ", ".join(elsewhere.get(it, f'"{it}"') for it in names)
    table = projection.table.table
    return f'INSERT INTO {table} SELECT {values} FROM {table}, generate_series(1, %(many)s) n WHERE "case" = %(case)s'


def planned(connection: psycopg.Connection[Any], query: str) -> str:
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}".encode()).fetchall())
