"""What a killed supervisor leaves behind: a PostgreSQL that goes on working on its data, found and ended."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from domain.ledger.programs import PROC

STOP_LIMIT = 30.0  # seconds for a fast shutdown, which writes a checkpoint
PAUSE = 0.05  # seconds between two looks


def end_orphan(data: Path) -> None:
    """End a PostgreSQL on these data whose supervisor was killed. Only for who holds the home's lock."""
    if pid := postmaster(data):
        send(signal.SIGINT, [pid])
    if not ended(data):
        send(signal.SIGQUIT, processes(data))
    if ended(data) and PROC.exists():  # all is known here: its number may be another's now, or nobody waited for it
        (data / "postmaster.pid").unlink(missing_ok=True)


def send(ending: signal.Signals, pids: list[int]) -> None:
    """Send a signal to those of the processes that still run."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, ending)


def ended(data: Path) -> bool:
    """Wait, for a while, until no PostgreSQL works on these data."""
    deadline = time.monotonic() + STOP_LIMIT
    while (working := processes(data)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    return not working


def postmaster(data: Path) -> int | None:
    """Give the process that runs PostgreSQL on these data, if there is one."""
    return noted if (noted := noted_postmaster(data)) in processes(data) else None


def noted_postmaster(data: Path) -> int | None:
    """Give the process that PostgreSQL noted in its data. It may have ended, and its number be another's now."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        return int((data / "postmaster.pid").read_text().split()[0])
    return None


def processes(data: Path) -> list[int]:
    """Give all processes of PostgreSQL that work on these data; not on Linux, only the one it noted."""
    if PROC.exists():
        return [int(process.name) for process in PROC.parent.glob("[0-9]*") if works_in(process, data)]
    pid = noted_postmaster(data)
    shown = subprocess.run(["ps", "-o", "command=", "-p", f"{pid or 0}"], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return [pid] if pid and f"postgres -D {data} " in shown.stdout else []


def works_in(process: Path, data: Path) -> bool:
    """Whether this directory of /proc is a PostgreSQL on these data. One that ended and was not waited for is not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        likely = (process / "comm").read_text() == "postgres\n" and process.stat().st_uid == data.stat().st_uid
        return likely and (process / "cwd").samefile(data)
    return False
