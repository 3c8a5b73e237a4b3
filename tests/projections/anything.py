"""Streams of anything at all, whatever the rules say."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

from domain.case import Case
from domain.decider import Context, Event, Recorded, Role
from domain.ledger.mapper import every
from domain.remembered import Holder
from tests.projections.histories import (
    AINO,
    AN_ADMINISTRATOR,
    BO,
    CASE,
    HOLDERS,
    IMPORT,
    THE_CLIENT,
    THE_CLOCK,
    hours,
    manager,
    worker,
)

_IDS = st.sampled_from([UUID(int=number) for number in range(100, 104)])
_TIMES = st.integers(-50, 500).map(hours)


@cache
def events(kind: str) -> st.SearchStrategy[Event[Any]]:
    """Draw any event of a kind of stream, with anything in it."""
    return st.one_of([st.builds(event, **_parts(event)) for event in every_event() if event.state.__name__ == kind])


def every_event() -> list[type[Event[Any]]]:
    return sorted(every(Event), key=lambda event: event.topic)


def _parts(event: type[Any]) -> dict[str, st.SearchStrategy[Any]]:
    hints = get_type_hints(event)
    return {part.name: _anything(hints[part.name]) for part in fields(event)}


def _anything(hint: Any) -> st.SearchStrategy[Any]:
    arms = get_args(hint)
    match get_origin(hint):
        case origin if origin in {Union, UnionType}:
            return st.one_of([_anything(arm) for arm in arms])
        case origin if origin is Literal:
            return st.sampled_from(arms)
        case origin if origin is Annotated:
            return _anything(arms[0])
        case origin if origin is tuple:
            return st.lists(_anything(arms[0]), max_size=2).map(tuple)
    kinds: dict[Any, st.SearchStrategy[Any]] = {
        NoneType: st.none(), UUID: _IDS, datetime: _TIMES, str: st.just("sanoja"), bool: st.booleans(),
        int: st.integers(1, 12), Holder: st.sampled_from(sorted(HOLDERS, key=repr)), Role: st.sampled_from(Role),
    }  # fmt: skip
    kind = getattr(hint, "__supertype__", hint)
    return kinds[kind] if kind in kinds else st.builds(kind, **_parts(kind))


@st.composite
def anything(draw: st.DrawFn, kind: type[Any] = Case) -> list[Recorded]:
    """Draw a stream of anything that there is in streams of its kind."""
    drawn = draw(st.lists(events(kind.__name__), max_size=15))
    return [Recorded(CASE, event, draw(contexts()).at(number)) for number, event in enumerate(drawn, 1)]


def contexts() -> st.SearchStrategy[Context]:
    actors = st.sampled_from([THE_CLIENT, THE_CLOCK, AN_ADMINISTRATOR, worker(AINO), manager(BO)])
    imports = st.sampled_from([None, None, IMPORT])
    return st.builds(Context, _IDS, actors, _TIMES, st.just(hours(900)), imported=imports)
