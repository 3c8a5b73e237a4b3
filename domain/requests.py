"""What the client asks for and is asked: requests, answers, experience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, in_words
from domain.client import ClientHasDecided, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    STAFF,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Role,
    Unacceptable,
    Words,
    not_before,
)
from domain.voice import witness

RequestKind = Literal[
    "contact", "other_worker", "service", "second_opinion", "meeting", "rectification", "closure", "reopening"
]  # fmt: skip


_YES = frozenset({"agreed", "confirmed"})


class RequestMade(Event[Case]):
    """The client asked for something."""

    topic = "request-made"

    request: UUID
    kind: RequestKind
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(requests=state.requests.with_(self.request, ctx.occurred))


class MakeRequest(Command[Case]):
    """Ask for something: contact, another worker, a service, a second opinion, a meeting, closure and the like."""

    roles = ANYONE_IN_THE_CASE
    makes = True

    kind: RequestKind
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        yield RequestMade(ctx.id(1), self.kind, self.words)


class RequestAnswered(Event[Case]):
    """Somebody answered the client's request, with reasons."""

    topic = "request-answered"

    request: UUID
    outcome: Literal["granted", "partly_granted", "refused"]
    reasons: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(requests=state.requests.with_(self.request, None))


class AnswerRequest(Command[Case]):
    """Answer what the client asked for, with reasons."""

    request: UUID
    outcome: Literal["granted", "partly_granted", "refused"]
    reasons: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if not (since := state.requests.get(self.request)):
            raise RequestNotOpen(request=self.request)
        not_before(ctx, since)
        in_words(reasons=self.reasons)
        yield RequestAnswered(self.request, self.outcome, self.reasons)


class ClientAnswered(Event[Case]):
    """The client answered to something that stands in the case."""

    topic = "client-answered"

    version: Entry
    answer: Literal["agreed", "refused", "confirmed", "denied"]
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        yes, in_person = self.answer in _YES, ctx.actor.role == Role.CLIENT
        if in_person:
            state = state.but(answered_in_person=state.answered_in_person.with_(self.version, yes))
            state = state.but(would_end=yes) if state.endings.get(self.version) else state
        if state.closure is None or state.closure.version != self.version:
            return state
        confirmed = yes and (ctx.actor.role != Role.REPRESENTATIVE or state.closure.confirmed)
        in_person = in_person or state.closure.in_person
        return state.but(closure=state.closure.but(confirmed=confirmed, in_person=in_person))


class AnswerAsClient(Command[Case]):
    """Say what the client answers to something in the case: agree or refuse, confirm or deny.

    A worker may record it for the client (on paper, by telephone), but not the one who wrote what is answered to; and
    nobody answers over what the client answered in person, or says yes to an ending to which the client said no. Only
    the client's own yes, not a representative's, lets a case close at once.
    """

    roles = ANYONE_IN_THE_CASE

    version: Entry
    answer: Literal["agreed", "refused", "confirmed", "denied"]
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        closure = state.closure if state.closure and state.closure.version == self.version else None
        only_client_side(ctx, "closure" if closure else "statements", personal=bool(closure))
        witness(ctx, entry(ctx, self.version).context.actor)
        if ctx.actor.role != Role.CLIENT and (
            state.answered_in_person.get(self.version) is not None
            or (closure and closure.in_person)
            or (closure and self.answer in _YES and state.would_end is False)
        ):
            raise ClientHasDecided
        yield ClientAnswered(self.version, self.answer, self.words)


class ExperienceAsked(Event[Case]):
    """The client was asked how the service felt."""

    topic = "experience-asked"

    channel: Literal["meeting", "telephone", "letter", "electronic"]


class AskExperience(Command[Case]):
    """Record that the client was asked how the service felt."""

    roles = STAFF | {Role.SYSTEM}

    channel: Literal["meeting", "telephone", "letter", "electronic"]

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        yield ExperienceAsked(self.channel)


class ExperienceReported(Event[Case]):
    """The client told how the service felt, from 1 (bad) to 5 (good)."""

    topic = "experience-reported"

    score: int
    words: Words


class ReportExperience(Command[Case]):
    """Tell how the service felt: a score from 1 (bad) to 5 (good), and words if you like."""

    roles = ANYONE_IN_THE_CASE

    score: int
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        if not 1 <= self.score <= 5:  # noqa: PLR2004 - the scale is the meaning
            raise ScoreOffScale(score=self.score)
        yield ExperienceReported(self.score, self.words)


class RequestNotOpen(Conflict):
    """No such request is open: it was answered, or the id is another's. Read the client's voice."""


class ScoreOffScale(Unacceptable):
    """The scale is 1 (bad) to 5 (good). Send a score on it."""
