"""The order of the log of reads: dense, complete however late a read is committed, and the same for ever."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from psycopg import Connection

from domain.ledger import readlog as module
from domain.ledger.database import Region
from domain.ledger.logs import READS
from domain.ledger.merkle import leaf_hash
from domain.ledger.migrate import migrate
from domain.ledger.partitions import make_ahead
from domain.ledger.readlog import WINDOW, ReadMissing, ReadSweep, place_reads, read_entries, read_entry, sweep
from domain.ledger.tiles import Tiles
from tests.domain.ledger.conftest import eventually
from tests.domain.ledger.rfc9162 import Tree

LINE = "INSERT INTO reads (who, role, what, via, why, cases) VALUES (%s, 'worker', 'ReadCase', 'http', 'work', %s)"
THEN = "INSERT INTO reads (at, who, role, what, via, why, cases) VALUES (%s, %s, 'worker', 'x', 'http', 'work', %s)"
LONG_AGO = datetime(2025, 3, 17, 12, tzinfo=UTC)


@pytest.fixture
def reads(region: Region) -> Region:
    """Give a migrated region."""
    migrate(region)
    return region


@pytest.fixture
def service(reads: Region) -> Iterator[Connection]:
    with reads.connect() as connection:
        yield connection


@pytest.fixture
def owner(reads: Region) -> Iterator[Connection]:
    with reads.connect(owner=True) as connection:
        yield connection


def read(connection: Connection, *who: str) -> None:
    for it in who:
        connection.execute(LINE, (it, [uuid4()]))


def placed(connection: Connection) -> list[str | None]:
    """Return who read, by place, which is dense; None for a read that is gone."""
    found = connection.execute(
        "SELECT s.position, r.who, t.position FROM reads_state t, reads_sequence s LEFT JOIN reads r USING (at, id)"
        " ORDER BY s.position"
    ).fetchall()
    assert [position for position, _, _ in found] == list(range(1, len(found) + 1))
    assert {last for _, _, last in found} <= {len(found)}
    return [who for _, who, _ in found]


def test_each_read_gets_a_place_after_those_before_it(service: Connection) -> None:
    assert place_reads(service) == 0
    read(service, "aino", "bo", "aino")
    assert place_reads(service) == 3
    assert place_reads(service) == 0
    read(service, "cilla")
    assert place_reads(service) == 1
    assert placed(service) == ["aino", "bo", "aino", "cilla"]


def test_a_batch_takes_no_more_than_its_limit_and_the_next_goes_on(service: Connection, owner: Connection) -> None:
    names = [str(it) for it in range(11)]
    for minutes, name in enumerate(names):  # as a log from before had them
        owner.execute(THEN, (LONG_AGO + timedelta(minutes=10 * minutes), name, [uuid4()]))
    assert [place_reads(service, limit=3) for _ in range(5)] == [3, 3, 3, 2, 0]
    assert placed(service) == names


def test_reads_of_one_moment_all_get_their_places(service: Connection, owner: Connection) -> None:
    now = datetime.now(UTC)
    for name in "abcde":
        owner.execute(THEN, (now, name, [uuid4()]))
    assert [place_reads(service, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert placed(service) == list("abcde")


def test_a_read_that_was_committed_late_is_never_passed_over(reads: Region, service: Connection) -> None:
    with reads.connect() as slow, reads.connect() as slower:
        with slow.transaction():
            read(slow, "slow")
            with slower.transaction():
                read(slower, "slower")
                read(service, "aino")
                assert place_reads(service) == 1
            read(service, "bo")
            assert place_reads(service) == 2
        assert place_reads(service) == 1
    assert placed(service) == ["aino", "slower", "bo", "slow"]


@pytest.mark.parametrize("seconds", [1, 59, 119])
def test_one_committed_as_long_after_the_last_look_as_a_statement_lasts_is_found(
    service: Connection, owner: Connection, seconds: int
) -> None:
    read(service, "aino")
    place_reads(service)
    late = datetime.now(UTC) - timedelta(seconds=seconds)
    assert late > datetime.now(UTC) - WINDOW
    owner.execute(THEN, (late, "late", [uuid4()]))
    assert place_reads(service) == 1
    assert placed(service) == ["aino", "late"]


def test_the_window_is_as_of_the_last_look_however_long_nobody_looked(service: Connection, owner: Connection) -> None:
    read(service, "aino")
    place_reads(service)
    owner.execute("UPDATE reads_state SET looked = looked - interval '5 hours'")
    owner.execute(THEN, (datetime.now(UTC) - timedelta(hours=4), "meanwhile", [uuid4()]))
    assert place_reads(service) == 1
    assert placed(service) == ["aino", "meanwhile"]


def test_a_clock_that_was_put_back_hides_nothing(service: Connection, owner: Connection) -> None:
    read(service, "aino")
    place_reads(service)
    owner.execute("UPDATE reads_state SET looked = clock_timestamp() + interval '1 day'")
    owner.execute(THEN, (datetime.now(UTC) + timedelta(days=1), "ahead", [uuid4()]))
    read(service, "bo")
    assert place_reads(service) == 1
    read(service, "cilla")
    assert place_reads(service) == 1
    assert placed(service) == ["aino", "bo", "cilla"]  # what is to come has its place when its time has come
    assert sweep(service) == 1
    assert placed(service)[-1] == "ahead"


def test_a_sweep_finds_what_came_to_light_later_than_anything_may(
    service: Connection, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(module, "BATCH", 2)
    read(service, "aino", "bo")
    place_reads(service)
    for day in range(10):
        owner.execute(THEN, (LONG_AGO + timedelta(days=day // 3), str(day), [uuid4()]))
    assert place_reads(service) == 0
    assert sweep(service) == 10
    assert sweep(service) == 0
    assert placed(service) == ["aino", "bo", *map(str, range(10))]


def test_eight_who_read_and_three_who_give_places_leave_no_gap(reads: Region, service: Connection) -> None:
    over, start = threading.Event(), threading.Barrier(11)

    def log(number: int) -> None:
        start.wait()
        with reads.connect() as connection:
            for turn in range(25):
                read(connection, f"{number}.{turn}")

    def place(number: int) -> int:
        start.wait()
        total = 0
        with reads.connect() as connection:
            while not over.is_set():
                total += place_reads(connection, limit=3) if number else sweep(connection)
        return total

    with ThreadPoolExecutor(11) as threads:
        placing = [threads.submit(place, it) for it in range(3)]
        for it in [threads.submit(log, it) for it in range(8)]:
            it.result(60)
        over.set()
        total = sum(it.result(60) for it in placing)
    total += place_reads(service)
    assert total == 200
    assert sorted(map(str, placed(service))) == sorted(f"{number}.{turn}" for number in range(8) for turn in range(25))


def test_whoever_logs_a_read_waits_for_nobody_who_gives_places(reads: Region, service: Connection) -> None:
    read(service, "aino")
    with reads.connect() as placing, placing.transaction():
        assert place_reads(placing) == 1
        service.execute("SET lock_timeout = '100ms'")
        read(service, "bo")
    assert place_reads(service) == 1
    assert placed(service) == ["aino", "bo"]


class Killed(Connection[Any]):
    """A connection that the server ends before one of its statements, or before the commit."""

    at: int
    owner: Region
    count = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        self.step()
        return super().execute(*args, **kwargs)

    @contextmanager
    def transaction(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        with super().transaction(*args, **kwargs) as it:
            yield it
            self.step()

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            with self.owner.connect(owner=True) as owner:
                owner.execute("SELECT pg_terminate_backend(%s, 5000)", (self.info.backend_pid,))


STEPS = {
    1: "the last look", 2: "looking", 3: "the fence", 4: "the places", 5: "the position", 6: "the look",
    7: "the commit",
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS, ids=STEPS.get)
def test_killed_before_any_step_no_place_is_lost_or_given_twice(reads: Region, service: Connection, step: int) -> None:
    read(service, "aino")
    place_reads(service)
    read(service, "bo", "cilla")
    with Killed.connect(reads.conninfo(), autocommit=True) as killed:
        killed.at, killed.owner = step, reads
        with pytest.raises(psycopg.OperationalError):
            place_reads(killed)
    assert placed(service) == ["aino"]
    assert place_reads(service) == 2
    assert placed(service) == ["aino", "bo", "cilla"]


def test_the_service_changes_no_place_and_takes_none_back(service: Connection) -> None:
    read(service, "aino")
    place_reads(service)
    for statement in ("UPDATE reads_sequence SET id = 7", "DELETE FROM reads_sequence", "DELETE FROM reads_state"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(statement.encode())


# Entries


def test_a_read_keeps_its_place_and_entry_when_it_moves_into_the_part_of_its_month(
    service: Connection, owner: Connection
) -> None:
    owner.execute(THEN, (LONG_AGO, "aino", [uuid4()]))
    place_reads(service)
    before = read_entries(service, "koe", 0, 10)
    assert len(make_ahead(service)) == 1
    assert (place_reads(service), sweep(service)) == (0, 0)
    assert read_entries(service, "koe", 0, 10) == before
    assert placed(service) == ["aino"]


def test_what_the_tree_has_stays_in_it_when_an_old_part_is_dropped(
    reads: Region, service: Connection, owner: Connection
) -> None:
    owner.execute(THEN, (LONG_AGO, "aino", [uuid4()]))
    make_ahead(service)
    read(service, "bo")
    place_reads(service)
    entries = read_entries(service, reads.name, 0, 10)
    READS.catch_up(service, reads.name)
    owner.execute("DROP TABLE reads_2025_03")
    read(service, "cilla")
    assert (sweep(service), place_reads(service)) == (1, 0)
    assert placed(service) == [None, "bo", "cilla"]
    entries += read_entries(service, reads.name, 2, 10)
    tree = READS.catch_up(service, reads.name)
    assert (tree.size, tree.root()) == (3, Tree(entries).root(3))
    assert Tiles(service, "reads").tile(0, 0, 3) == b"".join(map(leaf_hash, entries))


def test_a_read_that_is_gone_before_the_tree_has_it_is_told(service: Connection, owner: Connection) -> None:
    read(service, "aino", "bo", "cilla")
    place_reads(service)
    owner.execute("DELETE FROM reads WHERE who = 'bo'")
    with pytest.raises(ReadMissing, match="2"):
        read_entries(service, "koe", 0, 10)
    assert len(read_entries(service, "koe", 2, 10)) == 1


def test_entries_come_by_place_from_any_place_on(service: Connection) -> None:
    read(service, *"abcdef")
    place_reads(service)
    entries = read_entries(service, "koe", 0, 100)
    assert len(set(entries)) == 6
    assert [read_entries(service, "koe", after, 2) for after in (0, 2, 4, 5, 6)] == [
        entries[:2], entries[2:4], entries[4:], entries[5:], [],
    ]  # fmt: skip
    assert read_entries(service, "muu", 0, 100)[0] != entries[0]


def test_an_entry_is_what_the_documentation_says(service: Connection, owner: Connection) -> None:
    case = UUID("5b2dd6a6-7a3b-4d52-9f6f-2d6b6a9f0c11")
    at = datetime(2025, 3, 17, 14, 0, 0, 7, timezone(timedelta(hours=2)))
    owner.execute(
        "INSERT INTO reads VALUES (7, %s, 'Åke \"Ö\"\n\x07', 'auditor', NULL, NULL, NULL, 'Replay', 'command-line',"
        " 'audit', 'laillisuus', 'D/1', %s, '{\"version\":  \"3\"}')",
        (at, [case]),
    )  # fmt: skip
    place_reads(service)
    row = (
        '[7,1742212800000007,"Åke \\"Ö\\"\\n\\u0007","auditor",null,null,null,"Replay","command-line","audit",'
        '"laillisuus","D/1",["5b2dd6a6-7a3b-4d52-9f6f-2d6b6a9f0c11"],"{\\"version\\":  \\"3\\"}"]'
    ).encode()
    (salt,) = service.execute("SELECT salt FROM reads_sequence").fetchone() or (None,)
    assert isinstance(salt, UUID)
    parts = (b"luotsi-read-1", b"koe", salt.bytes, row)
    hashed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    assert read_entries(service, "koe", 0, 1) == [hashlib.sha256(hashed).digest()]


columns = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@for_all(st.integers(1, 2**63 - 1), st.datetimes(timezones=st.just(UTC)), st.lists(columns, min_size=12, max_size=12))
def test_an_entry_is_made_of_json_as_anybody_writes_it(number: int, at: datetime, told: list[str | None]) -> None:
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    row = json.dumps([number, microseconds, *told], ensure_ascii=False, separators=(",", ":")).encode()
    salt = UUID(int=number)
    parts = (b"luotsi-read-1", b"koe", salt.bytes, row)
    hashed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    assert read_entry("koe", salt, number, at, *told) == hashlib.sha256(hashed).digest()


# Beside the service


def test_the_log_is_swept_at_the_start_by_one_at_a_time_and_again_after_a_while(
    reads: Region, service: Connection, owner: Connection
) -> None:
    read(service, "aino")
    place_reads(service)
    owner.execute(THEN, (LONG_AGO, "before", [uuid4()]))
    two = [ReadSweep(reads), ReadSweep(reads, pause=0.01)]
    two[0].start()
    try:
        eventually(lambda: placed(service) == ["aino", "before"])
        two[1].start()
        owner.execute(THEN, (LONG_AGO, "again", [uuid4()]))
        two[0].stop()
        eventually(lambda: placed(service) == ["aino", "before", "again"])
        owner.execute(THEN, (LONG_AGO, "and again", [uuid4()]))
        eventually(lambda: placed(service)[-1] == "and again")
    finally:
        for it in two:
            it.stop()
