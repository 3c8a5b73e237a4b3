"""How far the read tables are behind the events: which streams, and of each projection how many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Json

from projections.projection import AnyProjection, topics_of


def behind(
    connection: Connection, projections: Sequence[AnyProjection], aside: Iterable[UUID] = ()
) -> list[tuple[UUID, int]]:
    """Return the cases of which some projection is behind the events, with how many events each has."""
    found = connection.execute(_BEHIND, (kinds_of(projections), list(aside))).fetchall()
    return [(case, head) for case, head in found]


def count_behind(connection: Connection, projections: Sequence[AnyProjection]) -> dict[str, int]:
    """Return of each projection how many cases are behind, as far as `projected` knows them: at once.

    It does not know of those that began before there was any projection of their kind: see `count_behind_events`.
    """
    return _counted(connection, projections, _COUNT_BEHIND)


def count_behind_events(connection: Connection, projections: Sequence[AnyProjection]) -> dict[str, int]:
    """Return the same of all cases that have begun, whether `projected` knows them or not: it reads all beginnings."""
    return _counted(connection, projections, _COUNT_BEHIND_EVENTS)


def _counted(connection: Connection, projections: Sequence[AnyProjection], statement: str) -> dict[str, int]:
    found: dict[str, int] = dict(connection.execute(statement.encode(), (kinds_of(projections),)).fetchall())
    return {it.name: found[it.table.table] for it in projections}


def kinds_of(projections: Iterable[AnyProjection]) -> Json:
    """Return the kinds of streams that these projections are of: by which topics known, and in which tables read."""
    kinds = {it.of: it.table.kind for it in projections}
    return Json([
        {"kind": name, "topics": topics_of(kind), "tables": [it.table.table for it in projections if it.of is kind]}
        for kind, name in kinds.items()
    ])  # fmt: skip


KINDS = "json_to_recordset(%s::json) AS k(kind text, topics text[], tables text[])"
"""The kinds of streams that have projections, with the topics that begin them and their tables."""

_BEHIND = f"""
    WITH kinds AS MATERIALIZED (SELECT * FROM {KINDS}),
    up_to_date AS MATERIALIZED (
        SELECT k.kind, s.standing FROM kinds k CROSS JOIN standings(k.kind) s WHERE s.current @> k.tables
    )
    SELECT e.stream, (SELECT max(version) FROM events last WHERE last.stream = e.stream)
    FROM kinds k JOIN events e ON e.version = 1 AND e.topic = ANY (k.topics)
    LEFT JOIN (projected p JOIN up_to_date USING (kind, standing)) ON p.stream = e.stream
    WHERE (p.stream IS NULL OR EXISTS (SELECT FROM events new WHERE new.stream = p.stream AND new.version > p.head))
        AND NOT e.stream = ANY (%s) ORDER BY 1"""
"""Of what `projected` says it believes only what the events bear out: who wrote them may not have known it."""

_COUNT_BEHIND = f"""
    WITH kinds AS MATERIALIZED (SELECT * FROM {KINDS}),
    behind AS MATERIALIZED (
        SELECT k.kind, s.current,
            (SELECT count(*) FROM projected p WHERE p.kind = k.kind AND p.standing = s.standing) AS streams
        FROM kinds k CROSS JOIN standings(k.kind) s WHERE NOT s.current @> k.tables
    )
    SELECT t.name, coalesce((
        SELECT sum(b.streams) FROM behind b WHERE b.kind = k.kind AND NOT t.name = ANY (b.current)
    ), 0)::bigint
    FROM kinds k CROSS JOIN LATERAL unnest(k.tables) AS t(name)"""

_COUNT_BEHIND_EVENTS = f"""
    WITH kinds AS MATERIALIZED (
        SELECT kind, tables, (SELECT count(*) FROM events WHERE version = 1 AND topic = ANY (topics)) AS streams
        FROM {KINDS}
    ),
    up_to_date AS MATERIALIZED (
        SELECT k.kind, s.current,
            (SELECT count(*) FROM projected p WHERE p.kind = k.kind AND p.standing = s.standing) AS streams
        FROM kinds k CROSS JOIN standings(k.kind) s
    )
    SELECT t.name, k.streams - coalesce((
        SELECT sum(u.streams) FROM up_to_date u WHERE u.kind = k.kind AND t.name = ANY (u.current)
    ), 0)::bigint
    FROM kinds k CROSS JOIN LATERAL unnest(k.tables) AS t(name)"""
