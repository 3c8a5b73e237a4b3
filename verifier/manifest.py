"""The manifest: what the bundle says that it is, and the digests of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from verifier import strict
from verifier.archive import MEMBERS, Archive
from verifier.findings import FileAltered, FormatUnknown, LineMalformed, ManifestDiffers
from verifier.report import Report

FORMAT = "luotsi-bundle-1"
LANGUAGES = ("fi", "sv", "en")
_REGION = re.compile(r"[a-z][a-z0-9_]{0,40}")
_WORDS = re.compile(r"all|none|[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*")


@dataclass(frozen=True)
class Manifest:
    """What the bundle says that it is. `words` are all, none, or the versions whose words were asked for."""

    region: str
    case: UUID
    made: datetime
    language: str
    words: str
    versions: int

    @property
    def asked(self) -> frozenset[int] | None:
        """The versions whose words may be opened; none given is all of them."""
        named = {"all": None, "none": frozenset[int]()}
        return named[self.words] if self.words in named else frozenset(map(int, self.words.split(",")))


def read(archive: Archive, report: Report) -> Manifest:
    """Read the manifest, and compare each file with it. Raises an `Unreadable`."""
    name = MEMBERS[-1]
    try:
        found = strict.mapping(strict.decoded(archive.whole(name)))
        if found.get("format") != FORMAT:
            raise FormatUnknown(format=found.get("format"))
        _, *told, files = strict.fields(
            found, format=strict.text, region=_like(_REGION), case=strict.identifier, made=strict.moment,
            language=strict.either(*LANGUAGES), words=_like(_WORDS), versions=strict.whole, files=strict.listed,
        )  # fmt: skip
        listed = [strict.fields(it, name=strict.text, length=strict.whole, sha256=strict.digest) for it in files]
    except strict.Malformed as malformed:
        raise LineMalformed(where=name, why=str(malformed)) from None
    with report.step("The zip file holds a bundle's files and nothing else, and each is the one of the manifest."):
        _compare(archive, listed, report)
    return Manifest(*told)


def _compare(archive: Archive, listed: list[list[Any]], report: Report) -> None:
    names = [name for name, _, _ in listed]
    if names != list(MEMBERS[:-1]):
        report.faults.append(ManifestDiffers(said=f"the files {', '.join(names)}", found=", ".join(MEMBERS[:-1])))
    for name, length, digest in listed:
        if name in MEMBERS[:-1] and (archive.members[name].length, archive.digest(name)) != (length, digest.hex()):
            report.faults.append(FileAltered(name=name))


def _like(pattern: re.Pattern[str]) -> Any:
    def read(value: Any) -> str:
        if not pattern.fullmatch(strict.text(value)):
            raise strict.Malformed("it is not written as it should be")
        return strict.text(value)

    return read
