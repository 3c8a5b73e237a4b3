"""The zip file, read as if it came from an enemy.

A bundle has these files and no others, in this order, one right behind the other from the first byte to the last:
no directories, comments, extra fields, encryption or 64-bit sizes. What stands in front of a file's data has to be what
the directory says; where it was written as a stream (flag bit 3) the sizes follow the data instead, behind a signature.
Nothing is unpacked further than it says, and nothing is held in memory but a line.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import BinaryIO

from verifier.findings import (
    Bomb,
    CutShort,
    Damaged,
    Encrypted,
    HeadersDiffer,
    LineMalformed,
    MemberMissing,
    MemberOutside,
    MembersOutOfOrder,
    MemberStrange,
    MemberTwice,
    NoBundle,
    NotAZip,
    Padded,
    TooLarge,
    ZipTrick,
)

MEMBERS = (
    "events.jsonl", "words.jsonl", "checkpoints.jsonl", "stamps.jsonl", "heads.json", "keys.json", "page.html",
    "manifest.json",
)  # fmt: skip
LARGEST = 1 << 30
"""How many bytes a file may unpack to."""
LONGEST = 1 << 22
"""How many bytes a line may have."""
CHUNK = 1 << 16

_END, _ENTRY, _LOCAL, _AFTER = (struct.Struct(it) for it in ("<4s4H2IH", "<4s4B4H3I5H2I", "<4s2B4H3I2H", "<4s3I"))
_MARK = b"PK\x05\x06"
_TOO_LARGE = 0xFFFFFFFF
"""What stands where a size is too large for 32 bits."""
_STORED, _DEFLATED = 0, 8
_STREAMED = 8
_VERSIONS, _NEWEST = {10, 20}, 63
_MODES = {0, 0o600, 0o644, 0o100600, 0o100644}
"""The modes of a plain file, as writers of zip files put them there."""


@dataclass(frozen=True)
class Member:
    """A file in the zip file, as the directory has it."""

    name: str
    method: int
    crc: int
    packed: int
    length: int
    begin: int


class Archive:
    """A bundle's files. Raises an `Unreadable` for whatever is not as it should be."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.members = {it.name: it for it in _members(file)}

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes; they are whole once it ends."""
        member = self.members[name]
        crc = length = 0
        for chunk in self._unpacked(member):
            crc, length = zlib.crc32(chunk, crc), length + len(chunk)
            if length > member.length:
                raise Bomb(name=name, length=member.length)
            yield chunk
        if (crc, length) != (member.crc, member.length):
            raise Damaged(name=name, why="its length or its checksum is not what the zip file says")

    def lines(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Yield a file's lines without their newlines, each with where it stands."""
        number, rest = 0, b""
        for chunk in self.chunks(name):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                number += 1
                yield f"line {number} of {name}", line
            if len(rest) > LONGEST:
                raise LineMalformed(where=f"line {number + 1} of {name}", why="it is too long")
        if rest:
            raise LineMalformed(where=f"line {number + 1} of {name}", why="it does not end")

    def whole(self, name: str) -> bytes:
        """Return a file that is small."""
        if self.members[name].length > LONGEST:
            raise TooLarge(name=name, length=self.members[name].length)
        return b"".join(self.chunks(name))

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file, in hex."""
        found = sha256()
        for chunk in self.chunks(name):
            found.update(chunk)
        return found.hexdigest()

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        packed = _pieces(self.file, member.begin, member.packed)
        if member.method == _STORED:
            yield from packed
            return
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for piece in packed:
                yield inflating.decompress(piece, CHUNK)
                while inflating.unconsumed_tail:
                    yield inflating.decompress(inflating.unconsumed_tail, CHUNK)
                if inflating.unused_data:
                    break
            yield inflating.flush()
        except zlib.error as damaged:
            raise Damaged(name=member.name, why=str(damaged)) from None
        if not inflating.eof or inflating.unused_data:
            raise Damaged(name=member.name, why="its packed data ends too early or too late")


def _pieces(file: BinaryIO, begin: int, length: int) -> Iterator[bytes]:
    """Yield so many bytes, wherever else the file is read meanwhile."""
    end = begin + length
    while begin < end:
        file.seek(begin)
        piece = file.read(min(CHUNK, end - begin))
        if not piece:
            raise CutShort
        begin += len(piece)
        yield piece


def _members(file: BinaryIO) -> list[Member]:
    """Read the directory, and see that the files fill the zip file from its first byte to the directory."""
    size = file.seek(0, 2)
    begin, length, count = _end(file, size)
    if count > len(MEMBERS) * 4 or length > CHUNK:
        raise NoBundle(why="there are too many files in it")
    file.seek(begin)
    entries = list(_entries(file.read(length), count))
    _named([it.name for it, _, _ in entries])
    at = 0
    members = []
    for it, flags, head in entries:
        if it.begin != at:
            raise Padded(count=it.begin - at, where=f"in front of {it.name}")
        data = at + _local(file, it, head)
        at = data + it.packed + (_after(file, it, data + it.packed) if flags & _STREAMED else 0)
        members.append(Member(it.name, it.method, it.crc, it.packed, it.length, data))
    if at != begin:
        raise Padded(count=begin - at, where="in front of the directory")
    return members


def _end(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Return where the directory begins, its length, and how many files it names."""
    file.seek(max(0, size - CHUNK - _END.size))
    tail = file.read()
    found = len(tail) - _END.size if tail[-_END.size :].startswith(_MARK) else tail.rfind(_MARK)
    if found < 0 or found + _END.size > len(tail):
        file.seek(0)
        raise CutShort if file.read(4) == b"PK\x03\x04" else NotAZip
    _, disk, begun, here, count, length, begin, comment = _END.unpack_from(tail, found)
    end = size - len(tail) + found
    if comment and found + _END.size + comment == len(tail):
        raise ZipTrick(name="The zip file", why="it has a comment")
    if found + _END.size != len(tail) or comment:
        raise Padded(count=len(tail) - found - _END.size, where="behind it")
    if disk or begun or here != count or _TOO_LARGE in {length, begin}:
        raise ZipTrick(name="The zip file", why="it is one of several, or larger than a bundle may be")
    if begin + length != end:
        raise Padded(count=end - begin - length, where="in front of it")
    return begin, length, count


def _entries(directory: bytes, count: int) -> Iterator[tuple[Member, int, tuple[int, ...]]]:
    """Yield what the directory says: a file with where its header begins, its flags, and what the header has to say."""
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(directory):
            raise CutShort
        (
            mark, made_version, made_system, version, system, flags, method, time, date, crc, packed, length,
            name_length, extra, comment, disk, inner, mode, begin,
        ) = _ENTRY.unpack_from(directory, at)  # fmt: skip
        name = _shown(directory[at + _ENTRY.size : at + _ENTRY.size + name_length])
        if mark != b"PK\x01\x02":
            raise NoBundle(why="its directory is damaged")
        if flags & 1:
            raise Encrypted(name=name)
        _plain(name, {
            "by a method that bundles do not use": method not in {_STORED, _DEFLATED},
            "with flags that bundles do not have": flags & ~_STREAMED,
            "with an extra field": extra,
            "with a comment": comment,
            "on another disk": disk,
            "by a version that bundles do not need": version not in _VERSIONS or system or made_version > _NEWEST,
            "by a system that there is not": made_system not in {0, 3},
            "as something else than a file": inner or mode & 0xFFFF or mode >> 16 not in _MODES,
            "with no length of its own": method == _STORED and packed != length,
        })  # fmt: skip
        if length > LARGEST:
            raise TooLarge(name=name, length=length)
        yield Member(name, method, crc, packed, length, begin), flags, (version, system, flags, method, time, date)
        at += _ENTRY.size + name_length
    if at != len(directory):
        raise Padded(count=len(directory) - at, where="in its directory")


def _plain(name: str, odd: dict[str, object]) -> None:
    for why, so in odd.items():
        if so:
            raise ZipTrick(name=name, why=why)


def _named(names: list[str]) -> None:
    """See that the files are a bundle's, each once, and in its order."""
    for name in names:
        if "/" in name or "\\" in name or ":" in name or name in {"", ".", ".."}:
            raise MemberOutside(name=name or "A file without a name")
        if names.count(name) > 1:
            raise MemberTwice(name=name)
        if name not in MEMBERS:
            raise MemberStrange(name=name)
    for name in MEMBERS:
        if name not in names:
            raise MemberMissing(name=name)
    if any(MEMBERS.index(one) > MEMBERS.index(other) for one, other in pairwise(names)):
        raise MembersOutOfOrder(found=", ".join(names))


def _local(file: BinaryIO, it: Member, head: tuple[int, ...]) -> int:
    """Compare the header in front of a file's data with the directory, and return the header's length."""
    file.seek(it.begin)
    raw = file.read(_LOCAL.size)
    if len(raw) != _LOCAL.size:
        raise CutShort
    mark, *said, crc, packed, length, name_length, extra = _LOCAL.unpack(raw)
    name = file.read(name_length)
    sizes = (0, 0, 0) if head[2] & _STREAMED else (it.crc, it.packed, it.length)
    differing = {
        "where it begins": mark != b"PK\x03\x04",
        "its name": name != it.name.encode(),
        "how it is packed": tuple(said) != head,
        "its sizes": (crc, packed, length) != sizes,
        "an extra field": extra,
    }
    for what, so in differing.items():
        if so:
            raise HeadersDiffer(name=it.name, what=what)
    return _LOCAL.size + len(name)


def _after(file: BinaryIO, it: Member, at: int) -> int:
    """Compare what stands behind a streamed file's data with the directory, and return its length."""
    file.seek(at)
    if file.read(_AFTER.size) != _AFTER.pack(b"PK\x07\x08", it.crc, it.packed, it.length):
        raise HeadersDiffer(name=it.name, what="its sizes")
    return _AFTER.size


def _shown(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace")
