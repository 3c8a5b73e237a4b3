"""The notary: what has its position is sealed for good, whoever is killed and whatever a restore brings back."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from domain.ledger.database import Region
from domain.ledger.keys.signing import SigningKeyMissing, SigningKeys
from domain.ledger.lag import Lag, unsealed
from domain.ledger.logs import EVENTS, LOGS, READS, fence
from domain.ledger.merkle import EMPTY_ROOT, extends, leaf_hash
from domain.ledger.notary import LogForked, Notary, Published, PublishedDamaged
from domain.ledger.notes import Checkpoint, opened, vkey
from domain.ledger.postgres import Server
from domain.ledger.publish import FileUnwritable
from domain.ledger.sequencer import CHANNEL, Pace, Sequencer, drain, settle
from domain.ledger.tiles import Tiles
from tests.domain.ledger.conftest import eventually
from tests.domain.ledger.test_rotation import NOTHING
from tests.domain.ledger.test_survivors import backed_up, restored
from tests.domain.ledger.test_tiles import root_of
from tests.town import Town, ledger, notary_of


@pytest.fixture
def town(database: str, tmp_path: Path) -> Iterator[Town]:
    """Give a ledger in a database of its own, of which a backup can be made."""
    with ledger(Region(database, "koe"), tmp_path, NOTHING) as cases:
        yield Town(cases).settle()


@pytest.fixture
def notary(town: Town, tmp_path: Path) -> Notary:
    return notary_of(town.cases.region, tmp_path)


def checkpoints(region: Region, log: str = "events") -> list[Checkpoint]:
    with region.connect() as connection:
        found = connection.execute(
            "SELECT note FROM checkpoints WHERE log = %s ORDER BY epoch, size", (log,)
        ).fetchall()
        return [Checkpoint.read(opened(note, keys_of(connection, region))) for (note,) in found]


def keys_of(connection: Connection, region: Region) -> list[str]:
    """Return the keys under every name in which checkpoints are signed here."""
    public = [bytes(it) for (it,) in connection.execute("SELECT public FROM signing_keys")]
    origins = [log.origin(region.name, epoch) for log in LOGS for epoch in (1, 2, 3)]
    return [vkey(name, it) for name in [*origins, f"luotsi/{region.name}/epochs"] for it in public]


def leaves(region: Region) -> list[bytes]:
    """Return the leaves of the log of events, read from the events themselves."""
    with region.connect() as connection:
        found = connection.execute("SELECT hash FROM sequence JOIN events USING (stream, version) ORDER BY position")
        return [leaf_hash(bytes(it)) for (it,) in found]


def is_sealed(region: Region) -> bool:
    """Say whether all that has its position is in the tree, and each checkpoint is one of that tree as it was then."""
    entries = leaves(region)
    with region.connect() as connection:
        tree = Tiles(connection, "events")
        assert (tree.size, tree.root()) == (len(entries), root_of(entries))
        found = checkpoints(region)
        for first, second in pairwise(found):
            assert extends(first.size, second.size, tree.consistency(first.size, second.size), first.root, second.root)
    return (
        bool(found) and all(it.root == root_of(entries[: it.size]) for it in found) and found[-1].size == len(entries)
    )


def seal(notary: Notary) -> int:
    with notary.region.connect() as connection:
        return notary.seal(connection)


def take_over(notary: Notary) -> None:
    with notary.region.connect() as connection:
        notary.take_over(connection)


def epoch(region: Region) -> int:
    with region.connect() as connection, connection.transaction():
        return fence(connection)


def test_what_has_its_position_is_sealed_and_signed(town: Town, notary: Notary) -> None:
    region = town.cases.region
    town.say(town.case())
    events = drain(region)
    assert seal(notary) == 2
    (checkpoint,) = checkpoints(region)
    assert (checkpoint.origin, checkpoint.size) == (f"luotsi/{region.name}/events/1", events)
    assert is_sealed(region)
    assert [(it.size, it.root) for it in checkpoints(region, "reads")] == [(0, EMPTY_ROOT)]


def test_where_nothing_is_new_nothing_is_signed(town: Town, notary: Notary) -> None:
    drain(town.cases.region)
    assert seal(notary) == 2
    assert seal(notary) == 0
    town.case()
    assert seal(notary) == 0  # it has no position yet
    drain(town.cases.region)
    assert seal(notary) == 1
    assert is_sealed(town.cases.region)


def test_a_long_backlog_is_sealed_step_by_step(town: Town, notary: Notary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.ledger.logs.GROWTH", 3)
    for _ in range(4):
        town.case()
    drain(town.cases.region)
    seal(notary)
    assert is_sealed(town.cases.region)


def test_a_checkpoint_stands_beside_the_database_before_anybody_is_shown_it(town: Town, notary: Notary) -> None:
    region = town.cases.region
    settle(region, notary)
    (first,) = checkpoints(region)
    assert notary.published.of(EVENTS) == (1, first)
    town.case()
    drain(region)
    with region.connect(owner=True) as owner:
        owner.execute("ALTER TABLE checkpoints ADD CONSTRAINT no_more CHECK (size < 0) NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        seal(notary)
    published = notary.published.of(EVENTS)
    assert published is not None
    assert published[1].size == len(leaves(region))
    with region.connect(owner=True) as owner:
        owner.execute("ALTER TABLE checkpoints DROP CONSTRAINT no_more")
    take_over(notary)  # whoever comes next: what was published is there, so no epoch begins
    assert seal(notary) == 1
    assert (epoch(region), is_sealed(region)) == (1, True)


def test_where_the_file_can_not_be_written_nobody_is_shown_a_checkpoint(town: Town, notary: Notary) -> None:
    (notary.published.directory).parent.mkdir(exist_ok=True)
    notary.published.directory.write_text("in the way")
    drain(town.cases.region)
    with pytest.raises(PublishedDamaged):
        seal(notary)
    assert checkpoints(town.cases.region) == []


def test_where_there_is_no_place_for_the_file_the_message_says_so(town: Town, notary: Notary, tmp_path: Path) -> None:
    away = replace(notary, published=Published(tmp_path / "away"))
    away.published.directory.symlink_to(tmp_path / "disk")
    drain(town.cases.region)
    with pytest.raises(FileUnwritable, match="Make room"):
        seal(away)
    assert checkpoints(town.cases.region) == []


def test_a_file_that_was_lost_is_written_anew(town: Town, notary: Notary) -> None:
    settle(town.cases.region, notary)
    (notary.published.directory / "events.checkpoint").unlink()
    assert seal(notary) == 1
    assert notary.published.of(EVENTS) == (1, checkpoints(town.cases.region)[0])


# Killed at every step


class Killed(Connection[Any]):
    """A connection that the server ends before its statement number `at`."""

    at: int
    count = 0

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        type(self).count += 1
        if type(self).count == self.at:
            pid, conninfo = self.info.backend_pid, self.owner.conninfo(owner=True)
            with psycopg.connect(conninfo, autocommit=True) as owner:
                owner.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return super().execute(*args, **kwargs)

    owner: Region


def test_killed_before_any_statement_it_loses_and_repeats_nothing(town: Town, notary: Notary) -> None:
    region = town.cases.region
    settle(region, notary)
    for at in count(1):
        town.say(town.case())
        drain(region)
        Killed.at, Killed.count, Killed.owner = at, 0, region
        with Killed.connect(region.conninfo(), autocommit=True) as connection:
            try:
                notary.take_over(connection)
                notary.seal(connection)
            except psycopg.OperationalError:
                assert Killed.count == at
            else:
                assert Killed.count < at
                break
        another = Notary(notary.region, notary.keys, notary.published)
        take_over(another)
        seal(another)
        assert is_sealed(region)
        assert epoch(region) == 1
    assert at > 20


def test_two_who_seal_at_once_while_others_write_leave_one_tree(town: Town, notary: Notary, tmp_path: Path) -> None:
    region, another = town.cases.region, notary_of(town.cases.region, tmp_path)
    cases = [town.case() for _ in range(3)]

    def go_on(which: Notary) -> None:
        with region.connect() as connection:
            for _ in range(15):
                which.seal(connection)

    def write(case: Any) -> None:
        for _ in range(5):
            town.say(case)
            drain(region)

    with ThreadPoolExecutor(5) as threads:
        for it in [threads.submit(go_on, it) for it in (notary, another)] + [threads.submit(write, it) for it in cases]:
            it.result(60)
    settle(region, notary)
    assert is_sealed(region)


# In the sequencer


@contextmanager
def at_work(sequencer: Sequencer) -> Iterator[None]:
    sequencer.start()
    try:
        yield
    finally:
        sequencer.stop()


def test_work_after_idleness_is_sealed_at_once_and_then_not_before_the_interval_is_over(
    town: Town, notary: Notary
) -> None:
    region = town.cases.region
    settle(region, notary)
    before = len(checkpoints(region))
    with region.connect(owner=True) as listener, at_work(Sequencer(region, notary, pause=0.01, interval=3600)):
        listener.execute(f"LISTEN {CHANNEL}".encode())
        town.case()
        eventually(lambda: len(checkpoints(region)) == before + 1)
        sealed = checkpoints(region)[-1].size
        town.case()
        for notice in listener.notifies(timeout=15):
            if int(notice.payload) == len(leaves(region)) > sealed:
                break
        assert len(checkpoints(region)) == before + 1


def test_under_load_it_is_sealed_whenever_the_interval_is_over(town: Town, notary: Notary) -> None:
    region = town.cases.region
    with at_work(Sequencer(region, notary, pause=0.01, interval=0.05)):
        for _ in range(5):
            town.say(town.case())
        eventually(lambda: is_sealed_up_to_the_last(region))
    assert is_sealed(region)


def is_sealed_up_to_the_last(region: Region) -> bool:
    found = checkpoints(region)
    with region.connect() as connection:
        (events,) = connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
    return bool(found) and found[-1].size == events


def test_what_is_done_is_due_again_after_its_interval() -> None:
    never, always = Pace(3600), Pace(0)
    assert never.due
    assert always.due
    never.done()
    always.done()
    assert not never.due
    assert always.due


def test_without_a_key_events_have_their_positions_and_the_log_says_what_is_missing(
    town: Town, notary: Notary, caplog: pytest.LogCaptureFixture
) -> None:
    region = town.cases.region
    for file in (notary.published.directory.parent / "keys" / region.name).glob("*.signing"):
        file.unlink()
    with caplog.at_level(logging.ERROR), at_work(Sequencer(region, notary, pause=0.01, interval=0.01)):
        town.case()
        eventually(lambda: caplog.records and not waiting(region))
    assert checkpoints(region) == []
    assert {it.getMessage().partition(":")[0] for it in caplog.records} == {
        "events have their positions, and are not sealed"
    }
    assert "".join((SigningKeyMissing.__doc__ or "").split()) in "".join(caplog.records[0].getMessage().split())


def test_who_can_not_seal_leaves_it_to_another_who_can(town: Town, notary: Notary, tmp_path: Path) -> None:
    region, elsewhere = town.cases.region, tmp_path / "elsewhere"
    keyless = replace(notary, keys=SigningKeys(elsewhere, region.name))
    with at_work(Sequencer(region, keyless, pause=0.01, interval=0.01, patience=0.2)):
        town.case()
        eventually(lambda: not waiting(region))
        assert checkpoints(region) == []
        with at_work(Sequencer(region, notary, pause=0.01, interval=0.01)):
            eventually(lambda: is_sealed_up_to_the_last(region))
    assert is_sealed(region)


def test_while_the_file_can_not_be_written_events_have_their_positions_and_later_they_are_sealed(
    town: Town, notary: Notary, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    region, disk = town.cases.region, tmp_path / "disk"
    away = replace(notary, published=Published(tmp_path / "away"))
    away.published.directory.symlink_to(disk)  # which is not there
    with caplog.at_level(logging.ERROR), at_work(Sequencer(region, away, pause=0.01, interval=0.01)):
        town.case()
        eventually(lambda: caplog.records and not waiting(region))
        assert "A file could not be written" in caplog.records[0].getMessage()
        assert checkpoints(region) == []
        disk.mkdir()
        eventually(lambda: is_sealed_up_to_the_last(region))
    assert len(caplog.records) == 1


def waiting(region: Region) -> int:
    with region.connect() as connection:
        (found,) = connection.execute("SELECT count(*) FROM outbox").fetchone() or (0,)
        return int(found)


def test_how_far_sealing_is_behind_is_told(town: Town, notary: Notary) -> None:
    region = town.cases.region
    settle(region, notary)
    town.case()
    drain(region)
    town.case()
    with region.connect() as connection:
        placed, first = len(leaves(region)), checkpoints(region)[-1].size + 1
        since = connection.execute(
            "SELECT recorded FROM sequence JOIN events USING (stream, version) WHERE position = %s", (first,)
        ).fetchone()
        assert since
        assert unsealed(connection) == Lag(placed - first + 1 + waiting(region), since[0])
        settle(region, notary)
        assert unsealed(connection) == Lag(0, None)


# Restores


def test_a_restore_that_lost_something_opens_an_epoch_that_names_what_was_published(
    town: Town, notary: Notary, postgres: Server, tmp_path: Path
) -> None:
    region = town.cases.region
    case = town.case()
    settle(region, notary)
    backup = backed_up(region, tmp_path / "backup")
    town.say(case)
    settle(region, notary)
    kept, lost = checkpoints(region)
    with restored(postgres, backup) as back:
        again = replace(notary, region=back)
        take_over(again)
        assert epoch(back) == 2
        seal(again)
        with back.connect() as connection:
            (note,) = connection.execute("SELECT note FROM epochs").fetchone() or ("",)
            text = opened(note, keys_of(connection, back))
        name, number, opened_at, events, reads, end = text.split("\n")
        assert (name, number, end) == (f"luotsi/{region.name}/epochs", "2", "")
        assert datetime.fromisoformat(opened_at).utcoffset() is not None
        assert events == f"events {kept.size} {base64.b64encode(lost.text.encode()).decode()}"
        assert reads.startswith("reads 0 ")
        assert [it.origin[-1] for it in checkpoints(back)] == ["1", "2"]
        assert checkpoints(back)[-1] == Checkpoint(f"luotsi/{region.name}/events/2", kept.size, kept.root)
        assert published_epochs(again) == {2}
        take_over(again)  # once is enough
        assert epoch(back) == 2


def published_epochs(notary: Notary) -> set[int]:
    return {found[0] for log in LOGS if (found := notary.published.of(log))}


def test_a_restore_of_before_an_epoch_opens_the_one_after_it(
    town: Town, notary: Notary, postgres: Server, tmp_path: Path
) -> None:
    region = town.cases.region
    settle(region, notary)
    backup = backed_up(region, tmp_path / "backup")
    town.case()
    settle(region, notary)
    for expected in (2, 3):
        with restored(postgres, backup) as back:
            again = replace(notary, region=back)
            take_over(again)
            seal(again)
            assert epoch(back) == expected
            assert published_epochs(again) == {expected}
            with back.connect() as connection:
                notes = [note for (note,) in connection.execute("SELECT note FROM epochs ORDER BY epoch")]
                texts = [opened(it, keys_of(connection, back)).splitlines() for it in notes]
            assert [int(it[1]) for it in texts] == list(range(2, expected + 1))  # none is forgotten
            kept = checkpoints(back)[0].size
            assert {it[3].split(" ")[1] for it in texts} == {str(kept)}  # nor is what all of them kept


def test_a_restore_that_lost_nothing_goes_on(town: Town, notary: Notary, postgres: Server, tmp_path: Path) -> None:
    region = town.cases.region
    town.case()
    settle(region, notary)
    backup = backed_up(region, tmp_path / "backup")
    with restored(postgres, backup) as back:
        again = replace(notary, region=back)
        take_over(again)
        assert (seal(again), epoch(back)) == (0, 1)


def test_a_restore_that_had_what_an_epoch_gave_up_has_kept_no_more_than_that_epoch(
    town: Town, notary: Notary, postgres: Server, tmp_path: Path
) -> None:
    region = town.cases.region
    settle(region, notary)
    older = backed_up(region, tmp_path / "older")
    town.case()
    settle(region, notary)
    newer = backed_up(region, tmp_path / "newer")
    town.case()
    settle(region, notary)
    kept = checkpoints(region)[0]
    for backup in (older, newer, newer):
        with restored(postgres, backup) as back:
            again = replace(notary, region=back)
            take_over(again)
            with ledger(back, tmp_path, NOTHING) as cases:
                for _ in range(3):
                    Town(cases).client()
            settle(back, again)
            with back.connect() as connection:
                notes = [note for (note,) in connection.execute("SELECT note FROM epochs ORDER BY epoch")]
    assert [it.splitlines()[3].split(" ")[1] for it in notes] == [str(kept.size)] * 3


def test_a_ledger_that_is_restored_under_the_sequencer_begins_an_epoch(town: Town, notary: Notary) -> None:
    region = town.cases.region
    with at_work(Sequencer(region, notary, pause=0.01, interval=0.01)):
        eventually(lambda: is_sealed_up_to_the_last(region))
        kept = checkpoints(region)[-1].size
        for _ in range(5):
            town.case()
        eventually(lambda: checkpoints(region)[-1].size > kept + 5)
        with region.connect(owner=True) as owner, owner.transaction():
            owner.execute("LOCK TABLE log_state")
            for statement in UNDONE:
                owner.execute(statement.encode(), {"kept": kept})
        town.client()
        eventually(lambda: epoch(region) == 2)
        eventually(lambda: is_sealed_up_to_the_last(region))
    assert notary.published.note(2)


UNDONE = (
    "DELETE FROM checkpoints WHERE size > %(kept)s",
    "DELETE FROM tiles WHERE log = 'events'",
    "UPDATE trees SET size = 0 WHERE log = 'events'",
    "DELETE FROM sequence WHERE position > %(kept)s",
    "DELETE FROM events WHERE (stream, version) NOT IN (SELECT stream, version FROM sequence)",
    "DELETE FROM outbox",
    "UPDATE log_state SET position = %(kept)s",
)
"""What a restore of the tables in one transaction does to those that the sequencer reads."""


def test_a_note_that_is_not_beside_the_ledger_is_put_there_again(town: Town, notary: Notary) -> None:
    settle(town.cases.region, notary)
    with town.cases.region.connect() as connection:
        notary.open_epoch(connection, 2)
    note = notary.published.note(2)
    assert note
    (notary.published.directory / "epoch-2.note").unlink()
    take_over(notary)
    assert notary.published.note(2) == note


def test_an_older_file_of_what_was_published_is_made_new_before_the_next_restore_goes_by_it(
    town: Town, notary: Notary, postgres: Server, tmp_path: Path
) -> None:
    region, events = town.cases.region, notary.published.directory / "events.checkpoint"
    settle(region, notary)
    old = events.read_text(encoding="utf-8")
    town.case()
    settle(region, notary)
    backup = backed_up(region, tmp_path / "backup")
    town.case()
    settle(region, notary)
    newest = events.read_text(encoding="utf-8")
    events.write_text(old, encoding="utf-8")  # a copy of LUOTSI_HOME from before the backup
    take_over(notary)
    assert seal(notary) == 1
    assert events.read_text(encoding="utf-8") == newest
    assert len(checkpoints(region)) == 3
    with restored(postgres, backup) as back:
        take_over(replace(notary, region=back))
        assert epoch(back) == 2


def test_a_file_of_the_epoch_before_is_made_new_too(town: Town, notary: Notary) -> None:
    region = town.cases.region
    settle(region, notary)
    files = [notary.published.directory / f"{log.name}.checkpoint" for log in LOGS]
    old = [it.read_text(encoding="utf-8") for it in files]
    with region.connect() as connection:
        notary.open_epoch(connection, 2)
    seal(notary)
    for file, text in zip(files, old, strict=True):
        file.write_text(text, encoding="utf-8")
    take_over(notary)
    assert seal(notary) == 2
    assert published_epochs(notary) == {2}
    assert seal(notary) == 0


def test_only_one_opens_an_epoch(town: Town, notary: Notary) -> None:
    settle(town.cases.region, notary)
    with town.cases.region.connect() as connection:
        notary.open_epoch(connection, 2)
        notary.open_epoch(connection, 2)
        assert connection.execute("SELECT epoch FROM epochs").fetchall() == [(2,)]


def test_no_event_gets_a_position_before_what_was_lost_is_known(
    town: Town, notary: Notary, postgres: Server, tmp_path: Path
) -> None:
    region = town.cases.region
    settle(region, notary)
    town.case()  # in the backup it waits for its position
    backup = backed_up(region, tmp_path / "backup")
    settle(region, notary)
    town.case()
    settle(region, notary)
    with restored(postgres, backup) as back:
        kept = len(leaves(back))
        again = replace(notary, region=back)
        with at_work(Sequencer(back, again, pause=0.01, interval=0.01)):
            eventually(lambda: not waiting(back) and len(checkpoints(back)) and checkpoints(back)[-1].origin[-1] == "2")
        with back.connect() as connection:
            (note,) = connection.execute("SELECT note FROM epochs").fetchone() or ("",)
        assert f"\nevents {kept} " in note


def test_history_that_was_changed_is_never_signed_again(
    town: Town, notary: Notary, caplog: pytest.LogCaptureFixture
) -> None:
    region = town.cases.region
    settle(region, notary)
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE tiles SET hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) WHERE log = 'events'")
    town.case()
    drain(region)
    with pytest.raises(LogForked):
        seal(notary)
    with pytest.raises(LogForked):
        take_over(notary)
    before = len(leaves(region))
    with caplog.at_level(logging.ERROR), at_work(Sequencer(region, notary, pause=0.01)):
        town.case()
        eventually(lambda: caplog.records)
    assert caplog.records[0].getMessage().startswith("no event gets a position: The ledger does not have what was")
    assert (len(leaves(region)), len(checkpoints(region))) == (before, 1)


def test_whoever_has_looked_can_go_on_after_a_fork_and_everybody_is_told(town: Town, notary: Notary) -> None:
    region = town.cases.region
    settle(region, notary)
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE tiles SET hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) WHERE log = 'events'")
    with region.connect() as connection:
        notary.open_epoch(connection, 2, forked=True)
        (note,) = connection.execute("SELECT note FROM epochs").fetchone() or ("",)
    assert "\nevents 0 " in note
    take_over(notary)
    assert seal(notary) == 2


@pytest.mark.parametrize(
    "content", [b"", b"not a note\n", "luotsi/koe/events/1\n5\nAAAA\n\n— x AAAAAAAA\n".encode(), b"\x00\xff"]
)
def test_a_damaged_file_of_what_was_published_stops_everything(town: Town, notary: Notary, content: bytes) -> None:
    settle(town.cases.region, notary)
    (notary.published.directory / "reads.checkpoint").write_bytes(content)
    with pytest.raises(PublishedDamaged, match=r"reads\.checkpoint"):
        take_over(notary)
    with pytest.raises(PublishedDamaged):
        Published(notary.published.directory).of(READS)
