"""A page asks the service as whoever looks at it, by its own routes, and all that it reads is one line in the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from fastapi.routing import APIRoute
from httpx2 import Client, Response
from starlette.responses import Response as Answer

from api.pages.asking import following
from api.pages.page import Visit, mount
from api.reading_words import WHAT
from api.sessions import COOKIE
from domain.client import ChooseLanguage
from domain.decider import Actor, Entry, Role
from domain.voice import RecordStatement
from domain.withholding import ForbidDisclosure
from tests.pages.site import Site
from tests.town import AINO, BO

WITHOUT_CASES = {"Landing", "SignIn", "SlipForm", "SlipAnswer", "DeskNew"}
"""The pages that tell of no case by themselves."""

Asks = Callable[[Visit], Awaitable[dict[str, Any]]]


@contextmanager
def page_that(site: Site, asks: Asks) -> Iterator[str]:
    """Mount a page that shows what it was answered; give its path."""
    path = f"/tried/{uuid4()}"

    async def endpoint(visit: Visit) -> Answer:
        return Answer(msgspec.json.encode(await asks(visit)), media_type="application/json")

    mount(site.app, site.house.cases, path, "DeskCase", endpoint, "GET", "POST")
    yield path
    site.app.router.routes[:] = [it for it in site.app.router.routes if getattr(it, "path", None) != path]


def look(site: Site, path: str, by: Actor | None = AINO, method: str = "GET", **more: Any) -> Response:
    """Look at a page in a session."""
    headers = dict(more.pop("headers", {}))
    if by is not None:
        headers["Cookie"] = f"{COOKIE}={site.sessions.begin(by, None)}"
    with Client(base_url=site.origin) as http:
        return http.request(method, path, headers=headers, **more)


def readings(site: Site, case: UUID) -> list[tuple[str, str, str | None]]:
    """Return what the log of reads has of a case: who read what, as what."""
    statement = "SELECT who, what, relation FROM reads WHERE %s = ANY (cases) ORDER BY at, id"
    with site.house.pool.connection() as connection:
        return connection.execute(statement, (case,)).fetchall()


def test_a_page_of_several_queries_is_one_line_in_the_log_of_reads_under_its_own_name(site: Site) -> None:
    case, another = site.case(), site.case()

    async def asks(visit: Visit) -> dict[str, Any]:
        found = {it: await visit.ask.get(f"/cases/{case}{it}") for it in ("", "/owner", "/voice", "/history")}
        return found | {"another": await visit.ask.get(f"/cases/{another}")}

    with page_that(site, asks) as path:
        answer = look(site, path)
    assert answer.json()["/owner"]["rows"][0]["responsible"]["worker"] == AINO.id
    assert readings(site, case) == readings(site, another) == [(AINO.id, "DeskCase", "holds")]


def test_a_page_asks_for_a_moment_and_it_stands_in_the_log(site: Site) -> None:
    case = site.case()
    site.town.say(case)

    async def asks(visit: Visit) -> dict[str, Any]:
        return await visit.ask.get(f"/cases/{case}/history", version=1, from_=None)

    with page_that(site, asks) as path:
        assert len(look(site, path).json()["events"]) == 1
    with site.house.pool.connection() as connection:
        found = connection.execute("SELECT as_of FROM reads WHERE %s = ANY (cases)", (case,)).fetchone()
    assert found == ({"version": "1"},)


def test_what_somebody_may_not_see_a_page_can_not_show_them(site: Site) -> None:
    case = site.case()

    async def asks(visit: Visit) -> dict[str, Any]:
        return await visit.ask.get(f"/cases/{case}")

    with page_that(site, asks) as path:
        assert look(site, path, BO).status_code == 404
        assert look(site, path, None).status_code == 401
        assert look(site, path, Actor(str(uuid4()), Role.CLIENT)).status_code == 404
    assert readings(site, case) == []


def test_what_is_withheld_from_somebody_is_withheld_on_a_page(site: Site) -> None:
    client = site.town.client()
    case = site.case(client)
    said = site.town.do(RecordStatement("siskon kertomaa", speaker="close_person"), case, AINO)
    assert said is not None
    later = datetime.now(UTC) + timedelta(days=30)
    site.town.do(ForbidDisclosure(Entry(said.last), "client", "third_party", "odotetaan", later), case, AINO)

    async def asks(visit: Visit) -> dict[str, Any]:
        return await visit.ask.get(f"/cases/{case}/words")

    with page_that(site, asks) as path:
        shown = look(site, path, Actor(str(client), Role.CLIENT))
        assert "siskon kertomaa" not in shown.text
        assert "siskon kertomaa" in look(site, path).text


def test_a_page_gives_a_command_and_is_told_what_it_came_to_or_why_it_was_refused(site: Site) -> None:
    case = site.case()

    async def asks(visit: Visit) -> dict[str, Any]:
        body = msgspec.json.decode((await visit.form())["body"][0])
        return await visit.ask.post(f"/cases/{case}/record-statement", body, {"Idempotency-Key": "once"})

    session = site.sessions.begin(AINO, None)
    found = site.sessions.found(session)
    assert found is not None

    def send(site: Site, path: str, body: Any, csrf: str = found.csrf, **headers: str) -> Response:
        form = {"body": msgspec.json.encode(body).decode(), "csrf_token": csrf}
        ours = {"Cookie": f"{COOKIE}={session}", "Origin": site.origin, "Sec-Fetch-Site": "same-origin"}
        with Client(base_url=site.origin) as http:
            return http.post(path, data=form, headers=ours | headers)

    with page_that(site, asks) as path:
        done = send(site, path, {"words": "kuulkaa minua"})
        assert (done.status_code, done.json()["version"]) == (200, 2)
        assert send(site, path, {"words": "kuulkaa minua"}).json() == done.json()  # pressed twice
        refused = send(site, path, {"words": 7}, Accept="application/json")
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/request-invalid")
        assert refused.json()["errors"][0]["where"] == "/body/words"
        assert send(site, path, {"words": "a"}, csrf="guessed").status_code == 403
        assert send(site, path, {"words": "a"}, Origin="http://elsewhere.example").status_code == 403
        assert send(site, path, {"words": "a"}, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert len(site.house.cases.history(case)) == 2


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"{}", "headers": {"Content-Type": "application/json"}},
        {"content": "ä=1".encode(), "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": {str(it): "1" for it in range(600)}},
    ],
    ids=["json", "not-ascii", "too-many-fields"],
)
def test_what_is_no_form_of_ours_is_refused(site: Site, sent: dict[str, Any]) -> None:
    async def asks(visit: Visit) -> dict[str, Any]:
        return dict(await visit.form())

    with page_that(site, asks) as path:
        answer = look(site, path, method="POST", **sent)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/form-malformed")


def test_every_page_that_shows_a_case_has_a_name_that_people_understand(site: Site) -> None:
    pages = {
        it.operation_id for it in site.app.routes
        if isinstance(it, APIRoute) and it.operation_id and not it.include_in_schema
    }  # fmt: skip
    assert pages - WITHOUT_CASES <= WHAT.keys()


def test_a_page_is_told_in_one_language_even_if_another_is_chosen_meanwhile(site: Site) -> None:
    client = site.town.client()
    by = Actor(str(client), Role.CLIENT)
    site.town.do(ChooseLanguage("sv"), client, by)

    async def asks(visit: Visit) -> dict[str, Any]:
        began = visit.into
        site.town.do(ChooseLanguage("fi"), client, by)
        return {"told": [began, visit.into]}

    with page_that(site, asks) as path:
        assert look(site, path, by).json() == {"told": ["sv", "sv"]}


def test_a_page_reads_on_to_the_end_of_what_is_told_page_by_page(site: Site) -> None:
    case = site.case()
    for _ in range(3):
        site.town.say(case)

    async def asks(visit: Visit) -> dict[str, Any]:
        first = await visit.ask.get(f"/cases/{case}/history", limit=2)
        rest = await visit.ask.everything(f"/cases/{case}/history", "events", after=following(first))
        short = await visit.ask.everything(f"/cases/{case}/history", "events", limit=1)
        return {"rest": [it["version"] for it in rest], "short": [it["version"] for it in short]}

    with page_that(site, asks) as path:
        found = look(site, path).json()
    head = len(site.house.cases.history(case))
    assert found == {"rest": list(range(3, head + 1)), "short": list(range(1, head + 1))}
