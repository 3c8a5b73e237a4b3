"""A mapping that remembers."""

from hypothesis import given
from hypothesis import strategies as st

from domain.trail import Trail


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans())))
def test_a_trail_is_a_dictionary_that_others_can_hold(steps: list[tuple[int, bool]]) -> None:
    trail: Trail[int, bool] = Trail()
    plain: dict[int, bool] = {}
    for key, value in steps:
        before = trail.now()
        longer = trail.with_(key, value)
        assert trail.now() == before
        trail, plain = longer, {**plain, key: value}
    assert trail.now() == plain
    assert [trail.get(key) for key in range(6)] == [plain.get(key) for key in range(6)]
    assert hash(trail) == hash(Trail() if not plain else trail)
    assert trail == trail.with_(next(iter(plain)), plain[next(iter(plain))]) if plain else trail == Trail()
    assert repr(trail) == f"Trail({plain!r})"
