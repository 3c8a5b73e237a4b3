"""The grammar: a row type, and a function from the rows so far and the next event to the rows now."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import projections
from domain.decider import Recorded
from domain.ledger.readtable import ReadTable

Row = TypeVar("Row")

_SQL = {UUID: "uuid", int: "bigint", float: "double precision", str: "text", bool: "boolean", datetime: "timestamptz"}


@dataclass(frozen=True)
class Opens:
    """Marks a row's field that holds a version: whoever may read it is shown that entry's `field` of words instead."""

    field: str


@dataclass(frozen=True)
class Projection(Generic[Row]):
    """A read model. Raise `version` when the row type or the meaning of the fold changes: it is built anew beside.

    `fold` is pure and sees a stream's events in the order in which they count. `key` are the fields that, with the
    case, identify a row. `path` is its name in a URL.
    """

    name: str
    version: int
    row: type[Row]
    fold: Callable[[tuple[Row, ...], Recorded], tuple[Row, ...]]
    key: tuple[str, ...] = ()
    path: str = ""

    def over(self, history: Iterable[Recorded], rows: tuple[Row, ...] = ()) -> tuple[Row, ...]:
        """Return the rows after these events."""
        for it in history:
            rows = self.fold(rows, it)
        return rows

    @cached_property
    def table(self) -> ReadTable:
        """The table that the rows are kept in."""
        return ReadTable(self.name, self.version, tuple(_columns(self.row)), ("case", *self.key))

    def record(self, row: Row) -> dict[str, Any]:
        """Return a row by its columns."""
        return dict(_flat(row))

    def key_of(self, row: Row) -> tuple[Any, ...]:
        """Return what identifies a row within its case."""
        return tuple(getattr(row, name) for name in self.key)


def every_projection() -> tuple[Projection[Any], ...]:
    """Return the projections of all modules here: a new one is a new file and nothing else."""
    found: dict[str, Projection[Any]] = {}
    for module in pkgutil.walk_packages(projections.__path__, "projections."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Projection):
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))


def _columns(row: type[Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, hint in _hints(row):
        kind = _kind(hint)
        if is_dataclass(kind):
            yield from _columns(kind, f"{prefix}{name}_")  # type: ignore[arg-type]  # is_dataclass speaks of instances too
        else:
            yield f"{prefix}{name}", _SQL.get(kind, "jsonb")


def _kind(hint: Any) -> Any:
    """Return the type to store a field as: without None and without what it may be annotated with."""
    if get_origin(hint) in {Union, UnionType}:
        return _kind(next(arm for arm in get_args(hint) if arm is not NoneType))
    if get_origin(hint) is Literal:
        return str
    return getattr(hint, "__supertype__", hint)


def _flat(row: Any, prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, hint in _hints(type(row)):
        value = getattr(row, name)
        kind = _kind(hint)
        if not is_dataclass(kind):
            yield f"{prefix}{name}", value
        elif value is None:
            yield from ((column, None) for column, _ in _columns(kind, f"{prefix}{name}_"))  # type: ignore[arg-type]
        else:
            yield from _flat(value, f"{prefix}{name}_")


_HINTS: dict[type[Any], tuple[tuple[str, Any], ...]] = {}


def _hints(row: type[Any]) -> tuple[tuple[str, Any], ...]:
    if row not in _HINTS:
        hints = get_type_hints(row)
        _HINTS[row] = tuple((it.name, hints[it.name]) for it in fields(row))
    return _HINTS[row]
