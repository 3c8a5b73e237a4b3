"""Nobody gets across by a page: each page of the service, as each role, with and without a part in the case.

The pages are those that the service has: a new one is asked too, and fails here until it is said whose it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute
from httpx2 import Client, Response

from api.sessions import COOKIE
from domain.assessment import CompleteAssessment
from domain.authorization import Grant
from domain.client import NameRepresentative, RegisterClient
from domain.consent import GiveConsent
from domain.decider import Actor, Command, Entry, Role
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
from domain.objections import RaiseObjection
from domain.plan import SetGoal
from domain.reaching import SetWorkerContact
from domain.remembered import Holder
from domain.requests import MakeRequest
from domain.team import AgreeTeamLine
from domain.voice import RecordStatement
from tests.api.conftest import moment
from tests.pages.browser import Visitor
from tests.pages.site import Site
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

MARK = "\"'><xss hx-get=/x onfocus=x>{{7*7}}%(x)s</script></title></textarea>&lt;salaisuus"
SECRET = "salaisuus"
"""What is in every word of the case and in every name of who works in it: read as markup it would be an element."""

INSIDE = {"worker", "manager", "client", "representative", "auditor", "ombudsman"}
"""Those who have a part in the case."""

DESK, OWN, AUDIT = {"worker", "manager"}, {"client", "representative"}, {"auditor", "ombudsman"}
STAFF = DESK | {"other worker", "other manager"}
CLIENT_SIDE = OWN | {"other client", "other representative"}
AUDITORS = AUDIT | {"other auditor", "other ombudsman"}
SIGNED_IN = STAFF | CLIENT_SIDE | AUDITORS | {"administrator", "system"}
EVERYBODY = SIGNED_IN | {"nobody"}

WHOSE: Mapping[str, set[str]] = {
    "/": EVERYBODY, "/docs": EVERYBODY, "/static/{name:path}": EVERYBODY, "/language/{code}": EVERYBODY,
    "/slip": EVERYBODY, "/slip/answer": EVERYBODY,
    "/desk": STAFF, "/desk/offers": STAFF, "/desk/asked": STAFF, "/desk/new": STAFF,
    "/desk/unit": {"manager", "other manager"}, "/desk/cases/{id}": DESK, "/desk/cases/{id}/slip": DESK,
    "/desk/cases/{id}/do/{act}": DESK,
    "/own": CLIENT_SIDE, "/own/{id}": OWN, "/own/{id}/reads": OWN, "/own/{id}/history": OWN, "/own/{id}/file": OWN,
    "/own/{id}/slip": OWN, "/own/{id}/do/{act}": OWN,
    "/audit": AUDITORS, "/audit/flows": AUDITORS, "/audit/cases/{id}": AUDIT, "/audit/cases/{id}/verified": AUDIT,
}  # fmt: skip
"""Who is shown a page, asked about the case: anybody else is refused, or finds nothing."""

SIGNING = {"/signin", "/signin/callback", "/signout"}
"""What signs in and out, which `tests/api/test_signin.py` looks at."""


@dataclass
class Person:
    """Somebody in a browser: `csrf` is what their pages repeat."""

    http: Client
    csrf: str = ""

    def get(self, path: str) -> Response:
        return self.http.get(path)

    def send(self, path: str, csrf: str | None = None, **fields: str) -> Response:
        return self.http.post(path, data={"csrf_token": self.csrf if csrf is None else csrf, **fields})


@dataclass
class World:
    """A case in which much has happened, and the people with and without a part in it."""

    site: Site
    case: UUID
    people: Mapping[str, Person]

    @property
    def pages(self) -> list[tuple[str, str]]:
        """The method and the path of every page."""
        routes = [it for it in self.site.app.routes if isinstance(it, APIRoute) and not it.include_in_schema]
        ours = [it for it in routes if it.path not in SIGNING]
        return [(how, it.path) for it in ours for how in sorted(it.methods or ()) if how != "HEAD"]

    def at(self, path: str, act: str = "record-statement") -> str:
        """Return the address of a page, about the case."""
        return path.replace("{name:path}", "luotsi/base.css").format(id=self.case, act=act, code="fi")


@pytest.fixture(scope="module")
def world(site: Site) -> Iterator[World]:
    """Give a case of an organisation of its own, whose every word is the mark."""
    case, actors = planted(site)
    with ExitStack() as stack:
        people = {"nobody": Person(stack.enter_context(Client(base_url=site.origin, headers={"Accept": "text/html"})))}
        for name, (actor, grant) in actors.items():
            session = site.sessions.begin(actor, grant)
            said = {"Accept": "text/html", "Cookie": f"{COOKIE}={session}", "Origin": site.origin}
            http = stack.enter_context(Client(base_url=site.origin, headers=said, timeout=60))
            found = site.sessions.found(session)
            assert found
            people[name] = Person(http, found.csrf)
        yield World(site, case, people)


def planted(site: Site) -> tuple[UUID, dict[str, tuple[Actor, Grant | None]]]:
    """Have a case live in an organisation of its own; return it, and people by what they are to it."""
    organisation, client, case, another = f"o-{uuid4().hex[:8]}", uuid4(), uuid4(), site.town.client()
    worker = Actor(f"ulla-{organisation}", Role.WORKER, organisation, "yksikko")
    manager = Actor(f"mauno-{organisation}", Role.MANAGER, organisation, "yksikko")
    representative, do = Actor(str(uuid4()), Role.REPRESENTATIVE), site.town.do
    do(RegisterOrganisation(organisation, MARK), organisation_stream(organisation), ADMINISTRATOR)
    do(OpenUnit(organisation, "yksikko", MARK), unit_stream(organisation, "yksikko"), ADMINISTRATOR)
    for it in (worker, manager):
        do(JoinUnit(organisation, "yksikko", it.id), worker_stream(organisation, it.id), ADMINISTRATOR)
        do(SetWorkerContact(MARK, "03 000 0001"), worker_stream(organisation, it.id), ADMINISTRATOR)
    do(RegisterClient("1961", "Tampere"), client, worker)
    do(NameRepresentative(UUID(representative.id), "guardian"), client, worker)
    do(OpenCase(client=client, need=MARK), case, worker)
    for command in lived(worker, manager):
        do(command, case, worker)
    of_client = Actor(str(client), Role.CLIENT)
    do(RegisterOrganisation("asiavastaava", "Asiavastaavat"), organisation_stream("asiavastaava"), ADMINISTRATOR)
    do(GiveConsent(("asiavastaava",)), case, of_client)
    return case, {
        "worker": (worker, None), "manager": (manager, None), "client": (of_client, None),
        "representative": (representative, None),
        "auditor": (Actor("tarkastaja", Role.AUDITOR), Grant("valvonta", frozenset({case}))),
        "ombudsman": (Actor("asiavastaava", Role.OMBUDSMAN, "asiavastaava"), None),
        "other worker": (BO, None), "other manager": (CILLA, None),
        "other client": (Actor(str(another), Role.CLIENT), None),
        "other representative": (Actor(str(uuid4()), Role.REPRESENTATIVE), None),
        "other auditor": (Actor("toinen", Role.AUDITOR), Grant("valvonta", frozenset({uuid4()}))),
        "other ombudsman": (Actor("muu", Role.OMBUDSMAN, "muualla"), None),
        "administrator": (Actor("paivi", Role.ADMINISTRATOR, organisation), None),
        "system": (Actor("jarjestelma", Role.SYSTEM, organisation), None),
    }  # fmt: skip


def lived(worker: Actor, manager: Actor) -> list[Command[Any]]:
    """Return what happens in the case, all of it in the words of the mark."""
    us = Holder(worker.organisation or "", "yksikko", worker.id)
    comrade = Holder(manager.organisation or "", "yksikko", manager.id)
    return [
        RecordStatement(MARK), MakeRequest("other_worker", MARK), RaiseObjection(Entry(1), MARK),
        CompleteAssessment("needs", "guidance_needed", no_view_because=MARK), SetGoal(MARK),
        AgreeTeamLine((us, comrade), MARK, False, no_view_because=MARK),
        PromiseNextStep("worker", MARK, moment("2031-03-03T12:00:00Z")),
        ProposeHandoff(comrade, MARK, None, MARK),
    ]  # fmt: skip


def test_of_every_page_it_is_said_whose_it_is(world: World) -> None:
    assert {path for _, path in world.pages} == WHOSE.keys()


def test_every_page_is_shown_to_those_alone_whose_it_is_and_tells_nobody_else_anything(world: World) -> None:
    for path, (name, person) in itertools.product(WHOSE, world.people.items()):
        answer = person.get(world.at(path))
        shown = answer.status_code in {200, 303}
        assert shown == (name in WHOSE[path]), (path, name, answer.status_code)
        if name == "nobody" and not shown:
            assert answer.status_code == 401, path
        assert shown or answer.status_code in {401, 403, 404}, (path, name, answer.status_code)
        if name not in INSIDE:
            found = [it for it in (SECRET, "ulla-", str(world.case)) if it in told(answer, world.at(path))]
            assert not found, (path, name, found)


def told(answer: Response, path: str) -> str:
    """Return what a page tells, but for its own address, which its links to other languages repeat."""
    said = answer.text + answer.headers.get("location", "")
    for it in (path, path.replace("/", "%2F")):
        said = said.replace(it, "")
    return said


# What is sent, and from where.

ACTS = ("record-statement", "propose-handoff", "agree-team-line", "answer-objection", "raise-objection", "choose-owner")


@pytest.fixture
def untouched(world: World) -> Iterator[None]:
    """Check in the end that nothing was written but in the log of reads, and of sessions that they go on."""
    world.site.settled()
    before = rows(world.site)
    yield
    world.site.settled()
    assert rows(world.site) == before


def rows(site: Site) -> dict[str, int]:
    """Return how many rows each table has, but for the log of reads, its checkpoints, and sessions."""
    with site.house.pool.connection() as connection:
        named = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema").fetchall()
        return {
            it: connection.execute(f'SELECT count(*) FROM "{it}"').fetchone()[0]  # type: ignore[index]
            for (it,) in named if not it.startswith(("read", "sessions", "checkpoints"))
        }  # fmt: skip


@pytest.mark.usefixtures("untouched")
def test_looking_at_a_page_changes_nothing(world: World) -> None:
    for (how, path), name in itertools.product(world.pages, INSIDE):
        if how == "GET" and name in WHOSE[path]:
            for act in ACTS if "{act}" in path else ("",):
                world.people[name].get(world.at(path, act))


@pytest.mark.usefixtures("untouched")
def test_no_form_is_taken_but_one_of_our_own_page_with_its_own_token(world: World) -> None:
    other = world.people["other worker"].csrf
    taken = [path for how, path in world.pages if how == "POST" and path != "/slip/answer"]
    assert len(taken) > 4
    for path, name in itertools.product(taken, INSIDE):
        if name in WHOSE[path]:
            one, where = world.people[name], world.at(path)
            fields = {"csrf_token": one.csrf, "words": "hei", "need": "hei", "channel": "visit"}
            elsewhere = {"Origin": "https://elsewhere.example"}
            answers = [
                one.send(where, "", words="hei", need="hei"), one.send(where, other, words="hei", need="hei"),
                one.http.post(where, data=fields, headers=elsewhere),
                one.http.post(where, data=fields, headers={"Origin": "null"}),
                one.http.post(where, data=fields, headers={"Sec-Fetch-Site": "same-site"}),
                one.http.post(f"{where}?csrf_token={one.csrf}", data={"words": "hei"}),
            ]  # fmt: skip
            assert {it.status_code for it in answers} == {403}, (path, name)
            unlike = [
                one.http.post(where, json=fields), one.http.post(where, files={"words": b"hei"}, data=fields),
                one.http.post(where, content="words=hei", headers={"Content-Type": "text/plain"}),
            ]  # fmt: skip
            assert {it.status_code for it in unlike} == {400}, (path, name)


@pytest.mark.usefixtures("untouched")
def test_what_is_sent_by_those_whose_page_it_is_not_does_nothing(world: World) -> None:
    sent = [path for how, path in world.pages if how == "POST" and path != "/slip/answer"]
    for path, (name, person) in itertools.product(sent, world.people.items()):
        if name not in WHOSE[path]:
            answer = person.send(world.at(path), words="hei", need="hei", channel="visit")
            assert answer.status_code in {401, 403, 404}, (path, name, answer.status_code)
            assert SECRET not in answer.text


@pytest.mark.usefixtures("untouched")
def test_an_auditor_makes_no_slip_and_gives_no_command(world: World) -> None:
    for name, path in itertools.product(AUDIT, ("/desk/cases/{id}/slip", "/own/{id}/slip", "/own/{id}/do/{act}")):
        assert world.people[name].send(world.at(path)).status_code == 403


# Words are words.


class Elements(HTMLParser):
    """What a page is made of, as a browser reads it: the elements, and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


TOLD = ("all", "before", "check", "day", "done", "find", "known", "need", "opened_from", "organisation", "q",
        "return_to", "seen_by", "since", "text", "to", "until", "version", "words", "zoom")  # fmt: skip
REFUSED = ("after", "answer", "bounced", "case", "code", "finding", "moved_from", "moved_to", "own", "waiting")
"""What addresses say: what a page takes as it is, and what it is asked by and refuses where it is nothing."""


def is_only_words(answer: Response) -> None:
    """Check that nothing that somebody wrote has become part of what the page is made of."""
    for tag, attributes in Elements(answer.text).found:
        where = (answer.request.url, tag, attributes)
        assert tag not in {"xss", "style", "iframe", "object", "embed", "base"}, where
        assert not [it for it in attributes if it.startswith("on") or it in {"style", "srcdoc"}], where
        assert tag != "script" or str(attributes["src"]).startswith("/static/"), where
        for it in ("href", "src", "action", "formaction", "hx-post", "hx-get"):
            said = attributes.get(it)
            assert said is None or said.startswith(("/", "#", "?", "tel:", "mailto:")), where
            assert said is None or not said.startswith(("//", "/\\")), where
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", sorted(INSIDE))
def test_no_word_or_name_becomes_part_of_a_page(world: World, name: str) -> None:
    person, shown = world.people[name], 0
    paths = [path for how, path in world.pages if how == "GET" and name in WHOSE[path]]
    for path in set(paths) - {"/", "/docs", "/static/{name:path}", "/language/{code}", "/slip/answer"}:
        for act in ACTS if "{act}" in path else ("",):
            for query in ({}, dict.fromkeys(TOLD, MARK), dict.fromkeys(REFUSED, MARK)):
                answer = person.http.get(world.at(path, act), params=query)
                if answer.status_code != 303:
                    is_only_words(answer)
                    assert answer.status_code < 500, (path, act, query)
                    shown += SECRET in answer.text
    assert shown > 2
    for how, path in world.pages:
        if how == "POST" and name in WHOSE[path] and "slip" not in path:
            is_only_words(person.send(world.at(path), occurred_at=MARK, need=MARK, words=MARK, return_to=MARK))


def test_words_that_turn_the_order_of_letters_turn_no_time_beside_them(site: Site, visitor: Visitor) -> None:
    client = site.town.client()
    case = site.case(client)
    site.town.do(PromiseNextStep("worker", "soitan \u202esinulle", moment("2031-03-03T12:00:00Z")), case, AINO)
    for who, path in ((Actor(str(client), Role.CLIENT), f"/own/{case}"), (AINO, f"/desk/cases/{case}")):
        page = visitor.page(who, language="en")
        page.goto(path)
        turned = page.evaluate(
            """() => [...document.querySelectorAll("main time")].filter(it => it.getClientRects().length === 1
              && it.firstChild instanceof Text).filter(it => {
              const first = document.createRange(), last = document.createRange(), end = it.firstChild.length
              first.setStart(it.firstChild, 0), first.setEnd(it.firstChild, 1)
              last.setStart(it.firstChild, end - 1), last.setEnd(it.firstChild, end)
              return first.getBoundingClientRect().left > last.getBoundingClientRect().left
            }).map(it => it.parentElement.textContent)"""
        )
        assert turned == [], path


def test_who_goes_back_once_the_session_is_over_sees_nothing_of_what_was_there(site: Site, visitor: Visitor) -> None:
    case = site.case()
    page = visitor.page(AINO)
    page.goto(f"/desk/cases/{case}")
    assert "asunnon menettäminen" in page.content()
    page.goto("/slip")
    for kept in page.context.cookies():
        site.sessions.end(kept.get("value", ""))
    page.go_back()
    assert page.url.endswith(f"/desk/cases/{case}")
    assert "asunnon menettäminen" not in page.content()


def test_not_even_a_problem_leads_elsewhere(world: World) -> None:
    for person in (world.people["nobody"], world.people["worker"]):
        for path in ("/nothing/'\"><xss>", "/signin?return_to=//elsewhere.example", f"/language/fi?return_to={MARK}"):
            is_only_words(person.get(path))
