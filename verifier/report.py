"""What a check came to: what was wrong, what was checked, and what nobody can tell from the bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from verifier.findings import Broken, Fault, Unreadable

WHOLE, BROKEN, UNREADABLE = 0, 1, 2
IN_WORDS = {"vouched", "loose", "sealed"}
"""What is told in words instead."""
MOST = 100
"""How many faults are told one by one."""
LABELS = {"made": "made, as it says", "origin": "log", "size": "events in the log", "covered": "of them in the log"}


@dataclass(frozen=True)
class Told:
    """An event of the proven history."""

    version: int
    covered: bool
    occurred: datetime | None
    recorded: datetime | None
    topic: str
    actor: Any
    fields: dict[str, Any]
    words: dict[str, str] | str


@dataclass
class Report:
    """What was found. `about` are the bundle's own facts: its region, case, checkpoint and so on."""

    faults: list[Fault] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    history: list[Told] = field(default_factory=list)

    @property
    def exit(self) -> int:
        """Return 0 if the bundle is whole, 1 if it is broken, 2 if it can't be read."""
        if any(isinstance(it, Unreadable) for it in self.faults):
            return UNREADABLE
        return BROKEN if self.faults else WHOLE

    @property
    def verdict(self) -> str:
        """Return the same in a word."""
        return ("whole", "broken", "unreadable")[self.exit]

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of the faults, each once."""
        return list(dict.fromkeys(it.kind() for it in self.faults))

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Write down what is found broken, and go on behind it."""
        try:
            yield
        except Broken as fault:
            self.faults.append(fault)

    @contextmanager
    def step(self, says: str) -> Iterator[None]:
        """Do a step of the check: say that it was done if nothing was wrong, else what was."""
        before = len(self.faults)
        with self.noting():
            yield
        if len(self.faults) == before:
            self.checked.append(says)


def as_json(report: Report, *, history: bool) -> str:
    """Return the report for programs."""
    told = {
        "verdict": report.verdict, "exit": report.exit, **report.about,
        "faults": [{"kind": it.kind(), "says": str(it), **_plain(it.facts)} for it in report.faults[:MOST]],
        "more_faults": max(0, len(report.faults) - MOST), "checked": report.checked, "not_covered": report.uncovered,
    }  # fmt: skip
    if history:
        told["history"] = [_plain(vars(it)) for it in report.history]
    return json.dumps(told, indent=2)


def as_text(report: Report, *, history: bool) -> str:
    """Return the report for people."""
    return "\n".join(printable(it) for it in _lines(report, history=history))


def printable(text: str) -> str:
    """Return a text as a terminal can't misread it: what a bundle says must not look like what the verifier says."""
    return "".join(it if it.isprintable() else it.encode("unicode_escape", "replace").decode() for it in text)


def _lines(report: Report, *, history: bool) -> Iterator[str]:
    yield {
        WHOLE: "WHOLE: nothing is wrong with this bundle" + _limits(report.about),
        BROKEN: "BROKEN: this bundle does not prove what it says.",
        UNREADABLE: "UNREADABLE: this could not be checked.",
    }[report.exit]
    yield from (f"  {LABELS.get(name, name)}: {value}" for name, value in report.about.items() if name not in IN_WORDS)
    for heading, said in (
        ("What is wrong", [str(it) for it in report.faults[:MOST]]),
        ("What was checked", report.checked),
        ("What is not covered", report.uncovered),
    ):
        if said:
            yield ""
            yield heading
            yield from (f"  - {it}" for it in said)
        if heading == "What is wrong" and len(report.faults) > MOST:
            yield f"  - and {len(report.faults) - MOST} faults more"
    if history:
        yield ""
        yield "The history" if report.exit == WHOLE else "The history is not printed: it is not proven"
        for it in report.history:
            yield from _told(it)


def _limits(about: dict[str, Any]) -> str:
    """Return how far it is whole: no further than it is covered, and by whose word."""
    versions, covered = (about.get(name, 0) for name in ("versions", "covered"))
    until = f" up to version {covered}, and nothing proves what comes after" if covered < versions else ""
    doubts = {
        "its key is the region's, for which nobody vouches": not about.get("vouched"),
        f"{about.get('loose')} of its events, which are withheld, are this case's": about.get("loose"),
        "nothing was cut off at its end, which no sealing covers": not about.get("sealed"),
    }
    told = ", and if ".join(it for it, so in doubts.items() if so)
    return f"{until} - if {told}." if told else f"{until}."


def _told(it: Told) -> Iterator[str]:
    yield ""
    yield f"  {it.version}. {it.topic}" + ("" if it.covered else " (not covered)")
    if it.occurred and it.recorded:
        yield f"     happened {it.occurred.isoformat()}, recorded {it.recorded.isoformat()}"
        yield f"     by {json.dumps(it.actor, ensure_ascii=False)}"
    if it.fields:
        yield f"     {json.dumps(it.fields, ensure_ascii=False)}"
    if isinstance(it.words, str):
        yield from () if it.words == "none" else (f"     words: {it.words}",)
    else:
        yield from (f"     {name}: “{words}”" for name, words in it.words.items())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(it) for name, it in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(it) for it in value]
    return value if isinstance(value, str | int | float | None) else _shown(value)


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
