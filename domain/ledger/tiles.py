"""The trees as they are stored, in tiles of 256 hashes (C2SP `tlog-tiles`): how they grow, and how proofs read them.

A tile of level 0 holds leaves' hashes, one of a level above the roots of whole tiles of the level below. Nothing in a
tile ever changes; the last tile of each level has room for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import Connection

from domain.ledger.fault import Fault
from domain.ledger.merkle import EMPTY_ROOT, consistency, inclusion, node_hash, root

HEIGHT = 8
"""How many levels of the tree are in a tile."""

WIDTH = 1 << HEIGHT
SIZE = 32
"""A hash's length in bytes."""


class TileMissing(Fault):
    """The stored tree lacks a part that it must have. Verify the ledger."""


class Tiles:
    """A log's tree, read tile by tile and remembered. Of what is in it nothing changes, so it may be kept."""

    def __init__(self, connection: Connection, log: str) -> None:
        self.connection = connection
        self.log = log
        (self.size,) = connection.execute("SELECT size FROM trees WHERE log = %s", (log,)).fetchone() or (0,)
        self._layers: dict[tuple[int, int], list[list[bytes]]] = {}

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the tree as it was with so many entries, or as it is. Raises `TileMissing`."""
        size = self.size if size is None else size
        return root(size, self.node) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that an entry is in the tree of that size. Raises `TileMissing`."""
        return inclusion(index, size, self.node)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the tree of the second size goes on from that of the first. Raises `TileMissing`."""
        return consistency(first, second, self.node)

    def node(self, height: int, index: int) -> bytes:
        """Return the hash over the 2^height leaves from `index` · 2^height on. Raises `TileMissing`."""
        level, within = divmod(height, HEIGHT)
        place, at = divmod(index, WIDTH >> within)
        if (level, place) not in self._layers:
            self.fetch(level, [place])
        try:
            return self._layers[level, place][within][at]
        except LookupError:
            raise TileMissing(self.log, level, place) from None

    def fetch(self, level: int, places: Iterable[int]) -> None:
        """Read several tiles at once, for proofs to come."""
        wanted = [place for place in places if (level, place) not in self._layers]
        for place, hashes in self.connection.execute(_TILES, (self.log, level, wanted), binary=True):
            self._layers[level, place] = _layers(bytes(hashes))

    def tile(self, level: int, place: int, width: int = WIDTH) -> bytes | None:
        """Return the first `width` hashes of a tile; None if there aren't as many."""
        row = self.connection.execute(_TILES, (self.log, level, [place]), binary=True).fetchone()
        return None if row is None or len(row[1]) < width * SIZE else bytes(row[1][: width * SIZE])


def _layers(hashes: bytes) -> list[list[bytes]]:
    """Return a tile's hashes, and those of the perfect subtrees in it by height."""
    layers = [[hashes[at : at + SIZE] for at in range(0, len(hashes), SIZE)]]
    for _ in range(HEIGHT - 1):
        below = layers[-1]
        layers.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return layers


# Growing


@dataclass(frozen=True)
class Step:
    """What is added to one tile: hashes, behind the `had` that it has."""

    level: int
    place: int
    had: int
    more: bytes


def grow(connection: Connection, log: str, leaves: Sequence[bytes]) -> int:
    """Add leaves' hashes to a log's tree, all or none; return its new size.

    Whoever was slower than another fails with a serialization failure, and changes nothing.
    """
    tree = Tiles(connection, log)
    steps = list(_steps(tree, leaves))
    if steps:
        parts = ([it.level for it in steps], [it.place for it in steps], [it.had for it in steps])
        hashes = [it.more for it in steps]
        connection.execute(_GROW, (log, tree.size, tree.size + len(leaves), *parts, hashes))
    return int(tree.size) + len(leaves)


def _steps(tree: Tiles, leaves: Sequence[bytes]) -> Iterator[Step]:
    """Yield what is added to which tile: to the leaves', and above a hash for each tile that is full now."""
    level, count, added = 0, tree.size, list(leaves)
    while added:
        full: list[bytes] = []
        while added:
            place, had = divmod(count, WIDTH)
            more, added = added[: WIDTH - had], added[WIDTH - had :]
            yield Step(level, place, had, b"".join(more))
            if had + len(more) == WIDTH:
                full.append(_root_of([*_first(tree, level, place, had), *more]))
            count += len(more)
        level, count, added = level + 1, tree.size >> HEIGHT * (level + 1), full


def _first(tree: Tiles, level: int, place: int, had: int) -> list[bytes]:
    return [tree.node(level * HEIGHT, place * WIDTH + at) for at in range(had)]


def _root_of(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


_TILES = "SELECT place, hashes FROM tiles WHERE log = %s AND level = %s AND place = ANY (%s)"
_GROW = "SELECT grow_tree(%s, %s, %s, %s::smallint[], %s::bigint[], %s::integer[], %s::bytea[])"
