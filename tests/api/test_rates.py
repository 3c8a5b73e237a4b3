"""How often somebody may ask: whoever asks too often is told when to try again, and nobody else notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import uvicorn
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api import rates
from api.app import create_app
from api.rates import Counter, Counts, Rate, TooManyRequests, address_of
from api.settings import Rates, Settings, SettingsWrong
from api.wire import configured
from domain.decider import Actor
from tests.api.conftest import PLENTY, Door, kind
from tests.town import AINO, BO, CILLA

HOME, OFFICE = "192.0.2.1", "198.51.100.7"


@dataclass
class Clock:
    """A clock that stands still until it is put on."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Gate:
    """Calls a service that takes so much a minute, from any address."""

    door: Door
    rates: Rates
    clock: Clock

    def get(self, path: str, by: Actor | None = AINO, address: str = HOME, **headers: str) -> Response:
        if by is not None:
            headers["Authorization"] = f"Bearer {self.door.issuer.mint(by)}"
        http = TestClient(self.app, client=(address, 50_000), raise_server_exceptions=False)
        return http.get(path, headers=headers)

    def __post_init__(self) -> None:
        house = replace(self.door.house, settings=replace(self.door.house.settings, rates=self.rates))
        self.app = create_app(house, self.door.issuer.verifier())


@pytest.fixture
def gate(door: Door, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gate]:
    clock = Clock()
    monkeypatch.setattr(rates, "Counter", lambda given: Counter(given, clock))
    return lambda **some: Gate(door, replace(PLENTY, **some), clock)


def test_whoever_asks_too_often_is_told_when_to_try_again(gate: Callable[..., Gate]) -> None:
    few = gate(actor=3)
    assert [few.get("/cases").status_code for _ in range(3)] == [200] * 3
    answer = few.get("/cases")
    assert kind(answer) == (429, "too-many-requests")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["ratelimit"] == '"actor";r=0;t=60'
    assert answer.headers["ratelimit-policy"] == '"actor";q=3;w=60'
    assert answer.json()["details"] == {"per": "actor", "most": 3, "seconds": 60}


def test_an_actor_is_counted_wherever_they_ask_from_and_nobody_else_is(gate: Callable[..., Gate]) -> None:
    few = gate(actor=2)
    assert few.get("/cases", AINO, HOME).status_code == few.get("/cases", AINO, OFFICE).status_code == 200
    assert few.get("/cases", AINO, "203.0.113.9").status_code == 429
    assert few.get("/cases", BO, HOME).status_code == 200


def test_two_tokens_of_one_person_are_one_person_but_a_namesake_elsewhere_is_another(gate: Callable[..., Gate]) -> None:
    few = gate(actor=1)
    assert few.get("/cases", AINO).status_code == 200
    assert few.get("/cases", replace(AINO, unit="muu")).status_code == 429
    assert few.get("/cases", replace(AINO, organisation="pirha", unit=BO.unit)).status_code == 200


def test_a_request_is_counted_once_however_often_it_is_asked_who_acts(gate: Callable[..., Gate]) -> None:
    few = gate(actor=20)
    case = few.door.case()
    assert [few.get(f"/cases/{case}").status_code for _ in range(21)] == [200] * 20 + [429]


def test_an_address_is_counted_whoever_asks_and_before_anything_else_is_looked_at(gate: Callable[..., Gate]) -> None:
    few = gate(address=3)
    asked = [few.get("/cases", by) for by in (AINO, BO, None, CILLA)]
    assert [it.status_code for it in asked] == [200, 200, 401, 429]
    assert asked[-1].json()["details"]["per"] == "address"
    assert few.get("/cases", CILLA, OFFICE).status_code == 200


def test_what_asks_for_no_token_is_counted_too_but_for_whether_the_process_lives(gate: Callable[..., Gate]) -> None:
    few = gate(address=2)
    assert [few.get(it, None).status_code for it in ("/docs", "/problems")] == [200, 200]
    for path in ("/docs", "/openapi.json", "/health/ready", "/problems", "/nothing", "/feed", "/signin"):
        assert few.get(path, None).status_code == 429, path
    assert few.get("/health/live", None).status_code == 200


def test_bad_tokens_are_counted_more_strictly_and_then_nothing_is_looked_at(gate: Callable[..., Gate]) -> None:
    few = gate(failed=2)
    bad = [few.get("/cases", None, Authorization="Bearer x.y.z").status_code for _ in range(3)]
    assert bad == [401, 401, 429]
    assert few.get("/cases", AINO).json()["details"]["per"] == "failed"
    assert few.get("/cases", AINO, OFFICE).status_code == 200


def test_who_brings_nothing_has_not_failed_so_no_page_elsewhere_locks_an_office_out(gate: Callable[..., Gate]) -> None:
    few = gate(failed=1)
    assert [few.get("/cases", None, OFFICE).status_code for _ in range(5)] == [401] * 5
    assert few.get("/cases", AINO, OFFICE).status_code == 200


def test_who_tries_again_when_they_are_told_to_is_let_in(gate: Callable[..., Gate]) -> None:
    few = gate(actor=1)
    assert few.get("/cases", AINO).status_code == 200
    few.clock.now += 10.6
    few.clock.now += int(few.get("/cases", AINO).headers["retry-after"])
    assert few.get("/cases", AINO).status_code == 200


def test_after_a_minute_it_begins_anew(gate: Callable[..., Gate]) -> None:
    few = gate(actor=1, failed=1)
    assert few.get("/cases", AINO).status_code == 200
    assert few.get("/cases", None, OFFICE, Authorization="Bearer x.y.z").status_code == 401
    few.clock.now += 59
    assert few.get("/cases", AINO).headers["retry-after"] == "1"
    assert few.get("/cases", BO, OFFICE).status_code == 429
    few.clock.now += 1
    assert few.get("/cases", AINO).status_code == few.get("/cases", BO, OFFICE).status_code == 200


def test_commands_and_queries_are_counted_alike_and_a_refused_one_leaves_nothing(gate: Callable[..., Gate]) -> None:
    few = gate(actor=1)
    assert few.get("/cases").status_code == 200
    before = few.door.get("/cases").json()
    http = TestClient(few.app, client=(HOME, 50_000))
    answer = http.post("/clients", json={}, headers={"Authorization": f"Bearer {few.door.issuer.mint(AINO)}"})
    assert kind(answer) == (429, "too-many-requests")
    assert few.door.get("/cases").json() == before


def test_every_operation_is_documented_with_it_and_the_problem_with_its_headers(door: Door) -> None:
    document = door.app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["responses"]["429"] == {"$ref": "#/components/responses/Problem429"}, (method, path)
    documented = document["components"]["responses"]["Problem429"]["headers"]
    assert documented.keys() == {"Retry-After", "RateLimit", "RateLimit-Policy"}
    with pytest.raises(TooManyRequests) as raised:
        Rate("actor", 0).spend("aino")
    assert raised.value.more_headers.keys() == documented.keys()


# What is remembered.


def test_of_any_number_of_addresses_only_so_many_are_remembered() -> None:
    counts = Counts(most=100)
    for number in range(10_000):
        counts.incr(f"10.0.{number // 256}.{number % 256}", 60)
    assert len(counts) == 100
    assert (counts.get("10.0.0.0"), counts.get("10.0.39.15")) == (0, 1)


def test_who_is_over_is_forgotten_when_others_come() -> None:
    clock = Clock()
    counts = Counts(now=clock)
    for number in range(1000):
        counts.incr(str(number), 60)
    clock.now += 60
    assert counts.get("999") == 0
    assert counts.incr("another", 60) == 1
    assert len(counts) == 1


def test_a_count_can_be_let_go() -> None:
    counts = Counts()
    assert counts.check()
    assert [counts.incr(it, 60) for it in "aab"] == [1, 2, 1]
    counts.clear("a")
    assert (counts.get("a"), counts.get("b"), counts.reset(), len(counts)) == (0, 1, 1, 0)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"), ("2001:db8:1:3::1", "2001:db8:1:3::"), ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"), ("x" * 10_000, "x" * 64), ("", ""),
    ],
)  # fmt: skip
def test_of_ipv6_the_network_is_counted_for_it_has_more_addresses_than_can_be(host: str, counted: str) -> None:
    assert address_of({"type": "http", "client": (host, 1)}) == counted


def test_where_nobody_knows_the_address_it_is_one() -> None:
    assert address_of({"type": "http", "client": None}) == address_of({"type": "http"}) == "?"


# Behind a proxy.


def seen_by(config: uvicorn.Config, peer: str, **headers: str) -> str:
    """Return the address that the service counts, as uvicorn hands the request on."""
    config.load()
    http = TestClient(config.loaded_app, client=(peer, 50_000))
    return http.get("/", headers={name.replace("_", "-"): value for name, value in headers.items()}).text


async def where_from(scope: Scope, _: Receive, send: Send) -> None:
    """Answer with the address that is counted."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": address_of(scope).encode()})


@pytest.mark.parametrize("peer", [HOME, "127.0.0.1", "::1"])
def test_unless_a_proxy_is_named_nobody_is_believed_about_where_they_are(
    peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert seen_by(configured(where_from), peer, X_Forwarded_For=OFFICE) == address_of({"client": (peer, 0)})


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("10.0.0.5", OFFICE, OFFICE),
        ("10.0.0.5", f"203.0.113.66, {OFFICE}", OFFICE),
        ("10.0.0.5", f"{OFFICE}, 10.0.0.6", OFFICE),
        ("10.0.0.5", "[2001:db8:1:2::9]:443, 10.0.0.6:8080", "2001:db8:1:2::"),
        ("10.0.0.5", "", "10.0.0.5"),
        (HOME, OFFICE, HOME),
        ("127.0.0.1", OFFICE, "127.0.0.1"),
    ],
)
def test_a_proxy_that_is_named_is_believed_about_who_connected_to_it_and_no_further(
    peer: str, forwarded: str, counted: str
) -> None:
    assert seen_by(configured(where_from, ["10.0.0.0/8"]), peer, X_Forwarded_For=forwarded) == counted


# The settings.


def test_the_rates_and_the_proxies_are_settings() -> None:
    read = Settings.read({"LUOTSI_RATES": "failed=60,actor=600", "LUOTSI_PROXIES": "10.0.0.0/8, 2001:db8::1"})
    assert read.rates == replace(Rates(), failed=60, actor=600)
    assert read.proxies == ("10.0.0.0/8", "2001:db8::1")
    assert Settings.read({}).rates == Rates()
    assert Settings.read({}).proxies == ()


@pytest.mark.parametrize(
    "settings",
    [
        *({"LUOTSI_RATES": it} for it in ("600", "actor=0", "actor=-1", "actor=x", "other=6", "actor=6,", "actor=6 ",
                                          "actor=6,actor=7", "actor=6;failed=6", "actor=1e9", "actor=12345678901")),
        *({"LUOTSI_PROXIES": it} for it in ("*", "proxy.example", "10.0.0.0/99", "10.0.0.1 10.0.0.2")),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_rate_and_no_proxy_is_refused_at_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsWrong):
        Settings.read(settings)
