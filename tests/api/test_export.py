"""`luotsi export`: a case as a bundle in a file, as an auditor gets it at the command line."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.demo import case_of, load
from api.house import opened
from api.settings import Settings
from domain.ledger.database import Region
from domain.ledger.postgres import Server
from domain.ledger.sequencer import settle
from tests.api.bundles import Bundle
from tests.api.conftest import moment, new_database
from tests.api.running import luotsi, refused
from tests.domain.ledger.test_erasures import MARKER, closed, erase
from tests.town import Town

CASE = case_of("back_to_work")


@pytest.fixture(scope="module")
def settings(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Give the settings of a house with the demonstration in it."""
    with new_database(postgres) as database:
        here = Settings(home=tmp_path_factory.mktemp("export") / ".luotsi", region="koe", database_url=database)
        with opened(here) as house:
            load(house.cases, moment("2026-03-04T12:00:00+00:00"))
            settle(house.region, house.notary)
        yield here


def export(settings: Settings, *arguments: object) -> tuple[Bundle, str]:
    """Export a case; return the bundle, and what was printed."""
    path = settings.home / f"{uuid4()}.zip"
    done = luotsi(settings.home, "export", *arguments, "-o", path, **where(settings))
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return Bundle(path.read_bytes()), done.stdout


def where(settings: Settings) -> dict[str, str]:
    return {"DATABASE_URL": settings.database_url or "", "LUOTSI_REGION": settings.region}


def reads(settings: Settings, case: UUID) -> list[tuple[str, str, str, str]]:
    with Region(settings.database_url or "", settings.region).connect(owner=True) as owner:
        found = owner.execute("SELECT role, what, via, why FROM reads WHERE cases = %s ORDER BY id", ([case],))
        return found.fetchall()


def test_it_writes_a_bundle_that_is_whole_and_is_written_down_as_read(settings: Settings) -> None:
    found, printed = export(settings, CASE, "--language", "sv")
    assert "luotsi verify" in printed
    assert found.verified().exit == 0
    assert (found.manifest["case"], found.manifest["language"], found.manifest["words"]) == (str(CASE), "sv", "all")
    assert reads(settings, CASE)[-1] == ("auditor", "ReadCaseBundle", "command-line", "audit")


def test_it_opens_the_words_that_are_asked_for(settings: Settings) -> None:
    assert export(settings, CASE, "--words", "none")[0].opened == []
    assert export(settings, CASE, "--words", "1")[0].opened == [1]


def test_it_proves_that_the_log_continues_the_checkpoints_that_somebody_kept(
    settings: Settings, tmp_path: Path
) -> None:
    note = export(settings, CASE)[0].lines("checkpoints.jsonl")[0]["note"]
    (tmp_path / "kept").write_text(note, "utf-8")
    with opened(settings) as house:
        Town(house.cases).settle().case()
    found, _ = export(settings, CASE, "--known-checkpoint", tmp_path / "kept")
    assert len(found.lines("checkpoints.jsonl")) == 2
    assert found.verified(known=note).exit == 0


def test_checkpoints_of_an_epoch_before_count_as_far_as_they_were_kept(settings: Settings, tmp_path: Path) -> None:
    note = export(settings, CASE)[0].lines("checkpoints.jsonl")[0]["note"]
    (tmp_path / "kept").write_text(note, "utf-8")
    with opened(settings) as house:
        Town(house.cases).settle().case()
        with house.region.connect() as connection:
            house.notary.open_epoch(connection, 2)
    found, _ = export(settings, CASE, "--known-checkpoint", tmp_path / "kept")
    assert [it["note"].partition("\n")[0] for it in found.lines("checkpoints.jsonl")] == [
        "luotsi/koe/events/2", "luotsi/koe/events/1",
    ]  # fmt: skip
    assert found.verified(known=note).exit == 0


def test_an_erased_case_is_exported_too(settings: Settings) -> None:
    with opened(settings) as house:
        town = Town(house.cases).settle()
        case = closed(town)
        erase(town, case)
    found, _ = export(settings, case)
    assert found.verified().exit == 0
    assert found.opened == []
    assert MARKER not in found.everything


def test_what_can_not_be_written_is_told_and_leaves_no_file(settings: Settings, tmp_path: Path) -> None:
    root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    (tmp_path / "foreign").write_text(f"luotsi/muu/events/1\n0\n{root}\n\n\N{EM DASH} a AAAAAAA=\n", "utf-8")
    (tmp_path / "later").write_text(f"luotsi/koe/events/9\n0\n{root}\n\n\N{EM DASH} a AAAAAAA=\n", "utf-8")
    (tmp_path / "nonsense").write_text("nonsense")
    output = tmp_path / "case.zip"
    wrong: dict[tuple[str, int], list[object]] = {
        ("Nothing is recorded under this id", 1): [uuid4()],
        ("is neither all nor none", 2): [CASE, "--words", "some"],
        ("is neither all nor none nor", 2): [CASE, "--words", "0,1"],
        ("There never was such a version", 1): [CASE, "--words", "99"],
        ("That checkpoint is of another log", 1): [CASE, "--known-checkpoint", tmp_path / "foreign"],
        ("luotsi/koe/events/9, and this is luotsi/koe/events/", 1): [CASE, "--known-checkpoint", tmp_path / "later"],
        ("not a signed note", 1): [CASE, "--known-checkpoint", tmp_path / "nonsense"],
        ("No such file", 1): [CASE, "--known-checkpoint", tmp_path / "nowhere"],
    }
    for (sentence, code), arguments in wrong.items():
        done = luotsi(settings.home, "export", *arguments, "-o", output, **where(settings))
        assert sentence in " ".join(refused(done, code).split())
    assert sorted(it.name for it in tmp_path.iterdir()) == ["foreign", "later", "nonsense"]


def test_for_programs_it_says_where_it_is(settings: Settings, tmp_path: Path) -> None:
    output = tmp_path / "case.zip"
    done = luotsi(settings.home, "export", CASE, "-o", output, "--json", **where(settings))
    assert json.loads(done.stdout) == {"case": str(CASE), "file": str(output), "bytes": output.stat().st_size}
