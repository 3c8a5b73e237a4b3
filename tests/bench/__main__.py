"""`python -m tests.bench [--quick] [part …]`: how fast it is, side by side with what else there is."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from domain.ledger.postgres import Server
from tests.bench.measure import QUICK, WHOLE, Part, Scale
from tests.bench.report import results, text

PARTS = {
    "append": "appending", "sequencer": "sequencing", "replay": "replaying", "rebuild": "rebuilding", "http": "serving",
    "queries": "asking", "reads": "reading", "verify": "verifying", "pages": "painting",
}  # fmt: skip
RESULTS = Path(__file__).with_name("results.json")


def measured(url: str, scale: Scale, scratch: Path, names: Sequence[str] = ()) -> Iterator[Part]:
    """Measure each part, or those named, in a database that is there for this alone."""
    for name in names or PARTS:
        started = time.perf_counter()
        part: Part = importlib.import_module(f"tests.bench.{PARTS[name]}").measure(url, scale, scratch)
        part.notes.append(f"Measured in {time.perf_counter() - started:.0f} s.")
        yield part


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the results down where the run was whole."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a short run; its results are not written down")
    asked = parser.parse_args(arguments)
    scale = QUICK if asked.quick else WHOLE
    parts: list[Part] = []
    with tempfile.TemporaryDirectory() as scratch, Server(Path(scratch) / "home") as server:
        for part in measured(server.url, scale, Path(scratch), asked.parts):
            parts.append(part)
            sys.stdout.write("\n".join(text(part)) + "\n")
            sys.stdout.flush()
        found = results(parts, server.url, quick=asked.quick, rounds=scale.rounds, seconds=scale.seconds)
    if not (asked.quick or asked.parts):
        RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
