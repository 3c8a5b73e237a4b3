"""What is not told to somebody stands on none of their pages: withheld, misplaced, and where a client is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Client

from api.commands import commands
from api.sessions import COOKIE
from domain.authorization import Grant
from domain.case import Case
from domain.client import NameRepresentative
from domain.consent import GiveConsent
from domain.corrections import MarkErroneous
from domain.decider import CLIENT_SIDE, STAFF, Actor, Command, Entry, Role
from domain.directory import (
    JoinUnit,
    OpenUnit,
    RegisterOrganisation,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.handoff import ProposeHandoff
from domain.intake import PromiseNextStep
from domain.ledger.application import ask
from domain.plan import SetGoal
from domain.protection import ProtectAddress
from domain.provision import StartService
from domain.reaching import SetUnitContact, SetWorkerContact
from domain.requests import MakeRequest
from domain.voice import RecordStatement
from domain.withholding import ForbidDisclosure
from tests.pages.site import Site
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

SHELTER = Actor("sanna77", Role.WORKER, "pirha", "u4711")
TELLING = ("Nokian turvakoti", "u4711", "sanna77", "Sanna Suojaaja", "03 555 0001", "Nokia")
"""What tells where the child is."""

WITHHELD, WHY, MISPLACED = "muutimme Hervantaan", "pelko", "naapurin lääkitys on väärin"
ADVISER = Actor("oili", Role.OMBUDSMAN, "oikeusasiat")


@dataclass(frozen=True)
class Told:
    """A child's case, which went from Kela by Pirha to a shelter, and those who may not be told all of it."""

    site: Site
    case: UUID
    client: Actor
    father: Actor
    withheld: int
    misplaced: int

    def pages(self, by: Actor, grant: Grant | None = None) -> Iterator[tuple[str, str]]:
        """Yield every page of the case that somebody is shown, the forms of all that they may do among them."""
        session = self.site.sessions.begin(by, grant)
        said = {"Accept": "text/html", "Cookie": f"{COOKIE}={session}"}
        with Client(base_url=self.site.origin, headers=said, timeout=60, follow_redirects=True) as http:
            for path in self.paths(by.role):
                answer = http.get(path)
                assert answer.status_code in {200, 403, 404}, (path, answer.status_code)
                yield path, answer.text

    def paths(self, role: Role) -> list[str]:
        place = "/own" if role in CLIENT_SIDE else "/desk" if role in STAFF else "/audit"
        pages = {
            "/own": [f"/own/{self.case}{it}" for it in ("", "?all=said&all=decided", "/reads", "/history", "/slip")],
            "/desk": ["/desk", "/desk/offers", "/desk/asked",
                      *(f"/desk/cases/{self.case}{it}" for it in ("?all", "/slip"))],
            "/audit": ["/audit", *(f"/audit/cases/{self.case}?version={it}" for it in range(1, 15)),
                       f"/audit/cases/{self.case}?zoom=whole&known=5"],
        }[place]  # fmt: skip
        case = f"/desk/cases/{self.case}" if place == "/desk" else f"/own/{self.case}"
        acts = [it for it in commands() if it.state is Case and it.stream == "existing" and role in it.roles]
        entries = f"entry={self.withheld}&version={self.withheld}&against={self.withheld}"
        return pages + [f"{case}/do/{it.slug()}?{entries}" for it in acts]


@pytest.fixture(scope="module")
def told(site: Site) -> Told:
    """Let the case be handed over, planned and talked over; the child's address is protected."""
    do, client, case = site.town.do, site.town.client(), uuid4()
    if not site.house.cases.loaded(unit_stream("pirha", "u4711"), OpenUnit.state).version:
        do(OpenUnit("pirha", "u4711", TELLING[0], TELLING[-1]), unit_stream("pirha", "u4711"), ADMINISTRATOR)
        do(JoinUnit("pirha", "u4711", SHELTER.id), worker_stream("pirha", SHELTER.id), ADMINISTRATOR)
    do(SetUnitContact(TELLING[4]), unit_stream("pirha", "u4711"), ADMINISTRATOR)
    do(SetWorkerContact(TELLING[3], TELLING[4]), worker_stream("pirha", SHELTER.id), ADMINISTRATOR)
    do(RegisterOrganisation("oikeusasiat", "Oikeusasiat"), organisation_stream("oikeusasiat"), ADMINISTRATOR)
    father = Actor(str(uuid4()), Role.REPRESENTATIVE)
    do(NameRepresentative(UUID(father.id), "custodian"), client, AINO)
    do(ProtectAddress(soon(days=365)), client, AINO)
    case = site.case(client)
    of_client = Actor(str(client), Role.CLIENT)
    do(GiveConsent(("oikeusasiat",)), case, of_client)

    def done(command: Command[Any], by: Actor) -> int:
        """Do something in the case; return the entry that came of it."""
        return int(site.house.cases.execute(ask(command, case, by)).last)

    for by, to in ((AINO, BO), (BO, SHELTER)):
        site.town.hand_over(case, by, to)
    withheld = done(RecordStatement(WITHHELD, speaker="close_person"), SHELTER)
    promised = done(PromiseNextStep("worker", WITHHELD, soon(days=3)), SHELTER)
    misplaced = done(RecordStatement(MISPLACED), SHELTER)
    for command, by in (
        (ForbidDisclosure(Entry(withheld), "client", "third_party", WHY, soon(days=30)), SHELTER),
        (ForbidDisclosure(Entry(promised), "client", "third_party", WHY, soon(days=30)), SHELTER),
        (MarkErroneous(Entry(misplaced), "toisen asiakkaan", wrong_person=True), SHELTER),
        (MakeRequest("other_worker", "toinen työntekijä"), of_client),
        (SetGoal("koti"), SHELTER),
        (StartService(holder(SHELTER)), SHELTER),
        (ProposeHandoff(holder(BO), "muutto", None, "ei tavattu"), SHELTER),
    ):
        done(command, by)
    return Told(site, case, of_client, father, withheld, misplaced)


def soon(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def directory_apart(page: str) -> str:
    """Return a page without what one chooses from: which units there are is no secret, but which has the case."""
    return re.sub(r"<option value=\"[^\"]*\">[^<]*</option>", "", page)


@pytest.mark.rule(22)
@pytest.mark.parametrize("who", ["father", "adviser", "kela"])
def test_no_page_tells_where_a_client_is_whose_address_is_protected(told: Told, who: str) -> None:
    by, shown = {"father": told.father, "adviser": ADVISER, "kela": AINO}[who], 0
    for path, page in told.pages(by):
        found = [it for it in TELLING if it in directory_apart(page)]
        assert not found, (path, found)
        shown += str(told.case) in page
        if path == f"/desk/cases/{told.case}?all":
            assert "paikkaa ei kerrota: asiakkaalla on turvakielto" in page
    assert shown


@pytest.mark.parametrize("who", ["client", "father", "adviser"])
def test_no_page_tells_what_is_withheld_from_whoever_looks(told: Told, who: str) -> None:
    by = {"father": told.father, "adviser": ADVISER, "client": told.client}[who]
    for path, page in told.pages(by):
        assert WITHHELD not in page, path
        assert WHY not in page, path


@pytest.mark.parametrize("who", ["client", "father", "adviser", "shelter", "manager", "auditor"])
def test_no_page_tells_what_is_another_persons(told: Told, who: str) -> None:
    people = {
        "father": told.father, "adviser": ADVISER, "client": told.client, "shelter": SHELTER, "manager": CILLA,
        "auditor": Actor("tarkastaja", Role.AUDITOR),
    }  # fmt: skip
    grant = Grant("valvonta", frozenset({told.case})) if who == "auditor" else None
    for path, page in told.pages(people[who], grant):
        assert MISPLACED not in page, path
