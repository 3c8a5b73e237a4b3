"""On what grounds a case may end, and what each of them needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.calendar import civil_day
from domain.case import Case
from domain.contacts import attempts
from domain.decider import CLIENT_SIDE, Conflict, Context, Refusal, Unacceptable, Words
from domain.overrides import Overridable
from domain.provision import NoDecisionToAppeal, can_be_appealed
from domain.remembered import Ground

_NEEDS_DECISION = frozenset({"no_legal_basis", "service_mismatch"})


def ground_allowed(ground: Ground, ctx: Context) -> None:
    """Refuse a ground on which nobody ends a case, or not this one (rule 15)."""
    if ground == "not_stated" and not ctx.imported:
        raise GroundMissing
    if ground != "client_ended" and ctx.actor.role in CLIENT_SIDE:
        raise ClientEndsAsClient(ground=ground)
    if ground == "death":
        death_on_record(ctx)


def ground_lacks(
    ground: Ground, alternative: Words, decision: UUID | None, case: Case, ctx: Context
) -> Iterator[Refusal]:
    """Yield what the ground still needs, each a rule that a manager may set aside."""
    if ground == "service_mismatch" and (missing := _unreviewed(alternative, case)):
        yield MismatchNotReviewed(missing=missing)
    if ground == "unreachable" and (lacks := _not_sought_enough(case, ctx)):
        yield NotSoughtEnough(**lacks)
    appealable = can_be_appealed(case, decision, ctx)
    if ground in _NEEDS_DECISION and not appealable:
        yield NoDecisionToAppeal(decision=decision)


def death_on_record(ctx: Context) -> None:
    """Refuse unless the client's death stands in their own stream."""
    if not (ctx.known.client and ctx.known.client.dead):
        raise DeathNotRecorded


def _unreviewed(alternative: Words, case: Case) -> list[str]:
    """Name what is missing before a service may be said not to fit (rule 14)."""
    reviewed = any(line.reviewed for line in case.lines.now().values())
    return ["self_review"] * (not reviewed) + ["alternative"] * (not alternative.strip())


def _not_sought_enough(case: Case, ctx: Context) -> dict[str, Any]:
    """Return how far the search for the client has come, where that is not far enough (rule 25)."""
    policy, made = ctx.known.policy, attempts(case, ctx)
    channels = sorted({it.channel for it in made})
    days = (civil_day(ctx.occurred) - civil_day(made[0].at)).days if made else 0
    pending = [it for it, request in case.requests.now().items() if request and request.kind == "service"]
    enough = (
        len(made) >= policy.unreachable_attempts
        and len(channels) >= policy.unreachable_channels
        and days >= policy.unreachable_days
    )
    if enough and not pending:
        return {}
    return {"attempts": len(made), "channels": channels, "days": days, "pending": pending}


class MismatchNotReviewed(Overridable):
    """A service that does not fit needs the team's own review and an alternative before a case ends on it.

    That a client does not fit is no ground. Let the team review its line, and say what would fit the client.
    """

    rule = 14


class NotSoughtEnough(Overridable):
    """The client has not been sought enough to count as unreachable, or an application of theirs is pending.

    Try again by another channel, give it the time that policy sets, and answer the application first.
    """

    rule = 25


class GroundMissing(Unacceptable):
    """A case ends on a ground. Only an imported history may leave it unstated: name the ground."""

    rule = 15


class ClientEndsAsClient(Unacceptable):
    """A client who ends the case does so on the ground client_ended. Send that ground."""

    rule = 15


class DeathNotRecorded(Conflict):
    """The client's death is not on record. Record it in the client's own stream first, or choose another ground."""
