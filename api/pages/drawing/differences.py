"""What changed from one event to the next: two states of a case, as they are told, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.pages.drawing import words
from api.pages.drawing.picture import came_about, finding
from api.pages.drawing.words import Speaks, Told
from api.value_words import value_told


@dataclass(frozen=True)
class Difference:
    """Something that is otherwise after an event than before it."""

    what: str
    before: str
    after: str


def differences(before: Told | None, after: Told, speaks: Speaks) -> list[Difference]:
    """Return what is otherwise in a state than in the one before it. None before the first event."""
    then, now = dict(standing(before, speaks)) if before else {}, dict(standing(after, speaks))
    nothing = speaks.text("nothing")
    return [
        Difference(what, then.get(what) or nothing, told or nothing)
        for what, told in now.items()
        if (then.get(what) or "") != told
    ]


def standing(state: Told, speaks: Speaks) -> Iterator[tuple[str, str]]:
    """Yield where a case stands: what each part is called, and how it is. What is not there is empty."""
    yield speaks.text("The case"), value_told("status", state["status"], speaks.into)
    yield speaks.text("Owner"), words.owner(state, speaks)
    yield speaks.text("Responsible"), words.holder(state["responsible"])
    yield speaks.text("Duty-holder"), state["duty_holder"] or ""
    yield speaks.text("Offer waiting for an answer"), _offer(state["handoff"], speaks)
    yield speaks.text("Transfer waiting for an answer"), _transfer(state["transfer"])
    yield speaks.text("Next step"), _step(state["next_step"], speaks)
    yield speaks.text("Open objections"), str(len(state["open_objections"]) or "")
    yield speaks.text("Closure"), _closure(state["closure"], speaks)


def by_findings(version: int, findings: Sequence[Told], speaks: Speaks) -> list[Difference]:
    """Return the findings that came about with an event, and those that it settled."""
    raised = [it for it in findings if came_about(it) == version]
    settled = [it for it in findings if it["settled_by"] == version]
    nothing = speaks.text("nothing")
    came = [Difference(speaks.text("Finding"), nothing, finding(it, speaks)) for it in raised]
    return came + [Difference(speaks.text("Finding"), finding(it, speaks), speaks.text("settled")) for it in settled]


def _offer(it: Told | None, speaks: Speaks) -> str:
    if it is None:
        return ""
    to = words.holder(it["to"])
    return f"{to}; {speaks.text('answer by')} {words.when(words.moment(it['respond_by']), speaks)}"


def _transfer(it: Told | None) -> str:
    return words.place({"organisation": it["to_organisation"], "unit": it["to_unit"]}) if it else ""


def _step(it: Told | None, speaks: Speaks) -> str:
    if it is None:
        return ""
    return f"{it['what']} ({value_told('who', it['who'], speaks.into)}, {words.when(words.moment(it['due']), speaks)})"


def _closure(it: Told | None, speaks: Speaks) -> str:
    if it is None:
        return ""
    return f"{speaks.text('proposed')}: {value_told('ground', it['ground'], speaks.into)}"
