"""What holds for every projection."""

import importlib
import inspect
from collections import Counter
from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.case import Case
from domain.decider import WORDS, Recorded, State
from projections.projection import Opens, Projection, every_projection
from tests.projections.anything import anything, every_event
from tests.projections.histories import Told, histories, imported, sources

ALL = every_projection()
CASES = [it for it in ALL if it.of is Case]
each = pytest.mark.parametrize("projection", ALL, ids=lambda it: it.name)


def words_of(event: type[Any]) -> set[str]:
    """Return the fields of an event that hold words."""
    return {name for name, hint in get_type_hints(event, include_extras=True).items() if WORDS in markers(hint)}


def markers(hint: Any) -> list[Any]:
    found = list(getattr(hint, "__metadata__", ()))
    return found + [marker for arm in get_args(hint) for marker in markers(arm)]


def openings(projection: Projection[Any, Any]) -> dict[str, str]:
    """Return which fields of a row open which field of an entry."""
    hints = get_type_hints(projection.row, include_extras=True)
    return {name: marker.field for name, hint in hints.items() for marker in markers(hint) if isinstance(marker, Opens)}


def same_but_for_what_changed(projection: Projection[Any, Any], before: Any, after: Any) -> bool:
    """Whether what did not change is the very same object."""
    if before == after:
        return before is after
    known = {projection.key_of(row): row for row in before}
    return all(known.get(projection.key_of(row)) is row for row in after if row == known.get(projection.key_of(row)))


def fold_step_by_step(history: list[Recorded], kind: type[State] = Case) -> None:
    for projection in (it for it in ALL if it.of is kind):
        memory, rows = projection.start, projection.rows(projection.start)
        for it in history:
            memory = projection.fold(memory, it)
            after = projection.rows(memory)
            assert same_but_for_what_changed(projection, rows, after)
            assert all(getattr(row, projection.table.kind) == it.stream for row in after)
            rows = after


def test_names_and_paths_are_each_its_own() -> None:
    assert len({it.name for it in ALL}) == len(ALL)
    assert max(Counter(it.path for it in ALL if it.path).values()) == 1
    assert all(it.version >= 1 for it in ALL)
    assert [it.name for it in ALL if it.path and it.of is not Case] == []
    assert {it.path for it in CASES} >= {
        "owner", "handoffs", "voice", "closure", "next-step", "placements", "imported"
    }  # fmt: skip


@each
def test_it_says_what_it_is(projection: Projection[Any, Any]) -> None:
    module = importlib.import_module(projection.fold.__module__)
    for what in (module, projection.row, projection.fold):
        assert len(inspect.getdoc(what) or "") > len("too short")


@each
def test_a_row_is_of_one_stream_and_has_its_key(projection: Projection[Any, Any]) -> None:
    names = [it.name for it in fields(projection.row)]
    assert names[0] == projection.table.kind
    assert (names[0] == "case") == (projection.of is Case)
    assert {names[0]} == {it.table.kind for it in ALL if it.of is projection.of}
    assert [it.name for it in ALL if it.of is not projection.of and it.table.kind == names[0]] == []
    assert set(projection.key) <= set(names)
    columns = [name for name, _ in projection.table.columns]
    assert all(name.islower() and name.isidentifier() and "__" not in name for name in columns)
    assert max(Counter(columns).values()) == 1


@each
def test_a_row_holds_no_words_but_the_number_of_the_entry_that_does(projection: Projection[Any, Any]) -> None:
    hints = get_type_hints(projection.row, include_extras=True)
    assert not [name for name, hint in hints.items() if WORDS in markers(hint)]
    for name in openings(projection):
        assert get_origin(hints[name]) is Annotated
        assert get_args(hints[name])[0] in {int, int | None}


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_they_fold_any_history_row_by_row_and_open_the_words_of_its_entries(told: Told) -> None:
    fold_step_by_step(told.counted)
    for projection in CASES:
        rows = projection.over(told.counted)
        assert len({projection.key_of(row) for row in rows}) == len(rows)
        assert opens_words(projection, rows, told.it)


def opens_words(projection: Projection[Any, Any], rows: tuple[Any, ...], history: list[Recorded]) -> bool:
    opened = [(getattr(row, name), field) for row in rows for name, field in openings(projection).items()]
    return all(field in words_of(type(history[version - 1].event)) for version, field in opened if version is not None)


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_they_fold_any_import(rows: Any) -> None:
    fold_step_by_step(imported(*rows).it)


@pytest.mark.parametrize("kind", list(dict.fromkeys(it.of for it in ALL)))
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_they_fold_anything_at_all(kind: type[State], data: st.DataObject) -> None:
    fold_step_by_step(data.draw(anything(kind)), kind)


@each
def test_its_indexes_are_of_its_columns(projection: Projection[Any, Any]) -> None:
    columns = {name for name, _ in projection.table.columns}
    assert [it for it in projection.indexes if not it.columns or set(it.columns) - columns] == []


def test_every_event_is_tried() -> None:
    assert len({event.topic for event in every_event()}) == len(every_event()) > 40
