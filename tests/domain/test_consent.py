"""To whom the client lets their data go, and on what basis they go to another organisation."""

from typing import Any

import pytest

from domain.acceptance import AcceptHandoff, ConsentGone, HandoffAccepted
from domain.client import ClientHasDecided, OutsideMandate
from domain.consent import (
    BasisMissing,
    ConsentGiven,
    ConsentHolds,
    ConsentNotThere,
    ConsentWithdrawn,
    ConsentWithoutTime,
    GiveConsent,
    LapseConsent,
    RecipientMissing,
    WithdrawConsent,
)
from domain.decider import Actor, Override, RoleNotAllowed, TooEarly
from domain.directory import OrganisationUnknown, organisation_stream
from domain.handoff import HandoffProposed, ProposeHandoff
from domain.intake import ClientInformed
from domain.overrides import OnlyManagerOverrides, RuleOverridden
from domain.voice import ViewUnavailable
from tests.domain.given import (
    CITY,
    COUNTY,
    Asked,
    Story,
    aino,
    an_auditor,
    arvo,
    bo,
    given,
    holder,
    made_by,
    mandate,
    marja,
    moment,
    opened_by,
    represented,
    siiri,
    the_client,
    the_clock,
    the_guardian,
    unit,
)

TO_BO = ProposeHandoff(to=holder(bo), reason="asuu Tampereella", no_view_because="ei tavoitettu")
CONSENT = made_by(2)
YES = GiveConsent((COUNTY,))
GUARDED = represented((the_guardian, mandate("guardian")))


def opened() -> Story:
    known = frozenset({organisation_stream(COUNTY), organisation_stream(CITY)})
    return given(opened_by(aino), client=GUARDED).knowing(existing=known)


def consented(by: Actor = the_client, **more: Any) -> Story:
    return opened().did(Asked(YES.but(**more), by, moment(3, 4)))


def basis(story: Story, offer: ProposeHandoff = TO_BO, by: Actor = aino, **when: Any) -> str:
    event = story.when(offer, by=by, **when).allowed().happened[-1]
    assert isinstance(event, HandoffProposed)
    return event.disclosure_basis


def test_the_client_or_somebody_for_them_consents_and_it_counts_at_once() -> None:
    for who in (the_client, aino, the_guardian):
        story = opened().when(YES, by=who).then(ConsentGiven(CONSENT, "handoff", (COUNTY,), None))
        assert story.last.on_behalf_of == (None if who == the_client else "client")
        assert basis(story) == "consent"
    opened().when(YES, by=an_auditor).refused(RoleNotAllowed)


def test_a_consent_names_organisations_of_the_directory_and_a_time_to_come() -> None:
    opened().when(YES.but(recipients=()), by=the_client).refused(RecipientMissing)
    opened().when(YES.but(recipients=(COUNTY, "naapuri")), by=the_client).refused(OrganisationUnknown)
    over = YES.but(until=moment(3, 4))
    opened().when(over, by=the_client, at=moment(3, 5)).refused(ConsentWithoutTime, until=moment(3, 4))


def test_a_withdrawn_consent_counts_at_once_no_more() -> None:
    for who in (the_client, aino):
        story = consented().when(WithdrawConsent(CONSENT), by=who).then(ConsentWithdrawn(CONSENT))
        story.when(TO_BO, by=aino).refused(BasisMissing, to=COUNTY)
        story.when(WithdrawConsent(CONSENT), by=who).refused(ConsentNotThere, consent=CONSENT)
    before, now = moment(3, 3, 12), moment(3, 6)
    consented().when(WithdrawConsent(CONSENT), by=aino, at=before, entered=now).refused(TooEarly)


@pytest.mark.rule(7)
def test_an_offer_that_rests_on_a_consent_is_taken_on_only_while_that_stands() -> None:
    offered, accept = consented(until=moment(3, 20)).did(Asked(TO_BO, aino, moment(3, 5))), AcceptHandoff(made_by(3))
    offered.when(accept, by=bo, at=moment(3, 6)).allowed().and_owner_is(bo)
    offered.when(accept, by=bo, at=moment(3, 20)).refused(ConsentGone, to=COUNTY)
    withdrawn = offered.did(Asked(WithdrawConsent(CONSENT), the_client, moment(3, 6)))
    withdrawn.when(accept, by=bo, at=moment(3, 7)).refused(ConsentGone, to=COUNTY)
    withdrawn.did(Asked(YES, the_client, moment(3, 7))).when(accept, by=bo, at=moment(3, 8)).allowed()


@pytest.mark.rule(7)
def test_a_consent_that_goes_leaves_what_was_offered_on_another_basis() -> None:
    by_statute = TO_BO.but(disclosure_basis="statutory")
    offered = consented().did(Asked(by_statute, aino)).did(Asked(WithdrawConsent(CONSENT), the_client))
    offered.when(AcceptHandoff(made_by(3)), by=bo).allowed().and_owner_is(bo)


@pytest.mark.rule(7)
def test_a_manager_may_take_on_what_was_offered_on_a_consent_that_is_gone() -> None:
    to_unit = TO_BO.but(to=unit(bo))
    offered = consented().did(Asked(to_unit, aino)).did(Asked(WithdrawConsent(CONSENT), the_client))
    told_of = Override(7, "lapsi on vaarassa", moment(4, 1))
    overridden = AcceptHandoff(made_by(3), override=(told_of,))
    offered.when(overridden, by=bo).refused(OnlyManagerOverrides)
    happened = offered.when(overridden, by=siiri).allowed().happened
    assert [type(it) for it in happened[-3:]] == [RuleOverridden, ClientInformed, HandoffAccepted]


@pytest.mark.rule(16)
def test_a_representative_does_not_go_over_what_the_client_said_in_person() -> None:
    consented().when(WithdrawConsent(CONSENT), by=the_guardian).refused(ClientHasDecided)
    consented(by=aino).when(WithdrawConsent(CONSENT), by=the_guardian).allowed()
    withdrawn = consented().did(Asked(WithdrawConsent(CONSENT), the_client))
    withdrawn.when(YES, by=the_guardian).refused(ClientHasDecided)
    withdrawn.when(YES.but(recipients=(CITY,)), by=the_guardian).allowed()
    assert basis(withdrawn.did(Asked(YES, the_client))) == "consent"
    narrow = opened().knowing(client=represented((the_guardian, mandate("guardian", "closure"))))
    narrow.when(YES, by=the_guardian).refused(OutsideMandate)


def test_a_consent_lapses_when_its_time_is_over() -> None:
    story = consented(until=moment(3, 10))
    lapse = LapseConsent(CONSENT)
    story.when(lapse, by=the_clock, at=moment(3, 9)).refused(ConsentHolds, until=moment(3, 10))
    story.when(lapse, by=the_clock, at=moment(3, 10)).then(ConsentWithdrawn(CONSENT, "lapsed"))
    story.when(lapse, by=aino).refused(RoleNotAllowed)
    consented().when(lapse, by=the_clock, at=moment(9, 1)).refused(ConsentHolds)
    story.when(TO_BO, by=aino, at=moment(3, 10)).refused(BasisMissing)
    assert basis(story, at=moment(3, 9)) == "consent"
    lapsed = story.did(Asked(lapse, the_clock, moment(3, 10)))
    lapsed.when(YES, by=the_guardian).allowed()  # the client took nothing back


@pytest.mark.rule(7)
def test_to_another_organisation_it_goes_by_consent_or_stated_statute() -> None:
    for stated in (None, "consent", "same_organisation", "not_stated"):
        opened().when(TO_BO.but(disclosure_basis=stated), by=aino).refused(BasisMissing, to=COUNTY)
        consented(recipients=(CITY,)).when(TO_BO.but(disclosure_basis=stated), by=aino).refused(BasisMissing)
        assert basis(consented(), TO_BO.but(disclosure_basis=stated)) == "consent"
    assert basis(opened(), TO_BO.but(disclosure_basis="statutory")) == "statutory"
    assert basis(opened(), TO_BO.but(to=holder(arvo))) == "same_organisation"


@pytest.mark.rule(7)
def test_a_consent_to_working_together_does_not_let_the_case_pass() -> None:
    consented(purpose="cooperation").when(TO_BO, by=aino).refused(BasisMissing, to=COUNTY)


@pytest.mark.rule(7)
def test_a_manager_may_let_it_go_without_consent_and_the_client_is_told() -> None:
    without = TO_BO.but(override=(Override(7, "lapsi on vaarassa", moment(3, 5)),))
    opened().when(without, by=aino).refused(OnlyManagerOverrides)
    story = opened().when(without, by=marja, at=moment(3, 4)).allowed()
    kinds = [type(it) for it in story.happened]
    assert kinds == [RuleOverridden, ClientInformed, ViewUnavailable, HandoffProposed]
    assert basis(opened(), without, by=marja, at=moment(3, 4)) == "not_stated"
