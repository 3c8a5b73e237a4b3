"""Histories from elsewhere: what a row of a foreign event log means for ownership and closure."""

from uuid import uuid4

import pytest

from domain.acceptance import HandoffAccepted
from domain.closure import CaseClosed, ClosureProposed
from domain.decider import RoleNotAllowed
from domain.handoff import HandoffProposed, HandoffWithdrawn
from domain.imports import ActivityImported, ImportActivity, ImportCase, NotAnImport
from domain.intake import CaseOpened, NextStepPromised
from domain.remembered import Holder
from domain.reopening import CaseReopened
from tests.domain.given import (
    CLIENT,
    KELA,
    MONDAY,
    Asked,
    Story,
    aino,
    bo,
    given,
    holder,
    made_by,
    moment,
    oona,
    the_administrator,
    unit,
)

IMPORT = uuid4()
INTAKE = Holder(KELA, "vastaanotto")
CASE = ImportCase(CLIENT, INTAKE, first_contact_at=MONDAY)
WORK = ImportActivity(1, "käsittely", "work", holder(aino))


def imported(*rows: ImportActivity) -> Story:
    commands = [CASE, *rows]
    return given([Asked(it, the_administrator, MONDAY, imported=IMPORT) for it in commands])


def and_then(story: Story, row: ImportActivity) -> Story:
    return story.when(row, by=the_administrator, at=moment(3, 4), imported=IMPORT)


@pytest.mark.rule(1)
def test_the_intake_unit_holds_an_imported_case() -> None:
    story = given().when(CASE, by=the_administrator, at=MONDAY, imported=IMPORT)
    story.then(
        CaseOpened(
            client=str(CLIENT), channel="import", first_contact_at=MONDAY, need="", responsible=INTAKE, name_by=None,
            policy=0, duty_holder=KELA, statutory_clock="none",
        )
    ).and_owner_is(INTAKE)  # fmt: skip
    assert story.last.imported == IMPORT


def test_only_an_import_takes_in_a_history() -> None:
    given().when(CASE, by=the_administrator).refused(NotAnImport)
    imported().when(WORK, by=the_administrator).refused(NotAnImport)
    given().when(CASE, by=aino, imported=IMPORT).refused(RoleNotAllowed)


@pytest.mark.rule(2)
def test_a_row_of_another_holder_is_an_offer_accepted_at_once() -> None:
    story = and_then(imported(), WORK)
    handoff = made_by(2)
    story.then(
        ActivityImported(1, "käsittely", "work"),
        HandoffProposed(
            handoff, holder(aino), "", moment(3, 4), 0, warm=False, client_view=None, disclosure_basis="not_stated"
        ),
        HandoffAccepted(handoff, holder(aino), None, 0),
    ).and_owner_is(aino).and_nothing_waits()  # fmt: skip
    and_then(story, WORK.but(row=2)).then(ActivityImported(2, "käsittely", "work"))
    and_then(story, WORK.but(row=2, holder=None)).then(ActivityImported(2, "käsittely", "work"))


@pytest.mark.rule(3)
def test_a_queued_row_is_an_offer_and_the_next_row_there_its_acceptance() -> None:
    queued = and_then(imported(WORK), ImportActivity(2, "jonossa", "queued", unit(bo)))
    queued.and_owner_is(aino)
    assert queued.case.pending is not None
    taken = and_then(queued, ImportActivity(3, "käsittely", "work", holder(bo)))
    taken.then(
        ActivityImported(3, "käsittely", "work"), HandoffAccepted(queued.case.pending.handoff, holder(bo), None, 0)
    ).and_owner_is(bo).and_nothing_waits()


@pytest.mark.rule(3)
def test_an_offer_that_the_source_leaves_behind_is_withdrawn() -> None:
    queued = and_then(imported(WORK), ImportActivity(2, "jonossa", "queued", unit(bo)))
    assert queued.case.pending is not None
    first = queued.case.pending.handoff
    back = and_then(queued, ImportActivity(3, "käsittely", "work", holder(aino)))
    back.then(ActivityImported(3, "käsittely", "work"), HandoffWithdrawn(first, "")).and_owner_is(aino)
    on = and_then(queued, ImportActivity(3, "jonossa", "queued", unit(oona)))
    assert [type(it) for it in on.happened] == [ActivityImported, HandoffWithdrawn, HandoffProposed]
    elsewhere = and_then(queued, ImportActivity(3, "käsittely", "work", holder(oona)))
    elsewhere.and_owner_is(oona).and_nothing_waits()


@pytest.mark.rule(15)
def test_a_closing_row_closes_without_a_stated_ground_and_the_next_reopens() -> None:
    closed = and_then(imported(WORK), ImportActivity(2, "päätetty", "closed", None))
    closed.then(
        ActivityImported(2, "päätetty", "closed"),
        ClosureProposed("not_stated", "source", "not_stated", "", "", None, ()),
        CaseClosed("not_stated", "source", "not_stated"),
    ).and_(status="closed")
    and_then(closed, ImportActivity(3, "päätetty", "closed", None)).then(ActivityImported(3, "päätetty", "closed"))
    again = and_then(closed, ImportActivity(3, "käsittely", "work", holder(bo)))
    assert again.happened[1] == CaseReopened("activity", moment(3, 4), "none", holder(aino), "")
    again.and_(status="open").and_owner_is(bo)


@pytest.mark.rule(26)
def test_waiting_for_the_client_is_a_step_of_theirs() -> None:
    waiting = and_then(imported(WORK), ImportActivity(2, "odottaa asiakasta", "waiting_for_client", None))
    waiting.then(
        ActivityImported(2, "odottaa asiakasta", "waiting_for_client"),
        NextStepPromised("client", "odottaa asiakasta", moment(3, 4)),
    )


def test_the_files_order_holds_whatever_its_times_say() -> None:
    story = imported(WORK)
    earlier = story.when(
        ImportActivity(2, "käsittely", "work", holder(bo)), by=the_administrator, at=moment(3, 1), entered=moment(3, 9),
        imported=IMPORT,
    )  # fmt: skip
    earlier.allowed().and_owner_is(bo)
    assert not earlier.last.late
