"""What the client and the service aim at: goals, and the plan that is agreed on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, in_words, only_while_open
from domain.client import only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Override,
    Refusal,
    Words,
    not_before,
)
from domain.overrides import Overridable
from domain.remembered import Goal
from domain.voice import heard

GoalOutcome = Literal["reached", "partly_reached", "given_up", "changed"]
Position = Literal["agreed", "partly_agreed", "disagreed", "unknown"]
"""What the client thinks of a plan."""


class GoalSet(Event[Case]):
    """A goal was set, in words."""

    topic = "goal-set"

    goal: UUID
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(goals=state.goals.with_(self.goal, Goal(ctx.occurred)))


class SetGoal(Command[Case]):
    """Set a goal, in the client's words or yours. The client may set goals too."""

    roles = ANYONE_IN_THE_CASE
    makes = True

    words: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        only_client_side(ctx, "statements", personal=False)
        in_words(words=self.words)
        yield GoalSet(ctx.id(1), self.words)


class GoalRevised(Event[Case]):
    """A goal that is pursued was put into other words."""

    topic = "goal-revised"

    goal: UUID
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(goals=state.goals.with_(self.goal, Goal(ctx.occurred)))


class ReviseGoal(Command[Case]):
    """Put a goal that is pursued into other words. The old ones stay in the history."""

    roles = ANYONE_IN_THE_CASE

    goal: UUID
    words: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        only_client_side(ctx, "statements", personal=False)
        not_before(ctx, pursued(state, self.goal).since)
        in_words(words=self.words)
        yield GoalRevised(self.goal, self.words)


class GoalClosed(Event[Case]):
    """A goal is no longer pursued, and this came of it."""

    topic = "goal-closed"

    goal: UUID
    outcome: GoalOutcome

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(goals=state.goals.with_(self.goal, None))


class CloseGoal(Command[Case]):
    """Say what came of a goal: it was reached, wholly or in part, given up, or changed for another."""

    roles = ANYONE_IN_THE_CASE

    goal: UUID
    outcome: GoalOutcome

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        only_client_side(ctx, "statements", personal=False)
        not_before(ctx, pursued(state, self.goal).since)
        yield GoalClosed(self.goal, self.outcome)


class PlanAgreed(Event[Case]):
    """A plan was made for these goals: what the client thinks of it, and on what it rests."""

    topic = "plan-agreed"

    plan: UUID
    goals: tuple[UUID, ...]
    client_position: Position
    client_view: UUID | None
    rests_on: tuple[Entry, ...]
    urgent: bool

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(plan=ctx.version, planned_at=ctx.occurred)


class AgreePlan(Command[Case]):
    """Make a plan for the goals, all that are pursued where you name none. It takes the place of the plan before it.

    `client_view` is the statement on which it rests; without one, `no_view_because` says why there is none. While the
    client owns the case, a plan needs their yes, unless it is `urgent`. Where the client in person refused the last
    plan, their yes to another is what they themself have entered or confirmed since: name that as `client_view`.
    """

    makes = True

    client_position: Position
    client_view: UUID | None = None
    no_view_because: Words | None = None
    goals: tuple[UUID, ...] = ()
    rests_on: tuple[Entry, ...] = ()
    urgent: bool = False
    override: tuple[Override, ...] = ()

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        only_while_open(state, ctx)
        for goal in self.goals:
            not_before(ctx, pursued(state, goal).since)
        for version in self.rests_on:
            entry(ctx, version)
        yield from heard(state, "plan", self.client_view, self.no_view_because)
        if state.owned_by == "client" and not self.urgent and not _agreed(self, state):
            yield PlanNeedsClientsYes(client_position=self.client_position)
        yield PlanAgreed(
            plan=ctx.id(1), goals=self.goals or _all_pursued(state), client_position=self.client_position,
            client_view=self.client_view, rests_on=self.rests_on, urgent=self.urgent,
        )  # fmt: skip


def pursued(case: Case, goal: UUID) -> Goal:
    """Return what is remembered of a goal, or refuse one that is not pursued."""
    if not (remembered := case.goals.get(goal)):
        raise GoalNotPursued(goal=goal)
    return remembered


def _all_pursued(case: Case) -> tuple[UUID, ...]:
    return tuple(goal for goal, since in case.goals.now().items() if since)


def _agreed(plan: AgreePlan, case: Case) -> bool:
    """Say whether the client agrees. After their own no to the last plan, a worker's word for it is not enough."""
    if plan.client_position != "agreed" or case.answered_in_person.get(case.plan) is not False:
        return plan.client_position == "agreed"
    view = case.statements.get(plan.client_view) if plan.client_view else None
    return bool(view and view.in_person and case.planned_at and view.at > case.planned_at)


class GoalNotPursued(Conflict):
    """No such goal is pursued: it was closed, or the id is another's. Read the plan, or set the goal anew."""


class PlanNeedsClientsYes(Overridable):
    """The client owns the case and has not said yes to the plan. Agree on it with them first."""

    rule = 30
