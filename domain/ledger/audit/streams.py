"""Every stream by itself: its chain, its columns against its bytes, its words and key, and its place in the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from domain.ledger.audit import findings
from domain.ledger.audit.findings import Tally
from verifier.chain import Document, event_hash
from verifier.strict import Malformed

BATCH = 1000
"""How many events are fetched at a time."""

PART = 20_000
"""About how many events one part of the work has."""

_SPACE = 1 << 128
_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ERASE = frozenset({"personal-data-erased", "client-data-erased"})


class Range(NamedTuple):
    """The streams from one id up to and without another; `upto` is None where it is the last range."""

    since: UUID
    upto: UUID | None

    @property
    def bounds(self) -> dict[str, UUID | None]:
        """The range as the parameters of a query."""
        return {"since": self.since, "upto": self.upto}


class Stored(NamedTuple):
    """An event with what stands beside it; times as PostgreSQL keeps them, `begins` whose case it is."""

    stream: UUID
    version: int
    topic: str
    occurred: int
    recorded: int
    document: bytes
    hash: bytes
    ciphertext: bytes | None
    position: int | None
    waits: int | None
    keyed: bool
    client: UUID | None


@dataclass
class _Stream:
    """What is remembered of a stream while its events go by."""

    stream: UUID
    version: int = 0
    hash: bytes = b""
    recorded: int = -(1 << 63)
    position: int = 0
    waits: bool = False
    topic: str = ""
    erased: bool = False
    had_words: set[int] = field(default_factory=set)
    has_words: set[int] = field(default_factory=set)
    destroyed: set[int] = field(default_factory=set)


def ranges(events: int) -> list[Range]:
    """Return the ranges that so many events are looked at in: streams' ids are evenly spread."""
    count = max(1, min(4096, events // PART))
    bounds: list[UUID] = [UUID(int=_SPACE * number // count) for number in range(count)]
    return [Range(*it) for it in zip(bounds, [*bounds[1:], None], strict=True)]


def followed(region: str, cases: frozenset[str], connection: Connection, part: Range) -> Tally:
    """Look at the streams of a range. `cases` are the topics with which a case begins."""
    tally = Tally()
    with connection.cursor("streams", binary=True) as cursor:
        cursor.itersize = BATCH
        rows = (Stored(*row) for row in cursor.execute(_EVENTS, part.bounds))
        for stream, events in groupby(rows, key=lambda it: it.stream):
            tally.counts["streams"] += 1
            it, last = _to_its_end(region, _Stream(stream), events, tally)
            tally.all(_left(it, last, cases))
    return tally


def _to_its_end(region: str, so_far: _Stream, events: Iterator[Stored], tally: Tally) -> tuple[_Stream, Stored]:
    for it in events:
        tally.counts["events"] += 1
        tally.counts["bytes"] += len(it.document)
        if it.version == so_far.version:  # a position twice, or an index that is not what it was
            tally.found(findings.EventTwice(stream=it.stream, version=it.version))
            continue
        tally.all(findings.EventMissing(stream=it.stream, version=gone) for gone in _gap(so_far.version, it.version))
        if it.hash != event_hash(region, it.stream, it.version, so_far.hash, it.document):
            tally.found(findings.EventAltered(stream=it.stream, version=it.version))
        tally.all(_placed(so_far, it))
        tally.all(_read(so_far, it))
        so_far.version, so_far.hash = it.version, it.hash
        tally.counts["words"] += it.ciphertext is not None
    return so_far, it


def _gap(last: int, now: int) -> Iterator[int]:
    yield from range(last + 1, min(now, last + 1 + findings.MOST))


def _placed(so_far: _Stream, it: Stored) -> Iterator[findings.Finding]:
    """Compare an event's position with that of the one before it."""
    about = {"stream": it.stream, "version": it.version}
    if it.position is None and it.waits is None:
        yield findings.EventWithoutPosition(**about)
    if it.position is not None and it.waits is not None:
        yield findings.EventWaitsTwice(**about)
    if it.waits is not None and it.waits != it.recorded:
        yield findings.OutboxAltered(**about)
    if it.position is not None and (so_far.waits or it.position <= so_far.position):
        yield findings.OutOfOrder(**about)
    so_far.position = max(so_far.position, it.position or 0)
    so_far.waits = so_far.waits or it.position is None


def _read(so_far: _Stream, it: Stored) -> Iterator[findings.Finding]:
    """Compare an event's columns with its bytes, and its words with their digest."""
    about = {"stream": it.stream, "version": it.version}
    try:
        document = Document.read(it.document.decode())
    except (Malformed, UnicodeDecodeError) as damaged:
        yield findings.EventUnreadable(**about, why=damaged)
        return
    recorded = micros(document.recorded)
    columns = {"topic": it.topic, "occurred": it.occurred, "recorded": it.recorded}
    said = {"topic": document.topic, "occurred": micros(document.occurred), "recorded": recorded}
    yield from (findings.ColumnAltered(**about, column=name) for name in columns if columns[name] != said[name])
    if recorded < so_far.recorded:
        yield findings.BackDated(**about, before=f"version {so_far.version}")
    so_far.recorded, so_far.topic = recorded, so_far.topic or document.topic
    yield from _with_words(so_far, it, document)


def _with_words(so_far: _Stream, it: Stored, document: Document) -> Iterator[findings.Finding]:
    about = {"stream": it.stream, "version": it.version}
    so_far.erased = so_far.erased or document.topic in _ERASE
    if document.topic == "words-destroyed":
        so_far.destroyed |= _named(document.event)
    if document.words is not None:
        so_far.had_words.add(it.version)
    if it.ciphertext is None:
        return
    so_far.has_words.add(it.version)
    if document.words is None:
        yield findings.WordsAdded(**about)
    elif sha256(it.ciphertext).digest() != document.words:
        yield findings.WordsAltered(**about)


def _named(event: Mapping[str, Any]) -> set[int]:
    """Return the versions whose words an event destroys: one, or several."""
    several = event.get("versions", [])
    named = [event.get("version"), *(several if isinstance(several, list) else [])]
    return {version for version in named if isinstance(version, int)}


def _left(it: _Stream, last: Stored, cases: frozenset[str]) -> Iterator[findings.Finding]:
    """Compare what a stream has left of words, key and client with what its events say."""
    gone = it.had_words - it.has_words - it.destroyed
    if not it.erased:
        yield from (findings.WordsMissing(stream=it.stream, version=version) for version in sorted(gone))
    kept = it.has_words & (it.had_words if it.erased else it.destroyed)
    yield from (findings.WordsKept(stream=it.stream, version=version) for version in sorted(kept))
    if last.keyed == it.erased:
        yield (findings.KeyKept if last.keyed else findings.KeyGone)(stream=it.stream)
    if it.topic in cases and (last.client is None) != it.erased:
        yield (findings.ClientGone if last.client is None else findings.ClientKept)(stream=it.stream)


def micros(at: datetime) -> int:
    """Return a time as PostgreSQL keeps it: in microseconds since 2000, in UTC."""
    return (at - _2000) // _MICROSECOND


# What is beside streams that are not there


def strays(connection: Connection, number: int) -> Tally:
    """Look for rows of one kind that are about nothing."""
    kind, query, names = STRAYS[number]
    tally = Tally()
    with connection.cursor("strays") as cursor:
        cursor.itersize = BATCH
        for row in cursor.execute(query.encode()):
            tally.found(kind(**dict(zip(names, row, strict=True))))
    return tally


_BESIDE = """
    FROM events e
    LEFT JOIN words w ON w.stream = e.stream AND w.version = e.version
    LEFT JOIN sequence s ON s.stream = e.stream AND s.version = e.version
    LEFT JOIN outbox o ON o.stream = e.stream AND o.version = e.version
    LEFT JOIN keys k ON k.stream = e.stream
    LEFT JOIN clients c ON c."case" = e.stream"""
_EVENTS = f"""
    SELECT e.stream, e.version, e.topic, e.occurred, e.recorded, e.bytes, e.hash, w.ciphertext, s.position, o.recorded,
        k.stream IS NOT NULL, c.client {_BESIDE}
    WHERE e.stream >= %(since)s AND (%(upto)s::uuid IS NULL OR e.stream < %(upto)s)
    ORDER BY e.stream, e.version"""

_NO_EVENT = "WHERE NOT EXISTS (SELECT FROM events e WHERE e.stream = x.stream AND e.version = x.version)"
_NO_STREAM = "WHERE NOT EXISTS (SELECT FROM events e WHERE e.stream = x.stream)"
_RECEIPTS = """
    SELECT r.command, r.stream, r.first FROM receipts r
    LEFT JOIN events e ON e.stream = r.stream AND e.version = r.first
    LEFT JOIN events l ON l.stream = r.stream AND l.version = r.last
    WHERE r.last >= r.first AND (e.bytes IS NULL OR l.bytes IS NULL
        OR position(convert_to('"command":"' || r.command || '"', 'UTF8') IN e.bytes) = 0
        OR position(convert_to('"command":"' || r.command || '"', 'UTF8') IN l.bytes) = 0)"""
_HEADS = """
    SELECT stream FROM heads h FULL JOIN (
        SELECT stream, max(version) AS version FROM sequence
        WHERE position <= (SELECT events FROM heads_state) GROUP BY stream
    ) m USING (stream) WHERE h.version IS DISTINCT FROM m.version"""
_BEREFT = """
    SELECT client FROM bereft b WHERE EXISTS (SELECT FROM clients c WHERE c.client = b.client)
        OR NOT EXISTS (SELECT FROM keys k WHERE k.stream = b.client)"""

STRAYS: Sequence[tuple[type[findings.Finding], str, tuple[str, ...]]] = (
    (findings.WordsWithoutEvent, f"SELECT stream, version FROM words x {_NO_EVENT}", ("stream", "version")),
    (findings.OutboxWithoutEvent, f"SELECT stream, version FROM outbox x {_NO_EVENT}", ("stream", "version")),
    (findings.KeyWithoutStream, f"SELECT stream FROM keys x {_NO_STREAM}", ("stream",)),
    (findings.ProjectedWithoutStream, f"SELECT stream FROM projected x {_NO_STREAM}", ("stream",)),
    (
        findings.ClientWithoutCase,
        f'SELECT stream FROM (SELECT "case" AS stream FROM clients) x {_NO_STREAM}', ("stream",),
    ),
    (findings.ReceiptWrong, _RECEIPTS, ("command", "stream", "version")),
    (findings.HeadAltered, _HEADS, ("stream",)),
    (findings.BereftWrong, _BEREFT, ("stream",)),
)  # fmt: skip
"""What is looked for beside the streams: the fault that it is, the rows that are at fault, and what these tell."""
