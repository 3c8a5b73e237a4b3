"""A case on one page: who owns it, who answers, the client's words beside the decisions, what is due, and every act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import FastAPI
from starlette.responses import Response

from api.admission import standing_of
from api.commands import commands
from api.moments import cursor
from api.pages.called import called
from api.pages.case_words import CHAPTERS, LIKENESS, MARKS, NAMED
from api.pages.due import due_in
from api.pages.fields import title
from api.pages.page import Visit, mount
from api.problems import PathUnknown
from api.rules import policies_of
from domain.authorization import may
from domain.case import Case
from domain.decider import STAFF, Action, Actor, Command, Role, RoleNotAllowed
from domain.ledger.mapper import codecs
from domain.rules import RULES

if TYPE_CHECKING:
    from domain.ledger.application import Cases

Row = Mapping[str, Any]

PARTS = (
    "owner", "handoffs", "voice", "heard", "plan", "screening", "team", "closure", "terms", "support", "withheld",
    "askings",
)  # fmt: skip
"""What is read of a case beside where it stands, its findings and its history: a projection each."""

SAID = 12
"""How many of the client's words are shown at once, the newest first: the others on demand."""
PLANNED = 12
"""How much of what was planned is shown at once, beside what stands."""
MOVED = 12
"""How many of the offers and transfers are shown at once."""
HAPPENED = 20
"""How many entries of the history are shown at once."""

STANDS = frozenset({"pursued", "in_force", "under_way"})
"""How a goal, a plan or a service is that is not over."""

UNHEARD = frozenset({"anothers_words", "reason", "nothing"})
"""How a decision stands that rests on no words of the client's own."""

BESIDE: Mapping[str, tuple[str, ...]] = {
    "owner": ("propose-handoff", "name-responsible", "ask-who-owns"),
    "voice": ("record-statement", "make-request", "raise-objection"),
    "plan": ("complete-assessment", "set-goal", "agree-plan", "start-service"),
    "due": ("make-contact", "inform-client", "propose-closure", "request-support"),
}
"""Which acts stand beside which part of an open case."""


def mount_case(app: FastAPI, cases: Cases) -> None:
    """Mount the page of a case."""
    mount(app, cases, "/desk/cases/{id}", "DeskCase", the_case)


def case_of(visit: Visit) -> UUID:
    """Return the case that a page is about. Raises `PathUnknown` for what is no id."""
    try:
        return UUID(visit.request.path_params["id"])
    except ValueError:
        raise PathUnknown from None


def staff(visit: Visit) -> Actor:
    """Return who looks, at a page for workers and managers. Raises what `Visit.who` does and `RoleNotAllowed`."""
    actor = visit.who.actor
    if actor.role not in STAFF:
        raise RoleNotAllowed(role=actor.role, allowed=sorted(STAFF))
    return actor


async def the_case(visit: Visit) -> Response:
    """Show a case to a worker or a manager."""
    me, case = staff(visit), case_of(visit)
    follows_after = await visit.request.app.state.feed.cursor()  # before anything is read: nothing is missed
    found = await visit.ask.get(f"/cases/{case}")
    parts = {name: await rows_of(visit, case, name) for name in PARTS}
    every = "all" in visit.request.query_params
    said = conversation(parts["voice"], parts["heard"])
    planned, moves = parts["plan"][::-1], parts["handoffs"][::-1]
    history = await history_of(visit, case, found["version"])
    await called(visit, found, parts, history)
    return visit.render(
        "desk/case.html", case=case, it=found, reach=await visit.ask.get(f"/cases/{case}/reach"), parts=parts,
        need_said=found["need"] or "", done=done(visit),
        slip_says=await slip_says(visit, case),
        decided={row["version"]: row["kind"] for row in parts["heard"] if "kind" in row},
        said=said if every else said[:SAID], more=0 if every else len(said[SAID:]),
        unheard=[row for row in reversed(parts["heard"]) if row.get("heard") in UNHEARD], owns=current(parts["owner"]),
        goals={row["id"]: row for row in parts["plan"] if row.get("kind") == "goal"},
        due=list(due_in(found, parts, me)), findings=await findings_of(visit, case),
        acts=list(acts(me.role)), beside=beside_parts(me.role) if found["status"] == "open" else {},
        planned=planned if every else short(planned), more_planned=0 if every else len(planned) - len(short(planned)),
        moves=moves if every else moves[:MOVED], more_moves=0 if every else len(moves[MOVED:]),
        follows_after=follows_after,
        history=history, **NAMED,
    )  # fmt: skip


async def rows_of(visit: Visit, case: UUID, projection: str) -> Sequence[Row]:
    """Return the rows of a projection."""
    return await visit.ask.everything(f"/cases/{case}/{projection}", "rows")


async def need_of(visit: Visit, case: UUID | str) -> str:
    """Return the need with which a case was opened, in the words of whoever opened it."""
    first = await visit.ask.get(f"/cases/{case}/words", limit=1)
    return next((it["words"].get("need", "") for it in first["entries"]), "")


def done(visit: Visit) -> str | None:
    """Return what was done just before, in words."""
    slug = visit.request.query_params.get("done")
    return next((title(it) for it in commands() if it.state is Case and it.slug() == slug), None)


async def slip_says(visit: Visit, case: UUID) -> str | None:
    """Return what a slip would say now, in one sentence: after an act, to those who may make one."""
    relations = standing_of(visit.cases, visit.who, case).relations
    if "done" not in visit.request.query_params or not may(Action.WORK, visit.who.actor.role, relations):
        return None
    told: str = (await visit.ask.get(f"/cases/{case}/slips"))["says"][visit.into]
    return told


def short(planned: Sequence[Row]) -> Sequence[Row]:
    """Return what of a plan is shown at once: what stands, however old, and the newest of what does not any more."""
    return [it for number, it in enumerate(planned) if number < PLANNED or it.get("state") in STANDS]


def current(periods: Sequence[Row]) -> Row | None:
    """Return the period of ownership that lasts."""
    return next((it for it in reversed(periods) if it.get("until", "") is None), None)


# What the client said, beside what was decided


def conversation(voice: Sequence[Row], heard: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the client said, the newest first, each with the decisions that rest on it."""
    told, rests = sorted(voice, key=lambda it: it["version"], reverse=True), defaultdict(list)
    for row in heard:
        rests[row.get("said")].append(row)
    return [{"it": it, "rests": rests[it["version"]]} for it in told]


async def findings_of(visit: Visit, case: UUID) -> list[dict[str, Any]]:
    """Return what the rules show in a case now, in words: each rule once, with all that it shows."""
    stand = await visit.ask.everything(f"/cases/{case}/findings", "findings", state="open")
    policies, found = policies_of(visit.cases), defaultdict(list)
    for it in stand:
        found[RULES[it["rule"]].under(policies.at(None, it["organisation"], it["unit"]))].append(it)
    return [
        {
            "rule": rule, "since": min(it["stands_from"] or it["since"] for it in shown), "count": len(shown),
            "entries": sorted({entry for it in shown for entry in it["entries"]}),
            "todays": all(it["by"] == "today" for it in shown),
        }
        for rule, shown in found.items()
    ]  # fmt: skip


# What can be done


def acts(role: Role) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield every act in an open case that a role may ever carry out, by heading: the slug and what it is called."""
    order = list(dict.fromkeys(CHAPTERS.values()))
    found = sorted(of_role(role), key=lambda it: order.index(chapter(it)))
    for name, of_chapter in groupby(found, key=chapter):
        yield name, [(it.slug(), title(it)) for it in of_chapter]


def of_role(role: Role) -> Iterator[type[Command[Any]]]:
    """Yield the commands of a case that a role may give."""
    return (it for it in commands() if it.state is Case and role in it.roles and it.stream != "new")


def chapter(command: type[Command[Any]]) -> str:
    """Return the heading that a command stands under."""
    return CHAPTERS[command.__module__.rpartition(".")[2]]


def beside_parts(role: Role) -> dict[str, list[str]]:
    """Return the acts that stand beside each part of the page, those of the role."""
    own = {it.slug() for it in of_role(role)}
    return {part: [slug for slug in slugs if slug in own] for part, slugs in BESIDE.items()}


async def beside(visit: Visit, case: UUID, slug: str) -> Mapping[str, Any]:
    """Return what stands beside the form of an act: beside the one that offers, what became of offering such cases."""
    if slug != "propose-handoff":
        return {}
    memory = await visit.ask.get("/referral-memory", case=str(case))
    await called(visit, memory)
    return {"template": "desk/beside_propose_handoff.html", "memory": memory, "likeness": LIKENESS}


# What has happened


async def history_of(visit: Visit, case: UUID, head: int) -> dict[str, Any]:
    """Return a page of what has happened, the newest first: up to `before`, and where the earlier ones begin."""
    asked = visit.request.query_params.get("before", "")
    before = min(int(asked), head + 1) if asked.isdecimal() and len(asked) < 10 else head + 1  # noqa: PLR2004
    after = max(before - 1 - HAPPENED, 0)
    place = cursor(f"{head}.{after}") if after else None
    found = (await visit.ask.get(f"/cases/{case}/history", limit=HAPPENED, after=place))["events"]
    shown = [entry(it) for it in reversed(found) if it["version"] < before]
    return {"entries": shown, "earlier": after + 1 if after else None, "later": before <= head}


def entry(it: Row) -> dict[str, Any]:
    """Return an entry with its words apart from its facts."""
    words = codecs()[it["topic"]].words if it["topic"] in codecs() else frozenset()
    facts = {name: value for name, value in it["event"].items() if name not in words and is_told(name, value)}
    said = [text for name, text in sorted(it["event"].items()) if name in words and name != "client" and text]
    marks = [text for name, text in MARKS.items() if it["context"][name]]
    return {"it": it, "facts": facts, "said": said, "marks": marks}


def is_told(name: str, value: Any) -> bool:
    """Say whether a field of an entry tells people anything: no ids, and nothing that is not there."""
    return name != "policy" and value not in (None, False, "", []) and not is_id(value)


def is_id(value: Any) -> bool:
    """Say whether it is an id, or some."""
    if isinstance(value, list):
        return all(map(is_id, value))
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
