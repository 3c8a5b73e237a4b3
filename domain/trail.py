"""A mapping that remembers: a fold may add to it at each event, and look things up, however long the history is."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_BOXES = 512
_SMALL = 48
"""How many keys go into a single box, before they are spread over all."""


class Trail(Generic[K, V]):
    """An immutable mapping in boxes: with another value it copies one box and the list of boxes, and not the rest.

    So folding ten thousand events takes ten times as long as folding a thousand, where a tuple or a dict that is copied
    whole would take a hundred times as long.
    """

    __slots__ = ("_boxes", "_count", "_size", "_values")

    def __init__(self, boxes: dict[int, dict[K, tuple[int, V]]] | None = None, count: int = 1, size: int = 0) -> None:
        self._boxes = boxes or {}
        self._count = count
        self._size = size
        self._values: tuple[V, ...] | None = None

    def get(self, key: K) -> V | None:
        """Return what stands under `key` now, or None."""
        found = self._boxes.get(hash(key) % self._count, _EMPTY).get(key)
        return found[1] if found else None

    def with_(self, key: K, value: V) -> Trail[K, V]:
        """Return this trail with `key` at `value`: itself where it says so already."""
        which = hash(key) % self._count
        box = self._boxes.get(which, _EMPTY)
        number, known = box.get(key, (self._size, _NEW))
        if known is value or known == value:
            return self
        longer = Trail({**self._boxes, which: {**box, key: (number, value)}}, self._count, max(self._size, number + 1))
        return longer._spread() if longer._size > _SMALL and self._count == 1 else longer

    def now(self) -> dict[K, V]:
        """Return everything as it stands, in the order in which the keys first came."""
        numbered = [(number, key, value) for box in self._boxes.values() for key, (number, value) in box.items()]
        return {key: value for _, key, value in sorted(numbered, key=lambda it: it[0])}

    @property
    def values(self) -> tuple[V, ...]:
        """Everything that stands here, in the order in which the keys first came: the very same tuple each time."""
        if self._values is None:
            self._values = tuple(self.now().values())
        return self._values

    def _spread(self) -> Trail[K, V]:
        boxes: dict[int, dict[K, tuple[int, V]]] = {}
        for box in self._boxes.values():
            for key, found in box.items():
                boxes.setdefault(hash(key) % _BOXES, {})[key] = found
        return Trail(boxes, _BOXES, self._size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trail) and self.now() == other.now()

    def __hash__(self) -> int:
        return hash(frozenset(self.now()))

    def __repr__(self) -> str:
        return f"Trail({self.now()!r})"


_EMPTY: dict[Any, Any] = {}
_NEW: Any = object()
