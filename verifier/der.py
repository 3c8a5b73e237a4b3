"""DER (X.690), as far as time-stamp tokens need it: values in their tags, of definite and shortest lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

BOOLEAN, INTEGER, OCTETS, OID, TIME = 0x01, 0x02, 0x04, 0x06, 0x18
SEQUENCE, SET = 0x30, 0x31
CONTEXT = 0xA0
"""The tag of [0], where it holds others; [1] is one more."""
PRIMITIVE = 0x80
"""The tag of [0], where it holds none."""
_LONG_TAG, _LONG = 0x1F, 0x80
DEEPEST = 32


class DerMalformed(ValueError):
    """It is no DER, or not of this shape."""


@dataclass(frozen=True)
class Value:
    """A value: its tag, its contents, and all of it with the tag and length in front."""

    tag: int
    contents: bytes
    raw: bytes

    @cached_property
    def parts(self) -> list[Value]:
        """What it holds."""
        return list(values(self.contents))

    def of(self, tag: int) -> Value:
        """Return it if it has this tag. Raises `DerMalformed`."""
        if self.tag != tag:
            raise DerMalformed(f"tag {self.tag:02x} stands where {tag:02x} should")
        return self

    @property
    def number(self) -> int:
        """An INTEGER."""
        return int.from_bytes(self.of(INTEGER).contents, "big", signed=True)

    @property
    def oid(self) -> str:
        """An OBJECT IDENTIFIER, dotted."""
        numbers, number = [], 0
        for byte in self.of(OID).contents:
            number = number << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(number)
                number = 0
        if not numbers or self.contents[-1] & 0x80:
            raise DerMalformed("an object's identifier does not end")
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def values(data: bytes) -> Iterator[Value]:
    """Yield the values that stand one behind the other. Raises `DerMalformed`."""
    at = 0
    while at < len(data):
        begin, length = _length(data, at)
        if begin + length > len(data):
            raise DerMalformed("it ends too early")
        yield Value(data[at], data[begin : begin + length], data[at : begin + length])
        at = begin + length


def value(data: bytes, tag: int) -> Value:
    """Return the one value that all the bytes are. Raises `DerMalformed`."""
    found = list(values(data))
    if len(found) != 1:
        raise DerMalformed("it is not one value")
    return found[0].of(tag)


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return where the contents of the value at this place begin, and how long they are."""
    if data[at] & _LONG_TAG == _LONG_TAG or at + 1 >= len(data):
        raise DerMalformed("a tag in it is of no kind that stamps have, or the length is missing")
    length = data[at + 1]
    if length < _LONG:
        return at + 2, length
    more = data[at + 2 : at + 2 + (length & 0x7F)]
    length = int.from_bytes(more, "big")
    if not more or len(more) != data[at + 1] & 0x7F or more[0] == 0 or length < _LONG:
        raise DerMalformed("a length in it is not written as DER writes it")
    return at + 2 + len(more), length
