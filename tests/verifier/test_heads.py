"""Sealed heads: what a sealing has to say, and what follows from it for a case's end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import verifier
from tests.verifier import forge
from tests.verifier.forge import BEGAN, Bundle, Written, bundle, case, event_line, hexes, told, words_line

Check = Callable[[Bundle], list[str]]
HALF = "The sealed heads do not have this case as the bundle says: it tells only half of the case's last event."


@pytest.fixture
def wrong(tmp_path: Path) -> Check:
    """Give what tells what is wrong with a bundle."""

    def wrong(made: Bundle) -> list[str]:
        path = tmp_path / "case.zip"
        path.write_bytes(made.pack())
        return [str(it) for it in verifier.check(path).faults]

    return wrong


def sealed_again(topic: str = "heads-sealed", *, last: int = 9, **said: Any) -> Bundle:
    """Make a bundle whose log of 18 events ends with a second sealing, by which this version was the case's last."""
    world = told()
    world.heads = [it for it in world.events if it.stream != case("a") or it.version <= last]
    tree = forge.heads_tree(world.heads)
    event = {
        "day": "2026-03-05",
        "events": 18,
        "streams": len(tree.entries),
        "root": tree.root(len(tree.entries)).hex(),
    }
    before, sealing = world.of(case("log"))[-1], world.write(
        case("log"), topic, BEGAN + timedelta(days=3), event | said
    )  # fmt: skip
    size = sealing.position
    made = bundle()
    made.events = [event_line(world, it, size) for it in world.of(made.case)]
    made.words = [words_line(it) for it in world.of(made.case) if it.ciphertext]
    made.checkpoints, made.stamps = [forge.checkpoint_line(world, size, of=size)], []
    line = event_line(world, sealing, size)
    place = sorted({it.stream for it in world.heads}).index(made.case)
    head = [it for it in world.heads if it.stream == made.case][-1]
    made.heads = {
        "sealed": {"stream": str(sealing.stream), "previous": before.hash.hex()}
        | {name: line[name] for name in ("version", "position", "hash", "document", "path")},
        "place": place, "version": head.version, "hash": head.hash.hex(),
        "path": hexes(tree.path(place, len(tree.entries))),
    }  # fmt: skip
    return made


def test_a_second_sealing_covers_what_came_after_the_first(wrong: Check) -> None:
    assert wrong(sealed_again()) == []


def test_the_last_event_before_a_sealing_belongs_into_it(wrong: Check) -> None:
    assert wrong(sealed_again(last=8)) == [
        "The sealing of 2026-03-05 has version 8 as the case's last one, and version 9 was in the log before."
    ]


def test_a_sealing_is_of_what_came_before_it(wrong: Check) -> None:
    later = "The sealed heads are not in the log: they are of events that came after the sealing."
    assert wrong(sealed_again(events=19)) == wrong(sealed_again(events=20)) == [later]


def test_only_a_sealing_seals(wrong: Check) -> None:
    assert wrong(sealed_again("heads-counted")) == [
        "The sealed heads are not in the log: the event is no sealing but heads-counted."
    ]


@pytest.mark.parametrize("part", ["place", "version", "hash", "path"])
def test_half_of_a_last_event_is_none(wrong: Check, part: str) -> None:
    made = bundle()
    assert made.heads
    made.heads[part] = None
    assert wrong(made) == [HALF]
    if part == "version":
        made.heads[part] = 0
        assert wrong(made) == [HALF]


def test_a_bundle_without_events_hides_what_was_sealed(wrong: Check) -> None:
    made = bundle()
    made.events, made.words = [], []
    assert "The end of the history was cut off: on 2026-03-02 7 versions of the case were sealed, and 0 are here." in (
        wrong(made)
    )


def test_the_first_event_alone_may_be_the_last_one() -> None:
    first = told().of(case("a"))[0]
    assert isinstance(first, Written)
