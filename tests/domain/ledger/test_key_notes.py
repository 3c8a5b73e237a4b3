"""Key notes: what they say, who has to have signed them, and that nothing else is read as one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.ledger.fault import Fault
from domain.ledger.keys.keynote import Before, KeyNote
from domain.ledger.notes import NoteMalformed, NotSigned, Signer, signed

OLD, NEW, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([it]) * 32) for it in (1, 2, 3))
MADE = datetime(2026, 3, 2, 9, 30, 0, 250, UTC)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


FIRST = KeyNote("koe", 1, public(OLD), MADE, Before.NONE)
SECOND = KeyNote("koe", 2, public(NEW), MADE, Before.RETIRED, public(OLD))


def test_a_note_has_five_lines_and_its_time_is_in_utc() -> None:
    assert SECOND.text.splitlines() == [
        "luotsi/koe/keys", "2", b64encode(public(NEW)).decode(), "2026-03-02T09:30:00.000250Z",
        f"follows {b64encode(public(OLD)).decode()}",
    ]  # fmt: skip
    east = timezone(timedelta(hours=2))
    assert replace(SECOND, made=MADE.astimezone(east)).text == SECOND.text


def test_what_is_written_is_read() -> None:
    assert KeyNote.read("koe", FIRST.signed(OLD), None) == FIRST
    assert KeyNote.read("koe", SECOND.signed(NEW, OLD), public(OLD)) == SECOND
    compromised = replace(SECOND, before=Before.COMPROMISED)
    assert KeyNote.read("koe", compromised.signed(NEW), public(OLD)) == compromised


@pytest.mark.parametrize(
    ("it", "keys", "previous"),
    [
        (SECOND, (NEW,), OLD),
        (SECOND, (OLD,), OLD),
        (replace(SECOND, previous=public(OTHER)), (NEW, OLD), OTHER),
        (SECOND, (NEW, OTHER), OLD),
        (replace(SECOND, before=Before.COMPROMISED), (OLD,), OLD),
    ],
    ids=["not the one before", "the one before alone", "another before", "another vouches", "old alone"],
)
def test_a_note_that_has_not_its_signatures_is_refused(
    it: KeyNote, keys: tuple[Ed25519PrivateKey, ...], previous: Ed25519PrivateKey
) -> None:
    with pytest.raises(NotSigned):
        KeyNote.read("koe", it.signed(*keys), public(previous))


@pytest.mark.parametrize(
    ("it", "previous"),
    [
        (FIRST, public(OTHER)),
        (replace(FIRST, before=Before.RETIRED), None),
        (replace(FIRST, before=Before.COMPROMISED), None),
    ],
)
def test_only_the_first_note_says_that_it_is_the_first(it: KeyNote, previous: bytes | None) -> None:
    with pytest.raises(NoteMalformed, match="not in its place"):
        KeyNote.read("koe", it.signed(OLD), previous)


@pytest.mark.parametrize("before", [Before.RETIRED, Before.COMPROMISED])
def test_a_note_names_the_key_before(before: Before) -> None:
    it = replace(SECOND, before=before)
    with pytest.raises(NoteMalformed, match="not in its place"):
        KeyNote.read("koe", it.signed(NEW, OLD, OTHER), public(OTHER))
    with pytest.raises(NoteMalformed, match="not in its place"):
        KeyNote.read("koe", replace(it, previous=None).signed(NEW, OLD), public(OLD))
    with pytest.raises(NoteMalformed, match="not in its place"):
        KeyNote.read("koe", replace(FIRST, previous=public(OLD)).signed(OLD), None)


def test_the_first_note_is_signed_by_its_own_key() -> None:
    with pytest.raises(NotSigned):
        KeyNote.read("koe", FIRST.signed(OTHER), None)


def test_another_regions_note_is_refused() -> None:
    with pytest.raises(Fault):
        KeyNote.read("muu", FIRST.signed(OLD), None)


@pytest.mark.parametrize(
    "otherwise",
    [
        lambda text: text.replace("\n1\n", "\n01\n"),
        lambda text: text.replace("\n1\n", "\n+1\n"),
        lambda text: text.replace("\n1\n", "\none\n"),
        lambda text: text.replace("first", "last"),
        lambda text: text.replace("Z\n", "+00:00\n"),
        lambda text: text.replace(".000250Z", ".00025Z"),
        lambda text: text.replace("2026-03-02T", "2026-13-02T"),
        lambda text: text.replace("=\n", "\n"),
        lambda text: text.replace("=\n", "=!\n"),
        lambda text: text.replace("luotsi/koe/keys", "luotsi/muu/keys"),
        lambda text: f"{text}more\n",
        lambda text: text.removesuffix("first\n"),
    ],
)
def test_a_note_that_its_key_signed_and_that_is_written_otherwise_is_refused(otherwise: Callable[[str], str]) -> None:
    text = otherwise(FIRST.text)
    assert text != FIRST.text
    with pytest.raises(NoteMalformed):
        KeyNote.read("koe", signed(text, [Signer("luotsi/koe/keys", OLD)]), None)


SHORT = f"luotsi/koe/keys\n1\nAAAA\n{MADE:%Y-%m-%d}\nfirst\n\n"


@pytest.mark.parametrize("note", ["", "\n", "\n\n", FIRST.text, "1\n2\n3\n4\n5\n\n", SHORT])
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(Fault):
        KeyNote.read("koe", note, None)
