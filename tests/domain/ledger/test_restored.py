"""A restore under processes that go on: what they remember of the ledger is no longer there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.case import Case
from domain.decider import StreamAbsent
from domain.ledger.database import Region
from domain.ledger.histories import Decoded
from domain.voice import StatementRecorded
from tests.domain.ledger.conftest import faults, stored
from tests.domain.ledger.test_rotation import NOTHING
from tests.domain.ledger.test_survivors import backed_up, run
from tests.town import Town, ledger


@pytest.fixture
def town(database: str, tmp_path: Path) -> Iterator[Town]:
    with ledger(Region(database, "koe"), tmp_path, NOTHING) as cases:
        yield Town(cases).settle()


def restored_beneath(town: Town, backup: Path) -> None:
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("DROP SCHEMA koe CASCADE")
    run("pg_restore", "--exit-on-error", f"--dbname={town.cases.region.url}", str(backup))


def versions(town: Town, case: object) -> list[int]:
    return [it.originator_version for it in stored(town.cases.region, case)]  # type: ignore[arg-type]


def test_what_is_written_after_a_restore_goes_on_from_what_is_there(town: Town, tmp_path: Path) -> None:
    case = town.case()
    town.say(case)
    kept = versions(town, case)
    backup = backed_up(town.cases.region, tmp_path / "backup")
    for words in ("yksi", "kaksi", "kolme"):
        town.say(case, words)
    restored_beneath(town, backup)
    receipt = town.say(case, "neljä")
    assert receipt.first == kept[-1] + 1
    assert versions(town, case) == [*kept, receipt.first]
    assert faults(town.cases.region, case) == []
    assert town.cases.words(case, [receipt.first]) == {receipt.first: {"words": "neljä"}}


def test_another_history_of_the_same_length_is_not_taken_for_what_is_remembered(town: Town, tmp_path: Path) -> None:
    case = town.case()
    backup = backed_up(town.cases.region, tmp_path / "backup")
    town.say(case, "muistissa")
    restored_beneath(town, backup)
    with ledger(town.cases.region, tmp_path, NOTHING) as elsewhere:
        Town(elsewhere).say(case, "toisaalla")
    before = versions(town, case)
    receipt = town.say(case, "vielä")
    assert versions(town, case) == [*before, receipt.first]
    assert faults(town.cases.region, case) == []
    state = town.cases.loaded(case, Case)
    assert state.version == receipt.first
    said = [it for it in town.cases.history(case) if isinstance(it.event, StatementRecorded)]
    assert len(said) == 2


def test_a_case_that_is_gone_is_not_there(town: Town, tmp_path: Path) -> None:
    backup = backed_up(town.cases.region, tmp_path / "backup")
    case = town.case()
    restored_beneath(town, backup)
    with pytest.raises(StreamAbsent):
        town.say(case)
    assert versions(town, case) == []


def test_a_history_that_was_taken_back_is_not_told_any_more(town: Town, tmp_path: Path) -> None:
    case = town.case()
    backup = backed_up(town.cases.region, tmp_path / "backup")
    town.say(case, "muistissa")
    remembered = town.cases.history(case)
    restored_beneath(town, backup)
    assert town.cases.history(case) == remembered[:1]
    town.cases.histories.put(Decoded(case, tuple(remembered), b"of what was taken back"))
    with ledger(town.cases.region, tmp_path, NOTHING) as elsewhere:
        Town(elsewhere).say(case, "toisaalla")
    told = town.cases.history(case)
    assert told == [town.cases.mapper.to_domain_event(it) for it in stored(town.cases.region, case)]
    assert told[1].context.command != remembered[1].context.command
