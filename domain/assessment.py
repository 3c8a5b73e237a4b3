"""Assessments: started, and completed with what was found and on whose words it rests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, only_while_open
from domain.decider import Command, Conflict, Context, Entry, Event, Unacceptable, Words, not_before
from domain.remembered import Assessment
from domain.voice import heard

AssessmentKind = Literal["screening", "urgent", "needs", "review", "final"]
Trigger = Literal["ability_to_run_affairs", "change_in_life", "many_services", "weakest_position"]
"""What tells those who need guidance from the many who don't."""
Outcome = Literal["advice_suffices", "guidance_needed", "service_needed", "no_need"]


class AssessmentStarted(Event[Case]):
    """An assessment began."""

    topic = "assessment-started"

    assessment: UUID
    kind: AssessmentKind

    def evolve(self, state: Case, ctx: Context) -> Case:
        begun = Assessment(self.kind, ctx.occurred)
        return state.but(assessments=state.assessments.with_(self.assessment, begun))


class StartAssessment(Command[Case]):
    """Begin an assessment: screening, urgent, of needs, a review, or the final one."""

    makes = True

    kind: AssessmentKind

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        yield AssessmentStarted(ctx.id(1), self.kind)


class AssessmentCompleted(Event[Case]):
    """An assessment was completed: what was found, what it rests on, and whether the client was heard."""

    topic = "assessment-completed"

    assessment: UUID
    kind: AssessmentKind
    outcome: Outcome
    triggers: tuple[Trigger, ...]
    special_support: bool
    summary: Words
    client_view: UUID | None
    rests_on: tuple[Entry, ...]

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(
            assessments=state.assessments.with_(self.assessment, None), special_support=self.special_support,
            advice_suffices=self.outcome == "advice_suffices",
        )  # fmt: skip


class CompleteAssessment(Command[Case]):
    """Complete an assessment that was begun, or one made in a single sitting (leave `assessment` out).

    `client_view` is the statement on which it rests; without one, `no_view_because` says why there is none. Whether the
    client needs special support stays as it was found before, where `special_support` is left out.
    """

    makes = True

    kind: AssessmentKind
    outcome: Outcome
    client_view: UUID | None = None
    no_view_because: Words | None = None
    summary: Words = ""
    triggers: tuple[Trigger, ...] = ()
    special_support: bool | None = None
    rests_on: tuple[Entry, ...] = ()
    assessment: UUID | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        if self.assessment is not None:
            if not (started := state.assessments.get(self.assessment)):
                raise AssessmentNotOpen(assessment=self.assessment)
            not_before(ctx, started.since)
            if self.kind != started.kind:
                raise AssessmentOfAnotherKind(begun=started.kind, kind=self.kind)
        for version in self.rests_on:
            entry(ctx, version)
        yield from heard(state, "assessment", self.client_view, self.no_view_because)
        special_support = state.special_support if self.special_support is None else self.special_support
        yield AssessmentCompleted(
            assessment=self.assessment or ctx.id(1), kind=self.kind, outcome=self.outcome, triggers=self.triggers,
            special_support=special_support, summary=self.summary, client_view=self.client_view,
            rests_on=self.rests_on,
        )  # fmt: skip


class AssessmentNotOpen(Conflict):
    """No such assessment is under way: it was completed, or the id is another's. Begin one, or leave the id out."""


class AssessmentOfAnotherKind(Unacceptable):
    """The assessment that was begun is of another kind. Send the kind with which it began, or leave its id out."""
