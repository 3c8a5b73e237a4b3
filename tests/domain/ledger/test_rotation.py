"""The rotation: survivors under a new key, the old one destroyed, whoever writes, races or is killed meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from psycopg.errors import InsufficientPrivilege, RaiseException

from domain.intake import OpenCase
from domain.ledger.application import ask
from domain.ledger.beside import elected
from domain.ledger.database import Region
from domain.ledger.keys.keks import Keks, kek_of, keks_in
from domain.ledger.keys.seal import FIRST, KekMissing, KekWrong
from domain.ledger.migrate import migrate
from domain.ledger.rotation import (
    AHEAD,
    EVERY,
    Rotation,
    RotationUnderWay,
    Standing,
    SurvivorsStuck,
    begin,
    forgets_on,
    hear,
    is_due,
    rotate,
    status,
)
from projections.live import Live
from tests.domain.ledger.conftest import eventually, overtaken, until_write
from tests.town import AINO, Town, ledger

ROOT = Path(__file__).parents[3]
NOTHING = Live([])
NEED = {"need": "asunnon menettäminen"}


@pytest.fixture
def town(region: Region, tmp_path: Path) -> Iterator[Town]:
    with ledger(region, tmp_path, NOTHING) as cases:
        yield Town(cases).settle()


@pytest.fixture
def elsewhere(town: Town, tmp_path: Path) -> Iterator[Town]:
    with ledger(town.cases.region, tmp_path, NOTHING) as cases:
        yield Town(cases)


def keks_of(town: Town) -> Keks:
    return town.cases.keyring.keks


def wrapped(region: Region) -> dict[UUID, bytes]:
    """Return every stream's key as it is stored."""
    with region.connect() as connection:
        return {stream: bytes(it) for stream, it in connection.execute("SELECT stream, wrapped FROM keys").fetchall()}


def under(region: Region) -> set[UUID]:
    return {kek_of(it) for it in wrapped(region).values()}


def standings(region: Region) -> list[Standing]:
    with region.connect() as connection:
        return status(connection)


def words(town: Town, case: UUID) -> dict[str, str]:
    return {name: said for name, said in town.cases.words(case)[1].items() if name != "client"}


def anew(town: Town, region: Region, home: Path) -> dict[UUID, dict[str, str]]:
    """Return what a process that begins now reads of every case."""
    with ledger(region, home, town.cases.models) as cases:
        with region.connect() as connection:
            found = connection.execute('SELECT "case" FROM clients').fetchall()
        return {case: words(Town(cases), case) for (case,) in found}


def aged(region: Region, age: timedelta) -> None:
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE keks SET made = clock_timestamp() - %s::interval WHERE retired IS NULL", (age,))


def test_a_ledger_begins_with_one_key_however_many_begin_it(region: Region, tmp_path: Path) -> None:
    migrate(region)
    several = [keks_in(tmp_path, region.name) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda it: begin(region, it), several))
    assert sorted(made) == [False, False, False, True]
    (only,) = standings(region)
    assert (only.retired, only.destroyed, only.streams) == (None, None, 0)
    for it in several:
        hear(region, it)
        assert it.current == only.id
    assert [it.name for it in (tmp_path / region.name).iterdir()] == [f"{only.id}.key"]


def test_everything_is_wrapped_anew_and_the_old_key_is_gone(town: Town, elsewhere: Town, tmp_path: Path) -> None:
    region, keks = town.cases.region, keks_of(town)
    cases = [town.case() for _ in range(3)]
    before, (old,) = wrapped(region), under(region)
    assert words(elsewhere, cases[0]) == NEED
    done = rotate(region, keks)
    after = wrapped(region)
    assert (done.destroyed, done.rewrapped, done.resumed) == ((old,), len(before), False)
    assert under(region) == {done.current} != {old}
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    was, now = standings(region)
    assert was.made
    assert was.retired
    assert was.destroyed
    assert (was.id, was.streams, now.id, now.retired) == (old, 0, done.current, None)
    assert was.made < was.retired < was.destroyed
    assert not keks.kept.path(old).exists()
    with pytest.raises(KekMissing):
        keks.unwrap(cases[0], before[cases[0]])
    for case in cases:  # in the process that rotated, in one that was there before, and in one that comes now
        assert words(town, case) == words(elsewhere, case) == NEED
    assert anew(town, region, tmp_path) == dict.fromkeys(cases, NEED)


def test_a_process_that_knows_only_the_old_key_is_refused_and_decides_again_under_the_new(
    town: Town, elsewhere: Town
) -> None:
    region = town.cases.region
    elsewhere.case()
    client, case = elsewhere.client(), uuid4()
    course = elsewhere.cases.steps([ask(OpenCase(client=client, need=NEED["need"]), case, AINO)])
    write = until_write(course)
    (act,) = write.acts
    assert act.wrapped
    old = kek_of(act.wrapped)
    done = rotate(region, keks_of(town))
    overtaken(write)
    assert case not in wrapped(region)
    assert old in done.destroyed
    elsewhere.do(OpenCase(client=client, need=NEED["need"]), case, AINO)
    assert under(region) == {done.current}
    assert words(town, case) == NEED
    course.close()


def test_who_was_about_to_wrap_under_the_old_key_is_waited_for(town: Town) -> None:
    region, stream = town.cases.region, uuid4()
    (old,) = under(region)
    late = keks_of(town).wrap(stream, bytes(32))
    with ThreadPoolExecutor(1) as threads, region.connect() as writer:
        with writer.transaction():
            assert writer.execute("SELECT wraps(%s)", (old,)).fetchone() == (True,)
            rotating = threads.submit(rotate, region, keks_of(town))
            eventually(lambda: waiting_for_a_lock(region, "change_kek"))
            writer.execute("INSERT INTO keys (stream, wrapped) VALUES (%s, %s)", (stream, late))
            assert not rotating.done()
        done = rotating.result(30)
        assert writer.execute("SELECT wraps(%s)", (old,)).fetchone() == (False,)
    assert under(region) == {done.current}
    assert keks_of(town).unwrap(stream, wrapped(region)[stream]) == bytes(32)


def waiting_for_a_lock(region: Region, doing: str) -> list[int]:
    """Return who waits for a lock to do this."""
    with region.connect(owner=True) as owner:
        found = owner.execute(
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
            " AND pid <> pg_backend_pid()",
            (f"%{doing}%",),
        ).fetchall()
    return [pid for (pid,) in found]


def test_who_brings_the_old_key_back_to_mind_keeps_nothing_under_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.ledger.rotation.BATCH", 1)
    region, keks = town.cases.region, keks_of(town)
    first = min(town.case() for _ in range(2))
    (old,) = under(region)
    proof = keks.read(old).proof
    with ThreadPoolExecutor(1) as threads, region.connect(owner=True) as owner:
        with owner.transaction():
            owner.execute("SELECT FROM keys WHERE stream <= %s FOR UPDATE", (first,))
            rotating = threads.submit(rotate, region, keks)
            eventually(lambda: waiting_for_a_lock(region, "rewrap_key"))
            keks.use(old, proof)  # by who looked before the change, and was slow
        done = rotating.result(30)
    assert done.destroyed == (old,)
    assert under(region) == {done.current}
    with pytest.raises(KekMissing):
        town.cases.keyring.wrapped(uuid4())
    assert words(town, town.case()) == NEED


def test_streams_begin_all_the_while(town: Town, elsewhere: Town, tmp_path: Path) -> None:
    region = town.cases.region
    with ThreadPoolExecutor(3) as threads:
        opening = [threads.submit(lambda it: [it.case() for _ in range(15)], it) for it in (town, elsewhere)]
        done = [threads.submit(lambda: [rotate(region, keks_of(town)) for _ in range(3)]).result(60)]
        cases = [case for it in opening for case in it.result(60)]
    assert under(region) == {done[-1][-1].current}
    assert anew(town, region, tmp_path) == dict.fromkeys(cases, NEED)
    assert [it.destroyed is None for it in standings(region)] == [False, False, False, True]


# Cut short


ROTATE = """
import sys
from pathlib import Path
from domain.ledger.database import Region
from domain.ledger.keys.keks import keks_in
from domain.ledger.rotation import rotate
region = Region(sys.argv[1], sys.argv[2])
print(rotate(region, keks_in(Path(sys.argv[3]), region.name)))
"""


def test_killed_in_the_middle_it_is_gone_on_with(town: Town, elsewhere: Town, tmp_path: Path) -> None:
    region, keks = town.cases.region, keks_of(town)
    case = town.case()
    (old,) = under(region)
    with region.connect(owner=True) as owner, owner.transaction():
        owner.execute("SELECT FROM keys WHERE stream = %s FOR UPDATE", (case,))  # so that it can't be wrapped anew
        command = [sys.executable, "-c", ROTATE, region.url, region.name, str(tmp_path / "keys")]
        with subprocess.Popen(command, cwd=ROOT, stdout=-1) as process:
            eventually(lambda: waiting_for_a_lock(region, "rewrap_key"), 30)
            with pytest.raises(RotationUnderWay):
                rotate(region, keks)
            process.send_signal(signal.SIGKILL)
    was, now = standings(region)
    assert (was.id, was.destroyed, now.retired) == (old, None, None)
    assert was.retired
    assert elsewhere.case()
    assert keks.kept.path(old).exists()
    with region.connect() as connection:
        assert is_due(connection)
        eventually(lambda: elected(connection, region, "rotation"))
    done = rotate(region, keks)
    assert (done.resumed, done.current, done.destroyed) == (True, now.id, (old,))
    assert under(region) == {now.id}
    assert words(elsewhere, case) == words(town, case) == NEED


def test_cut_short_before_the_new_key_is_used_that_one_is_taken_up(town: Town) -> None:
    region, keks, coming = town.cases.region, keks_of(town), uuid4()
    with region.connect() as connection:
        connection.execute("SELECT coming_kek(%s)", (coming,))
        assert connection.execute("SELECT coming_kek(%s)", (uuid4(),)).fetchone() == (coming,)
    key = keks.kept.make(coming)
    done = rotate(region, keks)
    assert (done.current, done.resumed) == (coming, False)
    assert keks.kept.open(coming) == key


def test_cut_short_after_the_file_is_gone_it_is_noted_that_it_is(town: Town) -> None:
    region, keks = town.cases.region, keks_of(town)
    (old,) = under(region)
    rotate(region, keks)
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE keks SET destroyed = NULL WHERE id = %s", (old,))
    assert rotate(region, keks).destroyed == (old,)
    assert len(standings(region)) == 2


def test_a_key_that_is_damaged_keeps_the_old_one_and_the_others_are_wrapped_anew(town: Town) -> None:
    region, keks = town.cases.region, keks_of(town)
    case, other = town.case(), town.case()
    (old,) = under(region)
    mended = wrapped(region)[case]
    put_back(region, case, mended[:-1] + bytes([mended[-1] ^ 1]))
    with pytest.raises(SurvivorsStuck, match="1 of them"):
        rotate(region, keks)
    assert keks.kept.path(old).exists()
    assert kek_of(wrapped(region)[other]) == keks.current != old
    assert forgets_on(region)
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE keks SET retired = retired - %s::interval WHERE id = %s", (2 * AHEAD, old))
    assert forgets_on(region) is None  # an erasure's receipt promises no day while older backups open
    put_back(region, case, mended)
    assert rotate(region, keks).destroyed == (old,)
    assert forgets_on(region)
    assert words(town, case) == NEED


def put_back(region: Region, stream: UUID, key: bytes) -> None:
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE keys SET wrapped = %s WHERE stream = %s", (key, stream))


# What the service may do


def test_the_service_changes_keys_by_the_rotation_alone(town: Town) -> None:
    region, keks, case = town.cases.region, keks_of(town), town.case()
    (current,) = under(region)
    stands = wrapped(region)[case]
    with region.connect() as service:
        for forbidden in (
            "UPDATE keys SET wrapped = ''", "DELETE FROM keys", "UPDATE keks SET retired = now()", "DELETE FROM keks",
            "INSERT INTO keks (id) VALUES (gen_random_uuid())",
        ):  # fmt: skip
            with pytest.raises(InsufficientPrivilege):
                service.execute(forbidden.encode())
        for old, new, done in (
            (keks.wrap(case, bytes(32)), keks.wrap(case, bytes(32)), False),
            (stands, aes_key_wrap(bytes(32), bytes(32)), False),
            (stands, keks.wrap(case, bytes(32)), True),
        ):
            assert service.execute("SELECT rewrap_key(%s, %s, %s)", (case, old, new)).fetchone() == (done,)
        with pytest.raises(RaiseException, match="keys are wrapped under"):
            service.execute("SELECT kek_destroyed(%s)", (current,))
        with pytest.raises(RaiseException, match="is not coming"):
            service.execute("SELECT change_kek(%s, %s)", (uuid4(), bytes(32)))
    assert [it.retired for it in standings(region)] == [None]


# When


def test_it_is_rotated_in_time_and_the_receipt_knows_when_the_last_backup_forgets(town: Town) -> None:
    region = town.cases.region
    (only,) = standings(region)
    assert only.made
    assert forgets_on(region) == only.made + EVERY
    with region.connect() as connection:
        assert not is_due(connection)
        aged(region, EVERY - AHEAD - timedelta(minutes=5))
        assert not is_due(connection)
        aged(region, EVERY - AHEAD)
        assert is_due(connection)
        aged(region, 5 * EVERY)
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    forgets = forgets_on(region)
    assert forgets
    assert timedelta(0) <= forgets - now - AHEAD < timedelta(minutes=1)


def test_what_goes_beside_the_service_rotates_when_it_is_due_and_in_one_process(town: Town, elsewhere: Town) -> None:
    region = town.cases.region
    case = town.case()
    aged(region, EVERY)
    beside = [Rotation(region, keks_of(it), 0.1) for it in (town, elsewhere)]
    for it in beside:
        it.start()
    try:
        eventually(lambda: [it.destroyed is None for it in standings(region)] == [False, True])
    finally:
        for it in beside:
            it.stop()
    assert len(standings(region)) == 2
    assert words(elsewhere, case) == NEED


def test_what_goes_beside_the_service_says_why_it_can_not_and_goes_on(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    region, keks = town.cases.region, keks_of(town)
    (old,) = under(region)
    away = keks.kept.path(old).rename(keks.kept.directory / "away")
    aged(region, EVERY)
    beside = Rotation(region, keks_in(keks.kept.directory.parent, region.name), 0.1)
    beside.start()
    try:
        eventually(lambda: "could not be rotated: The key-encryption key" in caplog.text)
        away.rename(keks.kept.path(old))
        eventually(lambda: [it.destroyed is None for it in standings(region)] == [False, True])
    finally:
        beside.stop()


# From before they had names


def before_names(region: Region, home: Path, town: Town) -> bytes:
    """Make the ledger as it was: its keys wrapped by AES key wrap, under a key in the home that has no name."""
    first = bytes(range(32))
    file = home / "keys" / "words.key"
    file.touch(mode=0o600)
    file.write_bytes(b64encode(first))
    keks = keks_of(town)
    with region.connect(owner=True) as owner:
        for stream, key in wrapped(region).items():
            put_back(region, stream, aes_key_wrap(first, keks.unwrap(stream, key)))
        owner.execute("DELETE FROM keks")
        owner.execute("INSERT INTO keks (id, made) VALUES (%s, now())", (FIRST,))
    return first


def test_a_ledger_from_before_keys_had_names_opens_and_is_rotated(database: str, tmp_path: Path) -> None:
    region = Region(database, "vanha")
    with ledger(region, tmp_path) as cases:
        town = Town(cases).settle()
        case = town.case()
        before_names(region, tmp_path, town)
    with ledger(region, tmp_path) as cases:
        keks = cases.keyring.keks
        hear(region, keks)
        town = Town(cases)
        assert words(town, case) == NEED
        town.case()
        assert under(region) == {FIRST}
        done = rotate(region, keks)
        assert (done.destroyed, under(region)) == ((FIRST,), {done.current})
        assert words(town, case) == NEED
    assert not (tmp_path / "keys" / "words.key").exists()


def test_a_wrong_key_from_before_they_had_names_is_told_before_anything_is_written(town: Town, tmp_path: Path) -> None:
    region = town.cases.region
    town.case()
    before_names(region, tmp_path, town)
    (tmp_path / "keys" / "words.key").write_bytes(b64encode(bytes(32)))
    with pytest.raises(KekWrong, match=r"words\.key"):
        hear(region, keks_in(tmp_path / "keys", region.name))
    assert [it.id for it in standings(region)] == [FIRST]


def test_a_key_from_before_they_had_names_stays_where_other_regions_may_need_it(town: Town, tmp_path: Path) -> None:
    region = town.cases.region
    before_names(region, tmp_path, town)
    other = Region(region.url, f"{region.name}_b")
    migrate(other)
    keks = keks_in(tmp_path / "keys", region.name)
    done = rotate(region, keks)
    assert (done.destroyed, under(region)) == ((), {done.current})
    assert (tmp_path / "keys" / "words.key").exists()
    assert forgets_on(region) is None
    with region.connect() as connection:
        assert not is_due(connection)
    (tmp_path / "keys" / "words.key").unlink()  # once no region needs it
    rotate(region, keks)
    assert forgets_on(region)
    assert [it.id for it in standings(region) if it.destroyed is None] == [keks.current]


def test_a_database_that_goes_away_meanwhile_leaves_nothing_lost(town: Town) -> None:
    region, keks, case = town.cases.region, keks_of(town), town.case()
    with ThreadPoolExecutor(1) as threads, region.connect(owner=True) as owner:
        with owner.transaction():
            owner.execute("SELECT FROM keys WHERE stream = %s FOR UPDATE", (case,))
            rotating = threads.submit(rotate, region, keks)
            eventually(lambda: waiting_for_a_lock(region, "rewrap_key"))
            for pid in waiting_for_a_lock(region, "rewrap_key"):
                owner.execute("SELECT pg_terminate_backend(%s)", (pid,))
        with pytest.raises(psycopg.OperationalError):
            rotating.result(30)
    assert rotate(region, keks).resumed
    assert words(town, case) == NEED
