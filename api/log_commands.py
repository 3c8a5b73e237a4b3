"""The command line's `luotsi checkpoint` and `luotsi epochs`: what is published of the logs, and what restores lost."""

import base64
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from api.house import House, opened
from api.settings import Settings
from api.terminal import complain, print_json, say
from domain.ledger.logs import LOGS, Log
from domain.ledger.notary import LogForked, epoch_of
from domain.ledger.notes import Checkpoint, text_of

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class LogName(StrEnum):
    """Which log."""

    EVENTS = "events"
    READS = "reads"


# Checkpoints


def checkpoint(
    *,
    log: Annotated[LogName, typer.Option(help="Of which log.")] = LogName.EVENTS,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")] = None,
    json: Json = False,
) -> None:
    """Print the newest checkpoint: whoever keeps one elsewhere can show later whether the log was changed since."""
    from api.sealed import cosigned, newest  # noqa: PLC0415 - HTTP's problems and all that goes with them

    with opened(Settings.read()) as house, house.region.connect() as connection:
        found = newest(connection, _named(log))
        note = cosigned(connection, found)
    if output is not None:
        output.write_text(note, encoding="utf-8")
    if json:
        print_json({"log": log, "epoch": found.epoch, "size": found.size, "note": note})
    elif output is None:
        say(note.removesuffix("\n"))
    else:
        say(f"{output} has the checkpoint of {found.size} entries")


def _named(name: str) -> Log:
    return next(it for it in LOGS if it.name == name)


# Epochs


def epochs(
    *,
    go_on: Annotated[
        bool, typer.Option("--open", help="Begin one with what is here, though it is not what was published.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    json: Json = False,
) -> None:
    """List the epochs of the logs: each begins where a restore had lost something that was published.

    Where the ledger is not the one that was published nothing is signed, until --open says to go on with it.
    """
    with opened(Settings.read()) as house, house.region.connect() as connection:
        if go_on:
            _open(house, connection, sure=yes)
        notes = [note for (note,) in connection.execute("SELECT note FROM epochs ORDER BY epoch")]
    told = [{"epoch": 1, "opened": None}, *map(in_note, notes)]
    if json:
        print_json(told)
    else:
        say("\n".join(map(in_words, told)))


def _open(house: House, connection: Connection, *, sure: bool) -> None:
    before = epoch_of(connection)
    try:
        house.notary.take_over(connection)
    except LogForked as forked:
        complain(str(forked))
        if not sure:
            typer.confirm("Begin an epoch in which none of what was published counts as kept?", abort=True, err=True)
        published = [it[0] for log in LOGS if (it := house.notary.published.of(log))]
        house.notary.open_epoch(connection, max(before, *published) + 1, forked=True)
    if epoch_of(connection) == before:
        complain("No epoch began: the ledger has all that was published of it")


def in_note(note: str) -> dict[str, Any]:
    """Return what an epoch's note says: when it was opened, and how much of each log was published and is kept."""
    _, epoch, opened_at, *logs = text_of(note).splitlines()
    told: dict[str, Any] = {"epoch": int(epoch), "opened": datetime.fromisoformat(opened_at)}
    for log, kept, published in (line.split(" ") for line in logs):
        size = 0 if published == "none" else Checkpoint.read(base64.b64decode(published).decode()).size
        told[log] = {"published": size, "kept": min(int(kept), size)}
    return told


def in_words(told: dict[str, Any]) -> str:
    """Return the same, to be read."""
    if told["opened"] is None:
        return "Epoch 1, from the beginning"
    lines = [f"Epoch {told['epoch']}, opened {told['opened']:%Y-%m-%d %H:%M:%S} UTC"]
    for log in LOGS:
        of = told[log.name]
        lines.append(f"  {log.name}: {of['published']} entries were published before, {of['kept']} of them are kept")
    return "\n".join(lines)
