"""A bundle while it is made and sent: one snapshot, little memory, and nothing left behind."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.bundle import AT_ONCE, EACH, SECONDS, BundleNotTaken, Wanted, in_time, prepared
from domain.decider import Actor, Role
from domain.ledger.application import ask
from domain.ledger.database import DatabaseUnavailable, Region
from domain.ledger.proofs import snapshot
from domain.voice import RecordStatement
from tests.api.bundles import Bundle, bundle, heads_sealed, sealed, told
from tests.api.conftest import Door
from tests.town import AINO
from verifier import check

AUDITOR = Actor("auri", Role.AUDITOR)


def test_what_happens_meanwhile_is_in_none_of_it(door: Door) -> None:
    case = UUID(told(door))
    heads_sealed(door)
    with snapshot(door.house.region, case) as there:
        made = prepared(door.house.cases, there, AUDITOR, Wanted())
        parts = made.parts()
        content = next(parts)
        door.say(str(case), "tämä ei ehtinyt")
        heads_sealed(door)
        found = Bundle(content + b"".join(parts))
    assert found.manifest["versions"] == len(found.events) == 3
    assert "tämä ei ehtinyt" not in found.everything
    assert found.verified().exit == 0
    assert bundle(door, str(case)).manifest["versions"] == 4


class Taker:
    """Takes a bundle over ASGI, as slowly as told, or goes away."""

    def __init__(self, door: Door, case: str, by: Actor = AINO) -> None:
        self.door = door
        self.statuses: list[int] = []
        token = door.issuer.mint(by)
        path = f"/cases/{case}/bundle"
        self.scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
            "headers": [(b"authorization", f"Bearer {token}".encode())], "client": ("127.0.0.1", 1), "server": ("x", 1),
            "state": {},
        }  # fmt: skip

    async def take(self, first: asyncio.Event, go_on: asyncio.Event | None) -> None:
        """Take the first part, and the rest once told to; without that, go away."""

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.statuses.append(message["status"])
            elif message.get("body") and self.statuses == [200]:
                first.set()
                if go_on is None:
                    raise OSError("gone")
                await go_on.wait()
            else:
                first.set()

        await self.door.app(self.scope, receive, send)


def reading(door: Door) -> int:
    """Return how many connections are in the middle of reading a snapshot."""
    with door.house.region.connect(owner=True) as owner:
        (found,) = owner.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
        ).fetchone() or (0,)
    return int(found)


def test_whoever_goes_away_leaves_nothing_behind(own_door: Door) -> None:
    case = told(own_door)
    sealed(own_door)

    async def go_away() -> None:
        for _ in range(AT_ONCE + 1):
            await Taker(own_door, case).take(asyncio.Event(), None)

    asyncio.run(go_away())
    assert reading(own_door) == 0
    assert len(own_door.get(f"/cases/{case}/reads").json()["reads"]) == AT_ONCE + 1
    assert own_door.get(f"/cases/{case}/bundle").status_code == 200


def answered(door: Door, case: str, crowd: Iterable[Actor]) -> list[int]:
    """Return how each is answered, one after the other, while nobody takes more than the beginning."""

    async def come() -> list[int]:
        go_on, takers, going = asyncio.Event(), [Taker(door, case, by) for by in crowd], []
        for it in takers:
            first = asyncio.Event()
            going.append(asyncio.create_task(it.take(first, go_on)))
            await first.wait()
        go_on.set()
        await asyncio.gather(*going)
        return [it.statuses[0] for it in takers]

    return asyncio.run(come())


def test_only_so_many_are_made_at_once(own_door: Door) -> None:
    case = told(own_door)
    sealed(own_door)
    colleagues = [replace(AINO, id=f"colleague-{number}") for number in range(AT_ONCE + 1)]
    assert answered(own_door, case, colleagues) == [200] * AT_ONCE + [503]
    assert own_door.get(f"/cases/{case}/bundle").status_code == 200


def test_nobody_keeps_the_others_from_theirs(own_door: Door) -> None:
    case = told(own_door)
    sealed(own_door)
    crowd = [AINO] * (EACH + 1) + [replace(AINO, id="colleague")]
    assert answered(own_door, case, crowd) == [200] * EACH + [503, 200]


def test_whoever_takes_too_long_gets_no_more_of_it() -> None:
    times = iter([0.0, 1.0, SECONDS, SECONDS + 1])
    parts = in_time(iter([b"a", b"b", b"c"]), lambda: next(times))
    assert [next(parts), next(parts)] == [b"a", b"b"]
    with pytest.raises(BundleNotTaken):
        next(parts)


def test_where_the_database_does_not_answer_that_is_said() -> None:
    with pytest.raises(DatabaseUnavailable), snapshot(Region("postgresql://127.0.0.1:1/nowhere", "koe"), uuid4()):
        pass


EVENTS, LONG = 10_000, "x" * 3_000


def test_a_history_of_ten_thousand_long_entries_goes_through_little_memory(own_door: Door, tmp_path: Path) -> None:
    case = UUID(own_door.case())
    cases = own_door.house.cases
    for _ in range(EVENTS // 500):
        cases.execute_all([ask(RecordStatement(LONG), case, AINO) for _ in range(500)])
    heads_sealed(own_door)
    path, length = tmp_path / "case.zip", 0
    with snapshot(own_door.house.region, case) as there, path.open("wb") as file:
        made = prepared(cases, there, AUDITOR, Wanted())
        tracemalloc.start()
        for part in made.parts():
            length += file.write(part)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sum(it["length"] for it in Bundle(path.read_bytes()).manifest["files"]) > 3 * EVENTS * len(LONG)
    assert check(path).exit == 0
    assert peak < EVENTS * len(LONG)
