"""The rules over HTTP and on the command line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.decider import Actor, Role
from domain.rules import RULES
from tests.api.conftest import Door, as_client, kind
from tests.api.running import luotsi, refused, said
from tests.town import ADMINISTRATOR, AINO, BO

AUDITOR = Actor("auri", Role.AUDITOR)


def rule(door: Door, number: int, **where: Any) -> Any:
    """Return a rule as it reads there."""
    answer = door.get("/rules", params=where)
    assert answer.status_code == 200, answer.text
    return next(it for it in answer.json()["rules"] if it["number"] == number)


def value(door: Door, name: str, **where: Any) -> int:
    """Return a threshold as it is there."""
    told = door.get("/rules", params=where).json()["rules"]
    return next(int(it["value"]) for each in told for it in each["thresholds"] if it["name"] == name)


def put(door: Door, name: str, days: int, **where: str) -> None:
    answer = door.post("/policy", {"rule": name, "value": days} | where, ADMINISTRATOR)
    assert answer.is_success, answer.text


def test_all_rules_are_told_in_three_languages(door: Door) -> None:
    told = door.get("/rules").json()
    assert [it["number"] for it in told["rules"]] == list(RULES)
    for it in told["rules"]:
        for text in (it["says"], it["because"], it["source"], *it["level_names"]):
            assert sorted(text) == ["en", "fi", "sv"]


@pytest.mark.rule(2)
@pytest.mark.parametrize(("language", "begins"), [("fi", "Vain se"), ("sv", "Bara den"), ("en", "Only the one")])
def test_the_rules_are_told_in_one_language(door: Door, language: str, begins: str) -> None:
    told = rule(door, 2, language=language)
    assert told["says"].startswith(begins)
    assert (told["levels"], told["thresholds"]) == (["refuse"], [])


def test_anyone_with_a_token_may_read_the_rules(door: Door) -> None:
    for who in (AINO, ADMINISTRATOR, AUDITOR, as_client(door.client())):
        assert door.get("/rules", who).status_code == 200


def test_nobody_reads_them_without_a_token(door: Door) -> None:
    assert door.get("/rules", None).status_code == 401


@pytest.mark.rule(4)
def test_a_rule_has_the_numbers_of_the_unit_asked_for(own_door: Door) -> None:
    put(own_door, "respond_working_days", 8)
    put(own_door, "respond_working_days", 6, organisation="kela")
    put(own_door, "respond_working_days", 3, organisation="kela", unit="asiakaspalvelu")
    assert value(own_door, "respond_working_days") == 8
    assert value(own_door, "respond_working_days", unit=f"{BO.organisation}/{BO.unit}") == 8
    assert value(own_door, "respond_working_days", organisation="kela") == 6
    assert value(own_door, "respond_working_days", unit="kela/asiakaspalvelu") == 3
    assert "3 arkipäivän" in rule(own_door, 4, language="fi", organisation="kela", unit="asiakaspalvelu")["says"]
    assert own_door.get("/rules?unit=kela/asiakaspalvelu").json()["policy"] == 3


@pytest.mark.rule(13)
def test_a_rule_has_the_numbers_of_the_time_asked_about(own_door: Door) -> None:
    put(own_door, "object_days", 21)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert value(own_door, "object_days") == 21
    assert value(own_door, "object_days", happened_by=yesterday) == 14


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("unit=asiakaspalvelu", (422, "unit-without-organisation")),
        ("unit=kela/", (422, "unit-without-organisation")),
        ("unit=/asiakaspalvelu", (422, "unit-without-organisation")),
        ("unit=kela/asiakaspalvely", (404, "stream-absent")),
        ("organisation=kella", (404, "stream-absent")),
        ("language=se", (422, "request-invalid")),
        ("happened_by=2025-03-03", (422, "request-invalid")),
        ("rule=4", (422, "request-invalid")),
    ],
)
def test_a_place_or_a_time_that_there_is_not_is_refused(door: Door, query: str, problem: tuple[int, str]) -> None:
    assert kind(door.get(f"/rules?{query}")) == problem


def test_the_rules_are_documented(door: Door) -> None:
    document = door.app.openapi()
    content = document["paths"]["/rules"]["get"]["responses"]["200"]["content"]["application/json"]
    assert content["schema"]["$ref"].endswith("/Rules")
    assert {"Rules", "RuleTold", "Trilingual"} <= set(document["components"]["schemas"])


def test_the_command_line_prints_the_rules_without_a_database(tmp_path: Path) -> None:
    printed = luotsi(tmp_path / "home", "rules", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert printed.returncode == 0, printed.stderr
    assert "Avoimella asialla on aina" in " ".join(printed.stdout.split())
    assert not (tmp_path / "home").exists()


def test_the_command_line_prints_the_rules_in_the_language_asked_for(tmp_path: Path) -> None:
    printed = luotsi(tmp_path / "home", "rules", "--language", "sv")
    assert "iakttagelse" in printed.stdout
    assert "havainto" not in printed.stdout


def test_the_command_line_prints_the_rules_for_programs(tmp_path: Path) -> None:
    assert [it["number"] for it in said(tmp_path, "rules", "--json")] == list(RULES)
    assert sorted(said(tmp_path, "rules", "--json")[0]["says"]) == ["en", "fi", "sv"]
    assert json.dumps(said(tmp_path, "rules", "--json", "--language", "en")[3]).count("working days") == 1


def test_a_language_that_there_is_not_is_refused(tmp_path: Path) -> None:
    assert "'se'" in refused(luotsi(tmp_path, "rules", "--language", "se"), 2)
