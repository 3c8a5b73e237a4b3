"""What the unit's manager is told, so that nothing gets stuck unseen."""

import pytest

from domain.alerts import AlertManager, ManagerAlerted
from domain.case import EntryAbsent
from domain.decider import RoleNotAllowed, StreamAbsent
from domain.handoff import ExpireHandoff
from tests.domain.given import (
    Asked,
    aino,
    bo,
    entry,
    given,
    made_by,
    marja,
    moment,
    opened_by,
    proposed_to,
    the_clock,
    unit,
)


@pytest.mark.rule(4)
def test_the_units_manager_is_told_once_of_an_offer_that_expired() -> None:
    expired = given(
        opened_by(aino), proposed_to(bo, at=moment(3, 4)), Asked(ExpireHandoff(made_by(2)), the_clock, moment(3, 12))
    )
    assert expired.happened[-1] == ManagerAlerted(entry(4), "handoff_expired", unit(aino))
    expired.when(AlertManager(entry(4), "handoff_expired"), by=the_clock).then()
    told = expired.when(AlertManager(entry(1), "naming_overdue"), by=the_clock)
    told.then(ManagerAlerted(entry(1), "naming_overdue", unit(aino)))
    told.when(AlertManager(entry(1), "naming_overdue"), by=the_clock).then()
    told.when(AlertManager(entry(1), "override_review_due"), by=the_clock).allowed()


def test_a_manager_is_told_of_what_stands_there_by_the_clock_alone() -> None:
    case = given(opened_by(aino))
    case.when(AlertManager(entry(9), "naming_overdue"), by=the_clock).refused(EntryAbsent, version=9)
    case.when(AlertManager(None, "worker_leaving"), by=the_clock).then(
        ManagerAlerted(None, "worker_leaving", unit(aino))
    )
    case.when(AlertManager(entry(1), "naming_overdue"), by=marja).refused(RoleNotAllowed)
    given().when(AlertManager(None, "worker_leaving"), by=the_clock).refused(StreamAbsent)
