"""How cases were handed over, in figures."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest

from domain.decider import Recorded
from domain.remembered import Holder
from projections.closure import CLOSURE
from projections.handoffs import HANDOFFS
from projections.imported import IMPORTED
from projections.placements import PLACEMENTS
from projections.projection import Projection
from projections.report import Level, handoff_figures
from tests.projections.histories import AINO, ARVO, BO, EEVA, INTAKE, Row, Told, handed_over, imported, opened

NAMES = [
    "cases", "events", "holders", "moves", "cases_moved", "cases_returned", "cases_bounced", "bounces", "most_moves",
    "accepted", "hours_unaccepted", "reopened_cases", "reopenings",
]  # fmt: skip


PROJECTIONS: tuple[Projection[Any, Any], ...] = (CLOSURE, HANDOFFS, IMPORTED, PLACEMENTS)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a database with the tables of the projections."""
    with psycopg.connect(database, autocommit=True) as connection:
        for projection in PROJECTIONS:
            connection.execute(projection.table.create.encode())
        yield connection


def write(connection: psycopg.Connection[Any], *cases: Told) -> None:
    """Write the rows of these histories, each as a case of its own."""
    for number, told in enumerate(cases):
        case = uuid5(UUID(int=7), str(number))
        history = [Recorded(case, it.event, it.context) for it in told.it]
        for projection in PROJECTIONS:
            rows = [projection.record(row) for row in projection.over(history)]
            table = projection.table
            statement = f"INSERT INTO {table.table} SELECT * FROM {table.records('%s')}"
            connection.execute(statement.encode(), [json.dumps(rows, default=str)])


def figures(connection: psycopg.Connection[Any], by: Level = "unit") -> dict[str, int | float]:
    found = handoff_figures(connection, by)
    assert list(found) == NAMES
    return {name: figure for name, figure in found.items() if figure}


def test_nothing_comes_to_nothing(connection: psycopg.Connection[Any]) -> None:
    assert figures(connection) == {}
    assert handoff_figures(connection, "unit")["hours_unaccepted"] == 0.0


def test_moves_returns_and_bounces(connection: psycopg.Connection[Any]) -> None:
    there_and_back = imported(Row(0, AINO), Row(1, BO), Row(2, AINO), Row(3, BO))
    round_about = imported(Row(0, AINO), Row(1, BO), Row(2, EEVA), Row(3, AINO))
    still = imported(Row(0, AINO), Row(1, AINO), Row(2, ARVO))
    write(connection, there_and_back, round_about, still)
    assert figures(connection) == {
        "cases": 3, "events": 11, "holders": 3, "moves": 6, "cases_moved": 2, "cases_returned": 2, "cases_bounced": 1,
        "bounces": 2, "most_moves": 3,
    }  # fmt: skip


def test_a_worker_is_a_holder_and_so_is_a_unit_in_which_nobody_is_named(connection: psycopg.Connection[Any]) -> None:
    write(connection, imported(Row(0, AINO), Row(1, AINO.as_unit, "queued"), Row(2, ARVO), Row(3, AINO)))
    assert figures(connection, "worker") == {
        "cases": 1, "events": 4, "holders": 3, "moves": 3, "cases_moved": 1, "cases_returned": 1, "most_moves": 3,
        "accepted": 1, "hours_unaccepted": 1.0,
    }  # fmt: skip
    assert "moves" not in figures(connection, "unit")


def test_a_unit_or_a_worker_is_its_name_alone(connection: psycopg.Connection[Any]) -> None:
    elsewhere = Holder("elsewhere", AINO.unit, AINO.worker)
    write(connection, imported(Row(0, AINO), Row(1, elsewhere)))
    assert "moves" not in figures(connection, "unit")
    assert "moves" not in figures(connection, "worker")
    assert figures(connection, "organisation")["moves"] == 1


def test_a_worker_is_not_the_unit_of_the_same_name(connection: psycopg.Connection[Any]) -> None:
    write(connection, imported(Row(0, Holder("kela", "aino", "x")), Row(1, Holder("kela", "x"))))
    assert figures(connection, "worker")["holders"] == 2


def test_what_the_source_does_not_state_is_no_holder(connection: psycopg.Connection[Any]) -> None:
    only_a_worker = Holder(INTAKE.organisation, INTAKE.unit, "aino")
    nobody = Holder("kela", INTAKE.unit)
    write(connection, imported(Row(0, nobody), Row(1, only_a_worker), Row(2, BO)))
    assert figures(connection, "unit")["holders"] == 1
    assert (figures(connection, "worker")["holders"], figures(connection, "worker")["moves"]) == (2, 1)
    assert figures(connection, "organisation")["holders"] == 2


def test_offers_are_accepted_where_they_were_made_and_wait_for_the_next_row(
    connection: psycopg.Connection[Any],
) -> None:
    accepted = imported(Row(0, AINO), Row(1, BO.as_unit, "queued"), Row(3, BO))
    passed_on = imported(Row(0, BO.as_unit, "queued"), Row(4, EEVA.as_unit, "queued"), Row(4.5, AINO))
    waiting = imported(Row(0, AINO), Row(1, BO.as_unit, "queued"))
    write(connection, accepted, passed_on, waiting)
    found = figures(connection)
    assert (found["accepted"], found["hours_unaccepted"]) == (1, 6.5)


def test_a_clock_that_runs_backward_stands_still(connection: psycopg.Connection[Any]) -> None:
    write(connection, imported(Row(5, AINO), Row(1, BO.as_unit, "queued"), Row(6, BO)))
    assert figures(connection)["hours_unaccepted"] == 1.0


def test_cases_are_reopened_by_an_activity(connection: psycopg.Connection[Any]) -> None:
    twice = [Row(0, AINO), Row(1, AINO, "closed"), Row(2, AINO), Row(3, AINO, "closed"), Row(4, BO)]
    write(connection, imported(*twice), imported(Row(0, AINO), Row(1, AINO, "closed"), Row(2, AINO, "closed")))
    found = figures(connection)
    assert (found["reopened_cases"], found["reopenings"]) == (1, 2)


def test_a_ledger_without_imports_tells_of_all_its_cases(connection: psycopg.Connection[Any]) -> None:
    write(connection, handed_over(opened(AINO), BO, at=1))
    assert figures(connection) == {
        "cases": 1, "holders": 2, "moves": 1, "cases_moved": 1, "most_moves": 1, "accepted": 1, "hours_unaccepted": 1.0
    }  # fmt: skip


def test_beside_an_import_our_own_cases_are_left_out(connection: psycopg.Connection[Any]) -> None:
    write(connection, imported(Row(0, AINO)), handed_over(opened(AINO), BO, at=1))
    assert figures(connection) == {"cases": 1, "events": 1, "holders": 1}
