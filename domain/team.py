"""What a team of professionals agrees on, who in it disagrees, and how it looks back on its own work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from uuid import UUID

from domain.case import Case, entry, in_words, known_holder, only_responsible, only_while_open
from domain.decider import (
    MOST,
    Absent,
    Actor,
    Command,
    Context,
    Entry,
    Event,
    Forbidden,
    Override,
    Refusal,
    Unacceptable,
    Words,
    not_before,
)
from domain.overrides import Overridable
from domain.remembered import Holder, Line
from domain.voice import heard

_TEAM = 2
"""How many it takes to agree on something."""


class TeamLineAgreed(Event[Case]):
    """A team agreed on a joint line: who, whether the client was there, and on whose words it rests."""

    topic = "team-line-agreed"

    line: UUID
    members: tuple[Holder, ...]
    text: Words
    client_present: bool
    client_view: UUID | None
    rests_on: tuple[Entry, ...]
    disclosure_basis: Literal["statutory", "not_stated"] = "not_stated"

    def evolve(self, state: Case, ctx: Context) -> Case:
        met = state.reached(ctx) if self.client_present else state
        return met.but(lines=met.lines.with_(self.line, self._remembered(ctx)))

    def _remembered(self, ctx: Context) -> Line:
        return Line(self.members, ctx.occurred, statutory=self.disclosure_basis == "statutory")


class AgreeTeamLine(Command[Case]):
    """Record a joint line of a team: its members, two workers at least, what they agreed on, and on whose words.

    A member of it records it, or whoever answers for the case. `client_view` is the statement on which it rests;
    without one, `no_view_because` says why there is none. Members of other organisations learn of the case as far as
    the client consents, or the law lets them: then `disclosure_basis` says so.
    """

    makes = True

    members: tuple[Holder, ...]
    text: Words
    client_present: bool
    client_view: UUID | None = None
    no_view_because: Words | None = None
    rests_on: tuple[Entry, ...] = ()
    disclosure_basis: Literal["statutory"] | None = None
    override: tuple[Override, ...] = ()

    def mentions(self, actor: Actor) -> Iterator[Holder]:
        yield from self.members[:MOST]

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case] | Refusal]:
        only_while_open(state, ctx)
        _named(self.members, ctx)
        if not _is_one_of(self.members, ctx.actor):
            only_responsible(state, ctx)
        in_words(text=self.text)
        for version in self.rests_on:
            entry(ctx, version)
        if self.client_view is None and not (self.no_view_because or "").strip():
            yield LineWithoutClient()
        else:
            yield from heard(state, "team_line", self.client_view, self.no_view_because)
        yield TeamLineAgreed(
            ctx.id(1), self.members, self.text, self.client_present, self.client_view, self.rests_on,
            self.disclosure_basis or "not_stated",
        )  # fmt: skip


class DissentRecorded(Event[Case]):
    """A member of the team disagrees with its line, in their own name."""

    topic = "dissent-recorded"

    line: UUID
    words: Words


class RecordDissent(Command[Case]):
    """Say, in your own name, that you disagree with a line of your team's. Nobody else can take it back."""

    line: UUID
    words: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        _only_member(state, self.line, ctx)
        in_words(words=self.words)
        yield DissentRecorded(self.line, self.words)


class TeamSelfReviewed(Event[Case]):
    """The team looked back on its own work in the case: what it could have done otherwise."""

    topic = "team-self-reviewed"

    line: UUID
    conclusions: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        if not (line := state.lines.get(self.line)):
            return state
        return state.but(lines=state.lines.with_(self.line, line.but(reviewed=True)))


class ReviewTeamLine(Command[Case]):
    """Record how your team looks back on its own work along a line: what worked, and what it could do otherwise."""

    line: UUID
    conclusions: Words

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        _only_member(state, self.line, ctx)
        in_words(conclusions=self.conclusions)
        yield TeamSelfReviewed(self.line, self.conclusions)


def _named(members: tuple[Holder, ...], ctx: Context) -> None:
    """Refuse a team of fewer than two, and members who are not named."""
    for member in members:
        known_holder(ctx, member)
        if member.worker is None:
            raise MemberNotNamed(unit=member)
    if len({(member.organisation, member.worker) for member in members}) < _TEAM:
        raise TeamOfOne


def _only_member(case: Case, line: UUID, ctx: Context) -> None:
    """Refuse those whom the line does not name, in whatever unit they work now."""
    if not (remembered := case.lines.get(line)):
        raise LineAbsent(line=line)
    not_before(ctx, remembered.at)
    if not _is_one_of(remembered.members, ctx.actor):
        raise NotAMember(line=line)


def _is_one_of(members: tuple[Holder, ...], actor: Actor) -> bool:
    return (actor.organisation, actor.id) in {(it.organisation, it.worker) for it in members}


class LineAbsent(Absent):
    """The case has no such line. Read the team's lines, and name one that stands there."""


class MemberNotNamed(Unacceptable):
    """A line has named members, and a unit is nobody. Name the workers who agreed on it."""

    rule = 12


class TeamOfOne(Unacceptable):
    """One alone is no team. Name the others who agreed on it, or record your assessment."""


class NotAMember(Forbidden):
    """The line does not name you, and its members speak for themselves. Ask one of them to record it."""

    rule = 12


class LineWithoutClient(Overridable):
    """A team's line rests on the client's view. Name their statement, or say why there is none."""

    rule = 10
