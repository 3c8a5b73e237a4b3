"""What is not told to somebody: on a ground, by somebody's word, and until another look is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.case import EntryAbsent, NotResponsible, WordsMissing
from domain.corrections import MarkErroneous
from domain.decider import Actor, Role, RoleNotAllowed, TooEarly
from domain.objections import AnswerObjection, RaiseObjection, WithdrawObjection
from domain.policy import Policy
from domain.requests import AnswerRequest, MakeRequest, ReportExperience, RequestKind
from domain.voice import RecordStatement
from domain.withholding import (
    AllowDisclosure,
    ClientsOwnEntry,
    ClientUnnamed,
    DisclosureAllowed,
    DisclosureForbidden,
    ForbidDisclosure,
    NotWithheld,
    NotYoursToWithhold,
    ReviewOutOfReach,
    WithheldByAnother,
    WithheldWithoutGround,
    kept_from,
    reasons_kept_from,
)
from tests.domain.given import (
    CLIENT as CLIENTS_ID,
)
from tests.domain.given import (
    Asked,
    Story,
    accepted_by,
    aino,
    an_auditor,
    arvo,
    bo,
    closed_at_once,
    entry,
    father,
    given,
    made_by,
    marja,
    moment,
    mother,
    opened_by,
    proposed_to,
    said_by_client,
    the_client,
    the_guardian,
)

FATHER = UUID(father.id)
REVIEW = moment(6, 2)
FROM_FATHER = ForbidDisclosure(entry(1), FATHER)
FROM_CLIENT = ForbidDisclosure(entry(2), "client", "third_party", "naapurin ilmoitus", REVIEW)
OMBUDSMAN = Actor("oili", Role.OMBUDSMAN, "3221302-9")
OBJECTS = RaiseObjection(entry(1), "En pyytänyt tätä")
NOTED = Asked(RecordStatement("naapuri soitti", "close_person"), aino)
"""Something that staff wrote down and that is no client's own entry."""


def kept(story: Story, *whom: Actor) -> list[list[int]]:
    """Return the entries that each of them is not told of."""
    return [sorted(kept_from(it, story.case)) for it in whom]


def withheld(command: ForbidDisclosure = FROM_CLIENT, by: Actor = aino) -> Story:
    return given(opened_by(aino), NOTED, Asked(command, by))


@pytest.mark.rule(22)
def test_an_entry_is_not_told_to_somebody_who_acts_for_the_client() -> None:
    case = given(opened_by(aino))
    for by in (aino, arvo, marja, the_client):
        forbidden = case.when(FROM_FATHER, by=by)
        forbidden.then(DisclosureForbidden(entry(1), father.id, words_alone=True))
        assert kept(forbidden, father, mother, the_client, bo) == [[1], [], [], []]
        forbidden.when(FROM_FATHER, by=by).then()
    given(opened_by(aino), proposed_to(bo)).when(FROM_FATHER, by=bo).refused(NotResponsible)
    case.when(FROM_FATHER, by=the_guardian).refused(RoleNotAllowed)
    case.when(FROM_FATHER.but(entry=entry(9)), by=aino).refused(EntryAbsent)
    case.when(FROM_FATHER.but(review_by=moment(3, 1)), by=aino).refused(ReviewOutOfReach)


@pytest.mark.rule(22)
def test_from_the_client_it_is_withheld_on_a_ground_with_a_reason_and_a_day_to_look_again() -> None:
    case = given(opened_by(aino), NOTED)
    said = DisclosureForbidden(entry(2), "client", "third_party", "naapurin ilmoitus", REVIEW)
    case.when(FROM_CLIENT, by=aino).then(said)
    case.when(FROM_CLIENT.but(ground="client_wish"), by=aino).refused(WithheldWithoutGround)
    case.when(FROM_CLIENT.but(review_by=None), by=aino).refused(WithheldWithoutGround)
    case.when(FROM_CLIENT.but(reason=" "), by=aino).refused(WordsMissing, field="reason")
    for far in (moment(3, 3, 10), moment(12, 1)):
        case.when(FROM_CLIENT.but(review_by=far), by=aino).refused(ReviewOutOfReach, review_by=far)
    strict = given(opened_by(aino), NOTED, policy=Policy(withheld_days=3))
    strict.when(FROM_CLIENT, by=aino).refused(ReviewOutOfReach, most=strict.last.occurred + timedelta(days=3, hours=1))


@pytest.mark.rule(22)
def test_nobody_at_the_clients_side_is_told_what_the_client_is_not() -> None:
    story = withheld()
    assert kept(story, the_client, father, the_guardian, OMBUDSMAN) == [[2]] * 4
    assert kept(story, aino, marja, bo, an_auditor) == [[]] * 4


@pytest.mark.rule(22)
def test_who_answers_and_how_it_ends_is_the_clients_to_know_whatever_words_are_withheld() -> None:
    opening = withheld(FROM_CLIENT.but(entry=entry(1)))
    assert kept_from(the_client, opening.case)[1].words_alone
    assert not kept_from(the_client, withheld().case)[2].words_alone


@pytest.mark.rule(22)
def test_the_client_keeps_their_matters_from_others_and_nobody_keeps_from_them_what_they_entered() -> None:
    case = given(opened_by(aino), said_by_client())
    case.when(FROM_CLIENT, by=the_client).refused(NotYoursToWithhold)
    case.when(FROM_FATHER.but(ground="safety"), by=the_client).refused(NotYoursToWithhold)
    case.when(FROM_CLIENT, by=aino).refused(ClientsOwnEntry, entry=2)
    for written_down in (RecordStatement("haluan kotiin"), OBJECTS):
        noted = given(opened_by(aino), Asked(written_down, aino))
        noted.when(FROM_CLIENT, by=aino).refused(ClientsOwnEntry, entry=2)
    case.when(FROM_FATHER.but(entry=entry(2)), by=aino).allowed()


@pytest.mark.rule(22)
def test_a_clients_own_id_never_comes_into_the_log() -> None:
    case = given(opened_by(aino))
    for by in (aino, the_client):
        case.when(FROM_FATHER.but(from_whom=CLIENTS_ID), by=by).refused(ClientUnnamed)


@pytest.mark.rule(22)
def test_a_new_day_to_look_again_takes_the_place_of_the_old() -> None:
    later = withheld().when(FROM_CLIENT.but(review_by=moment(8, 1)), by=marja)
    said = DisclosureForbidden(
        entry(2), "client", "third_party", "naapurin ilmoitus", moment(8, 1), instead_of=entry(3)
    )
    later.then(said)
    assert [it.version for it in later.case.withheld.values if not it.over] == [4]
    other_ground = later.when(FROM_CLIENT.but(ground="safety"), by=aino).allowed()
    allowed = other_ground.did(Asked(AllowDisclosure(entry(4)), aino))
    assert kept(allowed, the_client) == [[2]]
    assert kept(allowed.did(Asked(AllowDisclosure(entry(5)), aino)), the_client) == [[]]


@pytest.mark.rule(22)
def test_whoever_withheld_it_lets_it_be_told() -> None:
    story = withheld()
    allow = AllowDisclosure(entry(3))
    allowed = story.when(allow, by=marja).then(DisclosureAllowed(entry(3)))
    assert kept(allowed, the_client) == [[]]
    allowed.when(allow, by=marja).refused(NotWithheld, forbidden=3)
    story.when(AllowDisclosure(entry(2)), by=aino).refused(NotWithheld)
    story.when(allow, by=the_client).refused(WithheldByAnother)
    story.when(allow, by=the_guardian).refused(RoleNotAllowed)
    given(opened_by(aino), NOTED, Asked(FROM_CLIENT, aino), proposed_to(bo)).when(allow, by=bo).refused(NotResponsible)
    story.when(allow, by=aino, at=moment(3, 3, 10), entered=moment(3, 4)).refused(TooEarly)
    noted = given(opened_by(aino), Asked(FROM_FATHER, aino))
    for by in (aino, the_client):
        noted.when(AllowDisclosure(entry(2)), by=by).allowed()
    wished = given(opened_by(aino), Asked(FROM_FATHER, the_client))
    wished.when(AllowDisclosure(entry(2)), by=aino).refused(WithheldByAnother)
    also_noted = wished.did(Asked(FROM_FATHER.but(review_by=REVIEW), aino)).did(Asked(AllowDisclosure(entry(3)), aino))
    assert kept(also_noted, father) == [[1]]
    assert kept(wished.when(AllowDisclosure(entry(2)), by=the_client).allowed(), father) == [[]]


@pytest.mark.rule(22)
def test_what_was_withheld_in_error_is_withheld_no_more() -> None:
    forbidden = given(opened_by(aino), Asked(FROM_FATHER, the_client))
    mistaken = MarkErroneous(entry(2), "isä saa tietää")
    assert kept(forbidden.did(Asked(mistaken, the_client)), father) == [[]]


@pytest.mark.rule(22)
def test_why_it_is_withheld_staff_and_auditors_read_and_of_the_clients_own_wish_the_client() -> None:
    story = withheld().did(Asked(FROM_FATHER.but(reason="pelkään"), the_client))
    allowed = story.did(Asked(AllowDisclosure(entry(3)), aino))
    for it in (story, allowed):
        assert reasons_kept_from(the_client, it.case) == {3}
        assert reasons_kept_from(father, it.case) == reasons_kept_from(OMBUDSMAN, it.case) == {3, 4}
        assert reasons_kept_from(bo, it.case) == reasons_kept_from(an_auditor, it.case) == frozenset()


# What goes past the worker.


@pytest.mark.rule(13)
def test_an_objection_goes_past_the_worker_whose_act_it_is_against_until_it_is_answered() -> None:
    raised = given(opened_by(aino), Asked(OBJECTS, the_client))
    assert kept(raised, aino, arvo, marja, bo, the_client, an_auditor) == [[2], [], [], [], [], []]
    assert kept_from(aino, raised.case)[2].ground == "past_worker"
    answered = raised.did(Asked(AnswerObjection(made_by(2), "upheld", "oikeassa olette"), marja))
    assert kept(answered, aino) == [[]]


@pytest.mark.rule(13)
def test_an_objection_that_is_taken_back_never_comes_before_that_worker() -> None:
    raised = given(opened_by(aino), Asked(OBJECTS, the_client))
    assert kept(raised.did(Asked(WithdrawObjection(made_by(2)), the_client)), aino, marja) == [[2, 3], []]


@pytest.mark.rule(13)
def test_it_goes_past_no_worker_who_wrote_it_down_and_past_nobody_where_it_is_against_no_workers_act() -> None:
    noted = given(opened_by(aino), Asked(OBJECTS, aino))
    assert kept(noted, aino) == [[]]
    own = given(opened_by(aino), said_by_client(), Asked(OBJECTS.but(against=entry(2)), the_client))
    assert kept(own, aino, arvo) == [[], []]


@pytest.mark.rule(13)
@pytest.mark.parametrize("kind", ["other_worker", "second_opinion", "contact"])
def test_a_request_for_another_worker_goes_past_the_one_who_is_named(kind: RequestKind) -> None:
    asked = given(opened_by(aino), Asked(MakeRequest(kind, "en tule kuulluksi"), the_client))
    assert kept(asked, aino, arvo, marja) == [[2] if kind == "other_worker" else [], [], []]
    answered = asked.did(Asked(AnswerRequest(made_by(2), "granted", "Arvo jatkaa"), marja))
    assert kept(answered, aino) == [[]]


@pytest.mark.rule(13)
def test_where_the_worker_is_the_units_only_manager_another_of_the_organisation_answers() -> None:
    head = Actor("tuija", Role.MANAGER, marja.organisation, "keskus")
    asked = given(opened_by(marja), Asked(OBJECTS, the_client), Asked(MakeRequest("other_worker"), the_client))
    assert kept(asked, marja, head) == [[2, 3], []]
    answers: list[Any] = [AnswerObjection(made_by(2), "upheld", "niin"), AnswerRequest(made_by(3), "granted", "niin")]
    for answer in answers:
        asked.when(answer, by=head).allowed()


@pytest.mark.rule(15)
def test_how_the_service_felt_waits_for_the_end_of_the_case_before_whoever_answers_or_did() -> None:
    told = Asked(ReportExperience(2, "kiire"), the_client)
    moved = given(opened_by(aino), proposed_to(bo), accepted_by(bo, made_by(2)), told)
    assert kept(moved, aino, bo, arvo, marja, the_client, an_auditor) == [[5], [5], [], [], [], []]
    closed = moved.did(closed_at_once(bo)[0]).did(closed_at_once(bo)[1])
    assert kept(closed, aino, bo) == [[], []]
    after = closed.did(told)
    assert kept(after, bo) == [[]]
