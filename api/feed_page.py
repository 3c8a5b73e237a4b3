"""A page of the feed: the events after a position, of those that a checkpoint has, as far as somebody is told of them.

Nothing is told of a case before it is written down as read (rule 23), and nothing that they would not be shown of it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from uuid import UUID

import msgspec

from api.admission import cases_of, sight_of, standing_of
from api.auth import Bearer
from api.reads import Reading, log
from domain.authorization import may, usual
from domain.case import Case
from domain.client import Client
from domain.corrections import hidden
from domain.decider import CLIENT_SIDE, STAFF, Action, Actor, Role, State
from domain.ledger.application import Cases
from domain.ledger.mapper import HistoryDamaged, TopicUnknown, codecs
from domain.objections import ObjectionRaised, ObjectionWithdrawn
from domain.requests import ExperienceReported, RequestMade
from domain.sealing import Log
from domain.withholding import kept_from
from projections.walled import ACCESS, SETTINGS, STANDS

MOST = 500
"""How many events are looked at for a page."""

_ALL = range(sys.maxsize)
"""Every entry of a case."""


@dataclass(frozen=True)
class Page:
    """A page of the feed as it is sent, the epoch, and the position up to which was looked."""

    epoch: int
    position: int
    content: bytes


@dataclass(frozen=True)
class Follower:
    """Who follows the feed: all that they may read or, of it, one `case`."""

    who: Bearer
    case: UUID | None = None


def page_after(cases: Cases, follower: Follower, position: int) -> Page:
    """Return the page after a position, written down as read.

    Raises `ReadNotLogged`, and what the database raises while it is gone.
    """
    who = follower.who
    epoch, last, found = _found(cases, follower, position)
    untold = cache(partial(_untold, cases, who))
    rows = [row for row in found if not (_may_be_untold(who, row) and row[2] in untold(UUID(row[1])))]
    shown = frozenset(UUID(stream) for _, stream, _, topic, _ in rows if topic in _of(Case))
    if shown:
        log(cases.pool, Reading(who.actor, "FollowFeed", shown, usual(who.actor.role), grant=who.grant))
    return Page(epoch, last, b"".join(_event(epoch, row) for row in rows) + _onward(follower, epoch, last, rows))


def _found(cases: Cases, follower: Follower, position: int) -> tuple[int, int, list[Any]]:
    """Return the epoch, the last position that was looked at, and the events up to it that somebody may read."""
    who = follower.who
    values = {
        **dict.fromkeys(SETTINGS), **sight_of(who, _own(cases, follower)), "position": position, "most": MOST,
        "case": follower.case, "all": who.actor.role == Role.SYSTEM, "of_cases": list(_of(Case)),
        "directory": [] if who.actor.role in CLIENT_SIDE else [it for it in codecs() if it in _of_directory(who.actor)],
    }  # fmt: skip
    statement = _PAGE_OF_CASE if follower.case else _PAGE
    with cases.pool.connection() as connection:
        epoch, last, found = connection.execute(statement, values, prepare=True).fetchone() or (0, None, None)
    return epoch, last or position, msgspec.json.decode(found) if found else []


def _own(cases: Cases, follower: Follower) -> frozenset[UUID]:
    """Return the cases that may be a client's own: whether they are is asked of each before anything is told of it."""
    if follower.who.actor.role not in CLIENT_SIDE:
        return frozenset()
    if follower.case is not None:
        return frozenset({follower.case})
    return cases_of(cases, UUID(follower.who.actor.id)) if follower.who.actor.role == Role.CLIENT else frozenset()


def _may_be_untold(who: Bearer, row: Sequence[Any]) -> bool:
    """Say whether an event may be one of which somebody is not told, though they may read of its case."""
    return who.actor.role in CLIENT_SIDE or (who.actor.role in STAFF and row[3] in _PAST_SOMEBODY)


def _untold(cases: Cases, who: Bearer, case: UUID) -> Collection[int]:
    """Return the entries of a case of which somebody is not told.

    Staff are not told what goes past a worker, or waits for the case's end; nor are clients, and who acts for them,
    what is withheld from them, or is another person's.
    """
    try:
        state = cases.loaded(case, Case).state
        if not isinstance(state, Case):
            return _ALL
        if who.actor.role in STAFF:
            return kept_from(who.actor, state)
        if not may(Action.READ, who.actor.role, standing_of(cases, who, case).relations):
            return _ALL
        whole = (version for version, it in kept_from(who.actor, state).items() if not it.words_alone)
        return hidden(cases.history(case)).union(whole)
    except (HistoryDamaged, TopicUnknown):  # nobody can tell whom anything in it goes past
        return _ALL


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


def _onward(follower: Follower, epoch: int, last: int, rows: Sequence[Sequence[Any]]) -> bytes:
    """Return what moves the cursor over what is not told, and is no event; one case is found again without it."""
    if follower.case is not None or (rows and rows[-1][0] == last):
        return b""
    return b"id: %d.%d\n\n" % (epoch, last)


@cache
def _of(kind: type[State]) -> frozenset[str]:
    """Return the topics of a kind of stream."""
    return frozenset(topic for topic, it in codecs().items() if it.event.state is kind)


def _of_directory(actor: Actor) -> frozenset[str]:
    """Return the topics that tell of no client, as far as they are for somebody of this role."""
    beyond = frozenset() if actor.role in {Role.ADMINISTRATOR, Role.SYSTEM} else _of(Log)
    return frozenset(codecs()) - _of(Case) - _of(Client) - beyond


_PAST_SOMEBODY = frozenset(it.topic for it in (ObjectionRaised, ObjectionWithdrawn, RequestMade, ExperienceReported))
"""What may go past a worker, or wait for the case's end."""

_SELECT = """
    WITH upto AS (
        SELECT max(size) AS position FROM checkpoints WHERE log = 'events' AND epoch = (SELECT epoch FROM log_state)
    ), page AS (
        SELECT position, stream, version FROM sequence
        WHERE position > %(position)s AND position <= (SELECT position FROM upto) {of_case}
        ORDER BY position LIMIT %(most)s
    )
    SELECT epoch, (
        SELECT CASE WHEN count(*) < %(most)s THEN (SELECT position FROM upto) ELSE max(position) END FROM page
    ), (
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
_PAGE = _SELECT.format(access=ACCESS, stands=STANDS, of_case="").encode()
_PAGE_OF_CASE = _SELECT.format(access=ACCESS, stands=STANDS, of_case="AND stream = %(case)s").encode()
