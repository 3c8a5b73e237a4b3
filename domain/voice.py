"""What the client says, in their own words, and which of them a decision rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, in_words
from domain.client import ClientHasDecided, Language, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    CLIENT_SIDE,
    MOST,
    Absent,
    Actor,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Role,
    Unacceptable,
    Words,
    not_before,
)
from domain.remembered import Speaker, Standing, Statement

Assistance = Literal["none", "interpreter", "aac", "support_person"]
_SPEAKS_AS: dict[Role, Speaker] = {Role.CLIENT: "client", Role.REPRESENTATIVE: "representative"}
About = Literal["handoff", "assessment", "plan", "team_line", "closure", "transfer"]
"""What rests on the client's view, or says why there is none."""
Medium = Literal["spoken", "telephone", "written", "paper", "electronic", "signed"]


class StatementRecorded(Event[Case]):
    """The client's own words were written down, or another's, and it says whose."""

    topic = "statement-recorded"

    statement: UUID
    words: Words
    speaker: Speaker
    assisted_by: Assistance
    present: int
    language: Language
    medium: Medium
    about: Entry | None

    def evolve(self, state: Case, ctx: Context) -> Case:
        standing: Standing = "confirmed" if ctx.actor.role in CLIENT_SIDE else "unconfirmed"
        in_person = ctx.actor.role == Role.CLIENT
        remembered = Statement(self.speaker, standing, ctx.actor, ctx.occurred, in_person, ctx.version)
        heard_from = state.reached(ctx) if self.speaker == "client" else state
        return heard_from.but(statements=state.statements.with_(self.statement, remembered))


class RecordStatement(Command[Case]):
    """Write down what the client says, in their own words. Nobody can edit it; the client may confirm or dispute it.

    `present` is how many others were there. A statement that the client enters counts as confirmed.
    """

    roles = ANYONE_IN_THE_CASE
    makes = True

    words: Words
    speaker: Speaker | None = None
    assisted_by: Assistance = "none"
    present: int = 0
    language: Language = "fi"
    medium: Medium = "spoken"
    about: Entry | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        in_words(words=self.words)
        if self.present < 0:
            raise FewerThanNobody(present=self.present)
        if self.present > MOST:
            raise TooManyPresent(present=self.present, most=MOST)
        if self.about is not None:
            entry(ctx, self.about)
        own = _SPEAKS_AS.get(ctx.actor.role)
        if own and self.speaker not in {None, own}:
            raise NotYourWords
        speaker = own or self.speaker or "client"
        yield StatementRecorded(
            ctx.id(1), self.words, speaker, self.assisted_by, self.present, self.language, self.medium, self.about
        )


class StatementConfirmed(Event[Case]):
    """The client says that it was written down as they said it."""

    topic = "statement-confirmed"

    statement: UUID
    language: Language
    assisted_by: Assistance
    medium: Medium

    def evolve(self, state: Case, ctx: Context) -> Case:
        if not (remembered := state.statements.get(self.statement)):
            return state
        in_person = remembered.in_person or ctx.actor.role == Role.CLIENT
        confirmed = remembered.but(standing="confirmed", in_person=in_person)
        return state.but(statements=state.statements.with_(self.statement, confirmed))


class ConfirmStatement(Command[Case]):
    """Say that a statement was written down as it was said.

    A worker may record it for the client (on paper, by telephone), but not the worker who wrote the statement down.
    One that is disputed only the client confirms.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    statement: UUID
    language: Language = "fi"
    assisted_by: Assistance = "none"
    medium: Medium = "electronic"

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        remembered = statement_of(state, self.statement)
        not_before(ctx, remembered.at)
        witness(ctx, remembered.written_by)
        if remembered.standing == "disputed" and ctx.actor.role != Role.CLIENT:
            raise DisputeStands(statement=self.statement)
        in_person_at_last = ctx.actor.role == Role.CLIENT and not remembered.in_person
        if remembered.standing != "confirmed" or in_person_at_last:
            yield StatementConfirmed(self.statement, self.language, self.assisted_by, self.medium)


class StatementDisputed(Event[Case]):
    """The client says that it was not written down as they said it."""

    topic = "statement-disputed"

    statement: UUID
    correction: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        if not (remembered := state.statements.get(self.statement)):
            return state
        return state.but(statements=state.statements.with_(self.statement, remembered.but(standing="disputed")))


class DisputeStatement(Command[Case]):
    """Say that a statement was not written down as it was said, and how it should read.

    It stays as it was, beside the correction, and can no longer serve as the client's view. A worker may write the
    dispute down for the client, and it counts at once. Nobody else disputes what the client entered or confirmed in
    person.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    statement: UUID
    correction: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        remembered = statement_of(state, self.statement)
        not_before(ctx, remembered.at)
        in_words(correction=self.correction)
        if ctx.actor.role != Role.CLIENT and remembered.in_person:
            raise ClientHasDecided
        yield StatementDisputed(self.statement, self.correction)


class ViewUnavailable(Event[Case]):
    """Why there is no view of the client's behind a decision."""

    topic = "view-unavailable"

    about: About
    why: Words


def heard(
    case: Case,
    about: About,
    view: UUID | None,
    why_none: Words | None,
) -> Iterator[Event[Case]]:
    """Yield what a decision says about the client's view, or refuse one that says nothing (rule 11).

    Only the client's own words, undisputed, are the client's view; another's serve beside a reason why there is none.
    """
    why_none = (why_none or "").strip()
    if view is None and not why_none:
        raise ViewMissing
    if view is not None:
        remembered = statement_of(case, view)
        if remembered.standing == "disputed":
            raise ViewDisputed(statement=view)
        if case.misplaced.get(remembered.version):
            raise ViewMisplaced(statement=view)
        if remembered.speaker != "client" and not why_none:
            raise NotClientsOwnWords(statement=view, speaker=remembered.speaker)
    if why_none:
        yield ViewUnavailable(about, why_none)


def statement_of(case: Case, statement: UUID) -> Statement:
    """Return what is remembered of a statement, or refuse an id that the case does not have."""
    if not (remembered := case.statements.get(statement)):
        raise StatementAbsent(statement=statement)
    return remembered


def witness(ctx: Context, written_by: Actor) -> None:
    """Refuse those who would confirm, for the client, what they wrote themselves."""
    if ctx.actor.role != Role.CLIENT and same_person(ctx.actor, written_by):
        raise OwnWitness


def same_person(actor: Actor, other: Actor) -> bool:
    """Say whether both are the same worker of an organisation, whatever the unit or the role, or the same outsider."""
    return (actor.organisation, actor.id) == (other.organisation, other.id)


class StatementAbsent(Absent):
    """The case has no such statement. Read the client's voice and name a statement that stands there."""


class FewerThanNobody(Unacceptable):
    """That many people can't have been present. Send how many others were there, 0 for nobody."""


class TooManyPresent(Unacceptable):
    """Nobody's own words are heard in such a crowd. Send how many others were there, up to a hundred."""


class NotYourWords(Forbidden):
    """You speak in your own name here. Leave the speaker out."""


class OwnWitness(Forbidden):
    """You wrote it yourself, so you can't confirm it for the client. Let the client, or another worker, record it."""

    rule = 11


class DisputeStands(Forbidden):
    """That statement is disputed, and only the client takes that back. Write down anew what they say now."""

    rule = 11


class ViewMissing(Unacceptable):
    """A decision says on whose words it rests. Name the client's statement, or say why there is none."""

    rule = 11


class ViewDisputed(Conflict):
    """The client disputes how that statement was written down. Name another, or say why there is none."""

    rule = 11


class ViewMisplaced(Conflict):
    """That statement is said to be another person's. Name another, or say why there is none."""

    rule = 11


class NotClientsOwnWords(Unacceptable):
    """Those are another's words. They may serve beside a reason why there are none of the client's own: add it."""

    rule = 11
