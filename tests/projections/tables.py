"""Read tables filled with the rows of histories, each history a case of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg

from domain.decider import Recorded
from projections.projection import AnyProjection
from tests.projections.histories import Told

Connection = psycopg.Connection[Any]


@contextmanager
def tables(database: str, projections: Sequence[AnyProjection]) -> Iterator[Connection]:
    """Connect to a database with the tables of these projections."""
    with psycopg.connect(database, autocommit=True) as connection:
        for projection in projections:
            for statement in (projection.table.create, *projection.table.create_indexes):
                connection.execute(statement.encode())
        yield connection


def write(connection: Connection, projections: Sequence[AnyProjection], *cases: Told) -> list[UUID]:
    """Write the rows of these histories; return the cases."""
    found = []
    for told in cases:
        found.append(case := uuid4())
        history = [Recorded(case, it.event, it.context) for it in told.counted]
        for projection in projections:
            rows = [projection.record(row) for row in projection.over(history)]
            statement = f"INSERT INTO {projection.table.table} SELECT * FROM {projection.table.records('%s')}"
            connection.execute(statement.encode(), [msgspec.json.encode(rows).decode()])
    return found
