"""How organisations, units and workers are reached: set by who keeps the directory, each time as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from domain.decider import Actor, Command, Role, RoleNotAllowed
from domain.directory import (
    AnothersDirectory,
    JoinUnit,
    NameMissing,
    OpenUnit,
    RegisterOrganisation,
    organisation_stream,
    unit_stream,
)
from domain.reaching import (
    ElectronicMalformed,
    Hours,
    HoursMalformed,
    SetSwitchboard,
    SetUnitContact,
    SetWorkerContact,
    SwitchboardSet,
    TelephoneMalformed,
    TooLongToTell,
    UnitContactSet,
    WorkerContactSet,
)
from projections.reach import ORGANISATIONS, UNIT_REACH, WORKER_REACH, OrganisationReach, UnitReach, WorkerReach
from tests.domain.given import KELA, Asked, Story, aino, given, marja, the_administrator, the_client

OFFICE = Hours("mon", "fri", "09:00", "15:00")
THERE = frozenset({organisation_stream(KELA), unit_stream(KELA, "palveluneuvonta")})
BEGUN: dict[str, Command[Any]] = {
    "organisation": RegisterOrganisation(KELA, "Kela"),
    "unit": OpenUnit(KELA, "palveluneuvonta", "Palveluneuvonta"),
    "worker": JoinUnit(KELA, "palveluneuvonta", "aino"),
}
SETTING: dict[str, Command[Any]] = {
    "organisation": SetSwitchboard("020 634 0000"),
    "unit": SetUnitContact("03 000 0021", (OFFICE,), "neuvonta@kela.example", "Esimerkkikatu 1"),
    "worker": SetWorkerContact("Aino Virtanen", "03 000 0022"),
}
each = pytest.mark.parametrize("what", BEGUN)


def begun(what: str) -> Story:
    """Give an organisation, a unit or a worker of the directory."""
    return given().knowing(existing=THERE).did(Asked(BEGUN[what], the_administrator))


def test_an_organisation_is_reached_by_its_switchboard() -> None:
    story = begun("organisation").when(SETTING["organisation"], by=the_administrator)
    story.then(SwitchboardSet("020 634 0000"))
    story.when(SetSwitchboard(), by=the_administrator).then(SwitchboardSet(None))


def test_a_unit_is_reached_by_telephone_in_its_hours_electronically_and_on_foot() -> None:
    story = begun("unit").when(SETTING["unit"], by=the_administrator)
    story.then(UnitContactSet("03 000 0021", (OFFICE,), "neuvonta@kela.example", "Esimerkkikatu 1"))


def test_a_worker_goes_by_the_name_that_clients_are_to_know() -> None:
    story = begun("worker").when(SetWorkerContact(" Aino "), by=the_administrator)
    story.then(WorkerContactSet("Aino", None))
    story.when(SetWorkerContact(" "), by=the_administrator).refused(NameMissing, field="name")


@each
def test_what_is_set_again_takes_the_place_of_all_before_and_what_is_the_same_is_nothing_new(what: str) -> None:
    story = begun(what).when(SETTING[what], by=the_administrator).allowed()
    story.when(SETTING[what], by=the_administrator).then()
    if what == "unit":
        other = story.when(SetUnitContact(electronic="https://kela.example/neuvonta"), by=the_administrator)
        other.then(UnitContactSet(None, (), "https://kela.example/neuvonta", None))


@each
@pytest.mark.parametrize("somebody_else", [aino, marja, the_client])
def test_only_who_keeps_the_directory_sets_it(what: str, somebody_else: Actor) -> None:
    begun(what).when(SETTING[what], by=somebody_else).refused(RoleNotAllowed, allowed=["administrator"])


@each
def test_who_keeps_an_organisations_directory_sets_its_own_and_no_others(what: str) -> None:
    story = begun(what)
    story.when(SETTING[what], by=Actor("oskari", Role.ADMINISTRATOR, "pirha")).refused(AnothersDirectory)
    story.when(SETTING[what], by=Actor("pirjo", Role.ADMINISTRATOR, KELA)).allowed()


@pytest.mark.parametrize("number", ["", " ", "12", "soita", "03 000 0010 (vaihde)", "1" * 40, "+", "03--0", "03\n000"])
def test_a_number_that_nobody_can_dial_is_refused(number: str) -> None:
    for what, command in SETTING.items():
        begun(what).when(command.but(telephone=number), by=the_administrator).refused(TelephoneMalformed)


@pytest.mark.parametrize("number", ["112", "0206340000", "+358 3 000 0010", "03-000-0010"])
def test_a_number_is_written_as_people_write_it(number: str) -> None:
    begun("organisation").when(SetSwitchboard(number), by=the_administrator).then(SwitchboardSet(number))


@pytest.mark.parametrize(
    "address", ["", "javascript:alert(1)", "http://kela.example", "kela.example", "a b@kela.example", "https://", "@"]
)
def test_an_address_to_which_nobody_can_write_is_refused(address: str) -> None:
    begun("unit").when(SetUnitContact(electronic=address), by=the_administrator).refused(ElectronicMalformed)


@pytest.mark.parametrize(
    "hours",
    [
        Hours("fri", "mon", "09:00", "15:00"), Hours("mon", "fri", "15:00", "09:00"),
        Hours("mon", "fri", "09:00", "09:00"), Hours("mon", "fri", "9:00", "9:30"),
        Hours("mon", "fri", "09:00", "24:00"), Hours("mon", "fri", "09:60", "15:00"),
    ],
    ids=str,
)  # fmt: skip
def test_hours_begin_before_they_end(hours: Hours) -> None:
    begun("unit").when(SetUnitContact(hours=(OFFICE, hours)), by=the_administrator).refused(HoursMalformed)


def test_nothing_is_longer_than_somebody_reads_out() -> None:
    for what, command in (
        ("unit", SetUnitContact(visiting="x" * 201)), ("unit", SetUnitContact(electronic="x" * 200 + "@kela.example")),
        ("worker", SetWorkerContact("x" * 201)),
    ):  # fmt: skip
        begun(what).when(command, by=the_administrator).refused(TooLongToTell, most=200)
    begun("unit").when(SetUnitContact(visiting=" "), by=the_administrator).refused(NameMissing, field="visiting")


def test_the_directory_tells_of_each_as_it_was_set_last() -> None:
    rows = {what: begun(what).did(Asked(SETTING[what], the_administrator)).history for what in BEGUN}
    (organisation,) = ORGANISATIONS.over(rows["organisation"])
    (unit,) = UNIT_REACH.over(rows["unit"])
    (worker,) = WORKER_REACH.over(rows["worker"])
    assert (organisation.name, organisation.telephone) == ("Kela", "020 634 0000")
    assert (unit.telephone, unit.hours, unit.visiting) == ("03 000 0021", (OFFICE,), "Esimerkkikatu 1")
    assert (worker.name, worker.telephone) == ("Aino Virtanen", "03 000 0022")
    assert not ORGANISATIONS.over(rows["organisation"][1:])
    assert not UNIT_REACH.over(rows["unit"][:1])
    assert {OrganisationReach, UnitReach, WorkerReach} == {type(it) for it in (organisation, unit, worker)}
