"""ʼDoes not fit the serviceʼ: the service closes a case over the client's objection, and has to answer for that."""

import pytest

from tests.scenarios.life import CaseLife, Life, Row, as_client, on, overriding
from tests.scenarios.people import KIRSI, RIITTA
from tests.town import BO, CILLA

WORDS = "En ole kieltäytynyt, bussi ei kulje."
WHY = "paikka annetaan jonossa seuraavalle"


@pytest.mark.rule(14)
@pytest.mark.rule(29)
def test_that_a_service_does_not_fit_is_the_services_and_needs_its_own_review(life: Life) -> None:
    """A client of Tampere misses the day activities of Kotikulma ry; the team says that they do not fit the service.

    The ledger knows no client who does not fit: the service that does not fit them first looks at its own work, says
    what would fit, and makes a decision that can be appealed.
    """
    case, line = missing_the_bus(life)
    case.refuses("request-invalid", BO, "propose-closure", at="2025-03-04", **closing(ground="client_unsuitable"))
    lacks = case.refuses("mismatch-not-reviewed", BO, "propose-closure", at="2025-03-04", **closing())
    assert lacks["missing"] == ["self_review", "alternative"]
    case.does(KIRSI, "review-team-line", at="2025-03-05", line=line, conclusions="kyytiä ei järjestetty")
    lacks = case.refuses("mismatch-not-reviewed", BO, "propose-closure", at="2025-03-05 12:00", **closing())
    assert lacks["missing"] == ["alternative"]
    fitting = closing(alternative="toiminta lähitalossa")
    case.refuses("no-decision-to-appeal", BO, "propose-closure", at="2025-03-05 12:00", **fitting)
    final = case.does(BO, "reference-decision", at="2025-03-06", outcome="ended")
    case.refuses("no-decision-to-appeal", BO, "propose-closure", at="2025-03-07", decision=final, **fitting)
    assert case.stands()["closure"] is None


@pytest.mark.rule(13)
def test_a_case_is_closed_over_an_objection_by_a_manager_alone_and_the_objection_survives(life: Life) -> None:
    """The client objects: "I have not refused, the bus does not run." The worker closes the case all the same.

    That is refused. The manager overrides it, and the case is closed; but the objection stays open until somebody who
    had no part in it has answered, the override is found until another has reviewed it, and what did not fit is booked
    as the service's.
    """
    case, proposal = proposed_to_close(life)
    client = as_client(case.client)
    objection = case.does(client, "raise-objection", at="2025-03-12", against=proposal, words=WORDS)
    override = overriding(13, WHY, review_by="2025-05-02")

    assert case.refuses("objection-open", BO, "close-case", at="2025-04-01") == {"objections": [objection]}
    case.refuses("only-manager-overrides", BO, "close-case", at="2025-04-01", override=[override])
    assert case.stands()["status"] == "open"

    case.does(CILLA, "close-case", at="2025-04-02", override=[override])
    assert case.topics()[-3:] == ["rule-overridden", "client-informed", "case-closed"]
    assert case.latest("client-informed")["event"]["about"] == case.latest("rule-overridden")["version"]
    assert case.stands(happened_by="2025-04-01")["status"] == "open"
    assert (case.stands()["status"], case.owner(), case.responsible()) == ("closed", None, None)
    assert case.stands()["open_objections"] == [objection]
    assert_the_service_is_answerable(case)
    assert_findings_stand(case)

    answered_by_somebody_else(case, objection)
    assert_it_is_told_how_it_ended(life)


# Given.


def missing_the_bus(life: Life) -> tuple[CaseLife, str]:
    """Have a client miss the day activities, and the team agree that they do not fit; return the case and the line.

    The client lets the association know of the case, and so Kirsi is in it.
    """
    life.join(KIRSI, RIITTA)
    case = life.case(BO, "2025-02-03", need="yksinäisyys, arki ei suju")
    words = case.does(BO, "record-statement", at="2025-02-05", words="Tulisin kyllä, jos pääsisin sinne.")
    case.does(as_client(case.client), "give-consent", at="2025-02-06", recipients=["kotikulma"], purpose="cooperation")
    case.does(BO, "start-service", at="2025-02-10", provider=KIRSI)
    line = case.does(
        BO, "agree-team-line", at="2025-03-03", members=[BO, CILLA, KIRSI], text="asiakas ei sovi päivätoimintaan",
        client_present=False, client_view=words,
    )  # fmt: skip
    return case, line


def closing(**how: str) -> Row:
    """Return a closing on the ground that the service does not fit, as if it were the client's doing."""
    return {
        "ground": "service_mismatch", "no_view_because": "ei tullut paikalle", "attributed_to": "client",
        "reason": "poissaoloja", **how,
    }  # fmt: skip


def proposed_to_close(life: Life) -> tuple[CaseLife, int]:
    """Have the team do everything that it has to; return the case and the proposal, told by letter."""
    case, line = missing_the_bus(life)
    case.does(KIRSI, "review-team-line", at="2025-03-05", line=line, conclusions="kyytiä ei järjestetty")
    decision = case.does(BO, "reference-decision", at="2025-03-06", outcome="ended", appeal_until=on("2025-04-14"))
    how = closing(alternative="toiminta lähitalossa", decision=decision)
    case.does(BO, "propose-closure", at="2025-03-07", **how)
    proposal = int(case.latest("closure-proposed")["version"])
    case.does(BO, "inform-client", at="2025-03-07 12:00", about=proposal, channel="letter")
    return case, proposal


# Then.


def assert_the_service_is_answerable(case: CaseLife) -> None:
    """Check how the closing reads: whatever the worker said, what did not fit was the service."""
    (closure,) = case.reads("closure")
    told = {name: closure[name] for name in ("status", "ground", "initiator", "attributed_to", "closed_by")}
    assert told == {
        "status": "closed", "ground": "service_mismatch", "initiator": "service", "attributed_to": "service",
        "closed_by": "cilla",
    }  # fmt: skip
    assert (closure["objections"], closure["client"]) == (1, None)
    said = next(it for it in case.reads("voice") if it["kind"] == "objection")
    assert (said["words"], said["standing"]) == (WORDS, "open")


def assert_findings_stand(case: CaseLife) -> None:
    """Check what an auditor finds on the day after, and once the review is overdue."""
    the_day_after = case.findings(13, 15, 32, happened_by="2025-04-03")
    assert {(it["rule"], it["kind"], it["state"]) for it in the_day_after} == {
        (13, "overridden", "open"), (15, "experience_not_asked", "open"), (32, "soon_after_objection", "open"),
    }  # fmt: skip
    overdue = case.findings(13, happened_by="2025-05-03")
    assert {it["kind"] for it in overdue} == {"overridden", "override_not_reviewed"}


def answered_by_somebody_else(case: CaseLife, objection: str) -> None:
    """Have the objection answered and the override reviewed: neither by those who decided."""
    answer: Row = {"objection": objection, "outcome": "upheld", "reasons": "kyyti olisi pitänyt järjestää"}
    for decided in (BO, CILLA):
        case.refuses("own-act", decided, "answer-objection", at="2025-04-10", **answer)
    case.does(RIITTA, "answer-objection", at="2025-04-10", **answer)
    assert case.stands()["open_objections"] == []
    assert len(case.stands(happened_by="2025-04-09")["open_objections"]) == 1
    said = next(it for it in case.reads("voice") if it["kind"] == "objection")
    assert (said["standing"], said["outcome"], said["answered_by"]) == ("answered", "upheld", "riitta")

    review: Row = {"override": case.latest("rule-overridden")["event"]["override"], "outcome": "not_upheld"}
    case.refuses("own-override", CILLA, "review-override", at="2025-04-11", **review)
    case.does(RIITTA, "review-override", at="2025-04-11", **review)
    assert {it["state"] for it in case.findings(13)} == {"settled"}


def assert_it_is_told_how_it_ended(life: Life) -> None:
    """Check the figures of how cases end: against the service, with the override and what became of the objection."""
    (row,) = life.reads("/endings", from_="2025-04", to="2025-05")["endings"]
    assert (row["organisation"], row["ground"]) == ("pirha", "service_mismatch")
    figures = row["figures"]
    assert (figures["attributed_to"]["service"], figures["attributed_to"]["client"]) == (1, 0)
    assert (figures["closed_over"], figures["overridden"], figures["objections"]["upheld"]) == (1, 1, 1)
