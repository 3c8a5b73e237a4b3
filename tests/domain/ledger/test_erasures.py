"""An erasure takes the words, their key and what ties the case to its client; and no backup brings them back."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.case import Case
from domain.client import Client, RegisterClient
from domain.closure import CloseCase, ProposeClosure
from domain.decider import Actor, Override, Role, WordsErased
from domain.erasure import (
    CasesRemain,
    ClientDataErased,
    ConfirmErasure,
    EndRetention,
    EraseClientData,
    NoErasureOnRecord,
    PersonalDataErased,
    ProposeErasure,
    ReplayErasure,
)
from domain.intake import OpenCase
from domain.ledger.application import KeyReused, ask
from domain.ledger.database import Region
from domain.ledger.erasures import Erasure, Register, RegisterDamaged, RegisterUnwritable, reconcile
from domain.ledger.fingerprint import kept, same
from domain.ledger.postgres import Server
from domain.voice import RecordStatement
from projections.live import Live
from tests.domain.ledger.conftest import everything, faults
from tests.domain.ledger.test_survivors import backed_up, restored
from tests.town import ADMINISTRATOR, AINO, Town, ledger

ANOTHER = Actor("toinen", Role.ADMINISTRATOR)
CLOCK = Actor("clock", Role.SYSTEM)
MARKER = "salainen-7f3a"


@contextmanager
def process(region: Region, home: Path) -> Iterator[Town]:
    """Open the ledger as a process does that starts: its register is compared first."""
    with ledger(region, home, Live()) as cases:
        cases.register = Register(home / "erasures.jsonl", region.name)
        reconcile(cases)
        yield Town(cases)


@pytest.fixture
def region(database: str) -> Region:
    return Region(database, "koe")


@pytest.fixture
def town(region: Region, tmp_path: Path) -> Iterator[Town]:
    with process(region, tmp_path) as town:
        yield town.settle()


def register_in(home: Path) -> Register:
    return Register(home / "erasures.jsonl", "koe")


def closed(town: Town, client: UUID | None = None, born: str = "7.3.1961", ago: float = 0, **how: Any) -> UUID:
    """Open and close a case, so many days ago."""
    at = datetime.now(UTC) - timedelta(days=ago)
    if client is None:
        client = uuid4()
        town.do(RegisterClient(born, MARKER), client, AINO)
    case = uuid4()
    town.do(OpenCase(client, MARKER, **how), case, AINO, occurred=at)
    town.do(RecordStatement(MARKER), case, AINO, occurred=at)
    ended = ProposeClosure("moved", no_view_because=MARKER, urgent=True)
    town.do(ended, case, AINO, occurred=at)
    town.do(ended_at_once(), case, manager_of(AINO), occurred=at)
    return case


def ended_at_once() -> CloseCase:
    return CloseCase(override=(Override(13, MARKER, datetime.now(UTC) + timedelta(days=30)),))


def manager_of(actor: Actor) -> Actor:
    return Actor("mikko", Role.MANAGER, actor.organisation, actor.unit)


def erase(town: Town, case: UUID) -> None:
    """Erase a case on two people's word."""
    town.do(ProposeErasure("court_order", MARKER), case, ADMINISTRATOR)
    state = town.cases.loaded(case, Case).state
    assert isinstance(state, Case)
    assert state.erasure is not None
    town.do(ConfirmErasure(state.erasure.erasure), case, ANOTHER)


def rows(region: Region, table: str) -> list[str]:
    return everything(region)[table]


def opens_nothing(town: Town, case: UUID) -> bool:
    """Say whether nothing is left of a case's words, and its skeleton is whole."""
    found = everything(town.cases.region)
    left = [row for table in ("words", "keys", "clients") for row in found[table] if str(case) in row]
    return left == [] and town.cases.words(case) == {} and faults(town.cases.region, case) == []


@pytest.mark.rule(20)
def test_words_key_and_lookup_go_in_the_act_that_says_so_and_the_skeleton_stays(town: Town) -> None:
    case, other = closed(town), closed(town)
    before = len(town.cases.history(case))
    erase(town, case)
    assert opens_nothing(town, case)
    assert town.cases.client_of(case) is None
    assert town.cases.client_of(other) is not None
    history = town.cases.history(case)
    assert len(history) == before + 3
    event = history[-1].event
    assert isinstance(event, PersonalDataErased)
    assert event.forgotten_on is not None
    assert event.forgotten_on > datetime.now(UTC)
    with pytest.raises(WordsErased):
        town.say(case, by=AINO)
    assert town.cases.loaded(case, Case).client is None


def test_the_line_is_on_the_disk_before_the_erasure_is_acknowledged(town: Town, tmp_path: Path) -> None:
    case = closed(town)
    erase(town, case)
    (line,) = (tmp_path / "erasures.jsonl").read_text().splitlines()
    last = town.cases.history(case)[-1]
    assert json.loads(line) == {
        "region": "koe", "stream": str(case), "version": last.version, "topic": "personal-data-erased",
        "basis": "court_order", "command": str(last.context.command),
        "at": last.context.recorded.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    assert (tmp_path / "erasures.jsonl").stat().st_mode & 0o077 == 0


def test_nothing_is_written_where_one_step_fails(town: Town, tmp_path: Path) -> None:
    case = closed(town)
    town.do(ProposeErasure("court_order", MARKER), case, ADMINISTRATOR)
    state = town.cases.loaded(case, Case).state
    assert isinstance(state, Case)
    assert state.erasure
    before = everything(town.cases.region)
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("ALTER FUNCTION destroy_key RENAME TO destroyed_key")
        with pytest.raises(psycopg.errors.UndefinedFunction):
            town.do(ConfirmErasure(state.erasure.erasure), case, ANOTHER)
        owner.execute("ALTER FUNCTION destroyed_key RENAME TO destroy_key")
    assert everything(town.cases.region) == before
    assert not (tmp_path / "erasures.jsonl").exists()


def test_no_hash_of_what_was_sent_can_be_guessed_afterwards(town: Town) -> None:
    case = closed(town)
    asked = ask(RecordStatement("kyllä"), town.case(), AINO, keyed=True, fingerprint=b"sha-256 of yes")
    receipt = town.cases.execute(asked)
    assert b"sha-256 of yes".hex() not in str(rows(town.cases.region, "receipts"))
    assert town.cases.execute(asked) == receipt
    with pytest.raises(KeyReused):
        town.cases.execute(ask(RecordStatement("ei"), asked.stream, AINO, id=asked.id, keyed=True, fingerprint=b"no"))
    erase(town, case)


def test_a_request_is_told_from_another_under_the_streams_key_alone() -> None:
    assert same(b"k" * 32, kept(b"k" * 32, b"one"), b"one")
    assert not same(b"k" * 32, kept(b"k" * 32, b"one"), b"two")
    assert not same(b"k" * 32, kept(b"x" * 32, b"one"), b"one")
    assert same(None, kept(b"k" * 32, b"one"), b"two")
    assert kept(b"k" * 32, b"") == kept(None, b"one") == b""


# The client's own words


def test_the_clients_own_words_go_after_those_of_their_last_case(town: Town) -> None:
    client = uuid4()
    town.do(RegisterClient("7.3.1961", MARKER), client, AINO)
    first, last = closed(town, client), closed(town, client)
    erase(town, first)
    assert rows(town.cases.region, "bereft") == []
    with pytest.raises(CasesRemain):
        town.do(EraseClientData(), client, CLOCK)
    erase(town, last)
    assert rows(town.cases.region, "bereft") == [str(client)]
    assert town.cases.words(client)[1]["municipality"] == MARKER
    town.do(EraseClientData(), client, CLOCK)
    assert isinstance(town.cases.history(client)[-1].event, ClientDataErased)
    assert opens_nothing(town, client)
    assert rows(town.cases.region, "bereft") == []


def test_two_last_cases_that_are_erased_at_once_leave_the_client_bereft(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.retention.STANDS", timedelta(0))
    client = uuid4()
    town.do(RegisterClient("7.3.1961", MARKER), client, AINO)
    both = [closed(town, client, ago=5000, task="adults") for _ in range(2)]
    start = threading.Barrier(2)
    with process(town.cases.region, tmp_path) as elsewhere, ThreadPoolExecutor(2) as people:

        def end(number: int) -> None:
            start.wait()
            (town, elsewhere)[number].do(EndRetention(), both[number], CLOCK)

        list(people.map(end, range(2)))
    assert rows(town.cases.region, "bereft") == [str(client)]
    assert len(register_in(tmp_path).erasures()) == 2


def test_a_clients_key_is_not_destroyed_while_they_have_cases(town: Town) -> None:
    client = uuid4()
    town.do(RegisterClient("7.3.1961", MARKER), client, AINO)
    case = closed(town, client)
    erase(town, case)
    town.do(EraseClientData(), client, CLOCK)
    with town.cases.region.connect(owner=True) as owner:
        owner.execute('INSERT INTO clients ("case", client) VALUES (%s, %s)', (uuid4(), client))
        with pytest.raises(psycopg.errors.RaiseException, match="has cases"):
            owner.execute("SELECT destroy_key(%s)", (client,))


# The register


def line(stream: UUID, region: str = "koe") -> Erasure:
    return Erasure(region, stream, 3, "personal-data-erased", "court_order", uuid4(), datetime.now(UTC))


def test_a_register_reads_what_was_added_by_whomever_and_only_its_own_regions(tmp_path: Path) -> None:
    here, there = register_in(tmp_path), register_in(tmp_path)
    assert here.erasures() == {}
    first, second = line(uuid4()), line(uuid4())
    there.add([first, line(uuid4(), "muualla")])
    assert here.erasures() == {first.stream: first}
    assert (here.of(first.stream), here.of(second.stream)) == (first, None)
    here.add([second])
    here.add([])
    assert there.erasures() == here.erasures() == {first.stream: first, second.stream: second}


def test_many_who_add_at_once_lose_no_line(tmp_path: Path) -> None:
    added = [line(uuid4()) for _ in range(64)]
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda it: register_in(tmp_path).add([it]), added))
    assert register_in(tmp_path).erasures() == {it.stream: it for it in added}


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_last_line_that_was_cut_short_does_no_harm(tmp_path: Path, cut: int) -> None:
    register, whole = register_in(tmp_path), line(uuid4())
    register.add([whole, line(uuid4())])
    os.truncate(register.path, register.path.stat().st_size - cut)
    assert register_in(tmp_path).erasures() == {whole.stream: whole}
    later = line(uuid4())
    register_in(tmp_path).add([later])
    assert register_in(tmp_path).erasures() == {whole.stream: whole, later.stream: later}


def test_a_register_that_was_put_back_from_a_copy_is_read_anew(tmp_path: Path) -> None:
    register, first, second = register_in(tmp_path), line(uuid4()), line(uuid4())
    register.add([first])
    copy = register.path.read_bytes()
    register.add([second])
    assert len(register.erasures()) == 2
    register.path.write_bytes(copy)
    assert register.erasures() == {first.stream: first}


def test_a_line_in_the_middle_that_cannot_be_read_stops_whoever_would_serve(town: Town, tmp_path: Path) -> None:
    erase(town, closed(town))
    register = register_in(tmp_path)
    register.path.write_bytes(b'{"region": "koe", "str\n' + register.path.read_bytes())
    with pytest.raises(RegisterDamaged, match=r"erasures\.jsonl"), process(town.cases.region, tmp_path):
        pass


def test_where_the_register_cannot_be_written_the_erasure_is_not_acknowledged(town: Town, tmp_path: Path) -> None:
    case = closed(town)
    (tmp_path / "lost.jsonl").symlink_to(tmp_path / "no such directory" / "erasures.jsonl")
    town.cases.register = Register(tmp_path / "lost.jsonl", "koe")
    with pytest.raises(RegisterUnwritable):
        erase(town, case)
    with process(town.cases.region, tmp_path) as again:
        assert opens_nothing(again, case)
    assert case in register_in(tmp_path).erasures()


# A process that was killed, and a register that is gone


def test_what_a_killed_process_did_not_get_to_is_added_at_the_next_start(town: Town, tmp_path: Path) -> None:
    case = closed(town)
    town.cases.register = None  # as if it was killed between its COMMIT and the line
    erase(town, case)
    assert register_in(tmp_path).erasures() == {}
    with process(town.cases.region, tmp_path):
        noted = register_in(tmp_path).erasures()[case]
    last = town.cases.history(case)[-1]
    assert (noted.version, noted.basis, noted.command) == (last.version, "court_order", last.context.command)


def test_whoever_asks_again_gets_no_answer_before_the_line_is_on_the_disk(town: Town, tmp_path: Path) -> None:
    case, register = closed(town), town.cases.register
    assert register
    town.do(ProposeErasure("court_order", MARKER), case, ADMINISTRATOR)
    state = town.cases.loaded(case, Case).state
    assert isinstance(state, Case)
    assert state.erasure
    asked = ask(ConfirmErasure(state.erasure.erasure), case, ANOTHER, keyed=True)
    town.cases.register = None  # as if the connection or the process went just after COMMIT
    town.cases.execute(asked)
    town.cases.register = Register(tmp_path / "no such directory" / "file" / "e.jsonl", "koe")
    (tmp_path / "no such directory").touch()
    with pytest.raises((RegisterDamaged, RegisterUnwritable)):
        town.cases.execute(asked)
    town.cases.register = register
    assert register.erasures() == {}
    receipt = town.cases.execute(asked)
    assert register.erasures()[case].command == receipt.command == asked.id


def test_a_register_that_is_gone_is_made_anew_from_the_ledger(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    erased = {closed(town) for _ in range(3)}
    for case in erased:
        erase(town, case)
    (tmp_path / "erasures.jsonl").unlink()
    with process(town.cases.region, tmp_path):
        assert register_in(tmp_path).erasures().keys() == erased
    assert "lacked 3 erasures" in caplog.text
    assert MARKER not in caplog.text


def test_starting_again_changes_nothing(town: Town, tmp_path: Path) -> None:
    erase(town, closed(town))
    before, lines = everything(town.cases.region), (tmp_path / "erasures.jsonl").read_bytes()
    with process(town.cases.region, tmp_path) as again:
        assert reconcile(again.cases) == 0
    assert everything(town.cases.region) == before
    assert (tmp_path / "erasures.jsonl").read_bytes() == lines


# A backup


def test_what_a_backup_brings_back_is_erased_again_before_anything_is_served(
    town: Town, postgres: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = uuid4()
    town.do(RegisterClient("7.3.1961", MARKER), client, AINO)
    case, kept_case = closed(town, client), closed(town)
    still_open = town.case()
    backup = backed_up(town.cases.region, tmp_path / "backup")
    town.do(ProposeClosure("moved", no_view_because=MARKER), still_open, AINO)
    town.do(ended_at_once(), still_open, manager_of(AINO))
    for it in (case, still_open):
        erase(town, it)
    town.do(EraseClientData(), client, CLOCK)
    original = town.cases.history(case)[-1].context.command
    with restored(postgres, backup) as region:
        with ledger(region, tmp_path, Live()) as unaware:
            assert unaware.words(case)[1]["need"] == MARKER  # as anybody would find it who did not ask the register
        with process(region, tmp_path) as again:
            for stream in (case, still_open, client):
                assert opens_nothing(again, stream)
            event = again.cases.history(case)[-1].event
            assert isinstance(event, PersonalDataErased)
            assert (event.basis, event.replays) == ("court_order", original)
            state = again.cases.loaded(still_open, Case).state
            assert isinstance(state, Case)
            assert (state.status, state.erased) == ("closed", True)
            assert isinstance(again.cases.loaded(client, Client).state, Client)
            assert again.cases.words(kept_case)[1]["need"] == MARKER
            assert reconcile(again.cases) == 0
    assert "a backup brought back 3 erased streams" in caplog.text
    assert MARKER not in caplog.text


def test_keys_that_come_back_by_themselves_are_destroyed_again(town: Town, tmp_path: Path) -> None:
    case = closed(town)
    region = town.cases.region
    with region.connect(owner=True) as owner:
        tables = ("keys", "words", "clients")
        copies = {it: owner.execute(f"SELECT * FROM {it}".encode()).fetchall() for it in tables}
        erase(town, case)
        for it in tables:
            for row in copies[it]:
                values = ", ".join(["%s"] * len(row))
                owner.execute(f"INSERT INTO {it} VALUES ({values}) ON CONFLICT DO NOTHING".encode(), row)
    before = len(town.cases.history(case))
    with process(region, tmp_path) as again:
        assert opens_nothing(again, case)
        assert len(again.cases.history(case)) == before  # its history says so already


def test_a_case_that_came_back_without_its_key_is_erased_whole_again(
    town: Town, postgres: Server, tmp_path: Path
) -> None:
    """As where the survivors' keys alone were taken in after the backup."""
    case = closed(town)
    backup = backed_up(town.cases.region, tmp_path / "backup")
    erase(town, case)
    with restored(postgres, backup) as region:
        with region.connect(owner=True) as owner:
            owner.execute("DELETE FROM keys WHERE stream = %s", (case,))
        with process(region, tmp_path) as again:
            assert opens_nothing(again, case)
            assert again.cases.history(case)[-1].event.topic == "personal-data-erased"


def test_several_processes_that_start_at_once_on_a_backup_erase_again_once(
    town: Town, postgres: Server, tmp_path: Path
) -> None:
    erased = [closed(town) for _ in range(4)]
    backup = backed_up(town.cases.region, tmp_path / "backup")
    for case in erased:
        erase(town, case)
    with restored(postgres, backup) as region:
        start = threading.Barrier(3)

        def begin(_: int) -> int:
            with ledger(region, tmp_path, Live()) as cases:
                cases.register = register_in(tmp_path)
                start.wait()
                return reconcile(cases)

        with ThreadPoolExecutor(3) as people:
            assert max(people.map(begin, range(3))) == 4
        with process(region, tmp_path) as again:
            for case in erased:
                assert opens_nothing(again, case)
                assert [it.event.topic for it in again.cases.history(case)].count("personal-data-erased") == 1


def test_what_a_backup_never_had_is_left_out(town: Town, postgres: Server, tmp_path: Path) -> None:
    backup = backed_up(town.cases.region, tmp_path / "backup")
    case = closed(town)
    erase(town, case)
    with restored(postgres, backup) as region, process(region, tmp_path) as again:
        assert again.cases.history(case) == []
    assert case in register_in(tmp_path).erasures()


def test_nobody_replays_what_the_register_does_not_have(town: Town) -> None:
    case = town.case()
    with pytest.raises(NoErasureOnRecord):
        town.do(ReplayErasure(), case, CLOCK)
