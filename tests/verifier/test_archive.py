"""The zip file: each of its fields, changed by itself, is noticed."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

import verifier
from tests.verifier.forge import NAMES, bundle, dense, packed, streamed
from verifier import archive
from verifier.archive import MEMBERS, Archive
from verifier.findings import LineMalformed, TooLarge, Unreadable

MADE = bundle()
FILES = MADE.contents()
PLAIN, STREAMED = packed(FILES), streamed(FILES)
LOCAL, ENTRY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"

# Where each field is behind its mark, by APPNOTE.TXT 4.3.7, 4.3.12 and 4.3.16.
LOCAL_FIELDS = {
    "version": 4, "flags": 6, "method": 8, "time": 10, "date": 12, "crc": 14, "packed": 18, "length": 22,
    "name length": 26, "extra length": 28, "name": 30,
}  # fmt: skip
ENTRY_FIELDS = {
    "release of zip": 4, "system": 5, "version": 6, "flags": 8, "method": 10, "time": 12, "date": 14, "crc": 16,
    "packed": 20, "length": 24, "name length": 28, "extra length": 30, "comment length": 32, "disk": 34, "inner": 36,
    "mode": 38, "higher mode": 40, "begin": 42, "name": 46,
}  # fmt: skip
END_FIELDS = {"disk": 4, "begun": 6, "here": 8, "count": 10, "length": 12, "begin": 16, "comment": 20}


def kinds(path: Path, made: bytes) -> list[str]:
    path.write_bytes(made)
    report = verifier.check(path)
    assert report.exit == (2 if report.kinds else 0)
    return report.kinds


def put(made: bytes, mark: bytes, at: int, value: int) -> bytes:
    """Put a byte behind the first of these marks."""
    changed = bytearray(made)
    changed[changed.index(mark) + at] = value
    return bytes(changed)


@pytest.mark.parametrize("field", LOCAL_FIELDS)
@pytest.mark.parametrize("made", [PLAIN, STREAMED], ids=["plain", "streamed"])
def test_a_header_that_differs_from_the_directory_is_noticed(tmp_path: Path, made: bytes, field: str) -> None:
    at = LOCAL_FIELDS[field]
    was = made[made.index(LOCAL) + at]
    assert kinds(tmp_path / "case.zip", put(made, LOCAL, at, was ^ 0x41)) == ["headers-differ"]


@pytest.mark.parametrize("field", ENTRY_FIELDS)
@pytest.mark.parametrize("made", [PLAIN, STREAMED], ids=["plain", "streamed"])
def test_a_field_of_the_directory_that_is_odd_is_noticed(tmp_path: Path, made: bytes, field: str) -> None:
    at = ENTRY_FIELDS[field]
    was = made[made.index(ENTRY) + at]
    assert kinds(tmp_path / "case.zip", put(made, ENTRY, at, was ^ 0xC2)) != []


@pytest.mark.parametrize("field", END_FIELDS)
def test_a_field_of_the_end_that_is_odd_is_noticed(tmp_path: Path, field: str) -> None:
    at = END_FIELDS[field]
    was = PLAIN[PLAIN.index(END) + at]
    assert kinds(tmp_path / "case.zip", put(PLAIN, END, at, was ^ 1)) != []


@pytest.mark.parametrize("at", range(16))
def test_what_stands_behind_streamed_data_is_compared(tmp_path: Path, at: int) -> None:
    was = STREAMED[STREAMED.index(b"PK\x07\x08") + at]
    assert kinds(tmp_path / "case.zip", put(STREAMED, b"PK\x07\x08", at, was ^ 1)) == ["headers-differ"]


@pytest.mark.parametrize("length", [0, 1, 21, 22, 23])
def test_the_smallest_files_are_none(tmp_path: Path, length: int) -> None:
    assert kinds(tmp_path / "case.zip", END.ljust(length, b"\0")[:length]) != []
    assert kinds(tmp_path / "case.zip", PLAIN[-length:] if length else b"") != []


@pytest.mark.parametrize("mode", [0, 0o600, 0o644, 0o100600, 0o100644])
def test_a_plain_file_is_one_by_any_writer(tmp_path: Path, mode: int) -> None:
    def plain(info: zipfile.ZipInfo) -> None:
        info.external_attr, info.create_system = mode << 16, 0

    assert kinds(tmp_path / "case.zip", packed(FILES, change=plain)) == []


@pytest.mark.parametrize("mode", [0o40755, 0o120777, 0o104755, 0o777])
def test_what_is_no_plain_file_is_noticed(tmp_path: Path, mode: int) -> None:
    def odd(info: zipfile.ZipInfo) -> None:
        info.external_attr = mode << 16

    assert kinds(tmp_path / "case.zip", packed(FILES, change=odd)) == ["zip-trick"]


def test_an_extra_field_is_noticed(tmp_path: Path) -> None:
    def extra(info: zipfile.ZipInfo) -> None:
        info.extra = struct.pack("<HHI", 0x4242, 4, 0)

    assert kinds(tmp_path / "case.zip", packed(FILES, change=extra)) == ["zip-trick"]


def test_sizes_of_64_bits_are_noticed(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        for name, contents in FILES.items():
            with made.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                member.write(contents)
    assert kinds(tmp_path / "case.zip", sink.getvalue()) != []


def test_many_files_are_no_bundle(tmp_path: Path) -> None:
    assert kinds(tmp_path / "case.zip", packed({f"{it}.txt": b"" for it in range(33)})) == ["no-bundle"]


def test_data_that_ends_early_or_late_is_noticed(tmp_path: Path) -> None:
    """Let the packed data of a file be a byte longer, or shorter, than its stream."""
    deflated = packed(FILES, method=zipfile.ZIP_DEFLATED)
    for more in (1, -1):
        with zipfile.ZipFile(io.BytesIO(deflated)) as file:
            info = file.infolist()[-1]
        begin = info.header_offset + 30 + len(info.filename)
        end = begin + info.compress_size
        data = deflated[begin:end] + b"\0" if more > 0 else deflated[begin : end - 1]
        made = bytearray(deflated[:begin] + data + deflated[end:])
        for at in (info.header_offset + 18, made.rindex(ENTRY) + 20):
            made[at : at + 4] = struct.pack("<I", info.compress_size + more)
        made[-6:-2] = struct.pack("<I", end + more)
        assert kinds(tmp_path / "case.zip", bytes(made)) == ["damaged"]


def test_lines_are_read_one_by_one_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "CHUNK", 1_000)
    it = Archive(io.BytesIO(PLAIN))
    found = list(it.lines("events.jsonl"))
    assert b"".join(line + b"\n" for _, line in found) == FILES["events.jsonl"]
    assert [where for where, _ in found] == [f"line {number} of events.jsonl" for number in range(1, 10)]


def test_a_line_without_an_end_or_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LineMalformed, match=r"line 2 of events.jsonl can't be read: it does not end"):
        list(Archive(io.BytesIO(packed(FILES | {"events.jsonl": b"1\n2"}))).lines("events.jsonl"))
    monkeypatch.setattr(archive, "LONGEST", 10)
    with pytest.raises(LineMalformed, match=r"line 1 of events.jsonl can't be read: it is too long"):
        list(Archive(io.BytesIO(packed(FILES | {"events.jsonl": b"1" * 11}))).lines("events.jsonl"))
    with pytest.raises(TooLarge):
        Archive(io.BytesIO(PLAIN)).whole("keys.json")


def test_a_file_that_shrinks_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    path.write_bytes(PLAIN)
    with path.open("r+b", buffering=0) as file:
        it = Archive(file)
        file.truncate(100)
        with pytest.raises(Unreadable):
            it.whole("manifest.json")


def test_the_files_are_those_of_the_format() -> None:
    assert (*NAMES, "manifest.json") == MEMBERS


def test_a_manifest_that_lists_a_file_twice_is_noticed(tmp_path: Path) -> None:
    manifest = MADE.told({name: FILES[name] for name in NAMES})
    manifest["files"].append(manifest["files"][0])
    path = tmp_path / "case.zip"
    path.write_bytes(packed(FILES | {"manifest.json": dense(manifest).encode()}))
    assert verifier.check(path).kinds == ["manifest-differs"]
