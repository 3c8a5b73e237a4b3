"""What the client and the service aim at: goals, and the plan that is agreed on them."""

from typing import Any

import pytest

from domain.case import CaseNotOpen, EntryAbsent, WordsMissing
from domain.client import OutsideMandate
from domain.client_ownership import ReturnOwnership, TakeOwnership
from domain.decider import RoleNotAllowed, TooEarly
from domain.plan import (
    AgreePlan,
    CloseGoal,
    GoalClosed,
    GoalNotPursued,
    GoalRevised,
    GoalSet,
    PlanAgreed,
    PlanNeedsClientsYes,
    ReviseGoal,
    SetGoal,
)
from domain.requests import AnswerAsClient
from domain.voice import RecordStatement, ViewMissing, ViewUnavailable
from tests.domain.given import (
    Asked,
    Story,
    aino,
    an_auditor,
    bo,
    closed_at_once,
    entry,
    given,
    made_by,
    mandate,
    moment,
    mother,
    opened_by,
    represented,
    said_by_client,
    the_client,
)

GOAL, OTHER = made_by(2), made_by(3)
PLAN = AgreePlan("agreed", no_view_because="käytiin läpi puhelimessa")


def aimed() -> Story:
    """Begin with two goals, the client's and the worker's."""
    return given(
        opened_by(aino),
        Asked(SetGoal("Saan vuokran maksettua"), the_client, moment(3, 4)),
        Asked(SetGoal("Velat järjestyvät"), aino, moment(3, 5)),
    )


def owned(**more: Any) -> Story:
    """Begin with a case that the client owns."""
    return given(opened_by(aino), Asked(TakeOwnership(), the_client), **more)


def test_goals_are_set_by_the_client_too_and_revised_and_closed() -> None:
    story = given(opened_by(aino)).when(SetGoal("Saan vuokran maksettua"), by=the_client)
    story.then(GoalSet(GOAL, "Saan vuokran maksettua"))
    revised = story.when(ReviseGoal(GOAL, "Vuokra ja sähkö"), by=aino).then(GoalRevised(GOAL, "Vuokra ja sähkö"))
    closed = revised.when(CloseGoal(GOAL, "partly_reached"), by=aino).then(GoalClosed(GOAL, "partly_reached"))
    closed.when(ReviseGoal(GOAL, "Vielä"), by=the_client).refused(GoalNotPursued, goal=GOAL)
    closed.when(CloseGoal(GOAL, "changed"), by=the_client).refused(GoalNotPursued)
    story.when(SetGoal(" "), by=aino).refused(WordsMissing, field="words")
    story.when(ReviseGoal(GOAL, ""), by=aino).refused(WordsMissing, field="words")
    story.when(SetGoal("Vahditaan"), by=an_auditor).refused(RoleNotAllowed)
    narrow = story.knowing(client=represented((mother, mandate("proxy", "closure"))))
    for command in (SetGoal("Muuta"), ReviseGoal(GOAL, "Muuta"), CloseGoal(GOAL, "given_up")):
        narrow.when(command, by=mother).refused(OutsideMandate, scope="statements")


def test_nothing_comes_of_a_goal_before_it_is_set() -> None:
    before = moment(3, 4)
    aimed().when(CloseGoal(OTHER, "reached"), by=aino, at=before, entered=moment(3, 9)).refused(TooEarly)
    aimed().when(PLAN.but(goals=(OTHER,)), by=aino, at=before, entered=moment(3, 9)).refused(TooEarly)


@pytest.mark.rule(11)
def test_a_plan_is_made_for_all_the_goals_that_are_pursued_and_says_whether_the_client_was_heard() -> None:
    story = aimed().did(said_by_client("Vuokra ensin"))
    plan = AgreePlan("partly_agreed", client_view=made_by(4), rests_on=(entry(2), entry(4)), urgent=True)
    story.when(plan, by=bo).then(
        PlanAgreed(made_by(5), (GOAL, OTHER), "partly_agreed", made_by(4), (entry(2), entry(4)), urgent=True)
    )
    story.when(plan.but(goals=(OTHER,)), by=aino).then(
        PlanAgreed(made_by(5), (OTHER,), "partly_agreed", made_by(4), (entry(2), entry(4)), urgent=True)
    )
    assert story.when(PLAN, by=aino).happened[0] == ViewUnavailable("plan", "käytiin läpi puhelimessa")
    story.when(AgreePlan("unknown"), by=aino).refused(ViewMissing)
    story.when(plan.but(rests_on=(entry(9),)), by=aino).refused(EntryAbsent)
    story.when(plan.but(goals=(made_by(9),)), by=aino).refused(GoalNotPursued, goal=made_by(9))
    closed = story.did(Asked(CloseGoal(GOAL, "reached"), aino))
    made = closed.when(plan, by=aino).happened[0]
    assert isinstance(made, PlanAgreed)
    assert made.goals == (OTHER,)


def test_a_closed_case_has_no_new_goals_and_no_new_plan() -> None:
    closed = given(opened_by(aino), Asked(SetGoal("Vuokra"), the_client), closed_at_once())
    for command in (SetGoal("Uusi"), ReviseGoal(GOAL, "Uusi"), CloseGoal(GOAL, "reached"), PLAN):
        closed.when(command, by=aino).refused(CaseNotOpen)
    closed.when(PLAN, by=aino, at=moment(3, 3, 10), entered=moment(3, 9), reported=True).allowed()


@pytest.mark.rule(30)
def test_while_the_client_owns_a_plan_needs_their_yes() -> None:
    for position in ("partly_agreed", "disagreed", "unknown"):
        refused = owned().when(PLAN.but(client_position=position), by=aino)
        refused.refused(PlanNeedsClientsYes, client_position=position)
    owned().when(PLAN, by=aino).allowed()
    owned().when(PLAN.but(client_position="disagreed", urgent=True), by=aino).allowed()
    back = owned().did(Asked(ReturnOwnership(), the_client))
    back.when(PLAN.but(client_position="disagreed"), by=aino).allowed()


@pytest.mark.rule(30)
def test_after_the_clients_own_no_to_a_plan_a_workers_word_for_their_yes_is_not_enough() -> None:
    story = owned().did(Asked(PLAN, aino, moment(3, 5)))
    no = story.did(Asked(AnswerAsClient(entry(4), "refused"), the_client, moment(3, 6)))
    no.when(PLAN, by=aino).refused(PlanNeedsClientsYes)
    written = no.did(Asked(RecordStatement("Tämä käy", medium="telephone"), aino, moment(3, 7)))
    written.when(PLAN.but(client_view=made_by(5)), by=aino).refused(PlanNeedsClientsYes)
    said = no.did(said_by_client("Tämä käy", moment(3, 7)))
    said.when(PLAN.but(client_view=made_by(5)), by=aino).allowed()
    earlier = owned().did(said_by_client("Autan itse", moment(3, 4))).did(Asked(PLAN, aino, moment(3, 5)))
    no = earlier.did(Asked(AnswerAsClient(entry(5), "refused"), the_client, moment(3, 6)))
    no.when(PLAN.but(client_view=made_by(3)), by=aino).refused(PlanNeedsClientsYes)
