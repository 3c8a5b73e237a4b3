"""What the service may do in its schema: what the migrations gave it, and no more, with functions as they made them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

from psycopg import Connection, sql

from domain.ledger.audit import findings
from domain.ledger.audit.findings import Tally
from domain.ledger.database import Region

ADDED_TO = frozenset({"INSERT"})
CHANGED = frozenset({"INSERT", "UPDATE", "DELETE"})

MAY: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "events", "words", "keys", "clients", "receipts", "sequence", "reads", "reads_sequence", "checkpoints",
            "epochs", "signing_keys", "stamps", "cosignatures", "slips", "slips_revoked",
        ),
        ADDED_TO,
    ),
    **dict.fromkeys(("trees", "tiles", "keks", "bereft", "migrations", "reads_other"), frozenset[str]()),
    **dict.fromkeys(("log_state", "heads_state", "reads_state"), frozenset({"UPDATE"})),
    "outbox": frozenset({"INSERT", "DELETE"}),
    "sessions": frozenset({"INSERT", "DELETE"}),
    "projected": CHANGED,
    "heads": CHANGED,
}  # fmt: skip
"""What the service may do to each table of the ledger, beside reading it: to the parts of the log of reads nothing."""

_PART = re.compile(r"reads_\d{4}_\d\d")
_FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (?P<name>\w+)\(.*?\bAS \$\$(?P<body>.*?)\$\$", re.DOTALL)


def audit_privileges(connection: Connection, region: Region, read_tables: frozenset[str], tally: Tally) -> None:
    """Compare what the service may do with what it should. `read_tables` can be made anew, so it may change them."""
    for table, privilege in connection.execute(_PRIVILEGES, {"role": region.service, "schema": region.name}):
        allowed = frozenset[str]() if _PART.fullmatch(table) else MAY.get(table, CHANGED)
        if table not in read_tables and privilege not in allowed:
            tally.found(findings.PrivilegeAdded(privilege=privilege, table=table))
    for (what,) in connection.execute(_ROLE, {"role": region.service, "schema": region.name}):
        tally.found(findings.PrivilegeRole(what=what))
    for table, what in connection.execute(_TRIGGERS, {"schema": region.name}):
        tally.found(findings.TriggerAdded(table=table, what=what))
    _functions(connection, region, tally)
    applied: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM migrations").fetchall())
    for name, text in _migrations():
        if applied.get(name, _digest(text)) != _digest(text):
            tally.found(findings.MigrationAltered(name=name))


def _functions(connection: Connection, region: Region, tally: Tally) -> None:
    """Compare the functions, some of which have their owner's rights, with what the migrations made."""
    made = dict(_made(region))
    found: dict[str, str] = dict(connection.execute(_FUNCTIONS, (region.name,)).fetchall())
    for name in sorted(made.keys() | found.keys()):
        if made.get(name) != found.get(name):
            tally.found(findings.FunctionAltered(name=name))


def _made(region: Region) -> Iterator[tuple[str, str]]:
    for _, text in _migrations():
        for it in _FUNCTION.finditer(text):
            yield it["name"], it["body"].replace(":schema", sql.Identifier(region.name).as_string())


def _migrations() -> Iterator[tuple[str, str]]:
    for file in sorted(files("domain.ledger").joinpath("migrations").iterdir(), key=lambda it: it.name):
        if file.name.endswith(".sql"):
            yield file.name, file.read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_TABLES = """
    SELECT c.oid, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p')"""
_PRIVILEGES = f"""
    SELECT t.name, p.privilege FROM ({_TABLES}) t
    CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS p(privilege)
    WHERE CASE WHEN p.privilege IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(%(role)s, t.oid, p.privilege)
        ELSE has_table_privilege(%(role)s, t.oid, p.privilege) END ORDER BY 1, 2"""
_ROLE = f"""
    SELECT 'is a superuser' FROM pg_roles WHERE rolname = %(role)s AND rolsuper
    UNION ALL SELECT 'owns ' || t.name FROM ({_TABLES}) t JOIN pg_class c USING (oid)
        WHERE pg_has_role(%(role)s, c.relowner, 'MEMBER')
        AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = %(role)s)
    UNION ALL SELECT 'may make things in its schema' WHERE has_schema_privilege(%(role)s, %(schema)s, 'CREATE')"""
_TRIGGERS = f"""
    SELECT t.name, 'trigger' FROM ({_TABLES}) t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
    UNION ALL SELECT t.name, 'rule' FROM ({_TABLES}) t JOIN pg_rewrite r ON r.ev_class = t.oid"""
_FUNCTIONS = """
    SELECT p.proname::text, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = %s"""
