"""The feed: every event that has its position, in that order, as server-sent events; none is skipped, and no words.

A subscriber reads pages by position, each from where it is itself, so whoever comes late or reads slowly misses
nothing. One task a process looks how far the sequence is and wakes them.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from fastapi import FastAPI, Header, Query
from psycopg import Error
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.auth import bearer
from api.problems import Problem
from domain.client import Client
from domain.decider import STAFF, Role, RoleNotAllowed
from domain.ledger.database import DatabaseUnavailable, Pool
from domain.ledger.mapper import codecs

SUBSCRIBERS = 100
PAGE = 500
PAUSE_SECONDS = 0.1
HEARTBEAT_SECONDS = 15.0
RETRY_SECONDS = 0.5

_READERS = STAFF | {Role.AUDITOR, Role.ADMINISTRATOR, Role.SYSTEM}
_ID = re.compile(r"(\d{1,9})\.(\d{1,18})")
_log = logging.getLogger(__name__)


class EventIdMalformed(Problem):
    """That is no id of an event of this feed. Send the last `id` that you received, or none to begin at the first."""


class EpochGone(Problem):
    """That id is of an epoch that is over: the ledger was restored since. Begin again without it."""

    status = 410


class PositionAhead(Problem):
    """No event has that position yet. Send the last `id` that you received."""

    status = 409


class TooManySubscribers(Problem):
    """This process has as many subscribers as it takes. Try again in a moment."""

    status = 503
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "10"}


@dataclass(frozen=True)
class End:
    """How far the sequence is, and in which epoch."""

    position: int
    epoch: int


@dataclass(frozen=True)
class Page:
    """A page of the feed as it is sent, and the position of the last event in it."""

    epoch: int
    position: int
    content: bytes


@dataclass
class Feed:
    """One process's feed: it looks how far the sequence is, as long as somebody listens."""

    pool: Pool
    pause: float = PAUSE_SECONDS
    heartbeat: float = HEARTBEAT_SECONDS
    most: int = SUBSCRIBERS
    subscribers: int = 0
    end: End | None = None
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False
    _watch: asyncio.Task[None] | None = None
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, thread_name_prefix="feed"))

    @property
    def is_full(self) -> bool:
        """Whether nobody else is taken on."""
        return self._closed or self.subscribers >= self.most

    def close(self) -> None:
        """Let every subscriber go, so that a server that waits for its connections can stop. On the event loop."""
        self._closed = True
        self._wake()
        self._threads.shutdown(wait=False)

    async def begin(self, last_event_id: str | None) -> End:
        """Return after which position to begin. Raises `EventIdMalformed`, `EpochGone` and `PositionAhead`."""
        if self._closed:
            raise TooManySubscribers(most=0)
        end: End = await self._read(self._end)
        if not last_event_id:
            return End(0, end.epoch)
        parts = _ID.fullmatch(last_event_id)
        if parts is None:
            raise EventIdMalformed
        begin = End(int(parts[2]), int(parts[1]))
        if begin.epoch != end.epoch:
            raise EpochGone(epoch=end.epoch)
        if begin.position > end.position:
            raise PositionAhead(last=f"{end.epoch}.{end.position}")
        return begin

    async def events(self, begin: End, until: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield what to send, from `begin` on, page by page, until the feed is closed or `until` says so."""
        position = begin.position
        yield b"retry: 1000\n\n"
        async with self._listening():
            while not (self._closed or until()):
                moved = self._moved
                page: Page | None = await self._read(partial(self._page, position))
                if page is None:
                    await _within(RETRY_SECONDS, moved)
                    continue
                if page.epoch != begin.epoch:
                    return  # the ledger was restored: who comes back is told
                if page.content:
                    position = page.position
                    yield page.content
                elif not await _within(self.heartbeat, moved):
                    yield b": still here\n\n"

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        self.subscribers += 1
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self.subscribers -= 1

    async def _look(self) -> None:
        """Wake the subscribers whenever the sequence has moved, as long as there are any."""
        try:
            while self.subscribers and not self._closed:
                end = await self._read(self._end_or_none)
                if end not in {None, self.end}:
                    self.end = end
                    self._wake()
                await asyncio.sleep(self.pause)
        finally:
            self._watch = None

    def _end_or_none(self) -> End | None:
        with self._unless_gone():
            return self._end()
        return None

    @contextlib.contextmanager
    def _unless_gone(self) -> Iterator[None]:
        """Go on without, while the database is gone: everything that happened meanwhile is there when it is back."""
        try:
            yield
        except (DatabaseUnavailable, Error) as gone:
            _log.warning("the feed can't read the sequence and tries again: %s", type(gone).__name__)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _read(self, read: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def _end(self) -> End:
        with self.pool.connection() as connection:
            return End(*(connection.execute("SELECT position, epoch FROM log_state").fetchone() or (0, 0)))

    def _page(self, position: int) -> Page | None:
        with self._unless_gone(), self.pool.connection() as connection:
            epoch, found = connection.execute(_PAGE, (position, PAGE), prepare=True).fetchone() or (0, None)
            rows = msgspec.json.decode(found) if found else []
            last = rows[-1][0] if rows else position
            return Page(epoch, last, b"".join(_event(epoch, row) for row in rows))
        return None


def mount(app: FastAPI) -> None:
    """Mount the feed."""

    async def follow(
        request: Request,
        last_event_id: Annotated[str | None, Header(description="The last `id` that you received.")] = None,
        after: Annotated[str | None, Query(description="The same, for those who can't set the header.")] = None,
    ) -> StreamingResponse:
        """Follow what happens, in the order of the ledger, from the first event or after the one that you name."""
        feed: Feed = request.app.state.feed
        who = bearer(request)
        if who.actor.role not in _READERS:
            raise RoleNotAllowed(role=who.actor.role, allowed=sorted(_READERS))
        begin = await feed.begin(last_event_id or after)
        if feed.is_full:
            raise TooManySubscribers(most=feed.most)
        events = feed.events(begin, lambda: time.time() >= who.expires)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    app.add_api_route(
        "/feed", follow, operation_id="FollowFeed", summary="Follow what happens", tags=["feed"],
        response_class=StreamingResponse, responses={200: {"description": _ABOUT, "content": _CONTENT}},
    )  # fmt: skip


def _event(epoch: int, row: Sequence[Any]) -> bytes:
    """Return an event as it is sent. A client's stream is not named: its id is the client's."""
    position, stream, version, topic, recorded = row
    known = codecs().get(topic)
    named = known is not None and known.event.state is not Client
    data = {
        "position": position, "stream": stream if named else None, "version": version, "topic": topic,
        "recorded": recorded,
    }  # fmt: skip
    return b"id: %d.%d\nevent: %b\ndata: %b\n\n" % (epoch, position, topic.encode(), msgspec.json.encode(data))


async def _within(seconds: float, moved: asyncio.Event) -> bool:
    """Wait until the sequence has moved; say whether it did within so many seconds."""
    try:
        await asyncio.wait_for(moved.wait(), seconds)
    except TimeoutError:
        return False
    return True


_ABOUT = """One server-sent event for each event of the ledger, in its order, and then those to come.

`id` is what to send as Last-Event-ID; `event` is the topic; `data` is a JSON object with `position`, `stream`,
`version`, `topic` and `recorded`, and never any words. Of a client's own stream `stream` is null."""
_CONTENT = {"text/event-stream": {"schema": {"type": "string"}}}
_PAGE = """
    SELECT epoch, (
        SELECT json_agg(json_build_array(position, stream, version, topic, recorded) ORDER BY position)::text
        FROM (SELECT * FROM sequence WHERE position > %s ORDER BY position LIMIT %s) p
        JOIN events USING (stream, version)
    ) FROM log_state"""
