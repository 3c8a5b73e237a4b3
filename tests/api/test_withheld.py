"""What is not to be disclosed to somebody: they read that it is withheld and why, and everybody else reads it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.clock import done
from api.rows import WITHHELD
from domain.decider import Actor, Role
from projections.due import due
from tests.api.conftest import Door, as_client, kind
from tests.town import BO, CILLA

PLACES = ("words", "voice", "history", "history?known_at=2199-01-01T00:00:00Z", "history?version=3", "heard", "changed")
WORDS = "muutimme Hervantaan"
REASON = "ilmoittaja pelkää"
AUDITOR = Actor("auri", Role.AUDITOR)


def soon(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def told_of(door: Door, client: UUID) -> tuple[str, int]:
    """Have somebody's words written down; return the case, and their version."""
    case = door.case(client, by=BO)
    said = door.post(f"/cases/{case}/record-statement", {"words": WORDS, "speaker": "close_person"}, BO)
    return case, said.json()["version"]


def withheld_from(door: Door, case: str, version: int, whom: str, by: Actor = CILLA, **more: Any) -> int:
    forbidden = door.post(f"/cases/{case}/forbid-disclosure", {"entry": version, "from_whom": whom} | more, by)
    assert forbidden.status_code == 200, forbidden.text
    return int(forbidden.json()["version"])


def withheld_from_client(door: Door, case: str, version: int) -> int:
    more: dict[str, Any] = {"ground": "third_party", "reason": REASON, "review_by": soon()}
    return withheld_from(door, case, version, "client", **more)


def read(door: Door, case: str, by: Actor) -> list[str]:
    """Return everything that somebody reads of a case's words, as text."""
    return [door.get(f"/cases/{case}/{place}", by).text for place in PLACES]


def entry_of(door: Door, case: str, version: int, by: Actor) -> dict[str, Any]:
    events: list[dict[str, Any]] = door.get(f"/cases/{case}/history", by).json()["events"]
    return events[version - 1]


@pytest.fixture
def father() -> Actor:
    return Actor(str(uuid4()), Role.REPRESENTATIVE)


@pytest.fixture
def child(door: Door, father: Actor) -> UUID:
    """Register a child whom their father represents."""
    child = UUID(door.post("/clients", by=BO).json()["id"])
    mandate = {"representative": father.id, "kind": "custodian"}
    assert door.post(f"/clients/{child}/name-representative", mandate, BO).status_code == 200
    return child


@pytest.mark.rule(22)
def test_a_representative_to_whom_it_is_forbidden_reads_that_it_is_withheld(
    door: Door, child: UUID, father: Actor
) -> None:
    case, version = told_of(door, child)
    assert WORDS in door.get(f"/cases/{case}/words", father).text
    withheld_from(door, case, version, father.id)
    assert not [text for text in read(door, case, father) if WORDS in text]
    assert WITHHELD in door.get(f"/cases/{case}/words", father).text
    for by in (BO, as_client(child)):
        assert WORDS in door.get(f"/cases/{case}/words", by).text


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


@pytest.mark.rule(22)
def test_the_client_reads_in_its_place_on_which_ground_by_whose_word_and_until_when(
    door: Door, child: UUID, father: Actor
) -> None:
    case, version = told_of(door, child)
    withheld_from_client(door, case, version)
    for by in (as_client(child), father):
        assert not [text for text in read(door, case, by) if WORDS in text or REASON in text]
        entry = entry_of(door, case, version, by)
        assert (entry["topic"], entry["event"]) == (WITHHELD, {})
        notice = entry["withheld"]
        assert (notice["ground"], notice["by_role"], notice["organisation"], notice["unit"]) == (
            "third_party", "manager", "pirha", "aikuissosiaalityo",
        )  # fmt: skip
        assert notice["review_by"] > datetime.now(UTC).isoformat()
        assert door.get(f"/cases/{case}/voice", by).json()["rows"] == [{"version": version, "withheld": notice}]
        said = door.get(f"/cases/{case}/words", by).json()["entries"][1]
        assert said == {"version": version, "topic": WITHHELD, "words": {"words": WITHHELD}, "withheld": notice}
    for by in (BO, CILLA, AUDITOR):
        assert WORDS in door.get(f"/cases/{case}/history", by).text
        assert entry_of(door, case, version, by)["withheld"] is None


@pytest.mark.rule(22)
def test_what_is_withheld_is_listed_and_the_reason_is_for_staff(door: Door, child: UUID, father: Actor) -> None:
    case, version = told_of(door, child)
    withheld_from_client(door, case, version)
    withheld_from(door, case, version, father.id, as_client(child), reason="en halua")
    listed = {by: door.get(f"/cases/{case}/withheld", by).json()["rows"] for by in (BO, as_client(child), father)}
    for rows in listed.values():
        assert [(it["entry"], it["from_whom"], it["ground"]) for it in rows] == [
            (version, "client", "third_party"), (version, father.id, "client_wish"),
        ]  # fmt: skip
    assert [[it["reason"] for it in rows] for rows in listed.values()] == [
        [REASON, "en halua"], [WITHHELD, "en halua"], [WITHHELD, WITHHELD],
    ]  # fmt: skip


@pytest.mark.rule(22)
def test_who_answers_for_the_case_is_the_clients_to_know_though_the_words_are_withheld(door: Door, child: UUID) -> None:
    case, _ = told_of(door, child)
    withheld_from_client(door, case, 1)
    opened = entry_of(door, case, 1, as_client(child))
    assert (opened["topic"], opened["event"]["need"]) == ("case-opened", WITHHELD)
    assert door.get(f"/cases/{case}", as_client(child)).json()["need"] == WITHHELD
    assert opened["event"]["responsible"]["worker"] == "bo"
    assert opened["withheld"]["ground"] == "third_party"
    assert door.get(f"/cases/{case}/owner", as_client(child)).json()["rows"][0]["responsible"]["worker"] == "bo"


@pytest.mark.rule(22)
def test_it_is_read_again_once_it_is_allowed_and_why_it_was_withheld_is_not(door: Door, child: UUID) -> None:
    case, version = told_of(door, child)
    forbidden = withheld_from_client(door, case, version)
    assert door.post(f"/cases/{case}/allow-disclosure", {"forbidden": forbidden}, BO).status_code == 200
    text = " ".join(read(door, case, as_client(child)))
    assert WORDS in text
    assert REASON not in text
    mistaken = {"version": forbidden, "reason": "väärä merkintä"}
    assert door.post(f"/cases/{case}/mark-erroneous", mistaken, CILLA).status_code == 200
    assert REASON not in " ".join(read(door, case, as_client(child)))


@pytest.mark.rule(22)
def test_a_clients_own_id_is_refused(door: Door, child: UUID) -> None:
    case, version = told_of(door, child)
    named = {"entry": version, "from_whom": str(child)}
    refused = door.post(f"/cases/{case}/forbid-disclosure", named, BO)
    assert kind(refused) == (422, "client-unnamed")
    assert str(child) not in door.get(f"/cases/{case}/history", AUDITOR).text.replace(f'"client":"{child}"', "")


@pytest.mark.rule(22)
def test_the_manager_is_told_of_a_review_that_falls_due(door: Door, child: UUID) -> None:
    case, version = told_of(door, child)
    forbidden = withheld_from_client(door, case, version)
    with door.house.pool.connection() as connection:
        connection.execute(
            "UPDATE terms_v1 SET due = now() WHERE \"case\" = %s AND kind = 'withholding_review'", (case,)
        )
        found = [it for it in due(connection) if it.stream == UUID(case)]
    for it in found:
        done(door.house.cases, it)
    alerts = door.get("/alerts", CILLA).json()["alerts"]
    assert [(it["cause"], it["about"]) for it in alerts if it["case"] == case] == [
        ("withholding_review_due", forbidden)
    ]  # fmt: skip
