"""Anything to fill a field with: any value of its type, with ids, versions, holders and times from what is at hand."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, fields
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from random import Random
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

from domain.case import Case
from domain.decider import MOST, WORDS, Actor, Entry, Recorded, Value
from domain.remembered import Holder
from domain.trail import Trail
from tests.domain.given import (
    CITY,
    CLIENT,
    COUNTY,
    HOLDERS,
    KELA,
    MONDAY,
    STAFF_OF_ALL,
    an_auditor,
    father,
    mother,
    the_administrator,
    the_client,
    the_clock,
    the_guardian,
    the_other_administrator,
)

ANYBODY = [
    *STAFF_OF_ALL, the_client, the_guardian, mother, father, the_clock, the_administrator, the_other_administrator,
    an_auditor,
]  # fmt: skip
STRANGE_IDS = [uuid4() for _ in range(3)]
EVERYBODY = sorted(HOLDERS, key=repr)
UNITS = [it for it in EVERYBODY if it.worker is None]
STRANGER = Holder("x", "y")
HOURS_AWAY = (-500, -30, -1, 0, 1, 30, 500)
NO_MOMENTS = [MONDAY.replace(tzinfo=None), MONDAY.replace(year=1899), MONDAY.replace(year=2200)]
OVERRIDABLE = [1, 7, 9, 10, 13, 14, 25, 29, 30]
PLAIN: dict[Any, Sequence[Any]] = {
    bool: [False, True],
    int: [-1, 0, 1, 3, 5, 10**9],
    str: ["a", "b", KELA, COUNTY, CITY],
    date: [MONDAY.date() + timedelta(days=it) for it in (-1, 0, 1, 9)],
    Actor: ANYBODY,
    type(None): [None],
}
"""What there is of each plain type."""
NAMED: dict[str, Sequence[Any]] = {
    "client": [CLIENT],
    "region": ["pirha", "x y"],
    "head": ["0" * 64, "zz"],
    "rule": OVERRIDABLE,
}
"""What there is for a field of this name, whatever its type."""
NAMED_FOR = {"client_view": "statement"}
"""Ids that go by another name where they were given."""
NEAR = {"worker": 9, "by": 4, "participants": 3}
"""How much likelier those holders are that have to do with the case already."""
SELDOM_LEFT_OUT = {"client_view", "no_view_because", "wrong_person", "until"}
"""Without these, hardly anything comes of a command."""
LENGTHS: dict[str, Sequence[int]] = {
    "override": [0, 0, 0, 0, 1],
    "members": [0, 1, 2, 2, 2, 3, MOST + 1],
    "participants": [1, 2, 2, 3],
}
"""How long lists are, by name; the others are as long as `ANY_LENGTH` says."""
ANY_LENGTH = [0, 0, 1, 1, 1, 2, 2, 2, MOST + 1]


class Hand:
    """What is at hand to fill a field with: mostly what the case waits for, sometimes anything at all."""

    def __init__(self, luck: Random, now: datetime, case: Case | None = None, history: Sequence[Recorded] = ()) -> None:
        self.choose: Callable[[Sequence[Any]], Any] = luck.choice
        self.now = now
        self.case = case or Case()
        self.history = history

    def made(self, kind: Any) -> Any:
        """Make a value of this class, field by field; those with a default are often left out."""
        hints = hints_of(kind)
        given_fields = {}
        for name, has_default in fields_of(kind):
            if not (has_default and self.choose([name not in SELDOM_LEFT_OUT, name not in SELDOM_LEFT_OUT, False])):
                given_fields[name] = self.value(hints[name], name)
        return kind(**given_fields)

    def value(self, hint: Any, name: str) -> Any:
        """Choose a value for a field of this type and name."""
        if WORDS in getattr(hint, "__metadata__", ()):
            return self.choose(["", " ", *["sanoja"] * 9])
        arms = get_args(hint)
        match get_origin(hint):
            case None:
                return self.plain(hint, name)
            case origin if origin is Literal:
                return self.choose(arms)
            case origin if origin in {Union, types.UnionType}:
                return self.value(self.choose([*(it for it in arms if it is not types.NoneType), *arms]), name)
            case origin if origin in {tuple, frozenset}:
                length = self.choose(LENGTHS.get(name, ANY_LENGTH))
                return origin(self.value(arms[0], name) for _ in range(length))
        return self.value(hint.__origin__, name)

    def plain(self, hint: Any, name: str) -> Any:
        """Choose a value of a plain type, or make one of a class."""
        if name in NAMED or hint in PLAIN:
            return self.choose(NAMED.get(name) or PLAIN[hint])
        if hint in self.at_hand:
            return self.choose(self.at_hand[hint](name))
        return (
            self.made(hint)
            if inspect.isclass(hint) and issubclass(hint, Value)
            else self.value(hint.__supertype__, name)
        )

    @cached_property
    def at_hand(self) -> dict[Any, Callable[[str], Sequence[Any]]]:
        """What there is of each type that is about the case at hand, for a field of some name."""
        return {
            UUID: lambda name: [*self.ids(NAMED_FOR.get(name, name)) * 3, *STRANGE_IDS],
            Entry: lambda name: [*self.waiting(name) * 3, *range(1, len(self.history) + 2)],
            Holder: lambda name: [
                *holders_in(self.case) * (6 if name == "worker" else 2),
                *EVERYBODY,
                *UNITS,
                STRANGER,
            ],
            datetime: lambda _: [*(self.now + timedelta(hours=it) for it in HOURS_AWAY * 2), *NO_MOMENTS],
        }

    def ids(self, name: str) -> list[UUID]:
        """Return the ids that were given to things of this name, the newest again: or all ids, where none were."""
        named = [it for event in self.history if isinstance(it := getattr(event.event, name, None), UUID)]
        return named + named[-1:] * len(named) or [it for trail in trails(self.case) for it in trail if is_id(it)]

    def waiting(self, name: str) -> list[int]:
        """Return the versions that wait: for an answer, for a second person, for the client."""
        if name == "answers":
            return list(self.case.support.now())
        found = [it.version for it in (self.case.closure, self.case.pending) if it]
        found += [
            it for trail in (self.case.awaiting, self.case.misplaced) for it, waits in trail.now().items() if waits
        ]
        return [*found, *[it.version for it in self.history[-2:]]]


def trails(case: Case) -> Iterator[dict[Any, Any]]:
    """Yield what the case remembers by id or version."""
    yield from (it.now() for it in vars(case).values() if isinstance(it, Trail))


def is_id(it: object) -> bool:
    return isinstance(it, UUID)


def holders_in(case: Case) -> list[Holder]:
    """Return those who hold the case, own it, are offered it or ask for it."""
    asking = [it.by for it in case.askings.now().values() if it]
    offered = [case.pending.to] if case.pending else []
    if case.transfer:
        offered.append(Holder(case.transfer.to_organisation, case.transfer.to_unit))
    return [*(it for it in (case.responsible, case.chosen) if it), *offered, *asking]


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


@cache
def fields_of(kind: Any) -> list[tuple[str, bool]]:
    """Return the fields of a class by name, and whether each has a default."""
    return [(it.name, it.default is not MISSING or it.default_factory is not MISSING) for it in fields(kind)]


def words_of(kind: Any) -> Iterable[str]:
    """Return the fields of a class that hold words."""
    return [name for name, hint in hints_of(kind).items() if WORDS in getattr(hint, "__metadata__", ())]
