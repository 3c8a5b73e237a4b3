"""The events: each is chained to the one before it, is in the log at its place, and says what its bytes say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from verifier import strict, tree
from verifier.archive import Archive
from verifier.chain import Document, event_hash
from verifier.checkpoints import Proven
from verifier.findings import (
    Backdated,
    BackdatedAgainstCheckpoint,
    ClaimWrong,
    EventUnreadable,
    LineMalformed,
    PositionMissing,
    PositionOutside,
    PositionsFalling,
    Postdated,
    ProofWithoutPosition,
)
from verifier.manifest import Manifest
from verifier.report import Report
from verifier.times import Time

NONE, OPENED, SEALED, WITHHELD, DESTROYED = "none", "opened", "sealed", "withheld", "destroyed"
ALLOWANCE = timedelta(minutes=10)
"""How far the clocks of the region and of who stamps may be apart, with what sealing takes."""


@dataclass(frozen=True)
class Line:
    """An event as the bundle has it. `document` or `withheld` is there, and not both."""

    version: int
    position: int | None
    hash: bytes
    path: list[bytes]
    claim: str
    document: str | None
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a line: `follows` is whether its hash follows from the line before, `root` where its proof leads.

    `follows` is none where that can't be told: the document is withheld, or the version before is not there.
    """

    version: int
    position: int | None
    hash: bytes
    claim: str
    withheld: str | None
    follows: bool | None
    root: bytes | None
    digest: bytes | None
    recorded: datetime | None
    salted: bool = False


def lines(archive: Archive) -> Iterator[Line]:
    """Read the events. Raises `LineMalformed`."""
    for where, text in archive.lines("events.jsonl"):
        try:
            yield _line(strict.mapping(strict.decoded(text)))
        except strict.Malformed as malformed:
            raise LineMalformed(where=where, why=str(malformed)) from None


def _line(value: dict[str, Any]) -> Line:
    kind = "withheld" if "withheld" in value else "document"
    version, position, hash_, path, claim, told = strict.fields(
        value, version=strict.counted, position=strict.whole_or_none, hash=strict.digest, path=strict.path,
        words=_CLAIM, **{kind: strict.text},
    )  # fmt: skip
    return Line(version, position, hash_, path, claim, *((told, None) if kind == "document" else (None, told)))


_CLAIM = strict.either(NONE, OPENED, SEALED, WITHHELD, DESTROYED)


def read(archive: Archive, manifest: Manifest, proven: Proven, report: Report) -> list[Entry]:
    """Read the events and compare what the bundle says of each with its bytes."""
    entries: list[Entry] = []
    for line in lines(archive):
        entries.append(_entry(line, entries[-1] if entries else None, manifest, proven, report))
    return entries


def _entry(line: Line, before: Entry | None, manifest: Manifest, proven: Proven, report: Report) -> Entry:
    root = follows = digest = recorded = None
    salted = False
    if line.position is None and line.path:
        report.faults.append(ProofWithoutPosition(version=line.version))
    if line.position:
        root = tree.root_of(tree.leaf(line.hash), line.position - 1, proven.now.size, line.path)
    if line.document is not None:
        previous = b"" if line.version == 1 else before.hash if before and line.version == before.version + 1 else None
        if previous is not None:
            said = event_hash(manifest.region, manifest.case, line.version, previous, line.document.encode())
            follows = said == line.hash
        with report.noting():
            document = _document(line)
            digest, recorded, salted = document.words, document.recorded, document.salted
    with report.noting():
        _claims(line, digest, manifest)
    return Entry(
        line.version, line.position, line.hash, line.claim, line.withheld, follows, root, digest, recorded, salted
    )  # fmt: skip


def _document(line: Line) -> Document:
    try:
        return Document.read(line.document or "")
    except strict.Malformed as malformed:
        raise EventUnreadable(version=line.version, why=str(malformed)) from None


def _claims(line: Line, digest: bytes | None, manifest: Manifest) -> None:
    """Compare what the line says of the words with what the document says. Raises `ClaimWrong`."""
    if line.document is None:
        if line.claim != WITHHELD:
            raise ClaimWrong(version=line.version, claim=f"its words are {line.claim}", fact="the event is withheld")
    elif digest is None and line.claim != NONE:
        raise ClaimWrong(version=line.version, claim=f"its words are {line.claim}", fact="it has none")
    elif digest is not None and line.claim == NONE:
        raise ClaimWrong(version=line.version, claim="it has no words", fact="it has")
    asked = manifest.asked
    if line.claim == OPENED and asked is not None and line.version not in asked:
        raise ClaimWrong(
            version=line.version, claim="its words are opened", fact="by the manifest they were not asked for"
        )  # fmt: skip


def positions(entries: Sequence[Entry], size: int, report: Report) -> None:
    """See that the log has the events in the order of their versions, and the last of them not yet at most."""
    last = 0
    later = max((at for at, it in enumerate(entries) if it.position is not None), default=-1)
    for at, it in enumerate(entries):
        with report.noting():
            if it.position is None:
                if at < later:
                    raise PositionMissing(version=it.version)
                continue
            if not 0 < it.position <= size:
                raise PositionOutside(version=it.version, position=it.position, size=size)
            if it.position <= last:
                raise PositionsFalling(version=it.version, position=it.position)
            last = it.position


def rising(entries: Sequence[Entry], report: Report) -> None:
    """See that no event was recorded before the one before it."""
    told = [(it.version, it.recorded) for it in entries if it.recorded is not None]
    for (_, before), (version, recorded) in pairwise(told):
        if recorded < before:
            report.faults.append(Backdated(version=version, recorded=recorded.isoformat(), before=before.isoformat()))


def dated(entries: Sequence[Entry], times: Sequence[Time], report: Report) -> None:
    """See that the events' own times fit those at which the log is known to have had them, or not yet."""
    for it in entries:
        with report.noting():
            for time in times:
                if it.recorded is not None:
                    _against(it, it.recorded, time)


def _against(it: Entry, said: datetime, time: Time) -> None:
    held = it.position is not None and it.position <= time.size
    facts = {
        "version": it.version, "recorded": said.isoformat(), "time": time.time.isoformat(), "size": time.size,
        "by": time.by,
    }  # fmt: skip
    if not held and time.time - said > ALLOWANCE:
        raise BackdatedAgainstCheckpoint(**facts)
    if held and said - time.time > ALLOWANCE:
        raise Postdated(**facts)
