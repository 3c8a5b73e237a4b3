"""A time-stamp authority with fixed keys: tokens by RFC 3161 and RFC 5652 alone, the same at every making."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SIGNING = ec.ECDSA(SHA256(), deterministic_signing=True)
FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


def der(tag: int, *contents: bytes) -> bytes:
    joined = b"".join(contents)
    if len(joined) < 0x80:
        return bytes([tag, len(joined)]) + joined
    length = len(joined).to_bytes((len(joined).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + joined


def oid(dotted: str) -> bytes:
    return der(0x06, _oid(dotted))


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    encoded = b""
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        encoded += bytes(reversed(digits))
    return encoded


def integer(number: int) -> bytes:
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


DATA, INFO = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.9.16.1.4")
DIGEST = der(0x30, oid("2.16.840.1.101.3.4.2.1"))
ECDSA = der(0x30, oid("1.2.840.10045.4.3.2"))


def private(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(name.encode()).digest(), "big") >> 8, ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class Authority:
    """A root and a certificate that stamps. `purposes` are what the latter is for, none told if empty."""

    name: str = "A time-stamp authority"
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,)
    critical: bool = True

    @property
    def root(self) -> x509.Certificate:
        key = private(f"root of {self.name}")
        builder = self._builder(f"Root of {self.name}", key.public_key(), 1)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign(key, SHA256(), ecdsa_deterministic=True)

    @property
    def certificate(self) -> x509.Certificate:
        builder = self._builder(self.name, private(self.name).public_key(), 2)
        if self.purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(self.purposes)), critical=self.critical)
        return builder.sign(private(f"root of {self.name}"), SHA256(), ecdsa_deterministic=True)

    def _builder(self, subject: str, key: ec.EllipticCurvePublicKey, number: int) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(named(f"Root of {self.name}"), named(subject), key, number)
        return builder.not_valid_before(FROM).not_valid_after(UNTIL)

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def token(self, text: str, time: datetime, *, binds: bytes | None = None) -> bytes:
        """Stamp a checkpoint's text; `binds` is the certificate that the signature names, its own unless given."""
        own = self.certificate.public_bytes(Encoding.DER)
        info = der(
            0x30, integer(1), oid("1.2.3.4"), der(0x30, DIGEST, der(0x04, sha256(text.encode()).digest())), integer(7),
            der(0x18, time.strftime("%Y%m%d%H%M%SZ").encode()),
        )  # fmt: skip
        named_ = der(0x30, der(0x30, der(0x30, der(0x04, sha256(own if binds is None else binds).digest()))))
        attributes = b"".join(sorted((
            der(0x30, oid("1.2.840.113549.1.9.3"), der(0x31, INFO)),
            der(0x30, oid("1.2.840.113549.1.9.4"), der(0x31, der(0x04, sha256(info).digest()))),
            der(0x30, oid("1.2.840.113549.1.9.16.2.47"), der(0x31, named_)),
        )))  # fmt: skip
        signature = private(self.name).sign(der(0x31, attributes), SIGNING)
        signer = der(
            0x30, integer(1), der(0x30, self.certificate.issuer.public_bytes(), integer(2)), DIGEST,
            der(0xA0, attributes), ECDSA, der(0x04, signature),
        )  # fmt: skip
        signed = der(
            0x30, integer(3), der(0x31, DIGEST), der(0x30, INFO, der(0xA0, der(0x04, info))), der(0xA0, own),
            der(0x31, signer),
        )  # fmt: skip
        return der(0x30, DATA, der(0xA0, signed))
