"""The keys that sign a region's logs: made, used one at a time, rotated and given up.

    a key is made → a note says so, signed by it and the key before → the note is published beside the keys →
    the table has it → the private key before is destroyed

Each step can be cut short: whoever comes next goes on from the note, and destroys a key for which there is none. As
notes stand outside the database too, a restored backup does not bring back as current a key that is destroyed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from domain.ledger.fault import Fault
from domain.ledger.keys.kept import Kept
from domain.ledger.keys.keynote import Before, KeyNote, name_of
from domain.ledger.keys.seal import KekMissing, KekUnreadable, KeysUnavailable, provider_of
from domain.ledger.notes import Signer
from domain.ledger.publish import publish

_ENDING = ".signing"
_log = logging.getLogger(__name__)


class SigningUnavailable(Fault):
    """The key that signs the logs can't be had now. See what the log says, and try again."""


class SigningKeyNotMade(SigningUnavailable):
    """The region has no key that signs its logs yet. Run `luotsi migrate`."""


class SigningKeyMissing(SigningUnavailable):
    """The private key that signs the logs is not there. After a restore of the database: luotsi migrate. Else restore it from its copy; if there is none: luotsi keys rotate --signing --compromised."""  # noqa: E501


class SigningKeyWrong(SigningUnavailable):
    """The file of the private key that signs the logs is damaged, another key's, or others may read it. Restore it from its copy; if there is none: luotsi keys rotate --signing --compromised."""  # noqa: E501


class KeyNoteWrong(SigningUnavailable):
    """A key note beside the keys is damaged, or not of this ledger. Restore it, or use the ledger's own directory."""


class SigningKeyChanged(Fault):
    """Another process has just changed the signing key. See `luotsi keys status` whether to change it once more."""


@dataclass(frozen=True)
class SigningKey:
    """A signing key as the ledger knows it. `compromised`: it was retired because somebody else had it, or might."""

    number: int
    public: bytes
    made: datetime
    retired: datetime | None
    compromised: bool
    note: str


class SigningKeys:
    """The keys that sign a region's logs: private ones under `directory`, public ones in the database.

    Its methods take a connection of the service or of the owner. Safe between threads and processes.
    """

    def __init__(self, directory: Path, region: str, provider: str = "file") -> None:
        """Raise `ProviderWrong` if there is no such provider."""
        self.region = region
        self.kept = Kept(directory / region, provider_of(provider), _ENDING)
        self._at_hand: tuple[bytes, Ed25519PrivateKey] | None = None

    @property
    def name(self) -> str:
        """The name under which key notes are signed."""
        return name_of(self.region)

    def signer(self, connection: Connection, name: str) -> Signer:
        """Return the current key, to sign under this name. In a transaction it stays current until that ends.

        Raises a `SigningUnavailable`, and what the provider raises.
        """
        connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", (self._office,))
        current = self._current(connection)
        if current is None:
            raise SigningKeyNotMade
        at_hand = self._at_hand
        if at_hand is None or at_hand[0] != current.public:
            at_hand = self._at_hand = (current.public, self._private(current.public))
        return Signer(name, at_hand[1])

    def all(self, connection: Connection) -> list[SigningKey]:
        """Return all signing keys that there ever were, the oldest first."""
        return [SigningKey(*row) for row in connection.execute(_ALL).fetchall()]

    def notes(self, connection: Connection) -> list[str]:
        """Return the note of each signing key, the oldest first."""
        return [it.note for it in self.all(connection)]

    def go_on(self, connection: Connection) -> None:
        """Finish what was cut short, or undone by a restore. Raises `KeyNoteWrong`."""
        with self._alone(connection):
            self._take_up(connection)
        self._tidy(connection)

    def begin(self, connection: Connection) -> bool:
        """Make the first key of a region that has none, and say whether it was made here; or go on.

        Raises `KeyNoteWrong`, `FileUnwritable`, and what the provider raises.
        """
        with self._alone(connection):
            self._take_up(connection)
            made = self._current(connection) is None
            if made:
                self._add(connection, None, Before.NONE)
        self._tidy(connection)
        return made

    def rotate(self, connection: Connection, *, compromised: bool = False) -> SigningKey:
        """Change the signing key, destroy the private key before, and return the new one; or finish what was cut short.

        With `compromised` the key before does not vouch for the new one, nor does it have to be there. The connection
        is in no transaction. Raises a `SigningUnavailable`, `SigningKeyChanged`, `FileUnwritable`, and what the
        provider raises.
        """
        seen = self._current(connection)
        with self._alone(connection):
            before = self._current(connection)
            if before != seen:
                raise SigningKeyChanged
            taken_up = self._take_up(connection)
            before = self._current(connection)
            if before is None:
                raise SigningKeyNotMade
            if not taken_up or (compromised and taken_up[-1].before is not Before.COMPROMISED):
                self._add(connection, before, Before.COMPROMISED if compromised else Before.RETIRED)
            (current,) = (it for it in self.all(connection) if not it.retired)
        self._destroy_others(connection)
        return current

    @property
    def _office(self) -> str:
        return f"luotsi signing {self.region}"

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[None]:
        """Wait until nobody signs, and let nobody sign or change the keys until this is committed."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (self._office,))
            yield

    def _current(self, connection: Connection) -> SigningKey | None:
        return next((it for it in self.all(connection) if not it.retired), None)

    def _add(self, connection: Connection, before: SigningKey | None, became: Before) -> None:
        """Make a key, publish its note, and let the table have it."""
        vouching = [self._private(before.public)] if before and became is Before.RETIRED else []
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        self.kept.put(_kept_as(public), key.private_bytes_raw())
        self._private(public)  # or what seals it does not open it again
        (made,) = connection.execute(_MADE).fetchone() or (None,)
        it = KeyNote(
            self.region, before.number + 1 if before else 1, public, made, became, before.public if before else None
        )
        note = it.signed(key, *vouching)
        publish(self._note(it.number), note.encode())
        self._enter(connection, it, note)

    def _enter(self, connection: Connection, it: KeyNote, note: str) -> None:
        if it.before is not Before.NONE:
            retired = it.number - 1, it.made, it.before is Before.COMPROMISED
            connection.execute("SELECT retire_signing_key(%s, %s, %s)", retired)
        connection.execute(_ENTER, (it.number, it.public, it.made, note))

    def _take_up(self, connection: Connection) -> list[KeyNote]:
        """Let the table have the notes that were published and that it has not; return them. Raises `KeyNoteWrong`."""
        known, taken = self.all(connection), list[KeyNote]()
        for it in known:
            if self._published(it.number) not in (None, it.note):
                raise KeyNoteWrong(self._note(it.number))
        number, public = (known[-1].number, known[-1].public) if known else (0, None)
        while (note := self._published(number + 1)) is not None:
            number += 1
            read = self._read(number, note, public)
            self._enter(connection, read, note)
            taken.append(read)
            public = read.public
        return taken

    def _read(self, number: int, note: str, previous: bytes | None) -> KeyNote:
        try:
            read = KeyNote.read(self.region, note, previous)
        except Fault as wrong:
            raise KeyNoteWrong(self._note(number)) from wrong
        if read.number != number:
            raise KeyNoteWrong(self._note(number))
        return read

    def _tidy(self, connection: Connection) -> None:
        try:
            self._destroy_others(connection)
        except (KeysUnavailable, OSError) as failed:  # the next who comes tries again
            _log.error("a signing key that is retired could not be destroyed: %s", failed)

    def _destroy_others(self, connection: Connection) -> None:
        """Destroy the private keys that are retired, and those that nobody came to use."""
        with self._alone(connection):
            current = self._current(connection)
            if current is None or self._published(current.number + 1) is not None:
                return  # somebody was cut short just now: who goes on does it
            stays = self.kept.path(_kept_as(current.public))
            if stays.exists():  # else this is not the place, or one of the others is all there is left
                for path in self.kept.directory.glob(f"{'?' * 36}{_ENDING}"):
                    if path != stays:
                        self.kept.destroy(UUID(path.stem))

    def _private(self, public: bytes) -> Ed25519PrivateKey:
        path = self.kept.path(_kept_as(public))
        try:
            key = Ed25519PrivateKey.from_private_bytes(self.kept.open(_kept_as(public)))
        except KekMissing as missing:
            raise SigningKeyMissing(path) from missing
        except KekUnreadable as unreadable:
            raise SigningKeyWrong(path) from unreadable
        if key.public_key().public_bytes_raw() != public:
            raise SigningKeyWrong(path)
        return key

    def _note(self, number: int) -> Path:
        return self.kept.directory / f"signing-{number}.note"

    def _published(self, number: int) -> str | None:
        """Return a note as it stands beside the keys, if it does."""
        path = self._note(number)
        try:
            return path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as unreadable:
            raise KeyNoteWrong(path) from unreadable


def _kept_as(public: bytes) -> UUID:
    """Return under which id a private key is kept and sealed: nobody else's, and told by the public key."""
    return UUID(bytes=hashlib.sha256(b"luotsi-signing-1" + public).digest()[:16], version=4)


_ALL = "SELECT number, public, made, retired, compromised, note FROM signing_keys ORDER BY number"
_ENTER = "INSERT INTO signing_keys (number, public, made, note) VALUES (%s, %s, %s, %s)"
_MADE = "SELECT greatest(clock_timestamp(), max(made)) FROM signing_keys"
"""Never before the key before, whatever the clock says."""
