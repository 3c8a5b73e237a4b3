"""The audit: a good ledger is whole, and every lie of a superuser is named, whatever was reckoned anew with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from domain.ledger.audit.findings import MOST
from domain.ledger.audit.snapshot import reading
from domain.ledger.audit.whole import audit
from domain.ledger.database import Region
from domain.ledger.postgres import Server
from tests.domain.ledger.forging import TABLES, Forger, Good, built, copied, known, seen, told
from tests.domain.ledger.lies import LIES, Lie, rewritten


@pytest.fixture(scope="module")
def good(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    with built(postgres, tmp_path_factory.mktemp("good")) as it:
        yield it


@pytest.fixture
def forger(good: Good) -> Iterator[Forger]:
    """Give a forger whose lies are undone."""
    with good.region.connect(owner=True) as owner, owner.transaction(force_rollback=True):
        yield Forger(reading(owner), good)


@pytest.fixture
def copy(postgres: Server, good: Good) -> Iterator[Region]:
    """Give a copy in which everybody sees what is changed."""
    with copied(postgres, good) as region:
        yield region


def test_a_good_ledger_is_whole(good: Good) -> None:
    report = audit(good.region, known(good), TABLES)
    assert told(report) == []
    counts = report.tally.counts
    assert counts["events"] == counts["entries of the log of events"] + 1
    assert (counts["checkpoints"], counts["checkpoints from outside"], counts["signing keys"]) == (6, 3, 2)
    assert (counts["sealings"], counts["time stamps"], counts["cosignatures"]) == (1, 1, 1)
    assert counts["entries of the log of reads"] == 3


def test_several_processes_find_the_same(good: Good, copy: Region) -> None:
    assert vars(audit(good.region, known(good), TABLES, 3)) == vars(audit(good.region, known(good), TABLES))
    with copy.connect(owner=True) as owner:
        rewritten(Forger(owner, good))
    alone, together = audit(copy, known(good), TABLES), audit(copy, known(good), TABLES, 3)
    assert sorted(told(together)) == sorted(told(alone)) != []


@pytest.mark.parametrize(("lie", "says"), [it[1:] for it in LIES], ids=[it[0] for it in LIES])
def test_a_lie_is_named(forger: Forger, lie: Lie, says: str) -> None:
    if callable(lie):
        lie(forger)
    else:
        forger.do(lie)
    said = told(seen(forger))
    assert any(says.format(**forger.good.facts) in it for it in said), said


def test_the_last_published_checkpoint_is_missed(good: Good, copy: Region) -> None:
    with copy.connect(owner=True) as owner:
        owner.execute("DELETE FROM checkpoints WHERE log = 'events' AND size = %s", (good.facts["size"],))
    said = f"The checkpoint of {good.facts['size']} entries of the log of events, epoch 1, was published, and is gone."
    assert told(audit(copy, known(good), TABLES)) == [said]


def test_of_a_kind_so_many_are_told_and_all_counted(forger: Forger) -> None:
    forger.do("UPDATE events SET topic = 'x'")
    tally = seen(forger).tally
    assert len(tally.told) == MOST
    assert dict(tally.untold()) == {"column-altered": tally.counts["events"] - MOST}
