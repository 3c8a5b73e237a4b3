"""Who has a part in a case: how each part begins, and how and when it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.access import EndEmergencyAccess, GrantEmergencyAccess
from domain.authorization import (
    Relation,
    Share,
    shares,
    standing,
)
from domain.case import Case
from domain.client_ownership import ChooseOwner, ReturnOwnership
from domain.consent import GiveConsent, WithdrawConsent
from domain.decider import Actor, Role
from domain.directory import organisation_stream
from domain.handoff import ExpireHandoff, WithdrawHandoff
from domain.meetings import HoldJointMeeting
from domain.provision import EndService, StartService
from domain.reopening import ReopenCase
from domain.team import AgreeTeamLine
from domain.transfer import ContestTransfer, ReceiveTransfer, TransferMatter
from tests.domain.given import (
    ANY_CLIENT,
    CITY,
    COUNTY,
    HOLDERS,
    KELA,
    MONDAY,
    STAFF_OF_ALL,
    Asked,
    Story,
    aino,
    arvo,
    bo,
    closed_at_once,
    eeva,
    given,
    holder,
    made_by,
    oona,
    opened_by,
    proposed_to,
    siiri,
    the_client,
    the_clock,
    unit,
)

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)


def parts(story: Story) -> set[str]:
    """Return who has a part, as "relation organisation": of a worker's own part with their id."""
    names = {KELA: "kela", COUNTY: "county", CITY: "city"}
    return {" ".join(filter(None, [it.relation, names[it.organisation], it.worker])) for it in shares(story.case)}


def the(relation: Relation, story: Story) -> Share:
    """Return the one part of this kind."""
    (found,) = [it for it in shares(story.case) if it.relation == relation]
    return found


def opened(*acts: Asked) -> Story:
    """Give Aino's case, in which this was done."""
    story = given(opened_by(aino)).knowing(existing=frozenset(map(organisation_stream, (KELA, COUNTY, CITY))))
    for it in acts:
        story = story.did(it)
    return story


def handed_on(story: Story, by: Actor, to: Actor) -> Story:
    """Offer the case and have it accepted, met beforehand."""
    both = (holder(by), holder(to))
    story = story.did(Asked(HoldJointMeeting(both, client_present=True), by)).did(proposed_to(to, by))
    assert story.case.pending
    return story.did(Asked(AcceptHandoff(story.case.pending.handoff), to))


def consented(*organisations: str, until: datetime | None = None) -> Asked:
    return Asked(GiveConsent(organisations, "cooperation", until), the_client)


def test_a_case_that_nobody_has_opened_is_nobodys() -> None:
    assert shares(Case()) == ()


def test_whoever_answers_for_it_has_it_and_with_them_all_of_their_organisation() -> None:
    story = opened()
    assert parts(story) == {"holds kela"}
    assert {it.id for it in STAFF_OF_ALL if of(it, story)} == {"aino", "arvo", "marja"}


def of(actor: Actor, story: Story, at: datetime = MONDAY) -> set[Relation]:
    """Return what somebody is to the case, none left out."""
    return set(standing(actor, story.case, at, ANY_CLIENT).relations) - {Relation.NONE}


def test_who_is_offered_it_has_a_part_until_it_is_answered() -> None:
    offered = opened(proposed_to(bo))
    assert parts(offered) == {"holds kela", "offered county"}
    offer = made_by(2)
    declined = offered.did(Asked(DeclineHandoff(offer, "no_capacity", "ei ehdi"), bo))
    assert parts(declined) == {"holds kela"}
    accepted = offered.did(Asked(AcceptHandoff(offer), bo))
    assert parts(accepted) == {"holds county", "held_before kela"}
    withdrawn = offered.did(Asked(WithdrawHandoff(offer, "erehdys"), aino))
    assert parts(withdrawn) == {"holds kela", "offered_before county"}
    expired = offered.did(Asked(ExpireHandoff(offer), the_clock, MONDAY + 4 * A_WEEK))
    assert parts(expired) == {"holds kela", "offered_before county"}


def test_where_a_matter_is_sent_has_a_part_until_it_is_answered() -> None:
    sent = opened(Asked(TransferMatter(unit(bo), "kuuluu kunnalle"), aino))
    assert parts(sent) == {"holds kela", "offered county"}
    assert parts(sent.did(Asked(ContestTransfer(made_by(2), "ei kuulu"), bo))) == {"holds kela"}
    received = sent.did(Asked(ReceiveTransfer(made_by(2)), bo))
    assert parts(received) == {"holds county", "held_before kela"}


def test_who_had_it_before_is_told_of_it_up_to_the_entry_by_which_it_went_on() -> None:
    story = handed_on(opened(), aino, bo)
    left = the(Relation.HELD_BEFORE, story)
    assert (left.organisation, left.upto) == (KELA, story.history[-1].version)
    assert (left.since, left.left) == (MONDAY, story.last.occurred)
    later = story.did(Asked(GiveConsent((CITY,)), the_client))
    assert standing(aino, later.case, MONDAY, None).upto == left.upto
    assert standing(bo, later.case, MONDAY, None).upto is None


def test_who_gets_it_back_has_all_of_it_and_who_passed_it_on_twice_goes_by_the_last_time() -> None:
    once = handed_on(opened(), aino, bo)
    back = handed_on(once, bo, aino)
    assert parts(back) == {"holds kela", "held_before county"}
    again = handed_on(back, aino, bo)
    assert parts(again) == {"holds county", "held_before kela"}
    assert the(Relation.HELD_BEFORE, again).upto == again.history[-1].version > len(once.history)
    on = handed_on(again, bo, oona)
    assert parts(on) == {"holds city", "held_before kela", "held_before county"}


def test_another_unit_of_the_same_organisation_is_no_other_part() -> None:
    kaisa = Actor("kaisa", Role.WORKER, COUNTY, "lapsiperheet")
    story = opened().knowing(holders=HOLDERS | {holder(kaisa), unit(kaisa)})
    moved = handed_on(story, aino, bo)
    within = handed_on(moved, bo, kaisa)
    assert within.case.responsible == holder(kaisa)
    assert parts(within) == {"holds county", "held_before kela"}
    assert the(Relation.HELD_BEFORE, within) == the(Relation.HELD_BEFORE, moved)
    back = handed_on(within, kaisa, aino)
    assert the(Relation.HELD_BEFORE, back).organisation == COUNTY
    assert the(Relation.HELD_BEFORE, back).since == moved.last.occurred


def test_who_is_chosen_by_the_client_drives_it_until_they_take_that_back() -> None:
    chosen = opened(Asked(ChooseOwner(holder(oona), "tuntee minut"), the_client))
    assert parts(chosen) == {"holds kela", "drives city"}
    assert parts(chosen.did(Asked(ReturnOwnership(), the_client))) == {"holds kela"}


STARTED = Asked(StartService(holder(bo)), aino)


def test_who_provides_a_service_learns_of_the_case_as_far_as_the_client_consents() -> None:
    started = opened(STARTED)
    assert parts(started) == {"holds kela"}
    consent = made_by(3)
    given_too = started.did(consented(COUNTY, until=MONDAY + A_WEEK))
    assert parts(given_too) == {"holds kela", "serves county", "advises county"}
    assert of(bo, given_too, MONDAY + A_DAY) == {Relation.SERVES}
    assert of(bo, given_too, MONDAY + A_WEEK) == set()
    withdrawn = given_too.did(Asked(WithdrawConsent(consent), the_client))
    assert parts(withdrawn) == {"holds kela"}
    assert parts(given_too.did(Asked(EndService(made_by(2), "valmis", "agreed"), aino))) == {
        "holds kela", "advises county",
    }  # fmt: skip


def test_a_consent_to_others_lets_nobody_know() -> None:
    assert parts(opened(STARTED, consented(CITY))) == {"holds kela", "advises city"}


def test_who_provides_a_service_by_statute_or_within_the_organisation_needs_no_consent() -> None:
    by_law = opened(Asked(StartService(holder(bo), disclosure_basis="statutory"), aino))
    assert parts(by_law) == {"holds kela", "serves county"}
    assert the(Relation.SERVES, by_law).until is None
    assert parts(opened(Asked(StartService(holder(arvo)), aino))) == {"holds kela", "serves kela"}


def test_a_member_of_a_team_has_a_part_alone_and_not_their_colleagues() -> None:
    line = AgreeTeamLine((holder(aino), holder(bo)), "yhdessä", client_present=True, no_view_because="kiire")
    assert parts(opened(Asked(line, aino))) == {"holds kela", "in_team kela aino"}
    by_consent = opened(Asked(line, aino), consented(COUNTY))
    assert parts(by_consent) == {"holds kela", "in_team kela aino", "in_team county bo", "advises county"}
    by_law = opened(Asked(line.but(disclosure_basis="statutory"), aino))
    for story in (by_consent, by_law):
        assert (of(bo, story), of(eeva, story), of(siiri, story)) == ({Relation.IN_TEAM}, set(), set())


def test_an_emergency_access_is_ones_own_and_for_a_time() -> None:
    entered = opened(Asked(GrantEmergencyAccess("hengenvaara"), bo))
    assert parts(entered) == {"holds kela", "in_emergency county bo"}
    until = the(Relation.IN_EMERGENCY, entered).until
    assert until
    assert of(bo, entered, until - A_DAY / 24) == {Relation.IN_EMERGENCY}
    assert of(bo, entered, until) == of(eeva, entered) == set()
    assert parts(entered.did(Asked(EndEmergencyAccess(made_by(2)), bo))) == {"holds kela"}


def test_a_closed_case_is_left_to_who_had_it_last_and_a_reopened_one_is_as_it_was() -> None:
    closing = handed_on(opened(Asked(StartService(holder(oona), disclosure_basis="statutory"), aino)), aino, bo)
    for it in closed_at_once(bo):
        closing = closing.did(it)
    assert closing.case.status == "closed"
    assert parts(closing) == {"holds county", "held_before kela"}
    reopened = closing.did(Asked(ReopenCase("new_need", words="palasi", responsible=holder(bo)), bo))
    assert {"holds county", "held_before kela"} <= parts(reopened)
