"""How a case begins, what the client is told, and what is promised next."""

from datetime import timedelta
from typing import get_args, get_type_hints
from uuid import uuid4

import pytest

from domain.case import CaseNotOpen, EntryAbsent, HolderUnknown, OtherOrganisation, TakesOnNothingMore, WordsMissing
from domain.client import ClientDead
from domain.decider import (
    AlreadyThere,
    BeforeTheBeginning,
    HappensInFuture,
    OffsetMissing,
    RoleNotAllowed,
    StreamAbsent,
    TooEarly,
)
from domain.directory import organisation_stream
from domain.intake import (
    CaseOpened,
    Channel,
    ClientInformed,
    ClientUnknown,
    Contact,
    ContactAfterOpening,
    Continues,
    ContinuesNothing,
    DutyHolderUnknown,
    InformClient,
    NextStepPromised,
    OpenCase,
    PromiseInThePast,
    PromiseNextStep,
    ReceivedBeforeTold,
    ReceivedInFuture,
    UnitMissing,
)
from domain.policy import Policy
from domain.remembered import Holder
from tests.domain.given import (
    ANY_CLIENT,
    CLIENT,
    COUNTY,
    KELA,
    MONDAY,
    aino,
    an_auditor,
    bo,
    closed_at_once,
    closure_proposed_by,
    entry,
    given,
    holder,
    informed_by,
    marja,
    moment,
    opened_by,
    proposed_to,
    the_client,
    unit,
)

OPEN = OpenCase(client=CLIENT, need="Vuokra on rästissä")


@pytest.mark.rule(1)
def test_whoever_opens_a_case_answers_for_it_and_owns_it() -> None:
    (
        given()
        .when(OPEN, by=aino, at=MONDAY)
        .then(
            CaseOpened(
                client=str(CLIENT), channel="visit", first_contact_at=MONDAY, need="Vuokra on rästissä",
                responsible=holder(aino), name_by=None, policy=0, duty_holder=KELA, statutory_clock="shl36",
            )
        )
        .and_owner_is(aino)
        .and_responsible_is(aino)
    )  # fmt: skip


@pytest.mark.rule(1)
def test_a_unit_that_answers_names_a_worker_in_time() -> None:
    story = given().when(OPEN.but(responsible=unit(aino)), by=aino, at=moment(4, 14)).allowed()
    opened = story.happened[0]
    assert isinstance(opened, CaseOpened)
    assert opened.name_by == moment(4, 24, 0)  # Good Friday and Easter Monday are not worked
    story.and_owner_is(unit(aino))


@pytest.mark.rule(1)
def test_the_policy_in_force_is_stored_where_it_was_used() -> None:
    story = given(policy=Policy(version=7, name_working_days=1))
    opened = story.when(OPEN.but(responsible=unit(aino)), by=aino, at=MONDAY).happened[0]
    assert isinstance(opened, CaseOpened)
    assert (opened.policy, opened.name_by) == (7, moment(3, 5, 0))


@pytest.mark.rule(2)
def test_nobody_opens_a_case_onto_another_organisation() -> None:
    given().when(OPEN.but(responsible=holder(bo)), by=aino).refused(OtherOrganisation)
    given().when(OPEN.but(responsible=holder(marja)), by=aino).allowed().and_responsible_is(marja)


@pytest.mark.rule(1)
def test_the_duty_is_another_registered_organisations_when_it_is_said_to_be() -> None:
    told = OPEN.but(duty_holder=COUNTY)
    known = given().knowing(existing=frozenset({organisation_stream(COUNTY)}))
    known.when(told, by=aino).allowed().and_(duty_holder=COUNTY)
    known.when(OPEN.but(duty_holder="0000000-0"), by=aino).refused(DutyHolderUnknown, duty_holder="0000000-0")
    given().when(told, by=aino).refused(DutyHolderUnknown, duty_holder=COUNTY)
    given().when(told.but(duty_holder=""), by=aino).refused(DutyHolderUnknown)


@pytest.mark.rule(1)
def test_a_case_is_opened_for_a_known_holder_only() -> None:
    nobody = Holder(KELA, "lakkautettu yksikkö")
    given().when(OPEN.but(responsible=nobody), by=aino).refused(HolderUnknown, holder=nobody)
    given().when(OPEN, by=aino.but(unit=None)).refused(UnitMissing)
    given().when(OPEN, by=aino.but(id="tuntematon")).refused(HolderUnknown, holder=holder(aino.but(id="tuntematon")))
    given().when(OPEN, by=aino.but(unit="lakkautettu")).refused(HolderUnknown)


def test_a_case_is_about_some_need() -> None:
    given().when(OPEN.but(need=" \n"), by=aino).refused(WordsMissing, field="need")


@pytest.mark.rule(26)
def test_only_an_import_says_that_a_case_came_by_import() -> None:
    assert set(get_args(Channel)) - set(get_args(Contact)) == {"import"}
    assert get_type_hints(OpenCase)["channel"] == Contact


@pytest.mark.rule(6)
def test_the_wait_runs_from_the_first_contact() -> None:
    first = MONDAY - timedelta(days=20)
    given().when(OPEN.but(first_contact_at=first), by=aino, at=MONDAY).allowed().and_(first_contact_at=first)
    given().when(OPEN.but(first_contact_at=moment(3, 4)), by=aino, at=MONDAY).refused(ContactAfterOpening)


def test_a_case_is_a_known_living_clients() -> None:
    given(client=None).when(OPEN, by=aino).refused(ClientUnknown, client=CLIENT)
    given(client=ANY_CLIENT.but(began=None)).when(OPEN, by=aino).refused(ClientUnknown)
    given(client=ANY_CLIENT.but(dead=True)).when(OPEN, by=aino).refused(ClientDead)


def test_a_case_is_opened_once_and_before_all_else() -> None:
    given(opened_by(aino)).when(OPEN, by=aino).refused(AlreadyThere)
    given().when(PromiseNextStep("worker", "soitan", MONDAY), by=aino).refused(StreamAbsent)


def test_only_staff_open_a_case() -> None:
    given().when(OPEN, by=the_client).refused(RoleNotAllowed, allowed=["manager", "worker"])
    given().when(OPEN, by=an_auditor).refused(RoleNotAllowed)


@pytest.mark.rule(19)
def test_nothing_happens_after_it_is_recorded_nor_before_the_case() -> None:
    step = PromiseNextStep("worker", "soitan", moment(3, 20))
    case = given(opened_by(aino))
    case.when(step, by=aino, at=moment(3, 4), entered=moment(3, 3, 10)).refused(HappensInFuture)
    case.when(step, by=aino, at=MONDAY - timedelta(minutes=1), entered=moment(3, 4)).refused(BeforeTheBeginning)
    case.when(step.but(by=MONDAY.replace(tzinfo=None)), by=aino).refused(OffsetMissing, field="by")


@pytest.mark.rule(19)
def test_what_is_entered_late_or_reported_keeps_both_its_times() -> None:
    step = PromiseNextStep("unit", "kotikäynti", moment(3, 20))
    before = given(opened_by(aino)).when(step, by=aino, at=moment(3, 6))
    after = before.when(step, by=aino, at=moment(3, 4), entered=moment(3, 10), reported=True).allowed()
    told = after.last
    assert (told.occurred, told.recorded) == (moment(3, 4), moment(3, 10))
    assert (told.late, told.reported) == (True, True)


@pytest.mark.rule(26)
def test_a_next_step_is_promised_ahead() -> None:
    case = given(opened_by(aino))
    case.when(PromiseNextStep("worker", "soitan", moment(3, 7)), by=aino).then(
        NextStepPromised("worker", "soitan", moment(3, 7))
    )
    case.when(PromiseNextStep("worker", "soitan", MONDAY), by=aino, at=MONDAY).refused(PromiseInThePast)
    case.when(PromiseNextStep("worker", " ", moment(3, 7)), by=aino).refused(WordsMissing, field="what")


@pytest.mark.rule(26)
def test_nothing_more_is_promised_in_a_closed_case() -> None:
    closed = given(opened_by(aino), closed_at_once())
    closed.when(PromiseNextStep("worker", "soitan", moment(3, 7)), by=aino).refused(CaseNotOpen, status="closed")


def test_the_client_knows_at_once_of_what_they_are_told() -> None:
    (
        given(opened_by(aino))
        .when(InformClient(about=entry(1), channel="telephone"), by=aino, at=moment(3, 4))
        .then(ClientInformed(entry(1), "telephone", moment(3, 4), "", withheld=False, object_by=None, policy=0))
    )


@pytest.mark.rule(13)
def test_a_letter_posted_on_a_friday_counts_from_the_seventh_day_and_the_term_ends_on_a_working_day() -> None:
    case = given(opened_by(aino), closure_proposed_by(aino, "goals_met"))
    # Posted on Friday the 28th of March: received on Friday the 4th of April. Fourteen days from then is Good Friday,
    # and the first working day after it is the Tuesday after Easter.
    informed = (
        case.when(InformClient(about=entry(3), channel="letter"), by=aino, at=moment(3, 28)).allowed().happened[0]
    )
    assert isinstance(informed, ClientInformed)
    assert informed.received_at == moment(4, 4, 0)
    assert informed.object_by == moment(4, 23, 0)


@pytest.mark.rule(13)
def test_the_time_to_object_runs_from_the_day_of_information() -> None:
    case = given(opened_by(aino), closure_proposed_by(aino, "goals_met", at=moment(3, 4)))
    told = InformClient(about=entry(3), channel="electronic", received_at=moment(3, 6, 23))
    informed = case.when(told, by=aino, at=moment(3, 5), entered=moment(3, 10)).happened[0]
    assert isinstance(informed, ClientInformed)
    assert informed.object_by == moment(3, 21, 0)


@pytest.mark.rule(13)
def test_the_client_is_not_said_to_have_known_before_they_were_told() -> None:
    case = given(opened_by(aino), closure_proposed_by(aino, "goals_met", at=moment(3, 20)))
    told = InformClient(about=entry(3), channel="electronic")
    case.when(told.but(received_at=moment(3, 4)), by=aino, at=moment(3, 21)).refused(ReceivedBeforeTold)
    case.when(told, by=aino, at=moment(3, 4), entered=moment(3, 21)).refused(TooEarly)
    case.when(told.but(received_at=moment(3, 22)), by=aino, at=moment(3, 21)).refused(ReceivedInFuture)


def test_what_is_withheld_is_not_received() -> None:
    case = given(opened_by(aino), closure_proposed_by(aino, "goals_met"))
    (
        case.when(InformClient(entry(3), "letter", withheld_because="vaarantaisi turvallisuuden"), by=aino)
        .then(
            ClientInformed(
                entry(3), "letter", None, "vaarantaisi turvallisuuden", withheld=True, object_by=None, policy=0
            )
        )
        .and_(closure=case.case.closure)
    )


def test_nothing_is_withheld_without_a_ground() -> None:
    case = given(opened_by(aino), closure_proposed_by(aino, "goals_met"))
    informed = case.when(InformClient(entry(3), "telephone", withheld_because=" "), by=aino).allowed()
    told = informed.happened[-1]
    assert isinstance(told, ClientInformed)
    assert (told.withheld, told.received_at) == (False, informed.last.occurred)


def test_the_client_is_told_of_what_stands_in_the_case() -> None:
    given(opened_by(aino)).when(InformClient(entry(9), "letter"), by=aino).refused(EntryAbsent, version=9)


@pytest.mark.rule(6)
def test_a_handoff_does_not_reset_the_wait() -> None:
    first = MONDAY - timedelta(days=20)
    case = given(opened_by(aino, first_contact_at=first), proposed_to(bo))
    case.and_(first_contact_at=first)


def test_a_second_letter_moves_the_term_and_another_matter_does_not() -> None:
    case = given(
        opened_by(aino), closure_proposed_by(aino, "goals_met"), informed_by(aino, 3, at=moment(3, 4)),
    )  # fmt: skip
    case.when(InformClient(entry(1), "meeting"), by=aino, at=moment(3, 10)).allowed().and_(closure=case.case.closure)
    again = case.when(InformClient(entry(3), "meeting"), by=aino, at=moment(3, 10)).allowed().case.closure
    assert again is not None
    assert again.object_by == moment(3, 25, 0)


def test_a_client_is_told_of_a_closed_case_too() -> None:
    given(opened_by(aino), closed_at_once()).when(InformClient(entry(3), "letter"), by=aino).allowed()


def test_an_id_is_the_same_when_a_command_is_decided_again() -> None:
    context = given(opened_by(aino)).last
    assert context.id(1) == context.id(1)
    assert len({context.id(1), context.id(2), uuid4()}) == 3


@pytest.mark.rule(6)
def test_a_case_goes_on_from_the_one_in_the_region_that_the_client_moved_from() -> None:
    there = Continues("pirkanmaa", uuid4(), "0f" * 32)
    moved = OPEN.but(continues=there, first_contact_at=moment(1, 7))
    story = given().when(moved, by=aino, at=MONDAY).allowed().and_(first_contact_at=moment(1, 7))
    opened = story.happened[0]
    assert isinstance(opened, CaseOpened)
    assert opened.continues == there
    for nowhere in (there.but(head="0f"), there.but(region="Pirkanmaan hyvinvointialue")):
        given().when(OPEN.but(continues=nowhere), by=aino).refused(ContinuesNothing, head=nowhere.head)


@pytest.mark.rule(1)
def test_no_case_is_opened_for_who_takes_on_nothing_more() -> None:
    story = given().knowing(leaving=frozenset({holder(aino)}))
    story.when(OPEN, by=aino).refused(TakesOnNothingMore, holder=holder(aino))
    story.when(OPEN.but(responsible=holder(marja)), by=aino).allowed().and_responsible_is(marja)
