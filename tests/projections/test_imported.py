"""Which cases came from a history elsewhere."""

from datetime import timedelta
from itertools import accumulate, pairwise

from hypothesis import given

from projections.imported import IMPORTED, ImportedCase
from tests.projections.histories import AINO, BO, CASE, IMPORT, INTAKE, Row, Told, hours, imported, opened, sources

HOUR = 3_600_000_000


def only(told: Told) -> ImportedCase:
    (row,) = IMPORTED.over(told.counted)
    return row


def test_a_case_of_our_own_came_from_nowhere() -> None:
    assert IMPORTED.over(opened(AINO).it) == ()


def test_it_counts_the_rows_of_the_source() -> None:
    told = imported(Row(0, AINO), Row(1, BO.as_unit, "queued"), Row(3, BO))
    assert only(told) == ImportedCase(
        CASE, IMPORT, INTAKE, rows=3, queued=1, first_at=hours(0), last_at=hours(3), waiting=False, waited=2 * HOUR
    )


def test_an_offer_without_a_next_row_waits_still() -> None:
    row = only(imported(Row(0, AINO), Row(1, BO.as_unit, "queued")))
    assert (row.waiting, row.waited) == (True, 0)


def test_its_clock_never_runs_backward() -> None:
    row = only(imported(Row(5, BO.as_unit, "queued"), Row(2, BO.as_unit, "queued"), Row(6, BO)))
    assert (row.first_at, row.last_at, row.waited) == (hours(5), hours(6), HOUR)


@given(rows=sources())
def test_queued_rows_wait_for_the_next_row(rows: list[Row]) -> None:
    clock = list(accumulate((row.at for row in rows), max))
    waited = sum(
        until - since for row, (since, until) in zip(rows, pairwise(clock), strict=False) if row.meaning == "queued"
    )
    found = only(imported(*rows))
    assert timedelta(microseconds=found.waited) == timedelta(hours=waited)
    assert (found.rows, found.queued) == (len(rows), sum(row.meaning == "queued" for row in rows))
