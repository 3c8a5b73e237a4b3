"""A manager's page: who has how much on hand, what is stuck and for how long, what to review, and leavers' cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from domain.closure import ProposeClosure
from domain.decider import Actor, Override, Role
from domain.directory import JoinUnit, OpenUnit, unit_stream, worker_stream
from domain.intake import OpenCase, PromiseNextStep
from domain.leaving import AnnounceLeaving, SetCaseloadLimit
from domain.overrides import OverrideReviewed
from domain.ownership import NameResponsible, ResponsibleNamed
from domain.requests import MakeRequest
from domain.rules import RULE_LANGUAGES, RuleLanguage
from tests.pages.browser import NARROW, WIDE, Visitor, fine, tabbed
from tests.pages.site import Site
from tests.pages.test_asking import look
from tests.town import ADMINISTRATOR, AINO, holder

EARLIER = timedelta(days=12)


class Team:
    """A unit of its own with a manager, another one, and two workers."""

    def __init__(self, site: Site) -> None:
        self.site, self.unit = site, f"yksikko-{uuid4().hex[:8]}"
        site.town.do(OpenUnit("kela", self.unit, "Uusi yksikkö"), unit_stream("kela", self.unit), ADMINISTRATOR)
        self.manager, self.other = self._joined(Role.MANAGER), self._joined(Role.MANAGER)
        self.worker, self.leaver = self._joined(Role.WORKER), self._joined(Role.WORKER)

    def case(self, of: Actor) -> UUID:
        """Open a case that somebody here answers for."""
        case, client = uuid4(), self.site.town.client()
        begun = datetime.now(UTC) - 2 * EARLIER
        self.site.town.do(OpenCase(client, "asunnon menettäminen"), case, of, occurred=begun)
        return case

    def page(self, visitor: Visitor, language: RuleLanguage = "en", width: int = WIDE) -> Page:
        """Show the manager the page."""
        page = visitor.page(self.manager, language, width)
        page.goto("/desk/unit")
        return page

    def _joined(self, role: Role) -> Actor:
        it = Actor(f"{role}-{uuid4().hex[:8]}", role, "kela", self.unit)
        self.site.town.do(JoinUnit("kela", self.unit, it.id), worker_stream("kela", it.id), ADMINISTRATOR)
        return it


@pytest.fixture
def team(site: Site) -> Team:
    """Give a unit that no other test knows."""
    return Team(site)


@pytest.fixture
def full(team: Team) -> Team:
    """Give one with something in every part of the page."""
    do, now = team.site.town.do, datetime.now(UTC)
    do(SetCaseloadLimit(1), unit_stream("kela", team.unit), ADMINISTRATOR)
    first, _ = team.case(team.worker), team.case(team.worker)
    left = team.case(team.leaver)
    do(PromiseNextStep("worker", "soitan", now - timedelta(days=1)), first, team.worker, occurred=now - EARLIER)
    do(MakeRequest("contact", "soittakaa"), first, team.worker)
    aside = Override(25, "muuttanut ulkomaille", now + timedelta(days=30))
    do(ProposeClosure("unreachable", no_view_because="ei tavoitettu", override=(aside,)), left, team.manager)
    do(AnnounceLeaving(), worker_stream("kela", team.leaver.id), ADMINISTRATOR)
    return team


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_page_is_fine_empty_and_full_in_every_language_and_on_every_screen(
    visitor: Visitor, full: Team, site: Site, language: RuleLanguage, width: int
) -> None:
    fine(full.page(visitor, language, width))
    fine(Team(site).page(visitor, language, width))


def test_the_caseload_stands_against_the_ceiling_and_what_is_over_it_is_told(visitor: Visitor, full: Team) -> None:
    row = full.page(visitor).locator("#load tr", has_text=full.worker.id)
    assert row.locator("td").all_inner_texts()[:2] == ["2", "1 1 over"]
    expect(full.page(visitor).locator("#load tr", has_text=full.leaver.id)).to_contain_text("leaving")


def test_what_is_stuck_comes_with_for_how_long_and_what_is_overdue_is_said(visitor: Visitor, full: Team) -> None:
    rows = full.page(visitor).locator("#stuck tbody tr")
    expect(rows.first).to_contain_text("A promised step is to be taken")
    expect(rows.first).to_contain_text("12 days")
    expect(rows.first).to_contain_text("Overdue")
    expect(rows.nth(1)).to_contain_text("The client's request waits for an answer")


def test_a_rule_set_aside_is_reviewed_by_another_manager_from_the_page(visitor: Visitor, full: Team) -> None:
    page = visitor.page(full.other, "en")
    page.goto("/desk/unit")
    page.locator("#reviews a", has_text="See to it").click()
    page.get_by_label("Upheld").or_(page.locator("[name=outcome]").first).first.check(force=True)
    page.locator(".buttons button").first.click()
    page.wait_for_url("**/desk/unit?done=review-override&of=*")
    expect(page.locator("#reviews")).to_contain_text("Nothing is to be reviewed")
    (case,) = [it for it in _cases(full) if _last(full, it).__class__ is OverrideReviewed]
    assert case


def test_a_leavers_case_is_given_to_another_worker_by_the_keyboard_alone(visitor: Visitor, full: Team) -> None:
    page = full.page(visitor)
    assert any("Name another worker" in it for it in tabbed(page))
    page.locator("#leavers a", has_text="Name another worker").press("Enter")
    page.wait_for_url("**/do/name-responsible**")
    page.locator("select[name=holder], select[name=to], select").first.select_option(
        f"kela/{full.unit}/{full.worker.id}"
    )
    page.locator("textarea").first.fill("lähtee")
    page.locator(".buttons button").first.press("Enter")
    page.wait_for_url("**/desk/unit?done=name-responsible&of=*")
    expect(page.locator("#leavers")).to_contain_text("Nobody who is leaving has open cases")
    assert any(
        isinstance(event, ResponsibleNamed) and event.holder == holder(full.worker)
        for event in (_last(full, it) for it in _cases(full))
    )


def test_nobody_but_a_manager_has_a_unit(site: Site) -> None:
    assert look(site, "/desk/unit", AINO, headers={"Accept": "text/html"}).status_code == 403


def test_a_case_that_was_named_away_waits_for_the_one_who_was_named(visitor: Visitor, full: Team) -> None:
    for case in _cases(full):
        if full.site.house.cases.history(case)[0].context.actor == full.leaver:
            full.site.town.do(NameResponsible(holder(full.worker), "lähtee"), case, full.manager)
    expect(full.page(visitor).locator("#load tr", has_text=full.worker.id).locator("td").first).to_have_text("3")


def _cases(team: Team) -> list[UUID]:
    page = look(team.site, f"/cases?organisation=kela&unit={team.unit}", team.manager).json()
    return [UUID(it["case"]) for it in page["cases"]]


def _last(team: Team, case: UUID) -> object:
    return team.site.house.cases.history(case)[-1].event
