"""Time stamps: by an authority that is OpenSSL's own, and by others who would have us believe what is not so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512
from itertools import permutations
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from domain.ledger.anchors.anchor import Shown
from domain.ledger.anchors.outside import MOST_BYTES, NotAnchored
from domain.ledger.anchors.stamps import Authority, NoRoot, in_order
from domain.ledger.application import Cases
from tests.domain.ledger.checkpoints import Sealing
from tests.domain.ledger.outsiders import STAMPING, Outside, TimeStamping, issued, outside, sequence

Answer = Callable[[TimeStamping, bytes, str], bytes]
"""What an authority answers to a query, which is over a text."""


@pytest.fixture
def connection(cases: Cases) -> Iterator[Connection]:
    with cases.region.connect() as it:
        yield it


@pytest.fixture
def sealing(cases: Cases) -> Sealing:
    return Sealing(cases.region)


@pytest.fixture
def tsa(tmp_path: Path) -> TimeStamping:
    place = tmp_path / "tsa"
    place.mkdir()
    return TimeStamping(place)


@pytest.fixture
def there() -> Iterator[Outside]:
    with outside() as it:
        yield it


def honest(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    return tsa.reply(query)


def stamping(
    there: Outside, tsa: TimeStamping, answer: Answer = honest, text: str = "", seconds: float = 10
) -> Authority:  # fmt: skip
    """Return an authority that answers a query so."""
    kind = {"Content-Type": "application/timestamp-reply"}
    there.answers = lambda _, query: (200, kind, answer(tsa, query, text))
    return Authority(f"{there.url}/tsa?tenant=1", [tsa.root.certificate], seconds=seconds)


def stamps(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT log, epoch, size, authority, token, at FROM stamps ORDER BY size").fetchall()


def openssl_believes(tsa: TimeStamping, token: bytes, text: str) -> bool:
    """Say whether `openssl ts` takes a token for a stamp of the text, knowing the root alone."""
    (tsa.place / "root.pem").write_bytes(tsa.root.pem)
    (tsa.place / "it.der").write_bytes(token)
    (tsa.place / "it.txt").write_text(text, "utf-8")
    command = ["openssl", "ts", "-verify", "-in", "it.der", "-token_in", "-data", "it.txt", "-CAfile", "root.pem"]
    return subprocess.run(command, cwd=tsa.place, check=False, capture_output=True).returncode == 0


def test_what_is_stamped_is_the_checkpoints_text(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside
) -> None:
    authority, it = stamping(there, tsa), sealing.seal(5)
    authority.anchor(connection, it)
    [(log, epoch, size, name, token, at)] = stamps(connection)
    assert (log, epoch, size, name) == ("events", 1, 5, f"{there.url}/tsa?tenant=1")
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert openssl_believes(tsa, token, it.text)
    assert not openssl_believes(tsa, token, it.note)
    assert authority.last(connection, "events", 1) == 5
    assert authority.last(connection, "events", 2) is authority.last(connection, "reads", 1) is None


def test_each_query_asks_for_the_certificates_and_is_told_from_every_other(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside
) -> None:
    authority, it = stamping(there, tsa), sealing.seal()
    for _ in range(2):
        authority.anchor(connection, it)
    assert [asked[:2] for asked in there.asked] == [("/tsa?tenant=1", "application/timestamp-query")] * 2
    first, second = (query for _, _, query in there.asked)
    assert first != second
    assert tsa.signer.certificate.public_bytes(Encoding.DER) in stamps(connection)[0][4]


def test_stamping_one_again_changes_nothing(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside
) -> None:
    authority, it = stamping(there, tsa), sealing.seal()
    authority.anchor(connection, it)
    before = stamps(connection)
    authority.anchor(connection, it)
    assert stamps(connection) == before


def test_a_stamp_is_kept_for_good(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside
) -> None:  # fmt: skip
    stamping(there, tsa).anchor(connection, sealing.seal())
    for change in ("UPDATE stamps SET at = now()", "DELETE FROM stamps"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.encode())


# Whoever lies

SHA1, SHA256 = bytes.fromhex("06052b0e03021a"), bytes.fromhex("0609608648016503040201")
SHA512, SHA512_256 = bytes.fromhex("0609608648016503040203"), bytes.fromhex("0609608648016503040206")


def over(query: bytes, algorithm: bytes, digest: bytes) -> bytes:
    """Return a query with the same nonce over something else."""
    nonce_and_rest = query[query.index(b"\x04\x20") + 2 + 32 :]
    imprint = sequence(sequence(algorithm + b"\x05\x00") + bytes([4, len(digest)]) + digest)
    return sequence(b"\x02\x01\x01" + imprint + nonce_and_rest)


def of_another_text(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    return tsa.reply(over(query, SHA256, sha256(b"another").digest()))


def of_the_note(tsa: TimeStamping, query: bytes, text: str) -> bytes:
    return tsa.reply(over(query, SHA256, sha256(f"{text}\n".encode()).digest()))


def by_another_hash(tsa: TimeStamping, query: bytes, text: str) -> bytes:
    return tsa.reply(over(query, SHA512, sha512(text.encode()).digest()))


def by_another_hash_that_is_as_long(tsa: TimeStamping, query: bytes, text: str) -> bytes:
    return tsa.reply(over(query, SHA512_256, sha256(text.encode()).digest()))


def of_another_query(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    """Give a stamp that was given for the same text before: the nonce ends before the BOOLEAN of `certReq`."""
    return tsa.reply(query[:-4] + bytes([query[-4] ^ 1]) + query[-3:])


def under_another_root(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    tsa.between = issued("väli", issued("juuri"))
    tsa.signer = issued("leima", tsa.between, usage=STAMPING)
    return tsa.reply(query)


def by_one_that_is_over(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    tsa.signer = issued("leima", tsa.between, usage=STAMPING, hours=23)
    return tsa.reply_as_anybody(query)


def by_one_for_something_else(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    tsa.signer = issued("leima", tsa.between, usage=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))
    return tsa.reply_as_anybody(query)


def by_one_whose_usage_is_not_critical(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    tsa.signer = issued("leima", tsa.between, usage=STAMPING, critical=False)
    return tsa.reply_as_anybody(query)


def by_one_for_more(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH])
    tsa.signer = issued("leima", tsa.between, usage=both)
    return tsa.reply_as_anybody(query)


def by_one_that_is_not_named(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    """Leave out the signed attribute that names the certificate, as `openssl cms` does."""
    return tsa.reply_as_anybody(query)


def by_one_without_a_usage(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    tsa.signer = issued("leima", tsa.between)
    return tsa.reply_as_anybody(query)


def without_certificates(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    return tsa.reply(sequence(query[2:-3]))


def refused(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    return tsa.reply(over(query, SHA1, bytes(20)))


def cut_off(tsa: TimeStamping, query: bytes, _: str) -> bytes:
    return tsa.reply(query)[:-1]


LIES: dict[str, tuple[Answer, str]] = {
    "of another text": (of_another_text, "Mismatch between messages"),
    "of the note, not its text": (of_the_note, "Mismatch between messages"),
    "by another hash": (by_another_hash, "another hash than SHA-256"),
    "by another hash that is as long": (by_another_hash_that_is_as_long, "Unsupported hash"),
    "of another query": (of_another_query, "Nonce mismatch"),
    "under another root": (under_another_root, "certificate signature failure"),
    "by one that is over": (by_one_that_is_over, "expired"),
    "by one for something else": (by_one_for_something_else, "purpose"),
    "by one for more": (by_one_for_more, "purpose"),
    "by one that is not named": (by_one_that_is_not_named, "does not name the certificate"),
    "by one whose usage is not critical": (by_one_whose_usage_is_not_critical, "purpose"),
    "by one without a usage": (by_one_without_a_usage, "purpose"),
    "without certificates": (without_certificates, "certificate"),
    "refused": (refused, "refused, with the status 2"),
    "cut off": (cut_off, "no time stamp"),
    "nothing": (lambda *_: b"", "no time stamp"),
    "a page": (lambda *_: b"<!DOCTYPE html><title>Sign in</title>", "no time stamp"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_named_and_never_kept(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside, lie: str
) -> None:
    (answer, named), it = LIES[lie], sealing.seal()
    authority = stamping(there, tsa, answer, it.text)
    with pytest.raises(NotAnchored, match=named):
        authority.anchor(connection, it)
    assert stamps(connection) == []


def test_whatever_is_answered_nothing_breaks(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside
) -> None:
    authority, it = stamping(there, tsa), sealing.seal()
    authority.anchor(connection, it)
    once, before = tsa.reply(there.asked[0][2]), stamps(connection)

    @given(st.lists(st.tuples(st.integers(0, len(once) - 1), st.integers(0, 255)), max_size=3))
    @settings(max_examples=200, deadline=None)
    def is_refused(changes: list[tuple[int, int]]) -> None:
        answer = bytearray(once)
        for at, byte in changes:
            answer[at] = byte
        there.answers = lambda *_: (200, {}, bytes(answer))
        with pytest.raises(NotAnchored):
            authority.anchor(connection, it)

    is_refused()
    assert stamps(connection) == before


# Whose clock is wrong


@pytest.mark.parametrize("minutes", [-7, 2])
def test_a_time_that_is_not_now_is_not_kept(
    connection: Connection, sealing: Sealing, tsa: TimeStamping, there: Outside, minutes: int
) -> None:
    it = sealing.seal()
    with pytest.raises(NotAnchored, match=r"its time is \d{4}-.*Z, which is not now"):
        stamping(there, tsa).anchor(connection, replace(it, at=it.at + timedelta(minutes=minutes)))
    assert stamps(connection) == []


# Whoever does not answer


def unsaid(there: Outside, connection: Connection, it: Shown, seconds: float = 10) -> str:
    """Return why nothing was stamped."""
    authority = Authority(there.url, [issued("juuri").certificate], seconds=seconds)
    with pytest.raises(NotAnchored) as caught:
        authority.anchor(connection, it)
    assert stamps(connection) == []
    return str(caught.value)


def test_an_error_is_told(connection: Connection, sealing: Sealing, there: Outside) -> None:
    there.answers = lambda *_: (503, {}, b"")
    assert unsaid(there, connection, sealing.seal()) == "it answered 503"


def test_nothing_is_followed_elsewhere(connection: Connection, sealing: Sealing, there: Outside) -> None:
    there.answers = lambda *_: (307, {"Location": f"{there.url}/elsewhere"}, b"")
    assert unsaid(there, connection, sealing.seal()) == "it answered 307"
    assert [path for path, _, _ in there.asked] == ["/"]


def test_too_long_an_answer_is_not_read(connection: Connection, sealing: Sealing, there: Outside) -> None:
    there.answers = lambda *_: (200, {}, bytes(100 * MOST_BYTES))
    assert "too long" in unsaid(there, connection, sealing.seal())


def test_nobody_there_is_told(connection: Connection, sealing: Sealing) -> None:
    with outside() as gone:
        pass
    assert unsaid(gone, connection, sealing.seal()) == "it can't be asked: NewConnectionError"


def test_who_takes_too_long_is_not_waited_for(connection: Connection, sealing: Sealing, there: Outside) -> None:
    there.open.clear()
    told = unsaid(there, connection, sealing.seal(), 0.2)
    assert told in {"it takes longer than 0.2 seconds", "it can't be asked: TimeoutError"}


def test_who_never_comes_to_an_end_is_not_waited_for(connection: Connection, sealing: Sealing, there: Outside) -> None:
    there.dripping.set()
    assert unsaid(there, connection, sealing.seal(), 0.3) == "it takes longer than 0.3 seconds"


# What authorities do


def test_certificates_may_come_in_any_order(tsa: TimeStamping) -> None:
    reply = tsa.reply(TimestampRequestBuilder(b"text", HashAlgorithm.SHA256).build().as_bytes())
    ours = [it.certificate.public_bytes(Encoding.DER) for it in (tsa.signer, tsa.between)]
    found = {reply.replace(b"".join(one), b"".join(two)) for one in permutations(ours) for two in permutations(ours)}
    assert len(found) == 2
    assert {in_order(it) for it in found} == {in_order(reply)}


def test_without_a_root_nothing_is_verified(tsa: TimeStamping) -> None:
    with pytest.raises(NoRoot):
        Authority("https://tsa.example", [tsa.between.certificate])
