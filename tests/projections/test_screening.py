"""What was found when it was first asked what the client needs."""

from typing import Any

from domain.assessment import CompleteAssessment
from projections.screening import SCREENING, Screening
from tests.projections.histories import AINO, Told, hours, opened, worker


def assessed(told: Told, at: float, kind: Any, *triggers: Any, **more: Any) -> Told:
    command = CompleteAssessment(
        kind, "guidance_needed", no_view_because="ei tavoitettu", summary="yhteenveto", triggers=triggers, **more
    )
    return told.by(worker(AINO), command, hours(at))


def screening(told: Told) -> Screening | None:
    rows = SCREENING.over(told.counted)
    assert len(rows) <= 1
    return rows[0] if rows else None


def test_a_case_that_nobody_has_assessed_has_none() -> None:
    assert screening(opened(AINO)) is None


def test_the_latest_assessment_takes_the_place_of_the_one_before() -> None:
    told = assessed(opened(AINO), 1, "screening", "many_services")
    first = screening(told)
    assert first
    assert (first.kind, first.triggers, first.outcome) == ("screening", ("many_services",), "guidance_needed")
    assert (first.special_support, first.completed_at, first.version) == (False, hours(1), told.it[-1].version)
    then = screening(assessed(told, 2, "needs", "weakest_position", "change_in_life", special_support=True))
    assert then
    assert (then.kind, then.triggers) == ("needs", ("change_in_life", "weakest_position"))
    assert (then.special_support, then.completed_at) == (True, hours(2))


def test_an_assessment_that_names_no_triggers_does_not_take_them_back() -> None:
    found = screening(assessed(assessed(opened(AINO), 1, "screening", "many_services"), 2, "needs"))
    assert found
    assert (found.kind, found.triggers) == ("needs", ("many_services",))


def test_a_trigger_that_is_named_twice_is_one() -> None:
    found = screening(assessed(opened(AINO), 1, "urgent", "many_services", "many_services"))
    assert found
    assert found.triggers == ("many_services",)


def test_an_assessment_that_looks_back_changes_nothing() -> None:
    told = assessed(opened(AINO), 1, "screening", "many_services")
    before = SCREENING.over(told.counted)
    for kind in ("review", "final"):
        assert SCREENING.fold(before, assessed(told, 2, kind, "weakest_position").it[-1]) is before


def test_one_that_is_entered_late_counts_where_it_happened() -> None:
    told = assessed(assessed(opened(AINO), 9, "needs"), 3, "screening", "many_services")
    found = screening(told)
    assert found
    assert (found.kind, found.triggers, found.completed_at) == ("needs", ("many_services",), hours(9))
