"""Merkle trees as RFC 9162 defines them in section 2.1, recursively: the tree's hash, PATH and SUBPROOF."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256


def split(size: int) -> int:
    """Return the largest power of two smaller than this."""
    return 1 << (size - 1).bit_length() - 1


@dataclass
class Tree:
    """A tree over entries; what has been hashed once is remembered, so entries are added and never changed."""

    entries: list[bytes]
    hashed: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def mth(self, begin: int, end: int) -> bytes:
        if (begin, end) not in self.hashed:
            self.hashed[begin, end] = self._mth(begin, end)
        return self.hashed[begin, end]

    def _mth(self, begin: int, end: int) -> bytes:
        if begin == end:
            return sha256().digest()
        if end - begin == 1:
            return sha256(b"\x00" + self.entries[begin]).digest()
        k = split(end - begin)
        return sha256(b"\x01" + self.mth(begin, begin + k) + self.mth(begin + k, end)).digest()

    def root(self, size: int) -> bytes:
        return self.mth(0, size)

    def path(self, m: int, size: int) -> list[bytes]:
        """PATH(m, D_n), of 2.1.3.1."""
        return self._path(m, 0, size)

    def _path(self, m: int, begin: int, end: int) -> list[bytes]:
        if end - begin == 1:
            return []
        k = split(end - begin)
        if m < k:
            return [*self._path(m, begin, begin + k), self.mth(begin + k, end)]
        return [*self._path(m - k, begin + k, end), self.mth(begin, begin + k)]

    def proof(self, m: int, size: int) -> list[bytes]:
        """PROOF(m, D_n), of 2.1.4.1."""
        return [] if m in {0, size} else self._subproof(m, 0, size, whole=True)

    def _subproof(self, m: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
        if m == end - begin:
            return [] if whole else [self.mth(begin, end)]
        k = split(end - begin)
        if m <= k:
            return [*self._subproof(m, begin, begin + k, whole=whole), self.mth(begin + k, end)]
        return [*self._subproof(m - k, begin + k, end, whole=False), self.mth(begin, begin + k)]
