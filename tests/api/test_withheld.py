"""What is not to be disclosed to somebody: they read that it is withheld, and everybody else reads it."""

from uuid import UUID, uuid4

import pytest

from api.rows import WITHHELD
from domain.decider import Actor, Role
from tests.api.conftest import Door
from tests.town import BO, CILLA

PLACES = ("words", "voice", "history", "history?known_at=2199-01-01T00:00:00Z", "history?version=3")
WORDS = "muutimme Hervantaan"


def told_of(door: Door, client: UUID) -> tuple[str, int]:
    """Have somebody's words written down; return the case, and their version."""
    case = door.case(client, by=BO)
    return case, door.say(case, WORDS, BO).json()["version"]


def withheld_from(door: Door, case: str, version: int, whom: str) -> int:
    forbidden = door.post(f"/cases/{case}/forbid-disclosure", {"entry": version, "from_whom": whom}, CILLA)
    assert forbidden.status_code == 200, forbidden.text
    return int(forbidden.json()["version"])


def read(door: Door, case: str, by: Actor) -> list[str]:
    """Return everything that somebody reads of a case's words, as text."""
    return [door.get(f"/cases/{case}/{place}", by).text for place in PLACES]


@pytest.fixture
def father() -> Actor:
    return Actor(str(uuid4()), Role.REPRESENTATIVE)


@pytest.fixture
def child(door: Door, father: Actor) -> UUID:
    """Register a child whom their father represents."""
    child = door.client()
    mandate = {"representative": father.id, "kind": "custodian"}
    assert door.post(f"/clients/{child}/name-representative", mandate, BO).status_code == 200
    return child


def test_a_representative_to_whom_it_is_forbidden_reads_that_it_is_withheld(
    door: Door, child: UUID, father: Actor
) -> None:
    case, version = told_of(door, child)
    assert WORDS in door.get(f"/cases/{case}/words", father).text
    withheld_from(door, case, version, father.id)
    assert not [text for text in read(door, case, father) if WORDS in text]
    assert WITHHELD in door.get(f"/cases/{case}/words", father).text
    assert WORDS in door.get(f"/cases/{case}/words", BO).text


def test_whoever_forbade_it_may_take_that_back(door: Door, child: UUID, father: Actor) -> None:
    case, version = told_of(door, child)
    forbidden = withheld_from(door, case, version, father.id)
    mistaken = {"version": forbidden, "reason": "äiti sallii sen"}
    assert door.post(f"/cases/{case}/mark-erroneous", mistaken, CILLA).status_code == 200
    assert WORDS in door.get(f"/cases/{case}/words", father).text


def test_other_entries_are_read_as_before(door: Door, child: UUID, father: Actor) -> None:
    case, version = told_of(door, child)
    withheld_from(door, case, version, father.id)
    door.say(case, "koulu jatkuu", BO)
    assert "koulu jatkuu" in door.get(f"/cases/{case}/words", father).text
