"""What a command asks for, read from its dataclass: each field's kind, its name to people, and what it may hold.

Nothing is described twice. A field's type says with which control it is filled in and how what was typed is read; its
name is that of `api.value_words`, or stands here where no event has such a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from api.commands import commands
from api.value_words import FIELDS, VALUES
from domain.decider import CLIENT_SIDE, STAFF, Command, Entry, Value
from domain.remembered import Holder
from domain.rules import RuleLanguage

Kind = Literal[
    "words", "line", "number", "tick", "yes_or_no", "one", "many", "day", "time", "holder", "holders", "organisations",
    "person", "thing", "things", "entry", "entries", "group", "groups",
]  # fmt: skip
"""How a field is filled in.

words: a text of any length. line: a text of one line. number: a whole number. tick: yes if ticked, no by default.
yes_or_no: has to be answered, or may be left open. one, many: of the values that its type names. day: a date.
time: a day and hour.
holder, holders, organisations: from the directory. person: the client, or who acts for them. thing, things: something
of the case, by its id; entry, entries: by its version. group: a value of several parts; groups: any number of them.
"""

_SHORT = frozenset({
    "born", "municipality", "name", "locality", "telephone", "hours", "electronic", "visiting", "profession",
})  # fmt: skip
"""Words that are of one line."""

_FREE = frozenset({"client", "representative", "replaced_in", "case"})
"""Ids of what is no part of the case: nothing in it can be chosen."""

LABELS: Mapping[str, str] = {
    "access": "Access in an emergency",
    "alternative": "What there is instead",
    "answers": "What they asked",
    "assessment": "The assessment that was begun",
    "born": "Date or year of birth",
    "client": "The client's id",
    "client_view": "The client's own view",
    "conclusions": "What you found",
    "consent": "The consent",
    "correction": "How it should read",
    "decision": "The decision that it rests on",
    "for_unit": "For the unit: nobody is named yet",
    "goal": "The goal",
    "goals": "The goals",
    "handoff": "The offer",
    "limit": "At most this many cases",
    "line": "The team's line",
    "municipality": "Municipality",
    "need": "What the client needs",
    "no_view_because": "Why there is no view of the client's",
    "objection": "The objection",
    "override": "Set a rule aside",
    "reason": "Reason",
    "reasons": "Reasons",
    "replaced_in": "The case in which it was recorded anew, by its id",
    "representative": "The representative's id",
    "request": "The request",
    "scope": "In which matters",
    "service": "The service",
    "source": "Where it is known from",
    "statement": "What was said",
    "summary": "Summary",
    "text": "The line that the team agreed on",
    "transfer": "The transfer",
    "what": "What happens",
    "withheld_because": "Why the client is not told",
    "words": "In words",
    "erasure": "The proposal to destroy the words",
    "region": "Region",
    "case": "The case there, by its id",
    "head": "The hash of its last entry",
    "review_by time": "Another person reviews it by",
}
"""What the fields are called that no event has, or that read otherwise in a form."""

HELP: Mapping[str, str] = {
    "born": "For example 1961, or 1961-05-17.",
    "client_view": "What the client said about this. If there is nothing, say below why not.",
    "first_contact_at": "When the client first got in touch. If you leave it empty, it is now.",
    "present": "How many others were there.",
    "rests_on": "The entries that this is decided on.",
    "score": "From 1 (bad) to 5 (good).",
    "words": "Write as you would say it.",
    "what": "Whoever has the client's slip reads this too: name nobody in it.",
    "warm": "With a meeting of the client, the old worker and the new one.",
}
"""What helps to fill a field in."""


@dataclass(frozen=True)
class Asked:
    """A field of a command, as its dataclass has it.

    `values` are those that its type names, `parts` the fields of a value that has several. `default` is what it is
    where nothing is said: None where it has to be said, or is nothing.
    """

    name: str
    kind: Kind
    required: bool
    default: Any = None
    values: tuple[str, ...] = ()
    parts: tuple[Asked, ...] = ()

    @property
    def label(self) -> str:
        """The text, in English, that names it to people. It is one of `FIELDS` or of the catalogue."""
        own = LABELS.get(f"{self.name} {self.kind}") or LABELS.get(self.name)
        return own or self.told("en") or _read(self.name)

    def told(self, into: RuleLanguage) -> str | None:
        """Return what it is called in a language, where that stands in the table of fields."""
        if f"{self.name} {self.kind}" in LABELS or self.name in LABELS:
            return None
        known = FIELDS.get(self._known_as)
        return known.to(into) if known else None

    @property
    def _known_as(self) -> str:
        return "by time" if (self.name, self.kind) == ("by", "time") else self.name


OF_THE_ACT = (Asked("occurred_at", "time", required=False), Asked("reported", "tick", required=False))
OF_THE_ACT_TOLD: Mapping[str, tuple[str, str]] = {
    "occurred_at": ("When it happened", "If you leave it empty, it is now."),
    "reported": ("It took place elsewhere, and is only written down here", ""),
}
"""What any act of staff may say of itself, its name and what helps to fill it in: by headers, not in the body."""


@cache
def asked(command: type[Any]) -> tuple[Asked, ...]:
    """Return the fields of a command, or of a value in one, in the dataclass's order."""
    hints = get_type_hints(command, include_extras=True)
    return tuple(_asked(it.name, hints[it.name], it.default) for it in fields(command))


def least(command: type[Command[Any]]) -> frozenset[str]:
    """Return what has to be typed at least: what has no default, and the client's view where one is asked for."""
    return frozenset(it.name for it in asked(command) if it.required or it.name == "client_view")


def alternative(name: str) -> str | None:
    """Return the field that serves in the place of this one."""
    return "no_view_because" if name == "client_view" else None


def shown() -> Iterator[type[Command[Any]]]:
    """Yield the commands that have forms: those of staff and of the client's side. Others give theirs by the API."""
    return (it for it in commands() if it.roles & (STAFF | CLIENT_SIDE))


def _asked(name: str, hint: Any, default: Any) -> Asked:
    kind, values, parts = _kind(name, hint)
    given = None if default is MISSING else default
    if kind == "tick" and default is MISSING:
        kind = "yes_or_no"  # nobody says no by not looking at it
    return Asked(name, kind, default is MISSING, given, values, parts)


def _kind(name: str, hint: Any) -> tuple[Kind, tuple[str, ...], tuple[Asked, ...]]:
    """Return with which control a type is filled in, the values that it names and the fields that it has."""
    arms = [it for it in get_args(hint) if it is not NoneType] if get_origin(hint) in _UNIONS else [hint]
    one, *others = arms
    if others:  # an id, or a word of ours
        return "person", tuple(it for arm in arms if get_origin(arm) is Literal for it in get_args(arm)), ()
    if get_origin(one) is tuple:
        return _several(get_args(one)[0])
    if get_origin(one) is Literal:
        return "one", get_args(one), ()
    if isinstance(one, type) and issubclass(one, Value) and one is not Holder:
        return "group", (), _parts(one)
    return _single(name, one, may_stay_open=one is not hint), (), ()


def _parts(one: Any) -> tuple[Asked, ...]:
    return asked(one)


def _single(name: str, one: Any, *, may_stay_open: bool) -> Kind:
    if one is bool:
        return "yes_or_no" if may_stay_open else "tick"
    if one is UUID:
        return "line" if name in _FREE else "thing"
    if get_origin(one) is Annotated:
        return "line" if name in _SHORT else "words"
    return _PLAIN[one]


def _several(one: Any) -> tuple[Kind, tuple[str, ...], tuple[Asked, ...]]:
    if get_origin(one) is Literal:
        return "many", get_args(one), ()
    if one in _MANY:
        return _MANY[one], (), ()
    return "groups", (), asked(one)


_UNIONS = frozenset({Union, type(int | None)})
_PLAIN: Mapping[Any, Kind] = {
    str: "line", int: "number", date: "day", datetime: "time", Holder: "holder", Entry: "entry",
}  # fmt: skip
_MANY: Mapping[Any, Kind] = {UUID: "things", Entry: "entries", Holder: "holders", str: "organisations"}


_OF_THE_API = re.compile(r"(?:: | \()[^`]*`.*")


# What people read.


def title(command: type[Command[Any]]) -> str:
    """Return what a command is called: the first sentence of its docstring, up to where it names fields of the API."""
    return _OF_THE_API.sub("", _told_of(command)[0]).removesuffix(".")


def about(command: type[Command[Any]]) -> str:
    """Return what else its docstring tells people: no sentence that names fields of the API."""
    return " ".join(it for it in _told_of(command)[1:] if "`" not in it)


def _told_of(command: type[Command[Any]]) -> list[str]:
    text = " ".join((command.__doc__ or "").split())
    return text.replace(". ", ".\n").splitlines()


def value_label(field: str, value: str) -> str | None:
    """Return the text, in English, of a value that no table names; None where one does."""
    return None if value in VALUES or f"{field} {value}" in VALUES else _read(value)


def called(name: str) -> str:
    """Return what a fact that no event has is called, in English: as a field of that name, where there is one."""
    return LABELS.get(name) or _read(name)


def _read(name: str) -> str:
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def texts(asked_for: tuple[Asked, ...]) -> Iterator[str]:
    """Yield every text of fields that is translated by a catalogue and not by a table."""
    for it in asked_for:
        if it.told("en") is None:
            yield it.label
        if it.name in HELP:
            yield HELP[it.name]
        yield from (label for value in it.values if (label := value_label(it.name, value)))
        yield from texts(it.parts)
