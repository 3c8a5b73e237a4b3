"""What those are called whom a page tells of: it knows them by their ids, and asks for all their names at once.

Nobody is told more of than stands on the page already: what is not to be known has no name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from domain.decider import STAFF

if TYPE_CHECKING:
    from api.pages.page import Visit

_AT_ONCE = 200


async def called(visit: Visit, *told: Any) -> None:
    """Have the page call everybody by name of whom `told` tells: answers of queries, as they are."""
    whom = list(dict.fromkeys("/".join(it) for it in _holders(told) if not any("/" in part for part in it)))
    for begin in range(0, len(whom), _AT_ONCE):
        found = await visit.ask.get("/directory/names", holder=whom[begin : begin + _AT_ONCE])
        visit.names |= {_key(it): it for it in found["names"]}
        visit.names |= {(it["organisation"],): it for it in found["names"]}


def named(names: Mapping[tuple[str, ...], Mapping[str, Any]], holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return a holder with its names, where they are known."""
    return {**holder, **names.get(_key(holder), {})}


def _key(holder: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(it for it in (holder["organisation"], holder["unit"], holder.get("worker")) if it)


def _holders(told: Any) -> Iterator[tuple[str, ...]]:
    """Yield whoever is in what was told, however deep: holders, and those of the staff who acted."""
    if isinstance(told, dict) and told.get("organisation") and told.get("unit"):
        acted = {"worker": told["who"]} if "who" in told and told.get("role") in STAFF else {}
        yield _key({**told, **acted})
    for it in told.values() if isinstance(told, dict) else told:
        if isinstance(it, dict | list | tuple):  # not each of the many words and numbers
            yield from _holders(it)
