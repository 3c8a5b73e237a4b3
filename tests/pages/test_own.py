"""What a client reads on their own page, in each state of a case: who answers comes first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from api.pages.language import gettext
from domain.client import NameRepresentative
from domain.client_ownership import ChooseOwner
from domain.closure import CloseCase, ProposeClosure
from domain.corrections import MarkErroneous
from domain.decider import Actor, Entry, Role
from domain.directory import organisation_stream, worker_stream
from domain.elsewhere import ReferenceDecision
from domain.intake import InformClient, OpenCase, PromiseNextStep
from domain.objections import AnswerObjection, RaiseObjection
from domain.plan import AgreePlan, SetGoal
from domain.protection import ProtectAddress
from domain.reaching import SetSwitchboard, SetWorkerContact
from domain.reopening import ReopenCase
from domain.requests import AnswerRequest, AskExperience, MakeRequest
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.voice import RecordStatement
from domain.withholding import ForbidDisclosure
from tests.pages.browser import NARROW, WIDE, Visitor, fine, no_overflow, tabbed
from tests.pages.site import Site
from tests.pages.test_asking import look, readings
from tests.pages.test_own_acts import Theirs, theirs
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

SPACED = """() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important }")
    document.adoptedStyleSheets = [sheet]
}"""
"""As far apart as WCAG's 1.4.12 has somebody set lines and letters."""

LATER = datetime(2199, 1, 1, 10, tzinfo=UTC)


def fresh(it: Theirs) -> None:
    """Let nothing have happened."""


def lived_in(it: Theirs) -> None:
    """Let it have all that a page can tell."""
    it.does(PromiseNextStep("worker", "Soitamme yhdessä.", LATER), AINO)
    it.site.town.say(it.case, "pelkään menettäväni kodin")
    it.does(RecordStatement("oma sana"))
    it.does(SetGoal("pidän kotini"), AINO)
    it.does(AgreePlan("unknown", no_view_because="ei tavoitettu"), AINO)
    it.does(MakeRequest("meeting", "tavataanko?"))
    it.does(ReferenceDecision("refused", appeal_until=LATER), AINO)
    it.does(AskExperience("telephone"), AINO)
    it.does(RaiseObjection(Entry(6), "en ollut mukana"))
    it.site.town.offer(it.case)


def about_to_close(it: Theirs) -> None:
    version = it.does(ProposeClosure("no_need", "ei tarvetta", no_view_because="ei tavoitettu"), AINO)
    it.does(InformClient(Entry(version), "meeting"), AINO)


def closed(it: Theirs) -> None:
    it.does(ProposeClosure("client_ended"))
    it.does(CloseCase(), AINO)


def reopened(it: Theirs) -> None:
    closed(it)
    it.does(ReopenCase("client_returned", "palasi"), AINO)


def chosen(it: Theirs) -> None:
    it.does(ChooseOwner(holder(BO)))


def withheld(it: Theirs) -> None:
    review_by = datetime.now(UTC) + timedelta(days=30)
    whole = it.does(SetGoal("naapurin asia"), AINO)
    it.site.town.offer(it.case)
    for version in (whole, whole + 1, whole + 2):
        it.does(ForbidDisclosure(Entry(version), "client", "third_party", "toisen asia", review_by), AINO)


def anothers(it: Theirs) -> None:
    version = it.site.town.say(it.case, "aivan toisen asia").last
    it.does(MarkErroneous(Entry(version), "väärä henkilö", wrong_person=True), AINO)


STATES: dict[str, tuple[Callable[[Theirs], None], str, str]] = {
    "fresh": (fresh, "", "Nothing has been decided yet."),
    "lived in": (lived_in, "", "Soitamme yhdessä"),
    "about to close": (about_to_close, "", "It is proposed to close your case."),
    "closed": (closed, "", "Your case is closed."),
    "reopened": (reopened, "", "owns your case and answers for it."),
    "chosen": (chosen, "", "owns your case, as you chose."),
    "withheld": (withheld, "", "3 entries are not told to you for now"),
    "another's": (anothers, "/history", "hidden until that is decided"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_words_and_everybody_can_use_it_on_every_screen(
    site: Site, visitor: Visitor, state: str
) -> None:
    prepare, path, words = STATES[state]
    it = theirs(site)
    prepare(it)
    page = visitor.page(it.me, "en", NARROW)
    page.goto(f"/own/{it.case}{path}")
    expect(page.locator("main")).to_contain_text(words)
    for form in page.locator("details").all():
        form.evaluate("it => { it.open = true }")
    fine(page)
    page.set_viewport_size({"width": WIDE, "height": 900})
    fine(page)


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_a_page_with_everything_on_it_is_fine_in_every_language(
    site: Site, visitor: Visitor, language: RuleLanguage
) -> None:
    it = theirs(site)
    lived_in(it)
    page = visitor.page(it.me, language, NARROW)
    for path in ("", "/history", "/reads", "/file"):
        page.goto(f"/own/{it.case}{path}")
        assert page.locator("html").get_attribute("lang") == language
        fine(page)
    page.goto(f"/own/{it.case}")
    assert any("summary" in told for told in tabbed(page))


def test_the_first_thing_is_who_answers_how_to_reach_them_and_what_happens_next(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    town = site.town
    town.do(SetWorkerContact("Aino V.", "03 123 4567"), worker_stream("kela", "aino"), ADMINISTRATOR)
    it.does(PromiseNextStep("worker", "Soitamme yhdessä.", datetime(2199, 3, 1, 10, tzinfo=UTC)), AINO)
    page = visitor.page(it.me, "en", scripts=False)
    page.goto("/own")
    assert page.url.endswith(f"/own/{it.case}")
    assert page.locator("h1").inner_text() == "Aino V. owns your case and answers for it."
    said = page.locator(".sentence").inner_text()
    assert "Telephone 03 123 4567" in said
    assert "Next: Soitamme yhdessä, at the latest Fri 1 Mar 2199 at 12:00." in said
    assert page.locator(".now .acts a").first.get_attribute("href") == "tel:031234567"


def test_a_promise_that_was_not_kept_is_told_as_late(site: Site, visitor: Visitor) -> None:
    client, case, now = site.town.client(), uuid4(), datetime.now(UTC)
    site.town.do(OpenCase(client=client, need="asunto"), case, AINO, occurred=now - timedelta(minutes=9))
    page = visitor.page(Actor(str(client), Role.CLIENT), "en")
    page.goto(f"/own/{case}")
    expect(page.locator(".late")).to_contain_text("Nobody has promised a next step.")
    promise = PromiseNextStep("worker", "soitto", now - timedelta(minutes=1))
    site.town.do(promise, case, AINO, occurred=now - timedelta(minutes=2))
    page.reload()
    expect(page.locator(".late")).to_contain_text("This is late.")


def test_a_decision_tells_until_when_it_can_be_appealed_and_that_an_objection_is_no_appeal(
    site: Site, visitor: Visitor
) -> None:
    it = theirs(site)
    it.does(ReferenceDecision("refused", appeal_until=datetime(2199, 1, 10, 22, tzinfo=UTC)), AINO)
    page = visitor.page(it.me, "fi")
    page.goto(f"/own/{it.case}")
    decided = page.locator("#decided")
    told = gettext("fi", "You can appeal until %(when)s. The decision itself tells how.", when="to 10.1.2199")
    expect(decided).to_contain_text(told)
    expect(decided).to_contain_text(
        gettext("fi", "An objection replaces no appeal. If you want to appeal, do it in time.")
    )


def test_what_a_client_asked_for_and_objected_to_shows_what_came_of_it(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    version = it.does(MakeRequest("meeting", "tavataanko?"))
    asked = site.house.cases.history(it.case, version)[-1].event
    it.does(AnswerRequest(asked.request, "granted", "tavataan tiistaina"), AINO)  # type: ignore[attr-defined]
    version = it.does(RaiseObjection(Entry(1), "en suostunut"))
    raised = site.house.cases.history(it.case, version)[-1].event
    site.town.hand_over(it.case)
    it.does(AnswerObjection(raised.objection, "upheld", "olit oikeassa"), CILLA)  # type: ignore[attr-defined]
    page = visitor.page(it.me, "en")
    page.goto(f"/own/{it.case}")
    asked_for = page.locator("#asked")
    for text in ("You got what you asked for.", "tavataan tiistaina", "You were right.", "olit oikeassa"):
        expect(asked_for).to_contain_text(text)


def test_a_representative_sees_whose_cases_they_may_and_no_place_under_address_protection(
    site: Site, visitor: Visitor
) -> None:
    client = site.town.client()
    case = site.case(client)
    representing = Actor(str(uuid4()), Role.REPRESENTATIVE)
    site.town.do(NameRepresentative(UUID(representing.id), "guardian"), client, AINO)
    site.town.do(SetSwitchboard("020 111"), organisation_stream("kela"), ADMINISTRATOR)
    site.town.do(ProtectAddress(LATER), client, AINO)
    page = visitor.page(representing, "en", NARROW)
    page.goto("/own")
    assert page.url.endswith(f"/own/{case}")
    expect(page.locator(".sentence")).to_contain_text("Switchboard 020 111.")
    expect(page.locator(".acting-for")).to_be_visible()
    for path in ("", "/history", "/reads"):
        page.goto(f"/own/{case}{path}")
        said = page.locator("main").inner_text()
        assert "asiakaspalvelu" not in said
        assert "aino" not in said.lower()
        assert "[protected]" not in said
        fine(page)


@pytest.mark.parametrize("role", [Role.CLIENT, Role.REPRESENTATIVE])
def test_who_has_no_case_is_told_what_to_do(visitor: Visitor, role: Role) -> None:
    page = visitor.page(Actor(str(uuid4()), role), "en", NARROW)
    page.goto("/own")
    expect(page.locator(".empty")).to_be_visible()
    fine(page)


def test_who_has_several_cases_chooses_among_them(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    other = site.case(UUID(it.me.id))
    page = visitor.page(it.me, "en")
    page.goto("/own")
    links = [link.get_attribute("href") for link in page.locator(".cases a").all()]
    assert links == [f"/own/{it.case}", f"/own/{other}"]
    fine(page)
    closed(it)
    page.goto("/own")
    assert page.url.endswith(f"/own/{other}")
    page.goto("/own?all=1")
    assert page.locator(".cases li").count() == 2


@pytest.mark.parametrize("path", ["", "/reads", "/history", "/file"])
def test_another_clients_case_is_not_there(site: Site, path: str) -> None:
    asked = {"Accept": "text/html", "Accept-Language": "en"}
    case = site.case()
    answer = look(site, f"/own/{case}{path}", Actor(str(site.town.client()), Role.CLIENT), headers=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert look(site, f"/own/nothing{path}", Actor(str(uuid4()), Role.CLIENT), headers=asked).status_code == 404
    assert look(site, f"/own/{case}{path}", AINO, headers=asked).status_code == 403


@pytest.mark.parametrize(
    ("path", "what"), [("", "OwnCase"), ("/reads", "OwnReads"), ("/history", "OwnHistory"), ("/file", "OwnFile")]
)
def test_a_look_is_one_line_in_the_log_of_reads(site: Site, path: str, what: str) -> None:
    it = theirs(site)
    assert look(site, f"/own/{it.case}{path}", it.me).status_code == 200
    assert readings(site, it.case) == [("client", what, "client")]


def test_who_has_read_the_case_and_why_is_told_page_by_page(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    for _ in range(51):
        assert look(site, f"/cases/{it.case}", AINO).status_code == 200
    for _ in range(51):
        assert look(site, f"/cases/{it.case}", it.me).status_code == 200
    page = visitor.page(it.me, "en", scripts=False)
    page.goto(f"/own/{it.case}")
    expect(page.locator("#readers li").first).to_contain_text("for the work in the case")  # however often one looks
    page.goto(f"/own/{it.case}/reads")
    expect(page.locator(".item").first).to_contain_text("Why: for the work in the case.")
    page.locator(".ways a").click()
    assert page.locator(".item").count() == 1
    page.get_by_role("link", name="Show also when I have looked").click()
    expect(page.locator(".item").first).to_contain_text("you yourself")


def test_a_window_tells_no_passer_by_what_the_case_is_about(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me, "en")
    page.goto(f"/own/{it.case}")
    assert page.title().startswith("My case, since ")
    assert page.locator(".about").inner_text().removeprefix("Your case: ") not in page.title()


def test_words_are_in_the_language_in_which_they_were_said(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    it.does(RecordStatement("jag är rädd", language="sv"))
    page = visitor.page(it.me, "fi")
    page.goto(f"/own/{it.case}")
    expect(page.locator("#said [lang=sv]")).to_contain_text("jag är rädd")


def test_who_spaces_the_text_out_on_a_small_screen_scrolls_one_way(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    lived_in(it)
    page = visitor.page(it.me, "en", 320)
    for path in ("", "/reads"):
        page.goto(f"/own/{it.case}{path}")
        page.evaluate(SPACED)
        no_overflow(page)


def test_all_of_a_kind_is_shown_once_somebody_asks_for_it(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    for number in range(7):
        it.does(RecordStatement(f"sana {number}"))
    page = visitor.page(it.me, "en", scripts=False)
    page.goto(f"/own/{it.case}")
    assert page.locator("#said .item").count() == 5
    page.get_by_role("link", name="Show all 7").click()
    assert page.locator("#said .item").count() == 7


def test_everything_comes_as_a_file_by_a_plain_link(site: Site, visitor: Visitor, tmp_path: Path) -> None:
    it = theirs(site)
    site.settled()
    page = visitor.page(it.me, "sv", scripts=False)
    page.goto(f"/own/{it.case}/file")
    with page.expect_download() as download:
        page.get_by_role("link", name=gettext("sv", "Download the file")).click()
    download.value.save_as(tmp_path / "case.zip")
    with ZipFile(tmp_path / "case.zip") as bundle:
        assert '<html lang="sv"' in bundle.read("page.html").decode("utf-8")


def test_the_page_follows_what_happens(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me, "en")
    page.goto(f"/own/{it.case}")
    page.locator("#said details summary").click()
    page.locator("#said textarea").fill("tätä ei saa hukata")
    it.does(PromiseNextStep("worker", "Soitamme yhdessä.", LATER), AINO)
    expect(page.locator(".sentence")).to_contain_text("Soitamme yhdessä")
    expect(page.locator("#said textarea")).to_have_value("tätä ei saa hukata")
