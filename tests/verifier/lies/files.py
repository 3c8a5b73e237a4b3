"""Lies of the file itself, and of the zip file around it."""

from __future__ import annotations

import struct
import zipfile
import zlib

import pytest

from tests.verifier.forge import (
    bundle,
    packed,
)
from tests.verifier.lies.catalogue import changed, lie


def files() -> dict[str, bytes]:
    return bundle().contents()


@lie("file-altered")
def page_altered() -> bytes:
    return packed(files() | {"page.html": b"<!doctype html><title>Kaikki hyvin</title>\n"})


@lie("file-altered event-altered")
def byte_altered() -> bytes:
    made = files()
    return packed(made | {"events.jsonl": made["events.jsonl"].replace(b'\\"entry\\":7', b'\\"entry\\":6')})


@lie("manifest-differs")
def manifest_without_a_file() -> bytes:
    made = bundle()
    listed = made.told({name: it for name, it in made.contents().items() if name not in {"page.html", "manifest.json"}})
    made.manifest = {"files": listed["files"]}
    return made.pack()


@lie("format-unknown")
def format_unknown() -> bytes:
    return changed(lambda it: it.manifest.update(format="luotsi-bundle-2"))


@lie("line-malformed")
def field_unknown() -> bytes:
    return changed(lambda it: it.events[0].update(proven=True))


@lie("line-malformed")
def number_without_end() -> bytes:
    return changed(lambda it: it.events[0].update(position=float("nan")))


@lie("cut-short")
def file_cut_short() -> bytes:
    return bundle().pack()[:-30]


@lie("padded")
def file_padded() -> bytes:
    return bundle().pack() + b"and more"


@lie("padded")
def file_behind_something_else() -> bytes:
    return b"#!/bin/sh\n" + bundle().pack()


@lie("padded")
def bytes_between_files() -> bytes:
    made = bundle().pack()
    at = made.index(b"PK\x01\x02")
    end = made.rindex(b"PK\x05\x06")
    begin = struct.pack("<I", at + 4)
    return made[:at] + b"more" + made[at : end + 16] + begin + made[end + 20 :]


@lie("not-a-zip")
def no_zip() -> bytes:
    return b"%PDF-1.7\n" + b"Not a bundle. " * 10


@lie("member-outside")
def path_out_of_the_directory() -> bytes:
    return packed({"../../etc/passwd": b"", **files()})


@lie("member-outside")
def absolute_path() -> bytes:
    return packed({**files(), "/etc/passwd": b""})


@lie("member-outside")
def directory() -> bytes:
    return packed({**files(), "more/": b""})


@lie("member-twice")
def file_twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return packed([*files().items(), ("events.jsonl", b"")])


@lie("member-strange")
def file_more() -> bytes:
    return packed({**files(), "read-me.txt": b"Trust this."})


@lie("member-missing")
def file_missing() -> bytes:
    made = files()
    del made["stamps.jsonl"]
    return packed(made)


@lie("members-out-of-order")
def files_out_of_order() -> bytes:
    return packed(dict(reversed(files().items())))


@lie("zip-trick")
def zip_with_a_comment() -> bytes:
    made = bundle().pack()
    return made[:-2] + struct.pack("<H", 5) + b"hello"


@lie("zip-trick")
def file_with_a_comment() -> bytes:
    def comment(info: zipfile.ZipInfo) -> None:
        info.comment = b"hello"

    return packed(files(), change=comment)


@lie("zip-trick")
def link() -> bytes:
    def link_(info: zipfile.ZipInfo) -> None:
        info.external_attr = 0o120777 << 16

    return packed(files(), change=link_)


@lie("zip-trick")
def another_method() -> bytes:
    return packed(files(), method=zipfile.ZIP_LZMA)


@lie("encrypted")
def encrypted() -> bytes:
    made = bytearray(bundle().pack())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(mark) + at] |= 1
    return bytes(made)


@lie("headers-differ")
def headers_that_differ() -> bytes:
    made = bytearray(bundle().pack())
    at = made.index(b"PK\x03\x04") + 30
    made[at : at + 6] = b"hidden"
    return bytes(made)


@lie("too-large")
def file_too_large() -> bytes:
    return _lengths(bundle().pack(), 0xFFFFFFF0, deflated=True)


@lie("bomb", exact=False)
def bomb() -> bytes:
    made = files()
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed_ = squeezed.compress(b"\0" * 10_000_000) + squeezed.flush()
    made["page.html"] = packed_
    return _lengths(packed(made), 100, deflated=True)


def _lengths(zipped: bytes, length: int, *, deflated: bool) -> bytes:
    """Say another length of page.html, and that it is deflated, in both headers."""
    made = bytearray(zipped)
    for at, method, size in ((made.index(b"page.html") - 30, 8, 22), (made.rindex(b"page.html") - 46, 10, 24)):
        made[at + method] = 8 if deflated else 0
        made[at + size : at + size + 4] = struct.pack("<I", length)
    return bytes(made)


@lie("damaged")
def data_altered() -> bytes:
    made = bytearray(bundle().pack())
    made[made.index(b"<!doctype")] ^= 1
    return bytes(made)
