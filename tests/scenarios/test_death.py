"""A client dies; and then it turns out that they have not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from domain.decider import Actor
from tests.scenarios.life import CaseLife, Life, Row, as_client
from tests.town import AINO, BO, CILLA

DIED = "2025-03-20"
CLOSED = "2025-03-21"
MISTAKEN = "2025-03-24"


@dataclass(frozen=True)
class Eino:
    """Eino, 88, in Tampere, and his two cases: with the county's adult social work, and with Kela.

    Both are offered to the other when the news comes, and to both offers he objects. The county's he drives himself.
    """

    life: Life
    id: str
    county: CaseLife
    kela: CaseLife
    offers: tuple[str, str]
    objections: tuple[str, str]

    @property
    def cases(self) -> tuple[tuple[CaseLife, Actor], ...]:
        """Both cases, each with the worker who answers for it."""
        return (self.county, BO), (self.kela, AINO)

    def dies(self) -> None:
        """Have the population register say that he died."""
        self.life.does(CILLA, f"/clients/{self.id}/record-death", at=DIED, source="population_register")

    def is_closed(self) -> None:
        """Have both cases closed on that ground."""
        for case, worker in self.cases:
            case.does(worker, "propose-closure", at=CLOSED, ground="death")
            case.does(worker, "close-case", at=CLOSED)

    def lives(self) -> None:
        """Have it said that he lives, and both cases taken up again."""
        self.life.does(BO, f"/clients/{self.id}/withdraw-death-report", at=MISTAKEN)
        for case, worker in self.cases:
            case.does(worker, "reopen-case", at=f"{MISTAKEN} 10:00", trigger="death_withdrawn")


def offered(case: CaseLife, by: Actor, to: Actor) -> tuple[str, str]:
    """Offer the case to another authority, to which the client objects; return the offer and the objection."""
    offer = case.does(
        by, "propose-handoff", at="2025-03-17", to=to, reason="kuuluu teille", no_view_because="ei tavoitettu",
        disclosure_basis="statutory",
    )  # fmt: skip
    against = case.latest("handoff-proposed")["version"]
    return offer, case.does(
        as_client(case.client), "raise-objection", at="2025-03-18", against=against, words="en halua taas uutta"
    )


@pytest.fixture
def eino(life: Life) -> Eino:
    """Give Eino, with both cases on the way."""
    person = life.does(BO, "/clients", at="2025-01-02", born="1937", municipality="Tampere")["id"]
    county, kela = life.case(BO, "2025-01-13", client=person), life.case(AINO, "2025-02-03", client=person)
    county.does(as_client(person), "take-ownership", at="2025-02-10", words="hoidan itse")
    offers, objections = zip(offered(county, BO, AINO), offered(kela, AINO, BO), strict=True)
    return Eino(life, person, county, kela, offers, objections)


@pytest.mark.rule(13)
def test_a_death_ends_both_cases_whatever_waited_in_them(eino: Eino) -> None:
    """The register tells that Eino has died. His cases are closed the next day, each by whoever answers for it.

    No rule of conduct stands in the way: not his objections, nor the time to object, nor that one case was his own. The
    offers are taken back, the objections lapse, and nobody takes his case on any more.
    """
    for case, worker in eino.cases:
        case.refuses("death-not-recorded", worker, "propose-closure", at="2025-03-19", ground="death")
    eino.dies()
    another = eino.life.post("/cases", BO, at=DIED, body={"client": eino.id, "need": "hautaus"})
    assert another.json()["type"] == "/problems/client-dead"
    eino.is_closed()

    for (case, worker), receiver, offer in zip(eino.cases, (AINO, BO), eino.offers, strict=True):
        stood = case.stands()
        assert (stood["status"], stood["owner"], stood["responsible"], stood["handoff"]) == ("closed", None, None, None)
        assert stood["open_objections"] == []
        (objection,) = [it for it in case.reads("voice") if it["kind"] == "objection"]
        assert objection["standing"] == "lapsed"
        (move,) = case.reads("handoffs")
        assert move["outcome"] == "withdrawn"
        (closure,) = case.reads("closure")
        assert (closure["ground"], closure["initiator"], closure["attributed_to"]) == (
            "death", "service", "circumstances",
        )  # fmt: skip
        case.refuses("stream-absent", receiver, "accept-handoff", at=CLOSED, handoff=offer)  # it was never theirs
        assert not case.findings(13, 15, 30, 32)
        again = {"trigger": "new_need", "responsible": worker}
        case.refuses("closed-by-death", worker, "reopen-case", at="2025-03-22", **again)
        case.refuses("death-stands", worker, "reopen-case", at="2025-03-22", trigger="death_withdrawn")


@pytest.mark.rule(16)
def test_where_the_report_was_a_mistake_all_is_as_he_left_it(eino: Eino) -> None:
    """Three days later Eino calls: it was his cousin, of the same name. The report is withdrawn.

    Both cases are taken up again by whoever had them. What he drove himself he drives again, and what he objected to
    waits for its answer. The offers stay taken back: whoever still means them makes them anew.
    """
    eino.dies()
    eino.is_closed()
    eino.lives()
    owners = (("client", "bo"), ("aino", "aino"))
    for (case, worker), owner, objection in zip(eino.cases, owners, eino.objections, strict=True):
        assert (case.owner(), case.responsible()) == owner
        assert case.stands()["open_objections"] == [objection]
        assert case.stands()["handoff"] is None
        (said,) = [it for it in case.reads("voice") if it["kind"] == "objection"]
        assert said["standing"] == "open"
        offer: Row = {"to": AINO if worker == BO else BO, "reason": "kuuluu teille", "no_view_because": "vastustaa"}
        case.does(worker, "propose-handoff", at="2025-03-26", disclosure_basis="statutory", **offer)


@pytest.mark.rule(1)
@pytest.mark.rule(20)
def test_the_history_keeps_the_mistake_and_what_it_did(eino: Eino) -> None:
    """An auditor sees each day as it was: before the news, while he was thought dead, and after the mistake.

    Nothing of it is gone, and whoever asks what was known then is told what was known then.
    """
    eino.dies()
    known = eino.county.version
    eino.is_closed()
    eino.lives()
    days = (
        ("2025-03-19", "open", "client", "bo"),
        (CLOSED, "closed", None, None),
        ("2025-03-23", "closed", None, None),
        (f"{MISTAKEN} 10:00", "open", "client", "bo"),
    )
    for day, status, owner, responsible in days:
        assert eino.county.stands(happened_by=day)["status"] == status, day
        assert eino.county.owner(happened_by=day) == owner, day
        assert eino.county.responsible(happened_by=day) == responsible, day
    assert eino.county.stands(version=known)["status"] == "open"
    assert eino.county.topics()[known:] == [
        "closure-proposed", "handoff-withdrawn", "objection-lapsed", "case-closed", "case-reopened",
    ]  # fmt: skip
    (closure,) = eino.county.reads("closure")
    assert (closure["ground"], closure["trigger"]) == ("death", "death_withdrawn")
