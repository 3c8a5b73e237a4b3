"""Lies about the log as a whole."""

from __future__ import annotations

from hashlib import sha256

from tests.verifier import forge
from tests.verifier.forge import (
    FIRST,
    REGION,
    SIZE,
    THIEF,
    Bundle,
    b64,
    told,
)
from tests.verifier.lies.catalogue import NAME, changed, lie


@lie("checkpoint-of-another-tree log-rewritten heads-forged")
def checkpoint_of_another_tree() -> bytes:
    def change(it: Bundle) -> None:
        root = sha256(b"another tree").digest()
        it.checkpoints[0]["note"] = told().checkpoint(SIZE, root=root)

    return changed(change)


@lie("checkpoint-of-another-log")
def checkpoint_of_the_reads() -> bytes:
    def change(it: Bundle) -> None:
        origin, root = f"luotsi/{REGION}/reads/1", sha256(b"reads").digest()
        it.checkpoints[0]["note"] = told().checkpoint(SIZE, origin=origin, root=root)

    return changed(change)


@lie("checkpoint-of-another-log")
def checkpoint_of_another_region() -> bytes:
    def change(it: Bundle) -> None:
        it.checkpoints = [forge.checkpoint_line(forge.told("etela"), SIZE)]
        it.stamps = []

    return changed(change)


@lie("signature-forged")
def checkpoint_altered() -> bytes:
    def change(it: Bundle) -> None:
        root = b64(told().tree.root(SIZE))
        other = b64(sha256(b"another").digest())
        it.checkpoints[0]["note"] = it.checkpoints[0]["note"].replace(root, other)

    return changed(change)


@lie("signature-forged")
def signature_altered() -> bytes:
    def change(it: Bundle) -> None:
        text = it.checkpoints[0]["note"].partition("\n\n")[0] + "\n"
        line = f"— {NAME} {b64(FIRST.id(NAME) + THIEF.private.sign(text.encode()))}\n"
        it.checkpoints[0]["note"] = f"{text}\n{line}"

    return changed(change)


@lie("log-forked")
def log_forked() -> bytes:
    def change(it: Bundle) -> None:
        other = sha256(b"another").digest()
        it.checkpoints.insert(1, {"size": SIZE, "note": told().checkpoint(SIZE, root=other), "path": []})

    return changed(change)


@lie("log-forked", known=told().checkpoint(8, root=sha256(b"what I saw").digest()))
def log_forked_since_what_is_known() -> bytes:
    return changed(lambda _: None)


@lie("log-rewritten")
def log_rewritten() -> bytes:
    def change(it: Bundle) -> None:
        note = told().checkpoint(8, root=sha256(b"another").digest())
        it.checkpoints[2]["note"] = note

    return changed(change)


@lie("log-rewritten")
def proof_of_continuation_altered() -> bytes:
    def change(it: Bundle) -> None:
        it.checkpoints[1]["path"][0] = sha256(b"another").hexdigest()

    return changed(change)


@lie("checkpoints-out-of-order")
def checkpoints_out_of_order() -> bytes:
    def change(it: Bundle) -> None:
        it.checkpoints[1], it.checkpoints[2] = it.checkpoints[2], it.checkpoints[1]

    return changed(change)


@lie("checkpoint-malformed")
def checkpoint_malformed() -> bytes:
    def change(it: Bundle) -> None:
        it.checkpoints[0]["note"] = it.checkpoints[0]["note"].replace("\n16\n", "\n016\n")

    return changed(change)


@lie("checkpoint-stale", known=told().checkpoint(18))
def checkpoint_stale() -> bytes:
    return changed(lambda _: None)


@lie("known-checkpoint-missing", known=told().checkpoint(10))
def known_checkpoint_missing() -> bytes:
    return changed(lambda _: None)


@lie("known-checkpoint-of-another-log", known=forge.told("etela").checkpoint(8))
def known_checkpoint_of_another_log() -> bytes:
    return changed(lambda _: None)


@lie("known-checkpoint-foreign", known=told().checkpoint(8, THIEF))
def known_checkpoint_foreign() -> bytes:
    return changed(lambda _: None)
