"""The bytes of a file, and the rows of a case while they are being read."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from api.sources.grammar import BadRow, Row, SourceCase, SourceRefused, Unreadable
from api.sources.mapping import Mapping

Progress = Callable[[int], None]

SMALL = 2**20  # what may always be unpacked, and the longest stretch of XML without a tag, in bytes
CHUNK = 2**16


class Source(io.RawIOBase):
    """The bytes of a file, unpacked where it is gzipped, and never more of them than it may hold."""

    def __init__(self, path: Path, file: BinaryIO, packed_at_most: int) -> None:
        self.path, self.file = path, file
        self.size = path.stat().st_size
        self.count = 0
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        self.content = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
        self.at_most = max(SMALL, self.size * packed_at_most)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into the buffer; refuse broken and bottomless gzip."""
        try:
            data = self.content.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as wrong:
            raise self.refused(f"broken gzip after {self.count} unpacked bytes: {wrong}") from wrong
        self.count += len(data)
        if self.count > self.at_most:
            raise self.refused(f"unpacks to more than {self.at_most} bytes, out of proportion to its {self.size}")
        buffer[: len(data)] = data
        return len(data)

    def refused(self, why: str, line: int | None = None) -> SourceRefused:
        """Return the refusal of this file."""
        return SourceRefused(self.path, why, line)


class Gathering:
    """The rows of one case while they are being read."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.client: str | None = None
        self.rows: list[Row] = []
        self.bad: list[BadRow] = []

    def __len__(self) -> int:
        return len(self.rows) + len(self.bad)

    def add(self, line: int, said: dict[str, str]) -> None:
        """Read one more row, good or bad."""
        try:
            self.rows.append(self.mapping.row(len(self) + 1, line, said))
        except Unreadable as wrong:
            self.bad.append(BadRow(line, str(wrong)))

    def case(self, case_id: str) -> SourceCase:
        """Return the case."""
        return SourceCase(case_id, self.client, tuple(self.rows), tuple(self.bad))

    def of_no_case(self, reason: str) -> SourceCase:
        """Return all these rows as bad ones that belong to no case."""
        lines = sorted([row.line for row in self.rows] + [row.line for row in self.bad])
        return of_no_case(BadRow(line, reason) for line in lines)


def of_no_case(bad: Iterator[BadRow]) -> SourceCase:
    """Return bad rows that belong to no case."""
    return SourceCase("", None, (), tuple(bad))
