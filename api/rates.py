"""How often somebody may ask: an address before anybody has said who they are, then whoever it is, within a minute.

Each process counts for itself and in memory, so that counting needs no network and outlives no restart: behind several
processes the rates are as many times as high. The settings have the rates; the window is fixed, so twice as much may
come across the end of a minute, and never more.
"""

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, ClassVar

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, response
from api.settings import Rates
from domain.decider import Actor

MOST_KNOWN = 100_000
"""Of how many addresses, and of how many actors, a count is kept; then the ones whose minute ends first are let go."""

UNCOUNTED = "/health/live"
"""Asked by whoever would end the process if there came no answer: to refuse it would make a flood an outage."""

CALLBACK = "/signin/callback"
"""Where a sign-in that fails has had us ask the issuer."""

_UNAUTHORIZED = {HTTPStatus.UNAUTHORIZED}
_NETWORK_BITS = 64
_ACTOR = "luotsi.actor"


class TooManyRequests(Problem):
    """More was asked than may be within a minute. Try again after as many seconds as the header Retry-After says."""

    status: ClassVar[int] = 429


class Counts(Storage):
    """How often each was there in the minute at hand: in memory, and of no more than `most` of them."""

    STORAGE_SCHEME: list[str] | None = None

    def __init__(self, most: int = MOST_KNOWN, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a storage that is elsewhere would raise."""
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count one more and return how many there were. All windows are as long, so the first one ends first."""
        with self._lock:
            now = self._now()
            while self._known and next(iter(self._known.values()))[1] <= now:
                self._known.popitem(last=False)
            if key not in self._known and len(self._known) >= self._most:
                self._known.popitem(last=False)
            count, end = self._known.get(key, (0, now + expiry))
            self._known[key] = (count + amount, end)
            return count + amount

    def get(self, key: str) -> int:
        """Return how many there were."""
        count, end = self._known.get(key, (0, 0.0))
        return count if end > self._now() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since 1970."""
        return self._known.get(key, (0, self._now()))[1]

    def check(self) -> bool:
        """Say that it can be reached."""
        return True

    def reset(self) -> int:
        """Forget all, and return of how many."""
        with self._lock:
            count = len(self._known)
            self._known.clear()
            return count

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._known.pop(key, None)

    def __len__(self) -> int:
        return len(self._known)


class Rate:
    """One of the rates, and who has used how much of it."""

    def __init__(self, per: str, most: int, now: Callable[[], float] = time.time) -> None:
        self._per = per
        self._now = now
        self._item = RateLimitItemPerMinute(most)
        self.counts = Counts(now=now)
        self._limiter = FixedWindowRateLimiter(self.counts)

    def spend(self, who: str) -> None:
        """Count a request. Raises `TooManyRequests` if it is one too many."""
        if not self._limiter.hit(self._item, who):
            raise self._too_many(who)

    def check(self, who: str) -> None:
        """Raise `TooManyRequests` if nothing is left; count nothing."""
        if not self._limiter.test(self._item, who):
            raise self._too_many(who)

    def _too_many(self, who: str) -> TooManyRequests:
        end, left = self._limiter.get_window_stats(self._item, who)
        seconds, window = max(1, math.ceil(end - self._now())), self._item.get_expiry()
        return TooManyRequests(
            per=self._per, most=self._item.amount, seconds=seconds, more_headers={
                "Retry-After": str(seconds),
                "RateLimit": f'"{self._per}";r={left};t={seconds}',
                "RateLimit-Policy": f'"{self._per}";q={self._item.amount};w={window}',
            },
        )  # fmt: skip


class Counter:
    """What one process counts."""

    def __init__(self, rates: Rates, now: Callable[[], float] = time.time) -> None:
        self.address = Rate("address", rates.address, now)
        self.failed = Rate("failed", rates.failed, now)
        self.actor = Rate("actor", rates.actor, now)


class ByAddress:
    """Refuses an address that asks too often, or whose tokens were refused too often; stricter by far in the latter."""

    def __init__(self, app: ASGIApp, counter: Counter) -> None:
        self.app = app
        self._counter = counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting it and whether it came with a token or cookie that does not hold."""
        if scope["type"] != "http" or scope["path"] == UNCOUNTED:
            await self.app(scope, receive, send)
            return
        who = address_of(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and _failed(scope, message["status"]):
                with suppress(TooManyRequests):  # this one is answered; the next is not looked at
                    self._counter.failed.spend(who)
            await send(message)

        try:
            self._counter.address.spend(who)
            self._counter.failed.check(who)
        except TooManyRequests as too_many:
            await response(too_many)(scope, receive, send)
            return
        scope[_ACTOR] = self._counter.actor
        await self.app(scope, receive, sending)


def _failed(scope: Scope, status: int) -> bool:
    """Say whether somebody tried to be somebody and was not let in: by a token, by a cookie, or by signing in.

    Who brings nothing has not tried: a page elsewhere can have any browser ask like that, and would else lock out all
    who share its address.
    """
    tried = any(name in {b"authorization", b"cookie"} for name, _ in scope["headers"])
    refused = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} if scope["path"] == CALLBACK else _UNAUTHORIZED
    return tried and status in refused


def address_of(scope: Scope) -> str:
    """Return from where a request comes, as it is counted: of IPv6 the network, which is one household's or one host's.

    Behind a proxy that is trusted it is who the proxy names; else it is who has connected, whatever they say.
    """
    host = str((scope.get("client") or ("?",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:_NETWORK_BITS]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address) >> _NETWORK_BITS << _NETWORK_BITS))


def count_actor(request: HTTPConnection, actor: Actor) -> None:
    """Count a request of somebody who has said who they are, once. Raises `TooManyRequests`."""
    rate: Rate | None = request.scope.pop(_ACTOR, None)
    if rate is not None:
        rate.spend("\0".join((actor.role, actor.organisation or "", actor.id)))


def documented(responses: Mapping[str, dict[str, Any]]) -> None:
    """Let the documentation of the problem say which headers come with it."""
    responses["Problem429"]["headers"] = {
        name: {"description": about, "required": True, "schema": {"type": kind}}
        for name, (about, kind) in _HEADERS.items()
    }


_HEADERS = {
    "Retry-After": ("After how many seconds to try again", "integer"),
    "RateLimit": ("Which rate is used up: what is left of it (r), for how many seconds (t)", "string"),
    "RateLimit-Policy": ("What that rate is: how many requests (q) in how many seconds (w)", "string"),
}
