"""Signing in with a browser: the authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0), and out.

What begins a sign-in is kept by the browser alone, in a cookie of ten minutes: a random number, from which state, nonce
and PKCE's verifier follow, and where to go afterwards. An answer of the issuer that comes without it is not this
browser's, and is refused; so is one that another issuer gave (RFC 9207).
"""

import hmac
import secrets
import time
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, quote_plus, urlencode, urlsplit
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import problems
from api.auth import bearer, from_here, granted, named
from api.claims import Naming
from api.issuer import Issuer, IssuerUnreachable, NotFetched
from api.problems import Problem
from api.sessions import COOKIE, Sessions, cookie
from api.tokens import ID_TOKEN, Terms, TokenInvalid, read, with_keys
from domain.decider import Role
from domain.ledger.database import DatabaseUnavailable

SIGNING_IN = "__Host-luotsi-signin"
"""The cookie of a sign-in that has begun."""

_MINUTES = 10
_AT_ONCE = 4
_LONGEST = 2000


class ReturnElsewhere(Problem):
    """After signing in one goes on within this service: return_to is a path here, such as /docs."""


class SigninUnknown(Problem):
    """This browser has begun no such sign-in, or too long ago. Begin again at /signin."""


class SigninRefused(Problem):
    """The issuer did not let you in, or not for this service. Begin again at /signin, or ask your organisation."""

    status = 403


@dataclass(frozen=True)
class SignIn:
    """How people sign in: at which issuer, as which client of it, and what is expected of the tokens that say so.

    `origin` is how browsers reach this service. Without a `secret` it is a public client.
    """

    issuer: Issuer
    terms: Terms
    naming: Naming
    client: str
    secret: str | None = field(repr=False)
    origin: str
    scope: str

    @property
    def back(self) -> str:
        """Where the issuer sends the browser back to."""
        return f"{self.origin}/signin/callback"


@dataclass(frozen=True)
class Granted:
    """What an auditor is let see, and for what `purpose`: the cases named, and those that were open in that time."""

    purpose: str
    cases: frozenset[UUID]
    since: datetime | None
    until: datetime | None
    diary: str | None


@dataclass(frozen=True)
class Me:
    """Who you are here, and until when. In a session, `csrf_token` is what pages repeat in the header X-CSRF-Token."""

    id: str
    role: Role
    organisation: str | None
    unit: str | None
    until: datetime
    grant: Granted | None
    csrf_token: str | None


def mount(app: FastAPI) -> None:
    """Mount what tells somebody who they are."""

    async def me(request: Request, response: Response) -> Me:
        """Tell who you are: by the token, or by the session."""
        it = bearer(request)
        response.headers["Cache-Control"] = "private, no-store"
        until = datetime.fromtimestamp(it.expires, UTC)
        grant = Granted(**vars(it.grant)) if it.grant else None
        return Me(it.actor.id, it.actor.role, it.actor.organisation, it.actor.unit, until, grant, it.csrf)

    app.add_api_route("/me", me, operation_id="Me", summary="Tell who you are", tags=["identity"])


def mount_signin(app: FastAPI, how: SignIn, sessions: Sessions) -> None:
    """Mount what browsers sign in by, and out."""
    at_once = CapacityLimiter(_AT_ONCE)  # an issuer that is slow to answer keeps no more threads than these busy

    async def signin(return_to: Annotated[str, Query()] = "/") -> Response:
        """Send the browser to the issuer."""
        if not is_local(return_to):
            raise ReturnElsewhere
        await how.issuer.current()
        there = how.issuer.endpoint("authorization_endpoint")
        if there is None:
            raise IssuerUnreachable
        secret = secrets.token_urlsafe(32)
        onward = there + _joint(there) + urlencode(_asked(how, secret))
        answer = RedirectResponse(onward, 303, {"Cache-Control": "no-store"})
        kept = f"{secret}.{urlsafe_b64encode(return_to.encode()).decode()}"
        answer.set_cookie(SIGNING_IN, kept, 60 * _MINUTES, secure=True, httponly=True, samesite="lax")
        return answer

    async def callback(request: Request) -> Response:
        """Take the issuer's answer, and let the browser have a new session."""
        try:
            secret, return_to = _begun(request)
            await how.issuer.current()
            code = _answered(request, how, secret)
            claims = await _redeemed(how, code, secret, at_once)
            actor, _ = named(claims, how.naming)
            session = await run_in_threadpool(sessions.begin, actor, granted(claims, how.naming))
            await _ended(sessions, request)
        except (Problem, DatabaseUnavailable) as refused:
            answer = problems.response(refused)
        else:
            answer = RedirectResponse(return_to, 303)
            answer.set_cookie(COOKIE, session, secure=True, httponly=True, samesite="lax")
        answer.delete_cookie(SIGNING_IN, secure=True, httponly=True, samesite="lax")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    about: dict[str, Any] = {"include_in_schema": False}
    app.add_api_route("/signin", signin, **about)
    app.add_api_route("/signin/callback", callback, **about)
    mount_signout(app, sessions, lambda: _way_out(how))


def mount_signout(app: FastAPI, sessions: Sessions, way_out: Callable[[], Awaitable[str]]) -> None:
    """Mount what browsers sign out by. `way_out` says where that goes on."""

    async def signout(request: Request) -> Response:
        """End the session, here and at the issuer. A page's form may send the token as its field `csrf_token`."""
        kept = cookie(request, COOKIE)
        found = await run_in_threadpool(sessions.found, kept) if kept else None
        if found is not None:
            said = request.headers.get("x-csrf-token") or _field(await request.body(), "csrf_token")
            from_here(request, sessions.origin, found.csrf, said)
            await _ended(sessions, request)
        answer = RedirectResponse(await way_out(), 303, {"Cache-Control": "no-store"})
        if COOKIE in request.cookies:  # a form elsewhere comes without it, and so can't have the browser forget it
            answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
        return answer

    app.add_api_route("/signout", signout, methods=["POST"], include_in_schema=False)


def signs_out_at(how: SignIn) -> str | None:
    """Return the origin where signing out goes on, as far as the issuer is known: a page's form leads there."""
    try:
        there = how.issuer.endpoint("end_session_endpoint")
    except IssuerUnreachable:
        return None
    return there and "{0.scheme}://{0.netloc}".format(urlsplit(there))


def is_local(path: str) -> bool:
    """Say whether a path is one of this service for certain, however a browser reads it."""
    visible = all("!" <= it <= "~" for it in path)
    return visible and path.startswith("/") and path[1:2] not in {"/", "\\"} and len(path) <= _LONGEST


def derived(secret: str, purpose: str) -> str:
    """Return what follows from a sign-in's secret for one purpose; the secret does not follow from it."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256")).decode().rstrip("=")


def _asked(how: SignIn, secret: str) -> Mapping[str, str]:
    """Return what the issuer is asked."""
    challenge = urlsafe_b64encode(sha256(derived(secret, "verifier").encode()).digest()).decode().rstrip("=")
    return {
        "response_type": "code", "client_id": how.client, "redirect_uri": how.back, "scope": how.scope,
        "state": derived(secret, "state"), "nonce": derived(secret, "nonce"),
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip


def _begun(request: Request) -> tuple[str, str]:
    """Return the secret of the sign-in that this browser has begun, and where it goes on. Raises `SigninUnknown`."""
    secret, _, kept = (cookie(request, SIGNING_IN) or "").partition(".")
    try:
        return_to = urlsafe_b64decode(kept).decode()
    except ValueError:
        raise SigninUnknown from None
    if not secret or not is_local(return_to):
        raise SigninUnknown
    return secret, return_to


def _answered(request: Request, how: SignIn, secret: str) -> str:
    """Return the code that the issuer answered with. Raises `SigninUnknown` and `SigninRefused`."""
    said = dict(request.query_params)
    if len(request.query_params.multi_items()) > len(said):
        raise SigninUnknown
    if not hmac.compare_digest(said.get("state", "").encode(), derived(secret, "state").encode()):
        raise SigninUnknown
    if said.get("iss", None if how.issuer.names_itself else how.issuer.name) != how.issuer.name:
        raise SigninUnknown
    if "error" in said or not said.get("code"):
        raise SigninRefused
    return said["code"]


async def _redeemed(how: SignIn, code: str, secret: str, at_once: CapacityLimiter) -> dict[str, Any]:
    """Return the claims of the ID token that comes for a code. Raises `SigninRefused` and `IssuerUnreachable`."""
    there = how.issuer.endpoint("token_endpoint")
    if there is None:
        raise IssuerUnreachable
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": how.back,
        "code_verifier": derived(secret, "verifier"),
    }  # fmt: skip
    if how.secret is None:
        form["client_id"] = how.client
    answer = await to_thread.run_sync(_exchanged, there, form, _client(how), how, limiter=at_once)
    terms = Terms(how.issuer.name, how.client, how.terms.algorithms, how.terms.skew, how.terms.longest)
    try:
        claims = await with_keys(how.issuer, lambda: read(str(answer), terms, how.issuer, ID_TOKEN, time.time))
    except TokenInvalid:
        raise SigninRefused from None
    parties = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", how.client if len(parties) == 1 else None) != how.client:
        raise SigninRefused
    if not hmac.compare_digest(str(claims.get("nonce")).encode(), derived(secret, "nonce").encode()):
        raise SigninRefused
    return claims


def _exchanged(there: str, form: Mapping[str, str], headers: Mapping[str, str], how: SignIn) -> Any:
    try:
        return how.issuer.sent(there, form, headers)["id_token"]
    except NotFetched as failed:
        raise (SigninRefused if failed.refused else IssuerUnreachable) from failed
    except (KeyError, TypeError):
        raise SigninRefused from None


def _client(how: SignIn) -> dict[str, str]:
    """Return the header by which this service says who it is to the issuer (RFC 6749, 2.3.1)."""
    if how.secret is None:
        return {}
    said = b64encode(f"{quote_plus(how.client)}:{quote_plus(how.secret)}".encode()).decode()
    return {"Authorization": f"Basic {said}"}


async def _ended(sessions: Sessions, request: Request) -> None:
    """End the session that the browser has had, if any."""
    kept = cookie(request, COOKIE)
    if kept is not None:
        await run_in_threadpool(sessions.end, kept)


async def _way_out(how: SignIn) -> str:
    """Return where signing out goes on: at the issuer, unless it has no such place or is out of reach."""
    try:
        await how.issuer.current()
        there = how.issuer.endpoint("end_session_endpoint")
    except IssuerUnreachable:
        there = None
    if there is None:
        return "/"
    asked = {"client_id": how.client, "post_logout_redirect_uri": f"{how.origin}/"}
    return there + _joint(there) + urlencode(asked, quote_via=quote)


def _field(body: bytes, name: str) -> str | None:
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=10).get(name, [None])[0]
    except ValueError:
        return None


def _joint(address: str) -> str:
    return "&" if "?" in address else "?"
