"""Cases found by what lies behind them: from where they were offered where, how they ended, when they were open."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.authorization import Grant
from tests.api.conftest import Door
from tests.api.test_lists import AUDITOR, OFFER, at, closing, did, listed, offered, on
from tests.town import BO


def sent_and_back(door: Door) -> tuple[str, str, str]:
    """Have a case sent to Pirkanmaa and straight back, another declined there, and one closed; return them."""
    bounced, declined, advised = (door.case(**on(day)) for day in (3, 4, 5))
    did(door, bounced, "accept-handoff", {"handoff": offered(door, bounced, **on(6))}, BO, **on(7))
    back = OFFER | {"to": {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}}
    made = did(door, bounced, "propose-handoff", back, BO, **on(8))["made"]
    did(door, bounced, "accept-handoff", {"handoff": made}, **on(9))
    no = {"handoff": offered(door, declined, **on(6)), "code": "not_competent", "reason": "ei meille"}
    did(door, declined, "decline-handoff", no, BO, **on(10))
    closing(door, advised, **on(11))
    did(door, advised, "close-case", **on(12))
    return bounced, declined, advised


def test_cases_are_listed_by_from_where_they_were_offered_where_and_what_came_of_it(own_door: Door) -> None:
    bounced, declined, _ = sent_and_back(own_door)

    def found(**wanted: Any) -> list[str]:
        return listed(own_door, AUDITOR, **wanted)

    both = sorted([bounced, declined])
    assert found(moved_from="kela", moved_to="pirha") == found(moved_from="kela/asiakaspalvelu/aino") == both
    assert found(moved_from="pirha", moved_to="kela") == found(bounced=True) == [bounced]
    assert found(moved_from="kela", bounced=True) == found(moved_from="kela", moved_to="kela") == []
    assert found(answer="accepted", moved_to="pirha/aikuissosiaalityo") == [bounced]
    assert found(answer="declined") == found(code="not_competent") == [declined]
    assert found(answer="pending") == found(code="no_capacity") == []
    assert found(moved_after="2025-03-07T00:00:00Z", moved_before="2025-03-09T00:00:00Z") == [bounced]
    assert found(moved_after="2025-03-07T00:00:00Z", moved_to="pirha") == []
    assert at(own_door, 6, AUDITOR, answer="pending") == both
    assert at(own_door, 9, AUDITOR, answer="pending", moved_to="pirha") == [declined]
    assert at(own_door, 9, AUDITOR, code="not_competent") == at(own_door, 7, AUDITOR, bounced=True) == []
    assert at(own_door, 8, AUDITOR, bounced=True) == [bounced]


def test_cases_are_listed_by_how_they_ended_and_when(own_door: Door) -> None:
    bounced, declined, advised = sent_and_back(own_door)

    def found(**wanted: Any) -> list[str]:
        return listed(own_door, AUDITOR, **wanted)

    assert found(ground="advice_sufficed") == found(initiator="service") == [advised]
    assert found(ground="goals_met") == found(initiator="client") == []
    assert found(closed_from="2025-03-12T00:00:00Z", closed_to="2025-03-13T00:00:00Z") == [advised]
    assert found(closed_to="2025-03-12T00:00:00Z") == found(closed_from="2025-03-13T00:00:00Z") == []
    assert found(opened_from="2025-03-04T00:00:00Z", opened_to="2025-03-05T00:00:00Z") == [declined]
    lasted = {"from": "2025-03-13T00:00:00Z"}
    assert found(**lasted) == sorted([bounced, declined])
    assert found(to="2025-03-04T00:00:00Z") == [bounced]
    assert found(**lasted, to="2025-03-14T00:00:00Z", moved_from="kela", answer="declined") == [declined]
    assert at(own_door, 11, AUDITOR, ground="advice_sufficed") == []
    assert at(own_door, 12, AUDITOR, ground="advice_sufficed", status="closed") == [advised]
    reopened = {"trigger": "client_returned", "words": "palasi", "arrived_at": "2025-03-20T08:00:00Z"}
    did(own_door, advised, "reopen-case", reopened, **on(20))
    assert found(ground="advice_sufficed") == found(ground="advice_sufficed", status="open") == [advised]


def test_an_auditor_finds_the_cases_that_they_were_let_see_and_no_others(own_door: Door) -> None:
    bounced, declined, _ = sent_and_back(own_door)
    token = own_door.issuer.mint(AUDITOR, grant=Grant("valvonta", cases=frozenset({UUID(declined)})))
    asked = {"headers": {"Authorization": f"Bearer {token}"}, "params": {"moved_from": "kela"}}
    assert [it["case"] for it in own_door.get("/cases", None, **asked).json()["cases"]] == [declined]
    assert listed(own_door, AUDITOR, moved_from="kela") == sorted([bounced, declined])
