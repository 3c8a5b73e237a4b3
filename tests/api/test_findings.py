"""What the rules show, over HTTP: of a case at any moment, and across cases; silence without any event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.commands import path_of
from api.findings import Findings, FindingsOfCase
from api.moments import cursor
from domain.decider import Actor, Role
from domain.directory import POLICY_STREAM, SetPolicy
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

AUDITOR = Actor("outi", Role.AUDITOR)
ELSEWHERE = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
OPENED, PROMISED = "2025-03-03T09:00:00+02:00", "2025-03-05T09:00:00+02:00"


@pytest.fixture(scope="module")
def silent(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, str, str]]:
    """Give a house with a case in which nothing ever happens, and one in which something is promised on Wednesday."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        quiet, kept = (door.case(Occurred_At=OPENED) for _ in range(2))
        step = {"who": "worker", "what": "soitan", "by": "2099-01-01T00:00:00Z"}
        assert door.post(f"/cases/{kept}/promise-next-step", step, Occurred_At=PROMISED).status_code == 200
        door.case(by=BO, Occurred_At=OPENED)
        yield door, quiet, kept


def of_case(door: Door, case: str, by: Actor = AINO, **wanted: Any) -> list[Any]:
    answer = door.get(f"/cases/{case}/findings", by, params=wanted)
    assert answer.status_code == 200, answer.text
    FindingsOfCase.model_validate_json(answer.content)
    return list(answer.json()["findings"])


def across(door: Door, **wanted: Any) -> list[Any]:
    answer = door.get("/findings", AUDITOR, params=wanted)
    assert answer.status_code == 200, answer.text
    Findings.model_validate_json(answer.content)
    return list(answer.json()["findings"])


def named(findings: list[Any]) -> set[tuple[int, str, str]]:
    return {(it["rule"], it["kind"], it["state"]) for it in findings}


@pytest.mark.rule(26)
def test_a_deadline_that_is_missed_by_silence_appears_without_any_event(silent: tuple[Door, str, str]) -> None:
    door, quiet, _ = silent
    begun = (24, "assessment_not_begun", "open")
    for day, stands in (("2025-03-12T23:59:59+02:00", False), ("2025-03-13T00:00:00+02:00", True)):
        found = of_case(door, quiet, happened_by=day)
        assert (begun in named(found)) == stands
        assert (26, "no_next_step", "open") in named(found)
    assert begun in named(of_case(door, quiet))
    (late,) = (it for it in of_case(door, quiet) if it["kind"] == "assessment_not_begun")
    assert (late["since"], late["stands_from"], late["by"]) == (
        "2025-03-03T07:00:00Z", "2025-03-12T22:00:00Z", "its_time",
    )  # fmt: skip
    assert (late["organisation"], late["unit"], late["entries"]) == ("kela", "asiakaspalvelu", [1])
    assert of_case(door, quiet, happened_by="2025-03-02T09:00:00Z") == []


def test_what_was_settled_is_told_with_what_settled_it_once_it_was(silent: tuple[Door, str, str]) -> None:
    door, _, kept = silent
    settled = {"rule": 26, "kind": "no_next_step", "state": "settled", "settled": "2025-03-05T07:00:00Z"}

    def of_26(**wanted: Any) -> list[Any]:
        return [it for it in of_case(door, kept, **wanted) if it["rule"] == 26]

    (now,) = of_26()
    assert {name: now[name] for name in settled} == settled
    assert (now["entries"], now["settled_by"]) == ([1, 2], 2)
    assert of_26(state="settled") == [now]
    assert of_26(state="open") == []
    (then,) = of_26(happened_by="2025-03-04T09:00:00Z")
    assert (then["state"], then["settled"], then["entries"]) == ("open", None, [1])
    assert of_26(version=1)[0]["state"] == "open"


def test_it_is_judged_by_what_was_known(silent: tuple[Door, str, str]) -> None:
    door, _, kept = silent
    recorded = door.get(f"/cases/{kept}/history").json()["events"][0]["context"]["recorded"]
    (known,) = (it for it in of_case(door, kept, known_at=recorded) if it["rule"] == 26)
    assert known["state"] == "open"
    assert of_case(door, kept, known_at="2025-03-02T09:00:00Z") == []


def test_the_findings_of_a_case_come_in_pages_and_of_an_interval(silent: tuple[Door, str, str]) -> None:
    door, quiet, _ = silent
    everything = of_case(door, quiet)
    assert len(everything) > 2
    found, following = [], f"/cases/{quiet}/findings?limit=2"
    while following:
        page = door.get(following).json()
        found += page["findings"]
        following = page["next"]
    assert found == everything
    assert of_case(door, quiet, to="2025-03-03T07:00:00Z") == []


def test_they_change_by_silence_so_that_no_version_says_that_they_did_not(silent: tuple[Door, str, str]) -> None:
    door, quiet, _ = silent
    assert "etag" not in door.get(f"/cases/{quiet}/findings").headers
    again = door.ask("GET", f"/cases/{quiet}/findings", headers={"If-None-Match": '"1"'})
    assert again.status_code == 200


def test_where_the_table_is_behind_the_events_tell(own_door: Door) -> None:
    case = own_door.case(Occurred_At=OPENED)
    before = of_case(own_door, case)
    with own_door.house.pool.connection() as connection:
        connection.execute("DELETE FROM findings_v2")
        connection.execute("UPDATE projected SET current = array_remove(current, 'findings_v2')")
    assert of_case(own_door, case) == before
    assert own_door.get("/findings").json()["behind"] == 1


def test_a_client_reads_the_findings_of_their_own_case(door: Door) -> None:
    client = door.client()
    case = door.case(client)
    assert (26, "no_next_step", "open") in named(of_case(door, case, as_client(client)))
    assert kind(door.get(f"/cases/{case}/findings", as_client(door.client()))) == (404, "stream-absent")


# Across cases.


def test_across_cases_they_are_told_by_rule_unit_and_state(silent: tuple[Door, str, str]) -> None:
    door, quiet, kept = silent
    assert [it["case"] for it in across(door, rule=26, organisation="kela")] == [quiet]
    assert [it["case"] for it in across(door, rule=26, unit="kela/asiakaspalvelu", state="settled")] == [kept]
    assert {it["case"] for it in across(door, rule=26, organisation="kela", state="all")} == {quiet, kept}
    assert len(across(door, rule=26, happened_by="2025-03-04T09:00:00Z")) == 3
    assert across(door, organisation="tampere") == across(door, happened_by="2025-03-02T09:00:00Z") == []
    assert not any("worker" in it for it in across(door))


def test_across_cases_they_come_in_pages(silent: tuple[Door, str, str]) -> None:
    door, _, _ = silent
    found, following = [], "/findings?limit=2"
    while following:
        page = door.get(following, AUDITOR).json()
        assert page["behind"] == 0
        found += page["findings"]
        following = page["next"]
    assert found == across(door)


def test_a_stricter_policy_finds_old_cases_by_today_alone(own_door: Door) -> None:
    case = own_door.case(Occurred_At="2025-03-03T09:00:00+02:00")
    day = "2025-03-06T12:00:00+02:00"
    assert across(own_door, rule=24, happened_by=day) == []
    stricter = {"rule": "assess_start_working_days", "value": 1, "organisation": "kela"}
    assert own_door.post(path_of(SetPolicy).format(id=POLICY_STREAM), stricter, ADMINISTRATOR).status_code < 300
    (found,) = across(own_door, rule=24, happened_by=day)
    assert (found["case"], found["by"], found["stands_from"]) == (case, "today", None)
    assert across(own_door, rule=24, happened_by=day, by="today") == [found]
    assert across(own_door, rule=24, happened_by=day, by="its_time") == []
    assert [it["by"] for it in of_case(own_door, case, happened_by=day) if it["rule"] == 24] == ["today"]


# Who may, and what is refused.


@pytest.mark.rule(7)
def test_what_shows_in_the_cases_of_others_is_not_told(silent: tuple[Door, str, str]) -> None:
    door, quiet, kept = silent
    nothing = door.get("/findings", ELSEWHERE).json() | {"at": None}
    assert nothing == {"at": None, "findings": [], "behind": 0, "next": None}
    filters = (
        "rule=26", "organisation=kela", "unit=kela/asiakaspalvelu", "state=all", "by=its_time", "state=settled",
        "happened_by=2025-03-04T09:00:00Z",
    )  # fmt: skip
    for query in filters:
        assert door.get(f"/findings?limit=1&{query}", AINO).json()["findings"] != []
        assert door.get(f"/findings?limit=1&{query}", ELSEWHERE).json()["findings"] == []
        assert {it["case"] for it in door.get(f"/findings?{query}", AINO).json()["findings"]} <= {quiet, kept}
    assert kind(door.get(f"/cases/{quiet}/findings", ELSEWHERE)) == (404, "stream-absent")


@pytest.mark.rule(7)
def test_who_had_a_case_before_reads_there_what_showed_until_it_went_on(own_door: Door) -> None:
    case = own_door.case(Occurred_At=OPENED)
    sent = {"to": vars(holder(BO)), "reason": "muutti", "no_view_because": "ei tavoitettu"}
    sent |= {"disclosure_basis": "statutory"}
    offer = own_door.post(f"/cases/{case}/propose-handoff", sent).json()["made"]
    assert own_door.post(f"/cases/{case}/accept-handoff", {"handoff": offer}, BO).status_code == 200
    before = of_case(own_door, case, AINO)
    assert [it["state"] for it in before if it["rule"] == 26] == ["open"]
    step = {"who": "worker", "what": "soitan", "by": "2099-01-01T00:00:00Z"}
    assert own_door.post(f"/cases/{case}/promise-next-step", step, BO).status_code == 200
    assert of_case(own_door, case, AINO) == before
    assert [it["state"] for it in of_case(own_door, case, BO) if it["rule"] == 26] == ["settled"]
    assert own_door.get("/findings", AINO).json()["findings"] == []


def test_findings_across_cases_are_for_those_who_work_with_cases(door: Door) -> None:
    for by in (AINO, CILLA, AUDITOR):
        assert door.get("/findings?limit=1", by).status_code == 200
    for by in (as_client(uuid4()), ADMINISTRATOR, Actor(str(uuid4()), Role.REPRESENTATIVE)):
        assert kind(door.get("/findings", by)) == (403, "role-not-allowed")


@pytest.mark.parametrize("query", ["rule=0", "state=stands", "by=both", "happened_by=then", "worker=bo", "limit=0"])
def test_what_is_not_documented_is_refused(door: Door, query: str) -> None:
    assert kind(door.get(f"/findings?{query}")) == (422, "request-invalid")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("path", ["findings", "caseload", "cases", "rules"])
def test_days_are_reckoned_from_the_years_of_living_people(door: Door, path: str, moment: str) -> None:
    assert kind(door.get(f"/{path}", params={"happened_by": moment})) == (422, "request-invalid")


def test_a_case_too_is_judged_in_the_years_of_living_people(door: Door) -> None:
    case = door.case()
    for clock in ("known_at", "happened_by"):
        refused = door.get(f"/cases/{case}/findings", params={clock: "9999-12-31T23:59:59-14:00"})
        assert kind(refused) == (422, "request-invalid")


@pytest.mark.parametrize(
    "after",
    [
        "x",
        cursor("[]"),
        cursor('[26, "2025-03-03", "00000000-0000-0000-0000-000000000000", 1]'),
        cursor('[26, "2025-03-03T09:00:00", "00000000-0000-0000-0000-000000000000", 1]'),
        cursor('[26, "2025-03-03T09:00:00Z", "00000000-0000-0000-0000-000000000000", 99999999999]'),
        cursor('[26, "2025-03-03T09:00:00Z", "17", 1]'),
    ],
)
def test_what_is_no_cursor_is_refused(door: Door, after: str) -> None:
    assert kind(door.get("/findings", params={"after": after})) == (400, "cursor-malformed")
