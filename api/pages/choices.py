"""What can be chosen in a form, from the very answers that the queries give: each with what it is called to people.

Pure functions of what was read. What may be given is not decided here: a choice that the rules refuse is refused, and
the page shows why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from api.event_words import EVENTS
from api.pages.fields import Asked
from api.pages.language import gettext, time_told
from api.value_words import VALUES, value_told
from domain.decider import Command
from domain.rules import RuleLanguage

Answers = Mapping[str, Any]
"""What was read, by the name of the query under the case: "voice", "plan", "history" and so on, each its list of rows.

`history` is that of events. `case` is the case's summary, `holders` the holders to choose from, and `rules` the rules:
of these the page reads what it has.
"""

SHORT = 70
"""How many characters of somebody's words a choice tells."""


@dataclass(frozen=True)
class Choice:
    """Something to choose: `value` is what the form sends for it."""

    value: str
    label: str


Tell = Callable[[Mapping[str, Any], RuleLanguage], str]
Rows = Iterable[Mapping[str, Any]]


def offered(it: Asked, command: type[Command[Any]], answers: Answers, into: RuleLanguage) -> tuple[Choice, ...]:
    """Return what of the case, of the directory and of the rules can be chosen."""
    match it.kind:
        case "thing" | "things":
            return things(it.name, command.__name__, answers, into)
        case "entry" | "entries":
            return entries(it.name, answers, into)
        case "person":
            return (*values(it.name, it.values, into), *representatives(answers, into))
    return _listed(it, answers, into)


def _listed(it: Asked, answers: Answers, into: RuleLanguage) -> tuple[Choice, ...]:
    """Return what can be chosen whichever case it is."""
    match it.kind:
        case "holder" | "holders":
            return holders(answers)
        case "organisations":
            return organisations(answers)
        case "number" if it.name == "rule":
            return rules(answers, into)
    return ()


def things(field: str, command: str, answers: Answers, into: RuleLanguage) -> tuple[Choice, ...]:
    """Return what of the case a field may name by its id: what waits for an answer first, then the newest."""
    of, tell = _OF.get(f"{command}.{field}") or _OF[_SINGULAR.get(field, field)]
    return tuple(Choice(str(it["id"]), tell(it, into)) for it in of(answers))


def needed(field: str, command: str) -> str:
    """Return the query that tells what a field may name by its id."""
    of, _ = _OF.get(f"{command}.{field}") or _OF[_SINGULAR.get(field, field)]
    return of.read


def entries(field: str, answers: Answers, into: RuleLanguage) -> tuple[Choice, ...]:
    """Return which entries of the case a field may name by their version, the newest first."""
    wanted = ENTRIES.get(field)
    found = (it for it in _newest(answers.get("history", ())) if wanted is None or it["topic"] in wanted)
    return tuple(Choice(str(it["version"]), entry_told(it, into)) for it in found)


def holders(answers: Answers) -> tuple[Choice, ...]:
    """Return the holders that the page has read, in its order."""
    return tuple(Choice(holder_value(it), holder_told(it)) for it in answers.get("holders", ()))


def representatives(answers: Answers, into: RuleLanguage) -> tuple[Choice, ...]:
    """Return who has acted for the client in the case: they go by ids, and are told by when they last did."""
    acts = (it["context"] for it in sorted(answers.get("history", ()), key=lambda it: it["version"]))
    last = {it["who"]: it["occurred"] for it in acts if it["role"] == "representative"}
    role = _sentence(_value("role", "representative", into))
    return tuple(Choice(who, _joined([role, _when(at, into)])) for who, at in last.items())


def organisations(answers: Answers) -> tuple[Choice, ...]:
    """Return the organisations of those holders."""
    found = {it["organisation"]: _called(it, "organisation") for it in answers.get("holders", ())}
    return tuple(Choice(it, name) for it, name in found.items())


def rules(answers: Answers, into: RuleLanguage) -> tuple[Choice, ...]:
    """Return the rules that a manager may set aside."""
    of_rules = [it for it in answers.get("rules", ()) if "override" in it["levels"]]
    return tuple(
        Choice(str(it["number"]), f"{gettext(into, 'Rule')} {it['number']}: {_in(it['says'], into)}") for it in of_rules
    )


def values(field: str, named: Sequence[str], into: RuleLanguage) -> tuple[Choice, ...]:
    """Return the values that a field's type names."""
    return tuple(Choice(it, _sentence(_value(field, it, into))) for it in named)


# How each is told.


def holder_value(holder: Mapping[str, Any]) -> str:
    """Return a holder as a form sends it: its parts with strokes between them, each quoted."""
    parts = (holder["organisation"], holder["unit"], holder.get("worker"))
    return "/".join(quote(it, safe="") for it in parts if it)


def holder_of(value: str) -> dict[str, str] | None:
    """Return the holder that a form sent; None where it is none."""
    parts = [unquote(it).strip() for it in value.split("/")]
    if len(parts) not in {2, 3} or not all(parts):
        return None
    return dict(zip(("organisation", "unit", "worker"), parts, strict=False))


def holder_told(holder: Mapping[str, Any]) -> str:
    """Return what a holder is called: by the directory's names, where they are known."""
    place = f"{_called(holder, 'organisation')} / {_called(holder, 'unit')}"
    return f"{_called(holder, 'worker')}, {place}" if holder.get("worker") else place


def _called(holder: Mapping[str, Any], part: str) -> str:
    return str(holder.get(f"{part}_name") or holder[part])


def entry_told(entry: Mapping[str, Any], into: RuleLanguage) -> str:
    """Return what an entry of the history is called: what happened, when, and the first words of it."""
    known = EVENTS.get(entry["topic"])
    event = _sentence(known.to(into)) if known else gettext(into, "An entry that is not told")
    said = next((it for name in _SAID if isinstance(it := entry["event"].get(name), str) and it), None)
    parts = [event, _when(entry["context"]["occurred"], into), _quoted(said, into)]
    return f"{entry['version']}. {_joined(parts)}"


def _said(row: Mapping[str, Any], into: RuleLanguage) -> str:
    """Tell of something in the client's voice or plan."""
    kind = row.get("request") or row.get("decision") or row["kind"]
    standing = row.get("standing") or row.get("state")
    at = row.get("said_at") or row.get("since") or row["at"]
    words = _quoted(row.get("words") or row.get("text"), into)
    provider = holder_told(row["provider"]) if row.get("provider") else ""
    parts = [words or provider or _sentence(_value("kind", kind, into)), _when(at, into)]
    return _joined([*parts, _value("standing", standing, into) if standing else ""])


def _offered(row: Mapping[str, Any], into: RuleLanguage) -> str:
    return _joined([holder_told(row["to"]), _when(row["proposed_at"], into), _quoted(row.get("reason"), into)])


def _happened(row: Mapping[str, Any], into: RuleLanguage) -> str:
    """Tell of an event with an id of its own."""
    event = row["event"]
    what = [_value(name, str(event[name]), into) for name in ("kind", "outcome", "basis") if event.get(name)]
    by = event.get("by")
    who = holder_told(by) if isinstance(by, Mapping) else ""
    said = _quoted(event.get("reason"), into)
    return _joined([*map(_sentence, what), who, _when(row["context"]["occurred"], into), said])


def _value(field: str, value: str, into: RuleLanguage) -> str:
    """Return what a value is called: by the table, or by the catalogue."""
    if f"{field} {value}" in VALUES or value in VALUES:
        return value_told(field, value, into)
    return gettext(into, _sentence(value.replace("_", " ")))


def _when(moment: str, into: RuleLanguage) -> str:
    return str(time_told(moment, into).striptags())


def _quoted(words: Any, into: RuleLanguage) -> str:
    if not isinstance(words, str) or not words.strip():
        return ""
    one_line = " ".join(words.split())
    short = one_line if len(one_line) <= SHORT else f"{one_line[: SHORT - 1].rstrip()}…"
    return f"“{short}”" if into == "en" else f"”{short}”"


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(it for it in parts if it)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _in(said: Any, into: RuleLanguage) -> str:
    return str(said[into]) if isinstance(said, Mapping) else str(said)


# Where each is read from.


@dataclass(frozen=True)
class _Read:
    """The rows of a query that a field may name: those that wait or stand first, and the newest of them first."""

    read: str
    fits: Callable[[Mapping[str, Any]], bool]
    first: Callable[[Mapping[str, Any]], bool] = bool
    id: str = "id"

    def __call__(self, answers: Answers) -> Iterator[Mapping[str, Any]]:
        rows = [{**it, "id": it[self.id]} for it in _newest(answers.get(self.read, ())) if self.fits(it)]
        yield from sorted(rows, key=lambda it: not self.first(it))


@dataclass(frozen=True)
class _Begun:
    """The events of the history that gave something its id, without those of what a later event has ended."""

    topic: str
    field: str
    ended: frozenset[str] = frozenset()
    read: str = "history"

    def __call__(self, answers: Answers) -> Iterator[Mapping[str, Any]]:
        history = answers.get(self.read, ())
        over = {it["event"].get(self.field) for it in history if it["topic"] in self.ended}
        for it in _newest(history):
            if it["topic"] == self.topic and it["event"].get(self.field) not in over:
                yield {**it, "id": it["event"].get(self.field)}


def _newest(rows: Rows) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda it: -it["version"])


def _is(**wanted: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda row: all(row.get(name) == value for name, value in wanted.items())


_OWN_WORDS = _Read(
    "voice", _is(kind="statement"), lambda it: it.get("speaker") == "client" and it.get("standing") != "disputed"
)
_ASKED_FOR: tuple[_Begun, Tell] = (
    _Begun("handoff-requested", "request", frozenset({"handoff-request-declined", "handoff-proposed"})), _happened
)  # fmt: skip

_OF: Mapping[str, tuple[_Read | _Begun, Tell]] = {
    "access": (_Begun("emergency-access-granted", "access", frozenset({"emergency-access-ended"})), _happened),
    "assessment": (_Begun("assessment-started", "assessment", frozenset({"assessment-completed"})), _happened),
    "client_view": (_OWN_WORDS, _said),
    "consent": (_Read("voice", _is(kind="gave_consent"), _is(standing="given")), _said),
    "decision": (_Begun("decision-referenced", "decision"), _happened),
    "erasure": (_Begun("erasure-proposed", "erasure", frozenset({"erasure-withdrawn"})), _happened),
    "goal": (_Read("plan", _is(kind="goal"), _is(state="pursued")), _said),
    "handoff": (_Read("handoffs", _is(kind="handoff", outcome="pending")), _offered),
    "HoldWarmMeeting.handoff": (_Read("handoffs", _is(kind="handoff"), _is(outcome="pending")), _offered),
    "line": (_Read("team", _is(kind="line"), id="line"), _said),
    "objection": (_Read("voice", _is(kind="objection", standing="open")), _said),
    "override": (_Begun("rule-overridden", "override", frozenset({"override-reviewed"})), _happened),
    "request": (_Read("voice", _is(kind="request", standing="open")), _said),
    "ProposeHandoff.request": _ASKED_FOR,
    "DeclineHandoffRequest.request": _ASKED_FOR,
    "service": (_Read("plan", _is(kind="service"), lambda it: it.get("until") is None), _said),
    "statement": (_Read("voice", _is(kind="statement"), _is(standing="unconfirmed")), _said),
    "transfer": (_Read("handoffs", _is(kind="transfer", outcome="pending")), _offered),
}
"""What the fields name that hold an id, by the field or by command and field: where it is read, and how it is told."""

_SINGULAR: Mapping[str, str] = {"goals": "goal"}

ENTRIES: Mapping[str, frozenset[str]] = {
    "answers": frozenset({"support-requested"}),
    "forbidden": frozenset({"disclosure-forbidden"}),
}
"""The fields that name an entry of certain kinds alone, by its version."""

_SAID = ("words", "reason", "text", "what", "summary", "reasons", "why", "need", "answer")
"""The words of an event that tell best which it is."""
