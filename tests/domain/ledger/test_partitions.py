"""The log of reads by the month: nothing is refused for want of a part, and nothing in a part is ever changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from domain.ledger import migrate as module
from domain.ledger.database import Region
from domain.ledger.migrate import migrate
from domain.ledger.partitions import KEPT_YEARS, make_ahead, over_age
from tests.domain.ledger.conftest import eventually

LINE = "INSERT INTO reads (who, role, what, via, why, cases) VALUES ('aino', 'worker', 'ReadCase', 'http', 'work', %s)"
THEN = "INSERT INTO reads (at, who, role, what, via, why, cases) VALUES (%s, 'a', 'worker', 'x', 'http', 'work', %s)"


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


def months(owner: Connection) -> list[str]:
    """Return the months that have a part."""
    found = owner.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'reads'::regclass ORDER BY 1"
    ).fetchall()
    return [name for (name,) in found if name != "reads_other"]


def part_of(connection: Connection, case: UUID) -> list[str]:
    """Return where what was read of a case is kept."""
    found = connection.execute("SELECT tableoid::regclass::text FROM reads WHERE %s = ANY (cases)", (case,))
    return [name for (name,) in found.fetchall()]


def ahead(count: int) -> list[str]:
    now = datetime.now(UTC)
    of = [divmod(now.year * 12 + now.month - 1 + it, 12) for it in range(count)]
    return [f"reads_{year}_{month + 1:02}" for year, month in of]


@pytest.mark.rule(23)
def test_this_month_and_the_next_three_have_their_parts_and_no_second_time(
    owner: Connection, service: Connection
) -> None:
    assert months(owner) == ahead(4)
    assert make_ahead(service) == []
    assert months(owner) == ahead(4)


@pytest.mark.rule(23)
def test_the_service_makes_what_is_missing(owner: Connection, service: Connection) -> None:
    for name in (ahead(1)[0], ahead(4)[3]):
        owner.execute(f"DROP TABLE {name}".encode())
    assert len(make_ahead(service)) == 2
    assert months(owner) == ahead(4)


@pytest.mark.rule(23)
def test_what_is_read_in_a_month_without_a_part_is_kept_and_moves_into_it_once_it_is_there(
    owner: Connection, service: Connection
) -> None:
    now, before = uuid4(), uuid4()
    owner.execute(f"DROP TABLE {ahead(1)[0]}".encode())
    service.execute(LINE, ([now],))
    owner.execute(THEN, ("2025-03-31T23:59:59.999999Z", [before]))
    assert part_of(service, now) == part_of(service, before) == ["reads_other"]
    assert make_ahead(service)[1:] == [date(2025, 3, 1)]
    assert part_of(service, now) == ahead(1)
    assert part_of(service, before) == ["reads_2025_03"]


@pytest.mark.rule(23)
def test_nobody_has_a_part_made_for_a_month_that_needs_none(owner: Connection, service: Connection) -> None:
    for month in ("2031-01-01", "1999-12-01", "2025-03-17"):
        assert service.execute("SELECT make_reads_month(%s)", (month,)).fetchone() == (False,)
    assert months(owner) == ahead(4)


@pytest.mark.rule(23)
def test_of_several_that_make_the_same_part_one_does_and_no_reading_is_lost_between_them(
    reads: Region, owner: Connection, service: Connection
) -> None:
    owner.execute(f"DROP TABLE {ahead(1)[0]}".encode())
    over, made, logged, refused = threading.Event(), [], [], []

    def make() -> None:
        with reads.connect() as connection:
            made.extend(make_ahead(connection))

    def read() -> None:
        with reads.connect() as connection:
            while not over.is_set():
                case = uuid4()
                try:
                    connection.execute(LINE, ([case],))
                    logged.append(case)
                except psycopg.errors.CheckViolation:  # its part came between: nothing is served, and the next is
                    refused.append(case)

    threads = [threading.Thread(target=it) for it in (read, read, make, make, make)]
    for it in threads[:2]:
        it.start()
    eventually(lambda: len(logged) > 20)
    for it in threads[2:]:
        it.start()
    for it in threads[2:]:
        it.join()
    eventually(lambda: part_of(service, logged[-1]) == ahead(1))
    over.set()
    for it in threads[:2]:
        it.join()
    assert len(made) == 1
    found = service.execute("SELECT cases[1] FROM reads WHERE tableoid = %s::regclass", (ahead(1)[0],)).fetchall()
    assert {case for (case,) in found} == set(logged)
    assert len(found) == len(logged)


@pytest.mark.rule(23)
def test_a_part_that_cannot_be_made_now_is_made_the_next_time(
    owner: Connection, service: Connection, reads: Region, caplog: pytest.LogCaptureFixture
) -> None:
    case = uuid4()
    owner.execute(f"DROP TABLE {ahead(1)[0]}".encode())
    service.execute(LINE, ([case],))
    with reads.connect(owner=True) as busy, busy.transaction():
        busy.execute("SELECT count(*) FROM reads_other")
        service.execute("SET statement_timeout = '50ms'")
        assert make_ahead(service) == []
    assert "has no part yet" in caplog.text
    service.execute("SET statement_timeout = 0")
    assert len(make_ahead(service)) == 1
    assert part_of(service, case) == ahead(1)


@pytest.mark.rule(23)
def test_nothing_in_a_part_is_changed_dropped_or_written_by_its_own_name(
    owner: Connection, service: Connection
) -> None:
    owner.execute(THEN, ("2025-03-17T12:00:00Z", [uuid4()]))
    make_ahead(service)
    for part in [*months(owner), "reads_other"]:
        for statement in (
            f"SELECT * FROM {part}", f"UPDATE {part} SET who = 'muu'", f"DELETE FROM {part}", f"TRUNCATE {part}",
            f"DROP TABLE {part}", f"ALTER TABLE reads DETACH PARTITION {part}",
            LINE.replace("reads", part, 1).replace("%s", "ARRAY[gen_random_uuid()]"),
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(statement.encode())


@pytest.mark.rule(23)
def test_nothing_in_the_log_is_changed_nor_its_time_or_number_chosen(service: Connection) -> None:
    service.execute(LINE, ([uuid4()],))
    for statement in (
        "UPDATE reads SET who = 'muu'", "DELETE FROM reads", "TRUNCATE reads", "DROP TABLE reads",
        "SELECT setval('reads_ids', 1)",
        LINE.replace("(who", "(at, who").replace("('aino'", "(now(), 'aino'").replace("%s", "ARRAY[gen_random_uuid()]"),
        LINE.replace("(who", "(id, who").replace("('aino'", "(7, 'aino'").replace("%s", "ARRAY[gen_random_uuid()]"),
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(statement.encode())


@pytest.mark.rule(23)
def test_why_is_never_a_text_of_the_readers_own(service: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        service.execute(LINE.replace("'work'", "'päätöksen valmistelu'"), ([uuid4()],))


def test_every_part_is_found_by_case_by_reader_and_in_order(owner: Connection) -> None:
    for part in [*months(owner), "reads_other"]:
        found = owner.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s", (part,)
        ).fetchall()
        told = {definition.partition(" USING ")[2] for (definition,) in found}
        assert told == {"gin (cases) WITH (fastupdate=off)", "btree (who, at)", "btree (at, id)"}


def test_the_lines_of_before_keep_their_times_numbers_and_cases_and_lose_their_readers_words(
    region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = list(module._migrations())
    case, then = uuid4(), datetime(2024, 5, 6, tzinfo=UTC)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_migrations", lambda: iter(files[:3]))
        migrate(region)
    with region.connect(owner=True) as owner:
        for role, what, why in (("worker", "ReadCase", "omat sanat"), ("auditor", "Replay", None)):
            owner.execute(_BEFORE, (then, role, what, why, [case]))
    migrate(region)
    with region.connect() as service:
        found = service.execute("SELECT id, at, role, what, via, why, cases FROM reads ORDER BY id").fetchall()
        service.execute(LINE, ([case],))
        (last,) = service.execute("SELECT max(id) FROM reads").fetchone() or (None,)
        assert part_of(service, case)[:2] == ["reads_2024_05", "reads_2024_05"]
    assert found == [
        (1, then, "worker", "ReadCase", "http", "work", [case]),
        (2, then, "auditor", "Replay", "command-line", "audit", [case]),
    ]
    assert last == 3


_BEFORE = "INSERT INTO reads (at, who, role, what, why, cases) VALUES (%s, 'aino', %s, %s, %s, %s)"


def test_the_parts_that_are_over_age_are_told_and_dropped_by_the_owner_whole(
    owner: Connection, service: Connection
) -> None:
    now, case = datetime.now(UTC), uuid4()
    kept = now.replace(year=now.year - KEPT_YEARS, day=1)
    gone = datetime(kept.year - 1, 12, 31, tzinfo=UTC)
    for then in (kept, gone):
        owner.execute(THEN, (then, [case]))
    make_ahead(service)
    assert over_age(service) == [f"reads_{gone.year}_12"]
    owner.execute(f"DROP TABLE reads_{gone.year}_12".encode())
    assert over_age(service) == []
    assert part_of(service, case) == [f"reads_{kept.year}_{kept.month:02}"]
