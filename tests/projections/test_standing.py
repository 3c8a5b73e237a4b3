"""Where each case stands, and lists of cases by it: now and at past moments, and always by an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self, get_args
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg.rows import tuple_row

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.asking import RequestHandoff
from domain.client_ownership import ChooseOwner, TakeOwnership
from domain.closure import ProposeClosure
from domain.intake import PromiseNextStep
from domain.ledger.calendar import finnish_calendar
from domain.ledger.postgres import Server
from domain.objections import RaiseObjection
from domain.policy import Policies
from domain.remembered import Ground, Holder
from domain.reopening import ReopenCase
from domain.requests import AnswerRequest, MakeRequest
from domain.transfer import TransferMatter
from domain.voice import RecordStatement
from projections import waiting
from projections.as_of import rows_at
from projections.caseload import caseload, caseloads
from projections.endings import ENDINGS
from projections.findings.found import Moment, found
from projections.findings.judged import FINDINGS
from projections.handoffs import HANDOFFS
from projections.listed import Sort, Sought, listed
from projections.owner import OWNER
from projections.projection import AnyProjection, but
from projections.searched import Answer, Ended, Moved, Place, Span
from projections.standing import STANDING, Standing
from projections.stood import PROJECTIONS
from projections.units import UNITS
from projections.workers import WORKERS
from tests.api.conftest import new_database
from tests.projections.histories import (
    AINO,
    BO,
    CASE,
    EEVA,
    MONDAY,
    OONA,
    THE_CLIENT,
    Row,
    Told,
    closed,
    handed_over,
    histories,
    hours,
    imported,
    manager,
    offer,
    opened,
    pending,
    version,
    worker,
)
from tests.projections.tables import Connection, tables, write

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL: tuple[AnyProjection, ...] = (*PROJECTIONS, FINDINGS, ENDINGS)
EVERY: tuple[AnyProjection, ...] = (*ALL, *(it for it in waiting.PROJECTIONS if it not in ALL))


def stands(told: Told) -> Standing:
    (row,) = STANDING.over(told.counted)
    return row


# One row a case.


def test_it_stands_with_whoever_opened_it() -> None:
    assert stands(opened(AINO)) == Standing(
        CASE, "open", "responsible", AINO, AINO, "kela", MONDAY, MONDAY, MONDAY, version=1
    )


def test_nothing_stands_before_it_is_opened() -> None:
    assert STANDING.over([]) == ()


def test_what_waits_for_an_answer_is_told_until_it_has_one() -> None:
    told = opened(AINO).by(worker(AINO), offer(BO), hours(1))
    assert told.case.pending
    waits = (BO, told.case.pending.respond_by, len(told.it))
    assert (stands(told).offered_to, stands(told).respond_by, stands(told).version) == waits
    told.by(worker(BO), DeclineHandoff(pending(told), "no_capacity", "täynnä"), hours(2))
    assert (stands(told).offered_to, stands(told).respond_by, stands(told).version) == (None, None, len(told.it))
    told.by(worker(AINO), TransferMatter(OONA.as_unit, "ei meille"), hours(3))
    assert (stands(told).offered_to, stands(told).respond_by) == (OONA.as_unit, None)


def test_another_who_takes_it_on_holds_it_since_then_and_a_unit_has_a_worker_to_name() -> None:
    told = handed_over(opened(AINO), BO, at=1)
    assert (stands(told).responsible, stands(told).owner, stands(told).held_since) == (BO, BO, hours(2))
    told.by(worker(BO), offer(EEVA.as_unit), hours(3))
    told.by(manager(EEVA), AcceptHandoff(pending(told), for_unit=True), hours(4))
    assert (stands(told).responsible, stands(told).name_by) == (EEVA.as_unit, told.case.name_by)
    assert stands(told).name_by is not None


def test_the_client_owns_it_or_whom_they_choose() -> None:
    told = opened(AINO).by(THE_CLIENT, TakeOwnership("minä hoidan"), hours(1))
    assert (stands(told).owned_by, stands(told).owner, stands(told).responsible) == ("client", None, AINO)
    told.by(THE_CLIENT, ChooseOwner(BO, "hän tuntee minut"), hours(2))
    assert (stands(told).owned_by, stands(told).owner, stands(told).responsible) == ("chosen", BO, AINO)


def test_what_the_client_waits_for_is_counted_since_the_oldest() -> None:
    told = opened(AINO).by(THE_CLIENT, MakeRequest("contact", "soittakaa"), hours(1))
    told.by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(2))
    assert (stands(told).open_requests, stands(told).open_objections, stands(told).waits_since) == (1, 1, hours(1))
    (request,) = told.case.requests.now()
    told.by(worker(AINO), AnswerRequest(request, "granted", "soitettu"), hours(3))
    assert (stands(told).open_requests, stands(told).open_objections, stands(told).waits_since) == (0, 1, hours(2))


def test_the_last_promise_is_due_until_the_case_is_closed() -> None:
    told = opened(AINO)
    for at, by in ((1, 48), (2, 96)):
        told.by(worker(AINO), PromiseNextStep("worker", "soitto", hours(by)), hours(at))
        assert stands(told).due == hours(by)
    assert stands(closed(told, at=3)).due is None


def test_a_case_that_is_closed_keeps_its_last_holder_and_stands_anew_once_it_is_reopened() -> None:
    told = opened(AINO).by(
        worker(AINO), ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu"), hours(1)
    )
    assert stands(told).closing
    row = stands(closed(opened(AINO), at=3))
    assert (row.status, row.responsible, row.closed_at, row.ground) == ("closed", AINO, hours(3), "advice_sufficed")
    told = closed(opened(AINO), at=3).by(worker(AINO), ReopenCase("client_returned", words="palasi"), hours(9))
    row = stands(told)
    assert (row.status, row.closed_at, row.ground, row.opened_at, row.held_since) == (
        "open", None, None, MONDAY, hours(9),
    )  # fmt: skip


def test_what_changes_nothing_of_it_leaves_the_very_same_row() -> None:
    told = opened(AINO)
    memory = STANDING.remembered(STANDING.start, told.counted)
    (before,) = STANDING.rows(memory)
    told.by(THE_CLIENT, RecordStatement("haluan jäädä kotiin"), hours(1))
    (after,) = STANDING.rows(STANDING.fold(memory, told.counted[-1]))
    assert after is before


def test_an_import_stands_where_its_source_left_it() -> None:
    row = stands(imported(Row(0, AINO), Row(1, BO), Row(2, BO, "closed")))
    assert (row.status, row.responsible, row.ground) == ("closed", BO, "not_stated")


@given(told=histories())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_row_tells_what_the_last_owners_period_does(told: Told) -> None:
    row, last = stands(told), OWNER.over(told.counted)[-1]
    assert (row.owned_by, row.owner, row.responsible, row.duty_holder) == (
        last.owned_by, last.owner, last.responsible, last.duty_holder,
    )  # fmt: skip
    assert (row.closed_at, row.status) == (last.until, "closed" if last.until else "open")


# Lists.


@pytest.fixture(scope="module")
def connection(postgres: Server) -> Iterator[Connection]:
    with new_database(postgres) as database, tables(database, (*EVERY, UNITS, WORKERS)) as connection:
        yield connection


def empty(connection: Connection) -> None:
    for projection in EVERY:
        connection.execute(f"TRUNCATE {projection.table.table}".encode())


def moment(at: datetime | None = None) -> Moment:
    return Moment(NOW, Policies(), finnish_calendar(), at)


@given(told=histories())
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
def test_a_past_moment_is_listed_as_the_events_by_then_tell_it(connection: Connection, told: Told) -> None:
    empty(connection)
    write(connection, ALL, told)
    for at in sorted({it.context.occurred for it in told.it}):
        (then,) = rows_at(STANDING, told.it, happened_by=at)
        (row,) = listed(connection, Sought(moment(at)), limit=9)
        names = ("status", "owned_by", "duty_holder", "first_contact_at", "opened_at", "respond_by", "name_by", "due")
        assert {it: row[it] for it in names} == {it: getattr(then, it) for it in names}
        for who in ("owner", "responsible", "offered_to"):
            holder = getattr(then, who)
            parts = [row[f"{who}_{it}"] for it in ("organisation", "unit", "worker")]
            assert parts == (list(vars(holder).values()) if holder else [None] * 3)
        assert row["closing"] == then.closing


@given(told=histories())
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
def test_what_lies_behind_a_case_is_found_as_the_events_by_then_tell_it(connection: Connection, told: Told) -> None:
    empty(connection)
    write(connection, ALL, told)
    for at in [*sorted({it.context.occurred for it in told.it}), None]:
        offers, endings = rows_at(HANDOFFS, told.it, happened_by=at), rows_at(ENDINGS, told.it, happened_by=at)
        answers = {{"received": "accepted"}.get(it.outcome, it.outcome) for it in offers}
        assert {it for it in get_args(Answer) if finds(connection, at, moved=Moved(answer=it))} == answers
        bounced = any(it.bounced or it.bounced_to_organisation for it in offers)
        assert finds(connection, at, moved=Moved(bounced=True)) == bounced
        for it in offers:
            then = Span(it.proposed_at, it.proposed_at + timedelta(hours=1))
            way = Moved(then, Place(*whole(it.sender)), Place(*whole(it.to)), code=it.code)
            assert finds(connection, at, moved=way)
            assert not finds(connection, at, moved=but(way, at=Span(until=MONDAY)))
        for ending in endings:
            assert finds(connection, at, ended=Ended(Span(ending.closed_at), ending.ground, ending.initiator))
        grounds = {it for it in get_args(Ground) if finds(connection, at, ended=Ended(ground=it))}
        assert grounds == {it.ground for it in endings}


def finds(connection: Connection, at: datetime | None, **sought: Any) -> bool:
    return bool(listed(connection, Sought(moment(at), **sought), limit=1))


def whole(holder: Holder | None) -> tuple[str | None, ...]:
    return tuple(vars(holder).values()) if holder else ()


@pytest.fixture(scope="module")
def many(connection: Connection) -> Connection:
    """Give some thousand cases, in four hundred organisations."""
    empty(connection)
    told = handed_over(opened(AINO), BO, at=1).by(worker(BO), offer(EEVA), hours(5))
    told.by(worker(BO), PromiseNextStep("worker", "soitto", hours(48)), hours(6))
    told.by(worker(BO), ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu"), hours(7))
    told.by(THE_CLIENT, MakeRequest("contact", "soittakaa"), hours(8))
    told.by(THE_CLIENT, RaiseObjection(version(1), "en suostu"), hours(9))
    told.by(worker(AINO), RequestHandoff("tunnen hänet"), hours(10))
    ended = closed(opened(AINO), at=1)
    for projection in EVERY:
        rows_once = projection.over(ended.counted if projection is ENDINGS else told.counted)
        told_once = [projection.record(row) for row in rows_once]
        rows = [_elsewhere(record, number) for number in range(4000) for record in told_once]
        statement = f"INSERT INTO {projection.table.table} SELECT * FROM {projection.table.records('%s')}"
        connection.execute(statement.encode(), [json.dumps(rows, default=str)])
        connection.execute(f"ANALYZE {projection.table.table}".encode())
    return connection


def _elsewhere(record: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a row of another case, in one of four hundred organisations and units."""
    changed = {**record, "case": UUID(int=number + 1)}
    for part, name in (("organisation", f"county {number % 400}"), ("unit", f"unit {number % 400}")):
        changed |= {it: name for it, value in record.items() if value and it.rpartition("_")[2] == part}
    return changed


class Explaining(psycopg.Cursor[Any]):
    """Notes of each statement which tables it reads from end to end."""

    read_whole: ClassVar[list[str]] = []

    def execute(self, query: Any, params: Any = None, **more: Any) -> Self:
        with psycopg.Cursor(self.connection, row_factory=tuple_row) as cursor:
            (plan,) = cursor.execute(b"EXPLAIN (FORMAT JSON) " + query, params).fetchone() or ()
        Explaining.read_whole += [it["Relation Name"] for it in nodes(plan[0]["Plan"]) if it["Node Type"] == "Seq Scan"]
        return super().execute(query, params, **more)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


LISTS: dict[str, tuple[dict[str, Any], Sort]] = {
    "all": ({}, "case"),
    "by first contact": ({}, "first_contact"),
    "by opening": ({"status": "open"}, "opened"),
    "by what is due": ({}, "due"),
    "by how long they are held": ({}, "held_since"),
    "a unit's": ({"responsible": Place("county 7", "unit 7")}, "case"),
    "a worker's": ({"responsible": Place("county 7", "unit 7", "bo"), "status": "open"}, "due"),
    "an owner's": ({"owner": Place("county 7", "unit 7", "bo")}, "case"),
    "offered": ({"offered_to": Place("county 7", "unit 7")}, "case"),
    "due": ({"due_by": hours(1), "responsible": Place("county 7", "unit 7")}, "case"),
    "a client's": ({"cases": [UUID(int=7), UUID(int=9)]}, "opened"),
    "opened in a time": ({"opened": Span(hours(0), hours(1))}, "case"),
    "open in a time": ({"lasted": Span(hours(1), hours(2))}, "opened"),
    "closed on a ground": ({"ended": Ended(ground="goals_met")}, "case"),
    "closed by somebody in a time": ({"ended": Ended(Span(hours(0), hours(9)), initiator="client")}, "case"),
    "closed on a ground in a time": ({"ended": Ended(Span(hours(0), hours(9)), "no_need")}, "opened"),
    "sent on": ({"moved": Moved(sender=Place("county 7"), to=Place("county 7", "unit 7"))}, "case"),
    "sent in a time": ({"moved": Moved(Span(hours(0), hours(9)), Place("county 7"))}, "opened"),
    "waiting for anybody": ({"moved": Moved(answer="pending")}, "case"),
    "declined": ({"moved": Moved(answer="declined", code="no_capacity")}, "opened"),
    "declined for a reason": ({"moved": Moved(code="not_competent")}, "case"),
    "bounced": ({"moved": Moved(bounced=True)}, "case"),
    "with a finding": ({"rule": 26, "responsible": Place("county 7", "unit 7")}, "case"),
}


@pytest.mark.parametrize("happened_by", [None, hours(5)], ids=["now", "then"])
@pytest.mark.parametrize("which", LISTS)
def test_no_list_reads_a_table_from_end_to_end(many: Connection, which: str, happened_by: datetime | None) -> None:
    sought, sort = LISTS[which]
    if happened_by is not None:
        sort = "case"  # the only order then
    Explaining.read_whole.clear()
    many.cursor_factory = Explaining
    after = (hours(0), UUID(int=50)) if sort != "case" else (None, UUID(int=50))
    for place in (None, after):
        listed(many, Sought(moment(happened_by), **sought), sort, place, limit=50)
    assert Explaining.read_whole == []


@pytest.mark.parametrize("after", [None, (hours(0), UUID(int=50), 1)], ids=["first", "next"])
@pytest.mark.parametrize(
    "wanted",
    [
        waiting.Wanted(responsible=Place("county 7", "unit 7")),
        waiting.Wanted(responsible=Place("county 7"), kinds=("objection", "request"), due_by=hours(9)),
        waiting.Wanted(waits_for=Place("county 7", "unit 7", "bo")),
        waiting.Wanted(Place("county 7"), Place("county 8")),
    ],
    ids=["a unit's", "an organisation's", "for a worker", "for another"],
)
def test_nothing_that_waits_is_sought_from_end_to_end(
    many: Connection, wanted: waiting.Wanted, after: waiting.Key | None
) -> None:
    Explaining.read_whole.clear()
    many.cursor_factory = Explaining
    found_there = waiting.waiting(many, wanted, after, limit=50)
    assert {it["responsible_organisation"] for it in found_there} <= {"county 7"}
    assert Explaining.read_whole == []


@pytest.mark.parametrize("happened_by", [None, hours(500)], ids=["now", "then"])
@pytest.mark.parametrize("state", ["open", "settled", "all"])
@pytest.mark.parametrize("sought", [{}, {"rule": 26}, {"organisation": "county 7", "unit": "unit 7"}])
def test_no_findings_are_sought_from_end_to_end(
    many: Connection, sought: dict[str, Any], state: Any, happened_by: datetime | None
) -> None:
    Explaining.read_whole.clear()
    many.cursor_factory = Explaining
    for after in (None, (26, hours(0), UUID(int=50), 1)):
        found(many, moment(happened_by), **sought, state=state, after=after, limit=50)
    assert Explaining.read_whole == []


@pytest.mark.parametrize("happened_by", [None, hours(5)], ids=["now", "then"])
def test_no_caseload_reads_what_is_of_other_places(many: Connection, happened_by: datetime | None) -> None:
    Explaining.read_whole.clear()
    many.cursor_factory = Explaining
    for unit, who in ((None, None), ("unit 7", None), ("unit 7", "bo")):
        found_there = caseload(many, "county 7", unit, who, now=NOW, policies=Policies(), happened_by=happened_by)
        assert sum(it.figures.held for it in found_there) == 10
    assert set(caseloads(many, [Holder("county 7", "unit 7", "bo")]).values()) == {10}
    assert [it for it in Explaining.read_whole if it in {projection.table.table for projection in ALL}] == []
