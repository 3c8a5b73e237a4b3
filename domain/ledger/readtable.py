"""A read table as the ledger sees it: its name, its columns, and how rows reach it as JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadTable:
    """A table that a projection's rows are kept in, one per projection and version, so none is ever migrated.

    `columns` are names with their SQL types, the case's own first; `key` are the names that identify a row.
    """

    name: str
    version: int
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def table(self) -> str:
        """The table's name in the region's schema."""
        return f"{self.name}_v{self.version}"

    @property
    def create(self) -> str:
        """The statement that makes the table, harmless twice."""
        columns = ", ".join(f'"{name}" {kind}{" NOT NULL" if name in self.key else ""}' for name, kind in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {self.table} ({columns}, PRIMARY KEY ({names(self.key)}))"

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


def quoted(name: str) -> str:
    """Return the name as SQL reads it whatever it is ("case" is a word of SQL's own)."""
    return f'"{name}"'


def names(columns: tuple[str, ...]) -> str:
    """Return column names for a statement."""
    return ", ".join(map(quoted, columns))
