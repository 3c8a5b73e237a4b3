"""The directory's streams: organisations, units, workers, and the policy."""

import pytest

from domain.decider import Actor, AlreadyThere, Command, Role, RoleNotAllowed
from domain.directory import (
    POLICY_STREAM,
    AnothersDirectory,
    JoinUnit,
    NameMissing,
    NegativeDays,
    NotRegistered,
    OpenUnit,
    Organisation,
    OrganisationMissing,
    OrganisationRegistered,
    PolicySet,
    RegisterOrganisation,
    SetPolicy,
    TooManyDays,
    Unit,
    UnitOpened,
    Worker,
    WorkerJoined,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.leaving import AnnounceLeaving, CloseUnit, DepartWorker, SetCaseloadLimit
from domain.policy import THRESHOLDS, Policy
from tests.domain.given import KELA, Asked, aino, given, marja, moment, the_administrator, the_client

KELA_ITSELF = RegisterOrganisation(KELA, "Kela")
BENEFITS = OpenUnit(KELA, "perustoimeentulotuki", "Perustoimeentulotuki", "Tampere")
AINO = JoinUnit(KELA, "perustoimeentulotuki", "aino", "etuuskäsittelijä")


def test_an_organisation_is_registered_once() -> None:
    story = given().when(KELA_ITSELF, by=the_administrator).then(OrganisationRegistered(KELA, "Kela"))
    assert isinstance(story.state, Organisation)
    story.when(KELA_ITSELF, by=the_administrator).refused(AlreadyThere)


def test_a_unit_opens_in_a_registered_organisation() -> None:
    given().when(BENEFITS, by=the_administrator).refused(NotRegistered)
    story = given().knowing(existing=frozenset({organisation_stream(KELA)}))
    opened = story.when(BENEFITS, by=the_administrator)
    opened.then(UnitOpened(KELA, "perustoimeentulotuki", "Perustoimeentulotuki", "Tampere"))
    assert isinstance(opened.state, Unit)


def test_a_worker_joins_units_that_are_there() -> None:
    given().when(AINO, by=the_administrator).refused(NotRegistered)
    existing = frozenset({unit_stream(KELA, "perustoimeentulotuki"), unit_stream(KELA, "palveluneuvonta")})
    story = given().knowing(existing=existing).when(AINO, by=the_administrator)
    story.then(WorkerJoined(KELA, "perustoimeentulotuki", "aino", "etuuskäsittelijä"))
    story.when(AINO, by=the_administrator).then()
    both = story.when(AINO.but(unit="palveluneuvonta"), by=the_administrator).allowed()
    assert isinstance(both.state, Worker)
    assert both.state.units == {"perustoimeentulotuki", "palveluneuvonta"}


def test_nothing_in_the_directory_goes_by_no_name() -> None:
    existing = frozenset({organisation_stream(KELA), unit_stream(KELA, "perustoimeentulotuki")})
    story = given().knowing(existing=existing)
    nameless = (
        (KELA_ITSELF.but(organisation=" "), "organisation"), (KELA_ITSELF.but(name=""), "name"),
        (BENEFITS.but(unit=""), "unit"), (BENEFITS.but(name=" "), "name"), (AINO.but(worker=""), "worker"),
    )  # fmt: skip
    for command, field in nameless:
        story.when(command, by=the_administrator).refused(NameMissing, field=field)


@pytest.mark.parametrize("somebody_else", [aino, marja, the_client])
def test_only_an_administrator_keeps_the_directory(somebody_else: Actor) -> None:
    commands: list[Command[Organisation] | Command[Unit] | Command[Worker]] = [KELA_ITSELF, BENEFITS, AINO]
    for command in commands:
        given().when(command, by=somebody_else).refused(RoleNotAllowed, allowed=["administrator"])
    given().when(SetPolicy("object_days", 0), by=somebody_else).refused(RoleNotAllowed)


def test_a_policy_counts_from_when_it_was_set() -> None:
    story = given().when(SetPolicy("object_days", 21), by=the_administrator).then(PolicySet("object_days", 21))
    assert story.state.policies.at() == Policy(version=1, object_days=21)
    longer = story.when(SetPolicy("respond_working_days", 10), by=the_administrator).allowed()
    assert longer.state.policies.at() == Policy(version=2, object_days=21, respond_working_days=10)
    story.when(SetPolicy("object_days", -1), by=the_administrator).refused(NegativeDays, value=-1)
    story.when(SetPolicy("object_days", 10**9), by=the_administrator).refused(TooManyDays)
    assert {"version", *THRESHOLDS} == vars(Policy()).keys()


def test_a_policy_entered_late_still_counts_as_the_newest_version() -> None:
    late = Asked(SetPolicy("letter_days", 8), the_administrator, moment(3, 4), entered=moment(3, 9))
    story = given(
        Asked(SetPolicy("object_days", 21), the_administrator, moment(3, 3)),
        Asked(SetPolicy("late_days", 5), the_administrator, moment(3, 5)), late,
    )  # fmt: skip
    assert story.state.policies.at() == Policy(version=3, object_days=21, late_days=5, letter_days=8)


def test_every_stream_of_the_directory_is_its_own() -> None:
    streams = {
        POLICY_STREAM, organisation_stream("a"), unit_stream("a", "b"), worker_stream("a", "b"), unit_stream("ab", ""),
        unit_stream("", "ab"),
    }  # fmt: skip
    assert len(streams) == 6


def test_a_policy_is_set_for_the_region_an_organisation_or_a_unit() -> None:
    streams = frozenset({organisation_stream(KELA), unit_stream(KELA, "palveluneuvonta")})
    story = given().knowing(existing=streams)
    for command in (
        SetPolicy("bounces", 3), SetPolicy("bounces", 4, KELA), SetPolicy("bounces", 5, KELA, "palveluneuvonta"),
        SetPolicy("bounces", 6),
    ):  # fmt: skip
        story = story.did(Asked(command, the_administrator))
    policies = story.state.policies
    assert [policies.at(None, *place).bounces for place in [(), (KELA,), (KELA, "palveluneuvonta")]] == [6, 4, 5]
    assert policies.at(moment(3, 1)).bounces == Policy().bounces
    story.when(SetPolicy("bounces", 3, "0000000-0"), by=the_administrator).refused(NotRegistered)
    story.when(SetPolicy("bounces", 3, unit="palveluneuvonta"), by=the_administrator).refused(OrganisationMissing)


KEEPER = Actor("pirjo", Role.ADMINISTRATOR, KELA)
OTHER_KEEPER = Actor("oskari", Role.ADMINISTRATOR, "pirha")


def test_who_keeps_an_organisations_directory_keeps_no_others() -> None:
    given().when(KELA_ITSELF, by=KEEPER).refused(AnothersDirectory)  # which organisations there are, the region says
    existing = frozenset({organisation_stream(KELA), unit_stream(KELA, "perustoimeentulotuki")})
    for command in (BENEFITS, AINO, SetPolicy("respond_working_days", 3, KELA)):
        story = given().knowing(existing=existing)
        story.when(command, by=OTHER_KEEPER).refused(AnothersDirectory)
        story.when(command, by=KEEPER).allowed()
    given().when(SetPolicy("respond_working_days", 3), by=KEEPER).refused(AnothersDirectory)


@pytest.mark.parametrize(
    ("begun", "command"),
    [(BENEFITS, CloseUnit()), (BENEFITS, SetCaseloadLimit(7)), (AINO, AnnounceLeaving()), (AINO, DepartWorker())],
)
def test_nobody_closes_the_units_or_ends_the_work_of_another_organisations(
    begun: Command[Unit] | Command[Worker], command: Command[Unit] | Command[Worker]
) -> None:
    existing = frozenset({organisation_stream(KELA), unit_stream(KELA, "perustoimeentulotuki")})
    story = given().knowing(existing=existing).did(Asked(begun, the_administrator))
    story.when(command, by=OTHER_KEEPER).refused(AnothersDirectory)
