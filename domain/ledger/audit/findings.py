"""What can be wrong with a ledger: a class a fault, whose docstring is its message. A name in braces is a fact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from verifier.report import printable

MOST = 20
"""How many of a kind are told one by one; the others are counted."""


class Finding:
    """Something is wrong."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts

    def __str__(self) -> str:
        """Return the docstring on one line, with the facts."""
        return printable(" ".join((type(self).__doc__ or "").split()).format(**self.facts))

    @classmethod
    def kind(cls) -> str:
        """Return its name for programs: `EventAltered` is "event-altered"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


@dataclass
class Tally:
    """What was counted and what was found, of each kind of fault no more than `MOST` in full."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    told: list[Finding] = field(default_factory=list)

    def found(self, finding: Finding, times: int = 1) -> None:
        """Note a fault, or as many of its kind."""
        self.faults[finding.kind()] += times
        if self.faults[finding.kind()] - times < MOST:
            self.told.append(finding)

    def all(self, findings: Iterable[Finding]) -> None:
        """Note several faults."""
        for it in findings:
            self.found(it)

    def add(self, other: Tally) -> None:
        """Take in what another part of the work found."""
        self.counts += other.counts
        for it in other.told:
            if sum(mine.kind() == it.kind() for mine in self.told) < MOST:
                self.told.append(it)
        self.faults += other.faults

    def untold(self) -> Iterator[tuple[str, int]]:
        """Yield the kinds of which there are more than are told, and how many more."""
        told = Counter(it.kind() for it in self.told)
        yield from ((kind, count - told[kind]) for kind, count in self.faults.items() if count > told[kind])


# Streams


class EventMissing(Finding):
    """Version {version} of stream {stream} is missing: there are later ones."""


class EventTwice(Finding):
    """Version {version} of stream {stream} stands there twice."""


class EventAltered(Finding):
    """Version {version} of stream {stream} was altered, or the one before it: its hash is not over the two."""


class EventUnreadable(Finding):
    """Version {version} of stream {stream} is no stored event: {why}."""


class ColumnAltered(Finding):
    """The column {column} of version {version} of stream {stream} does not say what its bytes say."""


class BackDated(Finding):
    """Version {version} of stream {stream} says that it was recorded before {before}."""


class WordsAltered(Finding):
    """The words of version {version} of stream {stream} are not those whose digest its event has."""


class WordsAdded(Finding):
    """Version {version} of stream {stream} has words beside it, and none by its event."""


class WordsMissing(Finding):
    """The words of version {version} of stream {stream} are gone, and no event destroyed them."""


class WordsKept(Finding):
    """The words of version {version} of stream {stream} are there, and an event says that they were destroyed."""


class WordsWithoutEvent(Finding):
    """There are words for version {version} of stream {stream}, and no such event."""


class KeyGone(Finding):
    """The key of stream {stream} is gone, and no event erased its words: nobody can read them."""


class KeyKept(Finding):
    """The key of stream {stream} is there, and an event says that its words were erased."""


class KeyWithoutStream(Finding):
    """There is a key for stream {stream}, of which there is no event."""


class ClientGone(Finding):
    """Nothing says whose case {stream} is, and no event erased that."""


class ClientKept(Finding):
    """It still stands whose case {stream} was, and an event says that this was erased."""


class ClientWithoutCase(Finding):
    """There is a client for case {stream}, of which there is no event."""


class ReceiptWrong(Finding):
    """The receipt of command {command} names version {version} of stream {stream}, which is not of that command."""


class BereftWrong(Finding):
    """Client {stream} is noted as having no case left, and that is not so."""


# The sequence


class PositionMissing(Finding):
    """Position {position} of the log is missing: an event is gone from its order."""


class PositionWithoutEvent(Finding):
    """Position {position} of the log is that of version {version} of stream {stream}, and there is no such event."""


class EventWithoutPosition(Finding):
    """Version {version} of stream {stream} has no position in the log and waits for none."""


class EventWaitsTwice(Finding):
    """Version {version} of stream {stream} waits for a position that it has."""


class OutOfOrder(Finding):
    """Version {version} of stream {stream} stands in the log before the version that it follows."""


class OutboxWithoutEvent(Finding):
    """Version {version} of stream {stream} waits for its position, and there is no such event."""


class OutboxAltered(Finding):
    """Version {version} of stream {stream} waits since another time than it was recorded at."""


class StateAltered(Finding):
    """{table} says {says}, and what it is about says {found}."""


# Trees


class EntryAltered(Finding):
    """Entry {position} of the log of {log} is not what its tree has: it was altered, or another took its place."""


class TileMissing(Finding):
    """The tree of {log} lacks tile {place} of level {level}."""


class TileAltered(Finding):
    """Tile {place} of level {level} of the tree of {log} is not over what is below it."""


class TileStray(Finding):
    """Tile {place} of level {level} of the tree of {log} lies beyond the tree's end."""


class TreeBehind(Finding):
    """The tree of {log} has {size} entries, and the log has only {entries}: some are gone."""


class ReadMissing(Finding):
    """The read at position {position} of the log of reads is gone."""


class ReadPositionMissing(Finding):
    """Position {position} of the log of reads is missing."""


class ReadBackDated(Finding):
    """The read at position {position} of the log of reads says that it was long before those that came before it."""


class ReadsDroppedEarly(Finding):
    """The log of reads of {month} is gone, and it has to be kept for {years} years."""


class ReadAdded(Finding):
    """There are reads up to {at} without a position, though later ones had theirs long ago: they came in afterwards."""


# Checkpoints


class CheckpointMalformed(Finding):
    """The checkpoint of {size} entries of the log of {log}, epoch {epoch}, can't be read: {why}."""


class CheckpointAltered(Finding):
    """The checkpoint of {size} entries of the log of {log}, epoch {epoch}, is not what its columns say: {what}."""


class CheckpointForged(Finding):
    """The checkpoint of {size} entries of the log of {log}, epoch {epoch}, is signed by no key of this region."""


class KeyNotThen(Finding):
    """The checkpoint of {size} entries of the log of {log}, epoch {epoch}, is signed by key {number}, which was not in use then."""  # noqa: E501


class RootDiffers(Finding):
    """The log of {log} is not the one that was sealed: its first {size} entries have another root than the checkpoint, epoch {epoch}."""  # noqa: E501


class CheckpointBeyond(Finding):
    """The checkpoint of {size} entries of the log of {log}, epoch {epoch}, has more: the end of the log was cut off."""


class CheckpointMisplaced(Finding):
    """The checkpoint of {size} entries of the log of {log} is of no epoch, {epoch}, or older than one before it."""


class CheckpointMissing(Finding):
    """The checkpoint of {size} entries of the log of {log}, epoch {epoch}, was published, and is gone."""


class PublishedForked(Finding):
    """The {size} entries that were published of the log of {log} are not its first ones: one of the two was changed."""


class PublishedBeyond(Finding):
    """Of the log of {log} {size} entries were published, and it has {entries}: its end was cut off."""


class KnownForked(Finding):
    """The log of {log} does not go on from the known checkpoint {name}: its first {size} entries have another root."""


class KnownBeyond(Finding):
    """The known checkpoint {name} has {size} entries, and the log of {log} has {entries}: its end was cut off."""


class KnownOfAnother(Finding):
    """The known checkpoint {name} is of {origin!r}, which is no log of this region."""


class KnownForged(Finding):
    """The known checkpoint {name} is signed by no key of this region."""


class EpochMissing(Finding):
    """The known checkpoint {name} is of epoch {epoch} of the log of {log}, which the ledger does not know."""


class KnownGivenUp(Finding):
    """Of the known checkpoint {name} with {size} entries epoch {epoch} kept {kept}: ask what became of the others."""


class StampWrong(Finding):
    """The stamp of {who} on the checkpoint of {size} entries of the log of {log}, epoch {epoch}, is wrong: {why}."""


class CosignatureWrong(Finding):
    """The cosignature of {who} on the checkpoint of {size} entries of the log of {log}, epoch {epoch}, is wrong: {why}."""  # noqa: E501


class AnchorWithoutCheckpoint(Finding):
    """{who} has vouched for a checkpoint of {size} entries of the log of {log}, epoch {epoch}, which is gone."""


# Heads


class HeadsDiffer(Finding):
    """The heads of the streams as sealed on {day} are not those that the log has: an event was cut off, or changed."""


class HeadsOutOfOrder(Finding):
    """The heads sealed by version {version} are of a day or of so many events that it can't be."""


class HeadAltered(Finding):
    """The table of heads names another version of stream {stream} than the log has."""


class HeadsTreeAltered(Finding):
    """The tree of the heads is not the one whose root was sealed on {day}."""


# Keys and epochs


class KeyNoteWrong(Finding):
    """The note of signing key {number} does not hold: {why}."""


class KeyStateAltered(Finding):
    """What the ledger says of signing key {number} is not what the key notes say: {what}."""


class KeyUnknown(Finding):
    """No key that you gave is this region's: what its keys have signed is vouched for by nobody that you trust."""


class KeyNotVouched(Finding):
    """The key that signs now, {number}, belongs with none that you gave: have it handed over in another way."""


class NotCosigned(Finding):
    """The witness {who} has cosigned no checkpoint of the events: its cosignatures were taken away, or never there."""


class NotStamped(Finding):
    """No checkpoint of the events is stamped by an authority that you gave: stamps were taken away, or never there."""


class EpochNoteWrong(Finding):
    """The note of epoch {epoch} does not hold: {why}."""


# The database


class PrivilegeAdded(Finding):
    """The service's role may {privilege} on {table}: it could change what is only ever added to."""


class PrivilegeRole(Finding):
    """The service's role {what}: nothing holds it back."""


class FunctionAltered(Finding):
    """The function {name} is not as the migrations made it: it may do what no event says."""


class TriggerAdded(Finding):
    """There is a {what} on {table}: what is written is not what is kept."""


class MigrationAltered(Finding):
    """The migration {name} is not the one that was applied here."""


# What can be read


class ProjectionAltered(Finding):
    """The rows of {projection} of {stream} are not what its events say: {what}."""


class ProjectionsUnreadable(Finding):
    """The rows of the projections hold what can't be read, so that none of them was compared: {why}."""


class ProjectionAside(Finding):
    """{stream} can't be folded by this release: its rows were not compared."""


class ProjectedWithoutStream(Finding):
    """{stream} is said to be projected, and there is no event of it."""
