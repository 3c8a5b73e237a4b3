"""A zip file that leaves while it is written: no file in it, nor the whole of it, is ever in memory at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import RawIOBase
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

CHUNK = 64 * 1024
"""How many bytes are sent at once, about."""

FAST = 1
"""How hard to pack: most of a bundle is hashes and sealed words, which do not get much smaller."""


@dataclass(frozen=True)
class Written:
    """A file as it came into the zip file: its length in bytes and its SHA-256 in hex, before it was packed."""

    name: str
    length: int
    sha256: str


class _Outlet(RawIOBase):
    """Takes what is written until somebody takes it away. Nobody goes back in it: sizes follow behind each file."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self.waiting += len(data)
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts, self.waiting = self._parts, [], 0
        return b"".join(parts)


def zipped(
    files: Iterable[tuple[str, Iterable[bytes]]], last: Callable[[Sequence[Written]], tuple[str, bytes]]
) -> Iterator[bytes]:
    """Yield a zip file of these files, each in parts, and of the `last`, which tells of those that were written."""
    outlet, written = _Outlet(), list[Written]()
    with ZipFile(outlet, "w", ZIP_DEFLATED, compresslevel=FAST) as archive:
        for name, parts in files:
            digest, length = hashlib.sha256(), 0
            with archive.open(name, "w") as file:
                for part in parts:
                    digest.update(part)
                    length += file.write(part)
                    if outlet.waiting >= CHUNK:
                        yield outlet.taken()
            written.append(Written(name, length, digest.hexdigest()))
        name, content = last(written)
        with archive.open(name, "w") as file:
            file.write(content)
    yield outlet.taken()
