"""What a client does on their own page, from its button to the event in the ledger, without scripts and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from api.pages.language import gettext
from api.pages.own_words import DONE
from domain.client import NameRepresentative
from domain.client_ownership import (
    ClientReturnedOwnership,
    ClientTookOwnership,
    OwnerChosen,
    ReturnOwnership,
    TakeOwnership,
)
from domain.closure import ClosureProposed, ClosureWithdrawn, ProposeClosure
from domain.consent import ConsentWithdrawn, GiveConsent
from domain.decider import Actor, Entry, Event, Role
from domain.handoff import ProposeHandoff
from domain.objections import ObjectionRaised, ObjectionWithdrawn, RaiseObjection
from domain.plan import SetGoal
from domain.requests import AnswerAsClient, ClientAnswered, ExperienceReported, RequestMade
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.voice import RecordStatement, StatementConfirmed, StatementDisputed, StatementRecorded
from tests.pages.browser import NARROW, Visitor, fine
from tests.pages.site import Site
from tests.town import AINO, BO, holder

WORDS = "Näin sen sanoin:\nbussi ei kulje <b>."


@dataclass(frozen=True)
class Theirs:
    """A client, and their case."""

    site: Site
    me: Actor
    case: UUID

    def does(self, command: object, by: Actor | None = None) -> int:
        """Do something in the case; return the version that it comes to."""
        receipt = self.site.town.do(command, self.case, by or self.me)  # type: ignore[arg-type]
        assert receipt is not None
        return receipt.last

    @property
    def last(self) -> Event:  # type: ignore[type-arg]  # whichever it is
        """The last event of the case."""
        return self.site.house.cases.history(self.case)[-1].event

    @property
    def words(self) -> str:
        """The words of the last event."""
        version = len(self.site.house.cases.history(self.case))
        return "".join(self.site.house.cases.words(self.case, [version])[version].values())


def theirs(site: Site) -> Theirs:
    client = site.town.client()
    return Theirs(site, Actor(str(client), Role.CLIENT), site.case(client))


def nothing(it: Theirs) -> None:
    """Prepare nothing."""


def press(page: Page, slug: str) -> None:
    """Press the first button that does this at once."""
    page.locator(f"form.press[action$='/do/{slug}'] button").first.click()


def write(page: Page, slug: str) -> None:
    """Open the first form that does this, write and send it."""
    form = page.locator(f"details:has(form[action$='/do/{slug}'])").first
    form.locator("summary").click()
    form.locator("textarea").fill(WORDS)
    form.locator("button").click()


def answers(page: Page, which: int) -> None:
    page.locator("#waiting form.press button").nth(which).click()


def asks_for_a_meeting(page: Page) -> None:
    page.locator("details:has(#request-kind) summary").click()
    page.locator("#request-kind").select_option("meeting")
    page.locator("#request-words").fill(WORDS)
    page.locator("details:has(#request-kind) button").click()


def tells_how_it_felt(page: Page) -> None:
    page.locator("details:has(#score-4) summary").click()
    page.locator("label[for=score-4]").click()
    page.locator("details:has(#score-4) button").click()


def chooses(page: Page) -> None:
    page.locator("#mine a[href*='/do/choose-owner']").click()
    chosen = "it => it.tagName === 'SELECT' ? it.selectedIndex = 1 : it.checked = true"
    page.locator("[name=holder]").first.evaluate(chosen)
    page.locator(".buttons button").first.click()


def objected(it: Theirs) -> None:
    it.does(RaiseObjection(Entry(1), "en suostunut"))


def may_go_to_pirha(it: Theirs) -> None:
    it.does(GiveConsent(("pirha",)))


ACTS: dict[str, tuple[str, Callable[[Theirs], object], Callable[[Page], None], type[Event]]] = {  # type: ignore[type-arg]
    "confirms": (
        "confirm-statement", lambda it: it.site.town.say(it.case), lambda page: press(page, "confirm-statement"),
        StatementConfirmed,
    ),
    "corrects": (
        "dispute-statement", lambda it: it.site.town.say(it.case), lambda page: write(page, "dispute-statement"),
        StatementDisputed,
    ),
    "tells": ("record-statement", nothing, lambda page: write(page, "record-statement"), StatementRecorded),
    "objects": (
        "raise-objection", lambda it: it.site.town.offer(it.case), lambda page: write(page, "raise-objection"),
        ObjectionRaised,
    ),
    "takes the objection back": (
        "withdraw-objection", objected, lambda page: press(page, "withdraw-objection"), ObjectionWithdrawn
    ),
    "asks for contact": ("make-request", nothing, lambda page: press(page, "make-request"), RequestMade),
    "asks for a meeting": ("make-request", nothing, asks_for_a_meeting, RequestMade),
    "takes": ("take-ownership", nothing, lambda page: press(page, "take-ownership"), ClientTookOwnership),
    "gives back": (
        "return-ownership", lambda it: it.does(TakeOwnership()), lambda page: press(page, "return-ownership"),
        ClientReturnedOwnership,
    ),
    "chooses": ("choose-owner", nothing, chooses, OwnerChosen),
    "ends": ("propose-closure", nothing, lambda page: write(page, "propose-closure"), ClosureProposed),
    "does not end after all": (
        "withdraw-closure", lambda it: it.does(ProposeClosure("client_ended")),
        lambda page: press(page, "withdraw-closure"), ClosureWithdrawn,
    ),
    "says no to an offer": (
        "answer-as-client", lambda it: it.site.town.offer(it.case), lambda page: answers(page, 1), ClientAnswered
    ),
    "says that it is so": (
        "answer-as-client", lambda it: it.does(TakeOwnership(), AINO), lambda page: answers(page, 0),
        ClientTookOwnership,
    ),
    "tells how it felt": ("report-experience", nothing, tells_how_it_felt, ExperienceReported),
    "takes a consent back": (
        "withdraw-consent", may_go_to_pirha, lambda page: press(page, "withdraw-consent"), ConsentWithdrawn
    ),
}  # fmt: skip
WRITTEN = {"corrects", "tells", "objects", "asks for a meeting", "ends"}


@pytest.mark.parametrize(("act", "language"), list(zip(ACTS, cycle(RULE_LANGUAGES), strict=False)))
def test_everything_is_done_without_scripts_and_the_page_says_what_was_recorded(
    site: Site, visitor: Visitor, act: str, language: RuleLanguage
) -> None:
    slug, prepare, do, event = ACTS[act]
    it = theirs(site)
    prepare(it)
    page = visitor.page(it.me, language, NARROW, scripts=False)
    page.goto(f"/own/{it.case}")
    do(page)
    page.wait_for_url(f"**/own/{it.case}?done={slug}")
    assert isinstance(it.last, event)
    if act in WRITTEN:
        assert it.words == WORDS
    said = page.locator("#done[role=status]")
    for text in DONE[slug]:
        expect(said).to_contain_text(gettext(language, text))
    assert said.locator("a").get_attribute("href") == f"/own/{it.case}/slip"


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_a_client_signs_in_at_the_provider_confirms_and_objects(
    provided: Site, visitor: Visitor, language: RuleLanguage
) -> None:
    it = theirs(provided)
    provided.town.say(it.case)
    provided.town.offer(it.case)
    page = visitor.page(language=language)
    visitor.sign_in(page, it.me.id, "/own")
    page.wait_for_url(f"**/own/{it.case}")
    assert page.locator("html").get_attribute("lang") == language
    press(page, "confirm-statement")
    expect(page.locator("#done")).to_contain_text(gettext(language, DONE["confirm-statement"][0]))
    assert isinstance(it.last, StatementConfirmed)
    assert it.last.language == language
    write(page, "raise-objection")
    expect(page.locator("#done")).to_contain_text(gettext(language, DONE["raise-objection"][0]))
    assert isinstance(it.last, ObjectionRaised)
    fine(page)


def to(page: Page, what: str) -> None:
    """Come to something by the Tab key alone."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"no key leads to {what}")


def test_the_keyboard_alone_confirms_objects_and_takes(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    site.town.say(it.case)
    site.town.offer(it.case)
    page = visitor.page(it.me)
    page.goto(f"/own/{it.case}")
    to(page, "form[action$='confirm-statement'] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**?done=confirm-statement")
    to(page, "#decided summary")
    page.keyboard.press("Enter")
    to(page, "#decided textarea")
    page.keyboard.type("en suostu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**?done=raise-objection")
    assert (type(it.last), it.words) == (ObjectionRaised, "en suostu")
    to(page, "form[action$='take-ownership'] button")
    page.keyboard.press("Space")
    page.wait_for_url("**?done=take-ownership")
    assert isinstance(it.last, ClientTookOwnership)


def test_a_button_that_is_pressed_twice_does_it_once(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me)
    page.goto(f"/own/{it.case}")
    page.locator("form.press[action$='/do/make-request'] button").first.dblclick()
    page.wait_for_url("**?done=make-request")
    assert len(site.house.cases.history(it.case)) == 2


def test_what_is_refused_comes_back_with_the_reason(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    it.does(TakeOwnership())
    page = visitor.page(it.me, "en", scripts=False)
    page.goto(f"/own/{it.case}")
    it.does(ReturnOwnership())  # from another window, meanwhile
    press(page, "return-ownership")
    expect(page.locator("#refused h2")).to_be_visible()
    assert len(site.house.cases.history(it.case)) == 3


def test_one_of_two_custodians_takes_and_the_other_says_yes(site: Site, visitor: Visitor) -> None:
    client = site.town.client()
    case = site.case(client)
    one, other = (Actor(str(uuid4()), Role.REPRESENTATIVE) for _ in range(2))
    for it in (one, other):
        site.town.do(NameRepresentative(UUID(it.id), "custodian"), client, AINO)
    page = visitor.page(one, "en")
    page.goto(f"/own/{case}")
    press(page, "take-ownership")
    expect(page.locator("#done")).to_contain_text("It waits for the other custodian's yes")
    expect(page.locator("#waiting")).to_contain_text("before the other custodian, or the child, says yes")
    assert page.locator("#waiting form").count() == 0
    fine(page)
    page = visitor.page(other, "en")
    page.goto("/own")
    answers(page, 0)
    expect(page.locator("#now h1")).to_contain_text("You own your case")
    event = site.house.cases.history(case)[-1].event
    assert isinstance(event, ClientTookOwnership)
    assert event.confirms is not None


def test_what_was_given_back_is_told_and_can_be_taken_again(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    it.does(TakeOwnership("minä itse"))
    it.does(ReturnOwnership())
    page = visitor.page(it.me, "en")
    page.goto(f"/own/{it.case}")
    mine = page.locator("#mine")
    expect(mine).to_contain_text("You took the case into your own hands.")
    expect(mine).to_contain_text("You gave the case back.")
    assert mine.locator("form[action$='return-ownership']").count() == 0


def test_while_a_client_owns_an_offer_waits_for_their_yes(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    it.does(TakeOwnership())
    it.does(ProposeHandoff(holder(BO), "osaa", None, "ei tavoitettu", disclosure_basis="statutory"), AINO)
    page = visitor.page(it.me, "en")
    page.goto(f"/own/{it.case}")
    expect(page.locator("#waiting")).to_contain_text("Another is proposed to answer for your case.")
    answers(page, 0)
    page.wait_for_url("**?done=answer-as-client")
    assert isinstance(it.last, ClientAnswered)
    assert it.last.answer == "agreed"
    expect(page.locator("#waiting")).to_be_hidden()


def test_the_words_that_a_client_writes_are_recorded_as_theirs(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me, "sv")
    page.goto(f"/own/{it.case}")
    write(page, "record-statement")
    page.wait_for_url("**?done=record-statement")
    event = it.last
    assert isinstance(event, StatementRecorded)
    assert (event.speaker, event.language, event.medium) == ("client", "sv", "electronic")
    assert RecordStatement(WORDS).words == it.words


def test_an_answer_can_be_changed_as_long_as_what_it_is_about_stands(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    it.does(TakeOwnership())
    version = it.does(ProposeHandoff(holder(BO), "osaa", None, "ei tavoitettu", disclosure_basis="statutory"), AINO)
    it.does(AnswerAsClient(Entry(version), "agreed"))
    page = visitor.page(it.me, "en", NARROW)
    page.goto(f"/own/{it.case}")
    decided = page.locator(f"#decided-{version}")
    expect(decided).to_contain_text("You agreed to it.")
    decided.get_by_role("button", name="I do not agree after all").click()
    page.wait_for_url("**?done=answer-as-client")
    assert isinstance(it.last, ClientAnswered)
    assert (it.last.version, it.last.answer) == (version, "refused")
    expect(decided).to_contain_text("You did not agree to it.")
    fine(page)


def test_a_form_is_refused_to_a_client_in_words_for_clients(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me, "fi", scripts=False)
    page.goto(f"/own/{it.case}/do/decline-service")
    expect(page.locator("#refused")).to_contain_text("Tämä palvelu on jo päättynyt.")


def test_nothing_is_offered_that_there_is_nothing_to_choose_for(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me, "en", scripts=False)
    page.goto(f"/own/{it.case}")
    offered = "".join(page.locator("#other a").evaluate_all("all => all.map(it => it.href)"))
    assert "set-goal" in offered
    assert not {slug for slug in ("close-goal", "decline-service", "end-representative", "forbid-") if slug in offered}
    it.does(SetGoal("pidän kotini"), AINO)
    page.reload()
    expect(page.locator("#other a[href$='do/close-goal']")).to_have_count(1)


def test_what_was_not_chosen_yet_is_held_against_nobody(site: Site, visitor: Visitor) -> None:
    it = theirs(site)
    page = visitor.page(it.me, "en", scripts=False)
    page.goto(f"/own/{it.case}/do/mark-erroneous")
    expect(page.locator("#refused .hds-notification")).to_have_count(0)  # nothing was chosen yet
