"""The trees in their tiles: what is in them, how they grow, and what the database lets nobody do to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import psycopg
import pytest
from psycopg import Connection

from domain.ledger.application import Cases
from domain.ledger.merkle import EMPTY_ROOT, extends, includes, leaf_hash, node_hash
from domain.ledger.tiles import TileMissing, Tiles, grow
from tests.domain.ledger.conftest import eventually
from tests.domain.ledger.test_sequencer import waits

LOG = "events"


@pytest.fixture
def connection(cases: Cases) -> Iterator[Connection]:
    with cases.region.connect() as it:
        yield it


def leaves(count: int, first: int = 0) -> list[bytes]:
    return [leaf_hash(hashlib.sha256(b"%d" % at).digest()) for at in range(first, first + count)]


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root, by RFC 9162's definition (2.1.1)."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(root_of(hashes[:k]), root_of(hashes[k:]))


@pytest.mark.parametrize("steps", [[1] * 9, [255, 1, 1], [256, 256], [257, 300, 1], [5000], [511, 2, 65_600, 7]])
def test_however_a_tree_grows_its_root_is_that_of_its_leaves(connection: Connection, steps: list[int]) -> None:
    size = 0
    for count in steps:
        assert grow(connection, LOG, leaves(count, size)) == size + count
        size += count
    tree = Tiles(connection, LOG)
    assert tree.size == size
    assert tree.root() == root_of(leaves(size))
    for before in {0, 1, size // 2, size - 1}:
        assert tree.root(before) == root_of(leaves(before))


def test_the_tiles_are_those_of_the_standard(connection: Connection) -> None:
    grow(connection, LOG, leaves(300))
    grow(connection, LOG, leaves(65_600 - 300, 300))
    found = connection.execute(
        "SELECT level, count(*), min(length(hashes)), max(length(hashes)) FROM tiles GROUP BY level ORDER BY level"
    ).fetchall()
    assert found == [(0, 257, 64 * 32, 8192), (1, 1, 8192, 8192), (2, 1, 32, 32)]
    tree, all_leaves = Tiles(connection, LOG), leaves(65_600)
    assert tree.tile(0, 3) == b"".join(all_leaves[768:1024])
    assert tree.tile(0, 256, 64) == b"".join(all_leaves[65_536:])
    assert tree.tile(0, 256, 10) == b"".join(all_leaves[65_536:65_546])
    assert tree.tile(0, 256, 65) is None
    assert tree.tile(0, 257, 1) is None
    level_1 = tree.tile(1, 0)
    assert level_1 is not None
    assert level_1[32:64] == root_of(all_leaves[256:512])
    assert tree.tile(2, 0, 1) == root_of(all_leaves[:65_536])


def test_proofs_are_read_from_the_tiles(connection: Connection) -> None:
    sizes = [1, 7, 256, 300, 511, 600, 70_000]
    grow(connection, LOG, leaves(70_000))
    tree, all_leaves = Tiles(connection, LOG), leaves(70_000)
    for first, second in pairwise(sizes):
        path = tree.consistency(first, second)
        assert extends(first, second, path, tree.root(first), tree.root(second))
    for index in (0, 1, 255, 256, 511, 65_535, 65_536, 69_999):
        assert includes(all_leaves[index], index, 70_000, tree.inclusion(index, 70_000), tree.root())
    assert includes(all_leaves[299], 299, 300, tree.inclusion(299, 300), tree.root(300))


def test_tiles_that_are_fetched_at_once_are_not_asked_for_again(connection: Connection) -> None:
    grow(connection, LOG, leaves(1000))
    tree = Tiles(connection, LOG)
    tree.fetch(0, range(4))
    tree.fetch(1, [0])
    connection.close()
    assert len(tree.inclusion(700, 1000)) == 10


def test_a_tile_that_is_gone_is_told(connection: Connection, cases: Cases) -> None:
    grow(connection, LOG, leaves(600))
    with cases.region.connect(owner=True) as owner:
        owner.execute("DELETE FROM tiles WHERE level = 0 AND place = 1")
    with pytest.raises(TileMissing, match="events: 0: 1"):
        Tiles(connection, LOG).inclusion(300, 600)


def test_of_two_who_let_a_tree_grow_one_does_and_the_other_changes_nothing(cases: Cases) -> None:
    region = cases.region
    with region.connect() as first, region.connect() as second, ThreadPoolExecutor(1) as threads:
        with first.transaction():
            grow(first, LOG, leaves(3))
            late = threads.submit(grow, second, LOG, leaves(5, 100))
            eventually(lambda: waits(region, second.info.backend_pid))
        with pytest.raises(psycopg.errors.SerializationFailure):
            late.result(10)
        tree = Tiles(first, LOG)
        assert (tree.size, tree.root()) == (3, root_of(leaves(3)))


def test_a_growth_that_is_cut_short_leaves_the_tree_as_it_was(connection: Connection) -> None:
    grow(connection, LOG, leaves(300))
    with connection.transaction(force_rollback=True):
        grow(connection, LOG, leaves(300, 300))
    tree = Tiles(connection, LOG)
    assert (tree.size, tree.root()) == (300, root_of(leaves(300)))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tiles SET hashes = hashes",
        "DELETE FROM tiles",
        "INSERT INTO tiles VALUES ('events', 0, 9, decode(repeat('00', 32), 'hex'))",
        "UPDATE trees SET size = 1",
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
        "DELETE FROM epochs",
        "TRUNCATE tiles",
    ],
)
def test_the_service_may_add_to_a_tree_and_change_nothing_of_it(connection: Connection, statement: str) -> None:
    grow(connection, LOG, leaves(3))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("was", "now", "had"),
    [(2, 4, 2), (4, 5, 4), (3, 2, 3), (3, 3, 3), (3, 4, 2), (3, 4, 9)],
    ids=["a smaller tree", "a larger tree", "shrinking", "standing still", "over a hash", "beyond the last"],
)
def test_a_tree_grows_only_behind_what_is_there(connection: Connection, was: int, now: int, had: int) -> None:
    grow(connection, LOG, leaves(3))
    with pytest.raises(psycopg.Error), connection.transaction():
        connection.execute("SELECT grow_tree('events', %s, %s, '{0}', '{0}', %s, %s)", (was, now, [had], [bytes(32)]))
    assert Tiles(connection, LOG).root() == root_of(leaves(3))
