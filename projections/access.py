"""Who has a part in a case: a row for each organisation and what it is to the case, by which lists are walled off.

The same as `domain.authorization` tells of one case, for those who may read because of their organisation. Behind these
rows stands the row-level security of the read tables, which shows a reader nothing without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.authorization import MATTERS, MAY, Share, shares
from domain.case import Case
from domain.decider import STAFF, Action, Recorded, Value
from domain.history import after, beginning
from domain.ledger.readtable import Index
from projections.projection import Projection, but

EVERYBODY = ""
"""Stands for all who work in the organisation, in the place of one worker."""

_READING = frozenset().union(*(MAY[Action.READ][role] for role in STAFF))


@dataclass(frozen=True)
class Access:
    """That an organisation may read a case, or one `worker` of it, by what it is to the case (`relation`).

    It ends by itself `until`, and is `over` once it ended by an event; of what changed after the version `upto` it
    shows nothing. None is no limit. `opened_at` and `closed_at` are the case's, `version` the last event that changed
    any of this.
    """

    case: UUID
    organisation: str
    relation: str
    worker: str
    version: int
    over: bool
    until: datetime | None = None
    upto: int | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None


class Parts(Value):
    """A case as decisions remember it, and the rows that it comes to."""

    case: Case = beginning(Case)
    rows: tuple[Access, ...] = ()


def access(parts: Parts, it: Recorded) -> Parts:
    """Let the case go on; a row is another one only where it changes."""
    case = after(parts.case, it)
    if case is parts.case:
        return parts
    if all(getattr(case, name) is getattr(parts.case, name) for name in MATTERS):
        return parts.but(case=case)
    known = {_key(row): row for row in parts.rows}
    now = {_key(row): row for row in _rows(case, it)}
    ended = {key: row if row.over else but(row, over=True, version=it.version) for key, row in known.items()}
    rows = tuple(_same(known.get(key), row) for key, row in (ended | now).items())
    return Parts(case, parts.rows if rows == parts.rows else rows)


def _rows(case: Case, it: Recorded) -> Iterable[Access]:
    """Return a row for each part that lets somebody read: where there are several of a kind, the one that lasts."""
    longest: dict[tuple[str, str, str], Share] = {}
    for share in shares(case):
        key = (share.organisation, share.relation, share.worker or EVERYBODY)
        if share.relation in _READING and _outlasts(share, longest.get(key)):
            longest[key] = share
    for (organisation, relation, worker), share in longest.items():
        yield Access(
            it.stream, organisation, str(relation), worker, it.version, over=False, until=share.until, upto=share.upto,
            opened_at=case.began, closed_at=case.closed_at,
        )  # fmt: skip


def _outlasts(share: Share, other: Share | None) -> bool:
    if other is None or share.until is None:
        return True
    return other.until is not None and share.until > other.until


def _same(known: Access | None, row: Access) -> Access:
    """Return the row that is there already, where nothing but its version would change."""
    return known if known is not None and but(row, version=known.version) == known else row


def _key(row: Access) -> tuple[str, str, str]:
    return row.organisation, row.relation, row.worker


def rows_of(parts: Parts) -> tuple[Access, ...]:
    """Return the rows."""
    return parts.rows


ACCESS_ROWS = Projection(
    name="access", version=1, row=Access, fold=access, key=("organisation", "relation", "worker"), start=Parts(),
    rows=rows_of, indexes=(
        Index(("organisation", "case"), where="NOT over"), Index(("case",), where="relation = 'holds' AND NOT over"),
    ),
)  # fmt: skip
