"""The issuer's keys: fetched when they are needed, seldom, and from nowhere else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from api import issuer as issuers
from api.auth import Bearer, Verifier
from api.issuer import (
    ALGORITHMS,
    LIFETIME_SECONDS,
    OUTAGE_SECONDS,
    PAUSE_SECONDS,
    RETRY_SECONDS,
    Issuer,
    IssuerUnreachable,
    NotFetched,
    fetched,
    is_safe,
    usable,
)
from api.tokens import Terms, TokenInvalid
from domain.decider import Actor, Role
from tests.api.issuing import Issuing, issuing
from tests.town import AINO

JWKS = "/jwks"
DISCOVERY = "/.well-known/openid-configuration"


class House:
    """A verifier with an issuer, and a clock that the test moves."""

    def __init__(self, issuer: Issuing, algorithms: tuple[str, ...] = ("ES256",)) -> None:
        self.time = 0.0
        self.issuer = issuer
        self.asked = Issuer(issuer.name, algorithms, production=False, now=lambda: self.time)
        self.verifier = Verifier(self.asked, Terms(issuer.name, "luotsi", algorithms))

    def who(self, token: str) -> Actor:
        return asyncio.run(self.verifier.identified(token)).actor

    @property
    def fetches(self) -> int:
        return self.issuer.asked.count(JWKS)


@pytest.fixture
def issuer() -> Iterator[Issuing]:
    with issuing() as it:
        yield it


@pytest.fixture
def house(issuer: Issuing) -> House:
    return House(issuer)


@contextmanager
def out(issuer: Issuing) -> Iterator[None]:
    """Have the issuer answer nothing but that it can't."""
    issuer.pages = dict.fromkeys((DISCOVERY, JWKS), (503, {}, b""))
    yield
    issuer.pages = {}


def test_it_is_asked_for_its_keys_when_the_first_token_comes(house: House, issuer: Issuing) -> None:
    assert issuer.asked == []
    for _ in range(3):
        assert house.who(issuer.token()) == AINO
    assert issuer.asked == [DISCOVERY, JWKS]


def test_an_unknown_key_is_looked_for_and_an_old_one_that_is_gone_no_longer_counts(
    house: House, issuer: Issuing
) -> None:
    old = issuer.token()
    assert house.who(old) == AINO
    house.time += PAUSE_SECONDS
    issuer.rotate()
    assert house.who(old) == AINO  # not known yet
    assert house.who(issuer.token()) == AINO
    with pytest.raises(TokenInvalid):
        house.who(old)  # though it was verified and remembered before


def test_a_key_that_is_gone_counts_until_the_lifetime_of_what_is_known_ends(house: House, issuer: Issuing) -> None:
    old = issuer.token()
    assert house.who(old) == AINO
    issuer.rotate()
    house.time += LIFETIME_SECONDS - 1
    assert house.who(old) == AINO
    house.time += 1
    with pytest.raises(TokenInvalid):
        house.who(old)


def test_keys_that_are_the_same_after_a_fetch_leave_remembered_what_was_verified(
    house: House, issuer: Issuing, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token()
    assert house.who(token) == AINO
    house.time += LIFETIME_SECONDS

    def reading(_: str) -> Bearer:
        raise AssertionError

    monkeypatch.setattr(house.verifier, "_read", reading)
    assert house.who(token) == AINO
    assert house.fetches == 2


def test_a_flood_of_keys_that_nobody_has_causes_one_fetch_a_minute(house: House, issuer: Issuing) -> None:
    assert house.who(issuer.token()) == AINO
    house.time += PAUSE_SECONDS
    stranger = ECKey.generate_key("P-256")
    floods = [issuer.token(key=ECKey.import_key(stranger.as_dict(private=True) | {"kid": f"k{n}"})) for n in range(200)]

    async def flooded() -> list[Any]:
        return await asyncio.gather(*(house.verifier.identified(it) for it in floods), return_exceptions=True)

    for expected in (2, 2):
        assert all(isinstance(it, TokenInvalid) for it in asyncio.run(flooded()))
        assert house.fetches == expected
    house.time += PAUSE_SECONDS
    asyncio.run(flooded())
    assert house.fetches == 3


def test_an_algorithm_that_is_not_configured_causes_no_fetch(house: House, issuer: Issuing) -> None:
    assert house.who(issuer.token()) == AINO
    house.time += PAUSE_SECONDS
    with pytest.raises(TokenInvalid):
        house.who(issuer.token(key=RSAKey.generate_key(2048, auto_kid=True), algorithm="RS256"))
    assert house.fetches == 1


def test_in_an_outage_known_keys_go_on_and_of_others_nobody_can_say(house: House, issuer: Issuing) -> None:
    token = issuer.token()
    assert house.who(token) == AINO
    with out(issuer):
        other = issuer.token(key=issuer.rotate())
        house.time += LIFETIME_SECONDS
        assert house.who(token) == AINO
        with pytest.raises(IssuerUnreachable) as refused:
            house.who(other)
        assert refused.value.headers["Retry-After"] == str(int(RETRY_SECONDS))
        house.time += OUTAGE_SECONDS - 1
        assert house.who(token) == AINO
        house.time += 1
        with pytest.raises(IssuerUnreachable):
            house.who(token)
    house.time += RETRY_SECONDS
    assert house.who(other) == AINO
    with pytest.raises(TokenInvalid):
        house.who(token)


def test_before_the_issuer_was_ever_reached_nobody_can_say_of_any_key(
    house: House, issuer: Issuing, caplog: pytest.LogCaptureFixture
) -> None:
    with out(issuer), caplog.at_level(logging.WARNING):
        for _ in range(5):
            with pytest.raises(IssuerUnreachable):
                house.who(issuer.token())
        assert issuer.asked.count(DISCOVERY) == 1
    assert [it.getMessage() for it in caplog.records] == ["the issuer of tokens is out of reach: it answered 503"]
    house.time += RETRY_SECONDS
    assert house.who(issuer.token()) == AINO


def test_requests_go_on_while_the_issuer_is_asked(house: House, issuer: Issuing) -> None:
    known = issuer.token()
    assert house.who(known) == AINO
    house.time += PAUSE_SECONDS
    new = issuer.token(key=issuer.rotate())

    async def both() -> Bearer:
        issuer.open.clear()
        waiting = asyncio.create_task(house.verifier.identified(new))
        await asyncio.sleep(0)
        assert (await house.verifier.identified(known)).actor == AINO
        assert not waiting.done()
        issuer.open.set()
        return await waiting

    assert asyncio.run(both()).actor == AINO


def test_whoever_gives_up_waiting_leaves_the_others_theirs(house: House, issuer: Issuing) -> None:
    async def both() -> Bearer:
        first = asyncio.create_task(house.verifier.identified(issuer.token()))
        second = asyncio.create_task(house.verifier.identified(issuer.token()))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(both()).actor == AINO
    assert house.fetches == 1


def test_nobody_waits_for_an_issuer_that_never_ends_and_once_it_does_it_counts(
    house: House, issuer: Issuing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "_WAIT_SECONDS", 0.05)
    issuer.open.clear()
    with pytest.raises(IssuerUnreachable):
        house.who(issuer.token())
    running = house.asked._running
    assert running is not None
    assert not running.done()
    issuer.open.set()
    running.result(10)
    assert house.who(issuer.token()) == AINO


# What it may say of itself.


def said(**changes: Any) -> Callable[[Issuing], None]:
    def change(it: Issuing) -> None:
        it.document |= changes

    return change


def answered(path: str, status: int, headers: dict[str, str], content: bytes) -> Callable[[Issuing], None]:
    def change(it: Issuing) -> None:
        it.pages[path] = (status, headers, content)

    return change


@pytest.mark.parametrize(
    "change",
    [
        said(issuer="https://another.example"), said(issuer=None), said(jwks_uri=None), said(jwks_uri=7),
        said(jwks_uri="http://keys.example/jwks"), said(jwks_uri="file:///etc/keys.json"),
        answered(DISCOVERY, 200, {}, b"[]"), answered(DISCOVERY, 200, {}, b"<html>"), answered(DISCOVERY, 404, {}, b""),
        answered(DISCOVERY, 200, {}, b"[" * 200_000), answered(JWKS, 200, {}, b"{}"), answered(JWKS, 200, {}, b"[]"),
        answered(JWKS, 200, {}, b'{"keys": []}' + b" " * 300_000),
        answered(JWKS, 302, {"Location": "https://another.example/jwks"}, b""),
        answered(JWKS, 200, {"Content-Encoding": "gzip"}, b"no gzip"),
    ],
)  # fmt: skip
def test_an_issuer_that_is_not_itself_is_out_of_reach(issuer: Issuing, change: Callable[[Issuing], None]) -> None:
    change(issuer)
    house = House(issuer)
    with pytest.raises(IssuerUnreachable):
        house.who(issuer.token())


def test_an_issuer_that_answers_too_slowly_is_out_of_reach(issuer: Issuing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuers, "_FETCH_SECONDS", 0.1)
    issuer.open.clear()
    with pytest.raises(NotFetched, match="Timeout"):
        fetched(issuer.name + JWKS, production=False)


@pytest.mark.parametrize(
    ("address", "production", "safe"),
    [
        ("https://issuer.example/realms/a", True, True), ("https://issuer.example:8443", True, True),
        ("http://issuer.example", True, False), ("http://issuer.example", False, False),
        ("http://127.0.0.1:8080", True, False), ("http://127.0.0.1:8080", False, True),
        ("http://localhost:8080/x", False, True), ("http://[::1]:8080", False, True),
        ("http://127.0.0.1.example", False, False), ("https://", True, False), ("https://a@b.example", True, False),
        ("https://a.example:99999", True, False), ("https://a.example/#b", True, False),
        ("ftp://a.example", True, False),
        ("file:///etc/passwd", False, False), ("issuer.example", True, False), ("", False, False),
    ],
)  # fmt: skip
def test_nothing_is_fetched_but_by_https_or_from_this_machine_in_development(
    address: str, production: bool, safe: bool
) -> None:
    assert is_safe(address, production=production) is safe


# Which keys count.


KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256", auto_kid=True), "ES384": ECKey.generate_key("P-384", auto_kid=True),
    "ES512": ECKey.generate_key("P-521", auto_kid=True), "RS256": RSAKey.generate_key(2048, auto_kid=True),
    "PS256": RSAKey.generate_key(2048, auto_kid=True), "EdDSA": OKPKey.generate_key("Ed25519", auto_kid=True),
    "Ed25519": OKPKey.generate_key("Ed25519", auto_kid=True),
}  # fmt: skip


@pytest.mark.parametrize("algorithm", KEYS)
def test_an_algorithm_that_is_configured_is_accepted_by_its_own_kind_of_key(issuer: Issuing, algorithm: str) -> None:
    issuer.keys = list(KEYS.values())
    assert House(issuer, (algorithm,)).who(signed(issuer, KEYS[algorithm], algorithm)) == AINO
    others = tuple(it for it in ALGORITHMS if it != algorithm)
    with pytest.raises(TokenInvalid):
        House(issuer, others).who(signed(issuer, KEYS[algorithm], algorithm))


def signed(issuer: Issuing, key: Key, algorithm: str) -> str:
    """Sign by any algorithm, also by those that joserfc warns of."""
    from joserfc.jws import JWSRegistry  # noqa: PLC0415 - only here
    from joserfc.util import urlsafe_b64encode  # noqa: PLC0415 - and so is it

    _, payload, _ = issuer.token().split(".")
    head = urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "at+jwt", "kid": key.kid}).encode()).decode()
    signature = JWSRegistry.algorithms[algorithm].sign(f"{head}.{payload}".encode(), key)
    return f"{head}.{payload}.{urlsafe_b64encode(signature).decode()}"


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "ES384"}, {"alg": "HS256"}, {"crv": "P-384"}, {"kty": "oct"},
        {"x": "AA"}, {"kid": 7}, {"y": None}, {"key_ops": 7}, {"key_ops": "verify"}, {"use": []}, {"kty": []},
    ],
)  # fmt: skip
def test_a_key_that_is_for_something_else_or_damaged_is_left_out(changes: dict[str, Any]) -> None:
    good, other = (ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False) for _ in range(2))
    assert usable({"keys": [good | changes, other, "no key", None]}, ["ES256"]).keys() == {(other["kid"], "ES256")}


def test_weak_and_shared_keys_are_left_out() -> None:
    weak = RSAKey.import_key(RSAKey.generate_key(2048, auto_kid=True).as_dict(private=False)).as_dict()
    weak["n"] = "t" * 170
    longer = weak | {"n": f"{'A' * 344}{weak['n']}", "kid": "with zeros before it"}
    shared = OctKey.generate_key(256, auto_kid=True).as_dict()
    assert usable({"keys": [weak, longer, shared]}, list(ALGORITHMS)) == {}


def test_of_a_private_key_only_the_public_half_is_kept() -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    (held,) = usable({"keys": [key.as_dict(private=True)]}, ["ES256"]).values()
    assert not held.is_private


def test_an_id_token_is_no_access_token(house: House, issuer: Issuing) -> None:
    for typ in ("JWT", "id_token+jwt", "", "logout+jwt"):
        with pytest.raises(TokenInvalid):
            house.who(issuer.token(typ))
    assert house.who(issuer.token("application/at+jwt")) == Actor("aino", Role.WORKER, "kela", "asiakaspalvelu")
