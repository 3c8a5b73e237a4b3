"""Writes docs/reference.md: every command, refusal, event and rule, from the code itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from api.rules import told
from domain import authorization
from domain.authorization import PURPOSES, Purpose, Relation, may
from domain.case import Case
from domain.client import Client
from domain.decider import (
    STAFF,
    Absent,
    Action,
    Command,
    Conflict,
    Event,
    Forbidden,
    Refusal,
    Role,
    Unacceptable,
    kebab,
)
from domain.directory import Organisation, PolicyInForce, Unit, Worker
from domain.ledger.mapper import codecs, every
from domain.policy import Policy
from domain.sealing import Log

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"

_PLACES = {
    Case: "/cases", Client: "/clients", Organisation: "/organisations", Unit: "/units", Worker: "/workers",
    PolicyInForce: "/policy", Log: "",
}  # fmt: skip
_STATUS = {Forbidden: 403, Absent: 404, Conflict: 409, Unacceptable: 422}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as it should be."""
    return "\n".join([*_commands(), "", *_refusals(), "", *_access(), "", *_events(), "", *_rules(), ""])


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


def _access() -> Iterator[str]:
    yield "## Who may see and do what"
    yield ""
    yield from _paragraphs(authorization)
    yield ""
    yield "By what somebody is to a case, this table says who may do what; *staff* are workers and managers. Whoever"
    yield "may not even read a case finds nothing there (404), and whoever may read it and not act is told so (403)."
    yield "Each command is for some roles alone besides, which the list of commands names. The system acts by itself,"
    yield "and reads no case. A case that begins is nobody's yet, and an import is the administrator's."
    yield ""
    yield f"| relation | what it is | {' | '.join(Action)} |"
    yield f"|---|---|{'---|' * len(Action)}"
    for relation, meaning in _meanings(Relation):
        cells = (_who_may(it, Relation(relation)) or "–" for it in Action)
        yield f"| {relation} | {meaning} | {' | '.join(cells)} |"
    yield ""
    yield "| action | what it is | commands |"
    yield "|---|---|---|"
    for action, meaning in _meanings(Action):
        commands = ", ".join(f"`{it}`" for it in _commands_of(Action(action)))
        yield f"| {action} | {meaning} | {commands or 'none: every query of a case'} |"
    yield ""
    yield "A case is read for a purpose, which stands in the log of its readers. The header `Purpose` says which; left"
    yield "out, it is the usual one of whatever somebody is to the case."
    yield ""
    yield "| purpose | what it is | of whom |"
    yield "|---|---|---|"
    for purpose, meaning in _meanings(Purpose):
        whom = ", ".join(relation for relation, purposes in PURPOSES.items() if purpose in purposes)
        yield f"| {purpose} | {meaning} | {whom or '–'} |"


def _who_may(action: Action, relation: Relation) -> str:
    allowed = [role for role in Role if may(action, role, {relation})]
    others = [str(it) for it in allowed if it not in STAFF]
    return ", ".join((["staff"] if STAFF.issubset(allowed) else []) + others)


def _commands_of(action: Action) -> list[str]:
    commands = (it for it in every(Command) if it.state is Case and it.__module__ != "domain.imports")
    return sorted(it.slug() for it in commands if it.action == action and it.stream != "new")


def _meanings(kind: type[StrEnum]) -> Iterator[tuple[str, str]]:
    """Yield what each of them means, as the docstring tells them one after the other: "holds: works in ..."."""
    told = " ".join((kind.__doc__ or "").split())
    for it in kind:
        meaning = re.search(rf"(?:^|[.;] ){it}: (.*?)(?=[.;] [a-z_]+: |\.? ?$)", told)
        if meaning is None:
            raise LookupError(f"the docstring of {kind.__name__} does not say what {it} is")
        yield str(it), meaning[1]


def _paragraphs(what: object) -> Iterator[str]:
    """Yield what a docstring tells below its first line."""
    _, *rest = (inspect.getdoc(what) or "").split("\n\n")
    yield from (paragraph.replace("`MAY` is the table of", "The table below says") for paragraph in rest)


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
    if command.state is Log:
        return f"{kebab(command.__name__)} (the service itself)"
    place = _PLACES[command.state]
    if command.state in {Case, Client} and command.stream != "new":
        return f"POST {place}/{{id}}/{command.slug()}"
    return f"POST {place}"


def _first_line(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


if __name__ == "__main__":
    main()
