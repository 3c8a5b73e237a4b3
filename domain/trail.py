"""A mapping that remembers: O(1) to add to without changing what others hold, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Trail(Generic[K, V]):
    """An immutable mapping for state that grows with the history.

    A copied dict would make the fold of a long case quadratic. Adding is O(1); looking up walks back from the
    newest, which `decide` does once a command where `evolve` adds once an event.
    """

    __slots__ = ("_last",)

    def __init__(self, last: tuple[K, V, object] | None = None) -> None:
        self._last = last

    def with_(self, key: K, value: V) -> Trail[K, V]:
        """Return this trail with `key` at `value`."""
        return Trail((key, value, self._last))

    def get(self, key: K) -> V | None:
        """Return what stands under `key` now, or None."""
        return next((value for its, value in self._newest_first() if its == key), None)

    def now(self) -> dict[K, V]:
        """Return everything as it stands, in the order in which the keys first came."""
        return dict(reversed(list(self._newest_first()))) if self._last else {}

    def _newest_first(self) -> Iterator[tuple[K, V]]:
        link = self._last
        while link is not None:
            key, value, link = link  # type: ignore[assignment]  # the rest of the chain is of the same shape
            yield key, value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trail) and self.now() == other.now()

    def __hash__(self) -> int:
        return hash(frozenset(self.now()))

    def __repr__(self) -> str:
        return f"Trail({self.now()!r})"
