"""The way in: a landing page, a language that the browser keeps, signing in and out, and the people of development."""

from __future__ import annotations

from uuid import uuid4

import pytest
from httpx2 import Client
from starlette.testclient import TestClient

from api.app import create_app
from api.development import DevelopmentIssuer
from api.pages.entrance import PeopleHere
from domain.client import ChooseLanguage
from domain.decider import Actor, Role
from domain.rules import RULE_LANGUAGES
from tests.pages.browser import NARROW, WIDE, Visitor, fine
from tests.pages.site import Site
from tests.pages.test_asking import look
from tests.town import AINO

HERE = "http://testserver"


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_landing_page_is_fine_in_every_language_and_on_every_screen(
    visitor: Visitor, language: str, width: int
) -> None:
    page = visitor.page(language=language, width=width)
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == language
    fine(page)


def test_a_language_is_chosen_by_a_link_and_kept_without_scripts(visitor: Visitor) -> None:
    page = visitor.page(language="fi", scripts=False)
    page.goto("/")
    page.get_by_role("link", name="Svenska").click()
    assert page.locator("html").get_attribute("lang") == "sv"
    page.goto("/nowhere")
    assert page.locator("html").get_attribute("lang") == "sv"


@pytest.mark.parametrize(
    ("path", "status"), [("/language/de", 404), ("/language/fi?return_to=//elsewhere.example", 400)]
)
def test_no_other_language_is_chosen_and_nobody_is_led_elsewhere(site: Site, path: str, status: int) -> None:
    assert look(site, path).status_code == status


def test_a_client_is_spoken_to_in_the_language_that_they_chose(site: Site) -> None:
    client = site.town.client()
    by = Actor(str(client), Role.CLIENT)
    site.town.do(ChooseLanguage("sv"), client, by)
    asked = {"Accept": "text/html", "Accept-Language": "en"}
    assert '<html lang="sv">' in look(site, f"/cases/{uuid4()}", by, headers=asked).text
    assert '<html lang="en">' in look(site, f"/cases/{uuid4()}", AINO, headers=asked).text


@pytest.mark.parametrize(
    ("role", "place"),
    [(Role.WORKER, "/desk"), (Role.MANAGER, "/desk"), (Role.CLIENT, "/own"), (Role.REPRESENTATIVE, "/own"),
     (Role.AUDITOR, "/audit"), (Role.OMBUDSMAN, "/audit")],
)  # fmt: skip
def test_whoever_is_signed_in_goes_to_their_place(site: Site, role: Role, place: str) -> None:
    who = Actor(str(uuid4()), role, *(("kela", "asiakaspalvelu") if place == "/desk" else ()))
    answer = look(site, "/", who)
    assert (answer.status_code, answer.headers["location"]) == (303, place)


def test_somebody_signs_in_at_the_provider_comes_back_and_signs_out(provided: Site, visitor: Visitor) -> None:
    page = visitor.page()
    visitor.sign_in(page, "aino", "/nowhere")
    assert page.locator(".me").inner_text().startswith("aino")
    with page.expect_navigation():
        page.locator(".out button").click()
    page.goto("/nowhere")
    assert page.locator(".me").count() == 0
    assert provided.issuer is not None


def test_in_development_one_is_whoever_of_the_demonstration_one_wants(site: Site) -> None:
    app = create_app(
        site.house, DevelopmentIssuer.at(site.house.settings).verifier(), how=PeopleHere("https://testserver")
    )
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as http:
        assert "aino.virtanen" in http.get("/signin").text
        came = http.post("/signin", data={"who": "worker:aino.virtanen", "return_to": "/me"})
        assert (came.status_code, came.headers["location"]) == (303, "/me")
        me = http.get("/me").json()
        assert (me["id"], me["role"]) == ("aino.virtanen", "worker")
        assert http.post("/signin", data={"who": "worker:somebody"}).status_code == 404
        assert http.post("/signin", data={"who": "worker:aino.virtanen", "return_to": "//x"}).status_code == 400
        left = http.post("/signout", data={"csrf_token": me["csrf_token"]},
                         headers={"Origin": "https://testserver"})  # fmt: skip
        assert (left.status_code, left.headers["location"]) == (303, "/")
        assert http.get("/me").status_code == 401


def test_whoever_comes_by_another_name_of_the_machine_is_led_to_the_one_that_the_session_is_for(site: Site) -> None:
    app = create_app(site.house, DevelopmentIssuer.at(site.house.settings).verifier(), how=PeopleHere(HERE))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as http:
        assert http.get("/signin?return_to=/own").headers["location"] == f"{HERE}/signin?return_to=/own"


def test_without_a_way_to_sign_in_there_is_none_to_be_whoever_one_wants(site: Site) -> None:
    with Client(base_url=site.origin) as http:
        answer = http.post("/signin", data={"who": "worker:aino.virtanen"})
    assert answer.status_code == 405
