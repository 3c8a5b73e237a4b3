"""A child whose address is protected, and two custodians, one of whom is not to know where the child is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.rows import WITHHELD
from domain.decider import Actor, Role
from tests.scenarios.life import CaseLife, Life, as_client
from tests.scenarios.people import LIISA, OSSI
from tests.town import ADMINISTRATOR

SHELTER = Actor("sanna", Role.WORKER, "pirha", "u4711")
PLACE = "Nokia"
WHERE = "asumme turvakodissa, uusi koulu on Nokian keskustassa"
SEEN_BY_ALL = "Oona haluaa jatkaa soittotunteja"
_DIRECTORY = {"/directory", "/directory/names"}
_OF_NOBODY = {"/me", "/problems", "/rules", "/checkpoint/keys", *_DIRECTORY}
"""What tells of no case: who asks, what holds for all, and which units and workers there are, by their own names."""


@dataclass(frozen=True)
class Oona:
    """Oona, eight: her case with family services, her mother, and her father, from whom they have fled."""

    life: Life
    case: CaseLife
    mother: Actor
    father: Actor

    @property
    def stream(self) -> str:
        """The path of her own stream."""
        return f"/clients/{self.case.client}"

    def read_by(self, whom: Actor) -> dict[str, str]:
        """Return everything that somebody can read of the case, of where it is and beside it, by path, as text."""
        door, places = self.life.door, ["/units/pirha/u4711", "/units/pirha/lapsiperheet", f"{self.stream}/cases"]
        paths = [it for it in door.paths if "get" in door.paths[it] and not it.startswith(("/feed", "/health"))]
        named = [it for it in paths if it.startswith("/cases/{id}") or "{" not in it] + places
        answers = {it: door.get(it.format(id=self.case.id), whom) for it in named}
        return {path: it.text for path, it in answers.items() if it.is_success and path not in _OF_NOBODY}


@pytest.fixture
def oona(life: Life) -> Oona:
    """Give Oona's case, with both custodians on record, her address protected, and her mother's word of where."""
    life.join(LIISA, OSSI)
    place = {"organisation": "pirha", "unit": "u4711", "name": f"{PLACE}n turvakoti", "locality": PLACE}
    life.does(ADMINISTRATOR, "/units", **place)
    life.join(SHELTER)
    child = life.does(LIISA, "/clients", at="2025-01-07", born="2017", municipality=PLACE)["id"]
    mother, father = (Actor(str(uuid4()), Role.REPRESENTATIVE) for _ in range(2))
    for it in (mother, father):
        mandate = {"representative": it.id, "kind": "custodian"}
        life.does(LIISA, f"/clients/{child}/name-representative", at="2025-01-07 10:00", **mandate)
    case = life.case(LIISA, "2025-01-08", client=child, need="turvallinen arki")
    a_year = datetime.now(UTC) + timedelta(days=365)
    life.does(LIISA, f"/clients/{child}/protect-address", at="2025-01-08 10:00", until=a_year)

    case.does(mother, "record-statement", at="2025-01-09", words=WHERE)
    told_in = case.latest("statement-recorded")["version"]
    case.does(LIISA, "forbid-disclosure", at="2025-01-09 10:00", entry=told_in, from_whom=father.id)
    case.does(mother, "record-statement", at="2025-01-10", words=SEEN_BY_ALL)
    case.does(LIISA, "start-service", at="2025-01-13", provider=SHELTER)
    return Oona(life, case, mother, father)


@pytest.mark.rule(22)
def test_whoever_is_not_to_know_where_the_child_lives_reads_it_nowhere(oona: Oona) -> None:
    """The father reads his daughter's case, as a custodian may, and everything that he may read is searched.

    Neither the town nor the shelter is named anywhere in it, nor the word of where they are, at any moment; and it is
    not silently left out: he is told that something is withheld. Those who need it read it.
    """
    read = oona.read_by(oona.father)
    assert {f"/cases/{{id}}{it}" for it in ("", "/history", "/words", "/voice", "/plan", "/heard")} <= read.keys()
    for path, text in read.items():
        for telling in (PLACE, "turvakot", "turvakodi"):
            assert telling not in text, path
    for path in _DIRECTORY:
        anybody, father = (oona.life.door.get(path, it) for it in (as_client(str(uuid4())), oona.father))
        assert anybody.text == father.text, path
    words = oona.case.reads("words", by=oona.father)["entries"]
    said = [it["words"]["words"] for it in words if it["topic"] in {"statement-recorded", WITHHELD}]
    assert said == [WITHHELD, SEEN_BY_ALL]
    for version in range(1, oona.case.version + 1):
        entries = oona.case.reads("history", by=oona.father, version=version)["events"]
        assert WHERE not in str(entries)
    for other in (LIISA, oona.mother, as_client(oona.case.client)):
        assert WHERE in oona.read_by(other)["/cases/{id}/words"]


@pytest.mark.rule(22)
def test_the_protection_is_lifted_by_staff_or_by_its_own_time_and_by_nobody_else(oona: Oona) -> None:
    """The father can't lift it, the clock doesn't before its time, and saying the same again is nothing new."""
    lifting = f"{oona.stream}/lift-address-protection"
    assert oona.life.post(lifting, oona.father).json()["type"] == "/problems/role-not-allowed"
    oona.life.clock_strikes()
    assert oona.life.does(LIISA, lifting)["events"] != []
    assert oona.life.does(LIISA, lifting)["events"] == []


@pytest.mark.rule(16)
def test_one_of_two_custodians_decides_nothing_alone(oona: Oona) -> None:
    """The father would take the case into his own hands, and have it closed. Neither is his alone to decide.

    What he asks for waits for the mother. She says no, and nothing has changed, at any moment.
    """
    taken = oona.case.does(oona.father, "take-ownership", at="2025-02-03", words="minä hoidan tämän")
    assert oona.case.owner() == "liisa"
    oona.case.refuses("one-of-two-custodians", oona.father, "propose-closure", at="2025-02-03", ground="client_ended")
    oona.case.refuses("own-witness", oona.father, "answer-as-client", at="2025-02-04", version=taken, answer="agreed")
    oona.case.does(oona.mother, "answer-as-client", at="2025-02-05", version=taken, answer="denied")
    (said,) = [it for it in oona.case.reads("voice") if it["kind"] == "took_ownership"]
    assert (said["by"], said["waits_for"], said["standing"]) == (oona.father.id, "custodian", "denied")
    late = {"version": taken, "answer": "agreed"}
    oona.case.refuses("no-longer-waits", oona.mother, "answer-as-client", at="2025-02-06", **late)
    assert {oona.case.owner(version=it) for it in range(1, oona.case.version + 1)} == {"liisa"}


@pytest.mark.rule(16)
def test_once_the_court_has_ended_his_custody_the_mother_decides_alone_and_he_reads_nothing(oona: Oona) -> None:
    """In March the court gives custody to the mother. He can't end or keep it by himself: Liisa records the decision.

    From then on the mother takes the case into her own hands at once, with Liisa at her back, and for him it is not
    there.
    """
    ending = f"{oona.stream}/end-representative"
    refused = oona.life.post(ending, oona.mother, at="2025-03-03", body={"representative": oona.father.id})
    assert refused.json()["type"] == "/problems/not-your-mandate"
    oona.life.does(LIISA, ending, at="2025-03-03", representative=oona.father.id)
    oona.case.does(oona.mother, "take-ownership", at="2025-03-04")
    assert (oona.case.owner(), oona.case.responsible()) == ("client", "liisa")
    assert oona.read_by(oona.father) == {"/represented": '{"clients":[]}'}
    oona.case.refuses("stream-absent", oona.father, "raise-objection", at="2025-03-05", against=1, words="en hyväksy")
