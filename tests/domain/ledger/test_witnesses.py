"""Witnesses: one that goes by the book, and others that don't."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from domain.ledger.anchors.outside import MOST_BYTES, NotAnchored, Outsider
from domain.ledger.anchors.witnesses import Witness
from domain.ledger.application import Cases
from domain.ledger.notes import VkeyMalformed, cosigned, opened, with_line
from tests.domain.ledger.checkpoints import Sealing
from tests.domain.ledger.conftest import eventually
from tests.domain.ledger.outsiders import Outside, Page, outside
from tests.domain.ledger.witnessing import BODY, Witnessing


@pytest.fixture
def connection(cases: Cases) -> Iterator[Connection]:
    with cases.region.connect() as it:
        yield it


@pytest.fixture
def sealing(cases: Cases) -> Sealing:
    return Sealing(cases.region)


@pytest.fixture
def it(sealing: Sealing) -> Witnessing:
    """Give a witness that knows the log."""
    witnessing = Witnessing()
    witnessing.knows(sealing.signer.name, sealing.signer.public)
    return witnessing


@pytest.fixture
def there(it: Witnessing) -> Iterator[Outside]:
    with outside() as address:
        address.answers = it.page
        yield address


@pytest.fixture
def witness(there: Outside, it: Witnessing) -> Witness:
    return Witness(there.url, it.vkey)


def lines(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT log, epoch, size, witness, line, at FROM cosignatures ORDER BY size").fetchall()


def sizes(there: Outside) -> list[tuple[int, int]]:
    """Return from which size to which it was asked."""
    asked = (BODY.fullmatch(body.decode()) for _, _, body in there.asked)
    return [(int(one["old"]), int(one["size"])) for one in asked if one]


def test_a_witness_vouches_for_the_checkpoint(
    connection: Connection, sealing: Sealing, it: Witnessing, witness: Witness
) -> None:
    shown = sealing.seal(5)
    witness.anchor(connection, shown)
    [(log, epoch, size, name, line, at)] = lines(connection)
    assert (log, epoch, size, name) == ("events", 1, 5, "witness.example/w1")
    assert at == cosigned(shown.text, line, it.vkey)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert opened(with_line(shown.note, line), [it.vkey]) == shown.text


def test_it_is_shown_how_each_tree_goes_on_from_the_last(
    connection: Connection, sealing: Sealing, there: Outside, witness: Witness
) -> None:
    for count in (1, 1, 3, 251, 1, 300, 7):
        witness.anchor(connection, sealing.seal(count))
    assert [size for _, _, size, *_ in lines(connection)] == [1, 2, 5, 256, 257, 557, 564]
    assert sizes(there) == [(0, 1), (1, 2), (2, 5), (5, 256), (256, 257), (257, 557), (557, 564)]


def test_what_it_knows_better_is_believed(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing, witness: Witness
) -> None:
    first = sealing.seal(3)
    Witness(there.url, it.vkey).anchor(connection, first)
    with sealing.region.connect(owner=True) as owner:
        owner.execute("DELETE FROM cosignatures")  # as where the answer did not arrive
    witness.anchor(connection, sealing.seal(4))
    assert sizes(there)[1:] == [(0, 7), (3, 7)]
    assert [size for _, _, size, *_ in lines(connection)] == [7]


def test_the_same_checkpoint_may_be_shown_again(
    connection: Connection, sealing: Sealing, there: Outside, witness: Witness
) -> None:
    shown = sealing.seal(3)
    witness.anchor(connection, shown)
    before = lines(connection)
    witness.anchor(connection, shown)
    assert sizes(there) == [(0, 3), (3, 3)]
    assert lines(connection) == before


def test_a_cosignature_is_kept_for_good(connection: Connection, sealing: Sealing, witness: Witness) -> None:
    witness.anchor(connection, sealing.seal())
    for change in ("UPDATE cosignatures SET at = now()", "DELETE FROM cosignatures"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.encode())


def test_others_lines_are_passed_over(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing, witness: Witness
) -> None:
    shown = sealing.seal()
    ours, others = it.cosignature(shown.text), Witnessing("witness.example/w2").cosignature(shown.text)
    there.answers = lambda *_: (200, {}, f"{others}\n{shown.note}{ours}\n{others}\n".encode())
    witness.anchor(connection, shown)
    assert [line for *_, line, _ in lines(connection)] == [ours]


def test_its_key_is_one_that_cosigns(sealing: Sealing) -> None:
    with pytest.raises(VkeyMalformed, match="its key is of the type 04"):
        Witness("https://witness.example", sealing.signer.vkey)
    with pytest.raises(VkeyMalformed):
        Witness("https://witness.example", "witness.example+00000000+AAAA")


# What it refuses


def refused(witness: Witness, connection: Connection, sealing: Sealing) -> str:
    """Return why a checkpoint was not cosigned."""
    before = lines(connection)
    with pytest.raises(NotAnchored) as caught:
        witness.anchor(connection, sealing.seal())
    assert lines(connection) == before
    return str(caught.value)


def test_who_does_not_know_the_log_says_so(
    connection: Connection, sealing: Sealing, it: Witnessing, witness: Witness
) -> None:
    it.logs.clear()
    assert "does not know the log" in refused(witness, connection, sealing)


def test_who_knows_another_key_says_so(
    connection: Connection, sealing: Sealing, it: Witnessing, witness: Witness
) -> None:
    it.knows(sealing.signer.name, bytes(32))
    assert "trusts no key" in refused(witness, connection, sealing)


def test_a_tree_that_does_not_go_on_from_what_it_saw_is_told(
    connection: Connection, sealing: Sealing, it: Witnessing, witness: Witness
) -> None:
    witness.anchor(connection, sealing.seal(5))
    it.seen[sealing.signer.name] = 5, bytes(32)
    assert "does not go on in this one" in refused(witness, connection, sealing)


def test_another_tree_of_the_same_size_is_told(
    connection: Connection, sealing: Sealing, it: Witnessing, witness: Witness
) -> None:
    it.seen[sealing.signer.name] = 1, bytes(32)
    assert "another tree of that size" in refused(witness, connection, sealing)


def test_more_than_there_is_is_told(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing, witness: Witness
) -> None:
    it.seen[sealing.signer.name] = 9, bytes(32)
    assert "has seen 9 entries of this log, which has 1" in refused(witness, connection, sealing)
    assert sizes(there) == [(0, 1)]


# Whoever lies


def saying(content: bytes, status: int = 200, **headers: str) -> Callable[..., Page]:
    return lambda *_: (status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def size_of(content: bytes, kind: str = "text/x.tlog.size") -> Callable[..., Page]:
    return saying(content, 409, Content_Type=kind)


ANSWERS: dict[str, tuple[Callable[..., Page], str]] = {
    "nothing": (saying(b""), "no cosignature"),
    "a page": (saying(b"<!DOCTYPE html><title>Sign in</title>"), "no cosignature"),
    "no text": (saying(b"\xff\xfe\x00" * 100), "no cosignature"),
    "a line of nobody": (saying("— witness.example/w1 AAAA\n".encode()), "no cosignature"),
    "too much": (saying(bytes(100 * MOST_BYTES)), "too long"),
    "another place": (saying(b"", 302, Location="/elsewhere"), "it answered 302"),
    "an error": (saying(b"", 500), "it answered 500"),
    "a status that nobody knows": (saying(b"", 299), "it answered 299"),
    "no size": (size_of(b"many\n"), "is none"),
    "an empty size": (size_of(b""), "is none"),
    "a size with a zero before it": (size_of(b"01\n"), "is none"),
    "a size beyond all bounds": (size_of(b"9" * 400), "is none"),
    "less than nothing": (size_of(b"-1\n"), "is none"),
    "always another size": (size_of(b"1\n"), "another tree of that size"),
    "a size as another type": (size_of(b"0\n", "text/plain"), "another tree of that size"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_none_is_named_and_never_kept(
    connection: Connection, sealing: Sealing, there: Outside, witness: Witness, answer: str
) -> None:
    there.answers, named = ANSWERS[answer]
    assert named in refused(witness, connection, sealing)
    assert len(there.asked) <= 2


def test_a_cosignature_of_another_checkpoint_is_not_kept(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing, witness: Witness
) -> None:
    line = it.cosignature(sealing.seal().text)
    there.answers = saying(f"{line}\n".encode())
    assert "no cosignature of this checkpoint" in refused(witness, connection, sealing)


def test_a_cosignature_by_another_key_of_that_name_is_not_kept(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing, witness: Witness
) -> None:
    other, shown = Witnessing(it.name), sealing.seal()
    there.answers = saying(f"{other.cosignature(shown.text)}\n".encode())
    with pytest.raises(NotAnchored, match="no cosignature of this checkpoint"):
        witness.anchor(connection, shown)
    assert lines(connection) == []


@pytest.mark.parametrize("ahead", [-120, 600])
def test_a_time_that_is_not_now_is_not_kept(
    connection: Connection, sealing: Sealing, it: Witnessing, witness: Witness, ahead: int
) -> None:
    it.ahead = ahead
    assert "which is not now" in refused(witness, connection, sealing)


def test_who_takes_too_long_is_not_waited_for(
    connection: Connection, sealing: Sealing, there: Outside, it: Witnessing
) -> None:
    there.dripping.set()
    witness = Witness(there.url, it.vkey, seconds=0.3)
    assert "longer than 0.3 seconds" in refused(witness, connection, sealing)


@pytest.mark.parametrize("said", [
    b"", b"\x16\x03\x01", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", b"HTTP/1.1 200 OK\r\nContent-Length: -9\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000 + b"\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
])  # fmt: skip
def test_who_does_not_speak_http_is_not_believed(
    connection: Connection, sealing: Sealing, it: Witnessing, said: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            asker, _ = server.accept()
            with asker, suppress(ConnectionError):
                asker.recv(65_536)
                asker.sendall(said)

        answered = pool.submit(answer)
        witness = Witness(f"http://127.0.0.1:{server.getsockname()[1]}", it.vkey, seconds=5)
        assert re.match("it can't be asked|its answer has no", refused(witness, connection, sealing))
        answered.result()


def test_who_has_not_answered_is_not_asked_again(there: Outside) -> None:
    there.open.clear()
    asked = Outsider(there.url)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asked.post, "/first", b"", "text/plain")
        eventually(lambda: there.asked)
        with pytest.raises(NotAnchored, match="not yet answered"):
            asked.post("/second", b"", "text/plain")
        there.open.set()
        assert first.result().status == 400
    assert asked.post("/third", b"", "text/plain").status == 400
    assert [path for path, _, _ in there.asked] == ["/first", "/third"]
