"""Which certificates lead from a time stamp to the authority that was given, and which do not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.verifier.forge import AUTHORITY
from tests.verifier.stamping import FROM, UNTIL, named, private
from verifier import der, stamp
from verifier.findings import StampAuthorityWrong, StampUnfit

TIME = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
BEFORE, AFTER = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
STAMPS, SERVES = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH
USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def certificate(
    subject: str, issuer: str, *, ca: bool | None = None, below: int | None = None, since: datetime = FROM,
    until: datetime = UNTIL, purpose: x509.ObjectIdentifier | None = None, use: str | None = None, by: str = "",
) -> x509.Certificate:  # fmt: skip
    """Make a certificate, signed with the key of its issuer or of somebody else."""
    made = x509.CertificateBuilder(named(issuer), named(subject), private(subject).public_key(), 2)
    made = made.not_valid_before(since).not_valid_after(until)
    if ca is not None:
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=below), critical=True)
    if purpose:
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    if use:
        made = made.add_extension(x509.KeyUsage(**{name: name == use for name in USES}), critical=True)
    return made.sign(private(by or issuer), SHA256(), ecdsa_deterministic=True)


def led(leaf: x509.Certificate, between: Sequence[x509.Certificate], root: x509.Certificate) -> None:
    """Have a stamp that is signed with this certificate lead to this root."""
    nothing: dict[str, der.Value] = {}
    it = stamp.Stamp(b"", TIME, b"", nothing, b"", b"", "", "", leaf, list(between))
    stamp.fit(it, 1)
    stamp.lead(it, [root], 1)


ROOT, MIDDLE = certificate("root", "root", ca=True), certificate("middle", "root", ca=True)
LEAF, LOWER = certificate("leaf", "root", purpose=STAMPS), certificate("leaf", "middle", purpose=STAMPS)


def middle(**how: Any) -> tuple[x509.Certificate, list[x509.Certificate], x509.Certificate]:
    return LOWER, [certificate("middle", "root", **{"ca": True} | how)], ROOT


def root(**how: Any) -> tuple[x509.Certificate, list[x509.Certificate], x509.Certificate]:
    return LEAF, [], certificate("root", "root", **{"ca": True} | how)


def leaf(**how: Any) -> tuple[x509.Certificate, list[x509.Certificate], x509.Certificate]:
    return certificate("leaf", "root", **{"purpose": STAMPS} | how), [], ROOT


@pytest.mark.parametrize(
    "chain",
    [
        (LEAF, [], ROOT), (LOWER, [MIDDLE], ROOT), (LEAF, [], LEAF), middle(purpose=STAMPS), middle(below=0),
        middle(use="key_cert_sign"), leaf(use="digital_signature"), leaf(use="content_commitment"),
    ],
)  # fmt: skip
def test_a_chain_that_holds_leads_to_its_root(chain: Any) -> None:
    led(*chain)


NOT = {
    "an issuer that says it is no authority": middle(ca=False),
    "an issuer that does not say whether it is": middle(ca=None),
    "an issuer that had run out": middle(until=BEFORE),
    "an issuer that did not hold yet": middle(since=AFTER),
    "an issuer that may not sign certificates": middle(use="digital_signature"),
    "an issuer of something else than stamps": middle(purpose=SERVES),
    "an issuer by somebody else": middle(by="thief"),
    "a root that says it is no authority": root(ca=False),
    "a root that does not say whether it is": root(ca=None),
    "a root that had run out": root(until=BEFORE),
    "a root that has none below it": (LOWER, [MIDDLE], certificate("root", "root", ca=True, below=0)),
    "no issuer": (LOWER, [], ROOT),
    "another's signature": leaf(by="thief"),
}


@pytest.mark.parametrize("chain", NOT.values(), ids=NOT)
def test_a_chain_that_does_not_hold_leads_nowhere(chain: Any) -> None:
    with pytest.raises(StampAuthorityWrong):
        led(*chain)


@pytest.mark.parametrize(
    "chain",
    [
        leaf(until=BEFORE), leaf(since=AFTER), leaf(purpose=SERVES), leaf(purpose=None), leaf(use="key_encipherment"),
        (certificate("leaf", "root", purpose=STAMPS, until=BEFORE), [], LEAF),
    ],
)  # fmt: skip
def test_a_certificate_that_may_not_stamp_is_refused_whoever_gave_it(chain: Any) -> None:
    with pytest.raises(StampUnfit):
        led(*chain)


def test_the_authority_of_the_catalogue_is_such_a_one() -> None:
    led(AUTHORITY.certificate, [], AUTHORITY.root)


def test_why_a_certificate_may_not_stamp_is_told() -> None:
    with pytest.raises(StampUnfit) as unfit:
        led(*leaf(use="key_encipherment"))
    assert str(unfit.value) == (
        "The time stamp of the checkpoint of 1 events is signed with a certificate that may not stamp: it is not for "
        "signatures."
    )
