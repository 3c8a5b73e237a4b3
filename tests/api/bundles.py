"""Bundles as tests get them: sealed, asked for, taken apart and verified as anybody would."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.decider import Actor
from domain.ledger.heads import Heads
from domain.ledger.sequencer import settle
from tests.api.conftest import Door
from tests.town import AINO
from verifier import Report, check


@dataclass(frozen=True)
class Bundle:
    """A bundle taken apart."""

    content: bytes

    def file(self, name: str) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return archive.read(name)

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file(name).splitlines()]

    @property
    def everything(self) -> str:
        """All its files as text, and the documents in them as they stand."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return "\n".join(archive.read(name).decode() for name in archive.namelist()).replace('\\"', '"')

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.lines("events.jsonl")

    @property
    def words(self) -> dict[int, str]:
        """How the words of each entry are in it."""
        return {it["version"]: it["words"] for it in self.events}

    @property
    def opened(self) -> list[int]:
        return [it["version"] for it in self.lines("words.jsonl")]

    @property
    def page(self) -> str:
        return self.file("page.html").decode()

    @property
    def manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.file("manifest.json"))
        return manifest

    def verified(self, **more: Any) -> Report:
        with TemporaryDirectory() as directory:
            path = Path(directory) / "case.zip"
            path.write_bytes(self.content)
            return check(path, **more)


def sealed(door: Door) -> None:
    """Let all that has happened be sealed."""
    settle(door.house.region, door.house.notary)


def heads_sealed(door: Door) -> None:
    """Let the heads of all streams be sealed, and a checkpoint have that."""
    sealed(door)
    heads = Heads(door.house.cases)
    with door.house.region.connect() as connection:
        heads.look(connection)
        sealed(door)
        heads.look(connection)


def bundle(door: Door, case: str, by: Actor = AINO, **asked: Any) -> Bundle:
    """Get a case as a bundle, once all is sealed, and check that it is whole."""
    sealed(door)
    headers = asked.pop("headers", {})
    answer = door.get(f"/cases/{case}/bundle", by, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    found = Bundle(answer.content)
    report = found.verified(history=True)
    assert report.exit == 0, [str(it) for it in report.faults]
    return found


SAID = "bussi ei kulje"


def told(door: Door) -> str:
    """Return a case in which the client has said two things."""
    case = door.case()
    door.say(case, SAID)
    door.say(case, "ja puhelin on rikki")
    return case


def withheld(found: Bundle, version: int) -> tuple[Any, ...]:
    """Return what a bundle says of an entry: its ground, whether its document is there, and its words."""
    it = found.events[version - 1]
    return it.get("withheld"), "document" in it, it["words"]
