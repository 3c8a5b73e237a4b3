"""How the streams' keys are wrapped: under the current key-encryption key, bound to the region and the stream.

AES-256-GCM under a key that HKDF (RFC 5869) derives from the key-encryption key, with a second output of the same
derivation as the proof that it is this key. What is wrapped begins with a format byte, 1, and the id of its
key-encryption key. What is 40 bytes long is from before: the first key's, by AES key wrap (RFC 3394), bound to nothing.
"""

from __future__ import annotations

import hmac
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from domain.ledger.keys.kept import KEY_BYTES, Kept
from domain.ledger.keys.seal import FIRST, KekNotMade, KekWrong, KeyDamaged, provider_of

_NONCE = 12
_FORMAT = b"\x01"
_BEFORE = 40
"""How long a key is that was wrapped before key-encryption keys had names."""


@dataclass(frozen=True)
class Kek:
    """A key-encryption key that is at hand."""

    id: UUID
    key: bytes = field(repr=False)

    @property
    def proof(self) -> bytes:
        """What tells, to whoever knows it, that a key is this one, and nothing else about it."""
        return self._derived[KEY_BYTES:]

    @cached_property
    def cipher(self) -> AESGCM:
        """What wraps under it."""
        return AESGCM(self._derived[:KEY_BYTES])

    @cached_property
    def _derived(self) -> bytes:
        return HKDFExpand(SHA256(), 2 * KEY_BYTES, b"luotsi-kek-1" + self.id.bytes).derive(self.key)


def kek_of(wrapped: bytes) -> UUID:
    """Return under which key-encryption key something is wrapped. Raises `KeyDamaged`."""
    if len(wrapped) == _BEFORE:
        return FIRST
    if wrapped[:1] != _FORMAT or len(wrapped) < _BEFORE:
        raise KeyDamaged
    return UUID(bytes=wrapped[1:17])


class Keks:
    """The key-encryption keys at hand in this process, and which of them is current. Safe between threads."""

    def __init__(self, kept: Kept, region: str) -> None:
        self.kept = kept
        self.region = region
        self.current: UUID | None = None
        self._at_hand: dict[UUID, Kek] = {}
        self._lock = threading.Lock()

    def use(self, current: UUID | None, proof: bytes | None) -> None:
        """Wrap under this one from now on, as the ledger says, and put those before out of mind.

        Raises `KekNotMade`, `KekWrong` where it is not the ledger's, and what keeps it from being read.
        """
        if current is not None and current == self.current:
            return
        if current is None or proof is None:
            raise KekNotMade
        kek = self.read(current)
        if not hmac.compare_digest(kek.proof, proof):
            raise KekWrong(self.kept.path(current))
        with self._lock:
            self._at_hand = {current: kek}
            self.current = current

    def read(self, kek: UUID) -> Kek:
        """Return a key-encryption key from where it is kept. Nothing has proved it yet."""
        return Kek(kek, self.kept.open(kek))

    def wrap(self, stream: UUID, key: bytes) -> bytes:
        """Return a stream's key as it is stored."""
        current = self.current
        if current is None:
            raise KekNotMade
        kek = self._known(current)  # it was put out of mind if another brought it back while it was being destroyed
        head, nonce = _FORMAT + kek.id.bytes, os.urandom(_NONCE)
        return head + nonce + kek.cipher.encrypt(nonce, key, head + self._place(stream))

    def unwrap(self, stream: UUID, wrapped: bytes) -> bytes:
        """Return a stream's key from how it is stored. Raises `KeyDamaged`, and what keeps its key from being read."""
        kek = self._known(kek_of(wrapped))
        try:
            if len(wrapped) == _BEFORE:
                return aes_key_unwrap(kek.key, wrapped)
            head, nonce, sealed = wrapped[:17], wrapped[17 : 17 + _NONCE], wrapped[17 + _NONCE :]
            return kek.cipher.decrypt(nonce, sealed, head + self._place(stream))
        except (InvalidUnwrap, InvalidTag, ValueError) as damaged:
            raise KeyDamaged(stream) from damaged

    def forget(self, kek: UUID) -> None:
        """Put a key-encryption key out of mind."""
        with self._lock:
            self._at_hand.pop(kek, None)

    def _known(self, kek: UUID) -> Kek:
        with self._lock:
            known = self._at_hand.get(kek)
        if known is not None:
            return known
        read = self.read(kek)
        with self._lock:
            return self._at_hand.setdefault(kek, read)

    def _place(self, stream: UUID) -> bytes:
        name = self.region.encode()
        return bytes([len(name)]) + name + stream.bytes


def keks_in(directory: Path, region: str, provider: str = "file") -> Keks:
    """Return the region's key-encryption keys under this directory. Raises `ProviderWrong`."""
    return Keks(Kept(directory / region, provider_of(provider)), region)
