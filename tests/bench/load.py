"""A client that keeps some connections busy: each sends a command, waits for the answer, and sends the next.

    python -m tests.bench.load < plan.json

A process of its own and nothing but asyncio, so that the services do not wait for it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import cycle
from typing import Any


class Busy(asyncio.Protocol):
    """One connection. It counts the answers that came in time, by status."""

    def __init__(self, plan: dict[str, Any], number: int, over: asyncio.Event) -> None:
        head = f"Host: {plan['host']}\r\nAuthorization: Bearer {plan['token']}\r\nContent-Type: application/json\r\n"
        self.rest = f" HTTP/1.1\r\n{head}Content-Length: {len(plan['body'].encode())}\r\n\r\n{plan['body']}".encode()
        self.paths = cycle([f"POST {path}".encode() for path in plan["paths"][number :: plan["connections"]]])
        self.answers: dict[str, int] = {}
        self.deadline = time.perf_counter() + plan["seconds"]
        self.over = over
        self.awaited = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send the next command."""
        self.transport.write(next(self.paths) + self.rest)

    def data_received(self, data: bytes) -> None:
        self.awaited += data
        head, found, body = self.awaited.partition(b"\r\n\r\n")
        if not found or len(body) < length(head):
            return
        self.awaited = b""
        status = head[9:12].decode()
        self.answers[status] = self.answers.get(status, 0) + 1
        if time.perf_counter() < self.deadline:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - its signature is asyncio's
        self.over.set()


def length(head: bytes) -> int:
    """Return how long the body behind these headers is."""
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return next((int(value) for name, _, value in lines if name.lower() == b"content-length"), 0)


async def load(plan: dict[str, Any]) -> dict[str, Any]:
    """Keep the connections busy for a while; return how long it took and the answers by status."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    made: list[Busy] = []
    for number in range(plan["connections"]):
        busy = Busy(plan, number, asyncio.Event())
        await loop.create_connection(lambda busy=busy: busy, plan["host"], plan["port"])  # type: ignore[misc]
        made.append(busy)
    await asyncio.wait_for(asyncio.gather(*[busy.over.wait() for busy in made]), plan["seconds"] + 30)
    answers: dict[str, int] = {}
    for busy in made:
        for status, number in busy.answers.items():
            answers[status] = answers.get(status, 0) + number
    return {"seconds": time.perf_counter() - started, "answers": answers}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(load(json.load(sys.stdin)))))
