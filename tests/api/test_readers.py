"""Who read a case, told to the client in their language and to whom else it concerns; and what auditors find of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from api.moments import cursor
from api.protected import PROTECTED
from api.readers import Reads, ReadsOfCase, ReadsOfClient, visible
from api.reads import Reading, log
from domain.authorization import Grant, Purpose
from domain.decider import Actor, Role
from tests.api.conftest import Door, as_client, kind
from tests.api.test_reads import logged
from tests.town import AINO, BO, CILLA

AUDITOR = Actor("auri", Role.AUDITOR)
GRANTED = Grant("omavalvonta", diary="123")


def mother_of(door: Door, client: UUID) -> Actor:
    mother = Actor(str(uuid4()), Role.REPRESENTATIVE)
    mandate = {"representative": mother.id, "kind": "guardian"}
    assert door.post(f"/clients/{client}/name-representative", mandate).status_code == 200
    return mother


def read_by(door: Door, by: Actor, *cases: str, what: str = "ReadCase", grant: Grant | None = None) -> None:
    """Let somebody have read these cases."""
    log(door.house.pool, Reading(by, what, frozenset(map(UUID, cases)), Purpose.WORK, grant=grant))


def audited(door: Door, grant: Grant, **asked: Any) -> Response:
    """Ask across cases, as an auditor who was let see so much."""
    token = {"Authorization": f"Bearer {door.issuer.mint(AUDITOR, grant=grant)}"}
    return door.get("/reads", None, params=asked, headers=token)


def readers(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [it["who"] for it in answer.json()["reads"]]


def walked(door: Door, by: Actor, url: str | None) -> Iterable[dict[str, Any]]:
    """Yield what all pages tell, from this one on."""
    while url:
        page = door.get(url, by).json()
        yield from page["reads"]
        url = page["next"]


# Of one case


@pytest.mark.rule(23)
def test_who_read_a_case_is_told_to_those_whom_it_concerns(door: Door) -> None:
    client = door.client()
    case, mother = door.case(client), mother_of(door, client)
    for it in (AINO, AUDITOR, as_client(client), mother):
        answer = door.get(f"/cases/{case}/reads", it)
        ReadsOfCase.model_validate_json(answer.content)
    found = [(it["who"], it["role"]) for it in answer.json()["reads"]]
    assert found == [("client", "client"), ("auri", "auditor"), ("aino", "worker")]
    assert str(client) not in str(logged(door)[-4:])


@pytest.mark.rule(23)
@pytest.mark.parametrize(
    ("by", "refused"),
    [
        (Actor(str(uuid4()), Role.CLIENT), (404, "stream-absent")),
        (Actor(str(uuid4()), Role.REPRESENTATIVE), (404, "stream-absent")),
    ],
    ids=lambda it: it.role if isinstance(it, Actor) else it[1],
)
def test_it_is_told_to_nobody_else(door: Door, by: Actor, refused: tuple[int, str]) -> None:
    assert kind(door.get(f"/cases/{door.case()}/reads", by)) == refused


@pytest.mark.rule(23)
@pytest.mark.parametrize("by", [BO, Actor("olli", Role.OMBUDSMAN), Actor("juuri", Role.ADMINISTRATOR)])
def test_neither_those_who_do_not_hold_it_nor_those_who_help_or_keep_house_are_told(door: Door, by: Actor) -> None:
    case = door.case()
    answer = door.get(f"/cases/{case}/reads", by)
    assert answer.status_code in {403, 404}
    assert case not in answer.text


@pytest.mark.rule(23)
def test_the_readers_come_in_pages_the_newest_first_and_asking_for_them_is_logged(door: Door) -> None:
    case = door.case()
    for what in ("", "/owner", "/voice"):
        door.get(f"/cases/{case}{what}")
    seen = [it["what"] for it in walked(door, AINO, f"/cases/{case}/reads?limit=2")]
    assert seen == ["ReadCaseVoice", "ReadCaseOwner", "ReadCase"]
    assert [it["what"] for it in door.get(f"/cases/{case}/reads").json()["reads"]][:2] == ["ReadCaseReads"] * 2


@pytest.mark.parametrize("path", ["/cases/{case}/reads", "/clients/{client}/reads", "/reads"])
def test_no_cursor_of_another_kind(door: Door, path: str) -> None:
    client = door.client()
    here = path.format(case=door.case(client), client=client)
    by = AUDITOR if path == "/reads" else as_client(client)
    some = uuid4()
    for text in (
        "hei", '["2025-03-03T09:00:00Z", 1]', f'["2025-03-03T09:00:00", 1, "{some}"]', f'["infinity", 1, "{some}"]',
        f'["2025-03-03T09:00:00Z", {2**63}, "{some}"]',
    ):  # fmt: skip
        assert kind(door.get(here, by, params={"after": cursor(text)})) == (400, "cursor-malformed")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_or_an_interval_of_any_time_is_taken(door: Door, at: str) -> None:
    path = f"/cases/{door.case()}/reads"
    after = cursor(f'["{at}", 1, "{uuid4()}"]')
    assert door.get(path, params={"after": after}).status_code == 200
    assert door.get(path, params={"from": at, "to": at}).status_code == 200


@pytest.mark.rule(23)
def test_a_reader_is_sought_by_name_by_organisation_and_by_time(door: Door) -> None:
    case = door.case()
    for by in (AINO, BO, CILLA):
        read_by(door, by, case)
    path = f"/cases/{case}/reads"
    first, _, last = reversed(door.get(path, AUDITOR).json()["reads"])
    assert readers(door.get(path, AUDITOR, params={"who": "bo"})) == ["bo"]
    assert readers(door.get(path, AUDITOR, params={"organisation": "pirha"})) == ["cilla", "bo"]
    assert readers(door.get(path, AUDITOR, params={"from": last["at"], "who": "aino"})) == []
    assert readers(door.get(path, AUDITOR, params={"from": first["at"], "to": last["at"]})) == ["bo", "aino"]


@pytest.mark.rule(22)
def test_whoever_is_not_to_know_where_a_reader_works_is_not_told_nor_finds_it_out(door: Door) -> None:
    client = door.client()
    case, mother = door.case(client), mother_of(door, client)
    until = datetime(2199, 1, 1, tzinfo=UTC).isoformat()
    assert door.post(f"/clients/{client}/protect-address", {"until": until}).status_code == 200
    read_by(door, AINO, case)
    read_by(door, AUDITOR, case, grant=GRANTED)
    for path in (f"/cases/{case}/reads", f"/clients/{client}/reads"):
        auditor, worker = door.get(path, mother).json()["reads"][-2:]
        assert (worker["who"], worker["unit"]) == (PROTECTED, PROTECTED)
        assert (auditor["grant_purpose"], auditor["diary"]) == (PROTECTED, PROTECTED)
        auditor, worker = door.get(path, as_client(client)).json()["reads"][-2:]
        assert (worker["who"], worker["unit"]) == ("aino", "asiakaspalvelu")
        assert (auditor["grant_purpose"], auditor["diary"]) == ("omavalvonta", "123")
        for sought in ({"who": "aino"}, {"organisation": "kela"}):
            assert kind(door.get(path, mother, params=sought)) == (403, "role-not-allowed")


# In their language


@pytest.mark.rule(23)
@pytest.mark.parametrize(
    ("accepted", "into", "texts"),
    [
        ("fi", "fi", ("työntekijä", "kuka asian omistaa ja kuka siitä vastaa", "työ asiassa")),
        ("de, sv-FI;q=0.9, en;q=0.8", "sv", ("arbetstagare", "vem som äger ärendet och vem som svarar för det",
                                             "för arbetet i ärendet")),
        ("en-GB,en;q=0.9,fi;q=0.1", "en", ("a worker", "who owns the case and who answers for it",
                                           "for the work in the case")),
    ],
)  # fmt: skip
def test_who_read_what_and_why_is_told_in_the_language_that_is_asked_for(
    door: Door, accepted: str, into: str, texts: tuple[str, ...]
) -> None:
    client = door.client()
    case = door.case(client)
    door.get(f"/cases/{case}/owner")
    for path, by in ((f"/cases/{case}/reads", as_client(client)), (f"/clients/{client}/reads", as_client(client)),
                     (f"/reads?case={case}", AUDITOR)):  # fmt: skip
        answer = door.get(path, by, headers={"Accept-Language": accepted})
        assert answer.headers["content-language"] == into
        told = answer.json()["reads"][-1]
        assert (told["role_told"], told["what_told"], told["why_told"]) == texts


@pytest.mark.rule(23)
def test_a_client_who_asks_for_none_is_told_in_the_language_that_they_chose(door: Door) -> None:
    client = door.client()
    path = f"/cases/{door.case(client)}/reads"
    assert door.get(path, as_client(client)).headers["content-language"] == "fi"
    for chosen, into in (("sv", "sv"), ("en", "en"), ("se", "fi")):
        body = {"language": chosen}
        assert door.post(f"/clients/{client}/choose-language", body, as_client(client)).status_code == 200
        assert door.get(path, as_client(client)).headers["content-language"] == into
        german = door.get(path, as_client(client), headers={"Accept-Language": "de"})
        assert german.headers["content-language"] == into
    assert door.get(path, AINO).headers["content-language"] == "fi"


# Of a client's cases


@pytest.mark.rule(23)
def test_a_client_and_who_represents_them_read_who_read_any_of_their_cases(door: Door) -> None:
    client = door.client()
    one, other, anothers = door.case(client), door.case(client), door.case()
    read_by(door, AINO, one, other, anothers, what="ListCases")
    read_by(door, BO, other)
    path = f"/clients/{client}/reads"
    for by in (as_client(client), mother_of(door, client)):
        answer = door.get(path, by)
        ReadsOfClient.model_validate_json(answer.content)
        assert anothers not in answer.text
        found = [(it["who"], it["case"]) for it in answer.json()["reads"] if it["who"] in {"aino", "bo"}]
        assert found == [("bo", other), *(("aino", it) for it in sorted([one, other], reverse=True))]
        line = logged(door)[-1]
        assert (line["what"], line["role"]) == ("ListReadsOfClient", by.role)
        assert set(line["cases"]) == {one, other}
    paged = list(walked(door, as_client(client), f"{path}?limit=1"))
    assert len(paged) == len({(it["at"], it["case"]) for it in paged})
    assert [(it["who"], it["case"]) for it in paged][-3:] == found


@pytest.mark.rule(23)
def test_nobody_else_reads_who_read_a_clients_cases(door: Door) -> None:
    client = door.client()
    door.case(client)
    path = f"/clients/{client}/reads"
    for by in (AINO, CILLA, AUDITOR, Actor("olli", Role.OMBUDSMAN)):
        assert kind(door.get(path, by)) == (403, "role-not-allowed")
    for by in (as_client(door.client()), Actor(str(uuid4()), Role.REPRESENTATIVE)):
        assert kind(door.get(path, by)) == (404, "stream-absent")
    nobody = uuid4()
    assert kind(door.get(f"/clients/{nobody}/reads", as_client(nobody))) == (404, "stream-absent")


# Across cases


@pytest.mark.rule(23)
def test_an_auditor_finds_readers_across_the_cases_that_they_were_let_see_and_is_logged(door: Door) -> None:
    who, cases = f"worker {uuid4()}", [door.case() for _ in range(3)]
    read_by(door, Actor(who, Role.WORKER, "pirha", "aikuissosiaalityo"), *cases, what="ListCases")
    named = Grant("omavalvonta", cases=frozenset(map(UUID, cases[:2])))
    answer = audited(door, named, who=who)
    Reads.model_validate_json(answer.content)
    assert {it["case"] for it in answer.json()["reads"]} == set(cases[:2])
    assert cases[2] not in answer.text
    line = logged(door)[-1]
    assert (line["who"], line["what"], line["grant_purpose"]) == ("auri", "ListReads", "omavalvonta")
    assert set(line["cases"]) == set(cases[:2])
    assert readers(audited(door, named, who=who, organisation="kela")) == []
    assert readers(audited(door, named, organisation="pirha")) == [who, who]


@pytest.mark.rule(23)
def test_a_grant_by_period_opens_the_cases_that_were_open_in_it(door: Door) -> None:
    who, case = f"worker {uuid4()}", door.case()
    read_by(door, Actor(who, Role.WORKER, "pirha", "aikuissosiaalityo"), case)
    opened = datetime.now(UTC).replace(year=2100)
    before, after = Grant("a", until=opened.replace(year=2000)), Grant("a", since=opened)
    for grant, found in (
        (before, []), (after, [who]), (Grant("a", since=opened.replace(year=2000), until=opened), [who]),
        (before.but(cases=frozenset({UUID(case)})), [who]),
    ):  # fmt: skip
        assert readers(audited(door, grant, who=who)) == found
        assert readers(audited(door, grant, who=who, limit=1)) == found


def test_of_a_grant_that_names_nothing_and_of_none_nothing_is_to_be_seen() -> None:
    assert visible(Grant("a"), None)["sought"] == visible(None, None)["sought"] == []


@pytest.mark.rule(23)
def test_an_auditor_who_asks_of_one_case_is_in_the_log_though_nobody_read_it(door: Door) -> None:
    case = door.case()
    assert audited(door, Grant("a", cases=frozenset({UUID(case)})), case=case).json()["reads"] == []
    assert (logged(door)[-1]["what"], logged(door)[-1]["cases"]) == ("ListReads", [case])
    elsewhere = audited(door, Grant("a", cases=frozenset({uuid4()})), case=case)
    assert elsewhere.status_code == 404 or elsewhere.json()["reads"] == []


@pytest.mark.rule(23)
def test_the_pages_across_cases_leave_nothing_out_and_tell_nothing_twice(door: Door) -> None:
    who, cases = f"worker {uuid4()}", [door.case() for _ in range(3)]
    for _ in range(2):
        read_by(door, Actor(who, Role.WORKER, "pirha", "aikuissosiaalityo"), *cases)
    found = list(walked(door, AUDITOR, f"/reads?who={who}&limit=2"))
    assert [it["case"] for it in found] == sorted(cases, reverse=True) * 2


@pytest.mark.rule(23)
@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUDITOR}))
def test_only_auditors_ask_across_cases(door: Door, role: Role) -> None:
    by = Actor(str(uuid4()), role, "pirha", "aikuissosiaalityo")
    assert kind(door.get("/reads", by)) == (403, "role-not-allowed")
