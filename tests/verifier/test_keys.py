"""Key notes: what each has to say, and in what order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.verifier.forge import BEGAN, FIRST, REGION, SECOND, Pair, b64, key_note, signed
from verifier import keys
from verifier.keys import Keys
from verifier.report import Report

NAME = f"luotsi/{REGION}/keys"
ONE = key_note(1, FIRST, "first")
TEXT = ONE.partition("\n\n")[0] + "\n"
NOT_NOTE_ONE = f"Key note 1 is not what a key note is: it is not note 1 of {NAME}, of five lines."


def read(*notes: str) -> tuple[Keys, list[str]]:
    """Return the keys, and what is wrong with their notes."""
    report = Report()
    found = keys.read(notes, REGION, report)
    return found, [str(it) for it in report.faults]


def test_keys_are_read_by_their_number() -> None:
    found, wrong = read(ONE, key_note(2, SECOND, "follows", FIRST), key_note(3, Pair("third"), "compromised", SECOND))
    assert wrong == []
    assert [(it.number, it.public, it.became, it.previous, it.vouched) for it in found.keys] == [
        (1, FIRST.public, "first", None, False), (2, SECOND.public, "follows", FIRST.public, True),
        (3, Pair("third").public, "compromised", SECOND.public, False),
    ]  # fmt: skip
    assert [it.made for it in found.keys] == [BEGAN + timedelta(days=it) for it in (1, 2, 3)]
    assert [found.compromised(it) for it in found.keys] == [False, True, False]


@pytest.mark.parametrize(
    "note",
    [
        signed(TEXT + "more\n", NAME, FIRST), signed(TEXT.removesuffix("first\n"), NAME, FIRST),
        signed(TEXT.replace("\n1\n", "\n2\n"), NAME, FIRST),
        signed(TEXT.replace(REGION, "etela"), "luotsi/etela/keys", FIRST), key_note(1, FIRST, "first", region="etela"),
    ],
)  # fmt: skip
def test_a_note_of_other_lines_or_another_number_or_region_is_none(note: str) -> None:
    assert read(note) == (Keys(REGION, ()), [NOT_NOTE_ONE])


def test_a_note_is_signed_with_its_own_key_under_its_own_name() -> None:
    forged = ["Key note 1 is not signed by its own key."]
    assert read(signed(TEXT, NAME, SECOND))[1] == forged
    assert read(signed(TEXT, "luotsi/etela/keys", FIRST))[1] == forged


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("lost", "it is none of follows, compromised"), ("First", "it is none of follows, compromised"),
        (f"first {b64(SECOND.public)}", "it is none of follows, compromised"),
        (f"follows  {b64(SECOND.public)}", "what should be base64 is none"),
        ("follows AAAA", "a public key is base64 of 32 bytes"), ("follows", "a public key is base64 of 32 bytes"),
        (f"follows {b64(SECOND.public)}", "only the first key is the first"),
    ],
)  # fmt: skip
def test_the_last_line_says_what_became_of_the_key_before(line: str, why: str) -> None:
    note = signed(TEXT.replace("\nfirst\n", f"\n{line}\n"), NAME, FIRST)
    assert read(note)[1] == [f"Key note 1 is not what a key note is: {why}."]


def test_only_the_first_key_is_the_first() -> None:
    assert read(ONE, key_note(2, SECOND, "first"))[1] == [
        "Key note 2 is not what a key note is: only the first key is the first."
    ]


def test_a_key_may_be_as_old_as_the_one_before_it_and_no_older() -> None:
    assert read(ONE, key_note(2, SECOND, "follows", FIRST, made=BEGAN - timedelta(days=1)))[1] == []
    assert read(ONE, key_note(2, SECOND, "follows", FIRST, made=BEGAN - timedelta(days=1, seconds=1)))[1] == [
        "Key note 2 is not what a key note is: it is older than the one before it."
    ]
