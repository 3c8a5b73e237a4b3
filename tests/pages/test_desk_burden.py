"""How much the commonest acts ask for at the desk: the fields to fill in, the links and buttons to press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from domain.decider import Actor, kebab
from domain.rules import RuleLanguage
from tests.api.test_burden import ACTS, MOST, Act
from tests.pages.browser import Visitor
from tests.pages.newcomers import newcomer
from tests.pages.site import Site
from tests.town import BO, holder

SAID = {
    "need": "Vuokra.", "reason": "Muutti.", "words": "Haluan jäädä kotiin.", "what": "Soitan.", "reasons": "Soitettu.",
    "by": "2199-01-01T09:00", "code": "no_capacity", "kind": "contact", "outcome": "granted", "who": "worker",
    "ground": "advice_sufficed",
}  # fmt: skip
"""What is filled in: where an act's field means something else, by the act first."""

OF_ACT = {"CompleteAssessment kind": "screening", "CompleteAssessment outcome": "advice_suffices"}
LANGUAGE: RuleLanguage = "en"


class Hand:
    """Somebody's hand at a page: counts what they fill in and what they press."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.filled = 0
        self.presses = 0

    def press(self, it: Locator) -> None:
        """Press a link or a button."""
        it.click()
        self.presses += 1

    def fill(self, within: Locator, name: str, value: str | None) -> None:
        """Fill in a field: in words, or by choosing; the first that there is where it is all the same."""
        self.filled += 1
        chosen = within.locator(f"input[type=radio][name={name}][value='{value}']")
        listed = within.locator(f"select[name={name}]")
        if chosen.count():
            chosen.check(force=True)  # its label lies over it
        elif listed.count():
            options = listed.locator("option").evaluate_all("found => found.map(it => it.value).filter(Boolean)")
            listed.select_option(value or options[0])
        else:
            within.locator(f"[name={name}]").fill(value or "")


@pytest.mark.parametrize("act", ACTS, ids=lambda it: it.command)
def test_no_act_asks_for_more_than_three_fields_at_the_desk(act: Act) -> None:
    assert len(act.at_the_desk) <= MOST


def test_each_act_is_done_with_so_many_fields_and_presses(visitor: Visitor, site: Site) -> None:
    me = newcomer(site.town, BO)
    other = newcomer(site.town, BO, beside=me)
    hands = {it.id: visitor.page(it, LANGUAGE) for it in (me, other)}
    case: UUID | None = None
    done = set[str]()
    for act, by in _in_turn(me, other):
        page = hands[by.id]
        page.goto(_begins(act, case))
        hand = Hand(page)
        form = _opened(hand, act)
        for name in act.at_the_desk:
            value = holder_value(other if by is me else me) if name == "to" else _said(act, name)
            hand.fill(form, name, value)
        hand.press(form.locator("button[type=submit]:not([aria-hidden], .finding button)").first)
        expect(page, f"{act.command}: {page.locator('main').inner_text()}").to_have_url(re.compile(r"\?done="))
        assert (hand.filled, hand.presses) == (len(act.at_the_desk), act.presses), act.command
        case = case or UUID(page.url.partition("?")[0].rpartition("/")[2])
        done.add(act.command)
    assert done == {it.command for it in ACTS}


def holder_value(who: Actor) -> str:
    """Return how a form names a worker."""
    return "/".join(filter(None, vars(holder(who)).values()))


def _in_turn(me: Actor, other: Actor) -> Iterator[tuple[Act, Actor]]:
    """Yield the acts in an order in which one case can bear them, with who does them."""
    of = {it.command: it for it in ACTS}
    for command in (
        "OpenCase", "RecordStatement", "CompleteAssessment", "PromiseNextStep", "MakeRequest", "AnswerRequest",
        "ProposeHandoff",
    ):  # fmt: skip
        yield of[command], me
    yield of["DeclineHandoff"], other
    yield of["ProposeHandoff"], me
    yield of["AcceptHandoff"], other
    yield of["ProposeClosure"], other
    yield of["CloseCase"], other


def _begins(act: Act, case: UUID | None) -> str:
    """Return where one stands."""
    if act.command == "OpenCase":
        return "/desk"
    return "/desk/offers" if act.command in {"AcceptHandoff", "DeclineHandoff"} else f"/desk/cases/{case}"


def _opened(hand: Hand, act: Act) -> Locator:
    """Go to the form of an act; return it."""
    page = hand.page
    match act.command:
        case "AcceptHandoff":
            return page.locator("article form.acts").first
        case "DeclineHandoff":
            hand.press(page.locator("article summary").first)
            return page.locator("article details form").first
        case "OpenCase":
            hand.press(page.get_by_role("link", name="New case", exact=True))
            return page.locator("form.whole")
    hand.press(page.locator(f"a[href*='/do/{kebab(act.command)}']:visible").first)
    return page.locator("form.command")


def _said(act: Act, name: str) -> str | None:
    return OF_ACT.get(f"{act.command} {name}") or SAID.get(name)
