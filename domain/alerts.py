"""What the unit's manager is told, so that nothing gets stuck unseen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.case import Case, entry
from domain.decider import Command, Context, Entry, Event, Role
from domain.remembered import Holder

Cause = Literal[
    "handoff_expired", "naming_overdue", "worker_leaving", "override_review_due", "owner_leaving", "emergency_access",
    "withholding_review_due",
]  # fmt: skip


class ManagerAlerted(Event[Case]):
    """The manager of the unit that answers for the case was told of something that waits for them."""

    topic = "manager-alerted"

    about: Entry | None
    cause: Cause
    unit: Holder

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(alerted=state.alerted.with_((self.about, self.cause), True))


class AlertManager(Command[Case]):
    """Tell the manager of the unit that answers for the case, once of each thing.

    `about` is the version of the entry that it is about, null where it is about none.
    """

    roles = frozenset({Role.SYSTEM})

    about: Entry | None
    cause: Cause

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if self.about is not None:
            entry(ctx, self.about)
        if not state.alerted.get((self.about, self.cause)):
            yield from managers_told(state, self.about, self.cause)


def managers_told(case: Case, about: Entry | None, cause: Cause) -> Iterator[ManagerAlerted]:
    """Yield that the manager of the unit that answers for the case was told."""
    if case.responsible is not None:
        yield ManagerAlerted(about, cause, case.responsible.as_unit)
