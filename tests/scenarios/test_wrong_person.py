"""An assessment that was written into the wrong person's case: set right, and nothing edited."""

from uuid import UUID

import pytest

from tests.domain.ledger.conftest import faults
from tests.scenarios.life import CaseLife, Life, Row, as_client
from tests.town import BO, CILLA

SUMMARY = "Päihdekuntoutus keskeytyi helmikuussa, takaisin Hatanpäälle."


@pytest.mark.rule(20)
@pytest.mark.rule(28)
def test_an_assessment_in_the_wrong_case_is_marked_replaced_and_destroyed_and_every_hash_holds(life: Life) -> None:
    """Bo has two clients of the same name, and writes one's assessment into the other's case; a plan is made on it.

    He marks it when he notices: nobody reads its words any more. He writes it into the right case; his manager
    confirms, and the words are destroyed for good. The plan is found to rest on an error, and no hash has changed.
    """
    wrong, right = life.case(BO, "2025-03-03"), life.case(BO, "2025-03-03")
    entry = assessed(wrong, at="2025-03-05")
    words = wrong.does(BO, "record-statement", at="2025-03-06", words="Minulla ei ole päihdeongelmaa.")
    wrong.does(BO, "agree-plan", at="2025-03-06 10:00", client_position="agreed", client_view=words, rests_on=[entry])
    plan = wrong.latest("plan-agreed")["version"]
    hashes = hashes_of(wrong)
    assert SUMMARY in told_of(wrong)

    mark: Row = {"version": entry, "reason": "toisen asiakkaan arvio", "wrong_person": True, "replaced_in": right.id}
    wrong.does(BO, "mark-erroneous", at="2025-03-10", **mark)
    assert SUMMARY not in told_of(wrong)
    assert summary_of(wrong, entry) == "[hidden]"

    assessed(right, at="2025-03-10 10:00")
    assert SUMMARY in told_of(right)

    wrong.refuses("second-person-needed", BO, "confirm-misplaced", at="2025-03-11", version=entry)
    wrong.does(CILLA, "confirm-misplaced", at="2025-03-11", version=entry)
    assert summary_of(wrong, entry) == "[erased]"
    assert SUMMARY not in told_of(wrong)
    assert SUMMARY in told_of(right)
    assert is_destroyed(life, wrong, entry)

    assert_the_plan_is_flagged(wrong, plan, entry)
    assert_it_counts_in_the_right_case_alone(wrong, right)
    assert hashes_of(wrong)[: len(hashes)] == hashes
    for case in (wrong, right):
        assert faults(life.door.house.cases.region, UUID(case.id)) == []


# Given.


def assessed(case: CaseLife, at: str) -> int:
    """Write the assessment into a case; return its version."""
    case.does(
        BO, "complete-assessment", at=at, kind="needs", outcome="service_needed", summary=SUMMARY,
        no_view_because="arvio tehtiin puhelimitse",
    )  # fmt: skip
    return int(case.latest("assessment-completed")["version"])


# Then.


def told_of(case: CaseLife) -> str:
    """Return everything that is read of the case, by its worker and by its client."""
    both = (BO, as_client(case.client))
    return str([case.reads(what, by=who) for what in ("history", "words", "voice", "plan", "heard") for who in both])


def summary_of(case: CaseLife, version: int) -> str:
    """Return how the assessment's words read now."""
    entry = case.reads("history")["events"][version - 1]
    assert entry["topic"] == "assessment-completed"
    return str(entry["event"]["summary"])


def hashes_of(case: CaseLife) -> list[str]:
    return [it["hash"] for it in case.reads("history")["events"]]


def is_destroyed(life: Life, case: CaseLife, version: int) -> bool:
    """Say whether the ledger holds no more ciphertext of the entry's words."""
    with life.door.house.pool.connection() as connection:
        found = connection.execute("SELECT 1 FROM words WHERE stream = %s AND version = %s", (case.id, version))
        return found.fetchone() is None


def assert_the_plan_is_flagged(case: CaseLife, plan: int, entry: int) -> None:
    """Check that the plan is found to rest on an error from the marking on, and not before."""
    assert case.findings(28, happened_by="2025-03-09") == []
    (finding,) = case.findings(28, happened_by="2025-03-10")
    assert (finding["kind"], finding["about"], finding["state"]) == ("rests_on_error", plan, "open")
    assert finding["entries"] == [plan, case.latest("entry-marked-erroneous")["version"]]
    assert case.latest("plan-agreed")["event"]["rests_on"] == [entry]


def assert_it_counts_in_the_right_case_alone(wrong: CaseLife, right: CaseLife) -> None:
    """Check which of the two is assessed: by what was heard, by the statutory time, and as known on the day before."""
    assert "assessment" not in [it["kind"] for it in wrong.reads("heard")]
    assert "assessment" in [it["kind"] for it in right.reads("heard")]
    unfinished = [
        {it["kind"] for it in case.findings(24, happened_by="2025-06-30")} & {"assessment_not_finished"}
        for case in (wrong, right)
    ]
    assert unfinished == [{"assessment_not_finished"}, set()]
    before = wrong.latest("plan-agreed")["context"]["recorded"]
    assert "assessment" in [it["kind"] for it in wrong.reads("heard", known_at=before)]
