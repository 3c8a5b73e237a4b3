"""When a checkpoint was there at the latest: time stamps of authorities, and what witnesses say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate

from verifier import der, stamp, strict
from verifier.archive import Archive
from verifier.checkpoints import Proven
from verifier.findings import (
    CosignatureForged,
    LineMalformed,
    NotCosigned,
    NotStamped,
    StampAuthorityWrong,
    StampMalformed,
    StampOfSomethingElse,
)
from verifier.note import Key
from verifier.report import Report
from verifier.stamp import Stamp


@dataclass(frozen=True)
class Time:
    """At this time, says somebody, the log had so many events."""

    size: int
    time: datetime
    by: str


def told(
    archive: Archive, proven: Proven, authorities: Sequence[Certificate], witnesses: Sequence[Key], report: Report
) -> list[Time]:
    """Check the time stamps, and the cosignatures of the witnesses given; return the times that they tell."""
    before = len(report.checked)
    found = stamps(archive, proven, authorities, report) + cosigned(proven, witnesses, report)
    if len(report.checked) == before:
        report.uncovered.append("When the log was as it is: no authority and no witness that you named says so.")
    return found


def stamps(archive: Archive, proven: Proven, authorities: Sequence[Certificate], report: Report) -> list[Time]:
    """Check the time stamps; return the times that they tell."""
    sound: list[tuple[int, Stamp]] = []
    for where, line in archive.lines("stamps.jsonl"):
        try:
            size, token = strict.fields(strict.decoded(line), size=strict.whole, token=strict.octets)
        except strict.Malformed as malformed:
            raise LineMalformed(where=where, why=str(malformed)) from None
        with report.noting():
            sound.append((size, _stamp(token, size, proven)))
    vouched = _lead(sound, authorities, report) if authorities else []
    for size, it in sound:
        if (size, it) in vouched:
            report.checked.append(f"The log of {size} events was there on {_told(it.time)}, as {it.authority} stamped.")
        else:
            report.uncovered.append(
                f"The time stamp of the log of {size} events, {_told(it.time)}: it says that it is by "
                f"“{it.authority}”, and nobody vouched for that. Give that authority's certificate with --authority."
            )
    return [Time(size, it.time, it.authority) for size, it in sound]


def _stamp(token: bytes, size: int, proven: Proven) -> Stamp:
    try:
        read = Stamp.read(token)
    except der.DerMalformed as malformed:
        raise StampMalformed(size=size, why=str(malformed)) from None
    checkpoint = proven.of(size)
    if checkpoint is None:
        raise StampOfSomethingElse(size=size)
    stamp.check(read, checkpoint.note.text, size)
    return read


def _lead(
    sound: Sequence[tuple[int, Stamp]], authorities: Sequence[Certificate], report: Report
) -> list[tuple[int, Stamp]]:
    """Return those that lead to the authorities given; where none does, say why."""
    vouched, refused = [], []
    for size, it in sound:
        try:
            stamp.lead(it, authorities, size)
            vouched.append((size, it))
        except StampAuthorityWrong as wrong:
            refused.append(wrong)
    if not vouched:
        report.faults += refused or [NotStamped()]
    return vouched


def cosigned(proven: Proven, witnesses: Sequence[Key], report: Report) -> list[Time]:
    """Check the cosignatures of the witnesses given; return the times that they tell."""
    times = []
    for witness in witnesses:
        own = []
        for it in (proven.now, *proven.earlier):
            seen = witness.cosigned(it.note)
            if seen:
                own.append(Time(it.size, seen, f"the witness {witness.name}"))
            elif any(witness.claims(it.note)):
                report.faults.append(CosignatureForged(witness=witness.name, size=it.size))
        if not own:
            report.faults.append(NotCosigned(witness=witness.name))
        for found in own:
            report.checked.append(f"{witness.name} saw the log of {found.size} events on {_told(found.time)}.")
        times += own
    return times


def _told(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
