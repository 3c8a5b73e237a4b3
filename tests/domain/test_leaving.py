"""Who takes on nothing more, and how much a worker should take on at most."""

import pytest

from domain.decider import RoleNotAllowed, StreamAbsent
from domain.directory import JoinUnit, OpenUnit, WorkerJoined, organisation_stream, unit_stream
from domain.leaving import (
    AnnounceLeaving,
    AnothersUnit,
    CaseloadLimitSet,
    CloseUnit,
    DepartWorker,
    LeavingNotAnnounced,
    LimitOffScale,
    SetCaseloadLimit,
    UnitClosed,
    WorkerDeparted,
    WorkerLeaving,
)
from tests.domain.given import KELA, Asked, Story, aino, given, marja, siiri, the_administrator

AINO = JoinUnit(KELA, "perustoimeentulotuki", "aino")


def a_worker() -> Story:
    story = given().knowing(existing=frozenset({unit_stream(KELA, "perustoimeentulotuki")}))
    return story.did(Asked(AINO, the_administrator))


def a_unit() -> Story:
    story = given().knowing(existing=frozenset({organisation_stream(KELA)}))
    return story.did(Asked(OpenUnit(KELA, "perustoimeentulotuki", "Perustoimeentulotuki"), the_administrator))


def test_whoever_leaves_takes_on_nothing_more_and_departs_last() -> None:
    worker = a_worker().and_(leaving=False)
    worker.when(DepartWorker(), by=the_administrator).refused(LeavingNotAnnounced)
    leaving = worker.when(AnnounceLeaving(), by=the_administrator).then(WorkerLeaving()).and_(leaving=True)
    leaving.when(AnnounceLeaving(), by=the_administrator).then()
    departed = leaving.when(DepartWorker(), by=the_administrator).then(WorkerDeparted())
    departed.and_(leaving=True, units=frozenset()).when(DepartWorker(), by=the_administrator).then()


def test_whoever_joins_again_takes_on_cases_again() -> None:
    joined = WorkerJoined(KELA, "perustoimeentulotuki", "aino", "social_worker")
    leaving = a_worker().did(Asked(AnnounceLeaving(), the_administrator))
    leaving.when(AINO, by=the_administrator).then(joined).and_(leaving=False)
    departed = leaving.did(Asked(DepartWorker(), the_administrator))
    departed.when(AINO, by=the_administrator).then(joined).and_(leaving=False, units={"perustoimeentulotuki"})


def test_a_unit_closes_once() -> None:
    closed = a_unit().when(CloseUnit(), by=the_administrator).then(UnitClosed()).and_(closed=True)
    closed.when(CloseUnit(), by=the_administrator).then()
    given().when(CloseUnit(), by=the_administrator).refused(StreamAbsent)


def test_only_an_administrator_says_who_leaves_and_what_closes() -> None:
    a_unit().when(CloseUnit(), by=marja).refused(RoleNotAllowed)
    a_worker().when(AnnounceLeaving(), by=marja).refused(RoleNotAllowed)
    a_worker().when(DepartWorker(), by=aino).refused(RoleNotAllowed)


@pytest.mark.rule(17)
def test_a_units_manager_sets_how_many_cases_a_worker_should_have() -> None:
    unit = a_unit()
    for who in (marja, the_administrator):
        unit.when(SetCaseloadLimit(30), by=who).then(CaseloadLimitSet(30)).and_(caseload_limit=30)
    unit.did(Asked(SetCaseloadLimit(30), marja)).when(SetCaseloadLimit(30), by=marja).then()
    unit.when(SetCaseloadLimit(30), by=siiri).refused(AnothersUnit, organisation=KELA, unit="perustoimeentulotuki")
    unit.when(SetCaseloadLimit(30), by=aino).refused(RoleNotAllowed)
    for limit in (-1, 1001):
        unit.when(SetCaseloadLimit(limit), by=marja).refused(LimitOffScale, limit=limit)
