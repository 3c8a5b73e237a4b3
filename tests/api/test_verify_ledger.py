"""`luotsi verify --ledger`: what it prints, how it ends, and that it looks at every row that can be read."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from api.verify_ledger import verified
from domain.ledger.audit.whole import Against
from domain.ledger.database import Region
from domain.ledger.notes import vkey
from domain.ledger.postgres import Server
from tests.api.running import OURS, luotsi, refused
from tests.domain.ledger.forging import Good, built, copied, signing_key
from tests.verifier.stamping import Authority


@pytest.fixture(scope="module")
def good(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    with built(postgres, tmp_path_factory.mktemp("good")) as it:
        shutil.copytree(it.published, it.home / "put" / "koe")
        shutil.copytree(it.home / "put", it.published, dirs_exist_ok=True)  # where the command looks for it
        yield it


@pytest.fixture
def region(postgres: Server, good: Good) -> Iterator[Region]:
    with copied(postgres, good) as copy:
        yield copy


Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def verify(region: Region, good: Good, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Give what runs the command in this process, on the copy unless another database is named."""

    def run(*options: object, **more: str) -> subprocess.CompletedProcess[str]:
        here = {"LUOTSI_HOME": str(good.home), "LUOTSI_REGION": region.name, "DATABASE_URL": region.url} | more
        for name in [it for it in os.environ if it.startswith(OURS)]:
            monkeypatch.delenv(name)
        for name, value in here.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["luotsi", "verify", "--ledger", *map(str, options)])
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as ended:
            main()
        signal.signal(signal.SIGTERM, before)
        code = ended.value.code
        return subprocess.CompletedProcess([], code if isinstance(code, int) else 0, *capsys.readouterr())

    return run


def said(done: subprocess.CompletedProcess[str]) -> Any:
    """Return what it says as JSON."""
    found = json.loads(done.stdout)
    assert found["exit"] == done.returncode
    return found


def test_a_whole_ledger_ends_with_nothing(region: Region, good: Good) -> None:
    options = ("verify", "--ledger", "--processes", 2)
    done = luotsi(good.home, *options, DATABASE_URL=region.url, LUOTSI_REGION=region.name)
    assert done.returncode == 0, done.stderr
    first, _, *rest = done.stdout.splitlines()
    assert first == "WHOLE: nothing is wrong with the ledger of koe"
    assert rest[0] == "What was checked"
    assert "What is not covered" in rest
    assert "  - 6 checkpoints by 2 keys, with 1 time stamps and 1 cosignatures; 2 more from outside" in rest


def test_what_it_is_compared_with_from_outside(verify: Verify, good: Good, tmp_path: Path) -> None:
    key = vkey("luotsi/koe/events/1", signing_key(good).public_key().public_bytes_raw())
    (tmp_path / "keys").write_text(f"# of the region\n{key}\n", "utf-8")
    (tmp_path / "tsa").write_bytes(Authority().pem)
    options = (
        "--key",
        tmp_path / "keys",
        "--key",
        key,
        "--witness",
        good.witness.vkey,
        "--authority",
        tmp_path / "tsa",
    )
    found = said(verify("--json", "--known-checkpoint", good.home / "known", *options))
    assert (found["verdict"], found["faults"], found["checked"]["checkpoints from outside"]) == ("whole", [], 3)
    options_to_use = ("--key", "--known-checkpoint", "--authority", "witness", "files")
    assert not [it for it in found["not_covered"] if any(option in it for option in options_to_use)]


@pytest.mark.parametrize("option", ["--key", "--witness", "--known-checkpoint", "--authority"])
def test_an_option_that_gives_nothing_is_never_passed_over(verify: Verify, tmp_path: Path, option: str) -> None:
    (tmp_path / "empty").write_text("# nothing\n", "utf-8")
    for given in (tmp_path / "empty", ""):
        assert verify(option, given).returncode == 2


def test_witnesses_are_known_by_the_file_of_anchors(verify: Verify, good: Good, tmp_path: Path) -> None:
    unknown = said(verify("--json"))["not_covered"]
    assert any("1 cosignatures are of witnesses whose keys are not at hand" in it for it in unknown)
    anchors = tmp_path / "anchors.toml"
    anchors.write_text(f'[[witness]]\nurl = "https://witness.example"\nvkey = "{good.witness.vkey}"\n', "utf-8")
    found = said(verify("--json", LUOTSI_ANCHORS=str(anchors)))["not_covered"]
    assert not any("witnesses" in it for it in found)


def test_a_broken_ledger_ends_with_one_and_names_what_is_wrong(verify: Verify, region: Region) -> None:
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE events SET topic = E'\\x1b[2J'")
        owner.execute("UPDATE migrations SET name = E'\\x1b[2J' WHERE name = '0001_ledger.sql'")
    found = said(verify("--json"))
    first, count = found["faults"][0], found["checked"]["events"]
    assert (found["verdict"], first["kind"], first["column"]) == ("broken", "column-altered", "topic")
    assert found["more_faults"]["column-altered"] == count - 20
    done = verify()
    assert done.returncode == 1
    assert re.match("BROKEN: the ledger of koe is not what it was. [0-9]+ faults\n  - The column topic", done.stdout)
    assert f"  - and {count - 20} more of column-altered" in done.stdout


ROWS = [
    ("UPDATE owner_v2 SET number = number + 7", "projection-altered"),
    ("DELETE FROM owner_v2", "projection-altered"),
    ('UPDATE owner_v2 SET "case" = gen_random_uuid() WHERE number = 1', "projection-altered"),
    ("UPDATE owner_v2 SET since = 'infinity'", "projections-unreadable"),
    ("UPDATE projected SET head = head - 1", "projection-altered"),
    ("DELETE FROM projected", "projection-altered"),
]  # fmt: skip


@pytest.mark.parametrize(("lie", "kind"), ROWS, ids=[it for it, _ in ROWS])
def test_every_row_that_can_be_read_is_compared(region: Region, good: Good, lie: str, kind: str) -> None:
    with region.connect(owner=True) as owner:
        owner.execute(lie.encode())
    report = verified(region, Against.of(published=good.published / "koe"))
    assert {it.kind() for it in report.tally.told} == {kind}


def test_progress_is_told_part_by_part(region: Region) -> None:
    heard: dict[str, tuple[int, int]] = {}
    verified(region, Against.of(), 1, lambda what, done, of: heard.update({what: (done, of)}))
    assert list(heard) == [
        "Streams", "What stands beside them", "Heads", "The log of events", "The log of reads", "Projections",
    ]  # fmt: skip
    assert all(done == of for done, of in heard.values())


def test_what_can_not_be_read_ends_with_two(verify: Verify, region: Region, tmp_path: Path) -> None:
    assert refused(verify(LUOTSI_HOME=str(tmp_path / "no"), DATABASE_URL=""), 2).startswith("UNREADABLE: There is no")
    assert not (tmp_path / "no").exists()
    gone = verify(DATABASE_URL="postgresql://luotsi@127.0.0.1:1/luotsi")
    assert refused(gone, 2).startswith("UNREADABLE: The database can't be used")
    assert refused(verify(LUOTSI_REGION="muu"), 2).startswith("UNREADABLE:")
    option = refused(verify("--known-checkpoint", tmp_path / "no"), 2)
    assert option.startswith("UNREADABLE: What the ledger was to be compared with can't be read.")
    with region.connect(owner=True) as owner:
        owner.execute("ALTER TABLE stamps RENAME TO stamps_before")
    found = said(verify("--json"))
    assert found["verdict"] == "unreadable"
    assert found["says"].startswith("The database does not have what this release asks for")


def test_the_ledger_is_verified_by_itself(verify: Verify) -> None:
    assert "name no bundle" in refused(verify("case.zip"), 2)
