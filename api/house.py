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
from domain.ledger.words import KeyFile, KeyFileUnreadable, Keyring
from projections.live import Live


class KeyFileMissing(Exception):
    """The file with the key of the ledger's words is not there. Restore it, or for a new ledger: luotsi migrate."""


class KeyFileWrong(Exception):
    """The ledger's words are sealed under another key than the one in this file. Restore the ledger's own file."""


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


def make_key(settings: Settings, region: Region) -> bool:
    """Make the key file of a ledger that has sealed no words yet, unless it is there; say whether it was made."""
    if settings.key_file.exists() or _wrapped(region) is not None:
        return False
    KeyFile.at(settings.key_file)
    return True


def _key(settings: Settings, region: Region) -> KeyFile:
    if not settings.production:
        make_key(settings, region)
    if not settings.key_file.exists():
        raise KeyFileMissing(settings.key_file)
    key = KeyFile.at(settings.key_file)
    try:
        Keyring(key).prove(_wrapped(region))
    except KeyFileUnreadable as wrong:
        raise KeyFileWrong(settings.key_file) from wrong
    return key


def _wrapped(region: Region) -> bytes | None:
    """Return the key of one of the ledger's streams as it is stored, if there is any."""
    with region.connect() as connection:
        row = connection.execute("SELECT wrapped FROM keys LIMIT 1").fetchone()
    return row[0] if row else None


@contextmanager
def opened(settings: Settings, *, shared: bool = True, pool_size: int = 16) -> Iterator[House]:
    """Open the house: the server, migrated, and the ledger, with the key that opens its words; close it again.

    The key of a new ledger is made here in development only: in production `luotsi migrate` makes it. Raises
    `KeyFileMissing`, `KeyFileWrong` and `KeyFileUnreadable`.
    """
    with region_of(settings, shared=shared) as region:
        live = Live()
        migrate(region, live.tables)
        key = _key(settings, region)
        pool = Pool(region, pool_size)
        cases = Cases(pool, key, live)
        try:
            yield House(settings, region, pool, live, cases)
        finally:
            cases.close()
            pool.close()
