"""One house for all tests of the service, with its people; and somebody to call it as any of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.cli import main
from api.development import DevelopmentIssuer
from api.house import House, opened
from api.settings import Rates, Settings
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.running import OURS, Here, environment
from tests.town import AINO, Town

PLENTY = Rates(*[10**9] * 3)
"""More than any test asks within a minute."""


@dataclass
class Door:
    """Calls the service as somebody, and checks that what it answers is documented."""

    app: FastAPI
    house: House
    issuer: DevelopmentIssuer
    http: TestClient
    paths: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.paths = self.app.openapi()["paths"]

    def get(self, path: str, by: Actor | None = AINO, **more: Any) -> Response:
        return self.ask("GET", path, by, **more)

    def post(self, path: str, body: Any = None, by: Actor | None = AINO, **headers: Any) -> Response:
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        return self.ask("POST", path, by, json={} if body is None else body, headers=named)

    def ask(self, method: str, path: str, by: Actor | None = AINO, **more: Any) -> Response:
        headers = dict(more.pop("headers", {}))
        if by is not None:
            headers["Authorization"] = f"Bearer {self.issuer.mint(by)}"
        answer = self.http.request(method, path, headers=headers, **more)
        self.check(method, path.partition("?")[0], answer)
        return answer

    def check(self, method: str, path: str, answer: Response) -> None:
        """Check that the answer's status is documented, and that a problem is one."""
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["status"] == answer.status_code
            assert problem["type"].startswith("/problems/")
        operation = self.operation(method, path)
        if operation:
            assert str(answer.status_code) in operation["responses"], f"{method} {path} {answer.status_code}"

    def operation(self, method: str, path: str) -> Any:
        """Return what the documentation says of this, None where it is no path of the service."""
        for template in sorted(self.paths, key=lambda it: it.count("{")):
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return self.paths[template].get(method.lower())
        return None

    # What is often done.

    def client(self) -> UUID:
        return UUID(self.post("/clients").json()["id"])

    def case(self, client: UUID | None = None, by: Actor = AINO, **headers: Any) -> str:
        body = {"client": str(client or self.client()), "need": "asunnon menettäminen"}
        answer = self.post("/cases", body, by, **headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def say(self, case: str, words: str, by: Actor = AINO, **headers: Any) -> Response:
        return self.post(f"/cases/{case}/record-statement", {"words": words}, by, **headers)


def as_client(client: UUID) -> Actor:
    return Actor(str(client), Role.CLIENT)


def kind(answer: Response) -> tuple[int, str]:
    """Return a problem's status and type."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextmanager
def new_database(postgres: Server) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        yield postgres.url.removesuffix("luotsi") + name
        owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def door_of(database: str, home: Path) -> Iterator[Door]:
    """Open a house on this database, with its people, and its door."""
    settings = Settings(home=home / ".luotsi", region="koe", database_url=database, rates=PLENTY)
    with opened(settings) as house:
        Town(house.cases).settle()
        issuer = DevelopmentIssuer.at(settings)
        app = create_app(house, issuer.verifier())
        with TestClient(app, follow_redirects=False) as http:
            yield Door(app, house, issuer, http)


@pytest.fixture(scope="session")
def door(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give the door that all tests share: each works on cases of its own."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as opened_door:
        yield opened_door


@pytest.fixture
def own_door(database: str, tmp_path: Path) -> Iterator[Door]:
    """Give a door to a house that no other test uses."""
    with door_of(database, tmp_path) as opened_door:
        yield opened_door


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """Give what runs a command in this process: faster, where it is the command that is asked about."""
    before = signal.getsignal(signal.SIGTERM)

    def run(home: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        for name in [it for it in os.environ if it.startswith(OURS)]:
            monkeypatch.delenv(name)
        for name, value in environment(home, **more).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["luotsi", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return subprocess.CompletedProcess(
            [*map(str, arguments)], code if isinstance(code, int) else 0, *capsys.readouterr()
        )

    yield run
    signal.signal(signal.SIGTERM, before)


def counted(door: Door) -> dict[str, int]:
    """Return how many rows each table of the ledger and each read table has."""
    tables = ["events", "words", "keys", "clients", "receipts", "projected"]
    tables += [it.table for it in door.house.live.tables]
    with door.house.pool.connection() as connection:
        return {it: connection.execute(f"SELECT count(*) FROM {it}".encode()).fetchone()[0] for it in tables}  # type: ignore[index]


@contextmanager
def nothing_written(door: Door) -> Iterator[None]:
    """Check that what happens meanwhile leaves no trace in any table."""
    before = counted(door)
    yield
    assert counted(door) == before
