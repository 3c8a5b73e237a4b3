"""JSON is read strictly, and so are the values in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier import strict
from verifier.strict import Malformed

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[1,]", '{"a":1,"a":1}', '[{"a":{"b":1,"b":2}}]', "NaN", "[Infinity]", "-Infinity", "1e999", "01",
        "[" * 33 + "]" * 33, '{"a":' * 40 + "1" + "}" * 40, "[" * 5_000, "[" * 100_000 + "]" * 100_000, "1" * 5_000,
        "'a'", "{} {}", "\ufeff{}",
    ],
)  # fmt: skip
def test_what_is_no_such_json_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        strict.loads(text)


@pytest.mark.parametrize("text", ["null", "1.5", '{"a":[1,{"b":null}]}', "[" * 32 + "]" * 32, f'"{"[" * 100}"'])
def test_what_is_json_is_read(text: str) -> None:
    strict.loads(text)


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(Malformed):
        strict.decoded(b'"\xff"')


@pytest.mark.parametrize("value", [None, [], "a", {}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": "2"}])
def test_an_object_has_its_fields_and_no_others(value: Any) -> None:
    with pytest.raises(Malformed):
        strict.fields(value, a=strict.whole, b=strict.whole)


def test_fields_come_in_the_order_asked_for() -> None:
    assert strict.fields({"b": 2, "a": 1}, a=strict.whole, b=strict.whole) == [1, 2]


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (strict.text, 1), (strict.text, None), (strict.text, "\ud800"), (strict.whole, -1), (strict.whole, True),
        (strict.whole, 1.0), (strict.whole, "1"), (strict.whole, 2**63), (strict.counted, 0), (strict.counted, None),
        (strict.whole_or_none, -1), (strict.mapping, []), (strict.listed, {}), (strict.texts, [1]), (strict.texts, "a"),
        (strict.digest, HASH.upper()), (strict.digest, HASH[:-1]), (strict.digest, HASH[:-1] + " "),
        (strict.digest, None),
        (strict.digest, HASH[:-2] + "٠٠"), (strict.digest_or_none, ""), (strict.digest_or_empty, None),
        (strict.path, [HASH[:-1]]), (strict.path, [HASH[1:], HASH + "a"]), (strict.path, [1]), (strict.path, HASH),
        (strict.path, [HASH.upper()]), (strict.path_or_none, 0), (strict.octets, "A"), (strict.octets, "AAB="),
        (strict.octets, "AA A="), (strict.octets, "AA=="[:3]), (strict.octets, "ä"), (strict.octets, None),
        (strict.octets, "_-__"), (strict.identifier, "a"), (strict.identifier, HASH[:32]), (strict.identifier, None),
        (strict.identifier, "9B2F1C9E-4f57-4c39-8f4e-7f2b7c1d2a11"), (strict.moment, "2026-03-02"),
        (strict.moment, "2026-03-02T09:00:00"), (strict.moment, "2026-02-30T09:00:00Z"), (strict.moment, 0),
        (strict.moment, "2026-03-02T09:00:00+99:99"),
        (strict.moment, "2026-03-02 09:00:00Z"), (strict.moment, "２026-03-02T09:00:00Z"), (strict.either("a"), "b"),
        (strict.either("a"), None), (strict.either("a"), []),
    ],
)  # fmt: skip
def test_what_is_no_such_value_is_refused(reader: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(Malformed):
        reader(value)


@pytest.mark.parametrize(
    ("reader", "value", "why"),
    [
        (strict.text, 1, "it is no text"), (strict.text, "\ud800", "it holds half a character"),
        (strict.whole, "1", "it is no whole number from 0 on"), (strict.counted, 0, "it is no whole number from 1 on"),
        (strict.text_or_none, 1, "it is no text"), (strict.mapping, [], "it is no object"),
        (strict.listed, {}, "it is no list"), (strict.texts, [1], "it is no text"),
        (strict.digest, HASH[:-1], "it is no hash of 32 bytes in small hex"),
        (strict.path, [HASH[:-1]], "it is no list of hashes"), (strict.path, [1], "it is no list of hashes"),
        (strict.path, [HASH.upper()], "it is no list of hashes in small hex"), (strict.octets, "A", "it is no base64"),
        (strict.octets, "AA!A", "it is no base64"), (strict.octets, "AAB=", "it is no base64 as it is written"),
        (strict.identifier, "a", "it is no UUID"), (strict.identifier, HASH[:32], "it is no UUID as it is written"),
        (strict.moment, "2026-03-02", "it is no time with an offset"),
        (strict.moment, "2026-02-30T09:00:00Z", "it is no time that there is"),
        (strict.either("a", "b"), "c", "it is none of a, b"), (strict.loads, "NaN", "NaN is no number"),
        (strict.loads, "1e999", "a number in it has no end"),
        (strict.loads, '{"a":1,"a":2}', "a field stands in it twice"),
        (strict.loads, "[" * 33 + "]" * 33, "it is nested too deep"), (strict.decoded, b"\xff", "it is not UTF-8"),
        (strict.day, "20260302", "it is no day as it is written"), (strict.day, "a", "it is no day"),
        (strict.loads, "]", "Expecting value: line 1 column 1 (char 0)"),
    ],
)  # fmt: skip
def test_why_a_value_is_refused_is_told(reader: Callable[[Any], Any], value: Any, why: str) -> None:
    with pytest.raises(Malformed) as malformed:
        reader(value)
    assert str(malformed.value) == why


def test_which_field_is_refused_is_told() -> None:
    for value, why in (
        ([], "it is no object"), ({"a": 1, "b": 2, "d": 4, "c": 3}, "its fields are not what they should be: c, d"),
        ({"a": 1}, "its fields are not what they should be: b"),
        ({"a": "1", "b": 2}, "a: it is no whole number from 0 on"),
        ({"a": 1, "b": -1}, "b: it is no whole number from 0 on"),
    ):  # fmt: skip
        with pytest.raises(Malformed) as malformed:
            strict.fields(value, a=strict.whole, b=strict.whole)
        assert str(malformed.value) == why


def test_lists_stand_in_one_another_as_deep_as_they_may_beside_others() -> None:
    strict.loads("[[]," + "[" * 31 + "]" * 31 + "]")
    strict.loads('{"a":[],"b":' + '{"a":' * 31 + "1" + "}" * 31 + "}")
    for text in ("[[]," + "[" * 32 + "]" * 32 + "]", '{"a":[],"b":' + '{"a":' * 32 + "1" + "}" * 32 + "}"):
        with pytest.raises(Malformed, match=r"^it is nested too deep$"):
            strict.loads(text)


def test_a_text_may_be_left_out_where_it_may() -> None:
    assert (strict.text_or_none(None), strict.text_or_none("a"), strict.text("ä")) == (None, "a", "ä")


def test_values_are_read_as_what_they_are() -> None:
    assert strict.digest(HASH) == strict.digest_or_none(HASH) == strict.digest_or_empty(HASH) == bytes.fromhex(HASH)
    assert strict.path([HASH, HASH]) == strict.path_or_none([HASH] * 2) == [bytes.fromhex(HASH)] * 2
    assert (strict.digest_or_none(None), strict.path_or_none(None), strict.whole_or_none(None)) == (None, None, None)
    assert (strict.digest_or_empty(""), strict.path([]), strict.whole(0), strict.counted(1)) == (b"", [], 0, 1)
    assert strict.identifier("9b2f1c9e-4f57-4c39-8f4e-7f2b7c1d2a11") == UUID("9b2f1c9e-4f57-4c39-8f4e-7f2b7c1d2a11")
    assert strict.whole(2**63 - 1) == 2**63 - 1
    assert strict.octets("AAE=") == b"\x00\x01"


def test_moments_with_different_offsets_are_compared() -> None:
    assert strict.moment("2026-03-02T09:00:00+02:00") == strict.moment("2026-03-02T07:00:00.000000Z")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda it: st.lists(it) | st.dictionaries(st.text(), it),
)
READERS = (
    strict.text, strict.whole, strict.whole_or_none, strict.counted, strict.mapping, strict.listed, strict.texts,
    strict.digest, strict.digest_or_none, strict.digest_or_empty, strict.path, strict.path_or_none, strict.octets,
    strict.identifier, strict.moment, strict.either("a", "b"),
)  # fmt: skip


@given(JSON, st.sampled_from(READERS))
def test_whatever_is_given_is_read_or_refused(value: Any, reader: Callable[[Any], Any]) -> None:
    with suppress(Malformed):
        reader(value)


@given(st.binary() | st.text().map(str.encode))
def test_whatever_the_bytes_they_are_read_or_refused(line: bytes) -> None:
    with suppress(Malformed):
        strict.decoded(line)
