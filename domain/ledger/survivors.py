"""The keys of the streams that live, as they are wrapped now: what opens an older backup's words, less the erased.

A file of JSON lines: first the region and its key-encryption keys, then a stream a line, at the end how many there
were. Nothing in it opens without the key-encryption key, which is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.errors import UniqueViolation

from domain.ledger.fault import Fault
from domain.ledger.publish import replacing


class SurvivorsDamaged(Fault):
    """The file of survivors' keys is cut short, damaged, or another region's. Take another copy of it."""


class _Kek(msgspec.Struct, forbid_unknown_fields=True):
    id: UUID
    proof: str
    made: datetime
    retired: datetime | None
    destroyed: datetime | None


class _Head(msgspec.Struct, forbid_unknown_fields=True, tag="survivors"):
    region: str
    taken: datetime
    keks: list[_Kek]


class _Key(msgspec.Struct, forbid_unknown_fields=True, tag="key"):
    stream: UUID
    wrapped: str


class _End(msgspec.Struct, forbid_unknown_fields=True, tag="end"):
    streams: int


@dataclass(frozen=True)
class Imported:
    """What an import came to: streams whose keys it put right, and streams that were erased since the backup.

    These are not among the survivors, though their keys are under a key-encryption key that was retired by then: so
    these keys go too.
    """

    taken: datetime
    restored: int
    closed: int


def export(connection: Connection, region: str, path: Path) -> int:
    """Write the survivors' keys to a file, whole or not at all; return how many there are."""
    count = 0
    with replacing(path) as file, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for it in _all(connection, region):
            file.write(msgspec.json.encode(it) + b"\n")
            count += isinstance(it, _Key)
        file.write(msgspec.json.encode(_End(count)) + b"\n")
    return count


def restore(connection: Connection, region: str, path: Path) -> Imported:
    """Take survivors' keys from a file into a ledger that was restored from a backup. It takes the schema's owner.

    A key changes only where it is under a key-encryption key that is retired, and goes only where that was retired when
    the file was written: so an older file does no harm. Raises `SurvivorsDamaged`.
    """
    try:
        with path.open("rb") as file, connection.transaction():
            lines = iter(file)
            head = msgspec.json.decode(next(lines, b""), type=_Head)
            if head.region != region:
                raise SurvivorsDamaged(path, head.region)
            connection.execute("CREATE TEMPORARY TABLE survivors (stream uuid, wrapped bytea) ON COMMIT DROP")
            _copy(connection, lines)
            _merge(connection, head.keks)
            restored = connection.execute(_RESTORE).rowcount
            retired = [it.id for it in head.keks if it.retired]
            closed = connection.execute(_CLOSE, (retired,)).rowcount
    except (msgspec.DecodeError, ValueError, UniqueViolation) as damaged:
        raise SurvivorsDamaged(path) from damaged
    return Imported(head.taken, restored, closed)


def _all(connection: Connection, region: str) -> Iterator[_Head | _Key]:
    (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    assert isinstance(now, datetime)  # noqa: S101 - by the statement
    keks = [_Kek(kek, proof.hex(), *times) for kek, proof, *times in connection.execute(_KEKS).fetchall()]
    yield _Head(region, now, keks)
    with connection.cursor(name="survivors") as cursor:
        cursor.itersize = 5000
        for stream, wrapped in cursor.execute("SELECT stream, wrapped FROM keys ORDER BY stream"):
            yield _Key(stream, wrapped.hex())


def _copy(connection: Connection, lines: Iterator[bytes]) -> None:
    """Read the streams' lines into the temporary table, and make sure that none is missing."""
    count = 0
    with connection.cursor() as cursor, cursor.copy("COPY survivors FROM STDIN") as copy:
        for line in lines:
            it = msgspec.json.decode(line, type=_Key | _End)
            if isinstance(it, _End):
                break
            copy.write_row((it.stream, bytes.fromhex(it.wrapped)))
            count += 1
        else:
            raise ValueError
    if it.streams != count or next(lines, None) is not None:
        raise ValueError


def _merge(connection: Connection, keks: list[_Kek]) -> None:
    """Bring the ledger's knowledge of the key-encryption keys together with the file's: what is retired stays so."""
    rows: list[tuple[Any, ...]] = [(it.id, bytes.fromhex(it.proof), it.made, it.retired, it.destroyed) for it in keks]
    with connection.cursor() as cursor:
        cursor.executemany(_KNOWN, [(*times, proof, kek) for kek, proof, *times in rows])
        cursor.executemany(_NEW, rows)


_KEKS = (
    "SELECT id, proof, made, retired, destroyed FROM keks WHERE made IS NOT NULL AND proof IS NOT NULL ORDER BY made"
)
_KNOWN = """
    UPDATE keks SET made = coalesce(made, %s), retired = least(retired, %s), destroyed = least(destroyed, %s),
        proof = coalesce(proof, %s)
    WHERE id = %s"""
_NEW = "INSERT INTO keks (id, proof, made, retired, destroyed) VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"
_RESTORE = """
    UPDATE keys k SET wrapped = s.wrapped FROM survivors s, keks before, keks now
    WHERE s.stream = k.stream AND before.id = kek_of(k.wrapped) AND before.retired IS NOT NULL
        AND now.id = kek_of(s.wrapped) AND now.destroyed IS NULL AND k.wrapped <> s.wrapped"""
_CLOSE = """
    DELETE FROM keys k WHERE kek_of(k.wrapped) = ANY (%s)
        AND NOT EXISTS (SELECT FROM survivors s WHERE s.stream = k.stream)"""
