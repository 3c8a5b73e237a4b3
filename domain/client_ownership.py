"""The client owns the case, chooses who does, or gives it back. A professional back-stop is there all the time."""

from __future__ import annotations

from collections.abc import Iterator

from domain.case import Case, Holder, in_order, in_words, known_holder, only_open, only_while_open
from domain.client import only_client_side
from domain.decider import CLIENT_SIDE, Command, Conflict, Context, Event, Role, Words


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
    """The client drives the case now. Who answers for it stays the same."""

    topic = "client-took-ownership"
    lasting = True

    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return owned(state, ctx).but(owned_by="client", chosen=None)


class TakeOwnership(Command[Case]):
    """Take your case into your own hands. The responsible worker stays at your back."""

    roles = CLIENT_SIDE

    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_by_client(state, ctx)
        if state.owned_by != "client" or in_person_at_last(state, ctx):
            yield ClientTookOwnership(self.words)


class OwnerChosen(Event[Case]):
    """The client chose who drives the case. Who answers for it stays the same."""

    topic = "owner-chosen"
    lasting = True

    holder: Holder
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return owned(state, ctx).but(owned_by="chosen", chosen=self.holder)


class ChooseOwner(Command[Case]):
    """Choose who drives your case: any worker or unit in the directory. The responsible worker stays at your back."""

    roles = CLIENT_SIDE

    holder: Holder
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_by_client(state, ctx)
        known_holder(ctx, self.holder)
        if state.chosen != self.holder or in_person_at_last(state, ctx):
            yield OwnerChosen(self.holder, self.words)


class ClientReturnedOwnership(Event[Case]):
    """The client gave the ownership back: whoever answers for the case drives it again."""

    topic = "client-returned-ownership"
    lasting = True

    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return owned(state, ctx).but(owned_by="responsible", chosen=None)


class ReturnOwnership(Command[Case]):
    """Give your case back to whoever answers for it: at once, and without any reason."""

    roles = CLIENT_SIDE

    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_by_client(state, ctx)
        if state.owned_by == "responsible":
            raise NotTheClients
        yield ClientReturnedOwnership(self.words)


def only_by_client(case: Case, ctx: Context) -> None:
    """Refuse all but the client and a representative who may decide this (rule 16)."""
    only_open(case)
    only_client_side(ctx, "ownership", personal=True, by_client_before=case.decided_by_client_in_person)
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
