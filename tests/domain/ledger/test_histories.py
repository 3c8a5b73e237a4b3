"""What is remembered of histories: nobody can tell it from what is stored, and it is only so much."""

from __future__ import annotations

from uuid import UUID, uuid4

from domain.case import Case
from domain.decider import Recorded
from domain.history import beginning, fold
from domain.ledger.application import Cases
from domain.ledger.histories import Decoded, Histories
from tests.domain.ledger.conftest import stored
from tests.town import Town


def as_stored(cases: Cases, stream: UUID) -> list[Recorded]:
    """Return a history as nobody remembers it."""
    return [cases.mapper.to_domain_event(it) for it in stored(cases.region, stream)]  # type: ignore[misc]


def of(town: Town, events: int) -> Decoded:
    """Return a history of so many events, of a stream of its own."""
    case = town.case()
    for _ in range(events - 1):
        town.say(case)
    history = town.cases.history(case)
    return Decoded(case, tuple(history), stored(town.cases.region, case)[-1].hash)


def test_what_was_read_before_is_decoded_once_and_what_is_new_is_read_on(town: Town) -> None:
    case = town.case()
    before = town.cases.history(case)
    town.say(case)
    after = town.cases.history(case)
    assert [it.event for it in after[:1]] == [before[0].event]
    assert after[0].event is before[0].event
    assert after == as_stored(town.cases, case)


def test_a_history_ends_where_it_is_asked_to(town: Town) -> None:
    case = town.case()
    town.say(case)
    town.say(case)
    whole = as_stored(town.cases, case)
    assert town.cases.history(case, 2) == whole[:2]
    assert town.cases.history(case) == whole
    assert town.cases.history(case, 1) == whole[:1]
    assert town.cases.history(case, 0) == []
    assert town.cases.history(case, 9) == whole


def test_a_stream_that_is_not_there_has_no_history(town: Town) -> None:
    case = uuid4()
    assert town.cases.history(case) == []
    assert town.cases.histories.get(case) == Decoded(case)


def test_what_another_process_writes_is_there_at_once(town: Town, elsewhere: Town) -> None:
    case = town.case()
    town.cases.history(case)
    elsewhere.say(case)
    assert town.cases.history(case) == as_stored(town.cases, case)


def test_what_one_reader_reckons_is_not_kept_for_the_next(town: Town) -> None:
    case = town.case()
    mine = town.cases.history(case)
    fold(beginning(Case), mine)
    assert "_after" in vars(mine[0])
    assert "_after" not in vars(town.cases.history(case)[0])


def test_of_what_is_remembered_the_least_used_goes_first(town: Town) -> None:
    one, two, three = (of(town, 3) for _ in range(3))
    remembered = Histories(size=6)
    remembered.put(one)
    remembered.put(two)
    assert remembered.get(one.stream) is one
    remembered.put(three)
    assert remembered.get(two.stream).events == ()
    assert (remembered.get(one.stream), remembered.get(three.stream)) == (one, three)
