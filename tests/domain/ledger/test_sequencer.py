"""The sequence: dense, in each stream's order, complete, whoever is killed and whenever."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from domain.ledger.application import Cases, TooBusy
from domain.ledger.beside import Beside, elected
from domain.ledger.database import Region
from domain.ledger.lag import Lag, lag
from domain.ledger.sequencer import CHANNEL, Sequencer, drain, sequence
from tests.domain.ledger.conftest import eventually, stored
from tests.town import Town, notary_of


def the_sequence(region: Region) -> list[tuple[int, UUID, int]]:
    with region.connect() as connection:
        return connection.execute("SELECT position, stream, version FROM sequence ORDER BY position").fetchall()


def waiting(region: Region) -> int:
    with region.connect() as connection:
        return lag(connection).events


def written(region: Region) -> int:
    with region.connect() as connection:
        (count,) = connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
        return int(count)


def is_whole(region: Region) -> bool:
    """Say whether positions are dense from 1, each stream is in its order, and every event stands once or waits."""
    found = the_sequence(region)
    versions: dict[UUID, list[int]] = {}
    for _, stream, version in found:
        versions.setdefault(stream, []).append(version)
    with region.connect() as connection:
        (position,) = connection.execute("SELECT position FROM log_state").fetchone() or (None,)
    return (
        [it for it, _, _ in found] == list(range(1, len(found) + 1))
        and position == len(found)
        and all(it == list(range(1, len(it) + 1)) for it in versions.values())
        and len(found) + waiting(region) == written(region)
    )


def test_every_event_gets_a_position_after_the_one_before_it(town: Town) -> None:
    region = town.cases.region
    for _ in range(3):
        case = town.case()
        town.say(case)
        town.say(case)
    events = written(region)
    assert waiting(region) == events
    assert drain(region) == events
    assert drain(region) == 0
    assert is_whole(region)
    assert waiting(region) == 0


def test_a_batch_takes_no_more_than_its_limit_and_goes_on_where_it_was(town: Town) -> None:
    region = town.cases.region
    case = town.case()
    for _ in range(5):
        town.say(case)
    with region.connect() as connection:
        while sequence(connection, limit=2):
            assert is_whole(region)
    assert len(the_sequence(region)) == written(region)


def test_subscribers_read_the_sequence_by_position(town: Town) -> None:
    cases, region = town.cases, town.cases.region
    assert cases.recorder.max_notification_id() is None
    assert list(cases.recorder.select_notifications(1, 10)) == []
    case = town.case()
    town.say(case)
    drain(region)
    found = the_sequence(region)
    assert cases.recorder.max_notification_id() == len(found)
    read = cases.recorder.select_notifications(None, 1000)
    assert [(it.id, it.originator_id, it.originator_version) for it in read] == found
    assert [it.state for it in read if it.originator_id == case] == [it.state for it in stored(region, case)]
    assert [it.id for it in cases.recorder.select_notifications(3, 2)] == [3, 4]
    assert [it.id for it in cases.recorder.select_notifications(3, 2, inclusive_of_start=False)] == [4, 5]
    assert [it.id for it in cases.recorder.select_notifications(2, 9, stop=3)] == [2, 3]
    spoken = cases.recorder.select_notifications(1, 9, topics=["statement-recorded"])
    assert [(it.topic, it.originator_id) for it in spoken] == [("statement-recorded", case)]
    with pytest.raises(NotImplementedError):
        cases.recorder.subscribe()


def test_eight_who_write_and_two_who_sequence_at_once_leave_no_gap(town: Town, elsewhere: Town) -> None:
    region = town.cases.region
    histories, done, start = [town.case() for _ in range(4)], threading.Event(), threading.Barrier(10)

    def write(number: int) -> None:
        start.wait()
        for n in range(8):
            with suppress(TooBusy):
                (town, elsewhere)[number % 2].say(histories[(number + n) % 4])

    def place(_: int) -> int:
        start.wait()
        total = 0
        with region.connect() as connection:
            while not done.is_set():
                total += sequence(connection, limit=3)
        return total

    with ThreadPoolExecutor(10) as threads:
        placing = [threads.submit(place, n) for n in range(2)]
        for it in [threads.submit(write, n) for n in range(8)]:
            it.result(60)
        done.set()
        placed = sum(it.result(60) for it in placing)
    assert is_whole(region)
    assert placed + drain(region) == written(region) == len(the_sequence(region))
    assert is_whole(region)


def test_the_fence_lets_one_place_events_and_the_other_go_on_from_there(town: Town) -> None:
    region = town.cases.region
    town.case()
    with region.connect() as first, region.connect() as second, ThreadPoolExecutor(1) as threads:
        with first.transaction():
            first.execute("SELECT position FROM log_state FOR UPDATE")
            late = threads.submit(sequence, second)
            eventually(lambda: waits(region, second.info.backend_pid))
            placed = sequence(first)  # inside the transaction that holds the fence
            assert not late.done()
        assert late.result(10) == 0
        assert placed == written(region)
    assert is_whole(region)


def waits(region: Region, pid: int) -> bool:
    with region.connect(owner=True) as owner:
        return owner.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", (pid,)).fetchone() is not None


def test_an_event_that_was_committed_late_is_never_passed_over(town: Town) -> None:
    region = town.cases.region
    long_ago, stream = datetime.now(UTC) - timedelta(hours=1), uuid4()
    with region.connect() as slow:
        with slow.transaction():
            for version in (1, 2):
                slow.execute(
                    "INSERT INTO events VALUES (%s, %s, 'x', %s, %s, '', %s)",
                    (stream, version, long_ago, long_ago, bytes(32)),
                )
                slow.execute("INSERT INTO outbox VALUES (%s, %s, %s)", (stream, version, long_ago))
            town.case()
            drain(region)
            before = the_sequence(region)
            assert stream not in {it for _, it, _ in before}
            town.case()
            drain(region)
            between = the_sequence(region)
        assert drain(region) == 2
    after = the_sequence(region)
    last = len(between)
    assert after == [*between, (last + 1, stream, 1), (last + 2, stream, 2)]
    assert is_whole(region)


# Killed at every step


class Killed(Connection[Any]):
    """A sequencer's connection that the server ends before one of its statements, or before the commit."""

    at: int
    owner: Region
    count = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        if self.count == self.at:
            self.end()
        return super().execute(*args, **kwargs)

    @contextmanager
    def transaction(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with super().transaction(*args, **kwargs) as it:
            yield it
            if self.at > self.count:
                self.end()

    def end(self) -> None:
        with self.owner.connect(owner=True) as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", (self.info.backend_pid,))


STEPS = {1: "looking", 2: "the fence", 3: "the insert", 4: "the new position", 5: "the notice", 6: "the commit"}


@pytest.mark.parametrize("step", STEPS, ids=STEPS.get)
def test_a_sequencer_killed_before_any_step_loses_and_repeats_nothing(town: Town, step: int) -> None:
    region = town.cases.region
    town.case()
    drain(region)
    before = the_sequence(region)
    town.case()
    with Killed.connect(region.conninfo(), autocommit=True) as connection:
        connection.at, connection.owner = step, region
        with pytest.raises(psycopg.OperationalError):
            sequence(connection)
    assert the_sequence(region) == before
    assert is_whole(region)
    assert drain(region) == 2
    assert is_whole(region)


def test_a_batch_whose_commit_is_not_heard_of_is_not_repeated(town: Town) -> None:
    region = town.cases.region
    town.case()
    with region.connect() as connection:
        sequence(connection)  # and then the process is gone before it can do anything with the answer
    placed = the_sequence(region)
    assert drain(region) == 0
    assert the_sequence(region) == placed
    assert is_whole(region)


# Election


def holder_of_the_lock(region: Region) -> int | None:
    with region.connect(owner=True) as owner:
        row = owner.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 0)",
            (f"luotsi sequencer {region.name}",),
        ).fetchone()
    return row[0] if row else None


def next_position(listener: Connection[Any], at_least: int) -> int:
    """Wait until the sequence has come that far."""
    for notice in listener.notifies(timeout=15):
        if int(notice.payload) >= at_least:
            return int(notice.payload)
    raise AssertionError("nothing was sequenced")


def test_one_sequencer_works_and_another_takes_over_within_seconds(town: Town, tmp_path: Path) -> None:
    region = town.cases.region
    two = [Sequencer(region, notary_of(region, tmp_path), pause=0.01) for _ in range(2)]
    with region.connect(owner=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}".encode())
        for it in two:
            it.start()
        try:
            assert next_position(listener, written(region)) == len(the_sequence(region))
            for _ in range(2):
                pid = holder_of_the_lock(region)
                assert pid
                listener.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
                town.case()
                assert next_position(listener, written(region)) == written(region)
                assert holder_of_the_lock(region) not in {None, pid}
        finally:
            for it in two:
                it.stop()
    assert is_whole(region)
    assert holder_of_the_lock(region) is None


class Failing(Beside):
    """Holds an office, and fails at it once."""

    failed = False

    def work(self, connection: Connection) -> None:
        while not elected(connection, self.region, "failing"):
            self.told_to_stop.wait(0.05)
        if not self.failed:
            self.failed = True
            raise OSError("no space left on device")
        self.told_to_stop.wait()


def test_who_fails_in_whatever_way_leaves_the_office_says_so_and_tries_again(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    it = Failing(town.cases.region, "one who fails")
    with caplog.at_level(logging.ERROR), town.cases.region.connect() as another:
        it.start()
        try:
            eventually(lambda: it.failed and elected(another, town.cases.region, "failing"))
            another.close()
            with town.cases.region.connect() as third:
                eventually(lambda: not is_free(third, town.cases.region, "failing"))
        finally:
            it.stop()
    (told,) = caplog.records
    assert told.getMessage() == "the one who fails failed and tries again"
    assert told.exc_info


def is_free(connection: Connection, region: Region, office: str) -> bool:
    """Take an office for a moment, and say whether it was free."""
    free = elected(connection, region, office)
    connection.execute("SELECT pg_advisory_unlock_all()")
    return free


def test_two_regions_are_sequenced_side_by_side(cases: Cases) -> None:
    other = Region(cases.region.url, "koe")
    with cases.region.connect() as here, cases.region.connect() as rival:
        assert elected(here, cases.region, "sequencer")
        assert not elected(rival, cases.region, "sequencer")
        assert elected(rival, other, "sequencer")
        assert elected(rival, cases.region, "clock")


def test_the_lag_says_how_many_wait_and_since_when(town: Town) -> None:
    region = town.cases.region
    with region.connect() as connection:
        row = connection.execute("SELECT min(recorded) FROM events").fetchone()
        assert row
        assert lag(connection) == Lag(written(region), row[0])
        drain(region)
        assert lag(connection) == Lag(0, None)
