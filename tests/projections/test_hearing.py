"""How often the client was heard."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.assessment import CompleteAssessment
from domain.closure import ProposeClosure
from domain.decider import Actor
from domain.remembered import Holder
from domain.voice import ConfirmStatement, DisputeStatement, RecordStatement
from projections.heard import HEARD
from projections.hearing import FIRST, Figures, Share, shares
from projections.offers import By, Reader
from projections.projection import AnyProjection
from tests.projections.histories import (
    AINO,
    BO,
    EEVA,
    THE_CLIENT,
    Row,
    Told,
    hours,
    imported,
    offer,
    opened,
    worker,
)
from tests.projections.tables import Connection, tables, write

PROJECTIONS: tuple[AnyProjection, ...] = (HEARD,)
SUMMER = datetime(2025, 7, 15, tzinfo=UTC)
AUDITOR = Reader(None, SUMMER)
OUTSIDER = Reader(("elsewhere",), SUMMER)
APRIL = 30 * 24
"""So many hours after the beginning of the histories it is April."""


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """Connect to a database with the table."""
    with tables(database, PROJECTIONS) as connection:
        yield connection


def told(connection: Connection, by: By = "organisation", reader: Reader = AUDITOR, **more: Any) -> list[Share]:
    spring = {"since": hours(-24), "until": SUMMER}
    return shares(connection, by, reader=reader, **(spring | more))


def figures(connection: Connection, by: By = "organisation", reader: Reader = AUDITOR, **more: Any) -> Figures:
    """Return the figures of the only share."""
    (only,) = told(connection, by, reader, **more)
    assert only.figures
    return only.figures


def assessed(by: Holder = AINO, at: float = 2, said_by: Actor | None = THE_CLIENT, **said: Any) -> Told:
    """Have a case assessed on what was said in it, or on nothing and for a reason."""
    case = opened(by)
    if said_by is None:
        unheard = CompleteAssessment("needs", "service_needed", no_view_because="ei tavoitettu")
        return case.by(worker(by), unheard, hours(at))
    case.by(said_by, RecordStatement("haluan kotiin", **said), hours(1))
    (view,) = case.case.statements.now()
    why = "ei omia sanoja" if said.get("speaker") else None
    return case.by(worker(by), CompleteAssessment("needs", "service_needed", view, why), hours(at))


def test_where_nothing_was_decided_nobody_was_heard(connection: Connection) -> None:
    write(connection, PROJECTIONS, opened(AINO), imported(Row(0, AINO), Row(1, BO)))
    assert told(connection) == told(connection, "unit") == []


def test_every_decision_counts_once_by_what_it_rests_on(connection: Connection) -> None:
    another = assessed(said_by=worker(AINO), speaker="close_person")
    disputed = assessed()
    (view,) = disputed.case.statements.now()
    disputed.by(THE_CLIENT, DisputeStatement(view, "en sanonut noin"), hours(3))
    cases = [assessed(), assessed(), assessed(said_by=worker(AINO)), assessed(said_by=None), another, disputed]
    write(connection, PROJECTIONS, *cases)
    assert told(connection) == [
        Share("kela", None, "assessment", hidden=False, figures=Figures(
            cases=6, decisions=6, clients_own=0, confirmed=2, unconfirmed=1, disputed=1, anothers_words=1, reason=1,
            nothing=0, share=0.3333,
        ))
    ]  # fmt: skip


def test_the_client_speaks_for_themself_in_what_they_decide(connection: Connection) -> None:
    ending = opened(AINO).by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(1))
    write(connection, PROJECTIONS, ending)
    found = figures(connection)
    assert (found.clients_own, found.decisions, found.share) == (1, 1, 1.0)


def test_each_kind_and_each_unit_has_its_share(connection: Connection) -> None:
    write(connection, PROJECTIONS, assessed(BO), assessed(EEVA).by(worker(EEVA), offer(BO), hours(5)))
    by_unit = told(connection, "unit")
    assert [(it.organisation, it.unit, it.kind, it.figures and it.figures.share) for it in by_unit] == [
        ("county", "aikuiset", "assessment", 1.0), ("county", "lapset", "assessment", 1.0),
        ("county", "lapset", "handoff", 0.0),
    ]  # fmt: skip
    assert [(it.unit, it.kind, it.figures and it.figures.cases) for it in told(connection)] == [
        (None, "assessment", 2), (None, "handoff", 1)
    ]  # fmt: skip


# At a past date.


def test_at_a_past_date_statements_stand_as_they_stood_then(connection: Connection) -> None:
    case = assessed(said_by=worker(AINO))
    (view,) = case.case.statements.now()
    case.by(THE_CLIENT, ConfirmStatement(view), hours(24)).by(THE_CLIENT, DisputeStatement(view, "ei noin"), hours(48))
    write(connection, PROJECTIONS, case)
    stood = {at: figures(connection, happened_by=hours(at)) for at in (2, 23, 24, 47, 48)}
    assert [(it.unconfirmed, it.confirmed, it.disputed) for it in stood.values()] == [
        (1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)
    ]  # fmt: skip
    assert told(connection, happened_by=hours(1)) == []


def test_only_what_was_decided_in_the_interval_counts(connection: Connection) -> None:
    write(connection, PROJECTIONS, assessed(at=2), assessed(at=APRIL))
    assert figures(connection, until=hours(APRIL)).decisions == 1
    assert figures(connection, since=hours(APRIL)).decisions == 1
    assert figures(connection, since=hours(2), until=hours(APRIL + 1)).decisions == 2


# Who is told.


def test_few_cases_are_told_without_figures_to_whoever_may_not_see_them(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(assessed() for _ in range(4)))
    assert [(it.hidden, it.figures) for it in told(connection, reader=OUTSIDER)] == [(True, None)]
    assert not any(it.hidden for it in told(connection, reader=Reader(("kela",), SUMMER)))
    write(connection, PROJECTIONS, assessed())
    assert figures(connection, reader=OUTSIDER).cases == 5


def test_a_month_with_few_cases_hides_the_interval_so_that_none_can_be_subtracted(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(assessed() for _ in range(5)), assessed(at=APRIL))
    assert [it.hidden for it in told(connection, reader=OUTSIDER)] == [True]
    assert not any(it.hidden for it in told(connection, reader=OUTSIDER, until=hours(APRIL)))


def test_a_unit_with_few_cases_hides_the_others_so_that_none_can_be_subtracted(connection: Connection) -> None:
    write(connection, PROJECTIONS, *(assessed(BO) for _ in range(5)), assessed(EEVA))
    assert [it.hidden for it in told(connection, "unit", OUTSIDER)] == [True, True]
    assert figures(connection, "organisation", OUTSIDER).cases == 6


def test_of_others_only_whole_months_are_told(connection: Connection) -> None:
    case = assessed(said_by=worker(AINO))
    (view,) = case.case.statements.now()
    case.by(THE_CLIENT, ConfirmStatement(view), hours(APRIL))
    write(connection, PROJECTIONS, case, *(assessed(said_by=worker(AINO)) for _ in range(4)))
    in_april, in_march = (Reader(("elsewhere",), hours(at)) for at in (APRIL, 24))
    assert figures(connection, reader=in_april).confirmed == 0
    assert figures(connection, reader=AUDITOR, happened_by=hours(APRIL)).confirmed == 1
    assert told(connection, reader=in_march) == []


def test_it_comes_in_pages_and_of_one_organisation(connection: Connection) -> None:
    write(connection, PROJECTIONS, assessed(AINO), assessed(BO), assessed(EEVA))
    first = told(connection, "unit", after=FIRST, limit=1)
    assert [*first, *told(connection, "unit", after=first[-1].key)] == told(connection, "unit")
    assert [it.organisation for it in told(connection, organisation="kela")] == ["kela"]
