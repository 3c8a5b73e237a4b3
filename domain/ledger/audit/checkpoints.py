"""Checkpoints one by one: what each says, who signed it, and who outside the house has vouched for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.x509 import load_pem_x509_certificates
from psycopg import Connection

from domain.ledger.audit import findings
from domain.ledger.audit.findings import Finding, Tally
from domain.ledger.audit.signers import Signers
from domain.ledger.audit.streams import BATCH, micros
from verifier import stamp
from verifier.der import DerMalformed
from verifier.findings import Broken
from verifier.note import Checkpoint, Key, Note, NoteMalformed

_SECOND = 1_000_000
_1970 = micros(datetime(1970, 1, 1, tzinfo=UTC))
_TIME = 8


@dataclass(frozen=True)
class Stored:
    """A checkpoint as it is stored; its time as PostgreSQL keeps it."""

    epoch: int
    size: int
    root: bytes
    at: int
    note: str


@dataclass(frozen=True)
class Checking:
    """What checkpoints of one log are checked by: the keys, the epochs, and the keys of witnesses by name.

    `kept` says of an epoch how many of its entries the later ones kept, where that was not all. `authorities` are
    certificates, as PEM: to one of them each stamp has to lead, if there are any.
    """

    log: str
    signers: Signers
    epochs: Sequence[int]
    kept: Mapping[int, int]
    witnesses: Mapping[str, Key]
    authorities: bytes

    def within(self, connection: Connection, above: int, upto: int, tally: Tally) -> list[Stored]:
        """Check the checkpoints of more than so many entries up to so many; return them by epoch and size."""
        found: list[Stored] = []
        given = (self.log, list(self.epochs), above, upto)
        with connection.cursor("checkpoints", binary=True) as cursor:
            cursor.itersize = BATCH
            for epoch, size, root, at, note in cursor.execute(_CHECKPOINTS, given):
                found.append(Stored(epoch, size, bytes(root), at, note))
        for it in found:
            tally.counts["checkpoints"] += 1
            tally.all(self._signed(it, tally))
        tally.all(self._stamps(connection, {(it.epoch, it.size): it for it in found}, given, tally))
        tally.all(self._cosignatures(connection, {(it.epoch, it.size): it for it in found}, given, tally))
        return found

    def strays(self, connection: Connection, size: int, tally: Tally) -> None:
        """Look for checkpoints that can't be of a log with so many entries, and for what is said of none."""
        for epoch, entries in connection.execute(_BEYOND, (self.log, size, list(self.epochs))):
            if entries <= self.kept.get(epoch, entries):  # otherwise an epoch's note has given it up
                tally.found(findings.CheckpointBeyond(log=self.log, epoch=epoch, size=entries))
        for epoch, entries in connection.execute(_MISPLACED, (self.log, list(self.epochs))):
            tally.found(findings.CheckpointMisplaced(log=self.log, epoch=epoch, size=entries))
        for epoch, entries, who in connection.execute(_ALONE, (self.log, self.log)):
            tally.found(findings.AnchorWithoutCheckpoint(log=self.log, epoch=epoch, size=entries, who=who))

    def _about(self, it: Stored) -> dict[str, Any]:
        return {"log": self.log, "epoch": it.epoch, "size": it.size}

    def _signed(self, it: Stored, tally: Tally) -> Iterator[Finding]:
        about = self._about(it)
        try:
            said = Checkpoint.read(it.note)
        except NoteMalformed as malformed:
            yield findings.CheckpointMalformed(**about, why=malformed)
            return
        origin = self.signers.origin(self.log, it.epoch)
        columns = {"origin": said.origin == origin, "size": said.size == it.size, "root": said.root == it.root}
        yield from (findings.CheckpointAltered(**about, what=name) for name, right in columns.items() if not right)
        by = self.signers.signed(said.note, said.origin)
        if not by:
            yield findings.CheckpointForged(**about)
        elif not any(key.in_use(it.at) for key in by):
            yield findings.KeyNotThen(**about, number=by[0].number)
        tally.counts["checkpoints signed by a compromised key"] += bool(by) and all(key.compromised for key in by)

    def _stamps(
        self, connection: Connection, known: Mapping[tuple[int, int], Stored], given: Sequence[Any], tally: Tally
    ) -> Iterator[Finding]:
        for epoch, size, who, token, at in connection.execute(_STAMPS, given, binary=True):
            about = {"log": self.log, "epoch": epoch, "size": size, "who": who}
            tally.counts["time stamps"] += 1
            it = known.get((epoch, size))
            if it is None:  # which is told by `strays`
                continue
            try:
                read = stamp.Stamp.read(bytes(token))
                stamp.check(read, Note.read(it.note).text, size)
                if self.authorities:
                    stamp.lead(read, load_pem_x509_certificates(self.authorities), size)
            except (Broken, DerMalformed, NoteMalformed) as wrong:
                yield findings.StampWrong(**about, why=wrong)
                continue
            if micros(read.time) != at:
                yield findings.StampWrong(**about, why="it tells another time than its column")

    def _cosignatures(
        self, connection: Connection, known: Mapping[tuple[int, int], Stored], given: Sequence[Any], tally: Tally
    ) -> Iterator[Finding]:
        for epoch, size, who, line, at in connection.execute(_COSIGNATURES, given, binary=True):
            about = {"log": self.log, "epoch": epoch, "size": size, "who": who}
            tally.counts["cosignatures"] += 1
            it = known.get((epoch, size))
            if it is not None and (why := self._not_cosigned(it, who, line, at)):
                yield findings.CosignatureWrong(**about, why=why)
            tally.counts["cosignatures whose witness is not known"] += who not in self.witnesses

    def _not_cosigned(self, it: Stored, who: str, line: str, at: int) -> str | None:
        """Return what is wrong with a witness's line; one that is not known can be held to its time alone."""
        try:
            cosigned = Note.read(f"{Note.read(it.note).text}\n{line}\n")
        except NoteMalformed as malformed:
            return str(malformed)
        (found,) = cosigned.lines
        if found.name != who:
            return "it is another witness's"
        known = self.witnesses.get(who)
        if known and known.cosigned(cosigned) is None:
            return "it is not signed by the witness's key"
        seen = int.from_bytes(found.signature[:_TIME], "big") * _SECOND + _1970
        return None if seen == at else "it tells another time than its column"


_WHERE = "WHERE log = %s AND epoch = ANY (%s) AND size > %s AND size <= %s"
_CHECKPOINTS = f"SELECT epoch, size, root, at, note FROM checkpoints {_WHERE} ORDER BY epoch, size"
_STAMPS = f"SELECT epoch, size, authority, token, at FROM stamps {_WHERE}"
_COSIGNATURES = f"SELECT epoch, size, witness, line, at FROM cosignatures {_WHERE}"
_BEYOND = "SELECT epoch, size FROM checkpoints WHERE log = %s AND size > %s AND epoch = ANY (%s) ORDER BY epoch, size"
_MISPLACED = """
    SELECT epoch, size FROM (
        SELECT epoch, size, at, log, lag(at) OVER (ORDER BY epoch, size) AS before FROM checkpoints WHERE log = %s
    ) c WHERE epoch <> ALL (%s) OR size < 0 OR at < before - interval '10 minutes'"""
_ALONE = """
    SELECT epoch, size, who FROM (
        SELECT log, epoch, size, authority AS who FROM stamps
        UNION ALL SELECT log, epoch, size, witness FROM cosignatures
    ) a WHERE log = %s AND NOT EXISTS (
        SELECT FROM checkpoints c WHERE c.log = %s AND c.epoch = a.epoch AND c.size = a.size
    )"""
