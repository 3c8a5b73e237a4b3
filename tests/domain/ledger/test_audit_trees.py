"""The audit's own trees, and a log that is long enough for tiles above tiles and many heads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.ledger.application import ask
from domain.ledger.audit.checkpoints import Checking
from domain.ledger.audit.findings import Tally
from domain.ledger.audit.heads import audit_heads, sealings
from domain.ledger.audit.logs import RUN, audit_log
from domain.ledger.audit.signers import signers
from domain.ledger.audit.snapshot import Snapshot, reading, snapshot
from domain.ledger.audit.streams import PART, ranges
from domain.ledger.audit.tree import Span, layers, root_of
from domain.ledger.audit.whole import Against, audit
from domain.ledger.database import Region
from domain.ledger.heads import ACTOR, entry
from domain.ledger.merkle import leaf_hash
from domain.ledger.migrate import migrate
from domain.ledger.postgres import Server
from domain.ledger.sequencer import settle
from domain.sealing import LOG_STREAM, SealHeads
from tests.domain.ledger.forging import Forger, Good
from tests.domain.ledger.long import lengthen
from tests.domain.ledger.rfc9162 import Tree
from tests.town import Town, ledger, notary_of

SIZES = (320, RUN, RUN + 8, 5000, 65_536, 66_000)


def leaves(count: int) -> list[bytes]:
    return [sha256(b"%d" % at).digest() for at in range(count)]


# Trees


def test_roots_are_those_of_the_standard() -> None:
    of = layers([leaf_hash(it) for it in leaves(300)])
    for count in range(301):
        assert root_of(of, count) == Tree(leaves(count)).root(count)


@for_all(st.lists(st.integers(0, 40), max_size=8))
def test_a_span_has_the_root_of_its_leaves_however_it_is_put_together(parts: list[int]) -> None:
    whole, at = Span(), 0
    hashes = [leaf_hash(it) for it in leaves(sum(parts))]
    for count in parts:
        part = Span()
        for index in range(at, at + count):
            part.add(0, index, hashes[index])
        whole.join(part)
        at += count
    assert whole.root() == Tree(leaves(at)).root(at)
    assert len(whole.nodes) == at.bit_count()


# A long log


@pytest.fixture(scope="module")
def long(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Good:
    home, region = tmp_path_factory.mktemp("long"), Region(postgres.url, "koe")
    migrate(region)
    notary, first = notary_of(region, home), 0
    for size in SIZES:
        lengthen(region, first, size - first)
        settle(region, notary)
        first = size
    return Good(region, "", home, {})


@pytest.fixture
def forger(long: Good) -> Iterator[Forger]:
    with long.region.connect(0, owner=True) as owner, owner.transaction(force_rollback=True):
        yield Forger(reading(owner), long)


def seen(forger: Forger) -> list[str]:
    """Audit the log of events alone."""
    tally = Tally()
    checking = Checking("events", signers(forger.owner, "koe", tally), [1], {}, {}, b"")
    for _, _, found in audit_log(Snapshot(forger.good.region, forger.owner), checking, []):
        tally.add(found)
    return [str(it) for it in tally.told]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_long_log_is_whole(long: Good, processes: int) -> None:
    heard: list[tuple[int, int]] = []
    report = audit(
        long.region, Against.of(published=long.published), frozenset(), processes,
        lambda what, done, of: heard.append((done, of)) if what == "The log of events" else None,
    )  # fmt: skip
    assert [str(it) for it in report.tally.told] == []
    counts = report.tally.counts
    assert (counts["events"], counts["streams"], counts["checkpoints"]) == (66_000, 8_250, len(SIZES) + 1)
    assert counts["tiles"] == 258 + 2 + 1
    assert heard[-1] == (17, 17)


TILES = [(0, 0), (0, 200), (0, 257), (1, 0), (1, 1), (2, 0)]


@pytest.mark.parametrize(("level", "place"), TILES)
def test_every_tile_is_compared(forger: Forger, level: int, place: int) -> None:
    where = f"WHERE log = 'events' AND level = {level} AND place = {place}"
    forger.do(f"UPDATE tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 1) {where}")
    altered = f"Entry {place * 256 + 1} of the log of events is not what its tree has"
    (said,) = seen(forger)
    assert said.startswith(
        altered if level == 0 else f"Tile {place} of level {level} of the tree of events is not over"
    )


def test_every_tile_is_missed(forger: Forger) -> None:
    for level, place in TILES:
        forger.do(f"DELETE FROM tiles WHERE log = 'events' AND level = {level} AND place = {place}")
    assert sorted(seen(forger)) == sorted(
        f"The tree of events lacks tile {it} of level {level}." for level, it in TILES
    )


def test_a_run_that_is_gone_is_counted(forger: Forger) -> None:
    forger.do("DELETE FROM sequence WHERE position > 8192 AND position <= 12288")
    said = seen(forger)
    assert "Position 8193 of the log is missing: an event is gone from its order." in said
    assert not any("was sealed" in it for it in said)  # the tree still has it, as it was signed


def test_positions_far_beyond_are_not_run_after(forger: Forger) -> None:
    forger.do("UPDATE sequence SET position = position + 4000000000000000000 WHERE position > 65990")
    assert "Position 65991 of the log is missing: an event is gone from its order." in seen(forger)


def test_every_checkpoint_has_the_root_of_its_size(forger: Forger) -> None:
    for size in SIZES:
        forger.do(f"UPDATE checkpoints SET root = sha256('x') WHERE log = 'events' AND size = {size}")
    said = seen(forger)
    for size in SIZES:
        assert any(f"its first {size} entries have another root than the checkpoint, epoch 1" in it for it in said)


# Heads


def test_each_days_heads_are_reckoned_by_many_parts(region: Region, tmp_path: Path) -> None:
    with ledger(region, tmp_path) as cases:
        town, notary = Town(cases).settle(), notary_of(region, tmp_path)
        for day in range(1, 5):
            for _ in range(3):
                town.say(town.case())
            settle(region, notary)
            with region.connect() as connection:
                found = connection.execute(HEADS).fetchall()
            root = Tree([entry(*it) for it in found]).root(len(found)).hex()
            with region.connect() as connection:
                (size,) = connection.execute("SELECT max(position) FROM sequence").fetchone() or (0,)
            cases.execute(ask(SealHeads(date(2026, 1, day), size, len(found), root), LOG_STREAM, ACTOR))
        for parts in (ranges(0), ranges(PART * 50)):
            for processes in (1, 2):
                tally = Tally()
                with snapshot(region, processes) as it:
                    for one in audit_heads(it, parts, sealings(it.connection, tally)):
                        tally.add(one)
                assert (tally.told, tally.counts["sealings"]) == ([], 4)
        with region.connect(owner=True) as owner:
            owner.execute(ALTERED, (size,))
        report = audit(region, Against.of(), frozenset())
        assert [str(it) for it in report.tally.told if it.kind() == "heads-differ"] == [
            "The heads of the streams as sealed on 2026-01-04 are not those that the log has: an event was cut off, or"
            " changed."
        ]


ALTERED = """
    UPDATE events SET hash = sha256('x') WHERE (stream, version) IN (
        SELECT stream, version FROM sequence WHERE position = %s
    )"""
HEADS = """
    SELECT DISTINCT ON (stream) stream, version, e.hash FROM sequence JOIN events e USING (stream, version)
    ORDER BY stream, version DESC"""
