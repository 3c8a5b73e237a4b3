"""The feed: the events that a checkpoint has, in the order of their positions, as server-sent events, and no words.

What is told was published first, so that a restore that takes any of it back opens a new epoch, and no cursor goes on.

A subscriber is sent what they may read at that moment: staff and auditors the events of such cases, and those of the
directory; administrators those of the log itself too; other systems all. A page in which there are cases is written
down as read first (rule 23). A subscriber reads pages by position, each from where it is itself, so whoever comes late
or reads slowly misses nothing. One task a process looks how far the sequence is and wakes them.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from fastapi import FastAPI, Header, Query
from psycopg import Error
from starlette.requests import Request
from starlette.responses import StreamingResponse

from api.admission import sight_of
from api.auth import Bearer, bearer
from api.problems import Problem
from api.reads import Reading, ReadNotLogged, log
from domain.authorization import usual
from domain.case import Case
from domain.client import Client
from domain.decider import STAFF, Actor, Role, RoleNotAllowed, State
from domain.ledger.application import Cases
from domain.ledger.database import DatabaseUnavailable
from domain.ledger.mapper import HistoryDamaged, TopicUnknown, codecs
from domain.objections import ObjectionRaised, ObjectionWithdrawn
from domain.requests import ExperienceReported, RequestMade
from domain.sealing import Log
from domain.withholding import kept_from
from projections.walled import ACCESS, SETTINGS, STANDS

SUBSCRIBERS, OF_ONE = 100, 20
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
    """This process has as many subscribers as it takes, or as many of yours. Try again in a moment, or end another."""

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

    async def events(self, who: Bearer, begin: End, until: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield what to send somebody, from `begin` on, page by page, until the feed is closed or `until` says so."""
        position = begin.position
        yield b"retry: 1000\n\n"
        async with self._listening(who.actor):
            while not (self._closed or until()):
                moved = self._moved
                page: Page | None = await self._read(partial(self._page, who, position))
                if page is None:
                    await _within(RETRY_SECONDS, moved)
                    continue
                if page.epoch != begin.epoch:
                    return  # the ledger was restored: who comes back is told
                if page.position > position:
                    position = page.position
                    yield page.content
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

    def _page(self, who: Bearer, position: int) -> Page | None:
        """Return the page after a position, written down as read; None while that can't be had."""
        with self._unless_gone():
            epoch, last, found = self._found(who, position)
            rows = [row for row in found if not self._kept_from(who, row)]
            shown = frozenset(UUID(stream) for _, stream, _, topic, _ in rows if topic in _of(Case))
            if shown:
                log(self.cases.pool, Reading(who.actor, "FollowFeed", shown, usual(who.actor.role), grant=who.grant))
            sent = rows[-1][0] if rows else position
            onward = b"" if sent == last else b"id: %d.%d\n\n" % (epoch, last)  # moves the cursor, and is no event
            return Page(epoch, last, b"".join(_event(epoch, row) for row in rows) + onward)
        return None

    def _found(self, who: Bearer, position: int) -> tuple[int, int, list[Any]]:
        """Return the epoch, the last position that was looked at, and the events up to it that somebody may read."""
        with self.cases.pool.connection() as connection:
            values = {
                **dict.fromkeys(SETTINGS), **sight_of(who), "position": position, "most": PAGE,
                "all": who.actor.role == Role.SYSTEM, "of_cases": list(_of(Case)),
                "directory": [it for it in codecs() if it not in _of(Case) | _of(Client) | _beyond(who.actor)],
            }  # fmt: skip
            statement = _PAGE.format(access=ACCESS, stands=STANDS).encode()
            epoch, last, found = connection.execute(statement, values, prepare=True).fetchone() or (0, None, None)
        return epoch, last or position, msgspec.json.decode(found) if found else []

    def _kept_from(self, who: Bearer, row: Sequence[Any]) -> bool:
        """Say whether an event is not to be told to somebody: what goes past a worker, or waits for the case's end."""
        _, stream, version, topic, _ = row
        if who.actor.role not in STAFF or topic not in _PAST_SOMEBODY:
            return False
        try:
            state = self.cases.loaded(UUID(stream), Case).state
        except (HistoryDamaged, TopicUnknown):  # nobody can tell whom it goes past
            return True
        return isinstance(state, Case) and version in kept_from(who.actor, state)


def mount(app: FastAPI) -> None:
    """Mount the feed."""

    async def follow(
        request: Request,
        last_event_id: Annotated[str | None, Header(description="The last `id` that you received.")] = None,
        after: Annotated[str | None, Query(description="The same, for those who can't set the header.")] = None,
    ) -> StreamingResponse:
        """Follow what happens, in the order of the ledger, from the first event or after the one that you name.

        You are sent what you may read at that moment: of the cases that you may read, and of the directory. Clients'
        own events are for other systems alone, and those of the log itself for administrators too.
        """
        feed: Feed = request.app.state.feed
        who = bearer(request)
        if who.actor.role not in _READERS:
            raise RoleNotAllowed(role=who.actor.role, allowed=sorted(_READERS))
        begin = await feed.begin(last_event_id or after)
        if feed.is_full_for(who.actor):
            raise TooManySubscribers(most=feed.most, of_one=feed.most_of_one)
        events = feed.events(who, begin, lambda: time.time() >= who.expires)
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


@cache
def _of(kind: type[State]) -> frozenset[str]:
    """Return the topics of a kind of stream."""
    return frozenset(topic for topic, it in codecs().items() if it.event.state is kind)


def _beyond(actor: Actor) -> frozenset[str]:
    """Return the topics of the log itself, which are for administrators and other systems."""
    return frozenset() if actor.role in {Role.ADMINISTRATOR, Role.SYSTEM} else _of(Log)


async def _within(seconds: float, moved: asyncio.Event) -> bool:
    """Wait until the sequence has moved; say whether it did within so many seconds."""
    try:
        await asyncio.wait_for(moved.wait(), seconds)
    except TimeoutError:
        return False
    return True


_PAST_SOMEBODY = frozenset(it.topic for it in (ObjectionRaised, ObjectionWithdrawn, RequestMade, ExperienceReported))
"""What may go past a worker, or wait for the case's end."""

_ABOUT = """One server-sent event for each event that you may read, in the order of the ledger, and then those to come.

`id` is what to send as Last-Event-ID, and comes alone where it has moved over what is not for you. `event` is the
topic; `data` is a JSON object with `position`, `stream`, `version`, `topic` and `recorded`, and never any words. Of a
client's own stream `stream` is null."""
_CONTENT = {"text/event-stream": {"schema": {"type": "string"}}}
_END = """
    SELECT coalesce((SELECT max(size) FROM checkpoints c WHERE c.log = 'events' AND c.epoch = l.epoch), 0), l.epoch
    FROM log_state l"""
_PAGE = """
    WITH page AS (
        SELECT position, stream, version FROM sequence
        WHERE position > %(position)s AND position <= (
            SELECT max(size) FROM checkpoints WHERE log = 'events' AND epoch = (SELECT epoch FROM log_state)
        )
        ORDER BY position LIMIT %(most)s
    )
    SELECT epoch, (SELECT max(position) FROM page), (
        SELECT json_agg(json_build_array(position, stream, version, topic, recorded) ORDER BY position)::text
        FROM page JOIN events USING (stream, version)
        WHERE %(all)s OR topic = ANY (%(directory)s::text[]) OR (topic = ANY (%(of_cases)s::text[]) AND (
            page.stream = ANY (string_to_array(%(cases)s, ',')::uuid[]) OR EXISTS (
                SELECT FROM {access} a WHERE a."case" = page.stream AND {stands} AND (
                    (a.organisation = %(organisation)s::text AND a.worker IN ('', %(worker)s::text)
                        AND (a.upto IS NULL OR page.version <= a.upto)
                        AND EXISTS (SELECT FROM clients c WHERE c."case" = page.stream))
                    OR (a.relation = 'holds' AND a.opened_at < %(until)s::timestamptz
                        AND (a.closed_at IS NULL OR a.closed_at >= %(since)s::timestamptz))))))
    ) FROM log_state"""
"""A page: of the events after a position, those that somebody may read. A case that was erased has no client."""
