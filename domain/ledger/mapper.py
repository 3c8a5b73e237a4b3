"""Events to bytes and back, exactly: explicit topics, payload versions, words apart.

An event is stored as one JSON document, encoded once and never again:

    {"topic": …, "payload": 1, "context": {…}, "words": SHA-256 of the ciphertext or null, "salt": …, "event": {…}}

The salt is random and nobody is told of it who isn't told of the whole event: so it can't be guessed from its hash.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NotRequired, TypedDict, get_args, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

import domain
from domain.decider import ERASED, SEALED, WORDS, Actor, Context, Event, Recorded
from domain.ledger.fault import Fault
from domain.ledger.words import KeyDestroyed, Keyring, entry_key, seal

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""By topic and payload version: what turns that version's fields into the next one's. Pure."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with an offset; without one it is no moment."""

_TAG = b"luotsi-event-1"
_SALT = 16


class TopicUnknown(Fault):
    """The case holds an event that this release can't read. A newer release wrote it: use that one."""


class HistoryDamaged(Fault):
    """A stored event can't be read as what it says it is. Verify the case's history."""


class NotExact(Fault):
    """An event holds a value that would not read back as it is, so it was not stored. Look at the field's type."""


@dataclass(frozen=True)
class Sealed(StoredEvent):
    """A stored event with what stands beside it: its times, its words' ciphertext, and its place in the chain."""

    occurred: datetime
    recorded: datetime
    ciphertext: bytes | None = None
    hash: bytes = b""


class _Circumstances(TypedDict):
    """The context as it is stored."""

    command: UUID
    actor: Actor
    occurred: Moment
    recorded: Moment
    reported: bool
    late: bool
    on_behalf_of: str | None
    causation: UUID | None
    imported: UUID | None


class _Document(msgspec.Struct, kw_only=True):
    topic: str
    payload: int
    context: _Circumstances
    words: str | None
    salt: str | None = None  # events of before there were seals have none
    event: msgspec.Raw


class EventMapper(Mapper[UUID]):
    """The library's mapper, for streams of `Recorded`. A region's name is part of every key and hash."""

    def __init__(self, region: str, keyring: Keyring) -> None:
        super().__init__(JSONTranscoder())  # the base class wants one; nothing here asks it
        self.region = region
        self.keyring = keyring

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> Sealed:
        """Return the event as it is stored, its words sealed under the stream's key."""
        assert isinstance(domain_event, Recorded)  # noqa: S101 - the library's type is wider than the ledger's
        it = domain_event
        codec = codec_of(type(it.event))
        ciphertext = self._sealed(it, codec)
        digest = None if ciphertext is None else hashlib.sha256(ciphertext).hexdigest()
        document = _Document(
            topic=codec.topic, payload=codec.payload, context=_circumstances(it.context), words=digest,
            salt=secrets.token_hex(_SALT), event=msgspec.Raw(codec.encode(it.event)),
        )  # fmt: skip
        state = _ENCODER.encode(document)
        _prove(it, codec, state)
        return Sealed(
            it.stream, it.version, codec.topic, state, it.context.occurred, it.context.recorded, ciphertext
        )  # fmt: skip

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """Return the event, its words sealed. Raises `TopicUnknown` and `HistoryDamaged`."""
        return decoded(stored_event.originator_id, stored_event.originator_version, stored_event.state)  # type: ignore[arg-type]

    def _sealed(self, it: Recorded, codec: Codec) -> bytes | None:
        words = {name: getattr(it.event, name) for name in codec.words}
        if not any(words.values()):
            return None
        key = self.keyring.get(it.stream)
        if key is None:
            raise KeyDestroyed
        return seal(entry_key(key, self.region, it.stream, it.version), words)


def _prove(it: Recorded, codec: Codec, state: bytes) -> None:
    """Make sure that an event reads back exactly, before it is stored for ever. Raises `NotExact`."""
    try:
        back = decoded(it.stream, it.version, state)
    except HistoryDamaged as unreadable:
        raise NotExact(codec.topic) from unreadable
    if not codec.alike(it, back):
        raise NotExact(codec.topic)


def decoded(stream: UUID, version: int, state: bytes) -> Recorded:
    """Return a stored event. Raises `TopicUnknown` and `HistoryDamaged`."""
    try:
        document = _DECODER.decode(state)
        codec = codecs().get(document.topic)
        if codec is None or document.payload > codec.payload:
            raise TopicUnknown(document.topic)
        event = codec.decode(document.event, document.payload, has_words=document.words is not None)
    except (ValueError, LookupError, TypeError, RecursionError) as damaged:  # msgspec's own errors are ValueErrors
        raise HistoryDamaged(str(stream), version) from damaged
    context = object.__new__(Context)  # a frozen dataclass sets its fields one by one, which is most of what it costs
    context.__dict__.update(document.context, version=version, facts=None)
    return Recorded(stream, event, context)


class Codec:
    """One topic's encoding: which fields are words, and the types of the rest."""

    def __init__(self, event: type[Event[Any]]) -> None:
        self.event = event
        self.topic = event.topic
        self.payload = event.payload_version
        hints = get_type_hints(event, include_extras=True)
        self.words = frozenset(it.name for it in fields(event) if WORDS in get_args(hints[it.name]))
        self._defaults = {it.name: it.default for it in fields(event) if it.default is not MISSING}
        kept = {it.name: hints[it.name] for it in fields(event) if it.name not in self.words}
        self.kept = tuple(kept)
        optional = {name: NotRequired[hint] if name in self._defaults else hint for name, hint in kept.items()}
        self._type = TypedDict(event.__name__, optional)  # type: ignore[misc]  # made of the event's own fields
        self._decoder = msgspec.json.Decoder(self._type)
        self._sealed = {**self._defaults, **dict.fromkeys(self.words, SEALED)}
        self._wordless = {**self._defaults, **dict.fromkeys(self.words, "")}

    def encode(self, event: Event[Any]) -> bytes:
        """Return the event's fields, without its words."""
        if not self.words:
            return _ENCODER.encode(event)
        return _ENCODER.encode({name: value for name, value in vars(event).items() if name not in self.words})

    def alike(self, it: Recorded, back: Recorded) -> bool:
        """Say whether an event has been read back exactly, its words apart."""
        return it.context == back.context and all(
            getattr(it.event, name) == getattr(back.event, name) for name in self.kept
        )

    def decode(self, raw: msgspec.Raw, payload: int, *, has_words: bool) -> Event[Any]:
        """Return the event, upcast from an older payload; its words read as sealed, or as empty where it has none."""
        if payload == self.payload:
            values = self._decoder.decode(raw)
        else:
            values = msgspec.convert(self._upcast(msgspec.json.decode(raw), payload), self._type)
        event = object.__new__(self.event)
        event.__dict__.update(self._sealed if has_words else self._wordless)
        event.__dict__.update(values)
        return event

    def _upcast(self, values: dict[str, Any], payload: int) -> dict[str, Any]:
        for version in range(payload, self.payload):
            values = UPCASTERS[self.topic, version](values)
        return values


def opened(event: Event[Any], words: Mapping[str, str] | None) -> Event[Any]:
    """Return the event with its words, or with `ERASED` where they have been destroyed; one without any as it is."""
    sealed = [name for name in codec_of(type(event)).words if getattr(event, name) == SEALED]
    return event.but(**{name: ERASED if words is None else words.get(name, "") for name in sealed})


def chained(region: str, previous: bytes, it: Sealed) -> bytes:
    """Return the event's hash: SHA-256 over each part behind its length, so that no two parts run together."""
    digest = hashlib.sha256()
    stream = it.originator_id
    assert isinstance(stream, UUID)  # noqa: S101 - the library's type is wider than the ledger's
    for part in (_TAG, region.encode(), stream.bytes, it.originator_version.to_bytes(8, "big"), previous, it.state):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


@cache
def codecs() -> dict[str, Codec]:
    """Return the encoding of every topic."""
    found: dict[str, Codec] = {}
    for event in every(Event):
        if event.topic in found and found[event.topic].event is not event:
            raise ValueError(f"two events have the topic {event.topic}")
        found[event.topic] = Codec(event)
    return found


def codec_of(event: type[Event[Any]]) -> Codec:
    """Return the encoding of an event."""
    return codecs()[event.topic]


def every(kind: type[Any]) -> Iterator[type[Any]]:
    """Yield every event or command that the chapters define: a new one is a class in a chapter and nothing else."""
    for module in pkgutil.iter_modules(domain.__path__, "domain."):
        for value in () if module.ispkg else vars(importlib.import_module(module.name)).values():
            own = isinstance(value, type) and value.__module__ == module.name and issubclass(value, kind)
            if own and value is not kind and not inspect.isabstract(value):
                yield value


def _circumstances(c: Context) -> _Circumstances:
    return _Circumstances(
        command=c.command, actor=c.actor, occurred=c.occurred, recorded=c.recorded, reported=c.reported, late=c.late,
        on_behalf_of=c.on_behalf_of, causation=c.causation, imported=c.imported,
    )  # fmt: skip


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Document)
