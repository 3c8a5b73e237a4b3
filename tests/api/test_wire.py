"""The wire over real sockets: what nobody has asked for in twenty seconds and 64 KiB is not waited for."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain

import pytest
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from api import wire
from api.wire import MOST_AHEAD, MOST_CONNECTIONS, MOST_HEAD, configured

SOON = 0.3
MUCH = 50_000_000
Connect = Callable[[], socket.socket]


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body that came, with an endless stream, or with much at once."""
    answer: PlainTextResponse | StreamingResponse
    if scope["path"] == "/feed":
        answer = StreamingResponse(ticking())
    elif scope["path"] == "/much":
        answer = PlainTextResponse("x" * MUCH)
    else:
        try:
            answer = PlainTextResponse(await Request(scope, receive).body() or b"ok")
        except ClientDisconnect:
            return
    await answer(scope, receive, send)


async def ticking() -> AsyncIterator[bytes]:
    while True:
        yield b"tick\n"
        await asyncio.sleep(0.02)


@contextmanager
def serving(config: uvicorn.Config) -> Iterator[Connect]:
    """Serve, and give what connects."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: socket.create_connection(("127.0.0.1", port), timeout=10)
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def config() -> uvicorn.Config:
    return configured(service, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    with serving(config()) as it:
        yield it


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "REQUEST_SECONDS", SOON)


def until_closed(connection: socket.socket) -> bytes:
    """Return all that comes until the other side ends it."""
    got = bytearray()
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            got += piece
    return bytes(got)


def sent(connection: socket.socket, content: bytes) -> None:
    """Send, as far as the other side still takes it."""
    with suppress(ConnectionError):
        connection.sendall(content)


def trickle(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    """Send piece by piece."""
    for piece in pieces:
        connection.sendall(piece)
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nA: " + b"x" * (MOST_HEAD + 9000),
        b"GET / HTTP/1.1\r\n" + b"A: x\r\n" * (MOST_HEAD // 6 + 1500),
        b"GET /" + b"x" * (MOST_HEAD + 9000),
        b"GET / HTTP/1.1\r\nA: " + b"x" * (MOST_HEAD + 9000) + b"\r\n\r\n",
    ],
    ids=["one header", "many headers", "path", "whole"],
)
def test_a_head_without_end_is_a_problem(connect: Connect, head: bytes) -> None:
    with connect() as connection:
        sent(connection, head)
        answer = until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"connection: close" in answer
    assert b'"/problems/head-too-large"' in answer


def test_three_hundred_megabytes_of_headers_are_not_taken(connect: Connect) -> None:
    headers = (b"A: " + b"x" * 1_000_000 + b"\r\n" for _ in range(300))
    with connect() as connection, pytest.raises(ConnectionError):
        trickle(connection, chain([b"GET / HTTP/1.1\r\n"], headers))


def test_a_head_as_long_as_it_may_be_is_taken(connect: Connect) -> None:
    with connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\nA: " + b"x" * (MOST_HEAD - 100) + b"\r\n\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("after", [b"1;x=", b"0\r\nA: "], ids=["chunk extension", "trailer"])
def test_what_stands_beside_a_body_has_an_end_too(connect: Connect, after: bytes) -> None:
    with connect() as connection:
        sent(connection, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + after + b"x" * (MOST_HEAD + 9000))
        assert until_closed(connection) == b""


def test_a_body_longer_than_any_head_is_taken(connect: Connect) -> None:
    body = b"x" * 10 * MOST_HEAD
    with connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert until_closed(connection).endswith(b"\r\n\r\n" + body)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("half", "answer"),
    [
        (b"", b""),
        (b"\r\n", b""),
        (b"GET / HTTP/1.1\r\nA: x", b"HTTP/1.1 408 "),
        (b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf", b""),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", b""),
    ],
    ids=["nothing", "a blank line", "half a head", "half a body", "half a chunked body"],
)
def test_half_a_request_is_not_waited_for(connect: Connect, half: bytes, answer: bytes) -> None:
    with connect() as connection:
        connection.sendall(half)
        got = until_closed(connection)
    assert got.startswith(answer)
    assert bool(got) == bool(answer)


@pytest.mark.usefixtures("hurried")
def test_coming_byte_by_byte_does_not_help(connect: Connect) -> None:
    with connect() as connection, pytest.raises(ConnectionError):
        trickle(connection, (b"%c" % byte for byte in b"GET / HTTP/1.1\r\nA: " + b"x" * 10_000))


@pytest.mark.usefixtures("hurried")
def test_half_a_request_after_an_answered_one_is_not_waited_for_either(connect: Connect) -> None:
    with connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"\r\nGET / HTTP/1.1\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hurried")
def test_a_stream_goes_on_for_as_long_as_somebody_follows(connect: Connect) -> None:
    with connect() as connection:
        connection.sendall(b"GET /feed HTTP/1.1\r\n\r\n")
        got, deadline = b"", time.monotonic() + 4 * SOON
        while time.monotonic() < deadline:
            piece = connection.recv(65536)
            assert piece
            got += piece
    assert got.count(b"tick") > 10


def test_a_connection_serves_many_requests_one_after_the_other(connect: Connect) -> None:
    with connect() as connection:
        for _ in range(3 * MOST_AHEAD):
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_few_requests_may_be_sent_ahead_but_not_without_end(connect: Connect) -> None:
    with connect() as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\n\r\n" * (MOST_AHEAD - 1) + b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        )
        assert until_closed(connection).count(b"HTTP/1.1 200 ") == MOST_AHEAD
    with connect() as connection:
        sent(connection, b"GET / HTTP/1.1\r\n\r\n" * 10_000)
        assert until_closed(connection).count(b"HTTP/1.1 200 ") <= MOST_AHEAD


def test_an_answer_that_nobody_takes_is_dropped(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    request = b"GET /much HTTP/1.1\r\nConnection: close\r\n\r\n"
    with connect() as connection:
        connection.sendall(request)
        assert len(until_closed(connection)) > MUCH
    monkeypatch.setattr(wire, "TAKING_SECONDS", SOON)
    with connect() as connection:
        connection.sendall(request)
        threading.Event().wait(4 * SOON)
        assert len(until_closed(connection)) < MUCH


def test_who_comes_when_there_is_no_room_is_told_so() -> None:
    crowded = config()
    assert crowded.limit_concurrency == MOST_CONNECTIONS
    crowded.limit_concurrency = 2
    with serving(crowded) as connect, connect(), connect() as second:
        second.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert second.recv(65536).startswith(b"HTTP/1.1 503 ")
