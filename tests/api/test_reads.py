"""Every read of a case is written down before it is shown, whoever asks for whatever; nothing switches that off."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from api.clock import Clock
from api.house import opened
from api.reads import Reading, cases_in, log, purpose_of, shows_cases
from api.replay import Moment, replayed
from domain.authorization import Grant, Purpose, PurposeNotYours
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.bundles import Bundle, sealed
from tests.api.conftest import Door, as_client, door_of, kind, moment, new_database
from tests.api.running import luotsi
from tests.api.test_alerts import overdue
from tests.domain.ledger.conftest import eventually
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

AUDITOR = Actor("auri", Role.AUDITOR)
REPRESENTATIVE = Actor(str(uuid4()), Role.REPRESENTATIVE)
ASKED = {"/referral-memory": "case={case}", "/findings": "rule=26", "/cases": "worker=bo", "/reads": "case={case}"}
ASKED |= {"/checkpoint/consistency": "from=0"}
"""How a query is asked that shows the case at hand; the others need no more than its path."""
KNOWN = {"organisation": "pirha", "unit": "aikuissosiaalityo", "worker": "bo", "name": "stream-absent"}
KNOWN |= {"log": "events", "epoch": "1", "level": "0", "place": "000.p/1"}


@dataclass(frozen=True)
class Scene:
    """A house, a client and their case, of which a manager was told, which shows a finding and which Aino asked for."""

    door: Door
    client: UUID
    case: str

    def entitled(self, path: str) -> Actor:
        """Return somebody who may ask this."""
        who = {"/reads": AUDITOR, "/clients/{id}/reads": as_client(self.client), "/askings": AINO}
        return (who | {"/represented": REPRESENTATIVE}).get(path, CILLA)

    def ask(self, path: str, **more: Any) -> Response:
        """Ask a query for what it shows of the case, if it shows cases."""
        here = path.format(id=self.client if path.startswith("/clients") else self.case, **KNOWN)
        asked = ASKED.get(path, "").format(case=self.case)
        return self.door.get(here, self.entitled(path), params=asked, **more)

    def queries(self) -> list[str]:
        """Return every query that there is, but the feed, which has no end and shows nothing of a case but its id."""
        return [path for path, it in self.door.app.openapi()["paths"].items() if "get" in it and path != "/feed"]

    def that_show_cases(self) -> list[str]:
        document = self.door.app.openapi()
        return [
            it for it in self.queries()
            if it.startswith("/cases/{id}") or shows_cases(document, document["paths"][it]["get"])
        ]  # fmt: skip


@pytest.fixture(scope="module")
def scene(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        yield scene_of(door)


def shown_by(answer: Response) -> frozenset[UUID]:
    """Return the cases that an answer tells of: a bundle is of one, and what proves the log is of none."""
    if answer.headers["content-type"] == "application/zip":
        return frozenset({UUID(Bundle(answer.content).manifest["case"])})
    return cases_in(answer.json()) if "json" in answer.headers["content-type"] else frozenset()


def scene_of(door: Door) -> Scene:
    case = overdue(door)
    assert door.post(f"/cases/{case}/name-responsible", {"holder": vars(holder(BO))}, CILLA).status_code == 200
    assert door.post(f"/cases/{case}/request-handoff", {"reason": "tunnen hänet"}, AINO).status_code == 200
    overdue(door)
    client = door.house.cases.client_of(UUID(case))
    assert client
    assert door.get(f"/cases/{case}", CILLA).status_code == 200
    sealed(door)
    return Scene(door, client, case)


def logged(door: Door) -> list[dict[str, Any]]:
    """Return the whole log of readings, in the order in which they were written."""
    with door.house.pool.connection() as connection:
        found = connection.execute("SELECT row_to_json(r) FROM reads r ORDER BY id").fetchall()
    return [row for (row,) in found]


@pytest.mark.rule(23)
def test_every_answer_that_holds_a_case_is_logged_and_no_other(scene: Scene) -> None:
    """Whichever queries there are: one that shows a case and leaves no line in the log does not exist."""
    for path in scene.queries():
        before = len(logged(scene.door))
        answer = scene.ask(path)
        lines, shown = logged(scene.door)[before:], shown_by(answer)
        assert answer.status_code in {200, 404, 503}, path
        assert len(lines) == bool(shown), path
        assert {it for line in lines for it in line["cases"]} == {str(it) for it in shown}
        assert shown or scene.case not in answer.text, path


@pytest.mark.rule(23)
def test_what_the_documentation_says_to_show_cases_shows_them_and_takes_a_purpose(scene: Scene) -> None:
    paths = set(scene.that_show_cases())
    assert {"/cases", "/cases/{id}", "/cases/{id}/reads", "/clients/{id}/cases", "/findings", "/alerts"} <= paths
    assert {"/reads", "/clients/{id}/reads"} <= paths
    for path in paths:
        answer = scene.ask(path)
        assert answer.status_code == 200, answer.text
        line, operation, by = logged(scene.door)[-1], scene.door.paths[path]["get"], scene.entitled(path)
        assert (line["what"], line["role"], line["via"]) == (operation["operationId"], by.role, "http")
        assert line["who"] == ("client" if by.role == Role.CLIENT else by.id)
        assert shown_by(answer) == set(map(UUID, line["cases"])) != set()
        assert "Purpose" in {it["name"] for it in operation["parameters"]}


@pytest.mark.rule(23)
def test_nothing_is_shown_that_cannot_be_logged(own_door: Door) -> None:
    """Whichever queries there are: while the log takes no line none shows a case, and all do again afterwards."""
    scene = scene_of(own_door)
    service = own_door.house.region.service
    with own_door.house.region.connect(owner=True) as owner:
        owner.execute(f"REVOKE INSERT (who) ON reads FROM {service}".encode())
        for path in scene.that_show_cases():
            answer = scene.ask(path)
            assert kind(answer) == (503, "read-not-logged"), path
            assert answer.headers["retry-after"] == "1"
            assert scene.case not in answer.text
        owner.execute(f"GRANT INSERT (who) ON reads TO {service}".encode())
    assert {scene.ask(path).status_code for path in scene.that_show_cases()} == {200}


@pytest.mark.rule(23)
def test_a_month_without_its_part_of_the_log_keeps_nobody_from_reading(own_door: Door) -> None:
    case = own_door.case()
    with own_door.house.region.connect(owner=True) as owner:
        (part,) = owner.execute("SELECT to_char(now(), '\"reads_\"YYYY_MM')").fetchone() or ("",)
        owner.execute(f"DROP TABLE {part}".encode())
        assert own_door.get(f"/cases/{case}").status_code == 200
        assert owner.execute("SELECT cases[1] FROM reads_other").fetchall() == [(UUID(case),)]
    assert [it["what"] for it in own_door.get(f"/cases/{case}/reads").json()["reads"]] == ["ReadCase"]


@pytest.mark.rule(23)
def test_a_line_tells_who_read_what_when_and_why_and_of_which_moment(door: Door) -> None:
    case = door.case()
    asked = {"happened_by": "2199-01-01T00:00:00Z", "from": "2025-01-01T00:00:00Z"}
    assert door.get(f"/cases/{case}/owner", AINO, params=asked).status_code == 200
    (told,) = door.get(f"/cases/{case}/reads", AINO).json()["reads"]
    (line,) = [it for it in logged(door) if it["cases"] == [case]][:1]
    assert moment(line["at"]) == moment(told.pop("at"))
    assert {it: told[it] for it in told if not it.endswith("_told")} == {
        "case": case, "who": "aino", "role": "worker", "organisation": "kela", "unit": "asiakaspalvelu",
        "relation": line["relation"], "what": "ReadCaseOwner", "via": "http", "why": "work", "grant_purpose": None,
        "diary": None, "as_of": asked,
    }  # fmt: skip


@pytest.mark.rule(23)
def test_an_answer_that_one_has_already_is_logged_too(door: Door) -> None:
    case = door.case()
    etag = door.get(f"/cases/{case}").headers["etag"]
    assert door.get(f"/cases/{case}", headers={"If-None-Match": etag}).status_code == 304
    assert [it["what"] for it in logged(door) if it["cases"] == [case]] == ["ReadCase", "ReadCase"]


# Why


@pytest.mark.rule(23)
def test_everybody_reads_for_what_is_usual_in_their_role_unless_they_say_otherwise(door: Door) -> None:
    usual = {AINO: "work", AUDITOR: "audit", ADMINISTRATOR: "upkeep", as_client(uuid4()): "own"}
    assert {it: str(purpose_of(it, None)) for it in usual} == usual
    assert purpose_of(CILLA, Purpose.SUPERVISION) == Purpose.SUPERVISION
    with pytest.raises(PurposeNotYours):
        purpose_of(AINO, Purpose.SUPERVISION)
    case = door.case()
    assert door.get(f"/cases/{case}", headers={"Purpose": " work "}).status_code == 200
    assert [it["why"] for it in logged(door) if it["cases"] == [case]] == ["work"]


@pytest.mark.rule(23)
@pytest.mark.parametrize("why", ["päätöksen valmistelu", "Work", "", "x" * 300])
def test_a_purpose_that_there_is_none_of_is_refused_and_nothing_shown(door: Door, why: str) -> None:
    case = door.case()
    answer = door.get(f"/cases/{case}", headers={b"Purpose": why.encode()})
    assert kind(answer) == (400, "purpose-unknown")
    assert answer.json()["details"]["purposes"] == sorted(Purpose)
    assert [it for it in logged(door) if it["cases"] == [case]] == []


@pytest.mark.rule(23)
def test_nobody_reads_for_what_is_anothers_purpose(door: Door) -> None:
    case = door.case()
    answer = door.get(f"/cases/{case}", AINO, headers={"Purpose": "audit"})
    assert kind(answer) == (403, "purpose-not-yours")
    assert case not in answer.text


@pytest.mark.rule(23)
def test_an_auditors_grant_tells_what_for_and_under_which_number(door: Door) -> None:
    case = door.case()
    grant = Grant("vuosittainen omavalvonta", cases=frozenset({UUID(case)}), diary="PIRHA/123/2026")
    token = {"Authorization": f"Bearer {door.issuer.mint(AUDITOR, grant=grant)}"}
    assert door.get(f"/cases/{case}", None, headers=token).status_code == 200
    (line,) = [it for it in logged(door) if it["cases"] == [case]]
    assert (line["why"], line["grant_purpose"], line["diary"]) == ("audit", grant.purpose, grant.diary)


@pytest.mark.rule(23)
def test_a_replay_at_the_command_line_is_logged_under_the_name_that_its_reader_has_there(door: Door) -> None:
    case, known_at = door.case(), moment("2199-01-01T00:00:00+00:00")
    assert replayed(door.house.cases, UUID(case), Moment(known_at=known_at))
    (line,) = [it for it in logged(door) if it["cases"] == [case]]
    assert (line["who"], line["role"], line["what"]) == (pwd.getpwuid(os.getuid()).pw_name, "auditor", "Replay")
    assert (line["via"], line["why"], line["as_of"]) == ("command-line", "audit", {"known_at": known_at.isoformat()})


@pytest.mark.rule(23)
def test_the_log_knows_no_client_by_their_id(door: Door) -> None:
    client, case = door.client(), uuid4()
    log(door.house.pool, Reading(as_client(client), "ReadCase", frozenset({case}), Purpose.OWN))
    (line,) = [it for it in logged(door) if it["cases"] == [str(case)]]
    assert str(client) not in str(line)


# The parts of the log


def parts(door: Door) -> list[str]:
    """Return the months that have a part of the log, and the part of those that have none."""
    with door.house.region.connect(owner=True) as owner:
        found = owner.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'reads'::regclass ORDER BY 1"
        ).fetchall()
    return [name for (name,) in found]


def lost(door: Door) -> list[str]:
    """Take the part of the last month away; return which there were."""
    before = parts(door)
    with door.house.region.connect(owner=True) as owner:
        owner.execute(f"DROP TABLE {before[-2]}".encode())
    return before


@pytest.mark.rule(23)
def test_the_parts_of_the_months_to_come_are_made_where_the_house_is_opened_and_by_the_clock(own_door: Door) -> None:
    before = lost(own_door)
    with opened(own_door.house.settings):
        assert parts(own_door) == before
    lost(own_door)
    clock = Clock(own_door.house.cases)
    clock.start()
    eventually(lambda: parts(own_door) == before)
    clock.stop()


def test_whoever_migrates_is_told_which_parts_may_go(own_door: Door, tmp_path: Path) -> None:
    before, url = lost(own_door), str(own_door.house.settings.database_url)
    with own_door.house.region.connect(owner=True) as owner:
        owner.execute(_LONG_AGO, ([uuid4()],))
    done = luotsi(tmp_path, "migrate", DATABASE_URL=url, LUOTSI_REGION="koe")
    assert "All in reads_2001_05 is older than 12 years" in done.stderr
    assert parts(own_door) == ["reads_2001_05", *before]


_LONG_AGO = """
    INSERT INTO reads (at, who, role, what, via, why, cases)
    VALUES ('2001-05-17', 'aino', 'worker', 'ReadCase', 'http', 'work', %s)"""
