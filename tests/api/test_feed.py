"""The feed over real HTTP: what somebody may read, once, in order, whoever comes and goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest
import uvicorn

from api.app import create_app
from api.development import DevelopmentIssuer
from api.feed import SUBSCRIBERS
from api.house import House, opened
from api.settings import Settings
from api.wire import MOST_CONNECTIONS, configured
from domain.authorization import Grant
from domain.client import EndRepresentative, NameRepresentative
from domain.contacts import AttemptContact
from domain.corrections import MarkErroneous
from domain.decider import Actor, Entry, Role
from domain.directory import OpenUnit, unit_stream
from domain.ledger.database import DatabaseUnavailable
from domain.ledger.postgres import Server
from domain.ledger.sequencer import Sequencer, drain, settle
from domain.objections import RaiseObjection
from domain.requests import MakeRequest, ReportExperience
from domain.sealing import LOG_STREAM, SealHeads
from domain.withholding import ForbidDisclosure
from tests.api.conftest import Door, as_client, kind, new_database
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, Town

SYSTEM = Actor("asiakastieto", Role.SYSTEM)
AUDITOR = Actor("auri", Role.AUDITOR)


@dataclass
class Service:
    """The service as a process of its own would run it, on a port."""

    house: House
    issuer: DevelopmentIssuer
    app: Any
    url: str

    def token(self, by: Actor = AINO, minutes: float = 10, grant: Grant | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.mint(by, minutes, grant=grant)}"}

    @contextmanager
    def following(
        self, last: str | None = None, by: Actor = SYSTEM, case: UUID | None = None, **more: Any
    ) -> Iterator[Iterator[dict[str, Any]]]:
        """Follow the feed, or one case in it, after an id; give its events."""
        headers = self.token(by, **more) | ({} if last is None else {"Last-Event-ID": last})
        with (
            httpx2.Client(base_url=self.url, timeout=20) as http,
            http.stream("GET", "/feed", headers=headers, params={} if case is None else {"case": str(case)}) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield events(answer.iter_lines())

    def sent(
        self, by: Actor, after: int, grant: Grant | None = None, case: UUID | None = None
    ) -> list[tuple[str | None, int, str]]:
        """Return what somebody is sent up to now: of which stream, which version and what."""
        with self.following(f"1.{after}", by, case, grant=grant) as following:
            events = list(takewhile(lambda it: "comment" not in it, following))
        return [(it["data"]["stream"], it["data"]["version"], it["event"]) for it in events if "data" in it]

    def position(self) -> int:
        """Return how far the sequence is once nothing waits."""
        settle(self.house.region, self.house.notary)
        with self.house.pool.connection() as connection:
            return int(connection.execute("SELECT position FROM log_state").fetchone()[0])  # type: ignore[index]


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Read server-sent events as their standard says."""
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line == "":
            if "id" in event:
                yield event
            event = {}
        elif name:
            event[name] = json.loads(value) if name == "data" else value.strip()
        else:
            yield {"comment": value.strip()}


@contextmanager
def serving(database: str, home: Path) -> Iterator[Service]:
    """Serve a house with its people on a port of its own."""
    settings = Settings(home=home / ".luotsi", region="koe", database_url=database)
    with opened(settings) as house:
        Town(house.cases).settle()
        issuer = DevelopmentIssuer.at(settings)
        app = create_app(house, issuer.verifier())
        server = uvicorn.Server(configured(app, port=0, log_level="error", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield Service(house, issuer, app, f"http://127.0.0.1:{port_of(server)}")
        finally:
            server.should_exit = True
            thread.join(timeout=20)


@pytest.fixture(scope="module")
def service(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give the service that these tests share."""
    with new_database(postgres) as database, serving(database, tmp_path_factory.mktemp("home")) as it:
        yield it


@pytest.fixture
def own_service(database: str, tmp_path: Path) -> Iterator[Service]:
    """Give a service that no other test uses."""
    with serving(database, tmp_path) as it:
        yield it


@pytest.fixture
def restless(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Give the service with a heart that beats twenty times a second."""
    monkeypatch.setattr(service.app.state.feed, "heartbeat", 0.05)
    return service


def port_of(server: uvicorn.Server) -> int:
    deadline = time.monotonic() + 20
    ready = threading.Event()
    while not server.started:
        assert time.monotonic() < deadline
        ready.wait(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])


def test_under_load_none_is_skipped_and_none_comes_twice(service: Service) -> None:
    writers, acts, before = 4, 40, service.position()
    total = before + writers * (2 + acts)

    def write(number: int) -> None:
        with httpx2.Client(base_url=service.url, headers=service.token(), timeout=20) as http:
            client = http.post("/clients", json={}).json()["id"]
            case = http.post("/cases", json={"client": client, "need": f"{number}"}).json()["id"]
            for act in range(acts):
                assert http.post(f"/cases/{case}/record-statement", json={"words": f"{act}"}).status_code == 200

    def subscribe(rounds: int) -> list[dict[str, Any]]:
        """Follow, and leave and come back after every so many events."""
        got: list[dict[str, Any]] = []
        while len(got) < total:
            with service.following(got[-1]["id"] if got else None) as following:
                got += [next(following) for _ in range(min(rounds, total - len(got)))]
        return got

    sequencer = Sequencer(service.house.region, service.house.notary, pause=0.005, interval=0.01)
    sequencer.start()
    try:
        with ThreadPoolExecutor(6) as threads:
            subscribers = [threads.submit(subscribe, rounds) for rounds in (7, 23)]
            list(threads.map(write, range(writers)))
            heard = [it.result(timeout=30) for it in subscribers]
    finally:
        sequencer.stop()
    with service.house.pool.connection() as connection:
        kept = connection.execute(
            "SELECT position, version, topic FROM sequence JOIN events USING (stream, version) ORDER BY position"
        ).fetchall()
    for got in heard:
        assert [it["data"]["position"] for it in got] == list(range(1, total + 1))
        assert [(it["data"]["position"], it["data"]["version"], it["event"]) for it in got] == kept


def test_an_event_says_what_and_where_and_no_words(service: Service) -> None:
    town = Town(service.house.cases)
    before, client = service.position(), town.client()
    case = town.case(client)
    town.say(case, "salaisuus", AINO)
    service.position()
    with service.following(f"1.{before}") as following:
        registered, case_opened, said = (next(following) for _ in range(3))
    assert said["id"] == f"1.{before + 3}"
    assert said["event"] == "statement-recorded"
    recorded = said["data"].pop("recorded")
    assert said["data"] == {"position": before + 3, "stream": str(case), "version": 2, "topic": "statement-recorded"}
    assert recorded.endswith("+00:00")
    assert registered["data"]["stream"] is None
    assert str(client) not in json.dumps([registered, case_opened, said])
    assert "salaisuus" not in json.dumps(said)


def test_what_happens_while_one_listens_comes_at_once(service: Service) -> None:
    before = service.position()
    with service.following(f"1.{before}") as following:
        Town(service.house.cases).client()
        service.position()
        assert next(following)["id"] == f"1.{before + 1}"


def test_the_cursor_may_stand_in_the_address_too(service: Service) -> None:
    position = service.position()
    address = f"{service.url}/feed?after=1.{position - 1}"
    with httpx2.stream("GET", address, headers=service.token(SYSTEM)) as answer:
        assert next(events(answer.iter_lines()))["id"] == f"1.{position}"


def test_whoever_waits_long_hears_that_it_still_lives(restless: Service) -> None:
    with restless.following(f"1.{restless.position()}") as following:
        assert next(following) == {"comment": "still here"}
        assert next(following) == {"comment": "still here"}


def test_a_feed_ends_with_its_token(restless: Service) -> None:
    with restless.following(f"1.{restless.position()}", minutes=1 / 30) as following:
        assert all(it == {"comment": "still here"} for it in following)


def test_what_no_checkpoint_has_is_not_told_yet(own_service: Service) -> None:
    service = own_service
    service.app.state.feed.heartbeat = 0.05
    before = service.position()
    with httpx2.Client(base_url=service.url, headers=service.token(), timeout=20) as http:
        client = http.post("/clients", json={}).json()["id"]
        case = http.post("/cases", json={"client": client, "need": "asunto"}).json()["id"]
        assert drain(service.house.region)
        system = Actor("muu", Role.SYSTEM)
        assert service.sent(system, before) == []
        ahead = {"Last-Event-ID": f"1.{before + 1}"}
        assert kind(http.get("/feed", headers=ahead)) == (409, "position-ahead")
    service.position()
    assert (case, 1, "case-opened") in service.sent(system, before)


def test_a_feed_ends_when_the_ledger_was_restored_and_its_old_ids_are_gone(own_service: Service) -> None:
    service = own_service
    service.app.state.feed.heartbeat = 0.05
    last = f"1.{service.position()}"
    with service.following(last) as following:
        with service.house.region.connect() as connection:
            service.house.notary.open_epoch(connection, 2)
        assert all(it == {"comment": "still here"} for it in following)
    headers = service.token() | {"Last-Event-ID": last}
    answer = httpx2.get(f"{service.url}/feed", headers=headers)
    assert (*kind(answer), answer.json()["details"]) == (410, "epoch-gone", {"epoch": 2})


def test_only_so_many_may_follow_at_once(restless: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service = restless
    with service.following() as following:
        monkeypatch.setattr(service.app.state.feed, "most", service.app.state.feed.subscribers or 1)
        next(following)
        answer = httpx2.get(f"{service.url}/feed", headers=service.token())
        assert kind(answer) == (503, "too-many-subscribers")
        assert answer.headers["retry-after"]


def test_those_who_follow_leave_half_of_the_connections_to_the_others() -> None:
    assert SUBSCRIBERS * 2 <= MOST_CONNECTIONS


def test_nobody_takes_all_the_places(restless: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restless.app.state.feed, "most_of_one", 1)
    with restless.following(by=BO) as following:
        next(following)
        refused = httpx2.get(f"{restless.url}/feed", headers=restless.token(BO))
        assert kind(refused) == (503, "too-many-subscribers")
        with restless.following(by=SYSTEM) as others:
            next(others)


def test_a_stopping_server_lets_its_subscribers_go(own_service: Service) -> None:
    service = own_service
    with service.following(f"1.{service.position()}") as following:
        service.app.state.feed.close()
        assert list(following) == []
    answer = httpx2.get(f"{service.url}/feed", headers=service.token())
    assert kind(answer) == (503, "too-many-subscribers")


def test_it_goes_on_after_the_database_was_away(service: Service) -> None:
    before = service.position()
    with service.following(f"1.{before}") as following:
        with psycopg.connect(service.house.region.url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'luotsi' AND datname = current_database()"
            )
        written_again(service)
        assert next(following)["id"] == f"1.{before + 1}"


def written_again(service: Service) -> None:
    """Write something, once there are connections again."""
    for _ in range(50):
        with contextlib.suppress(DatabaseUnavailable):
            Town(service.house.cases).client()
            service.position()
            return


# To whom.


def topics(found: list[tuple[str | None, int, str]], case: UUID) -> list[str]:
    return [topic for stream, _, topic in found if stream == str(case)]


@pytest.mark.rule(7)
def test_staff_are_sent_the_events_of_the_cases_that_they_may_read_and_the_directorys(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    case = town.case()
    town.say(case, by=AINO)
    unit = uuid4().hex
    town.do(OpenUnit("pirha", unit, unit), unit_stream("pirha", unit), ADMINISTRATOR)
    after = restless.position()
    assert [topic for _, _, topic in restless.sent(AINO, before)] == [
        "case-opened",
        "statement-recorded",
        "unit-opened",
    ]
    assert [topic for _, _, topic in restless.sent(BO, before)] == ["unit-opened"]
    assert [topic for _, _, topic in restless.sent(ADMINISTRATOR, before)] == ["unit-opened"]
    assert [topic for _, _, topic in restless.sent(SYSTEM, before)] == [
        "client-registered", "case-opened", "statement-recorded", "unit-opened",
    ]  # fmt: skip
    town.say(case, by=AINO)
    restless.position()
    assert restless.sent(BO, after) == []


def test_what_becomes_of_the_log_itself_is_sent_to_administrators_and_other_systems_alone(restless: Service) -> None:
    before = restless.position()
    Town(restless.house.cases).do(SealHeads(date(2025, 3, 3), before, 1, "ab" * 32), LOG_STREAM, SYSTEM)
    restless.position()
    for somebody in (ADMINISTRATOR, SYSTEM):
        assert restless.sent(somebody, before) == [(str(LOG_STREAM), 1, "heads-sealed")]
    for somebody in (AINO, CILLA, AUDITOR):
        assert restless.sent(somebody, before) == []


@pytest.mark.rule(7)
def test_the_place_moves_on_over_what_is_not_ones_own(service: Service) -> None:
    town, before = Town(service.house.cases), service.position()
    town.say(town.case(), by=AINO)
    after = service.position()
    with service.following(f"1.{before}", BO) as following:
        assert next(following) == {"id": f"1.{after}"}
        town.say(town.case(by=BO), by=BO)
        service.position()
        assert [next(following)["id"] for _ in range(2)] == [f"1.{after + 2}", f"1.{after + 3}"]


@pytest.mark.rule(7)
def test_a_case_that_is_offered_comes_whole_and_one_that_went_on_only_up_to_there(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    case = town.case()
    town.hand_over(case)
    town.say(case, by=BO)
    restless.position()
    whole = ["case-opened", "view-unavailable", "handoff-proposed", "handoff-accepted"]
    assert topics(restless.sent(AINO, before), case) == whole
    assert topics(restless.sent(BO, before), case) == [*whole, "statement-recorded"]


@pytest.mark.rule(7)
def test_of_a_case_that_was_erased_staff_are_sent_nothing(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    case = town.case()
    restless.position()
    with psycopg.connect(restless.house.region.url, autocommit=True) as owner:
        owner.execute('DELETE FROM koe.clients WHERE "case" = %s', (case,))  # as an erasure does
    assert restless.sent(AINO, before) == []
    assert topics(restless.sent(SYSTEM, before), case) == ["case-opened"]


@pytest.mark.rule(7)
def test_auditors_are_sent_what_they_were_let_see(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    named, other = town.case(), town.case()
    restless.position()
    now = datetime.now(UTC)
    by_name = Grant("tarkastus", frozenset({named}))
    then = Grant("tarkastus", since=now - timedelta(days=9), until=now - timedelta(days=8))
    since = Grant("tarkastus", since=now - timedelta(days=9))
    for grant, seen in ((by_name, {str(named)}), (then, set()), (since, {str(named), str(other)})):
        assert {stream for stream, _, _ in restless.sent(AUDITOR, before, grant)} == seen


@pytest.mark.rule(7)
def test_clients_are_sent_the_events_of_their_own_cases_and_nothing_else(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    client = town.client()
    first, second, anothers = town.case(client), town.case(client), town.case()
    town.say(first)
    restless.position()
    told = [(str(first), 1, "case-opened"), (str(second), 1, "case-opened"), (str(first), 2, "statement-recorded")]
    assert restless.sent(as_client(client), before) == told
    assert restless.sent(as_client(client), before, case=second) == told[1:2]
    assert restless.sent(as_client(client), before, case=anothers) == []


@pytest.mark.rule(7)
def test_who_acts_for_a_client_is_sent_the_case_that_they_name_as_long_as_they_act(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    client, mother = town.client(), Actor(str(uuid4()), Role.REPRESENTATIVE)
    case, anothers = town.case(client), town.case()
    named = NameRepresentative(UUID(mother.id), "guardian")
    town.do(named, client, AINO)
    restless.position()
    assert restless.sent(mother, before, case=case) == [(str(case), 1, "case-opened")]
    assert restless.sent(mother, before, case=anothers) == []
    assert restless.sent(mother, before) == []
    town.do(EndRepresentative(named.representative), client, AINO)
    restless.position()
    assert restless.sent(mother, before, case=case) == []


@pytest.mark.rule(22)
def test_clients_are_not_sent_what_is_withheld_from_them_or_is_another_persons(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    client = town.client()
    case = town.case(client)
    town.do(AttemptContact("telephone", "no_answer"), case, AINO)
    for words in ("toisen asiakkaan", "oma"):
        town.say(case, words)
    review = datetime.now(UTC) + timedelta(days=9)
    town.do(ForbidDisclosure(Entry(2), "client", "third_party", "naapurin suojaksi", review), case, AINO)
    town.do(MarkErroneous(Entry(3), "väärä henkilö", wrong_person=True), case, AINO)
    restless.position()
    versions = [version for _, version, _ in restless.sent(as_client(client), before)]
    assert versions[:2] == [1, 4]
    assert {2, 3}.isdisjoint(versions)
    assert {1, 2, 3, 4}.issubset(version for _, version, _ in restless.sent(AINO, before, case=case))


def test_one_case_is_followed_over_whatever_else_happens(service: Service) -> None:
    town = Town(service.house.cases)
    case = town.case()
    before = service.position()
    with service.following(f"1.{before}", AINO, case) as following:
        town.say(town.case(by=BO), by=BO)
        service.position()
        town.say(case)
        after = service.position()
        assert next(following)["id"] == f"1.{after}"


def test_one_can_begin_at_the_end(restless: Service) -> None:
    town = Town(restless.house.cases)
    town.client()
    restless.position()
    with restless.following("end") as following:
        assert next(following) == {"comment": "still here"}
        town.client()
        after = restless.position()
        assert next(it for it in following if "id" in it)["id"] == f"1.{after}"


def test_a_page_is_told_where_the_end_is(own_service: Service) -> None:
    position = own_service.position()
    told = asyncio.run(own_service.app.state.feed.cursor())
    assert told == f"1.{position}"


@pytest.mark.rule(13)
def test_what_goes_past_a_worker_does_so_here_too(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    client = town.client()
    case = town.case(client, BO)
    who = as_client(client)
    town.do(RaiseObjection(Entry(1), "hän ei kuunnellut"), case, who)
    town.do(MakeRequest("other_worker"), case, who)
    town.do(ReportExperience(1), case, who)
    restless.position()
    told = ["case-opened", "objection-raised", "request-made", "experience-reported"]
    assert topics(restless.sent(CILLA, before), case) == told
    assert topics(restless.sent(BO, before), case) == told[:1]


@pytest.mark.rule(23)
def test_a_page_with_cases_in_it_is_written_down_as_read(restless: Service) -> None:
    town, before = Town(restless.house.cases), restless.position()
    client = town.client()
    case = town.case(client)
    restless.position()
    restless.sent(AINO, before)
    with restless.house.pool.connection() as connection:
        found = connection.execute(
            "SELECT who, what, why, cases FROM reads WHERE cases @> %s::uuid[]", ([case],)
        ).fetchall()
    assert [(who, what, why) for who, what, why, _ in found] == [("aino", "FollowFeed", "work")]


@pytest.mark.rule(23)
def test_nothing_is_sent_while_it_can_not_be_written_down(own_service: Service) -> None:
    service = own_service
    town, before = Town(service.house.cases), service.position()
    case = town.case()
    service.position()
    with psycopg.connect(service.house.region.url, autocommit=True) as owner:
        owner.execute("REVOKE INSERT ON koe.reads FROM koe_service")
        owner.execute(_NO_COLUMNS)
        with service.following(f"1.{before}", AINO) as following, ThreadPoolExecutor(1) as thread:
            first = thread.submit(next, following)
            with pytest.raises(TimeoutError):
                first.result(timeout=1.5)
            owner.execute("GRANT INSERT ON koe.reads TO koe_service")
            sent = first.result(timeout=10)
    assert (sent["event"], sent["data"]["stream"]) == ("case-opened", str(case))


_NO_COLUMNS = """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = 'koe.reads'::regclass AND attnum > 0 LOOP
            EXECUTE format('REVOKE INSERT (%I) ON koe.reads FROM koe_service', name);
        END LOOP;
    END $$"""


@pytest.mark.parametrize("last", ["x", "1", "1.x", "1.2.3", "-1.1", "1.9999999999999999999999"])
def test_what_is_no_id_of_an_event_is_refused(door: Door, last: str) -> None:
    assert kind(door.ask("GET", "/feed", headers={"Last-Event-ID": last})) == (400, "event-id-malformed")


def test_a_position_that_no_event_has_is_refused(door: Door) -> None:
    assert kind(door.ask("GET", "/feed", headers={"Last-Event-ID": "1.999999999"})) == (409, "position-ahead")
    assert kind(door.ask("GET", "/feed", headers={"Last-Event-ID": "7.1"})) == (410, "epoch-gone")


def test_the_feed_is_not_for_those_who_only_advise(door: Door) -> None:
    assert kind(door.get("/feed", Actor("o", Role.OMBUDSMAN))) == (403, "role-not-allowed")
