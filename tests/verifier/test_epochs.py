"""Epoch notes: what each has to say of a restore, and in what order."""

from __future__ import annotations

import pytest

from tests.verifier.forge import FIRST, REGION, SECOND, SIZE, THIEF, b64, epoch_note, key_note, signed, told
from tests.verifier.lies.keys import published
from verifier import checkpoints, keys
from verifier.checkpoints import Epoch
from verifier.note import Checkpoint
from verifier.report import Report

NAME = f"luotsi/{REGION}/epochs"
NOTE = epoch_note(2, 10, published(17))
TEXT = NOTE.partition("\n\n")[0] + "\n"
EVENTS = TEXT.splitlines()[3]
OPENED = "2026-03-02T07:00:00+00:00"
NOT_NEXT = f"it is not the next note of {NAME}, of five lines"


def read(*notes: str, current: int = 2) -> tuple[list[Epoch], Report]:
    """Read epoch notes of a log that is in this epoch."""
    report = Report()
    signing = keys.read([key_note(1, FIRST, "first")], REGION, report)
    now = Checkpoint.read(told().checkpoint(SIZE, origin=f"luotsi/{REGION}/events/{current}"))
    return checkpoints.epochs(notes, signing, now, report), report


def wrong(*notes: str, current: int = 2) -> list[str]:
    return [str(it) for it in read(*notes, current=current)[1].faults]


def test_a_note_tells_what_was_kept_of_what_and_when() -> None:
    assert read(NOTE)[0] == [Epoch(2, 10, 17, OPENED, doubtful=False)]


def test_epochs_rise_and_may_be_skipped() -> None:
    two, three, five = (epoch_note(it, 10, published(17)) for it in (2, 3, 5))
    assert [it.number for it in read(two, three, five, current=5)[0]] == [2, 3, 5]
    assert wrong(two, five, current=5) == wrong(five, current=5) == []
    assert wrong(three, two, current=3) == [f"The note of epoch 4 is not what it should be: {NOT_NEXT}."]
    assert wrong(two, three, three, current=3) == [f"The note of epoch 4 is not what it should be: {NOT_NEXT}."]


@pytest.mark.parametrize(
    "note",
    [
        epoch_note(1, 10, published(17)), epoch_note(2, 10, published(17), region="etela"),
        signed(TEXT + "more\n", NAME, FIRST), signed(TEXT.removesuffix("reads 0 none\n"), NAME, FIRST),
        signed(TEXT.replace(NAME, f"luotsi/{REGION}/keys"), NAME, FIRST),
    ],
)  # fmt: skip
def test_a_note_of_other_lines_or_another_number_or_name_is_none(note: str) -> None:
    assert wrong(note)[0] == f"The note of epoch 2 is not what it should be: {NOT_NEXT}."


@pytest.mark.parametrize(
    ("line", "becomes", "why"),
    [
        (EVENTS, "events ten none", "it does not say what was kept of the events"),
        (EVENTS, "reads 0 none", "it does not say what was kept of the events"),
        (EVENTS, "events 010 none", "a number in it is not written as numbers are"),
        (EVENTS, "events 10 ?", "what should be base64 is none"),
        (EVENTS, EVENTS.replace(" 10 ", " 18 "),
         "the checkpoint of the events that it names is none of an epoch before"),
        ("reads 0 none", "events 0 none", "it does not say what was kept of the reads"),
        ("reads 0 none", EVENTS.replace("events", "reads"),
         "the checkpoint of the reads that it names is none of an epoch before"),
    ],
)  # fmt: skip
def test_what_was_kept_is_told_of_events_and_of_reads(line: str, becomes: str, why: str) -> None:
    note = signed(TEXT.replace(f"\n{line}\n", f"\n{becomes}\n"), NAME, FIRST)
    assert wrong(note) == [f"The note of epoch 2 is not what it should be: {why}."]


@pytest.mark.parametrize(
    ("origin", "holds"),
    [
        (f"luotsi/{REGION}/reads/1", True), (f"luotsi/{REGION}/reads/2", True), (f"luotsi/{REGION}/reads/3", False),
        ("luotsi/etela/reads/1", False), (f"luotsi/{REGION}/events/1", False), (f"luotsi/{REGION}/reads/0", False),
    ],
)  # fmt: skip
def test_what_was_published_before_is_a_checkpoint_of_an_epoch_before(origin: str, *, holds: bool) -> None:
    before = b64(f"{origin}\n4\n{b64(bytes(32))}\n".encode())
    text = TEXT.replace("\n2\n", "\n3\n").replace("reads 0 none", f"reads 4 {before}")
    assert (wrong(signed(text, NAME, FIRST), current=3) == []) == holds


def test_where_nothing_had_been_published_nothing_was_lost() -> None:
    for line in ("events 0 none", "events 5 none", EVENTS.replace(" 10 ", " 17 ")):
        epochs, report = read(signed(TEXT.replace(EVENTS, line), NAME, FIRST))
        assert [it.published for it in epochs] in ([0], [17])
        assert (report.faults, report.uncovered) == ([], [])


def test_a_note_is_signed_with_a_key_of_the_region() -> None:
    unsigned = "The note of epoch 2 is not what it should be: it is signed with none of the region's keys."
    assert wrong(epoch_note(2, 10, published(17), THIEF)) == [unsigned]
    assert wrong(signed(TEXT, f"luotsi/{REGION}/keys", FIRST)) == [unsigned]
    assert wrong(signed(TEXT, NAME, SECOND, FIRST)) == []


def test_an_epoch_after_the_first_needs_its_note() -> None:
    assert wrong(current=1) == []
    assert wrong(current=2) == ["The log is in epoch 2, and the bundle has no note that tells how that began."]
    assert wrong(NOTE, current=3) == ["The log is in epoch 3, and the bundle has no note that tells how that began."]


def test_what_only_a_compromised_key_says_is_doubted_in_these_words() -> None:
    report = Report()
    signing = keys.read([key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised")], REGION, report)
    now = Checkpoint.read(told().checkpoint(SIZE, origin=f"luotsi/{REGION}/events/2"))
    doubt = (
        "What a restore lost when epoch 2 began: its note is signed with a compromised key alone, so whoever "
        "stole that could have made it up."
    )
    lost = (
        f"What a restore lost: by its own signed note the region kept 10 of 17 events when epoch 2 began, at {OPENED}."
    )
    checkpoints.epochs([NOTE], signing, now, report)
    assert report.uncovered == [doubt, lost]
    report.uncovered.clear()
    checkpoints.epochs([signed(TEXT, NAME, FIRST, SECOND)], signing, now, report)
    assert (report.uncovered, report.faults) == ([lost], [])
