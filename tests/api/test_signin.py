"""Signing in with a browser, acting by its session, and signing out: nobody gets in on somebody else's answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import psycopg
import pytest
from httpx2 import Response
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from api.app import create_app
from api.auth import Verifier
from api.identity import Identity, identity_of
from api.issuer import Issuer
from api.sessions import COOKIE, Sessions
from api.settings import Settings
from api.signin import SIGNING_IN, is_local
from tests.api.conftest import PLENTY, Door, kind, nothing_written
from tests.api.issuing import Issuing, issuing
from tests.town import AINO

ORIGIN = "https://luotsi.example"
HERE = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


class Browser:
    """A browser with its cookies."""

    def __init__(self, http: TestClient, issuer: Issuing) -> None:
        self.http = http
        self.issuer = issuer

    def begin(self, return_to: str = "/docs") -> str:
        """Go to sign in; return where the browser is sent."""
        answer = self.http.get("/signin", params={"return_to": return_to})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def back(self, brought: dict[str, str]) -> Response:
        """Come back from the issuer."""
        return self.http.get("/signin/callback", params=brought, headers={"Sec-Fetch-Site": "cross-site"})

    def sign_in(self, **claims: Any) -> Response:
        return self.back(self.issuer.signed_in(self.begin(), **claims))

    def keep(self, name: str, value: str) -> None:
        """Keep a cookie as if it came from the service."""
        self.http.cookies.set(name, value, urlsplit(ORIGIN).netloc)

    @property
    def session(self) -> str | None:
        return self.http.cookies.get(COOKIE)

    @property
    def csrf(self) -> str:
        return str(self.http.get("/me").json()["csrf_token"])

    def post(self, path: str, body: Any = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): it for name, it in headers.items()}
        return self.http.post(path, json={} if body is None else body, headers=named)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuing]:
    with issuing() as it:
        yield it


@pytest.fixture(scope="module")
def identity(issuer: Issuing, tmp_path_factory: pytest.TempPathFactory) -> Identity:
    home = tmp_path_factory.mktemp("home")
    (home / "identity.toml").write_text(
        f'issuer = "{issuer.name}"\naudience = "luotsi"\n[signin]\nclient = "the desk"\nsecret_file = "secret"\n'
        f'origin = "{ORIGIN}"\n'
    )
    (home / "secret").write_text("a:secret")
    return identity_of(Settings(home=home, identity=home / "identity.toml"))


@pytest.fixture(scope="module")
def app(door: Door, identity: Identity) -> Iterator[TestClient]:
    app = create_app(door.house, identity.verifier, how=identity.signin)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        yield http


@pytest.fixture
def browser(app: TestClient, issuer: Issuing) -> Browser:
    issuer.pages.clear()
    issuer.codes.clear()
    app.cookies.clear()
    return Browser(app, issuer)


@contextmanager
def another(browser: Browser) -> Iterator[Browser]:
    """Give another browser for a while."""
    kept = dict(browser.http.cookies)
    browser.http.cookies.clear()
    yield browser
    browser.http.cookies.clear()
    for name, value in kept.items():
        browser.keep(name, value)


def test_somebody_signs_in_and_is_who_the_issuer_says_they_are(browser: Browser) -> None:
    asked = dict(parse_qsl(urlsplit(there := browser.begin("/docs")).query))
    assert there.startswith(f"{browser.issuer.name}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{ORIGIN}/signin/callback"
    came = browser.back(browser.issuer.signed_in(there))
    assert (came.status_code, came.headers["location"]) == (303, "/docs")
    told = browser.http.get("/me").json()
    assert (told["id"], told["role"], told["organisation"]) == ("aino", "worker", "kela")
    assert browser.issuer.authorized[-1] == f"Basic {b64encode(b'the+desk:a%3Asecret').decode()}"


def test_the_cookies_are_for_this_host_and_for_no_script(browser: Browser) -> None:
    begun = browser.http.get("/signin")
    came = browser.back(browser.issuer.signed_in(begun.headers["location"]))
    kept, *_ = [it for it in came.headers.get_list("set-cookie") if it.startswith(f"{COOKIE}=")]
    for cookie in (begun.headers["set-cookie"], kept):
        said = {it.strip().lower() for it in cookie.split(";")}
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= said
        assert not any(it.startswith("domain") for it in said)
    assert "max-age=600" in begun.headers["set-cookie"].lower()
    assert SIGNING_IN not in browser.http.cookies
    assert kept.split(";")[0].removeprefix(f"{COOKIE}=") not in came.headers["location"]


def test_each_sign_in_is_another(browser: Browser) -> None:
    first, second = (dict(parse_qsl(urlsplit(browser.begin()).query)) for _ in range(2))
    for it in ("state", "nonce", "code_challenge"):
        assert first[it] != second[it]
    assert len({first["state"], first["nonce"], first["code_challenge"]}) == 3


# Nobody gets in on an answer that is not this browser's.


def refused(browser: Browser, answer: Response, as_: str = "signin-unknown") -> None:
    assert kind(answer)[1] == as_
    assert browser.session is None
    assert SIGNING_IN not in browser.http.cookies


def test_an_answer_to_a_sign_in_of_another_browser_is_refused(browser: Browser) -> None:
    with another(browser) as attacker:
        brought = attacker.issuer.signed_in(attacker.begin(), sub="attacker")
    refused(browser, browser.back(brought))  # who has begun nothing
    browser.begin()
    refused(browser, browser.back(brought))  # who has begun something else


@pytest.mark.parametrize(
    "changes", [{"state": ""}, {"state": "x" * 43}, {"state": "ä"}, {"iss": "https://another.example"}, {"iss": ""}]
)
def test_an_answer_that_is_of_another_sign_in_or_issuer_is_refused(browser: Browser, changes: dict[str, str]) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    refused(browser, browser.back(brought | changes))


def test_an_issuer_that_names_itself_always_names_itself(browser: Browser) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    del brought["iss"]
    refused(browser, browser.back(brought))


def test_another_process_may_take_the_answer(browser: Browser, door: Door, identity: Identity) -> None:
    assert identity.signin is not None
    brought = browser.issuer.signed_in(browser.begin())
    asked = Issuer(browser.issuer.name, ["ES256"], production=False)  # which nobody has asked for its keys yet
    other = create_app(door.house, identity.verifier, how=replace(identity.signin, issuer=asked))
    with TestClient(other, base_url=ORIGIN, follow_redirects=False, cookies=browser.http.cookies) as http:
        assert http.get("/signin/callback", params=brought).status_code == 303


def test_an_issuer_that_never_names_itself_need_not(browser: Browser, door: Door, identity: Identity) -> None:
    assert identity.signin is not None
    brought = browser.issuer.signed_in(browser.begin())
    del brought["iss"]
    browser.issuer.document["authorization_response_iss_parameter_supported"] = False
    asked = Issuer(browser.issuer.name, ["ES256"], production=False)
    other = create_app(door.house, identity.verifier, how=replace(identity.signin, issuer=asked))
    with TestClient(other, base_url=ORIGIN, follow_redirects=False, cookies=browser.http.cookies) as http:
        assert http.get("/signin/callback", params=brought).status_code == 303
    browser.issuer.document["authorization_response_iss_parameter_supported"] = True


def test_what_an_answer_says_twice_is_refused(browser: Browser) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    answer = browser.http.get("/signin/callback", params=[*brought.items(), ("code", "another")])
    refused(browser, answer)


def test_an_answer_counts_once(browser: Browser) -> None:
    begun = browser.begin()
    kept = browser.http.cookies[SIGNING_IN]
    brought = browser.issuer.signed_in(begun)
    assert browser.back(brought).status_code == 303
    browser.http.cookies.clear()
    refused(browser, browser.back(brought))
    browser.keep(SIGNING_IN, kept)  # whoever brings the cookie back has a code that was used
    refused(browser, browser.back(brought), "signin-refused")


def test_a_code_that_another_browser_got_is_refused(browser: Browser) -> None:
    with another(browser) as attacker:
        stolen = attacker.issuer.signed_in(attacker.begin(), "theirs")
    mine = browser.issuer.signed_in(browser.begin())
    refused(browser, browser.back(mine | {"code": stolen["code"]}), "signin-refused")


@pytest.mark.parametrize("cookie", ["", "x", "x.y", ".Lw==", "x.Ly9ldmlsLmV4YW1wbGU=", "x.%%%"])
def test_a_cookie_that_is_none_of_ours_is_refused(browser: Browser, cookie: str) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    browser.http.cookies.clear()
    browser.keep(SIGNING_IN, cookie)
    refused(browser, browser.back(brought))


def test_whom_the_issuer_turns_away_is_told_so(browser: Browser) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    del brought["code"]
    refused(browser, browser.back(brought | {"error": "access_denied"}), "signin-refused")


STRANGER = ECKey.generate_key("P-256", auto_kid=True)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "luotsi"}, {"aud": ["the desk", "another"]}, {"aud": ["the desk"], "azp": "x"}, {"azp": "another"},
        {"nonce": "another"}, {"nonce": None}, {"iss": "https://another.example"}, {"exp": 17}, {"exp": None},
        {"iat": 2**40}, {"typ": "at+jwt"}, {"token": "a.b.c"}, {"token": 7},
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_hold_lets_nobody_in(browser: Browser, claims: dict[str, Any]) -> None:
    refused(browser, browser.sign_in(**claims), "signin-refused")


def test_an_id_token_for_several_says_whose_it_is(browser: Browser) -> None:
    assert browser.sign_in(aud=["the desk", "another"], azp="the desk").status_code == 303


@pytest.mark.parametrize(("algorithm", "key"), [("ES256", STRANGER), ("none", None)])
def test_an_id_token_of_somebody_else_lets_nobody_in(browser: Browser, algorithm: str, key: ECKey | None) -> None:
    there = browser.begin()
    nonce = dict(parse_qsl(urlsplit(there).query))["nonce"]
    if key is None:
        token = browser.issuer.token("JWT", aud="the desk", nonce=nonce)
        forged = f"eyJhbGciOiJub25lIn0.{token.split('.')[1]}."
    else:
        forged = browser.issuer.token("JWT", key, algorithm, aud="the desk", nonce=nonce)
    refused(browser, browser.back(browser.issuer.signed_in(there, token=forged)), "signin-refused")


def test_a_person_without_a_role_here_is_not_let_in(browser: Browser) -> None:
    refused(browser, browser.sign_in(role="offline_access"), "token-invalid")
    refused(browser, browser.sign_in(role="auditor"), "grant-missing")


def test_an_issuer_that_does_not_answer_is_out_of_reach(browser: Browser) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    for page in ((503, {}, b""), (302, {"Location": f"{browser.issuer.name}/token"}, b"")):
        browser.issuer.pages["/token"] = page
        browser.begin()
        brought = browser.issuer.signed_in(browser.begin())
        refused(browser, browser.back(brought), "issuer-unreachable")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"id_token": null}', b"7"])
def test_an_answer_without_an_id_token_lets_nobody_in(browser: Browser, content: bytes) -> None:
    brought = browser.issuer.signed_in(browser.begin())
    browser.issuer.pages["/token"] = (200, {}, content)
    assert browser.back(brought).status_code in {403, 503}
    assert browser.session is None


# Where to go on.

ELSEWHERE = [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "evil.example", "", "javascript:x",
    "/\t/evil.example", "/\n/evil.example", " //evil.example", "/a b", "/ä", "/" + "a" * 2000, "http:/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("there", ELSEWHERE)
def test_nobody_is_sent_elsewhere_after_signing_in(browser: Browser, there: str) -> None:
    assert not is_local(there)
    answer = browser.http.get("/signin", params={"return_to": there})
    assert kind(answer) == (400, "return-elsewhere")


@pytest.mark.parametrize("there", ["/", "/docs", "/cases?need=a%20b&x=//y", "/a/../b#c"])
def test_one_goes_on_within_the_service(browser: Browser, there: str) -> None:
    assert browser.back(browser.issuer.signed_in(browser.begin(there))).headers["location"] == there


# The session.


def test_a_session_that_somebody_was_given_is_not_the_one_they_sign_in_to(browser: Browser) -> None:
    browser.sign_in(sub="attacker")
    planted = browser.session
    browser.sign_in()
    assert browser.session != planted
    browser.http.cookies.clear()
    browser.keep(COOKIE, str(planted))
    assert kind(browser.http.get("/me")) == (401, "session-over")


def test_a_session_reads_and_acts_as_its_person(browser: Browser) -> None:
    browser.sign_in()
    client = browser.post("/clients", X_CSRF_Token=browser.csrf, **HERE_)
    assert client.status_code == 201, client.text
    assert browser.http.get(f"/clients/{client.json()['id']}/cases").status_code in {200, 403, 404}


HERE_ = {name.replace("-", "_"): it for name, it in HERE.items()}


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        (HERE, None), (HERE, "another"), ({}, "own"), ({"Origin": "https://evil.example"}, "own"),
        ({"Sec-Fetch-Site": "cross-site"}, "own"), ({"Sec-Fetch-Site": "same-site"}, "own"),
        ({"Sec-Fetch-Site": "none"}, "own"), (HERE | {"Origin": "null"}, "own"),
        (HERE | {"Origin": "https://luotsi.example.evil"}, "own"), (HERE | {"Sec-Fetch-Site": "cross-site"}, "own"),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, "own"), (HERE, "ä"),
    ],
)  # fmt: skip
def test_what_changes_anything_comes_from_our_own_pages(
    browser: Browser, door: Door, headers: dict[str, str], token: str | None
) -> None:
    browser.sign_in()
    said = browser.csrf if token == "own" else token
    sent = {name.encode(): it.encode() for name, it in headers.items()}
    if said is not None:
        sent[b"X-CSRF-Token"] = said.encode()
    with nothing_written(door):
        answer = browser.http.post("/clients", json={}, headers=sent)
        assert kind(answer) == (403, "not-from-here")
        assert kind(browser.http.post("/signout", headers=sent)) == (403, "not-from-here")
    assert browser.http.get("/me").status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": ORIGIN}, {"Sec-Fetch-Site": "same-origin"}, HERE])
def test_an_older_browser_says_only_one_of_the_two(browser: Browser, headers: dict[str, str]) -> None:
    browser.sign_in()
    answer = browser.http.post("/clients", json={}, headers=headers | {"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 201


def test_the_token_of_another_session_is_not_this_ones(browser: Browser) -> None:
    browser.sign_in()
    theirs = browser.csrf
    browser.http.cookies.clear()
    browser.sign_in()
    assert kind(browser.post("/clients", X_CSRF_Token=theirs, **HERE_)) == (403, "not-from-here")


def test_with_a_bearer_token_no_cookie_is_looked_at(browser: Browser) -> None:
    browser.sign_in()
    token = browser.issuer.token(sub="bo")
    headers = {"Authorization": f"Bearer {token}"}
    told = browser.http.get("/me", headers=headers).json()
    assert (told["id"], told["csrf_token"]) == ("bo", None)
    assert browser.http.post("/clients", json={}, headers=headers).status_code == 201
    for bad in ("Bearer x.y.z", "Basic YTpi", "Bearer", ""):
        assert browser.http.get("/me", headers={"Authorization": bad}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "x" * 43, "x" * 5000, "'; DROP TABLE sessions"])
def test_a_cookie_of_no_session_is_nobodys(browser: Browser, cookie: str) -> None:
    answer = browser.http.get("/me", headers={"Cookie": f'{COOKIE}="{cookie}"'})
    assert kind(answer) == (401, "session-over")
    assert browser.http.get("/health/live", headers={"Cookie": f"{COOKIE}=x"}).status_code == 200


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", [COOKIE, f" {COOKIE} ", f"\t{COOKIE}"])
def test_of_two_cookies_neither_counts_for_one_may_be_planted(browser: Browser, name: str, *, first: bool) -> None:
    browser.sign_in(sub="attacker")
    planted = f"{name}={browser.session}"
    browser.http.cookies.clear()
    browser.sign_in()
    own = f"{COOKIE}={browser.session}"
    browser.http.cookies.clear()
    both = [planted, own] if first else [own, planted]
    for sent in ([("Cookie", "; ".join(both))], [("Cookie", it) for it in both]):
        assert kind(browser.http.get("/me", headers=sent)) == (401, "token-missing")


@pytest.mark.parametrize("blank", [b"\x1c", b"\x1f", b"\x85", b"\xa0", b"x="])
def test_a_cookie_of_another_name_counts_for_nothing(browser: Browser, blank: bytes) -> None:
    browser.sign_in(sub="attacker")
    planted = blank + f"{COOKIE}={browser.session}".encode()
    browser.http.cookies.clear()
    assert kind(browser.http.get("/me", headers={b"Cookie": planted})) == (401, "token-missing")
    browser.sign_in()
    own = f"{COOKIE}={browser.session}; ".encode()
    browser.http.cookies.clear()
    assert browser.http.get("/me", headers={b"Cookie": own + planted}).json()["id"] == "aino"


def test_a_planted_beginning_of_a_sign_in_is_not_gone_on_with(browser: Browser) -> None:
    brought = browser.issuer.signed_in(browser.begin(), sub="attacker")
    planted = browser.http.cookies[SIGNING_IN]
    browser.http.cookies.clear()
    browser.begin()
    sent = {"Cookie": f"{SIGNING_IN}={browser.http.cookies[SIGNING_IN]}; {SIGNING_IN}={planted}"}
    browser.http.cookies.clear()
    assert kind(browser.http.get("/signin/callback", params=brought, headers=sent)) == (400, "signin-unknown")


def test_what_is_open_to_all_looks_up_no_session(browser: Browser, door: Door) -> None:
    browser.sign_in()
    aged(door, timedelta(minutes=20))
    for path in ("/health/live", "/health/ready", "/docs", "/problems"):
        browser.http.get(path)
    assert not used_just_now(door)
    assert browser.http.get("/me").status_code == 200
    assert used_just_now(door)


def used_just_now(door: Door) -> int:
    """Return how many sessions were used within the last minute."""
    with door.house.region.connect(owner=True) as owner:
        row = owner.execute("SELECT count(*) FROM sessions WHERE used > now() - interval '1 minute'").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def few(door: Door, identity: Identity, issuer: Issuing) -> Iterator[Browser]:
    """Give a browser at a service that lets nobody fail more than once a minute."""
    issuer.codes.clear()
    house = replace(door.house, settings=replace(door.house.settings, rates=replace(PLENTY, failed=1)))
    app = create_app(house, identity.verifier, how=identity.signin)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as http:
        yield Browser(http, issuer)


def test_cookies_are_not_to_be_guessed_without_end(few: Browser) -> None:
    few.keep(COOKIE, "x" * 43)
    assert kind(few.http.get("/me")) == (401, "session-over")
    assert kind(few.http.get("/me")) == (429, "too-many-requests")


def test_codes_are_not_to_be_guessed_without_end_nor_the_issuer_to_be_asked_of_them(few: Browser) -> None:
    brought = few.issuer.signed_in(few.begin()) | {"code": "guessed"}
    kept = few.http.cookies[SIGNING_IN]
    assert kind(few.back(brought)) == (403, "signin-refused")
    few.keep(SIGNING_IN, kept)
    asked = few.issuer.asked.count("/token")
    assert kind(few.back(brought)) == (429, "too-many-requests")
    assert few.issuer.asked.count("/token") == asked


# How it ends.


def test_signing_out_ends_the_session_here_and_at_the_issuer(browser: Browser) -> None:
    browser.sign_in()
    kept = str(browser.session)
    gone = browser.post("/signout", X_CSRF_Token=browser.csrf, **HERE_)
    assert gone.status_code == 303
    there = urlsplit(gone.headers["location"])
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{browser.issuer.name}/end"
    assert dict(parse_qsl(there.query)) == {"client_id": "the desk", "post_logout_redirect_uri": f"{ORIGIN}/"}
    assert browser.session is None
    browser.keep(COOKIE, kept)
    assert kind(browser.http.get("/me")) == (401, "session-over")


def test_a_form_of_a_page_signs_out_too(browser: Browser) -> None:
    browser.sign_in()
    gone = browser.http.post("/signout", data={"csrf_token": browser.csrf}, headers=HERE)
    assert gone.status_code == 303
    assert browser.session is None


@pytest.mark.parametrize("body", [b"", b"csrf_token=", b"csrf_token=x", b"\xff", b"&" * 100, b'{"csrf_token": "x"}'])
def test_a_form_without_the_token_does_not(browser: Browser, body: bytes) -> None:
    browser.sign_in()
    assert kind(browser.http.post("/signout", content=body, headers=HERE)) == (403, "not-from-here")


def test_who_has_no_session_is_out_already(browser: Browser) -> None:
    assert browser.http.post("/signout").status_code == 303


def test_a_form_elsewhere_has_no_browser_forget_its_session(browser: Browser) -> None:
    browser.sign_in()
    with another(browser):  # SameSite keeps the cookie back from such a form, but not what is answered to it
        gone = browser.http.post("/signout", headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
    assert gone.status_code == 303
    assert "set-cookie" not in gone.headers


def test_who_signs_out_with_a_cookie_that_is_over_or_planted_is_rid_of_it(browser: Browser) -> None:
    for sent in (f"{COOKIE}=over", f"{COOKIE}=over; {COOKIE}=planted"):
        gone = browser.http.post("/signout", headers={"Cookie": sent})
        assert gone.headers["set-cookie"].startswith(f'{COOKIE}=""; ')


@contextmanager
def sessions_of(door: Door, idle: timedelta, longest: timedelta) -> Iterator[Sessions]:
    yield Sessions(door.house.pool, ORIGIN, idle, longest)


def aged(door: Door, by: timedelta) -> None:
    """Have all sessions be that much older."""
    with door.house.region.connect(owner=True) as owner:
        owner.execute("UPDATE sessions SET used = used - %(by)s, ends = ends - %(by)s", {"by": by})


def test_a_session_ends_when_nothing_is_done_in_it_and_goes_on_while_something_is(door: Door) -> None:
    with sessions_of(door, timedelta(minutes=30), timedelta(hours=10)) as sessions:
        it = sessions.begin(AINO, None)
        for _ in range(3):
            aged(door, timedelta(minutes=29))
            assert sessions.found(it) is not None
        aged(door, timedelta(minutes=30))
        assert sessions.found(it) is None


def test_a_session_ends_after_its_day_whatever_is_done_in_it(door: Door) -> None:
    with sessions_of(door, timedelta(minutes=30), timedelta(hours=1)) as sessions:
        it = sessions.begin(AINO, None)
        for _ in range(2):
            aged(door, timedelta(minutes=25))
            assert sessions.found(it) is not None
        aged(door, timedelta(minutes=10))
        assert sessions.found(it) is None


def test_sessions_that_are_over_are_swept_away(door: Door) -> None:
    with sessions_of(door, timedelta(minutes=30), timedelta(hours=10)) as sessions:
        for _ in range(3):
            sessions.begin(AINO, None)
        aged(door, timedelta(minutes=31))
        sessions.begin(AINO, None)
        with door.house.region.connect() as service:
            assert service.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_the_table_has_nothing_to_act_with_and_the_service_may_change_nothing_in_it(door: Door) -> None:
    it = Sessions(door.house.pool, ORIGIN).begin(AINO, None)
    with door.house.region.connect() as service:
        assert it.encode() not in b"".join(row[0] for row in service.execute("SELECT id FROM sessions"))
        assert it not in str(service.execute("SELECT s::text FROM sessions s").fetchall())
        for statement in (
            "UPDATE sessions SET who = 'bo'", "UPDATE sessions SET used = now()", "TRUNCATE sessions",
            "INSERT INTO sessions (id, who, role, csrf, idle, used, ends)"
            " VALUES (sha256('x'), 'a', 'worker', 'c', '1h', now() + '1 year', now())",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                service.execute(statement.encode())


def test_a_session_that_was_ended_stays_ended(door: Door) -> None:
    sessions = Sessions(door.house.pool, ORIGIN)
    it = sessions.begin(AINO, None)
    sessions.end(it)
    with door.house.region.connect() as service:
        service.execute("SELECT session_used(id) FROM sessions")
    assert sessions.found(it) is None
    assert sessions.found(str(uuid4())) is None


def test_the_settings_name_the_file(tmp_path: Path) -> None:
    named = Settings.read({"LUOTSI_IDENTITY": str(tmp_path / "identity.toml")})
    assert named.identity == tmp_path / "identity.toml"
    assert Settings.read({}).identity is None
    assert isinstance(identity_of(Settings(home=tmp_path)).verifier, Verifier)
