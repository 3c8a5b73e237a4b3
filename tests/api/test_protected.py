"""Under address protection nobody learns from a case where its client is, but those who need it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import pytest

from api.alerts import AlertTold
from api.commands import commands
from api.findings import FindingTold
from api.lists import Listed
from api.protected import PLACES, PROTECTED, ROLES, unplaced
from api.queries import Circumstances, Summary
from api.readers import ReadTold
from domain.case import Case
from domain.client import Client
from domain.decider import WORDS, Actor, Role
from domain.ledger.postgres import Server
from projections.projection import every_projection
from tests.api.conftest import Door, as_client, door_of, new_database
from tests.domain.vocabulary import EVENTS
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

SHELTER = Actor("sanna77", Role.WORKER, "pirha", "u4711")
NAME, LOCALITY = "Nokian turvakoti", "Nokia"
AUDITOR = Actor("auri", Role.AUDITOR)
OTHER = Actor("aarne", Role.WORKER, "kela", "asiakaspalvelu")
OMBUDSMAN = Actor("oili", Role.OMBUDSMAN, "kela")
TELLING = (NAME, LOCALITY, "u4711", "sanna77")
"""What tells where the child is."""


@dataclass(frozen=True)
class Oona:
    """A child whose address is protected, her case, which a shelter holds, and her father, who isn't to know where."""

    door: Door
    client: UUID
    case: str
    father: Actor

    def does(self, by: Actor, act: str, /, **body: Any) -> Any:
        answer = self.door.post(f"/cases/{self.case}/{act}", body, by)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, by: Actor) -> dict[str, str]:
        """Return every answer that is open to somebody, now and by each version and clock, by where it is read."""
        answers = {it: self.door.get(it, by) for it in self.places()}
        return {place: it.text for place, it in answers.items() if it.is_success}

    def places(self) -> list[str]:
        """Return every path of the service that tells anything, with those of the case as of every moment."""
        known = {"organisation": "pirha", "unit": "u4711", "worker": "sanna77", "name": "stream-absent"}
        known |= {"log": "events", "epoch": "1", "level": "0", "place": "000.p/1"}
        queries = [path for path, methods in self.door.paths.items() if "get" in methods and path != "/feed"]
        of_case = [it.format(id=self.case) for it in queries if it.startswith("/cases/{id}")]
        others = [it.format(id=self.client, **known) for it in queries if not it.startswith("/cases/{id}")]
        last = self.door.get(f"/cases/{self.case}", AUDITOR).json()["version"]
        moments = [*(f"version={it}" for it in range(1, last + 1)), "known_at=2199-01-01T00:00:00Z"]
        as_of = [f"{path}?{moment}" for path in of_case for moment in moments]
        return [*of_case, *others, *as_of, f"/referral-memory?case={self.case}"]

    def protect(self) -> None:
        until = (datetime.now(UTC) + timedelta(days=365)).isoformat()
        assert self.door.post(f"/clients/{self.client}/protect-address", {"until": until}, BO).status_code == 200


@pytest.fixture(scope="module")
def oona(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oona]:
    """Give Oona's case, which went from Bo to the shelter, and in which everything that names a holder has happened."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        place = {"organisation": "pirha", "unit": "u4711"}
        assert door.post("/units", place | {"name": NAME, "locality": LOCALITY}, ADMINISTRATOR).status_code == 201
        assert door.post("/workers", place | {"worker": SHELTER.id}, ADMINISTRATOR).status_code == 201
        client = UUID(door.post("/clients", by=BO).json()["id"])
        father = Actor(str(uuid4()), Role.REPRESENTATIVE)
        mandate = {"representative": father.id, "kind": "custodian"}
        assert door.post(f"/clients/{client}/name-representative", mandate, BO).status_code == 200
        it = Oona(door, client, door.case(client, BO), father)
        it.protect()
        lived(it)
        yield it


def lived(oona: Oona) -> None:
    """Let the case be handed over, planned, talked over, closed in part: whatever names a unit or a worker."""
    to = vars(holder(SHELTER))
    offer = oona.does(BO, "propose-handoff", to=to, reason="osaa paremmin", no_view_because="ei tavattu")["made"]
    oona.does(SHELTER, "accept-handoff", handoff=offer)
    said = oona.does(SHELTER, "record-statement", words="haluan jatkaa soittotunteja")
    oona.does(oona.father, "raise-objection", against=said["version"], words="en ollut paikalla")
    oona.does(SHELTER, "promise-next-step", who="worker", what="tavataan", by="2099-01-01T00:00:00Z")
    oona.does(SHELTER, "start-service", provider=to)
    both = [to, vars(holder(BO))]
    oona.does(
        SHELTER, "agree-team-line", members=both, text="jatketaan", client_present=True, no_view_because="ei tavattu"
    )
    oona.does(SHELTER, "request-support", words="kaipaan apua")
    back = vars(holder(BO))
    oona.does(SHELTER, "propose-handoff", to=back, reason="muutto", no_view_because="ei tavattu")
    oona.does(SHELTER, "propose-closure", ground="goals_met", no_view_because="ei tavattu", reason="valmis")
    oona.door.get(f"/cases/{oona.case}", SHELTER)


@pytest.mark.rule(22)
def test_a_representative_reads_the_case_and_nowhere_in_it_where_the_child_is(oona: Oona) -> None:
    read = oona.read(oona.father)
    case = f"/cases/{oona.case}"
    assert {case, f"{case}/history", f"{case}/owner", f"{case}/plan", f"{case}/team", f"{case}/reads"} <= read.keys()
    directory = read.pop("/directory")  # which units there are is no secret, but where they are
    assert LOCALITY not in directory.replace(NAME, "").replace("Nokian", "")
    for path, text in read.items():
        assert [it for it in TELLING if it in text.replace(path, "")] == [], path
    for path in (case, f"{case}/history", f"{case}/owner", f"{case}/handoffs", f"{case}/reads"):
        assert PROTECTED in read[path]
    held = oona.door.get(f"{case}/owner", oona.father).json()["rows"]
    assert held[-1]["responsible"] == {"organisation": "pirha", "unit": PROTECTED, "worker": PROTECTED}


@pytest.mark.rule(22)
@pytest.mark.parametrize("by", [CILLA, AUDITOR, SHELTER], ids=lambda it: it.id)
def test_those_who_need_it_read_it(oona: Oona, by: Actor) -> None:
    read = oona.read(by)
    assert "sanna77" in read[f"/cases/{oona.case}/owner"]
    assert not [path for path, text in read.items() if PROTECTED in text]


@pytest.mark.rule(22)
def test_the_client_reads_who_holds_their_own_case(oona: Oona) -> None:
    assert "sanna77" in oona.door.get(f"/cases/{oona.case}", as_client(oona.client)).text


def moved(oona: Oona) -> str:
    """Let another case of the child's go from Aino to Bo and on to the shelter; return it."""
    case = oona.door.case(oona.client, AINO)
    for by, to in ((AINO, BO), (BO, SHELTER)):
        offer = {"to": vars(holder(to)), "reason": "muutto", "no_view_because": "ei tavattu"}
        offered = oona.door.post(f"/cases/{case}/propose-handoff", offer | {"disclosure_basis": "statutory"}, by)
        assert offered.status_code == 200, offered.text
        accepted = oona.door.post(f"/cases/{case}/accept-handoff", {"handoff": offered.json()["made"]}, to)
        assert accepted.status_code == 200, accepted.text
    return case


@pytest.mark.rule(22)
def test_whoever_had_the_case_before_reads_no_place_in_it(oona: Oona) -> None:
    case = moved(oona)
    path = f"/cases/{case}"
    for told in (oona.door.get(f"{path}/owner", AINO), oona.door.get(f"{path}/history", AINO)):
        assert PROTECTED in told.text
        assert not [it for it in (*TELLING, "aikuissosiaalityo", '"bo"') if it in told.text]
    for sought in ("unit=pirha/u4711", "worker=sanna77", "owner=pirha/u4711", "responsible_unit=u4711"):
        assert case not in oona.door.get(f"/cases?{sought}", AINO).text
        assert case in oona.door.get(f"/cases?{sought}", CILLA).text


@pytest.mark.rule(22)
def test_whoever_takes_access_in_an_emergency_reads_where_to_go(oona: Oona) -> None:
    case = moved(oona)
    taken = oona.door.post(f"/cases/{case}/grant-emergency-access", {"reason": "lapsi ei vastaa"}, AINO)
    assert taken.status_code == 200, taken.text
    assert "u4711" in oona.door.get(f"/cases/{case}/owner", AINO, headers={"Purpose": "emergency"}).text
    (read, *_) = oona.door.get(f"/cases/{case}/reads", as_client(oona.client)).json()["reads"]
    assert (read["who"], read["why"], read["relation"]) == ("aino", "emergency", "in_emergency")
    assert oona.door.post(f"/cases/{case}/end-emergency-access", {"access": taken.json()["made"]}, AINO).is_success
    assert "u4711" not in oona.door.get(f"/cases/{case}/owner", AINO).text


@pytest.mark.rule(22)
def test_the_ombudsman_advises_without_knowing_where(oona: Oona) -> None:
    case = moved(oona)
    consent = {"recipients": [OMBUDSMAN.organisation], "purpose": "cooperation"}
    given = oona.door.post(f"/cases/{case}/give-consent", consent, as_client(oona.client))
    assert given.status_code == 200, given.text
    for path in ("owner", "history", "withheld", "reads"):
        told = oona.door.get(f"/cases/{case}/{path}", OMBUDSMAN).text
        assert not [it for it in TELLING if it in told], path


@pytest.mark.rule(22)
def test_a_provider_who_works_in_the_case_reads_the_unit_that_holds_it(oona: Oona) -> None:
    case = moved(oona)
    service = {"provider": {"organisation": "kela", "unit": "asiakaspalvelu"}, "disclosure_basis": "statutory"}
    assert oona.door.post(f"/cases/{case}/start-service", service, SHELTER).status_code == 200
    assert "u4711" in oona.door.get(f"/cases/{case}/owner", AINO).text


@pytest.mark.rule(22)
def test_no_page_tells_it_either(oona: Oona) -> None:
    """What a page shows, and each form on it with what would have it refused, tells a representative no unit."""
    own = f"/own/{oona.case}"
    theirs = [it for it in commands() if Role.REPRESENTATIVE in it.roles and it.state in {Case, Client}]
    forms = [f"{own}/do/{it.slug()}" for it in theirs]
    for path in (own, f"{own}/reads", f"{own}/history", f"{own}/file", *forms):
        page = oona.door.get(path, oona.father)
        assert page.status_code == 200, path
        shown = re.sub(r"<option .*?</option>", "", page.text)  # the directory, which is no secret
        assert [it for it in TELLING if it in shown] == [], path


@pytest.mark.rule(22)
def test_no_refusal_tells_it_either(oona: Oona) -> None:
    case = moved(oona)
    own = oona.door.get(f"/cases/{case}/history", CILLA).json()["events"][0]["version"]
    sent = {"version": own, "reason": "väärä"}
    refused = oona.door.post(f"/cases/{case}/mark-erroneous", sent, OTHER)
    assert refused.status_code == 403
    assert not [it for it in TELLING if it in refused.text]
    form = {"version": str(own), "reason": "väärä", "key": "k"}
    token = {"Authorization": f"Bearer {oona.door.issuer.mint(OTHER)}"}
    page = oona.door.http.post(f"/desk/cases/{case}/do/mark-erroneous", data=form, headers=token)
    assert page.status_code == 403
    assert not [it for it in TELLING if it in page.text]
    offer = {"to": vars(holder(AINO)), "reason": "muutto", "no_view_because": "ei tavattu"}
    refused = oona.door.post(f"/cases/{case}/propose-handoff", offer, CILLA).json()
    assert refused["details"]["responsible"]["unit"] == "u4711"


@pytest.mark.rule(22)
def test_who_withheld_what_tells_no_representative_where_they_work(oona: Oona) -> None:
    case = moved(oona)
    hidden = {"entry": 1, "from_whom": oona.father.id, "ground": "safety", "reason": "ei tietoon"}
    assert oona.door.post(f"/cases/{case}/forbid-disclosure", hidden, SHELTER).status_code == 200
    for path in ("withheld", "history"):
        told = oona.door.get(f"/cases/{case}/{path}", oona.father)
        assert told.status_code == 200
        assert not [it for it in TELLING if it in told.text]


@pytest.mark.rule(22)
def test_what_was_protected_is_read_again_once_the_protection_is_lifted(oona: Oona) -> None:
    path = f"/cases/{oona.case}/owner"
    assert oona.door.post(f"/clients/{oona.client}/lift-address-protection", {}, BO).status_code == 200
    assert "sanna77" in oona.door.get(path, oona.father).text
    oona.protect()
    assert "sanna77" not in oona.door.get(path, oona.father).text


@pytest.mark.rule(22)
def test_an_organisation_that_the_case_is_offered_to_reads_who_offers_it(oona: Oona) -> None:
    case = oona.door.case(oona.client, BO)
    path = f"/cases/{case}/owner"
    offer = {"to": vars(holder(AINO)), "reason": "muutto", "no_view_because": "ei tavattu"}
    assert oona.door.get(path, AINO).status_code == 404
    offered = oona.door.post(f"/cases/{case}/propose-handoff", offer | {"disclosure_basis": "statutory"}, BO)
    assert offered.status_code == 200, offered.text
    assert "aikuissosiaalityo" in oona.door.get(path, AINO).text


# Nothing that names a unit or a worker is overlooked.

OPEN_TO_ALL = {
    "duty_holder", "organisation", "to_organisation", "from_organisation", "by_organisation", "kind", "what", "why",
    "topic", "hash", "threshold", "on_behalf_of", "client_told_by", "recipients", "region", "head",
    "role_told", "what_told", "why_told", "relation", "ground",
} | set(ROLES.values())  # fmt: skip
"""The texts that stand in rows and entries and name no unit and no worker: client_told_by is a role."""


def texts_of(kind: Any) -> Iterator[str]:
    """Yield the fields of a kind of row or entry, and of what stands in it, that hold a text which is not words."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        arms = {hint, *get_args(hint)}
        if str in arms and WORDS not in getattr(hint, "__metadata__", ()):
            yield name
        for part in arms:
            if isinstance(part, type) and (is_dataclass(part) and fields(part)):
                yield from texts_of(part)


def test_every_text_in_a_row_or_an_entry_is_known_to_tell_of_a_place_or_not() -> None:
    rows = [it.row for it in every_projection() if "case" in get_type_hints(it.row)]
    told = [Summary, Circumstances, Listed, FindingTold, AlertTold, ReadTold]
    entries = [it for it in EVENTS if it.state is Case]
    found = {name for kind in (*rows, *told, *entries) for name in texts_of(kind)}
    assert found - PLACES - ROLES.keys() <= OPEN_TO_ALL


def test_ids_of_clients_and_representatives_and_what_only_looks_like_one_stay() -> None:
    person = str(uuid4())
    kept = [
        {"who": person, "role": "representative"}, {"by": "client", "by_role": "client"}, {"by": "its_time"},
        {"proposed_by": "client"}, {"proposed_by": person}, {"who": "worker", "what": "soitan"}, {"units": 2},
    ]  # fmt: skip
    assert [unplaced(it) for it in kept] == kept
    hidden = [{"by": "sanna"}, {"proposed_by": "sanna"}, {"who": "sanna", "role": "worker"}, {"unit": "u4711"}]
    assert all(PROTECTED in unplaced(it).values() for it in hidden)
