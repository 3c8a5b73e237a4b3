"""Time-stamp tokens: DER as it is written, and what a token has to say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.forge import AUTHORITY
from tests.verifier.stamping import Authority, der, integer, oid
from verifier import stamp
from verifier.der import INTEGER, OCTETS, SEQUENCE, DerMalformed, value, values
from verifier.findings import Broken, StampAuthorityWrong
from verifier.stamp import Stamp

TEXT = "luotsi/pohjola/events/1\n13\nAAAA\n"
TIME = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
TOKEN = AUTHORITY.token(TEXT, TIME)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x30", b"\x30\x01", b"\x30\x80\x00\x00", b"\x30\x81\x01\x00", b"\x30\x82\x00\x80" + bytes(128),
        b"\x1f\x81\x01\x00",
        b"\x30\x84\xff\xff\xff\xff", b"\x30\x82\x01", b"\x30\x00\x30\x00", b"", b"\x31\x00",
    ],
)  # fmt: skip
def test_what_is_no_such_der_is_refused(octets: bytes) -> None:
    with pytest.raises(DerMalformed):
        value(octets, SEQUENCE)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_536])
def test_a_value_has_its_length(length: int) -> None:
    it = value(der(OCTETS, bytes(length)), OCTETS)
    assert (len(it.contents), it.raw) == (length, der(OCTETS, bytes(length)))


@pytest.mark.parametrize("dotted", ["1.2.840.113549.1.7.2", "2.16.840.1.101.3.4.2.1", "0.9", "2.999.3", "1.3.101.112"])
def test_an_identifier_reads_as_it_is_written(dotted: str) -> None:
    first, second, *rest = map(int, dotted.split("."))
    octets = oid(dotted) if first < 2 else oid(".".join(map(str, (first, second, *rest))))
    assert value(octets, 6).oid == dotted


@pytest.mark.parametrize("contents", [b"", b"\x2a\x86"])
def test_an_identifier_that_does_not_end_is_none(contents: bytes) -> None:
    with pytest.raises(DerMalformed):
        _ = value(der(6, contents), 6).oid


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 2**64])
def test_a_number_reads_as_it_is_written(number: int) -> None:
    assert value(integer(number), INTEGER).number == number


def test_values_stand_one_behind_the_other() -> None:
    assert [it.number for it in values(integer(1) + integer(2))] == [1, 2]


def test_a_token_tells_its_time_and_authority() -> None:
    it = Stamp.read(TOKEN)
    stamp.check(it, TEXT, 13)
    stamp.lead(it, [AUTHORITY.root], 13)
    assert (it.time, it.authority) == (TIME, "CN=A time-stamp authority")


def test_who_trusts_the_certificate_itself_needs_no_root() -> None:
    stamp.lead(Stamp.read(TOKEN), [AUTHORITY.certificate], 13)


def test_a_certificate_leads_to_its_own_root_alone() -> None:
    with pytest.raises(StampAuthorityWrong):
        stamp.lead(Stamp.read(TOKEN), [Authority("Another authority").root], 13)


@pytest.mark.parametrize(
    ("told", "time"),
    [
        (b"20260302173000Z", TIME), (b"20260302173000.5Z", TIME.replace(microsecond=500_000)),
        (b"20260302173000.123456789Z", TIME.replace(microsecond=123_456)),
    ],
)  # fmt: skip
def test_a_time_may_have_parts_of_a_second(told: bytes, time: datetime) -> None:
    assert stamp.told_time(told.decode()) == time


@pytest.mark.parametrize(
    "told", ["20260302173000", "20260302173000+0200", "20260230173000Z", "20260302Z", "Z", ".5Z", ""]
)
def test_what_is_no_time_in_utc_is_refused(told: str) -> None:
    with pytest.raises(DerMalformed):
        stamp.told_time(told)


@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255))
def test_a_byte_changed_in_a_token_is_noticed(at: int, bits: int) -> None:
    changed = bytearray(TOKEN)
    changed[at] ^= bits
    with pytest.raises((DerMalformed, Broken)):
        stamp.check(Stamp.read(bytes(changed)), TEXT, 13)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_they_are_a_token_or_none(octets: bytes) -> None:
    with pytest.raises(DerMalformed):
        Stamp.read(octets)


def test_why_a_time_is_refused_is_told() -> None:
    with pytest.raises(DerMalformed, match=r"^its time is not in UTC$"):
        stamp.told_time("20260302173000")
    with pytest.raises(DerMalformed, match=r"^its time is none that there is$"):
        stamp.told_time("20260230173000Z")
