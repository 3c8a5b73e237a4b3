"""The zip file: what is told of what is wrong with it, and how little of it is held at once."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from tests.verifier.forge import bundle, packed, streamed
from verifier import archive
from verifier.archive import Archive
from verifier.findings import LineMalformed, TooLarge, Unreadable

FILES = bundle().contents()
PLAIN, STREAMED, DEFLATED = packed(FILES), streamed(FILES), packed(FILES, method=zipfile.ZIP_DEFLATED)
LOCAL, ENTRY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
CUT = "The file was cut short: a zip file ends with a directory, and this one has none. Get the bundle anew."
TOO_MANY = "The zip file does not hold what a bundle holds: there are too many files in it."


def read(made: bytes) -> None:
    it = Archive(io.BytesIO(made))
    for name in it.members:
        it.digest(name)


def wrong(made: bytes) -> str:
    """Return what is wrong with a zip file and the files in it."""
    with pytest.raises(Unreadable) as told:
        read(made)
    return str(told.value)


def more(count: int, where: str) -> str:
    return f"The file has {count} bytes more than the zip file in it, {where}: something was added to it."


def places(made: bytes, mark: bytes) -> list[int]:
    return [at for at in range(len(made)) if made.startswith(mark, at)]


def put(made: bytes, at: int, octets: bytes) -> bytes:
    return made[:at] + octets + made[at + len(octets) :]


def word(number: int) -> bytes:
    return struct.pack("<I", number)


@pytest.mark.parametrize("made", [PLAIN, STREAMED, DEFLATED], ids=["plain", "streamed", "deflated"])
@pytest.mark.parametrize("size", [1, 100, 1 << 16])
def test_no_more_is_held_than_a_chunk(monkeypatch: pytest.MonkeyPatch, made: bytes, size: int) -> None:
    monkeypatch.setattr(archive, "CHUNK", max(size, 1_000))
    it = Archive(io.BytesIO(made))
    monkeypatch.setattr(archive, "CHUNK", size)
    for name, contents in FILES.items():
        chunks = list(it.chunks(name))
        assert b"".join(chunks) == it.whole(name) == contents
        assert max(map(len, chunks)) <= size


def test_what_is_small_packed_is_unpacked_by_chunks() -> None:
    zeros = bytes(1_000_000)
    it = Archive(io.BytesIO(packed(FILES | {"page.html": zeros}, method=zipfile.ZIP_DEFLATED)))
    assert max(map(len, it.chunks("page.html"))) <= 1 << 16
    assert it.whole("page.html") == zeros


def test_a_line_and_a_file_may_be_as_long_as_they_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    it = Archive(io.BytesIO(packed(FILES | {"events.jsonl": b"1234567890\n", "keys.json": b"1234567890"})))
    monkeypatch.setattr(archive, "LONGEST", 10)
    monkeypatch.setattr(archive, "CHUNK", 10)
    assert list(it.lines("events.jsonl")) == [("line 1 of events.jsonl", b"1234567890")]
    assert it.whole("keys.json") == b"1234567890"
    monkeypatch.setattr(archive, "LONGEST", 9)
    with pytest.raises(LineMalformed, match=r"line 1 of events.jsonl can't be read: it is too long"):
        list(it.lines("events.jsonl"))
    with pytest.raises(TooLarge, match=r"^keys.json is too large to be part of a bundle: 10 bytes\.$"):
        it.whole("keys.json")


def test_more_files_than_a_bundle_could_have_are_not_read() -> None:
    assert wrong(packed({f"{it}.txt": b"" for it in range(32)})) == "0.txt is in the zip file and in no bundle."
    assert wrong(packed({f"{it}.txt": b"" for it in range(33)})) == TOO_MANY
    name = "x" * ((1 << 16) - 46)
    assert wrong(packed({name: b""})) == f"{name} is in the zip file and in no bundle."
    assert wrong(packed({f"{name}x": b""})) == TOO_MANY


def test_what_stands_between_two_files_is_counted() -> None:
    second = places(PLAIN, LOCAL)[1]
    made = PLAIN[:second] + b"more" + PLAIN[second:]
    for at in places(made, ENTRY)[1:]:
        made = put(made, at + 42, word(struct.unpack_from("<I", made, at + 42)[0] + 4))
    begin = places(made, END)[0] + 16
    made = put(made, begin, word(struct.unpack_from("<I", made, begin)[0] + 4))
    assert wrong(made) == more(4, "in front of words.jsonl")


def test_what_stands_around_the_directory_is_counted() -> None:
    directory, end = places(PLAIN, ENTRY)[0], places(PLAIN, END)[0]
    inside = PLAIN[:end] + b"more" + put(PLAIN[end:], 12, word(end - directory + 4))
    assert wrong(inside) == more(4, "in its directory")
    before = PLAIN[:directory] + b"more" + put(PLAIN, end + 16, word(directory + 4))[directory:]
    assert wrong(before) == more(4, "in front of the directory")
    assert wrong(b"more" + PLAIN) == more(4, "in front of it")
    assert wrong(PLAIN + b"more") == more(4, "behind it")


def test_the_last_directory_is_the_one_that_counts() -> None:
    assert wrong(packed(FILES | {"page.html": END * 3}) + b"more") == more(4, "behind it")
    Archive(io.BytesIO(packed(FILES | {"page.html": END * 3})))


def test_a_zip_file_without_files_has_none() -> None:
    assert wrong(END + bytes(18)) == "events.jsonl is missing from the zip file."


@pytest.mark.parametrize("length", [1, 4, 21, 22])
def test_a_zip_file_whose_end_is_cut_off_was_cut_short(length: int) -> None:
    assert wrong(PLAIN[:-length]) == CUT


def test_what_does_not_begin_as_a_zip_file_is_none() -> None:
    assert wrong(b"PK\x03\x05" + PLAIN[4:-30]) == wrong(b"") == wrong(END) == "This is no zip file."


def test_a_comment_of_any_length_is_found() -> None:
    for length in (1, 65_535):
        made = PLAIN[:-2] + struct.pack("<H", length) + b"x" * length
        assert wrong(made) == "The zip file is packed in a way that no bundle is: it has a comment."


@pytest.mark.parametrize("at", [4, 6, 8])
def test_a_zip_file_of_several_is_none(at: int) -> None:
    made = put(PLAIN, places(PLAIN, END)[0] + at, b"\x01\x00")
    assert wrong(made) == (
        "The zip file is packed in a way that no bundle is: it is one of several, or larger than a bundle may be."
    )


ODD = {
    "by a method that bundles do not use": (10, b"\x0c"), "with flags that bundles do not have": (8, b"\x02"),
    "with an extra field": (30, b"\x01"), "with a comment": (32, b"\x01"), "on another disk": (34, b"\x01"),
    "by a version that bundles do not need": (6, b"\x15"), "by a system that there is not": (5, b"\x02"),
    "as something else than a file": (36, b"\x01"), "with no length of its own": (24, b"\x00"),
}  # fmt: skip


@pytest.mark.parametrize("why", ODD)
def test_what_is_odd_in_the_directory_is_told(why: str) -> None:
    at, octets = ODD[why]
    assert wrong(put(PLAIN, places(PLAIN, ENTRY)[0] + at, octets)) == (
        f"events.jsonl is packed in a way that no bundle is: {why}."
    )


@pytest.mark.parametrize(("at", "octets"), [(4, b"\x40"), (7, b"\x01"), (38, b"\x01"), (41, b"\x40")])
def test_versions_and_modes_are_those_of_plain_files(at: int, octets: bytes) -> None:
    assert "events.jsonl is packed in a way that no bundle is" in wrong(
        put(PLAIN, places(PLAIN, ENTRY)[0] + at, octets)
    )


def test_what_differs_in_front_of_the_data_is_told() -> None:
    for at, octets, what in (
        (0, b"PL", "where it begins"), (10, b"\x01", "how it is packed"), (14, b"\x00\x00\x00\x00", "its sizes"),
        (30, b"E", "its name"), (28, b"\x01", "an extra field"),
    ):  # fmt: skip
        assert wrong(put(PLAIN, places(PLAIN, LOCAL)[0] + at, octets)) == (
            f"The zip file says two things of events.jsonl, in its directory and in front of its data: {what}."
        )


def test_data_that_does_not_unpack_is_told() -> None:
    begin = 30 + len("events.jsonl")
    assert wrong(put(DEFLATED, begin, b"\xff\xff")).startswith("events.jsonl can't be unpacked: Error -3")
    assert wrong(put(PLAIN, begin, b"x")) == (
        "events.jsonl can't be unpacked: its length or its checksum is not what the zip file says."
    )


@pytest.mark.parametrize("by", [1, -1])
def test_data_that_ends_too_early_or_too_late_is_told(by: int) -> None:
    with zipfile.ZipFile(io.BytesIO(DEFLATED)) as file:
        size = file.infolist()[0].compress_size
    end = 42 + size
    made = DEFLATED[:end] + b"\0" + DEFLATED[end:] if by > 0 else DEFLATED[: end - 1] + DEFLATED[end:]
    made = put(made, 18, word(size + by))
    for number, at in enumerate(places(made, ENTRY)):
        what = at + 42 if number else at + 20
        made = put(made, what, word(struct.unpack_from("<I", made, what)[0] + by))
    begin = places(made, END)[0] + 16
    made = put(made, begin, word(struct.unpack_from("<I", made, begin)[0] + by))
    assert wrong(made) == "events.jsonl can't be unpacked: its packed data ends too early or too late."


@pytest.mark.parametrize("name", ["a/b", "a\\b", "C:", ".", "..", "/", "a:b"])
def test_a_name_that_is_a_path_is_told(name: str) -> None:
    assert wrong(packed({name: b""})) == f"{name} in the zip file is a path: unpacked, it would land somewhere else."


def test_a_file_without_a_name_is_told() -> None:
    made = put(put(packed({"a": b""}), 26, b"\0"), 31 + 28, b"\0").replace(b"a" + ENTRY, ENTRY)
    directory, end = places(made, ENTRY)[0], places(made, END)[0]
    made = made[: end - 1] + put(put(made[end:], 12, word(46)), 16, word(directory))
    assert wrong(made) == ("A file without a name in the zip file is a path: unpacked, it would land somewhere else.")


def test_a_name_that_is_not_ascii_is_shown_as_it_is_written() -> None:
    assert wrong(put(PLAIN, places(PLAIN, ENTRY)[0] + 46, b"\xff")) == (
        "\\xffvents.jsonl in the zip file is a path: unpacked, it would land somewhere else."
    )


def test_a_directory_that_ends_too_early_or_is_damaged_is_told() -> None:
    end = places(PLAIN, END)[0]
    assert wrong(put(PLAIN, end + 8, b"\x09\x00\x09\x00")) == CUT
    damaged = "The zip file does not hold what a bundle holds: its directory is damaged."
    assert wrong(put(PLAIN, places(PLAIN, ENTRY)[0], b"PL")) == damaged


def test_the_newest_writer_of_zip_files_is_known() -> None:
    at = places(PLAIN, ENTRY)[0] + 4
    read(put(PLAIN, at, b"\x3f"))
    read(put(PLAIN, at, b"\x0a"))


def test_a_file_is_too_large_from_one_byte_more_than_it_may_have() -> None:
    local, entry = places(DEFLATED, LOCAL)[0] + 22, places(DEFLATED, ENTRY)[0] + 24
    for length, said in (
        (1 << 30, "events.jsonl can't be unpacked: its length or its checksum is not what the zip file says."),
        ((1 << 30) + 1, "events.jsonl is too large to be part of a bundle: 1073741825 bytes."),
    ):
        assert wrong(put(put(DEFLATED, local, word(length)), entry, word(length))) == said


def test_a_file_that_unpacks_to_more_than_it_says_is_told() -> None:
    local, entry = places(DEFLATED, LOCAL)[0] + 22, places(DEFLATED, ENTRY)[0] + 24
    assert wrong(put(put(DEFLATED, local, word(1_000)), entry, word(1_000))) == (
        "events.jsonl unpacks to more than the 1000 bytes that the zip file says."
    )


def test_what_stands_behind_streamed_data_is_what_the_directory_says() -> None:
    for at in range(0, 16, 4):
        assert wrong(put(STREAMED, places(STREAMED, b"PK\x07\x08")[1] + at, b"\xee")) == (
            "The zip file says two things of words.jsonl, in its directory and in front of its data: its sizes."
        )
    for at in (14, 18, 22):
        assert wrong(put(STREAMED, places(STREAMED, LOCAL)[1] + at, b"\x01")) == (
            "The zip file says two things of words.jsonl, in its directory and in front of its data: its sizes."
        )
    read(STREAMED)
