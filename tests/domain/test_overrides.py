"""Rules of conduct that a manager may set aside: with a reason, the client told, and another person's review."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

import pytest

from domain.case import WordsMissing
from domain.client_ownership import TakeOwnership
from domain.closure import (
    CaseClosed,
    ClientNotInformed,
    CloseCase,
    ClosureNeedsClientsYes,
    ObjectionOpen,
    ProposeClosure,
    ReachedSince,
    TimeToObject,
)
from domain.contacts import AttemptContact, MakeContact
from domain.decider import Command, NothingToOverride, Override, RoleNotAllowed, TooEarly
from domain.grounds import MismatchNotReviewed, NotSoughtEnough
from domain.intake import ClientInformed
from domain.objections import RaiseObjection
from domain.overrides import (
    OnlyManagerOverrides,
    Overridable,
    OverrideNotOpen,
    OverrideReviewed,
    OwnOverride,
    ReviewInThePast,
    ReviewOverride,
    RuleOverridden,
)
from domain.plan import AgreePlan, PlanNeedsClientsYes
from domain.provision import EndService, NoDecisionToAppeal, StartService
from domain.team import AgreeTeamLine, LineWithoutClient
from tests.domain.given import (
    Asked,
    Story,
    aino,
    closure_proposed_by,
    command_id,
    entry,
    given,
    holder,
    informed_by,
    made_by,
    marja,
    moment,
    oona,
    opened_by,
    paula,
    siiri,
    the_client,
    unit,
)

REVIEW = moment(9, 1)


def override(rule: int, review_by: datetime = REVIEW) -> Override:
    return Override(rule, "vaara on ohi", review_by)


def overridden(number: int, rule: int) -> UUID:
    """Return the id of the override in the story's nth command."""
    return uuid5(command_id(number), f"override {rule}")


def proposed(ground: str = "goals_met") -> Story:
    """Begin with a closure, on the third version, told of to the client on the fifth of March."""
    return given(opened_by(aino), closure_proposed_by(aino, ground, at=moment(3, 4)))


def told() -> Story:
    return proposed().did(informed_by(aino, 3, at=moment(3, 5)))


def sought() -> Story:
    """Begin with a client who was found by the time that the case was going to be closed."""
    story = given(opened_by(aino))
    for day, channel in ((4, "telephone"), (5, "letter"), (6, "telephone")):
        story = story.did(Asked(AttemptContact(channel, "no_answer"), aino, moment(3, day)))  # type: ignore[arg-type]
    story = story.did(closure_proposed_by(aino, "unreachable", at=moment(4, 10)))
    return story.did(informed_by(aino, 6, at=moment(4, 10))).did(Asked(MakeContact("telephone"), aino, moment(4, 14)))


def owned() -> Story:
    return given(opened_by(aino), Asked(TakeOwnership(), the_client))


def owned_to_close() -> Story:
    return owned().did(closure_proposed_by(aino, "goals_met")).did(informed_by(aino, 4, at=moment(3, 5)))


NO_VIEW = "ei tavoitettu"
MISFIT = ProposeClosure("service_mismatch", "ei sovi", no_view_because=NO_VIEW)
UNREACHABLE = ProposeClosure("unreachable", "ei vastaa", no_view_because=NO_VIEW)
BASELESS = ProposeClosure("no_legal_basis", "ei oikeutta", no_view_because=NO_VIEW)
LINE = AgreeTeamLine((holder(aino), holder(oona)), "asuminen ensin", client_present=False)
END = EndService(made_by(2), "ei jatketa", "against")
WAYS: list[tuple[type[Overridable], int, Callable[[], Story], Command]] = [  # type: ignore[type-arg]
    (LineWithoutClient, 10, lambda: given(opened_by(aino)), LINE),
    (ClientNotInformed, 13, proposed, CloseCase()),
    (TimeToObject, 13, told, CloseCase()),
    (ObjectionOpen, 13, lambda: told().did(Asked(RaiseObjection(entry(1), "en halua"), the_client)), CloseCase()),
    (MismatchNotReviewed, 14, lambda: given(opened_by(aino)), MISFIT),
    (NotSoughtEnough, 25, lambda: given(opened_by(aino)), UNREACHABLE),
    (ReachedSince, 25, sought, CloseCase()),
    (NoDecisionToAppeal, 29, lambda: given(opened_by(aino)), BASELESS),
    (NoDecisionToAppeal, 29, lambda: given(opened_by(aino), Asked(StartService(unit(oona)), aino)), END),
    (PlanNeedsClientsYes, 30, owned, AgreePlan("disagreed", no_view_because=NO_VIEW)),
    (ClosureNeedsClientsYes, 30, owned_to_close, CloseCase()),
]
LATER = moment(5, 5)


@pytest.mark.parametrize(("refusal", "rule", "story", "command"), WAYS, ids=lambda it: getattr(it, "__name__", ""))
def test_a_refusal_names_its_rule_and_how_to_override_it(
    refusal: type[Overridable],
    rule: int,
    story: Callable[[], Story],
    command: Command,  # type: ignore[type-arg]
) -> None:
    at = moment(3, 6) if refusal is TimeToObject else LATER
    refused = story().when(command, by=marja, at=at).refused(refusal)
    assert refusal.rule == rule
    assert f"A manager may override rule {rule}: send the same with `override`" in str(refused.refusal)


@pytest.mark.parametrize(("refusal", "rule", "story", "command"), WAYS, ids=lambda it: getattr(it, "__name__", ""))
def test_a_manager_sets_it_aside_and_the_client_is_told(
    refusal: type[Overridable],
    rule: int,
    story: Callable[[], Story],
    command: Command,  # type: ignore[type-arg]
) -> None:
    at, before = (moment(3, 6) if refusal is TimeToObject else LATER), story()
    beside = (override(29),) if command is MISFIT else ()
    done = before.when(command.but(override=(override(rule), *beside)), by=marja, at=at).allowed()
    which = overridden(before.commands + 1, rule)
    at_event = done.happened.index(RuleOverridden(which, rule, "vaara on ohi", REVIEW))
    informed = done.happened[at_event + 1]
    assert isinstance(informed, ClientInformed)
    assert informed.about == len(before.history) + 1 + at_event
    assert type(done.happened[-1]).__name__ not in {"RuleOverridden", "ClientInformed"}
    before.when(command.but(override=(override(rule), *beside)), by=aino, at=at).refused(OnlyManagerOverrides)


def test_an_override_gives_its_reason_and_a_review_to_come() -> None:
    close = CloseCase((override(13),))
    proposed().when(close, by=marja, at=LATER).allowed()
    no_reason = CloseCase((Override(13, " ", REVIEW),))
    proposed().when(no_reason, by=marja, at=LATER).refused(WordsMissing, field="reason")
    past = CloseCase((override(13, review_by=LATER),))
    proposed().when(past, by=marja, at=LATER).refused(ReviewInThePast, review_by=LATER)


def test_nothing_is_set_aside_that_does_not_stand_in_the_way() -> None:
    proposed().when(CloseCase((override(13), override(30))), by=marja, at=LATER).refused(NothingToOverride, rule=30)
    told().when(CloseCase((override(13),)), by=marja, at=LATER).refused(NothingToOverride, rule=13)


def test_a_rule_is_set_aside_once_for_one_reason() -> None:
    twice = CloseCase((override(13), override(13, review_by=moment(10, 1))))
    proposed().when(twice, by=marja, at=LATER).refused(NothingToOverride, rule=13)


def test_two_rules_are_set_aside_in_one_act_each_with_its_own_override() -> None:
    story = given(opened_by(aino))
    only_one = MISFIT.but(override=(override(14),))
    story.when(only_one, by=marja).refused(NoDecisionToAppeal)
    both = story.when(MISFIT.but(override=(override(29), override(14))), by=marja).allowed()
    rules = [it.rule for it in both.happened if isinstance(it, RuleOverridden)]
    assert rules == [14, 29]


@pytest.mark.rule(13)
def test_what_the_client_is_told_may_be_withheld_with_a_reason() -> None:
    quiet = Override(13, "vaara on ohi", REVIEW, channel="telephone", withheld_because="turvallisuus")
    done = proposed().when(CloseCase((quiet,)), by=marja, at=LATER).allowed()
    informed = done.happened[1]
    assert isinstance(informed, ClientInformed)
    assert (informed.withheld, informed.received_at) == (True, None)
    assert done.happened[2] == CaseClosed("goals_met", "service", "circumstances")


def test_another_manager_reviews_an_override() -> None:
    closed = proposed().did(Asked(CloseCase((override(13),)), marja, LATER))
    which = overridden(3, 13)
    review = ReviewOverride(which, "not_upheld")
    reviewed = closed.when(review, by=siiri).then(OverrideReviewed(which, "not_upheld"))
    reviewed.when(review, by=paula).refused(OverrideNotOpen, override=which)
    closed.when(review, by=marja).refused(OwnOverride)
    closed.when(review, by=aino).refused(RoleNotAllowed)
    closed.when(review, by=siiri, at=moment(5, 4), entered=moment(5, 6)).refused(TooEarly)
    closed.when(review.but(override=made_by(9)), by=siiri).refused(OverrideNotOpen)
