"""What an anchor is: somebody outside the house who is shown a checkpoint, and vouches for having seen it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from domain.ledger.anchors.outside import NotAnchored
from domain.ledger.notes import text_of

EVERY = 60
"""Of how many checkpoints one is anchored, unless it is said otherwise."""

FRESH = timedelta(minutes=5)
"""How old a checkpoint may be that is anchored.

What it does not have was not there at the anchor's time: an event that was recorded long before would look back-dated.
"""

APART = timedelta(minutes=1)
"""By how much the clock of an anchor and ours may differ."""


@dataclass(frozen=True)
class Shown:
    """A checkpoint that is shown to an anchor: the signed note, and when it was made by the database's clock."""

    log: str
    epoch: int
    size: int
    at: datetime
    note: str

    @property
    def text(self) -> str:
        """What is signed: up to and with the newline before the blank line."""
        return text_of(self.note)


class Anchor(ABC):
    """Who vouches for checkpoints: of `every` so many one is shown to them."""

    def __init__(self, name: str, every: int = EVERY) -> None:
        self.name = name
        self.every = every

    @abstractmethod
    def last(self, connection: Connection, log: str, epoch: int) -> int | None:
        """Return the size of the last checkpoint that is anchored here; None where none is."""

    @abstractmethod
    def anchor(self, connection: Connection, it: Shown) -> None:
        """Have a checkpoint vouched for and keep the proof, once it is verified. Raises `NotAnchored`."""


def is_of_now(at: datetime, it: Shown) -> None:
    """Make sure that a time is about the one at which the checkpoint was shown. Raises `NotAnchored`."""
    if not it.at - APART <= at <= it.at + FRESH + APART:
        raise NotAnchored(f"its time is {at:%Y-%m-%dT%H:%M:%SZ}, which is not now: its clock is wrong, or ours")
