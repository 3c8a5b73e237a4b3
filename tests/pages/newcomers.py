"""Somebody new in the town, with nothing on their desk: what others do in the same service is not in their lists."""

from __future__ import annotations

from uuid import uuid4

from domain.decider import Actor, Role
from domain.directory import JoinUnit, OpenUnit, unit_stream, worker_stream
from tests.town import ADMINISTRATOR, AINO, Town


def newcomer(town: Town, of: Actor = AINO, role: Role = Role.WORKER, beside: Actor | None = None) -> Actor:
    """Have somebody join a new unit of somebody's organisation, or the unit of whoever they are beside."""
    organisation = of.organisation or ""
    unit = (beside.unit if beside else None) or f"yksikko-{uuid4().hex[:8]}"
    it = Actor(f"uusi-{uuid4().hex[:8]}", role, organisation, unit)
    town.do(OpenUnit(organisation, unit, "Uusi yksikkö"), unit_stream(organisation, unit), ADMINISTRATOR)
    town.do(JoinUnit(organisation, unit, it.id), worker_stream(organisation, it.id), ADMINISTRATOR)
    return it
