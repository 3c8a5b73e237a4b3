"""Backups and erasure: with the survivors' keys any backup opens again, less the erased; without them nothing does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.ledger.database import Region
from domain.ledger.keys.keks import Keks, kek_of, keks_in
from domain.ledger.keys.seal import KekMissing, KeysUnavailable
from domain.ledger.postgres import Server
from domain.ledger.programs import programs_for
from domain.ledger.rotation import forgets_on, hear, rotate, status
from domain.ledger.survivors import Imported, SurvivorsDamaged, export, restore
from tests.domain.ledger.test_rotation import NEED, NOTHING, keks_of, under, words, wrapped
from tests.town import Town, ledger


@pytest.fixture
def town(database: str, tmp_path: Path) -> Iterator[Town]:
    with ledger(Region(database, "koe"), tmp_path, NOTHING) as cases:
        yield Town(cases).settle()


def run(program: str, *arguments: str) -> None:
    subprocess.run([programs_for(None) / program, *arguments], check=True, capture_output=True, timeout=60)


@contextmanager
def restored(postgres: Server, backup: Path) -> Iterator[Region]:
    """Give the ledger as PostgreSQL's own program restores it from a backup, in another database."""
    name = f"restored_{uuid4().hex}"
    url = postgres.url.removesuffix("luotsi") + name
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}".encode())
        run("pg_restore", "--exit-on-error", f"--dbname={url}", str(backup))
        yield Region(url, "koe")
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def backed_up(region: Region, to: Path) -> Path:
    run("pg_dump", "--format=custom", f"--file={to}", f"--dbname={region.url}")
    return to


def erase(region: Region, case: UUID) -> None:
    with region.connect(owner=True) as owner:
        for table in ("words", "keys"):
            owner.execute(f"DELETE FROM {table} WHERE stream = %s".encode(), (case,))


def taken_in(region: Region, file: Path) -> Imported:
    with region.connect(owner=True) as owner:
        return restore(owner, "koe", file)


def exported(region: Region, file: Path) -> Path:
    with region.connect() as connection:
        export(connection, "koe", file)
    return file


def here(tmp_path: Path) -> Keks:
    """Return the keys as a process has them that begins now."""
    return keks_in(tmp_path / "keys", "koe")


def opens(keks: Keks, stream: UUID, key: bytes) -> bool:
    """Say whether any key that is left in the home opens this one."""
    left = [UUID(it.stem) for it in keks.kept.directory.glob("*.key")]
    assert left
    candidates = [key, *(key[:1] + it.bytes + key[17:] for it in left)]
    for it in candidates:
        try:
            keks.unwrap(stream, it)
        except KeysUnavailable:
            continue
        return True
    return False


def test_after_a_rotation_an_older_backup_opens_every_survivor_and_nothing_opens_the_erased(
    town: Town, postgres: Server, tmp_path: Path
) -> None:
    region, keks = town.cases.region, keks_of(town)
    living, erased = town.case(), town.case()
    backup = backed_up(region, tmp_path / "backup")
    streams = wrapped(region)
    assert opens(here(tmp_path), erased, streams[erased])
    erase(region, erased)
    forgets = forgets_on(region)
    assert forgets
    done = rotate(region, keks)
    with restored(postgres, backup) as again:
        assert wrapped(again) == streams
        with pytest.raises(KekMissing, match="luotsi keys import"):
            hear(again, here(tmp_path))
        came = taken_in(again, keks.kept.survivors)
        assert (came.restored, came.closed) == (len(streams) - 1, 1)
        assert under(again) == {done.current}
        with ledger(again, tmp_path, NOTHING) as cases:
            assert words(Town(cases), living) == NEED
            assert cases.words(erased) == {}
            assert len(cases.history(erased)) == 1
            Town(cases).case()
            finished = rotate(again, cases.keyring.keks)  # that the old key is gone is noted here too
            assert (finished.resumed, finished.current) == (True, done.current)
        with again.connect() as connection:
            was, now = status(connection)
        assert (now.id, now.retired) == (done.current, None)
        assert was.destroyed
        assert was.destroyed < forgets
    assert not opens(here(tmp_path), erased, streams[erased])
    assert str(erased) not in keks.kept.survivors.read_text()
    assert str(living) in keks.kept.survivors.read_text()


def test_what_is_erased_after_a_rotation_is_forgotten_by_the_next(town: Town, tmp_path: Path) -> None:
    region, keks = town.cases.region, keks_of(town)
    case = town.case()
    rotate(region, keks)
    key, survivors = wrapped(region)[case], keks.kept.survivors.read_text()
    erase(region, case)
    assert str(case) in survivors
    assert opens(here(tmp_path), case, key)
    rotate(region, keks)
    assert str(case) not in keks.kept.survivors.read_text()
    assert not opens(here(tmp_path), case, key)


def test_a_backup_of_today_needs_no_import_and_one_does_it_no_harm(
    town: Town, postgres: Server, tmp_path: Path
) -> None:
    region, keks = town.cases.region, keks_of(town)
    case = town.case()
    early = exported(region, tmp_path / "early")
    rotate(region, keks)
    later = town.case()
    backup = backed_up(region, tmp_path / "backup")
    with restored(postgres, backup) as again:
        stands = wrapped(again)
        for file in (keks.kept.survivors, early, early):
            came = taken_in(again, file)
            assert (came.restored, came.closed) == (0, 0)
            assert wrapped(again) == stands
        with ledger(again, tmp_path, NOTHING) as cases:
            assert words(Town(cases), case) == words(Town(cases), later) == NEED


def test_a_backup_from_the_middle_of_a_rotation_opens_too(town: Town, postgres: Server, tmp_path: Path) -> None:
    region, keks = town.cases.region, keks_of(town)
    case, coming = town.case(), uuid4()
    with region.connect() as connection:
        connection.execute("SELECT coming_kek(%s)", (coming,))
    before = backed_up(region, tmp_path / "before")
    key = keks.kept.make(coming)
    with region.connect() as connection:
        connection.execute("SELECT change_kek(%s, %s)", (coming, keks.read(coming).proof))
    between = backed_up(region, tmp_path / "between")
    assert rotate(region, keks).resumed
    for backup in (before, between):
        with restored(postgres, backup) as again:
            assert taken_in(again, keks.kept.survivors).restored == len(wrapped(region))
            with ledger(again, tmp_path, NOTHING) as cases:
                assert words(Town(cases), case) == NEED
    assert keks.kept.open(coming) == key


def test_the_file_is_its_owners_alone_and_replaced_whole(town: Town, tmp_path: Path) -> None:
    region, file = town.cases.region, tmp_path / "a" / "survivors"
    exported(region, file)
    before = file.read_text().splitlines()
    town.case()
    exported(region, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().splitlines()) == len(before) + 2
    assert [it.name for it in file.parent.iterdir()] == ["survivors"]
    for wrapping in wrapped(region).values():
        assert kek_of(wrapping) == keks_of(town).current
        assert wrapping.hex() in file.read_text()


def test_a_file_that_is_not_whole_changes_nothing(town: Town, tmp_path: Path) -> None:
    region, keks, case = town.cases.region, keks_of(town), town.case()
    file = exported(region, tmp_path / "survivors")
    lines = file.read_bytes().splitlines(keepends=True)
    cut, less, other = [*lines[:-1], lines[-1][:-4]], [*lines[:-2], lines[-1]], lines[0].replace(b'"koe"', b'"muu"')
    rotate(region, keks)
    stands = wrapped(region)
    for damaged in ([], cut, less, lines * 2, lines[:-1], [other, *lines[1:]], [b"survivors\n", *lines]):
        file.write_bytes(b"".join(damaged))
        with pytest.raises(SurvivorsDamaged, match="survivors"):
            taken_in(region, file)
        assert wrapped(region) == stands
    assert words(town, case) == NEED
