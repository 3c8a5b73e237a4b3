"""Tokens that somebody has made up or tampered with: whatever they are, they name nobody, and leave no trace."""

from __future__ import annotations

import json
import logging
import time
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.decider import Actor, Role
from tests.api.conftest import Door, kind, nothing_written
from tests.town import AINO

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256: so many points it has (SEC 2)."""
NOW = int(time.time())
GIANT = 10_000_000


def part(content: object) -> str:
    """Return a part of a token, of JSON or of bytes."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def read(token_part: str) -> bytes:
    return urlsafe_b64decode(token_part + "=" * (-len(token_part) % 4))


def signed_by(key: Any, curve: Any = None) -> Callable[[bytes], bytes]:
    """Return what signs under an elliptic curve's key, as JWS has it: r and s, each as long as the curve is."""
    size = (key.curve.key_size + 7) // 8

    def sign(content: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(content, ec.ECDSA(curve or hashes.SHA256())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


@dataclass
class Forger:
    """Somebody who has a good token, the issuer's public key and keys of their own."""

    good: str
    public: Any

    @property
    def parts(self) -> tuple[str, str, str]:
        head, claims, signature = self.good.split(".")
        return head, claims, signature

    @property
    def head(self) -> dict[str, Any]:
        return dict(json.loads(read(self.parts[0])))

    @property
    def claims(self) -> dict[str, Any]:
        return dict(json.loads(read(self.parts[1]))) | {"role": "manager"}

    def forged(
        self, sign: Callable[[bytes], bytes] = lambda _: b"", claims: object = None, **head: object
    ) -> str:  # fmt: skip
        """Return a token with this head and these claims, signed like that."""
        whole = {name: it for name, it in (self.head | head).items() if it is not None}
        content = f"{part(whole)}.{part(self.claims if claims is None else claims)}"
        return f"{content}.{part(sign(content.encode()))}"

    def publics(self) -> list[bytes]:
        """Return the public key in every form that somebody might take for a secret."""
        form, pem = serialization.PublicFormat, serialization.Encoding
        info, point = form.SubjectPublicKeyInfo, form.UncompressedPoint
        numbers = self.public.public_numbers()
        x, y = (part(it.to_bytes(32, "big")) for it in (numbers.x, numbers.y))
        written = self.public.public_bytes(pem.PEM, info)
        return [
            written, written.strip(), written.replace(b"\n", b"\r\n"), self.public.public_bytes(pem.DER, info),
            self.public.public_bytes(pem.X962, point), x.encode(), (x + y).encode(), b"", b"secret",
            json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":")).encode(),
        ]  # fmt: skip


@pytest.fixture(scope="module")
def forger(door: Door) -> Forger:
    key = json.loads((door.house.settings.home / "keys" / "issuer.json").read_text())
    x, y = (int.from_bytes(read(key[it]), "big") for it in "xy")
    return Forger(door.issuer.mint(AINO), ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())


def hmac_by(secret: bytes, name: str = "sha256") -> Callable[[bytes], bytes]:
    return lambda content: digest(secret, content, name)


def with_numbers(r: int, s: int) -> Callable[[bytes], bytes]:
    return lambda _: r.to_bytes(32, "big") + s.to_bytes(32, "big")


def by_rsa(key: rsa.RSAPrivateKey, *, probabilistic: bool = False) -> Callable[[bytes], bytes]:
    scheme: Any = padding.PKCS1v15()
    if probabilistic:
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
    return lambda content: key.sign(content, scheme, hashes.SHA256())


def own(curve: Any = None) -> Any:
    return ec.generate_private_key(curve or ec.SECP256R1())


def as_jwk(key: Any) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (part(it.to_bytes(32, "big")) for it in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "mine", "alg": "ES256", "use": "sig"}


def confused(it: Forger) -> list[str]:
    """Return tokens whose head tells the verifier how to be wrong about the algorithm."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    edwards = ed25519.Ed25519PrivateKey.generate()
    none: tuple[object, ...] = (
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        None,
        0,
        False,
        [],
        ["ES256"],
        {"ES256": 1},
        "ES256 ",
        "es256",
    )
    hashed = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
    return [
        *(it.forged(alg=alg) for alg in none),
        *(it.forged(hmac_by(secret, name), alg=alg) for alg, name in hashed.items() for secret in it.publics()),
        *(it.forged(hmac_by(secret)) for secret in it.publics()),
        it.forged(by_rsa(rsa_key), alg="RS256"), it.forged(by_rsa(rsa_key, probabilistic=True), alg="PS256"),
        it.forged(edwards.sign, alg="EdDSA"), it.forged(edwards.sign, alg="Ed25519"),
        it.forged(signed_by(own(ec.SECP384R1()), hashes.SHA384()), alg="ES384"),
        it.forged(signed_by(own(ec.SECP521R1()), hashes.SHA512()), alg="ES512"),
        it.forged(signed_by(own(ec.SECP256K1())), alg="ES256K"), it.forged(signed_by(own(ec.SECP256K1()))),
        it.forged(signed_by(own(ec.SECP384R1()))),
    ]  # fmt: skip


def of_strange_keys(it: Forger) -> list[str]:
    """Return tokens under somebody's own key, which their head offers for verifying them."""
    key = own()
    sign, jwk = signed_by(key), as_jwk(key)
    certificate = b64encode(b"certificate").decode()
    kids: tuple[object, ...] = (
        "mine", "", None, 17, True, [], {}, ["mine"], "../../keys/issuer.json", "/dev/null", "' OR 1=1 --", "a\0b",
        "file:///etc/passwd", "\u202e", "x" * 100_000,
    )  # fmt: skip
    urls = ("https://evil.example/jwks", "http://127.0.0.1:1/", "file:///etc/passwd", "", 17, None)
    offered: list[dict[str, object]] = [
        {"jwk": jwk}, {"jwk": jwk, "kid": None}, {"jwk": {"kty": "oct", "k": ""}}, {"jwk": "mine"},
        {"x5c": [certificate]}, {"x5t": part(sha256(b"x").digest())}, {"x5t#S256": part(sha256(b"x").digest())},
        *(dict[str, object]({name: url, "kid": "mine"}) for name in ("jku", "x5u") for url in urls),
    ]  # fmt: skip
    return [
        it.forged(sign), *(it.forged(sign, kid=kid) for kid in kids), *(it.forged(sign, **head) for head in offered),
        *(it.forged(hmac_by(b""), alg="HS256", kid=kid) for kid in kids),
    ]  # fmt: skip


def of_numbers(it: Forger) -> list[str]:
    """Return tokens whose signature consists of numbers that make bad arithmetic come out right."""
    raw = read(it.parts[2])
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    numbers = [(0, 0), (0, 1), (1, 0), (1, 1), (ORDER, ORDER), (ORDER, 0), (r, 0), (0, s), (r, ORDER), (ORDER - 1, 1),
               (2**256 - 1, 2**256 - 1)]  # fmt: skip
    der = b"\x30\x06\x02\x01\x01\x02\x01\x01"
    lengths = (b"", b"\0", raw[:32], raw[:63], raw + b"\0", b"\0" + raw, raw * 2, der, b"\0" * 64, b"\xff" * 64)
    return [
        *(it.forged(with_numbers(*pair)) for pair in numbers),
        *(f"{it.parts[0]}.{it.parts[1]}.{part(length)}" for length in lengths if length != raw),
        f"{it.parts[0]}.{part(it.claims)}.{it.parts[2]}",
    ]


def critical(it: Forger) -> list[str]:
    """Return tokens whose head asks for what is not understood here, or is meant for something else."""
    sign = signed_by(own())
    strange: tuple[object, ...] = ("x", 17, True, [], {}, b"", b"\xff\xfe", b"{", b"{}" * 9)
    crits: tuple[object, ...] = (["b64"], ["exp"], ["x"], [], "b64", [17], ["alg", "alg"], None)
    types: tuple[object, ...] = (
        "JWT", "dpop+jwt", "logout+jwt", "at+JWT;x", "application/at+jwt\0", None, 17, [], {}, "x" * 100_000,
    )  # fmt: skip
    return [
        *(it.forged(sign, crit=crit, b64=False) for crit in crits),
        *(it.forged(sign, typ=typ) for typ in types),
        it.forged(sign, zip="DEF"),
        it.forged(sign, enc="A128GCM"),
        it.forged(sign, cty="JWT", claims=it.good),
        it.forged(claims=it.good.encode(), alg="none", cty="JWT"),
        it.forged(sign, claims=[1]),
        *(it.forged(sign, claims=claims) for claims in strange),
    ]


def misshapen(it: Forger) -> list[str]:
    """Return what is no token at all, though it is sent as one."""
    head, claims, signature = it.parts
    twice = part(b'{"alg":"none","alg":"ES256","typ":"at+jwt"}')
    deep = part(b'{"alg":' + b"[" * 5_000 + b"]" * 5_000 + b"}")
    encrypted = part({"alg": "dir", "enc": "A256GCM", "cty": "JWT"})
    return [
        ".", "..", "...", "x", "x.y", "x.y.z", "null", "{}", "undefined", "é", "\xff\xfe", "a b c", ",", "=",
        head, f"{head}.", f"{head}.{claims}", f"{head}.{claims}.", f".{claims}.{signature}", f"{head}..{signature}",
        f"{it.good}.", f".{it.good}", f"{it.good}.{signature}", f"{it.good}, Bearer {it.good}", f"{it.good} {it.good}",
        f"{head}.{claims}.{signature[:-2]}", f"{head}.{claims}.{signature[1:]}", f"{head}.{claims}.!{signature}",
        f"{head}.{claims}.{signature}!", f"{head[:-1]}.{claims}.{signature}", f"{claims}.{head}.{signature}",
        f"{twice}.{claims}.{signature}", f"{deep}.{claims}.{signature}", f"{part(b'[]')}.{claims}.{signature}",
        f"{part(b'null')}.{claims}.{signature}", f"{part(b'{}')}.{claims}.{signature}",
        f"{part(bytes([0xFF, 0xFE]))}.{claims}.{signature}", f"{encrypted}..{claims}.{claims}.{signature}",
        f"{encrypted}.{claims}.{claims}.{claims}.{signature}", json.dumps({"payload": claims, "signature": signature}),
        json.dumps({"payload": claims, "signatures": [{"protected": head, "signature": signature}]}),
    ]  # fmt: skip


def giant(it: Forger) -> list[str]:
    """Return tokens that would take long to read."""
    head, claims, signature = it.parts
    return [
        "x" * GIANT,
        "." * GIANT,
        f"{'A' * GIANT}.{claims}.{signature}",
        f"{head}.{'A' * GIANT}.{signature}",
        f"{head}.{claims}.{'A' * GIANT}",
        it.forged(claims={"sub": "x" * GIANT}),
        it.forged(x="x" * 100_000),
        f"{part(b'{' + b' ' * GIANT + b'}')}.{claims}.{signature}",
        f"{it.good}{'=' * GIANT}",
        it.forged(claims=b'{"exp":' + b"9" * 100_000 + b"}"),
        it.forged(claims=b"[" * 100_000),
    ]


KINDS = [confused, of_strange_keys, of_numbers, critical, misshapen, giant]


def refused(door: Door, token: str | bytes) -> None:
    """Check that a token names nobody."""
    raw = token if isinstance(token, bytes) else token.encode()
    answer = door.http.request("GET", "/cases", headers=[(b"authorization", b"Bearer " + raw)])
    assert answer.status_code == 401, token[:200]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert kind(answer)[1] in {"token-invalid", "token-expired", "token-missing"}
    assert raw[:200] not in answer.content or len(raw) < 8


@pytest.mark.parametrize("tokens", KINDS)
def test_a_token_that_somebody_made_up_names_nobody_and_leaves_no_trace(
    door: Door, forger: Forger, tokens: Callable[[Forger], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    with nothing_written(door), caplog.at_level(logging.DEBUG):
        for token in tokens(forger):
            refused(door, token)
    assert ours(caplog) == []


def test_nor_does_one_by_which_somebody_would_write(door: Door, forger: Forger) -> None:
    with nothing_written(door):
        for token in (it for of in KINDS for it in of(forger)[:3]):
            headers = [(b"authorization", b"Bearer " + token.encode()), (b"content-type", b"application/json")]
            assert door.http.request("POST", "/clients", content=b"{}", headers=headers).status_code == 401


def test_one_that_is_good_names_its_bearer_all_the_while(door: Door, forger: Forger) -> None:
    for of in KINDS:
        refused(door, of(forger)[0])
        assert door.http.get("/cases", headers={"Authorization": f"Bearer {forger.good}"}).status_code == 200


@pytest.mark.parametrize("minutes", [-1, -60 * 24 * 365 * 50])
def test_one_of_the_past_does_not_hold(door: Door, minutes: float) -> None:
    refused(door, door.issuer.mint(AINO, minutes=minutes))


@pytest.mark.parametrize("seconds", [3600, 86400 * 365 * 50])
def test_nor_does_one_of_the_future(door: Door, seconds: float) -> None:
    refused(door, door.issuer.mint(AINO, now=NOW + seconds))


def test_two_headers_are_not_two_chances(door: Door, forger: Forger) -> None:
    client = door.issuer.mint(Actor(str(door.client()), Role.CLIENT)).encode()
    good, bad = b"Bearer " + forger.good.encode(), b"Bearer x.y.z"
    for first, second in ((bad, good), (b"Basic eA==", good), (good, b"Bearer " + client)):
        headers = [(b"authorization", first), (b"authorization", second)]
        answer = door.http.request("GET", "/cases", headers=headers)
        assert answer.status_code == (200 if first == good else 401)


@pytest.mark.parametrize("query", ["access_token", "token", "authorization", "bearer"])
def test_a_token_in_the_address_is_none_for_addresses_are_written_down(door: Door, forger: Forger, query: str) -> None:
    assert door.http.get("/cases", params={query: forger.good}).status_code == 401


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_whichever_bit_of_it_somebody_turns_it_names_nobody_else(
    door: Door, forger: Forger, where: int, bit: int
) -> None:
    raw = bytearray(forger.good.encode())
    raw[where % len(raw)] ^= 1 << bit
    answer = door.http.request("GET", "/me", headers=[(b"authorization", b"Bearer " + bytes(raw).strip())])
    if answer.status_code != 401:  # the last character of base64 has bits that say nothing
        assert answer.json()["id"] == AINO.id
        assert read(bytes(raw).decode().split(".")[2]) == read(forger.parts[2])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=5,
)  # fmt: skip
NAMES = ("alg", "typ", "kid", "crit", "jku", "jwk", "x5c", "x5u", "b64", "zip", "enc", "cty", "epk")
HEADS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=HEADS, claims=JSON, signature=st.binary(max_size=80))
def test_whatever_is_put_into_head_claims_and_signature_names_nobody(
    door: Door, forger: Forger, head: Mapping[str, Any], claims: Any, signature: bytes
) -> None:
    refused(door, forger.forged(lambda _: signature, claims=claims if claims is not None else {}, **head))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_whatever_bytes_come_they_name_nobody(door: Door, raw: bytes) -> None:
    refused(door, bytes(it for it in raw if it not in b"\r\n\0"))


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what our own code wrote into the log."""
    return [it.getMessage() for it in caplog.records if it.name.split(".")[0] in {"api", "domain", "projections"}]
