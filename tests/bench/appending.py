"""Whole appends, against the library's own recorder and against pgbench."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from api.writer import Writer
from domain.ledger import considering, drafts, mapper, recorder
from domain.ledger.application import Cases, Steps, Write
from domain.ledger.database import Region
from domain.ledger.drafts import Draft
from domain.ledger.migrate import migrate
from domain.ledger.programs import programs_for
from domain.ledger.recorder import LedgerRecorder
from domain.ledger.warm import Warm
from projections.live import Live
from tests.bench.ground import Ground, ground
from tests.bench.measure import Contender, Goal, Part, Scale, Stopwatch, by_threads, side_by_side

STREAMS = 2_000
WRITER = "whole, by the service's writer"
THREADS = "whole, by threads"
GROUPS = "written alone, 16 acts at a time"
SAVE = "written alone, decided and folded before"
STOCK = "the library's recorder, events alone"
MINIMAL = "pgbench, 3 upserts"
SAME = "pgbench, every row of ours"


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure appends by so many writers at once."""
    part = Part("append", "Whole appends: events, words, outbox, rows, receipt")
    with ground(url, "append") as it, stock(url, max(scale.writers)) as library:
        it.open(scale.cases)
        state = sample(it)
        bench = PgBench(url, scratch, it)
        for writers in scale.writers:
            rates = side_by_side(scale.rounds, {
                f"{name}, {writers}": contender
                for name, contender in {
                    WRITER: whole(it, writers, scale.seconds),
                    THREADS: threads(it, writers, scale.seconds),
                    SAVE: saves(it, writers, scale.seconds),
                    STOCK: stock_appends(library, state, writers, scale.seconds),
                    MINIMAL: bench.running("minimal", writers, scale.seconds),
                    SAME: bench.running("same", writers, scale.seconds),
                }.items()
            })  # fmt: skip
            goals = (
                {STOCK: Goal(3, 4), MINIMAL: Goal(0.7, 1), SAME: Goal(0.7, 1)} if writers == scale.writers[-1] else {}
            )
            for against in (STOCK, MINIMAL, SAME):
                part.rate(rates, f"{WRITER}, {writers}", f"{against}, {writers}", goals.get(against))
            part.rate(rates, f"{THREADS}, {writers}", f"{STOCK}, {writers}")
            part.rate(rates, f"{SAVE}, {writers}", f"{MINIMAL}, {writers}")
            for name in (STOCK, MINIMAL, SAME):
                part.rate(rates, f"{name}, {writers}")
        part.times["one whole append, one thread"] = phases(it, min(scale.cases, 2_000))
    return part


# Ours.


def whole(it: Ground, callers: int, seconds: float) -> Contender:
    """Return commands carried out as the service does it: decided on an event loop, written in groups by one thread."""

    async def caller(writer: Writer, cases: Iterator[UUID], deadline: float) -> int:
        done = 0
        while time.perf_counter() < deadline:
            await writer.execute(it.statement(next(cases)))
            done += 1
        return done

    async def run() -> float:
        writer = Writer(it.cases)
        await writer.execute(it.statement(it.opened[0]))
        started = time.perf_counter()
        own = [cycle(it.opened[number::callers]) for number in range(callers)]
        done = await asyncio.gather(*[caller(writer, cases, started + seconds) for cases in own])
        rate = sum(done) / (time.perf_counter() - started)
        await writer.close()
        return rate

    return lambda: asyncio.run(run())


def threads(it: Ground, writers: int, seconds: float) -> Contender:
    """Return commands carried out by threads, each on cases of its own."""

    def work(number: int) -> Iterator[Any]:
        return (it.cases.execute(it.statement(case)) for case in cycle(it.opened[number::writers]))

    return lambda: by_threads([work(number) for number in range(writers)], seconds)


def saves(it: Ground, writers: int, seconds: float) -> Contender:
    """Return acts written by threads that were decided and folded beforehand, which is not timed."""

    def run() -> float:
        ready = [prepared(it.cases, it, case) for case in it.opened]
        written: list[tuple[Steps[Any], dict[UUID, bytes]]] = []

        def work(number: int) -> Iterator[Any]:
            for steps, write in ready[number::writers]:
                written.append((steps, write()))
                yield None

        rate = by_threads([work(number) for number in range(writers)], seconds)
        for steps, heads in written:  # so that what is remembered is up to date for the others
            finish(steps, heads)
        return rate

    return run


def prepared(cases: Cases, it: Ground, case: UUID) -> tuple[Steps[Any], Write]:
    """Return a command's course, stopped where it is to be written."""
    steps = cases.steps([it.statement(case)])
    step = next(steps)
    while not isinstance(step, Write):
        step = steps.send(step())
    return steps, step


def finish(steps: Steps[Any], heads: Mapping[UUID, bytes]) -> None:
    """Tell a course that it was written."""
    try:
        steps.send(heads)
    except StopIteration:
        return
    raise AssertionError("there was more to do")


def phases(it: Ground, acts: int) -> dict[str, float]:
    """Return where the time of a whole append goes, in microseconds."""
    watch = Stopwatch()
    for case in it.opened[:acts]:
        it.cases.execute(it.statement(case))  # warm
    with watch.watching(
        (drafts, "act", "decide"),
        (Draft, "add", "context, evolve"),
        (Draft, "after", "fold the projections"),
        (Live, "changes", "rows that changed"),
        (considering, "_facts", "gather the facts"),
        (mapper, "entry_key", "derive the entry key"),
        (mapper, "seal", "seal the words"),
        (mapper.EventMapper, "to_stored_event", "encode the event"),
        (recorder, "chained", "hash chain"),
        (LedgerRecorder, "_parameters", "parameters as JSON"),
        (LedgerRecorder, "_write", "the statement, and waiting for the database"),
        (Warm, "put", "remember"),
    ):
        started = time.perf_counter()
        for case in it.opened[:acts]:
            it.cases.execute(it.statement(case))
        return watch.share(time.perf_counter() - started, acts)


def sample(it: Ground) -> bytes:
    """Return an event's bytes, as ours stores them."""
    case = it.opened[0]
    receipt = it.cases.execute(it.statement(case))
    return it.cases.recorder.select_events(case, gt=receipt.last - 1)[0].state


# The library's.


@contextmanager
def stock(url: str, connections: int, name: str = "bench_stock") -> Iterator[PostgresApplicationRecorder]:
    """Give the library's own recorder, as it comes, in a schema of its own."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE SCHEMA {name}".encode())
    at = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    store = PostgresDatastore(
        at["dbname"], at["host"], at["port"], at["user"], at["password"], pool_size=connections, schema=name,
    )  # fmt: skip
    with store:
        library = PostgresApplicationRecorder(store)
        library.create_table()
        yield library


def stock_appends(library: PostgresApplicationRecorder, state: bytes, writers: int, seconds: float) -> Contender:
    """Return events appended by the library's recorder, one a transaction, as many bytes each as ours have."""

    def work() -> Iterator[Any]:
        streams = cycle([uuid4() for _ in range(STREAMS // writers)])
        for number, stream in enumerate(streams):
            event = StoredEvent(stream, 1 + number // (STREAMS // writers), "statement-recorded", state)
            yield library.insert_events([event])

    return lambda: by_threads([work() for _ in range(writers)], seconds)


# pgbench's.


class PgBench:
    """The same work statement by statement: a C client, and no Python anywhere."""

    def __init__(self, url: str, scratch: Path, it: Ground) -> None:
        self.scratch = scratch
        self.region = Region(url, "bench_pgbench")
        self.environment = environment_of(self.region)
        act = prepared(it.cases, it, it.opened[0])[1].acts[0]
        self.rows = [(rows.table, row) for rows in act.rows for row in rows.changed]
        self.projections = [rows.table.table for rows in act.rows]
        sealed = it.cases.mapper.to_stored_event(act.events[0])
        assert isinstance(sealed, mapper.Sealed)
        self.payload = sealed.state.decode()
        self.ciphertext = (sealed.ciphertext or b"").hex()
        self._fill()
        self._scripts()

    def _fill(self) -> None:
        migrate(self.region, Live().tables)
        with self.region.connect(owner=True) as owner:
            begin = "INSERT INTO projected SELECT {}, 'case', 1, %s FROM generate_series(1, %s) s"
            owner.execute(begin.format(_STREAM.replace(":s", "s")).encode(), (self.projections, STREAMS))
            owner.execute(b"ANALYZE")

    def _scripts(self) -> None:
        upserts = "".join(upsert(table.table, table.on_conflict, row) for table, row in self.rows)
        more = upserts.replace(":v", ":v + 1")  # what makes them three
        for name, written in {"minimal": upserts + more, "same": upserts}.items():
            script = _SCRIPT.format(stream=_STREAM, upserts=written, streams=STREAMS)
            (self.scratch / f"{name}.sql").write_text(script, encoding="utf-8")

    def running(self, name: str, writers: int, seconds: float) -> Contender:
        """Return a script run by so many clients."""
        # it counts in whole seconds; less than one is so many transactions instead
        until = ["-T", str(round(seconds))] if seconds >= 1 else ["-t", str(max(2, round(1000 * seconds / writers)))]
        command = [
            str(programs_for(None) / "pgbench"), "-n", "-M", "prepared", "-c", str(writers), "-j", str(min(2, writers)),
            *until, "-D", f"payload={self.payload}", "-D", f"ciphertext={self.ciphertext}",
            "-f", str(self.scratch / f"{name}.sql"),
        ]  # fmt: skip

        def run() -> float:
            told = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, check=False, timeout=60
            )
            found = re.search(r"tps = ([0-9.]+)", told.stdout)
            if found is None or told.returncode:
                raise RuntimeError(told.stderr)
            return float(found[1])

        return run


def environment_of(region: Region) -> dict[str, str]:
    """Return the environment in which PostgreSQL's own programs find a region."""
    at = conninfo_to_dict(region.conninfo(owner=True))
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
             "options": "PGOPTIONS"}  # fmt: skip
    return {"PATH": os.defpath, "LC_ALL": "C"} | {name: str(at[key]) for key, name in names.items()}


def upsert(table: str, on_conflict: str, row: Mapping[str, Any]) -> str:
    """Return the statement that writes a row of ours, under another case and version."""
    stored = {name: json.dumps(value) if isinstance(value, tuple) else value for name, value in row.items()}
    values = {name: psycopg.sql.Literal(value).as_string() for name, value in stored.items() if value is not None}
    values |= {"case": _STREAM, "version": ":v"}
    columns = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(values.values())}) {on_conflict};"


_STREAM = "('00000000-0000-4000-8000-' || lpad(to_hex((:s)::int), 12, '0'))::uuid"
_SCRIPT = r"""
\set s random(1, {streams})
\set v random(2, 2000000000)
BEGIN;
INSERT INTO events (stream, version, topic, occurred, recorded, bytes, hash) VALUES ({stream}, :v, 'statement-recorded', now(), now(), convert_to(:payload, 'UTF8'), decode('00000000000000000000000000000000000000000000000000000000000000ff', 'hex'));
INSERT INTO words (stream, version, ciphertext) VALUES ({stream}, :v, decode(:ciphertext, 'hex'));
INSERT INTO outbox (stream, version, recorded) VALUES ({stream}, :v, now());
{upserts}
UPDATE projected SET head = :v WHERE stream = {stream};
INSERT INTO receipts (command, stream, first, last, fingerprint) VALUES (gen_random_uuid(), {stream}, :v, :v, decode('', 'hex'));
COMMIT;
"""  # noqa: E501
