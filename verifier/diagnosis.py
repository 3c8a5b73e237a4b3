"""What was done to a history that does not hold: which event was altered, left out, moved, put in, or is another's.

Where an event's hash is in the log and its document does not give it, the document is tried at the other places of the
case. If it belongs to one, the events were moved; if it belongs to none, the next event tells: does it follow from this
hash, then the hash is the case's and the document was altered; does it not, then both are of another case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise

from verifier.archive import Archive
from verifier.chain import event_hash
from verifier.events import Entry, lines
from verifier.findings import (
    CaseOfAnother,
    CaseRewritten,
    CheckpointOfAnotherTree,
    EventAltered,
    EventInserted,
    EventMissing,
    EventNotInLog,
    EventOfAnotherCase,
    EventsExchanged,
    EventTwice,
    Fault,
)
from verifier.heads import Heads
from verifier.manifest import Manifest
from verifier.note import Checkpoint

TRIED, NEAR, BYTES = 64, 1_000, 5_000_000
"""How many documents are tried elsewhere, and how many versions away at most: fewer for long ones."""


def faults(
    entries: Sequence[Entry], archive: Archive, manifest: Manifest, now: Checkpoint, heads: Heads | None
) -> list[Fault]:
    """Return what was done to the history; nothing where it holds."""
    found = list(_order([it.version for it in entries]))
    nowhere = _nowhere([it for it in entries if it.position], now.root)
    if nowhere:
        return [*found, nowhere]
    wrong = [at for at, it in enumerate(entries) if it.follows is False]
    places = _places(entries, wrong[:TRIED], archive, manifest) if wrong else {}
    sealed = heads is not None and any(entries[at].hash == heads.hash for at in wrong)
    if len(wrong) == sum(it.follows is not None for it in entries) > 1 and not places and not sealed:
        return [*found, CaseOfAnother(case=manifest.case)]
    found += _each(entries, set(wrong), places, now)
    if wrong and not found:
        found.append(EventAltered(version=entries[wrong[0]].version))
    return found


def _order(versions: Sequence[int]) -> Iterator[Fault]:
    """Find what is missing, twice or out of order by the versions alone."""
    seen = set(versions)
    for missing in islice((it for it in range(1, max(seen, default=2)) if it not in seen), TRIED):
        yield EventMissing(version=missing)
    for before, after in pairwise(sorted(versions)):
        if before == after:
            yield EventTwice(version=after)
    for before, after in pairwise(versions):
        if before > after:
            yield EventsExchanged(version=after, other=before)


def _nowhere(logged: Sequence[Entry], root: bytes) -> Fault | None:
    """Find that the log has none of the events: the proofs agree on another tree, or the events only on each other."""
    roots = {it.root for it in logged}
    if len(logged) > 1 and len(roots) == 1 and not roots & {root, None}:
        return CheckpointOfAnotherTree(root=root.hex(), other=_hex(logged[0].root))
    shown = [it for it in logged if it.follows is not None]
    return CaseRewritten() if shown and all(it.follows and it.root != root for it in shown) else None


def _places(entries: Sequence[Entry], wrong: Sequence[int], archive: Archive, manifest: Manifest) -> dict[int, int]:
    """Return at which version these documents give their hashes, for those that do at any."""
    asked = set(wrong)
    documents = {at: line.document or "" for at, line in enumerate(lines(archive)) if at in asked}
    tried = {at: _place(entries, at, it.encode(), manifest) for at, it in documents.items()}
    return {at: version for at, version in tried.items() if version}


def _place(entries: Sequence[Entry], at: int, document: bytes, manifest: Manifest) -> int | None:
    """Try a document at the versions around, behind each of the hashes that stand about where the one before may."""
    near = min(NEAR, 3 + BYTES // (len(document) + 1))
    around = range(max(1, at - near), min(len(entries) + 2, at + near) + 1)
    for version in sorted(around, key=lambda it: abs(it - at - 1)):
        before = [it.hash for it in entries[max(0, version - 3) : version + 2]]
        for previous in [b"", *before] if version == 1 else before:
            if event_hash(manifest.region, manifest.case, version, previous, document) == entries[at].hash:
                return version
    return None


def _each(entries: Sequence[Entry], wrong: set[int], places: Mapping[int, int], now: Checkpoint) -> Iterator[Fault]:
    """Judge each event that is not where the log has it, from the first on; what follows from a fault is none more."""
    last = max((at for at, it in enumerate(entries) if it.position), default=-1)
    logged = enumerate(entries[: last + 1])
    foreign = {at for at, it in logged if it.root != now.root and (it.position or 0) <= now.size}
    shifts = {at: version - entries[at].version for at, version in places.items()}
    strangers: set[int] = set()
    for at, it in enumerate(entries):
        if at in foreign:
            if (_shift(entries, at, shifts) or 0) < 0:
                yield EventInserted(version=it.version)
            elif it.position:
                yield EventNotInLog(version=it.version, root=_hex(it.root))
        elif at in places:
            yield from _moved(entries, at, places)
        elif at in wrong and at - 1 not in foreign | strangers:
            shift = _shift(entries, at, shifts)
            if shift == 1:
                yield EventMissing(version=it.version)
            elif shift is None:
                strangers.add(at)
                yield EventOfAnotherCase(version=it.version)
            elif not shifts.get(at - 1):
                yield EventAltered(version=it.version)


def _shift(entries: Sequence[Entry], at: int, shifts: Mapping[int, int]) -> int | None:
    """Return by how many versions the next event that tells is off its place; none where it belongs nowhere."""
    for later, it in enumerate(entries[at + 1 :], at + 1):
        if it.follows is not None:
            return 0 if it.follows else shifts.get(later)
    return 0


def _moved(entries: Sequence[Entry], at: int, places: Mapping[int, int]) -> Iterator[Fault]:
    """Find what an event changed places with; it is told once, at the earlier of the two."""
    here, version = entries[at].version, places[at]
    others = [entries[other].version for other, its in places.items() if its == here and other > at]
    if version in others:
        yield EventsExchanged(version=here, other=version)


def _hex(root: bytes | None) -> str:
    return "nothing" if root is None else root.hex()
