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
from tests.verifier.lies.keys import in_epoch_two, published, with_keys, with_one_before

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


def test_a_checkpoint_of_an_epoch_before_is_continued_as_far_as_it_was_kept(wrong: Check) -> None:
    made = with_one_before(10, 10, 8)
    assert wrong(made) == []
    for size in (10, 8):
        for origin in (NAME, NEXT):
            assert wrong(made, known=told().checkpoint(size, origin=origin)) == []
    (missing,) = wrong(made, known=told().checkpoint(9))
    assert missing.startswith("The bundle has no proof that its log continues the checkpoint of 9 events")


def test_what_was_not_kept_is_not_continued(wrong: Check) -> None:
    assert wrong(with_one_before(9, 10)) == [
        "The checkpoint of 10 events is of epoch 1, of which a restore has kept 9 events and no more. The region "
        "says so itself, in the signed note of epoch 2: this log does not continue that checkpoint."
    ]


def test_every_epoch_since_has_to_have_kept_it_and_none_before(wrong: Check) -> None:
    made = with_one_before(8, 10)
    third = f"luotsi/{REGION}/events/3"
    made.checkpoints[0]["note"] = told().checkpoint(SIZE, origin=third)
    made.checkpoints[1]["note"] = told().checkpoint(10, origin=NEXT)
    made.keys["epochs"].append(epoch_note(3, 10, published(16, 2)))
    assert wrong(made, known=told().checkpoint(10, origin=NEXT)) == []
    made.checkpoints[1]["note"] = told().checkpoint(10)
    (said,) = wrong(made)
    assert said.startswith(
        "The checkpoint of 10 events is of epoch 1, of which a restore has kept 8 events and no more."
    )
    assert "in the signed note of epoch 2" in said


def test_a_checkpoint_of_an_epoch_before_is_the_regions_events_and_signed(wrong: Check) -> None:
    made = with_one_before(10, 8)
    for origin in (f"luotsi/{REGION}/reads/1", "luotsi/etela/events/1"):
        made.checkpoints[1]["note"] = told().checkpoint(8, origin=origin)
        assert [it.partition(":")[0] for it in wrong(made)] == ["The checkpoint of 8 entries is of another log"]
    made.checkpoints[1]["note"] = told().checkpoint(8, THIEF)
    assert wrong(made) == [
        "The checkpoint of 8 events is signed by no key that the bundle has: the signing key's note is missing."
    ]


def test_two_epochs_checkpoints_of_one_size_are_one_too_many(wrong: Check) -> None:
    assert wrong(with_one_before(16, 16)) == [
        "The checkpoint of 16 events does not come after a greater one, as it should."
    ]


def test_what_is_kept_is_signed_by_the_region(wrong: Check) -> None:
    assert wrong(bundle(), known=told().checkpoint(8, THIEF)) == [
        "The checkpoint that you kept is signed by none of the bundle's keys."
    ]


def test_without_being_asked_no_history_is_told(tmp_path: Path) -> None:
    (tmp_path / "case.zip").write_bytes(bundle().pack())
    assert verifier.check(tmp_path / "case.zip").history == []
    assert len(verifier.check(tmp_path / "case.zip", history=True).history) == 9
