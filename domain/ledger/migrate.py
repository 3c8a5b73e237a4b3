"""Numbered SQL migrations, each applied once and never changed. Safe when several processes start at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files

from psycopg import Connection, sql

from domain.ledger.database import Region
from domain.ledger.readtable import ReadTable

_LOCK = 0x4C554F54  # "LUOT": whoever holds it migrates, the others wait and then find nothing to do


class MigrationChanged(Exception):
    """A migration that was applied here has been changed since. Restore its file, and write a new one instead."""


class NotMigrated(Exception):
    """The database is not migrated to this release. Run `luotsi migrate` as its owner."""


def migrate(region: Region, tables: Iterable[ReadTable] = ()) -> list[str]:
    """Bring the region's schema up to date and make the read tables that are missing; return what was applied."""
    with region.connect(owner=True) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        _prepare(connection, region)
        applied = [name for name, text in _migrations() if _apply(connection, region, name, text)]
        for table in tables:
            _make(connection, region, table)
    return applied


def _prepare(connection: Connection, region: Region) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (region.service,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(region.service)))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(region.service)))
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(region.name)))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name text PRIMARY KEY, sha256 text NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
    )


def _migrations() -> Iterator[tuple[str, str]]:
    for file in sorted(files("domain.ledger").joinpath("migrations").iterdir(), key=lambda it: it.name):
        if file.name.endswith(".sql"):
            yield file.name, file.read_text(encoding="utf-8")


def _apply(connection: Connection, region: Region, name: str, text: str) -> bool:
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = connection.execute("SELECT sha256 FROM migrations WHERE name = %s", (name,)).fetchone()
    if row is not None:
        if row[0] != digest:
            raise MigrationChanged(name)
        return False
    named = text.replace(":schema", _quoted(region.name)).replace(":service", _quoted(region.service))
    connection.execute(named.encode())
    connection.execute("INSERT INTO migrations (name, sha256) VALUES (%s, %s)", (name, digest))
    return True


def _make(connection: Connection, region: Region, table: ReadTable) -> None:
    connection.execute(table.create.encode())
    grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.table} TO {_quoted(region.service)}"
    connection.execute(grant.encode())


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()
