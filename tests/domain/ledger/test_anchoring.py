"""Anchoring: which checkpoints are shown to those outside, and what it does to the house when they fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import Connection

from domain.ledger.anchors.anchor import FRESH
from domain.ledger.anchors.anchoring import Anchored, Anchoring, anchor_newest, anchored, due
from domain.ledger.anchors.outside import NotAnchored
from domain.ledger.anchors.stamps import Authority
from domain.ledger.anchors.witnesses import Witness
from domain.ledger.application import Cases
from domain.ledger.beside import elected
from domain.ledger.database import Region
from domain.ledger.sequencer import drain
from tests.domain.ledger.checkpoints import Sealing
from tests.domain.ledger.conftest import eventually
from tests.domain.ledger.outsiders import Outside, TimeStamping, outside
from tests.domain.ledger.witnessing import Witnessing
from tests.town import Town

Size = tuple[str, int]
"""A log, and the size of a checkpoint of it."""


@pytest.fixture
def connection(cases: Cases) -> Iterator[Connection]:
    with cases.region.connect() as it:
        yield it


@pytest.fixture
def sealing(cases: Cases) -> Sealing:
    return Sealing(cases.region)


@pytest.fixture
def reads(cases: Cases) -> Sealing:
    return Sealing(cases.region, "reads")


@pytest.fixture
def it(sealing: Sealing, reads: Sealing) -> Witnessing:
    """Give a witness that knows both logs."""
    witnessing = Witnessing()
    for log in (sealing, reads):
        witnessing.knows(log.signer.name, log.signer.public)
    return witnessing


@pytest.fixture
def there(it: Witnessing) -> Iterator[Outside]:
    with outside() as address:
        address.answers = it.page
        yield address


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with outside() as address:
        tsa = TimeStamping(tmp_path)
        address.answers = lambda _, query: (200, {}, tsa.reply(query))
        yield Authority(address.url, [tsa.root.certificate], every=1)


def witness(there: Outside, it: Witnessing, every: int = 3) -> Witness:
    return Witness(there.url, it.vkey, every)


def cosigned(region: Region) -> list[Size]:
    with region.connect() as connection:
        return connection.execute("SELECT log, size FROM cosignatures ORDER BY log, size").fetchall()


def stamped(region: Region) -> list[Size]:
    with region.connect() as connection:
        return connection.execute("SELECT log, size FROM stamps ORDER BY log, size").fetchall()


def until(found: Callable[[Region], list[Size]], region: Region, *wanted: Size) -> None:
    """Wait until these are found, for a while."""
    eventually(lambda: {*wanted} <= {*found(region)})


# Which are shown


def test_the_first_is_shown_and_then_of_every_so_many_one(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    shown = [sealing.seal() and anchor_newest(connection, witness(there, it), "events") for _ in range(8)]
    assert shown == [True, False, False, True, False, False, True, False]
    assert cosigned(sealing.region) == [("events", 1), ("events", 4), ("events", 7)]


def test_it_is_the_newest_that_is_shown(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    for _ in range(20):
        sealing.seal()
    assert anchor_newest(connection, witness(there, it), "events")
    assert cosigned(sealing.region) == [("events", 20)]
    assert not anchor_newest(connection, witness(there, it), "events")


def test_an_old_checkpoint_is_not_shown_but_the_next_is(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    sealing.seal(ago=FRESH + timedelta(seconds=1))
    assert due(connection, witness(there, it), "events") is None
    sealing.seal(ago=FRESH - timedelta(seconds=30))
    found = due(connection, witness(there, it), "events")
    assert found
    assert found.size == 2


def test_while_an_event_has_waited_for_long_nothing_is_shown_before_it_is_sealed(
    connection: Connection, cases: Cases, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    Town(cases).client()
    sealing.seal()
    waits_for(cases.region, FRESH - timedelta(seconds=30))
    assert anchor_newest(connection, witness(there, it, 1), "events")
    sealing.seal()
    waits_for(cases.region, FRESH + timedelta(seconds=1))
    with pytest.raises(NotAnchored, match="events have no checkpoint yet, the oldest since 20"):
        anchor_newest(connection, witness(there, it, 1), "events")
    with cases.region.connect(owner=True) as owner:
        owner.execute("DELETE FROM outbox")
    assert anchor_newest(connection, witness(there, it, 1), "events")
    assert cosigned(cases.region) == [("events", 1), ("events", 2)]


def test_reads_are_shown_however_long_an_event_waits(
    connection: Connection, cases: Cases, reads: Sealing, there: Outside, it: Witnessing
) -> None:
    Town(cases).client()
    waits_for(cases.region, FRESH + timedelta(seconds=1))
    reads.seal()
    assert anchor_newest(connection, witness(there, it, 1), "reads")


def waits_for(region: Region, age: timedelta) -> None:
    """Have what waits for its position have waited for so long."""
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE outbox SET recorded = clock_timestamp() - %s::interval", (age,))


def test_what_has_its_position_and_was_not_sealed_for_long_goes_first_too(
    connection: Connection, cases: Cases, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    for _ in range(2):
        Town(cases).client()
    waits_for(cases.region, FRESH + timedelta(seconds=1))
    with cases.region.connect(owner=True) as owner:
        owner.execute("ALTER TABLE events DISABLE TRIGGER ALL")
        owner.execute("UPDATE events e SET recorded = o.recorded FROM outbox o WHERE o.stream = e.stream")
    drain(cases.region)
    sealing.seal()
    with pytest.raises(NotAnchored, match="have to be sealed first"):
        anchor_newest(connection, witness(there, it, 1), "events")


def test_nothing_is_shown_of_a_log_that_is_empty_or_has_no_checkpoint(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    assert due(connection, witness(there, it), "events") is None
    sealing.seal(0)
    assert due(connection, witness(there, it), "events") is None


def test_each_log_and_each_epoch_is_shown_for_itself(
    connection: Connection, sealing: Sealing, reads: Sealing, there: Outside, it: Witnessing
) -> None:
    sealing.seal()
    reads.seal(2)
    assert [anchor_newest(connection, witness(there, it), log) for log in ("events", "reads")] == [True, True]
    assert cosigned(sealing.region) == [("events", 1), ("reads", 2)]
    connection.execute("UPDATE log_state SET epoch = 2")
    assert due(connection, witness(there, it), "events") is None
    assert anchored(connection) == []


# How far it is


def test_what_is_anchored_is_told_of_each_log(
    connection: Connection, sealing: Sealing, reads: Sealing, authority: Authority
) -> None:
    assert anchored(connection) == []
    sealing.seal(3)
    assert anchored(connection) == [Anchored("events", 1, 3, None, None, None, None)]
    connection.execute("INSERT INTO cosignatures VALUES ('events', 1, 3, 'witness.example/w1', '', now())")
    for _ in range(2):
        anchor_newest(connection, authority, "events")
        sealing.seal(2)
    reads.seal()
    events, of_reads = anchored(connection)
    assert (events.size, events.stamped, events.cosigned) == (7, 5, 3)
    assert events.stamped_at
    assert events.cosigned_at
    assert of_reads == Anchored("reads", 1, 1, None, None, None, None)


# Beside the house


def test_it_goes_on_beside_until_told_to_stop(
    sealing: Sealing, reads: Sealing, there: Outside, it: Witnessing, authority: Authority
) -> None:
    anchoring = Anchoring(sealing.region, [authority, witness(there, it, 1)], pause=0.01)
    anchoring.start()
    try:
        for size in (1, 2):
            sealing.seal()
            reads.seal()
            until(cosigned, sealing.region, ("events", size), ("reads", size))
            until(stamped, sealing.region, ("events", size), ("reads", size))
    finally:
        anchoring.stop()


def test_one_works_at_a_time(connection: Connection, sealing: Sealing, there: Outside, it: Witnessing) -> None:
    assert elected(connection, sealing.region, "anchors")
    sealing.seal()
    anchoring = Anchoring(sealing.region, [witness(there, it)], pause=0.01)
    anchoring.start()
    try:
        assert there.asked == []
        connection.close()
        eventually(lambda: cosigned(sealing.region))
    finally:
        anchoring.stop()


def test_who_does_not_answer_keeps_nobody_waiting_for_long_and_is_asked_again(
    sealing: Sealing, there: Outside, it: Witnessing, caplog: pytest.LogCaptureFixture
) -> None:
    with outside() as silent:
        silent.open.clear()
        other = Witness(silent.url, Witnessing("witness.example/w2").vkey, 1, seconds=0.1)
        anchoring = Anchoring(sealing.region, [other, witness(there, it, 1)], pause=0.01, retry=0.01)
        with caplog.at_level(logging.WARNING):
            anchoring.start()
            try:
                for size in (1, 2):
                    sealing.seal()
                    until(cosigned, sealing.region, ("events", size))
                eventually(lambda: len(silent.asked) > 2)
            finally:
                anchoring.stop()
    [complaint] = [record.getMessage() for record in caplog.records]
    assert complaint.startswith("witness.example/w2 has not anchored the log of events: it ")


def test_with_nobody_to_show_it_to_there_is_nothing_to_do(sealing: Sealing) -> None:
    anchoring = Anchoring(sealing.region, [])
    anchoring.start()
    anchoring.stop()
