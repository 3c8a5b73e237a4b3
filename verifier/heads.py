"""The heads: once a day every case's last event is sealed, so that cutting off the end of a history shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from verifier import strict, tree
from verifier.archive import Archive
from verifier.chain import Document, event_hash
from verifier.checkpoints import Proven
from verifier.events import Entry
from verifier.findings import (
    HeadDiffers,
    HeadsBehind,
    HeadsForged,
    HeadsHidden,
    HeadsWrong,
    HistoryCutOff,
    LineMalformed,
)
from verifier.manifest import Manifest
from verifier.report import Report

TOPIC = "heads-sealed"


@dataclass(frozen=True)
class Sealed:
    """The event of the log's own stream that seals the heads."""

    stream: UUID
    version: int
    previous: bytes
    position: int
    hash: bytes
    document: str
    path: list[bytes]


@dataclass(frozen=True)
class Heads:
    """What was sealed: a day, the events until then, the streams, their root; and of this case its last event then."""

    day: str
    events: int
    streams: int
    root: bytes
    place: int | None
    version: int | None
    hash: bytes | None
    path: list[bytes] | None


def read(archive: Archive, manifest: Manifest, proven: Proven, report: Report) -> Heads | None:
    """Read what was sealed; none where nothing was yet, or it does not hold."""
    name = "heads.json"
    try:
        found = strict.decoded(archive.whole(name))
        if found is None:
            report.uncovered.append(
                "Whether the end of the history was cut off: the bundle says that no heads have been sealed yet."
            )
            return None
        sealed, *case = strict.fields(
            found, sealed=_sealed, place=strict.whole_or_none, version=strict.whole_or_none,
            hash=strict.digest_or_none, path=strict.path_or_none,
        )  # fmt: skip
    except strict.Malformed as malformed:
        raise LineMalformed(where=name, why=str(malformed)) from None
    with report.noting():
        heads = Heads(*_told(sealed, manifest, proven), *case)
        _holds(heads, manifest)
        return heads
    return None


def _sealed(value: Any) -> Sealed:
    return Sealed(*strict.fields(
        value, stream=strict.identifier, version=strict.whole, previous=strict.digest_or_empty, position=strict.whole,
        hash=strict.digest, document=strict.text, path=strict.path,
    ))  # fmt: skip


def _told(it: Sealed, manifest: Manifest, proven: Proven) -> tuple[str, int, int, bytes]:
    """Return the day, events, streams and root that the sealing tells. Raises `HeadsForged`."""
    if event_hash(manifest.region, it.stream, it.version, it.previous, it.document.encode()) != it.hash:
        raise HeadsForged(why="the event that sealed them was altered")
    if tree.root_of(tree.leaf(it.hash), it.position - 1, proven.now.size, it.path) != proven.now.root:
        raise HeadsForged(why="the checkpoint does not have the event that sealed them")
    try:
        document = Document.read(it.document)
        day, root = strict.day(document.event.get("day")), strict.digest(document.event.get("root"))
        events, streams = (strict.whole(document.event.get(name)) for name in ("events", "streams"))
    except strict.Malformed as malformed:
        raise HeadsForged(why=f"the event that sealed them can't be read: {malformed}") from None
    if document.topic != TOPIC:
        raise HeadsForged(why=f"the event is no sealing but {document.topic}")
    if not events < it.position:
        raise HeadsForged(why="they are of events that came after the sealing")
    return day, events, streams, root


def _holds(it: Heads, manifest: Manifest) -> None:
    """See that the sealed root has the case's last event. Raises `HeadsWrong`."""
    case = (it.place, it.version, it.hash, it.path)
    if all(part is None for part in case):
        return
    if it.place is None or not it.version or it.hash is None or it.path is None:
        raise HeadsWrong(why="it tells only half of the case's last event")
    entry = manifest.case.bytes + it.version.to_bytes(8, "big") + it.hash
    if tree.root_of(tree.leaf(entry), it.place, it.streams, it.path) != it.root:
        raise HeadsWrong(why=f"the heads sealed on {it.day} do not have version {it.version} as its last event")


def compare(it: Heads, entries: Sequence[Entry], report: Report, *, whole: bool) -> None:
    """Compare what was sealed of the case with its history: one that is not whole, by its length alone."""
    then = [entry for entry in entries if entry.position is not None and entry.position <= it.events]
    with report.noting():
        if it.version is None:
            if then:
                raise HeadsHidden(day=it.day)
            report.uncovered.append(f"Whether its end was cut off: the case began after the sealing of {it.day}.")
            return
        found = max((entry.version for entry in entries), default=0)
        if found < it.version:
            raise HistoryCutOff(day=it.day, sealed=it.version, found=found)
        if not whole:
            return
        if not any(entry.version == it.version and entry.hash == it.hash for entry in entries):
            raise HeadDiffers(day=it.day, version=it.version)
        late = next((entry.version for entry in then if entry.version > it.version), None)
        if late:
            raise HeadsBehind(day=it.day, sealed=it.version, version=late)
        report.checked.append(
            f"Nothing was cut off up to {it.day}: by the heads sealed in the log version {it.version} was the last one."
        )
        report.uncovered.append(
            f"Whether events after the sealing of {it.day} were left out at the end: the log had {it.events} events"
            " then. Whether that sealing is the newest in the log, the bundle alone says."
        )
