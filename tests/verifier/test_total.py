"""Whatever the bytes are, the verifier answers; and what it lets pass says the same as the honest bundle."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import verifier
from tests.verifier.forge import AUTHORITY, FIRST, NAMES, REGION, WITNESS, WITNESS_NAME, bundle, dense, packed, streamed
from verifier.report import as_json, as_text

MADE = bundle()
FILES = MADE.contents()
BUNDLE, STREAMED = packed(FILES), streamed(FILES)
OPTIONS: dict[str, Any] = {
    "trusted": [FIRST.vkey(f"luotsi/{REGION}/events/1")], "witnesses": [WITNESS.vkey(WITNESS_NAME, 4)],
    "authorities": [AUTHORITY.pem],
}  # fmt: skip
WITH_A_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "case.zip"


def verified(path: Path, made: bytes) -> int:
    """Verify, print in both ways, and return the exit code: it never raises."""
    path.write_bytes(made)
    report = verifier.check(path, history=True, **OPTIONS)
    assert report.exit in {0, 1, 2}
    assert (report.exit == 0) == (report.faults == [])
    assert as_text(report, history=True).isprintable() or "\n" in as_text(report, history=True)
    json.loads(as_json(report, history=True))
    return report.exit


def flipped(octets: bytes, flips: list[tuple[float, int]]) -> bytes:
    made = bytearray(octets)
    for place, bits in flips:
        made[int(place * len(made))] ^= bits
    assume(bytes(made) != octets)
    return bytes(made)


def unpacked(zipped: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(zipped)) as file:
        return {it.filename: file.read(it) for it in file.infolist()}


@WITH_A_FILE
@given(st.binary(max_size=2_000))
def test_random_bytes_are_no_bundle(path: Path, made: bytes) -> None:
    assert verified(path, made) == 2


@WITH_A_FILE
@given(st.binary(max_size=300), st.integers(0, len(BUNDLE)))
def test_half_a_bundle_is_none(path: Path, more: bytes, length: int) -> None:
    assume(BUNDLE[:length] + more != BUNDLE)
    assert verified(path, BUNDLE[:length] + more) == 2


@WITH_A_FILE
@given(st.sampled_from([BUNDLE, STREAMED]), FLIPS)
def test_a_zip_file_with_flipped_bytes_passes_only_if_the_same_is_in_it(
    path: Path, made: bytes, flips: list[tuple[float, int]]
) -> None:
    other = flipped(made, flips)
    if verified(path, other) == 0:
        assert unpacked(other) == FILES


@WITH_A_FILE
@given(st.sampled_from(NAMES), FLIPS)
def test_a_file_with_flipped_bytes_never_passes_the_manifest(
    path: Path, name: str, flips: list[tuple[float, int]]
) -> None:
    assert verified(path, packed(FILES | {name: flipped(FILES[name], flips)})) != 0


@WITH_A_FILE
@given(FLIPS)
def test_a_manifest_with_flipped_bytes_passes_only_by_the_time_it_says(
    path: Path, flips: list[tuple[float, int]]
) -> None:
    other = flipped(FILES["manifest.json"], flips)
    if verified(path, packed(FILES | {"manifest.json": other})) == 0:
        assert json.loads(other) | {"made": ""} == json.loads(FILES["manifest.json"]) | {"made": ""}


def proven(files: dict[str, bytes]) -> list[Any]:
    """Return what the files say, but for what no proof is of: grounds, and why words are not opened."""
    read = [[json.loads(line) for line in files[name].splitlines()] for name in NAMES[:4]]
    for line in read[0]:
        line["withheld"] = "withheld" in line
        line["words"] = line["words"] if line["words"] in {"none", "opened"} else "not opened"
    for line in read[2]:
        text, _, signatures = line["note"].rpartition("\n\n")
        line["note"] = text, [it for it in signatures.splitlines() if it.startswith("— luotsi/")]
    return [*read, *(json.loads(files[name]) for name in NAMES[4:6])]


@settings(WITH_A_FILE, max_examples=300)
@given(st.sampled_from(NAMES[:6]), FLIPS)
def test_with_a_manifest_made_anew_a_file_passes_only_if_it_proves_the_same(
    path: Path, name: str, flips: list[tuple[float, int]]
) -> None:
    files = FILES | {name: flipped(FILES[name], flips)}
    del files["manifest.json"]
    if verified(path, packed(files | {"manifest.json": dense(MADE.told(files)).encode()})) == 0:
        assert proven(files) == proven(FILES)


@settings(WITH_A_FILE, max_examples=200)
@given(st.data())
def test_whatever_a_file_says_it_is_answered(path: Path, data: st.DataObject) -> None:
    """Put another value into one place of one file, and make the manifest anew."""
    name = data.draw(st.sampled_from(NAMES[:6]))
    lines = [json.loads(line) for line in FILES[name].splitlines()]
    line = data.draw(st.sampled_from(lines))
    if data.draw(st.booleans()) and isinstance(line.get("sealed"), dict):
        line = line["sealed"]
    line[data.draw(st.sampled_from(sorted(line)))] = data.draw(VALUES)
    files = FILES | {name: "".join(dense(it) + "\n" for it in lines).encode("utf-8", "surrogatepass")}
    del files["manifest.json"]
    verified(path, packed(files | {"manifest.json": dense(MADE.told(files)).encode()}))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 20) | st.integers() | st.floats() | st.text(max_size=70)
    | st.just("0" * 64) | st.sampled_from(["none", "opened", "sealed", "withheld", "destroyed"]),
    lambda it: st.lists(it, max_size=3) | st.dictionaries(st.text(max_size=5), it, max_size=3), max_leaves=5,
)  # fmt: skip
