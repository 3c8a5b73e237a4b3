"""Anchoring: checkpoints are shown to those outside who vouch for them, beside all that the house does.

One works at a time in a region; another takes over. Nobody waits for it: it reads what is published, and whoever is
shown a checkpoint may be down, slow or lying. What is kept has been verified; what was not is tried again, with the
checkpoint that is the newest then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from domain.ledger.anchors.anchor import FRESH, Anchor, Shown
from domain.ledger.anchors.outside import NotAnchored
from domain.ledger.beside import TAKEOVER_SECONDS, Beside, elected
from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.lag import is_older, unsealed
from domain.ledger.logs import EVENTS, LOGS

PAUSE_SECONDS = 1.0
RETRY_SECONDS = 30.0
"""How long after a failure the same is tried again."""

TELL_SECONDS = 600.0
"""How long after a complaint about somebody the next one follows."""

_log = logging.getLogger(__name__)


class Anchoring(Beside):
    """Has checkpoints anchored as they are due, until told to stop."""

    def __init__(
        self, region: Region, anchors: Sequence[Anchor], pause: float = PAUSE_SECONDS, retry: float = RETRY_SECONDS
    ) -> None:
        super().__init__(region, "anchors")
        self.pause = pause
        self._turns = [_Turn(anchor, log.name, retry) for anchor in anchors for log in LOGS]

    def start(self) -> None:
        """Work in a thread of its own, if there is anybody to show checkpoints to."""
        if self._turns:
            super().start()

    def work(self, connection: Connection) -> None:
        """Wait to be elected; then give everybody their turn again and again."""
        while not elected(connection, self.region, "anchors"):
            if self.told_to_stop.wait(TAKEOVER_SECONDS):
                return
        while not self.told_to_stop.is_set():
            for it in self._turns:
                if self.told_to_stop.is_set():
                    return
                it.take(connection)
            self.told_to_stop.wait(self.pause)


class _Turn:
    """One anchor's turn with one log: not at once after it failed, and complained about once in a while."""

    def __init__(self, anchor: Anchor, log: str, retry: float) -> None:
        self.anchor = anchor
        self.log = log
        self.retry = retry
        self._again = self._tell = 0.0

    def take(self, connection: Connection) -> None:
        """Anchor the log's newest checkpoint if one is due."""
        if time.monotonic() < self._again:
            return
        try:
            anchor_newest(connection, self.anchor, self.log)
        except (NotAnchored, Fault) as failed:
            self._again = time.monotonic() + self.retry
            self._complain(failed)

    def _complain(self, failed: Exception) -> None:
        if time.monotonic() >= self._tell:
            self._tell = time.monotonic() + TELL_SECONDS
            _log.warning("%s has not anchored the log of %s: %s", self.anchor.name, self.log, failed)


def anchor_newest(connection: Connection, anchor: Anchor, log: str) -> bool:
    """Have the newest checkpoint of a log anchored if that is due, and say whether it was. Raises `NotAnchored`.

    None of events is while one of them has waited for long: that one will come after it, and would look back-dated.
    """
    waiting = unsealed(connection)  # asked first: what is not among these the newest checkpoint has
    it = due(connection, anchor, log)
    if it is not None and log == EVENTS.name and is_older(connection, waiting.since, FRESH):
        raise NotAnchored(_NOT_SEALED.format(waiting.events, waiting.since))
    if it is not None:
        anchor.anchor(connection, it)
    return it is not None


def due(connection: Connection, anchor: Anchor, log: str) -> Shown | None:
    """Return the newest checkpoint if the anchor should be shown it.

    It should be if it has vouched for none of this epoch, or if there are `every` so many since; and it is fresh.
    """
    row = connection.execute(_NEWEST, (log,)).fetchone()
    if row is None:
        return None
    it = Shown(log, *row[:-1])
    last = anchor.last(connection, log, it.epoch)
    fresh: bool = row[-1] <= FRESH
    return it if fresh and (last is None or _since(connection, it, last, anchor.every) >= anchor.every) else None


def _since(connection: Connection, it: Shown, size: int, most: int) -> int:
    """Return how many checkpoints there are beyond a size: `most` at most."""
    (count,) = connection.execute(_SINCE, (it.log, it.epoch, size, most)).fetchone() or (0,)
    return int(count)


# What is anchored


@dataclass(frozen=True)
class Anchored:
    """How far a log is anchored outside the house, by the largest checkpoint that somebody has vouched for.

    `size` is that of its newest checkpoint. `stamped` and `cosigned` are None where none is; beyond them whoever has
    the keys and the database could still write another history.
    """

    log: str
    epoch: int
    size: int
    stamped: int | None
    stamped_at: datetime | None
    cosigned: int | None
    cosigned_at: datetime | None

    @property
    def last(self) -> datetime | None:
        """When somebody vouched for it last, by their clock; None for never."""
        return max((it for it in (self.stamped_at, self.cosigned_at) if it), default=None)


def anchored(connection: Connection) -> list[Anchored]:
    """Return how far each log is anchored that has a checkpoint, in its present epoch."""
    found = (connection.execute(_ANCHORED, {"log": log.name}).fetchone() for log in LOGS)
    return [Anchored(*row) for row in found if row is not None]


_NOT_SEALED = "{} events have no checkpoint yet, the oldest since {:%Y-%m-%dT%H:%M:%SZ}: they have to be sealed first"

_NEWEST = """
    SELECT epoch, size, at, note, clock_timestamp() - at FROM checkpoints
    WHERE log = %s AND epoch = (SELECT epoch FROM log_state) AND size > 0 ORDER BY size DESC LIMIT 1"""

_SINCE = """
    SELECT count(*) FROM (SELECT FROM checkpoints WHERE log = %s AND epoch = %s AND size > %s LIMIT %s) beyond"""

_ANCHORED = """
    SELECT newest.log, newest.epoch, newest.size, stamp.size, stamp.at, cosignature.size, cosignature.at
    FROM (
        SELECT log, epoch, size FROM checkpoints WHERE log = %(log)s AND epoch = (SELECT epoch FROM log_state)
        ORDER BY size DESC LIMIT 1
    ) newest
    LEFT JOIN LATERAL (
        SELECT size, at FROM stamps s WHERE s.log = newest.log AND s.epoch = newest.epoch ORDER BY s.size DESC LIMIT 1
    ) stamp ON true
    LEFT JOIN LATERAL (
        SELECT size, at FROM cosignatures c WHERE c.log = newest.log AND c.epoch = newest.epoch
        ORDER BY c.size DESC LIMIT 1
    ) cosignature ON true"""
