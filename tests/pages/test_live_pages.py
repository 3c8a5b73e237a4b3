"""The service's own pages follow what happens: what is new shows by itself, and no form half filled in is lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, Route, expect

from domain.decider import Actor, Role
from domain.intake import PromiseNextStep
from domain.requests import MakeRequest
from domain.rules import RULE_LANGUAGES, RuleLanguage
from tests.api.conftest import as_client
from tests.pages.browser import Visitor, fine
from tests.pages.newcomers import newcomer
from tests.pages.site import Site
from tests.town import holder

CHANGED: dict[RuleLanguage, str] = {
    "fi": "Jotakin tällä sivulla on muuttunut.", "sv": "Något på den här sidan har ändrats.",
    "en": "Something on this page has changed.",
}  # fmt: skip
SOON = timedelta(days=3)


def following(visitor: Visitor, who: Actor, path: str, language: RuleLanguage = "en") -> Page:
    """Open a page, and wait until it follows."""
    page = visitor.page(who, language)
    with page.expect_request(re.compile("/feed")):
        page.goto(path)
    page.evaluate("window.luotsiStayed = true")
    return page


def stayed(page: Page) -> bool:
    """Say whether a page is still the one that was opened, and was not loaded anew."""
    return bool(page.evaluate("window.luotsiStayed === true"))


def status(page: Page) -> Any:
    return page.locator("#live-status")


def promise(site: Site, case: UUID, who: Actor, what: str) -> None:
    site.town.do(PromiseNextStep("worker", what, datetime.now(UTC) + SOON), case, who)


# What happens elsewhere is shown


def test_a_workers_page_of_a_case_shows_what_was_said_and_promised_since(visitor: Visitor, site: Site) -> None:
    me = newcomer(site.town)
    case = site.town.case(by=me)
    page = following(visitor, me, f"/desk/cases/{case}")
    site.town.say(case, "haluan muuttaa lähemmäs", me)
    promise(site, case, me, "soitan torstaina")
    expect(page.locator("#voice")).to_contain_text("haluan muuttaa lähemmäs")
    expect(page.locator("#owner")).to_contain_text("soitan torstaina")
    expect(page.locator("#due")).to_contain_text("soitan torstaina")
    expect(status(page)).to_have_text(CHANGED["en"])
    assert stayed(page)


def test_a_workers_list_shows_a_new_case_and_what_a_case_waits_for(visitor: Visitor, site: Site) -> None:
    me = newcomer(site.town)
    case = site.town.case(by=me)
    page = following(visitor, me, "/desk")
    site.town.do(MakeRequest("contact", "Soittakaa."), case, me)
    expect(page.locator(f"#case-{case}")).to_contain_text("request waits for an answer")
    other = site.town.case(by=me)
    expect(page.locator(f"#case-{other}")).to_be_visible()
    expect(page.locator("#cases .figures strong").first).to_have_text("2")
    assert stayed(page)


def test_what_is_offered_to_somebody_shows_and_goes_when_it_is_taken_back(visitor: Visitor, site: Site) -> None:
    sender, me = newcomer(site.town), newcomer(site.town)
    case = site.town.case(by=sender)
    page = following(visitor, me, "/desk/offers")
    assert page.locator("article.offer").count() == 0
    site.town.offer(case, sender, holder(me))
    expect(page.locator("article.offer")).to_have_count(1)
    expect(status(page)).to_have_text(CHANGED["en"])
    assert stayed(page)


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_a_clients_page_shows_what_was_written_down_of_what_they_said(
    visitor: Visitor, site: Site, language: RuleLanguage
) -> None:
    client = site.town.client()
    case = site.town.case(client)
    page = following(visitor, as_client(client), f"/own/{case}", language)
    site.town.say(case, "bussi ei kulje meille asti")
    expect(page.locator("#said")).to_contain_text("bussi ei kulje meille asti")
    expect(status(page)).to_have_text(CHANGED[language])
    assert stayed(page)
    fine(page)


def test_a_managers_page_shows_what_waits_in_the_unit_since(visitor: Visitor, site: Site) -> None:
    manager = newcomer(site.town, role=Role.MANAGER)
    worker = newcomer(site.town, beside=manager)
    case = site.town.case(by=worker)
    page = following(visitor, manager, "/desk/unit")
    site.town.do(MakeRequest("contact", "Soittakaa."), case, worker)
    expect(page.locator("#stuck")).to_contain_text("request waits for an answer")
    assert stayed(page)


# A form half filled in


def test_a_clients_half_written_correction_stays_and_the_page_says_what_it_kept_back(
    visitor: Visitor, site: Site
) -> None:
    client = site.town.client()
    case = site.town.case(client)
    site.town.say(case, "en halua apua")
    page = following(visitor, as_client(client), f"/own/{case}")
    page.locator("#said details", has_text="This is wrong").locator("summary").first.click()
    field = page.locator("#said textarea[name=correction]").first
    field.fill("en halunnut juuri sitä apua")
    field.blur()
    site.town.say(case, "myöhemmin sanottua")
    expect(status(page)).to_contain_text(CHANGED["en"])
    expect(field).to_have_value("en halunnut juuri sitä apua")
    assert "myöhemmin sanottua" not in page.locator("#said").inner_text()
    fine(page)
    field.locator("xpath=ancestor::form").locator("[type=submit]").click()
    page.wait_for_url(re.compile("done=dispute-statement"))
    assert "en halunnut juuri sitä apua" in page.locator("#said").inner_text()
    assert "myöhemmin sanottua" in page.locator("#said").inner_text()


def test_a_half_filled_decline_stays_when_another_case_is_offered(visitor: Visitor, site: Site) -> None:
    sender, me = newcomer(site.town), newcomer(site.town)
    first, second = site.town.case(by=sender), site.town.case(by=sender)
    site.town.offer(first, sender, holder(me))
    page = following(visitor, me, "/desk/offers")
    page.locator("article.offer details summary").click()
    page.get_by_label("Reason, in your own words").fill("jono on pitkä")
    page.get_by_label("Reason, in your own words").blur()
    site.town.offer(second, sender, holder(me))
    anew = status(page).locator("a")
    expect(anew).to_be_visible()
    expect(page.get_by_label("Reason, in your own words")).to_have_value("jono on pitkä")
    assert page.locator("article.offer").count() == 1
    anew.click()
    expect(page.locator("article.offer")).to_have_count(2)


# What changes nothing


def test_what_happens_in_another_case_changes_nothing_on_the_page_of_one(visitor: Visitor, site: Site) -> None:
    client = site.town.client()
    case, other = site.town.case(client), site.town.case(client)
    listed, page = (
        following(visitor, as_client(client), f"/own/{other}"),
        following(visitor, as_client(client), f"/own/{case}"),
    )
    site.town.say(other, "toisessa asiassa")
    expect(listed.locator("#said")).to_contain_text("toisessa asiassa")
    assert status(page).inner_text() == ""
    assert "toisessa asiassa" not in page.locator("main").inner_text()


def test_a_workers_list_says_nothing_of_others_cases(visitor: Visitor, site: Site) -> None:
    me, beside = newcomer(site.town), newcomer(site.town)
    mine, theirs = site.town.case(by=me), site.town.case(by=beside)
    page = following(visitor, me, "/desk")
    with page.expect_response(re.compile(r"/desk$")) as anew:  # of the same organisation: it looks, and finds nothing
        site.town.say(theirs, by=beside)
    anew.value.finished()
    assert status(page).inner_text() == ""
    assert page.locator("li.card").count() == 1
    assert page.locator(f"#case-{mine}").count() == 1


def test_that_the_time_goes_on_is_no_change(visitor: Visitor, site: Site) -> None:
    manager = newcomer(site.town, role=Role.MANAGER)
    worker = newcomer(site.town, beside=manager)
    case = site.town.case(by=worker)
    page = following(visitor, manager, "/desk/unit")
    page.route("**/desk/unit", an_hour_later)
    with page.expect_response(re.compile("/desk/unit")) as anew:
        site.town.say(case, by=worker)
    anew.value.finished()
    assert status(page).inner_text() == ""


def an_hour_later(route: Route) -> None:
    """Have the page say that it is of another time."""
    told = re.sub(r"<span data-clock>.*?</span>", "<span data-clock>23.59</span>", route.fetch().text())
    route.fulfill(body=told, content_type="text/html")


# The end of a session


@pytest.mark.parametrize("place", ["desk", "own"])
def test_a_page_says_when_its_session_is_over_and_leads_back_to_where_one_was(
    visitor: Visitor, site: Site, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(site.app.state.feed, "heartbeat", 0.05)
    visitor.expect("status of 401")
    client = site.town.client()
    case = site.town.case(client)
    who, path = (newcomer(site.town), "/desk") if place == "desk" else (as_client(client), f"/own/{case}")
    page = visitor.page(who, "en")
    with site.house.region.connect(owner=True) as owner:
        owner.execute("UPDATE sessions SET ends = now() + interval '3 seconds' WHERE who = %s", (who.id,))
    page.goto(path)
    expect(status(page)).to_contain_text("You are no longer signed in")
    onward = status(page).locator("a").get_attribute("href") or ""
    assert onward == f"/signin?return_to={path.replace('/', '%2F')}"
