"""The wire: what a connection may cost before anybody has said who they are.

uvicorn parses with httptools, which waits for ever and keeps whatever comes: a head without end, a body that never
arrives. Here a request is whole within twenty seconds, its head is 64 KiB at most, few requests are sent ahead of their
answers, and what is sent is taken within a minute, or the connection ends. How long an answer goes on is not limited:
the feed stays open for as long as somebody follows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.headers import HEADERS
from api.problems import HeadTooLarge, HttpMalformed, Problem, RequestTooSlow, response

MOST_HEAD = 64 * 1024
"""How long a request's head may be, in bytes; and what follows its body, or stands between the parts of one."""
MOST_AHEAD = 16
"""How many requests may be sent ahead of their answers."""
MOST_CONNECTIONS = 1000
"""With how many connections, or requests being answered, anything more is answered 503."""
REQUEST_SECONDS = 20.0
TAKING_SECONDS = 60.0

_PIECE = 8 * 1024


class Wire(HttpToolsProtocol):
    """uvicorn's HTTP connection, with limits.

    It builds on what asyncio and httptools call, whose names stand in their documentation, and of uvicorn's own on
    `transport`, `on_response_complete` and `send_400_response` alone. The tests show over real sockets that each limit
    holds.
    """

    _slow: asyncio.TimerHandle | None = None
    _untaken: asyncio.TimerHandle | None = None
    _in_head = _went_on = _whole = False
    _bare = 0
    _unanswered = 0

    # What comes.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._hurry()

    def data_received(self, data: bytes) -> None:
        """Take what came, piece by piece, so that no limit is passed by far."""
        for piece in _pieces(data):
            if self.transport.is_closing():
                return
            self._went_on = self._whole = False
            super().data_received(piece)
            self._bare = 0 if self._went_on else self._bare + len(piece)
            if self._bare > MOST_HEAD or self._unanswered > MOST_AHEAD:
                self._end(HeadTooLarge(most=MOST_HEAD))
        if not self._whole:
            self._hurry()

    def on_message_begin(self) -> None:
        """Take it that a request begins."""
        super().on_message_begin()
        self._in_head, self._whole = True, False
        self._unanswered += 1

    def on_headers_complete(self) -> None:
        """Take it that a head is whole."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._went_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take it that a request is whole."""
        self._went_on = self._whole = True
        _cancel(self._slow)
        self._slow = None
        super().on_message_complete()

    # What goes.

    def on_response_complete(self) -> None:
        """Take it that a request is answered."""
        self._unanswered -= 1
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Begin to wait until what was sent is taken."""
        super().pause_writing()
        self._untaken = asyncio.get_running_loop().call_later(TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Take it that most of what was sent is taken."""
        _cancel(self._untaken)
        super().resume_writing()

    # How it ends.

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what the parser says is nobody's business
        """Close, saying that what came is no HTTP."""
        self.transport.write(_on_the_wire(HttpMalformed()))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        _cancel(self._slow)
        _cancel(self._untaken)
        super().connection_lost(exc)

    def _hurry(self) -> None:
        if self._slow is None:
            self._slow = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._end, RequestTooSlow())

    def _end(self, problem: Problem) -> None:
        """Close, saying why where nothing else can be meant by it: no earlier request waits for its answer."""
        if self._in_head and self._unanswered == 1 and not self.transport.is_closing():
            self.transport.write(_on_the_wire(problem))
        self.transport.close()


def configured(app: ASGIApp, proxies: Collection[str] = (), **more: Any) -> uvicorn.Config:
    """Return how uvicorn serves the service. Where a request came from is believed of `proxies`, and of nobody else."""
    return uvicorn.Config(
        app, http=Wire, ws="none", limit_concurrency=MOST_CONNECTIONS, access_log=False, server_header=False,
        proxy_headers=bool(proxies), forwarded_allow_ips=list(proxies), **more,
    )  # fmt: skip


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _on_the_wire(problem: Problem) -> bytes:
    """Return a problem as HTTP/1.1 has it, for where there is no request to answer."""
    answer = response(problem)
    lines = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}".encode(), b"connection: close"]
    lines += [f"{name}: {value}".encode() for name, value in (HEADERS | dict(answer.headers)).items()]
    return b"\r\n".join([*lines, b"", bytes(answer.body)])
