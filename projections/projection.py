"""The grammar: a row type, and a function from the rows so far and the next event to the rows now.

Where the rows so far do not tell enough to go on from, a fold has a memory instead, and rows are made of that.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import projections
from domain.case import Case
from domain.decider import Recorded, State
from domain.directory import Organisation, Unit, Worker
from domain.ledger.mapper import codecs
from domain.ledger.readtable import Index, ReadTable
from projections.walled import EVERYBODYS, wall_of

Row = TypeVar("Row")
Memory = TypeVar("Memory")

_SQL = {UUID: "uuid", int: "bigint", float: "double precision", str: "text", bool: "boolean", datetime: "timestamptz"}


@dataclass(frozen=True)
class Opens:
    """Marks a row's field that holds a version: whoever may read it is shown that entry's `field` of words instead."""

    field: str


_NO_ROWS: Any = ()


def _themselves(memory: Any) -> Any:
    return memory


@dataclass(frozen=True)
class Projection(Generic[Row, Memory]):
    """A read model. Raise `version` when the row type or the meaning of the fold changes: it is built anew beside.

    `fold` is pure and sees a stream's events in the order in which they count. It goes from what it remembers to what
    it remembers next: first `start`, and of that `rows` makes the rows, the very same one where nothing changed. Mostly
    the rows are all that there is to remember, so these two are left out.

    `of` is the kind of stream, which the row type's first field names; `key` are the fields that, with that one,
    identify a row. `path` is a case's projection's name in a URL, empty where it is read another way. `indexes` are by
    what rows are looked up across streams.
    """

    name: str
    version: int
    row: type[Row]
    fold: Callable[[Memory, Recorded], Memory]
    key: tuple[str, ...] = ()
    path: str = ""
    of: type[State] = Case
    start: Memory = _NO_ROWS
    rows: Callable[[Memory], tuple[Row, ...]] = _themselves
    indexes: tuple[Index, ...] = ()

    def over(self, history: Iterable[Recorded]) -> tuple[Row, ...]:
        """Return the rows after these events."""
        return self.rows(self.remembered(self.start, history))

    def remembered(self, memory: Memory, history: Iterable[Recorded]) -> Memory:
        """Return what is remembered after these events."""
        for it in history:
            memory = self.fold(memory, it)
        return memory

    @cached_property
    def table(self) -> ReadTable:
        """The table that the rows are kept in."""
        columns = tuple(_columns(self.row))
        table = ReadTable(self.name, self.version, columns, (columns[0][0], *self.key), self.indexes)
        if self.of is Case:
            return replace(table, wall=wall_of(table.table))
        return replace(table, wall=EVERYBODYS) if self.of in {Organisation, Unit, Worker} else table

    def record(self, row: Row) -> dict[str, Any]:
        """Return a row by its columns."""
        record: dict[str, Any] = {}
        for name, parts in self._parts:
            value = getattr(row, name)
            if not parts:
                record[name] = value
            for column, part in parts:
                record[column] = None if value is None else getattr(value, part)
        return record

    @cached_property
    def _parts(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Each field of the row type, with the columns that its parts are kept in where it has parts."""
        return tuple((name, tuple(_parts_of(name, hint))) for name, hint in _hints(self.row))

    def key_of(self, row: Row) -> tuple[Any, ...]:
        """Return what identifies a row within its stream."""
        return tuple(getattr(row, name) for name in self.key)


AnyProjection = Projection[Any, Any]
"""A projection of whatever rows, made of whatever memory."""


def but(row: Row, **changes: Any) -> Row:
    """Return the row with some fields changed (five times faster than `dataclasses.replace`)."""
    copy = object.__new__(type(row))
    copy.__dict__.update(row.__dict__, **changes)
    return copy


@cache
def every_projection() -> tuple[AnyProjection, ...]:
    """Return the projections of all modules here: a new one is a new file and nothing else."""
    found: dict[str, AnyProjection] = {}
    for module in pkgutil.walk_packages(projections.__path__, "projections."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Projection):
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))


def topics_of(kind: type[State]) -> tuple[str, ...]:
    """Return the topics of a kind of stream: by that of its first event it is known for one."""
    return tuple(sorted(topic for topic, it in codecs().items() if it.event.state is kind))


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


def _parts_of(name: str, hint: Any) -> Iterable[tuple[str, str]]:
    kind = _kind(hint)
    if is_dataclass(kind):
        yield from ((f"{name}_{part}", part) for part, _ in _hints(kind))  # type: ignore[arg-type]


def _hints(row: type[Any]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(row)
    return tuple((it.name, hints[it.name]) for it in fields(row))
