"""What ends for a client by time alone: mandates of representatives, and the protection of the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.client import Client, RepresentativeEnded, RepresentativeNamed
from domain.decider import Recorded
from domain.erasure import ClientDataErased
from domain.ledger.readtable import Index
from domain.protection import AddressProtected, AddressProtectionLifted
from projections.projection import Projection, but


@dataclass(frozen=True)
class ClientTerm:
    """A mandate, or a protection of the address, that ends at `due`; `settled` is when it was ended, None while not.

    `id` is whose mandate it is. One without an end has no row.
    """

    client: UUID
    kind: Literal["mandate", "protection"]
    version: int
    due: datetime
    id: UUID | None = None
    settled: datetime | None = None


Terms = tuple[ClientTerm, ...]


def client_terms(rows: Terms, it: Recorded) -> Terms:
    """Add a row for what has an end; a new mandate or protection takes the place of the one before."""
    match it.event:
        case RepresentativeNamed(representative=which, until=until):
            return begun(settled(rows, it, "mandate", which), it, "mandate", until, which)
        case RepresentativeEnded(representative=which):
            return settled(rows, it, "mandate", which)
        case AddressProtected(until=until):
            return begun(settled(rows, it, "protection"), it, "protection", until)
        case AddressProtectionLifted():
            return settled(rows, it, "protection")
        case ClientDataErased():  # nothing is added to the client's stream any more
            return all_settled(rows, it)
    return rows


def begun(
    rows: Terms, it: Recorded, kind: Literal["mandate", "protection"], due: datetime | None, which: UUID | None = None
) -> Terms:
    """Return the rows with one that runs, where it has an end."""
    return rows if due is None else (*rows, ClientTerm(it.stream, kind, it.version, due, which))


def settled(rows: Terms, it: Recorded, kind: str, which: UUID | None = None) -> Terms:
    """Return the rows with those of this kind that still run settled."""
    at = it.context.occurred
    now = tuple(but(row, settled=at) if (row.kind, row.id, row.settled) == (kind, which, None) else row for row in rows)
    return rows if now == rows else now


def all_settled(rows: Terms, it: Recorded) -> Terms:
    """Return the rows with all that still run settled."""
    for row in rows:
        rows = settled(rows, it, row.kind, row.id)
    return rows


CLIENT_TERMS = Projection(
    name="client_terms", version=1, row=ClientTerm, fold=client_terms, key=("version",), of=Client,
    indexes=(Index(("due",), where="settled IS NULL"),),
)  # fmt: skip
