"""A large ledger, fast: lives that real decisions have told, again and again of other people, places and times.

Each case has ids, times, words and a key of its own. Its events are encoded, sealed and chained as the service does it,
and copied in where the service would insert them; the product's own rebuild then makes the read tables.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from random import Random
from uuid import UUID

from psycopg import Connection

from domain.calendar import HELSINKI
from domain.decider import Recorded
from domain.directory import (
    POLICY_STREAM,
    JoinUnit,
    OpenUnit,
    RegisterOrganisation,
    SetPolicy,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.leaving import SetCaseloadLimit
from domain.ledger.application import Asked, ask
from domain.ledger.database import Region
from domain.ledger.keys.keks import Keks, keks_in
from domain.ledger.mapper import EventMapper, Sealed, chained, codec_of
from domain.ledger.recorder import NO_HASH
from domain.ledger.rotation import hear
from domain.ledger.words import Keyring, entry_key, seal
from tests.bench.ground import ADMINISTRATOR, Ground
from tests.bench.telling import BEGINS, STREAM, life, registered

LENGTHS = (15, 25, 40, 55, 70, 110)
"""How many events lives have, about."""
YEARS = 3
"""How long ago the first cases were opened."""
TOGETHER = 200
"""Cases that are copied in one transaction."""
WORKERS_EACH = 10
SECONDS = 3600
_MANY = 20_000

_TIME = rb'(?<=")\d{4}-\d\d-\d\dT[^"]+(?=")'
_NAME = rb"@[a-z][0-9ab]*@"
_NODE = rb'(?<=-)[0-9a-f]{12}(?=")'
_TOKEN = re.compile(b"(" + b"|".join((_TIME, _NAME, _NODE)) + b")")
_DIGEST = re.compile(rb'(?<="words":")[0-9a-f]{64}(?=")')


@dataclass(frozen=True)
class County:
    """How many organisations there are, and how many units each has; a unit has ten workers and a manager."""

    organisations: int
    units: int

    @classmethod
    def of(cls, cases: int) -> County:
        """Return one for so many cases: of 100,000 there are 12 organisations, 300 units and 3,000 workers."""
        return cls(12, 25) if cases >= _MANY else cls(4, 3)

    @staticmethod
    def organisation(number: int) -> str:
        return f"{number:07d}-0"

    @staticmethod
    def unit(organisation: int, number: int) -> str:
        return f"yksikkö-{organisation}-{number}"

    @staticmethod
    def worker(organisation: int, unit: int, number: int) -> str:
        return f"tt-{organisation}-{unit}-{number}"

    def names(self, luck: Random) -> dict[bytes, bytes]:
        """Return who and where a case is about: two units of one organisation, and one each of two others."""
        home, second, third = luck.sample(range(self.organisations), k=3)
        unit = int(self.units * luck.random() ** 1.3)  # some units have more to do than others
        places = [(home, unit), (home, (unit + 1) % self.units)]
        places += [(it, luck.randrange(self.units)) for it in (second, third)]
        found = {b"@m@": "esihenkilö".encode()}
        for number, it in enumerate((home, second, third)):
            found[b"@o%d@" % number] = self.organisation(it).encode()
        for number, place in enumerate(places):
            found[b"@u%d@" % number] = self.unit(*place).encode()
            for which, worker in zip(b"ab", luck.sample(range(WORKERS_EACH), k=2), strict=True):
                found[b"@w%d%c@" % (number, which)] = self.worker(*place, worker).encode()
        return found


@dataclass(frozen=True)
class Entry:
    """An event of a tale: its bytes, cut at what is filled in, with the places of that among the values."""

    topic: str
    parts: tuple[bytes, ...]
    places: tuple[int, ...]
    words: dict[str, str] | None
    occurred: int
    recorded: int


@dataclass(frozen=True)
class Tale:
    """A stream's history with everything left open that another stream of the same course differs in.

    `moments` are Finnish times of day, without an offset; the values to fill in are these, then the `names`, and then
    the end of each id and the digest of the words.
    """

    lines: tuple[Entry, ...]
    moments: tuple[datetime, ...]
    names: tuple[bytes, ...]

    @classmethod
    def of(cls, history: Sequence[Recorded]) -> Tale:
        """Leave open what is to be filled in."""
        keyring = Keyring(keks_in(Path(), "bench"))
        keyring.new(STREAM)
        stored = [EventMapper("bench", keyring).to_stored_event(it) for it in history]
        cut = [_TOKEN.split(_DIGEST.sub(b"@d@", it.state)) for it in stored]
        tokens = {token for parts in cut for token in parts[1::2]}
        times = sorted(it for it in tokens if re.fullmatch(rb"\d{4}-.*", it))
        names = tuple(sorted(it for it in tokens if it.startswith(b"@") and it != b"@d@"))
        place = {it: number for number, it in enumerate((*times, *names))}
        node = len(place)
        lines = []
        for it, event, parts in zip(stored, history, cut, strict=True):
            places = tuple(node + 1 if token == b"@d@" else place.get(token, node) for token in parts[1::2])
            said = {name: getattr(event.event, name) for name in codec_of(type(event.event)).words}
            occurred, recorded = (place[_token(when)] for when in (event.context.occurred, event.context.recorded))
            words = said if it.ciphertext is not None else None
            lines.append(Entry(it.topic, tuple(parts), places, words, occurred, recorded))
        moments = tuple(_read(it).astimezone(HELSINKI).replace(tzinfo=None) for it in times)
        return cls(tuple(lines), moments, names)


def _token(moment: datetime) -> bytes:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()


def _read(token: bytes) -> datetime:
    return datetime.fromisoformat(token.decode())


@dataclass(frozen=True)
class Plan:
    """What a ledger is made of, the same in every process that makes a part of it."""

    region: Region
    home: Path
    county: County
    cases: int
    now: datetime
    tales: tuple[Tale, ...]
    clients: Tale

    def case(self, number: int) -> UUID:
        """Return the id of a case."""
        return UUID(bytes=Random(f"case {number}").randbytes(16), version=4)  # noqa: S311 - no secret

    def who(self, number: int) -> Who:
        """Return whom a case is about and who takes part in it where: three clients have four cases."""
        client = UUID(bytes=Random(f"client {number * 3 // 4}").randbytes(16), version=4)  # noqa: S311
        return Who(client, self.county.names(Random(f"names {number}")))  # noqa: S311


@dataclass(frozen=True)
class Who:
    """Whom a case is about, and who takes part in it where."""

    client: UUID
    names: dict[bytes, bytes]


@dataclass
class Rows:
    """Rows as PostgreSQL copies them in."""

    events: list[str]
    words: list[str]
    keys: list[str]
    clients: list[str]
    end: datetime

    def tell(self, plan: Plan, stream: UUID, tale: Tale, shift: timedelta, who: Who) -> None:
        """Add a stream of the course of this tale, so much later than it, as far as that is not to come."""
        moments = [(it + shift).replace(tzinfo=HELSINKI).astimezone(UTC) for it in tale.moments]
        texts = [it.isoformat().replace("+00:00", "Z") for it in moments]
        node = b"%012x" % (stream.int & (1 << 48) - 1)
        values = [*(it.encode() for it in texts), *(who.names[it] for it in tale.names), node, b""]
        key, head = secrets.token_bytes(32), NO_HASH
        self.keys.append(f"{stream}\t\\\\x{_keks(plan.home, plan.region).wrap(stream, key).hex()}\n")
        for version, line in enumerate(tale.lines, 1):
            occurred, recorded = moments[line.occurred], moments[line.recorded]
            if recorded > self.end:
                break
            if line.words is not None:
                words = line.words | {"client": str(who.client)} if "client" in line.words else line.words
                ciphertext = seal(entry_key(key, plan.region.name, stream, version), words)
                values[-1] = hashlib.sha256(ciphertext).hexdigest().encode()
                self.words.append(f"{stream}\t{version}\t\\\\x{ciphertext.hex()}\n")
            parts = list(line.parts)
            parts[1::2] = [values[it] for it in line.places]
            state = b"".join(parts)
            head = chained(plan.region.name, head, Sealed(stream, version, line.topic, state, occurred, recorded))
            self.events.append(
                f"{stream}\t{version}\t{line.topic}\t{texts[line.occurred]}\t{texts[line.recorded]}"
                f"\t\\\\x{state.hex()}\t\\\\x{head.hex()}\n"
            )

    def copy(self, connection: Connection) -> None:
        """Copy them in, in one transaction."""
        with connection.transaction(), connection.cursor() as cursor:
            for table, columns in _COPIED.items():
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                    copy.write("".join(getattr(self, table)))


_COPIED = {
    "keys": "stream, wrapped",
    "clients": '"case", client',
    "events": "stream, version, topic, occurred, recorded, bytes, hash",
    "words": "stream, version, ciphertext",
}


def planned(it: Ground, home: Path, cases: int, tales: int) -> Plan:
    """Plan a ledger of so many cases, after so many tales."""
    told = tuple(Tale.of(life(seed, LENGTHS[seed % len(LENGTHS)])) for seed in range(tales))
    return Plan(it.region, home, County.of(cases), cases, datetime.now(UTC), told, Tale.of(registered()))


def staffed(it: Ground, plan: Plan) -> None:
    """Bring in organisations, units and workers by commands, as of before the first cases."""
    county, long_ago = plan.county, plan.now - timedelta(days=366 * (YEARS + 1))
    asked: list[Asked] = []

    def enter(stream: UUID, command: object) -> None:
        asked.append(ask(command, stream, ADMINISTRATOR, occurred=long_ago))  # type: ignore[arg-type]

    units = [(one, unit) for one in range(county.organisations) for unit in range(county.units)]
    for number in range(county.organisations):
        name = county.organisation(number)
        enter(organisation_stream(name), RegisterOrganisation(name, "Viraston nimi"))
    for number, unit in units:
        name = county.organisation(number)
        enter(unit_stream(name, county.unit(number, unit)), OpenUnit(name, county.unit(number, unit), "Yksikön nimi"))
    it.together(asked)
    asked.clear()
    for number, unit in units:
        place = county.organisation(number), county.unit(number, unit)
        if unit % 3 == 0:
            enter(unit_stream(*place), SetCaseloadLimit(20))
        if unit == 0:
            enter(POLICY_STREAM, SetPolicy("contact_working_days", 3, *place))
        for worker in (county.worker(number, unit, each) for each in range(WORKERS_EACH)):
            enter(worker_stream(place[0], worker), JoinUnit(*place, worker))
    it.together(asked)


def filled(plan: Plan, processes: int) -> None:
    """Copy all cases and their clients in, from several processes."""
    parts = [(first, min(first + TOGETHER, plan.cases)) for first in range(0, plan.cases, TOGETHER)]
    shares = [parts[number::processes] for number in range(processes)]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(partial(_fill, plan), shares))


@cache
def _keks(home: Path, region: Region) -> Keks:
    """Return the ledger's key-encryption keys, as this process has them."""
    keks = keks_in(home / "keys", region.name)
    hear(region, keks)
    return keks


def _fill(plan: Plan, parts: Sequence[tuple[int, int]]) -> None:
    with plan.region.connect(SECONDS) as connection:
        for first, last in parts:
            rows = Rows([], [], [], [], plan.now)
            for number in range(first, last):
                _told(plan, rows, number)
            rows.copy(connection)


def _told(plan: Plan, rows: Rows, number: int) -> None:
    luck = Random(f"course {number}")  # noqa: S311 - no secret
    latest = (plan.now - BEGINS) // timedelta(weeks=1)
    who = plan.who(number)
    if number % 4 != 1:  # the client of this one is that of the case before
        rows.tell(plan, who.client, plan.clients, timedelta(weeks=latest - 52 * YEARS - 26), who)
    rows.clients.append(f"{plan.case(number)}\t{who.client}\n")
    rows.tell(
        plan, plan.case(number), luck.choice(plan.tales), timedelta(weeks=latest - luck.randrange(52 * YEARS)), who
    )


def sequenced(region: Region) -> None:
    """Give each event its position, by the time at which it was recorded."""
    with region.connect(SECONDS, owner=True) as owner, owner.transaction():
        for statement in _SEQUENCED:
            owner.execute(statement)


_SEQUENCED = (
    b"DELETE FROM outbox",
    b"""INSERT INTO sequence (position, stream, version)
        SELECT row_number() OVER (ORDER BY recorded, stream, version), stream, version FROM events""",
    b"UPDATE log_state SET position = (SELECT count(*) FROM sequence)",
)


def tidied(region: Region) -> None:
    """Let the planner know the tables, and index-only scans what is visible to all, as autovacuum does in time."""
    with region.connect(SECONDS, owner=True) as owner:
        for (table,) in owner.execute(_TABLES, (region.name,)).fetchall():
            owner.execute(f"VACUUM (ANALYZE) {table}".encode())


def sizes(region: Region) -> Iterator[tuple[str, int, int]]:
    """Yield each table, the largest first, with its bytes and those of its indexes."""
    with region.connect(owner=True) as owner:
        yield from owner.execute(_SIZES, (region.name,)).fetchall()


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1"
_SIZES = """
    SELECT c.relname::text, pg_table_size(c.oid), pg_indexes_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind = 'r' ORDER BY pg_total_relation_size(c.oid) DESC"""
