"""How a lie is entered in the catalogue, and what lies have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.verifier import forge
from tests.verifier.forge import (
    FIRST,
    REGION,
    Bundle,
    World,
    bundle,
)

HERE = Path(__file__).parent
NAME = f"luotsi/{REGION}/events/1"
KEY = FIRST.vkey(NAME)
Make = Callable[[], bytes]


@dataclass(frozen=True)
class Lie:
    """A lie: what is done, and by which kinds of faults it is caught with these options."""

    name: str
    kinds: str
    make: Make
    options: dict[str, Any] = field(default_factory=dict)
    exact: bool = True
    """Whether it comes out the same everywhere: what is deflated does not."""

    @property
    def path(self) -> Path:
        return HERE / f"{self.name}.zip"


LIES: dict[str, Lie] = {}


def lie(kinds: str, *, exact: bool = True, **options: Any) -> Callable[[Make], Make]:
    """Enter a lie into the catalogue, under its function's name."""

    def enter(make: Make) -> Make:
        name = make.__name__.replace("_", "-")
        LIES[name] = Lie(name, kinds, make, options, exact)
        return make

    return enter


def changed(change: Callable[[Bundle], Any], world: World | None = None, of: str = "a") -> bytes:
    """Pack a bundle after a change."""
    made = bundle(world, of)
    change(made)
    return made.pack()


def edit(line: dict[str, Any], before: str, after: str) -> None:
    """Change what a document says."""
    assert before in line["document"]
    line["document"] = line["document"].replace(before, after)


def rehash(made: Bundle, begin: int = 1) -> None:
    """Compute the chain anew from a version on, as whoever changed something would."""
    previous = bytes.fromhex(made.events[begin - 2]["hash"]) if begin > 1 else b""
    for line in made.events[begin - 1 :]:
        if "document" in line:
            previous = forge.chained(made.region, made.case, line["version"], previous, line["document"])
            line["hash"] = previous.hex()
        previous = bytes.fromhex(line["hash"])


def renumber(made: Bundle) -> None:
    for version, line in enumerate(made.events, 1):
        line["version"] = version
    made.words = []
    for line in made.events:
        line["words"] = "sealed" if line["words"] == "opened" else line["words"]
