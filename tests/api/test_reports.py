"""What many cases come to, over HTTP: flows and referral memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.moments import cursor
from api.reports import Flows, Memories
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO

TO_BO = {"organisation": "pirha", "unit": "aikuissosiaalityo", "worker": "bo"}
TO_AINO = {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}
AUDITOR = Actor("outi", Role.AUDITOR)
OMBUDSMAN = Actor("sari", Role.OMBUDSMAN)
ELSEWHERE = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
MARCH = {"from": "2025-03", "to": "2025-04"}


def day(number: int) -> str:
    return f"2025-03-{number:02}T09:00:00+02:00"


def did(door: Door, case: str, what: str, body: Any, by: Actor, *, on: int) -> str:
    answer = door.post(f"/cases/{case}/{what}", body, by, Occurred_At=day(on))
    assert answer.status_code == 200, answer.text
    return str(answer.json().get("made"))


def offered(door: Door, case: str, by: Actor, to: Any, on: int) -> str:
    body = {"to": to, "reason": "asuu siellä", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"}
    return did(door, case, "propose-handoff", body, by, on=on)


def assessed(door: Door, by: Actor = AINO) -> str:
    case = door.case(by=by, Occurred_At=day(3))
    body = {
        "kind": "needs", "outcome": "service_needed", "no_view_because": "ei tavoitettu", "summary": "muutos",
        "triggers": ["change_in_life"],
    }  # fmt: skip
    did(door, case, "complete-assessment", body, by, on=3)
    return case


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give a house with four offers to the county in March, three declined and one accepted, and one back in it."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        for _ in range(3):
            case = assessed(door)
            no = {
                "handoff": offered(door, case, AINO, TO_BO, 4), "code": "not_competent", "reason": "ei meille",
                "better_place": {"organisation": "kela", "unit": "asiakaspalvelu"},
            }  # fmt: skip
            did(door, case, "decline-handoff", no, BO, on=5)
        case = assessed(door)
        did(door, case, "accept-handoff", {"handoff": offered(door, case, AINO, TO_BO, 6)}, BO, on=10)
        did(door, case, "accept-handoff", {"handoff": offered(door, case, BO, TO_AINO, 12)}, AINO, on=13)
        yield door


def flows(door: Door, reader: Actor = AUDITOR, **query: Any) -> list[Any]:
    answer = door.get("/flows", reader, params={**MARCH, **query})
    assert answer.status_code == 200, answer.text
    Flows.model_validate_json(answer.content)
    return list(answer.json()["flows"])


def memory(door: Door, by: Actor = AINO, **query: Any) -> Any:
    answer = door.get("/referral-memory", by, params={"days": 3660, **query})
    assert answer.status_code == 200, answer.text
    Memories.model_validate_json(answer.content)
    return answer.json()


# Flows.


def test_flows_are_told_both_ways(town: Door) -> None:
    there, back = flows(town)
    assert (there["month"], there["sender"], there["receiver"]) == (
        "2025-03", {"organisation": "kela", "unit": None}, {"organisation": "pirha", "unit": None},
    )  # fmt: skip
    assert there["figures"] == {
        "cases": 4, "offered": 4, "accepted": 1, "contested": 0, "withdrawn": 0, "expired": 0, "waiting": 0,
        "declined": {"not_competent": 3, "no_capacity": 0, "client_unwilling": 0, "need_more": 0, "already_ours": 0},
        "better_places": [{"organisation": "kela", "unit": None, "times": 3}],
        "misdirected": 3, "direct": 0, "returned": 0, "bounced": 0, "days_median": 4.0, "days_mean": 4.0,
    }  # fmt: skip
    assert (back["sender"]["organisation"], back["figures"]["bounced"], back["figures"]["returned"]) == ("pirha", 1, 1)


def test_flows_between_units_name_them(town: Door) -> None:
    there, back = flows(town, by="unit")
    assert there["sender"] == back["receiver"] == {"organisation": "kela", "unit": "asiakaspalvelu"}


def test_flows_at_a_past_date_have_the_answers_given_by_then(town: Door) -> None:
    (there,) = flows(town, happened_by=day(5))
    assert (there["figures"]["offered"], there["figures"]["misdirected"]) == (3, 3)
    (there,) = flows(town, happened_by=day(9))
    assert (there["figures"]["offered"], there["figures"]["waiting"]) == (4, 1)


def test_flows_of_a_past_date_reach_twelve_months_back_from_it(town: Door) -> None:
    for then, found in (("2025-03-31T12:00:00Z", 2), ("2026-02-27T12:00:00Z", 2), ("2026-03-01T12:00:00Z", 0)):
        answer = town.get("/flows", AUDITOR, params={"happened_by": then})
        assert len(answer.json()["flows"]) == found


def test_small_cells_are_hidden_from_whoever_is_of_neither_organisation(town: Door) -> None:
    for by in (ELSEWHERE, OMBUDSMAN):
        assert [(it["hidden"], it["figures"]) for it in flows(town, by)] == [(True, None)] * 2
    for by in (AINO, BO, AUDITOR):
        assert not any(it["hidden"] for it in flows(town, by))


def test_others_are_not_told_of_a_month_that_is_not_over(town: Door) -> None:
    assert flows(town, ELSEWHERE, happened_by=day(31)) == []
    assert len(flows(town, ELSEWHERE, happened_by="2025-04-01T00:00:00+03:00")) == 2
    assert len(flows(town, AINO, happened_by=day(31))) == 2


def test_flows_come_in_pages(town: Door) -> None:
    first = town.get("/flows", AUDITOR, params={**MARCH, "limit": 1}).json()
    second = town.get(first["next"], AUDITOR).json()
    assert [*first["flows"], *second["flows"]] == flows(town)
    assert (second["next"], second["behind"]) == (None, 0)


def test_flows_of_one_organisation_and_of_other_months(town: Door) -> None:
    assert len(flows(town, organisation="kela")) == 2
    assert flows(town, organisation="tampere") == []
    assert town.get("/flows", AUDITOR, params={"from": "2025-04", "to": "2025-06"}).json()["flows"] == []


# Referral memory.


def test_before_sending_a_worker_sees_where_such_cases_were_declined(town: Door) -> None:
    case = assessed(town)
    found = memory(town, case=case, to_unit="aikuissosiaalityo")
    alike = {"measured_by": "triggers", "kind": "needs", "triggers": ["change_in_life"], "codes": []}
    assert found["like"] == {"case": case} | alike
    (unit,) = found["units"]
    assert (unit["organisation"], unit["unit"], unit["own"]) == ("pirha", "aikuissosiaalityo", True)
    assert (unit["figures"]["accepted"], unit["figures"]["declined"]["not_competent"]) == (1, 3)
    assert unit["figures"]["days_median"] == 4.0
    assert found["since"].endswith(("21:00:00Z", "22:00:00Z"))


@pytest.mark.rule(7)
def test_what_was_found_in_a_case_after_it_went_on_is_not_told_to_who_had_it(own_door: Door) -> None:
    case = assessed(own_door)
    assert memory(own_door, AINO, case=case)["like"]["triggers"] == ["change_in_life"]
    did(own_door, case, "accept-handoff", {"handoff": offered(own_door, case, AINO, TO_BO, 6)}, BO, on=10)
    found = {
        "kind": "needs", "outcome": "service_needed", "no_view_because": "ei tavoitettu", "summary": "muutos",
        "triggers": ["weakest_position"],
    }  # fmt: skip
    did(own_door, case, "complete-assessment", found, BO, on=11)
    assert memory(own_door, BO, case=case)["like"]["triggers"] == ["weakest_position"]
    assert memory(own_door, AINO, case=case)["like"]["triggers"] == []
    assert kind(own_door.get("/referral-memory", ELSEWHERE, params={"case": case})) == (404, "stream-absent")


def test_it_can_be_asked_by_what_is_found_in_a_case(town: Door) -> None:
    by_trigger = memory(town, triggers=["change_in_life", "many_services"], to_organisation="pirha")
    assert [it["figures"]["cases"] for it in by_trigger["units"]] == [4]
    assert [it["figures"]["cases"] for it in memory(town, codes="not_competent")["units"]] == [3]
    assert memory(town, triggers="weakest_position")["units"] == []
    assert memory(town, kind="needs", triggers="change_in_life", days=1)["units"] == []


def test_few_cases_of_others_are_remembered_without_figures(town: Door) -> None:
    found = memory(town, ELSEWHERE, kind="needs")
    assert {(it["own"], it["hidden"], it["figures"]) for it in found["units"]} == {(False, True, None)}


def test_the_memory_comes_in_pages(town: Door) -> None:
    first = memory(town, kind="needs", limit=1)
    second = town.get(first["next"], AINO).json()
    assert [*first["units"], *second["units"]] == memory(town, kind="needs")["units"]
    assert second["next"] is None


def test_it_is_asked_by_a_case_or_by_what_is_found_in_it(town: Door) -> None:
    case = assessed(town)
    for query in ({}, {"case": case, "kind": "needs"}, {"case": case, "codes": "need_more"}):
        assert kind(town.get("/referral-memory", AINO, params=query)) == (422, "likeness-unclear")
    assert kind(town.get("/referral-memory", AINO, params={"case": str(uuid4())})) == (404, "stream-absent")


# Both.


def test_the_client_is_not_told_of_other_clients_however_many(town: Door) -> None:
    for by in (as_client(uuid4()), Actor(str(uuid4()), Role.REPRESENTATIVE), ADMINISTRATOR):
        for path in ("/flows", "/referral-memory?kind=needs"):
            assert kind(town.get(path, by)) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    "query",
    [
        "flows?by=worker",
        "flows?from=2025-13",
        "flows?from=2025-03-01",
        "flows?to=9999-01",
        "flows?happened_by=0001-01-01T00:00:00Z",
        "flows?organisation=%00",
        "flows?nonsense=1",
        "flows?limit=0",
        "referral-memory?triggers=tired",
        "referral-memory?kind=needs&days=0",
        "referral-memory?kind=needs&happened_by=2025-03-01T00:00:00Z",
    ],
)
def test_what_is_not_documented_is_refused(town: Door, query: str) -> None:
    assert kind(town.get(f"/{query}")) == (422, "request-invalid")


@pytest.mark.parametrize("after", ["!", "äö", "7", cursor("[]"), cursor('["a", "b"]'), cursor("[1, 2, 3, 4, 5]")])
def test_what_is_no_cursor_is_refused(town: Door, after: str) -> None:
    for path in ("/flows", "/referral-memory"):
        query = {"after": after, "kind": "needs"} if path == "/referral-memory" else {"after": after}
        assert kind(town.get(path, params=query)) == (400, "cursor-malformed")
    zero = cursor('["a\\u0000", "b", "c"]')
    assert kind(town.get("/referral-memory", params={"after": zero, "kind": "needs"})) == (400, "cursor-malformed")
