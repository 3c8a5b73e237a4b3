"""Erasing on two people's word, by the clock once a term has ended, and again where a backup brought words back."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.clock import done
from api.development import DevelopmentIssuer
from api.erase import erased_or_proposed, in_words, receipt, withdrawn
from api.house import House, opened
from api.retention import Falling, Sweep, falling_due
from api.settings import Settings
from domain.client import RegisterClient
from domain.decider import Actor, RoleNotAllowed, StreamAbsent
from domain.erasure import (
    EndRetention,
    ErasureAlreadyProposed,
    ErasureNotProposed,
    KeptStill,
    OwnErasure,
    ProposeErasure,
)
from domain.ledger.erasures import Register
from domain.ledger.postgres import Server
from domain.retention import STANDS, HoldRetention, StateTask
from projections.due import Due, due
from tests.api.conftest import Door, kind
from tests.api.running import luotsi, refused
from tests.domain.ledger.test_erasures import ANOTHER, CLOCK, MARKER, closed, opens_nothing, rows
from tests.domain.ledger.test_survivors import backed_up, restored
from tests.town import ADMINISTRATOR, AINO, Town

COURT = ProposeErasure("court_order", "hallinto-oikeus 12.3.2025")
YEARS_AGO = 11 * 366
"""How many days ago something was closed whose ten years have passed."""


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / ".luotsi", region="koe", database_url=database)


@pytest.fixture
def house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr("domain.retention.STANDS", timedelta(0))  # so that what was closed long ago may be told of now
    with opened(settings) as house:
        Town(house.cases).settle()
        yield house


@pytest.fixture
def town(house: House) -> Town:
    return Town(house.cases)


def call(settings: Settings, by: Actor | None, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Call the command line as it is called, by somebody with their token."""
    token = {"LUOTSI_TOKEN": DevelopmentIssuer.at(settings).mint(by)} if by else {}
    where = {"DATABASE_URL": settings.database_url or "", "LUOTSI_REGION": settings.region}
    return luotsi(settings.home, *arguments, **where, **token, **more)


def said(done_: subprocess.CompletedProcess[str]) -> Any:
    assert done_.returncode == 0, done_.stderr
    return json.loads(done_.stdout)


def old(town: Town, born: str = "7.3.1961", task: str = "adults", **how: Any) -> UUID:
    """Give a case that was closed long ago."""
    return closed(town, None, born, YEARS_AGO, task=task, **how)


def swept(town: Town) -> list[Due]:
    """Let the clock look once at everything, as it does each day; return what it finds due."""
    return list(Sweep(town.cases).due())


# On two people's word


@pytest.mark.rule(20)
def test_the_first_persons_call_proposes_and_anothers_confirms_and_prints_a_receipt(
    settings: Settings, town: Town
) -> None:
    case = closed(town)
    erase = ("erase", case, "--basis", "court_order", "--reason", MARKER)
    first = said(call(settings, ADMINISTRATOR, *erase, "--json"))
    assert (first["state"], first["proposed_by"]) == ("proposed", ADMINISTRATOR.id)
    assert "a second person confirms it" in refused(call(settings, ADMINISTRATOR, *erase))
    second = said(call(settings, ANOTHER, *erase, "--json"))
    assert (second["state"], second["proposed_by"], second["confirmed_by"]) == ("erased", "paivi", "toinen")
    assert second["basis"] == "court_order"
    assert second["entries_whose_words_are_gone"] == 5
    forgets = datetime.fromisoformat(second["last_backup_forgets"])
    assert datetime.now(UTC) < forgets < datetime.now(UTC) + timedelta(days=31)
    assert opens_nothing(town, case)
    again = call(settings, ADMINISTRATOR, *erase)
    assert again.returncode == 0
    assert f"Case {case}: erased" in again.stdout
    assert "last backup forgets" in again.stdout
    assert MARKER not in again.stdout + again.stderr


def test_nobody_erases_without_a_token_of_a_keeper_of_the_directory(settings: Settings, town: Town) -> None:
    case = closed(town)
    assert "--token" in refused(call(settings, None, "erase", case))
    assert "Your role may not do this" in refused(call(settings, AINO, "erase", case))
    assert "signed by another" in refused(call(settings, None, "erase", case, "--token", "x.y.z"))
    assert town.cases.words(case)


@pytest.mark.usefixtures("house")
def test_a_basis_that_there_is_not_is_told_from_those_that_there_are(settings: Settings) -> None:
    assert "wrong_person" in refused(call(settings, ADMINISTRATOR, "erase", uuid4(), "--basis", "whim"), 2)
    assert "Nothing is recorded" in refused(call(settings, ADMINISTRATOR, "erase", uuid4(), "--reason", "x"))


def test_a_proposal_on_another_basis_is_not_confirmed_by_chance(town: Town) -> None:
    case = closed(town)
    assert erased_or_proposed(town.cases, case, ADMINISTRATOR, COURT)["state"] == "proposed"
    with pytest.raises(ErasureAlreadyProposed):
        erased_or_proposed(town.cases, case, ANOTHER, ProposeErasure("wrong_person", "eri henkilö"))
    with pytest.raises(OwnErasure):
        erased_or_proposed(town.cases, case, ADMINISTRATOR, COURT)


def test_what_is_proposed_can_be_taken_back(settings: Settings, town: Town) -> None:
    case = closed(town)
    with pytest.raises(ErasureNotProposed):
        withdrawn(town.cases, case, ADMINISTRATOR)
    erased_or_proposed(town.cases, case, ADMINISTRATOR, COURT)
    assert said(call(settings, ANOTHER, "erase", case, "--withdraw", "--json"))["state"] == "withdrawn"
    assert town.cases.words(case)
    told = erased_or_proposed(town.cases, case, ANOTHER, COURT)
    assert "Another administrator's call" in in_words(told)


def test_what_is_no_case_is_not_erased(town: Town) -> None:
    for stream in (uuid4(), town.client()):
        with pytest.raises(StreamAbsent):
            erased_or_proposed(town.cases, stream, ADMINISTRATOR, COURT)
    with pytest.raises(RoleNotAllowed):
        erased_or_proposed(town.cases, closed(town), AINO, COURT)


def test_it_is_the_same_over_http(own_door: Door) -> None:
    town = Town(own_door.house.cases)
    case = closed(town)
    body = {"basis": "court_order", "reason": MARKER}
    erasure = own_door.post(f"/cases/{case}/propose-erasure", body, ADMINISTRATOR).json()["made"]
    confirm = f"/cases/{case}/confirm-erasure", {"erasure": erasure}
    assert kind(own_door.post(*confirm, ADMINISTRATOR)) == (403, "own-erasure")
    assert kind(own_door.post(f"/cases/{case}/replay-erasure", {}, CLOCK)) == (409, "no-erasure-on-record")
    assert own_door.post(*confirm, ANOTHER).status_code == 200
    assert opens_nothing(town, case)
    assert case in Register(own_door.house.settings.register, "koe").erasures()
    assert receipt(town.cases, case)["confirmed_by"] == ANOTHER.id


def test_a_receipt_without_a_day_says_that_nobody_knows_when_backups_forget() -> None:
    told = {"case": uuid4(), "state": "erased", "last_backup_forgets": None}
    assert "luotsi keys status" in in_words(told)
    assert "luotsi keys status" not in in_words(told | {"last_backup_forgets": datetime.now(UTC)})


# By itself


def test_the_clock_destroys_what_is_kept_no_longer_and_then_the_clients_own_words(town: Town) -> None:
    case, recent = old(town), closed(town, task="adults")
    client = town.cases.client_of(case)
    assert client
    (found,) = swept(town)
    assert (found.stream, found.command) == (case, EndRetention())
    assert done(town.cases, found)
    assert opens_nothing(town, case)
    with town.cases.region.connect() as connection:
        (left,) = [it for it in due(connection) if it.stream == client]
    assert done(town.cases, left)
    assert opens_nothing(town, client)
    with town.cases.region.connect() as connection:
        assert [it for it in due(connection) if it.stream == client] == []
    assert town.cases.words(recent)
    assert receipt(town.cases, case)["confirmed_by"] == "clock"
    assert swept(town) == []


def test_the_clock_leaves_be_what_is_held_proposed_of_the_sample_or_of_unknown_birth(town: Town) -> None:
    old(town, born="18.3.1961")
    old(town, task="not_stated")
    unknown, held, proposed = old(town, born="1961"), old(town), old(town)
    town.do(HoldRetention("complaint", datetime.now(UTC) + timedelta(days=9), MARKER), held, ADMINISTRATOR)
    erased_or_proposed(town.cases, proposed, ADMINISTRATOR, ProposeErasure("retention_ended", "aika"))
    assert swept(town) == []
    found = {it.case: it for it in falling_due(town.cases, datetime.now(UTC))}
    assert found.keys() == {unknown, held, proposed}
    assert found[unknown].birth_date_unknown
    assert found[held].held_until
    assert found[proposed].proposed
    assert all(it.left_to_people(datetime.now(UTC)) for it in found.values())
    assert not found[held].left_to_people(datetime.now(UTC) + timedelta(days=10))


@pytest.mark.rule(20)
def test_nobody_alone_has_words_destroyed_by_what_they_write_down_today(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.retention.STANDS", STANDS)
    backdated, restated = old(town), old(town, task="child_protection")
    town.do(StateTask("adults"), restated, AINO)
    assert swept(town) == []
    for case in (backdated, restated):
        with pytest.raises(KeptStill):
            town.do(EndRetention(), case, CLOCK)
    found = {it.case: it for it in falling_due(town.cases, datetime.now(UTC) + timedelta(days=91))}
    assert found.keys() == {backdated, restated}  # time enough to see them in the list, and to hold them


def test_the_clock_looks_once_a_day(town: Town) -> None:
    sweep = Sweep(town.cases)
    assert list(sweep.due()) == []
    old(town)
    assert list(sweep.due()) == []
    assert len(swept(town)) == 1


def test_one_case_that_cannot_be_looked_at_keeps_no_other_waiting(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    first, second = old(town), old(town)
    with town.cases.region.connect(owner=True) as owner:
        damage = "UPDATE words SET ciphertext = '\\x00' WHERE stream = %s"
        owner.execute(damage, (town.cases.client_of(first),))
    assert [it.stream for it in swept(town)] == [second]
    assert "WordsDamaged" in caplog.text


def test_one_key_that_is_damaged_keeps_no_other_waiting(
    settings: Settings, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = old(town), old(town)
    with town.cases.region.connect(owner=True) as owner:
        damage = "UPDATE keys SET wrapped = set_byte(wrapped, 60, (get_byte(wrapped, 60) + 1) %% 256) WHERE stream = %s"
        owner.execute(damage, (first,))
    with opened(settings) as another:  # which remembers no keys
        assert [it.stream for it in swept(Town(another.cases))] == [second]
    assert "KeyDamaged" in caplog.text


def test_a_register_that_is_damaged_stops_the_sweep_and_not_the_clock(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    case = old(town)
    assert town.cases.register
    town.cases.register.path.write_text("no line\n")
    assert swept(town) == []
    assert "RegisterDamaged" in caplog.text
    assert town.cases.words(case)


def test_pages_are_read_one_after_the_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.retention.PAGE", 2)
    client = uuid4()
    town.do(RegisterClient("7.3.1961", ""), client, AINO)
    cases = {closed(town, client, ago=YEARS_AGO + number, task="adults") for number in range(5)}
    assert {it.case for it in falling_due(town.cases, datetime.now(UTC))} == cases


def test_what_falls_due_is_listed_beforehand(settings: Settings, town: Town) -> None:
    now, soon = old(town), closed(town, ago=365 * 10 - 30, task="older_people")
    closed(town, ago=365 * 5, task="adults")
    first, second = said(call(settings, None, "retention", "--json"))
    assert (first["case"], second["case"]) == (str(now), str(soon))
    assert second["task"] == "older_people"
    assert date.fromisoformat(first["due"]) > datetime.now(UTC).date() + timedelta(days=88)
    assert (first["left_to_people"], first["birth_date_unknown"]) == (False, False)
    assert said(call(settings, None, "retention", "--days", "0", "--json")) == []
    printed = call(settings, None, "retention").stdout
    assert str(soon) in printed
    assert "destroyed by the clock" in printed
    assert "1961" not in printed


def test_a_case_tells_what_keeps_it() -> None:
    it = Falling(uuid4(), "adults", datetime(2014, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC).date())
    assert not it.left_to_people(datetime.now(UTC))


# A backup


def test_a_house_that_opens_on_a_backup_serves_nothing_that_was_erased(
    settings: Settings, town: Town, postgres: Server, tmp_path: Path
) -> None:
    case = closed(town)
    backup = backed_up(town.cases.region, tmp_path / "backup")
    for who in (ADMINISTRATOR, ANOTHER):
        erased_or_proposed(town.cases, case, who, COURT)
    with restored(postgres, backup) as region:
        anew = Settings(home=settings.home, region="koe", database_url=region.url)
        assert [it for it in rows(region, "keys") if str(case) in it]
        with opened(anew) as again:
            assert opens_nothing(Town(again.cases), case)
            assert receipt(again.cases, case)["replays"] is not None


def test_the_register_stands_in_the_home_or_where_it_is_said(tmp_path: Path) -> None:
    here = Settings.read({"LUOTSI_HOME": str(tmp_path)})
    assert here.register == tmp_path / "keys" / "erasures.jsonl"
    elsewhere = Settings.read({"LUOTSI_HOME": str(tmp_path), "LUOTSI_ERASURES": "/srv/shared/erasures.jsonl"})
    assert elsewhere.register == Path("/srv/shared/erasures.jsonl")
