"""A read table as the ledger sees it: its name, its columns, and how rows reach it as JSON."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Index:
    """Columns, as they are stored, by which rows are looked up; `where`, in SQL, leaves out the rows that aren't."""

    columns: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True)
class ReadTable:
    """A table that a projection's rows are kept in, one per projection and version, so none is ever migrated.

    `columns` are names with their SQL types; `key` are the names that identify a row, the stream's own first. `wall`,
    in SQL, says which rows a reader is shown (row-level security); without one, readers are shown none.
    """

    name: str
    version: int
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    indexes: tuple[Index, ...] = ()
    wall: str = ""

    @property
    def table(self) -> str:
        """The table's name in the region's schema."""
        return f"{self.name}_v{self.version}"

    @property
    def kind(self) -> str:
        """The column that names the stream, which says what kind of stream it is: `case` for a case."""
        return self.key[0]

    @property
    def stream(self) -> str:
        """That column as SQL reads it."""
        return quoted(self.kind)

    @property
    def create(self) -> str:
        """The statement that makes the table, harmless twice."""
        columns = ", ".join(f'"{name}" {kind}{" NOT NULL" if name in self.key else ""}' for name, kind in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.table} ({columns}, PRIMARY KEY ({names(self.key)}))"

    @property
    def create_indexes(self) -> tuple[str, ...]:
        """The statements that make the table's indexes, harmless twice. An index is called by what it is."""
        return tuple(self._create_index(it) for it in self.indexes)

    def _create_index(self, index: Index) -> str:
        what = f"({names(index.columns)}){f' WHERE {index.where}' if index.where else ''}"
        readable = "_".join([self.table, "by", *index.columns])[:_LONGEST_NAME]
        digest = hashlib.sha256(what.encode()).hexdigest()[:_DIGEST]
        return f"CREATE INDEX IF NOT EXISTS {readable}_{digest} ON {self.table} {what}"

    @property
    def policy(self) -> str:
        """The name of the policy by which readers are shown rows: another wall is another policy."""
        return f"seen_{hashlib.sha256(self.wall.encode()).hexdigest()[:_DIGEST]}"

    def records(self, placeholder: str, columns: tuple[str, ...] = ()) -> str:
        """Return a FROM item that reads rows out of one JSON array."""
        wanted = [(name, kind) for name, kind in self.columns if not columns or name in columns]
        return f"json_to_recordset({placeholder}::json) AS r({', '.join(f'{quoted(n)} {kind}' for n, kind in wanted)})"

    @property
    def on_conflict(self) -> str:
        """The clause that lets a row take the place of the one with its key."""
        rest = [name for name, _ in self.columns if name not in self.key]
        if not rest:
            return f"ON CONFLICT ({names(self.key)}) DO NOTHING"
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in rest)
        return f"ON CONFLICT ({names(self.key)}) DO UPDATE SET {changes}"


_DIGEST = 8
_LONGEST_NAME = 63 - 1 - _DIGEST  # what PostgreSQL keeps of a name


def quoted(name: str) -> str:
    """Return the name as SQL reads it whatever it is ("case" is a word of SQL's own)."""
    return f'"{name}"'


def names(columns: tuple[str, ...]) -> str:
    """Return column names for a statement."""
    return ", ".join(map(quoted, columns))
