"""Whether the client has somebody who stays."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings

from domain.acceptance import AcceptHandoff
from domain.client_ownership import ChooseOwner, TakeOwnership
from domain.closure import CaseClosed
from domain.contacts import AttemptContact, MakeContact
from domain.intake import CaseOpened, InformClient
from domain.meetings import HoldJointMeeting, JointMeetingHeld
from domain.ownership import NameResponsible, ResponsibilityFellToUnit
from domain.reopening import CaseReopened
from domain.requests import AnswerRequest, MakeRequest, RequestAnswered
from projections.continuity import CONTINUITY, Continuity, Ownership, Tenure
from tests.projections.histories import (
    AINO,
    ARVO,
    BO,
    EEVA,
    MONDAY,
    THE_CLIENT,
    Row,
    Told,
    handed_over,
    histories,
    hours,
    imported,
    manager,
    offer,
    opened,
    pending,
    sources,
    version,
    worker,
)


def continuity(told: Told) -> Continuity:
    (row,) = CONTINUITY.over(told.counted)
    return row


def to_unit(told: Told, at: float) -> Told:
    """Let Bo's unit take the case on, with nobody named."""
    told.by(worker(AINO), offer(BO.as_unit), hours(at))
    return told.by(manager(BO), AcceptHandoff(pending(told), for_unit=True), hours(at + 1))


def by_letter() -> Told:
    return opened(AINO, channel="letter", first_contact_at=hours(-48))


def closed_and_reopened(told: Told, closed: float, again: float) -> Told:
    told.just(hours(closed), CaseClosed("goals_met", "service", "circumstances"))
    return told.just(hours(again), CaseReopened("client_returned", hours(again - 2), "shl36", BO.as_unit, ""))


# Who answers, and who owns.


def test_a_worker_who_takes_a_case_up_holds_it_from_the_beginning() -> None:
    row = continuity(opened(AINO))
    assert (row.responsible, row.held_since, row.held) == (AINO, MONDAY, (Tenure(AINO, MONDAY, None),))
    assert row.owners == (Ownership("responsible", AINO, MONDAY, None),)
    assert (row.workers, row.worker_changes, row.units, row.organisations) == (1, 0, 1, 1)
    assert (row.unnamed_seconds, row.unnamed_since, row.first_named_at) == (0, None, MONDAY)


def test_everybody_who_has_held_it_is_told_with_their_time() -> None:
    row = continuity(handed_over(handed_over(opened(AINO), BO, at=1), AINO, at=9))
    assert row.held == (
        Tenure(AINO, MONDAY, hours(2)), Tenure(BO, hours(2), hours(10)), Tenure(AINO, hours(10), None),
    )  # fmt: skip
    assert (row.workers, row.worker_changes, row.units, row.organisations) == (2, 2, 2, 2)
    assert (row.responsible, row.held_since) == (AINO, hours(10))


def test_a_tenure_goes_on_while_the_owner_changes() -> None:
    told = opened(AINO).by(THE_CLIENT, TakeOwnership(), hours(1)).by(THE_CLIENT, ChooseOwner(EEVA), hours(2))
    row = continuity(told)
    assert row.held == (Tenure(AINO, MONDAY, None),)
    assert [(it.owned_by, it.owner, it.since, it.until) for it in row.owners] == [
        ("responsible", AINO, MONDAY, hours(1)), ("client", None, hours(1), hours(2)), ("chosen", EEVA, hours(2), None),
    ]  # fmt: skip


def test_a_colleague_who_is_named_is_a_change_of_worker_within_the_unit() -> None:
    row = continuity(opened(AINO).by(manager(AINO), NameResponsible(ARVO), hours(1)))
    assert (row.workers, row.worker_changes, row.units) == (2, 1, 1)


# Without a named worker.


def test_while_a_unit_holds_it_nobody_is_named() -> None:
    told = to_unit(opened(AINO), at=1)
    row = continuity(told)
    assert (row.unnamed_since, row.unnamed_seconds, row.worker_changes) == (hours(2), 0, 0)
    row = continuity(told.by(manager(BO), NameResponsible(BO), hours(26)))
    assert (row.unnamed_since, row.unnamed_seconds, row.worker_changes) == (None, 24 * 3600, 1)


def test_the_time_without_goes_on_while_units_change() -> None:
    told = to_unit(opened(AINO), at=1).by(THE_CLIENT, TakeOwnership(), hours(3))
    assert continuity(told).unnamed_since == hours(2)


def test_the_same_worker_again_after_a_time_without_is_no_change() -> None:
    told = opened(AINO).just(hours(1), ResponsibilityFellToUnit(AINO.as_unit, hours(99), "worker_leaving"))
    assert (continuity(told).unnamed_since, continuity(told).worker_changes) == (hours(1), 0)
    row = continuity(told.by(manager(AINO), NameResponsible(AINO), hours(3)))
    assert (row.worker_changes, row.unnamed_seconds, len(row.held)) == (0, 2 * 3600, 3)


def test_a_case_that_is_closed_needs_nobody() -> None:
    told = to_unit(opened(AINO), at=1).just(hours(12), CaseClosed("goals_met", "service", "circumstances"))
    row = continuity(told)
    assert (row.responsible, row.held_since, row.unnamed_since, row.unnamed_seconds) == (None, None, None, 36000)


def test_a_case_that_came_back_is_without_again_and_its_wait_is_not_reset() -> None:
    row = continuity(closed_and_reopened(to_unit(by_letter(), at=1), closed=12, again=99))
    assert (row.unnamed_seconds, row.unnamed_since, row.arrivals) == (36000, hours(99), (hours(97),))
    assert [it.until for it in row.held] == [hours(2), hours(12), None]
    assert row.first_contact_at == hours(-48)


def test_a_unit_that_takes_a_case_up_has_named_nobody_yet() -> None:
    told = opened(AINO, responsible=AINO.as_unit)
    row = continuity(told)
    assert (row.first_named_at, row.unnamed_since, row.workers) == (None, MONDAY, 0)
    assert continuity(told.by(manager(AINO), NameResponsible(ARVO), hours(5))).first_named_at == hours(5)


# The client's wait.


def test_the_wait_runs_from_the_first_contact_until_somebody_answers() -> None:
    told = by_letter().by(worker(AINO), AttemptContact("telephone", "no_answer"), hours(1))
    row = continuity(told)
    assert (row.first_contact_at, row.opened_at, row.first_answered_at) == (hours(-48), MONDAY, None)
    told.by(worker(AINO), MakeContact("telephone"), hours(3)).by(worker(AINO), MakeContact("telephone"), hours(9))
    assert continuity(told).first_answered_at == hours(3)


def test_who_comes_in_person_or_calls_is_answered_at_once() -> None:
    assert continuity(opened(AINO, channel="telephone")).first_answered_at == MONDAY


def test_what_reaches_the_client_answers_them_and_what_is_kept_from_them_does_not() -> None:
    told = by_letter().by(worker(AINO), InformClient(version(1), "letter", withheld_because="vaarassa"), hours(1))
    told.by(worker(AINO), HoldJointMeeting((AINO, BO), client_present=False), hours(2))
    assert continuity(told).first_answered_at is None
    told.just(hours(4), JointMeetingHeld((AINO, BO), client_present=True))
    assert continuity(told).first_answered_at == hours(4)
    letter = by_letter().by(worker(AINO), InformClient(version(1), "letter"), hours(1))
    received = continuity(letter).first_answered_at
    assert received is not None
    assert received > hours(24 * 6)


def test_requests_for_contact_wait_until_each_is_answered() -> None:
    told = by_letter()
    for at, kind in ((1, "contact"), (2, "service"), (3, "contact")):
        told.by(THE_CLIENT, MakeRequest(kind), hours(at))  # type: ignore[arg-type]
    row = continuity(told)
    assert (row.contacts_waiting, row.contact_waits_since) == (2, hours(1))
    first, service, second = told.case.requests.now()
    told.by(worker(AINO), AnswerRequest(service, "granted", "myönnetty"), hours(4))
    told.by(worker(AINO), AnswerRequest(first, "granted", "soitettu"), hours(5))
    row = continuity(told)
    assert (row.contacts_waiting, row.contact_waits_since, row.first_answered_at) == (1, hours(3), hours(4))
    told.by(worker(AINO), AnswerRequest(second, "granted", "soitettu"), hours(6))
    assert (continuity(told).contacts_waiting, continuity(told).contact_waits_since) == (0, None)


# Always.


def test_what_changes_nothing_leaves_the_row_as_it_was() -> None:
    told = opened(AINO).by(worker(AINO), MakeContact("telephone"), hours(1))
    memory = CONTINUITY.remembered(CONTINUITY.start, told.it)
    told.by(worker(AINO), MakeContact("telephone"), hours(2))
    assert CONTINUITY.fold(memory, told.it[-1]) is memory
    assert CONTINUITY.rows(memory)[0].version == 1


def test_a_stream_that_nothing_opened_has_no_row() -> None:
    told = Told().just(hours(0), RequestAnswered(version(1), "granted", ""))
    assert CONTINUITY.over(told.it) == ()
    assert not any(isinstance(it.event, CaseOpened) for it in told.it)


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_it_agrees_with_the_case(told: Told) -> None:
    agrees(told)


@given(rows=sources())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_so_it_does_of_an_import(rows: list[Row]) -> None:
    agrees(imported(*rows))


def agrees(told: Told) -> None:
    case, row = told.case, continuity(told)
    assert row.responsible == (case.responsible if case.status == "open" else None)
    assert (row.unnamed_since is not None) == (row.responsible is not None and row.responsible.worker is None)
    waiting = [it.since for it in case.requests.now().values() if it and it.kind == "contact"]
    assert (row.contacts_waiting, row.contact_waits_since) == (len(waiting), min(waiting, default=None))
    assert all(one.until is not None and one.until <= other.since for one, other in pairwise(row.held))
    assert row.worker_changes < max(len(row.held), 1)
    assert row.unnamed_seconds >= 0
