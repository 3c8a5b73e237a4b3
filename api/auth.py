"""Who is acting: a signed bearer token says so (JWT access tokens, RFC 9068; ES256, and nothing else, is accepted).

In production the tokens come from the issuer whose public keys `LUOTSI_ISSUER_KEYS` names. For development there is an
issuer here, with a key of its own in the home; it refuses to exist in production.
"""

import json
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import Depends
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, KeySet
from starlette.requests import HTTPConnection, Request

from api.problems import Problem
from api.settings import Settings
from domain.decider import CLIENT_SIDE, Actor, Role
from domain.ledger.words import publish

DEVELOPMENT_ISSUER = "luotsi-development"
AUDIENCE = "luotsi"
MINUTES = 8 * 60
"""How long a development token holds unless said otherwise: a working day."""

_TYPE, _ALGORITHM = "at+jwt", "ES256"
_LEEWAY_SECONDS = 5
_REMEMBERED = 10_000
_LONGEST = 200


class NoIssuerInProduction(Exception):
    """The development issuer does not exist in production. Name your own with LUOTSI_ISSUER_KEYS."""


class IssuerMissing(Exception):
    """Nobody's tokens would be accepted. Set LUOTSI_ISSUER_KEYS (a JWKS file) and LUOTSI_ISSUER."""


class IssuerKeysUnreadable(Exception):
    """The issuer's key file is missing, damaged or, where it holds a private key, readable by others. Restore it."""


class TokenMissing(Problem):
    """There is no token. Send one in the header Authorization, after the word Bearer."""

    status = 401
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="luotsi"'}


class TokenInvalid(Problem):
    """The token is not one that is accepted here: damaged, signed by another, or meant for others. Get a new one."""

    status = 401
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="luotsi", error="invalid_token"'}


class TokenExpired(TokenInvalid):
    """The token holds no longer. Get a new one."""


@dataclass(frozen=True)
class Bearer:
    """Whom a token names, and until when, in seconds since 1970."""

    actor: Actor
    expires: float


class Verifier:
    """Verifies tokens of one issuer for one audience. A token that was verified is remembered until it expires."""

    def __init__(
        self, keys: KeySet, issuer: str, audience: str = AUDIENCE, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._now = now
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()), leeway=_LEEWAY_SECONDS, iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience}, exp={"essential": True}, iat={"essential": True},
            nbf={"essential": True}, sub={"essential": True}, role={"essential": True},
        )  # fmt: skip
        self._known: OrderedDict[str, Bearer] = OrderedDict()
        self._lock = threading.Lock()

    def verified(self, token: str) -> Bearer:
        """Return whom the token names. Raises `TokenExpired` and `TokenInvalid`."""
        with self._lock:
            known = self._known.get(token)
        if known is None:
            known = self._read(token)
            with self._lock:
                self._known[token] = known
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        if known.expires <= self._now():
            with self._lock:
                self._known.pop(token, None)
            raise TokenExpired
        return known

    def _read(self, token: str) -> Bearer:
        try:
            read = jwt.decode(token, self._keys, algorithms=[_ALGORITHM])
            self._claims.validate(read.claims)
            if str(read.header.get("typ")).lower() != _TYPE:
                raise TokenInvalid
            return Bearer(actor_of(read.claims), float(int(read.claims["exp"])))
        except ExpiredTokenError:
            raise TokenExpired from None
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            raise TokenInvalid from None


def actor_of(claims: Mapping[str, Any]) -> Actor:
    """Return the actor that a token's claims name. A client and a representative go by a UUID alone."""
    role = Role(claims["role"])
    if role in CLIENT_SIDE:
        return Actor(str(UUID(claims["sub"])), role)
    organisation, unit = (_text(claims[it]) if claims.get(it) is not None else None for it in ("organisation", "unit"))
    return Actor(_text(claims["sub"]), role, organisation, unit)


def _text(value: Any) -> str:
    if not (isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST):
        raise ValueError("a claim is a short text")
    return value


class DevelopmentIssuer:
    """Mints tokens for whoever asks, under a key that stands in the home."""

    def __init__(self, key: ECKey) -> None:
        self._key = key

    @classmethod
    def at(cls, settings: Settings) -> "DevelopmentIssuer":
        """Return the issuer of this home, its key made where there is none. Raises `NoIssuerInProduction`."""
        if settings.production:
            raise NoIssuerInProduction(NoIssuerInProduction.__doc__)
        path = settings.home / "keys" / "issuer.json"
        if not path.exists():
            publish(path, json.dumps(ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)).encode())
        try:
            if path.stat().st_mode & 0o077:
                raise IssuerKeysUnreadable(path)
            return cls(ECKey.import_key(json.loads(path.read_bytes())))
        except (OSError, ValueError, JoseError) as damaged:
            raise IssuerKeysUnreadable(path) from damaged

    def mint(self, actor: Actor, minutes: float = MINUTES, now: float | None = None) -> str:
        """Return a token with which its bearer is this actor for so many minutes."""
        now = time.time() if now is None else now
        claims: dict[str, Any] = {
            "iss": DEVELOPMENT_ISSUER, "aud": AUDIENCE, "sub": actor.id, "role": str(actor.role), "iat": int(now),
            "nbf": int(now), "exp": int(now + 60 * minutes), "jti": secrets.token_hex(8),
        }  # fmt: skip
        claims |= {it: value for it in ("organisation", "unit") if (value := getattr(actor, it)) is not None}
        actor_of(claims)
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])

    def verifier(self, now: Callable[[], float] = time.time) -> Verifier:
        """Return what accepts this issuer's tokens, and no others."""
        public = ECKey.import_key(self._key.as_dict(private=False))
        return Verifier(KeySet([public]), DEVELOPMENT_ISSUER, now=now)


def verifier_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Verifier:
    """Return what accepts the tokens of the issuer that is configured, or of the development issuer.

    `LUOTSI_ISSUER_KEYS` is a file with its public keys (JWKS, RFC 7517), `LUOTSI_ISSUER` its name (`iss`) and
    `LUOTSI_AUDIENCE` ours (`aud`), "luotsi" unless set. Raises `IssuerMissing` in production without them, and
    `IssuerKeysUnreadable`.
    """
    keys, issuer = environment.get("LUOTSI_ISSUER_KEYS"), environment.get("LUOTSI_ISSUER")
    if keys and issuer:
        return Verifier(_keys_at(Path(keys)), issuer, environment.get("LUOTSI_AUDIENCE") or AUDIENCE)
    if keys or issuer or settings.production:
        raise IssuerMissing(IssuerMissing.__doc__)
    return DevelopmentIssuer.at(settings).verifier()


def _keys_at(path: Path) -> KeySet:
    try:
        found = [ECKey.import_key(it) for it in json.loads(path.read_bytes())["keys"] if it.get("crv") == "P-256"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError) as damaged:
        raise IssuerKeysUnreadable(path) from damaged
    if not found:
        raise IssuerKeysUnreadable(path)
    return KeySet([ECKey.import_key(it.as_dict(private=False)) for it in found])


def bearer(request: HTTPConnection) -> Bearer:
    """Return who is acting, by the request's token. Raises `TokenMissing`, `TokenExpired` and `TokenInvalid`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    verifier: Verifier = request.app.state.verifier
    return verifier.verified(token.strip())


async def acting(request: Request) -> Actor:
    """Return who is acting."""
    return bearer(request).actor


By = Annotated[Actor, Depends(acting)]
