"""An event's hash is of the bytes that docs/integrity.md says, and of no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.mapper import Sealed, chained

STREAM = UUID("00112233-4455-6677-8899-aabbccddeeff")
NOW = datetime(2025, 3, 3, tzinfo=UTC)
FIRST = Sealed(STREAM, 1, "case-opened", b'{"topic":"case-opened"}', NOW, NOW)


def test_the_hashed_bytes_are_these() -> None:
    """Written out, so that whoever writes a verifier of their own can compare."""
    assert chained("koe", b"", FIRST) == sha256(
        b"\0\0\0\0\0\0\0\x0eluotsi-event-1"
        b"\0\0\0\0\0\0\0\x03koe"
        b"\0\0\0\0\0\0\0\x10\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
        b"\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x01"
        b"\0\0\0\0\0\0\0\0"
        b'\0\0\0\0\0\0\0\x17{"topic":"case-opened"}'
    ).digest()  # fmt: skip


@pytest.mark.parametrize(
    ("region", "previous", "version", "state", "hashed"),
    [
        ("koe", b"", 1, b"{}", "042c09e42c8e264abf8a2108eee9cf0403b7d2037f3f8283739a8980fee24dd3"),
        (
            "häme",
            bytes(range(32)),
            2**40 + 258,
            b"{}",
            "b4aa8714975693f4fda21dc8efc30b1945e5c9e5816a2ab9ab00ba2d6e8f7f76",
        ),
        ("", b"", 0, b"", "fc471493e5fb26ab3a29facbc9bb67bb2f0faad2e196130fab4db960dc19a94e"),
    ],
)
def test_the_hashes_of_examples_stay(region: str, previous: bytes, version: int, state: bytes, hashed: str) -> None:
    it = replace(FIRST, originator_version=version, state=state)
    assert chained(region, previous, it).hex() == hashed


@given(st.text(), st.binary(), st.integers(0, 2**64 - 1), st.binary(max_size=300))
def test_an_events_hash_is_over_six_parts_behind_their_lengths(
    region: str, previous: bytes, version: int, state: bytes
) -> None:
    parts = [b"luotsi-event-1", region.encode(), STREAM.bytes, version.to_bytes(8, "big"), previous, state]
    hashed = b"".join(len(it).to_bytes(8, "big") + it for it in parts)
    it = replace(FIRST, originator_version=version, state=state)
    assert chained(region, previous, it) == sha256(hashed).digest()


def test_what_is_not_in_the_document_is_not_hashed() -> None:
    it = replace(FIRST, topic="other", occurred=NOW + timedelta(1), recorded=NOW, ciphertext=b"x", hash=b"y")
    assert chained("koe", b"", it) == chained("koe", b"", FIRST)
