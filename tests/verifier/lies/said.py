"""What is said of each lie, word for word: kept beside the lies, so that a message that changes is seen."""

from __future__ import annotations

import verifier
from tests.verifier.lies.all import LIES
from tests.verifier.lies.catalogue import HERE, Lie

KEPT = HERE / "said.txt"


def said(lie: Lie) -> list[str]:
    """Return what the verifier says of a lie."""
    return [str(it) for it in verifier.check(lie.path, **lie.options).faults]


def kept() -> dict[str, list[str]]:
    """Return what it said when the lies were made."""
    parts = (part.splitlines() for part in KEPT.read_text("utf-8").split("\n\n"))
    return {name: [it.removeprefix("- ") for it in lines] for name, *lines in parts}


def write() -> None:
    """Keep what it says now."""
    parts = ("\n".join([name, *(f"- {it}" for it in said(LIES[name]))]) for name in sorted(LIES))
    KEPT.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
