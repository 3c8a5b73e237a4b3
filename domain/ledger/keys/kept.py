"""Where the key-encryption keys and the keys that sign are kept: a file each, sealed by the provider."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from domain.ledger.keys.seal import FIRST, KekMissing, KekUnreadable, Plain, Provider, provider_of
from domain.ledger.publish import publish, shred

KEY_BYTES = 32


@dataclass(frozen=True)
class Kept:
    """A region's keys of one kind, which is told by how their files' names end.

    The provider seals new ones; an older file names the one that sealed it.
    A file holds the key in base64, sealed, on its last line; where a provider seals it, that one's name stands above.
    """

    directory: Path
    provider: Provider = field(default_factory=Plain)
    ending: str = ".key"

    def make(self, kek: UUID) -> bytes:
        """Make a key, unless it is there, and return it. Processes that make the same one at once agree on it."""
        if not self.path(kek).exists():
            self.put(kek, secrets.token_bytes(KEY_BYTES))
        return self.open(kek)

    def put(self, kek: UUID, key: bytes) -> None:
        """Keep a key of 32 bytes, unless one is kept under this id."""
        sealed = self.provider.seal(kek, key)
        named = [] if self.provider.name == Plain.name else [self.provider.name.encode()]
        publish(self.path(kek), b"\n".join([*named, b64encode(sealed)]))

    def open(self, kek: UUID) -> bytes:
        """Return a key. Raises `KekMissing`, `KekUnreadable`, and what the provider raises."""
        provider, sealed = self._read(kek)
        key = provider.open(kek, sealed)
        if len(key) != KEY_BYTES:
            raise KekUnreadable(self.path(kek))
        return key

    def destroy(self, kek: UUID) -> None:
        """Destroy a key: what the provider has of it, and then the file. It may be destroyed already."""
        try:
            provider, sealed = self._read(kek)
        except KekMissing:
            return
        except KekUnreadable:  # it was cut short while it overwrote the file, which is the last that it does
            pass
        else:
            provider.destroy(kek, sealed)
        shred(self.path(kek))

    def path(self, kek: UUID) -> Path:
        """Return where a key lies. The one from before they had names lies where it lay."""
        return self.directory.parent / "words.key" if kek == FIRST else self.directory / f"{kek}{self.ending}"

    @property
    def survivors(self) -> Path:
        """Where a rotation leaves the keys of the streams that live, as they are wrapped now."""
        return self.directory / "survivors.jsonl"

    def _read(self, kek: UUID) -> tuple[Provider, bytes]:
        path = self.path(kek)
        try:
            content, mode = path.read_bytes(), path.stat().st_mode
        except FileNotFoundError as missing:
            raise KekMissing(path) from missing
        except OSError as unreadable:
            raise KekUnreadable(path) from unreadable
        if mode & 0o077:
            raise KekUnreadable(path)
        name, _, sealed = content.rpartition(b"\n")
        try:
            return self._named(name.decode() or Plain.name), b64decode(sealed, validate=True)
        except ValueError as damaged:
            raise KekUnreadable(path) from damaged

    def _named(self, name: str) -> Provider:
        return self.provider if name == self.provider.name else provider_of(name)
