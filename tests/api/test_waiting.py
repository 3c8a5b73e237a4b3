"""What waits for whom over HTTP, and the cases that a worker has asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.moments import cursor
from api.waiting import OwnAskings, Waiting
from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client, kind
from tests.api.test_lists import AUDITOR, ELSEWHERE, OFFER, TO_BO, did, offered, on, promised
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

TO_UNIT = {"organisation": "pirha", "unit": "aikuissosiaalityo"}
KAISA = Actor("kaisa", Role.MANAGER, "kela", "asiakaspalvelu")
LATER = "2099-01-01T00:00:00Z"


def waiting(door: Door, by: Actor = AINO, **wanted: Any) -> list[dict[str, Any]]:
    answer = door.get("/waiting", by, params=wanted | {"limit": 1000})
    assert answer.status_code == 200, answer.text
    Waiting.model_validate_json(answer.content)
    found: list[dict[str, Any]] = answer.json()["waiting"]
    return found


def kinds(door: Door, by: Actor = AINO, **wanted: Any) -> list[tuple[str, str]]:
    return [(it["kind"], it["case"]) for it in waiting(door, by, **wanted)]


def asked_by(door: Door, client: UUID, case: str, what: str, **headers: Any) -> str:
    return str(did(door, case, "make-request", {"kind": what, "words": "pyydän"}, as_client(client), **headers)["made"])


# What waits.


def test_what_waits_is_listed_the_longest_first_with_what_it_is_and_until_when(own_door: Door) -> None:
    client = own_door.client()
    case = own_door.case(client, **on(3))
    did(own_door, case, "promise-next-step", {"who": "worker", "what": "soitan", "by": LATER}, **on(4))
    request = asked_by(own_door, client, case, "contact", **on(5))
    objected = {"against": 1, "words": "en suostu"}
    objection = did(own_door, case, "raise-objection", objected, as_client(client), **on(6))
    asking = did(own_door, case, "request-handoff", {"reason": "tunnen hänet"}, BO, **on(7))["made"]
    handoff = offered(own_door, case, **on(8))
    aino = {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}
    rows = waiting(own_door, KAISA)
    assert [(it["kind"], it["id"], it["since"][:10]) for it in rows] == [
        ("next_step", None, "2025-03-04"), ("request", request, "2025-03-05"),
        ("objection", objection["made"], "2025-03-06"), ("handoff", handoff, "2025-03-08"),
    ]  # fmt: skip
    assert asking not in str(rows)  # it is being answered: the case is offered to whom asked
    assert {it["case"] for it in rows} == {case}
    assert [it["due"] is not None for it in rows] == [True, False, False, True]
    assert [(it["who"], it["request"]) for it in rows[:2]] == [("worker", None), (None, "contact")]
    assert [it["waits_for"] for it in rows] == [aino, aino, aino, TO_BO]
    assert all(it["responsible"] == aino for it in rows)
    assert rows[2]["version"] == objection["version"]


def test_what_was_answered_settled_or_ended_waits_no_longer(own_door: Door) -> None:
    client = own_door.client()
    case = own_door.case(client)
    promised(own_door, case, LATER)
    request = asked_by(own_door, client, case, "contact")
    asking = did(own_door, case, "request-handoff", {"reason": "tunnen hänet"}, BO)["made"]
    handoff = offered(own_door, case)
    assert [it for it, _ in kinds(own_door)] == ["next_step", "request", "handoff"]
    did(own_door, case, "withdraw-handoff", {"handoff": handoff, "reason": "ehti muuttua"})
    did(own_door, case, "answer-request", {"request": request, "outcome": "granted", "reasons": "soitin"})
    assert [it for it, _ in kinds(own_door)] == ["next_step"]
    again = did(own_door, case, "request-handoff", {"reason": "yhä"}, BO)["made"]
    assert [it["id"] for it in waiting(own_door, kind="asking")] == [again] != [asking]
    did(own_door, case, "decline-handoff-request", {"request": again, "reason": "asiakas haluaa jatkaa täällä"})
    assert [it for it, _ in kinds(own_door)] == ["next_step"]


def test_what_is_offered_to_somebody_waits_for_them_and_what_is_offered_to_their_unit_too(own_door: Door) -> None:
    mine, ours, cillas, held = (own_door.case() for _ in range(4))
    for case, to in ((mine, TO_BO), (ours, TO_UNIT), (cillas, TO_BO | {"worker": "cilla"})):
        did(own_door, case, "propose-handoff", OFFER | {"to": to})
    asked = {"waits_for": "pirha/aikuissosiaalityo/bo", "kind": "handoff"}
    assert {it for _, it in kinds(own_door, BO, **asked)} == {mine, ours}
    assert {it for _, it in kinds(own_door, BO, waits_for="pirha/aikuissosiaalityo")} == {mine, ours, cillas}
    assert kinds(own_door, BO, waits_for="kela") == []
    assert {it for _, it in kinds(own_door, worker="aino", kind="handoff")} == {mine, ours, cillas}
    assert kinds(own_door, organisation="kela", waits_for="kela/asiakaspalvelu/aino") == []
    promised(own_door, held, LATER)
    assert kinds(own_door, waits_for="kela/asiakaspalvelu/aino") == [("next_step", held)]
    assert {it for _, it in kinds(own_door, organisation="kela", waits_for="pirha")} == {mine, ours, cillas}


def test_a_transfer_waits_for_whom_it_is_sent_to(own_door: Door) -> None:
    case = own_door.case()
    sent = {"to": TO_UNIT, "reason": "ei meille"}
    transfer = did(own_door, case, "transfer-matter", sent)["made"]
    (row,) = waiting(own_door, BO)
    assert (row["kind"], row["id"], row["due"]) == ("transfer", transfer, None)
    assert row["waits_for"] == TO_UNIT | {"worker": None}


def test_a_case_without_a_worker_waits_for_one_to_be_named(own_door: Door) -> None:
    case = own_door.case()
    handoff = did(own_door, case, "propose-handoff", OFFER | {"to": TO_UNIT})["made"]
    did(own_door, case, "accept-handoff", {"handoff": handoff, "for_unit": True}, CILLA)
    (row,) = waiting(own_door, CILLA, unit="pirha/aikuissosiaalityo")
    assert (row["kind"], row["case"], row["due"] > row["since"]) == ("naming", case, True)
    assert row["waits_for"] == TO_UNIT | {"worker": None}
    named = {"holder": TO_BO, "reason": "Bolla on tilaa"}
    did(own_door, case, "name-responsible", named, CILLA)
    assert waiting(own_door, CILLA) == []


@pytest.mark.rule(13)
def test_a_rule_that_was_set_aside_waits_for_another_managers_review(own_door: Door) -> None:
    case = own_door.case()
    soon = (datetime.now(UTC) + timedelta(days=14)).isoformat()
    offer = OFFER | {"disclosure_basis": None, "override": [{"rule": 7, "reason": "kiire", "review_by": soon}]}
    made = did(own_door, case, "propose-handoff", offer, KAISA)
    (row,) = waiting(own_door, kind="override_review")
    review = {"override": row["id"], "outcome": "upheld"}
    assert (row["case"], datetime.fromisoformat(row["due"])) == (case, datetime.fromisoformat(soon))
    assert (row["version"] < made["version"], row["waits_for"]["unit"]) == (True, "asiakaspalvelu")
    assert kind(own_door.post(f"/cases/{case}/review-override", review, KAISA)) == (403, "own-override")
    did(own_door, case, "review-override", review, Actor("kyllikki", Role.MANAGER, "kela", "asiakaspalvelu"))
    assert waiting(own_door, kind="override_review") == []


def test_what_waits_is_sought_by_kind_request_and_day(own_door: Door) -> None:
    client = own_door.client()
    case, other = own_door.case(client), own_door.case(client)
    asked_by(own_door, client, case, "contact")
    asked_by(own_door, client, other, "meeting")
    promised(own_door, case, LATER)
    assert kinds(own_door, request="contact") == [("request", case)]
    assert sorted(kinds(own_door, kind=["request", "objection"])) == sorted([("request", case), ("request", other)])
    assert kinds(own_door, due_by=LATER) == [("next_step", case)]
    assert kinds(own_door, due_by="2098-12-31T23:59:59Z") == kinds(own_door, kind="objection") == []


def test_what_waits_comes_in_pages(own_door: Door) -> None:
    client = own_door.client()
    cases = [own_door.case(client, **on(3)) for _ in range(3)]
    for case in cases:
        for what in ("contact", "meeting"):
            asked_by(own_door, client, case, what, **on(4))
    found, following = [], "/waiting?limit=4"
    while following:
        page = own_door.get(following).json()
        assert (len(page["waiting"]) <= 4, page["behind"]) == (True, 0)
        found += page["waiting"]
        following = page["next"]
    assert found == waiting(own_door)
    assert [it["case"] for it in found] == sorted(2 * cases)


# Who may.


@pytest.mark.rule(7)
def test_what_waits_in_the_cases_of_others_is_in_nobodys_list(own_door: Door) -> None:
    client = own_door.client()
    case = own_door.case(client)
    promised(own_door, case, LATER)
    assert waiting(own_door, BO) == waiting(own_door, ELSEWHERE) == []
    handoff = offered(own_door, case)
    assert len(waiting(own_door, BO)) == len(waiting(own_door)) == len(waiting(own_door, AUDITOR)) == 2
    did(own_door, case, "decline-handoff", {"handoff": handoff, "code": "no_capacity", "reason": "täynnä"}, BO)
    assert waiting(own_door, BO) == []
    for by in (as_client(client), ADMINISTRATOR, Actor(str(uuid4()), Role.REPRESENTATIVE)):
        assert kind(own_door.get("/waiting", by)) == (403, "role-not-allowed")


def test_what_goes_past_a_worker_is_in_no_list_of_theirs(own_door: Door) -> None:
    client = own_door.client()
    case = own_door.case(client)
    asked_by(own_door, client, case, "other_worker")
    asked_by(own_door, client, case, "contact")
    did(own_door, case, "raise-objection", {"against": 1, "words": "en suostu"}, as_client(client))
    assert [(it["kind"], it["request"]) for it in waiting(own_door)] == [("request", "contact")]
    assert [it["request"] for it in waiting(own_door, KAISA)] == ["other_worker", "contact", None]


@pytest.mark.rule(23)
def test_who_looked_at_what_waits_is_written_down(own_door: Door) -> None:
    client = own_door.client()
    case = own_door.case(client)
    promised(own_door, case, LATER)
    waiting(own_door)
    (read, *_) = own_door.get(f"/cases/{case}/reads", as_client(client)).json()["reads"]
    assert (read["who"], read["what"]) == ("aino", "ListWaiting")


@pytest.mark.parametrize(
    "query",
    ["kind=anything", "request=money", "due_by=soon", "limit=0", "waits_for=", "worker=%00", "nonsense=1",
     "happened_by=2025-03-03T09:00:00Z"],
)  # fmt: skip
def test_what_cannot_wait_is_not_asked_for(door: Door, query: str) -> None:
    assert kind(door.get(f"/waiting?{query}")) == (422, "request-invalid")


@pytest.mark.parametrize(
    "after",
    [
        "x",
        cursor('["2025-03-03T09:00:00", "00000000-0000-0000-0000-000000000000", 1]'),
        cursor('["2025-03-03T09:00:00Z", "00000000-0000-0000-0000-000000000000", -1]'),
    ],
)
def test_a_cursor_of_another_list_is_refused(door: Door, after: str) -> None:
    for path in ("/waiting", "/askings"):
        assert kind(door.get(path, params={"after": after})) == (400, "cursor-malformed")


# One's own requests.


def askings(door: Door, by: Actor = BO, **wanted: Any) -> list[dict[str, Any]]:
    answer = door.get("/askings", by, params=wanted)
    assert answer.status_code == 200, answer.text
    OwnAskings.model_validate_json(answer.content)
    found: list[dict[str, Any]] = answer.json()["askings"]
    return found


def wish(door: Door, case: str, by: Actor = BO, **headers: Any) -> str:
    return str(did(door, case, "request-handoff", {"reason": "tunnen asiakkaan"}, by, **headers)["made"])


def test_a_worker_is_told_what_came_of_their_requests_and_no_more_of_the_cases(own_door: Door) -> None:
    waits, no, yes = (own_door.case(**on(3)) for _ in range(3))
    first, second, third = (wish(own_door, it, **on(4 + day)) for day, it in enumerate((waits, no, yes)))
    did(own_door, no, "decline-handoff-request", {"request": second, "reason": "asiakas jatkaa täällä"}, **on(7))
    offered(own_door, yes, **on(8))
    assert [(it["case"], it["id"], it["outcome"]) for it in askings(own_door)] == [
        (waits, first, "pending"), (no, second, "declined"), (yes, third, "offered"),
    ]  # fmt: skip
    assert [it["case"] for it in askings(own_door, outcome="pending")] == [waits]
    (_, row, _) = askings(own_door)
    assert (row["by"], row["answered_at"][:10]) == (TO_BO, "2025-03-07")
    assert "aino" not in str(askings(own_door))
    assert own_door.get(f"/cases/{no}", BO).status_code == 404
    assert askings(own_door, CILLA) == askings(own_door, AINO) == []


def test_who_answers_for_the_case_reads_who_asked_and_why(own_door: Door) -> None:
    case = own_door.case()
    request = wish(own_door, case)
    (row,) = own_door.get(f"/cases/{case}/askings").json()["rows"]
    assert (row["id"], row["by"], row["reason"], row["outcome"]) == (request, TO_BO, "tunnen asiakkaan", "pending")


def test_ones_requests_come_in_pages_the_oldest_first(own_door: Door) -> None:
    cases = [own_door.case(**on(3)) for _ in range(5)]
    for case in cases:
        wish(own_door, case, **on(4))
    found, following = [], "/askings?limit=2"
    while following:
        page = own_door.get(following, BO).json()
        found += [it["case"] for it in page["askings"]]
        following = page["next"]
    assert found == sorted(cases)


def test_only_those_who_may_ask_for_a_case_have_asked_for_one(own_door: Door) -> None:
    client = own_door.client()
    for by in (as_client(client), AUDITOR, ADMINISTRATOR):
        assert kind(own_door.get("/askings", by)) == (403, "role-not-allowed")


@pytest.mark.rule(23)
def test_that_one_asked_after_ones_request_is_written_down(own_door: Door) -> None:
    client = own_door.client()
    case = own_door.case(client)
    wish(own_door, case)
    askings(own_door)
    (read, *_) = own_door.get(f"/cases/{case}/reads", as_client(client)).json()["reads"]
    assert (read["who"], read["what"], read["relation"]) == ("bo", "ListAskings", None)
