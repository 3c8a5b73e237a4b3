"""The register of erasures: it stands outside the database, so that a restored backup brings back no words.

One line of JSON an erasure, and no personal data. A line is on the disk before its erasure is acknowledged. Whoever
opens the ledger compares the two first: what the register lacks is added to it, and what it says is destroyed is
destroyed again where a backup has brought it back.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from psycopg import Connection

from domain.client import Client
from domain.decider import Actor, Recorded, Role, WordsErased
from domain.erasure import CasesRemain, EraseClientData, PersonalDataErased, ReplayErasure
from domain.ledger.drafts import ask
from domain.ledger.fault import Fault
from domain.ledger.mapper import decoded
from domain.remembered import Basis

if TYPE_CHECKING:
    from domain.ledger.application import Cases

ACTOR = Actor("register", Role.SYSTEM)
_TAIL = 4096
_log = logging.getLogger(__name__)


class RegisterDamaged(Fault):
    """The register of erasures, or a line of it, can't be read, so nobody knows what was erased. Restore it."""


class RegisterUnwritable(Fault):
    """The words were destroyed, but the register of erasures can't be written. Mend that before any backup is used."""


class Erasure(msgspec.Struct, frozen=True):
    """One line: the words of this stream were destroyed, by the event with this version and by this command."""

    region: str
    stream: UUID
    version: int
    topic: str
    basis: Basis
    command: UUID
    at: datetime


def erasure_of(region: str, it: Recorded) -> Erasure:
    """Return the line for an event that erases its stream's words."""
    basis = it.event.basis if isinstance(it.event, PersonalDataErased) else "retention_ended"
    return Erasure(region, it.stream, it.version, it.event.topic, basis, it.context.command, it.context.recorded)


class Register:
    """The file of one or several regions' erasures. Processes take turns to write it; lines are only ever added.

    A last line that was cut short was never acknowledged: it is taken away, and added anew from the ledger.
    """

    def __init__(self, path: Path, region: str) -> None:
        self.path = path
        self.region = region
        self._lock = threading.Lock()
        self._known: dict[UUID, Erasure] = {}
        self._read: tuple[int, int] = (0, 0)
        """Which file was read, by its number, and how far."""

    def erasures(self) -> Mapping[UUID, Erasure]:
        """Return the region's erasures by stream: of several the last. Raises `RegisterDamaged`."""
        with self._lock:
            self._read_on()
            return dict(self._known)

    def of(self, stream: UUID) -> Erasure | None:
        """Return the erasure of one stream, if there is any. Raises `RegisterDamaged`."""
        with self._lock:
            self._read_on()
            return self._known.get(stream)

    def _read_on(self) -> None:
        try:
            with self.path.open("rb") as file:
                about = os.fstat(file.fileno())
                if about.st_ino != self._read[0] or about.st_size < self._read[1]:  # another file, or a copy of old
                    self._known, self._read = {}, (about.st_ino, 0)
                file.seek(self._read[1])
                self._learn(file.read())
        except FileNotFoundError:
            self._known, self._read = {}, (0, 0)
        except OSError as refused:
            raise RegisterDamaged(self.path) from refused

    def _learn(self, added: bytes) -> None:
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                it = _DECODER.decode(line)
            except msgspec.MsgspecError as damaged:
                raise RegisterDamaged(self.path) from damaged
            if it.region == self.region:
                self._known[it.stream] = it
        self._read = (self._read[0], self._read[1] + len(whole))

    def note(self, events: Iterable[Recorded]) -> None:
        """Add those of these events that erase their stream's words. Raises `RegisterUnwritable`."""
        self.add(erasure_of(self.region, it) for it in events if it.event.erases)

    def add(self, erasures: Iterable[Erasure]) -> None:
        """Add erasures, on the disk before this returns. Raises `RegisterUnwritable`."""
        lines = b"".join(_ENCODER.encode(it) + b"\n" for it in erasures)
        if not lines:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
                file.truncate(_whole_lines(file))
                file.seek(0, os.SEEK_END)
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            _sync(self.path.parent)
        except OSError as refused:
            raise RegisterUnwritable(self.path) from refused


def _whole_lines(file: Any) -> int:
    """Return how many bytes of the file are whole lines: the last may have been cut short."""
    size: int = file.seek(0, os.SEEK_END)
    start = max(0, size - _TAIL)  # a line is shorter than that
    file.seek(start)
    return start + int(file.read().rfind(b"\n")) + 1


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# The ledger and its register compared


def reconcile(cases: Cases) -> int:
    """Make the ledger and its register agree, before anything is served; return how many streams were erased again.

    Harmless twice, and in several processes at once. Raises `RegisterDamaged` and `RegisterUnwritable`.
    """
    if cases.register is None:
        return 0
    noted = cases.register.erasures()
    with cases.region.connect() as connection:
        erased: dict[UUID, int] = dict(connection.execute(_ERASED).fetchall())
        _note(cases.register, connection, [(it, version) for it, version in erased.items() if it not in noted])
        lost = connection.execute(_BEGUN, ([it for it in noted if it not in erased],)).fetchall()
        back = connection.execute(_BACK).fetchall()
        if lost or back:
            _log.error("a backup brought back %d erased streams: they are erased again", len(lost) + len(back))
        for stream, _ in back:
            connection.execute("SELECT destroy_key(%s)", (stream,))
    for (stream,) in sorted(lost, key=lambda it: noted[it[0]].topic, reverse=True):  # cases before their clients
        _replay(cases, noted[stream])
    return len(lost) + len(back)


def noted(cases: Cases, stream: UUID) -> Erasure | None:
    """Return what the register says of a stream; what the ledger says and it lacks is added before.

    An erasure may have been committed while its process or connection went before the line was written: whoever asks
    for it again gets no answer until it is. Raises `RegisterDamaged` and `RegisterUnwritable`.
    """
    if cases.register is None:
        return None
    found = cases.register.of(stream)
    if found is None:
        with cases.pool.connection() as connection:
            _note(cases.register, connection, connection.execute(_ERASED_ONE, (stream,)).fetchall())
        found = cases.register.of(stream)
    return found


def _note(register: Register, connection: Connection[Any], missing: list[tuple[UUID, int]]) -> None:
    """Add to the register what a process that was killed did not get to, or what another register held."""
    if not missing:
        return
    _log.error("the register of erasures lacked %d erasures: they are added to it", len(missing))
    streams, versions = zip(*missing, strict=True)
    found = connection.cursor(binary=True).execute(_EVENTS, (list(streams), list(versions))).fetchall()
    register.note(decoded(stream, version, bytes(state)) for stream, version, state in found)


def _replay(cases: Cases, it: Erasure) -> None:
    """Erase a stream as it was erased before. Another process may have been first."""
    of_client = isinstance(cases.loaded(it.stream, Client).state, Client)
    try:
        cases.execute(ask(EraseClientData() if of_client else ReplayErasure(), it.stream, ACTOR, causation=it.command))
    except WordsErased:
        _log.info("stream %s was erased again by another process", it.stream)
    except CasesRemain:
        _log.error("client %s has cases that the register of erasures does not know: look at them", it.stream)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Erasure)

_ERASED = """
    SELECT stream, max(version) FROM events
    WHERE topic IN ('personal-data-erased', 'client-data-erased') GROUP BY stream"""
_ERASED_ONE = """
    SELECT stream, max(version) FROM events
    WHERE stream = %s AND topic IN ('personal-data-erased', 'client-data-erased') GROUP BY stream"""
_EVENTS = """
    SELECT e.stream, e.version, e.bytes FROM events e
    JOIN unnest(%s::uuid[], %s::integer[]) AS m(stream, version) USING (stream, version)"""
_BEGUN = "SELECT stream FROM unnest(%s::uuid[]) AS n(stream) JOIN events USING (stream) WHERE version = 1"
_BACK = """
    SELECT DISTINCT e.stream, e.topic FROM events e
    WHERE e.topic IN ('personal-data-erased', 'client-data-erased') AND (
        EXISTS (SELECT FROM keys k WHERE k.stream = e.stream) OR EXISTS (SELECT FROM words w WHERE w.stream = e.stream)
        OR EXISTS (SELECT FROM clients c WHERE c."case" = e.stream)
    )
    ORDER BY e.topic DESC"""
"""Cases before their clients."""
