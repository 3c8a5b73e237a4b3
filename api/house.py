"""The house put together: a region's pool, its ledger with the projections, and the server where we run our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.settings import Settings
from domain.ledger.application import Cases
from domain.ledger.database import Pool, Region
from domain.ledger.migrate import migrate
from domain.ledger.postgres import Server, running
from domain.ledger.words import KeyFile
from projections.live import Live


@dataclass(frozen=True)
class House:
    """What a process works with."""

    settings: Settings
    region: Region
    pool: Pool
    live: Live
    cases: Cases


@contextmanager
def region_of(settings: Settings, *, shared: bool = True) -> Iterator[Region]:
    """Give the region: on the server that is named, or that runs for this home, or on one started for the while.

    With `shared` false a server that another process runs is not used: the caller is the one who runs it.
    """
    if settings.database_url:
        yield Region(settings.database_url, settings.region)
        return
    url = running(settings.home) if shared else None
    if url is not None:
        yield Region(url, settings.region)
        return
    with Server(settings.home) as server:
        yield Region(server.url, settings.region)


@contextmanager
def opened(settings: Settings, *, shared: bool = True, pool_size: int = 16) -> Iterator[House]:
    """Open the house: the server, migrated, and the ledger; close it again."""
    with region_of(settings, shared=shared) as region:
        live = Live()
        migrate(region, live.tables)
        pool = Pool(region, pool_size)
        cases = Cases(pool, KeyFile.at(settings.key_file), live)
        try:
            yield House(settings, region, pool, live, cases)
        finally:
            cases.close()
            pool.close()
