"""What stays unsaid of where a client is whose address is protected: the units and the workers of their cases.

Those who need them read them: the client, auditors in what they were let see, and staff who act in the case, whom it is
offered to, or who took access in an emergency, which may take them there. Anybody else reads "[protected]" in their
place, whatever moment they ask about: who acts for the client, the ombudsman, who had the case before (rule 22).
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import msgspec
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.auth import bearer
from api.problems import response
from domain.authorization import MAY, Relation, standing
from domain.case import Case
from domain.client import Client
from domain.decider import CLIENT, STAFF, Action, Actor, Refusal, Role
from domain.ledger.application import Cases
from projections.findings.found import ByWhichPolicy
from projections.searched import Place

PROTECTED = "[protected]"
"""What reads in the place of a unit or a worker that is not to be known."""

PLACES = frozenset({"unit", "to_unit", "worker", "asked_by", "claim_told_by", "grant_purpose", "diary", "by_unit",
                    "as_seen_by", "unit_name", "worker_name", "telephone", "electronic", "visiting"})  # fmt: skip
"""The fields that name a unit, or a worker and thereby their unit; or may: what an auditor was let see a case for."""

ROLES: Mapping[str, str] = {
    "who": "role", "id": "role", "by": "by_role", "answered_by": "answered_by_role", "closed_by": "closed_by_role",
    "proposed_by": "proposed_role", "from_whom": "from_role",
}  # fmt: skip
"""The fields that name a worker if the role beside it, in the field that is named here, is one of staff."""

_NEEDS_IT = frozenset({Role.CLIENT, Role.AUDITOR})
_ANYBODY = frozenset({"by", "proposed_by", "from_whom"})
_NOBODY = frozenset({CLIENT, "responsible", *get_args(ByWhichPolicy)})
_OFFERED = frozenset({Relation.OFFERED})
_ACTING = MAY[Action.WORK][Role.WORKER] - {Relation.HELD_THEN}
_GO_THERE = _ACTING | _OFFERED | {Relation.IN_EMERGENCY}
_ANSWERING = frozenset({Relation.HOLDS, Relation.MANAGES, Relation.DRIVES})


def hidden_from(cases: Cases, actor: Actor, ever: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the cases, of clients whose address ever was protected, whose units this actor isn't to know."""
    if actor.role in _NEEDS_IT:
        return frozenset()
    return frozenset(
        case
        for case in ever
        if is_protected(cases, case) and not goes_there(actor.role, _relations(cases, actor, case))
    )


def goes_there(role: Role, relations: Collection[Relation]) -> bool:
    """Say whether somebody, being this to a case, is told of its units and workers whatever is protected."""
    return role in _NEEDS_IT or not _GO_THERE.isdisjoint(relations)


def is_protected(cases: Cases, case: UUID) -> bool:
    """Say whether the address of the case's client is protected now."""
    client = cases.client_of(case)
    state = cases.loaded(client, Client).state if client else None
    return isinstance(state, Client) and state.protected


def concerned(cases: Cases, actor: Actor, case: UUID) -> bool:
    """Say whether this is staff of an organisation that holds the case, is offered it or was chosen by the client."""
    return not (_ANSWERING | _OFFERED).isdisjoint(_relations(cases, actor, case))


def _relations(cases: Cases, actor: Actor, case: UUID) -> frozenset[Relation]:
    """Return what somebody of the staff is to a case now."""
    state = cases.loaded(case, Case).state
    if actor.role not in STAFF or not isinstance(state, Case):
        return frozenset()
    return standing(actor, state, datetime.now(UTC), None).relations


def betrayed(cases: Cases, actor: Actor, found: Collection[UUID], *places: Place) -> frozenset[UUID]:
    """Return those of the cases found by a unit or a worker of which that would tell somebody who isn't to know it."""
    if not any(it.unit is not None or it.worker is not None for it in places):
        return frozenset()
    with cases.pool.connection() as connection:
        (ever,) = connection.execute("SELECT ever_protected(%s)", (list(found),)).fetchone() or ([],)
    return hidden_from(cases, actor, ever)


def tell_refusals(app: FastAPI, cases: Cases) -> None:
    """Let a refusal tell nobody of a unit or a worker of a case in which they aren't to know it."""

    async def answer(request: Request, refused: Exception) -> Response:
        if isinstance(refused, Refusal):
            await keep_quiet(request, cases, refused)
        return response(refused)

    app.add_exception_handler(Refusal, answer)


async def keep_quiet(request: Request, cases: Cases, refused: Refusal) -> None:
    """Take a case's units and workers out of a refusal, if whoever asks isn't to know them."""
    if refused.details and request.url.path.startswith("/cases/"):
        case = UUID(str(request.path_params["id"]))
        if await run_in_threadpool(hidden_from, cases, bearer(request).actor, [case]):
            refused.details = unplaced(msgspec.to_builtins(refused.details))


def without_places(content: Any, hidden: Collection[UUID]) -> Any:
    """Return what is to be shown, without the units and workers of these cases."""
    return _searched(msgspec.to_builtins(content), {str(it) for it in hidden}) if hidden else content


def _searched(value: Any, hidden: Collection[str]) -> Any:
    """Look for what tells of these cases: it names one of them in its field `case`."""
    if isinstance(value, list | tuple):
        return [_searched(it, hidden) for it in value]
    if not isinstance(value, dict):
        return value
    if str(value.get("case")) in hidden:
        return unplaced(value)
    return {name: _searched(it, hidden) for name, it in value.items()}


def unplaced(value: Any) -> Any:
    """Return something told of a case without the units and workers in it."""
    if isinstance(value, list | tuple):
        return [unplaced(it) for it in value]
    if not isinstance(value, dict):
        return value
    return {name: PROTECTED if _is_place(value, name) else unplaced(it) for name, it in value.items()}


def _is_place(row: Mapping[str, Any], name: str) -> bool:
    """Say whether a field names a unit or a worker. Clients' and representatives' ids tell of no unit."""
    if not isinstance(row[name], str):
        return False
    role = row.get(ROLES.get(name, ""))
    if name in PLACES or role is not None:
        return name in PLACES or role in STAFF
    return name in _ANYBODY and row[name] not in _NOBODY and not _is_uuid(row[name])


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
