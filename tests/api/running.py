"""The command line as it is run: in processes of its own, without a terminal."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OURS = ("LUOTSI_", "DATABASE_URL", "PG")


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | {"LUOTSI_HOME": str(home), "LUOTSI_PORT": "0"} | more


def luotsi(home: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *map(str, arguments)], cwd=ROOT, env=environment(home, **more), text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


Here = Callable[..., "subprocess.CompletedProcess[str]"]


def said(home: Path, *arguments: object, run: Here = luotsi) -> Any:
    """Return what a command prints as JSON."""
    done = run(home, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """Check that a command failed with a sentence, and return it."""
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    return done.stderr


@dataclass
class Serving:
    """A service that runs, and what it printed until it was up."""

    process: subprocess.Popen[str]
    printed: str

    @property
    def address(self) -> str:
        found = re.search(r"http://\S+:\d+", self.printed)
        assert found, self.printed
        return found[0]

    @property
    def commands(self) -> list[str]:
        return [it for it in self.printed.splitlines() if it.startswith(("curl", "LUOTSI_HOME"))]

    def stop(self, by: signal.Signals) -> tuple[int, str, str]:
        """Stop it; return its exit code and what it printed since."""
        self.process.send_signal(by)
        printed, errors = self.process.communicate(timeout=15)
        return self.process.returncode, printed.strip(), errors


@contextmanager
def serving(home: Path, *arguments: str, **more: str) -> Iterator[Serving]:
    def is_up(line: str) -> bool:
        return " replay " in line or ("/docs" in line and "LUOTSI_REGION" in more)

    with going(home, "serve", *arguments, is_up=is_up, **more) as service:
        yield service


@contextmanager
def going(home: Path, *arguments: str, is_up: Callable[[str], bool], **more: str) -> Iterator[Serving]:
    """Give a command that goes on until it is stopped, once it has printed that it is up."""
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments], cwd=ROOT, env=environment(home, **more), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line)
                if is_up(line):
                    break
            yield Serving(process, "".join(lines))
        finally:
            process.kill()
