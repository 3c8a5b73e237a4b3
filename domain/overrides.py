"""Rules of conduct that a manager may set aside: with a reason, the client told, and another person's review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid5

from domain.case import Case, in_words
from domain.decider import (
    Absent,
    Action,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Override,
    Role,
    Unacceptable,
    Words,
    not_before,
    overrides_of,
)
from domain.intake import told
from domain.remembered import Overridden
from domain.voice import same_person


class Overridable(Conflict):
    """A rule of conduct stands in the way. A manager may set it aside."""

    rule: ClassVar[int]

    @classmethod
    def says(cls) -> str:
        """Return what the caller reads: why not, what to do, and how a manager sets the rule aside."""
        return f"{super().says()} A manager may override rule {cls.rule}: {_HOW}"

    def set_aside(self, command: Command[Any], ctx: Context, version: int) -> Iterator[Event[Any]]:
        """Yield the override and that the client is told of it, where a manager sets the rule aside; or raise it."""
        override = next((it for it in overrides_of(command) if it.rule == self.rule), None)
        if override is None:
            raise self
        only_manager_overrides(override, ctx)
        which = uuid5(ctx.command, f"override {self.rule}")
        yield RuleOverridden(which, self.rule, override.reason, override.review_by)
        yield told(Entry(version), override.channel, override.withheld_because, ctx)


_HOW = "send the same with `override`, a list that names the rule, the reason and by when another person reviews it."


class RuleOverridden(Event[Case]):
    """A manager set a rule aside for what follows in the same act, with a reason and a date for its review."""

    topic = "rule-overridden"
    lasting = True

    override: UUID
    rule: int
    reason: Words
    review_by: datetime

    def evolve(self, state: Case, ctx: Context) -> Case:
        remembered = Overridden(self.rule, ctx.actor, ctx.occurred)
        return state.but(overrides=state.overrides.with_(self.override, remembered))


class OverrideReviewed(Event[Case]):
    """Another person looked at an override: whether it was right to set the rule aside."""

    topic = "override-reviewed"

    override: UUID
    outcome: Literal["upheld", "not_upheld"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(overrides=state.overrides.with_(self.override, None))


class ReviewOverride(Command[Case]):
    """Say whether it was right to set a rule aside. Another manager than the one who did says so."""

    roles = frozenset({Role.MANAGER})
    action = Action.CORRECT

    override: UUID
    outcome: Literal["upheld", "not_upheld"]

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        overridden = state.overrides.get(self.override)
        if overridden is None:
            raise OverrideNotOpen(override=self.override)
        not_before(ctx, overridden.at)
        if same_person(ctx.actor, overridden.by):
            raise OwnOverride
        yield OverrideReviewed(self.override, self.outcome)


def only_manager_overrides(override: Override, ctx: Context) -> None:
    """Refuse an override by anybody else, one without a reason, and a review that is not to come."""
    if ctx.actor.role != Role.MANAGER:
        raise OnlyManagerOverrides(rule=override.rule)
    in_words(reason=override.reason)
    if override.review_by <= ctx.occurred:
        raise ReviewInThePast(review_by=override.review_by)


class OnlyManagerOverrides(Forbidden):
    """Only a manager sets a rule aside. Ask the manager of your unit to send it."""


class ReviewInThePast(Unacceptable):
    """A review is for the time to come. Send a later time."""


class OverrideNotOpen(Absent):
    """No such override waits for its review. Read the case's findings."""


class OwnOverride(Forbidden):
    """You set the rule aside yourself, so another manager reviews it. Ask one to."""
