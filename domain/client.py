"""The client's stream: who they are, who may speak for them, whether they live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.decider import (
    ANYONE_IN_THE_CASE,
    CLIENT,
    CLIENT_SIDE,
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


WaitsFor = Literal["client", "custodian"]
"""Whose word a decision waits for: the client's own, where a worker wrote it down, or the other custodian's."""


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

    Of a death and its withdrawal, and of the protection of the address and its lifting, the one that was recorded last
    counts, whenever it is said to have happened: `death_told_in` and `protection_told_in` are their versions. The
    address is `protected` until that is lifted, which is due at `protected_until`. `registered_by` is the organisation
    that entered them.
    """

    registered_by: str | None = None
    dead: bool = False
    died_at: datetime | None = None
    death_told_in: int = 0
    protected: bool = False
    protected_until: datetime | None = None
    protection_told_in: int = 0
    representatives: tuple[tuple[UUID, Representative], ...] = ()
    language: Language | None = None

    def represented(self, by: str, at: datetime) -> Representative | None:
        """Return the mandate that this person has at that moment, or None: all mandates end with the client's death."""
        for person, mandate in self.representatives:
            if str(person) == by and mandate.holds(at) and not self.dead:
                return mandate
        return None

    def custodians(self, at: datetime) -> int:
        """Return how many custodians the client has at that moment."""
        return sum(m.kind == "custodian" and m.holds(at) for _, m in self.representatives)

    def told_of_death(self, died_at: datetime | None, version: int) -> Client:
        """Return the client as the report with this version has it (None: alive), unless a later one counts."""
        if version < self.death_told_in:
            return self
        return self.but(dead=died_at is not None, died_at=died_at, death_told_in=version)

    def told_of_protection(self, until: datetime | None, version: int) -> Client:
        """Return the client as the entry with this version has it (None: unprotected), unless a later one counts."""
        if version < self.protection_told_in:
            return self
        return self.but(protected=until is not None, protected_until=until, protection_told_in=version)


class ClientRegistered(Event[Client]):
    """Somebody became a client. Who it is stands in the client information system, under this stream's id."""

    topic = "client-registered"

    born: Words
    municipality: Words

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.but(began=ctx.occurred, registered_by=ctx.actor.organisation)


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
    """Record that somebody no longer acts for the client.

    A power of attorney the client takes back, and the one who has it gives it up. What a court, an authority or the law
    gave ends by their decision, which a worker records. The clock ends a mandate whose time has passed.
    """

    roles = ANYONE_IN_THE_CASE | {Role.SYSTEM}

    representative: UUID

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        mandate = dict(state.representatives).get(self.representative)
        if mandate is None:
            raise RepresentativeAbsent(representative=self.representative)
        if ctx.actor.role == Role.REPRESENTATIVE and ctx.actor.id != str(self.representative):
            raise NotYourMandate
        if ctx.actor.role in CLIENT_SIDE and mandate.kind != "proxy":
            raise MandateByAuthority(kind=mandate.kind)
        if ctx.actor.role == Role.SYSTEM and (mandate.until is None or ctx.occurred < mandate.until):
            raise MandateHolds(until=mandate.until)
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
        return state.told_of_death(ctx.occurred, ctx.version)


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
        return state.told_of_death(None, ctx.version)


class WithdrawDeathReport(Command[Client]):
    """Withdraw a mistaken report of the client's death."""

    roles = STAFF | {Role.SYSTEM}

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if state.dead:
            yield DeathReportWithdrawn()


def within_mandate(ctx: Context, scope: Scope, *, by_client_before: bool = False) -> None:
    """Refuse a representative without a mandate for this, and one who would go over the client's own will (rule 16).

    The mandate has to hold now, not only when it is said to have happened. Nor does a worker write down what a client
    decides whose death is on record, unless it is reported from before.
    """
    client = ctx.known.client or Client()
    in_their_name = ctx.actor.role in STAFF and ctx.on_behalf_of == CLIENT and scope != "statements"
    if in_their_name and client.dead and not ctx.reported:
        raise TheDeadDecideNothing
    if ctx.actor.role != Role.REPRESENTATIVE:
        return
    mandate = client.represented(ctx.actor.id, ctx.occurred)
    if mandate is None or not mandate.holds(ctx.recorded) or scope not in mandate.scope:
        raise OutsideMandate(scope=scope)
    if by_client_before:
        raise ClientHasDecided


def only_client_side(ctx: Context, scope: Scope, *, personal: bool, by_client_before: bool = False) -> None:
    """Refuse unless the client acts, or a representative within scope (rule 16).

    In a personal matter a representative never goes over the client's own will, and of two custodians not one alone.
    """
    within_mandate(ctx, scope, by_client_before=personal and by_client_before)
    if personal and one_of_custodians(ctx):
        raise OneOfTwoCustodians


def one_of_custodians(ctx: Context) -> bool:
    """Say whether a custodian acts, and isn't the only one that the client has."""
    return is_custodian(ctx, ctx.actor.id) and (ctx.known.client or Client()).custodians(ctx.recorded) > 1


def is_custodian(ctx: Context, person: str) -> bool:
    """Say whether this person is the client's custodian now."""
    mandate = (ctx.known.client or Client()).represented(person, ctx.recorded)
    return mandate is not None and mandate.kind == "custodian"


def waits_for(ctx: Context) -> WaitsFor | None:
    """Return whose word a decision of the client's waits for: None where the client, or whoever may, decides it now."""
    if ctx.actor.role in STAFF:
        return "client"
    return "custodian" if one_of_custodians(ctx) else None


class RepresentativeAbsent(Absent):
    """Nobody with this id acts for the client. Check the id, or name them as a representative first."""


class MandateEmpty(Unacceptable):
    """That mandate is for nothing, or over before it begins. Name its matters, and an end that is to come or none."""

    rule = 16


class NotYourMandate(Forbidden):
    """You may end your own mandate only. Ask the client or a worker to end another's."""


class MandateByAuthority(Forbidden):
    """A court, an authority or the law gave that mandate, and it ends by their decision. Ask a worker to record it."""

    rule = 16


class MandateHolds(Conflict):
    """That mandate still holds. It ends by itself only once its time has passed; until then somebody ends it."""

    rule = 16


class OutsideMandate(Forbidden):
    """You have no mandate for this at that time. The client, or somebody with a mandate for it, may do it."""

    rule = 16


class ClientHasDecided(Forbidden):
    """The client has decided this in person, and nobody decides over the client's own will. Talk with the client."""

    rule = 16


class OneOfTwoCustodians(Forbidden):
    """The child has two custodians, and one alone can't decide this. Make a request of it, to which both can agree."""

    rule = 16


class TheDeadDecideNothing(Conflict):
    """The client's death is on record, and nobody decides in their name any more. Withdraw a mistaken report.

    What they decided before their death, send as reported, with the time at which they did.
    """

    rule = 16


class ClientDead(Conflict):
    """The client's death is on record. Withdraw the report if it is a mistake; otherwise no case is opened for them."""
