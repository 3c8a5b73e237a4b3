"""DER: what it is to the limits of its lengths and tags, and what is told where it is none."""

from __future__ import annotations

import pytest

from tests.verifier.stamping import der, oid
from verifier.der import INTEGER, OCTETS, OID, SEQUENCE, DerMalformed, value, values

LENGTH = "a length in it is not written as DER writes it"
TAG = "a tag in it is of no kind that stamps have, or the length is missing"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"\x30\x80" + bytes(128), LENGTH), (b"\x30\x81\x7f" + bytes(127), LENGTH), (b"\x30\x82\x01", LENGTH),
        (b"\x30\x82\x00\x80" + bytes(128), LENGTH), (b"\x30\x81", LENGTH), (b"\x30", TAG), (b"\x1f\x01\x00", TAG),
        (b"\x3f\x01\x00", TAG), (b"\x30\x01", "it ends too early"), (b"\x30\x81\x80" + bytes(127), "it ends too early"),
        (b"", "it is not one value"), (b"\x30\x00\x30\x00", "it is not one value"),
        (b"\x31\x00", "tag 31 stands where 30 should"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_der_is_told(octets: bytes, why: str) -> None:
    with pytest.raises(DerMalformed) as wrong:
        value(octets, SEQUENCE)
    assert str(wrong.value) == why


@pytest.mark.parametrize(("octets", "number"), [(b"\xff", -1), (b"\x80", -128), (b"\x00\x80", 128), (b"\x01\x00", 256)])
def test_a_number_has_a_sign(octets: bytes, number: int) -> None:
    assert value(der(INTEGER, octets), INTEGER).number == number


@pytest.mark.parametrize("dotted", ["0.0", "0.39", "1.0", "1.39", "2.0", "2.47", "2.48", "1.2.0.127.128.16384"])
def test_the_first_two_numbers_of_an_identifier_share_an_octet(dotted: str) -> None:
    assert value(oid(dotted), OID).oid == dotted


@pytest.mark.parametrize("octets", [b"", b"\x80", b"\x2a\x86"])
def test_an_identifier_that_does_not_end_is_told(octets: bytes) -> None:
    with pytest.raises(DerMalformed, match=r"^an object's identifier does not end$"):
        _ = value(der(OID, octets), OID).oid


def test_values_stand_in_one_another_and_behind_one_another() -> None:
    inner = der(OCTETS, bytes(200)) + der(INTEGER, b"\x07")
    it = value(der(SEQUENCE, inner), SEQUENCE)
    assert [(part.tag, part.contents, part.raw) for part in it.parts] == [
        (OCTETS, bytes(200), der(OCTETS, bytes(200))), (INTEGER, b"\x07", der(INTEGER, b"\x07"))
    ]  # fmt: skip
    assert list(values(b"")) == []
    with pytest.raises(DerMalformed, match=r"^tag 30 stands where 02 should$"):
        _ = it.number
