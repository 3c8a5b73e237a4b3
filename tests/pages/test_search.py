"""The auditor's search: by finding, flow, ending and date; or one case by its id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from domain.acceptance import AcceptHandoff
from domain.authorization import Grant
from domain.calendar import civil_day
from domain.decider import Actor, Role
from domain.rules import RULE_LANGUAGES, RuleLanguage
from tests.pages.browser import NARROW, WIDE, Visitor, fine, tabbed
from tests.pages.site import Site
from tests.town import AINO, BO, holder

AUDITOR = Actor("auri", Role.AUDITOR)
OMBUDSMAN = Actor("oili", Role.OMBUDSMAN)


def sought(
    visitor: Visitor, cases: set[UUID], query: str = "", language: RuleLanguage = "en", width: int = WIDE
) -> Page:
    """Open the search as an auditor who was let see these cases."""
    page = visitor.page(AUDITOR, language, width, grant=Grant("tarkastus", frozenset(cases)))
    page.goto(f"/audit{query}")
    return page


def found(page: Page) -> set[str]:
    """Return the cases that a page lists."""
    links = page.locator("#found tbody a").all()
    return {str(it.get_attribute("href")).rpartition("/")[2] for it in links}


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_search_is_fine_in_every_language_and_on_every_screen(
    visitor: Visitor, site: Site, language: RuleLanguage, width: int
) -> None:
    case = site.case()
    site.town.offer(case)
    fine(sought(visitor, {case}, language=language, width=width))
    fine(sought(visitor, {case}, "?ground=death", language, width))
    fine(sought(visitor, {case}, "?opened_from=31.2.2025&case=x", language, width))


def test_cases_are_found_by_how_they_flowed(visitor: Visitor, site: Site) -> None:
    offered, taken, neither = site.case(), site.case(), site.case()
    site.town.offer(offered)
    site.town.do(AcceptHandoff(site.town.offer(taken, AINO, holder(BO))), taken, BO)
    page = sought(visitor, {offered, taken, neither})
    assert found(page) == {str(offered), str(taken), str(neither)}
    page.get_by_label("Offered or transferred from").fill("kela")
    page.get_by_label("Offered or transferred to").fill("pirha/aikuissosiaalityo")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#found tbody tr")).to_have_count(2)
    page.get_by_label("What came of it").select_option("accepted")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#found tbody tr")).to_have_count(1)
    assert found(page) == {str(taken)}
    expect(page.get_by_label("Offered or transferred from")).to_have_value("kela")


def test_a_day_is_one_of_finland_and_the_last_one_counts(visitor: Visitor, site: Site) -> None:
    case, today = site.case(), civil_day(datetime.now(UTC))
    for query, there in (
        (f"?opened_from={today}&opened_to={today}", True),
        (f"?opened_from={today:%d.%m.%Y}", True),
        (f"?opened_to={today - timedelta(days=1)}", False),
        (f"?from={today + timedelta(days=1)}", True),  # it is open still
        (f"?closed_from={today}", False),
    ):
        assert (str(case) in found(sought(visitor, {case}, query))) is there, query


def test_cases_are_found_by_finding(visitor: Visitor, site: Site) -> None:
    case = site.case()  # nothing is promised in it: rule 26
    assert found(sought(visitor, {case}, "?finding=26")) == {str(case)}
    assert found(sought(visitor, {case}, "?finding=19")) == set()


def test_nobody_is_shown_a_case_that_they_were_not_let_see(visitor: Visitor, site: Site) -> None:
    mine, anothers = site.case(), site.case()
    assert found(sought(visitor, {mine})) == {str(mine)}
    page = sought(visitor, {mine}, f"?case={anothers}")
    assert page.url.endswith(f"/audit/cases/{anothers}")
    expect(page.locator("#problem")).to_be_visible()


def test_where_nothing_is_found_the_page_says_what_to_do(visitor: Visitor, site: Site) -> None:
    page = sought(visitor, {site.case()}, "?ground=death")
    expect(page.locator("#found a", has_text="Begin anew")).to_be_visible()


def test_a_long_list_goes_on_with_what_was_sought(visitor: Visitor, site: Site) -> None:
    client = site.town.client()
    cases = {site.case(client) for _ in range(52)}
    page = sought(visitor, cases, "?status=open")
    first = found(page)
    page.get_by_role("link", name="More cases").click()
    expect(page.locator("#found tbody tr")).to_have_count(2)
    assert {str(it) for it in cases} == first | found(page)


def test_one_case_is_replayed_by_its_id_with_the_keyboard_alone(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = sought(visitor, {case})
    assert any("case" in it for it in tabbed(page))
    page.locator("#case").focus()
    page.keyboard.type(str(case))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/audit/cases/{case}")


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_an_ombudsman_is_shown_no_list_and_goes_by_the_id(visitor: Visitor, site: Site, language: RuleLanguage) -> None:
    case = site.case()
    page = visitor.page(OMBUDSMAN, language)
    page.goto("/audit")
    assert page.locator("table").count() == 0
    fine(page)
    page.locator("#case").fill(str(case))
    page.locator("#case").press("Enter")
    page.wait_for_url(f"**/audit/cases/{case}")


def test_what_is_no_id_is_said_so(visitor: Visitor) -> None:
    page = sought(visitor, {uuid4()}, "?case=hello")
    expect(page.locator("#case")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#case")).to_have_value("hello")
