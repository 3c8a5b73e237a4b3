"""The address of a replay names a moment, and what it says of none that there is counts as now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from api.pages.moment import Moment

BEGAN, ENDED = date(2025, 3, 3), date(2025, 3, 13)


def asked(**query: str) -> Moment:
    return Moment.asked(query, 100, BEGAN, ENDED)


def test_without_anything_the_last_event_is_at_hand() -> None:
    it = asked()
    assert (it.version, it.by_clocks, it.zoom) == (100, False, "near")
    assert it.query(None) == {"version": None}


@pytest.mark.parametrize(
    ("query", "version"),
    [({"version": "12"}, 12), ({"version": "0"}, 1), ({"version": "999"}, 100), ({"version": "-3"}, 100),
     ({"version": "x"}, 100), ({"version": "9" * 40}, 100), ({"version": "٣"}, 100)],
)  # fmt: skip
def test_a_version_that_never_was_is_the_nearest_or_the_last(query: Mapping[str, str], version: int) -> None:
    assert asked(**query).version == version


def test_a_clock_at_its_end_is_no_clock() -> None:
    assert not asked(known="100", day="10").by_clocks
    assert asked(known="99").by_clocks
    assert asked(day="9").by_clocks


def test_a_day_is_over_at_midnight_in_finland() -> None:
    by = asked(day="0").happened_by
    assert by is not None
    assert by.astimezone(UTC) == datetime(2025, 3, 3, 21, 59, 59, 999999, tzinfo=UTC)


def test_the_clocks_take_the_place_of_the_version() -> None:
    query = asked(version="12", known="50", day="2").query("2025-03-05T10:00:00Z")
    assert query == {"known_at": "2025-03-05T10:00:00Z", "happened_by": "2025-03-05T23:59:59.999999+02:00"}


def test_a_stretch_stands_still_while_one_steps_within_it() -> None:
    stretches = {(it.first, it.last) for it in (asked(version=str(version)) for version in range(41, 81))}
    assert stretches == {(41, 80)}
    assert (asked(version="81").first, asked(version="81").last) == (81, 100)


def test_the_whole_case_is_one_stretch() -> None:
    it = asked(version="50", zoom="whole")
    assert (it.first, it.last) == (1, 100)
    assert asked(zoom="microscope").zoom == "near"


def test_an_address_keeps_how_the_case_is_shown() -> None:
    it = asked(version="12", zoom="far", seen_by="client", known="50")
    assert it.at_version(13) == "?version=13&zoom=far&seen_by=client"
    assert it.to(zoom=None) == "?version=12&known=50&seen_by=client"
