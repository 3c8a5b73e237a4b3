"""What was done to a history is named wherever in it that was done."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

import verifier
from tests.verifier import forge
from tests.verifier.forge import AT, Bundle, bundle, case, event_line, told, words_line
from tests.verifier.lies.catalogue import edit, renumber

LAST = len(AT)
LOGGED = range(1, LAST)
"""The versions that the checkpoint has: the last one it does not."""
Check = Callable[[Bundle], list[str]]


@pytest.fixture
def wrong(tmp_path: Path) -> Check:
    """Give what tells what is wrong with a bundle."""

    def wrong(made: Bundle) -> list[str]:
        path = tmp_path / "case.zip"
        path.write_bytes(made.pack())
        return [str(it) for it in verifier.check(path).faults]

    return wrong


def shown() -> Bundle:
    """Make a bundle of which nothing is withheld."""
    made = bundle()
    world = told()
    made.events = [event_line(world, it) for it in world.of(made.case)]
    made.words = [words_line(it) for it in world.of(made.case) if it.ciphertext]
    return made


@pytest.mark.parametrize("version", range(1, LAST + 1))
def test_an_event_that_was_altered_is_named(wrong: Check, version: int) -> None:
    made = shown()
    edit(made.events[version - 1], f'"entry":{version}', '"entry":77')
    assert wrong(made) == [f"Version {version} was altered: its document does not give the hash that the log has."]


@pytest.mark.parametrize("version", LOGGED)
def test_an_event_that_is_missing_is_named(wrong: Check, version: int) -> None:
    made = shown()
    del made.events[version - 1]
    made.words = [it for it in made.words if it["version"] != version]
    assert wrong(made) == [f"Version {version} is missing."]


@pytest.mark.parametrize("version", range(1, LAST - 1))
def test_an_event_is_missing_though_the_others_were_renumbered(wrong: Check, version: int) -> None:
    made = shown()
    del made.events[version - 1]
    renumber(made)
    assert wrong(made) == [f"Version {version} is missing."]


@pytest.mark.parametrize("pair", list(combinations(LOGGED, 2)), ids=str)
def test_events_that_were_exchanged_are_named(wrong: Check, pair: tuple[int, int]) -> None:
    made = shown()
    one, other = (it - 1 for it in pair)
    made.events[one], made.events[other] = made.events[other], made.events[one]
    renumber(made)
    assert wrong(made) == [f"Versions {pair[0]} and {pair[1]} were exchanged."]


@pytest.mark.parametrize("version", LOGGED)
def test_an_event_of_another_case_is_named(wrong: Check, version: int) -> None:
    made = shown()
    stranger = event_line(told(), told().of(case("b"))[0])
    made.events[version - 1] = stranger | {"version": version, "words": "sealed"}
    made.words = [it for it in made.words if it["version"] != version]
    assert wrong(made) == [
        f"Version {version} is an event of another case: the log has it, and it does not belong here."
    ]


@pytest.mark.parametrize("version", LOGGED)
def test_an_event_that_was_inserted_is_named(wrong: Check, version: int) -> None:
    made = shown()
    before = bytes.fromhex(made.events[version - 2]["hash"]) if version > 1 else b""
    line = dict(made.events[version - 1])
    edit(line, f'"entry":{version}', '"entry":77')
    line["hash"] = forge.chained(made.region, made.case, version, before, line["document"]).hex()
    made.events.insert(version - 1, line)
    renumber(made)
    assert wrong(made)[0].startswith(f"Version {version} was inserted")


def test_many_missing_events_are_named_up_to_a_limit(wrong: Check) -> None:
    made = shown()
    made.events, made.words, made.heads = [made.events[0] | {"version": 200}], [], None
    made.events[0]["words"] = "sealed"
    missing = [it for it in wrong(made) if it.endswith("is missing.")]
    assert missing == [f"Version {version} is missing." for version in range(1, 65)]


def test_one_event_alone_is_diagnosed_too(wrong: Check) -> None:
    made = shown()
    del made.events[1:], made.words[1:]
    made.heads = None
    assert wrong(made) == []
    edit(made.events[0], '"entry":1', '"entry":77')
    assert wrong(made) == ["Version 1 was altered: its document does not give the hash that the log has."]


def test_two_events_of_another_tree_tell_its_root(wrong: Check) -> None:
    made = shown()
    other = told(twist=lambda _, time: time.replace(microsecond=1))
    made.events = [event_line(other, it) for it in other.of(made.case)][:2]
    made.words, made.heads = [], None
    for line in made.events:
        line["words"] = "sealed"
    roots = [it.tree.root(forge.SIZE).hex() for it in (told(), other)]
    assert wrong(made) == [
        f"The checkpoint is of another tree: its root is {roots[0]}, and the proofs lead to {roots[1]}."
    ]


def test_a_proof_that_leads_nowhere_leads_to_nothing(wrong: Check) -> None:
    made = shown()
    made.events[2]["path"].pop()
    assert wrong(made) == ["Version 3 is not in the log: its proof leads to nothing and not to the checkpoint's root."]


def test_a_case_whose_head_was_sealed_is_not_called_another_though_all_of_it_was_altered(wrong: Check) -> None:
    made = shown()
    for version, line in enumerate(made.events, 1):
        edit(line, f'"entry":{version}', '"entry":77')
    another = f"The events are in the log, and they are another case's: none of them belongs to {made.case}."
    assert another not in wrong(made)
    made.heads = None
    assert wrong(made) == [another]


@pytest.mark.parametrize("document", ["1", "x" * 6_000])
def test_a_document_of_any_length_is_named(wrong: Check, document: str) -> None:
    made = shown()
    made.events[6]["document"] = document
    said = wrong(made)
    assert said[0].startswith("Version 7 can't be read as an event: ")
    assert said[1:] == ["Version 7 was altered: its document does not give the hash that the log has."]


def test_a_bundle_without_events_is_missing_the_first(wrong: Check) -> None:
    made = shown()
    made.events, made.words, made.heads = [], [], None
    assert "Version 1 is missing." in wrong(made)
    assert not any("Version 2" in it for it in wrong(made))


def test_two_events_of_another_case_are_another_case(wrong: Check) -> None:
    made = shown()
    made.events = [event_line(told(), it) | {"words": "sealed"} for it in told().of(case("b"))][:2]
    made.words, made.heads = [], None
    assert wrong(made) == [
        f"The events are in the log, and they are another case's: none of them belongs to {made.case}."
    ]


def test_one_event_of_another_tree_was_rewritten(wrong: Check) -> None:
    made = shown()
    other = told(twist=lambda _, time: time.replace(microsecond=1))
    made.events = [event_line(other, other.of(made.case)[0]) | {"words": "sealed"}]
    made.words, made.heads = [], None
    assert wrong(made) == ["The whole case was rewritten: its events fit one another, and the log has none of them."]


def test_another_case_is_called_so_whatever_was_sealed_of_this_one(wrong: Check) -> None:
    made = shown()
    made.events = [event_line(told(), it) | {"words": "sealed"} for it in told().of(case("b"))]
    made.words = []
    another = f"The events are in the log, and they are another case's: none of them belongs to {made.case}."
    assert another in wrong(made)


def test_each_of_several_altered_events_is_named_in_the_log_or_not(wrong: Check) -> None:
    made = shown()
    for version in (2, 7, 9):
        edit(made.events[version - 1], f'"entry":{version}', '"entry":77')
    altered = [
        f"Version {version} was altered: its document does not give the hash that the log has." for version in (2, 7, 9)
    ]
    assert wrong(made) == altered
    for line in made.events:
        line |= {"position": None, "path": []}
    assert wrong(made)[:3] == altered
