"""What the client says of a worker goes past that worker, and how the service felt waits for the end of the case."""

from typing import Any

import pytest

from api.rows import WITHHELD
from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client
from tests.town import BO, CILLA

COLLEAGUE = Actor("esa", Role.WORKER, "pirha", "aikuissosiaalityo")
AUDITOR = Actor("auri", Role.AUDITOR)
OBJECTS, ASKS, FELT = "hän ei kuunnellut", "haluan toisen työntekijän", "tuli kiire tunne"
PLACES = ("", "/words", "/voice", "/history", "/changed", "/withheld", "/endings", "/closure", "/standing")
MOMENTS = ("", "?version={}", "?known_at=2199-01-01T00:00:00Z", "?happened_by=2199-01-01T00:00:00Z")


def raised(door: Door) -> tuple[str, Actor, dict[str, Any]]:
    """Let a client object to Bo's act, ask for another worker and tell how it felt; return the case and the ids."""
    client = door.client()
    case, who = door.case(client, BO), as_client(client)
    made = {
        "objection": door.post(f"/cases/{case}/raise-objection", {"against": 1, "words": OBJECTS}, who).json(),
        "request": door.post(f"/cases/{case}/make-request", {"kind": "other_worker", "words": ASKS}, who).json(),
        "felt": door.post(f"/cases/{case}/report-experience", {"score": 1, "words": FELT}, who).json(),
    }
    return case, who, made


def read(door: Door, case: str, by: Actor) -> str:
    """Return all that somebody reads of a case, in every representation and as of every moment, as text."""
    last = door.get(f"/cases/{case}", AUDITOR).json()["version"]
    paths = [f"/cases/{case}{place}{moment.format(last)}" for place in PLACES for moment in MOMENTS]
    answers = [door.get(path, by) for path in paths]
    assert {it.status_code for it in answers} == {200}
    return "\n".join(it.text for it in answers)


def answered(door: Door, case: str, made: dict[str, Any], by: Actor) -> None:
    objection = {"objection": made["objection"]["made"], "outcome": "upheld", "reasons": "niin oli"}
    assert door.post(f"/cases/{case}/answer-objection", objection, by).status_code == 200
    request = {"request": made["request"]["made"], "outcome": "granted", "reasons": "Esa jatkaa"}
    assert door.post(f"/cases/{case}/answer-request", request, by).status_code == 200


@pytest.mark.rule(13)
def test_the_worker_concerned_reads_neither_until_they_are_answered(door: Door) -> None:
    case, who, made = raised(door)
    told = read(door, case, BO)
    for it in (
        OBJECTS,
        ASKS,
        FELT,
        made["objection"]["made"],
        made["request"]["made"],
        "objection-raised",
        '"score":1',
    ):
        assert it not in told
    assert WITHHELD in told
    for by in (CILLA, COLLEAGUE, who, AUDITOR):
        told = read(door, case, by)
        assert all(it in told for it in (OBJECTS, ASKS, FELT))
    answered(door, case, made, CILLA)
    told = read(door, case, BO)
    assert OBJECTS in told
    assert ASKS in told
    assert FELT not in told


@pytest.mark.rule(13)
def test_that_something_is_kept_from_the_worker_is_said_with_its_ground(door: Door) -> None:
    case, _, made = raised(door)
    events = door.get(f"/cases/{case}/history", BO).json()["events"]
    kept = {it["version"]: it for it in events if it["withheld"]}
    assert {version: it["withheld"]["ground"] for version, it in kept.items()} == {
        made["objection"]["version"]: "past_worker", made["request"]["version"]: "past_worker",
        made["felt"]["version"]: "until_closed",
    }  # fmt: skip
    assert {(it["topic"], str(it["event"])) for it in kept.values()} == {(WITHHELD, "{}")}
    assert door.get(f"/cases/{case}", BO).json()["open_objections"] == []
    assert door.get(f"/cases/{case}", CILLA).json()["open_objections"] == [made["objection"]["made"]]


@pytest.mark.rule(13)
def test_the_worker_concerned_answers_neither(door: Door) -> None:
    case, _, made = raised(door)
    objection = {"objection": made["objection"]["made"], "outcome": "rejected", "reasons": "ei"}
    request = {"request": made["request"]["made"], "outcome": "refused", "reasons": "ei"}
    assert door.post(f"/cases/{case}/answer-objection", objection, BO).json()["type"] == "/problems/own-act"
    assert door.post(f"/cases/{case}/answer-request", request, BO).json()["type"] == "/problems/asked-away"
    answered(door, case, made, COLLEAGUE)


@pytest.mark.rule(15)
def test_how_the_service_felt_is_read_by_whoever_answered_once_the_case_is_closed(door: Door) -> None:
    client = door.client()
    case, who = door.case(client, BO), as_client(client)
    assert door.post(f"/cases/{case}/report-experience", {"score": 2, "words": FELT}, who).status_code == 200
    assert FELT not in read(door, case, BO)
    assert FELT in read(door, case, COLLEAGUE)
    assert door.post(f"/cases/{case}/propose-closure", {"ground": "client_ended"}, who).status_code == 200
    assert door.post(f"/cases/{case}/close-case", {}, BO).status_code == 200
    told = read(door, case, BO)
    assert FELT in told
    assert '"score":2' in told
