"""What goes wrong is a page with the problem in words and a way on, where a page was asked for; else as it was."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from starlette.requests import Request

from api.pages.errors import ways_on
from api.pages.page import Visit
from domain.rules import RULE_LANGUAGES
from tests.pages.browser import Visitor, fine
from tests.pages.site import Site
from tests.pages.test_asking import look
from tests.town import AINO

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_programs_get_the_problem_and_browsers_a_page_with_the_same_status(site: Site) -> None:
    path = f"/cases/{uuid4()}"
    for accepts in ("*/*", "application/json", "application/json, text/html;q=0.5"):
        assert look(site, path, headers={"Accept": accepts}).headers["content-type"] == "application/problem+json"
    page = look(site, path, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/nowhere", "/cases/no-uuid", "/signin/callback?state=x", "/feed?after=y", "/a/b/c"])
def test_every_problem_is_a_page_with_a_way_on(site: Site, path: str) -> None:
    page = look(site, path, headers=HTML)
    assert page.status_code >= 400
    assert '<section id="problem"' in page.text
    assert re.search(r'<p class="ways">\s*<a ', page.text)


def test_a_problem_keeps_the_headers_that_say_what_to_do(site: Site) -> None:
    page = look(site, "/desk", None, headers=HTML)
    assert page.status_code == 401
    assert page.headers["www-authenticate"] == 'Bearer realm="luotsi"'
    wrong = look(site, "/cases", method="DELETE", headers=HTML)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


def test_nothing_that_came_in_becomes_markup_in_a_problem(site: Site) -> None:
    page = look(site, "/signin?return_to=//%3Cscript%3Ealert(1)%3C/script%3E", headers=HTML)
    assert page.status_code == 400
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["//elsewhere.example/x", "//elsewhere.example", "///elsewhere.example"])
def test_no_way_on_leads_to_another_host(site: Site, path: str) -> None:
    request = Request({
        "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "scheme": "http",
        "server": ("127.0.0.1", 80), "app": site.app,
    })  # fmt: skip
    ways = ways_on(Visit(request, site.house.cases, "Problem"), {"type": "/problems/too-many-requests"})
    assert (ways["again"], ways["return_to"]) == (None, "/")


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_whoever_is_not_signed_in_is_led_to_signing_in_and_back(visitor: Visitor, language: str) -> None:
    page = visitor.page(language=language)
    page.goto("/desk/offers?x=1")
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == language
    way = page.locator(".ways a").first.get_attribute("href")
    assert way == "/signin?return_to=%2Fdesk%2Foffers%3Fx%3D1"
    fine(page)


def test_a_problem_is_fine_for_everybody_on_a_small_screen(visitor: Visitor) -> None:
    page = visitor.page(AINO, width=360)
    page.goto(f"/cases/{uuid4()}")
    fine(page)
