"""Errors are marked and replaced, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.case import Case, entry
from domain.decider import ANYONE_IN_THE_CASE, CLIENT_SIDE, Command, Conflict, Context, Entry, Event, Forbidden, Words
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded


class EntryMarkedErroneous(Event[Case]):
    """An entry was made in error. It stands, and from now on no fold counts it."""

    topic = "entry-marked-erroneous"
    lasting = True

    version: Entry
    reason: Words
    wrong_person: bool
    replaced_in: UUID | None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(erroneous=state.erroneous.with_(self.version, True))


class MarkErroneous(Command[Case]):
    """Mark an entry as made in error. It is never edited or removed: record what is right as a new entry.

    Ownership and closure can't be marked: supersede them. Staff can't mark the client's words, except as written
    into the wrong person's case; `replaced_in` is the case that they belong to.
    """

    roles = ANYONE_IN_THE_CASE

    version: Entry
    reason: Words
    wrong_person: bool = False
    replaced_in: UUID | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        entry(ctx, self.version)
        marked = ctx.known.entries[self.version]
        if marked.event.lasting:
            raise SupersedeInstead(version=self.version, topic=marked.event.topic)
        if state.erroneous.get(self.version):
            raise AlreadyMarked(version=self.version)
        own = marked.context.actor.role in CLIENT_SIDE
        if ctx.actor.role in CLIENT_SIDE and not own:
            raise NotYourEntry(version=self.version)
        voice = own or isinstance(marked.event, StatementRecorded | StatementConfirmed | StatementDisputed)
        if ctx.actor.role not in CLIENT_SIDE and voice and not self.wrong_person:
            raise ClientsOwnWords(version=self.version)
        yield EntryMarkedErroneous(self.version, self.reason, self.wrong_person, self.replaced_in)


class SupersedeInstead(Conflict):
    """Ownership, closure and corrections are superseded, never marked erroneous. Record the act that sets it right."""

    rule = 20


class AlreadyMarked(Conflict):
    """That entry is marked as erroneous already."""

    rule = 20


class NotYourEntry(Forbidden):
    """You can mark only what you entered yourself. Object to it, or ask for its rectification."""

    rule = 20


class ClientsOwnWords(Forbidden):
    """Those are the client's words, and only they may dispute them. Mark them only as another person's words."""

    rule = 11
