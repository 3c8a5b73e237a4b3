"""What was written into the wrong person's case: hidden at once from everybody, and destroyed by a second person."""

from typing import Any

from api.rows import HIDDEN
from domain.decider import ERASED, Actor
from tests.api.conftest import Door, as_client
from tests.town import BO, CILLA

PLACES = ("words", "voice", "history", "history?known_at=2199-01-01T00:00:00Z")


def read(door: Door, case: str) -> list[str]:
    """Return everything that can be read of a case, as text."""
    return [door.get(f"/cases/{case}/{place}", CILLA).text for place in PLACES]


def misplaced(door: Door) -> tuple[str, int, str]:
    case = door.case(by=BO)
    statement = door.say(case, "Naapurin lääkitys on väärin.", BO).json()
    marked = {"version": statement["version"], "reason": "toisen asiakkaan", "wrong_person": True}
    assert door.post(f"/cases/{case}/mark-erroneous", marked, BO).status_code == 200
    return case, statement["version"], statement["made"]


def hashes(door: Door, case: str) -> list[Any]:
    return [it["hash"] for it in door.get(f"/cases/{case}/history", CILLA).json()["events"]]


def test_it_is_hidden_at_once_whatever_moment_is_asked(door: Door) -> None:
    case, version, _ = misplaced(door)
    for text in (*read(door, case), door.get(f"/cases/{case}/history?version={version}", CILLA).text):
        assert "Naapurin" not in text
    assert HIDDEN in door.get(f"/cases/{case}/words", CILLA).text


def test_a_second_person_has_its_words_destroyed_and_every_hash_still_stands(door: Door) -> None:
    case, version, _ = misplaced(door)
    before = hashes(door, case)
    assert door.post(f"/cases/{case}/confirm-misplaced", {"version": version}, BO).status_code == 403
    assert door.post(f"/cases/{case}/confirm-misplaced", {"version": version}, CILLA).status_code == 200
    assert ERASED in door.get(f"/cases/{case}/words", CILLA).text
    assert not [text for text in read(door, case) if "Naapurin" in text]
    assert hashes(door, case)[: len(before)] == before


def test_if_it_was_no_mistake_it_is_shown_again(door: Door) -> None:
    case, version, _ = misplaced(door)
    assert door.post(f"/cases/{case}/deny-misplaced", {"version": version}, CILLA).status_code == 200
    assert "Naapurin" in door.get(f"/cases/{case}/words", CILLA).text


def test_the_client_in_whose_case_it_was_written_is_told_nothing_of_it_but_that_it_is_there(door: Door) -> None:
    client = door.client()
    case = door.case(client, by=BO)
    found = {"kind": "needs", "outcome": "service_needed", "no_view_because": "ei tavoitettu", "summary": "päihteet"}
    wrong = door.post(f"/cases/{case}/complete-assessment", found, BO).json()["version"]
    marked = {"version": wrong, "reason": "toisen asiakkaan", "wrong_person": True}
    assert door.post(f"/cases/{case}/mark-erroneous", marked, BO).status_code == 200

    def seen(by: Actor) -> Any:
        return door.get(f"/cases/{case}/history", by).json()["events"][wrong - 1]["event"]

    assert seen(BO)["outcome"] == "service_needed"  # a second person has to see what they confirm
    assert seen(as_client(client)) == {}
    assert door.post(f"/cases/{case}/confirm-misplaced", {"version": wrong}, CILLA).status_code == 200
    assert seen(as_client(client)) == {}
