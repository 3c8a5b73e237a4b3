"""Makes bundles from the format alone, with fixed keys and times: honest ones, and whatever else is wanted.

A `World` is a region with its log, in which three cases are written side by side; a `Bundle` is one case's, as lists
and dictionaries that a liar can change before it is packed.
"""

from __future__ import annotations

import base64
import hmac
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.verifier.stamping import Authority
from tests.verifier.trees import Tree

REGION = "pohjola"
BEGAN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
CASES = UUID("9b2f1c9e-4f57-4c39-8f4e-7f2b7c1d2a11")
NAMES = ("events.jsonl", "words.jsonl", "checkpoints.jsonl", "stamps.jsonl", "heads.json", "keys.json", "page.html")
ZIPPED = (2026, 3, 6, 12, 0, 0)
AUTHORITY = Authority()


def case(letter: str) -> UUID:
    return uuid5(CASES, letter)


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def dense(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Pair:
    """A pair of keys, made of a name."""

    seed: str

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256(self.seed.encode()).digest())

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def id(self, name: str, algorithm: int = 1) -> bytes:
        return sha256(name.encode() + b"\n" + bytes([algorithm]) + self.public).digest()[:4]

    def vkey(self, name: str, algorithm: int = 1) -> str:
        return f"{name}+{self.id(name, algorithm).hex()}+{b64(bytes([algorithm]) + self.public)}"

    def line(self, name: str, text: str) -> str:
        return f"— {name} {b64(self.id(name) + self.private.sign(text.encode()))}\n"

    def cosignature(self, name: str, text: str, time: datetime) -> str:
        seconds = int(time.timestamp())
        signature = self.private.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
        return f"— {name} {b64(self.id(name, 4) + seconds.to_bytes(8, 'big') + signature)}\n"


FIRST, SECOND, THIEF, WITNESS = Pair("first"), Pair("second"), Pair("thief"), Pair("witness")
WITNESS_NAME = "witness.example/one"


def signed(text: str, name: str, *pairs: Pair) -> str:
    return text + "\n" + "".join(it.line(name, text) for it in pairs)


def key_note(
    number: int, pair: Pair, became: str, *pairs: Pair, before: Pair | None = None, region: str = REGION,
    made: datetime = BEGAN,
) -> str:  # fmt: skip
    """Return a key note, signed by its own key and these; `before` is what it names if not the first of these."""
    name = f"luotsi/{region}/keys"
    named = before or next(iter(pairs), FIRST)
    became = became if became == "first" else f"{became} {b64(named.public)}"
    text = f"{name}\n{number}\n{b64(pair.public)}\n{made + timedelta(days=number):%Y-%m-%dT%H:%M:%S.%fZ}\n{became}\n"
    return signed(text, name, pair, *pairs)


def epoch_note(epoch: int, kept: int, published: str, pair: Pair = FIRST, region: str = REGION) -> str:
    name = f"luotsi/{region}/epochs"
    text = f"{name}\n{epoch}\n{BEGAN:%Y-%m-%dT%H:%M:%SZ}\nevents {kept} {b64(published.encode())}\nreads 0 none\n"
    return signed(text, name, pair)


def chained(region: str, stream: UUID, version: int, previous: bytes, document: str) -> bytes:
    parts = (
        b"luotsi-event-1", region.encode(), stream.bytes, version.to_bytes(8, "big"), previous, document.encode()
    )  # fmt: skip
    return sha256(b"".join(len(it).to_bytes(8, "big") + it for it in parts)).digest()


def entry_key(stream: UUID, version: int, region: str = REGION, *, salted: bool = True) -> bytes:
    """HKDF-Expand by RFC 5869, 2.3, written out; two rounds give the 64 bytes of before the log was sealed."""
    stream_key = sha256(b"key of " + stream.bytes).digest()
    info = b"luotsi-words-1" + bytes([len(region)]) + region.encode() + stream.bytes + version.to_bytes(8, "big")
    first = hmac.digest(stream_key, info + b"\x01", "sha256")
    if salted:
        return first + hmac.digest(first, b"luotsi-commitment-1", "sha256")
    return first + hmac.digest(stream_key, first + info + b"\x02", "sha256")


def ciphertext(key: bytes, words: dict[str, str]) -> bytes:
    nonce = sha256(key).digest()[:12]
    return key[32:] + nonce + AESGCM(key[:32]).encrypt(nonce, dense(words).encode(), None)


@dataclass(frozen=True)
class Written:
    """An event in the log."""

    stream: UUID
    version: int
    document: str
    hash: bytes
    previous: bytes
    position: int
    ciphertext: bytes | None


@dataclass
class World:
    """A region: its log so far. Documents of before the log was sealed are not `salted`, nor words `committed`."""

    region: str = REGION
    salted: bool = True
    committed: bool = True
    log: list[bytes] = field(default_factory=list)
    events: list[Written] = field(default_factory=list)
    heads: list[Written] = field(default_factory=list)
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = Tree(self.log)

    def write(
        self, stream: UUID, topic: str, recorded: datetime, event: dict[str, Any], words: dict[str, str] | None = None
    ) -> Written:
        """Log an event of a stream."""
        before = [it for it in self.events if it.stream == stream]
        version, previous = len(before) + 1, before[-1].hash if before else b""
        sealed = (
            ciphertext(entry_key(stream, version, self.region, salted=self.salted and self.committed), words)
            if words
            else None
        )
        document = documented(topic, recorded, sealed, event, salted=self.salted)
        hashed = chained(self.region, stream, version, previous, document)
        self.log.append(hashed)
        self.events.append(Written(stream, version, document, hashed, previous, len(self.log), sealed))
        return self.events[-1]

    def fill(self, count: int) -> None:
        """Log so many events of cases that are nobody's here."""
        self.log += [sha256(f"entry {len(self.log) + it}".encode()).digest() for it in range(count)]

    def checkpoint(self, size: int, *pairs: Pair, origin: str = "", root: bytes | None = None) -> str:
        """Return the note of a checkpoint."""
        name = origin or f"luotsi/{self.region}/events/1"
        text = f"{name}\n{size}\n{b64(self.tree.root(size) if root is None else root)}\n"
        return signed(text, name, *(pairs or (FIRST,)))

    def of(self, stream: UUID) -> list[Written]:
        return [it for it in self.events if it.stream == stream]


def documented(
    topic: str, recorded: datetime, sealed: bytes | None, event: dict[str, Any], *, salted: bool = True
) -> str:  # fmt: skip
    context = {
        "command": str(uuid5(CASES, recorded.isoformat())),
        "actor": {"id": "aino", "role": "worker", "organisation": "0246246-0", "unit": "aikuissosiaalityö"},
        "occurred": (recorded - timedelta(minutes=2)).isoformat(), "recorded": recorded.isoformat(), "reported": False,
        "late": False, "on_behalf_of": None, "causation": None, "imported": None,
    }  # fmt: skip
    digest = sha256(sealed).hexdigest() if sealed else None
    salt = {"salt": sha256(f"{topic} {recorded}".encode()).hexdigest()[:32]} if salted else {}
    return dense({"topic": topic, "payload": 1, "context": context, "words": digest} | salt | {"event": event})


def heads_tree(heads: Sequence[Written]) -> Tree:
    last = {it.stream: it for it in heads}
    return Tree([it.stream.bytes + it.version.to_bytes(8, "big") + it.hash for _, it in sorted(last.items())])


@dataclass
class Bundle:
    """A bundle before it is packed. `manifest` overrides what the manifest would say."""

    events: list[dict[str, Any]]
    words: list[dict[str, Any]]
    checkpoints: list[dict[str, Any]]
    stamps: list[dict[str, Any]]
    heads: dict[str, Any] | None
    keys: dict[str, list[str]]
    page: bytes = b"<!doctype html><title>Asia</title>\n"
    case: UUID = field(default_factory=lambda: case("a"))
    region: str = REGION
    manifest: dict[str, Any] = field(default_factory=dict)

    def contents(self) -> dict[str, bytes]:
        """Return the files, the manifest last."""
        lines = {
            name: "".join(dense(it) + "\n" for it in listed).encode()
            for name, listed in zip(NAMES, (self.events, self.words, self.checkpoints, self.stamps), strict=False)
        }
        files = lines | {
            "heads.json": dense(self.heads).encode(), "keys.json": dense(self.keys).encode(), "page.html": self.page
        }  # fmt: skip
        return files | {"manifest.json": dense(self.told(files)).encode()}

    def told(self, files: dict[str, bytes]) -> dict[str, Any]:
        """Return what the manifest says."""
        return {
            "format": "luotsi-bundle-1", "region": self.region, "case": str(self.case),
            "made": "2026-03-06T12:00:00+00:00", "language": "fi", "words": "all", "versions": len(self.events),
            "files": [
                {"name": name, "length": len(it), "sha256": sha256(it).hexdigest()} for name, it in files.items()
            ],
        } | self.manifest  # fmt: skip

    def pack(self) -> bytes:
        return packed(self.contents())


def packed(
    files: dict[str, bytes] | Sequence[tuple[str, bytes]], *, method: int = zipfile.ZIP_STORED,
    change: Callable[[zipfile.ZipInfo], None] | None = None,
) -> bytes:  # fmt: skip
    """Return a zip file of these, the same at every making unless deflated."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as made:
        for name, contents in files.items() if isinstance(files, dict) else files:
            info = zipfile.ZipInfo(name, ZIPPED)
            info.compress_type, info.external_attr, info.create_system = method, 0o600 << 16, 3
            if change:
                change(info)
            made.writestr(info, contents)
    return sink.getvalue()


class Pipe(io.RawIOBase):
    """What a zip file is streamed into: it can't be gone back in."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, octets: Any) -> int:
        self.written += octets
        return len(octets)


def streamed(files: dict[str, bytes]) -> bytes:
    """Return the same as it is written to a connection: with sizes behind each file's data."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        for name, contents in files.items():
            with made.open(zipfile.ZipInfo(name, ZIPPED), "w") as member:
                member.write(contents)
    return bytes(pipe.written)


# The story that all bundles tell

SAID = {
    1: {"description": "En jaksa enää yksin."}, 2: {"text": "Bussi ei kulje meille asti."}, 3: {"reason": "Muutto"},
    5: {"text": "Vuokra on maksamatta."}, 6: {"text": "Sovittiin käynti."},
}  # fmt: skip
TOPICS = (
    "case-opened", "statement-recorded", "handoff-proposed", "contact-recorded", "statement-recorded",
    "contact-recorded", "handoff-accepted", "next-step-promised", "statement-confirmed",
)  # fmt: skip
AT = (1, 3, 4, 6, 7, 9, 10, 15, 18)
SIZE, STAMPED, SEALING, OF = 16, 13, 12, 11
STAMPED_AT = BEGAN + timedelta(hours=10, minutes=30)


def recorded(version: int) -> datetime:
    return BEGAN + timedelta(hours=version if version < 8 else version + 4, seconds=version)


Twist = Callable[[World, UUID, int], datetime | None]


def told(
    region: str = REGION, twist: Callable[[int, datetime], datetime] = lambda _, time: time,
    sealed: Callable[[Written], Written] = lambda it: it, *, salted: bool = True,
    committed: bool = True,
) -> World:  # fmt: skip
    """Write a log: case a's nine events, between those of b and of others, and on its twelfth place the sealing."""
    world = World(region, salted, committed)
    while len(world.log) < AT[-1]:
        here = len(world.log) + 1
        if here in AT:
            version = AT.index(here) + 1
            time = twist(version, recorded(version))
            world.write(case("a"), TOPICS[version - 1], time, {"entry": version}, SAID.get(version))
        elif here in {2, 5, 8}:
            version = len(world.of(case("b"))) + 1
            world.write(case("b"), TOPICS[version - 1], recorded(version), {"entry": version}, SAID.get(version))
        elif here == SEALING:
            world.heads = list(map(sealed, world.events))
            heads = heads_tree(world.heads)
            event = {"day": "2026-03-02", "events": OF, "streams": len(heads.entries),
                     "root": heads.root(len(heads.entries)).hex()}  # fmt: skip
            world.write(case("log"), "heads-sealed", BEGAN + timedelta(hours=9), event)
        else:
            world.fill(1)
    return world


def bundle(world: World | None = None, of: str = "a") -> Bundle:
    """Make a bundle in which all occurs: words of each kind, an event withheld, one that is not covered yet."""
    world = world or told()
    events = [event_line(world, it) for it in world.of(case(of))]
    if of == "a":
        withheld = events[3]
        del withheld["document"]
        withheld |= {"withheld": "third_party", "words": "withheld"}
        events[4]["words"], events[5]["words"] = "sealed", "destroyed"
    opened = {line["version"] for line in events if line["words"] == "opened"}
    return Bundle(
        events,
        [words_line(it) for it in world.of(case(of)) if it.version in opened],
        [checkpoint_line(world, size) for size in (SIZE, STAMPED, 8)],
        [stamp_line(world, STAMPED, STAMPED_AT)],
        heads_of(world, of),
        {"signing": [key_note(1, FIRST, "first", region=world.region)], "epochs": []},
        case=case(of), region=world.region,
    )  # fmt: skip


def event_line(world: World, it: Written, size: int = SIZE) -> dict[str, Any]:
    covered = it.position <= size
    return {
        "version": it.version, "position": it.position if covered else None, "hash": it.hash.hex(),
        "document": it.document, "path": hexes(world.tree.path(it.position - 1, size)) if covered else [],
        "words": "opened" if it.ciphertext else "none",
    }  # fmt: skip


def words_line(it: Written) -> dict[str, Any]:
    assert it.ciphertext
    key = entry_key(it.stream, it.version, salted='"salt"' in it.document)
    return {"version": it.version, "ciphertext": b64(it.ciphertext), "key": b64(key)}


def checkpoint_line(world: World, size: int, *pairs: Pair, of: int = SIZE) -> dict[str, Any]:
    note = world.checkpoint(size, *pairs)
    text = note.partition("\n\n")[0] + "\n"
    if size == STAMPED:
        note += WITNESS.cosignature(WITNESS_NAME, text, STAMPED_AT)
    return {"size": size, "note": note, "path": hexes(world.tree.proof(size, of))}


def stamp_line(world: World, size: int, time: datetime, authority: Authority = AUTHORITY) -> dict[str, Any]:
    text = world.checkpoint(size).partition("\n\n")[0] + "\n"
    return {"size": size, "token": b64(authority.token(text, time))}


def heads_of(world: World, of: str = "a") -> dict[str, Any]:
    (sealed,) = world.of(case("log"))
    line = event_line(world, sealed)
    line = {name: line[name] for name in ("version", "position", "hash", "document", "path")}
    tree, last = heads_tree(world.heads), {it.stream: it for it in world.heads}
    place = sorted(last).index(case(of))
    return {
        "sealed": {"stream": str(sealed.stream), "previous": ""} | line, "place": place,
        "version": last[case(of)].version, "hash": last[case(of)].hash.hex(),
        "path": hexes(tree.path(place, len(tree.entries))),
    }  # fmt: skip


def hexes(hashes: Sequence[bytes]) -> list[str]:
    return [it.hex() for it in hashes]
