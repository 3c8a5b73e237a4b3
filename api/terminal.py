"""What a command prints: for people, for programs, and what to say of what went wrong."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from domain.decider import Refusal
from domain.ledger.programs import ServerFault

WIDE = 160
"""How wide to write where there is no terminal, in characters."""


def say(text: str) -> None:
    """Print for whoever asked, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print beside what was asked for."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def print_json(content: Any) -> None:
    """Print JSON."""
    say(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


def console() -> Console:
    """Return what lays out a table: as wide as the terminal, or wide where there is none."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDE, color_system=None)


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Draw a progress bar on the terminal, where standard error is one."""
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def told(error: Exception) -> str | None:
    """Return what to say of an error: what one of ours says of itself. None is a fault of the program's own."""
    about = " ".join((type(error).__doc__ or "").split())
    if isinstance(error, ServerFault):
        return about + _facts(
            {name: fact for name, fact in vars(error).items() if not (fact is None or name.startswith("_"))}
        )
    if isinstance(error, Refusal):
        return about + _facts(error.details)
    if type(error).__module__.partition(".")[0] in {"api", "domain", "projections", "__main__"}:
        said = str(error)
        return said if about in said else f"{about} ({said})"
    if isinstance(error, psycopg.OperationalError):
        return f"The database can't be used: {' '.join(str(error).split())}"
    if isinstance(error, BrokenProcessPool):
        return "A process that shared the work was ended from outside. The same command goes on where it was."
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else None


def _facts(facts: dict[str, Any]) -> str:
    return f" ({'; '.join(f'{name}: {fact}' for name, fact in facts.items())})" if facts else ""
