"""How cases flow between organisations and between units."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.handoff import ExpireHandoff, WithdrawHandoff
from domain.remembered import Holder
from domain.transfer import ContestTransfer, ReceiveTransfer, TransferMatter
from projections.flows import FIRST, BetterPlace, Figures, Flow, Side, flows
from projections.handoffs import HANDOFFS
from projections.imported import IMPORTED
from projections.offers import By, Reader
from projections.projection import AnyProjection
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    EEVA,
    INTAKE,
    OONA,
    THE_CLOCK,
    Row,
    Told,
    handed_over,
    hours,
    imported,
    offer,
    opened,
    pending,
    worker,
)
from tests.projections.tables import Connection, tables, write

PROJECTIONS: tuple[AnyProjection, ...] = (HANDOFFS, IMPORTED)
SUMMER = datetime(2025, 7, 15, tzinfo=UTC)
AUDITOR = Reader(None, SUMMER)
OUTSIDER = Reader(("elsewhere",), SUMMER)
KELA, COUNTY, CITY = (Side(it, None) for it in ("kela", "county", "city"))


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """Connect to a database with the tables."""
    with tables(database, PROJECTIONS) as connection:
        yield connection


def told(connection: Connection, by: By = "organisation", reader: Reader = AUDITOR, **more: Any) -> list[Flow]:
    spring = {"since": hours(-24), "until": SUMMER}
    return flows(connection, by, reader=reader, **(spring | more))


def figures(connection: Connection, by: By = "organisation", reader: Reader = AUDITOR, **more: Any) -> Figures:
    """Return the figures of the only flow."""
    (only,) = told(connection, by, reader, **more)
    assert only.figures
    return only.figures


def offered(at: float = 1, by: Holder = AINO, to: Holder = BO) -> Told:
    return opened(by).by(worker(by), offer(to), hours(at))


def declined(code: Any, place: Holder | None = None, at: float = 1, by: Holder = AINO, to: Holder = BO) -> Told:
    case = offered(at, by, to)
    return case.by(worker(to), DeclineHandoff(pending(case), code, "ei nyt", place), hours(at + 1))


def accepted(at: float = 1, days: float = 1, by: Holder = AINO, to: Holder = BO) -> Told:
    case = offered(at, by, to)
    return case.by(worker(to), AcceptHandoff(pending(case)), hours(at + 24 * days))


def transferred(answer: Any, *reason: str) -> Told:
    case = opened(AINO).by(worker(AINO), TransferMatter(OONA.as_unit, "ei meille"), hours(1))
    assert case.case.transfer
    return case.by(worker(OONA), answer(case.case.transfer.transfer, *reason), hours(25))


# What is counted.


def test_where_nothing_was_offered_nothing_flows(connection: Connection) -> None:
    write(connection, PROJECTIONS, opened(AINO))
    assert told(connection) == told(connection, "unit") == []


def test_every_answer_is_counted_and_together_they_are_the_offers(connection: Connection) -> None:
    withdrawn, expired = offered(), offered()
    withdrawn.by(worker(AINO), WithdrawHandoff(pending(withdrawn), "erehdys"), hours(2))
    expired.by(THE_CLOCK, ExpireHandoff(pending(expired)), hours(400))
    write(connection, PROJECTIONS, accepted(), declined("no_capacity"), declined("need_more"), withdrawn, expired)
    write(connection, PROJECTIONS, offered())
    found = figures(connection)
    assert (found.cases, found.offered, found.accepted, found.withdrawn, found.expired, found.waiting) == (
        6, 6, 1, 1, 1, 1,
    )  # fmt: skip
    assert found.declined == {
        "not_competent": 0, "no_capacity": 1, "client_unwilling": 0, "need_more": 1, "already_ours": 0
    }  # fmt: skip
    assert found.offered == sum(found.declined.values()) + 4


def test_a_transfer_is_received_or_contested(connection: Connection) -> None:
    write(connection, PROJECTIONS, transferred(ReceiveTransfer), transferred(ContestTransfer, "ei meillekään"))
    found = figures(connection)
    assert (found.offered, found.accepted, found.contested, found.misdirected) == (2, 1, 1, 1)
    assert (found.days_median, found.days_mean) == (1.0, 1.0)


def test_it_flows_both_ways_and_each_way_is_against_its_sender(connection: Connection) -> None:
    write(connection, PROJECTIONS, declined("not_competent"), declined("not_competent", by=BO, to=AINO), accepted())
    there, back = sorted(told(connection), key=lambda it: it.sender == COUNTY)
    assert (there.sender, there.receiver, back.sender, back.receiver) == (KELA, COUNTY, COUNTY, KELA)
    assert there.figures
    assert back.figures
    assert (there.figures.misdirected, there.figures.accepted) == (1, 1)
    assert (back.figures.misdirected, back.figures.accepted) == (1, 0)


@pytest.mark.parametrize(
    ("code", "place", "misdirected"),
    [
        ("not_competent", None, True),
        ("need_more", OONA.as_unit, True),
        ("already_ours", OONA.as_unit, True),
        ("need_more", None, False),
        ("no_capacity", OONA.as_unit, False),
        ("client_unwilling", OONA.as_unit, False),
    ],
)
def test_misdirected_is_what_the_receiver_says_belongs_elsewhere(
    connection: Connection, code: Any, place: Holder | None, misdirected: bool
) -> None:
    write(connection, PROJECTIONS, declined(code, place))
    found = figures(connection)
    assert found.misdirected == int(misdirected)
    assert found.better_places == ((BetterPlace("city", None, 1),) if place else ())


def test_better_places_are_named_at_the_level_that_is_told_of(connection: Connection) -> None:
    places = (EEVA.as_unit, EEVA, OONA.as_unit)
    write(connection, PROJECTIONS, *(declined("not_competent", place) for place in places))
    assert figures(connection, "unit").better_places == (
        BetterPlace("city", "työllisyys", 1), BetterPlace("county", "lapset", 2)
    )  # fmt: skip
    assert figures(connection).better_places == (BetterPlace("city", None, 1), BetterPlace("county", None, 2))


def test_returns_and_bounces_are_counted_once_they_are_accepted(connection: Connection) -> None:
    bounced = handed_over(handed_over(opened(AINO), BO, at=1), AINO, at=3)
    sent_back = handed_over(opened(AINO), BO, at=1).by(worker(BO), offer(AINO), hours(3))
    round_about = handed_over(handed_over(handed_over(opened(AINO), BO, at=1), OONA, at=3), AINO, at=5)
    write(connection, PROJECTIONS, bounced, sent_back, round_about)
    back = {it.sender: it.figures for it in told(connection) if it.receiver == KELA}
    assert [(it.offered, it.returned, it.bounced) for it in (back[COUNTY], back[CITY]) if it] == [(2, 1, 1), (1, 1, 0)]


def test_days_run_from_the_offer_to_its_acceptance(connection: Connection) -> None:
    write(connection, PROJECTIONS, accepted(days=1), accepted(days=2), accepted(days=6), offered())
    found = figures(connection)
    assert (found.days_median, found.days_mean) == (2.0, 3.0)
    assert figures(connection, happened_by=hours(2)).days_median is None


def test_what_moves_within_a_unit_is_no_flow_nor_within_an_organisation_between_those(connection: Connection) -> None:
    write(connection, PROJECTIONS, accepted(to=ARVO), accepted(by=BO, to=EEVA))
    assert told(connection) == []
    (only,) = told(connection, "unit")
    assert (only.sender, only.receiver) == (Side("county", "aikuiset"), Side("county", "lapset"))


def test_the_month_is_that_of_the_offer_in_finland(connection: Connection) -> None:
    midnight = 24 * 28 + 12  # 31 March at 21 UTC: already April in Finland, in summer time
    write(connection, PROJECTIONS, accepted(at=midnight - 1), accepted(at=midnight))
    assert [it.month for it in told(connection)] == ["2025-03", "2025-04"]
    assert [it.month for it in told(connection, until=hours(midnight))] == ["2025-03"]
    assert [it.month for it in told(connection, since=hours(midnight))] == ["2025-04"]


def test_at_a_past_date_offers_made_by_then_have_the_answers_given_by_then(connection: Connection) -> None:
    write(connection, PROJECTIONS, accepted(), declined("not_competent", OONA.as_unit, at=100))
    assert told(connection, happened_by=hours(0)) == []
    then = figures(connection, happened_by=hours(100))
    assert (then.offered, then.accepted, then.waiting, then.misdirected, then.better_places) == (2, 1, 1, 0, ())
    assert figures(connection).misdirected == 1


# What is imported.


def test_what_an_import_moves_in_one_act_was_no_offer_but_comes_back_all_the_same(connection: Connection) -> None:
    write(connection, PROJECTIONS, imported(Row(0, AINO), Row(1, BO), Row(2, AINO)))
    there, back = sorted(told(connection), key=lambda it: it.sender == COUNTY)
    assert there.figures
    assert back.figures
    assert (there.figures.offered, there.figures.accepted, there.figures.direct) == (0, 0, 1)
    assert (back.figures.direct, back.figures.returned, back.figures.bounced, back.figures.days_mean) == (1, 1, 1, None)


def test_what_a_source_queues_is_an_offer(connection: Connection) -> None:
    write(connection, PROJECTIONS, imported(Row(0, AINO), Row(1, BO.as_unit, "queued"), Row(13, BO)))
    found = figures(connection)
    assert (found.offered, found.accepted, found.direct, found.days_median) == (1, 1, 0, 0.5)


def test_what_the_source_does_not_state_neither_sends_nor_receives(connection: Connection) -> None:
    somebody, nobody = Holder("kela", INTAKE.unit, "aino"), Holder("kela", INTAKE.unit)
    write(connection, PROJECTIONS, imported(Row(0, somebody), Row(1, BO)), imported(Row(0, nobody), Row(1, BO)))
    assert told(connection, "unit") == []
    assert [(it.sender, it.figures and it.figures.cases) for it in told(connection)] == [(KELA, 1)]


# Who is told.


def test_a_small_cell_is_hidden_from_those_who_may_not_see_its_cases(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(accepted() for _ in range(4)))
    (seen,) = told(connection, reader=OUTSIDER)
    assert (seen.hidden, seen.figures) == (True, None)
    assert figures(connection).cases == 4
    for organisation in ("kela", "county"):
        assert figures(connection, reader=Reader((organisation,), SUMMER)).cases == 4
    assert told(connection, reader=Reader((), SUMMER)) == [seen]
    write(connection, PROJECTIONS, accepted())
    assert figures(connection, reader=OUTSIDER).accepted == 5


def test_it_is_the_cases_that_count_and_not_how_often_they_were_offered(connection: Connection) -> None:
    often = declined("no_capacity")
    for at in (3, 5, 7, 9):
        often.by(worker(AINO), offer(BO), hours(at))
        often.by(worker(AINO), WithdrawHandoff(pending(often), "erehdys"), hours(at + 1))
    write(connection, PROJECTIONS, often)
    assert told(connection, reader=OUTSIDER)[0].hidden
    assert (figures(connection).cases, figures(connection).offered) == (1, 5)


def test_the_units_of_two_organisations_are_told_all_or_none_so_that_nothing_can_be_subtracted(
    connection: Connection,
) -> None:
    write(connection, PROJECTIONS, *(accepted() for _ in range(6)), *(accepted(to=EEVA) for _ in range(2)))
    write(connection, PROJECTIONS, *(accepted(by=EEVA, to=AINO) for _ in range(5)))
    assert figures(connection, reader=OUTSIDER, until=hours(9), organisation="kela", limit=1).cases == 5
    by_organisation = {it.sender: it.figures and it.figures.cases for it in told(connection, reader=OUTSIDER)}
    assert by_organisation == {KELA: 8, COUNTY: 5}
    by_unit = {(it.sender.unit, it.receiver.unit): it.hidden for it in told(connection, "unit", OUTSIDER)}
    assert by_unit == {
        ("toimeentulo", "aikuiset"): True, ("toimeentulo", "lapset"): True, ("lapset", "toimeentulo"): False
    }  # fmt: skip


def test_others_are_told_what_happened_by_the_end_of_the_last_whole_month(connection: Connection) -> None:
    april = 24 * 35
    cases = [accepted(days=1) for _ in range(4)]
    write(connection, PROJECTIONS, *cases, accepted(days=40), *(accepted(at=april) for _ in range(5)))
    during = Reader(("elsewhere",), hours(april + 24 * 5))
    assert (figures(connection, reader=during).accepted, figures(connection, reader=during).waiting) == (4, 1)
    assert during.published == datetime(2025, 3, 31, 21, tzinfo=UTC) - timedelta(microseconds=1)
    later = told(connection, reader=OUTSIDER)
    assert [it.figures and it.figures.accepted for it in later] == [5, 5]
    ours = told(connection, reader=Reader(("kela",), during.asked_at))
    assert [it.figures and it.figures.accepted for it in ours] == [5, 5]


# In pages, and of one organisation.


def test_each_page_goes_on_where_the_one_before_ended(connection: Connection) -> None:
    pairs = [(AINO, BO), (BO, AINO), (OONA, AINO), (EEVA, OONA), (BO, EEVA)]
    write(connection, PROJECTIONS, *(accepted(at=at, by=by, to=to) for at in (1, 900) for by, to in pairs))
    for by in ("organisation", "unit"):
        everything = told(connection, by)
        walked: list[Flow] = []
        while page := told(connection, by, limit=3, after=walked[-1].key if walked else FIRST):
            walked += page
        assert walked == everything
        assert [it.key for it in walked] == sorted(it.key for it in walked)


def test_of_one_organisation_are_those_from_it_and_to_it(connection: Connection) -> None:
    write(connection, PROJECTIONS, accepted(), accepted(by=BO, to=AINO), accepted(by=OONA, to=EEVA))
    found = told(connection, organisation="kela")
    assert {(it.sender, it.receiver) for it in found} == {(KELA, COUNTY), (COUNTY, KELA)}
