"""Lies about who signs, and about what a restore has lost."""

from __future__ import annotations

from hashlib import sha256

from tests.verifier import forge
from tests.verifier.forge import (
    FIRST,
    REGION,
    SECOND,
    SIZE,
    STAMPED,
    THIEF,
    Bundle,
    Pair,
    b64,
    bundle,
    key_note,
    told,
)
from tests.verifier.lies.catalogue import KEY, NAME, changed, lie


def with_keys(*notes: str, signer: forge.Pair = FIRST) -> Bundle:
    """Make a bundle with these key notes, whose checkpoint is signed with this key."""
    made = bundle()
    made.keys["signing"] = list(notes)
    made.checkpoints = [forge.checkpoint_line(told(), size, signer) for size in (SIZE, STAMPED, 8)]
    return made


@lie("key-wrong", trusted=[KEY])
def another_key() -> bytes:
    return with_keys(key_note(1, THIEF, "first"), signer=THIEF).pack()


@lie("key-chain-broken key-wrong", trusted=[SECOND.vkey(NAME)])
def key_put_before_the_known_one() -> bytes:
    """Keep the known key's note as the region made it: it names the key that it follows, which is another."""
    known = key_note(2, SECOND, "follows", FIRST)
    return with_keys(key_note(1, THIEF, "first"), known, signer=THIEF).pack()


@lie("key-compromised", trusted=[SECOND.vkey(NAME)])
def key_before_one_that_was_compromised() -> bytes:
    """Sign, as whoever stole the second key can, that it follows any other."""
    third = key_note(3, Pair("third"), "compromised", before=SECOND)
    return with_keys(key_note(1, THIEF, "first"), key_note(2, SECOND, "follows", THIEF), third, signer=THIEF).pack()


@lie("key-compromised", trusted=[SECOND.vkey(NAME)])
def key_before_a_compromise() -> bytes:
    notes = key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised")
    return with_keys(*notes).pack()


@lie("key-note-malformed key-compromised")
def key_used_again_after_it_was_compromised() -> bytes:
    notes = key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised"), key_note(3, FIRST, "follows", SECOND)
    return with_keys(*notes).pack()


@lie("key-note-malformed key-missing", trusted=[KEY])
def key_note_twice() -> bytes:
    notes = key_note(1, FIRST, "first"), key_note(1, THIEF, "first")
    return with_keys(*notes, signer=THIEF).pack()


@lie("key-chain-broken", trusted=[SECOND.vkey(NAME)])
def key_that_compromised_another_than_the_one_before() -> bytes:
    notes = key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised", before=THIEF)
    return with_keys(*notes, signer=SECOND).pack()


@lie("key-missing")
def key_missing() -> bytes:
    return with_keys(key_note(1, FIRST, "first"), signer=SECOND).pack()


@lie("key-compromised")
def checkpoint_signed_with_a_compromised_key() -> bytes:
    return with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised")).pack()


@lie("key-compromised", trusted=[KEY])
def key_compromised() -> bytes:
    return with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "compromised"), signer=SECOND).pack()


@lie("key-chain-broken")
def key_chain_broken() -> bytes:
    return with_keys(key_note(1, FIRST, "first"), key_note(2, SECOND, "follows", before=FIRST), signer=SECOND).pack()


@lie("key-chain-broken key-wrong", trusted=[KEY])
def key_slipped_in_behind_the_known_one() -> bytes:
    return with_keys(key_note(1, FIRST, "first"), key_note(2, THIEF, "follows", before=FIRST), signer=THIEF).pack()


@lie("key-note-forged key-missing")
def key_note_forged() -> bytes:
    note = key_note(1, FIRST, "first").replace("2026-03-03", "2026-03-01")
    return with_keys(note).pack()


@lie("key-note-malformed key-missing")
def key_note_malformed() -> bytes:
    return with_keys(key_note(2, FIRST, "first")).pack()


def in_epoch_two(*notes: str) -> Bundle:
    made = bundle()
    origin = f"luotsi/{REGION}/events/2"
    note = told().checkpoint(SIZE, origin=origin)
    made.checkpoints, made.stamps = [{"size": SIZE, "note": note, "path": []}], []
    made.keys["epochs"] = list(notes)
    return made


def published(size: int, epoch: int = 1) -> str:
    return f"luotsi/{REGION}/events/{epoch}\n{size}\n{b64(sha256(b'before').digest())}\n"


def with_one_before(kept: int, *sizes: int) -> Bundle:
    """Return a bundle in epoch 2, which has kept so many events, with checkpoints of these sizes from epoch 1."""
    made = in_epoch_two(forge.epoch_note(2, kept, published(17)))
    made.checkpoints += [forge.checkpoint_line(told(), size) for size in sizes]
    return made


@lie("checkpoint-not-kept")
def checkpoint_of_what_was_not_kept() -> bytes:
    return with_one_before(10, 11, 8).pack()


@lie("checkpoint-not-kept")
def checkpoint_of_what_an_epoch_between_did_not_keep() -> bytes:
    made = with_one_before(9, 10)
    made.checkpoints[0]["note"] = told().checkpoint(SIZE, origin=f"luotsi/{REGION}/events/3")
    made.keys["epochs"].append(forge.epoch_note(3, 16, published(16, 2)))
    return made.pack()


@lie("log-rewritten")
def log_rewritten_since_an_epoch_before() -> bytes:
    made = with_one_before(10, 8)
    made.checkpoints[1]["note"] = told().checkpoint(8, root=sha256(b"another").digest())
    return made.pack()


@lie("log-forked")
def log_forked_across_epochs() -> bytes:
    made = with_one_before(16, 16)
    made.checkpoints[1]["note"] = told().checkpoint(16, root=sha256(b"another").digest())
    return made.pack()


@lie("log-forked", known=told().checkpoint(8, root=sha256(b"what I saw").digest()))
def log_forked_since_an_epoch_before_that_is_known() -> bytes:
    return with_one_before(10, 8).pack()


@lie("known-events-lost", known=told().checkpoint(14))
def events_lost_that_are_known() -> bytes:
    return in_epoch_two(forge.epoch_note(2, 10, published(17))).pack()


@lie("epoch-note-missing")
def epoch_note_missing() -> bytes:
    return in_epoch_two().pack()


@lie("epoch-note-wrong")
def checkpoint_of_an_epoch_that_is_over() -> bytes:
    def change(it: Bundle) -> None:
        it.keys["epochs"] = [forge.epoch_note(2, 10, published(17))]

    return changed(change)


@lie("epoch-note-wrong")
def epoch_note_forged() -> bytes:
    return in_epoch_two(forge.epoch_note(2, 10, published(17), THIEF)).pack()


@lie("epoch-note-wrong")
def epoch_note_of_another_epoch() -> bytes:
    return in_epoch_two(forge.epoch_note(2, 10, published(17, 2))).pack()
