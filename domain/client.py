"""The client's stream: who they are, who may speak for them, whether they live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.decider import (
    ANYONE_IN_THE_CASE,
    STAFF,
    Absent,
    Command,
    Conflict,
    Context,
    Event,
    Forbidden,
    Role,
    State,
    Unacceptable,
    Value,
    Words,
    not_before,
)

Kind = Literal["guardian", "custodian", "trustee", "proxy"]
"""guardian: edunvalvoja. custodian: huoltaja. trustee: edunvalvontavaltuutettu. proxy: by power of attorney."""
Scope = Literal["statements", "ownership", "closure"]
Language = Literal["fi", "sv", "en", "se"]


class Representative(Value):
    """Somebody who may act for the client, in some matters, until some day."""

    kind: Kind
    scope: tuple[Scope, ...]
    since: datetime
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Say whether it holds at that moment."""
        return self.since <= at and (self.until is None or at < self.until)


class Client(State):
    """What is remembered of a client: never who it is.

    Of a death and its withdrawal the one that was recorded last counts, whenever it is said to have happened:
    `death_told_in` is its version.
    """

    dead: bool = False
    death_told_in: int = 0
    representatives: tuple[tuple[UUID, Representative], ...] = ()
    language: Language | None = None

    def represented(self, by: str, at: datetime) -> Representative | None:
        """Return the mandate that this person has at that moment, or None."""
        for person, mandate in self.representatives:
            if str(person) == by and mandate.holds(at):
                return mandate
        return None

    def custodians(self, at: datetime) -> int:
        """Return how many custodians the client has at that moment."""
        return sum(m.kind == "custodian" and m.holds(at) for _, m in self.representatives)

    def told_of_death(self, dead: bool, version: int) -> Client:
        """Return the client as the report with this version has it, unless a later one said otherwise."""
        return self.but(dead=dead, death_told_in=version) if version >= self.death_told_in else self


class ClientRegistered(Event[Client]):
    """Somebody became a client. Who it is stands in the client information system, under this stream's id."""

    topic = "client-registered"

    born: Words
    municipality: Words

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.but(began=ctx.occurred)


class RegisterClient(Command[Client]):
    """Register a client. Answers with the client's id, which names them from then on."""

    roles = STAFF | {Role.ADMINISTRATOR}
    stream = "new"

    born: Words = ""
    municipality: Words = ""

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        yield ClientRegistered(self.born, self.municipality)


class RepresentativeNamed(Event[Client]):
    """Somebody may act for the client from now on."""

    topic = "representative-named"

    representative: UUID
    kind: Kind
    scope: tuple[Scope, ...]
    until: datetime | None

    def evolve(self, state: Client, ctx: Context) -> Client:
        mandate = Representative(self.kind, self.scope, ctx.occurred, self.until)
        others = tuple(r for r in state.representatives if r[0] != self.representative)
        return state.but(representatives=(*others, (self.representative, mandate)))


class NameRepresentative(Command[Client]):
    """Record who may act for the client, in which matters, until when. `representative` is a random id of theirs."""

    representative: UUID
    kind: Kind
    scope: tuple[Scope, ...] = ("statements", "ownership", "closure")
    until: datetime | None = None

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if not self.scope or (self.until is not None and self.until <= ctx.recorded):
            raise MandateEmpty
        yield RepresentativeNamed(self.representative, self.kind, self.scope, self.until)


class RepresentativeEnded(Event[Client]):
    """Somebody may no longer act for the client."""

    topic = "representative-ended"

    representative: UUID

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.but(representatives=tuple(r for r in state.representatives if r[0] != self.representative))


class EndRepresentative(Command[Client]):
    """Record that somebody no longer acts for the client."""

    roles = ANYONE_IN_THE_CASE

    representative: UUID

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        mandate = dict(state.representatives).get(self.representative)
        if mandate is None:
            raise RepresentativeAbsent(representative=self.representative)
        if ctx.actor.role == Role.REPRESENTATIVE and ctx.actor.id != str(self.representative):
            raise NotYourMandate
        not_before(ctx, mandate.since)
        yield RepresentativeEnded(self.representative)


class LanguageChosen(Event[Client]):
    """The client wants to be served in this language."""

    topic = "language-chosen"

    language: Language

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.but(language=self.language)


class ChooseLanguage(Command[Client]):
    """Choose the language in which the client is served."""

    roles = ANYONE_IN_THE_CASE

    language: Language

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if ctx.actor.role == Role.REPRESENTATIVE and not state.represented(ctx.actor.id, ctx.recorded):
            raise OutsideMandate(scope=None)
        if state.language != self.language:
            yield LanguageChosen(self.language)


class DeathRecorded(Event[Client]):
    """The client died, says the source."""

    topic = "death-recorded"

    source: Literal["population_register", "relative", "authority"]

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.told_of_death(True, ctx.version)


class RecordDeath(Command[Client]):
    """Record that the client died. It can be withdrawn if it turns out to be a mistake."""

    roles = STAFF | {Role.SYSTEM}

    source: Literal["population_register", "relative", "authority"]

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if not state.dead:
            yield DeathRecorded(self.source)


class DeathReportWithdrawn(Event[Client]):
    """The report of the client's death was a mistake."""

    topic = "death-report-withdrawn"

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.told_of_death(False, ctx.version)


class WithdrawDeathReport(Command[Client]):
    """Withdraw a mistaken report of the client's death."""

    roles = STAFF | {Role.SYSTEM}

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if state.dead:
            yield DeathReportWithdrawn()


def only_client_side(ctx: Context, scope: Scope, *, personal: bool, by_client_before: bool = False) -> None:
    """Refuse unless the client acts, or a representative within scope (rule 16).

    The mandate has to hold now, not only when it is said to have happened. In a personal matter a representative
    never goes over the client's own will, and of two custodians not one alone.
    """
    if ctx.actor.role != Role.REPRESENTATIVE:
        return
    client = ctx.known.client or Client()
    mandate = client.represented(ctx.actor.id, ctx.occurred)
    if mandate is None or not mandate.holds(ctx.recorded) or scope not in mandate.scope:
        raise OutsideMandate(scope=scope)
    if personal and by_client_before:
        raise ClientHasDecided
    if personal and mandate.kind == "custodian" and client.custodians(ctx.recorded) > 1:
        raise OneOfTwoCustodians


class RepresentativeAbsent(Absent):
    """Nobody with this id acts for the client. Check the id, or name them as a representative first."""


class MandateEmpty(Unacceptable):
    """That mandate is for nothing, or over before it begins. Name its matters, and an end that is to come or none."""

    rule = 16


class NotYourMandate(Forbidden):
    """You may end your own mandate only. Ask the client or a worker to end another's."""


class OutsideMandate(Forbidden):
    """You have no mandate for this at that time. The client, or somebody with a mandate for it, may do it."""

    rule = 16


class ClientHasDecided(Forbidden):
    """The client has decided this in person, and nobody decides over the client's own will. Talk with the client."""

    rule = 16


class OneOfTwoCustodians(Forbidden):
    """The child has two custodians, and one alone can't decide this. Record what you want as a statement instead."""

    rule = 16


class ClientDead(Conflict):
    """The client's death is on record. Withdraw the report if it is a mistake; otherwise no case is opened for them."""
