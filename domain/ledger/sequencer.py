"""The sequencer gives each event its position: dense, from 1, each stream's events in their order.

One works at a time in a region, whoever holds the advisory lock; `log_state`'s row lock is the fence that holds even
if two should. Positions come from `log_state` alone: database sequences skip and jump, and timestamps tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from domain.ledger.beside import TAKEOVER_SECONDS, Beside, elected
from domain.ledger.database import Region

BATCH = 1000
PAUSE_SECONDS = 0.05
CHANNEL = "luotsi_sequence"

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


@dataclass(frozen=True)
class Lag:
    """How far the sequence is behind: events that wait, and since when the oldest has been waiting."""

    events: int
    since: datetime | None


class Sequencer(Beside):
    """Empties the outbox until told to stop. A batch is a transaction: a kill loses and repeats nothing."""

    def __init__(self, region: Region, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(region, "sequencer")
        self.pause = pause

    def work(self, connection: Connection) -> None:
        """Wait to be elected; then give positions as events come."""
        while not elected(connection, self.region, "sequencer"):
            if self.told_to_stop.wait(TAKEOVER_SECONDS):
                return
        while not self.told_to_stop.is_set():
            if sequence(connection) < BATCH:
                self.told_to_stop.wait(self.pause)


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


def lag(connection: Connection) -> Lag:
    """Return how far the sequence is behind."""
    row = connection.execute("SELECT count(*), min(recorded) FROM outbox").fetchone() or (0, None)
    return Lag(*row)
