"""The desk's lists: my cases, what is offered to me, what was asked for, and a new case; each journey to its event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from api import demo
from domain.acceptance import DeclineHandoff, HandoffAccepted, HandoffDeclined
from domain.asking import DeclineHandoffRequest, HandoffRequested, RequestHandoff
from domain.client_ownership import ChooseOwner
from domain.decider import Actor, Event, Role
from domain.handoff import HandoffProposed, WithdrawHandoff
from domain.intake import OpenCase, PromiseNextStep
from domain.requests import MakeRequest
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.transfer import TransferMatter
from domain.voice import RecordStatement
from tests.pages.browser import NARROW, WIDE, Visitor, fine, tabbed
from tests.pages.newcomers import newcomer
from tests.pages.site import Site
from tests.pages.test_asking import look, readings
from tests.town import AINO, BO, holder

Joins = Callable[..., Actor]
EMPTY = ("/desk", "/desk?drives=1", "/desk/offers", "/desk/asked", "/desk/new")


@pytest.fixture
def joins(site: Site) -> Joins:
    """Give a way to have somebody new in a unit, with nothing on their desk."""
    return partial(newcomer, site.town)


@pytest.fixture(scope="module")
def _told(site: Site) -> None:
    """Have the demonstration be in the service."""
    demo.load(site.house.cases, datetime.now(UTC))


def last(site: Site, case: UUID) -> Event[Any]:
    """Return the last event of a case."""
    return site.house.cases.history(case)[-1].event


def at(visitor: Visitor, path: str, who: Actor, language: RuleLanguage = "en", width: int = WIDE) -> Page:
    """Open a page."""
    page = visitor.page(who, language, width)
    page.goto(path)
    return page


# My cases


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.usefixtures("_told")
def test_every_list_is_fine_with_something_in_it_in_every_language_and_on_every_screen(
    visitor: Visitor, language: RuleLanguage, width: int
) -> None:
    page = at(visitor, "/desk", demo.KATRI, language, width)
    assert "Muistin heikkeneminen" in page.locator("h2").first.inner_text()
    fine(page)
    page = at(visitor, "/desk/offers", demo.BO, language, width)
    page.locator("summary").click()
    fine(page)


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_an_empty_desk_says_what_to_do(visitor: Visitor, joins: Joins, language: RuleLanguage) -> None:
    page = visitor.page(joins(), language, NARROW)
    for path in EMPTY:
        page.goto(path)
        fine(page)
        assert path == "/desk/new" or page.locator(".empty").count()


def test_the_next_promised_step_comes_first_and_one_that_is_overdue_says_so(site: Site, joins: Joins) -> None:
    me, town = joins(), site.town
    late, soon, none = uuid4(), town.case(by=me), town.case(by=me)
    now = datetime.now(UTC)
    town.do(OpenCase(town.client(), "Vuokra."), late, me, occurred=now - 2 * _HOUR)
    town.do(PromiseNextStep("worker", "Soitan.", now + timedelta(days=2)), soon, me)
    town.do(PromiseNextStep("worker", "Kirjoitan.", now - timedelta(minutes=1)), late, me, occurred=now - _HOUR)
    page = look(site, "/desk", me, headers=_ENGLISH).text
    assert page.index(f"case-{late}") < page.index(f"case-{soon}") < page.index(f"case-{none}")
    assert page.count("Overdue") == 1
    assert page.count("No next step is promised") == 1
    assert "Kirjoitan." in page


def test_a_list_tells_what_each_case_waits_for(site: Site, joins: Joins) -> None:
    me, town = joins(), site.town
    case = town.case(by=me)
    town.do(MakeRequest("contact", "Soittakaa."), case, me)
    town.offer(case, by=me)
    away = town.case(by=me)
    town.do(TransferMatter(holder(BO).as_unit, "kuuluu sinne", disclosure_basis="statutory"), away, me)
    page = look(site, "/desk", me, headers=_ENGLISH).text
    for said in (
        "Your offer waits for an answer",
        "request waits for an answer",
        "The client has waited",
        "The transfer",
    ):
        assert said in page


def test_a_long_list_comes_in_pages_and_each_case_once(site: Site, joins: Joins) -> None:
    me = joins()
    cases = {str(site.town.case(by=me)) for _ in range(22)}
    found, path = set[str](), "/desk"
    for count in (20, 2):
        page = look(site, path, me).text
        shown = {it for it in cases if f'id="case-{it}"' in page}
        assert len(shown) == count
        found |= shown
        path = "/desk?after=" + page.partition("/desk?after=")[2].partition('"')[0]
    assert found == cases


def test_a_case_that_the_client_had_me_drive_is_in_a_list_of_its_own(site: Site, joins: Joins) -> None:
    me = joins(BO)
    case = site.town.case()
    site.town.do(ChooseOwner(holder(me), "häneen luotan"), case, Actor(_client(site, case), Role.CLIENT))
    assert str(case) not in look(site, "/desk", me).text
    page = look(site, "/desk?drives=1", me, headers=_ENGLISH).text
    assert str(case) in page
    assert "The client chose" in page


def test_a_look_at_the_list_is_one_line_in_the_log_of_reads_of_each_case(site: Site, joins: Joins) -> None:
    me = joins()
    case = site.town.case(by=me)
    look(site, "/desk", me)
    assert readings(site, case) == [(me.id, "DeskCases", None)]


def test_nobody_who_has_not_signed_in_or_is_no_worker_has_a_desk(site: Site) -> None:
    client = Actor(str(uuid4()), Role.CLIENT)
    for path in ("/desk", "/desk/offers", "/desk/asked", "/desk/new", f"/desk/cases/{site.town.case()}"):
        assert look(site, path, None, headers=_ENGLISH).status_code == 401
        assert look(site, path, client, headers=_ENGLISH).status_code == 403


# What is offered to me


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_an_offer_is_taken_on_with_one_press(
    visitor: Visitor, site: Site, joins: Joins, language: RuleLanguage
) -> None:
    me = joins(BO)
    case = site.town.case()
    site.town.do(RecordStatement("Haluan asioida lähellä kotia."), case, AINO)
    site.town.offer(case, to=holder(me))
    page = at(visitor, "/desk/offers", me, language)
    expect(page.locator("article")).to_contain_text("osaa paremmin")
    expect(page.locator("article")).to_contain_text("ei tavoitettu")
    page.locator("form.acts button").click()
    page.wait_for_url(f"**/desk/cases/{case}?done=accept-handoff")
    fine(page)
    event = last(site, case)
    assert isinstance(event, HandoffAccepted)
    assert event.by == holder(me)


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_an_offer_is_declined_with_the_keyboard_alone_with_a_code_and_a_better_place(
    visitor: Visitor, site: Site, joins: Joins, language: RuleLanguage
) -> None:
    me = joins(BO)
    case = site.town.case()
    site.town.offer(case, to=holder(me))
    page = at(visitor, "/desk/offers", me, language)
    assert any(it.startswith("summary") for it in tabbed(page))
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Muutti toiseen kuntaan.")
    page.keyboard.press("Tab")
    page.keyboard.type("kela")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/offers?done=decline-handoff")
    fine(page)
    event = last(site, case)
    assert isinstance(event, HandoffDeclined)
    assert event.code == "not_competent"
    assert event.better_place is not None
    assert event.better_place.organisation == "kela"


def test_an_offer_that_is_over_meanwhile_says_so_and_nothing_that_was_typed_is_lost(
    visitor: Visitor, site: Site, joins: Joins
) -> None:
    me = joins(BO)
    case = site.town.case()
    handoff = site.town.offer(case, to=holder(me))
    page = at(visitor, "/desk/offers", me)
    page.locator("summary").click()
    page.get_by_label("No capacity").check()
    page.get_by_label("Reason").fill("Meillä on jo liikaa.")
    site.town.do(WithdrawHandoff(handoff, "sovittiin toisin"), case, AINO)
    site.town.offer(case, to=holder(me).as_unit)  # the unit sees the case still
    page.get_by_role("button", name="Decline the offer").click()
    expect(page.locator("#refused")).not_to_be_empty()
    expect(page.locator("textarea").first).to_have_value("Meillä on jo liikaa.")
    fine(page)


def test_a_manager_is_offered_what_the_unit_is_and_a_worker_what_is_theirs(site: Site, joins: Joins) -> None:
    one = joins(BO)
    another, manager = joins(BO, beside=one), joins(BO, Role.MANAGER, beside=one)
    case, of_unit = site.town.case(), site.town.case()
    site.town.offer(case, to=holder(one))
    site.town.offer(of_unit, to=holder(one).as_unit)
    shown = {who.id: look(site, "/desk/offers", who).text for who in (one, another, manager)}
    assert [str(case) in shown[it.id] for it in (one, another, manager)] == [True, False, True]
    assert all(str(of_unit) in it for it in shown.values())


def test_a_manager_of_no_unit_sees_what_is_offered_to_the_organisation(site: Site) -> None:
    case = site.town.case()
    site.town.offer(case)
    manager = Actor("johtaja", Role.MANAGER, "pirha")
    assert str(case) in look(site, "/desk/offers", manager).text
    for path in ("/desk", "/desk?drives=1", "/desk/asked"):
        assert look(site, path, manager).status_code == 200


def test_a_transfer_is_received_or_contested_by_forms_and_what_was_declined_before_is_told(
    site: Site, joins: Joins
) -> None:
    me = joins(BO)
    case, back = site.town.case(), site.town.case()
    site.town.do(TransferMatter(holder(me).as_unit, "kuuluu sinne", disclosure_basis="statutory"), case, AINO)
    handoff = site.town.offer(back, to=holder(me))
    site.town.do(DeclineHandoff(handoff, "no_capacity", "täynnä"), back, me)
    site.town.offer(back, to=holder(me))
    page = look(site, "/desk/offers", me, headers=_ENGLISH).text
    assert f"/desk/cases/{case}/do/receive-transfer?transfer=" in page
    assert f"/desk/cases/{case}/do/contest-transfer?transfer=" in page
    assert "Declined before" in page


# What was asked for


def test_a_worker_asks_for_a_case_by_its_id_and_whoever_has_it_sees_that(
    visitor: Visitor, site: Site, joins: Joins
) -> None:
    owner, me = joins(), joins(BO)
    case = site.town.case(by=owner)
    page = at(visitor, "/desk/asked", me)
    page.get_by_label("The case's id").fill(str(case))
    page.get_by_role("button", name="Go on").click()
    page.locator("#field-reason").fill("Tunnen asiakkaan.")
    page.locator(".buttons button").first.click()
    page.wait_for_url("**/desk/asked?done=request-handoff")
    assert isinstance(last(site, case), HandoffRequested)
    expect(page.locator("table")).to_contain_text("Nobody has answered yet")
    expect(page.locator("table")).to_contain_text(str(case))  # of which nothing more is told
    fine(page)
    theirs = at(visitor, "/desk/asked", owner)
    expect(theirs.locator("article")).to_contain_text("Tunnen asiakkaan.")
    fine(theirs)
    theirs.get_by_role("link", name="Offer it to them").click()
    theirs.locator("#field-reason").fill("Tuntee asiakkaan.")
    theirs.locator("#field-no_view_because").fill("ei tavoitettu")
    _choose(theirs, "disclosure_basis", "statutory")
    theirs.locator(".buttons button").first.click()
    theirs.wait_for_url("**/desk/asked?done=propose-handoff&of=*")
    event = last(site, case)
    assert isinstance(event, HandoffProposed)
    assert (event.to, event.request is not None) == (holder(me), True)
    page.reload()
    expect(page.locator("table")).to_contain_text("It was offered to you")


def test_what_stays_where_it_is_says_so(site: Site, joins: Joins) -> None:
    owner, me = joins(), joins()
    case = site.town.case(by=owner)
    asked = site.town.do(RequestHandoff("osaan"), case, me)
    assert asked is not None
    request = site.house.cases.history(case)[-1].event
    assert isinstance(request, HandoffRequested)
    site.town.do(DeclineHandoffRequest(request.request, "jatkan itse"), case, owner)
    page = look(site, "/desk/asked", me, headers=_ENGLISH).text
    assert "It stays where it is" in page
    assert f"/desk/cases/{case}" in page  # of the same organisation: the case may be seen


# Without scripts


def test_the_desk_is_read_and_an_offer_answered_without_scripts(visitor: Visitor, site: Site, joins: Joins) -> None:
    me = joins(BO)
    case = site.town.case()
    site.town.offer(case, to=holder(me))
    page = visitor.page(me, "en", scripts=False)
    page.goto("/desk")
    page.get_by_role("link", name="Offered to me").first.click()
    page.get_by_role("button", name="Take the case on").click()
    page.wait_for_url(f"**/desk/cases/{case}?done=accept-handoff")
    assert isinstance(last(site, case), HandoffAccepted)


def _client(site: Site, case: UUID) -> str:
    return str(site.house.cases.client_of(case))


def _choose(page: Page, field: str, value: str) -> None:
    """Choose a value of a field that is folded away or not, seen as a list or as buttons."""
    page.locator(f"[name={field}]").first.evaluate("it => { const d = it.closest('details'); if (d) d.open = true }")
    several = page.locator(f"input[name={field}][value={value}]")
    if several.count():
        several.check(force=True)  # its label lies over it
    else:
        page.locator(f"select[name={field}]").select_option(value)


_HOUR = timedelta(hours=1)
_ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
