"""Checkpoints and cosignatures are those that others read and write, each in one way only."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.notes import (
    COSIGNATURE,
    Checkpoint,
    CheckpointMalformed,
    NoteMalformed,
    NotSigned,
    Signer,
    cosigned,
    key_id,
    opened,
    parse_vkey,
    signed,
    vkey,
    with_line,
)
from tests.domain.ledger.test_notes import AINO, TEXT, WITNESS, WORDS, b64, ends

# From the tlog-cosignature specification: the checkpoint of its example, and the time in it.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
NOON = datetime(2023, 3, 20, 12, 25, 47, tzinfo=UTC)

WITNESS_VKEY = vkey(WITNESS.name, WITNESS.public, COSIGNATURE)
ROOT = bytes(range(32))


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint("luotsi/koe/events/1", 0, ROOT)
    assert checkpoint.text == f"luotsi/koe/events/1\n0\n{b64(ROOT)}\n"
    assert Checkpoint.read(checkpoint.text) == checkpoint
    sofa = Checkpoint.read(SOFA)
    assert (sofa.origin, sofa.size) == ("example.com/behind-the-sofa", 20852163)
    assert sofa.text == SOFA
    assert sofa.extensions == ()


def test_the_lines_that_others_add_are_kept() -> None:
    longer = Checkpoint.read(f"{SOFA}one more\nand another\n")
    assert longer.extensions == ("one more", "and another")
    assert longer.text == f"{SOFA}one more\nand another\n"


@given(WORDS, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(WORDS, max_size=3))
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.read(checkpoint.text) == checkpoint
    assert Checkpoint.read(opened(signed(checkpoint.text, [AINO]), [AINO.vkey])) == checkpoint


def three(origin: str = "origin", size: str = "7", root: str = b64(ROOT)) -> str:
    return f"{origin}\n{size}\n{root}\n"


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\n\n\n", "origin\n7\n", f"origin\n7\n{b64(ROOT)}",
        f"\n{three()}", f"{three()}\n", f"{three()}\nmore\n",
        three(origin=""), three(origin="a\x01b"), three(origin="a\ud800"), three(root="\n" + b64(ROOT)),
        three(size=""), three(size="07"), three(size="00"), three(size="-7"), three(size="-0"), three(size="+7"),
        three(size=" 7"), three(size="7 "), three(size="7.0"), three(size="7_0"), three(size="0x7"), three(size="٧"),
        three(size="seven"), three(size="7\r"), three(size=str(2**63)), three(size="9" * 5000),
        three(root=""), three(root=b64(ROOT[:31])), three(root=b64(ROOT + b"x")), three(root=b64(ROOT)[:-1]),
        three(root=b64(ROOT).replace("A", "*")), three(root=b64(ROOT)[:-2] + "9="), three(root=b64(ROOT) + " "),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_not_read(text: str) -> None:
    with pytest.raises(CheckpointMalformed):
        Checkpoint.read(text)


def test_the_largest_size_is_the_databases() -> None:
    assert Checkpoint.read(three(size=str(2**63 - 1))).size == 2**63 - 1
    with pytest.raises(CheckpointMalformed, match=ends(f"'{2**63}' is no size of a tree")):
        Checkpoint.read(three(size=str(2**63)))


def test_a_checkpoint_that_is_none_says_why() -> None:
    with pytest.raises(CheckpointMalformed, match=ends("'07' is no size of a tree")):
        Checkpoint.read(three(size="07"))
    with pytest.raises(CheckpointMalformed, match=ends(f"'{'9' * 24}' is no size of a tree")):
        Checkpoint.read(three(size="9" * 30))
    with pytest.raises(CheckpointMalformed, match=ends("its base64 could be written otherwise")):
        Checkpoint.read(three(root=b64(ROOT)[:-2] + "9="))


def test_a_cosignature_is_over_the_time_and_the_checkpoint() -> None:
    """What the tlog-cosignature specification shows for its example's time and checkpoint."""
    line = WITNESS.cosignature(SOFA, NOON)
    dash, name, signature = line.split(" ")
    raw = base64.b64decode(signature)
    assert (dash, name, raw[:4]) == ("—", WITNESS.name, key_id(WITNESS.name, WITNESS.public, 4))
    assert raw[4:12] == (1679315147).to_bytes(8, "big")
    WITNESS.key.public_key().verify(raw[12:], f"cosignature/v1\ntime 1679315147\n{SOFA}".encode())
    assert cosigned(SOFA, line, WITNESS_VKEY) == NOON
    assert cosigned(SOFA, line, WITNESS_VKEY).tzinfo is UTC


def test_a_cosignature_tells_whole_seconds() -> None:
    in_helsinki = NOON.astimezone(timezone(timedelta(hours=2))) + timedelta(milliseconds=999)
    assert cosigned(SOFA, WITNESS.cosignature(SOFA, in_helsinki), WITNESS_VKEY) == NOON


def test_a_witness_opens_a_note_as_a_signer_does() -> None:
    note = with_line(signed(SOFA, [AINO]), WITNESS.cosignature(SOFA, NOON))
    assert opened(note, [WITNESS_VKEY]) == opened(note, [AINO.vkey, WITNESS_VKEY]) == SOFA
    with pytest.raises(NotSigned):
        opened(note, [WITNESS.vkey])
    other = with_line(signed(TEXT, [AINO]), WITNESS.cosignature(SOFA, NOON))
    with pytest.raises(NotSigned, match=ends(f"the signature of {WITNESS.name} is not of this text")):
        opened(other, [AINO.vkey, WITNESS_VKEY])


def later(line: str) -> str:
    raw = bytearray(base64.b64decode(line.split(" ")[2]))
    raw[11] += 1
    return f"— {WITNESS.name} {b64(bytes(raw))}"


@pytest.mark.parametrize(
    "line",
    [
        WITNESS.cosignature(TEXT, NOON),
        WITNESS.line(SOFA),
        WITNESS.cosignature(SOFA, NOON).replace("w1", "w2"),
        Signer(WITNESS.name, AINO.key).cosignature(SOFA, NOON),
        later(WITNESS.cosignature(SOFA, NOON)),
        f"— {WITNESS.name} {b64(key_id(*parse_vkey(WITNESS_VKEY)) + b'short')}",
        f"— {WITNESS.name} {b64(key_id(*parse_vkey(WITNESS_VKEY)) + bytes(8))}",
    ],
)
def test_what_is_no_cosignature_of_this_checkpoint_by_this_witness_is_refused(line: str) -> None:
    with pytest.raises(NotSigned, match=ends(f"this is no cosignature of {WITNESS.name}")):
        cosigned(SOFA, line, WITNESS_VKEY)


def test_a_signature_is_no_cosignature() -> None:
    with pytest.raises(NotSigned):
        cosigned(SOFA, WITNESS.line(SOFA), WITNESS.vkey)


@pytest.mark.parametrize("seconds", [253402300800, 2**63 - 1, 2**64 - 1])
def test_a_cosignature_of_a_time_that_no_calendar_has_is_refused(seconds: int) -> None:
    time = seconds.to_bytes(8, "big")
    signature = WITNESS.key.sign(f"cosignature/v1\ntime {seconds}\n{SOFA}".encode())
    line = f"— {WITNESS.name} {b64(key_id(*parse_vkey(WITNESS_VKEY)) + time + signature)}"
    with pytest.raises(NotSigned, match=ends(f"the time of {WITNESS.name} is out of bounds")):
        cosigned(SOFA, line, WITNESS_VKEY)


@given(st.text())
def test_garbage_is_neither_a_checkpoint_nor_a_cosignature(garbage: str) -> None:
    with pytest.raises(CheckpointMalformed):
        Checkpoint.read(garbage)
    with pytest.raises((NoteMalformed, NotSigned)):
        cosigned(SOFA, garbage, WITNESS_VKEY)
