"""Every command is a form: it shows why it would be refused, is sent once, and loses nothing that was typed."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from httpx2 import Client, Response
from playwright.sync_api import Page, expect

from api.commands import commands
from api.sessions import COOKIE
from domain.case import Case
from domain.client import Client as ClientState
from domain.client import LanguageChosen
from domain.decider import CLIENT_SIDE, STAFF, Actor, Role
from domain.handoff import HandoffProposed
from domain.requests import MakeRequest, RequestMade
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.voice import StatementRecorded
from tests.pages.browser import NARROW, WIDE, Visitor, fine, tabbed
from tests.pages.site import Site
from tests.town import AINO, BO, CILLA

ACTS = [it for it in commands() if it.state in {Case, ClientState} and it.stream == "existing"]
FORMS = [it for it in ACTS if it.roles & STAFF]
OWN = [it for it in ACTS if it.roles & CLIENT_SIDE]
HTML = {"Accept": "text/html"}


def opened(visitor: Visitor, case: UUID, act: str, who: Actor = AINO, **how: object) -> Page:
    """Open the form of an act."""
    page = visitor.page(who, **how)  # type: ignore[arg-type]
    place = "/own" if who.role in CLIENT_SIDE else "/desk/cases"
    page.goto(f"{place}/{case}/do/{act}")
    return page


def last(site: Site, case: UUID) -> object:
    """Return the last event of a case."""
    return site.house.cases.history(case)[-1].event


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_form_is_filled_in_and_sent_and_the_event_is_in_the_ledger(
    visitor: Visitor, site: Site, language: RuleLanguage, scripts: bool
) -> None:
    case = site.case()
    page = opened(visitor, case, "record-statement", language=language, scripts=scripts)
    assert page.locator("html").get_attribute("lang") == language
    page.locator("#field-words").fill("Bussi ei kulje\nmeille asti <b>.")
    page.locator(".buttons button").first.click()
    page.wait_for_url(f"**/desk/cases/{case}?done=record-statement")
    event = last(site, case)
    assert isinstance(event, StatementRecorded)
    version = len(site.house.cases.history(case))
    assert site.house.cases.words(case, [version])[version]["words"] == "Bussi ei kulje\nmeille asti <b>."


def test_why_it_would_be_refused_shows_before_anything_is_typed(visitor: Visitor, site: Site) -> None:
    case = site.case()
    site.town.offer(case)
    page = opened(visitor, case, "propose-handoff", language="en")
    expect(page.locator("#refused")).to_contain_text("Another handoff of this case waits")
    fine(page)


def test_why_it_would_be_refused_shows_while_it_is_filled_in_and_nothing_is_sent(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "propose-closure", language="en")
    page.locator("select[name=ground], [name=ground][value=service_mismatch]").first.evaluate(
        "it => { if (it.tagName === 'SELECT') it.value = 'service_mismatch'; else it.checked = true }"
    )
    page.locator("#field-no_view_because").fill("ei tavoitettu")
    page.locator("#field-no_view_because").blur()
    expect(page.locator("#refused .hds-notification--alert")).to_be_visible()
    assert len(site.house.cases.history(case)) == 1
    fine(page)


def test_without_scripts_a_button_checks_and_nothing_typed_is_lost(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "record-statement", language="en", scripts=False)
    page.locator("#field-words").fill("odota")
    page.get_by_role("button", name="Check first").click()
    expect(page.locator("#refused")).to_contain_text("Nothing stands in the way")
    expect(page.locator("#field-words")).to_have_value("odota")
    assert len(site.house.cases.history(case)) == 1


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_field_that_was_wrong_is_told_and_led_to(visitor: Visitor, site: Site, width: int) -> None:
    case = site.case()
    page = opened(visitor, case, "propose-handoff", language="en", width=width)
    page.locator("#field-reason").fill("osaa paremmin")
    page.locator(".buttons button").first.click()
    expect(page.locator("#wrong a").first).to_be_visible()
    assert page.locator("#field-to").get_attribute("aria-invalid") == "true"
    expect(page.locator("#field-reason")).to_have_value("osaa paremmin")
    page.locator("#wrong a").first.click()
    assert page.evaluate("document.activeElement.id") == "field-to"
    fine(page)


def test_a_refusal_by_the_rules_comes_back_with_all_that_was_typed(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "propose-handoff", language="en")
    site.town.offer(case)  # by somebody else, meanwhile
    page.locator("#field-to").select_option(index=1)
    page.locator("#field-reason").fill("osaa paremmin")
    page.locator("#field-no_view_because").fill("ei tavoitettu")
    page.locator(".buttons button").first.click()
    expect(page.locator("#refused")).to_contain_text("Another handoff")
    expect(page.locator("#field-reason")).to_have_value("osaa paremmin")
    fine(page)


def test_somebody_else_is_looked_for_and_chosen(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "propose-handoff", language="en", scripts=False)
    page.locator("#field-reason").fill("osaa paremmin")
    page.locator("#find").fill("bo")
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.locator("#field-reason")).to_have_value("osaa paremmin")
    offered = page.locator("#field-to option").all_inner_texts()
    assert any("bo" in it for it in offered)
    assert not any("aino" in it for it in offered)
    page.locator("#field-to").select_option("pirha/aikuissosiaalityo/bo")
    page.locator("#field-no_view_because").fill("ei tavoitettu")
    page.locator("details").first.evaluate("it => it.open = true")
    page.locator("[name=disclosure_basis][value=statutory], select[name=disclosure_basis]").first.evaluate(
        "it => { if (it.tagName === 'SELECT') it.value = 'statutory'; else it.checked = true }"
    )
    page.locator(".buttons button").first.click()
    page.wait_for_url("**done=propose-handoff")
    assert isinstance(last(site, case), HandoffProposed)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_enter_key_looks_for_whoever_was_typed_and_else_sends(visitor: Visitor, site: Site, scripts: bool) -> None:
    case = site.case()
    page = opened(visitor, case, "propose-handoff", language="en", scripts=scripts)
    page.locator("#find").fill("bo pirha")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert not page.locator("#wrong").count()
    assert len(page.locator("#field-to option").all()) == 2  # one to choose, beside none
    page.locator("#field-to").select_option("pirha/aikuissosiaalityo/bo")
    page.locator("#field-reason").fill("osaa paremmin")
    page.locator("#field-no_view_because").fill("ei tavoitettu")
    page.locator("details.more").evaluate_all("all => all.forEach(it => { it.open = true })")
    page.get_by_label("Law").check(force=True)
    page.locator("#field-occurred_at").focus()
    page.locator("#find").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=propose-handoff")
    assert isinstance(last(site, case), HandoffProposed)


def test_a_form_says_whom_and_what_it_was_opened_for(visitor: Visitor, site: Site) -> None:
    case = site.case()
    site.town.do(MakeRequest("meeting", "Milloin tavataan?"), case, AINO)
    request = next(it.event.request for it in site.house.cases.history(case) if isinstance(it.event, RequestMade))
    page = opened(visitor, case, f"answer-request?request={request}", language="en")
    expect(page.locator(".given")).to_contain_text("Milloin tavataan?")
    fine(page)
    page.goto(f"/desk/cases/{case}/do/propose-handoff?to=pirha/aikuissosiaalityo/bo")
    expect(page.locator(".given")).to_contain_text("bo, pirha / aikuissosiaalityo")


def test_an_act_that_goes_on_elsewhere_offers_a_slip_of_its_case(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "record-statement?return_to=/desk/offers", language="en")
    page.locator("#field-words").fill("odota")
    page.locator(".buttons button").first.click()
    page.wait_for_url("**/desk/offers?done=record-statement&of=*")
    fine(page)
    page.get_by_role("link", name="Give the client a slip").click()
    page.wait_for_url(f"**/desk/cases/{case}/slip")


def test_a_form_is_gone_through_by_the_keyboard_alone(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "record-statement", language="en")
    assert any("words" in it for it in tabbed(page))
    page.locator("#field-words").focus()
    page.keyboard.type("ihan itse")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.type") != "submit":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=record-statement")
    assert isinstance(last(site, case), StatementRecorded)


@pytest.mark.parametrize("act", [it.slug() for it in FORMS])
def test_the_form_of_everything_that_staff_do_is_there_for_those_whose_it_is(site: Site, act: str) -> None:
    case = site.case()
    for who in (AINO, CILLA):
        found = next(it for it in FORMS if it.slug() == act)
        status = ask(site, f"/desk/cases/{case}/do/{act}", who).status_code
        assert status in ({200} if who is AINO else {200, 404}) if who.role in found.roles else status == 404


@pytest.mark.parametrize("act", [it.slug() for it in OWN])
def test_the_form_of_everything_that_a_client_does_is_there_for_them(site: Site, act: str) -> None:
    client = site.town.client()
    case = site.case(client)
    found = next(it for it in OWN if it.slug() == act)
    status = 200 if Role.CLIENT in found.roles else 404
    assert ask(site, f"/own/{case}/do/{act}", Actor(str(client), Role.CLIENT)).status_code == status
    assert ask(site, f"/own/{case}/do/{act}", Actor(str(uuid4()), Role.CLIENT)).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"), [
        ("/own/{}/do/record-statement", 403), ("/desk/cases/{}/do/fly", 404), ("/desk/cases/no-uuid/do/set-goal", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_to_be_done_has_no_form(site: Site, path: str, status: int) -> None:
    assert ask(site, path.format(site.case()), AINO).status_code == status


def test_what_is_given_to_the_client_goes_to_the_client(visitor: Visitor, site: Site) -> None:
    client = site.town.client()
    case = site.case(client)
    page = opened(visitor, case, "choose-language", language="en")
    page.get_by_label("Swedish").check(force=True)
    page.locator(".buttons button").first.click()
    page.wait_for_url("**done=choose-language")
    assert isinstance(last(site, client), LanguageChosen)


def test_somebody_asks_for_a_case_that_they_do_not_see(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "request-handoff", BO, language="en")
    page.locator("#field-reason").fill("tunnen asiakkaan")
    page.locator(".buttons button").first.click()
    page.wait_for_url("**/desk?done=request-handoff")
    assert "tunnen" not in page.content()


def ask(site: Site, path: str, who: Actor, method: str = "GET", **more: object) -> Response:
    with Client(base_url=site.origin) as http:
        cookie = {"Cookie": f"{COOKIE}={site.sessions.begin(who, None)}"}
        return http.request(method, path, headers=cookie | HTML, **more)  # type: ignore[arg-type]


def test_a_form_that_is_sent_twice_is_done_once(site: Site) -> None:
    case = site.case()
    session = site.sessions.begin(AINO, None)
    found = site.sessions.found(session)
    assert found is not None
    form = {"csrf_token": found.csrf, "key": "abc", "words": "kerran"}
    ours = {"Cookie": f"{COOKIE}={session}", "Origin": site.origin, "Sec-Fetch-Site": "same-origin", **HTML}
    with Client(base_url=site.origin) as http:
        answers = [http.post(f"/desk/cases/{case}/do/record-statement", data=form, headers=ours) for _ in range(2)]
    assert [it.status_code for it in answers] == [303, 303]
    assert len(site.house.cases.history(case)) == 2


def test_whoever_writes_until_the_session_is_over_gets_it_back_to_copy(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = opened(visitor, case, "record-statement", language="en")
    page.locator("#field-words").fill("pitkä kertomus <i>")
    page.context.clear_cookies()
    page.locator(".buttons button").first.click()
    expect(page.locator("h1")).to_have_text("Your session is over")
    expect(page.locator("textarea").first).to_have_value("pitkä kertomus <i>")
    assert len(site.house.cases.history(case)) == 1
    fine(page)


def test_nobody_elsewhere_can_have_a_text_shown_here(site: Site) -> None:
    with Client(base_url=site.origin) as http:
        answer = http.post(
            f"/desk/cases/{uuid4()}/do/record-statement", data={"words": "soita 0700"},
            headers=HTML | {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"},
        )  # fmt: skip
    assert answer.status_code == 401
    assert "0700" not in answer.text


def test_after_an_act_it_goes_on_where_the_form_said_and_never_elsewhere(site: Site) -> None:
    session = site.sessions.begin(AINO, None)
    found = site.sessions.found(session)
    assert found is not None
    ours = {"Cookie": f"{COOKIE}={session}", "Origin": site.origin, "Sec-Fetch-Site": "same-origin", **HTML}
    with Client(base_url=site.origin) as http:
        for said, there in (("/desk/offers", "/desk/offers"), ("//elsewhere.example", "/desk/cases/{}")):
            case = site.case()
            form = {"csrf_token": found.csrf, "words": "a", "return_to": said}
            answer = http.post(f"/desk/cases/{case}/do/record-statement", data=form, headers=ours)
            of = f"&of={case}" if said.startswith("/desk") else ""  # for a slip of that case
            assert answer.headers["location"] == f"{there.format(case)}?done=record-statement{of}"
