"""A stream's events in the order in which they count, on two clocks.

`recorded` is when the ledger wrote an event, `occurred` when it happened. Events count in the order of their effective
time: `occurred` for one that was entered late, else the running maximum of `occurred` (so that an import keeps its
file's order). Entries marked erroneous don't count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from domain.corrections import EntryMarkedErroneous
from domain.decider import Recorded, State

S = TypeVar("S", bound=State)


def fold(state: S, history: Iterable[Recorded]) -> S:
    """Return the state after these events, which are in the order in which they count."""
    for it in history:
        state = it.event.evolve(state, it.context)
    return state


def counted(
    history: Sequence[Recorded], known_at: datetime | None = None, happened_by: datetime | None = None
) -> list[Recorded]:
    """Return what was known at one moment of what had happened by another, in the order in which it counts.

    `history` is a stream, or a beginning of one, by version. Both moments are inclusive; None is now.
    """
    known = [it for it in history if known_at is None or it.context.recorded <= known_at]
    marked = {it.event.version for it in known if isinstance(it.event, EntryMarkedErroneous)}
    timed = [(when, it) for when, it in effective(known) if it.version not in marked]
    if happened_by is not None:
        timed = [(when, it) for when, it in timed if when <= happened_by]
    return [it for _, it in sorted(timed, key=lambda pair: (pair[0], pair[1].version))]


def effective(history: Iterable[Recorded]) -> Iterator[tuple[datetime, Recorded]]:
    """Yield each event of a stream, by version, with the time at which it counts."""
    latest: datetime | None = None
    for it in history:
        occurred = it.context.occurred
        if it.context.late:
            yield occurred, it
        else:
            latest = occurred if latest is None else max(latest, occurred)
            yield latest, it


def reorders(it: Recorded) -> bool:
    """Say whether this event changes how the ones before it count, so that everything is folded anew."""
    return it.context.late or isinstance(it.event, EntryMarkedErroneous)
