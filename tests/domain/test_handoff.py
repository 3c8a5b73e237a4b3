"""A case is offered to another holder, who has to take it on."""

import pytest

from domain.acceptance import (
    AcceptHandoff,
    DeclineHandoff,
    ReportAcceptance,
)
from domain.alerts import ManagerAlerted
from domain.assessment import CompleteAssessment
from domain.case import Case, CaseNotOpen, HolderUnknown, NotResponsible, OutOfOrder, TakesOnNothingMore, WordsMissing
from domain.decider import Actor, Command, Refusal
from domain.handoff import (
    AlreadyTheirs,
    BeforeTheOffer,
    ExpireHandoff,
    HandoffExpired,
    HandoffNotPending,
    HandoffPending,
    HandoffProposed,
    HandoffWithdrawn,
    NotYetDue,
    ProposeHandoff,
    TransferPending,
    WithdrawHandoff,
)
from domain.ownership import NameResponsible
from domain.remembered import Holder
from domain.transfer import TransferMatter
from domain.voice import ViewMissing, ViewUnavailable
from tests.domain.given import (
    COUNTY,
    Asked,
    Story,
    accepted_by,
    aino,
    arvo,
    bo,
    closed_at_once,
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
    said_by_client,
    siiri,
    the_clock,
    unit,
)

TO_BO = ProposeHandoff(
    to=holder(bo), reason="asuu Tampereella", no_view_because="ei tavoitettu", disclosure_basis="statutory"
)
FIRST = made_by(2)
"""The handoff that the second command of a story proposed."""


@pytest.mark.rule(2)
def test_the_sender_answers_until_the_offer_is_accepted() -> None:
    given(opened_by(aino), proposed_to(bo)).and_owner_is(aino).and_responsible_is(aino)


def test_an_offer_says_on_what_it_rests_and_how_long_it_waits() -> None:
    statement = made_by(2)
    offer = TO_BO.but(client_view=statement, no_view_because=None, warm=True)
    (
        given(opened_by(aino), said_by_client())
        .when(offer, by=aino, at=moment(4, 16))
        .then(
            HandoffProposed(
                handoff=made_by(3), to=holder(bo), reason="asuu Tampereella", respond_by=moment(4, 26, 0), policy=0,
                warm=True, client_view=statement, disclosure_basis="statutory",
            )
        )
    )  # fmt: skip


@pytest.mark.rule(11)
def test_an_offer_says_whose_words_it_rests_on_or_why_there_are_none() -> None:
    case = given(opened_by(aino))
    case.when(TO_BO.but(no_view_because="  "), by=aino).refused(ViewMissing)
    assert case.when(TO_BO, by=aino).happened[0] == ViewUnavailable("handoff", "ei tavoitettu")


def test_an_offer_is_made_declined_and_taken_back_with_reasons() -> None:
    given(opened_by(aino)).when(TO_BO.but(reason=" "), by=aino).refused(WordsMissing, field="reason")
    case = given(opened_by(aino), proposed_to(bo))
    case.when(DeclineHandoff(FIRST, "no_capacity", " "), by=bo).refused(WordsMissing, field="reason")
    case.when(WithdrawHandoff(FIRST, ""), by=aino).refused(WordsMissing, field="reason")


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
        .then(HandoffExpired(FIRST), ManagerAlerted(entry(4), "handoff_expired", unit(aino)))
        .and_owner_is(aino)
        .and_responsible_is(aino)
        .and_nothing_waits()
    )


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


def test_a_closed_case_is_not_offered() -> None:
    case = given(opened_by(aino), closed_at_once())
    case.when(TO_BO, by=aino).refused(CaseNotOpen, status="closed")
    case.when(NameResponsible(holder(arvo)), by=marja).refused(CaseNotOpen)


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


def test_a_refusal_carries_the_rule_and_the_facts() -> None:
    refusal = given(opened_by(aino), proposed_to(bo)).when(TO_BO, by=aino).refusal
    assert isinstance(refusal, Refusal)
    assert str(refusal) == "Another handoff of this case waits for an answer. Wait for it, or withdraw it first."
    assert (refusal.rule, refusal.slug()) == (3, "handoff-pending")
    assert refusal.details["to"] == holder(bo)


@pytest.mark.rule(4)
def test_an_offer_to_somebody_who_leaves_ends_before_its_time() -> None:
    offered = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)))
    early = ExpireHandoff(FIRST, receiver=holder(bo))
    offered.when(early, by=the_clock, at=moment(3, 5)).refused(NotYetDue)
    leaving = offered.knowing(leaving=frozenset({holder(bo)}))
    ended = leaving.when(early, by=the_clock, at=moment(3, 5)).and_owner_is(aino)
    ended.then(HandoffExpired(FIRST, "receiver_left"), ManagerAlerted(entry(4), "handoff_expired", unit(aino)))
    leaving.when(early.but(receiver=holder(eeva)), by=the_clock, at=moment(3, 5)).refused(NotYetDue)
    departed = offered.knowing(holders=frozenset({holder(aino)}))
    departed.when(early, by=the_clock, at=moment(3, 5)).allowed().and_nothing_waits()


@pytest.mark.rule(1)
def test_no_case_is_offered_to_who_takes_on_nothing_more() -> None:
    case = given(opened_by(aino)).knowing(leaving=frozenset({holder(bo)}))
    case.when(TO_BO, by=aino).refused(TakesOnNothingMore, holder=holder(bo))
    case.when(TO_BO.but(to=unit(bo)), by=aino).allowed()


@pytest.mark.rule(8)
def test_who_needs_support_is_handed_on_warmly_unless_said_otherwise() -> None:
    def warm(story: Story, offer: ProposeHandoff) -> bool:
        event = story.when(offer, by=aino).allowed().happened[-1]
        assert isinstance(event, HandoffProposed)
        return event.warm

    summary = CompleteAssessment(
        kind="needs", outcome="service_needed", special_support=True, no_view_because="ei tavoitettu"
    )
    in_need = given(opened_by(aino), Asked(summary, aino))
    assert warm(in_need, TO_BO)
    assert not warm(in_need, TO_BO.but(warm=False))
    assert not warm(given(opened_by(aino)), TO_BO)
