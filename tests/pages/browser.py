"""A real browser, and what is looked at on every page: that nothing goes wrong in it, and that everybody can use it.

A `Visitor` opens windows, and each of them is watched: an error or a warning in the console, a script that fails, a
break of the page's policy or a request to anybody else fails the test when it ends.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from api.sessions import COOKIE
from domain.authorization import Grant
from domain.decider import Actor
from tests.pages import axe
from tests.pages.site import Site

WIDE, NARROW = 1440, 360
"""The widths of the screens, in CSS pixels."""

# The last maps every name to nothing: what would go elsewhere is seen, and goes nowhere.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip

_WITHOUT_SCRIPTS: WeakSet[BrowserContext] = WeakSet()
"""The windows in which axe-core would wait for ever."""

_LOCALES = {"fi": "fi-FI", "sv": "sv-FI", "en": "en-GB"}
_NOT_LOADED = "Failed to load resource: the server responded with a status of"


def missing() -> str | None:
    """Return what is not there to look at pages with, None where all is."""
    if shutil.which("chromium") is None:
        return "the tests of the pages need the program chromium. Install it: apt-get install chromium"
    return axe.missing()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser of their own: opens windows in it, and is told of whatever goes wrong in one."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.site = site
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._expected: list[str] = []
        self._answered: set[str] = set()
        self._issuers: set[str] = set()
        self._wrong: list[tuple[str, str]] = []

    def page(
        self, who: Actor | None = None, language: str = "fi", width: int = WIDE, *, scripts: bool = True,
        grant: Grant | None = None,
    ) -> Page:  # fmt: skip
        """Open a window: of somebody who has signed in, or else has not. Addresses in it are paths of the service.

        Its clock is in UTC, so that a time in Finland is the service's doing.
        """
        context = self._browser.new_context(
            base_url=self.site.origin, locale=_LOCALES[language], timezone_id="UTC", java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        context.set_default_timeout(10_000)
        if not scripts:
            _WITHOUT_SCRIPTS.add(context)
        self._contexts.append(context)
        self._watch(context)
        if who is not None:
            self.begin_session(context, who, grant)
        return context.new_page()

    def begin_session(self, context: BrowserContext, who: Actor, grant: Grant | None = None) -> None:
        """Have a browser be signed in, as if its person had been at the issuer."""
        session = self.site.sessions.begin(who, grant)
        address = self.site.origin.replace("http:", "https:")  # as which a browser counts this machine
        context.add_cookies([{
            "name": COOKIE, "value": session, "url": address, "secure": True, "httpOnly": True, "sameSite": "Lax",
        }])  # fmt: skip

    def sign_in(self, page: Page, login: str, return_to: str = "/") -> None:
        """Sign in as a person does: from the service to the issuer, by the issuer's forms, and back."""
        assert self.site.issuer is not None, "there is no provider to sign in at"
        page.goto(f"/signin?return_to={return_to}")
        while self._is_issuers(page.url):
            for field in page.locator("input[name=login], input[name=password]").all():
                field.fill(login)
            with page.expect_navigation():
                page.locator("[type=submit]").click()

    def expect(self, pattern: str) -> None:
        """Let pass what the console says that has this in it: a test brings it about."""
        self._expected.append(pattern)

    def end(self) -> list[str]:
        """Close every window; return what went wrong in them, in words."""
        for context in self._contexts:
            context.close()
        return [
            said for where, said in self._wrong
            if not any(re.search(it, said) for it in self._expected)
            and not (said.startswith(("error", "warning")) and _NOT_LOADED in said and where in self._answered)
        ]  # fmt: skip

    def _watch(self, context: BrowserContext) -> None:
        context.on("console", self._hear)
        context.on("weberror", lambda it: self._note("", f"a script failed: {it.error}"))
        context.on("request", self._see)
        context.on("response", self._take)

    def _hear(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        theirs = self._is_issuers(where) or where in self._issuers
        if message.type in {"error", "warning", "assert"} and not theirs and not where.endswith("/favicon.ico"):
            self._note(where, f"{message.type}: {message.text} ({where})")

    def _see(self, request: Request) -> None:
        if self._is_issuers(_asker(request)):
            self._issuers.add(request.url)
        elif not request.url.startswith((f"{self.site.origin}/", "data:")):
            self._note("", f"a request left the house: {request.url}")

    def _take(self, response: Response) -> None:
        """Remember a page that was answered with an error: the console says so, and the page itself tells it."""
        if response.request.is_navigation_request():
            self._answered.add(response.url)

    def _note(self, where: str, said: str) -> None:
        self._wrong.append((where, said))

    def _is_issuers(self, address: str) -> bool:
        """Say whether an address is of the provider at which people sign in, whose pages are not ours to judge."""
        return self.site.issuer is not None and address.startswith(f"{self.site.issuer.name}/")


def _asker(request: Request) -> str:
    """Return the page that a request is for: where it goes, if it is for a page itself."""
    return request.url if request.is_navigation_request() else request.frame.url


def accessible(page: Page) -> None:
    """Check that everybody can use a page as it stands, as far as axe-core can tell, which is a script itself."""
    assert page.context not in _WITHOUT_SCRIPTS, "look at this page in a window that runs scripts"
    found = axe.violations(page)
    assert not found, f"{page.url}\n" + "\n".join(found)


def no_overflow(page: Page) -> None:
    """Check that nobody has to scroll sideways."""
    width, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    if width > shown:
        raise AssertionError(f"{page.url} is {width} wide on a screen of {shown}: {page.evaluate(_WIDER)}")


def fine(page: Page) -> None:
    """Check what holds of every page in every state: everybody can use it, and nobody has to scroll sideways."""
    accessible(page)
    no_overflow(page)


def tabbed(page: Page, most: int = 200) -> list[str]:
    """Go through a page by the Tab key, from its beginning to its end; return where one comes, in order.

    Each is told by its tag, its id or name, and its words. Fails where the focus can't be seen.
    """
    page.evaluate("document.activeElement.blur(), delete window.luotsiTabbed")
    seen: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        it: dict[str, Any] | None = page.evaluate(_FOCUSED)
        if it is None or it["first"]:
            return seen
        assert it["visible"], f"{page.url}: the focus can't be seen on {it['told']}"
        seen.append(it["told"])
    raise AssertionError(f"{page.url}: there is no end to it: {seen[-3:]}")


_WIDER = """
    [...document.querySelectorAll("body *")]
        .filter(it => it.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .slice(0, 5).map(it => it.outerHTML.slice(0, 120))"""

# The focus is seen by an outline, else by a shadow or a border that is not there without it, of the element or, where
# that is drawn by its label, of the label. The element that the round begins with is marked, so that its end is known.
_FOCUSED = """() => {
    const it = document.activeElement
    if (!it || it === document.body || it === document.documentElement) return null
    const looks = () => {
        const style = getComputedStyle(it), label = it.nextElementSibling
        const drawn = label && label.tagName === "LABEL" ? getComputedStyle(label, "::before").boxShadow : ""
        return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor, drawn]
    }
    const [line, width, ...rest] = looks()
    let visible = line !== "none" && parseFloat(width) > 0 && getComputedStyle(it).opacity !== "0"
    if (!visible) { it.blur(); visible = String(looks().slice(2)) !== String(rest); it.focus() }
    const first = window.luotsiTabbed === it
    window.luotsiTabbed ??= it
    const box = it.getBoundingClientRect()
    const words = (it.innerText || it.value || "").trim()
    const told = [it.tagName.toLowerCase(), it.id || it.getAttribute("name") || "", words]
    return {first, told: told.filter(Boolean).join(" "), visible: visible && box.width > 0 && box.height > 0}
}"""
