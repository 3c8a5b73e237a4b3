"""Verifying a bundle, against bare SHA-256 over the same bytes: what else than reading them is there to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import verifier
from tests.bench.measure import Contender, Goal, Line, Part, Scale, Spread, side_by_side
from tests.verifier import forge
from tests.verifier.forge import BEGAN, FIRST, Bundle, Pair, World, Written, case
from verifier.archive import Archive

BARE, HASHES, WHOLE = "bare SHA-256 over the unpacked files", "bare SHA-256 of every hash in the proofs", "verified"
OTHERS = 9
"""How many events of others come into the log with each of the case."""
TEXT = {"text": "Bussi ei kulje meille asti, ja siksi olin myöhässä."}


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Measure the verification of a bundle of a long case, all of whose words are opened."""
    del url
    events = scale.long_cases[-1]
    part = Part("verify", f"Verifying a bundle of {events:,} events in a log of {events * (OTHERS + 1):,}, offline")
    path = scratch / "case.zip"
    made = long(events)
    path.write_bytes(forge.streamed(made.contents()))
    hashes = sum(len(it["path"]) + 3 for it in made.events)
    rates = side_by_side(scale.rounds, {
        BARE: events_a_second(events, lambda: bare(path)), HASHES: events_a_second(events, lambda: nodes(hashes)),
        WHOLE: events_a_second(events, lambda: whole(path)),
    })  # fmt: skip
    part.rate(rates, BARE, unit=" events/s")
    part.rate(rates, HASHES, BARE, unit=" events/s")
    part.rate(rates, WHOLE, BARE, Goal(0.01), unit=" events/s")
    part.rate(rates, WHOLE, HASHES, Goal(0.1), unit=" events/s")
    part.lines.append(Line("the file", Spread.of([path.stat().st_size / 2**10]), " KiB"))
    part.notes.append(f"Hashes computed: {hashes:,} of nodes and events, and {events:,} entries of words opened.")
    return part


def events_a_second(events: int, work: Callable[[], None]) -> Contender:
    """Return what does the work once and says how many events a second that is."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return events / (time.perf_counter() - started)

    return run


def bare(path: Path) -> None:
    """Hash the files as they are when unpacked."""
    with path.open("rb") as file:
        archive = Archive(file)
        for name in archive.members:
            archive.digest(name)


def nodes(count: int) -> None:
    """Hash as often as the proofs need it, and nothing else."""
    block = bytes(65)
    for _ in range(count):
        sha256(block).digest()


def whole(path: Path) -> None:
    """Verify the bundle."""
    report = verifier.check(path, trusted=[FIRST.vkey(f"luotsi/{forge.REGION}/events/1")])
    if report.exit:
        raise AssertionError(report.kinds)


def long(events: int) -> Bundle:
    """Make a bundle of so many events."""
    world = World()
    written = list(history(world, events))
    lines = [forge.event_line(world, it, len(world.log)) for it in written]
    words = [forge.words_line(it) for it in written]
    checkpoints = [checkpoint(world, FIRST)]
    return Bundle(lines, words, checkpoints, [], None, {"signing": [forge.key_note(1, FIRST, "first")], "epochs": []})


def checkpoint(world: World, pair: Pair) -> dict[str, object]:
    """Return the only checkpoint, of the whole log."""
    return {"size": len(world.log), "note": world.checkpoint(len(world.log), pair), "path": []}


def history(world: World, events: int) -> Iterator[Written]:
    """Log the case's events among those of others."""
    stream, previous = case("a"), b""
    for version in range(1, events + 1):
        world.fill(OTHERS)
        sealed = forge.ciphertext(forge.entry_key(stream, version), TEXT)
        recorded = BEGAN + timedelta(seconds=version)
        document = forge.documented("statement-recorded", recorded, sealed, {"entry": version})
        hashed = forge.chained(world.region, stream, version, previous, document)
        world.log.append(hashed)
        yield Written(stream, version, document, hashed, previous, len(world.log), sealed)
        previous = hashed
