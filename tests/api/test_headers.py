"""What every answer says to a browser; and what none says: whose page may read it, what serves it, where it broke."""

from __future__ import annotations

import re
from typing import Any

import pytest
from httpx2 import Response
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api import rates
from api.app import create_app
from api.headers import HEADERS, SECURE, SecurityHeaders
from api.problems import MOST_BYTES, NothingEscapes
from api.wire import MOST_HEAD, configured
from tests.api.conftest import Door, kind
from tests.api.test_wire import Connect, serving, until_closed
from tests.town import ADMINISTRATOR

SECRET = "salaisuus"
FOREIGN = "evil.example"
KEEPABLE = r"(/reads)?/checkpoint|/log/(events|reads)/1/.*"
KEPT = {"no-cache", "public, max-age=31536000, immutable"}
OF_PAGES = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",  # to nobody else; and its own forms say where they come from
}
"""What a page says otherwise than other answers: it loads what is ours, and nothing of it is written within it."""
OF_CONSOLE = (
    r"default-src 'self'; script-src 'nonce-[\w-]{22,}'; style-src 'nonce-[\w-]{22,}'; .*form-action 'none'; .*"
)


def protected(answer: Response) -> Response:
    """Check that an answer carries the headers, and none that it must not."""
    for name, value in said_by(answer).items():
        if name == "Cache-Control":
            assert is_for_anybody(answer) or "no-store" in answer.headers[name]
        elif answer.request.url.path == "/docs" and name == "Content-Security-Policy":
            assert re.fullmatch(OF_CONSOLE if answer.status_code == 200 else re.escape(value), answer.headers[name])
        else:
            assert answer.headers.get_list(name) == [value]
    assert not [it for it in answer.headers if it.startswith("access-control") or it in {"server", "x-powered-by"}]
    return answer


def said_by(answer: Response) -> dict[str, str]:
    """Return the headers that an answer has to have: a page has some of its own."""
    is_page = answer.headers.get("content-type", "").startswith("text/html") and answer.request.url.path != "/docs"
    return HEADERS | OF_PAGES if is_page else HEADERS


def is_for_anybody(answer: Response) -> bool:
    """Say whether it is a checkpoint or a part of the tree: those are there to be kept, and tell nobody of a case."""
    return answer.headers["cache-control"] in KEPT and re.fullmatch(KEEPABLE, answer.request.url.path) is not None


def test_every_operation_answers_with_the_headers(door: Door) -> None:
    case, client = door.case(), door.client()
    for path, methods in door.paths.items():
        for method in methods:
            of = client if path.startswith("/clients") else case
            named = {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino", "name": "key-reused"}
            where = path.format(id=of, log="events", epoch=1, level=0, place="000.p/1", **named)
            if path != "/feed":
                protected(door.ask(method.upper(), where))


def test_problems_answer_with_the_headers_whoever_finds_them(door: Door) -> None:
    case = door.case()
    etag = {"If-None-Match": door.get(f"/cases/{case}").headers["etag"]}
    found = {
        200: door.get("/docs", None), 303: door.get("/language/sv", None),
        304: door.get(f"/cases/{case}", headers=etag),
        401: door.get("/cases", None), 403: door.say(case, "hei", by=ADMINISTRATOR),
        404: door.get("/nothing"), 405: door.ask("DELETE", "/cases"),
        412: door.say(case, "hei", If_Match='"99"'), 413: door.post("/cases", {"need": "x" * MOST_BYTES}),
        415: door.ask("POST", "/cases", content=b"x", headers={"Content-Type": "text/plain"}),
        422: door.post("/cases", {}), 409: door.get("/feed", headers={"Last-Event-ID": "1.999999999"}),
    }  # fmt: skip
    for status, answer in found.items():
        assert protected(answer).status_code == status


@pytest.mark.parametrize("path", ["/", "/slip", "/nothing", "/cases", "/desk", "/own", "/audit"])
def test_every_page_answers_with_the_headers_of_pages_also_one_that_tells_of_a_problem(door: Door, path: str) -> None:
    page = protected(door.http.get(path, headers={"Accept": "text/html"}))
    assert page.headers["content-type"].startswith("text/html")
    for name, value in OF_PAGES.items():
        assert page.headers.get_list(name) == [value]
    assert not re.search(r"<style|<script(?![^>]* src=)|\s(?:style|on\w+)=|javascript:", page.text)


def test_only_where_all_goes_by_tls_a_browser_is_told_to_stay_with_it(door: Door) -> None:
    async def nothing(scope: Scope, _: Receive, send: Send) -> None:

        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    def told(address: str, *, secure: bool) -> str | None:
        return TestClient(SecurityHeaders(nothing, secure=secure), base_url=address).get("/").headers.get(name)

    (name, value), *_ = SECURE.items()
    assert told("http://luotsi.example", secure=True) == told("https://luotsi.example", secure=False) == value
    assert told("http://luotsi.example", secure=False) is None
    assert name not in door.get("/cases").headers


def test_the_page_runs_its_own_script_and_nobody_elses(door: Door) -> None:
    once, again = protected(door.get("/docs", None)), protected(door.get("/docs", None))
    policy = once.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]{22,})';", policy)
    assert nonce
    assert "unsafe" not in policy
    assert all(it in policy for it in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"))
    parts = re.findall(r"<(?:script|style)\b[^>]*>", once.text)
    assert parts
    assert all(f'nonce="{nonce[1]}"' in it for it in parts)
    assert nonce[1] not in again.text
    assert not re.search(r"\son\w+\s*=|javascript:", once.text)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/cases", "/docs", "/openapi.json", "/feed", "/health/live", "/problems"])
def test_a_page_of_another_origin_is_let_ask_nothing(door: Door, path: str, method: str) -> None:
    headers = {
        "Origin": f"https://{FOREIGN}", "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type",
    }  # fmt: skip
    answer = protected(door.ask("OPTIONS", path, None, headers=headers))
    assert kind(answer) == (405, "method-not-allowed")
    assert FOREIGN not in str(answer.headers) + answer.text


def test_a_page_of_another_origin_reads_nothing_even_with_a_token(door: Door) -> None:
    for origin in (f"https://{FOREIGN}", "null", "http://testserver"):
        protected(door.get("/cases", headers={"Origin": origin}))


def test_no_link_is_made_of_what_somebody_calls_the_service(door: Door) -> None:
    named = {
        "Host": FOREIGN,
        "X-Forwarded-Host": FOREIGN,
        "X-Forwarded-Proto": "gopher",
        "Forwarded": f"host={FOREIGN}",
    }
    client, case = door.client(), door.case()
    door.say(case, "hei")
    asked = [
        door.ask("POST", "/cases", json={"client": str(client), "need": "apua"}, headers=named),
        door.get("/", None, headers=named), door.get("/docs", None, headers=named),
        door.get("/openapi.json", None, headers=named), door.get("/nothing", headers=named),
        door.get(f"/cases/{case}/history?limit=1", headers=named), door.get("/cases?limit=1", headers=named),
    ]  # fmt: skip
    assert [it.status_code for it in asked] == [201, 200, 200, 200, 404, 200, 200]
    for answer in asked:
        assert FOREIGN not in str(answer.headers) + answer.text
        assert answer.headers.get("location", "/").startswith("/")
    assert asked[-2].json()["next"]


# What breaks.


@pytest.fixture
def broken(door: Door, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a service that breaks where it is told to, with words in the error."""

    def fail(_: Request) -> None:
        raise RuntimeError(SECRET)

    def breaks(*, at_the_door: bool = False) -> Any:
        if at_the_door:
            monkeypatch.setattr(rates, "address_of", fail)
        app = create_app(door.house, door.issuer.verifier())
        app.add_api_route("/breaks", fail)
        return app

    return breaks


@pytest.mark.parametrize("at_the_door", [False, True])
def test_what_breaks_here_is_told_to_nobody_outside(
    broken: Any, at_the_door: bool, caplog: pytest.LogCaptureFixture
) -> None:
    http = TestClient(broken(at_the_door=at_the_door), raise_server_exceptions=True)
    answer = protected(http.get("/breaks", params={"q": SECRET}, headers={"X-Said": SECRET}))
    assert kind(answer) == (500, "unforeseen")
    assert SECRET not in answer.text + str(answer.headers) + caplog.text
    assert "Traceback" not in answer.text
    assert "RuntimeError" in caplog.text


def test_nor_on_the_wire(broken: Any, caplog: pytest.LogCaptureFixture) -> None:
    config = configured(broken(), port=0, log_level="info", lifespan="off", timeout_graceful_shutdown=1)
    with serving(config) as connect:
        answer = asked(connect, b"GET /breaks?q=salaisuus HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b'"/problems/unforeseen"' in answer
    assert SECRET.encode() not in answer
    assert b"Traceback" not in answer
    assert SECRET not in caplog.text
    assert b"\r\nserver:" not in answer.lower()
    assert b"x-content-type-options: nosniff" in answer


def test_an_answer_that_breaks_half_way_is_cut_off_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    async def half(scope: Scope, _: Receive, send: Send) -> None:

        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": scope["path"].encode(), "more_body": True})
        raise RuntimeError(SECRET)

    config = configured(NothingEscapes(half), port=0, log_level="info", lifespan="off", timeout_graceful_shutdown=1)
    with serving(config) as connect:
        answer = asked(connect, b"GET /half HTTP/1.1\r\n\r\n")
    assert answer.endswith(b"/half")
    assert SECRET not in caplog.text + answer.decode()


@pytest.mark.parametrize(
    ("request_", "status", "problem"),
    [
        (b"GET / HTTP/1.1\r\nA: " + b"x" * (MOST_HEAD + 9000), b"431", b"head-too-large"),
        (b"salaisuus\r\n\r\n", b"400", b"http-malformed"),
        (b"GET / HTTP/1.1\r\nContent-Length: salaisuus\r\n\r\n", b"400", b"http-malformed"),
        (b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", b"400", b"http-malformed"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400", b"http-malformed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400", b"http-malformed"),
    ],
    ids=["a head without end", "no HTTP", "a length that is none", "two lengths", "another HTTP", "TLS"],
)  # fmt: skip
def test_what_is_no_request_is_answered_with_a_problem_and_the_headers_too(
    broken: Any, request_: bytes, status: bytes, problem: bytes
) -> None:
    config = configured(broken(), port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    with serving(config) as connect:
        answer = asked(connect, request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b'"/problems/' + problem + b'"' in answer
    assert b"salaisuus" not in answer
    for name, value in HEADERS.items():
        assert f"{name}: {value}".encode() in answer


def asked(connect: Connect, request: bytes) -> bytes:
    with connect() as connection:
        connection.sendall(request)
        return until_closed(connection)
