"""Reading a signed token (JWT, RFC 7519): what it may be, by whose key, and for how long.

It is read strictly, as RFC 8725 asks: its algorithm is one of those that are configured and one of the key that it
names, it brings no key of its own, its type is the one expected, and nothing in it is said twice.
"""

import json
import math
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from api.issuer import IssuerUnreachable, Keys, KeyUnknown
from api.problems import Problem

ACCESS_TOKEN: Collection[str] = ("at+jwt", "application/at+jwt")
"""The type of an access token (RFC 9068)."""
ID_TOKEN: Collection[str] = ("", "jwt")
"""The type of an ID token, which is seldom stated."""

MOST_BYTES = 16 * 1024
_OWN_KEY = {"jwk", "jku", "x5c", "x5u", "crit", "b64"}
_Read = TypeVar("_Read")


class TokenInvalid(Problem):
    """The token is not one that is accepted here: damaged, signed by another, or meant for others. Get a new one."""

    status = 401
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="luotsi", error="invalid_token"'}


class TokenExpired(TokenInvalid):
    """The token holds no longer. Get a new one."""


class GrantMissing(TokenInvalid):
    """An auditor's token says which cases its bearer was let see, and why; this one doesn't. Get one with a grant."""

    status = 403
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="luotsi", error="insufficient_scope"'}


@dataclass(frozen=True)
class Terms:
    """What is expected of a token: by whom, for whom, signed how.

    The clocks may differ by `skew` seconds, and from its making to its end there are `longest` seconds at most.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = ("ES256",)
    skew: int = 5
    longest: float = 24 * 3600.0


class _Algorithms(JWSRegistry):
    """The algorithms that are configured, and no others."""

    max_header_length = 4096
    max_payload_length = MOST_BYTES

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def read(token: str, terms: Terms, keys: Keys, types: Collection[str], now: Callable[[], float]) -> dict[str, Any]:
    """Return a token's claims. Raises `TokenExpired`, `TokenInvalid`, `KeyUnknown` and `IssuerUnreachable`."""
    try:
        header = _header(token, terms, types)
        key = keys.key(header.get("kid"), header["alg"])
        registry = _Algorithms(algorithms=terms.algorithms, strict_check_header=False)
        claims = _object(jws.deserialize_compact(token, key, registry=registry).payload)
        _expected(terms, now).validate(claims)
        if not claims["exp"] - claims["iat"] <= terms.longest:
            raise ValueError("it holds too long")
    except ExpiredTokenError:
        raise TokenExpired from None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise TokenInvalid from None
    return claims


async def with_keys(keys: Keys, read: Callable[[], _Read]) -> _Read:
    """Do what needs the issuer's keys; once more after a look for new ones, if it names a key that is not known."""
    await keys.current()
    try:
        return read()
    except KeyUnknown:
        await keys.again()
    try:
        return read()
    except KeyUnknown:
        raise of_unknown_key(keys) from None


def of_unknown_key(keys: Keys) -> Problem:
    """Return what to say of a token whose key is not known: while the issuer is out of reach it may be a new one."""
    return IssuerUnreachable() if keys.out else TokenInvalid()


def _header(token: str, terms: Terms, types: Collection[str]) -> dict[str, Any]:
    if len(token) > MOST_BYTES or not token.isascii() or token.count(".") != 2:  # noqa: PLR2004 - a signed token has three parts
        raise ValueError("it is no token")
    header = _object(urlsafe_b64decode(f"{token.partition('.')[0]}=="))
    typ = header.get("typ", "")
    if header["alg"] not in terms.algorithms or header.keys() & _OWN_KEY or typ.lower() not in types:
        raise ValueError("it is no such token")
    if not isinstance(header.get("kid"), str | None):
        raise ValueError("its key has no name")
    return header


def _object(content: bytes) -> dict[str, Any]:
    """Read a JSON object in which nothing is said twice, and no number is none."""
    found = json.loads(content, object_pairs_hook=_once, parse_constant=_refused)
    if not isinstance(found, dict):
        raise TypeError("it is no object")
    if not all(math.isfinite(found[it]) for it in ("exp", "iat", "nbf") if found.get(it) is not None):
        raise ValueError("a time is a number")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("something is said twice")
    return found


def _refused(_: str) -> Any:
    raise ValueError("a number is a number")


def _expected(terms: Terms, now: Callable[[], float]) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=lambda: int(now()), leeway=terms.skew, iss={"essential": True, "value": terms.issuer},
        aud={"essential": True, "value": terms.audience}, exp={"essential": True}, iat={"essential": True},
        sub={"essential": True},
    )  # fmt: skip
