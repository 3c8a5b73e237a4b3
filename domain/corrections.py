"""Errors are marked and replaced, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.case import Case, NotResponsible, entry, in_words, speaks_for
from domain.client import only_client_side
from domain.client_ownership import ClientAskedWhoOwns
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
    Words,
)
from domain.objections import ObjectionRaised
from domain.requests import ClientAnswered, ExperienceReported, RequestMade
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded, same_person

_VOICE = (
    StatementRecorded, StatementConfirmed, StatementDisputed, ObjectionRaised, RequestMade, ClientAnswered,
    ExperienceReported, ClientAskedWhoOwns,
)  # fmt: skip
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

    Ownership and closure can't be marked: supersede them. Staff mark their own entries, or those in a case that they
    answer for; and what the client said only as written into the wrong person's case (`replaced_in` is the right
    one), never once the client has confirmed it, and never an objection. The client marks their own entries.
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
        else:
            _by_staff(state, ctx, marked, wrong_person=self.wrong_person)
        yield EntryMarkedErroneous(self.version, self.reason, self.wrong_person, self.replaced_in)


def _by_staff(case: Case, ctx: Context, marked: Recorded, *, wrong_person: bool) -> None:
    """Refuse what staff may not mark: others' entries in a case of others, and the client's own words."""
    answers = case.responsible is not None and speaks_for(ctx.actor, case.responsible)
    if not same_person(ctx.actor, marked.context.actor) and not answers:
        raise NotResponsible(responsible=case.responsible)
    if marked.context.actor.role in CLIENT_SIDE or isinstance(marked.event, ObjectionRaised):
        raise ClientsOwnWords(version=marked.version)
    if isinstance(marked.event, _VOICE) and (not wrong_person or _confirmed_in_person(case, marked)):
        raise ClientsOwnWords(version=marked.version)


def _confirmed_in_person(case: Case, marked: Recorded) -> bool:
    if case.answered_in_person.get(marked.version):
        return True
    if not isinstance(marked.event, StatementRecorded):
        return False
    remembered = case.statements.get(marked.event.statement)
    return remembered is not None and remembered.in_person


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
    """Those are the client's words: only they may dispute or withdraw them. Answer them, or ask the client to."""

    rule = 11
