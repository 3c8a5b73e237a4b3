"""The service killed in the middle of its work: what it acknowledged is there, and nothing twice or by half."""

import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from api.demo import case_of
from domain.ledger.orphans import end_orphan
from domain.ledger.postgres import running
from tests.api.running import Serving, luotsi, said, serving

CASES = [case_of(name) for name in ("between_three", "guardianship")]
ENOUGH = 40


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / ".luotsi"
    end_orphan(tmp_path / ".luotsi" / "postgres")


def test_a_service_killed_under_load_keeps_what_it_acknowledged_and_nothing_twice(home: Path) -> None:
    acknowledged: set[str] = set()
    tried: set[str] = set()
    with serving(home) as service:
        token = minted(home)
        enough = threading.Event()

        def write(writer: int) -> None:
            for number in range(500):
                key = f"{writer}-{number}"
                tried.add(key)
                if asked(service, token, key) not in {200, 201}:
                    return  # the service is gone
                acknowledged.add(key)
                if len(acknowledged) >= ENOUGH:
                    enough.set()

        with ThreadPoolExecutor(4) as writers:
            writing = [writers.submit(write, number) for number in range(4)]
            assert enough.wait(30)
            service.process.send_signal(signal.SIGKILL)
            for it in writing:
                it.result(30)
    with serving(home) as service:
        token = minted(home)
        assert said_in(service, token) >= acknowledged
        assert {asked(service, token, key) for key in tried} <= {200, 201}
        assert sorted(all_said(service, token)) == sorted(tried)
        assert luotsi(home, "rebuild", "--verify").returncode == 0
        assert everything_has_its_place(home)


def minted(home: Path) -> str:
    arguments = ("--role", "worker", "--id", "katri.nieminen", "--organisation", "kela", "--unit", "etuudet")
    return str(said(home, "token", *arguments, "--json")["token"])


def asked(service: Serving, token: str, key: str) -> int | None:
    """Ask for contact under a key; return the status, or None where nobody answered."""
    case = CASES[hash(key) % len(CASES)]
    body = json.dumps({"kind": "contact", "words": f"soita {key}"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
    connection = HTTPConnection(urlsplit(service.address).netloc, timeout=20)
    try:
        connection.request("POST", f"/cases/{case}/make-request", body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def all_said(service: Serving, token: str) -> list[str]:
    """Return the key in the words of each request, as often as it stands there."""
    found: list[str] = []
    for case in CASES:
        path: str | None = f"/cases/{case}/words?limit=1000"
        while path:
            connection = HTTPConnection(urlsplit(service.address).netloc, timeout=20)
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            page = json.loads(connection.getresponse().read())
            connection.close()
            words = [it["words"].get("words", "") for it in page["entries"] if it["topic"] == "request-made"]
            found += [it.removeprefix("soita ") for it in words if it.startswith("soita ")]
            path = page["next"]
    return found


def said_in(service: Serving, token: str) -> set[str]:
    return set(all_said(service, token))


def everything_has_its_place(home: Path) -> bool:
    """Say whether, once nothing waits any longer, each event has one position and none is missing between."""
    with psycopg.connect(running(home) or "", autocommit=True, options="-c search_path=luotsi") as connection:
        connection.execute("LISTEN luotsi_sequence")
        for _ in range(20):
            (waiting,) = connection.execute("SELECT count(*) FROM outbox").fetchone() or (0,)
            if not waiting:
                break
            list(connection.notifies(timeout=1, stop_after=1))
        counted = "SELECT (SELECT count(*) FROM events), count(*), max(position) FROM sequence"
        events, places, last = connection.execute(counted).fetchone() or (0, 0, 0)
    return bool(events == places == last)
