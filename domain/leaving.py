"""Who takes on nothing more: a worker who leaves, a unit that closes. And how much a worker should take on at most."""

from __future__ import annotations

from collections.abc import Iterator

from domain.decider import Command, Conflict, Context, Event, Forbidden, Role, Unacceptable
from domain.directory import ADMINISTRATORS, Unit, Worker, only_keeper

_LARGEST_CASELOAD = 1000


class WorkerLeaving(Event[Worker]):
    """A worker is going to leave: no case comes to them any more, and those that they hold fall to their units."""

    topic = "worker-leaving"

    def evolve(self, state: Worker, ctx: Context) -> Worker:
        return state.but(leaving=True)


class AnnounceLeaving(Command[Worker]):
    """Record that a worker is going to leave. From now on they take on nothing, and their cases fall to their units."""

    roles = ADMINISTRATORS

    def decide(self, state: Worker, ctx: Context) -> Iterator[Event[Worker]]:
        only_keeper(ctx, state.organisation)
        if not state.leaving:
            yield WorkerLeaving()


class WorkerDeparted(Event[Worker]):
    """A worker works in no unit any longer."""

    topic = "worker-departed"

    def evolve(self, state: Worker, ctx: Context) -> Worker:
        return state.but(leaving=True, units=frozenset())


class DepartWorker(Command[Worker]):
    """Record that a worker who was leaving has left, once nothing waits for them. They may join a unit again."""

    roles = ADMINISTRATORS

    def decide(self, state: Worker, ctx: Context) -> Iterator[Event[Worker]]:
        only_keeper(ctx, state.organisation)
        if not state.leaving:
            raise LeavingNotAnnounced
        if state.units:
            yield WorkerDeparted()


class UnitClosed(Event[Unit]):
    """A unit takes on nothing more. What it holds it answers for until that has passed on."""

    topic = "unit-closed"

    def evolve(self, state: Unit, ctx: Context) -> Unit:
        return state.but(closed=True)


class CloseUnit(Command[Unit]):
    """Close a unit: no case comes to it or its workers any more. The cases that it holds have to be handed on."""

    roles = ADMINISTRATORS

    def decide(self, state: Unit, ctx: Context) -> Iterator[Event[Unit]]:
        only_keeper(ctx, state.organisation)
        if not state.closed:
            yield UnitClosed()


class CaseloadLimitSet(Event[Unit]):
    """How many cases a worker of the unit should answer for at most."""

    topic = "caseload-limit-set"

    limit: int

    def evolve(self, state: Unit, ctx: Context) -> Unit:
        return state.but(caseload_limit=self.limit)


class SetCaseloadLimit(Command[Unit]):
    """Set how many cases a worker of the unit should answer for at most. A manager of the unit may set it too.

    Nobody is refused a case for it: taking on more is a finding, for the unit.
    """

    roles = ADMINISTRATORS | {Role.MANAGER}

    limit: int

    def decide(self, state: Unit, ctx: Context) -> Iterator[Event[Unit]]:
        only_keeper(ctx, state.organisation)
        own = (ctx.actor.organisation, ctx.actor.unit) == (state.organisation, state.unit)
        if ctx.actor.role == Role.MANAGER and not own:
            raise AnothersUnit(organisation=state.organisation, unit=state.unit)
        if not 0 <= self.limit <= _LARGEST_CASELOAD:
            raise LimitOffScale(limit=self.limit, most=_LARGEST_CASELOAD)
        if self.limit != state.caseload_limit:
            yield CaseloadLimitSet(self.limit)


class AnothersUnit(Forbidden):
    """A manager sets the limit of their own unit. Ask that unit's manager, or a directory administrator."""

    rule = 17


class LimitOffScale(Unacceptable):
    """Nobody answers for that many cases. Send a number from 0 to 1000."""

    rule = 17


class LeavingNotAnnounced(Conflict):
    """A worker's leaving is announced first, so that their cases fall to their units. Announce it."""
