"""Histories from elsewhere: what a row of a foreign event log means for ownership and closure.

The source is its own record: its rows are never refused for conduct, and each event carries the import's mark. A row
of a holder that is not where the case stands moves it there, as an offer that is accepted in the same act.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.acceptance import HandoffAccepted
from domain.case import Case
from domain.closure import CaseClosed, ClosureProposed
from domain.decider import Actor, Command, Context, Event, Forbidden, Role, Words
from domain.handoff import HandoffProposed, HandoffWithdrawn
from domain.intake import CaseOpened, NextStepPromised
from domain.remembered import Holder
from domain.reopening import CaseReopened

Meaning = Literal["work", "queued", "waiting_for_client", "closed"]


class ActivityImported(Event[Case]):
    """A row of an imported history, in the source's own words. First row is 1; `meaning` is what it was read as."""

    topic = "activity-imported"

    row: int
    activity: Words
    meaning: Meaning


class ImportCase(Command[Case]):
    """Take up a case from a history. The intake unit holds it until the source states a holder."""

    roles = frozenset({Role.ADMINISTRATOR})
    stream = "new"

    client: UUID
    intake: Holder
    first_contact_at: datetime

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield from ()  # the source is its own directory

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_import(ctx)
        yield CaseOpened(
            client=str(self.client), channel="import", first_contact_at=self.first_contact_at, need="",
            responsible=self.intake, name_by=None, policy=ctx.known.policy.version,
            duty_holder=self.intake.organisation, statutory_clock="none",
        )  # fmt: skip


class ImportActivity(Command[Case]):
    """Take in one row of a history. `holder` is where the source places the case, or None where it does not say."""

    roles = frozenset({Role.ADMINISTRATOR})

    row: int
    activity: Words
    meaning: Meaning
    holder: Holder | None

    def mentions(self, actor: Actor) -> Iterator[Any]:
        yield from ()  # the source is its own directory

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_import(ctx)
        yield ActivityImported(self.row, self.activity, self.meaning)
        holder = self.holder or placement(state)
        if state.status == "closed" and self.meaning != "closed":
            yield CaseReopened("activity", ctx.occurred, "none", state.responsible or holder, "")
        if self.meaning == "queued":
            yield from self._offered(state, holder, ctx)
        elif state.pending or holder != state.responsible:
            yield from self._held(state, holder, ctx)
        if self.meaning == "waiting_for_client":
            yield NextStepPromised("client", self.activity, ctx.occurred)
        if self.meaning == "closed" and state.status != "closed":
            yield ClosureProposed("not_stated", "source", "not_stated", "", "", None, ())
            yield CaseClosed("not_stated", "source", "not_stated")

    def _offered(self, state: Case, to: Holder, ctx: Context) -> Iterator[Event[Case]]:
        if state.pending:
            yield HandoffWithdrawn(state.pending.handoff, "")
        yield _offer(ctx.id(1), to, ctx)

    def _held(self, state: Case, holder: Holder, ctx: Context) -> Iterator[Event[Case]]:
        handoff = ctx.id(1)
        if state.pending and state.pending.to.unit == holder.unit:
            handoff = state.pending.handoff
        else:
            if state.pending:
                yield HandoffWithdrawn(state.pending.handoff, "")
            if holder == state.responsible:
                return
            yield _offer(handoff, holder, ctx)
        yield HandoffAccepted(handoff, holder, None, ctx.known.policy.version)


def placement(case: Case) -> Holder:
    """Return where the case stands: the holder to whom it is offered, or else the one that holds it."""
    if case.pending:
        return case.pending.to
    if case.responsible is None:
        raise LookupError("a case that was opened has a responsible holder")
    return case.responsible


def only_import(ctx: Context) -> None:
    """Refuse outside an import."""
    if ctx.imported is None:
        raise NotAnImport


def _offer(handoff: UUID, to: Holder, ctx: Context) -> HandoffProposed:
    return HandoffProposed(
        handoff=handoff, to=to, reason="", respond_by=ctx.occurred, policy=ctx.known.policy.version, warm=False,
        client_view=None, disclosure_basis="not_stated",
    )  # fmt: skip


class NotAnImport(Forbidden):
    """Only an import takes in a history. Use the command line's import."""
