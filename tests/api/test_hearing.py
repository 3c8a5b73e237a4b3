"""How often the client was heard, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.hearing import Shares
from api.moments import cursor
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO

AUDITOR = Actor("outi", Role.AUDITOR)
ELSEWHERE = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
MARCH = {"from": "2025-03", "to": "2025-04"}


def day(number: int) -> str:
    return f"2025-03-{number:02}T09:00:00+02:00"


def did(door: Door, case: str, what: str, body: Any, by: Actor, *, on: int) -> str:
    answer = door.post(f"/cases/{case}/{what}", body, by, Occurred_At=day(on))
    assert answer.status_code == 200, answer.text
    return str(answer.json().get("made"))


def assessed(door: Door, by: Actor, said: str = "", own: Actor | None = None) -> str:
    """Open a case and assess it on what was said, by the client if they are named, or on nothing and for a reason."""
    case = door.case(UUID(own.id) if own else None, by, Occurred_At=day(3))
    view: dict[str, Any] = {"no_view_because": "ei tavoitettu"}
    if said:
        view = {"client_view": did(door, case, "record-statement", {"words": said}, own or by, on=4)}
    body = {"kind": "needs", "outcome": "service_needed", "summary": "muutos", **view}
    did(door, case, "complete-assessment", body, by, on=5)
    return case


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give a house with three assessments in March, on the client's words, a worker's note of them, and a reason."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        assessed(door, AINO, "haluan kotiin", as_client(door.client()))
        assessed(door, AINO, "hän haluaa kotiin")
        assessed(door, BO)
        yield door


def shares(door: Door, reader: Actor = AUDITOR, months: Any = MARCH, **query: Any) -> list[Any]:
    answer = door.get("/heard", reader, params={**months, **query})
    assert answer.status_code == 200, answer.text
    Shares.model_validate_json(answer.content)
    return list(answer.json()["shares"])


def test_each_organisation_has_its_share(town: Door) -> None:
    kela, pirha = shares(town)
    assert (kela["organisation"], kela["unit"], kela["kind"], kela["hidden"]) == ("kela", None, "assessment", False)
    assert kela["figures"] == {
        "cases": 2, "decisions": 2, "clients_own": 0, "confirmed": 1, "unconfirmed": 1, "disputed": 0,
        "anothers_words": 0, "reason": 0, "nothing": 0, "share": 0.5,
    }  # fmt: skip
    assert (pirha["figures"]["reason"], pirha["figures"]["share"]) == (1, 0.0)


def test_each_unit_has_its_share(town: Door) -> None:
    assert [it["unit"] for it in shares(town, by="unit")] == ["asiakaspalvelu", "aikuissosiaalityo"]


def test_at_a_past_date_only_what_was_decided_by_then_counts(town: Door) -> None:
    assert shares(town, happened_by=day(4)) == []
    assert len(shares(town, happened_by=day(5))) == 2


def test_few_cases_are_told_in_figures_to_their_own_organisation_alone(town: Door) -> None:
    assert [it["hidden"] for it in shares(town, ELSEWHERE)] == [True, True]
    assert [it["hidden"] for it in shares(town, AINO)] == [False, True]


def test_the_shares_come_in_pages(town: Door) -> None:
    first = town.get("/heard", AUDITOR, params={**MARCH, "limit": 1}).json()
    second = town.get(first["next"], AUDITOR).json()
    assert [*first["shares"], *second["shares"]] == shares(town)
    assert (second["next"], second["behind"]) == (None, 0)


def test_it_is_told_of_other_months_and_of_one_organisation(town: Door) -> None:
    assert shares(town, months={"from": "2025-04", "to": "2025-05"}) == []
    assert [it["organisation"] for it in shares(town, organisation="pirha")] == ["pirha"]
    assert shares(town, to="2025-03") == []


def test_the_client_is_not_told_of_other_clients_however_many(town: Door) -> None:
    for by in (as_client(uuid4()), Actor(str(uuid4()), Role.REPRESENTATIVE), ADMINISTRATOR):
        assert kind(town.get("/heard", by)) == (403, "role-not-allowed")


@pytest.mark.parametrize("query", ["by=worker", "from=2025-13", "to=9999-01", "organisation=%00", "limit=0", "kind=a"])
def test_what_is_not_documented_is_refused(town: Door, query: str) -> None:
    assert kind(town.get(f"/heard?{query}")) == (422, "request-invalid")


@pytest.mark.parametrize("after", ["!", "7", cursor("[]"), cursor('["a", "b"]')])
def test_what_is_no_cursor_is_refused(town: Door, after: str) -> None:
    assert kind(town.get("/heard", params={"after": after})) == (400, "cursor-malformed")


# Of one case.


def test_a_case_tells_what_its_decisions_rest_on_and_what_the_words_changed(door: Door) -> None:
    client = as_client(door.client())
    case = assessed(door, AINO, "haluan kotiin", client)
    (decision,) = door.get(f"/cases/{case}/heard", client).json()["rows"]
    assert (decision["kind"], decision["heard"], decision["words"]) == ("assessment", "confirmed", "haluan kotiin")
    (said,) = door.get(f"/cases/{case}/changed", client).json()["rows"]
    assert (said["words"], said["changed"], said["answered"]) == ("haluan kotiin", decision["version"], 3)


def test_a_case_tells_how_a_statement_stood_and_stands(door: Door) -> None:
    client = as_client(door.client())
    case = door.case(UUID(client.id), Occurred_At=day(3))
    view = did(door, case, "record-statement", {"words": "hän haluaa kotiin"}, AINO, on=4)
    body = {"kind": "needs", "outcome": "service_needed", "summary": "muutos", "client_view": view}
    did(door, case, "complete-assessment", body, AINO, on=5)
    did(door, case, "dispute-statement", {"statement": view, "correction": "en"}, client, on=6)
    for path in (f"/cases/{case}/heard", f"/cases/{case}/heard?version=4"):
        (row,) = door.get(path, client).json()["rows"]
        assert (row["standing_then"], row["standing"], row["later"]) == (
            "unconfirmed", "disputed", [["2025-03-06T07:00:00Z", "disputed"]]
        )  # fmt: skip
    (before,) = door.get(f"/cases/{case}/heard?version=3", client).json()["rows"]
    assert (before["standing"], before["later"]) == ("unconfirmed", [])
