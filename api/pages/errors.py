"""What goes wrong, as a page: in words, in the reader's language, with a way on. Programs get the problem as it is.

One place does it for every answer, whoever gives it: a problem that goes to somebody who asks for a page becomes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pages.page import Visit
from api.problems import MEDIA_TYPE
from api.signin import is_local
from domain.ledger.application import Cases

SIGN_IN = {"/problems/token-missing", "/problems/session-over", "/problems/token-expired", "/problems/signin-unknown"}
"""The problems that signing in solves."""


class ErrorPages:
    """Answers a problem with a page where a page was asked for."""

    def __init__(self, app: ASGIApp, cases: Cases) -> None:
        self.app = app
        self._cases = cases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and a problem back as a page."""
        if scope["type"] != "http" or not wants_page(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        started: Message = {}
        body: list[bytes] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("content-type") != MEDIA_TYPE:
                    await send(message)
                    return
                started.update(message)
            elif started:
                body.append(message.get("body", b""))
                if not message.get("more_body", False):
                    await self._shown(scope, receive, send, started, b"".join(body))
            else:
                await send(message)

        await self.app(scope, receive, sending)

    async def _shown(self, scope: Scope, receive: Receive, send: Send, started: Message, body: bytes) -> None:
        problem: Mapping[str, Any] = {"details": {}, "errors": []} | msgspec.json.decode(body)
        visit = Visit(Request(scope, receive), self._cases, "Problem")
        page = visit.render("problem.html", started["status"], problem=problem, **ways_on(visit, problem))
        kept = MutableHeaders(raw=page.raw_headers)
        for name, value in Headers(raw=started["headers"]).items():
            if name not in {"content-type", "content-length", "content-security-policy", "cache-control"}:
                kept.append(name, value)
        await page(scope, receive, send)


def wants_page(headers: Headers) -> bool:
    """Say whether a page is asked for: a browser names HTML among the first things that it accepts."""
    return headers.get("accept", "").lower().startswith("text/html")


def ways_on(visit: Visit, problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ways on from a problem: to sign in and come back, or to try once more."""
    request = visit.request
    came_from = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    again = request.method == "GET" and is_local(came_from)  # a path that begins with // would lead to another host
    return {
        "signs_in": problem["type"] in SIGN_IN, "again": came_from if again else None,
        "return_to": came_from if again and not came_from.startswith("/signin") else "/",
    }  # fmt: skip
