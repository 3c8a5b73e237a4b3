"""How a closed case is taken up again, and what stands as it stood before where the client's death was a mistake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from domain.case import Case, as_holder, in_order, known_holder, own_organisation, taking_on
from domain.decider import Actor, Command, Conflict, Context, Event, Forbidden, Unacceptable, Words
from domain.remembered import Holder
from domain.trail import Trail

Trigger = Literal[
    "client_returned", "new_need", "decision_changed", "closed_in_error", "activity", "death_withdrawn"
]  # fmt: skip
"""Why a case is taken up again; `activity` is for imports alone."""


class CaseReopened(Event[Case]):
    """The case was taken up again. Whoever answered for it last does so again, unless somebody else is named.

    Where the report of the client's death was withdrawn, all is as the client left it: who owns the case, what they
    said to its ending, and the objections that lapsed.
    """

    topic = "case-reopened"
    lasting = True

    trigger: Trigger
    arrived_at: datetime
    statutory_clock: Literal["shl36", "none"]
    responsible: Holder
    words: Words
    name_by: datetime | None = None
    policy: int = 0

    def evolve(self, state: Case, ctx: Context) -> Case:
        as_left = _as_left(state) if self.trigger == "death_withdrawn" else _anew(state, ctx)
        return as_left.held_by(self.responsible, ctx, self.name_by).but(
            status="open", closed_at=None, closed_on=None, closure_settled_at=ctx.occurred
        )


class ReopenCase(Command[Case]):
    """Take a closed case up again that your organisation answered for last.

    Left out, whoever answered for it last does so again, where that is you or your unit; otherwise name who does.
    `arrived_at` is when the client, or the news, came back; left out, it is now. The statutory times run from then; the
    client's wait goes on from the first contact. A case that ended with the client's death is taken up again where the
    report of the death was withdrawn, with the trigger `death_withdrawn`.
    """

    trigger: Literal["client_returned", "new_need", "decision_changed", "closed_in_error", "death_withdrawn"]
    words: Words = ""
    arrived_at: datetime | None = None
    responsible: Holder | None = None
    statutory_clock: Literal["shl36", "none"] = "shl36"

    def mentions(self, actor: Actor) -> Iterator[Any]:
        own = as_holder(actor)
        yield from (self.responsible, own, own and own.as_unit)

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if state.status != "closed" or state.responsible is None:
            raise NotClosed
        if state.responsible.organisation != ctx.actor.organisation:
            raise AnothersMatter(last=state.responsible)
        in_order(ctx, state.closed_at)
        self._only_the_living(state, ctx)
        arrived = self.arrived_at or ctx.occurred
        if arrived > ctx.occurred:
            raise ArrivedInFuture(arrived_at=arrived)
        responsible = self._answers(state.responsible, ctx)
        name_by = ctx.known.calendar.after_working_days(ctx.occurred, ctx.known.policy.name_working_days)
        yield CaseReopened(
            trigger=self.trigger, arrived_at=arrived, statutory_clock=self.statutory_clock, responsible=responsible,
            words=self.words, name_by=None if responsible.worker else name_by, policy=ctx.known.policy.version,
        )  # fmt: skip

    def _answers(self, last: Holder, ctx: Context) -> Holder:
        """Return who answers for the case from now on, or refuse whoever can't."""
        responsible = self.responsible or last
        own_organisation(ctx, responsible)
        if self.responsible is None and last not in ctx.known.holders:
            raise LastMayBeGone(last=last)
        known_holder(ctx, responsible)
        taking_on(ctx, responsible)
        return responsible

    def _only_the_living(self, case: Case, ctx: Context) -> None:
        by_death, withdrawn = case.closed_on == "death", self.trigger == "death_withdrawn"
        if by_death != withdrawn:
            raise ClosedByDeath if by_death else NotClosedByDeath
        if withdrawn and ctx.known.client and ctx.known.client.dead:
            raise DeathStands


def _anew(case: Case, ctx: Context) -> Case:
    """Return the case with nothing decided by the client yet, and nobody looking for them."""
    return case.but(
        owned_by="responsible", chosen=None, owned_since=ctx.occurred, would_end=None, advice_suffices=False,
        reached_at=ctx.occurred,
    )  # fmt: skip


def _as_left(case: Case) -> Case:
    """Return the case with the objections open that ended with the client's death."""
    objections = case.objections
    for objection, waits in case.lapsed.now().items():
        objections = objections.with_(objection, waits)
    return case.but(objections=objections, lapsed=Trail())


class AnothersMatter(Forbidden):
    """Another organisation answered for that case last. Ask it to reopen and offer it, or open one of your own."""

    rule = 2


class NotClosed(Conflict):
    """The case is not closed, so there is nothing to reopen. Go on with it as it is."""


class LastMayBeGone(Unacceptable):
    """Whoever answered for the case last is somebody else than you, and may be gone. Name who answers for it now."""

    rule = 1


class ClosedByDeath(Conflict):
    """The case ended with the client's death. Withdraw that report in the client's own stream if it was a mistake.

    Then reopen it with the trigger death_withdrawn.
    """


class NotClosedByDeath(Conflict):
    """The case did not end with the client's death. Say what else brings it up again."""


class DeathStands(Conflict):
    """The client's death is on record. Withdraw that report in the client's own stream first, if it was a mistake."""


class ArrivedInFuture(Unacceptable):
    """Nothing arrives after it is recorded. Send when the client, or the news, came back."""

    rule = 19
