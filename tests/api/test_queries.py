"""Queries over HTTP: right now and at any moment, by the table or by the events, and only for those who may read."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api import rows as shaping
from api.moments import cursor
from api.rows import Shape
from domain.decider import ERASED, Actor, Role
from projections.projection import every_projection
from tests.api.conftest import Door, as_client, kind
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

KAISA = Actor("kaisa", Role.MANAGER, AINO.organisation, AINO.unit)
ELSEWHERE = Actor("ulla", Role.WORKER, "tampere", "tyollisyys")
PATHS = [it.path for it in every_projection() if it.path]
SHAPES = {it.path: Shape(it) for it in every_projection() if it.path}
TO_BO = {"organisation": "pirha", "unit": "aikuissosiaalityo", "worker": "bo"}
OFFER = {"to": TO_BO, "reason": "asuu siellä", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"}


def offered(door: Door, case: str, by: Actor = AINO, body: Any = OFFER, **headers: Any) -> str:
    answer = door.post(f"/cases/{case}/propose-handoff", body, by, **headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["made"])


def did(door: Door, case: str, what: str, body: Any = None, by: Actor = AINO, **headers: Any) -> Any:
    answer = door.post(f"/cases/{case}/{what}", body, by, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def eventful(door: Door) -> str:
    """Give a case in which everything that is shown has happened, some of it late and some of it in error."""
    client = door.client()
    case = door.case(client, Occurred_At="2025-03-03T09:00:00+02:00")
    did(door, case, "record-statement", {"words": "bussi ei kulje"}, Occurred_At="2025-03-04T09:00:00+02:00")
    first = offered(door, case, Occurred_At="2025-03-05T09:00:00+02:00")
    did(door, case, "decline-handoff", {"handoff": first, "code": "no_capacity", "reason": "täynnä"}, BO,
        Occurred_At="2025-03-06T09:00:00+02:00")  # fmt: skip
    second = offered(door, case, Occurred_At="2025-03-07T09:00:00+02:00")
    did(
        door,
        case,
        "withdraw-handoff",
        {"handoff": second, "reason": "ehti muuttua"},
        Occurred_At="2025-03-08T09:00:00+02:00",
    )
    third = offered(door, case, Occurred_At="2025-03-09T09:00:00+02:00")
    did(door, case, "accept-handoff", {"handoff": third}, BO, Occurred_At="2025-03-10T09:00:00+02:00")
    did(door, case, "record-statement", {"words": "myöhässä kirjattu"}, Occurred_At="2025-03-05T12:00:00+02:00")
    did(door, case, "take-ownership", {"words": "haluan itse"}, as_client(client))
    step = {"who": "worker", "what": "soitan", "by": "2100-01-01T00:00:00Z"}
    wrong = did(door, case, "promise-next-step", step, BO)["version"]
    did(door, case, "mark-erroneous", {"version": wrong, "reason": "väärä päivä"}, BO)
    did(door, case, "promise-next-step", step, BO)
    found = {"kind": "needs", "outcome": "service_needed", "no_view_because": "ei tavoitettu", "summary": "asunto"}
    did(door, case, "complete-assessment", found, BO)
    did(door, case, "set-goal", {"words": "oma koti"}, as_client(client))
    line = {"members": [vars(holder(BO)), vars(holder(CILLA))], "text": "jatketaan", "client_present": False}
    did(door, case, "agree-team-line", line | {"no_view_because": "ei tavoitettu"}, BO)
    did(door, case, "request-support", {"words": "kolme palvelua, kolme vastausta"}, BO)
    did(door, case, "request-handoff", {"reason": "tunnen asiakkaan"})
    view = {"ground": "goals_met", "reason": "kaikki hoidettu", "no_view_because": "ei tavoitettu"}
    did(door, case, "propose-closure", view, BO)
    return case


UNTOLD = {"imported", "endings", "alerts", "withheld"}
"""What such a case has no rows of: it was not imported, has not ended, and nothing is overdue or withheld in it."""


# Now.


@pytest.mark.parametrize("path", PATHS)
def test_every_projection_is_read_as_documented_the_same_from_its_table_and_from_the_events(
    door: Door, eventful: str, path: str
) -> None:
    answer = door.get(f"/cases/{eventful}/{path}", BO)
    head = answer.json()["version"]
    assert answer.headers["etag"] == f'"{head}"'
    SHAPES[path].model.model_validate_json(answer.content)
    assert bool(answer.json()["rows"]) is (path not in UNTOLD)
    from_events = door.get(f"/cases/{eventful}/{path}?version={head}", BO).json()
    assert answer.json() == from_events
    documented = door.operation("GET", f"/cases/{eventful}/{path}")["responses"]["200"]["content"]
    told, nothing = documented["application/json"]["schema"]["anyOf"]
    assert told["$ref"].endswith(SHAPES[path].model.__name__)
    assert nothing["$ref"].endswith("/SeenNothing")


def test_where_tables_are_behind_the_events_tell(own_door: Door) -> None:
    case = own_door.case()
    offered(own_door, case)
    before = [own_door.get(f"/cases/{case}/{path}").json() for path in PATHS]
    with own_door.house.pool.connection() as connection:
        for table in own_door.house.live.tables:
            connection.execute(f"DELETE FROM {table.table}".encode())
        connection.execute("UPDATE projected SET head = 1")
    assert [own_door.get(f"/cases/{case}/{path}").json() for path in PATHS] == before


def test_a_case_says_where_it_stands(door: Door) -> None:
    client = door.client()
    case = door.case(client)
    step = {"who": "worker", "what": "soitan", "by": "2100-01-01T00:00:00+02:00"}
    did(door, case, "promise-next-step", step)
    objection = did(door, case, "raise-objection", {"against": 1, "words": "en suostu"}, as_client(client))["made"]
    handoff = offered(door, case)
    did(door, case, "take-ownership", by=as_client(client))
    stands = door.get(f"/cases/{case}", KAISA).json()
    assert (stands["case"], stands["version"], stands["status"]) == (case, 6, "open")
    assert stands["need"] == "asunnon menettäminen"
    assert (stands["owned_by"], stands["owner"]) == ("client", None)
    assert stands["responsible"] == {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}
    assert (stands["handoff"]["handoff"], stands["handoff"]["to"]) == (handoff, TO_BO)
    assert stands["open_objections"] == [objection]
    assert stands["next_step"] == {"who": "worker", "what": "soitan", "due": "2099-12-31T22:00:00Z", "version": 2}
    assert door.get(f"/cases/{case}", AINO).json()["open_objections"] == []  # it goes past the worker concerned
    before = door.get(f"/cases/{case}?version=1").json()
    assert (before["version"], before["owned_by"], before["handoff"], before["next_step"]) == (
        1, "responsible", None, None,
    )  # fmt: skip


def test_a_closed_case_has_no_owner(door: Door) -> None:
    case = door.case()
    enough = {"kind": "screening", "outcome": "advice_suffices", "no_view_because": "puhelimessa"}
    did(door, case, "complete-assessment", enough)
    did(door, case, "propose-closure", {"ground": "advice_sufficed", "no_view_because": "neuvonta riitti"})
    did(door, case, "close-case")
    stands = door.get(f"/cases/{case}").json()
    assert (stands["status"], stands["owned_by"], stands["owner"], stands["responsible"]) == (
        "closed", None, None, None,
    )  # fmt: skip


def test_who_has_it_already_is_told_so(door: Door) -> None:
    case = door.case()
    etag = door.get(f"/cases/{case}/owner").headers["etag"]
    again = door.ask("GET", f"/cases/{case}/owner", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    door.say(case, "hei")
    assert door.ask("GET", f"/cases/{case}/owner", headers={"If-None-Match": etag}).status_code == 200


# At any moment.


def test_both_clocks_are_told_apart_where_an_event_was_entered_late(door: Door) -> None:
    case = door.case(Occurred_At="2025-03-03T09:00:00+02:00")
    door.say(case, "ensimmäinen", Occurred_At="2025-03-10T09:00:00+02:00")
    known = door.get(f"/cases/{case}/history").json()["events"][-1]["context"]["recorded"]
    door.say(case, "myöhässä", Occurred_At="2025-03-05T09:00:00+02:00")

    def said(**clocks: str) -> list[str]:
        return [it["words"] for it in door.get(f"/cases/{case}/voice", params=clocks).json()["rows"]]

    assert said() == ["myöhässä", "ensimmäinen"]
    assert said(known_at=known) == ["ensimmäinen"]
    assert said(happened_by="2025-03-06T00:00:00+02:00") == ["myöhässä"]
    assert said(happened_by="2025-03-05T09:00:00+02:00") == ["myöhässä"]
    assert said(happened_by="2025-03-05T08:59:59+02:00") == []
    assert said(known_at=known, happened_by="2025-03-06T00:00:00+02:00") == []
    assert said(version="2") == ["ensimmäinen"]
    history = door.get(f"/cases/{case}/history", params={"happened_by": "2025-03-20T00:00:00Z"}).json()["events"]
    assert [it["version"] for it in history] == [1, 3, 2]
    assert history[1]["context"]["late"] is True


def test_the_owner_of_a_past_day_is_told_by_what_is_known_now(door: Door, eventful: str) -> None:
    def responsible(day: int) -> list[Any]:
        answer = door.get(f"/cases/{eventful}/owner?happened_by=2025-03-{day:02}T12:00:00%2B02:00", BO)
        return [it["responsible"]["worker"] for it in answer.json()["rows"]]

    assert (responsible(2), responsible(3), responsible(9), responsible(10)) == ([], ["aino"], ["aino"], ["aino", "bo"])
    unopened = door.get(f"/cases/{eventful}?happened_by=2025-03-02T12:00:00Z", BO).json()
    assert (unopened["status"], unopened["need"]) == ("unopened", None)


def test_an_interval_chooses_what_lasted_or_began_in_it(door: Door, eventful: str) -> None:
    def rows(path: str, **interval: str) -> list[Any]:
        return list(door.get(f"/cases/{eventful}/{path}", BO, params=interval).json()["rows"])

    day = {"from": "2025-03-06T00:00:00Z", "to": "2025-03-07T00:00:00Z"}
    assert [it["responsible"]["worker"] for it in rows("owner", **day)] == ["aino"]
    assert [it["number"] for it in rows("owner", **{"from": "2025-03-10T07:00:00Z"})] == [2, 3]
    assert [it["number"] for it in rows("owner", to="2025-03-10T07:00:00Z")] == [1]
    assert len(rows("handoffs")) == 3
    assert [it["outcome"] for it in rows("handoffs", **{"from": "2025-03-07T07:00:00Z"})] == ["withdrawn", "accepted"]
    assert [it["outcome"] for it in rows("handoffs", to="2025-03-07T07:00:00Z")] == ["declined"]
    history = door.get(f"/cases/{eventful}/history", BO, params=day).json()["events"]
    assert [it["topic"] for it in history] == ["handoff-declined"]


@pytest.mark.parametrize("path", ["", "/owner", "/history", "/words"])
@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("version=0", (404, "version-never-existed")),
        ("version=-1", (404, "version-never-existed")),
        ("version=999", (404, "version-never-existed")),
        ("version=99999999999999999999", (404, "version-never-existed")),
        ("version=two", (422, "request-invalid")),
        ("version=1&known_at=2025-03-03T09:00:00Z", (422, "clocks-and-version")),
        ("version=1&happened_by=2025-03-03T09:00:00Z", (422, "clocks-and-version")),
        ("known_at=2025-03-03T09:00:00", (422, "request-invalid")),
        ("known_at=2025-03-03", (422, "request-invalid")),
        ("happened_by=1741000000", (422, "request-invalid")),
        ("happened_by=yesterday", (422, "request-invalid")),
        ("knownat=2025-03-03T09:00:00Z", (422, "request-invalid")),
    ],
)
def test_a_moment_that_never_was_is_refused(
    door: Door, eventful: str, path: str, query: str, problem: tuple[int, str]
) -> None:
    assert kind(door.get(f"/cases/{eventful}{path}?{query}", BO)) == problem


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("clock", ["known_at", "happened_by", "from", "to"])
def test_a_moment_before_or_after_everything_is_one_too(door: Door, eventful: str, clock: str, moment: str) -> None:
    assert door.get(f"/cases/{eventful}/owner", BO, params={clock: moment}).status_code == 200


def test_a_plus_that_came_through_as_a_blank_is_understood(door: Door, eventful: str) -> None:
    path = f"/cases/{eventful}/owner?happened_by=2025-03-03T12:00:00"
    assert door.get(f"{path}+02:00").json() == door.get(f"{path}%2B02:00").json()


# History and words.


def test_the_history_is_the_same_in_pages_and_whole(door: Door, eventful: str) -> None:
    for query in ("", "happened_by=2025-03-10T12:00:00Z", "from=2025-03-04T00:00:00Z", "version=7"):
        whole = door.get(f"/cases/{eventful}/history?limit=1000&{query}", BO).json()
        assert whole["next"] is None
        events, following = [], f"/cases/{eventful}/history?limit=3&{query}"
        while following:
            page = door.get(following, BO).json()
            assert len(page["events"]) <= 3
            events += page["events"]
            following = page["next"]
        assert events == whole["events"]


@pytest.mark.parametrize("path", PATHS)
def test_every_projection_is_the_same_in_pages_and_whole(door: Door, eventful: str, path: str) -> None:
    for query in ("", "happened_by=2025-03-10T12:00:00Z", "from=2025-03-04T00:00:00Z", "version=7"):
        whole = door.get(f"/cases/{eventful}/{path}?limit=1000&{query}", BO).json()
        assert whole["next"] is None
        rows, following = [], f"/cases/{eventful}/{path}?limit=2&{query}"
        while following:
            page = door.get(following, BO).json()
            assert (len(page["rows"]) <= 2, page["version"]) == (True, whole["version"])
            rows += page["rows"]
            following = page["next"]
        assert rows == whole["rows"]


def test_the_pages_after_the_first_tell_of_the_same_version(door: Door) -> None:
    case = door.case()
    for number in range(3):
        door.say(case, f"{number}")
    first = door.get(f"/cases/{case}/voice?limit=2").json()
    door.say(case, "myöhemmin")
    second = door.get(first["next"]).json()
    assert [it["words"] for it in first["rows"] + second["rows"]] == ["0", "1", "2"]
    assert (first["version"], second["version"], second["next"]) == (4, 4, None)


@pytest.mark.parametrize(("path", "shown"), [("history", "events"), ("words", "entries"), ("voice", "rows")])
def test_a_page_ends_by_the_bytes_of_its_words_too(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str, shown: str
) -> None:
    monkeypatch.setattr(shaping, "MOST_WORDS", 1000)
    case, lengths = door.case(), [400, 400, 400, 2000, 2000, 10]
    for length in lengths:
        door.say(case, "x" * length)
    pages, following = [], f"/cases/{case}/{path}"
    while following:
        page = door.get(following).json()
        pages.append([len(it) for it in re.findall("x{10,}", json.dumps(page[shown]))])
        following = page["next"]
    assert [length for page in pages for length in page] == lengths
    assert all(sum(page) <= 1000 or len(page) == 1 for page in pages)
    assert [400, 400] in pages


def test_the_history_shows_the_hashes_of_the_ledger(door: Door, eventful: str) -> None:
    shown = {it["version"]: it["hash"] for it in door.get(f"/cases/{eventful}/history", BO).json()["events"]}
    with door.house.pool.connection() as connection:
        kept = connection.execute("SELECT version, encode(hash, 'hex') FROM events WHERE stream = %s", (eventful,))
        assert shown == dict(kept.fetchall())


@pytest.mark.parametrize("after", ["", "x", "ä", "!!!!", cursor("1"), cursor("a.b"), cursor("1.2.3"), "A" * 5000])
def test_what_is_no_cursor_is_refused(door: Door, eventful: str, after: str) -> None:
    assert kind(door.get(f"/cases/{eventful}/history", BO, params={"after": after})) == (400, "cursor-malformed")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x"])
def test_a_page_holds_one_to_a_thousand(door: Door, eventful: str, limit: str) -> None:
    assert kind(door.get(f"/cases/{eventful}/history?limit={limit}", BO)) == (422, "request-invalid")


def test_words_are_read_where_they_stand(door: Door, eventful: str) -> None:
    entries = {it["version"]: it for it in door.get(f"/cases/{eventful}/words", BO).json()["entries"]}
    assert entries[2] == {
        "version": 2, "topic": "statement-recorded", "words": {"words": "bussi ei kulje"}, "withheld": None
    }  # fmt: skip
    assert all(text for it in entries.values() for text in it["words"].values())
    handoffs = door.get(f"/cases/{eventful}/handoffs", BO).json()["rows"]
    assert [it["reason"] for it in handoffs] == ["asuu siellä"] * 3
    assert [it["answer_reason"] for it in handoffs] == ["täynnä", "ehti muuttua", None]


def test_destroyed_words_read_as_erased_and_everything_else_stays(own_door: Door, database: str) -> None:
    case = own_door.case()
    own_door.say(case, "salaisuus")
    own_door.say(case, "julkinen")
    with psycopg.connect(database) as owner:
        owner.execute("DELETE FROM koe.words WHERE stream = %s AND version = 2", (case,))
    assert [it["words"] for it in own_door.get(f"/cases/{case}/voice").json()["rows"]] == [ERASED, "julkinen"]
    assert own_door.get(f"/cases/{case}/history").json()["events"][1]["event"]["words"] == ERASED
    assert own_door.get(f"/cases/{case}/words?version=2").json()["entries"][-1]["words"] == {"words": ERASED}


# Who reads.


def readings(case: str) -> list[str]:
    return [f"/cases/{case}", f"/cases/{case}/history", f"/cases/{case}/words"] + [
        f"/cases/{case}/{it}" for it in PATHS
    ]


@pytest.mark.rule(7)
def test_who_has_no_part_in_a_case_finds_none(door: Door, eventful: str) -> None:
    known = {path: door.get(path, BO) for path in readings(eventful)}
    assert {it.status_code for it in known.values()} == {200}
    unknown = door.get(f"/cases/{uuid4()}", BO)
    outsiders = (ELSEWHERE, ADMINISTRATOR, Actor("clock", Role.SYSTEM), Actor("sari", Role.OMBUDSMAN, "pirha"))
    for by in outsiders:
        for path, answer in known.items():
            found = door.get(path, by, headers={"If-None-Match": answer.headers["etag"]})
            assert (kind(found), found.content) == ((404, "stream-absent"), unknown.content)


@pytest.mark.rule(7)
def test_who_had_a_case_before_reads_it_as_it_stood_when_it_went_on(door: Door, eventful: str) -> None:
    history = door.get(f"/cases/{eventful}/history", BO).json()["events"]
    (went_on,) = (it["version"] for it in history if it["topic"] == "handoff-accepted")
    assert went_on < len(history)
    for path in readings(eventful):
        answer = door.get(path, AINO)
        assert answer.headers["etag"] == f'"{went_on}"'
        assert answer.json() == door.get(f"{path}?version={went_on}", BO).json()
        assert kind(door.get(f"{path}?version={went_on + 1}", AINO)) == (404, "version-never-existed")


def test_a_client_reads_their_own_case_and_finds_no_other(door: Door) -> None:
    client = door.client()
    case, other = door.case(client), door.case()
    for path in readings(case):
        assert door.get(path, as_client(client)).status_code == 200
    unknown = door.get(f"/cases/{uuid4()}", as_client(client))
    for path in readings(other):
        answer = door.get(path, as_client(client))
        assert kind(answer) == (404, "stream-absent")
        assert answer.content == unknown.content


def test_a_representative_reads_while_the_mandate_holds(door: Door) -> None:
    client, person = door.client(), uuid4()
    case, guardian = door.case(client), Actor(str(person), Role.REPRESENTATIVE)
    assert kind(door.get(f"/cases/{case}", guardian)) == (404, "stream-absent")
    door.post(f"/clients/{client}/name-representative", {"representative": str(person), "kind": "guardian"})
    assert door.get(f"/cases/{case}/voice", guardian).status_code == 200
    assert door.get(f"/clients/{client}/cases", guardian).status_code == 200
    door.post(f"/clients/{client}/end-representative", {"representative": str(person)})
    assert kind(door.get(f"/cases/{case}", guardian)) == (404, "stream-absent")


@pytest.mark.parametrize("what", ["unknown", "client"])
def test_what_is_no_case_is_not_found(door: Door, what: str) -> None:
    case = str(uuid4() if what == "unknown" else door.client())
    for path in readings(case):
        assert kind(door.get(path)) == (404, "stream-absent")
    assert kind(door.get("/cases/17/owner")) == (422, "request-invalid")


# Beside.


def test_it_says_whether_it_is_ready(own_door: Door) -> None:
    own_door.case()
    with own_door.house.pool.connection() as connection:
        connection.execute("UPDATE projected SET current = '{}'")
    assert own_door.get("/health/live", None).json() == {"status": "live"}
    behind = own_door.get("/health/ready", None)
    assert kind(behind) == (503, "not-ready")
    assert behind.json()["details"]["behind"]["owner"] == 1
    with own_door.house.pool.connection() as connection:
        connection.execute("UPDATE projected SET current = %s", ([it.table for it in own_door.house.live.tables],))
    ready = own_door.get("/health/ready", None).json()
    assert (ready["status"], ready["waiting"] > 0, set(ready["behind"].values())) == ("ready", True, {0})
    with own_door.house.pool.connection() as connection:
        connection.execute("UPDATE projected SET current = '{}'")
    assert own_door.get("/health/ready", None).json()["behind"]["owner"] == 1


def test_the_interactive_page_asks_nobody_outside(door: Door) -> None:
    assert 'href="/docs"' in door.get("/", None).text
    first, second = door.get("/docs", None), door.get("/docs", None)
    assert not re.search(r"https?:|//\w+\.", first.text.replace("</", ""))
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', first.text))
    policy = first.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert f"script-src 'nonce-{nonce}'" in policy
    assert "unsafe" not in policy
    assert first.text != second.text
    assert "{{" not in first.text
