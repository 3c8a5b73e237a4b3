"""A child is at risk at night, and nobody has consented to anything."""

from uuid import UUID, uuid4

import pytest

from domain.authorization import may, standing
from domain.case import Case
from domain.decider import Action, Actor, Role
from tests.scenarios.life import CaseLife, Life, Row, on, overriding, told_at
from tests.scenarios.people import LIISA, OSSI

MARJA = Actor("marja", Role.MANAGER, "pirha", "lapsiperheet")
PIA = Actor("pia", Role.WORKER, "pirha", "sosiaalipaivystys")
NEA = Actor("nea", Role.WORKER, "omahame", "sosiaalipaivystys")
HILLA = Actor("hilla", Role.WORKER, "omahame", "lastensuojelu")
SAID = "en uskalla mennä kotiin, isä on vihainen"
WITHHELD = "lapsi pelkää isää, joka on huoltaja"
NOON = "2025-02-12 12:00"
FATHER = Actor(str(uuid4()), Role.REPRESENTATIVE)


@pytest.fixture
def case(life: Life) -> CaseLife:
    """Give Eetu's case, nine years old: family services in Tampere have it, and his father is his custodian."""
    life.join(LIISA, OSSI, MARJA, PIA, NEA, HILLA)
    child = life.client(LIISA, born="2016")
    life.does(LIISA, f"/clients/{child}/name-representative", representative=FATHER.id, kind="custodian")
    return life.case(LIISA, "2025-02-03", client=child, need="vanhempien ero")


def allowed(case: CaseLife, who: Actor, at: str) -> list[Action]:
    """Return what somebody might do in the case at that moment, but for what anybody of the staff may."""
    state = case.life.door.house.cases.loaded(UUID(case.id), Case).state
    assert isinstance(state, Case)
    relations = standing(who, state, on(at), None).relations
    return [it for it in Action if may(it, who.role, relations) and it not in {Action.ASK, Action.ENTER}]


@pytest.mark.rule(21)
def test_the_worker_on_duty_is_let_in_for_the_night_and_the_guardian_is_not_told(case: CaseLife) -> None:
    """Late in the evening the police in Hämeenlinna bring Eetu to the emergency social services there. Nea is on duty.

    His case is Tampere's, and not hers to know. She takes access to it: she says why, until when, and why his father is
    not told; the next day that is looked at again. She reads, and writes nothing in it: what Eetu says on the telephone
    is for Pia, who is on duty in Tampere. His father may read the case, and reads neither this nor what Eetu said. The
    case stays with Liisa all night.
    """
    assert allowed(case, NEA, "2025-02-11 22:00") == []
    reason = "poliisi toi lapsen päivystykseen"
    withheld: Row = {"reason": reason, "withheld_because": WITHHELD}
    case.refuses("withheld-without-review", NEA, "grant-emergency-access", at="2025-02-11 22:20", **withheld)
    case.refuses("in-the-case-already", LIISA, "grant-emergency-access", at="2025-02-11 22:20", reason=reason)
    access = case.does(NEA, "grant-emergency-access", at="2025-02-11 22:20", review_by=on(NOON), **withheld)

    granted, told = case.latest("emergency-access-granted"), case.latest("client-informed")
    assert told_at(granted["event"]["until"]) == on("2025-02-12 22:20")
    assert told_at(granted["event"]["review_by"]) == on(NOON)
    assert granted["event"]["reason"] == reason
    assert told["event"]["about"] == granted["version"]
    assert (told["event"]["withheld"], told["event"]["withheld_because"]) == (True, WITHHELD)
    assert told["event"]["received_at"] is None

    assert allowed(case, NEA, "2025-02-11 22:21") == [Action.READ]
    case.refuses("stream-absent", NEA, "record-statement", at="2025-02-11 22:30", words=SAID)
    said = case.does(PIA, "record-statement", at="2025-02-11 22:40", words=SAID, present=1)
    case.does(OSSI, "forbid-disclosure", at="2025-02-11 22:50", entry=case.version, from_whom=FATHER.id)
    read = str(case.reads("words", by=FATHER)) + str(case.reads("history", by=FATHER))
    assert not [it for it in (reason, WITHHELD, SAID) if it in read]

    found = {"kind": "urgent", "outcome": "service_needed", "client_view": said}
    case.does(PIA, "complete-assessment", at="2025-02-11 23:00", **found)
    case.refuses("not-responsible", PIA, "propose-handoff", at="2025-02-11 23:05", to=HILLA, reason="mummola",
                 client_view=said)  # fmt: skip
    case.does(NEA, "end-emergency-access", at="2025-02-12 06:00", access=access)
    case.refuses("emergency-over", NEA, "end-emergency-access", at="2025-02-12 06:05", access=access)
    assert allowed(case, NEA, "2025-02-12 06:05") == []
    assert {case.owner(version=it) for it in range(1, case.version + 1)} == {"liisa"}

    (untold,) = case.findings(21, happened_by=NOON)
    assert (untold["kind"], untold["entries"]) == ("not_told_of_access", [granted["version"]])
    case.does(OSSI, "inform-client", at="2025-02-12 11:30", about=granted["version"], channel="meeting")
    assert not case.findings(21, happened_by=NOON)


@pytest.mark.rule(7)
def test_an_exception_in_law_lets_the_child_be_taken_on_the_same_night(case: CaseLife) -> None:
    """Eetu goes to his grandmother's in Hämeenlinna, and the case to the child protection there, before midnight.

    Nobody is asked for consent: the law lets the data go, the record says that it was on that ground, and all that was
    decided rests on what Eetu said.
    """
    said = case.does(PIA, "record-statement", at="2025-02-11 22:40", words=SAID)
    offer = case.does(
        OSSI, "propose-handoff", at="2025-02-11 23:10", to=HILLA, reason="lapsi on mummolassa", client_view=said,
        disclosure_basis="statutory", urgent=True,
    )  # fmt: skip
    case.does(HILLA, "accept-handoff", at="2025-02-11 23:45", handoff=offer)
    assert (case.owner(happened_by="2025-02-11 23:44"), case.owner(happened_by="2025-02-11 23:45")) == (
        "liisa", "hilla",
    )  # fmt: skip
    (move,) = case.reads("handoffs")
    assert (move["disclosure_basis"], move["urgent"], move["outcome"]) == ("statutory", True, "accepted")
    (heard,) = [it for it in case.reads("heard") if it["kind"] == "handoff"]
    assert heard["statement"] == said
    assert not case.findings(7)


@pytest.mark.rule(7)
def test_where_no_law_is_at_hand_the_manager_sets_consent_aside_and_another_reviews_it_the_next_day(
    case: CaseLife,
) -> None:
    """Shortly before midnight Ossi, on call, knows no paragraph by heart. He sets the rule aside, and the case goes on.

    It is a finding at once, and he can't review it himself. Marja does so the next morning, before it is due; his
    father is not told, and the record says why.
    """
    said = case.does(PIA, "record-statement", at="2025-02-11 22:40", words=SAID)
    offer = {"to": HILLA, "reason": "lapsi on mummolassa", "client_view": said, "urgent": True}
    refused = case.refuses("basis-missing", OSSI, "propose-handoff", at="2025-02-11 23:10", **offer)
    assert refused == {"to": "omahame"}
    aside = overriding(7, "lapsen turvallisuus ei odota", NOON) | {"withheld_because": WITHHELD}
    case.refuses("only-manager-overrides", LIISA, "propose-handoff", at="2025-02-11 23:10", override=[aside], **offer)
    case.does(OSSI, "propose-handoff", at="2025-02-11 23:10", override=[aside], **offer)
    (move,) = case.reads("handoffs")
    case.does(HILLA, "accept-handoff", at="2025-02-11 23:30", handoff=move["id"])
    assert (move["disclosure_basis"], case.owner()) == ("not_stated", "hilla")

    overridden, told = case.latest("rule-overridden"), case.latest("client-informed")
    assert told["event"]["about"] == overridden["version"]
    assert told["event"]["withheld_because"] == WITHHELD
    (stands,) = case.findings(7, happened_by="2025-02-12 08:00")
    assert (stands["kind"], stands["state"]) == ("overridden", "open")
    assert {it["kind"] for it in case.findings(7, happened_by=NOON)} == {"overridden", "override_not_reviewed"}

    review = {"override": overridden["event"]["override"], "outcome": "upheld"}
    case.refuses("own-override", OSSI, "review-override", at="2025-02-12 09:30", **review)
    case.does(MARJA, "review-override", at="2025-02-12 09:30", **review)
    (settled,) = case.findings(7, happened_by=NOON)
    assert (settled["kind"], settled["state"]) == ("overridden", "settled")
