"""Who is acting: a signed bearer token says so (JWT access tokens, RFC 9068), or else the session of a browser.

A request with a token is its bearer's, and no cookie of it is looked at. One without is that of the person who has
signed in; what changes anything must then come from our own pages. Who it is, is found out before anything else is, and
told to whoever asks: `bearer`.
"""

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.claims import Naming
from api.issuer import Held, Keys, KeyUnknown
from api.problems import Problem
from api.rates import count_actor
from api.sessions import BY_ITSELF, COOKIE, Sessions, cookie
from api.tokens import ACCESS_TOKEN, GrantMissing, Terms, TokenExpired, TokenInvalid, of_unknown_key, read, with_keys
from domain.authorization import Grant
from domain.decider import Actor, Role
from domain.ledger.database import DatabaseUnavailable

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
"""The methods that change nothing."""

_REMEMBERED = 10_000
_WHO = "luotsi.bearer"


class TokenMissing(Problem):
    """There is no token. Send one in the header Authorization, after the word Bearer."""

    status = 401
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="luotsi"'}


class SessionOver(TokenMissing):
    """The session is over. Sign in again."""


class NotFromHere(Problem):
    """That does not come from our own pages. Send it from one, with the token of /me in the header X-CSRF-Token."""

    status = 403


@dataclass(frozen=True)
class Bearer:
    """Who is acting, and until when, in seconds since 1970: a token's bearer, or whose session it is.

    `grant` is what an auditor was let see. `csrf` is a session's token, which what changes anything has to repeat.
    """

    actor: Actor
    expires: float
    grant: Grant | None = None
    csrf: str | None = None


class Verifier:
    """Verifies tokens of one issuer for one audience. One verified is remembered while it and the keys hold."""

    def __init__(
        self, keys: Keys, terms: Terms, naming: Naming | None = None, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._terms = terms
        self._naming = naming or Naming()
        self._now = now
        self._known: OrderedDict[str, Bearer] = OrderedDict()
        self._known_by: Held | None = None
        self._lock = threading.Lock()

    async def identified(self, token: str) -> Bearer:
        """Return whom the token names, with new keys if need be. Raises what `verified` does."""
        return await with_keys(self._keys, lambda: self._verified(token))

    def verified(self, token: str) -> Bearer:
        """Return whom the token names, by the keys that are known.

        Raises `TokenExpired`, `TokenInvalid`, `GrantMissing` and `IssuerUnreachable`.
        """
        try:
            return self._verified(token)
        except KeyUnknown:
            raise of_unknown_key(self._keys) from None

    def _verified(self, token: str) -> Bearer:
        held = self._keys.held
        with self._lock:
            if held is not self._known_by:
                self._known.clear()
                self._known_by = held
            known = self._known.get(token)
        if known is None:
            known = self._read(token)
            with self._lock:
                if held is self._known_by:
                    self._known[token] = known
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        if known.expires <= self._now():
            with self._lock:
                self._known.pop(token, None)
            raise TokenExpired
        return known

    def _read(self, token: str) -> Bearer:
        claims = read(token, self._terms, self._keys, ACCESS_TOKEN, self._now)
        return Bearer(*named(claims, self._naming), grant=granted(claims, self._naming))


def named(claims: Mapping[str, object], naming: Naming) -> tuple[Actor, float]:
    """Return whom a token's claims name, and until when. Raises `TokenInvalid`."""
    try:
        return naming.actor(claims), float(int(claims["exp"]))  # type: ignore[call-overload]
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise TokenInvalid from None


def granted(claims: Mapping[str, object], naming: Naming) -> Grant | None:
    """Return what an auditor was let see, None for anybody else. Raises `GrantMissing`."""
    try:
        if naming.actor(claims).role != Role.AUDITOR:
            return None
        grant = naming.granted(claims)
    except (ValueError, TypeError, OverflowError):
        raise GrantMissing from None
    if grant is None:
        raise GrantMissing
    return grant


class Identified:
    """Finds out who is acting, for `bearer` to tell; for what is open to all, nothing is looked up."""

    def __init__(self, app: ASGIApp, is_open: Callable[[str], bool]) -> None:
        self.app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            request = Request(scope)
            try:
                scope[_WHO] = TokenMissing() if self._is_open(scope["path"]) else await _who(request)
            except (Problem, DatabaseUnavailable) as refused:
                scope[_WHO] = refused
        await self.app(scope, receive, send)


async def identify(request: Request, csrf: str | None) -> None:
    """Find out anew who is acting, by the token that came in a page's form. Raises what `bearer` does."""
    request.scope[_WHO] = await _who(request, csrf)


async def _who(request: Request, csrf: str | None = None) -> Bearer:
    said = request.headers.get("authorization")
    if said is not None:
        scheme, _, token = said.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenMissing
        verifier: Verifier = request.app.state.verifier
        return await verifier.identified(token.strip())
    sessions: Sessions | None = getattr(request.app.state, "sessions", None)
    kept = cookie(request, COOKIE)
    if sessions is None or kept is None:
        raise TokenMissing
    found = await run_in_threadpool(sessions.found, kept, by_itself=BY_ITSELF in request.headers)
    if found is None:
        raise SessionOver
    if request.method not in SAFE:
        from_here(request, sessions.origin, found.csrf, csrf or request.headers.get("x-csrf-token"))
    return Bearer(found.actor, found.until.timestamp(), found.grant, found.csrf)


def from_here(request: Request, origin: str, csrf: str, said: str | None) -> None:
    """Raise `NotFromHere` unless a request comes from our own pages: so the browser says, and it knows the token."""
    site, by = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if (site, by) == (None, None) or site not in {None, "same-origin"} or by not in {None, origin}:
        raise NotFromHere
    if said is None or not hmac.compare_digest(said.encode(), csrf.encode()):
        raise NotFromHere


def bearer(request: HTTPConnection) -> Bearer:
    """Return who is acting.

    Raises `TokenMissing`, `TokenExpired`, `TokenInvalid`, `GrantMissing` and `IssuerUnreachable`; in a session
    `SessionOver`, `NotFromHere` and `DatabaseUnavailable`.
    """
    found: Bearer | Exception = request.scope.get(_WHO) or TokenMissing()
    if isinstance(found, Exception):
        raise found
    count_actor(request, found.actor)
    return found


async def acting(request: Request) -> Actor:
    """Return who is acting."""
    return bearer(request).actor


By = Annotated[Actor, Depends(acting)]
