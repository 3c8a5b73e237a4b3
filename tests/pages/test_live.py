"""Pages that follow what happens: in a real browser, on a page that has nothing else to it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page, expect
from starlette.requests import Request

from api.auth import bearer
from api.pages import static_files
from api.pages.page import policy
from domain.ledger.database import Pool
from tests.api.conftest import as_client
from tests.pages.browser import Visitor, accessible
from tests.pages.site import Site
from tests.town import AINO

PAGE = """<!doctype html><html lang="fi"><head><title>Koe</title><script src="{live}" defer></script></head><body>
<main data-follow="{case}" data-after="{after}"><h1>Koe</h1>
<div id="live-status" role="status" data-changed="Jotakin muuttui." data-anew="Lataa" data-over="Et ole kirjautunut."
  data-signin="Kirjaudu"></div>
<section id="told" data-live><h2>Sanottu</h2><p>{said} kertaa</p></section>
<section id="asked" data-live><h2>Kysytty</h2><p>{said} kertaa</p>
  <form method="post"><input type="hidden" name="key" value="{fresh}">
  <label>Sanat <textarea name="words">{words}</textarea></label>
  <label>Laji <select name="kind"><option>a</option><option>b</option></select></label></form></section>
<section id="same" data-live><h2>Sama</h2><details><summary>Lisää</summary><p>Aina sama</p></details></section>
</main></body></html>"""

COUNT = """
    SELECT count(*) FROM events WHERE topic = 'statement-recorded' AND (stream = %(case)s OR %(case)s::uuid IS NULL)"""


def counted(pool: Pool, case: UUID | None) -> int:
    with pool.connection() as connection:
        (found,) = connection.execute(COUNT, {"case": case}).fetchone() or (0,)
        return int(found)


@pytest.fixture(scope="module")
def live(site: Site) -> Site:
    """Give the service with a page that tells how much was said in a case, or anywhere, and asks for more."""

    async def told(
        request: Request, case: UUID | None = None, words: str = "", after: str | None = None
    ) -> HTMLResponse:
        bearer(request)
        content = PAGE.format(
            live=static_files.url("luotsi/live.js"), case=case or "", after=after or await site.app.state.feed.cursor(),
            said=counted(site.house.pool, case), fresh=uuid4().hex, words=words,
        )  # fmt: skip
        return HTMLResponse(content, headers={"Content-Security-Policy": policy(request)})

    site.app.add_api_route("/koe", told)
    return site


def following(page: Page, address: str) -> None:
    """Go to a page, and wait until it follows."""
    with page.expect_request(re.compile("/feed")):
        page.goto(address)


def told(page: Page, what: str = "told") -> str:
    return page.locator(f"#{what} p").inner_text()


def status(page: Page) -> str:
    return page.locator("#live-status").inner_text()


def test_what_happens_is_shown_where_nobody_is_at_work_and_said(visitor: Visitor, live: Site) -> None:
    case = live.case()
    page = visitor.page(AINO)
    following(page, f"/koe?case={case}")
    page.locator("details summary").click()
    live.town.say(case)
    expect(page.locator("#told p")).to_have_text("1 kertaa")
    expect(page.locator("#asked p")).to_have_text("1 kertaa")
    assert status(page) == "Jotakin muuttui."
    assert page.locator("details[open]").count() == 1
    accessible(page)


def test_a_form_half_filled_in_is_never_lost(visitor: Visitor, live: Site) -> None:
    case = live.case()
    for fill in ("textarea", "select"):
        before = counted(live.house.pool, case)
        page = visitor.page(AINO)
        following(page, f"/koe?case={case}")
        if fill == "textarea":
            page.locator(fill).fill("puoliksi")
        else:
            page.locator(fill).select_option("b")
        page.locator(fill).blur()
        live.town.say(case)
        expect(page.locator("#told p")).to_have_text(f"{before + 1} kertaa")
        assert told(page, "asked") == f"{before} kertaa"
        assert page.locator(fill).input_value() == ("puoliksi" if fill == "textarea" else "b")
        assert status(page) == "Jotakin muuttui. Lataa"
        page.locator("#live-status a").click()
        expect(page.locator("#asked p")).to_have_text(f"{before + 1} kertaa")


def test_what_somebody_is_in_is_left_alone(visitor: Visitor, live: Site) -> None:
    case = live.case()
    page = visitor.page(AINO)
    following(page, f"/koe?case={case}")
    page.locator("textarea").focus()
    live.town.say(case)
    expect(page.locator("#told p")).to_have_text("1 kertaa")
    assert told(page, "asked") == "0 kertaa"
    expect(page.locator("textarea")).to_be_focused()


def test_what_the_service_filled_in_from_what_was_sent_is_left_alone_too(visitor: Visitor, live: Site) -> None:
    case = live.case()
    page = visitor.page(AINO)
    following(page, f"/koe?case={case}&words=luonnos")
    page.evaluate(f"history.replaceState(null, '', '/koe?case={case}')")  # as after a form that was refused
    live.town.say(case)
    expect(page.locator("#told p")).to_have_text("1 kertaa")
    assert told(page, "asked") == "0 kertaa"
    assert page.locator("textarea").input_value() == "luonnos"


def test_a_page_of_one_case_is_not_told_of_others_and_one_of_all_is(visitor: Visitor, live: Site) -> None:
    case, other = live.case(), live.case()
    one, everything = visitor.page(AINO), visitor.page(AINO)
    following(one, f"/koe?case={case}")
    following(everything, "/koe")
    before = told(everything)
    live.town.say(other)
    expect(everything.locator("#told p")).not_to_have_text(before)
    assert status(one) == ""


def test_nothing_is_said_of_what_changes_nothing_that_is_shown(visitor: Visitor, live: Site) -> None:
    case = live.case()
    page = visitor.page(AINO)
    following(page, f"/koe?case={case}")
    with page.expect_response(re.compile(r"/koe\?case")) as anew:
        live.town.offer(case)
    assert anew.value.ok
    anew.value.finished()
    assert (status(page), told(page)) == ("", "0 kertaa")


def test_clients_follow_their_own_case(visitor: Visitor, live: Site) -> None:
    client = live.town.client()
    case = live.case(client)
    page = visitor.page(as_client(client))
    following(page, f"/koe?case={case}")
    live.town.say(case)
    expect(page.locator("#told p")).to_have_text("1 kertaa")


def change_sessions(site: Site, what: str) -> None:
    with site.house.region.connect(owner=True) as owner:
        owner.execute(f"UPDATE sessions SET {what}".encode())


def test_a_page_says_that_the_session_is_over_and_how_to_go_on(
    visitor: Visitor, live: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live.app.state.feed, "heartbeat", 0.05)
    visitor.expect("status of 401")
    page = visitor.page(AINO)
    change_sessions(live, "ends = now() + interval '2 seconds'")
    following(page, "/koe")
    expect(page.locator("#live-status")).to_have_text("Et ole kirjautunut. Kirjaudu")
    assert page.locator("#live-status a").get_attribute("href") == "/signin?return_to=%2Fkoe"


def test_no_session_goes_on_by_a_page_that_is_only_open(visitor: Visitor, live: Site) -> None:
    case = live.case()
    page = visitor.page(AINO)
    following(page, f"/koe?case={case}")
    change_sessions(live, "used = used - interval '20 minutes'")
    live.town.say(case)
    expect(page.locator("#told p")).to_have_text("1 kertaa")
    with live.house.region.connect(owner=True) as owner:
        (since,) = owner.execute("SELECT now() - max(used) FROM sessions").fetchone() or (None,)
    assert since is not None
    assert since >= timedelta(minutes=20)


@pytest.fixture
def full(live: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Give the service with a feed that takes nobody."""
    monkeypatch.setattr(live.app.state.feed, "most", 0)
    return live


def test_where_nobody_more_may_follow_a_page_looks_once_a_minute(visitor: Visitor, full: Site) -> None:
    visitor.expect("status of 503")
    case = full.case()
    page = visitor.page(AINO)
    page.clock.install()
    following(page, f"/koe?case={case}")
    page.clock.run_for(1_000)
    full.town.say(case)
    with page.expect_response(re.compile(r"/koe\?case")):
        with page.expect_response(re.compile("/feed")):
            page.clock.run_for(60_000)
        page.clock.run_for(1_000)
    expect(page.locator("#told p")).to_have_text("1 kertaa")


def test_after_the_ledger_was_restored_a_page_begins_again_at_the_end(visitor: Visitor, live: Site) -> None:
    visitor.expect("status of 410")
    case = live.case()
    page = visitor.page(AINO)
    with page.expect_response(lambda it: "/feed?after=end" in it.url):
        page.goto(f"/koe?case={case}&after=9.1")
    live.town.say(case)
    expect(page.locator("#told p")).to_have_text("1 kertaa")


def test_a_window_that_nobody_sees_keeps_no_connection_and_misses_nothing(visitor: Visitor, live: Site) -> None:
    case = live.case()
    page = visitor.page(AINO)
    page.clock.install()
    following(page, f"/koe?case={case}")
    seen(page, hidden=True)
    with page.expect_event("requestfailed", lambda it: "/feed" in it.url):
        page.clock.run_for(21_000)
    live.town.say(case)
    live.settled()
    with page.expect_request(re.compile("/feed")):
        seen(page, hidden=False)
    page.clock.resume()
    expect(page.locator("#told p")).to_have_text("1 kertaa")


def seen(page: Page, *, hidden: bool) -> None:
    """Hide a window, or show it again."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true})
            document.dispatchEvent(new Event("visibilitychange"))
        }""",
        hidden,
    )
