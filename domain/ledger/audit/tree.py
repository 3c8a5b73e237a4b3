"""Trees from their leaves (RFC 9162, 2.1.1), a piece at a time: written again here, so that no fault is shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from verifier.tree import EMPTY, node

WIDTH = 256
"""How many hashes a tile has (C2SP `tlog-tiles`), each of which is over a whole tile of the level below."""

SIZE = 32


class Span:
    """A run of leaves as the perfect subtrees that it is made of, from left to right. It keeps no more than those."""

    def __init__(self, nodes: Iterable[tuple[int, int, bytes]] = ()) -> None:
        self.nodes = list(nodes)

    def add(self, height: int, index: int, digest: bytes) -> None:
        """Add the perfect subtree of this height and index, which begins where this ends."""
        while index & 1 and self.nodes and self.nodes[-1][:2] == (height, index - 1):
            digest = node(self.nodes.pop()[2], digest)
            height, index = height + 1, index >> 1
        self.nodes.append((height, index, digest))

    def join(self, other: Span) -> None:
        """Add another run, which begins where this ends."""
        for it in other.nodes:
            self.add(*it)

    def root(self, rest: bytes | None = None) -> bytes:
        """Return the root over all from the first leaf on; `rest` is the root over some more leaves behind them."""
        return _root([digest for *_, digest in self.nodes] + ([] if rest is None else [rest]))


def layers(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the hashes of the perfect subtrees over some leaves, by height."""
    found = [list(leaves)]
    while len(below := found[-1]) > 1:
        found.append([node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return found


def root_of(of: Sequence[Sequence[bytes]], count: int) -> bytes:
    """Return the root over the first `count` leaves of these layers."""
    subtrees, at = [], 0
    for height in range(count.bit_length() - 1, -1, -1):
        if count >> height & 1:
            subtrees.append(of[height][at >> height])
            at += 1 << height
    return _root(subtrees)


def hashes(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [tile[at : at + SIZE] for at in range(0, len(tile), SIZE)]


def _root(subtrees: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node(left, right), reversed(subtrees)) if subtrees else EMPTY
