"""Who answers for a case, and how that passes from hand to hand."""

import pytest

from domain.case import Case, CaseNotOpen, Holder, HolderUnknown, NotResponsible, OutOfOrder, WordsMissing
from domain.client_ownership import TakeOwnership
from domain.decider import Actor, Command, Refusal, RoleNotAllowed
from domain.ownership import (
    AcceptHandoff,
    AlreadyTheirs,
    BasisMissing,
    BeforeTheOffer,
    DeclineHandoff,
    ExpireHandoff,
    HandoffAcceptanceReported,
    HandoffAccepted,
    HandoffDeclined,
    HandoffExpired,
    HandoffNotPending,
    HandoffPending,
    HandoffProposed,
    HandoffWithdrawn,
    NameResponsible,
    NotOfferedToYou,
    NotYetDue,
    OnlyManagerForUnit,
    OnlyWithinTheUnit,
    ProposeHandoff,
    ReportAcceptance,
    ResponsibleNamed,
    TransferPending,
    WithdrawHandoff,
)
from domain.transfer import TransferMatter
from domain.voice import ViewMissing, ViewUnavailable
from tests.domain.given import (
    CITY,
    COUNTY,
    Asked,
    accepted_by,
    aino,
    arvo,
    bo,
    closed_at_once,
    eeva,
    given,
    holder,
    made_by,
    marja,
    moment,
    oona,
    opened_by,
    proposed_to,
    said_by_client,
    siiri,
    the_client,
    the_clock,
    unit,
)

TO_BO = ProposeHandoff(
    to=holder(bo), reason="asuu Tampereella", no_view_because="ei tavoitettu", disclosure_basis="consent"
)
FIRST = made_by(2)
"""The handoff that the second command of a story proposed."""


@pytest.mark.rule(2)
def test_the_sender_answers_until_the_offer_is_accepted() -> None:
    given(opened_by(aino), proposed_to(bo)).and_owner_is(aino).and_responsible_is(aino)


@pytest.mark.rule(2)
def test_the_receiver_answers_from_the_acceptance_on() -> None:
    (
        given(opened_by(aino), proposed_to(bo))
        .when(AcceptHandoff(FIRST), by=bo)
        .then(HandoffAccepted(FIRST, by=holder(bo), name_by=None, policy=0))
        .and_owner_is(bo)
        .and_responsible_is(bo)
        .and_nothing_waits()
    )


def test_an_offer_says_on_what_it_rests_and_how_long_it_waits() -> None:
    statement = made_by(2)
    offer = TO_BO.but(client_view=statement, no_view_because=None, warm=True)
    (
        given(opened_by(aino), said_by_client())
        .when(offer, by=aino, at=moment(4, 16))
        .then(
            HandoffProposed(
                handoff=made_by(3), to=holder(bo), reason="asuu Tampereella", respond_by=moment(4, 26, 0), policy=0,
                warm=True, client_view=statement, disclosure_basis="consent",
            )
        )
    )  # fmt: skip


@pytest.mark.rule(11)
def test_an_offer_says_whose_words_it_rests_on_or_why_there_are_none() -> None:
    case = given(opened_by(aino))
    case.when(TO_BO.but(no_view_because="  "), by=aino).refused(ViewMissing)
    assert case.when(TO_BO, by=aino).happened[0] == ViewUnavailable("handoff", "ei tavoitettu")


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


def test_an_offer_is_made_declined_and_taken_back_with_reasons() -> None:
    given(opened_by(aino)).when(TO_BO.but(reason=" "), by=aino).refused(WordsMissing, field="reason")
    case = given(opened_by(aino), proposed_to(bo))
    case.when(DeclineHandoff(FIRST, "no_capacity", " "), by=bo).refused(WordsMissing, field="reason")
    case.when(WithdrawHandoff(FIRST, ""), by=aino).refused(WordsMissing, field="reason")


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


@pytest.mark.rule(3)
def test_one_offer_waits_at_a_time() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    case.when(TO_BO.but(to=holder(oona)), by=aino).refused(HandoffPending, handoff=FIRST, to=holder(bo))
    case.when(TransferMatter(to=unit(oona), reason="kunnan asia"), by=aino).refused(HandoffPending)


@pytest.mark.rule(3)
def test_no_offer_while_the_matter_is_on_its_way_elsewhere() -> None:
    case = given(opened_by(aino), Asked(TransferMatter(to=unit(oona), reason="kunnan asia"), aino))
    case.when(TO_BO, by=aino).refused(TransferPending, transfer=FIRST)


@pytest.mark.rule(3)
@pytest.mark.parametrize(
    ("first", "by"),
    [
        (AcceptHandoff(FIRST), bo),
        (DeclineHandoff(FIRST, "no_capacity", "jonoa"), bo),
        (WithdrawHandoff(FIRST, "ei enää"), aino),
        (ExpireHandoff(FIRST), the_clock),
    ],
)
def test_of_the_answers_to_an_offer_the_first_wins(first: Command[Case], by: Actor) -> None:
    answered = given(opened_by(aino), proposed_to(bo)).when(first, by=by, at=moment(3, 20)).allowed()
    after = moment(3, 21)
    for answer in (AcceptHandoff(FIRST), DeclineHandoff(FIRST, "no_capacity", "jonoa")):
        answered.when(answer, by=bo, at=after).refused(HandoffNotPending, handoff=FIRST)
    sender = bo if isinstance(first, AcceptHandoff) else aino
    answered.when(WithdrawHandoff(FIRST, "ei enää"), by=sender, at=after).refused(HandoffNotPending)
    answered.when(ExpireHandoff(FIRST), by=the_clock, at=after).refused(HandoffNotPending)
    answered.when(ReportAcceptance(FIRST, holder(bo)), by=sender, at=after).refused(HandoffNotPending)


@pytest.mark.rule(4)
def test_silence_never_moves_ownership() -> None:
    case = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)))
    # Five working days from Tuesday the 4th end with Tuesday the 11th.
    case.when(ExpireHandoff(FIRST), by=the_clock, at=moment(3, 11, 23, 59)).refused(
        NotYetDue, respond_by=moment(3, 12, 0)
    )
    (
        case.when(ExpireHandoff(FIRST), by=the_clock, at=moment(3, 12, 0))
        .then(HandoffExpired(FIRST))
        .and_owner_is(aino)
        .and_responsible_is(aino)
        .and_nothing_waits()
    )


@pytest.mark.rule(4)
def test_an_overdue_offer_can_be_accepted_until_it_has_expired() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    case.when(AcceptHandoff(FIRST), by=bo, at=moment(6, 2)).allowed().and_owner_is(bo)
    case.when(ExpireHandoff(FIRST), by=aino).refused(RoleNotAllowed)


def test_the_sender_takes_an_offer_back() -> None:
    case = given(opened_by(aino), proposed_to(bo))
    case.when(WithdrawHandoff(FIRST, "asiakas muutti"), by=arvo).refused(NotResponsible)
    case.when(WithdrawHandoff(FIRST, "asiakas muutti"), by=aino).then(HandoffWithdrawn(FIRST, "asiakas muutti"))
    case.when(WithdrawHandoff(FIRST, "ei enää"), by=marja).allowed().and_owner_is(aino).and_nothing_waits()


@pytest.mark.rule(1)
@pytest.mark.parametrize("somebody_else", [arvo, bo, siiri])
def test_only_the_responsible_or_their_manager_offers_the_case(somebody_else: Actor) -> None:
    case = given(opened_by(aino))
    case.when(TO_BO, by=somebody_else).refused(NotResponsible, responsible=holder(aino))
    case.when(TO_BO, by=marja).allowed()


def test_a_case_is_offered_to_another_known_holder() -> None:
    case = given(opened_by(aino))
    case.when(TO_BO.but(to=Holder(COUNTY, "lakkautettu")), by=aino).refused(HolderUnknown)
    case.when(TO_BO.but(to=holder(aino)), by=aino).refused(AlreadyTheirs)
    case.when(TO_BO.but(to=unit(aino)), by=aino).refused(AlreadyTheirs)
    case.when(TO_BO.but(to=holder(arvo)), by=aino).allowed()


def test_to_another_organisation_it_goes_by_consent_or_statute() -> None:
    case = given(opened_by(aino))
    for basis in (None, "same_organisation", "not_stated"):
        case.when(TO_BO.but(disclosure_basis=basis), by=aino).refused(BasisMissing, to=COUNTY)
    inside = case.when(TO_BO.but(to=holder(arvo), disclosure_basis=None), by=aino).allowed().happened[-1]
    assert isinstance(inside, HandoffProposed)
    assert inside.disclosure_basis == "same_organisation"


def test_a_closed_case_is_not_offered() -> None:
    case = given(opened_by(aino), closed_at_once())
    case.when(TO_BO, by=aino).refused(CaseNotOpen, status="closed")
    case.when(NameResponsible(holder(arvo)), by=marja).refused(CaseNotOpen)


def test_a_manager_names_a_worker_of_the_unit_that_holds_the_case() -> None:
    case = given(opened_by(aino))
    case.when(NameResponsible(holder(arvo), "Aino on lomalla"), by=marja).allowed().and_owner_is(arvo)
    case.when(NameResponsible(holder(aino)), by=marja).then()
    case.when(NameResponsible(holder(bo)), by=marja).refused(OnlyWithinTheUnit)
    case.when(NameResponsible(unit(aino)), by=marja).refused(OnlyWithinTheUnit, unit=unit(aino))
    case.when(NameResponsible(holder(arvo)), by=siiri).refused(NotResponsible)
    case.when(NameResponsible(holder(arvo)), by=arvo).refused(RoleNotAllowed, allowed=["manager"])
    case.when(NameResponsible(Holder(CITY, "x", "y")), by=marja).refused(HolderUnknown)


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


@pytest.mark.rule(2)
def test_nothing_is_answered_before_it_was_offered() -> None:
    offered = given(opened_by(aino), proposed_to(bo, at=moment(3, 6)))
    before, now = moment(3, 5), moment(3, 7)
    for command, by in (
        (AcceptHandoff(FIRST), bo), (DeclineHandoff(FIRST, "no_capacity", "jonoa"), bo),
        (WithdrawHandoff(FIRST, "ei enää"), aino), (ExpireHandoff(FIRST), the_clock),
        (ReportAcceptance(FIRST, holder(bo)), aino),
    ):  # fmt: skip
        offered.when(command, by=by, at=before, entered=now).refused(BeforeTheOffer, offered=moment(3, 6))


@pytest.mark.rule(1)
def test_responsibility_passes_in_the_order_in_which_it_happened() -> None:
    moved = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)), accepted_by(bo, FIRST, moment(3, 6)))
    before, now = moment(3, 5), moment(3, 10)
    moved.when(TO_BO.but(to=holder(oona)), by=bo, at=before, entered=now).refused(OutOfOrder, since=moment(3, 6))
    moved.when(NameResponsible(holder(eeva)), by=siiri, at=before, entered=now).refused(OutOfOrder)
    moved.when(TransferMatter(to=unit(oona), reason="kunnan"), by=bo, at=before, entered=now).refused(OutOfOrder)
    named = given(
        opened_by(aino), proposed_to(bo, at=moment(3, 4)), Asked(NameResponsible(holder(arvo)), marja, moment(3, 6))
    )  # fmt: skip
    named.when(AcceptHandoff(FIRST), by=bo, at=before, entered=now).refused(OutOfOrder)
    named.when(AcceptHandoff(FIRST), by=bo, at=now).allowed().and_owner_is(bo)


@pytest.mark.rule(3)
def test_no_offer_is_entered_behind_the_answer_to_another() -> None:
    declined = given(
        opened_by(aino), proposed_to(bo, at=moment(3, 4)),
        Asked(DeclineHandoff(FIRST, "no_capacity", "jonoa"), bo, moment(3, 6)),
    )  # fmt: skip
    declined.when(TO_BO, by=aino, at=moment(3, 5), entered=moment(3, 7)).refused(OutOfOrder, since=moment(3, 6))
    declined.when(TO_BO, by=aino, at=moment(3, 7)).allowed()


@pytest.mark.rule(16)
def test_the_clients_choice_stands_through_a_handoff() -> None:
    (
        given(opened_by(aino), Asked(TakeOwnership(), the_client), proposed_to(bo))
        .and_owner_is(the_client)
        .when(AcceptHandoff(made_by(3)), by=bo)
        .allowed()
        .and_owner_is(the_client)
        .and_responsible_is(bo)
    )


def test_workers_of_two_employers_may_have_the_same_id() -> None:
    namesake = aino.but(organisation=COUNTY)
    given(opened_by(aino)).when(TO_BO, by=namesake).refused(NotResponsible)


def test_a_refusal_carries_the_rule_and_the_facts() -> None:
    refusal = given(opened_by(aino), proposed_to(bo)).when(TO_BO, by=aino).refusal
    assert isinstance(refusal, Refusal)
    assert str(refusal) == "Another handoff of this case waits for an answer. Wait for it, or withdraw it first."
    assert (refusal.rule, refusal.slug()) == (3, "handoff-pending")
    assert refusal.details["to"] == holder(bo)
