"""The client owns the case, chooses who does, or gives it back. A professional back-stop is there all the time."""

from __future__ import annotations

from collections.abc import Iterator

from domain.case import Case, in_order, in_words, known_holder, only_open, only_while_open, taking_on
from domain.client import WaitsFor, waits_for, within_mandate
from domain.decider import ANYONE_IN_THE_CASE, Command, Conflict, Context, Entry, Event, Role, Words
from domain.remembered import Awaiting, Holder


class ClientAskedWhoOwns(Event[Case]):
    """The client was asked who should own the case, and answered this."""

    topic = "client-asked-who-owns"

    answer: Words


class AskWhoOwns(Command[Case]):
    """Record that you asked the client who should own the case, and what they answered."""

    answer: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_while_open(state, ctx)
        in_words(answer=self.answer)
        yield ClientAskedWhoOwns(self.answer)


class ClientTookOwnership(Event[Case]):
    """The client drives the case now. Who answers for it stays the same.

    One that a worker wrote down `waits_for` the client, and one of two custodians' for the other. It changes nothing;
    the one that `confirms` it does.
    """

    topic = "client-took-ownership"
    lasting = True

    words: Words
    waits_for: WaitsFor | None = None
    confirms: Entry | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        if self.waits_for:
            return state.awaits(ctx, Awaiting("take", ctx.occurred, self.waits_for))
        return owned(state, ctx).but(owned_by="client", chosen=None)


class TakeOwnership(Command[Case]):
    """Take your case into your own hands. The responsible worker stays at your back.

    A worker may write it down for the client: it waits until the client confirms it. One of two custodians' waits for
    the other's yes.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_by_client(state, ctx)
        if state.owned_by != "client" or in_person_at_last(state, ctx):
            yield ClientTookOwnership(self.words, waits_for(ctx))


class OwnerChosen(Event[Case]):
    """The client chose who drives the case. Who answers for it stays the same.

    One that a worker wrote down `waits_for` the client, and one of two custodians' for the other. It changes nothing;
    the one that `confirms` it does.
    """

    topic = "owner-chosen"
    lasting = True

    holder: Holder
    words: Words
    waits_for: WaitsFor | None = None
    confirms: Entry | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        if self.waits_for:
            return state.awaits(ctx, Awaiting("choose", ctx.occurred, self.waits_for, self.holder))
        return owned(state, ctx).but(owned_by="chosen", chosen=self.holder)


class ChooseOwner(Command[Case]):
    """Choose who drives your case: any worker or unit in the directory. The responsible worker stays at your back.

    Not one who is leaving, nor a unit that is closed.

    A worker may write it down for the client: it waits until the client confirms it. One of two custodians' waits for
    the other's yes.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    holder: Holder
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_by_client(state, ctx)
        known_holder(ctx, self.holder)
        taking_on(ctx, self.holder)
        if state.chosen != self.holder or in_person_at_last(state, ctx):
            yield OwnerChosen(self.holder, self.words, waits_for(ctx))


class ClientReturnedOwnership(Event[Case]):
    """The client gave the ownership back: whoever answers for the case drives it again.

    One that a worker wrote down `waits_for` the client, and one of two custodians' for the other. It changes nothing;
    the one that `confirms` it does.
    """

    topic = "client-returned-ownership"
    lasting = True

    words: Words
    waits_for: WaitsFor | None = None
    confirms: Entry | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        if self.waits_for:
            return state.awaits(ctx, Awaiting("return", ctx.occurred, self.waits_for))
        return owned(state, ctx).but(owned_by="responsible", chosen=None)


class ReturnOwnership(Command[Case]):
    """Give your case back to whoever answers for it: at once, and without any reason.

    A worker may write it down for the client: it waits until the client confirms it. One of two custodians' waits for
    the other's yes.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_by_client(state, ctx)
        if state.owned_by == "responsible":
            raise NotTheClients
        yield ClientReturnedOwnership(self.words, waits_for(ctx))


def only_by_client(case: Case, ctx: Context) -> None:
    """Refuse a representative who may not decide this (rule 16)."""
    only_open(case)
    within_mandate(ctx, "ownership", by_client_before=case.decided_by_client_in_person)
    in_order(ctx, case.owned_since)


def in_person_at_last(case: Case, ctx: Context) -> bool:
    """Say whether the client decides in person what a representative decided before: from now on it is theirs."""
    return ctx.actor.role == Role.CLIENT and not case.decided_by_client_in_person


def owned(case: Case, ctx: Context) -> Case:
    """Remember when ownership was last decided, and whether the client ever did so in person."""
    in_person = case.decided_by_client_in_person or ctx.actor.role == Role.CLIENT
    return case.but(owned_since=ctx.occurred, decided_by_client_in_person=in_person)


class NotTheClients(Conflict):
    """The case is not in the client's hands, so there is nothing to give back. Read who owns it now."""

    rule = 16
