"""Trees whose root commits to every entry, and proofs about them (RFC 9162, section 2.1, with SHA-256).

The writer's side works on hashes of perfect subtrees, wherever they are kept. The checks follow the RFC's algorithms
and say False to whatever does not prove, however odd: they never raise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Node = Callable[[int, int], bytes]
"""By height and index: the hash of the perfect subtree over the leaves from index · 2^height on, 2^height of them."""

EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""

_LENGTH = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf with this entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, node: Node) -> bytes:
    """Return the root of the first `size` leaves (RFC 9162, 2.1.1)."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that the leaf `index`, from 0, is in the tree of the first `size` leaves (RFC 9162, 2.1.3.1).

    Raises `ValueError` if it isn't.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} is in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(start, middle, node))
            start = middle
    return path[::-1]


def consistency(first: int, second: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `second` leaves begins with that of `first` (RFC 9162, 2.1.4.1).

    It is empty where both are one, and from the empty tree, with which every tree begins. Raises `ValueError` if the
    first is the larger.
    """
    if not 0 <= first <= second:
        raise ValueError(f"no tree of {first} leaves is the beginning of one of {second}")
    if not first:
        return []
    path: list[bytes] = []
    start, end = 0, second
    while end != first:
        middle = _middle(start, end)
        if first <= middle:
            path.append(_subtree(middle, end, node))
            end = middle
        else:
            path.append(_subtree(start, middle, node))
            start = middle
    if start:  # otherwise the last subtree is the first tree itself, whose root is known
        path.append(_subtree(start, end, node))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path proves that the leaf with this hash has this index in a tree of this size and root.

    RFC 9162, 2.1.3.2. `leaf` is a leaf's hash (see `leaf_hash`), not its entry. The size has to be the one that a
    checkpoint signs for the root: by itself, a path may as well be that of another index in a tree of another size.
    """
    if not (0 <= index < size and _hashes(leaf, *path)):
        return False
    here, last, known = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            known = node_hash(beside, known)
            here, last = _skipped(here, last)
        else:
            known = node_hash(known, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and known == root


def extends(first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    """Whether the path proves that the tree of `second` leaves begins with that of `first` (RFC 9162, 2.1.4.2).

    One and the same tree, and the empty tree, begin it by their roots and an empty path.
    """
    if not (0 <= first <= second and _hashes(first_root, second_root, *path)):
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    perfect = first & (first - 1) == 0
    return _extends(first, second, [first_root, *path] if perfect else path, first_root, second_root)


def _extends(first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes) -> bool:
    if not path:
        return False
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            here, last = _skipped(here, last)
        else:
            new = node_hash(new, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _skipped(here: int, last: int) -> tuple[int, int]:
    """Go up where the last subtree has no sibling, as far as nothing is hashed there."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last


def _middle(start: int, end: int) -> int:
    """Return where the RFC splits these leaves: after the largest power of two smaller than their number."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def _subtree(start: int, end: int, node: Node) -> bytes:
    """Return the hash over the leaves of one of the RFC's subtrees, from the perfect ones in it."""
    height = (end - start).bit_length() - 1
    if end - start == 1 << height:
        return node(height, start >> height)
    middle = _middle(start, end)
    return node_hash(_subtree(start, middle, node), _subtree(middle, end, node))


def _hashes(*these: bytes) -> bool:
    return all(len(it) == _LENGTH for it in these)
