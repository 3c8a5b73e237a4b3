"""How long words are kept: by service task, from a closing, a death or a birth; the archive's sample for good."""

from datetime import date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.calendar import civil_day
from domain.case import Case, NotResponsible
from domain.decider import RoleNotAllowed
from domain.directory import KeptTooShort, PolicySet, SetPolicy
from domain.facts import Keeping
from domain.policy import LEAST, Policy
from domain.remembered import Task
from domain.retention import (
    HoldOver,
    HoldRetention,
    NothingHeld,
    ReleaseRetention,
    RetentionHeld,
    RetentionReleased,
    StateTask,
    TaskStated,
    birth_date,
    is_sample,
    keep_until,
    kept_until,
)
from tests.domain.given import (
    MONDAY,
    aino,
    bo,
    closed_at_once,
    given,
    moment,
    opened_by,
    the_administrator,
)

CLOSED = moment(3, 3)
BORN = date(1961, 3, 7)
DIED = moment(6, 1, year=2027)
TASKS: tuple[Any, ...] = get_args(Task)

tasks = st.sampled_from(TASKS)
moments = st.integers(-650_000, 1_100_000).map(lambda hours: MONDAY + timedelta(hours=hours))
births = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))
deaths = st.none() | moments
policies = st.builds(
    Policy, keep_years=st.integers(10, 200), keep_child_years=st.integers(30, 200),
    keep_death_years=st.integers(2, 200), keep_birth_years=st.integers(120, 3650), sample_day=st.integers(0, 12),
)  # fmt: skip


@pytest.mark.rule(20)
@pytest.mark.parametrize(
    ("task", "born", "died", "until"),
    [
        ("adults", BORN, None, date(2035, 3, 3)),
        ("adults", None, DIED, date(2035, 3, 3)),
        ("older_people", BORN, DIED, date(2035, 3, 3)),
        ("substance_abuse", BORN, None, date(2035, 3, 3)),
        ("disability", BORN, None, date(2035, 3, 3)),
        ("families", BORN, None, date(2055, 3, 3)),
        ("child_protection", BORN, DIED, date(2030, 1, 1)),
        ("child_protection", BORN, None, date(2082, 1, 1)),
        ("child_protection", None, None, None),
        ("family_law", BORN, DIED, date(2082, 1, 1)),
        ("family_law", None, DIED, None),
        ("not_stated", BORN, DIED, date(2082, 1, 1)),
        ("not_stated", date(1900, 1, 1), DIED, date(2055, 3, 3)),
        ("not_stated", None, DIED, None),
    ],
)
def test_each_service_task_has_its_term(
    task: Any, born: date | None, died: datetime | None, until: date | None
) -> None:
    assert keep_until(task, CLOSED, born, died, Policy()) == until


def test_the_numbers_are_the_policys() -> None:
    policy = Policy(keep_years=15, keep_child_years=40, keep_death_years=7, keep_birth_years=130)
    assert keep_until("adults", CLOSED, BORN, None, policy) == date(2040, 3, 3)
    assert keep_until("families", CLOSED, BORN, None, policy) == date(2065, 3, 3)
    assert keep_until("child_protection", CLOSED, BORN, DIED, policy) == date(2035, 1, 1)
    assert keep_until("family_law", CLOSED, BORN, None, policy) == date(2092, 1, 1)


def test_a_term_that_ends_on_no_day_of_its_year_ends_on_the_next() -> None:
    assert keep_until("adults", moment(2, 29, year=2024), BORN, None, Policy()) == date(2034, 3, 1)
    assert keep_until("adults", moment(2, 29, year=2024), BORN, None, Policy(keep_years=12)) == date(2036, 2, 29)
    assert keep_until("family_law", CLOSED, BORN, None, Policy(keep_birth_years=3650)) is not None
    assert keep_until("adults", CLOSED, BORN, None, Policy(keep_years=10**6)) == date.max


def test_the_day_of_closing_is_finlands() -> None:
    at = datetime.fromisoformat("2025-03-02T23:30:00+00:00")
    assert keep_until("adults", at, BORN, None, Policy()) == date(2035, 3, 3)


@for_all(tasks, st.tuples(moments, moments), births, deaths, policies)
def test_what_is_closed_later_is_never_erased_earlier(
    task: Any, closed: tuple[datetime, datetime], born: date | None, died: datetime | None, policy: Policy
) -> None:
    first, second = (keep_until(task, at, born, died, policy) for at in sorted(closed))
    assert (first is None) == (second is None)
    assert first is None or second is None or first <= second


@for_all(tasks, moments, births, deaths, policies)
def test_nothing_is_erased_before_it_is_closed(
    task: Any, closed: datetime, born: date | None, died: datetime | None, policy: Policy
) -> None:
    until = keep_until(task, closed, born, died, policy)
    assert until is None or until >= civil_day(closed)
    assert keep_until(task, None, born, died, policy) is None


@for_all(tasks, moments, births, deaths, policies)
def test_the_archives_sample_is_kept_for_good(
    task: Any, closed: datetime, born: date | None, died: datetime | None, policy: Policy
) -> None:
    sample = born is not None and f"{born.day:02}"[-1] in {"8", f"{policy.sample_day}"}
    assert is_sample(born, policy) == sample
    if sample:
        assert keep_until(task, closed, born, died, policy) is None


@for_all(tasks, moments, births, deaths, policies)
def test_what_nobody_has_stated_is_kept_as_long_as_any_task_from_its_closing_or_the_birth(
    task: Any, closed: datetime, born: date | None, died: datetime | None, policy: Policy
) -> None:
    longest, until = (keep_until(it, closed, born, died, policy) for it in ("not_stated", task))
    if task in {"families", "family_law"} and longest is not None:
        assert until is not None
        assert until <= longest


@for_all(st.dates(date(1900, 1, 1), date(2020, 12, 31)), tasks, moments, policies)
def test_the_day_of_an_erasure_tells_no_birthday(born: date, task: Any, closed: datetime, policy: Policy) -> None:
    others = [born.replace(month=1, day=it) for it in range(1, 29)]
    untold = {keep_until(task, closed, it, None, policy) for it in others if not is_sample(it, policy)}
    assert len(untold) == 1


@pytest.mark.parametrize(
    ("words", "born"),
    [
        ("1961-03-07", BORN), (" 7.3.1961 ", BORN), ("07.03.1961", BORN), ("1961", None), ("", None),
        ("maaliskuussa", None), ("30.2.1961", None),
    ],
)  # fmt: skip
def test_a_birth_date_is_read_as_it_was_written_down(words: str, born: date | None) -> None:
    assert birth_date(words) == born


# Of a case


def closed_case(task: Any = "adults", closed_at: datetime = CLOSED) -> Case:
    return Case(status="closed", closed_at=closed_at, task=task)


def test_an_open_case_and_one_that_was_reopened_are_never_due() -> None:
    keeping = Keeping(born=BORN)
    assert kept_until(Case(status="open", task="adults"), keeping, None, Policy()) is None
    assert kept_until(closed_case().but(status="open", closed_at=None), keeping, DIED, Policy()) is None
    assert kept_until(closed_case(), keeping, None, Policy()) == date(2035, 3, 3)


def test_disability_cases_are_kept_until_the_last_of_them_may_go() -> None:
    later = closed_case("disability", moment(3, 3, year=2030))
    of_client = Keeping(born=BORN, others=(later, closed_case("adults", moment(3, 3, year=2033))))
    assert kept_until(closed_case("disability"), of_client, None, Policy()) == date(2040, 3, 3)
    going_on = Keeping(born=BORN, others=(later, Case(status="open", task="disability")))
    assert kept_until(closed_case("disability"), going_on, None, Policy()) is None
    assert kept_until(closed_case("adults"), going_on, None, Policy()) == date(2035, 3, 3)


def test_what_was_written_down_today_makes_no_words_due_today() -> None:
    just_now = moment(6, 1, year=2036)
    stated = Keeping(born=BORN, stated=just_now)
    assert kept_until(closed_case(), stated, None, Policy()) == civil_day(just_now + timedelta(days=90))
    assert kept_until(closed_case(), stated.but(stated=CLOSED), None, Policy()) == date(2035, 3, 3)
    assert kept_until(closed_case("family_law"), stated.but(born=None), None, Policy()) is None


def test_the_task_is_stated_at_the_opening_or_later() -> None:
    story = given(opened_by(aino, task="families")).and_(task="families")
    story.when(StateTask("families"), by=aino).then()
    story.when(StateTask("child_protection"), by=aino).then(TaskStated("child_protection")).and_(
        task="child_protection"
    )
    given(opened_by(aino)).and_(task="not_stated")
    given(opened_by(aino), closed_at_once()).when(StateTask("adults"), by=aino).allowed()
    story.when(StateTask("adults"), by=bo).refused(NotResponsible)


def test_words_are_held_until_a_day_to_come_or_until_they_are_released() -> None:
    story, until = given(opened_by(aino)), moment(1, 1, year=2040)
    held = story.when(HoldRetention("litigation", until, "käräjät"), by=the_administrator)
    held.then(RetentionHeld("litigation", "käräjät", until)).and_(held_until=until)
    longer = held.when(HoldRetention("litigation", until + timedelta(days=1), "hovi"), by=the_administrator)
    longer.and_(held_until=until + timedelta(days=1))
    longer.when(ReleaseRetention(), by=the_administrator).then(RetentionReleased()).and_(held_until=None)
    story.when(ReleaseRetention(), by=the_administrator).refused(NothingHeld)
    story.when(HoldRetention("audit", MONDAY, "tarkastus"), by=the_administrator).refused(HoldOver)
    story.when(HoldRetention("audit", until, "tarkastus"), by=aino).refused(RoleNotAllowed)
    held.when(ReleaseRetention(), by=aino).refused(RoleNotAllowed)


@pytest.mark.parametrize("rule", LEAST)
def test_no_policy_keeps_words_shorter_than_the_law(rule: Any) -> None:
    least = LEAST[rule]
    given().when(SetPolicy(rule, least - 1), by=the_administrator).refused(KeptTooShort, least=least)
    given().when(SetPolicy(rule, least), by=the_administrator).then(PolicySet(rule, least))
