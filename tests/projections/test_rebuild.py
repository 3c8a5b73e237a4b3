"""The read tables are rebuilt online: while writers write, in parallel, killed and resumed, beside an older version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.case import Case
from domain.decider import Recorded
from domain.intake import OpenCase
from domain.ledger.application import TooBusy
from domain.ledger.database import Region
from domain.ledger.migrate import migrate
from projections.behind import behind, count_behind
from projections.catch_up import CatchUp
from projections.live import Live
from projections.projection import AnyProjection, every_projection
from projections.rebuild import rebuild, rebuild_cases, start_over, verify
from tests.town import AINO, BO, Town, ledger

OWNER = next(it for it in every_projection() if it.name == "owner")


@pytest.fixture
def region(database: str) -> Region:
    return Region(database, "koe")


@pytest.fixture
def town(region: Region, tmp_path: Path) -> Iterator[Town]:
    with ledger(region, tmp_path) as cases:
        yield Town(cases).settle()


def test_what_is_written_live_is_what_a_fresh_fold_gives(town: Town, region: Region) -> None:
    case = town.case()
    town.say(case)
    town.hand_over(case)
    assert rebuild(region).cases == 0
    assert verify(region).differences == []


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE owner_v2 SET number = number + 7", "not what a fresh fold gives"),
        ("DELETE FROM owner_v2", "not what a fresh fold gives"),
        ("UPDATE projected SET current = array_remove(current, 'owner_v2')", "behind its events"),
        ("DELETE FROM projected", "behind its events"),
        ("UPDATE projected SET head = 1", "behind its events"),
        ('UPDATE owner_v2 SET "case" = gen_random_uuid()', "rows of a case that does not exist"),
    ],
)
def test_verification_names_each_difference_and_a_rebuild_mends_it(
    town: Town, region: Region, damage: str, what: str
) -> None:
    case = town.case()
    town.hand_over(case)
    with region.connect() as connection:
        connection.execute(damage.encode())
    assert what in {it.what for it in verify(region, ["owner"]).differences}
    with region.connect() as connection:
        connection.execute('DELETE FROM owner_v2 WHERE "case" NOT IN (SELECT "case" FROM clients)')
    rebuild(region, ["owner"])
    assert verify(region, ["owner"]).differences == []
    rebuild(region)
    assert verify(region).differences == []


def test_a_rebuild_races_eight_writers_and_every_row_is_right(town: Town, region: Region) -> None:
    cases = [town.case() for _ in range(4)]
    enough = threading.Event()

    def write(number: int) -> int:
        written = 0
        while not enough.is_set() and written < 200:
            with suppress(TooBusy):  # as a caller would: it tries again
                town.say(cases[(number + written) % len(cases)])
                written += 1
        return written

    with ThreadPoolExecutor(8) as writers:
        writing = [writers.submit(write, number) for number in range(8)]
        for _ in range(5):
            rebuild(region, [it.name for it in every_projection()])
        enough.set()
        assert sum(it.result() for it in writing) > 0
    rebuild(region)
    assert verify(region).differences == []


def test_several_processes_rebuild_together_and_tell_how_far_they_are(town: Town, region: Region) -> None:
    for _ in range(3):
        case = town.case()
        for _ in range(10):
            town.say(case)
    told: list[tuple[int, int]] = []
    outcome = rebuild(region, ["owner", "voice"], processes=2, progress=lambda done, size: told.append((done, size)))
    assert (outcome.cases, outcome.events) == (3, 33)
    assert told[-1] == (33, 33)
    assert verify(region, processes=2).differences == []


def test_a_rebuild_that_is_killed_goes_on_where_it_was(town: Town, region: Region) -> None:
    cases = [town.case() for _ in range(6)]
    with region.connect() as connection:
        start_over(connection, [OWNER])
        rebuild_cases(connection, [OWNER], cases[:2])
        assert len(behind(connection, [OWNER])) == 4
        other = region.connect()  # another rebuilder, killed with the batch in hand
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM projected WHERE stream = %s FOR UPDATE", (cases[2],))
        other.execute('DELETE FROM owner_v2 WHERE "case" = %s', (cases[2],))
        assert rebuild_cases(connection, [OWNER], [cases[2]]).cases == 0
        with region.connect(owner=True) as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", (other.info.backend_pid,))
        other.close()
        assert len(behind(connection, [OWNER])) == 4
    assert rebuild(region).cases == 4
    assert verify(region).differences == []


def test_a_rebuilding_process_that_is_killed_leaves_nothing_half_replaced(town: Town, region: Region) -> None:
    for _ in range(30):
        case = town.case()
        for _ in range(20):
            town.say(case)
    program = (
        "import sys; from domain.ledger.database import Region; from projections import rebuild\n"
        "rebuild.BATCH_EVENTS = 20\n"
        "rebuild.rebuild(Region(sys.argv[1], 'koe'), ['voice'], progress=lambda d, s: print(d, flush=True))"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", program, region.url], stdout=subprocess.PIPE, cwd=root, env=os.environ
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    assert rebuild(region).cases > 0
    assert verify(region).differences == []


def test_a_new_version_is_built_while_the_old_one_serves(town: Town, region: Region, tmp_path: Path) -> None:
    case = town.case()
    newer = tuple(replace(it, version=it.version + 1) if it.name == "owner" else it for it in every_projection())
    migrate(region, Live(newer).tables)
    town.hand_over(case)  # an older release still writes
    with region.connect() as connection:
        assert dict(count_behind(connection, newer))["owner"] == 1
        follower = CatchUp(region, newer, pause=0.05)
        follower.start()
        assert follower.done.wait(10)
        town.say(case, by=BO)
        town.hand_over(case, by=BO, to=AINO)
        follower.stop()
        while behind(connection, newer):
            rebuild_cases(connection, newer, [case])
        old = connection.execute("SELECT number, responsible_worker FROM owner_v2 ORDER BY 1").fetchall()
        new = connection.execute("SELECT number, responsible_worker FROM owner_v3 ORDER BY 1").fetchall()
    assert old == new
    assert len(new) == 3
    with ledger(region, tmp_path, Live(newer)) as cases:  # the new release writes its own
        Town(cases).say(case)
        with region.connect() as connection:
            assert not behind(connection, newer)
            assert [it for it, _ in behind(connection, every_projection())] == [case]


def test_a_fold_that_raises_does_not_stop_a_handoff_and_is_caught_up_later(region: Region, tmp_path: Path) -> None:
    raising = True

    def fold(rows: tuple[Any, ...], it: Recorded) -> tuple[Any, ...]:
        if raising and it.version > 1:
            raise RuntimeError("asunnon menettäminen")
        now: tuple[Any, ...] = OWNER.fold(rows, it)
        return now

    poisoned: AnyProjection = replace(OWNER, fold=fold)
    projections = tuple(poisoned if it is OWNER else it for it in every_projection())
    with ledger(region, tmp_path, Live(projections)) as cases:
        town = Town(cases).settle()
        case = town.case()
        town.hand_over(case)
        with region.connect() as connection:
            assert count_behind(connection, projections) == {it.name: int(it is poisoned) for it in projections}
            raising = False
            assert rebuild_cases(connection, projections, [case]).aside == set()
        town.say(case, by=BO)
    assert verify(region).differences == []


@pytest.mark.parametrize("wrong", [{"number": 2**70}, {"number": None}, {"owned_by": "\0"}, None])
def test_rows_that_fit_no_table_set_their_case_aside_and_stop_nothing_else(
    region: Region, tmp_path: Path, wrong: dict[str, Any] | None
) -> None:
    odd: list[UUID] = []

    def fold(rows: tuple[Any, ...], it: Recorded) -> tuple[Any, ...]:
        rows = OWNER.fold(rows, it)
        return tuple(replace(row, **wrong) if wrong else "no row" for row in rows) if it.stream in odd else rows

    projections = tuple(replace(it, fold=fold) if it is OWNER else it for it in every_projection() if it.of is Case)
    with ledger(region, tmp_path, Live(projections)) as cases:
        town = Town(cases).settle()
        odd.append(uuid4())
        town.do(OpenCase(town.client(), "asunto"), odd[0], AINO)
        fine = town.case()
        with region.connect() as connection:
            assert [it for it, _ in behind(connection, projections)] == odd
            start_over(connection, projections)
            assert rebuild_cases(connection, projections, sorted([odd[0], fine])).aside == set(odd)
            assert [it for it, _ in behind(connection, projections)] == odd


def test_an_event_that_nobody_can_read_sets_its_case_aside_and_stops_nothing_else(town: Town, region: Region) -> None:
    odd, fine = town.case(), town.case()
    with region.connect(owner=True) as owner:
        owner.execute(
            "UPDATE events SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'case-opened', 'case-beamed'),"
            " 'UTF8') WHERE stream = %s",
            (odd,),
        )
    outcome = rebuild(region, ["owner"])
    assert outcome.aside == {odd}
    with region.connect() as connection:
        assert [it for it, _ in behind(connection, [OWNER])] == [odd]
        rows: list[tuple[UUID]] = connection.execute('SELECT DISTINCT "case" FROM owner_v2').fetchall()
    assert {case for (case,) in rows} == {odd, fine}
