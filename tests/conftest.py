"""One real PostgreSQL for all tests, and an empty database for each."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings

from domain.ledger.postgres import Server

# How long an example takes says how busy the machine is, and nothing of what holds.
settings.register_profile("luotsi", deadline=None)
settings.load_profile("luotsi")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run one server for the whole session."""
    with TemporaryDirectory() as parent, Server(Path(parent) / ".luotsi") as server:
        yield server


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """Give the URL of a fresh, empty database."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        yield postgres.url.removesuffix("luotsi") + name
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
