"""What the team agreed on, who in it disagreed, and how it looked back."""

from typing import Any
from uuid import UUID

from domain.team import AgreeTeamLine, RecordDissent, ReviewTeamLine, TeamSelfReviewed
from projections.team import TEAM, OfTeam
from tests.projections.histories import AINO, ARVO, BO, Told, hours, opened, worker


def of_team(told: Told) -> list[OfTeam]:
    return list(TEAM.over(told.counted))


def with_line(**more: Any) -> tuple[Told, UUID]:
    """Open a case and let a team of three agree on a line, an hour later."""
    line = AgreeTeamLine(
        (AINO, ARVO, BO), "kotiin tuetusti", **{"client_present": False, "no_view_because": "ei", **more}
    )
    told = opened(AINO).by(worker(AINO), line, hours(1))
    return told, next(iter(told.case.lines.now()))


def test_a_case_without_a_team_has_no_row() -> None:
    assert of_team(opened(AINO)) == []


def test_a_line_tells_who_agreed_on_it_and_whether_the_client_was_there() -> None:
    told, line = with_line(client_present=True, rests_on=(1,))
    (row,) = of_team(told)
    assert (row.kind, row.line, row.at, row.by, row.organisation) == ("line", line, hours(1), "aino", "kela")
    assert (row.members, row.client_present, row.client_view, row.rests_on) == ((AINO, ARVO, BO), True, None, (1,))
    assert (row.text, row.dissent, row.dissents, row.reviewed_at) == (row.version, None, 0, None)


def test_a_dissent_stands_in_its_authors_name_and_the_line_tells_how_many_disagree() -> None:
    told, line = with_line()
    told.by(worker(BO), RecordDissent(line, "ei näin"), hours(2))
    told.by(worker(BO), RecordDissent(line, "edelleenkään"), hours(3))
    told.by(worker(ARVO), RecordDissent(line, "en minäkään"), hours(4))
    agreed, first, again, another = of_team(told)
    assert [(it.kind, it.line, it.by, it.unit) for it in (first, again, another)] == [
        ("dissent", line, "bo", "aikuiset"), ("dissent", line, "bo", "aikuiset"),
        ("dissent", line, "arvo", "toimeentulo"),
    ]  # fmt: skip
    assert (first.dissent, first.text, first.members) == (first.version, None, ())
    assert agreed.dissents == 2


def test_a_line_tells_when_its_team_first_looked_back_on_it() -> None:
    told, line = with_line()
    told.by(worker(AINO), ReviewTeamLine(line, "kuulimme liian myöhään"), hours(5))
    told.by(worker(AINO), ReviewTeamLine(line, "ja muutakin"), hours(6))
    agreed, first, second = of_team(told)
    assert (agreed.reviewed_at, agreed.kind) == (hours(5), "line")
    assert [(it.kind, it.conclusions) for it in (first, second)] == [
        ("self_review", first.version), ("self_review", second.version)
    ]  # fmt: skip


def test_a_review_of_a_line_that_is_not_there_changes_no_other() -> None:
    told, _ = with_line()
    told.just(hours(2), TeamSelfReviewed(UUID(int=77), ""))
    assert [it.reviewed_at for it in of_team(told)] == [None, None]
