"""Migrations: numbered, applied once, by the owner, however many processes start at once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from domain.ledger import migrate as module
from domain.ledger.database import Region, RegionMisnamed
from domain.ledger.migrate import MigrationChanged, NotMigrated, TableChanged, migrate
from domain.ledger.postgres import Server
from tests.domain.ledger.conftest import LEDGER_TABLES, MODELS, TOLD

TABLES = [it.table for it in MODELS]
MIGRATIONS = [
    "0001_ledger.sql", "0002_standing.sql", "0003_reads.sql", "0004_readers.sql", "0005_keys.sql", "0006_reads.sql",
    "0007_sessions.sql", "0008_erasure.sql", "0009_log.sql", "0010_signing_keys.sql",
    "0011_heads.sql", "0012_anchors.sql", "0013_slips.sql",
]  # fmt: skip


def tables(region: Region) -> set[str]:
    with region.connect(owner=True) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (region.name,)).fetchall()
    return {name for (name,) in found}


def test_the_first_run_makes_everything_and_the_second_nothing(region: Region) -> None:
    assert migrate(region, TABLES) == MIGRATIONS
    made = tables(region)
    parts = {it for it in made if re.fullmatch(r"reads_\d{4}_\d\d", it)}
    assert len(parts) == 4
    assert made - parts == {
        *LEDGER_TABLES, "sequence", "log_state", "reads", "reads_other", "keks", "sessions", "bereft", "migrations",
        "signing_keys", "trees", "tiles", "checkpoints", "epochs", "heads", "heads_state", "reads_sequence",
        "reads_state", "stamps", "cosignatures", "slips", "slips_revoked",
        *(it.table for it in TABLES),
    }  # fmt: skip
    assert migrate(region, TABLES) == []
    assert tables(region) == made


def test_every_table_has_a_primary_key_and_none_a_trigger(region: Region) -> None:
    migrate(region, TABLES)
    with region.connect(owner=True) as connection:
        keyed = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
            " WHERE c.relnamespace = %s::regnamespace",
            (region.name,),
        ).fetchall()
        triggers = connection.execute(
            "SELECT 1 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = %s::regnamespace",
            (region.name,),
        ).fetchall()
    assert {name for (name,) in keyed} == tables(region)
    assert triggers == []


MIGRATE = """
import sys
from domain.ledger.database import Region
from domain.ledger.migrate import migrate
from tests.domain.ledger.conftest import MODELS
print("ready", flush=True)
sys.stdin.readline()
print(migrate(Region(sys.argv[1], sys.argv[2]), [it.table for it in MODELS]))
"""


def test_of_four_processes_that_start_at_once_one_migrates_and_all_go_on(region: Region) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", MIGRATE, region.url, region.name]
    starting = [subprocess.Popen(command, cwd=root, stdin=-1, stdout=-1, text=True) for _ in range(4)]
    for it in starting:
        assert it.stdout
        assert it.stdout.readline() == "ready\n"
    said = sorted(it.communicate("go\n", timeout=60)[0].strip() for it in starting)
    assert [it.returncode for it in starting] == [0] * 4
    assert said == [str(MIGRATIONS), "[]", "[]", "[]"]
    assert migrate(region, TABLES) == []


def test_a_role_that_another_database_of_the_server_has_made_is_taken_over(postgres: Server, database: str) -> None:
    name = f"koe_{uuid4().hex[:12]}"
    assert migrate(Region(postgres.url, name))
    assert migrate(Region(database, name))


def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(region)
    changed = [(name, f"{text}\n-- more") for name, text in module._migrations()]
    monkeypatch.setattr(module, "_migrations", lambda: iter(changed))
    with pytest.raises(MigrationChanged, match="0001_ledger"):
        migrate(region)


def test_a_migration_that_fails_leaves_nothing_of_itself_or_of_those_before_it(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [*module._migrations(), ("0009_more.sql", "CREATE TABLE more (); SELECT nothing")]
    with monkeypatch.context() as patch:
        patch.setattr(module, "_migrations", lambda: iter(files))
        with pytest.raises(psycopg.errors.UndefinedColumn):
            migrate(region)
    assert tables(region) == set()
    assert migrate(region) == MIGRATIONS


def test_a_later_migration_is_applied_to_what_is_there(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(region)
    files = [*module._migrations(), ("0009_more.sql", "CREATE TABLE more (id uuid PRIMARY KEY)")]
    monkeypatch.setattr(module, "_migrations", lambda: iter(files))
    assert migrate(region) == ["0009_more.sql"]
    assert "more" in tables(region)


def test_how_far_each_projection_was_is_kept_in_the_one_row_that_takes_its_place(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list(module._migrations())
    with monkeypatch.context() as patch:
        patch.setattr(module, "_migrations", lambda: iter(files[:1]))
        migrate(region)
    one, behind, ahead, empty = (uuid4() for _ in range(4))
    with region.connect(owner=True) as owner:
        for stream in (one, behind, ahead):
            owner.execute(_TWO_EVENTS, (stream,))
        for stream, table, version, head in [
            (one, "told_v1", 2, 2), (one, "standing_v1", 2, 2), (behind, "told_v1", 2, 2),
            (behind, "standing_v1", 1, 2), (ahead, "told_v1", 1, 1), (empty, "told_v1", 0, 0),
        ]:  # fmt: skip
            owner.execute("INSERT INTO projected VALUES (%s, %s, %s, %s)", (stream, table, version, head))
    assert migrate(region) == MIGRATIONS[1:]
    with region.connect() as service:
        found = service.execute("SELECT stream, kind, head, current FROM projected").fetchall()
    assert {stream: rest for stream, *rest in found} == {
        one: ["case", 2, ["standing_v1", "told_v1"]], behind: ["case", 2, ["told_v1"]], ahead: ["case", 2, []],
    }  # fmt: skip


_TWO_EVENTS = """
    INSERT INTO events SELECT %s, version, 'case-opened', now(), now(), '', decode(repeat('00', 32), 'hex')
    FROM generate_series(1, 2) version"""


def test_rows_of_another_shape_need_another_version_of_their_projection(region: Region) -> None:
    migrate(region, TABLES)
    more = replace(TOLD.table, columns=(*TOLD.table.columns, ("more", "text")), wall="")
    other_key = replace(TOLD.table, key=("case", "version"), wall="")
    for changed in (more, other_key):
        with pytest.raises(TableChanged, match="told_v1"):
            migrate(region, [changed])
        migrate(region, [replace(changed, version=2 if changed is more else 3)])
    assert {"told_v1", "told_v2", "told_v3"} <= tables(region)


# The owner alone


@pytest.fixture
def stranger(region: Region) -> Iterator[str]:
    """Give the URL of a role that may log in, and nothing else."""
    name = f"stranger_{uuid4().hex[:12]}"
    with psycopg.connect(region.url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'stranger'".encode())
        yield make_conninfo(region.url, user=name, password="stranger")
        owner.execute(f"DROP OWNED BY {name}".encode())
        owner.execute(f"DROP ROLE {name}".encode())


def test_whoever_is_not_the_owner_is_told_who_has_to_migrate(region: Region, stranger: str) -> None:
    as_stranger = replace(region, url=stranger)
    with pytest.raises(NotMigrated, match="as its owner"):
        migrate(as_stranger, TABLES)
    assert tables(region) == set()
    migrate(region, TABLES)
    with pytest.raises(NotMigrated):
        migrate(as_stranger, TABLES)


def test_a_service_that_logs_in_under_a_role_of_its_own_starts_once_the_owner_has_migrated(
    region: Region, stranger: str
) -> None:
    migrate(region, TABLES[:2])
    as_service = replace(region, url=stranger)
    name = psycopg.conninfo.conninfo_to_dict(stranger)["user"]
    with region.connect(owner=True) as owner:
        owner.execute(f"GRANT {region.service} TO {name}".encode())
    assert migrate(as_service, TABLES[:2]) == []
    with pytest.raises(NotMigrated):
        migrate(as_service, TABLES)
    migrate(region, TABLES)
    assert migrate(as_service, TABLES) == []
    with as_service.connect() as connection:
        connection.execute("SELECT * FROM events")
    with as_service.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE mine ()")


@pytest.mark.parametrize(
    "name",
    ["", "A", "1a", "a-b", 'a"b', "a b", "a;drop", "ä", "_a", "a" * 42, "pg_toast", "pg_", "public",
     "information_schema", "a\n", "a.b", "a'"],
)  # fmt: skip
def test_a_region_has_a_name_that_can_be_a_schema(name: str) -> None:
    with pytest.raises(RegionMisnamed):
        Region("postgresql://", name)


@pytest.mark.parametrize("name", ["a", "luotsi", "pirha_2", "pgx", "publics", "a" * 41])
def test_a_plain_name_is_a_regions_name(name: str) -> None:
    assert Region("postgresql://", name).service == f"{name}_service"


def test_no_name_is_a_word_that_the_server_takes_otherwise(postgres: Server) -> None:
    for name in ("user", "table", "default", "select"):
        assert migrate(Region(postgres.url, name)) == MIGRATIONS
        with Region(postgres.url, name).connect() as connection:
            row = connection.execute("SELECT current_schema(), current_user").fetchone()
        assert row == (name, f"{name}_service")
