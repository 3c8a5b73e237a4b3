"""Where each case stands: one row a case, by which cases are found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.case import Case
from domain.closure import CaseClosed
from domain.decider import Recorded, Value
from domain.history import after, beginning
from domain.intake import CaseOpened, NextStepPromised
from domain.ledger.readtable import Index
from domain.remembered import Ground, Holder, OwnerKind
from domain.reopening import CaseReopened
from projections.projection import Projection, but


@dataclass(frozen=True)
class Standing:
    """A case as it stands: who owns it and who answers for it, what waits, what is promised, whether it is open.

    `owner` is None while the client owns it. `responsible` answers for it, and of a closed case is the last who did.
    `offered_to` is to whom it is offered or transferred, and `respond_by` until when an offer waits. `name_by` is when
    a unit that holds it has to have named a worker. `due` is when the promised next step is due, None where none is
    promised; `version` is the last event that changed any of this. `open_objections` and `open_requests` wait for an
    answer, the oldest since `waits_since`.
    """

    case: UUID
    status: Literal["open", "closed"]
    owned_by: OwnerKind
    owner: Holder | None
    responsible: Holder
    duty_holder: str
    first_contact_at: datetime
    opened_at: datetime
    held_since: datetime
    version: int
    offered_to: Holder | None = None
    respond_by: datetime | None = None
    name_by: datetime | None = None
    due: datetime | None = None
    closing: bool = False
    open_objections: int = 0
    open_requests: int = 0
    waits_since: datetime | None = None
    closed_at: datetime | None = None
    ground: Ground | None = None


_BESIDE = (NextStepPromised, CaseClosed, CaseOpened, CaseReopened)
"""What changes the row beside the case as decisions remember it."""


class Stands(Value):
    """A case as decisions remember it, with what they need not remember, and the row that it comes to."""

    case: Case = beginning(Case)
    due: datetime | None = None
    ground: Ground | None = None
    rows: tuple[Standing, ...] = ()


def standing(stands: Stands, it: Recorded) -> Stands:
    """Let the case go on; the row is another one only where it changes."""
    match it.event:
        case NextStepPromised(by=due):
            stands = stands.but(due=due)
        case CaseClosed(ground=ground):
            stands = stands.but(due=None, ground=ground)
        case CaseOpened() | CaseReopened():
            stands = stands.but(due=None, ground=None)
    case = after(stands.case, it)
    if case is stands.case and not isinstance(it.event, _BESIDE):
        return stands
    stands = stands.but(case=case)
    row = row_of(stands, it)
    if row is None or (stands.rows and but(row, version=stands.rows[0].version) == stands.rows[0]):
        return stands
    return stands.but(rows=(row,))


def row_of(stands: Stands, it: Recorded) -> Standing | None:
    """Return the row that a case comes to, None where nothing opened it."""
    case = stands.case
    if case.status == "unopened" or case.responsible is None or case.began is None:
        return None
    is_open = case.status == "open"
    objections = [waits.since for waits in case.objections.now().values() if waits]
    requests = [waits.since for waits in case.requests.now().values() if waits]
    return Standing(
        case=it.stream, status="open" if is_open else "closed", owned_by=case.owned_by,
        owner={"client": None, "chosen": case.chosen, "responsible": case.responsible}[case.owned_by],
        responsible=case.responsible, duty_holder=case.duty_holder or case.responsible.organisation,
        first_contact_at=case.first_contact_at or case.began, opened_at=case.began,
        held_since=case.responsible_since or case.began, version=it.version, offered_to=offered_to(case),
        respond_by=case.pending.respond_by if case.pending else None, name_by=case.name_by if is_open else None,
        due=stands.due, closing=case.closure is not None, open_objections=len(objections), open_requests=len(requests),
        waits_since=min([*objections, *requests], default=None), closed_at=None if is_open else case.closed_at,
        ground=stands.ground,
    )  # fmt: skip


def offered_to(case: Case) -> Holder | None:
    """Return to whom the case is offered or transferred."""
    if case.transfer:
        return Holder(case.transfer.to_organisation, case.transfer.to_unit)
    return case.pending.to if case.pending else None


def rows_of(stands: Stands) -> tuple[Standing, ...]:
    """Return the row of a case that was opened."""
    return stands.rows


_OPEN = "status = 'open'"

STANDING = Projection(
    name="standing", version=1, row=Standing, fold=standing, path="standing", start=Stands(), rows=rows_of,
    indexes=(
        Index(("responsible_organisation", "responsible_unit", "responsible_worker", "case"), where=_OPEN),
        Index(("owner_organisation", "owner_unit", "owner_worker", "case"), where=_OPEN),
        Index(("offered_to_organisation", "offered_to_unit", "offered_to_worker", "case"), where=_OPEN),
        Index(("responsible_organisation", "responsible_unit", "due", "case"), where=_OPEN),
        Index(("responsible_organisation", "responsible_unit", "responsible_worker", "case")),
        Index(("first_contact_at", "case")),
        Index(("opened_at", "case")),
        Index(("held_since", "case")),
        Index(("due", "case")),
    ),
)  # fmt: skip
