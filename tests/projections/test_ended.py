"""How cases end, over many of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.closure import CaseClosed, CloseCase, ClosureProposed, ProposeClosure
from domain.remembered import Holder
from domain.reopening import CaseReopened
from domain.requests import AskExperience, ReportExperience
from projections.ended import FIRST, Ended, Figures, ended
from projections.endings import ENDINGS
from projections.offers import Reader
from tests.projections.histories import AINO, BO, EEVA, THE_CLIENT, Told, closed, hours, opened, worker
from tests.projections.tables import Connection, tables, write
from tests.projections.test_endings import answered, closed_over_objection, objected, proposed

SUMMER = datetime(2025, 7, 15, tzinfo=UTC)
AUDITOR = Reader(None, SUMMER)
OUTSIDER = Reader(("elsewhere",), SUMMER)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """Connect to a database with the table."""
    with tables(database, [ENDINGS]) as connection:
        yield connection


def cells(connection: Connection, by: Any = "organisation", reader: Reader = AUDITOR, **more: Any) -> list[Ended]:
    return ended(connection, by, reader=reader, **({"since": hours(-24), "until": SUMMER} | more))


def figures(connection: Connection, **more: Any) -> Figures:
    """Return the figures of the only cell."""
    (cell,) = cells(connection, **more)
    assert cell.figures
    return cell.figures


def advised(at: float = 1, by: Holder = AINO) -> Told:
    """Close a case in which advice was enough."""
    return closed(opened(by), at=at)


def test_it_tells_at_whose_initiative_cases_end_and_what_the_client_said(connection: Connection) -> None:
    agreed = advised()
    refused = closed_over_objection().just(hours(50), CaseReopened("new_need", hours(50), "none", AINO, ""))
    by_client = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended"), hours(1))
    write(connection, [ENDINGS], agreed, refused, by_client.by(worker(AINO), CloseCase(), hours(2)))
    assert [(it.ground, it.organisation, it.unit, it.month) for it in cells(connection)] == [
        ("advice_sufficed", "kela", None, None), ("client_ended", "kela", None, None), ("goals_met", "kela", None, None)
    ]  # fmt: skip
    advice, own, goals = (it.figures for it in cells(connection))
    assert advice
    assert own
    assert goals
    assert (own.initiators["client"], own.attributed_to["client"], own.agreed, own.refused) == (1, 1, 1, 0)
    assert (advice.initiators["service"], advice.objected, advice.overridden) == (1, 0, 0)
    assert (goals.objected, goals.closed_over, goals.overridden, goals.reopened) == (1, 1, 1, 1)
    assert goals.objections == {
        "open": 1, "upheld": 0, "partly_upheld": 0, "rejected": 0, "withdrawn": 0, "lapsed": 0
    }  # fmt: skip


def test_the_clients_experience_stands_beside_the_figures(connection: Connection) -> None:
    cases = [advised() for _ in range(3)]
    for case, scores in zip(cases, ((2, 4), (3,), ()), strict=True):
        case.by(worker(AINO), AskExperience("letter"), hours(2))
        for at, score in enumerate(scores, 3):
            case.by(THE_CLIENT, ReportExperience(score), hours(at))
    write(connection, [ENDINGS], *cases, advised())
    found = figures(connection)
    assert (found.endings, found.asked, found.answered, found.score_mean) == (4, 3, 2, 3.5)
    then = figures(connection, happened_by=hours(3))
    assert (then.asked, then.answered, then.score_mean) == (3, 2, 2.5)


def test_a_case_counts_as_reopened_within_the_days_that_are_asked_about(connection: Connection) -> None:
    for days in (89, 91):
        again = CaseReopened("new_need", hours(1), "none", AINO, "")
        write(connection, [ENDINGS], advised().just(hours(1 + 24 * days), again))
    assert figures(connection).reopened == 1
    assert figures(connection, reopened_within=91).reopened == 2
    assert figures(connection, happened_by=hours(24 * 80)).reopened == 0


def test_a_past_date_has_what_had_become_of_them_by_then(connection: Connection) -> None:
    write(connection, [ENDINGS], answered(closed_over_objection(), "upheld", at=99))
    assert figures(connection).objections["upheld"] == 1
    then = figures(connection, happened_by=hours(98))
    assert (then.objected, then.objections["open"], then.objections["upheld"]) == (1, 1, 0)
    assert cells(connection, happened_by=hours(2)) == []


def test_it_can_be_told_by_unit_and_by_month(connection: Connection) -> None:
    write(connection, [ENDINGS], advised(), advised(by=BO), advised(by=EEVA), advised(at=24 * 40))
    assert [(it.organisation, it.unit) for it in cells(connection, "unit")] == [
        ("county", "aikuiset"), ("county", "lapset"), ("kela", "toimeentulo")
    ]  # fmt: skip
    monthly = cells(connection, monthly=True)
    assert [(it.month, it.organisation, it.figures and it.figures.endings) for it in monthly] == [
        ("2025-03", "county", 2), ("2025-03", "kela", 1), ("2025-04", "kela", 1)
    ]  # fmt: skip
    assert [it.organisation for it in cells(connection, organisation="kela")] == ["kela"]


def test_a_month_is_one_of_finland_s(connection: Connection) -> None:
    write(
        connection, [ENDINGS], advised(at=(datetime(2025, 3, 31, 21, 30, tzinfo=UTC) - hours(0)) / timedelta(hours=1))
    )
    assert [it.month for it in cells(connection, monthly=True)] == ["2025-04"]


def test_a_small_cell_is_hidden_from_those_of_other_organisations(connection: Connection) -> None:
    write(connection, [ENDINGS], *(advised() for _ in range(4)))
    hidden = Ended(None, "kela", None, "advice_sufficed", hidden=True, figures=None)
    assert cells(connection, reader=OUTSIDER) == cells(connection, reader=Reader((), SUMMER)) == [hidden]
    assert figures(connection, reader=Reader(("kela",), SUMMER)).endings == 4
    write(connection, [ENDINGS], advised())
    assert figures(connection, reader=OUTSIDER).endings == 5


def test_one_month_with_few_cases_hides_the_sum_but_not_the_other_months(connection: Connection) -> None:
    write(connection, [ENDINGS], *(advised() for _ in range(5)), advised(at=24 * 40))
    assert [it.hidden for it in cells(connection, reader=OUTSIDER)] == [True]
    assert [it.hidden for it in cells(connection, reader=OUTSIDER, monthly=True)] == [False, True]


def test_the_units_of_another_organisation_are_told_all_or_none(connection: Connection) -> None:
    write(connection, [ENDINGS], *(advised(by=BO) for _ in range(6)), *(advised(by=EEVA) for _ in range(2)))
    assert [it.hidden for it in cells(connection, "unit", OUTSIDER)] == [True, True]
    assert figures(connection, reader=OUTSIDER).endings == 8


def test_others_are_told_what_stood_at_the_end_of_the_last_whole_month(connection: Connection) -> None:
    again = CaseReopened("new_need", hours(1), "none", AINO, "")
    write(connection, [ENDINGS], *(advised().just(hours(24 * 40), again) for _ in range(5)), advised(at=24 * 35))
    during = Reader(("elsewhere",), hours(24 * 45))
    assert (figures(connection, reader=during).endings, figures(connection, reader=during).reopened) == (5, 0)
    ours = figures(connection, reader=Reader(("kela",), during.asked_at))
    assert (ours.endings, ours.reopened) == (6, 5)


def test_each_page_goes_on_where_the_one_before_ended(connection: Connection) -> None:
    write(connection, [ENDINGS], *(advised(at=at, by=by) for at in (1, 900) for by in (AINO, BO, EEVA)))
    for by in ("organisation", "unit"):
        for monthly in (True, False):
            walked: list[Ended] = []
            while page := cells(connection, by, monthly=monthly, limit=2, after=walked[-1].key if walked else FIRST):
                walked += page
            assert walked == cells(connection, by, monthly=monthly)


def test_a_proposal_that_was_made_anew_is_the_one_that_counts(connection: Connection) -> None:
    again = ClosureProposed("moved", "service", "circumstances", "", "", None, ())
    case = (
        objected(proposed(), at=2).just(hours(3), again).just(hours(4), CaseClosed("moved", "service", "circumstances"))
    )
    write(connection, [ENDINGS], case)
    assert (figures(connection).objected, figures(connection).closed_over) == (1, 1)
