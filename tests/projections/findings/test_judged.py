"""Whether findings stand at a moment: the verdict on one row, and SQL's on many, which is the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar
from domain.intake import PromiseNextStep
from domain.ledger.calendar import finnish_calendar
from domain.policy import Policies, Setting
from projections.findings.finding import MEASURES, Finding, Judgement, judged
from projections.findings.found import Key, Moment, as_it_was, found
from projections.findings.judged import FINDINGS
from projections.findings.stands import ITS_TIME, SETTINGS, TODAY, values
from tests.projections.histories import AINO, BO, hours, opened, worker
from tests.projections.tables import Connection, tables, write

CASE = UUID(int=1)
FRIDAY = datetime(2025, 4, 11, 9, tzinfo=UTC)  # a week later is Good Friday, then Easter Monday
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CALENDAR = finnish_calendar()


def row(threshold: str | None = None, **more: Any) -> Finding:
    what: dict[str, Any] = {
        "case": CASE, "number": 1, "rule": 26, "kind": "no_next_step", "entries": (1,), "since": FRIDAY,
        "organisation": "kela", "unit": "asiakaspalvelu", "threshold": threshold,
    }  # fmt: skip
    return Finding(**(what | more))


def days(number: float) -> datetime:
    return FRIDAY + timedelta(days=number)


def verdict(one: Finding, at: datetime, policies: Policies = Policies()) -> Judgement | None:
    return judged(one, at, policies, CALENDAR)


def test_without_a_threshold_it_stands_at_once_and_not_before() -> None:
    assert verdict(row(), days(-1)) is None
    assert verdict(row(), FRIDAY) == Judgement("its_time", "open", FRIDAY)


def test_nobody_finds_it_before_its_first_entry_counts() -> None:
    assert verdict(row(due=days(2), raised_at=days(5)), days(4)) is None
    assert verdict(row(due=days(2), raised_at=days(5)), days(5)) == Judgement("its_time", "open", days(2))


def test_what_is_due_stands_once_its_time_is_past_and_not_where_it_was_settled_in_time() -> None:
    assert verdict(row(due=days(5)), days(4)) is None
    assert verdict(row(due=days(5)), days(5)) == Judgement("its_time", "open", days(5))
    assert verdict(row(due=days(5), settled=days(4)), days(9)) is None
    assert verdict(row(due=days(5), settled=days(7)), days(6)) == Judgement("its_time", "open", days(5))
    assert verdict(row(due=days(5), settled=days(7)), days(7)) == Judgement("its_time", "settled", days(5))


def test_working_days_leave_out_weekends_and_holidays() -> None:
    waits = row("contact_working_days")  # five: 14, 15, 16, 17 and, after Easter, 22 April
    stands = datetime(2025, 4, 22, 21, tzinfo=UTC)
    assert verdict(waits, stands - timedelta(microseconds=1)) is None
    assert verdict(waits, stands) == Judgement("its_time", "open", stands)


def test_months_end_on_the_day_of_the_same_number_or_on_the_last() -> None:
    since = datetime(2024, 11, 29, 9, tzinfo=UTC)
    assert verdict(row("assess_finish_months", since=since), NOW) == Judgement(
        "its_time", "open", datetime(2025, 2, 28, 22, tzinfo=UTC)
    )


def test_a_number_stands_where_it_is_over_the_threshold_or_within_it() -> None:
    assert verdict(row("worker_changes", value=3), NOW) is None
    assert verdict(row("worker_changes", value=4), NOW) == Judgement("its_time", "open", FRIDAY)
    assert verdict(row("quiet_days", value=30), NOW) == Judgement("its_time", "open", FRIDAY)
    assert verdict(row("quiet_days", value=31), NOW) is None


def test_a_policy_that_was_set_later_finds_it_by_today_alone() -> None:
    stricter = Policies((Setting(days(30), 1, "worker_changes", 1),))
    assert verdict(row("worker_changes", value=2), days(40), stricter) == Judgement("today", "open", None)
    assert verdict(row("worker_changes", value=2, since=days(31)), days(40), stricter) == Judgement(
        "its_time", "open", days(31)
    )
    elsewhere = Policies((Setting(days(30), 1, "worker_changes", 1, "pirha"),))
    assert verdict(row("worker_changes", value=2), days(40), elsewhere) is None


def test_what_an_event_set_as_due_is_reckoned_anew_by_todays_policy_alone() -> None:
    stricter = Policies((Setting(days(1), 1, "name_working_days", 0),))
    one = row("name_working_days", due=days(20))
    assert verdict(one, days(2), stricter) == Judgement("today", "open", None)
    assert verdict(one, days(20), stricter) == Judgement("its_time", "open", days(20))


def test_what_settled_it_only_later_is_not_told() -> None:
    one = row(entries=(1, 9), settled=days(9), settled_by=9)
    assert as_it_was(one, Judgement("its_time", "open", FRIDAY)) == row()
    assert as_it_was(one, Judgement("its_time", "settled", FRIDAY)) is one
    assert as_it_was(row(), Judgement("its_time", "open", FRIDAY)) == row()


# SQL says the same.


@pytest.fixture(scope="module")
def postgres_connection(postgres: Any) -> Iterator[Connection]:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        yield connection


_TIMES = st.datetimes(datetime(2024, 11, 1), datetime(2026, 3, 1)).map(lambda it: it.replace(tzinfo=UTC))  # noqa: DTZ001
_ORGANISATIONS, _UNITS = st.sampled_from(["kela", "pirha", None]), st.sampled_from(["a", "b", None])


@st.composite
def rows(draw: st.DrawFn) -> Finding:
    """Draw a row of any threshold, settled or not, due or not."""
    since, organisation = draw(_TIMES), draw(_ORGANISATIONS)
    settled = draw(st.none() | st.timedeltas(timedelta(), timedelta(200)).map(lambda it: since + it))
    threshold = draw(st.none() | st.sampled_from(sorted(MEASURES)))
    return row(
        threshold, since=since, settled=settled, due=draw(st.none() | _TIMES),
        value=draw(st.none() | st.integers(0, 9)), organisation=organisation,
        unit=draw(_UNITS) if organisation else None, raised_at=draw(st.none() | _TIMES),
    )  # fmt: skip


@st.composite
def policies(draw: st.DrawFn) -> Policies:
    """Draw what was set, in any order, anywhere."""
    found: list[Setting] = []
    for version in range(1, draw(st.integers(1, 8))):
        organisation = draw(_ORGANISATIONS)
        rule: Any = draw(st.sampled_from(sorted(MEASURES)))
        value, unit = draw(st.integers(0, 12)), draw(_UNITS) if organisation else None
        found.append(Setting(draw(_TIMES), version, rule, value, organisation, unit))
    return Policies(tuple(found))


@given(one=rows(), at=_TIMES, set_so_far=policies(), worked=st.booleans())
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_agrees_with_the_verdict_on_any_row_at_any_moment_by_any_policy(
    postgres_connection: Connection, one: Finding, at: datetime, set_so_far: Policies, worked: bool
) -> None:
    calendar = Calendar() if worked else CALENDAR
    it = judged(one, at, set_so_far, calendar)
    said = f"""WITH {SETTINGS}, f AS (SELECT %(since)s::timestamptz AS since, %(due)s::timestamptz AS due,
        %(settled)s::timestamptz AS settled, %(raised_at)s::timestamptz AS raised_at,
        %(threshold)s::text AS threshold, %(value)s::integer AS value,
        %(organisation)s::text AS organisation, %(unit)s::text AS unit) SELECT {ITS_TIME}, {TODAY} FROM f"""
    found = postgres_connection.execute(said.encode(), vars(one) | values(at, set_so_far, calendar)).fetchone() or ()
    its_time, today = map(bool, found)
    assert its_time == (it is not None and it.by == "its_time")
    assert today == _by_today(one, at, set_so_far, calendar)


def _by_today(one: Finding, at: datetime, set_so_far: Policies, calendar: Calendar) -> bool:
    """Whether it stands by today's policy: as if it had been in force always, and had set nothing as due."""
    ever = Policies(tuple(it.but(since=datetime(1900, 1, 1, tzinfo=UTC)) for it in set_so_far.settings))
    own = one if one.threshold is None else Finding(**{**vars(one), "due": None})
    return judged(own, at, ever, calendar) is not None


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2025, 1, 1), date(2025, 6, 20), date(2099, 1, 1)])
@pytest.mark.parametrize("limit", [0, 1, 5, 40, 3650])
def test_sql_counts_the_working_days_of_any_term_to_the_very_day(
    postgres_connection: Connection, day: date, limit: int
) -> None:
    since = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    one = row("contact_working_days", since=since)
    set_so_far = Policies((Setting(since, 1, "contact_working_days", limit),))
    stands = CALENDAR.after_working_days(since, limit)
    for at, expected in ((stands - timedelta(seconds=1), False), (stands, True)):
        said = f"""WITH {SETTINGS}, f AS (SELECT %(since)s::timestamptz AS since, NULL::timestamptz AS due,
            NULL::timestamptz AS settled, NULL::timestamptz AS raised_at,
            %(threshold)s::text AS threshold, NULL::integer AS value,
            'kela' AS organisation, 'a' AS unit) SELECT {ITS_TIME} FROM f"""
        found = postgres_connection.execute(said.encode(), vars(one) | values(at, set_so_far, CALENDAR)).fetchone()
        assert found == (expected,)


# Across cases.


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with tables(database, [FINDINGS]) as connection:
        yield connection


def moment(at: datetime | None = None, set_so_far: Policies | None = None) -> Moment:
    return Moment(NOW, set_so_far or Policies(), CALENDAR, at)


def test_across_cases_they_are_told_by_rule_and_then_the_longest_first(connection: Connection) -> None:
    one, other = write(connection, [FINDINGS], opened(AINO), opened(BO))
    stand = found(connection, moment(), limit=100)
    assert [(it.rule, it.since, it.case) for it, _ in stand] == sorted((it.rule, it.since, it.case) for it, _ in stand)
    assert {it.case for it, _ in stand} == {one, other}
    assert {judgement.state for _, judgement in stand} == {"open"}
    assert found(connection, moment(hours(-1)), limit=100) == []


def test_across_cases_they_are_of_a_rule_an_organisation_or_a_unit(connection: Connection) -> None:
    one, other = write(connection, [FINDINGS], opened(AINO), opened(BO))
    assert [it.case for it, _ in found(connection, moment(), rule=26, organisation="kela", limit=9)] == [one]
    assert {it.case for it, _ in found(connection, moment(), unit=BO.unit, organisation="county", limit=9)} == {other}
    assert found(connection, moment(), unit=BO.unit, organisation="kela", limit=9) == []


def test_across_cases_they_come_in_pages(connection: Connection) -> None:
    write(connection, [FINDINGS], *(opened(AINO) for _ in range(5)))
    everything = found(connection, moment(), limit=100)
    walked: list[Any] = []
    after: Key | None = None
    while page := found(connection, moment(), after=after, limit=2):
        walked += page
        last = page[-1][0]
        after = (last.rule, last.since, last.case, last.number)
    assert walked == everything


def test_across_cases_they_are_open_or_settled_then_and_by_either_policy(connection: Connection) -> None:
    told = opened(AINO)
    told.by(worker(AINO), PromiseNextStep("worker", "soitto", hours(2000)), hours(48))
    write(connection, [FINDINGS], told)

    def of_26(at: datetime | None, **more: Any) -> list[Any]:
        return [
            (it.entries, judgement.state) for it, judgement in found(connection, moment(at), rule=26, limit=9, **more)
        ]

    assert of_26(hours(1)) == [((1,), "open")]
    assert of_26(hours(48)) == of_26(hours(47), state="settled") == []
    assert of_26(hours(48), state="settled") == of_26(hours(48), state="all") == [((1, 2), "settled")]
    assert of_26(hours(1), by="its_time") == [((1,), "open")]
    assert of_26(hours(1), by="today") == []
    assert [entries for entries, _ in of_26(None)] == [(2,)]
