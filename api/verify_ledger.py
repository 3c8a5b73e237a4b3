"""The command line's `luotsi verify --ledger`: a whole region held against its own proofs, and every row of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from api.anchors import anchors_of
from api.house import region_of
from api.settings import Settings
from api.terminal import bar, complain, print_json, say, told
from domain.ledger.anchors.witnesses import Witness
from domain.ledger.audit import findings
from domain.ledger.audit.whole import Against, OptionWrong, Progress, Report, audit
from domain.ledger.database import Region
from domain.ledger.fault import Fault
from domain.ledger.programs import ServerFault
from projections import rebuild as folding
from projections.live import Live

WHOLE, BROKEN, UNREADABLE = 0, 1, 2


class NoLedger(Fault):
    """There is no ledger here. Name its server in DATABASE_URL, or its directory in LUOTSI_HOME."""


def verify_ledger(
    known: Sequence[str], keys: Sequence[str], witnesses: Sequence[str], authorities: Sequence[str], *,
    processes: int | None = None, json: bool = False,
) -> int:  # fmt: skip
    """Verify the region's ledger, print what came of it, and return 0 whole, 1 broken, 2 unreadable.

    Keys are given as they are, or as a file with one a line; checkpoints and certificates as files.
    """
    settings, count = Settings.read(), processes or min(os.cpu_count() or 1, 4)
    try:
        shown = [it.vkey for it in anchors_of(settings) if isinstance(it, Witness)]
        against = Against.of(
            [Path(it) for it in known], settings.published, list(_vkeys(keys)), list(_vkeys(witnesses)),
            [Path(it) for it in authorities], shown=shown,
        )  # fmt: skip
        if not (settings.database_url or settings.home.exists()):
            raise NoLedger(settings.home)
        with region_of(settings) as region, _bars() as tell:
            report = verified(region, against, count, tell)
    except (psycopg.Error, Fault, ServerFault, OSError) as unreadable:
        _print_unreadable(unreadable, json=json)
        return UNREADABLE
    code = BROKEN if report.tally.faults else WHOLE
    if json:
        print_json(_as_json(report, code))
    else:
        say("\n".join(_lines(report)))
    return code


def verified(region: Region, against: Against, processes: int = 1, tell: Progress | None = None) -> Report:
    """Audit a region, and compare the rows of its projections with fresh folds. Raises the database's errors."""
    report = audit(region, against, frozenset(it.table for it in Live().tables), processes, tell)
    try:
        outcome = folding.verify(
            region, processes=processes, progress=lambda done, of: tell("Projections", done, of) if tell else None
        )
    except psycopg.DataError as odd:
        report.tally.found(findings.ProjectionsUnreadable(why=odd))
        return report
    report.tally.counts["streams whose rows were compared"] = outcome.cases
    for it in outcome.differences:
        report.tally.found(findings.ProjectionAltered(projection=it.projection, stream=it.case, what=it.what))
    for stream in sorted(outcome.aside):
        report.tally.found(findings.ProjectionAside(stream=stream))
    return report


def _vkeys(given: Iterable[str]) -> Iterator[str]:
    for it in given:
        path = Path(it)
        try:
            lines = path.read_text("utf-8").splitlines() if path.exists() or "+" not in it else [it]
        except (OSError, UnicodeDecodeError) as wrong:
            raise OptionWrong(path, wrong) from wrong
        found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not found:
            raise OptionWrong(it, "there is no key in it")
        yield from found


@contextmanager
def _bars() -> Iterator[Progress]:
    """Draw a bar for each part of the work, one after the other."""
    with ExitStack() as stack:
        drawn: dict[str, Callable[[int, int], None]] = {}

        def tell(what: str, done: int, of: int) -> None:
            if what not in drawn:
                stack.close()
                drawn[what] = stack.enter_context(bar(what))
            drawn[what](done, of)

        yield tell


# What is printed


def _lines(report: Report) -> Iterator[str]:
    faults = report.tally.faults.total()
    if faults:
        yield f"BROKEN: the ledger of {report.region} is not what it was. {faults:,} faults"
        yield from (f"  - {it}" for it in report.tally.told)
        yield from (f"  - and {count:,} more of {kind}" for kind, count in report.tally.untold())
    else:
        yield f"WHOLE: nothing is wrong with the ledger of {report.region}"
    yield ""
    yield "What was checked"
    yield from (f"  - {it}" for it in _checked(report))
    yield ""
    yield "What is not covered"
    yield from (f"  - {it}" for it in report.uncovered)


def _checked(report: Report) -> Iterator[str]:
    count = report.tally.counts
    yield (
        f"{count['streams']:,} streams with {count['events']:,} events: versions, chains, columns, {count['words']:,}"
        " entries' words, keys, receipts"
    )
    yield (
        f"{count['entries of the log of events']:,} positions of the log of events and"
        f" {count['entries of the log of reads']:,} of the log of reads, with {count['tiles']:,} tiles"
    )
    yield (
        f"{count['checkpoints']:,} checkpoints by {count['signing keys']:,} keys, with {count['time stamps']:,} time"
        f" stamps and {count['cosignatures']:,} cosignatures; {count['checkpoints from outside']:,} more from outside"
    )
    yield f"{count['sealings']:,} days' heads, each reckoned anew"
    yield f"the rows of {count['streams whose rows were compared']:,} cases, clients, workers and units"
    yield "what the service may do in the database"


def _as_json(report: Report, code: int) -> dict[str, Any]:
    return {
        "verdict": "broken" if code else "whole", "exit": code, "region": report.region,
        "faults": [
            {"kind": it.kind(), "says": str(it), **{name: str(fact) for name, fact in it.facts.items()}}
            for it in report.tally.told
        ],
        "more_faults": dict(report.tally.untold()), "checked": dict(report.tally.counts),
        "not_covered": report.uncovered,
    }  # fmt: skip


def _print_unreadable(error: Exception, *, json: bool) -> None:
    says = told(error) or f"The database does not have what this release asks for: {' '.join(str(error).split())}"
    if json:
        print_json({"verdict": "unreadable", "exit": UNREADABLE, "says": says})
    else:
        complain(f"UNREADABLE: {says}")
