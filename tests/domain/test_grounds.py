"""On what grounds a case may end, and what each of them needs."""

from datetime import datetime
from typing import Any, get_args

import pytest

from domain.closure import ClosureProposed, ProposeClosure, ReachedSince
from domain.contacts import AttemptContact, MakeContact
from domain.elsewhere import ReferenceDecision
from domain.grounds import ClientEndsAsClient, DeathNotRecorded, GroundMissing, MismatchNotReviewed, NotSoughtEnough
from domain.policy import Policy
from domain.provision import DecisionAbsent, NoDecisionToAppeal
from domain.remembered import Ground
from domain.requests import AnswerRequest, MakeRequest
from domain.team import AgreeTeamLine, ReviewTeamLine
from tests.domain.given import (
    Asked,
    Story,
    aino,
    bo,
    closed_by,
    closure_proposed_by,
    entry,
    given,
    holder,
    informed_by,
    made_by,
    moment,
    opened_by,
    the_client,
)

GOALS_MET = ProposeClosure(ground="goals_met", reason="vuokra on maksettu", no_view_because="ei tavoitettu")
MISMATCH = GOALS_MET.but(ground="service_mismatch", alternative="kotiin vietävä tuki")


def to(ground: Any, **more: Any) -> ProposeClosure:
    return GOALS_MET.but(ground=ground, **more)


@pytest.mark.rule(15)
def test_a_closure_names_its_ground() -> None:
    given(opened_by(aino)).when(to("not_stated"), by=aino).refused(GroundMissing)
    given(opened_by(aino)).when(GOALS_MET, by=the_client).refused(ClientEndsAsClient, ground="goals_met")
    given(opened_by(aino)).when(to("death"), by=the_client).refused(ClientEndsAsClient)
    given(opened_by(aino)).when(to("death"), by=aino).refused(DeathNotRecorded)


@pytest.mark.rule(14)
def test_no_ground_says_that_the_client_is_unsuitable() -> None:
    assert get_args(Ground) == (
        "goals_met", "advice_sufficed", "no_need", "client_ended", "no_further_progress", "service_mismatch",
        "no_legal_basis", "moved", "unreachable", "death", "not_stated",
    )  # fmt: skip


def decided(appeal_until: datetime | None = moment(4, 7)) -> Story:
    """Begin with a decision that stands elsewhere."""
    decision = ReferenceDecision("ended", appeal_until=appeal_until)
    return given(opened_by(aino), Asked(decision, aino, moment(3, 4)))


def reviewed() -> Story:
    """Begin with a decision, and a team that has looked back on its own work."""
    line = AgreeTeamLine((holder(aino), holder(bo)), "ei sovi", client_present=False, no_view_because="ei päässyt")
    return decided().did(Asked(line, aino)).did(Asked(ReviewTeamLine(made_by(3), "bussi ei kulje"), bo))


@pytest.mark.rule(14)
def test_that_a_service_does_not_fit_needs_the_teams_own_review_and_an_alternative() -> None:
    with_decision = MISMATCH.but(decision=made_by(2))
    decided().when(with_decision, by=aino).refused(MismatchNotReviewed, missing=["self_review"])
    nothing = with_decision.but(alternative=" ")
    reviewed().when(nothing, by=aino).refused(MismatchNotReviewed, missing=["alternative"])
    decided().when(nothing, by=aino).refused(MismatchNotReviewed, missing=["self_review", "alternative"])
    reviewed().when(with_decision, by=aino).allowed()


@pytest.mark.rule(15)
def test_that_a_service_does_not_fit_lies_with_the_service_whatever_anybody_says() -> None:
    proposed = reviewed().when(MISMATCH.but(decision=made_by(2), attributed_to="client"), by=aino).allowed()
    event = proposed.happened[-1]
    assert isinstance(event, ClosureProposed)
    assert (event.attributed_to, event.decision) == ("service", made_by(2))


@pytest.mark.rule(29)
def test_without_a_legal_basis_or_a_service_that_fits_there_is_a_decision_to_appeal() -> None:
    baseless = to("no_legal_basis")
    decided().when(baseless, by=aino).refused(NoDecisionToAppeal, decision=None)
    decided(None).when(baseless.but(decision=made_by(2)), by=aino).refused(NoDecisionToAppeal, decision=made_by(2))
    decided().when(baseless.but(decision=made_by(2)), by=aino).allowed()
    reviewed().when(MISMATCH, by=aino).refused(NoDecisionToAppeal)
    decided().when(baseless.but(decision=made_by(9)), by=aino).refused(DecisionAbsent, decision=made_by(9))
    decided().when(GOALS_MET.but(decision=made_by(9)), by=aino).refused(DecisionAbsent)


UNREACHABLE = to("unreachable")
LETTER, CALL, VISIT = (
    AttemptContact("letter", "returned_mail"), AttemptContact("telephone", "no_answer"),
    AttemptContact("meeting", "no_show"),
)  # fmt: skip


def sought(*tries: tuple[AttemptContact, datetime], policy: Policy | None = None) -> Story:
    return given(opened_by(aino), [Asked(attempt, aino, at) for attempt, at in tries], policy=policy)


def well_sought() -> Story:
    """Begin with three attempts, by telephone and by letter, the first on the fifth of March."""
    return sought((CALL, moment(3, 5)), (CALL, moment(3, 12)), (LETTER, moment(3, 20)))


@pytest.mark.rule(25)
def test_a_client_is_unreachable_after_three_attempts_by_two_channels_over_thirty_days() -> None:
    two_calls = sought((CALL, moment(3, 5)), (CALL, moment(3, 7)))
    refused = two_calls.when(UNREACHABLE, by=aino, at=moment(3, 11))
    refused.refused(NotSoughtEnough, attempts=2, channels=["telephone"], days=6, pending=[])
    well_sought().when(UNREACHABLE, by=aino, at=moment(4, 3)).refused(NotSoughtEnough, attempts=3, days=29)
    well_sought().when(UNREACHABLE, by=aino, at=moment(4, 4)).allowed()
    three_calls = sought((CALL, moment(3, 5)), (CALL, moment(3, 12)), (CALL, moment(3, 20)))
    three_calls.when(UNREACHABLE, by=aino, at=moment(4, 4)).refused(NotSoughtEnough, channels=["telephone"])
    given(opened_by(aino)).when(UNREACHABLE, by=aino).refused(NotSoughtEnough, attempts=0, days=0)


@pytest.mark.rule(25)
def test_how_long_a_client_is_sought_is_policy() -> None:
    policy = Policy(unreachable_attempts=1, unreachable_channels=1, unreachable_days=5)
    brief = sought((VISIT, moment(3, 5)), policy=policy)
    brief.when(UNREACHABLE, by=aino, at=moment(3, 9)).refused(NotSoughtEnough)
    brief.when(UNREACHABLE, by=aino, at=moment(3, 10)).allowed()


@pytest.mark.rule(25)
def test_nobody_is_unreachable_whose_application_is_pending() -> None:
    asked = given(opened_by(aino), Asked(MakeRequest("service", "tarvitsen kuljetuksen"), the_client, moment(3, 4)))
    tries = [Asked(CALL, aino, moment(3, 5)), Asked(LETTER, aino, moment(3, 6)), Asked(CALL, aino, moment(3, 7))]
    for attempt in tries:
        asked = asked.did(attempt)
    pending = asked.when(UNREACHABLE, by=aino, at=moment(4, 10))
    pending.refused(NotSoughtEnough, attempts=3, days=36, pending=[made_by(2)])
    answered = asked.did(Asked(AnswerRequest(made_by(2), "refused", "ei edellytyksiä"), aino))
    answered.when(UNREACHABLE, by=aino, at=moment(4, 10)).allowed()


@pytest.mark.rule(25)
def test_whoever_was_reached_since_is_sought_anew() -> None:
    reached = well_sought().did(Asked(MakeContact("telephone"), aino, moment(3, 25)))
    reached.when(UNREACHABLE, by=aino, at=moment(4, 10)).refused(NotSoughtEnough, attempts=0)
    proposed = well_sought().did(closure_proposed_by(aino, "unreachable", at=moment(4, 10)))
    told = proposed.did(informed_by(aino, 6, at=moment(4, 10)))
    told.did(closed_by(aino, moment(5, 5))).and_(status="closed")
    reached_then = told.did(Asked(MakeContact("telephone"), aino, moment(4, 14)))
    reached_then.when(closed_by(aino).command, by=aino, at=moment(5, 5)).refused(ReachedSince)
    assert entry(6) == proposed.case.closure.version  # type: ignore[union-attr]
