"""Words never leave the places that are theirs: each text that somebody sends is marked, and looked for elsewhere.

The lives of some cases are told over HTTP, by whoever may, with a mark in every field of words, and much is sent that
is refused. Then every log, every problem, what tells of the service, the feed and a dump of all tables are searched for
the marks: they are to be found nowhere but in the answers to those who may read the words.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from psycopg import sql

from api.app import create_app
from api.wire import configured
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from domain.ledger.sequencer import settle
from tests.api.conftest import Door, door_of, new_database
from tests.api.planting import LIVES, MARK, SAYING, Kept, Teller, Told, lives, misdeeds, on_the_wire, questions
from tests.api.test_wire import serving
from tests.domain.given import the_clock


@dataclass
class Searched:
    """What was left behind, in which no mark may be."""

    teller: Teller
    log: str
    server_log: str
    tables: dict[str, str]
    told: list[Told]


@pytest.fixture(scope="module")
def left(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searched]:
    """Tell it all, and give what it left behind."""
    kept, log_file = Kept(), postgres.home / "postgres.log"
    before = log_file.stat().st_size
    with listening(kept):
        home = tmp_path_factory.mktemp("planted")
        with new_database(postgres) as database, door_of(database, home) as door:
            teller = Teller(door)
            told = lives(teller)
            misdeeds(teller, told[0])
            questions(teller, told)
            on_the_wire(teller, told[0])
            settle(door.house.region, door.house.notary)
            yield Searched(
                teller, "\n".join(kept.lines), log_file.read_bytes()[before:].decode(errors="replace"), dump(door), told
            )


@contextmanager
def listening(kept: Kept) -> Iterator[None]:
    """Let a handler hear everything; the server's own loggers pass nothing on, so it hears them too."""
    loggers = [logging.getLogger(it) for it in (None, "uvicorn", "uvicorn.access")]
    levels = [it.level for it in loggers]
    for it in loggers:
        it.addHandler(kept)
        it.setLevel(logging.DEBUG)
    yield
    for it, level in zip(loggers, levels, strict=True):
        it.removeHandler(kept)
        it.setLevel(level)


def dump(door: Door) -> dict[str, str]:
    """Return all tables of the ledger as text, what is stored in bytes read as text too."""
    found = {}
    with door.house.region.connect(owner=True) as connection:
        names = connection.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'm')",
            (door.house.region.name,),
        ).fetchall()
        for (name,) in names:
            copied = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(door.house.region.name, name))
            with connection.cursor().copy(copied) as copy:
                found[name] = read_through(b"".join(bytes(it) for it in copy).decode())
    return found


def read_through(text: str) -> str:
    """Return a text with all that is written in hexadecimal in it read once more."""
    inner = (bytes.fromhex(it[: len(it) // 2 * 2]) for it in re.findall(r"[0-9a-f]{14,}", text))
    return text + "\n".join(it.decode("utf-8", errors="replace") for it in inner)


# What is found.


def test_everything_that_can_be_said_was_said(left: Searched) -> None:
    assert [it.__name__ for it in SAYING if not left.teller.tried[it]] == []
    done = [it for it in SAYING if left.teller.done[it]]
    assert len(done) > 0.7 * len(SAYING), sorted(it.__name__ for it in set(SAYING) - set(done))


def test_whoever_may_read_the_words_reads_them(left: Searched) -> None:
    it = left.told[-1]
    answer = left.teller.door.get(f"/cases/{it.case}/words", Actor(str(it.client), Role.CLIENT))
    assert MARK.search(answer.text)


def test_no_log_has_a_word_of_it(left: Searched) -> None:
    assert "uvicorn.error " in left.log
    assert MARK.findall(left.log) == []
    assert MARK.findall(left.server_log) == []


def test_no_problem_repeats_what_was_sent(left: Searched) -> None:
    assert len(left.teller.problems) > 1000
    assert {it for it in left.teller.problems if MARK.search(it)} == set()


def test_no_table_holds_it_in_the_clear(left: Searched) -> None:
    assert {"events", "words", "receipts", "outbox", "sequence"} <= left.tables.keys()
    assert any(left.tables[it] for it in left.tables if it.startswith("reads"))
    assert {name: MARK.findall(text)[:5] for name, text in left.tables.items() if MARK.search(text)} == {}


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/openapi.json", "/docs", "/problems", "/rules"])
def test_what_tells_of_the_service_tells_none_of_it(left: Searched, path: str) -> None:
    assert not MARK.search(left.teller.door.get(path).text)


def test_the_feed_tells_none_of_it(left: Searched) -> None:
    told = followed(left.teller.door)
    assert told.count("event: ") > LIVES * 10
    assert not MARK.search(told)


def followed(door: Door) -> str:
    """Return the feed from the first event to the last."""
    with door.house.pool.connection() as connection:
        last = "id: {}.{}\n".format(*connection.execute("SELECT epoch, position FROM log_state").fetchone() or ())
    config = configured(create_app(door.house, door.issuer.verifier()), port=0, timeout_graceful_shutdown=1)
    found = bytearray()
    with serving(config) as connect, connect() as follower:
        token = door.issuer.mint(the_clock)
        follower.sendall(f"GET /feed HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        while last.encode() not in found:
            found += follower.recv(65536)
    return found.decode()


def test_what_stands_somewhere_in_the_clear_would_be_found(left: Searched) -> None:
    """Check the searching itself, with a mark in each form that a table may keep it in."""
    door, name = left.teller.door, sql.Identifier(left.teller.door.house.region.name, "leaking")
    with door.house.region.connect(owner=True) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} (a text, b bytea, c json, d text)").format(name))
        try:
            said = {"a": "x planted0000001", "b": b"\0planted0000002", "c": '{"it": ["planted0000003"]}',
                    "d": b"planted0000004".hex()}  # fmt: skip
            connection.execute(sql.SQL("INSERT INTO {} VALUES (%(a)s, %(b)s, %(c)s, %(d)s)").format(name), said)
            assert len(set(MARK.findall(dump(door)["leaking"]))) == len(said)
        finally:
            connection.execute(sql.SQL("DROP TABLE {}").format(name))
