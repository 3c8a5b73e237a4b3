"""Who may act over HTTP: each in their role and in what they have a part in, and nobody else learns of it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client, kind, nothing_written
from tests.town import ADMINISTRATOR, BO, CILLA, holder

OFFER = {
    "to": vars(holder(BO)), "reason": "asuu siellä", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"
}  # fmt: skip


def test_a_role_does_what_is_its_own_and_nothing_else(door: Door) -> None:
    case = door.case()
    for by in (Actor("a", Role.AUDITOR), Actor("o", Role.OMBUDSMAN), ADMINISTRATOR, Actor("s", Role.SYSTEM)):
        with nothing_written(door):
            answer = door.say(case, "hei", by)
        assert kind(answer) == (403, "role-not-allowed")
        assert answer.json()["details"]["role"] == by.role
        assert "worker" in answer.json()["details"]["allowed"]


def test_a_client_acts_in_their_own_case_and_finds_no_other(door: Door) -> None:
    client, other = door.client(), door.client()
    case, others = door.case(client), door.case(other)
    assert door.say(case, "minun sanani", as_client(client)).status_code == 200
    assert door.get(f"/cases/{case}/history").json()["events"][1]["context"]["who"] == "client"
    with nothing_written(door):
        refused = door.say(others, "minun sanani", as_client(client))
        unknown = door.say(str(uuid4()), "minun sanani", as_client(client))
    assert kind(refused) == kind(unknown) == (404, "stream-absent")
    assert refused.json() == unknown.json()


def test_a_representative_acts_by_mandate(door: Door) -> None:
    client, person = door.client(), uuid4()
    case, guardian = door.case(client), Actor(str(person), Role.REPRESENTATIVE)
    with nothing_written(door):
        assert kind(door.say(case, "hei", guardian)) == (404, "stream-absent")
    door.post(f"/clients/{client}/name-representative", {"representative": str(person), "kind": "guardian"})
    assert door.say(case, "hei", guardian).status_code == 200


@pytest.mark.rule(7)
def test_who_has_no_part_in_a_case_can_do_nothing_in_it_and_learns_not_that_it_is_there(door: Door) -> None:
    case, unknown = door.case(), str(uuid4())
    for by in (BO, CILLA):
        with nothing_written(door):
            refused, absent = (door.say(it, "hei", by) for it in (case, unknown))
        assert kind(refused) == (404, "stream-absent")
        assert refused.content == absent.content


@pytest.mark.rule(7)
def test_who_may_read_a_case_and_not_act_in_it_is_told_so(door: Door) -> None:
    case = door.case()
    assert door.post(f"/cases/{case}/propose-handoff", OFFER).status_code == 200
    with nothing_written(door):
        answer = door.say(case, "hei", BO)
    assert kind(answer) == (403, "not-in-the-case")
    assert answer.json()["rule"] == 7
    assert answer.json()["details"]["relations"] == ["offered"]


@pytest.mark.rule(7)
def test_who_had_a_case_writes_down_late_what_happened_in_their_time_and_nothing_else(door: Door) -> None:
    case = door.case(Occurred_At="2025-03-03T09:00:00Z")
    offered = door.post(f"/cases/{case}/propose-handoff", OFFER, Occurred_At="2025-03-04T09:00:00Z").json()["made"]
    taken = door.post(f"/cases/{case}/accept-handoff", {"handoff": offered}, BO, Occurred_At="2025-03-10T09:00:00Z")
    assert taken.status_code == 200
    assert door.say(case, "ehdin sanoa", Occurred_At="2025-03-05T09:00:00Z").status_code == 200
    with nothing_written(door):
        for at in ("2025-03-10T09:00:00Z", "2025-03-11T09:00:00Z"):
            assert kind(door.say(case, "hei", Occurred_At=at)) == (403, "not-in-the-case")


@pytest.mark.rule(7)
def test_who_has_no_part_in_any_case_of_a_client_finds_no_such_client(door: Door) -> None:
    client, protected = door.client(), {"until": "2099-01-01T00:00:00Z"}
    with nothing_written(door):
        assert kind(door.post(f"/clients/{client}/protect-address", protected, BO)) == (404, "stream-absent")
    door.case(client, BO)
    assert door.post(f"/clients/{client}/protect-address", protected, BO).status_code == 200
