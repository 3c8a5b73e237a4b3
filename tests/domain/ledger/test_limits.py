"""Limits, clocks and settings: what the ledger waits for, what time it goes by, and what it refuses to work under."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from domain.decider import BeforeTheBeginning, HappensInFuture, OffsetMissing
from domain.ledger.application import Cases, UnsafeSetting, ask
from domain.ledger.clock import DatabaseClock
from domain.ledger.database import (
    BATCH_SECONDS,
    POOL_WAIT_SECONDS,
    REQUEST_SECONDS,
    DatabaseUnavailable,
    Pool,
    Region,
)
from domain.ledger.keys.keks import keks_in
from domain.ledger.postgres import Server
from domain.voice import RecordStatement
from projections.live import Live
from tests.domain.ledger.conftest import MODELS, eventually, stored
from tests.town import AINO, Town


def show(connection: psycopg.Connection[tuple[str]], setting: str) -> str:
    row = connection.execute(f"SHOW {setting}".encode()).fetchone()
    assert row
    return row[0]


def test_a_request_ends_at_ten_seconds_and_a_batch_at_sixty(town: Town) -> None:
    assert (REQUEST_SECONDS, BATCH_SECONDS, POOL_WAIT_SECONDS) == (10, 60, 2.0)
    with town.cases.pool.connection() as request, town.cases.region.connect() as batch:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            assert (show(request, setting), show(batch, setting)) == ("10s", "1min")
        for connection in (request, batch):
            assert show(connection, "role") == town.cases.region.service
            assert show(connection, "TimeZone") == "UTC"
            assert show(connection, "tcp_keepalives_idle") == "5"
            assert connection.autocommit


def test_a_batch_that_takes_too_long_is_ended(town: Town) -> None:
    with town.cases.region.connect(seconds=1) as batch, pytest.raises(psycopg.errors.QueryCanceled):
        batch.execute("SELECT pg_sleep(30)")


def test_a_request_that_takes_too_long_is_ended_and_told_so_at_once(town: Town) -> None:
    case = town.case()
    pool = Pool(town.cases.region, 1)
    cases = Cases(pool, town.cases.keyring.keks, Live(MODELS))
    Town(cases).say(case)
    with pool.connection() as connection:
        connection.execute("SET statement_timeout = '100ms'")
    with town.cases.region.connect(owner=True) as owner, owner.transaction():
        owner.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        with pytest.raises(DatabaseUnavailable) as told:
            Town(cases).say(case)
    assert told.value.undone
    assert len(stored(town.cases.region, case)) == 2
    assert Town(cases).say(case).last == 3
    cases.close()
    pool.close()


def test_when_all_connections_are_busy_it_says_so_in_time_and_goes_on_later(town: Town) -> None:
    case = town.case()
    pool = Pool(town.cases.region, 1, wait=0.05)
    cases = Cases(pool, town.cases.keyring.keks, Live(MODELS))
    Town(cases).say(case)
    with pool.connection(), pytest.raises(DatabaseUnavailable) as told:
        Town(cases).say(case)
    assert told.value.undone
    assert Town(cases).say(case).last == 3
    cases.close()
    pool.close()


def test_a_request_waits_for_a_connection_that_comes_free(town: Town) -> None:
    case = town.case()
    pool = Pool(town.cases.region, 1)
    cases = Cases(pool, town.cases.keyring.keks, Live(MODELS))
    with ThreadPoolExecutor(1) as threads:
        with pool.connection():
            waiting = threads.submit(Town(cases).say, case)
            eventually(lambda: pool._pool.get_stats().get("requests_waiting"))
            assert not waiting.done()
        assert waiting.result(10).last == 2
    cases.close()
    pool.close()


def test_a_database_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    pool = Pool(Region("postgresql://nobody@127.0.0.1:1/none"), wait=0.05)
    cases = Cases(pool, keks_in(tmp_path, pool.region.name))
    with pytest.raises(DatabaseUnavailable):
        Town(cases).client()
    cases.close()
    pool.close()


# Settings of the library


@pytest.mark.parametrize(
    "setting",
    ["POSTGRES_ENABLE_DB_FUNCTIONS", "CREATE_TABLE", "IS_SNAPSHOTTING_ENABLED", "AGGREGATE_CACHE_MAXSIZE",
     "AGGREGATE_CACHE_FASTFORWARD", "PERSISTENCE_MODULE", "MAPPER_TOPIC", "TRANSCODER_TOPIC", "COMPRESSOR_TOPIC",
     "CIPHER_TOPIC", "APPLICATION_RECORDER_TOPIC"],
)  # fmt: skip
@pytest.mark.parametrize("prefix", ["", "LUOTSI_"])
def test_a_setting_of_the_library_that_the_ledger_does_not_work_under_is_refused(
    cases: Cases, monkeypatch: pytest.MonkeyPatch, setting: str, prefix: str
) -> None:
    monkeypatch.setenv(f"{prefix}{setting}", "y")
    with pytest.raises(UnsafeSetting, match=setting):
        Cases(cases.pool, cases.keyring.keks)


def test_other_settings_are_nobodys_business(cases: Cases) -> None:
    provider = cases.keyring.keks
    assert Cases(cases.pool, provider, environment={"LUOTSI_HOME": "x", "POSTGRES_DBNAME": "x"})
    with pytest.raises(UnsafeSetting):
        Cases(cases.pool, provider, environment={"CREATE_TABLE": "y"})


# Clocks


def now_there(region: Region) -> datetime:
    with region.connect() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row
    assert isinstance(row[0], datetime)
    return row[0]


def test_what_is_recorded_goes_by_the_databases_clock(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    case = town.case()
    for _ in range(3):
        before = now_there(town.cases.region)
        town.say(case)
        town.cases.clock._answer = None  # so that it is asked again
        town.say(case)
        after = now_there(town.cases.region)
        recorded = [it.context.recorded for it in town.cases.history(case)[-2:]]
        assert before - timedelta(milliseconds=50) <= recorded[0] <= recorded[1] <= after
        assert {it.utcoffset() for it in recorded} == {timedelta(0)}
    monkeypatch.setattr("domain.ledger.clock._TRUSTED_SECONDS", 0.0)  # and where it is never trusted
    assert town.say(case).last == 8


def test_what_is_recorded_never_runs_backward_in_a_stream(town: Town, elsewhere: Town) -> None:
    case = town.case()
    ahead, behind = timedelta(hours=2), timedelta(hours=-2)
    for n, skew in enumerate([ahead, behind, timedelta(0), behind]):
        here = (town, elsewhere)[n % 2]
        here.cases.loaded(case, RecordStatement.state)
        here.cases.clock.heard(now_there(town.cases.region) + skew)
        here.say(case)
    recorded = [it.context.recorded for it in town.cases.history(case)]
    assert recorded == sorted(recorded)
    assert recorded[1] > datetime.now(UTC) + timedelta(hours=1)
    assert len(set(recorded[1:])) == 1


def test_a_clock_that_was_asked_too_long_ago_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    steady = [100.0]
    monkeypatch.setattr("domain.ledger.clock.time.monotonic", lambda: steady[0])
    clock, said = DatabaseClock(), datetime(2025, 3, 3, tzinfo=UTC)
    assert clock.now() is None
    assert clock.reckoned() is None
    clock.heard(said)
    steady[0] = 100.5
    assert clock.now() == clock.reckoned() == said + timedelta(seconds=0.5)
    steady[0] = 102
    assert clock.now() is None
    assert clock.reckoned() == said + timedelta(seconds=2)


def test_a_time_is_a_moment_in_the_past_of_the_case(town: Town) -> None:
    case = town.case()
    now = now_there(town.cases.region)
    for occurred, refusal in [
        (now.replace(tzinfo=None), OffsetMissing),
        (now + timedelta(hours=1), HappensInFuture),
        (now - timedelta(days=1), BeforeTheBeginning),
    ]:
        with pytest.raises(refusal):
            town.cases.execute(ask(RecordStatement("sanat"), case, AINO, occurred=occurred))
    assert len(stored(town.cases.region, case)) == 1


def test_the_server_under_test_is_a_real_one(postgres: Server) -> None:
    with psycopg.connect(postgres.url) as connection:
        assert connection.info.server_version >= 180000
        assert show(connection, "fsync") == "on"
