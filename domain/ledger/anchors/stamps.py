"""Time stamps (RFC 3161): an authority vouches that a checkpoint was there at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.x509 import Certificate, ObjectIdentifier, load_der_x509_certificate
from psycopg import Connection
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from domain.ledger.anchors.anchor import EVERY, Anchor, Shown, is_of_now
from domain.ledger.anchors.outside import SECONDS, NotAnchored, Outsider

_QUERY = "application/timestamp-query"
_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_DIGESTS: Mapping[ObjectIdentifier, hashes.HashAlgorithm] = {
    _SHA256: hashes.SHA256(),
    ObjectIdentifier("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    ObjectIdentifier("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_SIGNING_CERTIFICATE = (bytes.fromhex("060b2a864886f70d010910020c"), bytes.fromhex("060b2a864886f70d010910022f"))
"""The attribute's name in DER, in its first and its second version."""

_REFUSED = 2
"""The first status (PKIStatus) that comes without a token."""

_OF_CERTIFICATES = re.compile(r'Verify error: ([^"]*)')
_CERTIFICATES, _LONG = 0xA0, 0x80


class NoRoot(Exception):
    """None of the certificates is a root, one that signs itself: nothing could be verified by them."""


class Authority(Anchor):
    """A time-stamp authority at an address, whose certificates end in one of these roots. Raises `NoRoot`."""

    def __init__(
        self, url: str, certificates: Sequence[Certificate], every: int = EVERY, seconds: float = SECONDS
    ) -> None:
        super().__init__(url, every)
        self._roots = [it for it in certificates if it.issuer == it.subject]
        self._intermediates = [it for it in certificates if it.issuer != it.subject]
        if not self._roots:
            raise NoRoot(NoRoot.__doc__)
        self._outsider = Outsider(url, seconds)

    def last(self, connection: Connection, log: str, epoch: int) -> int | None:
        """Return the size of the last checkpoint that it has stamped."""
        row = connection.execute(_LAST, (log, epoch, self.name)).fetchone()
        return None if row is None else int(row[0])

    def anchor(self, connection: Connection, it: Shown) -> None:
        """Have a checkpoint stamped; keep the token."""
        text = it.text.encode()
        request = TimestampRequestBuilder(text, HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
        answer = self._outsider.post("", request.as_bytes(), _QUERY)
        if answer.status != HTTPStatus.OK:
            raise NotAnchored(f"it answered {answer.status}")
        token, at = self._read(answer.content, request, text)
        is_of_now(at, it)
        connection.execute(_STAMPED, (it.log, it.epoch, it.size, self.name, token, at))

    def _read(self, content: bytes, request: TimeStampRequest, text: bytes) -> tuple[bytes, datetime]:
        """Return the token and its time, once it is verified that they are this authority's answer to this request."""
        try:
            response = decode_timestamp_response(in_order(content))
            if response.status >= _REFUSED:
                raise NotAnchored(f"it refused, with the status {response.status}")
            self._verify(response, request, text)
            return response.time_stamp_token(), response.tst_info.gen_time
        except VerificationError as lie:
            raise NotAnchored(f"its stamp does not hold: {_told(lie)}") from lie
        except (ValueError, LookupError) as garbage:
            raise NotAnchored("its answer is no time stamp") from garbage

    def _verify(self, response: TimeStampResponse, request: TimeStampRequest, text: bytes) -> None:
        """Verify its signature, its certificate up to a root, its nonce, and what it is over."""
        builder = VerifierBuilder(nonce=request.nonce, roots=self._roots, intermediates=self._intermediates)
        builder.build().verify_message(response, text)
        if response.tst_info.message_imprint.hash_algorithm != _SHA256:
            raise VerificationError("it is over another hash than SHA-256")
        if not response.signed_data.digest_algorithms <= _DIGESTS.keys():
            raise VerificationError("it is signed with another hash than SHA-256, SHA-384 or SHA-512")
        if not _names_its_certificate(response):
            raise VerificationError("it does not name the certificate that it is signed with")


def _names_its_certificate(response: TimeStampResponse) -> bool:
    """Say whether there is an attribute that names the certificate by its hash, as RFC 3161 and RFC 5816 ask."""
    token = response.time_stamp_token()
    (signer,) = response.signed_data.signer_infos
    named = token[max(token.rfind(it) for it in _SIGNING_CERTIFICATE) :]
    held = map(load_der_x509_certificate, response.signed_data.certificates)
    own = [it for it in held if (it.issuer, it.serial_number) == (signer.issuer, signer.serial_number)]
    digests = (hashes.SHA1(), *_DIGESTS.values())  # noqa: S303 - the attribute's first version knows no other
    return any(it.fingerprint(digest) in named for it in own for digest in digests)


def _told(lie: VerificationError) -> str:
    """Return what is wrong with a stamp, without all that OpenSSL says around it."""
    found = _OF_CERTIFICATES.search(str(lie))
    return found[1] if found else str(lie)


# The order of certificates


class _Part(NamedTuple):
    """A part of a DER encoding: where it begins, where its content does, and where it ends."""

    tag: int
    start: int
    content: int
    end: int


def in_order(response: bytes) -> bytes:
    """Return a response with its certificates in the order that DER wants, in which many authorities don't put them.

    No signature covers it. Raises `ValueError` or `LookupError` for what is no response.
    """
    _, *token = _inside(response, _part(response, 0))
    if not token:
        return response
    _, wrapped = _inside(response, token[0])
    (signed,) = _inside(response, wrapped)
    for it in _inside(response, signed):
        if it.tag == _CERTIFICATES:
            certificates = sorted(response[one.start : one.end] for one in _inside(response, it))
            return response[: it.content] + b"".join(certificates) + response[it.end :]
    return response


def _inside(data: bytes, whole: _Part) -> list[_Part]:
    found, at = [], whole.content
    while at < whole.end:
        found.append(_part(data, at))
        at = found[-1].end
    return found


def _part(data: bytes, at: int) -> _Part:
    length, content = data[at + 1], at + 2
    if length >= _LONG:
        content += length - _LONG
        length = int.from_bytes(data[at + 2 : content], "big")
    if content + length > len(data):
        raise ValueError("it is cut off")
    return _Part(data[at], at, content, content + length)


_LAST = "SELECT size FROM stamps WHERE log = %s AND epoch = %s AND authority = %s ORDER BY size DESC LIMIT 1"
_STAMPED = """
    INSERT INTO stamps (log, epoch, size, authority, token, at) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING"""
