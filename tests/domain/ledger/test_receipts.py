"""Every command has an id: asked twice, cut off or killed in the middle, it happens once or not at all."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from domain.decider import Actor, Role
from domain.intake import OpenCase
from domain.ledger.application import Asked, Cases, KeyReused, ask
from domain.ledger.database import DatabaseUnavailable, Pool, Region
from domain.ledger.postgres import Server
from domain.ledger.recorder import Act
from domain.ledger.sequencer import drain
from domain.voice import ConfirmStatement, RecordStatement, StatementRecorded
from projections.live import Live
from tests.domain.ledger.conftest import (
    CURRENT,
    MODELS,
    everything,
    faults,
    progress,
    rows_are_right,
    stored,
)
from tests.town import AINO, Town, ledger


class Wire:
    """A TCP proxy in front of PostgreSQL that cuts the connection when it is told to.

    `cut = "request"`: what the client sends next never arrives. `cut = "reply"`: it arrives, and the reply doesn't.
    With `at` set, only what holds these bytes counts.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.cut: str | None = None
        self.at = b""
        self.cuts = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self._sockets += [client, server]
                self._start(threading.Thread(target=self._pass_on, args=(client, server), daemon=True))

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Carry requests to the server and, on a thread of their own, replies back."""
        doomed = threading.Event()
        self._start(threading.Thread(target=self._reply, args=(server, client, doomed), daemon=True))
        with suppress(OSError):
            while data := client.recv(65536):
                if self.cut and self.at in data:
                    cut, self.cut, self.cuts = self.cut, None, self.cuts + 1
                    if cut == "request":
                        break
                    doomed.set()
                server.sendall(data)
        hang_up(client, server)

    def _reply(self, server: socket.socket, client: socket.socket, doomed: threading.Event) -> None:
        with suppress(OSError):
            while (data := server.recv(65536)) and not doomed.is_set():
                client.sendall(data)
        hang_up(client, server)

    def _start(self, thread: threading.Thread) -> None:
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        hang_up(*self._sockets)
        for thread in self._threads:
            thread.join(5)


def hang_up(*sockets: socket.socket) -> None:
    for it in sockets:
        with suppress(OSError):
            it.shutdown(socket.SHUT_RDWR)
        it.close()


@pytest.fixture
def wire(region: Region) -> Iterator[Wire]:
    wire = Wire(int(str(conninfo_to_dict(region.url)["port"])))
    accepting = threading.Thread(target=wire.serve, daemon=True)
    accepting.start()
    yield wire
    wire.close()
    accepting.join(5)


@dataclass
class Far:
    """The town's ledger as a process at the other end of the wire has it."""

    cases: Cases
    wire: Wire
    patch: pytest.MonkeyPatch
    writes: int = 0

    def cut(self, what: str, at: bytes = b"") -> None:
        """Have the wire cut in the next write, and in nothing else."""
        write = self.cases.write

        def cut_once(acts: Sequence[Act]) -> dict[UUID, bytes]:
            self.writes += 1
            if not self.wire.cuts:
                self.wire.at, self.wire.cut = at, what
            try:
                return write(acts)
            finally:
                self.wire.cut = None

        self.patch.setattr(self.cases, "write", cut_once)


@pytest.fixture
def far(town: Town, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    region = replace(town.cases.region, url=make_conninfo(town.cases.region.url, port=wire.port))
    pool = Pool(region, 1)
    cases = Cases(pool, town.cases.keyring.keks, Live(MODELS))
    yield Far(cases, wire, monkeypatch)
    cases.close()
    pool.close()


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("cut", ["request", "reply"])
def test_a_connection_lost_in_the_write_yields_the_act_once(town: Town, far: Far, cut: str, keyed: bool) -> None:
    case = town.case()
    far.cases.execute(ask(RecordStatement("ensin"), case, AINO))
    far.cut(cut)
    asked = ask(RecordStatement("kuulkaa minua"), case, AINO, keyed=keyed)
    receipt = far.cases.execute(asked)
    assert (far.wire.cuts, far.writes) == (1, 2 if cut == "request" else 1)
    assert (receipt.command, receipt.first, receipt.last) == (asked.id, 3, 3)
    assert [it["words"] for it in town.cases.words(case, [2, 3, 4]).values()] == ["ensin", "kuulkaa minua"]
    assert far.cases.execute(ask(RecordStatement("ja vielä"), case, AINO)).last == 4
    assert faults(town.cases.region, case) == []
    assert rows_are_right(town.cases, case)


@pytest.mark.parametrize("cut", ["request", "reply"])
@pytest.mark.parametrize("at", [b"BEGIN", b"DELETE FROM told_v1", b"COMMIT"])
def test_a_connection_lost_anywhere_in_replacing_all_rows_yields_the_act_once(
    town: Town, far: Far, cut: str, at: bytes
) -> None:
    case = town.case()
    town.say(case)
    began = town.cases.history(case)[0].context.occurred
    asked = ask(RecordStatement("ennen sitä"), case, AINO, occurred=began + timedelta(microseconds=1))
    far.cases.loaded(case, RecordStatement.state)
    far.cut(cut, at)
    assert far.cases.execute(asked).first == 3
    assert (far.wire.cuts, far.writes) == (1, 1 if (at, cut) == (b"COMMIT", "reply") else 2)
    assert len(stored(town.cases.region, case)) == 3
    assert faults(town.cases.region, case) == []
    assert rows_are_right(town.cases, case)


def test_a_case_whose_opening_lost_its_reply_is_opened_once_and_its_words_can_be_read(town: Town, far: Far) -> None:
    client, case = town.client(), uuid4()
    far.cut("reply")
    far.cases.execute(ask(OpenCase(client=client, need="asunto"), case, AINO))
    far.cases.execute(ask(RecordStatement("odotan"), case, AINO))
    assert far.wire.cuts == 1
    assert town.cases.words(case) == {1: {"client": str(client), "need": "asunto"}, 2: {"words": "odotan"}}


def test_a_wire_that_stays_cut_is_told_as_such_and_the_same_request_goes_through_later(town: Town, far: Far) -> None:
    case = town.case()
    far.cases.loaded(case, RecordStatement.state)
    far.cut("reply")
    look = far.cases._look
    far.patch.setattr(far.cases, "_look", lambda asked: unavailable() if far.wire.cuts else look(asked))
    asked = ask(RecordStatement("kuulkaa"), case, AINO, keyed=True)
    with pytest.raises(DatabaseUnavailable):
        far.cases.execute(asked)
    far.patch.setattr(far.cases, "_look", look)
    assert far.cases.execute(asked).first == 2
    assert len(stored(town.cases.region, case)) == 2


def unavailable() -> None:
    raise DatabaseUnavailable


# The same request again


def keyed(case: UUID, words: str = "kuulkaa", fingerprint: bytes = b"one", **how: object) -> Asked:
    return ask(RecordStatement(words), case, AINO, keyed=True, fingerprint=fingerprint, **how)


def test_a_request_that_comes_again_is_answered_with_the_same_receipt(town: Town, elsewhere: Town) -> None:
    case = town.case()
    asked = keyed(case)
    receipt = town.cases.execute(asked)
    town.say(case)
    before = everything(town.cases.region)
    assert town.cases.execute(asked) == elsewhere.cases.execute(asked) == receipt
    assert everything(town.cases.region) == before


def test_a_request_that_comes_again_is_answered_even_if_it_would_now_be_refused(town: Town) -> None:
    case = town.case()
    asked = replace(keyed(case), expected=1)
    receipt = town.cases.execute(asked)
    assert town.cases.execute(asked) == receipt


def test_another_request_under_the_same_key_is_refused(town: Town) -> None:
    case = town.case()
    asked = keyed(case)
    town.cases.execute(asked)
    with pytest.raises(KeyReused):
        town.cases.execute(replace(asked, fingerprint=b"two"))
    assert len(stored(town.cases.region, case)) == 2


def test_one_request_sent_eight_times_at_once_to_two_processes_is_one_act(town: Town, elsewhere: Town) -> None:
    asked, start = keyed(town.case()), threading.Barrier(8)

    def send(number: int) -> object:
        start.wait()
        return (town, elsewhere)[number % 2].cases.execute(asked)

    with ThreadPoolExecutor(8) as senders:
        receipts = set(senders.map(send, range(8)))
    assert len(receipts) == 1
    assert len(stored(town.cases.region, asked.stream)) == 2


def test_one_request_that_opens_a_case_under_two_ids_opens_one(town: Town, elsewhere: Town) -> None:
    client, command = town.client(), uuid4()
    openings = [ask(OpenCase(client=client, need="asunto"), uuid4(), AINO, id=command, keyed=True) for _ in range(2)]
    start = threading.Barrier(2)

    def send(number: int) -> UUID:
        start.wait()
        return (town, elsewhere)[number].cases.execute(openings[number]).stream

    with ThreadPoolExecutor(2) as senders:
        (opened,) = set(senders.map(send, range(2)))
    assert [len(stored(town.cases.region, it.stream)) for it in openings if it.stream != opened] == [0]


def test_a_command_that_comes_to_nothing_has_its_receipt_too(town: Town) -> None:
    case = town.case()
    town.say(case)
    spoken = town.cases.history(case)[1].event
    assert isinstance(spoken, StatementRecorded)
    client = Actor(str(town.cases.client_of(case)), Role.CLIENT)
    confirm = ask(ConfirmStatement(spoken.statement), case, client, keyed=True)
    assert town.cases.execute(confirm).last == 3
    again = ask(ConfirmStatement(spoken.statement), case, client, keyed=True)
    receipt = town.cases.execute(again)
    assert (receipt.first, receipt.last) == (4, 3)
    assert town.cases.execute(again) == receipt
    assert len(stored(town.cases.region, case)) == 3


def test_of_several_commands_those_that_were_done_before_are_not_done_again(town: Town) -> None:
    case = town.case()
    first, second, third = (keyed(case, f"{n}") for n in range(3))
    done = town.cases.execute(second)
    receipts = town.cases.execute_all([first, second, third])
    assert [it.first for it in receipts] == [3, 2, 4]
    assert receipts[1] == done
    assert [it["words"] for _, it in sorted(town.cases.words(case).items())[1:]] == ["1", "0", "2"]


# The server killed


@contextmanager
def killable() -> Iterator[Server]:
    with TemporaryDirectory() as parent, Server(Path(parent) / ".luotsi") as server:
        yield server


def test_a_server_that_is_killed_in_the_middle_of_writes_keeps_what_it_acknowledged_and_nothing_half(
    tmp_path: Path,
) -> None:
    with killable() as server:
        acknowledged: dict[UUID, list[int]] = {}
        attempted: set[UUID] = set()
        with ledger(Region(server.url, "koe"), tmp_path, Live(MODELS)) as cases:
            town = Town(cases).settle()
            histories = [town.case() for _ in range(4)]
            under_way = threading.Semaphore(0)

            def write(case: UUID) -> None:
                with suppress(DatabaseUnavailable, psycopg.Error):
                    while True:
                        asked = ask(RecordStatement("sanat"), case, AINO)
                        attempted.add(asked.id)
                        receipt = cases.execute(asked)
                        acknowledged.setdefault(case, []).append(receipt.last)
                        under_way.release()

            with ThreadPoolExecutor(4) as writers:
                writing = [writers.submit(write, case) for case in histories]
                for _ in range(40):
                    assert under_way.acquire(timeout=10)
                os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                for it in writing:
                    it.result(30)
        server.stop()
        server.start()
        region = Region(server.url, "koe")
        with ledger(region, tmp_path, Live(MODELS)) as cases:
            for case in histories:
                head = len(stored(region, case))
                assert acknowledged[case] == list(range(2, 2 + len(acknowledged[case])))
                assert 0 <= head - acknowledged[case][-1] <= 1  # one may have been written whose reply was lost
                assert faults(region, case) == []
                assert len(cases.words(case)) == head
                assert rows_are_right(cases, case)
                assert progress(region, case) == (head, CURRENT)
                assert len(stored_receipts(region, case)) == head
                assert set(stored_receipts(region, case)[1:]) <= attempted
            events = sum(len(stored(region, case)) for case in histories)
            assert drain(region) >= events
            assert Town(cases).say(histories[0]).last == len(stored(region, histories[0]))


def stored_receipts(region: Region, stream: UUID) -> list[UUID]:
    with region.connect() as connection:
        found = connection.execute("SELECT command FROM receipts WHERE stream = %s ORDER BY first", (stream,))
        return [command for (command,) in found]


def test_a_process_goes_on_when_its_connections_have_been_ended(town: Town) -> None:
    case = town.case()
    with town.cases.pool.connection() as connection:
        pid = connection.info.backend_pid
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    assert town.say(case).last == 2
