"""Finnish days: which are worked, and when a term of days ends.

A day is a civil day in Europe/Helsinki. Terms follow the Act on the Calculation of Statutory Terms (150/1930): the
day of the event is not counted, and a term that would end on a day off ends on the next working day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.decider import Value

HELSINKI = ZoneInfo("Europe/Helsinki")
_SATURDAY = 5


class Calendar(Value):
    """The public holidays that are known, beside the weekends."""

    holidays: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        """Say whether authorities work on `day`."""
        return day.weekday() < _SATURDAY and day not in self.holidays

    def after_working_days(self, moment: datetime, days: int) -> datetime:
        """Return the end of the `days`th working day after the day of `moment`."""
        day = civil_day(moment)
        for _ in range(days):
            day = self.worked_from(day + timedelta(days=1))
        return end_of(day)

    def after_days(self, day: date, days: int) -> datetime:
        """Return the end of a term of `days` calendar days that runs from `day`, moved off a day off."""
        return end_of(self.worked_from(day + timedelta(days=days)))

    def worked_from(self, day: date) -> date:
        """Return `day`, or the first working day after it."""
        while not self.is_worked(day):
            day += timedelta(days=1)
        return day


def civil_day(moment: datetime) -> date:
    """Return the day that it is in Finland at `moment`."""
    return moment.astimezone(HELSINKI).date()


def end_of(day: date) -> datetime:
    """Return the midnight with which `day` ends in Finland."""
    return start_of(day + timedelta(days=1))


def start_of(day: date) -> datetime:
    """Return the midnight with which `day` begins in Finland, in UTC."""
    return datetime.combine(day, time(), HELSINKI).astimezone(UTC)
