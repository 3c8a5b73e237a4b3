"""Key notes: which key signs a region's logs from when, signed by that key and, where it follows, by the key before.

A note names the key before, so trust goes both ways: whoever trusts one key knows those around it, and nobody puts
another in front of it. After a compromise neither of the two vouches for the other.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.ledger.notes import NoteMalformed, Signer, opened, signed, vkey


class Before(StrEnum):
    """What became of the key before: there was none, it was retired, or somebody else had it or might."""

    NONE = "first"
    RETIRED = "follows"
    COMPROMISED = "compromised"


@dataclass(frozen=True)
class KeyNote:
    """What a key note says. `public` and `previous`, the key before, are 32 bytes (Ed25519), `made` is in UTC."""

    region: str
    number: int
    public: bytes
    made: datetime
    before: Before
    previous: bytes | None = None

    @property
    def name(self) -> str:
        """Under which name it is signed."""
        return name_of(self.region)

    @property
    def text(self) -> str:
        """What is signed: the lines with their newlines."""
        made = self.made.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        before = f"{self.before} {b64encode(self.previous).decode()}" if self.previous else self.before
        lines = self.name, str(self.number), b64encode(self.public).decode(), made, before
        return "".join(f"{line}\n" for line in lines)

    def signed(self, *keys: Ed25519PrivateKey) -> str:
        """Return the note, signed by the key itself and by those that vouch for it."""
        return signed(self.text, [Signer(self.name, key) for key in keys])

    @classmethod
    def read(cls, region: str, note: str, previous: bytes | None) -> KeyNote:
        """Read a note that names the key before, this one, and that its own key has signed, and that one if it follows.

        Raises `NoteMalformed`, also for another region's, `NotSigned` and `VkeyMalformed`.
        """
        try:
            _, number, public, made, before = note.partition("\n\n")[0].split("\n")
            it = cls(region, int(number), b64decode(public), datetime.fromisoformat(made), *_before(before))
        except ValueError as wrong:
            raise NoteMalformed(wrong) from wrong
        if opened(note, [vkey(it.name, it.public)]) != it.text or it.previous != previous:
            raise NoteMalformed("it is not written as key notes are, or not in its place")
        if it.before is Before.RETIRED and previous is not None:
            opened(note, [vkey(it.name, previous)])
        return it


def _before(line: str) -> tuple[Before, bytes | None]:
    """Read what became of the key before, and which that was. Raises `ValueError`."""
    became, _, key = line.partition(" ")
    if (became == Before.NONE) != (key == ""):
        raise ValueError("it is not written as key notes are, or not in its place")
    return Before(became), b64decode(key) if key else None


def name_of(region: str) -> str:
    """Return the name under which a region's key notes are signed."""
    return f"luotsi/{region}/keys"
