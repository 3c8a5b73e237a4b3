"""The feed: the events that a checkpoint has, in the order of their positions, as server-sent events, and no words.

What is told was published first, so that a restore that takes any of it back opens a new epoch, and no cursor goes on.

A subscriber is sent what they may read at that moment: staff and auditors the events of such cases, and those of the
directory; clients, and who acts for them, those of their own cases; administrators those of the log itself too; other
systems all (`api.feed_page`). A subscriber reads pages by position, each from where it is itself, so whoever comes late
or reads slowly misses nothing. One task a process looks how far the sequence is and wakes them.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import FastAPI, Header, Query
from psycopg import Error
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.auth import bearer
from api.feed_page import Follower, Page, page_after
from api.problems import Problem
from api.reads import ReadNotLogged
from domain.decider import CLIENT_SIDE, STAFF, Actor, Role, RoleNotAllowed
from domain.ledger.application import Cases
from domain.ledger.database import DatabaseUnavailable

SUBSCRIBERS, OF_ONE = 500, 20
"""How many follow at once: each takes some 40 KiB, and together half of the connections that a process takes."""
PAUSE_SECONDS = 0.1
TURN_SECONDS = 0.002
"""How long each of those who follow lets the others read before it reads again: so many reads a second at most."""
HEARTBEAT_SECONDS = 15.0
RETRY_SECONDS = 0.5

NOW = "end"
"""What to follow after, to begin at the end."""

_READERS = STAFF | CLIENT_SIDE | {Role.AUDITOR, Role.ADMINISTRATOR, Role.SYSTEM}
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
    """This process has as many subscribers as it takes, or as many of yours. Try again in a moment, or end another."""

    status = 503
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "10"}


@dataclass(frozen=True)
class End:
    """How far the sequence is, and in which epoch."""

    position: int
    epoch: int


@dataclass
class Feed:
    """One process's feed: it looks how far the sequence is, as long as somebody listens."""

    cases: Cases
    pause: float = PAUSE_SECONDS
    heartbeat: float = HEARTBEAT_SECONDS
    most: int = SUBSCRIBERS
    most_of_one: int = OF_ONE
    followers: Counter[Actor] = field(default_factory=Counter)
    end: End | None = None
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False
    _watch: asyncio.Task[None] | None = None
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, thread_name_prefix="feed"))

    @property
    def subscribers(self) -> int:
        """How many follow it."""
        return self.followers.total()

    def is_full_for(self, actor: Actor) -> bool:
        """Say whether this person is not taken on: there are as many as it takes, or as many of theirs."""
        return self._closed or self.subscribers >= self.most or self.followers[actor] >= self.most_of_one

    def close(self) -> None:
        """Let every subscriber go, so that a server that waits for its connections can stop. On the event loop."""
        self._closed = True
        self._wake()
        self._threads.shutdown(wait=False)

    async def cursor(self) -> str:
        """Return the id to follow after for what is told from now on, for a page to keep.

        While anybody follows it is known, if not to the last moment: what came since may be told once more.
        """
        end: End = self.end or await self._read(self._end)
        return f"{end.epoch}.{end.position}"

    async def begin(self, last_event_id: str | None) -> End:
        """Return after which position to begin. Raises `EventIdMalformed`, `EpochGone` and `PositionAhead`."""
        if self._closed:
            raise TooManySubscribers(most=0)
        end: End = await self._read(self._end)
        if not last_event_id:
            return End(0, end.epoch)
        if last_event_id == NOW:
            return end
        parts = _ID.fullmatch(last_event_id)
        if parts is None:
            raise EventIdMalformed
        begin = End(int(parts[2]), int(parts[1]))
        if begin.epoch != end.epoch:
            raise EpochGone(epoch=end.epoch)
        if begin.position > end.position:
            raise PositionAhead(last=f"{end.epoch}.{end.position}")
        return begin

    async def events(self, follower: Follower, begin: End, until: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield what to send somebody, from `begin` on, page by page, until the feed is closed or `until` says so."""
        position = begin.position
        yield b"retry: 1000\n\n"
        async with self._listening(follower.who.actor):
            while not (self._closed or until()):
                moved = self._moved
                page: Page | None = await self._read(partial(self._page, follower, position))
                if page is None:
                    await _within(RETRY_SECONDS, moved)
                    continue
                if page.epoch != begin.epoch:
                    return  # the ledger was restored: who comes back is told
                if page.position > position:
                    position = page.position
                    if page.content:
                        yield page.content
                    await asyncio.sleep(self.subscribers * TURN_SECONDS)
                elif not await _within(self.heartbeat, moved):
                    yield b": still here\n\n"

    @contextlib.asynccontextmanager
    async def _listening(self, actor: Actor) -> AsyncIterator[None]:
        self.followers[actor] += 1
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self.followers -= Counter([actor])  # which keeps nobody who follows no more

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
            self._watch = self.end = None

    def _end_or_none(self) -> End | None:
        with self._unless_gone():
            return self._end()
        return None

    @contextlib.contextmanager
    def _unless_gone(self) -> Iterator[None]:
        """Go on without, while the database is gone: everything that happened meanwhile is there when it is back."""
        try:
            yield
        except (DatabaseUnavailable, Error, ReadNotLogged) as gone:
            _log.warning("the feed can't be read, or that it is can't be logged: %s", type(gone).__name__)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _read(self, read: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def _end(self) -> End:
        with self.cases.pool.connection() as connection:
            return End(*(connection.execute(_END).fetchone() or (0, 0)))

    def _page(self, follower: Follower, position: int) -> Page | None:
        """Return the page after a position, written down as read; None while that can't be had."""
        with self._unless_gone():
            return page_after(self.cases, follower, position)
        return None


def mount(app: FastAPI) -> None:
    """Mount the feed."""

    async def follow(
        request: Request,
        last_event_id: Annotated[str | None, Header(description="The last `id` that you received.")] = None,
        after: Annotated[
            str | None, Query(description='The same, for those who can\'t set the header; "end" to begin at the end.')
        ] = None,
        case: Annotated[UUID | None, Query(description="Of this case alone.")] = None,
    ) -> StreamingResponse:
        """Follow what happens, in the order of the ledger, from the first event or after the one that you name.

        You are sent what you may read at that moment: of the cases that you may read, and of the directory. Clients
        are sent what they are told of their own cases, and who acts for them of the `case` that they name. Clients' own
        streams are for other systems alone, and that of the log itself for administrators too.
        """
        feed: Feed = request.app.state.feed
        who = bearer(request)
        if who.actor.role not in _READERS:
            raise RoleNotAllowed(role=who.actor.role, allowed=sorted(_READERS))
        begin = await feed.begin(last_event_id or after)
        if feed.is_full_for(who.actor):
            raise TooManySubscribers(most=feed.most, of_one=feed.most_of_one)
        events = feed.events(Follower(who, case), begin, lambda: time.time() >= who.expires)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    app.add_api_route(
        "/feed", follow, operation_id="FollowFeed", summary="Follow what happens", tags=["feed"],
        response_class=StreamingResponse, responses={200: {"description": _ABOUT, "content": _CONTENT}},
    )  # fmt: skip


async def _within(seconds: float, moved: asyncio.Event) -> bool:
    """Wait until the sequence has moved; say whether it did within so many seconds."""
    try:
        await asyncio.wait_for(moved.wait(), seconds)
    except TimeoutError:
        return False
    return True


_ABOUT = """One server-sent event for each event that you may read, in the order of the ledger, and then those to come.

`id` is what to send as Last-Event-ID, and comes alone where it has moved over what is not for you. `event` is the
topic; `data` is a JSON object with `position`, `stream`, `version`, `topic` and `recorded`, and never any words. Of a
client's own stream `stream` is null."""
_CONTENT = {"text/event-stream": {"schema": {"type": "string"}}}
_END = """
    SELECT coalesce((SELECT max(size) FROM checkpoints c WHERE c.log = 'events' AND c.epoch = l.epoch), 0), l.epoch
    FROM log_state l"""
