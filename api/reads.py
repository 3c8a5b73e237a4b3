"""Every answer that shows a case is written down before it leaves, or it doesn't leave (rule 23).

All answers are made by `answer`, which finds the cases in what they show: whatever tells of a case names it `case`.
Nothing switches this off, and no reader's own words come into the log, which outlives what is erased of a case.
"""

import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec
import psycopg
from starlette.requests import Request
from starlette.responses import Response

from api.auth import bearer
from api.problems import Problem
from api.protected import hidden_from, without_places
from domain import authorization
from domain.authorization import Grant, Purpose, Relation
from domain.decider import CLIENT, Actor, Role
from domain.ledger.application import Cases
from domain.ledger.database import Pool

Via = Literal["http", "command-line"]
"""By which way a case is read."""

PAGE = "luotsi.page"
"""Where a request that a page makes for its own sake keeps the page."""

_PURPOSE = "Purpose"
_MOMENTS = ("version", "known_at", "happened_by", "from", "to", "as_seen_by")


class ReadNotLogged(Problem):
    """It can't be written down that you read this, and nothing is shown unless it is. Try again in a moment."""

    status = 503
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class PurposeUnknown(Problem):
    """The header Purpose names none that there is. Send one of those that are listed, or leave it out."""


@dataclass(frozen=True)
class Reading:
    """That somebody reads cases, by which operation and why; `as_of` is the moment that they ask about, if not now.

    `relation` is what they are to the case, where it is one case, and `grant` what an auditor was let see.
    """

    by: Actor
    what: str
    cases: frozenset[UUID]
    why: Purpose
    via: Via = "http"
    relation: Relation | None = None
    grant: Grant | None = None
    as_of: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Admission:
    """That somebody may read a case: as what, for what purpose, and up to which version, None for all of it."""

    relation: Relation
    purpose: Purpose
    upto: int | None


@dataclass
class OfPage:
    """What a page of several queries has shown: it is one request of somebody's, and one line in the log for a case."""

    what: str
    _told: dict[UUID, bool] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def log(self, pool: Pool, it: Reading) -> Collection[UUID]:
        """Write down, as read by the page, the cases that it has not shown before; return what `log` does."""
        with self._lock:
            if fresh := it.cases - self._told.keys():
                ever = log(pool, replace(it, what=self.what, cases=fresh))
                self._told |= {case: case in ever for case in fresh}
        return [case for case in it.cases if self._told[case]]


def answer(request: Request, cases: Cases, content: dict[str, Any], version: int | None = None) -> Response:
    """Return what was asked for, or 304 where the asker has this version already. Nobody but the asker keeps it.

    Who read which cases is written down first. Raises `ReadNotLogged`, `DatabaseUnavailable`, `PurposeUnknown` and
    `PurposeNotYours`.
    """
    by, shown = bearer(request), cases_in(content)
    let_in: Admission | None = getattr(request.state, "admission", None)
    why = let_in.purpose if let_in else purpose_of(by.actor, purpose_said(request))
    if shown:
        what, when = request.scope["route"].operation_id, as_of(request.query_params)
        relation = let_in.relation if let_in else None
        reading = Reading(by.actor, what, shown, why, relation=relation, grant=by.grant, as_of=when)
        page: OfPage | None = request.scope.get(PAGE)
        ever = log(cases.pool, reading) if page is None else page.log(cases.pool, reading)
        content = without_places(content, hidden_from(cases, by.actor, ever))
    headers = {"Cache-Control": "private, no-store"} | ({} if version is None else {"ETag": f'"{version}"'})
    if version is not None and request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(msgspec.json.encode(content), headers=headers, media_type="application/json")


def log(pool: Pool, it: Reading) -> Collection[UUID]:
    """Write a reading down; return those of its cases whose client's address is protected or was."""
    values = vars(it.by) | vars(it) | {
        "who": logged_as(it.by), "role": str(it.by.role), "cases": list(it.cases), "why": str(it.why),
        "relation": None if it.relation is None else str(it.relation),
        "grant_purpose": it.grant and it.grant.purpose, "diary": it.grant and it.grant.diary,
        "as_of": msgspec.json.encode(it.as_of).decode() if it.as_of else None,
    }  # fmt: skip
    with pool.connection() as connection:
        try:
            (ever,) = connection.execute(_LOG, values).fetchone() or ([],)
        except psycopg.OperationalError:
            raise  # which the pool knows as a database that does not answer
        except psycopg.Error as refused:
            raise ReadNotLogged from refused
    return ever  # type: ignore[no-any-return]


def logged_as(by: Actor) -> str:
    """Return as whom somebody stands in the log. A client is only ever "client": nothing there ties one to a case."""
    return CLIENT if by.role == Role.CLIENT else by.id


def cases_in(content: Any) -> frozenset[UUID]:
    """Return the cases that something to be shown tells of."""
    case = content.get("case") if isinstance(content, dict) else getattr(content, "case", None)
    if case is not None:
        return frozenset({UUID(str(case))})
    parts = content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    return frozenset().union(*(cases_in(it) for it in parts))


def purpose_said(request: Request) -> Purpose | None:
    """Return why somebody reads, if they say so. Raises `PurposeUnknown`."""
    said = request.headers.get(_PURPOSE)
    if said is None:
        return None
    try:
        return Purpose(said.strip())
    except ValueError:
        raise PurposeUnknown(purposes=sorted(Purpose)) from None


def purpose_of(actor: Actor, said: Purpose | None) -> Purpose:
    """Return why somebody reads: as they say, if it can be theirs, or what is usual in their role.

    Raises `PurposeNotYours`.
    """
    usual = authorization.usual(actor.role)
    anything = frozenset(Relation) - ({Relation.MANAGES} if actor.role != Role.MANAGER else frozenset())
    return usual if said in {None, usual} else authorization.purpose_of(actor.role, anything, said)


def as_of(asked: Mapping[str, str]) -> dict[str, str] | None:
    """Return the moment and the interval that somebody asks about, as they wrote it; None is now."""
    return {name: asked[name] for name in _MOMENTS if name in asked} or None


# What the documentation says of it.


def documented(document: dict[str, Any]) -> None:
    """Let the documentation of every query that shows cases say that its purpose may be told."""
    for path, methods in document["paths"].items():
        if "get" in methods and (path.startswith("/cases/{id}") or shows_cases(document, methods["get"])):
            methods["get"].setdefault("parameters", []).append(_PARAMETER)


def shows_cases(document: Mapping[str, Any], operation: Mapping[str, Any]) -> bool:
    """Say whether the documented answer of an operation has a field `case` anywhere."""
    answers, schemas = str(operation["responses"].get("200", "")), document["components"]["schemas"]
    seen: set[str] = set()
    while named := set(re.findall(r"#/components/schemas/([\w-]+)", answers)) - seen:
        seen |= named
        answers += "".join(str(schemas[it]) for it in named)
    return any("case" in schemas[it].get("properties", {}) for it in seen)


_PARAMETER = {
    "name": _PURPOSE, "in": "header", "required": False, "schema": {"type": "string", "enum": sorted(Purpose)},
    "description": "Why the case is read, if not for what is usual. It stands in the log of its readers, which the "
    "client may ask for.",
}  # fmt: skip

_LOG = """
    INSERT INTO reads (
        who, role, organisation, unit, relation, what, via, why, grant_purpose, diary, cases, as_of
    ) VALUES (
        %(who)s, %(role)s, %(organisation)s, %(unit)s, %(relation)s, %(what)s, %(via)s, %(why)s, %(grant_purpose)s,
        %(diary)s, %(cases)s::uuid[], %(as_of)s::json
    ) RETURNING ever_protected(cases)"""
