"""Time-stamp tokens of every kind that authorities make, and each part of a token changed by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha1, sha256, sha384
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.verifier.stamping import DATA, DIGEST, ECDSA, FROM, INFO, UNTIL, der, integer, named, oid
from verifier import stamp
from verifier.der import DerMalformed
from verifier.findings import StampForged, StampMalformed, StampUnfit
from verifier.stamp import Stamp

TEXT = "luotsi/pohjola/events/1\n13\nAAAA\n"
TIME = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
SHA384_, RSA_, PSS, RSA_384, ECDSA_384, ED25519 = (
    der(0x30, oid(it))
    for it in (
        "2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.12",
        "1.2.840.10045.4.3.3", "1.3.101.112",
    )
)  # fmt: skip
CONTENT, MESSAGE = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
BINDS, BINDS_2 = oid("1.2.840.113549.1.9.16.2.12"), oid("1.2.840.113549.1.9.16.2.47")
EC_KEY, ED_KEY = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
RSA_KEY, DSA_KEY = rsa.generate_private_key(65537, 2048), dsa.generate_private_key(2048)
ROOT = ec.generate_private_key(ec.SECP256R1())
Sign = Callable[[bytes], bytes]


def certificate(key: Any, *, named_by_key: bool = False, since: datetime = FROM, until: datetime = UNTIL) -> Any:
    made = x509.CertificateBuilder(named("root"), named("leaf"), key.public_key(), 2)
    made = made.not_valid_before(since).not_valid_after(until)
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    if named_by_key:
        made = made.add_extension(x509.SubjectKeyIdentifier(b"by its key"), critical=False)
    return made.sign(ROOT, SHA256())


CERTIFICATE = certificate(EC_KEY)


def ess(held: x509.Certificate, digest: bytes = b"") -> bytes:
    """Return the signing-certificate attribute of version 2, by SHA-256 unless this is named."""
    own = held.public_bytes(Encoding.DER)
    hashed = sha384(own).digest() if digest else sha256(own).digest()
    return der(0x30, BINDS_2, der(0x31, der(0x30, der(0x30, der(0x30, digest, der(4, hashed))))))


def ess_1(held: x509.Certificate) -> bytes:
    hashed = sha1(held.public_bytes(Encoding.DER), usedforsecurity=False).digest()
    return der(0x30, BINDS, der(0x31, der(0x30, der(0x30, der(0x30, der(4, hashed))))))


def told(
    version: int = 1, policy: bytes = oid("1.2.3.4"), algorithm: bytes = DIGEST, serial: bytes = integer(7)
) -> bytes:
    imprint = der(0x30, algorithm, der(4, sha256(TEXT.encode()).digest()))
    return der(0x30, integer(version), policy, imprint, serial, der(0x18, b"20260302173000Z"))


def token(
    sign: Sign | None = None, algorithm: bytes = ECDSA, *, held: x509.Certificate = CERTIFICATE, info: bytes = b"",
    hashed: HashAlgorithm | None = None, digest: bytes = DIGEST, digests: bytes = DIGEST, kind: bytes = DATA,
    inner: bytes = INFO, version: int = 3, signer_version: int = 1, sid: bytes = b"", binds: bytes = b"",
    content: bytes = INFO, more: bytes = b"", others: bytes = b"",
) -> bytes:  # fmt: skip
    """Make a token; whatever is given takes the place of what it would be."""
    info = info or told()
    summed = Hash(hashed or SHA256())
    summed.update(info)
    attributes = b"".join(sorted((
        der(0x30, CONTENT, der(0x31, content)), der(0x30, MESSAGE, der(0x31, der(4, summed.finalize()))),
        binds or ess(held),
    ))) + more  # fmt: skip
    sign = sign or partial(EC_KEY.sign, signature_algorithm=ec.ECDSA(SHA256()))
    sid = sid or der(0x30, held.issuer.public_bytes(), integer(held.serial_number))
    signer = der(
        0x30, integer(signer_version), sid, digest, der(0xA0, attributes), algorithm,
        der(4, sign(der(0x31, attributes))),
    )  # fmt: skip
    own = held.public_bytes(Encoding.DER)
    signed = der(
        0x30, integer(version), der(0x31, digests), der(0x30, inner, der(0xA0, der(4, info))), der(0xA0, own + others),
        der(0x31, signer),
    )  # fmt: skip
    return der(0x30, kind, der(0xA0, signed))


def check(made: bytes) -> Stamp:
    it = Stamp.read(made)
    stamp.check(it, TEXT, 13)
    return it


def rsa_pss(message: bytes, salt: int = 32) -> bytes:
    return RSA_KEY.sign(message, padding.PSS(padding.MGF1(SHA256()), salt), SHA256())


def rsa_v15(message: bytes, by: HashAlgorithm) -> bytes:
    return RSA_KEY.sign(message, padding.PKCS1v15(), by)


BY_KEY = certificate(EC_KEY, named_by_key=True)
OF_RSA, OF_ED, OF_DSA = (certificate(it) for it in (RSA_KEY, ED_KEY, DSA_KEY))
MADE: dict[str, Callable[[], bytes]] = {
    "ECDSA": token,
    "ECDSA with SHA-384": lambda: token(
        partial(EC_KEY.sign, signature_algorithm=ec.ECDSA(SHA384())), ECDSA_384, hashed=SHA384(), digest=SHA384_,
        digests=DIGEST + SHA384_,
    ),
    "Ed25519": lambda: token(ED_KEY.sign, ED25519, held=OF_ED),
    "RSA that names no hash": lambda: token(partial(rsa_v15, by=SHA256()), RSA_, held=OF_RSA),
    "RSA that names another hash": lambda: token(partial(rsa_v15, by=SHA384()), RSA_384, held=OF_RSA),
    "PSS": lambda: token(rsa_pss, PSS, held=OF_RSA),
    "PSS with a short salt": lambda: token(partial(rsa_pss, salt=20), PSS, held=OF_RSA),
    "a signer named by its key": lambda: token(held=BY_KEY, signer_version=3, sid=der(0x80, b"by its key")),
    "a certificate named by SHA-1": lambda: token(binds=ess_1(CERTIFICATE)),
    "a certificate named by SHA-384": lambda: token(binds=ess(CERTIFICATE, SHA384_)),
}  # fmt: skip


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_token_of_each_kind_holds(made: Callable[[], bytes]) -> None:
    it = check(made())
    assert (it.time, it.imprint, it.others) == (TIME, sha256(TEXT.encode()).digest(), [])


def test_a_token_may_hold_other_certificates() -> None:
    other = OF_ED.public_bytes(Encoding.DER)
    it = check(token(others=other))
    assert (it.certificate, it.others) == (CERTIFICATE, [OF_ED])


HELD = "it does not hold the certificate that it is signed with"
MALFORMED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another kind": (lambda: token(kind=INFO), "it is no time-stamp token"),
    "another content": (lambda: token(inner=DATA), "it is no time-stamp token"),
    "another version": (lambda: token(version=4), "it is no time-stamp token"),
    "a hash that is not named": (lambda: token(digests=SHA384_), "it does not say with what it hashes"),
    "an attribute twice": (lambda: token(more=ess(CERTIFICATE)), "a signed attribute stands in it twice"),
    "two values": (
        lambda: token(more=der(0x30, oid("1.2.3"), der(0x31, integer(1), integer(2)))),
        "a signed attribute stands in it twice",
    ),
    "no value": (
        lambda: token(more=der(0x30, oid("1.2.3"), der(0x31))), "a signed attribute stands in it twice"
    ),
    "another issuer": (lambda: token(sid=der(0x30, named("other").public_bytes(), integer(2))), HELD),
    "another number": (lambda: token(sid=der(0x30, CERTIFICATE.issuer.public_bytes(), integer(3))), HELD),
    "another key's name": (lambda: token(held=BY_KEY, signer_version=3, sid=der(0x80, b"another key")), HELD),
    "a key's name that it has not": (lambda: token(signer_version=3, sid=der(0x80, b"by its key")), HELD),
    "a key's name in a list": (
        lambda: token(held=BY_KEY, signer_version=3, sid=der(0x81, b"by its key")), "tag 81 stands where 80 should"
    ),
    "a signer of version 3 named by its issuer": (lambda: token(signer_version=3), HELD),
    "a signer of version 1 named by its key": (lambda: token(held=BY_KEY, sid=der(0x80, b"by its key")), HELD),
    "a signer of version 4": (lambda: token(held=BY_KEY, signer_version=4, sid=der(0x80, b"by its key")), HELD),
    "another version of the content": (
        lambda: token(info=told(version=2)), "it is not of SHA-256, or of another version"
    ),
    "another hash": (lambda: token(info=told(algorithm=SHA384_)), "it is not of SHA-256, or of another version"),
    "no policy": (lambda: token(info=told(policy=integer(1))), "tag 02 stands where 06 should"),
    "no number": (lambda: token(info=told(serial=der(4, b"7"))), "it is not of SHA-256, or of another version"),
}  # fmt: skip


@pytest.mark.parametrize(("made", "why"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_wrong_with_a_token_is_told(made: Callable[[], bytes], why: str) -> None:
    with pytest.raises(DerMalformed) as wrong:
        Stamp.read(made())
    assert str(wrong.value) == why


FORGED = "The time stamp of the checkpoint of 13 events is not what its authority signed"
UNREADABLE = "The time stamp of the checkpoint of 13 events can't be read"
WRONG: dict[str, tuple[Callable[[], bytes], type[Exception], str]] = {
    "of something else": (
        lambda: token(content=DATA), StampForged, f"{FORGED}: its signature is of something else than a time stamp."
    ),
    "SHA-1 of another certificate": (
        lambda: token(binds=ess_1(OF_ED)), StampForged,
        f"{FORGED}: it was signed with another certificate than it holds.",
    ),
    "another certificate": (
        lambda: token(binds=ess(OF_ED, SHA384_)), StampForged,
        f"{FORGED}: it was signed with another certificate than it holds.",
    ),
    "Ed25519 by somebody else": (
        lambda: token(ed25519.Ed25519PrivateKey.generate().sign, ED25519, held=OF_ED), StampForged,
        f"{FORGED}: the signature is not by its certificate.",
    ),
    "RSA with another hash than it names": (
        lambda: token(partial(rsa_v15, by=SHA256()), RSA_384, held=OF_RSA), StampForged,
        f"{FORGED}: the signature is not by its certificate.",
    ),
    "PSS that is none": (
        lambda: token(partial(rsa_v15, by=SHA256()), PSS, held=OF_RSA), StampForged,
        f"{FORGED}: the signature is not by its certificate.",
    ),
    "RSA that is PSS": (
        lambda: token(rsa_pss, RSA_, held=OF_RSA), StampForged, f"{FORGED}: the signature is not by its certificate."
    ),
    "Ed25519 that it does not name": (
        lambda: token(ED_KEY.sign, ECDSA, held=OF_ED), StampMalformed,
        f"{UNREADABLE}: its key is of no kind that stamps are signed with.",
    ),
    "a key of another kind": (
        lambda: token(partial(DSA_KEY.sign, algorithm=SHA256()), held=OF_DSA), StampMalformed,
        f"{UNREADABLE}: its key is of no kind that stamps are signed with.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made", "kind", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_signature_is_told(made: Callable[[], bytes], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as wrong:
        check(made())
    assert str(wrong.value) == says


def test_a_certificate_holds_from_its_first_second_to_its_last() -> None:
    second = TIME.replace(second=1) - TIME
    check(token(held=certificate(EC_KEY, since=TIME, until=TIME)))
    for since, until in ((TIME + second, UNTIL), (FROM, TIME - second)):
        with pytest.raises(StampUnfit, match="it did not hold at that time"):
            check(token(held=certificate(EC_KEY, since=since, until=until)))
