"""For whom a representative acts: now, in which matters, and never for anybody of yesterday."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.client import EndRepresentative, NameRepresentative, RecordDeath
from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client, kind
from tests.town import AINO, Town

LATER = datetime(2199, 1, 1, tzinfo=UTC)


def somebody() -> Actor:
    return Actor(str(uuid4()), Role.REPRESENTATIVE)


def named(door: Door, who: Actor, **how: Any) -> UUID:
    """Name a representative of a new client; return the client."""
    town = Town(door.house.cases)
    client = town.client()
    town.do(NameRepresentative(UUID(who.id), "guardian", **how), client, AINO)
    return client


def acts_for(door: Door, who: Actor) -> list[dict[str, Any]]:
    answer = door.get("/represented", who)
    assert answer.status_code == 200, answer.text
    clients: list[dict[str, Any]] = answer.json()["clients"]
    return clients


def test_it_tells_for_whom_in_which_matters_and_until_when(door: Door) -> None:
    who = somebody()
    first = named(door, who, scope=("statements",), until=LATER)
    second = named(door, who)
    assert [(it["client"], it["kind"], it["scope"], it["until"]) for it in acts_for(door, who)] == [
        (str(first), "guardian", ["statements"], "2199-01-01T00:00:00Z"),
        (str(second), "guardian", ["statements", "ownership", "closure"], None),
    ]
    assert door.get(f"/clients/{first}/cases", who).status_code == 200


def test_who_was_never_named_acts_for_nobody(door: Door) -> None:
    assert acts_for(door, somebody()) == []


@pytest.mark.parametrize("end", ["ended", "death"])
def test_a_mandate_that_is_over_is_told_no_more(door: Door, end: str) -> None:
    who = somebody()
    client = named(door, who)
    over = EndRepresentative(UUID(who.id)) if end == "ended" else RecordDeath("relative")
    Town(door.house.cases).do(over, client, AINO)
    assert acts_for(door, who) == []


def test_a_mandate_whose_time_has_passed_is_told_no_more_before_anybody_ends_it(door: Door) -> None:
    who, town = somebody(), Town(door.house.cases)
    client, soon = town.client(), datetime.now(UTC) + timedelta(milliseconds=200)
    town.do(NameRepresentative(UUID(who.id), "proxy", until=soon), client, AINO)
    while datetime.now(UTC) <= soon:
        acts_for(door, who)
    assert acts_for(door, who) == []


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.REPRESENTATIVE, Role.AUDITOR}))
def test_nobody_else_asks(door: Door, role: Role) -> None:
    who = as_client(uuid4()) if role == Role.CLIENT else Actor("x", role, "kela", "asiakaspalvelu")
    assert kind(door.get("/represented", who)) == (403, "role-not-allowed")
