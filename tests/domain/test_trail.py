"""A mapping that remembers."""

from hypothesis import given
from hypothesis import strategies as st

from domain.trail import Trail

PAIRS = st.lists(st.tuples(st.integers(0, 200), st.sampled_from([None, 1, 2, 3])), max_size=300)


@given(PAIRS)
def test_a_trail_is_a_dictionary_that_others_can_hold(pairs: list[tuple[int, int | None]]) -> None:
    trail: Trail[int, int | None] = Trail()
    plain: dict[int, int | None] = {}
    for key, value in pairs:
        before, stood = trail, trail.now()
        trail, plain = trail.with_(key, value), {**plain, key: value}
        assert before.now() == stood
    assert list(trail.now().items()) == list(plain.items())
    assert trail.values == tuple(plain.values())
    assert [trail.get(key) for key in range(201)] == [plain.get(key) for key in range(201)]
    assert repr(trail) == f"Trail({plain!r})"
    assert trail == Trail() or plain
    assert hash(trail) == hash(Trail() if not plain else trail)


def test_what_says_so_already_is_the_very_same() -> None:
    trail = Trail[str, int]().with_("a", 1)
    assert trail.with_("a", 1) is trail
    assert trail.values is trail.values
    assert trail == Trail[str, int]().with_("a", 1)
    assert trail != trail.with_("b", 1)


def test_that_nothing_stands_there_any_more_is_remembered_too() -> None:
    trail: Trail[str, int | None] = Trail[str, int | None]().with_("a", 1).with_("a", None)
    assert trail.now() == {"a": None}


def test_a_long_history_copies_little_at_each_step() -> None:
    def copied(keys: int) -> int:
        """Return how many things the last step copies."""
        trail: Trail[int, int] = Trail()
        for key in range(keys):
            trail = trail.with_(key, key)
        return len(trail._boxes) + max(map(len, trail._boxes.values()))

    assert copied(20_000) < 2 * copied(2_000)
