"""A case's history as an auditor reads it: what happened, in whose words, and who owned the case after it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from api.reads import Reading, log
from api.rows import kept, opened_words
from domain.authorization import Purpose, Relation
from domain.calendar import HELSINKI
from domain.case import Case
from domain.corrections import EntryMarkedErroneous
from domain.decider import CLIENT_SIDE, STAFF, Actor, Event, Recorded, Role, StreamAbsent, Unacceptable
from domain.history import after, counted, reorders
from domain.ledger.application import Cases
from domain.ledger.mapper import codec_of
from domain.remembered import Holder
from domain.voice import StatementRecorded
from projections.as_of import state_at


class VersionAndClocks(Unacceptable):
    """A version is one moment and the clocks are another. Name the version alone, or the clocks."""


class NoSuchVersion(Unacceptable):
    """There never was such a version of this case. Versions run from 1 to the last."""


@dataclass(frozen=True)
class Moment:
    """The moment of which to tell, and the interval within it; None is no limit.

    `known_at` and `happened_by` are inclusive, and so is `since`; `until` is the first moment after the interval.
    """

    version: int | None = None
    known_at: datetime | None = None
    happened_by: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def by_clocks(self) -> bool:
        """Whether it is told by the clocks: what counted, in the order in which it counted."""
        return self.known_at is not None or self.happened_by is not None

    @property
    def as_asked(self) -> dict[str, str]:
        """The moment and the interval by the names under which the service is asked for them."""
        asked = {
            "version": self.version, "known_at": self.known_at, "happened_by": self.happened_by, "from": self.since,
            "to": self.until,
        }  # fmt: skip
        return {
            name: it.isoformat() if isinstance(it, datetime) else str(it)
            for name, it in asked.items()
            if it is not None
        }

    def within(self, it: Recorded) -> bool:
        """Say whether an event happened in the interval."""
        at = it.context.occurred
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True)
class Entry:
    """An event, its words opened, and the case as it was after it. `erroneous` says that it was marked so."""

    it: Recorded
    event: Event[Any]
    after: Case
    erroneous: bool


def replayed(cases: Cases, case: UUID, at: Moment) -> list[Entry]:
    """Return what happened in a case, as it stood at a moment.

    By version; by the clocks, what counted then and in the order in which it counted. Raises `StreamAbsent`,
    `NoSuchVersion` and `VersionAndClocks`.
    """
    if at.by_clocks and at.version is not None:
        raise VersionAndClocks(version=at.version)
    history = cases.history(case) if cases.client_of(case) else []
    if not history:
        raise StreamAbsent
    if at.version is not None and not 1 <= at.version <= len(history):
        raise NoSuchVersion(version=at.version, last=len(history))
    history = history[: at.version]
    marked = {it.event.version for it in history if isinstance(it.event, EntryMarkedErroneous)}
    told = counted(history, at.known_at, at.happened_by) if at.by_clocks else history
    states = _following(told) if at.by_clocks else _as_it_grew(history)
    shown = [(it, after) for it, after in zip(told, states, strict=True) if at.within(it)]
    by = reader()
    log(
        cases.pool,
        Reading(by, "Replay", frozenset({case}), Purpose.AUDIT, "command-line", Relation.GRANTED, as_of=at.as_asked),
    )
    texts = opened_words(cases, case, by, [it for it, _ in shown], kept(cases, case, by))
    return [
        Entry(it, event, after, it.version in marked) for (it, after), event in zip(shown, texts, strict=True)
    ]  # fmt: skip


def _following(history: Sequence[Recorded]) -> Iterator[Case]:
    """Yield the case after each event, in the order given."""
    case = Case()
    for it in history:
        case = after(case, it)
        yield case


def _as_it_grew(history: Sequence[Recorded]) -> Iterator[Case]:
    """Yield the case after each version: all that was there by then, in the order in which it counted."""
    first = next((place for place, it in enumerate(history) if reorders(it)), len(history))
    yield from _following(history[:first])
    for it in history[first:]:
        yield state_at(history, version=it.version)


def reader() -> Actor:
    """Return who replays a case at the command line: they read as an auditor does, by the name that they have there."""
    try:
        return Actor(pwd.getpwuid(os.getuid()).pw_name, Role.AUDITOR)
    except KeyError:  # in a container a user may have a number alone
        return Actor(str(os.getuid()), Role.AUDITOR)


# How it is told


def as_json(entry: Entry) -> dict[str, Any]:
    """Return an entry for programs."""
    it, after = entry.it, entry.after
    context = {name: value for name, value in vars(it.context).items() if name not in {"facts", "version"}}
    return {
        "version": it.version, "topic": it.event.topic, "event": dict(vars(entry.event)), "context": context,
        "erroneous": entry.erroneous, "status": after.status, "owned_by": after.owned_by,
        "owner": owner(after), "responsible": after.responsible,
    }  # fmt: skip


def owner(case: Case) -> Holder | None:
    """Return who drives the case, None for the client, and where it is not open."""
    if case.status != "open" or case.owned_by == "client":
        return None
    return case.chosen if case.owned_by == "chosen" else case.responsible


def owner_told(case: Case) -> str:
    """Return who owns the case and who answers for it."""
    if case.status != "open" or case.responsible is None:
        return "nobody: not open"
    if case.owned_by == "responsible":
        return holder_told(case.responsible)
    named = "the client" if case.owned_by == "client" or case.chosen is None else holder_told(case.chosen)
    return f"{named}; {holder_told(case.responsible)} answers for it"


def who_told(actor: Actor) -> str:
    """Return who acted."""
    at = [part for part in (actor.organisation, actor.unit) if part]
    known = actor.id if actor.id == actor.role else f"{actor.id}, {actor.role}"
    return ", ".join([known, "/".join(at)] if at else [known])


def holder_told(holder: Holder) -> str:
    """Return a holder in one line."""
    at = f"{holder.organisation}/{holder.unit}"
    return f"{holder.worker}, {at}" if holder.worker else at


def what_told(entry: Entry) -> str:
    """Return what happened, with its facts, and what is to be known of how it was entered."""
    facts = [f"{name.replace('_', ' ')} {told}" for name, told in _facts(entry.event)]
    context = entry.it.context
    marks = {"reported": context.reported, "late": context.late, "imported": bool(context.imported)}
    notes = [name for name, holds in (marks | {"marked erroneous": entry.erroneous}).items() if holds]
    said = entry.it.event.topic.replace("-", " ") + (f": {', '.join(facts)}" if facts else "")
    return said + (f" ({', '.join(notes)})" if notes else "")


def words_told(entry: Entry) -> str:
    """Return the words of an entry, and whose they are where that is known."""
    fields = codec_of(type(entry.event)).words - {"client"}
    said = "\n".join(text for name in sorted(fields) if (text := getattr(entry.event, name)))
    whose = _speaker(entry)
    return f"{whose}: {said}" if said and whose else said


def _speaker(entry: Entry) -> str | None:
    """Return whose words an entry's are: not known of what staff enter as `words`, which may be the client's."""
    role = entry.it.context.actor.role
    if isinstance(entry.event, StatementRecorded):
        return entry.event.speaker.replace("_", " ")
    told_by_staff = role in STAFF and "words" not in codec_of(type(entry.event)).words
    return role if told_by_staff or role in CLIENT_SIDE else None


def time_told(moment: datetime) -> str:
    """Return a time as it was in Finland."""
    return f"{moment.astimezone(HELSINKI):%Y-%m-%d %H:%M}"


def _facts(event: Event[Any]) -> Iterator[tuple[str, str]]:
    """Yield what stands in an event beside its words: not the ids, which tell a reader nothing."""
    words = codec_of(type(event)).words
    for name, value in vars(event).items():
        if name in words or name == "policy" or value in (None, False, "", ()):
            continue
        if isinstance(value, Holder):
            yield name, holder_told(value)
        elif isinstance(value, datetime):
            yield name, time_told(value)
        elif isinstance(value, tuple):
            yield name, "/".join(map(str, value))
        elif isinstance(value, (str, int, Enum)):
            yield name, "yes" if value is True else str(value)
