"""A new case in one step, from signing in to the events in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect

from domain.client import ClientRegistered
from domain.intake import CaseOpened
from domain.rules import RULE_LANGUAGES, RuleLanguage
from tests.pages.browser import NARROW, Visitor, fine
from tests.pages.newcomers import newcomer
from tests.pages.site import Site
from tests.pages.test_desk import at, last
from tests.town import AINO, holder


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_somebody_signs_in_and_opens_a_new_case_in_one_step(
    visitor: Visitor, provided: Site, language: RuleLanguage
) -> None:
    page = visitor.page(language=language)
    visitor.sign_in(page, "aino", "/desk/new")
    fine(page)
    page.locator("#need").fill("Häätö uhkaa, vuokra maksamatta.")
    page.locator(".whole button[type=submit]").click()
    page.wait_for_url("**/desk/cases/*?done=open-case")
    case = UUID(page.url.rpartition("/")[2].partition("?")[0])
    opened, *others = provided.house.cases.history(case)
    assert isinstance(opened.event, CaseOpened)
    assert (others, opened.event.responsible) == ([], holder(AINO))
    client = provided.house.cases.client_of(case)
    assert client is not None
    assert [type(it.event) for it in provided.house.cases.history(client)] == [ClientRegistered]
    expect(page.locator("h1")).to_contain_text("Häätö uhkaa")
    fine(page)


def test_what_is_sent_twice_is_opened_once(visitor: Visitor, site: Site) -> None:
    me = newcomer(site.town)
    page = at(visitor, "/desk/new", me)
    page.locator("#need").fill("Lapsen hoitopaikka.")
    key = page.locator("[name=key]").get_attribute("value") or ""
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url("**?done=open-case")
    first = page.url
    page.goto("/desk/new")
    page.locator("[name=key]").evaluate("(it, key) => { it.value = key }", key)
    page.locator("#need").fill("Lapsen hoitopaikka.")
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url("**?done=open-case")
    assert page.url == first


def test_a_new_case_that_is_refused_says_why_and_keeps_what_was_typed(visitor: Visitor, site: Site) -> None:
    page = at(visitor, "/desk/new", newcomer(site.town), width=NARROW)
    page.locator("#need").fill("Velat.")
    page.locator("summary").click()
    page.locator("#client").fill(str(uuid4()))
    page.get_by_role("button", name="Open the case").click()
    expect(page.get_by_role("alert")).to_contain_text("No such client is registered")
    expect(page.locator("#need")).to_have_value("Velat.")
    fine(page)
    page.locator("#client").fill("ei mikään tunnus")
    page.get_by_role("button", name="Open the case").click()
    expect(page.locator("#client")).to_have_attribute("aria-invalid", "true")
    fine(page)


def test_a_client_who_is_here_already_gets_another_case(visitor: Visitor, site: Site) -> None:
    client = site.town.client()
    page = at(visitor, "/desk/new", newcomer(site.town))
    page.locator("#need").fill("Toinen asia.")
    page.locator("summary").click()
    page.locator("#client").fill(str(client))
    page.locator("#first").fill("2026-01-05T09:30")
    page.get_by_label("Telephone").check()
    page.get_by_role("button", name="Open the case").click()
    page.wait_for_url("**?done=open-case")
    case = UUID(page.url.rpartition("/")[2].partition("?")[0])
    event = last(site, case)
    assert isinstance(event, CaseOpened)
    assert site.house.cases.client_of(case) == client
    assert (event.channel, event.first_contact_at) == ("telephone", datetime(2026, 1, 5, 7, 30, tzinfo=UTC))
