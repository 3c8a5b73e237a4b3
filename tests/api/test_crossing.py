"""Nobody gets across: two organisations, a hundred cases each, every endpoint and every command of the document.

What is asked is made from the OpenAPI document, so a new endpoint is asked too without being named here. For whoever
has no part in it a case is not there: what they are answered is what they are answered of a case that never was.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from api.commands import commands, path_of
from domain.asking import RequestHandoff
from domain.assessment import CompleteAssessment
from domain.authorization import Grant
from domain.client import NameRepresentative, RegisterClient
from domain.closure import ProposeClosure
from domain.consent import GiveConsent
from domain.decider import Action, Actor, Command, Entry, Role
from domain.directory import (
    JoinUnit,
    OpenUnit,
    RegisterOrganisation,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.handoff import ProposeHandoff
from domain.intake import OpenCase, PromiseNextStep
from domain.ledger.application import ask
from domain.ledger.postgres import Server
from domain.objections import RaiseObjection
from domain.plan import SetGoal
from domain.provision import StartService
from domain.remembered import Holder
from domain.requests import MakeRequest
from domain.support import RequestSupport
from domain.team import AgreeTeamLine
from domain.voice import RecordStatement
from tests.api.conftest import Door, door_of, moment, new_database

CASES = 100


@dataclass
class Side:
    """One organisation: its people, its clients and its cases, whose words all bear its mark."""

    organisation: str
    mark: str
    cases: list[UUID] = field(default_factory=list)
    clients: list[UUID] = field(default_factory=list)
    representative: UUID = field(default_factory=uuid4)
    ids: dict[str, list[str]] = field(default_factory=dict)
    """The ids of things in its cases, by the field that names them."""

    def person(self, name: str, role: Role) -> Actor:
        return Actor(f"{name}-{self.organisation}", role, self.organisation, "yksikko")

    @property
    def people(self) -> dict[str, tuple[Actor, Grant | None]]:
        """One of each role."""
        grant = Grant("valvonta", frozenset(self.cases))
        return {
            "worker": (self.person("tyontekija", Role.WORKER), None),
            "manager": (self.person("esihenkilo", Role.MANAGER), None),
            "administrator": (self.person("paakayttaja", Role.ADMINISTRATOR), None),
            "ombudsman": (self.person("asiavastaava", Role.OMBUDSMAN), None),
            "client": (Actor(str(self.clients[0]), Role.CLIENT), None),
            "representative": (Actor(str(self.representative), Role.REPRESENTATIVE), None),
            "auditor": (Actor(f"tarkastaja-{self.organisation}", Role.AUDITOR), grant),
        }

    @property
    def secrets(self) -> list[str]:
        """What nobody else is to read: its mark, its cases and its clients."""
        return [self.mark, *map(str, (*self.cases, *self.clients))]


def settled(door: Door, side: Side) -> None:
    """Register the organisation, its unit and its people."""
    keeper, name = Actor("paivi", Role.ADMINISTRATOR), side.organisation
    do = door.house.cases.execute
    do(ask(RegisterOrganisation(name, name), organisation_stream(name), keeper))
    for unit in ("yksikko", "toinen"):
        do(ask(OpenUnit(name, unit, unit), unit_stream(name, unit), keeper))
    for who, role in (("tyontekija", Role.WORKER), ("esihenkilo", Role.MANAGER), ("toveri", Role.WORKER)):
        worker = side.person(who, role).id
        do(ask(JoinUnit(name, "yksikko", worker), worker_stream(name, worker), keeper))


def lived(door: Door, side: Side) -> None:
    """Open its cases, and let much happen in them."""
    worker, mark = side.person("tyontekija", Role.WORKER), side.mark
    comrade = Holder(side.organisation, "yksikko", side.person("toveri", Role.WORKER).id)
    own = Holder(side.organisation, "yksikko", worker.id)
    happening: list[Command[Any]] = [
        PromiseNextStep("worker", mark, moment("2031-03-03T12:00:00Z")), MakeRequest("other_worker", mark),
        RaiseObjection(Entry(1), mark), SetGoal(mark), StartService(Holder(side.organisation, "toinen")),
        AgreeTeamLine((own, comrade), mark, False, no_view_because=mark), RequestSupport(mark),
        GiveConsent((side.organisation,), "cooperation"),
        CompleteAssessment("screening", "advice_suffices", no_view_because=mark),
        ProposeHandoff(comrade, mark, None, mark), ProposeClosure("advice_sufficed", no_view_because=mark),
    ]  # fmt: skip
    for number in range(CASES):
        client, case = uuid4(), uuid4()
        side.clients.append(client)
        side.cases.append(case)
        acts: list[tuple[Command[Any], UUID]] = [
            (RegisterClient(mark, mark), client), (OpenCase(client=client, need=mark), case),
            (RecordStatement(mark), case),
        ]  # fmt: skip
        acts += [(it, case) for it in happening[: number % (len(happening) + 1)]]
        for command, stream in acts:
            door.house.cases.execute(ask(command, stream, worker))
    mandate = NameRepresentative(side.representative, "guardian")
    door.house.cases.execute(ask(mandate, side.clients[0], worker))
    for case in side.cases[-12:]:
        for it in door.house.cases.history(case):
            for name, value in vars(it.event).items():
                if isinstance(value, UUID):
                    side.ids.setdefault(name, []).append(str(value))


@dataclass
class World:
    """Two organisations at one door, and what the one's people were told before the other had any case."""

    door: Door
    ours: Side
    theirs: Side
    before: Mapping[str, Any]


@pytest.fixture(scope="module")
def world(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("crossing")
    with new_database(postgres) as database, door_of(database, home) as door:
        ours, theirs = Side("meidan", "meidan-salaisuus"), Side("heidan", "heidan-salaisuus")
        settled(door, ours)
        settled(door, theirs)
        lived(door, ours)
        before = told_in_general(door, ours)
        lived(door, theirs)
        yield World(door, ours, theirs, before)


# What is asked, as the document has it.


def operations(door: Door, method: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the paths that the document has for a method, with what it says of each."""
    paths = door.app.openapi()["paths"]
    return [(path, it[method]) for path, it in paths.items() if method in it and "security" not in it[method]]


def example(door: Door, schema: Mapping[str, Any], side: Side, name: str = "") -> Any:
    """Return a value that the schema takes, with the ids of things in this side's cases."""
    schemas = door.app.openapi()["components"]["schemas"]
    if "$ref" in schema:
        return example(door, schemas[schema["$ref"].rpartition("/")[2]], side, name)
    if "anyOf" in schema:
        return example(door, schema["anyOf"][0], side, name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type", "string")
    if kind == "object":
        properties = schema.get("properties", {})
        return {it: example(door, properties[it], side, it) for it in schema.get("required", ())}
    if kind == "array":
        return [example(door, schema["items"], side, name)] * 2
    return _scalar(kind, str(schema.get("format")), side, name)


def _scalar(kind: str, form: str, side: Side, name: str) -> Any:
    if form == "uuid":
        return (side.ids.get(name) or [str(side.cases[0])])[-1]
    if form == "date-time":
        return "2031-05-05T12:00:00Z"
    named = {"organisation": side.organisation, "unit": "yksikko", "worker": side.person("tyontekija", Role.WORKER).id}
    return {"integer": 1, "number": 1, "boolean": True}.get(kind, named.get(name, "kysytty"))


def asked(world: World, path: str, by: str, method: str = "GET", **more: Any) -> Response:
    """Ask something as one of our people."""
    actor, grant = world.ours.people[by]
    token = world.door.issuer.mint(actor, grant=grant)
    headers = {"Authorization": f"Bearer {token}"}
    if path.startswith("/feed"):
        pytest.fail("a feed never ends: it has a test of its own")
    return world.door.http.request(method, path, headers=headers, **more)


def told_in_general(door: Door, side: Side) -> dict[str, Any]:
    """Return what this side's people are told by everything that is asked of no one case, client or worker."""
    told = {}
    world = World(door, side, side, {})
    for (path, _), by in itertools.product(operations(door, "get"), side.people):
        if "{" not in path and path != "/feed":
            answer = asked(world, path, by, params={"limit": 1000} if path in PAGED else {})
            told[f"{path} as {by}"] = (answer.status_code, timeless(answer.json()))
    return told


PAGED = {"/cases", "/alerts", "/findings", "/reads", "/waiting"}


def timeless(content: Any) -> Any:
    """Return an answer without what is another each moment: when it was, the log of what we read and asked for."""
    if isinstance(content, dict):
        return {it: timeless(value) for it, value in content.items() if it not in _VOLATILE}
    return [timeless(it) for it in content] if isinstance(content, list) else content


_VOLATILE = {"at", "since", "until", "reads", "askings", "next"}


def nothing_of(world: World, answer: Response) -> None:
    """Check that an answer tells nothing of the other side."""
    found = [it for it in world.theirs.secrets if it in answer.text]
    assert not found, f"{answer.request.method} {answer.request.url} tells of {found[:3]}"


# What is answered.


@pytest.fixture
def untouched(world: World) -> Iterator[None]:
    """Check in the end that nothing came into the other side's cases."""
    before = versions(world)
    yield
    assert versions(world) == before


def versions(world: World) -> dict[UUID, int]:
    with world.door.house.pool.connection() as connection:
        streams = [*world.theirs.cases, *world.theirs.clients]
        statement = "SELECT stream, max(version) FROM events WHERE stream = ANY (%s) GROUP BY stream"
        return dict(connection.execute(statement, (streams,)).fetchall())


def test_every_query_of_a_case_answers_anothers_as_it_answers_one_that_never_was(world: World) -> None:
    paths = [path for path, _ in operations(world.door, "get") if path.startswith("/cases/{id}")]
    assert len(paths) > 20
    rotating = itertools.cycle(world.theirs.cases)  # so that each of the hundred is asked for
    for path, by in itertools.product(paths, world.ours.people):
        never = asked(world, path.format(id=uuid4()), by)
        assert never.status_code in {403, 404}, (path, by, never.text)
        for case in itertools.islice(rotating, 20 if by == "worker" else 5):
            answer = asked(world, path.format(id=case), by)
            assert (answer.status_code, answer.json()) == (never.status_code, never.json()), (path, by)


def test_every_query_of_a_client_answers_anothers_without_a_case(world: World) -> None:
    paths = [path for path, _ in operations(world.door, "get") if path.startswith("/clients/{id}")]
    assert paths
    for path, by in itertools.product(paths, world.ours.people):
        for client in world.theirs.clients[::10]:
            answer = asked(world, path.format(id=client), by)
            assert answer.status_code in {403, 404} or not re.findall(r'"case":"', answer.text), (path, by, answer.text)


@pytest.mark.usefixtures("untouched")
def test_every_command_is_refused_in_anothers_case_as_in_one_that_never_was(world: World) -> None:
    open_to_all = {path_of(it) for it in commands() if it.action in {Action.ASK, Action.ENTER}}
    rotating = itertools.cycle(world.theirs.cases), itertools.cycle(world.theirs.clients)
    tried = 0
    for path, operation in operations(world.door, "post"):
        cases = path.startswith("/cases/{id}/")
        if not (cases or path.startswith("/clients/{id}/")) or path in open_to_all:
            continue
        sent = operation.get("requestBody")
        body = example(world.door, sent["content"]["application/json"]["schema"], world.theirs) if sent else {}
        for by in world.ours.people:
            never = asked(world, path.format(id=uuid4()), by, "POST", json=body)
            assert never.status_code in {403, 404}, (path, by, never.text)
            for stream in itertools.islice(rotating[0] if cases else rotating[1], 6):
                answer = asked(world, path.format(id=stream), by, "POST", json=body)
                assert (answer.status_code, answer.json()) == (never.status_code, never.json()), (path, by)
                tried += 1
    assert tried > 2000


def test_whoever_asks_for_a_case_or_enters_it_in_an_emergency_is_told_nothing_by_that(world: World) -> None:
    for command, body in ((RequestHandoff, {"reason": "osaan auttaa"}),):
        answer = asked(world, f"/cases/{world.theirs.cases[0]}/{command.slug()}", "worker", "POST", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"id", "version", "events", "made", "command"}
    assert asked(world, f"/cases/{world.theirs.cases[0]}", "worker").status_code == 404
    own = asked(world, "/askings", "worker").json()["askings"]
    assert [(it["case"], it["by"]["organisation"]) for it in own] == [(str(world.theirs.cases[0]), "meidan")]


def test_nothing_that_is_asked_in_general_changes_for_what_happens_at_others(world: World) -> None:
    after = told_in_general(world.door, world.ours)
    assert after.keys() == world.before.keys()
    assert len(after) > 50
    for what, told in after.items():
        assert told == world.before[what], what


def test_no_filter_finds_what_is_anothers(world: World) -> None:
    theirs, tried = world.theirs, 0
    values = {
        "organisation": theirs.organisation, "responsible_organisation": theirs.organisation,
        "to_organisation": theirs.organisation, "owner": f"{theirs.organisation}/yksikko",
        "offered_to": f"{theirs.organisation}/yksikko", "case": str(theirs.cases[0]),
        "who": theirs.people["worker"][0].id,
        "worker": theirs.people["worker"][0].id, "responsible_worker": theirs.people["worker"][0].id,
        "unit": "yksikko", "responsible_unit": "yksikko", "rule": "26", "finding": "26", "status": "open",
        "without_worker": "true", "kind": "screening",
    }  # fmt: skip
    for path, operation in operations(world.door, "get"):
        if "{" in path or path == "/feed":
            continue
        filters = [it["name"] for it in operation.get("parameters", ()) if it["in"] == "query" and it["name"] in values]
        for by, one in itertools.product(world.ours.people, filters):
            asked_for = {one: values[one]} | ({"organisation": theirs.organisation} if one == "unit" else {})
            nothing_of(world, asked(world, path, by, params=asked_for))
            tried += 1
    assert tried > 100


def test_what_is_told_of_others_units_and_workers_tells_of_no_case(world: World) -> None:
    theirs = world.theirs
    for path, _ in operations(world.door, "get"):
        named = {"organisation": theirs.organisation, "unit": "yksikko", "worker": theirs.people["worker"][0].id}
        if "{" in path and "{id}" not in path and set(re.findall(r"\{(\w+)\}", path)) <= named.keys():
            for by in world.ours.people:
                answer = asked(world, path.format(**named), by)
                nothing_of(world, answer)
                on_hand = [it["figures"] for it in answer.json().get("caseload", ())]
                assert not any(any(it.values()) for it in on_hand), answer.text


def test_our_own_people_do_see_our_own(world: World) -> None:
    case, client = world.ours.cases[-1], world.ours.clients[-1]
    for by in ("worker", "manager", "auditor"):
        assert asked(world, f"/cases/{case}", by).status_code == 200
        listed = asked(world, "/cases", by, params={"limit": 1000}).json()["cases"]
        assert {it["case"] for it in listed} == set(map(str, world.ours.cases))
    assert asked(world, f"/clients/{client}/cases", "worker").json()["cases"][0]["case"] == str(case)
    for by in ("client", "representative"):
        assert asked(world, f"/cases/{world.ours.cases[0]}", by).status_code == 200
        assert asked(world, f"/cases/{case}", by).status_code == 404
