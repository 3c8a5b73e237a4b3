"""The command line: `luotsi serve | worker | migrate | demo | token | import | report | replay | rebuild | rules …`.

Each command uses the server that DATABASE_URL names, or the one that runs for LUOTSI_HOME, or starts one for the while.
What only one command needs it imports itself: the processes of an import begin by importing this module.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast
from uuid import UUID

import typer
from rich.table import Table
from rich.text import Text

from api import demo as demonstration
from api import erase as erasing
from api import export as exporting
from api import replay as telling
from api.house import House, keks_of, opened, region_of, signing_of
from api.imports import NotTaken, import_history
from api.keys import keys
from api.log_commands import checkpoint, epochs
from api.settings import Settings, SettingsWrong
from api.sources import Mapping
from api.terminal import bar, complain, console, print_json, say, told
from domain.authorization import Grant
from domain.decider import Actor, Role
from domain.ledger.migrate import migrate
from domain.ledger.partitions import KEPT_YEARS, make_ahead, over_age
from domain.ledger.rotation import Rotation, begin
from domain.ledger.sequencer import settle
from domain.policy import Policy
from domain.rules import RuleLanguage
from projections import rebuild as folding
from projections.live import Live
from projections.report import handoff_figures

app = typer.Typer(
    help="Luotsi: a ledger of case ownership and the client's voice.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
report = typer.Typer(help="Print figures, reckoned from the projections.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(report, name="report")
app.add_typer(keys, name="keys")


class Level(StrEnum):
    """Between whom cases are handed over."""

    UNIT = "unit"
    WORKER = "worker"
    ORGANISATION = "organisation"


class Terminated(SystemExit):
    """SIGTERM came: what is open is closed on the way out."""


def moment(text: str) -> datetime:
    """Read a time with an offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as 2025-03-03T09:00:00+02:00") from None
    if found.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} has no offset, so it is no moment: write 2025-03-03T09:00:00+02:00")
    return found


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Processes = Annotated[int | None, typer.Option(min=1, max=64, help="How many processes share the work.")]
Time = datetime | None
TIME: dict[str, Any] = {"parser": moment, "metavar": "TIME"}


# The commands


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    demo: Annotated[bool, typer.Option(help="Load the demonstration where there are no other cases.")] = True,
) -> None:
    """Serve until told to stop. LUOTSI_PORT is the port: 8000 unless set, and 0 for any that is free."""
    from api import service  # noqa: PLC0415 - HTTP and all that goes with it

    try:
        service.serve(Settings.read(), host, with_demo=demo, say=say)
    except (KeyboardInterrupt, Terminated):
        say("Stopped")


@app.command()
def worker() -> None:
    """Do what is due by time alone, until told to stop: one of these works at a time, another one takes over.

    Offers expire, consents and mandates lapse, managers are told, the cases of workers who leave fall to their units.
    Checkpoints are shown to those who vouch for them. In development the service does all this itself; in production
    this command does.
    """
    from api import clock  # noqa: PLC0415 - so is it
    from api.anchors import anchors_of  # noqa: PLC0415
    from domain.ledger.anchors.anchoring import Anchoring  # noqa: PLC0415
    from domain.ledger.heads import Heads  # noqa: PLC0415
    from domain.ledger.readlog import ReadSweep  # noqa: PLC0415

    over = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: over.set())
    with opened(Settings.read()) as house:
        going = (
            clock.Clock(house.cases),
            Rotation(house.region, house.cases.keyring.keks),
            Anchoring(house.region, anchors_of(house.settings)),
            Heads(house.cases),
            ReadSweep(house.region),
        )
        for it in going:
            it.start()
        say("The clock goes")
        over.wait()
        for it in going:
            it.stop()
    say("Stopped")


@app.command("migrate")
def migrate_(json: Json = False) -> None:
    """Bring the database's schema up to date, and make the keys of a new ledger: of its words, and to sign with."""
    settings = Settings.read()
    with region_of(settings) as region:
        applied = migrate(region, Live().tables)
        with region.connect() as connection:
            make_ahead(connection)
            old = over_age(connection)
        keks = keks_of(settings)
        made = begin(region, keks)
        with region.connect() as connection:
            signs = signing_of(settings).begin(connection)
    for it in old:
        complain(f"All in {it} is older than {KEPT_YEARS} years: as the schema's owner you may drop that table")
    if made:
        where = keks.kept.directory
        complain(f"Made a key in {where}: keep a copy of it elsewhere, for without it nobody can read the words")
    if signs:
        complain(f"Made the key that signs the logs in {keks.kept.directory}: hand over what luotsi keys public prints")
    if json:
        print_json({"applied": applied})
    else:
        say("\n".join(f"Applied {it}" for it in applied) or "Nothing to do: the database is up to date")


@app.command("demo")
def demo_(json: Json = False) -> None:
    """Load the demonstration, six cases; a second time changes nothing. In production there is none."""
    settings = Settings.read()
    if settings.production:
        raise demonstration.NoneInProduction(demonstration.NoneInProduction.__doc__)
    with opened(settings) as house:
        demonstration.load(house.cases, datetime.now(UTC))
        settle(house.region, house.notary)
    told = [
        {"case": demonstration.case_of(name), "client": demonstration.client_of(name).id, "about": about}
        for name, about in demonstration.ABOUT.items()
    ]
    if json:
        print_json(told)
    else:
        say("\n".join(f"{it['case']}  {it['about']}" for it in told))


@app.command()
def token(
    *,
    role: Annotated[Role, typer.Option(help="In which role.")],
    who: Annotated[
        str, typer.Option("--id", help="A worker's id at the employer; a client's or representative's UUID.")
    ],
    organisation: Annotated[str | None, typer.Option(help="Whose worker.")] = None,
    unit: Annotated[str | None, typer.Option(help="In which of its units.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="How long it holds.")] = 60,
    case: Annotated[list[UUID] | None, typer.Option(help="A case that an auditor is let see; all unless told.")] = None,
    since: Annotated[Time, typer.Option(help="And those that were open from then on.", **TIME)] = None,
    until: Annotated[Time, typer.Option(help="Up to then.", **TIME)] = None,
    diary: Annotated[str | None, typer.Option(help="The audit's number in the grantor's diary.")] = None,
    grant_purpose: Annotated[str, typer.Option(help="What the audit is for.")] = "development",
    json: Json = False,
) -> None:
    """Mint a token of the development issuer, with which to call the API."""
    from api.development import EVERY_CASE, DevelopmentIssuer  # noqa: PLC0415 - so is it

    issuer = DevelopmentIssuer.at(Settings.read())
    named = Grant(grant_purpose, frozenset(case or ()), since, until, diary)
    grant = named if case or since or until else EVERY_CASE.but(purpose=grant_purpose, diary=diary)
    try:
        minted = issuer.mint(Actor(who, role, organisation, unit), minutes, grant=grant)
    except ValueError:
        raise typer.BadParameter(
            "a client and a representative go by a UUID, staff have an organisation, all else is a short text"
        ) from None
    if json:
        print_json({"token": minted, "expires": datetime.now(UTC) + timedelta(minutes=minutes)})
    else:
        say(minted)


@app.command("import")
def import_(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The history: XES or CSV, plain or gzipped.")],
    mapping: Annotated[Path, typer.Option(help="What its attributes or columns mean, in TOML.")],
    name: Annotated[str | None, typer.Option(help="The source's name; the file's unless given.")] = None,
    processes: Processes = None,
    json: Json = False,
) -> None:
    """Take in the cases of another system's history. Cut short, the same command goes on where it was."""
    bad: list[NotTaken] = []

    def tell(it: NotTaken) -> None:
        if json:
            bad.append(it)
        else:
            complain(f"line {it.line}: {it.reason}" + (f" (case {it.case})" if it.case else ""))

    read = Mapping.read(mapping)
    size = file.stat().st_size
    with opened(Settings.read()) as house, bar(f"Taking in {file.name}") as step:
        came = import_history(
            house, file, read, name=name, processes=processes, progress=lambda done: step(done, size), tell=tell
        )
    if json:
        print_json({**vars(came), "not_taken": bad})
    else:
        say(f"{came.cases} cases came in, with {came.rows} rows")
        say(f"{came.skipped} cases were in already; {came.bad} rows are bad and did not come in")


@report.command("handoffs")
def report_handoffs(
    by: Annotated[Level, typer.Option(help="Between whom.")] = Level.UNIT,
    json: Json = False,
) -> None:
    """Tell how often cases moved, came back and bounced, and how long offers waited."""
    with opened(Settings.read()) as house, house.region.connect() as connection:
        figures = handoff_figures(connection, by.value)
    if json:
        print_json(figures)
    else:
        say("Of the cases that were imported" if figures["events"] else "Of all cases: none was imported")
        say("\n".join(f"{name.replace('_', ' '):<18}{figure:>14,}" for name, figure in figures.items()))


@app.command()
def replay(
    *,
    case: Annotated[UUID, typer.Argument(metavar="CASE", help="The case.")],
    version: Annotated[int | None, typer.Option(help="As its first so many events tell it.")] = None,
    known_at: Annotated[Time, typer.Option(help="As it was known then.", **TIME)] = None,
    happened_by: Annotated[Time, typer.Option(help="Only what had happened by then.", **TIME)] = None,
    since: Annotated[Time, typer.Option("--from", help="From this time on.", **TIME)] = None,
    until: Annotated[Time, typer.Option("--to", help="Up to, and not at, this time.", **TIME)] = None,
    json: Json = False,
) -> None:
    """Tell what happened in a case, in whose words, and who owned it after each event."""
    at = telling.Moment(version, known_at, happened_by, since, until)
    with opened(Settings.read()) as house:
        entries = telling.replayed(house.cases, case, at)
    if json:
        print_json({"case": case, "events": [telling.as_json(it) for it in entries]})
    else:
        _print_replay(case, entries, "owner after it" if at.by_clocks else "owner, as known once this was recorded")


def _print_replay(case: UUID, entries: Sequence[Any], owner: str) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), title_justify="left")
    for heading in ("#", "happened", "recorded", "who", "what", "words", owner):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        context = entry.it.context
        table.add_row(
            str(entry.it.version), telling.time_told(context.occurred), telling.time_told(context.recorded),
            *(Text(told) for told in (telling.who_told(context.actor), telling.what_told(entry),
                                      telling.words_told(entry), telling.owner_told(entry.after))),
        )  # fmt: skip
    say(f"Case {case}; times are Finland's\n")
    console().print(table)


@app.command()
def rebuild(
    projections: Annotated[
        list[str] | None, typer.Argument(metavar="[PROJECTION]...", help="Which; all of them unless named.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Change nothing: compare with a fresh fold.")] = False,
    processes: Processes = None,
    json: Json = False,
) -> None:
    """Fold what is behind anew, or what is named. Cut short, the same command goes on where it was."""
    work = folding.verify if verify else folding.rebuild
    with opened(Settings.read()) as house, bar("Verifying" if verify else "Rebuilding") as step:
        try:
            outcome = work(house.region, projections or (), processes or min(os.cpu_count() or 1, 4), step)
        except LookupError as unknown:
            raise typer.BadParameter(str(unknown.args[0])) from None
    if json:
        print_json({
            "cases": outcome.cases, "events": outcome.events, "aside": sorted(outcome.aside),
            "differences": outcome.differences,
        })  # fmt: skip
    else:
        for it in outcome.differences:
            complain(f"{it.projection} of case {it.case}: {it.what}")
        for case in sorted(outcome.aside):
            complain(f"case {case} is set aside: this release can't fold it")
        of_all = f"{outcome.cases} cases, clients, workers and units with {outcome.events} events"
        say(f"{of_all}; {len(outcome.differences)} differences")
    if outcome.differences or outcome.aside:
        raise typer.Exit(1)


@app.command("rules")
def rules_(
    language: Annotated[RuleLanguage | None, typer.Option(help="In which: a table is in Finnish unless named.")] = None,
    json: Json = False,
) -> None:
    """Print every rule with its reason, its source, and its numbers where no policy was set. It needs no database."""
    from api.rules import told as rules_told  # noqa: PLC0415 - so is it

    if json:
        print_json([it.model_dump() for it in rules_told(Policy(), language)])
    else:
        _print_rules(rules_told(Policy(), language or "fi"), HEADINGS[language or "fi"])


def _print_rules(rules: Iterable[Any], headings: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for it in rules:
        table.add_row(
            str(it.number), *(Text(told) for told in (", ".join(it.level_names), it.says, it.because, it.source))
        )
    console().print(table)


HEADINGS: dict[RuleLanguage, Sequence[str]] = {
    "fi": ("#", "taso", "sääntö", "perustelu", "lähde"),
    "sv": ("#", "nivå", "regel", "motivering", "källa"),
    "en": ("#", "level", "rule", "reason", "source"),
}
"""The headings of the table of rules."""


app.command()(erasing.erase)
app.command()(erasing.retention)
app.command()(checkpoint)
app.command()(epochs)
app.command()(exporting.export)


@app.command()
def verify(
    *,
    file: Annotated[str | None, typer.Argument(metavar="case.zip", help="The bundle of a case.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="A key of the region.", metavar="VKEY|FILE")] = None,
    known_checkpoint: Annotated[
        list[str] | None, typer.Option(help="A checkpoint that you kept.", metavar="FILE")
    ] = None,
    witness: Annotated[list[str] | None, typer.Option(help="Who has to have cosigned.", metavar="VKEY|FILE")] = None,
    authority: Annotated[list[str] | None, typer.Option(help="Who has to have stamped.", metavar="PEM")] = None,
    history: Annotated[bool, typer.Option("--history", help="Print the history as it is proven.")] = False,
    ledger: Annotated[bool, typer.Option("--ledger", help="Verify the whole region, in its database.")] = False,
    processes: Processes = None,
    json: Json = False,
) -> None:
    """Verify a bundle, without a server or a database, or the whole ledger: exit 0 whole, 1 broken, 2 unreadable."""
    if ledger:
        from api.verify_ledger import verify_ledger  # noqa: PLC0415

        if file is not None or history:
            raise typer.BadParameter("the ledger is verified by itself: name no bundle, and no history")
        raise typer.Exit(
            verify_ledger(
                known_checkpoint or (), key or (), witness or (), authority or (), processes=processes, json=json
            )
        )
    from verifier.__main__ import verified  # noqa: PLC0415 - it stands by itself

    if file is None:
        raise typer.BadParameter("name the bundle to verify")
    if known_checkpoint and len(known_checkpoint) > 1:
        raise typer.BadParameter("a bundle is compared with one checkpoint")
    code = verified(
        file, key=key or (), known_checkpoint=next(iter(known_checkpoint or ()), None), witness=witness or (),
        authority=authority or (), history=history, json=json,
    )  # fmt: skip
    raise typer.Exit(code)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from api.app import create_app  # noqa: PLC0415 - so is it

    nothing = cast("Any", None)  # no request comes, so no ledger is asked
    print_json(create_app(House(Settings.read(), nothing, nothing, Live(), nothing, nothing), nothing).openapi())


# What goes wrong


def main() -> None:
    """Run a command; what can go wrong is told in a sentence."""
    signal.signal(signal.SIGTERM, _terminated)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        app(prog_name="luotsi")
    except Exception as error:
        sentence = told(error)
        if sentence is None:
            raise
        complain(f"luotsi: {sentence}")
        sys.exit(2 if isinstance(error, SettingsWrong) else 1)


def _terminated(*_: object) -> NoReturn:
    raise Terminated(128 + signal.SIGTERM)


if __name__ == "__main__":
    main()
