"""The Finnish public holidays, from the `holidays` library."""

from __future__ import annotations

from functools import cache

import holidays

from domain.calendar import Calendar

_YEARS = range(1990, 2101)


@cache
def finnish_calendar() -> Calendar:
    """Return the days off, with the eves of Midsummer and Christmas, on which no statutory term ends either."""
    return Calendar(frozenset(holidays.country_holidays("FI", years=_YEARS)))
