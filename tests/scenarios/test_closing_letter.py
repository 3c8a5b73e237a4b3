"""A closing letter is posted on a Friday, and Easter comes between."""

import pytest

from tests.scenarios.life import CaseLife, Life, as_client, on, told_at
from tests.town import BO, CILLA

POSTED = "2025-03-28 15:30"
"""A Friday; it counts as received on Friday the 4th of April, and fourteen days later it is Good Friday."""
LAST_DAY = "2025-04-22"
"""The Tuesday after Easter, the first working day after Good Friday."""


@pytest.fixture
def case(life: Life) -> CaseLife:
    """Give a case in Tampere that its worker would close, with the letter about it in the post."""
    case = life.case(BO, "2025-01-13")
    said = case.does(BO, "record-statement", at="2025-03-27", words="vuokrat on maksettu, mutta pelkään kesää")
    case.does(BO, "propose-closure", at="2025-03-28 14:00", ground="goals_met", client_view=said)
    case.does(BO, "inform-client", at=POSTED, about=case.latest("closure-proposed")["version"], channel="letter")
    return case


@pytest.mark.rule(13)
def test_the_fourteen_days_run_from_the_seventh_day_after_posting_and_do_not_end_on_a_holiday(case: CaseLife) -> None:
    """The letter of Friday counts as received a week later. The fourteenth day from then is Good Friday.

    So the time to object goes on over Easter, to the end of the Tuesday after it.
    """
    (closure,) = case.reads("closure")
    assert told_at(case.latest("client-informed")["event"]["received_at"]) == on("2025-04-04 00:00")
    assert told_at(closure["object_by"]) == on("2025-04-23 00:00")

    for day in ("2025-04-11", "2025-04-18 23:59", "2025-04-19", "2025-04-21", f"{LAST_DAY} 23:59"):
        told = case.refuses("time-to-object", BO, "close-case", at=day)
        assert told_at(told["object_by"]) == on("2025-04-23 00:00")

    case.does(BO, "close-case", at="2025-04-23 00:00")
    assert case.stands()["status"] == "closed"
    assert case.owner(happened_by=f"{LAST_DAY} 23:59") == "bo"


@pytest.mark.rule(13)
@pytest.mark.rule(32)
def test_an_objection_on_the_last_evening_keeps_the_case_open_until_somebody_else_has_answered(case: CaseLife) -> None:
    """Rauni objects from home on the last evening, an hour before midnight. The next morning the time is over.

    Bo can neither close the case nor answer her himself. His manager answers, with reasons, and only then does the case
    end: two days after an objection, which is for an auditor to look at.
    """
    rauni, proposal = as_client(case.client), case.latest("closure-proposed")["version"]
    words = "kesällä asumistuki katkeaa taas, sitten olen yksin"
    objection = case.does(rauni, "raise-objection", at=f"{LAST_DAY} 22:58", against=proposal, words=words)
    assert case.stands(happened_by=f"{LAST_DAY} 22:57")["open_objections"] == []
    assert case.stands(happened_by="2025-04-23 00:00")["open_objections"] == [objection]

    told = case.refuses("objection-open", BO, "close-case", at="2025-04-23")
    assert told["objections"] == [objection]
    reasons = "tuen jatkosta sovitaan toukokuussa"
    answer = {"objection": objection, "outcome": "rejected", "reasons": reasons}
    case.refuses("own-act", BO, "answer-objection", at="2025-04-23 09:30", **answer)
    case.does(CILLA, "answer-objection", at="2025-04-24", **answer)
    (said,) = [it for it in case.reads("voice") if it["kind"] == "objection"]
    assert (said["words"], said["answer"]) == (words, reasons)
    assert (said["standing"], said["outcome"]) == ("answered", "rejected")

    case.does(CILLA, "close-case", at="2025-04-25")
    (closure,) = case.reads("closure")
    assert (closure["ground"], closure["initiator"], closure["objections"]) == ("goals_met", "service", 1)
    (soon,) = case.findings(32, happened_by="2025-04-25")
    assert soon["entries"] == [said["version"], case.latest("case-closed")["version"]]
    assert (soon["value"], soon["unit"], soon["state"]) == (2, "aikuissosiaalityo", "open")
    assert not case.findings(13)
