"""The heads: once a day (UTC) a root over the last event of every stream is logged, and its tree kept for proofs.

    the heads as of the sealed events → their root → the event heads-sealed → a checkpoint has that event → the tree

The event says what the tree is; the tree is made of it, in one transaction, and again whenever it is not as the event
says. Until a checkpoint has the event, the tree stays that of the one before, which can be proven. So whoever is killed
at any step leaves what the next look goes on from.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import reduce
from itertools import islice
from typing import NamedTuple
from uuid import UUID, uuid5

import psycopg
from psycopg import Connection

from domain.decider import Actor, Role
from domain.ledger.application import Cases, ask
from domain.ledger.beside import TAKEOVER_SECONDS, Beside, elected
from domain.ledger.fault import Fault
from domain.ledger.mapper import decoded
from domain.ledger.merkle import EMPTY_ROOT, leaf_hash, node_hash
from domain.ledger.tiles import WIDTH, TileMissing, Tiles, grow
from domain.sealing import LOG_STREAM, HeadsSealed, SealHeads

PAUSE_SECONDS = 10.0
ACTOR = Actor("heads", Role.SYSTEM)
BATCH = 40 * WIDTH
"""How many heads are in memory at a time."""

_log = logging.getLogger(__name__)


class HeadsDiffer(Fault):
    """The heads of the streams are not as they were sealed: an event is gone, or was changed. Verify the ledger."""


class Sealed(NamedTuple):
    """A heads-sealed event as it is stored; `previous` is the hash of the event before it in its stream."""

    stream: UUID
    version: int
    previous: bytes
    position: int
    hash: bytes
    document: bytes

    @property
    def event(self) -> HeadsSealed:
        """What it says."""
        it = decoded(self.stream, self.version, self.document)
        if not isinstance(it.event, HeadsSealed):
            raise HeadsDiffer(self.version)
        return it.event


class HeadProof(NamedTuple):
    """The proof of a stream's last event as of `sealed`: its place in the tree, its version and hash, and the path.

    All but `sealed` are None where the stream began after it.
    """

    sealed: Sealed
    place: int | None = None
    version: int | None = None
    hash: bytes | None = None
    path: list[bytes] | None = None


class Heads(Beside):
    """Seals the heads whenever it is due, and keeps their tree, until told to stop. One works at a time in a region."""

    def __init__(self, cases: Cases, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(cases.region, "heads")
        self.cases = cases
        self.pause = pause
        self._given_up: int | None = None

    def work(self, connection: Connection) -> None:
        """Wait to be elected; then look again and again what is to be done."""
        while not elected(connection, self.region, "heads"):
            if self.told_to_stop.wait(TAKEOVER_SECONDS):
                return
        while not self.told_to_stop.is_set():
            self.look(connection)
            self.told_to_stop.wait(self.pause)

    def look(self, connection: Connection) -> None:
        """Seal the heads if it is due, and make their tree if it isn't that of the last event that can be proven."""
        with _going_on("sealed"):
            seal(self.cases, connection)
        with _going_on("kept"):
            sealed = covered(connection)
            if sealed is not None and sealed.version != self._given_up and not is_kept(connection, sealed):
                self._keep(connection, sealed)

    def _keep(self, connection: Connection, sealed: Sealed) -> None:
        try:
            keep(connection, sealed)
        except HeadsDiffer as differ:  # it will not be otherwise in a moment: told once, and tried again at a start
            _log.error("the tree of the heads of %s was not made: %s", sealed.event.day, differ)
            self._given_up = sealed.version


@contextmanager
def _going_on(what: str) -> Iterator[None]:
    """Go on whatever it is: another was first, or the next look finds it again. A lost connection is made anew."""
    try:
        yield
    except psycopg.Error:
        raise
    except Exception as raised:
        _log.error("the heads were not %s: %s", what, raised if isinstance(raised, Fault) else type(raised).__name__)


# Sealing


def seal(cases: Cases, connection: Connection) -> bool:
    """Seal the heads as of the sealed events, unless that was done today or there are no events since; say whether.

    Raises what a command raises.
    """
    today, events = due(connection)
    if today is None:
        return False
    with _at_leisure(connection):
        streams, root = root_of(leaf_hash(it) for it in _heads(connection, events))
    command = SealHeads(today, events, streams, root.hex())
    id_of_today = uuid5(LOG_STREAM, f"{cases.region.name} {today}")
    receipt = cases.execute(ask(command, LOG_STREAM, ACTOR, id=id_of_today, keyed=True))
    return receipt.last >= receipt.first


def due(connection: Connection) -> tuple[date | None, int]:
    """Return for which day, in UTC, the heads are to be sealed now, None for none; and over how many events."""
    today, events, document, version = connection.execute(_DUE, (LOG_STREAM,)).fetchone() or (None, 0, None, 0)
    last = None if document is None else decoded(LOG_STREAM, version, bytes(document)).event
    if isinstance(last, HeadsSealed) and (last.day >= today or last.events >= events):
        return None, events
    since = last.events if isinstance(last, HeadsSealed) else 0
    news = connection.execute(_NEWS, (since, events, LOG_STREAM)).fetchone()
    return (None if news is None else today), events


def root_of(leaves: Iterable[bytes]) -> tuple[int, bytes]:
    """Return how many leaves' hashes these are, and the root of the tree over them, holding no more than a branch."""
    size, peaks = 0, list[bytes]()
    for leaf in leaves:
        size, peak = size + 1, leaf
        for _ in range((size & -size).bit_length() - 1):  # as many perfect subtrees end here
            peak = node_hash(peaks.pop(), peak)
        peaks.append(peak)
    return size, reduce(lambda right, left: node_hash(left, right), reversed(peaks)) if peaks else EMPTY_ROOT


def entry(stream: UUID, version: int, digest: bytes) -> bytes:
    """Return a head's entry in the tree."""
    return stream.bytes + version.to_bytes(8, "big") + digest


def _heads(connection: Connection, events: int) -> Iterator[bytes]:
    """Yield the entries of the heads as of so many events, by stream, from a cursor of the server's."""
    with connection.cursor("heads", binary=True) as cursor:
        cursor.itersize = BATCH
        for stream, version, digest in cursor.execute(_HEADS, {"events": events}):
            if digest is None:
                raise HeadsDiffer(stream, version)
            yield entry(stream, version, bytes(digest))


@contextmanager
def _at_leisure(connection: Connection) -> Iterator[None]:
    """Go over all streams in one transaction, which may take its time: nobody waits for it."""
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = '1h'")
        yield


# The tree


def covered(connection: Connection) -> Sealed | None:
    """Return the last heads-sealed event that the last checkpoint has."""
    row = connection.execute(_COVERED, (LOG_STREAM,)).fetchone()
    return _sealed(connection, row[0]) if row else None


def is_kept(connection: Connection, sealed: Sealed) -> bool:
    """Say whether the tree of that event is there, and as the event says."""
    (version,) = connection.execute("SELECT version FROM heads_state").fetchone() or (0,)
    return version == sealed.version and _is_of(sealed, Tiles(connection, "heads"))


def keep(connection: Connection, sealed: Sealed) -> None:
    """Put the tree of that event in the place of the one before, whole or not at all. Raises `HeadsDiffer`."""
    try:
        _keep(connection, sealed, anew=False)
    except HeadsDiffer:  # the table of heads may be at fault, and the sequence is what counts
        _keep(connection, sealed, anew=True)


def _keep(connection: Connection, sealed: Sealed, *, anew: bool) -> None:
    event = sealed.event
    with _at_leisure(connection):
        (had,) = connection.execute("SELECT events FROM heads_state FOR UPDATE").fetchone() or (0,)
        if anew or had > event.events:
            connection.execute("DELETE FROM heads")
            connection.execute("UPDATE heads_state SET events = 0")
        connection.execute(_MOVE_ON, {"events": event.events})
        connection.execute("UPDATE heads_state SET version = %s, events = %s", (sealed.version, event.events))
        connection.execute("SELECT clear_heads()")
        leaves = (leaf_hash(it) for it in _heads(connection, event.events))
        while batch := list(islice(leaves, BATCH)):
            grow(connection, "heads", batch)
        if not _is_of(sealed, Tiles(connection, "heads")):
            raise HeadsDiffer(event.day)


def _is_of(sealed: Sealed, tree: Tiles) -> bool:
    try:
        return tree.size == sealed.event.streams and tree.root().hex() == sealed.event.root
    except TileMissing:
        return False


# Proofs


def head_proof(connection: Connection, stream: UUID) -> HeadProof | None:
    """Return the proof of a stream's last event as of the last heads-sealed event whose tree there is; None for none.

    On a connection that sees one state of the ledger throughout. The event is in the last checkpoint.
    """
    (kept,) = connection.execute("SELECT version FROM heads_state").fetchone() or (0,)
    sealed = _sealed(connection, kept)
    if sealed is None:
        return None
    tree = Tiles(connection, "heads")
    if not _is_of(sealed, tree):
        return None
    found = connection.execute(_HEAD, (stream,)).fetchone()
    if found is None:
        return HeadProof(sealed)
    version, digest, place = found
    return HeadProof(sealed, place, version, bytes(digest), tree.inclusion(place, tree.size))


def _sealed(connection: Connection, version: int) -> Sealed | None:
    row = connection.execute(_SEALED, (LOG_STREAM, version)).fetchone()
    return Sealed(row[0], row[1], bytes(row[2] or b""), row[3], bytes(row[4]), bytes(row[5])) if row else None


_DUE = """
    SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date, t.size, e.bytes, coalesce(e.version, 0)
    FROM trees t LEFT JOIN LATERAL (
        SELECT bytes, version FROM events WHERE stream = %s AND topic = 'heads-sealed' ORDER BY version DESC LIMIT 1
    ) e ON true WHERE t.log = 'events'"""
_NEWS = "SELECT 1 FROM sequence WHERE position > %s AND position <= %s AND stream <> %s LIMIT 1"
_MOVED = """
    SELECT stream, max(version) AS version FROM sequence
    WHERE position > (SELECT events FROM heads_state) AND position <= %(events)s GROUP BY stream"""
_HEADS = f"""
    SELECT stream, version, e.hash FROM (
        SELECT stream, coalesce(m.version, h.version) AS version FROM heads h FULL JOIN ({_MOVED}) m USING (stream)
    ) head LEFT JOIN events e USING (stream, version) ORDER BY stream"""
_MOVE_ON = f"""
    INSERT INTO heads (stream, version) {_MOVED}
    ON CONFLICT (stream) DO UPDATE SET version = excluded.version"""
_COVERED = """
    SELECT e.version FROM events e JOIN sequence s USING (stream, version)
    WHERE e.stream = %s AND e.topic = 'heads-sealed' AND s.position <= (
        SELECT max(size) FROM checkpoints WHERE log = 'events' AND epoch = (SELECT epoch FROM log_state)
    ) ORDER BY e.version DESC LIMIT 1"""
_SEALED = """
    SELECT e.stream, e.version, (SELECT hash FROM events b WHERE b.stream = e.stream AND b.version = e.version - 1),
        s.position, e.hash, e.bytes
    FROM events e JOIN sequence s USING (stream, version) WHERE e.stream = %s AND e.version = %s"""
_HEAD = """
    SELECT h.version, e.hash, (SELECT count(*) FROM heads b WHERE b.stream < h.stream)
    FROM heads h JOIN events e USING (stream, version) WHERE h.stream = %s"""
