"""Lists of cases over HTTP: by who owns them and answers for them, by what waits, is due and stands, now and then."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from api.lists import Listing, OwnCases
from api.moments import cursor
from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client, kind
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

AUDITOR = Actor("outi", Role.AUDITOR)
ELSEWHERE = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
TO_BO = {"organisation": "pirha", "unit": "aikuissosiaalityo", "worker": "bo"}
OFFER = {"to": TO_BO, "reason": "asuu siellä", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"}
ADVICE = {"kind": "screening", "outcome": "advice_suffices", "no_view_because": "ei tavoitettu"}
ADVISED = {"ground": "advice_sufficed", "no_view_because": "neuvonta riitti"}
SORTS = ("case", "first_contact", "opened", "due", "held_since")


def did(door: Door, case: str, what: str, body: Any = None, by: Actor = AINO, **headers: Any) -> Any:
    answer = door.post(f"/cases/{case}/{what}", body, by, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def on(day: int) -> dict[str, Any]:
    return {"Occurred_At": f"2025-03-{day:02}T09:00:00Z"}


def offered(door: Door, case: str, **headers: Any) -> str:
    return str(did(door, case, "propose-handoff", OFFER, **headers)["made"])


def closing(door: Door, case: str, by: Actor = AINO, **headers: Any) -> None:
    did(door, case, "complete-assessment", ADVICE, by, **headers)
    did(door, case, "propose-closure", ADVISED, by, **headers)


def promised(door: Door, case: str, due: str, by: Actor = AINO) -> None:
    did(door, case, "promise-next-step", {"who": "worker", "what": "soitan", "by": due}, by)


def listed(door: Door, by: Actor = AINO, **wanted: Any) -> list[str]:
    answer = door.get("/cases", by, params=wanted | {"limit": 1000})
    assert answer.status_code == 200, answer.text
    Listing.model_validate_json(answer.content)
    return [it["case"] for it in answer.json()["cases"]]


def at(door: Door, day: int, by: Actor = AINO, **wanted: Any) -> list[str]:
    return listed(door, by, happened_by=f"2025-03-{day:02}T12:00:00Z", **wanted)


def in_pages(door: Door, path: str, by: Actor = AINO) -> list[str]:
    found, following = [], path
    while following:
        page = door.get(following, by).json()
        assert (len(page["cases"]) <= 3, page["behind"]) == (True, 0)
        found += [it["case"] for it in page["cases"]]
        following = page["next"]
    return found


# By what.


def test_cases_are_listed_by_who_answers_for_them_and_who_owns_them(own_door: Door) -> None:
    client = own_door.client()
    aino, bo, closed = own_door.case(client), own_door.case(by=BO), own_door.case()
    did(own_door, aino, "take-ownership", by=as_client(client))
    closing(own_door, closed)
    did(own_door, closed, "close-case")

    def found(**wanted: Any) -> list[str]:
        return listed(own_door, AUDITOR, **wanted)

    assert found() == sorted([aino, bo, closed])
    assert found(status="open") == sorted([aino, bo])
    assert found(status="closed") == [closed]
    assert found(owner="client") == [aino]
    assert found(owner="responsible") == found(owner="pirha/aikuissosiaalityo/bo") == [bo]
    assert found(owner="pirha") == found(organisation="pirha") == [bo]
    assert found(owner="responsible", status="closed") == [closed]
    assert found(unit="kela/asiakaspalvelu", status="open") == [aino]
    assert found(organisation="kela", unit="asiakaspalvelu", worker="bo") == []
    assert found(responsible_organisation="pirha") == [bo]
    assert found(responsible_unit="asiakaspalvelu", status="open") == [aino]
    assert found(responsible_worker="bo") == found(worker="bo") == [bo]
    assert found(responsible_worker="nobody") == []


def test_cases_are_listed_by_what_waits_and_what_is_due(own_door: Door) -> None:
    waiting, due, other = own_door.case(), own_door.case(), own_door.case()
    offered(own_door, waiting)
    promised(own_door, due, "2099-01-01T00:00:00Z")
    assert (
        listed(own_door, offered_to="pirha") == listed(own_door, offered_to="pirha/aikuissosiaalityo/bo") == [waiting]
    )
    assert listed(own_door, offered_to="kela") == []
    assert listed(own_door, due_by="2099-01-01T00:00:00Z") == [due]
    assert listed(own_door, due_by="2098-12-31T23:59:59Z") == []
    assert listed(own_door, sort="due") == [due, *sorted([waiting, other])]


def test_cases_without_a_named_worker_are_listed(own_door: Door) -> None:
    case, _ = own_door.case(), own_door.case()
    unit = {"organisation": "pirha", "unit": "aikuissosiaalityo"}
    handoff = did(own_door, case, "propose-handoff", OFFER | {"to": unit})["made"]
    assert listed(own_door, without_worker=True) == []
    did(own_door, case, "accept-handoff", {"handoff": handoff, "for_unit": True}, CILLA)
    assert listed(own_door, BO, without_worker=True) == [case]
    (row,) = own_door.get("/cases?without_worker=true", BO).json()["cases"]
    assert (row["responsible"]["worker"], row["name_by"] > row["held_since"]) == (None, True)


def test_cases_are_listed_by_the_findings_that_stand_in_them_at_any_time(own_door: Door) -> None:
    kept, silent = own_door.case(**on(3)), own_door.case(**on(3))
    promised(own_door, kept, "2099-01-01T00:00:00Z")
    assert listed(own_door, finding=26) == [silent]
    assert at(own_door, 10, finding=26) == sorted([kept, silent])
    assert at(own_door, 2, finding=26) == listed(own_door, finding=99) == []


def test_a_row_says_where_the_case_stands(own_door: Door) -> None:
    case = own_door.case(**on(3))
    offered(own_door, case, **on(4))
    promised(own_door, case, "2099-01-01T00:00:00Z")
    (row,) = own_door.get("/cases").json()["cases"]
    aino = {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}
    assert (row["status"], row["owned_by"], row["owner"], row["responsible"]) == ("open", "responsible", aino, aino)
    assert row["since"] == row["held_since"] == row["opened_at"] == row["first_contact_at"] == "2025-03-03T09:00:00Z"
    assert (row["offered_to"], row["due"], row["until"]) == (TO_BO, "2099-01-01T00:00:00Z", None)
    assert (row["closing"], row["open_objections"], row["open_requests"], row["ground"]) == (False, 0, 0, None)
    (then,) = own_door.get("/cases?happened_by=2025-03-04T12:00:00Z").json()["cases"]
    untold = dict.fromkeys(("held_since", "open_objections", "open_requests"))
    assert then == row | {"due": None} | untold


# At any time.


def test_a_list_is_of_any_day_too(own_door: Door) -> None:
    case = own_door.case(**on(3))
    did(own_door, case, "accept-handoff", {"handoff": offered(own_door, case, **on(4))}, BO, **on(5))
    closing(own_door, case, BO, **on(6))
    did(own_door, case, "close-case", None, BO, **on(7))

    def then(day: int, **wanted: Any) -> list[str]:
        return at(own_door, day, BO, **wanted)

    assert then(2) == []
    assert then(3, responsible_worker="aino", status="open") == [case]
    assert then(6, responsible_worker="bo", status="open") == [case]
    assert then(6, responsible_worker="aino") == then(6, status="closed") == []
    assert then(7, status="open") == []
    assert then(7, status="closed") == [case]
    assert then(4, offered_to="pirha") == then(4, unit="kela/asiakaspalvelu") == [case]
    assert then(3, offered_to="pirha") == then(5, offered_to="pirha") == []
    assert then(6, owner="pirha") == then(3, owner="kela/asiakaspalvelu/aino") == [case]
    is_closing = {
        day: own_door.get(f"/cases?happened_by=2025-03-{day:02}T12:00:00Z", BO).json()["cases"][0]["closing"]
        for day in (5, 6, 7)
    }  # fmt: skip
    assert is_closing == {5: False, 6: True, 7: False}


def test_what_is_sorted_as_it_stands_now_is_not_as_it_stood_then(door: Door) -> None:
    for sort in SORTS[1:]:
        assert kind(door.get(f"/cases?happened_by=2025-03-03T09:00:00Z&sort={sort}")) == (422, "sort-of-now")


# In pages.


@pytest.mark.parametrize("sort", SORTS)
def test_a_long_list_comes_in_pages_in_any_order(own_door: Door, sort: str) -> None:
    client = own_door.client()
    cases = [own_door.case(client, **on(3 + number % 3)) for number in range(8)]
    for case in cases[:4]:
        promised(own_door, case, "2099-01-01T00:00:00Z")
    found = in_pages(own_door, f"/cases?limit=3&sort={sort}")
    assert found == listed(own_door, sort=sort)
    assert sorted(found) == sorted(cases)
    if sort == "case":
        assert found == sorted(cases)
    elif sort == "due":
        assert found == sorted(cases[:4]) + sorted(cases[4:])
    else:
        assert [cases.index(it) % 3 for it in found] == sorted(number % 3 for number in range(8))


def test_a_clients_cases_come_in_pages_as_they_were_opened(own_door: Door) -> None:
    client = own_door.client()
    cases = [own_door.case(client, **on(day)) for day in (9, 5, 7, 3)]
    own_door.case()
    assert in_pages(own_door, f"/clients/{client}/cases?limit=3") == [cases[place] for place in (3, 1, 2, 0)]
    OwnCases.model_validate_json(own_door.get(f"/clients/{client}/cases").content)


def test_a_list_of_a_past_day_comes_in_pages_too(own_door: Door) -> None:
    client = own_door.client()
    cases = [own_door.case(client, **on(3)) for _ in range(5)]
    assert in_pages(own_door, "/cases?limit=2&happened_by=2025-03-04T00:00:00Z") == sorted(cases)


def test_a_list_says_how_many_cases_it_may_not_have_right(own_door: Door) -> None:
    own_door.case()
    with own_door.house.pool.connection() as connection:
        connection.execute("UPDATE projected SET current = '{}'")
    assert own_door.get("/cases").json()["behind"] == 1


def test_two_who_would_answer_for_one_case_are_not_asked_for(door: Door) -> None:
    for two in ("organisation=kela&responsible_organisation=pirha", "worker=aino&responsible_worker=bo",
                "unit=kela/a&responsible_unit=b", "unit=kela/a&responsible_organisation=pirha"):  # fmt: skip
        assert kind(door.get(f"/cases?{two}")) == (422, "responsible-twice")
    assert door.get("/cases?worker=aino&responsible_worker=aino").status_code == 200


@pytest.mark.parametrize(
    "after",
    [
        "x",
        cursor("17"),
        cursor("';--"),
        cursor('["due", null, "17"]'),
        cursor('["opened", null, "00000000-0000-0000-0000-000000000000"]'),
        cursor('["case", "2025-03-03T09:00:00Z", "00000000-0000-0000-0000-000000000000"]'),
    ],
)
def test_a_cursor_of_another_list_is_refused(door: Door, after: str) -> None:
    assert kind(door.get("/cases", params={"after": after})) == (400, "cursor-malformed")


def test_a_cursor_needs_a_time_with_an_offset(door: Door) -> None:
    after = cursor('["opened", "2025-03-03T09:00:00", "00000000-0000-0000-0000-000000000000"]')
    assert kind(door.get("/cases", params={"after": after, "sort": "opened"})) == (400, "cursor-malformed")


# Who may.


def test_lists_are_for_those_who_work_with_cases(door: Door) -> None:
    client = door.client()
    case = door.case(client)
    for by in (BO, CILLA, AUDITOR):
        assert door.get("/cases?limit=1", by).status_code == 200
    for by in (as_client(client), ADMINISTRATOR, Actor("s", Role.SYSTEM), Actor(str(uuid4()), Role.REPRESENTATIVE)):
        assert kind(door.get("/cases", by)) == (403, "role-not-allowed")
    own = door.get(f"/clients/{client}/cases", as_client(client)).json()
    assert [it["case"] for it in own["cases"]] == [case]
    for other in (door.client(), uuid4(), UUID(case)):
        assert kind(door.get(f"/clients/{other}/cases", as_client(client))) == (404, "stream-absent")
    assert kind(door.get(f"/clients/{case}/cases")) == (404, "stream-absent")
    assert kind(door.get(f"/clients/{client}/cases", ADMINISTRATOR)) == (403, "role-not-allowed")


@pytest.mark.rule(7)
def test_the_cases_of_another_organisation_are_in_no_list_of_ones_own(own_door: Door) -> None:
    client = own_door.client()
    own_door.case(client, **on(3))
    offered(own_door, own_door.case(client, **on(3)), **on(4))
    nothing = own_door.get("/cases", ELSEWHERE).json()
    assert nothing == {"cases": [], "behind": 0, "next": None}
    every_filter = (
        "organisation=kela", "unit=kela/asiakaspalvelu", "worker=aino", "owner=kela", "owner=responsible",
        "offered_to=pirha", "status=open", "finding=26", "sort=opened", "happened_by=2025-03-04T12:00:00Z",
        "moved_from=kela", "moved_to=pirha", "answer=pending", "from=2025-03-04T12:00:00Z",
        "opened_to=2099-01-01T00:00:00Z",
    )  # fmt: skip
    for query in every_filter:
        assert own_door.get(f"/cases?limit=1&{query}", AINO).json()["cases"] != []
        assert own_door.get(f"/cases?limit=1&{query}", ELSEWHERE).json() == nothing


@pytest.mark.rule(7)
def test_a_client_is_nobody_to_who_has_no_part_in_any_case_of_theirs(own_door: Door) -> None:
    client = own_door.client()
    path, unknown = f"/clients/{client}/cases", own_door.get(f"/clients/{uuid4()}/cases", BO)
    assert own_door.get(path, AINO).json()["cases"] == []  # it was Aino's organisation that registered them
    assert (kind(unknown), unknown.content) == ((404, "stream-absent"), own_door.get(path, BO).content)
    own_door.case(client)
    ours = own_door.case(client, BO)
    assert [it["case"] for it in own_door.get(path, BO).json()["cases"]] == [ours]
    assert own_door.get(path, ELSEWHERE).content == unknown.content


@pytest.mark.rule(7)
def test_who_is_offered_a_case_finds_it_in_their_list_until_that_is_answered(own_door: Door) -> None:
    case, _ = own_door.case(), own_door.case()
    assert listed(own_door, BO) == []
    handoff = offered(own_door, case)
    assert listed(own_door, BO) == listed(own_door, CILLA, offered_to="pirha") == [case]
    no = {"handoff": handoff, "code": "no_capacity", "reason": "täynnä"}
    did(own_door, case, "decline-handoff", no, BO)
    assert listed(own_door, BO) == []


@pytest.mark.rule(7)
def test_who_had_a_case_before_finds_it_in_no_list_and_reads_it_as_it_stood_then(own_door: Door) -> None:
    case = own_door.case(**on(3))
    accepted = did(own_door, case, "accept-handoff", {"handoff": offered(own_door, case, **on(4))}, BO, **on(5))
    assert listed(own_door, AINO) == at(own_door, 4, AINO) == at(own_door, 6, AINO) == []
    promised(own_door, case, "2099-01-01T00:00:00Z", BO)
    assert own_door.get(f"/cases/{case}", AINO).json()["version"] == accepted["version"]
    assert listed(own_door, BO) == at(own_door, 6, BO) == [case]


@pytest.mark.parametrize(
    "query",
    [
        "status=unopened",
        "limit=0",
        "happened_by=2025-03-03",
        "due_by=soon",
        "responsible_unit=%00",
        "owner=",
        "offered_to=kela%00",
        "finding=0",
        "finding=many",
        "sort=unit",
        "nonsense=1",
        "ground=unsuitable",
        "initiator=nobody",
        "answer=maybe",
        "code=unwilling",
        "closed_from=2025-03-03",
        "moved_to=%00",
        "bounced=perhaps",
    ],
)
def test_a_list_of_what_there_is_not_is_refused(door: Door, query: str) -> None:
    assert kind(door.get(f"/cases?{query}")) == (422, "request-invalid")


@pytest.mark.parametrize("unit", ["x", "x/", "/x"])
def test_a_unit_is_one_of_an_organisations(door: Door, unit: str) -> None:
    assert kind(door.get("/cases", params={"unit": unit})) == (422, "unit-without-organisation")
