"""The command line's checkpoint and epochs: what is published is printed, and what was lost is said."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import psycopg
import pytest

from api.log_commands import in_note, in_words
from tests.api.running import Here, refused, said


@pytest.fixture
def run(here: Here, database: str) -> Here:
    """Give what runs a command on a database of its own."""
    return partial(here, DATABASE_URL=database)


def changed(database: str) -> None:
    """Change the first hash of the tree, as a superuser can."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "UPDATE luotsi.tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE log = 'events'"
        )


def test_the_newest_checkpoint_is_printed_and_kept(run: Here, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "kept"
    assert "Nothing of this log is sealed" in refused(run(home, "checkpoint"))
    assert run(home, "demo").returncode == 0
    printed = run(home, "checkpoint").stdout
    origin, size, *_ = printed.splitlines()
    assert origin == "luotsi/luotsi/events/1"
    assert run(home, "checkpoint", "-o", file).stdout == f"{file} has the checkpoint of {size} entries\n"
    assert file.read_text("utf-8") == printed
    told = said(home, "checkpoint", "--json", run=run)
    assert told == {"log": "events", "epoch": 1, "size": int(size), "note": printed}
    assert run(home, "checkpoint", "--log", "reads").stdout.startswith("luotsi/luotsi/reads/1\n0\n")
    assert "No such file" in refused(run(home, "checkpoint", "-o", tmp_path / "none" / "kept"))
    assert said(home, "epochs", "--json", run=run) == [{"epoch": 1, "opened": None}]


def test_where_the_ledger_is_not_the_published_one_an_epoch_begins_once_somebody_says_so(
    run: Here, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(home, "demo").returncode == 0
    size = int(run(home, "checkpoint").stdout.splitlines()[1])
    unneeded = run(home, "epochs", "--open", "--yes")
    assert (unneeded.stdout, unneeded.returncode) == ("Epoch 1, from the beginning\n", 0)
    assert "No epoch began" in unneeded.stderr
    changed(database)
    assert "luotsi epochs --open" in refused(run(home, "demo"))
    assert "does not have what was published of it" in refused(run(home, "epochs", "--open"))
    assert run(home, "epochs").stdout == "Epoch 1, from the beginning\n"
    begun = run(home, "epochs", "--open", "--yes")
    assert begun.returncode == 0, begun.stderr
    assert begun.stdout.splitlines()[1].startswith("Epoch 2, opened 20")
    assert f"  events: {size} entries were published before, 0 of them are kept\n" in begun.stdout
    assert run(home, "demo").returncode == 0
    assert run(home, "checkpoint").stdout.startswith("luotsi/luotsi/events/2\n")


def test_of_a_log_that_had_published_nothing_nothing_is_lost() -> None:
    note = (
        "luotsi/koe/epochs\n3\n2026-03-04T12:00:00Z\n"
        "events 7 bHVvdHNpL2tvZS9ldmVudHMvMgo5CkFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE9Cg==\n"
        "reads 4 none\n\n\N{EM DASH} luotsi/koe/epochs AAAAAAAA\n"
    )
    assert in_words(in_note(note)) == (
        "Epoch 3, opened 2026-03-04 12:00:00 UTC\n"
        "  events: 9 entries were published before, 7 of them are kept\n"
        "  reads: 0 entries were published before, 0 of them are kept"
    )
