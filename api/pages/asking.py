"""How a page asks the service: through its own routes, in process, as whoever looks at the page."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request
from starlette.types import Message

from api.auth import bearer
from api.problems import invalid, kinds, told
from api.protected import keep_quiet
from api.reads import PAGE, OfPage
from domain.decider import Refusal, StreamAbsent
from domain.ledger.application import Cases

_MOST = 1000
"""The longest page that there is."""

_ANEW = {"route", "endpoint", "path_params", "state", "starlette.exception_handlers"}
"""What belongs to the page's own request alone."""


@dataclass(frozen=True)
class Tried:
    """What a command would come to: the problem that it would meet, or what it would do; neither, if it is unknown."""

    problem: Mapping[str, Any] | None = None
    would: Mapping[str, Any] | None = None


class Asking:
    """Asks queries and gives commands for a page. All that it reads is one line in the log of reads, as `what`.

    It is told in the language of the page, `into`. What goes wrong is raised, as it is: a `Problem`, a `Refusal`, or
    what the ledger raises.
    """

    def __init__(self, request: Request, cases: Cases, what: str, into: Callable[[], str]) -> None:
        self._request = request
        self._cases = cases
        self._page = OfPage(what)
        self._into = into

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return what a query answers. What is None is not asked; `from` is written `from_`."""
        asked = {name.rstrip("_"): it for name, it in query.items() if it is not None}
        return await self._through("GET", path, urlencode(asked, doseq=True), {}, b"")

    async def everything(self, path: str, name: str, **query: Any) -> list[dict[str, Any]]:
        """Return all that a query tells under a name, page by page: the longest pages that there are, unless asked."""
        asked = {"limit": _MOST, **query}
        page = await self.get(path, **asked)
        found: list[dict[str, Any]] = page[name]
        while after := following(page):
            page = await self.get(path, **asked | {"after": after})
            found += page[name]
        return found

    async def saved(self, path: str, into: BinaryIO, **query: Any) -> None:
        """Write what a query answers, which is no JSON, into a file."""
        await self._answered("GET", path, urlencode(query, doseq=True), {}, b"", take=into.write)

    async def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """Give a command and return what it came to."""
        said = {"content-type": "application/json", **{name.lower(): it for name, it in headers.items()}}
        return await self._through("POST", path, "", said, msgspec.json.encode(body))

    async def tried(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Tried:
        """Return what a command would come to, without doing it. Raises `StreamAbsent` of what is not to be seen."""
        try:
            return Tried(would=await self.post(path, body, {**headers, "Dry-Run": "true"}))
        except StreamAbsent:
            raise
        except tuple(kinds().values()) as refused:
            return Tried(told(refused))

    async def _through(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, Any]:
        sent: list[bytes] = []
        await self._answered(method, path, query, headers, body, take=sent.append)
        found: dict[str, Any] = msgspec.json.decode(b"".join(sent))
        return found

    async def _answered(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, *,
        take: Callable[[bytes], object],
    ) -> None:  # fmt: skip
        bearer(self._request)  # nobody who is not known gets as far as the service's own routes
        said = {"accept-language": self._into(), **headers}
        scope: dict[str, Any] = {name: it for name, it in self._request.scope.items() if name not in _ANEW}
        scope |= {
            "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in said.items()], "state": {},
            PAGE: self._page,
        }  # fmt: skip

        heard: asyncio.Future[None] = asyncio.Future()

        async def receive() -> Message:
            if not heard.done():
                heard.set_result(None)
                return {"type": "http.request", "body": body, "more_body": False}
            return await asyncio.Future()  # nobody hangs up: who streams its answer waits for that meanwhile

        async def send(message: Message) -> None:
            take(message.get("body", b""))

        try:
            await self._request.app.router(scope, receive, send)
        except RequestValidationError as wrong:
            raise invalid(wrong.errors()) from None
        except Refusal as refused:
            await keep_quiet(Request(scope), self._cases, refused)
            raise


def following(page: Mapping[str, Any]) -> str | None:
    """Return the cursor of the page after one, None after the last."""
    return parse_qs(urlsplit(page["next"]).query)["after"][0] if page["next"] else None
