"""Who of the unit that holds the case answers for it."""

import pytest

from domain.alerts import ManagerAlerted
from domain.case import CaseNotOpen, HolderUnknown, NotResponsible, OutOfOrder, TakesOnNothingMore
from domain.client_ownership import TakeOwnership
from domain.decider import RoleNotAllowed
from domain.handoff import ProposeHandoff, WithdrawHandoff
from domain.ownership import (
    AnswersNoLonger,
    FallToUnit,
    NameResponsible,
    OnlyWithinTheUnit,
    ResponsibilityFellToUnit,
    ResponsibleNamed,
    StaysOn,
)
from domain.remembered import Holder
from tests.domain.given import (
    CITY,
    COUNTY,
    Asked,
    aino,
    arvo,
    bo,
    closed_at_once,
    entry,
    given,
    holder,
    made_by,
    marja,
    moment,
    opened_by,
    proposed_to,
    siiri,
    the_client,
    the_clock,
    unit,
)

TO_BO = ProposeHandoff(
    to=holder(bo), reason="asuu Tampereella", no_view_because="ei tavoitettu", disclosure_basis="statutory"
)
FIRST = made_by(2)
"""The handoff that the second command of a story proposed."""


def test_a_manager_names_a_worker_of_the_unit_that_holds_the_case() -> None:
    case = given(opened_by(aino))
    (
        case.when(NameResponsible(holder(arvo), "Aino on lomalla"), by=marja)
        .then(ResponsibleNamed(holder(arvo), "Aino on lomalla"))
        .and_owner_is(arvo)
    )
    case.when(NameResponsible(holder(aino)), by=marja).then()
    case.when(NameResponsible(holder(bo)), by=marja).refused(OnlyWithinTheUnit)
    case.when(NameResponsible(unit(aino)), by=marja).refused(OnlyWithinTheUnit, unit=unit(aino))
    case.when(NameResponsible(holder(arvo)), by=siiri).refused(NotResponsible)
    case.when(NameResponsible(holder(arvo)), by=arvo).refused(RoleNotAllowed, allowed=["manager"])
    case.when(NameResponsible(Holder(CITY, "x", "y")), by=marja).refused(HolderUnknown)


def test_workers_of_two_employers_may_have_the_same_id() -> None:
    namesake = aino.but(organisation=COUNTY)
    given(opened_by(aino)).when(TO_BO, by=namesake).refused(NotResponsible)


LEAVING = frozenset({holder(aino)})
FELL = FallToUnit(holder(aino))


@pytest.mark.rule(1)
def test_the_case_of_a_worker_who_leaves_falls_to_their_unit() -> None:
    (
        given(opened_by(aino))
        .knowing(leaving=LEAVING)
        .when(FELL, by=the_clock, at=moment(3, 5))
        .then(
            ResponsibilityFellToUnit(unit(aino), moment(3, 13, 0), "worker_leaving"),
            ManagerAlerted(entry(2), "worker_leaving", unit(aino)),
        )
        .and_responsible_is(unit(aino))
        .and_owner_is(unit(aino))
        .and_(name_by=moment(3, 13, 0))
        .when(NameResponsible(holder(arvo)), by=marja)
        .allowed()
        .and_owner_is(arvo)
        .and_(name_by=None)
    )


@pytest.mark.rule(1)
def test_the_case_of_who_has_left_or_of_a_closed_unit_falls_to_it_too() -> None:
    departed = given(opened_by(aino)).knowing(holders=frozenset({unit(aino)})).when(FELL, by=the_clock)
    closed = given(opened_by(aino)).knowing(leaving=LEAVING | {unit(aino)}).when(FELL, by=the_clock)
    causes = [
        it.cause for story in (departed, closed) for it in story.happened if isinstance(it, ResponsibilityFellToUnit)
    ]
    assert causes == ["worker_departed", "unit_closed"]


@pytest.mark.rule(1)
def test_nothing_falls_from_who_stays_or_no_longer_answers() -> None:
    case = given(opened_by(aino))
    case.when(FELL, by=the_clock).refused(StaysOn, worker=holder(aino))
    case.when(FELL, by=marja).refused(RoleNotAllowed)
    leaving = case.knowing(leaving=LEAVING | {holder(arvo)})
    leaving.when(FallToUnit(holder(arvo)), by=the_clock).refused(AnswersNoLonger, worker=holder(arvo))
    leaving.did(Asked(FELL, the_clock)).when(FELL, by=the_clock).refused(AnswersNoLonger)
    given(opened_by(aino), closed_at_once()).knowing(leaving=LEAVING).when(FELL, by=the_clock).refused(CaseNotOpen)


@pytest.mark.rule(3)
@pytest.mark.rule(16)
def test_an_offer_and_the_clients_ownership_stand_when_it_falls_to_the_unit() -> None:
    case = given(opened_by(aino), Asked(TakeOwnership(), the_client), proposed_to(bo)).knowing(leaving=LEAVING)
    fell = case.when(FELL, by=the_clock).allowed().and_owner_is(the_client).and_responsible_is(unit(aino))
    assert fell.case.pending == case.case.pending
    fell.when(WithdrawHandoff(made_by(3), "toinen tekijä"), by=arvo).allowed().and_nothing_waits()


@pytest.mark.rule(1)
def test_nobody_who_is_leaving_is_named() -> None:
    case = given(opened_by(aino)).knowing(leaving=frozenset({holder(arvo)}))
    case.when(NameResponsible(holder(arvo)), by=marja).refused(TakesOnNothingMore, holder=holder(arvo))


@pytest.mark.rule(1)
def test_a_manager_names_in_the_order_in_which_it_happened() -> None:
    named = given(opened_by(aino), Asked(NameResponsible(holder(arvo)), marja, moment(3, 6)))
    named.when(NameResponsible(holder(aino)), by=marja, at=moment(3, 5), entered=moment(3, 7)).refused(OutOfOrder)
