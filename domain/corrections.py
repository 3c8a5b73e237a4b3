"""Errors are marked and replaced, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.case import Case, entry, in_words
from domain.client import only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    CLIENT_SIDE,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Recorded,
    Role,
    Words,
)
from domain.objections import ObjectionRaised
from domain.requests import RequestMade
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded

_VOICE = (StatementRecorded, StatementConfirmed, StatementDisputed, ObjectionRaised, RequestMade)
"""What the client said, whoever wrote it down."""


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

    Ownership and closure can't be marked: supersede them. Staff can't mark what the client said, except as written
    into the wrong person's case; `replaced_in` is the case that it belongs to. The client marks their own entries.
    """

    roles = ANYONE_IN_THE_CASE

    version: Entry
    reason: Words
    wrong_person: bool = False
    replaced_in: UUID | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(reason=self.reason)
        marked = entry(ctx, self.version)
        if marked.event.lasting:
            raise SupersedeInstead(version=self.version, topic=marked.event.topic)
        if state.erroneous.get(self.version):
            raise AlreadyMarked(version=self.version)
        if ctx.actor.role in CLIENT_SIDE:
            only_client_side(ctx, "statements", personal=False)
            if ctx.actor != marked.context.actor:
                raise NotYourEntry(version=self.version)
        elif _is_the_clients(marked) and (marked.context.actor.role == Role.CLIENT or not self.wrong_person):
            raise ClientsOwnWords(version=self.version)
        yield EntryMarkedErroneous(self.version, self.reason, self.wrong_person, self.replaced_in)


def _is_the_clients(it: Recorded) -> bool:
    return it.context.actor.role in CLIENT_SIDE or isinstance(it.event, _VOICE)


class SupersedeInstead(Conflict):
    """Ownership, closure and corrections are superseded, never marked erroneous. Record the act that sets it right."""

    rule = 20


class AlreadyMarked(Conflict):
    """That entry is marked as erroneous already. Record what is right as a new entry."""

    rule = 20


class NotYourEntry(Forbidden):
    """You can mark only what you entered yourself. Object to it, or ask for its rectification."""

    rule = 20


class ClientsOwnWords(Forbidden):
    """Those are the client's words, and only they may dispute them. Mark them only as another person's words."""

    rule = 11
