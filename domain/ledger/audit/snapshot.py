"""One look at a ledger that goes on: several processes read the same state of it, each a part after the other."""

from __future__ import annotations

import atexit
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from psycopg import Connection, sql
from psycopg.adapt import Loader
from psycopg.pq import Format

from domain.ledger.database import Region

T = TypeVar("T")
R = TypeVar("R")

_HERE: list[Connection] = []
"""The connection of a process that shares the work, as long as it lives."""


class Microseconds(Loader):
    """Times as PostgreSQL keeps them, so that any can be read: microseconds since 2000, in UTC."""

    format = Format.BINARY

    def load(self, data: Any) -> int:
        """Return the number."""
        return int.from_bytes(bytes(data), "big", signed=True)


@dataclass(frozen=True)
class Snapshot:
    """A state of a region's ledger, which `connection` sees, and all processes of the `pool` that share the work."""

    region: Region
    connection: Connection
    pool: Executor | None = None

    def each(self, work: Callable[[Connection, T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Do the work part by part, here or in several processes; yield what came of it, in the parts' order."""
        if self.pool is None or len(tasks) <= 1:
            yield from (work(self.connection, it) for it in tasks)
        else:
            yield from self.pool.map(partial(_elsewhere, work), tasks)


@contextmanager
def snapshot(region: Region, processes: int = 1) -> Iterator[Snapshot]:
    """Give a state of the ledger to look at for as long as it takes. It holds up nobody."""
    with ExitStack() as stack:
        connection = stack.enter_context(_opened(region))
        stack.enter_context(connection.transaction())
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if processes <= 1:
            yield Snapshot(region, connection)
            return
        (name,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(processes, context, _join, (region, name))
        stack.callback(pool.shutdown, cancel_futures=True)
        yield Snapshot(region, connection, pool)


def reading(connection: Connection) -> Connection:
    """Let a connection read times as PostgreSQL keeps them, where it reads binary."""
    connection.adapters.register_loader("timestamptz", Microseconds)
    return connection


def _opened(region: Region) -> Connection:
    return reading(region.connect(0))  # no statement of this has to end soon


def _join(region: Region, name: str) -> None:
    connection = _opened(region)
    atexit.register(connection.close)
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(name)))
    _HERE.append(connection)


def _elsewhere(work: Callable[[Connection, T], R], task: T) -> R:
    return work(_HERE[0], task)
