"""The log of reads by the month: the parts that are to come are made ahead, and those that are over age are told.

What is read in a month that has no part is kept all the same, apart, and moves into its part once that is made. So a
part that can't be made yet keeps nobody from reading. Nothing is dropped here: that is for the schema's owner to do.
"""

from __future__ import annotations

import logging
from datetime import date

from psycopg import Connection
from psycopg.errors import LockNotAvailable, QueryCanceled

KEPT_YEARS = 12
"""How long the log of a month is kept at least: what Act 703/2023 asks of logs of use and disclosure."""

_log = logging.getLogger(__name__)


def make_ahead(connection: Connection) -> list[date]:
    """Make the parts of this month and the next three, and of months past that have none; return which were made.

    Each is made by itself, and one that is in use for too long is left for the next time.
    """
    return [month for month in _missing(connection) if _make(connection, month)]


def over_age(connection: Connection) -> list[str]:
    """Return the parts, as tables, whose reads all are older than they have to be kept."""
    return [name for (name,) in connection.execute(_OVER_AGE, (KEPT_YEARS,)).fetchall()]


def _missing(connection: Connection) -> list[date]:
    return [month for (month,) in connection.execute("SELECT reads_months_missing()").fetchall()]


def _make(connection: Connection, month: date) -> bool:
    try:
        with connection.transaction():
            (made,) = connection.execute("SELECT make_reads_month(%s)", (month,)).fetchone() or (False,)
    except (LockNotAvailable, QueryCanceled) as busy:
        _log.warning("the log of reads of %s has no part yet: %s", f"{month:%Y-%m}", type(busy).__name__)
        return False
    return bool(made)


_OVER_AGE = r"""
    SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'reads'::regclass AND c.relname ~ '^reads_\d{4}_\d\d$'
        AND c.relname::text COLLATE "C" < to_char(clock_timestamp() - make_interval(years => %s), '"reads_"YYYY_MM')
    ORDER BY 1"""
