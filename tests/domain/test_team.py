"""What a team agrees on, who in it disagrees, and how it looks back on its own work."""

import pytest

from domain.case import CaseNotOpen, EntryAbsent, HolderUnknown, NotResponsible, WordsMissing
from domain.decider import RoleNotAllowed, TooEarly
from domain.team import (
    AgreeTeamLine,
    DissentRecorded,
    LineAbsent,
    LineWithoutClient,
    MemberNotNamed,
    NotAMember,
    RecordDissent,
    ReviewTeamLine,
    TeamLineAgreed,
    TeamOfOne,
    TeamSelfReviewed,
)
from domain.voice import DisputeStatement, NotClientsOwnWords, RecordStatement, ViewDisputed, ViewUnavailable
from tests.domain.given import (
    Asked,
    Story,
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
    said_by_client,
    siiri,
    the_client,
    unit,
)

TEAM = (holder(aino), holder(bo))
LINE = AgreeTeamLine(TEAM, "asuminen ensin", client_present=False, no_view_because="ei päässyt paikalle")
AGREED = made_by(2)


def agreed() -> Story:
    return given(opened_by(aino), Asked(LINE, aino, moment(3, 5)))


def test_a_line_names_its_members_and_says_whose_words_it_rests_on() -> None:
    story = given(opened_by(aino), said_by_client("Haluan jäädä kotiin"))
    line = LINE.but(client_present=True, client_view=made_by(2), no_view_because=None, rests_on=(entry(2),))
    told = story.when(line, by=bo)
    told.then(TeamLineAgreed(made_by(3), TEAM, "asuminen ensin", True, made_by(2), (entry(2),)))
    told.and_(reached_at=told.last.occurred)
    assert story.when(LINE, by=bo).happened[0] == ViewUnavailable("team_line", "ei päässyt paikalle")
    story.when(LINE.but(text=""), by=bo).refused(WordsMissing, field="text")
    story.when(line.but(rests_on=(entry(9),)), by=bo).refused(EntryAbsent)
    story.when(LINE, by=the_client).refused(RoleNotAllowed)
    given(opened_by(aino), closed_at_once()).when(LINE, by=aino).refused(CaseNotOpen)


def test_a_team_is_two_named_workers_at_least() -> None:
    story = given(opened_by(aino))
    story.when(LINE.but(members=(holder(aino),)), by=aino).refused(TeamOfOne)
    story.when(LINE.but(members=(holder(aino), holder(aino))), by=aino).refused(TeamOfOne)
    story.when(LINE.but(members=(holder(aino), unit(bo))), by=aino).refused(MemberNotNamed, unit=unit(bo))
    story.when(LINE.but(members=(holder(aino), holder(bo).but(worker="?"))), by=aino).refused(HolderUnknown)


@pytest.mark.rule(10)
def test_a_line_rests_on_the_clients_view_or_says_why_there_is_none() -> None:
    given(opened_by(aino)).when(LINE.but(no_view_because=" "), by=aino).refused(LineWithoutClient)
    given(opened_by(aino)).when(LINE.but(no_view_because=None), by=aino).refused(LineWithoutClient)


@pytest.mark.rule(11)
def test_a_line_does_not_rest_on_what_is_disputed_nor_on_anothers_words_alone() -> None:
    said = given(opened_by(aino), Asked(RecordStatement("Hän haluaa hoitoon", speaker="close_person"), aino))
    on_it = LINE.but(client_view=made_by(2), no_view_because=None)
    said.when(on_it, by=aino).refused(NotClientsOwnWords)
    written = given(opened_by(aino), Asked(RecordStatement("Haluan hoitoon"), aino))
    written.did(Asked(DisputeStatement(made_by(2), "en halua"), the_client)).when(on_it, by=aino).refused(ViewDisputed)


@pytest.mark.rule(12)
def test_a_line_is_recorded_by_a_member_or_by_whoever_answers_for_the_case() -> None:
    story = given(opened_by(aino))
    of_others = LINE.but(members=(holder(bo), holder(oona)))
    for recorder in (aino, marja, bo):
        story.when(of_others, by=recorder).allowed()
    for outsider in (arvo, eeva, siiri):
        story.when(of_others, by=outsider).refused(NotResponsible, responsible=holder(aino))


@pytest.mark.rule(12)
def test_a_dissent_is_a_members_own() -> None:
    dissent = RecordDissent(AGREED, "asiakasta ei kuultu")
    agreed().when(dissent, by=bo).then(DissentRecorded(AGREED, "asiakasta ei kuultu"))
    agreed().when(dissent, by=bo.but(unit="toinen")).allowed()
    agreed().when(dissent, by=eeva).refused(NotAMember, line=AGREED)
    agreed().when(dissent.but(words=""), by=bo).refused(WordsMissing, field="words")
    agreed().when(dissent.but(line=made_by(9)), by=bo).refused(LineAbsent, line=made_by(9))
    agreed().when(dissent, by=bo, at=moment(3, 4), entered=moment(3, 9)).refused(TooEarly)
    agreed().when(dissent, by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(14)
def test_a_team_looks_back_on_its_own_work() -> None:
    review = ReviewTeamLine(AGREED, "emme kysyneet bussista")
    reviewed = agreed().when(review, by=aino).then(TeamSelfReviewed(AGREED, "emme kysyneet bussista"))
    assert reviewed.case.lines.now()[AGREED].reviewed
    agreed().when(review, by=eeva).refused(NotAMember)
    agreed().when(review.but(conclusions=" "), by=aino).refused(WordsMissing, field="conclusions")
    agreed().when(review.but(line=made_by(9)), by=aino).refused(LineAbsent)
