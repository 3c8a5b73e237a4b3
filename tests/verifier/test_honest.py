"""Honest bundles are whole, and what they do not prove is said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
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
    STAMPED,
    STAMPED_AT,
    WITNESS,
    WITNESS_NAME,
    Bundle,
    bundle,
    key_note,
    packed,
    streamed,
    told,
)
from tests.verifier.lies.keys import in_epoch_two, published, with_keys
from tests.verifier.lies.times import stamped
from tests.verifier.stamping import Authority
from verifier.report import Report, as_json, as_text

NAME = f"luotsi/{REGION}/events/1"
KEY = FIRST.vkey(NAME)
THIRD = forge.Pair("third")
Check = Callable[..., Report]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Give what verifies a bundle that is not on disk yet."""

    def check(made: Bundle | bytes, **options: Any) -> Report:
        path = tmp_path / "case.zip"
        path.write_bytes(made if isinstance(made, bytes) else made.pack())
        return verifier.check(path, **options)

    return check


def not_covered(report: Report, *beginnings: str) -> bool:
    return all(any(it.startswith(said) for it in report.uncovered) for said in beginnings)


@pytest.mark.parametrize("of", ["a", "b"])
def test_an_honest_bundle_is_whole(check: Check, of: str) -> None:
    report = check(bundle(of=of))
    assert (report.exit, report.verdict, report.faults) == (0, "whole", [])


def test_it_may_be_deflated_or_stored_or_streamed(check: Check) -> None:
    files = bundle().contents()
    assert check(packed(files)).exit == 0
    assert check(packed(files, method=zipfile.ZIP_DEFLATED)).exit == 0
    assert check(streamed(files)).exit == 0


def test_what_is_known_from_elsewhere_is_compared_with_it(check: Check) -> None:
    report = check(
        bundle(), trusted=[KEY], known=told().checkpoint(8), witnesses=[WITNESS.vkey(WITNESS_NAME, 4)],
        authorities=[AUTHORITY.pem],
    )  # fmt: skip
    assert report.exit == 0
    assert not not_covered(report, "Whether the key is")
    assert not not_covered(report, "When the log")
    assert "The log continues the checkpoint of 8 events that you kept." in report.checked


@pytest.mark.parametrize("known", [0, 8, STAMPED, SIZE])
def test_any_checkpoint_that_is_in_the_bundle_may_be_known(check: Check, known: int) -> None:
    assert check(bundle(), known=told().checkpoint(known)).exit == 0


def test_what_is_not_covered_is_said(check: Check) -> None:
    assert not_covered(
        check(bundle()), "The time stamp of the log of 13 events", "What came after version 8",
        "What 1 event withheld on the ground “third_party” say", "The words of 1 event, which are not opened",
        "The words of 1 event, which are withheld", "The words of 1 event, which were destroyed", "Whether the key is",
        "Whether events after the sealing of 2026-03-02", "Whether this is the case that you mean", "page.html proves",
    )  # fmt: skip


def test_without_anything_that_tells_a_time_none_is_claimed(check: Check) -> None:
    made = bundle()
    made.stamps = []
    assert not_covered(check(made), "When the log was as it is")


def test_without_sealed_heads_the_end_is_not_covered(check: Check) -> None:
    made = bundle()
    made.heads = None
    report = check(made)
    assert report.exit == 0
    assert not_covered(report, "Whether the end of the history was cut off")


def test_a_case_that_began_after_the_sealing_has_no_head(check: Check) -> None:
    world = told()
    for version in (1, 2):
        world.write(forge.case("c"), "case-opened", forge.BEGAN + timedelta(days=version), {"entry": version})
    made = bundle(world)
    made.case, size = forge.case("c"), len(world.log)
    made.events = [forge.event_line(world, it, size) for it in world.of(made.case)]
    made.words, made.checkpoints, made.stamps = [], [forge.checkpoint_line(world, size, of=size)], []
    (sealed,) = world.of(forge.case("log"))
    assert made.heads
    made.heads["sealed"]["path"] = forge.hexes(world.tree.path(sealed.position - 1, size))
    made.heads |= dict.fromkeys(("place", "version", "hash", "path"))
    report = check(made)
    assert report.faults == []
    assert not_covered(report, "Whether its end was cut off: the case began after")


def test_events_of_before_the_log_was_sealed_have_no_salt(check: Check) -> None:
    made = bundle(told(salted=False))
    assert '"salt"' not in "".join(it.get("document", "") for it in made.events)
    assert check(made).exit == 0


def test_words_may_all_be_sealed_or_destroyed(check: Check) -> None:
    for claim in ("sealed", "destroyed"):
        made = bundle()
        made.words, made.manifest = [], {"words": "none"}
        for line in made.events:
            line["words"] = claim if line["words"] == "opened" else line["words"]
        assert check(made).exit == 0


def test_words_may_be_asked_for_by_version(check: Check) -> None:
    made = bundle()
    made.manifest["words"] = "1,2,3"
    assert check(made).exit == 0


def test_what_follows_a_withheld_end_is_not_covered(check: Check) -> None:
    made = bundle()
    line = made.events[7]
    del line["document"]
    line |= {"withheld": "third_party", "words": "withheld"}
    made.events.pop()
    report = check(made)
    assert report.exit == 0
    assert not_covered(report, "Whether version 8 is this case's")


def test_no_more_is_called_whole_than_is_covered(check: Check) -> None:
    def first(**options: Any) -> str:
        return as_text(check(made, **options), history=False).partition("\n")[0]

    made = bundle()
    assert first(trusted=[KEY]) == (
        "WHOLE: nothing is wrong with this bundle up to version 8, and nothing proves what comes after."
    )
    assert first().endswith(" - if its key is the region's, for which nobody vouches.")
    made.events.pop()
    assert first(trusted=[KEY]) == "WHOLE: nothing is wrong with this bundle."
    made.heads = None
    assert first(trusted=[KEY]).endswith(" - if nothing was cut off at its end, which no sealing covers.")
    for line in made.events[1:3]:
        line.pop("document")
        line |= {"withheld": "", "words": "withheld"}
    made.words = made.words[:1]
    assert first(trusted=[KEY]) == (
        "WHOLE: nothing is wrong with this bundle - if 2 of its events, which are withheld, are this case's, and if "
        "nothing was cut off at its end, which no sealing covers."
    )
    told_ = json.loads(as_json(check(bundle()), history=False))
    assert (told_["versions"], told_["covered"], told_["vouched"]) == (9, 8, False)


def test_an_event_that_is_withheld_is_not_said_to_follow(check: Check) -> None:
    assert "8 events shown, up to version 9: each follows from the one before." in check(bundle()).checked


def test_a_stamp_for_which_nobody_vouches_tells_no_time(check: Check) -> None:
    assert not_covered(check(bundle()), "When the log was as it is")
    assert not not_covered(check(bundle(), authorities=[AUTHORITY.pem]), "When the log was as it is")
    assert not not_covered(check(bundle(), witnesses=[WITNESS.vkey(WITNESS_NAME, 4)]), "When the log was as it is")


def test_what_nobody_has_signed_for_vouches_for_no_event_that_is_withheld(check: Check) -> None:
    made = bundle()
    line = made.events[7]
    del line["document"]
    line |= {"withheld": "", "words": "withheld"}
    report = check(made)
    assert report.exit == 0
    assert not_covered(report, "Whether version 8 is this case's")


def test_a_withheld_end_that_was_sealed_is_covered(check: Check) -> None:
    made = bundle()
    line = made.events[6]
    del line["document"], made.events[7:]
    line |= {"withheld": "third_party", "words": "withheld"}
    assert not not_covered(check(made), "Whether version 7 is this case's")


# Keys


def test_a_key_that_follows_from_the_one_given_counts(check: Check) -> None:
    made = with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "follows", FIRST), signer=SECOND)
    assert check(made, trusted=[KEY]).exit == 0


def test_a_key_from_which_the_one_given_follows_counts(check: Check) -> None:
    notes = key_note(1, FIRST, "first"), key_note(2, SECOND, "follows", FIRST), key_note(3, THIRD, "follows", SECOND)
    assert check(with_keys(*notes), trusted=[THIRD.vkey(NAME)]).exit == 0
    assert check(with_keys(*notes, signer=SECOND), trusted=[KEY]).exit == 0
    assert not not_covered(check(with_keys(*notes), trusted=[THIRD.vkey(NAME)]), "Whether the key is")


def test_one_right_key_of_several_is_enough(check: Check) -> None:
    assert check(bundle(), trusted=[SECOND.vkey(NAME), KEY]).exit == 0


def test_after_a_compromise_the_new_key_counts_if_it_was_handed_over(check: Check) -> None:
    made = with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised"), signer=SECOND)
    assert check(made, trusted=[SECOND.vkey(NAME)]).exit == 0
    assert check(made).exit == 0


def test_of_several_keys_given_the_last_before_the_signer_counts(check: Check) -> None:
    made = with_keys(
        key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised"), key_note(3, THIRD, "follows", SECOND),
        signer=THIRD,
    )  # fmt: skip
    assert check(made, trusted=[KEY, SECOND.vkey(NAME)]).exit == 0
    assert check(made, trusted=[KEY]).kinds == ["key-compromised"]


def test_who_kept_a_checkpoint_vouches_for_the_key_that_signed_it(check: Check) -> None:
    report = check(bundle(), known=told().checkpoint(8))
    assert not not_covered(report, "Whether the key is")


def test_a_checkpoint_signed_with_two_keys_counts_by_either(check: Check) -> None:
    made = with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised"))
    made.checkpoints[0] = forge.checkpoint_line(told(), SIZE, FIRST, SECOND)
    assert check(made).exit == 0


# Epochs


def test_an_epoch_is_told_of_by_its_note(check: Check) -> None:
    report = check(in_epoch_two(forge.epoch_note(2, 10, published(17))))
    assert report.faults == []
    assert not_covered(report, "What a restore lost: by its own signed note the region kept 10 of 17 events")


def test_an_epoch_in_which_no_event_was_lost_needs_no_telling(check: Check) -> None:
    assert not not_covered(check(in_epoch_two(forge.epoch_note(2, 17, published(17)))), "What a restore lost")


def test_a_checkpoint_from_an_epoch_before_is_compared_as_far_as_it_was_kept(check: Check) -> None:
    made = in_epoch_two(forge.epoch_note(2, 16, published(17)))
    assert check(made, known=told().checkpoint(SIZE)).exit == 0
    assert check(made, known=told().checkpoint(10)).kinds == ["known-checkpoint-missing"]


def test_an_epoch_may_be_skipped_by_a_restore_of_one_before(check: Check) -> None:
    made = in_epoch_two(forge.epoch_note(3, 10, published(17, 2)))
    made.checkpoints[0]["note"] = told().checkpoint(SIZE, origin=f"luotsi/{REGION}/events/3")
    assert check(made).exit == 0


def test_what_a_stolen_key_says_of_an_epoch_is_doubted(check: Check) -> None:
    made = in_epoch_two(forge.epoch_note(2, 17, published(17)))
    made.keys["signing"].append(key_note(2, SECOND, "compromised"))
    made.checkpoints[0]["note"] = told().checkpoint(SIZE, SECOND, origin=f"luotsi/{REGION}/events/2")
    report = check(made, trusted=[SECOND.vkey(NAME)])
    assert report.faults == []
    assert not_covered(report, "What a restore lost when epoch 2 began: its note is signed with a compromised key")


# Times


def test_a_stamp_may_tell_parts_of_a_second(check: Check) -> None:
    assert check(bundle(), authorities=[AUTHORITY.pem]).checked.count(
        "The log of 13 events was there on 2026-03-02T17:30:00Z, as CN=A time-stamp authority stamped."
    )


def test_a_stamp_of_another_authority_than_the_one_given_is_not_covered(check: Check) -> None:
    made, other = bundle(), Authority("Another authority")
    made.stamps += stamped(other).stamps
    report = check(made, authorities=[other.pem])
    assert report.exit == 0
    assert not_covered(report, "The time stamp of the log of 13 events, 2026-03-02T17:30:00Z: it says that it is by")


def test_clocks_may_be_ten_minutes_apart(check: Check) -> None:
    def late(version: int, time: datetime) -> datetime:
        return STAMPED_AT + timedelta(minutes=9) if version == 7 else time

    def early(version: int, time: datetime) -> datetime:
        return STAMPED_AT - timedelta(minutes=9) if version == 8 else time

    for twist in (late, early):
        assert check(bundle(told(twist=twist)), authorities=[AUTHORITY.pem]).exit == 0


# What is printed


def test_the_history_is_printed_as_it_is_proven(check: Check) -> None:
    report = check(bundle(), history=True)
    printed = as_text(report, history=True)
    assert [it.version for it in report.history] == list(range(1, 10))
    assert report.history[0].words == {"description": "En jaksa enää yksin."}
    assert (report.history[3].topic, report.history[3].recorded) == ("withheld: third_party", None)
    assert "1. case-opened\n     happened 2026-03-02T07:58:01+00:00, recorded 2026-03-02T08:00:01+00:00" in printed
    assert "9. statement-confirmed (not covered)" in printed
    assert "description: “En jaksa enää yksin.”" in printed


def test_a_history_that_is_not_whole_is_not_printed(check: Check) -> None:
    made = bundle()
    made.events.pop(6)
    report = check(made, history=True)
    assert report.history == []
    assert "The history is not printed: it is not proven" in as_text(report, history=True)


def test_what_a_bundle_says_can_not_pass_for_what_the_verifier_says(check: Check) -> None:
    made = bundle()
    made.events[3]["withheld"] = "\x1b[2J\nWHOLE: nothing is wrong\u202e"
    printed = as_text(check(made, history=True), history=True)
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert printed.count("\nWHOLE") == 0


def test_a_long_list_of_faults_is_cut(check: Check) -> None:
    made = bundle()
    made.events += [made.events[0]] * 200
    report = check(made)
    assert "faults more" in as_text(report, history=False)
    assert '"more_faults": 1' in as_json(report, history=False)


# Options and files that can't be used


@pytest.mark.parametrize(
    "options",
    [
        {"trusted": ["no key"]}, {"trusted": [WITNESS.vkey(WITNESS_NAME, 4)]}, {"witnesses": [KEY]},
        {"known": "no note"}, {"authorities": [b"no certificate"]}, {"authorities": [b""]},
    ],
)  # fmt: skip
def test_an_option_that_can_not_be_used_is_told(check: Check, options: dict[str, Any]) -> None:
    report = check(bundle(), **options)
    assert (report.exit, report.kinds) == (2, ["option-malformed"])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.zip", tmp_path, "a\0b"):
        assert verifier.check(path).kinds == ["not-there"]


def test_a_bundle_without_a_checkpoint_is_none(check: Check) -> None:
    made = bundle()
    made.checkpoints = []
    assert check(made).kinds == ["no-bundle"]


def test_a_bundle_without_events_hides_the_first(check: Check) -> None:
    made = bundle()
    made.events, made.words, made.heads = [], [], None
    assert check(made).kinds == ["event-missing"]
