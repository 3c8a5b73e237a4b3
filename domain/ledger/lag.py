"""How far the sequence, and what is sealed of it, are behind what was written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection


@dataclass(frozen=True)
class Lag:
    """How many events wait, and since when the oldest has been waiting."""

    events: int
    since: datetime | None


def lag(connection: Connection) -> Lag:
    """Return how many events wait for their position."""
    return Lag(*(connection.execute(_WAITING).fetchone() or (0, None)))


def unsealed(connection: Connection) -> Lag:
    """Return how many events no checkpoint has yet, whether or not they have a position."""
    return Lag(*(connection.execute(_UNSEALED).fetchone() or (0, None)))


def is_older(connection: Connection, since: datetime | None, age: timedelta) -> bool:
    """Say whether a time is longer ago than this, by the database's clock. None is not."""
    row = connection.execute("SELECT clock_timestamp() - %s::timestamptz > %s", (since, age)).fetchone()
    return bool(row and row[0])


_WAITING = "SELECT count(*), min(recorded) FROM outbox"
_UNSEALED = """
    WITH sealed AS (
        SELECT coalesce(max(size), 0) AS size FROM checkpoints
        WHERE log = 'events' AND epoch = (SELECT epoch FROM log_state)
    )
    SELECT l.position - s.size + o.count, least(o.since, (
        SELECT e.recorded FROM sequence q JOIN events e USING (stream, version) WHERE q.position = s.size + 1
    ))
    FROM log_state l, sealed s, (SELECT count(*), min(recorded) AS since FROM outbox) o"""
