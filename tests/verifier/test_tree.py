"""The verification algorithms, against trees made by the definitions of RFC 9162 and against published vectors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.trees import Tree
from verifier import tree

MOST = 256
TREE = Tree([bytes([number % 256, number // 256]) for number in range(MOST)])
VECTORS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = st.binary(min_size=32, max_size=32)


def leaf(index: int) -> bytes:
    return tree.leaf(TREE.entries[index])


def test_the_roots_are_the_published_ones() -> None:
    vectors = Tree([bytes.fromhex(it) for it in VECTORS])
    for size in range(1, 9):
        proof = vectors.path(size - 1, size)
        found = tree.root_of(tree.leaf(vectors.entries[size - 1]), size - 1, size, proof)
        assert found is not None
        assert found.hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_inclusion_up_to_256_leaves_is_proven() -> None:
    for size in range(1, MOST + 1):
        root = TREE.root(size)
        for index in range(size):
            assert tree.root_of(leaf(index), index, size, TREE.path(index, size)) == root


def test_every_continuation_up_to_256_leaves_is_proven() -> None:
    for second in range(MOST + 1):
        for first in range(second + 1):
            proof = TREE.proof(first, second)
            assert tree.extends(first, second, proof, TREE.root(first), TREE.root(second))


def test_up_to_20_leaves_a_proof_of_inclusion_holds_in_its_own_place_alone() -> None:
    for size in range(1, 21):
        for index in range(size):
            path = TREE.path(index, size)
            places = [at for at in range(-1, 2 * size) if tree.root_of(leaf(index), at, size, path) == TREE.root(size)]
            assert places == [index]


def test_up_to_20_leaves_every_tree_continues_those_before_it() -> None:
    for second in range(21):
        for first in range(second + 1):
            assert tree.extends(first, second, TREE.proof(first, second), TREE.root(first), TREE.root(second))


def test_a_path_of_another_length_leads_nowhere() -> None:
    for size in range(1, 21):
        for index in range(size):
            path = TREE.path(index, size)
            assert tree.root_of(leaf(index), index, size, [*path, bytes(32)]) is None
            assert not path or tree.root_of(leaf(index), index, size, path[:-1]) is None
    assert tree.root_of(b"leaf", 1, 1, []) is None


PLACES = st.integers(1, MOST).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))


@given(PLACES, st.data())
def test_a_proof_of_inclusion_holds_in_its_own_place_alone(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    path, root = TREE.path(index, size), TREE.root(size)
    other = data.draw(st.integers(-1, 2 * size).filter(lambda it: it != index))
    assert tree.root_of(leaf(index), other, size, path) != root
    assert tree.root_of(leaf((index + 1) % MOST), index, size, path) != root
    assert tree.root_of(leaf(index), index, size, [*path, data.draw(HASHES)]) != root
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert tree.root_of(leaf(index), index, size, path[:at] + path[at + 1 :]) != root
        assert tree.root_of(leaf(index), index, size, [*path[:at], data.draw(HASHES), *path[at + 1 :]]) != root


@given(PLACES, st.data())
def test_a_proof_of_continuation_holds_between_its_own_trees_alone(place: tuple[int, int], data: st.DataObject) -> None:
    first, second = place
    path, roots = TREE.proof(first, second), (TREE.root(first), TREE.root(second))
    forked = data.draw(HASHES)
    assert not tree.extends(first, second, path, forked, roots[1])
    assert not first or not tree.extends(first, second, path, roots[0], forked)  # anything continues the empty tree
    assert not tree.extends(first, second, [*path, forked], *roots)
    assert not tree.extends(second + 1, second, path, *roots)
    assert not tree.extends(-1, second, path, *roots)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not tree.extends(first, second, path[:at] + path[at + 1 :], *roots)
        assert not tree.extends(first, second, [*path[:at], forked, *path[at + 1 :]], *roots)
    if first:
        assert not tree.extends(first, second, [], *roots)


@given(st.integers(), st.integers(), st.lists(HASHES, max_size=70), HASHES, HASHES)
def test_whatever_is_given_is_answered(a: int, b: int, path: list[bytes], one: bytes, other: bytes) -> None:
    assert isinstance(tree.root_of(one, a, b, path), bytes | None)
    assert isinstance(tree.extends(a, b, path, one, other), bool)


def test_a_tree_of_one_is_its_leaf() -> None:
    assert tree.root_of(b"leaf", 0, 1, []) == b"leaf"
    assert tree.root_of(b"leaf", 0, 0, []) is None


def test_a_tree_continues_itself_with_nothing_to_prove() -> None:
    root = TREE.root(7)
    assert tree.extends(7, 7, [], root, root)
    assert not tree.extends(7, 7, [root], root, root)
    assert not tree.extends(7, 7, [], root, TREE.root(8))


def test_every_tree_continues_the_empty_one() -> None:
    assert tree.extends(0, 7, [], tree.EMPTY, TREE.root(7))
    assert not tree.extends(0, 7, [TREE.root(7)], tree.EMPTY, TREE.root(7))
    assert not tree.extends(0, 7, [], TREE.root(1), TREE.root(7))
