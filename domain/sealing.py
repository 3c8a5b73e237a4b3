"""The stream of the log itself: once a day the last event of every stream is sealed, so that none is cut off unseen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from domain.decider import Command, Conflict, Context, Event, Role, State, Unacceptable

LOG_STREAM = uuid5(NAMESPACE_URL, "luotsi:log")
"""The stream of a region's log."""


class Log(State):
    """What is remembered of the log: the last day that is sealed, None before the first, and over how many events."""

    day: date | None = None
    events: int = 0


class HeadsSealed(Event[Log]):
    """The heads of all streams were sealed: the last event of each, as of the first `events` events of the log.

    `day` is the day in UTC, `streams` how many streams there were, and `root` the root of the tree over their heads,
    in hex (RFC 9162).
    """

    topic = "heads-sealed"

    day: date
    events: int
    streams: int
    root: str

    def evolve(self, state: Log, ctx: Context) -> Log:
        return state.but(began=state.began or ctx.occurred, day=self.day, events=self.events)


class SealHeads(Command[Log]):
    """Seal the heads of all streams, once a day. The service does so by itself: nobody else has a way to ask for it."""

    roles = frozenset({Role.SYSTEM})
    stream = "any"

    day: date
    events: int
    streams: int
    root: str

    def decide(self, state: Log, ctx: Context) -> Iterator[Event[Log]]:
        if state.day is not None and self.day <= state.day:
            raise DaySealed(day=state.day)
        if self.events < state.events:
            raise LogShorter(events=self.events, sealed=state.events)
        yield HeadsSealed(self.day, self.events, self.streams, self.root)


class DaySealed(Conflict):
    """The heads of that day, or of a later one, are sealed already. Seal those of the next day."""


class LogShorter(Unacceptable):
    """More events than that were sealed before, and a log only grows. Seal the heads as of all its events."""
