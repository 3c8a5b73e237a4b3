"""What is stored for ever, and what every command, event and refusal owes its reader."""

import ast
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from domain.decider import WORDS, Event
from domain.rules import RULES
from tests.domain.vocabulary import COMMANDS, EVENTS, FAMILIES, REFUSALS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = HERE / "topics.json"

RULES_IN_SCOPE = set(RULES)

POLICY_OF_ITS_TIME = "findings: by the policy of its time"

AWAITED = {
    "activity-imported.row": "the import's report",
    "assessment-completed.rests_on": "rule 28",
    "case-opened.continues": "bundles: the case that it goes on from, in another region",
    "case-opened.policy": POLICY_OF_ITS_TIME,
    "case-reopened.policy": POLICY_OF_ITS_TIME,
    "client-informed.channel": "rule 13: a letter, or else",
    "client-informed.policy": POLICY_OF_ITS_TIME,
    "closure-proposed.rests_on": "rule 28",
    "contact-received.from_organisation": "the desk",
    "contact-received.legal_basis": "access",
    "death-recorded.source": "the client's page",
    "decision-referenced.outcome": "the desk",
    "emergency-access-ended.cause": "access",
    "emergency-access-granted.policy": POLICY_OF_ITS_TIME,
    "experience-asked.channel": "the voice",
    "handoff-accepted.policy": POLICY_OF_ITS_TIME,
    "handoff-expired.cause": "the desk",
    "handoff-proposed.policy": POLICY_OF_ITS_TIME,
    "joint-meeting-held.participants": "the desk",
    "objection-lapsed.cause": "the voice",
    "override-reviewed.outcome": "the desk",
    "personal-data-erased.policy": POLICY_OF_ITS_TIME,
    "responsibility-fell-to-unit.policy": POLICY_OF_ITS_TIME,
    "retention-held.because": "the desk",
    "warm-meeting-held.participants": "the desk",
    "words-destroyed.basis": "access",
}
"""Fields that nothing reads yet, and what will: a rule of the design, a projection, or access."""


def fields_of(event: type[Event[Any]]) -> dict[str, str]:
    hints = get_type_hints(event, include_extras=True)
    return {it.name: spelled(hints[it.name]) for it in fields(event)}


def spelled(hint: Any) -> str:
    """Return a type as it is written, with its choices, without the modules."""
    if WORDS in getattr(hint, "__metadata__", ()):
        return "Words"
    if isinstance(hint, type) and not getattr(hint, "__args__", ()):
        return hint.__name__
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(hint))


def topics() -> dict[str, Any]:
    return {
        it.topic: {"payload_version": it.payload_version, "fields": fields_of(it)}
        for it in sorted(EVENTS, key=lambda it: it.topic)
    }


def test_no_topic_changes_by_accident() -> None:
    stored = json.loads(GOLDEN.read_text("utf-8"))
    assert topics() == stored, f"write what is stored from now on to {GOLDEN.name}, if that is meant"


def test_every_event_has_a_topic_of_its_own() -> None:
    names = [vars(it).get("topic") for it in EVENTS]
    assert None not in names
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", str(name))] == []


@pytest.mark.parametrize("kind", [*EVENTS, *COMMANDS, *REFUSALS, *FAMILIES], ids=lambda it: it.__name__)
def test_everything_that_is_read_from_outside_is_documented(kind: type[Any]) -> None:
    said = vars(kind).get("__doc__") or ""
    assert said.strip()
    assert not said.startswith(f"{kind.__name__}(")  # what a dataclass says when nobody has


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda it: it.__name__)
def test_every_refusal_says_what_to_do(refusal: type[Any]) -> None:
    """The first sentence says why not; the next, what to do instead."""
    said = str(refusal())
    assert said.endswith(".")
    assert ". " in said


def test_every_command_and_refusal_is_shown_by_a_test() -> None:
    sources = "".join(path.read_text("utf-8") for path in HERE.glob("test_*.py") if path.name != "test_lives.py")
    untold = [it.__name__ for it in (*COMMANDS, *REFUSALS, *EVENTS) if not re.search(rf"\b{it.__name__}\b", sources)]
    assert untold == []


def test_every_rule_in_scope_names_its_tests() -> None:
    sources = "".join(path.read_text("utf-8") for path in HERE.parent.rglob("test_*.py"))
    shown = {int(number) for number in re.findall(r"^@pytest\.mark\.rule\((\d+)\)$", sources, re.MULTILINE)}
    assert shown == RULES_IN_SCOPE


# No field is stored that nothing reads.


def stored() -> set[str]:
    """Name every field that is stored in the open: required and not words."""
    return {f"{it.topic}.{name}" for it in EVENTS for name, kind in fields_of(it).items() if kind != "Words"}


def read() -> set[str]:
    """Name every stored field that something reads: the event itself, a pattern, or whoever looks into events."""
    topic = {it.__name__: it.topic for it in EVENTS}
    return {
        f"{topic[event]}.{field}"
        for top in ("domain", "projections", "api")
        for path in (ROOT / top).rglob("*.py")
        for event, field in read_in(path.read_text("utf-8"), topic.keys(), inside=top == "domain")
    } & stored()


def read_in(source: str, events: Collection[str], *, inside: bool) -> Iterator[tuple[str, str]]:
    """Yield the fields that a module may read of the events that it names.

    A chapter reads `self.field` in the event's own class, and `it.event.field`; a projection, any attribute.
    """
    nodes = list(ast.walk(ast.parse(source)))
    named = {node.id for node in nodes if isinstance(node, ast.Name)} & set(events)
    for node in nodes:
        match node:
            case ast.ClassDef(name=name) if name in events:
                yield from ((name, it.attr) for it in ast.walk(node) if isinstance(it, ast.Attribute))
            case ast.MatchClass(cls=ast.Name(id=name), kwd_attrs=fields) if name in events:
                yield from ((name, field) for field in fields)
            case ast.Attribute(value=ast.Attribute(attr="event"), attr=field):
                yield from ((name, field) for name in named)
            case ast.Attribute(attr=field) if not inside:
                yield from ((name, field) for name in named)
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(field)), *_]) if not inside:
                yield from ((name, field) for name in named)


def test_every_stored_field_is_read_or_awaits_a_later_issue() -> None:
    """What nothing reads is a burden to record; what is read at last leaves the list."""
    assert sorted(stored() - read()) == sorted(AWAITED)


@pytest.mark.parametrize(
    ("source", "inside", "found"),
    [
        (
            "class Moved(Event):\n  def evolve(self): return self.to\nclass Move:\n  def decide(self): self.why",
            True,
            {"to"},
        ),
        ("match it.event:\n  case Moved(to=holder): pass", True, {"to"}),
        ("isinstance(it.event, Moved) and it.event.since", True, {"since"}),
        ("isinstance(it, Moved) and it.by", True, set()),
        ("isinstance(it, Moved) and it.by", False, {"by"}),
        ("isinstance(it, Moved) and getattr(it, 'by', None)", False, {"by"}),
        ("it.by", False, set()),
    ],
)
def test_a_field_that_is_read_is_found(source: str, inside: bool, found: set[str]) -> None:
    assert {field for _, field in read_in(source, {"Moved"}, inside=inside)} - {"event"} == found
