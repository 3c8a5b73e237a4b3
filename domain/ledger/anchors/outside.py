"""Asking somebody outside the house, who may be down, slow or hostile: one address, for so long, for so much."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection

SECONDS = 10.0
"""How long an answer may take, all in all."""

MOST_BYTES = 64 * 1024
"""How long it may be."""

_PIECE = 4096


class NotAnchored(Exception):
    """A checkpoint was not anchored: there was no answer, or none that could be believed."""


@dataclass(frozen=True)
class Answer:
    """What was answered: the status, the type as it was stated, and the content."""

    status: int
    type: str
    content: bytes


class Outsider:
    """Somebody at an address, who is asked one thing at a time.

    The answer is waited for in a thread of its own, because a name that nobody resolves, or headers that come letter
    by letter, would keep this one for longer than `seconds`. Nothing is followed elsewhere.
    """

    def __init__(self, url: str, seconds: float = SECONDS) -> None:
        self.url = url
        self._seconds = seconds
        self._asked = threading.Lock()

    def post(self, path: str, content: bytes, content_type: str) -> Answer:
        """Send something to a path below the address; return what is answered. Raises `NotAnchored`."""
        if not self._asked.acquire(blocking=False):
            raise NotAnchored("it has not yet answered what it was asked before")
        connection, outcome = self._connection(), SimpleQueue[Answer | Exception]()
        headers = {"Content-Type": content_type, "Accept-Encoding": "identity", "User-Agent": "luotsi"}

        def ask() -> None:
            try:
                connection.request("POST", self._target(path), content, headers, preload_content=False)
                outcome.put(_taken(connection, time.monotonic() + self._seconds))
            except Exception as failed:  # whatever an outsider makes of HTTP, it is told where it was asked for
                outcome.put(failed)
            finally:
                connection.close()
                self._asked.release()

        threading.Thread(target=ask, name="outsider", daemon=True).start()
        return self._waited(connection, outcome)

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self._seconds / 2)

    def _target(self, path: str) -> str:
        parts = urlsplit(self.url)
        own = parts.path.removesuffix("/") if path else parts.path or "/"
        return own + path + (f"?{parts.query}" if parts.query else "")

    def _waited(self, connection: HTTPConnection, outcome: SimpleQueue[Answer | Exception]) -> Answer:
        try:
            found = outcome.get(timeout=self._seconds)
        except Empty:
            if (open_ := connection.sock) is not None:
                with suppress(OSError):  # it may be closed already
                    open_.shutdown(socket.SHUT_RDWR)
            raise NotAnchored(f"it takes longer than {self._seconds:g} seconds") from None
        if isinstance(found, NotAnchored):
            raise found
        if isinstance(found, Exception):
            raise NotAnchored(f"it can't be asked: {type(found).__name__}") from found
        return found


def _taken(connection: HTTPConnection, until: float) -> Answer:
    content = b""
    with closing(connection.getresponse()) as answer:
        while piece := answer.read1(_PIECE, decode_content=False):
            content += piece
            if len(content) > MOST_BYTES or time.monotonic() > until:
                raise NotAnchored("its answer is too long, or takes too long")
    return Answer(answer.status, answer.headers.get("Content-Type", ""), content)
