"""Who of the unit that holds the case answers for it: a worker who is named, or the unit until it has named one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from domain.alerts import managers_told
from domain.case import Case, gone, in_order, known_holder, only_open, only_responsible, taking_on
from domain.decider import Actor, Command, Conflict, Context, Entry, Event, Role, Unacceptable, Words
from domain.remembered import Holder

Cause = Literal["worker_leaving", "worker_departed", "unit_closed"]


class ResponsibleNamed(Event[Case]):
    """A manager named which worker of the unit that holds the case answers for it."""

    topic = "responsible-named"
    lasting = True

    holder: Holder
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.held_by(self.holder, ctx)


class NameResponsible(Command[Case]):
    """Name the worker of your unit who answers for the case. Any other move is a handoff."""

    roles = frozenset({Role.MANAGER})

    holder: Holder
    reason: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_open(state)
        held = only_responsible(state, ctx)
        in_order(ctx, state.responsible_since)
        known_holder(ctx, self.holder)
        taking_on(ctx, self.holder)
        if self.holder.worker is None or self.holder.as_unit != held.as_unit:
            raise OnlyWithinTheUnit(unit=held.as_unit)
        if self.holder != held:
            yield ResponsibleNamed(self.holder, self.reason)


class ResponsibilityFellToUnit(Event[Case]):
    """The worker who answered for the case takes on nothing more: their unit answers, and names another by `due_by`.

    What the client decided about the owner stands, and so does an offer of the case that waits for an answer.
    """

    topic = "responsibility-fell-to-unit"
    lasting = True

    unit: Holder
    due_by: datetime
    cause: Cause
    policy: int = 0

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.held_by(self.unit, ctx, self.due_by)


class FallToUnit(Command[Case]):
    """Let the unit answer for the case of a `worker` of it who is leaving, has left, or whose unit is closed.

    Its manager is told, and names another worker.
    """

    roles = frozenset({Role.SYSTEM})

    worker: Holder

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield from (self.worker, self.worker.as_unit)

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_open(state)
        if self.worker != state.responsible or self.worker.worker is None:
            raise AnswersNoLonger(worker=self.worker)
        in_order(ctx, state.responsible_since)
        if not gone(ctx, self.worker):
            raise StaysOn(worker=self.worker)
        due_by = ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.name_working_days)
        yield ResponsibilityFellToUnit(
            self.worker.as_unit, due_by, why_gone(ctx, self.worker), ctx.known.policy.version
        )  # fmt: skip
        yield from managers_told(state, Entry(ctx.version), "worker_leaving")


def why_gone(ctx: Context, worker: Holder) -> Cause:
    """Return why a worker takes on nothing more."""
    if worker.as_unit in ctx.known.leaving:
        return "unit_closed"
    return "worker_leaving" if worker in ctx.known.leaving else "worker_departed"


class OnlyWithinTheUnit(Unacceptable):
    """A manager names a worker of the unit that holds the case. To move it elsewhere, propose a handoff."""


class AnswersNoLonger(Conflict):
    """That worker does not answer for the case, so there is nothing to fall to the unit. Read who does."""

    rule = 1


class StaysOn(Conflict):
    """That worker is in the directory and not leaving, so they go on answering. Announce their leaving first."""

    rule = 1
