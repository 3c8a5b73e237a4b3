"""Who may see and do what: the whole table, what somebody is to a case, who is let act, and for what it is read."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.authorization import (
    MAY,
    PURPOSES,
    Grant,
    NotInTheCase,
    NotYoursToLetIn,
    Purpose,
    PurposeNotYours,
    Relation,
    knows_of,
    let_nobody_in,
    may,
    permit,
    permit_client,
    purpose_of,
    relation_for,
    seen_upto,
    shares,
    standing,
    usual,
)
from domain.case import Case
from domain.decider import Action, Actor, Command, Role, StreamAbsent
from domain.handoff import WithdrawHandoff
from domain.remembered import Service
from tests.domain.given import (
    ANY_CLIENT,
    CASE,
    CITY,
    KELA,
    MONDAY,
    STAFF_OF_ALL,
    Asked,
    Story,
    aino,
    an_auditor,
    arvo,
    bo,
    closed_at_once,
    eeva,
    made_by,
    mandate,
    marja,
    mother,
    oona,
    paula,
    proposed_to,
    represented,
    the_administrator,
    the_client,
    the_clock,
    unit,
)
from tests.domain.lives.life import begun, lucky
from tests.domain.lives.parts import let_go_with
from tests.domain.test_shares import A_DAY, A_WEEK, consented, handed_on, of, opened, the
from tests.domain.vocabulary import COMMANDS

briefly = settings(max_examples=60, deadline=None)
OMBUDSMAN = Actor("sari", Role.OMBUDSMAN, CITY)
STRANGER = Actor("ville", Role.WORKER, "1234567-1", "muualla")

# The table.

LETTERS = {
    Role.WORKER: "w", Role.MANAGER: "m", Role.CLIENT: "c", Role.REPRESENTATIVE: "r", Role.AUDITOR: "a",
    Role.OMBUDSMAN: "o", Role.ADMINISTRATOR: "d", Role.SYSTEM: "s",
}  # fmt: skip
TABLE = """
                 read  work  answer  correct  ask  enter  erase
holds            wm    wm    wm      wm       wm   wm     -
manages          wm    wm    wm      wm       wm   wm     -
drives           wm    wm    -       wm       wm   wm     -
offered          wm    -     wm      -        wm   wm     -
serves           wm    wm    -       wm       wm   wm     -
in_team          wm    wm    -       wm       wm   wm     -
held_before      wm    -     -       wm       wm   wm     -
held_then        -     wm    wm      -        wm   wm     -
offered_before   -     -     wm      -        wm   wm     -
in_emergency     wm    -     -       -        wm   wm     -
client           c     c     -       c        wm   wm     -
represents       r     r     -       r        wm   wm     -
advises          o     -     -       -        wm   wm     -
granted          a     -     -       -        wm   wm     -
keeps            -     -     -       -        wm   wm     d
none             -     -     -       -        wm   wm     -
"""
"""By what somebody is to the case and what they would do: the roles that may. Staff of anywhere ask for a case, and
take access to one in an emergency; the system is not in it, since it acts by itself."""


def test_the_whole_table_is_as_it_is_written_here() -> None:
    head, *rows = (line.split() for line in TABLE.strip().splitlines())
    assert head == [str(it) for it in Action]
    assert [row[0] for row in rows] == [str(it) for it in Relation]
    assert set(LETTERS) == set(Role)
    wrong = [
        (relation, action, role)
        for relation, *cells in rows
        for action, cell in zip(Action, cells, strict=True)
        for role, letter in LETTERS.items()
        if may(action, role, {Relation(relation)}) != (letter in cell)
    ]
    assert wrong == []


def test_who_is_nothing_to_a_case_or_has_no_relation_may_nothing_but_ask_and_enter() -> None:
    assert {it for it in Action for role in Role if may(it, role, {Relation.NONE})} == {Action.ASK, Action.ENTER}
    assert [it for it in Action for role in Role if may(it, role, ())] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: it.__name__)
def test_whoever_a_command_is_for_may_do_it_being_something_to_the_case(command: type[Command[Case]]) -> None:
    assert command.action in MAY
    if command.state is Case and command.stream == "existing" and command.__module__ != "domain.imports":
        assert command.roles - {Role.SYSTEM} <= MAY[command.action].keys()


def test_reading_is_no_command() -> None:
    assert {it.action for it in COMMANDS if it.state is Case} == set(Action) - {Action.READ}


# What somebody is to a case.


def test_a_manager_manages_the_very_unit() -> None:
    story = opened()
    assert of(marja, story) == {Relation.HOLDS, Relation.MANAGES}
    assert of(marja.but(unit="muu"), story) == {Relation.HOLDS}
    assert of(aino, story) == {Relation.HOLDS}


def test_others_are_to_a_case_what_they_are_for_the_client_or_were_let() -> None:
    story = opened(consented(CITY, until=MONDAY + A_WEEK))
    client = represented((mother, mandate("guardian", until=MONDAY + A_WEEK)))
    assert standing(mother, story.case, MONDAY, client).relations == {Relation.REPRESENTS}
    assert standing(mother, story.case, MONDAY + A_WEEK, client).relations == {Relation.NONE}
    assert standing(mother, story.case, MONDAY, None).relations == {Relation.NONE}
    assert standing(mother, story.case, MONDAY, client.but(dead=True)).relations == {Relation.NONE}
    assert of(the_client, story) == {Relation.CLIENT}
    assert (of(an_auditor, story), of(the_clock, story)) == (set(), set())
    assert standing(an_auditor, story.case, MONDAY, None, grant=True).relations == {Relation.GRANTED}
    assert of(the_administrator, story) == {Relation.KEEPS}
    assert (of(OMBUDSMAN, story), of(OMBUDSMAN, story, MONDAY + A_WEEK)) == ({Relation.ADVISES}, set())
    assert (of(OMBUDSMAN.but(organisation=KELA), story), of(paula, story)) == (set(), set())


def test_a_grant_covers_what_it_names_and_what_was_open_in_its_time() -> None:
    case, closed = opened().case, opened(*closed_at_once()).case
    assert closed.closed_at
    nothing, named = Grant("valvonta"), Grant("valvonta", frozenset({CASE}))
    assert (nothing.covers(CASE, case), named.covers(CASE, case), named.covers(uuid4(), case)) == (False, True, False)
    periods = {
        (None, MONDAY): (False, False), (None, MONDAY + A_WEEK): (True, True), (MONDAY + A_WEEK, None): (True, False),
        (closed.closed_at, None): (True, True), (MONDAY - A_WEEK, MONDAY): (False, False),
    }  # fmt: skip
    for (since, until), expected in periods.items():
        grant = Grant("valvonta", since=since, until=until)
        assert (grant.covers(CASE, case), grant.covers(CASE, closed)) == expected
        assert not grant.covers(CASE, Case())


# Who is let act.


def let(action: Action, actor: Actor, story: Story, occurred: datetime = MONDAY + A_WEEK) -> None:
    permit(action, actor, story.case, ANY_CLIENT, at=MONDAY + 2 * A_WEEK, occurred=occurred)


def test_who_may_read_and_not_act_is_told_so_and_an_outsider_finds_nothing() -> None:
    story = opened(proposed_to(bo))
    let(Action.WORK, arvo, story)
    let(Action.ANSWER, eeva, story)
    with pytest.raises(NotInTheCase) as refused:
        let(Action.WORK, bo, story)
    assert refused.value.details["relations"] == [Relation.OFFERED]
    for outsider in (oona, STRANGER, the_administrator, an_auditor, OMBUDSMAN, mother):
        with pytest.raises(StreamAbsent):
            let(Action.WORK, outsider, story)
    with pytest.raises(StreamAbsent):
        let(Action.ANSWER, oona, story)
    let(Action.ASK, oona, story)
    let(Action.ENTER, STRANGER, story)
    let(Action.WORK, the_clock, story)
    with pytest.raises(StreamAbsent):
        let(Action.ENTER, the_administrator, story)
    let(Action.ERASE, the_administrator, story)


def test_what_happened_while_one_had_the_case_is_written_down_late_and_what_came_after_is_not() -> None:
    story = handed_on(opened(), aino, bo)
    left = the(Relation.HELD_BEFORE, story).left
    assert left
    let(Action.WORK, aino, story, MONDAY)
    let(Action.WORK, aino, story, left - A_DAY / 24)
    let(Action.CORRECT, aino, story)
    for occurred in (left, left + A_DAY, MONDAY - A_DAY):
        with pytest.raises(NotInTheCase):
            let(Action.WORK, aino, story, occurred)
    with pytest.raises(StreamAbsent):
        let(Action.WORK, oona, story, MONDAY)


def test_nobody_lets_anybody_into_a_case_who_does_not_answer_for_it() -> None:
    before = handed_on(opened(), aino, bo).case
    served = Service(MONDAY, unit(aino), statutory=True)
    after = before.but(services=before.services.with_(uuid4(), served))
    with pytest.raises(NotYoursToLetIn):
        let_nobody_in(aino, before, after, MONDAY)
    let_nobody_in(bo, before, after, MONDAY)
    beside = after.but(services=after.services.with_(uuid4(), served.but(provider=unit(oona))))
    with pytest.raises(NotYoursToLetIn):
        let_nobody_in(aino, after, beside, MONDAY)
    let_nobody_in(aino, after, after.but(services=after.services.with_(uuid4(), served)), MONDAY)


def test_who_is_told_of_a_part_of_a_case_knows_that_it_is_there_and_no_more() -> None:
    case = handed_on(opened(), aino, bo).case
    assert (seen_upto(bo, case, MONDAY), seen_upto(the_client, case, MONDAY)) == (None, None)
    assert seen_upto(aino, case, MONDAY) == the(Relation.HELD_BEFORE, handed_on(opened(), aino, bo)).upto
    assert seen_upto(oona, case, MONDAY) == 0
    assert [knows_of(it, case) for it in (aino, bo, oona)] == [True, True, False]


def test_who_was_offered_it_in_vain_answers_and_reads_nothing() -> None:
    story = opened(proposed_to(bo), Asked(WithdrawHandoff(made_by(2), "erehdys"), aino))
    let(Action.ANSWER, bo, story)
    with pytest.raises(StreamAbsent):
        let(Action.WORK, bo, story)


def test_a_client_is_known_to_who_works_in_their_cases_and_to_who_registered_them() -> None:
    case, client = opened().case, ANY_CLIENT.but(registered_by=CITY)
    for known in (aino, oona, the_client):
        permit_client(Action.WORK, known, client, [case], MONDAY)
    for unknown, cases in ((bo, [case]), (aino, [])):
        with pytest.raises(StreamAbsent):
            permit_client(Action.WORK, unknown, client, cases, MONDAY)


def test_whom_no_organisation_registered_is_not_known_to_all_who_are_of_none() -> None:
    assert ANY_CLIENT.registered_by is None
    with pytest.raises(StreamAbsent):
        permit_client(Action.WORK, Actor("vaeltaja", Role.WORKER), ANY_CLIENT, [], MONDAY)


# For what somebody reads.

WHY = """
holds work
manages work supervision
drives work
serves work
in_team work
held_before work
offered offer
in_emergency emergency
client own
represents own
advises advice
granted audit
keeps upkeep
"""


def test_each_reads_for_the_purposes_that_are_written_here() -> None:
    assert {str(it): sorted(map(str, PURPOSES[it])) for it in PURPOSES} == {
        relation: sorted(purposes) for relation, *purposes in map(str.split, WHY.strip().splitlines())
    }
    readers = set().union(*MAY[Action.READ].values())
    assert readers | {Relation.KEEPS} == set(PURPOSES)
    assert set().union(*PURPOSES.values()) | {Purpose.SYSTEM, Purpose.SLIP} == set(Purpose)


def test_who_says_no_purpose_has_the_usual_one_and_nobody_says_one_that_is_not_theirs() -> None:
    both = {Relation.HOLDS, Relation.MANAGES}
    assert purpose_of(Role.MANAGER, both, None) == Purpose.WORK
    assert purpose_of(Role.MANAGER, both, Purpose.SUPERVISION) == Purpose.SUPERVISION
    assert relation_for(both, Purpose.SUPERVISION) == Relation.MANAGES
    assert relation_for(both, Purpose.WORK) == Relation.HOLDS
    assert purpose_of(Role.WORKER, {Relation.OFFERED, Relation.HELD_BEFORE}, Purpose.OFFER) == Purpose.OFFER
    with pytest.raises(PurposeNotYours) as refused:
        purpose_of(Role.WORKER, {Relation.HOLDS}, Purpose.EMERGENCY)
    assert refused.value.details == {"allowed": [Purpose.WORK]}
    assert {role: str(usual(role)) for role in Role} == {
        Role.WORKER: "work", Role.MANAGER: "work", Role.CLIENT: "own", Role.REPRESENTATIVE: "own",
        Role.AUDITOR: "audit", Role.OMBUDSMAN: "advice", Role.ADMINISTRATOR: "upkeep", Role.SYSTEM: "system",
    }  # fmt: skip


# Whatever happens.


@briefly
@for_all(st.sampled_from(sorted(Role)), st.frozensets(st.sampled_from(sorted(Relation))))
def test_whoever_may_act_may_read_but_for_answers_and_for_letting_oneself_in(
    role: Role, relations: frozenset[Relation]
) -> None:
    known = relations | {Relation.HELD_BEFORE} if Relation.HELD_THEN in relations else relations
    for action in (Action.WORK, Action.CORRECT):
        assert not may(action, role, known) or may(Action.READ, role, known)
    if may(Action.READ, role, known):
        purpose = purpose_of(role, known, None)
        assert purpose in PURPOSES[relation_for(known, purpose)]


@briefly
@for_all(st.integers(0, 2**63), st.integers(1, 40))
def test_nobody_without_a_part_ever_reads_and_who_had_it_reads_up_to_its_leaving(seed: int, length: int) -> None:
    life = begun(lucky(seed))
    for _ in range(length):
        list(life.goes_on())
        now, case = life.now, life.story.case
        having = {it.organisation for it in shares(case)}
        for who in (*STAFF_OF_ALL, STRANGER):
            found = standing(who, case, now, None)
            reads = may(Action.READ, who.role, found.relations)
            assert not reads or who.organisation in having
            assert reads or found.relations <= {Relation.NONE, Relation.OFFERED_BEFORE}
            if found.relations == {Relation.HELD_BEFORE}:
                assert found.upto == let_go_with(life.story.history, who.organisation)
