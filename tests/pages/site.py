"""The service as browsers reach it: on a port of this machine, with its people, and a provider to sign in at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.house import House, opened
from api.identity import identity_of
from api.sessions import Sessions
from api.settings import Settings
from api.wire import configured
from domain.ledger.sequencer import Sequencer, settle
from tests.api.conftest import PLENTY
from tests.provider.running import SECRET, Provider, missing, provider
from tests.town import Town

NOWHERE = "http://127.0.0.1:9"
"""The issuer where no provider can be had: nobody ever asks it, but for whoever would sign in."""

IDENTITY = """
issuer = "{issuer}"
audience = "luotsi"

[claims]
role = "realm_access.roles"

[roles]
luotsi-worker = "worker"
luotsi-manager = "manager"
luotsi-auditor = "auditor"
luotsi-ombudsman = "ombudsman"
luotsi-client = "client"
luotsi-representative = "representative"
luotsi-administrator = "administrator"

[signin]
client = "desk"
secret_file = "secret"
origin = "{origin}"
"""


@dataclass
class Site:
    """A service that runs, at `origin`. Tests share it: each works on clients and cases of its own."""

    house: House
    app: FastAPI
    origin: str
    issuer: Provider | None
    town: Town

    @property
    def sessions(self) -> Sessions:
        """Its browsers' sessions."""
        found = self.app.state.sessions
        assert isinstance(found, Sessions)
        return found

    def case(self, client: UUID | None = None) -> UUID:
        """Open a case."""
        return self.town.case(client)

    def settled(self) -> str:
        """Have everything that was done be in the feed; return the id of the last event in it."""
        settle(self.house.region, self.house.notary)
        with self.house.pool.connection() as connection:
            return "{}.{}".format(*(connection.execute("SELECT epoch, position FROM log_state").fetchone() or (0, 0)))


@contextmanager
def site_of(database: str, home: Path) -> Iterator[Site]:
    """Serve a house with its people, and run the provider at which they sign in, where there is one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with nullcontext() if missing() else provider(origin) as issuer:
            settings = _settings(database, home, origin, issuer)
            identity = identity_of(settings)
            with opened(settings) as house:
                town = Town(house.cases).settle()
                app = create_app(house, identity.verifier, how=identity.signin)
                with _serving(app, listening), _sequencing(house):
                    yield Site(house, app, origin, issuer, town)


def _settings(database: str, home: Path, origin: str, issuer: Provider | None) -> Settings:
    said = home / "identity.toml"
    said.write_text(IDENTITY.format(issuer=issuer.name if issuer else NOWHERE, origin=origin), "utf-8")
    (home / "secret").write_text(SECRET, "utf-8")
    return Settings(
        home=home / ".luotsi", region=f"koe_{uuid4().hex[:8]}", database_url=database, identity=said, rates=PLENTY
    )


@contextmanager
def _serving(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(configured(app, log_level="error", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while thread.is_alive() and not server.started:
        thread.join(0.01)
    try:
        yield
    finally:
        app.state.feed.close()  # so that whoever still follows it keeps nobody waiting
        server.should_exit = True
        thread.join(timeout=20)


@contextmanager
def _sequencing(house: House) -> Iterator[None]:
    sequencer = Sequencer(house.region, house.notary, pause=0.02, interval=0.05)
    sequencer.start()
    try:
        yield
    finally:
        sequencer.stop()
