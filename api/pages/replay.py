"""The auditor's replay: a case at any of its moments, what changed with it, and what somebody was shown of it then.

The picture shows the case as it is known now, and fades what does not count at the moment at hand. A long case is read
a stretch at a time: only the projections' rows, which are few, are read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import FastAPI
from markupsafe import Markup
from starlette.responses import Response

from api.pages import flows, verified
from api.pages.case import case_of
from api.pages.drawing import differences, words
from api.pages.drawing.layout import Window
from api.pages.drawing.legend import legend
from api.pages.drawing.picture import Case, Mark, Picture, picture
from api.pages.drawing.swimlane import swimlane
from api.pages.drawing.table import rows
from api.pages.drawing.words import Spoken, Told
from api.pages.moment import Moment
from api.pages.page import Visit, mount
from api.problems import detail
from api.rules import policies_of
from api.seen_by import ClientForgotten, OnlyAuditorsSeeAsOthers, ReaderUnknown
from domain.calendar import civil_day
from domain.decider import Role
from domain.ledger.mapper import codecs
from domain.rules import RULES

if TYPE_CHECKING:
    from domain.ledger.application import Cases

MOST = 1000
LISTED = 200
"""How many events the table lists at most: those of the picture, or the nearest of them."""
SAID = 3
"""How much of what the client said last is told."""
_LATELY = timedelta(days=90)


@dataclass(frozen=True)
class Read:
    """What was read of a case for a moment: its rows as they are known now, the stretch of its history, and then."""

    case: UUID
    moment: Moment
    owner: Sequence[Told]
    stretch: Sequence[Told]
    at_hand: Told
    known_at: str | None

    @property
    def query(self) -> dict[str, Any]:
        """The moment as the queries are asked for it."""
        return self.moment.query(self.known_at)


def mount_audit(app: FastAPI, cases: Cases) -> None:
    """Mount the auditor's pages: the replay of a case, its verification, and the flows."""
    mount(app, cases, "/audit/cases/{id}", "AuditReplay", replay)
    mount(app, cases, "/audit/cases/{id}/verified", "AuditVerified", verified.verified)
    mount(app, cases, "/audit/flows", "AuditFlows", flows.flows)


async def replay(visit: Visit) -> Response:
    """Show a case at a moment."""
    read = await _read(visit, case_of(visit))
    moment, speaks = read.moment, Spoken(visit.into)
    state = await visit.ask.get(f"/cases/{read.case}", **read.query)
    told, findings = await _picture(visit, read, state, speaks)
    window = _window(read, told, speaks)
    return visit.render(
        "audit/replay.html", case=read.case, moment=moment, it=read.at_hand, said=_words(read.at_hand, speaks),
        told=words, speaks=speaks, facts=list(words.facts(read.at_hand, speaks)),
        standing=list(differences.standing(state, speaks)), voice=await _voice(visit, read),
        changed=await _changed(visit, read, state, findings, speaks), known_at=read.known_at,
        svg=Markup(swimlane(told, window, moment.at_version, speaks)),  # noqa: S704  # all in it is escaped
        legend=[(Markup(sign), means) for sign, means in legend(speaks)],  # noqa: S704
        rows=rows(_listed(told, moment.version), speaks), drawn=len(told.marks),
        shown=await _shown(visit, read, speaks), is_auditor=visit.who.actor.role == Role.AUDITOR,
    )  # fmt: skip


# What is read


async def _read(visit: Visit, case: UUID) -> Read:
    """Read who owned a case, as is known now, and the stretch of its history in which the moment at hand is."""
    owner = await visit.ask.get(f"/cases/{case}/owner", limit=MOST)
    head, query = owner["version"], visit.request.query_params
    last = (await _history(visit, case, Moment.page(head, head - 1, 1)))[-1]
    ended = words.moment(last["context"]["recorded"])
    began = next((words.moment(it["since"]) for it in owner["rows"] if "since" in it), ended)
    moment = Moment.asked(query, head, civil_day(began), civil_day(ended))
    stretch = await _history(
        visit, case, Moment.page(head, moment.first - 1, min(MOST, moment.last - moment.first + 1))
    )
    while stretch[-1]["version"] < moment.last:
        stretch += await _history(visit, case, Moment.page(head, stretch[-1]["version"], MOST))
    at_hand = next(it for it in stretch if it["version"] == moment.version)
    return Read(case, moment, owner["rows"], stretch, at_hand, await _known_at(visit, case, moment, stretch))


async def _history(visit: Visit, case: UUID, page: dict[str, Any], **query: Any) -> list[Told]:
    found: list[Told] = (await visit.ask.get(f"/cases/{case}/history", **page, **query))["events"]
    return found


async def _known_at(visit: Visit, case: UUID, moment: Moment, stretch: Sequence[Told]) -> str | None:
    """Return when the entry was recorded as of which the case is told."""
    if moment.known is None:
        return None
    found = [it for it in stretch if it["version"] == moment.known]
    found = found or await _history(visit, case, Moment.page(moment.head, moment.known - 1, 1))
    recorded: str = found[0]["context"]["recorded"]
    return recorded


async def _picture(visit: Visit, read: Read, state: Told, speaks: Spoken) -> tuple[Picture, Sequence[Told]]:
    """Return the picture of the stretch, and the findings of the whole case."""
    ask, case = visit.ask, read.case
    handoffs = await ask.everything(f"/cases/{case}/handoffs", "rows")
    heard = await ask.everything(f"/cases/{case}/heard", "rows", **read.query)
    found = await ask.everything(f"/cases/{case}/findings", "findings")
    findings = [{**it, "says": rule} for it, rule in zip(found, _rules(visit, found, speaks), strict=True)]
    told = Case(
        read.stretch, read.owner, handoffs, heard, findings, state["open_objections"],
        read.moment.version, await _counted(visit, read) if read.moment.by_clocks else None,
    )  # fmt: skip
    return picture(told, speaks), findings


def _rules(visit: Visit, findings: Sequence[Told], speaks: Spoken) -> Iterator[str]:
    """Yield what the rule of each finding says, under the policy of where it is."""
    policies = policies_of(visit.cases)
    for it in findings:
        yield RULES[it["rule"]].under(policies.at(None, it["organisation"], it["unit"])).says.to(speaks.into)


async def _counted(visit: Visit, read: Read) -> set[int]:
    """Return which events of the stretch count at the moment of the clocks."""
    times = [words.moment(it["context"]["occurred"]) for it in read.stretch]
    until = max(times) + timedelta(microseconds=1)
    between = {"from_": min(times).isoformat(), "to": until.isoformat(), **read.query}
    counted = await visit.ask.everything(f"/cases/{read.case}/history", "events", **between)
    return {it["version"] for it in counted}


async def _voice(visit: Visit, read: Read) -> Sequence[Told]:
    """Return what the client said last, as it stood at the moment."""
    since = words.moment(read.at_hand["context"]["occurred"]) - _LATELY
    found = await visit.ask.everything(f"/cases/{read.case}/voice", "rows", from_=since.isoformat(), **read.query)
    told = [it for it in found if "kind" in it]
    return sorted(told, key=lambda it: it["said_at"], reverse=True)[:SAID]


async def _changed(
    visit: Visit, read: Read, state: Told, findings: Sequence[Told], speaks: Spoken
) -> list[differences.Difference]:
    """Return what the event at hand changed or, by the clocks, what is otherwise now than at their moment."""
    version = read.moment.version
    if read.moment.by_clocks:
        return differences.differences(state, await visit.ask.get(f"/cases/{read.case}"), speaks)
    before = await visit.ask.get(f"/cases/{read.case}", version=version - 1) if version > 1 else None
    by_rules = differences.by_findings(version, findings, speaks)
    return differences.differences(before, state, speaks) + by_rules


@dataclass(frozen=True)
class Shown:
    """What somebody was shown at the moment: the state and the event at hand, as it was to them; or why not.

    The problem `is_wrong` where nobody can be meant by what was written.
    """

    problem: str = ""
    is_wrong: bool = False
    state: Sequence[tuple[str, str]] = ()
    entry: Told | None = None
    said: Sequence[tuple[str, str]] = ()


async def _shown(visit: Visit, read: Read, speaks: Spoken) -> Shown | None:
    """Return what the one whom the address names was shown, None where it names nobody."""
    moment, asked = read.moment, {**read.query, "as_seen_by": read.moment.seen_by}
    if not moment.seen_by:
        return None
    try:
        state = await visit.ask.get(f"/cases/{read.case}", **asked)
        if "seen" in state:
            return Shown(speaks.text("The case was not there for them: they were shown nothing of it."))
        page = Moment.page(moment.head if moment.by_clocks else moment.version, moment.version - 1, 1)
        entries = [] if moment.by_clocks else await _history(visit, read.case, page, **asked)
    except (ReaderUnknown, ClientForgotten, OnlyAuditorsSeeAsOthers) as refused:
        return Shown(speaks.text(detail(type(refused))), is_wrong=True)
    entry = next((it for it in entries if it["version"] == moment.version), None)
    said = _words(entry, speaks) if entry else ()
    return Shown(state=list(differences.standing(state, speaks)), entry=entry, said=said)


# How it is shown


def _window(read: Read, told: Picture, speaks: Spoken) -> Window:
    """Return the stretch of time that is drawn: from the first event in it that was not entered late to the last."""
    moment = read.moment
    times = [it.at for it in told.marks if not _is_late(read.stretch, it)] or [it.at for it in told.marks]
    at = words.moment(read.at_hand["context"]["occurred"])
    if moment.by_clocks:
        at = moment.happened_by or words.moment(read.known_at or "")
        return Window(min(times), max(times), at, speaks.text("This moment"))
    return Window(min(times), max(times), at, speaks.text("Entry %(number)s", number=moment.version))


def _is_late(stretch: Sequence[Told], mark: Mark) -> bool:
    late: bool = stretch[mark.version - stretch[0]["version"]]["context"]["late"]
    return late


def _listed(told: Picture, version: int) -> Picture:
    """Return the picture with no more events than a table lists: those nearest to the one at hand."""
    begin = max(0, (version - told.marks[0].version) // LISTED * LISTED)
    return replace(told, marks=told.marks[begin : begin + LISTED])


def _words(entry: Told, speaks: Spoken) -> list[tuple[str, str]]:
    """Return what was said in an event, in its own words, by field."""
    return list(_said(entry, speaks))


def _said(entry: Told, speaks: Spoken) -> Iterator[tuple[str, str]]:
    codec = codecs().get(entry["topic"])
    for name in sorted(codec.words if codec else ()):
        if name != "client" and (text := entry["event"].get(name)):
            yield words.field(name, speaks), text
