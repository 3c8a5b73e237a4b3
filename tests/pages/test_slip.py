"""The slip in a browser: made, printed or sent, and looked up by anybody, with no script and in three languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page

from domain.decider import Actor, Role
from domain.directory import worker_stream
from domain.intake import PromiseNextStep
from domain.reaching import SetWorkerContact
from domain.rules import RULE_LANGUAGES
from domain.slip import code_of
from tests.pages.browser import NARROW, WIDE, Visitor, fine, tabbed
from tests.pages.site import Site
from tests.pages.test_asking import look, readings
from tests.town import ADMINISTRATOR, AINO, BO

UNKNOWN = code_of(4711)
WORDS = "Soitan sinulle."
BEGINS = {"fi": "Asiastasi vastaa", "sv": "För ditt ärende svarar", "en": "Your case is with"}
screens = pytest.mark.parametrize("width", [NARROW, WIDE])
languages = pytest.mark.parametrize("language", RULE_LANGUAGES)


@pytest.fixture
def case(site: Site) -> UUID:
    """Give a case of Aino's, in which something is promised."""
    site.town.do(SetWorkerContact("Aino Virtanen", "03 000 0021"), worker_stream("kela", "aino"), ADMINISTRATOR)
    it = site.case()
    site.town.do(PromiseNextStep("worker", WORDS, datetime.now(UTC) + timedelta(days=3)), it, AINO)
    return it


def client_of(site: Site, case: UUID) -> Actor:
    return Actor(str(site.house.cases.client_of(case)), Role.CLIENT)


def made(page: Page, path: str) -> str:
    """Make a slip on its page; return its code."""
    page.goto(path)
    page.locator("main form button[type=submit]").first.click()
    return page.locator(".slip .code").inner_text()


def typed(page: Page, code: str) -> None:
    page.goto("/slip")
    page.fill("#code", code)
    page.locator("main button[type=submit]").click()


@languages
@screens
def test_a_slip_is_made_and_anybody_learns_by_it_who_answers_now(
    site: Site, visitor: Visitor, case: UUID, language: str, width: int
) -> None:
    page = visitor.page(AINO, language, width)
    page.goto(f"/desk/cases/{case}/slip")
    fine(page)
    code = made(page, f"/desk/cases/{case}/slip")
    fine(page)
    message = page.locator("textarea").input_value()
    assert message.startswith(BEGINS[language])
    assert code in message
    assert f"{site.origin.removeprefix('http://')}/slip" in message

    anybody = visitor.page(None, language, width)
    anybody.goto("/slip")
    fine(anybody)
    typed(anybody, code.lower().replace("-", " "))
    fine(anybody)
    told = anybody.locator("main").inner_text()
    assert anybody.locator("#says").inner_text().startswith(BEGINS[language])
    assert all(it in told for it in ("Aino Virtanen", "03 000 0021", WORDS))
    assert not [it for it in (str(case), "asunnon menettäminen") if it in anybody.content()]
    assert ("slip", "ReadSlip", None) in readings(site, case)


@languages
@screens
def test_what_is_wrong_with_a_code_stands_at_its_field(visitor: Visitor, language: str, width: int) -> None:
    page = visitor.page(None, language, width)
    for code in ("salaisuus", UNKNOWN):
        typed(page, code)
        fine(page)
        field = page.locator("#code")
        assert field.get_attribute("aria-invalid") == "true"
        assert field.get_attribute("aria-describedby") == "code-hint code-wrong"
        assert field.input_value() == code
        assert page.locator("#code-wrong").inner_text()


def test_the_client_makes_one_takes_it_back_and_needs_no_script(site: Site, visitor: Visitor, case: UUID) -> None:
    client = client_of(site, case)
    page = visitor.page(client, width=NARROW, scripts=False)
    code = made(page, f"/own/{case}/slip")
    anybody = visitor.page(None, scripts=False)
    typed(anybody, code)
    assert "Aino Virtanen" in anybody.locator("#says").inner_text()
    page.goto(f"/own/{case}/slip")
    page.locator("td button").click()
    assert page.locator("td button").count() == 0
    typed(anybody, code)
    assert anybody.locator("#code-wrong").count() == 1


@screens
def test_the_slips_that_were_made_are_listed_with_what_became_of_each(visitor: Visitor, case: UUID, width: int) -> None:
    page = visitor.page(AINO, "en", width)
    made(page, f"/desk/cases/{case}/slip")
    made(page, f"/desk/cases/{case}/slip")
    page.goto(f"/desk/cases/{case}/slip")
    page.locator("td button").first.click()
    fine(page)
    rows = page.locator("tbody tr").all_inner_texts()
    assert len(rows) == 2
    assert "Taken back" in rows[0]
    assert "Counts" in rows[1]


def test_it_is_made_by_the_keyboard_alone(visitor: Visitor, case: UUID) -> None:
    page = visitor.page(AINO, "en")
    page.goto(f"/desk/cases/{case}/slip")
    assert any("Make a slip" in it for it in tabbed(page))
    page.locator("#language-sv").focus()
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    slip = page.locator(".slip")
    assert slip.get_attribute("lang") == "sv"
    assert slip.locator(".says").inner_text().startswith(BEGINS["sv"])


def test_on_paper_there_is_the_slip_alone(visitor: Visitor, case: UUID) -> None:
    page = visitor.page(AINO)
    code = made(page, f"/desk/cases/{case}/slip")
    page.emulate_media(media="print")
    printed = page.locator("body").inner_text()
    assert code in printed
    assert BEGINS["fi"] in printed
    assert not page.locator("textarea").is_visible()
    assert not page.locator(".brand").is_visible()


def test_whoever_comes_back_to_an_answer_is_asked_for_the_code_again(site: Site) -> None:
    answer = look(site, "/slip/answer", None)
    assert (answer.status_code, answer.headers["location"]) == (303, "/slip")


def test_no_code_comes_into_an_address_or_a_cache(site: Site) -> None:
    answer = look(site, "/slip/answer", None, "POST", data={"code": UNKNOWN})
    assert answer.status_code == 404
    assert "no-store" in answer.headers["cache-control"]
    page = look(site, "/slip", None).text
    assert re.search(r'<form method="post" action="/slip/answer"', page)


def test_no_slip_is_made_of_anothers_case_nor_by_anothers_page(site: Site, case: UUID) -> None:
    assert look(site, f"/desk/cases/{case}/slip", BO).status_code == 404
    from_here = {"Origin": site.origin}
    forged = look(site, f"/desk/cases/{case}/slip", AINO, "POST", data={"language": "fi"}, headers=from_here)
    assert forged.status_code == 403
    assert look(site, f"/own/{case}/slip", client_of(site, case)).text.count("<td>") == 0
