"""How organisations, units and workers are reached, as the directory has it now: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.decider import Recorded
from domain.directory import Organisation, OrganisationRegistered, Unit, Worker
from domain.ledger.readtable import Index
from domain.reaching import Hours, SwitchboardSet, UnitContactSet, WorkerContactSet
from projections.projection import Projection, Row, but


@dataclass(frozen=True)
class OrganisationReach:
    """An organisation: what it is called, and the telephone number of its switchboard, None where it has none."""

    organisation_stream: UUID
    organisation: str
    name: str
    telephone: str | None = None
    set_at: datetime | None = None


@dataclass(frozen=True)
class UnitReach:
    """How a unit is reached: by telephone, in these hours; electronically; and where one goes. None is not at all."""

    unit_stream: UUID
    telephone: str | None
    hours: tuple[Hours, ...]
    electronic: str | None
    visiting: str | None
    set_at: datetime


@dataclass(frozen=True)
class WorkerReach:
    """The name by which clients know a worker, and the worker's telephone number at work, if there is one."""

    stream: UUID
    name: str
    telephone: str | None
    set_at: datetime


Organisations = tuple[OrganisationReach, ...]
Units = tuple[UnitReach, ...]
Workers = tuple[WorkerReach, ...]


def organisations(rows: Organisations, it: Recorded) -> Organisations:
    """Begin the row with the organisation, and let what is set last stand in it."""
    match it.event:
        case OrganisationRegistered(organisation=organisation, name=name) if not rows:
            return (OrganisationReach(it.stream, organisation, name),)
        case SwitchboardSet(telephone=telephone) if rows:
            return _kept(rows, but(rows[0], telephone=telephone, set_at=it.context.occurred))
    return rows


def units(rows: Units, it: Recorded) -> Units:
    """Let what is set last stand."""
    match it.event:
        case UnitContactSet(telephone=telephone, hours=hours, electronic=electronic, visiting=visiting):
            return _kept(rows, UnitReach(it.stream, telephone, hours, electronic, visiting, it.context.occurred))
    return rows


def workers(rows: Workers, it: Recorded) -> Workers:
    """Let what is set last stand."""
    match it.event:
        case WorkerContactSet(name=name, telephone=telephone):
            return _kept(rows, WorkerReach(it.stream, name, telephone, it.context.occurred))
    return rows


def _kept(rows: tuple[Row, ...], now: Row) -> tuple[Row, ...]:
    """Return the one row that there is now: the very same where nothing is new."""
    return rows if rows == (now,) else (now,)


ORGANISATIONS = Projection(
    name="organisations", version=1, row=OrganisationReach, fold=organisations, of=Organisation,
    indexes=(Index(("organisation",)),),
)  # fmt: skip
UNIT_REACH = Projection(name="unit_reach", version=1, row=UnitReach, fold=units, of=Unit)
WORKER_REACH = Projection(name="worker_reach", version=1, row=WorkerReach, fold=workers, of=Worker)
