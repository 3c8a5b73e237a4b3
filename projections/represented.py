"""Who acts for a client, in which matters and until when: one row a representative, by whom they can be looked up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.client import Client, Kind, RepresentativeEnded, RepresentativeNamed, Scope
from domain.decider import Recorded
from domain.erasure import ClientDataErased
from domain.ledger.readtable import Index
from projections.projection import Projection


@dataclass(frozen=True)
class Mandate:
    """That somebody may act for a client in the matters of its `scope`, since when and, but for None, until when."""

    client: UUID
    representative: UUID
    kind: Kind
    scope: tuple[Scope, ...]
    since: datetime
    until: datetime | None = None


Mandates = tuple[Mandate, ...]


def mandates(rows: Mandates, it: Recorded) -> Mandates:
    """Add a row for whoever is named, in the place of the one before; drop that of whoever acts no more."""
    match it.event:
        case RepresentativeNamed(representative=who, kind=kind, scope=scope, until=until):
            named = Mandate(it.stream, who, kind, scope, it.context.occurred, until)
            return rows if named in rows else (*without(rows, who), named)
        case RepresentativeEnded(representative=who):
            return without(rows, who)
        case ClientDataErased():
            return ()
    return rows


def without(rows: Mandates, who: UUID) -> Mandates:
    """Return the rows without that of this representative."""
    left = tuple(row for row in rows if row.representative != who)
    return left if len(left) < len(rows) else rows


REPRESENTED = Projection(
    name="represented", version=1, row=Mandate, fold=mandates, key=("representative",), of=Client,
    indexes=(Index(("representative",)),),
)  # fmt: skip
