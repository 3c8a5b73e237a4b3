"""Running the service: the server of this home, the ledger's workers beside it, HTTP in front; and its end."""

from __future__ import annotations

import errno
import gc
import os
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from api import demo
from api.anchors import anchors_of
from api.app import create_app
from api.clock import Clock
from api.house import House, opened
from api.identity import identity_of
from api.pages.entrance import PeopleHere
from api.settings import Settings
from api.wire import configured
from domain.decider import Actor, Role
from domain.ledger.anchors.anchoring import Anchoring
from domain.ledger.heads import Heads
from domain.ledger.postgres import Server
from domain.ledger.readlog import ReadSweep
from domain.ledger.rotation import Rotation
from domain.ledger.sequencer import Sequencer
from projections.catch_up import CatchUp

DRAIN_SECONDS = 20
BACKLOG = 2048
_LOOK_SECONDS = 0.2


class PortTaken(Exception):
    """Another program listens on that port. Stop it, or set LUOTSI_PORT to another one (0 for any that is free)."""


class HostWrong(Exception):
    """This machine has no such address to listen on. Name another with --host."""


class NotStarted(Exception):
    """The service could not start. What was logged above says why."""


class DatabaseDied(Exception):
    """The development PostgreSQL ended by itself, and the service with it. Its log says why; start Luotsi again."""


class Service(uvicorn.Server):
    """The HTTP server: tells when it is up, and lets those who follow the feed go before it waits for the others."""

    def __init__(self, config: uvicorn.Config, let_go: Callable[[], None], up: Callable[[], None]) -> None:
        super().__init__(config)
        self._let_go = let_go
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell so."""
        await super().startup(sockets)
        if self.started:
            self._up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests at hand, for twenty seconds at most."""
        self._let_go()
        await super().shutdown(sockets)


def serve(settings: Settings, host: str, *, with_demo: bool, say: Callable[[str], None]) -> None:
    """Serve until told to stop (SIGINT, SIGTERM). Raises what starting raises, and `DatabaseDied`."""
    if not settings.database_url:
        say(f"Starting PostgreSQL on {settings.home}")
    with _house(settings) as (house, postgres), _listening(host, settings.port) as listener:
        if with_demo and not settings.production and not _others_cases(house):
            demo.load(house.cases, datetime.now(UTC))
        _serve(house, postgres, listener, say)


def settle() -> None:
    """Spare the garbage collector what is here to stay, and let it look less often: decoding makes much, and no cycles.

    A history of 10,000 events is decoded three times faster for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _serve(house: House, postgres: Server | None, listener: socket.socket, say: Callable[[str], None]) -> None:
    sequencer, catch_up = Sequencer(house.region, house.notary), CatchUp(house.region, house.live.projections)
    clock = Clock(house.cases)  # in production a process of its own, as the rotation: luotsi worker
    rotation = Rotation(house.region, house.cases.keyring.keks)
    anchoring = Anchoring(house.region, anchors_of(house.settings))
    heads, sweep = Heads(house.cases), ReadSweep(house.region)
    identity = identity_of(house.settings)
    how = identity.signin or (None if house.settings.identity else PeopleHere(address_of(listener)))
    app = create_app(house, identity.verifier, catch_up.done.is_set, how)
    config = configured(
        app, house.settings.proxies, log_level="warning", backlog=BACKLOG, timeout_graceful_shutdown=DRAIN_SECONDS
    )

    def let_go() -> None:
        app.state.feed.close()

    service = Service(config, let_go, lambda: say(greeting(house, address_of(listener))))
    died = threading.Event()
    sequencer.start()
    catch_up.start()
    if not house.settings.production:
        clock.start()
        rotation.start()
        anchoring.start()
        heads.start()
        sweep.start()
    settle()
    try:
        with _watched(postgres, service, died), _stopping(service):
            service.run(sockets=[listener])
    finally:
        sweep.stop()
        heads.stop()
        anchoring.stop()
        rotation.stop()
        clock.stop()
        catch_up.stop()
        sequencer.stop()
    if died.is_set():
        raise DatabaseDied(house.settings.home / "postgres.log")
    if service.lifespan.should_exit:
        raise NotStarted
    say("Stopped")


@contextmanager
def _house(settings: Settings) -> Iterator[tuple[House, Server | None]]:
    """Open the house, on the server that is named or on one of our own, which is to be watched."""
    if settings.database_url:
        with opened(settings) as house:
            yield house, None
    else:
        with Server(settings.home) as server, opened(replace(settings, database_url=server.url)) as house:
            yield house, server


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as refused:
        raise (PortTaken(f"{host}:{port}") if refused.errno == errno.EADDRINUSE else HostWrong(host)) from refused
    with listener:
        yield listener


@contextmanager
def _watched(postgres: Server | None, service: Service, died: threading.Event) -> Iterator[None]:
    """End the service when its database ends by itself."""
    over = threading.Event()

    def watch() -> None:
        while postgres and not over.is_set():
            if postgres.wait(_LOOK_SECONDS) is not None and not over.is_set():
                died.set()
                service.should_exit = True
                return

    threading.Thread(target=watch, name="watch", daemon=True).start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def _stopping(service: Service) -> Iterator[None]:
    """Take a signal to stop as an ordinary end: the HTTP server passes it on once it has stopped itself."""

    def stop(*_: object) -> None:
        service.should_exit = True

    before = {it: signal.signal(it, stop) for it in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for it, handler in before.items():
            signal.signal(it, handler)


def _others_cases(house: House) -> bool:
    """Say whether there are cases other than the demonstration's."""
    of_demo = [demo.case_of(name) for name in demo.STORIES]
    with house.pool.connection() as connection:
        row = connection.execute('SELECT 1 FROM clients WHERE "case" <> ALL (%s) LIMIT 1', (of_demo,)).fetchone()
    return row is not None


def address_of(listener: socket.socket) -> str:
    """Return the address of what listens, as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def greeting(house: House, address: str) -> str:
    """Return what to print once the service is up: where it is, and what to try."""
    lines = ["", f"Luotsi serves at {address}", f"Try the API in a browser: {address}/docs"]
    paste = [] if house.settings.production else commands(house, address)
    if paste:
        where = ", with DATABASE_URL set as it is here" if os.environ.get("DATABASE_URL") else ""
        lines += ["", f"Or paste these, in another terminal{where}:"]
        for about, command in paste:
            lines += ["", f"# {about}", command]
    return "\n".join([*lines, ""])


def commands(house: House, address: str) -> list[tuple[str, str]]:
    """Return three commands that show an owner, a client's voice and a replay: of the demonstration, or of any case."""
    owned, voiced, handed = (demo.case_of(it) for it in ("back_to_work", "debts", "between_three"))
    reader, client = demo.AINO, demo.client_of("debts")
    if house.cases.client_of(handed) is None:
        with house.pool.connection() as connection:
            row = connection.execute('SELECT "case" FROM clients LIMIT 1').fetchone()
        if row is None:
            return []
        owned = voiced = handed = row[0]
        reader = client = Actor("auditor", Role.AUDITOR)
    return [
        ("who has owned a case", _curl(reader, f"{address}/cases/{owned}/owner")),
        ("what a client has said", _curl(client, f"{address}/cases/{voiced}/voice")),
        ("all that happened to a case", f"{program()} replay {handed}"),
    ]


def _curl(actor: Actor, url: str) -> str:
    token = f"{program()} token --role {actor.role} --id {shlex.quote(actor.id)}"
    token += f" --organisation {actor.organisation} --unit {actor.unit}" if actor.organisation else ""
    return f'curl -sS -H "Authorization: Bearer $({token})" {url}'


def program() -> str:
    """Return how to call this program from here, with what in the environment says which ledger."""
    called = Path(sys.argv[0]).absolute()
    if called.name == "luotsi":
        command = str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)
    else:
        command = f"{sys.executable} -m api.cli"
    given = {name: os.environ[name] for name in ("LUOTSI_HOME", "LUOTSI_REGION") if os.environ.get(name)}
    if "LUOTSI_HOME" in given:
        given["LUOTSI_HOME"] = str(Path(given["LUOTSI_HOME"]).absolute())
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in given.items()), command])
