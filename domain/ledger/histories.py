"""What this process remembers of streams' events, so that reading a long one again decodes only what is new.

Bytes that are written never change, and their words are not in them: so what they decode to stands for as long as the
ledger has the hash that the remembered events end with. Whoever remembers asks it for that each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.decider import Recorded
from domain.ledger.recorder import NO_HASH


@dataclass(frozen=True)
class Decoded:
    """A stream's events by version, their words sealed, and the hash of the last."""

    stream: UUID
    events: tuple[Recorded, ...] = ()
    head: bytes = NO_HASH

    @property
    def version(self) -> int:
        """The last event's version, 0 where there is none."""
        return len(self.events)

    def on(self, events: Sequence[Recorded], head: bytes) -> Decoded:
        """Return the stream after these events too."""
        return Decoded(self.stream, (*self.events, *events), head)

    def upto(self, version: int | None) -> list[Recorded]:
        """Return the events up to a version, anew: what somebody reckons by them is theirs, and goes with them."""
        return [Recorded(it.stream, it.event, it.context) for it in self.events[:version]]


class Histories:
    """A memory of streams' events, the least used forgotten first. Safe between threads.

    `size` is how many events are remembered at most, of all streams together: about 2 KiB each.
    """

    def __init__(self, size: int = 20_000) -> None:
        self._streams: OrderedDict[UUID, Decoded] = OrderedDict()
        self._size = size
        self._count = 0
        self._lock = threading.Lock()

    def get(self, stream: UUID) -> Decoded:
        """Return what is remembered of a stream: nothing has no events."""
        with self._lock:
            if stream in self._streams:
                self._streams.move_to_end(stream)
            return self._streams.get(stream) or Decoded(stream)

    def put(self, it: Decoded) -> None:
        """Remember a stream, unless it has no events."""
        with self._lock:
            self._drop(it.stream)
            if it.version:
                self._streams[it.stream] = it
                self._count += it.version
            while self._count > self._size:
                self._drop(next(iter(self._streams)))

    def forget(self, stream: UUID) -> None:
        """Forget a stream, so that it is read anew."""
        with self._lock:
            self._drop(stream)

    def _drop(self, stream: UUID) -> None:
        known = self._streams.pop(stream, None)
        self._count -= known.version if known else 0
