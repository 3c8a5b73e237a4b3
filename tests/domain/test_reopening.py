"""How a closed case is taken up again, and what stands as it stood before where the client's death was a mistake."""

import pytest

from domain.case import HolderUnknown, OtherOrganisation, OutOfOrder, TakesOnNothingMore
from domain.client_ownership import ChooseOwner, TakeOwnership
from domain.closure import ClientNotInformed, CloseCase, ProposeClosure, WithdrawClosure
from domain.contacts import AttemptContact, attempts
from domain.decider import RoleNotAllowed
from domain.objections import AnswerObjection, RaiseObjection
from domain.reopening import (
    AnothersMatter,
    ArrivedInFuture,
    CaseReopened,
    ClosedByDeath,
    DeathStands,
    LastMayBeGone,
    NotClosed,
    NotClosedByDeath,
    ReopenCase,
)
from domain.requests import AnswerAsClient
from tests.domain.given import (
    ANY_CLIENT,
    CITY,
    Asked,
    Story,
    aino,
    arvo,
    bo,
    closed_at_once,
    closed_by,
    closure_proposed_by,
    entry,
    found_advice_enough,
    given,
    holder,
    made_by,
    marja,
    moment,
    oona,
    opened_by,
    proposed_to,
    the_client,
    unit,
)

DEAD = ANY_CLIENT.but(dead=True)
WITHDRAWN = ReopenCase("death_withdrawn")


def closed(*before: Asked) -> Story:
    return given(opened_by(aino), *before, closed_at_once())


@pytest.mark.rule(1)
def test_a_reopened_case_has_its_owner_and_responsible_again() -> None:
    story = closed(Asked(TakeOwnership(), the_client)).when(
        ReopenCase("client_returned", "tarvitsen taas apua"), by=aino, at=moment(5, 5)
    )
    story.then(
        CaseReopened(
            "client_returned", moment(5, 5), "shl36", holder(aino), "tarvitsen taas apua", name_by=None, policy=0
        )
    )
    story.and_owner_is(aino).and_responsible_is(aino).and_(status="open", closed_at=None)


@pytest.mark.rule(1)
def test_a_unit_that_takes_a_case_up_again_names_a_worker_in_time() -> None:
    story = closed().when(ReopenCase("new_need", responsible=unit(aino)), by=marja, at=moment(5, 5)).allowed()
    reopened = story.happened[0]
    assert isinstance(reopened, CaseReopened)
    assert reopened.name_by == moment(5, 13, 0)


@pytest.mark.rule(6)
def test_a_reopened_case_keeps_its_first_contact_and_says_when_the_news_came() -> None:
    arrived = ReopenCase("decision_changed", arrived_at=moment(5, 2), statutory_clock="none")
    story = closed().when(arrived, by=aino, at=moment(5, 5)).allowed()
    reopened = story.happened[0]
    assert isinstance(reopened, CaseReopened)
    assert (reopened.arrived_at, reopened.statutory_clock) == (moment(5, 2), "none")
    story.and_(first_contact_at=given(opened_by(aino)).case.first_contact_at)
    closed().when(arrived.but(arrived_at=moment(5, 6)), by=aino, at=moment(5, 5)).refused(ArrivedInFuture)


@pytest.mark.rule(2)
def test_nobody_reopens_a_case_onto_another_organisation() -> None:
    reopen = ReopenCase("closed_in_error")
    closed().when(reopen, by=oona).refused(AnothersMatter, last=holder(aino))
    closed().when(reopen.but(responsible=holder(oona)), by=oona).refused(AnothersMatter)
    closed().when(reopen.but(responsible=holder(oona)), by=aino).refused(OtherOrganisation, responsible=holder(oona))
    closed().when(reopen.but(responsible=holder(arvo.but(id="x"))), by=aino).refused(HolderUnknown)
    assert oona.organisation == CITY


@pytest.mark.rule(1)
def test_whoever_answered_last_does_so_again_or_another_is_named() -> None:
    reopen = ReopenCase("client_returned")
    closed().when(reopen, by=aino).allowed().and_responsible_is(aino)
    closed().when(reopen, by=arvo).refused(LastMayBeGone, last=holder(aino))
    closed().when(reopen.but(responsible=holder(aino)), by=arvo).allowed().and_responsible_is(aino)
    closed().when(reopen.but(responsible=holder(arvo)), by=arvo).allowed().and_responsible_is(arvo)


@pytest.mark.rule(1)
def test_no_case_comes_back_to_one_who_is_leaving() -> None:
    leaving = closed().knowing(leaving=frozenset({holder(aino)}))
    leaving.when(ReopenCase("client_returned"), by=aino).refused(TakesOnNothingMore)
    leaving.when(ReopenCase("client_returned", responsible=unit(aino)), by=marja).allowed()


@pytest.mark.rule(25)
def test_nobody_is_sought_by_the_attempts_of_before() -> None:
    tried = closed(Asked(AttemptContact("letter", "returned_mail"), aino))
    reopened = tried.did(Asked(ReopenCase("client_returned"), aino))
    assert attempts(reopened.case, reopened.last) == []


def test_only_a_closed_case_is_reopened_and_after_its_closing() -> None:
    closed().when(ReopenCase("new_need", responsible=unit(bo)), by=bo).refused(AnothersMatter, last=holder(aino))
    given(opened_by(aino)).when(ReopenCase("new_need"), by=aino).refused(NotClosed)
    closed().when(ReopenCase("new_need"), by=aino, at=moment(3, 3, 9, 30), entered=moment(3, 9)).refused(OutOfOrder)
    closed().when(ReopenCase("new_need"), by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(13)
def test_a_reopened_case_is_closed_again_but_not_on_the_advice_of_before() -> None:
    again = closed(found_advice_enough()).did(Asked(ReopenCase("new_need"), aino))
    proposed = again.did(closure_proposed_by(aino, "advice_sufficed"))
    proposed.when(CloseCase(), by=aino).refused(ClientNotInformed)
    anew = again.did(found_advice_enough()).did(closure_proposed_by(aino, "advice_sufficed"))
    anew.did(closed_by(aino)).and_(status="closed")


@pytest.mark.rule(16)
def test_a_case_that_is_taken_up_again_begins_without_the_old_no() -> None:
    ended = closure_proposed_by(aino, "client_ended", at=moment(3, 4))
    story = given(opened_by(aino), ended, Asked(AnswerAsClient(entry(3), "denied"), the_client))
    story = story.did(Asked(WithdrawClosure(), aino)).did(Asked(ProposeClosure("client_ended"), the_client))
    reopened = (
        story.did(closed_by(aino))
        .did(Asked(ReopenCase("client_returned"), aino))
        .did(closure_proposed_by(aino, "client_ended"))
    )
    assert reopened.case.closure is not None
    which = entry(reopened.case.closure.version)
    reopened.when(AnswerAsClient(which, "confirmed"), by=bo).allowed().when(CloseCase(), by=aino).allowed()


def closed_by_death() -> Story:
    """Begin with a case of a client who owned it and objected, closed with their death while it was on offer."""
    story = given(
        opened_by(aino),
        Asked(ChooseOwner(holder(oona)), the_client),
        Asked(RaiseObjection(entry(1), "en halunnut"), the_client),
        proposed_to(bo),
    )
    return story.knowing(client=DEAD).did(Asked(ProposeClosure("death"), aino)).did(closed_by(aino))


def test_a_case_that_ended_with_death_stands_as_the_client_left_it_once_that_was_a_mistake() -> None:
    dead = closed_by_death().and_(open_objections=[])
    alive = dead.knowing(client=ANY_CLIENT).when(WITHDRAWN, by=aino).allowed()
    alive.and_owner_is(oona).and_responsible_is(aino).and_nothing_waits().and_(open_objections=[made_by(3)])
    alive.when(AnswerObjection(made_by(3), "rejected", "perustelut"), by=marja).allowed().and_(open_objections=[])


def test_a_case_that_ended_with_death_comes_up_again_in_no_other_way() -> None:
    closed_by_death().when(WITHDRAWN, by=aino).refused(DeathStands)
    for trigger in ("client_returned", "new_need", "decision_changed", "closed_in_error"):
        alive = closed_by_death().knowing(client=ANY_CLIENT)
        alive.when(ReopenCase(trigger), by=aino).refused(ClosedByDeath)
    closed().when(WITHDRAWN, by=aino).refused(NotClosedByDeath)
