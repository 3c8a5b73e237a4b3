"""What works beside the service: in a thread of its own, on a connection of its own, until told to stop."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

import psycopg
from psycopg import Connection

from domain.ledger.database import Region

RETRY_SECONDS = 1.0
TAKEOVER_SECONDS = 1.0
"""How often the one who waits for an office asks whether it is free."""

_log = logging.getLogger(__name__)


class Beside(ABC):
    """Does its work again and again. A connection that is lost is made anew, as long as it takes.

    Whatever else fails is logged, and tried again: nobody would notice a thread that ended.
    """

    def __init__(self, region: Region, name: str) -> None:
        self.region = region
        self.told_to_stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Work in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the batch at hand."""
        self.told_to_stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=20)

    @abstractmethod
    def work(self, connection: Connection) -> None:
        """Work until told to stop, or until the connection is lost."""

    def _run(self) -> None:
        while not self.told_to_stop.is_set():
            try:
                with self.region.connect() as connection:
                    self.work(connection)
            except psycopg.Error as lost:
                _log.warning("the %s lost its connection and tries again: %s", self._thread.name, type(lost).__name__)
                self.told_to_stop.wait(RETRY_SECONDS)
            except Exception:  # whatever it is, it ends the office here, and another may have it meanwhile
                _log.exception("the %s failed and tries again", self._thread.name)
                self.told_to_stop.wait(2 * TAKEOVER_SECONDS)


def elected(connection: Connection, region: Region, office: str) -> bool:
    """Say whether this connection holds the office in this region. It does so until the connection ends."""
    row = connection.execute(_ELECTED, (f"luotsi {office} {region.name}",)).fetchone()
    return bool(row and row[0])


_ELECTED = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
