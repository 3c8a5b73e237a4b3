"""A stream's events in the order in which they count, on two clocks."""

import pytest

from domain.acceptance import DeclineHandoff
from domain.case import Case
from domain.corrections import MarkErroneous
from domain.history import counted, fold, reorders
from domain.intake import PromiseNextStep
from tests.domain.given import (
    Asked,
    Story,
    accepted_by,
    aino,
    bo,
    entry,
    given,
    holder,
    made_by,
    moment,
    opened_by,
    owner_of,
    proposed_to,
)

STEP = PromiseNextStep("worker", "soitan", moment(6, 1))


def versions(story: Story, **clocks: object) -> list[int]:
    return [it.version for it in counted(story.history, **clocks)]  # type: ignore[arg-type]


@pytest.fixture
def story() -> Story:
    """Give five entries: the third was entered late, the fourth marks the second as erroneous."""
    return given(
        opened_by(aino),
        Asked(STEP, aino, moment(3, 6)),
        Asked(STEP, aino, moment(3, 4), entered=moment(3, 7)),
        Asked(MarkErroneous(entry(2), "väärä asia"), aino, moment(3, 10)),
        Asked(STEP, aino, moment(3, 12)),
    )


@pytest.mark.rule(19)
def test_a_late_event_counts_in_its_place(story: Story) -> None:
    assert versions(story, known_at=moment(3, 9)) == [1, 3, 2]
    assert [reorders(it) for it in story.history] == [False, False, True, True, False]


@pytest.mark.rule(20)
def test_an_erroneous_entry_does_not_count_from_when_that_is_known(story: Story) -> None:
    assert versions(story, known_at=moment(3, 6)) == [1, 2]
    assert versions(story, known_at=moment(3, 10)) == [1, 3, 4]
    assert versions(story) == [1, 3, 4, 5]


def test_what_had_happened_by_a_moment_may_have_been_learnt_later(story: Story) -> None:
    assert versions(story, happened_by=moment(3, 4)) == [1, 3]
    assert versions(story, happened_by=moment(3, 4), known_at=moment(3, 6)) == [1]
    assert versions(story, happened_by=moment(1, 1)) == []


@pytest.mark.rule(1)
def test_ownership_at_any_moment() -> None:
    moved = given(opened_by(aino), proposed_to(bo, at=moment(3, 4)), accepted_by(bo, made_by(2), moment(3, 6)))
    assert owner_of(moved.at(moment(3, 5))) == holder(aino)
    assert owner_of(moved.at(moment(3, 6))) == holder(bo)
    assert fold(Case(), []) == Case()


def test_a_late_event_that_is_about_what_came_later_changes_nothing_else() -> None:
    declined = given(opened_by(aino), proposed_to(bo), Asked(DeclineHandoff(made_by(2), "no_capacity", "jonoa"), bo))
    late = declined.did(Asked(STEP, aino, moment(3, 3, 10), entered=moment(3, 9)))
    assert late.last.late
    assert late.case == declined.case
