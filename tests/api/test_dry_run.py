"""A dry run over HTTP: what a command would come to, as it would be answered itself, and nothing is written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response

from api.commands import commands, path_of
from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client, kind, nothing_written
from tests.api.test_burden import bodies
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

DRY: dict[str, Any] = {"Dry_Run": "true"}
OFFER = {
    "to": vars(holder(BO)), "reason": "asuu siellä", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"
}  # fmt: skip


def both(door: Door, path: str, body: Any, by: Actor, **headers: Any) -> tuple[Response, Response]:
    """Return what a dry run is answered, which writes nothing, and what then the act itself is."""
    with nothing_written(door):
        dry = door.post(path, body, by, **headers, **DRY)
    return dry, door.post(path, body, by, **headers)


# The same as then happens.


def test_each_of_the_commonest_acts_comes_to_what_its_dry_run_said_and_is_refused_as_it_was(door: Door) -> None:
    path = {it["post"]["operationId"]: path for path, it in door.paths.items() if "post" in it}
    given: dict[str, Any] = {}
    case = door.case(by=CILLA)
    for command, by, body in bodies(given):
        least = body()
        where = path[command].replace("{id}", case)
        for field in least:
            less = {name: value for name, value in least.items() if name != field}
            dry, done = both(door, where, less, by)
            assert (dry.status_code, dry.content) == (done.status_code, done.content) == (422, done.content)
        dry, done = both(door, where, least, by, Idempotency_Key=uuid4())
        assert (dry.status_code, dry.json()) == (200, done.json()), command
        given[command] = done.json()["made"]


def test_a_case_that_was_only_tried_is_not_there(door: Door) -> None:
    body, key = {"client": str(door.client()), "need": "vuokra on rästissä"}, uuid4()
    with nothing_written(door):
        dry = door.post("/cases", body, Idempotency_Key=key, **DRY)
    assert (dry.status_code, dry.json()["version"], dry.json()["events"]) == (200, 1, [1])
    assert not {"etag", "location"} & dry.headers.keys()
    assert kind(door.get(f"/cases/{dry.json()['id']}")) == (404, "stream-absent")
    done = door.post("/cases", body, Idempotency_Key=key)
    assert (done.status_code, done.json()) == (201, dry.json())


def test_without_a_key_nothing_that_is_made_has_the_id_that_was_told(door: Door) -> None:
    case = door.case()
    dry, done = both(door, f"/cases/{case}/record-statement", {"words": "hei"}, AINO)
    assert (dry.json()["version"], dry.json()["events"]) == (done.json()["version"], done.json()["events"])
    assert dry.json()["made"] != done.json()["made"]


def test_what_was_done_under_a_key_is_answered_as_it_was(door: Door) -> None:
    case, key = door.case(), uuid4()
    done = door.say(case, "hei", Idempotency_Key=key)
    with nothing_written(door):
        assert door.say(case, "hei", Idempotency_Key=key, **DRY).json() == done.json()
        assert kind(door.say(case, "muuta", Idempotency_Key=key, **DRY)) == (422, "key-reused")


def test_it_goes_for_the_directory_and_for_clients_too(door: Door) -> None:
    unit = {"organisation": "kela", "unit": uuid4().hex, "name": "Uusi"}
    for path, body, by in (("/units", unit, ADMINISTRATOR), ("/clients", {"born": "1961"}, AINO)):
        dry, done = both(door, path, body, by, Idempotency_Key=uuid4())
        assert (dry.status_code, done.status_code, dry.json()) == (200, 201, done.json())
    dry, done = both(door, "/units", unit, ADMINISTRATOR)
    assert kind(dry) == kind(done) == (409, "already-there")


# Refused as the act would be.


@pytest.mark.parametrize(
    ("by", "command", "body", "headers"),
    [
        pytest.param(AINO, "record-statement", {"words": ""}, {}, id="no words"),
        pytest.param(AINO, "record-statement", {"words": "x", "sanat": "x"}, {}, id="no such field"),
        pytest.param(AINO, "record-statement", {"words": "x"}, {"If_Match": '"9"'}, id="another version"),
        pytest.param(AINO, "record-statement", {"words": "x"}, {"Occurred_At": "2199-01-01T09:00:00Z"}, id="to come"),
        pytest.param(AINO, "record-statement", {"words": "x"}, {"Occurred_At": "2025-03-03T09:00:00"}, id="no offset"),
        pytest.param(AINO, "record-statement", {"words": "x"}, {"Reported": "maybe"}, id="no flag"),
        pytest.param(AINO, "accept-handoff", {"handoff": str(uuid4())}, {}, id="no offer"),
        pytest.param(AINO, "close-case", {}, {}, id="not proposed"),
        pytest.param(AINO, "propose-handoff", OFFER | {"disclosure_basis": None}, {}, id="law"),
        pytest.param(BO, "record-statement", {"words": "x"}, {}, id="no part in it"),
        pytest.param(ADMINISTRATOR, "record-statement", {"words": "x"}, {}, id="another role"),
        pytest.param(Actor(str(uuid4()), Role.CLIENT), "take-ownership", {}, {}, id="another client"),
        pytest.param(Actor(str(uuid4()), Role.REPRESENTATIVE), "take-ownership", {}, {}, id="no representative"),
        pytest.param(None, "record-statement", {"words": "x"}, {}, id="nobody"),
    ],
)
def test_a_refusal_is_the_very_one_that_the_act_would_meet(
    door: Door, by: Actor, command: str, body: dict[str, Any], headers: dict[str, str]
) -> None:
    dry, done = both(door, f"/cases/{door.case()}/{command}", body, by, **headers)
    assert dry.status_code == done.status_code >= 400
    told, then = dry.json(), done.json()
    for it in (told.get("details", {}), then.get("details", {})):
        it.pop("now", None)
    assert told == then


def test_who_has_no_part_in_a_case_learns_nothing_by_trying(door: Door) -> None:
    answers = [door.say(it, "hei", BO, **DRY) for it in (door.case(), str(uuid4()))]
    assert kind(answers[0]) == (404, "stream-absent")
    assert answers[0].content == answers[1].content


def test_an_open_offer_stands_in_the_way_of_another(door: Door) -> None:
    case = door.case()
    assert door.post(f"/cases/{case}/propose-handoff", OFFER, **DRY).status_code == 200
    door.post(f"/cases/{case}/propose-handoff", OFFER)
    dry, done = both(door, f"/cases/{case}/propose-handoff", OFFER, AINO)
    assert kind(dry) == (409, "handoff-pending")
    assert dry.content == done.content


@pytest.mark.parametrize("said", ["yes", "", "1", "True"])
def test_what_neither_says_true_nor_false_is_refused_and_not_taken_for_the_act(door: Door, said: str) -> None:
    case = door.case()
    with nothing_written(door):
        assert kind(door.say(case, "hei", Dry_Run=said)) == (400, "header-malformed")


def test_what_says_false_is_the_act(door: Door) -> None:
    assert door.say(door.case(), "hei", Dry_Run="false").json()["events"] == [2]
    case = door.case()
    door.say(case, "hei", Dry_Run="false")
    assert door.get(f"/cases/{case}").json()["version"] == 2


# Many at once.


def test_many_at_once_stand_in_nobodys_way(door: Door) -> None:
    client = door.client()
    case = door.case(client)
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: door.say(case, "hei", as_client(client), **DRY).json()["events"], range(16)))
    assert told == [[2]] * 16
    assert door.say(case, "hei", as_client(client)).json()["events"] == [2]


def test_it_is_documented_for_every_command_with_what_can_not_be_foreseen(door: Door) -> None:
    for command in commands():
        post = door.paths[path_of(command)]["post"]
        (header,) = [it for it in post["parameters"] if it["name"] == "Dry-Run"]
        assert "can't be foreseen" in header["description"]
        assert "200" in post["responses"]
