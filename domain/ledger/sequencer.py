"""The sequencer gives each event its position, and has it sealed: dense, from 1, each stream's events in their order.

One works at a time in a region, whoever holds the advisory lock; `log_state`'s row lock is the fence that holds even
if two should. Positions come from `log_state` alone: database sequences skip and jump, and timestamps tie.
"""

from __future__ import annotations

import logging
import time

from psycopg import Connection

from domain.ledger.beside import TAKEOVER_SECONDS, Beside, elected
from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.notary import LogForked, Notary

BATCH = 1000
PAUSE_SECONDS = 0.05
INTERVAL_SECONDS = 1.0
"""How long after a checkpoint the next is signed: sooner never, later only where there is nothing to sign."""

PATIENCE_SECONDS = 10.0
"""For how long nothing can be sealed before the office is left to another."""

TOLD_SECONDS = 60.0
CHANNEL = "luotsi_sequence"

_log = logging.getLogger(__name__)

_FENCE = "SELECT position FROM log_state FOR UPDATE"

_SEQUENCE = """
    WITH batch AS (
        SELECT stream, version, recorded FROM outbox ORDER BY recorded, stream, version LIMIT %(limit)s
    ),
    placed AS (
        INSERT INTO sequence (position, stream, version)
        SELECT %(position)s + row_number() OVER (ORDER BY recorded, stream, version), stream, version FROM batch
        RETURNING position, stream, version
    ),
    taken AS (
        DELETE FROM outbox o USING placed p WHERE o.stream = p.stream AND o.version = p.version
    )
    SELECT count(*), max(position) FROM placed"""


class Pace:
    """Tells whether something was done within an interval, in seconds."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._last = -interval

    @property
    def due(self) -> bool:
        """Whether it was not."""
        return time.monotonic() - self._last >= self.interval

    def done(self) -> None:
        """Note that it is done now."""
        self._last = time.monotonic()


class Sequencer(Beside):
    """Empties the outbox and has it sealed, until told to stop. Each step is a transaction: a kill loses nothing.

    What can't be sealed has its position all the same, unless the ledger is not the one that was published.
    """

    def __init__(
        self, region: Region, notary: Notary, pause: float = PAUSE_SECONDS, interval: float = INTERVAL_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:  # fmt: skip
        super().__init__(region, "sequencer")
        self.notary = notary
        self.pause = pause
        self._signing, self._looking, self._telling = Pace(interval), Pace(interval), Pace(TOLD_SECONDS)
        self._well = Pace(patience)

    def work(self, connection: Connection) -> None:
        """Wait to be elected, and for the ledger to be the one that was published; then place and seal events.

        Whoever can't take over, or can't seal for a while, leaves it to another, who may have the key, or room.
        """
        while not elected(connection, self.region, "sequencer"):
            if self.told_to_stop.wait(TAKEOVER_SECONDS):
                return
        self._well.done()
        if self._takes_over(connection):
            try:
                self._go_on(connection)
            except LogForked as forked:  # restored under our hands, it may be: then an epoch is opened at the next try
                self._tell("no event gets a position", forked)
        if not self.told_to_stop.is_set():
            connection.close()
            self.told_to_stop.wait(2 * TAKEOVER_SECONDS)

    def _go_on(self, connection: Connection) -> None:
        while not self.told_to_stop.is_set():
            placed = sequence(connection)
            if self._signing.due and (placed or self._looking.due) and not self._seal(connection) and self._well.due:
                return
            if placed < BATCH:
                self.told_to_stop.wait(self.pause)

    def _takes_over(self, connection: Connection) -> bool:
        try:
            self.notary.take_over(connection)
        except Fault as fault:
            self._tell("no event gets a position", fault)
            return False
        return True

    def _seal(self, connection: Connection) -> bool:
        """Seal what has its position; say whether that could be done. Raises `LogForked`."""
        self._looking.done()
        try:
            if self.notary.seal(connection):
                self._signing.done()
        except LogForked:
            raise
        except Fault as fault:
            self._signing.done()  # so that it is tried again no sooner than usual
            self._tell("events have their positions, and are not sealed", fault)
            return False
        self._well.done()
        return True

    def _tell(self, what: str, fault: Fault) -> None:
        if self._telling.due:
            self._telling.done()
            _log.error("%s: %s", what, fault)


def sequence(connection: Connection, limit: int = BATCH) -> int:
    """Give positions to at most `limit` events that wait, in one transaction; return to how many.

    The fence is locked in a statement of its own, so that the next one sees what the last holder committed. An event
    waits only once it is committed, and always after the one before it in its stream: so none is ever passed over.
    """
    if connection.execute("SELECT 1 FROM outbox LIMIT 1").fetchone() is None:
        return 0
    with connection.transaction():
        (position,) = connection.execute(_FENCE).fetchone() or (0,)
        count, last = connection.execute(_SEQUENCE, {"position": position, "limit": limit}).fetchone() or (0, None)
        if last is not None:
            connection.execute("UPDATE log_state SET position = %s", (last,))
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, str(last)))
    return int(count)


def drain(region: Region) -> int:
    """Give positions to everything that waits now; return to how many."""
    total = 0
    with region.connect() as connection:
        while count := sequence(connection):
            total += count
    return total


def settle(region: Region, notary: Notary) -> int:
    """Give positions to everything that waits now and seal it, if no sequencer does; return to how many.

    Raises what the notary raises.
    """
    with region.connect() as connection:
        notary.take_over(connection)
        placed = drain(region)
        notary.seal(connection)
    return placed
