"""What comes from elsewhere: another organisation's contact, and a decision that stands in another system."""

import pytest

from domain.case import CaseNotOpen
from domain.decider import RoleNotAllowed
from domain.directory import OrganisationUnknown, organisation_stream
from domain.elsewhere import (
    AppealBeforeDecision,
    ContactReceived,
    DecisionInFuture,
    DecisionReferenced,
    ReceiveContact,
    ReferenceDecision,
)
from domain.remembered import Decision
from tests.domain.given import COUNTY, aino, closed_at_once, given, made_by, moment, opened_by, the_client

DECISION = made_by(2)


def test_another_organisation_gets_in_touch_about_an_open_case() -> None:
    case = given(opened_by(aino)).knowing(existing=frozenset({organisation_stream(COUNTY)}))
    notice = ReceiveContact(COUNTY, "statutory")
    case.when(notice, by=aino).then(ContactReceived(COUNTY, "statutory"))
    case.when(notice.but(from_organisation="poliisi"), by=aino).refused(OrganisationUnknown)
    case.when(notice, by=the_client).refused(RoleNotAllowed)
    given(opened_by(aino), closed_at_once()).when(notice, by=aino).refused(CaseNotOpen)


@pytest.mark.rule(29)
def test_a_decision_is_referred_to_with_the_time_to_appeal() -> None:
    refused = ReferenceDecision("refused", moment(3, 4), moment(4, 10))
    case = given(opened_by(aino))
    known = case.when(refused, by=aino, at=moment(3, 5))
    known.then(DecisionReferenced(DECISION, "refused", moment(3, 4), moment(4, 10)))
    assert known.case.decisions.get(DECISION) == Decision(moment(3, 4), moment(4, 10))
    case.when(refused.but(appeal_until=moment(3, 4)), by=aino, at=moment(3, 5)).refused(AppealBeforeDecision)
    final = ReferenceDecision("granted")
    case.when(final, by=aino, at=moment(3, 5)).then(DecisionReferenced(DECISION, "granted", moment(3, 5), None))


@pytest.mark.rule(19)
def test_nobody_refers_to_a_decision_that_is_still_to_be_made() -> None:
    to_come = ReferenceDecision("refused", moment(3, 6))
    given(opened_by(aino)).when(to_come, by=aino, at=moment(3, 5)).refused(DecisionInFuture, made_on=moment(3, 6))
