"""An auditor replays a case: step by step, by two clocks, as it was shown to somebody, and verified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from domain.authorization import Grant
from domain.decider import Actor, Entry, Role
from domain.objections import RaiseObjection
from domain.rules import RULE_LANGUAGES
from domain.voice import ConfirmStatement, StatementRecorded
from tests.pages.browser import NARROW, WIDE, Visitor, fine, no_overflow, tabbed
from tests.pages.site import Site
from tests.pages.test_asking import look, readings
from tests.town import BO

AUDITOR = Actor("tarkastaja", Role.AUDITOR)


@dataclass(frozen=True)
class Audited:
    """A case that was told, written down, confirmed, handed over and objected to; and its auditor's window."""

    case: UUID
    page: Page

    def open(self, query: str = "") -> None:
        self.page.goto(f"/audit/cases/{self.case}{query}")


def told(site: Site) -> UUID:
    """Tell a case of eight events: opened, said, confirmed, no view, offered, taken on, objected, said."""
    client = site.town.client()
    case, by = site.case(client), Actor(str(client), Role.CLIENT)
    site.town.say(case)
    said = site.house.cases.history(case)[-1].event
    assert isinstance(said, StatementRecorded)
    site.town.do(ConfirmStatement(said.statement), case, by)
    site.town.hand_over(case)
    site.town.do(RaiseObjection(Entry(6), "kukaan ei kysynyt"), case, by)
    site.town.say(case, "haluan yhden ihmisen", BO)
    return case


def audited(site: Site, visitor: Visitor, language: str = "en", width: int = WIDE, *, scripts: bool = True) -> Audited:
    case = told(site)
    grant = Grant("valvonta", frozenset({case}))
    return Audited(case, visitor.page(AUDITOR, language, width, scripts=scripts, grant=grant))


def standing(page: Page) -> dict[str, str]:
    """Return where the case stands, as the page tells it."""
    parts = page.locator("section[aria-labelledby=standing-title] > dl > div").all()
    return {it.locator("dt").inner_text(): it.locator("dd").inner_text() for it in parts}


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_state_of_the_replay_is_fine_in_every_language_and_on_every_screen(
    site: Site, visitor: Visitor, language: str, width: int
) -> None:
    it = audited(site, visitor, language, width)
    for query in ("", "?version=4", "?known=5&day=0&seen_by=client", "?zoom=whole&seen_by=nobody"):
        it.open(query)
        assert it.page.locator("html").get_attribute("lang") == language
        fine(it.page)


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_the_flows_and_the_verification_are_fine_in_every_language(site: Site, visitor: Visitor, language: str) -> None:
    it = audited(site, visitor, language, NARROW)
    site.settled()
    for path in ("/audit/flows", "/audit/flows?since=2020&organisation=kela", f"/audit/cases/{it.case}/verified"):
        it.page.goto(path)
        fine(it.page)


def test_one_steps_through_a_case_by_links_without_scripts(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor, scripts=False)
    it.open("?version=5")
    assert standing(it.page)["Responsible"] == "aino, kela/asiakaspalvelu"
    assert standing(it.page)["Offer waiting for an answer"].startswith("bo, pirha/aikuissosiaalityo; answer by")
    it.page.get_by_role("link", name="Next entry", exact=True).click()
    assert standing(it.page)["Responsible"] == "bo, pirha/aikuissosiaalityo"
    assert standing(it.page)["Offer waiting for an answer"] == "none"
    changed = it.page.locator("section[aria-labelledby=changed-title] tbody").inner_text()
    assert re.search(r"Responsible\s+aino, kela/asiakaspalvelu\s+bo, pirha/aikuissosiaalityo", changed)
    it.page.get_by_role("link", name="First entry", exact=True).click()
    expect(it.page.locator("#entry-title")).to_contain_text("1. The case was opened")
    assert it.page.get_by_role("link", name="Previous entry", exact=True).count() == 0


def test_a_step_with_scripts_changes_the_moment_and_its_address_and_keeps_the_focus(
    site: Site, visitor: Visitor
) -> None:
    it = audited(site, visitor)
    it.open("?version=5")
    it.page.locator("#step-next").focus()
    it.page.keyboard.press("Enter")
    expect(it.page.locator("#entry-title")).to_contain_text("6.")
    assert "version=6" in it.page.url
    assert it.page.evaluate("document.activeElement.id") == "step-next"
    expect(it.page.locator("#at-hand")).to_contain_text("Entry 6 of 8")


def test_a_slider_shows_what_was_known_then(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.open()
    it.page.locator("#known").focus()
    it.page.keyboard.press("Home")
    for _ in range(4):
        it.page.keyboard.press("ArrowRight")
    expect(it.page.locator("#known-told")).to_contain_text("Entry 5")
    expect(it.page.locator("#changed-title")).to_have_text("What is different now")
    assert standing(it.page)["Responsible"] == "aino, kela/asiakaspalvelu"


def test_the_picture_fades_what_does_not_count_yet_and_leads_to_every_event(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.open("?version=5")
    later = it.page.locator(".swimlane a.later:not(.finding)")
    assert later.count() == 3
    it.page.locator('.swimlane a[href*="version=7"]').first.focus()
    it.page.keyboard.press("Enter")
    expect(it.page.locator("#entry-title")).to_contain_text("7. The client objected")


def test_the_tables_tell_every_event_of_the_picture(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.open()
    assert it.page.locator("#events tbody tr").count() == 8
    offer = it.page.locator("#offers tbody tr").inner_text()
    assert "aino, kela/asiakaspalvelu" in offer
    assert "taken on" in offer


def test_what_somebody_was_shown_then_is_told_and_a_name_that_nobody_has_is_asked_for_again(
    site: Site, visitor: Visitor
) -> None:
    it = audited(site, visitor)
    it.open("?version=2")
    it.page.locator("#seen_by").fill("pirha/aikuissosiaalityo/bo")
    it.page.locator(".as-shown button").click()
    expect(it.page.locator("#shown")).to_contain_text("The case was not there for them")
    it.page.locator("#seen_by").fill("client")
    it.page.locator(".as-shown button").click()
    expect(it.page.locator("#shown")).to_contain_text("en ole kieltäytynyt")
    it.page.locator("#seen_by").fill("nobody")
    it.page.locator(".as-shown button").click()
    expect(it.page.locator("#seen_by")).to_have_attribute("aria-invalid", "true")


def test_a_case_is_verified_at_the_page_by_the_check_that_anybody_can_make(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    site.settled()
    it.open()
    it.page.get_by_role("link", name="Verify the case now").click()
    expect(it.page.locator(".verdict")).to_have_class("verdict whole")
    expect(it.page.get_by_text("8 events shown")).to_be_visible()


def test_the_keyboard_reaches_every_link_of_the_picture_in_the_order_of_time(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.open()
    assert len(tabbed(it.page)) > 30
    places = it.page.locator(".swimlane .marks a").evaluate_all(
        "all => all.map(it => it.transform.baseVal[0].matrix.e)"
    )
    assert places == sorted(places)


def test_on_paper_the_picture_and_the_tables_are_there_and_the_forms_are_not(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.open()
    it.page.emulate_media(media="print")
    assert it.page.locator(".swimlane").is_visible()
    assert it.page.locator("#events").is_visible()
    assert not it.page.locator(".clocks").is_visible()
    no_overflow(it.page)


def test_a_look_at_the_replay_is_one_line_in_the_log_of_reads(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    before = readings(site, it.case)
    it.open("?version=5&seen_by=client")
    assert readings(site, it.case)[len(before) :] == [("tarkastaja", "AuditReplay", "granted")]


def test_a_case_that_an_auditor_was_not_let_see_is_not_there(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    for case in (told(site), uuid4()):
        answer = it.page.goto(f"/audit/cases/{case}")
        assert answer is not None
        assert answer.status == 404
    assert look(site, "/audit/cases/7", AUDITOR).status_code == 404


def test_a_month_that_is_none_is_said_to_be_none(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.page.goto("/audit/flows?since=2025-13")
    expect(it.page.locator("#since")).to_have_attribute("aria-invalid", "true")
    expect(it.page.locator("#since-help")).to_contain_text("This is no month.")


def test_flows_are_told_in_a_picture_and_the_same_in_a_table(site: Site, visitor: Visitor) -> None:
    it = audited(site, visitor)
    it.page.goto("/audit/flows")
    expect(it.page.locator(".flows-picture")).to_contain_text("kela → pirha: 1 offered, 1 accepted")
    assert it.page.locator("tbody tr").inner_text().split()[:4] == ["kela", "pirha", "1", "1"]
