"""The one statement that writes acts: a part for each table, all of which wait for `guard`."""

from __future__ import annotations

from collections.abc import Sequence

from domain.ledger.readtable import ReadTable


def statement(parts: Sequence[str], tables: Sequence[ReadTable]) -> bytes:
    """Return the one statement that writes these parts, the nth of which is its nth parameter.

    A projection's rows go in where they follow on those that are there.
    """
    pieces = _PIECES | {it.table: _upsert(it) for it in tables}
    text = "WITH " + ",".join(pieces[part] for part in parts) + "\nSELECT hold FROM guard"
    for number, part in enumerate(parts, 1):
        text = text.replace(f"%({part})s", f"${number}")
    return text.encode()


def _upsert(table: ReadTable) -> str:
    return f"""
    into_{table.table} AS (
        INSERT INTO {table.table}
        SELECT r.* FROM {table.records(f"%({table.table})s")}
        JOIN moved m ON m.stream = r.{table.stream} AND '{table.table}' = ANY (m.current)
        {table.on_conflict}
    )"""


ALWAYS = frozenset({"guards", "events"})
"""The parts without which there is no statement."""

_PIECES = {
    "guards": """
    guard AS MATERIALIZED (
        SELECT NOT EXISTS (
            SELECT 1 FROM json_to_recordset(%(guards)s::json) AS g(stream uuid, version integer)
            JOIN events e ON e.stream = g.stream AND e.version = g.version + 1
        ) AND NOT EXISTS (
            SELECT 1 FROM json_to_recordset(%(guards)s::json) AS g(stream uuid, version integer, head text)
            LEFT JOIN events e ON e.stream = g.stream AND e.version = g.version
            WHERE g.version > 0 AND (e.stream IS NULL OR e.hash <> decode(g.head, 'hex'))
        ) AND NOT EXISTS (
            SELECT 1 FROM json_to_recordset(%(guards)s::json) AS g(kek uuid)
            WHERE g.kek IS NOT NULL AND NOT wraps(g.kek)
        ) AS hold
    )""",
    "events": """
    into_events AS (
        INSERT INTO events (stream, version, topic, occurred, recorded, bytes, hash)
        SELECT stream, version, topic, occurred, recorded, convert_to(bytes, 'UTF8'), decode(hash, 'hex')
        FROM json_to_recordset(%(events)s::json) AS r(stream uuid, version integer, topic text,
             occurred timestamptz, recorded timestamptz, bytes text, hash text), guard WHERE guard.hold
        RETURNING stream, version, recorded
    ),
    into_outbox AS (
        INSERT INTO outbox (stream, version, recorded) SELECT stream, version, recorded FROM into_events
    )""",
    "words": """
    into_words AS (
        INSERT INTO words (stream, version, ciphertext)
        SELECT stream, version, decode(ciphertext, 'hex')
        FROM json_to_recordset(%(words)s::json) AS r(stream uuid, version integer, ciphertext text), guard
        WHERE guard.hold
    )""",
    "keys": """
    into_keys AS (
        INSERT INTO keys (stream, wrapped) SELECT stream, decode(wrapped, 'hex')
        FROM json_to_recordset(%(keys)s::json) AS r(stream uuid, wrapped text), guard WHERE guard.hold
    )""",
    "clients": """
    into_clients AS (
        INSERT INTO clients ("case", client) SELECT "case", client
        FROM json_to_recordset(%(clients)s::json) AS r("case" uuid, client uuid), guard WHERE guard.hold
    )""",
    "receipts": """
    into_receipts AS (
        INSERT INTO receipts (command, stream, first, last, fingerprint)
        SELECT command, stream, first, last, decode(fingerprint, 'hex')
        FROM json_to_recordset(%(receipts)s::json)
            AS r(command uuid, stream uuid, first integer, last integer, fingerprint text), guard WHERE guard.hold
    )""",
    "projected": """
    steps AS (
        SELECT r.* FROM json_to_recordset(%(projected)s::json)
            AS r(stream uuid, kind text, base integer, head integer, kept text[]), guard WHERE guard.hold
    ),
    began AS (
        INSERT INTO projected (stream, kind, head, current)
        SELECT stream, kind, head, kept FROM steps WHERE base = 0
        ON CONFLICT (stream) DO UPDATE SET head = excluded.head, current = '{}'
        RETURNING stream, current
    ),
    went_on AS (
        UPDATE projected p SET head = s.head, current = CASE
            WHEN p.head <> s.base THEN '{}'
            WHEN p.current <@ s.kept THEN p.current
            ELSE ARRAY(SELECT t FROM unnest(p.current) t WHERE t = ANY (s.kept) ORDER BY t COLLATE "C")
        END
        FROM steps s WHERE s.base > 0 AND p.stream = s.stream
        RETURNING p.stream, p.current
    ),
    moved AS (SELECT * FROM began UNION ALL SELECT * FROM went_on)""",
}
"""The parts of the statement that writes a batch, in their order; a read table's rows are a part of their own."""
