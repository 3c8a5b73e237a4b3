"""To whom the client lets their data go, and on what basis they go to another organisation (rule 7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.case import Case
from domain.client import ClientHasDecided, only_client_side
from domain.decider import (
    ANYONE_IN_THE_CASE,
    MOST,
    Absent,
    Command,
    Conflict,
    Context,
    Event,
    Role,
    Unacceptable,
    not_before,
)
from domain.directory import only_organisations, organisation_stream
from domain.overrides import Overridable
from domain.remembered import Consent, Purpose

DisclosureBasis = Literal["consent", "statutory", "same_organisation", "not_stated"]
"""On what basis the case's data reach the receiver."""


class ConsentGiven(Event[Case]):
    """The client lets their data go to some organisations, for a purpose, until some day or until they withdraw it."""

    topic = "consent-given"

    consent: UUID
    purpose: Purpose
    recipients: tuple[str, ...]
    until: datetime | None

    def evolve(self, state: Case, ctx: Context) -> Case:
        in_person = ctx.actor.role == Role.CLIENT
        given = Consent(self.recipients, self.purpose, ctx.occurred, self.until, in_person)
        return state.but(consents=state.consents.with_(self.consent, given))


class GiveConsent(Command[Case]):
    """Let your data go to organisations of the directory: to take the case over, or to work in it beside its holder.

    It counts at once, also where a worker writes it down for the client. A representative does not give anew what the
    client withdrew in person.
    """

    roles = ANYONE_IN_THE_CASE
    makes = True
    clients_own = True

    recipients: tuple[str, ...]
    purpose: Purpose = "handoff"
    until: datetime | None = None

    def relies_on(self) -> Iterator[UUID]:
        yield from (organisation_stream(it) for it in self.recipients[:MOST])

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        if not self.recipients:
            raise RecipientMissing
        only_organisations(self, ctx)
        if self.until is not None and self.until <= ctx.occurred:
            raise ConsentWithoutTime(until=self.until)
        if ctx.actor.role == Role.REPRESENTATIVE and _withdrawn_in_person(state, self.recipients):
            raise ClientHasDecided
        yield ConsentGiven(ctx.id(1), self.purpose, self.recipients, self.until)


class ConsentWithdrawn(Event[Case]):
    """A consent stands no longer: the client withdrew it, or its time was over."""

    topic = "consent-withdrawn"

    consent: UUID
    cause: Literal["client", "lapsed"] = "client"

    def evolve(self, state: Case, ctx: Context) -> Case:
        if not (consent := state.consents.get(self.consent)):
            return state
        in_person = self.cause == "client" and ctx.actor.role == Role.CLIENT
        withdrawn = consent.but(withdrawn=True, in_person=in_person)
        return state.but(consents=state.consents.with_(self.consent, withdrawn))


class WithdrawConsent(Command[Case]):
    """Withdraw a consent. It counts at once, also where a worker writes it down, and needs no reason.

    A representative does not withdraw what the client gave in person.
    """

    roles = ANYONE_IN_THE_CASE
    clients_own = True

    consent: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_client_side(ctx, "statements", personal=False)
        consent = standing(state, self.consent, ctx)
        if ctx.actor.role == Role.REPRESENTATIVE and consent.in_person:
            raise ClientHasDecided
        yield ConsentWithdrawn(self.consent)


class LapseConsent(Command[Case]):
    """End a consent whose time is over."""

    roles = frozenset({Role.SYSTEM})

    consent: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        consent = standing(state, self.consent, ctx)
        if consent.until is None or ctx.occurred < consent.until:
            raise ConsentHolds(until=consent.until)
        yield ConsentWithdrawn(self.consent, "lapsed")


def standing(case: Case, consent: UUID, ctx: Context) -> Consent:
    """Return a consent that nobody has ended, or refuse an id that is none."""
    given = case.consents.get(consent)
    if given is None or given.withdrawn:
        raise ConsentNotThere(consent=consent)
    not_before(ctx, given.since)
    return given


def basis_for(case: Case, organisation: str, stated: str | None, ctx: Context) -> DisclosureBasis:
    """Return on what basis the case's data go to an organisation: "not_stated" where there is none (rule 7)."""
    if case.responsible is not None and case.responsible.organisation == organisation:
        return "same_organisation"
    if stated == "statutory":
        return "statutory"
    return "consent" if consented(case, organisation, ctx.occurred) else "not_stated"


def basis_beside(case: Case, organisation: str, stated: str | None, ctx: Context) -> DisclosureBasis:
    """Return on what basis an organisation that works beside the holder learns of the case (rule 7)."""
    basis = basis_for(case, organisation, stated, ctx)
    given = case.consents.values
    beside = any(organisation in it.recipients and it.holds(ctx.occurred) for it in given)
    return "consent" if basis == "not_stated" and beside else basis


def consented(case: Case, organisation: str, at: datetime) -> bool:
    """Say whether the client lets the case pass to that organisation."""
    given = case.consents.now().values()
    return any(it.purpose == "handoff" and organisation in it.recipients and it.holds(at) for it in given)


def _withdrawn_in_person(case: Case, recipients: tuple[str, ...]) -> bool:
    return any(
        it.withdrawn and it.in_person and not set(recipients).isdisjoint(it.recipients)
        for it in case.consents.now().values()
    )


class BasisMissing(Overridable):
    """It goes to another organisation, and the client has not consented. Ask them, or state the statutory basis."""

    rule = 7


class RecipientMissing(Unacceptable):
    """A consent says to whom. Name the organisations by their national ids."""

    rule = 7


class ConsentWithoutTime(Unacceptable):
    """That consent is over before it begins. Send a later time, or none for one that stands until it is withdrawn."""

    rule = 7


class ConsentNotThere(Absent):
    """No such consent stands: it was withdrawn or has lapsed, or the id is another's. Read the case's history."""

    rule = 7


class ConsentHolds(Conflict):
    """The consent's time is not over. Try again after it."""

    rule = 7
