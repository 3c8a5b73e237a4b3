"""The grammar of findings: what is raised in a book, what settles it, and when a time has passed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import end_of
from domain.intake import NextStepPromised
from domain.ledger.calendar import finnish_calendar
from domain.reopening import CaseReopened
from projections.findings.finding import MEASURES, Book, Finding, Measure, deadline
from projections.findings.judged import FINDINGS, families
from tests.projections.histories import AINO, BO, CASE, Told, closed, handed_over, hours, opened

CALENDAR = finnish_calendar()


def book(told: Told) -> Book:
    found = FINDINGS.remembered(FINDINGS.start, told.counted)
    assert isinstance(found, Book)
    return found.but(rows=())


def test_a_finding_is_raised_by_an_event_in_the_time_of_whoever_answers_for_the_case() -> None:
    told = handed_over(opened(AINO), BO, at=1).just(hours(9), NextStepPromised("unit", "", hours(30)))
    raised = book(told).raised(99, "kind", told.it[-1], about=3, value=7)
    assert raised.rows == (
        Finding(
            CASE, 1, 99, "kind", (len(told.it),), hours(9), 3, BO.organisation, BO.unit, value=7, raised_at=hours(9),
        ),
    )  # fmt: skip


def test_what_the_opening_or_the_reopening_shows_falls_in_the_time_of_whoever_takes_the_case_up() -> None:
    first = opened(AINO).it[0]
    assert Book().raised(99, "kind", first).rows[0].organisation == AINO.organisation
    told = closed(opened(AINO), at=1)
    before = book(told)
    told.just(hours(9), CaseReopened("client_returned", hours(9), "none", BO, "palasi"))
    assert before.raised(99, "kind", told.it[-1]).rows[0].organisation == BO.organisation


def test_an_event_settles_what_stands_open_of_a_kind_or_what_is_about_one_thing() -> None:
    told = opened(AINO).just(hours(1), NextStepPromised("unit", "", hours(30)))
    first, last = told.it
    raised = Book().raised(99, "one", first, about=1).raised(99, "one", first, about=2).raised(99, "other", first)
    one = raised.settled(99, "one", last, about=2)
    assert [it.settled for it in one.rows] == [None, hours(1), None]
    assert (one.rows[1].settled_by, one.rows[1].entries) == (2, (1, 2))
    assert [it.settled for it in one.settled(99, "one", last).rows] == [hours(1), hours(1), None]
    assert raised.settled(98, "one", last) is raised


def test_nothing_is_settled_before_it_began() -> None:
    told = opened(AINO).just(hours(1), NextStepPromised("unit", "", hours(30)))
    first, last = told.it
    later = Book().raised(99, "one", first, since=hours(8)).settled(99, "one", last)
    assert later.rows[0].settled == hours(8)


def test_what_an_import_tells_out_of_order_is_found_when_it_counts() -> None:
    told = opened(AINO).just(hours(5), NextStepPromised("unit", "", hours(30)))
    told = told.just(hours(2), NextStepPromised("unit", "", hours(40)), imported=CASE)
    last = book(told).raised(99, "kind", told.it[-1]).settled(99, "kind", told.it[-1]).rows[0]
    assert (last.since, last.raised_at, last.settled) == (hours(5), hours(5), hours(5))


def test_a_book_keeps_notes_beside_each_other() -> None:
    noted = Book().noted(one=1).noted(other=2)
    assert noted.notes == {"one": 1, "other": 2}
    assert Book().notes == {}


def test_each_family_is_a_module_with_a_reason() -> None:
    assert len(families()) >= 7
    assert [it for it in families() if not it.__doc__] == []
    assert set(MEASURES.values()) <= {"working_days", "days", "months", "more_than", "within"}


@pytest.mark.parametrize(
    ("measure", "day", "limit", "last"),
    [
        ("working_days", date(2025, 4, 11), 0, date(2025, 4, 11)),
        ("working_days", date(2025, 4, 12), 0, date(2025, 4, 12)),
        ("working_days", date(2025, 4, 11), 5, date(2025, 4, 22)),
        ("days", date(2025, 4, 11), 7, date(2025, 4, 18)),
        ("months", date(2025, 1, 31), 1, date(2025, 2, 28)),
        ("months", date(2024, 1, 31), 1, date(2024, 2, 29)),
        ("months", date(2024, 12, 15), 12, date(2025, 12, 15)),
        ("months", date(2024, 12, 31), 2, date(2025, 2, 28)),
    ],
)
def test_a_term_ends_with_its_last_day(measure: Measure, day: date, limit: int, last: date) -> None:
    assert deadline(measure, day, limit, CALENDAR) == end_of(last)


@given(day=st.dates(date(2000, 1, 1), date(2090, 1, 1)), limit=st.integers(1, 60))
def test_working_days_end_as_the_calendar_says(day: date, limit: int) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert deadline("working_days", day, limit, CALENDAR) == CALENDAR.after_working_days(noon, limit)
