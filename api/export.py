"""The command line's `luotsi export`: a case as a bundle, in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.bundle import OPERATION, Wanted, prepared, words_wanted
from api.house import opened
from api.moments import VersionNeverExisted
from api.reads import Reading, log
from api.replay import NoSuchVersion, reader
from api.settings import Settings
from api.terminal import print_json, say
from domain.authorization import Purpose, Relation
from domain.case import Case
from domain.decider import StreamAbsent
from domain.ledger.application import Cases
from domain.ledger.logs import EVENTS
from domain.ledger.notary import epoch_of
from domain.ledger.notes import Checkpoint, text_of
from domain.ledger.proofs import snapshot
from domain.ledger.publish import replacing
from domain.ledger.sequencer import settle
from domain.rules import RuleLanguage


class CheckpointOfAnotherLog(Exception):
    """That checkpoint is of another log than this region's events, so nothing here continues it."""


def exported(cases: Cases, case: UUID, wanted: Wanted) -> Iterator[bytes]:
    """Yield a case as a bundle, to whoever is at the command line, and write that down first.

    Raises `StreamAbsent`, `NoSuchVersion`, `KnownCheckpointAbsent` and `CaseNotSealed`.
    """
    state = cases.loaded(case, Case).state
    if not isinstance(state, Case) or state.began is None:
        raise StreamAbsent
    by = reader()
    with snapshot(cases.region, case) as there:
        try:
            bundle = prepared(cases, there, by, wanted)
        except VersionNeverExisted as never:
            raise NoSuchVersion(**never.details) from None
        log(cases.pool, Reading(by, OPERATION, frozenset({case}), Purpose.AUDIT, "command-line", Relation.GRANTED))
        yield from bundle.parts()


def known_size(origins: Sequence[str], file: Path) -> int:
    """Return the size of a checkpoint that somebody has kept, of a log of one of these origins, the last of which runs.

    Raises `NoteMalformed`, `CheckpointMalformed`, `CheckpointOfAnotherLog` and `OSError`.
    """
    checkpoint = Checkpoint.read(text_of(file.read_text("utf-8")))
    if checkpoint.origin not in origins:
        raise CheckpointOfAnotherLog(f"{checkpoint.origin}, and this is {origins[-1]}")
    return checkpoint.size


def export(
    *,
    case: Annotated[UUID, typer.Argument(metavar="CASE", help="The case.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    words: Annotated[str, typer.Option(help="Which words to open: all, none, or versions, as in 1,5,9.")] = "all",
    language: Annotated[RuleLanguage, typer.Option(help="In which language the page is.")] = "fi",
    known_checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that you kept: the bundle proves that the log continues it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Write a case as a bundle: its events, what proves them, and a page to read. `luotsi verify` verifies it."""
    try:
        versions = words_wanted(words)
    except ValueError:
        raise typer.BadParameter(f"{words!r} is neither all nor none nor versions, as in 1,5,9") from None
    with opened(Settings.read()) as house:
        if not house.settings.production:
            settle(house.region, house.notary)  # where a service runs, it does so by itself
        with house.region.connect() as connection:
            epochs = range(1, epoch_of(connection) + 1)
        origins = [EVENTS.origin(house.region.name, it) for it in epochs]
        known = tuple(known_size(origins, it) for it in known_checkpoint or ())
        with replacing(output) as file:
            for part in exported(house.cases, case, Wanted(versions, language, known)):
                file.write(part)
    if json:
        print_json({"case": case, "file": str(output), "bytes": output.stat().st_size})
    else:
        say(f"Wrote {output}: verify it with luotsi verify {output}")
