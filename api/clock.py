"""The clock: gives the commands that are due by time alone. One works at a time in a region; another takes over.

It goes by the projections and acts through commands, so that whatever it does is decided, refused and recorded as
anybody's act is. What it finds no longer due is refused, and left.
"""

from __future__ import annotations

import logging
import time
from itertools import chain

from psycopg import Connection

from api.retention import Sweep
from domain.decider import Actor, Refusal, Role
from domain.ledger.application import Cases, ask
from domain.ledger.beside import TAKEOVER_SECONDS, Beside, elected
from domain.ledger.fault import Fault
from domain.ledger.partitions import make_ahead
from projections.due import Due, due

PAUSE_SECONDS = 1.0
PARTS_SECONDS = 3600.0
"""How often it looks whether the log of reads has its parts for the months to come."""
ACTOR = Actor("clock", Role.SYSTEM)

_log = logging.getLogger(__name__)


class Clock(Beside):
    """Looks what is due, and does it, until told to stop."""

    def __init__(self, cases: Cases, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(cases.region, "clock")
        self.cases = cases
        self.pause = pause

    def work(self, connection: Connection) -> None:
        """Wait to be elected; then look and act again and again."""
        while not elected(connection, self.region, "clock"):
            if self.told_to_stop.wait(TAKEOVER_SECONDS):
                return
        parts_due = time.monotonic()
        sweep = Sweep(self.cases)
        while not self.told_to_stop.is_set():
            if time.monotonic() >= parts_due:
                make_ahead(connection)
                parts_due = time.monotonic() + PARTS_SECONDS
            for it in chain(due(connection), sweep.due()):
                if self.told_to_stop.is_set():
                    return
                done(self.cases, it)
            self.told_to_stop.wait(self.pause)


def done(cases: Cases, it: Due) -> bool:
    """Do what is due, and say whether anything came of it. It may be due no longer, or the next look finds it again."""
    try:
        receipt = cases.execute(ask(it.command, it.stream, ACTOR))
    except Refusal as refused:
        _log.info("%s is no longer due: %s", it.command.slug(), type(refused).__name__)
        return False
    except Fault as fault:  # the next look finds it again
        _log.warning("%s could not be done: %s", it.command.slug(), type(fault).__name__)
        return False
    except Exception as raised:  # whatever one of them does, the clock goes on
        _log.error("%s raised %s", it.command.slug(), type(raised).__name__)  # never the message: it may hold words
        return False
    return receipt.last >= receipt.first
