"""The stream of the log itself: a day's heads are sealed once, and over ever more events."""

from datetime import date, timedelta

import pytest

from domain.decider import Actor, RoleNotAllowed
from domain.sealing import LOG_STREAM, DaySealed, HeadsSealed, Log, LogShorter, SealHeads
from tests.domain.given import aino, an_auditor, given, the_administrator, the_client, the_clock

MONDAY = date(2025, 3, 3)
TUESDAY = MONDAY + timedelta(days=1)
ROOT = "ab" * 32
SEAL = SealHeads(MONDAY, 700, 40, ROOT)


def test_the_heads_of_a_day_are_sealed_once() -> None:
    story = given().when(SEAL, by=the_clock).then(HeadsSealed(MONDAY, 700, 40, ROOT))
    assert isinstance(story.state, Log)
    story.and_(day=MONDAY, events=700)
    story.when(SEAL, by=the_clock).refused(DaySealed, day=MONDAY)
    story.when(SEAL.but(day=MONDAY - timedelta(days=1), events=900), by=the_clock).refused(DaySealed, day=MONDAY)
    story.when(SEAL.but(day=TUESDAY, events=900), by=the_clock).then(HeadsSealed(TUESDAY, 900, 40, ROOT))


def test_a_log_that_has_become_shorter_is_not_sealed() -> None:
    story = given().when(SEAL, by=the_clock)
    story.when(SEAL.but(day=TUESDAY, events=699), by=the_clock).refused(LogShorter, events=699, sealed=700)
    story.when(SEAL.but(day=TUESDAY), by=the_clock).allowed()


@pytest.mark.parametrize("somebody", [aino, the_client, the_administrator, an_auditor])
def test_nobody_but_the_service_seals(somebody: Actor) -> None:
    given().when(SEAL, by=somebody).refused(RoleNotAllowed, allowed=["system"])


def test_every_region_has_one_log_under_the_same_id_for_ever() -> None:
    assert str(LOG_STREAM) == "059c1ca1-49f2-5cf0-973c-f6de3f9ec0e5"
