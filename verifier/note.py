"""Signed notes, checkpoints and cosignatures: C2SP signed-note, tlog-checkpoint and tlog-cosignature (v1)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
"""The algorithms: a signature of the note's text, and a witness's, which is of a time too."""
LONGEST, MOST_LINES = 64_000, 100
_THREE = 3  # lines: origin, size, root
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID, _PUBLIC, _SIGNATURE, _TIME = 4, 32, 64, 8


class NoteMalformed(ValueError):
    """It is no such note or key; the text says what is wrong."""


@dataclass(frozen=True)
class Line:
    """A signature line: whose it says it is, the key's id, and the signature."""

    name: str
    key: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A text, up to and with its last newline, and the lines that sign it."""

    text: str
    lines: tuple[Line, ...]

    @classmethod
    def read(cls, note: str) -> Note:
        """Read a note. Raises `NoteMalformed`."""
        if len(note) > LONGEST:
            raise NoteMalformed("it is too long for a note")
        if any((it < " " and it != "\n") or it == "\x7f" for it in note):
            raise NoteMalformed("it holds a control character")
        text, parted, signatures = note.rpartition("\n\n")
        if not (text and parted and signatures.endswith("\n")):
            raise NoteMalformed("it is no text, an empty line, and signature lines")
        lines = signatures[:-1].split("\n")
        if len(lines) > MOST_LINES:
            raise NoteMalformed("it has too many signature lines")
        return cls(text + "\n", tuple(_line(it) for it in lines))


@dataclass(frozen=True)
class Key:
    """A public key under a name, as a `vkey` tells it."""

    name: str
    public: bytes
    algorithm: int = ED25519

    @classmethod
    def read(cls, vkey: str) -> Key:
        """Read a verification key, `NAME+ID+BASE64`. Raises `NoteMalformed`."""
        name, _, rest = vkey.strip().partition("+")
        id_, _, encoded = rest.partition("+")
        key = _decoded(encoded)
        if (
            not (name.isprintable() and _NAME.fullmatch(name))
            or len(key) != 1 + _PUBLIC
            or key[0] not in {ED25519, COSIGNATURE}
        ):
            raise NoteMalformed("it is no verification key: NAME+ID+BASE64, of an Ed25519 key")
        found = cls(name, key[1:], key[0])
        if found.id.hex() != id_:
            raise NoteMalformed("the key's id is not that of its name and key: it was not copied whole")
        return found

    @property
    def id(self) -> bytes:
        """The first four bytes of the hash of name, algorithm and key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public).digest()[:_KEY_ID]

    @property
    def vkey(self) -> str:
        """The key as it is handed over."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.algorithm]) + self.public).decode()}"

    def claims(self, note: Note) -> Iterator[bytes]:
        """Yield what stands in a note as this key's signatures."""
        for line in note.lines:
            if line.name == self.name and line.key == self.id:
                yield line.signature

    def signed(self, note: Note) -> bool:
        """Say whether one of a note's lines is this key's signature of its text."""
        return any(self._made(signature, note.text.encode()) for signature in self.claims(note))

    def cosigned(self, note: Note) -> datetime | None:
        """Return when this witness first says that it saw a checkpoint; none where no line of it is right."""
        return min((it for signature in self.claims(note) if (it := self._seen(signature, note.text))), default=None)

    def _seen(self, signature: bytes, text: str) -> datetime | None:
        seconds = int.from_bytes(signature[:_TIME], "big")
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        if not seconds or len(signature) != _TIME + _SIGNATURE or not self._made(signature[_TIME:], message):
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):  # a time that no calendar has; 0 is none either
            return None

    def _made(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Checkpoint:
    """What a log was at a time: its origin, how many entries it had, and their root. `note` has the signatures."""

    origin: str
    size: int
    root: bytes
    note: Note

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Read a checkpoint from its note. Raises `NoteMalformed`."""
        note = Note.read(text)
        return cls(*head_of(note.text), note)


def head_of(text: str) -> tuple[str, int, bytes]:
    """Return the origin, size and root that a checkpoint's three lines tell. Raises `NoteMalformed`."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != _THREE or not text.endswith("\n") or not _NAME.fullmatch(lines[0]):
        raise NoteMalformed("a checkpoint is three lines: origin, size, root")
    root = _decoded(lines[2])
    if len(root) != sha256().digest_size:
        raise NoteMalformed("a checkpoint's root is base64 of 32 bytes")
    return lines[0], number(lines[1]), root


def number(text: str) -> int:
    """Read a decimal number without leading zeros. Raises `NoteMalformed`."""
    if not _NUMBER.fullmatch(text):
        raise NoteMalformed("a number in it is not written as numbers are")
    return int(text)


def public_key(text: str) -> bytes:
    """Read 32 bytes in base64. Raises `NoteMalformed`."""
    found = _decoded(text)
    if len(found) != _PUBLIC:
        raise NoteMalformed("a public key is base64 of 32 bytes")
    return found


def checkpoint_lines(encoded: str) -> tuple[str, int, bytes]:
    """Return what the base64 of a checkpoint's three lines tells. Raises `NoteMalformed`."""
    try:
        return head_of(_decoded(encoded).decode())
    except UnicodeDecodeError:
        raise NoteMalformed("a checkpoint is UTF-8") from None


def _line(line: str) -> Line:
    dash, name, encoded, *rest = [*line.split(" "), "", ""]
    signature = _decoded(encoded)
    if dash != "—" or any(rest) or not _NAME.fullmatch(name) or len(signature) <= _KEY_ID:
        raise NoteMalformed("a signature line is a dash, a name and base64")
    return Line(name, signature[:_KEY_ID], signature[_KEY_ID:])


def _decoded(encoded: str) -> bytes:
    try:
        found = base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise NoteMalformed("what should be base64 is none") from None
    if base64.b64encode(found).decode() != encoded:
        raise NoteMalformed("what should be base64 is not written as base64 is")
    return found
