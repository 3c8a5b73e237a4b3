"""The moment of a case that a replay shows, as its address names it, and how its neighbours are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from api.moments import cursor
from domain.calendar import HELSINKI

ZOOMS: Mapping[str, int] = {"near": 40, "far": 200, "whole": 10**9}
"""How many events a picture shows."""


@dataclass(frozen=True)
class Moment:
    """What an address asks of a case of `head` events that began on the day `began` and goes on to `ended`.

    `version` is the event at hand. With `known`, the entry after whose recording the case is told, or `day`, the number
    of the day by whose end it had happened, the case is told by the two clocks, else by the version.
    """

    head: int
    began: date
    ended: date
    version: int
    known: int | None
    day: int | None
    zoom: str
    seen_by: str

    @classmethod
    def asked(cls, query: Mapping[str, str], head: int, began: date, ended: date) -> Moment:
        """Return what the address asks: what it does not say, or says of what there never was, is as it is now."""
        days = (ended - began).days
        version = _number(query.get("version"), 1, head)
        known, day = _number(query.get("known"), 1, head), _number(query.get("day"), 0, days)
        zoom = query.get("zoom", "near")
        return cls(
            head, began, ended, version or head, None if known == head else known, None if day == days else day,
            zoom if zoom in ZOOMS else "near", query.get("seen_by", "").strip(),
        )  # fmt: skip

    @property
    def days(self) -> int:
        """How many days there are to choose from."""
        return (self.ended - self.began).days

    @property
    def by_clocks(self) -> bool:
        """Whether the case is told by the clocks."""
        return self.known is not None or self.day is not None

    @property
    def happened_by(self) -> datetime | None:
        """The end of the day that is asked about, in Finland."""
        if self.day is None:
            return None
        following = datetime.combine(self.began + timedelta(days=self.day + 1), time(), HELSINKI)
        return following - timedelta(microseconds=1)

    def query(self, known_at: str | None) -> dict[str, Any]:
        """Return the moment as the queries are asked for it. `known_at` is when the entry `known` was recorded."""
        if self.by_clocks:
            by = self.happened_by
            return {"known_at": known_at, "happened_by": by.isoformat() if by else None}
        return {"version": None if self.version == self.head else self.version}

    @property
    def first(self) -> int:
        """The first event of the stretch that is drawn: stretches stand still while one steps within them."""
        size = ZOOMS[self.zoom]
        return (self.version - 1) // size * size + 1

    @property
    def last(self) -> int:
        """The last event of the stretch."""
        return min(self.head, self.first + ZOOMS[self.zoom] - 1)

    @staticmethod
    def page(head: int, after: int, limit: int) -> dict[str, Any]:
        """Return how the history of so many events is asked for those after one."""
        return {"after": cursor(f"{head}.{after}") if after else None, "limit": limit}

    def to(self, **changes: Any) -> str:
        """Return the address of another moment of the same case, shown in the same way; None leaves something out."""
        now = {
            "version": self.version, "known": self.known, "day": self.day,
            "zoom": None if self.zoom == "near" else self.zoom, "seen_by": self.seen_by or None,
        }  # fmt: skip
        return f"?{urlencode({name: it for name, it in (now | changes).items() if it is not None})}"

    def at_version(self, version: int) -> str:
        """Return the address of the moment right after an event, whatever the clocks were."""
        return self.to(version=version, known=None, day=None)


def _number(text: str | None, least: int, most: int) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004  # no more are asked
        return None
    return min(max(int(text), least), most)
