"""Time stamps: RFC 3161 tokens, which are CMS signatures (RFC 5652) over a hash and a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from verifier import der, findings

SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
SHA256 = "2.16.840.1.101.3.4.2.1"
HASHES: dict[str, hashes.HashAlgorithm] = {
    SHA256: hashes.SHA256(), "2.16.840.1.101.3.4.2.2": hashes.SHA384(), "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}  # fmt: skip
RSA, PSS, ED25519 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.3.101.112"
SHA384, SHA512 = "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"
RSA_WITH = {
    "1.2.840.113549.1.1.11": SHA256, "1.2.840.113549.1.1.12": SHA384, "1.2.840.113549.1.1.13": SHA512
}  # fmt: skip
ECDSA_WITH = {"1.2.840.10045.4.3.2": SHA256, "1.2.840.10045.4.3.3": SHA384, "1.2.840.10045.4.3.4": SHA512}
"""The hash that an algorithm of signatures names; RSA alone, PSS and Ed25519 name none."""

_UNREADABLE = (
    ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError, Warning, UnsupportedAlgorithm,
    x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What a damaged token or certificate raises."""


@dataclass(frozen=True)
class Stamp:
    """A token: what it stamps, when, and what it is signed with. Nothing of it is checked yet."""

    imprint: bytes
    time: datetime
    info: bytes
    attributes: dict[str, der.Value]
    signed: bytes
    signature: bytes
    digest: str
    algorithm: str
    certificate: x509.Certificate
    others: list[x509.Certificate]

    @classmethod
    def read(cls, token: bytes) -> Stamp:
        """Read a TimeStampToken in DER. Raises `der.DerMalformed`."""
        try:
            return _read(token)
        except _UNREADABLE as damaged:
            raise der.DerMalformed(str(damaged) or type(damaged).__name__) from None

    @property
    def authority(self) -> str:
        """Who the certificate says that it is."""
        return self.certificate.subject.rfc4514_string()


def check(stamp: Stamp, text: str, size: int) -> None:
    """See that a token stamps a checkpoint's text, and is signed as its certificate says. Raises a `Broken`."""
    if stamp.imprint != sha256(text.encode()).digest():
        raise findings.StampOfSomethingElse(size=size)
    try:
        _signed(stamp, size)
        fit(stamp, size)
    except _UNREADABLE as damaged:
        raise findings.StampMalformed(size=size, why=str(damaged)) from None


def lead(stamp: Stamp, authorities: Sequence[x509.Certificate], size: int) -> None:
    """See that its certificate leads to one of these, at the time that it tells. Raises `StampAuthorityWrong`."""
    if stamp.certificate in authorities:
        return
    issuer = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _may_issue)
    issuer = issuer.may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    issuer = issuer.may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _may_stamp)
    policy = PolicyBuilder().store(Store(list(authorities))).time(stamp.time.replace(tzinfo=None))
    policy = policy.extension_policies(ca_policy=issuer, ee_policy=ExtensionPolicy.permit_all())
    try:
        policy.build_client_verifier().verify(stamp.certificate, stamp.others)
    except (VerificationError, *_UNREADABLE) as refused:
        raise findings.StampAuthorityWrong(size=size, why=str(refused)) from None


def _may_issue(_: object, __: object, basic: x509.BasicConstraints | None) -> None:
    if basic is None or not basic.ca:
        raise ValueError("an issuer is no authority")


def _may_sign(_: object, __: object, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer may not sign certificates")


def _may_stamp(_: object, __: object, usage: x509.ExtendedKeyUsage | None) -> None:
    purposes = {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if usage is not None and not purposes & set(usage):
        raise ValueError("an issuer is none of those that stamp")


def _read(token: bytes) -> Stamp:
    kind, content = der.value(token, der.SEQUENCE).parts
    (signed_data,) = content.of(der.CONTEXT).parts
    version, digests, inner, *optional, infos = signed_data.of(der.SEQUENCE).parts
    inner_kind, wrapped = inner.of(der.SEQUENCE).parts
    (octets,) = wrapped.of(der.CONTEXT).parts
    if (kind.oid, inner_kind.oid, version.number) != (SIGNED_DATA, TST_INFO, 3):
        raise der.DerMalformed("it is no time-stamp token")
    info = octets.of(der.OCTETS).contents
    certificates = [
        x509.load_der_x509_certificate(it.raw) for held in optional if held.tag == der.CONTEXT for it in held.parts
    ]
    (signer,) = infos.of(der.SET).parts
    signer_version, sid, digest, attributes, algorithm, signature, *_ = signer.of(der.SEQUENCE).parts
    found = {name.oid: held for name, held in (it.of(der.SEQUENCE).parts for it in attributes.of(der.CONTEXT).parts)}
    if _algorithm(digest) not in map(_algorithm, digests.of(der.SET).parts):
        raise der.DerMalformed("it does not say with what it hashes")
    if len(found) != len(attributes.parts) or any(len(it.of(der.SET).parts) != 1 for it in found.values()):
        raise der.DerMalformed("a signed attribute stands in it twice")
    certificate = next((it for it in certificates if _is(it, sid)), None)
    if certificate is None or signer_version.number != (1 if sid.tag == der.SEQUENCE else 3):
        raise der.DerMalformed("it does not hold the certificate that it is signed with")
    return Stamp(
        *_told(info), info, {name: it.parts[0] for name, it in found.items()},
        b"\x31" + attributes.raw[1:], signature.of(der.OCTETS).contents, _algorithm(digest), _algorithm(algorithm),
        certificate, [it for it in certificates if it != certificate],
    )  # fmt: skip


def _told(info: bytes) -> tuple[bytes, datetime]:
    """Return the hash and the time of a TSTInfo."""
    version, policy, imprint, serial, time, *_ = der.value(info, der.SEQUENCE).parts
    algorithm, hashed = imprint.of(der.SEQUENCE).parts
    if version.number != 1 or not policy.oid or _algorithm(algorithm) != SHA256 or serial.tag != der.INTEGER:
        raise der.DerMalformed("it is not of SHA-256, or of another version")
    return hashed.of(der.OCTETS).contents, told_time(time.of(der.TIME).contents.decode("ascii"))


def told_time(text: str) -> datetime:
    """Read a GeneralizedTime as RFC 3161 has it: in UTC. Raises `DerMalformed`."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    if not re.fullmatch(r"[0-9]{14}(\.[0-9]+)?Z", text):
        raise der.DerMalformed("its time is not in UTC")
    try:
        found = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise der.DerMalformed("its time is none that there is") from None
    return found.replace(microsecond=int(fraction[:6].ljust(6, "0")))


def _algorithm(value: der.Value) -> str:
    return value.of(der.SEQUENCE).parts[0].oid


def _is(certificate: x509.Certificate, sid: der.Value) -> bool:
    """Say whether a signer's identifier, by issuer and number or by the key's own identifier, is this certificate's."""
    if sid.tag == der.SEQUENCE:
        issuer, number = sid.parts
        return (issuer.raw, number.number) == (certificate.issuer.public_bytes(), certificate.serial_number)
    try:
        own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return False
    return sid.of(der.PRIMITIVE).contents == own


def _signed(stamp: Stamp, size: int) -> None:
    """See that the signature is over the attributes, and they over the token's content and the certificate."""
    digest = hashes.Hash(HASHES[stamp.digest])
    digest.update(stamp.info)
    if stamp.attributes[CONTENT_TYPE].oid != TST_INFO:
        raise findings.StampForged(size=size, why="its signature is of something else than a time stamp")
    if stamp.attributes[MESSAGE_DIGEST].of(der.OCTETS).contents != digest.finalize():
        raise findings.StampForged(size=size, why="the time or the hash in it was altered")
    if not _binds(stamp):
        raise findings.StampForged(size=size, why="it was signed with another certificate than it holds")
    try:
        _verify(stamp)
    except InvalidSignature:
        raise findings.StampForged(size=size, why="the signature is not by its certificate") from None


def _binds(stamp: Stamp) -> bool:
    """Say whether the signed attributes name the certificate (RFC 5035): the first of the list is the signer's."""
    own = stamp.certificate.public_bytes(Encoding.DER)
    if SIGNING_CERTIFICATE_V2 in stamp.attributes:
        first = stamp.attributes[SIGNING_CERTIFICATE_V2].parts[0].parts[0].parts
        digest = hashes.Hash(HASHES[_algorithm(first[0])] if first[0].tag == der.SEQUENCE else HASHES[SHA256])
        digest.update(own)
        return first[1 if first[0].tag == der.SEQUENCE else 0].of(der.OCTETS).contents == digest.finalize()
    first = stamp.attributes[SIGNING_CERTIFICATE].parts[0].parts[0].parts
    return first[0].of(der.OCTETS).contents == sha1(own, usedforsecurity=False).digest()


def _verify(stamp: Stamp) -> None:
    """See that the signature is the certificate's over the attributes. Raises `InvalidSignature` and `KeyError`."""
    match stamp.certificate.public_key():
        case ed25519.Ed25519PublicKey() as key if stamp.algorithm == ED25519:
            key.verify(stamp.signature, stamp.signed)
        case ec.EllipticCurvePublicKey() as key:
            key.verify(stamp.signature, stamp.signed, ec.ECDSA(HASHES[ECDSA_WITH[stamp.algorithm]]))
        case rsa.RSAPublicKey() as key if stamp.algorithm == PSS:
            algorithm = HASHES[stamp.digest]
            key.verify(stamp.signature, stamp.signed, padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO), algorithm)
        case rsa.RSAPublicKey() as key:
            algorithm = HASHES[stamp.digest if stamp.algorithm == RSA else RSA_WITH[stamp.algorithm]]
            key.verify(stamp.signature, stamp.signed, padding.PKCS1v15(), algorithm)
        case _:
            raise der.DerMalformed("its key is of no kind that stamps are signed with")


def fit(stamp: Stamp, size: int) -> None:
    """See that the certificate is for time stamps and for nothing else (RFC 3161, 2.3), and held at the time.

    Raises `StampUnfit`.
    """
    try:
        usage = stamp.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise findings.StampUnfit(size=size, why="it does not say what it is for") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise findings.StampUnfit(size=size, why="it is not for time stamps alone")
    if not _may_be_signed_with(stamp.certificate):
        raise findings.StampUnfit(size=size, why="it is not for signatures")
    if not stamp.certificate.not_valid_before_utc <= stamp.time <= stamp.certificate.not_valid_after_utc:
        raise findings.StampUnfit(size=size, why="it did not hold at that time")


def _may_be_signed_with(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment
