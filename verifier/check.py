"""The check, in its order: the file, the manifest, keys, checkpoints, times, heads, events, words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from cryptography import x509

from verifier import checkpoints, diagnosis, events, heads, keys, manifest, strict, times, words
from verifier.archive import CHUNK, Archive
from verifier.chain import Document
from verifier.checkpoints import Proven
from verifier.events import DESTROYED, SEALED, WITHHELD, Entry
from verifier.findings import (
    Broken,
    LineMalformed,
    ManifestDiffers,
    NoBundle,
    NothingProven,
    NotThere,
    OptionMalformed,
    Unreadable,
)
from verifier.manifest import Manifest
from verifier.note import COSIGNATURE, ED25519, Checkpoint, Key, NoteMalformed
from verifier.report import WHOLE, Report, Told

_IN_MEMORY = 1 << 26
"""How many bytes of a bundle are copied without going to the disk."""


@dataclass(frozen=True)
class Trust:
    """What was got in another way than with the bundle: public keys, a checkpoint, witnesses and authorities."""

    keys: frozenset[bytes]
    known: Checkpoint | None
    witnesses: tuple[Key, ...]
    authorities: tuple[x509.Certificate, ...]


def check(
    path: str | Path,
    *,
    trusted: Sequence[str] = (),
    known: str | None = None,
    witnesses: Sequence[str] = (),
    authorities: Sequence[bytes] = (),
    history: bool = False,
) -> Report:
    """Verify a bundle, without a server, a database or a network.

    `trusted` are the region's keys (vkeys) and `known` the text of a checkpoint, both got in another way than with the
    bundle; `witnesses` (vkeys) and `authorities` (certificates in PEM) are whose times to believe. Never raises for
    what the file or the options hold: the report says it.
    """
    report = Report()
    try:
        trust = Trust(
            frozenset(it.public for it in map(_key("--key", ED25519), trusted)),
            None if known is None else checkpoints.kept(known), tuple(map(_key("--witness", COSIGNATURE), witnesses)),
            tuple(certificate for it in authorities for certificate in _certificates(it)),
        )  # fmt: skip
        with _opened(path) as file:
            _check(Archive(file), trust, report, history=history)
    except (Broken, Unreadable) as fault:  # a Broken comes here where nothing is left to compare with
        report.faults.append(fault)
    except OSError as error:
        report.faults.append(NotThere(why=error.strerror or "it is no file"))
    return report


@contextmanager
def _opened(path: str | Path) -> Iterator[BinaryIO]:
    """Give a copy of the file: what is read twice has to be the same, wherever it came from."""
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        try:
            with Path(path).open("rb") as file:
                size = file.seek(0, 2)
                file.seek(0)
                for _ in range(0, size, CHUNK):
                    copy.write(file.read(CHUNK))
        except ValueError:  # it holds what no path does
            raise NotThere(why="it is no path") from None
        yield cast("BinaryIO", copy)


def _check(archive: Archive, trust: Trust, report: Report, *, history: bool) -> None:
    told = manifest.read(archive, report)
    report.about |= {"region": told.region, "case": str(told.case), "made": told.made.isoformat()}
    signing, epoch_notes = _notes(archive)
    of_region = keys.read(signing, told.region, report)
    known, given = trust.known, set(trust.keys)
    if known:  # whoever kept it vouches for the key that signed it
        given |= {it.public for it in of_region.signers(known.note, known.origin)}
    found = checkpoints.read(archive)
    now = found[0][0]
    checkpoints.signed(now, of_region, given, report)
    report.about |= {"origin": now.origin, "size": now.size, "root": now.root.hex()}
    epochs = checkpoints.epochs(epoch_notes, of_region, now, report)
    proven = checkpoints.check(found, of_region, epochs, report)
    if known:
        with report.step(f"The log continues the checkpoint of {known.size} events that you kept."):
            checkpoints.compare(known, proven, of_region, epochs)
    dated = times.told(archive, proven, trust.authorities, trust.witnesses, report)
    entries = _events(archive, told, proven, report)
    events.dated(entries, dated, report)
    opened = words.check(archive, entries, report)
    report.about["vouched"] = bool(given)
    _unproven(told, report)
    if history and report.exit == WHOLE:
        report.history = [_told(it, opened) for it in events.lines(archive)]


def _events(archive: Archive, told: Manifest, proven: Proven, report: Report) -> list[Entry]:
    """See that the history is whole and in the log."""
    sealed = heads.read(archive, told, proven, report)
    entries = events.read(archive, told, proven, report)
    if len(entries) != told.versions:
        report.faults.append(ManifestDiffers(said=f"{told.versions} versions", found=f"{len(entries)}"))
    wrong = diagnosis.faults(entries, archive, told, proven.now, sealed)
    report.faults += wrong
    report.about["sealed"] = sealed.day if sealed and sealed.version else None
    if sealed:
        heads.compare(sealed, entries, report, whole=not wrong)
    if not wrong:  # what is out of place has its position and its time from there
        _in_order(entries, proven, report)
    _young(entries, report)
    _hidden(entries, sealed, report)
    return entries


def _in_order(entries: Sequence[Entry], proven: Proven, report: Report) -> None:
    shown = sum(it.withheld is None for it in entries)
    with report.step(f"{_events_of(shown)} shown, up to version {len(entries)}: each follows from the one before."):
        events.rising(entries, report)
    covered = sum(it.position is not None for it in entries)
    report.about |= {"versions": len(entries), "covered": covered}
    if not any(it.follows and it.position for it in entries):
        report.faults.append(NothingProven())
        return
    with report.step(f"{covered} events, of {len(entries)}, are in the log, in the order of their versions."):
        events.positions(entries, proven.now.size, report)


def _young(entries: Sequence[Entry], report: Report) -> None:
    young = [it.version for it in entries if it.position is None]
    if young:
        report.uncovered.append(
            f"What came after version {young[0] - 1}, up to version {young[-1]}: the checkpoint does not have it, so "
            f"nobody has signed for it. It could still be changed, or have been made up. Ask for a newer bundle."
        )


def _hidden(entries: Sequence[Entry], sealed: heads.Heads | None, report: Report) -> None:
    claims = Counter(it.claim for it in entries)
    hidden = Counter(it.withheld for it in entries if it.withheld is not None)
    loose = [
        it.version for it, after in zip_longest(entries, entries[1:])
        if it.withheld is not None and not (after and after.follows and after.position)
        and not (sealed and sealed.hash == it.hash)
    ]  # fmt: skip
    report.about["loose"] = len(loose)
    report.uncovered += [
        f"Whether version {version} is this case's: it is withheld, and no event shown in the log follows from it."
        for version in loose
    ]
    report.uncovered += [
        f"What {_events_of(count)} withheld on the ground “{why}” say: only that they are there."
        for why, count in hidden.items()
    ]
    report.uncovered += [
        f"The words of {_events_of(claims[claim])}, {meaning}."
        for claim, meaning in (
            (SEALED, "which are not opened in this bundle"), (WITHHELD, "which are withheld from who asked"),
            (DESTROYED, "which were destroyed, as the bundle says"),
        )
        if claims[claim]
    ]  # fmt: skip


def _events_of(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _unproven(told: Manifest, report: Report) -> None:
    """Say what nobody can tell from the bundle."""
    if not report.about["vouched"]:
        report.uncovered.append(
            "Whether the key is the region's: it is the bundle's own, and nobody vouched for it. Get it in another way "
            "and give it with --key, or a checkpoint that you kept with --known-checkpoint."
        )
    report.uncovered += [
        f"Whether this is the case that you mean: it is case {told.case} of {told.region}; no more is proven of it.",
        "Whether the key was stolen, or the log went on in another way, after the bundle was made.",
        "Whether what was written is true: what is proven is that it was written so, and not changed since.",
        "page.html proves nothing by itself: what is proven is printed with --history.",
    ]


def _told(line: events.Line, opened: Mapping[int, dict[str, str]]) -> Told:
    covered, said = line.position is not None, opened.get(line.version, line.claim)
    if line.document is None:
        return Told(line.version, covered, None, None, f"withheld: {line.withheld}", None, {}, said)
    it = Document.read(line.document)
    return Told(line.version, covered, it.occurred, it.recorded, it.topic, it.context.get("actor"), it.event, said)


def _notes(archive: Archive) -> tuple[list[str], list[str]]:
    try:
        signing, epochs = strict.fields(
            strict.decoded(archive.whole("keys.json")), signing=strict.texts, epochs=strict.texts
        )
    except strict.Malformed as malformed:
        raise LineMalformed(where="keys.json", why=str(malformed)) from None
    if len(signing) + len(epochs) > checkpoints.MOST:
        raise NoBundle(why="there are too many notes in it")
    return signing, epochs


def _key(option: str, algorithm: int) -> Callable[[str], Key]:
    def read(vkey: str) -> Key:
        try:
            found = Key.read(vkey)
            if found.algorithm != algorithm:
                raise NoteMalformed("it is a key of another kind: witnesses have their own")
        except NoteMalformed as malformed:
            raise OptionMalformed(option=option, why=str(malformed)) from None
        return found

    return read


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise OptionMalformed(option="--authority", why="it holds no certificate in PEM") from None
