"""A whole region: everything that its ledger holds, checked in one look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates
from psycopg import Connection

from domain.case import Case
from domain.ledger.audit import findings
from domain.ledger.audit.checkpoints import Checking
from domain.ledger.audit.entries import beside_reads
from domain.ledger.audit.findings import Tally
from domain.ledger.audit.heads import audit_heads, audit_tree, sealings
from domain.ledger.audit.logs import Known, audit_log
from domain.ledger.audit.privileges import audit_privileges
from domain.ledger.audit.signers import LOGS, Epoch, Signers, epochs, kept_of, signers, trusted
from domain.ledger.audit.snapshot import Snapshot, snapshot
from domain.ledger.audit.streams import STRAYS, followed, ranges, strays
from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.mapper import codecs
from verifier.note import COSIGNATURE, ED25519, Checkpoint, Key, NoteMalformed

Progress = Callable[[str, int, int], None]
"""Called with what is looked at, and how much of it is done, of how much."""


class OptionWrong(Fault):
    """What the ledger was to be compared with can't be read."""


@dataclass(frozen=True)
class Against:
    """What from outside the database the ledger is compared with.

    `known` are checkpoints that somebody has kept, by name, and `published` those of the region's own files, by log;
    `keys` are trusted, by those of `witnesses` cosignatures are verified, and by certificates of `authorities` stamps.
    Those of the witnesses that are `asked` for have to have cosigned, and one of the authorities has to have stamped.
    """

    known: Mapping[str, Checkpoint] = field(default_factory=dict)
    published: Mapping[str, Checkpoint] = field(default_factory=dict)
    keys: Sequence[Key] = ()
    witnesses: Sequence[Key] = ()
    authorities: bytes = b""
    asked: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, known: Sequence[Path] = (), published: Path | None = None, keys: Sequence[str] = (),
        witnesses: Sequence[str] = (), authorities: Sequence[Path] = (), *, shown: Sequence[str] = (),
    ) -> Against:  # fmt: skip
        """Read the files, before anything else is looked at; `shown` are witnesses that need not have cosigned yet.

        Raises `OptionWrong`.
        """
        asked = [_key(it, COSIGNATURE) for it in witnesses]
        files = {log: published / f"{log}.checkpoint" for log in LOGS} if published else {}
        return cls(
            {str(it): _checkpoint(it) for it in known},
            {log: _checkpoint(it) for log, it in files.items() if it.exists()},
            [_key(it, ED25519) for it in keys],
            [*(_key(it, COSIGNATURE) for it in shown), *asked],
            b"".join(_certificates(it) for it in authorities),
            frozenset(it.name for it in asked),
        )


def _checkpoint(path: Path) -> Checkpoint:
    try:
        return Checkpoint.read(path.read_bytes().decode())
    except (OSError, UnicodeDecodeError, NoteMalformed) as wrong:
        raise OptionWrong(path, wrong) from wrong


def _certificates(path: Path) -> bytes:
    try:
        pem = path.read_bytes()
        load_pem_x509_certificates(pem)
    except (OSError, ValueError) as wrong:
        raise OptionWrong(path, wrong) from wrong
    return pem + b"\n"


def _key(text: str, algorithm: int) -> Key:
    try:
        found = Key.read(text)
        if found.algorithm != algorithm:
            raise NoteMalformed("it is a key of another kind: witnesses have their own")
        return found
    except NoteMalformed as wrong:
        raise OptionWrong(text, wrong) from wrong


@dataclass
class Report:
    """What was found in a region, and what can't be told from what there is."""

    region: str
    tally: Tally = field(default_factory=Tally)
    uncovered: list[str] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)


def audit(
    region: Region, against: Against, read_tables: frozenset[str], processes: int = 1, progress: Progress | None = None
) -> Report:
    """Check a region's ledger as it is now, while the service goes on. Raises the database's errors.

    `read_tables` are those that hold projections' rows, which are not looked at here.
    """
    with snapshot(region, processes) as seen:
        report = audited(seen, against, read_tables, progress or (lambda _what, _done, _of: None))
    with region.connect() as connection:
        _published(connection, region, against, report.tally)
    return report


def audited(seen: Snapshot, against: Against, read_tables: frozenset[str], tell: Progress) -> Report:
    """Check what a snapshot has."""
    report = Report(seen.region.name)
    keys = signers(seen.connection, seen.region.name, report.tally)
    report.epochs = epochs(seen.connection, keys, report.tally)
    if against.keys:
        report.tally.all(trusted(against.keys, keys))
    audit_privileges(seen.connection, seen.region, read_tables, report.tally)
    _streams(seen, report.tally, tell)
    _logs(seen, keys, against, report, tell)
    _state(seen.connection, report)
    report.tally.all(_not_vouched(seen.connection, against))
    report.uncovered = list(_uncovered(seen.connection, against, report))
    return report


def _streams(seen: Snapshot, tally: Tally, tell: Progress) -> None:
    """Go over the streams, what stands beside them, and their heads as they were sealed."""
    (events,) = seen.connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
    parts = ranges(events)
    for done, part in enumerate(seen.each(partial(followed, seen.region.name, _beginnings()), parts), 1):
        tally.add(part)
        tell("Streams", done, len(parts))
    for done, part in enumerate(seen.each(_Strays(), range(len(STRAYS))), 1):
        tally.add(part)
        tell("What stands beside them", done, len(STRAYS))
    sealed = sealings(seen.connection, tally)
    for done, part in enumerate(audit_heads(seen, parts, sealed) if sealed else (), 1):
        tally.add(part)
        tell("Heads", done, len(parts) + 1)
    audit_tree(seen.connection, sealed, tally)


class _Strays:
    def __call__(self, connection: Connection, number: int) -> Tally:
        return strays(connection, number)


def _logs(seen: Snapshot, keys: Signers, against: Against, report: Report, tell: Progress) -> None:
    """Go over the logs, with their trees and checkpoints."""
    numbers = [1, *(it.number for it in report.epochs)]
    known = _known(keys, against, report)
    witnesses = {it.name: it for it in against.witnesses}
    for log in LOGS:
        kept = {of: count for of in numbers if (count := kept_of(log, of, report.epochs)) is not None}
        checking = Checking(log, keys, numbers, kept, witnesses, against.authorities)
        for done, of, found in audit_log(seen, checking, [it for it in known if it.log == log]):
            report.tally.add(found)
            tell(f"The log of {log}", done, of)
    beside_reads(seen.connection, report.tally)


def _known(keys: Signers, against: Against, report: Report) -> list[Known]:
    """Return the checkpoints from outside; tell of those that are not of this region or that it has given up."""
    found: list[Known] = []
    numbers = {1, *(it.number for it in report.epochs)}
    for name, it in [*against.known.items(), *(("", it) for it in against.published.values())]:
        told = name or "of what was published"
        log, epoch = _origin(it.origin, keys.region)
        if log is None:
            report.tally.found(findings.KnownOfAnother(name=told, origin=it.origin))
            continue
        if epoch not in numbers:
            report.tally.found(findings.EpochMissing(name=told, log=log, epoch=epoch))
        if not keys.signed(it.note, it.origin):
            report.tally.found(findings.KnownForged(name=told))
        kept = min(((e.kept[log], e.number) for e in report.epochs if e.number > epoch), default=(it.size, 0))
        if it.size <= kept[0]:
            report.tally.counts["checkpoints from outside"] += 1
            found.append(Known(log, epoch, it.size, it.root, name))
        elif name:  # what an epoch has lost was published last before it, until its first checkpoint is
            report.tally.found(findings.KnownGivenUp(name=name, size=it.size, kept=kept[0], epoch=kept[1]))
    return found


def _origin(origin: str, region: str) -> tuple[str | None, int]:
    """Return the log and the epoch of an origin, or none if it is not of this region."""
    for log in LOGS:
        begin, of, epoch = origin.partition(f"luotsi/{region}/{log}/")
        if of and not begin and epoch.isdecimal() and len(epoch) < 10:  # noqa: PLR2004 - as many digits as epochs have
            return log, int(epoch)
    return None, 0


def _published(connection: Connection, region: Region, against: Against, tally: Tally) -> None:
    """See that the last published checkpoints are there. They leave the house first, so this comes last."""
    for log, it in against.published.items():
        of, epoch = _origin(it.origin, region.name)
        if of == log and not connection.execute(_THERE, (log, epoch, it.size)).fetchone():
            tally.found(findings.CheckpointMissing(log=log, epoch=epoch, size=it.size))


def _state(connection: Connection, report: Report) -> None:
    """Compare what is noted of how far things are with how far they are."""
    for table, says, is_so in connection.execute(_STATES):
        if says != is_so:
            report.tally.found(findings.StateAltered(table=table, says=says, found=is_so))


def _not_vouched(connection: Connection, against: Against) -> Iterator[findings.Finding]:
    """Find who was asked for, and has vouched for no checkpoint of the events: what is there was verified before."""
    cosigned = {who for (who,) in connection.execute("SELECT DISTINCT witness FROM cosignatures WHERE log = 'events'")}
    yield from (findings.NotCosigned(who=it) for it in sorted(against.asked - cosigned))
    if against.authorities and not connection.execute("SELECT 1 FROM stamps WHERE log = 'events' LIMIT 1").fetchone():
        yield findings.NotStamped()


def _uncovered(connection: Connection, against: Against, report: Report) -> Iterator[str]:
    """Say what nobody can tell from what there is."""
    events, sealed, vouched = connection.execute(_COVERED).fetchone() or (0, 0, 0)
    stands = {
        f"{events - sealed} events are in no checkpoint yet.": events > sealed,
        f"Nobody outside has vouched for the time of any event after the first {vouched}.": events > vouched,
        "The signing keys are the database's own: nobody that you trust vouches for them (--key).": not against.keys,
        "No checkpoint that left the house was given (--known-checkpoint): whoever has the signing key could have"
        " written it all anew.": not against.known,
        "Time stamps were only held against their own certificates: nobody vouches for those (--authority).": (
            report.tally.counts["time stamps"] > 0 and not against.authorities
        ),
        "The files with the checkpoints that were published last are not here.": not against.published,
        "Checkpoints that were taken away are only missed where they were the last, or others have vouched for them;"
        " and when each was made, it alone says.": True,
        "Whose case it is stands in no event: another client put in the place of the right one is not seen.": True,
        "No words were opened, so keys were not tried.": True,
    }
    yield from (told for told, is_so in stands.items() if is_so)
    yield from (_COUNTED[it].format(count) for it in _COUNTED if (count := report.tally.counts[it]))
    for it in report.epochs:
        kept = (f"{it.kept[log]} of the {it.published[log] or 0} entries of {log}" for log in LOGS)
        yield f"Epoch {it.number} began {it.opened}, as something was lost. It kept {' and '.join(kept)}."
        if it.doubtful:
            yield f"The note of epoch {it.number} is signed with a compromised key alone: its thief could have made it."


def _beginnings() -> frozenset[str]:
    """Return the topics of cases' events, with one of which each case begins."""
    return frozenset(topic for topic, it in codecs().items() if it.event.state is Case)


_COUNTED = {
    "checkpoints signed by a compromised key": "{} checkpoints are signed by a key that was compromised alone: they"
    " prove nothing by themselves.",
    "cosignatures whose witness is not known": "{} cosignatures are of witnesses whose keys are not at hand: they were"
    " not verified.",
    "reads of months that were dropped": "{} reads are of months that were dropped: of them the tree has the hashes.",
    "reads without a position yet": "{} reads have no position yet.",
}
_THERE = "SELECT 1 FROM checkpoints WHERE log = %s AND epoch = %s AND size = %s"
_STATES = """
    SELECT 'log_state', position, (SELECT coalesce(max(position), 0) FROM sequence) FROM log_state
    UNION ALL SELECT 'reads_state', position, (SELECT coalesce(max(position), 0) FROM reads_sequence) FROM reads_state
    UNION ALL SELECT 'log_state (epoch)', epoch, (SELECT coalesce(max(epoch), 1) FROM epochs) FROM log_state"""
_COVERED = """
    SELECT (SELECT count(*) FROM events),
        (SELECT coalesce(max(size), 0) FROM checkpoints WHERE log = 'events' AND epoch = (SELECT epoch FROM log_state)),
        (SELECT coalesce(max(size), 0) FROM (
            SELECT size FROM stamps WHERE log = 'events' UNION ALL SELECT size FROM cosignatures WHERE log = 'events'
        ) vouched)"""
