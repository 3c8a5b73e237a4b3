"""Where the ledger is kept: one region, which is one PostgreSQL schema, through pooled connections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.ledger.fault import Fault

REQUEST_SECONDS = 10
BATCH_SECONDS = 60
POOL_WAIT_SECONDS = 2.0

_REGION = re.compile(r"(?!pg_|public$|information_schema$)[a-z][a-z0-9_]{0,40}")
_CANCELLED, _NO_RESOURCES = "57014", "53"
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""A peer that went away without a word is noticed within about ten seconds, on either side."""


class RegionMisnamed(Fault, ValueError):
    """A region's name is a small letter and then small letters, digits or _, and no name of PostgreSQL's own."""


class DatabaseUnavailable(Fault):
    """The database does not answer, or all its connections are busy. Try again in a moment."""

    @property
    def undone(self) -> bool:
        """Whether nothing was written for certain: no connection was to be had, or the server said that it gave up."""
        said = getattr(self.__cause__, "sqlstate", None) or ""
        return isinstance(self.__cause__, PoolTimeout) or said == _CANCELLED or said.startswith(_NO_RESOURCES)


_BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""A plan that is kept for a prepared statement else reads whole tables, if they were small when it was made."""


_AS_READER = """
    SELECT set_config('luotsi.' || key, value, true) FROM json_each_text(%(sight)s::json)
    UNION ALL SELECT set_config('role', %(reader)s, true)"""
_JSON = msgspec.json.Encoder()


@dataclass(frozen=True)
class Region:
    """A region's place: the server, and the schema and the service's role in it, which both carry its name."""

    url: str
    name: str = "luotsi"

    def __post_init__(self) -> None:
        if not _REGION.fullmatch(self.name):
            raise RegionMisnamed(self.name)

    @property
    def service(self) -> str:
        """The role under which the service works: it may add to the ledger and read it, and change nothing in it."""
        return f"{self.name}_service"

    @property
    def reader(self) -> str:
        """The role under which what readers ask for is looked up: it sees the rows that they may see, and no others."""
        return f"{self.name}_reader"

    def conninfo(self, seconds: int = REQUEST_SECONDS, *, owner: bool = False, by_key: bool = False) -> str:
        """Return how to connect: as the service, or as the owner who migrates; statements end after `seconds`.

        `by_key` is for requests, which look up a few rows by their keys: see `_BY_KEY`.
        """
        settings = (
            {
                "search_path": self.name,
                "statement_timeout": f"{seconds}s",
                "idle_in_transaction_session_timeout": f"{seconds}s",
                "timezone": "UTC",
                "jit": "off",
                **{f"tcp_{name}": value for name, value in _KEEPALIVES.items()},
            }
            | ({} if owner else {"role": self.service})
            | (_BY_KEY if by_key else {})
        )
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        return make_conninfo(self.url, options=options, connect_timeout=5, application_name="luotsi", **_KEEPALIVES)

    def connect(self, seconds: int = BATCH_SECONDS, *, owner: bool = False) -> Connection[TupleRow]:
        """Return one connection of one's own, each statement its own transaction, for work in batches."""
        return psycopg.connect(self.conninfo(seconds, owner=owner), autocommit=True)


class Pool:
    """The service's connections for requests."""

    def __init__(self, region: Region, size: int = 16, wait: float = POOL_WAIT_SECONDS) -> None:
        self.region = region
        self._pool: ConnectionPool[Connection[Any]] = ConnectionPool(
            region.conninfo(by_key=True), min_size=1, max_size=size, timeout=wait, open=True,
            kwargs={"autocommit": True}, name=f"luotsi-{region.name}",
        )  # fmt: skip

    @contextmanager
    def connection(self) -> Iterator[Connection[TupleRow]]:
        """Lend a connection, waiting two seconds for it at most. Raises `DatabaseUnavailable`."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as busy:
            raise DatabaseUnavailable from busy
        except psycopg.OperationalError as gone:
            self._pool.check()  # a server that went away takes all connections with it
            raise DatabaseUnavailable from gone

    @contextmanager
    def reading(self, sight: Mapping[str, str]) -> Iterator[Connection[TupleRow]]:
        """Lend a connection that sees what a reader may see, of the read tables alone. Raises `DatabaseUnavailable`.

        `sight` says who reads: values of the settings that the walls of the read tables ask for. What it does not say
        is nobody.
        """
        with self.connection() as connection, connection.transaction():
            connection.execute(_AS_READER, {"reader": self.region.reader, "sight": _JSON.encode(sight).decode()})
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()
