"""The same folds at another moment."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings

from domain.case import Case
from domain.corrections import MarkErroneous
from domain.voice import RecordStatement
from projections.as_of import rows_at, state_at, within
from projections.owner import OWNER
from projections.projection import every_projection
from projections.voice import VOICE
from tests.projections.histories import (
    AINO,
    BO,
    THE_CLIENT,
    Told,
    handed_over,
    histories,
    hours,
    imported,
    opened,
    version,
    worker,
)
from tests.projections.histories import Row as SourceRow


def told() -> Told:
    """Tell a history: opened at 0, offered at 1, accepted at 2, a statement of hour 1 entered at 9."""
    it = handed_over(opened(AINO), BO, at=1)
    it.by(worker(BO), RecordStatement("haluan kotiin", speaker="client"), hours(9))
    late = it.it[-1]
    it.it[-1] = replace(late, context=replace(late.context, occurred=hours(1), late=True))
    return it


def test_now_is_everything() -> None:
    assert state_at(told().it).responsible == BO
    assert rows_at(OWNER, told().it) == OWNER.over(told().counted)


def test_a_version_is_the_first_so_many_events() -> None:
    assert state_at(told().it, version=1).responsible == AINO
    assert state_at(told().it, version=0) == Case()
    assert [it.until for it in rows_at(OWNER, told().it, version=2)] == [None]


def test_what_had_happened_by_a_moment_counts_what_was_entered_later() -> None:
    assert state_at(told().it, happened_by=hours(1.5)).responsible == AINO
    assert len(rows_at(VOICE, told().it, happened_by=hours(1.5))) == 2  # the statement, and that there was no view


def test_what_was_known_at_a_moment_does_not() -> None:
    assert len(rows_at(VOICE, told().it, known_at=hours(3))) == 1
    assert state_at(told().it, known_at=hours(0.5), happened_by=hours(5)).responsible == AINO


def test_an_error_counts_until_it_is_known_for_one() -> None:
    it = opened(AINO).by(THE_CLIENT, RecordStatement("väärä"), hours(1))
    it.by(THE_CLIENT, MarkErroneous(version(2), "väärä asia"), hours(5))
    assert len(rows_at(VOICE, it.it, known_at=hours(4))) == 1
    assert rows_at(VOICE, it.it) == rows_at(VOICE, it.it, happened_by=hours(2)) == ()


@given(it=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=20)
def test_the_rows_of_then_are_those_that_were_written_then(it: Told) -> None:
    for projection in every_projection():
        memory = projection.start
        for event in it.it:
            memory = projection.fold(memory, event)
            assert projection.rows(memory) == rows_at(projection, it.it, version=event.version)


def held(since: datetime | None, until: datetime | None) -> list[int]:
    it = handed_over(handed_over(opened(AINO), BO, at=1), AINO, at=4)  # owned from 0 to 2, 2 to 5, and on
    return [period.number for period in within(rows_at(OWNER, it.it), since, until)]


def test_an_interval_has_the_periods_that_held_in_it() -> None:
    assert held(None, None) == [1, 2, 3]
    assert held(hours(2), hours(5)) == [2]
    assert held(hours(1), hours(3)) == [1, 2]
    assert held(hours(5), None) == [3]
    assert held(None, hours(2)) == [1]
    assert held(hours(0) - timedelta(days=2), hours(0)) == []


def test_what_began_and_ended_at_one_moment_held_then() -> None:
    it = imported(SourceRow(0, AINO), SourceRow(3, BO))
    periods = rows_at(OWNER, it.it)
    assert [p.number for p in within(periods, hours(0), hours(1))] == [1, 2]  # the intake's, then Aino's
    assert [p.number for p in within(periods, hours(1), hours(2))] == [2]
