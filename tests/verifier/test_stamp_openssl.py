"""Stamps by OpenSSL's own time-stamp authority: what the ledger keeps of them, the verifier takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from domain.ledger.anchors.stamps import in_order
from tests.domain.ledger.outsiders import STAMPING, Key, TimeStamping, issued
from verifier import findings
from verifier.stamp import Stamp, check, lead

TEXT = "luotsi/pirha/events/1\n3\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n"
KEYS: dict[str, Key] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}


@pytest.fixture
def tsa(tmp_path: Path) -> TimeStamping:
    return TimeStamping(tmp_path)


def token(tsa: TimeStamping, text: str = TEXT) -> bytes:
    """Return a token as the ledger keeps it."""
    query = TimestampRequestBuilder(text.encode(), HashAlgorithm.SHA256).build()
    return decode_timestamp_response(in_order(tsa.reply(query.as_bytes()))).time_stamp_token()


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("key", KEYS)
def test_a_stamp_holds_whatever_it_is_signed_with(tsa: TimeStamping, key: str, digest: str) -> None:
    tsa.signer = issued("leima", tsa.between, usage=STAMPING, key=KEYS[key])
    tsa.configure(signer_digest=digest)
    stamp = Stamp.read(token(tsa))
    check(stamp, TEXT, 3)
    lead(stamp, [tsa.root.certificate], 3)
    assert abs(stamp.time - datetime.now(UTC)) < timedelta(minutes=1)
    assert stamp.authority == "CN=leima"


@pytest.mark.parametrize("named_by", ["sha1", "sha256", "sha512"])
def test_a_stamp_holds_however_it_names_its_certificate(tsa: TimeStamping, named_by: str) -> None:
    tsa.configure(ess_cert_id_alg=named_by)
    check(Stamp.read(token(tsa)), TEXT, 3)


def test_a_stamp_of_another_text_is_named(tsa: TimeStamping) -> None:
    with pytest.raises(findings.StampOfSomethingElse):
        check(Stamp.read(token(tsa, "another\n")), TEXT, 3)


def test_a_stamp_under_another_root_is_named(tsa: TimeStamping) -> None:
    stamp = Stamp.read(token(tsa))
    with pytest.raises(findings.StampAuthorityWrong):
        lead(stamp, [issued("juuri").certificate], 3)


def test_a_stamp_that_does_not_name_its_certificate_is_named(tsa: TimeStamping) -> None:
    query = TimestampRequestBuilder(TEXT.encode(), HashAlgorithm.SHA256).build()
    reply = decode_timestamp_response(in_order(tsa.reply_as_anybody(query.as_bytes())))
    with pytest.raises(findings.StampMalformed):
        check(Stamp.read(reply.time_stamp_token()), TEXT, 3)
