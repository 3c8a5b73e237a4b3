"""What became of offering cases like this one."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.assessment import CompleteAssessment
from domain.handoff import ExpireHandoff
from domain.remembered import Holder
from domain.transfer import ContestTransfer, TransferMatter
from projections.handoffs import HANDOFFS
from projections.imported import IMPORTED
from projections.offers import Reader
from projections.projection import AnyProjection
from projections.referral_memory import FIRST, Likeness, Memory, Remembered, TakenUp, likeness_of, referral_memory
from projections.screening import SCREENING
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    EEVA,
    OONA,
    THE_CLOCK,
    Row,
    Told,
    hours,
    imported,
    offer,
    opened,
    pending,
    worker,
)
from tests.projections.tables import Connection, tables, write

PROJECTIONS: tuple[AnyProjection, ...] = (HANDOFFS, IMPORTED, SCREENING)
SUMMER = datetime(2025, 7, 15, tzinfo=UTC)
AUDITOR = Reader(None, SUMMER)
OUTSIDER = Reader(("elsewhere",), SUMMER)
HOUSING = Likeness("needs", ("change_in_life",))


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """Connect to a database with the tables."""
    with tables(database, PROJECTIONS) as connection:
        yield connection


def memory(connection: Connection, like: Likeness = HOUSING, reader: Reader = AUDITOR, **more: Any) -> list[Memory]:
    return referral_memory(connection, like, reader=reader, **({"since": hours(-24)} | more))


def figures(connection: Connection, like: Likeness = HOUSING, reader: Reader = AUDITOR, **more: Any) -> Remembered:
    """Return the figures of the only unit."""
    (only,) = memory(connection, like, reader, **more)
    assert only.figures
    return only.figures


def assessed(*triggers: Any, kind: Any = "needs", by: Holder = AINO) -> Told:
    command = CompleteAssessment(
        kind, "service_needed", no_view_because="ei tavoitettu", summary="yhteenveto", triggers=triggers
    )
    return opened(by).by(worker(by), command, hours(0))


def like_this(by: Holder = AINO) -> Told:
    return assessed("change_in_life", "many_services", by=by)


def offered(case: Told, to: Holder, at: float = 1) -> Told:
    assert case.case.responsible
    return case.by(worker(case.case.responsible), offer(to), hours(at))


def declined(case: Told, to: Holder = BO, code: Any = "not_competent", at: float = 1) -> Told:
    offered(case, to, at)
    return case.by(worker(to), DeclineHandoff(pending(case), code, "ei meille"), hours(at + 1))


def accepted(case: Told, to: Holder = BO, at: float = 1, days: float = 1) -> Told:
    offered(case, to, at)
    return case.by(worker(to), AcceptHandoff(pending(case)), hours(at + 24 * days))


# What is remembered.


def test_where_nothing_like_it_was_offered_there_is_nothing_to_remember(connection: Connection) -> None:
    write(connection, PROJECTIONS, like_this())
    assert memory(connection) == []


def test_it_says_where_cases_like_it_were_declined_and_where_accepted_and_after_how_many_days(
    connection: Connection,
) -> None:
    first = accepted(declined(like_this(), BO, "no_capacity"), OONA, at=5, days=2)
    expired = offered(like_this(), BO).by(THE_CLOCK, ExpireHandoff(pending(offered(like_this(), BO))), hours(400))
    write(connection, PROJECTIONS, first, declined(like_this()), accepted(like_this(), OONA, days=4), expired)
    aikuiset, tyo = sorted(memory(connection), key=lambda it: it.unit)
    assert (aikuiset.organisation, aikuiset.unit, aikuiset.own, aikuiset.hidden) == ("county", "aikuiset", True, False)
    assert aikuiset.figures
    assert (aikuiset.figures.offered, aikuiset.figures.accepted, aikuiset.figures.expired) == (3, 0, 1)
    assert aikuiset.figures.declined == {
        "not_competent": 1, "no_capacity": 1, "client_unwilling": 0, "need_more": 0, "already_ours": 0
    }  # fmt: skip
    assert tyo.figures
    assert (tyo.figures.offered, tyo.figures.accepted, tyo.figures.days_median) == (2, 2, 3.0)


def test_it_says_where_those_that_were_turned_away_were_accepted_next(connection: Connection) -> None:
    there = accepted(declined(like_this()), OONA, at=5)
    on_and_on = accepted(accepted(declined(like_this()), OONA, at=5), EEVA, at=40)
    elsewhere = accepted(declined(declined(like_this()), at=24 * 95), EEVA, at=24 * 97)
    nowhere = declined(like_this())
    write(connection, PROJECTIONS, there, on_and_on, elsewhere, nowhere)
    found = figures(connection, to_unit="aikuiset")
    assert (found.cases, found.offered) == (4, 5)
    assert found.afterwards == (TakenUp("city", "työllisyys", 2), TakenUp("county", "lapset", 1))


def test_what_was_contested_was_turned_away_too(connection: Connection) -> None:
    case = like_this().by(worker(AINO), TransferMatter(OONA.as_unit, "ei meille"), hours(1))
    assert case.case.transfer
    case.by(worker(OONA), ContestTransfer(case.case.transfer.transfer, "ei meillekään"), hours(2))
    write(connection, PROJECTIONS, accepted(case, BO, at=3))
    found = figures(connection, to_organisation="city")
    assert (found.contested, found.afterwards) == (1, (TakenUp("county", "aikuiset", 1),))


def test_what_moves_within_a_unit_or_is_moved_without_asking_is_not_remembered(connection: Connection) -> None:
    write(connection, PROJECTIONS, accepted(like_this(), ARVO), imported(Row(0, AINO), Row(1, BO)))
    assert memory(connection) == []
    assert memory(connection, Likeness(codes=("not_competent",))) == []


def test_what_is_long_past_is_forgotten(connection: Connection) -> None:
    write(connection, PROJECTIONS, declined(like_this(), at=1), declined(like_this(), at=99))
    assert figures(connection, since=hours(50)).offered == 1


# Which cases are alike.


def test_a_case_is_like_it_with_one_trigger_in_common_and_the_same_kind(connection: Connection) -> None:
    alike, other_trigger = assessed("change_in_life"), assessed("weakest_position")
    other_kind, no_trigger = assessed("change_in_life", kind="screening"), assessed()
    write(connection, PROJECTIONS, *(declined(it) for it in (alike, other_trigger, other_kind, no_trigger)))
    write(connection, PROJECTIONS, declined(opened(AINO)))
    assert figures(connection, Likeness("needs", ("change_in_life", "many_services"))).cases == 1
    assert figures(connection, Likeness(None, ("change_in_life",))).cases == 2
    assert figures(connection, Likeness("needs")).cases == 3


def test_without_triggers_a_case_is_like_it_that_was_declined_for_the_same_reason(connection: Connection) -> None:
    write(connection, PROJECTIONS, accepted(declined(opened(AINO), code="need_more"), OONA, at=9))
    write(connection, PROJECTIONS, declined(like_this(), code="no_capacity"), accepted(like_this(), EEVA))
    found = memory(connection, Likeness("needs", codes=("need_more", "already_ours")))
    assert [(it.unit, it.figures and it.figures.cases) for it in found] == [("työllisyys", 1), ("aikuiset", 1)]


def test_a_case_says_itself_what_it_is_like(connection: Connection) -> None:
    found_out = declined(declined(like_this(), code="need_more"), code="no_capacity", at=5)
    cases = write(connection, PROJECTIONS, opened(AINO), like_this(), found_out, declined(assessed()))
    likenesses = [likeness_of(connection, it) for it in cases]
    assert likenesses == [
        Likeness(),
        Likeness("needs", ("change_in_life", "many_services")),
        Likeness("needs", ("change_in_life", "many_services"), ("need_more", "no_capacity")),
        Likeness("needs", (), ("not_competent",)),
    ]
    assert [it.measured_by for it in likenesses] == ["nothing", "triggers", "triggers", "codes"]
    assert Likeness("needs").measured_by == "kind"


def test_what_nothing_is_known_of_is_like_no_other(connection: Connection) -> None:
    write(connection, PROJECTIONS, declined(opened(AINO)), declined(like_this()))
    assert memory(connection, Likeness()) == []


def test_the_case_itself_does_not_count(connection: Connection) -> None:
    case, _ = write(connection, PROJECTIONS, declined(like_this()), declined(like_this()))
    assert figures(connection).cases == 2
    assert figures(connection, apart_from=case).cases == 1


# Who is told.


def test_fewer_than_five_cases_of_others_are_not_told_in_figures(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(declined(like_this()) for _ in range(4)))
    assert memory(connection, reader=OUTSIDER) == [Memory("county", "aikuiset", own=False, hidden=True, figures=None)]
    assert memory(connection, reader=Reader((), SUMMER)) == memory(connection, reader=OUTSIDER)
    for organisation in ("kela", "county"):
        assert figures(connection, reader=Reader((organisation,), SUMMER)).cases == 4
    write(connection, PROJECTIONS, declined(like_this()))
    assert figures(connection, reader=OUTSIDER).cases == 5


def test_ones_own_cases_are_told_apart_from_those_of_others_so_that_nothing_can_be_subtracted(
    connection: Connection,
) -> None:
    write(connection, PROJECTIONS, *(declined(like_this()) for _ in range(6)))
    write(connection, PROJECTIONS, *(declined(like_this(by=OONA)) for _ in range(2)))
    others, own = memory(connection, reader=Reader(("kela",), SUMMER))
    assert (others.own, others.hidden, own.own, own.figures and own.figures.cases) == (False, True, True, 6)


def test_of_others_it_is_told_what_happened_by_the_end_of_the_last_whole_month(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(accepted(like_this(), days=40) for _ in range(5)))
    in_april = figures(connection, reader=Reader(("elsewhere",), hours(24 * 45)))
    assert (in_april.accepted, in_april.waiting, in_april.days_median) == (0, 5, None)
    assert figures(connection, reader=OUTSIDER).accepted == 5


def test_where_others_took_up_what_one_declined_is_told_only_of_five_cases_or_more(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(accepted(declined(like_this()), OONA, at=5) for _ in range(4)))
    seen = {it: figures(connection, reader=Reader((it,), SUMMER), to_unit="aikuiset") for it in ("kela", "county")}
    assert seen["kela"].afterwards == (TakenUp("city", "työllisyys", 4),)
    assert (seen["county"].cases, seen["county"].afterwards) == (4, ())
    write(connection, PROJECTIONS, accepted(declined(like_this()), OONA, at=5))
    for organisation in ("county", "elsewhere"):
        found = figures(connection, reader=Reader((organisation,), SUMMER), to_unit="aikuiset")
        assert found.afterwards == (TakenUp("city", "työllisyys", 5),)


def test_nothing_in_it_points_at_a_person(connection: Connection) -> None:
    cases = write(connection, PROJECTIONS, accepted(declined(like_this()), OONA, at=5))
    found = str([dataclasses.asdict(it) for it in memory(connection)])
    assert all(person not in found for person in ("aino", "bo'", "oona", str(cases[0]), "2025"))


# In pages.


def test_each_page_goes_on_where_the_one_before_ended(connection: Connection) -> None:
    for by in (AINO, OONA):
        write(connection, PROJECTIONS, *(declined(like_this(by), to) for to in (BO, EEVA, ARVO) if to != by))
    reader = Reader(("kela",), SUMMER)
    everything = memory(connection, reader=reader)
    walked: list[Memory] = []
    while page := memory(connection, reader=reader, limit=2, after=walked[-1].key if walked else FIRST):
        walked += page
    assert walked == everything
    assert len({it.key for it in walked}) == len(walked) == 5
