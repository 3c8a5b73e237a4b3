"""The hand-over figures of a history, reckoned straight from its file: the other opinion of the acceptance test.

It shares no code with the product, on purpose: the XES is read as trees and the CSV as dictionaries, and a case is
folded as a list of placements, with no events, ledger or projections in between. Meant for our own samples and the
public logs, not for hostile files.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, Any, Literal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

Level = Literal["unit", "worker", "organisation"]
Holder = str | tuple[str, str]
Said = dict[str, str]  # one event as the file has it: attribute or column to value

NOT_STATED = ("organisation", "not stated")  # the one organisation of the rows of a file that name none


@dataclass(frozen=True)
class Step:
    time: datetime
    meaning: str
    organisation: str | None
    unit: str | None
    worker: str | None


@dataclass(frozen=True)
class Placement:
    organisation: str | None = None
    unit: str | None = None
    worker: str | None = None

    def after(self, step: Step) -> "Placement":
        """Keep what is not stated; but a worker does not follow the case to another unit, nor hold an offer."""
        unit = step.unit or self.unit
        worker = step.worker or (self.worker if unit == self.unit else None)
        return Placement(step.organisation or self.organisation, unit, None if step.meaning == "queued" else worker)

    def holder(self, by: Level) -> Holder | None:
        """Name the holder at a level; None until the source states one, while the intake unit holds the case."""
        if self.unit is None and self.worker is None:
            return None
        if by == "organisation":
            return self.organisation or NOT_STATED
        unnamed = ("unit", self.unit) if self.unit else None
        return self.unit if by == "unit" else self.worker or unnamed


def reckon(path: Path, mapping: dict[str, Any], by: Level) -> dict[str, int | float]:
    """Reckon the figures of a history, with its mapping as `tomllib` reads it, at the level asked for."""
    cases = [steps for steps in histories(path, mapping).values() if steps]
    trails = [trail(steps, by) for steps in cases]
    moves = [max(len(each) - 1, 0) for each in trails]
    bounces = [sum(a == c for a, c in zip(each, each[2:], strict=False)) for each in trails]
    reopenings = [reopened(steps) for steps in cases]
    return {
        "cases": len(cases),
        "events": sum(map(len, cases)),
        "holders": len(set().union(*trails)),
        "moves": sum(moves),
        "cases_moved": sum(n > 0 for n in moves),
        "cases_returned": sum(len(set(each)) < len(each) for each in trails),
        "cases_bounced": sum(n > 0 for n in bounces),
        "bounces": sum(bounces),
        "most_moves": max(moves, default=0),
        "accepted": sum(map(accepted, cases)),
        "hours_unaccepted": round(sum(map(seconds_unaccepted, cases)) / 3600, 2),
        "reopened_cases": sum(n > 0 for n in reopenings),
        "reopenings": sum(reopenings),
    }


def placements(steps: list[Step]) -> list[Placement]:
    """Find the placement after each step."""
    found = [Placement()]
    for step in steps:
        found.append(found[-1].after(step))
    return found[1:]


def trail(steps: list[Step], by: Level) -> list[Holder]:
    """List the successive holders of a case; neighbours differ."""
    found: list[Holder] = []
    for placement in placements(steps):
        holder = placement.holder(by)
        if holder is not None and found[-1:] != [holder]:
            found.append(holder)
    return found


def accepted(steps: list[Step]) -> int:
    """Count the offers whose next row is at the same unit and not queued."""
    rows = list(zip(steps, placements(steps), strict=True))
    return sum(
        offer.meaning == "queued" != answer.meaning and at.unit is not None and at.unit == then.unit
        for (offer, at), (answer, then) in pairwise(rows)
    )


def seconds_unaccepted(steps: list[Step]) -> float:
    """Sum how long the offers of a case waited for its next row, on a clock that never runs backwards."""
    waits = pairwise(accumulate((step.time for step in steps), max))
    waited = zip(steps, waits, strict=False)  # the last row waits for none
    return sum((until - since).total_seconds() for step, (since, until) in waited if step.meaning == "queued")


def reopened(steps: list[Step]) -> int:
    """Count the times an activity that is not closed comes after one that is."""
    return sum(a.meaning == "closed" != b.meaning for a, b in pairwise(steps))


def histories(path: Path, mapping: dict[str, Any]) -> dict[str, list[Step]]:
    """Read the readable rows of each case, in the file's order."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    rows = xes_rows if content.lstrip().startswith(b"<") else csv_rows
    cases: dict[str, list[Step]] = {}
    for case_id, said in rows(io.BytesIO(content), mapping["case"]["id"]):
        step = step_of(said, mapping)
        if step and not missing(case_id, mapping):
            cases.setdefault(case_id.strip(), []).append(step)
    return cases


def xes_rows(file: IO[bytes], case_key: str) -> Iterator[tuple[str, Said]]:
    seen: set[str] = set()
    for _, element in ElementTree.iterparse(file):  # noqa: S314  our own samples
        if element.tag.endswith("trace"):
            case_id = attributes(element).get(case_key, "")
            if case_id not in seen:
                yield from ((case_id, attributes(event)) for event in element.iterfind("{*}event"))
            seen.add(case_id)
            element.clear()


def attributes(element: ElementTree.Element) -> Said:
    """Take the direct attributes: what is nested in them tells of them."""
    return {child.get("key", ""): child.get("value", "") for child in element if "key" in child.keys()}  # noqa: SIM118


def csv_rows(file: IO[bytes], case_key: str) -> Iterator[tuple[str, Said]]:
    text = file.read().decode("utf-8-sig")
    delimiter = next((mark for mark in ";\t" if mark in text.splitlines()[0]), ",")
    for said in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="", restval=None):
        if "" not in said and None not in said.values():
            yield said[case_key], said


def step_of(said: Said, mapping: dict[str, Any]) -> Step | None:
    """Make the step a row tells of, or None where it lacks an activity or a time."""
    event = mapping["event"]
    parts = [said.get(name, "").strip() for name in event["activity"]]
    time = moment(said.get(event["time"], "").strip(), event)
    if time is None or not all(parts):
        return None
    named = {level: stated(said, event.get(level), mapping) for level in ("organisation", "unit", "worker")}
    return Step(time, meaning_of("/".join(parts), mapping), **named)


def meaning_of(activity: str, mapping: dict[str, Any]) -> str:
    return next((name for name, listed in mapping.get("meaning", {}).items() if activity in listed), "work")


def moment(text: str, event: dict[str, Any]) -> datetime | None:
    form = event.get("time_format") or None
    try:
        time = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=ZoneInfo(event.get("time_zone", "UTC")))).astimezone(UTC)


def stated(said: Said, name: str | None, mapping: dict[str, Any]) -> str | None:
    value = said.get(name, "").strip() if name else ""
    return None if missing(value, mapping) else value


def missing(value: str, mapping: dict[str, Any]) -> bool:
    return value.strip() in {"", *mapping.get("missing", {}).get("values", [])}
