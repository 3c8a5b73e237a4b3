"""The notary seals what has its position: trees grow, and their checkpoints are signed and leave the database.

Checkpoints are signed from what is committed, and stand in a file beside the database before anybody is shown them. A
restore that lost something is noticed by that file: it opens a new epoch, whose checkpoints have another origin.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psycopg import Connection

from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.keys.signing import SigningKeys
from domain.ledger.logs import LOGS, Log, fence
from domain.ledger.notes import Checkpoint, CheckpointMalformed, NoteMalformed, signed, text_of
from domain.ledger.publish import publish, replacing
from domain.ledger.tiles import Tiles

_log = logging.getLogger(__name__)


class PublishedDamaged(Fault):
    """The file with the last published checkpoint can't be read. Put a copy of it there, or of a later checkpoint."""


class LogForked(Fault):
    """The ledger does not have what was published of it: it was changed, or another copy of it went on.

    Nothing is signed. Find out which is right: `luotsi verify --ledger`, or the backups. `luotsi epochs --open` goes on
    with what is here, and everybody will see it.
    """


@dataclass(frozen=True)
class Published:
    """The last published checkpoint of each log and the epochs' notes, in files that a restore does not undo."""

    directory: Path

    def of(self, log: Log) -> tuple[int, Checkpoint] | None:
        """Return the epoch and the checkpoint. Raises `PublishedDamaged`."""
        try:
            checkpoint = Checkpoint.read(text_of(self._path(log).read_text(encoding="utf-8")))
            return int(checkpoint.origin.rpartition("/")[2]), checkpoint
        except FileNotFoundError:
            return None
        except (OSError, ValueError, NoteMalformed, CheckpointMalformed) as damaged:
            raise PublishedDamaged(self._path(log)) from damaged

    def put(self, log: Log, note: str) -> None:
        """Keep a checkpoint, on the disk before this returns. Raises `FileUnwritable`."""
        with replacing(self._path(log)) as file:
            file.write(note.encode())

    def note(self, epoch: int) -> str | None:
        """Return the note of an epoch. Raises `PublishedDamaged`."""
        try:
            return self._of_epoch(epoch).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as damaged:
            raise PublishedDamaged(self._of_epoch(epoch)) from damaged

    def put_note(self, epoch: int, note: str) -> None:
        """Keep an epoch's note, unless it is there. Raises `FileUnwritable`."""
        publish(self._of_epoch(epoch), note.encode())

    def _path(self, log: Log) -> Path:
        return self.directory / f"{log.name}.checkpoint"

    def _of_epoch(self, epoch: int) -> Path:
        return self.directory / f"epoch-{epoch}.note"


@dataclass(frozen=True)
class Notary:
    """Seals a region's logs, for whoever is elected to. Another that goes on in its place does the same."""

    region: Region
    keys: SigningKeys
    published: Published

    def take_over(self, connection: Connection) -> None:
        """Make sure that what was published is there, before anything gets a position; if not, open a new epoch.

        Raises `LogForked`, `PublishedDamaged`, `FileUnwritable`, and what the keys raise.
        """
        epoch = epoch_of(connection)
        for number, note in connection.execute("SELECT epoch, note FROM epochs").fetchall():
            self.published.put_note(number, note)
        gone = [of for log in LOGS if (of := self._gone(connection, log, epoch)) is not None]
        if gone:
            self.open_epoch(connection, max(gone) + 1)

    def _gone(self, connection: Connection, log: Log, epoch: int) -> int | None:
        """Return the epoch in which more of a log was published than is here; None where all of it is."""
        published = self.published.of(log)
        if published is None or published[0] < epoch:
            return None
        of, checkpoint = published
        tree = Tiles(connection, log.name)
        if checkpoint.size > tree.size:  # what has its position may have been published: no more than that is placed
            tree = log.catch_up(connection, self.region.name)
        if of > epoch or checkpoint.size > tree.size:
            return of
        _goes_on_from(checkpoint, tree)
        return None

    def seal(self, connection: Connection) -> int:
        """Let the trees grow and sign a checkpoint of each log that has grown; return of how many.

        Events come first, so that nothing about reads keeps them from being sealed. Raises `LogForked`,
        `PublishedDamaged`, `FileUnwritable`, `ReadMissing`, and what the keys raise.
        """
        return sum(self._seal(connection, log) for log in LOGS)

    def _seal(self, connection: Connection, log: Log) -> bool:
        while log.place(connection):
            log.catch_up(connection, self.region.name)
        log.catch_up(connection, self.region.name)
        return self._sign(connection, log)

    def open_epoch(self, connection: Connection, epoch: int, *, forked: bool = False) -> None:
        """Begin an epoch: tell in a signed note what the one before had published, and how much of it is kept.

        Epochs of which the restored ledger does not know are not forgotten: their notes are taken up, and it is the one
        after them. With `forked` the logs went on in another way than they were published, and nothing counts as kept.
        """
        name, opened = f"luotsi/{self.region.name}/epochs", datetime.now(UTC)
        with connection.transaction():
            before = fence(connection)
            if before >= epoch:
                return  # another was first
            undone = self._take_up(connection, before)
            epoch = max(epoch, before + len(undone) + 1)
            told = [self._told(log, Tiles(connection, log.name), before, undone, forked) for log in LOGS]
            text = "".join(f"{line}\n" for line in (name, epoch, f"{opened:%Y-%m-%dT%H:%M:%SZ}", *told))
            note = signed(text, [self.keys.signer(connection, name)])
            self.published.put_note(epoch, note)
            connection.execute(_EPOCH, (epoch, opened, note))
            connection.execute("UPDATE log_state SET epoch = %s", (epoch,))
        _log.error("what was published is not all here: epoch %d begins, and cursors of before are over", epoch)

    def _take_up(self, connection: Connection, epoch: int) -> list[str]:
        """Let the ledger have the notes of the epochs after this one, which a restore has undone; return them."""
        notes = list[str]()
        while (note := self.published.note(epoch + len(notes) + 1)) is not None:
            notes.append(note)
            connection.execute(_EPOCH, (epoch + len(notes), _opened(note), note))
        return notes

    def _told(self, log: Log, tree: Tiles, epoch: int, undone: Sequence[str], forked: bool) -> str:
        """Return the line that says how much is kept of a log, and what was published of it.

        Of what an epoch had published that was undone, it is as much as each since the ledger's own had kept.
        """
        published = self.published.of(log)
        if published is None:
            return f"{log.name} {tree.size} none"
        of, checkpoint = published
        kept = min(tree.size, checkpoint.size)
        if of > epoch and tree.root(kept) != checkpoint.root:
            since = [kept_by(it, log) for it in undone[: of - epoch]]
            kept = min(kept, *since) if len(since) == of - epoch else 0  # or nobody knows where they parted
        if forked:
            kept = 0
        return f"{log.name} {kept} {base64.b64encode(checkpoint.text.encode()).decode()}"

    def _sign(self, connection: Connection, log: Log) -> bool:
        """Sign and publish a log as it is committed, unless that was done before. One at a time does it.

        The file may be older than the ledger: of a copy that was restored, or of who slept while another published. So
        it is written anew, lest the next restore go by it and an epoch sign two trees of one size.
        """
        with connection.transaction():
            epoch = fence(connection)
            tree, published = Tiles(connection, log.name), self.published.of(log)
            if published and published[0] == epoch:
                _goes_on_from(published[1], tree)
            as_published = published and (published[0], published[1].size)
            if as_published == (epoch, tree.size) == _last(connection, log):
                return False
            checkpoint = Checkpoint(log.origin(self.region.name, epoch), tree.size, tree.root())
            note = signed(checkpoint.text, [self.keys.signer(connection, checkpoint.origin)])
            self.published.put(log, note)  # first: what anybody was shown is known there, whatever a restore loses
            connection.execute(_CHECKPOINT, (log.name, epoch, tree.size, checkpoint.root, note))
        return True


def epoch_of(connection: Connection) -> int:
    """Return the epoch that runs."""
    (epoch,) = connection.execute("SELECT epoch FROM log_state").fetchone() or (1,)
    return int(epoch)


def _opened(note: str) -> datetime:
    return datetime.fromisoformat(text_of(note).splitlines()[2])


def kept_by(note: str, log: Log) -> int:
    """Return how much of a log an epoch's note says that it has kept."""
    lines = (line.split(" ") for line in text_of(note).splitlines()[3:])
    return next(int(kept) for name, kept, _ in lines if name == log.name)


def _goes_on_from(checkpoint: Checkpoint, tree: Tiles) -> None:
    """Make sure that a tree has all that was published of it. Raises `LogForked`."""
    if checkpoint.size > tree.size or tree.root(checkpoint.size) != checkpoint.root:
        raise LogForked(checkpoint.origin, checkpoint.size)


def _last(connection: Connection, log: Log) -> tuple[int, int] | None:
    return connection.execute(_LAST, (log.name,)).fetchone()


_EPOCH = "INSERT INTO epochs (epoch, opened, note) VALUES (%s, %s, %s)"
_LAST = "SELECT epoch, size FROM checkpoints WHERE log = %s ORDER BY epoch DESC, size DESC LIMIT 1"
_CHECKPOINT = """
    INSERT INTO checkpoints (log, epoch, size, root, note) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
