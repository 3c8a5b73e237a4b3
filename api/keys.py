"""The command line's `luotsi keys status | rotate | public | export | import`: the keys of the region."""

from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection
from rich.table import Table

from api.house import keks_of, opened, region_of, signing_of
from api.settings import Settings
from api.terminal import complain, console, print_json, say
from domain.ledger.keys.signing import SigningKeyNotMade
from domain.ledger.logs import LOGS
from domain.ledger.migrate import migrate
from domain.ledger.notary import epoch_of
from domain.ledger.notes import vkey
from domain.ledger.rotation import AHEAD, EVERY, Standing, hear, rotate, status
from domain.ledger.survivors import export, restore
from projections.live import Live

keys = typer.Typer(
    help="The keys of the words, and those that sign the logs: docs/keys.md says how to keep them.",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
SECONDS = 600
"""How long an import may take."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@keys.command("status")
def status_(json: Json = False) -> None:
    """Print which key-encryption keys there were, how many streams are under each, and when the next one comes.

    And which keys signed the logs, with what to check by what they sign in this epoch.
    """
    settings = Settings.read()
    with region_of(settings) as region, region.connect() as connection:
        found, signing = status(connection), _signing(settings, connection)
    told = [_told(it) for it in found if it.made]
    current = next((it for it in found if it.made and not it.retired), None)
    rotates = current.made + EVERY - AHEAD if current and current.made else None
    if json:
        print_json({"keys": told, "rotates": rotates, "forgets": rotates and rotates + AHEAD, "signing": signing})
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
    _print_signing(signing)


@keys.command("rotate")
def rotate_(
    *,
    signing: Annotated[bool, typer.Option("--signing", help="The key that signs the logs, instead.")] = False,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Somebody else has it, or nobody: it vouches for nothing any more.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a new key-encryption key, wrap everything under it, and destroy the old one. Cut short, it goes on.

    Or make a new key to sign the logs with, and destroy the private key before.
    """
    settings = Settings.read()
    if signing:
        _rotate_signing(settings, compromised=compromised, json=json)
        return
    if compromised:
        raise typer.BadParameter("--compromised is of the key that signs: --signing --compromised")
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


def _rotate_signing(settings: Settings, *, compromised: bool, json: bool) -> None:
    keys = signing_of(settings)
    with region_of(settings) as region:
        migrate(region, Live().tables)
        with region.connect() as connection:
            new = keys.rotate(connection, compromised=compromised)
    if json:
        print_json({"number": new.number, "public": b64encode(new.public).decode(), "made": new.made})
        return
    say(f"Signing key {new.number} signs the logs now; the private key before is destroyed")
    say(f"Copy {keys.kept.directory} elsewhere, in the place of the copy that is there, and destroy that")
    if compromised:
        say("Hand over what luotsi keys public prints to all who have the key before, in another way: docs/keys.md")


@keys.command("public")
def public_(json: Json = False) -> None:
    """Print what to check the logs' signatures by, in this epoch: to hand over to auditors and witnesses."""
    settings = Settings.read()
    with region_of(settings) as region, region.connect() as connection:
        found = _signing(settings, connection)
    current = next((it for it in found if not it["retired"]), None)
    if current is None:
        raise SigningKeyNotMade
    if json:
        print_json(current["vkeys"])
    else:
        say("\n".join(current["vkeys"].values()))


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
            signing_of(settings).begin(connection)
        hear(region, keks_of(settings))
    if json:
        print_json(vars(done))
        return
    say(f"The keys of {done.restored} streams are as they were {done.taken:%Y-%m-%d %H:%M} UTC")
    if done.closed:
        complain(f"The keys of {done.closed} streams are gone: they were erased since the backup was made")


def _told(it: Standing) -> dict[str, Any]:
    return {"key": it.id, "made": it.made, "retired": it.retired, "destroyed": it.destroyed, "streams": it.streams}


def _signing(settings: Settings, connection: Connection) -> list[dict[str, Any]]:
    """Return what is to be told of each signing key; its vkeys under the names by which it signs in this epoch."""
    keys, epoch = signing_of(settings), epoch_of(connection)
    names = {it.name: it.origin(settings.region, epoch) for it in LOGS} | {"keys": keys.name}
    return [
        {
            "number": it.number, "public": b64encode(it.public).decode(), "made": it.made, "retired": it.retired,
            "compromised": it.compromised, "vkeys": {of: vkey(name, it.public) for of, name in names.items()},
        }
        for it in keys.all(connection)
    ]  # fmt: skip


def _print_signing(signing: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("signing key", "made", "retired"):
        table.add_column(heading)
    table.add_column("to check by, in this epoch", overflow="fold")
    for it in signing:
        retired = f"{it['retired']:%Y-%m-%d %H:%M}" if it["retired"] else ""
        row = (
            str(it["number"]),
            f"{it['made']:%Y-%m-%d %H:%M}",
            f"{retired} compromised" if it["compromised"] else retired,
        )
        table.add_row(*row, "\n".join(it["vkeys"][log.name] for log in LOGS))
    console().print(table)
