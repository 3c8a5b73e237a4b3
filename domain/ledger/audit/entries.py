"""What the entries of each log are, reckoned from what they are of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import Connection

from domain.ledger.audit import findings
from domain.ledger.audit.findings import Tally
from domain.ledger.audit.streams import micros
from domain.ledger.partitions import KEPT_YEARS

BACK = 600 * 1_000_000
"""How many microseconds before a time that somebody vouched for an event may have been recorded that came after it."""

_READ = b"luotsi-read-1"
_FIRST = micros(datetime(1970, 1, 1, tzinfo=UTC))
_2000 = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Entries:
    """The entries of a run, by their index in the tree, from 0."""

    found: dict[int, bytes] = field(default_factory=dict)


def of_events(connection: Connection, _: str, begin: int, end: int, tally: Tally) -> Entries:
    """Return the entries of the log of events: hashes. Positions that are missing, or of nothing, are told."""
    entries, expected = Entries(), begin + 1
    vouched = _Vouched(connection, begin, end)
    for position, stream, version, digest, recorded in connection.execute(_EVENTS, (begin, end), binary=True):
        tally.all(findings.PositionMissing(position=gone) for gone in range(expected, position))
        expected = position + 1
        if digest is None:
            tally.found(findings.PositionWithoutEvent(position=position, stream=stream, version=version))
            continue
        entries.found[position - 1] = bytes(digest)
        if before := vouched.before(position, recorded):
            tally.found(findings.BackDated(stream=stream, version=version, before=before))
    tally.all(findings.PositionMissing(position=gone) for gone in range(expected, end + 1))
    return entries


@dataclass
class _Vouched:
    """The times that others vouched for in this run and before it: what has a later position came after them."""

    connection: Connection
    begin: int
    end: int

    def __post_init__(self) -> None:
        given = {"begin": self.begin, "end": self.end}
        self._at = sorted(self.connection.execute(_ANCHORED, given, binary=True).fetchall())
        self._latest: tuple[int, str] | None = None

    def before(self, position: int, recorded: int) -> str | None:
        """Return what an event says that it was recorded before, and wasn't, if it does."""
        while self._at and self._at[0][0] < position:
            _, at, who = self._at.pop(0)
            self._latest = max(self._latest or (at, who), (at, who))
        if self._latest is None or recorded >= self._latest[0] - BACK:
            return None
        at, who = self._latest
        return f"{_2000 + timedelta(microseconds=at):%Y-%m-%d %H:%M} UTC, when {who} saw the log without it"


# Reads


def of_reads(connection: Connection, region: str, begin: int, end: int, tally: Tally) -> Entries:
    """Return the entries of the log of reads, as far as their rows are kept. Those that are missing are told."""
    entries, expected, latest = Entries(), begin + 1, -(1 << 63)
    for position, at, kept, salt, *row in connection.execute(_READS, (begin, end), binary=True):
        latest = max(latest, at)
        if position <= begin:  # the one before the run
            continue
        tally.all(findings.ReadPositionMissing(position=gone) for gone in range(expected, position))
        expected = position + 1
        if at < latest - BACK:
            tally.found(findings.ReadBackDated(position=position))
        if row[0] is not None:
            entries.found[position - 1] = read_entry(region, salt, row[0], at, row[1:])
        elif kept:
            tally.found(findings.ReadMissing(position=position))
        else:
            tally.counts["reads of months that were dropped"] += 1
    tally.all(findings.ReadPositionMissing(position=gone) for gone in range(expected, end + 1))
    return entries


def beside_reads(connection: Connection, tally: Tally) -> None:
    """Look for months that were dropped too early, and for reads that came in when later ones had their positions."""
    for (month,) in connection.execute(_DROPPED, (KEPT_YEARS,)):
        tally.found(findings.ReadsDroppedEarly(month=month, years=KEPT_YEARS))
    late, at, waiting = connection.execute(_ADDED).fetchone() or (0, None, 0)
    if late:
        tally.found(findings.ReadAdded(at=at), late)
    tally.counts["reads without a position yet"] = waiting - late


def read_entry(region: str, salt: UUID, number: int, at: int, told: list[Any]) -> bytes:
    """Return a read's entry: SHA-256 over the tag, the region, the salt and the row, each behind its length."""
    columns = [[str(case) for case in it] if isinstance(it, list) else it for it in told]
    row = json.dumps([number, at - _FIRST, *columns], ensure_ascii=False, separators=(",", ":"))
    digest = sha256()
    for part in (_READ, region.encode(), salt.bytes, row.encode()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


ENTRIES: Mapping[str, Callable[[Connection, str, int, int, Tally], Entries]] = {"events": of_events, "reads": of_reads}

_EVENTS = """
    SELECT s.position, s.stream, s.version, e.hash, e.recorded FROM sequence s
    LEFT JOIN events e ON e.stream = s.stream AND e.version = s.version
    WHERE s.position > %s AND s.position <= %s ORDER BY s.position"""

_BEFORE = "log = 'events' AND size <= %(begin)s ORDER BY epoch DESC, size DESC LIMIT 1"
_WITHIN = "log = 'events' AND size > %(begin)s AND size <= %(end)s"
_ANCHORED = f"""
    (SELECT size, at, authority FROM stamps WHERE {_BEFORE}) UNION ALL
    (SELECT size, at, witness FROM cosignatures WHERE {_BEFORE}) UNION ALL
    SELECT size, at, authority FROM stamps WHERE {_WITHIN} UNION ALL
    SELECT size, at, witness FROM cosignatures WHERE {_WITHIN}"""

_READS = r"""
    SELECT s.position, s.at, k.kept, s.salt, r.id, r.who, r.role, r.organisation, r.unit, r.relation, r.what, r.via,
        r.why, r.grant_purpose, r.diary, r.cases, r.as_of::text
    FROM reads_sequence s
    LEFT JOIN reads r ON r.at = s.at AND r.id = s.id
    CROSS JOIN LATERAL (
        SELECT to_regclass(to_char(s.at AT TIME ZONE 'UTC', '"reads_"YYYY_MM')) IS NOT NULL AS kept
    ) k
    WHERE s.position >= %s AND s.position <= %s ORDER BY s.position"""

_DROPPED = r"""
    SELECT to_char(month, 'YYYY-MM') FROM (
        SELECT date_trunc('month', at AT TIME ZONE 'UTC') AS month FROM reads_sequence GROUP BY 1
    ) m WHERE to_regclass(to_char(month, '"reads_"YYYY_MM')) IS NULL
        AND month + make_interval(months => 1) > clock_timestamp() AT TIME ZONE 'UTC' - make_interval(years => %s)
        AND NOT EXISTS (
            SELECT FROM reads WHERE at >= month AT TIME ZONE 'UTC'
                AND at < (month + make_interval(months => 1)) AT TIME ZONE 'UTC'
        ) ORDER BY 1"""
_ADDED = """
    SELECT count(*) FILTER (WHERE late), max(at) FILTER (WHERE late), count(*) FROM (
        SELECT r.at, r.at < (SELECT looked - interval '1 hour' FROM reads_state) AS late FROM reads r
        WHERE NOT EXISTS (SELECT FROM reads_sequence s WHERE s.at = r.at AND s.id = r.id)
    ) unplaced"""
