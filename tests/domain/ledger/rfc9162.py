"""RFC 9162, section 2.1, transcribed word by word: slow, recursive, and nothing of the ledger's in it.

The names are the RFC's: D[n] is a list of entries, k the largest power of two smaller than n.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256


class Tree:
    """The RFC's definitions for one list of entries. A sublist D[a:b] is written as its two ends."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = tuple(entries)
        self.mth = cache(self._mth)

    def _mth(self, a: int, b: int) -> bytes:
        """2.1.1: the Merkle Tree Hash."""
        n = b - a
        if n == 0:
            return sha256().digest()
        if n == 1:
            return sha256(b"\x00" + self.entries[a]).digest()
        k = largest_power_of_two_smaller_than(n)
        return sha256(b"\x01" + self.mth(a, a + k) + self.mth(a + k, b)).digest()

    def root(self, n: int) -> bytes:
        return self.mth(0, n)

    def path(self, m: int, n: int) -> list[bytes]:
        """2.1.3.1: PATH(m, D_n)."""
        return self._path(m, 0, n)

    def _path(self, m: int, a: int, b: int) -> list[bytes]:
        n = b - a
        if n == 1:
            return []
        k = largest_power_of_two_smaller_than(n)
        if m < k:
            return [*self._path(m, a, a + k), self.mth(a + k, b)]
        return [*self._path(m - k, a + k, b), self.mth(a, a + k)]

    def proof(self, m: int, n: int) -> list[bytes]:
        """2.1.4.1: PROOF(m, D_n)."""
        return self._subproof(m, 0, n, b=True)

    def _subproof(self, m: int, start: int, end: int, *, b: bool) -> list[bytes]:
        n = end - start
        if m == n:
            return [] if b else [self.mth(start, end)]
        k = largest_power_of_two_smaller_than(n)
        if m <= k:
            return [*self._subproof(m, start, start + k, b=b), self.mth(start + k, end)]
        return [*self._subproof(m - k, start + k, end, b=False), self.mth(start, start + k)]


def largest_power_of_two_smaller_than(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def verify_inclusion(
    hash_: bytes, leaf_index: int, tree_size: int, inclusion_path: Sequence[bytes], root_hash: bytes
) -> bool:
    """2.1.3.2, step by step."""
    if leaf_index >= tree_size:  # 1
        return False
    fn, sn = leaf_index, tree_size - 1  # 2
    r = hash_  # 3
    for p in inclusion_path:  # 4
        if sn == 0:  # 4.1
            return False
        if lsb(fn) or fn == sn:  # 4.2
            r = HASH(b"\x01", p, r)
            if not lsb(fn):
                while True:
                    fn, sn = fn >> 1, sn >> 1
                    if lsb(fn) or fn == 0:
                        break
        else:
            r = HASH(b"\x01", r, p)
        fn, sn = fn >> 1, sn >> 1  # 4.3
    return sn == 0 and r == root_hash  # 5


def verify_consistency(
    first: int, second: int, first_hash: bytes, second_hash: bytes, consistency_path: Sequence[bytes]
) -> bool:
    """2.1.4.2, step by step, for 0 < first < second."""
    if not consistency_path:  # 1
        return False
    path = list(consistency_path)
    if first in {2**power for power in range(first.bit_length())}:  # 2
        path.insert(0, first_hash)
    fn, sn = first - 1, second - 1  # 3
    while lsb(fn):  # 4
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]  # 5
    for c in path[1:]:  # 6
        if sn == 0:  # 6.1
            return False
        if lsb(fn) or fn == sn:  # 6.2
            fr = HASH(b"\x01", c, fr)
            sr = HASH(b"\x01", c, sr)
            if not lsb(fn):
                while True:
                    fn, sn = fn >> 1, sn >> 1
                    if lsb(fn) or fn == 0:
                        break
        else:
            sr = HASH(b"\x01", sr, c)
        fn, sn = fn >> 1, sn >> 1  # 6.3
    return fr == first_hash and sr == second_hash and sn == 0  # 7


def lsb(number: int) -> bool:
    return number % 2 == 1


def HASH(*parts: bytes) -> bytes:  # noqa: N802 - the RFC's name
    return sha256(b"".join(parts)).digest()
