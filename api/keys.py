"""The command line's `luotsi keys status | rotate | export | import`: the key-encryption keys of the region."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.house import keks_of, opened, region_of
from api.settings import Settings
from api.terminal import complain, console, print_json, say
from domain.ledger.migrate import migrate
from domain.ledger.rotation import AHEAD, EVERY, Standing, hear, rotate, status
from domain.ledger.survivors import export, restore
from projections.live import Live

keys = typer.Typer(
    help="The key-encryption keys, under which the keys of all words are: docs/keys.md says how to keep them.",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
SECONDS = 600
"""How long an import may take."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@keys.command("status")
def status_(json: Json = False) -> None:
    """Print which key-encryption keys there were, how many streams are under each, and when the next one comes."""
    with region_of(Settings.read()) as region, region.connect() as connection:
        found = status(connection)
    told = [_told(it) for it in found if it.made]
    current = next((it for it in found if it.made and not it.retired), None)
    rotates = current.made + EVERY - AHEAD if current and current.made else None
    if json:
        print_json({"keys": told, "rotates": rotates, "forgets": rotates and rotates + AHEAD})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("key", "made", "retired", "destroyed", "streams"):
        table.add_column(heading, justify="right" if heading == "streams" else "left")
    for it in told:
        table.add_row(
            *(f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "year") else str(value or "") for value in it.values())
        )
    console().print(table)
    say(f"The next one comes {rotates:%Y-%m-%d %H:%M} UTC" if rotates else "There is no key yet: luotsi migrate")


@keys.command("rotate")
def rotate_(json: Json = False) -> None:
    """Make a new key-encryption key, wrap everything under it, and destroy the old one. Cut short, it goes on."""
    settings = Settings.read()
    with opened(settings) as house:
        done = rotate(house.region, house.cases.keyring.keks)
        where = house.cases.keyring.keks.kept.survivors
    if json:
        print_json({**vars(done), "survivors": str(where)})
        return
    if done.resumed:
        say("Went on with the rotation that was cut short")
    say(f"{done.current} is the key now; {done.rewrapped} streams' keys are wrapped anew, under it")
    say("\n".join(f"Destroyed {it}" for it in done.destroyed) or "No key was destroyed")
    say(f"Copy {where.parent} elsewhere, in the place of the copy that is there, and destroy that")


@keys.command("export")
def export_(file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to.")], json: Json = False) -> None:
    """Write the keys of the streams that live, as they are wrapped now: an older backup opens with them."""
    settings = Settings.read()
    with region_of(settings) as region, region.connect() as connection:
        hear(region, keks_of(settings))  # or a ledger just restored would put its dead keys in the place of the living
        count = export(connection, region.name, file)
    if json:
        print_json({"streams": count})
    else:
        say(f"{file} holds the keys of {count} streams, wrapped")


@keys.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `luotsi keys export`, or a rotation, wrote.")],
    json: Json = False,
) -> None:
    """Put right the keys of a ledger that was restored from a backup older than the last rotation."""
    settings = Settings.read()
    with region_of(settings) as region:
        migrate(region, Live().tables)
        with region.connect(SECONDS, owner=True) as connection:
            done = restore(connection, region.name, file)
        hear(region, keks_of(settings))
    if json:
        print_json(vars(done))
        return
    say(f"The keys of {done.restored} streams are as they were {done.taken:%Y-%m-%d %H:%M} UTC")
    if done.closed:
        complain(f"The keys of {done.closed} streams are gone: they were erased since the backup was made")


def _told(it: Standing) -> dict[str, Any]:
    return {"key": it.id, "made": it.made, "retired": it.retired, "destroyed": it.destroyed, "streams": it.streams}
