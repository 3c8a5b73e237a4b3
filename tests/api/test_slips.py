"""The slip: whoever has its code is told who answers now, how to reach them and what is promised, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api import slips
from api.app import create_app
from api.rates import Rate
from api.slips import Looks
from domain.decider import Actor, Role
from domain.directory import organisation_stream, unit_stream, worker_stream
from domain.ledger.keys.keks import keks_in
from domain.ledger.postgres import Server
from domain.ledger.slips import Slips
from domain.ledger.words import Keyring
from domain.slip import code_of, read_code
from tests.api.conftest import PLENTY, Door, as_client, door_of, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

WORDS = "Soitamme yhdessä vuokranantajalle."
NEED = "asunnon menettäminen"  # as Door.case has it
UNKNOWN = code_of(12345)
DUE = "2099-03-11T22:30:00Z"  # which is the 12th in Finland
AUDITOR = Actor("auri", Role.AUDITOR)


@pytest.fixture(scope="module")
def town(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give a door to a town whose directory tells how Bo is reached."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        unit = unit_stream("pirha", "aikuissosiaalityo")
        hours = [{"first": "mon", "last": "fri", "opens": "09:00", "closes": "15:00"}]
        for path, body in (
            (f"/organisations/{organisation_stream('pirha')}/set-switchboard", {"telephone": "03 000 0020"}),
            (f"/organisations/{organisation_stream('kela')}/set-switchboard", {"telephone": "020 000 0010"}),
            (f"/units/{unit}/set-unit-contact", {"telephone": "03 000 0021", "hours": hours}),
            (f"/workers/{worker_stream('pirha', 'bo')}/set-worker-contact", {"name": "Bo Lindqvist"}),
        ):
            assert door.post(path, body, ADMINISTRATOR).is_success
        yield door


def promised(door: Door, by: Actor = BO) -> tuple[str, Actor]:
    """Open a case in which something is promised; return it and its client."""
    client = door.client()
    case = door.case(client, by)
    promise = {"who": "worker", "what": WORDS, "by": DUE}
    assert door.post(f"/cases/{case}/promise-next-step", promise, by).is_success
    return case, as_client(client)


def slip(door: Door, case: str, by: Actor = BO) -> Any:
    made = door.post(f"/cases/{case}/slip", None, by)
    assert made.status_code == 201, made.text
    return made.json()


def look(door: Door, code: str) -> Response:
    return door.post("/slip", {"code": code}, None)


def closed(door: Door, case: str) -> None:
    """Close a case in which advice was enough."""
    enough = {"kind": "screening", "outcome": "advice_suffices", "no_view_because": "puhelimessa"}
    for act, body in (
        ("complete-assessment", enough),
        ("propose-closure", {"ground": "advice_sufficed", "no_view_because": "riitti"}), ("close-case", {}),
    ):  # fmt: skip
        assert door.post(f"/cases/{case}/{act}", body, BO).is_success


def protect(door: Door, client: Actor) -> None:
    until = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    assert door.post(f"/clients/{client.id}/protect-address", {"until": until}, BO).is_success


# What it tells


def test_a_slip_tells_anybody_who_answers_how_to_reach_them_and_what_is_promised(town: Door) -> None:
    case, client = promised(town)
    made = slip(town, case)
    told = look(town, made["code"])
    assert told.status_code == 200
    assert told.headers["cache-control"] == "no-store"
    assert told.json() == {
        "status": "open", "organisation_name": "pirha", "unit_name": "aikuissosiaalityo",
        "worker_name": "Bo Lindqvist", "telephone": "03 000 0021",
        "hours": [{"first": "mon", "last": "fri", "opens": "09:00", "closes": "15:00"}], "electronic": None,
        "next_step": {"who": "worker", "what": WORDS, "due": DUE}, "says": made["says"],
    }  # fmt: skip
    assert made["says"]["fi"] == (
        "Asiastasi vastaa Bo Lindqvist, aikuissosiaalityo, pirha, p. 03 000 0021 (ma–pe 9–15). "
        "Seuraavaksi: Soitamme yhdessä vuokranantajalle, viimeistään 12.3.2099."
    )
    for secret in (case, client.id, NEED, 'bo"'):
        assert secret not in told.text


def test_it_says_so_in_three_languages(town: Door) -> None:
    says = look(town, slip(town, promised(town)[0])["code"]).json()["says"]
    begins = {"fi": "Asiastasi vastaa", "sv": "För ditt ärende svarar", "en": "Your case is with"}
    assert says.keys() == begins.keys()
    assert all(says[it].startswith(begins[it]) for it in says)


def test_it_tells_what_is_so_now_and_not_what_was_so_when_it_was_made(town: Door) -> None:
    case, _ = promised(town)
    code = slip(town, case)["code"]
    offer = {"to": vars(holder(CILLA)), "reason": "loma", "no_view_because": "ei tavattu"}
    handoff = town.post(f"/cases/{case}/propose-handoff", offer, BO).json()["made"]
    assert town.post(f"/cases/{case}/accept-handoff", {"handoff": handoff}, CILLA).is_success
    told = look(town, code).json()
    assert (told["worker_name"], told["unit_name"]) == (None, "aikuissosiaalityo")  # no name to show is known of Cilla


def test_of_an_organisation_whose_unit_has_no_number_it_tells_the_switchboard(town: Door) -> None:
    told = look(town, slip(town, town.case(by=AINO), AINO)["code"]).json()
    assert (told["telephone"], told["hours"], told["worker_name"], told["next_step"]) == (
        "020 000 0010",
        [],
        None,
        None,
    )


def test_of_a_closed_case_it_tells_that_it_is_and_whom_to_ask(town: Door) -> None:
    case, _ = promised(town)
    code = slip(town, case)["code"]
    closed(town, case)
    told = look(town, code).json()
    assert (told["status"], told["worker_name"], told["next_step"]) == ("closed", "Bo Lindqvist", None)
    assert "suljettu" in told["says"]["fi"]


@pytest.mark.parametrize("by_client", [True, False], ids=["by the client", "from the client"])
def test_a_promise_that_is_withheld_from_somebody_is_told_to_nobody_by_a_slip(town: Door, *, by_client: bool) -> None:
    case, client = promised(town)
    code = slip(town, case)["code"]
    entry = {"entry": town.get(f"/cases/{case}/next-step", BO).json()["rows"][-1]["version"]}
    review = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    wish = entry | {"from_whom": str(uuid4()), "ground": "client_wish"}
    safe = entry | {"from_whom": "client", "ground": "safety", "reason": "ei vielä", "review_by": review}
    kept = town.post(f"/cases/{case}/forbid-disclosure", wish if by_client else safe, client if by_client else BO)
    assert kept.is_success, kept.text
    told = look(town, code)
    assert told.json()["next_step"] is None
    assert WORDS not in told.text


def test_a_promise_said_to_be_another_persons_is_not_told(town: Door) -> None:
    case, _ = promised(town)
    code = slip(town, case)["code"]
    version = town.get(f"/cases/{case}/next-step", BO).json()["rows"][-1]["version"]
    wrong = {"version": version, "reason": "toisen asia", "wrong_person": True}
    assert town.post(f"/cases/{case}/mark-erroneous", wrong, BO).is_success
    told = look(town, code)
    assert told.json()["next_step"] is None
    assert WORDS not in told.text


# Under address protection


@pytest.mark.rule(22)
def test_under_address_protection_it_tells_a_switchboard_and_a_day(town: Door) -> None:
    case, client = promised(town)
    protect(town, client)
    made = slip(town, case)
    told = look(town, made["code"])
    assert told.json() == {
        "status": "open", "organisation_name": "pirha", "unit_name": None, "worker_name": None,
        "telephone": "03 000 0020", "hours": [], "electronic": None,
        "next_step": {"who": "worker", "what": None, "due": DUE}, "says": made["says"],
    }  # fmt: skip
    for place in ("Lindqvist", "aikuissosiaalityo", "0021", WORDS):
        assert place not in told.text + str(made)


@pytest.mark.rule(22)
def test_what_was_given_out_before_the_address_was_protected_tells_nothing_any_more(town: Door) -> None:
    case, client = promised(town)
    before = slip(town, case)["code"]
    protect(town, client)
    after = slip(town, case)["code"]
    assert kind(look(town, before)) == (404, "slip-unknown")
    assert look(town, after).is_success
    assert town.post(f"/clients/{client.id}/lift-address-protection", {}, BO).is_success
    assert look(town, after).json()["worker_name"] == "Bo Lindqvist"


@pytest.mark.rule(22)
def test_the_authority_whose_duty_it_is_is_told_and_not_who_shelters_the_client(town: Door) -> None:
    case, client = promised(town)
    protect(town, client)
    code = slip(town, case)["code"]
    to = {"organisation": "kela", "unit": "asiakaspalvelu"}
    offer = {"to": to, "reason": "turva", "no_view_because": "ei tavattu", "disclosure_basis": "statutory"}
    handoff = town.post(f"/cases/{case}/propose-handoff", offer, BO).json()["made"]
    assert town.post(f"/cases/{case}/accept-handoff", {"handoff": handoff}, AINO).is_success
    told = look(town, code).json()
    assert (told["organisation_name"], told["telephone"]) == ("pirha", "03 000 0020")


# Which codes count


def test_a_code_is_read_however_it_is_typed(town: Door) -> None:
    code = slip(town, promised(town)[0])["code"]
    for typed in (
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("0", "O").replace("1", "l"),
    ):
        assert look(town, typed).is_success


def test_a_mistyped_code_is_said_to_be_one_and_an_unknown_one_not_to_count(town: Door) -> None:
    assert kind(look(town, UNKNOWN)) == (404, "slip-unknown")
    assert kind(look(town, UNKNOWN[:-1] + ("A" if UNKNOWN[-1] != "A" else "B"))) == (422, "code-mistyped")
    assert kind(look(town, "salaisuus")) == (422, "code-mistyped")
    assert kind(town.post("/slip", {"code": "x" * 101}, None)) == (422, "request-invalid")
    assert kind(town.post("/slip", {"code": UNKNOWN, "case": "x"}, None)) == (422, "request-invalid")


@pytest.fixture
def expired(town: Door) -> Callable[[str], str]:
    """Give what makes a slip whose time has passed."""

    def make(case: str) -> str:
        past = datetime.now(UTC) - timedelta(seconds=1)
        return Slips(town.house.cases).make(case_id(case), BO, past, protected=False)[1]

    return make


def case_id(case: str) -> Any:
    return type(uuid4())(case)


def test_unknown_expired_and_revoked_codes_are_answered_alike(town: Door, expired: Callable[[str], str]) -> None:
    case, _ = promised(town)
    made = slip(town, case)
    assert town.post(f"/cases/{case}/revoke-slip", {"slip": made["slip"]}, BO).is_success
    other = slip(town, case)["code"]
    same_beginning = code_of(sum("0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(it) << 5 * place
                                 for place, it in enumerate(read_code(other)[:18] + "Z")))  # fmt: skip
    answers = [look(town, it) for it in (UNKNOWN, made["code"], expired(case), same_beginning)]
    assert {(it.status_code, it.text, str(sorted(it.headers.items()))) for it in answers} == {
        (404, answers[0].text, str(sorted(answers[0].headers.items())))
    }
    assert look(town, other).is_success  # a newer one and an older count beside each other


def test_how_long_a_code_counts_is_the_policy_of_whoever_makes_it(town: Door) -> None:
    case, client = promised(town)
    usual = datetime.fromisoformat(slip(town, case)["expires"]) - datetime.now(UTC)
    assert timedelta(days=89) < usual < timedelta(days=91)
    policy = {"rule": "slip_days", "value": 7, "organisation": "pirha", "unit": "aikuissosiaalityo"}
    assert town.post("/policy", policy, ADMINISTRATOR).is_success
    short = datetime.fromisoformat(slip(town, case)["expires"]) - datetime.now(UTC)
    assert timedelta(days=6) < short < timedelta(days=8)
    assert datetime.fromisoformat(slip(town, case, client)["expires"]) - datetime.now(UTC) > timedelta(days=89)


def test_once_the_words_are_erased_no_code_of_the_case_counts_nor_could_it(own_door: Door) -> None:
    case, _ = promised(own_door)
    code = slip(own_door, case)["code"]
    assert look(own_door, code).is_success
    closed(own_door, case)
    body = {"basis": "wrong_person", "reason": "väärä asiakas"}
    erasure = own_door.post(f"/cases/{case}/propose-erasure", body, ADMINISTRATOR).json()["made"]
    confirmed = own_door.post(
        f"/cases/{case}/confirm-erasure", {"erasure": erasure}, Actor("oskari", Role.ADMINISTRATOR)
    )
    assert confirmed.is_success, confirmed.text
    assert kind(look(own_door, code)) == (404, "slip-unknown")
    with own_door.house.pool.connection() as connection:
        keys = connection.execute("SELECT count(*) FROM keys WHERE stream = %s", (case,)).fetchone()
    assert keys == (0,)  # and with it the key of the code's hash


# Who may make one, and take it back


def test_who_works_in_the_case_and_the_client_make_slips_and_take_them_back(town: Door) -> None:
    case, client = promised(town)
    for by in (BO, CILLA, client):
        made = slip(town, case, by)
        listed = town.post(f"/cases/{case}/revoke-slip", {"slip": made["slip"]}, by).json()["slips"]
        assert [it["revoked"] is not None for it in listed if it["slip"] == made["slip"]] == [True]
        again = town.post(f"/cases/{case}/revoke-slip", {"slip": made["slip"]}, BO).json()
        assert again["slips"] == listed
        assert kind(look(town, made["code"])) == (404, "slip-unknown")
    assert [(it["by"], it["by_role"]) for it in listed] == [
        ("client", "client"), ("cilla", "manager"), ("bo", "worker"),
    ]  # fmt: skip


def test_nobody_else_makes_one_or_takes_one_back(town: Door) -> None:
    case, _ = promised(town)
    made = slip(town, case)
    strangers = (AINO, as_client(town.client()), AUDITOR, ADMINISTRATOR, Actor(str(uuid4()), Role.REPRESENTATIVE))
    for by in strangers:
        assert town.post(f"/cases/{case}/slip", None, by).status_code in {403, 404}
        assert town.post(f"/cases/{case}/revoke-slip", {"slip": made["slip"]}, by).status_code in {403, 404}
    assert town.post(f"/cases/{case}/slip", None, None).status_code == 401
    assert look(town, made["code"]).is_success


def test_a_slip_of_another_case_is_not_taken_back(town: Door) -> None:
    made = slip(town, promised(town)[0])
    other, _ = promised(town)
    assert kind(town.post(f"/cases/{other}/revoke-slip", {"slip": made["slip"]}, BO)) == (404, "slip-unknown")
    assert look(town, made["code"]).is_success


def test_whom_a_case_is_only_offered_to_makes_none_and_who_had_it_reads_of_none(town: Door) -> None:
    case, _ = promised(town)
    offer = {"to": vars(holder(AINO)), "reason": "muutto", "no_view_because": "ei tavattu"}
    proposed = town.post(f"/cases/{case}/propose-handoff", offer | {"disclosure_basis": "statutory"}, BO)
    assert kind(town.post(f"/cases/{case}/slip", None, AINO)) == (403, "not-in-the-case")
    assert town.post(f"/cases/{case}/accept-handoff", {"handoff": proposed.json()["made"]}, AINO).is_success
    assert kind(town.get(f"/cases/{case}/slips", BO)) == (403, "not-in-the-case")
    assert town.get(f"/cases/{case}/slips", AINO).json()["slips"] == []


# Who looked, and what is kept


@pytest.mark.rule(23)
def test_each_look_stands_in_the_log_and_the_client_is_told_that_somebody_had_the_slip(town: Door) -> None:
    case, client = promised(town)
    code = slip(town, case)["code"]
    look(town, code)
    look(town, UNKNOWN)
    reads = town.get(f"/cases/{case}/reads", client, headers={"Accept-Language": "en"}).json()["reads"]
    (looked,) = [it for it in reads if it["what"] == "ReadSlip"]
    assert (looked["who"], looked["why"], looked["role_told"]) == ("slip", "slip", "somebody with your slip")
    assert looked["what_told"] == "what a slip tells: who answers now and what is promised"
    (made,) = [it for it in reads if it["what"] == "MakeSlip"]
    assert made["who"] == "bo"


@pytest.mark.rule(23)
def test_nothing_is_told_that_cannot_be_logged(town: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    code = slip(town, promised(town)[0])["code"]
    monkeypatch.setattr("api.reads._LOG", "SELECT nothing")
    assert kind(look(town, code)) == (503, "read-not-logged")


def test_a_code_is_kept_nowhere_and_logged_nowhere(town: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        code = slip(town, promised(town)[0])["code"]
        look(town, code)
    signs = read_code(code)
    with town.house.pool.connection() as connection:
        rows = connection.execute("SELECT slips::text FROM slips UNION ALL SELECT reads::text FROM reads").fetchall()
    kept = "".join(text for (text,) in rows) + "".join(it.getMessage() for it in caplog.records)
    assert signs[:4] in kept
    assert signs[:6] not in kept
    assert code not in kept


def test_who_has_stolen_the_database_can_try_out_no_code(town: Door, tmp_path: Any) -> None:
    case, _ = promised(town)
    code = slip(town, case)["code"]
    thief = replace(Slips(town.house.cases), cases=_Thief(town, Keyring(keks_in(tmp_path, "koe"))))  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"key|Key"):
        thief.found(read_code(code))


class _Thief:
    """The database, and none of the keys that are kept outside of it."""

    def __init__(self, door: Door, keyring: Keyring) -> None:
        self.pool, self.region, self.keyring = door.house.pool, door.house.region, keyring


def test_what_stands_of_a_slip_is_never_changed(town: Door) -> None:
    slip(town, promised(town)[0])
    for statement in ("UPDATE slips SET expires = now()", "DELETE FROM slips", "DELETE FROM slips_revoked"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), town.house.pool.connection() as connection:
            connection.execute(statement.encode())


# How often


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def gate(town: Door, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Callable[[str, str], Response], Clock]]:
    """Give what makes a service that takes so many looks in vain, to be called from any address."""

    def make(**rates: int) -> tuple[Callable[[str, str], Response], Clock]:
        clock = Clock()
        monkeypatch.setattr(slips, "looks", lambda cases, given: Looks(
            Slips(cases), Rate("slip", given.slip, clock), Rate("slips", given.slips, clock),
        ))  # fmt: skip
        settings = replace(town.house.settings, rates=replace(PLENTY, **rates))
        app = create_app(replace(town.house, settings=settings), town.issuer.verifier())

        def ask(code: str, address: str) -> Response:
            return TestClient(app, client=(address, 50_000)).post("/slip", json={"code": code})

        return ask, clock

    return make


def test_an_address_that_tries_out_codes_is_soon_not_heard_for_a_while(town: Door, gate: Callable[..., Any]) -> None:
    ask, clock = gate(slip=3)
    code = slip(town, promised(town)[0])["code"]
    assert [ask(it, "192.0.2.1").status_code for it in (UNKNOWN, code, UNKNOWN, UNKNOWN)] == [404, 200, 404, 404]
    refused = ask(code, "192.0.2.1")
    assert kind(refused) == (429, "too-many-requests")
    assert refused.headers["retry-after"] == "40" or int(refused.headers["retry-after"]) <= 60
    assert ask(code, "198.51.100.7").status_code == 200
    clock.now += 61
    assert ask(code, "192.0.2.1").status_code == 200


def test_all_together_are_heard_no_more_once_too_many_tried(town: Door, gate: Callable[..., Any]) -> None:
    ask, clock = gate(slips=3)
    code = slip(town, promised(town)[0])["code"]
    assert [ask(UNKNOWN, f"192.0.2.{it}").status_code for it in range(4)] == [404, 404, 404, 429]
    assert ask(code, "198.51.100.7").status_code == 429
    clock.now += 61
    assert ask(code, "198.51.100.7").status_code == 200


def test_what_is_only_mistyped_is_not_counted(gate: Callable[..., Any]) -> None:
    ask, _ = gate(slip=1)
    assert [ask("x", "192.0.2.1").status_code for _ in range(3)] == [422] * 3
