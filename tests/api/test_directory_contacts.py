"""How organisations, units and workers are reached, over HTTP: to choose whom to offer a case, and to call them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.protected import PROTECTED
from domain.decider import Actor, Role
from domain.directory import organisation_stream, unit_stream, worker_stream
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

OFFICE = {"first": "mon", "last": "fri", "opens": "09:00", "closes": "15:00"}
SHELTER = Actor("sanna77", Role.WORKER, "pirha", "u4711")
KEEPER = Actor("pirjo", Role.ADMINISTRATOR, "pirha")
AUDITOR = Actor("auri", Role.AUDITOR)


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give a door to a town whose directory tells how everybody is reached, Aino apart."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        shelter = {"organisation": "pirha", "unit": "u4711"}
        sent(door, "/units", shelter | {"name": "Nokian turvakoti", "locality": "Nokia"})
        sent(door, "/workers", shelter | {"worker": SHELTER.id, "profession": "family_worker"})
        sent(door, f"/organisations/{organisation_stream('pirha')}/set-switchboard", {"telephone": "03 000 0020"})
        for unit, number in (("aikuissosiaalityo", "03 000 0021"), ("u4711", "03 000 4711")):
            sent(door, f"/units/{unit_stream('pirha', unit)}/set-unit-contact", {
                "telephone": number, "hours": [OFFICE], "electronic": f"{unit}@pirha.example",
                "visiting": "Esimerkkikatu 1",
            })  # fmt: skip
        for worker, body in (
            ("bo", {"name": "Bo Lindqvist", "telephone": "03 000 0099"}), ("cilla", {"name": "Cilla Öhman"}),
            ("sanna77", {"name": "Sanna T."}),
        ):  # fmt: skip
            sent(door, f"/workers/{worker_stream('pirha', worker)}/set-worker-contact", body)
        yield door


def sent(door: Door, path: str, body: Any, by: Actor = ADMINISTRATOR) -> None:
    answer = door.post(path, body, by)
    assert answer.is_success, answer.text


def closed(door: Door, case: str) -> None:
    """Close a case in which advice was enough."""
    enough = {"kind": "screening", "outcome": "advice_suffices", "no_view_because": "puhelimessa"}
    sent(door, f"/cases/{case}/complete-assessment", enough, BO)
    sent(door, f"/cases/{case}/propose-closure", {"ground": "advice_sufficed", "no_view_because": "riitti"}, BO)
    sent(door, f"/cases/{case}/close-case", {}, BO)


def listed(door: Door, query: str = "", by: Actor = AINO) -> list[tuple[str, str | None]]:
    """Return the units and workers that are listed, by page after page."""
    found: list[tuple[str, str | None]] = []
    path: str | None = f"/directory?{query}"
    while path:
        page = door.get(path, by).json()
        found += [(it["unit"], it["worker"]) for it in page["places"]]
        path = page["next"]
    return found


# The directory


def test_the_directory_lists_each_unit_before_its_workers_by_their_names(town: Door) -> None:
    whole = [
        ("asiakaspalvelu", None), ("asiakaspalvelu", "aino"), ("u4711", None), ("u4711", "sanna77"),
        ("aikuissosiaalityo", None), ("aikuissosiaalityo", "bo"), ("aikuissosiaalityo", "cilla"),
    ]  # fmt: skip
    assert listed(town) == whole
    assert listed(town, "limit=2") == whole
    assert listed(town, "organisation=pirha&limit=3") == whole[2:]
    assert listed(town, "unit=pirha/u4711") == whole[2:4]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("lindq", [("aikuissosiaalityo", "bo")]), ("ÖHMAN", [("aikuissosiaalityo", "cilla")]),
        ("nokian sanna", [("u4711", "sanna77")]), ("turvakoti", [("u4711", None), ("u4711", "sanna77")]),
        ("kela", [("asiakaspalvelu", None), ("asiakaspalvelu", "aino")]), ("nobody", []), ("100%", []), ("_", []),
    ],
)  # fmt: skip
def test_it_is_searched_by_names_and_ids(town: Door, q: str, found: list[tuple[str, str | None]]) -> None:
    assert listed(town, f"q={q.replace('%', '%25')}") == found


def test_it_tells_how_each_is_reached(town: Door) -> None:
    unit, bo, cilla = town.get("/directory?unit=pirha/aikuissosiaalityo").json()["places"]
    assert (bo["worker_name"], bo["telephone"], bo["hours"]) == ("Bo Lindqvist", "03 000 0099", [OFFICE])
    assert (cilla["worker_name"], cilla["telephone"]) == ("Cilla Öhman", "03 000 0021")
    assert (unit["worker"], unit["electronic"], unit["visiting"], unit["switchboard"]) == (
        None, "aikuissosiaalityo@pirha.example", "Esimerkkikatu 1", "03 000 0020",
    )  # fmt: skip
    kela, aino = town.get("/directory?organisation=kela").json()["places"]
    assert (kela["telephone"], kela["hours"], aino["worker_name"]) == (None, [], "aino")


def test_whoever_knows_holders_by_their_ids_is_told_their_names_also_of_those_who_left(town: Door) -> None:
    gone = Actor("lari", Role.WORKER, "pirha", "u4711")
    sent(town, "/workers", {"organisation": "pirha", "unit": "u4711", "worker": gone.id, "profession": "family_worker"})
    sent(town, f"/workers/{worker_stream('pirha', gone.id)}/set-worker-contact", {"name": "Lari L."})
    sent(town, f"/workers/{worker_stream('pirha', gone.id)}/announce-leaving", {})
    sent(town, f"/workers/{worker_stream('pirha', gone.id)}/depart-worker", {})
    asked = ["pirha/aikuissosiaalityo/bo", "pirha/u4711", "pirha/u4711/lari", "ei/ole/ketaan"]
    found = town.get("/directory/names?" + "&".join(f"holder={it}" for it in asked)).json()["names"]
    assert [(it["unit_name"], it["worker_name"]) for it in found] == [
        ("aikuissosiaalityo", "Bo Lindqvist"), ("Nokian turvakoti", None), ("Nokian turvakoti", "Lari L."),
        (None, None),
    ]  # fmt: skip
    assert [it["worker"] for it in found] == ["bo", None, "lari", "ketaan"]
    assert town.get("/directory/names").json() == {"names": []}
    for wrong in ("pirha", "a/b/c/d", "/b"):
        assert town.get(f"/directory/names?holder={wrong}").status_code == 422


def test_whoever_chooses_somebody_reads_it_and_only_those_at_work_where_units_are(town: Door) -> None:
    client, father = as_client(town.client()), Actor(str(uuid4()), Role.REPRESENTATIVE)
    for by in (AINO, CILLA, AUDITOR, KEEPER, client, father):
        told = town.get("/directory?unit=pirha/u4711", by).json()["places"][0]
        where = (None, None) if by in {client, father} else ("Nokia", "Esimerkkikatu 1")
        assert (told["locality"], told["visiting"]) == where
    assert kind(town.get("/directory", Actor("robotti", Role.SYSTEM))) == (403, "role-not-allowed")


def test_who_leaves_and_what_is_closed_is_marked_and_who_has_left_is_listed_no_more(own_door: Door) -> None:
    bo = worker_stream("pirha", "bo")
    sent(own_door, f"/workers/{bo}/announce-leaving", {})
    sent(own_door, f"/units/{unit_stream('pirha', 'aikuissosiaalityo')}/close-unit", {})
    unit, leaver, _ = own_door.get("/directory?organisation=pirha").json()["places"]
    assert unit["closed_at"]
    assert leaver["worker"] == "bo"
    assert leaver["leaving_at"]
    sent(own_door, f"/workers/{bo}/depart-worker", {})
    assert listed(own_door, "organisation=pirha") == [("aikuissosiaalityo", None), ("aikuissosiaalityo", "cilla")]


@pytest.mark.parametrize("after", ["x", "WyJhIl0", "WyJcdTAwMDAiLCIiLCIiLCIiLCIiLCIiXQ"])
def test_a_cursor_of_nobodys_is_refused(town: Door, after: str) -> None:
    assert kind(town.get(f"/directory?after={after}")) == (400, "cursor-malformed")


# Who answers for a case, and how to reach them


def test_whoever_reads_a_case_is_told_who_answers_how_to_reach_them_and_what_is_promised(town: Door) -> None:
    client = town.client()
    case = town.case(client, BO)
    due = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    town.post(f"/cases/{case}/promise-next-step", {"who": "worker", "what": "soitan huomenna", "by": due}, BO)
    for by in (as_client(client), BO, CILLA):
        told = town.get(f"/cases/{case}/reach", by).json()
        assert told["responsible"] == told["owner"] == {
            "organisation": "pirha", "organisation_name": "pirha", "switchboard": "03 000 0020",
            "unit": "aikuissosiaalityo", "unit_name": "aikuissosiaalityo", "worker": "bo",
            "worker_name": "Bo Lindqvist", "telephone": "03 000 0099", "hours": [OFFICE],
            "electronic": "aikuissosiaalityo@pirha.example", "visiting": "Esimerkkikatu 1",
        }  # fmt: skip
        assert told["next_step"]["what"] == "soitan huomenna"
    assert kind(town.get(f"/cases/{case}/reach", AINO)) == (404, "stream-absent")


def test_a_client_who_owns_the_case_is_told_who_stands_behind_them(town: Door) -> None:
    client = town.client()
    case = town.case(client, AINO)
    assert town.post(f"/cases/{case}/take-ownership", {"words": "hoidan itse"}, as_client(client)).is_success
    told = town.get(f"/cases/{case}/reach", as_client(client)).json()
    assert (told["owned_by"], told["owner"], told["next_step"]) == ("client", None, None)
    assert (told["responsible"]["worker_name"], told["responsible"]["telephone"]) == ("aino", None)


def test_of_a_closed_case_it_is_told_who_answered_last(town: Door) -> None:
    client = town.client()
    case = town.case(client, BO)
    closed(town, case)
    told = town.get(f"/cases/{case}/reach", as_client(client)).json()
    assert (told["status"], told["owned_by"], told["owner"]) == ("closed", None, None)
    assert told["responsible"]["worker_name"] == "Bo Lindqvist"


@pytest.mark.rule(22)
def test_under_address_protection_who_does_not_need_the_place_is_told_the_switchboard(town: Door) -> None:
    client = town.client()
    case, father = town.case(client, BO), Actor(str(uuid4()), Role.REPRESENTATIVE)
    sent(town, f"/clients/{client}/name-representative", {"representative": father.id, "kind": "custodian"}, BO)
    until = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    sent(town, f"/clients/{client}/protect-address", {"until": until}, BO)
    offer = {"to": vars(holder(SHELTER)), "reason": "turva", "no_view_because": "ei tavattu"}
    made = town.post(f"/cases/{case}/propose-handoff", offer, BO).json()["made"]
    sent(town, f"/cases/{case}/accept-handoff", {"handoff": made}, SHELTER)
    told = town.get(f"/cases/{case}/reach", father)
    assert not [
        it for it in ("okia", "turvakoti", "u4711", "anna", "4711", "Esimerkkikatu", "15:00") if it in told.text
    ]
    assert told.json()["responsible"] == {
        "organisation": "pirha", "organisation_name": "pirha", "switchboard": "03 000 0020",
        "unit": PROTECTED, "unit_name": PROTECTED, "worker": PROTECTED, "worker_name": PROTECTED,
        "telephone": PROTECTED, "hours": [], "electronic": PROTECTED, "visiting": PROTECTED,
    }  # fmt: skip
    whole = town.get(f"/cases/{case}/reach", as_client(UUID(str(client)))).json()["responsible"]
    assert (whole["unit_name"], whole["worker_name"], whole["telephone"]) == (
        "Nokian turvakoti", "Sanna T.", "03 000 4711",
    )  # fmt: skip
