"""How a case ends: proposed, the client informed and given time to object, then closed on a ground."""

from typing import Any

import pytest

from domain.assessment import CompleteAssessment
from domain.case import CaseNotOpen, EntryAbsent, NotResponsible, OutOfOrder
from domain.client import ClientHasDecided, OneOfTwoCustodians, OutsideMandate
from domain.client_ownership import ReturnOwnership, TakeOwnership
from domain.closure import (
    CaseClosed,
    ClientNotInformed,
    CloseCase,
    ClosureAlreadyProposed,
    ClosureNeedsClientsYes,
    ClosureNotProposed,
    ClosureProposed,
    ClosureWithdrawn,
    EndingNotConfirmed,
    ObjectionOpen,
    ProposeClosure,
    ServiceProposedIt,
    TimeToObject,
    WithdrawClosure,
)
from domain.corrections import ClientsOwnWords, MarkErroneous
from domain.decider import Actor, Override, RoleNotAllowed
from domain.grounds import DeathNotRecorded
from domain.handoff import HandoffPending, HandoffWithdrawn, TransferPending
from domain.intake import InformClient
from domain.objections import AnswerObjection, ObjectionLapsed, OwnAct, RaiseObjection
from domain.requests import AnswerAsClient
from domain.transfer import ReceiveTransfer, TransferMatter, TransferNotPending
from domain.voice import OwnWitness, StatementAbsent, ViewMissing, ViewUnavailable
from tests.domain.given import (
    ANY_CLIENT,
    Asked,
    Story,
    accepted_by,
    aino,
    an_auditor,
    arvo,
    bo,
    closed_at_once,
    closure_proposed_by,
    entry,
    father,
    found_advice_enough,
    given,
    holder,
    informed_by,
    made_by,
    mandate,
    marja,
    moment,
    mother,
    oona,
    opened_by,
    proposed_to,
    represented,
    said_by_client,
    the_client,
    the_guardian,
    unit,
)

DEAD = ANY_CLIENT.but(dead=True)
GUARDED = represented((the_guardian, mandate("guardian")))
GOALS_MET = ProposeClosure(ground="goals_met", reason="vuokra on maksettu", no_view_because="ei tavoitettu")


def proposed(by: Actor = aino, ground: str = "goals_met", **more: Any) -> Story:
    return given(opened_by(aino), closure_proposed_by(by, ground, at=moment(3, 4), **more), client=GUARDED)


def advised() -> Story:
    """Begin with a closure, on the fifth version, after an assessment found that advice was enough."""
    story = given(opened_by(aino), found_advice_enough(), client=GUARDED)
    return story.did(closure_proposed_by(aino, "advice_sufficed", at=moment(3, 4)))


def informed(ground: str = "goals_met") -> Story:
    """Begin with a closure about which the client was told on the 5th of March: objections until the 19th is over."""
    story = proposed(ground=ground)
    return story.did(informed_by(aino, 3, at=moment(3, 5)))


@pytest.mark.rule(13)
@pytest.mark.rule(15)
def test_a_case_closes_when_the_clients_time_to_object_is_over() -> None:
    story = informed()
    story.when(CloseCase(), by=aino, at=moment(3, 19, 23, 59)).refused(TimeToObject, object_by=moment(3, 20, 0))
    (
        story.when(CloseCase(), by=aino, at=moment(3, 20, 0))
        .then(CaseClosed("goals_met", "service", "circumstances"))
        .and_(status="closed", closed_at=moment(3, 20, 0), closure=None, responsible=holder(aino))
    )


@pytest.mark.rule(13)
def test_the_term_does_not_end_on_a_holiday() -> None:
    story = proposed().did(informed_by(aino, 3, at=moment(4, 17)))  # the fourteenth day is the first of May
    story.when(CloseCase(), by=aino, at=moment(5, 2, 23)).refused(TimeToObject, object_by=moment(5, 3, 0))


@pytest.mark.rule(13)
def test_no_closure_that_the_client_does_not_know_of() -> None:
    proposed().when(CloseCase(), by=aino, at=moment(9, 1)).refused(ClientNotInformed, version=3)
    withheld = proposed().did(informed_by(aino, 3, withheld_because="turvallisuus"))
    withheld.when(CloseCase(), by=aino, at=moment(9, 1)).refused(ClientNotInformed)


@pytest.mark.rule(13)
def test_no_closure_over_an_open_objection() -> None:
    story = informed().did(Asked(RaiseObjection(entry(3), "en ole valmis"), the_client))
    objection = made_by(4)
    story.when(CloseCase(), by=aino, at=moment(4, 1)).refused(ObjectionOpen, objections=[objection])
    answered = story.did(Asked(AnswerObjection(objection, "rejected", "tavoite on saavutettu"), marja))
    answered.when(CloseCase(), by=aino, at=moment(4, 1)).allowed()


@pytest.mark.rule(13)
def test_a_closing_is_not_entered_behind_an_objection_that_has_been_answered_since() -> None:
    story = informed().did(Asked(RaiseObjection(entry(3), "en ole valmis"), the_client, moment(3, 24)))
    story = story.did(Asked(AnswerObjection(made_by(4), "rejected", "perustelut"), marja, moment(3, 26)))
    story.when(CloseCase(), by=aino, at=moment(3, 25), entered=moment(3, 27), reported=True).refused(OutOfOrder)


@pytest.mark.rule(13)
def test_advice_that_sufficed_closes_at_once_where_an_assessment_found_it_enough() -> None:
    advised().when(CloseCase(), by=aino).then(CaseClosed("advice_sufficed", "service", "circumstances"))
    proposed(ground="advice_sufficed").when(CloseCase(), by=aino).refused(ClientNotInformed)
    needs = advised().did(Asked(CompleteAssessment("needs", "service_needed", no_view_because="-"), aino))
    needs.when(CloseCase(), by=aino).refused(ClientNotInformed)


@pytest.mark.rule(13)
def test_no_advice_is_enough_over_the_clients_no() -> None:
    no = advised().did(Asked(AnswerAsClient(entry(5), "refused"), bo))
    no.when(CloseCase(), by=aino).refused(ClientNotInformed, version=5)
    told = no.did(informed_by(aino, 5, at=moment(3, 5)))
    told.when(CloseCase(), by=aino, at=moment(3, 20)).allowed()


@pytest.mark.rule(13)
def test_the_client_ends_it_at_once() -> None:
    story = given(opened_by(aino)).when(ProposeClosure("client_ended", "riittää jo"), by=the_client)
    story.then(ClosureProposed("client_ended", "client", "client", "", "riittää jo", None, ()))
    story.when(CloseCase(), by=aino).then(CaseClosed("client_ended", "client", "client"))
    story.when(CloseCase(), by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(13)
def test_that_the_client_ended_it_is_confirmed_by_the_client() -> None:
    told = proposed(ground="client_ended")
    assert told.case.closure is not None
    assert told.case.closure.initiator == "client"
    told.when(CloseCase(), by=aino).refused(EndingNotConfirmed, version=3)
    told.did(informed_by(aino, 3)).when(CloseCase(), by=aino, at=moment(6, 2)).refused(EndingNotConfirmed)
    told.did(Asked(AnswerAsClient(entry(3), "confirmed"), bo)).when(CloseCase(), by=aino).allowed()
    told.did(Asked(AnswerAsClient(entry(3), "denied"), bo)).when(CloseCase(), by=aino).refused(EndingNotConfirmed)


@pytest.mark.rule(13)
def test_that_a_client_agreed_does_not_shorten_the_time_to_object_on_other_grounds() -> None:
    agreed = informed().did(Asked(AnswerAsClient(entry(3), "agreed"), the_client))
    agreed.when(CloseCase(), by=aino, at=moment(3, 10)).refused(TimeToObject)


@pytest.mark.rule(15)
def test_a_proposal_says_all_that_it_rests_on() -> None:
    heard = given(opened_by(aino), said_by_client())
    rests = GOALS_MET.but(
        client_view=made_by(2),
        no_view_because=None,
        rests_on=(entry(2),),
        attributed_to="service",
        alternative="neuvonta",
    )
    heard.when(rests, by=aino).then(
        ClosureProposed("goals_met", "service", "service", "neuvonta", "vuokra on maksettu", made_by(2), (entry(2),))
    )
    heard.when(rests.but(rests_on=(entry(8),)), by=aino).refused(EntryAbsent)
    heard.when(rests.but(client_view=None), by=aino).refused(ViewMissing)
    assert heard.when(GOALS_MET, by=aino).happened[0] == ViewUnavailable("closure", "ei tavoitettu")
    ended = ProposeClosure("client_ended", client_view=made_by(9))
    heard.when(ended, by=the_client).refused(StatementAbsent)
    heard.when(ended.but(client_view=made_by(2)), by=the_client).allowed()


def test_only_the_responsible_or_the_client_proposes_to_close() -> None:
    case = given(opened_by(aino), client=GUARDED)
    case.when(GOALS_MET, by=bo).refused(NotResponsible)
    case.when(GOALS_MET, by=marja).allowed()
    case.when(GOALS_MET, by=an_auditor).refused(RoleNotAllowed)
    case.when(GOALS_MET.but(ground="client_ended"), by=mother).refused(OutsideMandate, scope="closure")
    both = represented((mother, mandate("custodian")), (father, mandate("custodian")))
    case.knowing(client=both).when(GOALS_MET.but(ground="client_ended"), by=father).refused(OneOfTwoCustodians)
    by_guardian = case.when(GOALS_MET.but(ground="client_ended"), by=the_guardian).allowed()
    by_guardian.when(CloseCase(), by=aino).refused(ClientNotInformed)


def test_one_closure_is_proposed_at_a_time() -> None:
    proposed().when(GOALS_MET, by=aino).refused(ClosureAlreadyProposed, ground="goals_met", version=3)
    given(opened_by(aino)).when(CloseCase(), by=aino).refused(ClosureNotProposed)
    given(opened_by(aino)).when(WithdrawClosure(), by=aino).refused(ClosureNotProposed)
    closed = given(opened_by(aino), closed_at_once())
    for command in (GOALS_MET, CloseCase(), WithdrawClosure()):
        closed.when(command, by=aino).refused(CaseNotOpen)


def test_the_service_takes_its_proposal_back() -> None:
    proposed().when(WithdrawClosure("uusi tarve"), by=aino).then(ClosureWithdrawn("uusi tarve")).and_(closure=None)
    proposed().when(WithdrawClosure(), by=bo).refused(NotResponsible)
    proposed().when(WithdrawClosure(), by=the_client).refused(ServiceProposedIt)


@pytest.mark.rule(16)
def test_what_the_client_ended_only_they_take_back() -> None:
    ended = proposed(the_client, "client_ended")
    noted = ended.when(WithdrawClosure(), by=aino).then(ClosureWithdrawn("", "client"))
    assert noted.case.closure == ended.case.closure
    ended.when(WithdrawClosure(), by=the_guardian).refused(ClientHasDecided)
    ended.when(WithdrawClosure("en lopettaisikaan"), by=the_client).allowed().and_(closure=None)
    ended.when(AnswerAsClient(entry(2), "denied"), by=bo).refused(ClientHasDecided)
    ended.did(Asked(AnswerAsClient(entry(2), "denied"), the_client)).when(WithdrawClosure(), by=aino).allowed()
    proposed(ground="client_ended").when(WithdrawClosure(), by=the_client).allowed()
    proposed(the_guardian, "client_ended").when(WithdrawClosure(), by=the_guardian).allowed()


NO = AnswerAsClient(entry(3), "denied")
ENDED = ProposeClosure("client_ended", no_view_because="puhelimitse")


def refused_in_person() -> Story:
    """Begin with a closure, said to be the client's wish, to which the client in person said no on the 6th."""
    return proposed(ground="client_ended").did(Asked(NO, the_client, moment(3, 6)))


def proposed_again(story: Story) -> Story:
    """Go on with the same proposal, made anew."""
    return story.when(ENDED, by=aino, at=moment(3, 20)).allowed()


def nobody_else_ends_it(story: Story) -> None:
    """Check that the client's no stands: not by a witness, nor by time, until the client says otherwise."""
    again = proposed_again(story)
    assert again.case.closure is not None
    which = entry(again.case.closure.version)
    yes = AnswerAsClient(which, "confirmed")
    for somebody_else in (bo, marja, the_guardian):
        again.when(yes, by=somebody_else).refused(ClientHasDecided)
    told = again.did(Asked(InformClient(which, "meeting"), aino, moment(3, 21)))
    told.when(CloseCase(), by=aino, at=moment(6, 2)).refused(ClientHasDecided)
    told.did(Asked(yes, the_client)).when(CloseCase(), by=aino).allowed()


@pytest.mark.rule(16)
def test_the_clients_own_no_outlives_the_proposal() -> None:
    nobody_else_ends_it(refused_in_person().did(Asked(WithdrawClosure(), aino)))


@pytest.mark.rule(16)
def test_a_withdrawal_entered_behind_the_clients_no_does_not_undo_it() -> None:
    behind = Asked(WithdrawClosure(), aino, moment(3, 5), entered=moment(3, 10), reported=True)
    nobody_else_ends_it(refused_in_person().did(behind))


@pytest.mark.rule(16)
def test_a_no_to_what_was_withdrawn_meanwhile_counts_too() -> None:
    withdrawn = proposed(ground="client_ended").did(Asked(WithdrawClosure(), aino))
    nobody_else_ends_it(withdrawn.did(Asked(NO, the_client)))


@pytest.mark.rule(16)
def test_to_take_an_ending_back_is_to_say_no_to_it() -> None:
    nobody_else_ends_it(proposed(ground="client_ended").did(Asked(WithdrawClosure("en halua"), the_client)))
    nobody_else_ends_it(proposed(the_client, "client_ended").did(Asked(WithdrawClosure("en sittenkään"), the_client)))


@pytest.mark.rule(16)
def test_no_representative_ends_what_the_client_said_no_to() -> None:
    ended = ProposeClosure("client_ended")
    withdrawn = refused_in_person().did(Asked(WithdrawClosure(), aino))
    withdrawn.when(ended, by=the_guardian).refused(ClientHasDecided)
    withdrawn.when(ended, by=the_client).allowed().when(CloseCase(), by=aino).allowed()


@pytest.mark.rule(13)
def test_a_guardian_alone_does_not_end_a_case_at_once() -> None:
    by_guardian = proposed(the_guardian, "client_ended")
    confirm = AnswerAsClient(entry(2), "confirmed")
    by_guardian.when(confirm, by=the_guardian).refused(OwnWitness)
    two = by_guardian.knowing(client=represented((the_guardian, mandate("guardian")), (mother, mandate("proxy"))))
    two.when(confirm, by=mother).allowed().when(CloseCase(), by=aino).refused(ClientNotInformed)
    by_guardian.when(confirm, by=the_client).allowed().when(CloseCase(), by=aino).allowed()


@pytest.mark.rule(13)
def test_a_representatives_yes_neither_shortens_the_time_to_object_nor_undoes_the_clients() -> None:
    told = proposed(ground="client_ended")
    confirm = AnswerAsClient(entry(3), "confirmed")
    told.when(confirm, by=the_guardian).allowed().when(CloseCase(), by=aino).refused(ClientNotInformed)
    recorded = told.did(Asked(confirm, bo))
    recorded.when(confirm, by=the_guardian).allowed().when(CloseCase(), by=aino).allowed()
    doubted = recorded.when(AnswerAsClient(entry(3), "denied"), by=the_guardian).allowed()
    doubted.when(CloseCase(), by=aino).refused(EndingNotConfirmed)


@pytest.mark.rule(20)
def test_the_clients_denial_is_not_marked_away_to_close() -> None:
    denied = refused_in_person()
    mark = MarkErroneous(entry(4), "ei ollut tarkoitus", wrong_person=True)
    for worker in (aino, marja, bo):
        assert denied.when(mark, by=worker).refusal is not None
    denied.when(mark, by=marja).refused(ClientsOwnWords, version=4)


@pytest.mark.rule(3)
def test_no_closing_while_the_case_is_on_its_way() -> None:
    offered = proposed(ground="advice_sufficed").did(proposed_to(bo))
    offered.when(CloseCase(), by=aino).refused(HandoffPending)
    sent = proposed(ground="advice_sufficed").did(Asked(TransferMatter(to=unit(oona), reason="kunnan"), aino))
    sent.when(CloseCase(), by=aino).refused(TransferPending)


def test_whoever_answers_for_it_closes_it() -> None:
    moved = advised().did(proposed_to(bo)).did(accepted_by(bo, made_by(4)))
    moved.when(CloseCase(), by=aino).refused(NotResponsible)
    moved.when(CloseCase(), by=bo).allowed()


def test_a_closure_keeps_its_order() -> None:
    story = proposed(ground="advice_sufficed")
    before, now = moment(3, 3, 12), moment(3, 10)
    story.when(CloseCase(), by=aino, at=before, entered=now).refused(OutOfOrder)
    story.when(WithdrawClosure(), by=aino, at=before, entered=now).refused(OutOfOrder)
    withdrawn = story.did(Asked(WithdrawClosure(), aino, moment(3, 6)))
    withdrawn.when(GOALS_MET, by=aino, at=moment(3, 5), entered=now).refused(OutOfOrder, since=moment(3, 6))
    taken = story.did(Asked(TakeOwnership(), the_client, moment(3, 6)))
    taken.when(CloseCase(), by=aino, at=moment(3, 5), entered=now).refused(OutOfOrder)


def test_nobody_proposes_to_close_before_they_answered_for_the_case() -> None:
    moved = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)), accepted_by(bo, made_by(2), moment(3, 6)))
    moved.when(GOALS_MET, by=bo, at=moment(3, 5), entered=moment(3, 7)).refused(OutOfOrder, since=moment(3, 6))
    ended = GOALS_MET.but(ground="client_ended", no_view_because=None)
    moved.when(ended, by=the_client, at=moment(3, 5), entered=moment(3, 7)).allowed()


def test_a_death_ends_the_case_and_what_waits_in_it() -> None:
    death = ProposeClosure("death")
    case = given(opened_by(aino), Asked(RaiseObjection(entry(1), "en halunnut"), the_client), proposed_to(bo))
    case.when(death, by=aino).refused(DeathNotRecorded)
    dead = case.knowing(client=DEAD).when(death, by=aino).allowed()
    (
        dead.when(CloseCase(), by=aino)
        .then(
            HandoffWithdrawn(made_by(3), ""),
            ObjectionLapsed(made_by(2), "death"),
            CaseClosed("death", "service", "circumstances"),
        )
        .and_(open_objections=[])
        .and_nothing_waits()
    )
    dead.knowing(client=ANY_CLIENT).when(CloseCase(), by=aino).refused(DeathNotRecorded)


def test_what_the_client_ended_before_their_death_waits_for_no_yes_of_theirs() -> None:
    ended = proposed(the_client, "client_ended").knowing(client=DEAD)
    withdrawn = ended.when(WithdrawClosure("kuoli sitä ennen"), by=aino).then(ClosureWithdrawn("kuoli sitä ennen"))
    withdrawn.when(ProposeClosure("death"), by=aino).allowed()


def test_a_death_ends_a_matter_on_its_way_to_another_authority_too() -> None:
    sent = given(opened_by(aino), Asked(TransferMatter(to=unit(oona), reason="kunnan"), aino))
    dead = sent.knowing(client=DEAD).did(Asked(ProposeClosure("death"), aino))
    closed = dead.when(CloseCase(), by=aino).then(CaseClosed("death", "service", "circumstances"))
    closed.and_(status="closed").and_nothing_waits().and_responsible_is(aino)
    closed.when(ReceiveTransfer(made_by(2)), by=oona).refused(TransferNotPending)


@pytest.mark.rule(30)
def test_while_the_client_owns_a_case_closes_with_their_yes() -> None:
    owned = given(opened_by(aino), Asked(TakeOwnership(), the_client), closure_proposed_by(aino, "goals_met"))
    told = owned.did(informed_by(aino, 4, at=moment(3, 5)))
    told.when(CloseCase(), by=aino, at=moment(6, 2)).refused(ClosureNeedsClientsYes, version=4)
    no, yes = AnswerAsClient(entry(4), "refused"), AnswerAsClient(entry(4), "agreed")
    told.did(Asked(no, the_client)).when(CloseCase(), by=aino, at=moment(6, 2)).refused(ClosureNeedsClientsYes)
    told.did(Asked(yes, the_client)).when(CloseCase(), by=aino, at=moment(6, 2)).allowed()
    told.did(Asked(yes, bo)).when(CloseCase(), by=aino, at=moment(6, 2)).allowed()
    back = told.did(Asked(ReturnOwnership(), the_client))
    back.when(CloseCase(), by=aino, at=moment(6, 2)).allowed()


@pytest.mark.rule(30)
def test_no_yes_is_waited_for_where_it_is_urgent_or_the_client_ended_it() -> None:
    owned = given(opened_by(aino), Asked(TakeOwnership(), the_client))
    urgent = owned.did(closure_proposed_by(aino, "moved", urgent=True)).did(informed_by(aino, 4, at=moment(3, 5)))
    urgent.when(CloseCase(), by=aino, at=moment(3, 20)).allowed()
    owned.did(closure_proposed_by(the_client, "client_ended")).when(CloseCase(), by=aino).allowed()
    dead = owned.knowing(client=DEAD).did(Asked(ProposeClosure("death"), aino))
    dead.when(CloseCase(), by=aino).allowed()


@pytest.mark.rule(13)
def test_whoever_closed_a_case_over_an_objection_does_not_answer_it() -> None:
    story = informed().did(Asked(RaiseObjection(entry(1), "en ole valmis"), the_client))
    override = Override(13, "vaara on ohi", moment(6, 2))
    closed = story.when(CloseCase((override,)), by=marja, at=moment(4, 1)).allowed()
    closed.and_(open_objections=[made_by(4)])
    answer = AnswerObjection(made_by(4), "rejected", "tavoite on saavutettu")
    closed.when(answer, by=marja).refused(OwnAct)
    closed.when(answer, by=arvo).allowed()
