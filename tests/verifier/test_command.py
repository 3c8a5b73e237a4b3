"""The command: exit codes, words, JSON, and the same under both of its names."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.verifier.forge import AUTHORITY, FIRST, REGION, THIEF, WITNESS, WITNESS_NAME, bundle, told
from tests.verifier.lies.all import LIES
from verifier.__main__ import main, verified

ROOT = Path(__file__).parents[2]
KEY = FIRST.vkey(f"luotsi/{REGION}/events/1")


@pytest.fixture
def honest(tmp_path: Path) -> str:
    path = tmp_path / "case.zip"
    path.write_bytes(bundle().pack())
    return str(path)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(str(left.value.code))


def test_a_whole_bundle_exits_with_0(honest: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(honest) == 0
    assert capsys.readouterr().out.startswith("WHOLE: ")


def test_a_broken_bundle_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(LIES["event-altered"].path)) == 1
    assert "  - Version 7 was altered: " in capsys.readouterr().out


def test_what_can_not_be_read_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(LIES["no-zip"].path)) == 2
    assert "This is no zip file." in capsys.readouterr().out


def test_all_options_together(honest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "keys").write_text(f"# the region's\n\n{KEY}\n", encoding="utf-8")
    (tmp_path / "known").write_text(told().checkpoint(8), encoding="utf-8")
    (tmp_path / "authority.pem").write_bytes(AUTHORITY.pem)
    code = run(
        honest, "--key", str(tmp_path / "keys"), "--key", KEY, "--known-checkpoint", str(tmp_path / "known"),
        "--witness", WITNESS.vkey(WITNESS_NAME, 4), "--authority", str(tmp_path / "authority.pem"),
        "--history", "--json",
    )  # fmt: skip
    told_ = json.loads(capsys.readouterr().out)
    assert (code, told_["verdict"], told_["exit"], told_["faults"]) == (0, "whole", 0, [])
    assert [it["version"] for it in told_["history"]] == list(range(1, 10))
    assert told_["history"][0]["words"] == {"description": "En jaksa enää yksin."}
    assert told_["size"] == 16


def test_faults_are_told_to_programs_by_their_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(LIES["event-missing"].path), "--json") == 1
    told_ = json.loads(capsys.readouterr().out)
    assert told_["faults"] == [{"kind": "event-missing", "says": "Version 7 is missing.", "version": 7}]
    assert "history" not in told_


@pytest.mark.parametrize("option", ["--key", "--known-checkpoint", "--witness", "--authority"])
@pytest.mark.parametrize("nothing", ["", "\n \n", "# the region's\n"])
def test_an_option_that_gives_nothing_is_never_passed_over(
    honest: str, option: str, nothing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").write_text(nothing, encoding="utf-8")
    for given in (str(tmp_path / "empty"), "", f"#{KEY}"):
        assert run(honest, option, given) == 2
        assert f"{option} can't be used: " in capsys.readouterr().out


def test_a_second_known_checkpoint_does_not_take_the_place_of_the_first(honest: str, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(told().checkpoint(8), encoding="utf-8")
    (tmp_path / "other").write_text(told().checkpoint(8, THIEF), encoding="utf-8")
    known = ("--known-checkpoint", str(tmp_path / "other"), "--known-checkpoint", str(tmp_path / "known"))
    assert run(honest, *known) == 2


@pytest.mark.parametrize("option", ["--key", "--known-checkpoint", "--witness", "--authority"])
def test_a_file_that_an_option_names_has_to_be_there(
    honest: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(honest, option, "/nowhere/at/all") == 2
    assert f"{option} can't be used: /nowhere/at/all" in capsys.readouterr().out


def test_a_file_of_keys_is_text(honest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "keys").write_bytes(b"\xff\xfe")
    assert run(honest, "--key", str(tmp_path / "keys")) == 2
    assert "is not UTF-8" in capsys.readouterr().out


def test_an_argument_that_is_neither_a_key_nor_a_file_is_told(honest: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(honest, "--key", "a+" * 5_000) == 2
    assert run(honest, "--key", "a" * 5_000) == 2
    assert run("a" * 5_000) == 2
    assert capsys.readouterr().out.count("UNREADABLE") == 3


def test_it_prints_where_the_alphabet_is_a_small_one(honest: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "verifier", honest, "--history"], cwd=ROOT, capture_output=True, check=False,
        env={"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"En jaksa en\\xe4\\xe4 yksin." in ran.stdout


def test_luotsi_verify_is_the_same(honest: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(honest, "--key", KEY, "--history")
    ran = CliRunner().invoke(app, ["verify", honest, "--key", KEY, "--history"])
    assert (ran.exit_code, ran.stdout) == (0, capsys.readouterr().out)
    assert CliRunner().invoke(app, ["verify", str(LIES["event-missing"].path)]).exit_code == 1
    assert CliRunner().invoke(app, ["verify", str(LIES["no-zip"].path), "--json"]).exit_code == 2


def test_it_loads_nothing_of_ours_nor_anything_that_talks_to_others(honest: str) -> None:
    """Run by itself, it has neither what writes bundles in the process, nor a database's driver, nor HTTP."""
    program = (
        "import runpy, sys\n"
        f"sys.argv = ['verifier', {honest!r}]\n"
        "try:\n    runpy.run_module('verifier', run_name='__main__')\n"
        "except SystemExit as left:\n    assert left.code == 0\n"
        "ours = {'domain', 'projections', 'api', 'psycopg', 'msgspec', 'http.client', 'urllib3', 'ssl'}\n"
        "sys.exit(','.join(ours & sys.modules.keys()) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_by_itself_it_prints_text_without_the_history(honest: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(honest) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("WHOLE")
    assert "The history" not in printed


@pytest.mark.parametrize("alphabet", ["ascii", "utf-8"])
def test_what_the_alphabet_has_not_is_escaped(honest: str, monkeypatch: pytest.MonkeyPatch, alphabet: str) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding=alphabet))
    verified(honest, history=True)
    sys.stdout.flush()
    assert ("enää" if alphabet == "utf-8" else "en\\xe4\\xe4") in octets.getvalue().decode(alphabet)


def test_where_there_is_no_alphabet_all_is_printed(honest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    verified(honest, history=True)
    assert "enää" in printed.getvalue()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a+" * 5_000, "--key can't be used: it is no verification key: NAME+ID+BASE64, of an Ed25519 key."),
        ("a" * 5_000, f"--key can't be used: {'a' * 5_000}: File name too long."),
        ("a\0b", "--key can't be used: a\\x00b: embedded null byte."),
    ],
)  # fmt: skip
def test_why_an_argument_is_no_key_is_told(
    honest: str, capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    assert verified(honest, key=[given]) == 2
    assert f"  - {said}\n" in capsys.readouterr().out


def test_why_a_file_of_keys_is_none_is_told(honest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"\xff\xfe")
    assert verified(honest, key=[str(path)]) == 2
    assert f"  - --key can't be used: {path} is not UTF-8.\n" in capsys.readouterr().out
    assert verified(honest, key=[str(tmp_path / "none")]) == 2
    assert f"  - --key can't be used: {tmp_path / 'none'}: No such file or directory.\n" in capsys.readouterr().out


def test_why_there_is_no_key_or_more_than_one_checkpoint_is_told(
    honest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keys").write_text("# none\n", encoding="utf-8")
    assert verified(honest, key=[str(tmp_path / "keys")]) == 2
    assert f"  - --key can't be used: there is no key in {tmp_path / 'keys'}.\n" in capsys.readouterr().out
    assert run(honest, "--known-checkpoint", "a", "--known-checkpoint", "b") == 2
    assert capsys.readouterr().err.endswith("error: a bundle is compared with one checkpoint\n")


def test_the_help_names_each_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told_ = " ".join(capsys.readouterr().out.split())
    for said in (
        "usage: python -m verifier [-h]", "`python -m verifier case.zip`: verify a bundle.", "case.zip the bundle",
        "--key VKEY|FILE a key of the region that you got in another way, or a file of such, one a line",
        "--witness VKEY|FILE a witness whose cosignature is asked for",
        "--authority PEM certificates of a time-stamp authority whose stamp is asked for",
        "--known-checkpoint FILE a checkpoint of the log that you kept", "--history print the proven history",
        "--json print JSON, for programs",
    ):  # fmt: skip
        assert f"{said} " in f"{told_} "
