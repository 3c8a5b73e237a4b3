"""JSON, read strictly: no field twice, unknown or of another type, no number without end, no bottomless nest."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NoReturn
from uuid import UUID

DEEPEST = 32
"""How deep lists and objects may stand in one another."""
GREATEST = 2**63 - 1
_DIGITS = 64
_HEX = re.compile(r"(?:[0-9a-f]{64})*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


class Malformed(ValueError):
    """It is not what it should be; the text says what."""


def loads(text: str) -> Any:
    """Read JSON. Raises `Malformed`."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as damaged:
        raise Malformed(str(damaged) or "it is nested too deep") from None
    if text.count("[") + text.count("{") > DEEPEST:  # no deeper than there are brackets
        _shallow(value, 1)
    return value


def decoded(line: bytes) -> Any:
    """Read JSON from bytes, which are UTF-8. Raises `Malformed`."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise Malformed("it is not UTF-8") from None
    return loads(text)


def fields(value: Any, /, **readers: Callable[[Any], Any]) -> list[Any]:
    """Return an object's fields in this order, each as its reader reads it; all have to be there, and no others."""
    if not isinstance(value, dict):
        raise Malformed("it is no object")
    if value.keys() != readers.keys():
        odd = sorted(value.keys() ^ readers.keys())
        raise Malformed(f"its fields are not what they should be: {', '.join(odd)}")
    read = []
    try:
        for name, reader in readers.items():
            read.append(reader(value[name]))
    except Malformed as malformed:
        raise Malformed(f"{list(readers)[len(read)]}: {malformed}") from None
    return read


def text(value: Any) -> str:
    """Read a text that can be written as UTF-8."""
    if not isinstance(value, str):
        raise Malformed("it is no text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Malformed("it holds half a character") from None
    return value


def whole(value: Any) -> int:
    """Read a whole number of at most 63 bits, 0 or greater."""
    if type(value) is not int or not 0 <= value <= GREATEST:
        raise Malformed("it is no whole number from 0 on")
    return value


def counted(value: Any) -> int:
    """Read a whole number from 1 on."""
    if whole(value) == 0:
        raise Malformed("it is no whole number from 1 on")
    return whole(value)


def text_or_none(value: Any) -> str | None:
    """Read a text, or None."""
    return None if value is None else text(value)


def whole_or_none(value: Any) -> int | None:
    """Read a whole number or null."""
    return None if value is None else whole(value)


def mapping(value: Any) -> dict[str, Any]:
    """Read an object of any fields."""
    if not isinstance(value, dict):
        raise Malformed("it is no object")
    return value


def listed(value: Any) -> list[Any]:
    """Read a list."""
    if not isinstance(value, list):
        raise Malformed("it is no list")
    return value


def texts(value: Any) -> list[str]:
    """Read a list of texts."""
    return [text(it) for it in listed(value)]


def digest(value: Any) -> bytes:
    """Read 32 bytes in small hex."""
    if not isinstance(value, str) or len(value) != _DIGITS or not _HEX.fullmatch(value):
        raise Malformed("it is no hash of 32 bytes in small hex")
    return bytes.fromhex(value)


def digest_or_none(value: Any) -> bytes | None:
    """Read 32 bytes in small hex, or null."""
    return None if value is None else digest(value)


def digest_or_empty(value: Any) -> bytes:
    """Read 32 bytes in small hex, or nothing."""
    return b"" if value == "" else digest(value)


def path(value: Any) -> list[bytes]:
    """Read a list of hashes."""
    if not all(isinstance(it, str) for it in listed(value)) or not set(map(len, value)) <= {_DIGITS}:
        raise Malformed("it is no list of hashes")
    joined = "".join(value)
    if not _HEX.fullmatch(joined):
        raise Malformed("it is no list of hashes in small hex")
    found = bytes.fromhex(joined)
    return [found[at : at + 32] for at in range(0, len(found), 32)]


def path_or_none(value: Any) -> list[bytes] | None:
    """Read a list of hashes, or null."""
    return None if value is None else path(value)


def octets(value: Any) -> bytes:
    """Read base64 of the standard alphabet, as there is only one way to write it."""
    try:
        found = base64.b64decode(text(value), validate=True)
    except ValueError:
        raise Malformed("it is no base64") from None
    if base64.b64encode(found).decode() != value:
        raise Malformed("it is no base64 as it is written")
    return found


def identifier(value: Any) -> UUID:
    """Read a UUID as it is written: in small letters, with hyphens."""
    try:
        found = UUID(text(value))
    except ValueError:
        raise Malformed("it is no UUID") from None
    if str(found) != value:
        raise Malformed("it is no UUID as it is written")
    return found


def day(value: Any) -> str:
    """Read a day as it is written: 2026-03-02."""
    try:
        found = date.fromisoformat(text(value))
    except ValueError:
        raise Malformed("it is no day") from None
    if found.isoformat() != value:
        raise Malformed("it is no day as it is written")
    return found.isoformat()


def moment(value: Any) -> datetime:
    """Read a time of RFC 3339, with an offset."""
    if not _MOMENT.fullmatch(text(value)):
        raise Malformed("it is no time with an offset")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Malformed("it is no time that there is") from None


def either(*values: str) -> Callable[[Any], str]:
    """Return what reads one of these texts."""

    def read(value: Any) -> str:
        if value not in values:
            raise Malformed(f"it is none of {', '.join(values)}")
        return text(value)

    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a field stands in it twice")
    return found


def _refused(name: str) -> NoReturn:
    raise Malformed(f"{name} is no number")


def _finite(digits: str) -> float:
    found = float(digits)
    if not math.isfinite(found):
        raise Malformed("a number in it has no end")
    return found


def _shallow(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > DEEPEST:
            raise Malformed("it is nested too deep")
        for it in value.values() if isinstance(value, dict) else value:
            _shallow(it, depth + 1)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite)
