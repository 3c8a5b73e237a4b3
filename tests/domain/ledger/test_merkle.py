"""The trees are those of RFC 9162, every proof proves, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from itertools import pairwise, product
from random import Random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.ledger.merkle import (
    EMPTY_ROOT,
    Node,
    consistency,
    extends,
    includes,
    inclusion,
    leaf_hash,
    node_hash,
    root,
)
from tests.domain.ledger import rfc9162

# What the certificate-transparency projects publish and test their trees with: entries, roots by size, proofs.
ENTRIES = [bytes.fromhex(it) for it in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [bytes.fromhex(it) for it in (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
OVER_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
OVER_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
OVER_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
OVER_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
PUBLISHED_INCLUSION = [
    (0, 1, []),
    (0, 8, [LEAF_1, OVER_2_3, OVER_4_7]),
    (5, 8, [LEAF_4, OVER_6_7, ROOTS[4].hex()]),
    (2, 3, [ROOTS[2].hex()]),
    (1, 5, [ROOTS[1].hex(), OVER_2_3, LEAF_4]),
]
PUBLISHED_CONSISTENCY = [
    (1, 1, []),
    (1, 8, [LEAF_1, OVER_2_3, OVER_4_7]),
    (6, 8, [OVER_4_5, OVER_6_7, ROOTS[4].hex()]),
    (2, 5, [OVER_2_3, LEAF_4]),
]

LARGEST = 256
SIZES = st.integers(1, LARGEST)
HASHES = st.binary(min_size=32, max_size=32)
NUMBERS = st.one_of(st.integers(-3, 20), st.integers(), st.integers(2**62, 2**66))


def kept(entries: Sequence[bytes], size: int | None = None) -> Node:
    """Return the perfect subtrees over the first `size` entries, and none that reaches beyond them."""
    end = len(entries) if size is None else size

    @cache
    def node(height: int, index: int) -> bytes:
        assert height >= 0
        assert 0 <= index << height < (index + 1) << height <= end
        if height == 0:
            return leaf_hash(entries[index])
        return node_hash(node(height - 1, 2 * index), node(height - 1, 2 * index + 1))

    return node


DATA = [b"%d" % number for number in range(LARGEST)]
REFERENCE = rfc9162.Tree(DATA)
NODE = kept(DATA)
LEAVES = [leaf_hash(entry) for entry in DATA]


def test_the_hashes_of_leaves_and_nodes_are_told_apart() -> None:
    assert leaf_hash(b"").hex() == ROOTS[1].hex() == sha256(b"\0").hexdigest()
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out(size: int) -> None:
    assert root(size, kept(ENTRIES, size)) == ROOTS[size]
    assert rfc9162.Tree(ENTRIES).root(size) == ROOTS[size]
    assert ROOTS[0] == EMPTY_ROOT


@pytest.mark.parametrize(("index", "size", "published"), PUBLISHED_INCLUSION)
def test_the_published_inclusion_proofs_come_out_and_prove(index: int, size: int, published: list[str]) -> None:
    path = [bytes.fromhex(it) for it in published]
    assert inclusion(index, size, kept(ENTRIES, size)) == path
    assert includes(leaf_hash(ENTRIES[index]), index, size, path, ROOTS[size])


@pytest.mark.parametrize(("first", "second", "published"), PUBLISHED_CONSISTENCY)
def test_the_published_consistency_proofs_come_out_and_prove(first: int, second: int, published: list[str]) -> None:
    path = [bytes.fromhex(it) for it in published]
    assert consistency(first, second, kept(ENTRIES, second)) == path
    assert extends(first, second, path, ROOTS[first], ROOTS[second])


def test_every_root_up_to_256_leaves_is_the_rfcs() -> None:
    for size in range(LARGEST + 1):
        assert root(size, kept(DATA, size)) == REFERENCE.root(size)


def test_no_more_is_read_of_a_tree_than_its_largest_perfect_subtrees() -> None:
    asked: list[tuple[int, int]] = []

    def node(height: int, index: int) -> bytes:
        asked.append((height, index))
        return NODE(height, index)

    root(5, node)
    assert asked == [(2, 0), (0, 4)]
    asked.clear()
    for size in range(1, 65):
        root(size, node)
        assert [1 << height for height, _ in asked] == [1 << it for it in range(7)[::-1] if size >> it & 1]
        asked.clear()
        for index in range(size):
            inclusion(index, size, node)
            consistency(index + 1, size, node)
            assert len(asked) <= 4 * size.bit_length()
            asked.clear()


def test_every_inclusion_proof_up_to_256_leaves_is_the_rfcs_and_proves() -> None:
    for size in range(1, LARGEST + 1):
        whole, node = REFERENCE.root(size), kept(DATA, size)
        for index in range(size):
            path = inclusion(index, size, node)
            assert path == REFERENCE.path(index, size)
            assert includes(LEAVES[index], index, size, path, whole)
            assert rfc9162.verify_inclusion(LEAVES[index], index, size, path, whole)


def test_every_consistency_proof_up_to_256_leaves_is_the_rfcs_and_proves() -> None:
    for second in range(1, LARGEST + 1):
        whole, node = REFERENCE.root(second), kept(DATA, second)
        for first in range(1, second + 1):
            path = consistency(first, second, node)
            assert path == REFERENCE.proof(first, second)
            assert extends(first, second, path, REFERENCE.root(first), whole)
            assert first == second or rfc9162.verify_consistency(first, second, REFERENCE.root(first), whole, path)


def test_every_tree_begins_with_the_empty_one() -> None:
    for second in range(5):
        assert consistency(0, second, NODE) == []
        assert extends(0, second, [], EMPTY_ROOT, REFERENCE.root(second))
    assert not extends(0, 3, [], REFERENCE.root(1), REFERENCE.root(3))
    assert not extends(0, 3, [LEAVES[0]], EMPTY_ROOT, REFERENCE.root(3))
    assert not extends(0, 0, [], EMPTY_ROOT, REFERENCE.root(3))
    assert not extends(0, 0, [LEAVES[0]], EMPTY_ROOT, EMPTY_ROOT)


def test_a_tree_begins_with_itself_and_with_no_other_of_its_size() -> None:
    mine, other = REFERENCE.root(7), rfc9162.Tree([*DATA[:6], b"other"]).root(7)
    assert extends(7, 7, [], mine, mine)
    assert not extends(7, 7, [], mine, other)
    assert not extends(7, 7, [], other, mine)
    assert not extends(7, 7, [mine], mine, mine)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (4, 3)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"^no leaf {index} is in a tree of {size}$"):
        inclusion(index, size, NODE)


@pytest.mark.parametrize(("first", "second"), [(1, 0), (-1, 3), (4, 3)])
def test_there_is_no_proof_from_a_larger_tree(first: int, second: int) -> None:
    with pytest.raises(ValueError, match=f"^no tree of {first} leaves is the beginning of one of {second}$"):
        consistency(first, second, NODE)


def way(index: int, size: int) -> str:
    """On which side of its sibling each node on the way from a leaf to the root is."""
    if size == 1:
        return ""
    k = rfc9162.largest_power_of_two_smaller_than(size)
    return way(index, k) + "L" if index < k else way(index - k, size - k) + "R"


def test_a_leafs_path_proves_another_place_only_in_a_tree_where_the_way_to_it_is_the_same() -> None:
    """Of a tree's size and root, a path proves the root: their belonging together is what a checkpoint signs."""
    places = [(index, size) for size in range(1, 14) for index in range(size)]
    for (index, size), (claimed, within) in product(places, places):
        proves = includes(LEAVES[index], claimed, within, REFERENCE.path(index, size), REFERENCE.root(size))
        assert proves == (way(index, size) == way(claimed, within))
        assert not (proves and size == within and index != claimed)


def test_no_leaf_lies_beyond_the_last_or_before_the_first() -> None:
    for size in range(9):
        for index in (-1, size, size + 1, 2 * size):
            for path in ([], *(REFERENCE.path(it, size) for it in range(size))):
                known = LEAVES[0]
                assert not includes(known, index, size, path, known)
                for beside in path:
                    known = node_hash(beside, known)
                assert not includes(LEAVES[0], index, size, path, known)


def test_a_consistency_proof_of_other_sizes_proves_nothing_about_these() -> None:
    sizes = [(first, second) for second in range(1, 12) for first in range(1, second)]
    for (first, second), (other, larger) in product(sizes, sizes):
        path, same = REFERENCE.proof(other, larger), REFERENCE.proof(first, second)
        assert extends(first, second, path, REFERENCE.root(first), REFERENCE.root(second)) == (path == same)


Lie = Callable[[list[bytes], Random], list[bytes]]


def flipped(path: list[bytes], by: Random) -> list[bytes]:
    place, byte = by.randrange(len(path)), by.randrange(32)
    changed = bytearray(path[place])
    changed[byte] ^= 1 << by.randrange(8)
    return [*path[:place], bytes(changed), *path[place + 1 :]]


def swapped(path: list[bytes], by: Random) -> list[bytes]:
    place = by.randrange(len(path))
    return [*path[:place], *path[place : place + 2][::-1], *path[place + 2 :]]


def shorter(path: list[bytes], by: Random) -> list[bytes]:
    place = by.randrange(len(path))
    return [*path[:place], *path[place + 1 :]]


def longer(path: list[bytes], by: Random) -> list[bytes]:
    place = by.randrange(len(path) + 1)
    return [*path[:place], by.choice([*path, EMPTY_ROOT, by.randbytes(32)]), *path[place:]]


def cut(path: list[bytes], by: Random) -> list[bytes]:
    place = by.randrange(len(path))
    return [*path[:place], path[place][:-1], *path[place + 1 :]]


LIES = st.sampled_from([flipped, swapped, shorter, longer, cut])


@given(SIZES, st.data(), LIES, st.randoms(use_true_random=False))
def test_no_changed_path_shows_a_leaf_in_a_tree(size: int, data: st.DataObject, lie: Lie, by: Random) -> None:
    index = data.draw(st.integers(0, size - 1))
    honest = REFERENCE.path(index, size)
    path = lie(honest, by) if honest else longer(honest, by)
    assume(path != honest)
    assert not includes(LEAVES[index], index, size, path, REFERENCE.root(size))


@given(SIZES, st.data(), LIES, st.randoms(use_true_random=False))
def test_no_changed_path_shows_that_a_tree_grew(second: int, data: st.DataObject, lie: Lie, by: Random) -> None:
    first = data.draw(st.integers(1, second))
    honest = REFERENCE.proof(first, second)
    path = lie(honest, by) if honest else longer(honest, by)
    assume(path != honest)
    assert not extends(first, second, path, REFERENCE.root(first), REFERENCE.root(second))


@given(SIZES, st.data(), HASHES)
def test_no_other_leaf_or_root_is_proven_by_a_path(size: int, data: st.DataObject, other: bytes) -> None:
    index = data.draw(st.integers(0, size - 1))
    path, whole = REFERENCE.path(index, size), REFERENCE.root(size)
    assert not includes(other, index, size, path, whole)
    assert not includes(LEAVES[index], index, size, path, other)
    assert not includes(LEAVES[index], index, size, path, b"")


@given(st.integers(2, LARGEST), st.data())
def test_a_fork_is_never_shown_to_have_grown_from_what_it_forked_from(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second - 1))
    changed = data.draw(st.integers(0, first - 1))
    fork = rfc9162.Tree([*DATA[:changed], b"rewritten", *DATA[changed + 1 :]])
    for path in (REFERENCE.proof(first, second), fork.proof(first, second)):
        assert not extends(first, second, path, REFERENCE.root(first), fork.root(second))
        assert not extends(first, second, path, fork.root(first), REFERENCE.root(second))
    assert extends(first, second, fork.proof(first, second), fork.root(first), fork.root(second))
    assert not includes(LEAVES[changed], changed, second, fork.path(changed, second), fork.root(second))


@given(st.lists(st.lists(st.binary(max_size=40), max_size=30), min_size=1, max_size=8))
@example([[], [b""], [], [b"", b"a"]])
def test_whatever_is_appended_every_earlier_tree_and_leaf_stays_provable(appended: list[list[bytes]]) -> None:
    entries: list[bytes] = []
    trees = [(0, EMPTY_ROOT)]
    for batch in appended:
        entries += batch
        trees.append((len(entries), root(len(entries), kept(entries))))
    node, (size, whole) = kept(entries), trees[-1]
    for (first, before), (second, after) in pairwise(trees):
        assert extends(first, second, consistency(first, second, node), before, after)
        assert extends(first, size, consistency(first, size, node), before, whole)
    for index, entry in enumerate(entries):
        assert includes(leaf_hash(entry), index, size, inclusion(index, size, node), whole)


@given(HASHES, NUMBERS, NUMBERS, st.lists(HASHES, max_size=5), st.data())
def test_what_is_included_is_decided_as_in_the_rfc(
    leaf: bytes, index: int, size: int, path: list[bytes], data: st.DataObject
) -> None:
    whole = data.draw(st.sampled_from([leaf, *path]) | HASHES)
    expected = index >= 0 and rfc9162.verify_inclusion(leaf, index, size, path, whole)
    assert includes(leaf, index, size, path, whole) == expected


@given(NUMBERS, NUMBERS, st.lists(HASHES, max_size=5), st.data())
@example(1, 2**64, [EMPTY_ROOT] * 64, None)
def test_what_extends_is_decided_as_in_the_rfc(
    first: int, second: int, path: list[bytes], data: st.DataObject | None
) -> None:
    assume(0 < first < second)
    draw = st.sampled_from([EMPTY_ROOT, *path]) | HASHES
    before, after = (data.draw(draw), data.draw(draw)) if data else (EMPTY_ROOT, EMPTY_ROOT)
    expected = rfc9162.verify_consistency(first, second, before, after, path)
    assert extends(first, second, path, before, after) == expected


@given(st.binary(max_size=40), NUMBERS, NUMBERS, st.lists(st.binary(max_size=40), max_size=5), st.binary(max_size=40))
def test_garbage_is_not_proven_and_raises_nothing(
    leaf: bytes, first: int, second: int, path: list[bytes], whole: bytes
) -> None:
    odd = any(len(it) != 32 for it in (leaf, *path, whole))
    assert not (includes(leaf, first, second, path, whole) and odd)
    assert not (extends(first, second, path, leaf, whole) and odd)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_has_32_bytes(length: int) -> None:
    odd = b"x" * length
    assert not includes(odd, 0, 1, [], odd)
    assert not includes(odd, 0, 2, [LEAVES[1]], node_hash(odd, LEAVES[1]))
    assert not includes(LEAVES[0], 0, 2, [odd], node_hash(LEAVES[0], odd))
    assert not includes(LEAVES[0], 0, 1, [], odd)
    assert not extends(0, 5, [], EMPTY_ROOT, odd)
    assert not extends(5, 5, [], odd, odd)
    assert not extends(1, 2, [odd], LEAVES[0], node_hash(LEAVES[0], odd))
    assert not extends(1, 2, [LEAVES[1]], odd, node_hash(odd, LEAVES[1]))
