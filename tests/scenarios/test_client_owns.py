"""The client owns the case, or chooses who does; a professional back-stop is there all the time."""

import pytest

from tests.scenarios.life import CaseLife, Life, Row, as_client, on
from tests.scenarios.people import KIRSI, OUTI
from tests.town import BO


@pytest.mark.rule(16)
@pytest.mark.rule(30)
def test_a_client_takes_the_case_refuses_a_plan_and_gives_it_back_within_the_week(life: Life) -> None:
    """On Monday a client of Tampere takes their case into their own hands and promises to call the bank by Tuesday.

    On Wednesday they say no to the plan, and on Thursday they give the case back: without any reason. The county's
    worker is behind them all the week, the call that was not made is the county's to take up, and both periods can be
    read.
    """
    case = life.case(BO, "2025-03-03", need="velat")
    client = as_client(case.client)
    own_step: Row = {"who": "worker", "what": "soitan", "by": on("2025-03-31")}
    case.does(BO, "promise-next-step", at="2025-03-03 10:00", **own_step)

    case.does(client, "take-ownership", at="2025-03-10", words="Hoidan tämän itse.")
    clients_step: Row = {"who": "client", "what": "soitan pankkiin", "by": on("2025-03-11 16:00")}
    case.does(BO, "promise-next-step", at="2025-03-10 10:00", **clients_step)
    words = case.does(client, "record-statement", at="2025-03-12", words="En halua velkajärjestelyä.")
    plan: Row = {"client_position": "disagreed", "client_view": words}
    case.refuses("plan-needs-clients-yes", BO, "agree-plan", at="2025-03-12 12:00", **plan)
    case.does(client, "return-ownership", at="2025-03-13")
    case.does(BO, "promise-next-step", at="2025-03-13 10:00", **own_step)

    owners = {day: case.owner(happened_by=f"2025-03-{day}") for day in ("07", "10", "11", "12", "13", "14")}
    assert owners == {"07": "bo", "10": "client", "11": "client", "12": "client", "13": "bo", "14": "bo"}
    assert_the_back_stop_is_there_all_the_time(case)
    assert_both_periods_are_told(case)
    assert_no_deadline_was_held_against_the_client(life, case)
    assert "plan-agreed" not in case.topics()


@pytest.mark.rule(16)
def test_a_client_chooses_a_worker_of_an_association_and_the_county_goes_on_answering(life: Life) -> None:
    """Another client trusts Kirsi of Kotikulma ry more than any authority, and chooses her to drive the case.

    She does, while the county answers for it: in Bo's name, and after he handed it on inside the county in Outi's.
    What is the county's to decide stays the county's.
    """
    life.join(KIRSI, OUTI)
    case = life.case(BO, "2025-03-03", need="asunnottomuus")
    case.does(as_client(case.client), "choose-owner", at="2025-03-10", holder=KIRSI, words="Kirsi tuntee minut.")
    assert (case.owner(), case.responsible()) == ("kirsi", "bo")
    assert (case.stands()["owned_by"], case.stands()["duty_holder"]) == ("chosen", "pirha")
    away: Row = {"to": OUTI, "reason": "sovittu", "no_view_because": "sovittu"}
    case.refuses("not-responsible", KIRSI, "propose-handoff", at="2025-03-11", **away)

    offer = case.does(BO, "propose-handoff", at="2025-03-17", to=OUTI, reason="loma", no_view_because="kiire")
    case.does(OUTI, "accept-handoff", at="2025-03-18", handoff=offer)
    assert (case.owner(), case.responsible()) == ("kirsi", "outi")
    assert (case.owner(happened_by="2025-03-07"), case.owner(happened_by="2025-03-12")) == ("bo", "kirsi")
    assert {it["responsible"]["organisation"] for it in case.reads("owner")} == {"pirha"}
    assert {it["duty_holder"] for it in case.reads("owner")} == {"pirha"}


def assert_the_back_stop_is_there_all_the_time(case: CaseLife) -> None:
    """Check each day and each version of the week."""
    assert {case.responsible(happened_by=f"2025-03-{day}") for day in ("07", "10", "11", "12", "13", "14")} == {"bo"}
    assert {case.responsible(version=it) for it in range(1, case.version + 1)} == {"bo"}
    assert {it["responsible"]["worker"] for it in case.reads("owner")} == {"bo"}


def assert_both_periods_are_told(case: CaseLife) -> None:
    """Check who drove the case when, by what happened and by what was known; and that the client reads it."""
    periods = case.reads("owner")
    assert [(it["owned_by"], it["since"][:10], (it["until"] or "")[:10]) for it in periods] == [
        ("responsible", "2025-03-03", "2025-03-10"), ("client", "2025-03-10", "2025-03-13"),
        ("responsible", "2025-03-13", ""),
    ]  # fmt: skip
    (of_the_week,) = case.reads("owner", from_=on("2025-03-11"), to=on("2025-03-13"))
    assert of_the_week["owned_by"] == "client"
    written = case.latest("client-returned-ownership")["context"]["recorded"]
    assert case.owner(known_at=case.latest("client-took-ownership")["context"]["recorded"]) == "client"
    assert case.owner(known_at=written) == "bo"
    said = [it["kind"] for it in case.reads("voice", by=as_client(case.client))]
    assert said == ["took_ownership", "statement", "returned_ownership"]


def assert_no_deadline_was_held_against_the_client(life: Life, case: CaseLife) -> None:
    """Check that the call that was not made moved nothing, and that whatever is found or due of it is the county's."""
    found = case.findings(happened_by="2025-03-12")
    assert {it["rule"] for it in found} <= {19, 24, 26}
    assert {(it["organisation"], it["unit"]) for it in found} == {("pirha", "aikuissosiaalityo")}
    assert not any(case.client in str(it) for it in found)
    (county,) = life.reads("/caseload", BO, happened_by="2025-03-12")["units"]
    assert (county["unit"], county["figures"]["held"], county["figures"]["overdue"]) == ("aikuissosiaalityo", 1, 1)
    before = case.version
    assert life.clock_strikes() == 0
    assert case.version == before
