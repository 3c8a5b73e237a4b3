"""The logs and their trees: every entry in its order, every tile, and the root of every checkpoint.

A part of the work is a run of entries that a whole number of tiles is over. Its process reckons what lies below; what
is above, and so each root, is put together as the parts come in by their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from psycopg import Connection

from domain.ledger.audit import findings
from domain.ledger.audit.checkpoints import Checking
from domain.ledger.audit.entries import ENTRIES, Entries
from domain.ledger.audit.findings import Tally
from domain.ledger.audit.snapshot import Snapshot
from domain.ledger.audit.tree import SIZE, WIDTH, Span, hashes, layers, root_of
from verifier.tree import leaf

RUN = 16 * WIDTH
"""How many entries a part has."""

_HEIGHT = 8
_LEVELS = 8
"""More levels of tiles than any tree has."""


@dataclass(frozen=True)
class Known:
    """A checkpoint from outside the database: its log, epoch, size and root, and what to say where it does not hold."""

    log: str
    epoch: int
    size: int
    root: bytes
    name: str


@dataclass(frozen=True)
class Claim:
    """A root that is claimed of a tree's first entries, with what says so, and the root over those in this run."""

    size: int
    root: bytes
    fault: findings.Finding
    within: bytes | None


@dataclass
class Run:
    """What came of one run: how many entries it has in the tree, its whole tiles' hashes, and the roots claimed."""

    entries: int
    tops: list[bytes] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Log:
    """A log to be audited, up to its `last` position; its tree has `size` entries."""

    size: int
    last: int
    checking: Checking
    known: Sequence[Known]

    @property
    def name(self) -> str:
        """The log's name."""
        return self.checking.log

    def __call__(self, connection: Connection, number: int) -> Run:
        """Audit one run."""
        begin = number * RUN
        run = Run(max(0, min(RUN, self.size - begin)))
        entries = ENTRIES[self.name](
            connection, self.checking.signers.region, begin, min(begin + RUN, self.last), run.tally
        )
        tiles = {
            place: bytes(it) for place, it in connection.execute(_TILES, (self.name, *_places(begin)), binary=True)
        }
        leaves = [_leaf(entries, tiles, at) for at in range(begin, begin + run.entries)]
        run.tally.counts[f"entries of the log of {self.name}"] += len(entries.found)
        self._tiles(leaves, tiles, begin, run.tally)
        subtrees = layers(leaves)
        run.tops = subtrees[_HEIGHT] if len(subtrees) > _HEIGHT else []
        run.claims = [self._claim(subtrees, begin, *it) for it in self._claimed(connection, begin, run)]
        return run

    def _tiles(self, leaves: Sequence[bytes], tiles: Mapping[int, bytes], begin: int, tally: Tally) -> None:
        """Compare the leaves with their tiles."""
        for at in range(0, len(leaves), WIDTH):
            place, wanted = (begin + at) // WIDTH, leaves[at : at + WIDTH]
            tally.counts["tiles"] += 1
            if place not in tiles:
                tally.found(findings.TileMissing(log=self.name, level=0, place=place))
                continue
            stored = hashes(tiles[place])
            for index, (mine, theirs) in enumerate(zip(wanted, stored, strict=False)):
                if mine != theirs:
                    tally.found(findings.EntryAltered(log=self.name, position=begin + at + index + 1))
            if len(stored) != len(wanted):
                tally.found(findings.TileAltered(log=self.name, level=0, place=place))

    def _claimed(self, connection: Connection, begin: int, run: Run) -> Iterator[tuple[int, bytes, findings.Finding]]:
        above = begin or -1  # the first run has the empty tree too
        for it in self.checking.within(connection, above, begin + run.entries, run.tally):
            if it.size <= self.checking.kept.get(it.epoch, it.size):
                yield it.size, it.root, findings.RootDiffers(log=self.name, epoch=it.epoch, size=it.size)
        for known in self.known:
            if above < known.size <= begin + run.entries:
                yield known.size, known.root, fault_of(known)

    def _claim(self, subtrees: list[list[bytes]], begin: int, size: int, root: bytes, fault: findings.Finding) -> Claim:
        return Claim(size, root, fault, root_of(subtrees, size - begin) if size > begin else None)


@dataclass
class Above:
    """What lies above the runs, as they come in: the tiles of the upper levels, and the roots."""

    log: str
    connection: Connection
    tally: Tally
    left: Span = field(default_factory=Span)
    levels: list[list[bytes]] = field(default_factory=lambda: [[] for _ in range(_LEVELS + 1)])
    places: list[int] = field(default_factory=lambda: [0] * (_LEVELS + 1))

    def take(self, run: Run) -> None:
        """Take in the next run."""
        self.tally.add(run.tally)
        for it in run.claims:
            if it.root != self.left.root(it.within):
                self.tally.found(it.fault)
        for top in run.tops:
            index = self.places[1] * WIDTH + len(self.levels[1])
            self.left.add(_HEIGHT, index, top)
            self._raise(1, top)

    def finish(self) -> None:
        """Compare the last tile of each level, which has room for more."""
        for level in range(1, _LEVELS + 1):
            if self.levels[level]:
                self._compare(level)

    def _raise(self, level: int, digest: bytes) -> None:
        self.levels[level].append(digest)
        if len(self.levels[level]) == WIDTH:
            self._compare(level)
            top = layers(self.levels[level])[_HEIGHT][0]
            self.levels[level], self.places[level] = [], self.places[level] + 1
            self._raise(level + 1, top)

    def _compare(self, level: int) -> None:
        place = self.places[level]
        row = self.connection.execute(_TILE, (self.log, level, place), binary=True).fetchone()
        self.tally.counts["tiles"] += 1
        if row is None:
            self.tally.found(findings.TileMissing(log=self.log, level=level, place=place))
        elif bytes(row[0]) != b"".join(self.levels[level]):
            self.tally.found(findings.TileAltered(log=self.log, level=level, place=place))


def audit_log(snapshot: Snapshot, checking: Checking, known: Sequence[Known]) -> Iterator[tuple[int, int, Tally]]:
    """Audit a log; yield how many of its runs are done, of how many, and at last what was found."""
    connection, tally, name = snapshot.connection, Tally(), checking.log
    size, last, numbers = _extent(connection, name, tally)
    tally.all(_beyond(it, size) for it in known if it.size > size)
    log, above = Log(size, last, checking, known), Above(name, connection, tally)
    for done, run in enumerate(snapshot.each(log, numbers), 1):
        above.take(run)
        yield done, len(numbers), Tally()
    above.finish()
    checking.strays(connection, size, tally)
    _stray_tiles(connection, name, size, tally)
    yield len(numbers), len(numbers), tally


def fault_of(known: Known) -> findings.Finding:
    """Return what it is if a checkpoint from outside is not of this tree."""
    kind = findings.KnownForked if known.name else findings.PublishedForked
    return kind(log=known.log, size=known.size, name=known.name)


def _extent(connection: Connection, name: str, tally: Tally) -> tuple[int, int, list[int]]:
    """Return how many entries the tree has, the last position, and the runs that there are.

    Numbers that nothing bears out are told, and not believed: else they would be run after for ever.
    """
    (size,) = connection.execute("SELECT size FROM trees WHERE log = %s", (name,)).fetchone() or (0,)
    (tiles,) = connection.execute(_COUNT_TILES, (name,)).fetchone() or (0,)
    found: dict[int, int] = dict(connection.execute(_RUNS[name], (RUN,)).fetchall())
    (last,) = connection.execute(_LAST[name]).fetchone() or (0,)
    entries = sum(found.values())
    if size > max(entries, tiles * WIDTH):
        tally.found(findings.TreeBehind(log=name, size=size, entries=entries))
        size = entries
    numbers = sorted({0, *range(-(-size // RUN)), *found})
    gone = findings.PositionMissing if name == "events" else findings.ReadPositionMissing
    for before, number in pairwise(numbers):
        if number > before + 1:
            tally.found(gone(position=(before + 1) * RUN + 1), (number - before - 1) * RUN)
    return size, max(last, size), numbers


def _beyond(known: Known, entries: int) -> findings.Finding:
    kind = findings.KnownBeyond if known.name else findings.PublishedBeyond
    return kind(log=known.log, size=known.size, name=known.name, entries=entries)


def _stray_tiles(connection: Connection, name: str, size: int, tally: Tally) -> None:
    """Look for tiles that a tree of this size has not."""
    places = [-(-(size >> _HEIGHT * level) // WIDTH) for level in range(_LEVELS)]
    for level, place in connection.execute(_STRAY, (places, list(range(_LEVELS)), name)):
        tally.found(findings.TileStray(log=name, level=level, place=place))


def _leaf(entries: Entries, tiles: Mapping[int, bytes], index: int) -> bytes:
    """Return a leaf's hash: where the entry is gone, which is told, as the tree has it."""
    if index in entries.found:
        return leaf(entries.found[index])
    tile, at = tiles.get(index // WIDTH, b""), index % WIDTH * SIZE
    return tile[at : at + SIZE] or bytes(SIZE)


def _places(begin: int) -> tuple[int, int]:
    return begin // WIDTH, (begin + RUN) // WIDTH


_TILES = "SELECT place, hashes FROM tiles WHERE log = %s AND level = 0 AND place >= %s AND place < %s"
_TILE = "SELECT hashes FROM tiles WHERE log = %s AND level = %s AND place = %s"
_STRAY = """
    SELECT t.level, t.place FROM tiles t
    LEFT JOIN (SELECT unnest(%s::bigint[]) AS places, unnest(%s::smallint[]) AS level) l ON l.level = t.level
    WHERE t.log = %s AND (t.place < 0 OR l.places IS NULL OR t.place >= l.places) ORDER BY t.level, t.place"""
_COUNT_TILES = "SELECT count(*) FROM tiles WHERE log = %s AND level = 0"
_LAST: Mapping[str, Any] = {
    "events": "SELECT coalesce(max(position), 0) FROM sequence",
    "reads": "SELECT coalesce(max(position), 0) FROM reads_sequence",
}
_RUNS: Mapping[str, Any] = {
    "events": "SELECT (position - 1) / %s, count(*) FROM sequence GROUP BY 1",
    "reads": "SELECT (position - 1) / %s, count(*) FROM reads_sequence GROUP BY 1",
}
