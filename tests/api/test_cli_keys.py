"""The command line's keys: their standing, their rotation, what is handed over, and the survivors' keys."""

from __future__ import annotations

import re
import subprocess
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.ledger.database import Region
from domain.ledger.migrate import migrate
from domain.ledger.notes import parse_vkey
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


def test_the_key_that_signs_is_rotated_and_what_to_check_by_is_handed_over(database: str, tmp_path: Path) -> None:
    home, named = tmp_path / "home", {"DATABASE_URL": database, "LUOTSI_ENV": "production"}
    made = luotsi(home, "migrate", **named)
    assert "Made the key that signs the logs" in made.stderr
    assert "luotsi keys public" in made.stderr
    (first,) = here_said(home, database, "keys", "status", "--json")["signing"]
    assert (first["number"], first["retired"], first["compromised"]) == (1, None, False)
    events, reads, notes = luotsi(home, "keys", "public", **named).stdout.splitlines()
    names = [(it.name, b64encode(it.public).decode()) for it in map(parse_vkey, (events, reads, notes))]
    origins = ("luotsi/luotsi/events/1", "luotsi/luotsi/reads/1", "luotsi/luotsi/keys")
    assert names == [(it, first["public"]) for it in origins]
    assert here_said(home, database, "keys", "public", "--json") == first["vkeys"]
    assert first["vkeys"] == {"events": events, "reads": reads, "keys": notes}

    rotated = luotsi(home, "keys", "rotate", "--signing", **named)
    assert rotated.returncode == 0, rotated.stderr
    assert "Signing key 2 signs the logs now" in rotated.stdout
    assert f"Copy {home / 'keys' / 'luotsi'} elsewhere" in rotated.stdout
    third = here_said(home, database, "keys", "rotate", "--signing", "--compromised", "--json")
    was, between, now = here_said(home, database, "keys", "status", "--json")["signing"]
    assert (third["number"], third["public"]) == (3, now["public"])
    assert was == first | {"retired": between["made"]}
    assert (between["retired"], between["compromised"], now["retired"]) == (now["made"], True, None)
    assert luotsi(home, "keys", "public", **named).stdout.splitlines() == list(now["vkeys"].values())
    table = luotsi(home, "keys", "status", **named).stdout
    assert now["vkeys"]["events"] in table
    assert table.count("compromised") == 1


def test_a_key_that_signs_and_is_lost_is_told_with_what_to_do(database: str, tmp_path: Path) -> None:
    home, named = tmp_path / "home", {"DATABASE_URL": database, "LUOTSI_ENV": "production"}
    assert luotsi(home, "migrate", **named).returncode == 0
    (private,) = (home / "keys" / "luotsi").glob("*.signing")
    private.unlink()
    assert "--signing --compromised" in refused(luotsi(home, "keys", "rotate", "--signing", **named))
    assert luotsi(home, "migrate", **named).stderr == ""
    given_up = luotsi(home, "keys", "rotate", "--signing", "--compromised", **named)
    assert "in another way" in given_up.stdout
    assert "of the key that signs" in refused(luotsi(home, "keys", "rotate", "--compromised", **named), 2)


def test_a_ledger_that_was_restored_signs_with_the_key_that_is_there(database: str, tmp_path: Path) -> None:
    home, named, survivors = tmp_path / "home", {"DATABASE_URL": database}, tmp_path / "survivors"
    assert luotsi(home, "migrate", **named).returncode == 0
    assert luotsi(home, "keys", "export", survivors, **named).returncode == 0
    backup = str(tmp_path / "backup")
    run("pg_dump", "--format=custom", f"--file={backup}", f"--dbname={database}")
    assert luotsi(home, "keys", "rotate", "--signing", **named).returncode == 0
    rotated = here_said(home, database, "keys", "status", "--json")["signing"]
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("DROP SCHEMA luotsi CASCADE")
    run("pg_restore", "--exit-on-error", f"--dbname={database}", backup)
    assert len(here_said(home, database, "keys", "status", "--json")["signing"]) == 1
    assert luotsi(home, "keys", "import", survivors, **named).returncode == 0
    assert here_said(home, database, "keys", "status", "--json")["signing"] == rotated


def test_before_there_is_a_key_nothing_is_handed_over(database: str, tmp_path: Path) -> None:
    migrate(Region(database))
    assert "Run `luotsi migrate`" in refused(luotsi(tmp_path / "home", "keys", "public", DATABASE_URL=database))


def run(program: str, *arguments: str) -> None:
    subprocess.run([programs_for(None) / program, *arguments], check=True, capture_output=True, timeout=60)


def here_said(home: Path, database: str, *arguments: object) -> Any:
    return said(home, *arguments, run=partial(luotsi, DATABASE_URL=database))
