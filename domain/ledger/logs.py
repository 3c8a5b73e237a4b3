"""What has a tree of its own: the events in the order of their positions, and the reads in the order of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from psycopg import Connection

from domain.ledger.merkle import leaf_hash
from domain.ledger.readlog import place_reads, read_entries
from domain.ledger.tiles import Tiles, grow

GROWTH = 5000
"""How many entries a tree grows by in one transaction."""


@dataclass(frozen=True)
class Log:
    """One log of a region: what gives its entries their positions, and the entries by position.

    `entries` takes a connection, the region's name, a position and a limit, and returns what stands after it: dense.
    """

    name: str
    place: Callable[[Connection], int]
    entries: Callable[[Connection, str, int, int], list[bytes]]

    def origin(self, region: str, epoch: int) -> str:
        """Return the origin of the log's checkpoints, which is the name of the key that signs them."""
        return f"luotsi/{region}/{self.name}/{epoch}"

    def catch_up(self, connection: Connection, region: str) -> Tiles:
        """Let the tree grow by what has its position, and return it. A kill between two steps loses nothing."""
        while True:
            with connection.transaction():
                fence(connection)
                tree = Tiles(connection, self.name)
                entries = self.entries(connection, region, tree.size, GROWTH)
                if not entries:
                    return tree
                grow(connection, self.name, [leaf_hash(entry) for entry in entries])


def fence(connection: Connection) -> int:
    """Lock what lets one at a time go on with the logs, until the transaction ends, and return the epoch."""
    (epoch,) = connection.execute("SELECT epoch FROM log_state FOR UPDATE").fetchone() or (1,)
    return int(epoch)


def _hashes(connection: Connection, _: str, after: int, limit: int) -> list[bytes]:
    return [bytes(it) for (it,) in connection.execute(_HASHES, (after, limit), binary=True)]


def _nothing(_: Connection) -> int:
    """Events have their positions from the sequencer."""
    return 0


EVENTS = Log("events", _nothing, _hashes)
READS = Log("reads", place_reads, read_entries)
LOGS = (EVENTS, READS)

_HASHES = """
    SELECT e.hash FROM sequence s JOIN events e USING (stream, version)
    WHERE s.position > %s ORDER BY s.position LIMIT %s"""
