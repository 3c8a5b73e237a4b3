"""What waits for the client's own word, or for the other custodian's, before it comes into force."""

from __future__ import annotations

from collections.abc import Iterator

from domain.case import Case, in_order, only_open
from domain.client import ClientHasDecided, Scope, is_custodian, one_of_custodians
from domain.client_ownership import ClientReturnedOwnership, ClientTookOwnership, OwnerChosen
from domain.closure import ClosureWithdrawn
from domain.decider import Conflict, Context, Entry, Event, Forbidden, Role
from domain.objections import NotYourObjection, ObjectionWithdrawn
from domain.remembered import Awaiting

NOTED = ClientTookOwnership | OwnerChosen | ClientReturnedOwnership | ObjectionWithdrawn | ClosureWithdrawn
"""What may be written down for the client, and then waits."""


def scope_of(case: Case, version: Entry) -> Scope:
    """Return in which matter the client answers to this version: two of the three are personal, statements are not."""
    if case.closure and case.closure.version == version:
        return "closure"
    if noted := case.awaiting.get(version):
        return _MATTERS.get(noted.kind, "ownership")
    offered = case.owned_by == "client" and case.pending is not None and case.pending.version == version
    return "ownership" if offered else "statements"


_MATTERS: dict[str, Scope] = {"withdraw": "statements", "keep_open": "closure"}


def still_waiting(case: Case, version: Entry) -> Awaiting | None:
    """Return the decision that waits for an answer to this version.

    None where there is none, where it is said to be another person's, or where what it would change has moved on.
    """
    noted = case.awaiting.get(version)
    if noted is None or case.misplaced.get(version):
        return None
    if noted.objection is not None:
        return noted if case.objections.get(noted.objection) else None
    if noted.kind == "keep_open":
        return noted if case.closure and noted.at >= case.closure.at else None
    return noted if case.owned_since is None or noted.at >= case.owned_since else None


def only_who_may_answer(case: Case, noted: Awaiting, ctx: Context) -> None:
    """Refuse those whose yes or no a decision does not wait for."""
    if noted.waits_for == "custodian" and not (ctx.actor.role == Role.CLIENT or is_custodian(ctx, ctx.actor.id)):
        raise OtherCustodianAnswers
    ended = case.closure if noted.kind == "keep_open" else None
    if ctx.actor.role == Role.REPRESENTATIVE and ended and ended.in_person:
        raise ClientHasDecided
    raised = noted.objection and case.objections.get(noted.objection)
    if ctx.actor.role == Role.REPRESENTATIVE and raised and raised.raised_by.id != ctx.actor.id:
        raise NotYourObjection(objection=noted.objection)


def agrees_alone(case: Case, version: Entry, ctx: Context) -> bool:
    """Say whether a custodian's yes to this version waits for the other's: in a personal matter, until both agree."""
    if scope_of(case, version) == "statements" or not one_of_custodians(ctx):
        return False
    noted, other = case.awaiting.get(version), case.agreed_alone.get(version)
    if noted and noted.waits_for == "custodian":  # it is the other's own decision
        return False
    return other is None or other == ctx.actor.id or not is_custodian(ctx, other)


def in_force(version: Entry, noted: Awaiting, case: Case, ctx: Context) -> Iterator[Event[Case]]:
    """Yield what has now been confirmed: it changes the case from this moment on."""
    if noted.objection is not None:
        yield ObjectionWithdrawn(noted.objection, confirms=version)
    elif noted.kind == "keep_open":
        in_order(ctx, case.closure.at if case.closure else None)
        yield ClosureWithdrawn("", confirms=version)
    else:
        only_open(case)
        in_order(ctx, case.owned_since)
        yield from _owned(version, noted, case)


def _owned(version: Entry, noted: Awaiting, case: Case) -> Iterator[Event[Case]]:
    if noted.holder is not None:
        yield OwnerChosen(noted.holder, "", confirms=version)
    elif noted.kind == "take":
        yield ClientTookOwnership("", confirms=version)
    elif case.owned_by != "responsible":
        yield ClientReturnedOwnership("", confirms=version)


class NoLongerWaits(Conflict):
    """That no longer waits for a yes: it was answered, or what it would change has moved on. Decide it anew."""

    rule = 16


class OtherCustodianAnswers(Forbidden):
    """One custodian decided it, and it waits for the other's own word, or the child's. Let them answer."""

    rule = 16
