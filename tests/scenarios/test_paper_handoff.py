"""A handoff that was made on paper, and entered when another had been made: two clocks, and one owner on each."""

import pytest

from tests.scenarios.life import CaseLife, Life, Row
from tests.scenarios.people import TIINA
from tests.town import AINO, BO, CILLA

STATUTORY: Row = {"reason": "tuen tarve", "no_view_because": "sovittu yhdessä", "disclosure_basis": "statutory"}
DAYS = {"sunday": "2025-03-02", "monday": "2025-03-03 17:00", "wednesday": "2025-03-05 12:00", "friday": "2025-03-07"}


@pytest.mark.rule(2)
@pytest.mark.rule(19)
def test_a_handoff_on_paper_that_is_entered_late_is_a_claim_until_the_receiver_confirms_it(life: Life) -> None:
    """On Monday Kela's Aino and the county's Bo sign on paper that he takes a client on; the paper stays in a drawer.

    On Wednesday Aino sees no answer, takes the offer back and turns to the employment services, where Tiina accepts on
    Thursday. The Monday after, the paper is found. It is entered as what it is: a report, flagged, which moves nothing
    until Bo confirms it. Then it reads that Bo had the case until Thursday; what was known before reads as before.
    """
    life.join(TIINA)
    case, on_paper = accepted_on_thursday(life)
    assert_owners(case, sunday="aino", monday="aino", wednesday="aino", friday="tiina")

    paper: Row = {"handoff": on_paper, "by": BO}
    case.refuses("not-responsible", BO, "report-acceptance", at="2025-03-03 14:00", reported=True, **paper)
    case.does(AINO, "report-acceptance", at="2025-03-03 14:00", reported=True, **paper)
    claim = case.latest("handoff-acceptance-reported")
    assert (claim["context"]["reported"], claim["context"]["late"]) == (True, True)
    assert_flagged(case, claim)
    assert_owners(case, sunday="aino", monday="aino", wednesday="aino", friday="tiina")
    assert (case.owner(), case.responsible()) == ("tiina", "tiina")

    case.refuses("not-offered-to-you", CILLA, "accept-handoff", handoff=on_paper)
    case.does(BO, "accept-handoff", handoff=on_paper)
    known_before = claim["context"]["recorded"]
    assert_owners(case, sunday="aino", monday="bo", wednesday="bo", friday="tiina")
    assert_owners(case, known_at=known_before, sunday="aino", monday="aino", wednesday="aino", friday="tiina")
    assert (case.owner(), case.responsible()) == ("tiina", "tiina")
    assert_each_has_its_own_time(case)
    assert {it["state"] for it in case.findings(2)} == {"settled"}


def accepted_on_thursday(life: Life) -> tuple[CaseLife, str]:
    """Offer a case to Bo, take that back unanswered, have Tiina accept; return the case and the first offer."""
    case = life.case(AINO, "2025-02-28")
    to_bo = case.does(AINO, "propose-handoff", at="2025-03-03", to=BO, **STATUTORY)
    case.does(AINO, "withdraw-handoff", at="2025-03-05 15:00", handoff=to_bo, reason="ei vastattu")
    to_tiina = case.does(AINO, "propose-handoff", at="2025-03-05 15:30", to=TIINA, **STATUTORY)
    case.does(TIINA, "accept-handoff", at="2025-03-06", handoff=to_tiina)
    return case, to_bo


def assert_owners(case: CaseLife, known_at: str | None = None, **owners: str) -> None:
    """Check who owned the case and answered for it on each of these days, by what was known then or is now."""
    clocks = {day: {"happened_by": DAYS[day], "known_at": known_at} for day in owners}
    assert {day: case.owner(**it) for day, it in clocks.items()} == owners
    assert {day: case.responsible(**it) for day, it in clocks.items()} == owners


def assert_flagged(case: CaseLife, claim: Row) -> None:
    """Check that an auditor finds it: unconfirmed, told from outside, and late."""
    about = {(it["rule"], it["kind"], it["state"]) for it in case.findings(2, 19) if it["about"] == claim["version"]}
    assert about == {(2, "acceptance_unconfirmed", "open"), (19, "reported", "open"), (19, "entered_late", "open")}
    (offer, _) = case.reads("handoffs")
    assert (offer["outcome"], offer["claimed_by"]["worker"], offer["claim_told_by"]) == ("withdrawn", "bo", "aino")


def assert_each_has_its_own_time(case: CaseLife) -> None:
    """Check that one followed upon the other, and that the two handoffs read as accepted when they were."""
    assert [(it["owner"]["worker"], it["since"][:10], (it["until"] or "")[:10]) for it in case.reads("owner")] == [
        ("aino", "2025-02-28", "2025-03-03"), ("bo", "2025-03-03", "2025-03-06"), ("tiina", "2025-03-06", ""),
    ]  # fmt: skip
    assert [(it["to"]["worker"], it["outcome"]) for it in case.reads("handoffs")] == [
        ("bo", "accepted"), ("tiina", "accepted"),
    ]  # fmt: skip
