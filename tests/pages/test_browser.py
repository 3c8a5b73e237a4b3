"""What the tests of the pages stand on: that whatever goes wrong on a page is noticed, and that people can sign in."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page

from tests.api.conftest import as_client
from tests.pages.axe import violations
from tests.pages.browser import NARROW, Visitor, accessible, no_overflow, tabbed
from tests.pages.site import Site
from tests.town import AINO

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
PAGE = '<!doctype html><html lang="fi"><head><title>Koe</title></head><body><main><h1>Koe</h1>{}</main></body></html>'


def shown(visitor: Visitor, body: str, **how: Any) -> Page:
    """Show a page of the service with this in it."""
    path = f"/docs/koe/{hash(body)}"
    answer = HTMLResponse(PAGE.format(body), headers={"Content-Security-Policy": POLICY})
    visitor.site.app.add_api_route(path, lambda: answer)
    page = visitor.page(**how)
    page.goto(path)
    return page


def test_a_page_on_which_nothing_is_wrong_is_let_pass(visitor: Visitor) -> None:
    page = shown(visitor, '<p><a href="/docs">Ohje</a></p>', width=NARROW)
    no_overflow(page)
    assert tabbed(page) == ["a Ohje"]
    assert visitor.end() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<p style="color: red">a</p>', "Content Security Policy"),
        ("<script>1</script>", "Content Security Policy"),
        ('<img alt="" src="https://elsewhere.example/it.png">', "Content Security Policy"),
        ('<img alt="" src="/static/none.png">', "404"),
        ('<form action="https://elsewhere.example"><button>a</button></form>', "left the house"),
    ],
)
def test_what_goes_wrong_on_a_page_is_noticed(visitor: Visitor, body: str, said: str) -> None:
    page = shown(visitor, body)
    for it in page.locator("button").all():
        with page.expect_event("requestfailed"):
            it.click()
    found = visitor.end()
    assert any(said in it for it in found), found
    visitor.expect("")  # and is no fault of this test


def test_what_a_test_brings_about_itself_is_let_pass(visitor: Visitor) -> None:
    shown(visitor, '<img alt="" src="/static/none.png">')
    visitor.expect(r"status of 404 .*none\.png")


def test_a_page_that_not_everybody_can_use_is_refused(visitor: Visitor) -> None:
    page = shown(visitor, '<img src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E">')
    assert [it.partition(" ")[0] for it in violations(page)] == ["image-alt"]
    with pytest.raises(AssertionError, match="image-alt"):
        accessible(page)


def test_a_page_that_has_to_be_scrolled_sideways_is_refused(visitor: Visitor) -> None:
    page = shown(visitor, f'<svg width="{NARROW + 1}" height="9" class="wide"></svg>', width=NARROW)
    with pytest.raises(AssertionError, match=r'class="wide"'):
        no_overflow(page)


def test_a_window_is_of_whoever_has_signed_in_and_their_pages_need_no_scripts(visitor: Visitor, site: Site) -> None:
    client = site.town.client()
    for who in (AINO, as_client(client)):
        page = visitor.page(who, scripts=False)
        page.goto("/me")
        assert f'"id":"{who.id}"' in page.content()


def test_people_sign_in_at_the_issuer_and_are_back_where_they_were_going(visitor: Visitor, provided: Site) -> None:
    for login, role in (("bo", "worker"), ("auri", "auditor"), (str(provided.town.client()), "client")):
        page = visitor.page()
        visitor.sign_in(page, login, "/me")
        assert page.url == f"{provided.origin}/me"
        assert f'"id":"{login}","role":"{role}"' in page.content()


def test_where_no_script_runs_nobody_waits_for_one(visitor: Visitor) -> None:
    page = shown(visitor, "<p>a</p>", scripts=False)
    with pytest.raises(AssertionError, match="runs scripts"):
        accessible(page)
