"""What is sealed of a log, as it may be shown to anybody: checkpoints, and of its tree what a checkpoint covers.

Nothing here goes beyond the newest checkpoint, which was published before it stands in the database: so nobody is shown
a part of a tree that a restore could take back without a trace.
"""

import re
from dataclasses import dataclass

from psycopg import Connection

from api.problems import Problem
from domain.ledger.logs import Log
from domain.ledger.notes import with_line
from domain.ledger.readlog import ReadMissing
from domain.ledger.tiles import HEIGHT, WIDTH, TileMissing, Tiles


class NothingSealed(Problem):
    """Nothing of this log is sealed in this epoch yet. Ask again in a few seconds."""

    status = 404


class CheckpointAbsent(Problem):
    """No checkpoint of that size was signed in this epoch. Ask without a size for the newest, and keep what you get."""

    status = 404


class BeyondCheckpoint(Problem):
    """The newest checkpoint does not cover that. Fetch /checkpoint, and ask for no more entries than it has."""

    status = 404


class EntriesDropped(Problem):
    """Some of these reads are so old that they were dropped. Their tiles remain: ask for those of level 0."""

    status = 404


class TileMalformed(Problem):
    """That is no tile of a log: they are such as tile/0/x001/234 and tile/entries/067.p/8 (C2SP tlog-tiles)."""

    status = 404


class LogOver(Problem):
    """This log is over: the ledger was restored, and goes on in another epoch. Its note is at /checkpoint/keys."""

    status = 410


class EpochAbsent(Problem):
    """No such epoch has begun yet: ask for /checkpoint, of the one that runs."""

    status = 404


@dataclass(frozen=True)
class Sealed:
    """A checkpoint of a log, and how much of the log it covers."""

    log: Log
    epoch: int
    size: int
    note: str


def newest(connection: Connection, log: Log) -> Sealed:
    """Return the newest checkpoint of the epoch that runs, without cosignatures. Raises `NothingSealed`."""
    epoch, size, note = connection.execute(_NEWEST, (log.name,)).fetchone() or (1, None, "")
    if size is None:
        raise NothingSealed(epoch=epoch)
    return Sealed(log, epoch, size, note)


def newest_of(connection: Connection, log: Log, epoch: int) -> Sealed:
    """Return the same of that epoch, which has to be the one that runs. Raises `LogOver` and `EpochAbsent` too."""
    found = newest(connection, log)
    if epoch < found.epoch:
        raise LogOver(epoch=found.epoch)
    if epoch > found.epoch:
        raise EpochAbsent(epoch=found.epoch)
    return found


def of_size(connection: Connection, log: Log, size: int | None) -> Sealed:
    """Return the checkpoint of that size, or the newest. Raises `NothingSealed` and `CheckpointAbsent`."""
    last = newest(connection, log)
    if size is None:
        return last
    row = connection.execute(_OF_SIZE, (log.name, last.epoch, size)).fetchone()
    if row is None:
        raise CheckpointAbsent(newest=last.size)
    return Sealed(log, last.epoch, size, row[0])


def cosigned(connection: Connection, it: Sealed) -> str:
    """Return a checkpoint's note with the cosignatures that there are for it."""
    note = it.note
    for (line,) in connection.execute(_COSIGNATURES, (it.log.name, it.epoch, it.size)):
        note = with_line(note, line)
    return note


def tokens(connection: Connection, it: Sealed) -> list[bytes]:
    """Return the time-stamp tokens over a checkpoint."""
    found = connection.execute(_TOKENS, (it.log.name, it.epoch, it.size), binary=True)
    return [bytes(token) for (token,) in found]


def last_stamped(connection: Connection, log: Log) -> int | None:
    """Return the size of the last checkpoint with a time-stamp token, in the epoch that runs; None if none has."""
    (size,) = connection.execute(_LAST_STAMPED, (log.name,)).fetchone() or (None,)
    return None if size is None else int(size)


# Parts of the tree


@dataclass(frozen=True)
class Place:
    """Which tile of a level, or bundle of entries, and how many hashes or entries of it."""

    number: int
    width: int

    @classmethod
    def read(cls, path: str) -> "Place":
        """Read it as C2SP tlog-tiles writes it: x001/x234/067, with .p/8 behind it for 8 of them.

        Raises `TileMalformed`, also for what could be written shorter.
        """
        found = _PLACE.fullmatch(path)
        if found is None or path.startswith("x000/"):
            raise TileMalformed
        number, width = int(re.sub("[x/]", "", found[1])), int(found[2] or WIDTH)
        if found[2] and width >= WIDTH:
            raise TileMalformed
        return cls(number, width)

    @property
    def end(self) -> int:
        """How many there are up to and with its last one."""
        return self.number * WIDTH + self.width


def tile(connection: Connection, it: Sealed, level: str, place: Place) -> bytes:
    """Return the hashes of a tile. Raises `TileMalformed`, `BeyondCheckpoint` and `TileMissing`."""
    if _LEVEL.fullmatch(level) is None:
        raise TileMalformed
    if place.end > it.size >> HEIGHT * int(level):
        raise BeyondCheckpoint(size=it.size)
    hashes = Tiles(connection, it.log.name).tile(int(level), place.number, place.width)
    if hashes is None:
        raise TileMissing(it.log.name, level, place.number)
    return hashes


def entries(connection: Connection, it: Sealed, region: str, place: Place) -> bytes:
    """Return a bundle of entries, each behind its length in two bytes. Raises `BeyondCheckpoint` and the like."""
    if place.end > it.size:
        raise BeyondCheckpoint(size=it.size)
    try:
        found = it.log.entries(connection, region, place.number * WIDTH, place.width)
    except ReadMissing:
        raise EntriesDropped from None
    if len(found) < place.width:
        raise TileMissing(it.log.name, "entries", place.number)
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in found)


_PLACE = re.compile(r"((?:x\d{3}/){0,5}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_LEVEL = re.compile(r"\d|[1-5]\d|6[0-3]", re.ASCII)

_NEWEST = """
    SELECT l.epoch, c.size, c.note FROM log_state l LEFT JOIN LATERAL (
        SELECT size, note FROM checkpoints WHERE log = %s AND epoch = l.epoch ORDER BY size DESC LIMIT 1
    ) c ON true"""
_OF_SIZE = "SELECT note FROM checkpoints WHERE log = %s AND epoch = %s AND size = %s"
_COSIGNATURES = "SELECT line FROM cosignatures WHERE log = %s AND epoch = %s AND size = %s ORDER BY witness"
_TOKENS = "SELECT token FROM stamps WHERE log = %s AND epoch = %s AND size = %s ORDER BY authority"
_LAST_STAMPED = "SELECT max(size) FROM stamps WHERE log = %s AND epoch = (SELECT epoch FROM log_state)"
