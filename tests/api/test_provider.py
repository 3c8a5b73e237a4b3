"""Identity against a certified OpenID provider, which runs on this machine: nothing of it is ours."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.identity import Identity, identity_of
from api.issuer import LIFETIME_SECONDS, PAUSE_SECONDS, RETRY_SECONDS, Issuer, IssuerUnreachable
from api.sessions import COOKIE
from api.settings import Settings
from api.tokens import TokenInvalid
from tests.api.conftest import Door, kind
from tests.provider.running import SECRET, Provider, missing, provider

ORIGIN = "https://luotsi.example"
FILE = """
issuer = "{issuer}"
audience = "{audience}"

[claims]
role = "realm_access.roles"

[roles]
luotsi-worker = "worker"
luotsi-manager = "manager"
luotsi-auditor = "auditor"
luotsi-system = "system"

[signin]
client = "desk"
secret_file = "secret"
origin = "https://luotsi.example"
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[Provider]:
    """Give a provider; where there can be none the test is skipped, but where changes are judged it fails."""
    if lacking := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(lacking)
        pytest.skip(lacking)
    with provider(ORIGIN) as it:
        yield it


class Desk:
    """The service as this issuer's people and systems reach it, and the clock by which it asks the issuer."""

    def __init__(self, http: TestClient, identity: Identity, issuer: Provider) -> None:
        assert identity.signin is not None
        self.http = http
        self.issuer = issuer
        self.time = 0.0
        identity.signin.issuer._now = lambda: self.time

    def later(self, seconds: float) -> None:
        """Have the service think that it asked the issuer so much longer ago."""
        self.time += seconds

    def as_system(self, resource: str = "urn:luotsi") -> str:
        """Return the access token that a system gets by its client credentials."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": "read"}
        answer = httpx2.post(f"{self.issuer.name}/token", data=form, auth=("jarjestelma", "secret of a system"))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def me(self, token: str) -> Response:
        return self.http.get("/me", headers={"Authorization": f"Bearer {token}"})

    def sign_in(self, who: str) -> Response:
        """Sign in as a person does: to the issuer, by its forms, and back."""
        there = self.http.get("/signin", params={"return_to": "/docs"}).headers["location"]
        return self.http.get("/signin/callback", params=came_back(there, who))


def came_back(there: str, who: str) -> dict[str, str]:
    """Walk an issuer's forms in a browser of one's own; return what it sends back."""
    with httpx2.Client() as browser:
        answer = browser.get(there)
        for _ in range(10):
            if answer.is_redirect:
                there = urljoin(there, answer.headers["location"])
                if there.startswith(ORIGIN):
                    return dict(parse_qsl(urlsplit(there).query))
                answer = browser.get(there)
            else:
                action = re.search(r'action="([^"]+)"', answer.text)
                assert action, answer.text
                prompt = "login" if 'name="password"' in answer.text else "consent"
                there = urljoin(there, action[1])
                answer = browser.post(there, data={"prompt": prompt, "login": who, "password": "x"})
    raise AssertionError("the issuer never sends anybody back")


@pytest.fixture(scope="module")
def one_desk(door: Door, issuer: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_at(door, issuer, tmp_path_factory.mktemp("desk")) as it:
        yield it


@pytest.fixture
def desk(one_desk: Desk) -> Desk:
    """Give the service as nobody has come to it yet, with the keys that the issuer has now."""
    one_desk.http.cookies.clear()
    one_desk.later(LIFETIME_SECONDS)
    return one_desk


@contextmanager
def desk_at(door: Door, issuer: Provider, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "identity.toml").write_text(FILE.format(issuer=issuer.name, audience="luotsi"))
    (tmp_path / "secret").write_text(SECRET)
    identity = identity_of(Settings(home=tmp_path, identity=tmp_path / "identity.toml"))
    app = create_app(door.house, identity.verifier, how=identity.signin)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        yield Desk(http, identity, issuer)


def test_a_system_acts_by_its_client_credentials(desk: Desk) -> None:
    told = desk.me(desk.as_system()).json()
    assert (told["id"], told["role"], told["organisation"]) == ("jarjestelma", "system", "kela")


def test_a_token_for_another_service_is_refused(desk: Desk) -> None:
    assert kind(desk.me(desk.as_system("urn:another"))) == (401, "token-invalid")


def test_a_person_signs_in_acts_and_signs_out(desk: Desk) -> None:
    came = desk.sign_in("aino")
    assert (came.status_code, came.headers.get("location")) == (303, "/docs"), came.text
    told = desk.http.get("/me").json()
    assert (told["id"], told["role"], told["unit"]) == ("aino", "worker", "asiakaspalvelu")
    headers = {"Origin": ORIGIN, "X-CSRF-Token": told["csrf_token"]}
    assert desk.http.post("/clients", json={}, headers=headers).status_code == 201
    gone = desk.http.post("/signout", headers=headers)
    assert gone.headers["location"].startswith(f"{desk.issuer.name}/session/end?")
    assert httpx2.get(gone.headers["location"]).status_code == 200  # it asks whether to sign out there, too
    assert kind(desk.http.get("/me")) == (401, "token-missing")


def test_of_several_roles_the_first_that_is_configured_counts(desk: Desk) -> None:
    assert desk.sign_in("matti").status_code == 303
    assert desk.http.get("/me").json()["role"] == "worker"


@pytest.mark.parametrize(("who", "problem"), [("vieras", "token-invalid"), ("tarkastaja", "grant-missing")])
def test_who_has_no_role_or_no_grant_is_not_let_in(desk: Desk, who: str, problem: str) -> None:
    assert kind(desk.sign_in(who))[1] == problem
    assert COOKIE not in desk.http.cookies


def test_a_code_counts_once(desk: Desk) -> None:
    brought = came_back(desk.http.get("/signin").headers["location"], "aino")
    kept = desk.http.cookies["__Host-luotsi-signin"]
    assert desk.http.get("/signin/callback", params=brought).status_code == 303
    desk.http.cookies.clear()
    desk.http.cookies.set("__Host-luotsi-signin", kept, "luotsi.example")
    assert kind(desk.http.get("/signin/callback", params=brought)) == (403, "signin-refused")


def test_a_code_without_its_verifier_is_worth_nothing(desk: Desk) -> None:
    code = came_back(desk.http.get("/signin").headers["location"], "aino")["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{ORIGIN}/signin/callback"}
    for verifier in ({}, {"code_verifier": "x" * 43}):
        answer = httpx2.post(f"{desk.issuer.name}/token", data=form | verifier, auth=("desk", SECRET))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_id_token_is_no_access_token(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    sent = Issuer.sent

    def sending(self: Issuer, *asked: Any) -> Any:
        answer = sent(self, *asked)
        seen.append(answer["id_token"])
        return answer

    monkeypatch.setattr(Issuer, "sent", sending)
    assert desk.sign_in("aino").status_code == 303
    for audience in ("luotsi", "desk"):  # even where its audience is ours
        (tmp_path / "identity.toml").write_text(FILE.format(issuer=desk.issuer.name, audience=audience))
        (tmp_path / "secret").write_text(SECRET)
        verifier = identity_of(Settings(home=tmp_path, identity=tmp_path / "identity.toml")).verifier
        with pytest.raises(TokenInvalid):
            asyncio.run(verifier.identified(seen[0]))


# Keys that change, and an issuer that is away.


def test_a_new_key_is_found_while_the_service_runs_and_the_old_one_is_refused_then(desk: Desk) -> None:
    old = desk.as_system()
    assert desk.me(old).status_code == 200
    desk.issuer.order("overlap")
    desk.later(PAUSE_SECONDS)
    between = desk.as_system()
    assert desk.me(between).status_code == 200
    assert desk.me(old).status_code == 200  # which the issuer still tells
    desk.issuer.order("rotate")
    desk.later(PAUSE_SECONDS)
    assert desk.me(desk.as_system()).status_code == 200
    for gone in (old, between):
        assert kind(desk.me(gone)) == (401, "token-invalid")


def test_an_expired_key_is_refused_once_what_is_known_is_too_old(desk: Desk) -> None:
    old = desk.as_system()
    assert desk.me(old).status_code == 200
    desk.issuer.order("rotate")
    assert desk.me(old).status_code == 200  # nobody has asked yet
    desk.later(LIFETIME_SECONDS)
    assert kind(desk.me(old)) == (401, "token-invalid")


@pytest.mark.usefixtures("issuer")
def test_an_outage_keeps_nobody_out_whose_key_is_known_and_ends(door: Door, tmp_path: Path) -> None:
    with provider(ORIGIN) as away, desk_at(door, away, tmp_path) as desk:
        known = desk.as_system()
        assert desk.me(known).status_code == 200
        away.order("rotate")
        unknown = desk.as_system()
        away.end()
        desk.later(LIFETIME_SECONDS)
        assert desk.me(known).status_code == 200
        answer = desk.me(unknown)
        assert kind(answer) == (503, "issuer-unreachable")
        assert answer.headers["retry-after"] == str(int(RETRY_SECONDS))
        with provider(ORIGIN, away.port) as desk.issuer:
            desk.later(RETRY_SECONDS)
            assert desk.me(desk.as_system()).status_code == 200
            assert kind(desk.me(unknown)) == (401, "token-invalid")  # it came back with keys of its own


def test_the_provider_names_no_registry() -> None:
    lock = (Path(__file__).parents[1] / "provider" / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"].values()
    assert not any("resolved" in it for it in packages)
    assert "registry" not in lock
    assert all(it["integrity"].startswith("sha512-") for it in packages if "name" not in it)


def test_an_issuer_that_calls_itself_otherwise_is_another(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "identity.toml").write_text(FILE.format(issuer=f"{desk.issuer.name}/", audience="luotsi"))
    verifier = identity_of(Settings(home=tmp_path, identity=tmp_path / "identity.toml")).verifier
    with pytest.raises(IssuerUnreachable):
        asyncio.run(verifier.identified(desk.as_system()))
