"""Who is acting: only a token of our issuer says so, for as long as it holds."""

from __future__ import annotations

import json
import stat
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from api import auth
from api.app import is_open
from api.development import (
    AUDIENCE,
    DEVELOPMENT_ISSUER,
    EVERY_CASE,
    DevelopmentIssuer,
    DevelopmentKeyUnreadable,
    NoIssuerInProduction,
)
from api.identity import IdentityWrong, IssuerKeysUnreadable, IssuerMissing, identity_of
from api.settings import Settings
from api.tokens import GrantMissing, TokenExpired, TokenInvalid
from domain.authorization import Grant
from domain.decider import Actor, Role
from tests.api.conftest import Door, kind, nothing_written
from tests.town import AINO

NOW = int(time.time())
CLAIMS = {
    "iss": DEVELOPMENT_ISSUER, "aud": AUDIENCE, "sub": "aino", "role": "worker", "organisation": "kela",
    "unit": "asiakaspalvelu", "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def issuer(settings: Settings) -> DevelopmentIssuer:
    return DevelopmentIssuer.at(settings)


@pytest.fixture
def key(settings: Settings, issuer: DevelopmentIssuer) -> ECKey:
    assert issuer
    return ECKey.import_key(json.loads((settings.home / "keys" / "issuer.json").read_text()))


def signed(key: Any, algorithm: str = "ES256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    whole = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid} | (header or {})
    return jwt.encode(whole, claims, key, algorithms=[algorithm])


def part(content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_nothing_but_what_is_open_to_all_is_served_without_a_token(door: Door) -> None:
    for path, methods in door.paths.items():
        for method in methods:
            named = {"name": "key-reused", "organisation": "kela", "unit": "u", "worker": "w"}
            where = path.format(id=uuid4(), log="events", epoch=1, level=0, place="000.p/1", **named)
            answer = door.ask(method.upper(), where, None)
            if is_open(path):
                assert answer.status_code in {200, 404, 422}, path
            else:
                assert kind(answer) == (401, "token-missing"), path
                assert answer.headers["www-authenticate"].startswith("Bearer")


def test_no_page_is_shown_and_no_form_of_one_taken_without_a_token(door: Door) -> None:
    pages = [it for it in door.app.routes if isinstance(it, APIRoute) and not it.include_in_schema]
    closed = [(it.path, how) for it in pages if not is_open(it.path) and it.path != "/" for how in it.methods or ()]
    assert {path.split("/")[1] for path, _ in closed} == {"desk", "own", "audit"}
    for path, method in closed:
        where = path.format(id=uuid4(), act="record-statement")
        answer = door.http.request(method, where, data={"words": "hei"} if method == "POST" else None)
        assert kind(answer) == (401, "token-missing"), (method, where)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWlubzphaW5v", "aino", "bearer"])
def test_what_is_no_bearer_token_is_none(door: Door, header: str) -> None:
    with nothing_written(door):
        answer = door.ask("POST", "/cases", None, json={}, headers={"Authorization": header})
        assert kind(answer) == (401, "token-missing")


def test_the_door_refuses_what_is_expired_or_tampered_with_and_nothing_is_written(door: Door) -> None:
    case, good = door.case(), door.issuer.mint(AINO)
    head, payload, signature = good.split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    promoted = f"{head}.{part(claims | {'role': 'manager'})}.{signature}"
    expired = door.issuer.mint(AINO, minutes=-1)
    with nothing_written(door):
        for token, problem in ((promoted, "token-invalid"), (expired, "token-expired"), ("x.y.z", "token-invalid")):
            headers = {"Authorization": f"Bearer {token}"}
            answer = door.ask("POST", f"/cases/{case}/record-statement", None, json={"words": "hei"}, headers=headers)
            assert kind(answer) == (401, problem)
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_good_token_names_its_bearer(issuer: DevelopmentIssuer, key: ECKey) -> None:
    assert issuer.verifier().verified(issuer.mint(AINO)).actor == AINO
    assert issuer.verifier().verified(signed(key)).actor == AINO


def test_a_client_goes_by_their_id_alone(issuer: DevelopmentIssuer) -> None:
    client = uuid4()
    token = issuer.mint(Actor(str(client).upper(), Role.CLIENT, "kela", "x"))
    assert issuer.verifier().verified(token).actor == Actor(str(client), Role.CLIENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody-else"}, {"iss": None}, {"aud": "another-service"}, {"aud": None}, {"exp": None},
        {"iat": None}, {"nbf": NOW + 3600}, {"iat": NOW + 3600}, {"sub": None}, {"sub": ""},
        {"sub": 17}, {"sub": "a\0b"}, {"sub": "x" * 300}, {"role": None}, {"role": "king"}, {"role": []},
        {"role": [["worker"]]},
        {"role": "client"}, {"role": "representative", "sub": "guardian"}, {"organisation": 17}, {"unit": ""},
        {"exp": "tomorrow"}, {"exp": 10**400}, {"iat": 10**400}, {"nbf": 10**400}, {"exp": float("inf")},
        {"exp": float("nan")}, {"exp": [NOW]}, {"iat": NOW - 24 * 3600, "exp": NOW + 367 * 24 * 3600},
        {"iat": float("-inf")}, {"nbf": float("nan")}, {"exp": True}, {"aud": []}, {"aud": [AUDIENCE, 7]},
    ],
)  # fmt: skip
def test_claims_that_do_not_hold_are_refused(issuer: DevelopmentIssuer, key: ECKey, changes: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalid):
        issuer.verifier().verified(signed(key, **changes))


@pytest.mark.parametrize("payload", [[], "aino", 17, None])
def test_claims_that_are_no_object_are_refused(issuer: DevelopmentIssuer, key: ECKey, payload: object) -> None:
    signing = f"{part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': key.kid})}.{part(payload)}"
    with pytest.raises(TokenInvalid):
        issuer.verifier().verified(f"{signing}.{key_signature(key, signing)}")


def test_a_token_of_another_issuers_key_is_refused(issuer: DevelopmentIssuer, key: ECKey) -> None:
    stranger = ECKey.generate_key("P-256", auto_kid=True)
    for header in ({}, {"kid": key.kid}):
        with pytest.raises(TokenInvalid):
            issuer.verifier().verified(signed(stranger, header=header))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "id+jwt"}, {"crit": ["x"], "x": 1}])
def test_another_type_of_token_is_refused(issuer: DevelopmentIssuer, key: ECKey, header: dict[str, Any]) -> None:
    head = part({"alg": "ES256", "kid": key.kid} | header)
    payload = part(CLAIMS)
    signature = key_signature(key, f"{head}.{payload}")
    with pytest.raises(TokenInvalid):
        issuer.verifier().verified(f"{head}.{payload}.{signature}")


def key_signature(key: ECKey, text: str) -> str:
    """Sign as ES256 does, whatever the header says."""
    from joserfc.jws import JWSRegistry  # noqa: PLC0415 - only here

    algorithm = JWSRegistry.algorithms["ES256"]
    return urlsafe_b64encode(algorithm.sign(text.encode(), key)).decode().rstrip("=")


def test_no_other_algorithm_is_accepted(issuer: DevelopmentIssuer, key: ECKey) -> None:
    unsigned = f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(CLAIMS)}."
    public = OctKey.import_key(json.dumps(key.as_dict(private=False)))
    by_public_key = signed(public, "HS256", {"kid": key.kid})
    for token in (unsigned, by_public_key):
        with pytest.raises(TokenInvalid):
            issuer.verifier().verified(token)


@pytest.mark.parametrize("token", ["a", "a.b", "a.b.c.d", "é.é.é", "." * 100, "x" * 200_000])
def test_what_is_no_token_at_all_is_refused(issuer: DevelopmentIssuer, token: str) -> None:
    with pytest.raises(TokenInvalid):
        issuer.verifier().verified(token)


def test_a_remembered_token_is_refused_from_the_second_on_in_which_it_expires(issuer: DevelopmentIssuer) -> None:
    clock = [float(NOW)]
    verifier, token = issuer.verifier(lambda: clock[0]), issuer.mint(AINO, minutes=1, now=NOW)
    assert verifier.verified(token).actor == AINO
    clock[0] = NOW + 59.9
    assert verifier.verified(token).actor == AINO
    clock[0] = NOW + 60
    for _ in range(2):
        with pytest.raises(TokenExpired):
            verifier.verified(token)


def test_it_is_verified_once_and_only_so_many_are_remembered(
    issuer: DevelopmentIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_REMEMBERED", 3)
    verifier = issuer.verifier()
    read: list[str] = []

    def reading(token: str) -> auth.Bearer:
        read.append(token)
        return auth.Bearer(AINO, NOW + 3600)

    monkeypatch.setattr(verifier, "_read", reading)
    for token in ("a", "a", "b", "c", "d", "d", "a"):
        verifier.verified(token)
    assert read == ["a", "b", "c", "d", "a"]


# The development issuer.


def test_it_refuses_to_exist_in_production(settings: Settings) -> None:
    with pytest.raises(NoIssuerInProduction):
        DevelopmentIssuer.at(replace(settings, production=True))
    assert not (settings.home / "keys").exists()


def test_its_key_is_its_owners_alone_and_stays_the_same(settings: Settings, issuer: DevelopmentIssuer) -> None:
    path = settings.home / "keys" / "issuer.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert DevelopmentIssuer.at(settings).verifier().verified(issuer.mint(AINO)).actor == AINO


def test_those_who_begin_at_once_agree_on_one_key(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as threads:
        issuers = list(threads.map(lambda _: DevelopmentIssuer.at(settings), range(8)))
    tokens = [it.mint(AINO) for it in issuers]
    assert all(it.verifier().verified(token).actor == AINO for it in issuers for token in tokens)
    assert [it.name for it in (settings.home / "keys").iterdir()] == ["issuer.json"]


@pytest.mark.parametrize("damage", ["open", "empty", "no key"])
@pytest.mark.usefixtures("issuer")
def test_a_key_file_that_is_open_or_damaged_is_refused(settings: Settings, damage: str) -> None:
    path = settings.home / "keys" / "issuer.json"
    if damage == "open":
        path.chmod(0o644)
    else:
        path.write_text("" if damage == "empty" else '{"kty": "EC"}')
    with pytest.raises(DevelopmentKeyUnreadable):
        DevelopmentIssuer.at(settings)


def test_it_mints_for_nobody_whom_it_would_not_accept(issuer: DevelopmentIssuer) -> None:
    for nobody in (Actor("aino", Role.CLIENT), Actor("aino", Role.WORKER), Actor("aino ", Role.SYSTEM)):
        with pytest.raises(ValueError, match=r"UUID|staff|blank"):
            issuer.mint(nobody)


# An auditor's grant.


def test_an_auditors_token_says_what_its_bearer_was_let_see(issuer: DevelopmentIssuer) -> None:
    grant = Grant(
        "kantelu 17", frozenset({uuid4(), uuid4()}), since=datetime(2024, 1, 1, tzinfo=UTC), diary="D/17/2025"
    )
    auditor = Actor("auditor", Role.AUDITOR)
    assert issuer.verifier().verified(issuer.mint(auditor, grant=grant)).grant == grant
    assert issuer.verifier().verified(issuer.mint(auditor)).grant == EVERY_CASE
    assert issuer.verifier().verified(issuer.mint(AINO, grant=grant)).grant is None


@pytest.mark.parametrize("grant", [None, {}, "all", {"purpose": "x"}, {"purpose": "x", "cases": ["all"]}])
def test_an_auditor_without_a_grant_is_told_that_it_is_missing(
    issuer: DevelopmentIssuer, key: ECKey, grant: object
) -> None:
    with pytest.raises(GrantMissing):
        issuer.verifier().verified(signed(key, role="auditor", grant=grant))


def test_the_door_refuses_an_auditor_without_a_grant(door: Door) -> None:
    key = ECKey.import_key(json.loads((door.house.settings.home / "keys" / "issuer.json").read_text()))
    headers = {"Authorization": f"Bearer {signed(key, role='auditor')}"}
    answer = door.ask("GET", f"/cases/{door.case()}/owner", None, headers=headers)
    assert kind(answer) == (403, "grant-missing")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


# Who am I.


def test_it_tells_whoever_asks_who_they_are(door: Door) -> None:
    told = door.get("/me").json()
    assert told.pop("until").endswith("Z")
    assert told == {
        "id": "aino", "role": "worker", "organisation": AINO.organisation, "unit": AINO.unit, "grant": None,
        "csrf_token": None,
    }  # fmt: skip
    assert door.get("/me", Actor("auditor", Role.AUDITOR)).json()["grant"]["purpose"] == "development"
    assert kind(door.get("/me", None)) == (401, "token-missing")


def test_without_a_client_of_the_issuer_nobody_signs_in(door: Door) -> None:
    for method, path in (("GET", "/signin"), ("GET", "/signin/callback"), ("POST", "/signout")):
        assert kind(door.ask(method, path, None)) == (404, "path-unknown")
    cookie = {"Cookie": "__Host-luotsi=aino"}
    assert kind(door.ask("GET", "/me", None, headers=cookie)) == (401, "token-missing")


# What is read strictly.


def test_what_is_said_twice_in_a_token_is_refused(issuer: DevelopmentIssuer, key: ECKey) -> None:
    said = json.dumps(CLAIMS)
    twice = urlsafe_b64encode(f'{said[:-1]}, "role": "manager"}}'.encode()).decode().rstrip("=")
    signing = f"{part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': key.kid})}.{twice}"
    with pytest.raises(TokenInvalid):
        issuer.verifier().verified(f"{signing}.{key_signature(key, signing)}")


@pytest.mark.parametrize(
    "header",
    [{"jwk": {}}, {"jku": "https://keys.example"}, {"x5u": "https://keys.example"}, {"x5c": []}, {"b64": True},
     {"kid": None}, {"kid": 7}, {"kid": ["a"]}, {"typ": 7}, {"typ": None}, {"alg": ["ES256"]}, {"alg": None}],
)  # fmt: skip
def test_a_token_brings_no_key_of_its_own(issuer: DevelopmentIssuer, key: ECKey, header: dict[str, Any]) -> None:
    signing = f"{part({'alg': 'ES256', 'typ': 'at+jwt', 'kid': key.kid} | header)}.{part(CLAIMS)}"
    with pytest.raises(TokenInvalid):
        issuer.verifier().verified(f"{signing}.{key_signature(key, signing)}")


def test_a_token_of_more_than_16_kib_is_refused(issuer: DevelopmentIssuer, key: ECKey) -> None:
    for length, accepted in ((8_000, True), (13_000, False)):
        token = signed(key, scope="x" * length)
        with nullcontext() if accepted else pytest.raises(TokenInvalid):
            issuer.verifier().verified(token)


# Production.


def configured(tmp_path: Path, keys: str | None = None, **more: str) -> Settings:
    """Return the settings of a production whose issuer's keys are these."""
    (tmp_path / "keys.json").write_text(keys or "")
    lines = {"issuer": "https://issuer.example", "audience": "us", "keys": "keys.json"} | more
    (tmp_path / "identity.toml").write_text("".join(f"{name} = {json.dumps(it)}\n" for name, it in lines.items()))
    return Settings(home=tmp_path, production=True, identity=tmp_path / "identity.toml")


def test_in_production_somebody_has_to_be_named_as_issuer(settings: Settings) -> None:
    with pytest.raises(IssuerMissing):
        identity_of(replace(settings, production=True))


def test_the_issuer_that_is_named_is_accepted_by_its_public_keys(settings: Settings, tmp_path: Path) -> None:
    first, second = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(2))
    keys = json.dumps({"keys": [it.as_dict(private=False) for it in (first, second)]})
    verifier = identity_of(configured(tmp_path, keys)).verifier
    for key in (first, second):
        token = signed(key, iss="https://issuer.example", aud=["them", "us"])
        assert verifier.verified(token).actor == AINO
    with pytest.raises(TokenInvalid):
        verifier.verified(DevelopmentIssuer.at(settings).mint(AINO))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "EC", "crv": "P-256"}]}'])
def test_an_issuers_key_file_without_keys_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(IssuerKeysUnreadable):
        identity_of(configured(tmp_path, content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IdentityWrong):
        identity_of(Settings(home=tmp_path, identity=tmp_path / "identity.toml"))


def test_in_development_the_development_issuer_is_accepted(settings: Settings) -> None:
    assert identity_of(settings).verifier.verified(DevelopmentIssuer.at(settings).mint(AINO)).actor == AINO
