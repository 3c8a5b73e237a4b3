"""What can be wrong with a bundle: a class a fault, whose docstring is its message.

A name in braces stands for a fact of the fault. `Broken` is a lie or a gap that was found, and the check goes on;
`Unreadable` ends it.
"""

from __future__ import annotations

import re
from typing import Any


class Fault(Exception):
    """Something is wrong."""

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        self.facts = facts

    def __str__(self) -> str:
        return " ".join((type(self).__doc__ or "").split()).format(**self.facts)

    @classmethod
    def kind(cls) -> str:
        """Return its name for programs: `EventAltered` is "event-altered"."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class Broken(Fault):
    """The bundle does not hold together."""


class Unreadable(Fault):
    """It can't be checked."""


# The file


class NotThere(Unreadable):
    """The file can't be read: {why}."""


class NotAZip(Unreadable):
    """This is no zip file."""


class CutShort(Unreadable):
    """The file was cut short: a zip file ends with a directory, and this one has none. Get the bundle anew."""


class Padded(Unreadable):
    """The file has {count} bytes more than the zip file in it, {where}: something was added to it."""


class NoBundle(Unreadable):
    """The zip file does not hold what a bundle holds: {why}."""


class MemberTwice(Unreadable):
    """{name} is in the zip file twice: readers would differ about which one counts."""


class MemberOutside(Unreadable):
    """{name} in the zip file is a path: unpacked, it would land somewhere else."""


class MemberStrange(Unreadable):
    """{name} is in the zip file and in no bundle."""


class MemberMissing(Unreadable):
    """{name} is missing from the zip file."""


class MembersOutOfOrder(Unreadable):
    """The files in the zip file are not in a bundle's order: {found}."""


class Encrypted(Unreadable):
    """{name} in the zip file is encrypted: a bundle never is."""


class ZipTrick(Unreadable):
    """{name} is packed in a way that no bundle is: {why}."""


class HeadersDiffer(Unreadable):
    """The zip file says two things of {name}, in its directory and in front of its data: {what}."""


class TooLarge(Unreadable):
    """{name} is too large to be part of a bundle: {length} bytes."""


class Bomb(Unreadable):
    """{name} unpacks to more than the {length} bytes that the zip file says."""


class Damaged(Unreadable):
    """{name} can't be unpacked: {why}."""


class LineMalformed(Unreadable):
    """{where} can't be read: {why}."""


class FormatUnknown(Unreadable):
    """This is a bundle of another format, {format!r}: verify it with a newer release."""


class OptionMalformed(Unreadable):
    """{option} can't be used: {why}."""


class FileAltered(Broken):
    """{name} is not the file that the manifest names: its length or its SHA-256 is another."""


class ManifestDiffers(Broken):
    """The manifest says {said}, and the bundle has {found}."""


# Keys


class KeyNoteMalformed(Broken):
    """Key note {number} is not what a key note is: {why}."""


class KeyNoteForged(Broken):
    """Key note {number} is not signed by its own key."""


class KeyChainBroken(Broken):
    """Key note {number} does not follow the one before it: {why}."""


class KeyMissing(Broken):
    """The checkpoint of {size} events is signed by no key that the bundle has: the signing key's note is missing."""


class SignatureForged(Broken):
    """The signature on the checkpoint of {size} events is not by the key that it names: one was altered."""


class KeyWrong(Broken):
    """The checkpoint of {size} events is signed by key {number}, which is none that you gave and belongs with none.

    Ask the region, in another way than by this bundle, for the keys of that time.
    """


class KeyCompromised(Broken):
    """Key {number} was compromised, so whoever stole it could have signed this: {what}.

    Ask the region, in another way than by this bundle, for the key that took its place, and for a newer bundle.
    """


# Checkpoints


class CheckpointMalformed(Unreadable):
    """Line {line} of the checkpoints is no checkpoint: {why}."""


class CheckpointOfAnotherLog(Broken):
    """The checkpoint of {size} entries is of another log: its origin is {origin}, and not {expected}."""


class CheckpointOfAnotherTree(Broken):
    """The checkpoint is of another tree: its root is {root}, and the proofs lead to {other}."""


class CheckpointNotKept(Broken):
    """The checkpoint of {size} events is of epoch {before}, of which a restore has kept {kept} events and no more.

    The region says so itself, in the signed note of epoch {epoch}: this log does not continue that checkpoint.
    """


class CheckpointsOutOfOrder(Broken):
    """The checkpoint of {size} events does not come after a greater one, as it should."""


class LogForked(Broken):
    """The log was forked: of {size} events there are two signed checkpoints, with the roots {root} and {other}.

    Keep both: together they prove that whoever has the key showed different people different histories.
    """


class LogRewritten(Broken):
    """The log was rewritten: its checkpoint of {size} events does not continue that of {earlier} events.

    The roots are {root} and {earlier_root}.
    """


class KnownCheckpointOfAnotherLog(Broken):
    """The checkpoint that you kept is of another log, {origin}: this bundle's is {expected}."""


class KnownCheckpointForeign(Broken):
    """The checkpoint that you kept is signed by none of the bundle's keys."""


class CheckpointStale(Broken):
    """The bundle is older than what you know: its checkpoint has {size} events, the one that you kept {known}.

    Ask for a newer bundle: `luotsi export CASE -o case.zip --known-checkpoint FILE`.
    """


class KnownCheckpointMissing(Broken):
    """The bundle has no proof that its log continues the checkpoint of {size} events that you kept.

    Ask for one that has: `luotsi export CASE -o case.zip --known-checkpoint FILE`.
    """


class KnownEventsLost(Broken):
    """The checkpoint that you kept has {known} events, and a restore has lost those after {kept}.

    The region says so itself, in the signed note of epoch {epoch}: ask it what was lost.
    """


class EpochNoteWrong(Broken):
    """The note of epoch {epoch} is not what it should be: {why}."""


class EpochNoteMissing(Broken):
    """The log is in epoch {epoch}, and the bundle has no note that tells how that began."""


# Times


class StampMalformed(Broken):
    """The time stamp of the checkpoint of {size} events can't be read: {why}."""


class StampOfSomethingElse(Broken):
    """The time stamp does not stamp the checkpoint of {size} events: it is of something else."""


class StampForged(Broken):
    """The time stamp of the checkpoint of {size} events is not what its authority signed: {why}."""


class StampUnfit(Broken):
    """The time stamp of the checkpoint of {size} events is signed with a certificate that may not stamp: {why}."""


class StampAuthorityWrong(Broken):
    """The time stamp of the checkpoint of {size} events does not lead to the authority that you gave: {why}."""


class NotStamped(Broken):
    """No checkpoint in the bundle has a time stamp that leads to the authority that you gave."""


class CosignatureForged(Broken):
    """The cosignature of {witness} on the checkpoint of {size} events is not by that witness."""


class NotCosigned(Broken):
    """The witness {witness} has cosigned no checkpoint in the bundle."""


class Backdated(Broken):
    """Version {version} was back-dated: it says {recorded}, and the one before it was recorded at {before}."""


class BackdatedAgainstCheckpoint(Broken):
    """Version {version} was back-dated: it says {recorded}, and at {time} the log of {size} events did not have it.

    That is the time by {by}.
    """


class Postdated(Broken):
    """Version {version} was post-dated: it says {recorded}, and at {time} the log of {size} events had it already.

    That is the time by {by}.
    """


# Events


class EventAltered(Broken):
    """Version {version} was altered: its document does not give the hash that the log has."""


class EventMissing(Broken):
    """Version {version} is missing."""


class EventsExchanged(Broken):
    """Versions {version} and {other} were exchanged."""


class EventTwice(Broken):
    """Version {version} is in the bundle twice."""


class EventInserted(Broken):
    """Version {version} was inserted: the log does not have it, and without it the events after it fit."""


class EventNotInLog(Broken):
    """Version {version} is not in the log: its proof leads to {root} and not to the checkpoint's root."""


class EventOfAnotherCase(Broken):
    """Version {version} is an event of another case: the log has it, and it does not belong here."""


class CaseOfAnother(Broken):
    """The events are in the log, and they are another case's: none of them belongs to {case}."""


class CaseRewritten(Broken):
    """The whole case was rewritten: its events fit one another, and the log has none of them."""


class EventUnreadable(Broken):
    """Version {version} can't be read as an event: {why}."""


class PositionsFalling(Broken):
    """Version {version} has position {position} in the log, which is not after that of the version before it."""


class PositionOutside(Broken):
    """Version {version} has position {position} in the log, and the checkpoint has {size} events."""


class NothingProven(Unreadable):
    """No event is both shown and in the log, so nothing of the history is proven. Ask for a newer bundle."""


class PositionMissing(Broken):
    """Version {version} has no position in the log, and a later one has: it would have been logged first."""


class ProofWithoutPosition(Broken):
    """Version {version} has a proof that the log has it, and no position there."""


# Heads


class HeadsForged(Broken):
    """The sealed heads are not in the log: {why}."""


class HeadsWrong(Broken):
    """The sealed heads do not have this case as the bundle says: {why}."""


class HistoryCutOff(Broken):
    """The end of the history was cut off: on {day} {sealed} versions of the case were sealed, and {found} are here."""


class HeadDiffers(Broken):
    """Version {version} is not the event that was sealed on {day} as the case's last one."""


class HeadsHidden(Broken):
    """The bundle says that the case began after the heads of {day} were sealed, and version 1 was in the log before."""


class HeadsBehind(Broken):
    """The sealing of {day} has version {sealed} as the case's last one, and version {version} was in the log before."""


# Words


class WordsExchanged(Broken):
    """Words were exchanged: those given for version {version} are those of version {other}."""


class WordsAltered(Broken):
    """The words of version {version} are not those that were written: their ciphertext is not the event's."""


class KeyOpensAnother(Broken):
    """The key given for the words of version {version} is not theirs: it opens another entry."""


class WordsNotOpening(Broken):
    """The words of version {version} do not open: {why}."""


class WordsWithoutEvent(Broken):
    """There are words for version {version}, of which the bundle says that they are not opened."""


class WordsMissing(Broken):
    """The bundle says that the words of version {version} are opened, and does not have them."""


class ClaimWrong(Broken):
    """Of version {version} the bundle says that {claim}, and {fact}."""
