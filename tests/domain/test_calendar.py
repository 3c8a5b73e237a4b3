"""Finnish days: which are worked, and when a term of days ends."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.calendar import Calendar, civil_day, end_of, start_of
from tests.domain.given import HOLIDAYS_2025, moment

CALENDAR = Calendar(HOLIDAYS_2025)


@pytest.mark.rule(4)
@pytest.mark.parametrize(
    ("since", "ends"),
    [
        ((3, 3), (3, 10)),  # a Monday: the Monday after
        ((3, 8), (3, 14)),  # a Saturday
        ((4, 14), (4, 23)),  # before Easter
        ((4, 29), (5, 7)),  # before the first of May
        ((6, 18), (6, 26)),  # before midsummer
        ((12, 22), (1, 2)),  # Christmas Eve, Christmas Day and Boxing Day; New Year's Day is the next year's
    ],
)
def test_working_days_skip_weekends_and_holidays(since: tuple[int, int], ends: tuple[int, int]) -> None:
    new_year = Calendar(HOLIDAYS_2025 | {date(2026, 1, 1)})
    last = date(2026 if ends[0] == 1 else 2025, *ends)
    assert new_year.after_working_days(moment(*since), 5) == end_of(last)


@pytest.mark.rule(13)
@pytest.mark.parametrize(
    ("since", "ends"),
    [
        ((3, 3), (3, 17)),
        ((3, 8), (3, 24)),  # ends on a Saturday: the Monday after
        ((4, 4), (4, 22)),  # ends on Good Friday: the Tuesday after Easter
        ((12, 10), (12, 29)),  # ends on Christmas Eve, a Wednesday: the Monday after
    ],
)
def test_a_term_that_would_end_on_a_day_off_ends_on_the_next_working_day(
    since: tuple[int, int], ends: tuple[int, int]
) -> None:
    assert CALENDAR.after_days(date(2025, *since), 14) == end_of(date(2025, *ends))


def test_a_day_is_a_day_in_finland() -> None:
    assert civil_day(datetime(2025, 3, 3, 21, 59, tzinfo=UTC)) == date(2025, 3, 3)
    assert civil_day(datetime(2025, 3, 3, 22, 0, tzinfo=UTC)) == date(2025, 3, 4)
    assert start_of(date(2025, 3, 3)) == datetime(2025, 3, 2, 22, tzinfo=UTC)
    assert start_of(date(2025, 7, 1)) == datetime(2025, 6, 30, 21, tzinfo=UTC)
    assert end_of(date(2025, 3, 30)) - start_of(date(2025, 3, 30)) == timedelta(hours=23)  # summer time begins


def test_no_days_are_the_day_itself() -> None:
    assert CALENDAR.after_working_days(moment(3, 3), 0) == end_of(date(2025, 3, 3))
