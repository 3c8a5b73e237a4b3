"""What the verifier prints, kept word for word in `printed/`: `python -m tests.verifier.lies` makes it anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import verifier
from tests.verifier.forge import AUTHORITY, FIRST, REGION, WITNESS, WITNESS_NAME, Bundle, bundle, epoch_note, told
from tests.verifier.lies.all import LIES
from tests.verifier.lies.keys import in_epoch_two, published
from verifier.report import Report, as_json, as_text

KEPT = Path(__file__).parent / "printed"
KNOWN: dict[str, Any] = {
    "trusted": [FIRST.vkey(f"luotsi/{REGION}/events/1")], "known": told().checkpoint(8),
    "witnesses": [WITNESS.vkey(WITNESS_NAME, 4)], "authorities": [AUTHORITY.pem],
}  # fmt: skip


def checked(made: Bundle, **options: Any) -> Report:
    with TemporaryDirectory() as parent:
        path = Path(parent) / "case.zip"
        path.write_bytes(made.pack())
        return verifier.check(path, **options)


def lie(name: str) -> Report:
    return verifier.check(LIES[name].path, history=True, **LIES[name].options)


def bare() -> Bundle:
    """Return a bundle that has no more than it must, and whose end is withheld."""
    made = bundle()
    made.stamps, made.heads, made.words, made.manifest = [], None, [], {"words": "none"}
    made.events.pop()
    for line in made.events:
        line["words"] = "sealed" if line["words"] == "opened" else line["words"]
    for line in made.events[6:]:
        del line["document"]
        line |= {"withheld": "third_party", "words": "withheld"}
    return made


def restored() -> Bundle:
    return in_epoch_two(epoch_note(2, 10, published(17)))


PRINTED: dict[str, Callable[[], str]] = {
    "whole.txt": lambda: as_text(checked(bundle(), history=True), history=True),
    "whole.json": lambda: as_json(checked(bundle(), history=True), history=True),
    "known.txt": lambda: as_text(checked(bundle(), **KNOWN), history=False),
    "bare.txt": lambda: as_text(checked(bare()), history=False),
    "restored.txt": lambda: as_text(checked(restored()), history=False),
    "broken.txt": lambda: as_text(lie("byte-altered"), history=True),
    "broken.json": lambda: as_json(lie("byte-altered"), history=False),
    "unreadable.txt": lambda: as_text(lie("no-zip"), history=False),
}


def write() -> None:
    KEPT.mkdir(exist_ok=True)
    for name, made in PRINTED.items():
        (KEPT / name).write_text(made() + "\n", encoding="utf-8")
