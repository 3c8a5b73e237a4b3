"""Problems: every refusal has its type, says what to do, and never tells anybody's words."""

from __future__ import annotations

import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.problems import components, described, kinds, response, status
from domain.decider import Absent, Conflict, Forbidden, Refusal, Unacceptable
from domain.ledger.application import KeyReused, TooBusy, VersionMismatch
from domain.ledger.database import DatabaseUnavailable
from domain.ledger.mapper import HistoryDamaged, TopicUnknown, every
from domain.overrides import Overridable
from tests.api.conftest import Door, kind

FAMILIES = {Refusal: 500, Forbidden: 403, Absent: 404, Conflict: 409, Unacceptable: 422, Overridable: 409}
REFUSALS = [it for it in every(Refusal) if it not in FAMILIES]


@pytest.mark.parametrize("refusal", [*REFUSALS, VersionMismatch, KeyReused], ids=lambda it: it.__name__)
def test_every_refusal_is_in_the_documentation_and_explains_itself(door: Door, refusal: type[Refusal]) -> None:
    document = door.app.openapi()
    explained = door.get(f"/problems/{refusal.slug()}", None).json()
    assert explained["detail"] == refusal.says()
    schema = document["components"]["schemas"][refusal.__name__]
    assert schema["properties"]["type"] == {"const": explained["type"]}
    assert schema["description"] == explained["detail"]
    whole = document["components"]["responses"][f"Problem{explained['status']}"]
    assert {"$ref": f"#/components/schemas/{refusal.__name__}"} in whole["content"]["application/problem+json"][
        "schema"
    ]["oneOf"]
    assert explained.get("rule") == refusal.rule


def test_a_rule_that_a_manager_may_override_says_so_to_whoever_it_refuses(door: Door) -> None:
    explained = door.get("/problems/time-to-object", None).json()
    assert explained["detail"].startswith("The client may still object.")
    assert "A manager may override rule 13: send the same with `override`" in explained["detail"]


@pytest.mark.parametrize("problem", kinds().values(), ids=lambda it: it.__name__)
def test_every_problem_says_what_it_means_and_what_to_do(problem: type[Exception]) -> None:
    about = described(problem)
    assert about["detail"].endswith(".")
    assert re.search(r"[.:] \w", about["detail"])
    assert 400 <= about["status"] < 600


def test_the_list_of_problems_holds_them_all(door: Door) -> None:
    listed = door.get("/problems", None).json()
    assert {it["type"] for it in listed} == {f"/problems/{it}" for it in kinds()}


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (VersionMismatch(expected=1, version=2), 412), (KeyReused(), 422), (TooBusy(), 503),
        (DatabaseUnavailable(), 503), (TopicUnknown("x"), 503), (HistoryDamaged("x", 1), 503),
    ],
)  # fmt: skip
def test_each_family_has_its_status(raised: Exception, code: int) -> None:
    answer = response(raised)
    assert answer.status_code == code
    assert ("retry-after" in answer.headers) == isinstance(raised, TooBusy | DatabaseUnavailable)


def test_a_refusal_has_the_status_of_its_nearest_family() -> None:
    for refusal in REFUSALS:
        family = next(it for it in refusal.__mro__ if it in FAMILIES)
        assert status(refusal) == FAMILIES[family]


def test_every_operation_says_in_a_line_what_it_does(door: Door) -> None:
    summaries = [it["summary"] for methods in door.paths.values() for it in methods.values()]
    assert {"Explain a type of problem", "List the types of problems"} <= set(summaries)
    assert len(set(summaries)) == len(summaries)


def test_the_documentation_speaks_of_json(door: Door) -> None:
    assert not re.search(r"\bNone\b(?!-)", json.dumps(door.app.openapi()))


@pytest.mark.parametrize("path", ["/nothing", "/cases/17/owner/18", "/problems/unheard-of"])
def test_an_unknown_path_is_a_problem(door: Door, path: str) -> None:
    assert kind(door.get(path)) == (404, "path-unknown")


@pytest.mark.parametrize("path", ["/cases", "/docs", "/health/live"])
def test_another_method_is_a_problem_that_names_those_that_there_are(door: Door, path: str) -> None:
    answer = door.ask("DELETE", path)
    assert kind(answer) == (405, "method-not-allowed")
    assert answer.headers["allow"]


def test_what_nobody_foresaw_tells_nothing_of_what_was_said(own_door: Door, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(asked: Any) -> None:
        raise RuntimeError(asked.command.words)

    case = own_door.case()
    own_door.app.state.execute = fail
    with caplog.at_level(logging.DEBUG):
        answer = own_door.say(case, "salaisuus")
    assert kind(answer) == (500, "unforeseen")
    assert "salaisuus" not in answer.text + caplog.text
    assert "Traceback" not in answer.text
    assert "RuntimeError" in caplog.text
    assert "/cases/{id}/record-statement" in caplog.text


def test_words_are_in_no_problem_and_in_no_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    case = door.case()
    with caplog.at_level(logging.DEBUG):
        refused = door.post(f"/cases/{case}/record-statement", {"words": "salaisuus", "language": "salaisuus"})
        door.post(f"/cases/{case}/record-statement", {"words": "salaisuus", "about": 99})
        door.say(case, "salaisuus")
    assert kind(refused) == (422, "request-invalid")
    assert "salaisuus" not in refused.text + caplog.text


def test_while_the_database_is_gone_everybody_is_asked_to_try_again(own_door: Door, database: str) -> None:
    case = own_door.case()
    name = sql.Identifier(database.rpartition("/")[2])
    with psycopg.connect(database.rpartition("/")[0] + "/luotsi", autocommit=True) as owner:
        owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        try:
            with ThreadPoolExecutor(3) as threads:
                said = threads.submit(own_door.say, case, "hei")
                read = threads.submit(own_door.get, f"/cases/{case}/owner")
                ready = threads.submit(own_door.get, "/health/ready", None)
            for answer in (said.result(), read.result()):
                assert kind(answer) == (503, "database-unavailable")
                assert answer.headers["retry-after"] == "1"
            assert kind(ready.result()) == (503, "not-ready")
            assert own_door.get("/health/live", None).status_code == 200
        finally:
            owner.execute(sql.SQL("CREATE DATABASE {}").format(name))


def test_the_documentation_refers_to_nothing_that_is_not_there(door: Door) -> None:
    document = door.app.openapi()
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    assert components()["schemas"].keys() <= document["components"]["schemas"].keys()
    assert document["servers"]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [it for value in part.values() for it in references(value)]
    return [it for value in part for it in references(value)] if isinstance(part, list) else []
