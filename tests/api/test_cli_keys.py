"""The command line's keys: their standing, their rotation, and the survivors' keys for a restore."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.ledger.programs import programs_for
from tests.api.running import luotsi, refused, said


def keys_in(home: Path) -> set[UUID]:
    return {UUID(it.stem) for it in (home / "keys" / "luotsi").glob("*.key")}


def test_keys_are_rotated_and_every_backup_opens_with_the_survivors(database: str, tmp_path: Path) -> None:
    home, named = tmp_path / "home", {"DATABASE_URL": database}
    case = luotsi(home, "demo", **named).stdout.split()[0]
    told = luotsi(home, "replay", case, **named).stdout
    backup = str(tmp_path / "backup")
    run("pg_dump", "--format=custom", f"--file={backup}", f"--dbname={database}")
    (old,) = keys_in(home)

    rotated = luotsi(home, "keys", "rotate", **named)
    assert rotated.returncode == 0, rotated.stderr
    (new,) = keys_in(home)
    assert new != old
    assert f"Destroyed {old}" in rotated.stdout
    assert re.search(r"\d+ streams' keys are wrapped anew", rotated.stdout)
    assert luotsi(home, "replay", case, **named).stdout == told

    standing = here_said(home, database, "keys", "status", "--json")
    was, now = standing["keys"]
    assert (was["key"], was["streams"], now["key"], now["destroyed"]) == (str(old), 0, str(new), None)
    assert was["destroyed"]
    assert now["streams"] > 10
    assert now["made"] < standing["rotates"] < standing["forgets"]
    table = luotsi(home, "keys", "status", **named).stdout
    assert str(old) in table
    assert "The next one comes 20" in table

    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("DROP SCHEMA luotsi CASCADE")
    run("pg_restore", "--exit-on-error", f"--dbname={database}", backup)
    assert "luotsi keys import" in refused(luotsi(home, "report", "handoffs", **named))
    survivors = home / "keys" / "luotsi" / "survivors.jsonl"
    living = survivors.read_bytes()
    assert "luotsi keys import" in refused(luotsi(home, "keys", "export", survivors, **named))
    assert survivors.read_bytes() == living
    put_right = here_said(home, database, "keys", "import", survivors, "--json")
    assert (put_right["restored"], put_right["closed"]) == (now["streams"], 0)
    assert luotsi(home, "replay", case, **named).stdout == told


def test_the_survivors_keys_are_exported_and_a_damaged_file_is_refused(database: str, tmp_path: Path) -> None:
    home, named, file = tmp_path / "home", {"DATABASE_URL": database}, tmp_path / "survivors"
    assert luotsi(home, "demo", **named).returncode == 0
    exported = luotsi(home, "keys", "export", file, **named)
    assert re.fullmatch(rf"{file} holds the keys of \d+ streams, wrapped\n", exported.stdout)
    assert "are as they were 20" in luotsi(home, "keys", "import", file, **named).stdout
    file.write_text("")
    assert "cut short, damaged" in refused(luotsi(home, "keys", "import", file, **named))
    assert "No such file" in refused(luotsi(home, "keys", "import", tmp_path / "none", **named))


@pytest.mark.parametrize("name", ["vault", "tink:avain", "program:hsm"])
def test_a_provider_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    assert "LUOTSI_KEYS is file, tink:KEY-URI" in refused(luotsi(tmp_path, "keys", "status", LUOTSI_KEYS=name), 2)


def test_a_program_that_is_away_is_told_and_nothing_is_made(database: str, tmp_path: Path) -> None:
    named = {"DATABASE_URL": database, "LUOTSI_KEYS": f"program:{tmp_path / 'hsm'}"}
    assert "No such file" in refused(luotsi(tmp_path / "home", "migrate", **named))
    assert not (tmp_path / "home" / "keys").exists()


def run(program: str, *arguments: str) -> None:
    subprocess.run([programs_for(None) / program, *arguments], check=True, capture_output=True, timeout=60)


def here_said(home: Path, database: str, *arguments: object) -> Any:
    return said(home, *arguments, run=partial(luotsi, DATABASE_URL=database))
