"""The log of reads as a tree has it: each read gets its place, dense from 1, and an entry that is its row's hash.

Whoever logs a read pays nothing for it: there is no outbox and no lock, the rows that have no place yet are looked
for. A row shows once its transaction is committed, and by then others that were read later may have their places. So
each look begins `WINDOW` before the last one. That misses nothing: a row that the last look did not see was not
committed then, and was read when its statement ran, at most `BATCH_SECONDS` before it was: longer no statement of the
service lasts, and it logs reads in transactions of one statement. What breaks that, a clock that was put back or a
commit that waited for a standby, is found by a sweep over the whole log, at every start and once a day.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from domain.ledger.beside import TAKEOVER_SECONDS, Beside, elected
from domain.ledger.database import BATCH_SECONDS, Region
from domain.ledger.fault import Fault

WINDOW = timedelta(seconds=2 * BATCH_SECONDS)
"""How long before the last look a row may have been read that it did not see: twice as long as any statement lasts."""

BATCH = 5000
PAGE = 20_000
"""How many rows a sweep goes over at a time."""

SWEEP_SECONDS = 86_400.0

_TAG = b"luotsi-read-1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = msgspec.json.Encoder()


class ReadMissing(Fault):
    """A read that has its place in the log is gone before the tree has it. Restore its row: nothing can replace it."""


# Places


def place_reads(connection: Connection, limit: int = BATCH) -> int:
    """Give places to at most `limit` reads that have none, in one transaction; return to how many.

    Called again until it gives fewer, it leaves none without that was committed before.
    """
    looked, now = connection.execute(_LOOKED).fetchone() or (_EPOCH, _EPOCH)
    if not _any(connection, looked - WINDOW, now):
        return 0
    with connection.transaction():
        looked, now = connection.execute(_LOOKED + _FENCE).fetchone() or (_EPOCH, _EPOCH)
        count, last = _place(connection, looked - WINDOW, now, limit)
        upto = now if count < limit else last  # whatever is left was read later, or is not committed yet
        if count:
            connection.execute("UPDATE reads_state SET looked = %s", (upto,))
    return count


def sweep(connection: Connection) -> int:
    """Give places to all reads that have none, wherever in the log; return to how many."""
    total, since = 0, _EPOCH
    while True:
        (upto,) = connection.execute(_PAGE, (since, PAGE)).fetchone() or (None,)
        if upto is None:
            return total
        while _any(connection, since, upto):
            with connection.transaction():
                connection.execute(_LOOKED + _FENCE)
                total += _place(connection, since, upto, BATCH)[0]
        since = upto


def _any(connection: Connection, since: datetime, upto: datetime) -> bool:
    return connection.execute(_ANY, {"since": since, "upto": upto}).fetchone() is not None


def _place(connection: Connection, since: datetime, upto: datetime, limit: int) -> tuple[int, datetime]:
    """Give places to those of a while, the first first; return to how many, and when the last of them was read.

    The caller has locked the fence in a statement before, so that this one sees what its last holder committed.
    """
    values = {"since": since, "upto": upto, "limit": limit}
    count, last = connection.execute(_PLACE, values).fetchone() or (0, None)
    if count:
        connection.execute("UPDATE reads_state SET position = position + %s", (count,))
    return count, last or upto


class ReadSweep(Beside):
    """Sweeps the log of reads at the start and once a day, until told to stop. One does it at a time in a region."""

    def __init__(self, region: Region, pause: float = SWEEP_SECONDS) -> None:
        super().__init__(region, "sweep of reads")
        self.pause = pause

    def work(self, connection: Connection) -> None:
        """Wait to be elected; then sweep again and again."""
        while not elected(connection, self.region, "sweep of reads"):
            if self.told_to_stop.wait(TAKEOVER_SECONDS):
                return
        while not self.told_to_stop.is_set():
            sweep(connection)
            self.told_to_stop.wait(self.pause)


# Entries


def read_entries(connection: Connection, region: str, after: int, limit: int) -> list[bytes]:
    """Return the entries of the reads after that place, `limit` at most and none left out. Raises `ReadMissing`."""
    found = connection.execute(_ENTRIES, (after, limit)).fetchall()
    for position, _, *row in found:
        if row[0] is None:
            raise ReadMissing(position)
    return [read_entry(region, *row) for _, *row in found]


def read_entry(region: str, salt: UUID, id: int, at: datetime, *told: Any) -> bytes:  # noqa: A002 - as the column
    """Return a read's entry: SHA-256 over a tag, the region, the salt and the row, each behind its length.

    `told` are the row's other columns in their order, `as_of` as its text. See `docs/integrity.md`.
    """
    row = _ENCODER.encode([id, (at - _EPOCH) // timedelta(microseconds=1), *told])
    digest = hashlib.sha256()
    for part in (_TAG, region.encode(), salt.bytes, row):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


_LOOKED = "SELECT least(looked, clock_timestamp()), clock_timestamp() FROM reads_state"
_FENCE = " FOR UPDATE"

# Both sides are bounded, so that whatever the plan is it reads what lies between and no more.
_WITHOUT = """
    FROM reads r WHERE r.at > %(since)s AND r.at <= %(upto)s AND NOT EXISTS (
        SELECT FROM reads_sequence s WHERE s.at = r.at AND s.id = r.id AND s.at > %(since)s AND s.at <= %(upto)s
    )"""
_ANY = f"SELECT 1 {_WITHOUT} LIMIT 1"
_PLACE = f"""
    WITH found AS (
        SELECT r.at, r.id, row_number() OVER (ORDER BY r.at, r.id) AS number {_WITHOUT}
        ORDER BY r.at, r.id LIMIT %(limit)s
    ),
    placed AS (
        INSERT INTO reads_sequence (position, at, id)
        SELECT position + number, found.at, found.id FROM found, reads_state RETURNING at
    )
    SELECT count(*), max(at) FROM placed"""
_PAGE = "SELECT max(at) FROM (SELECT at FROM reads WHERE at > %s ORDER BY at LIMIT %s) page"
_ENTRIES = """
    SELECT s.position, s.salt, r.* FROM (
        SELECT position, at, id, salt FROM reads_sequence WHERE position > %s ORDER BY position LIMIT %s
    ) s LEFT JOIN LATERAL (
        SELECT id, at, who, role, organisation, unit, relation, what, via, why, grant_purpose, diary, cases, as_of::text
        FROM reads WHERE at = s.at AND id = s.id LIMIT 1
    ) r ON true ORDER BY s.position"""
