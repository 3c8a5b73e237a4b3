"""Errors are marked and replaced, never edited; what belongs to another person is hidden, and its words destroyed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, NotResponsible, entry, in_words, speaks_for
from domain.client import only_client_side
from domain.client_ownership import ClientAskedWhoOwns
from domain.decider import (
    ANYONE_IN_THE_CASE,
    CLIENT,
    CLIENT_SIDE,
    STAFF,
    Action,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Recorded,
    Unacceptable,
    Words,
    not_before,
)
from domain.objections import ObjectionRaised
from domain.remembered import Misplaced
from domain.requests import ClientAnswered, ExperienceReported, RequestMade
from domain.team import DissentRecorded
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded, same_person

_VOICE = (
    StatementRecorded, StatementConfirmed, StatementDisputed, ObjectionRaised, RequestMade, ClientAnswered,
    ExperienceReported, ClientAskedWhoOwns,
)  # fmt: skip
"""What the client said, whoever wrote it down; and so is whatever was entered on the client's behalf."""


class EntryMarkedErroneous(Event[Case]):
    """An entry was made in error. It stands, and from now on no fold counts it.

    One that was written into the `wrong_person`'s case is hidden too.
    """

    topic = "entry-marked-erroneous"
    lasting = True

    version: Entry
    reason: Words
    wrong_person: bool
    replaced_in: UUID | None

    def evolve(self, state: Case, ctx: Context) -> Case:
        marked = state.but(erroneous=state.erroneous.with_(self.version, True))
        return hide(marked, self.version, self.replaced_in, ctx) if self.wrong_person else marked


class EntryHidden(Event[Case]):
    """An entry is said to be another person's. It is hidden, and counts until a second person confirms that."""

    topic = "entry-hidden"
    lasting = True

    version: Entry
    reason: Words
    replaced_in: UUID | None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return hide(state, self.version, self.replaced_in, ctx)


class MarkErroneous(Command[Case]):
    """Mark an entry as made in error. It is never edited or removed: record what is right as a new entry.

    Ownership and closure can't be marked: supersede them. Staff mark their own entries, or those in a case that they
    answer for; a dissent only its author; and what the client said only as written into the wrong person's case
    (`replaced_in` is the right one). What the client entered, only the client marks.

    An entry in the wrong person's case is hidden at once, and its words are destroyed when a second person confirms it.
    Ownership, closure, objections and what the client has confirmed in person go on counting until then.
    """

    roles = ANYONE_IN_THE_CASE
    action = Action.CORRECT

    version: Entry
    reason: Words
    wrong_person: bool = False
    replaced_in: UUID | None = None

    def relies_on(self) -> Iterator[UUID]:
        if self.replaced_in is not None:
            yield self.replaced_in

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(reason=self.reason)
        if not ctx.known.existing.issuperset(self.relies_on()):
            raise RightCaseAbsent(replaced_in=self.replaced_in)
        marked = entry(ctx, self.version)
        _only_who_may_mark(state, ctx, marked)
        if self.wrong_person and state.misplaced.get(self.version):
            raise AlreadyMarked(version=self.version)
        if self.wrong_person and _goes_on_counting(state, ctx, marked):
            yield EntryHidden(self.version, self.reason, self.replaced_in)
            return
        if marked.event.lasting:
            raise SupersedeInstead(version=self.version, topic=marked.event.topic)
        if state.erroneous.get(self.version):
            raise AlreadyMarked(version=self.version)
        if ctx.actor.role in STAFF and not self.wrong_person and said_by_client(marked):
            raise ClientsOwnWords(version=self.version)
        yield EntryMarkedErroneous(self.version, self.reason, self.wrong_person, self.replaced_in)


class WordsDestroyed(Event[Case]):
    """An entry's words were destroyed. Its skeleton and its proof stay."""

    topic = "words-destroyed"
    lasting = True

    version: Entry
    basis: Literal["wrong_person"]

    @property
    def destroys(self) -> frozenset[int]:
        """The entry."""
        return frozenset({self.version})

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(
            misplaced=state.misplaced.with_(self.version, None), awaiting=state.awaiting.with_(self.version, None)
        )  # fmt: skip


class ConfirmMisplaced(Command[Case]):
    """Confirm, as a second person, that an entry belongs to another person's case. Its words are destroyed for good.

    Anybody but the one who marked it, in the organisation that answers for the case.
    """

    version: Entry

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        misplaced = misplaced_in(state, self.version, ctx)
        if same_person(ctx.actor, misplaced.marked_by):
            raise SecondPersonNeeded(version=self.version)
        if not (entry(ctx, self.version).event.lasting or state.erroneous.get(self.version)):
            yield EntryMarkedErroneous(self.version, "", True, misplaced.replaced_in)
        yield WordsDestroyed(self.version, "wrong_person")


class EntryShownAgain(Event[Case]):
    """An entry belongs to this case after all: it is no longer hidden. If it was marked as erroneous, it still is."""

    topic = "entry-shown-again"
    lasting = True

    version: Entry

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(misplaced=state.misplaced.with_(self.version, None))


class DenyMisplaced(Command[Case]):
    """Say that an entry belongs to this case after all: it is shown again.

    If it no longer counts, it does not count again: record anew what is right. Anybody in the organisation that answers
    for the case.
    """

    version: Entry

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        misplaced_in(state, self.version, ctx)
        yield EntryShownAgain(self.version)


def hide(case: Case, version: Entry, replaced_in: UUID | None, ctx: Context) -> Case:
    """Return the case with an entry that waits for a second person's word."""
    return case.but(misplaced=case.misplaced.with_(version, Misplaced(ctx.actor, ctx.occurred, replaced_in)))


def hidden(history: Iterable[Recorded]) -> frozenset[int]:
    """Return the versions whose words nobody is shown: entries that are said to be another person's.

    `history` is the whole stream by version, whatever moment is looked at: what is hidden today is hidden in its past.
    """
    versions: set[int] = set()
    for it in history:
        match it.event:
            case EntryHidden(version=version) | EntryMarkedErroneous(version=version, wrong_person=True):
                versions.add(version)
            case EntryShownAgain(version=version):
                versions.discard(version)
    return frozenset(versions)


def misplaced_in(case: Case, version: Entry, ctx: Context) -> Misplaced:
    """Return what is remembered of a misplaced entry, or refuse one that isn't, and those of other organisations."""
    if not (misplaced := case.misplaced.get(version)):
        raise NotMisplaced(version=version)
    not_before(ctx, misplaced.at)
    if case.responsible is None or case.responsible.organisation != ctx.actor.organisation:
        raise NotResponsible(responsible=case.responsible)
    return misplaced


def said_by_client(it: Recorded) -> bool:
    """Say whether an entry is what the client said or decided, whoever wrote it down."""
    return it.context.on_behalf_of == CLIENT or isinstance(it.event, _VOICE)


def _only_who_may_mark(case: Case, ctx: Context, marked: Recorded) -> None:
    """Refuse others' entries in a case of others, a dissent of another's, and what the client's side entered."""
    own = same_person(ctx.actor, marked.context.actor)
    if ctx.actor.role in CLIENT_SIDE:
        only_client_side(ctx, "statements", personal=False)
        if ctx.actor != marked.context.actor:
            raise NotYourEntry(version=marked.version)
        return
    if not own and not (case.responsible is not None and speaks_for(ctx.actor, case.responsible)):
        raise NotResponsible(responsible=case.responsible)
    if marked.context.actor.role in CLIENT_SIDE:
        raise ClientsOwnWords(version=marked.version)
    if isinstance(marked.event, DissentRecorded) and not own:
        raise DissentIsItsAuthors(version=marked.version)


def _goes_on_counting(case: Case, ctx: Context, marked: Recorded) -> bool:
    """Say whether one person's word is not enough for it to count no more, be it another person's or not."""
    if marked.event.lasting or case.erroneous.get(marked.version):
        return True
    return ctx.actor.role in STAFF and (
        isinstance(marked.event, ObjectionRaised) or _confirmed_in_person(case, marked)
    )  # fmt: skip


def _confirmed_in_person(case: Case, marked: Recorded) -> bool:
    if case.answered_in_person.get(marked.version):
        return True
    if not isinstance(marked.event, StatementRecorded):
        return False
    remembered = case.statements.get(marked.event.statement)
    return remembered is not None and remembered.in_person


class RightCaseAbsent(Unacceptable):
    """Nothing is recorded under the id of the right case. Check it, open that case first, or leave it out."""

    rule = 20


class SupersedeInstead(Conflict):
    """Ownership, closure and corrections are superseded, never marked erroneous. Record the act that sets it right."""

    rule = 20


class AlreadyMarked(Conflict):
    """That entry is marked already. Record what is right as a new entry, or let a second person confirm the mark."""

    rule = 20


class NotYourEntry(Forbidden):
    """You can mark only what you entered yourself. Object to it, or ask for its rectification."""

    rule = 20


class ClientsOwnWords(Forbidden):
    """Those are the client's words: only they may dispute or withdraw them. Answer them, or ask the client to."""

    rule = 11


class DissentIsItsAuthors(Forbidden):
    """A dissent is its author's own, and nobody else removes it. Ask its author, or record your own view."""

    rule = 12


class NotMisplaced(Conflict):
    """That entry does not wait for a second person's word. Read the history, and mark it as another person's first."""

    rule = 20


class SecondPersonNeeded(Forbidden):
    """You marked it yourself, so a second person confirms it. Ask a colleague or your manager to."""

    rule = 20
