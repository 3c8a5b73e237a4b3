"""Whether the client was heard in what was decided."""

from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings

from domain.assessment import CompleteAssessment
from domain.closure import ClosureProposed, ProposeClosure
from domain.corrections import MarkErroneous
from domain.decider import Actor, Override, Role
from domain.ownership import NameResponsible
from domain.plan import AgreePlan, SetGoal
from domain.remembered import Holder
from domain.team import AgreeTeamLine
from domain.transfer import TransferMatter
from domain.voice import ConfirmStatement, DisputeStatement, RecordStatement, ViewUnavailable
from projections.heard import DECISIONS, HEARD, Hearing
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    OONA,
    THE_CLIENT,
    Row,
    Told,
    handed_over,
    histories,
    hours,
    imported,
    manager,
    offer,
    opened,
    version,
    worker,
)

A_REPRESENTATIVE = Actor(str(UUID(int=9)), Role.REPRESENTATIVE)


def heard(told: Told) -> list[Hearing]:
    return list(HEARD.over(told.counted))


def said(by: Actor = THE_CLIENT, **more: Any) -> tuple[Told, UUID]:
    """Open a case and have something said in it, an hour later."""
    told = opened(AINO).by(by, RecordStatement("haluan kotiin", **more), hours(1))
    (statement,) = told.case.statements.now()
    return told, statement


def assessed(told: Told, at: float, by: Holder = AINO, **more: Any) -> Told:
    return told.by(worker(by), CompleteAssessment("needs", "service_needed", **more), hours(at))


def test_a_decision_rests_on_the_clients_words() -> None:
    told, view = said(assisted_by="interpreter")
    (row,) = heard(assessed(told, 2, client_view=view))
    assert (row.kind, row.version, row.decided_at, row.heard) == ("assessment", 3, hours(2), "confirmed")
    assert (row.by, row.by_role, row.organisation, row.unit) == ("aino", "worker", "kela", "toimeentulo")
    assert (row.statement, row.said, row.words, row.speaker, row.assisted_by) == (view, 2, 2, "client", "interpreter")
    assert (row.standing, row.standing_then, row.later, row.no_view_because) == ("confirmed", "confirmed", (), None)


def test_every_kind_of_decision_has_a_row() -> None:
    told, view = said()
    told.by(worker(AINO), SetGoal("oma koti"), hours(1))
    assessed(told, 2, client_view=view)
    told.by(worker(AINO), AgreePlan("agreed", client_view=view), hours(3))
    told.by(worker(AINO), AgreeTeamLine((AINO, BO), "yhdessä", client_present=True, client_view=view), hours(4))
    told.by(worker(AINO), ProposeClosure(ground="goals_met", reason="valmis", client_view=view), hours(5))
    told.by(worker(AINO), offer(BO, client_view=view), hours(6))
    assert [(it.kind, it.heard) for it in heard(told)] == [
        (kind, "confirmed") for kind in ("assessment", "plan", "team_line", "closure", "handoff")
    ]
    assert {it.kind for it in heard(told)} == set(DECISIONS.values()) - {"transfer"}


def test_a_transfer_asks_for_no_view_and_has_none() -> None:
    (row,) = heard(opened(AINO).by(worker(AINO), TransferMatter(OONA.as_unit, "ei toimivaltaa"), hours(1)))
    assert (row.kind, row.heard, row.statement, row.no_view_because) == ("transfer", "nothing", None, None)


def test_it_follows_how_the_client_sees_the_words_later_and_tells_how_they_stood() -> None:
    told, view = said(worker(AINO))
    assessed(told, 2, client_view=view)
    assert [(it.heard, it.standing_then, it.later) for it in heard(told)] == [("unconfirmed", "unconfirmed", ())]
    told.by(THE_CLIENT, ConfirmStatement(view), hours(3))
    told.by(worker(AINO), offer(BO, client_view=view), hours(4))
    told.by(THE_CLIENT, DisputeStatement(view, "en sanonut noin"), hours(5))
    confirmed, disputed = (hours(3), "confirmed"), (hours(5), "disputed")
    assert [(it.heard, it.standing, it.standing_then, it.later) for it in heard(told)] == [
        ("disputed", "disputed", "unconfirmed", (confirmed, disputed)),
        ("disputed", "disputed", "confirmed", (disputed,)),
    ]


def test_words_of_another_serve_beside_a_reason_and_are_told_from_the_clients() -> None:
    told, view = said(worker(AINO), speaker="close_person")
    (row,) = heard(assessed(told, 2, client_view=view, no_view_because="ei tavoitettu"))
    assert (row.heard, row.speaker, row.standing, row.no_view_because) == (
        "anothers_words",
        "close_person",
        "unconfirmed",
        3,
    )


def test_a_stated_reason_stands_where_nobody_was_heard() -> None:
    told = assessed(opened(AINO), 1, no_view_because="ei tavoitettu")
    (row,) = heard(told)
    assert (row.heard, row.no_view_because, row.statement, row.words) == ("reason", 2, None, None)
    assert isinstance(told.it[1].event, ViewUnavailable)


def test_a_reason_is_that_of_its_own_act_alone() -> None:
    told = assessed(opened(AINO), 1, no_view_because="ei tavoitettu")
    told.by(worker(AINO), TransferMatter(OONA.as_unit, "ei toimivaltaa"), hours(2))
    assert [it.heard for it in heard(told)] == ["reason", "nothing"]


def test_a_reason_that_was_entered_in_error_is_none() -> None:
    told = assessed(opened(AINO), 1, no_view_because="ei tavoitettu")
    told.by(worker(AINO), MarkErroneous(version(2), "tavoitettiin"), hours(2))
    assert [(it.heard, it.no_view_because) for it in heard(told)] == [("nothing", None)]


def test_a_statement_that_was_entered_in_error_carries_nothing() -> None:
    told, view = said()
    assessed(told, 2, client_view=view).by(THE_CLIENT, MarkErroneous(version(2), "väärä asia"), hours(3))
    assert [(it.heard, it.statement, it.said) for it in heard(told)] == [("nothing", view, None)]


def test_a_team_line_over_a_rule_that_was_set_aside_has_nothing() -> None:
    override = Override(10, "kiire", hours(200))
    line = AgreeTeamLine((AINO, BO), "yhdessä", client_present=False, override=(override,))
    (row,) = heard(opened(AINO).by(manager(AINO), line, hours(1)))
    assert (row.kind, row.heard) == ("team_line", "nothing")


def test_what_the_client_decides_is_the_clients_own_in_the_unit_that_answers() -> None:
    told = handed_over(opened(AINO), BO, at=1)
    told.by(THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti"), hours(3))
    offered, closing = heard(told)
    assert (offered.organisation, offered.unit) == ("kela", "toimeentulo")
    assert (closing.heard, closing.organisation, closing.unit) == ("clients_own", "county", "aikuiset")


def test_what_a_representative_decides_rests_on_anothers_words() -> None:
    closing = ClosureProposed("client_ended", "representative", "client", "", "riitti", None, ())
    (row,) = heard(opened(AINO).just(hours(1), closing, by=A_REPRESENTATIVE))
    assert row.heard == "anothers_words"


def test_the_unit_is_that_of_whoever_decided() -> None:
    told = opened(AINO).by(manager(AINO), NameResponsible(ARVO), hours(1))
    assessed(told, 2, BO, no_view_because="ei tavoitettu")
    assert [(it.organisation, it.unit) for it in heard(told)] == [("county", "aikuiset")]


def test_a_death_is_a_reason_of_its_own() -> None:
    closing = ClosureProposed("death", "service", "circumstances", "", "", None, ())
    assert [it.heard for it in heard(opened(AINO).just(hours(1), closing, by=worker(AINO)))] == ["reason"]


def test_an_import_does_not_say_whether_anybody_was_heard() -> None:
    assert heard(imported(Row(0, AINO), Row(1, BO), Row(2, BO, "closed"))) == []


def test_a_decision_that_counts_before_its_statement_rests_on_it_all_the_same() -> None:
    told, view = said(worker(AINO))
    assessed(told, 0.5, client_view=view)
    (row,) = heard(told)
    assert (row.decided_at, row.heard, row.said, row.standing_then) == (hours(0.5), "unconfirmed", 2, "unconfirmed")


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_each_decision_has_a_row_and_stands_as_the_statement_does(told: Told) -> None:
    rows, case = heard(told), told.case
    assert [it.version for it in rows] == [it.version for it in told.counted if type(it.event) in DECISIONS]
    for row in rows:
        remembered = case.statements.get(row.statement) if row.statement else None
        assert row.standing == (remembered.standing if remembered else None)
        assert row.heard in {"reason", "nothing", "clients_own", "anothers_words"} or row.heard == row.standing
        times: list[datetime] = [at for at, _ in row.later]
        assert times == sorted(times)
