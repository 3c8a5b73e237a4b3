"""What is on hand, over HTTP: of a worker, a unit, an organisation; and who the workers and the units are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.caseload import Caseload, UnitTold, WorkerTold
from domain.authorization import Grant
from domain.decider import Actor, Role
from domain.directory import unit_stream, worker_stream
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

AUDITOR = Actor("outi", Role.AUDITOR)
TO_BO = {"organisation": "pirha", "unit": "aikuissosiaalityo", "worker": "bo"}
OFFER = {"to": TO_BO, "reason": "asuu siellä", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"}
NOTHING = {"held": 0, "without_worker": 0, "offered": 0, "waiting": 0, "due": 0, "overdue": 0, "closing": 0}


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give a house in which Aino has two cases, one offered to Bo, who has one over the limit of his unit."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        door.case(Occurred_At="2025-03-03T09:00:00Z")
        offered = door.case(Occurred_At="2025-03-04T09:00:00Z")
        assert door.post(f"/cases/{offered}/propose-handoff", OFFER).status_code == 200
        door.case(by=BO)
        limit = f"/units/{unit_stream('pirha', 'aikuissosiaalityo')}/set-caseload-limit"
        assert door.post(limit, {"limit": 0}, CILLA).status_code == 200
        yield door


def caseload(door: Door, by: Actor = AINO, **wanted: Any) -> Any:
    answer = door.get("/caseload", by, params=wanted)
    assert answer.status_code == 200, answer.text
    Caseload.model_validate_json(answer.content)
    return answer.json()


def test_an_organisation_is_told_by_unit(town: Door) -> None:
    told = caseload(town)
    assert (told["organisation"], told["unit"], told["worker"], told["behind"]) == ("kela", None, None, 0)
    assert told["figures"] == NOTHING | {"held": 2, "waiting": 1}
    assert told["units"] == [{"unit": "asiakaspalvelu", "figures": told["figures"], "over": 0}]
    assert told["holders"] == []


def test_a_unit_is_told_by_worker_against_the_ceiling(town: Door) -> None:
    told = caseload(town, AUDITOR, unit="pirha/aikuissosiaalityo")
    assert told["units"] == [
        {"unit": "aikuissosiaalityo", "figures": NOTHING | {"held": 1, "offered": 1}, "over": 1}
    ]  # fmt: skip
    bo, cilla = told["holders"]
    assert (bo["worker"], bo["figures"], bo["ceiling"], bo["over"]) == ("bo", told["figures"], 0, 1)
    assert (cilla["worker"], cilla["figures"], cilla["over"]) == ("cilla", NOTHING, 0)


def test_a_worker_is_told_alone(town: Door) -> None:
    told = caseload(town, organisation="kela", worker="aino")
    assert [(it["unit"], it["figures"]["held"]) for it in told["holders"]] == [("asiakaspalvelu", 2)]


def test_a_caseload_is_of_any_day(town: Door) -> None:
    day = "2025-03-03T12:00:00Z"
    told = caseload(town, happened_by=day)
    assert (told["figures"]["held"], told["figures"]["waiting"], told["at"]) == (1, 0, day)
    assert caseload(town, happened_by="2025-03-01T12:00:00Z")["figures"] == NOTHING


def test_whose_it_is_has_to_be_said_by_one_who_is_of_no_organisation(town: Door) -> None:
    assert kind(town.get("/caseload", AUDITOR)) == (422, "organisation-not-named")
    assert kind(town.get("/caseload?unit=asiakaspalvelu", AUDITOR)) == (422, "unit-without-organisation")


def test_a_worker_is_told_with_their_units_and_what_they_have_on_hand(town: Door) -> None:
    answer = town.get("/workers/kela/aino")
    WorkerTold.model_validate_json(answer.content)
    told = answer.json()
    assert [(it["unit"], it["profession"]) for it in told["units"]] == [("asiakaspalvelu", "social_worker")]
    assert (told["leaving_at"], told["departed_at"]) == (None, None)
    assert [it["figures"]["held"] for it in told["caseload"]] == [2]
    assert kind(town.get("/workers/kela/nobody")) == (404, "stream-absent")


def test_a_unit_is_told_with_its_limit_and_what_it_has_on_hand(town: Door) -> None:
    answer = town.get("/units/pirha/aikuissosiaalityo", CILLA)
    UnitTold.model_validate_json(answer.content)
    told = answer.json()
    assert (told["name"], told["locality"], told["caseload_limit"], told["closed_at"]) == (
        "aikuissosiaalityo", None, 0, None,
    )  # fmt: skip
    assert [(it["worker"], it["ceiling"], it["over"]) for it in told["caseload"]] == [("bo", 0, 1), ("cilla", 0, 0)]
    assert kind(town.get("/units/pirha/nowhere")) == (404, "stream-absent")


@pytest.mark.rule(7)
def test_what_an_organisation_has_on_hand_is_told_to_its_own_staff_alone(town: Door) -> None:
    for query in ("organisation=pirha", "unit=pirha/aikuissosiaalityo", "organisation=pirha&worker=bo"):
        assert kind(town.get(f"/caseload?{query}", AINO)) == (403, "caseload-of-anothers")
    for by in (AINO, ADMINISTRATOR):
        for path in ("/workers/pirha/bo", "/units/pirha/aikuissosiaalityo"):
            assert town.get(path, by).json()["caseload"] == []


@pytest.mark.rule(7)
def test_cases_of_others_change_no_figure(own_door: Door) -> None:
    before = caseload(own_door, BO, unit="pirha/aikuissosiaalityo")
    case = own_door.case()
    assert caseload(own_door, BO, unit="pirha/aikuissosiaalityo")["figures"] == before["figures"] == NOTHING
    assert own_door.post(f"/cases/{case}/propose-handoff", OFFER).status_code == 200
    offered = caseload(own_door, BO, unit="pirha/aikuissosiaalityo")["figures"]
    assert offered == own_door.get("/units/pirha/aikuissosiaalityo", BO).json()["caseload"][0]["figures"]
    assert offered == NOTHING | {"offered": 1}


def test_a_past_day_counts_what_has_gone_on_since(own_door: Door) -> None:
    case = own_door.case(Occurred_At="2025-03-03T09:00:00Z")
    offer = own_door.post(f"/cases/{case}/propose-handoff", OFFER, Occurred_At="2025-03-04T09:00:00Z").json()["made"]
    assert own_door.post(f"/cases/{case}/accept-handoff", {"handoff": offer}, BO).status_code == 200
    step = {"who": "worker", "what": "soitan", "by": "2099-01-01T00:00:00Z"}
    assert own_door.post(f"/cases/{case}/promise-next-step", step, BO).status_code == 200
    assert caseload(own_door)["figures"] == NOTHING
    assert caseload(own_door, happened_by="2025-03-03T12:00:00Z")["figures"] == NOTHING | {"held": 1}


@pytest.mark.rule(7)
def test_an_auditor_counts_the_cases_that_they_were_let_see(own_door: Door) -> None:
    seen, _ = UUID(own_door.case()), own_door.case()
    token = own_door.issuer.mint(AUDITOR, grant=Grant("oikaisuvaatimus", cases=frozenset({seen})))

    def told(path: str) -> Any:
        return own_door.get(path, None, headers={"Authorization": f"Bearer {token}"}).json()

    assert told("/caseload?organisation=kela")["figures"]["held"] == 1
    for path in ("/workers/kela/aino", "/units/kela/asiakaspalvelu"):
        assert [it["figures"]["held"] for it in told(path)["caseload"]] == [1]


def test_one_who_is_leaving_is_told_so(own_door: Door) -> None:
    leaving = f"/workers/{worker_stream('pirha', 'bo')}/announce-leaving"
    assert own_door.post(leaving, {}, ADMINISTRATOR).status_code == 200
    assert own_door.get("/workers/pirha/bo").json()["leaving_at"] is not None


def test_it_is_for_those_who_work_with_cases(town: Door) -> None:
    for path in ("/caseload", "/workers/kela/aino", "/units/kela/asiakaspalvelu"):
        for by in (as_client(uuid4()), Actor(str(uuid4()), Role.REPRESENTATIVE), Actor("s", Role.SYSTEM)):
            assert kind(town.get(path, by)) == (403, "role-not-allowed")
    assert kind(town.get("/caseload", ADMINISTRATOR)) == (403, "role-not-allowed")


@pytest.mark.parametrize("path", ["/caseload?organisation=%00", "/caseload?nonsense=1", "/workers/kela/%00"])
def test_what_is_not_documented_is_refused(town: Door, path: str) -> None:
    assert kind(town.get(path)) == (422, "request-invalid")
