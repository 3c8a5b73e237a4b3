"""Services that the client gets: begun, declined by the client, ended by the service."""

from datetime import datetime
from uuid import uuid5

import pytest

from domain.case import CaseNotOpen, HolderUnknown, WordsMissing
from domain.client import OutsideMandate
from domain.decider import RoleNotAllowed, TooEarly
from domain.elsewhere import ReferenceDecision
from domain.plan import CloseGoal, GoalNotPursued, SetGoal
from domain.provision import (
    DecisionAbsent,
    DeclineService,
    EndService,
    NoDecisionToAppeal,
    ServiceDeclined,
    ServiceEnded,
    ServiceNotUnderWay,
    ServiceStarted,
    StartService,
)
from tests.domain.given import (
    CASE,
    Asked,
    Story,
    aino,
    closed_at_once,
    given,
    holder,
    made_by,
    mandate,
    moment,
    mother,
    oona,
    opened_by,
    represented,
    the_client,
    unit,
)

SERVICE = made_by(2)
END = EndService(SERVICE, "kuljetus päättyi", "agreed")


def begun() -> Story:
    return given(opened_by(aino), Asked(StartService(unit(oona)), aino, moment(3, 4)))


def test_a_service_begins_with_its_provider_and_for_a_goal() -> None:
    story = given(opened_by(aino), Asked(SetGoal("Löydän työn"), the_client, moment(3, 4)))
    start = StartService(holder(oona), made_by(2))
    started = story.when(start, by=aino, at=moment(3, 5))
    started.then(ServiceStarted(made_by(3), holder(oona), made_by(2))).and_(last_service_at=moment(3, 5))
    story.when(start.but(provider=holder(oona).but(unit="x")), by=aino).refused(HolderUnknown)
    story.when(start, by=aino, at=moment(3, 3, 12), entered=moment(3, 9)).refused(TooEarly)
    story.did(Asked(CloseGoal(made_by(2), "reached"), aino)).when(start, by=aino).refused(GoalNotPursued)
    story.when(start, by=the_client).refused(RoleNotAllowed)
    given(opened_by(aino), closed_at_once()).when(StartService(unit(oona)), by=aino).refused(CaseNotOpen)


def test_the_client_declines_a_service_and_it_ends_with_that() -> None:
    declined = begun().when(DeclineService(SERVICE, "en pääse sinne"), by=the_client)
    declined.then(ServiceDeclined(SERVICE, "en pääse sinne"))
    declined.when(END, by=aino).refused(ServiceNotUnderWay, service=SERVICE)
    declined.when(DeclineService(SERVICE), by=the_client).refused(ServiceNotUnderWay)
    narrow = begun().knowing(client=represented((mother, mandate("proxy", "closure"))))
    narrow.when(DeclineService(SERVICE), by=mother).refused(OutsideMandate)


def test_a_service_that_a_worker_says_the_client_declined_goes_on_until_it_is_ended() -> None:
    written = begun().when(DeclineService(SERVICE, "ei halunnut"), by=aino).allowed()
    assert written.last.on_behalf_of == "client"
    written.when(END, by=aino).allowed()


def test_a_service_ends_with_a_reason_and_the_clients_position() -> None:
    ended = begun().when(END, by=aino)
    ended.then(ServiceEnded(SERVICE, "kuljetus päättyi", None, "agreed"))
    ended.when(END, by=aino).refused(ServiceNotUnderWay)
    begun().when(END.but(reason=" "), by=aino).refused(WordsMissing, field="reason")
    begun().when(END, by=aino, at=moment(3, 3, 12), entered=moment(3, 9)).refused(TooEarly)


def decided(appeal_until: datetime | None) -> Story:
    """Go on with a decision that stands elsewhere."""
    decision = ReferenceDecision("ended", appeal_until=appeal_until)
    return begun().did(Asked(decision, aino, moment(3, 5)))


@pytest.mark.rule(29)
def test_a_service_is_ended_against_the_clients_position_by_a_decision_that_can_be_appealed() -> None:
    against = END.but(client_position="against")
    begun().when(against, by=aino).refused(NoDecisionToAppeal, decision=None)
    with_decision = against.but(decision=made_by(3))
    decided(moment(4, 7)).when(with_decision, by=aino).then(
        ServiceEnded(SERVICE, "kuljetus päättyi", made_by(3), "against")
    )
    decided(None).when(with_decision, by=aino).refused(NoDecisionToAppeal, decision=made_by(3))
    early = decided(moment(4, 7))
    early.when(with_decision, by=aino, at=moment(3, 4, 12), entered=moment(3, 9)).refused(TooEarly)
    begun().when(END.but(decision=uuid5(CASE, "?")), by=aino).refused(DecisionAbsent)
