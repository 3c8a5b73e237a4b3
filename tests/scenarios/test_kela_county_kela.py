"""A matter goes from Kela to the county, and back to Kela."""

import pytest

from domain.decider import Actor
from tests.scenarios.life import CaseLife, Life, as_client, on, told_at, unit_of
from tests.scenarios.people import TIINA
from tests.town import AINO, BO

ARRIVED = "2025-02-03"
LEGS = (("kela", "pirha"), ("pirha", "kela"), ("pirha", "kela"))


def sent(case: CaseLife, by: Actor, to: Actor, at: str, reason: str) -> tuple[str, int]:
    """Send the matter to the authority where somebody works; return the transfer, and the version that tells of it."""
    transfer = case.does(by, "transfer-matter", at=at, to=unit_of(to), reason=reason)
    return transfer, case.version


@pytest.fixture
def case(life: Life) -> CaseLife:
    """Give Maritta's application: Kela sends it to the county, and the county sends it back, twice."""
    life.join(TIINA)
    case = life.case(AINO, ARRIVED, need="sähkölaskut ja vuokravelka")
    case.does(as_client(case.client), "record-statement", at=ARRIVED, words="en tiedä enää, kenelle tämä kuuluu")

    to_county, told_in = sent(case, AINO, BO, "2025-02-05", "täydentävä toimeentulotuki kuuluu kunnan jatkajalle")
    assert case.responsible() == "aino"
    case.does(AINO, "inform-client", at="2025-02-06", about=told_in, channel="telephone")
    case.refuses("handoff-not-pending", BO, "decline-handoff", at="2025-02-07", handoff=to_county, code="not_competent",
                 reason="ei meille")  # fmt: skip
    case.does(BO, "receive-transfer", at="2025-02-07", transfer=to_county)

    back, told_in = sent(case, BO, AINO, "2025-02-17", "sähkölasku on perustoimeentulotuen menoa")
    case.does(BO, "inform-client", at="2025-02-17 10:00", about=told_in, channel="telephone")
    case.refuses("stream-absent", TIINA, "contest-transfer", at="2025-02-18", transfer=back, reason="ei meille")
    case.does(AINO, "contest-transfer", at="2025-02-19", transfer=back, reason="vuokravelka ei ole perusosan menoa")

    case.does(BO, "hold-joint-meeting", at="2025-02-21", participants=[BO, AINO], client_present=True)
    again, told_in = sent(case, BO, AINO, "2025-02-24", "sovittiin yhdessä Maritan kanssa: Kela ratkaisee sähkölaskun")
    case.does(BO, "inform-client", at="2025-02-24 10:00", about=told_in, channel="meeting")
    case.does(AINO, "receive-transfer", at="2025-02-25", transfer=again)
    return case


@pytest.mark.rule(5)
def test_whoever_sent_the_matter_answers_until_it_is_received_and_the_duty_passes_with_it(case: CaseLife) -> None:
    """Each authority answers until the other has received the matter; contested, it stays where it was.

    The statutory duty passes with each receipt, and at no moment does nobody answer.
    """
    held = (
        ("2025-02-06", "aino", "kela"),
        ("2025-02-07", "bo", "pirha"),
        ("2025-02-18", "bo", "pirha"),
        ("2025-02-19", "bo", "pirha"),
        ("2025-02-24 12:00", "bo", "pirha"),
        ("2025-02-25", "aino", "kela"),
    )
    for day, who, duty in held:
        stood = case.stands(happened_by=day)
        assert (case.owner(happened_by=day), case.responsible(happened_by=day)) == (who, who), day
        assert stood["duty_holder"] == duty, day
    assert all(case.responsible(version=it) for it in range(1, case.version + 1))


@pytest.mark.rule(5)
def test_each_leg_counts_against_its_sender(case: CaseLife, life: Life) -> None:
    """In the figures Kela sent one matter, which the county received.

    The county sent two: one to an authority that was not competent, and one straight back to where it had come from.
    """
    legs = case.reads("handoffs")
    assert tuple((it["sender"]["organisation"], it["to"]["organisation"]) for it in legs) == LEGS
    assert [(it["outcome"], it["bounced"]) for it in legs] == [
        ("received", False), ("contested", True), ("received", True),
    ]  # fmt: skip
    assert {it["disclosure_basis"] for it in legs} == {"statutory"}

    assert flows(life) == {
        ("kela", "pirha"): {"offered": 1, "accepted": 1, "contested": 0, "misdirected": 0, "bounced": 0},
        ("pirha", "kela"): {"offered": 2, "accepted": 1, "contested": 1, "misdirected": 1, "bounced": 1},
    }
    to_others = life.reads("/flows", by=TIINA, happened_by="2025-04-30")["flows"]
    assert [(it["hidden"], it["figures"]) for it in to_others] == [(True, None), (True, None)]


@pytest.mark.rule(6)
@pytest.mark.rule(18)
def test_nothing_of_it_counts_against_the_client_whose_first_arrival_is_kept(case: CaseLife) -> None:
    """Maritta first came on the third of February. Her wait and the statutory times run from then, whoever has it.

    The unit that was slow is shown, and nothing is held against her.
    """
    (kept,) = case.reads("continuity")
    assert told_at(kept["first_contact_at"]) == told_at(case.stands()["first_contact_at"]) == on(ARRIVED)
    (slow,) = case.findings(24, happened_by="2025-02-28")
    assert (slow["kind"], told_at(slow["since"])) == ("assessment_not_begun", on(ARRIVED))
    assert told_at(slow["stands_from"]) == on("2025-02-13 00:00")
    assert not case.findings(30)
    assert not case.findings(5, happened_by="2025-02-28", state="open")
    (waited,) = case.findings(5, happened_by="2025-02-05 12:00")
    assert (waited["kind"], waited["organisation"]) == ("client_not_informed", "kela")
    assert case.stands()["open_objections"] == []
    assert case.reads("history", by=as_client(case.client))["version"] == case.version


def flows(life: Life) -> dict[tuple[str, str], dict[str, int]]:
    """Return what counts against a sender, by sender and receiver, in the year to April 2025."""
    counts = ("offered", "accepted", "contested", "misdirected", "bounced")
    return {
        (it["sender"]["organisation"], it["receiver"]["organisation"]): {name: it["figures"][name] for name in counts}
        for it in life.reads("/flows", happened_by="2025-04-30")["flows"]
    }
