"""How an offered case is taken on, or not."""

from typing import Any

import pytest

from domain.acceptance import (
    AcceptHandoff,
    DeclineHandoff,
    HandoffAcceptanceReported,
    HandoffAccepted,
    HandoffDeclined,
    HandoffNotAgreed,
    NotAsReported,
    NotOfferedToYou,
    OnlyManagerForUnit,
    ReportAcceptance,
)
from domain.case import HolderUnknown, NotResponsible, TakesOnNothingMore
from domain.client_ownership import TakeOwnership
from domain.decider import Actor, Override, RoleNotAllowed
from domain.handoff import (
    ExpireHandoff,
    HandoffNotPending,
    ProposeHandoff,
    WithdrawHandoff,
)
from domain.intake import ClientInformed
from domain.overrides import OnlyManagerOverrides, RuleOverridden
from domain.ownership import NameResponsible, ResponsibleNamed
from domain.remembered import Holder
from domain.requests import AnswerAsClient
from tests.domain.given import (
    CITY,
    Asked,
    Story,
    aino,
    arvo,
    bo,
    eeva,
    entry,
    given,
    holder,
    made_by,
    marja,
    moment,
    oona,
    opened_by,
    proposed_to,
    siiri,
    the_client,
    unit,
)

TO_BO = ProposeHandoff(
    to=holder(bo), reason="asuu Tampereella", no_view_because="ei tavoitettu", disclosure_basis="statutory"
)
FIRST = made_by(2)
"""The handoff that the second command of a story proposed."""


@pytest.mark.rule(2)
def test_the_receiver_answers_from_the_acceptance_on() -> None:
    (
        given(opened_by(aino), proposed_to(bo))
        .when(AcceptHandoff(FIRST), by=bo)
        .then(HandoffAccepted(FIRST, by=holder(bo), name_by=None, policy=0, ceiling=40))
        .and_owner_is(bo)
        .and_responsible_is(bo)
        .and_nothing_waits()
    )


@pytest.mark.rule(2)
@pytest.mark.parametrize("somebody_else", [eeva, siiri, aino, oona, bo.but(unit="lastensuojelu")])
def test_only_the_one_it_is_offered_to_answers(somebody_else: Actor) -> None:
    case = given(opened_by(aino), proposed_to(bo))
    for answer in (AcceptHandoff(FIRST), DeclineHandoff(FIRST, "no_capacity", "jonoa")):
        case.when(answer, by=somebody_else).refused(NotOfferedToYou, to=holder(bo))
        case.when(answer, by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(2)
def test_anybody_in_a_unit_takes_what_is_offered_to_the_unit() -> None:
    case = given(opened_by(aino), proposed_to(unit(bo)))
    case.when(AcceptHandoff(FIRST), by=eeva).allowed().and_owner_is(eeva)
    case.when(AcceptHandoff(FIRST), by=siiri).allowed().and_owner_is(siiri)
    case.when(DeclineHandoff(FIRST, "no_capacity", "jonoa"), by=siiri).allowed().and_owner_is(aino)


@pytest.mark.rule(2)
def test_a_manager_does_not_answer_what_is_offered_to_a_worker_of_theirs() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    case.when(AcceptHandoff(FIRST, for_unit=True), by=siiri).refused(NotOfferedToYou, to=holder(bo))
    case.when(AcceptHandoff(FIRST, for_unit=True), by=bo).refused(OnlyManagerForUnit)
    given(opened_by(aino), proposed_to(siiri)).when(AcceptHandoff(FIRST), by=siiri).allowed().and_owner_is(siiri)


@pytest.mark.rule(1)
def test_a_case_is_taken_on_by_somebody_whom_the_directory_knows() -> None:
    case = given(opened_by(aino), proposed_to(unit(bo)))
    nobody = bo.but(id="tuntematon")
    case.when(AcceptHandoff(FIRST), by=nobody).refused(HolderUnknown, holder=holder(nobody))
    closed_since = case.knowing(holders=frozenset({holder(aino)}))
    closed_since.when(AcceptHandoff(FIRST), by=bo).refused(HolderUnknown, holder=holder(bo))
    closed_since.when(AcceptHandoff(FIRST, for_unit=True), by=siiri).refused(HolderUnknown, holder=unit(bo))


@pytest.mark.rule(1)
def test_a_better_place_is_one_that_the_directory_knows() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    elsewhere = DeclineHandoff(FIRST, "not_competent", "kunnan asia", Holder(CITY, "lakkautettu"))
    case.when(elsewhere, by=bo).refused(HolderUnknown, holder=Holder(CITY, "lakkautettu"))
    case.when(elsewhere.but(better_place=unit(oona)), by=bo).allowed().and_owner_is(aino)


@pytest.mark.rule(1)
def test_a_manager_takes_it_on_for_the_unit_and_names_a_worker_in_time() -> None:
    case = given(opened_by(aino), proposed_to(unit(bo)))
    case.when(AcceptHandoff(FIRST, for_unit=True), by=bo).refused(OnlyManagerForUnit)
    (
        case.when(AcceptHandoff(FIRST, for_unit=True), by=siiri, at=moment(3, 5))
        .then(HandoffAccepted(FIRST, by=unit(bo), name_by=moment(3, 13, 0), policy=0))
        .and_owner_is(unit(bo))
        .when(NameResponsible(holder(eeva), "tuntee asiakkaan"), by=siiri)
        .then(ResponsibleNamed(holder(eeva), "tuntee asiakkaan"))
        .and_owner_is(eeva)
    )


@pytest.mark.rule(2)
def test_a_declined_offer_leaves_it_with_the_sender() -> None:
    (
        given(opened_by(aino), proposed_to(bo))
        .when(DeclineHandoff(FIRST, "not_competent", "työllisyyspalvelujen asia", holder(oona)), by=bo)
        .then(HandoffDeclined(FIRST, "not_competent", "työllisyyspalvelujen asia", holder(oona)))
        .and_owner_is(aino)
        .and_nothing_waits()
        .when(AcceptHandoff(FIRST), by=bo)
        .refused(HandoffNotPending)
    )


@pytest.mark.rule(4)
def test_an_overdue_offer_can_be_accepted_until_it_has_expired() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    case.when(AcceptHandoff(FIRST), by=bo, at=moment(6, 2)).allowed().and_owner_is(bo)
    case.when(ExpireHandoff(FIRST), by=aino).refused(RoleNotAllowed)


@pytest.mark.rule(2)
def test_a_reported_acceptance_is_a_claim_until_the_receiver_confirms_it() -> None:
    offered = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)))
    claimed = offered.when(
        ReportAcceptance(FIRST, holder(bo)), by=aino, at=moment(3, 5), entered=moment(3, 7), reported=True
    )
    claimed.then(HandoffAcceptanceReported(FIRST, holder(bo))).and_owner_is(aino)
    confirmed = claimed.when(AcceptHandoff(FIRST), by=bo, entered=moment(3, 10)).allowed().and_owner_is(bo)
    assert confirmed.last.occurred == moment(3, 5)
    assert confirmed.last.recorded == moment(3, 10)
    otherwise = claimed.when(AcceptHandoff(FIRST), by=bo, at=moment(3, 6), entered=moment(3, 10)).allowed()
    assert otherwise.last.occurred == moment(3, 6)


CLAIM = ReportAcceptance(FIRST, holder(bo))


def withdrawn() -> Story:
    """Return a case that was offered to Bo from Monday to Wednesday, and on Thursday accepted by Oona instead."""
    return given(
        opened_by(aino), proposed_to(bo, at=moment(3, 3, 10)),
        Asked(WithdrawHandoff(FIRST, "ei vastattu"), aino, moment(3, 5)),
        proposed_to(oona, at=moment(3, 5, 10)), Asked(AcceptHandoff(made_by(4)), oona, moment(3, 6)),
    )  # fmt: skip


@pytest.mark.rule(2)
def test_that_an_offer_was_accepted_on_paper_is_reported_even_when_it_is_over() -> None:
    claimed = withdrawn().when(CLAIM, by=aino, at=moment(3, 3, 12), entered=moment(3, 10), reported=True)
    claimed.then(HandoffAcceptanceReported(FIRST, holder(bo))).and_owner_is(oona)
    confirmed = claimed.when(AcceptHandoff(FIRST), by=bo, entered=moment(3, 11)).allowed()
    confirmed.and_owner_is(oona)  # who took it on after Bo goes on answering
    assert confirmed.last.occurred == moment(3, 3, 12)
    confirmed.when(AcceptHandoff(FIRST), by=bo).refused(HandoffNotPending)
    claimed.when(AcceptHandoff(FIRST), by=bo, at=moment(3, 4), entered=moment(3, 11)).refused(NotAsReported)
    denied = claimed.when(DeclineHandoff(FIRST, "need_more", "en allekirjoittanut"), by=bo).allowed()
    denied.and_owner_is(oona).when(AcceptHandoff(FIRST), by=bo).refused(HandoffNotPending)


@pytest.mark.rule(2)
def test_that_an_offer_which_is_over_was_accepted_is_its_senders_word_and_the_receivers() -> None:
    at, entered = moment(3, 3, 12), moment(3, 10)
    for worker in (bo, siiri, oona):
        withdrawn().when(CLAIM, by=worker, at=at, entered=entered, reported=True).refused(NotResponsible)
    withdrawn().when(CLAIM, by=marja, at=at, entered=entered, reported=True).allowed()
    claimed = withdrawn().when(CLAIM, by=aino, at=at, entered=entered, reported=True).allowed()
    for worker in (eeva, aino, oona):
        claimed.when(AcceptHandoff(FIRST), by=worker).refused(NotOfferedToYou)


@pytest.mark.rule(2)
def test_a_claim_of_the_receivers_alone_ends_with_the_offer() -> None:
    claimed = given(opened_by(aino), proposed_to(bo), Asked(CLAIM, eeva, moment(3, 4)))
    over = claimed.when(WithdrawHandoff(FIRST, "erehdys"), by=aino, at=moment(3, 5)).allowed()
    over.when(AcceptHandoff(FIRST), by=bo).refused(HandoffNotPending)


@pytest.mark.rule(3)
def test_an_offer_that_is_over_was_not_accepted_after_it_nor_is_that_told_as_happening_here() -> None:
    over, entered = withdrawn(), moment(3, 10)
    for at in (moment(3, 5), moment(3, 7)):
        over.when(CLAIM, by=aino, at=at, entered=entered, reported=True).refused(HandoffNotPending)
    over.when(CLAIM, by=aino, at=moment(3, 3, 12), entered=entered).refused(HandoffNotPending)


@pytest.mark.rule(2)
def test_a_claim_is_about_the_one_it_was_offered_to() -> None:
    offered = given(opened_by(aino), proposed_to(bo))
    offered.when(ReportAcceptance(FIRST, holder(eeva)), by=aino).refused(NotOfferedToYou)
    offered.when(ReportAcceptance(FIRST, holder(oona)), by=aino).refused(NotOfferedToYou)
    given(opened_by(aino), proposed_to(unit(bo))).when(ReportAcceptance(FIRST, holder(eeva)), by=aino).allowed()


@pytest.mark.rule(2)
def test_only_the_sender_or_somebody_of_the_receivers_unit_reports_an_acceptance() -> None:
    offered = given(opened_by(aino), proposed_to(bo))
    claim = ReportAcceptance(FIRST, holder(bo))
    for worker in (aino, marja, bo, eeva, siiri):
        offered.when(claim, by=worker).allowed().and_owner_is(aino)
    for worker in (arvo, oona, bo.but(unit="lastensuojelu")):
        offered.when(claim, by=worker).refused(NotResponsible, responsible=holder(aino))
    offered.when(claim, by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(1)
def test_a_claim_names_somebody_whom_the_directory_knows() -> None:
    nobody = unit(bo).but(worker="tuntematon")
    offered = given(opened_by(aino), proposed_to(unit(bo)))
    offered.when(ReportAcceptance(FIRST, nobody), by=aino).refused(HolderUnknown, holder=nobody)


@pytest.mark.rule(16)
def test_the_clients_choice_stands_through_a_handoff() -> None:
    (
        in_the_clients_hands()
        .and_owner_is(the_client)
        .did(Asked(YES, the_client))
        .when(AcceptHandoff(OFFERED), by=bo)
        .allowed()
        .and_owner_is(the_client)
        .and_responsible_is(bo)
    )


OFFERED = made_by(3)
"""The handoff that the third command of a story proposed."""
YES = AnswerAsClient(entry(4), "agreed")


def in_the_clients_hands(**more: Any) -> Story:
    return given(opened_by(aino), Asked(TakeOwnership(), the_client), proposed_to(unit(bo), **more))


@pytest.mark.rule(30)
def test_while_the_client_owns_the_case_it_is_taken_on_with_their_yes() -> None:
    case = in_the_clients_hands()
    case.when(AcceptHandoff(OFFERED), by=bo).refused(HandoffNotAgreed, version=4)
    no = case.did(Asked(YES.but(answer="refused"), the_client))
    no.when(AcceptHandoff(OFFERED), by=bo).refused(HandoffNotAgreed)
    no.did(Asked(YES, the_client)).when(AcceptHandoff(OFFERED), by=bo).allowed()
    case.did(Asked(YES, aino.but(id="arvo"))).when(AcceptHandoff(OFFERED), by=bo).allowed().and_owner_is(the_client)


@pytest.mark.rule(30)
def test_what_is_urgent_does_not_wait_for_the_clients_yes() -> None:
    in_the_clients_hands(urgent=True).when(AcceptHandoff(OFFERED), by=bo).allowed().and_owner_is(the_client)


@pytest.mark.rule(30)
def test_the_manager_who_takes_it_on_may_do_so_without_the_clients_yes() -> None:
    without = AcceptHandoff(OFFERED, override=(Override(30, "asiakas on sairaalassa", moment(3, 10)),))
    case = in_the_clients_hands()
    case.when(without, by=bo).refused(OnlyManagerOverrides, rule=30)
    taken = case.when(without, by=siiri).allowed().and_owner_is(the_client).and_responsible_is(siiri)
    assert [type(it) for it in taken.happened] == [RuleOverridden, ClientInformed, HandoffAccepted]


@pytest.mark.rule(17)
def test_an_acceptance_says_how_many_cases_the_worker_has_and_should_have() -> None:
    case = given(opened_by(aino), proposed_to(unit(bo)))
    full = case.knowing(caseloads={holder(bo): 41}, ceilings={holder(bo): 30})
    full.when(AcceptHandoff(FIRST), by=bo).then(HandoffAccepted(FIRST, holder(bo), None, 0, caseload=41, ceiling=30))
    for_unit = full.when(AcceptHandoff(FIRST, for_unit=True), by=siiri).allowed().happened[0]
    assert isinstance(for_unit, HandoffAccepted)
    assert (for_unit.caseload, for_unit.ceiling) == (None, None)
    assert AcceptHandoff.weighs


@pytest.mark.rule(1)
def test_whoever_is_leaving_takes_on_nothing_more() -> None:
    case = given(opened_by(aino), proposed_to(unit(bo))).knowing(leaving=frozenset({holder(bo)}))
    case.when(AcceptHandoff(FIRST), by=bo).refused(TakesOnNothingMore, holder=holder(bo))
    case.when(AcceptHandoff(FIRST), by=eeva).allowed().and_owner_is(eeva)
