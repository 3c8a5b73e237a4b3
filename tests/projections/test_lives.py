"""Whole lives of cases, as they can be read: what is folded along the way is what is folded from the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.case import Case
from domain.client import NameRepresentative, RegisterClient
from domain.decider import Actor, Recorded, Refusal, Role
from domain.directory import (
    JoinUnit,
    OpenUnit,
    RegisterOrganisation,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.history import counted, reorders
from domain.ledger.application import ask
from domain.ledger.database import Region
from domain.ledger.recorder import Rows
from projections.as_of import rows_at
from projections.live import Live
from projections.projection import AnyProjection, every_projection
from projections.rebuild import rebuild, start_over, verify
from tests.domain.given import ANY_CLIENT, CLIENT, STAFF_OF_ALL, mother, the_client
from tests.domain.lives.life import Act, Life, begun, lucky
from tests.town import ADMINISTRATOR, Town, ledger

CASES = [it for it in every_projection() if it.of is Case]
A_HANDFUL = 5
SEEDS = st.integers(0, 2**63)
briefly = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lived(seed: int, steps: int, first_command: int = 0) -> Life:
    """Let a case live. The ids of its commands count from the first."""
    life = begun(lucky(seed), first_command=first_command)
    for _ in range(steps):
        list(life.goes_on())
    return life


def acts_of(life: Life) -> Iterator[list[Recorded]]:
    """Yield what was written together."""
    for _, events in groupby(life.story.history, key=lambda it: it.context.command):
        yield list(events)


@pytest.mark.rule(1)
@given(seed=SEEDS, steps=st.integers(1, 40))
@briefly
def test_what_is_written_along_the_way_is_what_a_fold_from_the_beginning_gives(seed: int, steps: int) -> None:
    live, tables = Live(CASES), {it.name: Table(it) for it in CASES}
    memories, past = live.nothing(), list[Recorded]()
    for events in acts_of(lived(seed, steps)):
        past += events
        whole = any(map(reorders, events))
        after = live.after(live.nothing(), counted(past)) if whole else live.after(memories, events)
        for projection, rows in zip(CASES, live.changes(memories, after, whole=whole), strict=True):
            tables[projection.name].take(rows)
        memories = after
        for projection in CASES:
            tables[projection.name].holds(projection.over(counted(past)))


class Table:
    """A read table, as the ledger keeps it."""

    def __init__(self, projection: AnyProjection) -> None:
        self.projection = projection
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}

    def take(self, rows: Rows) -> None:
        """Write what an act changes."""
        assert not rows.failed, self.projection.name
        if rows.whole:
            self.rows.clear()
        self.rows |= {self.key_of(row): row for row in rows.changed}

    def holds(self, rows: tuple[Any, ...]) -> None:
        """Check that these are the rows, each under a key of its own."""
        records = [self.projection.record(row) for row in rows]
        assert self.rows == {self.key_of(row): row for row in records}, self.projection.name
        assert len(self.rows) == len(records)

    def key_of(self, row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.projection.table.key)


@given(seed=SEEDS, steps=st.integers(1, 40))
@briefly
def test_any_moment_can_be_read_as_it_was_known_at_any_other(seed: int, steps: int) -> None:
    life = lived(seed, steps)
    history, choose = life.story.history, life.luck.choice
    recorded, last = history[-1].context.recorded, max(it.context.occurred for it in history)
    for projection in CASES:
        known_at, happened_by = choose(history).context.recorded, choose(history).context.occurred
        rows_at(projection, history, known_at, happened_by)
        known = [it for it in history if it.context.recorded <= known_at]
        assert rows_at(projection, history, known_at) == projection.over(counted(known))
        assert rows_at(projection, history, recorded, last) == projection.over(counted(history))


def test_rebuilding_lives_that_a_real_ledger_lived_changes_nothing(database: str, tmp_path: Path) -> None:
    region = Region(database, "koe")
    with ledger(region, tmp_path) as cases:
        town = Town(cases)
        settled(town)
        for seed in range(A_HANDFUL):
            life = lived(seed, 40, first_command=seed * 10_000)
            assert relived(town, uuid4(), life.acts) > len(life.acts) / 2
    assert verify(region).differences == []
    with region.connect() as connection:
        start_over(connection, every_projection())
    rebuild(region)
    assert verify(region).differences == []


def settled(town: Town) -> None:
    """Register everybody whom the lives know."""
    for actor in STAFF_OF_ALL:
        organisation, unit = actor.organisation or "", actor.unit or ""
        town.do(RegisterOrganisation(organisation, organisation), organisation_stream(organisation), ADMINISTRATOR)
        town.do(OpenUnit(organisation, unit, unit), unit_stream(organisation, unit), ADMINISTRATOR)
        town.do(JoinUnit(organisation, unit, actor.id), worker_stream(organisation, actor.id), ADMINISTRATOR)
    began = ANY_CLIENT.began
    town.do(RegisterClient("1961", "Tampere"), CLIENT, STAFF_OF_ALL[0], occurred=began)
    town.do(NameRepresentative(UUID(mother.id), "guardian"), CLIENT, STAFF_OF_ALL[0], occurred=began)


def relived(town: Town, case: UUID, acts: list[Act]) -> int:
    """Do the same on the ledger, where the world stays as it is; return how many of the acts it lets happen."""
    happened = 0
    for (command, by, at, _, reported, imported), command_id in acts:
        actor = Actor(str(CLIENT), Role.CLIENT) if by == the_client else by
        try:
            how = {"id": command_id, "occurred": at, "reported": reported, "imported": imported}
            town.cases.execute(ask(command, case, actor, **how))
        except Refusal:
            continue
        happened += 1
    return happened
