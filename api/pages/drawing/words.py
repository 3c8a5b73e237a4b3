"""What stands in a picture, in words: events and their facts, holders, people, times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from babel.dates import format_datetime

from api.event_words import EVENTS
from api.pages.fields import LABELS
from api.pages.language import gettext, time_told
from api.reading_words import ROLES
from api.value_words import ENTRIES, FIELDS, value_told
from domain.calendar import HELSINKI
from domain.decider import Role
from domain.ledger.mapper import codecs
from domain.rules import RuleLanguage

Told = Mapping[str, Any]
"""Something as a query tells it: the JSON of a row, an event, a state."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_UNSAID = {"policy", "whose"}
"""Fields that tell a reader nothing of what happened."""


class Speaks(Protocol):
    """Who says the texts: into which language, and how each is said in it."""

    @property
    def into(self) -> RuleLanguage:
        """The language."""

    def text(self, message: str, **facts: Any) -> str:
        """Return a text in it, with its facts."""


@dataclass(frozen=True)
class Spoken:
    """Says the texts of the pages' catalogues."""

    into: RuleLanguage

    def text(self, message: str, **facts: Any) -> str:
        """Return a text in it, with its facts."""
        return gettext(self.into, message, **facts)


def moment(told: str) -> datetime:
    """Return a time as a query tells it."""
    return datetime.fromisoformat(told)


def when(at: datetime, speaks: Speaks) -> str:
    """Return a time in Finland, as text alone."""
    return time_told(at, speaks.into).striptags()


def day(at: datetime, pattern: str, speaks: Speaks) -> str:
    """Return the part of a time in Finland that the pattern asks for (Unicode TR 35)."""
    return format_datetime(at, pattern, HELSINKI, speaks.into)


def holder(told: Told | None) -> str:
    """Return a holder in one line: the worker where one is named, and the unit."""
    if told is None:
        return ""
    at = place(told)
    return f"{told['worker']}, {at}" if told.get("worker") else at


def place(told: Told) -> str:
    """Return the unit of a holder, or the organisation where there is none."""
    return "/".join(part for part in (told["organisation"], told.get("unit")) if part)


def owner(told: Told, speaks: Speaks) -> str:
    """Return who drives a case, by its state or by a period of it."""
    if told["owned_by"] is None:
        return ""
    return holder(told["owner"]) or value_told("owned_by", told["owned_by"], speaks.into)


def what(entry: Told, speaks: Speaks) -> str:
    """Return what happened: a sentence without its facts."""
    found = EVENTS.get(entry["topic"])
    return sentence(found.to(speaks.into)) if found else speaks.text("Withheld")


def who(context: Told, speaks: Speaks) -> str:
    """Return who acted, in which role and where."""
    role = ROLES[Role(context["role"])].to(speaks.into)
    at = "/".join(part for part in (context["organisation"], context["unit"]) if part)
    return ", ".join(part for part in (context["who"], role, at) if part and part != context["role"])


def facts(entry: Told, speaks: Speaks) -> Iterator[tuple[str, str]]:
    """Yield what stands in an event beside its words: the fields and their values, without ids."""
    codec = codecs().get(entry["topic"])
    words = codec.words if codec else frozenset()
    for name, value in entry["event"].items():
        if name in words | _UNSAID or value in (None, False, "", [], {}) or name not in FIELDS:
            continue
        if said := _value(name, value, speaks):
            yield _field(name, value, speaks), said


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def field(name: str, speaks: Speaks) -> str:
    """Return what a field is called: by its own name where it has no other."""
    if name in FIELDS:
        return FIELDS[name].to(speaks.into)
    return speaks.text(LABELS[name]) if name in LABELS else name.replace("_", " ")


def _field(name: str, value: Any, speaks: Speaks) -> str:
    timed = f"{name} time" if isinstance(value, str) and _TIME.match(value) else name
    return field(timed if timed in FIELDS else name, speaks)


def _value(name: str, value: Any, speaks: Speaks) -> str:
    match value:
        case list():
            return ", ".join(filter(None, (_value(name, it, speaks) for it in value)))
        case {"organisation": _, "unit": _}:
            return holder(value)
        case str():
            return _said(name, value, speaks)
        case True:
            return speaks.text("yes")
        case int():
            return speaks.text("entry %(number)s", number=value) if name in ENTRIES else str(value)
    return ""


def _said(name: str, value: str, speaks: Speaks) -> str:
    if _TIME.match(value):
        return when(moment(value), speaks)
    return "" if _ID.fullmatch(value) else value_told(name, value, speaks.into)
