"""Telling the same request from another under one key, without keeping anything that could be guessed.

A plain hash of a short body tells the body to whoever tries a few. So what is stored is a hash under the key of the
stream's words (HMAC-SHA-256, RFC 2104): it is gone with that key, from every backup too.
"""

from __future__ import annotations

import hmac

_TAG = b"luotsi-receipt-1"
"""Sets it apart from whatever else is derived from the same key."""


def kept(key: bytes | None, fingerprint: bytes) -> bytes:
    """Return a request's fingerprint as it is stored: empty where it has none, or where the stream has no key."""
    return hmac.digest(key, _TAG + fingerprint, "sha256") if key and fingerprint else b""


def same(key: bytes | None, stored: bytes, fingerprint: bytes) -> bool:
    """Say whether a request is that of a receipt: where nothing is stored, or the key is gone, its id alone tells."""
    return key is None or not stored or hmac.compare_digest(stored, kept(key, fingerprint))
