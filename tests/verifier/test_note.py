"""Signed notes, keys and cosignatures: the published example, and what is none."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.verifier.forge import FIRST, SECOND, WITNESS, WITNESS_NAME, b64, signed
from verifier.note import MOST_LINES, Checkpoint, Key, Note, NoteMalformed, checkpoint_lines, head_of, public_key

VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
TEXT = f"luotsi/pohjola/events/1\n5\n{b64(bytes(32))}\n"
NAME = "luotsi/pohjola/events/1"
SEEN = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_published_example_verifies() -> None:
    assert Key.read(VKEY).signed(Note.read(PUBLISHED))


def test_the_published_example_does_not_once_it_is_altered() -> None:
    assert not Key.read(VKEY).signed(Note.read(PUBLISHED.replace("answer", "remedy")))


def test_a_key_reads_back_as_it_was_handed_over() -> None:
    assert Key.read(VKEY).vkey == VKEY


@pytest.mark.parametrize(
    "vkey",
    [
        "", "PeterNeumann", VKEY[1:], VKEY[:-1], VKEY.replace("c74f", "c74e"), VKEY.replace("+AR", "+AB"),
        VKEY.replace("Peter", "Peter "), f"{VKEY}\ud800", "a+b+c", WITNESS.vkey(WITNESS_NAME, 2), VKEY + "AA==",
    ],
)  # fmt: skip
def test_what_is_no_key_is_none(vkey: str) -> None:
    with pytest.raises(NoteMalformed):
        Key.read(vkey)


@pytest.mark.parametrize(
    "note",
    [
        "", "\n", "\n\n", TEXT, f"{TEXT}\n", f"\n\n{FIRST.line(NAME, TEXT)}", f"{TEXT}{FIRST.line(NAME, TEXT)}",
        signed(TEXT, NAME, FIRST)[:-1], signed(TEXT, NAME, FIRST) + "\n", signed(TEXT, "a name", FIRST),
        signed(TEXT, "a+name", FIRST), signed(TEXT, "", FIRST), signed(TEXT, NAME, FIRST).replace("—", "-"),
        signed(f"{TEXT}\t\n", NAME, FIRST), signed(f"{TEXT}\x7f\n", NAME, FIRST), f"{TEXT}\n— {NAME} AAAA\n",
        f"{TEXT}\n— {NAME} ====\n", f"{TEXT}\n— {NAME} AAAAAB==\n", f"{TEXT}\n— {NAME}\n",
        f"{TEXT}\n— {NAME} AAAAAAA= more\n",
        signed(TEXT, NAME, *[FIRST] * (MOST_LINES + 1)), signed("long\n" * 20_000, NAME, FIRST),
    ],
)  # fmt: skip
def test_what_is_no_note_is_none(note: str) -> None:
    with pytest.raises(NoteMalformed):
        Note.read(note)


@pytest.mark.parametrize(
    "text",
    [
        "", TEXT[:-1], f"{TEXT}more\n", TEXT.replace("\n5\n", "\n05\n"), TEXT.replace("\n5\n", "\n-5\n"),
        TEXT.replace("\n5\n", "\n+5\n"), TEXT.replace("\n5\n", "\n٥\n"), TEXT.replace("\n5\n", "\n\n"),
        TEXT.replace("\n5\n", f"\n{10**20}\n"), TEXT.replace("AAAA", "AA"), TEXT.replace("luotsi/", "luot si/"),
        f"{NAME}\n5\n{b64(bytes(31))}\n", f"{NAME}\n5\nä\n", "\n5\n" + b64(bytes(32)) + "\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_none(text: str) -> None:
    with pytest.raises(NoteMalformed):
        head_of(text)


def test_a_checkpoint_says_its_origin_size_and_root() -> None:
    it = Checkpoint.read(signed(TEXT, NAME, FIRST))
    assert (it.origin, it.size, it.root, it.note.text) == (NAME, 5, bytes(32), TEXT)
    assert checkpoint_lines(b64(TEXT.encode())) == (NAME, 5, bytes(32))


def test_a_checkpoint_in_base64_is_text() -> None:
    with pytest.raises(NoteMalformed):
        checkpoint_lines(b64(b"\xff\xfe"))


def test_a_public_key_has_32_bytes() -> None:
    assert public_key(b64(bytes(32))) == bytes(32)
    with pytest.raises(NoteMalformed):
        public_key(b64(bytes(31)))


def test_a_note_is_signed_under_its_name_by_its_key_alone() -> None:
    note = Note.read(signed(TEXT, NAME, FIRST))
    assert Key(NAME, FIRST.public).signed(note)
    assert not Key("another", FIRST.public).signed(note)
    assert not Key(NAME, SECOND.public).signed(note)


def test_one_right_line_of_several_is_enough() -> None:
    note = Note.read(f"{TEXT}\n— {NAME} {b64(FIRST.id(NAME) + bytes(64))}\n" + FIRST.line(NAME, TEXT))
    assert Key(NAME, FIRST.public).signed(note)


def test_a_key_that_is_no_point_signs_nothing() -> None:
    key = Key(NAME, b"\xff" * 32)
    assert not key.signed(Note.read(f"{TEXT}\n— {NAME} {b64(key.id + bytes(64))}\n"))


def cosigned(line: str) -> datetime | None:
    return Key.read(WITNESS.vkey(WITNESS_NAME, 4)).cosigned(Note.read(signed(TEXT, NAME, FIRST) + line))


def test_a_witness_says_when_it_saw_a_checkpoint() -> None:
    assert cosigned(WITNESS.cosignature(WITNESS_NAME, TEXT, SEEN)) == SEEN


def test_what_a_witness_has_not_said_it_has_not() -> None:
    id_ = WITNESS.id(WITNESS_NAME, 4)
    late = b64(id_ + (2**63).to_bytes(8, "big") + bytes(64))
    assert cosigned(WITNESS.cosignature(WITNESS_NAME, TEXT.replace("5", "6"), SEEN)) is None
    assert cosigned(WITNESS.line(WITNESS_NAME, TEXT)) is None
    assert cosigned(SECOND.cosignature(WITNESS_NAME, TEXT, SEEN)) is None
    assert cosigned(f"— {WITNESS_NAME} {late}\n") is None
    assert cosigned(f"— {WITNESS_NAME} {b64(id_ + bytes(4))}\n") is None


def test_a_time_that_no_calendar_has_is_none() -> None:
    text = TEXT.encode()
    seconds = 2**62
    signature = WITNESS.private.sign(f"cosignature/v1\ntime {seconds}\n".encode() + text)
    line = b64(WITNESS.id(WITNESS_NAME, 4) + seconds.to_bytes(8, "big") + signature)
    assert cosigned(f"— {WITNESS_NAME} {line}\n") is None


LINE = FIRST.line(NAME, TEXT)
NONE = "what should be base64 is none"
NO_LINE = "a signature line is a dash, a name and base64"


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (signed("long\n" * 20_000, NAME, FIRST), "it is too long for a note"),
        (signed(f"{TEXT}\t\n", NAME, FIRST), "it holds a control character"),
        (signed(f"{TEXT}\x7f\n", NAME, FIRST), "it holds a control character"),
        (TEXT, "it is no text, an empty line, and signature lines"),
        (signed(TEXT, NAME, *[FIRST] * 101), "it has too many signature lines"),
        (f"{TEXT}\n— {NAME} ====\n", NONE),
        (f"{TEXT}\n— {NAME} AAAA AAA=\n", NO_LINE), (f"{TEXT}\n— {NAME} AA!AAAA=\n", NONE),
        (f"{TEXT}\n— {NAME} AAAAAAB=\n", "what should be base64 is not written as base64 is"),
        (f"{TEXT}\n— {NAME} AAAAAA==\n", NO_LINE), (f"{TEXT}\n{LINE.replace('— ', '—  ')}", NONE),
        (f"{TEXT}\n {LINE}", NONE), (f"{TEXT}\n{LINE.removesuffix(chr(10))} more\n", NO_LINE),
        (f"{TEXT}\n{LINE.replace('—', '-')}", NO_LINE),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_note_is_told(note: str, why: str) -> None:
    with pytest.raises(NoteMalformed, match=f"^{re.escape(why)}$"):
        Note.read(note)


def test_a_note_may_be_as_long_as_a_note_may_be() -> None:
    assert len(Note.read(signed(TEXT, NAME, *[FIRST] * MOST_LINES)).lines) == 100
    line = signed("", NAME, FIRST)
    longest = "x" * (64_000 - 1 - len(line)) + "\n" + line
    assert Note.read(longest).text.endswith("x\n")
    with pytest.raises(NoteMalformed, match="too long"):
        Note.read("x" + longest)


def test_a_text_may_have_empty_lines() -> None:
    text = "one\n\ntwo\n\n\nthree\n"
    note = Note.read(signed(text, NAME, FIRST))
    assert note.text == text
    assert Key(NAME, FIRST.public).signed(note)


@pytest.mark.parametrize(
    ("vkey", "why"),
    [
        (VKEY.replace("c74f", "c74e"), "the key's id is not that of its name and key: it was not copied whole"),
        (VKEY[:-4], "it is no verification key: NAME+ID+BASE64, of an Ed25519 key"),
        (FIRST.vkey("a\u200bb"), "it is no verification key: NAME+ID+BASE64, of an Ed25519 key"),
        (FIRST.vkey("a b"), "it is no verification key: NAME+ID+BASE64, of an Ed25519 key"),
        (FIRST.vkey("a", 2), "it is no verification key: NAME+ID+BASE64, of an Ed25519 key"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_key_is_told(vkey: str, why: str) -> None:
    with pytest.raises(NoteMalformed, match=f"^{re.escape(why)}$"):
        Key.read(vkey)


THREE = "a checkpoint is three lines: origin, size, root"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (TEXT.replace("\n5\n", " 5\n"), THREE), (TEXT.replace("\n5\n", "\n5 "), THREE), (TEXT[:-1], THREE),
        (f"{TEXT}\n", THREE), (TEXT.replace("luotsi/", "luot si/"), THREE), (f" {TEXT}", THREE),
        (TEXT.replace("\n5\n", "\n5 \n"), "a number in it is not written as numbers are"),
        (f"{NAME}\n5\n{b64(bytes(31))}\n", "a checkpoint's root is base64 of 32 bytes"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_checkpoint_is_told(text: str, why: str) -> None:
    with pytest.raises(NoteMalformed, match=f"^{re.escape(why)}$"):
        head_of(text)


def test_what_is_wrong_with_base64_is_told() -> None:
    with pytest.raises(NoteMalformed, match=r"^a checkpoint is UTF-8$"):
        checkpoint_lines(b64(b"\xff\xfe"))
    with pytest.raises(NoteMalformed, match=r"^a public key is base64 of 32 bytes$"):
        public_key(b64(bytes(33)))
