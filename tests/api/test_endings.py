"""What many cases come to, over HTTP: how they end, and what support their workers asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.endings import Endings, Supports
from api.moments import cursor
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

AUDITOR = Actor("outi", Role.AUDITOR)
OMBUDSMAN = Actor("sari", Role.OMBUDSMAN)
ELSEWHERE = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
MANAGER = Actor("kaisa", Role.MANAGER, AINO.organisation, AINO.unit)
MARCH = {"from": "2025-03", "to": "2025-04"}


def day(number: int) -> str:
    return f"2025-03-{number:02}T09:00:00+02:00"


def did(door: Door, case: str, what: str, body: Any, by: Actor, *, on: int) -> int:
    answer = door.post(f"/cases/{case}/{what}", body, by, Occurred_At=day(on))
    assert answer.status_code == 200, answer.text
    return int(answer.headers["etag"].strip('"'))


def advised(door: Door, by: Actor = AINO) -> str:
    """Close a case in which advice was enough."""
    case = door.case(by=by, Occurred_At=day(3))
    enough = {"kind": "screening", "outcome": "advice_suffices", "no_view_because": "ei tavoitettu"}
    did(door, case, "complete-assessment", enough, by, on=3)
    closing = {"ground": "advice_sufficed", "reason": "neuvo riitti", "no_view_because": "ei tavoitettu"}
    did(door, case, "propose-closure", closing, by, on=4)
    did(door, case, "close-case", {}, by, on=5)
    return case


def closed_over_objection(door: Door, client: UUID) -> str:
    """Close a case over the client's objection: the manager sets the rule aside."""
    case = door.case(client, Occurred_At=day(3))
    closing = {"ground": "goals_met", "reason": "valmis", "no_view_because": "ei tavoitettu"}
    proposal = did(door, case, "propose-closure", closing, AINO, on=4)
    did(door, case, "raise-objection", {"against": proposal, "words": "bussi ei kulje"}, as_client(client), on=5)
    aside = {"rule": 13, "reason": "ei voi odottaa", "review_by": "2035-01-01T00:00:00Z"}
    did(door, case, "close-case", {"override": [aside]}, MANAGER, on=6)
    return case


def asked(door: Door, by: Actor, manager: Actor | None = None) -> str:
    """Ask for support in a case, and have it answered where a manager is named."""
    case = door.case(by=by, Occurred_At=day(3))
    version = did(door, case, "request-support", {"words": "en jaksa yksin"}, by, on=4)
    if manager:
        did(door, case, "give-support", {"kind": "time", "words": "saat", "answers": version}, manager, on=6)
    return case


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give a house with four endings in Kela, one over an objection and felt, and three requests for support."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        for _ in range(3):
            advised(door)
        client = door.client()
        case = closed_over_objection(door, client)
        did(door, case, "ask-experience", {"channel": "letter"}, AINO, on=7)
        did(door, case, "report-experience", {"score": 2, "words": "ei kuultu"}, as_client(client), on=8)
        did(door, case, "reopen-case", {"trigger": "client_returned"}, AINO, on=20)
        asked(door, AINO)
        asked(door, AINO)
        asked(door, BO, CILLA)
        yield door


def endings(door: Door, reader: Actor = AUDITOR, **query: Any) -> list[Any]:
    answer = door.get("/endings", reader, params={**MARCH, **query})
    assert answer.status_code == 200, answer.text
    Endings.model_validate_json(answer.content)
    return list(answer.json()["endings"])


def support(door: Door, reader: Actor = AUDITOR, **query: Any) -> list[Any]:
    answer = door.get("/support", reader, params={**MARCH, **query})
    assert answer.status_code == 200, answer.text
    Supports.model_validate_json(answer.content)
    return list(answer.json()["support"])


# Endings.


def test_endings_are_told_by_ground_with_what_the_client_said_and_felt(town: Door) -> None:
    advice, goals = endings(town)
    assert (advice["ground"], advice["organisation"], advice["unit"], advice["month"]) == (
        "advice_sufficed", "kela", None, None,
    )  # fmt: skip
    assert (advice["figures"]["endings"], advice["figures"]["score_mean"]) == (3, None)
    assert goals["figures"] == {
        "cases": 1, "endings": 1, "initiators": {"client": 0, "representative": 0, "service": 1, "source": 0},
        "attributed_to": {"client": 0, "service": 0, "circumstances": 1, "not_stated": 0}, "agreed": 0, "refused": 0,
        "objected": 1, "closed_over": 1, "overridden": 1, "reopened": 1, "asked": 1, "answered": 1, "score_mean": 2.0,
        "objections": {"open": 1, "upheld": 0, "partly_upheld": 0, "rejected": 0, "withdrawn": 0, "lapsed": 0},
    }  # fmt: skip


def test_endings_by_unit_and_by_month_name_them(town: Door) -> None:
    assert {(it["unit"], it["month"]) for it in endings(town, by="unit", monthly=True)} == {
        ("asiakaspalvelu", "2025-03")
    }


def test_endings_at_a_past_date_have_what_had_become_of_them_by_then(town: Door) -> None:
    (_, goals) = endings(town, happened_by=day(7))
    assert (goals["figures"]["asked"], goals["figures"]["answered"], goals["figures"]["reopened"]) == (1, 0, 0)
    assert [it["ground"] for it in endings(town, happened_by=day(5))] == ["advice_sufficed"]


def test_endings_count_as_reopened_within_the_days_asked_about(town: Door) -> None:
    assert [it["figures"]["reopened"] for it in endings(town, reopened_within=14)] == [0, 1]
    assert [it["figures"]["reopened"] for it in endings(town, reopened_within=13)] == [0, 0]


def test_endings_come_in_pages(town: Door) -> None:
    first = town.get("/endings", AUDITOR, params={**MARCH, "limit": 1}).json()
    second = town.get(first["next"], AUDITOR).json()
    assert [*first["endings"], *second["endings"]] == endings(town)
    assert (second["next"], second["behind"]) == (None, 0)


def test_endings_of_one_organisation_and_of_other_months(town: Door) -> None:
    assert len(endings(town, organisation="kela")) == 2
    assert endings(town, organisation="pirha") == []
    later = town.get("/endings", AUDITOR, params={"from": "2025-04", "to": "2025-06"})
    assert later.json()["endings"] == []


# Support.


def test_support_is_told_by_unit_with_how_long_it_took(town: Door) -> None:
    kela, county = support(town)
    assert (kela["organisation"], kela["unit"], kela["figures"]["asked"], kela["figures"]["waiting"]) == (
        "kela", "asiakaspalvelu", 2, 2,
    )  # fmt: skip
    assert (county["unit"], county["figures"]["answered"], county["figures"]["days_median"]) == (
        "aikuissosiaalityo", 1, 2.0,
    )  # fmt: skip
    assert county["figures"]["given"] == {"training": 0, "consultation": 0, "time": 1, "deviation": 0, "other": 0}


def test_support_that_waits_can_be_told_apart(town: Door) -> None:
    assert [(it["unit"], it["figures"]["asked"]) for it in support(town, open=True)] == [("asiakaspalvelu", 2)]
    assert [it["unit"] for it in support(town, open=False)] == ["aikuissosiaalityo"]


def test_support_of_one_unit_or_organisation(town: Door) -> None:
    assert [it["unit"] for it in support(town, unit="asiakaspalvelu", by="organisation")] == ["asiakaspalvelu"]
    assert [it["organisation"] for it in support(town, organisation="pirha")] == ["pirha"]
    assert [(it["organisation"], it["unit"]) for it in support(town, by="organisation")] == [
        ("kela", None), ("pirha", None)
    ]  # fmt: skip


def test_support_comes_in_pages(town: Door) -> None:
    first = town.get("/support", AUDITOR, params={**MARCH, "limit": 1}).json()
    second = town.get(first["next"], AUDITOR).json()
    assert [*first["support"], *second["support"]] == support(town)
    assert second["next"] is None


# Both.


def test_small_cells_are_hidden_from_those_of_other_organisations(town: Door) -> None:
    for by in (ELSEWHERE, OMBUDSMAN, BO):
        assert [(it["hidden"], it["figures"]) for it in endings(town, by)] == [(True, None)] * 2
    assert [it["hidden"] for it in endings(town, AINO)] == [False, False]
    assert [it["hidden"] for it in support(town, AINO)] == [False, True]
    assert [it["hidden"] for it in support(town, ELSEWHERE)] == [True, True]


def test_the_client_is_not_told_of_other_clients_however_many(town: Door) -> None:
    for by in (as_client(uuid4()), Actor(str(uuid4()), Role.REPRESENTATIVE), ADMINISTRATOR):
        for path in ("/endings", "/support"):
            assert kind(town.get(path, by)) == (403, "role-not-allowed")


@pytest.mark.parametrize(
    "query",
    [
        "endings?by=ground",
        "endings?from=2025-13",
        "endings?reopened_within=0",
        "endings?monthly=perhaps",
        "endings?unit=x",
        "endings?nonsense=1",
        "support?open=perhaps",
        "support?unit=%00",
        "support?limit=0",
        "support?monthly=true",
    ],
)
def test_what_is_not_documented_is_refused(town: Door, query: str) -> None:
    assert kind(town.get(f"/{query}")) == (422, "request-invalid")


def test_what_is_no_cursor_is_refused(town: Door) -> None:
    for path, after in (("/endings", cursor('["a", "b"]')), ("/support", cursor("[1, 2]")), ("/support", "!")):
        assert kind(town.get(path, params={"after": after})) == (400, "cursor-malformed")


# In a case.


def test_what_became_of_one_case_can_be_read_in_it_now_and_as_it_was(door: Door) -> None:
    client = door.client()
    case = closed_over_objection(door, client)
    head = did(door, case, "report-experience", {"score": 2}, as_client(client), on=8)
    (ending,) = door.get(f"/cases/{case}/endings").json()["rows"]
    assert (ending["overridden"], ending["objections"][0]["outcome"]) == ([13], "open")
    assert (ending["experience"], ending["experiences"][0]["score"]) == ("", 2)
    (row,) = door.get(f"/cases/{case}/continuity").json()["rows"]
    assert (row["responsible"], row["held"][0]["holder"]["worker"]) == (None, "aino")
    (row,) = door.get(f"/cases/{case}/continuity", params={"happened_by": day(4)}).json()["rows"]
    assert row["responsible"]["worker"] == "aino"
    for path in ("endings", "continuity"):
        assert rows(door, case, path) == rows(door, case, path, version=head)


def test_what_is_planned_said_in_the_team_and_asked_for_can_be_read_with_its_words(door: Door) -> None:
    case = asked(door, BO, CILLA)
    members = [{"organisation": by.organisation, "unit": by.unit, "worker": by.id} for by in (AINO, BO)]
    line = {"members": members, "text": "kotiin", "client_present": False, "no_view_because": "ei tavoitettu"}
    did(door, case, "agree-team-line", line | {"disclosure_basis": "statutory"}, BO, on=7)
    did(door, case, "start-service", {"provider": members[1]}, BO, on=8)
    head = did(door, case, "set-goal", {"words": "töihin"}, BO, on=9)
    (row,) = rows(door, case, "team")
    assert (row["text"], row["members"], row["dissent"]) == ("kotiin", members, None)
    service, goal = rows(door, case, "plan")
    assert (service["provider"], goal["words"], goal["state"]) == (members[1], "töihin", "pursued")
    (row,) = rows(door, case, "support")
    assert (row["words"], row["answer"], row["answers"][0]["kind"]) == ("en jaksa yksin", "saat", "time")
    for path in ("plan", "team", "support"):
        assert rows(door, case, path) == rows(door, case, path, version=head)


def rows(door: Door, case: str, path: str, **at: Any) -> list[Any]:
    answer = door.get(f"/cases/{case}/{path}", params=at)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])
