"""Carrying commands out on the event loop: decided here, written in groups by one thread.

While one group is on its way to the database the next one gathers, so under load a transaction carries many acts, and
an idle service waits for nothing. A group that fails is written act by act, so that nobody pays for another's conflict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from domain.ledger.application import Asked, Cases, Steps, Write
from domain.ledger.database import DatabaseUnavailable
from domain.ledger.recorder import Act, Receipt

T = TypeVar("T")

GROUP = 64
READERS = 8

_Waiting = tuple[Sequence[Act], asyncio.Future[dict[UUID, bytes]]]


@dataclass
class _Turn:
    """Whose turn it is on a stream: here nobody races against the neighbour, only against other processes."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    takers: int = 0


class Writer:
    """One process's way to the ledger, for callers on one event loop."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self._turns: dict[UUID, _Turn] = {}
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def execute(self, asked: Asked) -> Receipt:
        """Carry out a command, after those on the same stream that came before. Raises what `Cases.execute` raises."""
        turn = self._turns.setdefault(asked.stream, _Turn())
        turn.takers += 1
        try:
            async with turn.lock:
                return (await self._taken(self.cases.steps([asked])))[-1]
        finally:
            turn.takers -= 1
            if not turn.takers:
                del self._turns[asked.stream]

    async def consider(self, asked: Asked) -> Receipt:
        """Return what a command would come to, whoever's turn it is: nothing is written. Raises its `Refusal`."""
        return await self._taken(self.cases.considering(asked))

    async def _taken(self, steps: Steps[T]) -> T:
        result: Any = None
        failure: Exception | None = None
        while True:
            try:
                step = steps.throw(failure) if failure else steps.send(result)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            result, failure = None, None
            try:
                result = await (self._written(step.acts) if isinstance(step, Write) else self._read(step))
            except Exception as raised:  # the course decides what it means
                failure = raised

    async def close(self) -> None:
        """Finish what was begun, and stop."""
        while self._writing:
            await self._writing
        self._thread.shutdown()
        self._readers.shutdown()

    async def _read(self, step: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, step)

    async def _written(self, acts: Sequence[Act]) -> dict[UUID, bytes]:
        if not any(act.events or act.receipts for act in acts):
            return {}
        done: asyncio.Future[dict[UUID, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting.append((acts, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_groups())
        return await done

    async def _write_groups(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                group = self._next_group()
                outcomes = await loop.run_in_executor(self._thread, self._write, [acts for acts, _ in group])
                for (_, done), outcome in zip(group, outcomes, strict=True):
                    if done.cancelled():
                        continue
                    if isinstance(outcome, BaseException):
                        done.set_exception(outcome)
                    else:
                        done.set_result(outcome)
        finally:
            self._writing = None

    def _next_group(self) -> list[_Waiting]:
        """Take what goes together: of several acts on one stream only the first, the others were overtaken by it."""
        group: list[_Waiting] = []
        streams: set[UUID] = set()
        left: list[_Waiting] = []
        for it in self._waiting:
            touched = {act.stream for act in it[0]}
            if len(group) < GROUP and not touched & streams:
                group.append(it)
                streams |= touched
            else:
                left.append(it)
        self._waiting = left
        return group

    def _write(self, group: Sequence[Sequence[Act]]) -> list[dict[UUID, bytes] | BaseException]:
        try:
            heads = self.cases.write([act for acts in group for act in acts])
        except DatabaseUnavailable as gone:
            return [gone] * len(group)
        except Exception as failed:  # told to whom it concerns
            if len(group) == 1:
                return [failed]
            return [outcome for acts in group for outcome in self._write([acts])]
        return [heads] * len(group)
