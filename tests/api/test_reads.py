"""Every read of a case is written down before it is shown, and the client may ask who read it and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.moments import cursor
from api.readers import ReadsOfCase
from api.reads import shows_cases
from api.replay import Moment, replayed
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.conftest import Door, as_client, door_of, kind, moment, new_database
from tests.api.test_alerts import overdue
from tests.town import AINO, BO, CILLA, holder

AUDITOR = Actor("auri", Role.AUDITOR)
ASKED = {"/referral-memory": "case={case}", "/findings": "rule=26", "/cases": "worker=bo"}
"""How a query is asked that shows the case at hand; the others need no more than its path."""


@pytest.fixture(scope="module")
def house(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, UUID, str]]:
    """Give a house of its own, a client, and the client's case: of which a manager was told, and it shows a finding."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        case = overdue(door)
        assert door.post(f"/cases/{case}/name-responsible", {"holder": vars(holder(BO))}, CILLA).status_code == 200
        overdue(door)
        client = door.house.cases.client_of(UUID(case))
        assert client
        yield door, client, case


def logged(door: Door) -> list[dict[str, Any]]:
    """Return the whole log of readings, in the order in which they were written."""
    with door.house.pool.connection() as connection:
        found = connection.execute("SELECT row_to_json(r) FROM reads r ORDER BY id").fetchall()
    return [row for (row,) in found]


def queries_that_show_cases(door: Door) -> list[str]:
    document = door.app.openapi()
    return [
        path for path, methods in document["paths"].items()
        if "get" in methods and (path.startswith("/cases/{id}") or shows_cases(document, methods["get"]))
    ]  # fmt: skip


@pytest.mark.rule(23)
def test_every_query_whose_answer_holds_a_case_is_logged(house: tuple[Door, UUID, str]) -> None:
    """Whichever queries the documentation lists: what shows a case and leaves no line in the log does not exist."""
    door, client, case = house
    paths = queries_that_show_cases(door)
    assert {"/cases", "/cases/{id}", "/cases/{id}/reads", "/clients/{id}/cases", "/findings", "/alerts"} <= set(paths)
    for path in paths:
        before = len(logged(door))
        here = path.format(id=client if path.startswith("/clients") else case)
        answer = door.get(here, CILLA, params=ASKED.get(path, "").format(case=case))
        assert answer.status_code == 200, answer.text
        (line,) = logged(door)[before:]
        operation = door.paths[path]["get"]
        assert (line["what"], line["who"], line["role"]) == (operation["operationId"], "cilla", "manager")
        assert line["cases"], path
        assert all(it in answer.text for it in line["cases"]), path
        assert "Purpose" in {it["name"] for it in operation["parameters"]}


@pytest.mark.rule(23)
def test_figures_that_show_no_case_leave_no_line(house: tuple[Door, UUID, str]) -> None:
    door, _, _ = house
    before = len(logged(door))
    silent = set(door.paths) - set(queries_that_show_cases(door))
    told = [path for path in sorted(silent) if "get" in door.paths[path] and "{" not in path and path != "/feed"]
    assert {"/flows", "/heard", "/endings", "/caseload", "/rules"} <= set(told)
    for path in told:
        assert door.get(path, CILLA).status_code in {200, 503}
    assert len(logged(door)) == before


@pytest.mark.rule(23)
def test_a_line_tells_who_read_what_when_and_why_and_of_which_moment(door: Door) -> None:
    case = door.case()
    asked = {"happened_by": "2199-01-01T00:00:00Z", "from": "2025-01-01T00:00:00Z"}
    why = "päätöksen valmistelu"
    door.get(f"/cases/{case}/owner", AINO, params=asked, headers={b"Purpose": why.encode()})
    (told,) = door.get(f"/cases/{case}/reads", AINO).json()["reads"]
    (line,) = [it for it in logged(door) if it["cases"] == [case]][:1]
    assert moment(line["at"]) == moment(told.pop("at"))
    assert told == {
        "who": "aino", "role": "worker", "organisation": "kela", "unit": "asiakaspalvelu", "what": "ReadCaseOwner",
        "why": why, "as_of": asked,
    }  # fmt: skip


@pytest.mark.rule(23)
def test_an_answer_that_one_has_already_is_logged_too(door: Door) -> None:
    case = door.case()
    etag = door.get(f"/cases/{case}").headers["etag"]
    assert door.get(f"/cases/{case}", headers={"If-None-Match": etag}).status_code == 304
    assert [it["what"] for it in logged(door) if it["cases"] == [case]] == ["ReadCase", "ReadCase"]


@pytest.mark.rule(23)
def test_what_cannot_be_logged_is_not_shown(own_door: Door) -> None:
    case = own_door.case()
    service = own_door.house.region.service
    with own_door.house.region.connect(owner=True) as owner:
        owner.execute(f"REVOKE INSERT (who) ON reads FROM {service}".encode())
        for path in (f"/cases/{case}", f"/cases/{case}/words", "/cases", f"/cases/{case}/reads"):
            answer = own_door.get(path)
            assert kind(answer) == (503, "read-not-logged")
            assert answer.headers["retry-after"] == "1"
            assert case not in answer.text
        owner.execute(f"GRANT INSERT (who) ON reads TO {service}".encode())
    assert own_door.get(f"/cases/{case}").status_code == 200


@pytest.mark.rule(23)
def test_nothing_in_the_log_is_ever_changed_nor_dated_by_anybody_but_the_database(door: Door) -> None:
    door.get(f"/cases/{door.case()}")
    for statement in (
        "UPDATE reads SET who = 'muu'", "DELETE FROM reads", "TRUNCATE reads",
        "INSERT INTO reads (at, who, role, what, cases) VALUES (now(), 'a', 'b', 'c', ARRAY[gen_random_uuid()])",
    ):  # fmt: skip
        with door.house.pool.connection() as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(statement.encode())


@pytest.mark.rule(23)
def test_who_read_a_case_is_told_to_those_whom_it_concerns(door: Door) -> None:
    client = door.client()
    case, mother = door.case(client), Actor(str(uuid4()), Role.REPRESENTATIVE)
    mandate = {"representative": mother.id, "kind": "guardian"}
    assert door.post(f"/clients/{client}/name-representative", mandate).status_code == 200
    for it in (AINO, AUDITOR, as_client(client), mother):
        answer = door.get(f"/cases/{case}/reads", it)
        ReadsOfCase.model_validate_json(answer.content)
    readers = [(it["who"], it["role"]) for it in answer.json()["reads"]]
    assert readers == [("client", "client"), ("auri", "auditor"), ("aino", "worker")]
    assert str(client) not in str(logged(door)[-4:])


@pytest.mark.rule(23)
@pytest.mark.parametrize(
    ("by", "refused"),
    [
        (BO, (403, "readers-of-anothers")),
        (Actor("olli", Role.OMBUDSMAN), (403, "role-not-allowed")),
        (Actor(str(uuid4()), Role.CLIENT), (404, "stream-absent")),
        (Actor(str(uuid4()), Role.REPRESENTATIVE), (404, "stream-absent")),
    ],
    ids=lambda it: it.role if isinstance(it, Actor) else it[1],
)
def test_it_is_told_to_nobody_else(door: Door, by: Actor, refused: tuple[int, str]) -> None:
    assert kind(door.get(f"/cases/{door.case()}/reads", by)) == refused


@pytest.mark.rule(23)
def test_the_readers_come_in_pages_the_newest_first_and_asking_for_them_is_logged(door: Door) -> None:
    case = door.case()
    for what in ("", "/owner", "/voice"):
        door.get(f"/cases/{case}{what}")
    seen, url = [], f"/cases/{case}/reads?limit=2"
    while url:
        page = door.get(url).json()
        seen += [it["what"] for it in page["reads"]]
        url = page["next"]
    assert seen == ["ReadCaseVoice", "ReadCaseOwner", "ReadCase"]
    assert [it["what"] for it in door.get(f"/cases/{case}/reads").json()["reads"]][:2] == ["ReadCaseReads"] * 2


def test_no_cursor_of_another_kind(door: Door) -> None:
    case = door.case()
    for text in ("hei", '["2025-03-03T09:00:00", 1]', f'["2025-03-03T09:00:00Z", {2**63}]'):
        answer = door.get(f"/cases/{case}/reads", params={"after": cursor(text)})
        assert kind(answer) == (400, "cursor-malformed")


@pytest.mark.rule(23)
@pytest.mark.parametrize("why", ["x" * 201, "a\tb"])
def test_a_purpose_that_is_no_short_text_is_refused_and_nothing_shown(door: Door, why: str) -> None:
    case = door.case()
    answer = door.get(f"/cases/{case}", headers={"Purpose": why})
    assert kind(answer) == (400, "purpose-malformed")
    assert [it for it in logged(door) if it["cases"] == [case]] == []


@pytest.mark.rule(23)
def test_a_purpose_in_latin_1_reads_as_it_was_meant(door: Door) -> None:
    case = door.case()
    door.get(f"/cases/{case}", headers={b"Purpose": "selvitys ylläpidosta".encode("latin-1")})
    assert door.get(f"/cases/{case}/reads").json()["reads"][0]["why"] == "selvitys ylläpidosta"


@pytest.mark.rule(23)
def test_a_replay_at_the_command_line_is_logged(door: Door) -> None:
    case, known_at = door.case(), moment("2199-01-01T00:00:00+00:00")
    assert replayed(door.house.cases, UUID(case), Moment(known_at=known_at))
    (line,) = [it for it in logged(door) if it["cases"] == [case]]
    assert (line["who"], line["role"], line["what"]) == ("replay", "auditor", "Replay")
    assert line["as_of"] == {"known_at": known_at.isoformat()}
