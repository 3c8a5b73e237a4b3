"""The heads: sealed once a day over every stream, provable once a checkpoint has them, and whole whoever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from psycopg import Connection

from domain.decider import Actor, Role, RoleNotAllowed, StreamAbsent
from domain.ledger import heads as module
from domain.ledger.application import ask
from domain.ledger.database import Region
from domain.ledger.heads import (
    ACTOR,
    HeadProof,
    Heads,
    HeadsDiffer,
    covered,
    due,
    entry,
    head_proof,
    keep,
    root_of,
    seal,
)
from domain.ledger.merkle import includes, leaf_hash
from domain.ledger.notary import Notary
from domain.ledger.recorder import Overtaken
from domain.ledger.sequencer import settle
from domain.ledger.tiles import Tiles, grow
from domain.sealing import LOG_STREAM, DaySealed, HeadsSealed, SealHeads
from domain.voice import RecordStatement
from tests.domain.ledger.conftest import eventually, faults, stored
from tests.domain.ledger.rfc9162 import Tree
from tests.town import ADMINISTRATOR, AINO, Town, notary_of


@pytest.fixture
def notary(town: Town, tmp_path: Path) -> Notary:
    return notary_of(town.cases.region, tmp_path)


@pytest.fixture
def connection(town: Town) -> Iterator[Connection]:
    with town.cases.region.connect() as it:
        yield it


def sealed(town: Town) -> list[HeadsSealed]:
    return [it.event for it in town.cases.history(LOG_STREAM) if isinstance(it.event, HeadsSealed)]


def heads_as_of(region: Region, events: int) -> list[tuple[UUID, int, bytes]]:
    """Reckon the heads from the events and their positions alone."""
    with region.connect() as connection:
        found = connection.execute(
            "SELECT stream, version, hash FROM sequence JOIN events USING (stream, version) WHERE position <= %s",
            (events,),
        ).fetchall()
    last = {stream: (version, bytes(digest)) for stream, version, digest in sorted(found, key=lambda it: it[1])}
    return sorted((stream, *it) for stream, it in last.items())


def root(heads: list[tuple[UUID, int, bytes]]) -> str:
    """Reckon the root over the heads by the RFC's own words."""
    return Tree([entry(*it) for it in heads]).root(len(heads)).hex()


def sealed_yesterday(town: Town, notary: Notary) -> HeadsSealed:
    """Seal the heads as of now as though it were yesterday."""
    settle(town.cases.region, notary)
    with town.cases.region.connect() as connection:
        today, events = due(connection)
    assert today is not None
    heads = heads_as_of(town.cases.region, events)
    command = SealHeads(today - timedelta(days=1), events, len(heads), root(heads))
    town.cases.execute(ask(command, LOG_STREAM, ACTOR))
    settle(town.cases.region, notary)
    return sealed(town)[-1]


def proven(connection: Connection, stream: UUID) -> HeadProof:
    """Return the proof of a stream's head, checked against what the event says alone."""
    proof = head_proof(connection, stream)
    assert proof is not None
    event = proof.sealed.event
    assert proof.place is not None
    assert proof.version is not None
    assert proof.hash is not None
    assert proof.path is not None
    leaf = leaf_hash(entry(stream, proof.version, proof.hash))
    assert includes(leaf, proof.place, event.streams, proof.path, bytes.fromhex(event.root))
    return proof


# Sealing


def test_the_heads_of_all_streams_are_sealed_once_a_day(
    town: Town, notary: Notary, connection: Connection
) -> None:  # fmt: skip
    region, case = town.cases.region, town.case()
    town.say(case)
    town.case()
    settle(region, notary)
    assert seal(town.cases, connection)
    (event,) = sealed(town)
    heads = heads_as_of(region, event.events)
    assert (case, 2) in {(stream, version) for stream, version, _ in heads}
    assert event.events == len(stored_positions(region))
    assert event.streams == len(heads)
    assert event.root == root(heads)
    (today,) = connection.execute("SELECT (now() AT TIME ZONE 'UTC')::date").fetchone() or (None,)
    assert event.day == today
    town.say(case)
    settle(region, notary)
    assert not seal(town.cases, connection)
    assert len(sealed(town)) == 1
    assert faults(region, LOG_STREAM) == []


def stored_positions(region: Region) -> list[int]:
    with region.connect() as connection:
        return [it for (it,) in connection.execute("SELECT position FROM sequence").fetchall()]


def test_a_day_on_which_nothing_happened_is_not_sealed(town: Town, notary: Notary, connection: Connection) -> None:
    assert due(connection) == (None, 0)  # nothing is in the tree of events yet
    before = sealed_yesterday(town, notary)
    assert not seal(town.cases, connection)  # what happened since is that they were sealed
    town.client()
    assert not seal(town.cases, connection)  # it is not in the tree yet
    settle(town.cases.region, notary)
    assert seal(town.cases, connection)
    after = sealed(town)[-1]
    assert (after.day, after.events) == (before.day + timedelta(days=1), before.events + 2)


def test_two_who_seal_at_once_seal_once(town: Town, elsewhere: Town, notary: Notary, connection: Connection) -> None:
    settle(town.cases.region, notary)
    day, events = due(connection)
    assert day is not None
    with elsewhere.cases.region.connect() as other:
        assert seal(elsewhere.cases, other)
    again = SealHeads(day, events, 1, "ab" * 32)
    with pytest.raises(DaySealed):
        town.cases.execute(ask(again, LOG_STREAM, ACTOR))
    assert not seal(town.cases, connection)
    assert len(sealed(town)) == 1


@pytest.mark.parametrize("actor", [AINO, ADMINISTRATOR, Actor(str(LOG_STREAM), Role.CLIENT)], ids=lambda it: it.role)
def test_nobody_finds_anything_under_the_id_of_the_log(town: Town, notary: Notary, actor: Actor) -> None:
    sealed_yesterday(town, notary)
    with pytest.raises((StreamAbsent, RoleNotAllowed)):
        town.cases.execute(ask(RecordStatement("hei"), LOG_STREAM, actor))
    assert len(stored(town.cases.region, LOG_STREAM)) == 1


@settings(deadline=None)
@for_all(st.lists(st.binary(max_size=40), max_size=70))
def test_the_root_of_leaves_that_come_one_by_one_is_the_trees(entries: list[bytes]) -> None:
    assert root_of(map(leaf_hash, entries)) == (len(entries), Tree(entries).root(len(entries)))


# Proofs


def test_the_last_event_of_every_stream_is_proven(town: Town, notary: Notary, connection: Connection) -> None:
    region, case = town.cases.region, town.case()
    town.say(case)
    settle(region, notary)
    look = Heads(town.cases).look
    assert head_proof(connection, case) is None
    look(connection)
    assert head_proof(connection, case) is None  # no checkpoint has the event yet
    settle(region, notary)
    look(connection)
    (event,) = sealed(town)
    for place, (stream, version, digest) in enumerate(heads_as_of(region, event.events)):
        proof = proven(connection, stream)
        assert (proof.place, proof.version, proof.hash) == (place, version, digest)
    last = stored(region, LOG_STREAM)[-1]
    proof = proven(connection, case)
    assert proof.sealed == (LOG_STREAM, 1, b"", event.events + 1, last.hash, last.state)
    later = town.case()
    settle(region, notary)
    look(connection)
    assert head_proof(connection, later) == HeadProof(proof.sealed)
    assert proven(connection, case) == proof


def test_until_a_checkpoint_has_the_next_days_event_the_proofs_are_the_day_befores(
    town: Town, notary: Notary, connection: Connection
) -> None:
    region, case = town.cases.region, town.case()
    look = Heads(town.cases).look
    sealed_yesterday(town, notary)
    look(connection)
    assert len(sealed(town)) == 1
    town.say(case)
    settle(region, notary)
    look(connection)
    assert len(sealed(town)) == 2
    assert (proven(connection, case).sealed.version, proven(connection, case).version) == (1, 1)
    settle(region, notary)
    look(connection)
    proof = proven(connection, case)
    assert (proof.sealed.version, proof.version) == (2, 2)
    assert proof.sealed.previous == stored(region, LOG_STREAM)[0].hash
    assert proven(connection, LOG_STREAM).version == 1


def test_many_streams_are_gone_over_a_batch_at_a_time(
    town: Town, notary: Notary, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    region = town.cases.region
    ids = [uuid4() for _ in range(600)]
    planted(region, ids)
    for _ in range(2):
        settle(region, notary)
        Heads(town.cases).look(connection)
    for stream in ids[::50]:
        proven(connection, stream)
    assert Tiles(connection, "heads").size == len(heads_as_of(region, sealed(town)[0].events))


def planted(region: Region, streams: list[UUID]) -> None:
    """Plant streams of one event each, which nobody decodes."""
    with region.connect() as connection:
        connection.cursor().executemany(
            "INSERT INTO events VALUES (%s, 1, 'x', now(), now(), '', sha256(%s::text::bytea))",
            [(it, it) for it in streams],
        )
        connection.cursor().executemany("INSERT INTO outbox VALUES (%s, 1, now())", [(it,) for it in streams])


# What is wrong, and what becomes of it


@pytest.fixture
def kept(town: Town, notary: Notary, connection: Connection) -> UUID:
    """Give a case whose head was sealed yesterday and can be proven."""
    case = town.case()
    sealed_yesterday(town, notary)
    Heads(town.cases).look(connection)
    assert proven(connection, case).version == 1
    return case


DAMAGES = {
    "a head set back": "UPDATE heads SET version = version - 1 WHERE version > 1",
    "a head gone": "DELETE FROM heads WHERE stream = (SELECT min(stream::text) FROM heads)::uuid",
    "a head made up": "INSERT INTO heads VALUES (gen_random_uuid(), 1)",
    "the tree gone": "SELECT clear_heads()",
    "a tile gone": "DELETE FROM tiles WHERE log = 'heads'",
    "a tile changed": "UPDATE tiles SET hashes = sha256(hashes) WHERE log = 'heads' AND level = 0",
    "another event's": "UPDATE heads_state SET version = 0, events = 0",
    "one of a later one": "UPDATE heads_state SET version = 9, events = 1000000",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_does_not_fit_the_event_is_made_anew(
    town: Town, connection: Connection, kept: UUID, damage: str
) -> None:  # fmt: skip
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("UPDATE heads_state SET version = 0")
        owner.execute(damage.encode())
    assert head_proof(connection, kept) is None
    Heads(town.cases).look(connection)
    assert proven(connection, kept).version == 1


def test_a_tree_that_is_not_the_events_proves_nothing(town: Town, connection: Connection, kept: UUID) -> None:
    grow(connection, "heads", [bytes(32)])
    assert head_proof(connection, kept) is None
    Heads(town.cases).look(connection)
    proven(connection, kept)


CUT_OFF = {
    "its last event and its position": ("events", "sequence"),
    "its last event alone": ("events",),
    "its position alone": ("sequence",),
}


@pytest.mark.parametrize("tables", CUT_OFF.values(), ids=CUT_OFF)
def test_a_history_whose_end_is_gone_is_told_and_the_tree_is_not_made_of_what_is_left(
    town: Town, notary: Notary, connection: Connection, tables: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    region, case = town.cases.region, town.case()
    town.say(case)
    settle(region, notary)
    heads = Heads(town.cases)
    heads.look(connection)
    settle(region, notary)
    with region.connect(owner=True) as owner:
        for table in tables:
            owner.execute(f"DELETE FROM {table} WHERE stream = %s AND version = 2".encode(), (case,))
    last = covered(connection)
    assert last is not None
    with pytest.raises(HeadsDiffer):
        keep(connection, last)
    for _ in range(3):
        heads.look(connection)
    assert caplog.text.count("was not made") == 1  # told once, and not every few seconds
    assert head_proof(connection, case) is None


def test_heads_without_their_events_are_not_sealed(
    town: Town, notary: Notary, connection: Connection, kept: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    region = town.cases.region
    town.say(kept)
    settle(region, notary)
    with region.connect(owner=True) as owner:
        owner.execute("DELETE FROM events WHERE stream = %s AND version = 2", (kept,))
    with pytest.raises(HeadsDiffer):
        seal(town.cases, connection)
    Heads(town.cases).look(connection)
    assert "the heads were not sealed: The heads of the streams are not as they were" in caplog.text
    assert len(sealed(town)) == 1


# Killed at every step


class Killed(Connection[Any]):
    """A connection that the server ends before one of its statements, or before a commit."""

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


STEPS = 24
"""How many steps two looks have at most: the one that seals, and the one that makes the tree."""


@pytest.mark.parametrize("at", range(1, STEPS + 1))
def test_killed_before_any_step_the_next_look_goes_on(
    town: Town, notary: Notary, connection: Connection, kept: UUID, at: int
) -> None:
    region = town.cases.region
    town.say(kept)
    settle(region, notary)
    with Killed.connect(region.conninfo(), autocommit=True) as killed:
        killed.at, killed.owner = at, region
        with suppress(psycopg.OperationalError):
            Heads(town.cases).look(killed)
            settle(region, notary)
            Heads(town.cases).look(killed)
        assert killed.count <= STEPS
    assert proven(connection, kept).version in {1, 2}  # whatever happens, there is a proof: of today or yesterday
    for _ in range(2):
        Heads(town.cases).look(connection)
        settle(region, notary)
    assert len(sealed(town)) == 2
    proof = proven(connection, kept)
    assert (proof.sealed.version, proof.version) == (2, 2)


def test_killed_once_it_is_sealed_and_before_it_knows_it_is_not_sealed_again(
    town: Town, elsewhere: Town, notary: Notary, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(town.cases.region, notary)
    write = type(town.cases).write

    def lost(self: Any, acts: Any) -> Any:
        write(self, acts)
        raise Overtaken

    with monkeypatch.context() as patch:
        patch.setattr(type(town.cases), "write", lost)
        assert seal(town.cases, connection)  # told so by its receipt
    assert not seal(elsewhere.cases, connection)
    assert len(sealed(town)) == 1


# Beside the service


def test_of_two_one_seals_and_keeps_and_another_takes_over(
    town: Town, elsewhere: Town, notary: Notary, connection: Connection, kept: UUID
) -> None:
    region = town.cases.region
    town.say(kept)
    settle(region, notary)
    two = [Heads(town.cases, pause=0.01), Heads(elsewhere.cases, pause=0.01)]
    for it in two:
        it.start()
    try:
        eventually(lambda: len(sealed(town)) == 2)
        settle(region, notary)
        eventually(lambda: (it := head_proof(connection, kept)) and it.version == 2)  # none while the tree is made
        assert proven(connection, kept).version == 2
        with region.connect(owner=True) as owner:
            owner.execute(_END_WHO_WORKS, (f"luotsi heads {region.name}",))
            owner.execute("SELECT clear_heads()")
        eventually(lambda: head_proof(connection, kept))
    finally:
        for it in two:
            it.stop()
    assert len(sealed(town)) == 2


_END_WHO_WORKS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 0)"""
