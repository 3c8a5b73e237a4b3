"""The read tables kept up to date while the service runs: what a fold that raised, or an older release, left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from uuid import UUID

from psycopg import Connection

from domain.ledger.beside import Beside
from domain.ledger.database import Region
from projections.behind import behind
from projections.projection import AnyProjection
from projections.rebuild import batches, rebuild_cases

PAUSE_SECONDS = 2.0
SHARE = 0.05
"""How much of the time it may look at all streams for those that are behind: a large region is looked at less often."""


class CatchUp(Beside):
    """Rebuilds what is behind. `done` is set once nothing was for the first time: then a new release may serve."""

    def __init__(self, region: Region, projections: Sequence[AnyProjection], pause: float = PAUSE_SECONDS) -> None:
        super().__init__(region, "catch-up")
        self.projections = projections
        self.pause = pause
        self.done = threading.Event()

    def work(self, connection: Connection) -> None:
        """Look, rebuild and rest, again and again."""
        while not self.told_to_stop.is_set():
            began = time.monotonic()
            todo = behind(connection, self.projections)
            looked = time.monotonic() - began
            self._rebuild(connection, todo)
            self.told_to_stop.wait(max(self.pause, looked / SHARE))

    def _rebuild(self, connection: Connection, todo: Sequence[tuple[UUID, int]]) -> None:
        aside: set[UUID] = set()
        for batch in batches(todo):
            if self.told_to_stop.is_set():
                return
            aside |= rebuild_cases(connection, self.projections, batch).aside
        if not todo or not set(dict(behind(connection, self.projections))) - aside:
            self.done.set()
