"""What can be read of a case, now and as of any moment: its projections, mounted by one loop, its history and words.

A moment is a `version`, or a pair of clocks: what was known at one time (`known_at`) of what had happened by another
(`happened_by`), both inclusive. `from` and `to` choose an interval: from the one up to, and not at, the other. Whatever
can be long comes in pages, which end by the bytes of their words too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import FastAPI, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.moments import (
    AsOf,
    CursorMalformed,
    Page,
    next_page,
    place_of,
    possible,
)
from api.rows import (
    WITHHELD,
    Kept,
    OpenWords,
    Shape,
    Withholding,
    fitting,
    in_utc,
    inside,
    opened_words,
    words_of,
)
from api.seen_by import AsOfSeen, PageSeen, SeenNothing, sight
from domain.case import Case
from domain.decider import Context, Event, Recorded, Role, Words
from domain.history import beginning, counted, fold
from domain.ledger.application import Cases
from domain.ledger.mapper import codecs
from domain.ledger.recorder import select_stream
from domain.remembered import Holder, OwnerKind, Pending, ProposedClosure, Transfer
from projections.as_of import first
from projections.next_step import NEXT_STEP
from projections.projection import every_projection


class Promise(BaseModel):
    """What is promised to happen next."""

    who: str
    what: str
    due: datetime
    version: int


class Summary(BaseModel):
    """Where a case stands. A case that is not open has no owner and nobody who answers for it.

    `need` is what it was opened for, in the words of whoever opened it; null at a moment before that. `erroneous` are
    the entries that are marked as errors, by version.
    """

    case: UUID
    version: int
    status: Literal["unopened", "open", "closed"]
    need: Words | None
    first_contact_at: datetime | None
    owned_by: OwnerKind | None
    owner: Holder | None
    responsible: Holder | None
    duty_holder: str | None
    handoff: Pending | None
    transfer: Transfer | None
    closure: ProposedClosure | None
    open_objections: list[UUID]
    erroneous: list[int]
    next_step: Promise | None


class Circumstances(BaseModel):
    """Who acted, when it happened and when it was recorded."""

    command: UUID
    who: str
    role: Role
    organisation: str | None
    unit: str | None
    occurred: datetime
    recorded: datetime
    reported: bool
    late: bool
    on_behalf_of: str | None
    causation: UUID | None
    imported: UUID | None


class HistoryEntry(BaseModel):
    """An event with its words, its circumstances, and the hash that chains it to the events before it.

    Where it is withheld from whoever reads, `withheld` says so, and `topic` and `event` tell nothing; where its words
    alone are, they read "[withheld]".
    """

    version: int
    topic: str
    event: dict[str, Any]
    context: Circumstances
    hash: str
    withheld: Withholding | None


class History(BaseModel):
    """A page of a case's history."""

    case: UUID
    version: int
    events: list[HistoryEntry]
    next: str | None


class SaidInEntry(BaseModel):
    """The words of an entry by field; "[erased]" where they have been destroyed, "[withheld]" where they are that."""

    version: int
    topic: str
    words: dict[str, str]
    withheld: Withholding | None


class SaidInCase(BaseModel):
    """A page of a case's words."""

    case: UUID
    version: int
    entries: list[SaidInEntry]
    next: str | None


@dataclass(frozen=True)
class Entry:
    """An event in its place, with its hash."""

    it: Recorded
    hash: bytes


@dataclass(frozen=True)
class Bounds:
    """How far a case is read: for whoever may see no further than `upto` it ends there; a first page `pinned` it."""

    upto: int | None = None
    pinned: int = 0


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount what can be read of a case."""
    for projection in every_projection():
        if projection.path:
            _mount(app, cases, Shape(projection))

    def case(request: Request, id: UUID, by: By, at: Annotated[AsOfSeen, Query()]) -> Response:  # noqa: A002
        """Tell where a case stands: who owns it and answers for it, what waits for an answer, what is promised next."""
        seen = sight(request, cases, id, by, at)
        if not seen.at_all:
            return seen.nothing(request, cases, id)
        it = stood(cases, id, seen.at, Bounds(seen.upto))
        words = words_of(cases, id, {_OPENED, *_NEXT.opened_by(_promised(it.steps))}, seen.untold)
        content = _summary(it.state, seen.untold, words) | {"next_step": _promise(it.steps, words)}
        return seen.answer(request, cases, {"case": id, "version": it.version} | content, it.head)

    def history(request: Request, id: UUID, by: By, at: Annotated[PageSeen, Query()]) -> Response:  # noqa: A002
        """Tell what has happened in a case, event by event, with words, circumstances and hashes.

        By version; with the clocks, what counted at that moment and in the order in which it counted. Of an entry that
        is another person's, the client and their representatives are shown that it is there, and nothing of it; of one
        that is withheld from whoever reads, that it is, on which ground, by whose word and until when.
        """
        seen = sight(request, cases, id, by, at)
        if not seen.at_all:
            return seen.nothing(request, cases, id)
        head, entries, following = _page(cases, id, seen.at, seen.upto)
        texts = opened_words(cases, id, seen.by, [it.it for it in entries], seen.untold)
        anothers = seen.anothers(cases, id)
        events = [
            _entry(it, None if it.it.version in anothers else event, seen.untold)
            for it, event in zip(entries, texts, strict=True)
        ]
        last = seen.at.version or head
        content = {"case": id, "version": last, "events": events, "next": next_page(request, following)}
        return seen.answer(request, cases, content, head)

    def words(request: Request, id: UUID, by: By, at: Annotated[PageSeen, Query()]) -> Response:  # noqa: A002
        """Tell everything that was said in a case, in its own words, by the version of the entry."""
        seen = sight(request, cases, id, by, at)
        if not seen.at_all:
            return seen.nothing(request, cases, id)
        head, entries, following = _page(cases, id, seen.at, seen.upto)
        texts = opened_words(cases, id, seen.by, [it.it for it in entries], seen.untold)
        said = [_said(it.it, event, seen.untold) for it, event in zip(entries, texts, strict=True)]
        content = {
            "case": id, "version": seen.at.version or head, "entries": [it for it in said if it["words"]],
            "next": next_page(request, following),
        }  # fmt: skip
        return seen.answer(request, cases, content, head)

    _add(app, "", case, Summary, "Read a case")
    _add(app, "/history", history, History, "Read a case's history")
    _add(app, "/words", words, SaidInCase, "Read a case's words")


def _add(app: FastAPI, path: str, endpoint: Any, model: type[BaseModel], summary: str, **more: Any) -> None:
    app.add_api_route(
        f"/cases/{{id}}{path}",
        endpoint,
        operation_id=f"ReadCase{path.title().translate(_NO_SIGNS)}",
        summary=summary,
        tags=["cases"],
        response_class=Response,
        responses=documented(model),
        **more,
    )


def _mount(app: FastAPI, cases: Cases, shape: Shape) -> None:
    """Mount a projection under its path."""
    projection = shape.projection

    def endpoint(request: Request, id: UUID, by: By, at: Annotated[PageSeen, Query()]) -> Response:  # noqa: A002
        seen = sight(request, cases, id, by, at)
        if not seen.at_all:
            return seen.nothing(request, cases, id)
        pinned, after = place_of(at.after)
        head, version, found = read_rows(cases, shape, id, seen.at, Bounds(seen.upto, pinned))
        rows = shape.ordered(shape.between(found, at.since, at.until))
        page = rows[after : after + at.limit]
        page = page[: fitting(cases, id, [shape.opened_by([it]) for it in page])]
        words = words_of(cases, id, shape.opened_by(page), seen.untold)
        last = after + len(page)
        content = {
            "case": id, "version": version, "rows": [shape.told(it, words, seen.untold) for it in page],
            "next": next_page(request, f"{pinned or head}.{last}" if last < len(rows) else None),
        }  # fmt: skip
        return seen.answer(request, cases, content, head)

    about = " ".join(shape.about.split())
    summary = f"Read a case's {projection.name.replace('_', ' ')}"
    _add(app, f"/{projection.path}", endpoint, shape.model, summary, description=about)


def documented(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return what the documentation says of the answers of a query."""
    etag = {"ETag": {"description": "The case's version now", "schema": {"type": "string"}}}
    return {
        200: {"description": "As it stood at that moment", "model": model | SeenNothing, "headers": etag},
        304: {"description": "Nothing has changed since the version in If-None-Match"},
    }


# What is read.


def _history(cases: Cases, case: UUID, at: AsOf, bounds: Bounds) -> tuple[int, Sequence[Recorded]]:
    """Return the last version that may be seen, and the events up to the one that is asked about or pinned."""
    history = cases.history(case, bounds.upto)
    possible(at, len(history))
    return len(history), first(history, at.version or bounds.pinned or None)


@dataclass(frozen=True)
class Stood:
    """Where a case stood at a moment: the last version that may be seen, the one seen, its state and its next steps."""

    head: int
    version: int
    state: Case
    steps: Sequence[Any]


def stood(cases: Cases, case: UUID, at: AsOf, bounds: Bounds) -> Stood:
    """Return where a case stood: from what is remembered and the read table if that is now, else from its events."""
    if at.is_now and bounds == Bounds():
        now = cases.loaded(case, Case)
        head, _, steps = read_rows(cases, _NEXT, case, at, bounds)
        if head == now.version and isinstance(now.state, Case):  # and no act came between the two looks
            return Stood(head, head, now.state, sorted(steps, key=lambda it: it.number))
    head, history = _history(cases, case, at, bounds)
    counts = counted(history, *at.clocks)
    return Stood(head, _seen(counts), fold(beginning(Case), counts), NEXT_STEP.over(counts))


def read_rows(cases: Cases, shape: Shape, case: UUID, at: AsOf, bounds: Bounds) -> tuple[int, int, Sequence[Any]]:
    """Return the last version that may be seen, the one seen, and the rows: from the read table where that has them."""
    if at.is_now and bounds.upto is None:
        with cases.pool.connection() as connection:
            head, rows = shape.standing(connection, case)
        if rows is not None and bounds.pinned in {0, head}:
            return head, head, rows
    head, history = _history(cases, case, at, bounds)
    counts = counted(history, *at.clocks)
    return head, _seen(counts), shape.projection.over(counts)


def _seen(history: Sequence[Recorded]) -> int:
    return max((it.version for it in history), default=0)


def _page(cases: Cases, case: UUID, at: Page, last: int | None) -> tuple[int, list[Entry], str | None]:
    """Return the last version that may be seen, a page of entries, and the cursor of the next page if there is one."""
    pinned, after = place_of(at.after)
    with cases.pool.connection() as connection:
        (now,) = connection.execute(_HEAD, (case,)).fetchone() or (0,)
        head = min(now or 0, last or now or 0)
        possible(at, head)
        whole = at.clocks != (None, None) or at.since is not None or at.until is not None
        upto = min(at.version or (pinned if whole and pinned else head), head)
        limit = None if whole else at.limit + 1
        stored = select_stream(connection, case, 0 if whole else after, upto, limit)
    entries = [Entry(cases.mapper.to_domain_event(it), it.hash) for it in stored]  # type: ignore[arg-type]
    if whole:
        entries = _after(_counting(entries, at), after)
    page = entries[: at.limit]
    page = page[: fitting(cases, case, [{it.it.version} for it in page])]
    following = f"{upto}.{page[-1].it.version}" if len(entries) > len(page) else None
    return head, page, following


def _counting(entries: Sequence[Entry], at: Page) -> list[Entry]:
    """Return the entries that counted at the moment and happened in the interval, in their order."""
    of = {entry.it.version: entry for entry in entries}
    history = [entry.it for entry in entries]
    if at.clocks != (None, None):
        history = counted(history, *at.clocks)
    return [of[it.version] for it in history if inside(it.context.occurred, at.since, at.until)]


def _after(entries: Sequence[Entry], version: int) -> list[Entry]:
    """Return the entries that follow the one with this version."""
    if version == 0:
        return list(entries)
    place = next((place for place, entry in enumerate(entries) if entry.it.version == version), None)
    if place is None:
        raise CursorMalformed
    return list(entries[place + 1 :])


# How it is shown.


def _entry(entry: Entry, event: Any, untold: Kept) -> dict[str, Any]:
    it, nothing = entry.it, untold.whole(entry.it.version) is not None
    return {
        "version": it.version, "topic": WITHHELD if nothing else it.event.topic,
        "event": {} if event is None or nothing else in_utc(dict(vars(event))),
        "context": _circumstances(it.context), "hash": entry.hash.hex(), "withheld": untold.notice(it.version),
    }  # fmt: skip


def _circumstances(ctx: Context) -> dict[str, Any]:
    return {
        "command": ctx.command, "who": ctx.actor.id, "role": ctx.actor.role, "organisation": ctx.actor.organisation,
        "unit": ctx.actor.unit, "occurred": in_utc(ctx.occurred), "recorded": in_utc(ctx.recorded),
        "reported": ctx.reported, "late": ctx.late, "on_behalf_of": ctx.on_behalf_of, "causation": ctx.causation,
        "imported": ctx.imported,
    }  # fmt: skip


def _said(it: Recorded, event: Event[Any], untold: Kept) -> dict[str, Any]:
    words = {name: text for name in sorted(codecs()[it.event.topic].words) if (text := getattr(event, name))}
    topic = it.event.topic if untold.whole(it.version) is None else WITHHELD
    return {"version": it.version, "topic": topic, "words": words, "withheld": untold.notice(it.version)}


def _summary(case: Case, untold: Kept, words: OpenWords) -> dict[str, Any]:
    is_open = case.status == "open"
    owner = {"responsible": case.responsible, "client": None, "chosen": case.chosen}[case.owned_by]
    content = {
        "status": case.status,
        "need": None if case.status == "unopened" else words(_OPENED, "need"),
        "first_contact_at": case.first_contact_at,
        "owned_by": case.owned_by if is_open else None,
        "owner": owner if is_open else None,
        "responsible": case.responsible if is_open else None,
        "duty_holder": case.duty_holder,
        "handoff": case.pending,
        "transfer": case.transfer,
        "closure": case.closure,
        "open_objections": [
            it for it, waits in case.objections.now().items() if waits and waits.version not in untold.entries
        ],
        "erroneous": sorted(it for it, marked in case.erroneous.now().items() if marked and it not in untold.entries),
    }
    return {name: in_utc(value) for name, value in content.items()}


def promise_of(cases: Cases, case: UUID, steps: Sequence[Any], untold: Kept) -> dict[str, Any] | None:
    """Return what is promised next, as a `Promise` tells it, if anything is."""
    return _promise(steps, words_of(cases, case, _NEXT.opened_by(_promised(steps)), untold))


def _promised(steps: Sequence[Any]) -> Sequence[Any]:
    """Return the step that is promised next, if one is."""
    return [it for it in steps[-1:] if it.settled is None]


def _promise(steps: Sequence[Any], words: OpenWords) -> dict[str, Any] | None:
    told = (_NEXT.shown(it, words) for it in _promised(steps))
    return next(({name: it[name] for name in ("who", "what", "due", "version")} for it in told), None)


_NEXT = Shape(NEXT_STEP)
_OPENED = 1
"""The version of the entry that opened a case."""
_NO_SIGNS = str.maketrans("", "", "/-")
_HEAD = "SELECT max(version) FROM events WHERE stream = %s"
