"""The checkpoints: signed, of this region's log, each continuing the one before, and the one that somebody kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from verifier import note, strict, tree
from verifier.archive import Archive
from verifier.findings import (
    CheckpointMalformed,
    CheckpointNotKept,
    CheckpointOfAnotherLog,
    CheckpointsOutOfOrder,
    CheckpointStale,
    EpochNoteMissing,
    EpochNoteWrong,
    KnownCheckpointForeign,
    KnownCheckpointMissing,
    KnownCheckpointOfAnotherLog,
    KnownEventsLost,
    LineMalformed,
    LogForked,
    LogRewritten,
    NoBundle,
    OptionMalformed,
)
from verifier.keys import Keys
from verifier.note import Checkpoint, Note, NoteMalformed
from verifier.report import Report

MOST = 1_000
"""How many checkpoints a bundle may hold."""
_LINES = 5


@dataclass(frozen=True)
class Proven:
    """The bundle's checkpoint, to which all proofs lead, and the earlier ones by falling size."""

    now: Checkpoint
    earlier: tuple[Checkpoint, ...] = ()

    def of(self, size: int) -> Checkpoint | None:
        """Return the checkpoint of so many events."""
        return next((it for it in (self.now, *self.earlier) if it.size == size), None)


@dataclass(frozen=True)
class Epoch:
    """How an epoch began: a restore had kept so many events of those that were published in the one before.

    `doubtful`: only keys that were compromised have signed that.
    """

    number: int
    kept: int
    published: int
    opened: str
    doubtful: bool


def read(archive: Archive) -> list[tuple[Checkpoint, list[bytes]]]:
    """Read the checkpoints, each with its proof. Raises an `Unreadable`."""
    found = []
    for number, (where, line) in enumerate(archive.lines("checkpoints.jsonl"), 1):
        try:
            size, text, path = strict.fields(
                strict.decoded(line), size=strict.whole, note=strict.text, path=strict.path
            )  # fmt: skip
            checkpoint = Checkpoint.read(text)
        except strict.Malformed as malformed:
            raise LineMalformed(where=where, why=str(malformed)) from None
        except NoteMalformed as malformed:
            raise CheckpointMalformed(line=number, why=str(malformed)) from None
        if size != checkpoint.size:
            raise CheckpointMalformed(line=number, why=f"it is of {checkpoint.size} events and not of {size}")
        if number > MOST:
            raise NoBundle(why="there are too many checkpoints in it")
        found.append((checkpoint, path))
    if not found or found[0][1]:
        raise NoBundle(why="there is no checkpoint in it, or the first one has a proof of its own")
    return found


def signed(now: Checkpoint, keys: Keys, given: Collection[bytes], report: Report) -> None:
    """See that the bundle's checkpoint is of this region's events and signed. Raises a `Broken`."""
    epoch_of(now.origin, keys.region, now.size)
    signer = keys.signer(now)
    with report.step(f"The checkpoint of {now.size} events is signed with key {signer.number} of {keys.region}."):
        keys.vouch(signer, now, given)


def check(
    found: Sequence[tuple[Checkpoint, list[bytes]]], keys: Keys, epochs: Sequence[Epoch], report: Report
) -> Proven:
    """See that each checkpoint after the first is this log's, signed, and continued by the first."""
    now = found[0][0]
    for (before, _), (it, path) in pairwise(found):
        with report.step(f"It continues the one of {it.size} events: nothing in the log was changed between them."):
            _kept_since(it, now, keys, epochs)
            _earlier(it, path, now, before)
    return Proven(now, tuple(it for it, _ in found[1:]))


def _kept_since(it: Checkpoint, now: Checkpoint, keys: Keys, epochs: Sequence[Epoch]) -> None:
    """See that an earlier checkpoint is signed, and of this epoch, or of one before and kept in all since."""
    mine = epoch_of(now.origin, keys.region, now.size)
    theirs = epoch_of(it.origin, keys.region, it.size)
    if theirs > mine:
        raise CheckpointOfAnotherLog(size=it.size, origin=it.origin, expected=now.origin)
    keys.signer(it)
    for lost in losses(it.size, theirs, mine, epochs):
        raise CheckpointNotKept(size=it.size, before=theirs, kept=lost.kept, epoch=lost.number)


def losses(size: int, theirs: int, mine: int, epochs: Sequence[Epoch]) -> list[Epoch]:
    """Return the epochs after theirs, up to mine, that have kept less than so many events."""
    return [it for it in epochs if theirs < it.number <= mine and size > it.kept]


def _earlier(it: Checkpoint, path: list[bytes], now: Checkpoint, before: Checkpoint) -> None:
    if it.size == before.size:
        unequal(it, before)
    if it.size >= before.size:
        raise CheckpointsOutOfOrder(size=it.size)
    if not tree.extends(it.size, now.size, path, it.root, now.root):
        raise LogRewritten(size=now.size, earlier=it.size, root=now.root.hex(), earlier_root=it.root.hex())


def unequal(it: Checkpoint, other: Checkpoint) -> None:
    """See that two checkpoints of one size are the same. Raises `LogForked`."""
    if it.root != other.root:
        raise LogForked(size=it.size, root=it.root.hex(), other=other.root.hex())


def epoch_of(origin: str, region: str, size: int) -> int:
    """Return the epoch that an origin names. Raises `CheckpointOfAnotherLog`."""
    found = re.fullmatch(rf"luotsi/{region}/events/([1-9][0-9]{{0,8}})", origin)
    if not found:
        raise CheckpointOfAnotherLog(size=size, origin=origin, expected=f"luotsi/{region}/events/EPOCH")
    return int(found[1])


def kept(text: str) -> Checkpoint:
    """Read the checkpoint that somebody kept. Raises `OptionMalformed`."""
    try:
        return Checkpoint.read(text)
    except NoteMalformed as malformed:
        raise OptionMalformed(option="--known-checkpoint", why=str(malformed)) from None


def compare(known: Checkpoint, proven: Proven, keys: Keys, epochs: Sequence[Epoch]) -> None:
    """See that the log continues the checkpoint that somebody kept. Raises a `Broken`."""
    now = proven.now
    mine = epoch_of(now.origin, keys.region, now.size)
    try:
        theirs = epoch_of(known.origin, keys.region, known.size)
    except CheckpointOfAnotherLog:
        raise KnownCheckpointOfAnotherLog(origin=known.origin, expected=now.origin) from None
    if not keys.signers(known.note, known.origin):
        raise KnownCheckpointForeign
    for it in losses(known.size, theirs, mine, epochs):
        raise KnownEventsLost(known=known.size, kept=it.kept, epoch=it.number)
    if theirs > mine or known.size > now.size:
        raise CheckpointStale(size=now.size, known=known.size)
    own = proven.of(known.size)
    if own is None and known.size:
        raise KnownCheckpointMissing(size=known.size)
    if own:
        unequal(own, known)


def epochs(notes: Sequence[str], keys: Keys, now: Checkpoint, report: Report) -> list[Epoch]:
    """Read the epoch notes, by number: they tell of restores that lost something of the events or of the reads."""
    found: list[Epoch] = []
    for text in notes:
        with report.noting():
            found.append(_epoch(text, found[-1].number if found else 1, keys))
    with report.noting():
        current = epoch_of(now.origin, keys.region, now.size)
        if current not in {1, *(it.number for it in found)} and len(found) == len(notes):
            raise EpochNoteMissing(epoch=current)
        for it in found:
            if it.number > current:
                raise EpochNoteWrong(
                    epoch=it.number, why="the checkpoint is of an epoch before, which was over by then"
                )
    for it in found:
        if it.doubtful:
            report.uncovered.append(
                f"What a restore lost when epoch {it.number} began: its note is signed with a compromised key alone, "
                "so whoever stole that could have made it up."
            )
        if it.kept < it.published:
            report.uncovered.append(
                f"What a restore lost: by its own signed note the region kept {it.kept} of {it.published} events when "
                f"epoch {it.number} began, at {it.opened}."
            )
    return found


def _epoch(text: str, before: int, keys: Keys) -> Epoch:
    """Read an epoch note whose number is greater than that of the one before. Raises `EpochNoteWrong`."""
    name = f"luotsi/{keys.region}/epochs"
    epoch = before + 1
    try:
        signed = Note.read(text)
        lines = signed.text[:-1].split("\n")
        if len(lines) != _LINES or lines[0] != name or note.number(lines[1]) < epoch:
            raise NoteMalformed(f"it is not the next note of {name}, of five lines")
        epoch, opened = note.number(lines[1]), strict.moment(lines[2]).isoformat()
        kept, published = _log("events", lines[3], keys.region, epoch)
        _log("reads", lines[4], keys.region, epoch)
    except (NoteMalformed, strict.Malformed) as malformed:
        raise EpochNoteWrong(epoch=epoch, why=str(malformed)) from None
    signers = keys.signers(signed, name)
    if not signers:
        raise EpochNoteWrong(epoch=epoch, why="it is signed with none of the region's keys")
    return Epoch(epoch, kept, published, opened, all(map(keys.compromised, signers)))


def _log(log: str, line: str, region: str, epoch: int) -> tuple[int, int]:
    """Return how many entries of a log were kept, of how many that had been published. Raises `NoteMalformed`."""
    found = re.fullmatch(rf"{log} ([0-9]+) (\S+)", line)
    if not found:
        raise NoteMalformed(f"it does not say what was kept of the {log}")
    kept = note.number(found[1])
    if found[2] == "none":
        return kept, 0
    origin, size, _ = note.checkpoint_lines(found[2])
    before = re.fullmatch(rf"luotsi/{region}/{log}/([1-9][0-9]{{0,8}})", origin)
    if not before or int(before[1]) >= epoch or kept > size:
        raise NoteMalformed(f"the checkpoint of the {log} that it names is none of an epoch before")
    return kept, size
