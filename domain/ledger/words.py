"""Words apart: free text is sealed under an entry key of its stream's key, and stored beside the event.

AES-256-GCM under a key that HKDF (RFC 5869) derives from the stream's key for the region, stream and version. GCM does
not commit to its key, so an HMAC under it stands in front as the commitment: nobody can contrive a ciphertext that
opens in two ways. One entry's key opens that entry and no other.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
from collections import OrderedDict
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from domain.ledger.fault import Fault
from domain.ledger.keys.keks import Keks

_KEY, _NONCE = 32, 12
_COMMITMENT = b"luotsi-commitment-1"
_REMEMBERED = 50_000


class KeyDestroyed(Fault):
    """The words were destroyed together with their key, so nobody could read new ones. Open a new case for them."""


class WordsDamaged(Fault):
    """The words do not match their key or place. Verify the case's history."""


class Keyring:
    """The stream keys at hand in this process, the least used forgotten first."""

    def __init__(self, keks: Keks) -> None:
        self.keks = keks
        self._keys: OrderedDict[UUID, bytes] = OrderedDict()
        self._destroyed: set[UUID] = set()
        self._lock = threading.Lock()

    def new(self, stream: UUID) -> bytes:
        """Return a key for a stream that begins: the same one to all who try to begin it, in whatever order.

        It is never forgotten for a failure: another's attempt may be under way with it. Whoever reads a stream that
        another process has begun learns its key from the ledger.
        """
        with self._lock:
            return self._kept(stream, self._keys.get(stream) or secrets.token_bytes(_KEY))

    def learn(self, stream: UUID, wrapped: bytes) -> bytes:
        """Remember a stream's key as the ledger has it, whatever was tried before, and return it."""
        key = self.keks.unwrap(stream, wrapped)
        with self._lock:
            return self._kept(stream, key)

    def wrapped(self, stream: UUID) -> bytes:
        """Return the key of a stream that begins as it is stored. Raises a `KeysUnavailable`."""
        return self.keks.wrap(stream, self.new(stream))

    def get(self, stream: UUID) -> bytes | None:
        """Return a stream's key if it is at hand."""
        with self._lock:
            key = self._keys.get(stream)
            return None if key is None else self._kept(stream, key)

    def destroyed(self, stream: UUID) -> None:
        """Forget a stream's key for good: whoever is just reading with it does not bring it back."""
        with self._lock:
            self._destroyed.add(stream)
            self._keys.pop(stream, None)

    def _kept(self, stream: UUID, key: bytes) -> bytes:
        if stream in self._destroyed:
            return key
        self._keys[stream] = key
        self._keys.move_to_end(stream)
        if len(self._keys) > _REMEMBERED:
            self._keys.popitem(last=False)
        return key


def entry_key(stream_key: bytes, region: str, stream: UUID, version: int) -> bytes:
    """Return the key that opens one entry's words and no other's, with the commitment to it: 32 and 32 bytes."""
    key = HKDFExpand(SHA256(), _KEY, _place(region, stream, version)).derive(stream_key)
    return key + hmac.digest(key, _COMMITMENT, "sha256")


def opening_key(stream_key: bytes, region: str, stream: UUID, version: int, ciphertext: bytes) -> bytes:
    """Return the key of words that are there. Those of before the log was sealed commit to it in another way."""
    key = entry_key(stream_key, region, stream, version)
    if ciphertext[:_KEY] == key[_KEY:]:
        return key
    return HKDFExpand(SHA256(), 2 * _KEY, _place(region, stream, version)).derive(stream_key)


def seal(key: bytes, words: dict[str, str]) -> bytes:
    """Return the words, by the event's field, under an entry key."""
    nonce = os.urandom(_NONCE)
    return key[_KEY:] + nonce + AESGCM(key[:_KEY]).encrypt(nonce, msgspec.json.encode(words), None)


def unseal(key: bytes, ciphertext: bytes) -> dict[str, str]:
    """Return the words of an entry. Raises `WordsDamaged`."""
    commitment, nonce, sealed = ciphertext[:_KEY], ciphertext[_KEY : _KEY + _NONCE], ciphertext[_KEY + _NONCE :]
    if not hmac.compare_digest(commitment, key[_KEY:]):
        raise WordsDamaged
    try:
        return msgspec.json.decode(AESGCM(key[:_KEY]).decrypt(nonce, sealed, None), type=dict[str, str])
    except (InvalidTag, ValueError) as damaged:  # too short for a nonce, or not what was sealed
        raise WordsDamaged from damaged


def _place(region: str, stream: UUID, version: int) -> bytes:
    name = region.encode()
    return b"luotsi-words-1" + bytes([len(name)]) + name + stream.bytes + version.to_bytes(8, "big")
