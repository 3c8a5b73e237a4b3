"""What support workers asked for and were given, in a case and over many."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.remembered import Holder
from domain.support import GiveSupport, RequestSupport, SupportGiven
from projections.offers import Reader
from projections.support import SUPPORT, Given, Support
from projections.supported import FIRST, Figures, Supported, supported
from tests.projections.histories import AINO, BO, EEVA, Told, hours, manager, opened, version, worker
from tests.projections.tables import Connection, tables, write

SUMMER = datetime(2025, 7, 15, tzinfo=UTC)
AUDITOR = Reader(None, SUMMER)
OUTSIDER = Reader(("elsewhere",), SUMMER)


def asked(by: Holder = AINO, at: float = 1) -> Told:
    return opened(by).by(worker(by), RequestSupport("en jaksa yksin"), hours(at))


def given(told: Told, kind: Any, at: float, by: Holder = AINO) -> Told:
    return told.by(manager(by), GiveSupport(kind, "hoidetaan", version(2)), hours(at))


def support(told: Told) -> list[Support]:
    return list(SUPPORT.over(told.counted))


# In a case.


def test_a_case_in_which_nobody_asked_has_no_row() -> None:
    assert support(opened(AINO)) == []


def test_a_request_waits_until_it_is_answered() -> None:
    told = asked()
    (row,) = support(told)
    assert (row.version, row.asked_at, row.asked_by, row.organisation, row.unit) == (
        2, hours(1), "aino", "kela", "toimeentulo",
    )  # fmt: skip
    assert (row.words, row.answered_at, row.answers, row.answer) == (2, None, (), None)
    (row,) = support(given(told, "deviation", 25))
    assert (row.answered_at, row.answers) == (hours(25), (Given(3, hours(25), "manager", "deviation"),))
    assert row.answer == 3


def test_a_request_may_be_answered_again_but_it_waited_for_the_first_answer() -> None:
    (row,) = support(given(given(asked(), "consultation", 5), "training", 9))
    assert (row.answered_at, row.answer, [it.kind for it in row.answers]) == (
        hours(5), 4, ["consultation", "training"],
    )  # fmt: skip


def test_an_answer_to_something_else_is_none() -> None:
    before = SUPPORT.remembered(SUPPORT.start, asked().it)
    told = asked().just(hours(2), SupportGiven("time", "", version(1)))
    assert SUPPORT.fold(before, told.it[-1]) is before


# Over many.


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """Connect to a database with the table."""
    with tables(database, [SUPPORT]) as connection:
        yield connection


def told(connection: Connection, by: Any = "unit", reader: Reader = AUDITOR, **more: Any) -> list[Supported]:
    return supported(connection, by, reader=reader, **({"since": hours(-24), "until": SUMMER} | more))


def figures(connection: Connection, **more: Any) -> Figures:
    """Return the figures of the only unit."""
    (only,) = told(connection, **more)
    assert only.figures
    return only.figures


def test_it_tells_how_much_was_asked_and_answered_and_how_long_that_took(connection: Connection) -> None:
    write(connection, [SUPPORT], given(asked(), "training", 25), given(given(asked(), "time", 73), "time", 80), asked())
    found = figures(connection)
    assert (found.cases, found.asked, found.answered, found.waiting) == (3, 3, 2, 1)
    assert found.given == {"training": 1, "consultation": 0, "time": 2, "deviation": 0, "other": 0}
    assert (found.days_median, found.days_mean) == (2.0, 2.0)
    assert found.days_waiting_median == pytest.approx((SUMMER - hours(1)).total_seconds() / 86400, abs=0.01)


def test_what_waits_and_what_has_an_answer_can_be_told_apart(connection: Connection) -> None:
    write(connection, [SUPPORT], given(asked(), "training", 25), asked(), asked())
    assert (figures(connection, waiting=True).asked, figures(connection, waiting=True).answered) == (2, 0)
    assert (figures(connection, waiting=False).asked, figures(connection, waiting=False).waiting) == (1, 0)


def test_a_past_date_has_the_requests_and_the_answers_given_by_then(connection: Connection) -> None:
    write(connection, [SUPPORT], given(asked(), "training", 25), asked(at=100))
    found = figures(connection, happened_by=hours(24), reader=Reader(None, hours(24)))
    assert (found.asked, found.answered, found.waiting, found.given["training"]) == (1, 0, 1, 0)
    assert found.days_waiting_median == pytest.approx(23 / 24, abs=0.01)


def test_units_and_organisations_are_told_apart(connection: Connection) -> None:
    write(connection, [SUPPORT], asked(), asked(BO), asked(EEVA))
    assert [(it.organisation, it.unit) for it in told(connection)] == [
        ("county", "aikuiset"), ("county", "lapset"), ("kela", "toimeentulo")
    ]  # fmt: skip
    assert [(it.organisation, it.unit, it.figures and it.figures.asked) for it in told(connection, "organisation")] == [
        ("county", None, 2), ("kela", None, 1)
    ]  # fmt: skip
    assert [it.unit for it in told(connection, unit="lapset")] == ["lapset"]
    assert [it.unit for it in told(connection, organisation="county")] == ["aikuiset", "lapset"]


def test_a_small_cell_is_hidden_from_those_of_other_organisations(connection: Connection) -> None:
    write(connection, [SUPPORT], *(asked() for _ in range(4)))
    assert told(connection, reader=OUTSIDER) == [Supported("kela", "toimeentulo", hidden=True, figures=None)]
    assert figures(connection, reader=Reader(("kela",), SUMMER)).asked == 4
    write(connection, [SUPPORT], asked())
    assert figures(connection, reader=OUTSIDER).asked == 5
    write(connection, [SUPPORT], asked(at=24 * 40))  # one month with few cases hides all of them
    assert [it.hidden for it in told(connection, reader=OUTSIDER)] == [True]


def test_the_units_of_another_organisation_are_told_all_or_none(connection: Connection) -> None:
    write(connection, [SUPPORT], *(asked(BO) for _ in range(6)), *(asked(EEVA) for _ in range(2)))
    assert [it.hidden for it in told(connection, reader=OUTSIDER)] == [True, True]
    assert [it.hidden for it in told(connection, reader=OUTSIDER, unit="aikuiset")] == [True]
    assert figures(connection, by="organisation", reader=OUTSIDER).asked == 8


def test_others_are_told_up_to_the_end_of_the_last_whole_month(connection: Connection) -> None:
    write(connection, [SUPPORT], *(given(asked(), "time", 24 * 40) for _ in range(5)))
    during = Reader(("elsewhere",), hours(24 * 45))
    assert (figures(connection, reader=during).asked, figures(connection, reader=during).answered) == (5, 0)
    assert figures(connection, reader=Reader(("kela",), during.asked_at)).answered == 5
    assert told(connection, reader=Reader((), hours(24 * 20))) == []


def test_each_page_goes_on_where_the_one_before_ended(connection: Connection) -> None:
    write(connection, [SUPPORT], asked(), asked(BO), asked(EEVA))
    walked: list[Supported] = []
    while page := told(connection, limit=2, after=walked[-1].key if walked else FIRST):
        walked += page
    assert walked == told(connection)
