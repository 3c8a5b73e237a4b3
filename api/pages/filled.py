"""What a form sent, read as the command's body; and what a problem says of the form's fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.pages.choices import holder_of
from api.pages.fields import Asked, Kind, asked
from api.pages.language import gettext
from api.pages.page import N_, Values
from api.problems import RequestInvalid, kinds
from domain.calendar import HELSINKI
from domain.decider import Command
from domain.overrides import Overridable
from domain.rules import RuleLanguage

_MISSING = N_("Fill this in.")
_UNREADABLE = N_("This is not in the form that is asked for.")
_NEVER = N_("There was no such time: the clocks were put forward then. Choose another.")
_WHAT: Mapping[str, str] = {"Field required": _MISSING, _NEVER: _NEVER}
TEXTS = (_MISSING, _UNREADABLE, _NEVER)
"""What is said of a field that could not be taken."""


def read(command: type[Command[Any]], sent: Values) -> dict[str, Any]:
    """Return the command's body as a form sent it. Raises `RequestInvalid` for a time that never was.

    What is no number, time or holder stays as it was typed, so that the service says so.
    """
    wrong: list[dict[str, str]] = []
    body = _read(asked(command), sent, "", wrong)
    if wrong:
        raise RequestInvalid(errors=wrong)
    return body


def headers(sent: Values) -> dict[str, str]:
    """Return what the act says of itself: when it happened, where, and its own key. Raises `RequestInvalid`."""
    wrong: list[dict[str, str]] = []
    when, *_ = _texts("occurred_at", sent) or [""]
    said = {
        "Occurred-At": _moment(when, "/body/occurred_at", wrong) if when else "",
        "Reported": "true" if sent.get("reported") else "",
        "Idempotency-Key": next(iter(sent.get("key", ())), ""),
    }
    if wrong:
        raise RequestInvalid(errors=wrong)
    return {name: it for name, it in said.items() if it}


def how_many(name: str, sent: Values) -> int:
    """Return how many groups of a field came."""
    numbers = [path.split(".")[1] for path in sent if path.startswith(f"{name}.")]
    return max((int(it) + 1 for it in numbers if it.isdigit() and len(it) < 3), default=0)  # noqa: PLR2004


def _read(found: tuple[Asked, ...], sent: Values, under: str, wrong: list[dict[str, str]]) -> dict[str, Any]:
    values = {it.name: _one(it, f"{under}{it.name}", sent, wrong) for it in found}
    return {name: value for name, value in values.items() if value is not None}


def _one(it: Asked, name: str, sent: Values, wrong: list[dict[str, str]]) -> Any:
    """Return what a field says, None where it says nothing."""
    if it.kind == "group":
        return _read(it.parts, sent, f"{name}.", wrong) or None
    if it.kind == "groups":
        groups = [_read(it.parts, sent, f"{name}.{number}.", wrong) for number in range(how_many(name, sent))]
        return [group for group in groups if _is_said(it.parts, group)] or None
    said = _texts(name, sent)
    if it.kind in SEVERAL:
        values = [_value(it.kind, text, name, wrong) for text in said]
        return values if values or it.default else None
    return _value(it.kind, said[0], name, wrong) if said else None


def _is_said(parts: tuple[Asked, ...], group: Mapping[str, Any]) -> bool:
    """Say whether a group says more than what its fields begin with."""
    begins = {it.name: it.default for it in parts}
    return any(value != begins[name] for name, value in group.items())


def _texts(name: str, sent: Values) -> list[str]:
    """Return what came for a field, without what is blank. Browsers send lines with a carriage return."""
    return [it.replace("\r\n", "\n") for it in sent.get(name, ()) if it.strip()]


def _value(kind: Kind, text: str, name: str, wrong: list[dict[str, str]]) -> Any:
    match kind:
        case "number" | "entry" | "entries":
            return int(text) if text.strip().removeprefix("-").isdecimal() and len(text) < _DIGITS else text
        case "tick" | "yes_or_no":
            return {"true": True, "false": False}.get(text, text)
        case "time":
            return _moment(text.strip(), f"/body/{name.replace('.', '/')}", wrong)
        case "holder" | "holders":
            return holder_of(text) or text
        case "words":
            return text
    return text.strip()


def _moment(text: str, where: str, wrong: list[dict[str, str]]) -> str:
    """Return a time of Finland with its offset: of an hour that comes twice the first."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return text
        local = at.replace(tzinfo=HELSINKI)
        back = local.astimezone(UTC).astimezone(HELSINKI)
    except (ValueError, OverflowError):
        return text
    if back.replace(tzinfo=None) != at:
        wrong.append({"where": where, "what": _NEVER})
    return local.isoformat()


SEVERAL = frozenset({"many", "things", "entries", "holders", "organisations"})
_DIGITS = 12


# What was wrong.


def errors(problem: Mapping[str, Any], into: RuleLanguage) -> dict[str, str]:
    """Return what a problem says of single fields, by the field as a form sends it: "override.0.reason"."""
    found: dict[str, str] = {}
    for it in problem.get("errors", ()):
        place = it["where"].removeprefix("/body").strip("/").replace("/", ".")
        found.setdefault(place, gettext(into, _WHAT.get(it["what"], _UNREADABLE)))
    details = problem.get("details", {})
    if isinstance(named := details.get("field"), str):
        found.setdefault(_OF_HEADERS.get(named, named), gettext(into, problem["detail"]))
    if "occurred" in details or details.get("header") == "Occurred-At":
        found.setdefault("occurred_at", gettext(into, problem["detail"]))
    return found


_OF_HEADERS: Mapping[str, str] = {"occurred": "occurred_at", "Occurred-At": "occurred_at"}


def overridable(problem: Mapping[str, Any] | None) -> int | None:
    """Return the rule that stands in the way and that a manager may set aside, if that is what the problem is."""
    kind = kinds().get(problem["type"].rpartition("/")[2]) if problem else None
    return kind.rule if kind is not None and issubclass(kind, Overridable) else None
