"""What can be read of a case, now and as of any moment: its projections, mounted by one loop, its history and words.

A moment is a `version`, or a pair of clocks: what was known at one time (`known_at`) of what had happened by another
(`happened_by`), both inclusive. `from` and `to` choose an interval: from the one up to, and not at, the other. Whatever
can be long comes in pages, which end by the bytes of their words too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import FastAPI, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import By
from api.moments import (
    AsOf,
    ClocksAndVersion,
    CursorMalformed,
    Page,
    VersionNeverExisted,
    next_page,
    place_of,
)
from api.problems import Problem
from api.reads import answer
from api.rows import WITHOUT_WORDS, Shape, fitting, in_utc, inside, opened_words, words_of
from domain.case import Case
from domain.client import Client
from domain.corrections import hidden
from domain.decider import CLIENT_SIDE, Actor, Context, Event, Recorded, Role, StreamAbsent
from domain.history import counted
from domain.ledger.application import Cases
from domain.ledger.mapper import codecs
from domain.ledger.recorder import select_stream
from domain.remembered import Holder, OwnerKind, Pending, ProposedClosure, Transfer
from projections.as_of import first, rows_at, state_at
from projections.next_step import NEXT_STEP
from projections.projection import every_projection


class WordsClosed(Problem):
    """Your role does not read anybody's words. Use a token of a role that works with the case."""

    status = 403


class Promise(BaseModel):
    """What is promised to happen next."""

    who: str
    what: str
    due: datetime
    version: int


class Summary(BaseModel):
    """Where a case stands. A case that is not open has no owner and nobody who answers for it."""

    case: UUID
    version: int
    status: Literal["unopened", "open", "closed"]
    first_contact_at: datetime | None
    owned_by: OwnerKind | None
    owner: Holder | None
    responsible: Holder | None
    duty_holder: str | None
    handoff: Pending | None
    transfer: Transfer | None
    closure: ProposedClosure | None
    open_objections: list[UUID]
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
    """An event with its words, its circumstances, and the hash that chains it to the events before it."""

    version: int
    topic: str
    event: dict[str, Any]
    context: Circumstances
    hash: str


class History(BaseModel):
    """A page of a case's history."""

    case: UUID
    version: int
    events: list[HistoryEntry]
    next: str | None


class SaidInEntry(BaseModel):
    """The words of an entry by field; "[erased]" where they have been destroyed."""

    version: int
    topic: str
    words: dict[str, str]


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


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount what can be read of a case."""
    for projection in every_projection():
        if projection.path:
            _mount(app, cases, Shape(projection))

    def case(request: Request, id: UUID, by: By, at: Annotated[AsOf, Query()]) -> Response:  # noqa: A002
        """Tell where a case stands: who owns it and answers for it, what waits for an answer, what is promised next."""
        admitted(cases, by, id)
        head, history = _history(cases, id, at)
        counts = counted(history, *at.clocks)
        content = _summary(state_at(history, *at.clocks)) | {
            "next_step": _promise(cases, id, by, rows_at(NEXT_STEP, history, *at.clocks))
        }
        return answer(request, cases, {"case": id, "version": _seen(counts)} | content, head)

    def history(request: Request, id: UUID, by: By, at: Annotated[Page, Query()]) -> Response:  # noqa: A002
        """Tell what has happened in a case, event by event, with words, circumstances and hashes.

        By version; with the clocks, what counted at that moment and in the order in which it counted. Of an entry that
        is another person's, the client and their representatives are shown that it is there, and nothing of it.
        """
        admitted(cases, by, id)
        head, entries, following = _page(cases, id, at)
        texts = opened_words(cases, id, by, [it.it for it in entries])
        anothers = hidden(cases.history(id)) if by.role in CLIENT_SIDE else frozenset()
        events = [
            _entry(it, None if it.it.version in anothers else event) for it, event in zip(entries, texts, strict=True)
        ]
        seen = at.version or head
        content = {"case": id, "version": seen, "events": events, "next": next_page(request, following)}
        return answer(request, cases, content, head)

    def words(request: Request, id: UUID, by: By, at: Annotated[Page, Query()]) -> Response:  # noqa: A002
        """Tell everything that was said in a case, in its own words, by the version of the entry."""
        admitted(cases, by, id)
        if by.role in WITHOUT_WORDS:
            raise WordsClosed
        head, entries, following = _page(cases, id, at)
        texts = opened_words(cases, id, by, [it.it for it in entries])
        said = [_said(it.it, event) for it, event in zip(entries, texts, strict=True)]
        content = {
            "case": id, "version": at.version or head, "entries": [it for it in said if it["words"]],
            "next": next_page(request, following),
        }  # fmt: skip
        return answer(request, cases, content, head)

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

    def endpoint(request: Request, id: UUID, by: By, at: Annotated[Page, Query()]) -> Response:  # noqa: A002
        admitted(cases, by, id)
        pinned, after = place_of(at.after)
        head, seen, found = read_rows(cases, shape, id, at, pinned)
        rows = shape.ordered(shape.between(found, at.since, at.until))
        page = rows[after : after + at.limit]
        page = page[: fitting(cases, id, [shape.opened_by([it]) for it in page])]
        words = words_of(cases, id, by, shape.opened_by(page))
        last = after + len(page)
        content = {
            "case": id, "version": seen, "rows": [shape.shown(it, words) for it in page],
            "next": next_page(request, f"{pinned or head}.{last}" if last < len(rows) else None),
        }  # fmt: skip
        return answer(request, cases, content, head)

    about = " ".join(shape.about.split())
    summary = f"Read a case's {projection.name.replace('_', ' ')}"
    _add(app, f"/{projection.path}", endpoint, shape.model, summary, description=about)


def documented(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return what the documentation says of the answers of a query."""
    etag = {"ETag": {"description": "The case's version now", "schema": {"type": "string"}}}
    return {
        200: {"description": "As it stood at that moment", "model": model, "headers": etag},
        304: {"description": "Nothing has changed since the version in If-None-Match"},
    }


# Who reads.


def admitted(cases: Cases, actor: Actor, case: UUID) -> None:
    """Let somebody read a case, or find nothing: a client reads their own, a representative those of a mandate."""
    client = cases.client_of(case)
    if client is None or not reads_as(cases, actor, client):
        raise StreamAbsent


def reads_as(cases: Cases, actor: Actor, client: UUID) -> bool:
    """Say whether somebody may read the cases of this client, as far as that depends on the client."""
    if actor.role == Role.CLIENT:
        return actor.id == str(client)
    if actor.role == Role.REPRESENTATIVE:
        state = cases.loaded(client, Client).state
        return isinstance(state, Client) and state.represented(actor.id, datetime.now(UTC)) is not None
    return True


# What is read.


def _history(cases: Cases, case: UUID, at: AsOf, pinned: int = 0) -> tuple[int, Sequence[Recorded]]:
    """Return the case's version now and its events up to the version asked about, or that a first page pinned."""
    history = cases.history(case)
    _possible(at, len(history))
    return len(history), first(history, at.version or pinned or None)


def _possible(at: AsOf, head: int) -> None:
    if at.version is not None and at.clocks != (None, None):
        raise ClocksAndVersion
    if at.version is not None and not 1 <= at.version <= head:
        raise VersionNeverExisted(version=at.version, last=head)


def read_rows(cases: Cases, shape: Shape, case: UUID, at: AsOf, pinned: int) -> tuple[int, int, Sequence[Any]]:
    """Return the case's version now, the version seen, and the rows: of the read table where it is up to date."""
    if at.is_now:
        with cases.pool.connection() as connection:
            head, rows = shape.standing(connection, case)
        if rows is not None and pinned in {0, head}:
            return head, head, rows
    head, history = _history(cases, case, at, pinned)
    return head, _seen(counted(history, *at.clocks)), rows_at(shape.projection, history, *at.clocks)


def _seen(history: Sequence[Recorded]) -> int:
    return max((it.version for it in history), default=0)


def _page(cases: Cases, case: UUID, at: Page) -> tuple[int, list[Entry], str | None]:
    """Return the case's version now, a page of its entries, and the cursor of the next page if there is one."""
    pinned, after = place_of(at.after)
    with cases.pool.connection() as connection:
        head = connection.execute(_HEAD, (case,)).fetchone() or (0,)
        _possible(at, head[0] or 0)
        whole = at.clocks != (None, None) or at.since is not None or at.until is not None
        upto = at.version or (pinned if whole and pinned else head[0])
        limit = None if whole else at.limit + 1
        stored = select_stream(connection, case, 0 if whole else after, upto, limit)
    entries = [Entry(cases.mapper.to_domain_event(it), it.hash) for it in stored]  # type: ignore[arg-type]
    if whole:
        entries = _after(_counting(entries, at), after)
    page = entries[: at.limit]
    page = page[: fitting(cases, case, [{it.it.version} for it in page])]
    following = f"{upto}.{page[-1].it.version}" if len(entries) > len(page) else None
    return head[0], page, following


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


def _entry(entry: Entry, event: Any) -> dict[str, Any]:
    it = entry.it
    return {
        "version": it.version, "topic": it.event.topic, "event": {} if event is None else in_utc(dict(vars(event))),
        "context": _circumstances(it.context), "hash": entry.hash.hex(),
    }  # fmt: skip


def _circumstances(ctx: Context) -> dict[str, Any]:
    return {
        "command": ctx.command, "who": ctx.actor.id, "role": ctx.actor.role, "organisation": ctx.actor.organisation,
        "unit": ctx.actor.unit, "occurred": in_utc(ctx.occurred), "recorded": in_utc(ctx.recorded),
        "reported": ctx.reported, "late": ctx.late, "on_behalf_of": ctx.on_behalf_of, "causation": ctx.causation,
        "imported": ctx.imported,
    }  # fmt: skip


def _said(it: Recorded, event: Event[Any]) -> dict[str, Any]:
    words = {name: text for name in sorted(codecs()[it.event.topic].words) if (text := getattr(event, name))}
    return {"version": it.version, "topic": it.event.topic, "words": words}


def _summary(case: Case) -> dict[str, Any]:
    is_open = case.status == "open"
    owner = {"responsible": case.responsible, "client": None, "chosen": case.chosen}[case.owned_by]
    content = {
        "status": case.status,
        "first_contact_at": case.first_contact_at,
        "owned_by": case.owned_by if is_open else None,
        "owner": owner if is_open else None,
        "responsible": case.responsible if is_open else None,
        "duty_holder": case.duty_holder,
        "handoff": case.pending,
        "transfer": case.transfer,
        "closure": case.closure,
        "open_objections": case.open_objections,
    }
    return {name: in_utc(value) for name, value in content.items()}


def _promise(cases: Cases, case: UUID, actor: Actor, steps: Sequence[Any]) -> dict[str, Any] | None:
    if not steps or steps[-1].settled is not None:
        return None
    shown = _NEXT.shown(steps[-1], words_of(cases, case, actor, _NEXT.opened_by(steps[-1:])))
    return {name: shown[name] for name in ("who", "what", "due", "version")}


_NEXT = Shape(NEXT_STEP)
_NO_SIGNS = str.maketrans("", "", "/-")
_HEAD = "SELECT max(version) FROM events WHERE stream = %s"
