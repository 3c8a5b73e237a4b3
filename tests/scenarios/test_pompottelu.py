"""Pompottelu: a client who is sent from one place to the next, until somebody has to sit down with them."""

import pytest

from domain.decider import Actor
from tests.scenarios.life import CaseLife, Life, Row, as_client, on, overriding
from tests.scenarios.people import KIRSI, TIINA
from tests.town import AINO, BO, CILLA

TRIGGERS = ["many_services", "weakest_position"]


@pytest.mark.rule(6)
@pytest.mark.rule(9)
def test_a_client_who_was_sent_to_and_fro_is_met_before_the_next_move(life: Life) -> None:
    """The county sends a client to the employment services and to Kela; both say that it is not theirs.

    When the county turns to the employment services again, the ledger stops it: first all of them meet the client. The
    county answers for the client throughout, and the client's wait runs from the day of their first call.
    """
    case = sent_to_and_fro(life)
    case.refuses("joint-meeting-missing", BO, "propose-handoff", at="2025-01-22", **to_employment())
    assert_the_county_answers_throughout(case)
    assert_no_clock_is_reset(case)
    assert_the_client_sees_the_path(case)

    case.does(BO, "hold-joint-meeting", at="2025-01-24", participants=[BO, AINO], client_present=False)
    case.refuses("joint-meeting-missing", BO, "propose-handoff", at="2025-01-24 12:00", **to_employment())

    case.does(BO, "hold-joint-meeting", at="2025-01-27", participants=[BO, TIINA, AINO], client_present=True)
    offer = case.does(BO, "propose-handoff", at="2025-01-27 15:00", **to_employment())
    case.does(TIINA, "accept-handoff", at="2025-01-28", handoff=offer)
    assert case.responsible(happened_by="2025-01-27 16:00") == "bo"
    assert case.responsible(happened_by="2025-01-28") == "tiina"
    assert_no_clock_is_reset(case)
    assert case.findings(9) == []


@pytest.mark.rule(9)
def test_a_manager_may_move_such_a_client_on_unmet_and_stands_for_it(life: Life) -> None:
    """The client is in hospital and can't be met, and the employment services have agreed to take the matter.

    The county's manager overrides the rule, in her own name and with a date for its review; the worker can't. The
    client is told, and an auditor finds it until another manager has looked at it.
    """
    case = sent_to_and_fro(life)
    override = overriding(9, "sairaalassa, sovittu puhelimitse", review_by="2025-02-21")
    again = to_employment() | {"override": [override]}
    case.refuses("only-manager-overrides", BO, "propose-handoff", at="2025-01-22", **again)
    case.does(CILLA, "propose-handoff", at="2025-01-22", **again)
    assert case.topics()[-4:] == ["rule-overridden", "client-informed", "view-unavailable", "handoff-proposed"]
    told = case.latest("client-informed")["event"]
    assert told["about"] == case.latest("rule-overridden")["version"]
    assert case.responsible(happened_by="2025-01-22") == "bo"
    on_the_day = {it["kind"]: it["state"] for it in case.findings(9, happened_by="2025-01-22 12:00")}
    assert on_the_day == {"overridden": "open"}
    a_month_later = {it["kind"]: it["state"] for it in case.findings(9, happened_by="2025-02-22")}
    assert a_month_later == {"overridden": "open", "override_not_reviewed": "open"}


def test_the_referral_memory_would_have_said_so(life: Life) -> None:
    """Three clients like this one were sent to the employment services last autumn, and declined.

    The association's day activities took each of them in the end. Whoever had asked before sending would have known.
    """
    life.join(TIINA, KIRSI)
    for _ in range(3):
        before = screened(life, called="2024-08-30", opened="2024-09-02")
        declined(before, TIINA, "2024-09-09", "2024-09-12")
        offer = offered(before, KIRSI, "2024-09-16")
        before.does(KIRSI, "accept-handoff", at="2024-09-18", handoff=offer)

    case = screened(life, called="2025-01-07", opened="2025-01-08")
    memory = life.reads("/referral-memory", BO, case=case.id, days=3660)
    assert memory["like"]["measured_by"] == "triggers"
    by_unit = {it["organisation"]: it["figures"] for it in memory["units"] if it["own"]}
    employment, association = by_unit["tyollisyys"], by_unit["kotikulma"]
    assert (employment["offered"], employment["accepted"], employment["declined"]["not_competent"]) == (3, 0, 3)
    assert employment["afterwards"] == [{"organisation": "kotikulma", "unit": "paivatoiminta", "cases": 3}]
    assert (association["offered"], association["accepted"], association["days_median"]) == (3, 3, 2.0)
    assert case.client not in str(memory)
    assert case.id not in str(memory["units"])  # beside the case asked about, which the asker names


def test_it_is_counted_against_the_sender(life: Life) -> None:
    """What was sent to those who are not competent is the county's misdirection, not the client's fault."""
    case = sent_to_and_fro(life)
    flows = life.reads("/flows", by_="organisation", from_="2025-01", to="2025-02")["flows"]
    sent = {it["receiver"]["organisation"]: it["figures"] for it in flows if it["sender"]["organisation"] == "pirha"}
    assert {name: (it["offered"], it["misdirected"]) for name, it in sent.items()} == {
        "kela": (1, 1), "tyollisyys": (1, 1),
    }  # fmt: skip
    assert all(it["sender"]["organisation"] == "pirha" for it in flows)
    assert case.client not in str(flows)


# Given.


def screened(life: Life, called: str, opened: str) -> CaseLife:
    """Have a client call the county, come in later and be found to need guidance."""
    case = life.case(BO, opened, first_contact_at=on(called), need="työtön, velkoja, asunto menossa")
    words = case.does(BO, "record-statement", at=opened, words="Soitan numerosta toiseen, kukaan ei ota asiaani.")
    case.does(
        BO, "complete-assessment", at=f"{opened} 11:00", kind="screening", outcome="guidance_needed",
        triggers=TRIGGERS, client_view=words,
    )  # fmt: skip
    return case


def sent_to_and_fro(life: Life) -> CaseLife:
    """Send a client of the county to the employment services, then to Kela; neither takes them."""
    life.join(TIINA)
    case = screened(life, called="2025-01-07", opened="2025-01-08")
    declined(case, TIINA, "2025-01-13", "2025-01-15")
    declined(case, AINO, "2025-01-16", "2025-01-20")
    return case


def declined(case: CaseLife, by: Actor, offered_at: str, declined_at: str) -> None:
    """Offer the case to somebody who says that it is not theirs."""
    offer = offered(case, by, offered_at)
    reason = "ei kuulu meille"
    case.does(by, "decline-handoff", at=declined_at, handoff=offer, code="not_competent", reason=reason)


def offered(case: CaseLife, to: Actor, at: str) -> str:
    """Offer the case to somebody, as the law on social assistance lets the county."""
    how: Row = {"no_view_because": "kiire", "disclosure_basis": "statutory"}
    return str(case.does(BO, "propose-handoff", at=at, to=to, reason="kuuluu teille", **how))


def to_employment() -> Row:
    """Return what turns to the employment services once more."""
    return {"to": TIINA, "reason": "palveluntarve", "no_view_because": "kuultu", "disclosure_basis": "statutory"}


# Then.


def assert_the_county_answers_throughout(case: CaseLife) -> None:
    """Check each day of the path, and that the county's worker was never changed."""
    for day in ("08", "13", "15", "16", "20", "22"):
        told = case.stands(happened_by=f"2025-01-{day} 17:00")
        assert (told["responsible"]["organisation"], told["responsible"]["worker"]) == ("pirha", "bo")
    (period,) = case.reads("owner")
    assert period["until"] is None


def assert_no_clock_is_reset(case: CaseLife) -> None:
    """Check that the wait, and the time to begin an assessment, run from the first call."""
    first_call = "2025-01-07T07:00:00Z"
    versions = range(1, case.version + 1)
    assert {case.stands(version=it)["first_contact_at"] for it in versions} == {first_call}
    (continuity,) = case.reads("continuity")
    assert continuity["first_contact_at"] == first_call
    (begun,) = (it for it in case.findings(24) if it["kind"] == "assessment_not_begun")
    assert begun["since"] == first_call


def assert_the_client_sees_the_path(case: CaseLife) -> None:
    """Check that the client reads where their matter was sent, and what was answered."""
    path = case.reads("handoffs", by=as_client(case.client))
    assert [(it["to"]["organisation"], it["outcome"], it["code"]) for it in path] == [
        ("tyollisyys", "declined", "not_competent"), ("kela", "declined", "not_competent"),
    ]  # fmt: skip
    assert [it["answer_reason"] for it in path] == ["ei kuulu meille"] * 2
