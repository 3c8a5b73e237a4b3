"""What anybody may keep: a client of transparency logs, written by the specifications, believes none of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from httpx2 import Response
from starlette.testclient import TestClient

from domain.ledger.logs import EVENTS
from domain.ledger.notes import Signer, vkey
from domain.ledger.postgres import Server
from domain.ledger.sequencer import drain, settle
from domain.ledger.tiles import grow
from tests.api.conftest import Door, door_of, kind, new_database
from tests.domain.ledger.rfc9162 import HASH, largest_power_of_two_smaller_than, verify_consistency
from tests.town import AINO, Town

WITNESS = Signer("todistaja.example", Ed25519PrivateKey.generate())
MANY = 256 * 1000 + 300
"""Leaves of a tree whose tiles of level 0 have numbers of four digits."""


@dataclass
class Monitor:
    """Somebody without a token, who was handed a key, and reads a log by its prefix."""

    http: TestClient
    prefix: str
    key: str
    cached: dict[str, bytes] = field(default_factory=dict)
    """What may be kept for good."""

    def checkpoint(self, path: str | None = None) -> tuple[int, bytes]:
        """Return a checkpoint's size and root, once the key that was handed over has signed it."""
        answer = self.http.get(path or f"{self.prefix}/checkpoint")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return verified(answer.text, self.key)

    def fetch(self, path: str) -> bytes:
        if path not in self.cached:
            answer = self.http.get(f"{self.prefix}/tile/{path}")
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            self.cached[path] = answer.content
        return self.cached[path]

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        hashes = self.fetch(f"{level}/{encoded(number, width)}")
        assert len(hashes) == 32 * width
        return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]

    def entries(self, number: int, width: int) -> list[bytes]:
        bundle, found = self.fetch(f"entries/{encoded(number, width)}"), []
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            found.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        assert len(found) == width
        return found

    def all_entries(self, size: int) -> list[bytes]:
        return [it for number, width in tiles(size) for it in self.entries(number, width)]

    def root(self, size: int) -> bytes:
        """Reckon the root of the first so many leaves, from the highest tiles that help."""
        return self.mth(0, size, size)

    def mth(self, start: int, end: int, size: int) -> bytes:
        level, count = 0, end - start
        while count > 1 and count % 256 == 0:
            level, count = level + 1, count // 256
        if count == 1:
            number, at = divmod(start >> 8 * level, 256)
            return self.tile(level, number, dict(tiles(size >> 8 * level))[number])[at]
        middle = start + largest_power_of_two_smaller_than(end - start)
        return HASH(b"\x01", self.mth(start, middle, size), self.mth(middle, end, size))


def encoded(number: int, width: int) -> str:
    """Return a tile's number as its path has it: in groups of three digits, with an x before all but the last."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{it}" for it in groups[:-1]), groups[-1]])
    return path if width == 256 else f"{path}.p/{width}"


def tiles(size: int) -> list[tuple[int, int]]:
    """Return the number and the width of each tile of a level with so many hashes."""
    whole, rest = divmod(size, 256)
    return [*((number, 256) for number in range(whole)), *([(whole, rest)] if rest else [])]


def verified(note: str, key: str) -> tuple[int, bytes]:
    text, _, lines = note.partition("\n\n")
    name, _, public = key.split("+", 2)
    signatures = [base64.b64decode(line.split(" ")[2]) for line in lines.splitlines() if line.split(" ")[1] == name]
    raw = base64.b64decode(public)
    expected = sha256(name.encode() + b"\n" + raw).digest()[:4]
    (signature,) = (it[4:] for it in signatures if it[:4] == expected)
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature, f"{text}\n".encode())
    origin, size, root = text.split("\n")
    assert origin == name
    return int(size), base64.b64decode(root)


def handed(door: Door, log: str = "events", epoch: int = 1) -> str:
    """Return the verification key, as it is handed to auditors in another way."""
    with door.house.region.connect() as connection:
        current = next(it for it in door.house.signing.all(connection) if not it.retired)
    return vkey(f"luotsi/koe/{log}/{epoch}", current.public)


def monitor_of(door: Door, epoch: int = 1, log: str = "events") -> Monitor:
    return Monitor(door.http, f"/log/{log}/{epoch}", handed(door, log, epoch))


def sealed(door: Door) -> None:
    settle(door.house.region, door.house.notary)


@pytest.fixture(scope="module")
def log(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give the door of a house whose log was sealed again and again, the last time with a tile full and one begun."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("log")) as door:
        town = Town(door.house.cases)
        sealed(door)
        for number in range(14):
            case = town.case()
            door.get(f"/cases/{case}")
            for _ in range(number * 3):
                town.say(case)
            sealed(door)
        yield door


@pytest.fixture(scope="module")
def long_log(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give the door of a house whose tree is long, though it has no events for it."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("long")) as door:
        with door.house.region.connect() as connection:
            grow(connection, "events", [sha256(number.to_bytes(8, "big")).digest() for number in range(MANY)])
            door.house.notary.seal(connection)
        yield door


def checkpoints(door: Door) -> dict[int, bytes]:
    """Return the root of each checkpoint by its size."""
    with door.house.region.connect() as connection:
        found = connection.execute("SELECT size, root FROM checkpoints WHERE log = 'events' ORDER BY size").fetchall()
    return {size: bytes(root) for size, root in found}


# The tree


def test_whoever_has_the_key_rebuilds_the_log_from_its_entries(log: Door) -> None:
    monitor = monitor_of(log)
    size, root = monitor.checkpoint()
    assert size > 300
    entries = monitor.all_entries(size)
    assert [sha256(b"\x00" + it).digest() for it in entries] == [
        it for number, width in tiles(size) for it in monitor.tile(0, number, width)
    ]
    assert monitor.root(size) == root
    with log.house.region.connect() as connection:
        hashes = connection.execute("SELECT hash FROM sequence JOIN events USING (stream, version) ORDER BY position")
        assert entries == [bytes(it) for (it,) in hashes][:size]


def test_every_checkpoint_is_of_the_tree_as_it_was(log: Door) -> None:
    monitor, found = monitor_of(log), checkpoints(log)
    assert len(found) > 10
    for size, root in found.items():
        assert monitor.checkpoint(f"/checkpoint?size={size}") == (size, root)
        assert monitor.root(size) == root


def test_a_tile_is_had_in_each_width_that_it_ever_had(log: Door) -> None:
    monitor = monitor_of(log)
    whole = monitor.tile(0, 0, 256)
    for width in (1, 2, 127, 255):
        assert monitor.tile(0, 0, width) == whole[:width]
        assert monitor.entries(0, width) == monitor.entries(0, 256)[:width]


def test_a_long_log_has_tiles_of_tiles_with_numbers_of_four_digits(long_log: Door) -> None:
    monitor = monitor_of(long_log)
    size, root = monitor.checkpoint()
    assert (size, monitor.root(size)) == (MANY, root)
    assert encoded(1000, 256) == "x001/000"
    last = monitor.tile(0, 1000, 256)
    while len(last) > 1:
        last = [HASH(b"\x01", *last[at : at + 2]) for at in range(0, len(last), 2)]
    assert last[0] == monitor.tile(1, 3, 1001 - 768)[-1]
    assert len(monitor.tile(2, 0, 3)) == 3


def test_a_log_goes_on_from_each_of_its_checkpoints_to_each_later_one(log: Door) -> None:
    found, newest = checkpoints(log), max(checkpoints(log))
    for first, second in combinations(found, 2):
        proof = consistency(log, first, second)
        assert (proof["epoch"], proof["from"], proof["to"]) == (1, first, second)
        assert verify_consistency(first, second, found[first], found[second], path_of(proof))
    assert consistency(log, 1)["to"] == newest


def test_between_any_two_sizes_there_is_a_proof(long_log: Door) -> None:
    monitor = monitor_of(long_log)
    sizes = (1, 255, 256, 257, 65_535, 65_536, 65_537, 196_608, MANY)
    roots = {size: monitor.root(size) for size in sizes}
    for first, second in combinations(sizes, 2):
        path = path_of(consistency(long_log, first, second))
        assert verify_consistency(first, second, roots[first], roots[second], path)
    assert consistency(long_log, 0, 5)["path"] == consistency(long_log, 5, 5)["path"] == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("from=1&to=2000000", (404, "beyond-checkpoint")),
        ("from=2000000", (404, "beyond-checkpoint")),
        ("from=5&to=4", (422, "sizes-reversed")),
        ("from=-1", (422, "request-invalid")),
        ("from=x", (422, "request-invalid")),
        (f"from={2**63}", (422, "request-invalid")),
        ("to=4", (422, "request-invalid")),
        ("from=1&too=4", (422, "request-invalid")),
    ],
)
def test_what_there_is_no_proof_of_is_told(log: Door, asked: str, expected: tuple[int, str]) -> None:
    assert kind(log.get(f"/checkpoint/consistency?{asked}", None)) == expected


MALFORMED = [
    "0/", "0/0", "0/00", "0/0000", "0/1", "0/x000/000", "0/x000/001", "0/x00/001", "0/x001", "0/X001/000",
    "0/x0010/000", "0/000.p", "0/000.p/", "0/000.p/0", "0/000.p/08", "0/000.p/256", "0/000.p/999", "0/000.p/1000",
    "0/000.p/-8", "0/000.p/8/", "0/000.p/8/9", "0/000p/8", "0/000/p/8", "0/-01", "0/+01", "0/ 00", "0/000 ",
    "0/%0A000", "0/000%00",
    "0/%D9%A0%D9%A0%D9%A0", "0/1e3", "0/0x1", "00/000", "01/000", "64/000", "-1/000", "+0/000", "data/000", "x/000",
    "8/0/000", "0/x001//000", "0/x001/%2e%2e/000", "entries/", "entries/0", "entries/000.p/0", "entries/x000/000",
    f"0/{'x999/' * 6}999", f"0/{'x999/' * 2000}999", f"{'9' * 4000}/000", "%D9%A0/000", "0/000.p/%D9%A8",
]  # fmt: skip
BEYOND = [
    "0/999", "0/x999/999", f"0/{'x999/' * 5}999", "1/000", "1/000.p/2", "2/000.p/1", "63/000", "63/000.p/1", "0/001",
    "entries/001", "entries/999", f"entries/{'x999/' * 5}999",
]  # fmt: skip


@pytest.mark.parametrize("path", MALFORMED)
def test_a_path_that_the_specification_does_not_have_is_no_tile(log: Door, path: str) -> None:
    assert kind(log.get(f"/log/events/1/tile/{path}", None))[0] == 404


@pytest.mark.parametrize("path", BEYOND)
def test_a_tile_that_is_not_there_yet_is_told(log: Door, path: str) -> None:
    assert kind(log.get(f"/log/events/1/tile/{path}", None)) == (404, "beyond-checkpoint")


@pytest.mark.parametrize(
    "path", ["/log/events/0/checkpoint", "/log/events/x/checkpoint", f"/log/events/{2**31}/tile/0/0"]
)
def test_an_epoch_is_a_number(log: Door, path: str) -> None:
    assert kind(log.get(path, None)) == (422, "request-invalid")


def test_nothing_is_shown_that_no_checkpoint_covers(own_door: Door) -> None:
    door = own_door
    assert kind(door.get("/checkpoint", None)) == (404, "nothing-sealed")
    assert kind(door.get("/reads/checkpoint", None)) == (404, "nothing-sealed")
    assert kind(door.get("/log/events/1/tile/0/000.p/1", None)) == (404, "nothing-sealed")
    sealed(door)
    size, _ = monitor_of(door).checkpoint()
    Town(door.house.cases).case()
    drain(door.house.region)
    with door.house.region.connect() as connection:
        assert EVENTS.catch_up(connection, "koe").size > size
    monitor_of(door).tile(0, 0, size)
    for path in (f"0/000.p/{size + 1}", f"entries/000.p/{size + 1}"):
        assert kind(door.get(f"/log/events/1/tile/{path}", None)) == (404, "beyond-checkpoint")
    assert kind(door.get(f"/checkpoint/consistency?from=1&to={size + 1}", None)) == (404, "beyond-checkpoint")


# Checkpoints


def test_the_newest_checkpoint_is_the_one_that_is_kept(log: Door) -> None:
    monitor = monitor_of(log)
    assert monitor.checkpoint("/checkpoint") == monitor.checkpoint()
    assert monitor.checkpoint()[0] == max(checkpoints(log))


def test_the_log_of_reads_is_rebuilt_from_its_entries_like_the_other(log: Door) -> None:
    monitor = monitor_of(log, log="reads")
    size, root = monitor.checkpoint("/reads/checkpoint")
    assert size >= 14
    assert monitor.checkpoint() == (size, root)
    assert kind(log.get(f"/reads/checkpoint?size={size + 1}", None)) == (404, "checkpoint-absent")
    entries = monitor.all_entries(size)
    assert len(set(entries)) == size
    assert monitor.tile(0, 0, size) == [HASH(b"\x00", it) for it in entries]
    assert monitor.root(size) == root
    path = log.get(f"/checkpoint/consistency?log=reads&from=1&to={size}", None).json()["path"]
    assert verify_consistency(1, size, monitor.tile(0, 0, size)[0], root, [bytes.fromhex(it) for it in path])


def test_of_reads_that_were_dropped_the_tiles_remain(log: Door) -> None:
    size, _ = monitor_of(log, log="reads").checkpoint()
    with log.house.region.connect(owner=True) as owner:
        owner.execute("CREATE TABLE away AS SELECT * FROM reads ORDER BY at LIMIT 1")
        owner.execute("DELETE FROM reads WHERE id IN (SELECT id FROM away)")
        try:
            assert kind(log.get(f"/log/reads/1/tile/entries/000.p/{size}", None)) == (404, "entries-dropped")
            assert log.get(f"/log/reads/1/tile/0/000.p/{size}", None).status_code == 200
        finally:
            owner.execute("INSERT INTO reads SELECT * FROM away")
            owner.execute("DROP TABLE away")


def test_a_size_that_none_was_signed_at_is_told(log: Door) -> None:
    absent = next(it for it in range(1, 300) if it not in checkpoints(log))
    answer = log.get(f"/checkpoint?size={absent}", None)
    assert kind(answer) == (404, "checkpoint-absent")
    assert answer.json()["details"] == {"newest": max(checkpoints(log))}


def test_who_has_the_checkpoint_is_not_sent_it_again_until_a_witness_has_cosigned_it(log: Door) -> None:
    first = log.get("/checkpoint", None)
    assert first.headers["cache-control"] == "no-cache"
    assert again(log, first).status_code == 304
    size, root = verified(first.text, handed(log))
    text = first.text[: first.text.index("\n\n") + 1]
    line = WITNESS.cosignature(text, datetime(2026, 3, 4, tzinfo=UTC))
    with log.house.region.connect() as connection:
        statement = "INSERT INTO cosignatures VALUES ('events', 1, %s, %s, %s, now())"
        connection.execute(statement, (size, WITNESS.name, line))
    second = again(log, first)
    assert second.text == f"{first.text}{line}\n"
    assert verified(second.text, handed(log)) == (size, root)
    assert again(log, second).status_code == 304


def test_time_stamps_are_of_the_checkpoint_that_is_asked_for_or_of_the_last_that_has_any(log: Door) -> None:
    first, *_, last = checkpoints(log)
    assert stamps(log) == {"log": "events", "epoch": 1, "size": last, "tokens": []}
    with log.house.region.connect() as connection:
        statement = "INSERT INTO stamps VALUES ('events', 1, %s, %s, %s, now())"
        for url, token in (("https://a.example", b"\x00yksi"), ("https://b.example", b"kaksi\xff")):
            connection.execute(statement, (first, url, token))
    assert stamps(log) == stamps(log, f"?size={first}")
    assert [base64.b64decode(it) for it in stamps(log)["tokens"]] == [b"\x00yksi", b"kaksi\xff"]
    assert stamps(log, f"?size={last}")["tokens"] == []
    assert kind(log.get("/checkpoint/stamps?size=7777777", None)) == (404, "checkpoint-absent")
    assert "example" not in log.get("/checkpoint/stamps", None).text


def test_the_keys_are_told_with_the_notes_that_they_come_by(own_door: Door) -> None:
    door = own_door
    sealed(door)
    was, told = handed(door), keys(door)
    assert told["vkeys"] == [was, handed(door, "reads")]
    assert (told["region"], told["epoch"], told["epochs"], len(told["signing"])) == ("koe", 1, [], 1)
    with door.house.region.connect() as connection:
        door.house.signing.rotate(connection)
    Town(door.house.cases).case()
    sealed(door)
    told = keys(door)
    assert told["vkeys"] == [handed(door), handed(door, "reads")]
    assert was not in told["vkeys"]
    assert [it.splitlines()[4].split()[0] for it in told["signing"]] == ["first", "follows"]
    assert monitor_of(door).checkpoint()[0] > 0


def test_an_epoch_that_is_over_is_gone_and_the_next_one_is_a_log_of_its_own(own_door: Door) -> None:
    door = own_door
    sealed(door)
    size, root = monitor_of(door).checkpoint()
    assert kind(door.get("/log/events/2/checkpoint", None)) == (404, "epoch-absent")
    with door.house.region.connect() as connection:
        door.house.notary.open_epoch(connection, 2, forked=True)
    assert kind(door.get("/checkpoint", None)) == (404, "nothing-sealed")
    sealed(door)
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        gone = door.get(f"/log/events/1/{path}", None)
        assert (*kind(gone), gone.json()["details"]) == (410, "log-over", {"epoch": 2})
    assert monitor_of(door, 2).checkpoint() == monitor_of(door, 2).checkpoint("/checkpoint") == (size, root)
    (note,) = keys(door)["epochs"]
    assert note.splitlines()[:2] == ["luotsi/koe/epochs", "2"]
    assert {it.split("+")[0] for it in keys(door)["vkeys"]} == {"luotsi/koe/events/2", "luotsi/koe/reads/2"}


# What it tells


PATHS = (
    "/checkpoint", "/reads/checkpoint", "/checkpoint/consistency?from=3", "/checkpoint/keys", "/checkpoint/stamps",
    "/log/events/1/checkpoint", "/log/events/1/tile/0/000", "/log/events/1/tile/1/000.p/1",
    "/log/events/1/tile/entries/000",
)  # fmt: skip


def test_it_asks_for_no_token_and_looks_at_none(log: Door) -> None:
    for path in PATHS:
        told = log.get(path, None)
        assert told.status_code == 200
        for token in (f"Bearer {log.issuer.mint(AINO)}", "Bearer x"):
            assert log.get(path, None, headers={"Authorization": token}).content == told.content


def test_it_names_no_case_no_client_and_nobody(log: Door) -> None:
    with log.house.region.connect() as connection:
        streams = [it for (it,) in connection.execute("SELECT DISTINCT stream FROM events").fetchall()]
    names = [*map(str, streams), *(it.hex for it in streams), "aino", "kela", "asiakaspalvelu", "asunnon"]
    for path in PATHS:
        told = log.get(path, None)
        assert not [it for it in names if it.encode() in told.content], path
        assert not [it for it in streams if it.bytes in told.content], path


def test_readiness_tells_how_far_sealing_is_behind(own_door: Door) -> None:
    door = own_door
    ready = door.get("/health/ready", None).json()
    assert ready["unsealed"] == ready["waiting"] > 0
    assert ready["unsealed_since"] == ready["waiting_since"]
    drain(door.house.region)
    positioned = door.get("/health/ready", None).json()
    assert (positioned["waiting"], positioned["unsealed"]) == (0, ready["unsealed"])
    assert positioned["unsealed_since"] == ready["unsealed_since"]
    sealed(door)
    done = door.get("/health/ready", None).json()
    assert (done["unsealed"], done["unsealed_since"]) == (0, None)


def test_readiness_tells_when_somebody_outside_last_vouched(own_door: Door) -> None:
    door = own_door
    assert door.get("/health/ready", None).json()["vouched"] == {}
    sealed(door)
    assert door.get("/health/ready", None).json()["vouched"] == {"events": None, "reads": None}
    with door.house.region.connect() as connection:
        connection.execute("INSERT INTO stamps VALUES ('events', 1, 1, 'https://tsa.example', '', '2026-11-22 05:00Z')")
        line = ("events", 1, 1, "witness.example/w1", "", "2026-11-22 06:00Z")
        connection.execute("INSERT INTO cosignatures VALUES (%s, %s, %s, %s, %s, %s)", line)
    assert door.get("/health/ready", None).json()["vouched"] == {"events": "2026-11-22T06:00:00Z", "reads": None}


def consistency(door: Door, first: int, second: int | None = None) -> dict[str, Any]:
    answer = door.get(f"/checkpoint/consistency?from={first}" + (f"&to={second}" if second is not None else ""), None)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def path_of(proof: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(it) for it in proof["path"]]


def again(door: Door, answer: Response) -> Response:
    return door.get("/checkpoint", None, headers={"If-None-Match": answer.headers["etag"]})


def stamps(door: Door, query: str = "") -> dict[str, Any]:
    return dict(door.get(f"/checkpoint/stamps{query}", None).json())


def keys(door: Door) -> dict[str, Any]:
    return dict(door.get("/checkpoint/keys", None).json())
