"""A stream's events in the order in which they count, on two clocks.

`recorded` is when the ledger wrote an event, `occurred` when it happened. Events count in the order of their effective
time: `occurred` for one that was entered late, else the running maximum of `occurred` (so that an import keeps its
file's order). Entries marked erroneous don't count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TypeVar

from domain.corrections import EntryMarkedErroneous
from domain.decider import Recorded, State

S = TypeVar("S", bound=State)


def fold(state: S, history: Iterable[Recorded]) -> S:
    """Return the state after these events, which are in the order in which they count."""
    for it in history:
        state = after(state, it)
    return state


def after(state: S, it: Recorded) -> S:
    """Return the state after an event. It is reckoned once, however many folds follow the same stream."""
    before, then = vars(it).get("_after", (None, None))
    if before is not state or then is None:
        then = it.event.evolve(state, it.context)
        vars(it)["_after"] = (state, then)
    return then  # type: ignore[no-any-return]  # what evolve returned for this very state


def beginning(kind: type[S]) -> S:
    """Return the state of a stream of which nothing is recorded: always the same one."""
    return _BEGINNINGS.setdefault(kind, kind())  # type: ignore[return-value]  # each is of its own kind


_BEGINNINGS: dict[type[State], State] = {}


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
    return [it for _, it in sorted(timed, key=itemgetter(0))]  # at the same time, by version still


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
