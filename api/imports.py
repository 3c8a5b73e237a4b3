"""Taking in histories from elsewhere: a file's cases, each in a transaction of its own, and none of them twice.

An import is its source's name and the mapping that reads it: both again are the same import, so that one which was cut
short goes on where it was. One process reads the file; others decide and write, a handful of cases at a time.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from api.house import House, keks_of
from api.settings import Settings
from api.sources import BadRow, Mapping, Progress, Row, SourceCase, read
from domain.case import Case
from domain.client import Client, RegisterClient
from domain.decider import Actor, AlreadyThere, Command, Refusal, Role, State
from domain.directory import (
    JoinUnit,
    OpenUnit,
    Organisation,
    RegisterOrganisation,
    Unit,
    Worker,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.imports import ImportActivity, ImportCase
from domain.ledger.application import Asked, Cases
from domain.ledger.database import Pool, Region
from domain.ledger.sequencer import settle
from domain.ledger.warm import Loaded
from domain.remembered import Holder
from projections.live import Live

IMPORTER = Actor("import", Role.ADMINISTRATOR)
MOST_PROCESSES = 4
ROWS_AT_ONCE = 400
COMMANDS_AT_ONCE = 250

_IMPORTS = uuid5(NAMESPACE_URL, "luotsi:import")


@dataclass(frozen=True)
class Import:
    """An import by its id and its source's name. An organisation that the source does not state goes by that name."""

    id: UUID
    name: str

    @classmethod
    def of(cls, name: str, mapping: Mapping) -> Import:
        """Return the import of a source by a mapping: the same for the same two."""
        return cls(uuid5(_IMPORTS, json.dumps([name, *_said(mapping)])), name)

    @property
    def intake(self) -> Holder:
        """The unit that holds the cases until the source states a holder; what it never states is the intake's."""
        return Holder(self.name, f"intake of {self.name}")

    def case(self, case: SourceCase) -> UUID:
        """Return the stream of a case."""
        return uuid5(self.id, f"case\0{case.id}")

    def client(self, case: SourceCase) -> UUID:
        """Return the stream of a case's client: one for all cases of a client that the source names."""
        return uuid5(self.id, f"client\0{case.client}" if case.client else f"client of\0{case.id}")

    def opening(self, case: SourceCase) -> UUID:
        """Return the id of the command that takes up a case."""
        return uuid5(self.id, f"open\0{case.id}")

    def act(self, case: SourceCase, row: Row) -> UUID:
        """Return the id of the command that takes in a row."""
        return uuid5(self.id, f"row\0{case.id}\0{row.number}")


@dataclass(frozen=True)
class NotTaken:
    """A row of the file that did not come in: its line, why, and its case where that is known."""

    line: int
    reason: str
    case: str = ""


@dataclass(frozen=True)
class Taken:
    """What an import came to. `cases` and `rows` came in now, and `skipped` cases were in already."""

    cases: int = 0
    rows: int = 0
    skipped: int = 0
    bad: int = 0

    def __add__(self, other: Taken) -> Taken:
        """Return both together."""
        return Taken(
            self.cases + other.cases, self.rows + other.rows, self.skipped + other.skipped, self.bad + other.bad
        )


def import_history(
    house: House, path: Path, mapping: Mapping, *, name: str | None = None, processes: int | None = None,
    progress: Progress | None = None, tell: Callable[[NotTaken], None] = lambda _: None,
) -> Taken:  # fmt: skip
    """Take in a file's cases, register the holders that it names, and give everything its place in the sequence.

    `tell` hears of each row that does not come in. Raises what `api.sources.read` raises, and what the ledger does
    when it is not there; what came in until then stays, and the same import goes on from there.
    """
    this = Import.of(name or path.name, mapping)
    seen = _Seen(this)
    total = Taken()
    with _takers(house, this, processes or min(os.cpu_count() or 1, MOST_PROCESSES)) as take:
        cases = map(seen.noted, _past(read(path, mapping, progress), _database_time(house.region)))
        for part, not_taken in take(_handfuls(cases)):
            total += part
            for one in not_taken:
                tell(one)
    seen.registered(house.cases)
    settle(house.region, house.notary)
    return total


# What a case comes to


@dataclass(frozen=True)
class Coming:
    """A case that is to come in, and since when its client is known: the first row in the file of a case of theirs."""

    case: SourceCase
    since: datetime


def asked(this: Import, it: Coming) -> list[Asked]:
    """Return the commands that take in a case: the first registers its client, who may have other cases."""
    case, client, begins = it.case, this.client(it.case), it.case.rows[0].time
    opening = ImportCase(client, this.intake, begins)
    rows = (
        (row, ImportActivity(row.number, row.activity, row.meaning, holder))
        for row, holder in placed(this.intake, case.rows)
    )
    stream = this.case(case)
    return [
        _ask(this, RegisterClient(), client, uuid5(client, "register"), it.since),
        _ask(this, opening, stream, this.opening(case), begins),
        *(_ask(this, it, stream, this.act(case, row), row.time) for row, it in rows),
    ]


def placed(intake: Holder, rows: Iterable[Row]) -> Iterator[tuple[Row, Holder | None]]:
    """Yield each row with where the source places the case by then; None until it states a unit or a worker.

    What a row does not state stays as it was; but a worker does not go along to another unit, nor stay named once the
    case is queued.
    """
    organisation: str | None = None
    unit: str | None = None
    worker: str | None = None
    for row in rows:
        if row.unit is not None and row.unit != unit:
            unit, worker = row.unit, None
        organisation, worker = row.organisation or organisation, row.worker or worker
        if row.meaning == "queued":
            worker = None
        stated = unit is not None or worker is not None
        yield row, Holder(organisation or intake.organisation, unit or intake.unit, worker) if stated else None


def _ask(this: Import, command: Command[Any], stream: UUID, act: UUID, occurred: datetime) -> Asked:
    return Asked(command, stream, IMPORTER, act, occurred, reported=True, imported=this.id)


def _past(cases: Iterable[SourceCase], now: datetime) -> Iterator[SourceCase]:
    """Yield the cases without the rows that are said to have happened after now: those are bad ones."""
    for case in cases:
        future = {row.number: BadRow(row.line, f"its time is yet to come: {row.time:%Y-%m-%d %H:%M:%S %Z}")
                  for row in case.rows if row.time > now}  # fmt: skip
        if future:
            rows = tuple(row for row in case.rows if row.number not in future)
            yield replace(case, rows=rows, bad=tuple(sorted([*case.bad, *future.values()], key=lambda it: it.line)))
        else:
            yield case


def _handfuls(coming: Iterable[Coming]) -> Iterator[list[Coming]]:
    """Yield cases by the handful, so that handing them over costs little beside taking them in."""
    handful: list[Coming] = []
    count = 0
    for it in coming:
        handful.append(it)
        count += 1 + len(it.case.rows)
        if count >= ROWS_AT_ONCE:
            yield handful
            handful, count = [], 0
    if handful:
        yield handful


# Taking in


def take_in(cases: Cases, this: Import, handful: Sequence[Coming]) -> tuple[Taken, list[NotTaken]]:
    """Take in a handful of cases, each whole or not at all; one that is in already is skipped."""
    not_taken = [NotTaken(bad.line, bad.reason, it.case.id) for it in handful for bad in it.case.bad]
    total = Taken(bad=len(not_taken))
    some = [it for it in handful if it.case.rows]
    acts = [act for it in some for act in (this.opening(it.case), this.act(it.case, it.case.rows[-1]))]
    known = _known(cases, acts)
    _begun(cases, _beside(this, [it.case for it in some if this.opening(it.case) not in known]))
    for it in some:
        case, last = it.case, it.case.rows[-1]
        if this.opening(case) not in known:
            why = _refused(cases, this, it)
            total += Taken(bad=len(case.rows)) if why else Taken(cases=1, rows=len(case.rows))
            not_taken += [NotTaken(case.rows[0].line, why, case.id)] if why else []
        elif this.act(case, last) in known:
            total += Taken(skipped=1)
        else:
            total += Taken(skipped=1, bad=1)
            not_taken.append(NotTaken(last.line, _GROWN, case.id))
    return total, not_taken


_GROWN = "the case came in before, without this row, and an import takes in a case once"


def _refused(cases: Cases, this: Import, it: Coming) -> str | None:
    """Take in a case, or say why not."""
    register, *rest = asked(this, it)
    client = cases.warm.get(register.stream)
    try:
        cases.execute_all(rest if client and client.version else [register, *rest])
    except Refusal as refused:
        return f"none of the case's {len(it.case.rows)} rows came in: {refused}"
    return None


def _known(cases: Cases, acts: Iterable[UUID]) -> set[UUID]:
    """Return which of these commands are in."""
    with cases.pool.connection() as connection:
        return {it for (it,) in connection.execute(_KNOWN, (list(acts),))}


def _begun(cases: Cases, streams: dict[UUID, type[State]]) -> set[UUID]:
    """Return which of these streams have begun, and have all of them at hand, for they are about to be looked at.

    Those that have not begun need no reading one by one.
    """
    with cases.pool.connection() as connection:
        now, found = connection.execute(_BEGUN, (list(streams),)).fetchone() or (None, None)
    cases.clock.heard(now)
    begun = set(found or ())
    for stream, state in streams.items():
        if cases.warm.get(stream) is None:
            if stream in begun:
                cases.loaded(stream, state)
            else:
                cases.warm.put(Loaded(stream, state(), cases.models.of(state).nothing()))
    return begun


_KNOWN = "SELECT command FROM receipts WHERE command = ANY (%s)"
_BEGUN = """
    SELECT clock_timestamp(), (SELECT array_agg(stream) FROM events WHERE version = 1 AND stream = ANY (%s))"""


def _beside(this: Import, handful: Sequence[SourceCase]) -> dict[UUID, type[State]]:
    """Return all streams that taking in these cases writes or looks at. The directory is not among them."""
    streams: dict[UUID, type[State]] = {}
    for case in handful:
        streams |= {this.case(case): Case, this.client(case): Client}
    return streams


# The directory


class _Seen:
    """Who occurs in an import, each with the time of the first row in the file that names them."""

    def __init__(self, this: Import) -> None:
        self.this = this
        self.holders: dict[Holder, datetime] = {}
        self.clients: dict[str, datetime] = {}

    def noted(self, case: SourceCase) -> Coming:
        """Note the client and the holders of a case, and the intake that holds it at first."""
        for row, holder in placed(self.this.intake, case.rows):
            self.holders.setdefault(self.this.intake, row.time)
            if holder is not None:
                self.holders.setdefault(holder, row.time)
        begins = case.rows[0].time if case.rows else datetime.max.replace(tzinfo=UTC)
        known = self.clients.setdefault(case.client, begins) if case.client and case.rows else begins
        return Coming(case, known)

    def registered(self, cases: Cases) -> None:
        """Register those that the directory does not know, so that their cases can go on living."""
        organisations: dict[UUID, _Entry] = {}
        units: dict[UUID, _Entry] = {}
        workers: list[_Entry] = []
        for it, since in self.holders.items():
            at = organisation_stream(it.organisation)
            organisations.setdefault(
                at, (at, Organisation, RegisterOrganisation(it.organisation, it.organisation), since)
            )
            at = unit_stream(it.organisation, it.unit)
            units.setdefault(at, (at, Unit, OpenUnit(it.organisation, it.unit, it.unit), since))
            if it.worker is not None:
                at = worker_stream(it.organisation, it.worker)
                workers.append((at, Worker, JoinUnit(it.organisation, it.unit, it.worker), since))
        for entries in (list(organisations.values()), list(units.values()), workers):
            _register(cases, self.this, entries)


_Entry = tuple[UUID, type[State], Command[Any], datetime]


def _register(cases: Cases, this: Import, entries: Sequence[_Entry]) -> None:
    """Carry out what the directory lacks, many in one transaction."""
    for begin in range(0, len(entries), COMMANDS_AT_ONCE):
        some = {_act(entry[2]): entry for entry in entries[begin : begin + COMMANDS_AT_ONCE]}
        while not _registered(cases, this, some):
            continue


def _registered(cases: Cases, this: Import, acts: dict[UUID, _Entry]) -> bool:
    """Register what is lacking, or say that somebody else just did so and it is to be looked at again."""
    known = _known(cases, acts)
    begun = _begun(cases, {stream: state for act, (stream, state, _, _) in acts.items() if act not in known})
    lacking = [
        _ask(this, command, stream, act, since)
        for act, (stream, _, command, since) in acts.items()
        if act not in known and not (command.stream == "new" and stream in begun)
    ]
    try:
        if lacking:
            cases.execute_all(lacking)
    except AlreadyThere:
        return False
    return True


def _act(command: Command[Any]) -> UUID:
    return uuid5(_IMPORTS, json.dumps([command.slug(), vars(command)]))


# In several processes


_Results = Iterator[tuple[Taken, list[NotTaken]]]


@contextmanager
def _takers(house: House, this: Import, processes: int) -> Iterator[Callable[[Iterator[list[Coming]]], _Results]]:
    """Give what takes in handfuls: in this process, or in several others that end with it."""
    if processes == 1:
        yield partial(map, partial(take_in, house.cases, this))
        return
    context = multiprocessing.get_context("spawn")  # a fork would take connections and threads along
    with ProcessPoolExecutor(processes, context, _end_with_parent) as executor:
        try:
            yield partial(_spread, executor, partial(_take_in_elsewhere, house.settings, house.region, this), processes)
        except BaseException:
            executor.shutdown(wait=True, cancel_futures=True)
            raise


def _spread(
    executor: ProcessPoolExecutor, take: Callable[[list[Coming]], tuple[Taken, list[NotTaken]]], processes: int,
    handfuls: Iterator[list[Coming]],
) -> _Results:  # fmt: skip
    """Spread handfuls over the processes, and read on no faster than they take them in."""
    waiting: set[Future[tuple[Taken, list[NotTaken]]]] = set()
    for handful in handfuls:
        waiting.add(executor.submit(take, handful))
        if len(waiting) > 2 * processes:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (it.result() for it in done)
    yield from (it.result() for it in waiting)


def _take_in_elsewhere(
    settings: Settings, region: Region, this: Import, handful: list[Coming]
) -> tuple[Taken, list[NotTaken]]:
    return take_in(_cases(settings, region), this, handful)


@lru_cache
def _cases(settings: Settings, region: Region) -> Cases:
    """Return this process's own way into the ledger."""
    return Cases(Pool(region, 1), keks_of(settings), Live())


def _end_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it has ended, however it did."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _database_time(region: Region) -> datetime:
    with region.connect() as connection:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    assert isinstance(now, datetime)  # noqa: S101 - by the statement
    return now


def _said(mapping: Mapping) -> list[Any]:
    """Return all that a mapping says, in one order."""
    said = [getattr(mapping, it.name) for it in fields(mapping)]
    return [
        sorted(it.items()) if isinstance(it, dict) else sorted(it) if isinstance(it, frozenset) else str(it)
        for it in said
    ]
