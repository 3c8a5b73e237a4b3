"""What the client and the service aim at and do."""

from typing import Any
from uuid import UUID

from domain.contacts import AttemptContact, MakeContact
from domain.decider import Actor, Role
from domain.elsewhere import ReferenceDecision
from domain.plan import AgreePlan, CloseGoal, ReviseGoal, SetGoal
from domain.provision import DeclineService, EndService, ServiceEnded, StartService
from domain.requests import AnswerAsClient, ClientAnswered
from projections.plan import PLAN, Planned
from tests.projections.histories import AINO, BO, THE_CLIENT, Told, hours, opened, version, worker

A_REPRESENTATIVE = Actor(str(UUID(int=9)), Role.REPRESENTATIVE)


def planned(told: Told, kind: str | None = None) -> list[Planned]:
    return [it for it in PLAN.over(told.counted) if kind in {None, it.kind}]


def only(told: Told, kind: str) -> Planned:
    (row,) = planned(told, kind)
    return row


def with_goal(by: Actor = THE_CLIENT) -> tuple[Told, UUID]:
    """Open a case and set a goal in it, an hour later."""
    told = opened(AINO).by(by, SetGoal("haluan töihin"), hours(1))
    return told, next(iter(told.case.goals.now()))


def with_service(**more: Any) -> tuple[Told, UUID]:
    """Open a case and start a service in it, an hour later."""
    told = opened(AINO).by(worker(AINO), StartService(BO, **more), hours(1))
    return told, next(iter(told.case.services.now()))


def agreed(told: Told, at: float, **more: Any) -> Told:
    plan: dict[str, Any] = {"client_position": "agreed", "no_view_because": "ei tavoitettu", **more}
    return told.by(worker(AINO), AgreePlan(**plan), hours(at))


def test_a_case_in_which_nothing_is_planned_has_no_row() -> None:
    assert planned(opened(AINO)) == []


# Goals.


def test_a_goal_is_pursued_in_the_words_that_it_was_last_put_into() -> None:
    told, goal = with_goal()
    row = only(told, "goal")
    assert (row.id, row.state, row.since, row.until, row.by_role, row.words) == (
        goal, "pursued", hours(1), None, "client", 2,
    )  # fmt: skip
    told.by(worker(AINO), ReviseGoal(goal, "osa-aikatyöhön"), hours(2))
    row = only(told, "goal")
    assert (row.version, row.words, row.since) == (2, 3, hours(1))


def test_of_a_goal_that_is_closed_it_tells_what_came_of_it() -> None:
    told, goal = with_goal()
    told.by(worker(AINO), CloseGoal(goal, "partly_reached"), hours(9))
    row = only(told, "goal")
    assert (row.state, row.until, row.settled) == ("partly_reached", hours(9), 3)


# Plans.


def test_a_plan_tells_for_which_goals_it_is_and_what_the_client_thinks_of_it() -> None:
    told, goal = with_goal()
    row = only(agreed(told, 2, client_position="partly_agreed", urgent=True), "plan")
    assert (row.state, row.goals, row.client_position, row.urgent) == ("in_force", (goal,), "partly_agreed", True)
    assert (row.client_view, row.answer) == (None, None)


def test_a_plan_takes_the_place_of_the_one_before() -> None:
    told, _ = with_goal()
    first, second = planned(agreed(agreed(told, 2), 5), "plan")
    assert (first.state, first.until, first.settled) == ("replaced", hours(5), second.version)
    assert (second.state, second.since, second.until) == ("in_force", hours(5), None)


def test_what_the_client_answers_to_a_plan_stands_beside_what_was_said_for_them() -> None:
    told, _ = with_goal()
    plan = only(agreed(told, 2), "plan").version
    row = only(told.by(THE_CLIENT, AnswerAsClient(version(plan), "refused"), hours(3)), "plan")
    assert (row.client_position, row.answer, row.answered_at) == ("agreed", "refused", hours(3))
    goal = only(told, "goal").version
    told.by(THE_CLIENT, AnswerAsClient(version(goal), "agreed"), hours(4))  # to a goal: that is no answer to a plan
    assert only(told, "goal").answer is None


def test_one_custodians_yes_is_not_yet_the_clients() -> None:
    told, _ = with_goal()
    plan = only(agreed(told, 2), "plan").version
    alone = ClientAnswered(version(plan), "agreed", "", waits_for="custodian")
    assert only(told.just(hours(3), alone, by=A_REPRESENTATIVE), "plan").answer is None


# Services.


def test_a_service_tells_who_provides_it_and_for_which_goal() -> None:
    told, goal = with_goal()
    told.by(worker(AINO), StartService(BO, goal), hours(2))
    row = only(told, "service")
    assert (row.state, row.provider, row.goal, row.since, row.until) == ("under_way", BO, goal, hours(2), None)


def test_a_service_that_the_client_declines_is_over() -> None:
    told, service = with_service()
    row = only(told.by(THE_CLIENT, DeclineService(service, "en halua"), hours(5)), "service")
    assert (row.state, row.until, row.declined_at, row.words, row.reason) == ("declined", hours(5), hours(5), 3, None)


def test_one_whose_declining_a_worker_wrote_down_goes_on_until_it_is_ended() -> None:
    told, service = with_service()
    told.by(worker(AINO), DeclineService(service, "ei halua"), hours(5))
    row = only(told, "service")
    assert (row.state, row.until, row.declined_at) == ("under_way", None, hours(5))
    told.by(worker(AINO), EndService(service, "asiakas ei halua", "agreed"), hours(7))
    row = only(told, "service")
    assert (row.state, row.until, row.declined_at, row.client_position) == ("ended", hours(7), hours(5), "agreed")
    assert (row.words, row.reason) == (3, 4)


def test_a_service_that_is_ended_tells_on_which_decision() -> None:
    told, service = with_service()
    told.by(worker(AINO), ReferenceDecision("ended", hours(1), hours(900)), hours(2))
    (decision,) = told.case.decisions.now()
    told.by(worker(AINO), EndService(service, "päättyi", "against", decision), hours(3))
    row = only(told, "service")
    assert (row.state, row.client_position, row.decision, row.settled) == ("ended", "against", decision, 4)


def test_what_is_over_is_not_ended_again() -> None:
    told, service = with_service()
    told.by(THE_CLIENT, DeclineService(service), hours(2))
    before = PLAN.over(told.counted)
    told.just(hours(3), ServiceEnded(service, "", None, "unknown"))
    assert PLAN.over(told.counted) == before


# Contacts.


def test_contacts_that_were_made_and_attempts_are_rows_that_are_over_at_once() -> None:
    told = opened(AINO).by(worker(AINO), AttemptContact("telephone", "no_answer"), hours(1))
    told.by(worker(AINO), MakeContact("letter"), hours(2))
    tried, made = planned(told, "contact")
    assert (tried.state, tried.channel, tried.since, tried.until) == ("no_answer", "telephone", hours(1), hours(1))
    assert (made.state, made.channel, made.since, made.settled) == ("made", "letter", hours(2), made.version)


def test_a_case_with_many_contacts_is_folded_in_time() -> None:
    told = opened(AINO).by(worker(AINO), MakeContact("telephone"), hours(1))
    once, memory = told.it[-1], PLAN.start
    for number in range(2, 5000):
        again = type(once)(once.stream, once.event, once.context.at(number))
        memory = PLAN.fold(memory, again)
    assert len(PLAN.rows(memory)) == 4998
