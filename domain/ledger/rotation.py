"""The rotation of the key-encryption key: survivors are wrapped under a new one, and the old one is destroyed.

    the new one is made → the ledger wraps under it alone → every key is wrapped anew → the survivors' keys are
    exported → the old one is destroyed, where it is kept and in the table `keks`

Each step can be cut short and done again. Nobody still wraps under the old one once the ledger has changed: whoever
was about to has finished, and whoever comes later is refused and decides again (`wraps`, in the statement's guard).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection

from domain.ledger.beside import Beside, elected
from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.keys.keks import Keks
from domain.ledger.keys.seal import FIRST, KekWrong, KeyDamaged
from domain.ledger.survivors import export

EVERY = timedelta(days=30)
"""How long a key-encryption key lives: what is erased today can be opened by no backup after it."""

AHEAD = timedelta(days=1)
"""How long before its end a key-encryption key is replaced, so that it is destroyed in time."""

PAUSE_SECONDS = 3600.0
BATCH = 500

_log = logging.getLogger(__name__)


class RotationUnderWay(Fault):
    """Another process is rotating the key-encryption key just now. Let it finish: luotsi keys status shows how far."""


class SurvivorsStuck(Fault):
    """Some streams' keys are damaged, so the key-encryption key that they are under was not destroyed. See the log."""


@dataclass(frozen=True)
class Rotated:
    """What a rotation came to: the current key, how many streams' keys were wrapped anew, and what was destroyed."""

    current: UUID
    resumed: bool
    rewrapped: int
    destroyed: tuple[UUID, ...]


@dataclass(frozen=True)
class Standing:
    """A key-encryption key as the ledger knows it, with how many streams' keys are under it."""

    id: UUID
    made: datetime | None
    retired: datetime | None
    destroyed: datetime | None
    streams: int


def forgets_on(region: Region) -> datetime | None:
    """Return by when no backup made so far opens what is erased now: the current key-encryption key is destroyed.

    None where one before it should have been and is not, because a key under it is damaged, or other regions need it:
    older backups open for as long as it lasts, which nobody knows.

    Where a rotation is overdue it is a day from now, which is when it will have been made up for. It holds where copies
    of the keys are kept as `docs/keys.md` says.
    """
    with region.connect() as connection:
        now, made = _age(connection)
        (lasts,) = connection.execute(_LASTS, (FIRST, AHEAD)).fetchone() or (False,)
    return None if lasts else max((made or now) + EVERY, now + AHEAD)


def begin(region: Region, keks: Keks) -> bool:
    """Make the first key-encryption key of a ledger that has none, and say whether it was made here."""
    with region.connect() as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"luotsi begins {region.name}",))
        if _current(connection)[0] is not None:
            return False
        _change(connection, keks)
    return True


def hear(region: Region, keks: Keks) -> None:
    """Learn which key-encryption key is current, and make sure that it is the ledger's. Raises a `KeysUnavailable`."""
    with region.connect() as connection:
        _hear(connection, keks)


def rotate(region: Region, keks: Keks) -> Rotated:
    """Change the key-encryption key and destroy the one before; or finish the rotation that was cut short.

    Raises `RotationUnderWay`, `SurvivorsStuck` and a `KeysUnavailable`.
    """
    with _in_office(region) as connection:
        return _rotate(connection, keks)


def rotate_when_due(region: Region, keks: Keks) -> Rotated | None:
    """Do it if it is due, once nobody else is doing it: they may just have done it. Raises what `rotate` raises."""
    with _in_office(region) as connection:
        return _rotate(connection, keks) if is_due(connection) else None


def is_due(connection: Connection) -> bool:
    """Say whether the current key-encryption key has nearly lived its time, or one before it waits to be destroyed."""
    now, made = _age(connection)
    return made is not None and (made + EVERY - AHEAD <= now or bool(_leftover(connection)))


def status(connection: Connection) -> list[Standing]:
    """Return all key-encryption keys that there ever were, the oldest first."""
    return [Standing(*row) for row in connection.execute(_STATUS).fetchall()]


class Rotation(Beside):
    """Rotates whenever it is due, until told to stop. Whichever process comes first does it."""

    def __init__(self, region: Region, keks: Keks, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(region, "rotation")
        self.keks = keks
        self.pause = pause

    def work(self, connection: Connection) -> None:
        """Look every hour whether a rotation is due, and do it."""
        while not self.told_to_stop.is_set():
            if is_due(connection):
                self._try()
            self.told_to_stop.wait(self.pause)

    def _try(self) -> None:
        try:
            done = rotate_when_due(self.region, self.keks)
        except RotationUnderWay:
            return
        except psycopg.Error:
            raise
        except Exception as raised:  # the next look tries again
            why = str(raised) if isinstance(raised, Fault) else type(raised).__name__
            _log.error("the key-encryption key could not be rotated: %s", why)
        else:
            _log.info("the key-encryption key is rotated: %s", done)


@contextmanager
def _in_office(region: Region) -> Iterator[Connection]:
    """Lend a connection that nobody else has to rotate with. Raises `RotationUnderWay`."""
    with region.connect() as connection:
        if not elected(connection, region, "rotation"):
            raise RotationUnderWay
        yield connection


def _rotate(connection: Connection, keks: Keks) -> Rotated:
    _hear(connection, keks)
    resumed = bool(_leftover(connection))
    if not resumed:
        _change(connection, keks)
    return _finish(connection, keks, resumed=resumed)


def _hear(connection: Connection, keks: Keks) -> None:
    current, proof = _current(connection)
    if current == FIRST and proof is None:
        proof = _proof_of_first(connection, keks)
    keks.use(current, proof)


def _proof_of_first(connection: Connection, keks: Keks) -> bytes:
    """Prove the key from before they had names by what it wrapped, and note how to tell it from now on."""
    row = connection.execute("SELECT stream, wrapped FROM keys WHERE kek_of(wrapped) = %s LIMIT 1", (FIRST,)).fetchone()
    try:
        if row is not None:
            keks.unwrap(row[0], bytes(row[1]))
    except KeyDamaged as wrong:
        raise KekWrong(keks.kept.path(FIRST)) from wrong
    proof = keks.read(FIRST).proof
    connection.execute("SELECT prove_kek(%s, %s)", (FIRST, proof))
    return proof


def _change(connection: Connection, keks: Keks) -> None:
    """Make the key that is coming, which another process may have begun to, and wrap under it from now on."""
    (coming,) = connection.execute("SELECT coming_kek(%s)", (uuid4(),)).fetchone() or (None,)
    keks.kept.make(coming)
    proof = keks.read(coming).proof
    connection.execute("SELECT change_kek(%s, %s)", (coming, proof))
    keks.use(coming, proof)


def _finish(connection: Connection, keks: Keks, *, resumed: bool) -> Rotated:
    rewrapped, damaged = _rewrap(connection, keks)
    export(connection, keks.region, keks.kept.survivors)
    leftover = _leftover(connection)
    gone = [kek for kek in leftover if not _streams_under(connection, kek)]
    for kek in gone:
        keks.kept.destroy(kek)
        connection.execute("SELECT kek_destroyed(%s)", (kek,))
        keks.forget(kek)
    _note_first_gone(connection, keks)
    if damaged:
        raise SurvivorsStuck(f"{damaged} of them")
    current, _ = _current(connection)
    assert current is not None  # noqa: S101 - it has been heard of
    return Rotated(current, resumed, rewrapped, tuple(gone))


def _note_first_gone(connection: Connection, keks: Keks) -> None:
    """Note that the key from before they had names is gone where somebody deleted it once no region needed it."""
    if not keks.kept.path(FIRST).exists() and not _streams_under(connection, FIRST):
        connection.execute("SELECT kek_destroyed(%s)", (FIRST,))


def _rewrap(connection: Connection, keks: Keks) -> tuple[int, int]:
    """Wrap anew what is under a key that is retired; return how many that were, and how many could not be opened.

    With keys of its own at hand: whoever looked before the change may just be bringing the old one back among those
    that all use, and what is wrapped under it is refused.
    """
    own, done, damaged, after = Keks(keks.kept, keks.region), 0, 0, UUID(int=0)
    _hear(connection, own)
    while batch := connection.execute(_RETIRED, (after, BATCH)).fetchall():
        after = batch[-1][0]
        anew = []
        for stream, wrapped in batch:
            try:
                anew.append((stream, bytes(wrapped), own.wrap(stream, own.unwrap(stream, bytes(wrapped)))))
            except KeyDamaged:
                _log.error("the key of stream %s is damaged: it can't be wrapped anew", stream)
                damaged += 1
        if anew:
            streams, olds, news = map(list, zip(*anew, strict=True))
            (count,) = connection.execute(_REWRAP, (streams, olds, news)).fetchone() or (0,)
            done += count
    return done, damaged


def _current(connection: Connection) -> tuple[UUID | None, bytes | None]:
    row = connection.execute("SELECT id, proof FROM keks WHERE made IS NOT NULL AND retired IS NULL").fetchone()
    return row or (None, None)


def _age(connection: Connection) -> tuple[datetime, datetime | None]:
    """Return the database's time, and since when the current key-encryption key has been there."""
    return connection.execute(_AGE).fetchone() or (datetime.now(UTC), None)


def _leftover(connection: Connection) -> list[UUID]:
    return [kek for (kek,) in connection.execute(_LEFTOVER, (FIRST,)).fetchall()]


def _streams_under(connection: Connection, kek: UUID) -> int:
    (count,) = connection.execute("SELECT count(*) FROM keys WHERE kek_of(wrapped) = %s", (kek,)).fetchone() or (0,)
    return int(count)


_AGE = """
    SELECT clock_timestamp(), (SELECT made FROM keks WHERE made IS NOT NULL AND retired IS NULL)"""

# A rotation that goes on just now destroys its key in time; that from before they had names may stay for others.
_LASTS = """
    SELECT EXISTS (
        SELECT FROM keks WHERE retired IS NOT NULL AND destroyed IS NULL
            AND (id = %s OR retired < clock_timestamp() - %s::interval)
    )"""

# The key from before they had names may be shared by the regions of a database, so with others there it stays.
_LEFTOVER = """
    SELECT id FROM keks WHERE retired IS NOT NULL AND destroyed IS NULL AND NOT (id = %s AND EXISTS (
        SELECT FROM pg_tables WHERE tablename = 'log_state' AND schemaname <> current_schema()
    )) ORDER BY retired"""
_RETIRED = """
    SELECT stream, wrapped FROM keys WHERE stream > %s AND kek_of(wrapped) IN (
        SELECT id FROM keks WHERE retired IS NOT NULL AND destroyed IS NULL
    ) ORDER BY stream LIMIT %s"""
_REWRAP = """
    SELECT count(*) FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS r(stream, old, new)
    WHERE rewrap_key(stream, old, new)"""
_STATUS = """
    SELECT id, made, retired, destroyed, coalesce(streams, 0) FROM keks LEFT JOIN (
        SELECT kek_of(wrapped) AS id, count(*) AS streams FROM keys GROUP BY 1
    ) under USING (id) ORDER BY made"""
