"""What the log of reads costs: the same look at a case with its line and without, and whole answers with theirs."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from api.development import DevelopmentIssuer
from api.reads import Reading, log
from api.rows import Shape
from api.settings import Settings
from domain.authorization import Purpose
from projections.owner import OWNER
from projections.standing import STANDING
from tests.bench.asking import ready
from tests.bench.ground import AINO, Ground, ground
from tests.bench.measure import Contender, Goal, Line, Part, Scale, Spread, by_threads, side_by_side
from tests.bench.serving import HOST, serving

LISTED = 100
"""Cases in the list that is looked at: as many as a page has."""
ALONE, LOGGED = "the owners of a case, looked up", "the same, with its line in the log"
LIST_ALONE, LIST_LOGGED = f"{LISTED} cases, looked up", "the same list, with its line in the log"
LINE, LEAST = "a line in the log, by itself", "one row with nothing but its number, on disk"
BY_KEY, ANSWERED = "one row by its primary key over HTTP, which is not logged", "the owners of a case over HTTP, logged"


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Fill the log as it is after a while, and read on."""
    part = Part("reads", f"What it costs to log who reads, in a log of {scale.replayed:,} lines")
    settings = Settings(home=scratch / "reads")
    with ground(url, "reads", 2, settings.home) as it:
        it.open(scale.cases)
        filled(it, scale.replayed)
        environment = {"LUOTSI_HOME": str(settings.home), "DATABASE_URL": url, "LUOTSI_REGION": it.region.name}
        with serving("house", 1, environment, scratch) as service:
            ready(service.port)
            with closing(http.client.HTTPConnection(HOST, service.port, timeout=60)) as connection:
                asks = partial(asked, connection, DevelopmentIssuer.at(settings).mint(AINO), it.opened)
                rates = side_by_side(scale.rounds, {
                    ALONE: running(looked(it, 1), scale), LOGGED: running(logged(it, 1), scale),
                    LIST_ALONE: running(looked(it, LISTED), scale),
                    LIST_LOGGED: running(logged(it, LISTED), scale),
                    LINE: running(written(it), scale), LEAST: running(least(it), scale),
                    BY_KEY: running(asks("/bench/by-key/{}"), scale),
                    ANSWERED: running(asks("/cases/{}/owner"), scale),
                })  # fmt: skip
        part.rate(rates, LINE, LEAST, Goal(0.33))
        part.rate(rates, LEAST)
        part.rate(rates, LOGGED, ALONE)
        part.rate(rates, ALONE)
        part.rate(rates, LIST_LOGGED, LIST_ALONE)
        part.rate(rates, LIST_ALONE)
        part.rate(rates, ANSWERED, BY_KEY, Goal(0.33))
        part.rate(rates, BY_KEY)
        part.lines.append(Line("a line on disk, with its indexes", per_line(it), " bytes"))
    part.notes.append("A line is on disk before its answer leaves: most of what it costs is that wait, once a request.")
    return part


def filled(it: Ground, lines: int) -> None:
    """Let many have read already: single cases mostly, as it is, and a list now and then."""
    luck = Random(23)  # noqa: S311 - chosen, and the same in every run
    with it.region.connect(owner=True) as owner, owner.cursor() as cursor:
        with cursor.copy("COPY reads (who, role, organisation, unit, what, via, why, cases) FROM STDIN") as copy:
            for number in range(lines):
                read = luck.choices(it.opened, k=1 if number % 50 else 10)
                copy.write_row((f"w{number % 500}", "worker", "0246246-0", "u", "ReadCaseOwner", "http", "work", read))
        owner.execute("ANALYZE")


def looked(it: Ground, size: int) -> Iterator[list[UUID]]:
    """Look cases up again and again, so many at a time."""
    luck, shape = Random(23), Shape(OWNER)  # noqa: S311 - chosen, and the same in every run
    while True:
        read = luck.choices(it.opened, k=size)
        with it.cases.pool.connection() as connection:
            if size == 1:
                shape.standing(connection, read[0])
            else:
                connection.execute(_LIST.encode(), (read,)).fetchall()
        yield read


def logged(it: Ground, size: int) -> Iterator[None]:
    """Do the same, and write a line each time."""
    for read in looked(it, size):
        log(it.cases.pool, Reading(AINO, "ReadCaseOwner", frozenset(read), Purpose.WORK))
        yield


def written(it: Ground) -> Iterator[None]:
    """Write line after line, each of a case."""
    for case in cycle(it.opened):
        log(it.cases.pool, Reading(AINO, "ReadCaseOwner", frozenset({case}), Purpose.WORK))
        yield


def least(it: Ground) -> Iterator[None]:
    """Write row after row into a table that is as plain as can be: what lasting costs at least."""
    with it.region.connect(owner=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS least (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
        while True:
            owner.execute("INSERT INTO least DEFAULT VALUES")
            yield


def asked(connection: http.client.HTTPConnection, token: str, cases: list[UUID], path: str) -> Iterator[None]:
    """Ask the service for one case after the other."""
    for case in cycle(cases):
        connection.request("GET", path.format(case), headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} was answered {answer.status}: {body.decode()[:500]}")
        yield


def running(work: Iterator[Any], scale: Scale) -> Contender:
    """Return what goes on with this work, by itself."""
    return lambda: by_threads([work], scale.seconds)


def per_line(it: Ground) -> Spread:
    """Return how many bytes a line takes."""
    with it.region.connect(owner=True) as owner:
        (size,) = owner.execute(_SIZE).fetchone() or (0.0,)
    return Spread(size, size, size)


_LIST = f'SELECT * FROM {STANDING.table.table} WHERE "case" = ANY (%s)'
_SIZE = """
    SELECT sum(pg_total_relation_size(inhrelid))::float / (SELECT count(*) FROM reads)
    FROM pg_inherits WHERE inhparent = 'reads'::regclass"""
