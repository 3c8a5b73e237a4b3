"""Numbered SQL migrations, each applied once and never changed. Safe when several processes start at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.resources import files

import psycopg
from psycopg import Connection, sql
from psycopg.errors import DuplicateObject, InsufficientPrivilege, UniqueViolation

from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.readtable import ReadTable

_LOCK = 0x4C554F54  # "LUOT": whoever holds it migrates, the others wait and then find nothing to do


class MigrationChanged(Fault):
    """A migration that was applied here has been changed since. Restore its file, and write a new one instead."""


class TableChanged(Fault):
    """A projection's rows have another shape than its table was made with. Raise the projection's version."""


class NotMigrated(Fault):
    """The database is not migrated to this release, and this role may not do it. Run `luotsi migrate` as its owner."""


def migrate(region: Region, tables: Iterable[ReadTable] = ()) -> list[str]:
    """Bring the region's schema up to date and make the read tables that are missing; return what was applied.

    It takes the schema's owner; for another role there is nothing to do, or it raises `NotMigrated`.
    """
    wanted = list(tables)
    try:
        with region.connect(owner=True) as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            _prepare(connection, region)
            applied = [name for name, text in _migrations() if _apply(connection, region, name, text)]
            for table in wanted:
                _make(connection, region, table)
    except InsufficientPrivilege as refused:
        if not _up_to_date(region, wanted):
            raise NotMigrated from refused
        return []
    return applied


def _prepare(connection: Connection, region: Region) -> None:
    for role in (region.service, region.reader):
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
            with suppress(DuplicateObject, UniqueViolation), connection.transaction():  # roles are the whole server's
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
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
    row = connection.execute("SELECT sha256 FROM migrations WHERE name = %s", (name,)).fetchone()
    if row is not None:
        if row[0] != _digest(text):
            raise MigrationChanged(name)
        return False
    names = {":schema": region.name, ":service": region.service, ":reader": region.reader}
    named = text
    for mark, whose in names.items():
        named = named.replace(mark, _quoted(whose))
    connection.execute(named.encode())
    connection.execute("INSERT INTO migrations (name, sha256) VALUES (%s, %s)", (name, _digest(text)))
    return True


def _make(connection: Connection, region: Region, table: ReadTable) -> None:
    """Make a read table, or make sure that it was made like this."""
    (made,) = connection.execute(_MADE, (table.table,)).fetchone() or (None,)
    if made is not None and made != table.create:
        raise TableChanged(table.table)
    for statement in (table.create, *table.create_indexes):
        connection.execute(statement.encode())
    grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.table} TO {_quoted(region.service)}"
    connection.execute(grant.encode())
    _wall(connection, region, table)
    connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(table.table), table.create))


def _wall(connection: Connection, region: Region, table: ReadTable) -> None:
    """Let the service see all rows, and readers those that the table's wall lets them see: none, where it has none."""
    found = connection.execute(_POLICIES, (region.name, table.table)).fetchall()
    wanted = {table.policy, _ALL_ROWS} if table.wall else {_ALL_ROWS}
    standing = {name for (name,) in found}
    for name in sorted(standing - wanted):
        connection.execute(f"DROP POLICY {_quoted(name)} ON {table.table}".encode())
    if _ALL_ROWS not in standing:
        connection.execute(f"ALTER TABLE {table.table} ENABLE ROW LEVEL SECURITY".encode())
        everything = f"CREATE POLICY {_ALL_ROWS} ON {table.table} TO {_quoted(region.service)} USING (true)"
        connection.execute(everything.encode())
    if table.wall and table.policy not in standing:
        connection.execute(f"GRANT SELECT ON {table.table} TO {_quoted(region.reader)}".encode())
        seen = f"CREATE POLICY {table.policy} ON {table.table} FOR SELECT TO {_quoted(region.reader)}"
        connection.execute(f"{seen} USING ({table.wall})".encode())


def _up_to_date(region: Region, tables: Iterable[ReadTable]) -> bool:
    """Look, as the service, whether all is there already."""
    try:
        with region.connect() as connection:
            applied: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM migrations").fetchall())
            made = {it: connection.execute(_MADE, (it.table,)).fetchone() for it in tables}
    except psycopg.Error:  # no such role, schema or table, or none that may be seen
        return False
    return all(applied.get(name) == _digest(text) for name, text in _migrations()) and all(
        found == (it.create,) for it, found in made.items()
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


_MADE = "SELECT obj_description(to_regclass(%s), 'pg_class')"
_ALL_ROWS = "all_rows"
_POLICIES = "SELECT policyname FROM pg_policies WHERE schemaname = %s AND tablename = %s"
