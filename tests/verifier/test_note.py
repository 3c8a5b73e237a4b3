"""Signed notes, keys and cosignatures: the published example, and what is none."""

from __future__ import annotations

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
