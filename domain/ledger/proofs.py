"""What a bundle tells of the ledger: a case's events and words, and what proves that they stand in the log as they do.

All of it is read in one snapshot, page by page: what happens meanwhile does not come into a half of it, and a case of
any length fits. Whether a reader may see an entry is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel

from domain.ledger.database import DatabaseUnavailable, Region
from domain.ledger.heads import HeadProof, head_proof
from domain.ledger.logs import EVENTS
from domain.ledger.notary import kept_by
from domain.ledger.notes import with_line
from domain.ledger.tiles import HEIGHT, Tiles

PAGE = 200
"""How many events are read at once: each may need a tile of the log of its own."""

PAGE_BYTES = 1024 * 1024
"""How many bytes of words are read at once, unless a single entry has more."""


@dataclass(frozen=True)
class Proven:
    """An event as it is stored, and the proof that the log has its hash at its position: if the checkpoint has it."""

    version: int
    hash: bytes
    document: bytes
    position: int | None
    path: Sequence[bytes]


@dataclass(frozen=True)
class Sealed:
    """A checkpoint as a signed note with its witnesses' lines, and the proof that the bundle's goes on from it."""

    epoch: int
    size: int
    note: str
    path: Sequence[bytes]


@dataclass(frozen=True)
class Headed:
    """Where the case's head stands in the tree that `heads-sealed` sealed last, and that the log has that event."""

    proof: HeadProof
    path: Sequence[bytes]


@dataclass(frozen=True)
class Snapshot:
    """A case as the ledger has it at one moment. `size` is that of the last checkpoint of this epoch, 0 without one."""

    connection: Connection[Any]
    case: UUID
    at: datetime
    head: int
    epoch: int
    size: int

    # The case

    def wrapped_key(self) -> bytes | None:
        """Return the key of the case's words as it is stored: None where it was destroyed."""
        row = self.connection.execute(_KEY, (self.case,), binary=True).fetchone()
        return bytes(row[0]) if row else None

    def events(self) -> Iterator[Proven]:
        """Yield the case's events by version, each with its proof."""
        yield from self._proven(self.case, 0, self.head)

    def documents(self) -> Iterator[tuple[int, bytes]]:
        """Yield the case's events as they are stored, by version."""
        for page in self._pages(self.case, 0, self.head):
            yield from ((version, bytes(document)) for version, _, document, _ in page)

    def ciphertexts(self, versions: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the sealed words of these entries by version; those that are destroyed are missing."""
        wanted, after = sorted(versions), 0
        while page := self.connection.execute(
            _WORDS, (self.case, wanted, after, PAGE, PAGE_BYTES), binary=True
        ).fetchall():
            yield from ((version, bytes(ciphertext)) for version, ciphertext in page)
            after = page[-1][0]

    # What proves it

    def has_checkpoint(self, size: int) -> bool:
        """Say whether a checkpoint of this size was published in this epoch, or in one before and is kept."""
        return size in self._published([size])

    def checkpoints(self, known: Iterable[int] = ()) -> list[Sealed]:
        """Return the last checkpoint; then, by falling size, those `known`, and what each of the outsiders saw last.

        An outsider is a witness, or an authority that stamps the time.
        """
        seen = self.connection.execute(_SEEN, {"epoch": self.epoch, "size": self.size}).fetchall()
        published = self._published([self.size, *known, *(size for (size,) in seen)])
        lines = self.connection.execute(_COSIGNED, _each((epoch, size) for size, (epoch, _) in published.items()))
        notes = {size: note for size, (_, note) in published.items()}
        for size, line in lines:
            notes[size] = with_line(notes[size], line)
        tree = Tiles(self.connection, EVENTS.name)
        return [
            Sealed(published[size][0], size, notes[size], tree.consistency(size, self.size))
            for size in sorted(notes, reverse=True)
        ]

    def stamps(self, of: Iterable[Sealed]) -> list[tuple[int, bytes]]:
        """Return the time stamps of these checkpoints, each with the checkpoint's size."""
        found = self.connection.execute(_STAMPS, _each((it.epoch, it.size) for it in of), binary=True).fetchall()
        return [(size, bytes(token)) for size, token in found]

    def heads(self) -> Headed | None:
        """Return the proof of the case's head as it was sealed last; None where the checkpoint has no such sealing."""
        proof = head_proof(self.connection, self.case)
        if proof is None or proof.sealed.position > self.size:
            return None
        tree = Tiles(self.connection, EVENTS.name)
        return Headed(proof, tree.inclusion(proof.sealed.position - 1, self.size))

    def key_notes(self) -> list[str]:
        """Return the note of each key that ever signed, the oldest first."""
        return [note for (note,) in self.connection.execute("SELECT note FROM signing_keys ORDER BY number")]

    def epoch_notes(self) -> list[str]:
        """Return the note of each epoch but the first, the oldest first."""
        return [note for (note,) in self.connection.execute("SELECT note FROM epochs ORDER BY epoch")]

    def _published(self, sizes: Sequence[int]) -> dict[int, tuple[int, str]]:
        """Return the epoch and the note of the checkpoints of these sizes, by size.

        It is this epoch's, or else that of the last one before, if every restore since has kept as much.
        """
        kept = [
            (epoch, kept_by(note, EVENTS)) for epoch, note in self.connection.execute("SELECT epoch, note FROM epochs")
        ]
        rows = self.connection.execute(_PUBLISHED, (self.size, list(sizes))).fetchall()
        return {
            size: (epoch, note) for epoch, size, note in rows if all(size <= most for of, most in kept if of > epoch)
        }

    def _proven(self, stream: UUID, after: int, upto: int) -> Iterator[Proven]:
        for page in self._pages(stream, after, upto):
            tree = Tiles(self.connection, EVENTS.name)  # anew, so that no more of it is remembered than a page needs
            covered = [at for *_, at in page if at is not None and at <= self.size]
            for level in (0, 1):
                tree.fetch(level, {at - 1 >> HEIGHT * (level + 1) for at in covered})
            for version, digest, document, at in page:
                position = at if at is not None and at <= self.size else None
                path = tree.inclusion(position - 1, self.size) if position else []
                yield Proven(version, bytes(digest), bytes(document), position, path)

    def _pages(self, stream: UUID, after: int, upto: int) -> Iterator[list[tuple[Any, ...]]]:
        while page := self.connection.execute(_EVENTS, (stream, after, upto, PAGE), binary=True).fetchall():
            yield page
            after = page[-1][0]


@contextmanager
def snapshot(region: Region, case: UUID) -> Iterator[Snapshot]:
    """Give a case as it is now, on a connection of its own for as long as it takes to read it.

    Raises `DatabaseUnavailable`.
    """
    try:
        with region.connect() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                at, head, epoch, size = connection.execute(_HERE, (case,)).fetchone() or (datetime.now(UTC), 0, 1, 0)
                yield Snapshot(connection, case, at, head, epoch, size)
    except psycopg.OperationalError as gone:
        raise DatabaseUnavailable from gone


def _each(pairs: Iterable[tuple[int, int]]) -> dict[str, list[int]]:
    """Return epochs and sizes as the statements below take them."""
    listed = list(pairs)
    return {"epochs": [epoch for epoch, _ in listed], "sizes": [size for _, size in listed]}


def worded(connection: Connection, case: UUID) -> frozenset[int]:
    """Return the versions of a case's entries whose words are there and can be opened: now, whatever a snapshot has."""
    return frozenset(version for (version,) in connection.execute(_WORDED, (case,)))


_HERE = """
    SELECT now(), coalesce((SELECT max(version) FROM events WHERE stream = %s), 0), epoch, coalesce((
        SELECT max(size) FROM checkpoints c WHERE c.log = 'events' AND c.epoch = l.epoch
    ), 0) FROM log_state l"""
_KEY = "SELECT wrapped FROM keys WHERE stream = %s"
_EVENTS = """
    SELECT e.version, e.hash, e.bytes, s.position
    FROM events e LEFT JOIN sequence s ON s.stream = e.stream AND s.version = e.version
    WHERE e.stream = %s AND e.version > %s AND e.version <= %s ORDER BY e.version LIMIT %s"""
_WORDED = """
    SELECT version FROM words w WHERE stream = %s AND EXISTS (SELECT FROM keys k WHERE k.stream = w.stream)"""
_WORDS = """
    SELECT version, ciphertext FROM (
        SELECT version, ciphertext, sum(octet_length(ciphertext)) OVER (ORDER BY version) AS bytes,
            row_number() OVER (ORDER BY version) AS number
        FROM (
            SELECT version, ciphertext FROM words WHERE stream = %s AND version = ANY (%s::integer[]) AND version > %s
            ORDER BY version LIMIT %s
        ) page
    ) summed WHERE number = 1 OR bytes <= %s ORDER BY version"""
_PUBLISHED = """
    SELECT epoch, size, note FROM checkpoints
    WHERE log = 'events' AND size <= %s AND size = ANY (%s::bigint[]) ORDER BY epoch"""
_SEEN = """
    SELECT max(size) FROM stamps WHERE log = 'events' AND epoch = %(epoch)s AND size <= %(size)s GROUP BY authority
    UNION SELECT max(size) FROM cosignatures
    WHERE log = 'events' AND epoch = %(epoch)s AND size <= %(size)s GROUP BY witness"""
_OF_EACH = "log = 'events' AND (epoch, size) IN (SELECT * FROM unnest(%(epochs)s::integer[], %(sizes)s::bigint[]))"
_STAMPS = f"SELECT size, token FROM stamps WHERE {_OF_EACH} ORDER BY size DESC, authority"  # noqa: S608
_COSIGNED = f"SELECT size, line FROM cosignatures WHERE {_OF_EACH} ORDER BY size, witness"  # noqa: S608
