"""Commands over HTTP: done once, answered alike, and nothing half-written whatever is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import pytest

from api.commands import KINDS, MOST_CHARACTERS, commands, path_of
from api.problems import HEADERS, MOST_BYTES
from domain.decider import WORDS, Actor, Command, Override, Role, Value
from domain.ledger.mapper import every
from tests.api.conftest import Door, as_client, counted, kind, nothing_written
from tests.town import ADMINISTRATOR, AINO, BO

KAISA = Actor("kaisa", Role.MANAGER, AINO.organisation, "muu")
"""Of Aino's organisation, and of another unit."""


SLIPS = {"MakeSlip": "/cases/{id}/slip", "RevokeSlip": "/cases/{id}/revoke-slip", "ReadSlip": "/slip"}
"""What is posted and is no command: nothing happens in a case by a slip of it, and a look has its code in the body."""


def test_every_command_is_mounted_and_documented_but_for_those_of_imports_and_of_the_log_itself(door: Door) -> None:
    operations = {it["post"]["operationId"]: path for path, it in door.paths.items() if "post" in it}
    assert operations == {it.__name__: path_of(it) for it in commands()} | SLIPS
    left = {it.__name__ for it in every(Command)} - operations.keys()
    assert not SLIPS.keys() & {it.__name__ for it in every(Command)}
    assert left == {"ImportCase", "ImportActivity", "SealHeads"}
    for command in commands():
        operation = door.paths[path_of(command)]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{command.__name__}"}
        assert operation["summary"]
        assert all(role in operation["description"] for role in command.roles)


def test_a_case_is_opened_at_a_place_of_its_own(door: Door) -> None:
    answer = door.post("/cases", {"client": str(door.client()), "need": "vuokra on rästissä"})
    receipt = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert receipt.keys() == {"id", "version", "events", "made", "command"}
    assert (receipt["version"], receipt["events"]) == (1, [1])
    assert door.get(answer.headers["location"]).json()["case"] == receipt["id"]


def test_what_goes_on_with_a_case_answers_with_its_new_version(door: Door) -> None:
    case = door.case()
    answer = door.post(f"/cases/{case}/propose-handoff", offer())
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert (answer.json()["version"], answer.json()["events"]) == (3, [2, 3])
    accepted = door.post(f"/cases/{case}/accept-handoff", {"handoff": answer.json()["made"]}, BO)
    assert accepted.json()["version"] == 4


def test_where_nothing_is_new_nothing_happens_and_the_answer_says_so(door: Door) -> None:
    client = door.client()
    case = door.case(client)
    first = door.post(f"/cases/{case}/take-ownership", by=as_client(client))
    again = door.post(f"/cases/{case}/take-ownership", by=as_client(client))
    assert (first.json()["version"], first.json()["events"]) == (2, [2])
    assert (again.status_code, again.json()["version"], again.json()["events"]) == (200, 2, [])


def test_the_directory_is_kept_by_its_administrators(door: Door) -> None:
    one = uuid4().hex
    assert door.post("/organisations", {"organisation": one, "name": "Uusi"}, ADMINISTRATOR).status_code == 201
    unit = {"organisation": one, "unit": "a", "name": "A"}
    assert door.post("/units", unit, ADMINISTRATOR).status_code == 201
    worker = {"organisation": one, "unit": "a", "worker": "outi"}
    assert door.post("/workers", worker, ADMINISTRATOR).status_code == 201
    assert door.post("/workers", worker, ADMINISTRATOR).json()["events"] == []
    assert kind(door.post("/units", unit, ADMINISTRATOR)) == (409, "already-there")
    assert kind(door.post("/units", unit | {"organisation": "nowhere"}, ADMINISTRATOR)) == (422, "not-registered")


def test_the_policy_is_set_in_one_place(own_door: Door) -> None:
    first = own_door.post("/policy", {"rule": "late_days", "value": 4}, ADMINISTRATOR)
    second = own_door.post("/policy", {"rule": "late_days", "value": 5}, ADMINISTRATOR)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


# Once.


@pytest.mark.parametrize("path", ["/cases", "/cases/{}/record-statement"])
def test_the_same_request_under_the_same_key_is_done_once_and_answered_alike(door: Door, path: str) -> None:
    client = door.client()
    path = path.format(door.case(client))
    body = {"client": str(client), "need": "x"} if path == "/cases" else {"words": "hei"}
    key = uuid4()
    first = door.post(path, body, Idempotency_Key=key)
    with nothing_written(door):
        again = door.post(path, body, Idempotency_Key=key)
    assert first.status_code == (201 if path == "/cases" else 200)
    assert (again.status_code, again.json(), again.headers) == (first.status_code, first.json(), first.headers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"words": "toinen"}, {}),
        ({"words": "hei", "present": 1}, {}),
        ({"words": "hei"}, {"Occurred_At": "2025-03-03T09:00:00Z"}),
        ({"words": "hei"}, {"Reported": "true"}),
    ],
)
def test_a_key_that_stands_for_another_request_is_refused(
    door: Door, body: dict[str, Any], headers: dict[str, Any]
) -> None:
    case, key = door.case(), uuid4()
    door.say(case, "hei", Idempotency_Key=key)
    with nothing_written(door):
        answer = door.post(f"/cases/{case}/record-statement", body, Idempotency_Key=key, **headers)
        assert kind(answer) == (422, "key-reused")


def test_a_key_that_stands_for_a_request_on_another_case_is_refused(door: Door) -> None:
    key = uuid4()
    door.say(door.case(), "hei", Idempotency_Key=key)
    assert kind(door.say(door.case(), "hei", Idempotency_Key=key)) == (422, "key-reused")


def test_another_persons_key_is_another_key(door: Door) -> None:
    case, key = door.case(), uuid4()
    assert door.say(case, "hei", AINO, Idempotency_Key=key).json()["version"] == 2
    assert door.say(case, "hei", KAISA, Idempotency_Key=key).json()["version"] == 3


def test_eight_at_once_under_one_key_are_one_act(door: Door) -> None:
    case, key = door.case(), uuid4()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: door.say(case, "hei", Idempotency_Key=key), range(8)))
    assert {(it.status_code, it.text) for it in answers} == {(200, answers[0].text)}
    assert door.get(f"/cases/{case}").json()["version"] == 2


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256])
def test_a_key_that_is_none_is_refused(door: Door, key: str) -> None:
    case = door.case()
    headers = {"Idempotency-Key": key.encode("latin-1")}
    with nothing_written(door):
        answer = door.ask("POST", f"/cases/{case}/record-statement", json={"words": "hei"}, headers=headers)
        assert kind(answer) == (400, "header-malformed")


# On what was seen.


def test_who_has_seen_the_latest_version_may_act_on_it(door: Door) -> None:
    case = door.case()
    assert door.say(case, "hei", If_Match='"1"').headers["etag"] == '"2"'
    with nothing_written(door):
        late = door.say(case, "hei", If_Match='"1"')
    assert kind(late) == (412, "version-mismatch")
    assert late.json()["details"] == {"expected": 1, "version": 2}
    assert door.say(case, "hei", If_Match="*").status_code == 200


def test_of_eight_who_act_on_the_same_version_one_wins(door: Door) -> None:
    case = door.case()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: door.say(case, f"{n}", If_Match='"1"'), range(8)))
    assert sorted(it.status_code for it in answers) == [200] + [412] * 7
    assert door.get(f"/cases/{case}").json()["version"] == 2


@pytest.mark.parametrize("etag", ["18", 'W/"1"', '"1", "2"', '"x"', '""', '"-1"'])
def test_an_etag_that_is_none_is_refused(door: Door, etag: str) -> None:
    case = door.case()
    with nothing_written(door):
        answer = door.say(case, "hei", If_Match=etag)
    assert kind(answer) == (400, "header-malformed")
    assert answer.json()["details"] == {"header": "If-Match", "form": 'a version in double quotes, as in "18", or *'}


# When, and by whom.


def test_what_is_told_of_an_act_stands_in_the_history(door: Door) -> None:
    case = door.case(Occurred_At="2025-03-03T09:00:00+02:00")
    cause = uuid4()
    door.say(case, "hei", Occurred_At="2025-03-04T10:00:00.5Z", Reported="true", Causation_Id=cause)
    context = door.get(f"/cases/{case}/history").json()["events"][1]["context"]
    assert context["occurred"] == "2025-03-04T10:00:00.500000Z"
    assert (context["reported"], context["late"], context["causation"]) == (True, False, str(cause))
    assert (context["who"], context["role"], context["organisation"]) == ("aino", "worker", "kela")


@pytest.mark.parametrize(
    ("header", "value", "problem"),
    [
        ("Occurred_At", "2025-03-03T09:00:00", (422, "offset-missing")),
        ("Occurred_At", "2025-03-03", (400, "header-malformed")),
        ("Occurred_At", "1741000000", (400, "header-malformed")),
        ("Occurred_At", "2025-02-30T09:00:00Z", (400, "header-malformed")),
        ("Occurred_At", "0001-01-01T00:00:00+14:00", (400, "header-malformed")),
        pytest.param(
            "Occurred_At", (datetime.now(UTC) + timedelta(hours=1)).isoformat(), (422, "happens-in-future"), id="ahead"
        ),
        ("Occurred_At", "2025-03-03T09:00:00Z", (422, "before-the-beginning")),
        ("Reported", "yes", (400, "header-malformed")),
        ("Causation_Id", "17", (400, "header-malformed")),
    ],
)
def test_a_header_that_says_nothing_possible_is_refused(
    door: Door, header: str, value: str, problem: tuple[int, str]
) -> None:
    case = door.case()
    with nothing_written(door):
        headers: dict[str, Any] = {header: value}
        assert kind(door.say(case, "hei", **headers)) == problem


def test_each_header_is_documented_in_the_form_that_it_takes(door: Door) -> None:
    headers = {it["name"]: it["description"] for it in door.paths["/cases"]["post"]["parameters"]}
    assert headers.keys() == HEADERS.keys()
    assert all(HEADERS[name] in about for name, about in headers.items())


def test_a_refusal_of_the_rules_tells_the_facts(door: Door) -> None:
    case = door.case()
    with nothing_written(door):
        answer = door.post(f"/cases/{case}/name-responsible", {"holder": holder("kela", "muu", "a")}, KAISA)
    assert kind(answer) == (403, "not-responsible")
    assert answer.json()["rule"] == 1
    assert answer.json()["details"]["responsible"] == holder("kela", "asiakaspalvelu", "aino")


def offer() -> dict[str, Any]:
    return {
        "to": holder("pirha", "aikuissosiaalityo", "bo"), "reason": "asuu siellä", "no_view_because": "ei tavoitettu",
        "disclosure_basis": "statutory",
    }  # fmt: skip


def holder(organisation: str, unit: str, worker: str) -> dict[str, str]:
    return {"organisation": organisation, "unit": unit, "worker": worker}


# Whatever is sent.

STATEMENT = {"words": "hei"}


@pytest.mark.parametrize(
    ("body", "problem", "where"),
    [
        (b"", (400, "body-malformed"), None),
        (b"{", (400, "body-malformed"), None),
        (b'{"words": "hei",}', (400, "body-malformed"), None),
        (b"\xff\xfe", (400, "body-malformed"), None),
        (b'{"words": NaN}', (422, "request-invalid"), "/body/words"),
        (b'{"words": "\\ud800"}', (400, "body-malformed"), None),
        (b"[" * 100_000, (400, "body-malformed"), None),
        (b"[]", (422, "request-invalid"), "/body"),
        (b'"hei"', (422, "request-invalid"), "/body"),
        (b"null", (422, "request-invalid"), "/body"),
        (b"{}", (422, "request-invalid"), "/body/words"),
        (STATEMENT | {"wrods": "hei"}, (422, "request-invalid"), "/body/wrods"),
        (STATEMENT | {"salaiset sanat": 1}, (422, "request-invalid"), "/body/?"),
        ({"words": 1}, (422, "request-invalid"), "/body/words"),
        ({"words": None}, (422, "request-invalid"), "/body/words"),
        ({"words": ["hei"]}, (422, "request-invalid"), "/body/words"),
        ({"words": "hei\0"}, (422, "request-invalid"), "/body/words"),
        (STATEMENT | {"present": "1"}, (422, "request-invalid"), "/body/present"),
        (STATEMENT | {"present": True}, (422, "request-invalid"), "/body/present"),
        (STATEMENT | {"present": 1.5}, (422, "request-invalid"), "/body/present"),
        (STATEMENT | {"present": 2**31}, (422, "request-invalid"), "/body/present"),
        (STATEMENT | {"about": 10**40}, (422, "request-invalid"), "/body/about"),
        (STATEMENT | {"about": 0}, (404, "entry-absent"), None),
        (STATEMENT | {"about": 99}, (404, "entry-absent"), None),
        (STATEMENT | {"language": "klingon"}, (422, "request-invalid"), "/body/language"),
        ({"words": "  "}, (422, "words-missing"), None),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused_and_leaves_nothing(
    door: Door, body: Any, problem: tuple[int, str], where: str | None
) -> None:
    case = door.case()
    content = body if isinstance(body, bytes) else json.dumps(body)
    with nothing_written(door):
        answer = door.ask(
            "POST", f"/cases/{case}/record-statement", content=content, headers={"Content-Type": "application/json"}
        )
        assert kind(answer) == problem
    assert "salaiset" not in answer.text
    if where is not None:
        assert [it["where"] for it in answer.json()["errors"]] == [where]


@pytest.mark.parametrize(
    ("by", "problem"),
    [
        ("2030-01-01T00:00:00", (422, "offset-missing")),
        ("2030-01-01", (422, "request-invalid")),
        (1893456000, (422, "request-invalid")),
        ("9999-12-31T23:59:59-12:00", (422, "request-invalid")),
        ("0001-01-01T00:00:00+14:00", (422, "request-invalid")),
        ("huomenna", (422, "request-invalid")),
        ("2025-01-01T00:00:00Z", (422, "promise-in-the-past")),
    ],
)
def test_a_time_that_is_no_moment_is_refused(door: Door, by: object, problem: tuple[int, str]) -> None:
    case = door.case()
    with nothing_written(door):
        answer = door.post(f"/cases/{case}/promise-next-step", {"who": "worker", "what": "soitan", "by": by})
        assert kind(answer) == problem


def test_an_unknown_field_of_a_holder_is_refused_too(door: Door) -> None:
    body = {"client": str(door.client()), "need": "x", "responsible": holder("kela", "a", "b") | {"name": "Bo"}}
    with nothing_written(door):
        answer = door.post("/cases", body)
    assert [it["where"] for it in answer.json()["errors"]] == ["/body/responsible/name"]


def test_a_naive_time_of_a_first_contact_is_refused(door: Door) -> None:
    body = {"client": str(door.client()), "need": "x", "first_contact_at": "2025-01-01T10:00:00"}
    with nothing_written(door):
        assert kind(door.post("/cases", body)) == (422, "offset-missing")


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_kind_is_refused(door: Door, media_type: str | None) -> None:
    case = door.case()
    headers = {} if media_type is None else {"Content-Type": media_type}
    with nothing_written(door):
        answer = door.ask("POST", f"/cases/{case}/record-statement", content=b'{"words":"hei"}', headers=headers)
        assert kind(answer) == (415, "not-json")


def test_an_enormous_body_is_refused_by_what_it_says_of_itself(door: Door) -> None:
    case = door.case()
    with nothing_written(door):
        answer = door.say(case, "x" * MOST_BYTES)
    assert kind(answer) == (413, "body-too-large")
    assert answer.json()["details"] == {"most": MOST_BYTES}


def test_an_enormous_body_is_refused_while_it_comes(door: Door) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"words": "'
        for _ in range(20):
            yield b"x" * (MOST_BYTES // 10)
        yield b'"}'

    case = door.case()
    headers = {"Content-Type": "application/json"}
    with nothing_written(door):
        answer = door.ask("POST", f"/cases/{case}/record-statement", content=pieces(), headers=headers)
        assert kind(answer) == (413, "body-too-large")


def test_a_text_may_be_long_but_not_without_end(door: Door) -> None:
    case = door.case()
    assert door.say(case, "ä" * MOST_CHARACTERS).status_code == 200
    with nothing_written(door):
        answer = door.say(case, "ä" * (MOST_CHARACTERS + 1))
    assert kind(answer) == (422, "request-invalid")
    assert answer.json()["errors"] == [{"where": "/body/words", "what": "Text should have at most 50000 characters"}]


@pytest.mark.parametrize("sent", [*commands(), Override], ids=lambda it: it.__name__)
def test_the_documentation_says_how_long_each_text_may_be(door: Door, sent: type[Value]) -> None:
    properties = door.app.openapi()["components"]["schemas"][sent.__name__]["properties"]
    hints = get_type_hints(sent, include_extras=True)
    texts = [name for name, hint in hints.items() if WORDS in str(hint)]
    for name in texts:
        assert MOST_CHARACTERS in (it.get("maxLength") for it in (properties[name], *properties[name].get("anyOf", ())))


@pytest.mark.parametrize(
    ("method", "path", "problem"),
    [
        ("POST", "/cases/{case}/dance", (404, "path-unknown")),
        ("POST", "/cases/{case}/import-activity", (404, "path-unknown")),
        ("POST", "/cases/{case}/record-statement/", (404, "path-unknown")),
        ("GET", "/cases/{case}/record-statement", (405, "method-not-allowed")),
        ("PUT", "/cases/{case}", (405, "method-not-allowed")),
        ("POST", "/cases/17/record-statement", (422, "request-invalid")),
        ("POST", "/cases/00000000-0000-0000-0000-000000000000/record-statement", (404, "stream-absent")),
        ("POST", "/cases/{client}/record-statement", (404, "stream-absent")),
        ("POST", "/clients/{case}/choose-language", (404, "stream-absent")),
        ("POST", "/cases/{unit}/record-statement", (404, "stream-absent")),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(door: Door, method: str, path: str, problem: tuple[int, str]) -> None:
    client = door.client()
    unit = KINDS_OF_UNIT.stream(Unit("kela", "asiakaspalvelu"), uuid4())
    path = path.format(case=door.case(client), client=client, unit=unit)
    body = {"language": "fi"} if "language" in path else {"words": "hei"}
    with nothing_written(door):
        answer = door.ask(method, path, json=body) if method != "GET" else door.get(path)
        assert kind(answer) == problem
    if problem[0] == 405:
        assert answer.headers["allow"]


class Unit:
    """What names a unit in a body."""

    def __init__(self, organisation: str, unit: str) -> None:
        self.organisation, self.unit = organisation, unit


KINDS_OF_UNIT = next(it for state, it in KINDS.items() if state.__name__ == "Unit")


def test_a_case_of_a_client_that_nobody_registered_is_refused(door: Door) -> None:
    with nothing_written(door):
        assert kind(door.post("/cases", {"client": str(uuid4()), "need": "x"})) == (404, "client-unknown")


def test_what_is_refused_may_be_sent_again_corrected_under_the_same_key(door: Door) -> None:
    case, key = door.case(), uuid4()
    assert kind(door.say(case, " ", Idempotency_Key=key)) == (422, "words-missing")
    assert door.say(case, "hei", Idempotency_Key=key).status_code == 200


def test_one_act_leaves_one_event_with_everything_that_belongs_to_it(door: Door) -> None:
    case = door.case()
    before = counted(door)
    door.say(case, "hei")
    grown = {it: count - before[it] for it, count in counted(door).items() if count != before[it]}
    assert grown == {"events": 1, "words": 1, "receipts": 1, "voice_v2": 1, "changed_v1": 1}


def test_what_makes_nothing_answers_with_no_id(door: Door) -> None:
    client = door.client()
    opened = door.post("/cases", {"client": str(client), "need": "x"}).json()
    case, statement = opened["id"], door.say(opened["id"], "hei").json()["made"]
    confirmed = door.post(f"/cases/{case}/confirm-statement", {"statement": statement}, as_client(client)).json()
    again = door.post(f"/cases/{case}/confirm-statement", {"statement": statement}, as_client(client)).json()
    assert (opened["made"], confirmed["made"], again["made"]) == (None, None, None)
    assert (confirmed["events"], again["events"]) == ([3], [])


def test_an_assessment_is_made_once_whether_in_one_sitting_or_two(door: Door) -> None:
    case = door.case()
    found = {"kind": "needs", "outcome": "no_need", "no_view_because": "ei tavoitettu"}
    begun = door.post(f"/cases/{case}/start-assessment", {"kind": "needs"}).json()["made"]
    completed = door.post(f"/cases/{case}/complete-assessment", found | {"assessment": begun}).json()
    assert completed["made"] == begun
    at_once = door.post(f"/cases/{case}/complete-assessment", found).json()
    events = door.get(f"/cases/{case}/history").json()["events"]
    assert events[-1]["event"]["assessment"] == at_once["made"] != begun


def test_ids_of_what_is_made_are_in_the_answer(door: Door) -> None:
    case = door.case()
    made = door.say(case, "hei").json()["made"]
    assert door.get(f"/cases/{case}/voice").json()["rows"][0]["id"] == made
    assert UUID(made)
