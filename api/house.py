"""The house put together: a region's pool, its ledger with the projections, and the server where we run our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.settings import Settings
from domain.ledger.application import Cases
from domain.ledger.database import Pool, Region
from domain.ledger.erasures import Register, reconcile
from domain.ledger.keys.keks import Keks, keks_in
from domain.ledger.keys.signing import SigningKeys
from domain.ledger.migrate import migrate
from domain.ledger.notary import Notary, Published
from domain.ledger.partitions import make_ahead
from domain.ledger.postgres import Server, running
from domain.ledger.rotation import begin, hear
from projections.live import Live


@dataclass(frozen=True)
class House:
    """What a process works with."""

    settings: Settings
    region: Region
    pool: Pool
    live: Live
    cases: Cases
    signing: SigningKeys

    @property
    def notary(self) -> Notary:
        """What seals the region's logs."""
        return Notary(self.region, self.signing, Published(self.settings.published))


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


def keks_of(settings: Settings) -> Keks:
    """Return the region's key-encryption keys, none of them read yet."""
    return keks_in(settings.home / "keys", settings.region, settings.keys)


def signing_of(settings: Settings) -> SigningKeys:
    """Return the keys that sign the region's logs, none of them read yet."""
    return SigningKeys(settings.home / "keys", settings.region, settings.keys)


def _keks(settings: Settings, region: Region) -> Keks:
    keks = keks_of(settings)
    if not settings.production:
        begin(region, keks)
    hear(region, keks)
    return keks


def _signing(settings: Settings, region: Region) -> SigningKeys:
    signing = signing_of(settings)
    with region.connect() as connection:
        if settings.production:
            signing.go_on(connection)
        else:
            signing.begin(connection)
    return signing


@contextmanager
def opened(settings: Settings, *, shared: bool = True, pool_size: int = 16) -> Iterator[House]:
    """Open the house: the server, migrated, and the ledger, with the key that opens its words; close it again.

    The keys of a new ledger are made here in development only: in production `luotsi migrate` makes them. Raises
    a `KeysUnavailable` where the ledger's key is not there, is another one, or can't be read. What the register of
    erasures says is destroyed is destroyed before anything else is done, also where a backup has brought it back.
    """
    with region_of(settings, shared=shared) as region:
        live = Live()
        migrate(region, live.tables)
        with region.connect() as connection:
            make_ahead(connection)
        keks = _keks(settings, region)
        signing = _signing(settings, region)
        pool = Pool(region, pool_size)
        cases = Cases(pool, keks, live, register=Register(settings.register, region.name))
        try:
            reconcile(cases)
            yield House(settings, region, pool, live, cases, signing)
        finally:
            cases.close()
            pool.close()
