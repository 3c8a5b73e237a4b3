"""Reading the case histories of other systems: XES event logs (IEEE 1849) and CSV tables, plain or gzipped.

Pure reading: a file and a mapping go in, cases come out. Nothing is guessed and nothing is dropped in silence: a row
that cannot be read comes out as a `BadRow`, and a file that cannot be read is refused with the place and the reason.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from api.sources.grammar import BadRow, MappingRefused, Meaning, Refused, Row, SourceCase, SourceRefused
from api.sources.mapping import Mapping
from api.sources.source import CHUNK, Progress, Source
from api.sources.table import read_csv
from api.sources.xes import read_xes

__all__ = [
    "BadRow", "Mapping", "MappingRefused", "Meaning", "Progress", "Refused", "Row", "SourceCase", "SourceRefused",
    "read",
]  # fmt: skip

PACKED_AT_MOST = 200  # unpacked bytes to a packed one; event logs pack 20 to 60 times, a bomb 1,000 times


def read(
    path: Path, mapping: Mapping, progress: Progress | None = None, *, packed_at_most: int = PACKED_AT_MOST
) -> Iterator[SourceCase]:
    """Read a history case by case, in the order the cases first appear.

    An XES file is read as a stream, one case in memory at a time. The rows of a CSV file's cases may lie between one
    another's, so the whole of it is gathered before the first case comes out; a case's client is the first its rows
    state, and a row whose case cannot be known comes last.

    `progress` is told how many bytes of the file, as it lies on the disk, lie behind the cases handed out so far: a
    bar can be drawn against the file's size. For CSV that is the share of rows handed out.

    Raises `SourceRefused` for a file that is no history, breaks off, or is hostile: XML with a document type
    definition or entities, or gzip that unpacks to more than `packed_at_most` times its size (and over 1 MiB). Cases
    before the broken place may have been handed out by then. Raises OSError where the file cannot be opened.
    """
    with path.open("rb") as file:
        source = Source(path, file, packed_at_most)
        stream = io.BufferedReader(source, CHUNK)
        if not (head := stream.peek()):
            raise source.refused("it is empty")
        cases = read_xes if _is_xes(path, head) else read_csv
        yield from cases(source, stream, mapping, progress or (lambda _: None))


def _is_xes(path: Path, head: bytes) -> bool:
    """Tell XES by its name or its first character, for UTF-16 is XML too."""
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    if name.suffix.lower() in {".xes", ".xml"}:
        return True
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")
