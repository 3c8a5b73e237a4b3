"""How the client was reached, and how they were not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.case import Case, only_while_open
from domain.decider import Command, Context, Event, Means
from domain.remembered import Attempt


class ContactAttempted(Event[Case]):
    """Somebody tried to reach the client and did not."""

    topic = "contact-attempted"

    channel: Means
    outcome: Literal["no_answer", "left_message", "returned_mail", "no_show"]

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(attempts=state.attempts.with_(ctx.version, Attempt(self.channel, ctx.occurred)))


class AttemptContact(Command[Case]):
    """Record that you tried to reach the client and did not: by which channel, and what came of it."""

    channel: Means
    outcome: Literal["no_answer", "left_message", "returned_mail", "no_show"]

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        yield ContactAttempted(self.channel, self.outcome)


class ContactMade(Event[Case]):
    """The client was reached. Attempts to reach them are counted anew from then on."""

    topic = "contact-made"

    channel: Means

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.reached(ctx)


class MakeContact(Command[Case]):
    """Record that you reached the client, or they you, and by which channel."""

    channel: Means

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        yield ContactMade(self.channel)


def attempts(case: Case, ctx: Context) -> list[Attempt]:
    """Return the attempts to reach the client since they were last reached, earliest first."""
    since = case.reached_at
    found = [it for it in case.attempts.now().values() if it.at <= ctx.occurred and (since is None or it.at > since)]
    return sorted(found, key=lambda it: it.at)
