"""How much workers and units have on hand, now and then, and the numbers that an acceptance goes by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.acceptance import AcceptHandoff, HandoffAccepted
from domain.closure import ProposeClosure
from domain.decider import Actor, Role
from domain.directory import POLICY_STREAM, OpenUnit, SetPolicy, unit_stream
from domain.handoff import ExpireHandoff
from domain.intake import PromiseNextStep
from domain.leaving import CloseUnit, SetCaseloadLimit
from domain.ledger.database import Region
from domain.policy import Policies, Setting
from projections.caseload import Figures, Load, caseload, caseloads, total
from projections.live import Live
from projections.projection import AnyProjection
from projections.stood import PROJECTIONS
from projections.units import UNITS
from projections.workers import WORKERS
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    EEVA,
    THE_CLOCK,
    Told,
    closed,
    handed_over,
    hours,
    manager,
    offer,
    opened,
    pending,
    worker,
)
from tests.projections.tables import Connection, tables, write
from tests.town import ADMINISTRATOR, Town, holder, ledger
from tests.town import BO as BO_HIMSELF

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL: tuple[AnyProjection, ...] = (*PROJECTIONS, UNITS, WORKERS)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with tables(database, ALL) as connection:
        yield connection


def on_hand(
    connection: Connection, organisation: str = "kela", at: float | None = None, policies: Policies | None = None,
    unit: str | None = None,
) -> dict[str | None, Load]:  # fmt: skip
    then = None if at is None else hours(at)
    loads = caseload(connection, organisation, unit, now=NOW, policies=policies or Policies(), happened_by=then)
    return {it.worker: it for it in loads}


def figures(connection: Connection, organisation: str = "kela", at: float | None = None) -> dict[str | None, Figures]:
    return {worker: it.figures for worker, it in on_hand(connection, organisation, at).items()}


def promised(by: float) -> Told:
    return opened(AINO).by(worker(AINO), PromiseNextStep("worker", "soitto", hours(by)), hours(1))


def proposed_to_close() -> Told:
    closing = ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu")
    return opened(AINO).by(worker(AINO), closing, hours(1))


def test_what_is_held_is_counted_by_worker_and_what_is_closed_no_more(connection: Connection) -> None:
    write(connection, PROJECTIONS, opened(AINO), opened(AINO), opened(ARVO), opened(BO), closed(opened(AINO), at=2))
    assert figures(connection) == {"aino": Figures(held=2), "arvo": Figures(held=1)}
    assert total(on_hand(connection).values()) == Figures(held=3)
    assert figures(connection, at=1) == {"aino": Figures(held=3), "arvo": Figures(held=1)}
    assert figures(connection, at=-1) == {}


def test_an_offer_is_counted_where_it_waits_and_where_it_came_from(connection: Connection) -> None:
    told = opened(AINO).by(worker(AINO), offer(BO), hours(1))
    write(connection, PROJECTIONS, told)
    assert figures(connection) == {"aino": Figures(held=1, waiting=1)}
    assert figures(connection, "county") == {"bo": Figures(offered=1)}
    assert figures(connection, at=0) == {"aino": Figures(held=1)}
    assert figures(connection, "county", at=0) == {}


def test_an_offer_that_expired_waits_no_more_but_did_then(connection: Connection) -> None:
    told = opened(AINO).by(worker(AINO), offer(BO), hours(1))
    write(connection, PROJECTIONS, told.by(THE_CLOCK, ExpireHandoff(pending(told)), hours(400)))
    assert figures(connection, "county") == {}
    assert figures(connection, "county", at=399) == {"bo": Figures(offered=1)}
    assert figures(connection, at=399) == {"aino": Figures(held=1, waiting=1)}


def test_a_unit_holds_what_has_no_named_worker(connection: Connection) -> None:
    told = opened(AINO).by(worker(AINO), offer(EEVA.as_unit), hours(1))
    told.by(manager(EEVA), AcceptHandoff(pending(told), for_unit=True), hours(2))
    write(connection, PROJECTIONS, told, handed_over(opened(AINO), EEVA, at=1))
    assert figures(connection, "county") == {None: Figures(held=1, without_worker=1), "eeva": Figures(held=1)}
    assert figures(connection, "county", at=2) == figures(connection, "county")
    assert on_hand(connection, "county")[None].ceiling is None


def test_what_is_due_that_day_and_what_is_overdue_are_told_apart(connection: Connection) -> None:
    write(connection, PROJECTIONS, promised(by=24), promised(by=30), promised(by=300), opened(AINO))
    assert figures(connection, at=1) == {"aino": Figures(held=4)}
    assert figures(connection, at=26) == {"aino": Figures(held=4, due=2, overdue=1)}
    assert figures(connection) == {"aino": Figures(held=4, due=3, overdue=3)}


def test_what_is_going_to_be_closed_is_told(connection: Connection) -> None:
    write(connection, PROJECTIONS, proposed_to_close())
    assert figures(connection) == figures(connection, at=1) == {"aino": Figures(held=1, closing=1)}
    assert figures(connection, at=0) == {"aino": Figures(held=1)}


def test_the_ceiling_is_that_of_policy_and_of_its_time(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(opened(AINO) for _ in range(3)))
    lower = Policies((Setting(hours(10), 1, "caseload_ceiling", 2, "kela"),))
    now, then = (on_hand(connection, at=at, policies=lower)["aino"] for at in (None, 9))
    assert (now.ceiling, now.over) == (2, 1)
    assert (then.ceiling, then.over) == (40, 0)
    assert on_hand(connection, unit="muualla") == {}


def test_workers_are_counted_each_in_that_unit(connection: Connection) -> None:
    write(connection, PROJECTIONS, opened(AINO), opened(AINO), opened(BO))
    assert caseloads(connection, [AINO, ARVO, BO.as_unit]) == {AINO: 2, ARVO: 0}
    assert caseloads(connection, []) == {}


# On the ledger.


@pytest.fixture
def region(database: str) -> Region:
    return Region(database, "koe")


@pytest.fixture
def town(region: Region, tmp_path: Path) -> Iterator[Town]:
    with ledger(region, tmp_path) as cases:
        yield Town(cases).settle()


UNIT = unit_stream("pirha", "aikuissosiaalityo")


def accepted(town: Town) -> HandoffAccepted:
    case = town.case()
    town.hand_over(case)
    event = town.cases.history(case)[-1].event
    assert isinstance(event, HandoffAccepted)
    return event


@pytest.mark.rule(17)
def test_an_acceptance_tells_the_caseload_before_it_and_the_ceiling(town: Town) -> None:
    assert (accepted(town).caseload, accepted(town).caseload) == (0, 1)
    assert accepted(town).ceiling == 40
    town.do(SetPolicy("caseload_ceiling", 30, "pirha"), POLICY_STREAM, ADMINISTRATOR)
    assert accepted(town).ceiling == 30
    town.do(SetCaseloadLimit(2), UNIT, ADMINISTRATOR)
    fifth = accepted(town)
    assert (fifth.caseload, fifth.ceiling) == (4, 2)


def test_an_acceptance_for_the_unit_weighs_nobody(town: Town) -> None:
    case = town.case()
    handoff = town.offer(case, to=holder(BO_HIMSELF).as_unit)
    town.do(AcceptHandoff(handoff, for_unit=True), case, Actor("cilla", Role.MANAGER, "pirha", "aikuissosiaalityo"))
    event = town.cases.history(case)[-1].event
    assert isinstance(event, HandoffAccepted)
    assert (event.caseload, event.ceiling) == (None, None)


def test_where_it_is_not_kept_where_cases_stand_nobody_is_weighed(region: Region, tmp_path: Path) -> None:
    with ledger(region, tmp_path, Live([UNITS])) as cases:
        assert accepted(Town(cases).settle()).caseload is None


def test_a_unit_has_a_limit_from_when_on_it_was_set_and_its_workers_are_told_though_idle(
    town: Town, region: Region
) -> None:
    town.do(OpenUnit("kela", "perhe", "Perhepalvelut", "Tampere"), unit_stream("kela", "perhe"), ADMINISTRATOR)
    town.do(SetCaseloadLimit(20), UNIT, ADMINISTRATOR)
    town.do(SetCaseloadLimit(25), UNIT, ADMINISTRATOR)
    town.do(CloseUnit(), UNIT, ADMINISTRATOR)
    with region.connect() as connection:
        found = connection.execute(
            "SELECT number, caseload_limit, since = opened_at, until IS NULL, closed_at IS NULL FROM units_v1"
            " WHERE unit_stream = %s ORDER BY number",
            [UNIT],
        ).fetchall()
        loads = caseload(connection, "pirha", now=datetime.now(UTC), policies=Policies())
    assert found == [(1, None, True, False, True), (2, 20, False, False, True), (3, 25, False, True, False)]
    assert [(it.worker, it.figures, it.ceiling) for it in loads] == [("bo", Figures(), 25), ("cilla", Figures(), 25)]
