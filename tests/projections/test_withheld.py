"""What is not told to somebody, in rows: from whom, why, by whose word, until when; and what falls due of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.access import EndEmergencyAccess, GrantEmergencyAccess
from domain.alerts import AlertManager
from domain.decider import Actor, Role
from domain.objections import AnswerObjection, RaiseObjection
from domain.requests import ReportExperience
from domain.voice import RecordStatement
from domain.withholding import AllowDisclosure, ForbidDisclosure
from projections.alerts import ALERTS, Alert
from projections.terms import TERMS, Term
from projections.withheld import WITHHELD, Withholding
from tests.domain.given import Asked, aino, bo, closed_at_once, given, made_by, moment, opened_by
from tests.projections.histories import AINO, THE_CLIENT, Told, closed, hours, manager, opened, version, worker

REVIEW = hours(24 * 30)
FORBID = ForbidDisclosure(version(2), "client", "third_party", "naapurin ilmoitus", REVIEW)
CLOCK = Actor("clock", Role.SYSTEM)


def rows(told: Told) -> list[Withholding]:
    return list(WITHHELD.over(told.counted))


def reviews(told: Told) -> list[Term]:
    return [it for it in TERMS.over(told.counted) if it.kind == "withholding_review"]


def alerts(told: Told) -> list[Alert]:
    return list(ALERTS.over(told.counted))


def withheld(**more: Any) -> Told:
    told = opened().by(worker(AINO), RecordStatement("naapuri soitti", "close_person"), hours(1))
    return told.by(worker(AINO), FORBID.but(**more), hours(2))


def test_a_case_in_which_everything_is_told_has_no_row() -> None:
    assert rows(opened()) == []


def test_a_row_tells_what_is_withheld_from_whom_why_by_whom_and_until_when() -> None:
    (row,) = rows(withheld())
    assert (row.version, row.entry, row.also, row.from_whom, row.from_organisation) == (3, 2, (), "client", None)
    assert (row.ground, row.words_alone, row.reason) == ("third_party", False, 3)
    assert (row.by, row.by_role, row.by_organisation, row.by_unit) == (
        "aino", "worker", AINO.organisation, AINO.unit,
    )  # fmt: skip
    assert (row.since, row.review_by, row.settled, row.settled_by) == (hours(2), REVIEW, None, None)


def test_it_is_settled_once_it_is_told() -> None:
    told = withheld().by(worker(AINO), AllowDisclosure(version(3)), hours(5))
    (row,) = rows(told)
    assert (row.settled, row.settled_by) == (hours(5), 4)
    (review,) = reviews(told)
    assert (review.due, review.settled_by) == (REVIEW, 4)


def test_withheld_anew_it_is_another_row_and_another_review() -> None:
    later = REVIEW + timedelta(days=30)
    told = withheld().by(worker(AINO), FORBID.but(review_by=later), hours(5))
    assert [(it.version, it.review_by, it.settled_by) for it in rows(told)] == [(3, REVIEW, 4), (4, later, None)]
    assert [(it.version, it.due, it.settled_by) for it in reviews(told)] == [(3, REVIEW, 4), (4, later, None)]


def test_the_manager_is_told_of_a_review_that_falls_due_until_it_is_done() -> None:
    told = withheld().by(CLOCK, AlertManager(version(3), "withholding_review_due"), REVIEW)
    (review,) = reviews(told)
    assert (review.told, review.settled) == (4, None)
    (alert,) = alerts(told)
    assert (alert.cause, alert.about, alert.unit, alert.settled) == (
        "withholding_review_due", 3, AINO.as_unit, None,
    )  # fmt: skip
    (seen_to,) = alerts(told.by(manager(AINO), AllowDisclosure(version(3)), REVIEW))
    assert seen_to.settled_by == 5


def test_from_who_acts_for_the_client_it_may_be_withheld_for_good() -> None:
    father = uuid4()
    told = withheld(from_whom=father, review_by=None, ground="client_wish")
    assert [(it.from_whom, it.review_by) for it in rows(told)] == [(str(father), None)]
    assert reviews(told) == []


def test_emergency_access_tells_the_manager_and_where_the_client_is_not_told_its_end_is_not_either() -> None:
    untold = GrantEmergencyAccess("lapsi vaarassa", withheld_because="vaarantaisi lapsen", review_by=moment(3, 20))
    taken = given(opened_by(aino), Asked(untold, bo), Asked(EndEmergencyAccess(made_by(2)), bo))
    closing = taken.did(closed_at_once()[0]).did(closed_at_once()[1])
    assert [(it.entry, it.also, it.ground) for it in WITHHELD.over(taken.history)] == [(2, (3, 4, 6), "safety")]
    (alert,) = ALERTS.over(taken.history)
    assert (alert.cause, alert.about, alert.settled) == ("emergency_access", 2, None)
    (term,) = [it for it in TERMS.over(taken.history) if it.kind == "emergency_access"]
    assert (term.told, term.settled_by) == (None, 6)
    assert [it.settled_by for it in ALERTS.over(closing.history)] == [closing.last.version]


def test_what_goes_past_a_worker_does_until_it_is_answered() -> None:
    told = opened().by(THE_CLIENT, RaiseObjection(version(1), "en pyytänyt"), hours(1))
    (row,) = rows(told)
    assert (row.version, row.entry, row.ground, row.from_whom, row.from_organisation) == (
        2, 2, "past_worker", "aino", AINO.organisation,
    )  # fmt: skip
    assert (row.by, row.by_role, row.reason) == ("client", "client", None)
    objection: UUID = next(iter(told.case.objections.now()))
    told.by(manager(AINO), AnswerObjection(objection, "upheld", "niin on"), hours(9))
    assert [it.settled_by for it in rows(told)] == [3]


def test_how_the_service_felt_waits_for_the_closing() -> None:
    told = opened().by(THE_CLIENT, ReportExperience(2, "kiire"), hours(1))
    assert [(it.ground, it.from_whom, it.settled_by) for it in rows(told)] == [("until_closed", "responsible", None)]
    closed(told, 3)
    assert [it.settled_by for it in rows(told)] == [told.it[-1].version]
