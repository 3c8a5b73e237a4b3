"""Who signs for the region: its key notes and what the ledger says of its keys, and the notes of its epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import Connection

from domain.ledger.audit import findings
from domain.ledger.audit.findings import Finding, Tally
from domain.ledger.audit.streams import micros
from verifier import keys, note, strict
from verifier.note import Key, Note, NoteMalformed
from verifier.report import Report

LOGS = ("events", "reads")
APART = 600 * 1_000_000
"""By how many microseconds clocks may differ, before something is out of order."""

_SECOND = 1_000_000


@dataclass(frozen=True)
class Standing:
    """A signing key as the ledger has it; times as PostgreSQL keeps them."""

    number: int
    public: bytes
    made: int
    retired: int | None
    compromised: bool
    note: str

    def in_use(self, at: int) -> bool:
        """Say whether it was the key to sign with at a time, as far as clocks agree."""
        return self.made - APART <= at and (self.retired is None or at <= self.retired + APART)


@dataclass(frozen=True)
class Signers:
    """The region's signing keys: by their notes, and as the ledger has them."""

    region: str
    keys: keys.Keys
    standing: Sequence[Standing]

    def origin(self, log: str, epoch: int) -> str:
        """Return the origin of a log's checkpoints."""
        return f"luotsi/{self.region}/{log}/{epoch}"

    def signed(self, it: Note, name: str) -> list[Standing]:
        """Return the keys that have signed a note under this name."""
        return [one for one in self.standing if Key(name, one.public).signed(it)]


@dataclass(frozen=True)
class Epoch:
    """An epoch that began because something was lost: how many entries of each log it kept, and of how many.

    `doubtful`: only keys that were compromised have signed that.
    """

    number: int
    opened: str
    kept: Mapping[str, int]
    published: Mapping[str, int | None]
    doubtful: bool


def signers(connection: Connection, region: str, tally: Tally) -> Signers:
    """Read the signing keys, and compare what is said of them with their notes."""
    standing = [Standing(*row) for row in connection.execute(_KEYS, binary=True)]
    report = Report()
    found = keys.read([it.note for it in standing], region, report)
    for fault in report.faults:
        tally.found(findings.KeyNoteWrong(number=getattr(fault, "facts", {}).get("number", 0), why=fault))
    for number, it in enumerate(standing, 1):
        tally.all(_as_noted(number, it, found))
    tally.counts["signing keys"] = len(standing)
    return Signers(region, found, standing)


def _as_noted(number: int, it: Standing, found: keys.Keys) -> list[Finding]:
    """Compare a key with its own note and with the next one, which says what became of it."""
    noted = next((one for one in found.keys if one.number == number), None)
    after = next((one for one in found.keys if one.number == number + 1), None)
    said = {
        "number": it.number == number,
        "key": noted is None or noted.public == it.public,
        "made": noted is None or micros(noted.made) == it.made,
        "retired": (micros(after.made) if after else None) == it.retired,
        "compromised": found.compromised(noted) == it.compromised if noted else True,
    }
    return [findings.KeyStateAltered(number=it.number, what=name) for name, right in said.items() if not right]


def trusted(given: Sequence[Key], of: Signers) -> list[Finding]:
    """Say whether somebody who has these keys has reason to trust the one that signs now."""
    publics = {key.public for key in given}
    if not any(it.public in publics for it in of.keys.keys):
        return [findings.KeyUnknown()]
    last = of.keys.keys[-1]
    return [] if of.keys.vouched(last, publics) else [findings.KeyNotVouched(number=last.number)]


# Epochs


def epochs(connection: Connection, of: Signers, tally: Tally) -> list[Epoch]:
    """Read the epochs' notes, by number."""
    found: list[Epoch] = []
    for expected, (number, opened, text) in enumerate(connection.execute(_EPOCHS, binary=True), 2):
        try:
            found.append(_epoch(of, number, opened, text))
            if number != expected:
                raise NoteMalformed("there is none before it")
        except (NoteMalformed, strict.Malformed, ValueError) as wrong:
            tally.found(findings.EpochNoteWrong(epoch=number, why=wrong))
    return found


def _epoch(of: Signers, number: int, opened: int, text: str) -> Epoch:
    name, it = f"luotsi/{of.region}/epochs", Note.read(text)
    first, said, at, *logs = it.text[:-1].split("\n")
    if (first, said, len(logs)) != (name, str(number), len(LOGS)):
        raise NoteMalformed("it is of another epoch or region")
    if micros(strict.moment(at)) != opened // _SECOND * _SECOND:
        raise NoteMalformed("it says another time than its column")
    by = of.signed(it, name)
    if not by:
        raise NoteMalformed("it is signed by no key of this region")
    if not any(one.in_use(opened) for one in by):
        raise NoteMalformed(f"it is signed by key {by[0].number}, which was not in use at that time")
    kept, published = {}, {}
    for log, line in zip(LOGS, logs, strict=True):
        told, count, checkpoint = line.split(" ")
        if told != log:
            raise NoteMalformed("its logs are others")
        kept[log] = note.number(count)
        published[log] = None if checkpoint == "none" else note.checkpoint_lines(checkpoint)[1]
    return Epoch(number, at, kept, published, all(one.compromised for one in by))


def kept_of(log: str, epoch: int, all_of: Sequence[Epoch]) -> int | None:
    """Return how many entries of what an epoch published the later ones kept; None where they kept all."""
    return min((it.kept[log] for it in all_of if it.number > epoch), default=None)


_KEYS = "SELECT number, public, made, retired, compromised, note FROM signing_keys ORDER BY number"
_EPOCHS = "SELECT epoch, opened, note FROM epochs ORDER BY epoch"
