"""What workers need to carry a case: they ask, and a manager answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.case import Case, entry, in_words
from domain.decider import Absent, Action, Command, Context, Entry, Event, Forbidden, Role, Words

SupportKind = Literal["training", "consultation", "time", "deviation", "other"]


class SupportRequested(Event[Case]):
    """A worker asked for support in the case."""

    topic = "support-requested"

    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(support=state.support.with_(ctx.version, ctx.occurred))


class RequestSupport(Command[Case]):
    """Ask your manager for support in a case: training, consultation, time, room to do otherwise than the rule says."""

    words: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(words=self.words)
        yield SupportRequested(self.words)


class SupportGiven(Event[Case]):
    """A manager answered a worker's request for support, be it with a permission to deviate."""

    topic = "support-given"

    kind: SupportKind
    words: Words
    answers: Entry


class GiveSupport(Command[Case]):
    """Answer a worker of yours who asked for support. `answers` is the version of what they asked.

    A deviation is a permission to do otherwise than the job description or the unit's own practice says; a rule of the
    ledger's is set aside by an override instead.
    """

    roles = frozenset({Role.MANAGER})
    action = Action.CORRECT

    kind: SupportKind
    words: Words
    answers: Entry

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        asker = entry(ctx, self.answers).context.actor
        if state.support.get(self.answers) is None:
            raise SupportNotRequested(version=self.answers)
        if (ctx.actor.organisation, ctx.actor.unit) != (asker.organisation, asker.unit):
            raise NotTheirManager(organisation=asker.organisation, unit=asker.unit)
        in_words(words=self.words)
        yield SupportGiven(self.kind, self.words, self.answers)


class SupportNotRequested(Absent):
    """That entry asks for no support. Name the version of the request that you answer."""


class NotTheirManager(Forbidden):
    """You are not the manager of the worker who asked. Let the manager of their unit answer."""
