"""Signed notes: a text, a blank line, and a line for everybody who signed it.

C2SP `signed-note` with Ed25519, `tlog-checkpoint`, and `tlog-cosignature` (cosignature/v1). Keys are handed over as
verification keys: `NAME+KEY ID+base64(algorithm ‖ public key)`. Whoever has a note knows nothing before `opened` has
said that a key they trust has signed it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.ledger.fault import Fault

ED25519, COSIGNATURE = 1, 4
"""What a key signs: a note's text as it is, or a checkpoint with the time of having seen it."""

_DASH = "\N{EM DASH}"
_ID, _KEY, _ROOT, _TIME = 4, 32, 32, 8
_MOST_LINES = 100
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LARGEST = 2**63 - 1


class NoteMalformed(Fault):
    """This is not a signed note."""


class NotSigned(Fault):
    """No key that is trusted has signed this note."""


class CheckpointMalformed(Fault):
    """This is not a checkpoint's text."""


class VkeyMalformed(Fault):
    """This is not the verification key of an Ed25519 signer or witness."""


class Vkey(NamedTuple):
    """A public key, the name under which it signs, and what it signs."""

    name: str
    public: bytes
    algorithm: int

    @property
    def id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        return key_id(*self)

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key has signed the text, or with a witness's, has cosigned it at whatever time."""
        message = text.encode()
        if self.algorithm == COSIGNATURE:
            message = _cosigned(text, signature[:_TIME])
            signature = signature[_TIME:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class _Line(NamedTuple):
    name: str
    id: bytes
    signature: bytes


@dataclass(frozen=True)
class Signer:
    """A private key and the name under which it signs. Raises `ValueError` for a name that can't stand in a note."""

    name: str
    key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        _require_name(self.name)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.key.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        """What whoever is to check its notes has to know."""
        return vkey(self.name, self.public)

    def line(self, text: str) -> str:
        """Return the line, without its newline, by which it signs a text."""
        return _line(self.name, key_id(self.name, self.public, ED25519), self.key.sign(text.encode()))

    def cosignature(self, text: str, at: datetime) -> str:
        """Return the line by which a witness says when it saw a checkpoint, in whole seconds."""
        time = int(at.timestamp()).to_bytes(_TIME, "big")
        name, key = self.name, key_id(self.name, self.public, COSIGNATURE)
        return _line(name, key, time + self.key.sign(_cosigned(text, time)))


@dataclass(frozen=True)
class Checkpoint:
    """How large a log is and what it holds: the root over its first `size` entries."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What is signed: the lines with their newlines."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Read a note's text as a checkpoint. Raises `CheckpointMalformed`."""
        try:
            _require_plain(text)
            origin, size, root, *extensions = text.removesuffix("\n").split("\n")
            checkpoint = cls(origin, _number(size), _bytes(root), tuple(extensions))
        except ValueError as wrong:
            raise CheckpointMalformed(wrong) from wrong
        if not all((origin, *extensions)) or len(checkpoint.root) != _ROOT or checkpoint.text != text:
            raise CheckpointMalformed
        return checkpoint


def key_id(name: str, public: bytes, algorithm: int) -> bytes:
    """Return the four bytes that tell a key of this name from another."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:_ID]


def vkey(name: str, public: bytes, algorithm: int = ED25519) -> str:
    """Return a public key as it is handed to whoever is to check."""
    key = base64.b64encode(bytes([algorithm]) + public).decode()
    return f"{name}+{key_id(name, public, algorithm).hex()}+{key}"


def parse_vkey(text: str) -> Vkey:
    """Read a verification key, exactly as it is written. Raises `VkeyMalformed`."""
    try:
        name, _, key = text.split("+", 2)
        _require_name(name)
        algorithm, *public = _bytes(key)
        parsed = Vkey(name, bytes(public), algorithm)
    except ValueError as wrong:
        raise VkeyMalformed(wrong) from wrong
    if algorithm not in (ED25519, COSIGNATURE) or len(public) != _KEY or vkey(*parsed) != text:
        raise VkeyMalformed
    return parsed


def signed(text: str, signers: Iterable[Signer]) -> str:
    """Return the note of a text and its signers. Raises `NoteMalformed` for a text that no note can have."""
    note = "".join(f"{line}\n" for line in (_text(text), *(signer.line(text) for signer in signers)))
    if _parsed(note)[0] != text:
        raise NoteMalformed("its text does not end with a newline")
    return note


def with_line(note: str, line: str) -> str:
    """Return the note with one more line, such as a witness's; once is enough. Raises `NoteMalformed`."""
    _, lines = _parsed(note)
    if _read_line(line) in lines:
        return note
    longer = f"{note}{line}\n"
    _parsed(longer)
    return longer


def opened(note: str | bytes, keys: Iterable[str]) -> str:
    """Return the text of a note that one of these verification keys has signed, at least.

    Signers that are not among them are passed over. Raises `NoteMalformed`, `VkeyMalformed`, and `NotSigned`: also
    where one of them seems to have signed but has not, whoever else has.
    """
    known = {(key.name, key.id): key for key in map(parse_vkey, keys)}
    text, lines = _parsed(note)
    ours = [(known[it.name, it.id], it) for it in lines if (it.name, it.id) in known]
    if not ours:
        raise NotSigned(f"it names {', '.join(it.name for it in lines)}")
    for key, it in ours:
        if not key.verifies(text, it.signature):
            raise NotSigned(f"the signature of {key.name} is not of this text")
    return text


def cosigned(text: str, line: str, key: str) -> datetime:
    """Return when the witness with this verification key saw the checkpoint of this text, in UTC.

    Raises `NoteMalformed`, `VkeyMalformed`, and `NotSigned` if it has not.
    """
    witness, it = parse_vkey(key), _read_line(line)
    by_it = witness.algorithm == COSIGNATURE and (it.name, it.id) == (witness.name, witness.id)
    if not (by_it and witness.verifies(text, it.signature)):
        raise NotSigned(f"this is no cosignature of {witness.name}")
    try:
        return datetime.fromtimestamp(int.from_bytes(it.signature[:_TIME], "big"), UTC)
    except (ValueError, OverflowError, OSError) as beyond:  # the year 10000, and later
        raise NotSigned(f"the time of {witness.name} is out of bounds") from beyond


def text_of(note: str) -> str:
    """Return a note's text, whoever signed it: for a note of one's own. Raises `NoteMalformed`."""
    return _parsed(note)[0]


def _cosigned(text: str, time: bytes) -> bytes:
    return f"cosignature/v1\ntime {int.from_bytes(time, 'big')}\n{text}".encode()


def _line(name: str, key: bytes, signature: bytes) -> str:
    return f"{_DASH} {name} {base64.b64encode(key + signature).decode()}"


def _parsed(note: str | bytes) -> tuple[str, list[_Line]]:
    """Take a note apart: its text and its lines, not one of them checked."""
    text, blank, rest = _text(note).rpartition("\n\n")
    lines = rest.split("\n")
    if not blank or lines.pop() or not lines:
        raise NoteMalformed("it has no lines of signatures after a blank line, or does not end with one")
    if len(lines) > _MOST_LINES:
        raise NoteMalformed(f"it has more than {_MOST_LINES} signatures")
    return text + "\n", [_read_line(line) for line in lines]


def _text(note: str | bytes) -> str:
    try:
        text = note.decode() if isinstance(note, bytes) else note
        _require_plain(text)
    except ValueError as wrong:
        raise NoteMalformed(wrong) from wrong
    return text


def _read_line(line: str) -> _Line:
    try:
        dash, name, signature = line.split(" ")
        _require_name(name)
        raw = _bytes(signature)
    except ValueError as wrong:
        raise NoteMalformed(f"{line!r} is no line of a signature") from wrong
    if dash != _DASH or len(raw) <= _ID:
        raise NoteMalformed(f"{line!r} is no line of a signature")
    return _Line(name, raw[:_ID], raw[_ID:])


def _require_plain(text: str) -> None:
    text.encode()  # a half of a surrogate pair is no character
    if any(it < " " and it != "\n" for it in text):
        raise ValueError("it holds control characters")


def _require_name(name: str) -> None:
    _require_plain(name)
    if not name or "+" in name or any(map(str.isspace, name)):
        raise ValueError(f"{name!r} can't be the name of a key: it is empty, or has a plus or spaces")


def _number(text: str) -> int:
    """Read a number as it is written in one way only, and as large as the database's."""
    if not _SIZE.fullmatch(text) or int(text) > _LARGEST:
        raise ValueError(f"{text[:24]!r} is no size of a tree")
    return int(text)


def _bytes(text: str) -> bytes:
    """Read base64 as it is written in one way only."""
    raw = base64.b64decode(text)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("its base64 could be written otherwise")
    return raw
