"""Lies about what was sealed as the case's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from tests.verifier import forge
from tests.verifier.forge import (
    REGION,
    Bundle,
    World,
    case,
    event_line,
    told,
)
from tests.verifier.lies.catalogue import changed, edit, lie


@lie("heads-forged")
def heads_event_altered() -> bytes:
    def change(it: Bundle) -> None:
        assert it.heads
        edit(it.heads["sealed"], '"2026-03-02"', '"2026-03-03"')

    return changed(change)


@lie("heads-forged")
def heads_not_in_the_log() -> bytes:
    def change(it: Bundle) -> None:
        assert it.heads
        sealed = it.heads["sealed"]
        edit(sealed, '"2026-03-02"', '"2026-03-03"')
        sealed["hash"] = forge.chained(REGION, case("log"), 1, b"", sealed["document"]).hex()

    return changed(change)


@lie("heads-forged")
def heads_of_an_event_that_seals_nothing() -> bytes:
    def change(it: Bundle) -> None:
        assert it.heads
        line = event_line(told(), told().of(case("b"))[0])
        it.heads["sealed"] = {"stream": str(case("b")), "previous": ""} | {
            name: line[name] for name in ("version", "position", "hash", "document", "path")
        }

    return changed(change)


@lie("heads-wrong")
def heads_of_another_version() -> bytes:
    def change(it: Bundle) -> None:
        assert it.heads
        it.heads["version"], it.heads["hash"] = 6, it.events[5]["hash"]

    return changed(change)


@lie("heads-wrong")
def heads_by_half() -> bytes:
    def change(it: Bundle) -> None:
        assert it.heads
        it.heads["path"] = None

    return changed(change)


@lie("heads-hidden")
def heads_hidden() -> bytes:
    def change(it: Bundle) -> None:
        assert it.heads
        it.heads |= dict.fromkeys(("place", "version", "hash", "path"))

    return changed(change)


@lie("head-differs")
def head_differs() -> bytes:
    """Have the region itself seal another event than the one that it logged."""
    return changed(lambda _: None, sealed_otherwise(lambda it: replace(it, hash=sha256(b"another").digest())))


@lie("heads-behind")
def heads_behind() -> bytes:
    """Have the region itself seal a version as the last one that was not."""

    def instead(it: forge.Written) -> forge.Written:
        return next(other for other in told().of(case("a")) if other.version == 6) if it.version == 7 else it

    return changed(lambda _: None, sealed_otherwise(instead))


def sealed_otherwise(instead: Callable[[forge.Written], forge.Written]) -> World:
    return told(sealed=lambda it: instead(it) if it.stream == case("a") and it.version == 7 else it)
