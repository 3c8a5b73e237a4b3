"""What the client's page tells, sorted out of the very answers that the queries give: pure, and without a rule.

Rows that are withheld from whoever looks have no kind: the page says once that there are such, and leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Row = Mapping[str, Any]
Rows = Sequence[Row]

YES_NO: Mapping[str, tuple[str, str]] = {
    "handoff": ("agreed", "refused"), "closure": ("agreed", "refused"), "plan": ("agreed", "refused"),
}  # fmt: skip
"""What is answered to what the service proposes; to what was written down for the client, that it is so or not."""

_ELSEWHERE: Mapping[str, str] = {
    "decision-referenced": "decision", "service-ended": "service", "case-closed": "closed",
}  # fmt: skip
"""What is decided too, beside that for which the client is to be heard: by the topic of its event."""


@dataclass(frozen=True)
class Read:
    """What was read of a case: its summary, its history by version, and the rows of its other queries."""

    summary: Row
    events: Mapping[int, Row]
    voice: Rows
    heard: Rows
    handoffs: Rows
    closures: Rows
    plan: Rows

    def of(self, *kinds: str) -> list[Row]:
        """Return what the client said of these kinds, the newest first."""
        return newest(it for it in self.voice if it.get("kind") in kinds)


@dataclass(frozen=True)
class Waits:
    """Something that waits for the client's word: which entry, what it is, what they can answer, and its row."""

    version: int
    what: str
    yes: str
    no: str
    row: Row
    refused: str | None = None


@dataclass(frozen=True)
class Decided:
    """Something that was decided: what its event says, whether the client was heard, and what came of it.

    `more` is its row in the query of its kind, and `objections` are those raised against it.
    """

    version: int
    what: str
    at: str
    event: Row
    context: Row
    heard: Row | None = None
    more: Row = field(default_factory=dict)
    objections: Rows = ()


def newest(rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order of their entries, the newest first."""
    return sorted(rows, key=lambda it: -int(it["version"]))


def statements(read: Read) -> list[Row]:
    """Return what was written of what the client said: what they have not confirmed first, then the newest."""
    return sorted(read.of("statement"), key=lambda it: it["standing"] != "unconfirmed")


def wishes(read: Read) -> list[Row]:
    """Return what the client asked for and objected to: what nobody has answered first, then the newest."""
    return sorted(read.of("request", "objection"), key=lambda it: it["standing"] != "open")


def withheld(read: Read) -> list[Row]:
    """Return the entries of which whoever looks is not told all."""
    return [it for it in read.events.values() if it["withheld"]]


def need(events: Mapping[int, Row]) -> str:
    """Return what the case is about, in the words with which it was opened."""
    opened = events.get(1)
    return str(opened["event"].get("need", "")) if opened else ""


# What waits for a word.


def waiting(read: Read) -> list[Waits]:
    """Return what waits for the client's word: what was written down in their name first, then what is proposed."""
    answered = {it["about"] for it in read.of("answer")}
    noted = [Waits(it["version"], it["kind"], "confirmed", "denied", it) for it in read.voice if _awaits(it)]
    versions = answered | {it.version for it in noted}
    return noted + [it for it in _proposed(read) if it.version not in versions]


def answered(read: Read) -> list[Waits]:
    """Return what the client answered to and can still answer otherwise: `no` is what they said, `yes` the other."""
    said = {it["about"]: it["position"] for it in reversed(read.of("answer"))}
    return [
        replace(it, yes=it.no if said[it.version] == it.yes else it.yes, no=said[it.version])
        for it in _proposed(read)
        if it.version in said
    ]  # fmt: skip


def _awaits(row: Row) -> bool:
    return row.get("standing") == "awaiting"


def _proposed(read: Read) -> Iterable[Waits]:
    """Yield what the service proposes, on which the client may say yes or no."""
    offer, closure = read.summary["handoff"], read.summary["closure"]
    if offer:
        row = next((it for it in read.handoffs if it["version"] == offer["version"]), {})
        yield Waits(offer["version"], "handoff", *YES_NO["handoff"], {**row, **offer})
    if closure and closure["initiator"] == "service":
        row = next((it for it in read.closures if it["version"] == closure["version"]), {})
        yield Waits(closure["version"], "closure", *YES_NO["closure"], {**row, **closure})
    for row in read.plan:
        if row.get("kind") == "plan" and row["state"] == "in_force" and read.summary["owned_by"] is not None:
            yield Waits(row["version"], "plan", *YES_NO["plan"], row)


def to_confirm(read: Read) -> list[Row]:
    """Return the statements that the client has neither confirmed nor disputed."""
    return [it for it in read.of("statement") if it["standing"] == "unconfirmed"]


def asks_how_it_felt(read: Read) -> bool:
    """Say whether the client was asked how it felt and has not told it since."""
    asked, told = read.of("experience_asked"), read.of("experience")
    return bool(asked) and (not told or told[0]["version"] < asked[0]["version"])


# What was decided.


def decided(read: Read) -> list[Decided]:
    """Return what was decided, the newest first, each with whether the client was heard and their objections."""
    of_kind = _rows(read.handoffs) | _rows(read.closures) | _rows(read.plan)
    heard = {it["version"]: it for it in read.heard if "kind" in it}
    objections = read.of("objection")
    found = [
        _decided(entry, what, heard.get(version), of_kind.get(version, {}), objections)
        for version, entry in read.events.items()
        if entry["event"]  # nothing is told of what is another person's
        and (what := heard[version]["kind"] if version in heard else _ELSEWHERE.get(entry["topic"]))
    ]
    return sorted(found, key=lambda it: -it.version)


def _decided(entry: Row, what: str, heard: Row | None, more: Row, objections: Rows) -> Decided:
    version = entry["version"]
    against = [it for it in objections if it["about"] == version]
    return Decided(
        version, what, entry["context"]["occurred"], entry["event"], entry["context"], heard, more, against
    )  # fmt: skip


def _rows(rows: Rows) -> dict[int, Row]:
    return {it["version"]: it for it in rows}


# Who is named.


def units(*rows: Any) -> list[tuple[str, str]]:
    """Return the units of the holders in what is to be told, each once: those that come first, first."""
    found: dict[tuple[str, str], None] = {}
    for holder in holders(rows):
        found.setdefault((holder["organisation"], holder["unit"]))
    return list(found)


def holders(value: Any) -> Iterable[Row]:
    """Yield every holder in what a query answered."""
    if isinstance(value, dict) and isinstance(value.get("organisation"), str) and isinstance(value.get("unit"), str):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list | tuple):  # not each of the many words and numbers
            yield from holders(part)
