"""The issuer of tokens: what it says of itself (OpenID Connect Discovery 1.0), and its public keys (JWKS, RFC 7517).

They are fetched in a thread of their own, so that requests go on meanwhile, and kept for an hour. A key that is not
among them has them fetched once more, but a minute goes by between two fetches whatever is asked. Is the issuer out of
reach, the keys that were known serve for eight hours more.
"""

import asyncio
import json
import logging
import math
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import urllib3
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from api.problems import Problem

ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"),
    "RS256": ("RSA", None), "RS384": ("RSA", None), "RS512": ("RSA", None),
    "PS256": ("RSA", None), "PS384": ("RSA", None), "PS512": ("RSA", None),
    "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"),
}  # fmt: skip
"""The algorithms that may be configured, and of which kind and curve their keys are: no secret is ever shared."""

LIFETIME_SECONDS = 3600.0
"""How long keys serve before they are fetched again."""
OUTAGE_SECONDS = 8 * 3600.0
"""How much longer they serve while the issuer is out of reach."""
PAUSE_SECONDS = 60.0
"""How long after a fetch the next one may follow."""
RETRY_SECONDS = 10.0
"""The same after a fetch that failed."""

_FETCH_SECONDS = 5.0
_WAIT_SECONDS = 8.0
_MOST_BYTES = 256 * 1024
_LEAST_RSA_BITS = 2048
_REFUSALS = range(400, 500)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_DISCOVERY = "/.well-known/openid-configuration"
_log = logging.getLogger(__name__)

Held = Mapping[tuple[str | None, str], Key]
"""Keys by their id (`kid`) and the algorithm with which they sign."""


class IssuerUnreachable(Problem):
    """The issuer of tokens is out of reach, and without it this one can't be verified. Try again in a moment.

    Tokens under the keys that were known go on being accepted for some hours; what is told here is of other keys.
    """

    status = 503
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": str(int(RETRY_SECONDS))}


class KeyUnknown(Exception):
    """No key of the issuer has that id and signs with that algorithm."""


class NotFetched(Exception):
    """What was asked for did not come, or is not what it should be; `refused` says that it was answered with a no."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


def usable(document: Any, algorithms: Collection[str]) -> Held:
    """Return the keys of a JWKS that sign with these algorithms; others are left out. Raises ValueError for no JWKS."""
    if not (isinstance(document, dict) and isinstance(document.get("keys"), list)):
        raise ValueError("it is no set of keys")
    found: dict[tuple[str | None, str], Key] = {}
    for it in document["keys"]:
        for algorithm in algorithms:
            if isinstance(it, dict) and _fits(it, algorithm) and (key := _public(it)) is not None:
                found.setdefault((it.get("kid"), algorithm), key)
    return found


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    """Say whether a key is one for signing with this algorithm, by all that it says of itself."""
    kind, curve = ALGORITHMS[algorithm]
    uses = key.get("key_ops") or ["verify"]
    signs = key.get("use", "sig") == "sig" and isinstance(uses, list) and "verify" in uses
    fits = key.get("kty") == kind and key.get("crv") == curve and key.get("alg", algorithm) == algorithm
    return fits and signs and isinstance(key.get("kid"), str | None)


def _public(key: Mapping[str, Any]) -> Key | None:
    """Return the public half of a key, None for one that is damaged or weak."""
    try:
        if key["kty"] == "RSA" and _bits(key["n"]) < _LEAST_RSA_BITS:
            return None
        return JWKRegistry.import_key(JWKRegistry.import_key(dict(key)).as_dict(private=False))
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _bits(number: str) -> int:
    return int.from_bytes(urlsafe_b64decode(number + "==")).bit_length()


class Keys:
    """Keys that stay as they are."""

    out = False

    def __init__(self, held: Held) -> None:
        self._held = held

    @property
    def held(self) -> Held:
        """The keys: the same object for as long as they are the same keys."""
        return self._held

    def key(self, kid: str | None, algorithm: str) -> Key:
        """Return a key. Raises `KeyUnknown`, and `IssuerUnreachable` where none are known."""
        try:
            return self.held[kid, algorithm]
        except KeyError:
            raise KeyUnknown from None

    async def current(self) -> None:
        """See to it that the keys are not too old."""

    async def again(self) -> None:
        """See whether there are other keys by now, unless that was seen just before."""


@dataclass(frozen=True)
class _Found:
    document: Mapping[str, Any]
    jwks: Any
    held: Held
    at: float


class Issuer(Keys):
    """An issuer that is asked for its keys. `out` says that it was out of reach when it was last asked."""

    def __init__(
        self, name: str, algorithms: Collection[str], *, production: bool, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._algorithms = tuple(algorithms)
        self._production = production
        self._now = now
        self._found: _Found | None = None
        self._tried = -math.inf
        self._running: Future[None] | None = None
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "issuer")

    @property
    def held(self) -> Held:
        """The keys as they were last found. Raises `IssuerUnreachable` where none are known, or no longer serve."""
        return self._known().held

    def endpoint(self, name: str) -> str | None:
        """Return where the issuer does something, by its name in its description; None where it doesn't do it."""
        address = self._known().document.get(name)
        if address is None:
            return None
        if not (isinstance(address, str) and is_safe(address, production=self._production)):
            raise IssuerUnreachable
        return address

    @property
    def names_itself(self) -> bool:
        """Whether every answer of its authorization endpoint says whose it is (RFC 9207)."""
        return self._known().document.get("authorization_response_iss_parameter_supported") is True

    def sent(self, address: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Return what the issuer answers to a form. It waits for it, so call it in a thread. Raises `NotFetched`."""
        return fetched(address, production=self._production, form=form, headers=headers)

    async def current(self) -> None:
        """Fetch the keys if there are none or they are old; while the issuer is out, without waiting for it."""
        age = math.inf if self._found is None else self._now() - self._found.at
        if age < LIFETIME_SECONDS:
            return
        running = self._begun()
        if running is not None and (not self.out or age >= LIFETIME_SECONDS + OUTAGE_SECONDS):
            await self._waited(running)

    async def again(self) -> None:
        """Fetch the keys unless that was done just before."""
        running = self._begun()
        if running is not None:
            await self._waited(running)

    async def _waited(self, running: "Future[None]") -> None:
        """Wait for a fetch, as long as one should take: a name that nobody resolves may keep its thread for longer."""
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(running)), _WAIT_SECONDS)
        except TimeoutError:
            self.out = True

    def _known(self) -> _Found:
        found = self._found
        if found is None or self._now() >= found.at + LIFETIME_SECONDS + OUTAGE_SECONDS:
            raise IssuerUnreachable
        return found

    def _begun(self) -> "Future[None] | None":
        """Return the fetch that is under way, or begin one if it is time for one."""
        with self._lock:
            if self._running is not None and not self._running.done():
                return self._running
            if self._now() < self._tried + (RETRY_SECONDS if self.out else PAUSE_SECONDS):
                return None
            self._tried = self._now()
            self._running = self._thread.submit(self._fetch)
            return self._running

    def _fetch(self) -> None:
        try:
            found = self._asked()
        except NotFetched as failed:
            _log.warning("the issuer of tokens is out of reach: %s", failed)
            self.out = True
            return
        if self._found is not None and self._found.jwks == found.jwks:  # what was verified by them still is
            found = _Found(found.document, found.jwks, self._found.held, found.at)
        self._found, self.out = found, False

    def _asked(self) -> _Found:
        document = fetched(self.name.removesuffix("/") + _DISCOVERY, production=self._production)
        if not isinstance(document, dict) or document.get("issuer") != self.name:
            raise NotFetched("its description is another's")
        jwks = fetched(str(document.get("jwks_uri")), production=self._production)
        try:
            return _Found(document, jwks, usable(jwks, self._algorithms), self._now())
        except ValueError as wrong:
            raise NotFetched(str(wrong)) from wrong


def is_safe(address: str, *, production: bool) -> bool:
    """Say whether to go to an address: by https, or on this machine in development."""
    try:
        parts = urlsplit(address)
        host, named = parts.hostname, parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not host or not named or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and not production and host in _LOOPBACK)


def fetched(
    address: str, *, production: bool, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """Return the JSON that is at an address, or that answers a form sent there. Raises `NotFetched`.

    Nothing is followed elsewhere, a connection serves once, and no more is taken than an issuer may have to say.
    """
    if not is_safe(address, production=production):
        raise NotFetched("its address is none to go to: https, or this machine in development")
    until = time.monotonic() + _FETCH_SECONDS
    timeout = urllib3.Timeout(connect=_FETCH_SECONDS / 2, read=_FETCH_SECONDS / 2)
    body = None if form is None else urlencode(form).encode()
    more = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        with urllib3.PoolManager(retries=False, timeout=timeout) as http:
            answer = http.request(
                "GET" if form is None else "POST", address, body=body, redirect=False, preload_content=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"} | more | dict(headers or {}),
            )  # fmt: skip
            content = _taken(answer, until)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as failed:
        raise NotFetched(type(failed).__name__) from failed
    if answer.status != HTTPStatus.OK:
        raise NotFetched(f"it answered {answer.status}", refused=answer.status in _REFUSALS)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as wrong:
        raise NotFetched("its answer is not JSON") from wrong


def _taken(answer: urllib3.BaseHTTPResponse, until: float) -> bytes:
    content = b""
    while piece := answer.read1(16 * 1024, decode_content=False):
        content += piece
        if len(content) > _MOST_BYTES or time.monotonic() > until:
            raise ValueError("it is too much, or takes too long")
    return content
