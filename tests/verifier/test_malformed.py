"""What can't be read is named: which line of which file, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import verifier
from tests.verifier.forge import Bundle, bundle

Change = Callable[[Bundle], Any]


def heads_of(made: Bundle) -> dict[str, Any]:
    assert made.heads
    return made.heads


def keys_of(made: Bundle) -> dict[str, Any]:
    return made.keys


def undated(made: Bundle) -> None:
    made.events[6]["document"] = made.events[6]["document"].replace('"occurred"', '"happened"')


def twice(lines: list[dict[str, Any]]) -> None:
    lines.insert(1, lines[0])


MALFORMED: dict[str, Change] = {
    "line 2 of events.jsonl can't be read: version: it is no whole number from 1 on.":
        lambda it: it.events[1].update(version=0),
    "line 3 of events.jsonl can't be read: position: it is no whole number from 0 on.":
        lambda it: it.events[2].update(position="3"),
    "line 1 of events.jsonl can't be read: words: it is none of none, opened, sealed, withheld, destroyed.":
        lambda it: it.events[0].update(words="lost"),
    "line 2 of words.jsonl can't be read: key: it is no key of 64 bytes.":
        lambda it: it.words[1].update(key="AAAA"),
    "line 2 of words.jsonl can't be read: the versions in it do not rise.": lambda it: twice(it.words),
    "line 1 of words.jsonl can't be read: its fields are not what they should be: more.":
        lambda it: it.words[0].update(more=1),
    "line 3 of checkpoints.jsonl can't be read: path: it is no list of hashes.":
        lambda it: it.checkpoints[2].update(path=["0"]),
    "Line 2 of the checkpoints is no checkpoint: it is of 13 events and not of 12.":
        lambda it: it.checkpoints[1].update(size=12),
    "Line 2 of the checkpoints is no checkpoint: it is no text, an empty line, and signature lines.":
        lambda it: it.checkpoints[1].update(note="a note\n"),
    "line 1 of stamps.jsonl can't be read: token: it is no base64.": lambda it: it.stamps[0].update(token="?"),
    "heads.json can't be read: sealed: position: it is no whole number from 0 on.":
        lambda it: heads_of(it)["sealed"].update(position=None),
    "heads.json can't be read: path: it is no list of hashes.": lambda it: heads_of(it).update(path=["0"]),
    "keys.json can't be read: signing: it is no list.": lambda it: keys_of(it).update(signing="none"),
    "keys.json can't be read: epochs: it is no text.": lambda it: keys_of(it).update(epochs=[1]),
    "manifest.json can't be read: language: it is none of fi, sv, en.": lambda it: it.manifest.update(language="de"),
    "manifest.json can't be read: region: it is not written as it should be.":
        lambda it: it.manifest.update(region="Pohjola"),
    "manifest.json can't be read: words: it is not written as it should be.":
        lambda it: it.manifest.update(words="1,2,"),
    "manifest.json can't be read: length: it is no whole number from 0 on.":
        lambda it: it.manifest.update(files=[{"name": "page.html", "length": -1, "sha256": "0" * 64}]),
    "This is a bundle of another format, None: verify it with a newer release.":
        lambda it: it.manifest.update(format=None),
    "The zip file does not hold what a bundle holds: there is no checkpoint in it, or the first one has a proof of its "
    "own.": lambda it: it.checkpoints[0].update(path=["0" * 64]),
    "The zip file does not hold what a bundle holds: there are too many checkpoints in it.":
        lambda it: it.checkpoints.extend([it.checkpoints[2]] * 998),
    "The zip file does not hold what a bundle holds: there are too many notes in it.":
        lambda it: it.keys.update(signing=["a note"] * 500, epochs=["a note"] * 501),
}  # fmt: skip


def verified(path: Path, change: Change) -> verifier.Report:
    made = bundle()
    change(made)
    path.write_bytes(made.pack())
    return verifier.check(path)


@pytest.mark.parametrize("said", MALFORMED)
def test_what_can_not_be_read_is_named(tmp_path: Path, said: str) -> None:
    report = verified(tmp_path / "case.zip", MALFORMED[said])
    assert [str(it) for it in report.faults] == [said]
    assert report.exit == 2


def test_a_thousand_checkpoints_and_notes_are_not_too_many(tmp_path: Path) -> None:
    report = verified(tmp_path / "case.zip", lambda it: it.checkpoints.extend([it.checkpoints[2]] * 997))
    assert set(report.kinds) == {"checkpoints-out-of-order"}
    report = verified(tmp_path / "case.zip", lambda it: it.keys.update(epochs=["a note"] * 999))
    assert set(report.kinds) == {"epoch-note-wrong"}


def test_a_document_without_its_times_is_named(tmp_path: Path) -> None:
    report = verified(tmp_path / "case.zip", undated)
    assert "Version 7 can't be read as an event: the context has no 'occurred'." in map(str, report.faults)
