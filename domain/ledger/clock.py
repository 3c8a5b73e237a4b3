"""The database's clock, as seen from here: `recorded` is its time, whatever this machine's clock says."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

_TRUSTED_SECONDS = 1.0


class DatabaseClock:
    """Asked once a second at most; between, this machine's steady clock counts on from the last answer."""

    def __init__(self) -> None:
        self._answer: tuple[datetime, float] | None = None

    def heard(self, now: datetime) -> None:
        """Remember what the database said just now."""
        self._answer = (now, time.monotonic())

    def now(self) -> datetime | None:
        """Return the database's time, or None when it has to be asked."""
        if self._answer is None or time.monotonic() - self._answer[1] > _TRUSTED_SECONDS:
            return None
        return self.reckoned()

    def reckoned(self) -> datetime | None:
        """Return the database's time, however long ago it was asked, or None if it never was."""
        if self._answer is None:
            return None
        said, at = self._answer
        return said + timedelta(seconds=time.monotonic() - at)
