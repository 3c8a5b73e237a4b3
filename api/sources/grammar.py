"""What comes out of a foreign history: cases, rows, rows that can't be read; and what is refused whole."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

Meaning = Literal["work", "queued", "waiting_for_client", "closed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened in a case, as the source tells it.

    `number` runs from 1 within the case, in the file's order, and counts bad rows too. `line` is the line of the
    file the row begins on. `time` is in UTC. None is "not stated": that part of the placement stays as it was.
    A queued row names no worker, whatever the file says: nobody has accepted the case yet.
    """

    number: int
    line: int
    time: datetime
    activity: str
    meaning: Meaning
    organisation: str | None
    unit: str | None
    worker: str | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read: where it begins, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class SourceCase:
    """A case with its rows in the file's order, whatever their times say.

    No `id` comes twice. Bad rows that belong to no case come under the empty `id`, which may come many times and
    never has `rows`.
    """

    id: str
    client: str | None
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]


class Refused(Exception):
    """What was given cannot be used."""

    def __init__(self, path: Path, why: str, line: int | None = None) -> None:
        self.path, self.why, self.line = path, why, line
        place = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{type(self).__doc__} {place}: {why}")


class MappingRefused(Refused):
    """The mapping cannot be used."""


class SourceRefused(Refused):
    """The file cannot be read as a history of cases."""


class Unreadable(ValueError):
    """A value of a row that cannot be read; the message is the reason."""
