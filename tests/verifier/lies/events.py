"""Lies about events: altered, left out, moved, put in, another's, at another time or place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from tests.verifier import forge
from tests.verifier.forge import (
    AUTHORITY,
    REGION,
    SIZE,
    WITNESS,
    WITNESS_NAME,
    Bundle,
    bundle,
    case,
    event_line,
    told,
)
from tests.verifier.lies.catalogue import changed, edit, lie, rehash, renumber


@lie("event-altered")
def event_altered() -> bytes:
    return changed(lambda it: edit(it.events[6], '"entry":7', '"entry":8'))


@lie("event-altered")
def last_event_altered() -> bytes:
    return changed(lambda it: edit(it.events[8], '"entry":9', '"entry":1'))


@lie("event-not-in-log")
def event_altered_with_its_hash() -> bytes:
    def change(it: Bundle) -> None:
        edit(it.events[1], '"entry":2', '"entry":9')
        kept = [line["hash"] for line in it.events]
        rehash(it, 2)
        for line, hash_ in list(zip(it.events, kept, strict=True))[2:]:
            line["hash"] = hash_

    return changed(change)


@lie("event-not-in-log")
def history_altered_from_an_event_on() -> bytes:
    def change(it: Bundle) -> None:
        edit(it.events[4], '"entry":5', '"entry":9')
        rehash(it, 5)

    return changed(change)


@lie("event-altered")
def actor_altered() -> bytes:
    return changed(lambda it: edit(it.events[0], '"id":"aino"', '"id":"väinö"'))


@lie("event-altered")
def topic_altered() -> bytes:
    return changed(lambda it: edit(it.events[6], "handoff-accepted", "handoff-declined"))


@lie("event-altered")
def hash_altered() -> bytes:
    def change(it: Bundle) -> None:
        it.events[8]["hash"] = sha256(b"another").hexdigest()

    return changed(change)


@lie("event-not-in-log")
def position_altered() -> bytes:
    def change(it: Bundle) -> None:
        it.events[6]["position"] = 11

    return changed(change)


@lie("event-missing")
def event_missing() -> bytes:
    return changed(lambda it: it.events.pop(6))


@lie("event-missing")
def event_missing_and_the_rest_renumbered() -> bytes:
    def change(it: Bundle) -> None:
        it.events.pop(1)
        renumber(it)

    return changed(change)


@lie("history-cut-off")
def end_cut_off() -> bytes:
    return changed(lambda it: it.events.__delitem__(slice(5, None)))


@lie("manifest-differs")
def end_cut_off_against_the_manifest() -> bytes:
    def change(it: Bundle) -> None:
        it.events.pop()
        it.manifest["versions"] = 9

    return changed(change)


@lie("events-exchanged")
def events_exchanged() -> bytes:
    def change(it: Bundle) -> None:
        it.events[5], it.events[6] = it.events[6], it.events[5]

    return changed(change)


@lie("events-exchanged")
def events_exchanged_and_renumbered() -> bytes:
    def change(it: Bundle) -> None:
        it.events[1], it.events[2] = it.events[2], it.events[1]
        renumber(it)

    return changed(change)


@lie("event-twice")
def event_twice() -> bytes:
    return changed(lambda it: it.events.insert(2, it.events[1]))


@lie("event-inserted")
def event_inserted() -> bytes:
    def change(it: Bundle) -> None:
        line = {**it.events[2], "position": 5}
        edit(line, '"entry":3', '"entry":0')
        it.events.insert(2, line)
        renumber(it)
        previous = bytes.fromhex(it.events[1]["hash"])
        line["hash"] = forge.chained(REGION, it.case, 3, previous, line["document"]).hex()

    return changed(change)


@lie("event-not-in-log")
def event_added_at_the_end() -> bytes:
    def change(it: Bundle) -> None:
        line = {**it.events[7], "version": 10, "position": 16}
        it.events[8] |= {"position": 15, "path": line["path"]}
        it.events.append(line)
        rehash(it, 10)

    return changed(change)


@lie("event-of-another-case")
def event_of_another_case() -> bytes:
    def change(it: Bundle) -> None:
        line = event_line(world, world.of(case("b"))[1])
        it.events[1] = line | {"words": "sealed"}
        it.words.pop(1)

    world = told()
    return changed(change, world)


@lie("case-of-another heads-wrong")
def another_case_under_this_name() -> bytes:
    def change(it: Bundle) -> None:
        it.case = case("a")

    return changed(change, of="b")


@lie("case-of-another heads-wrong")
def another_case_in_which_an_event_is_withheld() -> bytes:
    def change(it: Bundle) -> None:
        it.case = case("b")

    return changed(change)


def another_history() -> Bundle:
    """Tell the case as it was not, from its first event on."""
    return bundle(told(twist=lambda at, time: time + timedelta(minutes=at)))


@lie("case-rewritten")
def whole_case_rewritten() -> bytes:
    def change(it: Bundle) -> None:
        paths = [line["path"] for line in it.events]
        it.events, it.words = another_history().events, another_history().words
        for line, path in zip(it.events, paths, strict=True):
            line["path"] = path

    return changed(change)


@lie("checkpoint-of-another-tree")
def whole_log_rewritten() -> bytes:
    def change(it: Bundle) -> None:
        it.events, it.words = another_history().events, another_history().words

    return changed(change)


@lie("backdated")
def event_backdated_by_the_region() -> bytes:
    return changed(lambda _: None, told(twist=lambda at, time: time - timedelta(hours=3) if at == 7 else time))


@lie("backdated-against-checkpoint", authorities=[AUTHORITY.pem])
def event_backdated_behind_a_time_stamp() -> bytes:
    return changed(lambda _: None, told(twist=lambda at, time: time - timedelta(hours=4) if at == 8 else time))


@lie("backdated-against-checkpoint", witnesses=[WITNESS.vkey(WITNESS_NAME, 4)])
def event_backdated_behind_a_witness() -> bytes:
    return changed(
        lambda it: it.stamps.clear(), told(twist=lambda at, time: time - timedelta(hours=4) if at == 8 else time)
    )


@lie("postdated")
def event_postdated() -> bytes:
    return changed(
        lambda _: None, told(twist=lambda at, time: time + timedelta(hours=4, minutes=50) if at == 7 else time)
    )


@lie("position-missing backdated-against-checkpoint")
def position_hidden() -> bytes:
    def change(it: Bundle) -> None:
        it.events[6] |= {"position": None, "path": []}

    return changed(change)


@lie("nothing-proven")
def history_of_which_the_log_has_nothing() -> bytes:
    """Make a history up, say that the log does not have it yet, and that the case began after the heads were sealed."""

    def change(it: Bundle) -> None:
        assert it.heads
        edit(it.events[6], '"entry":7', '"entry":8')
        rehash(it, 7)
        for line in it.events:
            line |= {"position": None, "path": []}
        it.heads |= dict.fromkeys(("place", "version", "hash", "path"))
        it.stamps = []

    return changed(change)


@lie("nothing-proven")
def history_of_which_all_is_withheld() -> bytes:
    """Show nothing: the log may have had these hashes from any case."""

    def change(it: Bundle) -> None:
        for line in it.events:
            line.pop("document", None)
            line |= {"withheld": "third_party", "words": "withheld"}
        it.words = []

    return changed(change)


@lie("position-outside")
def position_outside_the_log() -> bytes:
    def change(it: Bundle) -> None:
        it.events[8] |= {"position": SIZE + 2, "path": it.events[7]["path"]}

    return changed(change)


@lie("positions-falling")
def positions_falling() -> bytes:
    """Have the region itself log a case's events in another order than they were written."""
    world = told()
    order = world.of(case("a"))
    one, other = order[6], order[7]
    world.log[one.position - 1], world.log[other.position - 1] = other.hash, one.hash
    world.events[world.events.index(one)] = replace(one, position=other.position)
    world.events[world.events.index(other)] = replace(other, position=one.position)
    world.tree.hashed.clear()

    def change(it: Bundle) -> None:
        it.heads, it.stamps = None, []

    return changed(change, world)


@lie("proof-without-position")
def proof_without_position() -> bytes:
    def change(it: Bundle) -> None:
        it.events[8]["path"] = it.events[7]["path"]

    return changed(change)


@lie("event-unreadable event-altered")
def document_unreadable() -> bytes:
    return changed(lambda it: edit(it.events[6], '"payload":1', '"payload":1,"payload":2'))
