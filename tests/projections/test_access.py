"""Who may read a case, by the rows that lists are walled off by: the same as one decision says of one case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.acceptance import AcceptHandoff
from domain.authorization import MAY, Relation, may, standing
from domain.case import Case
from domain.decider import STAFF, Action, Actor, Recorded, Role
from domain.history import counted, fold
from projections.access import ACCESS_ROWS, EVERYBODY, Access
from tests.domain.given import STAFF_OF_ALL
from tests.projections.histories import AINO, BO, OONA, handed_over, histories, hours, offer, opened, pending, worker
from tests.projections.histories import Told as History
from tests.projections.test_lives import lived

briefly = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STRANGER = Actor("ville", Role.WORKER, "1234567-1", "muualla")
AWHILE = timedelta(days=20)


def rows_of(history: Sequence[Recorded]) -> tuple[Access, ...]:
    return ACCESS_ROWS.over(counted(history))


def readers(rows: Iterable[Access], at: datetime) -> set[tuple[str, str, str]]:
    """Return who may read, by these rows: organisation, worker or everybody, and what they are to the case."""
    return {
        (it.organisation, it.worker, it.relation) for it in rows if not it.over and (it.until is None or at < it.until)
    }


def shown_to(who: Actor, rows: Iterable[Access], at: datetime) -> list[int | None]:
    """Return up to which versions somebody is told, by each of the rows that are theirs."""
    theirs = [it for it in rows if it.organisation == who.organisation and it.worker in {EVERYBODY, who.id}]
    return [it.upto for it in theirs if not it.over and (it.until is None or at < it.until)]


def agree(history: Sequence[Recorded], people: Iterable[Actor]) -> None:
    """Check for everybody, now and after a while, that the rows show them what they may read, and no more."""
    rows, case = rows_of(history), fold(Case(), counted(history))
    assert isinstance(case, Case)
    assert {(it.opened_at, it.closed_at) for it in rows if not it.over} <= {(case.began, case.closed_at)}
    for at in (history[-1].context.recorded, history[-1].context.recorded + AWHILE):
        for who in people:
            found, shown = standing(who, case, at, None), shown_to(who, rows, at)
            assert bool(shown) == may(Action.READ, who.role, found.relations), who
            if shown:
                assert found.upto == (None if None in shown else max(it for it in shown if it is not None))


def prefixes(history: Sequence[Recorded]) -> Iterator[Sequence[Recorded]]:
    return (history[:number] for number in range(1, len(history) + 1))


@pytest.mark.rule(7)
@given(seed=st.integers(0, 2**63), steps=st.integers(1, 30))
@briefly
def test_after_every_event_of_a_life_the_rows_let_the_same_people_read_as_the_decision(seed: int, steps: int) -> None:
    for history in prefixes(lived(seed, steps).story.history):
        agree(history, (*STAFF_OF_ALL, STRANGER))


@pytest.mark.rule(7)
@given(told=histories())
@briefly
def test_after_every_event_of_any_history_too(told: History) -> None:
    for history in prefixes(told.it):
        agree(history, (worker(BO), worker(OONA), worker(AINO), STRANGER))


def test_what_a_case_is_walled_off_by_is_what_staff_read_by() -> None:
    relations = set().union(*(MAY[Action.READ][role] for role in STAFF))
    assert relations - {Relation.MANAGES} == {
        Relation.HOLDS, Relation.DRIVES, Relation.OFFERED, Relation.SERVES, Relation.IN_TEAM, Relation.HELD_BEFORE,
        Relation.IN_EMERGENCY,
    }  # fmt: skip
    assert {MAY[Action.READ][role] for role in STAFF} == {MAY[Action.READ][Role.WORKER]}


def test_a_part_that_ended_stays_as_a_row_that_is_over() -> None:
    told = opened().by(worker(AINO), offer(BO), hours(1))
    assert readers(rows_of(told.it), hours(2)) == {("kela", "", "holds"), ("county", "", "offered")}
    told = handed_over(opened(), BO, 1)
    rows = {(it.organisation, it.relation): it for it in rows_of(told.it)}
    assert {name: it.over for name, it in rows.items()} == {
        ("kela", "holds"): True, ("kela", "held_before"): False, ("county", "offered"): True,
        ("county", "holds"): False,
    }  # fmt: skip
    went_on = told.it[-1].version
    assert {it.version for it in rows.values()} == {went_on}
    assert rows["kela", "held_before"].upto == went_on


def test_a_row_changes_only_with_what_it_says() -> None:
    told = opened()
    (before,) = rows_of(told.it)
    told.by(worker(AINO), offer(BO), hours(1))
    (holds, _) = rows_of(told.it)
    assert (holds, holds.version) == (before, 1)
    told.by(worker(BO), AcceptHandoff(pending(told)), hours(2))
    assert {it.version for it in rows_of(told.it)} == {told.it[-1].version}
