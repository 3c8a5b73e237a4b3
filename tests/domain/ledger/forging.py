"""A region with all that a ledger can hold, and a superuser who forges it, and reckons anew all that can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from domain.case import Case
from domain.client import RegisterClient
from domain.closure import CloseCase, ProposeClosure
from domain.corrections import ConfirmMisplaced, MarkErroneous
from domain.decider import Actor, Entry, Override, Role
from domain.erasure import ConfirmErasure, ProposeErasure
from domain.intake import OpenCase
from domain.ledger.audit.snapshot import Snapshot
from domain.ledger.audit.whole import Against, Report, audited
from domain.ledger.database import Region
from domain.ledger.heads import Heads, entry, root_of, seal
from domain.ledger.merkle import leaf_hash
from domain.ledger.notes import Checkpoint, Signer, signed, text_of
from domain.ledger.postgres import Server
from domain.ledger.readlog import read_entries
from domain.ledger.sequencer import settle
from domain.ledger.tiles import Tiles, grow
from domain.sealing import LOG_STREAM
from domain.voice import RecordStatement
from projections.live import Live
from tests.domain.ledger.witnessing import Witnessing
from tests.town import ADMINISTRATOR, AINO, CILLA, Town, ledger, notary_of
from tests.verifier.stamping import Authority
from verifier.chain import event_hash

MIKKO = Actor("mikko", Role.MANAGER, "kela", "asiakaspalvelu")
TABLES = frozenset(it.table for it in Live().tables)
READ = """
    INSERT INTO reads (who, role, organisation, what, via, why, cases)
    VALUES (%s, 'worker', 'kela', 'ReadCase', 'http', 'work', %s)"""


@dataclass
class Good:
    """A whole ledger in a database of its own, and what is known of it outside."""

    region: Region
    name: str
    home: Path
    facts: dict[str, Any]
    witness: Witnessing = field(default_factory=Witnessing)

    @property
    def published(self) -> Path:
        """Where the region's own files stand."""
        return self.home / "published"


def _build(region: Region, name: str, home: Path) -> Good:
    """Let a town live for a while, and everything be sealed, stamped and witnessed."""
    with ledger(region, home) as cases:
        town = Town(cases).settle()
        notary = notary_of(region, home)
        facts: dict[str, Any] = {"log": LOG_STREAM}
        facts["case"] = _handed_over(town)
        facts["misplaced"] = _misplaced(town)
        facts["erased"] = _erased(town)
        facts["client"] = town.cases.client_of(facts["case"])
        settle(region, notary)
        good = Good(region, name, home, facts)
        for reader in ("aino", "bo"):
            _read(region, reader, facts["case"])
        with region.connect() as connection:
            seal(cases, connection)
        settle(region, notary)
        facts["anchored"] = _anchor(region, good)
        with region.connect() as connection:
            (facts["place"],) = connection.execute(_PLACE, (facts["case"],)).fetchone() or (0,)
        (home / "known").write_text(newest_note(region), "utf-8")
        with region.connect() as connection:
            notary.keys.rotate(connection)
        facts["other"] = town.case()
        town.say(facts["other"])
        _read(region, "cilla", facts["other"])
        settle(region, notary)
        facts["size"] = _one(region, "SELECT size FROM trees WHERE log = 'events'")
        with region.connect() as connection:
            Heads(cases).look(connection)
        town.say(facts["other"], "odottaa vielä")
    return good


def _handed_over(town: Town) -> UUID:
    case = town.case()
    town.say(case)
    town.hand_over(case)
    town.say(case, "toinen", CILLA)
    return case


def _misplaced(town: Town) -> UUID:
    case = town.case()
    town.say(case)
    town.do(MarkErroneous(Entry(2), "eri henkilö", wrong_person=True), case, AINO)
    town.do(ConfirmMisplaced(Entry(2)), case, MIKKO)
    return case


def _erased(town: Town) -> UUID:
    client, case = uuid4(), uuid4()
    town.do(RegisterClient("7.3.1961", "Tampere"), client, AINO)
    town.do(OpenCase(client, "neuvoa"), case, AINO)
    town.do(RecordStatement("oma sana"), case, AINO)
    town.do(ProposeClosure("moved", no_view_because="muutti", urgent=True), case, AINO)
    ended = CloseCase(override=(Override(13, "muutti", datetime.now(UTC) + timedelta(days=30)),))
    town.do(ended, case, MIKKO)
    town.do(ProposeErasure("court_order", "oikeus"), case, ADMINISTRATOR)
    state = town.cases.loaded(case, Case).state
    assert isinstance(state, Case)
    assert state.erasure
    town.do(ConfirmErasure(state.erasure.erasure), case, Actor("kaisa", Role.ADMINISTRATOR))
    return case


def _read(region: Region, who: str, case: UUID) -> None:
    with region.connect() as connection:
        connection.execute(READ, (who, [case]))


def _anchor(region: Region, good: Good) -> int:
    """Have the last checkpoint stamped and cosigned; return its size."""
    at = datetime.now(UTC).replace(microsecond=0)
    with region.connect() as connection:
        size, note = connection.execute(_LAST).fetchone() or (0, "")
        token = Authority().token(text_of(note), at)
        connection.execute(
            "INSERT INTO stamps (log, epoch, size, authority, token, at) VALUES ('events', 1, %s, 'tsa', %s, %s)",
            (size, token, at),
        )
        line = Signer(good.witness.name, good.witness.key).cosignature(text_of(note), at)
        connection.execute(
            "INSERT INTO cosignatures (log, epoch, size, witness, line, at) VALUES ('events', 1, %s, %s, %s, %s)",
            (size, good.witness.name, line, at),
        )
    return int(size)


def newest_note(region: Region) -> str:
    """Return the last checkpoint of the log of events."""
    with region.connect() as connection:
        return str((connection.execute(_LAST).fetchone() or (0, ""))[1])


@contextmanager
def built(postgres: Server, home: Path) -> Iterator[Good]:
    """Give the good ledger, in a database of its own."""
    name = f"good_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}".encode())
        yield _build(Region(postgres.url.removesuffix("luotsi") + name, "koe"), name, home)
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def copied(postgres: Server, good: Good) -> Iterator[Region]:
    """Give a copy of the good ledger, to be forged."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name} TEMPLATE {good.name}".encode())
        yield Region(postgres.url.removesuffix("luotsi") + name, "koe")
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


class Forger:
    """Who may do everything in the database, and knows how it is made."""

    def __init__(self, owner: Connection, good: Good) -> None:
        self.owner = owner
        self.good = good

    def do(self, statement: str, **facts: Any) -> None:
        """Change what stands there; facts are the ledger's own. It has to change something."""
        done = self.owner.execute(statement.encode(), self.good.facts | facts)
        assert done.rowcount, statement

    def rewrite(self, stream: UUID, version: int, old: str, new: str) -> None:
        """Change what an event says, and let all hashes of its stream follow."""
        self.do(_REWRITE, stream=stream, version=version, old=old, new=new)
        self.rechain(stream)

    def rechain(self, stream: UUID) -> None:
        """Reckon the hashes of a stream anew."""
        previous = b""
        for version, document in self.owner.execute(_STREAM, (stream,)).fetchall():
            previous = event_hash("koe", stream, version, previous, document)
            self.do(_HASH, hash=previous, stream=stream, version=version)

    def renumber(self) -> None:
        """Make the sequence dense again."""
        self.do(_RENUMBER)
        self.do("UPDATE sequence SET position = -position")
        self.do("UPDATE log_state SET position = (SELECT max(position) FROM sequence)")

    def rehead(self) -> None:
        """Seal the heads anew as they are now, in the event that sealed them, and make their tree."""
        heads = self.owner.execute(_HEADS, (LOG_STREAM,)).fetchall()
        leaves = [leaf_hash(entry(stream, version, digest)) for stream, version, digest, _ in heads]
        self.rewrite(LOG_STREAM, 1, heads[0][3], root_of(leaves)[1].hex())
        self.do("DELETE FROM tiles WHERE log = 'heads'")
        self.do("UPDATE trees SET size = 0 WHERE log = 'heads'")
        grow(self.owner, "heads", leaves)

    def regrow(self, *, shorter: int = 0) -> None:
        """Make the trees anew of what the logs have now: of the events so many fewer."""
        size = Tiles(self.owner, "events").size - shorter
        entries = {"events": [bytes(it) for (it,) in self.owner.execute(_HASHES, (size,)).fetchall()]}
        entries["reads"] = read_entries(self.owner, "koe", 0, Tiles(self.owner, "reads").size)
        self.do("DELETE FROM tiles WHERE log <> 'heads'")
        self.do("UPDATE trees SET size = 0 WHERE log <> 'heads'")
        for log, hashes in entries.items():
            grow(self.owner, log, [leaf_hash(it) for it in hashes])

    def reseal(self, key: Ed25519PrivateKey | None = None, published: Path | None = None) -> None:
        """Give all checkpoints the roots that the trees have now; with a key sign them anew, and publish the last."""
        found = self.owner.execute("SELECT log, size, note FROM checkpoints ORDER BY log, size").fetchall()
        for log, size, note in found:
            checkpoint = Checkpoint(f"luotsi/koe/{log}/1", size, Tiles(self.owner, log).root(size))
            anew = signed(checkpoint.text, [Signer(checkpoint.origin, key)]) if key else note
            self.do(_RESEAL, root=checkpoint.root, note=anew, of=log, entries=size)
            if published:
                (published / f"{log}.checkpoint").write_text(anew, "utf-8")


def signing_key(good: Good) -> Ed25519PrivateKey:
    """Return the region's own private key, as who has broken into the house has it."""
    with good.region.connect() as connection:
        return notary_of(good.region, good.home).keys.signer(connection, "koe").key


def known(good: Good, published: Path | None = None, keys: Sequence[str] = ()) -> Against:
    """Give all that is known outside."""
    return Against.of([good.home / "known"], published or good.published, keys, [good.witness.vkey])


def seen(forger: Forger, against: Against | None = None) -> Report:
    """Audit what the forger has made of it."""
    snapshot = Snapshot(forger.good.region, forger.owner)
    return audited(snapshot, against or known(forger.good), TABLES, lambda *_: None)


def told(report: Report) -> list[str]:
    return [str(it) for it in report.tally.told]


def _one(region: Region, query: str) -> Any:
    with region.connect() as connection:
        return (connection.execute(query.encode()).fetchone() or (None,))[0]


_LAST = "SELECT size, note FROM checkpoints WHERE log = 'events' ORDER BY size DESC LIMIT 1"
_REWRITE = """
    UPDATE events SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), %(old)s, %(new)s), 'UTF8')
    WHERE stream = %(stream)s AND version = %(version)s AND position(%(old)s IN convert_from(bytes, 'UTF8')) > 0"""
_STREAM = "SELECT version, bytes FROM events WHERE stream = %s ORDER BY version"
_HASH = "UPDATE events SET hash = %(hash)s WHERE stream = %(stream)s AND version = %(version)s"
_RENUMBER = """
    UPDATE sequence s SET position = -n.n FROM (
        SELECT position, row_number() OVER (ORDER BY position) AS n FROM sequence
    ) n WHERE n.position = s.position"""
_RESEAL = "UPDATE checkpoints SET root = %(root)s, note = %(note)s WHERE log = %(of)s AND size = %(entries)s"
_HEADS = """
    SELECT DISTINCT ON (s.stream) s.stream, s.version, e.hash, said ->> 'root' FROM sequence s
    JOIN events e ON e.stream = s.stream AND e.version = s.version
    CROSS JOIN (
        SELECT convert_from(bytes, 'UTF8')::json -> 'event' AS said FROM events WHERE stream = %s AND version = 1
    ) d WHERE s.position <= (said ->> 'events')::bigint ORDER BY s.stream, s.version DESC"""
_PLACE = "SELECT position FROM sequence WHERE stream = %s AND version = 2"
_HASHES = """
    SELECT e.hash FROM sequence s JOIN events e USING (stream, version) WHERE s.position <= %s ORDER BY s.position"""
