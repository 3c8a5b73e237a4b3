"""The heads that were sealed: each day's root, reckoned from what the log has up to there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any
from uuid import UUID

from psycopg import Connection

from domain.ledger.audit import findings
from domain.ledger.audit.findings import Tally
from domain.ledger.audit.logs import Above, Run
from domain.ledger.audit.snapshot import Snapshot
from domain.ledger.audit.streams import BATCH, Range
from domain.ledger.audit.tree import WIDTH, Span, hashes, layers, root_of
from domain.sealing import LOG_STREAM
from verifier import strict
from verifier.chain import Document
from verifier.tree import EMPTY, leaf


@dataclass(frozen=True)
class Sealing:
    """What a heads-sealed event says: over how many events, how many streams there were, and the root."""

    version: int
    position: int | None
    day: str
    events: int
    streams: int
    root: bytes


def sealings(connection: Connection, tally: Tally) -> list[Sealing]:
    """Return what was sealed, by version. One that can't be read is told with its stream."""
    found: list[Sealing] = []
    for version, position, document in connection.execute(_SEALED, (LOG_STREAM,), binary=True):
        try:
            said = Document.read(bytes(document).decode())
            if said.topic != "heads-sealed":
                continue
            day, events, streams, root = strict.fields(
                said.event, day=strict.text, events=strict.whole, streams=strict.whole, root=strict.digest,
            )  # fmt: skip
        except (strict.Malformed, UnicodeDecodeError):
            continue
        found.append(Sealing(version, position, day, events, streams, root))
    for before, it in pairwise([None, *found]):
        if it is not None and _out_of_order(before, it):
            tally.found(findings.HeadsOutOfOrder(version=it.version))
    return found


def _out_of_order(before: Sealing | None, it: Sealing) -> bool:
    follows = before is None or (before.day < it.day and before.events <= it.events)
    return not follows or (it.position is not None and it.position <= it.events)


def audit_heads(snapshot: Snapshot, parts: Sequence[Range], sealed: Sequence[Sealing]) -> Iterator[Tally]:
    """Reckon the root of each sealing; yield what comes of it, as the parts of the work are done.

    Where in a tree a part's streams begin, a first look at all parts has to tell.
    """
    sizes = sorted({it.events for it in sealed})
    counts = list(snapshot.each(_Counting(sizes), parts))
    before = [[0] * len(sizes), *accumulate(counts, lambda a, b: [x + y for x, y in zip(a, b, strict=True)])]
    spans = [Span() for _ in sizes]
    for more in snapshot.each(_Growing(sizes), list(zip(parts, before, strict=False))):
        for span, nodes in zip(spans, more, strict=True):
            span.join(Span(nodes))
        yield Tally()
    roots = {size: (span.root(), count) for size, span, count in zip(sizes, spans, before[-1], strict=True)}
    tally = Tally()
    for it in sealed:
        tally.counts["sealings"] += 1
        if roots[it.events] != (it.root, it.streams):
            tally.found(findings.HeadsDiffer(day=it.day))
    yield tally


@dataclass(frozen=True)
class _Counting:
    """Counts the streams of a range that had begun, as of so many events each."""

    sizes: Sequence[int]

    def __call__(self, connection: Connection, part: Range) -> list[int]:
        """Return how many."""
        begun = [0] * (len(self.sizes) + 1)
        with connection.cursor("begun", binary=True) as cursor:
            cursor.itersize = 10 * BATCH
            for (position,) in cursor.execute(_BEGUN, part.bounds):
                begun[bisect_left(self.sizes, position)] += 1
        return list(accumulate(begun[:-1]))


@dataclass(frozen=True)
class _Growing:
    """Makes the run of leaves that the streams of a range are in each tree."""

    sizes: Sequence[int]

    def __call__(self, connection: Connection, task: tuple[Range, Sequence[int]]) -> list[list[tuple[int, int, bytes]]]:
        """Return the runs, as their perfect subtrees."""
        part, begin = task
        at, spans = list(begin), [Span() for _ in self.sizes]
        with connection.cursor("heads", binary=True) as cursor:
            cursor.itersize = BATCH
            for stream, rows in groupby(cursor.execute(_EVENTS, part.bounds), key=lambda it: it[0]):
                for number, digest in self._heads(stream, rows):
                    spans[number].add(0, at[number], digest)
                    at[number] += 1
        return [it.nodes for it in spans]

    def _heads(self, stream: UUID, rows: Iterator[Any]) -> Iterator[tuple[int, bytes]]:
        """Yield in which trees a stream has which leaf."""
        heads: dict[int, tuple[int, bytes]] = {}
        for _, version, position, digest in rows:
            heads[bisect_left(self.sizes, position)] = (version, bytes(digest or b""))
        last = None
        for number in range(len(self.sizes)):
            if number in heads:
                version, digest = heads[number]
                last = leaf(stream.bytes + version.to_bytes(8, "big") + digest)
            if last is not None:
                yield number, last


def audit_tree(connection: Connection, sealed: Sequence[Sealing], tally: Tally) -> None:
    """Compare the tree of heads that is kept for proofs with the sealing that it is of, and with itself."""
    version, events = connection.execute("SELECT version, events FROM heads_state").fetchone() or (0, 0)
    of = next((it for it in sealed if it.version == version), None)
    (size,) = connection.execute("SELECT size FROM trees WHERE log = 'heads'").fetchone() or (0,)
    if (of.events if of else 0) != events:
        tally.found(findings.StateAltered(table="heads_state", says=events, found=of.events if of else 0))
    above, begin, rest = Above("heads", connection, tally), 0, list[bytes]()
    with connection.cursor("tiles", binary=True) as cursor:
        for (tile,) in cursor.execute(_TILES):
            begin, rest = begin + len(rest), hashes(bytes(tile))
            if len(rest) == WIDTH:
                above.take(Run(WIDTH, layers(rest)[8]))
                begin, rest = begin + WIDTH, []
    above.finish()
    root = above.left.root(root_of(layers(rest), len(rest)) if rest else None)
    if (begin + len(rest), root) != ((of.streams, of.root) if of else (0, EMPTY)) or size != begin + len(rest):
        tally.found(findings.HeadsTreeAltered(day=of.day if of else "no day"))


_TILES = "SELECT hashes FROM tiles WHERE log = 'heads' AND level = 0 ORDER BY place"
_SEALED = """
    SELECT e.version, s.position, e.bytes FROM events e LEFT JOIN sequence s USING (stream, version)
    WHERE e.stream = %s ORDER BY e.version"""
_WITHIN = "s.stream >= %(since)s AND (%(upto)s::uuid IS NULL OR s.stream < %(upto)s)"
_BEGUN = f"""
    SELECT min(s.position) FROM sequence s WHERE {_WITHIN} GROUP BY s.stream"""
_EVENTS = f"""
    SELECT s.stream, s.version, s.position, e.hash FROM sequence s
    LEFT JOIN events e ON e.stream = s.stream AND e.version = s.version WHERE {_WITHIN} ORDER BY s.stream, s.version"""
