"""What is known from elsewhere: keys, checkpoints, witnesses, authorities; and why an option can not be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import verifier
from tests.verifier import forge
from tests.verifier.forge import (
    AUTHORITY,
    FIRST,
    REGION,
    SECOND,
    SIZE,
    THIEF,
    WITNESS,
    WITNESS_NAME,
    Bundle,
    bundle,
    epoch_note,
    key_note,
    told,
)
from tests.verifier.lies.keys import in_epoch_two, published, with_keys

NAME = f"luotsi/{REGION}/events/1"
NEXT = f"luotsi/{REGION}/events/2"
KEY, WITNESSING = FIRST.vkey(NAME), WITNESS.vkey(WITNESS_NAME, 4)
Check = Callable[..., list[str]]


@pytest.fixture
def wrong(tmp_path: Path) -> Check:
    """Give what tells what is wrong with a bundle."""

    def wrong(made: Bundle, **options: Any) -> list[str]:
        path = tmp_path / "case.zip"
        path.write_bytes(made.pack())
        return [str(it) for it in verifier.check(path, **options).faults]

    return wrong


NO_KEY = "it is no verification key: NAME+ID+BASE64, of an Ed25519 key"
OTHER_KIND = "it is a key of another kind: witnesses have their own"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trusted": ["a+b+?"]}, "--key can't be used: what should be base64 is none."),
        ({"trusted": [KEY[:-4]]}, f"--key can't be used: {NO_KEY}."),
        ({"trusted": [WITNESSING]}, f"--key can't be used: {OTHER_KIND}."),
        ({"witnesses": [KEY]}, f"--witness can't be used: {OTHER_KIND}."),
        ({"witnesses": [WITNESSING[:-4]]}, f"--witness can't be used: {NO_KEY}."),
        ({"known": "a\n"}, "--known-checkpoint can't be used: it is no text, an empty line, and signature lines."),
        ({"authorities": [b"no"]}, "--authority can't be used: it holds no certificate in PEM."),
        ({"authorities": [AUTHORITY.pem, b""]}, "--authority can't be used: it holds no certificate in PEM."),
    ],
)  # fmt: skip
def test_why_an_option_can_not_be_used_is_told(wrong: Check, options: dict[str, Any], said: str) -> None:
    assert wrong(bundle(), **options) == [said]


def test_why_a_file_can_not_be_read_is_told(tmp_path: Path) -> None:
    said = {str(path): [str(it) for it in verifier.check(path).faults] for path in (tmp_path / "none.zip", "a\0b")}
    assert list(said.values()) == [
        ["The file can't be read: No such file or directory."], ["The file can't be read: it is no path."]
    ]  # fmt: skip
    assert [str(it) for it in verifier.check(tmp_path).faults] == ["The file can't be read: Is a directory."]


def test_a_key_and_a_known_checkpoint_vouch_both(wrong: Check) -> None:
    made = with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised"), signer=SECOND)
    known = told().checkpoint(8, FIRST)
    assert wrong(made, known=known)[0].startswith("Key 1 was compromised")
    assert wrong(made, known=known, trusted=[SECOND.vkey(NAME)]) == []


def test_an_earlier_checkpoint_is_of_the_same_log(wrong: Check) -> None:
    made = bundle()
    made.stamps, made.checkpoints[1]["note"] = [], told().checkpoint(forge.STAMPED, origin=NEXT)
    assert wrong(made) == [f"The checkpoint of 13 entries is of another log: its origin is {NEXT}, and not {NAME}."]


def test_a_checkpoint_of_the_same_epoch_lost_nothing_at_its_beginning(wrong: Check) -> None:
    made = in_epoch_two(epoch_note(2, 10, published(17)))
    assert wrong(made, known=told().checkpoint(SIZE, origin=NEXT)) == []


def test_an_epoch_lost_what_came_after_what_it_kept(wrong: Check) -> None:
    for kept in (SIZE - 1, SIZE):
        made = in_epoch_two(epoch_note(2, kept, published(17)))
        lost = wrong(made, known=told().checkpoint(SIZE))
        assert (lost == []) == (kept == SIZE)


def test_what_is_kept_is_signed_by_the_region(wrong: Check) -> None:
    assert wrong(bundle(), known=told().checkpoint(8, THIEF)) == [
        "The checkpoint that you kept is signed by none of the bundle's keys."
    ]
