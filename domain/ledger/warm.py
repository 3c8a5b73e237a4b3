"""What this process remembers of streams: their state and rows as of a version. The ledger stays the judge."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg import Connection

from domain.decider import Recorded, State
from domain.ledger.readtable import ReadTable
from domain.ledger.recorder import NO_HASH, Rows
from domain.remembered import Holder


class ReadModels(Protocol):
    """The projections, as the ledger folds them along with every act. They never stand in its way."""

    @property
    def tables(self) -> Sequence[ReadTable]:
        """The tables that the rows are kept in."""

    def of(self, kind: type[State]) -> ReadModels:
        """Return those of one kind of stream."""

    def nothing(self) -> Any:
        """Return the rows of a stream of which nothing is recorded."""

    def after(self, rows: Any, history: Iterable[Recorded]) -> Any:
        """Return the rows after these events. A fold that raises is remembered in them, and raises nothing here."""

    def changes(self, before: Any, after: Any, *, whole: bool) -> Sequence[Rows]:
        """Return what to write, of what changed or of everything."""

    def caseloads(self, connection: Connection[Any], holders: Collection[Holder]) -> Mapping[Holder, int]:
        """Return how many open cases these workers answer for; one of whom that can't be told is left out."""


class NoReadModels:
    """For streams that nothing is projected from, and for a ledger alone."""

    tables: Sequence[ReadTable] = ()

    def of(self, kind: type[State]) -> ReadModels:
        """Return none of that kind either."""
        return self

    def nothing(self) -> Any:
        """Return no rows."""

    def after(self, rows: Any, history: Iterable[Recorded]) -> Any:
        """Return no rows."""

    def changes(self, before: Any, after: Any, *, whole: bool) -> Sequence[Rows]:
        """Return no changes."""
        return ()

    def caseloads(self, connection: Connection[Any], holders: Collection[Holder]) -> Mapping[Holder, int]:
        """Tell of nobody."""
        return {}


@dataclass(frozen=True)
class Loaded:
    """A stream as of a version: its state, its rows, its last hash, and the clocks that the next event goes on from.

    `rows` is what the read models remember of it, of which they make its rows. `latest` is the running maximum of
    `occurred`, `recorded` the last event's; `client` is whose case it is.
    """

    stream: UUID
    state: State
    rows: Any
    version: int = 0
    head: bytes = NO_HASH
    latest: datetime | None = None
    recorded: datetime | None = None
    client: UUID | None = None

    def moved(self, events: Sequence[Recorded], head: bytes, state: State, rows: Any) -> Loaded:
        """Return the stream after these events, folded already."""
        occurred = [it.context.occurred for it in events if not it.context.late]
        return replace(
            self,
            state=state,
            rows=rows,
            version=events[-1].version,
            head=head,
            latest=max(filter(None, [self.latest, *occurred]), default=None),
            recorded=events[-1].context.recorded,
        )


class Warm:
    """A write-through memory of streams, the least used forgotten first. Safe between threads."""

    def __init__(self, size: int = 20_000) -> None:
        self._streams: OrderedDict[UUID, Loaded] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def get(self, stream: UUID) -> Loaded | None:
        """Return what is remembered of a stream."""
        with self._lock:
            if stream in self._streams:
                self._streams.move_to_end(stream)
            return self._streams.get(stream)

    def put(self, loaded: Loaded) -> None:
        """Remember a stream, unless a later version of it is remembered already."""
        with self._lock:
            known = self._streams.get(loaded.stream)
            if known is None or known.version <= loaded.version:
                self._streams[loaded.stream] = loaded
                self._streams.move_to_end(loaded.stream)
            if len(self._streams) > self._size:
                self._streams.popitem(last=False)

    def forget(self, stream: UUID) -> None:
        """Forget a stream, so that it is read anew."""
        with self._lock:
            self._streams.pop(stream, None)
