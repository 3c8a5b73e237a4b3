"""Writes docs/reference.md: every command, refusal, event and rule, from the code itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from api.rules import told
from domain.case import Case
from domain.client import Client
from domain.decider import Absent, Command, Conflict, Event, Forbidden, Refusal, Unacceptable, kebab
from domain.directory import Organisation, PolicyInForce, Unit, Worker
from domain.ledger.mapper import codecs, every
from domain.policy import Policy

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"

_PLACES = {
    Case: "/cases", Client: "/clients", Organisation: "/organisations", Unit: "/units", Worker: "/workers",
    PolicyInForce: "/policy",
}  # fmt: skip
_STATUS = {Forbidden: 403, Absent: 404, Conflict: 409, Unacceptable: 422}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as it should be."""
    return "\n".join([*_commands(), "", *_refusals(), "", *_events(), "", *_rules(), ""])


def _commands() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Made from the code by `make docs`; a test holds the two together."
    yield ""
    yield "## Commands"
    yield ""
    yield "| command | who may | must be sent | what it does |"
    yield "|---|---|---|---|"
    for command in sorted(every(Command), key=lambda it: (list(_PLACES).index(it.state), it.__name__)):
        who = ", ".join(sorted(command.roles))
        must = ", ".join(it.name for it in fields(command) if it.default is MISSING) or "nothing"
        yield f"| `{_url(command)}` | {who} | {must} | {_first_line(command)} |"


def _refusals() -> Iterator[str]:
    yield "## Refusals"
    yield ""
    yield "Each is a problem (RFC 9457) whose type is its name."
    yield ""
    yield "| refusal | status | rule | what it says |"
    yield "|---|---|---|---|"
    for refusal in sorted(every(Refusal), key=lambda it: it.__name__):
        status = next((status for family, status in _STATUS.items() if issubclass(refusal, family)), None)
        if status and refusal not in _STATUS:
            says = " ".join((refusal.__doc__ or "").split())
            yield f"| `{refusal.slug()}` | {status} | {refusal.rule or ''} | {says} |"


def _events() -> Iterator[str]:
    yield "## Events"
    yield ""
    yield "Fields marked * are words: sealed, and stored beside the event."
    yield ""
    yield "| topic | fields | what happened |"
    yield "|---|---|---|"
    for event in sorted(every(Event), key=lambda it: it.topic):
        words = codecs()[event.topic].words
        names = ", ".join(f"{it.name}{'*' * (it.name in words)}" for it in fields(event))
        yield f"| `{event.topic}` | {names} | {_first_line(event)} |"


def _rules() -> Iterator[str]:
    yield "## Rules"
    yield ""
    yield "With the numbers that count where no policy was set: `GET /rules?unit=` tells a unit's own, and both it and"
    yield "`luotsi rules` tell all this in Finnish, Swedish and English."
    yield ""
    yield "| # | level | what it says | because | source | thresholds |"
    yield "|---|---|---|---|---|---|"
    for rule in told(Policy(), "en"):
        names = ", ".join(f"`{it.name}` {it.value}" for it in rule.thresholds)
        levels = ", ".join(rule.levels)
        yield f"| {rule.number} | {levels} | {rule.says} | {rule.because} | {rule.source} | {names} |"


def _url(command: type[Command[Any]]) -> str:
    if command.__module__ == "domain.imports":
        return f"{kebab(command.__name__)} (imports only)"
    place = _PLACES[command.state]
    if command.state in {Case, Client} and command.stream != "new":
        return f"POST {place}/{{id}}/{command.slug()}"
    return f"POST {place}"


def _first_line(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


if __name__ == "__main__":
    main()
