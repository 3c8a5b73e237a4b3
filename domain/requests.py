"""What the client asks for and is asked: requests, answers, experience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, in_words, is_worker
from domain.client import ClientHasDecided, WaitsFor, only_client_side, within_mandate
from domain.decider import (
    ANYONE_IN_THE_CASE,
    STAFF,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Means,
    Role,
    Unacceptable,
    Words,
    not_before,
)
from domain.remembered import Request
from domain.voice import Medium, witness
from domain.waiting import NOTED, NoLongerWaits, agrees_alone, in_force, only_who_may_answer, scope_of, still_waiting

RequestKind = Literal[
    "contact", "other_worker", "service", "second_opinion", "meeting", "rectification", "closure", "reopening"
]  # fmt: skip


YES = frozenset({"agreed", "confirmed"})


class RequestMade(Event[Case]):
    """The client asked for something."""

    topic = "request-made"

    request: UUID
    kind: RequestKind
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        holder = state.responsible
        asked = Request(self.kind, ctx.occurred, holder, ctx.version)
        made = state.reached(ctx).but(requests=state.requests.with_(self.request, asked))
        if self.kind != "other_worker" or holder is None:
            return made
        return made.past_worker(ctx, holder.organisation, holder.worker)


class MakeRequest(Command[Case]):
    """Ask for something: contact, another worker, a service, a second opinion, a meeting, closure and the like.

    It counts at once, also where a worker writes it down for the client. That for another worker goes past the one who
    is named to answer for the case: they don't read it until it is answered.
    """

    roles = ANYONE_IN_THE_CASE
    makes = True
    clients_own = True

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
        waits = state.requests.get(self.request)
        told = state.told_at_last(waits.version) if waits else state
        return told.but(requests=state.requests.with_(self.request, None))


class AnswerRequest(Command[Case]):
    """Answer what the client asked for, with reasons.

    A request for another worker is answered by somebody else than the worker who answered for the case then.
    """

    request: UUID
    outcome: Literal["granted", "partly_granted", "refused"]
    reasons: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if not (waits := state.requests.get(self.request)):
            raise RequestNotOpen(request=self.request)
        not_before(ctx, waits.since)
        if waits.kind == "other_worker" and waits.responsible and is_worker(ctx.actor, waits.responsible):
            raise AskedAway(request=self.request)
        in_words(reasons=self.reasons)
        yield RequestAnswered(self.request, self.outcome, self.reasons)


class ClientAnswered(Event[Case]):
    """The client answered to something that stands in the case.

    A custodian's yes in a matter in which one alone can't decide `waits_for` the other's, and decides nothing yet.
    """

    topic = "client-answered"

    version: Entry
    answer: Literal["agreed", "refused", "confirmed", "denied"]
    words: Words
    medium: Medium = "electronic"
    waits_for: WaitsFor | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        if self.waits_for:
            return state.but(agreed_alone=state.agreed_alone.with_(self.version, ctx.actor.id))
        yes, in_person = self.answer in YES, ctx.actor.role == Role.CLIENT
        state = state.reached(ctx).but(
            answers=state.answers.with_(self.version, yes), awaiting=state.awaiting.with_(self.version, None),
            agreed_alone=state.agreed_alone.with_(self.version, None),
        )  # fmt: skip
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

    A worker may record it for the client (on paper, by telephone: `medium` says how), but not the one who wrote what is
    answered to; and nobody answers over what the client answered in person, or says yes to an ending to which the
    client said no. Only the client's own yes, not a representative's, lets a case close at once. What a worker wrote
    down as the client's decision comes into force with a yes to it and is gone with a no. Of two custodians both say
    yes.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    version: Entry
    answer: Literal["agreed", "refused", "confirmed", "denied"]
    words: Words = ""
    medium: Medium = "electronic"

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        scope, yes = scope_of(state, self.version), self.answer in YES
        by_client = scope == "ownership" and state.decided_by_client_in_person
        within_mandate(ctx, scope, by_client_before=by_client)
        answered_to = entry(ctx, self.version)
        witness(ctx, answered_to.context.actor)
        not_over_the_clients_own(state, self.version, ctx, yes=yes)
        noted = still_waiting(state, self.version)
        if noted:
            only_who_may_answer(state, noted, ctx)
        elif yes and isinstance(answered_to.event, NOTED) and answered_to.event.waits_for:
            raise NoLongerWaits(version=self.version)
        alone = yes and agrees_alone(state, self.version, ctx)
        yield ClientAnswered(self.version, self.answer, self.words, self.medium, "custodian" if alone else None)
        if noted and yes and not alone:
            yield from in_force(self.version, noted, state, ctx)


def not_over_the_clients_own(case: Case, version: Entry, ctx: Context, *, yes: bool) -> None:
    """Refuse another's answer over what the client answered, or how they would have the case end, in person."""
    closure = case.closure if case.closure and case.closure.version == version else None
    if ctx.actor.role != Role.CLIENT and (
        case.answered_in_person.get(version) is not None
        or (closure and closure.in_person)
        or (closure and yes and case.would_end is False)
    ):
        raise ClientHasDecided


class ExperienceAsked(Event[Case]):
    """The client was asked how the service felt."""

    topic = "experience-asked"

    channel: Means


class AskExperience(Command[Case]):
    """Record that the client was asked how the service felt."""

    roles = STAFF | {Role.SYSTEM}

    channel: Means

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        yield ExperienceAsked(self.channel)


class ExperienceReported(Event[Case]):
    """The client told how the service felt, from 1 (bad) to 5 (good)."""

    topic = "experience-reported"

    score: int
    words: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.kept_back(ctx, "until_closed", "responsible") if state.status == "open" else state


class ReportExperience(Command[Case]):
    """Tell how the service felt: a score from 1 (bad) to 5 (good), and words if you like.

    Who is or was named to answer for the case reads it once the case is closed.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    score: int
    words: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        if not 1 <= self.score <= 5:  # noqa: PLR2004 - the scale is the meaning
            raise ScoreOffScale(score=self.score)
        yield ExperienceReported(self.score, self.words)


class AskedAway(Forbidden):
    """The client asks for another worker than you, so somebody else answers it.

    Ask a colleague, your manager or, where you are the unit's only one, another of the organisation's managers to.
    """


class RequestNotOpen(Conflict):
    """No such request is open: it was answered, or the id is another's. Read the client's voice."""


class ScoreOffScale(Unacceptable):
    """The scale is 1 (bad) to 5 (good). Send a score on it."""
