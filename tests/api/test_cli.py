"""The command line: as it is used, in processes of its own, without a terminal."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from api.demo import STORIES, case_of
from api.settings import Settings
from domain.ledger.orphans import end_orphan, postmaster
from domain.ledger.publish import publish
from tests.api.running import OURS, ROOT, Here, Serving, environment, luotsi, refused, said, serving

HISTORY = Path(__file__).parent / "histories" / "palvelupolut.csv"
BOUNCED = case_of("between_three")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("cli") / ".luotsi"
    yield home
    end_orphan(home / "postgres")


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Serving]:
    """Serve a new home, with the demonstration, for all tests here that only ask."""
    with serving(home) as service:
        yield service


def test_it_tells_where_it_is_without_a_terminal(service: Serving) -> None:
    assert service.address.startswith("http://127.0.0.1:")
    assert f"{service.address}/docs" in service.printed
    assert len(service.commands) == 3
    assert service.printed.replace("\n", "").isprintable()


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs", "/openapi.json"])
def test_it_is_up_once_it_says_so(service: Serving, path: str) -> None:
    with urlopen(service.address + path, timeout=5) as answer:  # noqa: S310 - our own
        assert answer.status == 200


def pasted(command: str) -> str:
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        env={name: value for name, value in os.environ.items() if not name.startswith(OURS)}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_its_three_commands_work_when_pasted(service: Serving) -> None:
    owner, voice, replay = map(pasted, service.commands)
    assert [it["owned_by"] for it in json.loads(owner)["rows"]] == ["responsible", "client", "client"]
    assert "En sanonut noin." in voice
    assert "client: Joka paikasta" in replay
    assert "handoff declined" in replay
    assert "owner, as known once this was" in replay
    assert replay.replace("\n", "").isprintable()


def test_a_second_run_on_the_same_data_is_told_so(service: Serving, home: Path) -> None:
    sentence = refused(luotsi(home, "serve"))
    assert "Another Luotsi process runs the database of this home" in sentence
    assert str(service.process.pid) in sentence
    assert str(home) in sentence


def test_a_port_that_is_taken_is_told(service: Serving, tmp_path: Path, here: Here) -> None:
    taken = service.address.rpartition(":")[2]
    assert "Another program listens on that port" in refused(here(tmp_path / "h", "serve", LUOTSI_PORT=taken))


def test_an_address_that_is_not_here_is_told(service: Serving, home: Path, here: Here) -> None:
    assert service.process.poll() is None
    assert "no such address" in refused(here(home, "serve", "--host", "192.0.2.1", DATABASE_URL=url_of(home)))


def url_of(home: Path) -> str:
    port = json.loads((home / "running.json").read_text())["port"]
    return f"postgresql://luotsi:{(home / 'password').read_text()}@127.0.0.1:{port}/luotsi"


def test_with_a_database_named_nothing_is_started(service: Serving, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with serving(other, DATABASE_URL=url_of(home), LUOTSI_REGION="toinen") as second:
        assert second.address != service.address
        with urlopen(f"{second.address}/health/ready", timeout=5) as answer:  # noqa: S310 - our own
            assert answer.status == 200
        assert second.stop(signal.SIGTERM)[0] == 0
    assert not (other / "postgres").exists()


def test_the_other_commands_use_the_server_that_runs(service: Serving, home: Path) -> None:
    assert service.process.poll() is None
    assert said(home, "migrate", "--json") == {"applied": []}
    assert len(said(home, "demo", "--json")) == 6
    assert said(home, "rebuild", "--verify", "--json")["differences"] == []
    assert said(home, "rebuild", "owner", "--processes", "1", "--json")["cases"] == 6


def test_a_projection_that_is_wrong_makes_a_verification_fail(service: Serving, home: Path) -> None:
    assert service.process.poll() is None
    with psycopg.connect(url_of(home), autocommit=True, options="-c search_path=luotsi") as owner:
        table = owner.execute("SELECT t FROM projected, unnest(current) t WHERE t LIKE 'owner%' LIMIT 1").fetchone()
        assert table
        owner.execute(f"UPDATE {table[0]} SET duty_holder = 'x' WHERE \"case\" = %s".encode(), (BOUNCED,))
    assert str(BOUNCED) in refused(luotsi(home, "rebuild", "--verify"))
    assert luotsi(home, "rebuild", "owner").returncode == 0
    assert luotsi(home, "rebuild", "--verify").returncode == 0


def test_a_token_is_minted_for_whom_is_named(service: Serving, home: Path) -> None:
    token = said(home, "token", "--role", "auditor", "--id", "a1", "--json")["token"]
    port = int(service.address.rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", f"/cases/{BOUNCED}/owner", headers={"Authorization": f"Bearer {token}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_replay_tells_who_owned_the_case_after_each_event(home: Path, service: Serving, here: Here) -> None:
    assert service.process.poll() is None
    events = said(home, "replay", case_of("back_to_work"), "--json", run=here)["events"]
    assert [it["version"] for it in events] == list(range(1, len(events) + 1))
    assert events[0]["event"]["need"].startswith("Paluu työhön")
    owners = [it["owned_by"] for it in events]
    assert owners == sorted(owners, reverse=True)
    assert {"responsible", "client"} == set(owners)
    early = said(home, "replay", case_of("back_to_work"), "--version", 3, "--json", run=here)["events"]
    assert early == events[:3]


def test_a_replay_is_of_two_clocks_and_of_an_interval(home: Path, service: Serving, here: Here) -> None:
    assert service.process.poll() is None
    events = said(home, "replay", BOUNCED, "--json", run=here)["events"]
    third = events[2]["context"]["occurred"]
    by_then = said(home, "replay", BOUNCED, "--happened-by", third, "--json", run=here)["events"]
    assert [it["version"] for it in by_then] == [1, 2, 3]
    assert said(home, "replay", BOUNCED, "--known-at", third, "--json", run=here)["events"] == []
    assert "owner after it" in here(home, "replay", BOUNCED, "--happened-by", third).stdout
    since = said(home, "replay", BOUNCED, "--from", third, "--json", run=here)["events"]
    assert since == events[2:]
    assert said(home, "replay", BOUNCED, "--to", third, "--json", run=here)["events"] == events[:2]


def test_an_import_is_reported_on(home: Path, service: Serving, here: Here) -> None:
    assert service.process.poll() is None
    mapping = f"{HISTORY}.toml"
    came = said(home, "import", HISTORY, "--mapping", mapping, "--processes", 1, "--json", run=here)
    assert (came["cases"], came["rows"], came["bad"]) == (8, 61, 0)
    again = here(home, "import", HISTORY, "--mapping", mapping)
    assert again.stdout.splitlines()[-1] == "8 cases were in already; 0 rows are bad and did not come in"
    assert again.stderr == ""
    figures = said(home, "report", "handoffs", "--by", "organisation", "--json", run=here)
    assert (figures["cases"], figures["events"]) == (8, 61)
    told = here(home, "report", "handoffs").stdout
    assert re.search(r"^events +61$", told, re.MULTILINE)
    assert told.startswith("Of the cases that were imported\n")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["replay", "00000000-0000-0000-0000-000000000000"], (1, "Nothing is recorded under this id.")),
        (["replay", "x"], (2, "valid UUID")),
        (["replay", BOUNCED, "--version", "99"], (1, "There never was such a version")),
        (["replay", BOUNCED, "--version", "1", "--known-at", "2026-01-01T00:00Z"], (1, "A version is one moment")),
        (["replay", BOUNCED, "--known-at", "2026-01-01"], (2, "has no offset")),
        (["replay", BOUNCED, "--known-at", "now"], (2, "is not a time")),
        (["rebuild", "nope"], (2, "no projection is called nope")),
        (["report", "handoffs", "--by", "nope"], (2, "nope")),
        (["token", "--role", "client", "--id", "x"], (2, "UUID")),
        (["import", "nope.csv", "--mapping", f"{HISTORY}.toml"], (1, "nope.csv: No such file")),
        (["import", HISTORY, "--mapping", "nope.toml"], (1, "nope.toml: No such file")),
        (["import", HISTORY, "--mapping", HISTORY], (1, "palvelupolut.csv")),
        (["import", f"{HISTORY}.toml", "--mapping", f"{HISTORY}.toml"], (1, "palvelupolut.csv.toml, line 1")),
        (["nope"], (2, "nope")),
    ],
    ids=lambda it: " ".join(map(str, it))[:40] if isinstance(it, list) else "",
)
def test_what_can_go_wrong_is_told_in_a_sentence(
    home: Path, service: Serving, here: Here, arguments: list[object], answer: tuple[int, str]
) -> None:
    assert service.process.poll() is None
    code, sentence = answer
    assert sentence in " ".join(refused(here(home, *arguments), code).split())


def test_a_setting_that_is_wrong_is_told(tmp_path: Path, here: Here) -> None:
    assert "LUOTSI_PORT is a port number" in refused(here(tmp_path, "serve", LUOTSI_PORT="x"), 2)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://luotsi:sala@sana@127.0.0.1/luotsi", "postgresql://luotsi:sala/sana@127.0.0.1/luotsi",
        "postgresql://luotsi:1/salasana@127.0.0.1/luotsi", "postgresql://luotsi:sala%sana@127.0.0.1/luotsi",
        "host=127.0.0.1 password=1 salasana", "mysql://luotsi:salasana@127.0.0.1/luotsi", "salasana",
        "postgresql://luotsi:salasana@127.0.0.1:port/luotsi", "postgresql://luotsi:salasana@127.0.0.1/luotsi?salasana=1",
    ],
)  # fmt: skip
def test_an_address_of_a_database_that_is_none_is_not_repeated(tmp_path: Path, here: Here, url: str) -> None:
    done = here(tmp_path, "migrate", DATABASE_URL=url)
    assert "DATABASE_URL is an address such as" in refused(done, 2)
    assert "sala" not in done.stdout + done.stderr
    assert "sala" not in repr(Settings(database_url=url))


def test_a_password_that_is_not_accepted_is_not_repeated(service: Serving, home: Path, here: Here) -> None:
    assert service.process.poll() is None
    url = re.sub("luotsi:[^@]+@", "luotsi:salasana@", url_of(home))
    told = refused(here(home, "migrate", DATABASE_URL=url))
    assert "password authentication failed" in told
    assert "salasana" not in told


def test_a_database_that_does_not_answer_is_told(tmp_path: Path, here: Here) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://luotsi@127.0.0.1:{free.getsockname()[1]}/luotsi"
        assert "The database can't be used" in refused(here(tmp_path, "migrate", DATABASE_URL=url))


def test_in_production_there_is_no_demonstration(tmp_path: Path, here: Here) -> None:
    production = {"LUOTSI_ENV": "production", "DATABASE_URL": "postgresql://luotsi@127.0.0.1:1/luotsi"}
    assert "does not exist in production" in refused(here(tmp_path, "demo", **production))


def test_in_production_a_key_is_made_once_with_the_new_ledger(database: str, tmp_path: Path, here: Here) -> None:
    production = {"LUOTSI_ENV": "production", "DATABASE_URL": database}
    home, other = tmp_path / "home", tmp_path / "other"
    made = here(home, "migrate", **production)
    assert str(home / "keys" / "luotsi") in made.stderr
    for later in (home, other):
        assert here(later, "migrate", **production).stderr == ""
    assert "is not there" in refused(here(other, "report", "handoffs", **production))
    assert not list(other.rglob("*.key"))
    assert here(home, "report", "handoffs", **production).returncode == 0


def test_nothing_is_served_without_the_key_of_the_ledger(database: str, tmp_path: Path, here: Here) -> None:
    home = tmp_path / "home"
    assert here(home, "demo", DATABASE_URL=database).returncode == 0
    (key,) = (home / "keys" / "luotsi").glob("*.key")
    kept = key.read_bytes()
    for kind in ("development", "production"):
        named = {"LUOTSI_ENV": kind, "DATABASE_URL": database}
        key.unlink()
        assert here(home, "migrate", **named).stderr == ""
        assert "is not there" in refused(here(home, "serve", **named))
        assert not key.exists()
        publish(key, b64encode(bytes(32)))
        assert "sealed under another key" in refused(here(home, "serve", **named))
        key.write_bytes(kept)
    assert here(home, "report", "handoffs", DATABASE_URL=database).stdout.startswith("Of all cases: none was imported")


def test_the_document_of_the_api_needs_no_database(tmp_path: Path, here: Here) -> None:
    document = said(tmp_path / "h", "openapi", run=here)
    assert document["info"]["title"] == "Luotsi"
    assert "/cases/{id}/owner" in document["paths"]
    assert not (tmp_path / "h").exists()


def test_everything_is_explained(tmp_path: Path, here: Here) -> None:
    told = here(tmp_path, "--help").stdout
    for command in ("serve", "migrate", "demo", "token", "import", "report", "replay", "rebuild", "openapi"):
        assert re.search(rf"^  {command} +\S", told, re.MULTILINE)


def test_what_was_kept_is_there_the_next_time_and_it_stops_cleanly(tmp_path: Path) -> None:
    home = tmp_path / ".luotsi"
    with serving(home) as first:
        token = said(home, "token", "--role", "auditor", "--id", "a1", "--json")["token"]
        with closing(HTTPConnection("127.0.0.1", int(first.address.rpartition(":")[2]), timeout=10)) as follower:
            follower.request("GET", "/feed", headers={"Authorization": f"Bearer {token}"})
            with follower.getresponse() as feed:
                assert feed.status == 200  # whoever follows the feed does not hold up the end
                assert first.stop(signal.SIGTERM) == (0, "Stopped", "")
    assert postmaster(home / "postgres") is None
    assert len(said(home, "demo", "--json")) == len(STORIES)  # by a server started for the while
    assert postmaster(home / "postgres") is None
    with serving(home) as second:
        owner, *_ = map(pasted, second.commands)
        assert json.loads(owner)["version"] == 12
        assert second.stop(signal.SIGINT) == (0, "Stopped", "")
    assert postmaster(home / "postgres") is None


def test_when_its_database_dies_it_ends_and_says_why(tmp_path: Path) -> None:
    home = tmp_path / ".luotsi"
    with serving(home) as service:
        pid = postmaster(home / "postgres")
        assert pid
        os.kill(pid, signal.SIGKILL)
        _, errors = service.process.communicate(timeout=30)
        assert service.process.returncode == 1
    assert "The development PostgreSQL ended by itself" in errors
    assert "Traceback" not in errors
    end_orphan(home / "postgres")


def test_told_to_stop_while_it_starts_it_stops(tmp_path: Path) -> None:
    home = tmp_path / ".luotsi"
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve"], cwd=ROOT, env=environment(home), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline().startswith("Starting PostgreSQL")
        process.send_signal(signal.SIGTERM)
        printed, errors = process.communicate(timeout=30)
        assert (process.returncode, printed, errors) == (0, "Stopped\n", "")
    assert postmaster(home / "postgres") is None
